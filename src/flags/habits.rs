//! Flags about habits of entering: identical-quantities, reversals, reused-evidence.

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::Blake3Hash;
use crate::event::kinds::{Kind, RecipientType};
use crate::flags::Flag;
use crate::flags::report::{About, Case, FlagReport, Instance, Share, Subject, percent};
use crate::rules::state::{ItemIx, KeyIx, OrganizationIx};

/// So many assignments of an item to households before sameness says anything.
pub const SAME_ASSIGNMENTS: u64 = 40;
/// To households of so many different sizes.
pub const SAME_SIZES: usize = 4;
/// So many thousandths of one quantity: a few odd ones hide nothing.
pub const SAME_PERMILLE: u64 = 950;

/// Was each household looked at, or a list filled in?
///
/// *Rule*: an organization made [`SAME_ASSIGNMENTS`] or more standing assignments of an item to households of [`SAME_SIZES`] or more different sizes, and 95 %
/// or more of them are of one quantity. *Base rate*: assignments by such lists of all to households with a known size. *Wrongly accused*: programmes that give
/// a fixed package by design (`fixed-package`).
pub fn about_identical_quantities() -> About {
    About {
        question: "A household of one gets as much as a household of seven. Is that the programme, or a list that was filled in?",
        rule: format!(
            "{SAME_ASSIGNMENTS} or more standing assignments of an item by one organization to households of {SAME_SIZES} or more sizes, {} or more of \
             them of one quantity",
            percent(SAME_PERMILLE, 1000)
        ),
        honest: "the programme gives everybody the same package (fixed-package)",
    }
}

pub(super) fn identical_quantities(case: &Case) -> FlagReport {
    #[derive(Default)]
    struct Seen {
        quantities: BTreeMap<u64, Vec<u32>>,
        sizes: BTreeSet<u64>,
        all: u64,
    }
    let mut seen: BTreeMap<(OrganizationIx, ItemIx), Seen> = BTreeMap::new();
    let sizes = sizes(case);
    for assignment in case.state.assignments.iter().filter(|assignment| !assignment.reversed) {
        let Some(size) = sizes.get(&assignment.recipient) else { continue };
        let mut sums: BTreeMap<ItemIx, u64> = BTreeMap::new();
        for draw in &assignment.draws {
            *sums.entry(case.state.lots[draw.lot.at()].item).or_default() += draw.quantity;
        }
        for (item, quantity) in sums {
            let seen = seen.entry((assignment.organization, item)).or_default();
            seen.quantities.entry(quantity).or_default().push(assignment.entry);
            seen.sizes.insert(*size);
            seen.all += 1;
        }
    }
    let total = seen.values().map(|seen| seen.all).sum();
    let enough = |seen: &Seen| seen.all >= SAME_ASSIGNMENTS && seen.sizes.len() >= SAME_SIZES;
    let could = seen.values().filter(|seen| enough(seen)).count() as u64;
    let (mut count, mut instances) = (0, Vec::new());
    for ((organization, item), seen) in seen {
        // Of two quantities given equally often the smaller one; it cannot be both at 95 %.
        let most = seen.quantities.iter().max_by_key(|(quantity, events)| (events.len(), std::cmp::Reverse(**quantity)));
        let (quantity, events) = most.expect("an assignment has a quantity");
        let same = events.len() as u64;
        if !enough(&seen) || same * 1000 < seen.all * SAME_PERMILLE {
            continue;
        }
        count += same;
        let measure = format!(
            "{same} of {} assignments are of {} each, to households of {} sizes",
            seen.all,
            case.amount(item, u128::from(*quantity)),
            seen.sizes.len()
        );
        let subject = Subject { kind: "item", name: case.state.items.code(item.0).to_string() };
        let figures = [("same", same), ("assignments", seen.all), ("sizes", seen.sizes.len() as u64)];
        instances.push(Instance::new(case.organization(organization), subject, events.clone(), measure).figures(&figures));
    }
    let base_rate = Share { count, of: total, what: "lines of assignments to households are of lists with one quantity" };
    FlagReport::new(Flag::IdenticalQuantities, base_rate, (could, "organizations and items with 40 such lines"), instances)
}

