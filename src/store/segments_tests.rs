//! What opening, appending and reading promise on a disk that behaves; crashes are in `tests/store_crash.rs`.

use super::*;
use crate::store::chunks::{Chunk, audit_chunks};
use crate::store::sim::{Fate, SimDisk};

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index} {}", "x".repeat((index * 7 % 50) as usize)).into_bytes()
}

fn entries(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(entry).collect()
}

/// A disk whose log files hold these bytes, with nothing promised.
fn disk_with(files: &[&[u8]]) -> Arc<SimDisk> {
    let disk = SimDisk::new();
    disk.create_dir_all("log").unwrap();
    for (number, bytes) in (0..).zip(files) {
        disk.append(&segment_path(number), bytes).unwrap();
    }
    Arc::new(disk)
}

fn filled(size: u64, segment_entries: u64) -> (Arc<SimDisk>, SegmentLog) {
    let disk = Arc::new(SimDisk::new());
    let (mut log, recovery) = SegmentLog::open_with(disk.clone(), segment_entries).unwrap();
    assert_eq!(recovery, Recovery::default());
    log.append(entries(0..size)).unwrap();
    assert_eq!(log.size(), size);
    (disk, log)
}

/// Fault, file, line and byte of an error that must be damage.
fn damage_of<T>(result: Result<T, StoreError>) -> (Fault, String, u64, u64) {
    match result {
        Err(StoreError::Damage(Damage { file, line, byte, fault })) => (fault, file, line, byte),
        Err(error) => panic!("other error: {error}"),
        Ok(_) => panic!("no damage found"),
    }
}

fn open_damage(files: &[&[u8]]) -> (Fault, String, u64, u64) {
    damage_of(SegmentLog::open_with(disk_with(files), 3))
}

fn audit(disk: Arc<dyn Disk>, segment_entries: u64, count_max: usize) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut found = Vec::new();
    for chunk in audit_chunks(disk, count_max, segment_entries)? {
        let chunk: Chunk = chunk?;
        assert_eq!(chunk.first_index, found.len() as u64);
        assert_eq!(chunk.first_line, chunk.first_index % segment_entries + 1);
        assert!((1..=count_max).contains(&chunk.count()));
        found.extend(chunk.entries().map(<[u8]>::to_vec));
    }
    Ok(found)
}

#[test]
fn entries_come_back_one_by_one_in_chunks_and_after_reopening() {
    // 150 and 200: more than two remembered offsets a segment, and two segments.
    for (size, segment_entries) in [(0, 8), (1, 8), (7, 8), (8, 8), (9, 8), (24, 8), (200, 150), (5, 1)] {
        let (disk, log) = filled(size, segment_entries);
        let (reopened, recovery) = SegmentLog::open_with(disk.clone(), segment_entries).unwrap();
        assert_eq!(recovery.trimmed, None);
        let (reader, tail) = SegmentReader::open_with(disk.clone(), segment_entries).unwrap();
        assert_eq!(tail, None);
        for reader in [log.reader(), reopened.reader(), reader] {
            assert_eq!(reader.size(), size);
            for index in 0..size {
                assert_eq!(reader.read_entry(index).unwrap(), entry(index), "{index} of {size}");
            }
            let error = reader.read_entry(size).unwrap_err();
            assert!(matches!(error, StoreError::NoSuchEntry { index, size: s } if index == size && s == size));
            for from in 0..=size {
                let mut index = from;
                for chunk in reader.read_chunks(from, 5).unwrap() {
                    let chunk = chunk.unwrap();
                    assert_eq!(chunk.first_index, index);
                    for found in chunk.entries() {
                        assert_eq!(found, entry(index));
                        index += 1;
                    }
                }
                assert_eq!(index, size, "read from {from}");
            }
            assert!(reader.read_chunks(size + 1, 5).is_err());
        }
        for count_max in [1, 5, 1000] {
            assert_eq!(audit(disk.clone(), segment_entries, count_max).unwrap(), entries(0..size));
        }
    }
}

#[test]
fn a_reader_sees_what_is_appended_later() {
    let (_disk, mut log) = filled(10, 100);
    let reader = log.reader();
    let before = reader.read_chunks(0, 1000).unwrap();
    log.append(entries(10..130)).unwrap();
    assert_eq!(before.map(|chunk| chunk.unwrap().count()).sum::<usize>(), 10, "it ends where the log ended");
    assert_eq!(reader.size(), 130);
    for index in 0..130 {
        assert_eq!(reader.read_entry(index).unwrap(), entry(index));
    }
}

