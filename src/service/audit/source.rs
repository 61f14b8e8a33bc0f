//! Where an audit reads from: a ledger's folder, an exported tile folder, or lines of entries.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::crypto::Blake3Hash;
use crate::crypto::note::SignedNote;
use crate::log::checkpoint::Checkpoint;
use crate::log::entry::{ChainHead, ENTRY_LEN_BYTES_MAX};
use crate::log::tile::{Tile, decode_bundle, encode_hashes, entry_bundles};
use crate::log::tile_tree::TileEdge;
use crate::log::tree::TreeHash;
use crate::service::tiles::{TILES_FOLDER, tile_file};
use crate::store::index::IndexError;
use crate::store::{Chunk, Disk, DiskError, Fault, FolderDisk, Index, StoreError, audit_chunks, head};
use crate::views::ViewName;

/// How many entries go to a worker at once: a whole signature batch.
pub const PIECE_ENTRIES: usize = crate::crypto::audit::BATCH;

/// What is verified.
pub enum Source {
    /// A ledger's folder, or any disk laid out like one.
    Ledger {
        /// The disk.
        disk: Arc<dyn Disk>,
        /// The folder of the stored views, to compare them as well.
        views: Option<PathBuf>,
    },
    /// A folder with `checkpoint` and `tile/…`, as a static server has it.
    Tiles(Arc<dyn Disk>),
    /// Entries, one a line, and a checkpoint if there is one.
    Lines {
        /// The entries.
        input: Mutex<Option<Box<dyn BufRead + Send>>>,
        /// The checkpoint.
        checkpoint: Option<Vec<u8>>,
    },
}

/// Why a source could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nothing there looks like a ledger.
    #[error("{0}")]
    NotALedger(String),
    /// A file could not be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Reading stopped.
    #[error("{0}")]
    Input(String),
    /// The bytes are not what a log holds: a finding, not a failure to read.
    #[error("{0}")]
    Damaged(String),
    /// The last line is not whole: a finding if the checkpoint speaks of it.
    #[error("{0}")]
    TornTail(String),
}

impl From<StoreError> for SourceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Disk(error) => SourceError::Disk(error),
            StoreError::Damage(ref damage) if matches!(damage.fault, Fault::TornTail { .. }) => SourceError::TornTail(error.to_string()),
            other => SourceError::Damaged(other.to_string()),
        }
    }
}

/// The stored views of a source.
pub enum StoredViews {
    /// There are none.
    None,
    /// They cannot be compared now, for this reason.
    Elsewhere(String),
    /// They are not of this log.
    Wrong(String),
    /// Their digests.
    Digests(Vec<(ViewName, Blake3Hash)>),
}

impl Source {
    /// Finds out what a folder is: a ledger or an exported tile folder.
    pub fn folder(path: &Path) -> Result<Source, SourceError> {
        let disk: Arc<dyn Disk> = Arc::new(FolderDisk::open(path)?);
        if disk.exists("log")? {
            Ok(Source::Ledger { disk, views: Some(path.join("views")) })
        } else if disk.exists("tile")? {
            Ok(Source::Tiles(disk))
        } else {
            Err(SourceError::NotALedger(format!("{} holds neither a ledger (log/) nor exported tiles (tile/)", path.display())))
        }
    }

    /// A ledger on any disk, without its stored views.
    pub fn disk(disk: Arc<dyn Disk>) -> Source {
        Source::Ledger { disk, views: None }
    }

    /// Entries from a stream, one a line.
    pub fn lines(input: Box<dyn BufRead + Send>, checkpoint: Option<Vec<u8>>) -> Source {
        Source::Lines { input: Mutex::new(Some(input)), checkpoint }
    }

    /// How many entries there will be, if that is easy to know.
    pub fn size_hint(&self) -> Option<u64> {
        let disk = match self {
            Source::Ledger { disk, .. } | Source::Tiles(disk) => disk,
            Source::Lines { checkpoint, .. } => return head::named_size(checkpoint.as_deref()?),
        };
        head::named_size(&head::read(&**disk).ok()??)
    }

    pub(super) fn checkpoint(&self) -> Result<Option<Vec<u8>>, SourceError> {
        match self {
            Source::Ledger { disk, .. } | Source::Tiles(disk) => Ok(head::read(&**disk)?),
            Source::Lines { checkpoint, .. } => Ok(checkpoint.clone()),
        }
    }

    pub(super) fn must_have_checkpoint(&self) -> bool {
        !matches!(self, Source::Lines { .. })
    }

