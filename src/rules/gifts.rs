//! Rules of gifts: what was promised, what is received and becomes lots, what goes back (spec section 11.4).

use crate::canonical::Set;
use crate::event::kinds::{Body, DonationPledged, DonationReceived, DonationReturned, Donor, DonorType, Kind, LotLine, Restrictions};
use crate::event::values::format_minor;
use crate::event::{Code, Draw, Quantity};
use crate::rules::check::{Accepted, Case, Change, Found};
use crate::rules::governance::{programme_named, region_named};
use crate::rules::postings::{Account, Posting};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::{ItemIx, Lot, LotIx, LotRestrictions, Pledge, PledgeIx, PledgeLine, State};

fn donor_named(donor: &Donor) -> Result<(), Rejection> {
    if donor.name.is_some() && !matches!(donor.r#type, DonorType::Organization | DonorType::Government) {
        let found = format!("a name for an {} donor", donor.r#type);
        return Err(Rejection::new(Rule::DonorNameForbidden, "body.donor.name", "no name", found));
    }
    Ok(())
}

/// Items and minor units of lines: rules 401, 403 and 404.
pub(super) fn lines_of(state: &State, member: &str, lines: &[LotLine]) -> Result<Vec<(ItemIx, u64)>, Rejection> {
    let mut found = Vec::with_capacity(lines.len());
    for (number, line) in lines.iter().enumerate() {
        let item = item_named(state, &format_args!("body.{member}[{number}].item"), &line.item)?;
        found.push((item, quantity_of(state, item, &line.quantity, &format_args!("body.{member}[{number}].quantity"))?));
    }
    Ok(found)
}

pub(super) fn donation_received(case: &Case, body: &DonationReceived) -> Result<Found, Rejection> {
    let state = case.state;
    donor_named(&body.donor)?;
    let lots = lines_of(state, "lots", &body.lots)?;
    let pledge = match &body.pledge {
        None => None,
        Some(id) => {
            let named = state.made_by(id, Kind::DonationPledged).map(|made| PledgeIx(made.place));
            let stands = |place: &PledgeIx| {
                let pledge = &state.pledges[place.at()];
                !pledge.reversed && pledge.organization == case.organization
            };
            let expected = format!("a pledge to {} that stands", case.event.organization);
            Some(named.filter(stands).ok_or_else(|| Rejection::new(Rule::PledgeUnknown, "body.pledge", expected, id))?)
        }
    };
    if let Some(receipt) = &body.receipt
        && state.locks.contains_key(receipt)
    {
        return Err(Rejection::new(Rule::LockUsed, "body.receipt", "a new receipt", receipt));
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
    Ok(Found { postings: postings.collect(), ..Change::DonationReceived { lots, pledge, restrictions }.into() })
}

pub(super) fn donation_pledged(case: &Case, body: &DonationPledged) -> Result<Found, Rejection> {
    donor_named(&body.donor)?;
    let lines = lines_of(case.state, "lines", &body.lines)?;
    Ok(Change::DonationPledged { lines }.into())
}

pub(super) fn donation_returned(case: &Case, body: &DonationReturned) -> Result<Found, Rejection> {
    let state = case.state;
    let subject = state.ids.find(&body.donation);
    let stands = |entry: &u32| {
        let made = state.made[*entry as usize];
        made.kind == Kind::DonationReceived && !made.reversed && made.organization == case.organization
    };
    let Some(donation) = subject.filter(stands) else {
        let expected = format!("a donation that {} received and that stands", case.event.organization);
        return Err(Rejection::new(Rule::DonationUnknown, "body.donation", expected, body.donation));
    };
    let draws = draws_on_hand(case, &body.draws, |line, lot| {
        if lot.entry != donation {
            let found = state.ids.at(lot.entry);
            return Err(Rejection::new(
                Rule::LotOtherDonation,
                format!("body.draws[{line}].lot"),
                format!("a lot of {}", body.donation),
                found,
            ));
        }
        Ok(())
    })?;
    Ok(Found {
        postings: moved(state, &draws, Account::OnHand, Account::Returned),
        ..Change::Moved { draws, programme: None, region: None }.into()
    })
}

/// Lots and minor units of draws on what the organization has on hand: rules 405, 406, 403, 404, 407, then what the caller asks, for each draw in turn.
pub(super) fn draws_on_hand(
    case: &Case,
    draws: &Set<Draw>,
    asked: impl Fn(usize, &Lot) -> Result<(), Rejection>,
) -> Result<Vec<(LotIx, u64)>, Rejection> {
    let state = case.state;
    let mut found = Vec::with_capacity(draws.len());
    for (line, draw) in draws.iter().enumerate() {
        let Some(place) = state.lot(&draw.lot).filter(|lot| !state.lots[lot.at()].reversed) else {
            return Err(Rejection::new(Rule::LotUnknown, format!("body.draws[{line}].lot"), "a lot that stands", draw.lot));
        };
        let lot = &state.lots[place.at()];
        if lot.organization != case.organization {
            let expected = format!("a lot of {}", case.event.organization);
            let found = format!("one of {}", state.organizations.code(lot.organization.0));
            return Err(Rejection::new(Rule::LotForeign, format!("body.draws[{line}].lot"), expected, found));
        }
        let quantity = quantity_of(state, lot.item, &draw.quantity, &format_args!("body.draws[{line}].quantity"))?;
        if quantity > lot.on_hand {
            let on_hand = format_minor(i128::from(lot.on_hand), state.items.at(lot.item.0).decimals);
            let field = format!("body.draws[{line}].quantity");
            return Err(Rejection::new(Rule::LotInsufficient, field, format!("at most {on_hand}"), draw.quantity));
        }
        asked(line, lot)?;
        found.push((place, quantity));
    }
    Ok(found)
}

/// The postings that move draws from one account to another.
pub(super) fn moved(state: &State, draws: &[(LotIx, u64)], source: Account, target: Account) -> Vec<Posting> {
    draws.iter().map(|&(lot, quantity)| Posting { lot, item: state.lots[lot.at()].item, quantity, source, target }).collect()
}

/// The place of an item that is named, or rule 401.
pub(super) fn item_named(state: &State, field: &dyn std::fmt::Display, code: &Code) -> Result<ItemIx, Rejection> {
    let found = state.items.find(code).map(ItemIx);
    found.ok_or_else(|| Rejection::new(Rule::ItemUnknown, field.to_string(), "a defined item", code))
}

/// The minor units of a quantity with the item's decimals: rule 403.
pub(super) fn decimals_of(state: &State, item: ItemIx, quantity: &Quantity, field: &dyn std::fmt::Display) -> Result<u64, Rejection> {
    let decimals = state.items.at(item.0).decimals;
    if quantity.decimals != decimals {
        let expected = format!("{decimals} digits after the point, as {} has", state.items.code(item.0));
        return Err(Rejection::new(Rule::QuantityDecimals, field.to_string(), expected, quantity));
    }
    Ok(quantity.minor)
}

/// The minor units of a quantity, checked against the item: rules 403 and 404.
pub(super) fn quantity_of(state: &State, item: ItemIx, quantity: &Quantity, field: &dyn std::fmt::Display) -> Result<u64, Rejection> {
    let minor = decimals_of(state, item, quantity, field)?;
    if minor == 0 {
        return Err(Rejection::new(Rule::QuantityZero, field.to_string(), "more than zero", quantity));
    }
    Ok(minor)
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
    match (&accepted.event.body, &accepted.change) {
        (Body::DonationReceived(body), Change::DonationReceived { lots, pledge, restrictions }) => {
            let restrictions = restrictions.as_ref().map(|restrictions| state.restricted.gift(restrictions));
            for (line, &(item, quantity)) in lots.iter().enumerate() {
                // On hand comes with the posting.
                state.lots.push(Lot::new(accepted.index, line, item, accepted.organization, restrictions, quantity));
            }
            state.locks.extend(body.receipt.map(|receipt| (receipt, accepted.index)));
            if let Some(pledge) = pledge {
                let row = &mut state.pledges[pledge.at()];
                row.donations += 1;
                for &(item, quantity) in lots {
                    if let Some(line) = row.lines.iter_mut().find(|line| line.item == item) {
                        line.received += u128::from(quantity);
                    }
                }
                state.pledge_of.insert(accepted.index, *pledge);
            }
        }
        (Body::DonationPledged(body), Change::DonationPledged { lines }) => state.pledges.push(Pledge {
            entry: accepted.index,
            organization: accepted.organization,
            lines: lines.iter().map(|&(item, quantity)| PledgeLine { item, quantity, received: 0 }).collect(),
            due: body.due,
            donations: 0,
            reversed: false,
        }),
        (body, change) => unreachable!("{} was accepted as {change:?}", body.kind()),
    }
}
