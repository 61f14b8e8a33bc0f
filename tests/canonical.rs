//! Promises about bytes: what is written is read back, what is read was written in the one way there is, and no bytes whatsoever make the decoder
//! panic. serde_json_canonicalizer, which shares no code with us, says what RFC 8785 wants.

mod support;

use std::collections::BTreeSet;

use aidledger::canonical::{Canonical, Fault, Reader, Set, canonicalize, decode, encode};
use aidledger::crypto::{Blake3Hash, Signature};
use aidledger::event::kinds::Body;
use aidledger::event::{Draw, Event, EventId, Kind, LotId, Quantity, SignedEvent, Time};
use aidledger::log::entry::{ENTRY_LEN_BYTES_MAX, Entry};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::bodies::{body, event};

/// RFC 8785 by another hand.
fn oracle(bytes: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).expect("what we wrote is UTF-8");
    serde_json_canonicalizer::pipe(text).expect("what we wrote is JSON").into_bytes()
}

/// How many optional members stand and are missing in a body.
fn optional_members(body: &Body) -> (usize, usize) {
    fn count<const N: usize>(present: [bool; N]) -> (usize, usize) {
        let standing = present.iter().filter(|present| **present).count();
        (standing, N - standing)
    }
    match body {
        Body::KeyGranted(b) => count([b.label.is_some()]),
        Body::ItemDefined(b) => count([b.unit.is_some()]),
        Body::RegionDefined(b) => count([b.parent.is_some()]),
        Body::ProgrammeOpened(b) => {
            count([b.from.is_some(), b.organizations.is_some(), b.recipient_types.is_some(), b.regions.is_some(), b.until.is_some()])
        }
        Body::RecipientEnrolled(b) => count([
            b.commitment.is_some(),
            b.key.is_some(),
            b.name.is_some(),
            b.reference.is_some(),
            b.size.is_some(),
            b.uniqueness.is_some(),
        ]),
        Body::NeedRecorded(b) => count([b.due.is_some(), b.reference.is_some()]),
        Body::DonationPledged(b) => count([b.donor.commitment.is_some(), b.donor.name.is_some(), b.due.is_some(), b.reference.is_some()]),
        Body::DonationReturned(b) => count([b.reference.is_some()]),
        Body::PurchaseMade(b) => count([b.evidence.is_some(), b.reference.is_some(), b.supplier.is_some()]),
        Body::TransferSent(b) => count([b.carrier.is_some(), b.due.is_some(), b.reference.is_some(), b.waybill.is_some()]),
        Body::TransferAccepted(b) => count([b.draws.is_some(), b.evidence.is_some(), b.reference.is_some()]),
        Body::ExpensePaid(b) => count([b.evidence.is_some(), b.programme.is_some(), b.reference.is_some(), b.region.is_some()]),
        Body::LossRecorded(b) => count([b.evidence.is_some(), b.reference.is_some()]),
        Body::StockCounted(b) => count([b.evidence.is_some(), b.reference.is_some()]),
        Body::DeliveryConfirmed(b) => count([b.evidence.is_some()]),
        Body::DeliveryDisputed(b) => count([b.signature.is_some()]),
        Body::DisputeAnswered(b) => count([b.evidence.is_some(), b.flag.is_some()]),
        Body::PolicyChanged(b) => count([
            b.approvals.is_some(),
            b.days_back.is_some(),
            b.idle_days.is_some(),
            b.organization.is_some(),
            b.overhead_permille.is_some(),
            b.requires.is_some(),
            b.reversal_approvals.is_some(),
            b.separate.is_some(),
            b.small_cell.is_some(),
        ]),
        Body::AuditAttested(b) => count([b.programme.is_some(), b.report.is_some(), b.sample.is_some()]),
        Body::VolunteerJoined(b) => count([b.commitment.is_some(), b.key.is_some()]),
        Body::ServiceRecorded(b) => count([b.programme.is_some(), b.reference.is_some()]),
        Body::DonationReceived(b) => {
            let limits = b.restrictions.as_ref();
            count([
                b.donor.commitment.is_some(),
                b.donor.name.is_some(),
                b.pledge.is_some(),
                b.receipt.is_some(),
                b.reference.is_some(),
                limits.is_some(),
                limits.is_some_and(|limits| limits.categories.is_some()),
                limits.is_some_and(|limits| limits.items.is_some()),
                limits.is_some_and(|limits| limits.programmes.is_some()),
                limits.is_some_and(|limits| limits.regions.is_some()),
                limits.is_some_and(|limits| limits.use_by.is_some()),
            ])
        }
        Body::AssignmentMade(b) => count([b.due.is_some(), b.lock.is_some(), b.need.is_some(), b.reference.is_some()]),
        Body::DeliveryMade(b) => count([b.code.is_some(), b.evidence.is_some(), b.reference.is_some()]),
        _ => (0, 0),
    }
}

