//! What an import says afterwards: which rows were not taken and why, and what was.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::event::values::format_minor;
use crate::event::{Code, Quantity};
use crate::rules::Rejection;

/// Why a row is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The column at fault, or the member of the event that the rules refuse.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// Why it cannot be taken; the same words for the same cause, so that they can be counted.
    pub reason: String,
}

impl Reject {
    /// A cell that cannot be taken.
    pub fn new(column: impl Into<String>, value: impl Into<String>, reason: impl Into<String>) -> Reject {
        Reject { column: column.into(), value: value.into(), reason: reason.into() }
    }
}

impl From<Rejection> for Reject {
    fn from(rejection: Rejection) -> Reject {
        Reject::new(rejection.field, rejection.found, format!("rule {}: {}", rejection.rule, rejection.rule.sentence()))
    }
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All its steps are in the ledger or about to be; some were there before if `resumed`.
    Taken {
        /// The item.
        item: Code,
        /// How much.
        quantity: Quantity,
        /// Whether an earlier run had begun it.
        resumed: bool,
    },
    /// All its steps were in the ledger before.
    AlreadyThere {
        /// The item.
        item: Code,
        /// How much.
        quantity: Quantity,
    },
    /// It is not taken.
    Rejected(Reject),
}

/// How much of one item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// The item's decimals.
    pub decimals: u8,
    /// In rows that were taken, in minor units.
    pub taken: u128,
    /// In rows that were there already.
    pub already_there: u128,
}

/// An import in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows read, without the header.
    pub rows: u64,
    /// Rows taken, resumed ones included.
    pub taken: u64,
    /// Rows that an earlier run had begun and this one completed.
    pub resumed: u64,
    /// Rows whose steps were all there.
    pub already_there: u64,
    /// Rows not taken, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Events appended, by kind.
    pub events: BTreeMap<&'static str, u64>,
    /// Amounts by item.
    pub totals: BTreeMap<Code, Total>,
}

impl Summary {
    /// Counts a row.
    pub fn count(&mut self, outcome: &Outcome) {
        self.rows += 1;
        match outcome {
            Outcome::Taken { item, quantity, resumed } => {
                self.taken += 1;
                self.resumed += u64::from(*resumed);
                self.total(*item, quantity).taken += u128::from(quantity.minor);
            }
            Outcome::AlreadyThere { item, quantity } => {
                self.already_there += 1;
                self.total(*item, quantity).already_there += u128::from(quantity.minor);
            }
            Outcome::Rejected(reject) => *self.rejected.entry(reject.reason.clone()).or_default() += 1,
        }
    }

    fn total(&mut self, item: Code, quantity: &Quantity) -> &mut Total {
        self.totals.entry(item).or_insert(Total { decimals: quantity.decimals, ..Total::default() })
    }

    /// Rows not taken.
    pub fn rejected_rows(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Events appended.
    pub fn events_appended(&self) -> u64 {
        self.events.values().sum()
    }

    /// Sees that every row is accounted for.
    pub fn assert_complete(&self) {
        assert_eq!(self.rows, self.taken + self.already_there + self.rejected_rows(), "every row is taken, already there or rejected");
    }

    /// For programs. `unit_of` names an item's unit, if it has one.
    pub fn json(&self, unit_of: impl Fn(&Code) -> Option<Code>) -> Value {
        let totals: Vec<Value> = self
            .totals
            .iter()
            .map(|(item, total)| {
                let amount = |minor: u128| format_minor(minor as i128, total.decimals);
                json!({
                    "item": item.as_str(), "unit": unit_of(item).map(|unit| unit.to_string()),
                    "taken": amount(total.taken), "already_there": amount(total.already_there),
                })
            })
            .collect();
        json!({
            "rows": { "read": self.rows, "taken": self.taken, "resumed": self.resumed, "already_there": self.already_there, "rejected": self.rejected_rows() },
            "rejected": self.rejected, "events": self.events, "totals": totals,
        })
    }
}
