//! The part of an audit that needs no order: decode, hash and check signatures.

use crate::canonical::Fault;
use crate::crypto::{EVENT_DOMAIN, Signature, SignatureCheck, SignedItem, audit};
use crate::service::audit::Signatures;
use crate::service::audit::source::{Source, SourceError};
use crate::service::pipeline::{Checked, decode_chunk, in_order};
use crate::store::Chunk;

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
    let entries = decode_chunk(&chunk);
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
    let item = |(entry, &end): (&Result<Checked, Fault>, &usize)| {
        let decoded = &entry.as_ref().ok()?.decoded;
        let message = &messages[start..end];
        start = end;
        Some(SignedItem { public: decoded.entry.event.signer, signature: decoded.entry.signature, message, binding: decoded.id.0 })
    };
    let items: Vec<SignedItem<'_>> = entries.iter().zip(&ends).filter_map(item).collect();
    audit::audit(check, &items).err()
}

/// Reads, works and hands the pieces to `take` in order, until it says stop.
pub(super) fn run(source: &Source, signatures: Signatures, take: &mut dyn FnMut(Piece) -> bool) -> Result<(), SourceError> {
    in_order(source.chunks()?, |chunk| work(chunk, signatures), take)
}
