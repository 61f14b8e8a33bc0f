//! The storage seam: [`Disk`], and [`FolderDisk`] which keeps a ledger in a folder of the file system.
//!
//! Everything above it (segments, checkpoint, tiles) is the same code on a real disk and on the simulated one
//! ([`super::sim`]), so crash tests run what the server runs. The seam lies *below* our formats for that reason.
//!
//! Words: a **path** is relative to the ledger folder, its parts joined by `/`; `""` is the ledger folder itself. To
//! **sync** a file is to wait until its bytes would survive a power cut; to **sync a folder** is the same for the names
//! in it. A new file needs both: synced bytes under a name that vanished are lost all the same.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What failed, on which file, and what the system said.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {cause}")]
pub struct DiskError {
    /// What was tried, to be read after "cannot": `append to`, `sync`.
    pub action: &'static str,
    /// The file or folder, as far as it is known (absolute for [`FolderDisk`]).
    pub path: String,
    /// The system's own words.
    pub cause: io::Error,
}

impl DiskError {
    pub fn kind(&self) -> io::ErrorKind {
        self.cause.kind()
    }

    /// True if the file or folder is simply not there.
    pub fn is_not_found(&self) -> bool {
        self.kind() == io::ErrorKind::NotFound
    }

    /// True if the disk is full, or a quota is used up.
    pub fn is_full(&self) -> bool {
        matches!(self.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// A dozen operations on the files of one ledger folder.
///
/// Reading is safe from many threads while one thread writes. A failed [`append`](Disk::append) may have written a part of its bytes.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Reads a whole file. Meant for small ones; the log is read with [`read_at`](Disk::read_at).
    fn read(&self, path: &str) -> Result<Vec<u8>, DiskError>;

    /// Fills `buffer` from byte `offset` on and returns how many bytes there were; fewer than asked means the end of the file.
    fn read_at(&self, path: &str, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError>;

    /// Returns the length of a file in bytes.
    fn len_bytes(&self, path: &str) -> Result<u64, DiskError>;

    /// Returns the names (not paths) in a folder, files and folders alike, sorted.
    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError>;

    fn exists(&self, path: &str) -> Result<bool, DiskError>;

    /// Writes bytes at the end of a file, which is created if it is not there. Durable only after [`sync`](Disk::sync),
    /// and for a new file [`sync_folder`](Disk::sync_folder).
    fn append(&self, path: &str, bytes: &[u8]) -> Result<(), DiskError>;

    /// Cuts a file down to its first `len_bytes` bytes. Durable only after [`sync`](Disk::sync).
    fn truncate(&self, path: &str, len_bytes: u64) -> Result<(), DiskError>;

    /// Waits until the bytes and the length of a file are durable (fdatasync).
    ///
    /// # Errors
    /// After an error nothing may be assumed about the file's unsynced bytes, whatever a later sync says.
    fn sync(&self, path: &str) -> Result<(), DiskError>;

    /// Waits until the names in a folder are durable (fsync of the folder).
    fn sync_folder(&self, folder: &str) -> Result<(), DiskError>;

    /// Gives a file new content so that readers see the old or the new, never a mixture.
    ///
    /// With `durable` the new content is also what a power cut leaves, once this returns. Without, a power cut may leave the
    /// old content, the new, or a beginning of the new.
    fn replace(&self, path: &str, bytes: &[u8], durable: bool) -> Result<(), DiskError>;

    /// Creates a folder and those above it, as needed. Durable after [`sync_folder`](Disk::sync_folder) of the parents.
    fn create_dir_all(&self, folder: &str) -> Result<(), DiskError>;

    /// Removes a file.
    fn remove(&self, path: &str) -> Result<(), DiskError>;
}

/// Refuses paths that could leave the ledger folder. Tile paths come from requests, so this is not a mere formality.
pub(super) fn check_path(path: &str) -> io::Result<()> {
    let plain = path.is_empty() || path.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0', ':']));
    if plain { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain path inside the ledger folder")) }
}

/// The folder part of a path; `""` for a name at the top.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A ledger in a folder of the file system.
///
/// Files are opened with mode 0644: everything here is public by design. Secret keys are written by other code.
#[derive(Debug)]
pub struct FolderDisk {
    root: PathBuf,
    /// Files being appended to. A sync goes through the handle that wrote: Linux reports a failed write-back only to
    /// handles that were open when it failed, so a handle opened for the sync alone could be told "all is well".
    appending: Mutex<HashMap<String, Appending>>,
}

#[derive(Debug)]
struct Appending {
    file: File,
    unsynced: bool,
}

/// Handles kept open for appending; the log needs one, two while it crosses into the next segment.
const APPEND_HANDLES_MAX: usize = 4;

impl FolderDisk {
    /// Takes an existing folder as the ledger folder.
    ///
    /// # Errors
    /// If there is no such folder.
    pub fn open(root: impl Into<PathBuf>) -> Result<FolderDisk, DiskError> {
        let root = root.into();
        let cause = match fs::metadata(&root) {
            Ok(metadata) if metadata.is_dir() => {
                return Ok(FolderDisk { root, appending: Mutex::new(HashMap::new()) });
            }
            Ok(_) => io::Error::from(io::ErrorKind::NotADirectory),
            Err(cause) => cause,
        };
        Err(DiskError { action: "open the ledger folder", path: root.display().to_string(), cause })
    }

    /// The ledger folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Runs one operation on the full path, and adds action and path to its error.
    fn at<T>(&self, action: &'static str, path: &str, operation: impl FnOnce(&Path) -> io::Result<T>) -> Result<T, DiskError> {
        let full = if path.is_empty() { self.root.clone() } else { self.root.join(path) };
        check_path(path).and_then(|()| operation(&full)).map_err(|cause| DiskError { action, path: full.display().to_string(), cause })
    }

    fn appending(&self) -> MutexGuard<'_, HashMap<String, Appending>> {
        // The map holds no half-made state, so a panic elsewhere while it was locked does not spoil it.
        self.appending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for FolderDisk {
    fn read(&self, path: &str) -> Result<Vec<u8>, DiskError> {
        self.at("read", path, |full| fs::read(full))
    }

    fn read_at(&self, path: &str, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        self.at("read", path, |full| {
            let mut file = File::open(full)?;
            io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
            let mut filled = 0;
            while filled < buffer.len() {
                match file.read(&mut buffer[filled..]) {
                    Ok(0) => break,
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(filled)
        })
    }

    fn len_bytes(&self, path: &str) -> Result<u64, DiskError> {
        self.at("read the length of", path, |full| fs::metadata(full).map(|metadata| metadata.len()))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError> {
        self.at("list", folder, |full| {
            let mut names = Vec::new();
            for item in fs::read_dir(full)? {
                // A name that is not UTF-8 is none of ours.
                if let Ok(name) = item?.file_name().into_string() {
                    names.push(name);
                }
            }
            names.sort_unstable();
            Ok(names)
        })
    }

    fn exists(&self, path: &str) -> Result<bool, DiskError> {
        self.at("look for", path, |full| fs::exists(full))
    }

    fn append(&self, path: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut appending = self.appending();
        self.at("append to", path, |full| {
            if !appending.contains_key(path) {
                if appending.len() >= APPEND_HANDLES_MAX {
                    // Only synced files are let go: the others still need their handle for the sync.
                    appending.retain(|_, open| open.unsynced);
                }
                let file = create_options().append(true).open(full)?;
                appending.insert(path.to_owned(), Appending { file, unsynced: false });
            }
            let open = appending.get_mut(path).expect("inserted above if missing");
            open.unsynced = true;
            open.file.write_all(bytes)
        })
    }

    fn truncate(&self, path: &str, len_bytes: u64) -> Result<(), DiskError> {
        self.at("cut off the end of", path, |full| {
            let file = OpenOptions::new().write(true).open(full)?;
            let found = file.metadata()?.len();
            if found < len_bytes {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it has {found} bytes, too few to be cut to {len_bytes}")));
            }
            file.set_len(len_bytes)
        })
    }

    fn sync(&self, path: &str) -> Result<(), DiskError> {
        let mut appending = self.appending();
        self.at("sync", path, |full| match appending.get_mut(path) {
            Some(open) => {
                open.file.sync_data()?;
                open.unsynced = false;
                Ok(())
            }
            None => OpenOptions::new().append(true).open(full)?.sync_data(),
        })
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        self.at("sync folder", folder, sync_folder)
    }

    fn replace(&self, path: &str, bytes: &[u8], durable: bool) -> Result<(), DiskError> {
        self.appending().remove(path); // it would go on writing to the file that loses its name
        self.at("replace", path, |full| {
            let (Some(folder), Some(name)) = (full.parent(), full.file_name()) else {
                return Err(io::Error::from(io::ErrorKind::InvalidInput));
            };
            let mut temporary_name = std::ffi::OsString::from(".");
            temporary_name.push(name);
            temporary_name.push(".new"); // left behind by a crash, it is simply overwritten next time
            let temporary = folder.join(temporary_name);
            let mut file = create_options().write(true).truncate(true).open(&temporary)?;
            let written = file.write_all(bytes).and_then(|()| {
                if durable {
                    file.sync_all()?;
                }
                fs::rename(&temporary, full)
            });
            if let Err(error) = written {
                // The error that counts is the first; a temporary file that stays does no harm.
                let _ = fs::remove_file(&temporary);
                return Err(error);
            }
            if durable { sync_folder(folder) } else { Ok(()) }
        })
    }

    fn create_dir_all(&self, folder: &str) -> Result<(), DiskError> {
        self.at("create folder", folder, |full| fs::create_dir_all(full))
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        self.appending().remove(path);
        self.at("remove", path, |full| fs::remove_file(full))
    }
}

fn create_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    options
}

fn sync_folder(full: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return File::open(full)?.sync_all();
    #[cfg(not(unix))]
    // a folder cannot be opened as a file there; the file system's journal orders names itself
    return fs::metadata(full).map(|_| ());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_disk() -> (tempfile::TempDir, FolderDisk) {
        let folder = tempfile::tempdir().unwrap();
        let disk = FolderDisk::open(folder.path()).unwrap();
        (folder, disk)
    }

    #[test]
    fn what_is_appended_is_read_back() {
        let (_folder, disk) = folder_disk();
        disk.create_dir_all("log").unwrap();
        disk.append("log/a", b"one").unwrap();
        disk.append("log/a", b"two").unwrap();
        disk.sync("log/a").unwrap();
        disk.sync_folder("log").unwrap();
        assert_eq!(disk.read("log/a").unwrap(), b"onetwo");
        assert_eq!(disk.len_bytes("log/a").unwrap(), 6);
        let mut buffer = [0; 8];
        assert_eq!(disk.read_at("log/a", 2, &mut buffer).unwrap(), 4);
        assert_eq!(&buffer[..4], b"etwo");
        assert_eq!(disk.list("log").unwrap(), ["a"]);
        disk.truncate("log/a", 1).unwrap();
        disk.append("log/a", b"!").unwrap();
        assert_eq!(disk.read("log/a").unwrap(), b"o!");
        assert!(disk.truncate("log/a", 3).is_err(), "truncate never grows");
        disk.remove("log/a").unwrap();
        assert!(!disk.exists("log/a").unwrap());
        disk.append("log/a", b"anew").unwrap();
        assert_eq!(disk.read("log/a").unwrap(), b"anew");
    }

    #[test]
    fn replacing_leaves_one_file_and_no_stale_append_handle() {
        let (_folder, disk) = folder_disk();
        disk.append("checkpoint", b"appended").unwrap();
        disk.replace("checkpoint", b"first", false).unwrap();
        disk.replace("checkpoint", b"second", true).unwrap();
        assert_eq!(disk.read("checkpoint").unwrap(), b"second");
        disk.append("checkpoint", b"+").unwrap();
        assert_eq!(disk.read("checkpoint").unwrap(), b"second+");
        assert_eq!(disk.list("").unwrap(), ["checkpoint"]);
    }

    #[test]
    fn many_unsynced_files_keep_their_handles() {
        let (_folder, disk) = folder_disk();
        for name in ["a", "b", "c", "d", "e", "f"] {
            disk.append(name, b"x").unwrap();
        }
        assert_eq!(disk.appending().len(), 6, "none is synced, none is let go");
        for name in ["a", "b", "c", "d", "e", "f"] {
            disk.sync(name).unwrap();
        }
        disk.append("g", b"x").unwrap();
        assert_eq!(disk.appending().len(), 1);
    }

    #[test]
    fn errors_carry_the_path() {
        let (folder, disk) = folder_disk();
        let error = disk.read("log/none").unwrap_err();
        assert!(error.is_not_found());
        let path = folder.path().join("log/none").display().to_string();
        assert!(error.to_string().starts_with(&format!("cannot read {path}: ")), "{error}");
        assert!(FolderDisk::open(folder.path().join("none")).unwrap_err().is_not_found());
    }

    #[test]
    fn paths_cannot_leave_the_folder() {
        let (_folder, disk) = folder_disk();
        for path in ["../x", "/etc/passwd", "a//b", "a/./b", "a/..", "a\\b", "a\0b", "c:x"] {
            let error = disk.read(path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn files_are_readable_by_all_and_writable_by_the_owner_at_most() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, disk) = folder_disk();
        disk.append("appended", b"x").unwrap();
        disk.replace("replaced", b"x", false).unwrap();
        for name in ["appended", "replaced"] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777 & !0o644, 0, "{name} has mode {mode:o}");
        }
    }
}
