//! A book-keeper who knows the rules by heart and nothing of the program: an independent model for random histories.
//!
//! It reads events as plain JSON, holds everything under strings in sorted maps, counts in 128 bits, and remembers of each event what it
//! moved. What the program keeps as a flag or a counter is found here by looking through the events again. It answers with the name of
//! the rule that is broken first, for the rules that the histories can break.
//!
//! [`provenance`] says of each single unit which gift it came from.
#![allow(dead_code, reason = "each test uses its part")]

mod control;
mod gifts;
mod governance;
mod help;
mod movement;
mod people;
pub mod provenance;

use std::collections::{BTreeMap, BTreeSet};

use aidledger::canonical::encode;
use aidledger::event::{SignedEvent, Time};
use serde_json::Value;

/// Where a quantity can be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    Donor,
    Supplier,
    OtherLots,
    OnHand,
    InTransit,
    Assigned,
    Delivered,
    Spent,
    Lost,
    Returned,
    NewLots,
}

/// The places inside, in the order in which balances list them.
pub const INSIDE: [Place; 8] =
    [Place::OnHand, Place::InTransit, Place::Assigned, Place::Delivered, Place::Spent, Place::Lost, Place::Returned, Place::NewLots];

/// An event as anybody can read it, and the day on which the log took it in.
pub struct Event {
    pub id: String,
    pub json: Value,
    pub recorded: String,
}

impl Event {
    pub fn read(signed: &SignedEvent, recorded: Time) -> Event {
        let bytes = encode(&signed.event);
        let json = serde_json::from_slice(&bytes).expect("an event is JSON");
        Event { id: blake3::hash(&bytes).to_hex().to_string(), json, recorded: recorded.to_string()[..10].to_owned() }
    }
    fn text(&self, member: &str) -> &str {
        self.json[member].as_str().expect("a string")
    }
    fn body(&self, member: &str) -> &str {
        text(&self.json["body"], member)
    }
    fn day(&self) -> &str {
        &self.text("time")[..10]
    }
}

/// An event that was entered.
pub struct Made {
    pub id: String,
    /// Its place in the log.
    pub number: usize,
    pub kind: String,
    pub organization: String,
    pub signer: String,
    pub reversed: bool,
    pub body: Value,
    /// Which needs a delivery served: need, line, how much.
    pub served: Vec<(String, usize, i128)>,
    /// The draft whose approvals it used up.
    pub used: Option<String>,
    moves: Vec<Move>,
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
    /// What made it.
    pub event: String,
    /// All of them hold; by when the ledger first had them.
    pub restrictions: BTreeMap<usize, Value>,
    places: BTreeMap<Place, i128>,
}

impl Lot {
    pub fn at(&self, place: Place) -> i128 {
        self.places.get(&place).copied().unwrap_or(0)
    }
}

pub struct Programme {
    pub organization: String,
    pub body: Value,
    pub closed: bool,
}

pub struct Key {
    pub organization: String,
    pub roles: Value,
    pub revoked: bool,
}

pub struct Item {
    pub category: String,
    pub decimals: usize,
    pub money: bool,
}

/// All that was entered.
#[derive(Default)]
pub struct Book {
    pub lots: BTreeMap<String, Lot>,
    pub events: BTreeMap<String, Made>,
    /// Event ids as they came.
    pub order: Vec<String>,
    /// The same, of each kind.
    pub of_kind: BTreeMap<String, Vec<String>>,
    /// Enrolments by token.
    pub recipients: BTreeMap<String, String>,
    /// Entries of volunteers by token.
    pub volunteers: BTreeMap<String, String>,
    pub items: BTreeMap<String, Item>,
    pub keys: BTreeMap<String, Key>,
    pub programmes: BTreeMap<String, Programme>,
    /// The log's own key, which is nobody's.
    log_key: String,
    /// Whether they are suspended.
    organizations: BTreeMap<String, bool>,
    /// Parents.
    regions: BTreeMap<String, Option<String>>,
    /// Which events name an event, a recipient or a volunteer.
    naming: BTreeMap<String, Vec<String>>,
}

pub type Verdict<T> = Result<T, &'static str>;

/// What the rules of a kind find: the moves, new lots, and which needs are served.
#[derive(Default)]
struct Found {
    moves: Vec<Move>,
    lots: Vec<(String, Lot)>,
    served: Vec<(String, usize, i128)>,
}

pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().expect("a string")
}

fn list<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    value[member].as_array().into_iter().flatten()
}

/// An absent list allows everything.
fn allows(list: &Value, word: &str) -> bool {
    list.as_array().is_none_or(|list| list.iter().any(|value| value == word))
}

