//! volunteer: who joined, what they did, what they are honoured for, and a statement of it that anybody can check offline.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::canonical::Names;
use crate::cli::context::{LedgerArg, Pen, SignArg, fill, key_file, short};
use crate::cli::report::{Failure, Out, table};
use crate::cli::verify::read_policy;
use crate::crypto::note::Vkey;
use crate::crypto::{Blake3Hash, PublicKey};
use crate::event::kinds::*;
use crate::event::{Code, Date, Token};
use crate::log::policy::Policy;
use crate::rules::State;
use crate::rules::state::VolunteerIx;
use crate::service::Reader;
use crate::service::statement::{self, Statement};
use crate::vault::file::{refuse_in_ledger, write_new};
use crate::views::{Slot, ViewName};

/// Record volunteers' work and honour it.
#[derive(Debug, Subcommand)]
pub enum VolunteerCommand {
    /// A volunteer joins your organization, under a random token; keep who it is in your vault.
    Join(Join),
    /// Record that a volunteer worked.
    Record(Record),
    /// Award what was earned: deliveries-100, deliveries-1000, hours-10, hours-50, hours-100 or hours-500.
    Award(AwardArgs),
    /// List volunteers with hours, deliveries and awards.
    List {
        /// Only those of this organization.
        #[arg(long, value_name = "CODE")]
        organization: Option<Code>,
        #[command(flatten)]
        ledger: LedgerArg,
    },
    /// Write a statement of service: a page to print and a file that anybody can check offline.
    Statement(StatementArgs),
    /// Check a statement of service offline, without a ledger.
    Check(Check),
}

/// join.
#[derive(Debug, Args)]
pub struct Join {
    /// The volunteer's own device, by the name of its key file among the ledger's keys: its deliveries count for them.
    #[arg(long, value_name = "NAME", conflicts_with = "public_key")]
    device: Option<String>,
    /// The same by its public key (64 hex digits).
    #[arg(long, value_name = "KEY")]
    public_key: Option<PublicKey>,
    /// A salted commitment to who it is (64 hex digits).
    #[arg(long, value_name = "HASH")]
    commitment: Option<Blake3Hash>,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

/// record.
#[derive(Debug, Args)]
pub struct Record {
    /// The volunteer's token, or its beginning.
    volunteer: String,
    /// How many minutes.
    minutes: u64,
    /// What: calls, delivery, driving, intake, medical, other, packing or teaching.
    #[arg(long)]
    activity: Activity,
    /// On which day; today if not given.
    #[arg(long, value_name = "DAY")]
    day: Option<Date>,
    /// For which programme.
    #[arg(long, value_name = "CODE")]
    programme: Option<Code>,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

/// award.
#[derive(Debug, Args)]
pub struct AwardArgs {
    /// The volunteer's token, or its beginning.
    volunteer: String,
    /// The award.
    award: Award,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

/// statement.
#[derive(Debug, Args)]
pub struct StatementArgs {
    /// The volunteer's token, or its beginning.
    volunteer: String,
    /// The folder to write it into: statement.json and statement.html.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A file whose first line is the volunteer's name, printed on the page only: without it the page names the token.
    #[arg(long, value_name = "FILE")]
    name_file: Option<PathBuf>,
    #[command(flatten)]
    ledger: LedgerArg,
}

/// check.
#[derive(Debug, Args)]
pub struct Check {
    /// The statement.json.
    statement: PathBuf,
    /// The tlog-policy file of whom you trust.
    #[arg(long, value_name = "FILE", required_unless_present = "vkey")]
    policy: Option<PathBuf>,
    /// The log's public key, in place of a policy without witnesses.
    #[arg(long, conflicts_with = "policy")]
    vkey: Option<String>,
}

fn find_volunteer(state: &State, text: &str) -> Result<VolunteerIx, Failure> {
    if text.len() < 4 {
        return Err(Failure::no(format!("`{text}` is too short for a volunteer's token: give at least its first 4 digits")));
    }
    let mut found = state.volunteers.iter().enumerate().filter(|(_, volunteer)| volunteer.token.to_string().starts_with(text));
    match (found.next(), found.next()) {
        (Some((place, _)), None) => Ok(VolunteerIx(place as u32)),
        (None, _) => Err(Failure::no(format!("no volunteer's token begins with `{text}`")).hint("`aidledger volunteer list` shows them")),
        _ => Err(Failure::no(format!("{text} is too short: several volunteers' tokens begin with it")).hint("give more digits")),
    }
}

impl VolunteerCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            VolunteerCommand::Join(args) => args.run(out),
            VolunteerCommand::Record(args) => args.run(out),
            VolunteerCommand::Award(args) => {
                let pen = Pen::open(&args.ledger, &args.sign, out)?;
                let volunteer = pen.state().volunteers[find_volunteer(pen.state(), &args.volunteer)?.at()].token;
                pen.write(Body::RecognitionAwarded(RecognitionAwarded { award: args.award, volunteer }), out)
            }
            VolunteerCommand::List { organization, ledger } => list(&ledger, organization, out),
            VolunteerCommand::Statement(args) => args.run(out),
            VolunteerCommand::Check(args) => args.run(out),
        }
    }
}

