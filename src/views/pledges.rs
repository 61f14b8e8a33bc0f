//! What was promised, and what came of it (spec section 12.7).
//!
//! ```text
//! <64 hex>   {"donations":2,"due":"2026-01-31","entry":12,"lines":[{"item":"KZT","pledged":"500000.00","received":"350000.00"}],"organization":"kitchen"}
//! ```

use rustc_hash::FxHashSet;

use crate::canonical::Canonical;
use crate::crypto::hex_encode_into;
use crate::event::kinds::Kind;
use crate::event::{Code, Date};
use crate::record;
use crate::rules::state::PledgeIx;
use crate::rules::{Accepted, Change, State};
use crate::views::rows::RowSet;
use crate::views::table::{Amount, LongList, Slot};

record! {
    /// An item that was promised.
    pub struct PledgedLine { item: Code, pledged: Amount, received: Amount }
}

record! {
    /// A pledge as it stands.
    pub struct PledgeRow {
        /// Standing donations that name it.
        donations: u64,
        due: Option<Date>,
        /// The entry that recorded it.
        entry: u64,
        lines: LongList<PledgedLine>,
        organization: Code,
        /// Present and true if it was reversed.
        reversed: Option<bool>,
    }
}

/// The row of a pledge.
pub fn row(pledge: PledgeIx, state: &State) -> PledgeRow {
    let pledge = &state.pledges[pledge.at()];
    let lines = pledge.lines.iter().map(|line| {
        let amount = |minor: i128| Amount { minor, decimals: state.items.at(line.item.0).decimals };
        let received = i128::try_from(line.received).expect("fewer than 2^32 gifts of less than 10^18 each");
        PledgedLine { item: state.items.code(line.item.0), pledged: amount(i128::from(line.quantity)), received: amount(received) }
    });
    PledgeRow {
        donations: u64::from(pledge.donations),
        due: pledge.due,
        entry: u64::from(pledge.entry),
        lines: LongList(lines.collect()),
        organization: state.organizations.code(pledge.organization.0),
        reversed: pledge.reversed.then_some(true),
    }
}

/// The view. The rules keep what it shows, so the fold only notes which pledges changed.
#[derive(Debug, Default)]
pub struct Pledges {
    changed: FxHashSet<PledgeIx>,
}

impl Pledges {
    pub(super) fn fold(&mut self, accepted: &Accepted<'_>, state: &State) {
        match &accepted.change {
            Change::DonationPledged { .. } => {
                self.changed.insert(PledgeIx(state.pledges.len() as u32 - 1));
            }
            Change::DonationReceived { pledge: Some(pledge), .. } => {
                self.changed.insert(*pledge);
            }
            Change::EventReversed { subject } => match state.made[*subject as usize].kind {
                Kind::DonationPledged => {
                    self.changed.insert(PledgeIx(state.made[*subject as usize].place));
                }
                Kind::DonationReceived => self.changed.extend(state.pledge_of.get(subject)),
                _ => {}
            },
            _ => {}
        }
    }

    pub(super) fn take_changes(&mut self, state: &State) -> RowSet {
        let mut changes = RowSet::with_room_for(self.changed.len());
        for pledge in std::mem::take(&mut self.changed) {
            let entry = state.pledges[pledge.at()].entry;
            changes.push(Slot::of_entry(entry), |out| hex_encode_into(&state.ids.at(entry).0.0, out), |out| row(pledge, state).write(out));
        }
        changes
    }
}
