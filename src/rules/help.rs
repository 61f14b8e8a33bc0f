//! Rules of help: what is assigned to whom, what was delivered and what could not be (spec section 11.6).

use crate::canonical::Set;
use crate::crypto::Blake3Hash;
use crate::event::kinds::{AssignmentCancelled, AssignmentMade, Body, DeliveryFailed, DeliveryMade, Kind, Separation};
use crate::event::values::format_minor;
use crate::event::{Draw, EventId};
use crate::rules::check::{Accepted, Case, Change, Found};
use crate::rules::gifts::{draws_on_hand, moved, quantity_of};
use crate::rules::governance::programme_to_work_in;
use crate::rules::people::{not_withdrawn, recipient_named};
use crate::rules::postings::{Account, Posting};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::*;

pub(super) fn assignment_made(case: &Case, body: &AssignmentMade) -> Result<Found, Rejection> {
    let state = case.state;
    let programme = programme_to_work_in(case, "body.programme", &body.programme)?;
    let (place, recipient) = recipient_named(state, &body.recipient)?;
    if recipient.programme != programme {
        let found = state.programmes.code(recipient.programme.0);
        return Err(Rejection::new(
            Rule::RecipientOtherProgramme,
            "body.programme",
            format!("{found}, where the recipient is enrolled"),
            body.programme,
        ));
    }
    not_withdrawn(recipient)?;
    let row = state.programmes.at(programme.0);
    let day = case.event.time.date();
    if row.from.is_some_and(|from| day < from) || row.until.is_some_and(|until| day > until) {
        let bound = |day: Option<crate::event::Date>| day.map_or("open".to_owned(), |day| day.to_string());
        return Err(Rejection::new(Rule::ProgrammePeriod, "time", format!("from {} until {}", bound(row.from), bound(row.until)), day));
    }
    let need = body.need.as_ref().map(|id| need_named(state, id, place)).transpose()?;
    if let Some(lock) = &body.lock
        && state.locks.contains_key(lock)
    {
        return Err(Rejection::new(Rule::LockUsed, "body.lock", "a new lock", lock));
    }
    let draws = draws_on_hand(case, &body.draws, |line, lot| {
        match state.restriction_broken(lot, &state.use_for(lot, recipient, case.event.time)) {
            Some((rule, expected, found)) => Err(Rejection::new(rule, format!("body.draws[{line}].lot"), expected, found)),
            None => Ok(()),
        }
    })?;
    separate(case, Separation::EnrolAssign, recipient.entry, "enrolled the recipient")?;
    let postings = moved(state, &draws, Account::OnHand, Account::Assigned);
    Ok(Found { postings, recipient: Some(place), ..Change::AssignmentMade { draws, need }.into() })
}

fn need_named(state: &State, id: &EventId, recipient: RecipientIx) -> Result<NeedIx, Rejection> {
    let found = state.made_by(id, Kind::NeedRecorded).map(|made| NeedIx(made.place)).filter(|need| !state.needs[need.at()].reversed);
    let Some(need) = found else {
        return Err(Rejection::new(Rule::NeedUnknown, "body.need", "a need that stands", id));
    };
    if state.needs[need.at()].recipient != recipient {
        return Err(Rejection::new(Rule::NeedOtherRecipient, "body.need", "a need of the recipient", "another recipient's"));
    }
    Ok(need)
}

/// Rule 517: the signer is another key than the one that made an entry, where the policy keeps the two duties apart.
fn separate(case: &Case, duties: Separation, entry: u32, did: &str) -> Result<(), Rejection> {
    if case.state.policies.separates(case.organization, duties) && case.state.made[entry as usize].signer == case.key {
        let expected = format!("another key than the one that {did} ({duties})");
        return Err(Rejection::new(Rule::DutiesNotSeparate, "signer", expected, case.event.signer));
    }
    Ok(())
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
    Ok(Found { postings, recipient: Some(assignment.recipient), ..Change::AssignmentCancelled { assignment: place }.into() })
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
    separate(case, Separation::EnrolDeliver, state.recipients[assignment.recipient.at()].entry, "enrolled the recipient")?;
    separate(case, Separation::AssignDeliver, assignment.entry, "assigned")?;
    let served = served(state, assignment, &draws);
    Ok(Found { postings, recipient: Some(assignment.recipient), ..Change::DeliveryMade { assignment: place, draws, served }.into() })
}

