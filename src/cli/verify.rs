//! verify, rebuild, export: what an auditor runs, and what makes derived files again.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::context::LedgerArg;
use crate::cli::report::{Failure, NO, Out, progress};
use crate::event::EventId;
use crate::log::policy::Policy;
use crate::log::tile::{entry_bundles, hash_tiles};
use crate::log::tile_tree::TileReader;
use crate::service::Reader;
use crate::service::audit::{self, Options, Report, Signatures, Source, SourceError, Step};
use crate::service::reader::rebuild_tiles;
use crate::service::tiles::LedgerTiles;
use crate::store::{Disk, FolderDisk};
use crate::views::{ViewName, write_row};

/// Verify everything from the bytes alone: chain, signatures, feeds, rules, tree, tiles, checkpoint, views.
///
/// Works on a ledger's folder, on an exported tile folder, and on entries from stdin (`-`). Exit status 0: it verifies; 1: it does not, and the
/// first wrong entry is named; 2: it could not be told.
#[derive(Debug, Args)]
pub struct Verify {
    /// A ledger's folder, an exported tile folder, or - for entries on stdin.
    #[arg(long, env = "AIDLEDGER_LEDGER", default_value = "my-ledger", value_name = "DIR")]
    ledger: PathBuf,
    /// The ledger's id as you hold it from elsewhere (a poster, a newspaper): another ledger does not verify.
    #[arg(long, value_name = "ID")]
    id: Option<EventId>,
    /// every: in fast batches. strict: one by one, as the log admits. heads: the last of each feed, which vouches for those before it.
    #[arg(long, value_enum, default_value = "every")]
    signatures: Signatures,
    /// An earlier checkpoint that you verified then: history before it must be the same.
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// A tlog-policy file that the checkpoint must meet.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The checkpoint that goes with entries from stdin.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Do not fold the views.
    #[arg(long)]
    no_views: bool,
}

/// Reads a tlog-policy file.
pub fn read_policy(path: &std::path::Path) -> Result<Policy, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::io(path, error))?;
    Policy::parse(&bytes).map_err(|error| Failure::unable(format!("{} is not a policy: {error}", path.display())))
}

impl Verify {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let read = |path: &PathBuf| std::fs::read(path).map_err(|error| Failure::io(path, error));
        if self.ledger.as_os_str() == "-" && self.policy.is_some() && self.checkpoint.is_none() {
            return Err(Failure::unable("a policy judges a checkpoint, and none was given").hint("name it with --checkpoint"));
        }
        if self.ledger.as_os_str() != "-" && self.checkpoint.is_some() {
            return Err(Failure::unable("--checkpoint goes with entries from stdin; a folder has its own")
                .hint("compare a folder with an earlier checkpoint by --since"));
        }
        let source = if self.ledger.as_os_str() == "-" {
            let stdin = Box::new(std::io::BufReader::with_capacity(1 << 20, std::io::stdin()));
            Source::lines(stdin, self.checkpoint.as_ref().map(read).transpose()?)
        } else {
            Source::folder(&self.ledger).map_err(|error| {
                Failure::unable(error).hint("name a ledger's folder, an exported tile folder, or - for stdin with --ledger")
            })?
        };
        let options = Options {
            signatures: self.signatures,
            ledger: self.id,
            since: self.since.as_ref().map(read).transpose()?,
            policy: self.policy.as_deref().map(read_policy).transpose()?,
            views: !self.no_views,
        };
        let report = audited(&source, &options)?;
        answer(&report, out)
    }
}

/// Verifies with a progress bar.
pub fn audited(source: &Source, options: &Options) -> Result<Report, Failure> {
    let bar = progress(source.size_hint().unwrap_or(0), "verifying");
    let report = audit::verify(source, options, &|done| bar.set_position(done));
    bar.finish_and_clear();
    report.map_err(|error| match error {
        SourceError::Damaged(what) | SourceError::TornTail(what) => Failure::no(what),
        other => Failure::unable(other),
    })
}

/// Reports an audit; no if anything is wrong.
pub fn answer(report: &Report, out: &Out) -> Result<(), Failure> {
    if report.is_clean() {
        out.answer(report.json(), || words(report));
        return Ok(());
    }
    let first = report.findings.first().expect("a report that is not clean has a finding");
    let entry = |index: Option<u64>| index.map_or(String::new(), |index| format!("entry {index}: "));
    let mut what = format!("It does NOT verify.\n{}: {}{}", first.step.word(), entry(first.index), first.what);
    for other in report.findings.iter().skip(1) {
        what += &format!("\n{}: {}{}", other.step.word(), entry(other.index), other.what);
    }
    if report.size > 0 && first.index.is_some() {
        what += &format!("\nThe {} entries before it are right.", report.size);
    }
    Err(Failure { status: NO, what, hint: None, json: Some(report.json()) })
}

