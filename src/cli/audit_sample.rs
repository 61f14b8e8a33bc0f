//! audit sample, check-openings, attest: from a later checkpoint to a signed opinion.
//!
//! A sample's file says what was asked for and what was drawn. Nobody need believe it: whoever uses it draws again from the ledger and compares.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::audit::save;
use crate::cli::context::{LedgerArg, Pen, SignArg};
use crate::cli::report::{Failure, NO, Out, table};
use crate::crypto::Blake3Hash;
use crate::event::kinds::{AuditAttested, Body, Conclusion, Sample, SampleMethod};
use crate::event::{Code, EventId};
use crate::flags::openings::{self, Opening, Outcome};
use crate::flags::sample::{Aim, SampleError, Weight, draw_equal, draw_money, population, seed, size_finite, size_textbook};
use crate::log::prove::read_root;
use crate::log::tile_tree::TileHashes;
use crate::log::tree::TreeHash;
use crate::rules::state::{ItemIx, ProgrammeIx};
use crate::rules::{State, check};
use crate::service::Reader;
use crate::service::pipeline::decode_chunk;
use crate::service::recovery::{log_vkey, open_checkpoint};
use crate::service::tiles::LedgerTiles;

/// A share in thousandths, written in percent: 5%, 0.5%.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(u64);

impl FromStr for Percent {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a share in percent with at most one digit after the point, like 5% or 0.5%");
        let number = text.strip_suffix('%').unwrap_or(text);
        let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 2 || tenth.len() != 1 || !digits(whole) || !digits(tenth) {
            return Err(wrong());
        }
        Ok(Percent(whole.parse::<u64>().map_err(|_| wrong())? * 10 + tenth.parse::<u64>().map_err(|_| wrong())?))
    }
}

/// A sample as it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleFile {
    ledger: String,
    programme: Code,
    tolerable_permille: u64,
    confidence_permille: u64,
    /// For money-weighted samples.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    item: Option<Code>,
    /// Whether the size is that of a finite population.
    finite: bool,
    /// The deliveries among so many first entries are drawn from.
    upto: u64,
    /// The checkpoint that draws, as it was signed.
    checkpoint: String,
    seed: Blake3Hash,
    /// Deliveries that could be drawn.
    population: u64,
    /// How many draws.
    size: u64,
    size_textbook: u64,
    size_finite: u64,
    drawn: Vec<DrawnFile>,
}

/// A drawn delivery as it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DrawnFile {
    index: u64,
    event: Blake3Hash,
    organization: Code,
    /// How many draws hit it.
    hits: u64,
    /// The commitment to open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    evidence: Option<Blake3Hash>,
}

/// What is asked for.
struct Asked<'a> {
    programme: Code,
    aim: Aim,
    item: Option<Code>,
    finite: bool,
    upto: u64,
    checkpoint: &'a [u8],
}

impl From<SampleError> for Failure {
    fn from(error: SampleError) -> Failure {
        Failure::unable(error)
    }
}

/// The root of the first `size` entries, vouched for by the ledger's checkpoint.
fn root_at(reader: &Reader, size: u64) -> Result<TreeHash, Failure> {
    let tiles = LedgerTiles::new(reader.disk.clone(), reader.log.clone());
    let hashes = TileHashes::authenticated(tiles, reader.checkpoint.size(), *reader.checkpoint.root());
    read_root(&hashes, size).map_err(Failure::unable)
}

/// The state after the first `upto` entries.
fn state_at(reader: &Reader, upto: u64) -> Result<State, Failure> {
    let mut state = State::default();
    let chunks = reader.log.read_chunks(0, 4096).map_err(crate::service::OpenError::from)?;
    for chunk in chunks.until(upto) {
        for checked in decode_chunk(&chunk.map_err(crate::service::OpenError::from)?) {
            let entry = checked.map_err(|fault| Failure::no(format!("entry {}: {fault}", state.size())))?.decoded;
            let accepted = check(&state, &entry.entry.event, entry.id, entry.entry.recorded)?;
            state.apply(&accepted);
        }
    }
    Ok(state)
}