fn refuse(broken: bool, rule: &'static str) -> Verdict<()> {
    if broken { Err(rule) } else { Ok(()) }
}

/// Who may append a kind.
pub fn roles(kind: &str) -> &'static [&'static str] {
    match kind {
        "programme.opened" | "recognition.awarded" => &["admin"],
        "key.granted" | "key.revoked" | "programme.closed" | "policy.changed" => &["admin", "registrar"],
        "recipient.enrolled" | "recipient.withdrawn" => &["intake"],
        "need.recorded" => &["intake", "assign"],
        "donation.pledged" | "donation.received" | "donation.returned" | "purchase.made" | "expense.paid" => &["finance"],
        "transfer.sent" | "transfer.accepted" | "loss.recorded" => &["finance", "assign"],
        "stock.counted" => &["finance", "assign", "field"],
        "assignment.made" | "assignment.cancelled" => &["assign"],
        "delivery.made" | "delivery.failed" => &["field"],
        "delivery.confirmed" => &["field", "intake", "assign", "admin", "audit"],
        "delivery.disputed" => &["field", "intake", "admin", "audit", "registrar"],
        "dispute.answered" | "service.recorded" => &["admin", "assign"],
        "approval.given" => &["admin", "assign", "finance"],
        "audit.attested" => &["audit"],
        "volunteer.joined" => &["admin", "intake"],
        "event.reversed" => &["intake", "finance", "assign", "field", "admin", "audit"],
        _ => &["registrar"],
    }
}

impl Book {
    /// Enters an event, or names the rule it breaks.
    pub fn enter(&mut self, event: &Event) -> Verdict<()> {
        let (kind, organization) = (event.text("kind"), event.text("organization"));
        if kind != "ledger.opened" {
            self.common(event, kind, organization)?;
        }
        let found = match kind {
            "recipient.enrolled" => self.recipient_enrolled(event, organization),
            "recipient.withdrawn" => self.recipient_withdrawn(event, organization),
            "need.recorded" => self.need_recorded(event, organization),
            "volunteer.joined" => self.volunteer_joined(event, organization),
            "service.recorded" => self.service_recorded(event, organization),
            "recognition.awarded" => self.recognition_awarded(event, organization),
            "donation.pledged" => self.lines(&event.json["body"]["lines"]).map(|_| Found::default()),
            "donation.received" => self.donation_received(event, organization),
            "donation.returned" => self.donation_returned(event, organization),
            "purchase.made" => self.purchase_made(event, organization),
            "transfer.sent" => self.transfer_sent(event, organization),
            "transfer.accepted" => self.transfer_accepted(event, organization),
            "expense.paid" => self.expense_paid(event, organization),
            "loss.recorded" => self.draws(event, organization, Place::Lost, |_, _, _| Ok(())),
            "stock.counted" => self.stock_counted(event),
            "assignment.made" => self.assignment_made(event, organization),
            "assignment.cancelled" => self.assignment_cancelled(event, organization),
            "delivery.made" => self.delivery_made(event, organization),
            "delivery.failed" => self.delivery_failed(event, organization),
            "delivery.confirmed" => self.delivery_confirmed(event),
            "delivery.disputed" => self.delivery_disputed(event),
            "dispute.answered" => self.dispute_answered(event, organization),
            "approval.given" => self.approval_given(event, organization),
            "audit.attested" => self.audit_attested(event),
            "policy.changed" => self.policy_changed(event, organization),
            "event.reversed" => self.event_reversed(event, organization),
            _ => self.governance(event, kind, organization),
        }?;
        self.members_there(event, kind, organization)?;
        let used = self.approved(event, kind, organization, &found)?;
        self.write_down(event, kind, organization, found, used);
        Ok(())
    }

    fn write_down(&mut self, event: &Event, kind: &str, organization: &str, found: Found, used: Option<String>) {
        let Found { moves, lots, served } = found;
        self.lots.extend(lots);
        for Move { lot, from, to, minor } in &moves {
            let places = &mut self.lots.get_mut(lot).expect("a lot").places;
            *places.entry(*from).or_default() -= minor;
            *places.entry(*to).or_default() += minor;
        }
        let body = event.json["body"].clone();
        match kind {
            "recipient.enrolled" => _ = self.recipients.insert(text(&body, "recipient").to_owned(), event.id.clone()),
            "volunteer.joined" => _ = self.volunteers.insert(text(&body, "volunteer").to_owned(), event.id.clone()),
            "event.reversed" => self.events.get_mut(text(&body, "event")).expect("it was found").reversed = true,
            _ => {}
        }
        for member in ["assignment", "delivery", "donation", "event", "need", "pledge", "recipient", "transfer", "volunteer"] {
            if let Some(named) = body[member].as_str() {
                self.naming.entry(named.to_owned()).or_default().push(event.id.clone());
            }
        }
        for need in served.iter().map(|(need, ..)| need).collect::<BTreeSet<_>>() {
            self.naming.entry(need.clone()).or_default().push(event.id.clone());
        }
        let made = Made {
            id: event.id.clone(),
            number: self.order.len(),
            kind: kind.to_owned(),
            organization: organization.to_owned(),
            signer: event.text("signer").to_owned(),
            reversed: false,
            body,
            served,
            used,
            moves,
        };
        self.events.insert(event.id.clone(), made);
        self.order.push(event.id.clone());
        self.of_kind.entry(kind.to_owned()).or_default().push(event.id.clone());
    }

