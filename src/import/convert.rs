//! One row into one fact, or the reason why not. Knows the mapping and the row, and nothing of the ledger.

use crate::canonical::{NAME_LEN_BYTES_MAX, Text};
use crate::event::kinds::{Donor, DonorType, ItemType};
use crate::event::{Code, Date};
use crate::import::mapping::{Mapping, RowKind, Source, Stock};
use crate::import::report::Reject;
use crate::import::rows::{Header, Row};
use crate::import::values::{Number, clean, codes, parse_day};

/// What a row says.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Who received, by name; none for the importer's own organization.
    pub organization: Option<String>,
    /// Who gave; none where the goods are drawn from what is on hand.
    pub donor: Option<Donor>,
    /// What.
    pub item: ItemFact,
    /// How much.
    pub amount: Number,
    /// The column of the amount, and its cell.
    pub amount_cell: (String, String),
    /// When.
    pub day: Date,
    /// The column of the day.
    pub day_column: String,
    /// The last day on which it may be assigned.
    pub use_by: Option<Date>,
    /// Whom it helped; none for a donation.
    pub help: Option<Help>,
}

/// What is given.
#[derive(Debug, Clone)]
pub struct ItemFact {
    /// Money, goods or service.
    pub r#type: ItemType,
    /// Its name.
    pub name: String,
    /// Its unit; none for money.
    pub unit: Option<Code>,
    /// Its category.
    pub category: Code,
    /// Its code, if the file or the currency gives one.
    pub code: Option<Code>,
    /// The decimals that it gets if it is new.
    pub decimals: u8,
}

/// Who was helped.
#[derive(Debug, Clone)]
pub struct Help {
    /// Names of regions, each within the one before.
    pub regions: Vec<String>,
    /// The community or facility.
    pub recipient: String,
}

struct Cells<'a> {
    mapping: &'a Mapping,
    header: &'a Header,
    row: &'a Row,
}

impl<'a> Cells<'a> {
    fn cell(&self, column: &str) -> &'a str {
        let place = self.header.find(column).expect("the header was seen to have every column of the mapping");
        self.row.cells.get(place).expect("every row is as wide as the header")
    }

    /// A cell without white space around; none if it is empty or counts as empty.
    fn given(&self, column: &str, absent: &[String]) -> Result<Option<String>, Reject> {
        let cell = clean(self.cell(column));
        if cell.is_empty() || absent.iter().any(|absent| *absent == cell) {
            return Ok(None);
        }
        if self.mapping.skip.contains(&*cell) {
            return Err(Reject::new(column, cell, "a value that the mapping skips"));
        }
        Ok(Some(cell.into_owned()))
    }

    fn read(&self, source: &Source) -> Result<Option<String>, Reject> {
        let Some(column) = &source.column else {
            return Ok(source.value.as_ref().map(|value| clean(value).into_owned()));
        };
        let Some(cell) = self.given(column, &source.absent)? else {
            return Ok(source.empty.clone());
        };
        if source.values.is_empty() {
            return Ok(Some(cell));
        }
        match source.values.get(&cell).or(source.otherwise.as_ref()) {
            Some(meaning) => Ok(Some(meaning.clone())),
            None => Err(Reject::new(column, cell, "none of the values that the mapping knows")),
        }
    }

    fn need(&self, source: &Source) -> Result<String, Reject> {
        self.read(source)?.ok_or_else(|| match &source.column {
            Some(column) => Reject::new(column, self.cell(column), "empty"),
            None => Reject::new("", "", "empty"),
        })
    }

    fn refuse(&self, source: &Source, reason: impl Into<String>) -> Reject {
        match &source.column {
            Some(column) => Reject::new(column, clean(self.cell(column)), reason),
            None => Reject::new("", source.value.clone().unwrap_or_default(), reason),
        }
    }

    fn name(&self, source: &Source) -> Result<String, Reject> {
        let name = self.need(source)?;
        if name.len() > NAME_LEN_BYTES_MAX {
            return Err(self.refuse(source, format!("longer than {NAME_LEN_BYTES_MAX} bytes")));
        }
        Ok(name)
    }

    fn word<T: std::str::FromStr<Err = String>>(&self, source: &Source) -> Result<T, Reject> {
        self.need(source)?.parse().map_err(|error: String| self.refuse(source, error))
    }

    /// A code as it stands, or made of the name that stands there.
    fn code(&self, source: &Source, what: &str) -> Result<Code, Reject> {
        let name = self.name(source)?;
        Ok(codes(what, &name, &[&name]).next().expect("there is a code for every name"))
    }

    fn day(&self, source: &Source) -> Result<Date, Reject> {
        let text = self.need(source)?;
        parse_day(&text, &self.mapping.file.dates).ok_or_else(|| self.refuse(source, "not a day in the formats of the mapping"))
    }
}

