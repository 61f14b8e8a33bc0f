//! An audit in a page, written for the tests and apart from the program's own: from nothing but the bytes on the disk.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use aidledger::crypto::{Blake3Hash, EVENT_DOMAIN, verify_strict};
use aidledger::event::EventId;
use aidledger::log::checkpoint::Checkpoint;
use aidledger::log::entry::{ChainHead, Entry};
use aidledger::log::tile::encode_hashes;
use aidledger::log::tile_tree::TileEdge;
use aidledger::log::tree::{Frontier, leaf_hash};
use aidledger::rules::{State, check};
use aidledger::service::recovery::{log_vkey, open_checkpoint};
use aidledger::service::tiles::tile_file;
use aidledger::store::segments::SEGMENT_ENTRIES;
use aidledger::store::{Disk, audit_chunks};

/// A log under check; entries are added as they are found.
#[derive(Default)]
pub struct FullCheck {
    pub chain: Option<ChainHead>,
    pub state: State,
    pub frontier: Frontier,
    pub ids: Vec<EventId>,
    pub entries: Vec<Vec<u8>>,
}

/// Signatures found right before, by the hash of the entry they stand in: that a signature holds does not depend on the run.
static HOLDS: Mutex<Option<HashSet<Blake3Hash>>> = Mutex::new(None);

impl FullCheck {
    /// Checks the next entry: form, chain, signature, rules.
    pub fn push(&mut self, bytes: &[u8], at: &str) {
        let index = self.entries.len();
        let decoded = Entry::decode(bytes).unwrap_or_else(|fault| panic!("{at}: entry {index}: {fault}"));
        let chain = self.chain.get_or_insert(ChainHead::EMPTY);
        chain.advance(&decoded).unwrap_or_else(|fault| panic!("{at}: entry {index}: {fault}"));
        let fresh = !HOLDS.lock().unwrap().get_or_insert_default().contains(&decoded.hash);
        if fresh {
            let message = [EVENT_DOMAIN, &bytes[decoded.event_range.clone()]].concat();
            let holds = verify_strict(decoded.entry.event.signer, &message, &decoded.entry.signature);
            assert!(holds, "{at}: entry {index}: the signature does not hold");
            HOLDS.lock().unwrap().get_or_insert_default().insert(decoded.hash);
        }
        let accepted = check(&self.state, &decoded.entry.event, decoded.id, decoded.entry.recorded);
        self.state.apply(&accepted.unwrap_or_else(|rejection| panic!("{at}: entry {index}: {rejection}")));
        self.frontier.push(leaf_hash(bytes));
        self.ids.push(decoded.id);
        self.entries.push(bytes.to_vec());
    }
}

/// Checks everything on a disk at rest: each line of each segment, the checkpoint over exactly these, and every tile file there is.
pub fn full_check(disk: &Arc<dyn Disk>, at: &str) -> (FullCheck, Checkpoint) {
    let mut found = FullCheck::default();
    for chunk in audit_chunks(disk.clone(), 100, SEGMENT_ENTRIES).unwrap_or_else(|error| panic!("{at}: {error}")) {
        for bytes in chunk.unwrap_or_else(|error| panic!("{at}: {error}")).entries() {
            found.push(bytes, at);
        }
    }
    let checkpoint = check_head(disk, &found, at);
    check_tiles(&**disk, &found, at);
    (found, checkpoint)
}

/// Checks that the checkpoint is signed by the log's key over exactly the entries found.
pub fn check_head(disk: &Arc<dyn Disk>, found: &FullCheck, at: &str) -> Checkpoint {
    let bytes = disk.read("checkpoint").unwrap_or_else(|error| panic!("{at}: {error}"));
    let vkey = log_vkey(&found.state).unwrap_or_else(|error| panic!("{at}: {error}"));
    let (_, checkpoint) = open_checkpoint(&bytes, &vkey).unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(checkpoint.size(), found.entries.len() as u64, "{at}");
    assert_eq!(*checkpoint.root(), found.frontier.root(), "{at}");
    checkpoint
}

/// A tile file may be missing, since the log gives its tile; but one that is there has the right hashes.
pub fn check_tiles(disk: &dyn Disk, found: &FullCheck, at: &str) {
    let mut edge = TileEdge::new();
    for bytes in &found.entries {
        edge.push(leaf_hash(bytes), |tile, hashes| match disk.read(&tile_file(tile)) {
            Ok(stored) => assert_eq!(stored, encode_hashes(hashes), "{at}: {tile}"),
            Err(error) => assert!(error.is_not_found(), "{at}: {error}"),
        });
    }
}
