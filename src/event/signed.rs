//! Draft -> event -> signed event (spec section 4).
//!
//! ```text
//! event        {"body":{…},"kind":"…","ledger":"<64 hex>","organization":"…","previous":"<64 hex>","sequence":n,"signer":"<64 hex>","time":"…","version":1}
//! event id     BLAKE3(canonical bytes of the event)
//! signature    Ed25519(signer, "aidledger/event/v1\n" ‖ canonical bytes of the event)
//! signed event {"event":{…},"signature":"<128 hex>"}
//! ```
//!
//! The body stands before the kind that explains it, so reading takes two looks: over the body to its end, then back.

use crate::canonical::{self, Canonical, Fault, Reader};
use crate::crypto::hash::Blake3Hash;
use crate::crypto::key::{EVENT_DOMAIN, PublicKey, SecretKey, Signature, verify_strict};
use crate::event::kinds::{Body, Kind};
use crate::event::values::{Code, EventId, Time};
use crate::record;

/// The version of the event format that this code writes and reads.
pub const VERSION: u64 = 1;

/// What a person or program wants to say, before it has a place in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The organization in whose name it is said.
    pub organization: Code,
    /// When it happened, by the author's word.
    pub time: Time,
    /// What happened.
    pub body: Body,
}

/// The place of the next event in a feed: all events of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FeedHead {
    /// The sequence the next event must have.
    pub sequence: u64,
    /// The id of the last event, or zeros.
    pub previous: EventId,
}

impl FeedHead {
    /// The head of a feed that has no event.
    pub const EMPTY: FeedHead = FeedHead { sequence: 0, previous: EventId::ZERO };
}

/// What an author says, with its place in the author's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub body: Body,
    /// The id of the ledger, zeros in `ledger.opened`.
    pub ledger: EventId,
    /// The organization in whose name it is said.
    pub organization: Code,
    /// The event before in this feed, zeros in the first.
    pub previous: EventId,
    /// The place in the feed, from 0.
    pub sequence: u64,
    /// The key that signs.
    pub signer: PublicKey,
    /// When it happened, by the author's word.
    pub time: Time,
}

impl Event {
    /// The kind of the body.
    pub fn kind(&self) -> Kind {
        self.body.kind()
    }
}

impl Canonical for Event {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"body\":");
        self.body.write(out);
        out.extend_from_slice(b",\"kind\":");
        self.kind().write(out);
        out.extend_from_slice(b",\"ledger\":");
        self.ledger.write(out);
        out.extend_from_slice(b",\"organization\":");
        self.organization.write(out);
        out.extend_from_slice(b",\"previous\":");
        self.previous.write(out);
        out.extend_from_slice(b",\"sequence\":");
        self.sequence.write(out);
        out.extend_from_slice(b",\"signer\":");
        self.signer.write(out);
        out.extend_from_slice(b",\"time\":");
        self.time.write(out);
        out.extend_from_slice(b",\"version\":1}");
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        reader.expect("{")?;
        reader.member("\"body\":", true)?;
        let body_at = reader.at();
        // Within a string a quote is escaped, and no body has a member `kind`: the first place like this is the body's end. Reading the
        // body must end there too.
        reader.skip_to("},\"kind\":")?;
        reader.expect("}")?;
        reader.member("\"kind\":", false)?;
        let kind = Kind::read(reader)?;
        let after_kind = reader.at();
        reader.move_to(body_at);
        let body = Body::read(kind, reader)?;
        reader.member("\"kind\":", false)?;
        reader.move_to(after_kind);
        reader.member("\"ledger\":", false)?;
        let ledger = EventId::read(reader)?;
        reader.member("\"organization\":", false)?;
        let organization = Code::read(reader)?;
        reader.member("\"previous\":", false)?;
        let previous = EventId::read(reader)?;
        reader.member("\"sequence\":", false)?;
        let sequence = u64::read(reader)?;
        reader.member("\"signer\":", false)?;
        let signer = PublicKey::read(reader)?;
        reader.member("\"time\":", false)?;
        let time = Time::read(reader)?;
        reader.member("\"version\":", false)?;
        let at = reader.at();
        let version = u64::read(reader)?;
        if version != VERSION {
            return Err(reader.fault_at(at, format!("expected version {VERSION}, found {version}: a newer program may read it")));
        }
        reader.object_end()?;
        Ok(Event { body, ledger, organization, previous, sequence, signer, time })
    }
}

