//! audit: what is provable (errors) apart from what a person must judge (flags); samples, openings, and the auditor's signed opinion.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::audit_page;
use crate::cli::audit_sample::{Attest, CheckOpenings, Draw};
use crate::cli::context::LedgerArg;
use crate::cli::report::{Failure, NO, Out, progress};
use crate::event::kinds::Body;
use crate::event::{Code, EventId};
use crate::flags::{FlagReport, Observations, Options};
use crate::log::tree::TreeHash;
use crate::rules::State;
use crate::service::audit::{self, Attested, Report, Source, SourceError};
use crate::vault::file::{refuse_in_ledger, write_new};

/// Audit the ledger: errors, which are provable, and flags, which ask what a person must judge.
///
/// Everything is verified first, from the bytes alone, as by `verify`. Then every event is looked at for patterns that obey all rules and are still
/// worth a question: each flag has its rule, the events behind it, how often the pattern shows in this ledger at all, and what the organization answered. A flag proves nothing
/// about anybody. Exit status 0: no error, whatever the flags ask; 1: an error.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Audit {
    #[command(subcommand)]
    command: Option<AuditCommand>,
    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Debug, Args)]
struct ReportArgs {
    /// A ledger's folder or an exported tile folder.
    #[command(flatten)]
    ledger: LedgerArg,
    /// The ledger's id as you hold it from elsewhere.
    #[arg(long, value_name = "ID")]
    id: Option<EventId>,
    /// Also save the report as JSON.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Also save the report as one HTML page that needs nothing else.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Also ask about the first digits of expenses: it takes 500 of them, and honest fixed fees look odd.
    #[arg(long)]
    first_digits: bool,
    /// Show only what concerns this organization. Base rates stay those of the whole ledger.
    #[arg(long, value_name = "CODE")]
    organization: Option<Code>,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    Sample(Draw),
    CheckOpenings(CheckOpenings),
    Attest(Attest),
}

impl Audit {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        match self.command {
            None => self.report.run(out),
            Some(AuditCommand::Sample(args)) => args.run(out),
            Some(AuditCommand::CheckOpenings(args)) => args.run(out),
            Some(AuditCommand::Attest(args)) => args.run(out),
        }
    }
}

/// Everything that an audit found.
pub struct Findings {
    /// What was verified.
    pub report: Report,
    /// Opinions whose root is not the log's, with the log's root.
    pub wrong_attestations: Vec<(Attested, TreeHash)>,
    /// What to ask.
    pub flags: Vec<FlagReport>,
    /// What was seen of each event.
    pub seen: Observations,
    /// The state after the last entry that is right.
    pub state: State,
}

