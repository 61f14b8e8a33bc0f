//! Merkle proofs of RFC 6962, sections 2.1.1 and 2.1.2: made, and checked.
//!
//! ```text
//! inclusion    of leaf `index` in the tree of `size`: the hashes beside its way up, the leaf's sibling first
//! consistency  of the tree of `old` leaves with that of `new`: the hashes from which both roots can be made,
//!              the deepest first; none if old = new, and none if old = 0 (every tree extends the empty one)
//! ```
//!
//! Making a proof is three steps: a [`Plan`] names the nodes, a [`HashReader`] reads them in one go, the plan folds them. A proof needs
//! no trust in whoever made it: checking compares with roots that the checker holds. All sizes are 64 bits wide and
//! come from strangers, so nothing here may overflow or allocate by them; a proof has at most 65 hashes.

use thiserror::Error;

use super::tree::{HashReader, Node, TreeHash, empty_root, join_edge, node_hash};

/// Why a proof could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProveError<E> {
    #[error("index {index} is not in a tree of size {size}")]
    OutOfRange { index: u64, size: u64 },
    #[error("size {old} is beyond size {new}: a log does not shrink")]
    Shrinks { old: u64, new: u64 },
    #[error("{found} hashes were read, should be {expected}")]
    Count { expected: usize, found: usize },
    #[error(transparent)]
    Read(E),
}

/// Why a proof does not show what it should.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckError {
    #[error("index {index} is not in a tree of size {size}")]
    OutOfRange { index: u64, size: u64 },
    #[error("size {old} is beyond size {new}: a log does not shrink")]
    Shrinks { old: u64, new: u64 },
    #[error("proof of length {found}, should be {expected}")]
    Length { expected: usize, found: usize },
    #[error("root of size {size} is {expected}, the proof makes {found}")]
    Root { size: u64, expected: TreeHash, found: TreeHash },
}

/// Makes the proof that leaf `index` is in the tree of `size` leaves. [`check_inclusion`] checks it.
pub fn prove_inclusion<R: HashReader>(reader: &R, index: u64, size: u64) -> Result<Vec<TreeHash>, ProveError<R::Error>> {
    match Plan::inclusion(index, size) {
        Some(plan) => plan.read(reader),
        None => Err(ProveError::OutOfRange { index, size }),
    }
}

/// Makes the proof that the tree of `new` leaves begins with that of `old` leaves. [`check_consistency`] checks it.
pub fn prove_consistency<R: HashReader>(reader: &R, old: u64, new: u64) -> Result<Vec<TreeHash>, ProveError<R::Error>> {
    match Plan::consistency(old, new) {
        Some(plan) => plan.read(reader),
        None => Err(ProveError::Shrinks { old, new }),
    }
}

/// Reads what the root of the tree of `size` leaves is made of, and makes it.
pub fn read_root<R: HashReader>(reader: &R, size: u64) -> Result<TreeHash, ProveError<R::Error>> {
    let hashes = Plan::root(size).read(reader)?;
    Ok(hashes.first().copied().unwrap_or_else(empty_root))
}

/// Checks that `leaf` is the hash of leaf `index` in the tree of `size` leaves under `root`.
pub fn check_inclusion(index: u64, size: u64, leaf: &TreeHash, proof: &[TreeHash], root: &TreeHash) -> Result<(), CheckError> {
    if index >= size {
        return Err(CheckError::OutOfRange { index, size });
    }
    let way = Way::up(index, size);
    let (turns, lefts) = way.split(proof)?;
    let mut hash = *leaf;
    for (level, sibling) in turns.iter().enumerate() {
        hash = if index >> level & 1 == 0 { node_hash(&hash, sibling) } else { node_hash(sibling, &hash) };
    }
    let found = add_lefts(hash, lefts);
    compare_root(size, root, found)
}

