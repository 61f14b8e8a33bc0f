//! Rules of control: undoing what was entered in error, in the open, and auditors' opinions (spec section 11.9).
//!
//! A reversal turns every posting of its subject around. It is refused while anything that stands depends on the subject: whoever wants to reverse
//! a gift that was handed out reverses the deliveries and assignments first, so each correction is an event of its own.

use crate::event::kinds::{AuditAttested, EventReversed, Kind};
use crate::rules::check::{Case, Change, Found, roles_for};
use crate::rules::gifts::moved;
use crate::rules::governance::programme_named;
use crate::rules::help::release;
use crate::rules::postings::{Account, Posting};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::{DeliveryIx, KeyIx, Lot, Made, RecipientIx, RoleSet, State};
use crate::rules::witness::recipient_of;

/// Whether events of a kind can be reversed: rule 601.
pub const fn reversible(kind: Kind) -> bool {
    match kind {
        Kind::RecipientEnrolled
        | Kind::RecipientWithdrawn
        | Kind::NeedRecorded
        | Kind::DonationPledged
        | Kind::DonationReceived
        | Kind::DonationReturned
        | Kind::PurchaseMade
        | Kind::TransferSent
        | Kind::TransferAccepted
        | Kind::ExpensePaid
        | Kind::LossRecorded
        | Kind::StockCounted
        | Kind::AssignmentMade
        | Kind::AssignmentCancelled
        | Kind::DeliveryMade
        | Kind::DeliveryFailed
        | Kind::DeliveryConfirmed
        | Kind::ServiceRecorded
        | Kind::RecognitionAwarded => true,
        Kind::LedgerOpened
        | Kind::OrganizationRegistered
        | Kind::OrganizationSuspended
        | Kind::OrganizationReinstated
        | Kind::KeyGranted
        | Kind::KeyRevoked
        | Kind::ItemDefined
        | Kind::RegionDefined
        | Kind::ProgrammeOpened
        | Kind::ProgrammeClosed
        | Kind::PolicyChanged
        | Kind::DeliveryDisputed
        | Kind::DisputeAnswered
        | Kind::ApprovalGiven
        | Kind::AuditAttested
        | Kind::EventReversed
        | Kind::VolunteerJoined => false,
    }
}

pub(super) fn event_reversed(case: &Case, body: &EventReversed) -> Result<Found, Rejection> {
    let state = case.state;
    let Some(subject) = state.ids.find(&body.event) else {
        return Err(Rejection::new(Rule::EventUnknown, "body.event", "an event of this ledger", body.event));
    };
    let made = state.made[subject as usize];
    if !reversible(made.kind) {
        return Err(Rejection::new(Rule::EventNotReversible, "body.event", "an event of a kind that can be reversed", made.kind));
    }
    if made.organization != case.organization {
        let found = format!("one of {}", state.organizations.code(made.organization.0));
        return Err(Rejection::new(Rule::EventForeign, "body.event", format!("an event of {}", case.event.organization), found));
    }
    let roles = roles_for(made.kind);
    if !case.roles.meets(RoleSet::of(roles)) {
        let words = roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(" or ");
        let expected = format!("a key with the role {words}, as for the event itself");
        return Err(Rejection::new(Rule::RoleMissing, "signer", expected, "a key without it"));
    }
    if made.reversed {
        return Err(Rejection::new(Rule::EventAlreadyReversed, "body.event", "an event that stands", format!("{}, reversed", body.event)));
    }
    if let Some(what) = consequence(state, subject, made) {
        return Err(Rejection::new(Rule::EventHasConsequences, "body.event", "an event on which nothing depends", what));
    }
    let (postings, recipient) = undone(state, subject, made);
    Ok(Found { postings, recipient, ..Change::EventReversed { subject }.into() })
}

