//! Holds `ledger-spec.md` to the code: the table of rules, the kinds, the vocabularies, the views and the worked examples.
//!
//! What the spec says in prose, a second implementation checks; here is what can drift silently when a line of code is added.

use std::collections::BTreeSet;

use aidledger::canonical::encode;
use aidledger::crypto::{Blake3Hash, SignatureCheck, SignedItem, audit, event_message};
use aidledger::event::Kind;
use aidledger::event::kinds::*;
use aidledger::log::entry::{ChainHead, Entry};
use aidledger::rules::{Rule, State, check};
use aidledger::views::listings::{CHUNK_ENTRIES, chunk_key};
use aidledger::views::{ViewName, Views};
use sha2::{Digest, Sha256};

const SPEC: &str = include_str!("../ledger-spec.md");

/// The text from a heading to the next one of the same or a higher level.
fn section(heading: &str) -> &'static str {
    let level = heading.bytes().take_while(|b| *b == b'#').count();
    let mut starts = SPEC.match_indices(heading).filter(|(at, _)| {
        let ends_line = SPEC[at + heading.len()..].starts_with('\n');
        ends_line && (*at == 0 || SPEC.as_bytes()[at - 1] == b'\n')
    });
    let (start, _) = starts.next().unwrap_or_else(|| panic!("the spec has no line `{heading}`"));
    assert!(starts.next().is_none(), "the spec has `{heading}` twice");
    let rest = &SPEC[start + heading.len()..];
    let mut fenced = false;
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        fenced ^= line.starts_with("```");
        let depth = line.bytes().take_while(|b| *b == b'#').count();
        if !fenced && (1..=level).contains(&depth) {
            break;
        }
        end += line.len();
    }
    &rest[..end]
}

/// The cells of every table row in a text, heads and rulers included.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().filter(|line| line.starts_with('|')).map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// Every `word` between backquotes.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_table_of_rules_is_the_code() {
    let text = section("## 11 Rules");
    let written: Vec<_> = rows(text).into_iter().filter(|row| row.len() == 3 && row[0].parse::<u16>().is_ok()).collect();
    let coded: Vec<_> =
        Rule::ALL.iter().map(|rule| vec![rule.number().to_string(), rule.name().to_owned(), rule.sentence().to_owned()]).collect();
    for (written, coded) in written.iter().zip(&coded) {
        assert_eq!(written, coded);
    }
    assert_eq!(written.len(), coded.len(), "a rule is missing in the spec or in the code");
}

#[test]
fn every_rule_has_its_place_in_the_order_of_checks() {
    let lists = [
        "### 10.2 Acceptance",
        "### 10.5 Restrictions of a lot",
        "### 11.1 Common order",
        "### 11.2 Governance",
        "### 11.3 People in need",
        "### 11.4 Gifts",
        "### 11.5 Movement",
        "### 11.6 Help",
        "### 11.7 What others say of a delivery",
        "### 11.8 Policies and approvals",
        "### 11.9 Control",
        "### 11.10 Volunteers",
    ];
    let text: String = lists.into_iter().map(section).collect();
    let numbers: BTreeSet<u16> = text
        .split('(')
        .skip(1)
        .filter_map(|part| part.split(')').next())
        .filter_map(|inside| inside.trim_start_matches("rule ").parse().ok())
        .filter(|number| *number >= 100)
        .collect();
    let coded: BTreeSet<u16> = Rule::ALL.iter().map(|rule| rule.number()).collect();
    assert_eq!(numbers, coded);
}

#[test]
fn every_kind_has_its_section_and_no_other_stands() {
    let text = section("### 4.3 Kinds");
    let headings: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("#### `")?.strip_suffix('`')).collect();
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| kind.word()).collect();
    assert_eq!(headings, kinds);
}

