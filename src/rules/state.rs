//! What the rules remember of the log: enough to judge the next event and nothing else.
//!
//! Everything an event makes is held in an array in log order and named by its place there, so the whole is compact, cheap to store
//! and the same on every machine. Maps are used to find things, never to go through them.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::canonical::Names;
use crate::crypto::{Blake3Hash, PublicKey};
use crate::event::kinds::{ItemType, Kind, RecipientType, Role};
use crate::event::signed::FeedHead;
use crate::event::{Code, Date, EventId, LotId, Time, Token};
use crate::rules::ids::IdIndex;
use crate::rules::postings::Account;

/// Declares the place of a thing in its array.
macro_rules! ix {
    ($($(#[$meta:meta])* $name:ident),*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);
        impl $name {
            /// The place as an array index.
            pub fn at(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}
ix! {
    /// An organization.
    OrganizationIx,
    /// An item.
    ItemIx,
    /// A region.
    RegionIx,
    /// A programme.
    ProgrammeIx,
    /// A recipient.
    RecipientIx,
    /// A lot.
    LotIx,
    /// An assignment.
    AssignmentIx,
    /// A delivery.
    DeliveryIx
}

/// Things with codes, in the order in which they came.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Registry<T> {
    rows: Vec<(Code, T)>,
    by_code: FxHashMap<Code, u32>,
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Registry { rows: Vec::new(), by_code: FxHashMap::default() }
    }
}

impl<T> Registry<T> {
    /// The place of a code.
    pub fn find(&self, code: &Code) -> Option<u32> {
        self.by_code.get(code).copied()
    }
    /// The thing at a place.
    pub fn at(&self, place: u32) -> &T {
        &self.rows[place as usize].1
    }
    /// The code at a place.
    pub fn code(&self, place: u32) -> Code {
        self.rows[place as usize].0
    }
    /// All, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (Code, &T)> {
        self.rows.iter().map(|(code, row)| (*code, row))
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    pub(super) fn at_mut(&mut self, place: u32) -> &mut T {
        &mut self.rows[place as usize].1
    }
    pub(super) fn push(&mut self, code: Code, row: T) {
        self.by_code.insert(code, self.rows.len() as u32);
        self.rows.push((code, row));
    }
}

/// A set of roles, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RoleSet(u16);

impl RoleSet {
    /// The set of the roles given.
    pub fn of<'a>(roles: impl IntoIterator<Item = &'a Role>) -> Self {
        RoleSet(roles.into_iter().fold(0, |bits, role| bits | 1 << *role as u16))
    }
    /// Whether the role is in the set.
    pub fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u16) != 0
    }
    /// Whether the sets share a role.
    pub fn meets(self, other: RoleSet) -> bool {
        self.0 & other.0 != 0
    }
    /// The roles, in the order of the vocabulary.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| self.has(*role))
    }
}

/// A registered organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Organization {
    /// Its name.
    pub name: Names,
    /// Whether it may not append for now.
    pub suspended: bool,
    /// The entry that registered it.
    pub entry: u32,
}

/// A granted key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Key {
    /// The organization it belongs to for good.
    pub organization: OrganizationIx,
    /// What it may do.
    pub roles: RoleSet,
    /// What the organization calls the device.
    pub label: Option<Code>,
    /// Whether it may sign nothing more.
    pub revoked: bool,
    /// The place of its next event.
    pub feed: FeedHead,
}

/// A defined item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Item {
    /// Its category.
    pub category: Code,
    /// The digits after the point.
    pub decimals: u8,
    /// Its name.
    pub name: Names,
    /// Money, goods or service.
    pub r#type: ItemType,
    /// What one is; none for money.
    pub unit: Option<Code>,
}

/// A defined region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Region {
    /// Its name.
    pub name: Names,
    /// The region that it lies in.
    pub parent: Option<RegionIx>,
}

/// A programme.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Programme {
    /// Its name.
    pub name: Names,
    /// Who opened it.
    pub organization: OrganizationIx,
    /// Who else may take part; none means anybody.
    pub organizations: Option<Vec<OrganizationIx>>,
    /// Where it helps; none means anywhere.
    pub regions: Option<Vec<RegionIx>>,
    /// Whom it helps; none means anybody.
    pub recipient_types: Option<Vec<RecipientType>>,
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
    /// Whether it takes no more enrolments and assignments.
    pub closed: bool,
}

