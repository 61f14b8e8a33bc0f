//! The values in events: codes, quantities, times, ids (spec section 4.2). Each has exactly one spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::canonical::{Canonical, Fault, Reader};
use crate::crypto::key::{PublicKey, Signature};
use crate::crypto::{Blake3Hash, hex_decode, hex_encode_into};
use crate::record;

/// A short name that stands for a thing: an organization, programme, region, category, unit or item.
///
/// 1 to 31 characters: lower-case letters, digits and `-`, starting with a letter or digit; or three upper-case letters (money, ISO 4217).
/// Held in place, so that decoding allocates nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code {
    len: u8,
    bytes: [u8; 31],
}

impl Code {
    /// The characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("a code is ASCII")
    }
    /// Whether it has the form of a currency: three upper-case letters.
    pub fn is_currency(&self) -> bool {
        self.len == 3 && self.bytes[0].is_ascii_uppercase()
    }
}

impl FromStr for Code {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = text.as_bytes();
        let slug = (1..=31).contains(&bytes.len())
            && bytes[0] != b'-'
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
        let currency = bytes.len() == 3 && bytes.iter().all(u8::is_ascii_uppercase);
        if !slug && !currency {
            return Err(format!(
                "`{}` is not a code: use 1 to 31 lower-case letters, digits and `-`, or three upper-case letters for money",
                text.chars().take(40).collect::<String>()
            ));
        }
        let mut held = [0; 31];
        held[..bytes.len()].copy_from_slice(bytes);
        Ok(Code { len: bytes.len() as u8, bytes: held })
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}
impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A positive or zero amount: minor units and the number of digits after the point. `"12.50"` is 1250 with 2 decimals.
///
/// At most 18 digits in all, at most 9 after the point; no sign, no leading zero. The decimals are part of the spelling: `"1"` and `"1.0"`
/// are different documents, and the rules accept only the one with the item's decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quantity {
    /// The amount in the smallest unit, below 10^18.
    pub minor: u64,
    /// The digits after the point, 0 to 9.
    pub decimals: u8,
}

/// The most digits after the point.
pub const DECIMALS_MAX: u8 = 9;
/// The first amount of minor units that is too large: sums of 10^19 such amounts still fit the 128 bits of a balance.
pub const MINOR_END: u64 = 1_000_000_000_000_000_000;

/// Formats minor units as a decimal string, the inverse of [`Quantity::from_str`]; negative balances get a `-`.
pub fn format_minor(minor: i128, decimals: u8) -> String {
    let digits = format!("{:0width$}", minor.unsigned_abs(), width = usize::from(decimals) + 1);
    let sign = if minor < 0 { "-" } else { "" };
    if decimals == 0 {
        return format!("{sign}{digits}");
    }
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(decimals));
    format!("{sign}{whole}.{fraction}")
}

impl FromStr for Quantity {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not an amount: write digits with at most {DECIMALS_MAX} decimals after a point, like 1500.00",
                text.chars().take(40).collect::<String>()
            )
        };
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(wrong()),
            None => (text, ""),
        };
        let digits_ok = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) || !digits_ok(whole) || !digits_ok(fraction) {
            return Err(wrong());
        }
        if whole.len() + fraction.len() > 18 || fraction.len() > usize::from(DECIMALS_MAX) {
            return Err(format!(
                "the amount `{}` has too many digits: at most 18, of them {DECIMALS_MAX} after the point",
                text.chars().take(40).collect::<String>()
            ));
        }
        let minor = whole.bytes().chain(fraction.bytes()).fold(0u64, |sum, b| sum * 10 + u64::from(b - b'0'));
        Ok(Quantity { minor, decimals: fraction.len() as u8 })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_minor(i128::from(self.minor), self.decimals))
    }
}

/// A moment, in whole seconds UTC: `2026-01-05T09:30:00Z`, years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(pub i64);

/// A day: `2026-01-05`; counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Date(pub i32);

