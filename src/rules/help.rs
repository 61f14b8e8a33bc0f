//! Rules of help: what is assigned to whom, and what was delivered (spec section 11.5).

use crate::canonical::Set;
use crate::crypto::Blake3Hash;
use crate::event::kinds::{AssignmentCancelled, AssignmentMade, Body, DeliveryMade, Kind};
use crate::event::values::format_minor;
use crate::event::{Draw, EventId};
use crate::rules::check::{Accepted, Case, Change, Found};
use crate::rules::gifts::quantity_of;
use crate::rules::governance::programme_to_work_in;
use crate::rules::postings::{Account, Posting};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::{AssignedDraw, Assignment, AssignmentIx, Delivery, LotIx, RecipientIx, State};

pub(super) fn assignment_made(case: &Case, body: &AssignmentMade) -> Result<Found, Rejection> {
    let state = case.state;
    let programme = programme_to_work_in(case, &body.programme)?;
    let Some(&place) = state.recipient_of.get(&body.recipient).filter(|place| !state.recipients[place.at()].reversed) else {
        return Err(Rejection::new(Rule::RecipientUnknown, "body.recipient", "an enrolled recipient", body.recipient));
    };
    let recipient = &state.recipients[place.at()];
    if recipient.programme != programme {
        let found = state.programmes.code(recipient.programme.0);
        return Err(Rejection::new(
            Rule::RecipientOtherProgramme,
            "body.programme",
            format!("{found}, where the recipient is enrolled"),
            body.programme,
        ));
    }
    let row = state.programmes.at(programme.0);
    let day = case.event.time.date();
    if row.from.is_some_and(|from| day < from) || row.until.is_some_and(|until| day > until) {
        let bound = |day: Option<crate::event::Date>| day.map_or("open".to_owned(), |day| day.to_string());
        return Err(Rejection::new(Rule::ProgrammePeriod, "time", format!("from {} until {}", bound(row.from), bound(row.until)), day));
    }
    if let Some(lock) = &body.lock
        && state.locks.contains(lock)
    {
        return Err(Rejection::new(Rule::LockUsed, "body.lock", "a new lock", lock));
    }
    let mut draws = Vec::with_capacity(body.draws.len());
    let mut postings = Vec::with_capacity(body.draws.len());
    for (line, draw) in body.draws.iter().enumerate() {
        let Some(lot_ix) = state.lot(&draw.lot).filter(|lot| !state.lots[lot.at()].reversed) else {
            return Err(Rejection::new(Rule::LotUnknown, format!("body.draws[{line}].lot"), "a lot that stands", draw.lot));
        };
        let lot = &state.lots[lot_ix.at()];
        if lot.organization != case.organization {
            let found = format!("one of {}", state.organizations.code(lot.organization.0));
            return Err(Rejection::new(
                Rule::LotForeign,
                format!("body.draws[{line}].lot"),
                format!("a lot of {}", case.event.organization),
                found,
            ));
        }
        let quantity = quantity_of(state, lot.item, &draw.quantity, &format_args!("body.draws[{line}].quantity"))?;
        if quantity > lot.on_hand {
            let on_hand = format_minor(i128::from(lot.on_hand), state.items.at(lot.item.0).decimals);
            return Err(Rejection::new(
                Rule::LotInsufficient,
                format!("body.draws[{line}].quantity"),
                format!("at most {on_hand}"),
                draw.quantity,
            ));
        }
        if let Some((rule, expected, found)) = state.restriction_broken(lot, recipient, case.event.time) {
            return Err(Rejection::new(rule, format!("body.draws[{line}].lot"), expected, found));
        }
        draws.push((lot_ix, quantity));
        postings.push(Posting { lot: lot_ix, item: lot.item, quantity, source: Account::OnHand, target: Account::Assigned });
    }
    Ok(Found { postings, recipient: Some(place), change: Change::AssignmentMade { draws } })
}

/// An assignment of this organization that stands and is not cancelled: rules 500 to 502.
fn assignment_open<'a>(case: &Case<'a>, id: &EventId) -> Result<(AssignmentIx, &'a Assignment), Rejection> {
    let state = case.state;
    let found = state
        .made_by(id, Kind::AssignmentMade)
        .map(|made| AssignmentIx(made.place))
        .filter(|place| !state.assignments[place.at()].reversed);
    let Some(place) = found else {
        return Err(Rejection::new(Rule::AssignmentUnknown, "body.assignment", "an assignment that stands", id));
    };
    let assignment = &state.assignments[place.at()];
    if assignment.organization != case.organization {
        let found = format!("one of {}", state.organizations.code(assignment.organization.0));
        return Err(Rejection::new(
            Rule::AssignmentForeign,
            "body.assignment",
            format!("an assignment of {}", case.event.organization),
            found,
        ));
    }
    if assignment.cancelled {
        return Err(Rejection::new(
            Rule::AssignmentCancelled,
            "body.assignment",
            "an assignment that is not cancelled",
            format!("{id}, cancelled"),
        ));
    }
    Ok((place, assignment))
}