/// An enrolled recipient.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recipient {
    /// The token.
    pub token: Token,
    /// The entry that enrolled it.
    pub entry: u32,
    /// Where it is enrolled.
    pub programme: ProgrammeIx,
    /// Where it lives.
    pub region: RegionIx,
    /// Household, person, community or facility.
    pub r#type: RecipientType,
    /// The tag that stands once in the programme.
    pub uniqueness: Option<Box<Blake3Hash>>,
    /// Standing assignments: while there is one, the enrolment is not reversed.
    pub assignments: u32,
    /// Whether the enrolment was reversed.
    pub reversed: bool,
}

/// What a lot may be spent on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotRestrictions {
    /// Categories of item.
    pub categories: Option<Vec<Code>>,
    /// Items.
    pub items: Option<Vec<ItemIx>>,
    /// Programmes.
    pub programmes: Option<Vec<ProgrammeIx>>,
    /// Regions, with those inside them.
    pub regions: Option<Vec<RegionIx>>,
    /// The last day of assignment.
    pub use_by: Option<Date>,
}

/// A quantity of one item held by one organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lot {
    /// The entry that made it.
    pub entry: u32,
    /// Its line among the lots of that entry.
    pub line: u16,
    /// What it is.
    pub item: ItemIx,
    /// Who holds it.
    pub organization: OrganizationIx,
    /// What it may be spent on: a place in [`State::restrictions`].
    pub restrictions: Option<u32>,
    /// How much it was when made, in minor units. Zero after a reversal.
    pub quantity: u64,
    /// How much is free.
    pub on_hand: u64,
    /// How much is set aside.
    pub assigned: u64,
    /// How much reached recipients.
    pub delivered: u64,
    /// Whether the donation was reversed.
    pub reversed: bool,
}

impl Lot {
    /// What of the lot is in an account; nothing is kept of the donor's.
    pub(super) fn account_mut(&mut self, account: Account) -> Option<&mut u64> {
        match account {
            Account::Donor => None,
            Account::OnHand => Some(&mut self.on_hand),
            Account::Assigned => Some(&mut self.assigned),
            Account::Delivered => Some(&mut self.delivered),
        }
    }
}

/// A part of a lot set aside by an assignment.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct AssignedDraw {
    /// The lot.
    pub lot: LotIx,
    /// How much was set aside.
    pub quantity: u64,
    /// How much of it was delivered.
    pub delivered: u64,
}

/// An assignment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Assignment {
    /// The entry that made it.
    pub entry: u32,
    /// Who made it.
    pub organization: OrganizationIx,
    /// For whom.
    pub recipient: RecipientIx,
    /// What, by ascending lot id.
    pub draws: Box<[AssignedDraw]>,
    /// BLAKE3 of the one-time code.
    pub lock: Option<Box<Blake3Hash>>,
    /// The day by which it should be delivered.
    pub due: Option<Date>,
    /// Whether a standing delivery showed the code.
    pub code_used: bool,
    /// Whether the rest was put back on hand.
    pub cancelled: bool,
    /// Whether the assignment was reversed.
    pub reversed: bool,
}

impl Assignment {
    /// What is set aside and not delivered, by lot; nothing once it is cancelled or reversed.
    pub fn remaining(&self) -> impl Iterator<Item = (LotIx, u64)> {
        let standing = !self.cancelled && !self.reversed;
        self.draws
            .iter()
            .filter(move |draw| standing && draw.quantity > draw.delivered)
            .map(|draw| (draw.lot, draw.quantity - draw.delivered))
    }
}

/// A delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// Of what.
    pub assignment: AssignmentIx,
    /// How much of which lot.
    pub draws: Box<[(LotIx, u64)]>,
    /// Whether it showed the slip's code.
    pub code_shown: bool,
}

/// What an entry made, to find it by the entry's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The kind of the entry's event.
    pub kind: Kind,
    /// Who appended it.
    pub organization: OrganizationIx,
    /// The place of what it made, in the array of its kind; of its first lot for a donation, of the assignment for a cancellation.
    pub place: u32,
    /// Whether a later event reversed it.
    pub reversed: bool,
}

/// What `ledger.opened` said.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opening {
    /// The ledger's id: the id of entry 0's event.
    pub id: EventId,
    /// The key that signs checkpoints.
    pub log_key: PublicKey,
    /// The checkpoint origin.
    pub origin: String,
    /// The ledger's name.
    pub name: Names,
    /// The registrar's organization.
    pub registrar: OrganizationIx,
}

