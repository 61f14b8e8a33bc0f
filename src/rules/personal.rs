//! Finds what must never enter a public log: identity, phone and card numbers in a text (spec section 11.11).
//!
//! ```text
//! national id   YYMMDD c nnnn k                  Kazakhstan's IIN, 12 digits: day of birth, century and sex (0-6), serial, check digit
//! phone         + and 10 to 15 digits; 7 or 8 and ten more whose code is in use in Kazakhstan or Russia; (701) 123-45-67
//! card          13 to 19 digits of an issuer's range, with the check digit of ISO/IEC 7812-1 (Luhn)
//! ```
//!
//! A text is cut into *groups* of digits (of every script in the table below) with *gaps* between them: spaces of every width, hyphens,
//! dots, slashes, brackets. No answer depends on a version of Unicode: the tables here and in the spec are the whole truth. Neighbouring groups are an identifier when their lengths are a way in which people write it and the digits
//! hold. The lengths matter: `15.01.2026 1500` are twelve digits too, and one such number in twelve would pass the check digit.
//!
//! This guards against a slip of the hand, not against somebody who wants to publish a number: words, or a letter
//! between the digits, pass. What it lets pass on purpose: business numbers (BIN: their fifth digit is 4, 5 or 6, so they have no day
//! of birth), toll-free lines (8 800), thirteen digits that are a barcode (EAN-13), hashes and UUIDs. What it stops without need:
//! one amount of twelve digits in some five hundred, and rows of numbers that look just like `701 123 45 67`.

use std::fmt;

/// What was found. The number itself is not kept: it must not be repeated in an error or a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identifier {
    /// A person's identity number (IIN).
    NationalId,
    /// A phone number.
    Phone,
    /// A payment card's number.
    Card,
}

impl Identifier {
    /// The word for it, as in the fixture file.
    pub fn word(self) -> &'static str {
        match self {
            Identifier::NationalId => "national-id",
            Identifier::Phone => "phone",
            Identifier::Card => "card",
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Identifier::NationalId => "a person's identity number",
            Identifier::Phone => "a phone number",
            Identifier::Card => "a card number",
        })
    }
}

/// Returns what identifies a person in the text, the first from the left; none if nothing does.
pub fn personal_data(text: &str) -> Option<Identifier> {
    // Most texts have no ten digits at all.
    if text.chars().filter(|c| digit(*c).is_some()).count() < 10 {
        return None;
    }
    runs(text).iter().find_map(|run| (0..run.groups.len()).find_map(|start| run.identifier_at(start)))
}

