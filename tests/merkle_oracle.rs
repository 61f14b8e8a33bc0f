//! Our tree against two that others wrote: ct-merkle for roots and proofs, tlog_tiles for tiles and proofs.
//!
//! Where both make a proof the bytes must be the same, and each must accept the other's.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aidledger::log::prove::{check_consistency, check_inclusion, prove_consistency, prove_inclusion, read_root};
use aidledger::log::tile::{Tile, TileKind, encode_hashes, hash_tiles, new_hash_tiles};
use aidledger::log::tile_tree::{TileEdge, TileHashes, TileReader};
use aidledger::log::tree::{Frontier, MemoryTree, TreeHash, leaf_hash};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::*;
use sha2::Sha256;
use tlog_tiles as other;

type CtTree = MemoryBackedTree<Sha256, Vec<u8>>;

/// The largest tree that is held whole: one leaf more than a full tile of level 1.
const SIZE: u64 = 65_537;

/// Sizes about the borders of tiles and of powers of two.
const BORDERS: [u64; 21] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 127, 128, 255, 256, 257, 511, 512, 513, 4_096, 65_535, 65_536, 65_537];

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn ct_tree(size: u64) -> CtTree {
    let mut tree = CtTree::new();
    (0..size).for_each(|index| tree.push(entry(index)));
    tree
}

fn ct_root(root: &TreeHash, size: u64) -> RootHash<Sha256> {
    RootHash::new((*root.as_bytes()).into(), size)
}

fn bytes(hashes: &[TreeHash]) -> Vec<u8> {
    encode_hashes(hashes)
}

/// Everything of ours about the largest tree, computed once.
struct Ours {
    tree: MemoryTree,
    roots: Vec<TreeHash>,
    /// All tiles that were there at any of the sizes in `BORDERS`.
    tiles: Shelf,
}

struct Shelf(BTreeMap<Tile, Vec<u8>>);

impl TileReader for Shelf {
    type Error = String;

    fn read_tile(&self, tile: Tile) -> Result<Vec<u8>, String> {
        self.0.get(&tile).cloned().ok_or(format!("no {tile}"))
    }
}

static OURS: LazyLock<Ours> = LazyLock::new(|| {
    let mut ours = Ours { tree: MemoryTree::new(), roots: Vec::new(), tiles: Shelf(BTreeMap::new()) };
    let mut edge = TileEdge::new();
    for index in 0..=SIZE {
        ours.roots.push(edge.root());
        if BORDERS.contains(&index) {
            for (tile, hashes) in edge.partial_tiles() {
                ours.tiles.0.insert(tile, encode_hashes(hashes));
            }
        }
        if index < SIZE {
            let leaf = leaf_hash(&entry(index));
            ours.tree.push(leaf);
            let tiles = &mut ours.tiles.0;
            edge.push(leaf, |tile, hashes| {
                tiles.insert(tile, encode_hashes(hashes));
            });
        }
    }
    ours
});

/// The hashes of the largest tree as tlog_tiles numbers them.
struct OtherHashes(Vec<other::Hash>);

impl other::HashReader for OtherHashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<other::Hash>, other::Error> {
        Ok(indexes.iter().map(|&at| self.0[at as usize]).collect())
    }
}

static OTHERS: LazyLock<OtherHashes> = LazyLock::new(|| {
    let mut hashes = OtherHashes(Vec::new());
    for index in 0..SIZE {
        let more = other::stored_hashes(index, &entry(index), &hashes).unwrap();
        hashes.0.extend(more);
    }
    hashes
});

fn plain(hashes: Vec<other::Hash>) -> Vec<TreeHash> {
    hashes.into_iter().map(|hash| TreeHash::from_bytes(hash.0)).collect()
}

fn wrap(hashes: &[TreeHash]) -> Vec<other::Hash> {
    hashes.iter().map(|&hash| wrap_one(hash)).collect()
}

fn wrap_one(hash: TreeHash) -> other::Hash {
    other::Hash(*hash.as_bytes())
}

