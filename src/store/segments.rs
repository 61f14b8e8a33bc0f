//! The log itself: entries as lines in numbered files of a fixed number of lines.
//!
//! ```text
//! log/00000000.jsonl   entries 0 to 65,535, one per line, each line ended by 0x0A
//! log/00000001.jsonl   entries 65,536 to 131,071
//! ```
//!
//! A **segment** is one such file: entry `i` is line `i mod 65536` of segment `i div 65536`. An **entry** is 1 to 65,535 bytes
//! without a newline. **Acknowledged** are the entries of batches whose [`SegmentLog::append`] returned.
//!
//! Plain lines rather than a format with lengths and checksums: grep, jq and b3sum work on them, and the chain and the tree
//! above detect every changed bit. What a line cannot detect is its own beginning cut off by a crash, and that the missing
//! newline shows.
//!
//! Opening looks at the last segment whole and at the edges of the others; a reader meets, and reports, damage inside them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::chunks::{Chunks, Cursor};
use super::damage::{Damage, Fault, StoreError};
use super::disk::{Disk, DiskError};
use super::head;
use super::reader::{STRIDE, SegmentReader, Survey};

/// Folder of the segments.
pub const LOG_FOLDER: &str = "log";
/// Entries in a full segment.
pub const SEGMENT_ENTRIES: u64 = 65_536;
/// Longest entry, its newline not counted. A line is so at most 2^16 bytes, a segment 2^32, and the start of every line in it
/// fits a `u32`.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Returns the path of a segment inside the ledger folder.
pub fn segment_path(number: u64) -> String {
    format!("{LOG_FOLDER}/{number:08}.jsonl")
}

/// Returns how many segments there are. Files with other names are none of ours.
///
/// # Errors
/// If one is missing below the last.
pub(super) fn segment_numbers(disk: &dyn Disk) -> Result<u64, StoreError> {
    let names = match disk.list(LOG_FOLDER) {
        Err(error) if error.is_not_found() => return Ok(0),
        names => names?,
    };
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| segment_number(name)).collect();
    numbers.sort_unstable();
    for (expected, &number) in (0..).zip(&numbers) {
        if number != expected {
            return Err(Cursor::new(expected, 0).damage(Fault::MissingSegment).into());
        }
    }
    Ok(numbers.len() as u64)
}

fn segment_number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".jsonl")?;
    let number = digits.parse().ok()?;
    (format!("{number:08}") == digits).then_some(number)
}

/// What opening the log for writing had to mend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// The end of an append that a crash cut off.
    pub trimmed: Option<Trimmed>,
    /// The last segment was written anew, because it holds entries beyond the last checkpoint, and they might be in the
    /// system's cache only.
    pub rewritten: Option<String>,
}

/// Bytes after the last newline of the log: the beginning of an entry that was never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trimmed {
    pub file: String,
    /// Line number of the incomplete line, counted from 1.
    pub line: u64,
    /// Bytes of the file before it, which is the file's length after trimming.
    pub byte: u64,
    /// How many bytes there were.
    pub len_bytes: u64,
}

/// The log's one writer.
///
/// Who makes one holds the writer's lock ([`super::lock`]).
#[derive(Debug)]
pub struct SegmentLog {
    reader: SegmentReader,
    /// Number of the segment that takes the next entry, which may not exist yet.
    segment: u64,
    /// Lines and bytes that it holds.
    lines: u64,
    bytes: u64,
    /// The failure after which nothing more may be written.
    poisoned: Option<String>,
}

impl SegmentLog {
    /// Opens the log of a ledger folder for writing, mends what a crash left, and makes durable all that it then holds. A
    /// folder without a log gets an empty one.
    ///
    /// # Errors
    /// Damage that no crash explains is not mended but reported.
    pub fn open(disk: Arc<dyn Disk>) -> Result<(SegmentLog, Recovery), StoreError> {
        SegmentLog::open_with(disk, SEGMENT_ENTRIES)
    }

