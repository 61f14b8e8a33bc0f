//! Each recipient with what was received (spec section 12.5); the entries themselves are in the listings.
//!
//! ```text
//! <32 hex>   {"deliveries":2,"enrolled":12,"last_delivery":"2026-01-09","organization":"kitchen","programme":"winter","received":[{"item":"rice","quantity":"15.000"}],"region":"north","type":"household"}
//! ```

use crate::crypto::hex_encode_into;
use crate::event::kinds::{Kind, RecipientType};
use crate::event::{Code, Date};
use crate::record;
use crate::rules::postings::Account;
use crate::rules::state::{DeliveryIx, RecipientIx};
use crate::rules::{Accepted, Change, State};
use crate::views::ViewName;
use crate::views::rows::RowSet;
use crate::views::table::{Amount, Key, LongList, Slot, Stored, StoredError, Table};

impl Key for RecipientIx {
    const VIEW: ViewName = ViewName::Recipients;
    fn write(&self, state: &State, out: &mut Vec<u8>) {
        hex_encode_into(&state.recipients[self.at()].token.0, out);
    }
    fn dense(&self) -> Option<(usize, usize)> {
        Some((0, self.at()))
    }
    fn slot(&self, state: &State) -> Slot {
        Slot::of_entry(state.recipients[self.at()].entry)
    }
}

record! {
    /// An item and how much of it.
    pub struct Received { item: Code, quantity: Amount }
}

record! {
    /// What was recorded about a recipient.
    pub struct RecipientRow {
        /// Standing deliveries that showed the code on the slip. This and the other optional counts are absent where they are zero.
        acknowledged: Option<u64>,
        /// Standing deliveries.
        deliveries: u64,
        /// Disputes.
        disputes: Option<u64>,
        /// The entry of the enrolment.
        enrolled: u64,
        /// The latest day of any delivery, by the authors' times.
        last_delivery: Option<Date>,
        /// Who enrolled it.
        organization: Code,
        programme: Code,
        /// By ascending item; an item that was reversed in full is not there. Absent when nothing was received.
        received: Option<LongList<Received>>,
        region: Code,
        /// Present and true if the enrolment was reversed.
        reversed: Option<bool>,
        r#type as "type": RecipientType,
        /// Present and true if it gets nothing more.
        withdrawn: Option<bool>,
        /// Standing deliveries that another key confirmed.
        witnessed: Option<u64>,
    }
}

/// What an event adds to the counts of a row.
#[derive(Default)]
struct Step {
    changes: bool,
    delivered: i64,
    acknowledged: i64,
    witnessed: i64,
    disputes: i64,
}

impl Step {
    /// `state` is the state after the event.
    fn of(accepted: &Accepted<'_>, state: &State) -> Step {
        let none = Step { changes: true, ..Step::default() };
        let confirmed = |delivery: &DeliveryIx| state.confirmations.get(delivery).map_or(0, Vec::len);
        let stands = |delivery: &DeliveryIx| !state.made[state.deliveries[delivery.at()].entry as usize].reversed;
        match &accepted.change {
            Change::RecipientEnrolled { .. } | Change::RecipientWithdrawn => none,
            Change::DeliveryMade { .. } => {
                let last = state.deliveries.last().expect("a delivery was just made");
                Step { delivered: 1, acknowledged: i64::from(last.acknowledged), ..none }
            }
            Change::DeliveryConfirmed { delivery } => Step { witnessed: i64::from(confirmed(delivery) == 1), ..none },
            Change::DeliveryDisputed { .. } => Step { disputes: 1, ..none },
            Change::EventReversed { subject } => {
                let made = state.made[*subject as usize];
                let delivery = DeliveryIx(made.place);
                match made.kind {
                    Kind::DeliveryMade => {
                        let acknowledged = -i64::from(state.deliveries[delivery.at()].acknowledged);
                        Step { delivered: -1, acknowledged, witnessed: -i64::from(confirmed(&delivery) > 0), ..none }
                    }
                    // A confirmation of a delivery that was reversed counts no more already.
                    Kind::DeliveryConfirmed => Step { witnessed: -i64::from(confirmed(&delivery) == 0 && stands(&delivery)), ..none },
                    Kind::RecipientEnrolled | Kind::RecipientWithdrawn => none,
                    _ => Step::default(),
                }
            }
            _ => Step::default(),
        }
    }
}

/// Adds to a count that is absent where it is zero.
fn count(member: &mut Option<u64>, step: i64) {
    let sum = member.unwrap_or(0).checked_add_signed(step).expect("what is taken back was counted");
    *member = (sum > 0).then_some(sum);
}

/// The view.
#[derive(Debug, Default)]
pub struct Recipients {
    table: Table<RecipientIx, RecipientRow>,
}

impl Recipients {
    pub(super) fn fold(&mut self, accepted: &Accepted<'_>, state: &State, stored: Option<&dyn Stored>) -> Result<(), StoredError> {
        let Some(place) = accepted.recipient else { return Ok(()) };
        let step = Step::of(accepted, state);
        if !step.changes {
            return Ok(());
        }
        let recipient = &state.recipients[place.at()];
        let row = self.table.row(place, state, stored, || RecipientRow {
            acknowledged: None,
            deliveries: 0,
            disputes: None,
            enrolled: u64::from(recipient.entry),
            last_delivery: None,
            organization: state.organizations.code(state.made[recipient.entry as usize].organization.0),
            programme: state.programmes.code(recipient.programme.0),
            received: None,
            region: state.regions.code(recipient.region.0),
            reversed: None,
            r#type: recipient.r#type,
            withdrawn: None,
            witnessed: None,
        })?;
        row.reversed = recipient.reversed.then_some(true);
        row.withdrawn = recipient.withdrawn.then_some(true);
        count(&mut row.acknowledged, step.acknowledged);
        count(&mut row.witnessed, step.witnessed);
        count(&mut row.disputes, step.disputes);
        if step.delivered == 0 {
            return Ok(());
        }
        row.deliveries = row.deliveries.checked_add_signed(step.delivered).expect("a delivery is reversed once");
        if step.delivered > 0 {
            row.last_delivery = row.last_delivery.max(Some(accepted.event.time.date()));
        }
        let received = &mut row.received.get_or_insert_default().0;
        for posting in &accepted.postings {
            let item = state.items.code(posting.item.0);
            let minor = if posting.target == Account::Delivered { i128::from(posting.quantity) } else { -i128::from(posting.quantity) };
            match received.binary_search_by(|held| held.item.cmp(&item)) {
                Ok(at) => received[at].quantity.minor += minor,
                Err(at) => {
                    received.insert(at, Received { item, quantity: Amount { minor, decimals: state.items.at(posting.item.0).decimals } })
                }
            }
        }
        received.retain(|held| held.quantity.minor != 0);
        if received.is_empty() {
            row.received = None;
        }
        Ok(())
    }

    pub(super) fn take_changes(&mut self, state: &State) -> RowSet {
        self.table.take_changes(state)
    }
}
