//! The rules' memory on disk, so that opening a ledger of a million events takes a moment.
//!
//! ```text
//! views/state   "aidledger state 3\n" ‖ BLAKE3 of the rest (32 bytes) ‖ postcard of (chain head, state)
//! ```
//!
//! It is derived, like the views it stands beside: one that is missing, damaged, of another version or of another log is not used, and
//! the log is folded instead. An auditor never looks at it.

use serde::{Deserialize, Serialize};

use crate::crypto::Blake3Hash;
use crate::log::entry::ChainHead;
use crate::rules::State;
use crate::store::{Disk, DiskError};

/// Where it stands in the ledger folder.
pub const SNAPSHOT_PATH: &str = "views/state";

const HEADER: &[u8] = b"aidledger state 3\n";

#[derive(Serialize)]
struct Held<'a> {
    chain: &'a ChainHead,
    state: &'a State,
}

#[derive(Deserialize)]
struct Read {
    chain: ChainHead,
    state: State,
}

/// How long the part of the log after the snapshot may get before a new one is worth its time: a sixteenth of the log, so
/// that all snapshots together cost no more than a few times the last.
pub fn is_due(size: u64, snapshot_size: u64) -> bool {
    size - snapshot_size > (size / 16).max(16_384)
}

/// Writes the snapshot.
pub fn write(disk: &dyn Disk, chain: &ChainHead, state: &State) -> Result<(), DiskError> {
    let payload = postcard::to_stdvec(&Held { chain, state }).expect("the state has no type that cannot be written");
    let mut bytes = Vec::with_capacity(HEADER.len() + 32 + payload.len());
    bytes.extend_from_slice(HEADER);
    bytes.extend_from_slice(&Blake3Hash::of(&payload).0);
    bytes.extend_from_slice(&payload);
    drop(payload);
    disk.create_dir_all("views")?;
    disk.replace(SNAPSHOT_PATH, &bytes, false)
}

/// Reads the snapshot, if there is one that is whole.
pub fn read(disk: &dyn Disk) -> Option<(ChainHead, State)> {
    let bytes = disk.read(SNAPSHOT_PATH).ok()?;
    let (hash, payload) = bytes.strip_prefix(HEADER)?.split_at_checked(32)?;
    if Blake3Hash::of(payload).0 != hash {
        return None;
    }
    let Read { chain, state } = postcard::from_bytes(payload).ok()?;
    Some((chain, state))
}
