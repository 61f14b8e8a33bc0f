//! Rejections: every way in which the rules refuse an event, with a number and a name that never change (spec section 11).
//!
//! A rejection is an answer, not a failure. Whoever reads the number in ten years must find the same sentence, so numbers are
//! never used again. The order of checks within a kind is the order of its table in the spec.

use std::fmt;

/// Declares the rules from one table: number, name, sentence.
macro_rules! rules {
    ($($variant:ident = $number:literal $name:literal $sentence:literal),* $(,)?) => {
        /// A rule that an event broke.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $(#[doc = $sentence] $variant = $number),* }

        impl Rule {
            /// Every rule, by number.
            pub const ALL: &'static [Rule] = &[$(Rule::$variant),*];
            /// The stable number.
            pub const fn number(self) -> u16 {
                self as u16
            }
            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Rule::$variant => $name),* }
            }
            /// What the rule asks, as the spec says it.
            pub const fn sentence(self) -> &'static str {
                match self { $(Rule::$variant => $sentence),* }
            }
        }
    };
}

rules! {
    Malformed = 100 "malformed" "The bytes are one signed event in canonical form.",
    EntryTooLong = 101 "entry-too-long" "The entry made of the event has at most 65,535 bytes.",
    SignatureInvalid = 102 "signature-invalid" "The signature is by the signer over this event, under the strict rule.",
    LedgerNotOpen = 110 "ledger-not-open" "The first event of a log is ledger.opened.",
    LedgerAlreadyOpen = 111 "ledger-already-open" "A log has one ledger.opened.",
    LedgerMismatch = 112 "ledger-mismatch" "The event names this ledger's id; ledger.opened names 64 zeros.",
    OrganizationUnknown = 113 "organization-unknown" "The event's organization is registered.",
    KeyUnknown = 114 "key-unknown" "The signer's key was granted.",
    KeyOrganizationMismatch = 115 "key-organization-mismatch" "The signer's key belongs to the event's organization.",
    KeyRevoked = 116 "key-revoked" "The signer's key is not revoked.",
    OrganizationSuspended = 117 "organization-suspended" "The event's organization is not suspended.",
    SequenceMismatch = 118 "sequence-mismatch" "The event's sequence is the next of its key's feed.",
    PreviousMismatch = 119 "previous-mismatch" "The event's previous is the id of its key's last event.",
    RoleMissing = 120 "role-missing" "The signer's key has a role that may append this kind.",
    TimeInFuture = 121 "time-in-future" "The event's time is at most 300 seconds after it is recorded.",
    ReferenceUsed = 122 "reference-used" "No other standing event of the organization has the reference.",
    TimeTooOld = 123 "time-too-old" "The event's day is at most as many days before the day on which it is recorded as the policy allows.",
    PersonalData = 124 "personal-data" "No public text or code holds a personal identification number, a phone number or a card number.",
    PolicyMemberMissing = 125 "policy-member-missing" "The event has the members that the policy requires.",

    RegistrarRoleMissing = 200 "registrar-role-missing" "The key that opens a ledger has the role registrar.",
    RulesVersionUnknown = 201 "rules-version-unknown" "The ledger names a version of the rules that exists: 1.",
    KeyWeak = 202 "key-weak" "A key is the canonical encoding of a point of prime order: neither weak nor torsioned.",
    OrganizationExists = 203 "organization-exists" "A code is given to one organization only.",
    OrganizationNotFound = 204 "organization-not-found" "The organization that the body names is registered.",
    OrganizationStatusUnchanged = 205 "organization-status-unchanged" "Only an active organization is suspended, only a suspended one reinstated.",
    OrganizationIsRegistrar = 206 "organization-is-registrar" "The registrar's organization is never suspended.",
    OrganizationForeign = 207 "organization-foreign" "An admin grants and revokes keys of the own organization only; a registrar those of any.",
    KeyTaken = 208 "key-taken" "A key belongs to one organization for good; the log's key and a recipient's own key belong to none.",
    KeyRetired = 209 "key-retired" "A revoked key is never granted again.",
    RoleReserved = 210 "role-reserved" "Only a registrar grants the role registrar, and only within the registrar's organization.",
    KeyNotActive = 211 "key-not-active" "Only a granted key that is not revoked yet is revoked.",
    LastRegistrar = 212 "last-registrar" "One active key with the role registrar always remains.",
    ItemExists = 213 "item-exists" "A code is given to one item only.",
    ItemForm = 214 "item-form" "Money has a code of three capitals and no unit; goods and services have a code of small letters and a unit; decimals are at most 9.",
    RegionExists = 215 "region-exists" "A code is given to one region only.",
    RegionUnknown = 216 "region-unknown" "A region that is named is defined.",
    ProgrammeExists = 217 "programme-exists" "A code is given to one programme only.",
    ProgrammeUnknown = 218 "programme-unknown" "A programme that is named was opened.",
    ProgrammeForeign = 219 "programme-foreign" "A programme is closed by the organization that opened it or by a registrar.",
    ProgrammeClosed = 220 "programme-closed" "The programme is open.",
    ProgrammePeriod = 221 "programme-period" "A programme's last day is not before its first, and aid is assigned between them.",
    OrganizationNotInProgramme = 222 "organization-not-in-programme" "The organization opened the programme or is one of those it names, if it names any.",

    PolicyForeign = 223 "policy-foreign" "The policy of the whole ledger is changed by a registrar, that of an organization by its own admin.",
    PolicyRange = 224 "policy-range" "A policy asks for 1 to 16 approvals, and a share is at most 1,000 thousandths.",

    RecipientExists = 300 "recipient-exists" "A recipient token is used once.",
    RecipientUnknown = 301 "recipient-unknown" "A recipient that is named is enrolled.",
    RecipientNameForbidden = 302 "recipient-name-forbidden" "Only a community or facility is named.",
    RecipientTypeNotEligible = 303 "recipient-type-not-eligible" "The recipient is of a type that the programme helps.",
    RecipientRegionNotEligible = 304 "recipient-region-not-eligible" "The recipient's region lies in one of the programme's regions.",
    UniquenessTagSeen = 305 "uniqueness-tag-seen" "A uniqueness tag stands once in a programme.",
    RecipientOtherProgramme = 306 "recipient-other-programme" "The recipient is enrolled in the programme that the assignment names.",

    RecipientWithdrawn = 307 "recipient-withdrawn" "The recipient was not withdrawn.",
    RecipientForeign = 308 "recipient-foreign" "A recipient is withdrawn by the organization that enrolled it or that opened the programme.",
    NeedUnknown = 309 "need-unknown" "A need that is named was recorded and not reversed.",
    NeedOtherRecipient = 310 "need-other-recipient" "The need that an assignment answers is its recipient's.",
    RecipientKeyTaken = 311 "recipient-key-taken" "A recipient's key is no other recipient's and no organization's.",

    DonorNameForbidden = 400 "donor-name-forbidden" "Only an organization or government is named as a donor.",
    ItemUnknown = 401 "item-unknown" "An item that is named is defined.",
    CategoryUnknown = 402 "category-unknown" "A category that is named is that of a defined item.",
    QuantityDecimals = 403 "quantity-decimals" "A quantity has as many decimals as its item.",
    QuantityZero = 404 "quantity-zero" "A quantity is more than zero.",
    LotUnknown = 405 "lot-unknown" "A lot that is drawn on was made and not reversed.",
    LotForeign = 406 "lot-foreign" "A lot is drawn on by the organization that holds it.",
    LotInsufficient = 407 "lot-insufficient" "A draw is at most what the lot has on hand.",
    RestrictionProgramme = 408 "restriction-programme" "The programme is one that the gift is restricted to.",
    RestrictionRegion = 409 "restriction-region" "The recipient's region lies in one that the gift is restricted to.",
    RestrictionCategory = 410 "restriction-category" "The item's category is one that the gift is restricted to.",
    RestrictionItem = 411 "restriction-item" "The item is one that the gift is restricted to.",
    RestrictionUseBy = 412 "restriction-use-by" "The gift is assigned no later than its use-by day.",
    PledgeUnknown = 413 "pledge-unknown" "A pledge that is named was made to this organization and not reversed.",
    DonationUnknown = 414 "donation-unknown" "A donation that is returned from was received by this organization and not reversed.",
    LotOtherDonation = 415 "lot-other-donation" "What is returned comes from the lots of the donation that is named.",
    DrawNotMoney = 416 "draw-not-money" "Purchases and expenses are paid with money of one currency.",
    PurchaseOfMoney = 417 "purchase-of-money" "What is bought is not money.",
    CostMismatch = 418 "cost-mismatch" "The costs of a purchase's lines add up to what is drawn.",
    TransferToSelf = 420 "transfer-to-self" "A transfer goes to another organization.",
    TransferUnknown = 421 "transfer-unknown" "A transfer that is named was sent and not reversed.",
    TransferForeign = 422 "transfer-foreign" "A transfer is accepted by the organization that it was sent to.",
    TransferSettled = 423 "transfer-settled" "A transfer is accepted once.",
    DrawNotSent = 424 "draw-not-sent" "What is accepted comes from the transfer's lots.",
    AcceptedExceedsSent = 425 "accepted-exceeds-sent" "No more is accepted from a lot than was sent from it.",
    CountTwice = 426 "count-twice" "A count names each item once.",

    AssignmentUnknown = 500 "assignment-unknown" "An assignment that is named was made and not reversed.",
    AssignmentForeign = 501 "assignment-foreign" "An assignment is approved, delivered, recorded as failed to deliver and cancelled by the organization that made it.",
    AssignmentCancelled = 502 "assignment-cancelled" "The assignment is not cancelled.",
    AssignmentSettled = 503 "assignment-settled" "Something of the assignment is not delivered yet.",
    DrawNotAssigned = 504 "draw-not-assigned" "What is delivered comes from the assignment's lots.",
    DeliveryExceedsAssigned = 505 "delivery-exceeds-assigned" "No more is delivered from a lot than was assigned from it.",
    CodeWithoutLock = 506 "code-without-lock" "A code is shown only for an assignment that has a lock.",
    CodeMismatch = 507 "code-mismatch" "The lock is the BLAKE3 of the code.",
    CodeUsed = 508 "code-used" "A code is shown once; a reversal does not make it secret again.",
    LockUsed = 509 "lock-used" "A lock stands on one assignment only, a receipt on one gift only, and no lock is a receipt.",
    DeliveryUnknown = 510 "delivery-unknown" "A delivery that is named was made and not reversed.",
    ConfirmerIsMaker = 511 "confirmer-is-maker" "A delivery is confirmed by another key than the one that made it.",
    ConfirmedAlready = 512 "confirmed-already" "A key confirms a delivery once.",
    DisputeKeyMissing = 513 "dispute-key-missing" "A dispute is signed only if the recipient was enrolled with a key.",
    DisputeSignature = 514 "dispute-signature" "The signature of a dispute is by the recipient's key over the delivery's id.",
    DisputeUnknown = 515 "dispute-unknown" "The event that is answered is a dispute; with a flag, an event of this ledger.",
    DisputeForeign = 516 "dispute-foreign" "An organization answers for its own deliveries and events.",
    DutiesNotSeparate = 517 "duties-not-separate" "Who enrolled, who assigned and who delivered are different keys where the policy asks for it.",

    EventUnknown = 600 "event-unknown" "The event that is reversed is in the log.",
    EventNotReversible = 601 "event-not-reversible" "Governance, control, disputes, answers and the joining of volunteers are not reversed; all else is.",
    EventForeign = 602 "event-foreign" "An event is reversed by the organization that appended it.",
    EventAlreadyReversed = 603 "event-already-reversed" "An event is reversed once.",
    EventHasConsequences = 604 "event-has-consequences" "Nothing that stands depends on the event that is reversed.",
    ApprovalSubject = 605 "approval-subject" "An approval names an assignment or a draft, one of the two.",
    ApproverIsMaker = 606 "approver-is-maker" "No key approves what it made.",
    ApprovedAlready = 607 "approved-already" "A key approves a subject once.",
    ApprovalsMissing = 608 "approvals-missing" "What reaches a band of the policy was approved by as many other keys of the organization as the band asks for.",
    AttestedSize = 609 "attested-size" "An opinion is on entries that the log has: at least one.",
    SampleFigures = 610 "sample-figures" "A sample has no more failures than draws, no more draws than the population, and shares below 1,000 thousandths.",

    VolunteerExists = 700 "volunteer-exists" "A volunteer's token is used once.",
    VolunteerUnknown = 701 "volunteer-unknown" "A volunteer that is named joined this organization.",
    VolunteerKey = 702 "volunteer-key" "A volunteer's key is an active key of the organization and no other volunteer's.",
    ServiceMinutes = 703 "service-minutes" "A service is of 1 to 1,440 minutes.",
    ServiceDay = 704 "service-day" "A service is recorded on its day or later.",
    ServiceOwn = 705 "service-own" "No volunteer's own key records their service or awards them.",
    RecognitionNotEarned = 706 "recognition-not-earned" "The volunteer's standing hours or deliveries reach what the award asks for.",
    RecognitionAwarded = 707 "recognition-awarded" "An award stands once for a volunteer.",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.name())
    }
}

/// Why an event is not accepted: the rule, the member at fault, and what it should have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule}: `{field}` should be {expected}, found {found}. {}", rule.sentence())]
pub struct Rejection {
    /// The rule that was broken first.
    pub rule: Rule,
    /// The member at fault, like `body.draws[1].quantity`.
    pub field: String,
    /// What it should have been.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl Rejection {
    /// A rejection of what a member says.
    #[cold]
    pub fn new(rule: Rule, field: impl Into<String>, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Rejection { rule, field: field.into(), expected: expected.to_string(), found: found.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_ascending() {
        assert!(Rule::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
        let mut names: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Rule::ALL.len());
    }
}
