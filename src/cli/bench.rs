//! bench: measures this machine and prints each figure beside its bound, all in one run.
//!
//! A figure means nothing alone on a noisy machine, so each stands beside what bounds it: the same signatures checked by the batch library alone,
//! the disk's own syncs, or a fixed number.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::cli::report::{Failure, Out, progress, table};
use crate::crypto::{EVENT_DOMAIN, PublicKey, Signature};
use crate::log::entry::Entry;
use crate::rules::{State, check};
use crate::service::audit::{self, Options, Signatures, Source};
use crate::service::simulate::{Simulation, log_key, simulate};
use crate::service::{Answer, Ledger, Reader};
use crate::store::{Disk, FolderDisk, SegmentReader};
use crate::views::Views;

/// Measure this machine: verification, folding, rebuilding, opening and appending, each beside its bound.
#[derive(Debug, Args)]
pub struct Bench {
    /// How many simulated events.
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    events: u64,
    /// Where to work: a folder of its own below it is made and removed again. It should lie on the disk that will hold ledgers.
    #[arg(long, default_value = ".", value_name = "DIR")]
    folder: PathBuf,
}

/// A measured figure and the bound that it should keep.
struct Figure {
    name: &'static str,
    measured: f64,
    unit: &'static str,
    bound: f64,
    at_most: bool,
    against: String,
}

impl Figure {
    fn at_least(name: &'static str, measured: f64, unit: &'static str, bound: f64, against: impl Into<String>) -> Figure {
        Figure { name, measured, unit, bound, at_most: false, against: against.into() }
    }
    fn at_most(name: &'static str, measured: f64, unit: &'static str, bound: f64, against: impl Into<String>) -> Figure {
        Figure { name, measured, unit, bound, at_most: true, against: against.into() }
    }
    fn kept(&self) -> bool {
        if self.at_most { self.measured <= self.bound } else { self.measured >= self.bound }
    }
    fn number(value: f64) -> String {
        if value >= 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
    }
    fn row(&self) -> Vec<String> {
        let sign = if self.at_most { "<=" } else { ">=" };
        let kept = if self.kept() { "kept" } else { "MISSED" };
        vec![
            self.name.to_owned(),
            format!("{} {}", Figure::number(self.measured), self.unit),
            format!("{sign} {} {}", Figure::number(self.bound), self.unit),
            kept.to_owned(),
            self.against.clone(),
        ]
    }
    fn json(&self) -> Value {
        json!({ "name": self.name, "measured": self.measured, "unit": self.unit, "bound": self.bound, "at_most": self.at_most, "kept": self.kept(), "against": self.against })
    }
}

