//! Text that people read.

use std::collections::BTreeMap;

use crate::canonical::{Canonical, Fault, Reader, write_text};

/// Text that people read, by language tag (`kk`, `ru`, `en`, …); at least one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Names(BTreeMap<String, String>);

/// The longest text of a name, in bytes.
pub const NAME_LEN_BYTES_MAX: usize = 1024;

impl Names {
    /// A name in one language.
    pub fn one(language: &str, text: &str) -> Self {
        Names(BTreeMap::from([(language.to_owned(), text.to_owned())]))
    }
    /// Names from (language, text) pairs.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Names(pairs.into_iter().map(|(l, t)| (l.to_owned(), t.to_owned())).collect())
    }
    /// The text in the language, else in English, else the first there is.
    pub fn best(&self, language: &str) -> &str {
        self.0.get(language).or_else(|| self.0.get("en")).or_else(|| self.0.values().next()).map_or("", String::as_str)
    }
    /// The (language, text) pairs, by language.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(l, t)| (l.as_str(), t.as_str()))
    }
}

impl Canonical for Names {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (i, (language, text)) in self.0.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            write_text(language, out);
            out.push(b':');
            write_text(text, out);
        }
        out.push(b'}');
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        reader.expect("{")?;
        let mut names = BTreeMap::new();
        loop {
            let at = reader.at();
            let language = reader.plain("a language tag")?;
            if !(2..=3).contains(&language.len()) || !language.bytes().all(|b| b.is_ascii_lowercase()) {
                return Err(reader.fault_at(at, "expected a language tag of two or three lower-case letters"));
            }
            if names.last_key_value().is_some_and(|(last, _): (&String, &String)| last.as_str() >= language) {
                return Err(reader.fault_at(at, "language tags stand in ascending order, none twice"));
            }
            reader.expect(":")?;
            let at = reader.at();
            let text = reader.text(NAME_LEN_BYTES_MAX)?;
            if text.trim().is_empty() {
                return Err(reader.fault_at(at, "a name must not be empty"));
            }
            names.insert(language.to_owned(), text);
            if reader.take("}") {
                return Ok(Names(names));
            }
            reader.expect(",")?;
        }
    }
}

/// A name in one unnamed language, of at most [`NAME_LEN_BYTES_MAX`] bytes and not blank: how a donor organization writes itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Text(pub String);

impl Canonical for Text {
    fn write(&self, out: &mut Vec<u8>) {
        write_text(&self.0, out);
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let at = reader.at();
        let text = reader.text(NAME_LEN_BYTES_MAX)?;
        if text.trim().is_empty() {
            return Err(reader.fault_at(at, "a text must not be empty"));
        }
        Ok(Text(text))
    }
}
