//! Flags about money: below-threshold, price-outlier, overhead.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::kinds::ItemType;
use crate::flags::Flag;
use crate::flags::report::{About, Case, FlagReport, Instance, Share, Subject, median, percent};
use crate::rules::state::{ItemIx, KeyIx, OrganizationIx};

/// How near to a band is just below it, in thousandths of where it begins: 90 % up to it; and as far above it is just above.
pub const NEAR_PERMILLE: u64 = 100;
/// Are amounts made to stay below what a second person would have to approve?
///
/// *Rule*: of one key's standing events so many have an amount of an item in the last tenth below where a band of the policy then in force begins, and so few
/// in the tenth from there up, that the difference is three standard deviations: `(below - above)^2 >= 9 (below + above)`, 9 to none, 17 to 3. Amounts that know nothing
/// of the band are about as often above it as below. Measured as the approvals are: the sum per item of an assignment, purchase, transfer, expense, loss or return,
/// and of what an acceptance says did not arrive.
/// *Base rate*: amounts just below a band of all amounts of items with bands. *Wrongly accused*: whoever buys a thing whose price happens to lie there; and the
/// honest cashier who was told to keep purchases small. *Not seen*: one purchase divided into several far below the band.
pub fn about_below_threshold() -> About {
    About {
        question: "Amounts crowd just below the one from which another key must approve. Was a larger one divided?",
        rule: format!(
            "amounts of one key's standing events in the last {} below a band of the policy in force are so many more than in the {} from there up that \
             (below − above)² >= 9 (below + above)",
            percent(NEAR_PERMILLE, 1000),
            percent(NEAR_PERMILLE, 1000)
        ),
        honest: "the price or the package happens to lie there (fixed-package); small purchases are the rule of the house (other)",
    }
}

pub(super) fn below_threshold(case: &Case) -> FlagReport {
    let mut below: BTreeMap<(KeyIx, ItemIx, u64), Vec<u32>> = BTreeMap::new();
    let mut above: BTreeMap<(KeyIx, ItemIx, u64), usize> = BTreeMap::new();
    let (mut all, mut count, mut could) = (0, 0, BTreeSet::new());
    for banded in case.seen.banded.iter().filter(|banded| case.stands(banded.entry)) {
        let key = case.made(banded.entry).signer;
        all += 1;
        could.insert((key, banded.item));
        let near = |from: u64| u128::from(from) * u128::from(NEAR_PERMILLE);
        if let Some(from) = banded.next.filter(|from| (u128::from(*from) - banded.minor) * 1000 <= near(*from)) {
            count += 1;
            below.entry((key, banded.item, from)).or_default().push(banded.entry);
        }
        if let Some(from) = banded.own.filter(|from| (banded.minor - u128::from(*from)) * 1000 <= near(*from)) {
            *above.entry((key, banded.item, from)).or_default() += 1;
        }
    }
    let flagged = below.into_iter().filter_map(|(at, events)| {
        let over = above.get(&at).copied().unwrap_or(0);
        let more = events.len().saturating_sub(over);
        (more * more >= 9 * (events.len() + over)).then_some((at, events, over))
    });
    let instances = flagged.map(|((key, item, from), events, over)| {
        let measure = format!("{} amounts just below {}, {over} just above", events.len(), case.amount(item, u128::from(from)));
        let figures = [("below", events.len() as u64), ("above", over as u64)];
        Instance::new(case.organization_of_key(key), case.key(key), events, measure).figures(&figures)
    });
    let base_rate = Share { count, of: all, what: "amounts of items with bands lie just below one" };
    FlagReport::new(Flag::BelowThreshold, base_rate, (could.len() as u64, "keys and items with bands"), instances.collect())
}

