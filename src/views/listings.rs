//! Which entries concern what (spec section 12.3): the way from a name to its history.
//!
//! ```text
//! programme/winter            {"count":700,"entries":[901,907,…]}     the entries after the last full chunk
//! programme/winter/00000000   [12,13,15,…]                            256 entries
//! programme/winter/00000001   [340,344,…]
//! ```
//!
//! Dimensions: `organization`, `kind`, `programme`, `region`, `item`, `recipient` (by token), `lot` (by lot id), `volunteer` (by token). Full chunks never change.
//! What is reversed is looked up, so the reversal stands wherever its subject stands: whoever follows a name sees both.

use crate::canonical::{Canonical, Fault, Reader};
use crate::crypto::hex_encode_into;
use crate::event::kinds::{Body, Kind};
use crate::rules::state::{ItemIx, LotIx, OrganizationIx, ProgrammeIx, RecipientIx, RegionIx, VolunteerIx};
use crate::rules::{Accepted, Change, State};
use crate::views::ViewName;
use crate::views::lots::write_lot_id;
use crate::views::rows::RowSet;
use crate::views::table::{Key, LongList, Slot, Stored, StoredError, Table};

/// How many entries a full chunk lists.
pub const CHUNK_ENTRIES: usize = 256;

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListingKey {
    /// Appended by the organization, or about it.
    Organization(OrganizationIx),
    /// Of a kind.
    Kind(Kind),
    /// About a programme or somebody enrolled in it.
    Programme(ProgrammeIx),
    /// About a region or somebody living in it.
    Region(RegionIx),
    /// Defining or moving an item.
    Item(ItemIx),
    /// About a recipient.
    Recipient(RecipientIx),
    /// Moving part of a lot.
    Lot(LotIx),
    /// About a volunteer.
    Volunteer(VolunteerIx),
}

impl Key for ListingKey {
    const VIEW: ViewName = ViewName::Listings;
    fn write(&self, state: &State, out: &mut Vec<u8>) {
        let (dimension, code) = match *self {
            ListingKey::Organization(ix) => ("organization/", state.organizations.code(ix.0)),
            ListingKey::Programme(ix) => ("programme/", state.programmes.code(ix.0)),
            ListingKey::Region(ix) => ("region/", state.regions.code(ix.0)),
            ListingKey::Item(ix) => ("item/", state.items.code(ix.0)),
            ListingKey::Kind(kind) => {
                out.extend_from_slice(b"kind/");
                return out.extend_from_slice(kind.word().as_bytes());
            }
            ListingKey::Recipient(ix) => {
                out.extend_from_slice(b"recipient/");
                return hex_encode_into(&state.recipients[ix.at()].token.0, out);
            }
            ListingKey::Volunteer(ix) => {
                out.extend_from_slice(b"volunteer/");
                return hex_encode_into(&state.volunteers[ix.at()].token.0, out);
            }
            ListingKey::Lot(ix) => {
                out.extend_from_slice(b"lot/");
                return write_lot_id(ix, state, out);
            }
        };
        out.extend_from_slice(dimension.as_bytes());
        out.extend_from_slice(code.as_str().as_bytes());
    }
    fn dense(&self) -> Option<(usize, usize)> {
        Some(match *self {
            ListingKey::Organization(ix) => (0, ix.at()),
            ListingKey::Kind(kind) => (1, kind as usize),
            ListingKey::Programme(ix) => (2, ix.at()),
            ListingKey::Region(ix) => (3, ix.at()),
            ListingKey::Item(ix) => (4, ix.at()),
            ListingKey::Recipient(ix) => (5, ix.at()),
            ListingKey::Lot(ix) => (6, ix.at()),
            ListingKey::Volunteer(ix) => (7, ix.at()),
        })
    }
    fn slot(&self, state: &State) -> Slot {
        match *self {
            ListingKey::Recipient(ix) => Slot::of_entry(state.recipients[ix.at()].entry),
            ListingKey::Lot(ix) => Slot::of_entry(state.lots[ix.at()].entry),
            ListingKey::Volunteer(ix) => Slot::of_entry(state.volunteers[ix.at()].entry),
            _ => Slot::Own,
        }
    }
}

