//! Hashes, keys, signatures and signed notes. Knows bytes, not events.
pub mod audit;
pub mod hash;
pub mod hex;
pub mod key;
pub use audit::{SignatureCheck, SignedItem, audit_every, audit_strict};
pub use hash::Blake3Hash;
pub use hex::{HexRefusal, hex_decode, hex_encode_into};
pub use key::{AdmittedKey, EVENT_DOMAIN, KeyRefusal, PublicKey, SecretKey, Signature, event_message, verify_strict};
