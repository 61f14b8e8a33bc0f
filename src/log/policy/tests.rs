use super::super::tree::leaf_hash;
use super::*;
use crate::crypto::note::{KeyName, NoteText};
use ed25519_dalek::SigningKey;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn vkey(name: &str, seed: u8, algorithm: Algorithm) -> Vkey {
    let name = KeyName::new(name).unwrap();
    Vkey::new(name, algorithm, key(seed).verifying_key()).unwrap()
}

/// The log of a seed, as a vkey.
fn log(seed: u8) -> String {
    vkey(&format!("log{seed}.example"), seed, Algorithm::Ed25519).to_string()
}

/// The witness of a seed, as a vkey.
fn witness(seed: u8) -> String {
    vkey(&format!("w{seed}.example"), seed, Algorithm::CosignatureV1).to_string()
}

/// Puts vkeys in the place of `{L1}` and `{W1}`.
fn fill(file: &str) -> String {
    let mut file = file.to_string();
    for seed in 1..=9 {
        file = file.replace(&format!("{{L{seed}}}"), &log(seed)).replace(&format!("{{W{seed}}}"), &witness(seed));
    }
    file
}

fn policy(file: &str) -> Policy {
    Policy::parse(fill(file).as_bytes()).unwrap()
}

/// A checkpoint signed by the logs and cosigned by the witnesses of these seeds.
fn checkpoint(origin: &str, logs: &[u8], witnesses: &[u8]) -> SignedNote {
    let text = Checkpoint::new(origin, 7, leaf_hash(b"x")).unwrap().text().unwrap();
    let mut lines = Vec::new();
    for &seed in logs {
        let name = KeyName::new(format!("log{seed}.example")).unwrap();
        lines.push(text.sign(&name, &key(seed)));
    }
    for &seed in witnesses {
        let name = KeyName::new(format!("w{seed}.example")).unwrap();
        let time = 1000 + u64::from(seed);
        lines.push(text.cosign(&name, &key(seed), time).unwrap());
    }
    let mut note = SignedNote::new(text, lines.remove(0)).unwrap();
    lines.into_iter().for_each(|line| note.add(line).unwrap());
    note
}

/// The shape of the specification's example: two groups under one that needs both.
const TWO_HOUSES: &str = "
log {L1}

witness X1 {W2}
witness X2 {W3}
witness X3 {W4}
group X-witnesses 2 X1 X2 X3

witness Y1 {W5}
witness Y2 {W6}
witness Y3 {W7}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
";

