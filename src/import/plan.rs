//! Facts into signed events, judged by the ledger's own rules before they are handed on.
//!
//! The planner holds a copy of the ledger's state and runs `rules::check` on every event it signs, so that what it hands on is accepted, and a row
//! that the rules refuse is a reject with the rule's number, not a broken batch. Nothing is in the ledger until the caller appends
//! [`Planner::take_pending`].
//!
//! ```text
//! donations    [organization] [item]                                  donation.received
//! deliveries   [organization] [item] [programme] [region …] [recipient] donation.received  assignment.made  delivery.made
//! recipient's token = first 16 bytes of BLAKE3 keyed(derive_key("aidledger 2026 import recipient key v1", seed); programme, region, name)
//! ```
//!
//! What stands in brackets is made where it is missing. It is no part of the row's own steps: should a later step be refused, it stays and harms nobody.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};
use zeroize::Zeroizing;

use crate::canonical::{Names, Set, encode};
use crate::crypto::{Blake3Hash, PublicKey, SecretKey};
use crate::event::kinds::*;
use crate::event::{Code, Date, Draft, Draw, EventId, LotId, Quantity, SignedEvent, Time, Token};
use crate::import::convert::{Fact, Help, ItemFact, convert};
use crate::import::mapping::{Mapping, NewLedger, RowKind, Stock};
use crate::import::report::{Outcome, Reject};
use crate::import::rows::{Header, Row};
use crate::import::values::codes;
use crate::rules::state::{ItemIx, LotIx, OrganizationIx};
use crate::rules::{State, check};

const REFERENCE_KEY: &str = "aidledger 2026 import reference key v1";
const RECIPIENT_KEY: &str = "aidledger 2026 import recipient key v1";
const ORGANIZATION_KEY: &str = "aidledger 2026 import organization key v1";
/// Lots that one assignment can draw on.
const DRAWS_MAX: usize = 255;

/// The first event of the ledger that a mapping describes.
pub fn opening(ledger: &NewLedger, language: &str, log_key: PublicKey, key: &SecretKey, now: Time) -> SignedEvent {
    let name = |text: &str| Names::one(language, text);
    let body = Body::LedgerOpened(LedgerOpened {
        log_key,
        name: name(&ledger.name),
        organization_name: name(&ledger.organization_name),
        origin: ledger.origin(),
        roles: Set::new(ledger.roles.clone()),
        rules: 1,
    });
    let draft = Draft { organization: ledger.organization, time: now, body };
    draft.sign(EventId::ZERO, crate::event::signed::FeedHead::EMPTY, key)
}

/// Why an import cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The key has no place in the ledger.
    #[error("the importer's key {0} was never granted in this ledger, or it was revoked")]
    Key(PublicKey),
}

/// An event that waits to be appended.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its id.
    pub id: EventId,
    /// Its kind.
    pub kind: Kind,
    /// The signed event's canonical bytes.
    pub bytes: Vec<u8>,
}

/// What is in the ledger under a name: none where two things have the same name.
type ByName<K> = FxHashMap<K, Option<Code>>;

/// Turns rows into signed events.
pub struct Planner<'a> {
    mapping: &'a Mapping,
    key: &'a SecretKey,
    own: Code,
    state: State,
    pending: Vec<Pending>,
    events: BTreeMap<&'static str, u64>,
    derived: FxHashMap<Code, SecretKey>,
    /// Organizations whose key was found or granted, with all roles that rows need.
    ready: FxHashSet<Code>,
    organizations: ByName<String>,
    items: ByName<(ItemType, Option<Code>, String)>,
    regions: ByName<(Option<Code>, String)>,
    free_lots: FxHashMap<(OrganizationIx, ItemIx), VecDeque<LotIx>>,
    /// How often a row like this was seen, by the first 16 bytes of its hash.
    seen: FxHashMap<[u8; 16], u64>,
    reference_key: Zeroizing<[u8; 32]>,
    recipient_key: Zeroizing<[u8; 32]>,
}

fn note<K: std::hash::Hash + Eq>(index: &mut ByName<K>, key: K, code: Code) {
    index.entry(key).and_modify(|held| *held = held.filter(|held| *held == code)).or_insert(Some(code));
}

