//! What the rules remember of the log: enough to judge the next event and nothing else.
//!
//! Everything an event makes is held in an array in log order and named by its place there, so the whole is compact, cheap to store
//! and the same on every machine. Maps are used to find things, never to go through them.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::canonical::Names;
use crate::crypto::{Blake3Hash, PublicKey};
use crate::event::kinds::{Award, ItemType, Kind, RecipientType, Role};
use crate::event::signed::FeedHead;
use crate::event::{Code, Date, EventId, LotId, Time, Token};
use crate::rules::ids::IdIndex;
use crate::rules::policy::{Policies, Subject};
use crate::rules::postings::Account;
use crate::rules::rejection::Rule;

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
    DeliveryIx,
    /// A key, in the order in which keys were granted.
    KeyIx,
    /// A need.
    NeedIx,
    /// A pledge.
    PledgeIx,
    /// A movement: a return, purchase, transfer, acceptance, expense or loss.
    MovementIx,
    /// A volunteer.
    VolunteerIx
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
    /// Its place among all keys.
    pub place: KeyIx,
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
    /// Its own key, which signs disputes.
    pub key: Option<Box<PublicKey>>,
    /// Assignments that stand and are not cancelled with nothing delivered: while there is one, the enrolment is not reversed.
    pub assignments: u32,
    /// Its standing needs, oldest first.
    pub needs: Vec<NeedIx>,
    /// Whether it gets nothing more.
    pub withdrawn: bool,
    /// Whether the enrolment was reversed.
    pub reversed: bool,
}

/// What a lot may be spent on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// What it may be spent on: a place among the sets of [`Restricted`].
    pub restrictions: Option<u32>,
    /// How much it was when made, in minor units.
    pub quantity: u64,
    /// How much is free.
    pub on_hand: u64,
    /// How much is set aside.
    pub assigned: u64,
    /// How much reached recipients.
    pub delivered: u64,
    /// How much is on its way to another organization.
    pub in_transit: u64,
    /// How much was spent: on purchases and expenses.
    pub spent: u64,
    /// How much is lost.
    pub lost: u64,
    /// How much went back to the donor.
    pub returned: u64,
    /// How much became lots of other organizations.
    pub transferred: u64,
    /// Whether what made it was reversed.
    pub reversed: bool,
}

impl Lot {
    /// A lot of which nothing is anywhere yet: what makes it is posted.
    pub(super) fn new(
        entry: u32,
        line: usize,
        item: ItemIx,
        organization: OrganizationIx,
        restrictions: Option<u32>,
        quantity: u64,
    ) -> Lot {
        let line = u16::try_from(line).expect("a list has at most 256 lines");
        let [on_hand, assigned, delivered, in_transit, spent, lost, returned, transferred] = [0; 8];
        Lot {
            entry,
            line,
            item,
            organization,
            restrictions,
            quantity,
            on_hand,
            assigned,
            delivered,
            in_transit,
            spent,
            lost,
            returned,
            transferred,
            reversed: false,
        }
    }

    /// What of the lot is in an account; nothing is kept of those outside, where lots come from.
    pub(super) fn account_mut(&mut self, account: Account) -> Option<&mut u64> {
        match account {
            Account::Donor | Account::Supplier | Account::TransferredIn => None,
            Account::OnHand => Some(&mut self.on_hand),
            Account::InTransit => Some(&mut self.in_transit),
            Account::Assigned => Some(&mut self.assigned),
            Account::Delivered => Some(&mut self.delivered),
            Account::Spent => Some(&mut self.spent),
            Account::Lost => Some(&mut self.lost),
            Account::Returned => Some(&mut self.returned),
            Account::TransferredOut => Some(&mut self.transferred),
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
    /// The need that it answers.
    pub need: Option<NeedIx>,
    /// The day by which it should be delivered.
    pub due: Option<Date>,
    /// Whether a delivery showed the code, be it reversed since: the code is public from then on and proves nothing more.
    pub code_used: bool,
    /// Whether the rest was put back on hand.
    pub cancelled: bool,
    /// Whether the assignment was reversed.
    pub reversed: bool,
}

impl Assignment {
    /// Whether any standing delivery took from it.
    pub fn delivered_any(&self) -> bool {
        self.draws.iter().any(|draw| draw.delivered > 0)
    }

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
    /// The entry that made it.
    pub entry: u32,
    /// Of what.
    pub assignment: AssignmentIx,
    /// How much of which lot.
    pub draws: Box<[(LotIx, u64)]>,
    /// Which needs it served, and how much of each.
    pub served: Box<[Served]>,
    /// Whether the recipient's one-time code was shown.
    pub acknowledged: bool,
}

/// A part of a need that a delivery served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The need.
    pub need: NeedIx,
    /// Its line.
    pub line: u16,
    /// How much.
    pub quantity: u64,
}

/// What a recipient lacks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Need {
    /// The entry that recorded it.
    pub entry: u32,
    /// Whose.
    pub recipient: RecipientIx,
    /// What.
    pub lines: Box<[NeedLine]>,
    /// The day by which it is needed.
    pub due: Option<Date>,
    /// Standing assignments that name it: while there is one, the need is not reversed.
    pub assignments: u32,
    /// Whether it was reversed.
    pub reversed: bool,
}

