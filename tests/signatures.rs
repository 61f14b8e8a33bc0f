//! Promises about signatures: which are admitted, and that an audit in batches answers as an audit one by one does.
//!
//! The hard cases are the 914 vectors of C2SP's CCTV collection (`ed25519/cctv-ed25519vectors.json`): every combination of small
//! order, torsion and odd encodings in key and signature, each with flags that say what is odd about it.

#[path = "support/dice.rs"]
mod dice;

use std::path::PathBuf;

use aidledger::crypto::audit::verify_zip215;
use aidledger::crypto::*;
use dice::Dice;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    number: u32,
    key: PublicKey,
    sig: Signature,
    msg: String,
    flags: Option<Vec<String>>,
}

impl Vector {
    fn has(&self, flag: &str) -> bool {
        self.flags.iter().flatten().any(|found| found == flag)
    }

    fn item(&self) -> SignedItem<'_> {
        SignedItem { public: self.key, signature: self.sig, message: self.msg.as_bytes(), binding: Blake3Hash::of(self.msg.as_bytes()) }
    }
}

/// The vectors; `None`, with a line that says so, where the shared data is not at hand (but CI must have it).
fn vectors() -> Option<Vec<Vector>> {
    let root =
        std::env::var_os("AIDLEDGER_DATA").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = root.join("ed25519/cctv-ed25519vectors.json");
    match std::fs::read(&path) {
        Ok(text) => Some(serde_json::from_slice(&text).expect("the vectors are as described")),
        Err(error) if std::env::var_os("CI").is_some() => panic!("{}: {error}", path.display()),
        Err(error) => {
            println!("skipped, no vectors: {}: {error}", path.display());
            None
        }
    }
}

/// dalek by itself, without our admission.
fn dalek_strict(vector: &Vector) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(&vector.sig.0);
    ed25519_dalek::VerifyingKey::from_bytes(&vector.key.0).is_ok_and(|key| key.verify_strict(vector.msg.as_bytes(), &signature).is_ok())
}

#[test]
fn weak_torsioned_and_odd_keys_are_refused_and_for_the_rest_strict_is_dalek_strict() {
    let Some(vectors) = vectors() else { return };
    assert_eq!(vectors.len(), 914);
    let (mut admitted, mut accepted) = (0, 0);
    for vector in &vectors {
        let number = vector.number;
        let expected = if vector.has("non_canonical_A") {
            Err(KeyRefusal::NonCanonical)
        } else if vector.has("low_order_A") {
            Err(KeyRefusal::SmallOrder)
        } else if vector.has("low_order_component_A") {
            Err(KeyRefusal::Torsioned)
        } else {
            Ok(vector.key)
        };
        assert_eq!(PublicKey::admit(vector.key.0), expected, "vector {number}: {:?}", vector.flags);
        let ours = verify_strict(vector.key, vector.msg.as_bytes(), &vector.sig);
        assert_eq!(ours, expected.is_ok() && dalek_strict(vector), "vector {number}: {:?}", vector.flags);
        admitted += usize::from(expected.is_ok());
        accepted += usize::from(ours);
    }
    println!("{admitted} keys admitted, {accepted} signatures accepted");
    assert!(accepted > 0 && admitted > accepted);
}

/// libsodium refuses small order and odd encodings in key and `R`, and compares `R` without the cofactor. The flags say all of
/// that, so they alone must foretell what dalek's strict rule answers, and ours is never wider.
#[test]
fn the_flags_foretell_the_strict_answer() {
    let Some(vectors) = vectors() else { return };
    let refused_by_libsodium = ["low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue", "reencoded_k"];
    let mut narrower = 0;
    for vector in &vectors {
        let libsodium = !refused_by_libsodium.iter().any(|flag| vector.has(flag));
        assert_eq!(dalek_strict(vector), libsodium, "vector {}: {:?}", vector.number, vector.flags);
        let ours = verify_strict(vector.key, vector.msg.as_bytes(), &vector.sig);
        assert_eq!(ours, libsodium && !vector.has("low_order_component_A"));
        narrower += usize::from(libsodium && !ours);
    }
    println!("{narrower} signatures refused for a torsioned key only");
}

/// Everything the log admits, an audit accepts, and more.
#[test]
fn an_audit_accepts_a_superset() {
    let Some(vectors) = vectors() else { return };
    let honest = Honest::new(2, 9);
    let (mut strict, mut zip215) = (0, 0);
    for vector in &vectors {
        let item = vector.item();
        let every = audit_every(&[item]).is_ok();
        assert_eq!(every, verify_zip215(&item), "vector {}", vector.number);
        // ZIP-215 hashes the encodings as they are; hashing re-encoded ones gives another k. Under a key of small order k does not
        // matter, because the cofactor takes [k]A away.
        let expected = !vector.has("reencoded_k") || vector.has("low_order_A");
        assert_eq!(every, expected, "vector {}", vector.number);
        // The same in company, where it takes a batch to tell.
        let mut company = honest.items();
        company[5] = item;
        let outcome = if expected { Ok(()) } else { Err(5) };
        assert_eq!(audit_every(&company), outcome, "vector {}", vector.number);
        let one_by_one = audit_strict(&[item]).is_ok();
        assert_eq!(one_by_one, verify_strict(vector.key, vector.msg.as_bytes(), &vector.sig));
        assert!(every || !dalek_strict(vector), "vector {}", vector.number);
        strict += usize::from(one_by_one);
        zip215 += usize::from(every);
    }
    println!("strict accepts {strict}, ZIP-215 {zip215}");
    assert!(0 < strict && strict < zip215 && zip215 < vectors.len());
}

