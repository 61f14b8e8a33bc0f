//! Openings: what an organization hands to an auditor so that one commitment can be checked, and nothing else becomes known.
//!
//! ```text
//! {"commitment":"<64 hex>","file":"slip.jpg","file_hash":"<64 hex>","len_bytes":48213,"salt":"<64 hex>","type":"evidence"}
//! {"commitment":"<64 hex>","identity":{"name":"…","number":"…"},"salt":"<64 hex>","type":"identity"}
//! ```
//!
//! Whoever holds an opening knows what the commitment stands for, so it is as secret as the file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use super::content::{Content, DonorIdentity, Enrolment, Evidence};
use super::formulas::{evidence_commitment, identity_commitment, identity_text};
use super::secret::{SecretBytes, SecretText, as_text};
use crate::crypto::Blake3Hash;

/// What opens a commitment.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Opening {
    /// A file.
    Evidence {
        #[serde(with = "as_text")]
        commitment: Blake3Hash,
        /// The file's name; no part of the commitment.
        file: SecretText,
        #[serde(with = "as_text")]
        file_hash: Blake3Hash,
        len_bytes: u64,
        salt: SecretBytes,
    },
    /// Who a recipient or donor is.
    Identity {
        #[serde(with = "as_text")]
        commitment: Blake3Hash,
        identity: BTreeMap<String, SecretText>,
        salt: SecretBytes,
    },
}

/// Why an opening does not open a commitment. In the order of checks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpeningFault {
    #[error("this is not an opening: {0}")]
    NotAnOpening(String),
    #[error("the opening is of another commitment: expected {expected}, found {found}")]
    OtherCommitment { expected: Blake3Hash, found: Blake3Hash },
    #[error("the opening is of a file, and no file was given")]
    FileMissing,
    #[error("the file is not the one that was sealed: its BLAKE3 should be {expected}, found {found}")]
    OtherFile { expected: Blake3Hash, found: Blake3Hash },
    #[error("salt and content do not give the commitment: expected {expected}, found {found}")]
    NotCommittedTo { expected: Blake3Hash, found: Blake3Hash },
}

impl Opening {
    /// The opening of a file.
    pub fn of_evidence(evidence: &Evidence) -> Opening {
        Opening::Evidence {
            commitment: evidence.commitment,
            file: evidence.name.clone(),
            file_hash: evidence.file_hash,
            len_bytes: evidence.len_bytes,
            salt: evidence.salt.clone(),
        }
    }

    /// The opening of who a recipient is.
    pub fn of_enrolment(enrolment: &Enrolment) -> Opening {
        Opening::of_identity(enrolment.commitment(), &enrolment.identity, &enrolment.salt)
    }

    /// The opening of who a donor is.
    pub fn of_donor(donor: &DonorIdentity) -> Opening {
        Opening::of_identity(donor.commitment(), &donor.identity, &donor.salt)
    }

    fn of_identity(commitment: Blake3Hash, identity: &str, salt: &SecretBytes) -> Opening {
        let identity = serde_json::from_str(identity).expect("a vault holds identities that were made here");
        Opening::Identity { commitment, identity, salt: salt.clone() }
    }

    /// The opening of a commitment to who somebody is, if the vault holds it.
    pub fn of_person(content: &Content, commitment: &Blake3Hash) -> Option<Opening> {
        let enrolments = content.people.values().flat_map(|person| &person.enrolments);
        let donors = content.receipts.iter().filter_map(|receipt| receipt.donor.as_ref());
        let enrolment = enrolments.map(Opening::of_enrolment).find(|opening| opening.commitment() == commitment);
        enrolment.or_else(|| donors.map(Opening::of_donor).find(|opening| opening.commitment() == commitment))
    }

    /// What it opens.
    pub fn commitment(&self) -> &Blake3Hash {
        match self {
            Opening::Evidence { commitment, .. } | Opening::Identity { commitment, .. } => commitment,
        }
    }

    /// The text of its file. [`Opening::parse`] is the inverse.
    pub fn to_text(&self) -> SecretText {
        let mut text = Zeroizing::new(serde_json::to_string(self).expect("an opening is JSON"));
        text.push('\n');
        text
    }

    /// Reads the text of an opening.
    ///
    /// # Errors
    /// [`OpeningFault::NotAnOpening`].
    pub fn parse(text: &str) -> Result<Opening, OpeningFault> {
        // The place is said, never the text: it may be about a person.
        serde_json::from_str(text).map_err(|error| OpeningFault::NotAnOpening(format!("line {}, column {}", error.line(), error.column())))
    }

    /// Checks that the opening opens the commitment, for an auditor who has no vault. `file` is the BLAKE3 of the file's bytes.
    ///
    /// # Errors
    /// The first [`OpeningFault`] in its order.
    pub fn check(&self, expected: &Blake3Hash, file: Option<&Blake3Hash>) -> Result<(), OpeningFault> {
        let (claimed, found) = match self {
            Opening::Evidence { commitment, file_hash, salt, .. } => {
                let file = file.ok_or(OpeningFault::FileMissing)?;
                if commitment == expected && file != file_hash {
                    return Err(OpeningFault::OtherFile { expected: *file_hash, found: *file });
                }
                (commitment, evidence_commitment(salt, file))
            }
            Opening::Identity { commitment, identity, salt } => (commitment, identity_commitment(salt, &identity_text(None, identity))),
        };
        if claimed != expected {
            return Err(OpeningFault::OtherCommitment { expected: *expected, found: *claimed });
        }
        match found == *expected {
            true => Ok(()),
            false => Err(OpeningFault::NotCommittedTo { expected: *expected, found }),
        }
    }
}
