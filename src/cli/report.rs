//! Wording, hints and exit codes: the one place where errors become words for a person.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::rules::Rejection;
use crate::service::ledger::{AppendError, CreateError};
use crate::service::recovery::{Notice, OpenError};

/// Exit status: yes, done.
pub const YES: u8 = 0;
/// Exit status: an honest no.
pub const NO: u8 = 1;
/// Exit status: could not tell.
pub const COULD_NOT_TELL: u8 = 2;

/// Why a command ends without a yes.
#[derive(Debug)]
pub struct Failure {
    /// [`NO`] or [`COULD_NOT_TELL`].
    pub status: u8,
    /// What happened.
    pub what: String,
    /// What to try.
    pub hint: Option<String>,
    /// The same for programs. Where it is none, [`finish`] makes one of the words.
    pub json: Option<Value>,
}

impl Failure {
    /// An honest no.
    pub fn no(what: impl Display) -> Failure {
        Failure { status: NO, what: what.to_string(), hint: None, json: None }
    }
    /// Could not tell.
    pub fn unable(what: impl Display) -> Failure {
        Failure { status: COULD_NOT_TELL, what: what.to_string(), hint: None, json: None }
    }
    /// A file could not be read or written.
    pub fn io(path: &Path, error: impl Display) -> Failure {
        Failure::unable(format!("{}: {error}", path.display()))
    }
    /// Adds what to try.
    pub fn hint(mut self, hint: impl Display) -> Failure {
        self.hint = Some(hint.to_string());
        self
    }
    /// Adds the answer for programs.
    pub fn with_json(mut self, json: Value) -> Failure {
        self.json = Some(json);
        self
    }
}

