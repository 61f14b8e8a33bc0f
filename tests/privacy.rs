//! What protects people: the lint on public fields, codes on paper, the vault, and erasing somebody from it.

#[path = "privacy/ordinary.rs"]
mod ordinary;

use aidledger::rules::personal::{digit, is_national_id, personal_data};

/// Invented identifiers, one a line: `kind<TAB>text`. Days of birth lie in 18xx or 209x; phone numbers and cards are test numbers.
const PLANTED: &str = include_str!("../fixtures/personal/planted.txt");

#[test]
fn every_planted_identifier_is_found_and_nothing_ordinary_is() {
    let mut missed = Vec::new();
    for line in PLANTED.lines() {
        let (kind, text) = line.split_once('\t').expect("kind<TAB>text");
        let found = personal_data(text).map_or("nothing", |found| found.word());
        if found != kind {
            missed.push(format!("{text:?} is a {kind}, found {found}"));
        }
    }
    let planted = PLANTED.lines().count();
    assert!(missed.is_empty(), "{} of {planted} missed:\n{}", missed.len(), missed.join("\n"));

    let ordinary = ordinary::values(10_000, 20_260_115);
    let caught: Vec<_> = ordinary.iter().filter_map(|text| Some(format!("{text:?} is no {}", personal_data(text)?.word()))).collect();
    assert!(caught.is_empty(), "{} of {}:\n{}", caught.len(), ordinary.len(), caught.join("\n"));
    println!("personal data: {planted} of {planted} planted identifiers found, 0 of {} ordinary values", ordinary.len());
    assert!(planted >= 100 && ordinary.len() == 10_000);
}

#[test]
fn a_wrong_check_digit_is_no_identity_number() {
    let valid: Vec<&str> = PLANTED.lines().filter_map(|line| line.strip_prefix("national-id\t")).take(8).collect();
    for text in valid {
        let digits: Vec<u8> = text.bytes().map(|b| b - b'0').collect();
        assert!(is_national_id(&digits), "{text}");
        for other in (0..10).filter(|other| *other != digits[11]) {
            let mut wrong = digits.clone();
            wrong[11] = other;
            assert!(!is_national_id(&wrong), "{text} ending in {other}");
        }
    }
}

#[test]
fn digits_are_those_of_unicode() {
    let rows = (0..=0x1_FFFF).filter_map(char::from_u32).filter(|c| digit(*c).is_some()).count();
    assert_eq!(rows, 64 * 10);
    for (c, value) in [('0', 0), ('9', 9), ('٣', 3), ('۷', 7), ('४', 4), ('５', 5), ('𝟗', 9)] {
        assert_eq!(digit(c), Some(value), "{c}");
    }
    for c in ['²', '½', '①', 'Ⅷ', '/', ':', 'o'] {
        assert_eq!(digit(c), None, "{c}");
    }
}