/// Returns whether the twelve digits are an IIN: a day that exists, a century and sex, and the check digit.
///
/// The check digit is the sum of the digits times 1 to 11, modulo 11; where that gives 10, times 3 to 11 and 1, 2; where that gives 10
/// too, the number is never issued.
pub fn is_national_id(digits: &[u8]) -> bool {
    let Ok(d): Result<&[u8; 12], _> = digits.try_into() else { return false };
    let two = |at: usize| u32::from(d[at]) * 10 + u32::from(d[at + 1]);
    // 1, 2: born 18xx; 3, 4: 19xx; 5, 6: 20xx; 0: a foreigner, of any century.
    let leap = match (d[6], two(0)) {
        (1..=4, 0) => false,
        (_, year) => year % 4 == 0,
    };
    let days = match two(2) {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    if !(1..=days).contains(&two(4)) || d[6] > 6 {
        return false;
    }
    let sum = |first: u32| (0..11).map(|at| ((first - 1 + at) % 11 + 1) * u32::from(d[at as usize])).sum::<u32>() % 11;
    match (sum(1), sum(3)) {
        (10, 10) => false,
        (10, check) | (check, _) => check == u32::from(d[11]),
    }
}

/// The value of a decimal digit of any script: each script's ten digits stand in a row, from zero.
pub fn digit(c: char) -> Option<u8> {
    /// The zeros of the general category Nd, fixed: scripts that come later have no digits for this rule.
    const ZEROS: [u32; 64] = [
        0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20, 0x1040,
        0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0,
        0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730,
        0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E950,
        0x1FBF0,
    ];
    if c.is_ascii() {
        return c.is_ascii_digit().then(|| c as u8 - b'0'); // nearly all text is read here, at every append and audit
    }
    let code = c as u32;
    let at = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    (code - ZEROS[at] < 10).then_some((code - ZEROS[at]) as u8)
}

/// The most characters that may stand between two groups of one number, as in `7 (701) - 123`.
const GAP_MAX: usize = 3;

/// What stands between two groups: its one character that is not a space, else a space; a bracket if there is one.
type Gap = char;

/// Digits in a row, with what stands before them.
#[derive(Debug)]
struct Group {
    digits: Vec<u8>,
    /// The gap before it; for the first of a run, what its run begins with.
    gap: Gap,
}

/// Groups with gaps between them.
#[derive(Debug, Default)]
struct Run {
    groups: Vec<Group>,
    /// What stands directly before it makes it a part of a hash (`a7f12…`): its first group is no number of its own.
    mixed_before: bool,
    mixed_after: bool,
    /// A decimal comma follows: the last group is an amount.
    decimals_after: bool,
}

/// Folds the many spellings of a gap's character; none if it cannot stand within a number.
fn gap_of(c: char) -> Option<Gap> {
    Some(match c {
        ' ' | '\t' | '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' => '-',
        '.' | '\u{FF0E}' | '\u{B7}' | '\u{2024}' => '.',
        '/' | '\u{FF0F}' => '/',
        '(' | '\u{FF08}' | '[' => '(',
        ')' | '\u{FF09}' | ']' => ')',
        _ => return None,
    })
}

/// Characters without width, which would otherwise split a number unseen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

/// The characters of a text with hashes and UUIDs blanked out, and those without width left out.
fn visible(text: &str) -> Vec<char> {
    let mut chars: Vec<char> = text.chars().filter(|c| !is_invisible(*c)).collect();
    let mut at = 0;
    while at < chars.len() {
        let len = chars[at..].iter().take_while(|c| c.is_ascii_hexdigit() || **c == '-').count();
        let word = &chars[at..at + len];
        let uuid = len == 36 && word.iter().enumerate().all(|(place, c)| (*c == '-') == matches!(place, 8 | 13 | 18 | 23));
        if uuid || (len >= 32 && !word.contains(&'-')) {
            chars[at..at + len].fill('#');
        }
        at += len.max(1);
    }
    chars
}

/// Whether a character is a letter for this rule: an ASCII letter, or one beyond ASCII that is neither a digit nor a gap. What Unicode calls
/// alphabetic grows with its versions, and a rule must answer the same for ever.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || (c >= '\u{80}' && digit(c).is_none() && gap_of(c).is_none())
}

/// Whether letters stand directly beside a number and make it a part of a hash: hex digits only, or more digits behind them.
fn is_mixed<'a>(beside: impl Iterator<Item = &'a char> + Clone) -> bool {
    let mut letters = beside.clone().take_while(|c| is_letter(**c)).peekable();
    let after = beside.clone().find(|c| !is_letter(**c));
    letters.peek().is_some() && (letters.all(char::is_ascii_hexdigit) || after.is_some_and(|c| digit(*c).is_some()))
}

fn runs(text: &str) -> Vec<Run> {
    let chars = visible(text);
    let mut runs: Vec<Run> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if digit(chars[at]).is_none() {
            at += 1;
            continue;
        }
        let mut run = Run { mixed_before: is_mixed(chars[..at].iter().rev()), ..Run::default() };
        let before: String = chars[at.saturating_sub(GAP_MAX)..at].iter().collect();
        let mut gap = match before.trim_end_matches([' ', '(', '\u{FF08}']).chars().next_back() {
            Some('+' | '\u{FF0B}' | '\u{FE62}') => '+',
            _ if before.ends_with(['(', '\u{FF08}', '[']) => '(',
            _ => ' ',
        };
        loop {
            let digits: Vec<u8> = chars[at..].iter().map_while(|c| digit(*c)).collect();
            at += digits.len();
            run.groups.push(Group { digits, gap });
            let space: Vec<Gap> = chars[at..].iter().take(GAP_MAX + 1).map_while(|c| gap_of(*c)).collect();
            match chars.get(at + space.len()) {
                Some(next) if digit(*next).is_some() && (1..=GAP_MAX).contains(&space.len()) => {
                    let drawn = |c: &&Gap| **c != ' ';
                    gap = *space.iter().find(|c| matches!(c, '(' | ')')).or(space.iter().find(drawn)).unwrap_or(&' ');
                    at += space.len();
                }
                _ => break,
            }
        }
        run.mixed_after = is_mixed(chars[at..].iter());
        let fraction = chars[at..].iter().skip(1).take_while(|c| digit(**c).is_some()).count();
        run.decimals_after = chars.get(at) == Some(&',') && (1..=2).contains(&fraction);
        runs.push(run);
    }
    runs
}

/// The ways to write an IIN, as lengths of groups.
const NATIONAL_ID: &[&[usize]] =
    &[&[12], &[6, 6], &[4, 4, 4], &[3, 3, 3, 3], &[6, 1, 5], &[6, 1, 4, 1], &[6, 5, 1], &[2, 2, 2, 6], &[2, 2, 2, 1, 4, 1], &[1; 12]];
