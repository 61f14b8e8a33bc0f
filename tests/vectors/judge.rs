//! Answers a vector with aidledger's public API: `{"ok": {…}}` or `{"refused": {…}}`.

use std::io::Write;

use aidledger::canonical::{Canonical, Names, Set, Text, decode, encode, write_text};
use aidledger::crypto::audit::verify_zip215;
use aidledger::crypto::note::{Algorithm, SignedNote, Vkey};
use aidledger::crypto::{Blake3Hash, KeyRefusal, PublicKey, Signature, SignedItem, event_message, verify_strict};
use aidledger::event::kinds::{LotLine, Origin, Role, SlipCode};
use aidledger::event::signed::event_id;
use aidledger::event::*;
use aidledger::log::checkpoint::Checkpoint;
use aidledger::log::entry::{ChainFault, ChainHead, DecodedEntry, Entry};
use aidledger::log::policy::{Policy, PolicyError, Unsatisfied};
use aidledger::log::proof::{Proof, Unproven};
use aidledger::log::prove::{CheckError, check_consistency, check_inclusion};
use aidledger::log::tile::{Tile, TileKind, decode_bundle, decode_hashes, entry_bundles, hash_tiles};
use aidledger::log::tree::{Frontier, TreeHash, leaf_hash};
use aidledger::rules::{Rule, State, check};
use aidledger::service::audit::{Options, Signatures, Source, verify};
use aidledger::views::{ViewName, Views};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

/// What aidledger says of a vector of a family.
pub fn judge(family: &str, vector: &Value) -> Value {
    let outcome = match family {
        "canonical" => canonical(vector),
        "values" => value(vector),
        "keys" => keys(vector),
        "events" => event(vector),
        "signatures" => signature(vector),
        "entries" => entry(vector),
        "chain" => chain(vector),
        "rules" => rules(vector),
        "tree" => tree(vector),
        "checkpoint" => checkpoint(vector),
        "tiles" => tiles(vector),
        "proof" => proof(vector),
        "policy" => policy(vector),
        "views" => view(vector),
        "ledger" => ledger(vector),
        _ => panic!("no judge for `{family}`"),
    };
    match outcome {
        Ok(values) => json!({ "ok": values }),
        Err(why) => json!({ "refused": why }),
    }
}

type Outcome = Result<Value, Value>;

/// The bytes that a vector writes as text, as `{"hex": …}`, or as a list of texts and [text, times].
fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Object(_) => HEXLOWER.decode(text(&value["hex"]).as_bytes()).expect("hex"),
        Value::Array(parts) => parts
            .iter()
            .flat_map(|part| match part {
                Value::Array(repeated) => bytes(&repeated[0]).repeat(number(&repeated[1]) as usize),
                part => bytes(part),
            })
            .collect(),
        other => panic!("not bytes: {other}"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("not a number: {value}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value}"))
}

fn hash(value: &Value) -> TreeHash {
    TreeHash::from_bytes(HEXLOWER.decode(text(value).as_bytes()).expect("hex").try_into().expect("32 bytes"))
}

/// A refusal without a reason that is compared; the words are for who reads a failure.
fn because(words: impl std::fmt::Display) -> Value {
    json!({ "words": words.to_string() })
}

/// Reads bytes as a type; what was read is written in the same bytes.
fn read<T: Canonical>(bytes: &[u8]) -> Outcome {
    match decode::<T>(bytes) {
        Ok(value) => {
            assert_eq!(encode(&value), bytes, "what is accepted is written in the same bytes");
            Ok(json!({}))
        }
        Err(fault) => Err(json!({"at": fault.at, "words": fault.what})),
    }
}

fn canonical(vector: &Value) -> Outcome {
    let bytes = bytes(&vector["bytes"]);
    match text(&vector["as"]) {
        "integer" => read::<u64>(&bytes),
        "boolean" => read::<bool>(&bytes),
        "text" => read::<Text>(&bytes),
        "names" => read::<Names>(&bytes),
        "set of codes" => read::<Set<Code>>(&bytes),
        "list of lot lines" => read::<Vec<LotLine>>(&bytes),
        other => panic!("`{other}` is no type of this family"),
    }
}

