//! A log made by another implementation, verified down to the last hash: what an auditor does who trusts nothing but a vkey.
//!
//! The log lies in the folder `tlog` of the data folder: 15 entries, a checkpoint for every size from 0 to 15, and the partial tiles of
//! every size.

use std::fs;
use std::path::PathBuf;

use aidledger::crypto::note::{NoteError, SignedNote, Vkey};
use aidledger::log::checkpoint::{Checkpoint, CheckpointError};
use aidledger::log::policy::Policy;
use aidledger::log::proof::Proof;
use aidledger::log::prove::{check_consistency, check_inclusion, prove_consistency, prove_inclusion, read_root};
use aidledger::log::tile::{Tile, TileKind, decode_bundle, encode_bundle, encode_hashes, entry_bundles, hash_tiles};
use aidledger::log::tile_tree::{TileEdge, TileHashes, TileReader};
use aidledger::log::tree::{Frontier, HashReader, Node, TreeHash, leaf_hash};

const VKEY: &str = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
const SIZE: u64 = 15;

struct ForeignLog {
    folder: PathBuf,
    vkey: Vkey,
}

impl ForeignLog {
    /// Opens the log; none if the data is not here, which only a machine without it may shrug off.
    fn open() -> Option<ForeignLog> {
        let data = std::env::var_os("AIDLEDGER_DATA")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
        let folder = data.join("tlog");
        if !folder.is_dir() {
            assert!(std::env::var_os("CI").is_none(), "no data in {}", folder.display());
            eprintln!("skipped: no data in {}", folder.display());
            return None;
        }
        Some(ForeignLog { folder, vkey: Vkey::parse(VKEY).unwrap() })
    }

    fn file(&self, path: &str) -> Vec<u8> {
        fs::read(self.folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn note(&self, size: u64) -> SignedNote {
        SignedNote::parse(&self.file(&format!("checkpoint.{size}"))).unwrap()
    }

    fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint::open(&self.note(size), &self.vkey).unwrap()
    }

    fn root(&self, size: u64) -> TreeHash {
        *self.checkpoint(size).root()
    }

    fn hashes(&self, size: u64) -> TileHashes<&ForeignLog> {
        TileHashes::authenticated(self, size, self.root(size))
    }

    /// The entries of the bundles at a size.
    fn entries(&self, size: u64) -> Vec<Vec<u8>> {
        entry_bundles(size)
            .flat_map(|bundle| {
                let bytes = self.read_tile(bundle).unwrap();
                let entries = decode_bundle(bundle, &bytes).unwrap();
                assert_eq!(encode_bundle(&entries).unwrap(), bytes);
                entries.into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>()
            })
            .collect()
    }
}

impl TileReader for ForeignLog {
    type Error = std::io::Error;

