//! The rule tables of `fixtures/rules/`, and which answers they have rows for.
//!
//! An answer's shape is the event's kind, the rule's name and the member at fault with its numbers left out: `loss.recorded lot-foreign body.draws[].lot`.
//! For the rules that ask the same of every kind the kind is `*`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use aidledger::event::Kind;
use aidledger::rules::{Rejection, Rule};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub case: String,
    pub given: String,
    #[serde(default)]
    pub after: Vec<Step>,
    pub recorded: Option<String>,
    pub event: Step,
    pub expect: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub signer: String,
    pub kind: String,
    pub body: Value,
    pub organization: Option<String>,
    pub r#as: Option<String>,
    pub time: Option<When>,
    #[serde(default)]
    pub sequence: i64,
    pub previous: Option<String>,
    pub ledger: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub enum When {
    SecondsAhead(i64),
    At(String),
}

/// Every row, with its file and line.
pub fn rows() -> Vec<(String, Row)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let mut paths: Vec<_> = std::fs::read_dir(folder).expect("the folder of tables").map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let mut rows = Vec::new();
    for path in paths {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        for (line, text) in std::fs::read_to_string(&path).expect("a table").lines().enumerate() {
            let place = format!("{name}:{}", line + 1);
            let row = serde_json::from_str(text).unwrap_or_else(|error| panic!("{place}: {error}"));
            rows.push((place, row));
        }
    }
    rows
}

/// Whether a rule asks the same of events of every kind, before it looks at the body.
fn of_every_kind(rule: Rule) -> bool {
    (Rule::LedgerNotOpen..=Rule::PreviousMismatch).contains(&rule) || matches!(rule, Rule::TimeInFuture | Rule::TimeTooOld)
}

/// The shape of an answer, as rows give it: `<rule> <field>`.
pub fn shape(kind: &str, answer: &str) -> String {
    let rule = answer.split(' ').next().expect("a word");
    let general = Rule::ALL.iter().any(|one| one.name() == rule && of_every_kind(*one));
    let mut shape = format!("{} ", if general { "*" } else { kind });
    let mut inside = false;
    for letter in answer.chars() {
        if !inside || letter == ']' {
            shape.push(letter);
        }
        inside = if letter == '[' { true } else { inside && letter != ']' };
    }
    shape
}

/// The shapes of all rows.
static SHAPES: LazyLock<BTreeSet<String>> = LazyLock::new(|| rows().iter().map(|(_, row)| shape(&row.event.kind, &row.expect)).collect());

/// The shape of a refusal for which there is no row.
pub fn without_row(kind: Kind, rejection: &Rejection) -> Option<String> {
    // Every kind is turned away from keys without its roles: each_role_opens_its_own_doors_only tries them all.
    if rejection.rule == Rule::RoleMissing && kind != Kind::EventReversed {
        return None;
    }
    let shape = shape(kind.word(), &format!("{} {}", rejection.rule.name(), rejection.field));
    (!SHAPES.contains(&shape)).then_some(shape)
}
