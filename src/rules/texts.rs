//! The words of an event that are the author's own, and so could name a person: rule 124 looks at them (spec section 11.11).
//!
//! Codes that name a thing defined before were looked at when it was defined.

use crate::canonical::Names;
use crate::event::kinds::{Body, Donor};
use crate::event::{Code, Event};
use crate::rules::personal::personal_data;
use crate::rules::rejection::{Rejection, Rule};

/// Rule 124: no public text or code holds a personal identification number, a phone number or a card number.
pub(super) fn impersonal(event: &Event) -> Result<(), Rejection> {
    match &event.body {
        Body::LedgerOpened(body) => {
            names("body.name", &body.name)?;
            names("body.organization_name", &body.organization_name)?;
            text("body.origin", &body.origin.0)?;
            // Given here and nowhere else: the opening registers the organization that signs it.
            code("organization", Some(&event.organization))
        }
        Body::OrganizationRegistered(body) => {
            names("body.name", &body.name)?;
            code("body.organization", Some(&body.organization))
        }
        Body::KeyGranted(body) => code("body.label", body.label.as_ref()),
        Body::ItemDefined(body) => {
            code("body.category", Some(&body.category))?;
            code("body.item", Some(&body.item))?;
            names("body.name", &body.name)?;
            code("body.unit", body.unit.as_ref())
        }
        Body::RegionDefined(body) => {
            names("body.name", &body.name)?;
            code("body.region", Some(&body.region))
        }
        Body::ProgrammeOpened(body) => {
            names("body.name", &body.name)?;
            code("body.programme", Some(&body.programme))
        }
        Body::RecipientEnrolled(body) => body.name.as_ref().map_or(Ok(()), |name| names("body.name", name)),
        Body::DonationPledged(body) => donor(&body.donor),
        Body::DonationReceived(body) => donor(&body.donor),
        Body::TransferSent(body) => {
            code("body.carrier", body.carrier.as_ref())?;
            body.waybill.as_ref().map_or(Ok(()), |waybill| text("body.waybill", &waybill.0))
        }
        Body::DisputeAnswered(body) => code("body.flag", body.flag.as_ref()),
        _ => Ok(()),
    }
}

fn donor(donor: &Donor) -> Result<(), Rejection> {
    donor.name.as_ref().map_or(Ok(()), |name| text("body.donor.name", &name.0))
}

fn names(field: &str, names: &Names) -> Result<(), Rejection> {
    names.iter().try_for_each(|(_, name)| text(field, name))
}

fn code(field: &str, code: Option<&Code>) -> Result<(), Rejection> {
    code.map_or(Ok(()), |code| text(field, code.as_str()))
}

fn text(field: &str, text: &str) -> Result<(), Rejection> {
    match personal_data(text) {
        None => Ok(()),
        // The number itself is not repeated: an answer is shown and logged in places that the log never reaches.
        Some(kind) => Err(Rejection::new(Rule::PersonalData, field, "text without personal data", kind.word())),
    }
}
