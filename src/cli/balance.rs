//! balance: what came in, where it is now and what reached people.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::canonical::decode;
use crate::cli::context::{LedgerArg, known};
use crate::cli::report::{Failure, Out, table};
use crate::event::Code;
use crate::event::kinds::ItemType;
use crate::rules::Account;
use crate::service::Reader;
use crate::views::ViewName;
use crate::views::balances::Balance;

/// Which balances.
#[derive(Debug, Default, Clone)]
pub struct Filter {
    /// Only this item.
    pub item: Option<String>,
    /// Only this organization.
    pub organization: Option<String>,
    /// Only this programme.
    pub programme: Option<String>,
    /// Only this region.
    pub region: Option<String>,
}

impl Filter {
    /// What the key of a registry row names: `programme/winter`.
    pub fn of_code(key: &str) -> Filter {
        let mut filter = Filter::default();
        match key.split_once('/') {
            Some(("item", code)) => filter.item = Some(code.into()),
            Some(("organization", code)) => filter.organization = Some(code.into()),
            Some(("programme", code)) => filter.programme = Some(code.into()),
            Some(("region", code)) => filter.region = Some(code.into()),
            _ => {}
        }
        filter
    }
}

/// Balances by the columns asked for.
pub type BalanceRows = Vec<(Vec<String>, Balance)>;

/// The balances that pass, summed by the columns asked for.
pub fn grouped(reader: &Reader, filter: &Filter, by: &[By]) -> Result<BalanceRows, Failure> {
    let mut groups: BTreeMap<Vec<String>, Balance> = BTreeMap::new();
    for row in reader.rows(ViewName::Balances, "")? {
        let parts: Vec<&str> = row.key.split('/').collect();
        let [item, organization, programme, region] = parts.as_slice() else { continue };
        let fits = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        if !fits(&filter.item, item)
            || !fits(&filter.organization, organization)
            || !fits(&filter.programme, programme)
            || !fits(&filter.region, region)
        {
            continue;
        }
        let balance: Balance = decode(&row.value).map_err(|fault| Failure::unable(format!("balance {}: {fault}", row.key)))?;
        let key = by.iter().map(|by| by.of(item, organization, programme, region)).collect();
        groups.entry(key).or_insert_with(|| Balance::zero(balance.on_hand.decimals)).merge(&balance);
    }
    Ok(groups.into_iter().collect())
}

/// A balance for programs: every account, in minor units written with the item's decimals.
pub fn balance_json(key: &[String], balance: &Balance) -> Value {
    let mut json: Value = serde_json::from_slice(&crate::canonical::encode(balance)).expect("canonical bytes are JSON");
    json["item"] = key[0].clone().into();
    json
}

/// The columns there are, in the order of a gift's life. The first of a pair is what a table is headed with.
const COLUMNS: [(&str, Account, bool); 11] = [
    ("DONATED", Account::Donor, true),
    ("PURCHASED", Account::Supplier, false),
    ("TRANSFERRED IN", Account::TransferredIn, false),
    ("ON HAND", Account::OnHand, true),
    ("ASSIGNED", Account::Assigned, true),
    ("DELIVERED", Account::Delivered, true),
    ("IN TRANSIT", Account::InTransit, false),
    ("SPENT", Account::Spent, false),
    ("LOST", Account::Lost, false),
    ("RETURNED", Account::Returned, false),
    ("TRANSFERRED OUT", Account::TransferredOut, false),
];

/// Columns and cells of balances: the usual accounts, and those others in which there is anything.
fn columns(rows: &[(Vec<String>, Balance)]) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let shown = |account: Account, always: bool| always || rows.iter().any(|(_, balance)| balance.at(account).minor != 0);
    let chosen: Vec<_> = COLUMNS.into_iter().filter(|(_, account, always)| shown(*account, *always)).collect();
    let cells = rows.iter().map(|(_, balance)| chosen.iter().map(|(_, account, _)| balance.at(*account).to_string()).collect());
    (chosen.iter().map(|(name, _, _)| *name).collect(), cells.collect())
}

/// Balances of items as a table.
pub fn balance_table(rows: &[(Vec<String>, Balance)]) -> String {
    let (names, cells) = columns(rows);
    let header: Vec<&str> = ["ITEM"].into_iter().chain(names).collect();
    let right: Vec<usize> = (1..header.len()).collect();
    table(&header, rows.iter().zip(cells).map(|((key, _), cells)| key.iter().cloned().chain(cells).collect()).collect(), &right)
}

