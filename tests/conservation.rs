//! Promises about quantities, kept by random histories: nothing is made or lost on the way, and what the rules say of an event is what a
//! naive book-keeper says who shares no code with them ([`model`]).
//!
//! A history has 10,000 accepted events of all kinds, and nearly as many that are wrong in some way. Each seed gives the same one; a failure prints its
//! seed, and `AIDLEDGER_SEED=n cargo test --test conservation` runs that one alone. `AIDLEDGER_LONG=1` runs more of them.

mod histories;
mod model;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use aidledger::event::{Body, Kind, SignedEvent};
use aidledger::rules::{State, check};
use histories::compare::{Ledger, compare, units};
use histories::{Proposal, Story};
use model::{Book, Event};
use serde_json::json;
use support::table::without_row;
use support::{World, organization_of};

const EVENTS: usize = 10_000;

/// The season with its events entered in all three books, and some more keys.
fn start() -> (World, Book, Ledger) {
    let mut season = World::season();
    for (key, roles) in [("phone", json!(["field"])), ("both", json!(["assign", "field", "intake"]))] {
        for organization in ["kitchen", "stranger"] {
            let body = json!({"key": format!("$key:{organization}-{key}"), "organization": organization, "roles": roles});
            season.add("", "hall-registrar", "key.granted", body);
        }
    }
    // Its events are replayed so that the sums of postings begin at nothing.
    let (mut world, mut book, mut ledger) = (World::empty(), Book::default(), Ledger::default());
    for signed in season.log {
        let accepted = check(&world.state, &signed.event, signed.id(), world.recorded).expect("the scene keeps the rules");
        ledger.post(&accepted.postings);
        world.state.apply(&accepted);
        assert_eq!(book.enter(&Event::read(&signed, world.recorded)), Ok(()), "{:?}", signed.event);
        world.recorded.0 += 1;
    }
    compare(&world.state, &book, &ledger);
    (world, book, ledger)
}

/// What came of histories.
#[derive(Default)]
struct Outcome {
    /// How often each answer was given.
    answers: BTreeMap<String, usize>,
    /// Answers for which no rule table has a row.
    lacking: BTreeSet<String>,
    accepted: usize,
    proposed: usize,
    largest: u128,
}

/// Goes through the history of a seed.
fn run(seed: u64, outcome: &mut Outcome) {
    println!("AIDLEDGER_SEED={seed}");
    let (mut world, mut book, mut ledger) = start();
    let mut story = Story::new(seed);
    story.cards.insert(support::key("eve-card").public().to_string(), "eve-card".to_owned());
    // A second state that was stored and read back in the midst of the history, three times.
    let mut restored: Option<State> = None;
    let mut accepted_events = 0;
    while accepted_events < EVENTS {
        if accepted_events % 2_500 == 1_250 {
            let stored = postcard::to_stdvec(restored.as_ref().unwrap_or(&world.state)).expect("a state is stored");
            restored = Some(postcard::from_bytes(&stored).expect("what was stored"));
        }
        // Every now and then what waited for approvals is tried again.
        let proposal = match story.step % 12 {
            0 => story.waiting.pop_front(),
            _ => None,
        };
        let again = proposal.is_some();
        let proposal = proposal.unwrap_or_else(|| story.next(&book));
        story.step += usize::from(again);
        let Proposal { signer, kind, body, days_late } = proposal.clone();
        let mut draft = world.draft(organization_of(&signer), kind, body);
        draft.time.0 -= days_late * 86_400;
        let signed: SignedEvent = world.sign(&signer, draft);
        let event = Event::read(&signed, world.recorded);
        let answer = check(&world.state, &signed.event, signed.id(), world.recorded);
        let expected = book.enter(&event);
        let found = answer.as_ref().map(|_| ()).map_err(|rejection| rejection.rule.name());
        let step = outcome.proposed;
        assert_eq!(found, expected, "seed {seed}, event {accepted_events}: {proposal:?}: {:?}", answer.as_ref().err());
        if let Some(restored) = &mut restored {
            let again = check(restored, &signed.event, signed.id(), world.recorded);
            assert_eq!(format!("{again:?}"), format!("{answer:?}"), "seed {seed}, step {step}: a stored state answers otherwise");
            again.iter().for_each(|accepted| restored.apply(accepted));
        }
        outcome.proposed += 1;
        let mut word = found.map_or_else(str::to_owned, |()| format!("accepted {kind}"));
        if let (Ok(()), Body::EventReversed(body)) = (found, &signed.event.body) {
            word = format!("{word} of {}", book.events[&body.event.to_string()].kind);
        }
        *outcome.answers.entry(word).or_default() += 1;
        match answer {
            Ok(accepted) => {
                ledger.post(&accepted.postings);
                world.state.apply(&accepted);
                // Ten minutes at most, five on average: the history takes a month.
                world.recorded.0 += story.dice.below(600) as i64;
                accepted_events += 1;
                if accepted_events % 250 == 0 {
                    compare(&world.state, &book, &ledger);
                }
            }
            Err(rejection) => {
                outcome.lacking.extend(without_row(signed.event.kind(), &rejection));
                if rejection.rule.name() == "approvals-missing" && kind != "delivery.made" && story.waiting.len() < 4 {
                    story.waiting.push_back(proposal);
                }
            }
        }
    }
    compare(&world.state, &book, &ledger);
    units(&book);
    let restored = restored.expect("the history is long enough");
    assert_eq!(restored.ids.len(), world.state.ids.len());
    assert_eq!(format!("{:?}", restored.lots), format!("{:?}", world.state.lots));
    assert_eq!(format!("{:?}", restored.assignments), format!("{:?}", world.state.assignments));
    outcome.accepted += accepted_events;
    let sums = ledger.by_item.values().flat_map(|sums| sums.values());
    outcome.largest = outcome.largest.max(sums.map(|sum| sum.unsigned_abs()).max().unwrap_or(0));
}