impl Findings {
    /// Audits a source.
    pub fn of(source: &Source, options: &audit::Options, flags: Options) -> Result<Findings, Failure> {
        let bar = progress(source.size_hint().unwrap_or(0), "auditing");
        let mut seen = Observations::default();
        let mut attested = Vec::new();
        let mut observe = |accepted: &crate::rules::Accepted<'_>, state: &State, recorded| {
            seen.take(accepted, state, recorded);
            if let Body::AuditAttested(body) = &accepted.event.body {
                attested.push(Attested { index: u64::from(accepted.index), size: body.size, root: body.root });
            }
        };
        let outcome = audit::verify_observing(source, options, &mut observe, &|done| bar.set_position(done));
        bar.finish_and_clear();
        let damaged = |error| match error {
            SourceError::Damaged(what) | SourceError::TornTail(what) => Failure::no(what),
            other => Failure::unable(other),
        };
        let (report, state) = outcome.map_err(damaged)?;
        let attested: Vec<_> = attested.into_iter().filter(|attested| !state.made[attested.index as usize].reversed).collect();
        let wrong_attestations = audit::wrong_attestations(source, &attested).map_err(damaged)?;
        let flags = seen.finish(&state, flags);
        Ok(Findings { report, wrong_attestations, flags, seen, state })
    }

    /// Whether nothing provable is wrong.
    pub fn is_clean(&self) -> bool {
        self.report.is_clean() && self.wrong_attestations.is_empty()
    }

    /// The errors in words, one each.
    pub fn errors(&self) -> Vec<String> {
        let entry = |index: Option<u64>| index.map_or(String::new(), |index| format!("entry {index}: "));
        let mut errors: Vec<_> = self
            .report
            .findings
            .iter()
            .map(|finding| format!("{}: {}{}", finding.step.word(), entry(finding.index), finding.what))
            .collect();
        errors.extend(self.wrong_attestations.iter().map(|(attested, root)| {
            format!(
                "attestation: entry {}: an auditor attested the root {} for the first {} entries, which make {root}: they were shown another history, or did \
                 not look",
                attested.index, attested.root, attested.size
            )
        }));
        errors
    }

    /// The report for programs.
    pub fn json(&self) -> Value {
        let attestations = self.wrong_attestations.iter().map(|(attested, root)| {
            json!({ "index": attested.index, "size": attested.size, "attested": attested.root.to_string(), "root": root.to_string() })
        });
        json!({
            "answer": if self.is_clean() { "no errors" } else { "errors" },
            "errors": self.errors(),
            "verification": self.report.json(),
            "wrong_attestations": attestations.collect::<Vec<_>>(),
            "as_of": self.seen.as_of().to_string(),
            "flags": self.flags.iter().map(FlagReport::json).collect::<Vec<_>>(),
        })
    }

    fn words(&self) -> String {
        let mut text = format!("ERRORS (provable): {}\n", if self.is_clean() { "none" } else { "" });
        for error in self.errors() {
            text += &format!("  {error}\n");
        }
        let report = &self.report;
        text += &format!("\n  {} entries verified, signatures {}", report.size, report.signatures_word());
        if let Some(root) = report.root {
            text += &format!(", tree root {root}");
        }
        text += &format!(
            "\n\nFLAGS (a person must judge; none proves anything), as of {}\n\nHow often each pattern shows in this ledger, flagged or not:\n",
            self.seen.as_of()
        );
        for report in &self.flags {
            text += &format!("  {:<21}{:>3} asked   {}\n", report.flag.word(), report.asked.count, report.base_rate.words());
        }
        for report in self.flags.iter().filter(|report| !report.instances.is_empty()) {
            let about = report.flag.about();
            text +=
                &format!("\n{}\n  {}\n  rule: {}\n  an honest answer may be: {}\n", report.flag, about.question, about.rule, about.honest);
            for instance in &report.instances {
                text += &format!(
                    "\n  {}  {} {}\n    {}\n    entries ",
                    instance.organization, instance.subject.kind, instance.subject.name, instance.measure
                );
                let shown: Vec<_> = instance.events.iter().take(8).map(|entry| format!("#{entry}")).collect();
                text += &shown.join(" ");
                if instance.events.len() > shown.len() {
                    text += &format!(" and {} more", instance.events.len() - shown.len());
                }
                text += "\n";
                match instance.answers.as_slice() {
                    [] => text += "    not answered\n",
                    answers => answers
                        .iter()
                        .for_each(|answer| text += &format!("    answered in #{}: {}, {}\n", answer.index, answer.answer, answer.reason)),
                }
            }
        }
        text + "\n`aidledger show '#INDEX'` shows an entry. An organization answers with dispute.answered, naming the flag and one of its events."
    }
}

impl ReportArgs {
    fn run(self, out: &Out) -> Result<(), Failure> {
        let source = Source::folder(&self.ledger.ledger)
            .map_err(|error| Failure::unable(error).hint("name a ledger's folder or an exported tile folder with --ledger"))?;
        let options = audit::Options { ledger: self.id, views: true, ..audit::Options::default() };
        let mut findings = Findings::of(&source, &options, Options { first_digits: self.first_digits })?;
        if let Some(organization) = self.organization {
            if findings.state.organizations.find(&organization).is_none() {
                return Err(
                    Failure::unable(format!("there is no organization {organization}")).hint("`aidledger list organizations` shows them")
                );
            }
            findings.flags.iter_mut().for_each(|report| report.instances.retain(|instance| instance.organization == organization));
        }
        let json = findings.json();
        if let Some(path) = &self.save {
            save(path, &format!("{json:#}\n"))?;
        }
        if let Some(path) = &self.html {
            save(path, &audit_page::page(&findings))?;
        }
        if findings.is_clean() {
            out.answer(json, || findings.words());
            return Ok(());
        }
        if !out.is_json() {
            out.raw(format!("{}\n", findings.words()).as_bytes());
        }
        Err(Failure {
            status: NO,
            what: format!("{} errors; the first: {}", findings.errors().len(), findings.errors()[0]),
            hint: None,
            json: Some(json),
        })
    }
}

/// Writes a file of a report: a new one, and in no ledger's folder. A mistyped name must not cost a log, a key or a vault.
pub(super) fn save(path: &Path, text: &str) -> Result<(), Failure> {
    refuse_in_ledger(path)?;
    Ok(write_new(path, text.as_bytes())?)
}
