//! Key files: a signing key at rest, under a passphrase.
//!
//! ```text
//! -----BEGIN ENCRYPTED PRIVATE KEY-----      PKCS#8 (RFC 5958), DER in PEM (RFC 7468)
//! PBES2 (RFC 8018): scrypt N=2^14 r=8 p=1, 16-byte salt; AES-256-CBC, 16-byte initialization vector
//!   -> OneAsymmetricKey, version 1, id-Ed25519, 32-byte seed (RFC 8410)
//! -----END ENCRYPTED PRIVATE KEY-----
//! ```
//!
//! Nothing of our own: `openssl pkey -in FILE -passin file:PASS` reads these files, and files that OpenSSL wrote are read here, so
//! a key outlives this program. That fixes two choices: OpenSSL 3.0 knows only version 1 (without the public key inside) and
//! stops at scrypt N=2^14 with its default memory limit.
//!
//! The format does not authenticate: somebody who can write the file can change the seed without knowing it, and then the
//! passphrase opens another key. Whoever opens a key file compares [`SecretKey::public`] with the key they expect.
//!
//! Our own buffers are wiped. What AES and scrypt leave on the stack is theirs: the libraries wipe it only in builds with features that
//! are not on here. Whoever can read the memory of the process has the key in any case.
//!
//! [`encode`] and [`decode`] are pure; [`write_new`], [`read`] and [`read_private`] at the end are all that touches files. No error
//! carries anything that was in the file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::ALGORITHM_ID;
use pkcs8::der::pem::LineEnding;
use pkcs8::der::{self, Decode, asn1::OctetStringRef};
use pkcs8::pkcs5::{EncryptionScheme, pbes2, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument};
use thiserror::Error;
use zeroize::Zeroizing;

use super::SecretKey;

/// A key file is some 350 bytes; a file larger than this is something else and is not read to its end.
pub const KEY_FILE_BYTES_MAX: usize = 16 * 1024;

const PLAIN: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// Whether a key file is under a passphrase. There is no default: leaving a key open is something one has to say.
#[derive(Clone, Copy)]
pub enum Protection<'a> {
    Passphrase(&'a [u8]),
    None,
}

/// Fresh random bytes for one encryption; never for two.
#[derive(Clone, Copy)]
pub struct SealRandomness {
    pub salt: [u8; 16],
    pub initialization_vector: [u8; 16],
}

/// Why a key file cannot be read or written. Every message ends with what to try.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// Not PEM, cut short, damaged, too large, or PEM of something else.
    #[error(
        "this is not a private key file, or it is damaged; \
         it should hold one block that begins with -----BEGIN ENCRYPTED PRIVATE KEY-----"
    )]
    NotAKeyFile,
    /// A private key in a form other than PKCS#8.
    #[error(
        "this private key is in another format than PKCS#8; \
         try `openssl pkcs8 -topk8 -scrypt -in OLD -out NEW`, or make a new key"
    )]
    OtherFormat,
    /// The public half was given where the private one is needed.
    #[error("this file holds a public key; use the private key file that belongs to it")]
    PublicKeyFile,
    /// A private key, but not for Ed25519.
    #[error(
        "this key is for another algorithm than Ed25519; make a new key, \
         or one with `openssl genpkey -algorithm ed25519 -aes256`"
    )]
    WrongAlgorithm,
    /// The file is encrypted with something that this program does not read, or with limits beyond its own.
    #[error(
        "this key file is encrypted in a way that is not supported (needed: PBES2 with scrypt up to 256 MiB or PBKDF2 with SHA-2 up \
         to 10,000,000 rounds, and AES-CBC); rewrite it with `openssl pkcs8 -topk8 -scrypt -in OLD -out NEW`"
    )]
    UnsupportedEncryption,
    /// Decryption gave no key. A damaged file looks the same.
    #[error("the passphrase does not open this key file; try it again, or use an undamaged copy of the file")]
    WrongPassphrase,
    /// The file is encrypted, and it was opened as one that is not.
    #[error("this key file is encrypted; give its passphrase")]
    PassphraseNeeded,
    /// The file is not encrypted, and that was not asked for.
    #[error(
        "this key file is not encrypted: whoever copies it can sign; \
         encrypt it with `openssl pkcs8 -topk8 -scrypt -in OLD -out NEW`, or allow an unencrypted key explicitly"
    )]
    NotEncrypted,
    /// The public key in the file is not that of the private key.
    #[error("the two halves of this key do not belong together; use an undamaged copy of the file")]
    HalvesDiffer,
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty; choose one of several words")]
    EmptyPassphrase,
    /// Other accounts of this machine may read the file.
    #[error("{} can be read or written by others (mode {mode:03o}); try `chmod 600 {}`", path.display(), path.display())]
    ReadableByOthers { path: PathBuf, mode: u32 },
    /// A key file is never overwritten: the key in it might be the only copy.
    #[error("{} exists already and is never overwritten; choose another name, or move it away first", path.display())]
    Exists { path: PathBuf },
    /// The system refused.
    #[error("cannot {verb} {}: {source}", path.display())]
    Io { verb: &'static str, path: PathBuf, source: io::Error },
}