const SECONDS_PER_DAY: i64 = 86_400;
/// 9999-12-31T23:59:59Z, the last moment with a four-digit year.
pub const TIME_MAX: i64 = 253_402_300_799;

impl Time {
    /// The day this moment lies in, UTC.
    pub fn date(self) -> Date {
        Date((self.0 / SECONDS_PER_DAY) as i32)
    }
}

impl Date {
    /// The year, month (1-12) and day (1-31) of the proleptic Gregorian calendar.
    pub fn civil(self) -> (i32, u32, u32) {
        // Days are counted in eras of 400 years (146,097 days) that begin on a 1 March, so that the leap day is the last of its year.
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year as i32, month as u32, day as u32)
    }

    /// The day of a calendar date; `None` where there is no such day or the year is not 1970 to 9999.
    pub fn from_civil(year: i32, month: u32, day: u32) -> Option<Date> {
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
            return None;
        }
        let shifted_year = i64::from(year) - i64::from(month <= 2);
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let shifted_month = i64::from((month + 9) % 12);
        let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let date = Date((era * 146_097 + day_of_era - 719_468) as i32);
        // A day that does not exist lands on another one.
        (date.civil() == (year, month, day)).then_some(date)
    }

    /// The first moment of the day.
    pub fn start(self) -> Time {
        Time(i64::from(self.0) * SECONDS_PER_DAY)
    }
}

fn two_digits(bytes: &[u8], at: usize) -> Option<u32> {
    let (a, b) = (bytes[at].wrapping_sub(b'0'), bytes[at + 1].wrapping_sub(b'0'));
    (a < 10 && b < 10).then_some(u32::from(a) * 10 + u32::from(b))
}

fn parse_date(bytes: &[u8; 10]) -> Option<Date> {
    let year = two_digits(bytes, 0)? * 100 + two_digits(bytes, 2)?;
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    Date::from_civil(year as i32, two_digits(bytes, 5)?, two_digits(bytes, 8)?)
}

fn parse_time(bytes: &[u8; 20]) -> Option<Time> {
    let date = parse_date(bytes[..10].try_into().expect("ten bytes"))?;
    if bytes[10] != b'T' || bytes[13] != b':' || bytes[16] != b':' || bytes[19] != b'Z' {
        return None;
    }
    let (hour, minute, second) = (two_digits(bytes, 11)?, two_digits(bytes, 14)?, two_digits(bytes, 17)?);
    (hour < 24 && minute < 60 && second < 60).then(|| Time(date.start().0 + i64::from(hour * 3600 + minute * 60 + second)))
}

impl FromStr for Date {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bytes: Option<&[u8; 10]> = text.as_bytes().try_into().ok();
        bytes
            .and_then(parse_date)
            .ok_or_else(|| format!("`{}` is not a day: write it like 2026-01-31", text.chars().take(40).collect::<String>()))
    }
}

impl FromStr for Time {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bytes: Option<&[u8; 20]> = text.as_bytes().try_into().ok();
        bytes
            .and_then(parse_time)
            .ok_or_else(|| format!("`{}` is not a time: write it like 2026-01-31T09:30:00Z", text.chars().take(40).collect::<String>()))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

fn put_two(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&[b'0' + (value / 10 % 10) as u8, b'0' + (value % 10) as u8]);
}

fn write_date(date: Date, out: &mut Vec<u8>) {
    let (year, month, day) = date.civil();
    put_two(out, year as u32 / 100);
    put_two(out, year as u32 % 100);
    out.push(b'-');
    put_two(out, month);
    out.push(b'-');
    put_two(out, day);
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0.rem_euclid(SECONDS_PER_DAY);
        write!(f, "{}T{:02}:{:02}:{:02}Z", self.date(), second / 3600, second / 60 % 60, second % 60)
    }
}

/// A recipient in a programme: 16 random bytes, 32 lower-case hex characters. It says nothing about who it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub [u8; 16]);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(32);
        hex_encode_into(&self.0, &mut out);
        f.pad(std::str::from_utf8(&out).expect("hex is ASCII"))
    }
}
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for Token {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        hex_decode(text.as_bytes()).map(Token).ok_or_else(|| "a recipient token is 32 lower-case hex characters".to_owned())
    }
}

