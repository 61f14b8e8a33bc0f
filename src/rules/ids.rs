//! Event id -> place in the log, for every event there is.
//!
//! The ids stand in one array in log order; the table holds only 4-byte places and compares through the array. That is about
//! 40 bytes an event, so ten million fit in memory; and the table need not be stored, since the array makes it again.

use hashbrown::HashTable;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::event::EventId;

/// All event ids of a log, in order.
#[derive(Debug, Clone, Default)]
pub struct IdIndex {
    ids: Vec<EventId>,
    table: HashTable<u32>,
}

// An id is the output of a hash already, so its first bytes are as good as a hash of it. (Whoever grinds ids that begin alike slows
// their own look-ups: 2^32 hashes for each one that shares a 32-bit prefix.)
fn hash_of(id: &EventId) -> u64 {
    u64::from_le_bytes(id.0.0[..8].try_into().expect("eight bytes"))
}

impl IdIndex {
    /// Adds the id of the next entry.
    pub fn push(&mut self, id: EventId) {
        let place = u32::try_from(self.ids.len()).expect("a log has fewer than 2^32 entries");
        self.ids.push(id);
        let ids = &self.ids;
        self.table.insert_unique(hash_of(&id), place, |&other| hash_of(&ids[other as usize]));
    }

    /// The place of an event.
    pub fn find(&self, id: &EventId) -> Option<u32> {
        self.table.find(hash_of(id), |&place| self.ids[place as usize] == *id).copied()
    }

    /// The id at a place.
    pub fn at(&self, place: u32) -> EventId {
        self.ids[place as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The places of all ids that begin with the hex digits, as git shortens ids; stops after `most`.
    pub fn starting_with(&self, hex_prefix: &str, most: usize) -> Vec<u32> {
        let prefix = hex_prefix.as_bytes();
        let mut found = Vec::new();
        if prefix.len() > 64 {
            return found;
        }
        // Whole bytes are compared as bytes; an odd last digit is compared as text.
        let whole: Vec<u8> = prefix.chunks_exact(2).filter_map(crate::crypto::hex_decode::<1>).map(|b| b[0]).collect();
        if whole.len() != prefix.len() / 2 {
            return found;
        }
        for (place, id) in self.ids.iter().enumerate() {
            if id.0.0.starts_with(&whole) && id.0.to_hex().starts_with(prefix) {
                found.push(place as u32);
                if found.len() == most {
                    break;
                }
            }
        }
        found
    }
}

impl Serialize for IdIndex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.ids.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for IdIndex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ids = Vec::<EventId>::deserialize(deserializer)?;
        let mut table = HashTable::with_capacity(ids.len());
        for (place, id) in ids.iter().enumerate() {
            table.insert_unique(hash_of(id), place as u32, |&other| hash_of(&ids[other as usize]));
        }
        Ok(IdIndex { ids, table })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Blake3Hash;

    #[test]
    fn ids_are_found_whole_and_shortened() {
        let mut index = IdIndex::default();
        let ids: Vec<_> = (0..1000u32).map(|n| EventId(Blake3Hash::of(&n.to_le_bytes()))).collect();
        ids.iter().for_each(|id| index.push(*id));
        let stored = postcard::to_stdvec(&index).expect("it serializes");
        let again: IdIndex = postcard::from_bytes(&stored).expect("what was stored");
        for (place, id) in ids.iter().enumerate() {
            assert_eq!(index.find(id), Some(place as u32));
            assert_eq!(again.find(id), Some(place as u32));
            assert_eq!(index.starting_with(&id.to_string()[..13], 2), [place as u32]);
        }
        assert_eq!(index.find(&EventId::ZERO), None);
        assert_eq!(index.starting_with("", 3).len(), 3);
        assert!(index.starting_with("xyz", 3).is_empty());
    }
}
