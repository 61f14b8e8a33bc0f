//! Signed notes: a text that people can read, with the signatures of any number of keys below it.
//!
//! ```text
//! example.com/ledger                                       \
//! 15                                                        | text, ends in a newline
//! rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=             /
//!                                                          the LAST empty line of the note
//! — example.com/ledger M9e0luh4jTG+UMBqOUo9/q+yAEvx…       one line a signature:
//! — witness.example/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiI…       — name base64(key ID, signature)
//! ```
//!
//! Words: a **vkey** is a verifier key as text, `name+key ID+base64(algorithm, public key)`. The **key ID** is
//! `SHA-256(name, 0x0A, algorithm, public key)[:4]`, a label to find the key by and no more. A **cosignature** is
//! a witness's signature (algorithm 0x04): it says when, and signs `cosignature/v1\ntime T\n` followed by the text.
//!
//! One note has one spelling here: base64 with stray bits, a key ID in capitals or a missing last newline is refused,
//! so `format` gives back byte for byte what `parse` took. Signatures are checked with dalek's `verify_strict`, under keys
//! that are neither weak nor torsioned, so that every other Ed25519 library agrees with the answer.
//!
//! Specifications: c2sp.org/signed-note, c2sp.org/tlog-cosignature. ECDSA and ML-DSA-44 keys are not supported: their
//! signature lines are kept and ignored like any unknown signature, their vkeys are refused.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The longest note that is read or made, in bytes. Room for 128 post-quantum signatures of 5 kB each.
pub const NOTE_BYTES_MAX: usize = 1 << 20;

/// The most signatures a note may carry. The specification asks for 16; a policy of ours may name 64 witnesses and 64 logs.
pub const SIGNATURES_MAX: usize = 128;

/// The last second a cosignature may name: 2^63 - 1.
pub const TIMESTAMP_MAX: u64 = i64::MAX as u64;

