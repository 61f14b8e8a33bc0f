//! What a receipt promises when the power goes, a sync fails or the disk runs full: at EVERY write and sync of the ledger's one
//! writer, from its creation on, tiles and checkpoint included. (`store_crash.rs` asks the same of the segments alone.)
//!
//! The promise, checked after each restart:
//!
//! 1. every acknowledged event is in the log at the index of its receipt, with the same entry bytes, and the tree that its
//!    receipt was made under is the beginning of the tree there is now: a consistency proof says so;
//! 2. what is there beyond is a beginning of the batch that was under way, in whole entries;
//! 3. everything verifies from the bytes alone: form, chain, signatures, rules, root, checkpoint, tiles;
//! 4. who submits everything again gets "known" for what was acknowledged, and the ledger ends as if nothing had happened, byte for byte.

use std::sync::Arc;

use aidledger::canonical::encode;
use aidledger::event::Time;
use aidledger::log::checkpoint::Checkpoint;
use aidledger::log::prove::{check_consistency, check_inclusion};
use aidledger::log::tree::leaf_hash;
use aidledger::service::ledger::{AppendError, CreateError};
use aidledger::service::{Answer, Ledger, Notice, OpenError, Reader, Receipt};
use aidledger::store::{Disk, Fate, SimDisk};
use rayon::prelude::*;

#[path = "support/events.rs"]
mod events;
#[path = "support/full_check.rs"]
mod full_check;

use events::Script;
use full_check::full_check;

const SEED: u64 = 7;
const TORN_SEEDS: u64 = 6;
/// Events per batch, over and over.
const BATCH_SIZES: [usize; 6] = [1, 4, 2, 5, 3, 1];

/// A ledger to start from, and batches to append.
struct Work {
    /// Every disk of a run starts as this one; empty if the run begins with the ledger's creation.
    base: SimDisk,
    script_opening: aidledger::event::SignedEvent,
    batches: Vec<Vec<Vec<u8>>>,
    /// Entries at the start.
    size: usize,
    /// The log after a run without a fault.
    reference: Vec<Vec<u8>>,
}