/// A folder that is removed when the run ends, however it ends.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left behind under a name that says what it is.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Bench {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let scratch = Scratch(self.folder.join(format!("aidledger-bench-{}", std::process::id())));
        std::fs::create_dir_all(&scratch.0).map_err(|error| Failure::io(&scratch.0, error))?;
        let folder = scratch.0.join("ledger");
        let bar = progress(self.events, "simulating");
        simulate(&folder, self.events, 1, |done| bar.set_position(done)).map_err(Failure::unable)?;
        bar.finish_and_clear();
        let mut figures = Vec::new();
        let rate = |elapsed: Duration| self.events as f64 / elapsed.as_secs_f64();

        out.say("Signatures alone, by the batch library …");
        let alone = signatures_alone(&folder)?;
        out.say("Verifying with every signature …");
        let every = verify(&folder, Signatures::Every, true)?;
        let against = format!(
            "ed25519-zebra batches of the same signatures alone: {:.2} s; verify: {:.2} s",
            alone.as_secs_f64(),
            every.as_secs_f64()
        );
        figures.push(Figure::at_most("verify, every signature", every.as_secs_f64() / alone.as_secs_f64(), "x", 1.4, against));
        out.say("Verifying the heads of feeds …");
        let heads = verify(&folder, Signatures::Heads, true)?;
        let log_only = verify(&folder, Signatures::Heads, false)?;
        figures.push(Figure::at_least(
            "verify, heads of feeds",
            rate(heads),
            "events/s",
            300_000.0,
            format!("{:.2} s", heads.as_secs_f64()),
        ));
        let against = format!("{:.2} s: --no-views, so chain, feeds, rules, tree, tiles and checkpoint", log_only.as_secs_f64());
        figures.push(Figure::at_least("verify, heads, without views", rate(log_only), "events/s", 300_000.0, against));
        out.say("Folding the views …");
        let folding = fold(&folder)?;
        figures.push(Figure::at_least("fold all views", rate(folding), "events/s", 300_000.0, "accepted events in memory, one thread"));
        out.say("Rebuilding the stored views …");
        let start = Instant::now();
        drop(Reader::rebuild_views(&folder)?);
        let rebuilding = start.elapsed();
        let stored = folder_len_bytes(&folder.join("views")) as f64 / 1e6;
        figures.push(Figure::at_least(
            "rebuild views, sled written",
            rate(rebuilding),
            "events/s",
            150_000.0,
            format!("{:.2} s from the log's bytes, {stored:.0} MB stored", rebuilding.as_secs_f64()),
        ));
        out.say("Opening …");
        let start = Instant::now();
        let (ledger, _) = Ledger::open(&folder, log_key(1))?;
        figures.push(Figure::at_most(
            "open for appending",
            start.elapsed().as_secs_f64(),
            "s",
            2.0,
            format!("{} entries", ledger.chain().size),
        ));
        drop(ledger);
        let start = Instant::now();
        drop(Reader::open_with_views(&folder)?);
        figures.push(Figure::at_most("open with views", start.elapsed().as_secs_f64(), "s", 2.0, "as `balance` does"));
        out.say("Appending …");
        appends(&scratch.0, &mut figures)?;
        if let Some(peak) = peak_memory_bytes() {
            figures.push(Figure::at_most(
                "resident memory at the most",
                peak as f64 / (1u64 << 30) as f64,
                "GiB",
                1.0,
                "this process, all of the above, /proc/self/status",
            ));
        }
        let threads = rayon::current_num_threads();
        out.answer(
            json!({ "events": self.events, "threads": threads, "figures": figures.iter().map(Figure::json).collect::<Vec<_>>() }),
            || {
                let rows = figures.iter().map(Figure::row).collect();
                format!(
                    "{} simulated events, {threads} threads\n\n{}",
                    self.events,
                    table(&["FIGURE", "MEASURED", "BOUND", "", "AGAINST"], rows, &[1, 2])
                )
            },
        );
        Ok(())
    }
}

/// The time that the batch library takes for all signatures, on all threads, with everything else prepared.
fn signatures_alone(folder: &Path) -> Result<Duration, Failure> {
    use ed25519_zebra::{VerificationKeyBytes, batch};
    let disk: std::sync::Arc<dyn Disk> = std::sync::Arc::new(FolderDisk::open(folder).map_err(Failure::unable)?);
    let (log, _) = SegmentReader::open(disk).map_err(Failure::unable)?;
    let mut spent = Duration::ZERO;
    // As many at a time as the audit has under way, so that memory stays small and the cores stay busy.
    let mut waiting: Vec<(PublicKey, Signature, Vec<u8>)> = Vec::new();
    let mut check = |items: &mut Vec<(PublicKey, Signature, Vec<u8>)>| {
        let start = Instant::now();
        let all = items.par_chunks(crate::crypto::audit::BATCH).all(|items| {
            let mut batch = batch::Verifier::new();
            for (key, signature, message) in items {
                batch.queue((VerificationKeyBytes::from(key.0), ed25519_zebra::Signature::from_bytes(&signature.0), message));
            }
            batch.verify(ed25519_dalek_rng()).is_ok()
        });
        spent += start.elapsed();
        assert!(all, "a simulated ledger's signatures hold");
        items.clear();
    };
    for chunk in log.read_chunks(0, 1024).map_err(Failure::unable)? {
        for bytes in chunk.map_err(Failure::unable)?.entries() {
            let decoded = Entry::decode(bytes).map_err(Failure::unable)?;
            let message = [EVENT_DOMAIN, &bytes[decoded.event_range]].concat();
            waiting.push((decoded.entry.event.signer, decoded.entry.signature, message));
        }
        if waiting.len() >= 16 * crate::crypto::audit::BATCH {
            check(&mut waiting);
        }
    }
    check(&mut waiting);
    Ok(spent)
}

/// The system's random numbers, as the batch library wants them.
fn ed25519_dalek_rng() -> impl getrandom::rand_core::CryptoRng {
    getrandom::rand_core::UnwrapErr(getrandom::SysRng)
}

