//! What an author signs: drafts, events, signed events and the values in them.
//!
//! * [`values`]: codes, quantities, times, tokens, lot ids: the words an event is made of.
//! * [`kinds`]: one struct for the body of each kind, in the groups of the spec.
//! * [`signed`]: [`Draft`] -> [`Event`] -> [`SignedEvent`], the id and the signature.
//!
//! An event carries its author's claim only. Where it stands in the log, and whether the rules accept it,
//! is not known here.
pub mod kinds;
pub mod signed;
pub mod values;

pub use kinds::{Body, Kind};
pub use signed::{Draft, Event, SignedEvent};
pub use values::{Code, Date, Draw, EventId, LotId, Quantity, Time, Token};
