//! pledge, return, purchase, send, accept, expense, loss, count: what moves between donors, suppliers and organizations.

use clap::Args;

use crate::canonical::{Set, Text};
use crate::cli::context::{LedgerArg, Pen, SignArg, find_event, find_lot, short};
use crate::cli::give::{choose, describe, first_in_first_out, lot_lines, pairs, parse_donor, quantity_in, unique};
use crate::cli::report::{Failure, Out};
use crate::crypto::Blake3Hash;
use crate::event::kinds::*;
use crate::event::{Code, Date, Draw, EventId, Quantity};
use crate::rules::State;
use crate::rules::state::{Lot, LotIx, OrganizationIx, Use};

/// Ledger, signature, and the hashes that an event may carry.
#[derive(Debug, Args)]
pub struct Common {
    /// A salted commitment to evidence that you keep (64 hex digits), as `aidledger evidence seal` makes it.
    #[arg(long, value_name = "HASH")]
    pub evidence: Option<Blake3Hash>,
    /// A hash that makes it unique in your organization, of a bank reference for example (64 hex digits).
    #[arg(long, value_name = "HASH")]
    pub reference: Option<Blake3Hash>,
    #[command(flatten)]
    pub ledger: LedgerArg,
    #[command(flatten)]
    pub sign: SignArg,
}

impl Common {
    /// Opens the ledger for writing.
    pub fn pen(&self, out: &Out) -> Result<Pen, Failure> {
        Pen::open(&self.ledger, &self.sign, out)
    }
}

/// Record a gift that somebody promised.
///
/// Nothing moves until it is received: name the pledge then, `aidledger donate … --pledge ID`.
#[derive(Debug, Args)]
pub struct PledgeCommand {
    /// Quantity and item, in pairs: 500000 KZT.
    #[arg(required = true, num_args = 2.., value_names = ["QUANTITY", "ITEM"])]
    what: Vec<String>,
    /// Who promised: anonymous, individual, organization:NAME or government:NAME. Persons are never named.
    #[arg(long, default_value = "anonymous", value_name = "DONOR", value_parser = parse_donor)]
    from: (DonorType, Option<String>),
    /// The day by which it was promised.
    #[arg(long, value_name = "DAY")]
    due: Option<Date>,
    #[arg(long, value_name = "HASH", help = "A salted commitment to who the donor is (64 hex digits)")]
    commitment: Option<Blake3Hash>,
    #[command(flatten)]
    common: Common,
}

impl PledgeCommand {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = self.common.pen(out)?;
        let lines = lot_lines(pen.state(), &self.what)?;
        let (r#type, name) = self.from;
        let donor = Donor { commitment: self.commitment, name: name.map(Text), r#type };
        pen.write(Body::DonationPledged(DonationPledged { donor, due: self.due, lines, reference: self.common.reference }), out)
    }
}

/// Give back what is left of a gift, or a part of it.
#[derive(Debug, Args)]
pub struct Return {
    /// The donation's id, or its beginning.
    donation: String,
    /// Quantity and item, in pairs; all that is on hand if not given.
    #[arg(value_names = ["QUANTITY", "ITEM"], num_args = 0..)]
    what: Vec<String>,
    /// Why: donor-request, not-usable, other, received-in-error or surplus.
    #[arg(long)]
    reason: ReturnReason,
    #[command(flatten)]
    common: Common,
}

impl Return {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = self.common.pen(out)?;
        let state = pen.state();
        let donation = find_event(state, &self.donation)?;
        let entry = state.ids.find(&donation).expect("it was found");
        let mut left: Vec<(LotIx, u64)> = state.lots_of(entry).map(|(place, lot)| (place, lot.on_hand)).collect();
        let draws = match self.what.is_empty() {
            true => left.into_iter().filter(|(_, minor)| *minor > 0).map(|(lot, minor)| draw(state, lot, minor)).collect(),
            false => spread(state, &mut left, &self.what, "the gift")?,
        };
        if draws.is_empty() {
            return Err(Failure::no(format!("nothing of {} is on hand", short(donation))));
        }
        let body = DonationReturned { donation, draws: unique(draws)?, reason: self.reason, reference: self.common.reference };
        pen.write(Body::DonationReturned(body), out)
    }
}

/// A draw on a lot.
pub fn draw(state: &State, lot: LotIx, minor: u64) -> Draw {
    Draw { lot: state.lot_id(lot), quantity: Quantity { minor, decimals: state.items.at(state.lots[lot.at()].item.0).decimals } }
}

