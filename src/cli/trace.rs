//! trace: what became of a gift, and whose gifts paid for a parcel. Forwards and backwards are one computation, so they always agree.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::context::{LedgerArg, find_event, find_lot, short};
use crate::cli::give::short_lot;
use crate::cli::report::{Failure, Out, table};
use crate::event::kinds::{Body, Kind};
use crate::event::values::format_minor;
use crate::event::{EventId, LotId};
use crate::provenance::{Entries, POOLING_RULE, Part, Place, Tracer};
use crate::rules::State;
use crate::rules::state::{AssignmentIx, DeliveryIx, LotIx, MovementIx, RecipientIx};
use crate::service::Reader;
use crate::views::{Slot, StoredError};

/// Show what became of a gift, or whose gifts paid for a parcel.
///
/// Exact: the parts are in minor units and add up to the whole.
#[derive(Debug, Args)]
pub struct Trace {
    /// A donation (traced forwards), or a delivery, assignment, purchase, transfer, expense, loss, return or lot (traced backwards): its id or the beginning.
    event: String,
    #[command(flatten)]
    ledger: LedgerArg,
}

/// The listings of lots, as a trace asks for them.
struct Listed<'r>(&'r Reader);

impl Entries for Listed<'_> {
    type Error = StoredError;
    fn entries(&self, lot: LotIx) -> Result<Vec<u32>, StoredError> {
        let state = &self.0.state;
        let slot = Slot::of_entry(state.lots[lot.at()].entry);
        let listed = self.0.listing(slot, &format!("lot/{}", state.lot_id(lot)))?;
        Ok(listed.into_iter().map(|index| u32::try_from(index).expect("a log has fewer than 2^32 entries")).collect())
    }
}

impl Trace {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let reader = self.ledger.read_views(out)?;
        let state = &reader.state;
        if self.event.contains('.') {
            let id = find_lot(state, &self.event)?;
            let lot = state.lot(&id).expect("it was found");
            return match state.made[state.lots[lot.at()].entry as usize].kind {
                Kind::DonationReceived => forwards(&reader, &id.event, Some(lot), out),
                _ => whole_lots(&reader, &id.to_string(), vec![lot], out),
            };
        }
        let id = find_event(state, &self.event)?;
        let entry = state.ids.find(&id).expect("it was found");
        let made = state.made[entry as usize];
        let movement = MovementIx(made.place);
        let drawn = |place: Place| state.movements[movement.at()].draws.iter().map(|(lot, _)| (*lot, place)).collect::<Vec<_>>();
        let parts: Vec<(LotIx, Place)> = match made.kind {
            Kind::DonationReceived => return forwards(&reader, &id, None, out),
            Kind::PurchaseMade | Kind::TransferAccepted => {
                return whole_lots(&reader, &id.to_string(), state.lots_of(entry).map(|(lot, _)| lot).collect(), out);
            }
            Kind::DeliveryMade => {
                let delivery = DeliveryIx(made.place);
                state.deliveries[delivery.at()].draws.iter().map(|(lot, _)| (*lot, Place::Delivered(delivery))).collect()
            }
            Kind::AssignmentMade => {
                let assignment = AssignmentIx(made.place);
                let delivered = state.deliveries.iter().enumerate().filter(|(_, delivery)| delivery.assignment == assignment);
                let delivered = delivered
                    .flat_map(|(at, delivery)| delivery.draws.iter().map(move |(lot, _)| (*lot, Place::Delivered(DeliveryIx(at as u32)))));
                let rest = state.assignments[assignment.at()].draws.iter().map(|draw| (draw.lot, Place::Assigned(assignment)));
                rest.chain(delivered).collect()
            }
            Kind::TransferSent => match state.movements[movement.at()].other {
                None => drawn(Place::InTransit(movement)),
                Some(acceptance) => drawn(Place::Accepted(acceptance)).into_iter().chain(drawn(Place::Lost(acceptance))).collect(),
            },
            Kind::ExpensePaid => drawn(Place::Spent(movement)),
            Kind::LossRecorded => drawn(Place::Lost(movement)),
            Kind::DonationReturned => drawn(Place::Returned(movement)),
            other => {
                return Err(Failure::no(format!("{} is {other}; what moves gifts is traced", short(id))));
            }
        };
        let mut tracer = Tracer::new(state, Listed(&reader));
        let mut gifts: BTreeMap<LotIx, u64> = BTreeMap::new();
        for (lot, place) in parts {
            for (gift, minor) in tracer.gifts(lot, place)? {
                *gifts.entry(gift).or_default() += minor;
            }
        }
        backwards(&reader, &format!("{} {id}", made.kind), gifts, made.reversed, out)
    }
}

