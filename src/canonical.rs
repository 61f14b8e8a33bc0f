//! Canonical JSON: one value has exactly one byte string.
//!
//! The form is RFC 8785 restricted (spec section 2): objects with known members in ascending order, arrays,
//! strings, integers from 0 to 2^53-1, `true`, `false`; no `null`, no fraction, no white space.
//! Because only one spelling is right, the decoder here is not a JSON parser that is strict afterwards: it walks
//! the bytes and at each place accepts the one thing that may stand there. What it cannot say in one way it refuses.
//!
//! ```text
//! {"event":{…},"index":7,"previous":"<64 hex>","recorded":"2026-01-05T09:30:00Z","signature":"<128 hex>"}
//! ```
//!
//! [`Canonical::write`] and [`Canonical::read`] are inverse; [`record!`](crate::record) declares an object with its members in
//! order, and [`vocabulary!`](crate::vocabulary) a closed list of words. [`canonicalize`] brings a person's JSON into the form
//! before it is read strictly. This file knows nothing of events.

use std::collections::BTreeMap;
use std::fmt;

/// The largest integer that may stand in a canonical document: 2^53-1, the last one every JSON reader holds exactly.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// A value with exactly one spelling. `read(write(v)) == v`, and `write(read(b)) == b`.
pub trait Canonical: Sized {
    /// Appends the value's bytes.
    fn write(&self, out: &mut Vec<u8>);
    /// Reads the value at the reader's place, or says what should have stood there.
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault>;
    /// What an absent member means: `None` where the member must be present.
    fn absent() -> Option<Self> {
        None
    }
    /// Whether the member is left out when written.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Returns the canonical bytes of a value.
pub fn encode<T: Canonical>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    value.write(&mut out);
    out
}

/// Reads one value that fills the bytes exactly.
///
/// # Errors
/// A [`Fault`] naming the byte where the bytes leave the canonical form.
pub fn decode<T: Canonical>(bytes: &[u8]) -> Result<T, Fault> {
    let mut reader = Reader::new(bytes)?;
    let value = T::read(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Where bytes leave the canonical form, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// 0-based offset of the first byte that is wrong.
    pub at: usize,
    /// What should have stood there, in words.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.at, self.what)
    }
}

impl std::error::Error for Fault {}

