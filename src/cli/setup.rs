//! init and key: how a ledger and its people's keys begin.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::canonical::{Names, Set};
use crate::cli::context::{LedgerArg, PassphraseArg, Pen, SignArg, fill, key_file, now};
use crate::cli::report::{Failure, Out, table};
use crate::crypto::PublicKey;
use crate::event::kinds::{Body, KeyGranted, KeyRevoked, LedgerOpened, Origin, RevocationReason, Role};
use crate::event::signed::FeedHead;
use crate::event::{Code, Draft, EventId};
use crate::rules::governance::RULES_VERSION;
use crate::service::Ledger;

/// Names as typed: `Rice`, or with a language `kk:Күріш`; repeat the option for more languages.
#[derive(Debug, Clone, Args)]
pub struct NameArg {
    /// The name; repeat for more languages, like --name en:Rice --name kk:Күріш.
    #[arg(long = "name", required = true, value_name = "[LANGUAGE:]NAME")]
    names: Vec<String>,
}

impl NameArg {
    /// Names from words typed elsewhere.
    pub fn of(names: Vec<String>) -> NameArg {
        NameArg { names }
    }

    /// The names by language; without one, English.
    pub fn names(&self) -> Names {
        Names::new(self.names.iter().map(|text| match text.split_once(':') {
            Some((language, name)) if (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase()) => {
                (language, name.trim())
            }
            _ => ("en", text.trim()),
        }))
    }

    /// The first name, for making a code of it.
    fn first(&self) -> &str {
        self.names.first().map_or("", |text| text.split_once(':').map_or(text, |(_, name)| name))
    }
}

/// Open a new ledger.
///
/// Makes the folder with the log's own key (keys/log.pem) and a first key of yours (keys/me.pem), both with a passphrase, and writes entry 0.
/// Its id is the ledger's id: the one thing an auditor must have from elsewhere, so print it on a poster.
#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    name: NameArg,
    /// The code of your organization, the registrar's; made of the name if not given.
    #[arg(long, value_name = "CODE")]
    organization: Option<Code>,
    /// A name for the log, unique in the world, like aid.example.org/2026.
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<Origin>,
    /// What your first key may do; by default everything but audit, which suits two people.
    #[arg(long, value_delimiter = ',', value_name = "ROLES")]
    roles: Vec<Role>,
    /// The name of your first key.
    #[arg(long = "as", default_value = "me", value_name = "KEY")]
    as_key: String,
    /// Write key files without a passphrase: for tests and services that guard them otherwise.
    #[arg(long)]
    no_passphrase: bool,
    #[command(flatten)]
    passphrase: PassphraseArg,
}

/// Makes a code of a name: small letters, digits and `-`; none if nothing is left.
pub fn slug(name: &str) -> Option<Code> {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(31);
    out.trim_matches('-').parse().ok()
}

