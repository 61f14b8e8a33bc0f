//! Promises of the rules: every rule has a row in `fixtures/rules/` that breaks it and it alone or first, and every kind has one that keeps all.
//!
//! ```text
//! {"case": what is at stake, "given": scene, "after": [event, …]?, "recorded": the log's clock?, "event": event, "expect": "accepted" | "<rule> <field>"}
//! event = {"signer", "kind", "body", "organization"?, "as"?: its name from here on,
//!          "time"?: seconds from the clock or a time, "sequence"?: steps off the right one, "previous"?, "ledger"?}
//! ```

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;

use aidledger::canonical::Set;
use aidledger::event::kinds::Role;
use aidledger::event::{Body, Draft, Draw, Kind, LotId, SignedEvent, Time};
use aidledger::rules::{Rule, check};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::aim::{aim, role};
use support::table::{Step, When, rows, without_row};
use support::{World, bodies, key, organization_of};

fn sign(step: &Step, world: &World) -> SignedEvent {
    let organization = step.organization.as_deref().unwrap_or(organization_of(&step.signer));
    let mut draft = world.draft(organization, &step.kind, step.body.clone());
    draft.time = match &step.time {
        None => draft.time,
        Some(When::SecondsAhead(seconds)) => Time(draft.time.0 + seconds),
        Some(When::At(time)) => time.parse().expect("a time"),
    };
    if step.ledger.is_none() && step.previous.is_none() && step.sequence == 0 {
        return world.sign(&step.signer, draft);
    }
    let id = |text: &String| world.resolve(text).parse().expect("an id");
    let mut feed = world.feed(&step.signer);
    feed.sequence = feed.sequence.checked_add_signed(step.sequence).expect("a sequence");
    feed.previous = step.previous.as_ref().map_or(feed.previous, id);
    draft.sign(step.ledger.as_ref().map_or(world.ledger(), id), feed, &key(&step.signer))
}

#[test]
fn every_row_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    'rows: for (place, row) in rows() {
        let mut world = World::scene(&row.given);
        for step in &row.after {
            match world.submit(&sign(step, &world)) {
                Ok(id) => _ = step.r#as.as_ref().map(|name| world.names.insert(name.clone(), id)),
                Err(rejection) => {
                    wrong.push(format!("{place} ({}), on the way: {rejection}", row.case));
                    continue 'rows;
                }
            }
        }
        if let Some(recorded) = &row.recorded {
            world.recorded = recorded.parse().expect("a time");
        }
        let signed = sign(&row.event, &world);
        let answer = match world.submit(&signed) {
            Ok(_) => "accepted".to_owned(),
            Err(rejection) => format!("{} {}", rejection.rule.name(), rejection.field),
        };
        if answer != row.expect {
            wrong.push(format!("{place} ({}): expected {}, found {answer}", row.case, row.expect));
        }
    }
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_rule_and_no_kind_is_without_a_row() {
    // Decided before the state machine sees an event: by the decoder, the log's owner and the verifier.
    let elsewhere = [Rule::Malformed, Rule::EntryTooLong, Rule::SignatureInvalid];
    let rows = rows();
    let broken: BTreeSet<&str> = rows.iter().filter_map(|(_, row)| row.expect.split(' ').next()).collect();
    let missing: Vec<_> = Rule::ALL.iter().filter(|rule| !elsewhere.contains(rule) && !broken.contains(rule.name())).collect();
    assert!(missing.is_empty(), "rules without a row: {missing:?}");
    let accepted: BTreeSet<&str> =
        rows.iter().filter(|(_, row)| row.expect == "accepted").map(|(_, row)| row.event.kind.as_str()).collect();
    let missing: Vec<_> = Kind::ALL.iter().filter(|kind| !accepted.contains(kind.word())).collect();
    assert!(missing.is_empty(), "kinds without an accepted row: {missing:?}");
    let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).chain(["accepted"]).collect();
    let unknown: Vec<_> = broken.difference(&names).collect();
    assert!(unknown.is_empty(), "rows expect what is no rule: {unknown:?}");
}