/// What is wrong with a note, a key or a signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteError {
    #[error("note of {found} bytes, at most {max} are read")]
    TooLong { found: usize, max: usize },
    #[error("note is not UTF-8 from byte {at}")]
    NotUtf8 { at: usize },
    #[error("note has control character 0x{found:02x} at byte {at}; only newline is allowed")]
    ControlCharacter { at: usize, found: u8 },
    #[error("note text must end in a newline")]
    TextNotTerminated,
    #[error("note has no empty line between its text and its signatures")]
    NoSeparator,
    #[error("note has no signature line")]
    NoSignatureLine,
    #[error("last signature line must end in a newline")]
    SignaturesNotTerminated,
    #[error("signature line {line}: {problem}")]
    SignatureLine { line: usize, problem: &'static str },
    #[error("note with more than {max} signatures")]
    TooManySignatures { max: usize },
    #[error("key name {name:?}: {problem}")]
    KeyName { name: String, problem: &'static str },
    #[error("verifier key: {problem}")]
    Vkey { problem: &'static str },
    #[error("verifier key of algorithm 0x{found:02x}; supported are 0x01 (Ed25519) and 0x04 (cosignature/v1)")]
    Algorithm { found: u8 },
    #[error("verifier key says key ID {found}, but its name and public key make {expected}")]
    KeyId { expected: KeyId, found: KeyId },
    #[error("public key is weak or torsioned: other libraries would disagree about its signatures")]
    WeakKey,
    #[error("two known keys are both called {name} {key_id}")]
    AmbiguousKey { name: KeyName, key_id: KeyId },
    #[error("signature of known key {name} {key_id} does not verify")]
    InvalidSignature { name: KeyName, key_id: KeyId },
    #[error("note has no signature of a known key")]
    NoKnownSignature,
    #[error("cosignature time {found} is beyond 2^63 - 1")]
    Timestamp { found: u64 },
}

/// The text of a note: UTF-8, no control characters but newline, newline at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteText(String);

impl NoteText {
    /// Takes a text that a note may carry.
    pub fn new(text: impl Into<String>) -> Result<NoteText, NoteError> {
        let text = text.into();
        check_characters(text.as_bytes())?;
        if !text.ends_with('\n') {
            return Err(NoteError::TextNotTerminated);
        }
        Ok(NoteText(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Signs the text with algorithm 0x01: Ed25519 over its bytes. [`SignedNote::verify`] is the inverse.
    pub fn sign(&self, name: &KeyName, key: &SigningKey) -> NoteSignature {
        let signature = key.sign(self.0.as_bytes());
        let public = key.verifying_key();
        NoteSignature { name: name.clone(), key_id: KeyId::of(name, Algorithm::Ed25519, &public), signature: signature.to_bytes().to_vec() }
    }

    /// Signs the text, a checkpoint, with algorithm 0x04, as seen at `timestamp` (seconds since 1970).
    ///
    /// The signature's bytes are `timestamp (u64, big-endian) || Ed25519(cosignature message)`.
    pub fn cosign(&self, name: &KeyName, key: &SigningKey, timestamp: u64) -> Result<NoteSignature, NoteError> {
        if timestamp > TIMESTAMP_MAX {
            return Err(NoteError::Timestamp { found: timestamp });
        }
        let signature = key.sign(&self.cosignature_message(timestamp));
        let mut bytes = timestamp.to_be_bytes().to_vec();
        bytes.extend_from_slice(&signature.to_bytes());
        Ok(NoteSignature { name: name.clone(), key_id: KeyId::of(name, Algorithm::CosignatureV1, &key.verifying_key()), signature: bytes })
    }

    /// Returns what a witness signs: `cosignature/v1\n`, `time <timestamp>\n`, and the text.
    ///
    /// No checkpoint can be mistaken for it: its second line would have to be a number.
    pub fn cosignature_message(&self, timestamp: u64) -> Vec<u8> {
        format!("cosignature/v1\ntime {timestamp}\n{}", self.0).into_bytes()
    }
}

/// A text and its signatures. That it parsed says nothing of their truth: see [`SignedNote::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: NoteText,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// Joins a text and its first signature; a note has at least one.
    pub fn new(text: NoteText, first: NoteSignature) -> Result<SignedNote, NoteError> {
        let mut note = SignedNote { text, signatures: Vec::with_capacity(1) };
        note.add(first)?;
        Ok(note)
    }

    /// Adds a signature below those already there, within the limits that `parse` sets.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() >= SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures { max: SIGNATURES_MAX });
        }
        self.signatures.push(signature);
        let found = self.format().len();
        if found > NOTE_BYTES_MAX {
            self.signatures.pop();
            return Err(NoteError::TooLong { found, max: NOTE_BYTES_MAX });
        }
        Ok(())
    }

    /// Reads a note. Inverse: [`SignedNote::format`].
    pub fn parse(bytes: &[u8]) -> Result<SignedNote, NoteError> {
        check_characters(bytes)?;
        let note = std::str::from_utf8(bytes).map_err(|error| NoteError::NotUtf8 { at: error.valid_up_to() })?;
        let separator = note.rfind("\n\n").ok_or(NoteError::NoSeparator)?;
        let (text, below) = note.split_at(separator + 1);
        let lines = &below[1..];
        if lines.is_empty() {
            return Err(NoteError::NoSignatureLine);
        }
        let lines = lines.strip_suffix('\n').ok_or(NoteError::SignaturesNotTerminated)?;
        let mut signatures = Vec::new();
        for (at, line) in lines.split('\n').enumerate() {
            if signatures.len() >= SIGNATURES_MAX {
                return Err(NoteError::TooManySignatures { max: SIGNATURES_MAX });
            }
            let signature = NoteSignature::parse_line(line).map_err(|problem| NoteError::SignatureLine { line: at + 1, problem })?;
            signatures.push(signature);
        }
        Ok(SignedNote { text: NoteText::new(text)?, signatures })
    }

    /// Writes the note. Inverse: [`SignedNote::parse`].
    pub fn format(&self) -> String {
        let mut note = format!("{}\n", self.text.0);
        for signature in &self.signatures {
            note.push_str(&signature.to_string());
            note.push('\n');
        }
        note
    }

    /// Returns the text, which must be ignored until a signature on it is known to be good.
    pub fn unverified_text(&self) -> &NoteText {
        &self.text
    }

    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Checks the signatures of the keys we know, and returns who signed, in the order of the note.
    ///
    /// Signatures of other keys are ignored, also when they share a name or an ID with a known key, but not both. A key may
    /// appear more than once (a witness that cosigned twice); whoever counts signers counts keys, not lines.
    ///
    /// # Errors
    /// A bad signature of a known key condemns the whole note, and so does a note without any known signature.
    pub fn verify<'k>(&self, known: impl IntoIterator<Item = &'k Vkey>) -> Result<Vec<Verified<'k>>, NoteError> {
        let known: Vec<&Vkey> = known.into_iter().collect();
        let mut verified = Vec::new();
        for signature in &self.signatures {
            let mut matching = known.iter().filter(|vkey| vkey.name == signature.name && vkey.key_id == signature.key_id);
            let Some(vkey) = matching.next() else {
                continue;
            };
            // Two keys of one name and ID: which of them the line means cannot be told, so nothing is guessed.
            if matching.any(|other| other != vkey) {
                return Err(NoteError::AmbiguousKey { name: vkey.name.clone(), key_id: vkey.key_id });
            }
            verified.push(vkey.verify(&self.text, signature)?);
        }
        if verified.is_empty() {
            return Err(NoteError::NoKnownSignature);
        }
        Ok(verified)
    }
}

