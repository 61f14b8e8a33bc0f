//! Lower-case hexadecimal, in one spelling only.
//!
//! Hashes, keys and signatures are written as lower-case hex everywhere: in events, URLs, logs and on paper. `AB` and `ab` would
//! be two spellings of one value, and two spellings of one value are two event ids, so upper case is refused, not folded.
//!
//! ```text
//! [0x00, 0xaf]  <->  "00af"
//! ```
//!
//! Both directions are table-driven: an event carries up to five of these strings and an audit reads ten million events.

use thiserror::Error;

/// Why a text is not the hex of a value of a given size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HexRefusal {
    /// The text has another number of digits than the value needs.
    #[error("expected {expected} hex digits, found {found} characters")]
    Length { expected: usize, found: usize },
    /// The character at this place (counted from 0, in bytes) is not one of `0-9a-f`.
    #[error("expected a lower-case hex digit (0-9, a-f) at position {position}")]
    Digit { position: usize },
}

/// The two digits of every byte.
const DIGITS: [[u8; 2]; 256] = {
    let mut table = [[0u8; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [b"0123456789abcdef"[byte >> 4], b"0123456789abcdef"[byte & 15]];
        byte += 1;
    }
    table
};

/// Marks a character that is no digit. Its upper four bits are set, which no nibble has.
const NO_DIGIT: u8 = 0xff;

/// The nibble of every character, or [`NO_DIGIT`].
const NIBBLES: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut nibble = 0u8;
    while nibble < 16 {
        table[b"0123456789abcdef"[nibble as usize] as usize] = nibble;
        nibble += 1;
    }
    table
};

/// Appends the hex of `bytes` to `out`. [`hex_decode`] is the inverse.
pub fn hex_encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    write_digits(bytes, &mut out[start..]);
}

/// Returns the `N` bytes that `text` spells, or `None` unless it is exactly `2 * N` lower-case digits.
pub fn hex_decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0u8; N];
    // One test at the end instead of a branch per digit.
    let mut seen = 0u8;
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let high = NIBBLES[pair[0] as usize];
        let low = NIBBLES[pair[1] as usize];
        seen |= high | low;
        *byte = high << 4 | low & 15;
    }
    (seen & 0xf0 == 0).then_some(bytes)
}

/// As [`hex_decode`], but says what is wrong.
///
/// # Errors
/// [`HexRefusal`], with the first character at fault.
pub fn hex_decode_explained<const N: usize>(text: &[u8]) -> Result<[u8; N], HexRefusal> {
    hex_decode(text).ok_or_else(|| refusal::<N>(text))
}

#[cold]
fn refusal<const N: usize>(text: &[u8]) -> HexRefusal {
    match text.iter().position(|&c| NIBBLES[c as usize] == NO_DIGIT) {
        Some(position) if text.len() == 2 * N => HexRefusal::Digit { position },
        _ => HexRefusal::Length { expected: 2 * N, found: text.len() },
    }
}

/// Writes two digits per byte; `out` is twice as long as `bytes`.
pub(super) fn write_digits(bytes: &[u8], out: &mut [u8]) {
    for (pair, &byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&DIGITS[byte as usize]);
    }
}

/// Gives a tuple struct around `[u8; $bytes]` its one text form and its two serde forms: a hex string where people read
/// (JSON, TOML), a byte string elsewhere (postcard).
macro_rules! hex_text {
    ($name:ident, $bytes:literal, $digits:literal) => {
        impl $name {
            /// Returns the lower-case hex digits, without allocating.
            pub fn to_hex(&self) -> [u8; $digits] {
                let mut digits = [0u8; $digits];
                $crate::crypto::hex::write_digits(&self.0, &mut digits);
                digits
            }

            /// Reads exactly the form that `to_hex` writes.
            ///
            /// # Errors
            /// [`HexRefusal`](crate::crypto::HexRefusal) for another length, upper case, or anything that is no digit.
            pub fn from_hex(text: impl AsRef<[u8]>) -> Result<$name, $crate::crypto::hex::HexRefusal> {
                $crate::crypto::hex::hex_decode_explained(text.as_ref()).map($name)
            }

            /// Returns the bytes themselves.
            pub fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(std::str::from_utf8(&self.to_hex()).expect("hex digits are ASCII"))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::crypto::hex::HexRefusal;

            fn from_str(text: &str) -> Result<$name, Self::Err> {
                $name::from_hex(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.serialize_str(std::str::from_utf8(&self.to_hex()).expect("hex digits are ASCII"))
                } else {
                    serializer.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                struct Form;

                impl serde::de::Visitor<'_> for Form {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!(stringify!($digits), " lower-case hex digits or ", stringify!($bytes), " bytes"))
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::from_hex(text).map_err(E::custom)
                    }

                    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<$name, E> {
                        bytes.try_into().map($name).map_err(|_| E::invalid_length(bytes.len(), &self))
                    }
                }

                if deserializer.is_human_readable() { deserializer.deserialize_str(Form) } else { deserializer.deserialize_bytes(Form) }
            }
        }
    };
}

pub(super) use hex_text;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_spelling() {
        for byte in 0..=255u8 {
            let mut text = b"x".to_vec();
            hex_encode_into(&[byte], &mut text);
            assert_eq!(text[1..], *format!("{byte:02x}").as_bytes());
            assert_eq!(hex_decode::<1>(&text[1..]), Some([byte]));
        }
    }

    #[test]
    fn every_pair_that_is_no_spelling_is_refused() {
        let mut accepted = 0;
        for high in 0..=255u8 {
            for low in 0..=255u8 {
                if let Some([byte]) = hex_decode::<1>(&[high, low]) {
                    assert_eq!([high, low], DIGITS[byte as usize]);
                    accepted += 1;
                }
            }
        }
        assert_eq!(accepted, 256);
    }

    #[test]
    fn a_refusal_names_the_place() {
        let check = |text: &str| hex_decode_explained::<2>(text.as_bytes());
        assert_eq!(check("00af"), Ok([0x00, 0xaf]));
        assert_eq!(check("00aF"), Err(HexRefusal::Digit { position: 3 }));
        for text in ["", "00a", "00af0", "zz"] {
            assert_eq!(check(text), Err(HexRefusal::Length { expected: 4, found: text.len() }));
        }
    }
}
