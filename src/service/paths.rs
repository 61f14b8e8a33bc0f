//! Inclusion paths for the receipts of a batch: each node of the tree is made once, however many paths share it.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::log::prove::{check_inclusion, prove_inclusion};
use crate::log::tile::{Tile, TileKind, decode_hashes};
use crate::log::tile_tree::{TileEdge, TileReader};
use crate::log::tree::{HashReader, Node, TreeHash, node_hash};
use crate::service::tiles::{LedgerTiles, TileSourceError};

/// The tree under the present checkpoint: growing tiles from memory, full ones from `tiles`.
pub(super) struct Paths<'a> {
    tiles: LedgerTiles,
    edge: &'a TileEdge,
    root: TreeHash,
    held: RefCell<FxHashMap<Tile, Vec<TreeHash>>>,
    nodes: RefCell<FxHashMap<Node, TreeHash>>,
}

impl<'a> Paths<'a> {
    pub fn new(tiles: LedgerTiles, edge: &'a TileEdge) -> Paths<'a> {
        Paths { tiles, edge, root: edge.root(), held: RefCell::default(), nodes: RefCell::default() }
    }

    /// The path of an entry, checked against the root that the checkpoint was signed over.
    ///
    /// # Errors
    /// In words, what could not be read or does not fit.
    pub fn path(&self, index: u64, leaf: &TreeHash) -> Result<Vec<TreeHash>, String> {
        let size = self.edge.size();
        let path = prove_inclusion(self, index, size).map_err(|error| error.to_string())?;
        check_inclusion(index, size, leaf, &path, &self.root).map_err(|error| error.to_string())?;
        Ok(path)
    }

    fn hash(&self, node: Node) -> Result<TreeHash, TileSourceError> {
        if let Some(hash) = self.nodes.borrow().get(&node) {
            return Ok(*hash);
        }
        let hash = match node.level % 8 {
            0 => self.tile_hash(node)?,
            _ => {
                let below = |side| Node { level: node.level - 1, index: 2 * node.index + side };
                node_hash(&self.hash(below(0))?, &self.hash(below(1))?)
            }
        };
        self.nodes.borrow_mut().insert(node, hash);
        Ok(hash)
    }

    /// The hash of a node that stands in a tile as it is.
    fn tile_hash(&self, node: Node) -> Result<TreeHash, TileSourceError> {
        let kind = TileKind::Hashes { level: node.level / 8 };
        let tile = Tile::at_size(kind, node.index >> 8, self.edge.size()).expect("a path stays within its tree");
        let place = (node.index & 255) as usize;
        if let Some(hashes) = self.held.borrow().get(&tile) {
            return Ok(hashes[place]);
        }
        let growing = self.edge.partial_tiles().find(|(partial, _)| *partial == tile).map(|(_, hashes)| hashes.to_vec());
        let hashes = match growing {
            Some(hashes) => hashes,
            None => decode_hashes(tile, &self.tiles.read_tile(tile)?)?,
        };
        let hash = hashes[place];
        self.held.borrow_mut().insert(tile, hashes);
        Ok(hash)
    }
}

impl HashReader for Paths<'_> {
    type Error = TileSourceError;

    fn read_hashes(&self, nodes: &[Node]) -> Result<Vec<TreeHash>, TileSourceError> {
        nodes.iter().map(|node| self.hash(*node)).collect()
    }
}
