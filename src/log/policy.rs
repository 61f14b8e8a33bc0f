//! Trust policies: which logs to believe, and how many of which witnesses must have seen a checkpoint.
//!
//! ```text
//! # a comment
//! log <vkey> [<url>]                             the key's name is the log's origin
//! witness W1 <vkey> [<url>]                      names are for this file only
//! witness W2 <vkey>
//! witness W3 <vkey>
//! group abroad 2 W1 W2 W3                        2, any (1) or all of its members
//! quorum abroad                                  exactly one; a group, a witness, or none
//! ```
//!
//! A checkpoint is valid if one of the logs signed it under its own name, and the quorum's witnesses cosigned it. Every name is
//! a member of at most one group, and every key is listed once, so that nobody counts twice.
//!
//! The file is a sequence of octets: names are compared as they are, in whatever alphabet. Logs have Ed25519 keys (0x01)
//! here, witnesses cosignature/v1 keys (0x04); keys of other kinds are refused rather than left out, since a policy with fewer witnesses
//! than it says is another policy.
//!
//! Specification: c2sp.org/tlog-policy.

use std::collections::{HashMap, HashSet};

use thiserror::Error;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::tile::parse_decimal;
use crate::crypto::note::{Algorithm, NoteError, SignedNote, Vkey};

/// The most logs, and witnesses, and groups, that a policy may list. Logs and witnesses together are no more than
/// [`crate::crypto::note::SIGNATURES_MAX`], so that a checkpoint can carry the signatures of all.
pub const LISTED_MAX: usize = 64;

/// The longest policy file that is read, in bytes.
pub const POLICY_BYTES_MAX: usize = 1 << 20;

/// What is wrong with a policy file, and on which line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyError {
    #[error("policy of {found} bytes, at most {max} are read")]
    TooLong { found: usize, max: usize },
    #[error("policy line {line}: {problem}")]
    Line { line: usize, problem: LineProblem },
    #[error("policy has no quorum line")]
    NoQuorum,
}

/// What is wrong with one line of a policy file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LineProblem {
    #[error("control character 0x{found:02x}; only tab and newline are allowed")]
    ControlCharacter { found: u8 },
    /// As of a file cut short, which might still read well, and be weaker.
    #[error("does not end in a newline")]
    NotTerminated,
    #[error("starts with {found:?}, should be log, witness, group or quorum")]
    Keyword { found: String },
    #[error("should read: {expected}")]
    Items { expected: &'static str },
    #[error("{0}")]
    Vkey(NoteError),
    #[error("a {role} has a key of algorithm 0x{expected:02x}, found 0x{found:02x}")]
    Algorithm { role: &'static str, expected: u8, found: u8 },
    #[error("the public key is already listed on line {before}")]
    DuplicateKey { before: usize },
    #[error("the name {name:?} is already given")]
    DuplicateName { name: String },
    #[error("the name none is reserved")]
    ReservedName,
    #[error("the name {name:?} is not defined on a line above")]
    UnknownName { name: String },
    #[error("{name:?} is already a member of a group")]
    AlreadyMember { name: String },
    #[error("threshold {found:?}, should be all, any or a number from 1 to {members}")]
    Threshold { found: String, members: usize },
    #[error("a second quorum; the first is on line {before}")]
    SecondQuorum { before: usize },
    #[error("more than {max} of this kind of line")]
    TooMany { max: usize },
}

/// Why a checkpoint does not satisfy a policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unsatisfied {
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("the policy lists no log of origin {found:?}")]
    UnknownLog { found: String },
    #[error("checkpoint is not signed by a listed key of the log {origin:?}")]
    NoLogSignature { origin: String },
    #[error("quorum not met: {missing}")]
    Quorum { missing: Missing },
}

