//! approve and policy: the second key, and what is asked of everybody.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::context::{LedgerArg, PassphraseArg, Pen, SignArg};
use crate::cli::give::{find_assignment, quantity_in};
use crate::cli::govern::some_set;
use crate::cli::report::{Failure, Out, table};
use crate::cli::submit::{draft_line, next_line, open_input};
use crate::event::Code;
use crate::event::kinds::*;
use crate::event::values::format_minor;
use crate::rules::State;
use crate::rules::governance::RULES_VERSION;
use crate::rules::policy::Policy;
use crate::rules::state::OrganizationIx;

/// Approve an assignment, or a draft that somebody wants to append.
///
/// `aidledger approve 9c41` lets the assignment be delivered; `aidledger approve --draft bill.json` lets exactly this event be appended, once.
#[derive(Debug, Args)]
pub struct Approve {
    /// The assignment's id, or its beginning; or name a draft with --draft.
    #[arg(required_unless_present = "draft")]
    assignment: Option<String>,
    /// Approve the draft in this file, as --draft of the command that made it wrote it.
    #[arg(long, value_name = "FILE", conflicts_with = "assignment")]
    draft: Option<PathBuf>,
    #[command(flatten)]
    ledger: LedgerArg,
    /// The name of your key among the ledger's keys; the only one, or `me`, if not given.
    #[arg(long = "as", value_name = "KEY")]
    as_key: Option<String>,
    /// Your key file, wherever it is.
    #[arg(long, env = "AIDLEDGER_KEY", value_name = "FILE", conflicts_with = "as_key")]
    key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArg,
}

impl Approve {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let sign = SignArg { as_key: self.as_key, key: self.key, passphrase: self.passphrase, at: None, draft: None };
        let draft = self.draft;
        let body = match (&self.assignment, draft) {
            (Some(_), Some(_)) => return Err(Failure::unable("name an assignment or a draft, not both")),
            (Some(text), None) => {
                let pen = Pen::open(&self.ledger, &sign, out)?;
                let (assignment, _) = find_assignment(pen.state(), text)?;
                return pen.write(Body::ApprovalGiven(ApprovalGiven { assignment: Some(assignment), draft: None }), out);
            }
            (None, Some(path)) => {
                let mut input = open_input(&path)?;
                let line = next_line(&mut *input, 1)?.ok_or_else(|| Failure::unable(format!("{} is empty", path.display())))?;
                if next_line(&mut *input, 2)?.is_some_and(|line| !line.iter().all(u8::is_ascii_whitespace)) {
                    return Err(Failure::unable(format!("{} holds several drafts; approve them one by one", path.display())));
                }
                draft_line(&line, 1)?.body(1)?
            }
            (None, None) => return Err(Failure::unable("name an assignment or a draft")),
        };
        let hash = draft_hash(&body);
        let mut bytes = Vec::new();
        body.write(&mut bytes);
        out.say(format!("You approve this {}, draft {hash}:\n{}", body.kind(), String::from_utf8_lossy(&bytes)));
        let pen = Pen::open(&self.ledger, &sign, out)?;
        pen.write(Body::ApprovalGiven(ApprovalGiven { assignment: None, draft: Some(hash) }), out)
    }
}

/// What policies ask, and changing them.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Show the policies in force.
    Show {
        #[command(flatten)]
        ledger: LedgerArg,
    },
    /// Set the policy of the whole ledger (a registrar), or of your organization (its admin). It takes the place of the earlier one.
    Set(Box<PolicySet>),
}

/// What to set.
#[derive(Debug, Args)]
pub struct PolicySet {
    /// Your organization's own policy, beside the ledger's; the whole ledger's if not given.
    #[arg(long, value_name = "CODE")]
    organization: Option<Code>,
    /// From how much of an item on how many approvals are asked for: KZT:1000000:1; repeat for more.
    #[arg(long = "approvals", value_name = "ITEM:FROM:COUNT")]
    bands: Vec<String>,
    /// How many days back an event may be entered.
    #[arg(long, value_name = "DAYS")]
    days_back: Option<u64>,
    /// After how many days an untouched gift is called idle.
    #[arg(long, value_name = "DAYS")]
    idle_days: Option<u64>,
    /// The declared cap of overhead, in thousandths of what is spent.
    #[arg(long, value_name = "PERMILLE")]
    overhead: Option<u64>,
    /// What events must carry: commitment, evidence, lock, reference, size, uniqueness.
    #[arg(long, value_delimiter = ',', value_name = "WORDS")]
    require: Vec<Requirement>,
    /// How many approvals a reversal needs.
    #[arg(long, value_name = "COUNT")]
    reversal_approvals: Option<u64>,
    /// Which duties different keys must have: assign-deliver, enrol-assign, enrol-deliver.
    #[arg(long, value_delimiter = ',', value_name = "WORDS")]
    separate: Vec<Separation>,
    /// The smallest number of people that a public statistic shows.
    #[arg(long, value_name = "COUNT")]
    small_cell: Option<u64>,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl PolicyCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            PolicyCommand::Show { ledger } => show(&ledger, out),
            PolicyCommand::Set(set) => set.run(out),
        }
    }
}

