//! show, list, balance, history: looking at what is there. Every answer says as of which entry it was computed.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::cli::balance::{By, Filter, balance_json, balance_table, grouped};
use crate::cli::context::{LedgerArg, find_event, find_lot, find_recipient, known, short};
use crate::cli::give::short_lot;
use crate::cli::headline::headline;
use crate::cli::report::{Failure, Out, table};
use crate::event::kinds::Kind;
use crate::event::values::format_minor;
use crate::event::{Code, LotId};
use crate::log::entry::DecodedEntry;
use crate::rules::State;
use crate::rules::state::LotIx;
use crate::service::Reader;
use crate::views::{Slot, ViewName};

/// An entry as programs read it.
fn entry_json(reader: &Reader, bytes: &[u8], decoded: &DecodedEntry) -> Value {
    let entry: Value = serde_json::from_slice(bytes).expect("canonical bytes are JSON");
    let index = decoded.entry.index;
    json!({ "index": index, "id": decoded.id.to_string(), "entry_hash": decoded.hash.to_string(), "reversed": reader.state.made[index as usize].reversed, "entry": entry })
}

/// Show the entries of some indexes as a table or JSON.
fn entries(reader: &Reader, indexes: impl Iterator<Item = u64>, out: &Out, heading: &str) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for index in indexes {
        let (bytes, decoded) = reader.entry(index)?;
        if out.is_json() {
            values.push(entry_json(reader, &bytes, &decoded));
            continue;
        }
        let event = &decoded.entry.event;
        let reversed = if reader.state.made[index as usize].reversed { " (reversed)" } else { "" };
        rows.push(vec![
            index.to_string(),
            event.time.to_string().replace('T', " ").trim_end_matches('Z').to_owned(),
            event.organization.to_string(),
            event.kind().to_string(),
            headline(&reader.state, &decoded) + reversed,
            short(decoded.id),
        ]);
    }
    out.answer(json!({ "size": reader.chain.size, "entries": values }), || {
        format!("{heading}{}", table(&["ENTRY", "TIME (UTC)", "ORGANIZATION", "KIND", "WHAT", "ID"], rows, &[0]))
    });
    Ok(())
}

/// Show one event, recipient, lot, organization, programme, region, item or key.
#[derive(Debug, Args)]
pub struct Show {
    /// An event id or its beginning, #INDEX, a lot id, a recipient's token, or a code.
    what: String,
    #[command(flatten)]
    ledger: LedgerArg,
}

impl Show {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let reader = self.ledger.read_views(out)?;
        let state = &reader.state;
        if let Ok(code) = self.what.parse::<Code>()
            && let Some(shown) = show_code(&reader, &code)?
        {
            let (key, value) = shown;
            let json: Value = serde_json::from_slice(&value).expect("a row is JSON");
            let mut answer = json!({ "size": reader.chain.size, "what": key, "row": json });
            let balances = grouped(&reader, &Filter::of_code(&key), &[By::Item])?;
            if !balances.is_empty() {
                answer["balances"] = balances.iter().map(|(name, balance)| balance_json(name, balance)).collect();
            }
            out.answer(answer, || {
                let pretty = serde_json::to_string_pretty(&json).expect("it was JSON");
                let table = if balances.is_empty() { String::new() } else { format!("\n\n{}", balance_table(&balances)) };
                format!("{key}\n{pretty}{table}")
            });
            return Ok(());
        }
        if self.what.contains('.')
            && let Ok(lot) = find_lot(state, &self.what)
        {
            return show_lot(&reader, lot, out);
        }
        match find_event(state, &self.what) {
            Ok(id) => {
                let index = reader.find(&id).expect("it was found");
                let (bytes, decoded) = reader.entry(index)?;
                let value = entry_json(&reader, &bytes, &decoded);
                out.answer(value.clone(), || {
                    let pretty = serde_json::to_string_pretty(&value["entry"]["event"]).expect("it was JSON");
                    let reversed = if state.made[index as usize].reversed { "\nREVERSED by a later entry" } else { "" };
                    format!(
                        "{} — {}{reversed}\n\n  entry     {index}, recorded {}\n  event id  {id}\n  signer    {}\n  entry hash {}\n\n{pretty}",
                        decoded.entry.event.kind(),
                        headline(state, &decoded),
                        decoded.entry.recorded,
                        decoded.entry.event.signer,
                        decoded.hash,
                    )
                });
                Ok(())
            }
            Err(failure) => match find_recipient(state, &self.what) {
                Ok(token) => show_recipient(&reader, &token, out),
                Err(_) => Err(failure),
            },
        }
    }
}

