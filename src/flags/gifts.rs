//! Flags about gifts: idle-gift, pledge-unkept.

use std::collections::BTreeMap;

use crate::event::kinds::Kind;
use crate::flags::Flag;
use crate::flags::report::{About, Case, FlagReport, Instance, Share, Subject, median, percent};
use crate::rules::state::{ItemIx, PledgeIx};

/// After so many days an untouched gift is idle where no policy says another number.
pub const IDLE_DAYS: u64 = 60;
/// A gift is large if it is so many times the usual gift of its item, which is their median in the ledger: nobody need explain a sack of rice. (Measured by the
/// usual gift and not by a share of all, so that it means the same in a village and in a capital.)
pub const LARGE_TIMES: u128 = 10;

/// Why is this not used?
///
/// *Rule*: a standing lot of a gift of which nothing was ever set aside, spent, sent, lost or returned, for more days since it was recorded than the policy's
/// `idle_days` (the strictest; 60 without one), and which is [`LARGE_TIMES`] times the median of the standing gift lots of its item or more (of an even number
/// the lower of the middle two). *Base rate*: untouched lots that old of all gift lots that old. *Wrongly accused*: whoever keeps coal for the winter, or waits
/// for somebody whom the gift may be given to (`waiting-for-need`). *Not seen*: the only gift of an item, which is its own median.
pub fn about_idle_gift() -> About {
    About {
        question: "A large gift has lain untouched for long. What does it wait for, and is it still there?",
        rule: format!(
            "a gift of which nothing was used for more than the policy's idle_days ({IDLE_DAYS} without one), {LARGE_TIMES} times the median gift of its item or \
             more"
        ),
        honest: "nobody meets the donor's conditions yet (waiting-for-need); it is a reserve (other)",
    }
}

pub(super) fn idle_gift(case: &Case) -> FlagReport {
    let as_of = case.as_of();
    let gifts = || {
        let lots = case.state.lots.iter().enumerate().filter(|(_, lot)| !lot.reversed);
        lots.filter(|(_, lot)| case.made(lot.entry).kind == Kind::DonationReceived)
    };
    let mut quantities: BTreeMap<ItemIx, Vec<u128>> = BTreeMap::new();
    gifts().for_each(|(_, lot)| quantities.entry(lot.item).or_default().push(u128::from(lot.quantity)));
    let usual: BTreeMap<ItemIx, u128> = quantities.into_iter().map(|(item, quantities)| (item, median(quantities))).collect();
    let (mut old, mut untouched, mut could, mut instances) = (0, 0, 0, Vec::new());
    for (place, lot) in gifts() {
        let limit = case.state.policies.of(lot.organization).filter_map(|policy| policy.idle_days).min().unwrap_or(IDLE_DAYS);
        let recorded = case.seen.stamps[lot.entry as usize].recorded.date();
        let days = u64::try_from(as_of.0 - recorded.0).unwrap_or(0);
        if days <= limit {
            continue;
        }
        let large = u128::from(lot.quantity) >= usual[&lot.item] * LARGE_TIMES;
        old += 1;
        could += u64::from(large);
        if lot.on_hand != lot.quantity {
            continue;
        }
        untouched += 1;
        if large {
            let id = case.state.lot_id(crate::rules::state::LotIx(place as u32));
            let restricted = if lot.restrictions.is_some() { ", restricted by the donor" } else { "" };
            let measure = format!(
                "{} untouched for {days} days{restricted}; the usual gift is {}",
                case.amount(lot.item, u128::from(lot.quantity)),
                case.amount(lot.item, usual[&lot.item])
            );
            let figures = [("days", days), ("limit_days", limit)];
            let subject = Subject { kind: "lot", name: id.to_string() };
            instances.push(Instance::new(case.organization(lot.organization), subject, vec![lot.entry], measure).figures(&figures));
        }
    }
    let base_rate = Share { count: untouched, of: old, what: "gift lots older than that are untouched" };
    FlagReport::new(Flag::IdleGift, base_rate, (could, "large gift lots that old"), instances)
}

/// So many days after its day a pledge may still come: banks have weekends.
pub const PLEDGE_GRACE_DAYS: i32 = 14;
/// A pledge without a day is due so many days after it was recorded.
pub const PLEDGE_DAYS: i32 = 90;
/// It is unkept if less than so many thousandths of one of its items came.
pub const PLEDGE_PERMILLE: u128 = 500;

/// Was this promised gift never given, or was it received and not entered?
///
/// *Rule*: a standing pledge whose day (or, without one, 90 days after it was recorded) is more than [`PLEDGE_GRACE_DAYS`] days past, and of one of whose items
/// less than half was received under it. *Base rate*: such pledges of all that are due. *Wrongly accused*: the organization, for a donor who did not keep a
/// promise; the donor, for a gift that was entered without naming the pledge.
pub fn about_pledge_unkept() -> About {
    About {
        question: "A promised gift was not received, or not entered. Which?",
        rule: format!(
            "less than {} of an item of a pledge was received more than {PLEDGE_GRACE_DAYS} days after its day ({PLEDGE_DAYS} days after it was recorded, if \
             it has none)",
            percent(PLEDGE_PERMILLE as u64, 1000)
        ),
        honest: "the donor gave less, later or not at all; the gift was entered without naming the pledge (corrected)",
    }
}

pub(super) fn pledge_unkept(case: &Case) -> FlagReport {
    let as_of = case.as_of();
    let (mut due_count, mut instances) = (0, Vec::new());
    for (place, pledge) in case.state.pledges.iter().enumerate().filter(|(_, pledge)| !pledge.reversed) {
        let recorded = case.seen.stamps[pledge.entry as usize].recorded.date();
        let due = pledge.due.map_or(recorded.0.saturating_add(PLEDGE_DAYS), |due| due.0);
        if as_of.0.saturating_sub(due) <= PLEDGE_GRACE_DAYS {
            continue;
        }
        due_count += 1;
        // The first line of an item keeps what was received of it; see `PledgeLine`.
        let mut promised: BTreeMap<ItemIx, (u128, u128)> = BTreeMap::new();
        for line in &pledge.lines {
            let (quantity, received) = promised.entry(line.item).or_default();
            *quantity += u128::from(line.quantity);
            *received += line.received;
        }
        let missing = promised.iter().find(|(_, (quantity, received))| received * 1000 < quantity * PLEDGE_PERMILLE);
        if let Some((item, (quantity, received))) = missing {
            let days = (as_of.0 - due) as u64;
            let measure =
                format!("{} of {} received, {days} days after its day", case.amount(*item, *received), case.amount(*item, *quantity));
            let subject = Subject { kind: "pledge", name: case.state.ids.at(pledge.entry).to_string() };
            let donations = case.state.pledge_of.iter().filter(|(entry, of)| **of == PledgeIx(place as u32) && case.stands(**entry));
            let mut events: Vec<u32> = donations.map(|(entry, _)| *entry).collect();
            events.push(pledge.entry);
            instances.push(Instance::new(case.organization(pledge.organization), subject, events, measure).figures(&[("days", days)]));
        }
    }
    let base_rate = Share { count: instances.len() as u64, of: due_count, what: "pledges that are due were not kept" };
    FlagReport::new(Flag::PledgeUnkept, base_rate, (due_count, "pledges that are due"), instances)
}
