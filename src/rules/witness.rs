//! Rules of what others say of a delivery: confirmations, disputes, and the organization's answers (spec section 11.7).

use crate::crypto::verify_strict;
use crate::event::EventId;
use crate::event::kinds::{DeliveryConfirmed, DeliveryDisputed, DisputeAnswered, Kind, dispute_message};
use crate::rules::check::{Accepted, Case, Change, Found};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::{DeliveryIx, Dispute, RecipientIx, State};

/// A delivery that stands: rule 510.
fn delivery_named(state: &State, id: &EventId) -> Result<DeliveryIx, Rejection> {
    match state.made_by(id, Kind::DeliveryMade).filter(|made| !made.reversed) {
        Some(made) => Ok(DeliveryIx(made.place)),
        None => Err(Rejection::new(Rule::DeliveryUnknown, "body.delivery", "a delivery that stands", id)),
    }
}

/// The recipient of a delivery.
pub(super) fn recipient_of(state: &State, delivery: DeliveryIx) -> RecipientIx {
    state.assignments[state.deliveries[delivery.at()].assignment.at()].recipient
}

pub(super) fn delivery_confirmed(case: &Case, body: &DeliveryConfirmed) -> Result<Found, Rejection> {
    let state = case.state;
    let delivery = delivery_named(state, &body.delivery)?;
    if state.made[state.deliveries[delivery.at()].entry as usize].signer == case.key {
        return Err(Rejection::new(Rule::ConfirmerIsMaker, "signer", "another key than the one that delivered", case.event.signer));
    }
    if state.confirmations.get(&delivery).is_some_and(|keys| keys.contains(&case.key)) {
        return Err(Rejection::new(Rule::ConfirmedAlready, "signer", "a key that has not confirmed it yet", case.event.signer));
    }
    Ok(Found { recipient: Some(recipient_of(state, delivery)), ..Change::DeliveryConfirmed { delivery }.into() })
}

pub(super) fn delivery_disputed(case: &Case, body: &DeliveryDisputed) -> Result<Found, Rejection> {
    let state = case.state;
    let delivery = delivery_named(state, &body.delivery)?;
    let recipient = recipient_of(state, delivery);
    if let Some(signature) = &body.signature {
        let Some(key) = &state.recipients[recipient.at()].key else {
            return Err(Rejection::new(Rule::DisputeKeyMissing, "body.signature", "no signature, since the recipient has no key", "one"));
        };
        if !verify_strict(**key, &dispute_message(&body.delivery), signature) {
            return Err(Rejection::new(Rule::DisputeSignature, "body.signature", format!("a signature by {key}"), "another"));
        }
    }
    Ok(Found { recipient: Some(recipient), ..Change::DeliveryDisputed { delivery }.into() })
}

pub(super) fn dispute_answered(case: &Case, body: &DisputeAnswered) -> Result<Found, Rejection> {
    let state = case.state;
    let made = state.ids.find(&body.event).map(|entry| state.made[entry as usize]);
    let Some(made) = made.filter(|made| body.flag.is_some() || made.kind == Kind::DeliveryDisputed) else {
        let expected = if body.flag.is_some() { "an event of this ledger" } else { "a dispute; to answer a flag, name the flag" };
        return Err(Rejection::new(Rule::DisputeUnknown, "body.event", expected, body.event));
    };
    let (answerable, recipient) = if body.flag.is_some() {
        (made.organization, None)
    } else {
        let delivery = state.disputes[made.place as usize].delivery;
        let entry = state.deliveries[delivery.at()].entry;
        (state.made[entry as usize].organization, Some(recipient_of(state, delivery)))
    };
    if answerable != case.organization {
        let found = format!("one of {}", state.organizations.code(answerable.0));
        return Err(Rejection::new(Rule::DisputeForeign, "body.event", format!("an event of {}", case.event.organization), found));
    }
    Ok(Found { recipient, ..Change::DisputeAnswered.into() })
}

pub(super) fn apply(state: &mut State, accepted: &Accepted<'_>) {
    match &accepted.change {
        Change::DeliveryConfirmed { delivery } => state.confirmations.entry(*delivery).or_default().push(accepted.signer),
        Change::DeliveryDisputed { delivery } => state.disputes.push(Dispute { delivery: *delivery }),
        Change::DisputeAnswered => {}
        change => unreachable!("{change:?} is not of this group"),
    }
}
