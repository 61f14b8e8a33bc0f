//! The command line: a thin shell around the layers below.
//!
//! Data goes to stdout, talk to stderr; `--json` gives every answer as JSON; `-` is stdin. Exit status: 0 yes or done, 1 an honest
//! no (rejected, does not verify), 2 could not tell (usage, IO).
//!
//! * [`report`]: wording, hints and exit codes, in one place.
//! * [`context`]: the ledger, keys and passphrases a command works with; shortened ids.
//! * [`setup`]: init, key. [`govern`]: organization, item, region, programme. [`give`]: enrol, donate, assign, deliver, cancel, reverse.
//! * [`submit`]: sign, append. [`look`]: show, list, history. [`balance`], [`trace`]. [`prove`]: checkpoint, prove, check-proof.
//! * [`vault`]: vault, erase. [`evidence`]: evidence. [`slip`]: codes on paper.
//! * [`audit`]: the audit report with errors and flags; [`audit_sample`]: samples, openings, attestations; [`audit_page`]: the report as HTML.
//! * [`verify`]: verify, rebuild, export. [`import`]: spreadsheets. [`demo`], [`simulate`]: ledgers to try out. [`mod@bench`]: measurements.

pub mod audit;
pub mod audit_page;
pub mod audit_sample;
pub mod balance;
pub mod bench;
pub mod card;
pub mod context;
pub mod control;
pub mod demo;
pub mod evidence;
pub mod give;
pub mod govern;
pub mod headline;
pub mod import;
pub mod look;
pub mod movement;
pub mod people;
pub mod prove;
pub mod report;
pub mod secret;
pub mod setup;
pub mod simulate;
pub mod slip;
pub mod submit;
pub mod trace;
pub mod vault;
pub mod verify;
pub mod volunteer;
pub mod witness;

use clap::{CommandFactory, Parser, Subcommand};

use report::{Failure, Out};

/// One ledger of aid for a whole city: signed events in, verified balances and histories out.
#[derive(Debug, Parser)]
#[command(name = "aidledger", version, max_term_width = 100, propagate_version = true, after_help = AFTER_HELP)]
pub struct Cli {
    /// Give every answer as JSON on stdout.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "Start with `aidledger demo`, or with `aidledger init --name \"Our fund\"`.\n\
Exit status: 0 yes or done, 1 an honest no, 2 could not tell.";

#[derive(Debug, Subcommand)]
enum Command {
    Init(setup::Init),
    /// Make keys, show them, grant them roles and revoke them.
    #[command(subcommand)]
    Key(setup::KeyCommand),
    /// Register, suspend and reinstate organizations.
    #[command(subcommand, visible_alias = "org")]
    Organization(govern::OrganizationCommand),
    Item(govern::Item),
    Region(govern::Region),
    /// Open and close programmes.
    #[command(subcommand)]
    Programme(govern::ProgrammeCommand),
    #[command(visible_alias = "enroll")]
    Enrol(give::Enrol),
    Need(people::Need),
    Needs(people::Needs),
    Withdraw(people::Withdraw),
    Pledge(movement::PledgeCommand),
    Donate(give::Donate),
    Return(movement::Return),
    Purchase(movement::Purchase),
    Send(movement::Send),
    Accept(movement::Accept),
    Expense(movement::Expense),
    Loss(movement::Loss),
    Count(movement::Count),
    Assign(give::Assign),
    Deliver(give::Deliver),
    Fail(witness::Fail),
    Confirm(witness::Confirm),
    Dispute(witness::DisputeCommand),
    Answer(witness::Answer),
    Cancel(give::Cancel),
    Reverse(give::Reverse),
    Approve(control::Approve),
    /// Show and set what is asked of events beyond the rules.
    #[command(subcommand)]
    Policy(control::PolicyCommand),
    /// Record volunteers' work, honour it, and state it.
    #[command(subcommand)]
    Volunteer(volunteer::VolunteerCommand),
    /// Keep who is who, encrypted, in a file of your own.
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    Erase(vault::Erase),
    /// Keep photos and signed lists in the vault, commit to them in the ledger, and open them to an auditor.
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    Slips(slip::Slips),
    Sign(submit::Sign),
    Append(submit::Append),
    Import(import::Import),
    Show(look::Show),
    List(look::List),
    #[command(visible_alias = "bal")]
    Balance(balance::BalanceCommand),
    History(look::History),
    Trace(trace::Trace),
    MyGift(card::MyGift),
    MyRecord(card::MyRecord),
    Checkpoint(prove::CheckpointCommand),
    Prove(prove::Prove),
    CheckProof(prove::CheckProof),
    Verify(verify::Verify),
    Audit(audit::Audit),
    Rebuild(verify::Rebuild),
    /// Write the ledger in another form.
    #[command(subcommand)]
    Export(verify::ExportCommand),
    Bench(bench::Bench),
    Demo(demo::Demo),
    Simulate(simulate::Simulate),
    /// Print a completion script for a shell.
    Completions {
        /// bash, zsh, fish, elvish or powershell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder.
    Man {
        /// The folder.
        folder: std::path::PathBuf,
    },
}

/// Parses the arguments, runs the command and returns the exit status.
pub fn main() -> std::process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap writes help to stdout and mistakes to stderr; a closed pipe is nobody's mistake.
            let _ = error.print();
            return std::process::ExitCode::from(if error.use_stderr() { report::COULD_NOT_TELL } else { report::YES });
        }
    };
    let out = Out::new(cli.json);
    report::finish(&out, run(cli.command, &out))
}

