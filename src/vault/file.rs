//! The vault on disk: opened under a lock, replaced whole, copied, and relieved of a person.
//!
//! A save writes `<vault>.new`, syncs it, renames it over the vault and syncs the folder: the rename is the commit point. A crash before it
//! leaves the old vault and a `.new`, which the next opening sweeps away; a crash after it leaves the new vault.
//!
//! [`Vault::erase`] goes outwards in: backups and sealed files first, the vault last. Cut short anywhere, the vault still knows what is
//! left to do, and erasing again finishes it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use super::content::{Content, ContentFault, Erased, Evidence};
use super::formulas::evidence_commitment;
use super::seal::{self, Cost, SealFault, Sealer, VAULT_MAGIC};
use super::secret::SecretBytes;
use crate::crypto::Blake3Hash;
use crate::crypto::keyfile::{KeyFileError, refuse_if_shared, sync_folder};
use crate::event::{Time, Token};

/// A hundred thousand people are some 100 MiB.
pub const VAULT_BYTES_MAX: u64 = 512 << 20;
/// A file of evidence: a photo, a scan, a short film.
pub const EVIDENCE_BYTES_MAX: u64 = 64 << 20;

/// Why a vault cannot be used. Nothing that is in it is repeated.
#[derive(Debug, Error)]
pub enum VaultError {
    #[error("there is no vault {}", .0.display())]
    Missing(PathBuf),
    #[error("{} exists already and is never written over", .0.display())]
    Exists(PathBuf),
    #[error("{} lies in the ledger's folder {}: a ledger is copied and published, a vault never", vault.display(), ledger.display())]
    InLedger { vault: PathBuf, ledger: PathBuf },
    #[error("another process is using the vault {}", .0.display())]
    Locked(PathBuf),
    #[error("{}: {fault}", path.display())]
    Seal { path: PathBuf, fault: SealFault },
    #[error("{} opens, but what is in it is not a vault's content (a newer program's?)", .0.display())]
    Content(PathBuf),
    #[error(transparent)]
    Fault(#[from] ContentFault),
    #[error("{} has {len_bytes} bytes, and at most {max} are taken", path.display())]
    TooLarge { path: PathBuf, len_bytes: u64, max: u64 },
    #[error("the vault holds no evidence with the commitment {0}")]
    EvidenceUnknown(Blake3Hash),
    #[error("the sealed file {} does not hold what the vault says", .0.display())]
    EvidenceDamaged(PathBuf),
    #[error(transparent)]
    Shared(#[from] KeyFileError),
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    #[error("cannot {verb} {}: {cause}", path.display())]
    Io { verb: &'static str, path: PathBuf, cause: io::Error },
}

/// An open vault; nobody else has it until it is dropped.
pub struct Vault {
    path: PathBuf,
    sealer: Sealer,
    _lock: File,
    /// What it holds. Changes last when [`Vault::save`] returns.
    pub content: Content,
}

/// What an erasure did, and what it could not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Erasure {
    /// What the vault itself held.
    pub erased: Erased,
    /// Backups that held the person and do so no more.
    pub backups_rewritten: Vec<PathBuf>,
    /// Backups on the vault's list that are not there, or do not open: the person may still be in them.
    pub backups_unreached: Vec<PathBuf>,
    /// What else in the vault has the same words in it: a relative with the same phone, a note.
    pub mentions: Vec<String>,
}

/// Random bytes of the system.
///
/// # Errors
/// [`VaultError::Random`].
pub fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| VaultError::Random(error.to_string()))?;
    Ok(bytes)
}

