//! Holds `ledger-spec.md` to the code: the table of rules, the kinds, the vocabularies and the worked example.
//!
//! What the spec says in prose, a second implementation checks; here is what can drift silently when a line of code is added.

use std::collections::BTreeSet;

use aidledger::canonical::encode;
use aidledger::crypto::{Blake3Hash, SignatureCheck, SignedItem, audit, event_message};
use aidledger::event::Kind;
use aidledger::event::kinds::*;
use aidledger::log::entry::{ChainHead, Entry};
use aidledger::rules::{Rule, State, check};
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
        "### 11.1 Common order",
        "### 11.2 Governance",
        "### 11.3 People in need",
        "### 11.4 Gifts",
        "### 11.5 Help",
        "### 11.6 Control",
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
    let declared = include_str!("../src/event/kinds.rs").matches("\nvocabulary! {").count();
    assert_eq!(declared, 8, "a new vocabulary in kinds.rs: give it a line here and in 4.2");
}

/// Every `record!` of kinds.rs, read from the source: the macro leaves no list of members to ask for.
#[test]
fn every_member_of_every_body_is_written_in_its_order() {
    let source = include_str!("../src/event/kinds.rs");
    let text = section("### 4.3 Kinds");
    let mut seen = 0;
    for record in source.split("\nrecord! {").skip(1) {
        let record = &record[..record.find("\n}").expect("a record ends")];
        let (head, fields) = record.split_once("pub struct ").expect("a struct").1.split_once('{').expect("members");
        let code: String = fields.lines().map(str::trim).filter(|line| !line.starts_with("///")).collect();
        let code = code.rsplit_once('}').map_or(code.as_str(), |(members, _)| members);
        let members: Vec<(&str, bool)> = code
            .split(',')
            .map(str::trim)
            .filter(|member| !member.is_empty())
            .map(|member| {
                let (name, r#type) = member.split_once(':').expect("a name and a type");
                let name = name.split('"').nth(1).unwrap_or(name).trim();
                (name, r#type.trim().starts_with("Option<"))
            })
            .collect();
        let table = match head.trim() {
            "Donor" => text.split("\n`donor`:\n").nth(1).expect("the table of donor"),
            "Restrictions" => text.split("\n`restrictions`; ").nth(1).expect("the table of restrictions"),
            "LotLine" => continue,
            name => {
                let kind = Kind::ALL.iter().find(|kind| format!("{kind:?}") == name).expect("a record is the body of a kind");
                section(&format!("#### `{kind}`"))
            }
        };
        let table: String =
            table.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|')).collect::<Vec<_>>().join("\n");
        let written: Vec<_> = rows(&table).into_iter().skip(2).map(|row| (row[0].trim_matches('`'), row[2] == "optional")).collect();
        assert_eq!(written, members, "{head}");
        seen += 1;
    }
    assert_eq!(seen, Kind::ALL.len() + 2, "every kind has a body that was compared");
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
    let item = SignedItem { public: event.signer, signature: decoded.entry.signature, message };
    for way in [SignatureCheck::Every, SignatureCheck::Strict] {
        assert_eq!(audit::audit(way, &[item]), Ok(()));
    }
    check::check(&State::default(), event, decoded.id, decoded.entry.recorded).expect("the rules accept it");
}