/// Checks that the tree of `new` leaves under `new_root` begins with the very leaves of the tree of `old` leaves under `old_root`.
pub fn check_consistency(old: u64, old_root: &TreeHash, new: u64, new_root: &TreeHash, proof: &[TreeHash]) -> Result<(), CheckError> {
    if old > new {
        return Err(CheckError::Shrinks { old, new });
    }
    if old == 0 || old == new {
        let expected = if old == 0 { &empty_root() } else { new_root };
        compare_root(old, expected, *old_root)?;
        if new == 0 {
            compare_root(new, &empty_root(), *new_root)?;
        }
        return check_length(0, proof.len());
    }
    // The widest perfect subtree that ends the old tree is where the proof starts from. If the old tree is nothing but that
    // subtree, its hash is the old root, which the checker has and the proof therefore leaves out.
    let level = old.trailing_zeros();
    let index = (old - 1) >> level;
    let way = Way::up(index, ((new - 1) >> level) + 1);
    let (start, rest) = if index == 0 {
        (old_root, proof)
    } else {
        match proof.split_first() {
            Some(split) => split,
            None => return check_length(way.len() + 1, 0),
        }
    };
    let (turns, lefts) = way.split(rest).map_err(|_| length_error(way.len() + usize::from(index != 0), proof.len()))?;
    // One walk makes both roots: a hash to the left belongs to both trees, one to the right only to the new tree.
    let (mut old_hash, mut new_hash) = (*start, *start);
    for (level, sibling) in turns.iter().enumerate() {
        if index >> level & 1 == 0 {
            new_hash = node_hash(&new_hash, sibling);
        } else {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
        }
    }
    compare_root(old, old_root, add_lefts(old_hash, lefts))?;
    compare_root(new, new_root, add_lefts(new_hash, lefts))
}

/// The way from a node up to the root, as two counts of hashes beside it.
///
/// Below the level where it meets the way of the tree's last node, every level has a sibling, left or right as the index
/// says (`turns`). Above, the way runs along the right edge, and only left siblings are whole (`lefts`).
struct Way {
    turns: usize,
    lefts: usize,
}

impl Way {
    /// Counts the way of node `index` in a row of `count` nodes, `index < count`.
    fn up(index: u64, count: u64) -> Way {
        let turns = u64::BITS - (index ^ (count - 1)).leading_zeros();
        let above = index.checked_shr(turns).unwrap_or(0);
        Way { turns: turns as usize, lefts: above.count_ones() as usize }
    }

    fn len(&self) -> usize {
        self.turns + self.lefts
    }

    fn split<'p>(&self, proof: &'p [TreeHash]) -> Result<(&'p [TreeHash], &'p [TreeHash]), CheckError> {
        check_length(self.len(), proof.len())?;
        Ok(proof.split_at(self.turns))
    }
}

fn add_lefts(hash: TreeHash, lefts: &[TreeHash]) -> TreeHash {
    lefts.iter().fold(hash, |right, left| node_hash(left, &right))
}

fn check_length(expected: usize, found: usize) -> Result<(), CheckError> {
    if expected == found { Ok(()) } else { Err(length_error(expected, found)) }
}

fn length_error(expected: usize, found: usize) -> CheckError {
    CheckError::Length { expected, found }
}

fn compare_root(size: u64, expected: &TreeHash, found: TreeHash) -> Result<(), CheckError> {
    if *expected == found {
        return Ok(());
    }
    Err(CheckError::Root { size, expected: *expected, found })
}

/// Which nodes to read, and how to fold them: each group of nodes, joined from the right, makes one hash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    nodes: Vec<Node>,
    /// How many nodes make each hash.
    groups: Vec<usize>,
}

impl Plan {
    /// Plans the root: one hash, or none for the empty tree, whose root is known.
    pub fn root(size: u64) -> Plan {
        let mut plan = Plan::default();
        if size > 0 {
            plan.add(0, size);
        }
        plan
    }

    /// Plans `PATH(index, D[size])` of RFC 6962; none if `index` is not within `size`.
    pub fn inclusion(index: u64, size: u64) -> Option<Plan> {
        if index >= size {
            return None;
        }
        let (mut begin, mut end) = (0, size);
        let mut beside = Vec::new();
        while end - begin > 1 {
            let middle = begin + split(end - begin);
            if index < middle {
                beside.push((middle, end));
                end = middle;
            } else {
                beside.push((begin, middle));
                begin = middle;
            }
        }
        Some(Plan::deepest_first(beside))
    }

    /// Plans `PROOF(old, D[new])` of RFC 6962; none if `old` is beyond `new`.
    pub fn consistency(old: u64, new: u64) -> Option<Plan> {
        if old > new {
            return None;
        }
        let (mut begin, mut end) = (0, new);
        let mut beside = Vec::new();
        if old > 0 {
            // SUBPROOF: walk to the subtree that ends with the old tree.
            while end > old {
                let middle = begin + split(end - begin);
                if old <= middle {
                    beside.push((middle, end));
                    end = middle;
                } else {
                    beside.push((begin, middle));
                    begin = middle;
                }
            }
            // A subtree that begins at 0 is the old tree itself; its root needs no telling.
            if begin > 0 {
                beside.push((begin, end));
            }
        }
        Some(Plan::deepest_first(beside))
    }

