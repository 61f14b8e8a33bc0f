//! Values that are wiped when they are dropped and never printed by accident.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::crypto::{hex_decode, hex_encode_into};

/// A text about a person.
pub type SecretText = Zeroizing<String>;

/// A salt or a key: 32 bytes; 64 hex digits within the sealed content.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(pub [u8; 32]);

impl SecretBytes {
    /// The bytes as 64 hex digits, for an opening that is handed out.
    pub fn to_hex(&self) -> Zeroizing<String> {
        let mut out = Vec::with_capacity(64);
        hex_encode_into(&self.0, &mut out);
        Zeroizing::new(String::from_utf8(out).expect("hex is ASCII"))
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(hidden)")
    }
}

impl Serialize for SecretBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for SecretBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SecretBytes, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        // The text is not repeated in the error.
        hex_decode(text.as_bytes()).map(SecretBytes).ok_or_else(|| D::Error::custom("expected 64 hex digits"))
    }
}

/// Values that have a text form, as that text.
pub mod as_text {
    use super::*;

    pub fn serialize<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }
    pub fn deserialize<'de, T: std::str::FromStr, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("a value is not of its form"))
    }
}