#[test]
fn two_of_one_house_and_one_of_the_other() {
    let policy = policy(TWO_HOUSES);
    for seeds in 0u8..64 {
        let witnesses: Vec<u8> = (0..6).filter(|bit| seeds >> bit & 1 == 1).map(|bit| bit + 2).collect();
        let of_x = witnesses.iter().filter(|&&seed| seed <= 4).count();
        let of_y = witnesses.len() - of_x;
        let result = policy.check(&checkpoint("log1.example", &[1], &witnesses));
        assert_eq!(result.is_ok(), of_x >= 2 && of_y >= 1, "{witnesses:?}");
        if let Ok(satisfied) = result {
            let times: Vec<u64> = satisfied.witnesses.iter().map(|by| by.1).collect();
            let expected: Vec<u64> = witnesses.iter().map(|&by| 1000 + u64::from(by)).collect();
            assert_eq!(times, expected);
            assert_eq!(satisfied.checkpoint.size(), 7);
            assert_eq!(satisfied.log, &policy.logs()[0]);
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    let two_houses = policy(TWO_HOUSES);
    let missing = |policy: &Policy, witnesses: &[u8]| policy.check(&checkpoint("log1.example", &[1], witnesses)).unwrap_err().to_string();
    assert_eq!(
        missing(&two_houses, &[2, 5]),
        "quorum not met: group \"X-and-Y\" has 1 of 2 members; missing are: \
         (group \"X-witnesses\" has 1 of 2 members; missing are: \
         (no cosignature of witness \"X2\"), (no cosignature of witness \"X3\"))"
    );
    assert!(missing(&two_houses, &[2, 3]).contains("group \"Y-witnesses\" has 0 of 1 members"));
    let one = policy("log {L1}\nwitness W {W2}\nquorum W\n");
    assert_eq!(missing(&one, &[3]), "quorum not met: no cosignature of witness \"W\"");
}

#[test]
fn the_log_must_sign_under_its_own_name() {
    let policy = policy("log {L1}\nlog {L2}\nwitness W {W3}\nquorum none\n");
    let check = |note: SignedNote| policy.check(&note).map(|satisfied| satisfied.log.clone());
    let [first, second] = policy.logs() else { panic!("two logs") };
    assert_eq!(check(checkpoint("log1.example", &[1], &[])).as_ref(), Ok(first));
    assert_eq!(check(checkpoint("log2.example", &[2], &[])).as_ref(), Ok(second));
    assert_eq!(check(checkpoint("log2.example", &[1, 2], &[])).as_ref(), Ok(second));
    let unknown = |found: &str| Err(Unsatisfied::UnknownLog { found: found.into() });
    assert_eq!(check(checkpoint("log3.example", &[1, 2], &[])), unknown("log3.example"));
    let unsigned = |origin: &str| Err(Unsatisfied::NoLogSignature { origin: origin.into() });
    // Another listed log's signature, a witness's, or that of a key nobody knows: not the log's word.
    assert_eq!(check(checkpoint("log1.example", &[2], &[])), unsigned("log1.example"));
    assert_eq!(check(checkpoint("log1.example", &[], &[3])), unsigned("log1.example"));
    assert_eq!(check(checkpoint("log1.example", &[9], &[])), unsigned("log1.example"));
}

#[test]
fn a_witness_counts_once_however_often_it_signs() {
    let policy = policy("log {L1}\nwitness A {W2}\nwitness B {W3}\ngroup G 2 A B\nquorum G\n");
    let mut note = checkpoint("log1.example", &[1], &[2, 2]);
    assert!(policy.check(&note).is_err());
    let name = KeyName::new("w2.example").unwrap();
    let later = note.unverified_text().cosign(&name, &key(2), 5000).unwrap();
    note.add(later).unwrap();
    assert!(policy.check(&note).is_err());
    let name = KeyName::new("w3.example").unwrap();
    let other = note.unverified_text().cosign(&name, &key(3), 7).unwrap();
    note.add(other).unwrap();
    let times: Vec<u64> = policy.check(&note).unwrap().witnesses.iter().map(|by| by.1).collect();
    assert_eq!(times, [5000, 7], "the latest time of each");
}

#[test]
fn a_bad_signature_of_a_listed_witness_refuses_all() {
    let policy = policy("log {L1}\nwitness A {W2}\nquorum none\n");
    let good = checkpoint("log1.example", &[1], &[2]);
    assert!(policy.check(&good).is_ok());
    // The witness's line of another checkpoint.
    let mut note = checkpoint("log1.example", &[1], &[]);
    let elsewhere = NoteText::new("log1.example\n8\nAAAA\n").unwrap();
    let name = KeyName::new("w2.example").unwrap();
    note.add(elsewhere.cosign(&name, &key(2), 5).unwrap()).unwrap();
    assert!(matches!(policy.check(&note), Err(Unsatisfied::Checkpoint(CheckpointError::Note(NoteError::InvalidSignature { .. })))));
}

#[test]
fn layout_is_free_where_the_spec_leaves_it_free() {
    let policy = policy(concat!(
        "# comment \u{e9}\n",
        "\n \t \n",
        "\t witness \t Свидетель  {W2} https://w.example/ \t\n",
        "  # log nonsense\n",
        "witness any {W3}\n",
        "witness 2 {W4}\n",
        "group all 2 2 any Свидетель\n",
        "quorum all\n",
        "log {L1} https://log.example/\n",
        "witness late {W5}\n",
    ));
    let names: Vec<String> = policy.witnesses().iter().map(|by| lossy(&by.name)).collect();
    assert_eq!(names, ["Свидетель", "any", "2", "late"]);
    let urls: Vec<Option<&[u8]>> = policy.witnesses().iter().map(|by| by.url.as_deref()).collect();
    assert_eq!(urls, [Some(&b"https://w.example/"[..]), None, None, None]);
    assert_eq!(policy.logs()[0].url.as_deref(), Some(&b"https://log.example/"[..]));
    // The same key may be a log's and a witness's: the specification forbids doubles within each.
    assert!(Policy::parse(fill("log {L1}\nwitness A {W1}\nquorum A\n").as_bytes()).is_ok());
    // Names are octets: a Kelvin sign is no K, and what is not UTF-8 is a name too.
    let kelvin = fill("witness K {W1}\nwitness \u{212a} {W2}\nquorum \u{212a}\n");
    assert!(Policy::parse(kelvin.as_bytes()).is_ok());
    let octets = [b"witness \xff ", witness(1).as_bytes(), b"\nquorum \xff\n"].concat();
    assert!(Policy::parse(&octets).is_ok());
    assert!(Policy::parse(b"quorum none\n").is_ok());
}

#[test]
fn wrong_files_say_the_line() {
    let items = "should read: ";
    let cases = [
        ("", "policy has no quorum line"),
        ("log {L1}\n", "policy has no quorum line"),
        ("quorum none", "policy line 1: does not end in a newline"),
        ("quorum none\n#", "policy line 2: does not end in a newline"),
        ("quorum none\r\n", "policy line 1: control character 0x0d"),
        ("# \u{1}\nquorum none\n", "policy line 1: control character 0x01"),
        ("#\n# \u{7f}\nquorum none\n", "policy line 2: control character 0x7f"),
        ("Quorum none\n", "policy line 1: starts with \"Quorum\", should be log, witness, group or quorum"),
        ("quorum\u{a0}none\n", "policy line 1: starts with \"quorum\\u{a0}none\""),
        ("quorum\n", items),
        ("quorum none # none\n", items),
        ("quorum none\nquorum none\n", "policy line 2: a second quorum; the first is on line 1"),
        ("quorum W\nwitness W {W1}\n", "policy line 1: the name \"W\" is not defined on a line above"),
        ("log\n", items),
        ("log {L1} url more\n", items),
        ("log {W1}\n", "policy line 1: a log has a key of algorithm 0x01, found 0x04"),
        ("log {L1}x\n", "policy line 1: verifier key: key is not standard base64"),
        ("log {L1}\nlog {L1}\n", "policy line 2: the public key is already listed on line 1"),
        ("witness W\n", items),
        ("witness W {W1} url more\n", items),
        ("witness W {L1}\n", "policy line 1: a witness has a key of algorithm 0x04, found 0x01"),
        ("witness none {W1}\n", "policy line 1: the name none is reserved"),
        ("witness W {W1}\nwitness W {W2}\n", "policy line 2: the name \"W\" is already given"),
        ("witness W {W1}\nwitness V {W1}\n", "policy line 2: the public key is already listed on line 1"),
        ("group G\n", items),
        ("group G any\n", items),
        ("group none any W\n", "policy line 1: the name none is reserved"),
        ("witness W {W1}\ngroup W any W\n", "policy line 2: the name \"W\" is already given"),
        ("group G any W\n", "policy line 1: the name \"W\" is not defined on a line above"),
        ("group G any none\n", "policy line 1: the name \"none\" is not defined on a line above"),
        ("group G any G\n", "policy line 1: the name \"G\" is not defined on a line above"),
        ("witness W {W1}\ngroup G any W W\n", "policy line 2: \"W\" is already a member of a group"),
        ("witness W {W1}\ngroup G any W\ngroup H any W\n", "policy line 3: \"W\" is already a member of a group"),
        ("witness W {W1}\ngroup G any W\ngroup H any G\ngroup I any G\n", "policy line 4: \"G\" is already a member of a group"),
        ("witness W {W1}\ngroup G 0 W\n", "policy line 2: threshold \"0\", should be all, any or a number from 1 to 1"),
        ("witness W {W1}\ngroup G 2 W\n", "policy line 2: threshold \"2\", should be"),
        ("witness W {W1}\ngroup G 01 W\n", "policy line 2: threshold \"01\", should be"),
        ("witness W {W1}\ngroup G +1 W\n", "policy line 2: threshold \"+1\", should be"),
        ("witness W {W1}\ngroup G ALL W\n", "policy line 2: threshold \"ALL\", should be"),
        ("witness W {W1}\ngroup G 18446744073709551617 W\n", "policy line 2: threshold"),
    ];
    for (file, expected) in cases {
        match Policy::parse(fill(file).as_bytes()) {
            Ok(_) => panic!("accepted {file:?}"),
            Err(error) => assert!(error.to_string().contains(expected), "{file:?}: {error}"),
        }
    }
    // Another name for the same key is the same key.
    let renamed = vkey("renamed.example", 1, Algorithm::CosignatureV1);
    let file = fill(&format!("witness A {{W1}}\nwitness B {renamed}\nquorum A\n"));
    let error = Policy::parse(file.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "policy line 2: the public key is already listed on line 1");
    let long = vec![b'\n'; POLICY_BYTES_MAX + 1];
    assert!(matches!(Policy::parse(&long), Err(PolicyError::TooLong { .. })));
}

#[test]
fn limits_are_at_least_those_the_spec_asks_for() {
    let many = |logs: u8, witnesses: u8, groups: u8| {
        let mut file = String::new();
        for seed in 1..=logs {
            file.push_str(&format!("log {}\n", log(seed)));
        }
        for seed in 1..=witnesses {
            file.push_str(&format!("witness W{seed} {}\n", witness(seed)));
        }
        // A chain: each group has the one before as its member.
        let mut member = "W1".to_string();
        for group in 1..=groups {
            file.push_str(&format!("group G{group} all {member}\n"));
            member = format!("G{group}");
        }
        file.push_str(&format!("quorum {member}\n"));
        Policy::parse(file.as_bytes())
    };
    let policy = many(64, 64, 64).unwrap();
    assert!(policy.check(&checkpoint("log1.example", &[1], &[1])).is_ok());
    assert!(policy.check(&checkpoint("log1.example", &[1], &[2])).is_err());
    let line = |line| Err(PolicyError::Line { line, problem: LineProblem::TooMany { max: 64 } });
    assert_eq!(many(65, 1, 1), line(65));
    assert_eq!(many(1, 65, 1), line(66));
    assert_eq!(many(1, 1, 65), line(67));
}
