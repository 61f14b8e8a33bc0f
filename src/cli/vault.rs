//! vault, erase: the organization's own encrypted file of identities, salts and codes; and what other commands do with it.
//!
//! Identity numbers, names and phones are read from a file, from stdin or from the terminal, never from arguments: those are shown to other
//! accounts by `ps` and kept by shells.
//!
//! What an event commits to is in the vault before the event is appended: [`plan_enrolment`], [`plan_code`], [`plan_receipt`]. A crash in between
//! leaves a plan that the next try uses again; a refusal takes it back.

use std::fs::File;
use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::context::{LedgerArg, now};
use crate::cli::report::{Failure, Out, table};
use crate::cli::secret::{Passphrase, Purpose, passphrase};
use crate::crypto::code::CODE_RANDOM_BYTES;
use crate::crypto::{Blake3Hash, PaperCode, PublicKey};
use crate::event::{Code, Token};
use crate::rules::State;
use crate::rules::state::ProgrammeIx;
use crate::vault::file::{random, read_at_most, refuse_in_ledger, write_new};
use crate::vault::seal::{Cost, INTAKE_MAGIC, Sealer};
use crate::vault::{ContentFault, IdentityNumber, Period, Receipt, SecretBytes, Slip, Vault, VaultError, uniqueness_tag};

/// The vault a command works with.
#[derive(Debug, Clone, Args)]
pub struct VaultArg {
    /// The vault's file, outside every ledger's folder.
    #[arg(long, env = "AIDLEDGER_VAULT", value_name = "FILE")]
    vault: Option<PathBuf>,
    /// A file whose first line is the vault's passphrase (else AIDLEDGER_PASSPHRASE_FILE, else you are asked).
    #[arg(long, env = "AIDLEDGER_VAULT_PASSPHRASE_FILE", value_name = "FILE")]
    vault_passphrase_file: Option<PathBuf>,
}

impl VaultArg {
    fn path(&self) -> Result<&Path, Failure> {
        self.vault.as_deref().ok_or_else(|| {
            Failure::unable("no vault is named").hint("name its file with --vault, or make one with `aidledger vault init --vault FILE`")
        })
    }
    fn passphrase(&self, purpose: Purpose) -> Result<Passphrase, Failure> {
        passphrase(self.vault_passphrase_file.as_deref(), purpose, self.path()?).map_err(Failure::unable)
    }
    /// Opens it; nobody else can until it is dropped.
    pub fn open(&self) -> Result<Vault, Failure> {
        let path = self.path()?;
        if !path.exists() {
            return Err(VaultError::Missing(path.into()).into());
        }
        Ok(Vault::open(path, self.passphrase(Purpose::Open)?.as_bytes())?)
    }
}

impl From<ContentFault> for Failure {
    fn from(fault: ContentFault) -> Failure {
        VaultError::from(fault).into()
    }
}

