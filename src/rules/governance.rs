//! Rules of governance: the ledger, organizations, keys, items, regions, programmes (spec section 11.2).

use crate::crypto::PublicKey;
use crate::event::kinds::*;
use crate::event::signed::FeedHead;
use crate::event::values::DECIMALS_MAX;
use crate::event::{Code, Event, EventId, Time};
use crate::rules::check::{Accepted, Case, Change, Found, time_not_in_future};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::*;

/// The version of these rules. A stricter one gets a new number, and history is judged by the one it was written under.
pub const RULES_VERSION: u64 = 1;

pub(super) fn admit(field: &str, key: &PublicKey) -> Result<(), Rejection> {
    match PublicKey::admit(key.0) {
        Ok(_) => Ok(()),
        Err(refusal) => Err(Rejection::new(Rule::KeyWeak, field, "a point of prime order in canonical encoding", refusal)),
    }
}

/// Judges the first event of a log. It stands outside the common rules: there is no ledger, organization or key yet.
pub(super) fn ledger_opened(event: &Event, recorded: Time) -> Result<Found, Rejection> {
    let Body::LedgerOpened(body) = &event.body else {
        return Err(Rejection::new(Rule::LedgerNotOpen, "kind", "ledger.opened", event.kind()));
    };
    if event.ledger != EventId::ZERO {
        return Err(Rejection::new(Rule::LedgerMismatch, "ledger", EventId::ZERO, event.ledger));
    }
    if event.sequence != 0 {
        return Err(Rejection::new(Rule::SequenceMismatch, "sequence", 0, event.sequence));
    }
    if event.previous != EventId::ZERO {
        return Err(Rejection::new(Rule::PreviousMismatch, "previous", EventId::ZERO, event.previous));
    }
    time_not_in_future(event, recorded)?;
    if !body.roles.contains(&Role::Registrar) {
        return Err(Rejection::new(Rule::RegistrarRoleMissing, "body.roles", "registrar among them", "none"));
    }
    if body.rules != RULES_VERSION {
        return Err(Rejection::new(Rule::RulesVersionUnknown, "body.rules", RULES_VERSION, body.rules));
    }
    admit("body.log_key", &body.log_key)?;
    admit("signer", &event.signer)?;
    if event.signer == body.log_key {
        return Err(Rejection::new(Rule::KeyTaken, "body.log_key", "another key than the signer's", body.log_key));
    }
    Ok(Change::LedgerOpened.into())
}

pub(super) fn organization_registered(case: &Case, body: &OrganizationRegistered) -> Result<Found, Rejection> {
    if case.state.organizations.find(&body.organization).is_some() {
        return Err(Rejection::new(Rule::OrganizationExists, "body.organization", "a new code", body.organization));
    }
    Ok(Change::OrganizationRegistered.into())
}

/// The place of an organization that is named, or rule 204.
pub(super) fn organization_named(state: &State, field: &str, code: &Code) -> Result<OrganizationIx, Rejection> {
    let found = state.organizations.find(code).map(OrganizationIx);
    found.ok_or_else(|| Rejection::new(Rule::OrganizationNotFound, field, "a registered organization", code))
}

pub(super) fn organization_status(case: &Case, code: &Code, suspend: bool) -> Result<Found, Rejection> {
    let organization = organization_named(case.state, "body.organization", code)?;
    let opening = case.state.opening.as_ref().expect("the ledger is open");
    if organization == opening.registrar {
        return Err(Rejection::new(Rule::OrganizationIsRegistrar, "body.organization", "another organization", code));
    }
    if case.state.organizations.at(organization.0).suspended == suspend {
        let (expected, found) = if suspend { ("an active one", "suspended already") } else { ("a suspended one", "active") };
        return Err(Rejection::new(Rule::OrganizationStatusUnchanged, "body.organization", expected, format!("{code}, {found}")));
    }
    Ok(Change::OrganizationStatus { organization, suspended: suspend }.into())
}

fn own_or_registrar(case: &Case, field: &str, organization: OrganizationIx) -> Result<(), Rejection> {
    if organization != case.organization && !case.roles.has(Role::Registrar) {
        let found = case.state.organizations.code(organization.0);
        return Err(Rejection::new(Rule::OrganizationForeign, field, case.event.organization, found));
    }
    Ok(())
}

