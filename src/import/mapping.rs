//! The mapping: a TOML file that says what a spreadsheet's columns mean.
//!
//! ```toml
//! name = "winter-2026"              # part of every reference: keep it between runs
//! kind = "donations"                # each row a donation.received; or "deliveries": donation.received, assignment.made, delivery.made
//! language = "en"                   # of the names in the file: kk, ru, en, …
//! skip = ["#VALUE!", "Undefined"]   # a row with such a value in a column used below is not taken
//! sign_for_existing = false         # also sign for organizations that have keys of their own
//! amount = [{ column = "Sum" }]     # the first source that has a value; for money, name its currency (ISO 4217):
//!                                   #   [{ column = "Sum", currency = { value = "KZT" } }, …]
//! date = { column = "Day" }
//!
//! [file]
//! delimiter = ","                   # or ";", "\t"
//! decimal = "."                     # or ","
//! thousands = ","                   # or " ", "."; absent: none
//! dates = ["%Y-%m-%d"]              # formats as of strftime; the first that fits
//!
//! [ledger]                          # used only where there is no ledger yet
//! name = "Winter aid"
//! origin = "aid.example.org/2026"   # unique in the world
//! organization = "fund"             # a code
//! organization_name = "City fund"
//! roles = ["admin", "assign", "field", "finance", "intake", "registrar"]   # this is also what an absent member means
//!
//! [[only]]                          # conditions; a row that meets not all of them is not taken
//! column = "Status"
//! is = ["paid"]
//! reason = "not received"
//! reasons = { pledge = "pledge: not received" }    # for some values another reason
//!
//! [organization]                    # who receives, assigns and delivers; absent: the importer's own organization
//! column = "Receiver"
//!
//! [donor]
//! type = { value = "organization" } # anonymous, government, individual, organization
//! name = { column = "Donor" }       # written for organizations and governments only; where it is empty the donor is anonymous
//!
//! [item]
//! type = { value = "goods" }        # goods, money, service
//! name = { column = "Item" }        # not for money, whose code is its currency
//! unit = { column = "Unit" }        # the same name with another unit is another item
//! code = { column = "Code" }        # absent: made of name and unit
//! category = { column = "Sort" }
//! decimals = 0                      # digits after the point of new items; for money those of ISO 4217
//! unit_decimals = { kg = 3 }        # by unit
//!
//! [restrictions]                    # of every gift in the file; optional, as is each member
//! programmes = ["winter"]
//! regions = ["north"]
//! categories = ["food"]
//! items = ["rice-kg"]
//! use_by = { column = "Best before" }
//!
//! # for deliveries:
//! stock = "row"                     # each row's goods come in as a gift first; "on-hand": drawn first-in first-out from what is there
//!
//! [programme]
//! code = "winter"
//! name = "Winter 2026"
//!
//! [[region]]                        # from the widest to the narrowest; the last is where the recipient lives
//! column = "District"
//! [[region]]
//! column = "Village"
//!
//! [recipient]
//! type = "community"                # or "facility"; households and persons are never imported by name
//! name = { column = "Village" }
//! ```
//!
//! Wherever a cell is meant, a **source** stands: `{ column = "Status" }` or `{ value = "always this" }`. With a column there may be `values = { cell =
//! "meaning" }` to translate; `otherwise = "…"` for cells that are not among them (without it they are refused); `empty = "…"` for what an empty
//! cell means (without it the row is refused where a value is needed); `absent = ["0", "n/a"]` for cells that count as empty.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::event::Code;
use crate::event::kinds::{Origin, RecipientType, Role};
use crate::event::values::DECIMALS_MAX;
use crate::import::values::{NumberFormat, parse_day};

/// Why a mapping is refused.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// It is not TOML, or a member is unknown, missing or of another type.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// A member says something that cannot be.
    #[error("`{member}`: {what}")]
    Member {
        /// Which.
        member: String,
        /// Why not.
        what: String,
    },
}

