//! What the log promises when the power goes, a sync fails or the disk runs full: at EVERY operation of a workload, not at a
//! chosen few.
//!
//! The promise, checked after each restart:
//!
//! 1. every acknowledged entry is there, byte for byte;
//! 2. what is there beyond is a beginning of what was being appended, in whole entries;
//! 3. the log takes entries again, and an auditor's reader finds nothing wrong with the files;
//! 4. all of that still holds after the power goes a second time and everything unsynced is lost.

use std::sync::Arc;

use aidledger::store::segments::segment_path;
use aidledger::store::{Disk, Fate, FolderDisk, Recovery, SegmentLog, SimDisk, StoreError, Trimmed, audit_chunks, head};

const SEGMENT_ENTRIES: u64 = 8;
/// Entries per batch: within a segment, up to its end exactly, across it, over two ends, and within again.
const BATCHES: [u64; 7] = [3, 5, 1, 9, 20, 1, 2];
const TORN_SEEDS: u64 = 12;

/// Entries of very different lengths, each unlike every other and unlike every beginning of another.
fn entry(index: u64) -> Vec<u8> {
    format!("{{\"index\":{index},\"fill\":\"{}\"}}", "~".repeat((index * 37 % 90) as usize)).into_bytes()
}

fn open(disk: &Arc<dyn Disk>) -> Result<(SegmentLog, Recovery), StoreError> {
    SegmentLog::open_with(disk.clone(), SEGMENT_ENTRIES)
}

/// Stands in for the signed checkpoint, which the real program writes after each batch.
fn checkpoint(size: u64) -> Vec<u8> {
    format!("example.org/aid\n{size}\n{}\n\nsignature {size}\n", blake3::hash(&size.to_le_bytes())).into_bytes()
}

/// How far a run came.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Progress {
    acknowledged: u64,
    attempted: u64,
}

/// Opens the log and appends the batches until something fails.
fn run(disk: &Arc<dyn Disk>, with_checkpoints: bool) -> (Progress, Option<String>) {
    let mut progress = Progress::default();
    let failure = (|| -> Result<(), StoreError> {
        let (mut log, _) = open(disk)?;
        for count in BATCHES {
            let start = log.size();
            progress.attempted = start + count;
            log.append((start..start + count).map(entry))?;
            progress.acknowledged = log.size();
            if with_checkpoints {
                head::write(&**disk, &checkpoint(log.size()))?;
            }
        }
        Ok(())
    })();
    (progress, failure.err().map(|error| error.to_string()))
}

fn total() -> u64 {
    BATCHES.iter().sum()
}

/// Restarts on the disk and checks promises 1 to 3. Returns the size found.
fn check_restart(disk: &Arc<dyn Disk>, before: Progress, at: &str) -> u64 {
    let (mut log, recovery) = open(disk).unwrap_or_else(|error| panic!("{at}: {error}"));
    let found = log.size();
    assert!(found >= before.acknowledged, "{at}: {found} left of {before:?}");
    assert!(found <= before.attempted, "{at}: {found} of {before:?}");
    if let Some(trimmed) = recovery.trimmed {
        assert_eq!(trimmed.file, segment_path(found / SEGMENT_ENTRIES), "{at}");
        assert_eq!(trimmed.line, found % SEGMENT_ENTRIES + 1, "{at}");
        assert_eq!(disk.len_bytes(&trimmed.file).unwrap(), trimmed.byte, "{at}");
    }
    // A checkpoint that survived speaks of no entry that is gone, and is never taken for damage.
    let checkpoint_bytes = head::read(&**disk).unwrap();
    match head::classify(checkpoint_bytes.as_deref(), found, checkpoint) {
        head::Head::Beyond { .. } | head::Head::Damaged { .. } => {
            panic!("{at}: {checkpoint_bytes:?}")
        }
        head::Head::Intact { size } => assert!(size <= before.acknowledged, "{at}"),
        head::Head::Absent | head::Head::CutShort { .. } => {}
    }
    for count in [1, SEGMENT_ENTRIES + 1] {
        let start = log.size();
        log.append((start..start + count).map(entry)).unwrap_or_else(|error| panic!("{at}: {error}"));
    }
    check_content(disk, found + SEGMENT_ENTRIES + 2, at);
    found
}

