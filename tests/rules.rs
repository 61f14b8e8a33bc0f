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

use aidledger::event::{Kind, SignedEvent, Time};
use aidledger::rules::Rule;
use serde::Deserialize;
use serde_json::Value;
use support::{World, key, organization_of};

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
