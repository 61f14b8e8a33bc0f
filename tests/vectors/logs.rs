//! Authors the families chain and rules.

use super::*;

pub fn write(author: &mut Author) {
    chain(author);
    rules(author);
}

/// Entries of a log whose event at `from` and after are placed again, with links that hold.
fn relinked(entries: &[String]) -> Vec<String> {
    let mut placed: Vec<String> = Vec::new();
    for text in entries {
        let (event, rest) = text.strip_prefix("{\"event\":").and_then(|rest| rest.rsplit_once(",\"index\":")).expect("an entry");
        let field = |name: &str| rest.split(&format!("\"{name}\":\"")).nth(1).and_then(|rest| rest.split('"').next()).expect("a field");
        let previous = placed.last().map_or(ZERO.into(), blake);
        placed.push(entry(event, placed.len(), &previous, field("recorded"), field("signature")));
    }
    placed
}

fn chain(author: &mut Author) {
    let entries = small().entries[..5].to_vec();
    let right = |author: &mut Author, name: &str, description: &str, entries: &[String]| {
        let expect = ok(json!({"hash": entries.last().map_or(ZERO.into(), blake), "size": entries.len()}));
        author.put(&format!("chain/{name}"), "6", description, expect, json!({ "entries": entries }));
    };
    right(author, "right-none", "The empty chain.", &[]);
    right(author, "right-one", "One entry.", &entries[..1]);
    right(author, "right-five", "Five entries.", &entries);
    let mut same = entries.clone();
    for entry in &mut same[1..] {
        let at = entry.find("\"recorded\":\"").expect("it") + 12;
        entry.replace_range(at..at + 20, "2026-01-05T09:00:02Z");
    }
    right(author, "right-recorded-the-same", "Recorded times may be equal.", &relinked(&same));

    let mut wrong = |name: &str, description: &str, index: usize, why: &str, entries: &[String]| {
        author.put(&format!("chain/{name}"), "6", description, refused(json!({"index": index, "why": why})), json!({ "entries": entries }));
    };
    let without = |at: usize| {
        let mut entries = entries.clone();
        entries.remove(at);
        entries
    };
    wrong("first-dropped", "Entry 0 is missing.", 0, "index", &without(0));
    wrong("one-dropped", "Entry 2 is missing.", 2, "index", &without(2));
    let mut twice = entries.clone();
    twice.insert(3, entries[2].clone());
    wrong("one-twice", "Entry 2 stands twice.", 3, "index", &twice);
    let mut swapped = entries.clone();
    swapped.swap(2, 3);
    wrong("two-swapped", "Entries 2 and 3 are swapped.", 2, "index", &swapped);
    let with = |at: usize, entry: String| {
        let mut entries = entries.clone();
        entries[at] = entry;
        entries
    };
    let edited = altered(&entries[2], "\"label\":\"office\"", "\"label\":\"annexe\"");
    wrong("one-altered", "Entry 2 was altered: entry 3 does not name what it is now.", 3, "previous", &with(2, edited));
    wrong(
        "previous-altered",
        "Entry 3 names another entry.",
        3,
        "previous",
        &with(3, altered(&entries[3], &blake(&entries[2]), &blake("?"))),
    );
    let first = with(
        0,
        altered(&entries[0], &format!("\"index\":0,\"previous\":\"{ZERO}\""), &format!("\"index\":0,\"previous\":\"{}\"", blake("?"))),
    );
    wrong("first-with-previous", "Entry 0 names 64 zeros.", 0, "previous", &first);
    let dropped = without(2);
    let renumbered: Vec<String> = dropped
        .iter()
        .enumerate()
        .map(
            |(at, entry)| if at < 2 { entry.clone() } else { altered(entry, &format!("\"index\":{}", at + 1), &format!("\"index\":{at}")) },
        )
        .collect();
    wrong("one-dropped-and-renumbered", "Entry 2 is missing and the rest numbered again.", 2, "previous", &renumbered);
    let earlier = with(3, altered(&entries[3], "09:03:02Z", "09:02:01Z"));
    wrong("recorded-goes-back", "Entry 3 was recorded before entry 2; the links hold.", 3, "recorded", &relinked(&earlier));
    let both = with(3, altered(&altered(&entries[3], "09:03:02Z", "09:02:01Z"), &blake(&entries[2]), &blake("?")));
    wrong("previous-before-recorded", "Both are wrong: previous is checked first.", 3, "previous", &both);
    let all = with(3, altered(&both[3], "\"index\":3", "\"index\":4"));
    wrong("index-before-previous", "All three are wrong: the index is checked first.", 3, "index", &all);
    wrong("form-before-chain", "Entry 3 is not canonical.", 3, "form", &with(3, altered(&entries[3], "\"index\":3", "\"index\": 3")));
}

