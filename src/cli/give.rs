//! enrol, donate, assign, deliver, cancel, reverse: the daily work, in forms that a person would type.

use clap::Args;

use crate::canonical::{Set, Text};
use crate::cli::context::{LedgerArg, Pen, SignArg, fill, find_event, find_lot, find_recipient, short};
use crate::cli::govern::some_set;
use crate::cli::movement::{draw, spread};
use crate::cli::report::{Failure, Out};
use crate::cli::setup::NameArg;
use crate::cli::slip::shown_code;
use crate::cli::vault::{VaultArg, plan_code, plan_enrolment, plan_receipt, take_back};
use crate::crypto::Blake3Hash;
use crate::event::kinds::*;
use crate::event::values::format_minor;
use crate::event::{Code, Date, Draw, EventId, LotId, Quantity, Token};
use crate::rules::State;
use crate::rules::state::{AssignmentIx, ItemIx, Lot, LotIx, OrganizationIx};
use crate::vault::Period;

/// A quantity and an item, as typed: `500 rice`, `12.50 KZT`.
pub fn pairs(words: &[String]) -> Result<Vec<(String, Code)>, Failure> {
    if !words.len().is_multiple_of(2) {
        return Err(Failure::unable("quantities and items come in pairs, like `500 rice 20 blanket`"));
    }
    words.chunks_exact(2).map(|pair| pair[1].parse().map(|item| (pair[0].clone(), item)).map_err(Failure::unable)).collect()
}

/// Reads an amount in an item's decimals: `5` of an item with 3 becomes `5.000`. More decimals than the item has are refused, never rounded.
pub fn quantity_in(state: &State, text: &str, item: &Code) -> Result<Quantity, Failure> {
    let place = state.items.find(item).ok_or_else(|| {
        Failure::no(format!("the item {item} is not defined")).hint("`aidledger list items` shows what is; `aidledger item` defines more")
    })?;
    let decimals = state.items.at(place).decimals;
    let given: Quantity = text.parse().map_err(Failure::unable)?;
    let missing = decimals.checked_sub(given.decimals).ok_or_else(|| {
        Failure::no(format!("{text} has more digits after the point than {item} has ({decimals})"))
            .hint("round it yourself, the ledger never does")
    })?;
    let minor = given.minor.checked_mul(10u64.pow(u32::from(missing))).filter(|minor| *minor < crate::event::values::MINOR_END);
    minor.map(|minor| Quantity { minor, decimals }).ok_or_else(|| Failure::unable(format!("{text} is too large")))
}

/// Items and quantities as typed.
pub fn lot_lines(state: &State, what: &[String]) -> Result<Vec<LotLine>, Failure> {
    pairs(what)?.into_iter().map(|(text, item)| Ok(LotLine { item, quantity: quantity_in(state, &text, &item)? })).collect()
}