fn value(vector: &Value) -> Outcome {
    let spelled = text(&vector["text"]);
    let mut bytes = Vec::new();
    write_text(spelled, &mut bytes);
    match text(&vector["type"]) {
        "quantity" => {
            read::<Quantity>(&bytes)?;
            let quantity: Quantity = spelled.parse().expect("what is read is parsed");
            Ok(json!({"decimals": quantity.decimals, "minor": quantity.minor.to_string()}))
        }
        "date" => read::<Date>(&bytes),
        "time" => read::<Time>(&bytes),
        "code" => read::<Code>(&bytes),
        "lot id" => read::<LotId>(&bytes),
        "token" => read::<Token>(&bytes),
        "hash" => read::<Blake3Hash>(&bytes),
        "event id" => read::<EventId>(&bytes),
        "key" => read::<PublicKey>(&bytes),
        "signature" => read::<Signature>(&bytes),
        "origin" => read::<Origin>(&bytes),
        "slip code" => read::<SlipCode>(&bytes),
        "role" => read::<Role>(&bytes),
        "kind" => read::<Kind>(&bytes),
        other => panic!("`{other}` is no type of this family"),
    }
}

fn keys(vector: &Value) -> Outcome {
    let key = PublicKey::from_hex(text(&vector["key"])).expect("hex of a key");
    PublicKey::admit(key.0).map(|_| json!({})).map_err(|refusal| {
        json!({"why": match refusal {
            KeyRefusal::NotAPoint => "not-a-point",
            KeyRefusal::NonCanonical => "non-canonical",
            KeyRefusal::SmallOrder => "small-order",
            KeyRefusal::Torsioned => "torsioned",
        }})
    })
}

fn event(vector: &Value) -> Outcome {
    let bytes = bytes(&vector["event"]);
    read::<Event>(&bytes)?;
    let event: Event = decode(&bytes).expect("read before");
    Ok(json!({"id": event_id(&bytes).to_string(), "kind": event.kind().word()}))
}

fn signature(vector: &Value) -> Outcome {
    let bytes = bytes(&vector["event"]);
    let event: Event = decode(&bytes).expect("an event: only its signature is in question");
    let signature = Signature::from_hex(text(&vector["signature"])).expect("hex of a signature");
    let mut buffer = Vec::new();
    let message = event_message(&mut buffer, &bytes);
    let item = SignedItem { public: event.signer, signature, message, binding: Blake3Hash::of(message) };
    let holds = match text(&vector["rule"]) {
        "strict" => {
            let signed = SignedEvent { event: event.clone(), signature };
            assert_eq!(signed.signature_holds(), verify_strict(event.signer, message, &signature));
            signed.signature_holds()
        }
        "zip215" => {
            let batch = [item, item, item];
            assert_eq!(aidledger::crypto::audit_every(&batch).is_ok(), verify_zip215(&item), "a batch answers as each of it");
            verify_zip215(&item)
        }
        other => panic!("`{other}` is no rule of signatures"),
    };
    if holds { Ok(json!({})) } else { Err(json!({})) }
}

fn entry(vector: &Value) -> Outcome {
    let bytes = bytes(&vector["entry"]);
    let decoded = Entry::decode(&bytes).map_err(because)?;
    Ok(json!({"entry_hash": decoded.hash.to_string(), "event_id": decoded.id.to_string(), "leaf_hash": leaf_hash(&bytes).to_string()}))
}

fn chain(vector: &Value) -> Outcome {
    let mut head = ChainHead::EMPTY;
    for (index, entry) in list(&vector["entries"]).iter().enumerate() {
        let wrong = |why: &str| json!({"index": index, "why": why});
        let decoded = Entry::decode(&bytes(entry)).map_err(|_| wrong("form"))?;
        head.advance(&decoded).map_err(|fault| {
            wrong(match fault {
                ChainFault::Index { .. } => "index",
                ChainFault::Previous { .. } => "previous",
                ChainFault::Recorded { .. } => "recorded",
            })
        })?;
    }
    Ok(json!({"hash": head.hash.to_string(), "size": head.size}))
}

