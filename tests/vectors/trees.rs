//! Authors the families tree, checkpoint and tiles.

use super::*;

pub fn write(author: &mut Author) {
    tree(author);
    checkpoints(author);
    tiles(author);
}

/// PROOF of RFC 6962, 2.1.2: (m, leaves, whether m is the tree that the verifier has).
fn subproof(m: usize, leaves: &[Hash], complete: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if complete { Vec::new() } else { vec![root(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut hashes, beside) = if m <= k { (subproof(m, left, complete), right) } else { (subproof(m - k, right, false), left) };
    hashes.push(root(beside));
    hashes
}

fn tree(author: &mut Author) {
    let words: Vec<String> = (0..13).map(|n| format!("entry {n}")).collect();
    let leaves: Vec<Hash> = words.iter().map(leaf).collect();
    let of = |size: usize| root(&leaves[..size]);
    for size in [0, 1, 2, 3, 7, 8, 13] {
        let expect = ok(json!({"root": hex(&of(size))}));
        let inputs = json!({"entries": &words[..size], "what": "root"});
        author.put(&format!("tree/root-of-{size}"), "7", &format!("The root over {size} entries."), expect, inputs);
    }
    let inclusion = |index: usize, size: usize| json!({"entry": words[index], "index": index, "path": hashes_hex(&path(index, &leaves[..size])), "root": hex(&of(size)), "size": size, "what": "inclusion"});
    for (index, size) in [(0, 1), (0, 2), (1, 2), (2, 3), (0, 7), (6, 7), (5, 8), (12, 13), (4, 13)] {
        let name = format!("tree/inclusion-{index}-of-{size}");
        author.put(&name, "9", &format!("Entry {index} is in the tree of {size}."), ok(json!({})), inclusion(index, size));
    }
    let consistency = |old: usize, new: usize| {
        let path = if old == 0 { Vec::new() } else { subproof(old, &leaves[..new], true) };
        json!({"new_root": hex(&of(new)), "new_size": new, "old_root": hex(&of(old)), "old_size": old, "path": hashes_hex(&path), "what": "consistency"})
    };
    for (old, new) in [(0, 0), (0, 7), (1, 2), (3, 7), (4, 7), (6, 13), (7, 7), (8, 13)] {
        let name = format!("tree/consistency-{old}-to-{new}");
        author.put(&name, "7", &format!("The tree of {new} begins with the tree of {old}."), ok(json!({})), consistency(old, new));
    }
    let mut wrong = |name: &str, description: &str, base: Value, changes: Value| {
        let mut inputs = base;
        for (member, value) in changes.as_object().expect("members") {
            inputs[member] = value.clone();
        }
        author.put(&format!("tree/{name}"), "9", description, refused(json!({})), inputs);
    };
    let shortened = |base: &Value| json!({"path": &base["path"].as_array().expect("a path")[1..]});
    let longer = |base: &Value| {
        let mut path = base["path"].as_array().expect("a path").clone();
        path.push(json!(hex(&of(0))));
        json!({ "path": path })
    };
    let turned = |base: &Value| {
        let mut path = base["path"].as_array().expect("a path").clone();
        path.reverse();
        json!({ "path": path })
    };
    let base = inclusion(4, 13);
    wrong("inclusion-of-another-entry", "Another entry.", base.clone(), json!({"entry": "entry 5"}));
    wrong("inclusion-at-another-index", "Another index, with a path of the same length.", base.clone(), json!({"index": 5}));
    wrong("inclusion-of-another-size", "Another size, for which the path has another length.", base.clone(), json!({"size": 17}));
    wrong("inclusion-under-another-root", "The root of another size.", base.clone(), json!({"root": hex(&of(12))}));
    wrong("inclusion-path-short", "A hash is missing.", base.clone(), shortened(&base));
    wrong("inclusion-path-long", "A hash too many.", base.clone(), longer(&base));
    wrong("inclusion-path-turned", "The path from above.", base.clone(), turned(&base));
    wrong("inclusion-at-the-size", "There is no entry 13 in a tree of 13.", base.clone(), json!({"index": 13}));
    wrong("inclusion-in-the-empty-tree", "The empty tree has no entry.", inclusion(0, 1), json!({"root": hex(&of(0)), "size": 0}));
    let inner = [&[1u8][..], &leaves[0], &leaves[1]].concat();
    let node_as_entry =
        json!({"entry": {"hex": hex(&inner[1..])}, "index": 0, "path": hashes_hex(&[leaves[2]]), "size": 2, "root": hex(&of(3))});
    wrong(
        "inclusion-of-a-node",
        "64 bytes of two hashes passed off as an entry: leaves and nodes are hashed apart.",
        inclusion(0, 2),
        node_as_entry,
    );
    let base = consistency(6, 13);
    wrong("consistency-with-another-old-root", "A rewritten history.", base.clone(), json!({"old_root": hex(&of(5))}));
    wrong("consistency-with-another-new-root", "Another new root.", base.clone(), json!({"new_root": hex(&of(12))}));
    wrong("consistency-path-short", "A hash is missing.", base.clone(), shortened(&base));
    wrong("consistency-path-long", "A hash too many.", base.clone(), longer(&base));
    wrong("consistency-path-turned", "The hashes the other way round.", base.clone(), turned(&base));
    wrong("consistency-backwards", "A log does not shrink.", base.clone(), json!({"new_size": 6, "old_size": 13}));
    wrong("consistency-of-equal-sizes", "One size with two roots is a fork.", consistency(7, 7), json!({"old_root": hex(&of(6))}));
    wrong("consistency-from-a-wrong-empty-root", "The empty tree has one root.", consistency(0, 7), json!({"old_root": hex(&of(1))}));
}

fn checkpoints(author: &mut Author) {
    let log = small();
    let (size, top) = (log.entries.len(), root(&leaves(&log)));
    let text = checkpoint_text(ORIGIN, size, &top);
    let signed = |text: &str| format!("{text}\n{}", log_line(ORIGIN, LOG, text));
    let right = signed(&text);
    let by_log = vkey(ORIGIN, 1, LOG);
    let values = json!({"origin": ORIGIN, "root": hex(&top), "size": size});
    let witness = "witness.example.net/w1";
    let cosigned = format!("{right}{}", witness_line(witness, WITNESSES[0], 1_767_776_400, &text));
    let rights = [
        ("right", "Signed by the log.", right.clone(), values.clone()),
        ("right-with-cosignature", "A witness's line below; the log's key is asked.", cosigned.clone(), values.clone()),
        (
            "right-with-unknown-signature",
            "Lines of unknown keys are ignored.",
            format!("{right}{}", log_line("stranger.example.net", STRANGER, &text)),
            values.clone(),
        ),
        (
            "right-with-unknown-signature-first",
            "The order of lines does not matter.",
            altered(&right, "\n\n", &format!("\n\n{}", log_line("stranger.example.net", STRANGER, &text))),
            values.clone(),
        ),
        (
            "right-with-unknown-algorithm",
            "A line of a kind of signature that nobody knows is ignored.",
            format!("{right}{}", note_line(witness, &[1, 2, 3, 4], &[7; 100])),
            values.clone(),
        ),
        (
            "right-with-namesake",
            "Another key ID under the log's name is another key.",
            format!("{right}{}", log_line(ORIGIN, STRANGER, &text)),
            values.clone(),
        ),
        ("right-signed-twice", "The same line twice is one signer.", format!("{right}{}", log_line(ORIGIN, LOG, &text)), values),
    ];
    for (name, description, note, values) in rights {
        author.put(&format!("checkpoint/{name}"), "7", description, ok(values), json!({"note": note, "vkey": by_log}));
    }
    let empty_text = checkpoint_text(ORIGIN, 0, &root(&[]));
    let expect = ok(json!({"origin": ORIGIN, "root": hex(&root(&[])), "size": 0}));
    author.put("checkpoint/right-size-zero", "7", "The empty tree.", expect, json!({"note": signed(&empty_text), "vkey": by_log}));
    let by_witness = vkey(witness, 4, WITNESSES[0]);
    let expect = ok(json!({"time": 1_767_776_400}));
    author.put("checkpoint/right-cosignature", "9", "The witness's key is asked.", expect, json!({"note": cosigned, "vkey": by_witness}));

    let of = |text: String| signed(&text);
    let b64 = BASE64.encode(&top);
    let stray = {
        // The last character before `=` has two bits that no byte uses.
        let mut bytes = b64.clone().into_bytes();
        bytes[42] += 1;
        String::from_utf8(bytes).expect("ASCII")
    };
    let line_of = |name: &str, id: &[u8], over: &str, seed: u8| note_line(name, id, &key(seed).sign(over.as_bytes()).to_bytes());
    let own = key_id(ORIGIN, 1, LOG);
    let wrongs = [
        ("signed-by-another-key", "Another key under the log's name.", format!("{text}\n{}", log_line(ORIGIN, STRANGER, &text))),
        (
            "signed-by-another-under-its-id",
            "Another key that claims the log's key ID.",
            format!("{text}\n{}", line_of(ORIGIN, &own, &text, STRANGER)),
        ),
        (
            "signed-under-another-name",
            "The log's key under another name.",
            format!("{text}\n{}", log_line("aid.example.org/2027", LOG, &text)),
        ),
        ("origin-of-another-log", "The log's key signed a checkpoint of another origin.", of(altered(&text, "/2026", "/2027"))),
        ("root-altered", "Another root than was signed.", altered(&right, &b64, &BASE64.encode(&leaf("?")))),
        ("size-altered", "Another size than was signed.", altered(&right, "\n12\n", "\n13\n")),
        ("size-with-leading-zero", "A size has no leading zero, though it is signed.", of(altered(&text, "\n12\n", "\n012\n"))),
        ("size-with-sign", "A size has no sign.", of(altered(&text, "\n12\n", "\n+12\n"))),
        ("size-negative", "A size has no sign.", of(altered(&text, "\n12\n", "\n-12\n"))),
        ("size-beyond-64-bits", "A size has at most 64 bits.", of(altered(&text, "\n12\n", "\n18446744073709551616\n"))),
        ("size-in-hex", "A size is decimal.", of(altered(&text, "\n12\n", "\n0xc\n"))),
        ("size-zero-with-root", "The empty tree has one root.", of(altered(&text, "\n12\n", "\n0\n"))),
        ("root-of-31-bytes", "A root has 32 bytes.", of(altered(&text, &b64, &BASE64.encode(&top[1..])))),
        ("root-without-padding", "Base64 is padded.", of(altered(&text, &b64, b64.trim_end_matches('=')))),
        ("root-with-stray-bits", "Base64 encodes back to itself.", of(altered(&text, &b64, &stray))),
        ("root-missing", "Three lines.", of(format!("{ORIGIN}\n12\n"))),
        ("origin-empty", "An origin is not empty.", of(altered(&text, ORIGIN, ""))),
        ("text-without-last-newline", "The text ends in LF, then an empty line.", altered(&right, "=\n\n", "=\n")),
        ("without-last-newline", "The last signature line ends in LF.", right.trim_end().to_owned()),
        ("without-signature", "A note has a signature.", format!("{text}\n")),
        (
            "signature-over-empty-line",
            "The empty line is not signed.",
            format!("{text}\n{}", line_of(ORIGIN, &own, &format!("{text}\n"), LOG)),
        ),
        ("hyphen-for-dash", "A signature line begins with U+2014.", altered(&right, "\u{2014} ", "- ")),
        ("two-spaces", "One space after the name.", altered(&right, &format!("{ORIGIN} "), &format!("{ORIGIN}  "))),
        ("carriage-returns", "Lines end in LF alone.", right.replace('\n', "\r\n")),
        ("empty-line-after", "Nothing after the signatures.", format!("{right}\n")),
        ("signature-altered", "Another signature under the log's key ID.", format!("{text}\n{}", note_line(ORIGIN, &own, &[1; 64]))),
        (
            "good-and-bad-signature",
            "One bad line of the log's key condemns the note.",
            format!("{right}{}", note_line(ORIGIN, &own, &[1; 64])),
        ),
        (
            "signature-of-63-bytes",
            "A signature has 64 bytes.",
            format!("{text}\n{}", note_line(ORIGIN, &own, &key(LOG).sign(text.as_bytes()).to_bytes()[..63])),
        ),
        ("empty", "No bytes.", String::new()),
    ];
    for (name, description, note) in wrongs {
        author.put(&format!("checkpoint/{name}"), "7", description, refused(json!({})), json!({"note": note, "vkey": by_log}));
    }
    let cosign = |time: u64, over: String| {
        let signature = key(WITNESSES[0]).sign(over.as_bytes()).to_bytes();
        format!("{right}{}", note_line(witness, &key_id(witness, 4, WITNESSES[0]), &[&time.to_be_bytes()[..], &signature].concat()))
    };
    let wrongs = [
        ("cosignature-of-another-time", "The time is signed too.", cosign(5, format!("cosignature/v1\ntime 6\n{text}"))),
        ("cosignature-without-head", "A cosignature is not over the bare text.", cosign(6, text.clone())),
        ("cosignature-time-beyond", "A time is below 2^63.", cosign(1 << 63, format!("cosignature/v1\ntime {}\n{text}", 1u64 << 63))),
        ("cosignature-missing", "Only the log signed.", right.clone()),
        ("cosignature-of-another-text", "Over another checkpoint.", cosign(6, format!("cosignature/v1\ntime 6\n{empty_text}"))),
    ];
    for (name, description, note) in wrongs {
        author.put(&format!("checkpoint/{name}"), "9", description, refused(json!({})), json!({"note": note, "vkey": by_witness}));
    }
    let bytes = |algorithm: u8, key: &[u8]| BASE64.encode(&[&[algorithm][..], key].concat());
    let named = |algorithm: u8, key: &[u8]| {
        let id = Sha256::new().chain_update(ORIGIN).chain_update([b'\n', algorithm]).chain_update(key).finalize();
        format!("{ORIGIN}+{}+{}", hex(&id[..4]), bytes(algorithm, key))
    };
    let wrongs = [
        ("vkey-id-wrong", "The key ID follows from name and key.", altered(&by_log, &hex(&own), "00000000")),
        ("vkey-id-in-capitals", "Hex is lower case.", by_log.replace(&hex(&own), &hex(&own).to_uppercase())),
        ("vkey-of-small-order", "A log key is admitted as other keys are.", named(1, &[0; 32])),
        ("vkey-not-a-point", "A log key is a point.", named(1, &[&[2][..], &[0; 31]].concat())),
        ("vkey-of-unknown-algorithm", "Ed25519 is 0x01.", named(9, key(LOG).verifying_key().as_bytes())),
        ("vkey-of-31-bytes", "A key has 32 bytes.", named(1, &key(LOG).verifying_key().as_bytes()[1..])),
        ("vkey-of-witness-kind", "A witness's key does not sign as a log.", vkey(ORIGIN, 4, LOG)),
    ];
    for (name, description, vkey) in wrongs {
        author.put(&format!("checkpoint/{name}"), "7", description, refused(json!({})), json!({"note": right, "vkey": vkey}));
    }
}

fn tiles(author: &mut Author) {
    let paths = [
        ("path-first", "The first full tile.", "tile/0/000", json!(0), 0u64, 256),
        ("path-partial", "A partial tile.", "tile/0/000.p/255", json!(0), 0, 255),
        ("path-grouped", "Three groups.", "tile/1/x001/x234/067", json!(1), 1_234_067, 256),
        ("path-grouped-partial", "Groups and width.", "tile/2/x001/000.p/1", json!(2), 1000, 1),
        ("path-bundle", "An entry bundle.", "tile/entries/x005/001", json!("entries"), 5001, 256),
        ("path-level-63", "The last level of tlog-tiles.", "tile/63/000", json!(63), 0, 256),
        ("path-largest-index", "The largest index.", "tile/0/x018/x446/x744/x073/x709/x551/615", json!(0), u64::MAX, 256),
    ];
    for (name, description, path, level, index, width) in paths {
        let expect = ok(json!({"index": index.to_string(), "level": level, "width": width}));
        author.put(&format!("tiles/{name}"), "7", description, expect, json!({"path": path, "what": "path"}));
    }
    let paths = [
        ("path-without-zeros", "Groups have three digits.", "tile/0/1"),
        ("path-without-x", "All groups but the last have an x.", "tile/0/001/234"),
        ("path-x-on-last", "The last group has no x.", "tile/0/x001"),
        ("path-zeros-before", "The first group of many is not 000.", "tile/0/x000/001"),
        ("path-level-01", "A level has no leading zero.", "tile/01/000"),
        ("path-level-64", "No level beyond 63.", "tile/64/000"),
        ("path-width-0", "There is no empty tile.", "tile/0/000.p/0"),
        ("path-width-256", "A full tile has no width.", "tile/0/000.p/256"),
        ("path-width-007", "A width has no leading zero.", "tile/0/000.p/007"),
        ("path-index-beyond", "An index has 64 bits.", "tile/0/x018/x446/x744/x073/x709/x551/616"),
        ("path-slash-first", "No slash at the front.", "/tile/0/000"),
        ("path-slash-last", "No slash at the end.", "tile/0/000/"),
        ("path-data", "Bundles are called entries.", "tile/data/000"),
        ("path-upwards", "No way upwards.", "tile/0/../000"),
    ];
    for (name, description, path) in paths {
        author.put(&format!("tiles/{name}"), "7", description, refused(json!({})), json!({"path": path, "what": "path"}));
    }
    let sizes: [(u64, &[&str]); 6] = [
        (0, &[]),
        (1, &["tile/0/000.p/1", "tile/entries/000.p/1"]),
        (255, &["tile/0/000.p/255", "tile/entries/000.p/255"]),
        (256, &["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]),
        (257, &["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/1"]),
        (
            513,
            &[
                "tile/0/000",
                "tile/0/001",
                "tile/0/002.p/1",
                "tile/1/000.p/2",
                "tile/entries/000",
                "tile/entries/001",
                "tile/entries/002.p/1",
            ],
        ),
    ];
    for (size, paths) in sizes {
        let expect = ok(json!({ "paths": paths }));
        author.put(
            &format!("tiles/of-size-{size}"),
            "7",
            "All tiles that a checkpoint of this size calls for.",
            expect,
            json!({"size": size, "what": "tiles"}),
        );
    }
    let bundle =
        |entries: &[&[u8]]| entries.iter().flat_map(|entry| [&(entry.len() as u16).to_be_bytes()[..], entry].concat()).collect::<Vec<u8>>();
    let (three, path) = (bundle(&[b"a", b"", b"ccc"]), "tile/entries/000.p/3");
    let put = |author: &mut Author, name: &str, description: &str, expect: Value, path: &str, bytes: &[u8]| {
        author.put(
            &format!("tiles/{name}"),
            "7",
            description,
            expect,
            json!({"bytes": {"hex": hex(bytes)}, "path": path, "what": "bundle"}),
        );
    };
    put(author, "bundle-of-three", "Each with its length before it.", ok(json!({"entries": ["61", "", "636363"]})), path, &three);
    let long = bundle(&[&[b'x'; 300]]);
    put(
        author,
        "bundle-of-300-bytes",
        "The length is big-endian.",
        ok(json!({"entries": ["78".repeat(300)]})),
        "tile/entries/000.p/1",
        &long,
    );
    let wrong = [
        ("bundle-cut-short", "The last entry is not whole.", path, three[..three.len() - 1].to_vec()),
        ("bundle-cut-in-length", "A length is not whole.", path, three[..4].to_vec()),
        ("bundle-entry-missing", "An entry fewer than the path says.", path, bundle(&[b"a", b"b"])),
        ("bundle-entry-too-many", "An entry more than the path says.", path, bundle(&[b"a", b"b", b"c", b"d"])),
        ("bundle-bytes-after", "A byte after the last entry.", path, [&three[..], &[0]].concat()),
        ("bundle-little-endian", "The length is big-endian.", "tile/entries/000.p/1", vec![1, 0, b'a']),
        ("bundle-empty", "There is no empty tile.", path, Vec::new()),
    ];
    for (name, description, path, bytes) in wrong {
        put(author, name, description, refused(json!({})), path, &bytes);
    }
    let (hashes, path) = ([leaf("a"), leaf("b")], "tile/0/000.p/2");
    let put = |author: &mut Author, name: &str, description: &str, expect: Value, bytes: &[u8]| {
        author.put(
            &format!("tiles/{name}"),
            "7",
            description,
            expect,
            json!({"bytes": {"hex": hex(bytes)}, "path": path, "what": "hashes"}),
        );
    };
    let bytes = hashes.concat();
    put(author, "hashes-of-two", "32 bytes each.", ok(json!({"hashes": hashes_hex(&hashes)})), &bytes);
    put(author, "hashes-short", "A byte is missing.", refused(json!({})), &bytes[1..]);
    put(author, "hashes-too-many", "A hash more than the path says.", refused(json!({})), &[&bytes[..], &hashes[0]].concat());
}
