//! demo: a winter of aid in an invented city, made, shown and verified.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::canonical::decode;
use crate::cli::report::{Failure, Out, progress, table};
use crate::cli::simulate::{refuse_foreign, write_play_key};
use crate::cli::verify::{answer, audited};
use crate::event::kinds::{Kind, RecipientType};
use crate::rules::state::Lot;
use crate::service::Reader;
use crate::service::audit::{Options, Source};
use crate::service::campaign::{Campaign, campaign, log_key};
use crate::service::simulate::write_ledger;
use crate::views::ViewName;
use crate::views::balances::Balance;
use crate::views::recipients::RecipientRow;

/// Make a demonstration ledger, show it as an auditor sees it, and verify it: a winter of aid in the invented city of Qarasu.
///
/// Some of what happens in it obeys every rule and is still worth a question; see what you can find.
#[derive(Debug, Args)]
pub struct Demo {
    /// The folder of the demonstration ledger. If it is there already it is shown and verified again.
    #[arg(long, value_name = "DIR", default_value = "demo-ledger")]
    ledger: PathBuf,
}

impl Demo {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let campaign = campaign();
        let id = campaign.id;
        if self.ledger.join("log").exists() {
            self.check_there(&campaign)?;
            out.say(format!("The demonstration ledger is in {} already; here it is.", self.ledger.display()));
        } else {
            self.make(campaign, out)?;
        }
        let reader = Reader::open_with_views(&self.ledger)?;
        let shown = Shown::of(&reader)?;
        // The views' database has one holder at a time, and verifying compares it.
        drop(reader);
        let options = Options { ledger: Some(id), views: true, ..Options::default() };
        let source = Source::folder(&self.ledger).map_err(Failure::unable)?;
        let report = audited(&source, &options)?;
        if out.is_json() {
            if !report.is_clean() {
                return answer(&report, out);
            }
            let mut json = shown.json();
            json["verification"] = report.json();
            out.answer(json, String::new);
            return Ok(());
        }
        out.raw(format!("{}\n", shown.words()).as_bytes());
        answer(&report, out)?;
        out.raw(next_words(&self.ledger, &shown).as_bytes());
        Ok(())
    }

    /// Whether the ledger that is there is the demonstration, and whole.
    fn check_there(&self, campaign: &Campaign) -> Result<(), Failure> {
        let reader = Reader::open(&self.ledger)?;
        let found = reader.state.opening.as_ref().map(|opening| opening.id);
        if found != Some(campaign.id) {
            return Err(Failure::unable(format!("{} holds another ledger, not the demonstration", self.ledger.display()))
                .hint("name a new folder with --ledger"));
        }
        let whole: usize = campaign.batches.iter().map(|batch| batch.submissions.len()).sum();
        if reader.chain.size < whole as u64 {
            let what = format!("making {} was interrupted: {} of {whole} events are there", self.ledger.display(), reader.chain.size);
            return Err(Failure::unable(what).hint("remove the folder and run `aidledger demo` again"));
        }
        Ok(())
    }

    fn make(&self, campaign: Campaign, out: &Out) -> Result<(), Failure> {
        refuse_foreign(&self.ledger)?;
        write_play_key(&self.ledger, "log", &log_key())?;
        for key in &campaign.keys {
            write_play_key(&self.ledger, key.name, &key.key)?;
        }
        let whole = campaign.batches.iter().map(|batch| batch.submissions.len() as u64).sum();
        let bar = progress(whole, "telling a winter");
        let written = write_ledger(&self.ledger, log_key(), campaign.batches.into_iter(), |size| bar.set_position(size));
        bar.finish_and_clear();
        written?;
        out.say(format!(
            "Notice: the keys in {} are play keys without a passphrase. Anybody can make them, so nothing in this ledger is evidence.",
            self.ledger.join("keys").display()
        ));
        Ok(())
    }
}

/// What is shown of the ledger.
struct Shown {
    id: String,
    name: String,
    note: String,
    size: u64,
    items: BTreeMap<String, Balance>,
    places: BTreeMap<(String, String), Place>,
    organizations: Vec<(String, String, u64)>,
    kinds: Vec<(Kind, u64, u64)>,
    /// A household of the food programme, to go on with.
    household: Option<String>,
    /// A gift that reached people.
    gift: Option<String>,
}

