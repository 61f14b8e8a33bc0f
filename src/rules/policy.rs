//! Rules that the people of a ledger make for themselves: approvals by quantity, separate duties, members that must be there (spec section 11.8).
//!
//! There is one policy of the whole ledger, made by a registrar, and one of each organization, made by its admin. Both hold, so an
//! organization can only be stricter. A policy judges what comes after it; what was accepted before stays accepted.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::crypto::Blake3Hash;
use crate::event::Time;
use crate::event::kinds::*;
use crate::rules::check::{Case, Change, Found, reference_of};
use crate::rules::gifts::{decimals_of, item_named};
use crate::rules::governance::RULES_VERSION;
use crate::rules::postings::{Account, Posting};
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::{AssignmentIx, ItemIx, KeyIx, OrganizationIx, RecipientIx, State};

/// What can be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// An assignment, to be delivered.
    Assignment(AssignmentIx),
    /// A body that the organization may append once.
    Draft(OrganizationIx, Blake3Hash),
}

/// A policy as the rules use it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Item, from how much on, how many approvals.
    pub bands: Vec<(ItemIx, u64, u64)>,
    /// How many days back.
    pub days_back: Option<u64>,
    /// After how many days an untouched gift is idle.
    pub idle_days: Option<u64>,
    /// The declared cap of overhead.
    pub overhead_permille: Option<u64>,
    /// Members that must be there.
    pub requires: Vec<Requirement>,
    /// How many approvals a reversal needs.
    pub reversal_approvals: u64,
    /// Duties kept apart.
    pub separate: Vec<Separation>,
    /// The smallest number of people that a public statistic shows.
    pub small_cell: Option<u64>,
}

/// The policies in force.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Policies {
    ledger: Policy,
    organizations: FxHashMap<OrganizationIx, Policy>,
}

impl Policies {
    /// The policies that an organization is under: the ledger's, and its own if it has one.
    pub fn of(&self, organization: OrganizationIx) -> impl Iterator<Item = &Policy> {
        std::iter::once(&self.ledger).chain(self.organizations.get(&organization))
    }
    /// An organization's own policy.
    pub fn own(&self, organization: OrganizationIx) -> Option<&Policy> {
        self.organizations.get(&organization)
    }
    /// The policy of the whole ledger.
    pub fn ledger(&self) -> &Policy {
        &self.ledger
    }
    /// Whether two duties are kept apart.
    pub fn separates(&self, organization: OrganizationIx, duties: Separation) -> bool {
        self.of(organization).any(|policy| policy.separate.contains(&duties))
    }
    /// Whether a member must be there.
    pub fn requires(&self, organization: OrganizationIx, requirement: Requirement) -> bool {
        self.of(organization).any(|policy| policy.requires.contains(&requirement))
    }
    /// How many approvals a quantity of an item needs.
    pub fn approvals_for(&self, organization: OrganizationIx, item: ItemIx, minor: u128) -> u64 {
        let bands = self.of(organization).flat_map(|policy| &policy.bands);
        bands.filter(|(of, from, _)| *of == item && minor >= u128::from(*from)).map(|(_, _, approvals)| *approvals).max().unwrap_or(0)
    }
}

/// Rule 123.
pub(super) fn not_too_old(case: &Case, recorded: Time) -> Result<(), Rejection> {
    let days_back = case.state.policies.of(case.organization).filter_map(|policy| policy.days_back).min();
    let age = i64::from(recorded.date().0) - i64::from(case.event.time.date().0);
    if let Some(days) = days_back
        && u64::try_from(age).is_ok_and(|age| age > days)
    {
        let expected = format!("at most {days} days before {}", recorded.date());
        return Err(Rejection::new(Rule::TimeTooOld, "time", expected, case.event.time));
    }
    Ok(())
}

