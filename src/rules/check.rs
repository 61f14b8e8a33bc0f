//! The rules that every event obeys, in their order, and the way to those of its kind (spec section 11.1).
//!
//! Order: ledger, organization, key, suspension, feed, role, time; then the kind's own rules. [`check`] only looks; what it found goes
//! into [`Change`], so that [`State::apply`] has nothing left to decide.

use crate::crypto::Blake3Hash;
use crate::event::kinds::{Award, Body, Kind, Role};
use crate::event::signed::FeedHead;
use crate::event::{Event, EventId, Time};
use crate::rules::policy::{Policy, Subject};
use crate::rules::postings::Posting;
use crate::rules::rejection::{Rejection, Rule};
use crate::rules::state::*;
use crate::rules::{control, gifts, governance, help, movement, people, policy, texts, volunteers, witness};

/// How far an author's clock may be ahead of the log's.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 300;

/// An event that the rules accept, with what follows from it. The only thing [`State::apply`] takes.
#[derive(Debug)]
pub struct Accepted<'e> {
    /// The event.
    pub event: &'e Event,
    /// Its id.
    pub id: EventId,
    /// Its place in the log.
    pub index: u32,
    /// Who appends it.
    pub organization: OrganizationIx,
    /// Which key signed it.
    pub signer: KeyIx,
    /// The double-entry movements.
    pub postings: Vec<Posting>,
    /// The recipient that it concerns, if any.
    pub recipient: Option<RecipientIx>,
    /// The draft whose approvals it uses up, if there are any.
    pub draft: Option<Blake3Hash>,
    /// What changes in the state.
    pub change: Change,
}

/// What an accepted event changes, everything looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// See [`governance`].
    LedgerOpened,
    /// See [`governance`].
    OrganizationRegistered,
    /// Suspended or reinstated.
    OrganizationStatus { organization: OrganizationIx, suspended: bool },
    /// See [`governance`].
    KeyGranted { organization: OrganizationIx },
    /// See [`governance`].
    KeyRevoked,
    /// See [`governance`].
    ItemDefined,
    /// See [`governance`].
    RegionDefined { parent: Option<RegionIx> },
    /// See [`governance`].
    ProgrammeOpened { organizations: Option<Vec<OrganizationIx>>, regions: Option<Vec<RegionIx>> },
    /// See [`governance`].
    ProgrammeClosed { programme: ProgrammeIx },
    /// See [`policy`]: of the whole ledger if no organization is named.
    PolicyChanged { organization: Option<OrganizationIx>, policy: Box<Policy> },
    /// See [`people`].
    RecipientEnrolled { programme: ProgrammeIx, region: RegionIx },
    /// See [`people`].
    RecipientWithdrawn,
    /// See [`people`].
    NeedRecorded { lines: Vec<(ItemIx, u64)> },
    /// See [`gifts`].
    DonationPledged { lines: Vec<(ItemIx, u64)> },
    /// See [`gifts`]: item and quantity of each new lot.
    DonationReceived { lots: Vec<(ItemIx, u64)>, pledge: Option<PledgeIx>, restrictions: Option<Box<LotRestrictions>> },
    /// A return, expense or loss, and what an expense names: see [`gifts`] and [`movement`].
    Moved { draws: Vec<(LotIx, u64)>, programme: Option<ProgrammeIx>, region: Option<RegionIx> },
    /// See [`movement`]: item and quantity of each new lot, and what it cost.
    PurchaseMade { draws: Vec<(LotIx, u64)>, lots: Vec<(ItemIx, u64)>, costs: Vec<u64> },
    /// See [`movement`].
    TransferSent { draws: Vec<(LotIx, u64)>, to: OrganizationIx },
    /// See [`movement`]: what arrived of which of the sender's lots.
    TransferAccepted { transfer: MovementIx, draws: Vec<(LotIx, u64)> },
    /// A count: what was counted.
    Noted { items: Vec<ItemIx> },
    /// See [`help`].
    AssignmentMade { draws: Vec<(LotIx, u64)>, need: Option<NeedIx> },
    /// See [`help`]: what goes back on hand.
    AssignmentCancelled { assignment: AssignmentIx },
    /// See [`help`].
    DeliveryMade { assignment: AssignmentIx, draws: Vec<(LotIx, u64)>, served: Vec<Served> },
    /// See [`help`].
    DeliveryFailed { assignment: AssignmentIx },
    /// See [`witness`].
    DeliveryConfirmed { delivery: DeliveryIx },
    /// See [`witness`].
    DeliveryDisputed { delivery: DeliveryIx },
    /// See [`witness`].
    DisputeAnswered,
    /// See [`policy`].
    ApprovalGiven { subject: Subject },
    /// See [`control`].
    AuditAttested,
    /// See [`control`].
    EventReversed { subject: u32 },
    /// See [`volunteers`].
    VolunteerJoined { key: Option<KeyIx> },
    /// See [`volunteers`].
    ServiceRecorded { volunteer: VolunteerIx, minutes: u32, programme: Option<ProgrammeIx> },
    /// See [`volunteers`].
    RecognitionAwarded { volunteer: VolunteerIx, award: Award },
}