/// Spreads quantities and items as typed over lots in order, as far as `left` of each goes.
pub fn spread(state: &State, left: &mut [(LotIx, u64)], what: &[String], of: &str) -> Result<Vec<Draw>, Failure> {
    let mut draws = Vec::new();
    for (text, item) in pairs(what)? {
        let asked = quantity_in(state, &text, &item)?;
        let mut missing = asked.minor;
        for (lot, rest) in left.iter_mut().filter(|(lot, _)| state.items.code(state.lots[lot.at()].item.0) == item) {
            let taken = missing.min(*rest);
            missing -= taken;
            *rest -= taken;
            if taken > 0 {
                draws.push(draw(state, *lot, taken));
            }
        }
        if missing > 0 {
            let short = Quantity { minor: missing, decimals: asked.decimals };
            return Err(Failure::no(format!("{of} has {short} {item} less than that left")));
        }
    }
    Ok(draws)
}

/// Buy goods or services with money.
///
/// `aidledger purchase 100 rice 45000 20 oil 30000` buys 100 of rice for 45,000 and 20 of oil for 30,000. The money is drawn first in, first out from
/// lots that may be spent on these items; what is bought carries all restrictions of the money.
#[derive(Debug, Args)]
pub struct Purchase {
    /// Quantity, item and what it cost in all, in threes: 100 rice 45000 20 oil 30000.
    #[arg(required = true, num_args = 3.., value_names = ["QUANTITY", "ITEM", "COST"])]
    what: Vec<String>,
    /// The currency; the only one your organization holds if not given.
    #[arg(long, value_name = "CODE")]
    currency: Option<Code>,
    /// Pay from this lot (9c41.0); repeat with --pay for several. Oldest first if not given.
    #[arg(long = "lot", value_name = "LOT", requires = "pay")]
    lots: Vec<String>,
    /// How much to pay from each --lot.
    #[arg(long = "pay", value_name = "AMOUNT", requires = "lots")]
    pay: Vec<String>,
    /// A salted commitment to who sold it (64 hex digits).
    #[arg(long, value_name = "HASH")]
    supplier: Option<Blake3Hash>,
    #[command(flatten)]
    common: Common,
}

impl Purchase {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        if !self.what.len().is_multiple_of(3) {
            return Err(Failure::unable("quantities, items and costs come in threes, like `100 rice 45000 20 oil 30000`"));
        }
        let pen = self.common.pen(out)?;
        let state = pen.state();
        let organization = OrganizationIx(state.organizations.find(&pen.organization).expect("the pen's organization is registered"));
        let currency = match self.currency {
            Some(code) => code,
            None => only_currency(state, organization)?,
        };
        let mut lots = Vec::new();
        let mut total = 0u64;
        for three in self.what.chunks_exact(3) {
            let item: Code = three[1].parse().map_err(Failure::unable)?;
            let cost = quantity_in(state, &three[2], &currency)?;
            total = total.checked_add(cost.minor).ok_or_else(|| Failure::unable("the costs are too large"))?;
            lots.push(PurchaseLine { cost, item, quantity: quantity_in(state, &three[0], &item)? });
        }
        let day = self.common.sign.at.unwrap_or_else(crate::cli::context::now).date();
        let items: Vec<_> = lots.iter().filter_map(|line| state.items.find(&line.item)).map(crate::rules::state::ItemIx).collect();
        let fits = |lot: &Lot| {
            items.iter().all(|item| state.purchase_broken(lot, &Use { programme: None, region: None, item: *item, day }).is_none())
        };
        let draws = if self.lots.is_empty() {
            let decimals = state.items.at(state.items.find(&currency).expect("the costs were read in it")).decimals;
            let draws = first_in_first_out(state, organization, &currency, Quantity { minor: total, decimals }, fits)?;
            out.say(format!("Drawn first in, first out: {}.", describe(state, &draws)));
            unique(draws)?
        } else {
            if self.lots.len() != self.pay.len() {
                return Err(Failure::unable("name one --pay for each --lot"));
            }
            let one =
                |(lot, pay): (&String, &String)| Ok(Draw { lot: find_lot(state, lot)?, quantity: quantity_in(state, pay, &currency)? });
            unique(self.lots.iter().zip(&self.pay).map(one).collect::<Result<_, Failure>>()?)?
        };
        let Common { evidence, reference, .. } = self.common;
        pen.write(Body::PurchaseMade(PurchaseMade { draws, evidence, lots, reference, supplier: self.supplier }), out)
    }
}