#[test]
fn one_sync_per_batch_and_one_more_with_its_folder_per_new_segment() {
    let disk = Arc::new(SimDisk::new());
    let (mut log, _) = SegmentLog::open_with(disk.clone(), 8).unwrap();
    // In turn: entries, and operations: write and sync, plus the folder's sync where a file is created.
    for (count, ops) in [(2, 3), (3, 2), (3, 2), (1, 3), (8, 2 + 3), (0, 0), (7, 2), (24, 3 * 3)] {
        let (before, size) = (disk.total_ops(), log.size());
        log.append(entries(size..size + count)).unwrap();
        assert_eq!(disk.total_ops() - before, ops, "{count} entries at {size}");
    }
}

#[test]
fn what_is_no_entry_is_refused_and_nothing_written() {
    let (disk, mut log) = filled(3, 8);
    let before = disk.total_ops();
    for bad in [&b""[..], b"two\nlines", b"\n", &[b'x'; 65_536]] {
        let error = log.append([b"good", bad]).unwrap_err();
        assert!(matches!(error, StoreError::NotAnEntry { position: 1, .. }), "{error}");
    }
    assert_eq!(disk.total_ops(), before);
    let longest = vec![b'x'; 65_535];
    log.append([&longest, &longest]).unwrap();
    assert_eq!(log.read_entry(4).unwrap(), longest);
    let (reader, _) = SegmentReader::open_with(disk.clone(), 8).unwrap();
    assert_eq!(reader.read_entry(4).unwrap(), longest);
    assert_eq!(audit(disk, 8, 100).unwrap()[3..], [&longest[..], &longest[..]]);
}

#[test]
fn a_torn_tail_is_trimmed_and_reported_and_nothing_else() {
    let zeros = [&b"d\n"[..], &[0; 3_000_000]].concat();
    let long = [&b"d\n"[..], &[b'x'; 65_535], &[0; 100_000]].concat();
    for (last, line, byte, len_bytes) in [
        (&b"d\ne\nhal"[..], 3, 4, 3),
        (b"h", 1, 0, 1),
        (b"d\n\0\0\0", 2, 2, 3),
        (b"d\nhal\0", 2, 2, 4),
        (b"d\ne\nf\n\0", 4, 6, 1), // the segment is full, and only zeros follow
        (&zeros, 2, 2, 3_000_000),
        (&long, 2, 2, 165_535),
    ] {
        let disk = disk_with(&[b"a\nb\nc\n", last]);
        let trimmed = Trimmed { file: segment_path(1), line, byte, len_bytes };
        let (reader, tail) = SegmentReader::open_with(disk.clone(), 3).unwrap();
        assert_eq!(tail.as_ref(), Some(&trimmed));
        assert_eq!(disk.len_bytes(&segment_path(1)).unwrap(), last.len() as u64, "readers trim nothing");
        let found = damage_of(audit(disk.clone(), 3, 10));
        assert_eq!(found, (Fault::TornTail { len_bytes }, segment_path(1), line, byte));
        let until: usize = audit_chunks(disk.clone(), 10, 3).unwrap().until(reader.size()).map(|chunk| chunk.unwrap().count()).sum();
        assert_eq!(until as u64, reader.size(), "up to a checkpoint there is no damage");
        let (mut log, recovery) = SegmentLog::open_with(disk.clone(), 3).unwrap();
        assert_eq!(recovery.trimmed, Some(trimmed));
        assert_eq!(log.size(), 3 + line - 1);
        log.append([b"next"]).unwrap();
        assert_eq!(log.read_entry(log.size() - 1).unwrap(), b"next");
        assert_eq!(audit(disk, 3, 10).unwrap().len() as u64, log.size());
    }
}