impl<'a> Planner<'a> {
    /// Begins with the ledger's state as it is.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn new(mapping: &'a Mapping, key: &'a SecretKey, state: State) -> Result<Planner<'a>, PlanError> {
        let granted = state.keys.get(&key.public()).filter(|granted| !granted.revoked).ok_or(PlanError::Key(key.public()))?;
        let own = state.organizations.code(granted.organization.0);
        let mut planner = Planner {
            mapping,
            key,
            own,
            pending: Vec::new(),
            events: BTreeMap::new(),
            derived: FxHashMap::default(),
            ready: FxHashSet::default(),
            organizations: ByName::default(),
            items: ByName::default(),
            regions: ByName::default(),
            free_lots: FxHashMap::default(),
            seen: FxHashMap::default(),
            reference_key: key.derive_bytes(REFERENCE_KEY, &[]),
            recipient_key: key.derive_bytes(RECIPIENT_KEY, &[]),
            state,
        };
        planner.index();
        Ok(planner)
    }

    fn index(&mut self) {
        let state = &self.state;
        for (code, row) in state.organizations.iter() {
            row.name.iter().for_each(|(_, name)| note(&mut self.organizations, name.to_owned(), code));
        }
        for (code, row) in state.items.iter() {
            row.name.iter().for_each(|(_, name)| note(&mut self.items, (row.r#type, row.unit, name.to_owned()), code));
        }
        for (code, row) in state.regions.iter() {
            let parent = row.parent.map(|parent| state.regions.code(parent.0));
            row.name.iter().for_each(|(_, name)| note(&mut self.regions, (parent, name.to_owned()), code));
        }
        if self.mapping.stock == Stock::OnHand {
            for (place, lot) in state.lots.iter().enumerate().filter(|(_, lot)| !lot.reversed && lot.on_hand > 0) {
                self.free_lots.entry((lot.organization, lot.item)).or_default().push_back(LotIx(place as u32));
            }
        }
    }

    /// The rules' memory, ahead of the ledger by what is pending.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How many events wait to be appended.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Hands over the events that wait, in their order.
    pub fn take_pending(&mut self) -> Vec<Pending> {
        std::mem::take(&mut self.pending)
    }

    /// Events signed so far, by kind.
    pub fn events(&self) -> &BTreeMap<&'static str, u64> {
        &self.events
    }

    /// Takes a row. `now` is the time that the ledger will record for what is pending; it must be the same until that is appended.
    pub fn row(&mut self, header: &Header, row: &Row, now: Time) -> Outcome {
        let references = self.references(row);
        match convert(self.mapping, header, row).and_then(|fact| self.fact(fact, &references, now)) {
            Ok(outcome) => outcome,
            Err(reject) => Outcome::Rejected(reject),
        }
    }

    /// The references of the steps of a row; counts the row among those that look like it.
    fn references(&mut self, row: &Row) -> [Blake3Hash; 3] {
        let mut hasher = blake3::Hasher::new_keyed(&self.reference_key);
        let mut put = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        put(self.mapping.name.as_bytes());
        put(self.mapping.kind.word().as_bytes());
        row.cells.iter().for_each(|cell| put(cell.as_bytes()));
        let short = hasher.finalize().as_bytes()[..16].try_into().expect("16 of 32 bytes");
        let seen = self.seen.entry(short).or_default();
        hasher.update(&8u64.to_le_bytes());
        hasher.update(&seen.to_le_bytes());
        *seen += 1;
        ["stock", "assignment", "delivery"].map(|step| {
            let mut hasher = hasher.clone();
            hasher.update(&(step.len() as u64).to_le_bytes());
            hasher.update(step.as_bytes());
            Blake3Hash(*hasher.finalize().as_bytes())
        })
    }

    fn fact(&mut self, fact: Fact, references: &[Blake3Hash; 3], now: Time) -> Result<Outcome, Reject> {
        let known = match &fact.organization {
            None => Some(self.own),
            Some(name) => self.known_organization(name)?,
        };
        let [stock, assignment, delivery] = *references;
        let last = if fact.help.is_some() { delivery } else { stock };
        if let Some(code) = known
            && self.step(code, &last).is_some()
            && let Some(item) = self.known_item(&fact.item)?
        {
            let quantity = self.quantity(&fact, item)?;
            return Ok(Outcome::AlreadyThere { item, quantity });
        }
        if fact.day > now.date() {
            return Err(Reject::new(&fact.day_column, fact.day.to_string(), "the day is in the future"));
        }
        // Noon, so that no time zone moves it to another day; today it may not be noon yet.
        let time = Time(fact.day.start().0 + 12 * 3600).min(now);
        let organization = match known {
            Some(code) => code,
            None => self.register(fact.organization.as_deref().expect("the importer's own organization is known"), now)?,
        };
        let item = match self.known_item(&fact.item)? {
            Some(code) => code,
            None => {
                // Before the item is defined: its first amount should fit it.
                let (column, cell) = &fact.amount_cell;
                fact.amount.exactly(fact.item.decimals).map_err(|reason| Reject::new(column, cell, reason))?;
                self.define(&fact.item, now)?
            }
        };
        let quantity = self.quantity(&fact, item)?;
        self.sign_for(organization, now)?;
        let Some(help) = &fact.help else {
            self.receive(organization, time, &fact, item, quantity, stock, now)?;
            return Ok(Outcome::Taken { item, quantity, resumed: false });
        };
        let recipient = self.recipient(organization, help, fact.day, time, now)?;
        let begun = self.step(organization, &stock).is_some() || self.step(organization, &assignment).is_some();
        let before = self.pending.len();
        self.deliver(organization, recipient, time, &fact, (item, quantity), references, now).map_err(|mut reject| {
            if begun || self.pending.len() > before {
                reject.reason.push_str(" (earlier steps of this row are in the ledger)");
            }
            reject
        })?;
        Ok(Outcome::Taken { item, quantity, resumed: begun })
    }

    fn quantity(&self, fact: &Fact, item: Code) -> Result<Quantity, Reject> {
        let place = self.state.items.find(&item).expect("the item is defined");
        let (column, cell) = &fact.amount_cell;
        fact.amount.exactly(self.state.items.at(place).decimals).map_err(|reason| Reject::new(column, cell, reason))
    }

    /// The event that took a step, if it stands.
    fn step(&self, organization: Code, reference: &Blake3Hash) -> Option<EventId> {
        let organization = OrganizationIx(self.state.organizations.find(&organization)?);
        self.state.references.get(&(organization, *reference)).map(|entry| self.state.ids.at(*entry))
    }

    fn names(&self, name: &str) -> Names {
        Names::one(&self.mapping.language, name)
    }

    /// Signs an event, judges it, and puts it among those that wait.
    fn emit(&mut self, organization: Code, time: Time, body: Body, now: Time) -> Result<EventId, Reject> {
        let key = if organization == self.own { self.key } else { &self.derived[&organization] };
        let ledger = self.state.opening.as_ref().expect("a ledger with a granted key is open").id;
        let draft = Draft { organization, time, body };
        let signed = draft.sign(ledger, self.state.feed(&key.public()), key);
        let (id, kind) = (signed.id(), signed.event.kind());
        let accepted = check(&self.state, &signed.event, id, now)?;
        self.state.apply(&accepted);
        self.pending.push(Pending { id, kind, bytes: encode(&signed) });
        *self.events.entry(kind.word()).or_default() += 1;
        Ok(id)
    }

    fn known_organization(&self, name: &str) -> Result<Option<Code>, Reject> {
        match self.organizations.get(name) {
            None => Ok(None),
            Some(Some(code)) => Ok(Some(*code)),
            Some(None) => Err(Reject::new("organization", name, "two organizations of the ledger have this name")),
        }
    }

    fn register(&mut self, name: &str, now: Time) -> Result<Code, Reject> {
        let code = codes("organization", name, &[name]).find(|code| self.state.organizations.find(code).is_none());
        let organization = code.ok_or_else(|| Reject::new("organization", name, "no free code for this name"))?;
        let body = OrganizationRegistered { name: self.names(name), organization };
        self.emit(self.own, now, Body::OrganizationRegistered(body), now)?;
        note(&mut self.organizations, name.to_owned(), organization);
        Ok(organization)
    }

    /// The roles that the rows of this mapping need.
    fn roles(&self) -> &'static [Role] {
        match (self.mapping.kind, self.mapping.stock) {
            (RowKind::Donations, _) => &[Role::Finance],
            (RowKind::Deliveries, Stock::Row) => &[Role::Assign, Role::Field, Role::Finance, Role::Intake],
            (RowKind::Deliveries, Stock::OnHand) => &[Role::Assign, Role::Field, Role::Intake],
        }
    }

    /// Sees that there is a key to sign with in the organization's name; grants one where the importer may.
    fn sign_for(&mut self, organization: Code, now: Time) -> Result<(), Reject> {
        if self.ready.contains(&organization) {
            return Ok(());
        }
        let refuse = |reason: &str| Reject::new("organization", organization.as_str(), reason);
        let place = OrganizationIx(self.state.organizations.find(&organization).expect("the organization is registered"));
        if organization == self.own {
            let held = self.state.keys[&self.key.public()].roles;
            if self.roles().iter().any(|role| !held.has(*role)) {
                let needed = self.roles().iter().map(|role| role.word()).collect::<Vec<_>>().join(", ");
                return Err(refuse(&format!("the importer's key has not all the roles that these rows need: {needed}")));
            }
        } else {
            let key = self.key.derive_key(ORGANIZATION_KEY, organization.as_str().as_bytes());
            let mut roles = self.roles().to_vec();
            match self.state.keys.get(&key.public()) {
                Some(granted) if granted.revoked => return Err(refuse("the import's key for this organization was revoked")),
                Some(granted) => roles.extend(granted.roles.iter()),
                None => {
                    let others = self.state.keys.values().any(|key| key.organization == place && !key.revoked);
                    if others && !self.mapping.sign_for_existing {
                        return Err(refuse("this organization has keys of its own; it should sign, or the mapping say sign_for_existing"));
                    }
                }
            }
            let roles = Set::new(roles);
            let granted = self.state.keys.get(&key.public()).map(|granted| granted.roles);
            if granted.is_none_or(|granted| roles.iter().any(|role| !granted.has(*role))) {
                let label = "import".parse().ok();
                let body = KeyGranted { key: key.public(), label, organization, roles };
                self.emit(self.own, now, Body::KeyGranted(body), now)?;
            }
            self.derived.insert(organization, key);
        }
        self.ready.insert(organization);
        Ok(())
    }

    fn known_item(&self, fact: &ItemFact) -> Result<Option<Code>, Reject> {
        let Some(code) = &fact.code else {
            return match self.items.get(&(fact.r#type, fact.unit, fact.name.clone())) {
                None => Ok(None),
                Some(Some(code)) => Ok(Some(*code)),
                Some(None) => Err(Reject::new("item", &fact.name, "two items of the ledger have this name and unit")),
            };
        };
        let Some(place) = self.state.items.find(code) else { return Ok(None) };
        let found = self.state.items.at(place);
        if (found.r#type, found.unit) != (fact.r#type, fact.unit) {
            return Err(Reject::new("item", code.as_str(), "the ledger has an item of this code with another type or unit"));
        }
        Ok(Some(*code))
    }

    fn define(&mut self, fact: &ItemFact, now: Time) -> Result<Code, Reject> {
        let unit = fact.unit.as_ref().map_or("", Code::as_str);
        let word = fact.r#type.word();
        let code = fact.code.or_else(|| {
            let mut candidates = codes("item", &format!("{} {unit}", fact.name), &[&fact.name, unit, word]);
            candidates.find(|code| self.state.items.find(code).is_none())
        });
        let item = code.ok_or_else(|| Reject::new("item", &fact.name, "no free code for this name and unit"))?;
        let (r#type, unit, category) = (fact.r#type, fact.unit, fact.category);
        let body = ItemDefined { category, decimals: u64::from(fact.decimals), item, name: self.names(&fact.name), r#type, unit };
        self.emit(self.own, now, Body::ItemDefined(body), now)?;
        note(&mut self.items, (fact.r#type, fact.unit, fact.name.clone()), item);
        Ok(item)
    }

    #[allow(clippy::too_many_arguments)]
    fn receive(
        &mut self,
        organization: Code,
        time: Time,
        fact: &Fact,
        item: Code,
        quantity: Quantity,
        reference: Blake3Hash,
        now: Time,
    ) -> Result<EventId, Reject> {
        let set = |codes: &Vec<Code>| (!codes.is_empty()).then(|| Set::new(codes.clone()));
        let restrictions = self.mapping.restrictions.as_ref().map(|source| Restrictions {
            categories: set(&source.categories),
            items: set(&source.items),
            programmes: set(&source.programmes),
            regions: set(&source.regions),
            use_by: fact.use_by,
        });
        let nothing = Restrictions { categories: None, items: None, programmes: None, regions: None, use_by: None };
        let restrictions = restrictions.filter(|restrictions| *restrictions != nothing);
        let body = DonationReceived {
            donor: fact.donor.clone().expect("a gift has a donor"),
            lots: vec![LotLine { item, quantity }],
            pledge: None,
            receipt: None,
            reference: Some(reference),
            restrictions,
        };
        self.emit(organization, time, Body::DonationReceived(body), now)
    }

    /// The recipient's token; programme, regions and enrolment are made where they are missing.
    fn recipient(&mut self, organization: Code, help: &Help, day: Date, time: Time, now: Time) -> Result<Token, Reject> {
        let source = self.mapping.programme.as_ref().expect("a mapping of deliveries has a programme");
        let programme = source.code;
        if self.state.programmes.find(&programme).is_none() {
            let name = self.names(&source.name);
            let body =
                ProgrammeOpened { from: None, name, organizations: None, programme, recipient_types: None, regions: None, until: None };
            self.emit(self.own, now, Body::ProgrammeOpened(body), now)?;
        }
        self.programme_takes(programme, organization, day)?;
        let region = self.region(&help.regions, now)?;
        let token = self.token(programme, region, &help.recipient);
        match self.state.recipient_of.get(&token) {
            Some(place) if self.state.recipients[place.at()].reversed => {
                return Err(Reject::new("recipient", &help.recipient, "the recipient's enrolment was reversed"));
            }
            Some(_) => {}
            None => {
                let body = RecipientEnrolled {
                    commitment: None,
                    key: None,
                    name: Some(self.names(&help.recipient)),
                    programme,
                    recipient: token,
                    reference: None,
                    region,
                    size: None,
                    r#type: self.mapping.recipient.as_ref().expect("a mapping of deliveries has a recipient").r#type,
                    uniqueness: None,
                };
                self.emit(organization, time, Body::RecipientEnrolled(body), now)?;
            }
        }
        Ok(token)
    }

    /// Looks ahead at what would refuse the assignment, so that no stock comes in for nothing.
    fn programme_takes(&self, programme: Code, organization: Code, day: Date) -> Result<(), Reject> {
        let refuse = |reason: &str| Err(Reject::new("programme", programme.as_str(), reason));
        let row = self.state.programmes.at(self.state.programmes.find(&programme).expect("the programme was opened"));
        let organization = OrganizationIx(self.state.organizations.find(&organization).expect("the organization is registered"));
        if row.closed {
            return refuse("the programme is closed");
        }
        if row.from.is_some_and(|from| day < from) || row.until.is_some_and(|until| day > until) {
            return refuse("the day lies outside the programme's period");
        }
        if row.organization != organization && row.organizations.as_ref().is_some_and(|named| !named.contains(&organization)) {
            return refuse("the organization takes no part in the programme");
        }
        Ok(())
    }

    fn region(&mut self, path: &[String], now: Time) -> Result<Code, Reject> {
        let mut parent: Option<Code> = None;
        for (depth, name) in path.iter().enumerate() {
            let code = match self.regions.get(&(parent, name.clone())) {
                Some(Some(code)) => *code,
                Some(None) => return Err(Reject::new("region", name, "two regions of the ledger have this name in the same place")),
                None => {
                    let identity: Vec<&str> = path[..=depth].iter().map(String::as_str).collect();
                    let code = codes("region", name, &identity).find(|code| self.state.regions.find(code).is_none());
                    let region = code.ok_or_else(|| Reject::new("region", name, "no free code for this name"))?;
                    let body = RegionDefined { name: self.names(name), parent, region };
                    self.emit(self.own, now, Body::RegionDefined(body), now)?;
                    note(&mut self.regions, (parent, name.clone()), region);
                    region
                }
            };
            parent = Some(code);
        }
        Ok(parent.expect("a mapping of deliveries names at least one region"))
    }

    fn token(&self, programme: Code, region: Code, name: &str) -> Token {
        let mut hasher = blake3::Hasher::new_keyed(&self.recipient_key);
        for part in [programme.as_str(), region.as_str(), name] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Token(hasher.finalize().as_bytes()[..16].try_into().expect("16 of 32 bytes"))
    }

    /// The steps of a delivery that are missing.
    #[allow(clippy::too_many_arguments)]
    fn deliver(
        &mut self,
        organization: Code,
        recipient: Token,
        time: Time,
        fact: &Fact,
        (item, quantity): (Code, Quantity),
        &[stock, assignment, delivery]: &[Blake3Hash; 3],
        now: Time,
    ) -> Result<(), Reject> {
        let assigned = match self.step(organization, &assignment) {
            Some(id) => id,
            None => {
                let draws = match self.mapping.stock {
                    Stock::OnHand => self.draws(organization, recipient, item, quantity, time)?,
                    Stock::Row => {
                        let event = match self.step(organization, &stock) {
                            Some(id) => id,
                            None => self.receive(organization, time, fact, item, quantity, stock, now)?,
                        };
                        Set::new(vec![Draw { lot: LotId { event, line: 0 }, quantity }])
                    }
                };
                let programme = self.mapping.programme.as_ref().expect("a mapping of deliveries has a programme").code;
                let body = AssignmentMade { draws, due: None, lock: None, need: None, programme, recipient, reference: Some(assignment) };
                self.emit(organization, time, Body::AssignmentMade(body), now)?
            }
        };
        let made = self.state.made_by(&assigned, Kind::AssignmentMade).expect("the reference is an assignment's");
        let draw = |(lot, minor): (LotIx, u64)| {
            let decimals = self.state.items.at(self.state.lots[lot.at()].item.0).decimals;
            Draw { lot: self.state.lot_id(lot), quantity: Quantity { minor, decimals } }
        };
        let draws: Vec<Draw> = self.state.assignments[made.place as usize].remaining().map(draw).collect();
        if draws.is_empty() {
            return Err(Reject::new("assignment", assigned.to_string(), "its assignment was cancelled or delivered otherwise"));
        }
        let body = DeliveryMade { assignment: assigned, code: None, draws: Set::new(draws), evidence: None, reference: Some(delivery) };
        self.emit(organization, time, Body::DeliveryMade(body), now)?;
        Ok(())
    }

    /// What is on hand, first in first out, among the lots whose restrictions fit.
    fn draws(&mut self, organization: Code, recipient: Token, item: Code, quantity: Quantity, time: Time) -> Result<Set<Draw>, Reject> {
        let state = &self.state;
        let place = |found: Option<u32>| found.expect("organization and item are in the ledger");
        let key = (OrganizationIx(place(state.organizations.find(&organization))), ItemIx(place(state.items.find(&item))));
        let recipient = &state.recipients[state.recipient_of[&recipient].at()];
        let lots = self.free_lots.entry(key).or_default();
        while lots.front().is_some_and(|lot| state.lots[lot.at()].on_hand == 0) {
            lots.pop_front();
        }
        let mut missing = quantity.minor;
        let mut draws = Vec::new();
        for lot in lots.iter() {
            let row = &state.lots[lot.at()];
            if missing == 0 || draws.len() == DRAWS_MAX {
                break;
            }
            if row.on_hand == 0 || state.restriction_broken(row, &state.use_for(row, recipient, time)).is_some() {
                continue;
            }
            let minor = missing.min(row.on_hand);
            missing -= minor;
            draws.push(Draw { lot: state.lot_id(*lot), quantity: Quantity { minor, decimals: quantity.decimals } });
        }
        if missing > 0 {
            return Err(Reject::new("stock", quantity.to_string(), "not enough on hand that may be given to this recipient"));
        }
        Ok(Set::new(draws))
    }
}
