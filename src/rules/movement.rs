//! Rules of movement: purchases, transfers between organizations, expenses, losses, counts (spec section 11.5).
//!
//! Each of them names what it draws on, and each lot that it makes carries the restrictions of what it came from. Of a purchase all lots carry
//! all restrictions of all the money, since money spent together is spent together: at most 256, as money is never bought and so each draw brings those of
//! one gift at most.

use crate::event::kinds::*;
use crate::rules::check::{Accepted, Case, Change, Found};
use crate::rules::gifts::{decimals_of, draws_on_hand, item_named, moved, quantity_of};
use crate::rules::governance::{organization_named, programme_named, region_named, takes_part};
use crate::rules::postings::{Account, Posting};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::{ItemIx, Lot, LotIx, Movement, MovementIx, State, Use};

/// Rule 416: what is drawn is money, all of the currency of the first draw.
fn money(state: &State, line: usize, lot: &Lot, currency: &std::cell::Cell<Option<ItemIx>>) -> Result<(), Rejection> {
    let item = state.items.at(lot.item.0);
    let first = currency.get().unwrap_or(lot.item);
    currency.set(Some(first));
    if item.r#type != ItemType::Money || lot.item != first {
        let expected = if item.r#type == ItemType::Money { state.items.code(first.0).to_string() } else { "money".to_owned() };
        return Err(Rejection::new(Rule::DrawNotMoney, format!("body.draws[{line}].lot"), expected, state.items.code(lot.item.0)));
    }
    Ok(())
}

pub(super) fn purchase_made(case: &Case, body: &PurchaseMade) -> Result<Found, Rejection> {
    let state = case.state;
    let currency = std::cell::Cell::new(None);
    let draws = draws_on_hand(case, &body.draws, |line, lot| money(state, line, lot, &currency))?;
    let currency = currency.get().expect("a set of draws is not empty");
    let mut lots = Vec::with_capacity(body.lots.len());
    let mut costs = Vec::with_capacity(body.lots.len());
    for (line, bought) in body.lots.iter().enumerate() {
        let item = item_named(state, &format_args!("body.lots[{line}].item"), &bought.item)?;
        if state.items.at(item.0).r#type == ItemType::Money {
            return Err(Rejection::new(Rule::PurchaseOfMoney, format!("body.lots[{line}].item"), "goods or a service", bought.item));
        }
        let quantity = quantity_of(state, item, &bought.quantity, &format_args!("body.lots[{line}].quantity"))?;
        costs.push(quantity_of(state, currency, &bought.cost, &format_args!("body.lots[{line}].cost"))?);
        let used = Use { programme: None, region: None, item, day: case.event.time.date() };
        for &(place, _) in &draws {
            if let Some((rule, expected, found)) = state.purchase_broken(&state.lots[place.at()], &used) {
                return Err(Rejection::new(rule, format!("body.lots[{line}].item"), expected, found));
            }
        }
        lots.push((item, quantity));
    }
    let cost: u128 = costs.iter().map(|cost| u128::from(*cost)).sum();
    let drawn: u128 = draws.iter().map(|&(_, quantity)| u128::from(quantity)).sum();
    if cost != drawn {
        let decimals = state.items.at(currency.0).decimals;
        let amount = |minor: u128| crate::event::values::format_minor(minor as i128, decimals);
        return Err(Rejection::new(Rule::CostMismatch, "body.lots", format!("costs of {} in all", amount(drawn)), amount(cost)));
    }
    let mut postings = moved(state, &draws, Account::OnHand, Account::Spent);
    postings.extend(new_lots(state, &lots, Account::Supplier));
    Ok(Found { postings, ..Change::PurchaseMade { draws, lots, costs }.into() })
}