/// What is missing for a quorum, to be shown to a person.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Missing {
    #[error("no cosignature of witness {name:?}")]
    Witness { name: String },
    /// The group's members that are missing, any of which would help.
    #[error("group {name:?} has {found} of {expected} members; missing are: {}", list(members))]
    Group { name: String, expected: usize, found: usize, members: Vec<Missing> },
}

fn list(members: &[Missing]) -> String {
    let parts: Vec<String> = members.iter().map(|member| format!("({member})")).collect();
    parts.join(", ")
}

/// A policy that parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    /// Witnesses and groups, in the order of their lines: groups have members only above themselves.
    named: Vec<Named>,
    /// Which of `named` is the quorum; none for `quorum none`.
    quorum: Option<usize>,
}

/// A log that the policy lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub vkey: Vkey,
    pub url: Option<Vec<u8>>,
}

/// A witness that the policy lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Opaque octets, meant for UTF-8.
    pub name: Vec<u8>,
    pub vkey: Vkey,
    pub url: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: Vec<u8>,
    threshold: usize,
    members: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    /// Its place in `witnesses`.
    Witness(usize),
    Group(Group),
}

/// A checkpoint that satisfied a policy, and who stood up for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Satisfied<'p> {
    pub checkpoint: Checkpoint,
    pub log: &'p Log,
    /// The witnesses that cosigned, in the order of the policy, with the latest time each gave (seconds since 1970).
    ///
    /// Times are the witnesses' word; whether one is in the future or too long ago is for the caller, who has a clock.
    pub witnesses: Vec<(&'p Witness, u64)>,
}

impl Policy {
    /// Reads a policy file.
    pub fn parse(file: &[u8]) -> Result<Policy, PolicyError> {
        if file.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLong { found: file.len(), max: POLICY_BYTES_MAX });
        }
        let mut parser = Parser::default();
        let mut rest = file;
        for line in 1.. {
            if rest.is_empty() {
                break;
            }
            let at = |problem| PolicyError::Line { line, problem };
            let end = rest.iter().position(|&byte| byte == b'\n').ok_or(at(LineProblem::NotTerminated))?;
            parser.line(line, &rest[..end]).map_err(at)?;
            rest = &rest[end + 1..];
        }
        let (_, quorum) = parser.quorum.ok_or(PolicyError::NoQuorum)?;
        Ok(Policy { logs: parser.logs, witnesses: parser.witnesses, named: parser.named, quorum })
    }

    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Checks a checkpoint, in this order: the text; a log of that origin; every signature of a key in the policy; the log's; the quorum.
    ///
    /// One bad signature under a listed key refuses the whole, as c2sp.org/signed-note advises.
    pub fn check(&self, note: &SignedNote) -> Result<Satisfied<'_>, Unsatisfied> {
        let checkpoint = Checkpoint::parse(note.unverified_text())?;
        let origin = checkpoint.origin();
        let of_origin = |log: &&Log| log.vkey.name().as_str() == origin;
        if !self.logs.iter().any(|log| of_origin(&log)) {
            return Err(Unsatisfied::UnknownLog { found: origin.into() });
        }
        let no_log_signature = || Unsatisfied::NoLogSignature { origin: origin.into() };
        let keys = self.logs.iter().map(|log| &log.vkey);
        let keys = keys.chain(self.witnesses.iter().map(|witness| &witness.vkey));
        let verified = match note.verify(keys) {
            Ok(verified) => verified,
            Err(NoteError::NoKnownSignature) => return Err(no_log_signature()),
            Err(error) => return Err(CheckpointError::Note(error).into()),
        };
        let log =
            self.logs.iter().filter(of_origin).find(|log| verified.iter().any(|by| *by.vkey == log.vkey)).ok_or_else(no_log_signature)?;
        let cosigned = |witness: &Witness| {
            let by_it = verified.iter().filter(|by| *by.vkey == witness.vkey);
            by_it.filter_map(|by| by.timestamp).max()
        };
        if let Some(missing) = self.missing(|witness| cosigned(witness).is_some()) {
            return Err(Unsatisfied::Quorum { missing });
        }
        let witnesses = self.witnesses.iter().filter_map(|witness| Some((witness, cosigned(witness)?))).collect();
        Ok(Satisfied { log, witnesses, checkpoint })
    }

    /// Returns what the quorum lacks when the witnesses that `has_cosigned` names have cosigned; none if it is met.
    pub fn missing(&self, has_cosigned: impl Fn(&Witness) -> bool) -> Option<Missing> {
        let quorum = self.quorum?;
        // From top to bottom: members stand above their group, so what they lack is known when the group is reached. Each is a member
        // once, so each is taken up into one report at most.
        let mut lacks: Vec<Option<Missing>> = Vec::with_capacity(self.named.len());
        for named in &self.named {
            let lack = match named {
                Named::Witness(at) => {
                    let witness = &self.witnesses[*at];
                    (!has_cosigned(witness)).then(|| Missing::Witness { name: lossy(&witness.name) })
                }
                Named::Group(group) => {
                    let members: Vec<Missing> = group.members.iter().filter_map(|&at| lacks[at].clone()).collect();
                    let found = group.members.len() - members.len();
                    (found < group.threshold).then(|| Missing::Group {
                        name: lossy(&group.name),
                        expected: group.threshold,
                        found,
                        members,
                    })
                }
            };
            lacks.push(lack);
        }
        lacks.swap_remove(quorum)
    }
}