#[test]
fn damage_that_no_crash_explains_stops_the_opening_with_its_place() {
    let too_long = [&b"d\n"[..], &[b'x'; 65_536], b"\ne\n"].concat();
    let long_tail = [&b"d\n"[..], &[b'x'; 65_536]].concat();
    let zeros_then_more = [&b"d\n"[..], &[0; 2_000_000], b"x"].concat();
    let (first, full) = (segment_path(0), &b"a\nb\nc\n"[..]);
    let second = segment_path(1);
    let over_long = Fault::OverLongLine { max: 65_535 };
    // The last segment is read whole.
    assert_eq!(open_damage(&[full, b"d\n\ne\n"]), (Fault::EmptyLine, second.clone(), 2, 2));
    assert_eq!(open_damage(&[full, b"\n"]), (Fault::EmptyLine, second.clone(), 1, 0));
    assert_eq!(open_damage(&[full, &too_long]), (over_long, second.clone(), 2, 2));
    assert_eq!(open_damage(&[full, &long_tail]), (over_long, second.clone(), 2, 2));
    assert_eq!(open_damage(&[full, &zeros_then_more]), (over_long, second.clone(), 2, 2));
    let too_many = Fault::TooManyLines { max: 3 };
    assert_eq!(open_damage(&[full, b"d\ne\nf\ng\n"]), (too_many, second.clone(), 4, 6));
    assert_eq!(open_damage(&[full, b"d\ne\nf\ng"]), (too_many, second, 4, 6));
    // Of the others the edges are.
    assert_eq!(open_damage(&[b"a\nb", b"d\n"]), (Fault::Unterminated { len_bytes: 1 }, first.clone(), 2, 2));
    assert_eq!(open_damage(&[b"a\nb\nc\nd", b"d\n"]), (too_many, first.clone(), 4, 6));
    assert_eq!(open_damage(&[b"a\nb\n", b"d\n"]), (Fault::TooFewLines { found: 2, expected: 3 }, first.clone(), 3, 4));
    assert_eq!(open_damage(&[b"", b"d\n"]), (Fault::TooFewLines { found: 0, expected: 3 }, first, 1, 0));
}

#[test]
fn a_missing_segment_is_named() {
    let disk = disk_with(&[b"a\nb\nc\n"]);
    disk.append("log/00000002.jsonl", b"g\n").unwrap();
    let expected = (Fault::MissingSegment, segment_path(1), 1, 0);
    assert_eq!(damage_of(SegmentLog::open_with(disk.clone(), 3)), expected);
    assert_eq!(damage_of(SegmentReader::open_with(disk.clone(), 3)), expected);
    assert_eq!(damage_of(audit(disk, 3, 10)), expected);
}

#[test]
fn files_of_other_names_are_left_alone() {
    let disk = disk_with(&[b"a\nb\nc\n"]);
    for name in ["00000001.jsonl.bak", "1.jsonl", "000000001.jsonl", "+0000001.jsonl", ".00000001.jsonl.new", "README"] {
        disk.append(&format!("log/{name}"), b"?").unwrap();
    }
    let (log, _) = SegmentLog::open_with(disk, 3).unwrap();
    assert_eq!(log.size(), 3);
}

#[test]
fn readers_find_damage_inside_a_segment_that_opening_does_not_read() {
    // One line less in the middle of a file that looks full at its edges: b is gone, c was made longer.
    let disk = disk_with(&[b"a\nb--c\n", b"d\n"]);
    let (log, _) = SegmentLog::open_with(disk.clone(), 3).unwrap();
    let expected = (Fault::TooFewLines { found: 2, expected: 3 }, segment_path(0), 3, 7);
    assert_eq!(damage_of(log.read_entry(1)), expected);
    assert_eq!(damage_of(audit(disk.clone(), 3, 10)), expected);
    // What comes before the damage is delivered.
    let mut chunks = audit_chunks(disk, 10, 3).unwrap();
    assert_eq!(chunks.next().unwrap().unwrap().count(), 2);
    assert!(chunks.next().unwrap().is_err());
    assert!(chunks.next().is_none());
}

#[test]
fn an_audit_up_to_a_size_misses_nothing_before_it() {
    let until = |files: &[&[u8]], end| -> Result<usize, StoreError> {
        let mut count = 0;
        for chunk in audit_chunks(disk_with(files), 2, 3)?.until(end) {
            count += chunk?.count();
        }
        Ok(count)
    };
    let full = &b"a\nb\nc\n"[..];
    assert_eq!(until(&[full, b"d\ne\nf"], 5).unwrap(), 5);
    assert_eq!(until(&[full, b"d\ne\nf"], 4).unwrap(), 4);
    assert_eq!(until(&[full, b"d"], 3).unwrap(), 3);
    assert_eq!(until(&[], 0).unwrap(), 0);
    let few = |found, expected| Fault::TooFewLines { found, expected };
    assert_eq!(damage_of(until(&[], 2)), (few(0, 2), segment_path(0), 1, 0));
    assert_eq!(damage_of(until(&[full, b"d\ne\nf"], 6)), (Fault::TornTail { len_bytes: 1 }, segment_path(1), 3, 4));
    assert_eq!(damage_of(until(&[full, b"d\n"], 5)), (few(1, 2), segment_path(1), 2, 2));
    assert_eq!(damage_of(until(&[full], 5)), (few(0, 2), segment_path(1), 1, 0));
    assert_eq!(damage_of(until(&[b"a\nb\nc\nd\n", b"e\n"], 4)), (Fault::TooManyLines { max: 3 }, segment_path(0), 4, 6));
}

