//! How much of which item is where (spec section 12.1).
//!
//! ```text
//! rice/kitchen/-/-            {"assigned":"0.000","delivered":"0.000","donated":"500.000","on_hand":"120.000"}
//! rice/kitchen/winter/north   {"assigned":"80.000","delivered":"300.000","donated":"0.000","on_hand":"0.000"}
//! ```
//!
//! Gifts and what is on hand stand in the row without programme and region, since nobody has been named yet; what is assigned and
//! delivered in the row of the recipient's. So per item and organization, the rows add up to: donated = on hand + assigned + delivered.

use crate::record;
use crate::rules::postings::Account;
use crate::rules::state::{ItemIx, OrganizationIx, ProgrammeIx, RegionIx};
use crate::rules::{Accepted, State};
use crate::views::ViewName;
use crate::views::rows::RowSet;
use crate::views::table::{Amount, Key, Slot, Stored, StoredError, Table};

/// Which balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BalanceKey {
    item: ItemIx,
    organization: OrganizationIx,
    place: Option<(ProgrammeIx, RegionIx)>,
}

impl Key for BalanceKey {
    const VIEW: ViewName = ViewName::Balances;
    fn write(&self, state: &State, out: &mut Vec<u8>) {
        let (item, organization) = (state.items.code(self.item.0), state.organizations.code(self.organization.0));
        let text = match self.place {
            None => format!("{item}/{organization}/-/-"),
            Some((programme, region)) => {
                format!("{item}/{organization}/{}/{}", state.programmes.code(programme.0), state.regions.code(region.0))
            }
        };
        out.extend_from_slice(text.as_bytes());
    }
    fn slot(&self, _: &State) -> Slot {
        Slot::Own
    }
}

record! {
    /// What is in each account. `donated` counts up where the donor's account counts down.
    pub struct Balance { assigned: Amount, delivered: Amount, donated: Amount, on_hand: Amount }
}

impl Balance {
    /// Nothing anywhere.
    pub fn zero(decimals: u8) -> Balance {
        let zero = Amount::zero(decimals);
        Balance { assigned: zero, delivered: zero, donated: zero, on_hand: zero }
    }

    /// Adds to an account.
    pub fn add(&mut self, account: Account, minor: i128) {
        match account {
            Account::Donor => self.donated.minor -= minor,
            Account::OnHand => self.on_hand.minor += minor,
            Account::Assigned => self.assigned.minor += minor,
            Account::Delivered => self.delivered.minor += minor,
        }
    }

    /// Adds another balance of the same item.
    pub fn merge(&mut self, other: &Balance) {
        self.assigned.minor += other.assigned.minor;
        self.delivered.minor += other.delivered.minor;
        self.donated.minor += other.donated.minor;
        self.on_hand.minor += other.on_hand.minor;
    }
}

/// The view.
#[derive(Debug, Default)]
pub struct Balances {
    table: Table<BalanceKey, Balance>,
}

impl Balances {
    pub(super) fn fold(&mut self, accepted: &Accepted<'_>, state: &State, stored: Option<&dyn Stored>) -> Result<(), StoredError> {
        for posting in &accepted.postings {
            let decimals = state.items.at(posting.item.0).decimals;
            let organization = state.lots[posting.lot.at()].organization;
            for (account, minor) in [(posting.source, -i128::from(posting.quantity)), (posting.target, i128::from(posting.quantity))] {
                let place = match account {
                    Account::Donor | Account::OnHand => None,
                    Account::Assigned | Account::Delivered => {
                        let recipient = &state.recipients[accepted.recipient.expect("what is assigned has a recipient").at()];
                        Some((recipient.programme, recipient.region))
                    }
                };
                let key = BalanceKey { item: posting.item, organization, place };
                self.table.row(key, state, stored, || Balance::zero(decimals))?.add(account, minor);
            }
        }
        Ok(())
    }

    pub(super) fn take_changes(&mut self, state: &State) -> RowSet {
        self.table.take_changes(state)
    }
}
