//! A book-keeper who knows the rules by heart and nothing of the program: an independent model for random histories.
//!
//! It reads events as plain JSON, holds everything under strings in sorted maps, counts in 128 bits, and remembers of each event what it
//! moved. What the program keeps as a flag or a counter is found here by looking through all events again. It answers with the name of
//! the rule that is broken first, for the rules that the histories can break.

use std::collections::{BTreeMap, BTreeSet};

use aidledger::canonical::encode;
use aidledger::event::SignedEvent;
use serde_json::Value;

/// Where a quantity can be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    Donor,
    OnHand,
    Assigned,
    Delivered,
}

/// An event as anybody can read it.
pub struct Event {
    pub id: String,
    pub json: Value,
}

impl Event {
    pub fn read(signed: &SignedEvent) -> Event {
        let bytes = encode(&signed.event);
        Event { id: blake3::hash(&bytes).to_hex().to_string(), json: serde_json::from_slice(&bytes).expect("an event is JSON") }
    }
    fn text(&self, member: &str) -> &str {
        self.json[member].as_str().expect("a string")
    }
    fn body(&self, member: &str) -> &str {
        text(&self.json["body"], member)
    }
}

pub struct Made {
    pub kind: String,
    pub organization: String,
    pub reversed: bool,
    body: Value,
    moves: Vec<Move>,
}

impl Made {
    /// The recipient that it enrolled.
    pub fn recipient(&self) -> &str {
        text(&self.body, "recipient")
    }
}

#[derive(Clone)]
struct Move {
    lot: String,
    from: Place,
    to: Place,
    minor: i128,
}

pub struct Lot {
    pub organization: String,
    pub item: String,
    event: String,
    restrictions: Value,
    places: BTreeMap<Place, i128>,
}

impl Lot {
    pub fn at(&self, place: Place) -> i128 {
        self.places.get(&place).copied().unwrap_or(0)
    }
}

pub struct Recipient {
    pub programme: String,
    event: String,
    region: String,
    tag: Option<String>,
}

pub struct Assignment {
    pub organization: String,
    pub draws: BTreeMap<String, Draw>,
    pub lock: Option<String>,
    recipient: String,
}

#[derive(Clone, Copy)]
pub struct Draw {
    pub assigned: i128,
    pub delivered: i128,
}

struct Programme {
    organization: String,
    organizations: Value,
    types: Value,
    regions: Value,
    closed: bool,
}

struct Key {
    organization: String,
    roles: Value,
    revoked: bool,
}

/// All that was entered.
#[derive(Default)]
pub struct Book {
    pub lots: BTreeMap<String, Lot>,
    pub recipients: BTreeMap<String, Recipient>,
    pub assignments: BTreeMap<String, Assignment>,
    pub events: BTreeMap<String, Made>,
    /// Event ids as they came.
    pub order: Vec<String>,
    organizations: BTreeMap<String, bool>,
    keys: BTreeMap<String, Key>,
    /// The log's own, which is nobody's.
    log_key: String,
    /// Category and decimals.
    items: BTreeMap<String, (String, usize)>,
    /// Parents.
    regions: BTreeMap<String, Option<String>>,
    programmes: BTreeMap<String, Programme>,
    /// Deliveries and cancellations by assignment.
    follow_ups: BTreeMap<String, Vec<String>>,
}

type Verdict<T> = Result<T, &'static str>;

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().expect("a string")
}

/// An absent list allows everything.
fn allows(list: &Value, word: &str) -> bool {
    list.as_array().is_none_or(|list| list.iter().any(|value| value == word))
}

fn refuse(broken: bool, rule: &'static str) -> Verdict<()> {
    if broken { Err(rule) } else { Ok(()) }
}

impl Book {
    /// Enters an event, or names the rule it breaks.
    pub fn enter(&mut self, event: &Event) -> Verdict<()> {
        let (kind, organization) = (event.text("kind"), event.text("organization"));
        if kind != "ledger.opened" {
            self.common(event, kind, organization)?;
        }
        let moves = match kind {
            "recipient.enrolled" => self.recipient_enrolled(event, organization)?,
            "donation.received" => self.donation_received(event, organization)?,
            "assignment.made" => self.assignment_made(event, organization)?,
            "assignment.cancelled" => self.assignment_cancelled(event, organization)?,
            "delivery.made" => self.delivery_made(event, organization)?,
            "event.reversed" => self.event_reversed(event, organization)?,
            _ => self.governance(event, kind, organization)?,
        };
        for Move { lot, from, to, minor } in &moves {
            let places = &mut self.lots.get_mut(lot).expect("a lot").places;
            *places.entry(*from).or_default() -= minor;
            *places.entry(*to).or_default() += minor;
        }
        let (kind, organization) = (kind.to_owned(), organization.to_owned());
        self.events.insert(event.id.clone(), Made { kind, organization, reversed: false, body: event.json["body"].clone(), moves });
        self.order.push(event.id.clone());
        Ok(())
    }

