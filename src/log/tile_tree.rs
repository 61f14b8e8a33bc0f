//! The tree through its tiles: growing it tile by tile, and reading it back without trusting whoever keeps them.
//!
//! ```text
//! level 1            [ r0 r1 ]                    partial, width 2
//!                      |  |
//! level 0   [ 256 ] [ 256 ] [ . . . ]             two full, one partial of width 3: size 515
//!              = r0    = r1
//! ```
//!
//! The partial tiles of a size are the tree's right edge: together they hold all that its root is made of ([`TileEdge`]). A full tile is
//! vouched for by one hash of the level above, and so on up to the right edge, and the right edge by the root of a checkpoint. That is
//! how [`TileHashes::authenticated`] decides what to believe.

use std::collections::BTreeMap;

use thiserror::Error;

use super::tile::{TILE_LEVELS, TILE_WIDTH, Tile, TileError, TileKind, decode_hashes};
use super::tree::{Frontier, HashReader, NoSuchNode, Node, TreeHash, root_of};

/// Gives the bytes of tiles, from files, a cache or a server.
///
/// A source that has already dropped a partial tile may cut it from the full one: a tile's hashes never change.
pub trait TileReader {
    type Error;

    fn read_tile(&self, tile: Tile) -> Result<Vec<u8>, Self::Error>;
}

impl<R: TileReader + ?Sized> TileReader for &R {
    type Error = R::Error;

    fn read_tile(&self, tile: Tile) -> Result<Vec<u8>, R::Error> {
        (**self).read_tile(tile)
    }
}

/// Why tiles could not be read, or are not those of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TileReadError<E> {
    #[error(transparent)]
    NoSuchNode(NoSuchNode),
    #[error("{tile} could not be read: {error}")]
    Read { tile: Tile, error: E },
    #[error(transparent)]
    Tile(TileError),
    #[error("root of size {size} is {expected}, the tiles make {found}")]
    Root { size: u64, expected: TreeHash, found: TreeHash },
    #[error("{tile} has the root {found}, the level above it says {expected}")]
    Parent { tile: Tile, expected: TreeHash, found: TreeHash },
}

/// The right edge of a growing tree with its partial tiles: all that is needed to append and to write tiles.
///
/// Every node is hashed once. At most 255 hashes a level are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TileEdge {
    frontier: Frontier,
    /// The hashes of the partial tile of each level, fewer than 256 each.
    partial: Vec<Vec<TreeHash>>,
}

impl TileEdge {
    pub fn new() -> TileEdge {
        TileEdge::default()
    }

    /// Takes up the tree of `size` leaves from its partial tiles, and checks that they make `root`.
    ///
    /// # Errors
    /// [`TileReadError::Root`] if the tiles are not those of that tree: never append to it then.
    pub fn restore<R: TileReader>(reader: &R, size: u64, root: &TreeHash) -> Result<TileEdge, TileReadError<R::Error>> {
        let mut partial = Vec::new();
        for tile in edge_tiles(size) {
            partial.push(match tile {
                Some(tile) => read_hashes_of(reader, tile)?,
                None => Vec::new(),
            });
        }
        let edge = TileEdge { frontier: frontier_of(size, &partial), partial };
        let found = edge.frontier.root();
        if found != *root {
            return Err(TileReadError::Root { size, expected: *root, found });
        }
        Ok(edge)
    }

    /// Appends a leaf. Hands over each tile that it fills, lower levels first.
    pub fn push(&mut self, leaf: TreeHash, mut on_full: impl FnMut(Tile, &[TreeHash])) {
        let partial = &mut self.partial;
        self.frontier.push_each(leaf, |node, hash| {
            if node.level % 8 != 0 {
                return;
            }
            let level = usize::from(node.level / 8);
            if level == partial.len() {
                partial.push(Vec::new());
            }
            let hashes = &mut partial[level];
            hashes.push(hash);
            if hashes.len() == usize::from(TILE_WIDTH) {
                let tile = hash_tile(node.level / 8, node.index >> 8, TILE_WIDTH);
                on_full(tile, hashes);
                hashes.clear();
            }
        });
    }

    /// Returns the partial tiles of the tree so far, lower levels first: with the full ones, what a checkpoint needs.
    pub fn partial_tiles(&self) -> impl Iterator<Item = (Tile, &[TreeHash])> {
        let size = self.frontier.size();
        (0u8..).zip(&self.partial).filter(|(_, hashes)| !hashes.is_empty()).map(move |(level, hashes)| {
            let index = size >> (8 * u32::from(level)) >> 8;
            let tile = hash_tile(level, index, hashes.len() as u16);
            (tile, hashes.as_slice())
        })
    }

    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    pub fn root(&self) -> TreeHash {
        self.frontier.root()
    }
}