/// So many purchases of an item for a currency before there is a usual price.
pub const PRICES_FROM: usize = 5;
/// The modified z-score beyond which a value is an outlier (Iglewicz and Hoaglin), in tenths.
pub const SCORE_TENTHS: u128 = 35;
/// And so many thousandths off the median at the least: where prices hardly move, a small difference is no question.
pub const PRICE_PERMILLE: u128 = 250;

/// Why did this cost so much more, or less, than it usually does?
///
/// *Rule*: of [`PRICES_FROM`] or more standing purchase lines of an item for one currency in the whole ledger, the price per unit `x` of this one has
/// `0.6745 |x - median| / MAD > 3.5`, and is 25 % or more off the median. Median and MAD (median absolute deviation) are of whole 10^-9 of a minor unit of
/// money per minor unit of the item, rounded down; of an even number the lower of the middle two. (A median does not move with the outlier, as a mean does.)
/// *Base rate*: such lines of all lines of such items. *Wrongly accused*: the one who bought before prices rose (`price-change`), or another quality.
pub fn about_price_outlier() -> About {
    About {
        question: "This price per unit is far from what the same thing usually costs here. What was bought, and from whom?",
        rule: format!(
            "of {PRICES_FROM} or more purchase lines of an item and currency in the ledger, 0.6745 × |price − median| / MAD above {}.{} and {} or more off \
             the median",
            SCORE_TENTHS / 10,
            SCORE_TENTHS % 10,
            percent(PRICE_PERMILLE as u64, 1000)
        ),
        honest: "prices rose, a scarce week, a better quality, transport in the price (price-change)",
    }
}

pub(super) fn price_outlier(case: &Case) -> FlagReport {
    let mut prices: BTreeMap<(ItemIx, ItemIx), Vec<(u128, u32)>> = BTreeMap::new();
    for bought in case.seen.bought.iter().filter(|bought| case.stands(bought.entry)) {
        // Below 10^18 * 10^9, which 128 bits hold.
        let price = u128::from(bought.cost) * 1_000_000_000 / u128::from(bought.quantity);
        prices.entry((bought.item, bought.currency)).or_default().push((price, bought.entry));
    }
    let (mut all, mut instances) = (0, Vec::new());
    for ((item, currency), prices) in prices.iter().filter(|(_, prices)| prices.len() >= PRICES_FROM) {
        all += prices.len() as u64;
        let middle = median(prices.iter().map(|(price, _)| *price).collect());
        let spread = median(prices.iter().map(|(price, _)| price.abs_diff(middle)).collect());
        for &(price, entry) in prices {
            let off = price.abs_diff(middle);
            // 0.6745 off / MAD > 3.5, in integers; 10^27 * 10^5 fits.
            if off * 6745 <= spread * SCORE_TENTHS * 1000 || off * 1000 < middle * PRICE_PERMILLE {
                continue;
            }
            let unit = 10u128.pow(u32::from(case.state.items.at(item.0).decimals));
            let each = |price: u128| case.amount(*currency, price * unit / 1_000_000_000);
            let code = case.state.items.code(item.0);
            let times = price * 100 / middle.max(1);
            let measure = format!("{} for one {code}; the median of {} purchases is {}", each(price), prices.len(), each(middle));
            let figures = [("percent_of_median", u64::try_from(times).unwrap_or(u64::MAX)), ("purchases", prices.len() as u64)];
            let subject = Subject { kind: "item", name: code.to_string() };
            instances
                .push(Instance::new(case.organization(case.made(entry).organization), subject, vec![entry], measure).figures(&figures));
        }
    }
    let base_rate = Share { count: instances.len() as u64, of: all, what: "purchase lines of such items are far from the median" };
    FlagReport::new(Flag::PriceOutlier, base_rate, (all, "purchase lines of items bought five times"), instances)
}

/// So many payments before an organization's share says anything: the rent comes before the first parcel.
pub const OVERHEAD_PAYMENTS: u64 = 5;