/// Returns the text of a key file. [`decode`] is the inverse.
///
/// `randomness` is not used without a passphrase.
///
/// # Errors
/// [`KeyFileError::EmptyPassphrase`].
pub fn encode(key: &SecretKey, protection: Protection<'_>, randomness: &SealRandomness) -> Result<Zeroizing<String>, KeyFileError> {
    let plain = plain_document(key);
    let pem = match protection {
        Protection::None => plain.to_pem(PLAIN, LineEnding::LF),
        Protection::Passphrase(b"") => return Err(KeyFileError::EmptyPassphrase),
        Protection::Passphrase(passphrase) => seal(&plain, passphrase, randomness).to_pem(ENCRYPTED, LineEnding::LF),
    };
    Ok(pem.expect("a short DER document can be written as PEM"))
}

/// The private key in RFC 8410 is an octet string within an octet string; this is the head of the inner one, for 32 bytes.
const SEED_HEAD: [u8; 2] = [0x04, 0x20];

/// Written by hand: the ready-made type for this (`KeypairBytes`) wipes its seed only under a feature that cannot be switched on
/// from here.
fn plain_document(key: &SecretKey) -> SecretDocument {
    let mut inner = Zeroizing::new([0u8; 34]);
    inner[..2].copy_from_slice(&SEED_HEAD);
    inner[2..].copy_from_slice(&*key.seed());
    let info = PrivateKeyInfoRef {
        algorithm: ALGORITHM_ID,
        private_key: OctetStringRef::new(&*inner).expect("34 bytes are within the limit"),
        public_key: None, // version 1
    };
    SecretDocument::encode_msg(&info).expect("a short DER document can be written")
}

fn seal(plain: &SecretDocument, passphrase: &[u8], randomness: &SealRandomness) -> SecretDocument {
    let cost = scrypt::Params::new(14, 8, 1).expect("N=2^14 r=8 p=1 are valid");
    let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &randomness.salt, randomness.initialization_vector)
        .expect("a 16-byte salt is within the limit of 32");
    let sealed = scheme.encrypt(passphrase, plain.as_bytes()).expect("any passphrase and any plain text can be encrypted");
    EncryptedPrivateKeyInfoRef {
        encryption_algorithm: scheme.into(),
        encrypted_data: OctetStringRef::new(&sealed).expect("64 bytes are within the limit"),
    }
    .try_into()
    .expect("a short DER document can be written")
}

/// Returns whether the text looks like a key file under a passphrase, so that nobody is asked for one in vain.
pub fn is_encrypted(text: &[u8]) -> bool {
    let begin = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
    text.windows(begin.len()).any(|window| window == begin)
}

/// Reads the text of a key file, of ours or of OpenSSL's.
///
/// # Errors
/// All of [`KeyFileError`] but the last three. A passphrase for a file that is not encrypted is [`KeyFileError::NotEncrypted`].
pub fn decode(text: &[u8], protection: Protection<'_>) -> Result<SecretKey, KeyFileError> {
    if text.len() > KEY_FILE_BYTES_MAX {
        return Err(KeyFileError::NotAKeyFile);
    }
    // A fixed buffer, wiped whatever happens: a decoder that grows its own would leave copies behind.
    let mut buffer = Zeroizing::new([0u8; KEY_FILE_BYTES_MAX]);
    let (label, document) = der::pem::decode(text, &mut buffer[..]).map_err(|_| KeyFileError::NotAKeyFile)?;
    match (label, protection) {
        (PLAIN, Protection::None) => open_plain(document).map_err(|fault| match fault {
            PlainFault::NotDer => KeyFileError::NotAKeyFile,
            PlainFault::Key(error) => error,
        }),
        (PLAIN, Protection::Passphrase(_)) => Err(KeyFileError::NotEncrypted),
        (ENCRYPTED, Protection::None) => Err(KeyFileError::PassphraseNeeded),
        (ENCRYPTED, Protection::Passphrase(b"")) => Err(KeyFileError::EmptyPassphrase),
        (ENCRYPTED, Protection::Passphrase(passphrase)) => open_sealed(document, passphrase),
        ("PUBLIC KEY", _) => Err(KeyFileError::PublicKeyFile),
        (other, _) if other.ends_with(PLAIN) => Err(KeyFileError::OtherFormat),
        _ => Err(KeyFileError::NotAKeyFile),
    }
}

fn open_sealed(document: &[u8], passphrase: &[u8]) -> Result<SecretKey, KeyFileError> {
    let info = EncryptedPrivateKeyInfoRef::from_der(document).map_err(|error| {
        // An algorithm with a name we do not know is reported as such by the DER reader too.
        match error.kind() {
            der::ErrorKind::OidUnknown { .. } => KeyFileError::UnsupportedEncryption,
            _ => KeyFileError::NotAKeyFile,
        }
    })?;
    let EncryptionScheme::Pbes2(scheme) = info.encryption_algorithm else {
        return Err(KeyFileError::UnsupportedEncryption);
    };
    if !affordable(&scheme.kdf) {
        return Err(KeyFileError::UnsupportedEncryption);
    }
    let mut buffer = Zeroizing::new(info.encrypted_data.as_bytes().to_vec());
    let plain = scheme.decrypt_in_place(passphrase, &mut buffer).map_err(|error| match error {
        pkcs8::pkcs5::Error::DecryptFailed => KeyFileError::WrongPassphrase,
        _ => KeyFileError::UnsupportedEncryption,
    })?;
    // One wrong passphrase in some 256 leaves padding that looks right, and garbage before it.
    open_plain(plain).map_err(|fault| match fault {
        PlainFault::NotDer => KeyFileError::WrongPassphrase,
        PlainFault::Key(error) => error,
    })
}