fn wrong(member: impl Into<String>, what: impl Into<String>) -> MappingError {
    MappingError::Member { member: member.into(), what: what.into() }
}

/// What a row becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowKind {
    /// One donation.received.
    Donations,
    /// The goods come in, are assigned and delivered.
    Deliveries,
}

impl RowKind {
    /// The word in the mapping.
    pub fn word(self) -> &'static str {
        match self {
            RowKind::Donations => "donations",
            RowKind::Deliveries => "deliveries",
        }
    }
}

/// Where the goods of a delivery come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stock {
    /// Each row brings its own, as a gift.
    #[default]
    Row,
    /// From what the organization has on hand.
    OnHand,
}

/// Where a value comes from: a column or always the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// The column.
    pub column: Option<String>,
    /// Always this.
    pub value: Option<String>,
    /// What cells mean.
    pub values: BTreeMap<String, String>,
    /// What a cell means that is not among `values`.
    pub otherwise: Option<String>,
    /// What an empty cell means.
    pub empty: Option<String>,
    /// Cells that count as empty.
    pub absent: Vec<String>,
}

/// A source of an amount, and of its currency if it is money.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountSource {
    /// The column.
    pub column: String,
    /// Cells that count as empty.
    #[serde(default)]
    pub absent: Vec<String>,
    /// The currency.
    pub currency: Option<Source>,
}

/// How the file is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileFormat {
    /// Between cells.
    pub delimiter: char,
    /// Between whole and fraction.
    pub decimal: char,
    /// Between groups of three digits.
    pub thousands: Option<char>,
    /// Formats of days.
    pub dates: Vec<String>,
}

impl Default for FileFormat {
    fn default() -> Self {
        FileFormat { delimiter: ',', decimal: '.', thousands: None, dates: vec!["%Y-%m-%d".into()] }
    }
}

/// The ledger to open where there is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLedger {
    /// Its name.
    pub name: String,
    /// The checkpoint origin.
    #[serde(deserialize_with = "parsed")]
    pub origin: String,
    /// The registrar's organization.
    #[serde(deserialize_with = "code")]
    pub organization: Code,
    /// Its name.
    pub organization_name: String,
    /// What the importer's key may do.
    #[serde(default = "all_import_roles", deserialize_with = "roles")]
    pub roles: Vec<Role>,
}

impl NewLedger {
    /// The origin as the event has it.
    pub fn origin(&self) -> Origin {
        Origin(self.origin.clone())
    }
}

/// A condition.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// Of this column.
    pub column: String,
    /// The cell is one of these.
    pub is: Vec<String>,
    /// Why a row is not taken that does not meet it.
    pub reason: String,
    /// The same for single values.
    #[serde(default)]
    pub reasons: BTreeMap<String, String>,
}

/// Who gives.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DonorSource {
    /// The type of donor.
    pub r#type: Source,
    /// The name.
    pub name: Option<Source>,
}

/// What is given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemSource {
    /// The type of item.
    pub r#type: Source,
    /// Its name.
    pub name: Option<Source>,
    /// Its unit.
    pub unit: Option<Source>,
    /// Its code.
    pub code: Option<Source>,
    /// Its category.
    pub category: Source,
    /// Digits after the point.
    #[serde(default)]
    pub decimals: u8,
    /// The same by unit.
    #[serde(default)]
    pub unit_decimals: BTreeMap<String, u8>,
}

/// What the gifts may be spent on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RestrictionSource {
    /// Programmes.
    #[serde(deserialize_with = "codes")]
    pub programmes: Vec<Code>,
    /// Regions.
    #[serde(deserialize_with = "codes")]
    pub regions: Vec<Code>,
    /// Categories.
    #[serde(deserialize_with = "codes")]
    pub categories: Vec<Code>,
    /// Items.
    #[serde(deserialize_with = "codes")]
    pub items: Vec<Code>,
    /// The last day.
    pub use_by: Option<Source>,
}

