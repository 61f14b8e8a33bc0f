//! Checkpoints: the log's signed word for how large it is and what is in it.
//!
//! ```text
//! example.com/behind-the-sofa                      origin: which log
//! 20852163                                         size: entries in the tree
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=     root: of the tree of that size
//! (any further lines)                              extensions: opaque, and discouraged; ours has none
//!
//! — example.com/behind-the-sofa Az3grlgtzPICa5OS…  signatures: of the log, then of witnesses
//! ```
//!
//! A log that signs two checkpoints between which no consistency proof can be made is caught lying: whoever signs must know
//! the last one signed. That is for the store; here a checkpoint is only a value and its one spelling.
//!
//! Specification: c2sp.org/tlog-checkpoint.

use ed25519_dalek::SigningKey;
use thiserror::Error;

use super::tile::parse_decimal;
use super::tree::{TreeHash, empty_root};
use crate::crypto::note::{Algorithm, KeyName, NoteError, NoteText, SignedNote, Vkey};

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckpointError {
    #[error("checkpoint has {found} lines, should have an origin, a size and a root")]
    Lines { found: usize },
    #[error("checkpoint line {line} is empty")]
    EmptyLine { line: usize },
    #[error("checkpoint size {found:?} is not a decimal without leading zeros, up to 2^64 - 1")]
    Size { found: String },
    #[error("checkpoint root {found:?} is not the base64 of 32 bytes")]
    Root { found: String },
    #[error("checkpoint of size 0 has root {found}, the empty tree has {expected}")]
    EmptyRoot { expected: TreeHash, found: TreeHash },
    #[error("checkpoint of origin {found:?}, the key is for {expected}")]
    Origin { expected: KeyName, found: String },
    #[error("key {name} is a witness key (cosignature/v1), not a log key")]
    NotALogKey { name: KeyName },
    #[error("checkpoint origin or extension {found:?} is not one line of text")]
    NotALine { found: String },
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// A tree head: whose, how large, with which root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: TreeHash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// Makes a checkpoint without extension lines.
    pub fn new(origin: impl Into<String>, size: u64, root: TreeHash) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::with_extensions(origin, size, root, Vec::new())
    }

    /// Makes a checkpoint with extension lines, which no monitor can audit.
    pub fn with_extensions(
        origin: impl Into<String>,
        size: u64,
        root: TreeHash,
        extensions: Vec<String>,
    ) -> Result<Checkpoint, CheckpointError> {
        let origin = origin.into();
        for found in std::iter::once(&origin).chain(&extensions) {
            if found.is_empty() || found.bytes().any(|byte| byte < 0x20) {
                return Err(CheckpointError::NotALine { found: found.clone() });
            }
        }
        if size == 0 && root != empty_root() {
            return Err(CheckpointError::EmptyRoot { expected: empty_root(), found: root });
        }
        Ok(Checkpoint { origin, size, root, extensions })
    }

    /// Reads the text of a note. Believe nothing of it before a signature is verified: see [`Checkpoint::open`]. Inverse: [`Checkpoint::text`].
    pub fn parse(text: &NoteText) -> Result<Checkpoint, CheckpointError> {
        let lines: Vec<&str> = text.as_str().split_terminator('\n').collect();
        let [origin, size, root, extensions @ ..] = lines.as_slice() else {
            return Err(CheckpointError::Lines { found: lines.len() });
        };
        if let Some(at) = lines.iter().position(|line| line.is_empty()) {
            return Err(CheckpointError::EmptyLine { line: at + 1 });
        }
        Checkpoint::with_extensions(
            *origin,
            parse_decimal(size).ok_or_else(|| CheckpointError::Size { found: excerpt(size) })?,
            TreeHash::from_base64(root).ok_or_else(|| CheckpointError::Root { found: excerpt(root) })?,
            extensions.iter().map(|line| line.to_string()).collect(),
        )
    }

    /// Writes the text to be signed. Inverse: [`Checkpoint::parse`].
    pub fn text(&self) -> Result<NoteText, CheckpointError> {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64());
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        Ok(NoteText::new(text)?)
    }

    /// Signs as the log: Ed25519 under a key named like the origin. Inverse: [`Checkpoint::open`].
    ///
    /// # Errors
    /// If the origin cannot be a key name: it has a space or a plus sign.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedNote, CheckpointError> {
        let name = KeyName::new(self.origin.as_str())?;
        let text = self.text()?;
        let signature = text.sign(&name, key);
        Ok(SignedNote::new(text, signature)?)
    }

    /// Reads a checkpoint that the log of `vkey` signed; the origin must be the key's name. Inverse: [`Checkpoint::sign`].
    ///
    /// Witnesses are not asked: that takes a [policy](super::policy::Policy).
    pub fn open(note: &SignedNote, vkey: &Vkey) -> Result<Checkpoint, CheckpointError> {
        if vkey.algorithm() != Algorithm::Ed25519 {
            return Err(CheckpointError::NotALogKey { name: vkey.name().clone() });
        }
        note.verify([vkey])?;
        let checkpoint = Checkpoint::parse(note.unverified_text())?;
        if checkpoint.origin != vkey.name().as_str() {
            return Err(CheckpointError::Origin { expected: vkey.name().clone(), found: checkpoint.origin });
        }
        Ok(checkpoint)
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn root(&self) -> &TreeHash {
        &self.root
    }

    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

fn excerpt(line: &str) -> String {
    line.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::leaf_hash;
    use super::*;

    /// The example of c2sp.org/tlog-checkpoint.
    const SOFA: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::parse(&NoteText::new(text)?)
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn vkey(name: &str, seed: u8, algorithm: Algorithm) -> Vkey {
        let name = KeyName::new(name).unwrap();
        Vkey::new(name, algorithm, key(seed).verifying_key()).unwrap()
    }

    #[test]
    fn the_specs_example() {
        let checkpoint = parse(SOFA).unwrap();
        assert_eq!(checkpoint.origin(), "example.com/behind-the-sofa");
        assert_eq!(checkpoint.size(), 20_852_163);
        assert_eq!(checkpoint.root().to_base64(), ROOT);
        assert!(checkpoint.extensions().is_empty());
        assert_eq!(checkpoint.text().unwrap().as_str(), SOFA);
    }

    #[test]
    fn what_parses_comes_back() {
        let empty = empty_root().to_base64();
        for text in [
            format!("o\n0\n{empty}\n"),
            format!("o\n1\n{ROOT}\n"),
            format!("o\n18446744073709551615\n{ROOT}\n"),
            format!("an origin + with spaces é\n7\n{ROOT}\n"),
            format!("o\n7\n{ROOT}\nextension one\n two \n"),
        ] {
            assert_eq!(parse(&text).unwrap().text().unwrap().as_str(), text);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let size = |found: &str| CheckpointError::Size { found: found.into() };
        let root = |found: &str| CheckpointError::Root { found: found.into() };
        let stray = ROOT.replace("2I=", "2J=");
        let cases = [
            ("\n".to_string(), CheckpointError::Lines { found: 1 }),
            ("o\n1\n".into(), CheckpointError::Lines { found: 2 }),
            (format!("\n1\n{ROOT}\n"), CheckpointError::EmptyLine { line: 1 }),
            (format!("o\n\n{ROOT}\n"), CheckpointError::EmptyLine { line: 2 }),
            ("o\n1\n\n".into(), CheckpointError::EmptyLine { line: 3 }),
            (format!("o\n1\n{ROOT}\n\n"), CheckpointError::EmptyLine { line: 4 }),
            (format!("o\n1\n{ROOT}\n\nx\n"), CheckpointError::EmptyLine { line: 4 }),
            (format!("o\n01\n{ROOT}\n"), size("01")),
            (format!("o\n00\n{ROOT}\n"), size("00")),
            (format!("o\n+1\n{ROOT}\n"), size("+1")),
            (format!("o\n-1\n{ROOT}\n"), size("-1")),
            (format!("o\n1 \n{ROOT}\n"), size("1 ")),
            (format!("o\n0x1\n{ROOT}\n"), size("0x1")),
            (format!("o\n١\n{ROOT}\n"), size("١")),
            (format!("o\n18446744073709551616\n{ROOT}\n"), size("18446744073709551616")),
            (format!("o\n1\n{}\n", &ROOT[..43]), root(&ROOT[..43])),
            (format!("o\n1\n{ROOT} \n"), root(&format!("{ROOT} "))),
            (format!("o\n1\n{ROOT}=\n"), root(&format!("{ROOT}="))),
            (format!("o\n1\n{stray}\n"), root(&stray)),
            ("o\n1\nAAAA\n".into(), root("AAAA")),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(&text), Err(expected), "{text:?}");
        }
        assert!(matches!(parse(&format!("o\n0\n{ROOT}\n")), Err(CheckpointError::EmptyRoot { .. })));
        assert!(parse(&format!("o\n1\n{ROOT}")).is_err(), "no last newline");
    }

    #[test]
    fn a_line_break_in_a_name_makes_no_second_line() {
        let root = leaf_hash(b"");
        for origin in ["", "o\n5", "o\r", "\t"] {
            assert!(Checkpoint::new(origin, 1, root).is_err(), "{origin:?}");
        }
        for extension in ["", "x\n", "x\n\n— k AAAAAAA="] {
            let extensions = vec![extension.to_string()];
            assert!(Checkpoint::with_extensions("o", 1, root, extensions).is_err());
        }
    }

    #[test]
    fn signed_and_opened() {
        let checkpoint = Checkpoint::new("log.example/a", 3, leaf_hash(b"")).unwrap();
        let note = checkpoint.sign(&key(1)).unwrap();
        let log = vkey("log.example/a", 1, Algorithm::Ed25519);
        assert_eq!(Checkpoint::open(&note, &log), Ok(checkpoint));

        let open = |note: &SignedNote, vkey: &Vkey| Checkpoint::open(note, vkey).unwrap_err();
        let unknown = CheckpointError::Note(NoteError::NoKnownSignature);
        let stranger = vkey("log.example/a", 2, Algorithm::Ed25519);
        assert_eq!(open(&note, &stranger), unknown);
        let renamed = vkey("log.example/b", 1, Algorithm::Ed25519);
        assert_eq!(open(&note, &renamed), unknown);
        let witness = vkey("log.example/a", 1, Algorithm::CosignatureV1);
        assert!(matches!(open(&note, &witness), CheckpointError::NotALogKey { .. }));

        let grown = note.format().replacen("\n3\n", "\n4\n", 1);
        let grown = SignedNote::parse(grown.as_bytes()).unwrap();
        assert!(matches!(open(&grown, &log), CheckpointError::Note(NoteError::InvalidSignature { .. })));

        // The key of log b signs a checkpoint of log a: true, and still not log a's word.
        let text = note.unverified_text().clone();
        let signature = text.sign(renamed.name(), &key(1));
        let note = SignedNote::new(text, signature).unwrap();
        assert!(matches!(open(&note, &renamed), CheckpointError::Origin { .. }));
    }

    #[test]
    fn an_origin_that_is_no_key_name_cannot_be_signed_for() {
        let checkpoint = Checkpoint::new("two words", 1, leaf_hash(b"")).unwrap();
        assert!(matches!(checkpoint.sign(&key(1)), Err(CheckpointError::Note(NoteError::KeyName { .. }))));
    }
}
