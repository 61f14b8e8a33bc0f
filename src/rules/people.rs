//! Rules of people in need: who is enrolled in what, and what they lack (spec section 11.3).

use crate::event::Token;
use crate::event::kinds::{Body, NeedRecorded, RecipientEnrolled, RecipientType, RecipientWithdrawn};
use crate::rules::check::{Accepted, Case, Change, Found};
use crate::rules::gifts::lines_of;
use crate::rules::governance::{admit, programme_to_work_in, region_named};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::{Need, NeedIx, NeedLine, Recipient, RecipientIx, State};

pub(super) fn recipient_enrolled(case: &Case, body: &RecipientEnrolled) -> Result<Found, Rejection> {
    let state = case.state;
    if body.name.is_some() && !matches!(body.r#type, RecipientType::Community | RecipientType::Facility) {
        return Err(Rejection::new(Rule::RecipientNameForbidden, "body.name", "no name", format!("a name for a {}", body.r#type)));
    }
    let programme = programme_to_work_in(case, "body.programme", &body.programme)?;
    let region = region_named(state, "body.region", &body.region)?;
    if state.recipient_of.contains_key(&body.recipient) {
        return Err(Rejection::new(Rule::RecipientExists, "body.recipient", "a new token", body.recipient));
    }
    let row = state.programmes.at(programme.0);
    if let Some(types) = &row.recipient_types
        && !types.contains(&body.r#type)
    {
        let expected = types.iter().map(|t| t.word()).collect::<Vec<_>>().join(" or ");
        return Err(Rejection::new(Rule::RecipientTypeNotEligible, "body.type", expected, body.r#type));
    }
    if let Some(regions) = &row.regions
        && !state.lies_in(region, regions)
    {
        let expected = regions.iter().map(|r| state.regions.code(r.0).to_string()).collect::<Vec<_>>().join(" or ");
        return Err(Rejection::new(Rule::RecipientRegionNotEligible, "body.region", format!("in {expected}"), body.region));
    }
    if let Some(tag) = &body.uniqueness
        && state.uniqueness.contains(&(programme, *tag))
    {
        return Err(Rejection::new(Rule::UniquenessTagSeen, "body.uniqueness", "a tag not seen in this programme", tag));
    }
    if let Some(key) = &body.key {
        admit("body.key", key)?;
        if state.recipient_keys.contains_key(key)
            || state.keys.contains_key(key)
            || state.opening.as_ref().is_some_and(|o| o.log_key == *key)
        {
            return Err(Rejection::new(Rule::RecipientKeyTaken, "body.key", "a new key", key));
        }
    }
    let recipient = Some(RecipientIx(state.recipients.len() as u32));
    Ok(Found { recipient, ..Change::RecipientEnrolled { programme, region }.into() })
}

/// A recipient whose enrolment stands, withdrawn or not: rule 301.
pub(super) fn recipient_named<'s>(state: &'s State, token: &Token) -> Result<(RecipientIx, &'s Recipient), Rejection> {
    match state.recipient_of.get(token).map(|place| (*place, &state.recipients[place.at()])).filter(|(_, recipient)| !recipient.reversed) {
        Some(found) => Ok(found),
        None => Err(Rejection::new(Rule::RecipientUnknown, "body.recipient", "an enrolled recipient", token)),
    }
}

/// Rule 307.
pub(super) fn not_withdrawn(recipient: &Recipient) -> Result<(), Rejection> {
    if recipient.withdrawn {
        let found = format!("{}, withdrawn", recipient.token);
        return Err(Rejection::new(Rule::RecipientWithdrawn, "body.recipient", "a recipient that was not withdrawn", found));
    }
    Ok(())
}

pub(super) fn recipient_withdrawn(case: &Case, body: &RecipientWithdrawn) -> Result<Found, Rejection> {
    let state = case.state;
    let (place, recipient) = recipient_named(state, &body.recipient)?;
    let enrolled_by = state.made[recipient.entry as usize].organization;
    if case.organization != enrolled_by && case.organization != state.programmes.at(recipient.programme.0).organization {
        let found = format!("one of {}", state.organizations.code(enrolled_by.0));
        return Err(Rejection::new(Rule::RecipientForeign, "body.recipient", format!("a recipient of {}", case.event.organization), found));
    }
    not_withdrawn(recipient)?;
    Ok(Found { recipient: Some(place), ..Change::RecipientWithdrawn.into() })
}

pub(super) fn need_recorded(case: &Case, body: &NeedRecorded) -> Result<Found, Rejection> {
    let state = case.state;
    let (place, recipient) = recipient_named(state, &body.recipient)?;
    programme_to_work_in(case, "body.recipient", &state.programmes.code(recipient.programme.0))?;
    not_withdrawn(recipient)?;
    let lines = lines_of(state, "lines", &body.lines)?;
    Ok(Found { recipient: Some(place), ..Change::NeedRecorded { lines }.into() })
}

pub(super) fn apply(state: &mut State, accepted: &Accepted<'_>) {
    match (&accepted.event.body, &accepted.change) {
        (Body::RecipientEnrolled(body), Change::RecipientEnrolled { programme, region }) => {
            let place = RecipientIx(state.recipients.len() as u32);
            state.recipients.push(Recipient {
                token: body.recipient,
                entry: accepted.index,
                programme: *programme,
                region: *region,
                r#type: body.r#type,
                uniqueness: body.uniqueness.map(Box::new),
                key: body.key.map(Box::new),
                assignments: 0,
                needs: Vec::new(),
                withdrawn: false,
                reversed: false,
            });
            state.recipient_of.insert(body.recipient, place);
            if let Some(tag) = body.uniqueness {
                state.uniqueness.insert((*programme, tag));
            }
            if let Some(key) = body.key {
                state.recipient_keys.insert(key, place);
            }
        }
        (_, Change::RecipientWithdrawn) => {
            let place = accepted.recipient.expect("the rules found the recipient");
            state.recipients[place.at()].withdrawn = true;
        }
        (Body::NeedRecorded(body), Change::NeedRecorded { lines }) => {
            let recipient = accepted.recipient.expect("the rules found the recipient");
            state.recipients[recipient.at()].needs.push(NeedIx(state.needs.len() as u32));
            state.needs.push(Need {
                entry: accepted.index,
                recipient,
                lines: lines.iter().map(|&(item, quantity)| NeedLine { item, quantity, served: 0 }).collect(),
                due: body.due,
                assignments: 0,
                reversed: false,
            });
        }
        (body, change) => unreachable!("{} was accepted as {change:?}", body.kind()),
    }
}