/// Entry indexes, ascending.
pub type Indexes = LongList<u64>;

/// The head row of a listing. Chunks filled since the rows were last stored wait in memory.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// How many entries in all.
    pub count: u64,
    /// Those after the last full chunk.
    pub entries: Indexes,
    waiting: Vec<(u64, Indexes)>,
}

impl Canonical for Listing {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"count\":");
        self.count.write(out);
        out.extend_from_slice(b",\"entries\":");
        self.entries.write(out);
        out.push(b'}');
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        reader.expect("{\"count\":")?;
        let count = u64::read(reader)?;
        reader.expect(",\"entries\":")?;
        let entries = Indexes::read(reader)?;
        reader.expect("}")?;
        Ok(Listing { count, entries, waiting: Vec::new() })
    }
}

impl Listing {
    fn push(&mut self, entry: u64) {
        let listed = self.entries.0.last().or_else(|| self.waiting.last().and_then(|(_, chunk)| chunk.0.last()));
        if listed == Some(&entry) {
            return;
        }
        self.entries.0.push(entry);
        self.count += 1;
        if self.entries.0.len() == CHUNK_ENTRIES {
            let number = self.count / CHUNK_ENTRIES as u64 - 1;
            self.waiting.push((number, std::mem::take(&mut self.entries)));
        }
    }
}

/// The key of a full chunk's row.
pub fn chunk_key(listing: &str, number: u64) -> String {
    format!("{listing}/{number:08}")
}

/// Where the subject of a reversal stands, beside its organization, its recipient and what it moved.
fn where_reversed(state: &State, subject: u32) -> Vec<ListingKey> {
    let made = state.made[subject as usize];
    let place = made.place as usize;
    match made.kind {
        Kind::NeedRecorded => state.needs[place].lines.iter().map(|line| ListingKey::Item(line.item)).collect(),
        Kind::DonationPledged => state.pledges[place].lines.iter().map(|line| ListingKey::Item(line.item)).collect(),
        Kind::StockCounted => state.counts[place].iter().copied().map(ListingKey::Item).collect(),
        Kind::TransferSent => state.movements[place].to.map(ListingKey::Organization).into_iter().collect(),
        Kind::ExpensePaid => {
            let expense = &state.movements[place];
            let programme = expense.programme.map(ListingKey::Programme);
            programme.into_iter().chain(expense.region.map(ListingKey::Region)).collect()
        }
        Kind::DeliveryConfirmed => {
            let delivery = &state.made[state.deliveries[place].entry as usize];
            vec![ListingKey::Organization(delivery.organization)]
        }
        Kind::ServiceRecorded => {
            let service = &state.services[place];
            let programme = service.programme.map(ListingKey::Programme);
            std::iter::once(ListingKey::Volunteer(service.volunteer)).chain(programme).collect()
        }
        Kind::RecognitionAwarded => vec![ListingKey::Volunteer(state.recognitions[place].0)],
        _ => Vec::new(),
    }
}

/// The view.
#[derive(Debug, Default)]
pub struct Listings {
    table: Table<ListingKey, Listing>,
}