/// A place in canonical bytes.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte; refuses what is not UTF-8.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Reader { text, at: 0 }),
            Err(e) => Err(Fault { at: e.valid_up_to(), what: "expected UTF-8".into() }),
        }
    }

    /// The offset of the next byte.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The bytes from `start` up to here.
    pub fn since(&self, start: usize) -> &'a [u8] {
        &self.text.as_bytes()[start..self.at]
    }

    /// The fault of expecting `what` here.
    #[cold]
    pub fn fault(&self, what: impl Into<String>) -> Fault {
        Fault { at: self.at, what: what.into() }
    }

    /// The fault of expecting `what` at an earlier place.
    #[cold]
    pub fn fault_at(&self, at: usize, what: impl Into<String>) -> Fault {
        Fault { at, what: what.into() }
    }

    /// The next byte, if there is one.
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether the next bytes are `token`.
    pub fn stands(&self, token: &str) -> bool {
        self.text.as_bytes()[self.at..].starts_with(token.as_bytes())
    }

    /// Steps over `token` if it is next.
    pub fn take(&mut self, token: &str) -> bool {
        let stands = self.stands(token);
        if stands {
            self.at += token.len();
        }
        stands
    }

    /// Steps over `token` or faults.
    pub fn expect(&mut self, token: &str) -> Result<(), Fault> {
        if self.take(token) { Ok(()) } else { Err(self.fault(format!("expected `{token}`"))) }
    }

    /// Faults unless every byte was read.
    pub fn end(&self) -> Result<(), Fault> {
        if self.at == self.text.len() { Ok(()) } else { Err(self.fault("expected the end: nothing may follow the value")) }
    }

    /// A string without escapes, borrowed: codes, hashes, times and amounts are all of this kind.
    pub fn plain(&mut self, what: &str) -> Result<&'a str, Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.fault(format!("expected {what}: a string")));
        }
        let start = self.at + 1;
        let rest = &self.text.as_bytes()[start..];
        let Some(len) = rest.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20) else {
            return Err(self.fault(format!("expected {what}: the string has no end")));
        };
        if rest[len] != b'"' {
            return Err(self.fault_at(start + len, format!("expected {what}: no escape or control character may stand here")));
        }
        self.at = start + len + 1;
        Ok(&self.text[start..start + len])
    }

    /// A string of exactly `N` bytes without looking for its end first: hashes and keys, on the hot path.
    pub fn fixed<const N: usize>(&mut self, what: &str) -> Result<&'a [u8; N], Fault> {
        let bytes = &self.text.as_bytes()[self.at..];
        if bytes.len() >= N + 2 && bytes[0] == b'"' && bytes[N + 1] == b'"' {
            self.at += N + 2;
            Ok(bytes[1..=N].try_into().expect("the slice has N bytes"))
        } else {
            Err(self.fault(format!("expected {what}: a string of {N} characters")))
        }
    }

    /// A string that a person reads. Control characters (C0, DEL, C1) are refused, so the only escapes are `\"` and `\\`.
    pub fn text(&mut self, len_bytes_max: usize) -> Result<String, Fault> {
        let opening = self.at;
        if !self.take("\"") {
            return Err(self.fault("expected a string"));
        }
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(c) = rest.chars().next() else { return Err(self.fault_at(opening, "the string has no end")) };
            match c {
                '"' => break,
                '\\' => match rest.as_bytes().get(1) {
                    Some(b'"') => out.push('"'),
                    Some(b'\\') => out.push('\\'),
                    _ => return Err(self.fault("only \\\" and \\\\ are canonical escapes here")),
                },
                c if c.is_control() => return Err(self.fault("control characters are not allowed in text")),
                c => out.push(c),
            }
            self.at += if c == '\\' { 2 } else { c.len_utf8() };
            if out.len() > len_bytes_max {
                return Err(self.fault_at(opening, format!("text is longer than {len_bytes_max} bytes")));
            }
        }
        self.at += 1;
        Ok(out)
    }

    /// An integer from 0 to 2^53-1, without leading zero.
    pub fn integer(&mut self, max: u64) -> Result<u64, Fault> {
        let start = self.at;
        let mut value = 0u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            if self.at - start >= 16 {
                return Err(self.fault_at(start, "the integer is beyond 2^53-1"));
            }
            value = value * 10 + u64::from(digit - b'0');
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(self.fault_at(start, "expected an integer in its shortest form"));
        }
        if value > max.min(INTEGER_MAX) {
            return Err(self.fault_at(start, format!("expected an integer of at most {}, found {value}", max.min(INTEGER_MAX))));
        }
        Ok(value)
    }

    /// Goes back or forth to a place already seen.
    pub fn move_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Goes to the first place where `token` stands; only for a second look with [`Reader::move_to`].
    pub fn skip_to(&mut self, token: &str) -> Result<(), Fault> {
        match memchr::memmem::find(&self.text.as_bytes()[self.at..], token.as_bytes()) {
            Some(ahead) => {
                self.at += ahead;
                Ok(())
            }
            None => Err(self.fault(format!("expected an object followed by `{}`", token.trim_start_matches(['}', ','])))),
        }
    }

    /// Steps over one object without reading what is in it; only for a second look with [`Reader::move_to`].
    pub fn skip_object(&mut self) -> Result<(), Fault> {
        if self.peek() != Some(b'{') {
            return Err(self.fault("expected an object"));
        }
        let bytes = self.text.as_bytes();
        let (mut depth, mut in_string, mut at) = (0usize, false, self.at);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' if in_string => at += 1,
                b'"' => in_string = !in_string,
                b'{' if !in_string => depth += 1,
                b'}' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        self.at = at + 1;
                        return Ok(());
                    }
                }
                _ => {}
            }
            at += 1;
        }
        Err(self.fault("the object has no end"))
    }

    /// Steps to a member of an object: the separator, the quoted name and the colon.
    pub fn member(&mut self, quoted: &str, first: bool) -> Result<(), Fault> {
        let comma = usize::from(!first);
        let rest = &self.text.as_bytes()[self.at..];
        if rest.len() >= comma && (first || rest[0] == b',') && rest[comma..].starts_with(quoted.as_bytes()) {
            self.at += comma + quoted.len();
            return Ok(());
        }
        Err(self.member_fault(quoted))
    }

    /// Whether this member comes next (for members that may be absent).
    pub fn member_stands(&self, quoted: &str, first: bool) -> bool {
        let comma = usize::from(!first);
        let rest = &self.text.as_bytes()[self.at..];
        rest.len() >= comma && (first || rest[0] == b',') && rest[comma..].starts_with(quoted.as_bytes())
    }

    /// Ends an object, explaining a member that should not be there.
    pub fn object_end(&mut self) -> Result<(), Fault> {
        if self.take("}") { Ok(()) } else { Err(self.member_fault("}")) }
    }

    #[cold]
    fn member_fault(&self, quoted: &str) -> Fault {
        let wanted = quoted.trim_end_matches(':');
        let rest = self.text[self.at..].trim_start_matches(',');
        let found: String = rest.chars().take(40).take_while(|c| *c != ':' && *c != '}').collect();
        let found = if found.is_empty() { rest.chars().take(1).collect() } else { found };
        if wanted == "}" {
            self.fault(format!("unknown, repeated or misplaced member: expected the end of the object, found `{found}`"))
        } else {
            self.fault(format!("expected member `{wanted}`, found `{found}`; members stand in ascending order without white space"))
        }
    }
}