fn dynamic(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

/// When a batch is recorded: the same in every run, so that every run makes the same log.
fn recorded(batch: usize) -> Time {
    Time(events::EPOCH.0 + 10_000 + 7 * batch as i64)
}

impl Work {
    /// A run from the ledger's creation on.
    fn from_nothing(events: usize) -> Work {
        Work::after(SimDisk::new(), Script::new(SEED), 0, events)
    }

    /// A run on a ledger that has `size` entries already, all at rest.
    fn from_filled(size: usize, events: usize) -> Work {
        let (disk, mut script) = (SimDisk::new(), Script::new(SEED));
        let created = Ledger::create_on(dynamic(&disk), &script.opening, Script::log_key(SEED), events::EPOCH);
        let mut ledger = created.unwrap();
        let answers = ledger.append(&script.submissions(size - 1), events::EPOCH.max(recorded(0))).unwrap();
        assert!(answers.iter().all(|answer| matches!(answer, Answer::Accepted(_))));
        ledger.close().unwrap();
        disk.crash_now(Fate::Kept);
        Work::after(disk.reboot(), script, size, events)
    }

    fn after(base: SimDisk, mut script: Script, size: usize, events: usize) -> Work {
        let script_opening = script.opening.clone();
        let mut batches = Vec::new();
        let mut left = events;
        for count in BATCH_SIZES.into_iter().cycle() {
            if left == 0 {
                break;
            }
            let count = count.min(left);
            batches.push(script.submissions(count));
            left -= count;
        }
        let mut work = Work { base, script_opening, batches, size, reference: Vec::new() };
        let disk = work.disk();
        let run = work.run(&disk);
        assert_eq!(run.failure, None, "a run without a fault");
        work.reference = full_check(&dynamic(&disk), "a run without a fault").0.entries;
        assert_eq!(run.answered.len(), events + usize::from(size == 0));
        work
    }

    fn disk(&self) -> SimDisk {
        self.base.reboot()
    }

    /// Operations of a run without a fault.
    fn ops(&self) -> u64 {
        let disk = self.disk();
        assert_eq!(self.run(&disk).failure, None);
        disk.total_ops()
    }

    /// Opens the ledger, or creates it if there is none.
    fn start(&self, disk: &SimDisk) -> Result<(Ledger, Vec<Notice>), String> {
        match Ledger::open_on(dynamic(disk), Script::log_key(SEED)) {
            Err(OpenError::NoLedger) => {
                let created = Ledger::create_on(dynamic(disk), &self.script_opening, Script::log_key(SEED), events::EPOCH);
                created.map(|ledger| (ledger, Vec::new())).map_err(|error: CreateError| error.to_string())
            }
            opened => opened.map_err(|error| error.to_string()),
        }
    }

    /// Starts and appends all batches until something fails.
    fn run(&self, disk: &SimDisk) -> Run {
        let mut run = Run { attempted: self.size, ..Run::default() };
        run.failure = self.run_into(disk, &mut run).err();
        run
    }

    fn run_into(&self, disk: &SimDisk, run: &mut Run) -> Result<(), String> {
        run.attempted = self.size.max(1);
        let (mut ledger, _) = self.start(disk)?;
        if self.size == 0 {
            // Creation has no receipt; its return is the acknowledgement, and asking again gives the receipt.
            run.answered.extend(receipts(&mut ledger, &[encode(&self.script_opening)], events::EPOCH)?);
        }
        for (number, batch) in self.batches.iter().enumerate() {
            run.attempted += batch.len();
            match receipts(&mut ledger, batch, recorded(number)) {
                Ok(receipts) => run.answered.extend(receipts),
                Err(failure) => {
                    let again = ledger.append(batch, recorded(number));
                    assert!(
                        matches!(again, Err(AppendError::Poisoned | AppendError::Store(_))),
                        "after `{failure}` nothing more may be taken, but: {again:?}"
                    );
                    return Err(failure);
                }
            }
        }
        Ok(())
    }
}

/// How far a run came.
#[derive(Default)]
struct Run {
    answered: Vec<Receipt>,
    /// Entries there would be had the last batch been answered.
    attempted: usize,
    failure: Option<String>,
}

/// Appends, and checks each receipt as its owner would.
fn receipts(ledger: &mut Ledger, batch: &[Vec<u8>], now: Time) -> Result<Vec<Receipt>, String> {
    let answers = ledger.append(batch, now).map_err(|error| error.to_string())?;
    let receipts = answers.into_iter().map(|answer| match answer {
        Answer::Accepted(receipt) | Answer::Known(receipt) => receipt,
        Answer::Rejected(rejection) => panic!("{rejection}"),
    });
    Ok(receipts.inspect(check_receipt).collect())
}

fn checkpoint_of(receipt: &Receipt) -> Checkpoint {
    Checkpoint::parse(receipt.proof.checkpoint().unverified_text()).unwrap()
}

fn check_receipt(receipt: &Receipt) {
    let head = checkpoint_of(receipt);
    check_inclusion(receipt.index, head.size(), &leaf_hash(&receipt.entry), receipt.proof.path(), head.root()).unwrap();
}

/// Restarts on the disk, checks promises 1 to 3, submits everything again and checks promise 4. Returns the size found
/// and what the restart put right.
fn check_restart(work: &Work, disk: &SimDisk, run: &Run, at: &str) -> (usize, Vec<Notice>) {
    let (ledger, mended) = work.start(disk).unwrap_or_else(|error| panic!("{at}: {error}"));
    drop(ledger);
    let (found, head) = full_check(&dynamic(disk), at);
    let size = found.entries.len();
    let acknowledged = work.size + run.answered.len();
    assert!(size >= acknowledged, "{at}: {size} left of {acknowledged}");
    assert!(size <= run.attempted.max(1), "{at}: {size} of at most {}", run.attempted);
    assert!(found.entries == work.reference[..size], "{at}: the log is another than without the fault");
    let reader = Reader::open_disk(dynamic(disk)).unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(reader.tail, None, "{at}");
    for receipt in &run.answered {
        assert_eq!(found.entries[receipt.index as usize], receipt.entry, "{at}: entry {}", receipt.index);
        assert_eq!(found.ids[receipt.index as usize], receipt.id, "{at}: entry {}", receipt.index);
        let old = checkpoint_of(receipt);
        let proof = reader.prove_consistency(old.size()).unwrap_or_else(|error| panic!("{at}: {error}"));
        check_consistency(old.size(), old.root(), head.size(), head.root(), &proof).unwrap_or_else(|error| panic!("{at}: {error}"));
    }

    let (mut ledger, notices) = work.start(disk).unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(notices, [], "{at}: the second start has nothing left to put right");
    let mut index = work.size;
    let opening = [encode(&work.script_opening)];
    let opening = (work.size == 0).then_some(&opening[..]);
    for (number, batch) in opening.into_iter().chain(work.batches.iter().map(Vec::as_slice)).enumerate() {
        let now = if work.size == 0 { number.checked_sub(1).map_or(events::EPOCH, recorded) } else { recorded(number) };
        for answer in ledger.append(batch, now).unwrap_or_else(|error| panic!("{at}: {error}")) {
            let receipt = match answer {
                Answer::Known(receipt) if index < size => receipt,
                Answer::Accepted(receipt) if index >= size => receipt,
                answer => panic!("{at}: entry {index} of {size}: {answer:?}"),
            };
            check_receipt(&receipt);
            assert_eq!((receipt.index, &receipt.entry), (index as u64, &work.reference[index]), "{at}");
            index += 1;
        }
    }
    // The file may be some batches behind the receipts until the ledger is closed.
    ledger.close().unwrap_or_else(|error| panic!("{at}: {error}"));
    let (ended, _) = full_check(&dynamic(disk), at);
    assert!(ended.entries == work.reference, "{at}: submitted again, the log ends differently");
    (size, mended)
}

/// After everything is in and answered the power goes once more and takes all that was not synced.
fn check_second_power_cut(work: &Work, disk: &SimDisk, at: &str) {
    disk.crash_now(Fate::Lost);
    let after = disk.reboot();
    let at = format!("{at}, second cut");
    work.start(&after).unwrap_or_else(|error| panic!("{at}: {error}"));
    assert!(full_check(&dynamic(&after), &at).0.entries == work.reference, "{at}");
}

fn fates(torn_seeds: u64) -> impl Iterator<Item = Fate> {
    [Fate::Kept, Fate::Lost].into_iter().chain((0..torn_seeds).map(|seed| Fate::Torn { seed }))
}

/// A power cut at every operation of a run.
fn cut_everywhere(work: &Work) {
    let cases: Vec<(u64, Fate)> = (0..work.ops()).flat_map(|op| fates(TORN_SEEDS).map(move |fate| (op, fate))).collect();
    let beyond: usize = cases
        .par_iter()
        .map(|&(op, fate)| {
            let at = format!("cut at {op}, {fate:?}");
            let disk = work.disk();
            disk.crash_at(op, fate);
            let run = work.run(&disk);
            assert!(run.failure.as_ref().is_some_and(|text| text.contains("the power is off")), "{at}: {:?}", run.failure);
            let after = disk.reboot();
            let (found, _) = check_restart(work, &after, &run, &at);
            check_second_power_cut(work, &after, &at);
            usize::from(found > work.size + run.answered.len())
        })
        .sum();
    println!("{} power cuts; after {beyond} of them more was there than acknowledged", cases.len());
    // Otherwise the cuts did not hit the moments between writing and answering.
    assert!(beyond > cases.len() / 10, "{beyond} of {}", cases.len());
}

#[test]
fn a_power_cut_at_any_operation_from_creation_on_loses_nothing_acknowledged() {
    let work = Work::from_nothing(45);
    // Looking for a ledger: create log/, sync its names and the root's. Creating: the same again, then per batch a write, a sync
    // and a checkpoint, and once the sync of the new segment's name. Asking for the first receipt writes nothing.
    assert_eq!(work.ops(), 3 + 3 + 1 + 3 * (1 + work.batches.len() as u64));
    cut_everywhere(&work);
}

#[test]
fn a_power_cut_at_any_operation_around_a_new_tile_loses_nothing_acknowledged() {
    let work = Work::from_filled(250, 30);
    let disk = work.disk();
    assert_eq!(work.run(&disk).failure, None);
    assert!(!work.base.exists("tiles/0/000").unwrap() && disk.exists("tiles/0/000").unwrap(), "the run fills a tile");
    cut_everywhere(&work);
}

#[test]
fn a_power_cut_during_recovery_loses_nothing_either() {
    let (mut cuts, mut notices) = (0, Vec::new());
    for work in [Work::from_nothing(20), Work::from_filled(250, 12)] {
        let ops = work.ops();
        // A sample of first cuts, chosen so that every kind of operation is among them: 7 and the period 3 of a batch share no factor.
        for first in (0..ops).filter(|op| op % 7 < 2 || op + 6 > ops) {
            for first_fate in [Fate::Kept, Fate::Torn { seed: 3 }, Fate::Torn { seed: 8 }] {
                let disk = work.disk();
                disk.crash_at(first, first_fate);
                let run = work.run(&disk);
                let restarted = disk.reboot();
                let recovery_ops = {
                    let copy = restarted.reboot();
                    notices.extend(work.start(&copy).unwrap().1);
                    copy.total_ops()
                };
                assert!(recovery_ops >= 3, "a start makes durable what it found");
                let mended = (0..recovery_ops).into_par_iter().flat_map_iter(|second| {
                    let (work, run, restarted) = (&work, &run, &restarted);
                    fates(3).flat_map(move |fate| {
                        let at = format!("cut at {first}, {first_fate:?}, then in recovery at {second}, {fate:?}");
                        let restarted = restarted.reboot();
                        restarted.crash_at(second, fate);
                        let failure = work.start(&restarted).err();
                        assert!(failure.is_some_and(|text| text.contains("the power is off")), "{at}");
                        check_restart(work, &restarted.reboot(), run, &at).1
                    })
                });
                notices.par_extend(mended);
                cuts += recovery_ops * 5;
            }
        }
    }
    println!("{cuts} power cuts in recoveries");
    for (what, met) in [
        ("trimmed", notices.iter().any(|notice| matches!(notice, Notice::Trimmed(_)))),
        ("rewritten", notices.iter().any(|notice| matches!(notice, Notice::Rewritten(_)))),
        ("checkpoint", notices.contains(&Notice::CheckpointMade)),
        ("tiles", notices.contains(&Notice::TilesMade)),
    ] {
        assert!(met, "no recovery had this to put right: {what}");
    }
}

#[test]
fn a_failing_sync_stops_the_writer_and_a_restart_without_reboot_tells_the_truth() {
    for work in [Work::from_nothing(45), Work::from_filled(250, 30)] {
        let ops = work.ops();
        let failed: usize = (0..ops)
            .into_par_iter()
            .map(|op| {
                let at = format!("sync fails at {op}");
                let disk = work.disk();
                disk.fail_sync_at(op);
                let run = work.run(&disk);
                let Some(failure) = &run.failure else { return 0 };
                assert!(failure.starts_with("cannot sync ") && failure.contains("simulated failure"), "{at}: {failure}");
                // The machine runs on: the kernel still shows the bytes that it will never write.
                check_restart(&work, &disk, &run, &at);
                check_second_power_cut(&work, &disk, &at);
                1
            })
            .sum();
        // One sync in three operations, and the next sync fails for an operation that is none: only the last checkpoint's has none after it.
        assert_eq!(failed as u64, ops - 1, "each operation but the last checkpoint is a sync or stands before one");
    }
}

#[test]
fn a_disk_that_runs_full_says_so_and_loses_nothing_acknowledged() {
    for work in [Work::from_nothing(45), Work::from_filled(250, 30)] {
        let ops = work.ops();
        let full: usize = (0..ops)
            .into_par_iter()
            .map(|op| {
                let at = format!("full at {op}");
                let disk = work.disk();
                disk.fill_at(op);
                let run = work.run(&disk);
                let Some(failure) = &run.failure else { return 0 };
                assert!(failure.contains("no space left"), "{at}: {failure}");
                let names_file = ["cannot append to log/00000000.jsonl", "cannot replace checkpoint", "cannot replace tiles/0/000"];
                assert!(names_file.iter().any(|name| failure.contains(name)), "{at}: {failure}");
                // Started again on the full disk it either says the same or has room enough; nothing gets lost by that.
                if let Err(failure) = work.start(&disk) {
                    assert!(failure.contains("no space left"), "{at}: {failure}");
                }
                disk.set_capacity_bytes(None); // somebody made room
                check_restart(&work, &disk, &run, &at);
                check_second_power_cut(&work, &disk, &at);
                1
            })
            .sum();
        assert!(full as u64 > ops * 9 / 10, "{full} of {ops}");
    }
}

#[test]
fn a_disk_full_or_failing_during_recovery_is_told_and_can_be_started_again() {
    let work = Work::from_filled(250, 12);
    for first in 0..work.ops() {
        for first_fate in [Fate::Kept, Fate::Torn { seed: 1 }] {
            let disk = work.disk();
            disk.crash_at(first, first_fate);
            let run = work.run(&disk);
            let restarted = disk.reboot();
            (0..12u64).into_par_iter().for_each(|second| {
                for full in [true, false] {
                    let at = format!("cut at {first}, {first_fate:?}, then in recovery at {second}, full: {full}");
                    let disk = restarted.reboot();
                    if full {
                        disk.fill_at(second)
                    } else {
                        disk.fail_sync_at(second)
                    }
                    if let Err(failure) = work.start(&disk) {
                        assert!(failure.contains(if full { "no space left" } else { "simulated failure" }), "{at}: {failure}");
                    }
                    disk.set_capacity_bytes(None);
                    disk.fail_sync_at(u64::MAX);
                    check_restart(&work, &disk, &run, &at);
                }
            });
        }
    }
}
