use super::*;

/// The example of c2sp.org/signed-note.
const POEM: &str = "Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
";

/// The example of c2sp.org/tlog-cosignature.
const COSIGNED: &str = "example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
";

fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn vkey(text: &str, seed: u8, algorithm: Algorithm) -> Vkey {
    Vkey::new(name(text), algorithm, key(seed).verifying_key()).unwrap()
}

fn text(text: &str) -> NoteText {
    NoteText::new(text).unwrap()
}

fn signed(by: &str, seed: u8) -> SignedNote {
    let text = text("hello\n");
    let signature = text.sign(&name(by), &key(seed));
    SignedNote::new(text, signature).unwrap()
}

#[test]
fn spec_examples_come_back_byte_for_byte() {
    let poem = SignedNote::parse(POEM.as_bytes()).unwrap();
    assert_eq!(poem.format(), POEM);
    assert!(poem.unverified_text().as_str().ends_with("sole:\n\ned è subito sera.\n"));
    assert_eq!(poem.signatures()[0].name().as_str(), "quasimodo.example/salvatore");
    assert_eq!(poem.signatures()[0].key_id().to_string(), "367ba04b");

    let cosigned = SignedNote::parse(COSIGNED.as_bytes()).unwrap();
    assert_eq!(cosigned.format(), COSIGNED);
    let [log, witness] = cosigned.signatures() else { panic!("two signatures") };
    assert_eq!(log.signature.len(), 64);
    assert_eq!(witness.signature.len(), 8 + 64);
    // The time in the example's text, 1679315147, is the one in its signature.
    assert_eq!(witness.signature[..8], 1_679_315_147u64.to_be_bytes());
    assert_eq!(
        cosigned.unverified_text().cosignature_message(1_679_315_147),
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    );
}

#[test]
fn vkey_of_another_implementation() {
    let text = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    let vkey = Vkey::parse(text).unwrap();
    assert_eq!(vkey.to_string(), text);
    assert_eq!(vkey.name().as_str(), "example.com/log/testdata");
    assert_eq!(vkey.key_id().to_string(), "33d7b496");
    assert_eq!(vkey.algorithm(), Algorithm::Ed25519);
}

#[test]
fn vkeys_in_one_spelling() {
    for algorithm in [Algorithm::Ed25519, Algorithm::CosignatureV1] {
        let vkey = vkey("w.example/1", 7, algorithm);
        assert_eq!(Vkey::parse(&vkey.to_string()), Ok(vkey));
    }
    let ed = vkey("w.example/1", 7, Algorithm::Ed25519).to_string();
    let co = vkey("w.example/1", 7, Algorithm::CosignatureV1).to_string();
    let (_, ed_key) = ed.rsplit_once('+').unwrap();
    let (co_id, _) = co.strip_prefix("w.example/1+").unwrap().split_once('+').unwrap();
    let with_key = |bytes: &[u8]| format!("n+00000000+{}", BASE64.encode(bytes));
    let cases = [
        ("".to_string(), "verifier key: is not of the form name+ID+key"),
        ("name+01234567".into(), "verifier key: is not of the form name+ID+key"),
        (format!("+00000000+{ed_key}"), "key name \"\": is empty"),
        (format!("a b+00000000+{ed_key}"), "key name \"a b\": has a space"),
        (ed.to_uppercase(), "verifier key: key ID is not 8 lower-case hex digits"),
        (format!("n+0000000+{ed_key}"), "verifier key: key ID is not 8 lower-case hex digits"),
        (format!("n+0000000000+{ed_key}"), "verifier key: key ID is not 8 lower-case hex digits"),
        (format!("{ed} "), "verifier key: key is not standard base64"),
        (format!("{ed}="), "verifier key: key is not standard base64"),
        (with_key(&[]), "verifier key: key is empty"),
        (with_key(&[2; 33]), "verifier key of algorithm 0x02; supported are 0x01 (Ed25519) and 0x04 (cosignature/v1)"),
        (with_key(&[6; 1313]), "verifier key of algorithm 0x06; supported are 0x01 (Ed25519) and 0x04 (cosignature/v1)"),
        (with_key(&[1; 32]), "verifier key: Ed25519 public key is not 32 bytes"),
        (with_key(&[1; 34]), "verifier key: Ed25519 public key is not 32 bytes"),
        // y = 2 is not on the curve
        (with_key(&[&[1, 2][..], &[0; 31]].concat()), "verifier key: Ed25519 public key is not a point of the curve"),
        // y = 1 is the neutral element: anybody's signature could be made to fit
        (
            with_key(&[&[1, 1][..], &[0; 31]].concat()),
            "public key is weak or torsioned: other libraries would disagree about its signatures",
        ),
        // the ID of one algorithm with the key of the other
        (format!("w.example/1+{co_id}+{ed_key}"), "verifier key says key ID "),
        (ed.replacen("w.example/1", "w.example/2", 1), "verifier key says key ID "),
    ];
    for (wrong, expected) in cases {
        let error = Vkey::parse(&wrong).expect_err(&wrong).to_string();
        assert!(error.starts_with(expected), "{wrong}: {error}");
    }
}

