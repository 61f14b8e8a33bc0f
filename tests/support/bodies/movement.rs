//! Bodies of movement.

use aidledger::canonical::Text;

use super::people::lines;
use super::*;

pub(super) fn bodies(share: f64) -> Vec<BoxedStrategy<Body>> {
    let some_hash = || maybe(share, hash());
    let line = (quantity(), code(), quantity()).prop_map(|(cost, item, quantity)| PurchaseLine { cost, item, quantity });
    let purchase = (draws(), some_hash(), vec(line, 1..5), some_hash(), some_hash())
        .prop_map(|(draws, evidence, lots, reference, supplier)| PurchaseMade { draws, evidence, lots, reference, supplier });
    let sent = (maybe(share, code()), draws(), maybe(share, date()), some_hash(), code(), maybe(share, text().prop_map(Text)))
        .prop_map(|(carrier, draws, due, reference, to, waybill)| TransferSent { carrier, draws, due, reference, to, waybill });
    let accepted = (maybe(share, draws()), some_hash(), some_hash(), event_id())
        .prop_map(|(draws, evidence, reference, transfer)| TransferAccepted { draws, evidence, reference, transfer });
    let expense = (draws(), some_hash(), maybe(share, code()), word(Purpose::ALL), some_hash(), maybe(share, code())).prop_map(
        |(draws, evidence, programme, purpose, reference, region)| ExpensePaid { draws, evidence, programme, purpose, reference, region },
    );
    let loss = (draws(), some_hash(), word(LossReason::ALL), some_hash()).prop_map(|(draws, evidence, reason, reference)| LossRecorded {
        draws,
        evidence,
        reason,
        reference,
    });
    let count = (lines(), some_hash(), some_hash()).prop_map(|(counts, evidence, reference)| StockCounted { counts, evidence, reference });
    vec![
        purchase.prop_map(Body::PurchaseMade).boxed(),
        sent.prop_map(Body::TransferSent).boxed(),
        accepted.prop_map(Body::TransferAccepted).boxed(),
        expense.prop_map(Body::ExpensePaid).boxed(),
        loss.prop_map(Body::LossRecorded).boxed(),
        count.prop_map(Body::StockCounted).boxed(),
    ]
}
