//! Writes vectors. Nothing of aidledger is used: JSON, BLAKE3, SHA-256 and Ed25519 come from their libraries, all else from the spec.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[path = "bytes.rs"]
mod bytes;
#[path = "events.rs"]
mod events;
#[path = "kinds.rs"]
mod kinds;
#[path = "ledgers.rs"]
mod ledgers;
#[path = "logs.rs"]
mod logs;
#[path = "season.rs"]
mod season;
#[path = "trees.rs"]
mod trees;
#[path = "trust.rs"]
mod trust;

/// The vectors by path.
#[derive(Default)]
pub struct Author(BTreeMap<String, Value>);

/// Everything that is authored here.
pub fn all() -> BTreeMap<String, Value> {
    let mut author = Author::default();
    bytes::write(&mut author);
    events::write(&mut author);
    logs::write(&mut author);
    trees::write(&mut author);
    trust::write(&mut author);
    ledgers::write(&mut author);
    season::write(&mut author);
    author.0
}

impl Author {
    /// Adds a vector: its inputs with description, section and expectation.
    fn put(&mut self, path: &str, spec: &str, description: &str, expect: Value, mut inputs: Value) {
        inputs["description"] = description.into();
        inputs["spec"] = spec.into();
        inputs["expect"] = expect;
        assert!(self.0.insert(format!("{path}.json"), inputs).is_none(), "{path} is authored twice");
    }
}

fn ok(values: Value) -> Value {
    json!({ "ok": values })
}

fn refused(why: Value) -> Value {
    json!({ "refused": why })
}

/// 64 zeros.
const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The seeds of the keys: 32 times this byte.
const HALL: u8 = 1;
const LOG: u8 = 2;
const OFFICE: u8 = 3;
const PHONE: u8 = 4;
const STRANGER: u8 = 9;
/// Witnesses.
const WITNESSES: [u8; 3] = [0x11, 0x12, 0x13];

const ORIGIN: &str = "aid.example.org/2026";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> String {
    hex(key(seed).verifying_key().as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn blake(bytes: impl AsRef<[u8]>) -> String {
    blake3::hash(bytes.as_ref()).to_string()
}

/// RFC 8785 by a library of others.
fn canonical(value: &Value) -> String {
    serde_json_canonicalizer::to_string(value).expect("JSON of our own")
}

/// The signature of an event, in hex.
fn sign(seed: u8, event: &str) -> String {
    hex(&key(seed).sign(format!("aidledger/event/v1\n{event}").as_bytes()).to_bytes())
}

/// A text with one thing in it replaced.
fn altered(text: &str, what: &str, by: &str) -> String {
    let found = text.replacen(what, by, 1);
    assert_ne!(found, text, "`{what}` does not stand in {text}");
    found
}

/// A log in the making: places events in feeds and entries in the chain.
#[derive(Clone)]
struct Log {
    ledger: String,
    feeds: BTreeMap<u8, (u64, String)>,
    entries: Vec<String>,
    /// Signed events with their recorded times, as submitted.
    submissions: Vec<Value>,
}

impl Log {
    fn empty() -> Log {
        Log { ledger: ZERO.into(), feeds: BTreeMap::new(), entries: Vec::new(), submissions: Vec::new() }
    }

    /// The next event of a key.
    fn event(&self, seed: u8, organization: &str, time: &str, kind: &str, body: Value) -> Value {
        let (sequence, previous) = self.feeds.get(&seed).cloned().unwrap_or((0, ZERO.into()));
        json!({"body": body, "kind": kind, "ledger": self.ledger, "organization": organization, "previous": previous,
            "sequence": sequence, "signer": public(seed), "time": time, "version": 1})
    }

    /// Takes an event in as it is, recorded two seconds after its time, and returns its id.
    fn push(&mut self, seed: u8, event: &Value) -> String {
        let recorded = event["time"].as_str().expect("a time").replace(":00Z", ":02Z");
        let bytes = canonical(event);
        self.push_signed(seed, &bytes, &sign(seed, &bytes), &recorded)
    }

    fn push_signed(&mut self, seed: u8, event: &str, signature: &str, recorded: &str) -> String {
        let id = blake(event);
        let previous = self.entries.last().map_or(ZERO.into(), blake);
        if self.entries.is_empty() {
            self.ledger = id.clone();
        }
        let sequence = self.feeds.get(&seed).map_or(0, |feed| feed.0);
        self.feeds.insert(seed, (sequence + 1, id.clone()));
        self.entries.push(entry(event, self.entries.len(), &previous, recorded, signature));
        self.submissions.push(json!({"recorded": recorded, "signed": format!("{{\"event\":{event},\"signature\":\"{signature}\"}}")}));
        id
    }

    fn add(&mut self, seed: u8, organization: &str, time: &str, kind: &str, body: Value) -> String {
        let event = self.event(seed, organization, time, kind, body);
        self.push(seed, &event)
    }

    /// The lines of a segment.
    fn lines(&self) -> String {
        self.entries.iter().map(|entry| format!("{entry}\n")).collect()
    }
}

fn entry(event: &str, index: usize, previous: &str, recorded: &str, signature: &str) -> String {
    format!("{{\"event\":{event},\"index\":{index},\"previous\":\"{previous}\",\"recorded\":\"{recorded}\",\"signature\":\"{signature}\"}}")
}

const SLIP_CODE: &str = "7K2M9QX4T8WZ3RFA";
const TOKEN: &str = "000102030405060708090a0b0c0d0e0f";

fn opening() -> Value {
    json!({"log_key": public(LOG), "name": {"en": "City aid", "kk": "Қала көмегі"}, "organization_name": {"en": "City hall"},
        "origin": ORIGIN, "roles": ["admin", "registrar"], "rules": 1})
}

/// A log of one entry.
fn opened() -> Log {
    let mut log = Log::empty();
    log.add(HALL, "city", "2026-01-05T09:00:00Z", "ledger.opened", opening());
    log
}

/// The small ledger of the families proof, views and ledger: 12 entries of three keys; delivered in two parts, the first with a slip code.
fn small() -> Log {
    let mut log = opened();
    let name = |text: &str| json!({ "en": text });
    log.add(
        HALL,
        "city",
        "2026-01-05T09:01:00Z",
        "organization.registered",
        json!({"name": {"en": "The \"Warm\" fund", "ru": "Тепло"}, "organization": "fund"}),
    );
    let grant =
        |seed: u8, label: &str, roles: &[&str]| json!({"key": public(seed), "label": label, "organization": "fund", "roles": roles});
    log.add(
        HALL,
        "city",
        "2026-01-05T09:02:00Z",
        "key.granted",
        grant(OFFICE, "office", &["admin", "assign", "field", "finance", "intake"]),
    );
    log.add(HALL, "city", "2026-01-05T09:03:00Z", "key.granted", grant(PHONE, "phone-1", &["field"]));
    let rice = json!({"category": "food", "decimals": 1, "item": "rice", "name": name("Rice"), "type": "goods", "unit": "kg"});
    log.add(HALL, "city", "2026-01-05T09:04:00Z", "item.defined", rice);
    log.add(HALL, "city", "2026-01-05T09:05:00Z", "region.defined", json!({"name": name("North"), "region": "north"}));
    log.add(OFFICE, "fund", "2026-01-06T08:00:00Z", "programme.opened", json!({"name": name("Winter"), "programme": "winter"}));
    let household = json!({"programme": "winter", "recipient": TOKEN, "region": "north", "type": "household"});
    log.add(OFFICE, "fund", "2026-01-06T08:01:00Z", "recipient.enrolled", household);
    let gift = json!({"donor": {"type": "anonymous"}, "lots": [{"item": "rice", "quantity": "500.0"}]});
    let gift = log.add(OFFICE, "fund", "2026-01-06T11:00:00Z", "donation.received", gift);
    let lot = format!("{gift}.0");
    let parcel = json!({"draws": [{"lot": lot, "quantity": "20.0"}], "lock": blake(SLIP_CODE), "programme": "winter", "recipient": TOKEN});
    let parcel = log.add(OFFICE, "fund", "2026-01-07T08:00:00Z", "assignment.made", parcel);
    let part = |quantity: &str| json!({"assignment": parcel, "draws": [{"lot": lot, "quantity": quantity}]});
    let mut first = part("15.0");
    first["code"] = SLIP_CODE.into();
    log.add(PHONE, "fund", "2026-01-08T12:00:00Z", "delivery.made", first);
    log.add(PHONE, "fund", "2026-01-09T12:00:00Z", "delivery.made", part("2.5"));
    log
}

type Hash = [u8; 32];

fn leaf(entry: impl AsRef<[u8]>) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// MTH of RFC 6962, 2.1.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            Sha256::new().chain_update([1]).chain_update(root(left)).chain_update(root(right)).finalize().into()
        }
    }
}