/// What stands and depends on an event that stands.
fn consequence(state: &State, subject: u32, made: Made) -> Option<&'static str> {
    let place = made.place as usize;
    let touched = |lot: &Lot| lot.on_hand != lot.quantity;
    match made.kind {
        Kind::RecipientEnrolled => {
            let recipient = &state.recipients[place];
            match recipient {
                _ if recipient.assignments > 0 => Some("an enrolment with assignments: reverse them first"),
                _ if !recipient.needs.is_empty() => Some("an enrolment with needs: reverse them first"),
                _ if recipient.withdrawn => Some("an enrolment that was withdrawn: reverse the withdrawal first"),
                _ => None,
            }
        }
        Kind::NeedRecorded => {
            let need = &state.needs[place];
            let depends = need.assignments > 0 || need.lines.iter().any(|line| line.served > 0);
            depends.then_some("a need that was answered: reverse the assignments and deliveries first")
        }
        Kind::DonationPledged => (state.pledges[place].donations > 0).then_some("a pledge that was kept: reverse the donations first"),
        Kind::DonationReceived => {
            let any = state.lots_of(subject).any(|(_, lot)| touched(lot));
            any.then_some("a gift that was drawn on: reverse what drew on it first")
        }
        Kind::PurchaseMade => {
            let any = state.lots_of(subject).any(|(_, lot)| touched(lot));
            any.then_some("a purchase that was drawn on: reverse what drew on it first")
        }
        Kind::TransferSent => state.movements[place].other.is_some().then_some("a transfer that was accepted"),
        Kind::TransferAccepted => {
            let any = state.lots_of(subject).any(|(_, lot)| touched(lot));
            any.then_some("an acceptance that was drawn on: reverse what drew on it first")
        }
        Kind::AssignmentMade => {
            let assignment = &state.assignments[place];
            match assignment {
                _ if assignment.cancelled => Some("an assignment that was cancelled: reverse the cancellation first"),
                _ if assignment.delivered_any() => Some("an assignment that was delivered from: reverse the deliveries first"),
                _ => None,
            }
        }
        Kind::AssignmentCancelled => {
            let assignment = &state.assignments[place];
            if state.recipients[assignment.recipient.at()].reversed {
                return Some("a cancellation whose recipient's enrolment was reversed since");
            }
            let gone = release(state, assignment).into_iter().any(|posting| state.lots[posting.lot.at()].on_hand < posting.quantity);
            gone.then_some("a cancellation whose goods were used since")
        }
        Kind::DeliveryMade => {
            let assignment = &state.assignments[state.deliveries[place].assignment.at()];
            assignment.cancelled.then_some("a delivery whose assignment's rest was cancelled: reverse the cancellation first")
        }
        _ => None,
    }
}

/// The postings that undo an event, and the recipient that it concerned.
fn undone(state: &State, subject: u32, made: Made) -> (Vec<Posting>, Option<RecipientIx>) {
    let place = made.place as usize;
    // What lots came from outside goes back there.
    let lots_back = |source: Account| {
        let back = |(lot, row): (_, &Lot)| Posting { lot, item: row.item, quantity: row.quantity, source: Account::OnHand, target: source };
        state.lots_of(subject).map(back).collect::<Vec<_>>()
    };
    let draws_back = |account: Account| moved(state, &state.movements[place].draws, account, Account::OnHand);
    match made.kind {
        Kind::RecipientEnrolled | Kind::RecipientWithdrawn => (Vec::new(), Some(RecipientIx(made.place))),
        Kind::NeedRecorded => (Vec::new(), Some(state.needs[place].recipient)),
        Kind::DonationReceived => (lots_back(Account::Donor), None),
        Kind::DonationReturned => (draws_back(Account::Returned), None),
        Kind::PurchaseMade => {
            let mut postings = lots_back(Account::Supplier);
            postings.extend(draws_back(Account::Spent));
            (postings, None)
        }
        Kind::TransferSent => (draws_back(Account::InTransit), None),
        Kind::TransferAccepted => {
            let mut postings = lots_back(Account::TransferredIn);
            let acceptance = &state.movements[place];
            let transfer = &state.movements[acceptance.other.expect("an acceptance has a transfer").at()];
            for &(lot, sent) in &transfer.draws {
                let item = state.lots[lot.at()].item;
                let arrived = acceptance.draws.iter().find(|(drawn, _)| *drawn == lot).map_or(0, |(_, quantity)| *quantity);
                for (quantity, source) in [(arrived, Account::TransferredOut), (sent - arrived, Account::Lost)] {
                    if quantity > 0 {
                        postings.push(Posting { lot, item, quantity, source, target: Account::InTransit });
                    }
                }
            }
            (postings, None)
        }
        Kind::ExpensePaid => (draws_back(Account::Spent), None),
        Kind::LossRecorded => (draws_back(Account::Lost), None),
        Kind::AssignmentMade => {
            let assignment = &state.assignments[place];
            (release(state, assignment), Some(assignment.recipient))
        }
        Kind::AssignmentCancelled => {
            let assignment = &state.assignments[place];
            // The rest of a cancelled assignment is what its draws say, though nothing of it is set aside now.
            (release(state, assignment).into_iter().map(Posting::turned).collect(), Some(assignment.recipient))
        }
        Kind::DeliveryMade => {
            let delivery = &state.deliveries[place];
            let recipient = state.assignments[delivery.assignment.at()].recipient;
            (moved(state, &delivery.draws, Account::Delivered, Account::Assigned), Some(recipient))
        }
        Kind::DeliveryFailed => (Vec::new(), Some(state.assignments[place].recipient)),
        Kind::DeliveryConfirmed => (Vec::new(), Some(recipient_of(state, DeliveryIx(made.place)))),
        _ => (Vec::new(), None),
    }
}