/// Reads a row.
///
/// # Errors
/// The first thing in it that cannot be taken.
pub fn convert(mapping: &Mapping, header: &Header, row: &Row) -> Result<Fact, Reject> {
    let cells = Cells { mapping, header, row };
    if row.cells.iter().all(|cell| cell.trim().is_empty()) {
        return Err(Reject::new("", "", "the row is empty"));
    }
    for only in &mapping.only {
        let cell = clean(cells.cell(&only.column));
        if !only.is.iter().any(|value| *value == cell) {
            let reason = only.reasons.get(&*cell).unwrap_or(&only.reason);
            return Err(Reject::new(&only.column, cell, reason));
        }
    }
    let organization = mapping.organization.as_ref().map(|source| cells.name(source)).transpose()?;
    let (amount_source, text) = amount_source(&cells)?;
    let column = &mapping.amount[amount_source].column;
    let amount = Number::parse(&text, mapping.numbers()).map_err(|reason| Reject::new(column, &text, reason))?;
    if amount.is_zero() {
        return Err(Reject::new(column, text, "the amount is zero"));
    }
    let item = item(&cells, mapping.amount[amount_source].currency.as_ref())?;
    let day = cells.day(&mapping.date)?;
    let use_by = match mapping.restrictions.as_ref().and_then(|restrictions| restrictions.use_by.as_ref()) {
        Some(source) if cells.read(source)?.is_some() => Some(cells.day(source)?),
        _ => None,
    };
    let donor = match mapping.stock {
        Stock::Row => Some(donor(&cells)?),
        Stock::OnHand => None,
    };
    let help = match mapping.kind {
        RowKind::Donations => None,
        RowKind::Deliveries => {
            let regions = mapping.region.iter().map(|source| cells.name(source)).collect::<Result<_, _>>()?;
            let recipient = mapping.recipient.as_ref().expect("a mapping of deliveries has a recipient");
            Some(Help { regions, recipient: cells.name(&recipient.name)? })
        }
    };
    let day_column = mapping.date.column.clone().unwrap_or_default();
    Ok(Fact { organization, donor, item, amount, amount_cell: (column.clone(), text), day, day_column, use_by, help })
}

/// The first source of an amount that has one.
fn amount_source(cells: &Cells<'_>) -> Result<(usize, String), Reject> {
    for (place, source) in cells.mapping.amount.iter().enumerate() {
        if let Some(text) = cells.given(&source.column, &source.absent)? {
            return Ok((place, text));
        }
    }
    let last = cells.mapping.amount.last().expect("a mapping has a source of amounts");
    Err(Reject::new(&last.column, clean(cells.cell(&last.column)), "empty"))
}

