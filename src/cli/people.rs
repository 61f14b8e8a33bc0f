//! need, withdraw, needs: who lacks what, who waits longest, and what could help but lies idle.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use crate::canonical::decode;
use crate::cli::context::{LedgerArg, Pen, SignArg, find_recipient, known, short};
use crate::cli::give::{lot_lines, short_lot};
use crate::cli::report::{Failure, Out, table};
use crate::event::kinds::{Body, ItemType, NeedRecorded, RecipientWithdrawn, WithdrawalReason};
use crate::event::values::format_minor;
use crate::event::{Code, Date, Quantity};
use crate::rules::State;
use crate::rules::state::{Lot, LotIx, Need as NeedRow, NeedLine, Use};
use crate::service::Reader;
use crate::views::ViewName;
use crate::views::needs::Coverage;

/// Record what a recipient lacks.
///
/// Deliveries serve it: those whose assignment names it, else those of the same item, the recipient's oldest need first.
#[derive(Debug, Args)]
pub struct Need {
    /// Quantity and item, in pairs: 3 food-parcel.
    #[arg(required = true, num_args = 2.., value_names = ["QUANTITY", "ITEM"])]
    what: Vec<String>,
    /// The recipient's token, or its beginning.
    #[arg(long = "for", value_name = "TOKEN")]
    recipient: String,
    /// The day by which it is needed.
    #[arg(long, value_name = "DAY")]
    due: Option<Date>,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Need {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = Pen::open(&self.ledger, &self.sign, out)?;
        let recipient = find_recipient(pen.state(), &self.recipient)?;
        let lines = lot_lines(pen.state(), &self.what)?;
        pen.write(Body::NeedRecorded(NeedRecorded { due: self.due, lines, recipient, reference: None }), out)
    }
}

/// Take a recipient out of a programme: nothing more is assigned.
#[derive(Debug, Args)]
pub struct Withdraw {
    /// The recipient's token, or its beginning.
    recipient: String,
    /// Why: deceased, duplicate, left, moved, not-eligible or requested.
    #[arg(long)]
    reason: WithdrawalReason,
    #[command(flatten)]
    ledger: LedgerArg,
    #[command(flatten)]
    sign: SignArg,
}

impl Withdraw {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let pen = Pen::open(&self.ledger, &self.sign, out)?;
        let recipient = find_recipient(pen.state(), &self.recipient)?;
        pen.write(Body::RecipientWithdrawn(RecipientWithdrawn { reason: self.reason, recipient }), out)
    }
}

/// Show who lacks what: coverage, who waits longest, and gifts that could help but have not moved.
#[derive(Debug, Args)]
pub struct Needs {
    /// Only this programme.
    #[arg(long, value_name = "CODE")]
    programme: Option<Code>,
    /// Only people in this region or inside it.
    #[arg(long, value_name = "CODE")]
    region: Option<Code>,
    /// Only items of this category.
    #[arg(long, value_name = "CODE")]
    category: Option<Code>,
    /// Call a gift idle that nothing was drawn from for this many days; the policy's, else 30.
    #[arg(long, value_name = "DAYS")]
    idle_days: Option<u64>,
    /// How many that wait to show; 0 for all.
    #[arg(long, default_value_t = 20, value_name = "N")]
    waiting: usize,
    #[command(flatten)]
    ledger: LedgerArg,
}

/// A need that waits, with what of it is missing.
struct Waiting<'s> {
    need: &'s NeedRow,
    line: &'s NeedLine,
    since: Date,
}

