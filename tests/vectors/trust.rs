//! Authors the families policy and proof.

use super::*;

pub fn write(author: &mut Author) {
    policies(author);
    proofs(author);
}

const NAMES: [&str; 3] = ["witness.example.net/w1", "witness.example.net/w2", "witness.example.net/w3"];

/// A policy of the log and three witnesses, with these last lines.
fn policy(last: &str) -> String {
    let witness = |at: usize| format!("witness W{} {}\n", at + 1, vkey(NAMES[at], 4, WITNESSES[at]));
    format!("log {} https://{ORIGIN}\n{}{}{}{last}", vkey(ORIGIN, 1, LOG), witness(0), witness(1), witness(2))
}

/// The checkpoint of a log with cosignatures.
fn cosigned(log: &Log, witnesses: &[usize]) -> String {
    let text = checkpoint_text(ORIGIN, log.entries.len(), &root(&leaves(log)));
    let lines = witnesses.iter().map(|&at| witness_line(NAMES[at], WITNESSES[at], 1_767_776_400 + at as u64, &text));
    checkpoint(log) + &lines.collect::<String>()
}

fn policies(author: &mut Author) {
    let two = policy("group any-two 2 W1 W2 W3\nquorum any-two\n");
    let rights = [
        ("right-two-of-three", "A group with a number.", two.clone()),
        ("right-none", "No witness is asked.", policy("quorum none\n")),
        ("right-one-witness", "The quorum is a witness.", policy("quorum W2\n")),
        ("right-all", "A group of all.", policy("group g all W1 W2\nquorum g\n")),
        ("right-group-in-group", "Groups of groups and witnesses.", policy("group a any W1 W2\ngroup b all a W3\nquorum b\n")),
        ("right-comments-and-tabs", "Comments, empty lines and tabs.", format!("# trust\n\n  \t\n{}", policy("quorum\tW1 \n"))),
        ("right-quorum-before-log", "Logs may stand below the quorum.", format!("quorum none\nlog {}\n", vkey(ORIGIN, 1, LOG))),
    ];
    for (name, description, policy) in rights {
        author.put(&format!("policy/{name}"), "9", description, ok(json!({})), json!({ "policy": policy }));
    }
    let w1 = vkey(NAMES[0], 4, WITNESSES[0]);
    let wrongs = [
        ("no-quorum", "A policy has a quorum.", json!({}), policy("")),
        ("two-quorums", "One quorum.", json!({"line": 6}), policy("quorum W1\nquorum W1\n")),
        ("quorum-of-two", "The quorum is one name.", json!({"line": 5}), policy("quorum W1 W2\n")),
        ("quorum-unknown", "Names are defined above.", json!({"line": 5}), policy("quorum W4\n")),
        ("member-unknown", "Members are defined above.", json!({"line": 5}), policy("group g all W1 W4\nquorum g\n")),
        (
            "group-defined-below",
            "Names are defined above, not below.",
            json!({"line": 5}),
            policy("group a any b\ngroup b any W1\nquorum a\n"),
        ),
        ("member-of-two-groups", "Nobody counts twice.", json!({"line": 6}), policy("group a all W1 W2\ngroup b all W1 W3\nquorum b\n")),
        ("member-twice", "Nobody counts twice.", json!({"line": 5}), policy("group a 2 W1 W1\nquorum a\n")),
        ("threshold-zero", "At least one.", json!({"line": 5}), policy("group a 0 W1\nquorum a\n")),
        ("threshold-beyond", "At most all.", json!({"line": 5}), policy("group a 3 W1 W2\nquorum a\n")),
        ("threshold-with-leading-zero", "A number has no leading zero.", json!({"line": 5}), policy("group a 01 W1\nquorum a\n")),
        ("group-empty", "A group has members.", json!({"line": 5}), policy("group a all\nquorum a\n")),
        ("name-none", "The name none is reserved.", json!({"line": 5}), policy("group none all W1\nquorum none\n")),
        ("name-twice", "A name is given once.", json!({"line": 5}), policy("group W1 all W2\nquorum W1\n")),
        ("witness-key-twice", "A key is listed once.", json!({"line": 5}), policy(&format!("witness W4 {w1}\nquorum W4\n"))),
        (
            "witness-with-log-key",
            "A witness's key is of type 0x04.",
            json!({"line": 5}),
            policy(&format!("witness W4 {}\nquorum W4\n", vkey("w4.example.net", 1, STRANGER))),
        ),
        ("log-with-witness-key", "A log's key is of type 0x01.", json!({"line": 1}), format!("log {w1}\nquorum none\n")),
        ("vkey-wrong", "A vkey's ID follows from it.", json!({"line": 1}), altered(&two, &hex(&key_id(ORIGIN, 1, LOG)), "00000000")),
        ("keyword-unknown", "Four keywords.", json!({"line": 5}), policy("mirror W1\nquorum W1\n")),
        ("last-line-cut", "Every line ends in LF: a file cut short may be weaker.", json!({"line": 5}), policy("quorum none")),
        ("carriage-return", "Lines end in LF alone.", json!({"line": 1}), two.replace('\n', "\r\n")),
        ("empty", "No lines, no quorum.", json!({}), String::new()),
    ];
    for (name, description, why, policy) in wrongs {
        author.put(&format!("policy/{name}"), "9", description, refused(why), json!({ "policy": policy }));
    }
    let log = opened();
    let nested = policy("group a any W1 W2\ngroup b all a W3\nquorum b\n");
    let met: [(&str, &str, &str, &[usize]); 4] = [
        ("met-two-of-three", "W1 and W3 cosigned.", &two, &[0, 2]),
        ("met-all", "All cosigned.", &two, &[0, 1, 2]),
        ("met-nested", "W2 for the group, and W3.", &nested, &[1, 2]),
        ("met-none", "Nobody is asked.", &policy("quorum none\n"), &[]),
    ];
    for (name, description, policy, by) in met {
        author.put(
            &format!("policy/{name}"),
            "9",
            description,
            ok(json!({"witnesses": by.len()})),
            json!({"note": cosigned(&log, by), "policy": policy}),
        );
    }
    let text = checkpoint_text(ORIGIN, 1, &root(&leaves(&log)));
    let twice = cosigned(&log, &[0]) + &witness_line(NAMES[0], WITNESSES[0], 1_767_776_999, &text);
    let other = altered(&text, "/2026", "/2027");
    let other = format!("{other}\n{}", log_line("aid.example.org/2027", LOG, &other));
    let renamed = cosigned(&log, &[0]) + &witness_line(NAMES[1], WITNESSES[2], 1_767_776_400, &text);
    let bad = cosigned(&log, &[0, 1]) + &note_line(NAMES[2], &key_id(NAMES[2], 4, WITNESSES[2]), &[7; 72]);
    let only: String = cosigned(&log, &[0, 1])
        .lines()
        .filter(|line| !line.starts_with(&format!("\u{2014} {ORIGIN} ")))
        .map(|line| format!("{line}\n"))
        .collect();
    let unmet = [
        ("unmet-one-of-three", "One is fewer than two.", two.clone(), cosigned(&log, &[1])),
        ("unmet-one-twice", "One witness that cosigned twice is one.", two.clone(), twice),
        ("unmet-one-under-two-names", "A cosignature under another's name is of an unknown key.", two.clone(), renamed),
        ("unmet-nested", "W1 and W2 are one member of the outer group.", nested, cosigned(&log, &[0, 1])),
        (
            "unmet-bad-cosignature",
            "Two cosigned, but the third line is false: a bad signature of a listed key refuses the whole.",
            two.clone(),
            bad,
        ),
        ("unmet-unknown-log", "No log of that origin.", two.clone(), other),
        ("unmet-without-log", "Witnesses do not stand in for the log.", two, only),
    ];
    for (name, description, policy, note) in unmet {
        author.put(&format!("policy/{name}"), "9", description, refused(json!({})), json!({"note": note, "policy": policy}));
    }
}