    /// As [`open`](SegmentLog::open), with a segment size of one's own, for tests; the format knows only
    /// [`SEGMENT_ENTRIES`].
    ///
    /// # Panics
    /// If `segment_entries` is 0 or larger than [`SEGMENT_ENTRIES`].
    pub fn open_with(disk: Arc<dyn Disk>, segment_entries: u64) -> Result<(SegmentLog, Recovery), StoreError> {
        disk.create_dir_all(LOG_FOLDER)?;
        let survey = Survey::take(disk, segment_entries)?;
        let disk = &*survey.reader.shared.disk;
        let mut recovery = Recovery::default();
        let durable = durable_size(disk)?;
        if let Some(tail) = survey.tail {
            // A checkpoint is signed after the sync. So if it speaks of the line that seems cut short, that line was whole once and its
            // newline was damaged since: cutting it off would destroy an acknowledged entry.
            let size = survey.reader.size();
            if durable > size {
                let before = size - size % segment_entries;
                let expected = (durable - before).min(segment_entries);
                let fault = Fault::TooFewLines { found: size % segment_entries, expected };
                return Err(Damage { file: tail.file, line: tail.line, byte: tail.byte, fault }.into());
            }
            disk.truncate(&tail.file, tail.byte)?;
            recovery.trimmed = Some(tail);
        }
        if survey.segments > 0 {
            let last = segment_path(survey.segments - 1);
            if survey.reader.size() > durable {
                // The entries beyond the checkpoint may stem from a batch whose sync failed. Then the kernel still shows
                // them, but has given up writing them, and a sync now would succeed without saving them. Only bytes
                // written again are sure. That batch lies in the last segment, since a segment is synced before the next begins.
                let content = disk.read(&last)?;
                disk.replace(&last, &content, true)?;
                recovery.rewritten = Some(last);
            } else {
                // Every whole line is durable. This makes the trimming so, and it is reported only once.
                disk.sync(&last)?;
            }
        }
        // The names too: the process before may have ended between creating a file and syncing its folder.
        disk.sync_folder(LOG_FOLDER)?;
        disk.sync_folder("")?;
        let segment = survey.reader.size() / segment_entries;
        let (lines, bytes) = match survey.last {
            Some(last) if segment < survey.segments => (last.line, last.byte),
            _ => (0, 0),
        };
        let log = SegmentLog { reader: survey.reader, segment, lines, bytes, poisoned: None };
        Ok((log, recovery))
    }

    /// Returns the number of acknowledged entries.
    pub fn size(&self) -> u64 {
        self.reader.size()
    }

    /// Returns a reader of the acknowledged entries, which grows with the log and can be given to other threads. It goes on
    /// working after the log has failed.
    pub fn reader(&self) -> SegmentReader {
        self.reader.clone()
    }

