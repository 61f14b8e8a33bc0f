//! A small deterministic ledger for tests that attack storage: the same seed makes the same events, byte for byte.
//!
//! Two organizations with a key for each role; after the governance events a cycle of gift, enrolment, assignment and delivery
//! goes on for as long as it is asked. Whatever the rules know takes part, so a log that lost or changed an event breaks them.

#![allow(dead_code, reason = "each test binary uses a part")]

use aidledger::canonical::{Names, Set, encode};
use aidledger::crypto::{Blake3Hash, PublicKey, SecretKey};
use aidledger::event::kinds::*;
use aidledger::event::signed::FeedHead;
use aidledger::event::{Body, Code, Draft, Draw, EventId, LotId, Quantity, SignedEvent, Time, Token};

/// When the ledger of every test opens.
pub const EPOCH: Time = Time(1_767_225_600);
pub const ORIGIN: &str = "crash.test/aid";

const ROLES: [(&str, Role); 5] =
    [("admin", Role::Admin), ("finance", Role::Finance), ("intake", Role::Intake), ("assign", Role::Assign), ("field", Role::Field)];
const ORGANIZATIONS: [&str; 2] = ["fund", "kitchen"];

/// The seed of a key that stands for `name` in the world `seed`.
pub fn key_seed(seed: u64, name: &str) -> [u8; 32] {
    Blake3Hash::of(format!("test key {seed} {name}").as_bytes()).0
}

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

/// A key with its feed.
struct Author {
    key: SecretKey,
    organization: Code,
    feed: FeedHead,
}

impl Author {
    fn sign(&mut self, ledger: EventId, time: Time, body: Body) -> SignedEvent {
        let signed = Draft { organization: self.organization, time, body }.sign(ledger, self.feed, &self.key);
        self.feed = signed.feed_head();
        signed
    }
}

/// Makes events without end.
pub struct Script {
    seed: u64,
    pub opening: SignedEvent,
    registrar: Author,
    /// For each organization an author for each of [`ROLES`].
    authors: Vec<Vec<Author>>,
    made: u64,
    /// Of the cycle under way: what the next step refers to.
    lot: LotId,
    recipient: Token,
    assignment: EventId,
}

impl Script {
    pub fn new(seed: u64) -> Script {
        let mut registrar =
            Author { key: SecretKey::from_seed(&key_seed(seed, "registrar")), organization: code("city"), feed: FeedHead::EMPTY };
        let opening = Body::LedgerOpened(LedgerOpened {
            log_key: Script::log_key(seed).public(),
            name: Names::one("en", "Test"),
            organization_name: Names::one("en", "City"),
            origin: ORIGIN.parse().unwrap(),
            roles: Set::new(vec![Role::Registrar]),
            rules: 1,
        });
        let opening = registrar.sign(EventId::ZERO, EPOCH, opening);
        let author = |organization: &str, role: &str| Author {
            key: SecretKey::from_seed(&key_seed(seed, &format!("{organization} {role}"))),
            organization: code(organization),
            feed: FeedHead::EMPTY,
        };
        let authors = ORGANIZATIONS.iter().map(|organization| ROLES.iter().map(|(role, _)| author(organization, role)).collect()).collect();
        let nothing = EventId::ZERO;
        Script {
            seed,
            opening,
            registrar,
            authors,
            made: 0,
            lot: LotId { event: nothing, line: 0 },
            recipient: Token([0; 16]),
            assignment: nothing,
        }
    }

    /// The key that signs checkpoints.
    pub fn log_key(seed: u64) -> SecretKey {
        SecretKey::from_seed(&key_seed(seed, "log"))
    }

    pub fn ledger(&self) -> EventId {
        self.opening.id()
    }

    /// The key of a role; `organization` counts from 0.
    pub fn public(&self, organization: usize, role: Role) -> PublicKey {
        let place = ROLES.iter().position(|(_, other)| *other == role).unwrap();
        self.authors[organization][place].key.public()
    }

