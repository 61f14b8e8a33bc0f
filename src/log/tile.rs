//! Tiles: the tree and its entries cut into files that are written once.
//!
//! ```text
//! tile/0/x001/x234/067           full hash tile 1234067 of level 0: 256 leaf hashes, 8,192 bytes
//! tile/1/000.p/17                partial tile 0 of level 1: 17 hashes, each the root of a full tile of level 0
//! tile/entries/x001/x234/067     entry bundle: the 256 entries under the first, each as length (u16, big-endian) and bytes
//! ```
//!
//! Hash *i* of tile *n* of level *l* is that of the node of tree level 8*l* and index 256*n* + *i*. So a tile holds the bottom of a
//! subtree eight levels high, and its own root is one hash of the level above. At size *s*, level *l* has `s / 256^l`
//! hashes: full tiles, then at most one partial, never an empty one. Size 70,000: 273 full and one of 112 on level 0, one full and one
//! of 17 on level 1, one of 1 on level 2.
//!
//! Specification: c2sp.org/tlog-tiles. Trees made and read through tiles are in [`super::tile_tree`].

use std::fmt;
use std::ops::Range;

use thiserror::Error;

use super::tree::{Node, TreeHash};

/// How many hashes or entries a full tile or bundle holds.
pub const TILE_WIDTH: u16 = 256;

/// The longest entry that a bundle can carry.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// The levels of tiles that a tree of up to 2^64 - 1 leaves can have: 8 levels of the tree each.
pub const TILE_LEVELS: u8 = 8;

/// The last level that a path may name.
const LEVEL_MAX: u8 = 63;

/// What is wrong with a tile, its path or its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TileError {
    #[error("{path:?} is not the path of a tile: {problem}")]
    Path { path: String, problem: &'static str },
    #[error("tile level {found}, at most {max}")]
    Level { found: u8, max: u8 },
    #[error("tile width {found}, must be from 1 to {max}")]
    Width { found: u16, max: u16 },
    #[error("{tile} has {found} bytes, should have {expected}")]
    HashBytes { tile: Tile, expected: usize, found: usize },
    #[error("{tile} ends within entry {at} of {width}", width = tile.width())]
    BundleShort { tile: Tile, at: u16 },
    #[error("{tile} goes on for {found} bytes after its last entry")]
    BundleLong { tile: Tile, found: usize },
    #[error("entry {at} of a bundle has {found} bytes, at most {max}")]
    EntryLong { at: usize, found: usize, max: usize },
    #[error("bundle of {found} entries, must be from 1 to {max}")]
    BundleWidth { found: usize, max: u16 },
}

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TileKind {
    /// Hashes of nodes of tree level `8 * level`.
    Hashes { level: u8 },
    /// Entries: an entry bundle.
    Entries,
}

/// The coordinates of a tile. Shown and parsed as its path, `tile/<L>/<N>[.p/<W>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    kind: TileKind,
    index: u64,
    width: u16,
}

impl Tile {
    /// Names a tile: level up to 63 (only the first eight can exist in a tree), width from 1 to 256.
    pub fn new(kind: TileKind, index: u64, width: u16) -> Result<Tile, TileError> {
        if let TileKind::Hashes { level } = kind
            && level > LEVEL_MAX
        {
            return Err(TileError::Level { found: level, max: LEVEL_MAX });
        }
        if width == 0 || width > TILE_WIDTH {
            return Err(TileError::Width { found: width, max: TILE_WIDTH });
        }
        Ok(Tile { kind, index, width })
    }

    /// Returns the tile of that kind and index as it is in a tree of `size` leaves; none if it is not there.
    pub fn at_size(kind: TileKind, index: u64, size: u64) -> Option<Tile> {
        let count = count_at(kind, size);
        let width = match index.cmp(&(count / u64::from(TILE_WIDTH))) {
            std::cmp::Ordering::Less => TILE_WIDTH,
            std::cmp::Ordering::Equal => (count % u64::from(TILE_WIDTH)) as u16,
            std::cmp::Ordering::Greater => 0,
        };
        (width > 0).then_some(Tile { kind, index, width })
    }