#[test]
fn every_kind_has_its_roles() {
    let text = section("### 11.1 Common order");
    for row in rows(text).into_iter().filter(|row| row.len() == 2 && row[0].starts_with('`')) {
        for kind in quoted(row[0]) {
            let kind: Kind = kind.parse().expect("a kind");
            let coded: BTreeSet<_> = check::roles_for(kind).iter().map(|role| role.word()).collect();
            let written: BTreeSet<_> = row[1].split([',', ';']).map(str::trim).filter(|word| !word.starts_with("and ")).collect();
            assert_eq!(written, coded, "{kind}");
        }
    }
    let named: BTreeSet<_> =
        rows(text).into_iter().flat_map(|row| quoted(row[0]).into_iter().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert_eq!(named, Kind::ALL.iter().map(|kind| kind.word().to_owned()).collect());
}

#[test]
fn every_word_of_every_vocabulary_is_written() {
    let text = section("### 4.2 Values");
    let table = rows(text);
    let check = |name: &str, words: Vec<&str>| {
        let row = table.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("no vocabulary `{name}` in 4.2"));
        assert_eq!(quoted(row[1]), words.iter().copied().collect(), "{name}");
        // Sets ascend by byte order in the spec and by declaration in the code: the two must be the same order.
        assert!(words.is_sorted(), "{name} is declared in byte order");
    };
    check("role", Role::ALL.iter().map(|word| word.word()).collect());
    check("recipient type", RecipientType::ALL.iter().map(|word| word.word()).collect());
    check("donor type", DonorType::ALL.iter().map(|word| word.word()).collect());
    check("item type", ItemType::ALL.iter().map(|word| word.word()).collect());
    check("suspension reason", SuspensionReason::ALL.iter().map(|word| word.word()).collect());
    check("revocation reason", RevocationReason::ALL.iter().map(|word| word.word()).collect());
    check("cancellation reason", CancellationReason::ALL.iter().map(|word| word.word()).collect());
    check("reversal reason", ReversalReason::ALL.iter().map(|word| word.word()).collect());
    check("withdrawal reason", WithdrawalReason::ALL.iter().map(|word| word.word()).collect());
    check("return reason", ReturnReason::ALL.iter().map(|word| word.word()).collect());
    check("purpose", Purpose::ALL.iter().map(|word| word.word()).collect());
    check("loss reason", LossReason::ALL.iter().map(|word| word.word()).collect());
    check("failure reason", FailureReason::ALL.iter().map(|word| word.word()).collect());
    check("dispute reason", DisputeReason::ALL.iter().map(|word| word.word()).collect());
    check("dispute answer", DisputeAnswer::ALL.iter().map(|word| word.word()).collect());
    check("answer reason", AnswerReason::ALL.iter().map(|word| word.word()).collect());
    check("requirement", Requirement::ALL.iter().map(|word| word.word()).collect());
    check("separation", Separation::ALL.iter().map(|word| word.word()).collect());
    check("conclusion", Conclusion::ALL.iter().map(|word| word.word()).collect());
    check("sample method", SampleMethod::ALL.iter().map(|word| word.word()).collect());
    check("activity", Activity::ALL.iter().map(|word| word.word()).collect());
    check("award", Award::ALL.iter().map(|word| word.word()).collect());
    let declared = include_str!("../src/event/kinds.rs").matches("\nvocabulary! {").count();
    assert_eq!(declared, 22, "a new vocabulary in kinds.rs: give it a line here and in 4.2");
}

/// The members of a record in their order, and whether each is optional.
type Members<'t> = Vec<(&'t str, bool)>;

/// Every `record!` of a source file, by name. They are read from the source: the macro leaves no list of members to ask for.
fn records(source: &str) -> Vec<(String, Vec<(String, bool)>)> {
    let mut found = Vec::new();
    for record in source.split("\nrecord! {").skip(1) {
        let record = &record[..record.find("\n}").expect("a record ends")];
        let (name, fields) = record.split_once("pub struct ").expect("a struct").1.split_once('{').expect("members");
        let code: String = fields.lines().map(str::trim).filter(|line| !line.starts_with("///")).collect();
        let code = code.rsplit_once('}').map_or(code.as_str(), |(members, _)| members);
        let members = code.split(',').map(str::trim).filter(|member| !member.is_empty()).map(|member| {
            let (name, r#type) = member.split_once(':').expect("a name and a type");
            let name = name.split('"').nth(1).unwrap_or(name).trim();
            (name.to_owned(), r#type.trim().starts_with("Option<"))
        });
        found.push((name.trim().to_owned(), members.collect()));
    }
    found
}

fn borrowed(members: &[(String, bool)]) -> Members<'_> {
    members.iter().map(|(name, optional)| (name.as_str(), *optional)).collect()
}

/// The members that each table of a text lists.
fn tables(text: &str) -> Vec<Members<'_>> {
    let lines: Vec<_> = text.lines().collect();
    let tables =
        lines.split(|line| !line.starts_with('|')).filter(|table| table.first().is_some_and(|head| head.starts_with("| member |")));
    tables
        .map(|table| {
            table
                .iter()
                .skip(2)
                .map(|row| {
                    let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
                    (cells[0].trim_matches('`'), cells[2] == "optional")
                })
                .collect()
        })
        .collect()
}