fn draw(reader: &Reader, asked: &Asked<'_>) -> Result<SampleFile, Failure> {
    let (_, checkpoint) = open_checkpoint(asked.checkpoint, &log_vkey(&reader.state)?)
        .map_err(|error| Failure::no(format!("the checkpoint is not signed by this log: {error}")))?;
    if checkpoint.size() <= asked.upto || asked.upto == 0 {
        return Err(SampleError::CheckpointTooEarly { size: checkpoint.size(), upto: asked.upto }.into());
    }
    if checkpoint.size() > reader.checkpoint.size() {
        let what = format!("the checkpoint is of {} entries, this copy of the ledger has {}", checkpoint.size(), reader.checkpoint.size());
        return Err(Failure::unable(what).hint("bring the copy up to date"));
    }
    let root = root_at(reader, checkpoint.size())?;
    if root != *checkpoint.root() {
        let what = format!(
            "the log signed two histories: the checkpoint's root for {} entries is {}, these entries make {root}",
            checkpoint.size(),
            checkpoint.root()
        );
        return Err(Failure::no(what).hint("keep both: this checkpoint and this ledger together prove it"));
    }
    let state = state_at(reader, asked.upto)?;
    let unknown = |what: &str, code: &Code| Failure::unable(format!("there is no {what} {code} among the first {} entries", asked.upto));
    let programme = state.programmes.find(&asked.programme).map(ProgrammeIx).ok_or_else(|| unknown("programme", &asked.programme))?;
    let weight = match &asked.item {
        None => Weight::Equal,
        Some(item) => Weight::Money(state.items.find(item).map(ItemIx).ok_or_else(|| unknown("item", item))?),
    };
    let units = population(&state, programme, weight);
    if units.is_empty() {
        return Err(SampleError::Empty { upto: asked.upto }.into());
    }
    let seed = seed(&checkpoint);
    let (textbook, finite) = (size_textbook(asked.aim), size_finite(asked.aim, units.len() as u32));
    let (size, drawn) = match weight {
        Weight::Equal => {
            let size = if asked.finite { finite } else { textbook.min(units.len() as u64) };
            (size, draw_equal(&seed, &units, size))
        }
        Weight::Money(_) => (textbook, draw_money(&seed, &units, textbook)),
    };
    let mut rows = Vec::with_capacity(drawn.len());
    for one in drawn {
        let (_, entry) = reader.entry(one.index)?;
        let evidence = crate::flags::observations::evidence_of(&entry.entry.event.body).copied();
        rows.push(DrawnFile {
            index: one.index,
            event: one.event.0,
            organization: entry.entry.event.organization,
            hits: one.hits,
            evidence,
        });
    }
    let opening = state.opening.as_ref().expect("a ledger with deliveries is open");
    Ok(SampleFile {
        ledger: opening.id.to_string(),
        programme: asked.programme,
        tolerable_permille: asked.aim.tolerable_permille,
        confidence_permille: asked.aim.confidence_permille,
        item: asked.item,
        finite: asked.finite,
        upto: asked.upto,
        checkpoint: String::from_utf8(asked.checkpoint.to_vec()).map_err(Failure::unable)?,
        seed,
        population: units.len() as u64,
        size,
        size_textbook: textbook,
        size_finite: finite,
        drawn: rows,
    })
}

/// Draw deliveries to look at, by a seed that follows from a later checkpoint.
///
/// First name what is drawn from: the deliveries of the programme among the first `--upto` entries. Then wait for a checkpoint of more entries (better one that witnesses
/// cosigned, and after an event of your own): its hash draws, and anybody gets the same sample from it.
#[derive(Debug, Args)]
pub struct Draw {
    /// The programme whose deliveries are drawn.
    #[arg(long, value_name = "CODE")]
    programme: Code,
    /// How much may be wrong: 5%.
    #[arg(long, value_name = "PERCENT")]
    tolerable: Percent,
    /// How sure you want to be that you would see it: 95%.
    #[arg(long, value_name = "PERCENT")]
    confidence: Percent,
    /// Draw by the amount of this item: each minor unit has the same chance.
    #[arg(long, value_name = "CODE")]
    item: Option<Code>,
    /// The signed checkpoint that draws.
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,
    /// Draw from the deliveries that stand among so many first entries; fewer than the checkpoint has.
    #[arg(long, value_name = "SIZE")]
    upto: u64,
    /// Take the exact size for a small population, instead of the textbook's for one without end.
    #[arg(long, conflicts_with = "item")]
    finite: bool,
    /// Save the sample here.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    ledger: LedgerArg,
}

impl Draw {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let aim = Aim::new(self.tolerable.0, self.confidence.0)?;
        let reader = self.ledger.read(out)?;
        let checkpoint = std::fs::read(&self.checkpoint).map_err(|error| Failure::io(&self.checkpoint, error))?;
        let asked =
            Asked { programme: self.programme, aim, item: self.item, finite: self.finite, upto: self.upto, checkpoint: &checkpoint };
        let sample = draw(&reader, &asked)?;
        let json = serde_json::to_value(&sample).map_err(Failure::unable)?;
        if let Some(path) = &self.out {
            save(path, &format!("{json:#}\n"))?;
        }
        out.answer(json, || sample.words());
        Ok(())
    }
}