/// What a kind's rules found.
pub(super) struct Found {
    pub change: Change,
    pub postings: Vec<Posting>,
    pub recipient: Option<RecipientIx>,
}

impl From<Change> for Found {
    fn from(change: Change) -> Self {
        Found { change, postings: Vec::new(), recipient: None }
    }
}

/// The event under judgement, with what the common rules found of it.
pub(super) struct Case<'a> {
    pub state: &'a State,
    pub event: &'a Event,
    pub organization: OrganizationIx,
    pub key: KeyIx,
    pub roles: RoleSet,
}

/// The roles any one of which may append the kind.
pub fn roles_for(kind: Kind) -> &'static [Role] {
    match kind {
        Kind::LedgerOpened | Kind::OrganizationRegistered | Kind::OrganizationSuspended | Kind::OrganizationReinstated => {
            &[Role::Registrar]
        }
        Kind::ItemDefined | Kind::RegionDefined => &[Role::Registrar],
        Kind::KeyGranted | Kind::KeyRevoked | Kind::ProgrammeClosed | Kind::PolicyChanged => &[Role::Admin, Role::Registrar],
        Kind::ProgrammeOpened | Kind::RecognitionAwarded => &[Role::Admin],
        Kind::RecipientEnrolled | Kind::RecipientWithdrawn => &[Role::Intake],
        Kind::NeedRecorded => &[Role::Assign, Role::Intake],
        Kind::DonationPledged | Kind::DonationReceived | Kind::DonationReturned | Kind::PurchaseMade | Kind::ExpensePaid => {
            &[Role::Finance]
        }
        Kind::TransferSent | Kind::TransferAccepted | Kind::LossRecorded => &[Role::Assign, Role::Finance],
        Kind::StockCounted => &[Role::Assign, Role::Field, Role::Finance],
        Kind::AssignmentMade | Kind::AssignmentCancelled => &[Role::Assign],
        Kind::DeliveryMade | Kind::DeliveryFailed => &[Role::Field],
        Kind::DeliveryConfirmed => &[Role::Admin, Role::Assign, Role::Audit, Role::Field, Role::Intake],
        Kind::DeliveryDisputed => &[Role::Admin, Role::Audit, Role::Field, Role::Intake, Role::Registrar],
        Kind::DisputeAnswered | Kind::ServiceRecorded => &[Role::Admin, Role::Assign],
        Kind::ApprovalGiven => &[Role::Admin, Role::Assign, Role::Finance],
        Kind::AuditAttested => &[Role::Audit],
        Kind::VolunteerJoined => &[Role::Admin, Role::Intake],
        // Whoever may append the subject; see control.rs.
        Kind::EventReversed => &[Role::Admin, Role::Assign, Role::Audit, Role::Field, Role::Finance, Role::Intake],
    }
}

