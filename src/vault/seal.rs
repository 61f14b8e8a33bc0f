//! Sealing: bytes under a passphrase, and bytes under a key.
//!
//! ```text
//! under a passphrase                                      under a key
//!   magic line     "aidledger-vault/v1\n" or                magic line   "aidledger-blob/v1\n"
//!                  "aidledger-intake/v1\n"                  nonce        24 random bytes
//!   log2 N, r, p   3 bytes: 17, 8, 1                        sealed       content, 16-byte tag
//!   salt           32 random bytes
//!   nonce          24 random bytes, new for every writing
//!   sealed         content, 16-byte tag
//!
//! key    = scrypt(passphrase, salt, N, r, p) -> 32 bytes    RFC 7914
//! sealed = XChaCha20-Poly1305(key, nonce, additional data = every byte before `sealed`)
//! ```
//!
//! Both are RustCrypto's. The additional data holds the magic line and the cost, so a file of one sort cannot be passed off as another, and
//! whoever changes one byte anywhere is seen. N = 2^17 takes 128 MiB and some tenths of a second for each guess. The salt stays with
//! the file and the nonce is random and 24 bytes long, so the key is derived once a run and no nonce comes twice.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use thiserror::Error;
use zeroize::Zeroizing;

use super::secret::SecretBytes;

/// Begins a vault's file.
pub const VAULT_MAGIC: &[u8] = b"aidledger-vault/v1\n";
/// Begins the file in which organizations hand on an intake secret.
pub const INTAKE_MAGIC: &[u8] = b"aidledger-intake/v1\n";
/// Begins a sealed file of evidence.
pub const BLOB_MAGIC: &[u8] = b"aidledger-blob/v1\n";

const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// What a guess at the passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// The binary logarithm of N.
    pub log_n: u8,
    pub r: u8,
    pub p: u8,
}

impl Cost {
    /// 128 MiB a guess.
    pub const STANDARD: Cost = Cost { log_n: 17, r: 8, p: 1 };

    /// A file from a stranger could ask for all memory and a year.
    fn is_bearable(self) -> bool {
        self.r > 0
            && self.p > 0
            && self.p <= 4
            && self.log_n > 0
            && self.log_n <= 22
            && (128 * u64::from(self.r)) << self.log_n <= 512 << 20
    }
}

/// Why sealed bytes do not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealFault {
    /// Not a file of this sort, or not even its head is whole.
    #[error("this is not a file of this sort, or it was cut short")]
    NotSealed,
    /// The head asks for more work than any file of ours.
    #[error("this file asks for more memory than any of ours; it was changed")]
    Unbearable,
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty; choose one of several words")]
    EmptyPassphrase,
    /// The passphrase is another, or a byte was changed: nobody can tell which.
    #[error("the passphrase does not open it; try it again, or use an undamaged copy")]
    DoesNotOpen,
}

/// A key derived from a passphrase, with the head of the file it belongs to.
pub struct Sealer {
    head: Vec<u8>,
    key: SecretBytes,
}

impl Sealer {
    /// Derives the key of a new file; `salt` is fresh and random.
    ///
    /// # Errors
    /// [`SealFault::EmptyPassphrase`], [`SealFault::Unbearable`].
    pub fn new(magic: &[u8], cost: Cost, salt: &[u8; SALT_BYTES], passphrase: &[u8]) -> Result<Sealer, SealFault> {
        if passphrase.is_empty() {
            return Err(SealFault::EmptyPassphrase);
        }
        if !cost.is_bearable() {
            return Err(SealFault::Unbearable);
        }
        let mut key = SecretBytes([0; 32]);
        let params = scrypt::Params::new(cost.log_n, cost.r.into(), cost.p.into()).map_err(|_| SealFault::Unbearable)?;
        scrypt::scrypt(passphrase, salt, &params, &mut key.0).expect("32 bytes are within the limit");
        Ok(Sealer { head: [magic, &[cost.log_n, cost.r, cost.p], salt].concat(), key })
    }

    /// Derives the key of a file that exists.
    ///
    /// # Errors
    /// [`SealFault`], but not that the passphrase is wrong: that shows when it is opened.
    pub fn of(magic: &[u8], file: &[u8], passphrase: &[u8]) -> Result<Sealer, SealFault> {
        let rest =
            file.strip_prefix(magic).filter(|rest| rest.len() >= 3 + SALT_BYTES + NONCE_BYTES + TAG_BYTES).ok_or(SealFault::NotSealed)?;
        let cost = Cost { log_n: rest[0], r: rest[1], p: rest[2] };
        let salt = rest[3..3 + SALT_BYTES].try_into().expect("the length was checked");
        Sealer::new(magic, cost, salt, passphrase)
    }

    /// Whether this is the key of that file: the same salt and cost, so the same passphrase gives the same key.
    pub fn fits(&self, file: &[u8]) -> bool {
        file.starts_with(&self.head)
    }

    /// Seals the content. [`Sealer::open`] is the inverse.
    pub fn seal(&self, nonce: &[u8; NONCE_BYTES], content: &[u8]) -> Vec<u8> {
        seal_after(&self.head, &self.key, nonce, content)
    }

