//! An entry in one line, for people.

use std::collections::BTreeMap;

use crate::cli::context::short;
use crate::event::kinds::{Body, Donor, Kind, LotLine};
use crate::event::values::format_minor;
use crate::event::{Code, EventId};
use crate::log::entry::DecodedEntry;
use crate::rules::State;
use crate::rules::state::DeliveryIx;

/// An entry in one line: what a list shows of it.
pub fn headline(state: &State, decoded: &DecodedEntry) -> String {
    let language = "en";
    let draws = |draws: &crate::canonical::Set<crate::event::Draw>| {
        let mut sums: BTreeMap<Code, (i128, u8)> = BTreeMap::new();
        for draw in draws {
            if let Some(lot) = state.lot(&draw.lot) {
                let sum = sums.entry(state.items.code(state.lots[lot.at()].item.0)).or_insert((0, draw.quantity.decimals));
                sum.0 += i128::from(draw.quantity.minor);
            }
        }
        sums.iter().map(|(item, (minor, decimals))| format!("{} {item}", format_minor(*minor, *decimals))).collect::<Vec<_>>().join(", ")
    };
    let lines = |lines: &[LotLine]| lines.iter().map(|line| format!("{} {}", line.quantity, line.item)).collect::<Vec<_>>().join(", ");
    let donor = |donor: &Donor| donor.name.as_ref().map_or_else(|| donor.r#type.to_string(), |name| name.0.clone());
    match &decoded.entry.event.body {
        Body::LedgerOpened(body) => body.name.best(language).to_owned(),
        Body::OrganizationRegistered(body) => format!("{} ({})", body.organization, body.name.best(language)),
        Body::OrganizationSuspended(body) => format!("{}: {}", body.organization, body.reason),
        Body::OrganizationReinstated(body) => body.organization.to_string(),
        Body::KeyGranted(body) => {
            let roles = body.roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(",");
            format!("{} for {}: {roles}", short(body.key), body.organization)
        }
        Body::KeyRevoked(body) => format!("{}: {}", short(body.key), body.reason),
        Body::ItemDefined(body) => format!("{} ({})", body.item, body.name.best(language)),
        Body::RegionDefined(body) => format!("{} ({})", body.region, body.name.best(language)),
        Body::ProgrammeOpened(body) => format!("{} ({})", body.programme, body.name.best(language)),
        Body::ProgrammeClosed(body) => body.programme.to_string(),
        Body::RecipientEnrolled(body) => {
            let name = body.name.as_ref().map_or(String::new(), |name| format!(" {}", name.best(language)));
            format!("{} {}{name} in {} for {}", body.r#type, short(body.recipient), body.region, body.programme)
        }
        Body::DonationReceived(body) => {
            let restricted = if body.restrictions.is_some() { ", restricted" } else { "" };
            format!("{} from {}{restricted}", lines(&body.lots), donor(&body.donor))
        }
        Body::AssignmentMade(body) => format!("{} to {} for {}", draws(&body.draws), short(body.recipient), body.programme),
        Body::AssignmentCancelled(body) => format!("{}: {}", short(body.assignment), body.reason),
        Body::DeliveryMade(body) => {
            let shown = acknowledgement(state, &decoded.id);
            format!("{} of assignment {}, {shown}", draws(&body.draws), short(body.assignment))
        }
        Body::EventReversed(body) => format!("{}: {}", short(body.event), body.reason),
        Body::PolicyChanged(body) => body.organization.map_or_else(|| "of the whole ledger".to_owned(), |code| format!("of {code}")),
        Body::RecipientWithdrawn(body) => format!("{}: {}", short(body.recipient), body.reason),
        Body::NeedRecorded(body) => {
            let due = body.due.map_or_else(String::new, |due| format!(" by {due}"));
            format!("{} for {}{due}", lines(&body.lines), short(body.recipient))
        }
        Body::DonationPledged(body) => format!("{} by {}", lines(&body.lines), donor(&body.donor)),
        Body::DonationReturned(body) => format!("{} of {}: {}", draws(&body.draws), short(body.donation), body.reason),
        Body::PurchaseMade(body) => {
            let bought = body.lots.iter().map(|line| format!("{} {}", line.quantity, line.item)).collect::<Vec<_>>().join(", ");
            format!("{bought} for {}", draws(&body.draws))
        }
        Body::TransferSent(body) => {
            let waybill = body.waybill.as_ref().map_or_else(String::new, |waybill| format!(", waybill {}", waybill.0));
            format!("{} to {}{waybill}", draws(&body.draws), body.to)
        }
        Body::TransferAccepted(body) => {
            let arrived = body.draws.as_ref().map_or_else(|| "nothing".to_owned(), draws);
            format!("{arrived} of transfer {}", short(body.transfer))
        }
        Body::ExpensePaid(body) => {
            let towards = body.programme.map_or_else(|| "overhead".to_owned(), |programme| programme.to_string());
            format!("{} for {} ({towards})", draws(&body.draws), body.purpose)
        }
        Body::LossRecorded(body) => format!("{}: {}", draws(&body.draws), body.reason),
        Body::StockCounted(body) => lines(&body.counts),
        Body::DeliveryFailed(body) => format!("of assignment {}: {}", short(body.assignment), body.reason),
        Body::DeliveryConfirmed(body) => short(body.delivery),
        Body::DeliveryDisputed(body) => {
            let by = if body.signature.is_some() { ", by the recipient" } else { "" };
            format!("{}: {}{by}", short(body.delivery), body.reason)
        }
        Body::DisputeAnswered(body) => {
            let flag = body.flag.map_or_else(String::new, |flag| format!(" to flag {flag}"));
            format!("{}{flag}: {}, {}", short(body.event), body.answer, body.reason)
        }
        Body::ApprovalGiven(body) => match (&body.assignment, &body.draft) {
            (Some(assignment), _) => format!("assignment {}", short(assignment)),
            (None, draft) => format!("draft {}", draft.map(short).unwrap_or_default()),
        },
        Body::AuditAttested(body) => {
            let about = body.programme.map_or_else(|| "the ledger".to_owned(), |programme| programme.to_string());
            format!("{} on {about}, {} entries", body.conclusion, body.size)
        }
        Body::VolunteerJoined(body) => short(body.volunteer),
        Body::ServiceRecorded(body) => format!("{} min of {} by {} on {}", body.minutes, body.activity, short(body.volunteer), body.day),
        Body::RecognitionAwarded(body) => format!("{} to {}", body.award, short(body.volunteer)),
    }
}

/// How a delivery is vouched for: `acknowledged` by the code on the recipient's slip, `witnessed` by a second key, both, or `claimed only`.
pub fn acknowledgement(state: &State, delivery: &EventId) -> &'static str {
    let Some(made) = state.made_by(delivery, Kind::DeliveryMade) else { return "claimed only" };
    let place = DeliveryIx(made.place);
    let confirmed = state.confirmations.get(&place);
    // A second key of the same organization is worth less than another organization's word.
    let outside = confirmed.is_some_and(|keys| keys.iter().any(|key| state.key_at(*key).organization != made.organization));
    match (state.deliveries[place.at()].acknowledged, confirmed.is_some(), outside) {
        (true, true, true) => "acknowledged, witnessed by another organization",
        (true, true, false) => "acknowledged, witnessed within the organization",
        (true, false, _) => "acknowledged",
        (false, true, true) => "witnessed by another organization",
        (false, true, false) => "witnessed within the organization",
        (false, false, _) => "claimed only",
    }
}