pub(super) fn key_granted(case: &Case, body: &KeyGranted) -> Result<Found, Rejection> {
    let organization = organization_named(case.state, "body.organization", &body.organization)?;
    own_or_registrar(case, "body.organization", organization)?;
    admit("body.key", &body.key)?;
    let opening = case.state.opening.as_ref().expect("the ledger is open");
    if body.key == opening.log_key {
        return Err(Rejection::new(Rule::KeyTaken, "body.key", "a new key", "the log's key"));
    }
    if case.state.recipient_keys.contains_key(&body.key) {
        return Err(Rejection::new(Rule::KeyTaken, "body.key", "a new key", "a recipient's own key"));
    }
    let known = case.state.keys.get(&body.key);
    if let Some(key) = known {
        if key.organization != organization {
            let holder = case.state.organizations.code(key.organization.0);
            return Err(Rejection::new(Rule::KeyTaken, "body.key", "a new key", format!("a key of {holder}")));
        }
        if key.revoked {
            return Err(Rejection::new(Rule::KeyRetired, "body.key", "a key that was never revoked", body.key));
        }
    }
    if body.roles.contains(&Role::Registrar) && (!case.roles.has(Role::Registrar) || organization != opening.registrar) {
        return Err(Rejection::new(Rule::RoleReserved, "body.roles", "no registrar", "registrar"));
    }
    let was_registrar = known.is_some_and(|key| key.roles.has(Role::Registrar));
    if was_registrar && !body.roles.contains(&Role::Registrar) {
        // Taking the role away is a revocation in all but name: the same rights and the same last one apply.
        if !case.roles.has(Role::Registrar) {
            return Err(Rejection::new(Rule::RoleReserved, "body.roles", "registrar, as before", "none"));
        }
        last_registrar_remains(case.state)?;
    }
    Ok(Change::KeyGranted { organization }.into())
}

fn last_registrar_remains(state: &State) -> Result<(), Rejection> {
    if state.registrars == 1 {
        return Err(Rejection::new(Rule::LastRegistrar, "body.key", "a key beside which another registrar remains", "the last registrar"));
    }
    Ok(())
}

pub(super) fn key_revoked(case: &Case, body: &KeyRevoked) -> Result<Found, Rejection> {
    let key = match case.state.keys.get(&body.key) {
        Some(key) if !key.revoked => key,
        Some(_) => return Err(Rejection::new(Rule::KeyNotActive, "body.key", "an active key", "a key revoked already")),
        None => return Err(Rejection::new(Rule::KeyNotActive, "body.key", "an active key", "a key never granted")),
    };
    own_or_registrar(case, "body.key", key.organization)?;
    if key.roles.has(Role::Registrar) {
        if !case.roles.has(Role::Registrar) {
            return Err(Rejection::new(Rule::RoleReserved, "body.key", "a key without the role registrar", "a registrar's key"));
        }
        last_registrar_remains(case.state)?;
    }
    Ok(Change::KeyRevoked.into())
}

pub(super) fn item_defined(case: &Case, body: &ItemDefined) -> Result<Found, Rejection> {
    if case.state.items.find(&body.item).is_some() {
        return Err(Rejection::new(Rule::ItemExists, "body.item", "a new code", body.item));
    }
    let money = body.r#type == ItemType::Money;
    if money != body.item.is_currency() {
        let expected = if money { "three capital letters" } else { "small letters" };
        return Err(Rejection::new(Rule::ItemForm, "body.item", expected, body.item));
    }
    if money == body.unit.is_some() {
        let (expected, found) = if money { ("no unit", "a unit") } else { ("a unit", "none") };
        return Err(Rejection::new(Rule::ItemForm, "body.unit", expected, found));
    }
    if body.decimals > u64::from(DECIMALS_MAX) {
        return Err(Rejection::new(Rule::ItemForm, "body.decimals", format!("at most {DECIMALS_MAX}"), body.decimals));
    }
    Ok(Change::ItemDefined.into())
}

/// The place of a region that is named, or rule 216.
pub(super) fn region_named(state: &State, field: &str, code: &Code) -> Result<RegionIx, Rejection> {
    let found = state.regions.find(code).map(RegionIx);
    found.ok_or_else(|| Rejection::new(Rule::RegionUnknown, field, "a defined region", code))
}

/// The place of a programme that is named, or rule 218.
pub(super) fn programme_named(state: &State, field: &str, code: &Code) -> Result<ProgrammeIx, Rejection> {
    let found = state.programmes.find(code).map(ProgrammeIx);
    found.ok_or_else(|| Rejection::new(Rule::ProgrammeUnknown, field, "an opened programme", code))
}

/// A programme that takes enrolments and assignments from this organization, or rules 218, 220, 222.
pub(super) fn programme_to_work_in(case: &Case, field: &str, code: &Code) -> Result<ProgrammeIx, Rejection> {
    let place = programme_named(case.state, field, code)?;
    let programme = case.state.programmes.at(place.0);
    if programme.closed {
        return Err(Rejection::new(Rule::ProgrammeClosed, field, "an open programme", format!("{code}, closed")));
    }
    takes_part(case, place)?;
    Ok(place)
}

/// Rule 222.
pub(super) fn takes_part(case: &Case, place: ProgrammeIx) -> Result<(), Rejection> {
    let programme = case.state.programmes.at(place.0);
    if programme.organization != case.organization
        && let Some(organizations) = &programme.organizations
        && !organizations.contains(&case.organization)
    {
        return Err(Rejection::new(
            Rule::OrganizationNotInProgramme,
            "organization",
            format!("one that takes part in {}", case.state.programmes.code(place.0)),
            case.event.organization,
        ));
    }
    Ok(())
}

pub(super) fn region_defined(case: &Case, body: &RegionDefined) -> Result<Found, Rejection> {
    if case.state.regions.find(&body.region).is_some() {
        return Err(Rejection::new(Rule::RegionExists, "body.region", "a new code", body.region));
    }
    let parent = body.parent.as_ref().map(|parent| region_named(case.state, "body.parent", parent)).transpose()?;
    Ok(Change::RegionDefined { parent }.into())
}