fn only_currency(state: &State, organization: OrganizationIx) -> Result<Code, Failure> {
    let mut held: Vec<Code> = state
        .lots
        .iter()
        .filter(|lot| lot.organization == organization && lot.on_hand > 0 && state.items.at(lot.item.0).r#type == ItemType::Money)
        .map(|lot| state.items.code(lot.item.0))
        .collect();
    held.sort_unstable();
    held.dedup();
    match held.as_slice() {
        [only] => Ok(*only),
        [] => Err(Failure::no("your organization has no money on hand")),
        several => {
            let words = several.iter().map(Code::to_string).collect::<Vec<_>>().join(", ");
            Err(Failure::unable(format!("your organization holds {words}")).hint("name one with --currency"))
        }
    }
}

/// Send goods or money to another organization.
#[derive(Debug, Args)]
pub struct Send {
    /// Quantity and item, in pairs: 50 rice 10 oil.
    #[arg(required = true, num_args = 2.., value_names = ["QUANTITY", "ITEM"])]
    what: Vec<String>,
    /// The organization it is sent to.
    #[arg(long, value_name = "CODE")]
    to: Code,
    /// Draw on this lot (9c41.0), once for each pair in order; oldest first if not given.
    #[arg(long = "lot", value_name = "LOT")]
    lots: Vec<String>,
    /// Who brings it, by a code of yours: truck-2.
    #[arg(long, value_name = "CODE")]
    carrier: Option<Code>,
    /// The number of the waybill.
    #[arg(long, value_name = "TEXT")]
    waybill: Option<String>,
    /// The day by which it should arrive.
    #[arg(long, value_name = "DAY")]
    due: Option<Date>,
    #[command(flatten)]
    common: Common,
}

impl Send {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = self.common.pen(out)?;
        let draws = choose(&pen, &self.what, &self.lots, |_| true, out)?;
        let Common { reference, .. } = self.common;
        let waybill = self.waybill.map(Text);
        pen.write(Body::TransferSent(TransferSent { carrier: self.carrier, draws, due: self.due, reference, to: self.to, waybill }), out)
    }
}

/// Accept what another organization sent, all of it or what arrived.
///
/// `aidledger accept 9c41` accepts everything; `aidledger accept 9c41 48 rice` says that only this arrived; what is missing is recorded as lost.
#[derive(Debug, Args)]
pub struct Accept {
    /// The transfer's id, or its beginning.
    transfer: String,
    /// Quantity and item that arrived, in pairs; everything if not given.
    #[arg(value_names = ["QUANTITY", "ITEM"], num_args = 0..)]
    what: Vec<String>,
    /// Nothing arrived.
    #[arg(long, conflicts_with = "what")]
    nothing: bool,
    #[command(flatten)]
    common: Common,
}

impl Accept {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = self.common.pen(out)?;
        let state = pen.state();
        let transfer = find_event(state, &self.transfer)?;
        let made = state.made_by(&transfer, Kind::TransferSent);
        let made = made.ok_or_else(|| Failure::no(format!("event {} is not a transfer", short(transfer))))?;
        let mut sent: Vec<(LotIx, u64)> = state.movements[made.place as usize].draws.to_vec();
        let draws: Vec<Draw> = match (self.nothing, self.what.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => sent.into_iter().map(|(lot, minor)| draw(state, lot, minor)).collect(),
            (false, false) => spread(state, &mut sent, &self.what, "the transfer")?,
        };
        let draws = if draws.is_empty() { None } else { Some(unique(draws)?) };
        let Common { evidence, reference, .. } = self.common;
        pen.write(Body::TransferAccepted(TransferAccepted { draws, evidence, reference, transfer }), out)
    }
}

