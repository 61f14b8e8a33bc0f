//! A disk in memory that loses power, fails to sync and runs full on demand.
//!
//! Every **operation** that changes or syncs something has a number, counted from 0 ([`SimDisk::total_ops`]); reads
//! have none. A test runs its work once to learn how many there are, then once per number with a power cut there
//! ([`SimDisk::crash_at`]), and looks at what [`SimDisk::reboot`] finds.
//!
//! What is modelled, after POSIX at its least generous:
//!
//! * Bytes are durable after `sync` of the file, names after `sync_folder` of the folder, and neither implies the other.
//! * A power cut leaves everything durable. Of the rest it leaves what the [`Fate`] says: all, nothing, or a part:
//!   appended bytes up to some byte, at times with zeros for the rest; the old content of a file replaced without syncing, or a beginning of the new one;
//!   any choice among the new names.
//! * A sync that failed once is not repaired by one that succeeds later. The kernel marks the pages as clean although
//!   they never reached the disk, goes on showing them to readers, and the next sync has nothing left to complain of.
//!   After the next power cut zeros stand in their place, or nothing.
//! * A full disk takes a part of the bytes.
//!
//! What is not: single sectors of an append reaching the disk out of order, and bytes that rot. The second is made in tests
//! by building a disk with the wrong bytes.
//!
//! The disk has opinions and panics, since no caller of ours may ever do this:
//!
//! * give a file under `tiles/` other content than it has (except one that a power cut tore);
//! * cut, overwrite or remove bytes under `log/` that were synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::{Disk, DiskError, check_path, folder_of};

mod node;
use node::{Node, choose};

/// What a power cut does to everything that was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It had all reached the disk.
    Kept,
    /// Nothing of it had.
    Lost,
    /// A part of it had; the seed chooses which, for every file by itself.
    Torn { seed: u64 },
}

/// The simulated disk; clones share it, as processes share a real one.
#[derive(Debug, Clone, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    nodes: Vec<Node>,
    /// Names as programs see them, and as a power cut would leave them. Values are places in `nodes`.
    seen: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    folders_seen: BTreeSet<String>,
    folders_durable: BTreeSet<String>,
    ops: u64,
    power: Power,
    fail_sync_at: Option<u64>,
    fill_at: Option<u64>,
    capacity_bytes: Option<u64>,
}

#[derive(Debug, Default, Clone, Copy)]
enum Power {
    #[default]
    On,
    CutAt {
        op: u64,
        fate: Fate,
    },
    Off {
        op: u64,
        fate: Fate,
    },
}

impl SimDisk {
    /// An empty disk that works.
    pub fn new() -> SimDisk {
        SimDisk::default()
    }

    /// Returns how many operations there were; the next one has this number.
    pub fn total_ops(&self) -> u64 {
        self.state().ops
    }

    /// Cuts the power at the operation of this number. A change is cut off in its midst, so it may be kept, lost or torn; a
    /// sync never returns, so what it was to save is still at risk.
    pub fn crash_at(&self, op: u64, fate: Fate) {
        self.state().power = Power::CutAt { op, fate };
    }

    /// Cuts the power now.
    pub fn crash_now(&self, fate: Fate) {
        let mut state = self.state();
        let op = state.ops;
        state.power = Power::Off { op, fate };
    }

    /// True once the power is off.
    pub fn is_off(&self) -> bool {
        matches!(self.state().power, Power::Off { .. })
    }

    /// Lets the first sync with this number or a later one fail. Its bytes never become durable.
    pub fn fail_sync_at(&self, op: u64) {
        self.state().fail_sync_at = Some(op);
    }

    /// Lets the disk run full in the middle of the first write with this number or a later one; it stays full.
    pub fn fill_at(&self, op: u64) {
        self.state().fill_at = Some(op);
    }

    /// Limits the sum of all file lengths; `None` lifts any limit.
    pub fn set_capacity_bytes(&self, capacity_bytes: Option<u64>) {
        let mut state = self.state();
        state.fill_at = None;
        state.capacity_bytes = capacity_bytes;
    }