#[test]
fn torsioned_keys_are_refused() {
    // An honest key plus a point of order two, (0, -1): (x, y) becomes (-x, -y). Negating y in the encoding and flipping
    // the sign bit gives that point.
    let honest = key(3).verifying_key().to_bytes();
    let p: Vec<u8> = [&[0xed][..], &[0xff; 30], &[0x7f]].concat();
    let mut y = honest;
    let sign = y[31] & 0x80;
    y[31] &= 0x7f;
    let mut torsioned = [0u8; 32];
    let mut borrow = 0i16;
    for at in 0..32 {
        let difference = i16::from(p[at]) - i16::from(y[at]) - borrow;
        borrow = i16::from(difference < 0);
        torsioned[at] = difference.rem_euclid(256) as u8;
    }
    torsioned[31] |= sign ^ 0x80;
    let public = VerifyingKey::from_bytes(&torsioned).expect("a point of the curve");
    assert!(!public.is_weak());
    assert_eq!(Vkey::new(name("n"), Algorithm::Ed25519, public), Err(NoteError::WeakKey));
}

#[test]
fn malformed_notes_say_where() {
    let good = signed("k", 1).format();
    let line = good.lines().last().unwrap();
    let cases: Vec<(Vec<u8>, String)> = vec![
        (b"".to_vec(), "note has no empty line between its text and its signatures".into()),
        (b"hello\n".to_vec(), "note has no empty line between its text and its signatures".into()),
        (format!("hello\n{line}\n").into(), "note has no empty line between its text and its signatures".into()),
        (b"hello\n\n".to_vec(), "note has no signature line".into()),
        (format!("{good}\n").into(), "note has no signature line".into()),
        (good.trim_end().into(), "last signature line must end in a newline".into()),
        (good.replace('\n', "\r\n").into(), "note has control character 0x0d at byte 5; only newline is allowed".into()),
        (good.replacen("hello", "he\tllo", 1).into(), "note has control character 0x09 at byte 2; only newline is allowed".into()),
        (good.replacen("hello", "he\0llo", 1).into(), "note has control character 0x00 at byte 2; only newline is allowed".into()),
        ([b"he\xff", good.as_bytes()].concat(), "note is not UTF-8 from byte 2".into()),
        (good.replacen('—', "-", 1).into(), "signature line 1: does not start with — and a space".into()),
        (format!("{good}x\n").into(), "signature line 2: does not start with — and a space".into()),
        (b"t\n\n\xe2\x80\x94 k\n".to_vec(), "signature line 1: has no space after the key name".into()),
        (b"t\n\n\xe2\x80\x94  AAAAAAA=\n".to_vec(), "signature line 1: is not of the form — name base64".into()),
        ("t\n\n— k+ AAAAAAA=\n".into(), "signature line 1: is not of the form — name base64".into()),
        ("t\n\n— k\u{a0}k AAAAAAA=\n".into(), "signature line 1: is not of the form — name base64".into()),
        ("t\n\n— k AAAAAAA\n".into(), "signature line 1: signature is not standard base64".into()),
        // stray bits after the fifth byte
        ("t\n\n— k AAAAAAB=\n".into(), "signature line 1: signature is not standard base64".into()),
        ("t\n\n— k AAAAAAA= \n".into(), "signature line 1: signature is not standard base64".into()),
        ("t\n\n— k AAAAAA==\n".into(), "signature line 1: signature is shorter than a key ID and one byte".into()),
        ("t\n\n— k \n".into(), "signature line 1: signature is shorter than a key ID and one byte".into()),
        (vec![b'a'; NOTE_BYTES_MAX + 1], "note of 1048577 bytes, at most 1048576 are read".into()),
        (format!("t\n\n{}", "— k AAAAAAA=\n".repeat(SIGNATURES_MAX + 1)).into(), "note with more than 128 signatures".into()),
    ];
    for (note, expected) in cases {
        let shown = String::from_utf8_lossy(&note[..note.len().min(80)]).into_owned();
        match SignedNote::parse(&note) {
            Ok(_) => panic!("accepted {shown:?}, expected: {expected}"),
            Err(error) => assert_eq!(error.to_string(), expected, "{shown:?}"),
        }
    }
    let full = format!("t\n\n{}", "— k AAAAAAA=\n".repeat(SIGNATURES_MAX));
    assert_eq!(SignedNote::parse(full.as_bytes()).unwrap().format(), full);
}