    fn common(&self, event: &Event, kind: &str, organization: &str) -> Verdict<()> {
        let suspended = *self.organizations.get(organization).ok_or("organization-unknown")?;
        let key = self.keys.get(event.text("signer")).ok_or("key-unknown")?;
        refuse(key.organization != organization, "key-organization-mismatch")?;
        refuse(key.revoked, "key-revoked")?;
        refuse(suspended, "organization-suspended")?;
        refuse(!roles(kind).iter().any(|role| allows(&key.roles, role)), "role-missing")?;
        let day = |text: &str| text.parse::<jiff::civil::Date>().expect("a day");
        let age = (day(&event.recorded) - day(event.day())).get_days();
        let allowed = self.policies(organization).filter_map(|policy| policy["days_back"].as_i64()).min();
        refuse(allowed.is_some_and(|allowed| i64::from(age) > allowed), "time-too-old")?;
        let reference = &event.json["body"]["reference"];
        let same = |made: &Made| !made.reversed && made.organization == organization && &made.body["reference"] == reference;
        refuse(!reference.is_null() && self.events.values().any(same), "reference-used")
    }

    /// What each organization holds of each item, in the order of [`INSIDE`].
    pub fn balances(&self) -> BTreeMap<(String, String), [i128; 8]> {
        let mut balances: BTreeMap<_, [i128; 8]> = BTreeMap::new();
        for lot in self.lots.values() {
            let sums = balances.entry((lot.organization.clone(), lot.item.clone())).or_default();
            for (sum, place) in sums.iter_mut().zip(INSIDE) {
                *sum += lot.at(place);
            }
        }
        balances
    }

    pub fn stands(&self, id: &str) -> bool {
        !self.events[id].reversed
    }

    /// An event that stands, if it is of the kind.
    fn standing(&self, id: &str, kind: &str) -> Option<&Made> {
        self.events.get(id).filter(|made| made.kind == kind && !made.reversed)
    }

    /// All events of a kind, reversed or not.
    fn all_of(&self, kind: &str) -> impl Iterator<Item = &Made> {
        self.of_kind.get(kind).into_iter().flatten().map(|id| &self.events[id])
    }

    /// All events of a kind that name an event, a recipient or a volunteer, as they came.
    pub fn all_naming<'a>(&'a self, named: &str, kind: &'a str) -> impl Iterator<Item = &'a Made> {
        let all = self.naming.get(named).into_iter().flatten().map(|id| &self.events[id]);
        all.filter(move |made| made.kind == kind)
    }

    /// Those that stand.
    pub fn standing_naming<'a>(&'a self, named: &str, kind: &'a str) -> impl Iterator<Item = &'a Made> {
        self.all_naming(named, kind).filter(|made| !made.reversed)
    }

    /// Minor units of an amount of an item; zero is one.
    fn decimals(&self, item: &str, amount: &str) -> Verdict<i128> {
        let decimals = amount.find('.').map_or(0, |point| amount.len() - point - 1);
        refuse(decimals != self.items[item].decimals, "quantity-decimals")?;
        Ok(amount.replace('.', "").parse().expect("digits"))
    }

    /// Minor units of an amount of an item.
    pub fn minor(&self, item: &str, amount: &str) -> Verdict<i128> {
        let minor = self.decimals(item, amount)?;
        refuse(minor == 0, "quantity-zero")?;
        Ok(minor)
    }

    /// Items and minor units of lines.
    fn lines(&self, lines: &Value) -> Verdict<Vec<(String, i128)>> {
        let mut found = Vec::new();
        for line in lines.as_array().expect("lines") {
            let item = text(line, "item");
            refuse(!self.items.contains_key(item), "item-unknown")?;
            found.push((item.to_owned(), self.minor(item, text(line, "quantity"))?));
        }
        Ok(found)
    }
}