/// Returns whether the file asks for a bearable amount of work. A file from a stranger could ask for all memory and a year.
fn affordable(kdf: &pbes2::Kdf) -> bool {
    match kdf {
        pbes2::Kdf::Scrypt(cost) => {
            let block_bytes = 128 * u128::from(cost.block_size);
            let memory_bytes = block_bytes * u128::from(cost.cost_parameter);
            memory_bytes <= 256 << 20 && cost.parallelization <= 16
        }
        pbes2::Kdf::Pbkdf2(cost) => cost.iteration_count <= 10_000_000,
        _ => false,
    }
}

enum PlainFault {
    NotDer,
    Key(KeyFileError),
}

fn open_plain(document: &[u8]) -> Result<SecretKey, PlainFault> {
    let info = PrivateKeyInfoRef::from_der(document).map_err(|_| PlainFault::NotDer)?;
    if info.algorithm.oid != ALGORITHM_ID.oid {
        return Err(PlainFault::Key(KeyFileError::WrongAlgorithm));
    }
    let seed = info.private_key.as_bytes().strip_prefix(&SEED_HEAD);
    let (Some(seed), None) = (seed, info.algorithm.parameters) else {
        return Err(PlainFault::Key(KeyFileError::NotAKeyFile));
    };
    let seed = seed.try_into().map_err(|_| PlainFault::Key(KeyFileError::NotAKeyFile))?;
    let key = SecretKey::from_seed(seed);
    match info.public_key {
        Some(public) if public.as_bytes() != Some(&key.public().0[..]) => Err(PlainFault::Key(KeyFileError::HalvesDiffer)),
        _ => Ok(key),
    }
}

/// Writes a new key file that only its owner can read, and returns when it is on disk.
///
/// If writing fails, what was written is removed. A crash of the machine in between leaves a file that [`decode`] refuses.
///
/// # Errors
/// [`KeyFileError::Exists`] if there is anything at `path`, else [`KeyFileError::Io`].
pub fn write_new(path: &Path, text: &str) -> Result<(), KeyFileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.into() },
        _ => io_error("create", path, source),
    })?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(source) = written {
        // The first failure is the one to report.
        let _ = std::fs::remove_file(path);
        return Err(io_error("write", path, source));
    }
    sync_folder(path).map_err(|source| io_error("write", path, source))
}

/// Without this a crash may forget the name of a file that is itself on disk.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Reads the text of a key file that nobody but its owner can read.
///
/// # Errors
/// [`KeyFileError::ReadableByOthers`], [`KeyFileError::NotAKeyFile`] if it is too large, [`KeyFileError::Io`].
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    // One byte more than allowed shows that there is more.
    let text = read_private(path, KEY_FILE_BYTES_MAX + 1)?;
    if text.len() > KEY_FILE_BYTES_MAX {
        return Err(KeyFileError::NotAKeyFile);
    }
    Ok(text)
}

/// Reads at most `bytes_max` bytes of a file that holds a secret, into memory that is wiped.
///
/// # Errors
/// [`KeyFileError::ReadableByOthers`], [`KeyFileError::Io`].
pub fn read_private(path: &Path, bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let mut file = File::open(path).map_err(|source| io_error("open", path, source))?;
    refuse_if_shared(&file, path)?;
    // Never grows, so no copy of the secret is left in memory that was given back.
    let mut text = Zeroizing::new(vec![0u8; bytes_max]);
    let mut len_bytes = 0;
    while len_bytes < bytes_max {
        match file.read(&mut text[len_bytes..]) {
            Ok(0) => break,
            Ok(count) => len_bytes += count,
            Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(io_error("read", path, source)),
        }
    }
    text.truncate(len_bytes);
    Ok(text)
}

/// Looks at the open file, not at its name, so that the file looked at is the file read.
#[cfg(unix)]
pub(crate) fn refuse_if_shared(file: &File, path: &Path) -> Result<(), KeyFileError> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata().map_err(|source| io_error("examine", path, source))?;
    if metadata.is_dir() {
        // Everyone may enter most folders; advice to change that would be wrong.
        let source = io::Error::from(io::ErrorKind::IsADirectory);
        return Err(io_error("read", path, source));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::ReadableByOthers { path: path.into(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn refuse_if_shared(_file: &File, _path: &Path) -> Result<(), KeyFileError> {
    Ok(())
}

fn io_error(verb: &'static str, path: &Path, source: io::Error) -> KeyFileError {
    KeyFileError::Io { verb, path: path.into(), source }
}