fn run(command: Command, out: &Out) -> Result<(), Failure> {
    match command {
        Command::Init(args) => args.run(out),
        Command::Key(command) => command.run(out),
        Command::Organization(command) => command.run(out),
        Command::Item(args) => args.run(out),
        Command::Region(args) => args.run(out),
        Command::Programme(command) => command.run(out),
        Command::Enrol(args) => args.run(out),
        Command::Need(args) => args.run(out),
        Command::Needs(args) => args.run(out),
        Command::Withdraw(args) => args.run(out),
        Command::Pledge(args) => args.run(out),
        Command::Donate(args) => args.run(out),
        Command::Return(args) => args.run(out),
        Command::Purchase(args) => args.run(out),
        Command::Send(args) => args.run(out),
        Command::Accept(args) => args.run(out),
        Command::Expense(args) => args.run(out),
        Command::Loss(args) => args.run(out),
        Command::Count(args) => args.run(out),
        Command::Assign(args) => args.run(out),
        Command::Deliver(args) => args.run(out),
        Command::Fail(args) => args.run(out),
        Command::Confirm(args) => args.run(out),
        Command::Dispute(args) => args.run(out),
        Command::Answer(args) => args.run(out),
        Command::Cancel(args) => args.run(out),
        Command::Reverse(args) => args.run(out),
        Command::Approve(args) => args.run(out),
        Command::Policy(command) => command.run(out),
        Command::Volunteer(command) => command.run(out),
        Command::Vault(command) => command.run(out),
        Command::Erase(args) => args.run(out),
        Command::Evidence(command) => command.run(out),
        Command::Slips(args) => args.run(out),
        Command::Sign(args) => args.run(out),
        Command::Append(args) => args.run(out),
        Command::Import(args) => args.run(out),
        Command::Show(args) => args.run(out),
        Command::List(args) => args.run(out),
        Command::Balance(args) => args.run(out),
        Command::History(args) => args.run(out),
        Command::Trace(args) => args.run(out),
        Command::MyGift(args) => args.run(out),
        Command::MyRecord(args) => args.run(out),
        Command::Checkpoint(args) => args.run(out),
        Command::Prove(args) => args.run(out),
        Command::CheckProof(args) => args.run(out),
        Command::Verify(args) => args.run(out),
        Command::Audit(args) => args.run(out),
        Command::Rebuild(args) => args.run(out),
        Command::Export(command) => command.run(out),
        Command::Bench(args) => args.run(out),
        Command::Demo(args) => args.run(out),
        Command::Simulate(args) => args.run(out),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "aidledger", &mut script);
            out.raw(&script);
            Ok(())
        }
        Command::Man { folder } => {
            std::fs::create_dir_all(&folder).map_err(|error| Failure::io(&folder, error))?;
            clap_mangen::generate_to(Cli::command(), &folder).map_err(|error| Failure::io(&folder, error))?;
            out.say(format!("The manual pages are in {}. Read one with `man {}/aidledger.1`.", folder.display(), folder.display()));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