/// The id of an event: BLAKE3 of its canonical bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId(pub Blake3Hash);

impl EventId {
    /// 64 zeros: the `previous` of a feed's first event, and the `ledger` of `ledger.opened`.
    pub const ZERO: EventId = EventId(Blake3Hash::ZERO);
}
impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for EventId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Blake3Hash::from_hex(text).map(EventId).map_err(|_| "an event id is 64 lower-case hex characters".to_owned())
    }
}

/// A lot: the event that made it, a point, and its place among the lots of that event (from 0): `<64 hex>.0`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LotId {
    /// The event that made the lot.
    pub event: EventId,
    /// Its place in that event's `lots`, from 0.
    pub line: u16,
}

impl fmt::Display for LotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.event, self.line)
    }
}
impl fmt::Debug for LotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for LotId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a lot id is an event id of 64 hex characters, a point and a number from 0 to 255".to_owned();
        let (event, line) = text.split_once('.').ok_or_else(wrong)?;
        if line.is_empty() || line.len() > 3 || (line.len() > 1 && line.starts_with('0')) || !line.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let line: u16 = line.parse().map_err(|_| wrong())?;
        if usize::from(line) >= crate::canonical::LIST_MAX {
            return Err(wrong());
        }
        Ok(LotId { event: event.parse().map_err(|_| wrong())?, line })
    }
}

record! {
    /// What is taken from a lot. Whoever spends names what it spends.
    pub struct Draw {
        /// The lot drawn from.
        lot: LotId,
        /// How much, in the decimals of the lot's item.
        quantity: Quantity,
    }
}

// A list of draws is a set by lot: ascending, so that it has one spelling and no lot stands twice.
impl Ord for Draw {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.lot.cmp(&other.lot)
    }
}
impl PartialOrd for Draw {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Implements [`Canonical`] for a value that parses from and formats to a plain string.
macro_rules! plain_string {
    ($type:ty, $what:literal) => {
        impl Canonical for $type {
            fn write(&self, out: &mut Vec<u8>) {
                out.push(b'"');
                out.extend_from_slice(self.to_string().as_bytes());
                out.push(b'"');
            }
            fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
                let at = reader.at();
                let text = reader.plain($what)?;
                text.parse().map_err(|what: String| reader.fault_at(at, what))
            }
        }
    };
}

plain_string!(Quantity, "an amount");

impl Canonical for Code {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(self.as_str().as_bytes());
        out.push(b'"');
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let at = reader.at();
        let text = reader.plain("a code")?;
        text.parse().map_err(|what: String| reader.fault_at(at, what))
    }
}

impl Canonical for Time {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        write_date(self.date(), out);
        let second = self.0.rem_euclid(SECONDS_PER_DAY) as u32;
        for (mark, value) in [(b'T', second / 3600), (b':', second / 60 % 60), (b':', second % 60)] {
            out.push(mark);
            put_two(out, value);
        }
        out.extend_from_slice(b"Z\"");
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let at = reader.at();
        parse_time(reader.fixed::<20>("a time like 2026-01-31T09:30:00Z")?)
            .ok_or_else(|| reader.fault_at(at, "there is no such time, or it is not written like 2026-01-31T09:30:00Z"))
    }
}

impl Canonical for Date {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        write_date(*self, out);
        out.push(b'"');
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let at = reader.at();
        parse_date(reader.fixed::<10>("a day like 2026-01-31")?)
            .ok_or_else(|| reader.fault_at(at, "there is no such day, or it is not written like 2026-01-31"))
    }
}

impl Canonical for LotId {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        hex_encode_into(&self.event.0.0, out);
        out.push(b'.');
        crate::canonical::write_integer(u64::from(self.line), out);
        out.push(b'"');
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let at = reader.at();
        let text = reader.plain("a lot id")?;
        text.parse().map_err(|what: String| reader.fault_at(at, what))
    }
}

