//! Promises of the view `listings`: whoever follows a name sees every reversal of what it saw before.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use aidledger::event::Kind;
use aidledger::rules::control::reversible;
use aidledger::rules::{State, check};
use aidledger::views::{ViewName, Views};
use serde_json::{Value, json};
use support::{World, organization_of};

/// The names in whose listings each entry stands.
fn names(world: &World) -> Vec<BTreeSet<String>> {
    let (mut state, mut views) = (State::default(), Views::default());
    for signed in &world.log {
        let accepted = check(&state, &signed.event, signed.id(), world.recorded).expect("it was accepted");
        state.apply(&accepted);
        views.fold(&accepted, &state, None).expect("nothing is read");
    }
    let mut names = vec![BTreeSet::new(); world.log.len()];
    for row in views.take_changes(ViewName::Listings, &state).iter() {
        let name = String::from_utf8(row.key().to_vec()).expect("text");
        let value: Value = serde_json::from_slice(row.value()).expect("JSON");
        let entries = value["entries"].as_array().expect("too few entries for a chunk");
        assert_eq!(value["count"], entries.len());
        for entry in entries {
            names[entry.as_u64().expect("a number") as usize].insert(name.clone());
        }
    }
    names
}

/// A season with every kind that can be reversed.
fn season() -> World {
    let mut world = World::scene("season");
    let money = json!([{"lot": "$cash.0", "quantity": "10.00"}]);
    let rice = json!([{"lot": "$gift.1", "quantity": "1.000"}]);
    let lines = json!([{"item": "rice", "quantity": "1.000"}, {"item": "blanket", "quantity": "1"}]);
    for (signer, kind, body) in [
        ("fund-intake", "need.recorded", json!({"lines": lines, "recipient": "$token:dan"})),
        ("fund-finance", "donation.pledged", json!({"donor": {"type": "anonymous"}, "lines": lines})),
        ("fund-finance", "donation.returned", json!({"donation": "$cash", "draws": money, "reason": "surplus"})),
        ("fund-finance", "expense.paid", json!({"draws": money, "programme": "winter", "purpose": "fuel", "region": "north"})),
        ("fund-assign", "loss.recorded", json!({"draws": rice, "reason": "damaged"})),
        ("fund-assign", "stock.counted", json!({"counts": lines})),
        ("fund-assign", "transfer.sent", json!({"draws": rice, "to": "kitchen"})),
        ("fund-field", "delivery.failed", json!({"assignment": "$basket", "reason": "not-home"})),
        ("kitchen-field", "delivery.confirmed", json!({"delivery": "$visit"})),
        (
            "fund-assign",
            "service.recorded",
            json!({"activity": "calls", "day": "2026-01-30", "minutes": 60, "programme": "winter", "volunteer": "$token:max"}),
        ),
        ("fund-admin", "recognition.awarded", json!({"award": "hours-10", "volunteer": "$token:max"})),
        ("fund-intake", "recipient.withdrawn", json!({"reason": "moved", "recipient": "$token:dan"})),
    ] {
        world.add("", signer, kind, body);
    }
    world
}

#[test]
fn a_reversal_stands_wherever_its_subject_stands() {
    let mut world = season();
    let signers: Vec<String> = ["fund", "kitchen"]
        .iter()
        .flat_map(|organization| ["admin", "assign", "field", "finance", "intake"].map(|role| format!("{organization}-{role}")))
        .collect();
    let mut subjects: BTreeMap<usize, usize> = BTreeMap::new();
    for subject in (0..world.log.len()).rev() {
        let signed = world.log[subject].clone();
        let body = json!({"event": signed.id().to_string(), "reason": "other"});
        for signer in signers.iter().filter(|signer| organization_of(signer) == signed.event.organization.as_str()) {
            let reversal = world.sign(signer, world.draft(organization_of(signer), "event.reversed", body.clone()));
            if world.submit(&reversal).is_ok() {
                subjects.insert(world.log.len() - 1, subject);
                break;
            }
        }
    }
    let reversed: BTreeSet<Kind> = subjects.values().map(|subject| world.log[*subject].event.kind()).collect();
    let all: BTreeSet<Kind> = Kind::ALL.iter().copied().filter(|kind| reversible(*kind)).collect();
    assert_eq!(reversed, all, "every kind that can be reversed was");

    let names = names(&world);
    let without_kind = |entry: usize| names[entry].iter().filter(|name| !name.starts_with("kind/")).collect::<BTreeSet<_>>();
    for (reversal, subject) in subjects {
        let kind = world.log[subject].event.kind();
        assert_eq!(without_kind(reversal), without_kind(subject), "the reversal of a {kind}");
        assert!(names[reversal].contains("kind/event.reversed") && !names[reversal].contains(&format!("kind/{kind}")));
    }
}

#[test]
fn services_and_opinions_stand_under_their_programme() {
    let mut world = season();
    let opinion = json!({"conclusion": "unqualified", "programme": "winter", "root": "$hash:root", "size": 1});
    world.add("", "hall-audit", "audit.attested", opinion);
    let names = names(&world);
    for (entry, signed) in world.log.iter().enumerate() {
        let kind = signed.event.kind();
        let named = serde_json::to_string(&String::from_utf8_lossy(&aidledger::canonical::encode(signed))).expect("JSON");
        if matches!(kind, Kind::AuditAttested | Kind::ServiceRecorded | Kind::ExpensePaid) {
            let winter = named.contains(r#"\"programme\":\"winter\""#);
            assert_eq!(names[entry].contains("programme/winter"), winter, "{kind}");
        }
    }
}