/// Makes both proofs with ours and both others', compares them and lets each check.
fn check_pair(old: u64, new: u64, ct: &CtTree) {
    let ours = &*OURS;
    assert_eq!(ct.len(), new);
    let (old_root, new_root) = (ours.roots[old as usize], ours.roots[new as usize]);

    if old < new {
        let index = old;
        let leaf = leaf_hash(&entry(index));
        let proof = prove_inclusion(&ours.tree, index, new).unwrap();
        check_inclusion(index, new, &leaf, &proof, &new_root).unwrap();
        let theirs = ct.prove_inclusion(index as usize);
        assert_eq!(bytes(&proof), theirs.as_bytes(), "{index} in {new}");
        let sent = InclusionProof::<Sha256>::from_bytes(bytes(&proof));
        ct_root(&new_root, new).verify_inclusion(&entry(index), index, &sent).unwrap();
        let theirs = other::prove_record(new, index, &*OTHERS).unwrap();
        assert_eq!(proof, plain(theirs), "{index} in {new}");
        other::check_record(&wrap(&proof), new, wrap_one(new_root), index, wrap_one(leaf)).unwrap();
    }

    let proof = prove_consistency(&ours.tree, old, new).unwrap();
    check_consistency(old, &old_root, new, &new_root, &proof).unwrap();
    if old > 0 {
        let theirs = ct.prove_consistency((new - old) as usize);
        assert_eq!(bytes(&proof), theirs.as_bytes(), "{old} to {new}");
        let sent = ConsistencyProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
        ct_root(&new_root, new).verify_consistency(&ct_root(&old_root, old), &sent).unwrap();
        let theirs = other::prove_tree(new, old, &*OTHERS).unwrap();
        assert_eq!(proof, plain(theirs), "{old} to {new}");
        other::check_tree(&wrap(&proof), new, wrap_one(new_root), old, wrap_one(old_root)).unwrap();
    }
}

#[test]
fn roots_of_every_size_up_to_thousands() {
    let mut ct = CtTree::new();
    let mut frontier = Frontier::new();
    for size in 0..=4_200 {
        assert_eq!(frontier.root().as_bytes()[..], ct.root().as_bytes()[..], "size {size}");
        ct.push(entry(size));
        frontier.push(leaf_hash(&entry(size)));
    }
}

#[test]
fn roots_at_the_borders() {
    for size in BORDERS {
        let root = OURS.roots[size as usize];
        assert_eq!(read_root(&OURS.tree, size), Ok(root));
        let theirs = other::tree_hash(size, &*OTHERS).unwrap();
        assert_eq!(root.as_bytes(), &theirs.0, "size {size}");
    }
    let ct = ct_tree(SIZE);
    assert_eq!(OURS.roots[SIZE as usize].as_bytes()[..], ct.root().as_bytes()[..]);
}

#[test]
fn proofs_between_all_borders() {
    for new in BORDERS {
        let ct = ct_tree(new);
        for old in BORDERS.into_iter().filter(|&old| old <= new) {
            check_pair(old, new, &ct);
        }
    }
}

#[test]
fn proofs_in_all_small_trees() {
    let mut ct = CtTree::new();
    for new in 0..=70 {
        for old in 0..=new {
            check_pair(old, new, &ct);
        }
        ct.push(entry(new));
    }
}

#[test]
fn tiles_hold_the_same_bytes() {
    let mut compared = 0;
    for size in BORDERS {
        for tile in hash_tiles(size) {
            let TileKind::Hashes { level } = tile.kind() else { panic!("{tile} is no hash tile") };
            let theirs = other::Tile::new(8, level, tile.index(), tile.width().into(), false);
            assert_eq!(theirs.read_data(&*OTHERS).unwrap(), OURS.tiles.0[&tile], "{tile}");
            compared += 1;
        }
    }
    assert!(compared > 768, "256 full tiles for each of three sizes");
}

#[test]
fn proofs_through_tiles_at_the_borders() {
    for size in BORDERS.into_iter().filter(|&size| size > 0) {
        let root = OURS.roots[size as usize];
        let tiles = TileHashes::authenticated(&OURS.tiles, size, root);
        assert_eq!(read_root(&tiles, size), Ok(root));
        for other in BORDERS.into_iter().filter(|&other| other < size) {
            assert_eq!(prove_inclusion(&tiles, other, size).unwrap(), prove_inclusion(&OURS.tree, other, size).unwrap());
            assert_eq!(prove_consistency(&tiles, other, size).unwrap(), prove_consistency(&OURS.tree, other, size).unwrap());
        }
    }
}