fn rules(vector: &Value) -> Outcome {
    let mut state = State::default();
    for (index, submission) in list(&vector["submissions"]).iter().enumerate() {
        let broken = |rule: Rule| json!({"index": index, "name": rule.name(), "rule": rule.number()});
        let signed: SignedEvent = decode(&bytes(&submission["signed"])).map_err(|_| broken(Rule::Malformed))?;
        if !signed.signature_holds() {
            return Err(broken(Rule::SignatureInvalid));
        }
        let recorded = text(&submission["recorded"]).parse().expect("a time");
        let accepted = check(&state, &signed.event, signed.id(), recorded).map_err(|rejection| broken(rejection.rule))?;
        state.apply(&accepted);
    }
    Ok(json!({}))
}

fn tree(vector: &Value) -> Outcome {
    let path = || list(&vector["path"]).iter().map(hash).collect::<Vec<_>>();
    let (size, index) = (|name: &str| number(&vector[name]), || number(&vector["index"]));
    match text(&vector["what"]) {
        "root" => {
            let mut frontier = Frontier::new();
            list(&vector["entries"]).iter().for_each(|entry| frontier.push(leaf_hash(&bytes(entry))));
            Ok(json!({"root": frontier.root().to_string()}))
        }
        "inclusion" => {
            let leaf = leaf_hash(&bytes(&vector["entry"]));
            check_inclusion(index(), size("size"), &leaf, &path(), &hash(&vector["root"])).map(|()| json!({})).map_err(because)
        }
        "consistency" => {
            let (old, new) = (hash(&vector["old_root"]), hash(&vector["new_root"]));
            check_consistency(size("old_size"), &old, size("new_size"), &new, &path()).map(|()| json!({})).map_err(because)
        }
        other => panic!("`{other}` is nothing of a tree"),
    }
}

fn checkpoint(vector: &Value) -> Outcome {
    let vkey = Vkey::parse(text(&vector["vkey"])).map_err(because)?;
    assert_eq!(vkey.to_string(), text(&vector["vkey"]), "a vkey has one spelling");
    let note = SignedNote::parse(&bytes(&vector["note"])).map_err(because)?;
    assert_eq!(note.format().into_bytes(), bytes(&vector["note"]), "a note has one spelling");
    // A witness's key under a witness's name is asked for its cosignature; everything else is asked for the log's.
    if vkey.algorithm() == Algorithm::CosignatureV1 && vkey.name().as_str().starts_with("witness") {
        Checkpoint::parse(note.unverified_text()).map_err(because)?;
        let verified = note.verify([&vkey]).map_err(because)?;
        return Ok(json!({"time": verified[0].timestamp}));
    }
    let checkpoint = Checkpoint::open(&note, &vkey).map_err(because)?;
    Ok(json!({"origin": checkpoint.origin(), "root": checkpoint.root().to_string(), "size": checkpoint.size()}))
}

fn tiles(vector: &Value) -> Outcome {
    let tile = || Tile::parse(text(&vector["path"])).map_err(because);
    match text(&vector["what"]) {
        "path" => {
            let tile = tile()?;
            assert_eq!(tile.path(), text(&vector["path"]), "a tile has one path");
            let level = match tile.kind() {
                TileKind::Hashes { level } => json!(level),
                TileKind::Entries => json!("entries"),
            };
            Ok(json!({"index": tile.index().to_string(), "level": level, "width": tile.width()}))
        }
        "tiles" => {
            let size = number(&vector["size"]);
            let mut paths: Vec<String> = hash_tiles(size).chain(entry_bundles(size)).map(|tile| tile.path()).collect();
            paths.sort();
            Ok(json!({ "paths": paths }))
        }
        "bundle" => {
            let bytes = bytes(&vector["bytes"]);
            let entries = decode_bundle(tile()?, &bytes).map_err(because)?;
            Ok(json!({"entries": entries.iter().map(|entry| HEXLOWER.encode(entry)).collect::<Vec<_>>()}))
        }
        "hashes" => {
            let hashes = decode_hashes(tile()?, &bytes(&vector["bytes"])).map_err(because)?;
            Ok(json!({"hashes": hashes.iter().map(TreeHash::to_string).collect::<Vec<_>>()}))
        }
        other => panic!("`{other}` is nothing of tiles"),
    }
}