    /// What each organization holds of each item: on hand, assigned, delivered.
    pub fn balances(&self) -> BTreeMap<(String, String), [i128; 3]> {
        let mut balances: BTreeMap<_, [i128; 3]> = BTreeMap::new();
        for lot in self.lots.values() {
            let sums = balances.entry((lot.organization.clone(), lot.item.clone())).or_default();
            for (sum, place) in sums.iter_mut().zip([Place::OnHand, Place::Assigned, Place::Delivered]) {
                *sum += lot.at(place);
            }
        }
        balances
    }

    /// What is remarkable about a refusal: that it rests on something that stands no longer. Empty for any other.
    pub fn remark(&self, event: &Event, rule: &str) -> &'static str {
        let assignment = |body: &Value| text(body, "assignment").to_owned();
        match rule {
            "code-used" => {
                let id = assignment(&event.json["body"]);
                let shown = self.standing_follow_ups(&id, "delivery.made").any(|made| made.body["code"].is_string());
                if shown { "" } else { ", by a delivery that was reversed" }
            }
            "lock-used" => {
                let lock = Some(event.body("lock").to_owned());
                let standing = self.assignments.iter().any(|(id, other)| other.lock == lock && self.stands(id));
                if standing { "" } else { ", by an assignment that was reversed" }
            }
            "event-has-consequences" => {
                let made = &self.events[event.body("event")];
                if made.kind != "assignment.cancelled" {
                    return "";
                }
                let recipient = &self.assignments[&assignment(&made.body)].recipient;
                // The goods being there, it is the enrolment alone that forbids it.
                let there = made.moves.iter().all(|moved| self.lots[&moved.lot].at(moved.to) >= moved.minor);
                if there && !self.stands(&self.recipients[recipient].event) { ", the enrolment reversed" } else { "" }
            }
            _ => "",
        }
    }

    /// Whether a recipient has an assignment that was made, cancelled and not reversed.
    pub fn was_cancelled_for(&self, recipient: &str) -> bool {
        let mut all = self.assignments.iter();
        all.any(|(id, assignment)| assignment.recipient == recipient && self.stands(id))
    }

    fn stands(&self, id: &str) -> bool {
        !self.events[id].reversed
    }

    fn common(&self, event: &Event, kind: &str, organization: &str) -> Verdict<()> {
        let key = self.keys.get(event.text("signer")).ok_or("key-unknown")?;
        refuse(key.revoked, "key-revoked")?;
        refuse(*self.organizations.get(organization).ok_or("organization-unknown")?, "organization-suspended")?;
        let roles: &[&str] = match kind {
            "recipient.enrolled" => &["intake"],
            "donation.received" => &["finance"],
            "assignment.made" | "assignment.cancelled" => &["assign"],
            "delivery.made" => &["field"],
            "event.reversed" => &["intake", "finance", "assign", "field"],
            "programme.opened" => &["admin"],
            "key.granted" | "key.revoked" | "programme.closed" => &["admin", "registrar"],
            _ => &["registrar"],
        };
        refuse(!roles.iter().any(|role| allows(&key.roles, role)), "role-missing")?;
        let reference = &event.json["body"]["reference"];
        let used =
            self.events.values().any(|made| !made.reversed && made.organization == organization && &made.body["reference"] == reference);
        refuse(!reference.is_null() && used, "reference-used")
    }

    fn governance(&mut self, event: &Event, kind: &str, organization: &str) -> Verdict<Vec<Move>> {
        let body = &event.json["body"];
        match kind {
            "ledger.opened" => {
                refuse(event.text("signer") == text(body, "log_key"), "key-taken")?;
                self.log_key = text(body, "log_key").to_owned();
                self.organizations.insert(organization.to_owned(), false);
                let key = Key { organization: organization.to_owned(), roles: body["roles"].clone(), revoked: false };
                self.keys.insert(event.text("signer").to_owned(), key);
            }
            "organization.registered" => {
                let taken = self.organizations.insert(text(body, "organization").to_owned(), false);
                refuse(taken.is_some(), "organization-exists")?;
            }
            "organization.suspended" | "organization.reinstated" => {
                let suspended = self.organizations.get_mut(text(body, "organization")).ok_or("organization-not-found")?;
                let wanted = kind == "organization.suspended";
                refuse(*suspended == wanted, "organization-status-unchanged")?;
                *suspended = wanted;
            }
            "key.granted" => {
                let holder = text(body, "organization");
                let known = self.keys.get(text(body, "key"));
                refuse(text(body, "key") == self.log_key || known.is_some_and(|key| key.organization != holder), "key-taken")?;
                refuse(known.is_some_and(|key| key.revoked), "key-retired")?;
                let key = Key { organization: holder.to_owned(), roles: body["roles"].clone(), revoked: false };
                self.keys.insert(text(body, "key").to_owned(), key);
            }
            "key.revoked" => {
                let key = self.keys.get_mut(text(body, "key")).filter(|key| !key.revoked).ok_or("key-not-active")?;
                key.revoked = true;
            }
            "item.defined" => {
                refuse(self.items.contains_key(text(body, "item")), "item-exists")?;
                let decimals = body["decimals"].as_u64().expect("a number") as usize;
                self.items.insert(text(body, "item").to_owned(), (text(body, "category").to_owned(), decimals));
            }
            "region.defined" => {
                refuse(self.regions.contains_key(text(body, "region")), "region-exists")?;
                self.regions.insert(text(body, "region").to_owned(), body["parent"].as_str().map(str::to_owned));
            }
            "programme.opened" => {
                refuse(self.programmes.contains_key(text(body, "programme")), "programme-exists")?;
                let programme = Programme {
                    organization: organization.to_owned(),
                    organizations: body["organizations"].clone(),
                    types: body["recipient_types"].clone(),
                    regions: body["regions"].clone(),
                    closed: false,
                };
                self.programmes.insert(text(body, "programme").to_owned(), programme);
            }
            "programme.closed" => {
                let programme = self.programmes.get_mut(text(body, "programme")).ok_or("programme-unknown")?;
                let registrar = allows(&self.keys[event.text("signer")].roles, "registrar");
                refuse(programme.organization != organization && !registrar, "programme-foreign")?;
                refuse(programme.closed, "programme-closed")?;
                programme.closed = true;
            }
            kind => panic!("the book knows no {kind}"),
        }
        Ok(Vec::new())
    }

    fn programme(&self, code: &str, organization: &str) -> Verdict<&Programme> {
        let programme = self.programmes.get(code).ok_or("programme-unknown")?;
        refuse(programme.closed, "programme-closed")?;
        refuse(programme.organization != organization && !allows(&programme.organizations, organization), "organization-not-in-programme")?;
        Ok(programme)
    }

    fn lies_in(&self, region: &str, named: &Value) -> bool {
        let mut here = Some(region.to_owned());
        let mut path = BTreeSet::new();
        while let Some(region) = here {
            here = self.regions[&region].clone();
            path.insert(region);
        }
        named.is_null() || path.iter().any(|region| allows(named, region))
    }

    fn recipient_enrolled(&mut self, event: &Event, organization: &str) -> Verdict<Vec<Move>> {
        let (code, token, region) = (event.body("programme"), event.body("recipient"), event.body("region"));
        let programme = self.programme(code, organization)?;
        refuse(!self.regions.contains_key(region), "region-unknown")?;
        refuse(self.recipients.contains_key(token), "recipient-exists")?;
        refuse(!allows(&programme.types, event.body("type")), "recipient-type-not-eligible")?;
        refuse(!self.lies_in(region, &programme.regions), "recipient-region-not-eligible")?;
        let tag = event.json["body"]["uniqueness"].as_str().map(str::to_owned);
        let seen = self.recipients.values().any(|other| self.stands(&other.event) && other.programme == code && other.tag == tag);
        refuse(tag.is_some() && seen, "uniqueness-tag-seen")?;
        let recipient = Recipient { programme: code.to_owned(), event: event.id.clone(), region: region.to_owned(), tag };
        self.recipients.insert(token.to_owned(), recipient);
        Ok(Vec::new())
    }

    /// Minor units of an amount of an item.
    fn minor(&self, item: &str, amount: &str) -> Verdict<i128> {
        let decimals = amount.find('.').map_or(0, |point| amount.len() - point - 1);
        refuse(decimals != self.items[item].1, "quantity-decimals")?;
        let minor = amount.replace('.', "").parse().expect("digits");
        refuse(minor == 0, "quantity-zero")?;
        Ok(minor)
    }

    fn donation_received(&mut self, event: &Event, organization: &str) -> Verdict<Vec<Move>> {
        let body = &event.json["body"];
        let (mut moves, mut lots) = (Vec::new(), Vec::new());
        for (line, lot) in body["lots"].as_array().expect("lots").iter().enumerate() {
            let item = text(lot, "item").to_owned();
            refuse(!self.items.contains_key(&item), "item-unknown")?;
            let minor = self.minor(&item, text(lot, "quantity"))?;
            let id = format!("{}.{line}", event.id);
            moves.push(Move { lot: id.clone(), from: Place::Donor, to: Place::OnHand, minor });
            let restrictions = body["restrictions"].clone();
            let (organization, event) = (organization.to_owned(), event.id.clone());
            lots.push((id, Lot { organization, item, event, restrictions, places: BTreeMap::new() }));
        }
        self.lots.extend(lots);
        Ok(moves)
    }

    fn assignment_made(&mut self, event: &Event, organization: &str) -> Verdict<Vec<Move>> {
        let body = &event.json["body"];
        let code = event.body("programme");
        self.programme(code, organization)?;
        let token = event.body("recipient");
        let recipient = self.recipients.get(token).filter(|recipient| self.stands(&recipient.event)).ok_or("recipient-unknown")?;
        refuse(recipient.programme != code, "recipient-other-programme")?;
        // Of all assignments there ever were: what became of them does not matter.
        let lock = body["lock"].as_str().map(str::to_owned);
        refuse(lock.is_some() && self.assignments.values().any(|other| other.lock == lock), "lock-used")?;
        let (mut moves, mut draws) = (Vec::new(), BTreeMap::new());
        for draw in body["draws"].as_array().expect("draws") {
            let id = text(draw, "lot").to_owned();
            let lot = self.lots.get(&id).filter(|lot| self.stands(&lot.event)).ok_or("lot-unknown")?;
            refuse(lot.organization != organization, "lot-foreign")?;
            let minor = self.minor(&lot.item, text(draw, "quantity"))?;
            refuse(minor > lot.at(Place::OnHand), "lot-insufficient")?;
            let bound = &lot.restrictions;
            refuse(!allows(&bound["programmes"], code), "restriction-programme")?;
            refuse(!self.lies_in(&recipient.region, &bound["regions"]), "restriction-region")?;
            refuse(!allows(&bound["categories"], &self.items[&lot.item].0), "restriction-category")?;
            refuse(!allows(&bound["items"], &lot.item), "restriction-item")?;
            draws.insert(id.clone(), Draw { assigned: minor, delivered: 0 });
            moves.push(Move { lot: id, from: Place::OnHand, to: Place::Assigned, minor });
        }
        let assignment = Assignment { organization: organization.to_owned(), draws, lock, recipient: token.to_owned() };
        self.assignments.insert(event.id.clone(), assignment);
        Ok(moves)
    }

    fn all_follow_ups<'a>(&'a self, assignment: &str, kind: &'a str) -> impl Iterator<Item = &'a Made> {
        let all = self.follow_ups.get(assignment).into_iter().flatten().map(|id| &self.events[id]);
        all.filter(move |made| made.kind == kind)
    }

    fn standing_follow_ups<'a>(&'a self, assignment: &str, kind: &'a str) -> impl Iterator<Item = &'a Made> {
        self.all_follow_ups(assignment, kind).filter(|made| !made.reversed)
    }

    fn open_assignment(&self, id: &str, organization: &str) -> Verdict<&Assignment> {
        let assignment = self.assignments.get(id).filter(|_| self.stands(id)).ok_or("assignment-unknown")?;
        refuse(assignment.organization != organization, "assignment-foreign")?;
        refuse(self.standing_follow_ups(id, "assignment.cancelled").next().is_some(), "assignment-cancelled")?;
        Ok(assignment)
    }

    fn assignment_cancelled(&mut self, event: &Event, organization: &str) -> Verdict<Vec<Move>> {
        let id = event.body("assignment");
        let assignment = self.open_assignment(id, organization)?;
        let mut moves = Vec::new();
        for (lot, draw) in &assignment.draws {
            let minor = draw.assigned - draw.delivered;
            if minor > 0 {
                moves.push(Move { lot: lot.clone(), from: Place::Assigned, to: Place::OnHand, minor });
            }
        }
        refuse(moves.is_empty(), "assignment-settled")?;
        self.follow_ups.entry(id.to_owned()).or_default().push(event.id.clone());
        Ok(moves)
    }

    fn delivery_made(&mut self, event: &Event, organization: &str) -> Verdict<Vec<Move>> {
        let body = &event.json["body"];
        let id = event.body("assignment");
        let assignment = self.open_assignment(id, organization)?;
        let mut moves = Vec::new();
        for draw in body["draws"].as_array().expect("draws") {
            let lot = text(draw, "lot").to_owned();
            let assigned = assignment.draws.get(&lot).ok_or("draw-not-assigned")?;
            let minor = self.minor(&self.lots[&lot].item, text(draw, "quantity"))?;
            refuse(minor > assigned.assigned - assigned.delivered, "delivery-exceeds-assigned")?;
            moves.push(Move { lot, from: Place::Assigned, to: Place::Delivered, minor });
        }
        if let Some(code) = body["code"].as_str() {
            let lock = assignment.lock.as_ref().ok_or("code-without-lock")?;
            refuse(blake3::hash(code.as_bytes()).to_hex().as_str() != lock, "code-mismatch")?;
            // A reversal takes goods back, not what people have seen.
            let shown = self.all_follow_ups(id, "delivery.made").any(|made| made.body["code"].is_string());
            refuse(shown, "code-used")?;
        }
        self.deliver(id, &moves, 1);
        self.follow_ups.entry(id.to_owned()).or_default().push(event.id.clone());
        Ok(moves)
    }

    fn deliver(&mut self, assignment: &str, moves: &[Move], sign: i128) {
        let draws = &mut self.assignments.get_mut(assignment).expect("an assignment").draws;
        for Move { lot, minor, .. } in moves {
            draws.get_mut(lot).expect("a lot of the assignment").delivered += sign * minor;
        }
    }

    fn event_reversed(&mut self, event: &Event, organization: &str) -> Verdict<Vec<Move>> {
        let subject = event.body("event");
        let made = self.events.get(subject).ok_or("event-unknown")?;
        let role = match made.kind.as_str() {
            "recipient.enrolled" => "intake",
            "donation.received" => "finance",
            "assignment.made" | "assignment.cancelled" => "assign",
            "delivery.made" => "field",
            _ => return Err("event-not-reversible"),
        };
        refuse(made.organization != organization, "event-foreign")?;
        refuse(!allows(&self.keys[event.text("signer")].roles, role), "role-missing")?;
        refuse(made.reversed, "event-already-reversed")?;
        let cancelled = |assignment: &str| self.standing_follow_ups(assignment, "assignment.cancelled").next().is_some();
        let needed = match made.kind.as_str() {
            // By any assignment that can still reach the recipient or has.
            "recipient.enrolled" => self.assignments.iter().any(|(id, assignment)| {
                let reached = self.standing_follow_ups(id, "delivery.made").next().is_some();
                self.stands(id) && assignment.recipient == text(&made.body, "recipient") && (reached || !cancelled(id))
            }),
            "assignment.cancelled" => {
                let assignment = &self.assignments[text(&made.body, "assignment")];
                !self.stands(&self.recipients[&assignment.recipient].event)
            }
            "assignment.made" => cancelled(subject) || self.standing_follow_ups(subject, "delivery.made").next().is_some(),
            "delivery.made" => cancelled(text(&made.body, "assignment")),
            _ => false,
        };
        // And nothing can go back from where it no longer is.
        let gone = made.moves.iter().any(|moved| self.lots[&moved.lot].at(moved.to) < moved.minor);
        refuse(needed || gone, "event-has-consequences")?;
        let moves: Vec<_> = made.moves.iter().map(|moved| Move { from: moved.to, to: moved.from, ..moved.clone() }).collect();
        if made.kind == "delivery.made" {
            let assignment = text(&made.body, "assignment").to_owned();
            self.deliver(&assignment, &moves, -1);
        }
        self.events.get_mut(subject).expect("found above").reversed = true;
        Ok(moves)
    }
}
