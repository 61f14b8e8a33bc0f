//! What can be known of a ledger without writing to its log: beside a writer, after it, or on a copy.

use std::path::Path;
use std::sync::Arc;

use crate::crypto::note::SignedNote;
use crate::event::EventId;
use crate::log::checkpoint::Checkpoint;
use crate::log::entry::{ChainHead, DecodedEntry, Entry};
use crate::log::proof::Proof;
use crate::log::prove::{ProveError, prove_consistency, prove_inclusion};
use crate::log::tile_tree::{TileHashes, TileReadError};
use crate::log::tree::TreeHash;
use crate::rules::State;
use crate::service::recovery::{FoldError, Notice, OpenError, fold_log, log_vkey, open_checkpoint, open_tree};
use crate::service::snapshot;
use crate::service::tiles::{LedgerTiles, TileSourceError};
use crate::store::index::{Cursor, IndexError};
use crate::store::{Disk, FolderDisk, Index, SegmentReader, StoreError, Trimmed, head};
use crate::views::{RowChange, Slot, Stored, StoredError, ViewName, Views};

/// A ledger as it was when it was opened.
#[derive(Debug)]
pub struct Reader {
    /// The disk it lies on.
    pub disk: Arc<dyn Disk>,
    /// Its entries.
    pub log: SegmentReader,
    /// The end of its chain.
    pub chain: ChainHead,
    /// The rules' memory.
    pub state: State,
    /// The latest checkpoint, with the log's signature checked.
    pub checkpoint: Checkpoint,
    /// The same as it was signed.
    pub note: SignedNote,
    /// What an append under way or a crash has left after the last whole entry.
    pub tail: Option<Trimmed>,
    snapshot_size: u64,
    views: ViewSource,
}

/// Where a reader has its views from.
#[derive(Debug)]
enum ViewSource {
    /// None were asked for.
    None,
    /// sled, brought up to date.
    Stored(Index),
    /// Folded just now, because another process holds sled.
    Folded(Vec<(ViewName, Vec<RowChange>)>),
}

