//! The vault: what must never enter the ledger, in one encrypted file of the organization's own.
//!
//! ```text
//! people.vault        0600, sealed under a passphrase: identities, salts, codes, the intake secret, keys of the evidence
//! people.vault.d/     0700: files of evidence, each sealed under a key of its own that only the vault holds
//! people.vault.lock   one writer at a time
//! people.vault.new    a writing under way; swept at the next opening
//! ```
//!
//! The ledger holds tokens, commitments and tags ([`formulas`]); the vault holds what opens them. Who destroys the vault's side
//! ([`file::Vault::erase`]) leaves numbers that nobody can join to a person, and a chain that still verifies.
//!
//! Evidence is kept sealed beside the vault rather than by its path: an auditor asks for it years later, when paths have moved. Its keys lie in the
//! vault, so a copied folder of evidence alone is noise, and what is erased from the vault and its backups is noise for good.
//!
//! * [`formulas`]: commitments and tags. [`content`]: what a vault holds. [`secret`]: values that are wiped. All pure.
//! * [`seal`]: the sealed formats. [`opening`]: what an auditor gets and checks, without a vault. Pure too.
//! * [`mod@file`]: files, lock, replacing, backups, erasing.
//!
//! Honest limits. Erasing replaces files; the disk may keep old blocks until it needs them (they are sealed, so a vault with a
//! passphrase nobody else knows stays shut). Copies that somebody else made are out of reach. Buffers of this program are wiped; those within the JSON
//! reader are not all.
//!
//! This layer knows no ledger: it stores what it is told, and never looks whether it stands there.

pub mod content;
pub mod file;
pub mod formulas;
pub mod opening;
pub mod seal;
pub mod secret;

pub use content::{Content, ContentFault, Enrolment, Evidence, Person, Receipt, Slip};
pub use file::{Vault, VaultError};
pub use formulas::{IdentityNumber, Period, evidence_commitment, identity_commitment, uniqueness_tag};
pub use opening::{Opening, OpeningFault};
pub use secret::SecretBytes;