/// The postings that fill new lots.
fn new_lots<'a>(state: &State, lots: &'a [(ItemIx, u64)], source: Account) -> impl Iterator<Item = Posting> + use<'a> {
    let first = state.lots.len();
    lots.iter().enumerate().map(move |(line, &(item, quantity))| Posting {
        lot: LotIx(u32::try_from(first + line).expect("a log has fewer than 2^32 lots")),
        item,
        quantity,
        source,
        target: Account::OnHand,
    })
}

pub(super) fn transfer_sent(case: &Case, body: &TransferSent) -> Result<Found, Rejection> {
    let to = organization_named(case.state, "body.to", &body.to)?;
    if to == case.organization {
        return Err(Rejection::new(Rule::TransferToSelf, "body.to", "another organization", body.to));
    }
    let draws = draws_on_hand(case, &body.draws, |_, _| Ok(()))?;
    Ok(Found { postings: moved(case.state, &draws, Account::OnHand, Account::InTransit), ..Change::TransferSent { draws, to }.into() })
}

pub(super) fn transfer_accepted(case: &Case, body: &TransferAccepted) -> Result<Found, Rejection> {
    let state = case.state;
    let subject = state.ids.find(&body.transfer).map(|entry| state.made[entry as usize]);
    let Some(made) = subject.filter(|made| made.kind == Kind::TransferSent && !made.reversed) else {
        return Err(Rejection::new(Rule::TransferUnknown, "body.transfer", "a transfer that stands", body.transfer));
    };
    let transfer = &state.movements[made.place as usize];
    if transfer.to != Some(case.organization) {
        let to = transfer.to.map_or_else(String::new, |to| state.organizations.code(to.0).to_string());
        return Err(Rejection::new(
            Rule::TransferForeign,
            "body.transfer",
            format!("a transfer to {}", case.event.organization),
            format!("one to {to}"),
        ));
    }
    if transfer.other.is_some() {
        return Err(Rejection::new(Rule::TransferSettled, "body.transfer", "a transfer that is on its way", "one that was accepted"));
    }
    let mut draws = Vec::new();
    let mut lots = Vec::new();
    for (line, draw) in body.draws.iter().flat_map(|draws| draws.iter()).enumerate() {
        let place = state.lot(&draw.lot);
        let Some(&(place, sent)) = transfer.draws.iter().find(|(lot, _)| Some(*lot) == place) else {
            return Err(Rejection::new(Rule::DrawNotSent, format!("body.draws[{line}].lot"), "a lot of the transfer", draw.lot));
        };
        let item = state.lots[place.at()].item;
        let quantity = quantity_of(state, item, &draw.quantity, &format_args!("body.draws[{line}].quantity"))?;
        if quantity > sent {
            let sent = crate::event::values::format_minor(i128::from(sent), draw.quantity.decimals);
            let field = format!("body.draws[{line}].quantity");
            return Err(Rejection::new(Rule::AcceptedExceedsSent, field, format!("at most {sent}"), draw.quantity));
        }
        draws.push((place, quantity));
        lots.push((item, quantity));
    }
    let mut postings = Vec::with_capacity(transfer.draws.len() + 2 * draws.len());
    for &(lot, sent) in &transfer.draws {
        let item = state.lots[lot.at()].item;
        let arrived = draws.iter().find(|(drawn, _)| *drawn == lot).map_or(0, |(_, quantity)| *quantity);
        for (quantity, target) in [(arrived, Account::TransferredOut), (sent - arrived, Account::Lost)] {
            if quantity > 0 {
                postings.push(Posting { lot, item, quantity, source: Account::InTransit, target });
            }
        }
    }
    postings.extend(new_lots(state, &lots, Account::TransferredIn));
    Ok(Found { postings, ..Change::TransferAccepted { transfer: MovementIx(made.place), draws }.into() })
}

