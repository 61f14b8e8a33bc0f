//! An event that is proven to be in a log: the steps of spec section 9, for whoever holds a proof, the entry's bytes and a policy.

use crate::crypto::{EVENT_DOMAIN, verify_strict};
use crate::event::{EventId, Kind};
use crate::log::entry::{DecodedEntry, Entry};
use crate::log::policy::{Policy, Satisfied};
use crate::log::proof::{Proof, Unproven};

/// An entry of which everything was checked that can be checked offline.
#[derive(Debug)]
pub struct Proven<'p> {
    /// The entry.
    pub decoded: DecodedEntry,
    /// The ledger that it belongs to.
    pub ledger: EventId,
    /// The checkpoint, and who stood up for it.
    pub satisfied: Satisfied<'p>,
}

/// Why an event is not proven. Each variant is a step of spec section 9.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The checkpoint does not satisfy the policy, or the entry is not under it.
    #[error("the proof does not hold: {0}")]
    Proof(#[from] Unproven),
    /// Our logs sign three lines.
    #[error("the checkpoint has extension lines, which a ledger's log does not sign")]
    Extension,
    /// The bytes are in a log, but are no entry of a ledger.
    #[error("what is proven is not an entry of a ledger: {0}")]
    Entry(String),
    /// The entry is at another place than it says.
    #[error("the entry says it is number {found}, the proof is for {expected}")]
    Index { found: u64, expected: u64 },
    /// The log took in what the author did not sign.
    #[error("the log holds this entry, but the author's signature in it does not hold")]
    Signature,
    /// Entry 0 and no other opens a ledger.
    #[error("entry {index} is {kind}: entry 0, and no other, opens a ledger")]
    Opening { index: u64, kind: Kind },
    /// The event belongs elsewhere.
    #[error("the event is of another ledger: {found}, should be {expected}")]
    Ledger { found: EventId, expected: EventId },
}

/// Checks that an entry is what a log holds at the proof's index, signed by its author; with `ledger`, in that ledger.
///
/// # Errors
/// The first step that fails.
pub fn check_event<'p>(proof: &Proof, entry: &[u8], policy: &'p Policy, ledger: Option<EventId>) -> Result<Proven<'p>, EvidenceError> {
    let satisfied = proof.check(entry, policy)?;
    if !satisfied.checkpoint.extensions().is_empty() {
        return Err(EvidenceError::Extension);
    }
    let decoded = Entry::decode(entry).map_err(|fault| EvidenceError::Entry(fault.to_string()))?;
    if decoded.entry.index != proof.index() {
        return Err(EvidenceError::Index { found: decoded.entry.index, expected: proof.index() });
    }
    let event = &decoded.entry.event;
    let message = [EVENT_DOMAIN, &entry[decoded.event_range.clone()]].concat();
    if !verify_strict(event.signer, &message, &decoded.entry.signature) {
        return Err(EvidenceError::Signature);
    }
    let opens = event.kind() == Kind::LedgerOpened;
    if opens != (proof.index() == 0) {
        return Err(EvidenceError::Opening { index: proof.index(), kind: event.kind() });
    }
    let found = if opens { decoded.id } else { event.ledger };
    match ledger {
        Some(expected) if expected != found => Err(EvidenceError::Ledger { found, expected }),
        _ => Ok(Proven { decoded, ledger: found, satisfied }),
    }
}
