//! Rules of people in need: who is enrolled in what (spec section 11.3).

use crate::event::kinds::{Body, RecipientEnrolled, RecipientType};
use crate::rules::check::{Accepted, Case, Change, Found};
use crate::rules::governance::{programme_to_work_in, region_named};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::{Recipient, RecipientIx, State};

pub(super) fn recipient_enrolled(case: &Case, body: &RecipientEnrolled) -> Result<Found, Rejection> {
    let state = case.state;
    if body.name.is_some() && !matches!(body.r#type, RecipientType::Community | RecipientType::Facility) {
        return Err(Rejection::new(Rule::RecipientNameForbidden, "body.name", "no name", format!("a name for a {}", body.r#type)));
    }
    let programme = programme_to_work_in(case, &body.programme)?;
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
    let recipient = Some(RecipientIx(state.recipients.len() as u32));
    Ok(Found { recipient, ..Change::RecipientEnrolled { programme, region }.into() })
}

pub(super) fn apply(state: &mut State, accepted: &Accepted<'_>) {
    let (Body::RecipientEnrolled(body), Change::RecipientEnrolled { programme, region }) = (&accepted.event.body, &accepted.change) else {
        unreachable!("{:?} is not of this group", accepted.change)
    };
    let place = RecipientIx(state.recipients.len() as u32);
    state.recipients.push(Recipient {
        token: body.recipient,
        entry: accepted.index,
        programme: *programme,
        region: *region,
        r#type: body.r#type,
        uniqueness: body.uniqueness.map(Box::new),
        assignments: 0,
        reversed: false,
    });
    state.recipient_of.insert(body.recipient, place);
    if let Some(tag) = body.uniqueness {
        state.uniqueness.insert((*programme, tag));
    }
}