/// Does more go into the organization itself than it declared?
///
/// *Rule*: an organization under a policy with `overhead_permille` (the strictest, if the ledger and it have one) has [`OVERHEAD_PAYMENTS`] or more standing
/// payments in a currency, and its expenses without a programme are more than that share of all it paid: purchases, expenses and money given to recipients.
/// *Base rate*: overhead as a share of what all such organizations paid, counted in payments. *Wrongly accused*: young organizations, which pay rent before
/// they pay for aid; money given as goods by others does not count as theirs.
pub fn about_overhead() -> About {
    About {
        question: "More was spent on the organization itself than the cap it is under. What for?",
        rule: format!(
            "expenses without a programme exceed the policy's overhead_permille of all that was paid in a currency (purchases, expenses, money to \
             recipients), from {OVERHEAD_PAYMENTS} payments on"
        ),
        honest: "the first months of a new organization; rent paid ahead (other)",
    }
}

pub(super) fn overhead(case: &Case) -> FlagReport {
    #[derive(Default)]
    struct Spent {
        payments: u64,
        overhead: u128,
        all: u128,
        events: Vec<u32>,
    }
    let mut spent: BTreeMap<(OrganizationIx, ItemIx), Spent> = BTreeMap::new();
    for lot in case.state.lots.iter().filter(|lot| case.state.items.at(lot.item.0).r#type == ItemType::Money) {
        spent.entry((lot.organization, lot.item)).or_default().all += u128::from(lot.spent) + u128::from(lot.delivered);
    }
    for paid in case.seen.paid.iter().filter(|paid| case.stands(paid.entry)) {
        let spent = spent.entry((case.made(paid.entry).organization, paid.currency)).or_default();
        spent.payments += 1;
        if paid.overhead {
            spent.overhead += paid.minor;
            spent.events.push(paid.entry);
        }
    }
    let purchases: BTreeMap<u32, ItemIx> = case.seen.bought.iter().map(|bought| (bought.entry, bought.currency)).collect();
    for (entry, currency) in purchases.into_iter().filter(|(entry, _)| case.stands(*entry)) {
        spent.entry((case.made(entry).organization, currency)).or_default().payments += 1;
    }
    for (_, delivery, made) in case.deliveries() {
        let items: BTreeSet<_> = delivery.draws.iter().map(|(lot, _)| case.state.lots[lot.at()].item).collect();
        for item in items.into_iter().filter(|item| case.state.items.at(item.0).r#type == ItemType::Money) {
            spent.entry((made.organization, item)).or_default().payments += 1;
        }
    }
    let cap = |organization| case.state.policies.of(organization).filter_map(|policy| policy.overhead_permille).min();
    let (mut could, mut payments, mut overhead_payments, mut instances) = (0, 0, 0, Vec::new());
    for ((organization, currency), spent) in spent {
        let Some(cap) = cap(organization).filter(|_| spent.payments >= OVERHEAD_PAYMENTS) else { continue };
        could += 1;
        payments += spent.payments;
        overhead_payments += spent.events.len() as u64;
        if spent.overhead * 1000 <= u128::from(cap) * spent.all {
            continue;
        }
        let permille = u64::try_from(spent.overhead * 1000 / spent.all.max(1)).unwrap_or(u64::MAX);
        let measure = format!(
            "{} of {} paid ({}) is for no programme; the cap is {}",
            case.amount(currency, spent.overhead),
            case.amount(currency, spent.all),
            percent(permille, 1000),
            percent(cap, 1000)
        );
        let subject = Subject { kind: "currency", name: case.state.items.code(currency.0).to_string() };
        let figures = [("overhead_permille", permille), ("cap_permille", cap), ("payments", spent.payments)];
        instances.push(Instance::new(case.organization(organization), subject, spent.events, measure).figures(&figures));
    }
    let base_rate = Share { count: overhead_payments, of: payments, what: "payments of organizations under a cap are for no programme" };
    FlagReport::new(Flag::Overhead, base_rate, (could, "organizations and currencies under a cap"), instances)
}
