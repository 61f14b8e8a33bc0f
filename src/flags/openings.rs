//! Openings: what an organization shows of the evidence that it committed to.
//!
//! ```text
//! commitment = BLAKE3("aidledger/evidence/v1" ‖ LF ‖ salt ‖ BLAKE3(file))        salt of 32 bytes
//! opening      {"commitment":"<64 hex>","file_hash":"<64 hex>","salt":"<64 hex>"}
//! openings     [opening, …], or openings one after the other, as a vault writes them
//! ```
//!
//! Other members of an opening (the name of the file, its length) are no part of the commitment, and are not read.
//!
//! An opening that holds proves that this file, and no other, was the evidence when the event was signed. Whether the file shows what the event says is for the
//! person who looks at it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::crypto::Blake3Hash;
use crate::event::EventId;

/// What is shown of one commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The commitment in the log.
    pub commitment: Blake3Hash,
    /// BLAKE3 of the file.
    pub file_hash: Blake3Hash,
    /// The salt.
    pub salt: Blake3Hash,
}

impl Opening {
    /// Whether salt and file hash make the commitment.
    pub fn holds(&self) -> bool {
        commitment(&self.salt, &self.file_hash) == self.commitment
    }
}

/// Reads openings: a list, or one after the other.
///
/// # Errors
/// Where the text is not that.
pub fn parse(text: &str) -> Result<Vec<Opening>, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore {
        More(Vec<Opening>),
        One(Opening),
    }
    let mut openings = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<OneOrMore>() {
        match value? {
            OneOrMore::One(opening) => openings.push(opening),
            OneOrMore::More(more) => openings.extend(more),
        }
    }
    Ok(openings)
}

/// The commitment to a file, by the vault's formula. (The salt is no secret any more: it was shown.)
pub fn commitment(salt: &Blake3Hash, file_hash: &Blake3Hash) -> Blake3Hash {
    crate::vault::evidence_commitment(&crate::vault::SecretBytes(salt.0), file_hash)
}

/// What came of a drawn delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The opening makes the commitment.
    Holds {
        /// BLAKE3 of the file to look at.
        file_hash: Blake3Hash,
    },
    /// Nothing was shown.
    Missing,
    /// The delivery carries no commitment: there was nothing to show from the beginning.
    NoEvidence,
    /// What was shown is not what was committed to.
    False,
}

impl Outcome {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Holds { .. } => "holds",
            Outcome::Missing => "missing",
            Outcome::NoEvidence => "no-evidence",
            Outcome::False => "false",
        }
    }
    /// Whether the delivery counts as one that was not as recorded.
    pub fn failed(self) -> bool {
        !matches!(self, Outcome::Holds { .. })
    }
}

/// Holds openings against what was drawn: each event with the commitment that it carries. One false opening of a commitment is not mended by a second one.
pub fn check(drawn: &[(EventId, Option<Blake3Hash>)], openings: &[Opening]) -> Vec<(EventId, Outcome)> {
    let mut of: BTreeMap<Blake3Hash, Vec<&Opening>> = BTreeMap::new();
    openings.iter().for_each(|opening| of.entry(opening.commitment).or_default().push(opening));
    let outcome = |commitment: &Option<Blake3Hash>| {
        let Some(commitment) = commitment else { return Outcome::NoEvidence };
        match of.get(commitment).map(Vec::as_slice) {
            None | Some([]) => Outcome::Missing,
            Some(shown) if shown.iter().all(|opening| opening.holds()) => Outcome::Holds { file_hash: shown[0].file_hash },
            Some(_) => Outcome::False,
        }
    };
    drawn.iter().map(|(event, commitment)| (*event, outcome(commitment))).collect()
}

/// Files that stand behind more than one of the drawn deliveries: the copy that a fresh salt hides in the log.
pub fn files_shared(outcomes: &[(EventId, Outcome)]) -> Vec<(Blake3Hash, Vec<EventId>)> {
    let mut events: BTreeMap<Blake3Hash, Vec<EventId>> = BTreeMap::new();
    for (event, outcome) in outcomes {
        if let Outcome::Holds { file_hash } = outcome {
            events.entry(*file_hash).or_default().push(*event);
        }
    }
    events.into_iter().filter(|(_, events)| events.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(text: &str) -> Opening {
        let (salt, file_hash) = (Blake3Hash::of(format!("salt of {text}").as_bytes()), Blake3Hash::of(text.as_bytes()));
        Opening { commitment: commitment(&salt, &file_hash), file_hash, salt }
    }

    fn event(n: u8) -> EventId {
        EventId(Blake3Hash([n; 32]))
    }

    #[test]
    fn the_formula_is_the_one_above() {
        let (salt, file_hash) = (Blake3Hash::of(b"salt"), Blake3Hash::of(b"file"));
        let by_hand = [&b"aidledger/evidence/v1\n"[..], &salt.0, &file_hash.0].concat();
        assert_eq!(commitment(&salt, &file_hash), Blake3Hash::of(&by_hand));
    }

    #[test]
    fn one_false_opening_is_caught() {
        let (a, b, c) = (opening("a"), opening("b"), opening("c"));
        let drawn = [(event(1), Some(a.commitment)), (event(2), Some(b.commitment)), (event(3), Some(c.commitment)), (event(4), None)];
        let altered = Opening { file_hash: Blake3Hash::of(b"another photograph"), ..b };
        let words = |openings: &[Opening]| check(&drawn, openings).iter().map(|(_, outcome)| outcome.word()).collect::<Vec<_>>();
        assert_eq!(words(&[a, b, c]), ["holds", "holds", "holds", "no-evidence"]);
        assert_eq!(words(&[c, altered, a]), ["holds", "false", "holds", "no-evidence"]);
        assert_eq!(words(&[a, altered, b, c]), ["holds", "false", "holds", "no-evidence"], "a right one beside a false one mends nothing");
        assert_eq!(words(&[a]), ["holds", "missing", "missing", "no-evidence"]);
        let salted = Opening { salt: Blake3Hash::of(b"x"), ..a };
        assert_eq!(words(&[salted, b, c])[0], "false");
    }

    #[test]
    fn openings_are_read_as_a_list_and_one_after_the_other() {
        let (a, b) = (opening("a"), opening("b"));
        let one = |opening: &Opening| serde_json::to_string(opening).expect("JSON");
        assert_eq!(parse(&format!("[{}, {}]", one(&a), one(&b))).expect("a list"), [a, b]);
        assert_eq!(parse(&format!("{}\n{}\n", one(&a), one(&b))).expect("lines"), [a, b]);
        let vault = one(&a).replacen('{', "{\"file\":\"slip.jpg\",\"len_bytes\":9,\"type\":\"evidence\",", 1);
        assert_eq!(parse(&vault).expect("as a vault writes it"), [a]);
        assert_eq!(parse("").expect("nothing"), []);
        for wrong in ["{}", "[1]", "[", "{\"commitment\":\"00\"}"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_file_under_two_salts_is_seen() {
        let a = opening("a");
        let salt = Blake3Hash::of(b"another salt");
        let b = Opening { commitment: commitment(&salt, &a.file_hash), salt, ..a };
        let outcomes = check(&[(event(1), Some(a.commitment)), (event(2), Some(b.commitment))], &[a, b]);
        assert_eq!(files_shared(&outcomes), [(a.file_hash, vec![event(1), event(2)])]);
    }
}