/// The largest power of two less than n.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// PATH of RFC 6962, 2.1.1.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut hashes, beside) = if index < k { (path(index, left), right) } else { (path(index - k, right), left) };
    hashes.push(root(beside));
    hashes
}

fn hashes_hex(hashes: &[Hash]) -> Value {
    hashes.iter().map(|hash| hex(hash)).collect()
}

fn leaves(log: &Log) -> Vec<Hash> {
    log.entries.iter().map(leaf).collect()
}

fn checkpoint_text(origin: &str, size: usize, root: &Hash) -> String {
    format!("{origin}\n{size}\n{}\n", BASE64.encode(root))
}

fn key_id(name: &str, algorithm: u8, seed: u8) -> Vec<u8> {
    let key = key(seed).verifying_key();
    Sha256::new().chain_update(name).chain_update([b'\n', algorithm]).chain_update(key.as_bytes()).finalize()[..4].to_vec()
}

/// A verifier key of c2sp.org/signed-note: 0x01 for logs, 0x04 for witnesses.
fn vkey(name: &str, algorithm: u8, seed: u8) -> String {
    let bytes = [&[algorithm][..], key(seed).verifying_key().as_bytes()].concat();
    format!("{name}+{}+{}", hex(&key_id(name, algorithm, seed)), BASE64.encode(&bytes))
}

fn note_line(name: &str, key_id: &[u8], signature: &[u8]) -> String {
    format!("\u{2014} {name} {}\n", BASE64.encode(&[key_id, signature].concat()))
}

/// The signature line of a log.
fn log_line(name: &str, seed: u8, text: &str) -> String {
    note_line(name, &key_id(name, 1, seed), &key(seed).sign(text.as_bytes()).to_bytes())
}

/// The signature line of a witness.
fn witness_line(name: &str, seed: u8, time: u64, text: &str) -> String {
    let signature = key(seed).sign(format!("cosignature/v1\ntime {time}\n{text}").as_bytes());
    note_line(name, &key_id(name, 4, seed), &[&time.to_be_bytes()[..], &signature.to_bytes()].concat())
}

/// A checkpoint signed by the log.
fn checkpoint(log: &Log) -> String {
    let text = checkpoint_text(ORIGIN, log.entries.len(), &root(&leaves(log)));
    format!("{text}\n{}", log_line(ORIGIN, LOG, &text))
}
