//! Authors the families events, signatures and entries.

use super::*;

pub fn write(author: &mut Author) {
    events_right(author);
    events_wrong(author);
    signatures(author);
    entries(author);
}

fn id(word: &str) -> String {
    blake(word)
}

/// A body of every kind, with all optional members; then with none, where that is another body.
fn bodies() -> Vec<(&'static str, &'static str, Value)> {
    let name = json!({"en": "A name", "kk": "Атау"});
    let lot = |line: usize| format!("{}.{line}", id("gift"));
    let draws = json!([{"lot": lot(2), "quantity": "1.5"}, {"lot": lot(10), "quantity": "20"}]);
    vec![
        ("ledger-opened", "ledger.opened", opening()),
        ("organization-registered", "organization.registered", json!({"name": name, "organization": "fund"})),
        ("organization-suspended", "organization.suspended", json!({"organization": "fund", "reason": "under-review"})),
        ("organization-reinstated", "organization.reinstated", json!({"organization": "fund"})),
        (
            "key-granted",
            "key.granted",
            json!({"key": public(OFFICE), "label": "phone-1", "organization": "fund", "roles": ["assign", "field"]}),
        ),
        ("key-granted-bare", "key.granted", json!({"key": public(OFFICE), "organization": "fund", "roles": ["audit"]})),
        ("key-revoked", "key.revoked", json!({"key": public(OFFICE), "reason": "lost"})),
        (
            "item-defined",
            "item.defined",
            json!({"category": "food", "decimals": 3, "item": "rice", "name": name, "type": "goods", "unit": "kg"}),
        ),
        ("item-defined-money", "item.defined", json!({"category": "cash", "decimals": 2, "item": "KZT", "name": name, "type": "money"})),
        ("region-defined", "region.defined", json!({"name": name, "parent": "city", "region": "north"})),
        ("region-defined-bare", "region.defined", json!({"name": name, "region": "city"})),
        (
            "programme-opened",
            "programme.opened",
            json!({"from": "2026-01-01", "name": name, "organizations": ["fund", "kitchen"], "programme": "winter",
                "recipient_types": ["facility", "household"], "regions": ["north", "south"], "until": "2026-04-30"}),
        ),
        ("programme-opened-bare", "programme.opened", json!({"name": name, "programme": "winter"})),
        ("programme-closed", "programme.closed", json!({"programme": "winter"})),
        (
            "recipient-enrolled",
            "recipient.enrolled",
            json!({"commitment": id("who"), "name": name, "programme": "winter", "recipient": TOKEN, "reference": id("ref"),
                "region": "north", "size": 120, "type": "facility", "uniqueness": id("tag")}),
        ),
        (
            "recipient-enrolled-bare",
            "recipient.enrolled",
            json!({"programme": "winter", "recipient": TOKEN, "region": "north", "type": "person"}),
        ),
        (
            "donation-received",
            "donation.received",
            json!({"donor": {"commitment": id("donor"), "name": "Bakers' guild", "type": "organization"},
                "lots": [{"item": "rice", "quantity": "20.000"}, {"item": "rice", "quantity": "5.000"}], "reference": id("ref"),
                "restrictions": {"categories": ["food"], "items": ["flour", "rice"], "programmes": ["winter"], "regions": ["north"],
                    "use_by": "2026-03-31"}}),
        ),
        (
            "donation-received-bare",
            "donation.received",
            json!({"donor": {"type": "anonymous"}, "lots": [{"item": "KZT", "quantity": "1000.00"}]}),
        ),
        (
            "assignment-made",
            "assignment.made",
            json!({"draws": draws, "due": "2026-02-01", "lock": id(SLIP_CODE), "programme": "winter", "recipient": TOKEN,
                "reference": id("ref")}),
        ),
        (
            "assignment-made-bare",
            "assignment.made",
            json!({"draws": [{"lot": lot(0), "quantity": "1"}], "programme": "winter", "recipient": TOKEN}),
        ),
        ("assignment-cancelled", "assignment.cancelled", json!({"assignment": id("parcel"), "reason": "not-found"})),
        (
            "delivery-made",
            "delivery.made",
            json!({"assignment": id("parcel"), "code": SLIP_CODE, "draws": draws, "evidence": id("photo"), "reference": id("ref")}),
        ),
        ("delivery-made-bare", "delivery.made", json!({"assignment": id("parcel"), "draws": [{"lot": lot(0), "quantity": "1"}]})),
        ("event-reversed", "event.reversed", json!({"event": id("parcel"), "reason": "entered-twice"})),
    ]
    .into_iter()
    .chain(kinds::bodies())
    .collect()
}

