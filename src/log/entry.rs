//! Entries and the chain they form (spec section 6).
//!
//! ```text
//! {"event":{…},"index":7,"previous":"<64 hex>","recorded":"2026-01-05T09:30:00Z","signature":"<128 hex>"}
//! ```
//!
//! An entry is what the log adds around a signed event: its place, the time it was recorded, and the BLAKE3 of the entry before
//! (64 zeros in entry 0). One entry is one line of a segment, one leaf of the tree, and at most 65,535 bytes.

use std::ops::Range;

use crate::canonical::{Canonical, Fault, Reader};
use crate::crypto::{Blake3Hash, Signature};
use crate::event::signed::{SignedEvent, event_id};
use crate::event::{Event, EventId, Time};

/// The most bytes an entry may have: the length prefix of a tile's entry bundle has 16 bits (C2SP tlog-tiles).
pub const ENTRY_LEN_BYTES_MAX: usize = 65_535;

/// The hash of an entry's bytes, which the next entry names as `previous`.
pub type EntryHash = Blake3Hash;

/// A signed event with its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the author signed.
    pub event: Event,
    /// The place in the log, from 0.
    pub index: u64,
    /// The hash of the entry before.
    pub previous: EntryHash,
    /// When the log took it in.
    pub recorded: Time,
    /// The author's signature.
    pub signature: Signature,
}

/// An entry as read, with the hashes that follow from its bytes. Not yet checked against anything else.
#[derive(Debug, Clone)]
pub struct DecodedEntry {
    /// The entry.
    pub entry: Entry,
    /// The event's id.
    pub id: EventId,
    /// The entry's hash.
    pub hash: EntryHash,
    /// Where the event's canonical bytes stand in the entry's bytes.
    pub event_range: Range<usize>,
}

impl Entry {
    /// Appends the canonical bytes of the entry for an event whose canonical bytes are given: the shape that appending uses.
    pub fn write_around(event: &[u8], index: u64, previous: EntryHash, recorded: Time, signature: &Signature, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"event\":");
        out.extend_from_slice(event);
        out.extend_from_slice(b",\"index\":");
        index.write(out);
        out.extend_from_slice(b",\"previous\":");
        previous.write(out);
        out.extend_from_slice(b",\"recorded\":");
        recorded.write(out);
        out.extend_from_slice(b",\"signature\":");
        signature.write(out);
        out.push(b'}');
    }

    /// Reads an entry's bytes and hashes them.
    ///
    /// # Errors
    /// The [`Fault`] where the bytes leave the canonical form, or that they are too many.
    pub fn decode(bytes: &[u8]) -> Result<DecodedEntry, Fault> {
        if bytes.len() > ENTRY_LEN_BYTES_MAX {
            return Err(Fault {
                at: ENTRY_LEN_BYTES_MAX,
                what: format!("an entry has at most {ENTRY_LEN_BYTES_MAX} bytes, this one has {}", bytes.len()),
            });
        }
        let mut reader = Reader::new(bytes)?;
        reader.expect("{")?;
        reader.member("\"event\":", true)?;
        let start = reader.at();
        let event = Event::read(&mut reader)?;
        let event_range = start..reader.at();
        reader.member("\"index\":", false)?;
        let index = u64::read(&mut reader)?;
        reader.member("\"previous\":", false)?;
        let previous = EntryHash::read(&mut reader)?;
        reader.member("\"recorded\":", false)?;
        let recorded = Time::read(&mut reader)?;
        reader.member("\"signature\":", false)?;
        let signature = Signature::read(&mut reader)?;
        reader.object_end()?;
        reader.end()?;
        Ok(DecodedEntry {
            id: event_id(&bytes[event_range.clone()]),
            hash: Blake3Hash::of(bytes),
            entry: Entry { event, index, previous, recorded, signature },
            event_range,
        })
    }

    /// The signed event within.
    pub fn signed(self) -> SignedEvent {
        SignedEvent { event: self.event, signature: self.signature }
    }
}