fn show_code(reader: &Reader, code: &Code) -> Result<Option<(String, Vec<u8>)>, Failure> {
    for group in ["organization", "programme", "region", "item"] {
        let key = format!("{group}/{code}");
        if let Some(value) = reader.row(ViewName::Registry, Slot::Own, &key)? {
            return Ok(Some((key, value)));
        }
    }
    Ok(None)
}

fn show_lot(reader: &Reader, lot: LotId, out: &Out) -> Result<(), Failure> {
    let place = reader.state.lot(&lot).expect("the lot was found");
    let slot = Slot::of_entry(reader.state.lots[place.at()].entry);
    let row = reader.row(ViewName::Lots, slot, &lot.to_string())?.unwrap_or_else(|| b"{}".to_vec());
    let row: Value = serde_json::from_slice(&row).expect("a row is JSON");
    let listed = reader.listing(slot, &format!("lot/{lot}"))?;
    out.answer(json!({ "size": reader.chain.size, "lot": lot.to_string(), "row": row, "entries": listed }), || {
        let pretty = serde_json::to_string_pretty(&row).expect("it was JSON");
        format!("lot {lot}\n{pretty}\nmoved by entries {}", listed.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
    });
    Ok(())
}

fn show_recipient(reader: &Reader, token: &crate::event::Token, out: &Out) -> Result<(), Failure> {
    let place = reader.state.recipient_of[token];
    let slot = Slot::of_entry(reader.state.recipients[place.at()].entry);
    let row = reader.row(ViewName::Recipients, slot, &token.to_string())?.unwrap_or_else(|| b"{}".to_vec());
    let row: Value = serde_json::from_slice(&row).expect("a row is JSON");
    out.answer(json!({ "size": reader.chain.size, "recipient": token.to_string(), "row": row }), || {
        format!(
            "recipient {token}\n{}\n\n`aidledger history {}` shows every entry.",
            serde_json::to_string_pretty(&row).expect("it was JSON"),
            short(token)
        )
    });
    Ok(())
}

/// What to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// The log's entries.
    Entries,
    /// Organizations.
    Organizations,
    /// Keys and their roles.
    Keys,
    /// Items.
    Items,
    /// Regions.
    Regions,
    /// Programmes.
    Programmes,
    /// Recipients.
    Recipients,
    /// Lots with something on hand (--all: every lot).
    Lots,
    /// What recipients lack; `aidledger needs` says more.
    Needs,
    /// What was promised, and what came of it.
    Pledges,
}

/// List what is there.
#[derive(Debug, Args)]
pub struct List {
    /// entries, organizations, keys, items, regions, programmes, recipients, lots, needs or pledges.
    #[arg(value_enum, default_value = "entries")]
    what: Listed,
    /// Only entries of this kind, like delivery.made.
    #[arg(long)]
    kind: Option<Kind>,
    /// Only those of this organization.
    #[arg(long, value_name = "CODE")]
    organization: Option<Code>,
    /// The last N only; 0 for all.
    #[arg(long, default_value_t = 50, value_name = "N")]
    last: usize,
    /// Lots: those with nothing on hand as well.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    ledger: LedgerArg,
}