    pub fn kind(&self) -> TileKind {
        self.kind
    }

    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds: 256 if full, else from 1 to 255.
    pub fn width(&self) -> u16 {
        self.width
    }

    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Whether a tree of `size` leaves is represented by this very tile.
    pub fn is_of(&self, size: u64) -> bool {
        Tile::at_size(self.kind, self.index, size) == Some(*self)
    }

    /// Returns the nodes whose hashes the tile holds, in order; for an entry bundle, the leaves.
    ///
    /// This is the plan for computing a tile from a [`HashReader`](super::tree::HashReader). None if no tree is that large.
    pub fn nodes(&self) -> Option<impl Iterator<Item = Node>> {
        let level = match self.kind {
            TileKind::Entries => 0,
            TileKind::Hashes { level } if level < TILE_LEVELS => 8 * level,
            TileKind::Hashes { .. } => return None,
        };
        let first = self.index.checked_mul(u64::from(TILE_WIDTH))?;
        let last = first.checked_add(u64::from(self.width) - 1)?;
        let last_node = Node { level, index: last };
        last_node.is_within(u64::MAX).then(|| (first..=last).map(move |index| Node { level, index }))
    }

    /// Reads a path, in its one spelling. Inverse: [`Tile::path`].
    pub fn parse(path: &str) -> Result<Tile, TileError> {
        parse_path(path).map_err(|problem| TileError::Path { path: path.chars().take(100).collect(), problem })
    }