/// Keep who is who, encrypted, in a file of your own.
#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Make an empty vault with an intake secret of its own.
    Init {
        #[command(flatten)]
        vault: VaultArg,
    },
    /// Add a person, or change one.
    ///
    /// Reads lines `field: value` from a file or stdin, or asks on the terminal: `number: …` is the identity number, others are free, like
    /// `name: …`, `phone: …`, `address: …`.
    AddPerson {
        /// Your own label of the person, like k-017. It says nothing about them: it may stand on a slip.
        handle: String,
        /// The file with the lines; `-` is stdin.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Change the fields that are named, of somebody who is in the vault.
        #[arg(long)]
        change: bool,
        #[command(flatten)]
        vault: VaultArg,
    },
    /// Show the handles, and what the vault holds for each; no personal data.
    List {
        #[command(flatten)]
        vault: VaultArg,
    },
    /// Show everything that the vault holds about a person.
    Show {
        /// The person's handle.
        handle: String,
        #[command(flatten)]
        vault: VaultArg,
    },
    /// Ask whether somebody was already helped in a programme and period, by any organization that shares the intake secret.
    ///
    /// Exit status 0: not yet; 1: already. It does not say by whom, or under which token.
    Check {
        /// The person's handle; or use --id-file.
        #[arg(required_unless_present = "id_file", conflicts_with = "id_file")]
        handle: Option<String>,
        /// A file whose first line is the identity number; `-` is stdin.
        #[arg(long, value_name = "FILE")]
        id_file: Option<PathBuf>,
        /// The programme.
        #[arg(long, value_name = "CODE")]
        programme: Code,
        /// The period: 2026, 2026-H1, 2026-Q1, 2026-01, 2026-W05 or 2026-01-31; the whole programme if not given.
        #[arg(long, default_value = "", hide_default_value = true, value_name = "PERIOD")]
        period: Period,
        #[command(flatten)]
        vault: VaultArg,
        #[command(flatten)]
        ledger: LedgerArg,
    },
    /// Copy the vault with its evidence into a folder. The vault remembers where, so that `erase` reaches the copy.
    Backup {
        /// The folder.
        folder: PathBuf,
        #[command(flatten)]
        vault: VaultArg,
    },
    /// Share the intake secret, so that organizations find out who was helped already without telling each other names.
    #[command(subcommand)]
    Secret(SecretCommand),
}

/// Share the intake secret.
#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Write it to a new file under a passphrase of its own. Hand the two over on different ways.
    Export {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        passphrase: ExchangeArg,
        #[command(flatten)]
        vault: VaultArg,
    },
    /// Take it over from a file. Only a vault that made no tags yet can.
    Import {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        passphrase: ExchangeArg,
        #[command(flatten)]
        vault: VaultArg,
    },
    /// Show its fingerprint: two vaults that share it show the same.
    Fingerprint {
        #[command(flatten)]
        vault: VaultArg,
    },
}

/// The passphrase of the file in which the secret travels.
#[derive(Debug, Args)]
pub struct ExchangeArg {
    /// A file whose first line is the passphrase of the exchanged file (else AIDLEDGER_PASSPHRASE_FILE, else you are asked).
    #[arg(long, value_name = "FILE")]
    exchange_passphrase_file: Option<PathBuf>,
}

impl VaultCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            VaultCommand::Init { vault } => {
                let path = vault.path()?;
                if path.exists() {
                    return Err(VaultError::Exists(path.into()).into());
                }
                refuse_in_ledger(path)?;
                let made = Vault::create(path, vault.passphrase(Purpose::Create)?.as_bytes(), Cost::STANDARD)?;
                let fingerprint = fingerprint(&made.content.intake);
                out.answer(json!({ "answer": "made", "vault": path, "intake_fingerprint": fingerprint }), || {
                    format!(
                        "vault  {}\nintake secret  {fingerprint}\n\nWithout its passphrase nobody opens it, you neither. Organizations that are to see double help share \
                         the intake secret: `aidledger vault secret export`.",
                        path.display()
                    )
                });
                Ok(())
            }
            VaultCommand::AddPerson { handle, from, change, vault } => {
                let mut vault = vault.open()?;
                let lines = match &from {
                    Some(path) => read_text(path)?,
                    None => ask_for_person()?,
                };
                vault.content.put_person(&handle, &lines, change)?;
                vault.save()?;
                out.answer(json!({ "answer": if change { "changed" } else { "added" }, "person": handle }), || format!("person  {handle}"));
                Ok(())
            }
            VaultCommand::List { vault } => list(&vault.open()?, out),
            VaultCommand::Show { handle, vault } => show(&vault.open()?, &handle, out),
            VaultCommand::Check { handle, id_file, programme, period, vault, ledger } => {
                check(handle, id_file, programme, &period, &vault, &ledger, out)
            }
            VaultCommand::Backup { folder, vault } => {
                let copy = vault.open()?.backup(&folder, now())?;
                out.answer(json!({ "answer": "copied", "backup": copy }), || format!("backup  {}", copy.display()));
                Ok(())
            }
            VaultCommand::Secret(command) => command.run(out),
        }
    }
}