/// The end of the chain: what the next entry must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChainHead {
    /// How many entries there are; the next entry's `index`.
    pub size: u64,
    /// The hash of the last entry; the next entry's `previous`.
    pub hash: EntryHash,
    /// When the last entry was recorded; the next one is not earlier.
    pub recorded: Time,
}

/// Why an entry does not continue the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// An entry was dropped, repeated or moved.
    #[error("its index is {found}, should be {expected}: an entry was dropped, repeated or moved here")]
    Index {
        /// The number of entries before it.
        expected: u64,
        /// What it says.
        found: u64,
    },
    /// The entry before it is not the one it was written after.
    #[error("its `previous` is {found}, but the entry before it hashes to {expected}: one of the two was altered or put in from elsewhere")]
    Previous {
        /// The hash of the entry before.
        expected: EntryHash,
        /// What it says.
        found: EntryHash,
    },
    /// Recorded times go back.
    #[error("it was recorded at {found}, before the entry in front of it ({expected})")]
    Recorded {
        /// The recorded time of the entry before.
        expected: Time,
        /// What it says.
        found: Time,
    },
}

impl ChainHead {
    /// The head before entry 0.
    pub const EMPTY: ChainHead = ChainHead { size: 0, hash: EntryHash::ZERO, recorded: Time(0) };

    /// Steps over an entry, or says why it does not follow. Precedence: index, previous, recorded.
    pub fn advance(&mut self, decoded: &DecodedEntry) -> Result<(), ChainFault> {
        let entry = &decoded.entry;
        if entry.index != self.size {
            return Err(ChainFault::Index { expected: self.size, found: entry.index });
        }
        if entry.previous != self.hash {
            return Err(ChainFault::Previous { expected: self.hash, found: entry.previous });
        }
        if entry.recorded < self.recorded {
            return Err(ChainFault::Recorded { expected: self.recorded, found: entry.recorded });
        }
        *self = ChainHead { size: self.size + 1, hash: decoded.hash, recorded: entry.recorded };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::encode;
    use crate::event::signed::tests::sample;

    fn entry_bytes(index: u64, previous: EntryHash, recorded: Time) -> Vec<u8> {
        let signed = sample();
        let mut out = Vec::new();
        Entry::write_around(&encode(&signed.event), index, previous, recorded, &signed.signature, &mut out);
        out
    }

    #[test]
    fn an_entry_is_read_back_with_its_hashes() {
        let bytes = entry_bytes(0, EntryHash::ZERO, Time(1_700_000_000));
        let decoded = Entry::decode(&bytes).expect("what was written");
        assert_eq!(decoded.hash, Blake3Hash::of(&bytes));
        assert_eq!(decoded.id, sample().id());
        assert_eq!(&bytes[decoded.event_range.clone()], encode(&decoded.entry.event));
        assert_eq!(decoded.entry.signed(), sample());
        assert!(Entry::decode(&[bytes.as_slice(), b"\n"].concat()).is_err());
        assert!(Entry::decode(&vec![b' '; ENTRY_LEN_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn the_chain_refuses_in_order() {
        let first = Entry::decode(&entry_bytes(0, EntryHash::ZERO, Time(100))).expect("an entry");
        let mut head = ChainHead::EMPTY;
        head.advance(&first).expect("entry 0 follows the empty chain");
        let advance = |index, previous, recorded| {
            let decoded = Entry::decode(&entry_bytes(index, previous, Time(recorded))).expect("an entry");
            head.clone().advance(&decoded)
        };
        assert_eq!(advance(1, first.hash, 100), Ok(()));
        assert_eq!(advance(2, EntryHash::ZERO, 0), Err(ChainFault::Index { expected: 1, found: 2 }));
        assert_eq!(advance(1, EntryHash::ZERO, 0), Err(ChainFault::Previous { expected: first.hash, found: EntryHash::ZERO }));
        assert_eq!(advance(1, first.hash, 99), Err(ChainFault::Recorded { expected: Time(100), found: Time(99) }));
    }
}
