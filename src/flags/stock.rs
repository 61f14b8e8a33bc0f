//! Flags about goods on shelves and on the road, and about what was written off: stock-differs, transit-loss, losses.

use std::collections::BTreeMap;

use crate::event::Code;
use crate::event::kinds::{ItemType, Kind};
use crate::flags::Flag;
use crate::flags::report::{About, Case, FlagReport, Instance, Share, Subject, beyond_chance, percent};
use crate::rules::state::{ItemIx, OrganizationIx};

/// A count is off if it differs from the books by more than so many thousandths: a torn bag, a scale, a box miscounted.
pub const COUNT_PERMILLE: u64 = 50;

/// Of things that are counted one by one, so many are off: one box is a slip of the pen.
pub const COUNT_PIECES: u64 = 3;
/// A loss recorded so many days after a count explains it: that is what a count is for.
pub const EXPLAINED_DAYS: i32 = 7;

/// Where is what the books say should be there?
///
/// *Rule*: a standing count of an item (but of services) is below what is on hand by the books when it is recorded, or above what is on hand and set aside together, by more
/// than 5 % of that, and by [`COUNT_PIECES`] pieces or more of what has no decimals; less what the organization recorded as lost of the item from the day of the count to [`EXPLAINED_DAYS`] days later. (What is set aside for
/// people stands on the same shelves in one house and packed by the door in another, so a count between the two is right.) Asked once for each
/// organization and item, with all such counts. *Base rate*: such lines of all lines counted. *Wrongly accused*: whoever counts at noon what the drivers enter
/// in the evening.
pub fn about_stock_differs() -> About {
    About {
        question: "What was counted on the shelves is not what the books say. What happened to the difference?",
        rule: format!(
            "a standing count of an item differs by more than {} from the books, and by {COUNT_PIECES} pieces or more if it has no decimals (less than is on hand, or more than is on hand and set aside), and no loss \
             recorded within {EXPLAINED_DAYS} days explains it",
            percent(COUNT_PERMILLE, 1000)
        ),
        honest: "deliveries of the day were entered after the count (late-entry); a loss was recorded since (corrected)",
    }
}

pub(super) fn stock_differs(case: &Case) -> FlagReport {
    // Losses by organization and item: the day they were recorded and how much.
    let mut losses: BTreeMap<(OrganizationIx, ItemIx), Vec<(i32, u64)>> = BTreeMap::new();
    for loss in case.state.movements.iter().filter(|movement| case.stands(movement.entry)) {
        let made = case.made(loss.entry);
        for &(lot, quantity) in loss.draws.iter().filter(|_| made.kind == Kind::LossRecorded) {
            let day = case.seen.stamps[loss.entry as usize].recorded.date().0;
            losses.entry((made.organization, case.state.lots[lot.at()].item)).or_default().push((day, quantity));
        }
    }
    let mut found: BTreeMap<(OrganizationIx, ItemIx), Vec<(u64, super::observations::Count)>> = BTreeMap::new();
    let (mut all, mut count, mut could) = (0, 0, std::collections::BTreeSet::new());
    for counted in case.seen.counts.iter().filter(|counted| case.stands(counted.entry)) {
        let item = case.state.items.at(counted.item.0);
        // Nobody counts hours on a shelf.
        if item.r#type == ItemType::Service {
            continue;
        }
        all += 1;
        let at = (case.made(counted.entry).organization, counted.item);
        could.insert(at);
        let day = case.seen.stamps[counted.entry as usize].recorded.date().0;
        let lost: u64 =
            losses.get(&at).into_iter().flatten().filter(|(of, _)| (0..=EXPLAINED_DAYS).contains(&(of - day))).map(|(_, lost)| lost).sum();
        let most = counted.on_hand.saturating_add(counted.set_aside);
        let (off, books) = match counted.counted {
            less if less < counted.on_hand => ((counted.on_hand - less).saturating_sub(lost), counted.on_hand),
            more => (more.saturating_sub(most), most),
        };
        let few = item.decimals == 0 && off < COUNT_PIECES;
        if !few && u128::from(off) * 1000 > u128::from(books) * u128::from(COUNT_PERMILLE) {
            count += 1;
            found.entry(at).or_default().push((off, *counted));
        }
    }
    let instances = found.into_iter().map(|((organization, item), counts)| {
        let worst = counts.iter().max_by_key(|(off, count)| (*off, std::cmp::Reverse(count.entry)));
        let (off, worst) = worst.expect("a group is not empty");
        let measure = format!(
            "{} counted, by the books {} on hand and {} set aside: {} too {} (the largest of {} differences)",
            case.amount(item, u128::from(worst.counted)),
            case.amount(item, u128::from(worst.on_hand)),
            case.amount(item, u128::from(worst.set_aside)),
            case.amount(item, u128::from(*off)),
            if worst.counted < worst.on_hand { "few" } else { "many" },
            counts.len()
        );
        let subject = Subject { kind: "item", name: case.state.items.code(item.0).to_string() };
        let figures = [("counts", counts.len() as u64), ("missing", u64::from(worst.counted < worst.on_hand))];
        let events = counts.iter().map(|(_, count)| count.entry).collect();
        Instance::new(case.organization(organization), subject, events, measure).figures(&figures)
    });
    let base_rate = Share { count, of: all, what: "lines counted differ from the books" };
    FlagReport::new(Flag::StockDiffers, base_rate, (could.len() as u64, "organizations and items counted"), instances.collect())
}

