//! evidence: files that stay in the vault, and commitments to them that stand in the ledger.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use crate::cli::report::{Failure, Out};
use crate::cli::vault::{VaultArg, read_file};
use crate::crypto::Blake3Hash;
use crate::vault::file::{EVIDENCE_BYTES_MAX, refuse_in_ledger, write_new};
use crate::vault::{Opening, OpeningFault, VaultError};

/// Keep photos and signed lists in the vault, commit to them in the ledger, and open them to an auditor.
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Seal a file into the vault. Prints the commitment for `deliver --evidence`; you may destroy the file then.
    Seal {
        /// The file: a photo, a scan, a signed list.
        file: PathBuf,
        /// What it is evidence for; stays in the vault.
        #[arg(long = "for", value_name = "NOTE")]
        note: Option<String>,
        /// The handle of the person whom it shows: `erase` takes the file out with them.
        #[arg(long, value_name = "HANDLE")]
        person: Option<String>,
        #[command(flatten)]
        vault: VaultArg,
    },
    /// Open one commitment to an auditor: writes its opening, and a copy of the file beside it.
    ///
    /// A commitment to who a recipient or donor is gives an opening with their identity, and no file. Hand it to nobody else.
    Open {
        /// The commitment (64 hex digits).
        commitment: Blake3Hash,
        /// Where the opening goes, as JSON.
        #[arg(long = "out", value_name = "FILE", default_value = "opening.json")]
        output: PathBuf,
        #[command(flatten)]
        vault: VaultArg,
    },
    /// Check that an opening, with its file, is what a commitment stands for. Needs no vault and no ledger.
    Check {
        /// The commitment, as it stands in the ledger (64 hex digits).
        commitment: Blake3Hash,
        /// The opening.
        opening: PathBuf,
        /// The file; not for an identity.
        file: Option<PathBuf>,
    },
}

impl EvidenceCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            EvidenceCommand::Seal { file, note, person, vault } => {
                let bytes = zeroize::Zeroizing::new(read_file(&file, EVIDENCE_BYTES_MAX)?);
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let commitment = vault.open()?.seal_evidence(&bytes, &name, note.as_deref(), person.as_deref())?;
                out.answer(json!({ "answer": "sealed", "commitment": commitment.to_string() }), || commitment.to_string());
                Ok(())
            }
            EvidenceCommand::Open { commitment, output, vault } => {
                refuse_in_ledger(&output)?;
                let vault = vault.open()?;
                let copy = match vault.content.evidence(&commitment) {
                    Some(_) => {
                        let (evidence, bytes) = vault.open_evidence(&commitment)?;
                        // The name is the last part of a path, whatever system the vault was filled on.
                        let name = evidence.name.rsplit(['/', '\\']).next().filter(|name| !name.is_empty() && !name.starts_with('.'));
                        // Cameras give many files one name; the commitment tells them apart.
                        let copy = output.with_file_name(format!("{}-{}", &commitment.to_string()[..12], name.unwrap_or("evidence")));
                        if copy == output || copy.exists() {
                            return Err(VaultError::Exists(copy).into());
                        }
                        write_new(&output, Opening::of_evidence(evidence).to_text().as_bytes())?;
                        write_new(&copy, &bytes)?;
                        Some(copy)
                    }
                    None => {
                        let opening = Opening::of_person(&vault.content, &commitment).ok_or(VaultError::EvidenceUnknown(commitment))?;
                        write_new(&output, opening.to_text().as_bytes())?;
                        None
                    }
                };
                out.answer(json!({ "answer": "opened", "commitment": commitment.to_string(), "opening": output, "file": copy }), || {
                    let head = format!("opening  {}", output.display());
                    copy.iter().fold(head, |text, copy| text + &format!("\nfile  {}", copy.display()))
                });
                Ok(())
            }
            EvidenceCommand::Check { commitment, opening, file } => {
                let text = read_file(&opening, 256 * 1024)?;
                let file = file.map(|path| read_file(&path, EVIDENCE_BYTES_MAX)).transpose()?.map(|bytes| Blake3Hash::of(&bytes));
                let text = std::str::from_utf8(&text).map_err(|_| Failure::io(&opening, "this is not UTF-8 text"))?;
                let checked = Opening::parse(text).and_then(|opening| opening.check(&commitment, file.as_ref()));
                checked.map_err(|fault| match fault {
                    OpeningFault::NotAnOpening(_) | OpeningFault::FileMissing => Failure::unable(fault),
                    fault => Failure::no(&fault)
                        .with_json(json!({ "answer": "does-not-open", "commitment": commitment.to_string(), "error": fault.to_string() })),
                })?;
                out.answer(json!({ "answer": "opens", "commitment": commitment.to_string() }), || format!("opens  {commitment}"));
                Ok(())
            }
        }
    }
}
