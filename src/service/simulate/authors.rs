//! The signing devices of a planned ledger: each event gets its place in its key's feed as it is planned, and its signature later.
//!
//! ```text
//! plan    draft -> canonical bytes -> id -> next head of the feed     one after the other, since `previous` is an id
//! sign    canonical bytes -> signature                                in parallel, since no id depends on a signature
//! ```

use rayon::prelude::*;

use crate::canonical::{Canonical, encode};
use crate::crypto::{EVENT_DOMAIN, PublicKey, SecretKey};
use crate::event::signed::{FeedHead, event_id};
use crate::event::{Body, Code, Event, EventId, Time};

/// The place of a device among [`Authors`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device(usize);

/// An event in its feed, not yet signed.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its id.
    pub id: EventId,
    /// When it happened, by the author's word.
    pub time: Time,
    /// What is signed: the domain, then the canonical bytes of the event.
    message: Vec<u8>,
    device: Device,
}

/// All keys that sign in a planned ledger.
#[derive(Debug)]
pub struct Authors {
    ledger: EventId,
    rows: Vec<Author>,
}

#[derive(Debug)]
struct Author {
    key: SecretKey,
    public: PublicKey,
    organization: Code,
    feed: FeedHead,
}

impl Authors {
    /// No device, and no ledger until the first event was planned.
    pub fn new() -> Authors {
        Authors { ledger: EventId::ZERO, rows: Vec::new() }
    }

    /// Adds a device of an organization.
    pub fn add(&mut self, organization: Code, seed: &[u8; 32]) -> Device {
        let key = SecretKey::from_seed(seed);
        self.rows.push(Author { public: key.public(), key, organization, feed: FeedHead::EMPTY });
        Device(self.rows.len() - 1)
    }

    /// The key of a device.
    pub fn key(&self, device: Device) -> &SecretKey {
        &self.rows[device.0].key
    }

    /// The public key of a device.
    pub fn public(&self, device: Device) -> PublicKey {
        self.rows[device.0].public
    }

    /// The organization of a device.
    pub fn organization(&self, device: Device) -> Code {
        self.rows[device.0].organization
    }

    /// The ledger's id, zeros before its first event.
    pub fn ledger(&self) -> EventId {
        self.ledger
    }

    /// Puts a body into the feed of a device. The first event ever planned opens the ledger.
    pub fn plan(&mut self, device: Device, time: Time, body: Body) -> Planned {
        let author = &mut self.rows[device.0];
        let FeedHead { sequence, previous } = author.feed;
        let event = Event { body, ledger: self.ledger, organization: author.organization, previous, sequence, signer: author.public, time };
        let mut message = Vec::with_capacity(1024);
        message.extend_from_slice(EVENT_DOMAIN);
        event.write(&mut message);
        let id = event_id(&message[EVENT_DOMAIN.len()..]);
        author.feed = FeedHead { sequence: sequence + 1, previous: id };
        if self.ledger == EventId::ZERO {
            self.ledger = id;
        }
        Planned { id, time, message, device }
    }

    /// Signs planned events; each becomes the canonical bytes of a [`SignedEvent`](crate::event::SignedEvent), in the same order.
    pub fn sign(&self, planned: &[Planned]) -> Vec<Vec<u8>> {
        planned.par_iter().with_min_len(16).map(|planned| self.signed(planned)).collect()
    }

    fn signed(&self, planned: &Planned) -> Vec<u8> {
        let signature = self.rows[planned.device.0].key.sign(&planned.message);
        let event = &planned.message[EVENT_DOMAIN.len()..];
        // The canonical form of a signed event is so plain that writing it around the bytes at hand saves reading them again.
        [b"{\"event\":", event, b",\"signature\":", &encode(&signature), b"}"].concat()
    }
}

impl Default for Authors {
    fn default() -> Self {
        Authors::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Names, decode};
    use crate::event::SignedEvent;
    use crate::event::kinds::RegionDefined;

    #[test]
    fn what_is_planned_and_signed_is_a_feed_of_signed_events() {
        let mut authors = Authors::new();
        let device = authors.add("fund".parse().expect("a code"), &[3; 32]);
        let body = |n: u64| {
            let region = format!("r-{n}").parse().expect("a code");
            Body::RegionDefined(RegionDefined { name: Names::one("kk", "Аудан"), parent: None, region })
        };
        let planned: Vec<_> = (0..40).map(|n| authors.plan(device, Time(n as i64), body(n))).collect();
        let mut feed = FeedHead::EMPTY;
        for (n, bytes) in authors.sign(&planned).iter().enumerate() {
            let signed: SignedEvent = decode(bytes).expect("the canonical form");
            assert!(signed.signature_holds());
            assert_eq!((signed.event.sequence, signed.event.previous, signed.id()), (feed.sequence, feed.previous, planned[n].id));
            assert_eq!(signed.event.ledger, if n == 0 { EventId::ZERO } else { planned[0].id });
            feed = signed.feed_head();
        }
        assert_eq!(feed.sequence, 40);
    }
}