/// A signature that was checked: by which key, and for cosignatures, when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'k> {
    pub vkey: &'k Vkey,
    /// Seconds since 1970; none for a plain Ed25519 signature.
    pub timestamp: Option<u64>,
}

/// One signature line: `— name base64(key ID || signature)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: KeyName,
    key_id: KeyId,
    signature: Vec<u8>,
}

impl NoteSignature {
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Reads one signature line without its newline, as a witness returns it. Inverse: `to_string`.
    pub fn parse(line: &str) -> Result<NoteSignature, NoteError> {
        check_characters(line.as_bytes())?;
        NoteSignature::parse_line(line).map_err(|problem| NoteError::SignatureLine { line: 1, problem })
    }

    fn parse_line(line: &str) -> Result<NoteSignature, &'static str> {
        let rest = line.strip_prefix("— ").ok_or("does not start with — and a space")?;
        let (name, encoded) = rest.split_once(' ').ok_or("has no space after the key name")?;
        let name = KeyName::new(name).map_err(|_| "is not of the form — name base64")?;
        let bytes = BASE64.decode(encoded.as_bytes()).map_err(|_| "signature is not standard base64")?;
        match bytes.split_first_chunk::<4>() {
            Some((key_id, signature)) if !signature.is_empty() => {
                Ok(NoteSignature { name, key_id: KeyId(*key_id), signature: signature.to_vec() })
            }
            _ => Err("signature is shorter than a key ID and one byte"),
        }
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.0[..], &self.signature].concat();
        write!(f, "— {} {}", self.name, BASE64.encode(&bytes))
    }
}

/// The name of a key, by custom a URL without its scheme. No spaces of any alphabet, no `+`, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(String);