impl Join {
    fn run(self, out: &Out) -> Result<(), Failure> {
        let mut token = [0u8; 16];
        fill(&mut token)?;
        let volunteer = Token(token);
        let key = match &self.device {
            Some(name) => Some(self.sign.passphrase.open_key(&key_file(&self.ledger, name)?)?.public()),
            None => self.public_key,
        };
        let mut pen = Pen::open(&self.ledger, &self.sign, out)?;
        let (mut answer, words) = pen.append(Body::VolunteerJoined(VolunteerJoined { commitment: self.commitment, key, volunteer }))?;
        pen.ledger.close()?;
        answer["volunteer"] = volunteer.to_string().into();
        out.answer(answer, || format!("{words}\nvolunteer  {volunteer}"));
        Ok(())
    }
}

impl Record {
    fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = Pen::open(&self.ledger, &self.sign, out)?;
        let volunteer = pen.state().volunteers[find_volunteer(pen.state(), &self.volunteer)?.at()].token;
        let day = self.day.unwrap_or_else(|| self.sign.at.unwrap_or_else(crate::cli::context::now).date());
        let (activity, minutes, programme) = (self.activity, self.minutes, self.programme);
        pen.write(Body::ServiceRecorded(ServiceRecorded { activity, day, minutes, programme, reference: None, volunteer }), out)
    }
}

fn list(ledger: &LedgerArg, organization: Option<Code>, out: &Out) -> Result<(), Failure> {
    let reader = ledger.read_views(out)?;
    let state = &reader.state;
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for change in reader.rows(ViewName::Volunteers, "")? {
        let row: Value = serde_json::from_slice(&change.value).expect("a row is JSON");
        if organization.is_some_and(|code| row["organization"] != code.as_str()) {
            continue;
        }
        let place = state.volunteer_of[&change.key.parse::<Token>().expect("the key is a token")];
        let volunteer = &state.volunteers[place.at()];
        let awards: Vec<&str> = Award::ALL.iter().filter(|award| volunteer.awards & award.bit() != 0).map(|award| award.word()).collect();
        rows.push(vec![
            short(&change.key),
            state.organizations.code(volunteer.organization.0).to_string(),
            statement::hours(volunteer.minutes),
            volunteer.deliveries.to_string(),
            awards.join(", "),
        ]);
        values.push(json!({ "volunteer": change.key, "row": row }));
    }
    out.answer(json!({ "size": reader.chain.size, "volunteers": values }), || {
        table(&["VOLUNTEER", "ORGANIZATION", "HOURS", "DELIVERIES", "AWARDS"], rows, &[2, 3])
    });
    Ok(())
}