    /// The next event; its time moves on by a second each.
    pub fn next(&mut self) -> SignedEvent {
        let number = self.made;
        self.made += 1;
        let (ledger, time) = (self.ledger(), Time(EPOCH.0 + number as i64));
        let governance = self.governance();
        if let Some(body) = governance.into_iter().nth(number as usize) {
            return self.registrar.sign(ledger, time, body);
        }
        if number == GOVERNANCE_EVENTS {
            let body = Body::ProgrammeOpened(ProgrammeOpened {
                from: None,
                name: Names::new([("en", "Winter"), ("kk", "Қыс"), ("ru", "Зима")]),
                organizations: Some(Set::new(ORGANIZATIONS.iter().map(|text| code(text)).collect())),
                programme: code("winter"),
                recipient_types: None,
                regions: None,
                until: None,
            });
            return self.authors[0][0].sign(ledger, time, body);
        }
        let step = number - GOVERNANCE_EVENTS - 1;
        let (cycle, organization) = (step / 4, (step / 4 % 2) as usize);
        let hash = Blake3Hash::of(format!("cycle {} {cycle}", self.seed).as_bytes());
        let (role, body) = match step % 4 {
            0 => (1, self.gift(cycle)),
            1 => (2, self.enrolment(hash)),
            2 => (3, self.assignment(cycle, hash)),
            _ => (4, self.delivery(cycle, hash)),
        };
        let signed = self.authors[organization][role].sign(ledger, time, body);
        match step % 4 {
            0 => self.lot = LotId { event: signed.id(), line: 0 },
            2 => self.assignment = signed.id(),
            _ => {}
        }
        signed
    }

    /// The next events as they are submitted.
    pub fn submissions(&mut self, count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|_| encode(&self.next())).collect()
    }

    fn governance(&self) -> Vec<Body> {
        if self.made > GOVERNANCE_EVENTS {
            return Vec::new();
        }
        let register = |organization: &&str| {
            Body::OrganizationRegistered(OrganizationRegistered { name: Names::one("en", organization), organization: code(organization) })
        };
        let mut bodies: Vec<Body> = ORGANIZATIONS.iter().map(register).collect();
        for (organization, authors) in ORGANIZATIONS.iter().zip(&self.authors) {
            for ((label, role), author) in ROLES.iter().zip(authors) {
                bodies.push(Body::KeyGranted(KeyGranted {
                    key: author.key.public(),
                    label: Some(code(label)),
                    organization: code(organization),
                    roles: Set::new(vec![*role]),
                }));
            }
        }
        bodies.push(Body::ItemDefined(ItemDefined {
            category: code("food"),
            decimals: 1,
            item: code("flour"),
            name: Names::new([("en", "Flour"), ("kk", "Ұн"), ("ru", "Мука")]),
            r#type: ItemType::Goods,
            unit: Some(code("kg")),
        }));
        bodies.push(Body::RegionDefined(RegionDefined { name: Names::one("en", "North"), parent: None, region: code("north") }));
        assert_eq!(bodies.len() as u64, GOVERNANCE_EVENTS);
        bodies
    }

    fn gift(&self, cycle: u64) -> Body {
        Body::DonationReceived(DonationReceived {
            donor: Donor { commitment: None, name: None, r#type: DonorType::Anonymous },
            lots: vec![LotLine { item: code("flour"), quantity: Quantity { minor: 100 + cycle, decimals: 1 } }],
            pledge: None,
            receipt: None,
            reference: None,
            restrictions: None,
        })
    }

    fn enrolment(&mut self, hash: Blake3Hash) -> Body {
        self.recipient = Token(hash.0[..16].try_into().unwrap());
        Body::RecipientEnrolled(RecipientEnrolled {
            commitment: Some(hash),
            key: None,
            name: None,
            programme: code("winter"),
            recipient: self.recipient,
            reference: None,
            region: code("north"),
            size: Some(4),
            r#type: RecipientType::Household,
            uniqueness: Some(hash),
        })
    }

    fn draws(&self, minor: u64) -> Set<Draw> {
        Set::new(vec![Draw { lot: self.lot, quantity: Quantity { minor, decimals: 1 } }])
    }

    fn slip(hash: Blake3Hash) -> SlipCode {
        SlipCode(hash.to_string()[..20].to_uppercase())
    }

    fn assignment(&self, cycle: u64, hash: Blake3Hash) -> Body {
        Body::AssignmentMade(AssignmentMade {
            draws: self.draws(90 + cycle),
            due: None,
            lock: Some(Blake3Hash::of(Script::slip(hash).0.as_bytes())),
            need: None,
            programme: code("winter"),
            recipient: self.recipient,
            reference: Some(hash),
        })
    }

    fn delivery(&self, cycle: u64, hash: Blake3Hash) -> Body {
        Body::DeliveryMade(DeliveryMade {
            assignment: self.assignment,
            code: Some(Script::slip(hash)),
            draws: self.draws(80 + cycle),
            evidence: None,
            reference: None,
        })
    }
}

/// Two organizations, a key for each role of each, an item and a region.
const GOVERNANCE_EVENTS: u64 = 2 + 2 * ROLES.len() as u64 + 2;
