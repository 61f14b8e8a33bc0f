//! Authors what concerns the kinds of a whole season: bodies, a ledger that uses every kind, refusals, and three views.

use super::*;

pub fn write(author: &mut Author) {
    let season = season();
    let kinds: std::collections::BTreeSet<String> = season.log.submissions.iter().map(kind_of).collect();
    assert_eq!(kinds.len(), 36, "every kind is there: {kinds:?}");
    let all = json!({ "submissions": season.log.submissions });
    author.put("rules/right-every-kind", "11", "A ledger that uses every kind.", ok(json!({})), all);
    let top = root(&season.log.entries.iter().map(leaf).collect::<Vec<_>>());
    let files = json!({"checkpoint": checkpoint(&season.log), "log/00000000.jsonl": season.log.lines()});
    let expect = ok(json!({"root": hex(&top), "size": season.log.entries.len()}));
    let inputs = json!({"files": files, "ledger": season.log.ledger, "signatures": "every"});
    author.put("ledger/right-every-kind", "13", "A ledger that uses every kind.", expect, inputs);
    for (name, description, (rule, word), log) in &season.wrong {
        let expect = refused(json!({"index": log.submissions.len() - 1, "name": word, "rule": rule}));
        author.put(&format!("rules/{name}"), "11", description, expect, json!({ "submissions": log.submissions }));
    }
    views(author);
}

fn kind_of(submission: &Value) -> String {
    let signed: Value = serde_json::from_str(submission["signed"].as_str().expect("text")).expect("JSON");
    signed["event"]["kind"].as_str().expect("a kind").to_owned()
}

/// The kitchen's key, a second one of the fund, one that is revoked, a recipient's.
const KITCHEN: u8 = 5;
const SECOND: u8 = 6;
const LOST: u8 = 7;
const CARD: u8 = 8;

const OTHER_TOKEN: &str = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
const VOLUNTEER: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";