impl List {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let reader = self.ledger.read_views(out)?;
        known("organization", self.organization.as_ref(), |code| reader.state.organizations.find(code).is_some())?;
        match self.what {
            Listed::Entries => self.entries(&reader, out),
            Listed::Lots => self.lots(&reader, out),
            Listed::Needs => self.rows(&reader, ViewName::Needs, "need/", out),
            Listed::Pledges => self.rows(&reader, ViewName::Pledges, "", out),
            Listed::Recipients => self.rows(&reader, ViewName::Recipients, "", out),
            Listed::Organizations => self.rows(&reader, ViewName::Registry, "organization/", out),
            Listed::Keys => self.rows(&reader, ViewName::Registry, "key/", out),
            Listed::Items => self.rows(&reader, ViewName::Registry, "item/", out),
            Listed::Regions => self.rows(&reader, ViewName::Registry, "region/", out),
            Listed::Programmes => self.rows(&reader, ViewName::Registry, "programme/", out),
        }
    }

    fn tail<T>(&self, mut rows: Vec<T>) -> Vec<T> {
        if self.last > 0 && rows.len() > self.last {
            rows.drain(..rows.len() - self.last);
        }
        rows
    }

    fn entries(&self, reader: &Reader, out: &Out) -> Result<(), Failure> {
        let indexes: Vec<u64> = match (&self.kind, &self.organization) {
            (None, None) => {
                let from = if self.last == 0 { 0 } else { reader.chain.size.saturating_sub(self.last as u64) };
                (from..reader.chain.size).collect()
            }
            (Some(kind), None) => reader.listing(Slot::Own, &format!("kind/{kind}"))?,
            (None, Some(code)) => reader.listing(Slot::Own, &format!("organization/{code}"))?,
            (Some(kind), Some(code)) => {
                let of_kind: std::collections::BTreeSet<u64> = reader.listing(Slot::Own, &format!("kind/{kind}"))?.into_iter().collect();
                reader.listing(Slot::Own, &format!("organization/{code}"))?.into_iter().filter(|index| of_kind.contains(index)).collect()
            }
        };
        let found = indexes.len();
        let shown = self.tail(indexes);
        if shown.len() < found {
            out.say(format!("The last {} of {found}; --last 0 shows all.", shown.len()));
        }
        entries(reader, shown.into_iter(), out, "")
    }

    fn lots(&self, reader: &Reader, out: &Out) -> Result<(), Failure> {
        let state = &reader.state;
        let held = |lot: &&(usize, &crate::rules::state::Lot)| {
            let of = self.organization.is_none_or(|code| state.organizations.code(lot.1.organization.0) == code);
            of && (self.all || lot.1.on_hand > 0)
        };
        let all: Vec<_> = state.lots.iter().enumerate().collect();
        let lots = self.tail(all.iter().filter(held).collect());
        let amount = |lot: &crate::rules::state::Lot, minor: u64| format_minor(i128::from(minor), state.items.at(lot.item.0).decimals);
        let json = lots.iter().map(|(at, lot)| {
            json!({
                "lot": state.lot_id(LotIx(*at as u32)).to_string(), "item": state.items.code(lot.item.0).as_str(),
                "organization": state.organizations.code(lot.organization.0).as_str(), "quantity": amount(lot, lot.quantity),
                "on_hand": amount(lot, lot.on_hand), "assigned": amount(lot, lot.assigned), "delivered": amount(lot, lot.delivered),
                "reversed": lot.reversed, "restrictions": restrictions(state, lot),
            })
        });
        let json: Vec<_> = json.collect();
        out.answer(json!({ "size": reader.chain.size, "lots": json }), || {
            let rows = lots.iter().map(|(at, lot)| {
                vec![
                    short_lot(state.lot_id(LotIx(*at as u32))),
                    state.organizations.code(lot.organization.0).to_string(),
                    state.items.code(lot.item.0).to_string(),
                    amount(lot, lot.quantity),
                    amount(lot, lot.on_hand),
                    if lot.reversed { "reversed".into() } else { restrictions(state, lot).unwrap_or_default() },
                ]
            });
            table(&["LOT", "ORGANIZATION", "ITEM", "GIVEN", "ON HAND", "ONLY FOR"], rows.collect(), &[3, 4])
        });
        Ok(())
    }

    fn rows(&self, reader: &Reader, view: ViewName, prefix: &str, out: &Out) -> Result<(), Failure> {
        let rows = reader.rows(view, prefix)?;
        let found = rows.len();
        let of = |row: &Value| self.organization.is_none_or(|code| row.get("organization").and_then(Value::as_str) == Some(code.as_str()));
        let parsed = rows.into_iter().map(|row| (row.key, serde_json::from_slice::<Value>(&row.value).expect("a row is JSON")));
        let rows = self.tail(parsed.filter(|(_, value)| of(value)).collect());
        if rows.len() < found {
            out.say(format!("{} of {found}; --last 0 shows all.", rows.len()));
        }
        let name = |key: &str| key.strip_prefix(prefix).unwrap_or(key).to_owned();
        let json: Vec<_> = rows.iter().map(|(key, value)| json!({ "key": name(key), "row": value })).collect();
        out.answer(json!({ "size": reader.chain.size, "rows": json }), || {
            let mut columns: Vec<String> = Vec::new();
            for (_, value) in &rows {
                for column in value.as_object().into_iter().flatten().map(|(column, _)| column) {
                    if !columns.contains(column) {
                        columns.push(column.clone());
                    }
                }
            }
            let cells = rows.iter().map(|(key, value)| {
                let key = name(key);
                let key = if key.len() > 31 { short(&key) } else { key };
                std::iter::once(key).chain(columns.iter().map(|column| value.get(column).map_or(String::new(), cell))).collect()
            });
            let header: Vec<String> =
                std::iter::once("CODE".to_owned()).chain(columns.iter().map(|column| column.replace('_', " ").to_uppercase())).collect();
            table(&header.iter().map(String::as_str).collect::<Vec<_>>(), cells.collect(), &[])
        });
        Ok(())
    }
}