impl Vault {
    /// Makes an empty vault with an intake secret of its own.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn create(path: &Path, passphrase: &[u8], cost: Cost) -> Result<Vault, VaultError> {
        refuse_in_ledger(path)?;
        let lock = lock(path)?;
        if path.exists() {
            return Err(VaultError::Exists(path.into()));
        }
        let seal = |fault| VaultError::Seal { path: path.into(), fault };
        let sealer = Sealer::new(VAULT_MAGIC, cost, &random()?, passphrase).map_err(seal)?;
        let content = Content::new(SecretBytes(random()?));
        let vault = Vault { path: path.into(), sealer, _lock: lock, content };
        vault.save()?;
        Ok(vault)
    }

    /// Opens a vault, and sweeps away what a crash left of a writing.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open(path: &Path, passphrase: &[u8]) -> Result<Vault, VaultError> {
        if !path.exists() {
            return Err(VaultError::Missing(path.into()));
        }
        refuse_in_ledger(path)?;
        let lock = lock(path)?;
        let file = read_private_file(path, VAULT_BYTES_MAX)?;
        let seal = |fault| VaultError::Seal { path: path.into(), fault };
        let sealer = Sealer::of(VAULT_MAGIC, &file, passphrase).map_err(seal)?;
        let content = content_of(&sealer, &file, path)?;
        remove_if_there(&beside(path, ".new"))?;
        Ok(Vault { path: path.into(), sealer, _lock: lock, content })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the vault; when this returns, the content is on disk.
    ///
    /// # Errors
    /// [`VaultError`]; the vault on disk is then the old one or the new one, whole.
    pub fn save(&self) -> Result<(), VaultError> {
        replace(&self.path, &sealed(&self.sealer, &self.content)?)
    }

    /// Copies the vault with its evidence into a folder, and remembers where.
    ///
    /// The list is written first: a copy that nobody knows of could not be reached by an erasure.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn backup(&mut self, folder: &Path, now: Time) -> Result<PathBuf, VaultError> {
        make_private_folder(folder)?;
        let folder = fs::canonicalize(folder).map_err(|cause| io_error("find", folder, cause))?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stamp = now.to_string().replace([':', '-'], "");
        let copy = (1..)
            .map(|number| folder.join(if number == 1 { format!("{name}.{stamp}") } else { format!("{name}.{stamp}-{number}") }))
            .find(|copy| !copy.exists() && !self.content.backups.contains(copy))
            .expect("names do not run out");
        refuse_in_ledger(&copy)?;
        self.content.backups.push(copy.clone());
        self.save()?;
        if !self.content.evidence.is_empty() {
            let blobs = blobs_of(&copy);
            make_private_folder(&blobs)?;
            for evidence in &self.content.evidence {
                let sealed = read_private_file(&blobs_of(&self.path).join(&evidence.blob), EVIDENCE_BYTES_MAX + 1024)?;
                replace(&blobs.join(&evidence.blob), &sealed)?;
            }
        }
        replace(&copy, &read_private_file(&self.path, VAULT_BYTES_MAX)?)?;
        Ok(copy)
    }

    /// Takes every byte of a person out of the vault, the sealed evidence, and the backups that can be reached.
    ///
    /// # Errors
    /// [`VaultError`]; [`ContentFault::HandleUnknown`] if neither the vault nor a backup that can be reached knows the handle.
    pub fn erase(&mut self, handle: &str) -> Result<Erasure, VaultError> {
        let mut erasure = Erasure::default();
        let tokens: Vec<Token> = self
            .content
            .people
            .get(handle)
            .into_iter()
            .flat_map(|person| person.enrolments.iter().map(|enrolment| enrolment.token))
            .collect();
        for copy in &self.content.backups {
            match self.erase_in_backup(copy, handle, &tokens) {
                Ok(true) => erasure.backups_rewritten.push(copy.clone()),
                Ok(false) => {}
                Err(_) => erasure.backups_unreached.push(copy.clone()),
            }
        }
        let words: Vec<Zeroizing<String>> = self.content.people.get(handle).map_or_else(Vec::new, |person| {
            let number = person.number.iter().map(|number| Zeroizing::new(number.as_str().to_owned()));
            number.chain(person.fields.values().cloned()).filter(|word| word.chars().count() >= 5).collect()
        });
        let known = self.content.people.contains_key(handle);
        erasure.erased = self.content.erase(handle, &tokens);
        if !known && erasure.erased == Erased::default() && erasure.backups_rewritten.is_empty() {
            return Err(ContentFault::HandleUnknown.into());
        }
        for blob in &erasure.erased.blobs {
            remove_if_there(&blobs_of(&self.path).join(blob))?;
        }
        self.save()?;
        erasure.mentions = mentions(&self.content, &words);
        Ok(erasure)
    }

    /// Whether the backup held the person.
    fn erase_in_backup(&self, copy: &Path, handle: &str, tokens: &[Token]) -> Result<bool, VaultError> {
        let file = read_private_file(copy, VAULT_BYTES_MAX)?;
        remove_if_there(&beside(copy, ".new"))?;
        let mut content = content_of(&self.sealer, &file, copy)?;
        let known = content.people.contains_key(handle);
        let erased = content.erase(handle, tokens);
        for blob in &erased.blobs {
            remove_if_there(&blobs_of(copy).join(blob))?;
        }
        if !known && erased == Erased::default() {
            return Ok(false);
        }
        replace(copy, &sealed(&self.sealer, &content)?)?;
        Ok(true)
    }

    /// Seals a file beside the vault, enters it and saves; returns the commitment for the ledger.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn seal_evidence(&mut self, bytes: &[u8], name: &str, note: Option<&str>, person: Option<&str>) -> Result<Blake3Hash, VaultError> {
        if let Some(handle) = person {
            self.content.person(handle)?;
        }
        let (salt, key) = (SecretBytes(random()?), SecretBytes(random()?));
        let blob = Token(random()?).to_string();
        let blobs = blobs_of(&self.path);
        make_private_folder(&blobs)?;
        // A crash after this leaves a file whose key is nowhere: noise.
        replace(&blobs.join(&blob), &seal::seal_blob(&key, &random()?, bytes))?;
        let file_hash = Blake3Hash::of(bytes);
        let commitment = evidence_commitment(&salt, &file_hash);
        let text = |text: &str| Zeroizing::new(text.to_owned());
        self.content.evidence.push(Evidence {
            commitment,
            salt,
            file_hash,
            name: text(name),
            len_bytes: bytes.len() as u64,
            blob,
            key,
            note: note.map(text),
            person: person.map(str::to_owned),
        });
        self.save()?;
        Ok(commitment)
    }

    /// The evidence of a commitment, and its file's bytes.
    ///
    /// # Errors
    /// [`VaultError::EvidenceUnknown`], [`VaultError::EvidenceDamaged`], and those of reading.
    pub fn open_evidence(&self, commitment: &Blake3Hash) -> Result<(&Evidence, Zeroizing<Vec<u8>>), VaultError> {
        let evidence = self.content.evidence(commitment).ok_or(VaultError::EvidenceUnknown(*commitment))?;
        let path = blobs_of(&self.path).join(&evidence.blob);
        let bytes = seal::open_blob(&evidence.key, &read_private_file(&path, EVIDENCE_BYTES_MAX + 1024)?)
            .map_err(|_| VaultError::EvidenceDamaged(path.clone()))?;
        if Blake3Hash::of(&bytes) != evidence.file_hash {
            return Err(VaultError::EvidenceDamaged(path));
        }
        Ok((evidence, bytes))
    }
}