/// A line of a need.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct NeedLine {
    /// Of what.
    pub item: ItemIx,
    /// How much is needed.
    pub quantity: u64,
    /// How much of it was delivered; never more than is needed.
    pub served: u64,
}

impl Need {
    /// Whether it stands and something of it is not served.
    pub fn open(&self) -> bool {
        !self.reversed && self.lines.iter().any(|line| line.served < line.quantity)
    }
}

/// A promised gift.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pledge {
    /// The entry that recorded it.
    pub entry: u32,
    /// To whom.
    pub organization: OrganizationIx,
    /// What was promised.
    pub lines: Box<[PledgeLine]>,
    /// The day by which it was promised.
    pub due: Option<Date>,
    /// Standing donations that keep it: while there is one, the pledge is not reversed.
    pub donations: u32,
    /// Whether it was reversed.
    pub reversed: bool,
}

/// A line of a pledge.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct PledgeLine {
    /// Of what.
    pub item: ItemIx,
    /// How much was promised.
    pub quantity: u64,
    /// How much standing donations brought, be it more than was promised. Of several lines of one item the first counts for all.
    pub received: u128,
}

/// What a return, purchase, transfer, acceptance, expense or loss moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Movement {
    /// The entry that made it.
    pub entry: u32,
    /// How much of which lot; of an acceptance, what arrived.
    pub draws: Box<[(LotIx, u64)]>,
    /// Of a purchase: what each line cost.
    pub costs: Box<[u64]>,
    /// The first of the lots that it made.
    pub first_lot: LotIx,
    /// How many lots it made.
    pub lots: u16,
    /// Of a transfer: to whom.
    pub to: Option<OrganizationIx>,
    /// Of a transfer: the standing acceptance. Of an acceptance: the transfer.
    pub other: Option<MovementIx>,
    /// Of an expense: what it was for.
    pub programme: Option<ProgrammeIx>,
    /// Of an expense: where.
    pub region: Option<RegionIx>,
}

/// A dispute.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Dispute {
    /// Of which delivery.
    pub delivery: DeliveryIx,
}

/// A volunteer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Volunteer {
    /// The token.
    pub token: Token,
    /// The entry with which the volunteer joined.
    pub entry: u32,
    /// For whom the volunteer works.
    pub organization: OrganizationIx,
    /// The volunteer's own device.
    pub key: Option<KeyIx>,
    /// Minutes of standing service.
    pub minutes: u64,
    /// Standing deliveries under the volunteer's key since it was named.
    pub deliveries: u64,
    /// Standing awards, one bit each.
    pub awards: u8,
}

/// A service of a volunteer.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Service {
    /// Whose.
    pub volunteer: VolunteerIx,
    /// How long.
    pub minutes: u32,
    /// For which programme.
    pub programme: Option<ProgrammeIx>,
}

/// What lots may be spent on, each set of restrictions once.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Restricted {
    /// Every set of restrictions that a gift had.
    one: Vec<LotRestrictions>,
    one_of: FxHashMap<LotRestrictions, u32>,
    /// Places in `one`, ascending: all of them hold together.
    sets: Vec<Box<[u32]>>,
    set_of: FxHashMap<Box<[u32]>, u32>,
}

