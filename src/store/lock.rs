//! One writer at a time: the `lock` file of a ledger folder.
//!
//! Two processes appending to one log would each believe in their own size, and interleave their lines. The operating system
//! holds the lock for as long as the process lives, so a crash never leaves a stale one; the process number inside
//! the file only serves the explanation. Readers take no lock: what they read never changes.
//!
//! Honest limits: the lock is advisory (our own programs respect it; an editor does not), and on some network file systems it
//! does not reach across machines.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Name of the lock file inside the ledger folder.
pub const LOCK_FILE: &str = "lock";

/// The right to write to a ledger folder, given back on drop or when the process ends.
#[derive(Debug)]
pub struct WriterLock {
    file: File,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process (or another part of this one) holds the lock.
    #[error(
        "{holder} is writing to the ledger in {folder}. Only one process may write at a time: \
         wait for it or stop it. Reading needs no lock",
        holder = holder_text(*holder),
        folder = folder.display()
    )]
    Held {
        folder: PathBuf,
        /// Number of the process that holds it, if it had the time to write it down.
        holder: Option<u32>,
    },
    #[error("cannot lock {path}: {cause}", path = path.display())]
    Io { path: PathBuf, cause: io::Error },
}

fn holder_text(holder: Option<u32>) -> String {
    match holder {
        Some(process) if process == std::process::id() => {
            format!("this same process ({process})")
        }
        Some(process) => format!("process {process}"),
        None => "another process".to_owned(),
    }
}

impl WriterLock {
    /// Takes the lock of a ledger folder, or says at once who has it.
    pub fn acquire(folder: &Path) -> Result<WriterLock, LockError> {
        let path = folder.join(LOCK_FILE);
        let io_error = |cause| LockError::Io { path: path.clone(), cause };
        // Not truncated on opening: the number in it belongs to the present holder.
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io_error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { folder: folder.to_owned(), holder: read_holder(&mut file) });
            }
            Err(TryLockError::Error(cause)) => return Err(io_error(cause)),
        }
        file.set_len(0).map_err(io_error)?;
        writeln!(file, "{}", std::process::id()).map_err(io_error)?;
        Ok(WriterLock { file })
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Closing the file unlocks it. The file itself stays: removing it would let a third process lock a new file of
        // that name while a second still holds the old one open. Emptying is a courtesy, so failure is no matter.
        let _ = self.file.set_len(0);
    }
}

fn read_holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    // A process number has at most ten digits; anything may stand in a file that is not ours.
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_writer_is_told_who_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let first = WriterLock::acquire(folder.path()).unwrap();
        let error = WriterLock::acquire(folder.path()).unwrap_err();
        let LockError::Held { holder, .. } = &error else { panic!("{error}") };
        assert_eq!(*holder, Some(std::process::id()));
        let text = error.to_string();
        assert!(text.contains(&format!("({})", std::process::id())), "{text}");
        assert!(text.contains(&folder.path().display().to_string()), "{text}");
        drop(first);
        WriterLock::acquire(folder.path()).unwrap();
    }

    #[test]
    fn a_number_left_by_a_dead_process_does_not_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOCK_FILE);
        std::fs::write(&path, "4294967295\nand more\n").unwrap();
        let _lock = WriterLock::acquire(folder.path()).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
    }

    #[test]
    fn a_missing_folder_is_an_io_error_with_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = WriterLock::acquire(&folder.path().join("none")).unwrap_err();
        assert!(matches!(error, LockError::Io { .. }));
        assert!(error.to_string().contains("none"), "{error}");
    }
}
