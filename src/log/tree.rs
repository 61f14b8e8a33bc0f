//! The Merkle tree of RFC 6962, section 2.1, over SHA-256.
//!
//! ```text
//! leaf hash        SHA-256(0x00 || entry)
//! node hash        SHA-256(0x01 || left || right)          left = the largest power of two of leaves that leaves some over
//! root, no leaves  SHA-256("")
//!
//!              root                 size 7 = 0b111: the right edge (frontier) is three perfect
//!           /        \              subtrees, of 4, 2 and 1 leaves: one for each bit of the size
//!         a            b
//!       /   \        /   \          node (level 2, index 0) = a = leaves 0..4
//!      .     .      c     6         node (level 1, index 2) = c = leaves 4..6
//!     / \   / \    / \
//!    0   1 2   3  4   5
//! ```
//!
//! A **node** is always a perfect subtree, 2^level leaves wide, and its hash never changes once its last leaf is there: such hashes
//! are what tiles store and [`HashReader`]s read. Proofs are in [`super::prove`].

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A SHA-256 hash in the tree. Shown in lower-case hex; C2SP formats carry it in base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreeHash([u8; 32]);

impl TreeHash {
    pub const LEN: usize = 32;

    pub fn from_bytes(bytes: [u8; 32]) -> TreeHash {
        TreeHash(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 44 characters of standard base64; any other spelling is refused. Inverse: [`TreeHash::to_base64`].
    pub fn from_base64(text: &str) -> Option<TreeHash> {
        // The length is looked at first, so a line of any length costs nothing.
        if text.len() != 44 {
            return None;
        }
        let bytes = BASE64.decode(text.as_bytes()).ok()?;
        Some(TreeHash(bytes.try_into().ok()?))
    }

    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }
}

impl fmt::Display for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeHash({self})")
    }
}

/// Returns the root of the tree without leaves, `SHA-256("")`.
pub fn empty_root() -> TreeHash {
    TreeHash(Sha256::digest([]).into())
}

/// Returns `SHA-256(0x00 || entry)`.
pub fn leaf_hash(entry: &[u8]) -> TreeHash {
    let hash = Sha256::new().chain_update([0x00]).chain_update(entry);
    TreeHash(hash.finalize().into())
}

/// Returns `SHA-256(0x01 || left || right)`. The first byte keeps a node from being passed off as an entry of 64 bytes.
pub fn node_hash(left: &TreeHash, right: &TreeHash) -> TreeHash {
    let mut message = [0x01; 65];
    message[1..33].copy_from_slice(&left.0);
    message[33..].copy_from_slice(&right.0);
    TreeHash(Sha256::digest(message).into())
}

/// Returns the root over hashes of equal height: leaf hashes, or those of one tile.
pub fn root_of(hashes: &[TreeHash]) -> TreeHash {
    let mut frontier = Frontier::new();
    for &hash in hashes {
        frontier.push(hash);
    }
    frontier.root()
}

/// Joins the perfect subtrees of a right edge, widest first, into the hash above them all.
pub(super) fn join_edge(subtrees: &[TreeHash]) -> Option<TreeHash> {
    let (last, wider) = subtrees.split_last()?;
    Some(wider.iter().rev().fold(*last, |right, left| node_hash(left, &right)))
}

/// A perfect subtree: the leaves from `index * 2^level` up to, not including, `(index + 1) * 2^level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    pub level: u8,
    pub index: u64,
}

impl Node {
    /// Whether a tree of `size` leaves has all the leaves of this node.
    pub fn is_within(&self, size: u64) -> bool {
        // Leaves are numbered in 64 bits, so the end of a node may need 65; beyond level 64 there is none.
        self.level < 64 && (u128::from(self.index) + 1) << self.level <= u128::from(size)
    }
}

/// Gives the hashes of nodes, from tiles, a table or a cache. Read once a plan, so that an implementation can fetch in parallel.
pub trait HashReader {
    type Error;

    /// Returns the hashes of `nodes`, in their order.
    fn read_hashes(&self, nodes: &[Node]) -> Result<Vec<TreeHash>, Self::Error>;
}

/// The right edge of a growing tree: all that is needed to append and to know the root. At most 64 hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// One perfect subtree for each bit set in `size`, widest first.
    subtrees: Vec<TreeHash>,
}

/// The wrong number of hashes for a right edge.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the right edge of a tree of size {size} has {expected} hashes, found {found}")]
pub struct FrontierError {
    pub size: u64,
    pub expected: usize,
    pub found: usize,
}

impl Frontier {
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// Takes up a right edge that was kept: the perfect subtrees, widest first. Inverse: [`Frontier::subtrees`].
    ///
    /// The hashes are believed; compare [`Frontier::root`] with a checkpoint.
    pub fn restore(size: u64, subtrees: Vec<TreeHash>) -> Result<Frontier, FrontierError> {
        let expected = size.count_ones() as usize;
        if subtrees.len() != expected {
            return Err(FrontierError { size, expected, found: subtrees.len() });
        }
        Ok(Frontier { size, subtrees })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn subtrees(&self) -> &[TreeHash] {
        &self.subtrees
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: TreeHash) {
        self.push_each(leaf, |_, _| {});
    }

    /// Appends a leaf and tells every node that it completes, the leaf first, then upwards.
    pub fn push_each(&mut self, leaf: TreeHash, mut on_node: impl FnMut(Node, TreeHash)) {
        let mut node = Node { level: 0, index: self.size };
        let mut hash = leaf;
        on_node(node, hash);
        // A right child (odd index) completes its parent; a left child waits on the edge.
        while node.index & 1 == 1 {
            let left = self.subtrees.pop().expect("every bit set in the size has its subtree");
            hash = node_hash(&left, &hash);
            node = Node { level: node.level + 1, index: node.index >> 1 };
            on_node(node, hash);
        }
        self.subtrees.push(hash);
        self.size = self.size.checked_add(1).expect("nobody can push 2^64 leaves");
    }

    /// Returns the root of the tree so far.
    pub fn root(&self) -> TreeHash {
        join_edge(&self.subtrees).unwrap_or_else(empty_root)
    }
}

/// All hashes of a tree, in memory: 64 bytes a leaf. For tests, tools and logs of a modest size.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    frontier: Frontier,
    levels: Vec<Vec<TreeHash>>,
}

