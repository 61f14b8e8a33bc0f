//! What a planned log looks like from inside: an auditor's opinion in it names the root of the tree so far.

use crate::canonical::{decode, encode};
use crate::crypto::Blake3Hash;
use crate::event::{SignedEvent, Time};
use crate::log::entry::{ChainHead, Entry, EntryHash};
use crate::log::tree::{Frontier, leaf_hash};

/// The chain and the tree of what was taken in so far.
#[derive(Debug)]
pub struct Book {
    chain: ChainHead,
    edge: Frontier,
}

impl Default for Book {
    fn default() -> Self {
        Book::new()
    }
}

impl Book {
    /// Of a log without entries.
    pub fn new() -> Book {
        Book { chain: ChainHead::EMPTY, edge: Frontier::new() }
    }

    /// Takes in a batch of signed events as the log will: the same bytes, so the same tree.
    pub fn take_in(&mut self, recorded: Time, submissions: &[Vec<u8>]) {
        for bytes in submissions {
            let signed: SignedEvent = decode(bytes).expect("a planned event is canonical");
            let mut entry = Vec::with_capacity(bytes.len() + 320);
            Entry::write_around(&encode(&signed.event), self.chain.size, self.chain.hash, recorded, &signed.signature, &mut entry);
            self.chain = ChainHead { size: self.chain.size + 1, hash: EntryHash::of(&entry), recorded };
            self.edge.push(leaf_hash(&entry));
        }
    }

    /// The size and the root, as an opinion names them.
    pub fn head(&self) -> (u64, Blake3Hash) {
        (self.chain.size, Blake3Hash(*self.edge.root().as_bytes()))
    }
}
