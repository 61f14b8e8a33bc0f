//! Keys, signatures and hashes: the only part of the program that knows a curve or a compression function.
//!
//! | word | what it is | wire form |
//! | --- | --- | --- |
//! | [`Blake3Hash`] | names an event or an entry by its bytes | 64 lower-case hex digits |
//! | [`PublicKey`] | 32 bytes that claim to be an Ed25519 key | 64 lower-case hex digits |
//! | [`AdmittedKey`] | a public key found canonical, not weak, free of torsion | the same |
//! | [`Signature`] | an Ed25519 signature, `R ‖ s` (RFC 8032, section 5.1.6) | 128 lower-case hex digits |
//! | [`PaperCode`] | what a slip, receipt or card carries | 17 digits and capitals |
//! | [`SecretKey`] | a 32-byte seed; never printed, wiped when dropped | a PKCS#8 file ([`keyfile`]) |
//!
//! Two rules decide whether a signature holds. What enters the log must pass the *strict* rule ([`verify_strict`]), the narrowest
//! one in use: whatever it accepts, every other library accepts too. An audit may use the wider ZIP-215 rule ([`audit`]),
//! because only that one gives the same answer for a batch as for each signature in it.
//!
//! This layer does not know events, ledgers or time, and draws no randomness: seeds, salts and initialization vectors are
//! arguments. The few functions that touch files are at the end of [`keyfile`].

pub mod audit;
pub mod code;
pub mod hash;
pub mod hex;
pub mod key;
pub mod keyfile;
pub mod note;

pub use audit::{SignatureCheck, SignedItem, audit_every, audit_strict};
pub use code::{CodeRefusal, PaperCode};
pub use hash::Blake3Hash;
pub use hex::{HexRefusal, hex_decode, hex_encode_into};
pub use key::{AdmittedKey, EVENT_DOMAIN, KeyRefusal, PublicKey, SecretKey, Signature, event_message, verify_strict};
