//! A ledger's files as plain values, to be altered and put onto a new disk: what an attacker with a text editor does.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeMap;
use std::sync::Arc;

use aidledger::canonical::encode;
use aidledger::event::Time;
use aidledger::service::{Answer, Ledger};
use aidledger::store::{Disk, SimDisk};

use super::events::{EPOCH, Script};

/// Path inside the ledger folder -> bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

pub const LOG: &str = "log/00000000.jsonl";
pub const CHECKPOINT: &str = "checkpoint";
pub const TILE: &str = "tiles/0/000";

/// The files of a ledger of `size` entries, recorded a second apart.
pub fn ledger_files(seed: u64, size: usize) -> Files {
    let disk = SimDisk::new();
    let mut script = Script::new(seed);
    let mut ledger = Ledger::create_on(Arc::new(disk.clone()), &script.opening, Script::log_key(seed), EPOCH).unwrap();
    for index in 1..size {
        let answers = ledger.append(&[encode(&script.next())], Time(EPOCH.0 + index as i64)).unwrap();
        assert!(matches!(answers[..], [Answer::Accepted(_)]), "{answers:?}");
    }
    ledger.close().unwrap();
    files_of(&disk)
}

/// All files on a disk.
pub fn files_of(disk: &dyn Disk) -> Files {
    fn walk(disk: &dyn Disk, folder: &str, files: &mut Files) {
        for name in disk.list(folder).unwrap() {
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            match disk.read(&path) {
                Ok(bytes) => _ = files.insert(path, bytes),
                Err(_) => walk(disk, &path, files),
            }
        }
    }
    let mut files = Files::new();
    walk(disk, "", &mut files);
    files
}

/// A new disk with these files.
pub fn disk_of(files: &Files) -> Arc<SimDisk> {
    let disk = SimDisk::new();
    for (path, bytes) in files {
        if let Some((folder, _)) = path.rsplit_once('/') {
            disk.create_dir_all(folder).unwrap();
        }
        disk.replace(path, bytes, true).unwrap();
    }
    Arc::new(disk)
}

/// The log's lines without their newlines.
pub fn lines_of(files: &Files) -> Vec<Vec<u8>> {
    let log = files[LOG].strip_suffix(b"\n").unwrap();
    log.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// Puts lines in place of the log.
pub fn set_lines(files: &mut Files, lines: &[Vec<u8>]) {
    let bytes = lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect();
    files.insert(LOG.to_owned(), bytes);
}