/// Judges an event whose form and signature were found right.
///
/// Pure: the same state, event and recorded time give the same answer everywhere.
///
/// # Errors
/// The first rule that the event breaks.
pub fn check<'e>(state: &State, event: &'e Event, id: EventId, recorded: Time) -> Result<Accepted<'e>, Rejection> {
    let index = u32::try_from(state.ids.len()).expect("a log has fewer than 2^32 entries");
    if state.opening.is_none() {
        let Found { change, postings, recipient } = governance::ledger_opened(event, recorded)?;
        texts::impersonal(event)?;
        let (organization, signer) = (OrganizationIx(0), KeyIx(0));
        return Ok(Accepted { event, id, index, organization, signer, postings, recipient, draft: None, change });
    }
    let case = common(state, event, recorded)?;
    if let Some(reference) = reference_of(&event.body)
        && let Some(&entry) = state.references.get(&(case.organization, *reference))
    {
        let found = format!("the one of entry {entry}");
        return Err(Rejection::new(
            Rule::ReferenceUsed,
            "body.reference",
            "a reference that no standing event of this organization has",
            found,
        ));
    }
    texts::impersonal(event)?;
    let found = match &event.body {
        Body::LedgerOpened(_) => Err(Rejection::new(Rule::LedgerAlreadyOpen, "kind", "any other kind", "ledger.opened")),
        Body::OrganizationRegistered(body) => governance::organization_registered(&case, body),
        Body::OrganizationSuspended(body) => governance::organization_status(&case, &body.organization, true),
        Body::OrganizationReinstated(body) => governance::organization_status(&case, &body.organization, false),
        Body::KeyGranted(body) => governance::key_granted(&case, body),
        Body::KeyRevoked(body) => governance::key_revoked(&case, body),
        Body::ItemDefined(body) => governance::item_defined(&case, body),
        Body::RegionDefined(body) => governance::region_defined(&case, body),
        Body::ProgrammeOpened(body) => governance::programme_opened(&case, body),
        Body::ProgrammeClosed(body) => governance::programme_closed(&case, body),
        Body::RecipientEnrolled(body) => people::recipient_enrolled(&case, body),
        Body::RecipientWithdrawn(body) => people::recipient_withdrawn(&case, body),
        Body::NeedRecorded(body) => people::need_recorded(&case, body),
        Body::DonationPledged(body) => gifts::donation_pledged(&case, body),
        Body::DonationReceived(body) => gifts::donation_received(&case, body),
        Body::DonationReturned(body) => gifts::donation_returned(&case, body),
        Body::PurchaseMade(body) => movement::purchase_made(&case, body),
        Body::TransferSent(body) => movement::transfer_sent(&case, body),
        Body::TransferAccepted(body) => movement::transfer_accepted(&case, body),
        Body::ExpensePaid(body) => movement::expense_paid(&case, body),
        Body::LossRecorded(body) => movement::loss_recorded(&case, body),
        Body::StockCounted(body) => movement::stock_counted(&case, body),
        Body::AssignmentMade(body) => help::assignment_made(&case, body),
        Body::AssignmentCancelled(body) => help::assignment_cancelled(&case, body),
        Body::DeliveryMade(body) => help::delivery_made(&case, body),
        Body::DeliveryFailed(body) => help::delivery_failed(&case, body),
        Body::DeliveryConfirmed(body) => witness::delivery_confirmed(&case, body),
        Body::DeliveryDisputed(body) => witness::delivery_disputed(&case, body),
        Body::DisputeAnswered(body) => witness::dispute_answered(&case, body),
        Body::ApprovalGiven(body) => policy::approval_given(&case, body),
        Body::PolicyChanged(body) => policy::policy_changed(&case, body),
        Body::AuditAttested(body) => control::audit_attested(&case, body),
        Body::EventReversed(body) => control::event_reversed(&case, body),
        Body::VolunteerJoined(body) => volunteers::volunteer_joined(&case, body),
        Body::ServiceRecorded(body) => volunteers::service_recorded(&case, body),
        Body::RecognitionAwarded(body) => volunteers::recognition_awarded(&case, body),
    }?;
    policy::members_there(&case, found.recipient)?;
    let draft = policy::approved(&case, &found)?;
    let Found { change, postings, recipient } = found;
    Ok(Accepted { event, id, index, organization: case.organization, signer: case.key, postings, recipient, draft, change })
}

