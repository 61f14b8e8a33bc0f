//! The hash that names events and entries.
//!
//! ```text
//! event id = BLAKE3(canonical bytes of the event)      so `… | b3sum` gives it again
//! link     = BLAKE3(canonical bytes of the entry before), 64 zeros before entry 0
//! ```
//!
//! BLAKE3 with its default 32-byte output. The Merkle tree has a hash of its own (SHA-256, RFC 6962); the types keep them apart.

use super::hex::hex_text;

/// A BLAKE3 hash; ordered and printed as its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blake3Hash(pub [u8; 32]);

hex_text!(Blake3Hash, 32, 64);

impl Blake3Hash {
    /// What stands where there is no predecessor. No known input hashes to it.
    pub const ZERO: Blake3Hash = Blake3Hash([0; 32]);

    /// Returns the hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Blake3Hash {
        Blake3Hash(*blake3::hash(bytes).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BLAKE3 of no bytes, from the test vectors of its specification.
    const EMPTY: &str = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

    #[test]
    fn one_text_form() {
        let hash = Blake3Hash::of(b"");
        assert_eq!(hash.to_string(), EMPTY);
        assert_eq!(format!("{hash:?}"), EMPTY);
        assert_eq!(hash.to_hex(), EMPTY.as_bytes());
        assert_eq!(Blake3Hash::from_hex(EMPTY), Ok(hash));
        assert_eq!(EMPTY.parse(), Ok(hash));
        assert!(Blake3Hash::from_hex(EMPTY.to_uppercase()).is_err());
        assert!(Blake3Hash::from_hex(&EMPTY[1..]).is_err());
        assert_eq!(Blake3Hash::ZERO.to_string(), "0".repeat(64));
    }

    #[test]
    fn serde_is_text_for_people_and_bytes_for_machines() {
        let hash = Blake3Hash::of(b"");
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(json, format!("\"{EMPTY}\""));
        assert_eq!(serde_json::from_str::<Blake3Hash>(&json).unwrap(), hash);
        let error = serde_json::from_str::<Blake3Hash>("\"AF\"").unwrap_err();
        assert!(error.to_string().contains("expected 64 hex digits"));

        let binary = postcard::to_stdvec(&hash).unwrap();
        assert_eq!(binary[0], 32, "a length, then the bytes");
        assert_eq!(binary[1..], hash.0);
        assert_eq!(postcard::from_bytes::<Blake3Hash>(&binary).unwrap(), hash);
        let mut long = vec![33];
        long.extend_from_slice(&[0; 33]);
        assert!(postcard::from_bytes::<Blake3Hash>(&long).is_err());
    }
}