impl SecretCommand {
    fn run(self, out: &Out) -> Result<(), Failure> {
        let given = |arg: &ExchangeArg, purpose, file: &Path| {
            passphrase(arg.exchange_passphrase_file.as_deref(), purpose, file).map_err(Failure::unable)
        };
        let (answer, vault, file) = match self {
            SecretCommand::Export { file, passphrase, vault } => {
                refuse_in_ledger(&file)?;
                let vault = vault.open()?;
                let given = given(&passphrase, Purpose::Create, &file)?;
                let fault = |fault| VaultError::Seal { path: file.clone(), fault };
                let sealer = Sealer::new(INTAKE_MAGIC, Cost::STANDARD, &random()?, given.as_bytes()).map_err(fault)?;
                write_new(&file, &sealer.seal(&random()?, &vault.content.intake.0))?;
                ("exported", vault, Some(file))
            }
            SecretCommand::Import { file, passphrase, vault } => {
                let mut vault = vault.open()?;
                let sealed = read_file(&file, 4096)?;
                let given = given(&passphrase, Purpose::Open, &file)?;
                let fault = |fault| VaultError::Seal { path: file.clone(), fault };
                let plain = Sealer::of(INTAKE_MAGIC, &sealed, given.as_bytes()).and_then(|sealer| sealer.open(&sealed)).map_err(fault)?;
                let bytes = plain.as_slice().try_into().map_err(|_| VaultError::Content(file.clone()))?;
                let secret = SecretBytes(bytes);
                let tagged = vault.content.people.values().any(|person| !person.enrolments.is_empty());
                if secret != vault.content.intake && tagged {
                    return Err(Failure::no(
                        "people were enrolled with this vault's own intake secret: under another one their tags would no longer be found",
                    )
                    .hint("let the others import yours with `aidledger vault secret export`, or begin a new vault"));
                }
                vault.content.intake = secret;
                vault.save()?;
                ("imported", vault, Some(file))
            }
            SecretCommand::Fingerprint { vault } => ("fingerprint", vault.open()?, None),
        };
        let fingerprint = fingerprint(&vault.content.intake);
        out.answer(json!({ "answer": answer, "intake_fingerprint": fingerprint, "file": file }), || {
            format!("intake secret  {fingerprint}")
        });
        Ok(())
    }
}

/// Names a secret without telling it: its first 64 bits under a hash of their own.
fn fingerprint(secret: &SecretBytes) -> String {
    Blake3Hash(blake3::derive_key("aidledger intake fingerprint v1", &secret.0)).to_string()[..16].to_owned()
}

fn list(vault: &Vault, out: &Out) -> Result<(), Failure> {
    let content = &vault.content;
    let evidence_of = |handle: &str| content.evidence.iter().filter(|evidence| evidence.person.as_deref() == Some(handle)).count();
    let enrolments = |person: &crate::vault::Person| -> Vec<String> {
        let one = |enrolment: &crate::vault::Enrolment| match enrolment.period.is_whole() {
            true => enrolment.programme.to_string(),
            false => format!("{}/{}", enrolment.programme, enrolment.period),
        };
        person.enrolments.iter().map(one).collect()
    };
    let people: Vec<_> = content.people.iter().map(|(handle, person)| (handle, enrolments(person), evidence_of(handle))).collect();
    let rows =
        people.iter().map(|(handle, enrolments, evidence)| json!({ "person": handle, "enrolments": enrolments, "evidence": evidence }));
    let answer = json!({
        "people": rows.collect::<Vec<_>>(), "slips": content.slips.len(), "receipts": content.receipts.len(),
        "evidence": content.evidence.iter().map(|evidence| evidence.commitment.to_string()).collect::<Vec<_>>(), "backups": content.backups,
    });
    out.answer(answer, || {
        let rows =
            people.iter().map(|(handle, enrolments, evidence)| vec![handle.to_string(), enrolments.join(", "), evidence.to_string()]);
        let (slips, receipts, evidence) = (content.slips.len(), content.receipts.len(), content.evidence.len());
        let backups: String = content.backups.iter().map(|copy| format!("\nbackup  {}", copy.display())).collect();
        format!(
            "{}\n\n{slips} slips, {receipts} receipts, {evidence} files of evidence{backups}",
            table(&["PERSON", "ENROLLED IN", "EVIDENCE"], rows.collect(), &[2])
        )
    });
    Ok(())
}