impl Restricted {
    /// The set of a gift's own restrictions.
    pub(super) fn gift(&mut self, restrictions: &LotRestrictions) -> u32 {
        let place = match self.one_of.get(restrictions) {
            Some(place) => *place,
            None => {
                let place = self.one.len() as u32;
                self.one.push(restrictions.clone());
                self.one_of.insert(restrictions.clone(), place);
                place
            }
        };
        self.set(vec![place])
    }

    /// The set that has all members of some sets.
    pub(super) fn together(&mut self, sets: impl Iterator<Item = u32>) -> Option<u32> {
        let all = self.members(sets);
        if all.is_empty() { None } else { Some(self.set(all)) }
    }

    /// The members of some sets, ascending, each once.
    fn members(&self, sets: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut all: Vec<u32> = sets.flat_map(|set| self.sets[set as usize].iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn set(&mut self, members: Vec<u32>) -> u32 {
        let members = members.into_boxed_slice();
        match self.set_of.get(&members) {
            Some(set) => *set,
            None => {
                let set = self.sets.len() as u32;
                self.sets.push(members.clone());
                self.set_of.insert(members, set);
                set
            }
        }
    }

    /// The restrictions of a set.
    pub fn of(&self, set: Option<u32>) -> impl Iterator<Item = &LotRestrictions> {
        set.into_iter().flat_map(|set| self.sets[set as usize].iter().map(|one| &self.one[*one as usize]))
    }
}

/// What something is spent on: what restrictions look at.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// For which programme, if that is said.
    pub programme: Option<ProgrammeIx>,
    /// For people where, if that is said.
    pub region: Option<RegionIx>,
    /// What is handed over or bought.
    pub item: ItemIx,
    /// When.
    pub day: Date,
}

/// What an entry made, to find it by the entry's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The kind of the entry's event.
    pub kind: Kind,
    /// Who appended it.
    pub organization: OrganizationIx,
    /// Which key signed it.
    pub signer: KeyIx,
    /// The place of what it made, in the array of its kind; of its first lot for a donation; the entry that it undoes for a reversal; of what it is about for those that make nothing.
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
    /// Keys in the order in which they were granted.
    pub key_order: Vec<PublicKey>,
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
    /// Recipients by their own keys.
    pub recipient_keys: FxHashMap<PublicKey, RecipientIx>,
    /// Needs.
    pub needs: Vec<Need>,
    /// Pledges.
    pub pledges: Vec<Pledge>,
    /// The pledge that a donation keeps, by the donation's entry.
    pub pledge_of: FxHashMap<u32, PledgeIx>,
    /// What lots may be spent on.
    pub restricted: Restricted,
    /// Lots.
    pub lots: Vec<Lot>,
    /// Assignments.
    pub assignments: Vec<Assignment>,
    /// Locks of all assignments and receipts of all gifts ever made, each with its entry: a code opens one of them only.
    pub locks: FxHashMap<Blake3Hash, u32>,
    /// Deliveries.
    pub deliveries: Vec<Delivery>,
    /// Who confirmed a delivery, beside the one who made it.
    pub confirmations: FxHashMap<DeliveryIx, Vec<KeyIx>>,
    /// Disputes.
    pub disputes: Vec<Dispute>,
    /// Returns, purchases, transfers, acceptances, expenses and losses.
    pub movements: Vec<Movement>,
    /// What each count counted.
    pub counts: Vec<Box<[ItemIx]>>,
    /// What events must be beyond the rules.
    pub policies: Policies,
    /// Who approved what.
    pub approvals: FxHashMap<Subject, Vec<KeyIx>>,
    /// Volunteers.
    pub volunteers: Vec<Volunteer>,
    /// Volunteers by token.
    pub volunteer_of: FxHashMap<Token, VolunteerIx>,
    /// Volunteers by their own keys.
    pub volunteer_keys: FxHashMap<KeyIx, VolunteerIx>,
    /// Services of volunteers.
    pub services: Vec<Service>,
    /// Awards given to volunteers.
    pub recognitions: Vec<(VolunteerIx, Award)>,
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
        let place = self.first_lot(entry)?.0.checked_add(u32::from(id.line))?;
        self.lots.get(place as usize).filter(|lot| lot.entry == entry).map(|_| LotIx(place))
    }

    /// Where the lots begin that an entry made; none if its kind makes none. There may be none at that place.
    pub fn first_lot(&self, entry: u32) -> Option<LotIx> {
        let made = self.made[entry as usize];
        match made.kind {
            Kind::DonationReceived => Some(LotIx(made.place)),
            Kind::PurchaseMade | Kind::TransferAccepted => Some(self.movements[made.place as usize].first_lot),
            _ => None,
        }
    }

    /// The lots that an entry made, in order.
    pub fn lots_of(&self, entry: u32) -> impl Iterator<Item = (LotIx, &Lot)> {
        let first = self.first_lot(entry).map_or(self.lots.len(), LotIx::at);
        let lots = self.lots[first..].iter().take_while(move |lot| lot.entry == entry);
        lots.enumerate().map(move |(line, lot)| (LotIx((first + line) as u32), lot))
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

    /// The place of a key that is granted for the first time.
    pub(super) fn new_key(&mut self, key: PublicKey) -> KeyIx {
        self.key_order.push(key);
        KeyIx(u32::try_from(self.key_order.len() - 1).expect("a log has fewer than 2^32 keys"))
    }

    /// The key at a place.
    pub fn key_at(&self, place: KeyIx) -> &Key {
        &self.keys[&self.key_order[place.at()]]
    }

    /// The feed of a key: where its next event stands.
    pub fn feed(&self, key: &PublicKey) -> FeedHead {
        self.keys.get(key).map_or(FeedHead::EMPTY, |key| key.feed)
    }

    /// What an assignment to a recipient spends a lot on.
    pub fn use_for(&self, lot: &Lot, recipient: &Recipient, time: Time) -> Use {
        Use { programme: Some(recipient.programme), region: Some(recipient.region), item: lot.item, day: time.date() }
    }

    /// The first restriction of a lot that a use does not meet: the rule, what was expected, what was found.
    pub fn restriction_broken(&self, lot: &Lot, used: &Use) -> Option<(Rule, String, String)> {
        self.restricted.of(lot.restrictions).find_map(|restrictions| self.one_broken(restrictions, used))
    }

    fn one_broken(&self, restrictions: &LotRestrictions, used: &Use) -> Option<(Rule, String, String)> {
        let codes = |codes: Vec<Code>| codes.iter().map(Code::as_str).collect::<Vec<_>>().join(", ");
        let none = || "none".to_owned();
        if let Some(programmes) = &restrictions.programmes
            && !used.programme.is_some_and(|programme| programmes.contains(&programme))
        {
            let named = programmes.iter().map(|p| self.programmes.code(p.0)).collect();
            let found = used.programme.map_or_else(none, |programme| self.programmes.code(programme.0).to_string());
            return Some((Rule::RestrictionProgramme, codes(named), found));
        }
        if let Some(regions) = &restrictions.regions
            && !used.region.is_some_and(|region| self.lies_in(region, regions))
        {
            let named = regions.iter().map(|r| self.regions.code(r.0)).collect();
            let found = used.region.map_or_else(none, |region| self.regions.code(region.0).to_string());
            return Some((Rule::RestrictionRegion, codes(named), found));
        }
        self.goods_broken(restrictions, used)
    }

    /// As [`State::restriction_broken`], but only what concerns the item and the day: of what is bought, programme and region are not known yet.
    pub fn purchase_broken(&self, lot: &Lot, used: &Use) -> Option<(Rule, String, String)> {
        self.restricted.of(lot.restrictions).find_map(|restrictions| self.goods_broken(restrictions, used))
    }

    fn goods_broken(&self, restrictions: &LotRestrictions, used: &Use) -> Option<(Rule, String, String)> {
        let codes = |codes: Vec<Code>| codes.iter().map(Code::as_str).collect::<Vec<_>>().join(", ");
        let item = self.items.at(used.item.0);
        if let Some(categories) = &restrictions.categories
            && !categories.contains(&item.category)
        {
            return Some((Rule::RestrictionCategory, codes(categories.clone()), item.category.to_string()));
        }
        if let Some(items) = &restrictions.items
            && !items.contains(&used.item)
        {
            let named = items.iter().map(|i| self.items.code(i.0)).collect();
            return Some((Rule::RestrictionItem, codes(named), self.items.code(used.item.0).to_string()));
        }
        if let Some(use_by) = restrictions.use_by
            && used.day > use_by
        {
            return Some((Rule::RestrictionUseBy, format!("no later than {use_by}"), used.day.to_string()));
        }
        None
    }
}