/// Appends `text` as a canonical string.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' || byte == b'\\' {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Appends an integer.
pub fn write_integer(value: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

impl Canonical for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        write_integer(*self, out);
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        reader.integer(INTEGER_MAX)
    }
}

impl Canonical for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        if reader.take("true") {
            Ok(true)
        } else if reader.take("false") {
            Ok(false)
        } else {
            Err(reader.fault("expected `true` or `false`"))
        }
    }
}

/// A member that may be left out; never `null`.
impl<T: Canonical> Canonical for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        if let Some(value) = self {
            value.write(out);
        }
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        T::read(reader).map(Some)
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

/// A list in the author's order, of at least one and at most [`LIST_MAX`] elements.
impl<T: Canonical> Canonical for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (i, value) in self.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            value.write(out);
        }
        out.push(b']');
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let opening = reader.at();
        reader.expect("[")?;
        let mut list = Vec::new();
        loop {
            list.push(T::read(reader)?);
            if reader.take("]") {
                return Ok(list);
            }
            reader.expect(",")?;
            if list.len() == LIST_MAX {
                return Err(reader.fault_at(opening, format!("the list has more than {LIST_MAX} elements")));
            }
        }
    }
}

/// The most elements a list or set may have.
pub const LIST_MAX: usize = 256;

/// A set: strictly ascending, so that it has one spelling. Never empty when it stands in a document.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Set<T>(Vec<T>);

impl<T: Ord> Set<T> {
    /// Sorts and keeps one of values that are equal in order.
    pub fn new(mut values: Vec<T>) -> Self {
        values.sort();
        values.dedup_by(|a, b| (*a).cmp(b).is_eq());
        Set(values)
    }
    /// Whether the set has the value.
    pub fn contains(&self, value: &T) -> bool {
        self.0.binary_search(value).is_ok()
    }
    /// The values, ascending.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
    /// The number of values.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a, T> IntoIterator for &'a Set<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Canonical + Ord> Canonical for Set<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let opening = reader.at();
        let list = Vec::<T>::read(reader)?;
        if list.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(reader.fault_at(opening, "expected a set: strictly ascending, none twice"));
        }
        Ok(Set(list))
    }
}

/// Text that people read, by language tag (`kk`, `ru`, `en`, …); at least one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Names(BTreeMap<String, String>);

/// The longest text of a name, in bytes.
pub const NAME_LEN_BYTES_MAX: usize = 1024;

impl Names {
    /// A name in one language.
    pub fn one(language: &str, text: &str) -> Self {
        Names(BTreeMap::from([(language.to_owned(), text.to_owned())]))
    }
    /// Names from (language, text) pairs.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Names(pairs.into_iter().map(|(l, t)| (l.to_owned(), t.to_owned())).collect())
    }
    /// The text in the language, else in English, else the first there is.
    pub fn best(&self, language: &str) -> &str {
        self.0.get(language).or_else(|| self.0.get("en")).or_else(|| self.0.values().next()).map_or("", String::as_str)
    }
    /// The (language, text) pairs, by language.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(l, t)| (l.as_str(), t.as_str()))
    }
}

impl Canonical for Names {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (i, (language, text)) in self.0.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            write_text(language, out);
            out.push(b':');
            write_text(text, out);
        }
        out.push(b'}');
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        reader.expect("{")?;
        let mut names = BTreeMap::new();
        loop {
            let at = reader.at();
            let language = reader.plain("a language tag")?;
            if !(2..=3).contains(&language.len()) || !language.bytes().all(|b| b.is_ascii_lowercase()) {
                return Err(reader.fault_at(at, "expected a language tag of two or three lower-case letters"));
            }
            if names.last_key_value().is_some_and(|(last, _): (&String, &String)| last.as_str() >= language) {
                return Err(reader.fault_at(at, "language tags stand in ascending order, none twice"));
            }
            reader.expect(":")?;
            let at = reader.at();
            let text = reader.text(NAME_LEN_BYTES_MAX)?;
            if text.trim().is_empty() {
                return Err(reader.fault_at(at, "a name must not be empty"));
            }
            names.insert(language.to_owned(), text);
            if reader.take("}") {
                return Ok(Names(names));
            }
            reader.expect(",")?;
        }
    }
}

