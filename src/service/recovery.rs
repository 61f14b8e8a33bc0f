//! How a ledger starts: from the snapshot, the tail of the log, the tiles and the checkpoint to a state that all of them agree on.
//!
//! 1. The segments are opened; a torn tail was never acknowledged and is trimmed (by the writer) or left out (by a reader).
//! 2. The snapshot gives the rules' memory up to some entry, if it fits the log; the entries after it are folded.
//! 3. The tiles give the tree up to the checkpoint's size, and must make its root; the entries after it are pushed.
//! 4. The checkpoint must be signed by the key that entry 0 names, over a tree that the log still has, and not be ahead of it.
//!
//! Trimming, or making derived files again, is said in a [`Notice`]. Everything else that does not fit stops the start.

use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;

use crate::canonical::Fault;
use crate::crypto::note::{NoteError, SignedNote, Vkey};
use crate::crypto::{Blake3Hash, EVENT_DOMAIN, PublicKey, SignedItem, audit_strict};
use crate::log::checkpoint::{Checkpoint, CheckpointError};
use crate::log::entry::{ChainFault, ChainHead, Entry};
use crate::log::tile::{Tile, TileKind, decode_hashes};
use crate::log::tile_tree::{TileEdge, TileReader};
use crate::log::tree::{TreeHash, leaf_hash};
use crate::rules::{Rejection, Rule, State, check};
use crate::service::pipeline::{Checked, decode_chunk, in_order};
use crate::service::snapshot;
use crate::service::tiles::{LedgerTiles, write_tile};
use crate::store::{Disk, DiskError, SegmentReader, StoreError, Trimmed};
use crate::views::{Stored, Views};

/// Something a start put right, to be told to whoever started it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The last line was cut short by a crash; it was never acknowledged.
    Trimmed(Trimmed),
    /// The last segment was written again, since it held entries that no checkpoint covered.
    Rewritten(String),
    /// The checkpoint was missing or cut short and was signed again.
    CheckpointMade,
    /// Tile files did not fit the log and were made again.
    TilesMade,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Trimmed(Trimmed { file, line, byte, len_bytes }) => {
                write!(
                    f,
                    "{file}, line {line} (at byte {byte}): {len_bytes} bytes cut short by a crash were removed; they were never acknowledged"
                )
            }
            Notice::Rewritten(file) => {
                write!(f, "{file} was written again: it held entries that no checkpoint covered")
            }
            Notice::CheckpointMade => {
                f.write_str("the checkpoint was missing or cut short; it was signed again for the entries that are here. If you did not expect that, compare with an older checkpoint")
            }
            Notice::TilesMade => f.write_str("tile files were missing or did not fit the log; they were made again"),
        }
    }
}