/// An event in the midst of a feed.
fn event(kind: &str, body: &Value) -> String {
    let (ledger, previous, sequence) =
        if kind == "ledger.opened" { (ZERO.into(), ZERO.into(), 0) } else { (id("ledger"), id("before"), 7) };
    canonical(&json!({"body": body, "kind": kind, "ledger": ledger, "organization": "fund", "previous": previous, "sequence": sequence,
        "signer": public(OFFICE), "time": "2026-01-07T08:00:00Z", "version": 1}))
}

fn event_of(name: &str) -> String {
    let (_, kind, body) = bodies().into_iter().find(|(found, ..)| *found == name).expect("a body of that name");
    event(kind, &body)
}

fn events_right(author: &mut Author) {
    for (name, kind, body) in bodies() {
        let bytes = event(kind, &body);
        let description = if name.ends_with("-bare") {
            format!("`{kind}` without its optional members.")
        } else if ["-of-", "-for-", "-with-"].iter().any(|part| name.contains(part)) {
            format!("`{kind}` with some of its members.")
        } else {
            format!("`{kind}` with all its members.")
        };
        let expect = ok(json!({"id": blake(&bytes), "kind": kind}));
        author.put(&format!("events/right-{name}"), "4", &description, expect, json!({ "event": bytes }));
    }
    let largest = altered(&event_of("programme-closed"), "\"sequence\":7", "\"sequence\":9007199254740991");
    let expect = ok(json!({"id": blake(&largest), "kind": "programme.closed"}));
    author.put("events/right-largest-sequence", "4.1", "A sequence may be any integer of section 2.", expect, json!({ "event": largest }));
}