/// Enrol a recipient in a programme.
///
/// The token that stands for the recipient is random and printed; keep who it is in your own records, never in the ledger.
#[derive(Debug, Args)]
pub struct Enrol {
    /// household, person, community or facility.
    r#type: RecipientType,
    /// The programme.
    #[arg(long, value_name = "CODE")]
    programme: Code,
    /// Where the recipient lives.
    #[arg(long, value_name = "CODE")]
    region: Code,
    /// How many people.
    #[arg(long, value_name = "COUNT")]
    size: Option<u64>,
    /// The public name of a community or facility; refused for households and persons.
    #[arg(long = "name", value_name = "[LANGUAGE:]NAME")]
    name: Vec<String>,
    /// A salted commitment to who it is (64 hex digits).
    #[arg(long, value_name = "HASH")]
    commitment: Option<Blake3Hash>,
    /// The uniqueness tag (64 hex digits): the same person twice in a programme gives the same tag and is refused.
    #[arg(long, value_name = "HASH")]
    uniqueness: Option<Blake3Hash>,
    /// Take it from the vault: the handle of a person there. Makes token, commitment, uniqueness tag and the code of a card.
    #[arg(long, value_name = "HANDLE", conflicts_with_all = ["commitment", "uniqueness"])]
    person: Option<String>,
    /// Within which they are helped once, like 2026 or 2026-01; the whole programme if not given. Only with --person.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "PERIOD", requires = "person")]
    period: Period,
    #[command(flatten)]
    vault: VaultArg,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Enrol {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let mut pen = Pen::open(&self.ledger, &self.sign, out)?;
        let mut planned = None;
        let (recipient, commitment, uniqueness, key) = match &self.person {
            Some(handle) => {
                let plan = plan_enrolment(self.vault.open()?, pen.state(), handle, self.programme, self.period)?;
                let values = (plan.token, Some(plan.commitment), plan.uniqueness, Some(plan.key));
                planned = Some(plan);
                values
            }
            None => {
                let mut token = [0u8; 16];
                fill(&mut token)?;
                (Token(token), self.commitment, self.uniqueness, None)
            }
        };
        let name = (!self.name.is_empty()).then(|| NameArg::of(self.name).names());
        let body = RecipientEnrolled {
            commitment,
            key,
            name,
            programme: self.programme,
            recipient,
            reference: None,
            region: self.region,
            size: self.size,
            r#type: self.r#type,
            uniqueness,
        };
        let appended = pen.append(Body::RecipientEnrolled(body));
        let (mut answer, words) = match planned {
            Some(mut plan) if plan.is_new => take_back(&mut plan.vault, appended, |vault| vault.content.forget_enrolment(&recipient))?,
            _ => appended?,
        };
        pen.ledger.close()?;
        answer["recipient"] = recipient.to_string().into();
        out.answer(answer, || format!("{words}\nrecipient  {recipient}"));
        Ok(())
    }
}