impl Init {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        if std::fs::metadata(self.ledger.ledger.join("log/00000000.jsonl")).is_ok_and(|file| file.len() > 0) {
            return Err(Failure::unable(format!("there is a ledger in {} already", self.ledger.ledger.display()))
                .hint("choose another folder with --ledger"));
        }
        let organization = match self.organization.or_else(|| slug(self.name.first())) {
            Some(code) => code,
            None => {
                return Err(
                    Failure::unable("the name gives no code for the organization").hint("choose one with --organization, like our-fund")
                );
            }
        };
        // What would be refused is refused before anything is written.
        crate::canonical::decode::<Names>(&crate::canonical::encode(&self.name.names()))
            .map_err(|fault| Failure::unable(format!("the name cannot be used: {}", fault.what)))?;
        if !self.roles.is_empty() && !self.roles.contains(&Role::Registrar) {
            return Err(Failure::unable("the key that opens a ledger has the role registrar").hint("add registrar to --roles"));
        }
        let mut random = [0u8; 8];
        fill(&mut random)?;
        let origin = self.origin.clone().unwrap_or_else(|| Origin(format!("{organization}.invalid/{:016x}", u64::from_be_bytes(random))));
        let log_path = self.ledger.keys().join("log.pem");
        let own_path = key_file(&self.ledger, &self.as_key)?;
        let log_key = self.passphrase.make_key(&log_path, self.no_passphrase)?;
        let key = self.passphrase.make_key(&own_path, self.no_passphrase)?;
        let roles = if self.roles.is_empty() {
            Role::ALL.iter().copied().filter(|role| *role != Role::Audit).collect()
        } else {
            self.roles.clone()
        };
        let body = LedgerOpened {
            log_key: log_key.public(),
            name: self.name.names(),
            organization_name: self.name.names(),
            origin,
            roles: Set::new(roles),
            rules: RULES_VERSION,
        };
        let draft = Draft { organization, time: now(), body: Body::LedgerOpened(body) };
        let opening = draft.sign(EventId::ZERO, FeedHead::EMPTY, &key);
        let ledger = Ledger::create(&self.ledger.ledger, &opening, log_key, now())?;
        let id = ledger.id();
        let vkey = crate::service::recovery::log_vkey(ledger.state())?.to_string();
        ledger.close()?;
        let answer = json!({
            "answer": "accepted", "ledger": id.to_string(), "folder": self.ledger.ledger, "organization": organization.as_str(),
            "log_vkey": vkey, "key": key.public().to_string(), "key_file": own_path,
        });
        out.answer(answer, || {
            let at = if self.ledger.ledger.as_os_str() == "my-ledger" { String::new() } else { format!(" --ledger {}", self.ledger.ledger.display()) };
            format!(
                "The ledger is open in {}.\n\n  ledger id  {id}\n  log key    {vkey}\n  your key   {} ({})\n\n\
                 Give the ledger id and the log key to everybody who should be able to check you: print them.\n\
                 Keep a copy of the folder keys/ in a safe place.\n\n\
                 Next:\n  aidledger item rice --name Rice --unit kg --decimals 3 --category food{at}\n  aidledger region north --name North{at}\n  \
                 aidledger programme open winter --name Winter{at}\n  aidledger donate 500 rice --from anonymous{at}",
                self.ledger.ledger.display(),
                key.public(),
                own_path.display(),
            )
        });
        Ok(())
    }
}

/// Make keys, show them, grant them roles and revoke them.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key for a person or device; its public half is then granted roles by an admin.
    New {
        /// The name of the key, like phone-3; the file is keys/NAME.pem in the ledger's folder.
        name: String,
        #[command(flatten)]
        ledger: LedgerArg,
        /// Write the file here instead.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Write the file without a passphrase.
        #[arg(long)]
        no_passphrase: bool,
        #[command(flatten)]
        passphrase: PassphraseArg,
    },
    /// Print the public half of a key.
    Show {
        #[command(flatten)]
        ledger: LedgerArg,
        #[command(flatten)]
        sign: SignArg,
    },
    /// List the keys that were granted in the ledger.
    List {
        #[command(flatten)]
        ledger: LedgerArg,
    },
    /// Grant a key roles in an organization; granting again replaces its roles.
    Grant {
        /// The public key, 64 hex digits, or the name of a key among the ledger's keys.
        #[arg(value_name = "KEY")]
        public: String,
        /// What it may do: registrar, admin, finance, intake, assign, field, audit.
        #[arg(long, required = true, value_delimiter = ',')]
        roles: Vec<Role>,
        /// Whose key it is; your own organization's if not given.
        #[arg(long, value_name = "CODE")]
        organization: Option<Code>,
        /// What the organization calls the device; never a person's name.
        #[arg(long, value_name = "CODE")]
        label: Option<Code>,
        #[command(flatten)]
        ledger: LedgerArg,
        #[command(flatten)]
        sign: SignArg,
    },
    /// Revoke a key: it signs nothing more; what it signed stays.
    Revoke {
        /// The public key, whole or its beginning.
        #[arg(value_name = "KEY")]
        public: String,
        /// Why: lost, left, compromised or replaced.
        #[arg(long)]
        reason: RevocationReason,
        #[command(flatten)]
        ledger: LedgerArg,
        #[command(flatten)]
        sign: SignArg,
    },
}