fn donor(cells: &Cells<'_>) -> Result<Donor, Reject> {
    let source = cells.mapping.donor.as_ref().expect("a mapping of gifts has a donor");
    let named = |name: Option<Text>, r#type| Donor { commitment: None, name, r#type };
    let r#type: DonorType = cells.word(&source.r#type)?;
    if !matches!(r#type, DonorType::Organization | DonorType::Government) {
        // Rule 400: nobody else is named in the log.
        return Ok(named(None, r#type));
    }
    match &source.name {
        Some(name) if cells.read(name)?.is_some() => Ok(named(Some(Text(cells.name(name)?)), r#type)),
        _ => Ok(named(None, DonorType::Anonymous)),
    }
}

fn item(cells: &Cells<'_>, currency: Option<&Source>) -> Result<ItemFact, Reject> {
    let source = &cells.mapping.item;
    let category = cells.code(&source.category, "category")?;
    let r#type: ItemType = cells.word(&source.r#type)?;
    if r#type == ItemType::Money {
        let Some(currency) = currency else {
            return Err(cells.refuse(&source.r#type, "money without a currency; name one in the mapping"));
        };
        let text = cells.need(currency)?;
        let known = iso_currency::Currency::from_code(&text);
        let (Some(known), Ok(code)) = (known, text.parse::<Code>()) else {
            return Err(cells.refuse(currency, "not an ISO 4217 currency code"));
        };
        let decimals = known.exponent().map_or(2, |exponent| u8::try_from(exponent).unwrap_or(2));
        return Ok(ItemFact { r#type, name: known.name().to_owned(), unit: None, category, code: Some(code), decimals });
    }
    let part = |source: &Option<Source>, what: &str| {
        source.clone().ok_or_else(|| Reject::new("", "", format!("the mapping names no {what} for goods and services")))
    };
    let name = cells.name(&part(&source.name, "item.name")?)?;
    let unit = cells.code(&part(&source.unit, "item.unit")?, "unit")?;
    let code = source.code.as_ref().map(|source| cells.word::<Code>(source)).transpose()?;
    let decimals = source.unit_decimals.get(unit.as_str()).copied().unwrap_or(source.decimals);
    Ok(ItemFact { r#type, name, unit: Some(unit), category, code, decimals })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::mapping::tests::SMALL;

    fn fact(mapping: &str, cells: &[&str]) -> Result<Fact, Reject> {
        let mapping = Mapping::parse(mapping).unwrap();
        let header = Header { names: ["day", "donor", "sum", "status"].map(str::to_owned).to_vec() };
        header.require(mapping.columns()).unwrap();
        convert(&mapping, &header, &Row { number: 2, cells: cells.into() })
    }

    #[test]
    fn a_row_says_who_gave_what_and_when() {
        let fact = fact(SMALL, &[" 2026-11-02", "Mill  Ltd ", "1500.5", ""]).unwrap();
        assert_eq!(fact.donor.unwrap().name, Some(Text("Mill Ltd".into())));
        assert_eq!((fact.item.code.unwrap().as_str(), fact.item.decimals, fact.day.to_string().as_str()), ("KZT", 2, "2026-11-02"));
        assert_eq!(fact.amount.exactly(2).unwrap().to_string(), "1500.50");
    }

    #[test]
    fn only_organizations_and_governments_are_named() {
        let donor = |mapping: &str, name: &str| fact(mapping, &["2026-11-02", name, "1", ""]).unwrap().donor.unwrap();
        assert_eq!(donor(SMALL, " "), Donor { commitment: None, name: None, r#type: DonorType::Anonymous });
        let individual = SMALL.replace("\"organization\"", "\"individual\"");
        assert_eq!(donor(&individual, "A. Person"), Donor { commitment: None, name: None, r#type: DonorType::Individual });
    }

    #[test]
    fn what_cannot_be_taken_is_named() {
        let skip = SMALL.replace("name = \"small\"", "name = \"small\"\nskip = [\"#N/A\"]");
        let only = format!(
            "{SMALL}\n[[only]]\ncolumn = \"status\"\nis = [\"paid\"]\nreason = \"not received\"\nreasons = {{ pledge = \"only promised\" }}\n"
        );
        let unknown = SMALL.replace("KZT", "kzt");
        for (mapping, cells, column, value, reason) in [
            (&skip, ["2026-11-02", "#N/A", "1", ""], "donor", "#N/A", "a value that the mapping skips"),
            (&skip, ["2026-11-02", "a", "", ""], "sum", "", "empty"),
            (&skip, ["", "", " ", ""], "", "", "the row is empty"),
            (&skip, ["2026-11-02", "a", "0.00", ""], "sum", "0.00", "the amount is zero"),
            (&skip, ["02.11.2026", "a", "1", ""], "day", "02.11.2026", "not a day in the formats of the mapping"),
            (&only, ["2026-11-02", "a", "1", "pledge"], "status", "pledge", "only promised"),
            (&only, ["2026-11-02", "a", "1", "lost"], "status", "lost", "not received"),
            (&unknown, ["2026-11-02", "a", "1", ""], "", "kzt", "not an ISO 4217 currency code"),
        ] {
            assert_eq!(fact(mapping, &cells).unwrap_err(), Reject::new(column, value, reason));
        }
        // What the mapping does not use may be broken.
        assert!(fact(&skip, &["2026-11-02", "a", "1", "#N/A"]).is_ok());
    }
}