pub(super) fn delivery_failed(case: &Case, body: &DeliveryFailed) -> Result<Found, Rejection> {
    let (place, assignment) = assignment_open(case, &body.assignment)?;
    if assignment.remaining().next().is_none() {
        let found = "one that was delivered in full";
        return Err(Rejection::new(Rule::AssignmentSettled, "body.assignment", "an assignment with a rest", found));
    }
    Ok(Found { recipient: Some(assignment.recipient), ..Change::DeliveryFailed { assignment: place }.into() })
}

/// Which needs a delivery serves: those of the need that the assignment names, else the recipient's, oldest first. What is more than is
/// needed serves none.
fn served(state: &State, assignment: &Assignment, draws: &[(LotIx, u64)]) -> Vec<Served> {
    let recipient = &state.recipients[assignment.recipient.at()];
    let needs: &[NeedIx] = match &assignment.need {
        Some(need) => std::slice::from_ref(need),
        None => &recipient.needs,
    };
    let mut served: Vec<Served> = Vec::new();
    for &(lot, quantity) in draws {
        let item = state.lots[lot.at()].item;
        let mut rest = quantity;
        for &need in needs {
            for (number, line) in state.needs[need.at()].lines.iter().enumerate().filter(|(_, line)| line.item == item) {
                let number = number as u16;
                let now: u64 = served.iter().filter(|one| one.need == need && one.line == number).map(|one| one.quantity).sum();
                let taken = rest.min(line.quantity - line.served - now);
                if taken > 0 {
                    served.push(Served { need, line: number, quantity: taken });
                    rest -= taken;
                }
            }
        }
    }
    served
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
        (Body::AssignmentMade(body), Change::AssignmentMade { draws, need }) => {
            if let Some(need) = need {
                state.needs[need.at()].assignments += 1;
            }
            let recipient: RecipientIx = accepted.recipient.expect("an assignment has a recipient");
            state.recipients[recipient.at()].assignments += 1;
            state.locks.extend(body.lock.map(|lock| (lock, accepted.index)));
            state.assignments.push(Assignment {
                entry: accepted.index,
                organization: accepted.organization,
                recipient,
                draws: draws.iter().map(|&(lot, quantity)| AssignedDraw { lot, quantity, delivered: 0 }).collect(),
                lock: body.lock.map(Box::new),
                need: *need,
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
        (_, Change::DeliveryFailed { .. }) => {}
        (Body::DeliveryMade(body), Change::DeliveryMade { assignment, draws, served }) => {
            let row = &mut state.assignments[assignment.at()];
            for &(lot, quantity) in draws {
                let assigned =
                    row.draws.iter_mut().find(|assigned| assigned.lot == lot).expect("the rules found the lot in the assignment");
                assigned.delivered += quantity;
            }
            row.code_used |= body.code.is_some();
            for part in served {
                state.needs[part.need.at()].lines[usize::from(part.line)].served += part.quantity;
            }
            if let Some(volunteer) = state.volunteer_keys.get(&accepted.signer) {
                state.volunteers[volunteer.at()].deliveries += 1;
            }
            state.deliveries.push(Delivery {
                entry: accepted.index,
                assignment: *assignment,
                draws: draws.as_slice().into(),
                served: served.as_slice().into(),
                acknowledged: body.code.is_some(),
            });
        }
        (body, change) => unreachable!("{} was accepted as {change:?}", body.kind()),
    }
}