fn whole_lots(reader: &Reader, what: &str, lots: Vec<LotIx>, out: &Out) -> Result<(), Failure> {
    let mut tracer = Tracer::new(&reader.state, Listed(reader));
    let mut gifts: BTreeMap<LotIx, u64> = BTreeMap::new();
    for lot in &lots {
        for (gift, minor) in tracer.made_of(*lot)? {
            *gifts.entry(gift).or_default() += minor;
        }
    }
    let reversed = lots.iter().all(|lot| reader.state.lots[lot.at()].reversed);
    backwards(reader, what, gifts, reversed, out)
}

/// A part of a gift, in words and numbers.
struct PartRow {
    word: &'static str,
    event: Option<EventId>,
    recipient: Option<RecipientIx>,
}

/// What a place is called, and the event and recipient that it names.
fn describe(state: &State, place: Place) -> PartRow {
    let moved = |movement: MovementIx| Some(state.ids.at(state.movements[movement.at()].entry));
    let (word, event, recipient) = match place {
        Place::OnHand => ("on hand", None, None),
        Place::Assigned(assignment) => {
            let row = &state.assignments[assignment.at()];
            ("assigned", Some(state.ids.at(row.entry)), Some(row.recipient))
        }
        Place::Delivered(delivery) => {
            let row = &state.deliveries[delivery.at()];
            ("delivered", Some(state.ids.at(row.entry)), Some(state.assignments[row.assignment.at()].recipient))
        }
        Place::InTransit(movement) => ("in transit", moved(movement), None),
        Place::Lost(movement) => ("lost", moved(movement), None),
        Place::Returned(movement) => ("returned", moved(movement), None),
        Place::Spent(movement) => ("spent", moved(movement), None),
        Place::Purchased(movement) => ("purchased", moved(movement), None),
        Place::Accepted(movement) => ("transferred", moved(movement), None),
        Place::Reversed => ("reversed", None, None),
    };
    PartRow { word, event, recipient }
}

/// What became of the lots of a gift, as rows and JSON; the parts of each lot sum to it.
pub fn gift_parts(reader: &Reader, id: &EventId, only: Option<LotIx>) -> Result<(Vec<Vec<String>>, Vec<Value>), Failure> {
    let state = &reader.state;
    let entry = state.ids.find(id).expect("it was found");
    let mut tracer = Tracer::new(state, Listed(reader));
    let (mut rows, mut answer) = (Vec::new(), Vec::new());
    for (gift, lot) in state.lots_of(entry).filter(|(place, _)| only.is_none_or(|only| only == *place)) {
        let parts = tracer.became(gift)?;
        let sum: u64 = parts.iter().map(|part| part.value).sum();
        assert_eq!(sum, lot.quantity, "each unit of a gift is in one place");
        for part in parts {
            let (row, json) = part_row(state, state.lot_id(gift), gift, &part);
            rows.push(row);
            answer.push(json);
        }
    }
    Ok((rows, answer))
}

