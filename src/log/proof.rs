//! Proof files: all that one reader needs to be sure, offline, that an entry is in a log that witnesses have seen.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra YWdlLXYxLjIuMQ==                           optional, opaque, and vouched for by nobody
//! index 4711                                       of the entry, from 0
//! gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=     inclusion proof, the leaf's sibling first;
//! B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=     no line if the entry is the only one
//!
//! example.com/log                                  the checkpoint with its signatures, verbatim
//! 109482
//! sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
//!
//! — example.com/log hI2DJw…
//! ```
//!
//! The file holds neither the entry nor any key: the reader brings the entry, and a [policy](super::policy) from somewhere else than
//! the log. Specification: c2sp.org/tlog-proof.

use data_encoding::BASE64;
use thiserror::Error;

use super::policy::{Policy, Satisfied, Unsatisfied};
use super::prove::{CheckError, check_inclusion};
use super::tile::parse_decimal;
use super::tree::{TreeHash, leaf_hash};
use crate::crypto::note::{NOTE_BYTES_MAX, NoteError, SignedNote};

/// The longest proof file that is read, in bytes: a note and as much again for the extra data.
pub const PROOF_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// An inclusion proof has one hash a level of the tree, and no tree has more than 64.
const PATH_MAX: usize = 64;

/// What is wrong with a proof file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProofError {
    #[error("proof of {found} bytes, at most {max} are read")]
    TooLong { found: usize, max: usize },
    #[error("proof is not UTF-8 from byte {at}")]
    NotUtf8 { at: usize },
    #[error("proof line {line}: {problem}")]
    Line { line: usize, problem: &'static str },
    #[error("checkpoint of the proof: {0}")]
    Checkpoint(#[from] NoteError),
}

/// Why a proof file does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unproven {
    #[error(transparent)]
    Policy(#[from] Unsatisfied),
    #[error("inclusion: {0}")]
    Inclusion(#[from] CheckError),
}

/// A proof that an entry is in a log. That it parsed says nothing: see [`Proof::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    extra: Vec<u8>,
    index: u64,
    path: Vec<TreeHash>,
    checkpoint: SignedNote,
}

impl Proof {
    /// Joins what [`prove_inclusion`](super::prove::prove_inclusion) made and the checkpoint of the size it was made for.
    pub fn new(index: u64, path: Vec<TreeHash>, checkpoint: SignedNote) -> Proof {
        Proof { extra: Vec::new(), index, path, checkpoint }
    }

    /// Adds opaque data, which nothing authenticates; empty for none.
    ///
    /// # Errors
    /// [`ProofError::TooLong`] if more than a reader would take.
    pub fn with_extra(self, extra: Vec<u8>) -> Result<Proof, ProofError> {
        let proof = Proof { extra, ..self };
        check_length(proof.format().len())?;
        Ok(proof)
    }

    /// Reads a proof file, in its one spelling. Inverse: [`Proof::format`].
    pub fn parse(file: &[u8]) -> Result<Proof, ProofError> {
        check_length(file.len())?;
        let file = std::str::from_utf8(file).map_err(|error| ProofError::NotUtf8 { at: error.valid_up_to() })?;
        let mut lines = Lines { number: 0, rest: file };
        if lines.next()? != HEADER {
            return Err(lines.problem("should be c2sp.org/tlog-proof@v1"));
        }
        let mut line = lines.next()?;
        let mut extra = Vec::new();
        if let Some(encoded) = line.strip_prefix("extra ") {
            extra = BASE64.decode(encoded.as_bytes()).map_err(|_| lines.problem("extra data is not standard base64"))?;
            if extra.is_empty() {
                return Err(lines.problem("extra line without data"));
            }
            line = lines.next()?;
        }
        let index = line.strip_prefix("index ").ok_or(lines.problem("should be index and a number"))?;
        let index = parse_decimal(index).ok_or(lines.problem("index is not a decimal without leading zeros, up to 2^64 - 1"))?;
        let mut path = Vec::new();
        loop {
            let line = lines.next()?;
            if line.is_empty() {
                break;
            }
            if path.len() >= PATH_MAX {
                return Err(lines.problem("more than 64 hashes"));
            }
            path.push(TreeHash::from_base64(line).ok_or(lines.problem("is not the base64 of 32 bytes"))?);
        }
        Ok(Proof { extra, index, path, checkpoint: SignedNote::parse(lines.rest.as_bytes())? })
    }

    /// Writes the proof file. Inverse: [`Proof::parse`].
    pub fn format(&self) -> String {
        let mut file = format!("{HEADER}\n");
        if !self.extra.is_empty() {
            file.push_str(&format!("extra {}\n", BASE64.encode(&self.extra)));
        }
        file.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            file.push_str(&hash.to_base64());
            file.push('\n');
        }
        file.push('\n');
        file.push_str(&self.checkpoint.format());
        file
    }

    /// Checks that `entry` is in the log at the proof's index: first the checkpoint by the policy, then the way up to its root.
    pub fn check<'p>(&self, entry: &[u8], policy: &'p Policy) -> Result<Satisfied<'p>, Unproven> {
        let satisfied = policy.check(&self.checkpoint)?;
        check_inclusion(self.index, satisfied.checkpoint.size(), &leaf_hash(entry), &self.path, satisfied.checkpoint.root())?;
        Ok(satisfied)
    }

    /// The opaque data; empty if there is none. Not authenticated: believe nothing because of it.
    pub fn unauthenticated_extra(&self) -> &[u8] {
        &self.extra
    }

    pub fn index(&self) -> u64 {
        self.index
    }

    pub fn path(&self) -> &[TreeHash] {
        &self.path
    }

    pub fn checkpoint(&self) -> &SignedNote {
        &self.checkpoint
    }
}

