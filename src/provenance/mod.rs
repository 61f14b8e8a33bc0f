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
//! Nothing is split by shares and nothing is rounded away: each minor unit of a gift is in one place. Beside the units each lot has a *ruler of
//! value*, made of stretches of gifts:
//!
//! ```text
//! a donated lot        its own units                               V = Q
//! a transferred lot    the value of its units in the sender's lot
//! a bought lot         its stretch of the purchase's money         V = cost
//! units [a, b) stand for the value [floor(a·V/Q), floor(b·V/Q))
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