impl PolicySet {
    fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = Pen::open(&self.ledger, &self.sign, out)?;
        let band = |text: &String| -> Result<Band, Failure> {
            let parts: Vec<&str> = text.split(':').collect();
            let [item, from, approvals] = parts.as_slice() else {
                return Err(Failure::unable(format!("`{text}` is not a band: write it like KZT:1000000:1")));
            };
            let item: Code = item.parse().map_err(Failure::unable)?;
            let approvals = approvals.parse().map_err(|_| Failure::unable(format!("`{approvals}` is not a number of approvals")))?;
            Ok(Band { approvals, from: quantity_in(pen.state(), from, &item)?, item })
        };
        let bands = self.bands.iter().map(band).collect::<Result<Vec<_>, _>>()?;
        let body = PolicyChanged {
            approvals: (!bands.is_empty()).then_some(bands),
            days_back: self.days_back,
            idle_days: self.idle_days,
            organization: self.organization,
            overhead_permille: self.overhead,
            requires: some_set(self.require),
            reversal_approvals: self.reversal_approvals,
            rules: RULES_VERSION,
            separate: some_set(self.separate),
            small_cell: self.small_cell,
        };
        let asked = |state: &State| match self.organization.and_then(|code| state.organizations.find(&code)) {
            Some(place) => state.policies.own(OrganizationIx(place)).map_or_else(Vec::new, |policy| words(state, policy)),
            None => words(state, state.policies.ledger()),
        };
        let before = asked(pen.state());
        let mut pen = pen;
        let (answer, text) = pen.append(Body::PolicyChanged(body))?;
        let after = asked(pen.state());
        pen.ledger.close()?;
        // A policy is replaced as a whole: what it asked and asks no more must not go unseen.
        for (what, value) in before.iter().filter(|old| !after.contains(old)) {
            out.say(format!("No longer asked: {what}: {value}."));
        }
        out.answer(answer, || text);
        Ok(())
    }
}

fn show(ledger: &LedgerArg, out: &Out) -> Result<(), Failure> {
    let reader = ledger.read(out)?;
    let state = &reader.state;
    let mut policies = vec![("the whole ledger".to_owned(), state.policies.ledger().clone())];
    for (place, (code, _)) in state.organizations.iter().enumerate() {
        if let Some(own) = state.policies.own(OrganizationIx(place as u32)) {
            policies.push((code.to_string(), own.clone()));
        }
    }
    let rows: Vec<Vec<String>> = policies
        .iter()
        .flat_map(|(scope, policy)| words(state, policy).into_iter().map(|(what, value)| vec![scope.clone(), what.to_owned(), value]))
        .collect();
    let json: Vec<_> = rows.iter().map(|row| json!({ "scope": row[0], "what": row[1], "value": row[2] })).collect();
    out.answer(json!({ "size": reader.chain.size, "policies": json }), || match rows.is_empty() {
        true => "No policy was set: the rules alone hold.".to_owned(),
        false => table(&["OF", "WHAT", "VALUE"], rows, &[]),
    });
    Ok(())
}

/// A policy in words, a line for each thing that it asks.
fn words(state: &State, policy: &Policy) -> Vec<(&'static str, String)> {
    let mut words = Vec::new();
    for (item, from, approvals) in &policy.bands {
        let amount = format_minor(i128::from(*from), state.items.at(item.0).decimals);
        words.push(("approvals", format!("{approvals} from {amount} {}", state.items.code(item.0))));
    }
    words.extend(policy.requires.iter().map(|word| ("required", word.to_string())));
    words.extend(policy.separate.iter().map(|word| ("separate duties", word.to_string())));
    if policy.reversal_approvals > 0 {
        words.push(("approvals of a reversal", policy.reversal_approvals.to_string()));
    }
    words.extend(policy.days_back.map(|days| ("days back at most", days.to_string())));
    words.extend(policy.idle_days.map(|days| ("idle after days", days.to_string())));
    words.extend(policy.overhead_permille.map(|share| ("overhead at most, per mille", share.to_string())));
    words.extend(policy.small_cell.map(|count| ("smallest count shown", count.to_string())));
    words
}