/// Reads the hashes of a tree of `size` leaves from its tiles, each tile once a plan.
#[derive(Debug, Clone)]
pub struct TileHashes<R> {
    reader: R,
    size: u64,
    root: Option<TreeHash>,
}

impl<R: TileReader> TileHashes<R> {
    /// Believes the tiles. Enough for making proofs, which show by themselves whether they are right.
    pub fn new(reader: R, size: u64) -> TileHashes<R> {
        TileHashes { reader, size, root: None }
    }

    /// Believes only what `root` vouches for: the partial tiles must make it, and each full tile must be a hash of the level above.
    ///
    /// Reads about one tile a level more. For hashes that are themselves the answer, such as the leaf an entry must have.
    pub fn authenticated(reader: R, size: u64, root: TreeHash) -> TileHashes<R> {
        TileHashes { reader, size, root: Some(root) }
    }

    /// Names the tile that a node is made from, the level's own, and where in it the node begins.
    fn place(&self, node: Node) -> Result<(Tile, usize), NoSuchNode> {
        let no_such_node = NoSuchNode { node, size: self.size };
        if !node.is_within(self.size) {
            return Err(no_such_node);
        }
        // The node's first hash in the tile row below it; a node is at most 2^7 of them wide and aligned, so within one tile.
        let first = node.index << (node.level % 8);
        let kind = TileKind::Hashes { level: node.level / 8 };
        let tile = Tile::at_size(kind, first >> 8, self.size).ok_or(no_such_node)?;
        Ok((tile, (first & 255) as usize))
    }

    /// Adds to `tiles` what is needed to believe them: the tiles above each, and the right edge.
    fn add_vouchers(&self, tiles: &mut BTreeMap<Tile, Vec<TreeHash>>) {
        let wanted: Vec<Tile> = tiles.keys().copied().collect();
        for mut tile in wanted {
            while let Some((above, _)) = self.voucher(tile) {
                tile = above;
                tiles.insert(tile, Vec::new());
            }
        }
        for tile in edge_tiles(self.size).flatten() {
            tiles.insert(tile, Vec::new());
        }
    }

    /// Returns the tile above a full tile and the place of its root there; none for a partial tile, which the tree's root vouches for.
    fn voucher(&self, tile: Tile) -> Option<(Tile, usize)> {
        let TileKind::Hashes { level } = tile.kind() else {
            return None;
        };
        if !tile.is_full() {
            return None;
        }
        let kind = TileKind::Hashes { level: level + 1 };
        let above = Tile::at_size(kind, tile.index() >> 8, self.size)?;
        Some((above, (tile.index() & 255) as usize))
    }

    fn authenticate(&self, tiles: &BTreeMap<Tile, Vec<TreeHash>>, root: &TreeHash) -> Result<(), TileReadError<R::Error>> {
        let partial: Vec<Vec<TreeHash>> = edge_tiles(self.size).map(|tile| tile.map_or(Vec::new(), |tile| tiles[&tile].clone())).collect();
        let found = frontier_of(self.size, &partial).root();
        if found != *root {
            return Err(TileReadError::Root { size: self.size, expected: *root, found });
        }
        // Every full tile has its voucher in the map, which has one of its own, up to the edge: all of them agree, or one is named.
        for (&tile, hashes) in tiles {
            let Some((above, at)) = self.voucher(tile) else {
                continue;
            };
            let (expected, found) = (tiles[&above][at], root_of(hashes));
            if expected != found {
                return Err(TileReadError::Parent { tile, expected, found });
            }
        }
        Ok(())
    }
}

impl<R: TileReader> HashReader for TileHashes<R> {
    type Error = TileReadError<R::Error>;

    fn read_hashes(&self, nodes: &[Node]) -> Result<Vec<TreeHash>, Self::Error> {
        let places: Vec<(Tile, usize)> =
            nodes.iter().map(|&node| self.place(node)).collect::<Result<_, _>>().map_err(TileReadError::NoSuchNode)?;
        let mut tiles: BTreeMap<Tile, Vec<TreeHash>> = places.iter().map(|&(tile, _)| (tile, Vec::new())).collect();
        if self.root.is_some() {
            self.add_vouchers(&mut tiles);
        }
        for (&tile, hashes) in &mut tiles {
            *hashes = read_hashes_of(&self.reader, tile)?;
        }
        if let Some(root) = &self.root {
            self.authenticate(&tiles, root)?;
        }
        let hashes = nodes.iter().zip(places).map(|(node, (tile, from))| {
            let wide = 1 << (node.level % 8);
            root_of(&tiles[&tile][from..from + wide])
        });
        Ok(hashes.collect())
    }
}