    /// Opens a file that [`Sealer::fits`].
    ///
    /// # Errors
    /// [`SealFault::NotSealed`], [`SealFault::DoesNotOpen`].
    pub fn open(&self, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealFault> {
        open_after(&self.head, &self.key, file)
    }
}

/// Seals a file of evidence under a key of its own.
pub fn seal_blob(key: &SecretBytes, nonce: &[u8; NONCE_BYTES], content: &[u8]) -> Vec<u8> {
    seal_after(BLOB_MAGIC, key, nonce, content)
}

/// Opens what [`seal_blob`] sealed.
///
/// # Errors
/// [`SealFault::NotSealed`], [`SealFault::DoesNotOpen`].
pub fn open_blob(key: &SecretBytes, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealFault> {
    open_after(BLOB_MAGIC, key, file)
}

fn seal_after(head: &[u8], key: &SecretBytes, nonce: &[u8; NONCE_BYTES], content: &[u8]) -> Vec<u8> {
    let head = [head, nonce].concat();
    // Room for all, so that no copy of the content is left in memory that was given back.
    let mut buffer = Vec::with_capacity(content.len() + TAG_BYTES);
    buffer.extend_from_slice(content);
    cipher(key).encrypt_in_place(&XNonce::from(*nonce), &head, &mut buffer).expect("the content is below 256 GiB");
    [head, buffer].concat()
}

fn open_after(head: &[u8], key: &SecretBytes, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealFault> {
    let rest = file.strip_prefix(head).filter(|rest| rest.len() >= NONCE_BYTES + TAG_BYTES).ok_or(SealFault::NotSealed)?;
    let (nonce, sealed) = rest.split_at(NONCE_BYTES);
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().expect("it was split there");
    let mut buffer = Zeroizing::new(sealed.to_vec());
    let before = &file[..head.len() + NONCE_BYTES];
    cipher(key).decrypt_in_place(&XNonce::from(nonce), before, &mut *buffer).map_err(|_| SealFault::DoesNotOpen)?;
    Ok(buffer)
}

fn cipher(key: &SecretBytes) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&key.0.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cheap: nobody guesses at a test.
    const CHEAP: Cost = Cost { log_n: 4, r: 8, p: 1 };

    fn sealed() -> Vec<u8> {
        Sealer::new(VAULT_MAGIC, CHEAP, &[7; 32], b"bread").unwrap().seal(&[9; 24], b"content")
    }

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_only() {
        let file = sealed();
        let sealer = Sealer::of(VAULT_MAGIC, &file, b"bread").unwrap();
        assert_eq!(**sealer.open(&file).unwrap(), *b"content");
        assert!(sealer.fits(&file));
        assert!(!file.windows(7).any(|window| window == b"content"));
        let other = Sealer::of(VAULT_MAGIC, &file, b"salt").unwrap();
        assert_eq!(other.open(&file).unwrap_err(), SealFault::DoesNotOpen);
        assert!(matches!(Sealer::of(VAULT_MAGIC, &file, b""), Err(SealFault::EmptyPassphrase)));
        assert!(matches!(Sealer::of(INTAKE_MAGIC, &file, b"bread"), Err(SealFault::NotSealed)));
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_seen() {
        let file = sealed();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            let opened = Sealer::of(VAULT_MAGIC, &changed, b"bread").and_then(|sealer| sealer.open(&changed));
            assert!(opened.is_err(), "byte {at}");
            let cut = Sealer::of(VAULT_MAGIC, &file[..at], b"bread").and_then(|sealer| sealer.open(&file[..at]));
            assert!(cut.is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_file_that_asks_for_all_memory_is_refused_before_the_work() {
        for (log_n, r, p) in [(63, 8, 1), (20, 255, 1), (17, 8, 200), (0, 8, 1), (17, 0, 1), (17, 8, 0), (255, 255, 255)] {
            let mut file = sealed();
            file[VAULT_MAGIC.len()..VAULT_MAGIC.len() + 3].copy_from_slice(&[log_n, r, p]);
            assert!(matches!(Sealer::of(VAULT_MAGIC, &file, b"bread"), Err(SealFault::Unbearable)), "{log_n} {r} {p}");
        }
    }

    /// The test vector of draft-irtf-cfrg-xchacha-03, A.3.1: the same cipher under the same name as everybody's.
    #[test]
    fn the_cipher_is_that_of_its_specification() {
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let key: [u8; 32] = core::array::from_fn(|place| 0x80 + place as u8);
        let nonce: [u8; 24] = core::array::from_fn(|place| 0x40 + place as u8);
        let mut buffer =
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.".to_vec();
        let head = hex("50515253c0c1c2c3c4c5c6c7");
        cipher(&SecretBytes(key)).encrypt_in_place(&XNonce::from(nonce), &head, &mut buffer).unwrap();
        assert_eq!(buffer[..16], hex("bd6d179d3e83d43b9576579493c0e939"));
        assert_eq!(buffer[buffer.len() - 16..], hex("c0875924c1c7987947deafd8780acf49"));
    }
}
