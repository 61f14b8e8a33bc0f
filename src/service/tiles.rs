//! The tiles of a ledger: full hash tiles from `tiles/`, everything else from the log.
//!
//! Tile files are written once, when a tile fills, and are never needed for the truth: a tile that is missing is computed from the
//! tiles below it, and at the bottom from the entries. So a partial tile needs no file, and deleting `tiles/` loses nothing but time.

use std::sync::Arc;

use crate::log::tile::{Tile, TileError, TileKind, encode_bundle, encode_hashes};
use crate::log::tile_tree::TileReader;
use crate::log::tree::{TreeHash, leaf_hash, root_of};
use crate::store::{Disk, DiskError, SegmentReader, StoreError};

/// The folder of the tile files; below it stand the C2SP paths.
pub const TILES_FOLDER: &str = "tiles";

/// Why a tile could not be had.
#[derive(Debug, thiserror::Error)]
pub enum TileSourceError {
    /// The entries below it could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tile file could not be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The tile file has a wrong length, or no such tile can be.
    #[error(transparent)]
    Tile(#[from] TileError),
}

/// Reads tiles.
#[derive(Debug, Clone)]
pub struct LedgerTiles {
    disk: Arc<dyn Disk>,
    log: SegmentReader,
    from_files: bool,
}

impl LedgerTiles {
    /// Tiles from their files where there are any.
    pub fn new(disk: Arc<dyn Disk>, log: SegmentReader) -> LedgerTiles {
        LedgerTiles { disk, log, from_files: true }
    }

    /// Tiles from the log alone, for making the files again.
    pub fn from_log(disk: Arc<dyn Disk>, log: SegmentReader) -> LedgerTiles {
        LedgerTiles { disk, log, from_files: false }
    }

    /// The entries of a bundle.
    pub fn entries(&self, bundle: Tile) -> Result<Vec<Vec<u8>>, StoreError> {
        let first = bundle.index() * 256;
        let mut entries = Vec::with_capacity(usize::from(bundle.width()));
        for chunk in self.log.read_chunks(first, usize::from(bundle.width()))? {
            entries.extend(chunk?.entries().take(usize::from(bundle.width()) - entries.len()).map(<[u8]>::to_vec));
            if entries.len() == usize::from(bundle.width()) {
                break;
            }
        }
        Ok(entries)
    }

    fn hashes(&self, level: u8, tile: Tile) -> Result<Vec<TreeHash>, TileSourceError> {
        if level == 0 {
            let bundle = Tile::new(TileKind::Entries, tile.index(), tile.width())?;
            return Ok(self.entries(bundle)?.iter().map(|entry| leaf_hash(entry)).collect());
        }
        let mut hashes = Vec::with_capacity(usize::from(tile.width()));
        for place in 0..u64::from(tile.width()) {
            let below = Tile::new(TileKind::Hashes { level: level - 1 }, tile.index() * 256 + place, 256)?;
            let bytes = self.read_tile(below)?;
            hashes.push(root_of(&crate::log::tile::decode_hashes(below, &bytes)?));
        }
        Ok(hashes)
    }
}

/// The path of a tile's file inside the ledger folder.
pub fn tile_file(tile: Tile) -> String {
    let path = tile.path();
    format!("{TILES_FOLDER}/{}", path.strip_prefix("tile/").unwrap_or(&path))
}

/// Writes a full tile's file. Not synced: it can always be made again.
pub fn write_tile(disk: &dyn Disk, tile: Tile, hashes: &[TreeHash]) -> Result<(), DiskError> {
    let path = tile_file(tile);
    if let Some((folder, _)) = path.rsplit_once('/') {
        disk.create_dir_all(folder)?;
    }
    disk.replace(&path, &encode_hashes(hashes), false)
}

impl TileReader for LedgerTiles {
    type Error = TileSourceError;

    fn read_tile(&self, tile: Tile) -> Result<Vec<u8>, TileSourceError> {
        match tile.kind() {
            TileKind::Entries => Ok(encode_bundle(&self.entries(tile)?)?),
            TileKind::Hashes { level } => {
                if self.from_files && tile.is_full() {
                    match self.disk.read(&tile_file(tile)) {
                        Ok(bytes) => return Ok(bytes),
                        Err(error) if error.is_not_found() => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Ok(encode_hashes(&self.hashes(level, tile)?))
            }
        }
    }
}
