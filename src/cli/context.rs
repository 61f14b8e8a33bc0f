//! What a command works with: the ledger, keys and passphrases, the time, shortened ids.
//!
//! ```text
//! my-ledger/keys/log.pem        signs checkpoints
//! my-ledger/keys/registrar.pem  a person's own key, named on the command line by `--as registrar`
//! ```

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::Args;
use serde_json::json;

use crate::canonical::encode;
use crate::cli::report::{Failure, Out};
use crate::cli::secret::{Passphrase, Purpose, passphrase};
use crate::cli::vault::take_back;
use crate::crypto::keyfile::{self, Protection, SealRandomness};
use crate::crypto::{PaperCode, SecretKey};
use crate::event::kinds::{Body, draft_hash};
use crate::event::{Code, Draft, EventId, LotId, Time, Token};
use crate::rules::State;
use crate::service::{Answer, Ledger, Reader};
use crate::vault::Vault;

/// The ledger a command works on.
#[derive(Debug, Clone, Args)]
pub struct LedgerArg {
    /// The ledger's folder.
    #[arg(long, env = "AIDLEDGER_LEDGER", default_value = "my-ledger", value_name = "DIR")]
    pub ledger: PathBuf,
}

impl LedgerArg {
    /// Opens it for reading, without views.
    pub fn read(&self, out: &Out) -> Result<Reader, Failure> {
        self.opened(Reader::open(&self.ledger), out)
    }
    /// Opens it for reading with its views.
    pub fn read_views(&self, out: &Out) -> Result<Reader, Failure> {
        self.opened(Reader::open_with_views(&self.ledger), out)
    }
    fn opened(&self, reader: Result<Reader, crate::service::OpenError>, out: &Out) -> Result<Reader, Failure> {
        let reader = reader.map_err(|error| match Failure::from(error) {
            failure if !self.ledger.exists() => Failure { what: format!("there is no folder {}", self.ledger.display()), ..failure },
            failure => failure,
        })?;
        if let Some(tail) = &reader.tail {
            out.say(format!(
                "Notice: {} bytes after the last entry are not a whole line (an append under way, or a crash).",
                tail.len_bytes
            ));
        }
        Ok(reader)
    }
    /// The folder of the keys.
    pub fn keys(&self) -> PathBuf {
        self.ledger.join("keys")
    }
}

/// Where passphrases come from.
#[derive(Debug, Clone, Args)]
pub struct PassphraseArg {
    /// A file whose first line is the passphrase of the key files (else AIDLEDGER_PASSPHRASE_FILE, else you are asked).
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// The passphrase last used: one person's keys often share one, and nobody likes to type it twice.
static LAST_PASSPHRASE: OnceLock<Passphrase> = OnceLock::new();

impl PassphraseArg {
    /// Reads a key file, asking for its passphrase if it has one.
    pub fn open_key(&self, path: &Path) -> Result<SecretKey, Failure> {
        let name = |error: keyfile::KeyFileError| Failure::unable(format!("{}: {error}", path.display()));
        let text = keyfile::read(path).map_err(name)?;
        if !keyfile::is_encrypted(&text) {
            return keyfile::decode(&text, Protection::None).map_err(name);
        }
        if let Some(last) = LAST_PASSPHRASE.get()
            && let Ok(key) = keyfile::decode(&text, Protection::Passphrase(last.as_bytes()))
        {
            return Ok(key);
        }
        let given = passphrase(self.passphrase_file.as_deref(), Purpose::Open, path).map_err(Failure::unable)?;
        let key = keyfile::decode(&text, Protection::Passphrase(given.as_bytes())).map_err(name)?;
        let _ = LAST_PASSPHRASE.set(given);
        Ok(key)
    }