/// Implements [`Canonical`] for `N` bytes written as 2N lower-case hex characters.
macro_rules! hex_string {
    ($type:ty, $len:literal, $what:literal, $wrap:expr, $bytes:expr) => {
        impl Canonical for $type {
            fn write(&self, out: &mut Vec<u8>) {
                out.push(b'"');
                hex_encode_into(&$bytes(self), out);
                out.push(b'"');
            }
            fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
                let at = reader.at();
                hex_decode::<$len>(reader.fixed::<{ 2 * $len }>($what)?)
                    .map($wrap)
                    .ok_or_else(|| reader.fault_at(at, concat!("expected ", $what, " in lower-case hex")))
            }
        }
    };
}

hex_string!(Blake3Hash, 32, "a hash", Blake3Hash, |h: &Blake3Hash| h.0);
hex_string!(EventId, 32, "an event id", |b| EventId(Blake3Hash(b)), |id: &EventId| id.0.0);
hex_string!(PublicKey, 32, "a public key", PublicKey, |k: &PublicKey| k.0);
hex_string!(Signature, 64, "a signature", Signature, |s: &Signature| s.0);
hex_string!(Token, 16, "a recipient token", Token, |t: &Token| t.0);

/// serde as the canonical string where a person reads it, and as the same string elsewhere: short enough not to matter.
macro_rules! serde_as_string {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
serde_as_string!(Code);

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}
impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            <[u8; 16]>::deserialize(deserializer).map(Token)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{decode, encode};

    #[test]
    fn quantities_have_one_spelling() {
        for good in ["0", "1", "12.50", "0.001", "999999999999999999", "999999999.999999999"] {
            let quantity: Quantity = good.parse().expect(good);
            assert_eq!(quantity.to_string(), good);
        }
        for wrong in ["", "-1", "+1", "01", "1.", ".5", "1e3", "1,5", " 1", "1000000000000000000", "0.0000000001", "１"] {
            assert!(wrong.parse::<Quantity>().is_err(), "{wrong}");
        }
        assert_eq!(format_minor(-5, 2), "-0.05");
    }

    #[test]
    fn times_and_days_agree_with_jiff() {
        let mut day = Date(0);
        while day.0 < 2_932_897 {
            let (year, month, d) = day.civil();
            let oracle = jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(day.0);
            assert_eq!((i32::from(oracle.year()), oracle.month() as u32, oracle.day() as u32), (year, month, d));
            assert_eq!(Date::from_civil(year, month, d), Some(day));
            assert_eq!(day.to_string().parse(), Ok(day));
            day.0 += 97;
        }
        for wrong in ["2026-02-29", "2026-13-01", "2026-00-01", "2026-1-01", "1969-12-31", "2026-04-31", "2026-01-00"] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
        for wrong in
            ["2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00z"]
        {
            assert!(wrong.parse::<Time>().is_err(), "{wrong}");
        }
        let time: Time = "2026-01-05T09:30:59Z".parse().expect("a time");
        assert_eq!(encode(&time), b"\"2026-01-05T09:30:59Z\"");
        assert_eq!("9999-12-31T23:59:59Z".parse(), Ok(Time(TIME_MAX)));
    }

    #[test]
    fn codes_lots_and_tokens_are_strict() {
        for wrong in ["", "-a", "Rice", "rice_2", "kzt kzt", "KZ", "KZTT", "a-very-long-code-of-thirty-two-ch"] {
            assert!(wrong.parse::<Code>().is_err(), "{wrong}");
        }
        let lot = format!("\"{}.255\"", "ab".repeat(32));
        assert_eq!(encode(&decode::<LotId>(lot.as_bytes()).expect("a lot id")), lot.as_bytes());
        for wrong in [".256", ".01", ".", "", ".-1"] {
            assert!(decode::<LotId>(format!("\"{}{wrong}\"", "ab".repeat(32)).as_bytes()).is_err(), "{wrong}");
        }
        assert!(decode::<Token>(format!("\"{}\"", "AB".repeat(16)).as_bytes()).is_err());
    }
}
