//! The rules as a pure state machine (spec sections 10 and 11).
//!
//! ```text
//! check(&State, &SignedEvent, id, recorded) -> Accepted | Rejection      may refuse, changes nothing
//! State::apply(&Accepted)                                                changes, cannot fail
//! ```
//!
//! The service runs [`check`](check::check) when an event is appended; an auditor runs the same code over the whole log and must come to the
//! same answers. So nothing here knows a clock, a file, a random number or the order of a hash map.
//!
//! * [`rejection`]: the numbered rules.
//! * [`state`]: what the rules remember of the log.
//! * [`mod@check`]: the rules every event obeys; then one file per group of kinds:
//!   [`governance`], [`people`], [`gifts`], [`movement`], [`help`], [`witness`], [`policy`], [`control`], [`volunteers`].
//! * [`postings`]: the double-entry movements that follow from an accepted event.
//!
//! A new kind gets a function in its group's file, a line in [`mod@check`]'s dispatch, and a variant of [`Change`].

pub mod check;
pub mod control;
pub mod gifts;
pub mod governance;
pub mod help;
pub mod ids;
pub mod movement;
pub mod people;
pub mod personal;
pub mod policy;
pub mod postings;
pub mod rejection;
pub mod state;
mod texts;
pub mod volunteers;
pub mod witness;

pub use check::{Accepted, Change, check};
pub use postings::{Account, Posting};
pub use rejection::{Rejection, Rule};
pub use state::State;
