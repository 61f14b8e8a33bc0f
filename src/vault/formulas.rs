//! The formulas that join what is public to what is in a vault. Pure.
//!
//! ```text
//! identity commitment = BLAKE3("aidledger/identity/v1" ‖ 0x0A ‖ salt ‖ BLAKE3(identity))
//! evidence commitment = BLAKE3("aidledger/evidence/v1" ‖ 0x0A ‖ salt ‖ BLAKE3(file))
//!     salt      32 random bytes, a new one for each commitment
//!     identity  canonical JSON (spec section 4.1) of one object: members in ascending order, values non-empty strings without
//!               control characters,
//!               like {"name":"…","number":"…","phone":"…"}
//!     file      the bytes of the file
//!
//! uniqueness tag      = BLAKE3 keyed with the intake secret (number ‖ 0x0A ‖ programme ‖ 0x0A ‖ period)
//!     intake secret  32 random bytes that the organizations of a city share
//!     number         the identity number, normalized: digits and capital Latin letters, 4 to 32
//!     programme      the programme's code
//!     period         2026, 2026-H1, 2026-Q1, 2026-01, 2026-W05, 2026-01-31; or nothing: once in the whole programme
//! ```
//!
//! A commitment hides by its salt: without it nobody can try identities against it. A tag has no salt, or it would not be the same twice. It hides
//! by its key: there are only some billion identity numbers, so **whoever holds the intake secret can find out whose tag it
//! is**, by trying them all. So the secret stays with intake, and never comes to the operator of the log or into an audit. Tags of one person in two
//! programmes, or in two periods, have nothing in common for all others.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::secret::{SecretBytes, SecretText};
use crate::canonical::write_text;
use crate::crypto::Blake3Hash;
use crate::event::Code;
use crate::rules::personal::{digit, is_national_id};

const IDENTITY_DOMAIN: &[u8] = b"aidledger/identity/v1\n";
const EVIDENCE_DOMAIN: &[u8] = b"aidledger/evidence/v1\n";
/// The most characters of a field of a person: an address, a note.
pub const FIELD_BYTES_MAX: usize = 1024;

/// The commitment to a person's identity, as [`identity_text`] writes it.
pub fn identity_commitment(salt: &SecretBytes, identity: &str) -> Blake3Hash {
    commitment(IDENTITY_DOMAIN, salt, &Blake3Hash::of(identity.as_bytes()))
}

/// The commitment to a file, by the BLAKE3 of its bytes.
pub fn evidence_commitment(salt: &SecretBytes, file: &Blake3Hash) -> Blake3Hash {
    commitment(EVIDENCE_DOMAIN, salt, file)
}

fn commitment(domain: &[u8], salt: &SecretBytes, content: &Blake3Hash) -> Blake3Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(domain).update(&salt.0).update(&content.0);
    Blake3Hash(*hasher.finalize().as_bytes())
}

/// The same person in the same programme and period gives the same tag; nothing else does.
pub fn uniqueness_tag(intake: &SecretBytes, number: &IdentityNumber, programme: &Code, period: &Period) -> Blake3Hash {
    let mut hasher = blake3::Hasher::new_keyed(&intake.0);
    hasher.update(number.0.as_bytes()).update(b"\n").update(programme.as_str().as_bytes()).update(b"\n").update(period.0.as_bytes());
    Blake3Hash(*hasher.finalize().as_bytes())
}

/// The canonical bytes of who somebody is: one object, members ascending.
pub fn identity_text(number: Option<&IdentityNumber>, fields: &BTreeMap<String, SecretText>) -> SecretText {
    let mut members: BTreeMap<&str, &str> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if let Some(number) = number {
        members.insert("number", &number.0);
    }
    let room = members.iter().map(|(name, value)| name.len() + 6 * value.len() + 6).sum::<usize>() + 2;
    let mut out = Vec::with_capacity(room);
    for (name, value) in members {
        out.push(if out.is_empty() { b'{' } else { b',' });
        write_text(name, &mut out);
        out.push(b':');
        write_text(value, &mut out);
    }
    if out.is_empty() {
        out.push(b'{');
    }
    out.push(b'}');
    Zeroizing::new(String::from_utf8(out).expect("JSON of strings is UTF-8"))
}

/// The number of a person's document, in its one spelling.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct IdentityNumber(SecretText);

impl IdentityNumber {
    /// The digits and letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdentityNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityNumber(hidden)")
    }
}

impl FromStr for IdentityNumber {
    type Err = &'static str;
    /// Reads a number as people write it: spaces, hyphens, dots and slashes fall away, digits of every script become ASCII, letters capitals.
    ///
    /// Twelve digits must be a Kazakh IIN with its check digit: a mistyped one would pass for another person and be helped twice.
    fn from_str(text: &str) -> Result<IdentityNumber, &'static str> {
        let mut number = Zeroizing::new(String::with_capacity(32));
        for c in
            text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{AD}' | '\u{200B}'))
        {
            let one = match digit(c) {
                Some(value) => char::from(b'0' + value),
                None if c.is_ascii_alphabetic() => c.to_ascii_uppercase(),
                None => return Err("an identity number has digits and Latin letters only; write Cyrillic letters of a series in Latin"),
            };
            if number.len() == 32 {
                return Err("an identity number has at most 32 digits and letters");
            }
            number.push(one);
        }
        if number.len() < 4 {
            return Err("an identity number has at least 4 digits and letters");
        }
        let digits: Zeroizing<Vec<u8>> = Zeroizing::new(number.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect());
        if number.len() == 12 && digits.len() == 12 && !is_national_id(&digits) {
            return Err(
                "these twelve digits are no IIN: a digit was mistyped. Before the number of another country's document, write its two letters",
            );
        }
        Ok(IdentityNumber(number))
    }
}