/// Where words of an erased person still stand, in terms that do not repeat them.
fn mentions(content: &Content, words: &[Zeroizing<String>]) -> Vec<String> {
    let has = |text: &str| words.iter().any(|word| text.contains(word.as_str()));
    let people = content.people.iter().filter(|(_, person)| person.fields.values().any(|value| has(value)));
    let people = people.map(|(handle, _)| format!("the fields of {handle}"));
    let evidence = content.evidence.iter().filter(|evidence| has(&evidence.name) || evidence.note.as_ref().is_some_and(|note| has(note)));
    people.chain(evidence.map(|evidence| format!("the name or note of evidence {}", evidence.commitment))).collect()
}

fn content_of(sealer: &Sealer, file: &[u8], path: &Path) -> Result<Content, VaultError> {
    let seal = |fault| VaultError::Seal { path: path.into(), fault };
    if !sealer.fits(file) {
        return Err(seal(SealFault::DoesNotOpen));
    }
    serde_json::from_slice(&sealer.open(file).map_err(seal)?).map_err(|_| VaultError::Content(path.into()))
}

fn sealed(sealer: &Sealer, content: &Content) -> Result<Vec<u8>, VaultError> {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // Counted first: a buffer that grows leaves copies of what was in it.
    let mut count = Count(0);
    serde_json::to_writer(&mut count, content).expect("a vault's content is JSON");
    let mut plain = Zeroizing::new(Vec::with_capacity(count.0));
    serde_json::to_writer(&mut *plain, content).expect("a vault's content is JSON");
    Ok(sealer.seal(&random()?, &plain))
}

/// The folder of a vault's sealed evidence.
pub fn blobs_of(vault: &Path) -> PathBuf {
    beside(vault, ".d")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// Refuses a place within a ledger's folder, or within what was exported from one.
///
/// # Errors
/// [`VaultError::InLedger`].
pub fn refuse_in_ledger(path: &Path) -> Result<(), VaultError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let parent = fs::canonicalize(parent).map_err(|cause| io_error("find", parent, cause))?;
    let is_ledger = |folder: &&Path| folder.join("log/00000000.jsonl").exists() || folder.join("checkpoint").is_file();
    match parent.ancestors().find(is_ledger) {
        Some(ledger) => Err(VaultError::InLedger { vault: path.into(), ledger: ledger.into() }),
        None => Ok(()),
    }
}

fn lock(path: &Path) -> Result<File, VaultError> {
    let path_of_lock = beside(path, ".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    private(&mut options);
    let file = options.open(&path_of_lock).map_err(|cause| io_error("lock", &path_of_lock, cause))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(VaultError::Locked(path.into())),
        Err(TryLockError::Error(cause)) => Err(io_error("lock", &path_of_lock, cause)),
    }
}