#[test]
fn the_last_segment_is_written_anew_only_beyond_the_checkpoint() {
    let (disk, _) = filled(10, 8);
    for (checkpoint, rewritten) in [(9, true), (10, false), (11, false)] {
        head::write(&*disk, format!("origin\n{checkpoint}\nroot\n").as_bytes()).unwrap();
        let (_, recovery) = SegmentLog::open_with(disk.clone(), 8).unwrap();
        assert_eq!(recovery.rewritten, rewritten.then(|| segment_path(1)), "checkpoint of {checkpoint}");
    }
}

#[test]
fn a_trimmed_tail_stays_trimmed() {
    let (disk, _) = filled(10, 8);
    head::write_durable(&*disk, b"origin\n10\nroot\n").unwrap();
    disk.append(&segment_path(1), b"half").unwrap();
    disk.crash_now(Fate::Kept);
    let disk = Arc::new(disk.reboot());
    let (_, recovery) = SegmentLog::open_with(disk.clone(), 8).unwrap();
    assert!(recovery.trimmed.is_some() && recovery.rewritten.is_none());
    disk.crash_now(Fate::Lost);
    let (_, recovery) = SegmentLog::open_with(Arc::new(disk.reboot()), 8).unwrap();
    assert_eq!(recovery, Recovery::default());
}

#[test]
fn lines_are_cut_right_where_reads_end() {
    // Lines of many lengths, so that reads of 64 KiB and 1 MiB end in each part of a line, also right before and after a newline.
    let disk = Arc::new(SimDisk::new());
    let (mut log, _) = SegmentLog::open(disk.clone()).unwrap();
    let lengths = (0..3000).map(|index: usize| if index.is_multiple_of(97) { 65_535 - index } else { index * 31 % 1500 + 1 });
    let all: Vec<Vec<u8>> = lengths.map(|length| vec![b'a' + (length % 26) as u8; length]).collect();
    for batch in all.chunks(333) {
        log.append(batch).unwrap();
    }
    for count_max in [1, 70, 5000] {
        assert!(audit(disk.clone(), SEGMENT_ENTRIES, count_max).unwrap() == all);
    }
    for (index, entry) in all.iter().enumerate() {
        assert!(log.read_entry(index as u64).unwrap() == *entry, "entry {index}");
    }
    let chunk = log.read_chunks(1234, 10).unwrap().next().unwrap().unwrap();
    let (line, byte) = chunk.position(3);
    assert_eq!(line, 1238);
    assert_eq!(byte, all[..1237].iter().map(|entry| entry.len() as u64 + 1).sum::<u64>());
    assert_eq!(chunk.entry(3), Some(&all[1237][..]));
    assert_eq!(chunk.entry(10), None);
}

#[test]
fn error_texts_say_where_and_what_to_do() {
    let disk = disk_with(&[b"a\nb\nc\n", b"d\n\n"]);
    let error = SegmentLog::open_with(disk, 3).unwrap_err();
    assert_eq!(error.to_string(), "the log is damaged: log/00000001.jsonl, line 2 (at byte 2): the line is empty");
}

#[test]
fn a_whole_line_that_lost_its_newline_is_not_cut_off() {
    let (disk, _log) = filled(3, 8);
    let mut bytes = disk.read(&segment_path(0)).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 4;
    let byte = (entry(0).len() + entry(1).len() + 2) as u64;
    // With a checkpoint over all three entries it is damage; the file stays as it is.
    let damaged = disk_with(&[&bytes]);
    head::write_durable(&*damaged, b"example.org/aid\n3\n").unwrap();
    let found = damage_of(SegmentLog::open_with(damaged.clone(), 8));
    assert_eq!(found, (Fault::TooFewLines { found: 2, expected: 3 }, segment_path(0), 3, byte));
    assert_eq!(damaged.read(&segment_path(0)).unwrap(), bytes);
    // With one over two entries nothing speaks for the third: it is what a crash leaves.
    let torn = disk_with(&[&bytes]);
    head::write_durable(&*torn, b"example.org/aid\n2\n").unwrap();
    let (log, recovery) = SegmentLog::open_with(torn, 8).unwrap();
    assert_eq!((log.size(), recovery.trimmed.unwrap().byte), (2, byte));
}