fn policy(vector: &Value) -> Outcome {
    let policy = Policy::parse(&bytes(&vector["policy"])).map_err(|error| match error {
        PolicyError::Line { line, problem } => json!({"line": line, "words": problem.to_string()}),
        other => because(other),
    })?;
    if vector.get("note").is_none() {
        return Ok(json!({}));
    }
    let note = SignedNote::parse(&bytes(&vector["note"])).expect("a note: only the quorum is in question");
    let satisfied = policy.check(&note).map_err(because)?;
    Ok(json!({"witnesses": satisfied.witnesses.len()}))
}

/// The nine steps of spec section 9.
fn proof(vector: &Value) -> Outcome {
    let step = |step: u8, words: String| json!({"step": step, "words": words});
    let (entry, ledger) = (bytes(&vector["entry"]), text(&vector["ledger"]).parse::<EventId>().expect("an id"));
    let policy = Policy::parse(&bytes(&vector["policy"])).map_err(|error| step(1, error.to_string()))?;
    let file = bytes(&vector["proof"]);
    let proof = Proof::parse(&file).map_err(|error| step(2, error.to_string()))?;
    assert_eq!(proof.format().into_bytes(), file, "a proof has one spelling");
    proof.check(&entry, &policy).map_err(|error| {
        let number = match &error {
            Unproven::Policy(Unsatisfied::Quorum { .. }) => 4,
            Unproven::Policy(_) => 3,
            Unproven::Inclusion(CheckError::OutOfRange { .. }) => 5,
            Unproven::Inclusion(_) => 6,
        };
        step(number, error.to_string())
    })?;
    let decoded = Entry::decode(&entry).map_err(|fault| step(7, fault.to_string()))?;
    if decoded.entry.index != proof.index() {
        return Err(step(7, "another index".into()));
    }
    let named = if decoded.entry.index == 0 { decoded.id } else { decoded.entry.event.ledger };
    if named != ledger {
        return Err(step(8, "another ledger".into()));
    }
    if !decoded.entry.signed().signature_holds() {
        return Err(step(9, "another signature".into()));
    }
    Ok(json!({}))
}

fn view(vector: &Value) -> Outcome {
    let (mut state, mut folded) = (State::default(), Views::default());
    for text in list(&vector["entries"]) {
        let DecodedEntry { entry, id, .. } = Entry::decode(&bytes(text)).expect("an entry: only the view is in question");
        let accepted = check(&state, &entry.event, id, entry.recorded).expect("an entry that the rules accept");
        state.apply(&accepted);
        folded.fold(&accepted, &state, None).expect("nothing is stored");
    }
    let view: ViewName = text(&vector["view"]).parse().expect("a view");
    let mut rows = folded.take_changes(view, &state);
    rows.sort();
    let mut lines = Vec::new();
    rows.iter().for_each(|row| lines.extend_from_slice(row.line));
    let lines = String::from_utf8(lines).expect("text");
    let digest = rows.digest().to_string();
    let claimed: String = list(&vector["rows"]).iter().map(|row| format!("{}\n", text(row))).collect();
    if lines == claimed && digest == text(&vector["digest"]) { Ok(json!({})) } else { Err(json!({"digest": digest, "rows": lines})) }
}

fn ledger(vector: &Value) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, content) in vector["files"].as_object().expect("files") {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::File::create(path).and_then(|mut file| file.write_all(&bytes(content))).expect("a file");
    }
    let options = Options {
        signatures: match text(&vector["signatures"]) {
            "every" => Signatures::Every,
            "strict" => Signatures::Strict,
            "heads" => Signatures::Heads,
            other => panic!("`{other}` is no way to check signatures"),
        },
        ledger: Some(text(&vector["ledger"]).parse().expect("an id")),
        since: vector.get("since").map(bytes),
        policy: vector.get("policy").map(|policy| Policy::parse(&bytes(policy)).expect("a policy")),
        views: true,
    };
    let source = Source::folder(folder.path()).expect("a ledger's folder or a tile folder");
    let report = verify(&source, &options, &|_| {}).expect("a source that can be read");
    match report.findings.first() {
        None => Ok(json!({"root": report.root.map(|root| root.to_string()), "size": report.size})),
        Some(finding) => Err(json!({"index": finding.index, "step": finding.step.word(), "words": finding.what})),
    }
}