fn rules(author: &mut Author) {
    let log = small();
    let right = |author: &mut Author, name: &str, description: &str, log: &Log| {
        author.put(&format!("rules/{name}"), "11", description, ok(json!({})), json!({ "submissions": log.submissions }));
    };
    right(author, "right-from-opening-to-delivery", "A whole small ledger.", &log);
    right(author, "right-opening", "A ledger that was only opened.", &opened());
    let mut clock = opened();
    let ahead = clock.event(HALL, "city", "2026-01-05T09:05:00Z", "region.defined", json!({"name": {"en": "North"}, "region": "north"}));
    let bytes = canonical(&ahead);
    let mut late = clock.clone();
    clock.push_signed(HALL, &bytes, &sign(HALL, &bytes), "2026-01-05T09:00:00Z");
    right(author, "right-300-seconds-ahead", "A time 300 seconds after it is recorded is just allowed.", &clock);

    // Broken is the last event.
    let mut wrong = |name: &str, description: &str, rule: (u16, &str), log: &Log| {
        let expect = refused(json!({"index": log.submissions.len() - 1, "name": rule.1, "rule": rule.0}));
        author.put(&format!("rules/{name}"), "11", description, expect, json!({ "submissions": log.submissions }));
    };
    late.push_signed(HALL, &bytes, &sign(HALL, &bytes), "2026-01-05T08:59:59Z");
    wrong("301-seconds-ahead", "One second too far ahead.", (121, "time-in-future"), &late);

    let region = |code: &str| json!({"name": {"en": "North"}, "region": code});
    let then = |base: &Log, seed: u8, organization: &str, kind: &str, body: Value| {
        let mut log = base.clone();
        log.add(seed, organization, "2026-01-10T09:00:00Z", kind, body);
        log
    };
    let short = opened();
    let mut not_open = Log::empty();
    not_open.add(HALL, "city", "2026-01-05T09:00:00Z", "region.defined", region("north"));
    wrong("not-opened", "The first event opens nothing.", (110, "ledger-not-open"), &not_open);
    let mut roles = opening();
    roles["roles"] = json!(["admin"]);
    let mut log_of = Log::empty();
    log_of.add(HALL, "city", "2026-01-05T09:00:00Z", "ledger.opened", roles);
    wrong("opened-without-registrar", "Who opens is a registrar.", (200, "registrar-role-missing"), &log_of);
    let mut weak = opening();
    weak["log_key"] = ZERO.into();
    let mut log_of = Log::empty();
    log_of.add(HALL, "city", "2026-01-05T09:00:00Z", "ledger.opened", weak);
    wrong("log-key-of-small-order", "A weak log key.", (202, "key-weak"), &log_of);
    let mut foreign = short.clone();
    let mut event = foreign.event(HALL, "city", "2026-01-05T09:01:00Z", "region.defined", region("north"));
    event["ledger"] = blake("another ledger").into();
    foreign.push(HALL, &event);
    wrong("of-another-ledger", "An event of another ledger.", (112, "ledger-mismatch"), &foreign);
    wrong(
        "key-unknown",
        "A key that nobody granted.",
        (114, "key-unknown"),
        &then(&short, STRANGER, "city", "region.defined", region("north")),
    );
    wrong(
        "organization-unknown",
        "An organization that is not registered.",
        (113, "organization-unknown"),
        &then(&short, HALL, "nobody", "region.defined", region("north")),
    );
    let mut gap = short.clone();
    let mut event = gap.event(HALL, "city", "2026-01-05T09:01:00Z", "region.defined", region("north"));
    event["sequence"] = 2.into();
    gap.push(HALL, &event);
    wrong("gap-in-feed", "Sequence 1 is missing.", (118, "sequence-mismatch"), &gap);
    let mut fork = short.clone();
    let mut event = fork.event(HALL, "city", "2026-01-05T09:01:00Z", "region.defined", region("north"));
    event["previous"] = ZERO.into();
    fork.push(HALL, &event);
    wrong("feed-forked", "The feed's last event is not named.", (119, "previous-mismatch"), &fork);
    let once = then(&short, HALL, "city", "region.defined", region("north"));
    wrong("region-twice", "A code is given once.", (215, "region-exists"), &then(&once, HALL, "city", "region.defined", region("north")));
    wrong("role-missing", "A phone of the field enrols nobody.", (120, "role-missing"), &{
        let mut log = log.clone();
        log.add(
            PHONE,
            "fund",
            "2026-01-10T09:00:00Z",
            "recipient.enrolled",
            json!({"programme": "winter", "recipient": "f".repeat(32), "region": "north", "type": "person"}),
        );
        log
    });
    let signed = |at: usize| log.submissions[at]["signed"].as_str().expect("text").to_owned();
    let parcel = blake(signed(9).strip_prefix("{\"event\":").and_then(|rest| rest.split(",\"signature\":\"").next()).expect("an event"));
    let gift = blake(signed(8).strip_prefix("{\"event\":").and_then(|rest| rest.split(",\"signature\":\"").next()).expect("an event"));
    let deliver = |quantity: &str| json!({"assignment": parcel, "draws": [{"lot": format!("{gift}.0"), "quantity": quantity}]});
    wrong(
        "delivered-beyond-assigned",
        "2.5 are left, 2.6 are delivered.",
        (505, "delivery-exceeds-assigned"),
        &then(&log, PHONE, "fund", "delivery.made", deliver("2.6")),
    );
    right_and_settled(author, &log, deliver("2.5"));
    let mut wrong = |name: &str, description: &str, rule: (u16, &str), log: &Log| {
        let expect = refused(json!({"index": log.submissions.len() - 1, "name": rule.1, "rule": rule.0}));
        author.put(&format!("rules/{name}"), "11", description, expect, json!({ "submissions": log.submissions }));
    };
    wrong(
        "decimals-of-another-item",
        "Rice has one decimal.",
        (403, "quantity-decimals"),
        &then(&log, PHONE, "fund", "delivery.made", deliver("2.50")),
    );
    let mut again = deliver("1.0");
    again["code"] = SLIP_CODE.into();
    wrong("code-twice", "A code is shown once.", (508, "code-used"), &then(&log, PHONE, "fund", "delivery.made", again));
    let more = json!({"draws": [{"lot": format!("{gift}.0"), "quantity": "480.1"}], "programme": "winter", "recipient": TOKEN});
    wrong("assigned-beyond-given", "480.0 are on hand.", (407, "lot-insufficient"), &then(&log, OFFICE, "fund", "assignment.made", more));
    let reversal = |event: &str| json!({"event": event, "reason": "other"});
    wrong(
        "gift-reversed-after-use",
        "A gift that was used is not undone.",
        (604, "event-has-consequences"),
        &then(&log, OFFICE, "fund", "event.reversed", reversal(&gift)),
    );
    let mut malformed = opened();
    malformed.submissions[0]["signed"] = (malformed.submissions[0]["signed"].as_str().expect("text").to_owned() + " ").into();
    wrong("malformed", "A space after the signed event.", (100, "malformed"), &malformed);
    let mut forged = opened();
    let event = canonical(&forged.event(HALL, "city", "2026-01-05T09:01:00Z", "region.defined", region("north")));
    forged.push_signed(HALL, &event, &sign(STRANGER, &event), "2026-01-05T09:01:02Z");
    wrong("signed-by-another", "The signer did not sign.", (102, "signature-invalid"), &forged);
}

fn right_and_settled(author: &mut Author, log: &Log, rest: Value) {
    let mut settled = log.clone();
    settled.add(PHONE, "fund", "2026-01-10T09:00:00Z", "delivery.made", rest);
    author.put(
        "rules/right-delivered-to-the-last",
        "11",
        "The rest is delivered.",
        ok(json!({})),
        json!({ "submissions": settled.submissions }),
    );
}
