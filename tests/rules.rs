//! Promises of the rules: every rule has a row in `fixtures/rules/` that breaks it and it alone or first, and every kind has one that keeps all.
//!
//! ```text
//! {"case": what is at stake, "given": scene, "after": [event, …]?, "recorded": the log's clock?, "event": event, "expect": "accepted" | "<rule> <field>"}
//! event = {"signer", "kind", "body", "organization"?, "as"?: its name from here on,
//!          "time"?: seconds from the clock or a time, "sequence"?: steps off the right one, "previous"?, "ledger"?}
//! ```

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use aidledger::canonical::Set;
use aidledger::crypto::Blake3Hash;
use aidledger::event::kinds::{Role, SlipCode};
use aidledger::event::{Body, Draft, Draw, EventId, Kind, LotId, Quantity, SignedEvent, Time};
use aidledger::rules::{Rule, check};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde::Deserialize;
use serde_json::Value;
use support::{SLIP_CODE, World, bodies, key, organization_of};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    case: String,
    given: String,
    #[serde(default)]
    after: Vec<Step>,
    recorded: Option<String>,
    event: Step,
    expect: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    signer: String,
    kind: String,
    body: Value,
    organization: Option<String>,
    r#as: Option<String>,
    time: Option<When>,
    #[serde(default)]
    sequence: i64,
    previous: Option<String>,
    ledger: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum When {
    SecondsAhead(i64),
    At(String),
}

impl Step {
    fn sign(&self, world: &World) -> SignedEvent {
        let organization = self.organization.as_deref().unwrap_or(organization_of(&self.signer));
        let mut draft = world.draft(organization, &self.kind, self.body.clone());
        draft.time = match &self.time {
            None => draft.time,
            Some(When::SecondsAhead(seconds)) => Time(draft.time.0 + seconds),
            Some(When::At(time)) => time.parse().expect("a time"),
        };
        if self.ledger.is_none() && self.previous.is_none() && self.sequence == 0 {
            return world.sign(&self.signer, draft);
        }
        let id = |text: &String| world.resolve(text).parse().expect("an id");
        let mut feed = world.feed(&self.signer);
        feed.sequence = feed.sequence.checked_add_signed(self.sequence).expect("a sequence");
        feed.previous = self.previous.as_ref().map_or(feed.previous, id);
        draft.sign(self.ledger.as_ref().map_or(world.ledger(), id), feed, &key(&self.signer))
    }
}

fn rows() -> Vec<(String, Row)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let mut rows = Vec::new();
    for file in std::fs::read_dir(folder).expect("the folder of tables") {
        let path = file.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        for (line, text) in std::fs::read_to_string(&path).expect("a table").lines().enumerate() {
            let place = format!("{name}:{}", line + 1);
            let row = serde_json::from_str(text).unwrap_or_else(|error| panic!("{place}: {error}"));
            rows.push((place, row));
        }
    }
    rows
}

#[test]
fn every_row_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    for (place, row) in rows() {
        let mut world = World::scene(&row.given);
        for step in &row.after {
            let id = world.submit(&step.sign(&world)).unwrap_or_else(|rejection| panic!("{place}, on the way: {rejection}"));
            if let Some(name) = &step.r#as {
                world.names.insert(name.clone(), id);
            }
        }
        if let Some(recorded) = &row.recorded {
            world.recorded = recorded.parse().expect("a time");
        }
        let signed = row.event.sign(&world);
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
        (Kind::RecipientEnrolled, &["intake"]),
        (Kind::DonationReceived, &["finance"]),
        (Kind::AssignmentMade, &["assign"]),
        (Kind::AssignmentCancelled, &["assign"]),
        (Kind::DeliveryMade, &["field"]),
        (Kind::EventReversed, &["assign", "field", "finance", "intake"]),
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

/// Points a body of any content at things that are there, so that it comes past the rules of existence.
fn aim(world: &World, body: &mut Body, at: u64) {
    let some = |name: &str| world.names[name];
    let event = |n: u64| -> EventId { world.state.ids.at((n % world.state.size()) as u32) };
    let draws = |old: &Set<Draw>| {
        // The scene's lots; quantities keep their size and get the decimals of the item.
        let lots = [("gift", 0, 2), ("gift", 1, 3), ("gift", 2, 0), ("bound", 0, 3), ("meals", 0, 3)];
        let aimed = old.iter().enumerate().map(|(i, draw)| {
            let (name, line, decimals) = lots[(at as usize + i) % lots.len()];
            let minor = if at.is_multiple_of(3) { draw.quantity.minor } else { draw.quantity.minor % 10_000 };
            Draw { lot: LotId { event: some(name), line }, quantity: Quantity { minor, decimals } }
        });
        let mut aimed: Vec<Draw> = aimed.collect();
        aimed.sort();
        aimed.dedup_by_key(|draw| draw.lot);
        Set::new(aimed)
    };
    match body {
        Body::AssignmentMade(body) => {
            body.draws = draws(&body.draws);
            body.recipient = world.resolve("$token:ann").parse().expect("a token");
            body.programme = "winter".parse().expect("a code");
            if at.is_multiple_of(5) {
                body.lock = Some(Blake3Hash::of(SLIP_CODE.as_bytes()));
            }
        }
        Body::AssignmentCancelled(body) => body.assignment = event(at),
        Body::DeliveryMade(body) => {
            body.draws = draws(&body.draws);
            body.assignment = some("parcel");
            if at.is_multiple_of(2) {
                body.code = Some(SlipCode(SLIP_CODE.to_owned()));
            }
        }
        Body::EventReversed(body) => body.event = event(at),
        Body::DonationReceived(body) if at.is_multiple_of(2) => {
            body.lots.iter_mut().for_each(|lot| {
                lot.item = "KZT".parse().expect("a code");
                lot.quantity.decimals = 2;
            });
            body.restrictions = None;
        }
        Body::KeyGranted(body) if at.is_multiple_of(2) => {
            body.key = key(if at.is_multiple_of(4) { "log" } else { "hall-registrar" }).public();
            body.organization = "hall".parse().expect("a code");
        }
        Body::KeyRevoked(body) => body.key = key(["hall-registrar", "fund-field", "hall-second"][at as usize % 3]).public(),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: support::runs(150), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever holds a key can sign anything of the right form. None of it may stop the log, now or by what it leaves behind.
    #[test]
    fn no_signed_event_stops_the_rules(events in prop::collection::vec((bodies::body(0.4), 0usize..5, any::<u64>(), any::<bool>()), 60)) {
        let mut world = World::scene("city");
        for (mut body, who, at, aimed) in events {
            if aimed {
                aim(&world, &mut body, at);
            }
            let role = match body.kind() {
                Kind::RecipientEnrolled => "intake",
                Kind::DonationReceived => "finance",
                Kind::AssignmentMade | Kind::AssignmentCancelled => "assign",
                Kind::DeliveryMade => "field",
                Kind::EventReversed => ["intake", "finance", "assign", "field"][at as usize % 4],
                Kind::ProgrammeOpened => "admin",
                _ => "registrar",
            };
            let organization = if role == "registrar" { "hall" } else { ["fund", "fund", "kitchen", "stranger", "hall"][who] };
            let draft = Draft { organization: organization.parse().expect("a code"), time: world.recorded, body };
            let signed = world.sign(&format!("{organization}-{role}"), draft);
            let _ = world.submit(&signed);
        }
        prop_assert!(world.state.registrars >= 1);
        prop_assert!(!world.state.keys.contains_key(&key("log").public()));
    }
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