#[test]
fn random_histories_keep_every_balance() {
    let seeds = match std::env::var("AIDLEDGER_SEED") {
        Ok(seed) => vec![seed.parse().expect("a seed is a number")],
        Err(_) => (1..=u64::from(support::runs(2))).collect(),
    };
    let mut outcome = Outcome::default();
    for seed in &seeds {
        run(*seed, &mut outcome);
    }
    println!("{:#?}\n{} accepted of {}", outcome.answers, outcome.accepted, outcome.proposed);
    assert!(outcome.lacking.is_empty(), "answers without a row in fixtures/rules: {:#?}", outcome.lacking);
    if seeds.len() < 2 {
        return;
    }
    // The histories are worth nothing if they do not come to the places where quantities could go wrong.
    assert!(outcome.largest > u128::from(u64::MAX), "no sum passes 64 bits: {}", outcome.largest);
    let mut musts: Vec<String> = Kind::ALL
        .iter()
        .filter(|kind| !matches!(kind, Kind::LedgerOpened | Kind::EventReversed))
        .map(|kind| format!("accepted {kind}"))
        .collect();
    let reversible = Kind::ALL.iter().filter(|kind| aidledger::rules::control::reversible(**kind));
    musts.extend(reversible.map(|kind| format!("accepted event.reversed of {kind}")));
    musts.extend(MET.map(str::to_owned));
    let missed: Vec<_> = musts.iter().filter(|must| !outcome.answers.contains_key(*must)).collect();
    assert!(missed.is_empty(), "no history came to {missed:?}");
}

/// Rules that the histories must meet, beside all kinds and all reversals.
const MET: [&str; 60] = [
    "accepted-exceeds-sent",
    "approvals-missing",
    "approved-already",
    "approver-is-maker",
    "assignment-cancelled",
    "assignment-foreign",
    "assignment-settled",
    "assignment-unknown",
    "attested-size",
    "code-mismatch",
    "code-used",
    "code-without-lock",
    "confirmed-already",
    "confirmer-is-maker",
    "cost-mismatch",
    "count-twice",
    "delivery-exceeds-assigned",
    "delivery-unknown",
    "dispute-foreign",
    "dispute-key-missing",
    "dispute-signature",
    "donation-unknown",
    "draw-not-assigned",
    "draw-not-money",
    "duties-not-separate",
    "event-already-reversed",
    "event-foreign",
    "event-has-consequences",
    "event-not-reversible",
    "item-unknown",
    "key-taken",
    "lock-used",
    "lot-foreign",
    "lot-insufficient",
    "lot-other-donation",
    "lot-unknown",
    "need-other-recipient",
    "organization-suspended",
    "pledge-unknown",
    "policy-foreign",
    "policy-member-missing",
    "programme-period",
    "purchase-of-money",
    "quantity-decimals",
    "quantity-zero",
    "recipient-foreign",
    "recipient-unknown",
    "recipient-withdrawn",
    "recognition-not-earned",
    "reference-used",
    "restriction-category",
    "restriction-item",
    "restriction-programme",
    "restriction-region",
    "restriction-use-by",
    "service-minutes",
    "time-too-old",
    "transfer-settled",
    "uniqueness-tag-seen",
    "volunteer-key",
];
