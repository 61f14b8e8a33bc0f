//! Ed25519 keys and signatures, under the strictest rule in use.
//!
//! ```text
//! message   = "aidledger/event/v1\n" ‖ canonical bytes of the event
//! signature = R (32 bytes) ‖ s (32 bytes, little-endian)          RFC 8032, section 5.1.6
//! ```
//!
//! RFC 8032 leaves open what to do with keys and signatures that only a cheat would make, and libraries differ on them. A signature
//! that holds for the operator and not for the auditor is a way to disown an event later, so what is admitted here is what all
//! of them accept:
//!
//! * the key is the canonical encoding of a point, is not of small order (such a key signs nearly every message) and has no
//!   torsion component (with one, libraries that multiply by the cofactor and those that do not disagree);
//! * `s` is below the group order, `R` is canonical and not of small order, and `R = [s]B - [k]A` exactly.
//!
//! [`PublicKey`] makes no claim: it is what stands in an event. [`AdmittedKey`] has passed the first point; keep one per known key,
//! since admission costs more than a verification.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use thiserror::Error;
use zeroize::Zeroizing;

use super::hex::hex_text;

/// Precedes the canonical bytes of an event in what is signed, so that the signature means nothing anywhere else: no other
/// protocol can be tricked into making it, and it cannot be shown to another protocol.
pub const EVENT_DOMAIN: &[u8] = b"aidledger/event/v1\n";

/// Puts what is signed for an event into `buffer` and returns it.
///
/// The caller keeps the buffer from one event to the next, so there is one copy and no allocation. (Verifiers that take a message
/// in parts exist, but not for the strict rule.)
pub fn event_message<'b>(buffer: &'b mut Vec<u8>, canonical: &[u8]) -> &'b [u8] {
    buffer.clear();
    buffer.extend_from_slice(EVENT_DOMAIN);
    buffer.extend_from_slice(canonical);
    buffer
}

/// 32 bytes that claim to be an Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

hex_text!(PublicKey, 32, 64);

/// Why 32 bytes are not admitted as a key. Checked in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyRefusal {
    /// No point of the curve has this encoding.
    #[error("these 32 bytes are not a point of the curve")]
    NotAPoint,
    /// The point has another encoding, the canonical one: the same key would have two names.
    #[error("the key is not in its canonical encoding")]
    NonCanonical,
    /// A signature under this key can be made by anyone.
    #[error("the key is weak (of small order)")]
    SmallOrder,
    /// Libraries disagree about signatures under this key.
    #[error("the key has a torsion component")]
    Torsioned,
}

impl PublicKey {
    /// Returns the key if every library agrees on what it signs. [`AdmittedKey::new`] keeps the work for later.
    ///
    /// # Errors
    /// [`KeyRefusal`], the first in its order that applies.
    pub fn admit(bytes: [u8; 32]) -> Result<PublicKey, KeyRefusal> {
        AdmittedKey::new(PublicKey(bytes)).map(|admitted| admitted.public())
    }
}

/// A public key that passed [`PublicKey::admit`], with its point ready for verification.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AdmittedKey(VerifyingKey);

impl AdmittedKey {
    /// Admits a key.
    ///
    /// # Errors
    /// [`KeyRefusal`], the first in its order that applies.
    pub fn new(public: PublicKey) -> Result<AdmittedKey, KeyRefusal> {
        let key = VerifyingKey::from_bytes(&public.0).map_err(|_| KeyRefusal::NotAPoint)?;
        let point = key.to_edwards();
        // Decompression reduces y and ignores the sign of x = 0; encoding again shows whether it had to.
        if point.compress().to_bytes() != public.0 {
            return Err(KeyRefusal::NonCanonical);
        }
        if point.is_small_order() {
            return Err(KeyRefusal::SmallOrder);
        }
        if !point.is_torsion_free() {
            return Err(KeyRefusal::Torsioned);
        }
        Ok(AdmittedKey(key))
    }

    /// Returns the key as it is written.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.to_bytes())
    }

    /// Returns whether the signature holds under the strict rule.
    pub fn verify_strict(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(message, &signature).is_ok()
    }
}

impl std::fmt::Debug for AdmittedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AdmittedKey({})", self.public())
    }
}

/// Returns whether the key is admitted and the signature holds under the strict rule.
///
/// Admits the key anew each time; for many signatures of one key use [`AdmittedKey`].
pub fn verify_strict(public: PublicKey, message: &[u8], signature: &Signature) -> bool {
    AdmittedKey::new(public).is_ok_and(|key| key.verify_strict(message, signature))
}

/// 64 bytes that claim to be an Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(pub [u8; 64]);

hex_text!(Signature, 64, 128);