impl KeyCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            KeyCommand::New { name, ledger, file, no_passphrase, passphrase } => {
                let path = file.map_or_else(|| key_file(&ledger, &name), Ok)?;
                let key = passphrase.make_key(&path, no_passphrase)?;
                let public = key.public().to_string();
                out.answer(json!({ "answer": "made", "key": public, "key_file": path }), || {
                    format!("{public}\n\nThe key is in {}. An admin grants it with:\n  aidledger key grant {public} --label {name} --roles field", path.display())
                });
                Ok(())
            }
            KeyCommand::Show { ledger, sign } => {
                let key = sign.open(&ledger)?.public().to_string();
                out.answer(json!({ "key": key }), || key.clone());
                Ok(())
            }
            KeyCommand::List { ledger } => list(&ledger, out),
            KeyCommand::Grant { public, roles, organization, label, ledger, sign } => {
                let public = public_key(&public, &ledger, &sign)?;
                let pen = Pen::open(&ledger, &sign, out)?;
                let organization = organization.unwrap_or(pen.organization);
                pen.write(Body::KeyGranted(KeyGranted { key: public, label, organization, roles: Set::new(roles) }), out)
            }
            KeyCommand::Revoke { public: key, reason, ledger, sign } => {
                let pen = Pen::open(&ledger, &sign, out)?;
                if key.len() < 4 {
                    return Err(Failure::no(format!("`{key}` is too short for a key: give at least its first 4 digits")));
                }
                let mut found = pen.state().keys.keys().filter(|public| public.to_string().starts_with(&key));
                let public = match (found.next(), found.next()) {
                    (Some(only), None) => *only,
                    (None, _) => {
                        return Err(Failure::no(format!("no granted key begins with `{key}`")).hint("`aidledger key list` shows them"));
                    }
                    _ => return Err(Failure::no(format!("several keys begin with `{key}`")).hint("give more digits")),
                };
                drop(found);
                pen.write(Body::KeyRevoked(KeyRevoked { key: public, reason }), out)
            }
        }
    }
}

fn public_key(text: &str, ledger: &LedgerArg, sign: &SignArg) -> Result<PublicKey, Failure> {
    if let Ok(public) = PublicKey::from_hex(text) {
        return Ok(public);
    }
    let path = key_file(ledger, text)
        .map_err(|_| Failure::unable(format!("`{text}` is neither a public key (64 hex digits) nor the name of a key")))?;
    if !path.exists() {
        return Err(
            Failure::unable(format!("there is no key file {}", path.display())).hint(format!("make it with `aidledger key new {text}`"))
        );
    }
    Ok(sign.passphrase.open_key(&path)?.public())
}

fn list(ledger: &LedgerArg, out: &Out) -> Result<(), Failure> {
    let reader = ledger.read(out)?;
    let state = &reader.state;
    let mut keys: Vec<_> = state.keys.iter().collect();
    keys.sort_by_key(|(public, key)| (state.organizations.code(key.organization.0), **public));
    let row = |(public, key): &(&PublicKey, &crate::rules::state::Key)| {
        let roles: Vec<_> = key.roles.iter().map(Role::word).collect();
        (
            public.to_string(),
            state.organizations.code(key.organization.0),
            roles,
            key.label.map(|label| label.to_string()),
            key.revoked,
            key.feed.sequence,
        )
    };
    let json = keys.iter().map(row).map(|(key, organization, roles, label, revoked, events)| {
        json!({ "key": key, "organization": organization.as_str(), "roles": roles, "label": label, "revoked": revoked, "events": events })
    });
    out.answer(json.collect(), || {
        let rows = keys.iter().map(row).map(|(key, organization, roles, label, revoked, events)| {
            let status = if revoked { "revoked" } else { "active" };
            vec![
                key[..16].to_owned(),
                organization.to_string(),
                roles.join(","),
                label.unwrap_or_default(),
                status.to_owned(),
                events.to_string(),
            ]
        });
        table(&["KEY", "ORGANIZATION", "ROLES", "LABEL", "STATUS", "EVENTS"], rows.collect(), &[5])
    });
    Ok(())
}