/// The stretch of time within which somebody is helped once: nothing for the whole programme.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(String);

impl Period {
    /// Whether it is the whole programme.
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Period {
    type Err = &'static str;
    /// One period has one spelling, or the same person would have two tags.
    fn from_str(text: &str) -> Result<Period, &'static str> {
        let wrong = "a period is a year, half, quarter, month, week or day, like 2026, 2026-H1, 2026-Q1, 2026-01, 2026-W05 or 2026-01-31";
        if text.is_empty() {
            return Ok(Period::default());
        }
        let number = |text: &str, len: usize| {
            Some(text)
                .filter(|text| text.len() == len && text.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|text| text.parse::<u32>().ok())
        };
        let (year, part) = text.split_once('-').map_or((text, None), |(year, part)| (year, Some(part)));
        let good = number(year, 4).is_some_and(|year| (1970..=9999).contains(&year))
            && match part {
                None => true,
                Some(part) if part.starts_with('H') => number(&part[1..], 1).is_some_and(|half| (1..=2).contains(&half)),
                Some(part) if part.starts_with('Q') => number(&part[1..], 1).is_some_and(|quarter| (1..=4).contains(&quarter)),
                Some(part) if part.starts_with('W') => number(&part[1..], 2).is_some_and(|week| (1..=53).contains(&week)),
                Some(part) if part.len() == 2 => number(part, 2).is_some_and(|month| (1..=12).contains(&month)),
                Some(_) => text.parse::<crate::event::Date>().is_ok(),
            };
        if good { Ok(Period(text.to_owned())) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_these_bytes() {
        let salt = SecretBytes([5; 32]);
        let by_hand =
            |domain: &str, content: &[u8]| Blake3Hash::of(&[domain.as_bytes(), b"\n", &[5; 32], &Blake3Hash::of(content).0].concat());
        assert_eq!(evidence_commitment(&salt, &Blake3Hash::of(b"photo")), by_hand("aidledger/evidence/v1", b"photo"));
        assert_eq!(identity_commitment(&salt, r#"{"name":"A"}"#), by_hand("aidledger/identity/v1", br#"{"name":"A"}"#));
        let number: IdentityNumber = "AB 123".parse().unwrap();
        let tag = uniqueness_tag(&SecretBytes([6; 32]), &number, &"winter".parse().unwrap(), &"2026-01".parse().unwrap());
        assert_eq!(tag.0, *blake3::keyed_hash(&[6; 32], b"AB123\nwinter\n2026-01").as_bytes());
        let whole = uniqueness_tag(&SecretBytes([6; 32]), &number, &"winter".parse().unwrap(), &Period::default());
        assert_eq!(whole.0, *blake3::keyed_hash(&[6; 32], b"AB123\nwinter\n").as_bytes());
    }

    #[test]
    fn an_identity_has_one_text() {
        let fields =
            BTreeMap::from([("phone".to_owned(), Zeroizing::new("+7".to_owned())), ("name".into(), Zeroizing::new("Ай \"ша\"".into()))]);
        let number = "AB123".parse().unwrap();
        let text = identity_text(Some(&number), &fields);
        assert_eq!(*text, r#"{"name":"Ай \"ша\"","number":"AB123","phone":"+7"}"#);
        assert_eq!(*identity_text(None, &BTreeMap::new()), "{}");
        let canonical = serde_json_canonicalizer::to_string(&serde_json::from_str::<serde_json::Value>(&text).unwrap()).unwrap();
        assert_eq!(*text, canonical);
    }

    #[test]
    fn one_number_has_one_spelling() {
        // Born in 1899: nobody's.
        let right: IdentityNumber = "991231100018".parse().or("991231100019".parse::<IdentityNumber>()).unwrap_or_else(|_| {
            (0..10).find_map(|check| format!("99123110001{check}").parse().ok()).expect("one check digit fits, or the next serial")
        });
        let digits = right.as_str().to_owned();
        for spelling in
            [format!("{} {}", &digits[..6], &digits[6..]), digits.replace('9', "٩"), format!(" {digits}\n"), digits.replace('1', "１")]
        {
            assert_eq!(spelling.parse::<IdentityNumber>().unwrap(), right);
        }
        let mistyped = format!("{}{}", &digits[..11], (digits.as_bytes()[11] - b'0' + 1) % 10);
        assert!(mistyped.parse::<IdentityNumber>().unwrap_err().contains("mistyped"));
        assert_eq!("kz n1234567".parse::<IdentityNumber>().unwrap().as_str(), "KZN1234567");
        assert_eq!("RU 4510-123456 78".parse::<IdentityNumber>().unwrap().as_str(), "RU451012345678");
        for wrong in ["", "12", "АВ123456", "1234 5678 9012 3456 7890 1234 5678 9012 3"] {
            assert!(wrong.parse::<IdentityNumber>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_period_has_one_spelling() {
        for good in ["", "2026", "2026-01", "2026-12", "2026-Q4", "2026-H2", "2026-W53", "2026-02-28"] {
            assert_eq!(good.parse::<Period>().unwrap().to_string(), good);
        }
        for wrong in [
            "26",
            "2026-1",
            "2026-13",
            "2026-00",
            "2026-q1",
            "2026-Q5",
            "2026-W5",
            "2026-02-30",
            "2026/01",
            "january",
            "2026-",
            "2026-Қ1",
            "-2026",
        ] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }
}