/// Refuses an event whose time is ahead of the log's.
pub(super) fn time_not_in_future(event: &Event, recorded: Time) -> Result<(), Rejection> {
    if event.time.0 > recorded.0 + CLOCK_TOLERANCE_SECONDS {
        let expected = format!("at most {CLOCK_TOLERANCE_SECONDS} seconds after {recorded}");
        return Err(Rejection::new(Rule::TimeInFuture, "time", expected, event.time));
    }
    Ok(())
}

fn common<'a>(state: &'a State, event: &'a Event, recorded: Time) -> Result<Case<'a>, Rejection> {
    let opening = state.opening.as_ref().expect("only called on an open ledger");
    if event.ledger != opening.id && event.kind() != Kind::LedgerOpened {
        return Err(Rejection::new(Rule::LedgerMismatch, "ledger", opening.id, event.ledger));
    }
    let Some(organization) = state.organizations.find(&event.organization).map(OrganizationIx) else {
        return Err(Rejection::new(Rule::OrganizationUnknown, "organization", "a registered organization", event.organization));
    };
    let Some(key) = state.keys.get(&event.signer) else {
        return Err(Rejection::new(Rule::KeyUnknown, "signer", "a granted key", event.signer));
    };
    if key.organization != organization {
        let expected = state.organizations.code(key.organization.0);
        return Err(Rejection::new(Rule::KeyOrganizationMismatch, "organization", expected, event.organization));
    }
    if key.revoked {
        return Err(Rejection::new(Rule::KeyRevoked, "signer", "an active key", format!("{}, revoked", event.signer)));
    }
    if state.organizations.at(organization.0).suspended {
        return Err(Rejection::new(
            Rule::OrganizationSuspended,
            "organization",
            "an active organization",
            format!("{}, suspended", event.organization),
        ));
    }
    if event.sequence != key.feed.sequence {
        return Err(Rejection::new(Rule::SequenceMismatch, "sequence", key.feed.sequence, event.sequence));
    }
    if event.previous != key.feed.previous {
        return Err(Rejection::new(Rule::PreviousMismatch, "previous", key.feed.previous, event.previous));
    }
    let roles = roles_for(event.kind());
    if !key.roles.meets(RoleSet::of(roles)) {
        let expected = roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(" or ");
        let found = key.roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(", ");
        return Err(Rejection::new(Rule::RoleMissing, "signer", format!("a key with the role {expected}"), format!("a key with {found}")));
    }
    time_not_in_future(event, recorded)?;
    let case = Case { state, event, organization, key: key.place, roles: key.roles };
    policy::not_too_old(&case, recorded)?;
    Ok(case)
}

/// The reference an event carries, if its kind has one.
pub fn reference_of(body: &Body) -> Option<&Blake3Hash> {
    match body {
        Body::RecipientEnrolled(body) => body.reference.as_ref(),
        Body::NeedRecorded(body) => body.reference.as_ref(),
        Body::DonationPledged(body) => body.reference.as_ref(),
        Body::DonationReceived(body) => body.reference.as_ref(),
        Body::DonationReturned(body) => body.reference.as_ref(),
        Body::PurchaseMade(body) => body.reference.as_ref(),
        Body::TransferSent(body) => body.reference.as_ref(),
        Body::TransferAccepted(body) => body.reference.as_ref(),
        Body::ExpensePaid(body) => body.reference.as_ref(),
        Body::LossRecorded(body) => body.reference.as_ref(),
        Body::StockCounted(body) => body.reference.as_ref(),
        Body::ServiceRecorded(body) => body.reference.as_ref(),
        Body::AssignmentMade(body) => body.reference.as_ref(),
        Body::DeliveryMade(body) => body.reference.as_ref(),
        _ => None,
    }
}

