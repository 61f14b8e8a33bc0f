//! import: a spreadsheet into the ledger. What it means is in [`crate::import`]; here are files, keys and words.
//!
//! ```text
//! 1  read the mapping                       a fault in it: nothing is touched
//! 2  read the whole file for its form       a broken file: nothing is touched
//! 3  open the ledger, or make it            as the mapping's [ledger] says
//! 4  plan, append in batches, list rejects
//! ```

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::context::{LedgerArg, PassphraseArg, SignArg, key_file, now};
use crate::cli::report::{Failure, Out, progress, table};
use crate::crypto::SecretKey;
use crate::event::values::format_minor;
use crate::event::{Code, Time};
use crate::import::mapping::Mapping;
use crate::import::plan::{Planner, opening};
use crate::import::report::{Reject, Summary};
use crate::import::rows::{Header, Row, Rows};
use crate::import::run::{RunError, Surroundings, run};
use crate::service::Ledger;

/// Take the rows of a spreadsheet (CSV) into the ledger as signed events.
///
/// A mapping file says what the columns mean; `fixtures/mappings/example.toml` is a pattern. A ledger that does not exist is opened as the mapping says. Rows
/// that cannot be taken are listed with their number, column, value and reason. Running it again takes nothing twice and completes what a killed
/// run left; for that the mapping's name and your key must stay the same.
#[derive(Debug, Args)]
pub struct Import {
    /// The spreadsheet: CSV, UTF-8, with a header.
    file: PathBuf,
    /// What its columns mean: TOML.
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    #[command(flatten)]
    ledger: LedgerArg,
    /// The name of the importer's key among the ledger's keys; for a new ledger `import` if not given.
    #[arg(long = "as", value_name = "KEY")]
    as_key: Option<String>,
    /// The importer's key file, wherever it is.
    #[arg(long, env = "AIDLEDGER_KEY", value_name = "FILE", conflicts_with = "as_key")]
    key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArg,
    /// Write the key files of a new ledger without a passphrase: for tests and services that guard them otherwise.
    #[arg(long)]
    no_passphrase: bool,
    /// Where to list rows that are not taken; imports/NAME.rejects.csv in the ledger's folder if not given.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Say what would be taken, and append nothing; the ledger must exist.
    #[arg(long)]
    dry_run: bool,
}

/// A file is read twice: first for its form, then for its rows.
const SEEK: &str = "the import reads it twice, so it must be a file";

impl Import {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let text = std::fs::read_to_string(&self.mapping).map_err(|error| Failure::io(&self.mapping, error))?;
        let mapping = Mapping::parse(&text).map_err(|error| {
            Failure::unable(format!("{}: {error}", self.mapping.display()))
                .hint("the members of a mapping are explained in fixtures/mappings")
        })?;
        let refuse = |error: &dyn std::fmt::Display| Failure::unable(format!("{}: {error}", self.file.display()));
        let mut file = File::open(&self.file).map_err(|error| Failure::io(&self.file, error))?;
        let delimiter = u8::try_from(mapping.file.delimiter).expect("a mapping's delimiter is ASCII");
        let rows = Rows::open(&file, delimiter).map_err(|error| refuse(&error))?;
        rows.header().require(mapping.columns()).map_err(|error| refuse(&error))?;
        let total = rows.count().map_err(|error| refuse(&error))?;
        file.rewind().map_err(|error| refuse(&format!("{error}; {SEEK}")))?;