impl SampleFile {
    fn words(&self) -> String {
        let rows = self.drawn.iter().map(|drawn| {
            let evidence = drawn.evidence.map_or_else(|| "none: nothing was committed to".to_owned(), |hash| hash.to_string());
            vec![
                drawn.index.to_string(),
                drawn.organization.to_string(),
                drawn.hits.to_string(),
                drawn.event.to_string()[..12].to_owned(),
                evidence,
            ]
        });
        format!(
            "{} draws from {} deliveries of {} among the first {} entries.\nseed {}\n(textbook size {}, for this population {})\n\n{}\n\nThe organizations answer with openings of \
             the evidence; `aidledger audit check-openings` holds them against the log.",
            self.size,
            self.population,
            self.programme,
            self.upto,
            self.seed,
            self.size_textbook,
            self.size_finite,
            table(&["entry", "organization", "hits", "event", "evidence"], rows.collect(), &[0, 2])
        )
    }

    /// Reads a sample's file and draws it again.
    fn drawn_again(path: &Path, reader: &Reader) -> Result<SampleFile, Failure> {
        let text = std::fs::read(path).map_err(|error| Failure::io(path, error))?;
        let said: SampleFile =
            serde_json::from_slice(&text).map_err(|error| Failure::unable(format!("{} is not a sample: {error}", path.display())))?;
        let aim = Aim::new(said.tolerable_permille, said.confidence_permille)?;
        let asked = Asked {
            programme: said.programme,
            aim,
            item: said.item,
            finite: said.finite,
            upto: said.upto,
            checkpoint: said.checkpoint.as_bytes(),
        };
        let again = draw(reader, &asked)?;
        if again != said {
            let first = again.drawn.iter().zip(&said.drawn).position(|(a, b)| a != b);
            let place = first.map_or_else(|| "its figures differ".to_owned(), |place| format!("delivery {} of it is another", place + 1));
            return Err(Failure::no(format!("{} is not the sample that its checkpoint draws: {place}", path.display())));
        }
        Ok(said)
    }

    fn outcomes(&self, path: &Path) -> Result<Vec<(EventId, Outcome)>, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::io(path, error))?;
        let shown: Vec<Opening> = openings::parse(&text).map_err(|error| Failure::unable(format!("{}: {error}", path.display())))?;
        let drawn: Vec<_> = self.drawn.iter().map(|drawn| (EventId(drawn.event), drawn.evidence)).collect();
        Ok(openings::check(&drawn, &shown))
    }
}

/// Hold the organizations' openings against the commitments of a sample.
///
/// The sample is drawn again from the ledger first. Exit status 0: every drawn delivery has an opening that holds; 1: one is missing or false. Then compare the
/// files with the hashes shown (`b3sum FILE`), and look at them: that they were committed to says nothing about what they show.
#[derive(Debug, Args)]
pub struct CheckOpenings {
    /// The sample's file.
    sample: PathBuf,
    /// The openings: a list of `{"commitment":…,"file_hash":…,"salt":…}` in hex, or one after the other.
    openings: PathBuf,
    #[command(flatten)]
    ledger: LedgerArg,
}

impl CheckOpenings {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let reader = self.ledger.read(out)?;
        let sample = SampleFile::drawn_again(&self.sample, &reader)?;
        let outcomes = sample.outcomes(&self.openings)?;
        let failed = outcomes.iter().filter(|(_, outcome)| outcome.failed()).count();
        let shared = openings::files_shared(&outcomes);
        let rows = || sample.drawn.iter().zip(&outcomes);
        let json = json!({
            "answer": if failed == 0 { "all hold" } else { "not all hold" },
            "drawn": outcomes.len(),
            "failed": failed,
            "openings": rows().map(|(drawn, (event, outcome))| {
                let file_hash = if let Outcome::Holds { file_hash } = outcome { Some(file_hash.to_string()) } else { None };
                json!({ "index": drawn.index, "event": event.to_string(), "outcome": outcome.word(), "file_hash": file_hash })
            }).collect::<Vec<_>>(),
            "files_shared": shared.iter().map(|(file, events)| {
                json!({ "file_hash": file.to_string(), "events": events.iter().map(ToString::to_string).collect::<Vec<_>>() })
            }).collect::<Vec<_>>(),
        });
        let words = || {
            let table_rows = rows().map(|(drawn, (event, outcome))| {
                let file = if let Outcome::Holds { file_hash } = outcome { file_hash.to_string() } else { String::new() };
                vec![
                    drawn.index.to_string(),
                    drawn.organization.to_string(),
                    event.to_string()[..12].to_owned(),
                    outcome.word().to_owned(),
                    file,
                ]
            });
            let mut text = table(&["entry", "organization", "event", "opening", "BLAKE3 of the file"], table_rows.collect(), &[0]);
            for (file, events) in &shared {
                text += &format!("\nTo ask: one file ({file}) is the evidence of {} of these deliveries.", events.len());
            }
            text
        };
        if failed == 0 {
            out.answer(json, words);
            return Ok(());
        }
        if !out.is_json() {
            out.raw(format!("{}\n", words()).as_bytes());
        }
        Err(Failure {
            status: NO,
            what: format!("{failed} of {} drawn deliveries have no opening that holds", outcomes.len()),
            hint: None,
            json: Some(json),
        })
    }
}