/// A row's member in a table cell.
fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(names) => names.get("en").or_else(|| names.values().next()).map_or(String::new(), cell),
        Value::Array(list) => list
            .iter()
            .map(|value| match (value.get("quantity"), value.get("item")) {
                (Some(quantity), Some(item)) => format!("{} {}", cell(quantity), cell(item)),
                (None, Some(item)) => {
                    // A line of a need or pledge: how much of how much.
                    let part = |one: &str, other: &str| value.get(one).or_else(|| value.get(other)).map(cell).unwrap_or_default();
                    format!("{} of {} {}", part("served", "received"), part("needed", "pledged"), cell(item))
                }
                _ => cell(value),
            })
            .collect::<Vec<_>>()
            .join(","),
        other => other.to_string(),
    }
}

/// What a lot is restricted to, in words.
fn restrictions(state: &State, lot: &crate::rules::state::Lot) -> Option<String> {
    let join = |codes: Vec<Code>| codes.iter().map(Code::as_str).collect::<Vec<_>>().join("|");
    let mut words = Vec::new();
    for restrictions in state.restricted.of(lot.restrictions) {
        if let Some(programmes) = &restrictions.programmes {
            words.push(join(programmes.iter().map(|place| state.programmes.code(place.0)).collect()));
        }
        if let Some(regions) = &restrictions.regions {
            words.push(join(regions.iter().map(|place| state.regions.code(place.0)).collect()));
        }
        if let Some(categories) = &restrictions.categories {
            words.push(join(categories.clone()));
        }
        if let Some(items) = &restrictions.items {
            words.push(join(items.iter().map(|place| state.items.code(place.0)).collect()));
        }
        words.extend(restrictions.use_by.map(|day| format!("by {day}")));
    }
    (!words.is_empty()).then(|| words.join(" & "))
}

/// All entries about a recipient, lot, organization, programme, region or item.
#[derive(Debug, Args)]
pub struct History {
    /// A recipient's token or its beginning, a lot id, or a code.
    what: String,
    #[command(flatten)]
    ledger: LedgerArg,
}

impl History {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let reader = self.ledger.read_views(out)?;
        let state = &reader.state;
        if let Ok(token) = find_recipient(state, &self.what) {
            let slot = Slot::of_entry(state.recipients[state.recipient_of[&token].at()].entry);
            let listed = reader.listing(slot, &format!("recipient/{token}"))?;
            return entries(&reader, listed.into_iter(), out, &format!("recipient {token}\n\n"));
        }
        if let Ok(code) = self.what.parse::<Code>() {
            for group in ["organization", "programme", "region", "item"] {
                let listed = reader.listing(Slot::Own, &format!("{group}/{code}"))?;
                if !listed.is_empty() {
                    return entries(&reader, listed.into_iter(), out, &format!("{group} {code}\n\n"));
                }
            }
        }
        match find_lot(state, &self.what) {
            Ok(lot) => {
                let place = state.lot(&lot).expect("the lot was found");
                let listed = reader.listing(Slot::of_entry(state.lots[place.at()].entry), &format!("lot/{lot}"))?;
                entries(&reader, listed.into_iter(), out, &format!("lot {lot}\n\n"))
            }
            Err(_) => {
                Err(Failure::no(format!("nothing is known as `{}`: no recipient, lot, organization, programme, region or item", self.what))
                    .hint("`aidledger list recipients` and `aidledger list lots` show what there is"))
            }
        }
    }
}