/// The postings of an assignment's rest, from assigned back on hand.
pub(super) fn release(state: &State, assignment: &Assignment) -> Vec<Posting> {
    let postings = assignment.draws.iter().filter(|draw| draw.quantity > draw.delivered).map(|draw| Posting {
        lot: draw.lot,
        item: state.lots[draw.lot.at()].item,
        quantity: draw.quantity - draw.delivered,
        source: Account::Assigned,
        target: Account::OnHand,
    });
    postings.collect()
}

pub(super) fn assignment_cancelled(case: &Case, body: &AssignmentCancelled) -> Result<Found, Rejection> {
    let (place, assignment) = assignment_open(case, &body.assignment)?;
    let postings = release(case.state, assignment);
    if postings.is_empty() {
        return Err(Rejection::new(
            Rule::AssignmentSettled,
            "body.assignment",
            "an assignment with a rest",
            "one that was delivered in full",
        ));
    }
    Ok(Found { postings, recipient: Some(assignment.recipient), change: Change::AssignmentCancelled { assignment: place } })
}

pub(super) fn delivery_made(case: &Case, body: &DeliveryMade) -> Result<Found, Rejection> {
    let state = case.state;
    let (place, assignment) = assignment_open(case, &body.assignment)?;
    let (draws, postings) = delivered_draws(state, assignment, &body.draws)?;
    if let Some(code) = &body.code {
        let Some(lock) = &assignment.lock else {
            return Err(Rejection::new(Rule::CodeWithoutLock, "body.code", "no code, since the assignment has no lock", "a code"));
        };
        if Blake3Hash::of(code.0.as_bytes()) != **lock {
            return Err(Rejection::new(Rule::CodeMismatch, "body.code", "the code whose BLAKE3 is the lock", "another code"));
        }
        if assignment.code_used {
            return Err(Rejection::new(Rule::CodeUsed, "body.code", "no code, since it was shown before", "the same code"));
        }
    }
    Ok(Found { postings, recipient: Some(assignment.recipient), change: Change::DeliveryMade { assignment: place, draws } })
}

type Delivered = (Vec<(LotIx, u64)>, Vec<Posting>);

fn delivered_draws(state: &State, assignment: &Assignment, named: &Set<Draw>) -> Result<Delivered, Rejection> {
    let mut draws = Vec::with_capacity(named.len());
    let mut postings = Vec::with_capacity(named.len());
    for (line, draw) in named.iter().enumerate() {
        let lot = state.lot(&draw.lot);
        let Some(assigned) = assignment.draws.iter().find(|assigned| Some(assigned.lot) == lot) else {
            return Err(Rejection::new(Rule::DrawNotAssigned, format!("body.draws[{line}].lot"), "a lot of the assignment", draw.lot));
        };
        let item = state.lots[assigned.lot.at()].item;
        let quantity = quantity_of(state, item, &draw.quantity, &format_args!("body.draws[{line}].quantity"))?;
        let rest = assigned.quantity - assigned.delivered;
        if quantity > rest {
            let rest = format_minor(i128::from(rest), draw.quantity.decimals);
            return Err(Rejection::new(
                Rule::DeliveryExceedsAssigned,
                format!("body.draws[{line}].quantity"),
                format!("at most {rest}"),
                draw.quantity,
            ));
        }
        draws.push((assigned.lot, quantity));
        postings.push(Posting { lot: assigned.lot, item, quantity, source: Account::Assigned, target: Account::Delivered });
    }
    Ok((draws, postings))
}

pub(super) fn apply(state: &mut State, accepted: &Accepted<'_>) {
    match (&accepted.event.body, &accepted.change) {
        (Body::AssignmentMade(body), Change::AssignmentMade { draws }) => {
            let recipient: RecipientIx = accepted.recipient.expect("an assignment has a recipient");
            state.recipients[recipient.at()].assignments += 1;
            state.locks.extend(body.lock);
            state.assignments.push(Assignment {
                entry: accepted.index,
                organization: accepted.organization,
                recipient,
                draws: draws.iter().map(|&(lot, quantity)| AssignedDraw { lot, quantity, delivered: 0 }).collect(),
                lock: body.lock.map(Box::new),
                due: body.due,
                code_used: false,
                cancelled: false,
                reversed: false,
            });
        }
        (_, Change::AssignmentCancelled { assignment }) => {
            let row = &mut state.assignments[assignment.at()];
            row.cancelled = true;
            if !row.delivered_any() {
                state.recipients[row.recipient.at()].assignments -= 1;
            }
        }
        (Body::DeliveryMade(body), Change::DeliveryMade { assignment, draws }) => {
            let row = &mut state.assignments[assignment.at()];
            for &(lot, quantity) in draws {
                let assigned =
                    row.draws.iter_mut().find(|assigned| assigned.lot == lot).expect("the rules found the lot in the assignment");
                assigned.delivered += quantity;
            }
            row.code_used |= body.code.is_some();
            state.deliveries.push(Delivery { assignment: *assignment, draws: draws.as_slice().into() });
        }
        (body, change) => unreachable!("{} was accepted as {change:?}", body.kind()),
    }
}