        let (mut ledger, key) = self.open(&mapping, out)?;
        let rejects_path = self.rejects_path()?;
        let same = |path: &Path| path.canonicalize().is_ok_and(|path| rejects_path.canonicalize().is_ok_and(|rejects| rejects == path));
        if same(&self.file) || same(&self.mapping) {
            return Err(Failure::unable(format!("{} is read from; the rejects would be written over it", rejects_path.display()))
                .hint("name another file with --rejects"));
        }
        let state = match &ledger {
            Some(ledger) => ledger.state().clone(),
            None => self.ledger.read(out)?.state,
        };
        let mut planner = Planner::new(&mapping, &key, state)
            .map_err(|error| Failure::no(error).hint("name the key that imports with --as; `aidledger key grant` gives a key its roles"))?;
        let mut rows = Rows::open(&file, delimiter).map_err(|error| refuse(&error))?;
        let mut desk = Desk { rejects: Rejects::create(&rejects_path, rows.header())?, bar: progress(total, "rows") };
        let summary = run(ledger.as_mut(), &mut planner, &mut rows, &mut desk).map_err(failed)?;
        desk.bar.finish_and_clear();
        desk.rejects.finish().map_err(|error| Failure::io(&rejects_path, error))?;
        if let Some(ledger) = ledger {
            ledger.close()?;
        }
        if summary.rows != total {
            return Err(refuse(&format!("it had {total} rows at first and {} later: it changed while it was read", summary.rows)));
        }
        let unit_of = |item: &Code| {
            let state = planner.state();
            state.items.find(item).and_then(|place| state.items.at(place).unit)
        };
        self.answer(&summary, unit_of, &rejects_path, out)
    }

    /// The ledger open for writing, or none on a dry run; and the importer's key.
    fn open(&self, mapping: &Mapping, out: &Out) -> Result<(Option<Ledger>, SecretKey), Failure> {
        let folder = &self.ledger.ledger;
        let log_path = self.ledger.keys().join("log.pem");
        let first_segment = std::fs::metadata(folder.join("log/00000000.jsonl"));
        if first_segment.is_ok_and(|segment| segment.len() > 0) {
            let sign =
                SignArg { as_key: self.as_key.clone(), key: self.key.clone(), passphrase: self.passphrase.clone(), at: None, draft: None };
            let key = sign.open(&self.ledger)?;
            if self.dry_run {
                return Ok((None, key));
            }
            let (ledger, notices) = Ledger::open(folder, self.passphrase.open_key(&log_path)?)?;
            out.notices(&notices);
            return Ok((Some(ledger), key));
        }
        let Some(new) = mapping.ledger.as_ref().filter(|_| !self.dry_run) else {
            return Err(Failure::unable(format!("there is no ledger in {}", folder.display()))
                .hint("open one with `aidledger init`, or let the mapping say [ledger] and import without --dry-run"));
        };
        let own_path = match &self.key {
            Some(path) => path.clone(),
            None => key_file(&self.ledger, self.as_key.as_deref().unwrap_or("import"))?,
        };
        // Key files without a ledger are what a run left that was killed between the two: they are taken up.
        let take = |path: &Path| match path.exists() {
            true => self.passphrase.open_key(path),
            false => self.passphrase.make_key(path, self.no_passphrase),
        };
        let (log_key, key) = (take(&log_path)?, take(&own_path)?);
        let now = now();
        let ledger = Ledger::create(folder, &opening(new, &mapping.language, log_key.public(), &key, now), log_key, now)?;
        out.say(format!("The ledger {} is open in {}; your key is {}.", ledger.id(), folder.display(), own_path.display()));
        Ok((Some(ledger), key))
    }

    fn rejects_path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.rejects {
            return Ok(path.clone());
        }
        let folder = self.ledger.ledger.join("imports");
        std::fs::create_dir_all(&folder).map_err(|error| Failure::io(&folder, error))?;
        let stem = self.file.file_stem().map_or_else(|| "import".into(), |stem| stem.to_string_lossy());
        Ok(folder.join(format!("{stem}.rejects.csv")))
    }

    fn answer(&self, summary: &Summary, unit_of: impl Fn(&Code) -> Option<Code>, rejects: &Path, out: &Out) -> Result<(), Failure> {
        let mut json = summary.json(&unit_of);
        let none = summary.rows > 0 && summary.taken + summary.already_there == 0;
        json["answer"] = json!(if none { "no" } else { "done" });
        json["dry_run"] = json!(self.dry_run);
        json["rejects_file"] = json!(rejects);
        if none {
            let reasons = summary.rejected.iter().map(|(reason, count)| format!("{count}: {reason}")).collect::<Vec<_>>().join("; ");
            return Err(Failure::no(format!("None of {} rows was taken ({reasons})", summary.rows))
                .hint(format!("{} names row, column and value of each", rejects.display()))
                .with_json(json));
        }
        out.answer(json, || self.words(summary, unit_of, rejects));
        Ok(())
    }

    fn words(&self, summary: &Summary, unit_of: impl Fn(&Code) -> Option<Code>, rejects: &Path) -> String {
        let rejected = summary.rejected_rows();
        let mut parts = vec![format!(
            "{} rows read = {} taken + {} already there + {rejected} not taken{}",
            summary.rows,
            summary.taken,
            summary.already_there,
            if self.dry_run { "  (dry run: nothing was appended)" } else { "" }
        )];
        if summary.resumed > 0 {
            parts.push(format!("{} of those taken were begun by an earlier run and completed now.", summary.resumed));
        }
        if rejected > 0 {
            let reasons = summary.rejected.iter().map(|(reason, count)| vec![count.to_string(), reason.clone()]).collect();
            parts.push(format!(
                "{}\nEach with row, column and value: {}",
                table(&["rows", "not taken because"], reasons, &[0]),
                rejects.display()
            ));
        }
        if !summary.events.is_empty() {
            let events = summary.events.iter().map(|(kind, count)| vec![count.to_string(), (*kind).to_owned()]).collect();
            parts.push(table(&["events", "kind"], events, &[0]));
        }
        if !summary.totals.is_empty() {
            let row = |(item, total): (&Code, &crate::import::report::Total)| {
                let amount = |minor: u128| format_minor(minor as i128, total.decimals);
                let unit = unit_of(item).map_or_else(String::new, |unit| unit.to_string());
                vec![item.to_string(), unit, amount(total.taken), amount(total.already_there)]
            };
            parts.push(table(&["item", "unit", "taken", "already there"], summary.totals.iter().map(row).collect(), &[2, 3]));
        }
        parts.join("\n\n")
    }
}

