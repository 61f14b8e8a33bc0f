//! The test vectors of the format: `fixtures/vectors/<family>/<what is right or wrong>.json`, for implementers in any language.
//!
//! Three things are done here, and kept apart so that one mistake cannot hide in all of them:
//!
//! * [`author`] writes vectors with plain JSON, hash and signature libraries and with the definitions of the spec; it uses nothing of aidledger,
//!   and what must be refused, and why, is said by hand;
//! * [`judge`] reads a file from disk and answers with aidledger's public API;
//! * this file walks the folders and compares.
//!
//! With `AIDLEDGER_WRITE_VECTORS=1` authored files are written; without it they must equal what is on disk. A file that
//! nobody authors (made by hand or by another program) is judged like any other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

#[path = "vectors/author.rs"]
mod author;
#[path = "vectors/judge.rs"]
mod judge;

/// Every family, with a judge and a folder.
const FAMILIES: [&str; 15] = [
    "canonical",
    "chain",
    "checkpoint",
    "entries",
    "events",
    "keys",
    "ledger",
    "policy",
    "proof",
    "rules",
    "signatures",
    "tiles",
    "tree",
    "values",
    "views",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors")
}

/// What a vector file is on disk: two-space JSON with members in order, and a last newline.
fn spelled(vector: &Value) -> String {
    serde_json::to_string_pretty(vector).expect("JSON of our own") + "\n"
}

/// Every vector on disk by `<family>/<name>.json`; whatever else stands in the folder is a mistake.
fn on_disk() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for family in std::fs::read_dir(folder()).expect("the folder of vectors") {
        let family = family.expect("a folder");
        let name = family.file_name().into_string().expect("a name");
        if name == "README.md" {
            continue;
        }
        assert!(FAMILIES.contains(&name.as_str()), "`{name}` is no family: give it a judge and a line in FAMILIES, or remove it");
        for file in std::fs::read_dir(family.path()).expect("the folder of a family") {
            let file = file.expect("a file");
            let path = format!("{name}/{}", file.file_name().into_string().expect("a name"));
            let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '/');
            assert!(path.strip_suffix(".json").is_some_and(|stem| stem.chars().all(good)), "{path}: not a name of a vector");
            found.insert(path, std::fs::read_to_string(file.path()).expect("a vector"));
        }
    }
    found
}

/// What is authored; on disk as well, if that is asked for.
static AUTHORED: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let authored = author::all();
    if std::env::var_os("AIDLEDGER_WRITE_VECTORS").is_some_and(|value| value == "1") {
        for (path, vector) in &authored {
            let file = folder().join(path);
            std::fs::create_dir_all(file.parent().expect("a family")).expect("a folder");
            std::fs::write(file, spelled(vector)).expect("a vector");
        }
    }
    authored
});

#[test]
fn every_vector_gives_what_it_expects() {
    let authored = &*AUTHORED;
    let found = on_disk();
    let mut wrong = Vec::new();
    let bytes: usize = found.values().map(String::len).sum();
    assert!(bytes < 2 << 20, "{bytes} bytes of vectors: say it with fewer or smaller ones");
    for (path, vector) in authored {
        if found.get(path).is_none_or(|text| *text != spelled(vector)) {
            wrong.push(format!("{path}: not as authored; AIDLEDGER_WRITE_VECTORS=1 writes it, and git shows what changed"));
        }
    }
    let mut signs: BTreeMap<&str, BTreeSet<&str>> = FAMILIES.iter().map(|family| (*family, BTreeSet::new())).collect();
    for (path, text) in &found {
        let family = path.split('/').next().expect("a family");
        let vector: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let described = ["description", "spec"].iter().all(|member| vector[member].as_str().is_some_and(|text| !text.is_empty()));
        let sign = match vector["expect"].as_object().map(|expect| expect.keys().map(String::as_str).collect::<Vec<_>>()).as_deref() {
            Some(["ok"]) => "ok",
            Some(["refused"]) => "refused",
            _ => panic!("{path}: `expect` is one of ok and refused"),
        };
        if !described || spelled(&vector) != *text {
            wrong.push(format!("{path}: without description or spec, or not spelled as vectors are"));
        }
        signs.get_mut(family).expect("a known family").insert(sign);
        let answer = judge::judge(family, &vector);
        if !holds(&vector["expect"], &answer) {
            wrong.push(format!("{path} ({}): expected {}, found {answer}", vector["description"], vector["expect"]));
        }
    }
    for (family, signs) in &signs {
        if signs.len() < 2 {
            wrong.push(format!("{family}: has no vector that expects ok, or none that expects refused: {signs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} vectors are wrong:\n{}", wrong.len(), found.len(), wrong.join("\n"));
}

/// Whether all that is expected was found; what else was found is not asked.
fn holds(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().all(|(name, value)| found.get(name).is_some_and(|found| holds(value, found)))
        }
        (expected, found) => expected == found,
    }
}

#[test]
fn a_wrong_expectation_is_noticed() {
    LazyLock::force(&AUTHORED);
    let vectors = on_disk();
    for family in FAMILIES {
        for (path, text) in vectors.iter().filter(|(path, _)| path.starts_with(&format!("{family}/"))) {
            let mut vector: Value = serde_json::from_str(text).expect("JSON");
            let turned = if vector["expect"].get("ok").is_some() { "refused" } else { "ok" };
            vector["expect"] = serde_json::json!({ turned: {} });
            assert!(!holds(&vector["expect"], &judge::judge(family, &vector)), "{path}: holds whatever it expects");
        }
    }
}