/// A node that the tree does not have (yet).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the tree of size {size} has no node at level {}, index {}", node.level, node.index)]
pub struct NoSuchNode {
    pub node: Node,
    pub size: u64,
}

impl MemoryTree {
    pub fn new() -> MemoryTree {
        MemoryTree::default()
    }

    pub fn push(&mut self, leaf: TreeHash) {
        let levels = &mut self.levels;
        self.frontier.push_each(leaf, |node, hash| {
            let level = usize::from(node.level);
            if level == levels.len() {
                levels.push(Vec::new());
            }
            levels[level].push(hash);
        });
    }

    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }
}

impl HashReader for MemoryTree {
    type Error = NoSuchNode;

    fn read_hashes(&self, nodes: &[Node]) -> Result<Vec<TreeHash>, NoSuchNode> {
        let read = |&node: &Node| {
            let level = self.levels.get(usize::from(node.level));
            let index = usize::try_from(node.index).ok();
            level.zip(index).and_then(|(level, index)| level.get(index).copied()).ok_or(NoSuchNode { node, size: self.frontier.size })
        };
        nodes.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MTH as RFC 6962 writes it, to hold the frontier against.
    fn mth(leaves: &[TreeHash]) -> TreeHash {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node_hash(&mth(&leaves[..split]), &mth(&leaves[split..]))
            }
        }
    }

    fn leaves(count: u64) -> Vec<TreeHash> {
        (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    #[test]
    fn hashes_are_those_of_the_rfc() {
        // echo -n '' | sha256sum; printf '\0' | sha256sum; (printf '\1'; head -c 64 /dev/zero) | sha256sum
        let zero = TreeHash::from_bytes([0; 32]);
        let cases = [
            (empty_root(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (leaf_hash(b""), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (node_hash(&zero, &zero), "ae0798d0ecaed2b778eddebf18f071a561c53658c05e76cedecc27cafbdbc577"),
        ];
        for (hash, expected) in cases {
            assert_eq!(hash.to_string(), expected);
        }
    }

    #[test]
    fn frontier_follows_the_definition() {
        let leaves = leaves(300);
        let mut frontier = Frontier::new();
        for size in 0..leaves.len() {
            assert_eq!(frontier.size(), size as u64);
            assert_eq!(frontier.root(), mth(&leaves[..size]), "size {size}");
            let again = Frontier::restore(frontier.size(), frontier.subtrees().to_vec()).expect("restore");
            assert_eq!(again, frontier);
            frontier.push(leaves[size]);
        }
    }

    #[test]
    fn frontier_tells_each_node_once_and_rightly() {
        let leaves = leaves(130);
        let mut told = Vec::new();
        let mut frontier = Frontier::new();
        for &leaf in &leaves {
            frontier.push_each(leaf, |node, hash| told.push((node, hash)));
        }
        // 130 + 65 + 32 + 16 + 8 + 4 + 2 + 1 perfect subtrees
        assert_eq!(told.len(), 258);
        for (node, hash) in told {
            let from = (node.index << node.level) as usize;
            assert_eq!(hash, mth(&leaves[from..from + (1 << node.level)]));
        }
    }

    #[test]
    fn restore_wants_one_hash_for_each_bit() {
        let error = Frontier::restore(7, leaves(2)).unwrap_err();
        assert_eq!(error.to_string(), "the right edge of a tree of size 7 has 3 hashes, found 2");
        assert!(Frontier::restore(u64::MAX, leaves(64)).is_ok());
    }

    #[test]
    fn nodes_at_the_far_end_do_not_overflow() {
        let node = |level, index| Node { level, index };
        assert!(node(0, 6).is_within(7) && !node(0, 7).is_within(7));
        assert!(node(1, 2).is_within(7) && !node(1, 3).is_within(7));
        assert!(node(63, 0).is_within(u64::MAX) && !node(63, 1).is_within(u64::MAX));
        assert!(!node(0, u64::MAX).is_within(u64::MAX));
        assert!(!node(63, u64::MAX).is_within(u64::MAX));
        assert!(!node(64, 0).is_within(u64::MAX) && !node(255, 0).is_within(u64::MAX));
    }

    #[test]
    fn base64_has_one_spelling() {
        let hash = leaf_hash(b"a");
        let text = hash.to_base64();
        assert_eq!(TreeHash::from_base64(&text), Some(hash));
        let unpadded = text.trim_end_matches('=');
        // The last character before '=' has two bits that no byte uses.
        let last = unpadded.as_bytes()[42];
        let stray = format!("{}{}=", &unpadded[..42], (last + 1) as char);
        for wrong in [unpadded, &format!("{text} "), &stray, &"=".repeat(44), ""] {
            assert_eq!(TreeHash::from_base64(wrong), None, "{wrong}");
        }
    }
}