/// Household sizes by recipient.
fn sizes(case: &Case) -> BTreeMap<crate::rules::state::RecipientIx, u64> {
    let households = case.state.recipients.iter().enumerate().filter(|(_, recipient)| recipient.r#type == RecipientType::Household);
    households
        .filter_map(|(place, recipient)| Some((crate::rules::state::RecipientIx(place as u32), case.seen.size_of(recipient.entry)?)))
        .collect()
}

/// So many reversals of one key: fewer are an ordinary winter's slips.
pub const REVERSALS: u64 = 20;
/// And so many times as many, measured by what it signs, as all other keys together.
pub const REVERSALS_TIMES: u64 = 3;

/// Why does this key take back so much?
///
/// *Rule*: a key appended [`REVERSALS`] or more reversals, and reversals are [`REVERSALS_TIMES`] times as frequent among its events as among all others'.
/// (Measured against all others together, so that two who do it do not hide each other.) *Base rate*: reversals of all events. *Wrongly accused*: the one who
/// puts right what others entered (`corrected`).
pub fn about_reversals() -> About {
    About {
        question: "This key takes back far more than others do. Who profits from what is promised and taken back?",
        rule: format!(
            "{REVERSALS} or more reversals by one key, {REVERSALS_TIMES} times as frequent among its events as among all others' or more"
        ),
        honest: "somebody's duty is to put right what others entered wrongly (corrected)",
    }
}

pub(super) fn reversals(case: &Case) -> FlagReport {
    let mut found: BTreeMap<KeyIx, (u64, Vec<u32>)> = BTreeMap::new();
    for (entry, made) in case.state.made.iter().enumerate() {
        let (all, reversals) = found.entry(made.signer).or_default();
        *all += 1;
        if made.kind == Kind::EventReversed {
            reversals.push(entry as u32);
        }
    }
    let total = case.state.made.len() as u64;
    let count: u64 = found.values().map(|(_, reversals)| reversals.len() as u64).sum();
    let could = found.values().filter(|(_, reversals)| !reversals.is_empty()).count() as u64;
    let flagged = found.into_iter().filter(|(_, (all, reversals))| {
        let own = reversals.len() as u64;
        own >= REVERSALS && u128::from(own) * u128::from(total - all) >= u128::from(REVERSALS_TIMES * (count - own)) * u128::from(*all)
    });
    let instances = flagged.map(|(key, (all, reversals))| {
        let own = reversals.len() as u64;
        let (share, others) = (percent(own, all), percent(count - own, total - all));
        let measure = format!("{own} of its {all} events ({share}) are reversals; of all others' {others}");
        let figures = [("reversals", own), ("events", all), ("others_reversals", count - own), ("others_events", total - all)];
        Instance::new(case.organization_of_key(key), case.key(key), reversals, measure).figures(&figures)
    });
    let base_rate = Share { count, of: total, what: "events are reversals" };
    FlagReport::new(Flag::Reversals, base_rate, (could, "keys that reversed anything"), instances.collect())
}

/// Does one photograph stand for several deliveries?
///
/// *Rule*: two or more standing events carry the same commitment to evidence. A commitment is salted, so an equal one is a copy; the same photograph under
/// another salt is only seen when a [sample](crate::flags::sample) is opened. *Base rate*: events whose evidence another event has too, of those with evidence.
/// *Wrongly accused*: one photograph or list of a distribution to many (`bulk-distribution`).
pub fn about_reused_evidence() -> About {
    About {
        question: "Several events rest on the same piece of evidence. Does it show all of them?",
        rule: "two or more standing events carry the same commitment to evidence".to_owned(),
        honest: "one list or photograph of a distribution to many (bulk-distribution)",
    }
}

pub(super) fn reused_evidence(case: &Case) -> FlagReport {
    let mut by_hash: BTreeMap<Blake3Hash, Vec<u32>> = BTreeMap::new();
    for (hash, entry) in case.seen.evidence.iter().filter(|(_, entry)| case.stands(*entry)) {
        by_hash.entry(*hash).or_default().push(*entry);
    }
    let (all, could) = (by_hash.values().map(|events| events.len() as u64).sum(), by_hash.len() as u64);
    let (mut count, mut instances) = (0, Vec::new());
    for (hash, events) in by_hash.into_iter().filter(|(_, events)| events.len() >= 2) {
        count += events.len() as u64;
        // Whoever signed the second is the one to ask: they had something to copy.
        let made = case.made(events[1]);
        let keys: BTreeSet<_> = events.iter().map(|entry| case.made(*entry).signer).collect();
        let days: BTreeSet<_> = events.iter().map(|entry| case.seen.stamps[*entry as usize].time.date()).collect();
        let measure = format!("{} events of {} keys on {} days carry it", events.len(), keys.len(), days.len());
        let figures = [("events", events.len() as u64), ("keys", keys.len() as u64), ("days", days.len() as u64)];
        let subject = Subject { kind: "evidence", name: hash.to_string() };
        instances.push(Instance::new(case.organization(made.organization), subject, events, measure).figures(&figures));
    }
    let base_rate = Share { count, of: all, what: "events with evidence share it with another" };
    FlagReport::new(Flag::ReusedEvidence, base_rate, (could, "pieces of evidence"), instances)
}