/// The ways to write a card's number.
const CARD: &[&[usize]] = &[
    &[13],
    &[14],
    &[15],
    &[16],
    &[17],
    &[18],
    &[19],
    &[4, 4, 4, 4],
    &[8, 8],
    &[4, 4, 4, 4, 3],
    &[4, 6, 5],
    &[4, 6, 4],
    &[4, 4, 4, 1],
    &[2; 8],
    &[1; 16],
];
/// The ways to write a phone number with its 7 or 8: three digits of code and seven, or four and six, or five and five.
const PHONE: &[&[usize]] = &[
    &[11],
    &[1, 10],
    &[4, 7],
    &[1, 3, 7],
    &[1, 3, 3, 4],
    &[1, 3, 3, 2, 2],
    &[1, 3, 2, 2, 3],
    &[1, 3, 2, 3, 2],
    &[4, 3, 4],
    &[4, 3, 2, 2],
    &[4, 2, 2, 3],
    &[1, 4, 6],
    &[1, 4, 2, 2, 2],
    &[1, 4, 3, 3],
    &[1, 4, 2, 4],
    &[5, 6],
    &[5, 2, 2, 2],
    &[5, 3, 3],
    &[1, 5, 5],
    &[1, 5, 1, 2, 2],
    &[1; 11],
];
/// The ways to write one without; three digits in brackets, or the grouping that nothing else has.
const PHONE_SHORT: &[&[usize]] = &[&[3, 3, 2, 2], &[3, 3, 4], &[3, 7], &[4, 2, 2, 2], &[4, 6]];

impl Run {
    fn identifier_at(&self, start: usize) -> Option<Identifier> {
        if start == 0 && self.mixed_before {
            return None;
        }
        let any = |shapes: &[&[usize]], holds: &dyn Fn(&[u8], &[Group]) -> bool| {
            shapes.iter().any(|shape| self.written(start, shape).is_some_and(|(digits, groups)| holds(&digits, groups)))
        };
        if any(NATIONAL_ID, &|digits, groups| is_national_id(digits) && one_gap(groups) && !self.goes_on(start, groups)) {
            return Some(Identifier::NationalId);
        }
        if self.groups[start].gap == '+' && self.is_international(start) {
            return Some(Identifier::Phone);
        }
        let long = |digits: &[u8], _: &[Group]| matches!(digits[0], 7 | 8) && code_in_use(&digits[1..]);
        let short = |digits: &[u8], groups: &[Group]| {
            let bracketed = groups[0].gap == '(' && groups[1].gap == ')';
            code_in_use(digits)
                && (bracketed
                    || matches!(digits[0], 7 | 9) && groups.len() == 4 && groups[0].digits.len() == 3 && !self.goes_on(start, groups))
        };
        if any(PHONE, &long) || any(PHONE_SHORT, &short) || self.is_dialled_abroad(start) {
            return Some(Identifier::Phone);
        }
        any(CARD, &|digits, groups| is_card(digits) && one_gap(groups) && !self.goes_on(start, groups)).then_some(Identifier::Card)
    }

    /// The digits from a group on, if the groups have these lengths and are no amount.
    fn written(&self, start: usize, shape: &[usize]) -> Option<(Vec<u8>, &[Group])> {
        let end = start + shape.len();
        let groups = self.groups.get(start..end)?;
        let fits = groups.iter().zip(shape).all(|(group, len)| group.digits.len() == *len);
        let last = end == self.groups.len();
        let amount = match self.groups.get(end) {
            // 12500.50, and at most nine decimals
            Some(next) => groups.len() == 1 && next.gap == '.' && next.digits.len() <= 9 && end + 1 == self.groups.len(),
            None => self.decimals_after || groups.len() == 2 && start == 0 && groups[1].gap == '.',
        };
        let fraction = start > 0 && groups[0].gap == '.' && self.groups[start - 1].digits == [0];
        if !fits || amount || fraction || (last && self.mixed_after) {
            return None;
        }
        Some((groups.iter().flat_map(|group| group.digits.iter().copied()).collect(), groups))
    }

    /// Whether the groups are only a stretch of a longer row of groups of the same length with the same gap.
    fn goes_on(&self, start: usize, groups: &[Group]) -> bool {
        if groups.len() == 1 {
            return false;
        }
        let gap = groups[1].gap;
        let before =
            start > 0 && groups[0].gap == gap && (self.groups[start - 1].digits.len() == groups[0].digits.len() || is_thousands(groups));
        let after = self.groups.get(start + groups.len());
        before || after.is_some_and(|next| next.gap == gap && next.digits.len() == groups[groups.len() - 1].digits.len())
    }

