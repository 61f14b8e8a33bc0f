//! Rules of control: undoing what was entered in error, in the open (spec section 11.6).
//!
//! A reversal turns every posting of its subject around. It is refused while anything that stands depends on the subject: whoever wants to reverse
//! a gift that was handed out reverses the deliveries and assignments first, so each correction is an event of its own.

use crate::event::kinds::{EventReversed, Kind};
use crate::rules::check::{Case, Change, Found, roles_for};
use crate::rules::help::release;
use crate::rules::postings::{Account, Posting};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::{RoleSet, State};

pub(super) fn event_reversed(case: &Case, body: &EventReversed) -> Result<Found, Rejection> {
    let state = case.state;
    let Some(subject) = state.ids.find(&body.event) else {
        return Err(Rejection::new(Rule::EventUnknown, "body.event", "an event of this ledger", body.event));
    };
    let made = state.made[subject as usize];
    let reversible = matches!(
        made.kind,
        Kind::RecipientEnrolled | Kind::DonationReceived | Kind::AssignmentMade | Kind::AssignmentCancelled | Kind::DeliveryMade
    );
    if !reversible {
        return Err(Rejection::new(Rule::EventNotReversible, "body.event", "an event of a kind that can be reversed", made.kind));
    }
    if made.organization != case.organization {
        let found = format!("one of {}", state.organizations.code(made.organization.0));
        return Err(Rejection::new(Rule::EventForeign, "body.event", format!("an event of {}", case.event.organization), found));
    }
    let roles = roles_for(made.kind);
    if !case.roles.meets(RoleSet::of(roles)) {
        let expected = format!("a key with the role {}, as for the event itself", roles[0]);
        return Err(Rejection::new(Rule::RoleMissing, "signer", expected, "a key without it"));
    }
    if made.reversed {
        return Err(Rejection::new(Rule::EventAlreadyReversed, "body.event", "an event that stands", format!("{}, reversed", body.event)));
    }
    let blocked = |what: &str| Err(Rejection::new(Rule::EventHasConsequences, "body.event", "an event on which nothing depends", what));
    let (postings, recipient): (Vec<Posting>, _) = match made.kind {
        Kind::RecipientEnrolled => {
            if state.recipients[made.place as usize].assignments > 0 {
                return blocked("an enrolment with assignments: reverse them first");
            }
            (Vec::new(), Some(crate::rules::state::RecipientIx(made.place)))
        }
        Kind::DonationReceived => {
            let lots = state.lots[made.place as usize..].iter().take_while(|lot| lot.entry == subject);
            if lots.clone().any(|lot| lot.on_hand != lot.quantity) {
                return blocked("a gift that was assigned from: cancel or reverse the assignments first");
            }
            let postings = lots.enumerate().map(|(line, lot)| Posting {
                lot: crate::rules::state::LotIx(made.place + line as u32),
                item: lot.item,
                quantity: lot.quantity,
                source: Account::OnHand,
                target: Account::Donor,
            });
            (postings.collect(), None)
        }
        Kind::AssignmentMade => {
            let assignment = &state.assignments[made.place as usize];
            if assignment.cancelled {
                return blocked("an assignment that was cancelled: reverse the cancellation first");
            }
            if assignment.delivered_any() {
                return blocked("an assignment that was delivered from: reverse the deliveries first");
            }
            (release(state, assignment), Some(assignment.recipient))
        }
        Kind::AssignmentCancelled => {
            let assignment = &state.assignments[made.place as usize];
            if state.recipients[assignment.recipient.at()].reversed {
                return blocked("a cancellation whose recipient's enrolment was reversed since");
            }
            let postings: Vec<_> = release(state, assignment).into_iter().map(Posting::turned).collect();
            if postings.iter().any(|posting| state.lots[posting.lot.at()].on_hand < posting.quantity) {
                return blocked("a cancellation whose goods were assigned again");
            }
            (postings, Some(assignment.recipient))
        }
        Kind::DeliveryMade => {
            let delivery = &state.deliveries[made.place as usize];
            let assignment = &state.assignments[delivery.assignment.at()];
            if assignment.cancelled {
                return blocked("a delivery whose assignment's rest was cancelled: reverse the cancellation first");
            }
            let postings = delivery.draws.iter().map(|&(lot, quantity)| Posting {
                lot,
                item: state.lots[lot.at()].item,
                quantity,
                source: Account::Delivered,
                target: Account::Assigned,
            });
            (postings.collect(), Some(assignment.recipient))
        }
        kind => unreachable!("{kind} is not reversible"),
    };
    Ok(Found { postings, recipient, change: Change::EventReversed { subject } })
}

/// Undoes what the subject made; its quantities move with the postings.
pub(super) fn apply(state: &mut State, subject: u32) {
    let made = state.made[subject as usize];
    let place = made.place as usize;
    match made.kind {
        Kind::RecipientEnrolled => {
            let recipient = &mut state.recipients[place];
            recipient.reversed = true;
            if let Some(tag) = &recipient.uniqueness {
                state.uniqueness.remove(&(recipient.programme, **tag));
            }
        }
        Kind::DonationReceived => state.lots[place..].iter_mut().take_while(|lot| lot.entry == subject).for_each(|lot| lot.reversed = true),
        Kind::AssignmentMade => {
            let assignment = &mut state.assignments[place];
            assignment.reversed = true;
            state.recipients[assignment.recipient.at()].assignments -= 1;
        }
        Kind::AssignmentCancelled => {
            let assignment = &mut state.assignments[place];
            assignment.cancelled = false;
            if !assignment.delivered_any() {
                state.recipients[assignment.recipient.at()].assignments += 1;
            }
        }
        Kind::DeliveryMade => {
            let delivery = &state.deliveries[place];
            let assignment = &mut state.assignments[delivery.assignment.at()];
            for &(lot, quantity) in &delivery.draws {
                let assigned =
                    assignment.draws.iter_mut().find(|assigned| assigned.lot == lot).expect("a delivery's lots are its assignment's");
                assigned.delivered -= quantity;
            }
        }
        kind => unreachable!("{kind} is not reversible"),
    }
    state.made[subject as usize].reversed = true;
    if let Some(reference) = state.reference_of.remove(&subject) {
        state.references.remove(&(made.organization, reference));
    }
}