/// Returns the partial tile of each level of a tree of `size` leaves, or none where the level's last tile is full.
fn edge_tiles(size: u64) -> impl Iterator<Item = Option<Tile>> {
    (0..TILE_LEVELS).map(move |level| (level, size >> (8 * u32::from(level)))).take_while(|&(_, count)| count > 0).map(|(level, count)| {
        let width = (count & 255) as u16;
        (width > 0).then(|| hash_tile(level, count >> 8, width))
    })
}

/// Joins the partial tiles of a size into its right edge: one subtree for each bit of each width.
fn frontier_of(size: u64, partial: &[Vec<TreeHash>]) -> Frontier {
    let mut subtrees = Vec::new();
    for hashes in partial.iter().rev() {
        // A tile's own frontier is the part of the tree's that lies on the tile's eight levels.
        let mut within = Frontier::new();
        hashes.iter().for_each(|&hash| within.push(hash));
        subtrees.extend_from_slice(within.subtrees());
    }
    Frontier::restore(size, subtrees).expect("the widths of partial tiles are the size's bytes")
}

fn read_hashes_of<R: TileReader>(reader: &R, tile: Tile) -> Result<Vec<TreeHash>, TileReadError<R::Error>> {
    let bytes = reader.read_tile(tile).map_err(|error| TileReadError::Read { tile, error })?;
    decode_hashes(tile, &bytes).map_err(TileReadError::Tile)
}

fn hash_tile(level: u8, index: u64, width: u16) -> Tile {
    Tile::new(TileKind::Hashes { level }, index, width).expect("levels of a tree are below 8, widths of its tiles from 1 to 256")
}

#[cfg(test)]
mod tests {
    use super::super::prove::{Plan, prove_inclusion, read_root};
    use super::super::tile::{encode_hashes, hash_tiles};
    use super::super::tree::{MemoryTree, empty_root, leaf_hash};
    use super::*;
    use std::cell::RefCell;

    /// Tiles in memory. Complains when a tile is written twice or read twice in a plan.
    #[derive(Default)]
    struct Shelf {
        tiles: BTreeMap<Tile, Vec<u8>>,
        read: RefCell<Vec<Tile>>,
    }

    impl Shelf {
        fn put(&mut self, tile: Tile, hashes: &[TreeHash]) {
            assert_eq!(hashes.len(), usize::from(tile.width()));
            let before = self.tiles.insert(tile, encode_hashes(hashes));
            assert_eq!(before, None, "{tile} written twice");
        }

        fn spoil(&mut self, tile: Tile, at: usize) {
            self.tiles.get_mut(&tile).unwrap()[at] ^= 1;
        }
    }

    impl TileReader for Shelf {
        type Error = String;

        fn read_tile(&self, tile: Tile) -> Result<Vec<u8>, String> {
            let mut read = self.read.borrow_mut();
            assert!(!read.contains(&tile), "{tile} read twice");
            read.push(tile);
            self.tiles.get(&tile).cloned().ok_or("not there".into())
        }
    }

    fn leaf(index: u64) -> TreeHash {
        leaf_hash(&index.to_be_bytes())
    }

    fn grown(size: u64) -> (Shelf, TileEdge) {
        let mut shelf = Shelf::default();
        let mut edge = TileEdge::new();
        for index in 0..size {
            edge.push(leaf(index), |tile, hashes| shelf.put(tile, hashes));
        }
        for (tile, hashes) in edge.partial_tiles() {
            shelf.put(tile, hashes);
        }
        (shelf, edge)
    }

    const SIZES: [u64; 10] = [0, 1, 3, 255, 256, 257, 515, 65_535, 65_536, 66_051];

    #[test]
    fn growing_writes_just_the_tiles_of_the_size() {
        for size in SIZES {
            let (shelf, edge) = grown(size);
            let mut expected: Vec<Tile> = hash_tiles(size).collect();
            expected.sort();
            let written: Vec<Tile> = shelf.tiles.keys().copied().collect();
            assert_eq!(written, expected, "size {size}");
            assert_eq!(TileEdge::restore(&shelf, size, &edge.root()), Ok(edge));
        }
    }

    #[test]
    fn tiles_can_be_computed_from_their_nodes() {
        let (shelf, _) = grown(66_051);
        let mut tree = MemoryTree::new();
        (0..66_051).for_each(|index| tree.push(leaf(index)));
        for (tile, bytes) in &shelf.tiles {
            let nodes: Vec<Node> = tile.nodes().unwrap().collect();
            assert_eq!(encode_hashes(&tree.read_hashes(&nodes).unwrap()), *bytes);
        }
    }

    #[test]
    fn a_restored_edge_goes_on_as_if_nothing_had_happened() {
        let (shelf, before) = grown(257);
        let mut edge = TileEdge::restore(&shelf, 257, &before.root()).unwrap();
        let mut full = Vec::new();
        for index in 257..513 {
            edge.push(leaf(index), |tile, _| full.push(tile.path()));
        }
        assert_eq!(full, ["tile/0/001"]);
        assert_eq!(edge, grown(513).1);
    }

