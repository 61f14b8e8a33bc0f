//! Auditing many signatures at once.
//!
//! The log admits a signature under the strict rule ([`super::key`]); an auditor who wants to see every one of ten million again has
//! two ways:
//!
//! * [`SignatureCheck::Strict`]: one by one, the rule of admission itself.
//! * [`SignatureCheck::Every`]: in batches under the ZIP-215 rule. Also every signature, several times faster.
//!
//! For signatures `(R_i, s_i)` by keys `A_i` with `k_i = SHA-512(R_i ‖ A_i ‖ message_i)` a batch tests, with 128-bit
//! coefficients `z_i` that nobody could foresee when signing,
//!
//! ```text
//! [8] ( [Σ z_i s_i] B  -  Σ [z_i] R_i  -  Σ [z_i k_i] A_i )  =  0
//! ```
//!
//! The factor 8 is what makes this safe to decide by: the part of a point that `z_i` modulo 8 could make vanish or not is removed
//! before the test, for one signature as for many. So a batch of signatures that each hold always holds, and one with a bad
//! signature holds with probability about 2^-128. Batches without the factor accept crafted signatures at random.
//!
//! ZIP-215 accepts whatever the strict rule accepts, and more: keys of small order, points in other encodings, torsion in `R`. Two
//! things keep that gap harmless. Keys are admitted strictly where they enter the log, which the rules check again during an audit.
//! And under an admitted key the rest can only be made by the holder of that key, never by the operator or a third person. Whoever
//! wants no gap at all uses `Strict`.
//!
//! The coefficients come from a hash of the whole batch instead of from the system: this layer draws no randomness, and nobody can
//! choose a signature knowing its coefficient, because changing anything changes all of them. (The batch library hands
//! them out in an order of its own, so two runs may multiply different pairs; the answer is the same.)

use std::collections::HashMap;
use std::convert::Infallible;

use ed25519_zebra::{VerificationKey, VerificationKeyBytes, batch};
use getrandom::rand_core::{TryCryptoRng, TryRng};

use super::{AdmittedKey, Blake3Hash, PublicKey, Signature};

/// How an auditor checks signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignatureCheck {
    /// All of them, in batches under the ZIP-215 rule.
    #[default]
    Every,
    /// All of them, one by one under the rule of admission.
    Strict,
}

/// A signature with what it is over.
#[derive(Debug, Clone, Copy)]
pub struct SignedItem<'a> {
    pub public: PublicKey,
    pub signature: Signature,
    /// Everything that was signed, the domain included ([`super::event_message`]).
    pub message: &'a [u8],
    /// A hash of the message that nobody finds two messages for: for an event its id, which the auditor has already.
    pub binding: Blake3Hash,
}

/// How many signatures share one equation. Who spreads an audit over threads should cut it at multiples of this.
pub const BATCH: usize = 4096;

/// At or below this many, single checks find the culprit faster than further halving.
const SINGLES_MAX: usize = 4;

/// Checks every item in the way asked for.
///
/// # Errors
/// The place in `items` of the first signature that does not hold.
pub fn audit(check: SignatureCheck, items: &[SignedItem<'_>]) -> Result<(), usize> {
    match check {
        SignatureCheck::Every => audit_every(items),
        SignatureCheck::Strict => audit_strict(items),
    }
}

/// Checks every item under the ZIP-215 rule, in batches. Does not admit keys (see the head of this file).
///
/// # Errors
/// The place in `items` of the first signature that does not hold; found by halving the batch that failed.
pub fn audit_every(items: &[SignedItem<'_>]) -> Result<(), usize> {
    for (number, chunk) in items.chunks(BATCH).enumerate() {
        if let Some(bad) = first_bad(chunk) {
            return Err(number * BATCH + bad);
        }
    }
    Ok(())
}

/// Checks every item under the strict rule, one by one; each key is admitted once.
///
/// # Errors
/// The place in `items` of the first signature that does not hold or whose key is not admitted.
pub fn audit_strict(items: &[SignedItem<'_>]) -> Result<(), usize> {
    let mut keys: HashMap<PublicKey, Option<AdmittedKey>> = HashMap::new();
    let holds = |item: &SignedItem<'_>| {
        keys.entry(item.public)
            .or_insert_with(|| AdmittedKey::new(item.public).ok())
            .is_some_and(|key| key.verify_strict(item.message, &item.signature))
    };
    match items.iter().map(holds).position(|holds| !holds) {
        None => Ok(()),
        Some(bad) => Err(bad),
    }
}

/// Returns whether one signature holds under the ZIP-215 rule.
pub fn verify_zip215(item: &SignedItem<'_>) -> bool {
    VerificationKey::try_from(item.public.0).is_ok_and(|key| {
        let signature = ed25519_zebra::Signature::from_bytes(&item.signature.0);
        key.verify(&signature, item.message).is_ok()
    })
}

fn first_bad(items: &[SignedItem<'_>]) -> Option<usize> {
    if items.len() > SINGLES_MAX {
        if batch_holds(items) {
            return None;
        }
        if let Some(bad) = first_bad_of_failed(items) {
            return Some(bad);
        }
        // A batch of signatures that each hold always holds, so this is not reached. Should the batch library ever break that
        // promise, single checks still give the right answer.
    }
    items.iter().position(|item| !verify_zip215(item))
}

/// Halves a batch that is known to have failed: about as much work again as the batch itself.
fn first_bad_of_failed(mut items: &[SignedItem<'_>]) -> Option<usize> {
    let mut before = 0;
    while items.len() > SINGLES_MAX {
        let (left, right) = items.split_at(items.len() / 2);
        items = if batch_holds(left) {
            // All of the left half hold, so a bad one is in the right half.
            before += left.len();
            right
        } else {
            left
        };
    }
    let bad = items.iter().position(|item| !verify_zip215(item))?;
    Some(before + bad)
}

fn batch_holds(items: &[SignedItem<'_>]) -> bool {
    let mut batch = batch::Verifier::new();
    for item in items {
        let signature = ed25519_zebra::Signature::from_bytes(&item.signature.0);
        let public = VerificationKeyBytes::from(item.public.0);
        batch.queue((public, signature, item.message));
    }
    batch.verify(Coefficients::of(items)).is_ok()
}

/// The coefficients of a batch: the output stream of a hash over all that is in it.
struct Coefficients(blake3::OutputReader);

impl Coefficients {
    fn of(items: &[SignedItem<'_>]) -> Coefficients {
        let mut hasher = blake3::Hasher::new_derive_key("aidledger 2026 coefficients of a batch v1");
        for item in items {
            hasher.update(&item.public.0);
            hasher.update(&item.signature.0);
            hasher.update(&item.binding.0);
        }
        Coefficients(hasher.finalize_xof())
    }
}

impl TryRng for Coefficients {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0u8; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0u8; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Coefficients {}