/// A signing key: a 32-byte seed and what follows from it. Wiped when dropped; cannot be copied, compared or printed.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Makes the key of a seed. The seed is the key: it must come from the system's random source, and its buffer is the caller's to
    /// wipe (`Zeroizing`).
    pub fn from_seed(seed: &[u8; 32]) -> SecretKey {
        SecretKey(SigningKey::from_bytes(seed))
    }

    /// Returns the seed, for a key file. Inverse of [`SecretKey::from_seed`].
    pub(super) fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// Derives 32 secret bytes for one purpose: BLAKE3 derive_key(`context`, seed ‖ `material`). They say nothing about the seed or about those
    /// of another context or material. `context` is a sentence in the source, never input.
    pub(crate) fn derive_bytes(&self, context: &'static str, material: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        hasher.update(&*self.seed());
        hasher.update(material);
        Zeroizing::new(*hasher.finalize().as_bytes())
    }

    /// Derives another signing key: the same one each time, so it needs no file of its own. See [`SecretKey::derive_bytes`].
    pub(crate) fn derive_key(&self, context: &'static str, material: &[u8]) -> SecretKey {
        SecretKey::from_seed(&self.derive_bytes(context, material))
    }

    /// The key as the signed-note code takes it.
    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.0
    }

    /// Returns the public half. It is always admitted: it is a multiple of the base point, and not by a multiple of the order.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs `message` as it stands; for an event that is what [`event_message`] gives. Deterministic: the same message has
    /// the same signature.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 2.
    const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    const PUBLIC: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    const SIGNATURE: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

    fn key() -> SecretKey {
        SecretKey::from_seed(&super::super::hex_decode(SEED.as_bytes()).unwrap())
    }

    #[test]
    fn signs_as_rfc_8032_says() {
        let key = key();
        assert_eq!(key.public().to_string(), PUBLIC);
        assert_eq!(PublicKey::admit(key.public().0), Ok(key.public()));
        let signature = key.sign(&[0x72]);
        assert_eq!(signature.to_string(), SIGNATURE);
        assert!(verify_strict(key.public(), &[0x72], &signature));
        assert!(!verify_strict(key.public(), &[0x73], &signature));
    }

    #[test]
    fn each_byte_of_a_signature_counts() {
        let key = key();
        let signature = key.sign(b"bread");
        for at in 0..64 {
            let mut wrong = signature;
            wrong.0[at] ^= 1;
            assert!(!verify_strict(key.public(), b"bread", &wrong), "byte {at} changed");
        }
    }

    #[test]
    fn refusals_come_in_order() {
        let refusal = |text: &str| PublicKey::admit(PublicKey::from_hex(text).unwrap().0);
        // y = 2 is on no point of the curve.
        let not_a_point = format!("02{}", "00".repeat(31));
        assert_eq!(refusal(&not_a_point), Err(KeyRefusal::NotAPoint));
        // y = p + 3: a longer way to write y = 3, which is a point of large order.
        let non_canonical = format!("f0{}7f", "ff".repeat(30));
        assert_eq!(refusal(&non_canonical), Err(KeyRefusal::NonCanonical));
        // The identity: y = 1.
        let identity = format!("01{}", "00".repeat(31));
        assert_eq!(refusal(&identity), Err(KeyRefusal::SmallOrder));
        // The identity with the sign of x = 0 set: two faults, the first one counts.
        let negative_zero = format!("01{}80", "00".repeat(30));
        assert_eq!(refusal(&negative_zero), Err(KeyRefusal::NonCanonical));
        // An honest key plus the point of order two, (0, -1): y and the sign of x are negated.
        let mut torsioned = key().0.verifying_key().to_edwards();
        let two = VerifyingKey::from_bytes(&{
            let mut bytes = [0xff; 32];
            bytes[0] = 0xec;
            bytes[31] = 0x7f;
            bytes
        });
        torsioned += two.unwrap().to_edwards();
        assert_eq!(PublicKey::admit(torsioned.compress().to_bytes()), Err(KeyRefusal::Torsioned));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let text = format!("{:?}", key());
        assert!(!text.contains(&SEED[..8]), "{text}");
        assert!(text.contains(PUBLIC));
    }

    #[test]
    fn derived_keys_are_their_own() {
        let key = key();
        let derived = key.derive_key("aidledger test key v1", b"kitchen");
        assert_eq!(derived.public(), key.derive_key("aidledger test key v1", b"kitchen").public());
        for other in [key.derive_key("aidledger test key v1", b"kitchem"), key.derive_key("aidledger test key v2", b"kitchen")] {
            assert_ne!(derived.public(), other.public());
        }
        // The formula, without the code above.
        let seed: [u8; 32] = super::super::hex_decode(SEED.as_bytes()).unwrap();
        let expected = blake3::derive_key("aidledger test key v1", &[&seed[..], b"kitchen"].concat());
        assert_eq!(*key.derive_bytes("aidledger test key v1", b"kitchen"), expected);
    }

    #[test]
    fn the_message_of_an_event_is_marked() {
        let mut buffer = b"left over from before".to_vec();
        assert_eq!(event_message(&mut buffer, b"{}"), b"aidledger/event/v1\n{}");
    }
}