fn events_wrong(author: &mut Author) {
    for (name, description, whose, what, by) in kinds::wrong() {
        let bytes = event_of(whose);
        let body = bytes.strip_prefix("{\"body\":").and_then(|rest| rest.split_once(",\"kind\"")).expect("an event").0;
        let bytes = altered(&bytes, if what == "BODY" { body } else { what }, by);
        author.put(&format!("events/{name}"), "4", description, refused(json!({})), json!({ "event": bytes }));
    }
    let delivery = event_of("delivery-made");
    let gift = event_of("donation-received");
    let bare = event_of("donation-received-bare");
    let closed = event_of("programme-closed");
    let swap = |text: &str, first: &str, second: &str| {
        let marked = altered(&altered(text, first, "\u{1}"), second, first);
        altered(&marked, "\u{1}", second)
    };
    let parcel = id("parcel");
    let two = format!("{}.2", id("gift"));
    let ten = format!("{}.10", id("gift"));
    let cases = [
        ("kind-of-another-body", "The body is not that of the kind.", altered(&delivery, "delivery.made", "assignment.cancelled")),
        ("body-of-a-wider-kind", "A body with fewer members than its kind has.", altered(&closed, "programme.closed", "programme.opened")),
        ("kind-unknown", "Kinds are closed.", altered(&delivery, "delivery.made", "delivery.lost")),
        ("kind-in-capitals", "Kinds are spelled as listed.", altered(&delivery, "delivery.made", "Delivery.made")),
        ("version-2", "A version that does not exist.", altered(&closed, "\"version\":1", "\"version\":2")),
        ("version-0", "A version that does not exist.", altered(&closed, "\"version\":1", "\"version\":0")),
        ("version-as-text", "The version is an integer.", altered(&closed, "\"version\":1", "\"version\":\"1\"")),
        ("version-missing", "Every member is there.", altered(&closed, ",\"version\":1", "")),
        ("time-missing", "Every member is there.", altered(&closed, ",\"time\":\"2026-01-07T08:00:00Z\"", "")),
        ("body-missing", "Every member is there.", altered(&closed, "\"body\":{\"programme\":\"winter\"},", "")),
        ("kind-missing", "Every member is there.", altered(&closed, ",\"kind\":\"programme.closed\"", "")),
        ("member-unknown-last", "An unknown member, in order.", altered(&closed, "\"version\":1}", "\"version\":1,\"witness\":1}")),
        ("member-unknown-first", "An unknown member, in order.", altered(&closed, "{\"body\"", "{\"app\":1,\"body\"")),
        ("member-twice", "A member stands once.", altered(&closed, "\"version\":1", "\"version\":1,\"version\":1")),
        ("kind-before-body", "Members ascend.", swap(&closed, "\"body\":{\"programme\":\"winter\"}", "\"kind\":\"programme.closed\"")),
        ("body-member-unknown", "A body has the members of its kind.", altered(&closed, "\"winter\"}", "\"winter\",\"reason\":\"other\"}")),
        ("body-member-missing", "A member that is not optional.", altered(&delivery, &format!("\"assignment\":\"{parcel}\","), "")),
        ("body-member-twice", "A member stands once.", altered(&closed, "\"winter\"}", "\"winter\",\"programme\":\"winter\"}")),
        (
            "body-members-descending",
            "Members ascend in bodies too.",
            altered(
                &event_of("event-reversed"),
                &format!("\"event\":\"{parcel}\",\"reason\":\"entered-twice\""),
                &format!("\"reason\":\"entered-twice\",\"event\":\"{parcel}\""),
            ),
        ),
        ("body-empty", "An object has a member.", altered(&closed, "{\"programme\":\"winter\"}", "{}")),
        ("body-as-list", "A body is an object.", altered(&closed, "{\"programme\":\"winter\"}", "[\"winter\"]")),
        ("body-as-text", "A body is an object.", altered(&closed, "{\"programme\":\"winter\"}", "\"winter\"")),
        ("optional-null", "What is not said is left out.", altered(&delivery, &format!("\"code\":\"{SLIP_CODE}\""), "\"code\":null")),
        (
            "optional-empty-object",
            "An optional object with nothing in it is left out.",
            altered(&bare, "\"1000.00\"}]", "\"1000.00\"}],\"restrictions\":{}"),
        ),
        ("optional-empty-set", "A set is not empty.", altered(&gift, "\"categories\":[\"food\"]", "\"categories\":[]")),
        ("restriction-unknown", "Restrictions are those that are named.", altered(&gift, "\"use_by\"", "\"used_by\"")),
        ("lots-empty", "A list is not empty.", altered(&bare, "[{\"item\":\"KZT\",\"quantity\":\"1000.00\"}]", "[]")),
        (
            "lots-as-object",
            "A list is an array.",
            altered(&bare, "[{\"item\":\"KZT\",\"quantity\":\"1000.00\"}]", "{\"item\":\"KZT\",\"quantity\":\"1000.00\"}"),
        ),
        ("quantity-as-number", "Amounts are strings.", altered(&bare, "\"1000.00\"", "1000")),
        ("quantity-with-comma", "Amounts have a point.", altered(&bare, "\"1000.00\"", "\"1000,00\"")),
        (
            "draws-by-text",
            "Draws ascend by the number of the line: .2 before .10.",
            swap(&delivery, &format!("{{\"lot\":\"{two}\",\"quantity\":\"1.5\"}}"), &format!("{{\"lot\":\"{ten}\",\"quantity\":\"20\"}}")),
        ),
        ("draws-one-lot-twice", "A lot stands once in a set of draws, whatever the quantity.", altered(&delivery, &ten, &two)),
        (
            "roles-descending",
            "A set of roles ascends.",
            altered(&event_of("key-granted"), "[\"assign\",\"field\"]", "[\"field\",\"assign\"]"),
        ),
        ("role-unknown", "Vocabularies are closed.", altered(&event_of("key-granted"), "\"field\"", "\"owner\"")),
        ("reason-of-another-vocabulary", "Each reason has its vocabulary.", altered(&event_of("key-revoked"), "\"lost\"", "\"expired\"")),
        ("donor-type-unknown", "Vocabularies are closed.", altered(&bare, "anonymous", "unknown")),
        ("donor-name-blank", "A text is not blank.", altered(&gift, "Bakers' guild", " ")),
        (
            "name-in-no-language",
            "Names are an object.",
            altered(&event_of("region-defined-bare"), "{\"en\":\"A name\",\"kk\":\"Атау\"}", "\"A name\""),
        ),
        ("text-escaped-by-number", "Letters stand for themselves.", altered(&event_of("region-defined-bare"), "Атау", "\\u0410тау")),
        ("signer-in-capitals", "Hex is lower case.", altered(&closed, &public(OFFICE), &public(OFFICE).to_uppercase())),
        ("signer-63-digits", "A key has 64 digits.", altered(&closed, &public(OFFICE), &public(OFFICE)[1..])),
        ("time-with-offset", "Times are UTC.", altered(&closed, "08:00:00Z", "08:00:00+00:00")),
        ("time-that-is-not", "The day exists.", altered(&closed, "2026-01-07", "2026-02-30")),
        ("sequence-negative", "No negative integer.", altered(&closed, "\"sequence\":7", "\"sequence\":-7")),
        ("sequence-with-leading-zero", "No leading zero.", altered(&closed, "\"sequence\":7", "\"sequence\":07")),
        ("sequence-as-text", "An integer is no string.", altered(&closed, "\"sequence\":7", "\"sequence\":\"7\"")),
        ("sequence-too-large", "Beyond 2^53-1.", altered(&closed, "\"sequence\":7", "\"sequence\":9007199254740992")),
        ("space-in-it", "No white space.", altered(&closed, "\"version\":1", "\"version\": 1")),
        ("newline-after", "An event has no line end.", format!("{closed}\n")),
        (
            "brace-in-text",
            "The end of a body is not the first brace: this text has one, and then a member too many.",
            altered(
                &altered(&event_of("region-defined-bare"), "A name", "A } name"),
                "\"region\":\"city\"",
                "\"region\":\"city\",\"size\":1",
            ),
        ),
        (
            "signed-event-for-event",
            "A signed event is no event.",
            format!("{{\"event\":{closed},\"signature\":\"{}\"}}", sign(OFFICE, &closed)),
        ),
    ];
    for (name, description, event) in cases {
        author.put(&format!("events/{name}"), "4", description, refused(json!({})), json!({ "event": event }));
    }
    let brace = altered(&event_of("region-defined-bare"), "A name", "A } \\\" { name");
    let expect = ok(json!({"id": blake(&brace), "kind": "region.defined"}));
    let description = "The end of a body is not the first brace: braces and quotes may stand in its text.";
    author.put("events/right-brace-in-text", "4.1", description, expect, json!({ "event": brace }));
}