/// The id of an event, from its canonical bytes.
pub fn event_id(canonical: &[u8]) -> EventId {
    EventId(Blake3Hash::of(canonical))
}

record! {
    /// An event with its author's signature: what is submitted to a ledger.
    pub struct SignedEvent {
        /// The event.
        event: Event,
        /// By the event's `signer`.
        signature: Signature,
    }
}

impl Draft {
    /// Places the draft in a ledger and a feed, and signs it.
    pub fn sign(self, ledger: EventId, feed: FeedHead, key: &SecretKey) -> SignedEvent {
        let event = Event {
            body: self.body,
            ledger,
            organization: self.organization,
            previous: feed.previous,
            sequence: feed.sequence,
            signer: key.public(),
            time: self.time,
        };
        let mut message = EVENT_DOMAIN.to_vec();
        event.write(&mut message);
        SignedEvent { signature: key.sign(&message), event }
    }
}

impl SignedEvent {
    /// The event's id.
    pub fn id(&self) -> EventId {
        event_id(&canonical::encode(&self.event))
    }

    /// The feed's head after this event.
    pub fn feed_head(&self) -> FeedHead {
        FeedHead { sequence: self.event.sequence + 1, previous: self.id() }
    }

    /// Whether the signature is one that the log admits: strict, under a key that is neither weak nor torsioned.
    pub fn signature_holds(&self) -> bool {
        let mut message = EVENT_DOMAIN.to_vec();
        self.event.write(&mut message);
        verify_strict(self.event.signer, &message, &self.signature)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::canonical::{decode, encode};
    use crate::event::kinds::RegionDefined;

    pub(crate) fn sample() -> SignedEvent {
        let body = Body::RegionDefined(RegionDefined {
            name: crate::canonical::Names::one("en", "North {\"}"),
            parent: None,
            region: "north".parse().expect("a code"),
        });
        let draft = Draft { organization: "fund".parse().expect("a code"), time: Time(1_700_000_000), body };
        draft.sign(EventId::ZERO, FeedHead::EMPTY, &SecretKey::from_seed(&[7; 32]))
    }

    #[test]
    fn a_signed_event_is_read_back_and_its_signature_holds() {
        let signed = sample();
        let bytes = encode(&signed);
        let read: SignedEvent = decode(&bytes).expect("what was written");
        assert_eq!(read, signed);
        assert!(read.signature_holds());
        assert_eq!(read.id(), signed.id());
        let mut altered = read;
        altered.event.time = Time(1_700_000_001);
        assert!(!altered.signature_holds());
    }

    #[test]
    fn every_prefix_and_every_flipped_bit_is_refused_or_another_value() {
        let bytes = encode(&sample());
        for len in 0..bytes.len() {
            assert!(decode::<SignedEvent>(&bytes[..len]).is_err());
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut altered = bytes.clone();
                altered[at] ^= 1 << bit;
                if let Ok(read) = decode::<SignedEvent>(&altered) {
                    assert_eq!(encode(&read), altered, "one value, one byte string");
                    assert!(!read.signature_holds(), "byte {at} bit {bit}");
                }
            }
        }
    }

    #[test]
    fn a_body_of_another_kind_is_refused() {
        let text = String::from_utf8(encode(&sample())).expect("UTF-8");
        for wrong in [
            text.replace("region.defined", "programme.closed"),
            text.replace("region.defined", "region.removed"),
            text.replace("\"version\":1", "\"version\":2"),
        ] {
            assert!(decode::<SignedEvent>(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