/// Rule 125. `recipient` is the one that the kind's rules found.
pub(super) fn members_there(case: &Case, recipient: Option<RecipientIx>) -> Result<(), Rejection> {
    let private = |r#type: RecipientType| matches!(r#type, RecipientType::Household | RecipientType::Person);
    let asked: &[(Requirement, &str, bool)] = match &case.event.body {
        Body::RecipientEnrolled(body) => &[
            (Requirement::Commitment, "body.commitment", private(body.r#type) && body.commitment.is_none()),
            (Requirement::Size, "body.size", body.r#type == RecipientType::Household && body.size.is_none()),
            (Requirement::Uniqueness, "body.uniqueness", private(body.r#type) && body.uniqueness.is_none()),
        ],
        Body::AssignmentMade(body) => {
            let recipient = recipient.expect("an assignment has a recipient");
            let missing = body.lock.is_none() && private(case.state.recipients[recipient.at()].r#type);
            &[(Requirement::Lock, "body.lock", missing)]
        }
        Body::DeliveryMade(body) => &[(Requirement::Evidence, "body.evidence", body.evidence.is_none())],
        Body::DonationReceived(_) | Body::PurchaseMade(_) | Body::ExpensePaid(_) => {
            &[(Requirement::Reference, "body.reference", reference_of(&case.event.body).is_none())]
        }
        _ => return Ok(()),
    };
    for (requirement, field, missing) in asked {
        if *missing && case.state.policies.requires(case.organization, *requirement) {
            return Err(Rejection::new(
                Rule::PolicyMemberMissing,
                *field,
                format!("there, since the policy requires {requirement}"),
                "absent",
            ));
        }
    }
    Ok(())
}

/// Rule 608. Answers with the draft whose approvals the event uses up: those that are there, be they needed or not, so that they do not lie
/// about until a stricter policy asks for them.
pub(super) fn approved(case: &Case, found: &Found) -> Result<Option<Blake3Hash>, Rejection> {
    let state = case.state;
    let policies = &state.policies;
    // Sums by item are over a few postings: an event has at most 256 draws.
    let largest = |postings: &[(ItemIx, u64)]| {
        let sum = |item: ItemIx| postings.iter().filter(|(other, _)| *other == item).map(|(_, minor)| u128::from(*minor)).sum();
        let any_band = policies.of(case.organization).any(|policy| !policy.bands.is_empty());
        if !any_band {
            0
        } else {
            postings.iter().map(|(item, _)| policies.approvals_for(case.organization, *item, sum(*item))).max().unwrap_or(0)
        }
    };
    let (needed, subject, maker) = match &found.change {
        Change::DeliveryMade { assignment, .. } => {
            let row = &state.assignments[assignment.at()];
            let draws: Vec<_> = row.draws.iter().map(|draw| (state.lots[draw.lot.at()].item, draw.quantity)).collect();
            (largest(&draws), Some(Subject::Assignment(*assignment)), Some(state.made[row.entry as usize].signer))
        }
        Change::EventReversed { .. } => {
            (policies.of(case.organization).map(|policy| policy.reversal_approvals).max().unwrap_or(0), None, None)
        }
        Change::PurchaseMade { .. } | Change::TransferSent { .. } | Change::Moved { .. } => {
            (largest(&quantities(&found.postings, |posting| posting.source == Account::OnHand)), None, None)
        }
        // What did not arrive is written off by who accepts.
        Change::TransferAccepted { .. } => (largest(&quantities(&found.postings, |posting| posting.target == Account::Lost)), None, None),
        _ => return Ok(None),
    };
    if needed == 0 && (subject.is_some() || state.approvals.is_empty()) {
        return Ok(None);
    }
    let draft = subject.is_none().then(|| draft_hash(&case.event.body));
    let subject = subject.or(draft.map(|draft| Subject::Draft(case.organization, draft))).expect("one of the two was found");
    let counts = |key: &&KeyIx| **key != case.key && Some(**key) != maker && !state.key_at(**key).revoked;
    let keys = state.approvals.get(&subject);
    let given = keys.map_or(0, |keys| keys.iter().filter(counts).count() as u64);
    if given < needed {
        let what = draft.map_or_else(|| "of the assignment".to_owned(), |draft| format!("of the draft {draft}"));
        return Err(Rejection::new(Rule::ApprovalsMissing, "body", format!("{needed} approvals {what} by other keys"), given));
    }
    Ok(draft.filter(|_| keys.is_some()))
}

/// Items and quantities of the postings that are counted.
fn quantities(postings: &[Posting], counted: impl Fn(&Posting) -> bool) -> Vec<(ItemIx, u64)> {
    postings.iter().filter(|posting| counted(posting)).map(|posting| (posting.item, posting.quantity)).collect()
}

pub(super) fn approval_given(case: &Case, body: &ApprovalGiven) -> Result<Found, Rejection> {
    let state = case.state;
    let (subject, recipient) = match (&body.assignment, &body.draft) {
        (Some(id), None) => {
            let made = state.made_by(id, Kind::AssignmentMade).filter(|made| !made.reversed);
            let Some(made) = made else {
                return Err(Rejection::new(Rule::AssignmentUnknown, "body.assignment", "an assignment that stands", id));
            };
            if made.organization != case.organization {
                let found = format!("one of {}", state.organizations.code(made.organization.0));
                let expected = format!("an assignment of {}", case.event.organization);
                return Err(Rejection::new(Rule::AssignmentForeign, "body.assignment", expected, found));
            }
            if made.signer == case.key {
                return Err(Rejection::new(Rule::ApproverIsMaker, "signer", "another key than the one that assigned", case.event.signer));
            }
            let place = AssignmentIx(made.place);
            (Subject::Assignment(place), Some(state.assignments[place.at()].recipient))
        }
        (None, Some(draft)) => (Subject::Draft(case.organization, *draft), None),
        (both, _) => {
            let found = if both.is_some() { "both" } else { "neither" };
            return Err(Rejection::new(Rule::ApprovalSubject, "body", "an assignment or a draft", found));
        }
    };
    if state.approvals.get(&subject).is_some_and(|keys| keys.contains(&case.key)) {
        return Err(Rejection::new(Rule::ApprovedAlready, "signer", "a key that has not approved it yet", case.event.signer));
    }
    Ok(Found { recipient, ..Change::ApprovalGiven { subject }.into() })
}

/// The most approvals a policy can ask for: more would only lock everybody out.
pub const APPROVALS_MAX: u64 = 16;

pub(super) fn policy_changed(case: &Case, body: &PolicyChanged) -> Result<Found, Rejection> {
    let state = case.state;
    let organization = match &body.organization {
        None if case.roles.has(Role::Registrar) => None,
        None => return Err(Rejection::new(Rule::PolicyForeign, "body.organization", case.event.organization, "none: the whole ledger")),
        Some(code) if *code == case.event.organization && case.roles.has(Role::Admin) => Some(case.organization),
        Some(code) => {
            let expected = format!("{}, by a key with the role admin", case.event.organization);
            return Err(Rejection::new(Rule::PolicyForeign, "body.organization", expected, code));
        }
    };
    if body.rules != RULES_VERSION {
        return Err(Rejection::new(Rule::RulesVersionUnknown, "body.rules", RULES_VERSION, body.rules));
    }
    let mut bands = Vec::new();
    for (line, band) in body.approvals.iter().flatten().enumerate() {
        let item = item_named(state, &format_args!("body.approvals[{line}].item"), &band.item)?;
        let from = decimals_of(state, item, &band.from, &format_args!("body.approvals[{line}].from"))?;
        range(&format!("body.approvals[{line}].approvals"), band.approvals, 1, APPROVALS_MAX)?;
        bands.push((item, from, band.approvals));
    }
    if let Some(share) = body.overhead_permille {
        range("body.overhead_permille", share, 0, 1000)?;
    }
    if let Some(approvals) = body.reversal_approvals {
        range("body.reversal_approvals", approvals, 0, APPROVALS_MAX)?;
    }
    let policy = Policy {
        bands,
        days_back: body.days_back,
        idle_days: body.idle_days,
        overhead_permille: body.overhead_permille,
        requires: body.requires.iter().flat_map(|set| set.iter().copied()).collect(),
        reversal_approvals: body.reversal_approvals.unwrap_or(0),
        separate: body.separate.iter().flat_map(|set| set.iter().copied()).collect(),
        small_cell: body.small_cell,
    };
    Ok(Change::PolicyChanged { organization, policy: Box::new(policy) }.into())
}

fn range(field: &str, found: u64, least: u64, most: u64) -> Result<(), Rejection> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(Rejection::new(Rule::PolicyRange, field, format!("{least} to {most}"), found))
}

pub(super) fn apply(state: &mut State, signer: KeyIx, change: &Change) {
    match change {
        Change::PolicyChanged { organization: None, policy } => state.policies.ledger = (**policy).clone(),
        Change::PolicyChanged { organization: Some(place), policy } => {
            state.policies.organizations.insert(*place, (**policy).clone());
        }
        Change::ApprovalGiven { subject } => state.approvals.entry(*subject).or_default().push(signer),
        change => unreachable!("{change:?} is not of this group"),
    }
}
