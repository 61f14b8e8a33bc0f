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
//! before it is read strictly. Nothing here knows of events.
//!
//! * [`reader`]: the walk over the bytes. [`lists`]: lists and sets. [`names`]: text that people read. `declare`: the two macros. `loose`: any spelling in.

use std::fmt;

mod declare;
pub mod lists;
mod loose;
pub mod names;
pub mod reader;
#[cfg(test)]
mod tests;

pub use declare::assert_ascending;
pub use lists::{LIST_MAX, Set};
pub use loose::canonicalize;
pub use names::{NAME_LEN_BYTES_MAX, Names, Text};
pub use reader::Reader;

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
