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
use crate::rules::state::RecipientIx;
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
        /// Standing deliveries.
        deliveries: u64,
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
    }
}

/// The view.
#[derive(Debug, Default)]
pub struct Recipients {
    table: Table<RecipientIx, RecipientRow>,
}

impl Recipients {
    pub(super) fn fold(&mut self, accepted: &Accepted<'_>, state: &State, stored: Option<&dyn Stored>) -> Result<(), StoredError> {
        let Some(place) = accepted.recipient else { return Ok(()) };
        let delivered = match accepted.change {
            Change::RecipientEnrolled { .. } => 0,
            Change::DeliveryMade { .. } => 1,
            Change::EventReversed { subject } => match state.made[subject as usize].kind {
                Kind::DeliveryMade => -1,
                Kind::RecipientEnrolled => 0,
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        let recipient = &state.recipients[place.at()];
        let row = self.table.row(place, state, stored, || RecipientRow {
            deliveries: 0,
            enrolled: u64::from(recipient.entry),
            last_delivery: None,
            organization: state.organizations.code(state.made[recipient.entry as usize].organization.0),
            programme: state.programmes.code(recipient.programme.0),
            received: None,
            region: state.regions.code(recipient.region.0),
            reversed: None,
            r#type: recipient.r#type,
        })?;
        row.reversed = recipient.reversed.then_some(true);
        if delivered == 0 {
            return Ok(());
        }
        row.deliveries = row.deliveries.checked_add_signed(delivered).expect("a delivery is reversed once");
        if delivered > 0 {
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