    /// Adds a batch of entries. When this returns, all of them are durable: it is the commit point. One write and one sync, and
    /// of each one more for every segment that the batch begins.
    ///
    /// # Errors
    /// [`StoreError::NotAnEntry`] if one is not; then nothing is written. After any other error the batch may or may not be in
    /// the log, in part or whole, and every later call returns [`StoreError::Poisoned`]: the process must stop.
    pub fn append<I>(&mut self, entries: I) -> Result<(), StoreError>
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        self.check_poison()?;
        let batch = Batch::lay_out(self, entries)?;
        if batch.bytes.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.write(&batch) {
            self.poisoned = Some(error.to_string());
            return Err(error.into());
        }
        // Committed. From here nothing can fail.
        (self.segment, self.lines, self.bytes) = (batch.segment, batch.lines, batch.segment_bytes);
        let shared = &self.reader.shared;
        let mut offsets = shared.offsets();
        for &(segment, byte) in &batch.marks {
            offsets.entry(segment).or_default().push(byte);
        }
        shared.forget_some(&mut offsets);
        drop(offsets);
        shared.size.fetch_add(batch.count, Ordering::Release);
        Ok(())
    }

    fn write(&self, batch: &Batch) -> Result<(), DiskError> {
        let disk = &*self.reader.shared.disk;
        let mut start = 0;
        for &(segment, end) in &batch.pieces {
            let path = segment_path(segment);
            disk.append(&path, &batch.bytes[start..end])?;
            // Before the next segment begins: so only the last can be incomplete after a crash.
            disk.sync(&path)?;
            if segment != self.segment || self.lines == 0 {
                disk.sync_folder(LOG_FOLDER)?;
            }
            start = end;
        }
        Ok(())
    }

    /// Returns one entry; see [`SegmentReader::read_entry`].
    pub fn read_entry(&self, index: u64) -> Result<Vec<u8>, StoreError> {
        self.check_poison()?;
        self.reader.read_entry(index)
    }

    /// Reads on from an entry; see [`SegmentReader::read_chunks`].
    pub fn read_chunks(&self, from_index: u64, count_max: usize) -> Result<Chunks, StoreError> {
        self.check_poison()?;
        self.reader.read_chunks(from_index, count_max)
    }

    fn check_poison(&self) -> Result<(), StoreError> {
        match &self.poisoned {
            None => Ok(()),
            Some(first) => Err(StoreError::Poisoned { first: first.clone() }),
        }
    }
}

/// Returns the size that the checkpoint names, which was signed after that many entries had been synced; 0 if it names none.
fn durable_size(disk: &dyn Disk) -> Result<u64, DiskError> {
    Ok(head::read(disk)?.as_deref().and_then(head::named_size).unwrap_or(0))
}

/// The lines of a batch, laid out as they will stand in the files.
struct Batch {
    bytes: Vec<u8>,
    count: u64,
    /// Segment, and end of its part in `bytes`.
    pieces: Vec<(u64, usize)>,
    /// Segment, and offset in it of every line that is remembered.
    marks: Vec<(u64, u32)>,
    /// Where the log will stand: segment, its lines and bytes.
    segment: u64,
    lines: u64,
    segment_bytes: u64,
}

impl Batch {
    fn lay_out<I>(log: &SegmentLog, entries: I) -> Result<Batch, StoreError>
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        let mut batch = Batch {
            bytes: Vec::new(),
            count: 0,
            pieces: Vec::new(),
            marks: Vec::new(),
            segment: log.segment,
            lines: log.lines,
            segment_bytes: log.bytes,
        };
        for (position, entry) in entries.into_iter().enumerate() {
            let entry = entry.as_ref();
            if let Some(why) = not_an_entry(entry) {
                return Err(StoreError::NotAnEntry { position, why });
            }
            if batch.lines.is_multiple_of(STRIDE) {
                let byte = u32::try_from(batch.segment_bytes).expect("a full segment is at most 2^32 bytes");
                batch.marks.push((batch.segment, byte));
            }
            batch.bytes.extend_from_slice(entry);
            batch.bytes.push(b'\n');
            batch.count += 1;
            batch.lines += 1;
            batch.segment_bytes += entry.len() as u64 + 1;
            if batch.lines == log.reader.shared.segment_entries {
                batch.pieces.push((batch.segment, batch.bytes.len()));
                (batch.segment, batch.lines, batch.segment_bytes) = (batch.segment + 1, 0, 0);
            }
        }
        if batch.lines > 0 && batch.count > 0 {
            batch.pieces.push((batch.segment, batch.bytes.len()));
        }
        Ok(batch)
    }
}

fn not_an_entry(entry: &[u8]) -> Option<&'static str> {
    if entry.is_empty() {
        Some("it is empty")
    } else if entry.len() > ENTRY_BYTES_MAX {
        Some("it is longer than 65,535 bytes")
    } else if memchr::memchr(b'\n', entry).is_some() {
        Some("it contains a newline")
    } else {
        None
    }
}

#[cfg(test)]
#[path = "segments_tests.rs"]
mod tests;