fn show(vault: &Vault, handle: &str, out: &Out) -> Result<(), Failure> {
    let person = vault.content.person(handle)?;
    let fields: serde_json::Map<_, _> = person.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let number = person.number.as_ref().map(IdentityNumber::as_str);
    let enrolments: Vec<_> = person
        .enrolments
        .iter()
        .map(|enrolment| {
            json!({
                "token": enrolment.token.to_string(), "programme": enrolment.programme.as_str(), "period": enrolment.period.to_string(),
                "commitment": enrolment.commitment().to_string(),
            })
        })
        .collect();
    let evidence = vault.content.evidence.iter().filter(|evidence| evidence.person.as_deref() == Some(handle));
    let evidence: Vec<_> = evidence
        .map(|evidence| {
            json!({ "commitment": evidence.commitment.to_string(), "file": evidence.name.as_str(), "note": evidence.note.as_ref().map(|note| note.as_str()) })
        })
        .collect();
    let answer = json!({ "person": handle, "number": number, "fields": fields, "enrolments": enrolments, "evidence": evidence });
    out.answer(answer, || {
        let mut lines = vec![format!("person  {handle}")];
        lines.extend(number.map(|number| format!("number  {number}")));
        lines.extend(person.fields.iter().map(|(name, value)| format!("{name}  {}", value.as_str())));
        lines.extend(person.enrolments.iter().map(|e| format!("enrolled  {} {}  token {}", e.programme, e.period, e.token)));
        lines.extend(evidence.iter().map(|row| format!("evidence  {}  {}", row["commitment"].as_str().unwrap_or_default(), row["file"])));
        lines.join("\n")
    });
    Ok(())
}

fn check(
    handle: Option<String>,
    id_file: Option<PathBuf>,
    programme: Code,
    period: &Period,
    vault: &VaultArg,
    ledger: &LedgerArg,
    out: &Out,
) -> Result<(), Failure> {
    let vault = vault.open()?;
    let reader = ledger.read(out)?;
    let place = reader.state.programmes.find(&programme).map(ProgrammeIx);
    let place = place.ok_or_else(|| {
        Failure::unable(format!("there is no programme {programme}")).hint("`aidledger list programmes` shows which there are")
    })?;
    let number: IdentityNumber = match (handle, id_file) {
        (Some(handle), _) => vault.content.person(&handle)?.number.clone().ok_or(ContentFault::NumberMissing)?,
        (None, Some(path)) => {
            let text = read_text(&path)?;
            text.lines().next().unwrap_or_default().parse().map_err(Failure::unable)?
        }
        (None, None) => unreachable!("one of the two is required"),
    };
    let stands = |period: &Period| {
        let tag = uniqueness_tag(&vault.content.intake, &number, &programme, period);
        reader.state.uniqueness.contains(&(place, tag))
    };
    let answer =
        |word: &str| json!({ "answer": word, "programme": programme.as_str(), "period": period.to_string(), "size": reader.chain.size });
    // A tag says nothing of other periods that overlap with this one; the own vault knows of those that it enrolled.
    let own = vault.content.people.values().filter(|person| person.number.as_ref() == Some(&number));
    let own: Vec<String> = own
        .flat_map(|person| &person.enrolments)
        .filter(|enrolment| enrolment.programme == programme && !enrolment.retired && enrolment.period != *period)
        .map(|enrolment| if enrolment.period.is_whole() { "the whole programme".to_owned() } else { enrolment.period.to_string() })
        .collect();
    if !own.is_empty() {
        out.say(format!("Notice: your vault has them in this programme for {}; look whether that overlaps.", own.join(", ")));
    }
    // Whoever is enrolled for the whole programme is so in each of its periods.
    if stands(period) || stands(&Period::default()) {
        let what = if period.is_whole() { "already helped in this programme" } else { "already helped in this programme and period" };
        return Err(Failure::no(what).with_json(answer("already-helped")));
    }
    out.answer(answer("not-yet"), || "not yet helped in this programme and period".to_owned());
    Ok(())
}

