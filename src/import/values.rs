//! Amounts, days, names and codes as people write them in spreadsheets.
//!
//! An amount is read exactly or not at all: separators must stand where they belong, and nothing is rounded.

use std::borrow::Cow;

use crate::crypto::Blake3Hash;
use crate::event::values::DECIMALS_MAX;
use crate::event::{Code, Date, Quantity};

/// How amounts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberFormat {
    /// Between whole and fraction.
    pub decimal: char,
    /// Between groups of three digits; a space stands for every kind of space.
    pub thousands: Option<char>,
}

/// An amount without the zeros at its end: 2.50 is 25 with one decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    minor: u64,
    decimals: u8,
}

impl Number {
    /// Reads an amount.
    ///
    /// # Errors
    /// Why it is none, in words.
    pub fn parse(text: &str, format: NumberFormat) -> Result<Number, String> {
        if text.starts_with(['-', '\u{2212}']) || (text.starts_with('(') && text.ends_with(')')) {
            return Err("the amount is negative".into());
        }
        let (whole, fraction) = match text.split_once(format.decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let wrong = || "not an amount in the number format of the mapping".to_owned();
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let mut digits = String::new();
        match format.thousands {
            Some(thousands) if whole.contains(|c| separates(c, thousands)) => {
                for (place, group) in whole.split(|c| separates(c, thousands)).enumerate() {
                    // 1,23 is a typing error or another number format; either way not ours to guess.
                    let right_len = if place == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
                    if !right_len || !is_digits(group) {
                        return Err(wrong());
                    }
                    digits.push_str(group);
                }
            }
            _ => digits.push_str(whole),
        }
        if !is_digits(&digits) || fraction.is_some_and(|fraction| !is_digits(fraction)) {
            return Err(wrong());
        }
        let whole = digits.trim_start_matches('0');
        let fraction = fraction.unwrap_or("").trim_end_matches('0');
        let plain = match (if whole.is_empty() { "0" } else { whole }, fraction) {
            (whole, "") => whole.to_owned(),
            (whole, fraction) => format!("{whole}.{fraction}"),
        };
        let Quantity { minor, decimals } = plain.parse()?;
        Ok(Number { minor, decimals })
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The same amount with the decimals of an item.
    ///
    /// # Errors
    /// Why it cannot be written so: it is never rounded.
    pub fn exactly(self, decimals: u8) -> Result<Quantity, String> {
        debug_assert!(decimals <= DECIMALS_MAX);
        let Some(pad) = decimals.checked_sub(self.decimals) else {
            return Err(format!("the amount has {} decimals, the item allows {decimals}; amounts are not rounded", self.decimals));
        };
        let minor = 10u64.checked_pow(u32::from(pad)).and_then(|factor| self.minor.checked_mul(factor));
        match minor.filter(|minor| *minor < crate::event::values::MINOR_END) {
            Some(minor) => Ok(Quantity { minor, decimals }),
            None => Err("the amount has more than 18 digits".into()),
        }
    }
}

fn separates(found: char, thousands: char) -> bool {
    found == thousands || (thousands == ' ' && matches!(found, '\u{a0}' | '\u{202f}' | '\u{2009}'))
}

/// Reads a day in the first of the formats (`%d.%m.%Y`) that fits.
pub fn parse_day(text: &str, formats: &[String]) -> Option<Date> {
    formats.iter().find_map(|format| {
        let day = jiff::civil::Date::strptime(format, text).ok()?;
        Date::from_civil(i32::from(day.year()), u32::try_from(day.month()).ok()?, u32::try_from(day.day()).ok()?)
    })
}

/// Without white space around, and with single spaces within.
pub fn clean(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    let tidy = !trimmed.contains(|c: char| c.is_whitespace() && c != ' ') && !trimmed.contains("  ");
    if tidy { trimmed.into() } else { trimmed.split_whitespace().collect::<Vec<_>>().join(" ").into() }
}

/// The longest code.
const CODE_LEN_MAX: usize = 31;
/// Hex digits that tell apart what would have the same code.
const TAIL_LEN: usize = 8;

/// The codes that a thing may have, in order: its name in small Latin letters where that fits, then the same cut short with the beginning
/// of a hash of all that the thing is known by. Take the first that is free or already this very thing's.
///
/// ```text
/// tail = first 8 hex digits of BLAKE3(what ‖ 0 ‖ each of `identity` ‖ 0 …)
/// ```
pub fn codes(what: &str, name: &str, identity: &[&str]) -> impl Iterator<Item = Code> + use<> {
    let slug = slug(name);
    let plain = (slug.len() <= CODE_LEN_MAX).then(|| slug.parse().ok()).flatten();
    let mut bytes = what.as_bytes().to_vec();
    for part in identity {
        bytes.push(0);
        bytes.extend_from_slice(part.as_bytes());
    }
    let tail = &Blake3Hash::of(&bytes).to_string()[..TAIL_LEN];
    let head = if slug.is_empty() { what } else { &slug };
    let head = head[..head.len().min(CODE_LEN_MAX - TAIL_LEN - 1)].trim_end_matches('-');
    let cut: Code = format!("{head}-{tail}").parse().expect("small letters, digits and `-`, at most 31");
    plain.into_iter().chain(std::iter::once(cut))
}

/// A name in small Latin letters, digits and `-`. Cyrillic is written with Latin letters; what is neither becomes `-`. May be empty.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        match latin(letter) {
            Some(text) => slug.push_str(text),
            None if letter.is_ascii_alphanumeric() => slug.push(letter),
            None if letter == '\'' || letter == '’' => {}
            None if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            None => {}
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// Russian and Kazakh letters, and the commonest Latin ones with marks.
fn latin(letter: char) -> Option<&'static str> {
    Some(match letter {
        'а' | 'ә' | 'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ғ' | 'ğ' => "g",
        'д' => "d",
        'е' | 'э' | 'ё' | 'é' | 'è' | 'ê' | 'ë' => "e",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' | 'í' | 'ì' | 'î' | 'ï' | 'ı' => "i",
        'й' => "i",
        'к' | 'қ' => "k",
        'л' => "l",
        'м' => "m",
        'н' | 'ң' | 'ñ' => "n",
        'о' | 'ө' | 'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' => "o",
        'п' => "p",
        'р' => "r",
        'с' | 'ç' => "s",
        'т' => "t",
        'у' | 'ұ' | 'ү' | 'ú' | 'ù' | 'û' | 'ü' => "u",
        'ф' => "f",
        'х' | 'һ' => "h",
        'ц' => "ts",
        'ч' => "ch",
        'ш' | 'ş' => "sh",
        'щ' => "shch",
        'ъ' | 'ь' => "",
        'ы' => "y",
        'ю' => "yu",
        'я' => "ya",
        'ß' => "ss",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: NumberFormat = NumberFormat { decimal: '.', thousands: None };
    const ENGLISH: NumberFormat = NumberFormat { decimal: '.', thousands: Some(',') };
    const RUSSIAN: NumberFormat = NumberFormat { decimal: ',', thousands: Some(' ') };

    #[test]
    fn amounts_are_exact_or_refused() {
        let read = |text: &str, format, decimals| {
            Number::parse(text, format).and_then(|number| number.exactly(decimals)).map(|quantity| quantity.to_string())
        };
        for (text, format, decimals, expected) in [
            ("1234.5", PLAIN, 2, "1234.50"),
            ("5.00", PLAIN, 0, "5"),
            ("007", PLAIN, 0, "7"),
            ("0.5", PLAIN, 1, "0.5"),
            ("1,234,567.25", ENGLISH, 2, "1234567.25"),
            ("1234567", ENGLISH, 0, "1234567"),
            ("1 234 567,25", RUSSIAN, 2, "1234567.25"),
            ("1\u{a0}234,5", RUSSIAN, 3, "1234.500"),
            ("999999999999999999", PLAIN, 0, "999999999999999999"),
        ] {
            assert_eq!(read(text, format, decimals).as_deref(), Ok(expected), "{text}");
        }
        for (text, format, decimals) in [
            ("2.5", PLAIN, 0),
            ("0.125", PLAIN, 2),
            ("-5", PLAIN, 0),
            ("(5)", PLAIN, 0),
            ("1,5", PLAIN, 2),
            ("1,23", ENGLISH, 2),
            ("1,2345", ENGLISH, 0),
            (",123", ENGLISH, 0),
            ("1234,567", ENGLISH, 0),
            ("1.5", RUSSIAN, 2),
            ("5 kg", PLAIN, 0),
            ("1e5", PLAIN, 0),
            ("5.", PLAIN, 1),
            (".5", PLAIN, 1),
            ("", PLAIN, 0),
            ("٣", PLAIN, 0),
            ("999999999999999999", PLAIN, 1),
            ("9999999999999999999", PLAIN, 0),
        ] {
            assert!(read(text, format, decimals).is_err(), "{text}");
        }
    }

    #[test]
    fn days_are_read_in_the_formats_given_and_no_other() {
        let formats = ["%Y-%m-%d".to_owned(), "%d.%m.%Y".to_owned()];
        let day = |text| parse_day(text, &formats).map(|day| day.to_string());
        assert_eq!(day("2015-05-01").as_deref(), Some("2015-05-01"));
        assert_eq!(day("1.5.2015").as_deref(), Some("2015-05-01"));
        for wrong in ["01/05/2015", "2015-02-29", "2015-05-01 10:00", "1815-05-01", "", "May"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn codes_read_like_the_name_and_tell_apart() {
        let all = |name: &str| codes("region", name, &[name]).map(|code| code.to_string()).collect::<Vec<_>>();
        assert_eq!(all("Baad  Bhanjyang")[0], "baad-bhanjyang");
        assert_eq!(slug("Қорғаныс қоры, Шымкент"), "korganys-kory-shymkent");
        assert_eq!(slug("Всё взаимно"), "vse-vzaimno");
        assert_eq!(slug("United Nations Children's Fund"), "united-nations-childrens-fund");
        assert_eq!(slug("#1 (of 2)"), "1-of-2");
        let long = "United Nations Relief and Works Agency for Palestine Refugees in the Near East";
        assert_eq!(all(long).len(), 1);
        assert!(all(long)[0].starts_with("united-nations-relief-"), "{:?}", all(long));
        assert_ne!(all(long), all(&format!("{long}!")));
        assert_eq!(all("学校").len(), 1);
        assert!(all("学校")[0].starts_with("region-"));
        assert_eq!(all("North").len(), 2);
        let tail = |identity: &[&str]| codes("region", "North", identity).nth(1);
        assert_ne!(tail(&["North", "a"]), tail(&["North", "b"]));
    }
}
