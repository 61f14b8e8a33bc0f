//! checkpoint, prove, check-proof: evidence that fits into a mail and is checked offline.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::context::{LedgerArg, find_event};
use crate::cli::report::{Failure, Out};
use crate::cli::verify::read_policy;
use crate::crypto::note::Vkey;
use crate::event::EventId;
use crate::log::evidence::{Proven, check_event};
use crate::log::policy::Policy;
use crate::log::proof::{PROOF_BYTES_MAX, Proof};
use crate::service::recovery::log_vkey;

/// Print the latest checkpoint.
#[derive(Debug, Args)]
pub struct CheckpointCommand {
    #[command(flatten)]
    ledger: LedgerArg,
    /// Print the log's public key (vkey) instead.
    #[arg(long)]
    vkey: bool,
    /// Print a tlog-policy file that trusts this log, without witnesses.
    #[arg(long, conflicts_with = "vkey")]
    policy: bool,
}

impl CheckpointCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let reader = self.ledger.read(out)?;
        let vkey = log_vkey(&reader.state)?.to_string();
        if self.vkey {
            out.answer(json!({ "vkey": vkey }), || vkey.clone());
        } else if self.policy {
            out.raw(format!("log {vkey}\nquorum none\n").as_bytes());
        } else {
            let text = reader.note.format();
            let json = json!({
                "origin": reader.checkpoint.origin(), "size": reader.checkpoint.size(), "root": reader.checkpoint.root().to_string(), "checkpoint": text,
            });
            if out.is_json() { out.answer(json, String::new) } else { out.raw(text.as_bytes()) }
        }
        Ok(())
    }
}

/// Make a proof file (.tlog-proof) that an event is in the log.
///
/// With --bundle the entry itself goes into the proof's extra data, so that the file alone is enough for check-proof.
#[derive(Debug, Args)]
pub struct Prove {
    /// The event's id, or its beginning, or #INDEX.
    event: String,
    /// Write the proof here instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the entry here as well.
    #[arg(long, value_name = "FILE")]
    entry: Option<PathBuf>,
    /// Put the entry into the proof.
    #[arg(long)]
    bundle: bool,
    #[command(flatten)]
    ledger: LedgerArg,
}

impl Prove {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let reader = self.ledger.read(out)?;
        let id = find_event(&reader.state, &self.event)?;
        let index = reader.find(&id).expect("the event was just found");
        if index >= reader.checkpoint.size() {
            return Err(Failure::unable(format!(
                "entry {index} is not under the checkpoint yet (it has {} entries)",
                reader.checkpoint.size()
            ))
            .hint("open the ledger for writing once, which signs a new checkpoint"));
        }
        let mut proof = reader.prove(index).map_err(Failure::unable)?;
        let (entry, _) = reader.entry(index)?;
        if self.bundle {
            proof = proof.with_extra(entry.clone()).map_err(Failure::unable)?;
        }
        if let Some(path) = &self.entry {
            write_new(path, &entry)?;
        }
        let text = proof.format();
        match &self.output {
            Some(path) => {
                write_new(path, text.as_bytes())?;
                out.answer(json!({ "index": index, "id": id.to_string(), "proof_file": path }), || {
                    format!("The proof of entry {index} is in {}.", path.display())
                });
            }
            None if out.is_json() => out.answer(json!({ "index": index, "id": id.to_string(), "proof": text }), String::new),
            None => out.raw(text.as_bytes()),
        }
        Ok(())
    }
}

/// Writes a file that is not there yet: a mistyped name must not cost a checkpoint.
fn write_new(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write;
    let mut file = std::fs::File::create_new(path).map_err(|error| Failure::io(path, error))?;
    file.write_all(bytes).map_err(|error| Failure::io(path, error))
}

/// Check a proof file offline, without a ledger.
///
/// Needs the entry (in the proof's extra data, or --entry) and whom to trust: a policy file, or the log's public key.
#[derive(Debug, Args)]
pub struct CheckProof {
    /// The .tlog-proof file.
    proof: PathBuf,
    /// The entry's bytes, if they are not in the proof.
    #[arg(long, value_name = "FILE")]
    entry: Option<PathBuf>,
    /// The tlog-policy file of whom you trust.
    #[arg(long, value_name = "FILE", required_unless_present = "vkey")]
    policy: Option<PathBuf>,
    /// The log's public key, in place of a policy without witnesses.
    #[arg(long, conflicts_with = "policy")]
    vkey: Option<String>,
    /// The ledger's id: an event of another ledger is refused.
    #[arg(long, value_name = "ID")]
    id: Option<EventId>,
}

impl CheckProof {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let policy = match (&self.policy, &self.vkey) {
            (Some(path), _) => read_policy(path)?,
            (None, Some(vkey)) => {
                let vkey = Vkey::parse(vkey).map_err(|error| Failure::unable(format!("the key cannot be read: {error}")))?;
                Policy::parse(format!("log {vkey}\nquorum none\n").as_bytes()).map_err(Failure::unable)?
            }
            (None, None) => return Err(Failure::unable("nobody to trust is named").hint("give --policy or --vkey")),
        };
        let read = |path: &PathBuf, max: usize| -> Result<Vec<u8>, Failure> {
            let bytes = std::fs::read(path).map_err(|error| Failure::io(path, error))?;
            if bytes.len() > max { Err(Failure::unable(format!("{} is too large", path.display()))) } else { Ok(bytes) }
        };
        let proof = Proof::parse(&read(&self.proof, PROOF_BYTES_MAX)?).map_err(|error| Failure::no(format!("not a proof: {error}")))?;
        let entry = match &self.entry {
            Some(path) => {
                let mut bytes = read(path, crate::log::entry::ENTRY_LEN_BYTES_MAX + 2)?;
                while bytes.last().is_some_and(|b| *b == b'\n' || *b == b'\r') {
                    bytes.pop();
                }
                bytes
            }
            None if proof.unauthenticated_extra().is_empty() => {
                return Err(Failure::unable("the proof does not hold the entry").hint("give the entry's bytes with --entry"));
            }
            // Not authenticated until it hashes to the leaf that the proof shows.
            None => proof.unauthenticated_extra().to_vec(),
        };
        let Proven { decoded, ledger, satisfied } = check_event(&proof, &entry, &policy, self.id).map_err(Failure::no)?;
        let event = &decoded.entry.event;
        let json = json!({
            "answer": "proven", "index": proof.index(), "id": decoded.id.to_string(), "ledger": ledger.to_string(), "kind": event.kind().word(),
            "organization": event.organization.as_str(), "time": event.time.to_string(), "recorded": decoded.entry.recorded.to_string(),
            "signer": event.signer.to_string(), "log": satisfied.log.vkey.name().as_str(), "size": satisfied.checkpoint.size(),
            "witnesses": satisfied.witnesses.len(),
        });
        out.answer(json, || {
            format!(
                "It holds: {} of {}, {} (recorded {}), is entry {} of the log {} with {} entries.\n\n  event id   {}\n  ledger id  {ledger}\n  signed by  {}\n  witnesses  {}",
                event.kind(),
                event.organization,
                event.time,
                decoded.entry.recorded,
                proof.index(),
                satisfied.log.vkey.name().as_str(),
                satisfied.checkpoint.size(),
                decoded.id,
                event.signer,
                satisfied.witnesses.len(),
            )
        });
        Ok(())
    }
}