/// Take every byte of a person out of the vault.
///
/// Identity, fields, salts, codes, evidence, and the backups that can be reached; not what was printed or opened. The ledger stays as it is and verifies, and
/// its commitments can no longer be opened. Whoever holds both the intake secret and the person's number can still find the uniqueness tag. Do it only after audits that need the evidence.
#[derive(Debug, Args)]
pub struct Erase {
    /// The person's handle.
    handle: String,
    #[command(flatten)]
    vault: VaultArg,
}

impl Erase {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let mut vault = self.vault.open()?;
        let done = vault.erase(&self.handle)?;
        let shown = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        let (rewritten, unreached) = (shown(&done.backups_rewritten), shown(&done.backups_unreached));
        let erased = &done.erased;
        let answer = json!({
            "answer": "erased", "person": self.handle, "enrolments": erased.enrolments, "slips": erased.slips, "receipts": erased.receipts,
            "evidence": erased.blobs.len(), "backups_rewritten": rewritten, "backups_unreached": unreached, "mentions": done.mentions,
        });
        for copy in &unreached {
            out.say(format!(
                "Notice: the backup {copy} cannot be reached, and may still hold the person. Bring it back and erase again, or destroy it."
            ));
        }
        for place in &done.mentions {
            out.say(format!("Notice: {place} have words of this person in them; look whether they should."));
        }
        let words = || {
            let (enrolments, slips, receipts) = (erased.enrolments, erased.slips, erased.receipts);
            let head = format!(
                "erased  {}\n{enrolments} enrolments, {slips} slips, {receipts} receipts, {} files of evidence",
                self.handle,
                erased.blobs.len()
            );
            rewritten.iter().fold(head, |text, copy| text + &format!("\nalso from the backup  {copy}"))
        };
        if unreached.is_empty() {
            out.answer(answer, words);
            return Ok(());
        }
        out.say(words());
        Err(Failure::no(format!("{} was erased here, but not from {} backups", self.handle, unreached.len())).with_json(answer))
    }
}

/// What an enrolment takes from the vault.
pub struct PlannedEnrolment {
    /// The vault; nobody else has it until the event is in.
    pub vault: Vault,
    /// Whether it was planned just now. What was planned before may stand in a draft, so a refusal does not take it back.
    pub is_new: bool,
    pub token: Token,
    pub commitment: Blake3Hash,
    pub uniqueness: Option<Blake3Hash>,
    /// The recipient's own key, from the code on their card.
    pub key: PublicKey,
}

/// Puts a person's enrolment into the vault and saves it; then it may be appended. [`Vault::content`]'s `forget_enrolment` takes it back.
pub fn plan_enrolment(mut vault: Vault, state: &State, handle: &str, programme: Code, period: Period) -> Result<PlannedEnrolment, Failure> {
    let person = vault.content.person(handle)?;
    let before = person.enrolments.iter().find(|enrolment| enrolment.is_for(&programme, &period));
    if let Some((token, place)) = before.and_then(|enrolment| Some((enrolment.token, state.recipient_of.get(&enrolment.token)?))) {
        if !state.recipients[place.at()].reversed {
            return Err(Failure::no(format!("{handle} is enrolled in this programme and period already: {token}")));
        }
        vault.content.retire_enrolment(&token);
    }
    let uniqueness = match vault.content.tag(handle, &programme, &period) {
        Ok(tag) => Some(tag),
        Err(ContentFault::NumberMissing) => None,
        Err(fault) => return Err(fault.into()),
    };
    let fresh = (Token(random()?), SecretBytes(random()?), &PaperCode::from_random(&random::<CODE_RANDOM_BYTES>()?));
    let fresh_token = fresh.0;
    let enrolment = vault.content.enrol(handle, programme, period, fresh)?;
    let (token, commitment, key) = (enrolment.token, enrolment.commitment(), enrolment.card().card_key().public());
    vault.save()?;
    Ok(PlannedEnrolment { vault, is_new: token == fresh_token, token, commitment, uniqueness, key })
}

