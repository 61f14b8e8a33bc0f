//! Reading acknowledged entries, by index or in order, and the survey of the log's files that reader and writer begin with.
//!
//! Lines have no fixed length, so a reader remembers where every 64th line of a segment starts: the **offsets**. Those of the last
//! segment come from the survey and grow with the log; those of an older one are found by reading it once, when first needed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::chunks::{Chunks, Cursor, Step};
use super::damage::{Damage, Fault, StoreError};
use super::disk::{Disk, DiskError};
use super::segments::{ENTRY_BYTES_MAX, SEGMENT_ENTRIES, Trimmed, segment_numbers, segment_path};

/// Lines between two remembered offsets. Reading one entry scans half of that on average, some 32 KB; remembering takes 4 KB a
/// segment.
pub(super) const STRIDE: u64 = 64;
/// Segments whose offsets are remembered: 16 MB at most. 268 million entries, so in practice all.
const INDEXED_SEGMENTS_MAX: usize = 4096;
/// Bytes per read when a segment is scanned.
const SCAN_BYTES: usize = 1 << 20;

/// Reads acknowledged entries; cheap to clone, for any number of threads. It never changes a file.
#[derive(Debug, Clone)]
pub struct SegmentReader {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub disk: Arc<dyn Disk>,
    pub segment_entries: u64,
    pub size: AtomicU64,
    /// For a segment the offset of every [`STRIDE`]th line. The last segment's is always here; the others' are found at need.
    offsets: Mutex<BTreeMap<u64, Vec<u32>>>,
}

impl Shared {
    pub fn offsets(&self) -> MutexGuard<'_, BTreeMap<u64, Vec<u32>>> {
        // Nothing panics while it is locked and half changed.
        self.offsets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the offsets bounded. The oldest segments go first: they are read least, and the last one must stay.
    pub fn forget_some(&self, offsets: &mut BTreeMap<u64, Vec<u32>>) {
        while offsets.len() > INDEXED_SEGMENTS_MAX {
            offsets.pop_first();
        }
    }
}

impl SegmentReader {
    /// Opens the log for reading only, beside a writer or without one. The entries are those that are whole now; what an
    /// append under way or a crash has left after them is returned as the second value, not trimmed.
    pub fn open(disk: Arc<dyn Disk>) -> Result<(SegmentReader, Option<Trimmed>), StoreError> {
        SegmentReader::open_with(disk, SEGMENT_ENTRIES)
    }

    /// As [`open`](SegmentReader::open), with a segment size of one's own, for tests.
    pub fn open_with(disk: Arc<dyn Disk>, segment_entries: u64) -> Result<(SegmentReader, Option<Trimmed>), StoreError> {
        let survey = Survey::take(disk, segment_entries)?;
        Ok((survey.reader, survey.tail))
    }

    /// Returns the number of entries that can be read.
    pub fn size(&self) -> u64 {
        self.shared.size.load(Ordering::Acquire)
    }

    /// Returns the bytes of one entry, without newline.
    pub fn read_entry(&self, index: u64) -> Result<Vec<u8>, StoreError> {
        let size = self.size();
        if index >= size {
            return Err(StoreError::NoSuchEntry { index, size });
        }
        let mut cursor = self.cursor(index)?;
        match cursor.step(&*self.shared.disk, 1, 0)? {
            Step::Lines { mut bytes, .. } => {
                bytes.pop(); // the newline
                bytes.shrink_to_fit(); // the read was for the longest entry there can be
                Ok(bytes)
            }
            Step::End { .. } => Err(self.ends_early(&cursor, index).into()),
        }
    }

    /// Reads the entries from one on to the present end of the log, up to `count_max` at a time.
    ///
    /// # Errors
    /// If `from_index` lies beyond the end (at the end is fine: there are none), or its place cannot be found.
    pub fn read_chunks(&self, from_index: u64, count_max: usize) -> Result<Chunks, StoreError> {
        let size = self.size();
        if from_index > size {
            return Err(StoreError::NoSuchEntry { index: from_index, size });
        }
        let Shared { disk, segment_entries, .. } = &*self.shared;
        let cursor = if from_index < size { self.cursor(from_index)? } else { Cursor::new(from_index / segment_entries, *segment_entries) };
        Ok(Chunks::within(disk.clone(), cursor, *segment_entries, from_index, size, count_max))
    }

    /// Returns a cursor before an entry that is there.
    fn cursor(&self, index: u64) -> Result<Cursor, StoreError> {
        let Shared { disk, segment_entries, .. } = &*self.shared;
        let (segment, line) = (index / segment_entries, index % segment_entries);
        let mut cursor = Cursor::new(segment, *segment_entries);
        cursor.byte = self.remembered(segment, line / STRIDE)?;
        cursor.line = line - line % STRIDE;
        while cursor.line < line {
            let ahead = (line - cursor.line) as usize; // below STRIDE
            if let Step::End { .. } = cursor.step(&**disk, ahead, 0)? {
                return Err(self.ends_early(&cursor, index).into());
            }
        }
        Ok(cursor)
    }

