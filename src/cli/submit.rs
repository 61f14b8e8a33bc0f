//! sign and append: events made in one place and taken into the log in another.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::canonical::{self, Canonical, Fault, Reader, encode};
use crate::cli::context::{LedgerArg, PassphraseArg, SignArg, now};
use crate::cli::report::{Failure, NO, Out, rejection_json};
use crate::event::kinds::Body;
use crate::event::signed::FeedHead;
use crate::event::{Code, Draft, EventId, Kind, Time};
use crate::service::{Answer, Ledger};

/// Opens a file for reading, or stdin for `-`.
pub fn open_input(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::BufReader::new(std::io::stdin())));
    }
    let file = std::fs::File::open(path).map_err(|error| Failure::io(path, error))?;
    Ok(Box::new(std::io::BufReader::with_capacity(1 << 16, file)))
}

/// The longest line that is read: a signed event in any spelling that a person's program may write.
const LINE_LEN_BYTES_MAX: usize = 1 << 20;

/// Reads the next line without its end; none at the end of the input.
pub fn next_line(input: &mut dyn BufRead, number: u64) -> Result<Option<Vec<u8>>, Failure> {
    let mut line = Vec::new();
    let limit = LINE_LEN_BYTES_MAX as u64 + 1;
    input.take(limit).read_until(b'\n', &mut line).map_err(|error| Failure::unable(format!("line {number}: {error}")))?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() > LINE_LEN_BYTES_MAX {
        return Err(Failure::unable(format!("line {number} is longer than {LINE_LEN_BYTES_MAX} bytes")));
    }
    while line.last().is_some_and(|b| *b == b'\n' || *b == b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

/// Turn drafts into signed events.
///
/// A draft is a JSON object a line: {"body":{…},"kind":"donation.received","organization":"kitchen","time":"2026-01-31T09:30:00Z"}; member order and
/// spaces do not matter, and without a time it is now. Several drafts are chained in their order. Without a ledger at hand, name the ledger's id and where your key's feed stands.
#[derive(Debug, Args)]
pub struct Sign {
    /// The drafts, JSON Lines; - for stdin.
    file: PathBuf,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
    /// Sign without reading the ledger: its id, 64 hex digits.
    #[arg(long, value_name = "ID", requires = "sequence", requires = "previous")]
    ledger_id: Option<EventId>,
    /// With --ledger-id: the sequence of the next event of your key, from 0.
    #[arg(long, value_name = "N")]
    sequence: Option<u64>,
    /// With --ledger-id: the id of your key's last event, or 64 zeros.
    #[arg(long, value_name = "ID")]
    previous: Option<EventId>,
}

/// A draft as a person writes it.
pub struct DraftLine {
    body_kind: Kind,
    body: Vec<u8>,
    organization: Code,
    time: Option<Time>,
}

impl DraftLine {
    /// The body, read by its kind.
    pub fn body(&self, number: u64) -> Result<Body, Failure> {
        let read = || Body::read(self.body_kind, &mut Reader::new(&self.body)?);
        read().map_err(|fault: Fault| {
            Failure::no(format!("line {number}: the body is not one of {}: {fault}", self.body_kind))
                .hint("the members of each kind are in ledger-spec.md, section 4.3")
        })
    }
}

/// Reads a draft of a file's line.
pub fn draft_line(line: &[u8], number: u64) -> Result<DraftLine, Failure> {
    let wrong = |fault: Fault| Failure::no(format!("line {number} is not a draft: {fault}")).hint("`aidledger sign --help` shows one");
    read_draft(line).map_err(wrong)
}

fn read_draft(line: &[u8]) -> Result<DraftLine, Fault> {
    let canonical = canonical::canonicalize(line)?;
    let mut reader = Reader::new(&canonical)?;
    reader.expect("{")?;
    reader.member("\"body\":", true)?;
    let start = reader.at();
    reader.skip_object()?;
    let body = reader.since(start).to_vec();
    reader.member("\"kind\":", false)?;
    let body_kind = Kind::read(&mut reader)?;
    reader.member("\"organization\":", false)?;
    let organization = Code::read(&mut reader)?;
    let time = match reader.member_stands("\"time\":", false) {
        true => {
            reader.member("\"time\":", false)?;
            Some(Time::read(&mut reader)?)
        }
        false => None,
    };
    reader.object_end()?;
    reader.end()?;
    Ok(DraftLine { body_kind, body, organization, time })
}

impl Sign {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let key = self.sign.open(&self.ledger)?;
        let (ledger, mut feed) = match (self.ledger_id, self.sequence, self.previous) {
            (Some(ledger), Some(sequence), Some(previous)) => (ledger, FeedHead { sequence, previous }),
            _ => {
                let reader = self.ledger.read(out)?;
                let opening = reader.state.opening.as_ref().expect("an opened reader has entry 0");
                (opening.id, reader.state.feed(&key.public()))
            }
        };
        let mut input = open_input(&self.file)?;
        let mut number = 0;
        while let Some(line) = next_line(&mut *input, number + 1)? {
            number += 1;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let draft = draft_line(&line, number)?;
            let body = draft.body(number)?;
            let time = draft.time.or(self.sign.at).unwrap_or_else(now);
            let signed = Draft { organization: draft.organization, time, body }.sign(ledger, feed, &key);
            feed = signed.feed_head();
            let mut bytes = encode(&signed);
            bytes.push(b'\n');
            out.raw(&bytes);
        }
        Ok(())
    }
}

/// Append signed events.
///
/// One signed event a line, as `sign` writes them. Each gets its answer, in order: accepted with its place, known already, or rejected with the rule.
/// Nothing of a rejected event is kept; those after it in the same feed cannot follow and must be signed again.
#[derive(Debug, Args)]
pub struct Append {
    /// The signed events, JSON Lines; - for stdin.
    file: PathBuf,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    passphrase: PassphraseArg,
}

/// How many events are appended with one sync.
const BATCH_EVENTS: usize = 256;

impl Append {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let mut input = open_input(&self.file)?;
        let log_key = self.passphrase.open_key(&self.ledger.keys().join("log.pem"))?;
        let (mut ledger, notices) = Ledger::open(&self.ledger.ledger, log_key)?;
        out.notices(&notices);
        let (mut accepted, mut known, mut rejected) = (0u64, 0u64, 0u64);
        let mut number = 0;
        let mut first_rejection = None;
        loop {
            let mut batch = Vec::with_capacity(BATCH_EVENTS);
            let first = number + 1;
            while batch.len() < BATCH_EVENTS {
                match next_line(&mut *input, number + 1)? {
                    Some(line) => {
                        number += 1;
                        batch.push(line);
                    }
                    None => break,
                }
            }
            if batch.is_empty() {
                break;
            }
            for (place, answer) in ledger.append(&batch, now())?.into_iter().enumerate() {
                let line = first + place as u64;
                let json = match &answer {
                    Answer::Accepted(receipt) => {
                        accepted += 1;
                        json!({ "line": line, "answer": "accepted", "id": receipt.id.to_string(), "index": receipt.index })
                    }
                    Answer::Known(receipt) => {
                        known += 1;
                        json!({ "line": line, "answer": "known", "id": receipt.id.to_string(), "index": receipt.index })
                    }
                    Answer::Rejected(rejection) => {
                        rejected += 1;
                        first_rejection.get_or_insert(line);
                        let mut json = rejection_json(rejection);
                        json["line"] = line.into();
                        json
                    }
                };
                match (&answer, out.is_json()) {
                    (_, true) => out.raw(format!("{json}\n").as_bytes()),
                    (Answer::Accepted(receipt), _) => {
                        out.raw(format!("line {line}: accepted  entry {}  id {}\n", receipt.index, receipt.id).as_bytes())
                    }
                    (Answer::Known(receipt), _) => {
                        out.raw(format!("line {line}: known already  entry {}  id {}\n", receipt.index, receipt.id).as_bytes())
                    }
                    (Answer::Rejected(rejection), _) => out.raw(format!("line {line}: rejected  {rejection}\n").as_bytes()),
                }
            }
        }
        ledger.close()?;
        out.say(format!("{accepted} accepted, {known} known already, {rejected} rejected."));
        match first_rejection {
            None => Ok(()),
            Some(line) => Err(Failure {
                status: NO,
                what: format!("{rejected} of {number} events were rejected, the first in line {line}"),
                hint: Some("mend or drop it, sign the rest again with `aidledger sign`, and append that".into()),
                json: Some(json!({ "accepted": accepted, "known": known, "rejected": rejected })),
            }),
        }
    }
}