/// So many transfers of a carrier before its losses are a habit.
pub const CARRIER_TRANSFERS: u64 = 5;
/// And so many from which something was lost: of five, two may be bad luck.
pub const CARRIER_LOSSES: u64 = 4;
/// A carrier is asked if it loses at least so many millionths of what it takes on: 2 %.
pub const CARRIER_PPM: u64 = 20_000;
/// And so many times as much as all others.
pub const CARRIER_TIMES: u64 = 3;

/// Why does so much less arrive when this carrier brings it?
///
/// *Rule*: of [`CARRIER_TRANSFERS`] or more accepted transfers of one organization by one carrier (by its code; those without one are a carrier of their own),
/// [`CARRIER_LOSSES`] or more lost something, beyond chance (three standard deviations above all others'), the mean share lost is 2 % or more and [`CARRIER_TIMES`] times that of all other transfers. The share lost of a transfer is the mean over its lots,
/// in whole millionths, so litres and kilograms are never added. *Base rate*: transfers from which something was lost. *Wrongly accused*: the carrier who gets
/// the worst roads or the glass.
pub fn about_transit_loss() -> About {
    About {
        question: "Far less arrives when this carrier brings it than with others. Where is the rest?",
        rule: format!(
            "of {CARRIER_TRANSFERS} or more accepted transfers by a carrier {CARRIER_LOSSES} or more lost something (three standard deviations above all others'), the mean share lost is {} or more, and {CARRIER_TIMES} times that of all other \
             transfers or more",
            percent(CARRIER_PPM, 1_000_000)
        ),
        honest: "bad roads, fragile goods, shortages that left the warehouse already (other)",
    }
}

pub(super) fn transit_loss(case: &Case) -> FlagReport {
    #[derive(Default)]
    struct Carried {
        transfers: u64,
        ppm: u64,
        lossy: Vec<u32>,
    }
    let mut carried: BTreeMap<(OrganizationIx, Option<Code>), Carried> = BTreeMap::new();
    let transfers = case.state.movements.iter().filter(|movement| movement.to.is_some() && case.stands(movement.entry));
    for (transfer, acceptance) in transfers.filter_map(|transfer| Some((transfer, transfer.other?))) {
        let acceptance = &case.state.movements[acceptance.at()];
        let share = |&(lot, sent): &(_, u64)| {
            let arrived = acceptance.draws.iter().find(|(drawn, _)| *drawn == lot).map_or(0, |(_, quantity)| *quantity);
            (u128::from(sent - arrived) * 1_000_000 / u128::from(sent)) as u64
        };
        let ppm = transfer.draws.iter().map(share).sum::<u64>() / transfer.draws.len() as u64;
        let carrier = case.seen.carriers.get(&transfer.entry).copied();
        let carried = carried.entry((case.made(transfer.entry).organization, carrier)).or_default();
        carried.transfers += 1;
        carried.ppm += ppm;
        if ppm > 0 {
            carried.lossy.extend([transfer.entry, acceptance.entry]);
        }
    }
    let all: u64 = carried.values().map(|carried| carried.transfers).sum();
    let ppm: u64 = carried.values().map(|carried| carried.ppm).sum();
    let lossy: u64 = carried.values().map(|carried| carried.lossy.len() as u64 / 2).sum();
    let could = carried.values().filter(|carried| carried.transfers >= CARRIER_TRANSFERS).count() as u64;
    let flagged = carried.into_iter().filter(|(_, own)| {
        let (others, others_ppm) = (all - own.transfers, ppm - own.ppm);
        // own.ppm/own.transfers >= times * others_ppm/others, without dividing.
        own.transfers >= CARRIER_TRANSFERS
            && own.lossy.len() as u64 / 2 >= CARRIER_LOSSES
            && others > 0
            && beyond_chance(own.lossy.len() as u64 / 2, own.transfers, lossy - own.lossy.len() as u64 / 2, others)
            && own.ppm >= CARRIER_PPM * own.transfers
            && u128::from(own.ppm) * u128::from(others) >= u128::from(CARRIER_TIMES * others_ppm) * u128::from(own.transfers)
    });
    let instances = flagged.map(|((organization, carrier), own)| {
        let (others, others_ppm) = (all - own.transfers, ppm - own.ppm);
        let measure = format!(
            "{} lost on average over {} transfers; over {others} others {}",
            percent(own.ppm / own.transfers, 1_000_000),
            own.transfers,
            percent(others_ppm.checked_div(others).unwrap_or(0), 1_000_000)
        );
        let subject = Subject { kind: "carrier", name: carrier.map_or_else(|| "none named".to_owned(), |carrier| carrier.to_string()) };
        let figures = [("transfers", own.transfers), ("lost_ppm", own.ppm / own.transfers)];
        Instance::new(case.organization(organization), subject, own.lossy, measure).figures(&figures)
    });
    let base_rate = Share { count: lossy, of: all, what: "accepted transfers lost something" };
    FlagReport::new(Flag::TransitLoss, base_rate, (could, "carriers with five transfers"), instances.collect())
}