/// A programme in a district.
#[derive(Default)]
struct Place {
    recipients: u64,
    helped: u64,
    deliveries: u64,
    money: Option<Balance>,
}

impl Shown {
    fn of(reader: &Reader) -> Result<Shown, Failure> {
        let state = &reader.state;
        let opening = state.opening.as_ref().expect("an open ledger has an opening");
        let broken = |fault: crate::canonical::Fault| Failure::unable(format!("a row of the views cannot be read ({fault})"));
        let mut items = BTreeMap::new();
        let mut places: BTreeMap<(String, String), Place> = BTreeMap::new();
        for row in reader.rows(ViewName::Balances, "")? {
            let balance: Balance = decode(&row.value).map_err(broken)?;
            let parts: Vec<&str> = row.key.split('/').collect();
            let [item, _, programme, region] = parts.as_slice() else { continue };
            let zero = || Balance::zero(balance.donated.decimals);
            items.entry(item.to_string()).or_insert_with(zero).merge(&balance);
            if *item == "KZT" && *programme != "-" {
                let place = places.entry((programme.to_string(), region.to_string())).or_default();
                place.money.get_or_insert_with(zero).merge(&balance);
            }
        }
        let mut household = None;
        for row in reader.rows(ViewName::Recipients, "")? {
            let recipient: RecipientRow = decode(&row.value).map_err(broken)?;
            if recipient.reversed.is_some() {
                continue;
            }
            let in_food = recipient.programme.as_str() == "food-parcels" && recipient.r#type == RecipientType::Household;
            if in_food && recipient.withdrawn.is_none() && recipient.deliveries >= 2 && household.is_none() {
                household = Some(row.key.clone());
            }
            let place = places.entry((recipient.programme.to_string(), recipient.region.to_string())).or_default();
            place.recipients += 1;
            place.helped += u64::from(recipient.deliveries > 0);
            place.deliveries += recipient.deliveries;
        }
        let mut kinds: Vec<_> = Kind::ALL.iter().map(|kind| (*kind, 0, 0)).collect();
        let mut by_organization = vec![0; state.organizations.len()];
        for made in &state.made {
            let row = kinds.iter_mut().find(|(kind, ..)| *kind == made.kind).expect("every kind is listed");
            row.1 += 1;
            row.2 += u64::from(made.reversed);
            by_organization[made.organization.at()] += 1;
        }
        kinds.retain(|(_, count, _)| *count > 0);
        let organizations = state.organizations.iter().zip(by_organization);
        let given = |lot: &&Lot| state.made[lot.entry as usize].kind == Kind::DonationReceived;
        let gift = state.lots.iter().filter(given).find(|lot| lot.delivered > 0 && lot.delivered < lot.quantity);
        Ok(Shown {
            id: opening.id.to_string(),
            name: opening.name.best("en").to_owned(),
            note: reader.note.format(),
            size: reader.chain.size,
            items,
            places,
            organizations: organizations.map(|((code, row), count)| (code.to_string(), row.name.best("en").to_owned(), count)).collect(),
            kinds,
            household,
            gift: gift.map(|lot| state.ids.at(lot.entry).to_string()),
        })
    }

    fn json(&self) -> Value {
        let balance = |b: &Balance| {
            let named = COLUMNS.iter().map(|(name, _)| name.replace(' ', "_")).zip(columns(b).map(Value::from));
            Value::from(named.collect::<serde_json::Map<_, _>>())
        };
        let items: serde_json::Map<_, _> = self.items.iter().map(|(item, b)| (item.clone(), balance(b))).collect();
        let places = self.places.iter().map(|((programme, region), place)| {
            json!({
                "programme": programme, "region": region, "recipients": place.recipients, "helped": place.helped,
                "deliveries": place.deliveries, "money": place.money.as_ref().map(balance),
            })
        });
        let organizations =
            self.organizations.iter().map(|(code, name, count)| json!({ "organization": code, "name": name, "events": count }));
        let kinds = self.kinds.iter().map(|(kind, count, reversed)| json!({ "kind": kind.word(), "events": count, "reversed": reversed }));
        json!({
            "ledger": self.id, "size": self.size, "checkpoint": self.note, "balances": items, "places": places.collect::<Vec<_>>(),
            "organizations": organizations.collect::<Vec<_>>(), "kinds": kinds.collect::<Vec<_>>(),
        })
    }