#[test]
fn every_member_of_every_body_is_written_in_its_order() {
    let text = section("### 4.3 Kinds");
    let mut seen = 0;
    for (name, members) in records(include_str!("../src/event/kinds.rs")) {
        let text = match name.as_str() {
            "Donor" => text.split("\n`donor`:\n").nth(1).expect("the table of donor"),
            "Restrictions" => text.split("\n`restrictions`; ").nth(1).expect("the table of restrictions"),
            "PurchaseLine" => text.split("\nEach purchase line:\n").nth(1).expect("the table of purchase lines"),
            "Band" => text.split("\nEach band:\n").nth(1).expect("the table of bands"),
            "Sample" => text.split("\n`sample`:\n").nth(1).expect("the table of sample"),
            "LotLine" => continue,
            name => {
                let kind = Kind::ALL.iter().find(|kind| format!("{kind:?}") == name).expect("a record is the body of a kind");
                section(&format!("#### `{kind}`"))
            }
        };
        assert_eq!(tables(text)[0], borrowed(&members), "{name}");
        seen += 1;
    }
    assert_eq!(seen, Kind::ALL.len() + 5, "every kind has a body that was compared");
}

#[test]
fn every_member_of_every_view_is_written_in_its_order() {
    // Section 12.n is of the n-th of these.
    let order = ["balances", "days", "listings", "lots", "recipients", "needs", "pledges", "volunteers", "registry"];
    assert_eq!(order.len(), ViewName::ALL.len(), "a view without a section");
    for (number, name) in (1..).zip(order) {
        let view: ViewName = name.parse().expect("a view");
        let text = section(&format!("### 12.{number} {view}"));
        let source = match view {
            ViewName::Balances => include_str!("../src/views/balances.rs"),
            ViewName::Days => include_str!("../src/views/days.rs"),
            // Its rows are no records; the example below and the prose say what they are.
            ViewName::Listings => continue,
            ViewName::Lots => include_str!("../src/views/lots.rs"),
            ViewName::Needs => include_str!("../src/views/needs.rs"),
            ViewName::Pledges => include_str!("../src/views/pledges.rs"),
            ViewName::Volunteers => include_str!("../src/views/volunteers.rs"),
            ViewName::Recipients => include_str!("../src/views/recipients.rs"),
            ViewName::Registry => include_str!("../src/views/registry.rs"),
        };
        let (mut written, coded) = (tables(text), records(source));
        let mut coded: Vec<_> = coded.iter().map(|(_, members)| borrowed(members)).collect();
        written.sort();
        coded.sort();
        assert_eq!(written, coded, "{view}");
    }
    assert!(!SPEC.contains(&format!("### 12.{} ", ViewName::ALL.len() + 2)), "a view too many, or the example is not the last");
}

#[test]
fn what_is_listed_is_written() {
    let text = section("### 12.3 listings");
    let written: Vec<_> = rows(text).iter().skip(2).map(|row| row[0].trim_matches('`').split('/').next().expect("a name")).collect();
    let source = include_str!("../src/views/listings.rs");
    // A dimension stands in the source as the beginning of its keys: "organization/" or b"kind/".
    let quoted = source.split('"').skip(1).step_by(2);
    let coded: std::collections::BTreeSet<_> = quoted.filter_map(|text| text.strip_suffix('/')).filter(|name| !name.is_empty()).collect();
    assert_eq!(written, ["organization", "kind", "programme", "region", "item", "recipient", "lot", "volunteer"]);
    assert_eq!(written.into_iter().collect::<std::collections::BTreeSet<_>>(), coded);
    assert!(text.contains(&format!("{CHUNK_ENTRIES} c to {CHUNK_ENTRIES} c + {}", CHUNK_ENTRIES - 1)));
    assert!(text.contains(&format!("chunk c (from 0) has the key `<name>/<c in at least {} decimal digits>`", chunk_key("", 0).len() - 1)));
}