fn words(report: &Report) -> String {
    let proof = match report.signatures {
        Signatures::Every => "every signature, in batches (ZIP-215)",
        Signatures::Strict => "every signature, one by one (strict)",
        Signatures::Heads => "the last signature of each feed (strict), which vouches for those before it",
    };
    let mut text = format!("It verifies: {} entries", report.size);
    if let Some(recorded) = report.recorded {
        text += &format!(", the last recorded {recorded}");
    }
    text += ".\n";
    if report.unsigned > 0 {
        text += &format!("The last {} of them are not covered by the checkpoint yet.\n", report.unsigned);
    }
    if let Some(tail) = &report.torn_tail {
        text += &format!("Notice: {tail}. The checkpoint does not speak of it.\n");
    }
    if let Some(ledger) = report.ledger {
        text += &format!("\n  ledger id   {ledger}");
    }
    if let Some(root) = report.root {
        text += &format!("\n  tree root   {root}");
    }
    text += &format!("\n  signatures  {proof}\n");
    for step in Step::ALL {
        if let Some((_, why)) = report.steps_skipped.iter().find(|(skipped, _)| *skipped == step) {
            text += &format!("\n  {:<11} not verified: {why}", step.word());
        } else if report.steps_done.contains(&step) {
            text += &format!("\n  {:<11} right", step.word());
        }
    }
    text += "\n";
    for (view, digest) in &report.views {
        text += &format!("\n  view {:<11} {digest}", view.word());
    }
    text + "\n\nCompare the ledger id with the one you hold from elsewhere, and the root with another auditor's."
}

/// Make everything that is derived from the log again: views, snapshot, tiles.
#[derive(Debug, Args)]
pub struct Rebuild {
    #[command(flatten)]
    ledger: LedgerArg,
    /// Print a view's rows (key, TAB, JSON; sorted) instead: `| b3sum` gives its digest.
    #[arg(long, value_name = "VIEW")]
    print: Option<ViewName>,
}

impl Rebuild {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        if let Some(view) = self.print {
            let reader = self.ledger.read_views(out)?;
            let mut text = Vec::new();
            for row in reader.rows(view, "")? {
                write_row(&row, &mut text);
            }
            out.raw(&text);
            return Ok(());
        }
        if !self.ledger.ledger.join("log").exists() {
            return Err(Failure::unable(format!("{} is not a ledger", self.ledger.ledger.display())).hint("name its folder with --ledger"));
        }
        let reader = Reader::rebuild_views(&self.ledger.ledger)?;
        let digests = reader.view_digests()?;
        let size = reader.chain.size;
        drop(reader);
        rebuild_tiles(&self.ledger.ledger)?;
        let json = digests.iter().map(|(view, digest)| (view.word().to_owned(), digest.to_string().into()));
        out.answer(json!({ "size": size, "views": json.collect::<serde_json::Map<_, serde_json::Value>>() }), || {
            let rows = digests.iter().map(|(view, digest)| format!("  view {:<11} {digest}", view.word()));
            format!("Made again from {size} entries: views, snapshot and tiles.\n\n{}", rows.collect::<Vec<_>>().join("\n"))
        });
        Ok(())
    }
}

/// Write the ledger in another form.
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Write the static tile tree (C2SP tlog-tiles): any web server or CDN can serve it, and `verify --ledger FOLDER` checks it.
    Tiles {
        /// The folder; files that are there already are left as they are.
        folder: PathBuf,
        #[command(flatten)]
        ledger: LedgerArg,
    },
    /// Write the entries, one a line, to stdout.
    Entries {
        #[command(flatten)]
        ledger: LedgerArg,
    },
}

impl ExportCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            ExportCommand::Tiles { folder, ledger } => export_tiles(&ledger.read(out)?, &folder, out),
            ExportCommand::Entries { ledger } => {
                let reader = ledger.read(out)?;
                for chunk in reader.log.read_chunks(0, 4096).map_err(crate::service::OpenError::from)?.until(reader.checkpoint.size()) {
                    out.raw(&chunk.map_err(crate::service::OpenError::from)?.bytes);
                }
                Ok(())
            }
        }
    }
}

fn export_tiles(reader: &Reader, folder: &std::path::Path, out: &Out) -> Result<(), Failure> {
    if folder.join("log").exists() {
        return Err(Failure::unable(format!("{} is a ledger's folder", folder.display())).hint("export into a folder of its own"));
    }
    std::fs::create_dir_all(folder).map_err(|error| Failure::io(folder, error))?;
    let disk: Arc<dyn Disk> = Arc::new(FolderDisk::open(folder).map_err(Failure::unable)?);
    if let Some(there) = crate::store::head::read(&*disk).map_err(Failure::unable)? {
        let vkey = crate::service::recovery::log_vkey(&reader.state)?;
        crate::service::recovery::open_checkpoint(&there, &vkey).map_err(|_| {
            Failure::unable(format!("{} holds the export of another log", folder.display())).hint("export into a folder of its own")
        })?;
    }
    let tiles = LedgerTiles::new(reader.disk.clone(), reader.log.clone());
    let size = reader.checkpoint.size();
    let mut written = 0u64;
    for tile in entry_bundles(size).chain(hash_tiles(size)) {
        let path = tile.path();
        if disk.exists(&path).map_err(Failure::unable)? {
            continue;
        }
        let bytes = tiles.read_tile(tile).map_err(Failure::unable)?;
        if let Some((parent, _)) = path.rsplit_once('/') {
            disk.create_dir_all(parent).map_err(Failure::unable)?;
        }
        disk.replace(&path, &bytes, false).map_err(Failure::unable)?;
        written += 1;
    }
    // The checkpoint last: whoever follows it finds every tile it speaks of.
    disk.replace("checkpoint", reader.note.format().as_bytes(), true).map_err(Failure::unable)?;
    out.answer(json!({ "size": size, "tiles_written": written, "folder": folder }), || {
        format!(
            "{written} tiles written to {} for {size} entries.\nCheck them with: aidledger verify --ledger {}",
            folder.display(),
            folder.display()
        )
    });
    Ok(())
}
