//! Reading the lines of the log: fast, in order, with bounded memory, and exact about damage.
//!
//! A **chunk** is some whole lines in one buffer, as they stand in the file. [`Chunks`] walks the log in big sequential
//! reads; [`audit_chunks`] does so without trusting anything, least of all the file that the writer is still busy with.
//!
//! ```text
//! bytes      {"event":…}\n{"event":…}\n{"event":…}\n
//! line_ends             ^            ^            ^      (places of the newlines)
//! ```
//!
//! No reader ever changes a file.

use std::sync::Arc;

use super::damage::{Damage, Fault, StoreError};
use super::disk::{Disk, DiskError};
use super::segments::{ENTRY_BYTES_MAX, segment_numbers, segment_path};

/// Bytes asked for in one read when there is much to read: large enough that the cost of the call vanishes, small enough to
/// stay in the processor's cache until the caller has hashed it.
const READ_BYTES_MAX: usize = 4 << 20;
/// The least that is asked for. The longest line fits, its newline included, so every read that does not hit the end of the
/// file or damage yields at least one line.
const READ_BYTES_MIN: usize = ENTRY_BYTES_MAX + 1;
/// What an entry is taken to be long, to choose the size of the first read for few entries.
const ENTRY_BYTES_GUESS: usize = 1024;

/// Some consecutive entries, in one buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Index in the log of the first entry.
    pub first_index: u64,
    /// Whole lines, newlines included.
    pub bytes: Vec<u8>,
    /// For each entry the place of its newline in `bytes`, which is one past its last byte.
    pub line_ends: Vec<u32>,
    /// File that the lines stand in, as a path inside the ledger folder.
    pub file: String,
    /// Line number of the first entry in that file, counted from 1.
    pub first_line: u64,
    /// Place of the first line in that file.
    pub byte_start: u64,
}

impl Chunk {
    /// Returns the number of entries; never 0 in a chunk that a reader returned.
    pub fn count(&self) -> usize {
        self.line_ends.len()
    }

    /// Returns the bytes of an entry without newline, by its place in the chunk; `None` past the last.
    pub fn entry(&self, place: usize) -> Option<&[u8]> {
        let end = *self.line_ends.get(place)? as usize;
        Some(&self.bytes[self.start(place)..end])
    }

    /// Returns the entries in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let mut start = 0;
        self.line_ends.iter().map(move |&end| {
            let entry = &self.bytes[start..end as usize];
            start = end as usize + 1;
            entry
        })
    }

    /// Says where in the file an entry stands, for reports about its content: line (from 1) and byte (from 0).
    pub fn position(&self, place: usize) -> (u64, u64) {
        (self.first_line + place as u64, self.byte_start + self.start(place) as u64)
    }

    fn start(&self, place: usize) -> usize {
        if place == 0 { 0 } else { self.line_ends[place - 1] as usize + 1 }
    }
}

/// A place at the start of a line in one segment file.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    pub file: String,
    /// Lines before this place, and the most the file may hold.
    pub line: u64,
    pub lines_max: u64,
    /// Bytes before this place.
    pub byte: u64,
}

/// What stands at a cursor.
pub(super) enum Step {
    /// At least one whole line; the cursor is now after the last.
    Lines { bytes: Vec<u8>, line_ends: Vec<u32> },
    /// No whole line is left; this many bytes are.
    End { tail_bytes: u64 },
}

impl Cursor {
    pub fn new(number: u64, lines_max: u64) -> Cursor {
        Cursor { file: segment_path(number), line: 0, lines_max, byte: 0 }
    }

    /// Returns damage at this place.
    pub fn damage(&self, fault: Fault) -> Damage {
        Damage { file: self.file.clone(), line: self.line + 1, byte: self.byte, fault }
    }