/// Who may append what, as the specification's table has it, tried with keys of one role each: a key is turned away for its role where, and only where,
/// the table has a gap.
#[test]
fn each_role_opens_its_own_doors_only() {
    let may: &[(Kind, &[&str])] = &[
        (Kind::LedgerOpened, &["registrar"]),
        (Kind::OrganizationRegistered, &["registrar"]),
        (Kind::OrganizationSuspended, &["registrar"]),
        (Kind::OrganizationReinstated, &["registrar"]),
        (Kind::KeyGranted, &["admin", "registrar"]),
        (Kind::KeyRevoked, &["admin", "registrar"]),
        (Kind::ItemDefined, &["registrar"]),
        (Kind::RegionDefined, &["registrar"]),
        (Kind::ProgrammeOpened, &["admin"]),
        (Kind::ProgrammeClosed, &["admin", "registrar"]),
        (Kind::PolicyChanged, &["admin", "registrar"]),
        (Kind::RecipientEnrolled, &["intake"]),
        (Kind::RecipientWithdrawn, &["intake"]),
        (Kind::NeedRecorded, &["assign", "intake"]),
        (Kind::DonationPledged, &["finance"]),
        (Kind::DonationReceived, &["finance"]),
        (Kind::DonationReturned, &["finance"]),
        (Kind::PurchaseMade, &["finance"]),
        (Kind::TransferSent, &["assign", "finance"]),
        (Kind::TransferAccepted, &["assign", "finance"]),
        (Kind::ExpensePaid, &["finance"]),
        (Kind::LossRecorded, &["assign", "finance"]),
        (Kind::StockCounted, &["assign", "field", "finance"]),
        (Kind::AssignmentMade, &["assign"]),
        (Kind::AssignmentCancelled, &["assign"]),
        (Kind::DeliveryMade, &["field"]),
        (Kind::DeliveryFailed, &["field"]),
        (Kind::DeliveryConfirmed, &["admin", "assign", "audit", "field", "intake"]),
        (Kind::DeliveryDisputed, &["admin", "audit", "field", "intake", "registrar"]),
        (Kind::DisputeAnswered, &["admin", "assign"]),
        (Kind::ApprovalGiven, &["admin", "assign", "finance"]),
        (Kind::AuditAttested, &["audit"]),
        (Kind::EventReversed, &["admin", "assign", "audit", "field", "finance", "intake"]),
        (Kind::VolunteerJoined, &["admin", "intake"]),
        (Kind::ServiceRecorded, &["admin", "assign"]),
        (Kind::RecognitionAwarded, &["admin"]),
    ];
    assert_eq!(may.len(), Kind::ALL.len());
    let mut world = World::city();
    // The scene's registrar is an admin, too.
    let only = serde_json::json!({"key": "$key:hall-only", "organization": "hall", "roles": ["registrar"]});
    world.add("", "hall-registrar", "key.granted", only);
    let mut runner = TestRunner::deterministic();
    let strategy = bodies::body(0.5);
    let mut tried: BTreeSet<Kind> = BTreeSet::new();
    while tried.len() < Kind::ALL.len() {
        let body = strategy.new_tree(&mut runner).expect("a value").current();
        let (kind, allowed) = *may.iter().find(|(kind, _)| *kind == body.kind()).expect("all are there");
        tried.insert(kind);
        for role in Role::ALL {
            let signer = format!("hall-{}", if *role == Role::Registrar { "only" } else { role.word() });
            let draft = Draft { organization: "hall".parse().expect("a code"), time: world.recorded, body: body.clone() };
            let signed = world.sign(&signer, draft);
            let answer = check(&world.state, &signed.event, signed.id(), world.recorded);
            let turned_away = answer.is_err_and(|rejection| rejection.rule == Rule::RoleMissing);
            assert_eq!(turned_away, !allowed.contains(&role.word()), "{kind} by a key with {role}");
        }
    }
}

/// Whoever holds a key can sign anything of the right form. None of it may stop the log, now or by what it leaves behind; and whatever the rules answer
/// there is a row for.
#[test]
fn no_signed_event_stops_the_rules() {
    let config = ProptestConfig { cases: support::runs(150), failure_persistence: None, ..ProptestConfig::default() };
    let histories = prop::collection::vec((bodies::body(0.4), 0usize..6, any::<u64>(), 0..4), 80);
    let lacking = RefCell::new(BTreeSet::new());
    let result = TestRunner::new(config).run(&histories, |events| {
        let mut world = World::scene("season");
        for (mut body, who, at, chance) in events {
            if chance > 0 {
                aim(&world, &mut body, at);
            }
            let kind = body.kind();
            let role = role(kind, at);
            let organization = if role == "registrar" { "hall" } else { ["fund", "fund", "fund", "kitchen", "stranger", "hall"][who] };
            let draft = Draft { organization: organization.parse().expect("a code"), time: world.recorded, body };
            let signed = world.sign(&format!("{organization}-{role}"), draft);
            if let Err(rejection) = world.submit(&signed) {
                lacking.borrow_mut().extend(without_row(kind, &rejection));
            }
        }
        prop_assert!(world.state.registrars >= 1);
        prop_assert!(!world.state.keys.contains_key(&key("log").public()));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let lacking = lacking.into_inner();
    assert!(lacking.is_empty(), "answers without a row in fixtures/rules: {lacking:#?}");
}

/// Lots of the largest amount: no sum within the state passes 64 bits, and a lot is spent to its last unit.
#[test]
fn the_largest_amounts_fit() {
    let mut world = World::city();
    let lots = vec![serde_json::json!({"item": "KZT", "quantity": "9999999999999999.99"}); 256];
    let donor = serde_json::json!({"type": "anonymous"});
    for n in 0..4 {
        world.add(&format!("fortune{n}"), "fund-finance", "donation.received", serde_json::json!({"donor": donor, "lots": lots}));
    }
    let one = serde_json::json!([{"lot": "$fortune3.0", "quantity": "9999999999999999.99"}]);
    let mut body =
        world.draft("fund", "assignment.made", serde_json::json!({"draws": one, "programme": "winter", "recipient": "$token:ann"}));
    let Body::AssignmentMade(assignment) = &mut body.body else { unreachable!("as drafted") };
    // All 256, in the order of lot ids, which is that of numbers and not of text.
    let event = world.names["fortune3"];
    let quantity = "9999999999999999.99".parse().expect("an amount");
    assignment.draws = Set::new((0..256).map(|line| Draw { lot: LotId { event, line }, quantity }).collect());
    let signed = world.sign("fund-assign", body);
    world.submit(&signed).expect("it is all there");
    let all: u128 = world.state.lots.iter().map(|lot| u128::from(lot.assigned)).sum();
    assert_eq!(all, 256 * 999_999_999_999_999_999 + 10_000 + 2);
}
