//! Chooses the next event of a random history, looking at the book: mostly a right one, of any kind.

pub mod compare;
mod control;
mod goods;
mod help;
pub mod traced;

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::model::{Book, Made, Place};
use crate::support;
use crate::support::dice::Dice;

/// One event that may be right or wrong.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub signer: String,
    pub kind: &'static str,
    pub body: Value,
    /// How many days it lies before the log's clock.
    pub days_late: i64,
}

/// What a history remembers beside the book.
pub struct Story {
    pub dice: Dice,
    pub step: usize,
    /// Refused for want of approvals; they are asked for, and it is tried again.
    pub waiting: VecDeque<Proposal>,
    /// Codes by lock.
    codes: BTreeMap<String, String>,
    /// The names of recipients that have keys, by their public keys.
    pub cards: BTreeMap<String, String>,
}

/// Writes minor units with a point; not the formatter under test.
pub fn amount(minor: i128, decimals: usize) -> String {
    let minor = minor.min(999_999_999_999_999_999); // the largest amount that can be written
    let one = 10i128.pow(decimals as u32);
    match decimals {
        0 => minor.to_string(),
        _ => format!("{}.{:0decimals$}", minor / one, minor % one),
    }
}

/// The organizations that give and help; fund opened the programmes, kitchen takes part in winter, stranger only where everybody may.
const ORGANIZATIONS: [&str; 4] = ["fund", "fund", "kitchen", "stranger"];

impl Story {
    pub fn new(seed: u64) -> Story {
        let codes = BTreeMap::from([lock_of(support::SLIP_CODE)]);
        Story { dice: Dice(seed), step: 0, waiting: VecDeque::new(), codes, cards: BTreeMap::new() }
    }

    /// The next event.
    pub fn next(&mut self, book: &Book) -> Proposal {
        self.step += 1;
        let organization = *self.dice.pick(&ORGANIZATIONS);
        let (signer, kind, mut body) = match self.dice.below(200) {
            0..16 => self.donation(book, organization),
            16..20 => self.pledge(organization),
            20..24 => self.giving_back(book, organization),
            24..34 => self.purchase(book, organization),
            34..40 => self.transfer(book, organization),
            40..48 => self.acceptance(book, organization),
            48..53 => self.expense(book, organization),
            53..56 => self.loss(book, organization),
            56..59 => self.count(organization),
            59..73 => self.enrolment(book, organization),
            73..76 => self.withdrawal(book, organization),
            76..84 => self.need(book, organization),
            84..114 => self.assignment(book, organization),
            114..120 => self.cancellation(book, organization),
            120..145 => self.delivery(book, organization),
            145..147 => self.failure(book, organization),
            147..151 => self.confirmation(book, organization),
            151..153 => self.dispute(book),
            153..155 => self.answer(book, organization),
            155..163 => self.approval(book, organization),
            163..179 => self.reversal(book, organization),
            179 => self.policy(),
            180 => self.opinion(book, organization),
            181..190 => self.volunteer(book, organization),
            _ => self.governance(),
        };
        let referable = matches!(
            kind,
            "donation.received"
                | "donation.pledged"
                | "donation.returned"
                | "purchase.made"
                | "transfer.sent"
                | "transfer.accepted"
                | "expense.paid"
                | "loss.recorded"
                | "stock.counted"
                | "recipient.enrolled"
                | "need.recorded"
                | "assignment.made"
                | "delivery.made"
                | "service.recorded"
        );
        if referable && body["reference"].is_null() {
            let wanted = book.asks(organization, "requires", "reference") && self.dice.chance(95);
            if self.dice.chance(10) {
                body["reference"] = json!(format!("$hash:reference {}", self.dice.below(2_000)));
            } else if wanted {
                body["reference"] = json!(format!("$hash:reference of step {}", self.step));
            }
        }
        let days_late = if self.dice.chance(4) { self.dice.below(12) as i64 } else { 0 };
        Proposal { signer, kind, body, days_late }
    }