#[test]
fn the_last_empty_line_divides() {
    // The text may end in empty lines, may be one, and may hold what looks like a signature.
    let inner = "t\n\n— k AAAAAAA=\n\n";
    for shape in ["\n", "\n\n", "a\n\n\n", inner] {
        let text = text(shape);
        let signature = text.sign(&name("k"), &key(1));
        let note = SignedNote::new(text.clone(), signature).unwrap();
        let again = SignedNote::parse(note.format().as_bytes()).unwrap();
        assert_eq!(again.unverified_text(), &text);
        assert_eq!(again.signatures().len(), 1);
        let known = vkey("k", 1, Algorithm::Ed25519);
        assert_eq!(again.verify([&known]).unwrap().len(), 1);
    }
    assert_eq!(NoteText::new("a"), Err(NoteError::TextNotTerminated));
    assert_eq!(NoteText::new(""), Err(NoteError::TextNotTerminated));
}

#[test]
fn only_known_keys_count() {
    let mut note = signed("log.example", 1);
    let log = vkey("log.example", 1, Algorithm::Ed25519);
    let witness = vkey("witness.example", 2, Algorithm::CosignatureV1);
    let stranger = vkey("stranger.example", 3, Algorithm::Ed25519);

    assert_eq!(note.verify([&stranger]), Err(NoteError::NoKnownSignature));
    assert_eq!(note.verify([]), Err(NoteError::NoKnownSignature));
    let cosignature = note.unverified_text().cosign(witness.name(), &key(2), 1_700_000_000).unwrap();
    note.add(cosignature).unwrap();
    // A line under the log's name from some other key, and one with the log's ID under another name.
    note.add(note.unverified_text().sign(log.name(), &key(9))).unwrap();
    note.add(NoteSignature { name: name("other.example"), key_id: log.key_id(), signature: vec![0; 64] }).unwrap();

    let note = SignedNote::parse(note.format().as_bytes()).unwrap();
    let verified = note.verify([&witness, &log, &stranger]).unwrap();
    let plain = Verified { vkey: &log, timestamp: None };
    let timed = Verified { vkey: &witness, timestamp: Some(1_700_000_000) };
    assert_eq!(verified, [plain, timed]);
}