/// So many losses of an item before they are a habit. Of money one is enough: it neither spoils nor breaks.
pub const LOSSES: usize = 3;
/// An organization is asked if it writes off at least so many millionths of what came to it of an item: 10 %.
pub const LOSS_PPM: u128 = 100_000;
/// And so many times as much as all others do of that item.
pub const LOSS_TIMES: u128 = 4;

/// What became of what was written off?
///
/// *Rule*: an organization has a standing loss.recorded of money; or [`LOSSES`] or more of an item, together 10 % or more of what came to it (gifts, purchases, accepted
/// transfers that stand), and [`LOSS_TIMES`] times the share that all others lost of the item. Shares are in whole millionths, so that no product is too large. *Base rate*: organizations' items
/// of which something was written off. *Wrongly accused*: whose roof leaked, whose cash box was taken. *Not seen*: what is never written off; a count may show it.
pub fn about_losses() -> About {
    About {
        question: "Money, or much of an item, was written off. What happened, and who saw it?",
        rule: format!(
            "any standing loss of money; of other items {LOSSES} losses or more, together {} or more of what came, and {LOSS_TIMES} times the share of all others or more",
            percent(LOSS_PPM as u64, 1_000_000)
        ),
        honest: "a flood, a break-in, a batch past its day, with evidence kept (other)",
    }
}

pub(super) fn losses(case: &Case) -> FlagReport {
    #[derive(Default)]
    struct Held {
        came: u128,
        lost: u128,
        events: Vec<u32>,
    }
    let mut held: BTreeMap<(ItemIx, OrganizationIx), Held> = BTreeMap::new();
    for lot in case.state.lots.iter().filter(|lot| !lot.reversed && case.state.items.at(lot.item.0).r#type != ItemType::Service) {
        held.entry((lot.item, lot.organization)).or_default().came += u128::from(lot.quantity);
    }
    for loss in case.state.movements.iter().filter(|movement| case.stands(movement.entry)) {
        for &(lot, quantity) in loss.draws.iter().filter(|_| case.made(loss.entry).kind == Kind::LossRecorded) {
            let lot = &case.state.lots[lot.at()];
            if let Some(held) = held.get_mut(&(lot.item, lot.organization)) {
                held.lost += u128::from(quantity);
                held.events.push(loss.entry);
            }
        }
    }
    // Below 10^18 each, in fewer than 2^32 lots: the sums are below 2^92, and so a million of them fits.
    let ppm = |lost: u128, came: u128| (lost * 1_000_000).checked_div(came).unwrap_or(0);
    let mut totals: BTreeMap<ItemIx, (u128, u128)> = BTreeMap::new();
    for ((item, _), held) in &held {
        let total = totals.entry(*item).or_default();
        *total = (total.0 + held.lost, total.1 + held.came);
    }
    let base_rate = Share {
        count: held.values().filter(|held| held.lost > 0).count() as u64,
        of: held.len() as u64,
        what: "items of organizations had something written off",
    };
    let could = held.len() as u64;
    let asked = held.into_iter().filter(|((item, _), held)| {
        let (lost, came) = totals[item];
        let (own, others) = (ppm(held.lost, held.came), ppm(lost - held.lost, came - held.came));
        let mut entries = held.events.clone();
        entries.dedup();
        match case.state.items.at(item.0).r#type {
            ItemType::Money => held.lost > 0,
            _ => entries.len() >= LOSSES && own >= LOSS_PPM && own >= LOSS_TIMES * others,
        }
    });
    let instances = asked.map(|((item, organization), held)| {
        let (lost, came) = totals[&item];
        let share = |lost: u128, came: u128| percent(ppm(lost, came) as u64, 1_000_000);
        let measure = format!(
            "{} of {} written off ({}); by all others {}",
            case.amount(item, held.lost),
            case.amount(item, held.came),
            share(held.lost, held.came),
            share(lost - held.lost, came - held.came)
        );
        let subject = Subject { kind: "item", name: case.state.items.code(item.0).to_string() };
        let figures = [("losses", held.events.len() as u64), ("lost_ppm", ppm(held.lost, held.came) as u64)];
        Instance::new(case.organization(organization), subject, held.events, measure).figures(&figures)
    });
    FlagReport::new(Flag::Losses, base_rate, (could, "organizations and items"), instances.collect())
}