fn proofs(author: &mut Author) {
    let log = small();
    let all = leaves(&log);
    let two = policy("group any-two 2 W1 W2 W3\nquorum any-two\n");
    let note = cosigned(&log, &[0, 1]);
    let proof = |index: usize, extra: &str, note: &str| {
        let path: String = path(index, &all).iter().map(|hash| BASE64.encode(hash) + "\n").collect();
        format!("c2sp.org/tlog-proof@v1\n{extra}index {index}\n{path}\n{note}")
    };
    let inputs =
        |policy: &str, proof: &str, entry: &str, ledger: &str| json!({"entry": entry, "ledger": ledger, "policy": policy, "proof": proof});
    for (name, description, index, extra) in [
        ("right", "A delivery is in the ledger.", 10, ""),
        ("right-first", "Entry 0.", 0, ""),
        ("right-with-extra", "Extra data, trusted by nobody.", 11, "extra aGVsbG8=\n"),
    ] {
        let inputs = inputs(&two, &proof(index, extra, &note), &log.entries[index], &log.ledger);
        author.put(&format!("proof/{name}"), "9", description, ok(json!({})), inputs);
    }
    let one = opened();
    let alone = format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{}", checkpoint(&one));
    let lone = inputs(&policy("quorum none\n"), &alone, &one.entries[0], &one.ledger);
    author.put("proof/right-alone", "9", "The only entry: a path without hashes.", ok(json!({})), lone);

    let right = proof(10, "", &note);
    let first = BASE64.encode(&path(10, &all)[0]);
    let (entry_text, ledger) = (log.entries[10].as_str(), log.ledger.as_str());
    let with = |proof: &str| inputs(&two, proof, entry_text, ledger);
    // A log that committed to an entry with another index, of another ledger, or with a signature that does not hold.
    let odd = |entries: Vec<String>, index: usize, ledger: &str| {
        let odd = Log { entries, ..log.clone() };
        let all = leaves(&odd);
        let path: String = path(index, &all).iter().map(|hash| BASE64.encode(hash) + "\n").collect();
        let proof = format!("c2sp.org/tlog-proof@v1\nindex {index}\n{path}\n{}", checkpoint(&odd));
        inputs(&policy("quorum none\n"), &proof, &odd.entries[index], ledger)
    };
    let replaced = |at: usize, entry: String| {
        let mut entries = log.entries.clone();
        entries[at] = entry;
        entries
    };
    let by_other = {
        let text = entry_text;
        let at = text.rfind("\"signature\":\"").expect("it") + 13;
        let event = text.strip_prefix("{\"event\":").and_then(|rest| rest.split(",\"index\":").next()).expect("an event");
        format!("{}{}{}", &text[..at], sign(STRANGER, event), &text[at + 128..])
    };
    let unsigned = altered(
        &note,
        &checkpoint(&log)[checkpoint(&log).find('\u{2014}').expect("a line")..],
        &log_line(ORIGIN, STRANGER, &checkpoint_text(ORIGIN, 12, &root(&all))),
    );
    let wrongs = [
        ("policy-without-quorum", "The policy does not parse.", 1, inputs(&policy(""), &right, entry_text, ledger)),
        ("header-of-version-2", "Another format.", 2, with(&altered(&right, "@v1", "@v2"))),
        ("index-with-leading-zero", "A decimal without leading zeros.", 2, with(&altered(&right, "index 10", "index 010"))),
        ("index-missing", "Lines in this order.", 2, with(&altered(&right, "index 10\n", ""))),
        ("extra-after-index", "Lines in this order.", 2, with(&altered(&right, "index 10\n", "index 10\nextra aGVsbG8=\n"))),
        ("path-hash-without-padding", "Base64 is padded.", 2, with(&altered(&right, &first, first.trim_end_matches('=')))),
        ("without-empty-line", "An empty line ends the path.", 2, with(&altered(&right, "\n\n", "\n"))),
        ("checkpoint-missing", "A proof carries its checkpoint.", 2, with(right.split_once("\n\n").expect("an empty line").0)),
        (
            "log-not-listed",
            "The policy lists another log.",
            3,
            inputs(
                &altered(&policy("quorum none\n"), &vkey(ORIGIN, 1, LOG), &vkey("aid.example.org/2027", 1, LOG)),
                &right,
                entry_text,
                ledger,
            ),
        ),
        ("checkpoint-by-another-key", "The log did not sign; the witnesses did.", 3, with(&proof(10, "", &unsigned))),
        ("quorum-not-met", "One witness of two.", 4, with(&proof(10, "", &cosigned(&log, &[2])))),
        ("index-at-the-size", "There is no entry 12 in a tree of 12.", 5, with(&altered(&right, "index 10", "index 12"))),
        ("index-of-another", "Another index.", 6, with(&altered(&right, "index 10", "index 11"))),
        ("path-hash-missing", "A hash fewer.", 6, with(&altered(&right, &format!("{first}\n"), ""))),
        ("path-hash-altered", "Another hash.", 6, with(&altered(&right, &first, &BASE64.encode(&leaf("?"))))),
        (
            "entry-altered",
            "The entry is not the one in the tree.",
            6,
            inputs(&two, &right, &altered(entry_text, "\"15.0\"", "\"25.0\""), ledger),
        ),
        ("entry-of-another", "Another entry of the same ledger.", 6, inputs(&two, &right, &log.entries[11], ledger)),
        (
            "entry-not-canonical",
            "The log committed to bytes that are no entry.",
            7,
            odd(replaced(10, format!("{entry_text} ")), 10, ledger),
        ),
        (
            "entry-with-another-index",
            "The log committed to it in another place than it says.",
            7,
            odd(replaced(4, entry_text.into()), 4, ledger),
        ),
        ("of-another-ledger", "The reader holds another ledger's id.", 8, inputs(&two, &right, entry_text, &blake("another ledger"))),
        (
            "opening-of-another-ledger",
            "Entry 0 has the ledger's id as its event id.",
            8,
            inputs(&two, &proof(0, "", &note), &log.entries[0], &blake("another ledger")),
        ),
        ("signature-of-another", "The signer did not sign it.", 9, odd(replaced(10, by_other), 10, ledger)),
    ];
    for (name, description, step, inputs) in wrongs {
        author.put(&format!("proof/{name}"), "9", description, refused(json!({ "step": step })), inputs);
    }
}