impl KeyName {
    pub fn new(name: impl Into<String>) -> Result<KeyName, NoteError> {
        let name = name.into();
        let problem = if name.is_empty() {
            "is empty"
        } else if name.contains(char::is_whitespace) {
            "has a space"
        } else if name.contains('+') {
            "has a plus sign"
        } else if name.bytes().any(|byte| byte < 0x20) {
            "has a control character"
        } else {
            return Ok(KeyName(name));
        };
        Err(NoteError::KeyName { name, problem })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Four bytes by which a signature line names its key: `SHA-256(name, 0x0A, algorithm, public key)[:4]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 4]);

impl KeyId {
    fn of(name: &KeyName, algorithm: Algorithm, public: &VerifyingKey) -> KeyId {
        let hash = Sha256::new()
            .chain_update(name.0.as_bytes())
            .chain_update([b'\n', algorithm.byte()])
            .chain_update(public.as_bytes())
            .finalize();
        KeyId([hash[0], hash[1], hash[2], hash[3]])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// What a key signs, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// 0x01: Ed25519 over the text. Logs sign checkpoints with it.
    Ed25519,
    /// 0x04: a time, and Ed25519 over time and text. Witnesses sign with it.
    CosignatureV1,
}

impl Algorithm {
    /// Returns the signature type identifier byte.
    pub fn byte(self) -> u8 {
        match self {
            Algorithm::Ed25519 => 0x01,
            Algorithm::CosignatureV1 => 0x04,
        }
    }
}

/// A verifier key: everything needed to recognise and check one signer's lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vkey {
    name: KeyName,
    key_id: KeyId,
    algorithm: Algorithm,
    public: VerifyingKey,
}

impl Vkey {
    /// Makes the verifier key of a public key.
    ///
    /// # Errors
    /// [`NoteError::WeakKey`] for keys under which a signature can be valid for one library and invalid for another.
    pub fn new(name: KeyName, algorithm: Algorithm, public: VerifyingKey) -> Result<Vkey, NoteError> {
        if public.is_weak() || !public.to_edwards().is_torsion_free() {
            return Err(NoteError::WeakKey);
        }
        Ok(Vkey { key_id: KeyId::of(&name, algorithm, &public), name, algorithm, public })
    }

    /// Reads `name+key ID+base64(algorithm || public key)`. Inverse: `to_string`.
    pub fn parse(text: &str) -> Result<Vkey, NoteError> {
        let problem = |problem| NoteError::Vkey { problem };
        // Base64 may hold plus signs of its own, so only the first two divide.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(key_id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(problem("is not of the form name+ID+key"));
        };
        let name = KeyName::new(name)?;
        let key_id = HEXLOWER
            .decode(key_id.as_bytes())
            .ok()
            .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok())
            .map(KeyId)
            .ok_or(problem("key ID is not 8 lower-case hex digits"))?;
        let bytes = BASE64.decode(encoded.as_bytes()).map_err(|_| problem("key is not standard base64"))?;
        let (algorithm, public) = bytes.split_first().ok_or(problem("key is empty"))?;
        let algorithm = match algorithm {
            0x01 => Algorithm::Ed25519,
            0x04 => Algorithm::CosignatureV1,
            &found => return Err(NoteError::Algorithm { found }),
        };
        let public = <&[u8; 32]>::try_from(public).map_err(|_| problem("Ed25519 public key is not 32 bytes"))?;
        let public = VerifyingKey::from_bytes(public).map_err(|_| problem("Ed25519 public key is not a point of the curve"))?;
        let vkey = Vkey::new(name, algorithm, public)?;
        if vkey.key_id != key_id {
            return Err(NoteError::KeyId { expected: vkey.key_id, found: key_id });
        }
        Ok(vkey)
    }

    pub fn name(&self) -> &KeyName {
        &self.name
    }

    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn public_key(&self) -> &VerifyingKey {
        &self.public
    }

    fn verify(&self, text: &NoteText, line: &NoteSignature) -> Result<Verified<'_>, NoteError> {
        let invalid = || NoteError::InvalidSignature { name: self.name.clone(), key_id: self.key_id };
        let bytes = line.signature.as_slice();
        let (timestamp, signature) = match self.algorithm {
            Algorithm::Ed25519 => (None, bytes),
            Algorithm::CosignatureV1 => {
                let (time, signature) = bytes.split_first_chunk::<8>().ok_or_else(invalid)?;
                (Some(u64::from_be_bytes(*time)), signature)
            }
        };
        if let Some(found) = timestamp.filter(|&time| time > TIMESTAMP_MAX) {
            return Err(NoteError::Timestamp { found });
        }
        let signature = Signature::from_slice(signature).map_err(|_| invalid())?;
        let valid = match timestamp {
            None => self.public.verify_strict(text.0.as_bytes(), &signature),
            Some(time) => self.public.verify_strict(&text.cosignature_message(time), &signature),
        };
        valid.map_err(|_| invalid())?;
        Ok(Verified { vkey: self, timestamp })
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.algorithm.byte()][..], self.public.as_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, self.key_id, BASE64.encode(&bytes))
    }
}

fn check_characters(bytes: &[u8]) -> Result<(), NoteError> {
    if bytes.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLong { found: bytes.len(), max: NOTE_BYTES_MAX });
    }
    match bytes.iter().position(|&byte| byte < 0x20 && byte != b'\n') {
        None => Ok(()),
        Some(at) => Err(NoteError::ControlCharacter { at, found: bytes[at] }),
    }
}

#[cfg(test)]
mod tests;