    /// Reads up to `count_max` lines (at least 1) with one read of about `read_bytes`. Damage is met only as the first line
    /// of a step, so that everything before it is delivered.
    pub fn step(&mut self, disk: &dyn Disk, count_max: usize, read_bytes: usize) -> Result<Step, StoreError> {
        let mut bytes = vec![0; read_bytes.max(READ_BYTES_MIN)];
        let count = disk.read_at(&self.file, self.byte, &mut bytes)?;
        let at_end = count < bytes.len();
        bytes.truncate(count);
        let mut line_ends = Vec::with_capacity(count_max.min(count / ENTRY_BYTES_GUESS + 16));
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &bytes) {
            let fault = match end - start {
                0 => Some(Fault::EmptyLine),
                length if length > ENTRY_BYTES_MAX => Some(over_long()),
                _ if self.line + line_ends.len() as u64 >= self.lines_max => Some(self.too_many()),
                _ => None,
            };
            match fault {
                Some(fault) if line_ends.is_empty() => return Err(self.damage(fault).into()),
                Some(_) => break,
                None => line_ends.push(end as u32), // a read is far below 4 GiB
            }
            start = end + 1;
            if line_ends.len() >= count_max.max(1) {
                break;
            }
        }
        if line_ends.is_empty() {
            return Ok(Step::End { tail_bytes: self.tail(disk, &bytes, at_end)? });
        }
        bytes.truncate(start);
        self.line += line_ends.len() as u64;
        self.byte += start as u64;
        Ok(Step::Lines { bytes, line_ends })
    }

    /// Measures a tail without newline, of which `head` is the beginning. A crash can leave the beginning of a line, and after
    /// that zeros, where the file had grown before its bytes arrived; any other tail is damage.
    fn tail(&self, disk: &dyn Disk, head: &[u8], at_end: bool) -> Result<u64, StoreError> {
        let written = head.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        if written > ENTRY_BYTES_MAX {
            return Err(self.damage(over_long()).into());
        }
        if written > 0 && self.line >= self.lines_max {
            return Err(self.damage(self.too_many()).into());
        }
        let (mut tail_bytes, mut at_end) = (head.len() as u64, at_end);
        let mut buffer = vec![0; if at_end { 0 } else { READ_BYTES_MAX }];
        while !at_end {
            let count = disk.read_at(&self.file, self.byte + tail_bytes, &mut buffer)?;
            if buffer[..count].iter().any(|&byte| byte != 0) {
                return Err(self.damage(over_long()).into());
            }
            tail_bytes += count as u64;
            at_end = count < buffer.len();
        }
        Ok(tail_bytes)
    }

    fn too_many(&self) -> Fault {
        Fault::TooManyLines { max: self.lines_max }
    }
}

fn over_long() -> Fault {
    Fault::OverLongLine { max: ENTRY_BYTES_MAX as u64 }
}

/// Walks the log from some entry on, chunk by chunk; see [`audit_chunks`] and `SegmentReader::read_chunks`.
///
/// After the first error it ends.
#[derive(Debug)]
pub struct Chunks {
    disk: Arc<dyn Disk>,
    cursor: Cursor,
    segment: u64,
    segment_entries: u64,
    index: u64,
    count_max: usize,
    extent: Extent,
    done: bool,
}

/// How far to read.
#[derive(Debug, Clone, Copy)]
enum Extent {
    /// Entries below this index, all of which must be there.
    Until(u64),
    /// As many segments as there were at the start, and every byte of them.
    Segments(u64),
}

impl Chunks {
    /// Starts at a cursor which stands before entry `index`.
    pub(super) fn within(disk: Arc<dyn Disk>, cursor: Cursor, segment_entries: u64, index: u64, end: u64, count_max: usize) -> Chunks {
        Chunks {
            disk,
            cursor,
            segment: index / segment_entries,
            segment_entries,
            index,
            count_max: count_max.max(1),
            extent: Extent::Until(end),
            done: index >= end,
        }
    }

    /// Stops before entry `end` (a size): what comes after is not looked at, what comes before must be there. An auditor of a
    /// ledger in use passes the size of the checkpoint, since the writer may be in the middle of the line after.
    pub fn until(mut self, end: u64) -> Chunks {
        self.extent = match self.extent {
            Extent::Until(before) => Extent::Until(before.min(end)),
            Extent::Segments(_) => Extent::Until(end),
        };
        self.done = matches!(self.extent, Extent::Until(end) if self.index >= end);
        self
    }