/// Folds the example ledger of 12.10, signatures and rules included, and compares each row and digest.
#[test]
fn the_example_of_the_views_holds() {
    let opening = section("## 6 Entries and the chain").split("```json\n").nth(1).and_then(|rest| rest.lines().next());
    let text = section(&format!("### 12.{} Example", ViewName::ALL.len() + 1));
    let block = |start: &str, fence: &str| {
        let rest = &text[text.find(start).unwrap_or_else(|| panic!("no `{start}` in the example"))..];
        rest.split(fence).nth(1).and_then(|rest| rest.split("```").next()).expect("a block follows")
    };
    let mut chain = ChainHead::EMPTY;
    let (mut state, mut views) = (State::default(), Views::default());
    for line in opening.into_iter().chain(block("A ledger of", "```json\n").lines()) {
        let decoded = Entry::decode(line.as_bytes()).expect("an entry");
        chain.advance(&decoded).expect("it continues the chain");
        let entry = &decoded.entry;
        let mut buffer = Vec::new();
        let message = event_message(&mut buffer, &encode(&entry.event));
        let item = SignedItem { public: entry.event.signer, signature: entry.signature, message, binding: Blake3Hash::of(message) };
        assert_eq!(audit::audit(SignatureCheck::Strict, &[item]), Ok(()), "entry {}", entry.index);
        let accepted = check::check(&state, &entry.event, decoded.id, entry.recorded).expect("the rules accept it");
        state.apply(&accepted);
        views.fold(&accepted, &state, None).expect("nothing is stored");
    }
    for &view in ViewName::ALL {
        let head = format!("`{view}`, digest `");
        let written = block(&head, "```text\n");
        let mut rows = views.take_changes(view, &state);
        rows.sort();
        let mut folded = Vec::new();
        rows.iter().for_each(|row| folded.extend_from_slice(row.line));
        assert_eq!(written, std::str::from_utf8(&folded).expect("text"), "{view}");
        let digest = Blake3Hash::of(written.as_bytes());
        assert!(text.contains(&format!("{head}{digest}`")), "{view}: the digest is {digest}");
        assert_eq!(rows.digest(), digest, "{view}");
    }
}

#[test]
fn the_example_holds() {
    let text = section("## 6 Entries and the chain");
    let line = text.split("```json\n").nth(1).and_then(|rest| rest.split('\n').next()).expect("the example");
    let decoded = Entry::decode(line.as_bytes()).expect("the example is an entry");
    ChainHead::EMPTY.clone().advance(&decoded).expect("it is the first");

    let leaf: String = Sha256::new().chain_update([0]).chain_update(line).finalize().iter().map(|b| format!("{b:02x}")).collect();
    for (what, value) in
        [("event id", decoded.id.to_string()), ("entry hash", Blake3Hash::of(line.as_bytes()).to_string()), ("leaf hash", leaf)]
    {
        let row = rows(text).into_iter().find(|row| row[0] == what).unwrap_or_else(|| panic!("{what}"));
        assert_eq!(row[1].trim_matches('`'), value, "{what}");
    }

    let event = &decoded.entry.event;
    let mut buffer = Vec::new();
    let message = event_message(&mut buffer, &encode(event));
    let item = SignedItem { public: event.signer, signature: decoded.entry.signature, message, binding: Blake3Hash::of(message) };
    for way in [SignatureCheck::Every, SignatureCheck::Strict] {
        assert_eq!(audit::audit(way, &[item]), Ok(()));
    }
    check::check(&State::default(), event, decoded.id, decoded.entry.recorded).expect("the rules accept it");
}