/// Pay for work that brings no goods: transport, rent, fees.
#[derive(Debug, Args)]
pub struct Expense {
    /// Amount and currency: 15000 KZT.
    #[arg(required = true, num_args = 2, value_names = ["AMOUNT", "CURRENCY"])]
    what: Vec<String>,
    /// For what: bank-fees, communication, fuel, office, other, rent, salaries, storage or transport.
    #[arg(long)]
    purpose: Purpose,
    /// For which programme; without one it is overhead.
    #[arg(long, value_name = "CODE")]
    programme: Option<Code>,
    /// For people in which region.
    #[arg(long, value_name = "CODE")]
    region: Option<Code>,
    /// Draw on this lot (9c41.0); oldest first if not given.
    #[arg(long = "lot", value_name = "LOT")]
    lots: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl Expense {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = self.common.pen(out)?;
        let state = pen.state();
        let programme = self.programme.and_then(|code| state.programmes.find(&code)).map(crate::rules::state::ProgrammeIx);
        let region = self.region.and_then(|code| state.regions.find(&code)).map(crate::rules::state::RegionIx);
        let day = self.common.sign.at.unwrap_or_else(crate::cli::context::now).date();
        let fits = |lot: &Lot| state.restriction_broken(lot, &Use { programme, region, item: lot.item, day }).is_none();
        let draws = choose(&pen, &self.what, &self.lots, fits, out)?;
        let Common { evidence, reference, .. } = self.common;
        let (programme, region) = (self.programme, self.region);
        pen.write(Body::ExpensePaid(ExpensePaid { draws, evidence, programme, purpose: self.purpose, reference, region }), out)
    }
}

/// Record that goods or money are gone.
#[derive(Debug, Args)]
pub struct Loss {
    /// Quantity and item, in pairs: 3 rice.
    #[arg(required = true, num_args = 2.., value_names = ["QUANTITY", "ITEM"])]
    what: Vec<String>,
    /// How: damaged, expired, missing, other, spoiled or stolen.
    #[arg(long)]
    reason: LossReason,
    /// Of this lot (9c41.0), once for each pair in order; oldest first if not given.
    #[arg(long = "lot", value_name = "LOT")]
    lots: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl Loss {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = self.common.pen(out)?;
        let draws: Set<Draw> = choose(&pen, &self.what, &self.lots, |_| true, out)?;
        let Common { evidence, reference, .. } = self.common;
        pen.write(Body::LossRecorded(LossRecorded { draws, evidence, reason: self.reason, reference }), out)
    }
}

/// Record what was counted on the shelves.
///
/// It moves nothing; the answer says where the count differs from the books. Record a loss or a gift to put the books right.
#[derive(Debug, Args)]
pub struct Count {
    /// Quantity and item, in pairs; 0 is a count: 118 rice 0 oil.
    #[arg(required = true, num_args = 2.., value_names = ["QUANTITY", "ITEM"])]
    what: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl Count {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let mut pen = self.common.pen(out)?;
        let state = pen.state();
        let counts = lot_lines(state, &self.what)?;
        let organization = state.organizations.find(&pen.organization).map(OrganizationIx);
        let held = |item: &Code| -> u128 {
            let item = state.items.find(item);
            // What is set aside stands on the same shelves.
            let own = state.lots.iter().filter(|lot| Some(lot.organization) == organization && Some(lot.item.0) == item);
            own.map(|lot| u128::from(lot.on_hand) + u128::from(lot.assigned)).sum()
        };
        let mut words = Vec::new();
        let mut rows = Vec::new();
        for count in &counts {
            let books = held(&count.item) as i128;
            let amount = |minor: i128| crate::event::values::format_minor(minor, count.quantity.decimals);
            let difference = i128::from(count.quantity.minor) - books;
            words.push(format!(
                "{}: counted {}, in the books {}, difference {}",
                count.item,
                count.quantity,
                amount(books),
                amount(difference)
            ));
            rows.push(serde_json::json!({
                "item": count.item.as_str(), "counted": count.quantity.to_string(), "books": amount(books), "difference": amount(difference),
            }));
        }
        let Common { evidence, reference, .. } = self.common;
        let (mut answer, text) = pen.append(Body::StockCounted(StockCounted { counts, evidence, reference }))?;
        pen.ledger.close()?;
        answer["counts"] = rows.into();
        out.answer(answer, || format!("{text}\n{}", words.join("\n")));
        Ok(())
    }
}

/// The id of an event of a kind, by its beginning.
pub fn find_kind(state: &State, text: &str, kind: Kind, what: &str) -> Result<EventId, Failure> {
    let id = find_event(state, text)?;
    match state.made_by(&id, kind) {
        Some(_) => Ok(id),
        None => Err(Failure::no(format!("event {} is not {what}", short(id))).hint(format!("`aidledger list --kind {kind}` shows them"))),
    }
}
