//! Organizations, keys, items, regions and programmes as they stand (spec section 12.9).
//!
//! ```text
//! item/rice            {"category":"food","decimals":3,"name":{"en":"Rice"},"type":"goods","unit":"kg"}
//! key/<64 hex>         {"events":12,"label":"phone-3","organization":"kitchen","revoked":false,"roles":["field"]}
//! organization/kitchen {"name":{"en":"Kitchen"},"registered":2,"suspended":false}
//! programme/winter     {"closed":false,"name":{"en":"Winter"},"organization":"fund"}
//! region/north         {"name":{"en":"North"},"parent":"city"}
//! ```
//!
//! The rules keep all of it, so the fold only notes what was touched.

use std::collections::BTreeSet;

use crate::canonical::{Canonical, Names, Set, encode};
use crate::crypto::PublicKey;
use crate::event::Code;
use crate::event::kinds::{Body, ItemType, Role};
use crate::record;
use crate::rules::{Accepted, State};
use crate::views::rows::RowSet;
use crate::views::table::{RowChange, Slot};

record! {
    /// An organization; `registered` is the entry that registered it.
    pub struct OrganizationRow { name: Names, registered: u64, suspended: bool }
}
record! {
    /// A key; `events` is how many it signed.
    pub struct KeyRow { events: u64, label: Option<Code>, organization: Code, revoked: bool, roles: Set<Role> }
}
record! {
    /// An item.
    pub struct ItemRow { category: Code, decimals: u64, name: Names, r#type as "type": ItemType, unit: Option<Code> }
}
record! {
    /// A region.
    pub struct RegionRow { name: Names, parent: Option<Code> }
}
record! {
    /// A programme.
    pub struct ProgrammeRow { closed: bool, name: Names, organization: Code }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Touched {
    Organization(Code),
    Key(PublicKey),
    Item(Code),
    Region(Code),
    Programme(Code),
}

/// The view.
#[derive(Debug, Default)]
pub struct RegistryView {
    changed: BTreeSet<Touched>,
}

impl RegistryView {
    pub(super) fn fold(&mut self, accepted: &Accepted<'_>) {
        self.changed.insert(Touched::Key(accepted.event.signer));
        let touched = match &accepted.event.body {
            Body::LedgerOpened(_) => Touched::Organization(accepted.event.organization),
            Body::OrganizationRegistered(body) => Touched::Organization(body.organization),
            Body::OrganizationSuspended(body) => Touched::Organization(body.organization),
            Body::OrganizationReinstated(body) => Touched::Organization(body.organization),
            Body::KeyGranted(body) => Touched::Key(body.key),
            Body::KeyRevoked(body) => Touched::Key(body.key),
            Body::ItemDefined(body) => Touched::Item(body.item),
            Body::RegionDefined(body) => Touched::Region(body.region),
            Body::ProgrammeOpened(body) => Touched::Programme(body.programme),
            Body::ProgrammeClosed(body) => Touched::Programme(body.programme),
            _ => return,
        };
        self.changed.insert(touched);
    }

    pub(super) fn take_changes(&mut self, state: &State) -> RowSet {
        std::mem::take(&mut self.changed).into_iter().map(|touched| change(touched, state)).collect::<Vec<_>>().into()
    }
}

fn change(touched: Touched, state: &State) -> RowChange {
    fn stored<T: Canonical>(key: String, row: &T) -> RowChange {
        RowChange { slot: Slot::Own, key, value: encode(row) }
    }
    match touched {
        Touched::Organization(code) => {
            let row = state.organizations.at(state.organizations.find(&code).expect("a touched organization is registered"));
            let value = OrganizationRow { name: row.name.clone(), registered: u64::from(row.entry), suspended: row.suspended };
            stored(format!("organization/{code}"), &value)
        }
        Touched::Key(key) => {
            let row = &state.keys[&key];
            let value = KeyRow {
                events: row.feed.sequence,
                label: row.label,
                organization: state.organizations.code(row.organization.0),
                revoked: row.revoked,
                roles: Set::new(row.roles.iter().collect()),
            };
            stored(format!("key/{key}"), &value)
        }
        Touched::Item(code) => {
            let row = state.items.at(state.items.find(&code).expect("a touched item is defined"));
            let (name, decimals) = (row.name.clone(), u64::from(row.decimals));
            stored(format!("item/{code}"), &ItemRow { category: row.category, decimals, name, r#type: row.r#type, unit: row.unit })
        }
        Touched::Region(code) => {
            let row = state.regions.at(state.regions.find(&code).expect("a touched region is defined"));
            let parent = row.parent.map(|parent| state.regions.code(parent.0));
            stored(format!("region/{code}"), &RegionRow { name: row.name.clone(), parent })
        }
        Touched::Programme(code) => {
            let row = state.programmes.at(state.programmes.find(&code).expect("a touched programme is opened"));
            let organization = state.organizations.code(row.organization.0);
            stored(format!("programme/{code}"), &ProgrammeRow { closed: row.closed, name: row.name.clone(), organization })
        }
    }
}