/// The programme that deliveries belong to; opened if it is not there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeSource {
    /// Its code.
    #[serde(deserialize_with = "code")]
    pub code: Code,
    /// Its name.
    pub name: String,
}

/// Who is helped.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipientSource {
    /// Community or facility.
    #[serde(deserialize_with = "named_recipient")]
    pub r#type: RecipientType,
    /// The name.
    pub name: Source,
}

/// A mapping, read and found sound.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Part of every reference.
    pub name: String,
    /// What a row becomes.
    pub kind: RowKind,
    /// The language of names.
    #[serde(default = "english")]
    pub language: String,
    /// Values that keep a row out.
    #[serde(default)]
    pub skip: BTreeSet<String>,
    /// Also sign for organizations that have keys of their own.
    #[serde(default)]
    pub sign_for_existing: bool,
    /// Where goods that are delivered come from.
    #[serde(default)]
    pub stock: Stock,
    /// How much.
    pub amount: Vec<AmountSource>,
    /// When.
    pub date: Source,
    /// How the file is written.
    #[serde(default)]
    pub file: FileFormat,
    /// The ledger to open where there is none.
    pub ledger: Option<NewLedger>,
    /// Conditions.
    #[serde(default)]
    pub only: Vec<Only>,
    /// Who receives.
    pub organization: Option<Source>,
    /// Who gives.
    pub donor: Option<DonorSource>,
    /// What.
    pub item: ItemSource,
    /// On what it may be spent.
    pub restrictions: Option<RestrictionSource>,
    /// For deliveries: the programme.
    pub programme: Option<ProgrammeSource>,
    /// For deliveries: regions from the widest to the narrowest.
    #[serde(default)]
    pub region: Vec<Source>,
    /// For deliveries: who is helped.
    pub recipient: Option<RecipientSource>,
}

fn english() -> String {
    "en".into()
}

/// What a key needs that does everything an import may do.
pub const IMPORT_ROLES: [Role; 6] = [Role::Admin, Role::Assign, Role::Field, Role::Finance, Role::Intake, Role::Registrar];

fn all_import_roles() -> Vec<Role> {
    IMPORT_ROLES.to_vec()
}

fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn codes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Code>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

fn roles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Role>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

fn parsed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer)?.parse::<Origin>().map(|origin| origin.0).map_err(D::Error::custom)
}

fn named_recipient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RecipientType, D::Error> {
    match String::deserialize(deserializer)?.parse().map_err(D::Error::custom)? {
        named @ (RecipientType::Community | RecipientType::Facility) => Ok(named),
        other => Err(D::Error::custom(format!(
            "a {other} cannot be imported: a public, permanent log holds no names of people; enrol them with `aidledger enrol`"
        ))),
    }
}

impl Source {
    fn check(&self, member: &str) -> Result<(), MappingError> {
        let only_with_column = !self.values.is_empty() || self.otherwise.is_some() || self.empty.is_some() || !self.absent.is_empty();
        match (&self.column, &self.value) {
            (Some(_), Some(_)) => Err(wrong(member, "name a column or a value, not both")),
            (None, None) => Err(wrong(member, "name a column or a value")),
            (None, Some(_)) if only_with_column => Err(wrong(member, "`values`, `otherwise`, `empty` and `absent` go with a column")),
            (None, Some(value)) if value.trim().is_empty() => Err(wrong(member, "the value is empty")),
            _ if self.otherwise.is_some() && self.values.is_empty() => Err(wrong(member, "`otherwise` goes with `values`")),
            _ => Ok(()),
        }
    }
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn parse(text: &str) -> Result<Mapping, MappingError> {
        let mapping: Mapping = toml::from_str(text)?;
        mapping.check()?;
        Ok(mapping)
    }

    /// How amounts are written.
    pub fn numbers(&self) -> NumberFormat {
        NumberFormat { decimal: self.file.decimal, thousands: self.file.thousands }
    }

