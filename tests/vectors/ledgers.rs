//! Authors the families views and ledger. Rows are written by hand, from the small ledger's events.

use super::*;

pub fn write(author: &mut Author) {
    views(author);
    whole(author);
    damaged(author);
    exported(author);
}

/// A view's rows as lines of key, TAB, value.
type Rows = Vec<String>;

fn rows(pairs: &[(&str, &str)]) -> Rows {
    pairs.iter().map(|(key, value)| format!("{key}\t{value}")).collect()
}

fn digest(rows: &Rows) -> String {
    blake(rows.iter().map(|row| format!("{row}\n")).collect::<String>())
}

/// The id of the event in an entry.
fn id_at(log: &Log, index: usize) -> String {
    blake(log.entries[index].strip_prefix("{\"event\":").and_then(|rest| rest.rsplit_once(",\"index\":")).expect("an entry").0)
}

/// The small ledger, with its second delivery reversed a day later.
fn reversed() -> Log {
    let mut log = small();
    let body = json!({"event": id_at(&log, 11), "reason": "did-not-happen"});
    log.add(OFFICE, "fund", "2026-01-10T09:00:00Z", "event.reversed", body);
    log
}

fn views(author: &mut Author) {
    let log = small();
    let lot = format!("{}.0", id_at(&log, 8));
    let [hall, office, phone] = [HALL, OFFICE, PHONE].map(public);
    let balances = rows(&[
        (
            "rice/fund/-/-",
            r#"{"assigned":"0.0","delivered":"0.0","donated":"500.0","in_transit":"0.0","lost":"0.0","on_hand":"480.0","purchased":"0.0","returned":"0.0","spent":"0.0","transferred_in":"0.0","transferred_out":"0.0"}"#,
        ),
        (
            "rice/fund/winter/north",
            r#"{"assigned":"2.5","delivered":"17.5","donated":"0.0","in_transit":"0.0","lost":"0.0","on_hand":"0.0","purchased":"0.0","returned":"0.0","spent":"0.0","transferred_in":"0.0","transferred_out":"0.0"}"#,
        ),
    ]);
    let days = rows(&[
        (
            "2026-01-06/rice",
            r#"{"assigned":"0.0","delivered":"0.0","donated":"500.0","lost":"0.0","purchased":"0.0","returned":"0.0","spent":"0.0"}"#,
        ),
        (
            "2026-01-07/rice",
            r#"{"assigned":"20.0","delivered":"0.0","donated":"0.0","lost":"0.0","purchased":"0.0","returned":"0.0","spent":"0.0"}"#,
        ),
        (
            "2026-01-08/rice",
            r#"{"assigned":"0.0","delivered":"15.0","donated":"0.0","lost":"0.0","purchased":"0.0","returned":"0.0","spent":"0.0"}"#,
        ),
        (
            "2026-01-09/rice",
            r#"{"assigned":"0.0","delivered":"2.5","donated":"0.0","lost":"0.0","purchased":"0.0","returned":"0.0","spent":"0.0"}"#,
        ),
    ]);
    let listings = rows(&[
        ("item/rice", r#"{"count":5,"entries":[4,8,9,10,11]}"#),
        ("kind/assignment.made", r#"{"count":1,"entries":[9]}"#),
        ("kind/delivery.made", r#"{"count":2,"entries":[10,11]}"#),
        ("kind/donation.received", r#"{"count":1,"entries":[8]}"#),
        ("kind/item.defined", r#"{"count":1,"entries":[4]}"#),
        ("kind/key.granted", r#"{"count":2,"entries":[2,3]}"#),
        ("kind/ledger.opened", r#"{"count":1,"entries":[0]}"#),
        ("kind/organization.registered", r#"{"count":1,"entries":[1]}"#),
        ("kind/programme.opened", r#"{"count":1,"entries":[6]}"#),
        ("kind/recipient.enrolled", r#"{"count":1,"entries":[7]}"#),
        ("kind/region.defined", r#"{"count":1,"entries":[5]}"#),
        (&format!("lot/{lot}"), r#"{"count":4,"entries":[8,9,10,11]}"#),
        ("organization/city", r#"{"count":6,"entries":[0,1,2,3,4,5]}"#),
        ("organization/fund", r#"{"count":9,"entries":[1,2,3,6,7,8,9,10,11]}"#),
        ("programme/winter", r#"{"count":5,"entries":[6,7,9,10,11]}"#),
        (&format!("recipient/{TOKEN}"), r#"{"count":4,"entries":[7,9,10,11]}"#),
        ("region/north", r#"{"count":5,"entries":[5,7,9,10,11]}"#),
    ]);
    let lots = rows(&[(
        &lot,
        r#"{"assigned":"2.5","delivered":"17.5","entry":8,"item":"rice","on_hand":"480.0","organization":"fund","quantity":"500.0"}"#,
    )]);
    let recipients = rows(&[(
        TOKEN,
        r#"{"acknowledged":1,"deliveries":2,"enrolled":7,"last_delivery":"2026-01-09","organization":"fund","programme":"winter","received":[{"item":"rice","quantity":"17.5"}],"region":"north","type":"household"}"#,
    )]);
    let key = |public: &str| format!("key/{public}");
    let mut registry = rows(&[
        ("item/rice", r#"{"category":"food","decimals":1,"name":{"en":"Rice"},"type":"goods","unit":"kg"}"#),
        (&key(&hall), r#"{"events":6,"organization":"city","revoked":false,"roles":["admin","registrar"]}"#),
        (
            &key(&office),
            r#"{"events":4,"label":"office","organization":"fund","revoked":false,"roles":["admin","assign","field","finance","intake"]}"#,
        ),
        (&key(&phone), r#"{"events":2,"label":"phone-1","organization":"fund","revoked":false,"roles":["field"]}"#),
        ("organization/city", r#"{"name":{"en":"City hall"},"registered":0,"suspended":false}"#),
        ("organization/fund", r#"{"name":{"en":"The \"Warm\" fund","ru":"Тепло"},"registered":1,"suspended":false}"#),
        ("programme/winter", r#"{"closed":false,"name":{"en":"Winter"},"organization":"fund"}"#),
        ("region/north", r#"{"name":{"en":"North"}}"#),
    ]);
    registry.sort();
    let put = |author: &mut Author, name: &str, description: &str, expect: Value, log: &Log, view: &str, rows: &Rows, digest: String| {
        let inputs = json!({"digest": digest, "entries": log.entries, "rows": rows, "view": view});
        author.put(&format!("views/{name}"), "12", description, expect, inputs);
    };
    let right = |author: &mut Author, name: &str, description: &str, log: &Log, view: &str, rows: &Rows| {
        put(author, name, description, ok(json!({})), log, view, rows, digest(rows));
    };
    let views = [
        ("balances", &balances),
        ("days", &days),
        ("listings", &listings),
        ("lots", &lots),
        ("recipients", &recipients),
        ("registry", &registry),
    ];
    for (view, rows) in views {
        right(author, &format!("right-{view}"), "The rows of the small ledger.", &log, view, rows);
    }
    right(author, "right-no-rows", "A view without rows has the digest of no bytes.", &opened(), "balances", &Vec::new());
    let undone = reversed();
    let mut days_undone = days.clone();
    days_undone.extend(rows(&[(
        "2026-01-10/rice",
        r#"{"assigned":"0.0","delivered":"-2.5","donated":"0.0","lost":"0.0","purchased":"0.0","returned":"0.0","spent":"0.0"}"#,
    )]));
    right(author, "right-days-reversed", "A reversal counts on its own day, and below zero.", &undone, "days", &days_undone);
    let one = vec![recipients[0].replace("\"deliveries\":2", "\"deliveries\":1").replace("17.5", "15.0")];
    right(author, "right-recipients-reversed", "The last delivery stays the latest there ever was.", &undone, "recipients", &one);
    let balances_undone = vec![balances[0].clone(), balances[1].replace("17.5", "15.0").replace("2.5", "5.0")];
    right(author, "right-balances-reversed", "What was delivered is assigned again.", &undone, "balances", &balances_undone);

    let wrong = |author: &mut Author, name: &str, description: &str, log: &Log, view: &str, rows: &Rows| {
        put(author, name, description, refused(json!({})), log, view, rows, digest(rows));
    };
    wrong(
        author,
        "balance-one-tenth-more",
        "Rows and digest agree with each other, not with the log.",
        &log,
        "balances",
        &vec![altered(&balances[0], "480.0", "480.1"), balances[1].clone()],
    );
    wrong(
        author,
        "row-too-many",
        "A row that nothing touched.",
        &log,
        "balances",
        &[balances.clone(), rows(&[("rice/fund/winter/south", r#"{"assigned":"0.0","delivered":"0.0","donated":"0.0","in_transit":"0.0","lost":"0.0","on_hand":"0.0","purchased":"0.0","returned":"0.0","spent":"0.0","transferred_in":"0.0","transferred_out":"0.0"}"#)])]
            .concat(),
    );
    wrong(author, "reversal-on-the-day-of-the-delivery", "A reversal counts on its own day.", &undone, "days", &days);
    wrong(
        author,
        "last-delivery-taken-back",
        "A reversal leaves `last_delivery`.",
        &undone,
        "recipients",
        &vec![altered(&one[0], "2026-01-09", "2026-01-08")],
    );
    let turned = digest(&days.iter().rev().cloned().collect());
    put(author, "digest-descending", "Rows ascend by key.", refused(json!({})), &log, "days", &days, turned);

    // `-` is less than `/`: sorting keys part by part gives another order.
    let mut order = opened();
    for (time, item) in [("2026-01-05T09:01:00Z", "rice"), ("2026-01-05T09:02:00Z", "rice-a")] {
        let body = json!({"category": "food", "decimals": 0, "item": item, "name": {"en": "Rice"}, "type": "goods", "unit": "kg"});
        order.add(HALL, "city", time, "item.defined", body);
    }
    let finance = json!({"key": public(HALL), "organization": "city", "roles": ["finance", "registrar"]});
    order.add(HALL, "city", "2026-01-05T09:03:00Z", "key.granted", finance);
    let both = json!({"donor": {"type": "anonymous"}, "lots": [{"item": "rice", "quantity": "1"}, {"item": "rice-a", "quantity": "2"}]});
    order.add(HALL, "city", "2026-01-05T09:04:00Z", "donation.received", both);
    let row = |quantity: &str| {
        format!(
            r#"{{"assigned":"0","delivered":"0","donated":"{quantity}","in_transit":"0","lost":"0","on_hand":"{quantity}","purchased":"0","returned":"0","spent":"0","transferred_in":"0","transferred_out":"0"}}"#
        )
    };
    let by_bytes = rows(&[("rice-a/city/-/-", &row("2")), ("rice/city/-/-", &row("1"))]);
    right(
        author,
        "right-order-of-keys",
        "`rice-a/…` stands before `rice/…`: keys ascend as whole byte strings.",
        &order,
        "balances",
        &by_bytes,
    );
    let no_end = blake(by_bytes.join("\n"));
    put(author, "digest-without-last-newline", "Every row ends in LF.", refused(json!({})), &order, "balances", &by_bytes, no_end);
    let spaces = digest(&by_bytes.iter().map(|row| row.replace('\t', " ")).collect());
    put(author, "digest-with-spaces", "Key and value are parted by TAB.", refused(json!({})), &order, "balances", &by_bytes, spaces);
    wrong(author, "row-missing", "A row too few.", &order, "balances", &by_bytes[..1].to_vec());
    let with = |what: &str, by: &str| by_bytes.iter().map(|row| row.replace(what, by)).collect::<Rows>();
    wrong(author, "zeros-left-out", "All members stand in every row.", &order, "balances", &with("\"assigned\":\"0\",", ""));
    wrong(author, "decimals-too-many", "A balance has the item's decimals.", &order, "balances", &with("\"0\"", "\"0.0\""));
    wrong(author, "value-with-spaces", "Values are canonical.", &order, "balances", &with("\":", "\": "));
    let by_parts = digest(&by_bytes.iter().rev().cloned().collect());
    put(
        author,
        "digest-by-parts-of-keys",
        "Keys ascend as whole byte strings, not part by part.",
        refused(json!({})),
        &order,
        "balances",
        &by_bytes,
        by_parts,
    );
}

/// The files of a ledger folder.
fn folder(log: &Log) -> Value {
    json!({"checkpoint": checkpoint(log), "log/00000000.jsonl": log.lines()})
}

/// A ledger of these entries, each linked to the one before and the whole signed for by the log: what an operator can do.
fn rewritten(log: &Log, entries: impl IntoIterator<Item = String>) -> Log {
    let mut again = Log { entries: Vec::new(), ..log.clone() };
    for text in entries {
        let (event, rest) = text.strip_prefix("{\"event\":").and_then(|rest| rest.rsplit_once(",\"index\":")).expect("an entry");
        let field = |name: &str| rest.split(&format!("\"{name}\":\"")).nth(1).and_then(|rest| rest.split('"').next()).expect("a field");
        let previous = again.entries.last().map_or(ZERO.into(), blake);
        again.entries.push(entry(event, again.entries.len(), &previous, field("recorded"), field("signature")));
    }
    again
}

fn whole(author: &mut Author) {
    let log = small();
    let top = root(&leaves(&log));
    let values = json!({"root": hex(&top), "size": 12});
    let inputs = |files: Value, ledger: &str| json!({"files": files, "ledger": ledger, "signatures": "every"});
    let way = |inputs: &Value, word: &str| {
        let mut inputs = inputs.clone();
        inputs["signatures"] = word.into();
        inputs
    };
    let right = inputs(folder(&log), &log.ledger);
    for word in ["every", "strict", "heads"] {
        let description = format!("A small ledger; `{word}` signatures.");
        author.put(&format!("ledger/right-{word}"), "13", &description, ok(values.clone()), way(&right, word));
    }
    let one = opened();
    let expect = ok(json!({"root": hex(&root(&leaves(&one))), "size": 1}));
    author.put("ledger/right-one-entry", "13", "A ledger that was only opened.", expect, inputs(folder(&one), &one.ledger));
    let with = |file: &str, bytes: Value| {
        let mut files = folder(&log);
        files[file] = bytes;
        inputs(files, &log.ledger)
    };
    let two =
        "log ".to_owned() + &vkey(ORIGIN, 1, LOG) + "\nwitness W " + &vkey("witness.example.net/w1", 4, WITNESSES[0]) + "\nquorum W\n";
    let text = checkpoint_text(ORIGIN, 12, &top);
    let mut witnessed =
        with("checkpoint", (checkpoint(&log) + &witness_line("witness.example.net/w1", WITNESSES[0], 1_767_776_400, &text)).into());
    witnessed["policy"] = two.clone().into();
    author.put("ledger/right-with-policy", "13", "The quorum is met.", ok(values.clone()), witnessed);
    let mut since = right.clone();
    let earlier = Log { entries: log.entries[..7].to_vec(), ..log.clone() };
    since["since"] = checkpoint(&earlier).into();
    author.put("ledger/right-since", "13", "The ledger continues a checkpoint of 7 entries.", ok(values.clone()), since.clone());
    // The signature on an event in the midst of a feed: `heads` does not look at it.
    let unsigned = |at: usize| {
        let text = &log.entries[at];
        let from = text.rfind("\"signature\":\"").expect("it") + 13;
        rewritten(
            &log,
            log.entries
                .iter()
                .enumerate()
                .map(|(n, entry)| if n == at { format!("{}{}\"}}", &text[..from], sign(STRANGER, "?")) } else { entry.clone() }),
        )
    };
    let (midst, last) = (unsigned(7), unsigned(11));
    let expect = ok(json!({"size": 12}));
    let inputs_midst = inputs(folder(&midst), &log.ledger);
    author.put(
        "ledger/right-heads-midst-of-feed",
        "13",
        "What `heads` does not prove: a false signature below the last of a feed.",
        expect,
        way(&inputs_midst, "heads"),
    );

    let mut wrong = |name: &str, description: &str, step: &str, index: Option<usize>, inputs: Value| {
        let expect = refused(index.map_or(json!({ "step": step }), |index| json!({"index": index, "step": step})));
        author.put(&format!("ledger/{name}"), "13", description, expect, inputs);
    };
    wrong("signature-in-midst-of-feed", "Another's signature on entry 7, linked and signed for.", "signatures", Some(7), inputs_midst);
    wrong(
        "signature-at-end-of-feed-heads",
        "Another's signature on the last event of a feed: `heads` sees it.",
        "signatures",
        Some(11),
        way(&inputs(folder(&last), &log.ledger), "heads"),
    );
    let lines =
        |entries: Vec<String>| with("log/00000000.jsonl", entries.iter().map(|entry| format!("{entry}\n")).collect::<String>().into());
    let edit = |at: usize, what: &str, by: &str| {
        log.entries.iter().enumerate().map(|(n, entry)| if n == at { altered(entry, what, by) } else { entry.clone() }).collect::<Vec<_>>()
    };
    let without = |at: usize| log.entries.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, entry)| entry.clone()).collect::<Vec<_>>();
    wrong(
        "quantity-altered",
        "A delivery was altered on the disk; its author's signature does not hold.",
        "signatures",
        Some(10),
        lines(edit(10, "\"15.0\"", "\"25.0\"")),
    );
    wrong(
        "quantity-altered-and-linked",
        "The same, with the chain made again and the checkpoint signed again: the author's signature stays.",
        "signatures",
        Some(10),
        inputs(folder(&rewritten(&log, edit(10, "\"15.0\"", "\"25.0\""))), &log.ledger),
    );
    wrong(
        "recorded-altered",
        "What the log added to the last entry was altered: the tree shows it.",
        "checkpoint",
        None,
        lines(edit(11, "12:00:02Z", "12:00:03Z")),
    );
    wrong(
        "recorded-altered-below",
        "What the log added to entry 5 was altered: the chain shows it.",
        "chain",
        Some(6),
        lines(edit(5, "09:05:02Z", "09:05:03Z")),
    );
    wrong(
        "recorded-goes-back",
        "Entry 6 was recorded before entry 5, linked and signed for.",
        "chain",
        Some(6),
        inputs(folder(&rewritten(&log, edit(6, "2026-01-06T08:00:02Z", "2026-01-05T09:05:01Z"))), &log.ledger),
    );
    wrong(
        "entry-dropped-and-linked",
        "Entry 10 is missing, the chain made again and the checkpoint signed again: the feed has a gap.",
        "feeds",
        Some(10),
        inputs(folder(&rewritten(&log, without(10))), &log.ledger),
    );
    wrong("last-entry-dropped", "The last entry is missing: fewer than the checkpoint says.", "checkpoint", None, lines(without(11)));
    let mut swapped = log.entries.clone();
    swapped.swap(6, 7);
    wrong(
        "entries-swapped-and-linked",
        "Two events of a feed were swapped, linked and signed for.",
        "feeds",
        Some(6),
        inputs(folder(&rewritten(&log, swapped)), &log.ledger),
    );
    let mut twice = log.entries.clone();
    twice.push(log.entries[11].clone());
    wrong(
        "event-twice-and-linked",
        "An event stands twice, linked and signed for.",
        "feeds",
        Some(12),
        inputs(folder(&rewritten(&log, twice)), &log.ledger),
    );
    let mut unmet = right.clone();
    unmet["policy"] = two.into();
    wrong("policy-not-met", "No witness cosigned.", "checkpoint", None, unmet);
    let forked = Log { entries: rewritten(&log, edit(5, "09:05:02Z", "09:05:03Z")).entries[..7].to_vec(), ..log.clone() };
    since["since"] = checkpoint(&forked).into();
    wrong(
        "since-of-another-history",
        "The earlier checkpoint, signed by the same log, is of another history.",
        "since",
        None,
        since.clone(),
    );
    since["since"] = checkpoint(&reversed()).into();
    wrong("since-beyond-the-log", "The earlier checkpoint is of a longer log.", "since", None, since);
    // The operator adds what its keys and the rules do not allow.
    let mut ghost = log.clone();
    ghost.add(STRANGER, "fund", "2026-01-10T09:00:00Z", "region.defined", json!({"name": {"en": "East"}, "region": "east"}));
    wrong("event-of-unknown-key", "An event by a key that nobody granted.", "rules", Some(12), inputs(folder(&ghost), &log.ledger));
    let mut over = log.clone();
    let body = json!({"assignment": id_at(&log, 9), "draws": [{"lot": format!("{}.0", id_at(&log, 8)), "quantity": "2.6"}]});
    over.add(PHONE, "fund", "2026-01-10T09:00:00Z", "delivery.made", body);
    wrong(
        "delivered-beyond-assigned",
        "More was delivered than assigned, rightly signed.",
        "rules",
        Some(12),
        inputs(folder(&over), &log.ledger),
    );
    wrong("other-ledger", "The verifier holds another ledger's id.", "rules", Some(0), inputs(folder(&log), &blake("another ledger")));
}

/// Damage that shows early: on the first six entries, so that the files stay small.
fn damaged(author: &mut Author) {
    let log = Log { entries: small().entries[..6].to_vec(), ..small() };
    let top = root(&leaves(&log));
    let text = checkpoint_text(ORIGIN, 6, &top);
    let inputs = |files: Value, ledger: &str| json!({"files": files, "ledger": ledger, "signatures": "every"});
    let with = |file: &str, bytes: Value| {
        let mut files = folder(&log);
        files[file] = bytes;
        inputs(files, &log.ledger)
    };
    let lines = |entries: Vec<String>| with("log/00000000.jsonl", Log { entries, ..log.clone() }.lines().into());
    let edit = |at: usize, what: &str, by: &str| {
        let mut entries = log.entries.clone();
        entries[at] = altered(&entries[at], what, by);
        entries
    };
    let without = |at: usize| {
        let mut entries = log.entries.clone();
        entries.remove(at);
        entries
    };
    let ignored = with("ledger.toml", "colour = \"red\"\n".into());
    let expect = ok(json!({"root": hex(&top), "size": 6}));
    author.put("ledger/right-with-other-files", "8", "Files that the spec does not name are ignored.", expect, ignored);
    let mut wrong = |name: &str, description: &str, step: &str, index: Option<usize>, inputs: Value| {
        let expect = refused(index.map_or(json!({ "step": step }), |index| json!({"index": index, "step": step})));
        author.put(&format!("ledger/{name}"), "13", description, expect, inputs);
    };
    wrong("entry-dropped", "Entry 4 is missing.", "chain", Some(4), lines(without(4)));
    wrong("space-in-entry", "An entry is not canonical.", "chain", Some(3), lines(edit(3, "\"index\":3", "\"index\": 3")));
    wrong(
        "carriage-returns",
        "Lines end in LF alone.",
        "chain",
        Some(0),
        with("log/00000000.jsonl", log.lines().replace('\n', "\r\n").into()),
    );
    wrong(
        "empty-line",
        "There is no empty line.",
        "chain",
        Some(2),
        with("log/00000000.jsonl", log.lines().replacen("\n{\"event\":{\"body\":{\"key\"", "\n\n{\"event\":{\"body\":{\"key\"", 1).into()),
    );
    wrong(
        "checkpoint-by-another-key",
        "Another key signed the checkpoint.",
        "checkpoint",
        None,
        with("checkpoint", format!("{text}\n{}", log_line(ORIGIN, STRANGER, &text)).into()),
    );
    wrong("checkpoint-cut-short", "A damaged checkpoint.", "checkpoint", None, with("checkpoint", checkpoint(&log)[..60].into()));
    let foreign = checkpoint_text("aid.example.org/2027", 6, &top);
    wrong(
        "checkpoint-of-another-origin",
        "The log key signed for another origin.",
        "checkpoint",
        None,
        with("checkpoint", format!("{foreign}\n{}", log_line("aid.example.org/2027", LOG, &foreign)).into()),
    );
    let other = checkpoint_text(ORIGIN, 6, &leaf("?"));
    wrong(
        "checkpoint-of-another-root",
        "The log signed another tree: a fork.",
        "checkpoint",
        None,
        with("checkpoint", format!("{other}\n{}", log_line(ORIGIN, LOG, &other)).into()),
    );
    let mut early = folder(&log);
    early["log/00000001.jsonl"] = format!("{}\n", log.entries[5]).into();
    early["log/00000000.jsonl"] = Log { entries: without(5), ..log.clone() }.lines().into();
    wrong("segment-not-full", "A segment follows one that is not full.", "chain", None, inputs(early, &log.ledger));
}

/// An entry bundle as parts: each entry's length in hex and its text.
fn bundle(entries: &[String]) -> Vec<Value> {
    entries.iter().flat_map(|entry| [json!({"hex": hex(&(entry.len() as u16).to_be_bytes())}), json!(entry)]).collect()
}

fn exported(author: &mut Author) {
    let log = small();
    let parts = bundle(&log.entries);
    let hashes = leaves(&log).concat();
    let files = json!({"checkpoint": checkpoint(&log), "tile/0/000.p/12": {"hex": hex(&hashes)}, "tile/entries/000.p/12": parts});
    let with = |file: &str, content: Value| {
        let mut files = files.clone();
        files[file] = content;
        json!({"files": files, "ledger": log.ledger, "signatures": "every"})
    };
    let tile = |bytes: &[u8]| with("tile/0/000.p/12", json!({ "hex": hex(bytes) }));
    let expect = ok(json!({"root": hex(&root(&leaves(&log))), "size": 12}));
    author.put("ledger/right-exported", "13", "An exported tile folder.", expect, tile(&hashes));
    let mut altered_hashes = hashes.clone();
    altered_hashes[40] ^= 1;
    let mut missing = tile(&hashes);
    missing["files"].as_object_mut().expect("files").remove("tile/0/000.p/12");
    let bundled = |last: usize, by: String| {
        let mut parts = parts.clone();
        parts[last] = by.into();
        with("tile/entries/000.p/12", parts.into())
    };
    let short = bundled(23, log.entries[11][1..].to_owned());
    let edited = bundled(21, altered(&log.entries[10], "\"15.0\"", "\"25.0\""));
    let wrongs = [
        ("tile-altered", "A hash tile differs from the entries.", json!({"step": "tiles"}), tile(&altered_hashes)),
        ("tile-cut-short", "A hash tile lacks a byte.", json!({"step": "tiles"}), tile(&hashes[1..])),
        ("tile-missing", "A hash tile is missing.", json!({"step": "tiles"}), missing),
        ("bundle-cut-short", "An entry bundle lacks a byte.", json!({"step": "chain"}), short),
        ("entry-altered", "A delivery in the bundle was altered.", json!({"index": 10, "step": "signatures"}), edited),
    ];
    for (name, description, why, inputs) in wrongs {
        author.put(&format!("ledger/exported-{name}"), "13", description, refused(why), inputs);
    }
}
