//! The part of an audit that needs no order: decode, hash and check signatures, on all cores.
//!
//! One thread reads, the pool works on pieces, and the caller's thread takes them in order. At most a few pieces are under way at a time,
//! so memory does not grow with the log.

use std::sync::mpsc;

use crate::canonical::Fault;
use crate::crypto::{EVENT_DOMAIN, Signature, SignatureCheck, SignedItem, audit};
use crate::log::entry::{DecodedEntry, Entry};
use crate::log::tree::{TreeHash, leaf_hash};
use crate::service::audit::Signatures;
use crate::service::audit::source::{Source, SourceError};
use crate::store::Chunk;

/// A decoded entry with its leaf hash.
pub(super) struct Checked {
    pub decoded: DecodedEntry,
    pub leaf: TreeHash,
}

/// Some consecutive entries after the work that needs no order.
pub(super) struct Piece {
    pub first_index: u64,
    pub entries: Vec<Result<Checked, Fault>>,
    /// The first entry whose signature does not hold.
    pub bad_signature: Option<usize>,
    chunk: Chunk,
}

/// The last event of a feed, kept until the end.
pub(super) struct Head {
    pub index: u64,
    pub message: Vec<u8>,
    pub signature: Signature,
}

impl Piece {
    /// Where an entry stands, for reports.
    pub fn place(&self, entry: usize) -> String {
        let (line, byte) = self.chunk.position(entry);
        format!(" [{}, line {line}, at byte {byte}]", self.chunk.file)
    }

    /// What is needed to check an entry's signature later.
    pub fn head(&self, entry: usize, index: u64) -> Head {
        let checked = self.entries[entry].as_ref().expect("only asked for entries that were read");
        let bytes = self.chunk.entry(entry).expect("an entry of this piece");
        let message = [EVENT_DOMAIN, &bytes[checked.decoded.event_range.clone()]].concat();
        Head { index, message, signature: checked.decoded.entry.signature }
    }
}

fn work(chunk: Chunk, signatures: Signatures) -> Piece {
    let entries: Vec<Result<Checked, Fault>> =
        chunk.entries().map(|bytes| Entry::decode(bytes).map(|decoded| Checked { decoded, leaf: leaf_hash(bytes) })).collect();
    let bad_signature = match signatures {
        Signatures::Every => first_bad(&chunk, &entries, SignatureCheck::Every),
        Signatures::Strict => first_bad(&chunk, &entries, SignatureCheck::Strict),
        Signatures::Heads => None,
    };
    Piece { first_index: chunk.first_index, entries, bad_signature, chunk }
}

/// The first bad signature among the entries before the first that could not be read.
fn first_bad(chunk: &Chunk, entries: &[Result<Checked, Fault>], check: SignatureCheck) -> Option<usize> {
    let readable = entries.iter().take_while(|entry| entry.is_ok()).count();
    let mut messages = Vec::with_capacity(chunk.bytes.len() + readable * EVENT_DOMAIN.len());
    let mut ends = Vec::with_capacity(readable);
    for (bytes, entry) in chunk.entries().zip(entries).take(readable) {
        let Ok(checked) = entry else { break };
        messages.extend_from_slice(EVENT_DOMAIN);
        messages.extend_from_slice(&bytes[checked.decoded.event_range.clone()]);
        ends.push(messages.len());
    }
    let mut start = 0;
    let items: Vec<SignedItem<'_>> = entries
        .iter()
        .zip(&ends)
        .filter_map(|(entry, &end)| {
            let entry = &entry.as_ref().ok()?.decoded.entry;
            let message = &messages[start..end];
            start = end;
            Some(SignedItem { public: entry.event.signer, signature: entry.signature, message })
        })
        .collect();
    audit::audit(check, &items).err()
}

/// Reads, works and hands the pieces to `take` in order, until it says stop.
pub(super) fn run(source: &Source, signatures: Signatures, take: &mut dyn FnMut(Piece) -> bool) -> Result<(), SourceError> {
    let threads = rayon::current_num_threads();
    let mut chunks = source.chunks()?;
    let mut waiting: std::collections::VecDeque<mpsc::Receiver<Piece>> = std::collections::VecDeque::new();
    let mut ended = None;
    rayon::in_place_scope(|scope| {
        loop {
            while ended.is_none() && waiting.len() < 2 * threads {
                match chunks.next() {
                    None => ended = Some(Ok(())),
                    Some(Err(error)) => ended = Some(Err(error)),
                    Some(Ok(chunk)) => {
                        let (sender, receiver) = mpsc::sync_channel(1);
                        scope.spawn(move |_| {
                            // Nobody waits any more after a finding; the work is then for nothing.
                            let _ = sender.send(work(chunk, signatures));
                        });
                        waiting.push_back(receiver);
                    }
                }
            }
            let Some(next) = waiting.pop_front() else { break };
            let piece = next.recv().expect("a worker sends its piece before it ends");
            if !take(piece) {
                return Ok(());
            }
        }
        ended.take().unwrap_or(Ok(()))
    })
}