/// A name in one unnamed language, of at most [`NAME_LEN_BYTES_MAX`] bytes and not blank: how a donor organization writes itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Text(pub String);

impl Canonical for Text {
    fn write(&self, out: &mut Vec<u8>) {
        write_text(&self.0, out);
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let at = reader.at();
        let text = reader.text(NAME_LEN_BYTES_MAX)?;
        if text.trim().is_empty() {
            return Err(reader.fault_at(at, "a text must not be empty"));
        }
        Ok(Text(text))
    }
}

/// Brings JSON as a person or program wrote it (any member order and white space) into canonical bytes,
/// without yet knowing what it should mean. Read the result strictly afterwards.
///
/// # Errors
/// What serde_json says of broken JSON; repeated members, `null` and fractions are refused by name.
pub fn canonicalize(json: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::with_capacity(json.len());
    let value: Loose = serde_json::from_slice(json).map_err(|e| Fault { at: e.column(), what: e.to_string() })?;
    value.write(&mut out);
    Ok(out)
}

/// JSON of any spelling that has a canonical one. Unlike `serde_json::Value` it refuses repeated members.
enum Loose {
    Bool(bool),
    Integer(u64),
    Text(String),
    List(Vec<Loose>),
    Object(BTreeMap<String, Loose>),
}

