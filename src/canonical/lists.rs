//! Lists in the author's order, and sets in ascending order.

use crate::canonical::{Canonical, Fault, Reader};

/// A list in the author's order, of at least one and at most [`LIST_MAX`] elements.
impl<T: Canonical> Canonical for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write_list(self, out);
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        read_list(reader, Some(LIST_MAX))
    }
}

/// Appends the elements of a list, in brackets.
pub fn write_list<T: Canonical>(list: &[T], out: &mut Vec<u8>) {
    out.push(b'[');
    for (i, value) in list.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        value.write(out);
    }
    out.push(b']');
}

/// Reads a list of at least one element, and of at most `max`.
pub fn read_list<T: Canonical>(reader: &mut Reader<'_>, max: Option<usize>) -> Result<Vec<T>, Fault> {
    let opening = reader.at();
    reader.expect("[")?;
    let mut list = Vec::new();
    loop {
        list.push(T::read(reader)?);
        if reader.take("]") {
            return Ok(list);
        }
        reader.expect(",")?;
        if let Some(max) = max.filter(|max| list.len() == *max) {
            return Err(reader.fault_at(opening, format!("the list has more than {max} elements")));
        }
    }
}

/// The most elements a list or set may have.
pub const LIST_MAX: usize = 256;

/// A set: strictly ascending, so that it has one spelling. Never empty when it stands in a document.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Set<T>(Vec<T>);

impl<T: Ord> Set<T> {
    /// Sorts and keeps one of values that are equal in order.
    pub fn new(mut values: Vec<T>) -> Self {
        values.sort();
        values.dedup_by(|a, b| (*a).cmp(b).is_eq());
        Set(values)
    }
    /// Whether the set has the value.
    pub fn contains(&self, value: &T) -> bool {
        self.0.binary_search(value).is_ok()
    }
    /// The values, ascending.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
    /// The number of values.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a, T> IntoIterator for &'a Set<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Canonical + Ord> Canonical for Set<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let opening = reader.at();
        let list = Vec::<T>::read(reader)?;
        if list.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(reader.fault_at(opening, "expected a set: strictly ascending, none twice"));
        }
        Ok(Set(list))
    }
}
