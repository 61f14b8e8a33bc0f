//! A view's rows in memory: those touched, and whether they changed since they were stored.

use std::fmt;
use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::canonical::lists::{read_list, write_list};
use crate::canonical::{Canonical, Fault, Reader, decode};
use crate::event::values::format_minor;
use crate::rules::State;
use crate::views::ViewName;
use crate::views::rows::RowSet;

/// A row that is new or has a new value. Rows are never taken away: what was, was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// Where it is stored.
    pub slot: Slot,
    /// The key, unique in its view.
    pub key: String,
    /// The value in canonical JSON.
    pub value: Vec<u8>,
}

/// Which stored record holds a row. Small rows that were born together share one, so that stored records are few and fat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// A record of its own.
    Own,
    /// With all rows of things that entries `256 n` to `256 n + 255` made.
    Shared(u32),
}

impl Slot {
    /// The slot of a row about something that an entry made.
    pub fn of_entry(entry: u32) -> Slot {
        Slot::Shared(entry >> 8)
    }
}

/// Rows stored earlier.
pub trait Stored {
    /// The value of a row.
    fn row(&self, view: ViewName, slot: Slot, key: &str) -> Result<Option<Vec<u8>>, StoredError>;
}

/// Why a stored row could not be had. Views can be made again, so the answer is always to rebuild.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored views cannot be read ({0}); make them again from the log with `aidledger rebuild`")]
pub struct StoredError(pub String);

/// A key as the fold holds it: small numbers instead of text.
pub(super) trait Key: Copy + Eq + Hash {
    /// The view it belongs to.
    const VIEW: ViewName;
    /// Appends the key as stored.
    fn write(&self, state: &State, out: &mut Vec<u8>);
    /// Where its row is stored.
    fn slot(&self, state: &State) -> Slot;
    /// For a key that is a place in one of a few arrays: which array, and the place. Looking it up is then a step, not a hash.
    fn dense(&self) -> Option<(usize, usize)> {
        None
    }
}

/// Rows by key.
#[derive(Debug)]
pub(super) struct Table<K, R> {
    rows: Vec<Held<K, R>>,
    /// For keys that are places in arrays: the place of each key's row in `rows`, by dimension; [`NO_ROW`] where there is none.
    dense: Vec<Vec<u32>>,
    /// For other keys.
    by_key: FxHashMap<K, u32>,
    /// Places in `rows`.
    changed: Vec<u32>,
}

#[derive(Debug)]
struct Held<K, R> {
    key: K,
    row: R,
    changed: bool,
}

const NO_ROW: u32 = u32::MAX;

impl<K, R> Default for Table<K, R> {
    fn default() -> Self {
        Table { rows: Vec::new(), dense: Vec::new(), by_key: FxHashMap::default(), changed: Vec::new() }
    }
}

impl<K: Key, R: Canonical> Table<K, R> {
    /// The row to change: from memory, else as stored, else fresh.
    pub fn row(&mut self, key: K, state: &State, stored: Option<&dyn Stored>, fresh: impl FnOnce() -> R) -> Result<&mut R, StoredError> {
        let place = match key.dense() {
            Some((dimension, index)) => {
                self.dense.get(dimension).and_then(|places| places.get(index)).copied().filter(|place| *place != NO_ROW)
            }
            None => self.by_key.get(&key).copied(),
        };
        let place = match place {
            Some(place) => place,
            None => {
                let row = match stored {
                    Some(stored) => load(&key, state, stored)?.unwrap_or_else(fresh),
                    None => fresh(),
                };
                self.hold(key, row)
            }
        };
        let held = &mut self.rows[place as usize];
        if !held.changed {
            held.changed = true;
            self.changed.push(place);
        }
        Ok(&mut held.row)
    }

    fn hold(&mut self, key: K, row: R) -> u32 {
        let place = self.rows.len() as u32;
        self.rows.push(Held { key, row, changed: false });
        match key.dense() {
            Some((dimension, index)) => {
                if self.dense.len() <= dimension {
                    self.dense.resize(dimension + 1, Vec::new());
                }
                let places = &mut self.dense[dimension];
                if places.len() <= index {
                    places.resize(index + 1, NO_ROW);
                }
                places[index] = place;
            }
            None => {
                self.by_key.insert(key, place);
            }
        }
        place
    }

    /// How many rows changed.
    pub fn changed_len(&self) -> usize {
        self.changed.len()
    }

    /// Calls `each` with every changed row and forgets that it changed.
    pub fn take_changed(&mut self, mut each: impl FnMut(&K, &mut R)) {
        for place in std::mem::take(&mut self.changed) {
            let held = &mut self.rows[place as usize];
            held.changed = false;
            each(&held.key, &mut held.row);
        }
    }

    /// The changed rows as they are stored.
    pub fn take_changes(&mut self, state: &State) -> RowSet {
        let mut changes = RowSet::with_room_for(self.changed_len());
        self.take_changed(|key, row| changes.push(key.slot(state), |out| key.write(state, out), |out| row.write(out)));
        changes
    }
}

fn load<K: Key, R: Canonical>(key: &K, state: &State, stored: &dyn Stored) -> Result<Option<R>, StoredError> {
    let mut text = Vec::new();
    key.write(state, &mut text);
    let text = String::from_utf8(text).expect("keys are text");
    match stored.row(K::VIEW, key.slot(state), &text)? {
        None => Ok(None),
        Some(bytes) => decode(&bytes).map(Some).map_err(|fault| StoredError(format!("row {text} of view {}: {fault}", K::VIEW))),
    }
}

/// A list of any length. Lists in events are bounded because strangers write them; those in views are as long as the log makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongList<T>(pub Vec<T>);

impl<T> Default for LongList<T> {
    fn default() -> Self {
        LongList(Vec::new())
    }
}

impl<T: Canonical> Canonical for LongList<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write_list(&self.0, out);
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        // The listing of what nothing concerns yet is empty; nothing else in a document is.
        if reader.take("[]") { Ok(LongList(Vec::new())) } else { read_list(reader, None).map(LongList) }
    }
}

/// A balance: minor units of either sign with the item's decimals. `"-12.50"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// In the smallest unit.
    pub minor: i128,
    /// Digits after the point.
    pub decimals: u8,
}

impl Amount {
    /// Nothing, of an item with these decimals.
    pub fn zero(decimals: u8) -> Amount {
        Amount { minor: 0, decimals }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_minor(self.minor, self.decimals))
    }
}

impl Canonical for Amount {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(format_minor(self.minor, self.decimals).as_bytes());
        out.push(b'"');
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let at = reader.at();
        let text = reader.plain("a balance")?;
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let joined = format!("{whole}{fraction}");
        match joined.parse::<i128>() {
            Ok(minor) if joined.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Amount { minor: if negative { -minor } else { minor }, decimals: fraction.len() as u8 })
            }
            _ => Err(reader.fault_at(at, format!("`{text}` is not a balance"))),
        }
    }
}