fn signatures(author: &mut Author) {
    let event = event_of("delivery-made");
    let other = event_of("programme-closed");
    let right = sign(OFFICE, &event);
    let mut bytes = HEXLOWER.decode(right.as_bytes()).expect("hex");
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        hex(&bytes)
    };
    let (r_altered, s_altered) = (flipped(0), flipped(32));
    let raw = |seed: u8, message: &str| hex(&key(seed).sign(message.as_bytes()).to_bytes());
    let cases = [
        ("other-key", "Signed by another key.", event.clone(), sign(STRANGER, &event)),
        ("event-altered", "One digit of a quantity was altered.", altered(&event, "\"1.5\"", "\"9.5\""), right.clone()),
        ("event-of-another", "The signature on another event of the same key.", event.clone(), sign(OFFICE, &other)),
        ("without-domain", "Signed without the domain.", event.clone(), raw(OFFICE, &event)),
        ("domain-without-newline", "The domain ends in 0x0A.", event.clone(), raw(OFFICE, &format!("aidledger/event/v1{event}"))),
        ("domain-of-version-2", "Another domain.", event.clone(), raw(OFFICE, &format!("aidledger/event/v2\n{event}"))),
        (
            "over-the-id",
            "Signed over the event id in place of the event.",
            event.clone(),
            raw(OFFICE, &format!("aidledger/event/v1\n{}", blake(&event))),
        ),
        (
            "over-the-line",
            "Signed with a line feed after the event.",
            event.clone(),
            raw(OFFICE, &format!("aidledger/event/v1\n{event}\n")),
        ),
        ("r-altered", "One bit of R was altered.", event.clone(), r_altered),
        ("s-altered", "One bit of s was altered.", event.clone(), s_altered),
        ("zeros", "64 zero bytes.", event.clone(), "0".repeat(128)),
    ];
    let both = |author: &mut Author, name: &str, description: &str, expect: Value, event: &str, signature: &str| {
        for rule in ["strict", "zip215"] {
            let inputs = json!({"event": event, "rule": rule, "signature": signature});
            author.put(&format!("signatures/{name}-{rule}"), "3", description, expect.clone(), inputs);
        }
    };
    both(author, "right", "A signature that holds.", ok(json!({})), &event, &right);
    for (name, description, event, signature) in cases {
        both(author, name, description, refused(json!({})), &event, &signature);
    }
    // s + L: the same number modulo the order, in another spelling.
    let order = HEXLOWER.decode(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").expect("hex");
    let mut carry = 0u16;
    for (byte, add) in bytes[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry as u8;
        carry >>= 8;
    }
    assert_eq!(carry, 0);
    both(author, "s-plus-order", "s is not below L: the signature with L added to s.", refused(json!({})), &event, &hex(&bytes));
}