    /// The nodes to read, in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Folds the hashes of [`Plan::nodes`], in their order, into the planned ones; none if their number is not that of the nodes.
    pub fn fold(&self, hashes: &[TreeHash]) -> Option<Vec<TreeHash>> {
        if hashes.len() != self.nodes.len() {
            return None;
        }
        let mut rest = hashes;
        self.groups
            .iter()
            .map(|&count| {
                let (group, after) = rest.split_at(count);
                rest = after;
                join_edge(group)
            })
            .collect()
    }

    fn read<R: HashReader>(&self, reader: &R) -> Result<Vec<TreeHash>, ProveError<R::Error>> {
        let hashes = reader.read_hashes(&self.nodes).map_err(ProveError::Read)?;
        self.fold(&hashes).ok_or(ProveError::Count { expected: self.nodes.len(), found: hashes.len() })
    }

    fn deepest_first(ranges: Vec<(u64, u64)>) -> Plan {
        let mut plan = Plan::default();
        for &(begin, end) in ranges.iter().rev() {
            plan.add(begin, end);
        }
        plan
    }

    /// Adds the hash over leaves `begin..end`, where `begin` is a multiple of a power of two no smaller than the range: one perfect
    /// subtree for each bit of its length, widest first.
    fn add(&mut self, begin: u64, end: u64) {
        let mut length = end - begin;
        let mut at = begin;
        self.groups.push(length.count_ones() as usize);
        while length > 0 {
            let level = length.ilog2();
            self.nodes.push(Node { level: level as u8, index: at >> level });
            at += 1 << level;
            length -= 1 << level;
        }
    }
}