impl Needs {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let reader = self.ledger.read_views(out)?;
        let state = &reader.state;
        known("programme", self.programme.as_ref(), |code| state.programmes.find(code).is_some())?;
        known("region", self.region.as_ref(), |code| state.regions.find(code).is_some())?;
        known("item", self.category.as_ref(), |code| state.categories.contains(code))
            .map_err(|failure| Failure { what: failure.what.replace("no item", "no item of the category"), ..failure })?;
        let today = reader.chain.recorded.date();
        let coverage = self.coverage(&reader)?;
        let mut waiting = self.waiting(&reader)?;
        waiting.sort_by_key(|one| (one.need.due.unwrap_or(Date(i32::MAX)), one.need.entry));
        let idle_days = self.idle_days.or(state.policies.ledger().idle_days).unwrap_or(30);
        let idle = idle_gifts(&reader, &waiting, today, idle_days)?;
        let amount = |lot: &Lot| format_minor(i128::from(lot.on_hand), state.items.at(lot.item.0).decimals);
        let found = waiting.len();
        if self.waiting > 0 {
            waiting.truncate(self.waiting);
        }
        let open =
            |one: &Waiting| Quantity { minor: one.line.quantity - one.line.served, decimals: state.items.at(one.line.item.0).decimals };
        let person = |one: &Waiting| &state.recipients[one.need.recipient.at()];
        let days = |day: Date| i64::from(today.0) - i64::from(day.0);
        let late = |one: &Waiting| one.need.due.map(days).filter(|late| *late > 0);
        let json = json!({
            "size": reader.chain.size, "as_of": today.to_string(), "idle_days": idle_days, "waiting_count": found,
            "coverage": coverage.iter().map(|(key, row)| json!({
                "item": key[0], "programme": key[1], "region": key[2], "needed": row.needed.to_string(), "served": row.served.to_string(),
                "needs": row.needs, "open": row.open,
            })).collect::<Vec<_>>(),
            "waiting": waiting.iter().map(|one| json!({
                "need": state.ids.at(one.need.entry).to_string(), "item": state.items.code(one.line.item.0).as_str(), "open": open(one).to_string(),
                "recipient": person(one).token.to_string(), "region": state.regions.code(person(one).region.0).as_str(),
                "programme": state.programmes.code(person(one).programme.0).as_str(), "since": one.since.to_string(),
                "due": one.need.due.map(|due| due.to_string()), "days_late": late(one),
            })).collect::<Vec<_>>(),
            "idle": idle.iter().map(|one| json!({
                "lot": state.lot_id(one.lot).to_string(), "item": state.items.code(state.lots[one.lot.at()].item.0).as_str(),
                "on_hand": amount(&state.lots[one.lot.at()]), "organization": state.organizations.code(state.lots[one.lot.at()].organization.0).as_str(),
                "since": one.since.to_string(), "could_serve": one.serves,
            })).collect::<Vec<_>>(),
        });
        out.answer(json, || {
            let covered = coverage.iter().map(|(key, row)| {
                let share = if row.needed.minor == 0 { String::new() } else { format!("{} %", row.served.minor * 100 / row.needed.minor) };
                let open = format!("{} of {}", row.open, row.needs);
                vec![key[0].clone(), key[1].clone(), key[2].clone(), row.needed.to_string(), row.served.to_string(), share, open]
            });
            let covered = table(&["ITEM", "PROGRAMME", "REGION", "NEEDED", "SERVED", "SHARE", "OPEN"], covered.collect(), &[3, 4, 5, 6]);
            let rows = waiting.iter().map(|one| {
                vec![
                    open(one).to_string(),
                    state.items.code(one.line.item.0).to_string(),
                    short(person(one).token),
                    state.regions.code(person(one).region.0).to_string(),
                    one.since.to_string(),
                    one.need.due.map_or_else(String::new, |due| due.to_string()),
                    late(one).map_or_else(String::new, |late| format!("{late} days late")),
                    short(state.ids.at(one.need.entry)),
                ]
            });
            let waits = table(&["OPEN", "ITEM", "RECIPIENT", "REGION", "SINCE", "DUE", "", "NEED"], rows.collect(), &[0]);
            let rows = idle.iter().map(|one| {
                let lot = &state.lots[one.lot.at()];
                vec![
                    amount(lot),
                    state.items.code(lot.item.0).to_string(),
                    state.organizations.code(lot.organization.0).to_string(),
                    one.since.to_string(),
                    one.serves.to_string(),
                    short_lot(state.lot_id(one.lot)),
                ]
            });
            let idle = table(&["ON HAND", "ITEM", "WITH", "UNTOUCHED SINCE", "NEEDS IT COULD SERVE", "LOT"], rows.collect(), &[0, 4]);
            format!(
                "As of {today}.\n\nCoverage\n{covered}\n\nWaiting, earliest due first: {} of {found}\n{waits}\n\nCould help, but has not moved for {idle_days} days\n{idle}",
                waiting.len()
            )
        });
        Ok(())
    }

    fn coverage(&self, reader: &Reader) -> Result<Vec<([String; 3], Coverage)>, Failure> {
        let mut found = Vec::new();
        for crate::views::RowChange { key, value, .. } in reader.rows(ViewName::Needs, "coverage/")? {
            let mut parts = key.splitn(4, '/').skip(1).map(str::to_owned);
            let (Some(item), Some(programme), Some(region)) = (parts.next(), parts.next(), parts.next()) else { continue };
            if self.wants(&reader.state, &item, &programme, &region) {
                let row: Coverage = decode(&value).map_err(|fault| Failure::unable(format!("row {key} of the view needs: {fault}")))?;
                found.push(([item, programme, region], row));
            }
        }
        Ok(found)
    }

    fn wants(&self, state: &State, item: &str, programme: &str, region: &str) -> bool {
        let place = |code: &str| code.parse::<Code>().ok();
        let inside = || {
            let (named, here) =
                (self.region.and_then(|code| state.regions.find(&code)), place(region).and_then(|code| state.regions.find(&code)));
            match (named, here) {
                (Some(named), Some(here)) => state.lies_in(crate::rules::state::RegionIx(here), &[crate::rules::state::RegionIx(named)]),
                _ => self.region.is_none(),
            }
        };
        let category = || {
            let item = place(item).and_then(|code| state.items.find(&code));
            self.category.is_none_or(|category| item.is_some_and(|item| state.items.at(item).category == category))
        };
        self.programme.is_none_or(|code| code.as_str() == programme) && inside() && category()
    }

    fn waiting<'s>(&self, reader: &'s Reader) -> Result<Vec<Waiting<'s>>, Failure> {
        let state = &reader.state;
        let mut found = Vec::new();
        for need in state.needs.iter().filter(|need| need.open()) {
            let recipient = &state.recipients[need.recipient.at()];
            if recipient.withdrawn {
                continue;
            }
            let (programme, region) = (state.programmes.code(recipient.programme.0), state.regions.code(recipient.region.0));
            for line in need.lines.iter().filter(|line| line.served < line.quantity) {
                if self.wants(state, state.items.code(line.item.0).as_str(), programme.as_str(), region.as_str()) {
                    let since = reader.entry(u64::from(need.entry))?.1.entry.event.time.date();
                    found.push(Waiting { need, line, since });
                }
            }
        }
        Ok(found)
    }
}

