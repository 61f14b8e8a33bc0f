//! fail, confirm, dispute, answer: what is said of a delivery by those who were there.

use std::path::PathBuf;

use clap::Args;

use crate::cli::context::{LedgerArg, Pen, SignArg, find_event, short};
use crate::cli::give::find_assignment;
use crate::cli::movement::find_kind;
use crate::cli::report::{Failure, Out};
use crate::crypto::Blake3Hash;
use crate::event::Code;
use crate::event::kinds::*;
use crate::flags::Flag;
use crate::rules::state::DeliveryIx;

/// Record that somebody came and could not hand anything over.
#[derive(Debug, Args)]
pub struct Fail {
    /// The assignment's id, or its beginning.
    assignment: String,
    /// Why: address-unknown, moved, not-home, other, refused or unsafe.
    #[arg(long)]
    reason: FailureReason,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Fail {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = Pen::open(&self.ledger, &self.sign, out)?;
        let (assignment, _) = find_assignment(pen.state(), &self.assignment)?;
        pen.write(Body::DeliveryFailed(DeliveryFailed { assignment, reason: self.reason }), out)
    }
}

/// Confirm a delivery with another key than the one that made it: it is witnessed from then on.
#[derive(Debug, Args)]
pub struct Confirm {
    /// The delivery's id, or its beginning.
    delivery: String,
    /// A salted commitment to evidence that you keep (64 hex digits).
    #[arg(long, value_name = "HASH")]
    evidence: Option<Blake3Hash>,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Confirm {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = Pen::open(&self.ledger, &self.sign, out)?;
        let delivery = find_kind(pen.state(), &self.delivery, Kind::DeliveryMade, "a delivery")?;
        pen.write(Body::DeliveryConfirmed(DeliveryConfirmed { delivery, evidence: self.evidence }), out)
    }
}

/// Say that a delivery did not take place, or not so.
///
/// With the code on the recipient's card the dispute is the recipient's own: it is signed with the key that follows from the code, which never
/// leaves this machine. Without it, somebody speaks for them.
#[derive(Debug, Args)]
pub struct DisputeCommand {
    /// The delivery's id, or its beginning.
    delivery: String,
    /// What is wrong: bad-quality, less-received, not-received, other, payment-demanded or wrong-goods.
    #[arg(long)]
    reason: DisputeReason,
    /// A file whose first line is the code on the recipient's card; - for stdin.
    #[arg(long, value_name = "FILE")]
    card_file: Option<PathBuf>,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl DisputeCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let card = self.card_file.as_deref().map(super::card::read_card).transpose()?;
        let pen = Pen::open(&self.ledger, &self.sign, out)?;
        let state = pen.state();
        let delivery = find_kind(state, &self.delivery, Kind::DeliveryMade, "a delivery")?;
        let signature = match card {
            None => None,
            Some(key) => {
                let made = state.made_by(&delivery, Kind::DeliveryMade).expect("it was found");
                let assignment = state.deliveries[DeliveryIx(made.place).at()].assignment;
                let recipient = &state.recipients[state.assignments[assignment.at()].recipient.at()];
                if recipient.key.as_deref() != Some(&key.public()) {
                    return Err(Failure::no(format!("the card is not that of the recipient of delivery {}", short(delivery)))
                        .hint("without --card-file the dispute is recorded in your organization's name"));
                }
                Some(key.sign(&dispute_message(&delivery)))
            }
        };
        pen.write(Body::DeliveryDisputed(DeliveryDisputed { delivery, reason: self.reason, signature }), out)
    }
}

/// Answer a dispute, or a flag of an audit report.
#[derive(Debug, Args)]
pub struct Answer {
    /// The dispute's id, or with --flag the id of the event that the flag asks about.
    event: String,
    /// accepted, explained, rejected or under-review.
    #[arg(long)]
    answer: DisputeAnswer,
    /// Why: bulk-distribution, corrected, fixed-package, late-entry, night-shift, other, price-change, shared-device or waiting-for-need.
    #[arg(long)]
    reason: AnswerReason,
    /// The flag that is answered, by its word in the audit report.
    #[arg(long, value_name = "FLAG")]
    flag: Option<Flag>,
    /// A salted commitment to evidence that you keep (64 hex digits).
    #[arg(long, value_name = "HASH")]
    evidence: Option<Blake3Hash>,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Answer {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = Pen::open(&self.ledger, &self.sign, out)?;
        let event = find_event(pen.state(), &self.event)?;
        let flag: Option<Code> = self.flag.map(|flag| flag.word().parse().expect("the word of a flag is a code"));
        let (answer, evidence, reason) = (self.answer, self.evidence, self.reason);
        pen.write(Body::DisputeAnswered(DisputeAnswered { answer, event, evidence, flag, reason }), out)
    }
}