    /// One of the last events of a kind, mostly of an organization's own; any event, or one of another kind, where there is none.
    fn event<'b>(&mut self, book: &'b Book, kind: &str, organization: Option<&str>) -> Option<&'b Made> {
        if self.dice.chance(2) {
            return Some(&book.events[self.dice.pick(&book.order)]);
        }
        let last = if self.dice.chance(85) { 60 } else { 20_000 };
        let ids = book.of_kind.get(kind)?.iter().rev().take(last);
        let made = ids.map(|id| &book.events[id]).filter(|made| organization.is_none_or(|code| made.organization == code));
        let made: Vec<_> = made.collect();
        let standing: Vec<_> = made.iter().copied().filter(|made| !made.reversed).collect();
        match (standing.as_slice(), made.as_slice()) {
            (_, []) => None,
            ([_, ..], _) if self.dice.chance(95) => Some(*self.dice.pick(&standing)),
            _ => Some(*self.dice.pick(&made)),
        }
    }

    /// Draws on an organization's own lots, mostly of what there is; `fits` says which lots are meant.
    fn draws(&mut self, book: &Book, organization: &str, most: u64, fits: impl Fn(&crate::model::Lot) -> bool) -> Value {
        let own: Vec<_> = book.lots.iter().filter(|(_, lot)| lot.organization == organization && lot.at(Place::OnHand) > 0).collect();
        let fitting: Vec<_> = own.iter().copied().filter(|(_, lot)| fits(lot)).collect();
        let mut draws = BTreeMap::new();
        for _ in 0..1 + self.dice.below(most) {
            let from = if self.dice.chance(97) && !fitting.is_empty() { &fitting } else { &own };
            if !from.is_empty() && self.dice.chance(99) {
                let (id, lot) = *self.dice.pick(from);
                let on_hand = lot.at(Place::OnHand);
                let minor = if self.dice.chance(2) { on_hand + 1 } else { self.dice.part(on_hand) };
                draws.insert(id.clone(), amount(minor, book.items[&lot.item].decimals + usize::from(self.dice.chance(1))));
            } else {
                let ids: Vec<_> = book.lots.keys().collect();
                let id = *self.dice.pick(&ids);
                draws.insert(id.clone(), amount(i128::from(self.dice.chance(90)), book.items[&book.lots[id].item].decimals));
            }
        }
        list_of(draws)
    }

    fn governance(&mut self) -> (String, &'static str, Value) {
        let name = json!({"en": "A"});
        let vocabulary = if self.dice.chance(80) { "hall-registrar" } else { "fund-admin" };
        let number = self.dice.below(60);
        let (signer, kind, body) = match self.dice.below(8) {
            0 if self.dice.chance(30) => {
                ("hall-registrar", "organization.suspended", json!({"organization": "stranger", "reason": "inactive"}))
            }
            0 | 1 => ("hall-registrar", "organization.reinstated", json!({"organization": "stranger"})),
            2 => ("hall-registrar", "organization.registered", json!({"name": name, "organization": format!("organization-{number}")})),
            3 => {
                let mut keys = vec!["$key:log".to_owned(), "$key:kitchen-field".to_owned()];
                keys.extend(self.cards.values().take(3).map(|card| format!("$key:{card}")));
                let key = if self.dice.chance(20) { self.dice.pick(&keys).clone() } else { format!("$key:fund-phone{}", number / 3) };
                ("fund-admin", "key.granted", json!({"key": key, "organization": "fund", "roles": ["field"]}))
            }
            4 => ("fund-admin", "key.revoked", json!({"key": format!("$key:fund-phone{}", number / 3), "reason": "lost"})),
            5 => {
                let item = json!({"category": "other", "decimals": 3, "item": format!("item-{number}"), "name": name, "type": "goods", "unit": "kg"});
                (vocabulary, "item.defined", item)
            }
            6 => (vocabulary, "region.defined", json!({"name": name, "parent": "north", "region": format!("region-{number}")})),
            _ if self.dice.chance(60) => {
                ("fund-admin", "programme.opened", json!({"name": name, "programme": format!("programme-{number}")}))
            }
            _ => ("fund-admin", "programme.closed", json!({"programme": format!("programme-{number}")})),
        };
        (signer.to_owned(), kind, body)
    }

    fn code(&mut self) -> String {
        let code = format!("SLIP{:012}", self.step);
        self.codes.extend([lock_of(&code)]);
        code
    }
}

fn lock_of(code: &str) -> (String, String) {
    (blake3::hash(code.as_bytes()).to_hex().to_string(), code.to_owned())
}

fn list_of(draws: BTreeMap<String, String>) -> Value {
    draws.into_iter().map(|(lot, quantity)| json!({"lot": lot, "quantity": quantity})).collect()
}