impl State {
    /// Takes an accepted event in. Cannot fail: [`check`] found everything.
    pub fn apply(&mut self, accepted: &Accepted<'_>) {
        let event = accepted.event;
        assert_eq!(self.ids.len(), accepted.index as usize, "an accepted event is applied to the state it was checked against");
        let place = self.place_of(accepted);
        match &accepted.change {
            Change::RecipientEnrolled { .. } | Change::RecipientWithdrawn | Change::NeedRecorded { .. } => people::apply(self, accepted),
            Change::DonationPledged { .. } | Change::DonationReceived { .. } => gifts::apply(self, accepted),
            Change::Moved { .. } | Change::PurchaseMade { .. } | Change::TransferSent { .. } | Change::TransferAccepted { .. } => {
                movement::apply(self, accepted)
            }
            Change::AssignmentMade { .. }
            | Change::AssignmentCancelled { .. }
            | Change::DeliveryMade { .. }
            | Change::DeliveryFailed { .. } => help::apply(self, accepted),
            Change::DeliveryConfirmed { .. } | Change::DeliveryDisputed { .. } | Change::DisputeAnswered => witness::apply(self, accepted),
            Change::PolicyChanged { .. } | Change::ApprovalGiven { .. } => policy::apply(self, accepted.signer, &accepted.change),
            Change::EventReversed { subject } => control::apply(self, *subject),
            Change::VolunteerJoined { .. } | Change::ServiceRecorded { .. } | Change::RecognitionAwarded { .. } => {
                volunteers::apply(self, accepted)
            }
            Change::Noted { items } => self.counts.push(items.as_slice().into()),
            Change::AuditAttested => {}
            Change::LedgerOpened
            | Change::OrganizationRegistered
            | Change::OrganizationStatus { .. }
            | Change::KeyGranted { .. }
            | Change::KeyRevoked
            | Change::ItemDefined
            | Change::RegionDefined { .. }
            | Change::ProgrammeOpened { .. }
            | Change::ProgrammeClosed { .. } => governance::apply(self, accepted),
        }
        if let Some(draft) = accepted.draft {
            self.approvals.remove(&Subject::Draft(accepted.organization, draft));
        }
        for posting in &accepted.postings {
            self.post(posting);
        }
        if let Some(reference) = reference_of(&event.body) {
            self.references.insert((accepted.organization, *reference), accepted.index);
            self.reference_of.insert(accepted.index, *reference);
        }
        self.ids.push(accepted.id);
        self.made.push(Made {
            kind: event.kind(),
            organization: accepted.organization,
            signer: accepted.signer,
            place: u32::try_from(place).expect("the rules let nothing grow beyond 2^32"),
            reversed: false,
        });
        let key = self.keys.get_mut(&event.signer).expect("the signer's key was found by the rules");
        key.feed = FeedHead { sequence: event.sequence + 1, previous: accepted.id };
    }

    /// Where to find what an accepted event is about to make; for those that make nothing, what they are about.
    fn place_of(&self, accepted: &Accepted<'_>) -> usize {
        match &accepted.change {
            Change::RecipientEnrolled { .. } => self.recipients.len(),
            Change::RecipientWithdrawn => accepted.recipient.expect("the rules found the recipient").at(),
            Change::NeedRecorded { .. } => self.needs.len(),
            Change::DonationPledged { .. } => self.pledges.len(),
            Change::DonationReceived { .. } => self.lots.len(),
            Change::Moved { .. } | Change::PurchaseMade { .. } | Change::TransferSent { .. } | Change::TransferAccepted { .. } => {
                self.movements.len()
            }
            Change::AssignmentMade { .. } => self.assignments.len(),
            Change::AssignmentCancelled { assignment } | Change::DeliveryFailed { assignment } => assignment.at(),
            Change::DeliveryMade { .. } => self.deliveries.len(),
            Change::DeliveryConfirmed { delivery } => delivery.at(),
            Change::DeliveryDisputed { .. } => self.disputes.len(),
            Change::Noted { .. } => self.counts.len(),
            Change::VolunteerJoined { .. } => self.volunteers.len(),
            Change::ServiceRecorded { .. } => self.services.len(),
            Change::RecognitionAwarded { .. } => self.recognitions.len(),
            Change::EventReversed { subject } => *subject as usize,
            _ => 0,
        }
    }

    /// Moves a quantity within its lot.
    fn post(&mut self, posting: &Posting) {
        let lot = &mut self.lots[posting.lot.at()];
        if let Some(source) = lot.account_mut(posting.source) {
            *source = source.checked_sub(posting.quantity).expect("the rules let nothing be taken that is not there");
        }
        if let Some(target) = lot.account_mut(posting.target) {
            *target += posting.quantity;
        }
    }
}