/// A lot that could serve somebody who waits, and has not moved.
struct Idle {
    lot: LotIx,
    since: Date,
    serves: usize,
}

/// Lots with something on hand that nothing moved for some days and that somebody who waits may be given: of the item that is lacking, or money that may
/// buy it.
fn idle_gifts(reader: &Reader, waiting: &[Waiting], today: Date, idle_days: u64) -> Result<Vec<Idle>, Failure> {
    let state = &reader.state;
    // Who lacks the same in the same place may be given the same.
    let mut lacking: BTreeMap<(u32, u32, u32), usize> = BTreeMap::new();
    for one in waiting {
        let recipient = &state.recipients[one.need.recipient.at()];
        *lacking.entry((one.line.item.0, recipient.programme.0, recipient.region.0)).or_default() += 1;
    }
    let mut found = Vec::new();
    for (at, lot) in state.lots.iter().enumerate().filter(|(_, lot)| lot.on_hand > 0) {
        let place = LotIx(at as u32);
        let money = state.items.at(lot.item.0).r#type == ItemType::Money;
        let serves: usize = lacking
            .iter()
            .filter(|((item, programme, region), _)| {
                let item = crate::rules::state::ItemIx(*item);
                let (programme, region) = (crate::rules::state::ProgrammeIx(*programme), crate::rules::state::RegionIx(*region));
                let used = Use { programme: Some(programme), region: Some(region), item, day: today };
                (money || lot.item == item) && state.restriction_broken(lot, &used).is_none()
            })
            .map(|(_, count)| count)
            .sum();
        if serves == 0 {
            continue;
        }
        let slot = crate::views::Slot::of_entry(lot.entry);
        let last = reader.listing(slot, &format!("lot/{}", state.lot_id(place)))?.last().copied().unwrap_or(u64::from(lot.entry));
        let since = reader.entry(last)?.1.entry.recorded.date();
        if i64::from(today.0) - i64::from(since.0) > i64::try_from(idle_days).unwrap_or(i64::MAX) {
            found.push(Idle { lot: place, since, serves });
        }
    }
    found.sort_by_key(|one| (one.since, one.lot));
    Ok(found)
}