pub(super) fn programme_opened(case: &Case, body: &ProgrammeOpened) -> Result<Found, Rejection> {
    let state = case.state;
    if state.programmes.find(&body.programme).is_some() {
        return Err(Rejection::new(Rule::ProgrammeExists, "body.programme", "a new code", body.programme));
    }
    let organizations =
        body.organizations.as_ref().map(|codes| codes.iter().map(|code| organization_named(state, "body.organizations", code)).collect());
    let organizations = organizations.transpose()?;
    let regions = body.regions.as_ref().map(|codes| codes.iter().map(|code| region_named(state, "body.regions", code)).collect());
    let regions = regions.transpose()?;
    if let (Some(from), Some(until)) = (body.from, body.until)
        && until < from
    {
        return Err(Rejection::new(Rule::ProgrammePeriod, "body.until", format!("{from} or later"), until));
    }
    Ok(Change::ProgrammeOpened { organizations, regions }.into())
}

pub(super) fn programme_closed(case: &Case, body: &ProgrammeClosed) -> Result<Found, Rejection> {
    let place = programme_named(case.state, "body.programme", &body.programme)?;
    let programme = case.state.programmes.at(place.0);
    if programme.organization != case.organization && !case.roles.has(Role::Registrar) {
        let opened_by = case.state.organizations.code(programme.organization.0);
        return Err(Rejection::new(
            Rule::ProgrammeForeign,
            "body.programme",
            format!("a programme of {}", case.event.organization),
            format!("one of {opened_by}"),
        ));
    }
    if programme.closed {
        return Err(Rejection::new(Rule::ProgrammeClosed, "body.programme", "an open programme", format!("{}, closed", body.programme)));
    }
    Ok(Change::ProgrammeClosed { programme: place }.into())
}

/// Takes in what the functions above found.
pub(super) fn apply(state: &mut State, accepted: &Accepted<'_>) {
    let event = accepted.event;
    match (&event.body, &accepted.change) {
        (Body::LedgerOpened(body), Change::LedgerOpened) => {
            let roles = RoleSet::of(&body.roles);
            let organization = OrganizationIx(0);
            state
                .organizations
                .push(event.organization, Organization { name: body.organization_name.clone(), suspended: false, entry: accepted.index });
            let place = state.new_key(event.signer);
            state.keys.insert(event.signer, Key { place, organization, roles, label: None, revoked: false, feed: FeedHead::EMPTY });
            state.registrars = 1;
            state.opening = Some(Opening {
                id: accepted.id,
                log_key: body.log_key,
                origin: body.origin.0.clone(),
                name: body.name.clone(),
                registrar: organization,
            });
        }
        (Body::OrganizationRegistered(body), _) => {
            state.organizations.push(body.organization, Organization { name: body.name.clone(), suspended: false, entry: accepted.index });
        }
        (_, Change::OrganizationStatus { organization, suspended }) => state.organizations.at_mut(organization.0).suspended = *suspended,
        (Body::KeyGranted(body), Change::KeyGranted { organization }) => {
            let roles = RoleSet::of(&body.roles);
            if !state.keys.contains_key(&body.key) {
                let (place, organization, roles) = (state.new_key(body.key), *organization, RoleSet::default());
                state.keys.insert(body.key, Key { place, organization, roles, label: None, revoked: false, feed: FeedHead::EMPTY });
            }
            let key = state.keys.get_mut(&body.key).expect("it was just put there");
            state.registrars = state.registrars + u32::from(roles.has(Role::Registrar)) - u32::from(key.roles.has(Role::Registrar));
            key.roles = roles;
            key.label = body.label.or(key.label);
        }
        (Body::KeyRevoked(body), _) => {
            let key = state.keys.get_mut(&body.key).expect("the rules found the key");
            key.revoked = true;
            state.registrars -= u32::from(key.roles.has(Role::Registrar));
        }
        (Body::ItemDefined(body), _) => {
            state.categories.insert(body.category);
            let row = Item {
                category: body.category,
                decimals: body.decimals as u8,
                name: body.name.clone(),
                r#type: body.r#type,
                unit: body.unit,
            };
            state.items.push(body.item, row);
        }
        (Body::RegionDefined(body), Change::RegionDefined { parent }) => {
            state.regions.push(body.region, Region { name: body.name.clone(), parent: *parent })
        }
        (Body::ProgrammeOpened(body), Change::ProgrammeOpened { organizations, regions }) => {
            let row = Programme {
                name: body.name.clone(),
                organization: accepted.organization,
                organizations: organizations.clone(),
                regions: regions.clone(),
                recipient_types: body.recipient_types.as_ref().map(|types| types.iter().copied().collect()),
                from: body.from,
                until: body.until,
                closed: false,
            };
            state.programmes.push(body.programme, row);
        }
        (_, Change::ProgrammeClosed { programme }) => state.programmes.at_mut(programme.0).closed = true,
        (body, change) => unreachable!("{} was accepted as {change:?}", body.kind()),
    }
}