/// Their path without their height: `tile/8/0/000` is `tile/0/000`.
fn path_without_height(tile: &other::Tile) -> String {
    tile.path().replacen("tile/8/", "tile/", 1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn proofs_between_any_two_sizes(new in 0u64..3_000, part in 0.0f64..=1.0) {
        let old = (new as f64 * part) as u64;
        check_pair(old, new, &ct_tree(new));
    }

    #[test]
    fn a_changed_bit_is_seen(new in 2u64..SIZE, part in 0.0f64..1.0, at: usize, bit in 0usize..256) {
        let old = 1 + (new as f64 * part) as u64 % new;
        let (old_root, new_root) = (&OURS.roots[old as usize], &OURS.roots[new as usize]);
        let flip = |proof: &mut Vec<TreeHash>| {
            let at = at % proof.len();
            let mut hash = *proof[at].as_bytes();
            hash[bit / 8] ^= 1 << (bit % 8);
            proof[at] = TreeHash::from_bytes(hash);
        };
        let leaf = leaf_hash(&entry(old - 1));
        let mut proof = prove_inclusion(&OURS.tree, old - 1, new).unwrap();
        check_inclusion(old - 1, new, &leaf, &proof, new_root).unwrap();
        flip(&mut proof);
        prop_assert!(check_inclusion(old - 1, new, &leaf, &proof, new_root).is_err());
        let mut proof = prove_consistency(&OURS.tree, old, new).unwrap();
        check_consistency(old, old_root, new, new_root, &proof).unwrap();
        if !proof.is_empty() {
            flip(&mut proof);
            prop_assert!(check_consistency(old, old_root, new, new_root, &proof).is_err());
        }
    }

    #[test]
    fn random_proofs_are_answered_alike(
        old in 0u64..40, new in 0u64..40, index in 0u64..40, hashes in prop::collection::vec(0u64..80, 0..7),
    ) {
        // Hashes of the tree itself, in any order: likelier to hit upon a wrong acceptance than noise.
        let proof: Vec<TreeHash> = hashes.iter().map(|&at| plain(vec![OTHERS.0[at as usize]])[0]).collect();
        let (old_root, new_root) = (OURS.roots[old as usize], OURS.roots[new as usize]);
        if old > 0 && old <= new {
            let ours = check_consistency(old, &old_root, new, &new_root, &proof).is_ok();
            let theirs = other::check_tree(&wrap(&proof), new, wrap_one(new_root), old, wrap_one(old_root)).is_ok();
            prop_assert_eq!(ours, theirs);
        }
        if index < new {
            let leaf = leaf_hash(&entry(old));
            let ours = check_inclusion(index, new, &leaf, &proof, &new_root).is_ok();
            let theirs = other::check_record(&wrap(&proof), new, wrap_one(new_root), index, wrap_one(leaf)).is_ok();
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn paths_of_any_tile(level in 0u8..64, index: u64, width in 1u16..=256) {
        for index in [index, index % 1_000_000, index % 1_000] {
            let tile = Tile::new(TileKind::Hashes { level }, index, width).unwrap();
            let theirs = other::Tile::new(8, level, index, width.into(), false);
            prop_assert_eq!(tile.path(), path_without_height(&theirs));
            prop_assert_eq!(Tile::parse(&tile.path()), Ok(tile));
            let bundle = Tile::new(TileKind::Entries, index, width).unwrap();
            prop_assert_eq!(Tile::parse(&bundle.path()), Ok(bundle));
        }
    }

    #[test]
    fn any_text_like_a_path_is_answered_alike(path in "tile/[0-9]{1,2}/(x[0-9]{3}/){0,3}[0-9]{2,4}(\\.p/[0-9]{1,3})?") {
        let ours = Tile::parse(&path);
        // Their parser panics at a width of zero and at a level beyond 63; ours must refuse.
        let level: u64 = path.split('/').nth(1).unwrap().parse().unwrap();
        let width = path.split_once(".p/").map(|(_, width)| width.parse::<u64>().unwrap());
        if level > 63 || width == Some(0) {
            prop_assert!(ours.is_err(), "{}", path);
        } else {
            let theirs = other::Tile::from_path(&path.replacen("tile/", "tile/8/", 1));
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", path);
        }
        if let Ok(tile) = ours {
            prop_assert_eq!(tile.path(), path);
        }
    }

    #[test]
    fn new_tiles_between_any_two_sizes(old in 0u64..1 << 40, more in 0u64..200_000) {
        let new = old + more;
        let ours: Vec<String> = new_hash_tiles(old, new).map(|tile| tile.path()).collect();
        let theirs: Vec<String> = other::Tile::new_tiles(8, old, new).iter().map(path_without_height).collect();
        prop_assert_eq!(ours, theirs);
    }
}
