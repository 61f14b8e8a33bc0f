//! Rules of volunteers: who joined, what they did, what they are honoured for (spec section 11.10).

use crate::event::kinds::{Award, Body, RecognitionAwarded, ServiceRecorded, VolunteerJoined};
use crate::event::{Code, Token};
use crate::rules::check::{Accepted, Case, Change, Found};
use crate::rules::governance::programme_named;
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::{Service, State, Volunteer, VolunteerIx};

/// The minutes of a day.
const MINUTES_MAX: u64 = 1_440;

impl Award {
    /// What is asked for: minutes of service, or deliveries.
    pub fn asks(self) -> Asks {
        match self {
            Award::Hours10 => Asks::Minutes(10 * 60),
            Award::Hours50 => Asks::Minutes(50 * 60),
            Award::Hours100 => Asks::Minutes(100 * 60),
            Award::Hours500 => Asks::Minutes(500 * 60),
            Award::Deliveries100 => Asks::Deliveries(100),
            Award::Deliveries1000 => Asks::Deliveries(1000),
        }
    }
    /// Its bit among a volunteer's awards.
    pub fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What an award asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Minutes of standing service.
    Minutes(u64),
    /// Standing deliveries under the volunteer's key.
    Deliveries(u64),
}

pub(super) fn volunteer_joined(case: &Case, body: &VolunteerJoined) -> Result<Found, Rejection> {
    let state = case.state;
    if state.volunteer_of.contains_key(&body.volunteer) {
        return Err(Rejection::new(Rule::VolunteerExists, "body.volunteer", "a new token", body.volunteer));
    }
    let mut device = None;
    if let Some(named) = &body.key {
        let key = state.keys.get(named).filter(|key| key.organization == case.organization && !key.revoked);
        let Some(key) = key.filter(|key| !state.volunteer_keys.contains_key(&key.place)) else {
            let expected = format!("an active key of {} that is no other volunteer's", case.event.organization);
            return Err(Rejection::new(Rule::VolunteerKey, "body.key", expected, named));
        };
        device = Some(key.place);
    }
    Ok(Change::VolunteerJoined { key: device }.into())
}

/// A volunteer of this organization, spoken of by another key than their own: rules 701 and 705.
fn volunteer_named(case: &Case, token: &Token) -> Result<VolunteerIx, Rejection> {
    let state = case.state;
    let found = state.volunteer_of.get(token).filter(|place| state.volunteers[place.at()].organization == case.organization);
    let Some(&place) = found else {
        let expected = format!("a volunteer who joined {}", case.event.organization);
        return Err(Rejection::new(Rule::VolunteerUnknown, "body.volunteer", expected, token));
    };
    if state.volunteers[place.at()].key == Some(case.key) {
        return Err(Rejection::new(Rule::ServiceOwn, "signer", "another key than the volunteer's own", case.event.signer));
    }
    Ok(place)
}

pub(super) fn service_recorded(case: &Case, body: &ServiceRecorded) -> Result<Found, Rejection> {
    let volunteer = volunteer_named(case, &body.volunteer)?;
    let programme: Option<&Code> = body.programme.as_ref();
    let programme = programme.map(|code| programme_named(case.state, "body.programme", code)).transpose()?;
    if !(1..=MINUTES_MAX).contains(&body.minutes) {
        return Err(Rejection::new(Rule::ServiceMinutes, "body.minutes", format!("1 to {MINUTES_MAX}"), body.minutes));
    }
    if body.day > case.event.time.date() {
        return Err(Rejection::new(Rule::ServiceDay, "body.day", format!("{} or earlier", case.event.time.date()), body.day));
    }
    Ok(Change::ServiceRecorded { volunteer, minutes: body.minutes as u32, programme }.into())
}

pub(super) fn recognition_awarded(case: &Case, body: &RecognitionAwarded) -> Result<Found, Rejection> {
    let volunteer = volunteer_named(case, &body.volunteer)?;
    let row = &case.state.volunteers[volunteer.at()];
    let (asked, found, unit) = match body.award.asks() {
        Asks::Minutes(asked) => (asked, row.minutes, "minutes of service"),
        Asks::Deliveries(asked) => (asked, row.deliveries, "deliveries"),
    };
    if found < asked {
        return Err(Rejection::new(Rule::RecognitionNotEarned, "body.award", format!("at least {asked} {unit}"), found));
    }
    if row.awards & body.award.bit() != 0 {
        return Err(Rejection::new(Rule::RecognitionAwarded, "body.award", "an award not given yet", body.award));
    }
    Ok(Change::RecognitionAwarded { volunteer, award: body.award }.into())
}

pub(super) fn apply(state: &mut State, accepted: &Accepted<'_>) {
    match (&accepted.event.body, &accepted.change) {
        (Body::VolunteerJoined(body), Change::VolunteerJoined { key }) => {
            let place = VolunteerIx(u32::try_from(state.volunteers.len()).expect("a log has fewer than 2^32 entries"));
            let (entry, organization) = (accepted.index, accepted.organization);
            let fresh = Volunteer { token: body.volunteer, entry, organization, key: *key, minutes: 0, deliveries: 0, awards: 0 };
            state.volunteers.push(fresh);
            state.volunteer_of.insert(body.volunteer, place);
            if let Some(key) = key {
                state.volunteer_keys.insert(*key, place);
            }
        }
        (_, Change::ServiceRecorded { volunteer, minutes, programme }) => {
            state.services.push(Service { volunteer: *volunteer, minutes: *minutes, programme: *programme });
            state.volunteers[volunteer.at()].minutes += u64::from(*minutes);
        }
        (_, Change::RecognitionAwarded { volunteer, award }) => {
            state.recognitions.push((*volunteer, *award));
            state.volunteers[volunteer.at()].awards |= award.bit();
        }
        (body, change) => unreachable!("{} was accepted as {change:?}", body.kind()),
    }
}