/// Returns the largest power of two smaller than `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Frontier, MemoryTree, leaf_hash};
    use super::*;

    fn leaf(index: u64) -> TreeHash {
        leaf_hash(&index.to_be_bytes())
    }

    fn tree(size: u64) -> MemoryTree {
        let mut tree = MemoryTree::new();
        (0..size).for_each(|index| tree.push(leaf(index)));
        tree
    }

    fn roots(size: u64) -> Vec<TreeHash> {
        let mut frontier = Frontier::new();
        let mut roots = vec![frontier.root()];
        for index in 0..size {
            frontier.push(leaf(index));
            roots.push(frontier.root());
        }
        roots
    }

    /// Every way to spoil a proof by one hash: changed, dropped, doubled, added.
    fn spoiled(proof: &[TreeHash]) -> Vec<Vec<TreeHash>> {
        let mut all = Vec::new();
        for at in 0..proof.len() {
            let mut changed = proof.to_vec();
            changed[at] = leaf(99);
            let mut dropped = proof.to_vec();
            dropped.remove(at);
            let mut doubled = proof.to_vec();
            doubled.insert(at, proof[at]);
            all.extend([changed, dropped, doubled]);
        }
        let mut added = proof.to_vec();
        added.push(leaf(99));
        all.push(added);
        all
    }

    #[test]
    fn every_inclusion_in_small_trees() {
        let (tree, roots) = (tree(40), roots(40));
        for size in 1..=40u64 {
            let root = &roots[size as usize];
            assert_eq!(read_root(&tree, size).as_ref(), Ok(root));
            for index in 0..size {
                let proof = prove_inclusion(&tree, index, size).unwrap();
                assert_eq!(check_inclusion(index, size, &leaf(index), &proof, root), Ok(()));
                assert!(check_inclusion(index, size, &leaf(index + 1), &proof, root).is_err());
                for other in (0..size).filter(|&other| other != index) {
                    assert!(check_inclusion(other, size, &leaf(index), &proof, root).is_err());
                }
                for wrong in spoiled(&proof) {
                    assert!(check_inclusion(index, size, &leaf(index), &wrong, root).is_err());
                }
            }
        }
    }

    #[test]
    fn every_consistency_in_small_trees() {
        let (tree, roots) = (tree(40), roots(40));
        let stranger = leaf(99);
        for new in 0..=40u64 {
            for old in 0..=new {
                let (old_root, new_root) = (&roots[old as usize], &roots[new as usize]);
                let proof = prove_consistency(&tree, old, new).unwrap();
                let check = |proof: &[TreeHash], old_root, new_root| check_consistency(old, old_root, new, new_root, proof);
                assert_eq!(check(&proof, old_root, new_root), Ok(()), "{old} to {new}");
                assert!(check(&proof, &stranger, new_root).is_err());
                if old > 0 {
                    assert!(check(&proof, old_root, &stranger).is_err());
                }
                for wrong in spoiled(&proof) {
                    assert!(check(&wrong, old_root, new_root).is_err(), "{old} to {new} by {wrong:?}");
                }
            }
        }
    }

    /// The example of RFC 6962, section 2.1.3: a tree of seven leaves a to g (here d0 to d6).
    #[test]
    fn proofs_of_the_rfc_example() {
        let node = |level, index| Node { level, index };
        let inclusion = |index| Plan::inclusion(index, 7).unwrap().nodes;
        assert_eq!(inclusion(0), [node(0, 1), node(1, 1), node(1, 2), node(0, 6)]);
        assert_eq!(inclusion(3), [node(0, 2), node(1, 0), node(1, 2), node(0, 6)]);
        assert_eq!(inclusion(4), [node(0, 5), node(0, 6), node(2, 0)]);
        assert_eq!(inclusion(6), [node(1, 2), node(2, 0)]);
        let consistency = |old| Plan::consistency(old, 7).unwrap().nodes;
        assert_eq!(consistency(3), [node(0, 2), node(0, 3), node(1, 0), node(1, 2), node(0, 6)]);
        assert_eq!(consistency(4), [node(1, 2), node(0, 6)]);
        assert_eq!(consistency(6), [node(1, 2), node(0, 6), node(2, 0)]);
        assert_eq!(consistency(7), []);
        assert_eq!(consistency(0), []);
    }

    #[test]
    fn errors_name_what_was_expected() {
        let root = leaf(0);
        let check = |index, size, proof: &[TreeHash]| check_inclusion(index, size, &leaf(0), proof, &root).unwrap_err().to_string();
        assert_eq!(check(7, 7, &[]), "index 7 is not in a tree of size 7");
        assert_eq!(check(0, 0, &[]), "index 0 is not in a tree of size 0");
        assert_eq!(check(0, 7, &[root; 2]), "proof of length 2, should be 3");
        assert_eq!(check(6, 7, &[root; 3]), "proof of length 3, should be 2");
        let check = |old, new, proof: &[TreeHash]| check_consistency(old, &root, new, &root, proof).unwrap_err().to_string();
        assert_eq!(check(3, 7, &[]), "proof of length 0, should be 4");
        assert_eq!(check(3, 7, &[root; 5]), "proof of length 5, should be 4");
        assert_eq!(check(4, 7, &[root; 2]), "proof of length 2, should be 1");
        assert_eq!(check(7, 7, &[root]), "proof of length 1, should be 0");
        assert_eq!(check(8, 7, &[]), "size 8 is beyond size 7: a log does not shrink");
        assert_eq!(prove_inclusion(&tree(3), 3, 3), Err(ProveError::OutOfRange { index: 3, size: 3 }));
        assert_eq!(prove_consistency(&tree(3), 4, 3), Err(ProveError::Shrinks { old: 4, new: 3 }));
    }

    /// A tree of that size cannot be built, but its shape can be walked: all leaves alike, so every node of a level is alike.
    struct Uniform;

    impl HashReader for Uniform {
        type Error = std::convert::Infallible;

        fn read_hashes(&self, nodes: &[Node]) -> Result<Vec<TreeHash>, Self::Error> {
            let perfect = |level| (0..level).fold(leaf(0), |hash, _| node_hash(&hash, &hash));
            assert!(nodes.iter().all(|node| node.is_within(u64::MAX)));
            Ok(nodes.iter().map(|node| perfect(node.level)).collect())
        }
    }

    #[test]
    fn the_largest_sizes_hold() {
        let edges = [1, 2, 255, 256, 257, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX];
        for new in edges {
            let new_root = read_root(&Uniform, new).unwrap();
            for old in edges.into_iter().filter(|&old| old <= new) {
                let old_root = read_root(&Uniform, old).unwrap();
                let proof = prove_consistency(&Uniform, old, new).unwrap();
                assert_eq!(check_consistency(old, &old_root, new, &new_root, &proof), Ok(()));
                let index = old - 1;
                let proof = prove_inclusion(&Uniform, index, new).unwrap();
                assert!(proof.len() <= 64);
                assert_eq!(check_inclusion(index, new, &leaf(0), &proof, &new_root), Ok(()));
            }
        }
    }
}
