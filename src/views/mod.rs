//! Views: what people want to know of a ledger, folded from accepted events alone (spec section 12).
//!
//! A view is a name, a version and a set of rows, each a key and a value in canonical JSON. Folding the same log gives the
//! same rows everywhere, so two auditors compare one digest a view:
//!
//! ```text
//! digest = BLAKE3( for each row, ascending by key: key ‖ TAB ‖ value ‖ LF )
//! ```
//!
//! That is the hash of a text file which anybody can print, sort and read. Keys hold neither TAB nor LF, and canonical JSON has
//! none either.
//!
//! * [`balances`]: how much of which item is where, by organization, programme and region.
//! * [`days`]: what was given, assigned and delivered on each day.
//! * [`listings`]: which entries concern an organization, kind, programme, region, item, recipient or lot.
//! * [`lots`]: each lot with what is left of it.
//! * [`needs`]: what people lack, and how much of it was served.
//! * [`pledges`]: what was promised, and what came of it.
//! * [`recipients`]: each recipient with what was received.
//! * [`registry`]: organizations, keys, items, regions and programmes as they stand.
//! * [`volunteers`]: each volunteer with hours, deliveries and awards.
//!
//! Where rows are stored, how they are packed and when, is the business of `store::index`; here they come as a [`RowSet`].
//! A new view is a file here and a line in [`Views`].

pub mod balances;
pub mod days;
pub mod listings;
pub mod lots;
pub mod needs;
pub mod pledges;
pub mod recipients;
pub mod registry;
pub mod rows;
pub mod table;
pub mod volunteers;

use crate::crypto::Blake3Hash;
use crate::rules::{Accepted, State};
use crate::vocabulary;
pub use rows::RowSet;
pub use table::{RowChange, Slot, Stored, StoredError};

vocabulary! {
    /// The views there are. Order is the order in which they are shown.
    pub enum ViewName("a view") {
        /// See [`balances`].
        Balances = "balances",
        /// See [`days`].
        Days = "days",
        /// See [`listings`].
        Listings = "listings",
        /// See [`lots`].
        Lots = "lots",
        /// See [`needs`].
        Needs = "needs",
        /// See [`pledges`].
        Pledges = "pledges",
        /// See [`recipients`].
        Recipients = "recipients",
        /// See [`registry`].
        Registry = "registry",
        /// See [`volunteers`].
        Volunteers = "volunteers",
    }
}

/// The version of the views' rows. Stored rows of another version are thrown away and made again.
pub const VIEWS_VERSION: u32 = 2;

/// All views of a ledger, or the part of them that changed since they were last stored.
#[derive(Debug, Default)]
pub struct Views {
    balances: balances::Balances,
    days: days::Days,
    listings: listings::Listings,
    lots: lots::Lots,
    needs: needs::Needs,
    pledges: pledges::Pledges,
    recipients: recipients::Recipients,
    registry: registry::RegistryView,
    volunteers: volunteers::Volunteers,
}

impl Views {
    /// Takes in one accepted event. `state` is the state after it; `stored` gives rows folded earlier that are not in memory,
    /// none when folding from entry 0.
    ///
    /// # Errors
    /// Only what reading `stored` says.
    pub fn fold(&mut self, accepted: &Accepted<'_>, state: &State, stored: Option<&dyn Stored>) -> Result<(), StoredError> {
        self.balances.fold(accepted, state, stored)?;
        self.days.fold(accepted, state, stored)?;
        self.listings.fold(accepted, state, stored)?;
        self.lots.fold(accepted);
        self.needs.fold(accepted, state, stored)?;
        self.pledges.fold(accepted, state);
        self.recipients.fold(accepted, state, stored)?;
        self.registry.fold(accepted);
        self.volunteers.fold(accepted, state);
        Ok(())
    }

    /// The rows of a view that changed since the last call, in no order; after folding from entry 0, all of them.
    pub fn take_changes(&mut self, view: ViewName, state: &State) -> RowSet {
        match view {
            ViewName::Balances => self.balances.take_changes(state),
            ViewName::Days => self.days.take_changes(state),
            ViewName::Listings => self.listings.take_changes(state),
            ViewName::Lots => self.lots.take_changes(state),
            ViewName::Needs => self.needs.take_changes(state),
            ViewName::Pledges => self.pledges.take_changes(state),
            ViewName::Recipients => self.recipients.take_changes(state),
            ViewName::Registry => self.registry.take_changes(state),
            ViewName::Volunteers => self.volunteers.take_changes(state),
        }
    }

    /// The digest of every view, after folding from entry 0. The views are of no use afterwards.
    pub fn into_digests(mut self, state: &State) -> Vec<(ViewName, Blake3Hash)> {
        let Views { balances, days, listings, lots, needs, pledges, recipients, registry, volunteers } = &mut self;
        let mut digests = [Blake3Hash::ZERO; ViewName::ALL.len()];
        let [b, d, l, o, n, p, r, g, v] = &mut digests;
        rayon::scope(|scope| {
            scope.spawn(|_| *l = listings.take_changes(state).digest());
            scope.spawn(|_| *o = lots.take_changes(state).digest());
            scope.spawn(|_| *r = recipients.take_changes(state).digest());
            scope.spawn(|_| {
                *b = balances.take_changes(state).digest();
                *d = days.take_changes(state).digest();
                *g = registry.take_changes(state).digest();
            });
            scope.spawn(|_| {
                *n = needs.take_changes(state).digest();
                *p = pledges.take_changes(state).digest();
                *v = volunteers.take_changes(state).digest();
            });
        });
        ViewName::ALL.iter().copied().zip(digests).collect()
    }
}

/// The digest of all rows of a view.
pub fn digest(rows: Vec<RowChange>) -> Blake3Hash {
    RowSet::from(rows).digest()
}

/// Appends a row as one line of text: key, TAB, value, LF.
pub fn write_row(row: &RowChange, out: &mut Vec<u8>) {
    out.extend_from_slice(row.key.as_bytes());
    out.push(b'\t');
    out.extend_from_slice(&row.value);
    out.push(b'\n');
}