fn verify(folder: &Path, signatures: Signatures, views: bool) -> Result<Duration, Failure> {
    let source = Source::folder(folder).map_err(Failure::unable)?;
    let options = Options { signatures, views, ..Options::default() };
    let start = Instant::now();
    let report = audit::verify(&source, &options, &|_| {}).map_err(Failure::unable)?;
    let elapsed = start.elapsed();
    assert!(report.is_clean(), "a simulated ledger verifies: {:?}", report.findings);
    Ok(elapsed)
}

/// The time of the folds alone, without reading, decoding and judging.
fn fold(folder: &Path) -> Result<Duration, Failure> {
    let reader: std::sync::Arc<dyn Disk> = std::sync::Arc::new(FolderDisk::open(folder).map_err(Failure::unable)?);
    let (log, _) = SegmentReader::open(reader).map_err(Failure::unable)?;
    let (mut state, mut views) = (State::default(), Views::default());
    let mut spent = Duration::ZERO;
    for chunk in log.read_chunks(0, 1024).map_err(Failure::unable)? {
        for bytes in chunk.map_err(Failure::unable)?.entries() {
            let decoded = Entry::decode(bytes).map_err(Failure::unable)?;
            let accepted = check(&state, &decoded.entry.event, decoded.id, decoded.entry.recorded)?;
            state.apply(&accepted);
            let start = Instant::now();
            views.fold(&accepted, &state, None)?;
            spent += start.elapsed();
        }
    }
    Ok(spent)
}

fn appends(scratch: &Path, figures: &mut Vec<Figure>) -> Result<(), Failure> {
    const COUNT: u64 = 40_000;
    const SINGLES: usize = 2_000;
    let mut simulation = Simulation::new(COUNT, 2);
    let first = simulation.next().expect("a simulation has an opening");
    let opening = crate::canonical::decode(&first.submissions[0]).map_err(Failure::unable)?;
    let (mut submissions, mut times) = (Vec::new(), Vec::new());
    for batch in simulation {
        times.resize(times.len() + batch.submissions.len(), batch.recorded);
        submissions.extend(batch.submissions);
    }
    let folder = scratch.join("append");
    let mut ledger = Ledger::create(&folder, &opening, log_key(2), first.recorded)?;
    let (batched, single) = submissions.split_at(submissions.len() - SINGLES);
    let count = |answers: Vec<Answer>| answers.iter().filter(|answer| matches!(answer, Answer::Accepted(_))).count();
    let start = Instant::now();
    let mut accepted = 0;
    // The log's clock goes with the simulation's: its policy refuses what comes too late.
    for (batch, times) in batched.chunks(256).zip(times.chunks(256)) {
        accepted += count(ledger.append(batch, *times.last().expect("a chunk is not empty"))?);
    }
    let elapsed = start.elapsed();
    assert_eq!(accepted, batched.len(), "simulated events are accepted");
    figures.push(Figure::at_least(
        "append durably, batches of 256",
        accepted as f64 / elapsed.as_secs_f64(),
        "events/s",
        20_000.0,
        "rules, strict signatures, one fdatasync a batch, receipts with proofs",
    ));
    // The disk's own rate, before and after, with lines of the same length.
    let line_bytes = single[0].len() + 200;
    let before = sync_rate(scratch, line_bytes, SINGLES)?;
    let start = Instant::now();
    let last = *times.last().expect("there are submissions");
    for one in single.chunks(1) {
        accepted += count(ledger.append(one, last)?);
    }
    let elapsed = start.elapsed();
    let after = sync_rate(scratch, line_bytes, SINGLES)?;
    assert_eq!(accepted, submissions.len(), "simulated events are accepted");
    let rate = SINGLES as f64 / elapsed.as_secs_f64();
    let syncs = (before + after) / 2.0;
    figures.push(Figure::at_most(
        "append durably, one at a time",
        syncs / rate,
        "x",
        2.0,
        format!("{rate:.0} events/s against {syncs:.0} fdatasync/s of this disk"),
    ));
    Ok(())
}

/// How many appends of so many bytes with one fdatasync each this disk takes in a second.
fn sync_rate(scratch: &Path, len_bytes: usize, count: usize) -> Result<f64, Failure> {
    use std::io::Write;
    let path = scratch.join("syncs");
    let mut file = std::fs::File::create(&path).map_err(|error| Failure::io(&path, error))?;
    let line = vec![b'x'; len_bytes];
    let start = Instant::now();
    for _ in 0..count {
        file.write_all(&line).and_then(|()| file.sync_data()).map_err(|error| Failure::io(&path, error))?;
    }
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

fn folder_len_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => folder_len_bytes(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}

/// The most memory this process ever held, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}
