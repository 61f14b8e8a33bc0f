//! How much of which item is where (spec section 12.1).
//!
//! ```text
//! rice/kitchen/-/-            {"assigned":"0.000","delivered":"0.000","donated":"500.000",…,"on_hand":"120.000",…}
//! rice/kitchen/winter/north   {"assigned":"80.000","delivered":"300.000","donated":"0.000",…,"on_hand":"0.000",…}
//! ```
//!
//! What is assigned and delivered stands in the row of the recipient's programme and region; all else in the row without them, since nobody has
//! been named yet. So per item and organization, the rows add up to:
//!
//! ```text
//! donated + purchased + transferred in = on hand + in transit + assigned + delivered + spent + lost + returned + transferred out
//! ```

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
    /// What is in each account. `donated`, `purchased` and `transferred_in` count up where the accounts outside count down.
    pub struct Balance {
        assigned: Amount,
        delivered: Amount,
        donated: Amount,
        in_transit: Amount,
        lost: Amount,
        on_hand: Amount,
        purchased: Amount,
        returned: Amount,
        spent: Amount,
        transferred_in: Amount,
        transferred_out: Amount,
    }
}

impl Balance {
    /// Nothing anywhere.
    pub fn zero(decimals: u8) -> Balance {
        let zero = Amount::zero(decimals);
        Balance {
            assigned: zero,
            delivered: zero,
            donated: zero,
            in_transit: zero,
            lost: zero,
            on_hand: zero,
            purchased: zero,
            returned: zero,
            spent: zero,
            transferred_in: zero,
            transferred_out: zero,
        }
    }

    /// What is in an account.
    pub fn at(&self, account: Account) -> Amount {
        match account {
            Account::Donor => self.donated,
            Account::Supplier => self.purchased,
            Account::TransferredIn => self.transferred_in,
            Account::OnHand => self.on_hand,
            Account::InTransit => self.in_transit,
            Account::Assigned => self.assigned,
            Account::Delivered => self.delivered,
            Account::Spent => self.spent,
            Account::Lost => self.lost,
            Account::Returned => self.returned,
            Account::TransferredOut => self.transferred_out,
        }
    }

    /// Adds to an account.
    pub fn add(&mut self, account: Account, minor: i128) {
        match account {
            Account::Donor => self.donated.minor -= minor,
            Account::Supplier => self.purchased.minor -= minor,
            Account::TransferredIn => self.transferred_in.minor -= minor,
            Account::OnHand => self.on_hand.minor += minor,
            Account::InTransit => self.in_transit.minor += minor,
            Account::Assigned => self.assigned.minor += minor,
            Account::Delivered => self.delivered.minor += minor,
            Account::Spent => self.spent.minor += minor,
            Account::Lost => self.lost.minor += minor,
            Account::Returned => self.returned.minor += minor,
            Account::TransferredOut => self.transferred_out.minor += minor,
        }
    }

    /// Adds another balance of the same item.
    pub fn merge(&mut self, other: &Balance) {
        for (sum, more) in [
            (&mut self.assigned, other.assigned),
            (&mut self.delivered, other.delivered),
            (&mut self.donated, other.donated),
            (&mut self.in_transit, other.in_transit),
            (&mut self.lost, other.lost),
            (&mut self.on_hand, other.on_hand),
            (&mut self.purchased, other.purchased),
            (&mut self.returned, other.returned),
            (&mut self.spent, other.spent),
            (&mut self.transferred_in, other.transferred_in),
            (&mut self.transferred_out, other.transferred_out),
        ] {
            sum.minor += more.minor;
        }
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
                    Account::Assigned | Account::Delivered => {
                        let recipient = &state.recipients[accepted.recipient.expect("what is assigned has a recipient").at()];
                        Some((recipient.programme, recipient.region))
                    }
                    _ => None,
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