    fn step(&mut self) -> Result<Option<Chunk>, StoreError> {
        loop {
            let wanted = match self.extent {
                Extent::Until(end) if self.index >= end => return Ok(None),
                Extent::Until(end) => usize::try_from(end - self.index).unwrap_or(usize::MAX).min(self.count_max),
                Extent::Segments(_) => self.count_max,
            };
            let (first_line, byte_start) = (self.cursor.line + 1, self.cursor.byte);
            let read_bytes = wanted.saturating_mul(ENTRY_BYTES_GUESS).clamp(READ_BYTES_MIN, READ_BYTES_MAX);
            let step = match self.cursor.step(&*self.disk, wanted, read_bytes) {
                Err(StoreError::Disk(error)) if error.is_not_found() => {
                    return Err(self.absent(error));
                }
                step => step?,
            };
            match step {
                Step::Lines { bytes, line_ends } => {
                    let first_index = self.index;
                    self.index += line_ends.len() as u64;
                    let file = self.cursor.file.clone();
                    return Ok(Some(Chunk { first_index, bytes, line_ends, file, first_line, byte_start }));
                }
                Step::End { tail_bytes } => {
                    let last = match self.extent {
                        Extent::Until(_) => !self.disk.exists(&segment_path(self.segment + 1))?,
                        Extent::Segments(count) => self.segment + 1 >= count,
                    };
                    let all_read = matches!(self.extent, Extent::Segments(_)); // with an end to reach it had returned above
                    let fault = match tail_bytes {
                        1.. if last => Fault::TornTail { len_bytes: tail_bytes },
                        1.. => Fault::Unterminated { len_bytes: tail_bytes },
                        0 if last && all_read => return Ok(None),
                        0 if self.cursor.line < self.segment_entries => self.too_few(),
                        0 => {
                            self.next_segment();
                            continue;
                        }
                    };
                    return Err(self.cursor.damage(fault).into());
                }
            }
        }
    }

    fn next_segment(&mut self) {
        self.segment += 1;
        self.cursor = Cursor::new(self.segment, self.segment_entries);
    }

    /// Lines that the file at the cursor was expected to hold, against those it does.
    fn too_few(&self) -> Fault {
        let before = self.segment * self.segment_entries;
        let expected = match self.extent {
            Extent::Until(end) => (end - before).min(self.segment_entries),
            Extent::Segments(_) => self.segment_entries,
        };
        Fault::TooFewLines { found: self.cursor.line, expected }
    }

    fn absent(&self, error: DiskError) -> StoreError {
        match self.extent {
            // Entries were promised that are not there: the log is shorter than it should be.
            Extent::Until(_) => self.cursor.damage(self.too_few()).into(),
            Extent::Segments(_) => error.into(),
        }
    }
}

impl Iterator for Chunks {
    type Item = Result<Chunk, StoreError>;

    fn next(&mut self) -> Option<Result<Chunk, StoreError>> {
        if self.done {
            return None;
        }
        let item = self.step().transpose();
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}

/// Reads the whole log as it lies on the disk, from entry 0 to the last byte, for an auditor: nothing is trimmed, and every
/// line is looked at. An unterminated end is [`Fault::TornTail`]; use [`Chunks::until`] while a writer is at work.
///
/// # Errors
/// If the folder cannot be listed, or a segment is missing between others.
pub fn audit_chunks(disk: Arc<dyn Disk>, count_max: usize, segment_entries: u64) -> Result<Chunks, StoreError> {
    let segments = segment_numbers(&*disk)?;
    Ok(Chunks {
        cursor: Cursor::new(0, segment_entries),
        segment: 0,
        segment_entries,
        index: 0,
        count_max: count_max.max(1),
        done: segments == 0,
        extent: Extent::Segments(segments),
        disk,
    })
}
