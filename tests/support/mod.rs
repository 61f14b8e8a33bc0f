//! A ledger in memory for tests: the rules and nothing below them.
//!
//! A [`World`] keeps the state, the feeds and the log's clock. Events are written as JSON bodies, in which a string that begins
//! with `$` stands for a value that only exists when the test runs:
//!
//! ```text
//! $gift        the id of the event that was added under that name       $key:fund-assign   the public key of that name
//! $gift.0      the first lot of it                                      $token:ann         a recipient token
//! $zero        64 zeros                                                 $hash:word         BLAKE3 of the word
//! $weak        a key of small order                                     $dispute:eve-card:visit   that key's signature of a dispute of that delivery
//! ```
//!
//! And `{"$draft": {"kind": …, "body": …}}` stands for the hash of that draft.
//!
//! Keys are named `<organization>-<role>`; their seeds follow from their names. Scenes: [`World::empty`], [`World::open`], [`World::city`],
//! [`World::season`].
#![allow(dead_code)] // each test file uses its own part

pub mod aim;
pub mod bodies;
pub mod dice;
mod season;
pub mod table;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aidledger::canonical::{Reader, canonicalize, decode, encode};
use aidledger::crypto::{Blake3Hash, SecretKey};
use aidledger::event::kinds::{Body, dispute_message, draft_hash};
use aidledger::event::signed::FeedHead;
use aidledger::event::{Draft, EventId, Kind, SignedEvent, Time};
use aidledger::rules::{Rejection, State, check};
use serde_json::{Value, json};

/// The code on the slip of the scene's assignment `parcel`.
pub const SLIP_CODE: &str = "7K2M9QX4T8WZ3RFA";

/// So many runs of a test as a day's work needs, and with `AIDLEDGER_LONG=1` twenty times as many.
pub fn runs(short: u32) -> u32 {
    if std::env::var_os("AIDLEDGER_LONG").is_some_and(|set| set == "1") { short * 20 } else { short }
}

/// A ledger in memory.
#[derive(Clone)]
pub struct World {
    /// What the rules remember.
    pub state: State,
    /// The log's clock. Moves one second with every accepted event.
    pub recorded: Time,
    /// Event ids by the names that the test gave them.
    pub names: BTreeMap<String, EventId>,
    /// What was accepted, in order.
    pub log: Vec<SignedEvent>,
}

/// The key of a name: its seed is the BLAKE3 of the name.
pub fn key(name: &str) -> SecretKey {
    SecretKey::from_seed(&Blake3Hash::of(name.as_bytes()).0)
}

/// The organization that a key's name begins with.
pub fn organization_of(signer: &str) -> &str {
    signer.split_once('-').expect("keys are named <organization>-<role>").0
}

