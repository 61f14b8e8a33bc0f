//! simulate: a reproducible ledger of any size, for measuring and trying out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::json;

use crate::cli::report::{Failure, Out, progress};
use crate::crypto::SecretKey;
use crate::crypto::keyfile::{self, Protection, SealRandomness};
use crate::service::simulate::{self, WriteError};

/// Make a ledger of a simulated city: the same seed and number of events give the same bytes on every machine.
///
/// All its keys follow from the seed, so nothing in it is evidence of anything.
#[derive(Debug, Args)]
pub struct Simulate {
    /// The folder of the new ledger.
    #[arg(long, value_name = "DIR")]
    ledger: PathBuf,
    /// How many events, the opening included.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    events: u64,
    /// What everything follows from.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

impl Simulate {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        refuse_foreign(&self.ledger)?;
        write_play_key(&self.ledger, "log", &simulate::log_key(self.seed))?;
        let bar = progress(self.events, "simulating");
        let begun = Instant::now();
        let written = simulate::simulate(&self.ledger, self.events, self.seed, |size| bar.set_position(size));
        let seconds = begun.elapsed().as_secs_f64();
        bar.finish_and_clear();
        let written = written?;
        let len_bytes = folder_len_bytes(&self.ledger).map_err(|error| Failure::io(&self.ledger, error))?;
        let a_second = written.size as f64 / seconds.max(0.001);
        out.say(format!(
            "Notice: all keys of this ledger follow from seed {}; the log key is in {} without a passphrase. Nothing in it is evidence.",
            self.seed,
            self.ledger.join("keys/log.pem").display()
        ));
        let answer = json!({
            "answer": "simulated", "ledger": written.id.to_string(), "events": written.size, "seed": self.seed,
            "seconds": seconds, "events_a_second": a_second.round(), "len_bytes": len_bytes,
        });
        out.answer(answer, || {
            format!(
                "ledger   {}\nevents   {} in {seconds:.1} s, {a_second:.0} a second\non disk  {:.1} MB, {} bytes an event",
                written.id,
                written.size,
                len_bytes as f64 / 1e6,
                len_bytes / written.size
            )
        });
        Ok(())
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Failure {
        match error {
            WriteError::Create(error) => error.into(),
            WriteError::Append(error) => error.into(),
            WriteError::NoEvents => Failure::unable(error),
        }
    }
}

/// Refuses a folder that holds anything: a made-up ledger is not mixed with what somebody keeps.
pub(super) fn refuse_foreign(folder: &Path) -> Result<(), Failure> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => {
                Err(Failure::unable(format!("the folder {} is not empty", folder.display())).hint("name a new folder with --ledger"))
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::io(folder, error)),
    }
}

/// Writes a key that anybody can make, without a passphrase, as `keys/NAME.pem`.
pub(super) fn write_play_key(ledger: &Path, name: &str, key: &SecretKey) -> Result<(), Failure> {
    // Everybody may read what is public; the keys' folder alone is closed.
    std::fs::create_dir_all(ledger).map_err(|error| Failure::io(ledger, error))?;
    let folder = ledger.join("keys");
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).map_err(|error| Failure::io(&folder, error))?;
    let path = folder.join(format!("{name}.pem"));
    // Without a passphrase nothing is sealed, so no randomness is used.
    let unused = SealRandomness { salt: [0; 16], initialization_vector: [0; 16] };
    let named = |error: keyfile::KeyFileError| Failure::unable(format!("{}: {error}", path.display()));
    let text = keyfile::encode(key, Protection::None, &unused).map_err(named)?;
    keyfile::write_new(&path, &text).map_err(named)
}

fn folder_len_bytes(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        sum += if metadata.is_dir() { folder_len_bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(sum)
}