    /// Returns the path below the log's prefix. Inverse: [`Tile::parse`].
    pub fn path(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        // 2^64 has 20 digits: at most seven groups of three.
        let mut place = 1000u64.pow(6);
        while place > 1 {
            if self.index >= place {
                write!(f, "x{:03}/", self.index / place % 1000)?;
            }
            place /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if !self.is_full() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

fn parse_path(path: &str) -> Result<Tile, &'static str> {
    let rest = path.strip_prefix("tile/").ok_or("does not start with tile/")?;
    let (level, rest) = rest.split_once('/').ok_or("has no index")?;
    let kind = match level {
        "entries" => TileKind::Entries,
        _ => match parse_decimal(level) {
            Some(level) if level <= u64::from(LEVEL_MAX) => TileKind::Hashes { level: level as u8 },
            _ => return Err("level is not a decimal from 0 to 63, nor entries"),
        },
    };
    let (index, width) = match rest.split_once(".p/") {
        None => (rest, TILE_WIDTH),
        Some((index, width)) => match parse_decimal(width) {
            Some(width @ 1..=255) => (index, width as u16),
            _ => return Err("width is not a decimal from 1 to 255"),
        },
    };
    let index = parse_index(index).ok_or("index is not of the form x001/x234/067")?;
    Ok(Tile { kind, index, width })
}

/// Reads `x001/x234/067`: groups of three digits, `x` before all but the last, the first not 000 unless alone.
fn parse_index(text: &str) -> Option<u64> {
    let (above, last) = match text.rsplit_once('/') {
        None => ("", text),
        Some((above, last)) if !above.is_empty() => (above, last),
        Some(_) => return None,
    };
    let group = |text: &str| -> Option<u64> {
        let is_group = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_group.then(|| text.parse().ok()).flatten()
    };
    let mut index = 0u64;
    for element in above.split('/').filter(|_| !above.is_empty()) {
        index = index.checked_mul(1000)?.checked_add(group(element.strip_prefix('x')?)?)?;
        if index == 0 {
            return None;
        }
    }
    index.checked_mul(1000)?.checked_add(group(last)?)
}

/// Reads a decimal without sign or leading zeros. Also for sizes and indexes in checkpoints and proofs.
pub(super) fn parse_decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if plain && !leading_zero { text.parse().ok() } else { None }
}

/// Returns all hash tiles of a tree of `size` leaves, level by level, each level from left to right.
pub fn hash_tiles(size: u64) -> impl Iterator<Item = Tile> {
    new_hash_tiles(0, size)
}

/// Returns all entry bundles of a log of `size` entries.
pub fn entry_bundles(size: u64) -> impl Iterator<Item = Tile> {
    new_tiles(TileKind::Entries, 0, size)
}

/// Returns the hash tiles that a tree of `new` leaves has and one of `old` leaves had not: what an append writes.
pub fn new_hash_tiles(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    (0..TILE_LEVELS).flat_map(move |level| new_tiles(TileKind::Hashes { level }, old, new))
}

/// Returns the tiles of one kind that are there at `new` and were not at `old`: those now full, then at most one partial.
pub fn new_tiles(kind: TileKind, old: u64, new: u64) -> impl Iterator<Item = Tile> {
    let wide = u64::from(TILE_WIDTH);
    let (before, count) = (count_at(kind, old), count_at(kind, new));
    let partial = (count > before && count % wide > 0).then_some(Tile { kind, index: count / wide, width: (count % wide) as u16 });
    full_tiles(kind, before / wide..count / wide).chain(partial)
}

/// Returns the tiles of one kind that became full between `old` and `new` leaves.
pub fn completed_tiles(kind: TileKind, old: u64, new: u64) -> impl Iterator<Item = Tile> {
    let wide = u64::from(TILE_WIDTH);
    full_tiles(kind, count_at(kind, old) / wide..count_at(kind, new) / wide)
}

fn full_tiles(kind: TileKind, indexes: Range<u64>) -> impl Iterator<Item = Tile> {
    indexes.map(move |index| Tile { kind, index, width: TILE_WIDTH })
}

/// Returns how many hashes (or entries) a level has in a tree of `size` leaves: `size / 256^level`.
fn count_at(kind: TileKind, size: u64) -> u64 {
    match kind {
        TileKind::Entries => size,
        TileKind::Hashes { level } => size.checked_shr(8 * u32::from(level)).unwrap_or(0),
    }
}

/// Writes the hashes of a tile. Inverse: [`decode_hashes`].
pub fn encode_hashes(hashes: &[TreeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Reads a hash tile, which must be just as long as its width says. Inverse: [`encode_hashes`].
pub fn decode_hashes(tile: Tile, bytes: &[u8]) -> Result<Vec<TreeHash>, TileError> {
    let expected = usize::from(tile.width) * TreeHash::LEN;
    if bytes.len() != expected {
        return Err(TileError::HashBytes { tile, expected, found: bytes.len() });
    }
    let (hashes, _) = bytes.as_chunks::<{ TreeHash::LEN }>();
    Ok(hashes.iter().copied().map(TreeHash::from_bytes).collect())
}

/// Writes an entry bundle. Inverse: [`decode_bundle`].
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, TileError> {
    if entries.is_empty() || entries.len() > usize::from(TILE_WIDTH) {
        return Err(TileError::BundleWidth { found: entries.len(), max: TILE_WIDTH });
    }
    let mut bundle = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryLong { at, found: entry.len(), max: ENTRY_BYTES_MAX })?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// Reads an entry bundle, which must hold just as many entries as its width says. Inverse: [`encode_bundle`].
pub fn decode_bundle(tile: Tile, bytes: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(usize::from(tile.width));
    for at in 0..tile.width {
        let entry =
            rest.split_first_chunk::<2>().and_then(|(length, after)| after.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        let (entry, after) = entry.ok_or(TileError::BundleShort { tile, at })?;
        entries.push(entry);
        rest = after;
    }
    if !rest.is_empty() {
        return Err(TileError::BundleLong { tile, found: rest.len() });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRIES: TileKind = TileKind::Entries;

    fn hashes(level: u8) -> TileKind {
        TileKind::Hashes { level }
    }

    fn tile(kind: TileKind, index: u64, width: u16) -> Tile {
        Tile::new(kind, index, width).unwrap()
    }

    #[test]
    fn paths_and_tiles_are_one_to_one() {
        let cases = [
            ("tile/0/000", hashes(0), 0, 256),
            ("tile/0/999", hashes(0), 999, 256),
            ("tile/0/x001/000", hashes(0), 1000, 256),
            ("tile/0/x001/x234/067", hashes(0), 1_234_067, 256),
            ("tile/0/x001/x000/000", hashes(0), 1_000_000, 256),
            ("tile/1/000.p/17", hashes(1), 0, 17),
            ("tile/7/000.p/255", hashes(7), 0, 255),
            ("tile/63/000.p/1", hashes(63), 0, 1),
            ("tile/entries/000.p/1", ENTRIES, 0, 1),
            ("tile/entries/x001/x234/067", ENTRIES, 1_234_067, 256),
            ("tile/0/x018/x446/x744/x073/x709/x551/615.p/255", hashes(0), u64::MAX, 255),
        ];
        for (path, kind, index, width) in cases {
            let tile = tile(kind, index, width);
            assert_eq!(tile.path(), path);
            assert_eq!(Tile::parse(path), Ok(tile));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let level = "level is not a decimal from 0 to 63, nor entries";
        let index = "index is not of the form x001/x234/067";
        let width = "width is not a decimal from 1 to 255";
        let cases = [
            ("", "does not start with tile/"),
            ("/tile/0/000", "does not start with tile/"),
            ("Tile/0/000", "does not start with tile/"),
            ("tile/0", "has no index"),
            ("tile/64/000", level),
            ("tile/00/000", level),
            ("tile/01/000", level),
            ("tile/+1/000", level),
            ("tile//000", level),
            ("tile/data/000", level),
            ("tile/18446744073709551616/000", level),
            ("tile/0/", index),
            ("tile/0/0", index),
            ("tile/0/0000", index),
            ("tile/0/x000", index),
            ("tile/0/x000/000", index),
            ("tile/0/x000/x001/000", index),
            ("tile/0/001/000", index),
            ("tile/0/x001/x000", index),
            ("tile/0/X001/000", index),
            ("tile/0/x001//000", index),
            ("tile/0//000", index),
            ("tile/0/x001/000/", index),
            ("tile/0/x1/000", index),
            ("tile/0/+12", index),
            ("tile/0/x+12/000", index),
            ("tile/0/../000", index),
            ("tile/0/x018/x446/x744/x073/x709/x551/616", index),
            ("tile/0/x001/x018/x446/x744/x073/x709/x551/615", index),
            ("tile/0/000.p/", width),
            ("tile/0/000.p/0", width),
            ("tile/0/000.p/256", width),
            ("tile/0/000.p/01", width),
            ("tile/0/000.p/+1", width),
            ("tile/0/000.p/1/", width),
            ("tile/0/000.p/1.p/1", width),
            ("tile/0/000.p", index),
            ("tile/0/000 ", index),
            ("tile/0/٠٠٠", index),
        ];
        for (path, expected) in cases {
            match Tile::parse(path) {
                Err(TileError::Path { problem, .. }) => assert_eq!(problem, expected, "{path}"),
                other => panic!("{path}: {other:?}"),
            }
        }
    }

    #[test]
    fn coordinates_stay_in_bounds() {
        let width = |found| Err(TileError::Width { found, max: 256 });
        assert_eq!(Tile::new(ENTRIES, 0, 0), width(0));
        assert_eq!(Tile::new(ENTRIES, 0, 257), width(257));
        assert_eq!(Tile::new(hashes(64), 0, 1), Err(TileError::Level { found: 64, max: 63 }));
        let nodes = |kind, index, width| tile(kind, index, width).nodes().map(Iterator::count);
        assert_eq!(nodes(hashes(7), 0, 255), Some(255));
        assert_eq!(nodes(hashes(7), 0, 256), None, "256 times 2^56 leaves");
        assert_eq!(nodes(hashes(7), 1, 1), None);
        assert_eq!(nodes(hashes(8), 0, 1), None);
        assert_eq!(nodes(hashes(0), u64::MAX, 1), None);
        assert_eq!(nodes(hashes(0), u64::MAX >> 8, 255), Some(255));
        assert_eq!(nodes(hashes(0), u64::MAX >> 8, 256), None);
    }

    #[test]
    fn tiles_of_the_specs_examples() {
        let all: Vec<Tile> = hash_tiles(70_000).collect();
        assert_eq!(all.len(), 273 + 1 + 1 + 1 + 1);
        let paths: Vec<String> = all[272..].iter().map(Tile::path).collect();
        assert_eq!(paths, ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]);
        let paths: Vec<String> = hash_tiles(256).map(|tile| tile.path()).collect();
        assert_eq!(paths, ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(hash_tiles(0).count() + entry_bundles(0).count(), 0);
        let bundles: Vec<String> = entry_bundles(257).map(|tile| tile.path()).collect();
        assert_eq!(bundles, ["tile/entries/000", "tile/entries/001.p/1"]);
        // Lists are lazy, so that the largest size costs nothing until it is walked.
        assert!(hash_tiles(u64::MAX).next().is_some());
    }

    #[test]
    fn growth_is_the_difference_of_lists() {
        let sizes = [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537];
        for new in sizes {
            for old in sizes.into_iter().filter(|&old| old <= new) {
                let before: Vec<Tile> = hash_tiles(old).collect();
                let expected: Vec<Tile> = hash_tiles(new).filter(|tile| before.binary_search(tile).is_err()).collect();
                let grown: Vec<Tile> = new_hash_tiles(old, new).collect();
                assert_eq!(grown, expected, "{old} to {new}");
                let full: Vec<Tile> = grown.into_iter().filter(Tile::is_full).collect();
                let completed: Vec<Tile> = (0..TILE_LEVELS).flat_map(|level| completed_tiles(hashes(level), old, new)).collect();
                assert_eq!(completed, full, "{old} to {new}");
            }
        }
    }

    #[test]
    fn a_tile_belongs_to_the_sizes_that_have_it() {
        let partial = tile(hashes(0), 0, 5);
        assert!(partial.is_of(5) && !partial.is_of(4) && !partial.is_of(6) && !partial.is_of(261));
        let full = tile(hashes(0), 0, 256);
        assert!(!full.is_of(255) && full.is_of(256) && full.is_of(u64::MAX));
        assert!(!tile(hashes(8), 0, 1).is_of(u64::MAX));
        assert!(tile(hashes(7), 0, 255).is_of(u64::MAX));
        assert_eq!(Tile::at_size(hashes(0), 1, 256), None);
    }

    #[test]
    fn bundles_hold_what_was_put_in() {
        let entries: [&[u8]; 4] = [b"one", b"", &[0xff; ENTRY_BYTES_MAX], b"four"];
        let bundle = encode_bundle(&entries).unwrap();
        assert_eq!(bundle[..5], *b"\0\x03one");
        let of_four = tile(ENTRIES, 0, 4);
        assert_eq!(decode_bundle(of_four, &bundle).unwrap(), entries);

        let error = |tile, bytes: &[u8]| decode_bundle(tile, bytes).unwrap_err().to_string();
        assert_eq!(error(tile(ENTRIES, 0, 3), &bundle), "tile/entries/000.p/3 goes on for 6 bytes after its last entry");
        for cut in [1, 4, 5, 6] {
            assert_eq!(error(of_four, &bundle[..bundle.len() - cut]), "tile/entries/000.p/4 ends within entry 3 of 4");
        }
        assert_eq!(error(tile(ENTRIES, 0, 256), &bundle), "tile/entries/000 ends within entry 4 of 256");
        let long = [vec![0; ENTRY_BYTES_MAX + 1]];
        assert_eq!(encode_bundle(&long).unwrap_err().to_string(), "entry 0 of a bundle has 65536 bytes, at most 65535");
        let wide = |found| Err(TileError::BundleWidth { found, max: 256 });
        assert_eq!(encode_bundle(&[[0u8; 1]; 257]), wide(257));
        assert_eq!(encode_bundle::<&[u8]>(&[]), wide(0));
    }

    #[test]
    fn hash_tiles_are_as_long_as_they_are_wide() {
        let hashes_of = |count| vec![TreeHash::from_bytes([7; 32]); count];
        let bytes = encode_hashes(&hashes_of(5));
        let five = tile(hashes(0), 0, 5);
        assert_eq!(decode_hashes(five, &bytes), Ok(hashes_of(5)));
        for wrong in [&bytes[1..], &bytes[32..], &[]] {
            assert!(decode_hashes(five, wrong).is_err());
        }
        assert_eq!(decode_hashes(tile(hashes(0), 0, 256), &bytes).unwrap_err().to_string(), "tile/0/000 has 160 bytes, should have 8192");
    }
}