/// Why a proof could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// No such entry under the checkpoint, or tiles unreadable.
    #[error(transparent)]
    Prove(#[from] ProveError<TileReadError<TileSourceError>>),
    /// The proof made from the tiles does not check: they do not fit the checkpoint.
    #[error("the tiles do not fit the checkpoint ({0}); make them again from the log with `aidledger rebuild`")]
    Tiles(#[from] crate::log::prove::CheckError),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Reader {
    /// Opens the ledger in a folder, without views.
    pub fn open(folder: &Path) -> Result<Reader, OpenError> {
        Reader::open_disk(Arc::new(FolderDisk::open(folder)?))
    }

    /// Opens a ledger on any disk, without views.
    pub fn open_disk(disk: Arc<dyn Disk>) -> Result<Reader, OpenError> {
        // Before the log: a writer may sign for more meanwhile, but never for less.
        let signed = head::read(&*disk)?;
        let (log, tail) = SegmentReader::open(disk.clone())?;
        match fold_log(&*disk, &log, None) {
            Ok(folded) => Reader::with(disk, log, tail, signed, folded, ViewSource::None),
            Err(FoldError::Open(error)) => Err(error),
            Err(FoldError::Stored(error)) => unreachable!("no views were asked for: {error}"),
        }
    }

    /// Opens the ledger in a folder with its views, bringing the stored ones up to date. Where they cannot be used, they are thrown away and
    /// made again; where another process holds them, they are folded in memory.
    pub fn open_with_views(folder: &Path) -> Result<Reader, OpenError> {
        let disk: Arc<dyn Disk> = Arc::new(FolderDisk::open(folder)?);
        // Before the log: a writer may sign for more meanwhile, but never for less.
        let signed = head::read(&*disk)?;
        let (log, tail) = SegmentReader::open(disk.clone())?;
        if log.size() == 0 {
            return Err(OpenError::NoLedger);
        }
        let views_folder = folder.join("views");
        let index = match Index::open(&views_folder) {
            Ok(index) => index,
            Err(IndexError::InUse) => return Reader::fold_in_memory(disk, log, tail, signed),
            Err(IndexError::Stored(_)) => return Reader::rebuild(disk, log, tail, signed, &views_folder),
        };
        let from = match usable_cursor(&index, &log) {
            Some(cursor) => cursor.size,
            None => {
                drop(index);
                return Reader::rebuild(disk, log, tail, signed, &views_folder);
            }
        };
        let mut views = Views::default();
        let folded = match fold_log(&*disk, &log, Some((&mut views, from, Some(&index)))) {
            Ok(folded) => folded,
            Err(FoldError::Open(error)) => return Err(error),
            Err(FoldError::Stored(_)) => {
                drop(index);
                return Reader::rebuild(disk, log, tail, signed, &views_folder);
            }
        };
        if folded.chain.size > from {
            let changes = ViewName::ALL.iter().map(|view| (*view, views.take_changes(*view, &folded.state))).collect();
            // A failure to store leaves the old cursor, and what was just folded is lost: the next start does it again.
            if index.update(changes, Cursor { size: folded.chain.size, hash: folded.chain.hash }).is_err() {
                drop(index);
                return Reader::rebuild(disk, log, tail, signed, &views_folder);
            }
        }
        let reader = Reader::with(disk, log, tail, signed, folded, ViewSource::Stored(index))?;
        reader.refresh_snapshot();
        Ok(reader)
    }

    fn fold_in_memory(
        disk: Arc<dyn Disk>,
        log: SegmentReader,
        tail: Option<Trimmed>,
        signed: Option<Vec<u8>>,
    ) -> Result<Reader, OpenError> {
        let mut views = Views::default();
        let folded = fold_from_zero(&*disk, &log, &mut views)?;
        let rows_of = |view: &ViewName| (*view, views.take_changes(*view, &folded.state).iter().map(|row| row.to_change()).collect());
        let rows = ViewName::ALL.iter().map(rows_of).collect();
        Reader::with(disk, log, tail, signed, folded, ViewSource::Folded(rows))
    }

    /// Throws the stored views away and makes them again from entry 0.
    fn rebuild(
        disk: Arc<dyn Disk>,
        log: SegmentReader,
        tail: Option<Trimmed>,
        signed: Option<Vec<u8>>,
        views_folder: &Path,
    ) -> Result<Reader, OpenError> {
        let mut views = Views::default();
        let folded = fold_from_zero(&*disk, &log, &mut views)?;
        let stored = Index::remove(views_folder).ok().and_then(|()| Index::open(views_folder).ok()).and_then(|index| {
            let rows = ViewName::ALL.iter().map(|view| (*view, views.take_changes(*view, &folded.state)));
            let cursor = Cursor { size: folded.chain.size, hash: folded.chain.hash };
            index.fill(rows, cursor).ok().map(|()| index)
        });
        match stored {
            Some(index) => {
                let reader = Reader::with(disk, log, tail, signed, folded, ViewSource::Stored(index))?;
                reader.refresh_snapshot();
                Ok(reader)
            }
            // The folder may be read-only or the disk full; the answer does not depend on it.
            None => Reader::fold_in_memory(disk, log, tail, signed),
        }
    }

    /// Makes everything that is derived again: snapshot and views, whatever is there.
    pub fn rebuild_views(folder: &Path) -> Result<Reader, OpenError> {
        let disk: Arc<dyn Disk> = Arc::new(FolderDisk::open(folder)?);
        // Before the log: a writer may sign for more meanwhile, but never for less.
        let signed = head::read(&*disk)?;
        let (log, tail) = SegmentReader::open(disk.clone())?;
        if disk.exists(snapshot::SNAPSHOT_PATH)? {
            disk.remove(snapshot::SNAPSHOT_PATH)?;
        }
        Reader::rebuild(disk, log, tail, signed, &folder.join("views"))
    }

    fn with(
        disk: Arc<dyn Disk>,
        log: SegmentReader,
        tail: Option<Trimmed>,
        signed: Option<Vec<u8>>,
        folded: super::recovery::Folded,
        views: ViewSource,
    ) -> Result<Reader, OpenError> {
        let vkey = log_vkey(&folded.state)?;
        let bytes =
            signed.ok_or_else(|| OpenError::Checkpoint("there is none; the log signs one when it is next opened for writing".into()))?;
        let (note, checkpoint) = open_checkpoint(&bytes, &vkey).map_err(|error| OpenError::Checkpoint(error.to_string()))?;
        if checkpoint.size() > folded.chain.size {
            return Err(OpenError::BehindCheckpoint { size: folded.chain.size, signed: checkpoint.size() });
        }
        Ok(Reader {
            disk,
            log,
            chain: folded.chain,
            state: folded.state,
            checkpoint,
            note,
            tail,
            snapshot_size: folded.snapshot_size,
            views,
        })
    }

    /// Writes a new snapshot if the views are stored up to here and the old one is far behind.
    fn refresh_snapshot(&self) {
        if snapshot::is_due(self.chain.size, self.snapshot_size) {
            // It only saves time: if it cannot be written, the next start takes longer.
            let _ = snapshot::write(&*self.disk, &self.chain, &self.state);
        }
    }

    /// The entry at a place: its bytes and what they say.
    pub fn entry(&self, index: u64) -> Result<(Vec<u8>, DecodedEntry), OpenError> {
        let bytes = self.log.read_entry(index)?;
        match Entry::decode(&bytes) {
            Ok(decoded) => Ok((bytes, decoded)),
            Err(fault) => {
                let file = crate::store::segments::segment_path(index / crate::store::segments::SEGMENT_ENTRIES);
                let line = index % crate::store::segments::SEGMENT_ENTRIES + 1;
                Err(OpenError::Entry { index, file, line, byte: 0, what: Box::new(fault.into()) })
            }
        }
    }

    /// The place of an event.
    pub fn find(&self, id: &EventId) -> Option<u64> {
        self.state.ids.find(id).map(u64::from)
    }

    fn hashes(&self) -> TileHashes<LedgerTiles> {
        TileHashes::new(LedgerTiles::new(self.disk.clone(), self.log.clone()), self.checkpoint.size())
    }

    /// The proof that an entry is under the checkpoint.
    pub fn prove(&self, index: u64) -> Result<Proof, ProofError> {
        let path = prove_inclusion(&self.hashes(), index, self.checkpoint.size())?;
        let leaf = crate::log::tree::leaf_hash(&self.log.read_entry(index)?);
        crate::log::prove::check_inclusion(index, self.checkpoint.size(), &leaf, &path, self.checkpoint.root())?;
        Ok(Proof::new(index, path, self.note.clone()))
    }

    /// The proof that the tree of `old` entries is the beginning of the checkpoint's.
    pub fn prove_consistency(&self, old: u64) -> Result<Vec<TreeHash>, ProofError> {
        Ok(prove_consistency(&self.hashes(), old, self.checkpoint.size())?)
    }

    /// All rows of a view whose keys begin with `prefix`, by key.
    ///
    /// # Panics
    /// If the reader was opened without views.
    pub fn rows(&self, view: ViewName, prefix: &str) -> Result<Vec<RowChange>, StoredError> {
        match &self.views {
            ViewSource::None => panic!("the reader was opened without views"),
            ViewSource::Stored(index) => index.rows(view, prefix).map_err(|error| StoredError(error.to_string())),
            ViewSource::Folded(views) => {
                let rows = views.iter().filter(|(name, _)| *name == view).flat_map(|(_, rows)| rows);
                let mut rows: Vec<_> = rows.filter(|row| row.key.starts_with(prefix)).cloned().collect();
                rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
                Ok(rows)
            }
        }
    }

    /// One row of a view, by the slot it is stored in and its key.
    ///
    /// # Panics
    /// If the reader was opened without views.
    pub fn row(&self, view: ViewName, slot: Slot, key: &str) -> Result<Option<Vec<u8>>, StoredError> {
        match &self.views {
            ViewSource::None => panic!("the reader was opened without views"),
            ViewSource::Stored(index) => index.row(view, slot, key),
            ViewSource::Folded(views) => {
                let rows = views.iter().find(|(name, _)| *name == view).map(|(_, rows)| rows);
                Ok(rows.and_then(|rows| rows.iter().find(|row| row.key == key)).map(|row| row.value.clone()))
            }
        }
    }

    /// The digest of each view as stored.
    pub fn view_digests(&self) -> Result<Vec<(ViewName, crate::crypto::Blake3Hash)>, StoredError> {
        ViewName::ALL.iter().map(|view| Ok((*view, crate::views::digest(self.rows(*view, "")?)))).collect()
    }

    /// The entries listed under a name, like `programme/winter`, ascending.
    pub fn listing(&self, slot: Slot, key: &str) -> Result<Vec<u64>, StoredError> {
        use crate::canonical::decode;
        use crate::views::listings::{Indexes, Listing, chunk_key};
        let Some(head) = self.row(ViewName::Listings, slot, key)? else { return Ok(Vec::new()) };
        let broken = |fault: crate::canonical::Fault| StoredError(format!("listing {key}: {fault}"));
        let head: Listing = decode(&head).map_err(broken)?;
        let mut entries = Vec::with_capacity(head.count as usize);
        for number in 0..head.count / crate::views::listings::CHUNK_ENTRIES as u64 {
            let chunk = self.row(ViewName::Listings, Slot::Own, &chunk_key(key, number))?;
            let chunk = chunk.ok_or_else(|| StoredError(format!("listing {key}: chunk {number} is missing")))?;
            entries.extend(decode::<Indexes>(&chunk).map_err(broken)?.0);
        }
        entries.extend(head.entries.0);
        Ok(entries)
    }
}

fn fold_from_zero(disk: &dyn Disk, log: &SegmentReader, views: &mut Views) -> Result<super::recovery::Folded, OpenError> {
    match fold_log(disk, log, Some((views, 0, None))) {
        Ok(folded) => Ok(folded),
        Err(FoldError::Open(error)) => Err(error),
        Err(FoldError::Stored(error)) => unreachable!("nothing stored is read: {error}"),
    }
}

/// The cursor of stored views that belong to this log.
fn usable_cursor(index: &Index, log: &SegmentReader) -> Option<Cursor> {
    let cursor = index.cursor().ok()??;
    if cursor.size == 0 || cursor.size > log.size() {
        return None;
    }
    let last = log.read_entry(cursor.size - 1).ok()?;
    (crate::crypto::Blake3Hash::of(&last) == cursor.hash).then_some(cursor)
}

/// Makes the tile files again from the log, and says whether they make the checkpoint's root.
pub fn rebuild_tiles(folder: &Path) -> Result<Vec<Notice>, OpenError> {
    let reader = Reader::open(folder)?;
    let signed = (reader.checkpoint.size(), *reader.checkpoint.root());
    super::recovery::rebuild_tiles(&reader.disk, &reader.log, reader.chain.size, true)?;
    open_tree(&reader.disk, &reader.log, Some(signed), false)?;
    Ok(vec![Notice::TilesMade])
}
