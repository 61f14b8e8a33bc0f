//! Compares what the program holds with what the book holds, and both with the sums of postings.

use std::collections::{BTreeMap, BTreeSet};

use aidledger::event::kinds::Award;
use aidledger::rules::policy::Subject;
use aidledger::rules::state::{Lot, LotRestrictions};
use aidledger::rules::{Account, Posting, State};
use serde_json::{Value, json};

use crate::model::provenance::Provenance;
use crate::model::{Book, INSIDE, Place};

/// The program's accounts inside, in the order of [`INSIDE`].
const ACCOUNTS: [Account; 8] = [
    Account::OnHand,
    Account::InTransit,
    Account::Assigned,
    Account::Delivered,
    Account::Spent,
    Account::Lost,
    Account::Returned,
    Account::TransferredOut,
];

const OUTSIDE: [Account; 3] = [Account::Donor, Account::Supplier, Account::TransferredIn];

/// Sums of postings, and nothing else.
#[derive(Default)]
pub struct Ledger {
    pub by_item: BTreeMap<u32, BTreeMap<Account, i128>>,
    by_lot: BTreeMap<u32, BTreeMap<Account, i128>>,
}

impl Ledger {
    /// Takes an event's postings in, and looks at every account of the items and lots that they touch: none inside is below zero, none outside above,
    /// and all together are nothing.
    pub fn post(&mut self, postings: &[Posting]) {
        for posting in postings {
            let quantity = i128::from(posting.quantity);
            for sums in [self.by_item.entry(posting.item.0).or_default(), self.by_lot.entry(posting.lot.0).or_default()] {
                *sums.entry(posting.source).or_default() -= quantity;
                *sums.entry(posting.target).or_default() += quantity;
            }
        }
        for posting in postings {
            let item = &self.by_item[&posting.item.0];
            for sums in [item, &self.by_lot[&posting.lot.0]] {
                for (account, sum) in sums {
                    assert!(if OUTSIDE.contains(account) { *sum <= 0 } else { *sum >= 0 }, "{account:?} of {posting:?}: {sum}");
                }
                assert_eq!(sums.values().sum::<i128>(), 0, "{posting:?}");
            }
            let at = |account| item.get(&account).copied().unwrap_or(0);
            assert_eq!(at(Account::TransferredOut), -at(Account::TransferredIn), "what one handed on another got");
            assert!(
                at(Account::Assigned) + at(Account::Delivered) <= -at(Account::Donor) - at(Account::Supplier),
                "no more is given than came"
            );
        }
    }
}

fn held(lot: &Lot) -> [i128; 8] {
    [lot.on_hand, lot.in_transit, lot.assigned, lot.delivered, lot.spent, lot.lost, lot.returned, lot.transferred].map(i128::from)
}

/// Restrictions as the event wrote them.
fn written(state: &State, bound: &LotRestrictions) -> String {
    let mut json = json!({});
    let mut put = |member: &str, codes: Option<BTreeSet<String>>| {
        if let Some(codes) = codes {
            json[member] = json!(codes);
        }
    };
    put("categories", bound.categories.as_ref().map(|codes| codes.iter().map(|code| code.to_string()).collect()));
    put("items", bound.items.as_ref().map(|list| list.iter().map(|place| state.items.code(place.0).to_string()).collect()));
    put("programmes", bound.programmes.as_ref().map(|list| list.iter().map(|place| state.programmes.code(place.0).to_string()).collect()));
    put("regions", bound.regions.as_ref().map(|list| list.iter().map(|place| state.regions.code(place.0).to_string()).collect()));
    if let Some(day) = bound.use_by {
        json["use_by"] = Value::String(day.to_string());
    }
    json.to_string()
}

/// All three hold the same of every lot, and the first two of all else.
pub fn compare(state: &State, book: &Book, ledger: &Ledger) {
    let mut balances: BTreeMap<(String, String), [i128; 8]> = BTreeMap::new();
    for (place, lot) in state.lots.iter().enumerate() {
        let (organization, item) = (state.organizations.code(lot.organization.0).to_string(), state.items.code(lot.item.0).to_string());
        let id = format!("{}.{}", state.ids.at(lot.entry), lot.line);
        let kept = &book.lots[&id];
        assert_eq!((&kept.organization, &kept.item), (&organization, &item), "lot {id}");
        assert_eq!(held(lot), INSIDE.map(|place| kept.at(place)), "lot {id}");
        let posted = ledger.by_lot.get(&(place as u32)).expect("a lot is made by a posting");
        assert_eq!(held(lot), ACCOUNTS.map(|account| posted.get(&account).copied().unwrap_or(0)), "lot {id}");
        let bounds: BTreeSet<String> = state.restricted.of(lot.restrictions).map(|bound| written(state, bound)).collect();
        assert_eq!(bounds, kept.restrictions.values().map(Value::to_string).collect(), "lot {id}");
        let sums = balances.entry((organization, item)).or_default();
        sums.iter_mut().zip(held(lot)).for_each(|(sum, more)| *sum += more);
    }
    assert_eq!(state.lots.len(), book.lots.len());
    assert_eq!(balances, book.balances());
    promises(state, book);
    people(state, book);
    approvals(state, book);
}

