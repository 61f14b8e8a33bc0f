//! Many rows in one buffer: a rebuild makes hundreds of thousands, and an allocation for each key and value would cost more than the rows.

use crate::crypto::Blake3Hash;
use crate::views::table::{RowChange, Slot};

/// Rows as lines of text (key, TAB, value, LF) in one buffer.
#[derive(Debug, Default)]
pub struct RowSet {
    text: Vec<u8>,
    rows: Vec<Place>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// The first bytes of the key, so that sorting seldom looks into the buffer.
    order: u128,
    start: usize,
    key_len_bytes: u32,
    len_bytes: u32,
    slot: Slot,
}

/// A row in the buffer.
#[derive(Debug, Clone, Copy)]
pub struct RowRef<'a> {
    /// Where it is stored.
    pub slot: Slot,
    /// The whole line.
    pub line: &'a [u8],
    key_len_bytes: usize,
}

impl<'a> RowRef<'a> {
    /// The key.
    pub fn key(&self) -> &'a [u8] {
        &self.line[..self.key_len_bytes]
    }
    /// The value.
    pub fn value(&self) -> &'a [u8] {
        &self.line[self.key_len_bytes + 1..self.line.len() - 1]
    }
    /// The row on its own.
    pub fn to_change(&self) -> RowChange {
        RowChange { slot: self.slot, key: String::from_utf8_lossy(self.key()).into_owned(), value: self.value().to_vec() }
    }
}

/// About how long a row is: buffers of the right size need not be moved while they grow.
const ROW_LEN_BYTES_GUESS: usize = 256;

impl RowSet {
    /// An empty set with room for some rows.
    pub fn with_room_for(count: usize) -> RowSet {
        RowSet { text: Vec::with_capacity(count * ROW_LEN_BYTES_GUESS), rows: Vec::with_capacity(count) }
    }

    /// Adds rows that are lines already, as they are stored. False if the bytes are not such lines.
    pub fn push_lines(&mut self, slot: Slot, lines: &[u8]) -> bool {
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            let Some(tab) = memchr::memchr(b'\t', line).filter(|_| line.ends_with(b"\n")) else { return false };
            self.push(slot, |out| out.extend_from_slice(&line[..tab]), |out| out.extend_from_slice(&line[tab + 1..line.len() - 1]));
        }
        true
    }

    /// Adds a row; the closures write its key and its value.
    pub fn push(&mut self, slot: Slot, key: impl FnOnce(&mut Vec<u8>), value: impl FnOnce(&mut Vec<u8>)) {
        let start = self.text.len();
        key(&mut self.text);
        let key_end = self.text.len();
        let mut first = [0u8; 16];
        let common = (key_end - start).min(16);
        first[..common].copy_from_slice(&self.text[start..start + common]);
        self.text.push(b'\t');
        value(&mut self.text);
        self.text.push(b'\n');
        let (key_len_bytes, len_bytes) = ((key_end - start) as u32, (self.text.len() - start) as u32);
        self.rows.push(Place { order: u128::from_be_bytes(first), start, key_len_bytes, len_bytes, slot });
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn row(&self, place: &Place) -> RowRef<'_> {
        let line = &self.text[place.start..place.start + place.len_bytes as usize];
        RowRef { slot: place.slot, line, key_len_bytes: place.key_len_bytes as usize }
    }

    /// The rows as they stand.
    pub fn iter(&self) -> impl Iterator<Item = RowRef<'_>> {
        self.rows.iter().map(|place| self.row(place))
    }

    /// Sorts by key.
    pub fn sort(&mut self) {
        self.sort_with(|_| ());
    }

    /// Sorts by slot, then by key: the order in which rows are stored.
    pub fn sort_by_slot(&mut self) {
        self.sort_with(|place| place.slot);
    }

    fn sort_with<K: Ord>(&mut self, first: impl Fn(&Place) -> K) {
        let text = &self.text;
        let key = |place: &Place| &text[place.start..place.start + place.key_len_bytes as usize];
        self.rows.sort_unstable_by(|a, b| first(a).cmp(&first(b)).then_with(|| a.order.cmp(&b.order)).then_with(|| key(a).cmp(key(b))));
    }

    /// The digest of the rows: BLAKE3 of their lines, ascending by key.
    pub fn digest(mut self) -> Blake3Hash {
        self.sort();
        let mut hasher = blake3::Hasher::new();
        let mut buffer = Vec::with_capacity(1 << 16);
        for row in self.iter() {
            if buffer.len() + row.line.len() > 1 << 16 {
                hasher.update(&buffer);
                buffer.clear();
            }
            buffer.extend_from_slice(row.line);
        }
        hasher.update(&buffer);
        Blake3Hash(*hasher.finalize().as_bytes())
    }
}

impl From<Vec<RowChange>> for RowSet {
    fn from(changes: Vec<RowChange>) -> Self {
        let mut set = RowSet::default();
        for change in changes {
            set.push(change.slot, |out| out.extend_from_slice(change.key.as_bytes()), |out| out.extend_from_slice(&change.value));
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sort_as_their_keys_do_and_hash_as_their_lines() {
        let keys = ["b", "a/b", "a", "a-very-long-key-beyond-sixteen-bytes/2", "a-very-long-key-beyond-sixteen-bytes/1", "a/00000000", "é"];
        let mut set = RowSet::default();
        for (place, key) in keys.iter().enumerate() {
            set.push(Slot::Shared(place as u32 % 2), |out| out.extend_from_slice(key.as_bytes()), |out| out.push(b'0' + place as u8));
        }
        set.sort();
        let mut expected = keys;
        expected.sort_unstable();
        assert_eq!(set.iter().map(|row| row.to_change().key).collect::<Vec<_>>(), expected);
        let text: Vec<u8> = set.iter().flat_map(|row| row.line.to_vec()).collect();
        assert_eq!(set.digest(), Blake3Hash::of(&text));
    }
}