#[test]
fn a_bad_signature_of_a_known_key_condemns_the_note() {
    let log = vkey("log.example", 1, Algorithm::Ed25519);
    let witness = vkey("witness.example", 2, Algorithm::CosignatureV1);
    let note = signed("log.example", 1);
    let invalid = |vkey: &Vkey| Err(NoteError::InvalidSignature { name: vkey.name().clone(), key_id: vkey.key_id() });

    let changed = note.format().replacen("hello", "hallo", 1);
    let changed = SignedNote::parse(changed.as_bytes()).unwrap();
    assert_eq!(changed.verify([&log]), invalid(&log));

    // A good line does not make up for a bad one, whatever their order or length.
    let good = note.unverified_text().cosign(witness.name(), &key(2), 5).unwrap();
    for damage in [
        |bytes: &mut Vec<u8>| bytes[7] ^= 1,  // another time
        |bytes: &mut Vec<u8>| bytes[20] ^= 1, // another signature
        |bytes: &mut Vec<u8>| bytes.truncate(71),
        |bytes: &mut Vec<u8>| bytes.truncate(4),
        |bytes: &mut Vec<u8>| bytes.push(0),
    ] {
        let mut bad = good.clone();
        damage(&mut bad.signature);
        for lines in [[&good, &bad], [&bad, &good]] {
            let mut note = note.clone();
            lines.iter().for_each(|&line| note.add(line.clone()).unwrap());
            assert_eq!(note.verify([&log, &witness]), invalid(&witness));
            assert!(note.verify([&log]).is_ok(), "unknown, so ignored");
        }
    }

    // A plain signature is no cosignature, even by the same key under the same name, as their IDs differ.
    let both = [vkey("x", 4, Algorithm::Ed25519), vkey("x", 4, Algorithm::CosignatureV1)];
    let note = signed("x", 4);
    assert_eq!(note.verify(&both).unwrap()[0].vkey, &both[0]);
    assert_eq!(note.verify([&both[1]]), Err(NoteError::NoKnownSignature));
}

#[test]
fn times_stay_within_63_bits() {
    let text = text("t\n");
    assert!(text.cosign(&name("w"), &key(1), TIMESTAMP_MAX).is_ok());
    let found = TIMESTAMP_MAX + 1;
    assert_eq!(text.cosign(&name("w"), &key(1), found), Err(NoteError::Timestamp { found }));
    // Such a time is refused even if it is truly signed.
    let witness = vkey("w", 1, Algorithm::CosignatureV1);
    let signature = key(1).sign(&text.cosignature_message(found));
    let line =
        NoteSignature { name: name("w"), key_id: witness.key_id(), signature: [&found.to_be_bytes()[..], &signature.to_bytes()].concat() };
    let note = SignedNote::new(text, line).unwrap();
    assert_eq!(note.verify([&witness]), Err(NoteError::Timestamp { found }));
}

#[test]
fn keys_that_cannot_be_told_apart_are_not_guessed() {
    let one = vkey("k", 1, Algorithm::Ed25519);
    let mut other = vkey("k", 2, Algorithm::Ed25519);
    other.key_id = one.key_id; // as if four bytes of SHA-256 had collided
    let note = signed("k", 1);
    assert!(matches!(note.verify([&one, &other]), Err(NoteError::AmbiguousKey { .. })));
    assert_eq!(note.verify([&one, &one]).unwrap().len(), 1, "the same key twice is one");
}

#[test]
fn a_note_grows_only_to_its_limits() {
    let mut note = signed("k", 1);
    let line = note.signatures()[0].clone();
    while note.signatures().len() < SIGNATURES_MAX {
        note.add(line.clone()).unwrap();
    }
    let max = SIGNATURES_MAX;
    assert_eq!(note.add(line.clone()), Err(NoteError::TooManySignatures { max }));

    let long = text(&format!("{}\n", "a".repeat(NOTE_BYTES_MAX - 100)));
    assert!(matches!(SignedNote::new(long, line), Err(NoteError::TooLong { .. })));
}

#[test]
fn one_line_as_a_witness_returns_it() {
    let line = signed("k", 1).signatures()[0].clone();
    assert_eq!(NoteSignature::parse(&line.to_string()), Ok(line.clone()));
    assert!(NoteSignature::parse(&format!("{line}\n")).is_err());
}