impl StatementArgs {
    fn run(self, out: &Out) -> Result<(), Failure> {
        let reader = self.ledger.read_views(out)?;
        let place = find_volunteer(&reader.state, &self.volunteer)?;
        let name = match &self.name_file {
            None => None,
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| Failure::io(path, error))?;
                Some(text.lines().next().unwrap_or_default().trim().to_owned()).filter(|name| !name.is_empty())
            }
        };
        let statement = self.gather(&reader, place)?;
        let organization: &Names = &reader.state.organizations.at(reader.state.volunteers[place.at()].organization.0).name;
        std::fs::create_dir_all(&self.out).map_err(|error| Failure::io(&self.out, error))?;
        let (json_path, page_path) = (self.out.join("statement.json"), self.out.join("statement.html"));
        refuse_in_ledger(&json_path)?;
        write_new(&json_path, format!("{:#}\n", statement.to_json()).as_bytes())?;
        write_new(&page_path, statement.page(organization, name.as_deref()).as_bytes())?;
        out.answer(statement.to_json(), || {
            format!(
                "{} and {} in {}.\nAnybody checks the first with `aidledger volunteer check {} --vkey …`.",
                "statement.json",
                "statement.html",
                self.out.display(),
                json_path.display()
            )
        });
        Ok(())
    }

    /// The proofs of what the volunteer did, from the listings.
    fn gather(&self, reader: &Reader, place: VolunteerIx) -> Result<Statement, Failure> {
        let state = &reader.state;
        let volunteer = &state.volunteers[place.at()];
        let mut indexes = reader.listing(Slot::of_entry(volunteer.entry), &format!("volunteer/{}", volunteer.token))?;
        if let Some(key) = volunteer.key {
            let counted = state.deliveries.iter().map(|delivery| delivery.entry);
            indexes.extend(counted.filter(|entry| *entry > volunteer.entry && state.made[*entry as usize].signer == key).map(u64::from));
        }
        indexes.sort_unstable();
        indexes.retain(|index| {
            let made = state.made[*index as usize];
            !made.reversed && made.kind != Kind::EventReversed && *index < reader.checkpoint.size()
        });
        let mut proofs = Vec::with_capacity(indexes.len());
        for index in indexes {
            let proof = reader.prove(index).map_err(Failure::unable)?;
            let (entry, _) = reader.entry(index)?;
            proofs.push(proof.with_extra(entry).map_err(Failure::unable)?.format());
        }
        let opening = state.opening.as_ref().expect("an opened reader has entry 0");
        let policy = Policy::parse(format!("log {}\nquorum none\n", crate::service::recovery::log_vkey(state)?).as_bytes());
        let policy = policy.map_err(Failure::unable)?;
        Statement::of(opening.id, volunteer.token, proofs, &policy).map_err(|error| Failure::unable(format!("{error}")))
    }
}

impl Check {
    fn run(self, out: &Out) -> Result<(), Failure> {
        let policy = match (&self.policy, &self.vkey) {
            (Some(path), _) => read_policy(path)?,
            (None, Some(vkey)) => {
                let vkey = Vkey::parse(vkey).map_err(|error| Failure::unable(format!("the key cannot be read: {error}")))?;
                Policy::parse(format!("log {vkey}\nquorum none\n").as_bytes()).map_err(Failure::unable)?
            }
            (None, None) => return Err(Failure::unable("nobody to trust is named").hint("give --policy or --vkey")),
        };
        let bytes = std::fs::read(&self.statement).map_err(|error| Failure::io(&self.statement, error))?;
        let statement = Statement::check(&bytes, &policy).map_err(|error| Failure::no(format!("the statement does not hold: {error}")))?;
        let mut json = statement.to_json();
        json.as_object_mut().expect("a statement is an object").remove("proofs");
        json["answer"] = "holds".into();
        json["reversals"] = "not shown".into();
        out.answer(json, || {
            format!(
                "It holds: each of these events is in the log.\n{}\n\nIt cannot show that none of them was reversed: ask the ledger, with `aidledger volunteer list`.",
                statement.summary()
            )
        });
        Ok(())
    }
}