fn check_length(found: usize) -> Result<(), ProofError> {
    let max = PROOF_BYTES_MAX;
    if found > max {
        return Err(ProofError::TooLong { found, max });
    }
    Ok(())
}

/// Lines up to the checkpoint, which is read as a whole.
struct Lines<'f> {
    number: usize,
    rest: &'f str,
}

impl<'f> Lines<'f> {
    fn next(&mut self) -> Result<&'f str, ProofError> {
        self.number += 1;
        let (line, rest) = self.rest.split_once('\n').ok_or(self.problem("the file ends here"))?;
        self.rest = rest;
        Ok(line)
    }

    fn problem(&self, problem: &'static str) -> ProofError {
        ProofError::Line { line: self.number, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkpoint::Checkpoint;
    use super::super::prove::prove_inclusion;
    use super::super::tree::MemoryTree;
    use super::*;
    use crate::crypto::note::{Algorithm, KeyName, Vkey};
    use ed25519_dalek::SigningKey;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn vkey(name: &str, seed: u8, algorithm: Algorithm) -> Vkey {
        let name = KeyName::new(name).unwrap();
        Vkey::new(name, algorithm, key(seed).verifying_key()).unwrap()
    }

    fn entry(index: u64) -> Vec<u8> {
        format!("entry {index}").into_bytes()
    }

    fn policy() -> Policy {
        let log = vkey("log.example", 1, Algorithm::Ed25519);
        let witness = vkey("w.example", 2, Algorithm::CosignatureV1);
        Policy::parse(format!("log {log}\nwitness W {witness}\nquorum W\n").as_bytes()).unwrap()
    }

    fn proof(index: u64, size: u64) -> Proof {
        let mut tree = MemoryTree::new();
        (0..size).for_each(|index| tree.push(leaf_hash(&entry(index))));
        let checkpoint = Checkpoint::new("log.example", size, tree.frontier().root()).unwrap();
        let mut note = checkpoint.sign(&key(1)).unwrap();
        let name = KeyName::new("w.example").unwrap();
        let cosignature = note.unverified_text().cosign(&name, &key(2), 99).unwrap();
        note.add(cosignature).unwrap();
        Proof::new(index, prove_inclusion(&tree, index, size).unwrap(), note)
    }

    #[test]
    fn files_come_back_and_prove() {
        for (index, size) in [(0, 1), (0, 2), (6, 7), (300, 1000)] {
            for extra in [vec![], vec![0], vec![7; 100]] {
                let proof = proof(index, size).with_extra(extra.clone()).unwrap();
                let file = proof.format();
                let again = Proof::parse(file.as_bytes()).unwrap();
                assert_eq!(again, proof);
                assert_eq!(again.unauthenticated_extra(), extra);
                let policy = policy();
                let satisfied = again.check(&entry(index), &policy).unwrap();
                assert_eq!(satisfied.checkpoint.size(), size);
                assert_eq!(satisfied.witnesses[0].1, 99);
            }
        }
        let lone = proof(0, 1).format();
        assert!(lone.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example\n1\n"));
    }

    #[test]
    fn other_entries_indexes_and_paths_prove_nothing() {
        let policy = policy();
        let proof = proof(5, 9);
        let inclusion = |proof: &Proof, at| match proof.check(&entry(at), &policy) {
            Err(Unproven::Inclusion(error)) => error,
            other => panic!("{other:?}"),
        };
        assert!(matches!(inclusion(&proof, 6), CheckError::Root { .. }));
        let with = |index, path: &[TreeHash]| Proof::new(index, path.to_vec(), proof.checkpoint.clone());
        let root = inclusion(&with(4, &proof.path), 5);
        assert!(matches!(root, CheckError::Root { size: 9, .. }));
        let length = inclusion(&with(8, &proof.path), 5);
        assert_eq!(length, CheckError::Length { expected: 1, found: 4 });
        let range = inclusion(&with(9, &proof.path), 5);
        assert_eq!(range, CheckError::OutOfRange { index: 9, size: 9 });
        let length = inclusion(&with(5, &proof.path[1..]), 5);
        assert_eq!(length, CheckError::Length { expected: 4, found: 3 });
    }

    #[test]
    fn the_policy_is_asked_first() {
        let proof = proof(0, 1);
        let other = vkey("log.example", 7, Algorithm::Ed25519);
        let policy = Policy::parse(format!("log {other}\nquorum none\n").as_bytes()).unwrap();
        assert!(matches!(proof.check(&entry(0), &policy), Err(Unproven::Policy(Unsatisfied::NoLogSignature { .. }))));
    }

    #[test]
    fn other_spellings_are_refused() {
        let good = proof(1, 3).with_extra(vec![1, 2, 3]).unwrap().format();
        assert!(Proof::parse(good.as_bytes()).is_ok());
        let hash = good.lines().nth(3).unwrap();
        let case = |from: &str, to: &str| {
            assert!(good.contains(from));
            Proof::parse(good.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
        };
        let extra = "proof line 2: extra data is not standard base64";
        let index = "proof line 3: index is not a decimal without leading zeros, up to 2^64 - 1";
        let path = "proof line 4: is not the base64 of 32 bytes";
        let cases = [
            ("@v1", "@v2", "proof line 1: should be c2sp.org/tlog-proof@v1"),
            ("@v1", "@v1 ", "proof line 1: should be c2sp.org/tlog-proof@v1"),
            ("@v1\n", "@v1\r\n", "proof line 1: should be c2sp.org/tlog-proof@v1"),
            ("c2sp", "\nc2sp", "proof line 1: should be c2sp.org/tlog-proof@v1"),
            ("AQID", "AQI", extra),
            ("AQID", "AQ==ID", extra),
            ("AQID", "AR==", extra), // stray bits
            ("AQID", "AQID ", extra),
            ("AQID", "", "proof line 2: extra line without data"),
            ("extra AQID", "extra", "proof line 2: should be index and a number"),
            ("extra AQID\n", "extra AQID\nextra AQID\n", "proof line 3: should be index and a number"),
            ("extra AQID", "Extra AQID", "proof line 2: should be index and a number"),
            ("index 1\n", "", "proof line 3: should be index and a number"),
            ("index 1", "index  1", index),
            ("index 1", "index 01", index),
            ("index 1", "index +1", index),
            ("index 1", "index ", index),
            ("index 1", "index 1 ", index),
            ("index 1", "index 18446744073709551616", index),
            (hash, &hash[..43], path),
            (hash, &format!("{hash} "), path),
            (hash, "AAAA", path),
            ("\n\nlog", "\nlog", "proof line 6: is not the base64 of 32 bytes"),
        ];
        for (from, to, expected) in cases {
            assert_eq!(case(from, to), expected, "{from:?} by {to:?}");
        }
        let many = format!("{hash}\n").repeat(65);
        let many = case(&format!("{hash}\n"), &many);
        assert_eq!(many, "proof line 68: more than 64 hashes");
        for end in 0..good.len() {
            if let Ok(proof) = Proof::parse(&good.as_bytes()[..end]) {
                // Only whole signature lines can go unseen, and then the policy sees it.
                assert!(proof.check(&entry(1), &policy()).is_err());
            }
        }
        assert_eq!(Proof::parse(b"\xff"), Err(ProofError::NotUtf8 { at: 0 }));
        assert!(matches!(Proof::parse(&vec![b'a'; PROOF_BYTES_MAX + 1]), Err(ProofError::TooLong { .. })));
    }
}