/// Why a ledger does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no ledger here.
    #[error("there is no ledger in this folder: it has no entries")]
    NoLedger,
    /// There is a ledger here already.
    #[error("there is a ledger in this folder already; choose another folder")]
    AlreadyThere,
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
    /// See [`DiskError`].
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// An entry is not canonical, does not continue the chain or breaks a rule.
    #[error("entry {index} ({file}, line {line}, at byte {byte}): {what}")]
    Entry {
        /// Its place.
        index: u64,
        /// The segment.
        file: String,
        /// The line, from 1.
        line: u64,
        /// Where the line starts.
        byte: u64,
        /// What is wrong.
        what: Box<EntryFault>,
    },
    /// The checkpoint is not the log's.
    #[error("checkpoint: {0}")]
    Checkpoint(String),
    /// The log is shorter than a checkpoint it signed.
    #[error(
        "the log holds {size} entries, but its checkpoint was signed for {signed}: entries are missing at the end. \
         Starting would fork the log; restore the missing entries from a mirror or backup"
    )]
    BehindCheckpoint {
        /// How many entries there are.
        size: u64,
        /// How many the checkpoint names.
        signed: u64,
    },
    /// The key is not the one that entry 0 names.
    #[error("this is not the log's key: entry 0 names {expected}, the key file holds {found}")]
    LogKey {
        /// What the ledger names.
        expected: PublicKey,
        /// What was given.
        found: PublicKey,
    },
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// The bytes are not canonical.
    #[error("the line is not an entry in canonical form: {0}")]
    Form(#[from] Fault),
    /// It does not continue the chain.
    #[error("{0}")]
    Chain(#[from] ChainFault),
    /// The rules refuse it.
    #[error("{0}")]
    Rejected(#[from] Rejection),
}

/// The fold of a log: chain head and state after the same entry.
#[derive(Debug)]
pub struct Folded {
    /// The end of the chain.
    pub chain: ChainHead,
    /// The rules' memory.
    pub state: State,
    /// The size of the snapshot it started from.
    pub snapshot_size: u64,
}

/// Folds the log from the snapshot on, and takes into `views` every entry from `views_from` on.
pub fn fold_log(
    disk: &dyn Disk,
    log: &SegmentReader,
    mut views: Option<(&mut Views, u64, Option<&dyn Stored>)>,
) -> Result<Folded, FoldError> {
    let views_from = views.as_ref().map_or(u64::MAX, |(_, from, _)| *from);
    let (mut chain, mut state) = fitting_snapshot(disk, log, views_from).unwrap_or_else(|| (ChainHead::EMPTY, State::default()));
    let snapshot_size = chain.size;
    let mut failed = None;
    let chunks = log.read_chunks(chain.size, 1024)?;
    let work = |chunk: crate::store::Chunk| (decode_chunk(&chunk), chunk);
    let take = |(entries, chunk): (Vec<Result<Checked, Fault>>, crate::store::Chunk)| {
        for (place, checked) in entries.into_iter().enumerate() {
            let step = || -> Result<(), FoldError> {
                let at = |what: EntryFault| {
                    let (line, byte) = chunk.position(place);
                    let index = chunk.first_index + place as u64;
                    OpenError::Entry { index, file: chunk.file.clone(), line, byte, what: Box::new(what) }
                };
                let Checked { decoded, .. } = checked.map_err(|fault| at(fault.into()))?;
                chain.advance(&decoded).map_err(|fault| at(fault.into()))?;
                let entry = &decoded.entry;
                let accepted = check(&state, &entry.event, decoded.id, entry.recorded).map_err(|rejection| at(rejection.into()))?;
                state.apply(&accepted);
                if entry.index >= views_from
                    && let Some((views, _, stored)) = &mut views
                {
                    views.fold(&accepted, &state, *stored).map_err(FoldError::Stored)?;
                }
                Ok(())
            };
            if let Err(error) = step() {
                failed = Some(error);
                return false;
            }
        }
        true
    };
    in_order(chunks, work, take)?;
    if let Some(error) = failed {
        return Err(error);
    }
    Ok(Folded { chain, state, snapshot_size })
}

/// Why a fold stops.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// The log is not right.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The stored views are not right; they can be made again.
    #[error(transparent)]
    Stored(crate::views::StoredError),
}

impl From<StoreError> for FoldError {
    fn from(error: StoreError) -> Self {
        FoldError::Open(error.into())
    }
}

/// The snapshot, if it is of this log and not beyond the first entry that the views need.
fn fitting_snapshot(disk: &dyn Disk, log: &SegmentReader, views_from: u64) -> Option<(ChainHead, State)> {
    let (chain, state) = snapshot::read(disk)?;
    if chain.size == 0 || chain.size > log.size() || chain.size > views_from || state.size() != chain.size {
        return None;
    }
    let last = log.read_entry(chain.size - 1).ok()?;
    (Blake3Hash::of(&last) == chain.hash).then_some((chain, state))
}

/// The log's public key in the form that notes are verified with.
pub fn log_vkey(state: &State) -> Result<Vkey, OpenError> {
    let opening = state.opening.as_ref().ok_or(OpenError::NoLedger)?;
    vkey(&opening.origin, &opening.log_key).map_err(|error| OpenError::Checkpoint(error.to_string()))
}

/// A log's key by its origin and bytes.
pub fn vkey(origin: &str, key: &PublicKey) -> Result<Vkey, NoteError> {
    use crate::crypto::note::{Algorithm, KeyName};
    let public = ed25519_dalek::VerifyingKey::from_bytes(&key.0).map_err(|_| NoteError::WeakKey)?;
    Vkey::new(KeyName::new(origin)?, Algorithm::Ed25519, public)
}

/// Reads a checkpoint and checks the log's signature on it.
pub fn open_checkpoint(bytes: &[u8], vkey: &Vkey) -> Result<(SignedNote, Checkpoint), CheckpointError> {
    let note = SignedNote::parse(bytes)?;
    let checkpoint = Checkpoint::open(&note, vkey)?;
    match checkpoint.extensions().first() {
        None => Ok((note, checkpoint)),
        Some(_) => Err(CheckpointError::Lines { found: 3 + checkpoint.extensions().len() }),
    }
}

/// Takes up the tree: from the tiles at the checkpoint's size, then from the entries after it. Returns whether tiles had to be made again.
///
/// # Errors
/// [`OpenError::Checkpoint`] if even the tree made from the entries has another root than the checkpoint.
pub fn open_tree(
    disk: &Arc<dyn Disk>,
    log: &SegmentReader,
    signed: Option<(u64, TreeHash)>,
    write: bool,
) -> Result<(TileEdge, bool), OpenError> {
    let size = log.size();
    let mut made_again = false;
    let mut edge = TileEdge::new();
    if let Some((signed_size, root)) = signed {
        match restore_tree(disk, log, signed_size, &root) {
            Some(restored) => edge = restored,
            None => {
                edge = rebuild_tiles(disk, log, signed_size, write)?;
                made_again = true;
                if edge.root() != root {
                    let what = format!("its root for {signed_size} entries is {root}, the log's entries make {}", edge.root());
                    return Err(OpenError::Checkpoint(what));
                }
            }
        }
    }
    push_entries(disk, log, &mut edge, size, write)?;
    Ok((edge, made_again))
}

/// The tree of the first `size` entries from the tiles, if they make `root` and end with the log's entry.
///
/// The entries in full tiles are not read here; each is vouched for by the `previous` of the one after it. The last has none after
/// it, so it is compared with its leaf: otherwise an altered last entry of a full tile would be built upon.
pub fn restore_tree(disk: &Arc<dyn Disk>, log: &SegmentReader, size: u64, root: &TreeHash) -> Option<TileEdge> {
    let tiles = LedgerTiles::new(disk.clone(), log.clone());
    let edge = TileEdge::restore(&tiles, size, root).ok()?;
    let Some(last) = size.checked_sub(1) else { return Some(edge) };
    let tile = Tile::at_size(TileKind::Hashes { level: 0 }, last / 256, size)?;
    let hashes = decode_hashes(tile, &tiles.read_tile(tile).ok()?).ok()?;
    let leaf = leaf_hash(&log.read_entry(last).ok()?);
    (hashes.last() == Some(&leaf)).then_some(edge)
}

/// Checks the authors' signatures from entry `from` on, strictly. Before a checkpoint is signed over entries that none covers yet, this is
/// what their first admission was: a log that signed for a forged entry could never be mended.
pub fn check_signatures(log: &SegmentReader, from: u64) -> Result<(), OpenError> {
    for chunk in log.read_chunks(from, 4096)? {
        let chunk = chunk?;
        let places: Vec<usize> = (0..chunk.count()).collect();
        places.par_chunks(256).try_for_each(|places| {
            let at = |place: usize, what: EntryFault| {
                let (line, byte) = chunk.position(place);
                OpenError::Entry { index: chunk.first_index + place as u64, file: chunk.file.clone(), line, byte, what: Box::new(what) }
            };
            let mut signed = Vec::with_capacity(places.len());
            for &place in places {
                let bytes = chunk.entry(place).expect("a place below the count");
                let decoded = Entry::decode(bytes).map_err(|fault| at(place, fault.into()))?;
                let message = [EVENT_DOMAIN, &bytes[decoded.event_range]].concat();
                signed.push((decoded.entry.event.signer, decoded.entry.signature, message, decoded.id.0));
            }
            let items = signed.iter().map(|(public, signature, message, binding)| SignedItem {
                public: *public,
                signature: *signature,
                message,
                binding: *binding,
            });
            audit_strict(&items.collect::<Vec<_>>()).map_err(|bad| {
                let rejection =
                    Rejection::new(Rule::SignatureInvalid, "signature", "one by the signer over this event", "one that does not hold");
                at(places[bad], rejection.into())
            })
        })?;
    }
    Ok(())
}

/// Makes the tree of the first `size` entries from the log alone, and its full tiles' files if asked to.
pub fn rebuild_tiles(disk: &Arc<dyn Disk>, log: &SegmentReader, size: u64, write: bool) -> Result<TileEdge, OpenError> {
    let mut edge = TileEdge::new();
    if write && disk.exists(super::tiles::TILES_FOLDER)? {
        for tile in crate::log::tile::hash_tiles(size).filter(|tile| tile.is_full()) {
            let path = super::tiles::tile_file(tile);
            if disk.exists(&path)? {
                disk.remove(&path)?;
            }
        }
    }
    push_entries(disk, log, &mut edge, size, write)?;
    Ok(edge)
}

fn push_entries(disk: &Arc<dyn Disk>, log: &SegmentReader, edge: &mut TileEdge, size: u64, write: bool) -> Result<(), OpenError> {
    let mut failed = None;
    for chunk in log.read_chunks(edge.size(), 4096)?.until(size) {
        for bytes in chunk?.entries() {
            edge.push(leaf_hash(bytes), |tile, hashes| {
                if write && failed.is_none() {
                    failed = write_tile(&**disk, tile, hashes).err();
                }
            });
        }
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}
