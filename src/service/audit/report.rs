//! What an audit found, step by step.

use serde_json::{Value, json};

use super::Signatures;
use crate::crypto::Blake3Hash;
use crate::event::{EventId, Time};
use crate::log::checkpoint::Checkpoint;
use crate::log::tree::TreeHash;
use crate::rules::Rule;
use crate::views::ViewName;

/// The steps of spec section 13, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Every line is an entry in its one spelling, and links to the one before.
    Chain,
    /// Signatures.
    Signatures,
    /// Each key's events follow each other without gap.
    Feeds,
    /// Every event was acceptable when it was recorded.
    Rules,
    /// The Merkle tree was made from all entries.
    Tree,
    /// The log signed this tree.
    Checkpoint,
    /// The tree continues an earlier checkpoint's.
    Since,
    /// The tile files are those of the tree.
    Tiles,
    /// The stored views are what the log folds to.
    Views,
}

impl Step {
    /// Every step.
    pub const ALL: [Step; 9] =
        [Step::Chain, Step::Signatures, Step::Feeds, Step::Rules, Step::Tree, Step::Checkpoint, Step::Since, Step::Tiles, Step::Views];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Step::Chain => "chain",
            Step::Signatures => "signatures",
            Step::Feeds => "feeds",
            Step::Rules => "rules",
            Step::Tree => "tree",
            Step::Tiles => "tiles",
            Step::Checkpoint => "checkpoint",
            Step::Since => "since",
            Step::Views => "views",
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The step that found it.
    pub step: Step,
    /// The first entry it concerns.
    pub index: Option<u64>,
    /// The rule that the entry breaks, if it breaks one.
    pub rule: Option<Rule>,
    /// What is wrong, in words.
    pub what: String,
}

impl Finding {
    fn json(&self) -> Value {
        let mut json = json!({ "step": self.step.word(), "index": self.index, "what": self.what });
        if let Some(rule) = self.rule {
            json["rule"] = rule.number().into();
        }
        json
    }
}

/// The outcome of an audit.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which signatures were checked.
    pub signatures: Signatures,
    /// How many entries were verified.
    pub size: u64,
    /// When the last of them was recorded.
    pub recorded: Option<Time>,
    /// The ledger's id.
    pub ledger: Option<EventId>,
    /// The root of the tree.
    pub root: Option<TreeHash>,
    /// The checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// Entries after those that the checkpoint is signed for: right in themselves, but nobody stands up for them yet.
    pub unsigned: u64,
    /// Bytes after the last whole line, that nobody acknowledged: an append under way, or what a crash left.
    pub torn_tail: Option<String>,
    /// The digest of each view from a fresh fold.
    pub views: Vec<(ViewName, Blake3Hash)>,
    /// What is wrong; nothing if the ledger verifies.
    pub findings: Vec<Finding>,
    /// Steps that were carried out.
    pub steps_done: Vec<Step>,
    /// Steps that were left out, and why.
    pub steps_skipped: Vec<(Step, String)>,
}

impl Report {
    pub(super) fn new(signatures: Signatures) -> Report {
        Report {
            signatures,
            size: 0,
            recorded: None,
            ledger: None,
            root: None,
            checkpoint: None,
            unsigned: 0,
            torn_tail: None,
            views: Vec::new(),
            findings: Vec::new(),
            steps_done: Vec::new(),
            steps_skipped: Vec::new(),
        }
    }

    pub(super) fn find(&mut self, step: Step, index: Option<u64>, what: String) {
        self.findings.push(Finding { step, index, rule: None, what });
    }

    pub(super) fn find_rule(&mut self, step: Step, index: u64, rule: Rule, what: String) {
        self.findings.push(Finding { step, index: Some(index), rule: Some(rule), what });
    }

    pub(super) fn done(&mut self, step: Step) {
        if !self.steps_done.contains(&step) {
            self.steps_done.push(step);
        }
    }

    pub(super) fn skip(&mut self, step: Step, why: impl Into<String>) {
        self.steps_skipped.push((step, why.into()));
    }

    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// The report for programs.
    pub fn json(&self) -> Value {
        let status = |step: Step| {
            if self.findings.iter().any(|finding| finding.step == step) {
                "wrong"
            } else if self.steps_done.contains(&step) {
                "right"
            } else {
                "not verified"
            }
        };
        json!({
            "answer": if self.is_clean() { "verifies" } else { "does not verify" },
            "ledger": self.ledger.map(|id| id.to_string()),
            "size": self.size,
            "recorded": self.recorded.map(|time| time.to_string()),
            "root": self.root.map(|root| root.to_string()),
            "checkpoint_size": self.checkpoint.as_ref().map(Checkpoint::size),
            "unsigned": self.unsigned,
            "torn_tail": self.torn_tail,
            "signatures": self.signatures_word(),
            "steps": Step::ALL.iter().map(|step| (step.word().to_owned(), status(*step).into())).collect::<serde_json::Map<_, Value>>(),
            "views": self.views.iter().map(|(view, digest)| (view.word().to_owned(), digest.to_string().into())).collect::<serde_json::Map<_, Value>>(),
            "findings": self.findings.iter().map(Finding::json).collect::<Vec<_>>(),
        })
    }

    /// Which signatures were checked, in a word.
    pub fn signatures_word(&self) -> &'static str {
        match self.signatures {
            Signatures::Every => "every",
            Signatures::Strict => "strict",
            Signatures::Heads => "heads",
        }
    }
}