    /// Makes a new key and writes its file, never over another. With `unprotected` the file has no passphrase.
    pub fn make_key(&self, path: &Path, unprotected: bool) -> Result<SecretKey, Failure> {
        if path.exists() {
            return Err(Failure::unable(format!("there is a file {} already; a key file is never written over", path.display())));
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_private_folder(folder)?;
        }
        let mut seed = zeroize::Zeroizing::new([0u8; 32]);
        getrandom::fill(&mut *seed).map_err(|error| Failure::unable(format!("the system gives no random bytes: {error}")))?;
        let key = SecretKey::from_seed(&seed);
        let mut randomness = SealRandomness { salt: [0; 16], initialization_vector: [0; 16] };
        fill(&mut randomness.salt)?;
        fill(&mut randomness.initialization_vector)?;
        let fresh;
        let protection = if unprotected {
            Protection::None
        } else if let Some(last) = LAST_PASSPHRASE.get() {
            Protection::Passphrase(last.as_bytes())
        } else {
            fresh = passphrase(self.passphrase_file.as_deref(), Purpose::Create, path).map_err(Failure::unable)?;
            Protection::Passphrase(LAST_PASSPHRASE.get_or_init(|| fresh).as_bytes())
        };
        let text =
            keyfile::encode(&key, protection, &randomness).map_err(|error| Failure::unable(format!("{}: {error}", path.display())))?;
        keyfile::write_new(path, &text).map_err(|error| Failure::unable(format!("{}: {error}", path.display())))?;
        Ok(key)
    }
}

/// Fills bytes from the system's random source.
pub fn fill(bytes: &mut [u8]) -> Result<(), Failure> {
    getrandom::fill(bytes).map_err(|error| Failure::unable(format!("the system gives no random bytes: {error}")))
}

fn make_private_folder(folder: &Path) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Failure::io(folder, error))
}

/// Who signs, in whose name, and when it happened.
#[derive(Debug, Clone, Args)]
pub struct SignArg {
    /// The name of your key among the ledger's keys; the only one, or `me`, if not given.
    #[arg(long = "as", value_name = "KEY")]
    pub as_key: Option<String>,
    /// Your key file, wherever it is.
    #[arg(long, env = "AIDLEDGER_KEY", value_name = "FILE", conflicts_with = "as_key")]
    pub key: Option<PathBuf>,
    #[command(flatten)]
    pub passphrase: PassphraseArg,
    /// When it happened, if not now: 2026-01-31 or 2026-01-31T09:30:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub at: Option<Time>,
    /// Append nothing: write the event as a draft here, to be approved, then signed with `aidledger sign` and appended.
    #[arg(long, value_name = "FILE")]
    pub draft: Option<PathBuf>,
}

/// Reads a time or a day; a day is its noon, so that no time zone moves it to another day.
pub fn parse_time(text: &str) -> Result<Time, String> {
    match text.parse::<crate::event::Date>() {
        Ok(day) => Ok(Time(day.start().0 + 12 * 3600)),
        Err(_) => text.parse(),
    }
}

/// The present time, to the second.
pub fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    Time(since as i64)
}

impl SignArg {
    /// The file of the key that signs.
    pub fn key_path(&self, ledger: &LedgerArg) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.key {
            return Ok(path.clone());
        }
        if let Some(name) = &self.as_key {
            return key_file(ledger, name);
        }
        let mut found = Vec::new();
        if let Ok(entries) = std::fs::read_dir(ledger.keys()) {
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.ends_with(".pem") && name != "log.pem" {
                    found.push(name.trim_end_matches(".pem").to_owned());
                }
            }
        }
        found.sort();
        match found.as_slice() {
            [only] => key_file(ledger, only),
            [] => {
                Err(Failure::unable(format!("there is no key of yours in {}", ledger.keys().display())).hint("name a key file with --key"))
            }
            // The key that `init` makes is the one meant when none is named.
            several if several.iter().any(|name| name == "me") => key_file(ledger, "me"),
            several => Err(Failure::unable(format!("there are several keys: {}", several.join(", "))).hint("name one with --as")),
        }
    }

    /// The key that signs.
    pub fn open(&self, ledger: &LedgerArg) -> Result<SecretKey, Failure> {
        self.passphrase.open_key(&self.key_path(ledger)?)
    }
}

