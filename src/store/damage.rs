//! What can go wrong in the store: [`Damage`] says where a log file is not what it should be; [`StoreError`] is everything.
//!
//! Damage is never repaired by the program. It is reported with file, line and byte, so that a person can look, compare with
//! a mirror and decide.

use std::fmt;

use super::disk::DiskError;

/// A log file is not what an undamaged log would hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Path inside the ledger folder: `log/00000003.jsonl`.
    pub file: String,
    /// Line number, the first line is 1 (as in `sed -n 17p`); the line at fault, or the first that is missing.
    pub line: u64,
    /// Bytes of the file before that line.
    pub byte: u64,
    pub fault: Fault,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Damage { file, line, byte, fault } = self;
        write!(f, "{file}, line {line} (at byte {byte}): {fault}")
    }
}

/// What is wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A later segment is there, this one is not.
    #[error("the file is missing, although later files of the log are there")]
    MissingSegment,
    #[error("the line is empty")]
    EmptyLine,
    #[error("the line is longer than {max} bytes")]
    OverLongLine { max: u64 },
    /// A line after the last that fits into the segment.
    #[error("a file of the log holds {max} lines, this is one more")]
    TooManyLines { max: u64 },
    /// The file ends early, and more was expected.
    #[error("the file ends here after {found} whole lines, expected {expected}")]
    TooFewLines { found: u64, expected: u64 },
    /// The last bytes of the last segment are not a whole line: a crash in the middle of an append leaves them. They were never
    /// acknowledged; the writer trims them when it starts, a reader only reports them.
    #[error("torn tail: the last {len_bytes} bytes of the log are not a whole line")]
    TornTail { len_bytes: u64 },
    /// As a torn tail, but not at the end of the log, where no crash leaves one.
    #[error("the last {len_bytes} bytes of the file are not a whole line, although later files of the log are there")]
    Unterminated { len_bytes: u64 },
}

/// Any failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// At open, or met by a reader.
    #[error("the log is damaged: {0}")]
    Damage(Damage),
    /// The log was asked for an entry that it does not (yet) hold.
    #[error("there is no entry {index}: the log holds {size}, counted from 0")]
    NoSuchEntry { index: u64, size: u64 },
    /// A batch held bytes that are no entry; nothing of the batch was written.
    #[error("item {position} of the batch (counted from 0) cannot be an entry: {why}")]
    NotAnEntry { position: usize, why: &'static str },
    /// An earlier write or sync failed, so what is on the disk is unknown. Only a fresh start, which reads it again, can tell.
    #[error(
        "the log takes no more entries after an earlier failure ({first}); entries already acknowledged are safe. \
         Mend the cause, then stop this process and start it again"
    )]
    Poisoned { first: String },
}

impl From<Damage> for StoreError {
    fn from(damage: Damage) -> StoreError {
        StoreError::Damage(damage)
    }
}