/// Everything the rules remember.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// What the ledger is; none before entry 0.
    pub opening: Option<Opening>,
    /// All event ids.
    pub ids: IdIndex,
    /// What each entry made.
    pub made: Vec<Made>,
    /// Organizations by code.
    pub organizations: Registry<Organization>,
    /// Keys.
    pub keys: FxHashMap<PublicKey, Key>,
    /// Active keys with the role registrar.
    pub registrars: u32,
    /// Items by code.
    pub items: Registry<Item>,
    /// Categories of defined items.
    pub categories: FxHashSet<Code>,
    /// Regions by code.
    pub regions: Registry<Region>,
    /// Programmes by code.
    pub programmes: Registry<Programme>,
    /// Recipients.
    pub recipients: Vec<Recipient>,
    /// Recipients by token.
    pub recipient_of: FxHashMap<Token, RecipientIx>,
    /// Uniqueness tags of standing enrolments.
    pub uniqueness: FxHashSet<(ProgrammeIx, Blake3Hash)>,
    /// Restrictions of gifts; the lots of one gift share theirs.
    pub restrictions: Vec<LotRestrictions>,
    /// Lots.
    pub lots: Vec<Lot>,
    /// Assignments.
    pub assignments: Vec<Assignment>,
    /// Deliveries.
    pub deliveries: Vec<Delivery>,
    /// References of standing events, with the entry that has each.
    pub references: FxHashMap<(OrganizationIx, Blake3Hash), u32>,
    /// The reference of an entry, to free it when the entry is reversed.
    pub reference_of: FxHashMap<u32, Blake3Hash>,
}

impl State {
    /// How many events were accepted.
    pub fn size(&self) -> u64 {
        self.ids.len() as u64
    }

    /// The lot of an id, reversed or not.
    pub fn lot(&self, id: &LotId) -> Option<LotIx> {
        let entry = self.ids.find(&id.event)?;
        let made = self.made[entry as usize];
        if made.kind != Kind::DonationReceived {
            return None;
        }
        let place = made.place + u32::from(id.line);
        self.lots.get(place as usize).filter(|lot| lot.entry == entry).map(|_| LotIx(place))
    }

    /// The id of a lot.
    pub fn lot_id(&self, lot: LotIx) -> LotId {
        let lot = &self.lots[lot.at()];
        LotId { event: self.ids.at(lot.entry), line: lot.line }
    }

    /// What an event made, if it is in the log and of the kind asked for.
    pub fn made_by(&self, id: &EventId, kind: Kind) -> Option<Made> {
        let made = self.made[self.ids.find(id)? as usize];
        (made.kind == kind).then_some(made)
    }

    /// Whether a region is one of those named or lies inside one of them.
    pub fn lies_in(&self, region: RegionIx, named: &[RegionIx]) -> bool {
        // A parent is defined before its child, so going up ends.
        let mut at = Some(region);
        while let Some(here) = at {
            if named.contains(&here) {
                return true;
            }
            at = self.regions.at(here.0).parent;
        }
        false
    }

    /// The feed of a key: where its next event stands.
    pub fn feed(&self, key: &PublicKey) -> FeedHead {
        self.keys.get(key).map_or(FeedHead::EMPTY, |key| key.feed)
    }

    /// Whether an assignment of this lot to the recipient at this time would meet the gift's restrictions; the first that is not met otherwise.
    pub fn restriction_broken(&self, lot: &Lot, recipient: &Recipient, time: Time) -> Option<(crate::rules::Rule, String, String)> {
        use crate::rules::Rule;
        let restrictions = &self.restrictions[lot.restrictions? as usize];
        let codes = |codes: Vec<Code>| codes.iter().map(Code::as_str).collect::<Vec<_>>().join(", ");
        if let Some(programmes) = &restrictions.programmes
            && !programmes.contains(&recipient.programme)
        {
            let named = programmes.iter().map(|p| self.programmes.code(p.0)).collect();
            return Some((Rule::RestrictionProgramme, codes(named), self.programmes.code(recipient.programme.0).to_string()));
        }
        if let Some(regions) = &restrictions.regions
            && !self.lies_in(recipient.region, regions)
        {
            let named = regions.iter().map(|r| self.regions.code(r.0)).collect();
            return Some((Rule::RestrictionRegion, codes(named), self.regions.code(recipient.region.0).to_string()));
        }
        let item = self.items.at(lot.item.0);
        if let Some(categories) = &restrictions.categories
            && !categories.contains(&item.category)
        {
            return Some((Rule::RestrictionCategory, codes(categories.clone()), item.category.to_string()));
        }
        if let Some(items) = &restrictions.items
            && !items.contains(&lot.item)
        {
            let named = items.iter().map(|i| self.items.code(i.0)).collect();
            return Some((Rule::RestrictionItem, codes(named), self.items.code(lot.item.0).to_string()));
        }
        if let Some(use_by) = restrictions.use_by
            && time.date() > use_by
        {
            return Some((Rule::RestrictionUseBy, format!("no later than {use_by}"), time.date().to_string()));
        }
        None
    }
}