#[derive(Default)]
struct Parser {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    named: Vec<Named>,
    names: HashMap<Vec<u8>, usize>,
    members: HashSet<usize>,
    log_keys: HashMap<[u8; 32], usize>,
    witness_keys: HashMap<[u8; 32], usize>,
    /// The line it stands on, and which it is.
    quorum: Option<(usize, Option<usize>)>,
}

impl Parser {
    fn line(&mut self, number: usize, line: &[u8]) -> Result<(), LineProblem> {
        if let Some(&found) = line.iter().find(|&&byte| is_forbidden(byte)) {
            return Err(LineProblem::ControlCharacter { found });
        }
        let items: Vec<&[u8]> = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty()).collect();
        let Some((&keyword, rest)) = items.split_first() else {
            return Ok(());
        };
        match keyword {
            _ if keyword.starts_with(b"#") => Ok(()),
            b"log" => self.log(number, rest),
            b"witness" => self.witness(number, rest),
            b"group" => self.group(rest),
            b"quorum" => self.quorum(number, rest),
            _ => Err(LineProblem::Keyword { found: lossy(keyword) }),
        }
    }

    fn log(&mut self, number: usize, items: &[&[u8]]) -> Result<(), LineProblem> {
        let (vkey, url) = match *items {
            [vkey] => (vkey, None),
            [vkey, url] => (vkey, Some(url.to_vec())),
            _ => {
                return Err(LineProblem::Items { expected: "log <vkey> [<url>]" });
            }
        };
        let vkey = parse_vkey(vkey, "log", Algorithm::Ed25519)?;
        claim_key(&mut self.log_keys, &vkey, number)?;
        check_count(self.logs.len())?;
        self.logs.push(Log { vkey, url });
        Ok(())
    }

    fn witness(&mut self, number: usize, items: &[&[u8]]) -> Result<(), LineProblem> {
        let (name, vkey, url) = match *items {
            [name, vkey] => (name, vkey, None),
            [name, vkey, url] => (name, vkey, Some(url.to_vec())),
            _ => {
                return Err(LineProblem::Items { expected: "witness <name> <vkey> [<url>]" });
            }
        };
        self.check_name(name)?;
        let vkey = parse_vkey(vkey, "witness", Algorithm::CosignatureV1)?;
        claim_key(&mut self.witness_keys, &vkey, number)?;
        check_count(self.witnesses.len())?;
        let name = name.to_vec();
        self.define(name.clone(), Named::Witness(self.witnesses.len()));
        self.witnesses.push(Witness { name, vkey, url });
        Ok(())
    }

    fn group(&mut self, items: &[&[u8]]) -> Result<(), LineProblem> {
        let [name, threshold, members @ ..] = items else {
            return Err(LineProblem::Items { expected: "group <name> all|any|<k> <name>..." });
        };
        if members.is_empty() {
            return Err(LineProblem::Items { expected: "group <name> all|any|<k> <name>..." });
        }
        self.check_name(name)?;
        let threshold = match *threshold {
            b"all" => members.len(),
            b"any" => 1,
            number => std::str::from_utf8(number)
                .ok()
                .and_then(parse_decimal)
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| (1..=members.len()).contains(number))
                .ok_or_else(|| LineProblem::Threshold { found: lossy(number), members: members.len() })?,
        };
        let mut taken = Vec::with_capacity(members.len());
        for &member in members {
            let at = self.lookup(member)?;
            if !self.members.insert(at) {
                return Err(LineProblem::AlreadyMember { name: lossy(member) });
            }
            taken.push(at);
        }
        check_count(self.named.len() - self.witnesses.len())?;
        let group = Group { name: name.to_vec(), threshold, members: taken };
        self.define(name.to_vec(), Named::Group(group));
        Ok(())
    }

    fn quorum(&mut self, number: usize, items: &[&[u8]]) -> Result<(), LineProblem> {
        let [name] = items else {
            return Err(LineProblem::Items { expected: "quorum <name>" });
        };
        if let Some((before, _)) = self.quorum {
            return Err(LineProblem::SecondQuorum { before });
        }
        let quorum = match *name {
            b"none" => None,
            name => Some(self.lookup(name)?),
        };
        self.quorum = Some((number, quorum));
        Ok(())
    }

    fn check_name(&self, name: &[u8]) -> Result<(), LineProblem> {
        if name == b"none" {
            return Err(LineProblem::ReservedName);
        }
        if self.names.contains_key(name) {
            return Err(LineProblem::DuplicateName { name: lossy(name) });
        }
        Ok(())
    }

    fn lookup(&self, name: &[u8]) -> Result<usize, LineProblem> {
        let at = self.names.get(name).copied();
        at.ok_or_else(|| LineProblem::UnknownName { name: lossy(name) })
    }

    fn define(&mut self, name: Vec<u8>, named: Named) {
        self.names.insert(name, self.named.len());
        self.named.push(named);
    }
}