    #[test]
    fn both_readers_read_what_the_tree_has() {
        for size in SIZES {
            let (shelf, edge) = grown(size);
            let mut tree = MemoryTree::new();
            (0..size).for_each(|index| tree.push(leaf(index)));
            let believing = TileHashes::new(&shelf, size);
            let checking = TileHashes::authenticated(&shelf, size, edge.root());
            for index in [0, 1, 255, 256, 300, 65_535, 65_536, 66_050] {
                for readers in [&believing, &checking] {
                    shelf.read.borrow_mut().clear();
                    let proof = prove_inclusion(readers, index, size);
                    assert_eq!(proof.ok(), prove_inclusion(&tree, index, size).ok());
                }
            }
            shelf.read.borrow_mut().clear();
            assert_eq!(read_root(&believing, size), Ok(edge.root()));
        }
    }

    #[test]
    fn a_spoiled_tile_is_named() {
        let size = 66_051; // 258 full tiles and three leaves; then 1 full and 2; then 1
        let tile = |path| Tile::parse(path).unwrap();
        let read = |shelf: &Shelf, root, index| {
            shelf.read.borrow_mut().clear();
            TileHashes::authenticated(shelf, size, root).read_hashes(&[Node { level: 0, index }]).map_err(|error| error.to_string())
        };
        let root = grown(size).1.root();
        // (tile, leaf read, who is blamed)
        let cases = [
            ("tile/0/000", 1, "tile/0/000 has the root"),
            ("tile/0/001", 256, "tile/0/001 has the root"),
            ("tile/0/258.p/3", 66_050, "root of size 66051 is"),
            ("tile/0/258.p/3", 0, "root of size 66051 is"),
            ("tile/1/001.p/2", 65_536, "root of size 66051 is"),
            ("tile/2/000.p/1", 0, "root of size 66051 is"),
        ];
        for (path, index, expected) in cases {
            let (mut shelf, _) = grown(size);
            assert_eq!(read(&shelf, root, index), Ok(vec![leaf(index)]));
            shelf.spoil(tile(path), 7);
            let error = read(&shelf, root, index).unwrap_err();
            assert!(error.starts_with(expected), "{path}: {error}");
        }
        // In a tile above: either it no longer fits what is above it, or what is below it.
        let (mut shelf, _) = grown(size);
        shelf.spoil(tile("tile/1/000"), 0);
        assert!(read(&shelf, root, 1).unwrap_err().contains("has the root"));
        shelf.spoil(tile("tile/1/000"), 0);
        // Exchanged as a whole, with a tile below that fits: the level above still knows.
        shelf.spoil(tile("tile/0/000"), 0);
        let forged = root_of(&decode_hashes(tile("tile/0/000"), &shelf.tiles[&tile("tile/0/000")]).unwrap());
        shelf.tiles.get_mut(&tile("tile/1/000")).unwrap()[..32].copy_from_slice(forged.as_bytes());
        let error = read(&shelf, root, 0).unwrap_err();
        assert!(error.starts_with("tile/1/000 has the root"), "{error}");
    }

    #[test]
    fn restoring_refuses_another_root_and_short_tiles() {
        let (mut shelf, edge) = grown(515);
        assert!(matches!(TileEdge::restore(&shelf, 515, &leaf(0)), Err(TileReadError::Root { size: 515, .. })));
        shelf.read.borrow_mut().clear();
        let partial = Tile::parse("tile/0/002.p/3").unwrap();
        shelf.tiles.get_mut(&partial).unwrap().pop();
        let error = TileEdge::restore(&shelf, 515, &edge.root()).unwrap_err();
        assert_eq!(error.to_string(), "tile/0/002.p/3 has 95 bytes, should have 96");
        shelf.read.borrow_mut().clear();
        shelf.tiles.remove(&partial);
        let error = TileEdge::restore(&shelf, 515, &edge.root()).unwrap_err();
        assert_eq!(error.to_string(), "tile/0/002.p/3 could not be read: not there");
        assert_eq!(TileEdge::restore(&shelf, 0, &empty_root()), Ok(TileEdge::new()));
    }

    #[test]
    fn nodes_beyond_the_size_are_not_read() {
        let (shelf, _) = grown(5);
        let reader = TileHashes::new(&shelf, 5);
        for node in [(0, 5), (1, 2), (3, 0), (64, 0), (255, u64::MAX), (8, u64::MAX)] {
            let (level, index) = node;
            assert!(matches!(reader.read_hashes(&[Node { level, index }]), Err(TileReadError::NoSuchNode(_))));
        }
        assert!(shelf.read.borrow().is_empty());
        assert_eq!(Plan::root(5).nodes().len(), 2);
    }
}
