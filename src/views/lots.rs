//! Each lot with what is left of it (spec section 12.4). The rules keep that anyway, so the fold only notes which lots moved.
//!
//! ```text
//! <64 hex>.0   {"assigned":"80.000","delivered":"300.000","entry":17,"item":"rice","on_hand":"120.000","organization":"kitchen","quantity":"500.000"}
//! ```

use rustc_hash::FxHashSet;

use crate::canonical::{Canonical, write_integer};
use crate::crypto::hex_encode_into;
use crate::event::{Code, Quantity};
use crate::record;
use crate::rules::state::LotIx;
use crate::rules::{Accepted, State};
use crate::views::rows::RowSet;
use crate::views::table::Slot;

record! {
    /// A lot as it stands.
    pub struct LotRow {
        assigned: Quantity,
        delivered: Quantity,
        /// The entry that made it.
        entry: u64,
        /// This and the other optional quantities are absent where they are zero.
        in_transit: Option<Quantity>,
        item: Code,
        lost: Option<Quantity>,
        on_hand: Quantity,
        organization: Code,
        quantity: Quantity,
        returned: Option<Quantity>,
        /// Present and true if what made it was reversed.
        reversed: Option<bool>,
        spent: Option<Quantity>,
        transferred: Option<Quantity>,
    }
}

/// The row of a lot.
pub fn row(lot: LotIx, state: &State) -> LotRow {
    let lot = &state.lots[lot.at()];
    let decimals = state.items.at(lot.item.0).decimals;
    let quantity = |minor| Quantity { minor, decimals };
    let some = |minor| (minor > 0).then_some(Quantity { minor, decimals });
    LotRow {
        assigned: quantity(lot.assigned),
        delivered: quantity(lot.delivered),
        entry: u64::from(lot.entry),
        in_transit: some(lot.in_transit),
        item: state.items.code(lot.item.0),
        lost: some(lot.lost),
        on_hand: quantity(lot.on_hand),
        organization: state.organizations.code(lot.organization.0),
        quantity: quantity(lot.quantity),
        returned: some(lot.returned),
        reversed: lot.reversed.then_some(true),
        spent: some(lot.spent),
        transferred: some(lot.transferred),
    }
}

/// Appends a lot's id without making a string of it first.
pub(super) fn write_lot_id(lot: LotIx, state: &State, out: &mut Vec<u8>) {
    let id = state.lot_id(lot);
    hex_encode_into(&id.event.0.0, out);
    out.push(b'.');
    write_integer(u64::from(id.line), out);
}

/// The view.
#[derive(Debug, Default)]
pub struct Lots {
    changed: FxHashSet<LotIx>,
}

impl Lots {
    pub(super) fn fold(&mut self, accepted: &Accepted<'_>) {
        self.changed.extend(accepted.postings.iter().map(|posting| posting.lot));
    }

    pub(super) fn take_changes(&mut self, state: &State) -> RowSet {
        let mut changes = RowSet::with_room_for(self.changed.len());
        for lot in std::mem::take(&mut self.changed) {
            let slot = Slot::of_entry(state.lots[lot.at()].entry);
            changes.push(slot, |out| write_lot_id(lot, state, out), |out| row(lot, state).write(out));
        }
        changes
    }
}
