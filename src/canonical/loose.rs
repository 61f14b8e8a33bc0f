//! JSON of any spelling, brought into the form.

use std::collections::BTreeMap;
use std::fmt;

use crate::canonical::{Canonical, Fault, write_integer, write_text};

/// Brings JSON as a person or program wrote it (any member order and white space) into canonical bytes,
/// without yet knowing what it should mean. Read the result strictly afterwards.
///
/// # Errors
/// What serde_json says of broken JSON; repeated members, `null` and fractions are refused by name.
pub fn canonicalize(json: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::with_capacity(json.len());
    let value: Loose = serde_json::from_slice(json).map_err(|e| Fault { at: e.column(), what: e.to_string() })?;
    value.write(&mut out);
    Ok(out)
}

/// JSON of any spelling that has a canonical one. Unlike `serde_json::Value` it refuses repeated members.
enum Loose {
    Bool(bool),
    Integer(u64),
    Text(String),
    List(Vec<Loose>),
    Object(BTreeMap<String, Loose>),
}

impl Loose {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Loose::Bool(value) => value.write(out),
            Loose::Integer(value) => write_integer(*value, out),
            Loose::Text(text) => write_text(text, out),
            Loose::List(list) => {
                out.push(b'[');
                for (i, value) in list.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    value.write(out);
                }
                out.push(b']');
            }
            Loose::Object(members) => {
                out.push(b'{');
                for (i, (name, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_text(name, out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

impl<'de> serde::Deserialize<'de> for Loose {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Loose;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object, array, string, boolean or non-negative integer (amounts are written as strings)")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Loose, E> {
                Ok(Loose::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Loose, E> {
                Ok(Loose::Integer(value))
            }
            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Loose, E> {
                if value.contains(char::is_control) {
                    return Err(E::custom("a text has no control characters"));
                }
                Ok(Loose::Text(value.to_owned()))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Loose, A::Error> {
                let mut list = Vec::new();
                while let Some(value) = seq.next_element()? {
                    list.push(value);
                }
                Ok(Loose::List(list))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Loose>()? {
                    if name.contains(char::is_control) {
                        return Err(serde::de::Error::custom("the name of a member has no control characters"));
                    }
                    if members.insert(name.clone(), value).is_some() {
                        return Err(serde::de::Error::custom(format!("member `{name}` stands twice")));
                    }
                }
                Ok(Loose::Object(members))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