fn part_row(state: &State, gift_id: LotId, gift: LotIx, part: &Part) -> (Vec<String>, Value) {
    let amount = |lot: LotIx, minor: u64| {
        let item = state.lots[lot.at()].item;
        (format_minor(i128::from(minor), state.items.at(item.0).decimals), state.items.code(item.0))
    };
    let (value, currency) = amount(gift, part.value);
    let (units, item) = amount(part.lot, part.units);
    let PartRow { word, event, recipient } = describe(state, part.place);
    let recipient = recipient.map(|place| &state.recipients[place.at()]);
    // An expense names no recipient, but may name whom it was for.
    let spent = match part.place {
        Place::Spent(movement) => Some(&state.movements[movement.at()]),
        _ => None,
    };
    let programme = recipient.map(|recipient| recipient.programme).or(spent.and_then(|movement| movement.programme));
    let region = recipient.map(|recipient| recipient.region).or(spent.and_then(|movement| movement.region));
    let programme = programme.map(|place| state.programmes.code(place.0).to_string());
    let region = region.map(|place| state.regions.code(place.0).to_string());
    let holder = state.organizations.code(state.lots[part.lot.at()].organization.0);
    let as_item = if part.lot == gift { String::new() } else { format!("{units} {item}") };
    let row = vec![
        value.clone(),
        currency.to_string(),
        word.to_owned(),
        as_item,
        holder.to_string(),
        programme.clone().unwrap_or_default(),
        region.clone().unwrap_or_default(),
        recipient.map_or_else(String::new, |recipient| short(recipient.token)),
        event.map_or_else(String::new, short),
    ];
    let json = json!({
        "gift": gift_id.to_string(), "value": value, "currency": currency.as_str(), "place": word, "lot": state.lot_id(part.lot).to_string(),
        "quantity": units, "item": item.as_str(), "organization": holder.as_str(), "programme": programme, "region": region,
        "recipient": recipient.map(|recipient| recipient.token.to_string()), "event": event.map(|event| event.to_string()),
    });
    (row, json)
}

/// The columns of [`gift_parts`].
pub const PART_COLUMNS: [&str; 9] = ["OF THE GIFT", "", "WHERE", "AS", "WITH", "PROGRAMME", "REGION", "RECIPIENT", "EVENT"];

fn forwards(reader: &Reader, id: &EventId, only: Option<LotIx>, out: &Out) -> Result<(), Failure> {
    let (rows, parts) = gift_parts(reader, id, only)?;
    out.answer(json!({ "size": reader.chain.size, "gift": id.to_string(), "parts": parts, "pooling_rule": POOLING_RULE }), || {
        format!("gift {id}\n\n{}\n\n{POOLING_RULE}", table(&PART_COLUMNS, rows, &[0]))
    });
    Ok(())
}

fn backwards(reader: &Reader, what: &str, gifts: BTreeMap<LotIx, u64>, reversed: bool, out: &Out) -> Result<(), Failure> {
    let state = &reader.state;
    let mut answer = Vec::new();
    let mut rows = Vec::new();
    let mut totals: BTreeMap<crate::event::Code, (i128, u8)> = BTreeMap::new();
    for (place, minor) in gifts {
        let lot = &state.lots[place.at()];
        let (_, gift) = reader.entry(u64::from(lot.entry))?;
        let Body::DonationReceived(body) = &gift.entry.event.body else { unreachable!("what a trace ends in is a gift") };
        let donor = body.donor.name.as_ref().map_or_else(|| body.donor.r#type.to_string(), |name| name.0.clone());
        let (item, decimals) = (state.items.code(lot.item.0), state.items.at(lot.item.0).decimals);
        let value = format_minor(i128::from(minor), decimals);
        totals.entry(item).or_insert((0, decimals)).0 += i128::from(minor);
        answer.push(json!({
            "gift": gift.id.to_string(), "lot": state.lot_id(place).to_string(), "value": value, "currency": item.as_str(), "donor": donor,
            "received": gift.entry.event.time.to_string(),
        }));
        let day = gift.entry.event.time.date().to_string();
        rows.push(vec![value, item.to_string(), donor, day, short_lot(state.lot_id(place)), short(gift.id)]);
    }
    let totals: Vec<(String, String)> =
        totals.into_iter().map(|(item, (minor, decimals))| (item.to_string(), format_minor(minor, decimals))).collect();
    let whole: serde_json::Map<String, Value> = totals.iter().map(|(item, sum)| (item.clone(), sum.clone().into())).collect();
    let json = json!({
        "size": reader.chain.size, "of": what, "gifts": answer, "whole": whole, "reversed": reversed, "pooling_rule": POOLING_RULE,
    });
    out.answer(json, || {
        let sum = totals.iter().map(|(item, sum)| format!("{sum} {item}")).collect::<Vec<_>>().join(", ");
        let sum = if sum.is_empty() { "nothing".to_owned() } else { sum };
        let note = if reversed { " It was reversed: nothing stands for it." } else { "" };
        format!("{what}: {sum} in all.{note}\n\n{}\n\n{POOLING_RULE}", table(&["VALUE", "", "GIVEN BY", "ON", "LOT", "GIFT"], rows, &[0]))
    });
    Ok(())
}