    /// Returns the offset of the line `place * STRIDE` of a segment.
    fn remembered(&self, segment: u64, place: u64) -> Result<u64, StoreError> {
        let Shared { disk, segment_entries, .. } = &*self.shared;
        if let Some(offsets) = self.shared.offsets().get(&segment)
            && let Some(&byte) = offsets.get(place as usize)
        {
            return Ok(u64::from(byte));
        }
        // Not locked meanwhile: two readers may both scan, which is wasteful once, and harmless.
        let scan = Scan::of(&**disk, segment, *segment_entries)?;
        scan.expect_full()?;
        let found = scan.offsets.get(place as usize).copied();
        let mut offsets = self.shared.offsets();
        offsets.insert(segment, scan.offsets);
        self.shared.forget_some(&mut offsets);
        Ok(u64::from(found.expect("a full segment has an offset for each of its lines")))
    }

    /// Damage for a file that has become shorter than it was.
    fn ends_early(&self, cursor: &Cursor, index: u64) -> Damage {
        let expected = index % self.shared.segment_entries + 1;
        cursor.damage(Fault::TooFewLines { found: cursor.line, expected })
    }
}

/// One segment read from beginning to end.
struct Scan {
    /// After the last whole line.
    cursor: Cursor,
    offsets: Vec<u32>,
    tail_bytes: u64,
}

impl Scan {
    fn of(disk: &dyn Disk, number: u64, segment_entries: u64) -> Result<Scan, StoreError> {
        let mut cursor = Cursor::new(number, segment_entries);
        let mut offsets = Vec::new();
        loop {
            let (line, byte) = (cursor.line, cursor.byte);
            match cursor.step(disk, usize::MAX, SCAN_BYTES)? {
                Step::End { tail_bytes } => {
                    return Ok(Scan { cursor, offsets, tail_bytes });
                }
                Step::Lines { line_ends, .. } => {
                    let starts = [0].into_iter().chain(line_ends.iter().map(|&end| u64::from(end) + 1));
                    for (line, start) in (line..cursor.line).zip(starts) {
                        if line.is_multiple_of(STRIDE) {
                            let offset = u32::try_from(byte + start);
                            offsets.push(offset.expect("2^16 lines of 2^16 bytes at most"));
                        }
                    }
                }
            }
        }
    }

    /// Checks that it is a full segment, with nothing after.
    fn expect_full(&self) -> Result<(), StoreError> {
        let (found, expected) = (self.cursor.line, self.cursor.lines_max);
        let fault = match self.tail_bytes {
            0 if found == expected => return Ok(()),
            0 => Fault::TooFewLines { found, expected },
            len_bytes => Fault::Unterminated { len_bytes },
        };
        Err(self.cursor.damage(fault).into())
    }
}

/// What the log's files hold, before anything is changed.
pub(super) struct Survey {
    pub reader: SegmentReader,
    pub segments: u64,
    /// End of the whole lines in the last segment.
    pub last: Option<Cursor>,
    pub tail: Option<Trimmed>,
}

impl Survey {
    pub fn take(disk: Arc<dyn Disk>, segment_entries: u64) -> Result<Survey, StoreError> {
        assert!((1..=SEGMENT_ENTRIES).contains(&segment_entries), "segment of {segment_entries} entries");
        let segments = segment_numbers(&*disk)?;
        let mut offsets = BTreeMap::new();
        let (mut size, mut last, mut tail) = (0, None, None);
        for number in 0..segments.saturating_sub(1) {
            if !looks_full(&*disk, number, segment_entries)? {
                // Now it is worth reading, to say where.
                Scan::of(&*disk, number, segment_entries)?.expect_full()?;
            }
        }
        if let Some(number) = segments.checked_sub(1) {
            let scan = Scan::of(&*disk, number, segment_entries)?;
            size = number * segment_entries + scan.cursor.line;
            if scan.tail_bytes > 0 {
                tail = Some(Trimmed {
                    file: scan.cursor.file.clone(),
                    line: scan.cursor.line + 1,
                    byte: scan.cursor.byte,
                    len_bytes: scan.tail_bytes,
                });
            }
            offsets.insert(number, scan.offsets);
            last = Some(scan.cursor);
        }
        let shared = Shared { disk, segment_entries, size: AtomicU64::new(size), offsets: Mutex::new(offsets) };
        Ok(Survey { reader: SegmentReader { shared: Arc::new(shared) }, segments, last, tail })
    }
}

/// Looks at the length and the last byte of a segment that should be full, without reading it.
fn looks_full(disk: &dyn Disk, number: u64, segment_entries: u64) -> Result<bool, DiskError> {
    let path = segment_path(number);
    let length = disk.len_bytes(&path)?;
    let possible = 2 * segment_entries..=segment_entries * (ENTRY_BYTES_MAX as u64 + 1);
    let mut last = [0];
    Ok(possible.contains(&length) && disk.read_at(&path, length - 1, &mut last)? == 1 && last == *b"\n")
}
