//! Bodies of gifts.

use aidledger::canonical::Text;

use super::people::lines;
use super::*;

fn donor(share: f64) -> impl Strategy<Value = Donor> {
    (maybe(share, hash()), maybe(share, text().prop_map(Text)), word(DonorType::ALL)).prop_map(|(commitment, name, r#type)| Donor {
        commitment,
        name,
        r#type,
    })
}

fn restrictions(share: f64) -> impl Strategy<Value = Restrictions> {
    let codes = || maybe(share, set(code()));
    (codes(), codes(), codes(), codes(), maybe(share, date()), date()).prop_map(
        |(categories, items, programmes, regions, use_by, some_day)| {
            // An object without members has no place in a document: restrictions that restrict nothing are left out.
            let none = categories.is_none() && items.is_none() && programmes.is_none() && regions.is_none();
            let use_by = use_by.or(none.then_some(some_day));
            Restrictions { categories, items, programmes, regions, use_by }
        },
    )
}

pub(super) fn bodies(share: f64) -> Vec<BoxedStrategy<Body>> {
    let pledged = (donor(share), maybe(share, date()), lines(), maybe(share, hash()))
        .prop_map(|(donor, due, lines, reference)| DonationPledged { donor, due, lines, reference });
    let received =
        (donor(share), lines(), maybe(share, event_id()), maybe(share, hash()), maybe(share, hash()), maybe(share, restrictions(share)))
            .prop_map(|(donor, lots, pledge, receipt, reference, restrictions)| DonationReceived {
                donor,
                lots,
                pledge,
                receipt,
                reference,
                restrictions,
            });
    let returned = (event_id(), draws(), word(ReturnReason::ALL), maybe(share, hash()))
        .prop_map(|(donation, draws, reason, reference)| DonationReturned { donation, draws, reason, reference });
    vec![
        pledged.prop_map(Body::DonationPledged).boxed(),
        received.prop_map(Body::DonationReceived).boxed(),
        returned.prop_map(Body::DonationReturned).boxed(),
    ]
}