/// Reads all files as an auditor and the entries one by one.
fn check_content(disk: &Arc<dyn Disk>, size: u64, at: &str) {
    let mut index = 0;
    for chunk in audit_chunks(disk.clone(), 3, SEGMENT_ENTRIES).unwrap() {
        for found in chunk.unwrap_or_else(|error| panic!("{at}: {error}")).entries() {
            assert_eq!(found, entry(index), "{at}: entry {index}");
            index += 1;
        }
    }
    assert_eq!(index, size, "{at}");
    let (log, recovery) = open(disk).unwrap();
    assert_eq!((log.size(), recovery.trimmed), (size, None), "{at}");
    for index in 0..size {
        assert_eq!(log.read_entry(index).unwrap(), entry(index), "{at}: entry {index}");
    }
}

fn dynamic(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

/// Promise 4: restarted once more after a power cut, with all that `check_restart` appended acknowledged.
fn check_second_power_cut(disk: &SimDisk, found: u64, at: &str) {
    disk.crash_now(Fate::Lost);
    let after = disk.reboot();
    check_content(&dynamic(&after), found + SEGMENT_ENTRIES + 2, &format!("{at}, second cut"));
}

fn fates() -> impl Iterator<Item = Fate> {
    [Fate::Kept, Fate::Lost].into_iter().chain((0..TORN_SEEDS).map(|seed| Fate::Torn { seed }))
}

fn ops_of_a_whole_run(with_checkpoints: bool) -> u64 {
    let disk = SimDisk::new();
    let (progress, failure) = run(&dynamic(&disk), with_checkpoints);
    assert_eq!(failure, None);
    assert_eq!(progress.acknowledged, total());
    disk.total_ops()
}

#[test]
fn the_number_of_operations_is_as_designed() {
    // Opening an empty folder: create log/, sync its names and its own. Batches, at sizes 0, 3, 8, 9, 18, 38, 39:
    // a write and a sync for each segment touched (1, 1, 1, 2, 3, 1, 2: 11), and a folder sync for each created (0, 8, 16, 24, 32, 40).
    assert_eq!(ops_of_a_whole_run(false), 3 + 2 * 11 + 6);
    assert_eq!(ops_of_a_whole_run(true), 3 + 2 * 11 + 6 + BATCHES.len() as u64);
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_acknowledged() {
    let (mut trimmed, mut beyond, mut cases) = (0, 0, 0);
    for with_checkpoints in [false, true] {
        for op in 0..ops_of_a_whole_run(with_checkpoints) {
            for fate in fates() {
                let at = format!("cut at {op}, {fate:?}, checkpoints: {with_checkpoints}");
                let disk = SimDisk::new();
                disk.crash_at(op, fate);
                let (progress, failure) = run(&dynamic(&disk), with_checkpoints);
                assert!(failure.is_some_and(|text| text.contains("the power is off")), "{at}");
                let after = disk.reboot();
                let probe = after.reboot(); // a copy, only to count what the cases contain
                trimmed += u64::from(open(&dynamic(&probe)).unwrap().1.trimmed.is_some());
                let found = check_restart(&dynamic(&after), progress, &at);
                beyond += u64::from(found > progress.acknowledged);
                check_second_power_cut(&after, found, &at);
                cases += 1;
            }
        }
    }
    // Otherwise the test would prove less than it seems to.
    assert!(trimmed > cases / 10 && beyond > cases / 10, "{trimmed} trimmed, {beyond} beyond, of {cases}");
}

#[test]
fn a_power_cut_during_recovery_loses_nothing_either() {
    // First a cut somewhere in the later batches, then one at every operation of the restart.
    for first in [14, 20, 24, 26, 30] {
        for first_fate in [Fate::Kept, Fate::Torn { seed: 3 }, Fate::Torn { seed: 8 }] {
            for second in 0.. {
                let mut fired = false;
                for fate in fates() {
                    let at = format!("cut at {first}, {first_fate:?}, then at {second}, {fate:?}");
                    let disk = SimDisk::new();
                    disk.crash_at(first, first_fate);
                    let (progress, _) = run(&dynamic(&disk), true);
                    let restarted = disk.reboot();
                    restarted.crash_at(second, fate);
                    let _ = open(&dynamic(&restarted));
                    fired = restarted.is_off();
                    let after = restarted.reboot();
                    let found = check_restart(&dynamic(&after), progress, &at);
                    check_second_power_cut(&after, found, &at);
                }
                if !fired {
                    assert!(second >= 4, "a restart has at least four operations");
                    break;
                }
            }
        }
    }
}

#[test]
fn a_failing_sync_poisons_and_a_restart_without_reboot_still_tells_the_truth() {
    let mut poisoned = 0;
    for with_checkpoints in [false, true] {
        for op in 0..ops_of_a_whole_run(with_checkpoints) {
            let at = format!("sync fails at {op}, checkpoints: {with_checkpoints}");
            let disk = SimDisk::new();
            disk.fail_sync_at(op);
            let (progress, failure) = run(&dynamic(&disk), with_checkpoints);
            if let Some(failure) = failure {
                assert!(failure.starts_with("cannot sync ") && failure.contains("simulated failure"), "{failure}");
                poisoned += 1;
            } else {
                assert_eq!(progress.acknowledged, total(), "{at}: no sync was left to fail");
                continue;
            }
            // The process is started again while the machine runs on: the kernel still shows the bytes that it will never write.
            let found = check_restart(&dynamic(&disk), progress, &at);
            check_second_power_cut(&disk, found, &at);
        }
    }
    assert!(poisoned > 40, "{poisoned}");
}

#[test]
fn after_a_failure_every_call_says_to_start_again() {
    let disk = SimDisk::new();
    let (mut log, _) = open(&dynamic(&disk)).unwrap();
    log.append([b"first"]).unwrap();
    let reader = log.reader();
    disk.fail_sync_at(disk.total_ops());
    assert!(matches!(log.append([b"second"]), Err(StoreError::Disk(_))));
    let ops = disk.total_ops();
    for result in [log.append([b"third"]).err(), log.read_entry(0).err(), log.read_chunks(0, 9).err()] {
        let error = result.unwrap();
        assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("simulated failure of a sync") && text.contains("start it again"), "{text}");
    }
    assert_eq!(disk.total_ops(), ops, "the disk is not touched again");
    assert_eq!(log.size(), 1);
    assert_eq!(reader.read_entry(0).unwrap(), b"first", "what was acknowledged is still served");
    assert!(matches!(reader.read_entry(1), Err(StoreError::NoSuchEntry { index: 1, size: 1 })));
}

#[test]
fn a_disk_that_runs_full_says_so_and_loses_nothing_acknowledged() {
    let mut full = 0;
    for op in 0..ops_of_a_whole_run(false) {
        let at = format!("full at {op}");
        let disk = SimDisk::new();
        disk.fill_at(op);
        let (progress, failure) = run(&dynamic(&disk), false);
        let Some(failure) = failure else {
            assert_eq!(progress.acknowledged, total(), "{at}: no write was left to fail");
            continue;
        };
        full += 1;
        assert!(failure.starts_with("cannot append to log/0"), "{failure}");
        assert!(failure.contains("no space left"), "{failure}");
        disk.set_capacity_bytes(None); // somebody made room
        let found = check_restart(&dynamic(&disk), progress, &at);
        check_second_power_cut(&disk, found, &at);
    }
    assert!(full > 25, "{full}");
}

#[test]
fn a_real_folder_keeps_the_same_promises() {
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(FolderDisk::open(folder.path()).unwrap());
    let (progress, failure) = run(&disk, true);
    assert_eq!((progress.acknowledged, failure), (total(), None));
    check_content(&disk, total(), "after the run");
    let names = disk.list("log").unwrap();
    assert_eq!(names.len(), 6, "41 entries in segments of 8: {names:?}");
    // Plain text, as promised to grep.
    let text = std::fs::read_to_string(folder.path().join("log/00000002.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[3].as_bytes(), entry(2 * 8 + 3));

    // The next entry, torn at each of its bytes: 41 entries are one line in segment 5.
    let last = folder.path().join("log/00000005.jsonl");
    let whole = std::fs::read(&last).unwrap();
    for cut in 1..=entry(41).len() {
        std::fs::write(&last, [&whole[..], &entry(41)[..cut]].concat()).unwrap();
        let disk: Arc<dyn Disk> = Arc::new(FolderDisk::open(folder.path()).unwrap());
        let (log, recovery) = open(&disk).unwrap();
        let trimmed = Trimmed { file: segment_path(5), line: 2, byte: whole.len() as u64, len_bytes: cut as u64 };
        assert_eq!(recovery, Recovery { trimmed: Some(trimmed), rewritten: None });
        assert_eq!(log.size(), 41);
        assert_eq!(std::fs::read(&last).unwrap(), whole);
    }
    let disk: Arc<dyn Disk> = Arc::new(FolderDisk::open(folder.path()).unwrap());
    check_restart(&disk, progress, "after trimming");
    // Those entries have no checkpoint yet, so the next start writes their segment anew.
    let (_, recovery) = open(&disk).unwrap();
    assert_eq!(recovery.rewritten, Some(segment_path(6)));
    assert!(disk.list("log").unwrap().iter().all(|name| name.ends_with(".jsonl")), "no temporary file is left");
}