/// Signed messages by a few keys, as in a ledger: few keys, many events.
struct Honest(Vec<(PublicKey, Signature, Vec<u8>)>);

impl Honest {
    fn new(keys: u8, count: usize) -> Honest {
        let keys: Vec<_> = (1..=keys).map(|n| SecretKey::from_seed(&[n; 32])).collect();
        let mut buffer = Vec::new();
        let sign = |number: usize| {
            let key = &keys[number % keys.len()];
            let message = event_message(&mut buffer, format!("{{\"n\":{number}}}").as_bytes());
            (key.public(), key.sign(message), message.to_vec())
        };
        Honest((0..count).map(sign).collect())
    }

    fn items(&self) -> Vec<SignedItem<'_>> {
        self.0
            .iter()
            .map(|(public, signature, message)| SignedItem {
                public: *public,
                signature: *signature,
                message,
                binding: Blake3Hash::of(message),
            })
            .collect()
    }
}

#[test]
fn batch_and_single_never_disagree_in_100_shuffles() {
    let Some(vectors) = vectors() else { return };
    let honest = Honest::new(7, 120);
    let pool: Vec<SignedItem<'_>> = vectors.iter().map(Vector::item).chain(honest.items()).collect();
    let (mut good, mut bad): (Vec<_>, Vec<_>) = pool.iter().copied().partition(verify_zip215);
    // Signatures that are bad in the plain way too: of another message, with s changed, with a key that is no point.
    for (turn, item) in honest.items().into_iter().take(30).enumerate() {
        bad.push(match turn % 3 {
            0 => SignedItem { message: b"something else", binding: Blake3Hash::of(b"something else"), ..item },
            1 => {
                let mut signature = item.signature;
                signature.0[40] ^= 4;
                SignedItem { signature, ..item }
            }
            _ => {
                let mut bytes = [0; 32];
                bytes[0] = 2;
                SignedItem { public: PublicKey(bytes), ..item }
            }
        });
    }
    let mut all_good = 0;
    for seed in 0..100 {
        println!("seed {seed}");
        let mut dice = Dice(seed);
        dice.shuffle(&mut good);
        dice.shuffle(&mut bad);
        let mut items = good[..dice.below(300) as usize].to_vec();
        // Every fourth shuffle has no bad one at all; the others have up to eight.
        let bad_count = if seed % 4 == 0 { 0 } else { 1 + dice.below(8) as usize };
        items.extend_from_slice(&bad[..bad_count]);
        dice.shuffle(&mut items);
        let expected = items.iter().position(|item| !verify_zip215(item));
        assert_eq!(expected.is_none(), bad_count == 0);
        assert_eq!(audit_every(&items).err(), expected);
        let expected = items.iter().position(|item| !verify_strict(item.public, item.message, &item.signature));
        assert_eq!(audit_strict(&items).err(), expected);
        all_good += usize::from(bad_count == 0);
    }
    assert_eq!(all_good, 25);
}

/// Two bad signatures whose errors cancel out when they are simply added: a batch without coefficients would accept them.
#[test]
fn errors_that_cancel_out_are_found() {
    let honest = Honest::new(1, 8);
    let mut items = honest.items();
    // s_2 + 1 and s_5 - 1; neither wraps for these signatures, and the sum over the batch is as before.
    items[2].signature.0[32] = items[2].signature.0[32].checked_add(1).expect("no carry");
    items[5].signature.0[32] = items[5].signature.0[32].checked_sub(1).expect("no borrow");
    assert_eq!(audit_every(&items), Err(2));
    items[2] = honest.items()[2];
    assert_eq!(audit_every(&items), Err(5));
}

/// The first bad one is found wherever it is, also in a later batch, and a second one behind it does not hide it.
#[test]
fn the_first_bad_one_is_located() {
    let honest = Honest::new(3, audit::BATCH + 37);
    let good = honest.items();
    assert_eq!(audit_every(&good), Ok(()));
    assert_eq!(audit_every(&[]), Ok(()));
    assert_eq!(audit_strict(&[]), Ok(()));
    let last = good.len() - 1;
    for at in [0, 1, audit::BATCH - 1, audit::BATCH, last] {
        let mut items = good.clone();
        items[at].message = b"forged";
        items[last].message = b"forged too";
        assert_eq!(audit::audit(SignatureCheck::Every, &items), Err(at));
    }
    let mut items = good[..40].to_vec();
    items[17].message = b"forged";
    assert_eq!(audit::audit(SignatureCheck::Strict, &items), Err(17));
}
