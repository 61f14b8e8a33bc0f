//! Provenance: what became of each unit of each gift, and whose gifts paid for each parcel (spec section 10.4).
//!
//! Units of a lot are alike, so somebody has to say which of them went where. This is the pooling rule, the same for everybody:
//!
//! ```text
//! the units of a lot are numbered 0, 1, 2, …      a draw takes the lowest numbers that are free
//! what comes back is free again under its old numbers
//! a delivery takes the lowest numbers of its assignment; of a transfer the lowest numbers arrived
//! a purchase lays the money drawn on a ruler, lots ascending, and each line of the bill takes the next stretch of it, as long as its cost
//! ```
//!
//! Nothing is split by shares and nothing is rounded away: each minor unit of a gift is in one place. What a unit stands for, it keeps when its
//! lot is handed on:
//!
//! ```text
//! a donated lot        units [a, b) are the gift's
//! a transferred lot    unit k is the k-th of the sender's units that arrived
//! a bought lot         units [a, b) of Q stand for the money [floor(a·c/Q), floor(b·c/Q)) of the stretch of the purchase's money that its cost c took
//! ```
//!
//! * [`units`]: sets of numbers. [`lot`]: where the units of one lot are, replayed from the entries that moved it. [`trace`]: across lots.
//!
//! Pure: it works on the rules' [`State`] and on the list of entries that moved a lot, which the view `listings` has.

pub mod lot;
pub mod trace;
pub mod units;

pub use lot::{LotUnits, Place};
pub use trace::{Entries, Part, Tracer};
pub use units::Units;

#[cfg(doc)]
use crate::rules::State;

/// The pooling rule in a sentence, printed wherever a trace is shown.
pub const POOLING_RULE: &str = "Pooling rule: units of a lot are alike, so the first to come in are counted as the first to go out; \
money that buys together is laid end to end, and each line of the bill takes the next stretch of it.";