#[test]
fn every_kind_is_read_back_with_all_and_with_no_optional_members() {
    let mut runner = TestRunner::deterministic();
    for share in [0.0, 1.0] {
        let strategy = event(share);
        let mut kinds: BTreeSet<Kind> = BTreeSet::new();
        for _ in 0..1_200 {
            let event = strategy.new_tree(&mut runner).expect("a value").current();
            let (present, missing) = optional_members(&event.body);
            assert!(if share == 0.0 { present == 0 } else { missing == 0 }, "{event:?}");
            let bytes = encode(&event);
            assert_eq!(decode::<Event>(&bytes).as_ref(), Ok(&event), "{}", String::from_utf8_lossy(&bytes));
            assert_eq!(oracle(&bytes), bytes);
            kinds.insert(event.kind());
        }
        assert_eq!(kinds.len(), Kind::ALL.len(), "every kind came up: {kinds:?}");
    }
}

fn read_body(kind: Kind, json: &str) -> Result<Body, Fault> {
    let mut reader = Reader::new(json.as_bytes())?;
    let body = Body::read(kind, &mut reader)?;
    reader.end().map(|()| body)
}

/// "Nothing" has one spelling: the member is left out.
#[test]
fn what_holds_nothing_is_refused() {
    let donation = |rest: &str| format!(r#"{{"donor":{{"type":"anonymous"}},"lots":[{{"item":"rice","quantity":"1"}}]{rest}}}"#);
    let region = |name: &str| format!(r#"{{"name":{name},"region":"north"}}"#);
    let rows = [
        (Kind::DonationReceived, donation(""), true),
        (Kind::DonationReceived, donation(r#","restrictions":{"items":["rice"]}"#), true),
        (Kind::DonationReceived, donation(r#","restrictions":{"use_by":"2026-03-31"}"#), true),
        (Kind::DonationReceived, donation(r#","restrictions":{}"#), false),
        (Kind::DonationReceived, donation(r#","restrictions":{"items":[]}"#), false),
        (Kind::DonationReceived, "{}".to_owned(), false),
        (Kind::DonationReceived, r#"{"donor":{},"lots":[{"item":"rice","quantity":"1"}]}"#.to_owned(), false),
        (Kind::DonationReceived, r#"{"donor":{"type":"anonymous"},"lots":[{}]}"#.to_owned(), false),
        (Kind::DonationReceived, r#"{"donor":{"type":"anonymous"},"lots":[]}"#.to_owned(), false),
        (Kind::RegionDefined, region(r#"{"en":"North"}"#), true),
        (Kind::RegionDefined, region("{}"), false),
        (Kind::RegionDefined, region(r#"{"en":""}"#), false),
    ];
    for (kind, json, right) in rows {
        let read = read_body(kind, &json);
        assert_eq!(read.is_ok(), right, "{json}: {read:?}");
    }
    // And a program that makes such a value all the same makes bytes that nobody reads.
    let body = read_body(Kind::DonationReceived, &donation(r#","restrictions":{"items":["rice"]}"#)).expect("as above");
    let Body::DonationReceived(mut body) = body else { unreachable!("as asked") };
    body.restrictions.as_mut().expect("as written").items = None;
    let mut bytes = Vec::new();
    Body::DonationReceived(body).write(&mut bytes);
    assert!(read_body(Kind::DonationReceived, std::str::from_utf8(&bytes).expect("JSON")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: support::runs(300), failure_persistence: None, ..ProptestConfig::default() })]

    /// A set keeps one of what is equal in its order, even where the values differ: two draws on one lot. So what it writes is read back.
    #[test]
    fn a_set_has_nothing_twice(drawn in prop::collection::vec((0u16..4, 0u64..3), 1..12)) {
        let draw = |&(line, minor): &(u16, u64)| Draw {
            lot: LotId { event: EventId::ZERO, line },
            quantity: Quantity { minor, decimals: 0 },
        };
        let set = Set::new(drawn.iter().map(draw).collect());
        let mut bytes = Vec::new();
        set.write(&mut bytes);
        let mut reader = Reader::new(&bytes).expect("UTF-8");
        prop_assert_eq!(Set::<Draw>::read(&mut reader), Ok(set.clone()));
        let named: BTreeSet<u16> = drawn.iter().map(|(line, _)| *line).collect();
        prop_assert_eq!(set.iter().map(|draw| draw.lot.line).collect::<Vec<_>>(), named.into_iter().collect::<Vec<_>>());
        for kept in &set {
            prop_assert!(drawn.iter().any(|given| draw(given) == *kept));
            prop_assert!(set.contains(kept));
        }
        // Written by hand with a lot twice it is refused, whatever the quantities.
        let twice: Vec<Draw> = set.iter().chain(set.iter().last()).cloned().collect();
        bytes.clear();
        twice.write(&mut bytes);
        prop_assert!(Set::<Draw>::read(&mut Reader::new(&bytes).expect("UTF-8")).is_err());
    }
}

/// Something that hurts JSON, from a place in the bytes and two numbers.
fn mutate(bytes: &mut Vec<u8>, at: usize, how: u8, with: u64) {
    const TOKENS: [&str; 24] = [
        "null",
        "-0",
        "1.0",
        "1e3",
        " ",
        "\n",
        "\\u0041",
        "\\/",
        "\\",
        "\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "00",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "ә",
        "\"version\":1",
        "18446744073709551616",
        "\u{feff}",
    ];
    let at = at % bytes.len().max(1);
    let with_at = with as usize;
    match how % 8 {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << (with % 8),
        1 if !bytes.is_empty() => bytes[at] = with as u8,
        2 if !bytes.is_empty() => drop(bytes.remove(at)),
        3 => bytes.truncate(at),
        4 => {
            // A piece of the bytes again, somewhere else.
            let end = (at + with_at % 80).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let to = (with_at / 80) % (bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        5 => {
            // A piece less.
            let end = (at + with_at % 40).min(bytes.len());
            bytes.drain(at..end);
        }
        6 => {
            // A token over what stood there.
            let token = TOKENS[with_at % TOKENS.len()].as_bytes();
            let end = (at + with_at / TOKENS.len() % 4).min(bytes.len());
            bytes.splice(at..end, token.iter().copied());
        }
        _ => {
            let token = TOKENS[with_at % TOKENS.len()].as_bytes();
            bytes.splice(at..at, token.iter().copied());
        }
    }
}

/// Whatever the bytes are: no panic, and what is read is written in the same bytes, which are canonical JSON.
fn reads_one_way(bytes: &[u8]) -> bool {
    let _ = canonicalize(bytes);
    if let Ok(decoded) = Entry::decode(bytes) {
        let mut again = Vec::new();
        let entry = &decoded.entry;
        Entry::write_around(&encode(&entry.event), entry.index, entry.previous, entry.recorded, &entry.signature, &mut again);
        assert_eq!(again, bytes);
    }
    let Ok(signed) = decode::<SignedEvent>(bytes) else { return false };
    assert_eq!(encode(&signed), bytes);
    assert_eq!(oracle(bytes), bytes);
    assert_eq!(canonicalize(bytes).as_deref(), Ok(bytes));
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: support::runs(1_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back_and_is_what_rfc_8785_says(event in event(0.5)) {
        let bytes = encode(&event);
        prop_assert_eq!(decode::<Event>(&bytes), Ok(event));
        prop_assert_eq!(&oracle(&bytes), &bytes);
        // Any other order and white space leads to the same bytes, through our own door for people's JSON.
        let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        let pretty = serde_json::to_vec_pretty(&value).expect("JSON");
        prop_assert!(decode::<Event>(&pretty).is_err());
        prop_assert_eq!(canonicalize(&pretty), Ok(bytes));
    }

    #[test]
    fn damaged_events_are_refused_or_are_other_events(
        event in event(0.5),
        signature in any::<[u8; 32]>(),
        damages in prop::collection::vec(prop::collection::vec((any::<usize>(), any::<u8>(), any::<u64>()), 1..4), 30),
    ) {
        let signature = Signature([signature, signature].concat().try_into().expect("64 bytes"));
        let whole = encode(&SignedEvent { event, signature });
        prop_assert!(reads_one_way(&whole));
        for damage in damages {
            let mut bytes = whole.clone();
            for (at, how, with) in damage {
                mutate(&mut bytes, at, how, with);
            }
            reads_one_way(&bytes);
        }
    }

    #[test]
    fn damaged_entries_do_not_panic(event in event(0.5), damages in prop::collection::vec((any::<usize>(), any::<u8>(), any::<u64>()), 40)) {
        let mut entry = Vec::new();
        Entry::write_around(&encode(&event), 7, Blake3Hash::of(b""), Time(0), &Signature([0xab; 64]), &mut entry);
        prop_assert_eq!(Entry::decode(&entry).is_ok(), entry.len() <= ENTRY_LEN_BYTES_MAX);
        for (at, how, with) in damages {
            let mut bytes = entry.clone();
            mutate(&mut bytes, at, how, with);
            reads_one_way(&bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,200}") {
        reads_one_way(&bytes);
        reads_one_way(text.as_bytes());
        // Where a body should stand, too.
        let inside = [b"{\"event\":{\"body\":{", bytes.as_slice()].concat();
        reads_one_way(&inside);
        reads_one_way(format!("{{\"event\":{{\"body\":{{{text}}},\"kind\":\"region.defined\"").as_bytes());
    }

    #[test]
    fn a_body_of_one_kind_is_not_read_as_another(body in body(1.0), kind in prop::sample::select(Kind::ALL)) {
        let mut bytes = Vec::new();
        body.write(&mut bytes);
        let mut reader = Reader::new(&bytes).expect("UTF-8");
        let read = Body::read(kind, &mut reader).ok().filter(|_| reader.end().is_ok());
        // Both name an assignment and a reason, and one reason is a word of both. The kind stands in the event, so it is signed and decides.
        let twins = [Kind::AssignmentCancelled, Kind::DeliveryFailed];
        if kind == body.kind() {
            prop_assert_eq!(read, Some(body));
        } else if let Some(other) = read {
            prop_assert!(twins.contains(&kind) && twins.contains(&body.kind()), "{} is read as {kind}", body.kind());
            let mut again = Vec::new();
            other.write(&mut again);
            prop_assert_eq!(again, bytes);
        }
    }
}

/// Brackets nested deeper than any stack: the decoder does not recurse, and the door for people's JSON stops counting at 128.
#[test]
fn deep_nesting_is_refused() {
    for open in ["[", "{\"a\":", "{\"event\":{\"body\":{\"a\":"] {
        let bytes = open.repeat(200_000).into_bytes();
        assert!(!reads_one_way(&bytes));
        assert!(canonicalize(&bytes).is_err());
    }
    let body = format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    assert!(!reads_one_way(format!("{{\"event\":{{\"body\":{body},\"kind\":\"region.defined\"").as_bytes()));
}