/// Whether what came in is what is somewhere: it always is over all programmes and regions.
fn adds_up(balance: &Balance) -> bool {
    let sum = |accounts: &[Account]| accounts.iter().map(|account| balance.at(*account).minor).sum::<i128>();
    let outside = [Account::Donor, Account::Supplier, Account::TransferredIn];
    let inside: Vec<Account> = Account::ALL.into_iter().filter(|account| !outside.contains(account)).collect();
    sum(&outside) == sum(&inside)
}

/// A column to group balances by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The item: always the first column.
    Item,
    /// The organization.
    Organization,
    /// The programme.
    Programme,
    /// The region.
    Region,
}

impl By {
    fn of(self, item: &str, organization: &str, programme: &str, region: &str) -> String {
        match self {
            By::Item => item.to_owned(),
            By::Organization => organization.to_owned(),
            By::Programme => programme.to_owned(),
            By::Region => region.to_owned(),
        }
    }
}

/// What came in, where it is now and what reached people.
///
/// Per item: donated + purchased + transferred in = on hand + assigned + delivered + in transit + spent + lost + returned + transferred out.
/// Money and goods are never added up.
#[derive(Debug, Args)]
pub struct BalanceCommand {
    /// Only this item.
    item: Option<Code>,
    /// Only this organization.
    #[arg(long, value_name = "CODE")]
    organization: Option<Code>,
    /// Only this programme (gifts and what is on hand belong to none yet).
    #[arg(long, value_name = "CODE")]
    programme: Option<Code>,
    /// Only this region.
    #[arg(long, value_name = "CODE")]
    region: Option<Code>,
    /// More columns beside the item: organization, programme, region.
    #[arg(long, value_enum, value_delimiter = ',')]
    by: Vec<By>,
    #[command(flatten)]
    ledger: LedgerArg,
}

impl BalanceCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let reader = self.ledger.read_views(out)?;
        let state = &reader.state;
        known("item", self.item.as_ref(), |code| state.items.find(code).is_some())?;
        known("organization", self.organization.as_ref(), |code| state.organizations.find(code).is_some())?;
        known("programme", self.programme.as_ref(), |code| state.programmes.find(code).is_some())?;
        known("region", self.region.as_ref(), |code| state.regions.find(code).is_some())?;
        let code = |code: Option<Code>| code.map(|code| code.to_string());
        let filter = Filter {
            item: code(self.item),
            organization: code(self.organization),
            programme: code(self.programme),
            region: code(self.region),
        };
        let mut by = vec![By::Item];
        by.extend(self.by.iter().filter(|by| **by != By::Item));
        let rows = grouped(&reader, &filter, &by)?;
        let all = filter.programme.is_none() && filter.region.is_none() && by.iter().all(|by| matches!(by, By::Item | By::Organization));
        let json = rows.iter().map(|(key, balance)| {
            let mut json = balance_json(key, balance);
            for (by, value) in by.iter().zip(key).skip(1) {
                let name = by.to_possible_value().expect("no variant is skipped").get_name().to_owned();
                json[name] = if value == "-" { Value::Null } else { value.clone().into() };
            }
            if all {
                json["adds_up"] = adds_up(balance).into();
            }
            json
        });
        let json: Vec<_> = json.collect();
        let recorded = reader.chain.recorded;
        out.answer(json!({ "size": reader.chain.size, "recorded": recorded.to_string(), "balances": json }), || {
            let header: Vec<String> =
                by.iter().map(|by| by.to_possible_value().expect("no variant is skipped").get_name().to_uppercase()).collect();
            let (names, cells) = columns(&rows);
            let count = names.len();
            let columns: Vec<&str> = header.iter().map(String::as_str).chain(names).chain(["UNIT"]).collect();
            let unit = |item: &str| {
                let item =
                    item.parse::<Code>().ok().and_then(|code| reader.state.items.find(&code)).map(|place| reader.state.items.at(place));
                item.map_or(String::new(), |item| match (&item.r#type, item.unit) {
                    (ItemType::Money, _) | (_, None) => "money".to_owned(),
                    (_, Some(unit)) => unit.to_string(),
                })
            };
            let cells = rows.iter().zip(cells).map(|((key, _), cells)| key.iter().cloned().chain(cells).chain([unit(&key[0])]).collect());
            let right: Vec<usize> = (by.len()..by.len() + count).collect();
            format!("As of entry {} (recorded {recorded}):\n\n{}", reader.chain.size - 1, table(&columns, cells.collect(), &right))
        });
        Ok(())
    }
}