pub(super) fn expense_paid(case: &Case, body: &ExpensePaid) -> Result<Found, Rejection> {
    let state = case.state;
    let programme = body.programme.as_ref().map(|code| programme_named(state, "body.programme", code)).transpose()?;
    // Closed or not: bills come after the end.
    programme.map_or(Ok(()), |place| takes_part(case, place))?;
    let region = body.region.as_ref().map(|code| region_named(state, "body.region", code)).transpose()?;
    let currency = std::cell::Cell::new(None);
    let draws = draws_on_hand(case, &body.draws, |line, lot| {
        money(state, line, lot, &currency)?;
        match state.restriction_broken(lot, &Use { programme, region, item: lot.item, day: case.event.time.date() }) {
            Some((rule, expected, found)) => Err(Rejection::new(rule, format!("body.draws[{line}].lot"), expected, found)),
            None => Ok(()),
        }
    })?;
    Ok(Found { postings: moved(state, &draws, Account::OnHand, Account::Spent), ..Change::Moved { draws, programme, region }.into() })
}

pub(super) fn loss_recorded(case: &Case, body: &LossRecorded) -> Result<Found, Rejection> {
    let draws = draws_on_hand(case, &body.draws, |_, _| Ok(()))?;
    Ok(Found {
        postings: moved(case.state, &draws, Account::OnHand, Account::Lost),
        ..Change::Moved { draws, programme: None, region: None }.into()
    })
}

pub(super) fn stock_counted(case: &Case, body: &StockCounted) -> Result<Found, Rejection> {
    let mut items = Vec::with_capacity(body.counts.len());
    for (line, count) in body.counts.iter().enumerate() {
        let item = item_named(case.state, &format_args!("body.counts[{line}].item"), &count.item)?;
        decimals_of(case.state, item, &count.quantity, &format_args!("body.counts[{line}].quantity"))?;
        if items.contains(&item) {
            return Err(Rejection::new(Rule::CountTwice, format!("body.counts[{line}].item"), "an item not counted yet", count.item));
        }
        items.push(item);
    }
    Ok(Change::Noted { items }.into())
}

pub(super) fn apply(state: &mut State, accepted: &Accepted<'_>) {
    let first_lot = LotIx(u32::try_from(state.lots.len()).expect("a log has fewer than 2^32 lots"));
    let mut movement = Movement {
        entry: accepted.index,
        draws: Box::default(),
        costs: Box::default(),
        first_lot,
        lots: 0,
        to: None,
        other: None,
        programme: None,
        region: None,
    };
    let lot = |line, item, restrictions, quantity| Lot::new(accepted.index, line, item, accepted.organization, restrictions, quantity);
    match &accepted.change {
        Change::Moved { draws, programme, region } => {
            movement.draws = draws.as_slice().into();
            movement.programme = *programme;
            movement.region = *region;
        }
        Change::PurchaseMade { draws, lots, costs } => {
            let sets: Vec<u32> = draws.iter().filter_map(|(drawn, _)| state.lots[drawn.at()].restrictions).collect();
            let restrictions = state.restricted.together(sets.into_iter());
            for (line, &(item, quantity)) in lots.iter().enumerate() {
                state.lots.push(lot(line, item, restrictions, quantity));
            }
            movement.draws = draws.as_slice().into();
            movement.costs = costs.as_slice().into();
            movement.lots = lots.len() as u16;
        }
        Change::TransferSent { draws, to } => {
            movement.draws = draws.as_slice().into();
            movement.to = Some(*to);
        }
        Change::TransferAccepted { transfer, draws } => {
            for (line, &(sent, quantity)) in draws.iter().enumerate() {
                let Lot { item, restrictions, .. } = state.lots[sent.at()];
                state.lots.push(lot(line, item, restrictions, quantity));
            }
            state.movements[transfer.at()].other = Some(MovementIx(state.movements.len() as u32));
            movement.draws = draws.as_slice().into();
            movement.lots = draws.len() as u16;
            movement.other = Some(*transfer);
        }
        change => unreachable!("{change:?} is not of this group"),
    }
    state.movements.push(movement);
}