impl Loose {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Loose::Bool(value) => value.write(out),
            Loose::Integer(value) => write_integer(*value, out),
            Loose::Text(text) => write_text(text, out),
            Loose::List(list) => {
                out.push(b'[');
                for (i, value) in list.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    value.write(out);
                }
                out.push(b']');
            }
            Loose::Object(members) => {
                out.push(b'{');
                for (i, (name, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_text(name, out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

impl<'de> serde::Deserialize<'de> for Loose {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Loose;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object, array, string, boolean or non-negative integer (amounts are written as strings)")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Loose, E> {
                Ok(Loose::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Loose, E> {
                Ok(Loose::Integer(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Loose, E> {
                Ok(Loose::Text(value.to_owned()))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Loose, A::Error> {
                let mut list = Vec::new();
                while let Some(value) = seq.next_element()? {
                    list.push(value);
                }
                Ok(Loose::List(list))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Loose>()? {
                    if members.insert(name.clone(), value).is_some() {
                        return Err(serde::de::Error::custom(format!("member `{name}` stands twice")));
                    }
                }
                Ok(Loose::Object(members))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Declares a canonical object: a struct whose members stand in ascending order (checked when compiled).
#[macro_export]
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* $field:ident $(as $wire:literal)? : $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $($(#[$fmeta])* pub $field: $type),* }

        const _: () = $crate::canonical::assert_ascending(&[$($crate::record!(@wire $field $($wire)?)),*]);

        impl $crate::canonical::Canonical for $name {
            #[allow(unused_assignments, unused_mut, unused_variables)]
            fn write(&self, out: &mut Vec<u8>) {
                out.push(b'{');
                let mut first = true;
                $(
                    if !$crate::canonical::Canonical::is_absent(&self.$field) {
                        if !first { out.push(b','); }
                        first = false;
                        out.extend_from_slice(concat!("\"", $crate::record!(@wire $field $($wire)?), "\":").as_bytes());
                        $crate::canonical::Canonical::write(&self.$field, out);
                    }
                )*
                out.push(b'}');
            }
            #[allow(unused_assignments, unused_mut, unused_variables)]
            fn read(reader: &mut $crate::canonical::Reader<'_>) -> Result<Self, $crate::canonical::Fault> {
                reader.expect("{")?;
                let mut first = true;
                $(
                    let quoted = concat!("\"", $crate::record!(@wire $field $($wire)?), "\":");
                    let $field = match <$type as $crate::canonical::Canonical>::absent() {
                        Some(absent) if !reader.member_stands(quoted, first) => absent,
                        _ => {
                            reader.member(quoted, first)?;
                            first = false;
                            <$type as $crate::canonical::Canonical>::read(reader)?
                        }
                    };
                )*
                if first {
                    return Err(reader.fault("expected a member: an object without any is left out instead"));
                }
                reader.object_end()?;
                Ok($name { $($field),* })
            }
        }
    };
    (@wire $field:ident $wire:literal) => { $wire };
    (@wire $field:ident) => { stringify!($field) };
}

/// Declares a closed vocabulary: an enum whose values are words in the document.
#[macro_export]
macro_rules! vocabulary {
    ($(#[$meta:meta])* pub enum $name:ident ($what:literal) { $($(#[$vmeta:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* $variant),* }

        impl $name {
            /// All words, in the order of their declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];
            /// The word in the document.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok($name::$variant),)*
                    _ => Err(format!(concat!("expected ", $what, ", one of {}; found `{}`"), [$($word),*].join(", "), word)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl $crate::canonical::Canonical for $name {
            fn write(&self, out: &mut Vec<u8>) {
                out.push(b'"');
                out.extend_from_slice(self.word().as_bytes());
                out.push(b'"');
            }
            fn read(reader: &mut $crate::canonical::Reader<'_>) -> Result<Self, $crate::canonical::Fault> {
                let at = reader.at();
                let word = reader.plain($what)?;
                word.parse().map_err(|what: String| reader.fault_at(at, what))
            }
        }
    };
}

/// Stops the build when the members of a [`record!`](crate::record) are not in ascending order.
pub const fn assert_ascending(names: &[&str]) {
    let mut i = 1;
    while i < names.len() {
        let (a, b) = (names[i - 1].as_bytes(), names[i].as_bytes());
        let mut j = 0;
        while j < a.len() && j < b.len() && a[j] == b[j] {
            j += 1;
        }
        assert!(j < b.len() && (j == a.len() || a[j] < b[j]), "members must stand in ascending order");
        i += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    record! {
        /// A sample.
        pub struct Sample { amount: u64, flag: Option<bool>, name: Option<Names>, set: Set<u64> }
    }

    fn reads(json: &str) -> Result<Sample, Fault> {
        let read = decode::<Sample>(json.as_bytes());
        if let Ok(sample) = &read {
            assert_eq!(encode(sample), json.as_bytes(), "one value, one byte string");
        }
        read
    }

    #[test]
    fn only_the_one_spelling_is_read() {
        assert!(reads(r#"{"amount":0,"set":[1,2]}"#).is_ok());
        assert!(reads(r#"{"amount":9007199254740991,"flag":true,"name":{"en":"A \"b\" \\ ә","kk":"ә"},"set":[1]}"#).is_ok());
        for (wrong, at) in [
            (r#"{"amount":01,"set":[1]}"#, 10),
            (r#"{"amount":-0,"set":[1]}"#, 10),
            (r#"{"amount":1.0,"set":[1]}"#, 11),
            (r#"{"amount":9007199254740992,"set":[1]}"#, 10),
            (r#"{"amount":99999999999999999999,"set":[1]}"#, 10),
            (r#"{"set":[1],"amount":1}"#, 1),
            (r#"{"amount":1,"amount":1,"set":[1]}"#, 11),
            (r#"{"amount":1,"extra":1,"set":[1]}"#, 11),
            (r#"{"amount":1,"set":[1],"zed":1}"#, 21),
            (r#"{"amount":1,"set":[2,1]}"#, 18),
            (r#"{"amount":1,"set":[1,1]}"#, 18),
            (r#"{"amount":1,"set":[]}"#, 19),
            (r#"{"amount":1, "set":[1]}"#, 11),
            (r#"{"amount":1,"set":[1]} "#, 22),
            (r#"{"amount":1,"flag":null,"set":[1]}"#, 19),
            (r#"{"amount":1,"name":{"en":"\u0041"},"set":[1]}"#, 26),
            (r#"{"amount":1,"name":{"en":" "},"set":[1]}"#, 25),
            (r#"{"amount":1,"name":{"ru":"a","en":"b"},"set":[1]}"#, 29),
            ("{\"amount\":1,\"name\":{\"en\":\"a\tb\"},\"set\":[1]}", 27),
        ] {
            assert_eq!(reads(wrong).expect_err(wrong).at, at, "{wrong}");
        }
        assert_eq!(decode::<Sample>(b"{\"amount\xff").expect_err("not UTF-8").at, 8);
    }

    #[test]
    fn a_persons_json_becomes_canonical_or_is_refused() {
        let loose = br#" { "set" : [1, 2], "amount": 7 } "#;
        assert_eq!(canonicalize(loose).expect("it has a canonical form"), br#"{"amount":7,"set":[1,2]}"#);
        for wrong in [r#"{"a":1,"a":2}"#, r#"{"a":null}"#, r#"{"a":1.5}"#, r#"{"a":-1}"#, "{", r#"{"a":1}x"#] {
            assert!(canonicalize(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
