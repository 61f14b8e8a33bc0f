//! Rules of gifts: what is received becomes lots (spec section 11.4).

use crate::event::kinds::{DonationReceived, DonorType, Restrictions};
use crate::event::{Code, Quantity};
use crate::rules::check::{Accepted, Case, Change, Found};
use crate::rules::governance::{programme_named, region_named};
use crate::rules::postings::{Account, Posting};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::{ItemIx, Lot, LotIx, LotRestrictions, State};

pub(super) fn donation_received(case: &Case, body: &DonationReceived) -> Result<Found, Rejection> {
    let state = case.state;
    if body.donor.name.is_some() && !matches!(body.donor.r#type, DonorType::Organization | DonorType::Government) {
        return Err(Rejection::new(
            Rule::DonorNameForbidden,
            "body.donor.name",
            "no name",
            format!("a name for an {} donor", body.donor.r#type),
        ));
    }
    let mut lots = Vec::with_capacity(body.lots.len());
    for (line, lot) in body.lots.iter().enumerate() {
        let item = item_named(state, &format_args!("body.lots[{line}].item"), &lot.item)?;
        lots.push((item, quantity_of(state, item, &lot.quantity, &format_args!("body.lots[{line}].quantity"))?));
    }
    let restrictions = body.restrictions.as_ref().map(|named| restrictions_named(state, named)).transpose()?.map(Box::new);
    let first = state.lots.len();
    let postings = lots.iter().enumerate().map(|(line, &(item, quantity))| Posting {
        lot: LotIx(u32::try_from(first + line).expect("a log has fewer than 2^32 lots")),
        item,
        quantity,
        source: Account::Donor,
        target: Account::OnHand,
    });
    Ok(Found { postings: postings.collect(), ..Change::DonationReceived { lots, restrictions }.into() })
}

fn item_named(state: &State, field: &dyn std::fmt::Display, code: &Code) -> Result<ItemIx, Rejection> {
    let found = state.items.find(code).map(ItemIx);
    found.ok_or_else(|| Rejection::new(Rule::ItemUnknown, field.to_string(), "a defined item", code))
}

/// The minor units of a quantity, checked against the item: rules 403 and 404.
pub(super) fn quantity_of(state: &State, item: ItemIx, quantity: &Quantity, field: &dyn std::fmt::Display) -> Result<u64, Rejection> {
    let decimals = state.items.at(item.0).decimals;
    if quantity.decimals != decimals {
        let expected = format!("{decimals} digits after the point, as {} has", state.items.code(item.0));
        return Err(Rejection::new(Rule::QuantityDecimals, field.to_string(), expected, quantity));
    }
    if quantity.minor == 0 {
        return Err(Rejection::new(Rule::QuantityZero, field.to_string(), "more than zero", quantity));
    }
    Ok(quantity.minor)
}

fn restrictions_named(state: &State, named: &Restrictions) -> Result<LotRestrictions, Rejection> {
    let mut categories = None;
    if let Some(codes) = &named.categories {
        if let Some(unknown) = codes.iter().find(|code| !state.categories.contains(*code)) {
            return Err(Rejection::new(Rule::CategoryUnknown, "body.restrictions.categories", "a category of a defined item", unknown));
        }
        categories = Some(codes.iter().copied().collect());
    }
    let items = named.items.as_ref().map(|codes| codes.iter().map(|code| item_named(state, &"body.restrictions.items", code)).collect());
    let items = items.transpose()?;
    let programmes = named
        .programmes
        .as_ref()
        .map(|codes| codes.iter().map(|code| programme_named(state, "body.restrictions.programmes", code)).collect());
    let programmes = programmes.transpose()?;
    let regions =
        named.regions.as_ref().map(|codes| codes.iter().map(|code| region_named(state, "body.restrictions.regions", code)).collect());
    let regions = regions.transpose()?;
    Ok(LotRestrictions { categories, items, programmes, regions, use_by: named.use_by })
}

pub(super) fn apply(state: &mut State, accepted: &Accepted<'_>) {
    let Change::DonationReceived { lots, restrictions } = &accepted.change else {
        unreachable!("{:?} is not of this group", accepted.change)
    };
    let restrictions = restrictions.as_ref().map(|restrictions| {
        state.restrictions.push((**restrictions).clone());
        state.restrictions.len() as u32 - 1
    });
    for (line, &(item, quantity)) in lots.iter().enumerate() {
        // On hand comes with the posting.
        state.lots.push(Lot {
            entry: accepted.index,
            line: line as u16,
            item,
            organization: accepted.organization,
            restrictions,
            quantity,
            on_hand: 0,
            assigned: 0,
            delivered: 0,
            reversed: false,
        });
    }
}