    fn words(&self) -> String {
        let mut text = format!("{}: {} events\nledger id  {}\n\nCheckpoint\n{}\n", self.name, self.size, self.id, self.note);
        let mut section = |title: &str, table: String| {
            write!(text, "{title}\n{table}\n\n").expect("writing to a string never fails");
        };
        let rows = self.organizations.iter().map(|(code, name, count)| vec![code.clone(), name.clone(), count.to_string()]);
        section("Organizations", table(&["code", "name", "events"], rows.collect(), &[2]));
        let rows = self.kinds.iter().map(|(kind, count, reversed)| {
            let reversed = if *reversed > 0 { reversed.to_string() } else { String::new() };
            vec![kind.to_string(), count.to_string(), reversed]
        });
        section(
            "Events, and how many of them were reversed later, in the open",
            table(&["kind", "events", "reversed"], rows.collect(), &[1, 2]),
        );
        let rows = self.places.iter().map(|((programme, region), place)| {
            let money = place.money.as_ref().map_or(String::new(), |money| money.delivered.to_string());
            let (recipients, helped) = (place.recipients.to_string(), place.helped.to_string());
            vec![programme.clone(), region.clone(), recipients, helped, place.deliveries.to_string(), money]
        });
        let header = ["programme", "district", "recipients", "helped", "deliveries", "KZT delivered"];
        section("Where help went", table(&header, rows.collect(), &[2, 3, 4, 5]));
        let rows = self.items.iter().map(|(item, balance)| [vec![item.clone()], columns(balance).to_vec()].concat());
        let header: Vec<String> = COLUMNS.iter().map(|(name, sign)| format!("{sign}{name}")).collect();
        let header: Vec<&str> = std::iter::once("item").chain(header.iter().map(String::as_str)).collect();
        section("What came in, and where it is", table(&header, rows.collect(), &[1, 2, 3, 4, 5, 6, 7, 8, 9]));
        text.trim_end().to_owned() + "\n"
    }
}

/// Of the whole city: what the first two name came in, and is in the others. What one organization hands on another receives.
const COLUMNS: [(&str, &str); 9] = [
    ("donated", ""),
    ("purchased", "+ "),
    ("on hand", "= "),
    ("in transit", "+ "),
    ("assigned", "+ "),
    ("delivered", "+ "),
    ("spent", "+ "),
    ("lost", "+ "),
    ("returned", "+ "),
];

fn columns(balance: &Balance) -> [String; 9] {
    let Balance { assigned, delivered, donated, in_transit, lost, on_hand, purchased, returned, spent, .. } = balance;
    [donated, purchased, on_hand, in_transit, assigned, delivered, spent, lost, returned].map(|amount| amount.to_string())
}

/// What to try next: commands that work as they stand.
fn next_words(ledger: &Path, shown: &Shown) -> String {
    let folder = format!("--ledger {}", quoted(&ledger.display().to_string()));
    let short = |id: &Option<String>| id.as_ref().map(|id| id[..12].to_owned());
    let mut lines = vec![format!("aidledger list entries --kind event.reversed {folder}")];
    lines.extend(short(&shown.household).map(|token| format!("aidledger history {token} {folder}")));
    lines.extend(short(&shown.gift).map(|id| format!("aidledger trace {id} {folder}")));
    lines.push(format!("aidledger donate 500 rice --from organization:\"Mill Ltd\" --as finance {folder}"));
    lines.extend(short(&shown.household).map(|token| format!("aidledger assign 5 rice --to {token} --as assign {folder}")));
    lines.push(format!("aidledger verify --id {} {folder}", shown.id));
    format!("\nTry next:\n{}\n", lines.iter().map(|line| format!("  {line}\n")).collect::<String>().trim_end_matches('\n'))
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