    /// The entries in order, in pieces of at most [`PIECE_ENTRIES`].
    pub(super) fn chunks(&self) -> Result<Box<dyn Iterator<Item = Result<Chunk, SourceError>> + Send + '_>, SourceError> {
        match self {
            Source::Ledger { disk, .. } => {
                // While a writer is at work its last lines are none of ours: the checkpoint says how far to look. What lies beyond it is
                // looked at as well, so that nothing hides behind an old checkpoint.
                let chunks = audit_chunks(disk.clone(), PIECE_ENTRIES, crate::store::segments::SEGMENT_ENTRIES)?;
                Ok(Box::new(chunks.map(|chunk| chunk.map_err(SourceError::from))))
            }
            Source::Tiles(disk) => {
                let Some(bytes) = head::read(&**disk)? else {
                    return Err(SourceError::NotALedger("the tile folder has no checkpoint".into()));
                };
                let size =
                    named_checkpoint(&bytes).map_err(|what| SourceError::Damaged(format!("the checkpoint cannot be read: {what}")))?.size();
                let disk = disk.clone();
                Ok(Box::new(entry_bundles(size).map(move |tile| bundle_chunk(&*disk, tile))))
            }
            Source::Lines { input, .. } => {
                let input = input.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
                let input = input.ok_or_else(|| SourceError::Input("the stream was read already".into()))?;
                Ok(Box::new(Lines { input, index: 0, byte: 0 }))
            }
        }
    }

    pub(super) fn has_tiles(&self) -> bool {
        match self {
            Source::Ledger { disk, .. } => disk.exists(TILES_FOLDER).unwrap_or(false),
            Source::Tiles(_) => true,
            Source::Lines { .. } => false,
        }
    }

    /// Compares a full tile that the audit has made with its file; words if they differ. A ledger's folder may lack tile files, an exported one may not.
    pub(super) fn wrong_tile(&self, tile: Tile, hashes: &[TreeHash]) -> Result<Option<String>, SourceError> {
        let (disk, path, must_be_there) = match self {
            Source::Ledger { disk, .. } => (disk, tile_file(tile), false),
            Source::Tiles(disk) => (disk, tile.path(), true),
            Source::Lines { .. } => return Ok(None),
        };
        match disk.read(&path) {
            Ok(found) if found == encode_hashes(hashes) => Ok(None),
            Ok(_) => Ok(Some(format!("the file {path} differs from what the entries make; `aidledger rebuild` makes it again"))),
            Err(error) if error.is_not_found() && !must_be_there => Ok(None),
            // A server may drop a partial tile once the full one is there, which begins with it (C2SP tlog-tiles).
            Err(error) if error.is_not_found() && !tile.is_full() => {
                let full = Tile::new(tile.kind(), tile.index(), 256).map_err(|error| SourceError::Damaged(error.to_string()))?;
                match disk.read(&full.path()) {
                    Ok(found) if found.starts_with(&encode_hashes(hashes)) => Ok(None),
                    _ => Ok(Some(format!("the file {path} is missing"))),
                }
            }
            Err(error) if error.is_not_found() => Ok(Some(format!("the file {path} is missing"))),
            Err(error) => Err(error.into()),
        }
    }

    /// Compares the partial tiles of an exported folder; a ledger's folder has none.
    pub(super) fn wrong_partial_tile(&self, edge: &TileEdge) -> Result<Option<String>, SourceError> {
        if let Source::Tiles(_) = self {
            for (tile, hashes) in edge.partial_tiles() {
                if let Some(wrong) = self.wrong_tile(tile, hashes)? {
                    return Ok(Some(wrong));
                }
            }
        }
        Ok(None)
    }

    /// The digests of the stored views, if they go exactly as far as the log. They are read from a copy, since opening the database writes to
    /// it and an audit leaves what it looks at as it is. Views are derived: whatever keeps them from being read is no fault of the ledger.
    pub(super) fn stored_views(&self, chain: ChainHead) -> StoredViews {
        let Source::Ledger { views: Some(folder), .. } = self else { return StoredViews::None };
        let version = format!("v{}", crate::views::VIEWS_VERSION);
        if !folder.join(&version).exists() {
            return StoredViews::None;
        }
        let copy = Scratch::new();
        let unreadable = |why: &dyn std::fmt::Display| StoredViews::Elsewhere(format!("the stored views cannot be read: {why}"));
        if let Err(error) = copy_folder(&folder.join(&version), &copy.0.join(&version)) {
            return unreadable(&error);
        }
        let index = match Index::open(&copy.0) {
            Ok(index) => index,
            Err(error) => return unreadable(&error),
        };
        match index.cursor() {
            Ok(Some(cursor)) if cursor.size == chain.size && cursor.hash == chain.hash => {
                let digests: Result<_, _> = ViewName::ALL.iter().map(|view| index.digest(*view).map(|digest| (*view, digest))).collect();
                digests.map_or_else(|error: IndexError| unreadable(&error), StoredViews::Digests)
            }
            Ok(Some(cursor)) if cursor.size < chain.size => {
                let why = format!("the stored views hold {} entries only; the next reading command brings them up to date", cursor.size);
                StoredViews::Elsewhere(why)
            }
            Ok(Some(cursor)) => StoredViews::Wrong(format!(
                "the stored views were folded from another log, or from more entries ({}) than are here ({}); `aidledger rebuild` makes them again",
                cursor.size, chain.size
            )),
            Ok(None) => StoredViews::None,
            Err(error) => unreadable(&error),
        }
    }
}