impl World {
    /// A log without any event, on 1 February 2026.
    pub fn empty() -> World {
        World {
            state: State::default(),
            recorded: "2026-02-01T00:00:00Z".parse().expect("a time"),
            names: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    /// A log that `hall-registrar` has opened.
    pub fn open() -> World {
        let mut world = World::empty();
        world.add("ledger", "hall-registrar", "ledger.opened", ledger_opened());
        world
    }

    /// A city at work.
    ///
    /// * organizations hall (the registrar's), fund, kitchen, stranger (in no programme of the fund), each with a key for every role;
    /// * items KZT (cash, 2 decimals), rice and flour (food, kg, 3), blanket (shelter, 0);
    /// * regions city > north, south; village outside;
    /// * programmes winter (of fund, with kitchen; households and facilities in the city; February to April), everyone (no limits),
    ///   over (closed);
    /// * recipients ann (household, winter, north), school (facility, winter, south), bob (household, everyone, village);
    /// * gifts of the fund: `gift` (KZT 1000.00, rice 100.000, blanket 50), `bound` (rice 20.000, blanket 10, flour 5.000; only for winter, north,
    ///   food, rice, until 31 March); of the kitchen: `meals` (rice 40.000);
    /// * assignment `parcel`: rice 10.000 and 2 blankets of `gift` to ann, locked with [`SLIP_CODE`].
    pub fn city() -> World {
        let mut world = World::open();
        let name = json!({"en": "A name"});
        for organization in ["fund", "kitchen", "stranger"] {
            world.add("", "hall-registrar", "organization.registered", json!({"name": name, "organization": organization}));
        }
        for organization in ["fund", "hall", "kitchen", "stranger"] {
            for role in ["admin", "assign", "audit", "field", "finance", "intake"] {
                let public = format!("$key:{organization}-{role}");
                world.add("", "hall-registrar", "key.granted", json!({"key": public, "organization": organization, "roles": [role]}));
            }
        }
        for (item, category, decimals, unit) in [
            ("KZT", "cash", 2, None),
            ("rice", "food", 3, Some("kg")),
            ("flour", "food", 3, Some("kg")),
            ("blanket", "shelter", 0, Some("piece")),
        ] {
            let mut body = json!({"category": category, "decimals": decimals, "item": item, "name": name, "type": "money"});
            if let Some(unit) = unit {
                body["type"] = json!("goods");
                body["unit"] = json!(unit);
            }
            world.add("", "hall-registrar", "item.defined", body);
        }
        for (region, parent) in [("city", None), ("north", Some("city")), ("south", Some("city")), ("village", None)] {
            let mut body = json!({"name": name, "region": region});
            if let Some(parent) = parent {
                body["parent"] = json!(parent);
            }
            world.add("", "hall-registrar", "region.defined", body);
        }
        let winter = json!({"from": "2026-02-01", "name": name, "organizations": ["kitchen"], "programme": "winter",
            "recipient_types": ["facility", "household"], "regions": ["city"], "until": "2026-04-30"});
        world.add("winter", "fund-admin", "programme.opened", winter);
        for programme in ["everyone", "over"] {
            world.add("", "fund-admin", "programme.opened", json!({"name": name, "programme": programme}));
        }
        world.add("", "fund-admin", "programme.closed", json!({"programme": "over"}));
        for (recipient, programme, region, kind) in [
            ("ann", "winter", "north", "household"),
            ("school", "winter", "south", "facility"),
            ("bob", "everyone", "village", "household"),
        ] {
            let body = json!({"programme": programme, "recipient": format!("$token:{recipient}"), "region": region, "type": kind,
                "uniqueness": format!("$hash:{recipient}")});
            world.add(recipient, "fund-intake", "recipient.enrolled", body);
        }
        let donor = json!({"type": "anonymous"});
        let lots =
            json!([{"item": "KZT", "quantity": "1000.00"}, {"item": "rice", "quantity": "100.000"}, {"item": "blanket", "quantity": "50"}]);
        world.add("gift", "fund-finance", "donation.received", json!({"donor": donor, "lots": lots, "reference": "$hash:receipt 1"}));
        let lots =
            json!([{"item": "rice", "quantity": "20.000"}, {"item": "blanket", "quantity": "10"}, {"item": "flour", "quantity": "5.000"}]);
        let bound =
            json!({"categories": ["food"], "items": ["rice"], "programmes": ["winter"], "regions": ["north"], "use_by": "2026-03-31"});
        world.add("bound", "fund-finance", "donation.received", json!({"donor": donor, "lots": lots, "restrictions": bound}));
        let lots = json!([{"item": "rice", "quantity": "40.000"}]);
        world.add("meals", "kitchen-finance", "donation.received", json!({"donor": donor, "lots": lots}));
        let draws = json!([{"lot": "$gift.1", "quantity": "10.000"}, {"lot": "$gift.2", "quantity": "2"}]);
        let parcel = json!({"draws": draws, "due": "2026-02-20", "lock": format!("$hash:{SLIP_CODE}"), "programme": "winter", "recipient": "$token:ann"});
        world.add("parcel", "fund-assign", "assignment.made", parcel);
        world
    }

    /// A scene by its name; made once and copied.
    pub fn scene(name: &str) -> World {
        match name {
            "empty" => World::empty(),
            "open" => World::open(),
            "city" => {
                static CITY: LazyLock<World> = LazyLock::new(World::city);
                CITY.clone()
            }
            "season" => {
                static SEASON: LazyLock<World> = LazyLock::new(World::season);
                SEASON.clone()
            }
            _ => panic!("there is no scene `{name}`"),
        }
    }

    /// The ledger's id; zeros before it is open.
    pub fn ledger(&self) -> EventId {
        self.state.opening.as_ref().map_or(EventId::ZERO, |opening| opening.id)
    }

    /// What a string of a JSON body stands for.
    pub fn resolve(&self, text: &str) -> String {
        let Some(name) = text.strip_prefix('$') else { return text.to_owned() };
        match name.split_once(':') {
            Some(("key", name)) => return key(name).public().to_string(),
            Some(("hash", word)) => return Blake3Hash::of(word.as_bytes()).to_string(),
            Some(("dispute", rest)) => {
                let (signer, delivery) = rest.split_once(':').expect("$dispute:<key>:<delivery>");
                return key(signer).sign(&dispute_message(&self.names[delivery])).to_string();
            }
            Some(("token", name)) => return Blake3Hash::of(name.as_bytes()).to_string()[..32].to_owned(),
            _ => {}
        }
        let (name, line) = name.split_once('.').map_or((name, String::new()), |(name, line)| (name, format!(".{line}")));
        match name {
            "zero" => format!("{}{line}", EventId::ZERO),
            "weak" => format!("01{}", "00".repeat(31)),
            _ => format!("{}{line}", self.names.get(name).unwrap_or_else(|| panic!("no event was added as `{name}`"))),
        }
    }

    fn resolve_all(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.resolve(text),
            Value::Array(list) => {
                list.iter_mut().for_each(|value| self.resolve_all(value));
                // Draws are a set by lot, and what a lot's id is turns out only now.
                list.sort_by_key(|value| value.get("lot").map_or(String::new(), Value::to_string));
            }
            Value::Object(members) => match members.get("$draft") {
                Some(draft) => {
                    let body = self.body(draft["kind"].as_str().expect("a kind"), draft["body"].clone());
                    *value = Value::String(draft_hash(&body).to_string());
                }
                None => members.values_mut().for_each(|value| self.resolve_all(value)),
            },
            _ => {}
        }
    }

    /// The body that a JSON value stands for.
    pub fn body(&self, kind: &str, mut body: Value) -> Body {
        self.resolve_all(&mut body);
        let kind: Kind = kind.parse().expect("a kind");
        let bytes = canonicalize(body.to_string().as_bytes()).expect("JSON with a canonical form");
        let mut reader = Reader::new(&bytes).expect("UTF-8");
        let read = Body::read(kind, &mut reader).unwrap_or_else(|fault| panic!("{fault} in {}", String::from_utf8_lossy(&bytes)));
        reader.end().expect("nothing follows the body");
        read
    }

    /// A draft of what happens now, in the name of the organization.
    pub fn draft(&self, organization: &str, kind: &str, body: Value) -> Draft {
        Draft { organization: organization.parse().expect("a code"), time: self.recorded, body: self.body(kind, body) }
    }

    /// Signs a draft with the next place in the signer's feed.
    pub fn sign(&self, signer: &str, draft: Draft) -> SignedEvent {
        let key = key(signer);
        let ledger = if draft.body.kind() == Kind::LedgerOpened { EventId::ZERO } else { self.ledger() };
        let feed = self.feed(signer);
        draft.sign(ledger, feed, &key)
    }

    /// The place of the signer's next event.
    pub fn feed(&self, signer: &str) -> FeedHead {
        self.state.feed(&key(signer).public())
    }

    /// Decodes, verifies, judges and, if the rules accept it, applies an event, as a log does.
    pub fn submit(&mut self, signed: &SignedEvent) -> Result<EventId, Rejection> {
        let bytes = encode(signed);
        let read: SignedEvent = decode(&bytes).expect("a signed event is canonical");
        assert_eq!(&read, signed);
        assert!(read.signature_holds());
        let id = read.id();
        let accepted = check(&self.state, &read.event, id, self.recorded)?;
        assert!(accepted.postings.iter().all(|posting| posting.source != posting.target && posting.quantity > 0));
        self.state.apply(&accepted);
        self.recorded.0 += 1;
        self.log.push(signed.clone());
        self.lots_add_up();
        Ok(id)
    }

    /// Adds an event that must be accepted, and names it unless the name is empty. The organization is the signer's.
    #[track_caller]
    pub fn add(&mut self, name: &str, signer: &str, kind: &str, body: Value) -> EventId {
        let signed = self.sign(signer, self.draft(organization_of(signer), kind, body));
        let id = self.submit(&signed).unwrap_or_else(|rejection| panic!("{kind} by {signer}: {rejection}"));
        if !name.is_empty() {
            self.names.insert(name.to_owned(), id);
        }
        id
    }

    /// What is made stays: of a standing lot all is in some account, of a reversed one nothing.
    pub fn lots_add_up(&self) {
        for lot in &self.state.lots {
            let made = if lot.reversed { 0 } else { lot.quantity };
            let here = lot.on_hand + lot.in_transit + lot.assigned;
            let gone = lot.delivered + lot.spent + lot.lost + lot.returned + lot.transferred;
            assert_eq!(here + gone, made, "{lot:?}");
        }
    }
}

/// The body that opens the ledger of the scenes.
pub fn ledger_opened() -> Value {
    json!({"log_key": "$key:log", "name": {"en": "Aid of the city"}, "organization_name": {"en": "City hall"},
        "origin": "aid.example.org/2026", "roles": ["admin", "registrar"], "rules": 1})
}