/// Record a gift that was received.
///
/// `aidledger donate 500 rice 20 blanket --from organization:"Mill Ltd" --programmes winter`
#[derive(Debug, Args)]
pub struct Donate {
    /// Quantity and item, in pairs: 500 rice 20 blanket.
    #[arg(required = true, num_args = 2.., value_names = ["QUANTITY", "ITEM"])]
    what: Vec<String>,
    /// Who gave: anonymous, individual, organization:NAME or government:NAME. Persons are never named.
    #[arg(long, default_value = "anonymous", value_name = "DONOR", value_parser = parse_donor)]
    from: (DonorType, Option<String>),
    /// A salted commitment to who the donor is (64 hex digits).
    #[arg(long, value_name = "HASH")]
    commitment: Option<Blake3Hash>,
    /// Only for these programmes.
    #[arg(long, value_delimiter = ',', value_name = "CODES")]
    programmes: Vec<Code>,
    /// Only for people in these regions.
    #[arg(long, value_delimiter = ',', value_name = "CODES")]
    regions: Vec<Code>,
    /// Only as items of these categories.
    #[arg(long, value_delimiter = ',', value_name = "CODES")]
    categories: Vec<Code>,
    /// Only as these items.
    #[arg(long, value_delimiter = ',', value_name = "CODES")]
    items: Vec<Code>,
    /// To be assigned by this day.
    #[arg(long, value_name = "DAY")]
    use_by: Option<Date>,
    /// The pledge that it keeps, or part of it: the id of donation.pledged, or its beginning.
    #[arg(long, value_name = "PLEDGE")]
    pledge: Option<String>,
    /// BLAKE3 of the code on the donor's receipt (64 hex digits).
    #[arg(long, value_name = "HASH")]
    receipt: Option<Blake3Hash>,
    /// Make a receipt code and keep it in the vault; `aidledger slips --receipt` prints it.
    #[arg(long, conflicts_with = "receipt")]
    with_receipt: bool,
    /// The donor's handle in the vault, for a commitment to who it is. Only with --with-receipt.
    #[arg(long, value_name = "HANDLE", requires = "with_receipt", conflicts_with = "commitment")]
    person: Option<String>,
    #[command(flatten)]
    vault: VaultArg,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

/// Who gave, as typed: `anonymous`, `individual`, `organization:NAME`, `government:NAME`.
pub fn parse_donor(text: &str) -> Result<(DonorType, Option<String>), String> {
    match text.split_once(':') {
        Some((kind, name)) => Ok((kind.parse()?, Some(name.trim().to_owned()))),
        None => Ok((text.parse()?, None)),
    }
}

impl Donate {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let mut pen = Pen::open(&self.ledger, &self.sign, out)?;
        let state = pen.state();
        let lots = lot_lines(state, &self.what)?;
        let pledge = self.pledge.as_deref().map(|pledge| find_event(state, pledge)).transpose()?;
        let restrictions = Restrictions {
            categories: some_set(self.categories),
            items: some_set(self.items),
            programmes: some_set(self.programmes),
            regions: some_set(self.regions),
            use_by: self.use_by,
        };
        let none = restrictions.categories.is_none()
            && restrictions.items.is_none()
            && restrictions.programmes.is_none()
            && restrictions.regions.is_none()
            && restrictions.use_by.is_none();
        let (r#type, name) = self.from;
        let mut planned = None;
        let (mut commitment, mut receipt) = (self.commitment, self.receipt);
        if self.with_receipt {
            let mut vault = self.vault.open()?;
            let (code, donor) = plan_receipt(&mut vault, self.person.as_deref())?;
            (commitment, receipt) = (donor.or(commitment), Some(code.lock()));
            planned = Some((vault, code));
        }
        let donor = Donor { commitment, name: name.map(Text), r#type };
        let restrictions = (!none).then_some(restrictions);
        let appended = pen.append(Body::DonationReceived(DonationReceived { donor, lots, pledge, receipt, reference: None, restrictions }));
        pen.finish(planned, appended, out)
    }
}

/// Chooses what to draw from, oldest lots first, among those the organization holds that fit.
///
/// # Errors
/// How much is missing, and how much is there but restricted to something else.
pub fn first_in_first_out(
    state: &State,
    organization: OrganizationIx,
    item: &Code,
    quantity: Quantity,
    fits: impl Fn(&Lot) -> bool,
) -> Result<Vec<Draw>, Failure> {
    let place = state.items.find(item).map(ItemIx).ok_or_else(|| Failure::no(format!("the item {item} is not defined")))?;
    let mut missing = quantity.minor;
    let mut elsewhere = 0u128;
    let mut draws = Vec::new();
    let held = |(_, lot): &(usize, &Lot)| lot.item == place && lot.organization == organization && lot.on_hand > 0;
    for (at, lot) in state.lots.iter().enumerate().filter(held) {
        if missing == 0 {
            break;
        }
        if !fits(lot) {
            elsewhere += u128::from(lot.on_hand);
            continue;
        }
        let taken = missing.min(lot.on_hand);
        missing -= taken;
        draws.push(Draw { lot: state.lot_id(LotIx(at as u32)), quantity: Quantity { minor: taken, decimals: quantity.decimals } });
    }
    if missing > 0 {
        let minor = |minor: u128| format_minor(minor as i128, quantity.decimals);
        let mut what = format!("{} {item} are missing on hand", minor(u128::from(missing)));
        if elsewhere > 0 {
            what += &format!("; {} more are there, but restricted to something else", minor(elsewhere));
        }
        return Err(Failure::no(what).hint("`aidledger list lots` shows what is on hand and for what"));
    }
    Ok(draws)
}

/// What the pen's organization draws for quantities and items as typed: the lots named, once for each pair, or the oldest that fit; says which.
pub fn choose(pen: &Pen, what: &[String], lots: &[String], fits: impl Fn(&Lot) -> bool, out: &Out) -> Result<Set<Draw>, Failure> {
    let state = pen.state();
    let organization = OrganizationIx(state.organizations.find(&pen.organization).expect("the pen's organization is registered"));
    let pairs = pairs(what)?;
    if !lots.is_empty() && lots.len() != pairs.len() {
        return Err(Failure::unable(format!("{} lots are named for {} quantities", lots.len(), pairs.len()))
            .hint("name one lot for each pair, or none"));
    }
    let mut draws: Vec<Draw> = Vec::new();
    for (number, (text, item)) in pairs.into_iter().enumerate() {
        let quantity = quantity_in(state, &text, &item)?;
        match lots.get(number) {
            Some(lot) => draws.push(Draw { lot: find_lot(state, lot)?, quantity }),
            None => draws.extend(first_in_first_out(state, organization, &item, quantity, &fits)?),
        }
    }
    if lots.is_empty() {
        out.say(format!("Drawn first in, first out: {}.", describe(state, &draws)));
    }
    unique(draws)
}

/// Set parts of lots aside for a recipient.
///
/// Without --lot, the oldest lots whose restrictions fit are drawn on first, and the command says which.
#[derive(Debug, Args)]
pub struct Assign {
    /// Quantity and item, in pairs: 5 rice 1 blanket.
    #[arg(required = true, num_args = 2.., value_names = ["QUANTITY", "ITEM"])]
    what: Vec<String>,
    /// The recipient's token, or its beginning.
    #[arg(long, value_name = "TOKEN")]
    to: String,
    /// The programme; the recipient's own if not given.
    #[arg(long, value_name = "CODE")]
    programme: Option<Code>,
    /// Draw on this lot (9c41.0), once for each pair in order; oldest first if not given.
    #[arg(long = "lot", value_name = "LOT")]
    lots: Vec<String>,
    /// The day by which it should be delivered.
    #[arg(long, value_name = "DAY")]
    due: Option<Date>,
    /// BLAKE3 of the one-time code on the recipient's slip (64 hex digits).
    #[arg(long, value_name = "HASH")]
    lock: Option<Blake3Hash>,
    /// Make the one-time code of a slip and keep it in the vault; `aidledger slips --assignment` prints it.
    #[arg(long, conflicts_with = "lock")]
    with_code: bool,
    /// The need that it answers: the id of need.recorded, or its beginning. Without it the recipient's oldest needs are served.
    #[arg(long, value_name = "NEED")]
    need: Option<String>,
    #[command(flatten)]
    vault: VaultArg,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Assign {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let mut pen = Pen::open(&self.ledger, &self.sign, out)?;
        let state = pen.state();
        let recipient = find_recipient(state, &self.to)?;
        let programme =
            self.programme.unwrap_or_else(|| state.programmes.code(state.recipients[state.recipient_of[&recipient].at()].programme.0));
        let need = self.need.as_deref().map(|need| find_event(state, need)).transpose()?;
        let row = &state.recipients[state.recipient_of[&recipient].at()];
        let time = self.sign.at.unwrap_or_else(crate::cli::context::now);
        let fits = |lot: &Lot| state.restriction_broken(lot, &state.use_for(lot, row, time)).is_none();
        let draws = choose(&pen, &self.what, &self.lots, fits, out)?;
        let (mut lock, mut planned) = (self.lock, None);
        if self.with_code {
            let mut vault = self.vault.open()?;
            let code = plan_code(&mut vault, recipient)?;
            lock = Some(code.lock());
            planned = Some((vault, code));
        }
        let body = AssignmentMade { draws, due: self.due, lock, need, programme, recipient, reference: None };
        let appended = pen.append(Body::AssignmentMade(body));
        pen.finish(planned, appended, out)
    }
}

pub fn unique(draws: Vec<Draw>) -> Result<Set<Draw>, Failure> {
    let count = draws.len();
    let set = Set::new(draws);
    if set.len() < count {
        return Err(Failure::unable("a lot is drawn on twice").hint("name each item once, with the whole quantity"));
    }
    Ok(set)
}

/// What is drawn on, in words.
pub fn describe(state: &State, draws: &[Draw]) -> String {
    let one = |draw: &Draw| {
        let item = state.lot(&draw.lot).map(|lot| state.items.code(state.lots[lot.at()].item.0).to_string()).unwrap_or_default();
        format!("{} {item} from lot {}.{}", draw.quantity, short(draw.lot.event), draw.lot.line)
    };
    draws.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Record what was handed over.
///
/// `aidledger deliver 9c41` delivers all that is left of the assignment; `aidledger deliver 9c41 3 rice` a part of it.
#[derive(Debug, Args)]
pub struct Deliver {
    /// The assignment's id, or its beginning.
    assignment: String,
    /// Quantity and item, in pairs; all that is left if not given.
    #[arg(value_names = ["QUANTITY", "ITEM"], num_args = 0..)]
    what: Vec<String>,
    /// A file whose first line is the one-time code on the recipient's slip. (Once recorded it is public, and proves nothing more.)
    #[arg(long, value_name = "FILE")]
    code_file: Option<std::path::PathBuf>,
    /// A salted commitment to evidence you keep (64 hex digits).
    #[arg(long, value_name = "HASH")]
    evidence: Option<Blake3Hash>,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

/// The place of an assignment that is named.
pub fn find_assignment(state: &State, text: &str) -> Result<(EventId, AssignmentIx), Failure> {
    let id = find_event(state, text)?;
    match state.made_by(&id, Kind::AssignmentMade) {
        Some(made) => Ok((id, AssignmentIx(made.place))),
        None => Err(Failure::no(format!("event {} is not an assignment", short(id)))
            .hint("`aidledger history` of the recipient shows its assignments")),
    }
}

impl Deliver {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let typed = match &self.code_file {
            Some(path) => Some(std::fs::read_to_string(path).map_err(|error| Failure::io(path, error))?),
            None => None,
        };
        let pen = Pen::open(&self.ledger, &self.sign, out)?;
        let state = pen.state();
        let (id, place) = find_assignment(state, &self.assignment)?;
        let lock = state.assignments[place.at()].lock.as_deref();
        let code = typed.map(|typed| shown_code(typed.lines().next().unwrap_or_default(), lock)).transpose()?;
        let mut rest: Vec<(LotIx, u64)> = state.assignments[place.at()].remaining().collect();
        let draws: Vec<Draw> = match self.what.is_empty() {
            true => rest.into_iter().map(|(lot, minor)| draw(state, lot, minor)).collect(),
            false => spread(state, &mut rest, &self.what, "the assignment")?,
        };
        if draws.is_empty() {
            return Err(Failure::no(format!("nothing is left of assignment {}", short(id))));
        }
        let body = DeliveryMade { assignment: id, code, draws: unique(draws)?, evidence: self.evidence, reference: None };
        pen.write(Body::DeliveryMade(body), out)
    }
}

/// Put what is left of an assignment back on hand.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The assignment's id, or its beginning.
    assignment: String,
    /// Why: duplicate, expired, not-found, not-needed, other or stock-problem.
    #[arg(long)]
    reason: CancellationReason,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Cancel {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = Pen::open(&self.ledger, &self.sign, out)?;
        let (assignment, _) = find_assignment(pen.state(), &self.assignment)?;
        pen.write(Body::AssignmentCancelled(AssignmentCancelled { assignment, reason: self.reason }), out)
    }
}

/// Undo an event that was entered in error, in the open.
#[derive(Debug, Args)]
pub struct Reverse {
    /// The event's id, or its beginning.
    event: String,
    /// Why: did-not-happen, entered-twice, other, wrong-item, wrong-quantity or wrong-recipient.
    #[arg(long)]
    reason: ReversalReason,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Reverse {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = Pen::open(&self.ledger, &self.sign, out)?;
        let event = find_event(pen.state(), &self.event)?;
        pen.write(Body::EventReversed(EventReversed { event, reason: self.reason }), out)
    }
}

/// A lot id as people write it.
pub fn short_lot(lot: LotId) -> String {
    format!("{}.{}", short(lot.event), lot.line)
}