fn is_forbidden(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f
}

fn parse_vkey(text: &[u8], role: &'static str, wanted: Algorithm) -> Result<Vkey, LineProblem> {
    // Key names are UTF-8 in signed notes, so a vkey that is not can name no key.
    let text = std::str::from_utf8(text).map_err(|error| LineProblem::Vkey(NoteError::NotUtf8 { at: error.valid_up_to() }))?;
    let vkey = Vkey::parse(text).map_err(LineProblem::Vkey)?;
    if vkey.algorithm() != wanted {
        return Err(LineProblem::Algorithm { role, expected: wanted.byte(), found: vkey.algorithm().byte() });
    }
    Ok(vkey)
}

/// Two vkeys are the same key if their public keys are, whatever they are called: a witness cannot sit in two seats.
fn claim_key(keys: &mut HashMap<[u8; 32], usize>, vkey: &Vkey, line: usize) -> Result<(), LineProblem> {
    match keys.insert(vkey.public_key().to_bytes(), line) {
        None => Ok(()),
        Some(before) => Err(LineProblem::DuplicateKey { before }),
    }
}

fn check_count(before: usize) -> Result<(), LineProblem> {
    if before < LISTED_MAX { Ok(()) } else { Err(LineProblem::TooMany { max: LISTED_MAX }) }
}

fn lossy(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    name.chars().take(100).collect()
}

#[cfg(test)]
mod tests;