/// A folder of its own among the system's temporary files, removed again.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Scratch(std::env::temp_dir().join(format!("aidledger-verify-{}-{number}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is a copy of derived files under a name that says so.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy_folder(source: &Path, target: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(target)?;
    for entry in std::fs::read_dir(source)? {
        let entry = entry?;
        let target = target.join(entry.file_name());
        match entry.file_type()? {
            kind if kind.is_dir() => copy_folder(&entry.path(), &target)?,
            kind if kind.is_file() => drop(std::fs::copy(entry.path(), &target)?),
            _ => {}
        }
    }
    Ok(())
}

/// Reads what a checkpoint says without checking who signed it.
pub(super) fn named_checkpoint(bytes: &[u8]) -> Result<Checkpoint, String> {
    let note = SignedNote::parse(bytes).map_err(|error| error.to_string())?;
    let checkpoint = Checkpoint::parse(note.unverified_text()).map_err(|error| error.to_string())?;
    if checkpoint.extensions().is_empty() {
        Ok(checkpoint)
    } else {
        Err("it has extension lines, which a ledger's log does not sign".into())
    }
}

fn bundle_chunk(disk: &dyn Disk, tile: Tile) -> Result<Chunk, SourceError> {
    let path = tile.path();
    let read = match disk.read(&path) {
        Err(error) if error.is_not_found() => return full_bundle_chunk(disk, tile),
        read => read?,
    };
    chunk_of(tile, &read, path)
}

/// The first entries of the full bundle, where the partial one has been dropped since it was filled.
fn full_bundle_chunk(disk: &dyn Disk, tile: Tile) -> Result<Chunk, SourceError> {
    let missing = || SourceError::Damaged(format!("the file {} is missing", tile.path()));
    let full = Tile::new(tile.kind(), tile.index(), 256).ok().filter(|_| !tile.is_full()).ok_or_else(missing)?;
    let read = disk.read(&full.path()).map_err(|_| missing())?;
    let mut chunk = chunk_of(full, &read, full.path())?;
    chunk.line_ends.truncate(usize::from(tile.width()));
    chunk.bytes.truncate(chunk.line_ends.last().map_or(0, |end| *end as usize + 1));
    Ok(chunk)
}

fn chunk_of(tile: Tile, bundle: &[u8], path: String) -> Result<Chunk, SourceError> {
    let entries = decode_bundle(tile, bundle).map_err(|error| SourceError::Damaged(format!("{path}: {error}")))?;
    let mut bytes = Vec::with_capacity(bundle.len());
    let mut line_ends = Vec::with_capacity(entries.len());
    for entry in entries {
        bytes.extend_from_slice(entry);
        line_ends.push(bytes.len() as u32);
        bytes.push(b'\n');
    }
    Ok(Chunk { first_index: tile.index() * 256, bytes, line_ends, file: path, first_line: 1, byte_start: 0 })
}

/// Entries from a stream.
struct Lines {
    input: Box<dyn BufRead + Send>,
    index: u64,
    byte: u64,
}

impl Iterator for Lines {
    type Item = Result<Chunk, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut chunk = Chunk {
            first_index: self.index,
            bytes: Vec::new(),
            line_ends: Vec::new(),
            file: "input".into(),
            first_line: self.index + 1,
            byte_start: self.byte,
        };
        while chunk.line_ends.len() < PIECE_ENTRIES {
            let start = chunk.bytes.len();
            let limit = ENTRY_LEN_BYTES_MAX as u64 + 2;
            match std::io::Read::take(&mut self.input, limit).read_until(b'\n', &mut chunk.bytes) {
                Err(error) => return Some(Err(SourceError::Input(format!("line {}: {error}", self.index + 1)))),
                Ok(0) => break,
                Ok(read) if read as u64 == limit => {
                    return Some(Err(SourceError::Damaged(format!("line {} is longer than an entry may be", self.index + 1))));
                }
                Ok(_) => {}
            }
            if chunk.bytes.last() != Some(&b'\n') {
                let fault = Fault::TornTail { len_bytes: (chunk.bytes.len() - start) as u64 };
                return Some(Err(SourceError::TornTail(format!("line {}: {fault}", self.index + 1))));
            }
            chunk.line_ends.push(chunk.bytes.len() as u32 - 1);
            self.index += 1;
        }
        self.byte += chunk.bytes.len() as u64;
        (!chunk.line_ends.is_empty()).then_some(Ok(chunk))
    }
}