fn failed(error: RunError) -> Failure {
    match error {
        RunError::Append(error) => error.into(),
        other => Failure::unable(other),
    }
    .hint("what was appended stays; run the same command again to go on")
}

/// The loop's surroundings: the clock, the list of rejects, the progress bar.
struct Desk {
    rejects: Rejects,
    bar: indicatif::ProgressBar,
}

impl Surroundings for Desk {
    fn now(&mut self) -> Time {
        now()
    }
    fn rejected(&mut self, row: &Row, reject: &Reject) -> io::Result<()> {
        self.rejects.add(row, reject)
    }
    fn advanced(&mut self, rows: u64) {
        self.bar.set_position(rows);
    }
}

/// The list of rows that were not taken: row, column, value, reason, then the row as it stood. Takes its name only when it is complete.
/// The cells may name people, whom the log never names, so the file is for its owner only.
struct Rejects {
    writer: csv::Writer<File>,
    part: PathBuf,
    path: PathBuf,
}

impl Rejects {
    fn create(path: &Path, header: &Header) -> Result<Rejects, Failure> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&part).map_err(|error| Failure::io(&part, error))?;
        let mut writer = csv::WriterBuilder::new().from_writer(file);
        let columns = ["row", "column", "value", "reason"].into_iter().chain(header.names.iter().map(String::as_str));
        writer.write_record(columns).map_err(|error| Failure::io(&part, error))?;
        Ok(Rejects { writer, part, path: path.to_owned() })
    }

    fn add(&mut self, row: &Row, reject: &Reject) -> io::Result<()> {
        let number = row.number.to_string();
        let cells = [number.as_str(), &reject.column, &reject.value, &reject.reason].into_iter().chain(row.cells.iter());
        self.writer.write_record(cells).map_err(io::Error::from)
    }

    fn finish(self) -> io::Result<()> {
        let mut file = self.writer.into_inner().map_err(|error| io::Error::from(error.error().kind()))?;
        file.flush()?;
        std::fs::rename(&self.part, &self.path)
    }
}