fn entries(author: &mut Author) {
    let log = small();
    let hashes = |bytes: &str, id: String| ok(json!({"entry_hash": blake(bytes), "event_id": id, "leaf_hash": hex(&leaf(bytes))}));
    let id_of = |entry: &str| blake(entry.strip_prefix("{\"event\":").and_then(|rest| rest.split(",\"index\":").next()).expect("an event"));
    for (name, description, at) in [("right-first", "Entry 0.", 0), ("right-last", "The last entry of a small ledger.", 11)] {
        let bytes = &log.entries[at];
        author.put(&format!("entries/{name}"), "6", description, hashes(bytes, id_of(bytes)), json!({ "entry": bytes }));
    }
    let right = log.entries[6].clone();
    let event = canonical(&log.event(HALL, "city", "2026-01-07T08:00:00Z", "region.defined", json!({"name": {"en": "x"}, "region": "x"})));
    let cases = [
        ("newline-after", "The line feed of a segment is not part of the entry.", format!("{right}\n")),
        ("signature-missing", "Every member is there.", altered(&right, &right[right.find(",\"signature\"").expect("it")..], "}")),
        ("member-unknown", "No member but those.", altered(&right, ",\"index\"", ",\"id\":1,\"index\"")),
        ("event-before-itself", "A signed event is no entry.", log.submissions[6]["signed"].as_str().expect("text").to_owned()),
        ("event-with-space", "The event in an entry is canonical.", altered(&right, "\"version\":1", "\"version\": 1")),
        ("index-as-text", "The index is an integer.", altered(&right, "\"index\":6", "\"index\":\"6\"")),
        ("previous-63-digits", "A hash has 64 digits.", altered(&right, "\"index\":6,\"previous\":\"", "\"index\":6,\"previous\":\"0")),
        ("recorded-with-fraction", "Times are whole seconds.", altered(&right, ":02Z\"", ":02.5Z\"")),
        (
            "recorded-missing",
            "Every member is there.",
            altered(&right, &right[right.find(",\"recorded\"").expect("it")..right.find(",\"signature\"").expect("it")], ""),
        ),
        ("signature-in-capitals", "Hex is lower case.", {
            let at = right.rfind("\"signature\":\"").expect("it") + 13;
            format!("{}{}{}", &right[..at], right[at..at + 128].to_uppercase(), &right[at + 128..])
        }),
        ("empty", "An entry has bytes.", String::new()),
    ];
    for (name, description, entry) in cases {
        author.put(&format!("entries/{name}"), "6", description, refused(json!({})), json!({ "entry": entry }));
    }
    // An entry as long as may be: 64 names of 1,000 bytes, and filling.
    let tags: Vec<String> = (0..64u8).map(|n| format!("{}{}", char::from(b'a' + n / 26), char::from(b'a' + n % 26))).collect();
    let frame = entry(&event, 6, &blake("before"), "2026-01-07T08:00:02Z", &"0".repeat(128));
    let (head, tail) = frame.split_once("{\"en\":\"x\"}").expect("the name");
    let mut parts = vec![json!(format!("{head}{{"))];
    let mut text = format!("{head}{{");
    let fixed = 64 * (4 + 1 + 2 + 1) + 64 * 1000;
    let filling = 65_535 - (head.len() + 1 + fixed - 1 + 1 + tail.len());
    for (n, tag) in tags.iter().enumerate() {
        // The filling goes in pieces of at most 24 bytes, since a text has at most 1,024.
        let more = (filling - (24 * n).min(filling)).min(24);
        let comma = if n == 0 { "" } else { "," };
        parts.push(json!(format!("{comma}\"{tag}\":\"")));
        parts.push(json!(["x", 1000 + more]));
        parts.push(json!("\""));
        text += &format!("{comma}\"{tag}\":\"{}\"", "x".repeat(1000 + more));
    }
    parts.push(json!(format!("}}{tail}")));
    text += &format!("}}{tail}");
    assert_eq!(text.len(), 65_535);
    let id = id_of(&text);
    author.put("entries/right-65535-bytes", "6", "The longest entry.", hashes(&text, id), json!({"entry": parts.clone()}));
    let last = parts.len() - 3;
    parts[last] = json!(["x", parts[last][1].as_u64().expect("a count") + 1]);
    author.put("entries/65536-bytes", "6", "One byte more than an entry may have.", refused(json!({})), json!({ "entry": parts }));
}