struct Season {
    log: Log,
    wrong: Vec<(&'static str, &'static str, (u16, &'static str), Log)>,
}

impl Season {
    fn time(&self) -> String {
        let minute = self.log.entries.len();
        format!("2026-01-10T{:02}:{:02}:00Z", 9 + minute / 60, minute % 60)
    }

    fn add(&mut self, seed: u8, kind: &str, body: Value) -> String {
        let organization = organization(seed);
        self.log.add(seed, organization, &self.time(), kind, body)
    }

    /// An event that is refused here.
    fn refuse(&mut self, name: &'static str, description: &'static str, rule: (u16, &'static str), seed: u8, kind: &str, body: Value) {
        let mut log = self.log.clone();
        log.add(seed, organization(seed), &self.time(), kind, body);
        self.wrong.push((name, description, rule, log));
    }
}

fn organization(seed: u8) -> &'static str {
    match seed {
        HALL => "city",
        KITCHEN => "kitchen",
        _ => "fund",
    }
}

fn draws(lot: &str, quantity: &str) -> Value {
    json!([{"lot": lot, "quantity": quantity}])
}

/// The hash of a draft.
fn draft(kind: &str, body: &Value) -> String {
    blake(format!("{kind}\n{}", canonical(body)))
}

/// The small ledger and what came after it, with a refusal wherever one is near.
fn season() -> Season {
    let mut season = Season { log: small(), wrong: Vec::new() };
    let name = json!({"en": "A name"});
    let event_at = |log: &Log, at: usize| {
        let entry = &log.entries[at];
        blake(entry.strip_prefix("{\"event\":").and_then(|rest| rest.rsplit_once(",\"index\":")).expect("an entry").0)
    };
    let (gift, parcel, visit) = (event_at(&season.log, 8), event_at(&season.log, 9), event_at(&season.log, 10));
    let rice = format!("{gift}.0");

    season.refuse(
        "loss-beyond-the-lot",
        "480.0 are on hand.",
        (407, "lot-insufficient"),
        OFFICE,
        "loss.recorded",
        json!({"draws": draws(&rice, "480.1"), "reason": "stolen"}),
    );
    season.refuse(
        "item-counted-twice",
        "A count names an item once.",
        (426, "count-twice"),
        PHONE,
        "stock.counted",
        json!({"counts": [{"item": "rice", "quantity": "1.0"}, {"item": "rice", "quantity": "1.0"}]}),
    );
    season.refuse(
        "confirmed-by-who-delivered",
        "A delivery is confirmed by another key.",
        (511, "confirmer-is-maker"),
        PHONE,
        "delivery.confirmed",
        json!({"delivery": visit}),
    );
    season.refuse(
        "dispute-signed-without-key",
        "The recipient was enrolled without a key.",
        (513, "dispute-key-missing"),
        OFFICE,
        "delivery.disputed",
        json!({"delivery": visit, "reason": "other", "signature": sign(CARD, "?")}),
    );

    season.add(HALL, "organization.registered", json!({"name": name, "organization": "kitchen"}));
    let all = ["admin", "assign", "audit", "field", "finance", "intake"];
    season.add(HALL, "key.granted", json!({"key": public(KITCHEN), "organization": "kitchen", "roles": all}));
    season.add(OFFICE, "key.granted", json!({"key": public(SECOND), "organization": "fund", "roles": all}));
    season.add(OFFICE, "key.granted", json!({"key": public(LOST), "organization": "fund", "roles": ["field"]}));
    season.add(OFFICE, "key.revoked", json!({"key": public(LOST), "reason": "lost"}));
    season.refuse(
        "opinion-on-itself",
        "An opinion is on entries before it.",
        (609, "attested-size"),
        SECOND,
        "audit.attested",
        json!({"conclusion": "adverse", "root": ZERO, "size": 18}),
    );
    season.add(HALL, "organization.suspended", json!({"organization": "kitchen", "reason": "requested"}));
    season.add(HALL, "organization.reinstated", json!({"organization": "kitchen"}));
    season.add(HALL, "item.defined", json!({"category": "cash", "decimals": 2, "item": "KZT", "name": name, "type": "money"}));

    let sent = json!({"draws": draws(&rice, "40.0"), "to": "kitchen", "waybill": "WB 17"});
    season.refuse(
        "sent-to-oneself",
        "A transfer goes to another organization.",
        (420, "transfer-to-self"),
        OFFICE,
        "transfer.sent",
        json!({"draws": draws(&rice, "40.0"), "to": "fund"}),
    );
    let sent = season.add(OFFICE, "transfer.sent", sent);
    season.refuse(
        "accepted-beyond-sent",
        "40.0 were sent.",
        (425, "accepted-exceeds-sent"),
        KITCHEN,
        "transfer.accepted",
        json!({"draws": draws(&rice, "40.1"), "transfer": sent}),
    );
    let arrived = json!({"draws": draws(&rice, "39.0"), "transfer": sent});
    season.add(KITCHEN, "transfer.accepted", arrived.clone());
    season.refuse("accepted-twice", "A transfer is accepted once.", (423, "transfer-settled"), KITCHEN, "transfer.accepted", arrived);

    let pledge = json!({"donor": {"type": "anonymous"}, "due": "2026-02-01", "lines": [{"item": "KZT", "quantity": "800.00"}]});
    let pledge = season.add(OFFICE, "donation.pledged", pledge);
    let money = json!({"donor": {"type": "anonymous"}, "lots": [{"item": "KZT", "quantity": "500.00"}], "pledge": pledge,
        "receipt": blake("R9QX4T8WZ3RFA7K2"), "restrictions": {"programmes": ["winter"]}});
    let money = season.add(OFFICE, "donation.received", money);
    let cash = format!("{money}.0");
    season.refuse(
        "overhead-from-bound-money",
        "Money for a programme pays no overhead.",
        (408, "restriction-programme"),
        OFFICE,
        "expense.paid",
        json!({"draws": draws(&cash, "1.00"), "purpose": "rent"}),
    );
    let buy = |cost: &str| json!({"draws": draws(&cash, "120.00"), "lots": [{"cost": cost, "item": "rice", "quantity": "10.0"}]});
    season.refuse("cost-below-the-draws", "120.00 are drawn.", (418, "cost-mismatch"), OFFICE, "purchase.made", buy("119.99"));
    let policy = json!({"approvals": [{"approvals": 1, "from": "100.00", "item": "KZT"}], "days_back": 30, "rules": 1});
    season.add(HALL, "policy.changed", policy);
    season.refuse(
        "purchase-not-approved",
        "100.00 and more are approved.",
        (608, "approvals-missing"),
        OFFICE,
        "purchase.made",
        buy("120.00"),
    );
    season.add(SECOND, "approval.given", json!({"draft": draft("purchase.made", &buy("120.00"))}));
    season.add(OFFICE, "purchase.made", buy("120.00"));
    season.refuse(
        "approval-used-twice",
        "An approval of a draft is used up by the event.",
        (608, "approvals-missing"),
        OFFICE,
        "purchase.made",
        buy("120.00"),
    );
    season.add(OFFICE, "donation.returned", json!({"donation": money, "draws": draws(&cash, "30.00"), "reason": "surplus"}));
    let expense = json!({"draws": draws(&cash, "50.00"), "programme": "winter", "purpose": "fuel", "region": "north"});
    season.add(OFFICE, "expense.paid", expense);
    let loss = season.add(SECOND, "loss.recorded", json!({"draws": draws(&rice, "1.5"), "reason": "damaged"}));
    season.add(SECOND, "event.reversed", json!({"event": loss, "reason": "did-not-happen"}));
    season.add(PHONE, "stock.counted", json!({"counts": [{"item": "rice", "quantity": "438.0"}]}));

    season.add(PHONE, "delivery.failed", json!({"assignment": parcel, "reason": "not-home"}));
    season.add(OFFICE, "assignment.cancelled", json!({"assignment": parcel, "reason": "not-found"}));
    season.add(SECOND, "delivery.confirmed", json!({"delivery": visit}));
    let eve = json!({"key": public(CARD), "programme": "winter", "recipient": OTHER_TOKEN, "region": "north", "type": "person"});
    season.add(OFFICE, "recipient.enrolled", eve);
    let need = json!({"lines": [{"item": "rice", "quantity": "5.0"}], "recipient": OTHER_TOKEN});
    let need = season.add(OFFICE, "need.recorded", need);
    let basket = json!({"draws": draws(&rice, "4.0"), "need": need, "programme": "winter", "recipient": OTHER_TOKEN});
    let basket = season.add(OFFICE, "assignment.made", basket);
    let handed = season.add(PHONE, "delivery.made", json!({"assignment": basket, "draws": draws(&rice, "4.0")}));
    let message = |delivery: &str| hex(&key(CARD).sign(format!("aidledger/dispute/v1\n{delivery}").as_bytes()).to_bytes());
    let dispute = |delivery: &str| json!({"delivery": handed, "reason": "less-received", "signature": message(delivery)});
    season.refuse(
        "dispute-of-another-delivery",
        "The signature is about another delivery.",
        (514, "dispute-signature"),
        OFFICE,
        "delivery.disputed",
        dispute(&visit),
    );
    let complaint = season.add(KITCHEN, "delivery.disputed", dispute(&handed));
    season.add(OFFICE, "dispute.answered", json!({"answer": "under-review", "event": complaint, "reason": "other"}));
    season.add(OFFICE, "recipient.withdrawn", json!({"reason": "requested", "recipient": OTHER_TOKEN}));
    season.add(OFFICE, "volunteer.joined", json!({"key": public(PHONE), "volunteer": VOLUNTEER}));
    let shift = |minutes: u64| json!({"activity": "driving", "day": "2026-01-09", "minutes": minutes, "volunteer": VOLUNTEER});
    season.add(OFFICE, "service.recorded", shift(599));
    season.add(OFFICE, "service.recorded", shift(1));
    season.add(OFFICE, "recognition.awarded", json!({"award": "hours-10", "volunteer": VOLUNTEER}));
    let leaves: Vec<_> = season.log.entries.iter().map(leaf).collect();
    season.add(SECOND, "audit.attested", json!({"conclusion": "unqualified", "root": hex(&root(&leaves)), "size": leaves.len()}));
    season.add(OFFICE, "programme.closed", json!({"programme": "winter"}));
    season
}

/// The views that only these kinds fill, over logs as short as can be.
fn views(author: &mut Author) {
    let put = |author: &mut Author, name: &str, description: &str, expect: Value, log: &Log, view: &str, rows: &[String]| {
        let digest = blake(rows.iter().map(|row| format!("{row}\n")).collect::<String>());
        let inputs = json!({"digest": digest, "entries": log.entries, "rows": rows, "view": view});
        author.put(&format!("views/{name}"), "12", description, expect, inputs);
    };
    let mut log = small();
    let need = |lines: Value| json!({"lines": lines, "recipient": TOKEN});
    let rice = |quantity: &str| json!({"item": "rice", "quantity": quantity});
    let first = log.add(OFFICE, "fund", "2026-01-10T09:00:00Z", "need.recorded", need(json!([rice("1.0"), rice("0.5")])));
    let second = log.add(OFFICE, "fund", "2026-01-10T09:01:00Z", "need.recorded", need(json!([rice("3.0")])));
    let delivery: Value = serde_json::from_str(&log.entries[11]).expect("an entry");
    log.add(PHONE, "fund", "2026-01-10T09:02:00Z", "delivery.made", delivery["event"]["body"].clone());
    let row = |id: &str, entry: u64, lines: &str| {
        format!(
            "need/{id}\t{{\"entry\":{entry},\"lines\":[{lines}],\"programme\":\"winter\",\"recipient\":\"{TOKEN}\",\"region\":\"north\"}}"
        )
    };
    let line = |needed: &str, served: &str| format!("{{\"item\":\"rice\",\"needed\":\"{needed}\",\"served\":\"{served}\"}}");
    let mut rows = vec![
        "coverage/rice/winter/north\t{\"needed\":\"4.5\",\"needs\":3,\"open\":1,\"served\":\"2.5\"}".to_owned(),
        row(&first, 12, &format!("{},{}", line("1.0", "1.0"), line("0.5", "0.5"))),
        row(&second, 13, &line("3.0", "1.0")),
    ];
    rows.sort();
    put(author, "right-needs", "2.5 serve the oldest need first, line by line.", ok(json!({})), &log, "needs", &rows);
    let newest: Vec<_> =
        rows.iter().map(|row| row.replace("\"needed\":\"0.5\",\"served\":\"0.5\"", "\"needed\":\"0.5\",\"served\":\"0.0\"")).collect();
    put(
        author,
        "need-served-out-of-turn",
        "The oldest need's second line comes before the next need.",
        refused(json!({})),
        &log,
        "needs",
        &newest,
    );

    let mut log = small();
    let donor = json!({"type": "anonymous"});
    let lines = json!([rice("10.0"), rice("5.0")]);
    let pledge = json!({"donor": donor, "due": "2026-02-01", "lines": lines});
    let pledge = log.add(OFFICE, "fund", "2026-01-10T09:00:00Z", "donation.pledged", pledge);
    let kept = json!({"donor": donor, "lots": [rice("12.0")], "pledge": pledge});
    log.add(OFFICE, "fund", "2026-01-10T09:01:00Z", "donation.received", kept);
    let row = |received: [&str; 2]| {
        let line = |pledged: &str, received: &str| format!("{{\"item\":\"rice\",\"pledged\":\"{pledged}\",\"received\":\"{received}\"}}");
        let lines = format!("{},{}", line("10.0", received[0]), line("5.0", received[1]));
        vec![format!("{pledge}\t{{\"donations\":1,\"due\":\"2026-02-01\",\"entry\":12,\"lines\":[{lines}],\"organization\":\"fund\"}}")]
    };
    put(author, "right-pledges", "Of lines of one item the first has all.", ok(json!({})), &log, "pledges", &row(["12.0", "0.0"]));
    put(
        author,
        "pledge-spread-over-lines",
        "Of lines of one item the first has all.",
        refused(json!({})),
        &log,
        "pledges",
        &row(["10.0", "2.0"]),
    );

    let mut log = small();
    let joined = json!({"key": public(PHONE), "volunteer": VOLUNTEER});
    log.add(OFFICE, "fund", "2026-01-10T09:00:00Z", "volunteer.joined", joined);
    let shift = json!({"activity": "packing", "day": "2026-01-09", "minutes": 600, "volunteer": VOLUNTEER});
    log.add(OFFICE, "fund", "2026-01-10T09:01:00Z", "service.recorded", shift);
    log.add(OFFICE, "fund", "2026-01-10T09:02:00Z", "recognition.awarded", json!({"award": "hours-10", "volunteer": VOLUNTEER}));
    let row = |deliveries: u64| {
        vec![format!(
            "{VOLUNTEER}\t{{\"awards\":[\"hours-10\"],\"deliveries\":{deliveries},\"entry\":12,\"minutes\":600,\"organization\":\"fund\"}}"
        )]
    };
    put(author, "right-volunteers", "Deliveries count from the day the key was named.", ok(json!({})), &log, "volunteers", &row(0));
    put(
        author,
        "deliveries-before-joining",
        "Deliveries count from the day the key was named.",
        refused(json!({})),
        &log,
        "volunteers",
        &row(2),
    );
}