    /// Each source with the member it stands in.
    fn sources(&self) -> Vec<(String, &Source)> {
        let mut all = vec![("date".to_owned(), &self.date)];
        for (member, source) in [
            ("organization", self.organization.as_ref()),
            ("donor.type", self.donor.as_ref().map(|donor| &donor.r#type)),
            ("donor.name", self.donor.as_ref().and_then(|donor| donor.name.as_ref())),
            ("item.name", self.item.name.as_ref()),
            ("item.unit", self.item.unit.as_ref()),
            ("item.code", self.item.code.as_ref()),
            ("restrictions.use_by", self.restrictions.as_ref().and_then(|restrictions| restrictions.use_by.as_ref())),
            ("recipient.name", self.recipient.as_ref().map(|recipient| &recipient.name)),
        ] {
            all.extend(source.map(|source| (member.to_owned(), source)));
        }
        all.push(("item.type".to_owned(), &self.item.r#type));
        all.push(("item.category".to_owned(), &self.item.category));
        all.extend(self.region.iter().map(|source| ("region".to_owned(), source)));
        all.extend(self.amount.iter().filter_map(|amount| amount.currency.as_ref()).map(|source| ("amount.currency".to_owned(), source)));
        all
    }

    /// Every column that is used.
    pub fn columns(&self) -> BTreeSet<&str> {
        let named = self.sources().into_iter().filter_map(|(_, source)| source.column.as_deref());
        named.chain(self.amount.iter().map(|a| a.column.as_str())).chain(self.only.iter().map(|only| only.column.as_str())).collect()
    }

    fn check(&self) -> Result<(), MappingError> {
        if self.name.trim().is_empty() {
            return Err(wrong("name", "is empty"));
        }
        if !(2..=3).contains(&self.language.len()) || !self.language.bytes().all(|b| b.is_ascii_lowercase()) {
            return Err(wrong("language", "is a tag of two or three small letters, like `kk`"));
        }
        for (member, source) in self.sources() {
            source.check(&member)?;
        }
        self.check_file()?;
        if self.amount.is_empty() {
            return Err(wrong("amount", "names no column"));
        }
        let decimals = self.item.unit_decimals.values().chain([&self.item.decimals]);
        if decimals.into_iter().any(|decimals| *decimals > DECIMALS_MAX) {
            return Err(wrong("item.decimals", format!("are at most {DECIMALS_MAX}")));
        }
        if self.only.iter().any(|only| only.is.is_empty()) {
            return Err(wrong("only.is", "names no value, so that no row would be taken"));
        }
        if let Some(ledger) = &self.ledger {
            if !ledger.roles.contains(&Role::Registrar) {
                return Err(wrong("ledger.roles", "the key that opens a ledger is a registrar's"));
            }
            if ledger.name.trim().is_empty() || ledger.organization_name.trim().is_empty() {
                return Err(wrong("ledger", "a name is empty"));
            }
        }
        match self.kind {
            RowKind::Donations => self.check_donations(),
            RowKind::Deliveries => self.check_deliveries(),
        }
    }

    fn check_file(&self) -> Result<(), MappingError> {
        let file = &self.file;
        if !file.delimiter.is_ascii() || matches!(file.delimiter, '"' | '\n' | '\r') || file.delimiter.is_ascii_alphanumeric() {
            return Err(wrong("file.delimiter", "is one character like `,`, `;` or a tab"));
        }
        if !matches!(file.decimal, '.' | ',') || Some(file.decimal) == file.thousands {
            return Err(wrong("file.decimal", "is `.` or `,`, and not what separates thousands"));
        }
        if file.thousands.is_some_and(|thousands| !matches!(thousands, ',' | '.' | ' ' | '\'' | '’')) {
            return Err(wrong("file.thousands", "is `,`, `.`, a space or an apostrophe"));
        }
        if file.dates.is_empty() {
            return Err(wrong("file.dates", "names no format"));
        }
        for format in &file.dates {
            // A format is sound if it brings a day back: it names year, month and day, each once.
            let sample = jiff::civil::date(2026, 11, 23);
            let written = jiff::fmt::strtime::format(format.as_bytes(), sample).ok();
            let read = written.and_then(|text| parse_day(&text, std::slice::from_ref(format)));
            if read.is_none_or(|day| day.civil() != (2026, 11, 23)) {
                return Err(wrong("file.dates", format!("`{format}` does not name a day; write it like `%d.%m.%Y`")));
            }
        }
        Ok(())
    }

    fn check_donations(&self) -> Result<(), MappingError> {
        if self.donor.is_none() {
            return Err(wrong("donor", "is missing"));
        }
        if self.programme.is_some() || !self.region.is_empty() || self.recipient.is_some() || self.stock != Stock::Row {
            return Err(wrong("kind", "`programme`, `region`, `recipient` and `stock` go with kind = \"deliveries\""));
        }
        Ok(())
    }

    fn check_deliveries(&self) -> Result<(), MappingError> {
        for (member, there) in
            [("programme", self.programme.is_some()), ("region", !self.region.is_empty()), ("recipient", self.recipient.is_some())]
        {
            if !there {
                return Err(wrong(member, "is missing: a delivery needs it"));
            }
        }
        match self.stock {
            Stock::Row if self.donor.is_none() => {
                Err(wrong("donor", "is missing: with stock = \"row\" each row's goods come in as a gift"))
            }
            Stock::OnHand if self.donor.is_some() || self.restrictions.is_some() => {
                Err(wrong("stock", "`donor` and `restrictions` are not used with stock = \"on-hand\""))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const SMALL: &str = r#"
name = "small"
kind = "donations"
amount = [{ column = "sum", currency = { value = "KZT" } }]
date = { column = "day" }
[donor]
type = { value = "organization" }
name = { column = "donor" }
[item]
type = { value = "money" }
category = { value = "money" }
"#;

    #[test]
    fn a_small_mapping_is_read() {
        let mapping = Mapping::parse(SMALL).unwrap();
        assert_eq!(mapping.columns().into_iter().collect::<Vec<_>>(), ["day", "donor", "sum"]);
        assert_eq!((mapping.file.delimiter, mapping.language.as_str()), (',', "en"));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let refused = |from: &str, to: &str| {
            let text = SMALL.replace(from, to);
            assert_ne!(text, SMALL, "the sample has {from}");
            Mapping::parse(&text).unwrap_err().to_string()
        };
        for (from, to, says) in [
            ("date = {", "dates = {", "unknown field `dates`"),
            ("date = { column = \"day\" }", "", "missing field `date`"),
            ("{ column = \"day\" }", "{ column = \"day\", value = \"2026-01-01\" }", "`date`: name a column or a value, not both"),
            ("{ column = \"day\" }", "{}", "`date`: name a column or a value"),
            ("{ column = \"donor\" }", "{ column = \"donor\", otherwise = \"x\" }", "`donor.name`: `otherwise` goes with `values`"),
            ("name = { column = \"donor\" }", "name = { value = \"x\", empty = \"y\" }", "`donor.name`: `values`"),
            ("[donor]", "[file]\ndates = [\"%d.%m\"]\n[donor]", "does not name a day"),
            ("[donor]", "[file]\ndecimal = \",\"\nthousands = \",\"\n[donor]", "`file.decimal`"),
            ("[donor]", "[file]\ndelimiter = \"ab\"\n[donor]", "delimiter"),
            ("\"donations\"", "\"deliveries\"", "`programme`: is missing"),
            ("\"donations\"", "\"gifts\"", "unknown variant `gifts`"),
            ("[donor]", "[recipient]\ntype = \"household\"\nname = { column = \"donor\" }\n[donor]", "no names of people"),
            ("[item]", "[item]\ndecimals = 10", "at most 9"),
            ("[donor]", "[[only]]\ncolumn = \"day\"\nis = []\nreason = \"r\"\n[donor]", "`only.is`"),
        ] {
            let error = refused(from, to);
            assert!(error.contains(says), "{error}\nshould say {says}");
        }
    }
}