impl Listings {
    pub(super) fn fold(&mut self, accepted: &Accepted<'_>, state: &State, stored: Option<&dyn Stored>) -> Result<(), StoredError> {
        let entry = u64::from(accepted.index);
        let mut list = |key| self.table.row(key, state, stored, Listing::default).map(|row| row.push(entry));
        list(ListingKey::Organization(accepted.organization))?;
        list(ListingKey::Kind(accepted.event.kind()))?;
        if let Some(place) = accepted.recipient {
            let recipient = &state.recipients[place.at()];
            list(ListingKey::Recipient(place))?;
            list(ListingKey::Programme(recipient.programme))?;
            list(ListingKey::Region(recipient.region))?;
        }
        for posting in &accepted.postings {
            list(ListingKey::Item(posting.item))?;
            list(ListingKey::Lot(posting.lot))?;
            let holder = state.lots[posting.lot.at()].organization;
            if holder != accepted.organization {
                list(ListingKey::Organization(holder))?;
            }
        }
        match (&accepted.event.body, &accepted.change) {
            (_, Change::OrganizationStatus { organization, .. } | Change::KeyGranted { organization }) => {
                list(ListingKey::Organization(*organization))
            }
            (_, Change::TransferSent { to, .. }) => list(ListingKey::Organization(*to)),
            (_, Change::DeliveryConfirmed { delivery } | Change::DeliveryDisputed { delivery }) => {
                list(ListingKey::Organization(state.made[state.deliveries[delivery.at()].entry as usize].organization))
            }
            (_, Change::NeedRecorded { lines } | Change::DonationPledged { lines }) => {
                lines.iter().try_for_each(|(item, _)| list(ListingKey::Item(*item)))
            }
            (_, Change::Noted { items }) => items.iter().try_for_each(|item| list(ListingKey::Item(*item))),
            (_, Change::VolunteerJoined { .. }) => list(ListingKey::Volunteer(VolunteerIx(state.volunteers.len() as u32 - 1))),
            (_, Change::ServiceRecorded { volunteer, programme, .. }) => {
                list(ListingKey::Volunteer(*volunteer))?;
                programme.map_or(Ok(()), |place| list(ListingKey::Programme(place)))
            }
            (_, Change::RecognitionAwarded { volunteer, .. }) => list(ListingKey::Volunteer(*volunteer)),
            (_, Change::Moved { programme, region, .. }) => {
                programme.map_or(Ok(()), |place| list(ListingKey::Programme(place)))?;
                region.map_or(Ok(()), |place| list(ListingKey::Region(place)))
            }
            (_, Change::EventReversed { subject }) => where_reversed(state, *subject).into_iter().try_for_each(list),
            (Body::AuditAttested(body), _) => {
                let programme = body.programme.as_ref().and_then(|code| state.programmes.find(code));
                programme.map_or(Ok(()), |place| list(ListingKey::Programme(ProgrammeIx(place))))
            }
            (_, Change::ProgrammeClosed { programme }) => list(ListingKey::Programme(*programme)),
            (Body::OrganizationRegistered(body), _) => {
                let place = state.organizations.find(&body.organization).expect("it was just registered");
                list(ListingKey::Organization(OrganizationIx(place)))
            }
            (Body::KeyRevoked(body), _) => list(ListingKey::Organization(state.keys[&body.key].organization)),
            (Body::ProgrammeOpened(body), _) => {
                let place = state.programmes.find(&body.programme).expect("it was just opened");
                list(ListingKey::Programme(ProgrammeIx(place)))
            }
            (Body::RegionDefined(body), _) => {
                let place = state.regions.find(&body.region).expect("it was just defined");
                list(ListingKey::Region(RegionIx(place)))
            }
            (Body::ItemDefined(body), _) => {
                let place = state.items.find(&body.item).expect("it was just defined");
                list(ListingKey::Item(ItemIx(place)))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn take_changes(&mut self, state: &State) -> RowSet {
        let mut changes = RowSet::with_room_for(self.table.changed_len());
        self.table.take_changed(|key, listing| {
            for (number, chunk) in listing.waiting.drain(..) {
                let write_key = |out: &mut Vec<u8>| {
                    key.write(state, out);
                    out.extend_from_slice(format!("/{number:08}").as_bytes());
                };
                changes.push(Slot::Own, write_key, |out| chunk.write(out));
            }
            changes.push(key.slot(state), |out| key.write(state, out), |out| listing.write(out));
        });
        changes
    }
}
