//! organization, item, region, programme: the vocabulary of a ledger.

use clap::{Args, Subcommand};

use crate::canonical::Set;
use crate::cli::context::{LedgerArg, Pen, SignArg};
use crate::cli::report::{Failure, Out};
use crate::cli::setup::NameArg;
use crate::event::kinds::*;
use crate::event::{Code, Date};

/// Register, suspend and reinstate organizations.
#[derive(Debug, Subcommand)]
pub enum OrganizationCommand {
    /// Register an organization; then grant its admin's key.
    Register {
        /// Its code, like kitchen.
        organization: Code,
        #[command(flatten)]
        name: NameArg,
        #[command(flatten)]
        ledger: LedgerArg,
        #[command(flatten)]
        sign: SignArg,
    },
    /// Stop an organization from appending for now.
    Suspend {
        /// Its code.
        organization: Code,
        /// Why: inactive, other, requested or under-review.
        #[arg(long)]
        reason: SuspensionReason,
        #[command(flatten)]
        ledger: LedgerArg,
        #[command(flatten)]
        sign: SignArg,
    },
    /// Let a suspended organization append again.
    Reinstate {
        /// Its code.
        organization: Code,
        #[command(flatten)]
        ledger: LedgerArg,
        #[command(flatten)]
        sign: SignArg,
    },
}

impl OrganizationCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            OrganizationCommand::Register { organization, name, ledger, sign } => {
                let body = OrganizationRegistered { name: name.names(), organization };
                Pen::open(&ledger, &sign, out)?.write(Body::OrganizationRegistered(body), out)
            }
            OrganizationCommand::Suspend { organization, reason, ledger, sign } => {
                let body = OrganizationSuspended { organization, reason };
                Pen::open(&ledger, &sign, out)?.write(Body::OrganizationSuspended(body), out)
            }
            OrganizationCommand::Reinstate { organization, ledger, sign } => {
                let body = OrganizationReinstated { organization };
                Pen::open(&ledger, &sign, out)?.write(Body::OrganizationReinstated(body), out)
            }
        }
    }
}

/// Define what can be given.
///
/// Money has its ISO 4217 code in capitals: `aidledger item KZT --name Tenge`. Goods and services have a code in small letters and a unit:
/// `aidledger item rice --name Rice --unit kg --decimals 3 --category food`.
#[derive(Debug, Args)]
pub struct Item {
    /// Its code: three capitals for money, small letters for goods and services.
    item: Code,
    #[command(flatten)]
    name: NameArg,
    /// What one is: kg, box, piece, hour.
    #[arg(long, value_name = "CODE")]
    unit: Option<Code>,
    /// Digits after the point: for money as ISO 4217 says, else 0.
    #[arg(long)]
    decimals: Option<u8>,
    /// The category, like food; `money` for money.
    #[arg(long, value_name = "CODE")]
    category: Option<Code>,
    /// It is a service, not a thing.
    #[arg(long)]
    service: bool,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Item {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let money = self.item.is_currency();
        let currency = money.then(|| iso_currency::Currency::from_code(self.item.as_str())).flatten();
        if money && currency.is_none() {
            out.say(format!("Notice: {} is not a currency of ISO 4217 as this program knows it.", self.item));
        }
        let usual = currency.and_then(|currency| currency.exponent()).map(|digits| digits as u8);
        if let (Some(given), Some(usual)) = (self.decimals, usual)
            && given != usual
        {
            out.say(format!("Notice: ISO 4217 gives {} {usual} decimals, not {given}.", self.item));
        }
        let category = match self.category {
            Some(category) => category,
            None if money => "money".parse().map_err(Failure::unable)?,
            None => return Err(Failure::unable("goods and services have a category").hint("add --category, like --category food")),
        };
        let r#type = match (money, self.service) {
            (true, _) => ItemType::Money,
            (false, true) => ItemType::Service,
            (false, false) => ItemType::Goods,
        };
        let decimals = u64::from(self.decimals.or(usual).unwrap_or(if money { 2 } else { 0 }));
        let body = ItemDefined { category, decimals, item: self.item, name: self.name.names(), r#type, unit: self.unit };
        Pen::open(&self.ledger, &self.sign, out)?.write(Body::ItemDefined(body), out)
    }
}

/// Define a region.
#[derive(Debug, Args)]
pub struct Region {
    /// Its code.
    region: Code,
    #[command(flatten)]
    name: NameArg,
    /// The region that it lies in.
    #[arg(long = "in", value_name = "REGION")]
    parent: Option<Code>,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Region {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let body = RegionDefined { name: self.name.names(), parent: self.parent, region: self.region };
        Pen::open(&self.ledger, &self.sign, out)?.write(Body::RegionDefined(body), out)
    }
}

/// Open and close programmes.
#[derive(Debug, Subcommand)]
pub enum ProgrammeCommand {
    /// Open a programme: a purpose under which people are enrolled and helped.
    Open {
        /// Its code, like winter.
        programme: Code,
        #[command(flatten)]
        name: NameArg,
        /// Only these organizations beside yours; all if not given.
        #[arg(long, value_delimiter = ',', value_name = "CODES")]
        organizations: Vec<Code>,
        /// Only people in these regions.
        #[arg(long, value_delimiter = ',', value_name = "CODES")]
        regions: Vec<Code>,
        /// Only these: household, person, community, facility.
        #[arg(long = "for", value_delimiter = ',', value_name = "TYPES")]
        recipient_types: Vec<RecipientType>,
        /// The first day of assignments.
        #[arg(long, value_name = "DAY")]
        from: Option<Date>,
        /// The last day of assignments.
        #[arg(long, value_name = "DAY")]
        until: Option<Date>,
        #[command(flatten)]
        ledger: LedgerArg,
        #[command(flatten)]
        sign: SignArg,
    },
    /// Close a programme: no more enrolments and assignments; what is assigned may still be delivered.
    Close {
        /// Its code.
        programme: Code,
        #[command(flatten)]
        ledger: LedgerArg,
        #[command(flatten)]
        sign: SignArg,
    },
}

/// A set that is left out when empty.
pub fn some_set<T: Ord>(values: Vec<T>) -> Option<Set<T>> {
    (!values.is_empty()).then(|| Set::new(values))
}

impl ProgrammeCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            ProgrammeCommand::Open { programme, name, organizations, regions, recipient_types, from, until, ledger, sign } => {
                let body = ProgrammeOpened {
                    from,
                    name: name.names(),
                    organizations: some_set(organizations),
                    programme,
                    recipient_types: some_set(recipient_types),
                    regions: some_set(regions),
                    until,
                };
                Pen::open(&ledger, &sign, out)?.write(Body::ProgrammeOpened(body), out)
            }
            ProgrammeCommand::Close { programme, ledger, sign } => {
                Pen::open(&ledger, &sign, out)?.write(Body::ProgrammeClosed(ProgrammeClosed { programme }), out)
            }
        }
    }
}