/// Sign your opinion as an event of the ledger: on what a sample was drawn from, with its figures, or without one.
///
/// The sample is drawn again and the openings are checked again; the root is that of the first `--upto` entries of the sample, as this ledger's tree makes it.
#[derive(Debug, Args)]
pub struct Attest {
    /// The sample's file; without one the opinion rests on the audit alone.
    #[arg(requires = "openings")]
    sample: Option<PathBuf>,
    /// The openings.
    openings: Option<PathBuf>,
    /// Without a sample: the programme that the opinion is about; the whole ledger if not given.
    #[arg(long, value_name = "CODE", conflicts_with = "sample")]
    programme: Option<Code>,
    /// Without a sample: on how many entries; those of the latest checkpoint if not given.
    #[arg(long, value_name = "SIZE", conflicts_with = "sample")]
    upto: Option<u64>,
    /// What you conclude: unqualified, qualified, adverse or disclaimer.
    #[arg(long)]
    conclusion: Conclusion,
    /// Deliveries whose file, when you looked at it, does not show what was recorded; they count as failed too.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    also_failed: u64,
    /// Your report: its BLAKE3 goes into the event.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Attest {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let reader = self.ledger.read(out)?;
        let (programme, size, sample) = match (&self.sample, &self.openings) {
            (Some(sample), Some(openings)) => self.looked_at(&reader, sample, openings)?,
            _ => (self.programme, self.upto.unwrap_or(reader.checkpoint.size()), None),
        };
        let root = root_at(&reader, size)?;
        drop(reader);
        let report = match &self.report {
            None => None,
            Some(path) => Some(Blake3Hash::of(&std::fs::read(path).map_err(|error| Failure::io(path, error))?)),
        };
        let body = AuditAttested { conclusion: self.conclusion, programme, report, root: Blake3Hash(*root.as_bytes()), sample, size };
        Pen::open(&self.ledger, &self.sign, out)?.write(Body::AuditAttested(body), out)
    }

    /// What a sample and its openings say: the programme, up to which entry, and the figures.
    fn looked_at(&self, reader: &Reader, sample: &Path, openings: &Path) -> Result<(Option<Code>, u64, Option<Sample>), Failure> {
        let sample = SampleFile::drawn_again(sample, reader)?;
        let outcomes = sample.outcomes(openings)?;
        let unopened = outcomes.iter().filter(|(_, outcome)| outcome.failed()).count() as u64;
        let failed = unopened + self.also_failed;
        let drawn = outcomes.len() as u64;
        if failed > drawn {
            return Err(Failure::unable(format!(
                "{unopened} of {drawn} have no opening that holds; {} more cannot have failed",
                self.also_failed
            )));
        }
        if failed > 0 && self.conclusion == Conclusion::Unqualified {
            return Err(Failure::no(format!(
                "{failed} of {drawn} drawn deliveries failed: an unqualified opinion would say that none did"
            ))
            .hint("conclude `qualified`, `adverse` or `disclaimer`, or wait for the openings that are missing"));
        }
        let figures = Sample {
            confidence_permille: sample.confidence_permille,
            drawn,
            failed,
            method: if sample.item.is_some() { SampleMethod::Money } else { SampleMethod::Equal },
            population: sample.population,
            seed: sample.seed,
            tolerable_permille: sample.tolerable_permille,
        };
        Ok((Some(sample.programme), sample.upto, Some(figures)))
    }
}

#[cfg(test)]
mod tests {
    use super::Percent;

    #[test]
    fn shares_in_percent() {
        for (text, permille) in [("5%", 50), ("5", 50), ("0.5%", 5), ("99.9%", 999), ("10.0%", 100), ("95%", 950)] {
            assert_eq!(text.parse(), Ok(Percent(permille)), "{text}");
        }
        for wrong in ["", "%", "100%", "5.55%", "-5%", "5,5%", ".5%", "5.%", "0x5", "5%%", "+5%", "５%"] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong}");
        }
    }
}