fn promises(state: &State, book: &Book) {
    for need in &state.needs {
        let id = state.ids.at(need.entry).to_string();
        let served: Vec<i128> = need.lines.iter().map(|line| line.served.into()).collect();
        assert_eq!(served, book.served(&id), "need {id}");
        assert_eq!(need.reversed, !book.stands(&id));
        assert!(need.lines.iter().all(|line| line.served <= line.quantity));
    }
    for pledge in &state.pledges {
        let id = state.ids.at(pledge.entry).to_string();
        let received: Vec<i128> = pledge.lines.iter().map(|line| line.received.try_into().expect("far below")).collect();
        assert_eq!(received, book.received(&id), "pledge {id}");
        assert_eq!(pledge.reversed, !book.stands(&id));
    }
}

fn people(state: &State, book: &Book) {
    for recipient in &state.recipients {
        let token = recipient.token.to_string();
        assert_eq!(recipient.withdrawn, book.is_withdrawn(&token), "recipient {token}");
        assert_eq!(recipient.reversed, !book.stands(&book.recipients[&token]), "recipient {token}");
        let needs: Vec<String> = recipient.needs.iter().map(|need| state.ids.at(state.needs[need.at()].entry).to_string()).collect();
        let kept: Vec<String> = book.standing_naming(&token, "need.recorded").map(|made| made.id.clone()).collect();
        assert_eq!(needs, kept, "recipient {token}");
    }
    for volunteer in &state.volunteers {
        let token = volunteer.token.to_string();
        assert_eq!(volunteer.minutes, book.minutes(&token), "volunteer {token}");
        assert_eq!(volunteer.deliveries, book.deliveries(&token), "volunteer {token}");
        let awards: BTreeSet<&str> =
            Award::ALL.iter().filter(|award| volunteer.awards & award.bit() != 0).map(|award| award.word()).collect();
        let given = book.standing_naming(&token, "recognition.awarded").map(|made| made.body["award"].as_str().expect("a word"));
        assert_eq!(awards, given.collect(), "volunteer {token}");
    }
    for (place, delivery) in state.deliveries.iter().enumerate() {
        let id = state.ids.at(delivery.entry).to_string();
        let place = aidledger::rules::state::DeliveryIx(place as u32);
        let confirmed = state.confirmations.get(&place).map_or(0, Vec::len);
        assert_eq!(confirmed, book.standing_naming(&id, "delivery.confirmed").count(), "delivery {id}");
    }
    assert_eq!(state.disputes.len(), book.of_kind.get("delivery.disputed").map_or(0, Vec::len));
}

fn approvals(state: &State, book: &Book) {
    for (subject, keys) in &state.approvals {
        let keys: Vec<String> = keys.iter().map(|key| state.key_order[key.at()].to_string()).collect();
        let kept = match subject {
            Subject::Assignment(place) => book.approvers_of(&state.ids.at(state.assignments[place.at()].entry).to_string()),
            Subject::Draft(organization, draft) => {
                book.draft_approvers(state.organizations.code(organization.0).as_str(), &draft.to_string())
            }
        };
        assert_eq!(keys, kept, "{subject:?}");
    }
}

/// Every unit of every gift is in one place, and what the numbers say of each lot is what the book says.
pub fn units(book: &Book) -> Provenance {
    let units = Provenance::of(book);
    let words = ["on hand", "in transit", "assigned", "delivered", "", "lost", "returned", "passed on"];
    let mut paid: BTreeMap<(String, String), i128> = BTreeMap::new();
    for (id, lot) in &book.lots {
        for (place, word) in INSIDE.into_iter().zip(words) {
            let numbered = match place {
                Place::Spent => units.units_at(id, "spent") + units.units_at(id, "bought"),
                _ => units.units_at(id, word),
            };
            assert_eq!(numbered, lot.at(place), "{place:?} of lot {id}");
        }
        if book.events[&lot.event].kind == "donation.received" {
            let places = units.where_is(id);
            let all: i128 = places.iter().map(|(_, minor)| minor).sum();
            let quantity = INSIDE.iter().map(|place| lot.at(*place)).sum::<i128>();
            assert_eq!(all, quantity, "gift {id} is in one place: {places:?}");
            for (place, minor) in places {
                if let Some(delivery) = place.strip_prefix("delivered ") {
                    paid.insert((delivery.to_owned(), id.clone()), minor);
                }
            }
        }
    }
    for delivery in book.of_kind.get("delivery.made").into_iter().flatten() {
        for (gift, minor) in units.who_paid(delivery) {
            assert_eq!(paid.remove(&(delivery.clone(), gift)), Some(minor), "delivery {delivery}");
        }
    }
    assert!(paid.is_empty(), "both ways are one: {paid:?}");
    units
}
