//! Declaring objects and vocabularies.

/// Declares a canonical object: a struct whose members stand in ascending order (checked when compiled).
#[macro_export]
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* $field:ident $(as $wire:literal)? : $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $($(#[$fmeta])* pub $field: $type),* }

        const _: () = $crate::canonical::assert_ascending(&[$($crate::record!(@wire $field $($wire)?)),*]);

        impl $crate::canonical::Canonical for $name {
            #[allow(unused_assignments, unused_mut, unused_variables)]
            fn write(&self, out: &mut Vec<u8>) {
                out.push(b'{');
                let mut first = true;
                $(
                    if !$crate::canonical::Canonical::is_absent(&self.$field) {
                        if !first { out.push(b','); }
                        first = false;
                        out.extend_from_slice(concat!("\"", $crate::record!(@wire $field $($wire)?), "\":").as_bytes());
                        $crate::canonical::Canonical::write(&self.$field, out);
                    }
                )*
                out.push(b'}');
            }
            #[allow(unused_assignments, unused_mut, unused_variables)]
            fn read(reader: &mut $crate::canonical::Reader<'_>) -> Result<Self, $crate::canonical::Fault> {
                reader.expect("{")?;
                let mut first = true;
                $(
                    let quoted = concat!("\"", $crate::record!(@wire $field $($wire)?), "\":");
                    let $field = match <$type as $crate::canonical::Canonical>::absent() {
                        Some(absent) if !reader.member_stands(quoted, first) => absent,
                        _ => {
                            reader.member(quoted, first)?;
                            first = false;
                            <$type as $crate::canonical::Canonical>::read(reader)?
                        }
                    };
                )*
                if first {
                    return Err(reader.fault("expected a member: an object without any is left out instead"));
                }
                reader.object_end()?;
                Ok($name { $($field),* })
            }
        }
    };
    (@wire $field:ident $wire:literal) => { $wire };
    (@wire $field:ident) => { stringify!($field) };
}

/// Declares a closed vocabulary: an enum whose values are words in the document.
#[macro_export]
macro_rules! vocabulary {
    ($(#[$meta:meta])* pub enum $name:ident ($what:literal) { $($(#[$vmeta:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* $variant),* }

        impl $name {
            /// All words, in the order of their declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];
            /// The word in the document.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok($name::$variant),)*
                    _ => Err(format!(concat!("expected ", $what, ", one of {}; found `{}`"), [$($word),*].join(", "), word)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl $crate::canonical::Canonical for $name {
            fn write(&self, out: &mut Vec<u8>) {
                out.push(b'"');
                out.extend_from_slice(self.word().as_bytes());
                out.push(b'"');
            }
            fn read(reader: &mut $crate::canonical::Reader<'_>) -> Result<Self, $crate::canonical::Fault> {
                let at = reader.at();
                let word = reader.plain($what)?;
                word.parse().map_err(|what: String| reader.fault_at(at, what))
            }
        }
    };
}

/// Stops the build when the members of a [`record!`](crate::record) are not in ascending order.
pub const fn assert_ascending(names: &[&str]) {
    let mut i = 1;
    while i < names.len() {
        let (a, b) = (names[i - 1].as_bytes(), names[i].as_bytes());
        let mut j = 0;
        while j < a.len() && j < b.len() && a[j] == b[j] {
            j += 1;
        }
        assert!(j < b.len() && (j == a.len() || a[j] < b[j]), "members must stand in ascending order");
        i += 1;
    }
}