    /// A plus, then 10 to 15 digits that end where a group ends; eleven where the country is 1 or 7.
    fn is_international(&self, start: usize) -> bool {
        let mut digits = Vec::new();
        for (place, group) in self.groups[start..].iter().enumerate() {
            if place > 0 && group.gap == '+' {
                break;
            }
            digits.extend_from_slice(&group.digits);
            let length = match digits[0] {
                0 => false,
                1 | 7 => digits.len() == 11,
                _ => (10..=15).contains(&digits.len()),
            };
            // An amount with a plus before it, like +12 500 000 000. (With three digits first it may be Kyrgyzstan's +996 555 123 456.)
            let groups = &self.groups[start..=start + place];
            let amount = groups.len() > 1 && groups[0].digits.len() < 3 && one_gap(groups) && is_thousands(&groups[1..]);
            if length && !amount {
                return !(start + place + 1 == self.groups.len() && (self.mixed_after || self.decimals_after));
            }
        }
        false
    }

    /// 00 7 and ten more.
    fn is_dialled_abroad(&self, start: usize) -> bool {
        let mut digits = Vec::new();
        for group in self.groups[start..].iter().take(7) {
            digits.extend_from_slice(&group.digits);
            if digits.len() >= 13 {
                break;
            }
        }
        digits.len() == 13 && digits.starts_with(&[0, 0, 7]) && code_in_use(&digits[3..])
    }
}

/// Whether the same character stands between all groups.
fn one_gap(groups: &[Group]) -> bool {
    groups.windows(2).skip(1).all(|pair| pair[0].gap == pair[1].gap)
}

fn is_thousands(groups: &[Group]) -> bool {
    groups.iter().all(|group| group.digits.len() == 3)
}

/// Whether ten digits begin with a code that is in use for persons in Kazakhstan (7xx) or Russia (3xx, 4xx, 8xx, 9xx).
fn code_in_use(digits: &[u8]) -> bool {
    let [a, b, c, rest @ ..] = digits else { return false };
    if rest.len() != 7 || rest[..3] == [0; 3] {
        return false; // 7 700 000 2026 is an amount and a year
    }
    match (*a, u16::from(*b) * 10 + u16::from(*c)) {
        (3 | 4, code) => code > 0,
        (7, 0..=8 | 10..=18 | 21..=29 | 36 | 47 | 50 | 51 | 60..=64 | 71 | 75..=78) => true,
        // 800 to 809 are lines for everybody: hotlines, votes
        (8, code) => code > 9,
        (9, code) => code != 11,
        _ => false,
    }
}

fn is_card(digits: &[u8]) -> bool {
    if !luhn(digits) || digits[1..].iter().all(|digit| *digit == digits[0]) {
        return false;
    }
    let head = |len: usize| digits[..len].iter().fold(0u32, |sum, digit| sum * 10 + u32::from(*digit));
    match (digits.len(), head(1), head(2), head(3), head(4)) {
        (13, ..) if is_barcode(digits) => false,
        (13 | 16 | 19, 4, ..) => true,                                // Visa
        (15, _, 34 | 37, ..) => true,                                 // American Express
        (14, _, 36 | 38 | 39, ..) | (14, _, _, 300..=305, _) => true, // Diners Club
        (16, _, 51..=55, ..) | (16, .., 2221..=2720) => true,         // Mastercard
        (16..=19, .., 2200..=2204) => true,                           // Mir
        (16..=19, .., 3528..=3589) => true,                           // JCB
        (16, .., 8600 | 9860) => true,                                // Uzcard, Humo
        (13..=19, _, 50 | 56..=69, ..) => true,                       // Maestro, UnionPay, Discover
        _ => false,
    }
}

/// The check digit of ISO/IEC 7812-1: every second digit from the right doubled, digit sums added, a multiple of ten.
fn luhn(digits: &[u8]) -> bool {
    let add = |(place, digit): (usize, &u8)| match place % 2 {
        0 => u32::from(*digit),
        _ => u32::from(digit * 2 / 10 + digit * 2 % 10),
    };
    digits.iter().rev().enumerate().map(add).sum::<u32>() % 10 == 0
}

/// The check digit of EAN-13: every second digit from the right times three.
fn is_barcode(digits: &[u8]) -> bool {
    digits.iter().rev().enumerate().map(|(place, digit)| u32::from(*digit) * if place % 2 == 0 { 1 } else { 3 }).sum::<u32>() % 10 == 0
}