/// Makes the code of a slip, puts it into the vault and saves; returns it for its lock. `forget_code` takes it back.
pub fn plan_code(vault: &mut Vault, recipient: Token) -> Result<PaperCode, Failure> {
    let code = PaperCode::from_random(&random::<CODE_RANDOM_BYTES>()?);
    vault.content.slips.push(Slip { recipient, code: Zeroizing::new(code.as_str().to_owned()) });
    vault.save()?;
    Ok(code)
}

/// Makes the code of a donor's receipt and, for a donor in the vault, a commitment to who it is. `forget_code` takes both back.
pub fn plan_receipt(vault: &mut Vault, handle: Option<&str>) -> Result<(PaperCode, Option<Blake3Hash>), Failure> {
    let code = PaperCode::from_random(&random::<CODE_RANDOM_BYTES>()?);
    let donor = handle.map(|handle| vault.content.donor(handle, SecretBytes(random()?)).map_err(VaultError::from)).transpose()?;
    let commitment = donor.as_ref().map(|donor| donor.commitment());
    vault.content.receipts.push(Receipt { code: Zeroizing::new(code.as_str().to_owned()), donor });
    vault.save()?;
    Ok((code, commitment))
}

/// Takes back what was planned if the ledger refused it. After other failures it stays: the event may be in.
pub fn take_back<T>(vault: &mut Vault, result: Result<T, Failure>, forget: impl FnOnce(&mut Vault)) -> Result<T, Failure> {
    if let Err(failure) = &result
        && failure.status == crate::cli::report::NO
    {
        forget(vault);
        vault.save()?;
    }
    result
}

/// The most bytes of the lines about a person.
const TEXT_BYTES_MAX: u64 = 64 * 1024;

/// Reads a file, or stdin for `-`, into memory that is wiped.
fn read_text(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = Zeroizing::new(match path.as_os_str() == "-" {
        true => {
            let mut bytes = Vec::with_capacity(TEXT_BYTES_MAX as usize + 1);
            std::io::stdin().lock().take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| Failure::io(path, error))?;
            if bytes.len() as u64 > TEXT_BYTES_MAX {
                return Err(VaultError::TooLarge { path: path.into(), len_bytes: bytes.len() as u64, max: TEXT_BYTES_MAX }.into());
            }
            bytes
        }
        false => read_file(path, TEXT_BYTES_MAX)?,
    });
    std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| Failure::io(path, "this is not UTF-8 text"))
}

/// Reads a whole file, unless it is too large.
pub fn read_file(path: &Path, max: u64) -> Result<Vec<u8>, Failure> {
    let file = File::open(path).map_err(|error| Failure::io(path, error))?;
    Ok(read_at_most(file, path, max)?)
}

/// Asks for a person on the terminal; the number without echo, since others may look on.
fn ask_for_person() -> Result<Zeroizing<String>, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::unable("there is no terminal to ask on").hint("give the lines `field: value` with --from FILE or --from -"));
    }
    let mut lines = Zeroizing::new(String::with_capacity(4096));
    let asked = rpassword::prompt_password("Identity number (not shown; empty if there is none): ").map(Zeroizing::new);
    let number = asked.map_err(|error| Failure::unable(format!("nothing was typed: {error}")))?;
    if !number.trim().is_empty() {
        *lines += &format!("number: {}\n", number.trim());
    }
    for field in ["name", "phone", "address"] {
        eprint!("{field} (empty if not needed): ");
        let mut typed = Zeroizing::new(String::with_capacity(1024));
        std::io::stdin().lock().read_line(&mut typed).map_err(|error| Failure::unable(format!("nothing was typed: {error}")))?;
        if !typed.trim().is_empty() {
            *lines += &format!("{field}: {}\n", typed.trim());
        }
    }
    Ok(lines)
}
