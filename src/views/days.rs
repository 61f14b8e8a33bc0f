//! What was given, assigned and delivered on each day, by the authors' times (spec section 12.2).
//!
//! ```text
//! 2026-01-05/rice   {"assigned":"80.000","delivered":"75.000","donated":"500.000","lost":"0.000","purchased":"0.000","returned":"0.000","spent":"0.000"}
//! ```
//!
//! A cancellation or reversal counts against the day on which it was made, so a day can be negative and the sum over all days is
//! what stands.

use crate::event::Date;
use crate::record;
use crate::rules::postings::Account;
use crate::rules::state::ItemIx;
use crate::rules::{Accepted, State};
use crate::views::ViewName;
use crate::views::rows::RowSet;
use crate::views::table::{Amount, Key, Slot, Stored, StoredError, Table};

/// Which day and item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DayKey {
    date: Date,
    item: ItemIx,
}

impl Key for DayKey {
    const VIEW: ViewName = ViewName::Days;
    fn write(&self, state: &State, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{}/{}", self.date, state.items.code(self.item.0)).as_bytes());
    }
    fn slot(&self, _: &State) -> Slot {
        Slot::Own
    }
}

record! {
    /// What a day added to each account; `assigned` counts what was set aside, whether or not it was delivered since.
    pub struct Day {
        assigned: Amount,
        delivered: Amount,
        donated: Amount,
        lost: Amount,
        purchased: Amount,
        returned: Amount,
        spent: Amount,
    }
}

impl Day {
    /// What came into an account. What only moves within the city, or stays, is not the day's.
    fn add(&mut self, account: Account, minor: i128) {
        match account {
            Account::Donor => self.donated.minor -= minor,
            Account::Supplier => self.purchased.minor -= minor,
            Account::Delivered => self.delivered.minor += minor,
            Account::Spent => self.spent.minor += minor,
            Account::Lost => self.lost.minor += minor,
            Account::Returned => self.returned.minor += minor,
            Account::OnHand | Account::Assigned | Account::InTransit | Account::TransferredIn | Account::TransferredOut => {}
        }
    }
}

/// The view.
#[derive(Debug, Default)]
pub struct Days {
    table: Table<DayKey, Day>,
}

impl Days {
    pub(super) fn fold(&mut self, accepted: &Accepted<'_>, state: &State, stored: Option<&dyn Stored>) -> Result<(), StoredError> {
        for posting in &accepted.postings {
            let zero = Amount::zero(state.items.at(posting.item.0).decimals);
            let key = DayKey { date: accepted.event.time.date(), item: posting.item };
            let fresh = || Day { assigned: zero, delivered: zero, donated: zero, lost: zero, purchased: zero, returned: zero, spent: zero };
            let day = self.table.row(key, state, stored, fresh)?;
            let quantity = i128::from(posting.quantity);
            match (posting.source, posting.target) {
                (Account::OnHand, Account::Assigned) => day.assigned.minor += quantity,
                (Account::Assigned, Account::OnHand) => day.assigned.minor -= quantity,
                (source, target) => {
                    for (account, sign) in [(source, -1), (target, 1)] {
                        day.add(account, sign * quantity);
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn take_changes(&mut self, state: &State) -> RowSet {
        self.table.take_changes(state)
    }
}