/// The file of a key among the ledger's keys.
pub fn key_file(ledger: &LedgerArg, name: &str) -> Result<PathBuf, Failure> {
    if name.parse::<Code>().is_err() {
        return Err(Failure::unable(format!("`{name}` is not a key name: use small letters, digits and `-`")));
    }
    Ok(ledger.keys().join(format!("{name}.pem")))
}

/// Everything that appending needs, opened: the usual way of a writing command.
pub struct Pen {
    /// The ledger.
    pub ledger: Ledger,
    key: SecretKey,
    /// The organization that the key belongs to.
    pub organization: Code,
    at: Option<Time>,
    draft: Option<PathBuf>,
}

impl Pen {
    /// Opens the ledger for writing with the key that signs.
    pub fn open(ledger: &LedgerArg, sign: &SignArg, out: &Out) -> Result<Pen, Failure> {
        let log_path = ledger.keys().join("log.pem");
        if !ledger.ledger.exists() {
            return Err(Failure::unable(format!("there is no folder {}", ledger.ledger.display()))
                .hint("name the ledger's folder with --ledger, or open a new one with `aidledger init`"));
        }
        let key = sign.open(ledger)?;
        let log_key = sign.passphrase.open_key(&log_path)?;
        let (opened, notices) = Ledger::open(&ledger.ledger, log_key)?;
        out.notices(&notices);
        let organization = match opened.state().keys.get(&key.public()) {
            Some(row) => opened.state().organizations.code(row.organization.0),
            None => {
                return Err(Failure::no(format!("this key was never granted in the ledger: {}", key.public()))
                    .hint("ask an admin of your organization to run `aidledger key grant` with this public key"));
            }
        };
        Ok(Pen { ledger: opened, key, organization, at: sign.at, draft: sign.draft.clone() })
    }

    /// The rules' memory of the ledger.
    pub fn state(&self) -> &State {
        self.ledger.state()
    }

    /// Signs, appends and reports one event.
    pub fn write(mut self, body: Body, out: &Out) -> Result<(), Failure> {
        let (answer, words) = self.append(body)?;
        self.ledger.close()?;
        out.answer(answer, || words);
        Ok(())
    }

    /// Closes the ledger and gives the answer; a code that was planned for a refused event is taken back.
    pub fn finish(
        self,
        planned: Option<(Vault, PaperCode)>,
        appended: Result<(serde_json::Value, String), Failure>,
        out: &Out,
    ) -> Result<(), Failure> {
        let (answer, words) = match planned {
            Some((mut vault, code)) => take_back(&mut vault, appended, |vault| vault.content.forget_code(&code))?,
            None => appended?,
        };
        self.ledger.close()?;
        out.answer(answer, || words);
        Ok(())
    }

    /// Writes a body as the line that `sign` reads, for others to see and approve first.
    fn write_draft(&self, path: &Path, body: &Body) -> Result<(serde_json::Value, String), Failure> {
        let (kind, hash) = (body.kind(), draft_hash(body));
        let mut bytes = Vec::new();
        body.write(&mut bytes);
        let body: serde_json::Value = serde_json::from_slice(&bytes).expect("canonical bytes are JSON");
        let mut line = json!({ "body": body, "kind": kind.word(), "organization": self.organization.as_str() });
        if let Some(time) = self.at {
            line["time"] = time.to_string().into();
        }
        let mut file = std::fs::File::create_new(path).map_err(|error| Failure::io(path, error))?;
        std::io::Write::write_all(&mut file, format!("{line}\n").as_bytes()).map_err(|error| Failure::io(path, error))?;
        let words = format!(
            "{kind}  draft {hash}\nNothing was appended. Let others run `aidledger approve --draft {}`; then `aidledger sign {} | aidledger append -`.",
            path.display(),
            path.display()
        );
        Ok((json!({ "answer": "drafted", "kind": kind.word(), "draft": hash.to_string() }), words))
    }

