//! Views on disk: sled, with the cursor in the same batch as the rows (spec section 8).
//!
//! ```text
//! views/v2/            a sled database; the folder is named by the version of the rows
//!   "cursor"           how many entries the rows hold, 8 bytes big-endian, and the hash of the last of them
//!   "<view>/o/<key>"   a row with a record of its own: its value
//!   "<view>/s/<u32>"   rows that share a record: key TAB value LF, ascending by key
//! ```
//!
//! Nothing here is truth. A database that cannot be opened, is of another version or does not fit the log is thrown away and made
//! again. sled takes few fat records well and many small ones badly, which is why rows share them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::log::entry::EntryHash;
use crate::views::{RowChange, RowSet, Slot, Stored, StoredError, VIEWS_VERSION, ViewName};

const CURSOR: &[u8] = b"cursor";
/// The most memory that sled may use for its cache.
const CACHE_BYTES: u64 = 64 << 20;
/// How many bytes of records go into one batch while rebuilding.
const BATCH_BYTES: usize = 8 << 20;

/// Up to where the stored rows go: a number of entries and the hash of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// How many entries were folded.
    pub size: u64,
    /// The hash of the last.
    pub hash: EntryHash,
}

/// Why the stored views cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// sled allows one process at a time.
    #[error("the stored views are in use by another process")]
    InUse,
    /// They are broken; the log is not.
    #[error(transparent)]
    Stored(#[from] StoredError),
}

/// The stored views.
#[derive(Debug)]
pub struct Index {
    db: sled::Db,
}

impl From<sled::Error> for IndexError {
    fn from(error: sled::Error) -> Self {
        IndexError::Stored(StoredError(error.to_string()))
    }
}

fn folder(views: &Path) -> PathBuf {
    views.join(format!("v{VIEWS_VERSION}"))
}