    /// Returns the disk as it is found when the power is back: what survived, no faults planned, operations counted from 0.
    /// Without a power cut before, it is an orderly shutdown and everything is there.
    pub fn reboot(&self) -> SimDisk {
        let state = self.state();
        let fate = match state.power {
            Power::Off { fate, .. } => fate,
            Power::On | Power::CutAt { .. } => Fate::Kept,
        };
        let mut folders = state.folders_durable.clone();
        for folder in state.folders_seen.difference(&state.folders_durable) {
            if name_kept(folder, fate) {
                folders.insert(folder.clone());
            }
        }
        // A folder whose parent is lost is lost with it. Parents sort before their children.
        let mut reachable = BTreeSet::new();
        for folder in folders {
            let parent = folder_of(&folder);
            if parent.is_empty() || reachable.contains(parent) {
                reachable.insert(folder);
            }
        }
        let mut after = State::default();
        let names: BTreeSet<&String> = state.seen.keys().chain(state.durable.keys()).collect();
        for path in names {
            let (seen, durable) = (state.seen.get(path), state.durable.get(path));
            let node = if seen == durable || name_kept(path, fate) { seen } else { durable };
            let parent = folder_of(path);
            if let Some(&node) = node
                && (parent.is_empty() || reachable.contains(parent))
            {
                after.seen.insert(path.clone(), after.nodes.len());
                after.nodes.push(state.nodes[node].survivor(path, fate));
            }
        }
        after.durable = after.seen.clone();
        after.folders_durable = reachable.clone();
        after.folders_seen = reachable;
        SimDisk { state: Arc::new(Mutex::new(after)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // After one of our own panics the state is of no more interest than before.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a reading operation.
    fn look<T>(&self, action: &'static str, path: &str, operation: impl FnOnce(&State) -> io::Result<T>) -> Result<T, DiskError> {
        let state = self.state();
        check_path(path).and_then(|()| state.powered()).and_then(|()| operation(&state)).map_err(|cause| DiskError {
            action,
            path: path.to_owned(),
            cause,
        })
    }

    /// Runs a numbered operation. It is handed the state and whether this is the moment at which the power goes.
    fn act(&self, action: &'static str, path: &str, operation: impl FnOnce(&mut State, Moment) -> io::Result<()>) -> Result<(), DiskError> {
        let mut state = self.state();
        let state = &mut *state;
        check_path(path)
            .and_then(|()| state.powered())
            .and_then(|()| {
                let op = state.ops;
                state.ops += 1;
                let cut = match state.power {
                    Power::CutAt { op: at, fate } if at == op => Some(fate),
                    _ => None,
                };
                let result = operation(state, Moment { op, power_goes: cut.is_some() });
                if let Some(fate) = cut {
                    state.power = Power::Off { op, fate };
                    return state.powered();
                }
                result
            })
            .map_err(|cause| DiskError { action, path: path.to_owned(), cause })
    }
}

/// Whether a name (or the removal of one) that was not synced outlives the power cut.
fn name_kept(path: &str, fate: Fate) -> bool {
    match fate {
        Fate::Kept => true,
        Fate::Lost => false,
        Fate::Torn { seed } => choose(seed, path, "name", 4) != 0,
    }
}

/// The circumstances of one operation.
#[derive(Clone, Copy)]
struct Moment {
    op: u64,
    power_goes: bool,
}

impl State {
    fn powered(&self) -> io::Result<()> {
        match self.power {
            Power::Off { op, fate } => Err(io::Error::other(format!("the power is off (simulated power cut at operation {op}, {fate:?})"))),
            Power::On | Power::CutAt { .. } => Ok(()),
        }
    }

    fn node(&self, path: &str) -> io::Result<&Node> {
        let node = self.seen.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(&self.nodes[*node])
    }

    fn node_mut(&mut self, path: &str) -> io::Result<&mut Node> {
        let node = self.seen.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(&mut self.nodes[*node])
    }

    fn has_folder(&self, folder: &str) -> io::Result<()> {
        if folder.is_empty() || self.folders_seen.contains(folder) { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// Returns how many of `wanted` bytes still fit.
    fn room(&mut self, op: u64, wanted: usize) -> usize {
        if self.fill_at.is_none() && self.capacity_bytes.is_none() {
            return wanted;
        }
        let used: u64 = self.seen.values().map(|&node| self.nodes[node].seen.len() as u64).sum();
        if self.fill_at.is_some_and(|at| op >= at) {
            self.fill_at = None;
            self.capacity_bytes = Some(used + wanted as u64 / 2);
        }
        let free = self.capacity_bytes.map_or(u64::MAX, |capacity| capacity.saturating_sub(used));
        usize::try_from(free).map_or(wanted, |free| free.min(wanted))
    }

    /// True if the sync of this moment is the one that is to fail.
    fn sync_fails(&mut self, op: u64) -> bool {
        let fails = self.fail_sync_at.is_some_and(|at| op >= at);
        if fails {
            self.fail_sync_at = None;
        }
        fails
    }

    fn sync_names(&mut self, folder: &str) {
        self.durable.retain(|path, _| folder_of(path) != folder);
        for (path, &node) in &self.seen {
            if folder_of(path) == folder {
                self.durable.insert(path.clone(), node);
            }
        }
        for path in &self.folders_seen {
            if folder_of(path) == folder {
                self.folders_durable.insert(path.clone());
            }
        }
    }
}

fn is_tile(path: &str) -> bool {
    path.starts_with("tiles/")
}

fn is_log(path: &str) -> bool {
    path.starts_with("log/")
}

fn full_disk() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "no space left (simulated disk)")
}

fn failed_sync() -> io::Error {
    io::Error::other("input/output error (simulated failure of a sync)")
}

impl Disk for SimDisk {
    fn read(&self, path: &str) -> Result<Vec<u8>, DiskError> {
        self.look("read", path, |state| Ok(state.node(path)?.seen.clone()))
    }

    fn read_at(&self, path: &str, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        self.look("read", path, |state| {
            let seen = &state.node(path)?.seen;
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(seen.len());
            let count = buffer.len().min(seen.len() - start);
            buffer[..count].copy_from_slice(&seen[start..start + count]);
            Ok(count)
        })
    }

    fn len_bytes(&self, path: &str) -> Result<u64, DiskError> {
        self.look("read the length of", path, |state| Ok(state.node(path)?.seen.len() as u64))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError> {
        self.look("list", folder, |state| {
            state.has_folder(folder)?;
            let paths = state.seen.keys().chain(&state.folders_seen);
            let names: BTreeSet<&str> = paths
                .filter(|path| folder_of(path) == folder)
                .map(|path| path.rsplit_once('/').map_or(path.as_str(), |(_, name)| name))
                .collect();
            Ok(names.into_iter().map(str::to_owned).collect())
        })
    }

    fn exists(&self, path: &str) -> Result<bool, DiskError> {
        self.look("look for", path, |state| Ok(state.seen.contains_key(path) || state.has_folder(path).is_ok()))
    }

    fn append(&self, path: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.act("append to", path, |state, moment| {
            assert!(!is_tile(path), "{path}: a tile is written whole with replace, not appended to");
            state.has_folder(folder_of(path))?;
            let room = state.room(moment.op, bytes.len());
            if !state.seen.contains_key(path) {
                state.seen.insert(path.to_owned(), state.nodes.len());
                state.nodes.push(Node::default());
            }
            state.node_mut(path)?.append(&bytes[..room]);
            if room < bytes.len() { Err(full_disk()) } else { Ok(()) }
        })
    }

    fn truncate(&self, path: &str, len_bytes: u64) -> Result<(), DiskError> {
        self.act("cut off the end of", path, |state, _| {
            assert!(!is_tile(path), "{path}: a tile is written once, not cut");
            let node = state.node_mut(path)?;
            let len = usize::try_from(len_bytes).unwrap_or(usize::MAX);
            if len > node.seen.len() {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            assert!(
                !is_log(path) || len >= node.promised,
                "{path}: cut to {len} bytes, although {} bytes of the log were synced",
                node.promised
            );
            node.truncate(len);
            Ok(())
        })
    }

    fn sync(&self, path: &str) -> Result<(), DiskError> {
        self.act("sync", path, |state, moment| {
            let fails = !moment.power_goes && state.sync_fails(moment.op);
            let node = state.node_mut(path)?;
            if fails {
                node.sync_failed();
                return Err(failed_sync());
            }
            if !moment.power_goes {
                node.sync();
            }
            Ok(())
        })
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        self.act("sync folder", folder, |state, moment| {
            state.has_folder(folder)?;
            if moment.power_goes {
                return Ok(());
            }
            if state.sync_fails(moment.op) {
                return Err(failed_sync());
            }
            state.sync_names(folder);
            Ok(())
        })
    }

    fn replace(&self, path: &str, bytes: &[u8], durable: bool) -> Result<(), DiskError> {
        self.act("replace", path, |state, moment| {
            state.has_folder(folder_of(path))?;
            if let Ok(old) = state.node(path) {
                assert!(!is_tile(path) || old.torn || old.seen == bytes, "{path}: a tile is written once, and this is other content");
                assert!(
                    !is_log(path) || bytes.starts_with(&old.seen[..old.promised]),
                    "{path}: replaced by other bytes, although {} bytes of the log were synced",
                    old.promised
                );
            }
            if state.room(moment.op, bytes.len()) < bytes.len() {
                return Err(full_disk()); // the temporary file did not fit; the old content stays
            }
            let mut node = Node::whole(bytes);
            if durable {
                if !moment.power_goes && state.sync_fails(moment.op) {
                    return Err(failed_sync()); // of the temporary file; it never gets the name
                }
                // Even when the power goes: by the order of the steps the new name is never on disk before its bytes.
                node.sync();
            }
            state.seen.insert(path.to_owned(), state.nodes.len());
            state.nodes.push(node);
            if durable && !moment.power_goes {
                state.sync_names(folder_of(path));
            }
            Ok(())
        })
    }

    fn create_dir_all(&self, folder: &str) -> Result<(), DiskError> {
        self.act("create folder", folder, |state, _| {
            let ends = folder.match_indices('/').map(|(at, _)| at);
            for end in ends.chain([folder.len()]).filter(|&end| end > 0) {
                state.folders_seen.insert(folder[..end].to_owned());
            }
            Ok(())
        })
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        self.act("remove", path, |state, _| {
            let promised = state.node(path)?.promised;
            assert!(!is_log(path) || promised == 0, "{path}: removed, although {promised} bytes of it were synced");
            state.seen.remove(path);
            Ok(())
        })
    }
}

#[cfg(test)]
#[path = "sim_tests.rs"]
mod tests;