    fn read_tile(&self, tile: Tile) -> Result<Vec<u8>, std::io::Error> {
        fs::read(self.folder.join(tile.path()))
    }
}

#[test]
fn every_checkpoint_is_signed_and_comes_back_byte_for_byte() {
    let Some(log) = ForeignLog::open() else {
        return;
    };
    for size in 0..=SIZE {
        let file = log.file(&format!("checkpoint.{size}"));
        let note = SignedNote::parse(&file).unwrap();
        assert_eq!(note.format().as_bytes(), file);
        let checkpoint = Checkpoint::open(&note, &log.vkey).unwrap();
        assert_eq!(checkpoint.size(), size);
        assert_eq!(checkpoint.origin(), "example.com/log/testdata");
        assert_eq!(checkpoint.text().unwrap(), *note.unverified_text());

        // No letter of the text can be changed unseen.
        let text = note.unverified_text().as_str().len();
        for at in 0..text {
            let mut changed = file.clone();
            changed[at] ^= 1;
            let opened = SignedNote::parse(&changed).map_err(CheckpointError::Note).and_then(|note| Checkpoint::open(&note, &log.vkey));
            assert!(opened.is_err(), "size {size}, byte {at}");
        }
    }
    assert_eq!(log.file("checkpoint"), log.file("checkpoint.15"), "the latest");
}

#[test]
fn a_checkpoint_of_another_size_does_not_carry_the_signature() {
    let Some(log) = ForeignLog::open() else {
        return;
    };
    let (three, four) = (log.note(3).format(), log.note(4).format());
    let (_, signature) = three.rsplit_once("\n\n").unwrap();
    let (text, _) = four.rsplit_once("\n\n").unwrap();
    let mixed = SignedNote::parse(format!("{text}\n\n{signature}").as_bytes()).unwrap();
    assert!(matches!(Checkpoint::open(&mixed, &log.vkey), Err(CheckpointError::Note(NoteError::InvalidSignature { .. }))));
}

#[test]
fn entries_leaf_hashes_and_roots_agree_at_every_size() {
    let Some(log) = ForeignLog::open() else {
        return;
    };
    for size in 0..=SIZE {
        let root = log.root(size);
        let entries = log.entries(size);
        assert_eq!(entries.len() as u64, size);

        let mut frontier = Frontier::new();
        let mut edge = TileEdge::new();
        for entry in &entries {
            frontier.push(leaf_hash(entry));
            edge.push(leaf_hash(entry), |tile, _| panic!("{tile} is full"));
        }
        assert_eq!(frontier.root(), root, "from entries, size {size}");
        assert_eq!(read_root(&log.hashes(size), size).unwrap(), root);
        assert_eq!(TileEdge::restore(&log, size, &root).unwrap(), edge);

        // The tiles we would write are those they wrote.
        let ours: Vec<Tile> = edge.partial_tiles().map(|(tile, _)| tile).collect();
        assert_eq!(ours, hash_tiles(size).collect::<Vec<_>>());
        for (tile, hashes) in edge.partial_tiles() {
            assert_eq!(encode_hashes(hashes), log.read_tile(tile).unwrap());
        }
        let nodes: Vec<Node> = (0..size).map(|index| Node { level: 0, index }).collect();
        let leaves = log.hashes(size).read_hashes(&nodes).unwrap();
        let expected: Vec<TreeHash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        assert_eq!(leaves, expected);
    }
}

#[test]
fn every_file_of_the_log_has_a_path_we_know() {
    let Some(log) = ForeignLog::open() else {
        return;
    };
    let mut found = 0;
    for (kind, folder) in [(TileKind::Hashes { level: 0 }, "tile/0/000.p"), (TileKind::Entries, "tile/entries/000.p")] {
        for file in fs::read_dir(log.folder.join(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let tile = Tile::parse(&format!("{folder}/{name}")).unwrap();
            assert_eq!((tile.kind(), tile.index()), (kind, 0));
            assert!(tile.is_of(u64::from(tile.width())));
            found += 1;
        }
    }
    assert_eq!(found, 2 * SIZE, "a hash tile and a bundle for every size");
}

#[test]
fn every_entry_is_in_every_tree_that_has_it() {
    let Some(log) = ForeignLog::open() else {
        return;
    };
    let entries = log.entries(SIZE);
    let stranger = leaf_hash(b"not in the log");
    for size in 1..=SIZE {
        let root = log.root(size);
        for index in 0..size {
            let leaf = leaf_hash(&entries[index as usize]);
            let proof = prove_inclusion(&log.hashes(size), index, size).unwrap();
            let check = |leaf, proof: &[TreeHash]| check_inclusion(index, size, leaf, proof, &root);
            assert_eq!(check(&leaf, &proof), Ok(()));
            assert!(check(&stranger, &proof).is_err());
            for at in 0..proof.len() {
                let mut tampered = proof.clone();
                tampered[at] = stranger;
                assert!(check(&leaf, &tampered).is_err());
                tampered.remove(at);
                assert!(check(&leaf, &tampered).is_err());
            }
            for other in (1..=SIZE).filter(|&other| other != size) {
                let elsewhere = check_inclusion(index, size, &leaf, &proof, &log.root(other));
                assert!(elsewhere.is_err());
            }
        }
    }
}

#[test]
fn every_checkpoint_continues_every_earlier_one() {
    let Some(log) = ForeignLog::open() else {
        return;
    };
    let roots: Vec<TreeHash> = (0..=SIZE).map(|size| log.root(size)).collect();
    let stranger = leaf_hash(b"another history");
    for new in 0..=SIZE {
        for old in 0..=new {
            let (old_root, new_root) = (&roots[old as usize], &roots[new as usize]);
            let proof = prove_consistency(&log.hashes(new), old, new).unwrap();
            let check = |old_root, new_root, proof: &[TreeHash]| check_consistency(old, old_root, new, new_root, proof);
            assert_eq!(check(old_root, new_root, &proof), Ok(()), "{old} to {new}");
            assert!(check(&stranger, new_root, &proof).is_err());
            if old > 0 {
                assert!(check(old_root, &stranger, &proof).is_err());
            }
            for at in 0..proof.len() {
                let mut tampered = proof.clone();
                tampered[at] = stranger;
                assert!(check(old_root, new_root, &tampered).is_err());
                tampered.remove(at);
                assert!(check(old_root, new_root, &tampered).is_err());
            }
            let mut longer = proof.clone();
            longer.push(stranger);
            assert!(check(old_root, new_root, &longer).is_err());
            // Roots of other sizes do not pass for these.
            for (other, root) in (0..).zip(&roots) {
                if other != old {
                    assert!(check(root, new_root, &proof).is_err());
                }
                if other != new && old > 0 {
                    assert!(check(old_root, root, &proof).is_err());
                }
            }
        }
    }
}

#[test]
fn proof_files_convince_a_reader_who_only_has_the_policy() {
    let Some(log) = ForeignLog::open() else {
        return;
    };
    let policy = Policy::parse(format!("log {VKEY}\nquorum none\n").as_bytes()).unwrap();
    let entries = log.entries(SIZE);
    for size in 1..=SIZE {
        for index in 0..size {
            let path = prove_inclusion(&log.hashes(size), index, size).unwrap();
            let file = Proof::new(index, path, log.note(size)).format();
            let proof = Proof::parse(file.as_bytes()).unwrap();
            assert_eq!(proof.format(), file);
            let satisfied = proof.check(&entries[index as usize], &policy).unwrap();
            assert_eq!(satisfied.checkpoint, log.checkpoint(size));
            assert!(proof.check(b"not in the log", &policy).is_err());
        }
    }
}