impl Index {
    /// Opens the stored views below the `views` folder of a ledger, empty if there are none.
    ///
    /// # Errors
    /// [`IndexError::InUse`] after a short wait; the lock of a process that just ended outlives it by a moment.
    pub fn open(views: &Path) -> Result<Index, IndexError> {
        let mut tries = 0;
        loop {
            let opened = sled::Config::new().path(folder(views)).cache_capacity(CACHE_BYTES).flush_every_ms(None).open();
            match opened {
                Ok(db) => return Ok(Index { db }),
                Err(sled::Error::Io(error)) if is_lock(&error) => {
                    tries += 1;
                    if tries > 10 {
                        return Err(IndexError::InUse);
                    }
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Throws the stored views away; the next [`Index::open`] starts empty.
    pub fn remove(views: &Path) -> std::io::Result<()> {
        match std::fs::remove_dir_all(folder(views)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Up to where the rows go; none if nothing was ever stored completely.
    pub fn cursor(&self) -> Result<Option<Cursor>, IndexError> {
        let Some(bytes) = self.db.get(CURSOR)? else { return Ok(None) };
        let (size, hash) = bytes.split_at_checked(8).ok_or_else(|| StoredError("the cursor is cut short".into()))?;
        match (size.try_into(), hash.try_into()) {
            (Ok(size), Ok(hash)) => Ok(Some(Cursor { size: u64::from_be_bytes(size), hash: crate::crypto::Blake3Hash(hash) })),
            _ => Err(StoredError("the cursor is not 40 bytes".into()).into()),
        }
    }

    /// Stores changed rows of all views and the new cursor, all or nothing.
    pub fn update(&self, changes: Vec<(ViewName, RowSet)>, cursor: Cursor) -> Result<(), IndexError> {
        let mut batch = sled::Batch::default();
        for (view, mut rows) in changes {
            rows.sort_by_slot();
            let mut shared: BTreeMap<u32, SharedRows> = BTreeMap::new();
            for row in rows.iter() {
                match row.slot {
                    Slot::Own => batch.insert(own_key(view, row.key()), row.value()),
                    Slot::Shared(place) => {
                        let row = row.to_change();
                        shared.entry(place).or_default().insert(row.key, row.value);
                    }
                }
            }
            for (place, rows) in shared {
                let mut all = match self.db.get(shared_key(view, place))? {
                    Some(record) => parse_shared(&record)?,
                    None => BTreeMap::new(),
                };
                all.extend(rows);
                batch.insert(shared_key(view, place), format_shared(&all));
            }
        }
        batch.insert(CURSOR, cursor_bytes(cursor));
        self.db.apply_batch(batch)?;
        self.db.flush()?;
        Ok(())
    }

    /// Stores all rows of all views into an empty database. Until the last batch there is no cursor, so a rebuild that was cut short
    /// leaves nothing that counts.
    pub fn fill(&self, views: impl Iterator<Item = (ViewName, RowSet)>, cursor: Cursor) -> Result<(), IndexError> {
        let mut filling = Filling { db: &self.db, batch: sled::Batch::default(), waiting_bytes: 0 };
        for (view, mut rows) in views {
            rows.sort_by_slot();
            let mut record: Option<(u32, Vec<u8>)> = None;
            for row in rows.iter() {
                match row.slot {
                    Slot::Own => filling.put(own_key(view, row.key()), row.value().to_vec())?,
                    Slot::Shared(place) => match &mut record {
                        Some((held, lines)) if *held == place => lines.extend_from_slice(row.line),
                        _ => {
                            if let Some((held, lines)) = record.replace((place, row.line.to_vec())) {
                                filling.put(shared_key(view, held), lines)?;
                            }
                        }
                    },
                }
            }
            if let Some((held, lines)) = record {
                filling.put(shared_key(view, held), lines)?;
            }
        }
        let Filling { mut batch, .. } = filling;
        batch.insert(CURSOR, cursor_bytes(cursor));
        self.db.apply_batch(batch)?;
        self.db.flush()?;
        Ok(())
    }

    /// All rows of a view whose keys begin with `prefix`, ascending by key. Reads the whole view.
    pub fn rows(&self, view: ViewName, prefix: &str) -> Result<Vec<RowChange>, IndexError> {
        let mut rows = Vec::new();
        let own = format!("{view}/o/");
        for record in self.db.scan_prefix(format!("{own}{prefix}")) {
            let (key, value) = record?;
            let key = std::str::from_utf8(&key[own.len()..]).map_err(|_| StoredError("a key is not UTF-8".into()))?;
            rows.push(RowChange { slot: Slot::Own, key: key.to_owned(), value: value.to_vec() });
        }
        for record in self.db.scan_prefix(format!("{view}/s/")) {
            let (key, value) = record?;
            let place =
                key.last_chunk::<4>().copied().map(u32::from_be_bytes).ok_or_else(|| StoredError("a shared key is cut short".into()))?;
            let held = parse_shared(&value)?.into_iter().filter(|(key, _)| key.starts_with(prefix));
            rows.extend(held.map(|(key, value)| RowChange { slot: Slot::Shared(place), key, value }));
        }
        rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(rows)
    }

    /// The digest of a view as stored, to compare with a fresh fold.
    pub fn digest(&self, view: ViewName) -> Result<crate::crypto::Blake3Hash, IndexError> {
        let mut rows = RowSet::default();
        let own = format!("{view}/o/");
        for record in self.db.scan_prefix(&own) {
            let (key, value) = record?;
            rows.push(Slot::Own, |out| out.extend_from_slice(&key[own.len()..]), |out| out.extend_from_slice(&value));
        }
        for record in self.db.scan_prefix(format!("{view}/s/")) {
            if !rows.push_lines(Slot::Shared(0), &record?.1) {
                return Err(StoredError("a shared record is broken".into()).into());
            }
        }
        Ok(rows.digest())
    }
}

impl Stored for Index {
    fn row(&self, view: ViewName, slot: Slot, key: &str) -> Result<Option<Vec<u8>>, StoredError> {
        let broken = |error: sled::Error| StoredError(error.to_string());
        match slot {
            Slot::Own => Ok(self.db.get(own_key(view, key.as_bytes())).map_err(broken)?.map(|value| value.to_vec())),
            Slot::Shared(place) => match self.db.get(shared_key(view, place)).map_err(broken)? {
                Some(record) => Ok(parse_shared(&record)?.remove(key)),
                None => Ok(None),
            },
        }
    }
}

/// Records on their way into an empty database, in batches of bounded size.
struct Filling<'a> {
    db: &'a sled::Db,
    batch: sled::Batch,
    waiting_bytes: usize,
}

impl Filling<'_> {
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), IndexError> {
        self.waiting_bytes += key.len() + value.len();
        self.batch.insert(key, value);
        if self.waiting_bytes >= BATCH_BYTES {
            self.db.apply_batch(std::mem::take(&mut self.batch))?;
            self.waiting_bytes = 0;
        }
        Ok(())
    }
}

fn is_lock(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::WouldBlock || error.to_string().contains("could not acquire lock")
}

fn own_key(view: ViewName, key: &[u8]) -> Vec<u8> {
    [view.word().as_bytes(), b"/o/", key].concat()
}

fn shared_key(view: ViewName, place: u32) -> Vec<u8> {
    let mut key = format!("{view}/s/").into_bytes();
    key.extend_from_slice(&place.to_be_bytes());
    key
}

fn cursor_bytes(cursor: Cursor) -> Vec<u8> {
    [cursor.size.to_be_bytes().as_slice(), &cursor.hash.0].concat()
}

type SharedRows = BTreeMap<String, Vec<u8>>;

fn format_shared(rows: &SharedRows) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, value) in rows {
        out.extend_from_slice(key.as_bytes());
        out.push(b'\t');
        out.extend_from_slice(value);
        out.push(b'\n');
    }
    out
}

fn parse_shared(record: &[u8]) -> Result<SharedRows, StoredError> {
    let mut rows = SharedRows::new();
    for line in record.split_inclusive(|&b| b == b'\n') {
        let parsed = line.strip_suffix(b"\n").and_then(|line| {
            let tab = memchr::memchr(b'\t', line)?;
            Some((std::str::from_utf8(&line[..tab]).ok()?.to_owned(), line[tab + 1..].to_vec()))
        });
        let (key, value) = parsed.ok_or_else(|| StoredError("a shared record is broken".into()))?;
        rows.insert(key, value);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Blake3Hash;

    fn change(slot: Slot, key: &str, value: &str) -> RowChange {
        RowChange { slot, key: key.into(), value: value.into() }
    }

    #[test]
    fn rows_and_cursor_come_back_and_filling_equals_updating() {
        let folder = tempfile::tempdir().expect("a folder");
        let cursor = |size| Cursor { size, hash: Blake3Hash::of(b"head") };
        let rows = |value: &str| {
            vec![
                change(Slot::Own, "a/b", value),
                change(Slot::Shared(3), "x", value),
                change(Slot::Shared(3), "y", "{}"),
                change(Slot::Shared(4), "w", "{}"),
            ]
        };
        {
            let index = Index::open(folder.path()).expect("an empty index");
            assert_eq!(index.cursor().expect("no cursor"), None);
            index.update(vec![(ViewName::Lots, rows("1").into())], cursor(1)).expect("it is stored");
            index
                .update(vec![(ViewName::Lots, vec![change(Slot::Shared(3), "x", "2"), change(Slot::Own, "a/b", "2")].into())], cursor(2))
                .expect("stored");
        }
        let index = Index::open(folder.path()).expect("the same index");
        assert_eq!(index.cursor().expect("a cursor"), Some(cursor(2)));
        assert_eq!(index.row(ViewName::Lots, Slot::Shared(3), "x").expect("a row"), Some(b"2".to_vec()));
        assert_eq!(index.row(ViewName::Lots, Slot::Shared(3), "y").expect("a row"), Some(b"{}".to_vec()));
        assert_eq!(index.row(ViewName::Days, Slot::Own, "a/b").expect("no row"), None);
        let keys: Vec<_> = index.rows(ViewName::Lots, "").expect("rows").into_iter().map(|row| row.key).collect();
        assert_eq!(keys, ["a/b", "w", "x", "y"]);

        let other = tempfile::tempdir().expect("a folder");
        let filled = Index::open(other.path()).expect("an empty index");
        filled.fill([(ViewName::Lots, rows("2").into())].into_iter(), cursor(2)).expect("it is filled");
        assert_eq!(filled.digest(ViewName::Lots).expect("a digest"), index.digest(ViewName::Lots).expect("a digest"));
        assert!(matches!(Index::open(other.path()), Err(IndexError::InUse)));
    }
}