/// Replaces a file whole, or makes it; only its owner can read it.
///
/// # Errors
/// [`VaultError::Io`].
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let fresh = write_beside(path, bytes)?;
    fs::rename(&fresh, path).map_err(|cause| {
        // The first failure is the one to report.
        let _ = fs::remove_file(&fresh);
        io_error("replace", path, cause)
    })?;
    sync_folder(path).map_err(|cause| io_error("sync the folder of", path, cause))
}

/// Writes a new file that only its owner can read, never over another.
///
/// # Errors
/// [`VaultError::Exists`], [`VaultError::Io`].
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    let mut file = options.open(path).map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => VaultError::Exists(path.into()),
        _ => io_error("create", path, cause),
    })?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| sync_folder(path));
    written.map_err(|cause| {
        let _ = fs::remove_file(path);
        io_error("write", path, cause)
    })
}

/// The first half of [`replace`]: a crash may follow.
fn write_beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, VaultError> {
    let fresh = beside(path, ".new");
    remove_if_there(&fresh)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    let mut file = options.open(&fresh).map_err(|cause| io_error("create", &fresh, cause))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(cause) = written {
        let _ = fs::remove_file(&fresh);
        return Err(io_error("write", &fresh, cause));
    }
    Ok(fresh)
}

fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Makes a folder that only its owner can enter.
///
/// # Errors
/// [`VaultError::Io`].
pub fn make_private_folder(folder: &Path) -> Result<(), VaultError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|cause| io_error("make", folder, cause))
}

fn remove_if_there(path: &Path) -> Result<(), VaultError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(io_error("remove", path, cause)),
        _ => Ok(()),
    }
}

/// Reads a sealed file that nobody but its owner can read.
fn read_private_file(path: &Path, max: u64) -> Result<Vec<u8>, VaultError> {
    let file = File::open(path).map_err(|cause| io_error("open", path, cause))?;
    refuse_if_shared(&file, path)?;
    read_at_most(file, path, max)
}

/// Reads a whole file, unless it is larger.
///
/// # Errors
/// [`VaultError::TooLarge`], [`VaultError::Io`].
pub fn read_at_most(file: File, path: &Path, max: u64) -> Result<Vec<u8>, VaultError> {
    let len_bytes = file.metadata().map_err(|cause| io_error("examine", path, cause))?.len();
    // Room for all at once, so that nothing of it stays behind in memory that was given back.
    let mut bytes = Vec::with_capacity(len_bytes.min(max) as usize + 1);
    file.take(max + 1).read_to_end(&mut bytes).map_err(|cause| io_error("read", path, cause))?;
    match bytes.len() as u64 > max {
        true => Err(VaultError::TooLarge { path: path.into(), len_bytes: len_bytes.max(max + 1), max }),
        false => Ok(bytes),
    }
}

fn io_error(verb: &'static str, path: &Path, cause: io::Error) -> VaultError {
    VaultError::Io { verb, path: path.into(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { log_n: 4, r: 8, p: 1 };

    #[test]
    fn a_writing_that_never_got_its_name_changes_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("people.vault");
        let mut vault = Vault::create(&path, b"bread", CHEAP).unwrap();
        vault.content.put_person("k-1", "name: First", false).unwrap();
        vault.save().unwrap();
        // Killed after the writing and before the rename: whole, and half.
        vault.content.put_person("k-2", "name: Second", false).unwrap();
        let second = sealed(&vault.sealer, &vault.content).unwrap();
        for bytes in [&second[..], &second[..second.len() / 2], b""] {
            write_beside(&path, bytes).unwrap();
            drop(vault);
            vault = Vault::open(&path, b"bread").unwrap();
            assert_eq!(vault.content.people.keys().collect::<Vec<_>>(), ["k-1"]);
            assert!(!beside(&path, ".new").exists());
        }
    }

    #[test]
    fn a_rename_that_fails_leaves_the_old_vault() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("taken");
        // Nothing can be renamed over a folder that is not empty.
        fs::create_dir_all(path.join("full")).unwrap();
        assert!(matches!(replace(&path, b"new"), Err(VaultError::Io { verb: "replace", .. })));
        assert!(path.join("full").exists() && !beside(&path, ".new").exists());
    }

    #[test]
    fn one_process_at_a_time() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("people.vault");
        let vault = Vault::create(&path, b"bread", CHEAP).unwrap();
        assert!(matches!(Vault::open(&path, b"bread"), Err(VaultError::Locked(_))));
        assert!(matches!(Vault::create(&path, b"bread", CHEAP), Err(VaultError::Locked(_))));
        drop(vault);
        assert!(matches!(Vault::create(&path, b"bread", CHEAP), Err(VaultError::Exists(_))));
        Vault::open(&path, b"bread").unwrap();
    }
}