pub(super) fn audit_attested(case: &Case, body: &AuditAttested) -> Result<Found, Rejection> {
    let state = case.state;
    body.programme.as_ref().map(|code| programme_named(state, "body.programme", code)).transpose()?;
    if !(1..=state.size()).contains(&body.size) {
        return Err(Rejection::new(Rule::AttestedSize, "body.size", format!("1 to {}", state.size()), body.size));
    }
    if let Some(sample) = &body.sample {
        let ordered = sample.failed <= sample.drawn && sample.drawn <= sample.population;
        if !ordered || sample.confidence_permille >= 1000 || sample.tolerable_permille >= 1000 {
            return Err(Rejection::new(Rule::SampleFigures, "body.sample", "failed <= drawn <= population, shares below 1000", "others"));
        }
    }
    Ok(Change::AuditAttested.into())
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
        Kind::RecipientWithdrawn => state.recipients[place].withdrawn = false,
        Kind::NeedRecorded => {
            let need = &mut state.needs[place];
            need.reversed = true;
            let needs = &mut state.recipients[need.recipient.at()].needs;
            needs.retain(|other| other.at() != place);
        }
        Kind::DonationPledged => state.pledges[place].reversed = true,
        Kind::DonationReceived | Kind::PurchaseMade | Kind::TransferAccepted => {
            let first = state.first_lot(subject).expect("these kinds make lots").at();
            state.lots[first..].iter_mut().take_while(|lot| lot.entry == subject).for_each(|lot| lot.reversed = true);
            if let Some(&pledge) = state.pledge_of.get(&subject) {
                let lots: Vec<_> = state.lots_of(subject).map(|(_, lot)| (lot.item, lot.quantity)).collect();
                let row = &mut state.pledges[pledge.at()];
                row.donations -= 1;
                for (item, quantity) in lots {
                    if let Some(line) = row.lines.iter_mut().find(|line| line.item == item) {
                        line.received -= u128::from(quantity);
                    }
                }
            }
            if made.kind == Kind::TransferAccepted {
                let transfer = state.movements[place].other.expect("an acceptance has a transfer");
                state.movements[transfer.at()].other = None;
            }
        }
        Kind::AssignmentMade => {
            let assignment = &mut state.assignments[place];
            assignment.reversed = true;
            state.recipients[assignment.recipient.at()].assignments -= 1;
            if let Some(need) = assignment.need {
                state.needs[need.at()].assignments -= 1;
            }
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
            for part in &delivery.served {
                state.needs[part.need.at()].lines[usize::from(part.line)].served -= part.quantity;
            }
            // Only deliveries since the key was named as the volunteer's were counted.
            if let Some(volunteer) = state.volunteer_keys.get(&made.signer)
                && state.volunteers[volunteer.at()].entry < subject
            {
                state.volunteers[volunteer.at()].deliveries -= 1;
            }
        }
        Kind::DeliveryConfirmed => unconfirm(state, DeliveryIx(made.place), made.signer),
        Kind::ServiceRecorded => {
            let service = state.services[place];
            state.volunteers[service.volunteer.at()].minutes -= u64::from(service.minutes);
        }
        Kind::RecognitionAwarded => {
            let (volunteer, award) = state.recognitions[place];
            state.volunteers[volunteer.at()].awards &= !award.bit();
        }
        _ => {}
    }
    state.made[subject as usize].reversed = true;
    if let Some(reference) = state.reference_of.remove(&subject) {
        state.references.remove(&(made.organization, reference));
    }
}

fn unconfirm(state: &mut State, delivery: DeliveryIx, key: KeyIx) {
    let keys = state.confirmations.get_mut(&delivery).expect("the confirmation that is reversed is there");
    keys.retain(|other| *other != key);
    if keys.is_empty() {
        state.confirmations.remove(&delivery);
    }
}
