//! What a writer refuses to start on, because going on would sign what is not so or destroy what is.

use std::sync::Arc;

use aidledger::canonical::encode;
use aidledger::log::checkpoint::Checkpoint;
use aidledger::log::prove::check_inclusion;
use aidledger::log::tree::leaf_hash;
use aidledger::rules::Rule;
use aidledger::service::ledger::CreateError;
use aidledger::service::recovery::EntryFault;
use aidledger::service::{Answer, Ledger, Notice, OpenError};
use aidledger::store::{Damage, Disk, Fault, StoreError};

#[path = "support/disks.rs"]
mod disks;
#[path = "support/events.rs"]
mod events;

use disks::{CHECKPOINT, Files, LOG, TILE, disk_of, files_of, ledger_files};
use events::{EPOCH, Script};

const SEED: u64 = 11;

/// Starts a writer on the files; an error must leave the log and the checkpoint as they are.
fn open(files: &Files) -> Result<Vec<Notice>, OpenError> {
    let disk = disk_of(files);
    let opened = Ledger::open_on(disk.clone(), Script::log_key(SEED));
    if opened.is_err() {
        let after = files_of(&*disk);
        assert!(after.get(LOG) == files.get(LOG) && after.get(CHECKPOINT) == files.get(CHECKPOINT), "a refusal changed the truth");
    }
    opened.map(|(_, notices)| notices)
}

/// Changes the last hex digit of the last entry's signature. The entry stays canonical, in the chain and within the rules.
fn forge_last_signature(files: &mut Files) {
    let log = files.get_mut(LOG).unwrap();
    let at = log.len() - 4; // …0"}⏎
    assert_eq!(&log[at + 1..], b"\"}\n");
    log[at] = if log[at] == b'0' { b'1' } else { b'0' };
}

#[test]
fn an_altered_last_entry_is_seen_wherever_it_stands_in_its_tile() {
    for size in [1, 2, 255, 256, 257, 512] {
        let mut files = ledger_files(SEED, size);
        assert_eq!(open(&files).unwrap(), [], "{size}");
        forge_last_signature(&mut files);
        let error = open(&files).unwrap_err();
        assert!(matches!(error, OpenError::Checkpoint(_)), "{size}: {error}");
    }
}

#[test]
fn no_checkpoint_is_signed_over_a_signature_that_does_not_hold() {
    for (size, covered) in [(30, Some(29)), (257, Some(256)), (257, Some(20)), (30, None)] {
        let mut files = ledger_files(SEED, size);
        match covered {
            Some(covered) => _ = files.insert(CHECKPOINT.into(), ledger_files(SEED, covered)[CHECKPOINT].clone()),
            None => _ = files.remove(CHECKPOINT),
        }
        open(&files).unwrap_or_else(|error| panic!("{size}, {covered:?}: an older checkpoint is what a power cut leaves, but: {error}"));
        forge_last_signature(&mut files);
        match open(&files).unwrap_err() {
            OpenError::Entry { index, line, what, .. } => {
                let EntryFault::Rejected(rejection) = *what else { panic!("{what}") };
                assert_eq!((index, line, rejection.rule), (size as u64 - 1, size as u64, Rule::SignatureInvalid));
            }
            error => panic!("{size}, {covered:?}: {error}"),
        }
    }
}

#[test]
fn a_newline_that_rotted_is_damage_and_its_entry_is_not_cut_off() {
    let mut files = ledger_files(SEED, 30);
    *files.get_mut(LOG).unwrap().last_mut().unwrap() ^= 1;
    match open(&files).unwrap_err() {
        OpenError::Store(StoreError::Damage(Damage { line: 30, fault: Fault::TooFewLines { found: 29, expected: 30 }, .. })) => {}
        error => panic!("{error}"),
    }
}

#[test]
fn a_log_that_is_shorter_than_its_checkpoint_is_not_gone_on_with() {
    let mut files = ledger_files(SEED, 30);
    files.insert(LOG.into(), ledger_files(SEED, 29)[LOG].clone());
    assert!(matches!(open(&files).unwrap_err(), OpenError::BehindCheckpoint { size: 29, signed: 30 }));
}

#[test]
fn a_log_that_is_gone_is_not_begun_anew_beside_its_checkpoint() {
    let mut files = ledger_files(SEED, 30);
    for log in [None, Some(Vec::new())] {
        match log {
            None => _ = files.remove(LOG),
            Some(empty) => _ = files.insert(LOG.into(), empty),
        }
        assert!(matches!(open(&files).unwrap_err(), OpenError::BehindCheckpoint { size: 0, signed: 30 }));
        let disk = disk_of(&files);
        let created = Ledger::create_on(disk.clone(), &Script::new(SEED).opening, Script::log_key(SEED), EPOCH);
        assert!(matches!(created.err(), Some(CreateError::Open(OpenError::BehindCheckpoint { size: 0, signed: 30 }))));
        assert_eq!(disk.read(CHECKPOINT).unwrap(), files[CHECKPOINT]);
    }
}

#[test]
fn another_key_does_not_open_the_log() {
    let disk = disk_of(&ledger_files(SEED, 30));
    let opened = Ledger::open_on(disk, Script::log_key(SEED + 1));
    assert!(matches!(opened.err(), Some(OpenError::LogKey { .. })));
}

#[test]
fn tiles_that_are_gone_or_wrong_are_made_again_and_accuse_nobody() {
    let mut files = ledger_files(SEED, 300);
    let right = files[TILE].clone();
    for wrong in [Vec::new(), right[..100].to_vec(), vec![0; right.len()]] {
        files.insert(TILE.into(), wrong);
        let disk = disk_of(&files);
        let (_, notices) = Ledger::open_on(disk.clone(), Script::log_key(SEED)).unwrap();
        assert_eq!(notices, [Notice::TilesMade]);
        assert_eq!(disk.read(TILE).unwrap(), right);
    }
    files.remove(TILE);
    open(&files).unwrap();
}

#[test]
fn a_receipt_holds_even_when_a_tile_file_goes_bad_under_a_running_writer() {
    let disk = disk_of(&ledger_files(SEED, 300));
    let (mut ledger, _) = Ledger::open_on(disk.clone(), Script::log_key(SEED)).unwrap();
    let mut script = Script::new(SEED);
    let mut submissions = vec![encode(&script.opening)];
    submissions.extend(script.submissions(299));
    for wrong in [vec![0; 8192], Vec::new()] {
        disk.remove(TILE).unwrap();
        disk.replace(TILE, &wrong, false).unwrap();
        for answer in ledger.append(&submissions, EPOCH).unwrap() {
            let Answer::Known(receipt) = answer else { panic!("{answer:?}") };
            let head = Checkpoint::parse(receipt.proof.checkpoint().unverified_text()).unwrap();
            check_inclusion(receipt.index, head.size(), &leaf_hash(&receipt.entry), receipt.proof.path(), head.root())
                .unwrap_or_else(|error| panic!("entry {}: {error}", receipt.index));
        }
    }
    let disk: Arc<dyn Disk> = disk;
    assert!(Ledger::open_on(disk, Script::log_key(SEED)).unwrap().1.contains(&Notice::TilesMade));
}