    /// Signs and appends one event; the answer as JSON and in words.
    pub fn append(&mut self, body: Body) -> Result<(serde_json::Value, String), Failure> {
        let kind = body.kind();
        if let Some(path) = &self.draft {
            return self.write_draft(path, &body);
        }
        let time = self.at.unwrap_or_else(now);
        let draft = Draft { organization: self.organization, time, body };
        let signed = draft.sign(self.ledger.id(), self.ledger.feed(&self.key.public()), &self.key);
        let answers = self.ledger.append(&[encode(&signed)], now())?;
        match answers.into_iter().next() {
            Some(Answer::Rejected(rejection)) => Err(rejection.into()),
            Some(Answer::Accepted(receipt) | Answer::Known(receipt)) => Ok((
                json!({ "answer": "accepted", "kind": kind.word(), "id": receipt.id.to_string(), "index": receipt.index }),
                format!("{kind}  entry {}  id {}", receipt.index, receipt.id),
            )),
            None => unreachable!("one submission has one answer"),
        }
    }
}

/// Refuses a code that names nothing: a typing mistake must not read as "nobody waits".
pub fn known(what: &str, code: Option<&Code>, found: impl Fn(&Code) -> bool) -> Result<(), Failure> {
    match code {
        Some(code) if !found(code) => {
            Err(Failure::no(format!("there is no {what} {code}")).hint(format!("`aidledger list {what}s` shows which there are")))
        }
        _ => Ok(()),
    }
}

/// Finds an event by its whole or shortened id, or by its entry's index.
pub fn find_event(state: &State, text: &str) -> Result<EventId, Failure> {
    if let Some(index) = text.strip_prefix('#').and_then(|digits| digits.parse::<u32>().ok()) {
        return match u64::from(index) < state.size() {
            true => Ok(state.ids.at(index)),
            false => Err(Failure::no(format!("there is no entry {index}: the ledger has {}, counted from 0", state.size()))),
        };
    }
    let hex = text.len() >= 4 && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !hex {
        return Err(Failure::no(format!("`{text}` is not an event id: at least its first 4 hex digits, or #INDEX")));
    }
    match state.ids.starting_with(text, 5).as_slice() {
        [] => Err(Failure::no(format!("no event's id begins with {text}")).hint("`aidledger list entries` shows ids")),
        [only] => Ok(state.ids.at(*only)),
        several => {
            let ids: Vec<_> = several.iter().map(|place| state.ids.at(*place).to_string()[..16].to_owned()).collect();
            Err(Failure::no(format!("{text} is too short: {} begin with it", ids.join(", "))).hint("give more digits"))
        }
    }
}

/// Finds a lot by its id, shortened or not: `9c41.0`, or `9c41` where the event made only one.
pub fn find_lot(state: &State, text: &str) -> Result<LotId, Failure> {
    let (event, line) = match text.split_once('.') {
        Some((event, line)) => (event, line.parse().map_err(|_| Failure::no(format!("`{text}` is not a lot id, like 9c41.0")))?),
        None => (text, 0),
    };
    let id = LotId { event: find_event(state, event)?, line };
    if state.lot(&id).is_none() {
        return Err(Failure::no(format!("there is no lot {id}")).hint("`aidledger list lots` shows them"));
    }
    if !text.contains('.') && state.lot(&LotId { line: 1, ..id }).is_some() {
        return Err(Failure::no(format!("event {event} made several lots")).hint(format!("name one: {event}.0, {event}.1, …")));
    }
    Ok(id)
}

/// Finds a recipient by the beginning of its token.
pub fn find_recipient(state: &State, text: &str) -> Result<Token, Failure> {
    if text.len() < 4 {
        return Err(Failure::no(format!("`{text}` is too short for a recipient's token: give at least its first 4 digits")));
    }
    let found: Vec<_> =
        state.recipients.iter().map(|recipient| recipient.token).filter(|token| token.to_string().starts_with(text)).take(3).collect();
    match found.as_slice() {
        [] => Err(Failure::no(format!("no recipient's token begins with `{text}`")).hint("`aidledger list recipients` shows them")),
        [only] => Ok(*only),
        _ => Err(Failure::no(format!("{text} is too short: several recipients' tokens begin with it")).hint("give more digits")),
    }
}

/// The first digits of an id, for tables.
pub fn short(id: impl std::fmt::Display) -> String {
    id.to_string().chars().take(12).collect()
}