/// A rejection as programs read it.
pub fn rejection_json(rejection: &Rejection) -> Value {
    json!({
        "answer": "rejected", "rule": rejection.rule.number(), "name": rejection.rule.name(), "sentence": rejection.rule.sentence(),
        "field": rejection.field, "expected": rejection.expected, "found": rejection.found,
    })
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Failure {
        use crate::rules::Rule;
        let hint = match rejection.rule {
            Rule::ItemUnknown => Some("`aidledger list items` shows what is defined; `aidledger item` defines more"),
            Rule::RegionUnknown => Some("`aidledger list regions` shows what is defined; `aidledger region` defines more"),
            Rule::ProgrammeUnknown | Rule::ProgrammeClosed => Some("`aidledger list programmes` shows which are open"),
            Rule::OrganizationUnknown | Rule::OrganizationNotFound => Some("`aidledger list organizations` shows them"),
            Rule::LotInsufficient | Rule::LotUnknown => Some("`aidledger list lots` shows what is on hand"),
            Rule::KeyUnknown | Rule::RoleMissing => {
                Some("`aidledger key list` shows who may do what; `aidledger key grant` gives a key roles")
            }
            Rule::SequenceMismatch | Rule::PreviousMismatch => {
                Some("another event of this key came first; sign this one again with `aidledger sign` after it")
            }
            Rule::ApprovalsMissing => Some(
                "for a delivery let other keys run `aidledger approve ASSIGNMENT`; for the rest write the event with --draft FILE, and let them run `aidledger approve --draft FILE`",
            ),
            Rule::PolicyMemberMissing | Rule::TimeTooOld | Rule::DutiesNotSeparate => Some("`aidledger policy show` says what is asked"),
            Rule::PersonalData => Some("keep who somebody is in your vault, and give the ledger a salted commitment"),
            Rule::EventHasConsequences => Some("`aidledger history` of the recipient or lot shows what depends on it"),
            _ => None,
        };
        let failure = Failure::no(format!("Rejected: {rejection}")).with_json(rejection_json(&rejection));
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Failure {
        match &error {
            OpenError::NoLedger => Failure::unable(error).hint("name the folder with --ledger, or open a new one with `aidledger init`"),
            OpenError::Disk(disk) if disk.is_not_found() => {
                Failure::unable(error).hint("name the ledger's folder with --ledger, or open a new one with `aidledger init`")
            }
            OpenError::Disk(_) | OpenError::Store(crate::store::StoreError::Disk(_)) => Failure::unable(error),
            OpenError::AlreadyThere | OpenError::LogKey { .. } => Failure::unable(error),
            OpenError::BehindCheckpoint { .. } => Failure::no(error),
            OpenError::Store(_) | OpenError::Entry { .. } | OpenError::Checkpoint(_) => {
                Failure::no(error).hint("`aidledger verify` says more; compare with a mirror or a backup before anything is mended")
            }
        }
    }
}

impl From<CreateError> for Failure {
    fn from(error: CreateError) -> Failure {
        match error {
            CreateError::Open(error) => error.into(),
            CreateError::Rejected(rejection) => rejection.into(),
            CreateError::Append(error) => error.into(),
            other => Failure::unable(other),
        }
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Failure {
        match error {
            AppendError::AfterCommit(_) => Failure::unable(error)
                .hint("do not enter it again: it is recorded. Mend the cause; `aidledger list --last 5` shows the entry"),
            other => Failure::unable(other),
        }
    }
}

impl From<crate::views::StoredError> for Failure {
    fn from(error: crate::views::StoredError) -> Failure {
        Failure::unable(error)
    }
}

impl From<crate::vault::VaultError> for Failure {
    fn from(error: crate::vault::VaultError) -> Failure {
        use crate::vault::{ContentFault, VaultError};
        match &error {
            VaultError::Missing(_) => {
                Failure::unable(error).hint("name its file with --vault, or make one with `aidledger vault init --vault FILE`")
            }
            VaultError::InLedger { .. } => Failure::unable(error).hint("choose a place of your own, outside the ledger's folder"),
            VaultError::Locked(_) => Failure::unable(error).hint("wait until the other command is done"),
            VaultError::Fault(ContentFault::HandleUnknown) => Failure::no(error).hint("`aidledger vault list` shows the handles"),
            VaultError::Fault(ContentFault::HandleTaken) => {
                Failure::no(error).hint("choose another, or give --change to change who is there")
            }
            VaultError::Fault(ContentFault::NumberMissing) => {
                Failure::no(error).hint("add it with `aidledger vault add-person HANDLE --change`")
            }
            VaultError::Fault(ContentFault::NumberTaken(_)) => Failure::no(error).hint("`aidledger vault list` shows the handles"),
            VaultError::EvidenceUnknown(_) => Failure::no(error).hint("`aidledger vault list --json` shows the commitments"),
            _ => Failure::unable(error),
        }
    }
}

/// Where answers go.
#[derive(Debug)]
pub struct Out {
    json: bool,
}

impl Out {
    /// With `--json` or without.
    pub fn new(json: bool) -> Out {
        Out { json }
    }

    /// Whether answers are JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Says something to the person, on stderr.
    pub fn say(&self, text: impl Display) {
        eprintln!("{text}");
    }

    /// Says what a start put right.
    pub fn notices(&self, notices: &[Notice]) {
        for notice in notices {
            self.say(format!("Notice: {notice}."));
        }
    }

    /// Gives an answer: one JSON document, or the words.
    pub fn answer(&self, json: Value, words: impl FnOnce() -> String) {
        let text = if self.json { format!("{json}\n") } else { format!("{}\n", words().trim_end_matches('\n')) };
        self.raw(text.as_bytes());
    }

    /// Writes bytes to stdout. When the reader has gone away there is nobody to tell, and nothing more to do.
    pub fn raw(&self, bytes: &[u8]) {
        let mut stdout = std::io::stdout().lock();
        if stdout.write_all(bytes).and_then(|()| stdout.flush()).is_err() {
            std::process::exit(i32::from(COULD_NOT_TELL));
        }
    }
}

/// Whether a person looks at stdout.
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// A table for a person; numbers are aligned right.
pub fn table(header: &[&str], rows: Vec<Vec<String>>, right: &[usize]) -> String {
    use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
    }
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.to_string();
    text.lines().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// A progress bar on a terminal, nothing elsewhere.
pub fn progress(total: u64, what: &'static str) -> indicatif::ProgressBar {
    use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(5));
    let style =
        ProgressStyle::with_template("{msg} {bar:30} {human_pos}/{human_len}  {per_sec}  {eta} left").expect("the template is well formed");
    bar.with_style(style).with_message(what)
}

/// Text for a terminal: what a stranger wrote into a file must not move the cursor, change colours or turn lines round.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let steers = character.is_control() && character != '\n'
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if steers {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// Ends a command: says what went wrong and what to try, and returns the exit status.
pub fn finish(out: &Out, result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::from(YES),
        Err(failure) => {
            if out.is_json() {
                let words =
                    json!({ "answer": if failure.status == NO { "no" } else { "unable" }, "error": failure.what, "hint": failure.hint });
                out.raw(format!("{}\n", failure.json.unwrap_or(words)).as_bytes());
            }
            let word = if failure.status == NO { "" } else { "Error: " };
            eprintln!("{word}{}", printable(&failure.what));
            if let Some(hint) = failure.hint {
                eprintln!("Try: {hint}.");
            }
            ExitCode::from(failure.status)
        }
    }
}
