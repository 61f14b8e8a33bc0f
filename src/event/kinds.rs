//! The kinds of event and their bodies (spec section 4), in groups. A kind is named `noun.past-participle`.
//!
//! To add a kind: declare its body with `record!`, add a line to `kinds!`, give it a rule in `rules/` and a section in the spec.

use crate::canonical::{Canonical, Fault, Names, Reader, Set, Text};
use crate::crypto::hash::Blake3Hash;
use crate::crypto::key::{PublicKey, Signature};
use crate::event::values::{Code, Date, Draw, EventId, Quantity, Token};
use crate::{record, vocabulary};

/// Declares [`Kind`] and [`Body`] from one table, so that no kind can lack a name or a body.
macro_rules! kinds {
    ($($(#[$meta:meta])* $variant:ident = $name:literal),* $(,)?) => {
        vocabulary! {
            /// What an event says happened.
            pub enum Kind("a kind of event") { $($(#[$meta])* $variant = $name),* }
        }

        /// An event's content, by kind.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Body { $($(#[$meta])* $variant($variant)),* }

        impl Body {
            /// The kind this body belongs to.
            pub fn kind(&self) -> Kind {
                match self { $(Body::$variant(_) => Kind::$variant),* }
            }
            /// Appends the body's canonical bytes.
            pub fn write(&self, out: &mut Vec<u8>) {
                match self { $(Body::$variant(body) => body.write(out)),* }
            }
            /// Reads the body of a kind.
            pub fn read(kind: Kind, reader: &mut Reader<'_>) -> Result<Body, Fault> {
                match kind { $(Kind::$variant => $variant::read(reader).map(Body::$variant)),* }
            }
        }
    };
}

kinds! {
    // governance
    /// The first entry of every log.
    LedgerOpened = "ledger.opened",
    /// An organization joins.
    OrganizationRegistered = "organization.registered",
    /// An organization may not append for now.
    OrganizationSuspended = "organization.suspended",
    /// A suspended organization may append again.
    OrganizationReinstated = "organization.reinstated",
    /// A device's key gets roles in an organization.
    KeyGranted = "key.granted",
    /// A key may sign nothing more.
    KeyRevoked = "key.revoked",
    /// Money, goods or a service that can be given.
    ItemDefined = "item.defined",
    /// A place where people are helped.
    RegionDefined = "region.defined",
    /// A purpose under which people are enrolled and helped.
    ProgrammeOpened = "programme.opened",
    /// No more enrolments and assignments in a programme.
    ProgrammeClosed = "programme.closed",
    /// What is asked of events beyond the rules: approvals, separate duties, members.
    PolicyChanged = "policy.changed",
    // people in need
    /// A household, person, community or facility enters a programme.
    RecipientEnrolled = "recipient.enrolled",
    /// A recipient gets nothing more.
    RecipientWithdrawn = "recipient.withdrawn",
    /// What a recipient lacks.
    NeedRecorded = "need.recorded",
    // gifts
    /// Somebody promised a gift.
    DonationPledged = "donation.pledged",
    /// An organization received a gift; makes lots.
    DonationReceived = "donation.received",
    /// What is left of a gift goes back to who gave it.
    DonationReturned = "donation.returned",
    // movement
    /// Money becomes goods or services; makes lots.
    PurchaseMade = "purchase.made",
    /// Parts of lots are on their way to another organization.
    TransferSent = "transfer.sent",
    /// What arrived of a transfer; makes lots. What did not is lost.
    TransferAccepted = "transfer.accepted",
    /// Money is spent on work that brings no goods.
    ExpensePaid = "expense.paid",
    /// Goods or money are gone.
    LossRecorded = "loss.recorded",
    /// What somebody counted on the shelves.
    StockCounted = "stock.counted",
    // help
    /// Parts of lots are set aside for a recipient.
    AssignmentMade = "assignment.made",
    /// What is left of an assignment goes back on hand.
    AssignmentCancelled = "assignment.cancelled",
    /// A recipient got what was assigned, or part of it.
    DeliveryMade = "delivery.made",
    /// Somebody came and could not hand anything over.
    DeliveryFailed = "delivery.failed",
    /// Another key says that the delivery took place.
    DeliveryConfirmed = "delivery.confirmed",
    /// The recipient, or somebody for them, says that it did not, or not so.
    DeliveryDisputed = "delivery.disputed",
    /// The organization answers a dispute or a flag.
    DisputeAnswered = "dispute.answered",
    // control
    /// A second key agrees to an assignment or to a draft.
    ApprovalGiven = "approval.given",
    /// An auditor's opinion on the log up to a size.
    AuditAttested = "audit.attested",
    /// An event entered in error is undone, in the open.
    EventReversed = "event.reversed",
    // volunteers
    /// A volunteer works for the organization, under a pseudonym.
    VolunteerJoined = "volunteer.joined",
    /// A volunteer worked.
    ServiceRecorded = "service.recorded",
    /// A volunteer reached what an award asks for.
    RecognitionAwarded = "recognition.awarded",
}

vocabulary! {
    /// What a key may do in its organization.
    pub enum Role("a role") {
        /// Grants and revokes keys of the organization, opens programmes.
        Admin = "admin",
        /// Assigns aid.
        Assign = "assign",
        /// Appends an auditor's opinions.
        Audit = "audit",
        /// Delivers.
        Field = "field",
        /// Receives gifts.
        Finance = "finance",
        /// Enrols recipients.
        Intake = "intake",
        /// Registers organizations, defines items and regions, for the whole ledger.
        Registrar = "registrar",
    }
}

vocabulary! {
    /// Who is helped.
    pub enum RecipientType("a type of recipient") {
        /// A community: a village, a camp. Its name may be public.
        Community = "community",
        /// A facility: a hospital, a school. Its name may be public.
        Facility = "facility",
        /// A household.
        Household = "household",
        /// One person.
        Person = "person",
    }
}

vocabulary! {
    /// Who gives. Only organizations and governments are named in the log.
    pub enum DonorType("a type of donor") {
        /// Nobody knows, or the donor wants it so.
        Anonymous = "anonymous",
        /// A government or public body.
        Government = "government",
        /// One person; never named in the log.
        Individual = "individual",
        /// A company, foundation or association.
        Organization = "organization",
    }
}

vocabulary! {
    /// What is given.
    pub enum ItemType("a type of item") {
        /// Things.
        Goods = "goods",
        /// Money, by ISO 4217 code.
        Money = "money",
        /// Work and services, by hours or another unit.
        Service = "service",
    }
}

vocabulary! {
    /// Why an organization is suspended.
    pub enum SuspensionReason("a reason for suspension") {
        /// No sign of life.
        Inactive = "inactive",
        /// Something else.
        Other = "other",
        /// It asked for it.
        Requested = "requested",
        /// A question about its conduct is open.
        UnderReview = "under-review",
    }
}

vocabulary! {
    /// Why a key is revoked.
    pub enum RevocationReason("a reason for revocation") {
        /// Somebody else may have it.
        Compromised = "compromised",
        /// The person left.
        Left = "left",
        /// The device is lost.
        Lost = "lost",
        /// Another key took its place.
        Replaced = "replaced",
    }
}

vocabulary! {
    /// Why an assignment is cancelled.
    pub enum CancellationReason("a reason for cancellation") {
        /// Made twice.
        Duplicate = "duplicate",
        /// It is too late.
        Expired = "expired",
        /// The recipient moved or cannot be found.
        NotFound = "not-found",
        /// It is no longer needed.
        NotNeeded = "not-needed",
        /// Something else.
        Other = "other",
        /// The goods were damaged or are missing.
        StockProblem = "stock-problem",
    }
}

vocabulary! {
    /// Why an event is reversed.
    pub enum ReversalReason("a reason for reversal") {
        /// It did not happen.
        DidNotHappen = "did-not-happen",
        /// The same thing was entered twice.
        EnteredTwice = "entered-twice",
        /// Something else.
        Other = "other",
        /// The wrong item was named.
        WrongItem = "wrong-item",
        /// The wrong quantity was named.
        WrongQuantity = "wrong-quantity",
        /// The wrong recipient was named.
        WrongRecipient = "wrong-recipient",
    }
}

vocabulary! {
    /// Why a recipient is withdrawn.
    pub enum WithdrawalReason("a reason for withdrawal") {
        /// Died, or was dissolved.
        Deceased = "deceased",
        /// Enrolled twice.
        Duplicate = "duplicate",
        /// Cannot be found any more.
        Left = "left",
        /// Lives elsewhere now.
        Moved = "moved",
        /// Does not meet the programme's conditions any more.
        NotEligible = "not-eligible",
        /// Asked for it.
        Requested = "requested",
    }
}

vocabulary! {
    /// Why a gift goes back.
    pub enum ReturnReason("a reason for a return") {
        /// The donor asked for it.
        DonorRequest = "donor-request",
        /// It could not be used for what it was given.
        NotUsable = "not-usable",
        /// Something else.
        Other = "other",
        /// It came by mistake.
        ReceivedInError = "received-in-error",
        /// More than was needed.
        Surplus = "surplus",
    }
}

vocabulary! {
    /// What money is spent on that brings no goods.
    pub enum Purpose("a purpose of an expense") {
        /// Fees of banks and payment services.
        BankFees = "bank-fees",
        /// Telephone and network.
        Communication = "communication",
        /// Fuel.
        Fuel = "fuel",
        /// Books, audit, advice.
        Office = "office",
        /// Something else.
        Other = "other",
        /// Rent of rooms.
        Rent = "rent",
        /// Staff.
        Salaries = "salaries",
        /// Keeping goods.
        Storage = "storage",
        /// Bringing goods and people.
        Transport = "transport",
    }
}

vocabulary! {
    /// How something was lost.
    pub enum LossReason("a reason for a loss") {
        /// Broken or wet.
        Damaged = "damaged",
        /// Past its day.
        Expired = "expired",
        /// Nobody knows where it is.
        Missing = "missing",
        /// Something else.
        Other = "other",
        /// Rotten.
        Spoiled = "spoiled",
        /// Taken.
        Stolen = "stolen",
    }
}

vocabulary! {
    /// Why nothing was handed over.
    pub enum FailureReason("a reason for a failed delivery") {
        /// The address is not known or does not exist.
        AddressUnknown = "address-unknown",
        /// The recipient lives elsewhere now.
        Moved = "moved",
        /// Nobody opened.
        NotHome = "not-home",
        /// Something else.
        Other = "other",
        /// The recipient did not want it.
        Refused = "refused",
        /// It was not safe to go there.
        Unsafe = "unsafe",
    }
}

vocabulary! {
    /// What is wrong with a delivery.
    pub enum DisputeReason("a reason for a dispute") {
        /// It was broken, spoiled or past its day.
        BadQuality = "bad-quality",
        /// Less than was written down.
        LessReceived = "less-received",
        /// Nothing came.
        NotReceived = "not-received",
        /// Something else.
        Other = "other",
        /// Something was asked for in return.
        PaymentDemanded = "payment-demanded",
        /// Other goods than were written down.
        WrongGoods = "wrong-goods",
    }
}

vocabulary! {
    /// What an organization says to a dispute or a flag.
    pub enum DisputeAnswer("an answer") {
        /// It is so; a correction follows or stands.
        Accepted = "accepted",
        /// It is as it should be, for the reason given.
        Explained = "explained",
        /// It is not so.
        Rejected = "rejected",
        /// It is being looked into.
        UnderReview = "under-review",
    }
}

vocabulary! {
    /// Why it is as it is.
    pub enum AnswerReason("a reason of an answer") {
        /// Many were served at one place and time.
        BulkDistribution = "bulk-distribution",
        /// The event was corrected.
        Corrected = "corrected",
        /// The programme gives everybody the same.
        FixedPackage = "fixed-package",
        /// It was written down later than it happened.
        LateEntry = "late-entry",
        /// Work went on at night.
        NightShift = "night-shift",
        /// Something else.
        Other = "other",
        /// Prices changed.
        PriceChange = "price-change",
        /// Several people used the device, or one person had several duties.
        SharedDevice = "shared-device",
        /// It waits for somebody whom it may be given to.
        WaitingForNeed = "waiting-for-need",
    }
}

vocabulary! {
    /// What a policy asks events to carry.
    pub enum Requirement("a requirement") {
        /// Enrolments of households and persons carry a commitment.
        Commitment = "commitment",
        /// Deliveries carry evidence.
        Evidence = "evidence",
        /// Assignments to households and persons carry a lock.
        Lock = "lock",
        /// Gifts, purchases and expenses carry a reference.
        Reference = "reference",
        /// Enrolments of households carry a size.
        Size = "size",
        /// Enrolments of households and persons carry a uniqueness tag.
        Uniqueness = "uniqueness",
    }
}

vocabulary! {
    /// Which duties a policy keeps apart: different keys must have signed.
    pub enum Separation("a separation of duties") {
        /// Who assigned does not deliver.
        AssignDeliver = "assign-deliver",
        /// Who enrolled does not assign.
        EnrolAssign = "enrol-assign",
        /// Who enrolled does not deliver.
        EnrolDeliver = "enrol-deliver",
    }
}

vocabulary! {
    /// What an auditor concludes.
    pub enum Conclusion("a conclusion") {
        /// It does not give a true picture.
        Adverse = "adverse",
        /// Nothing can be said.
        Disclaimer = "disclaimer",
        /// True, but for what the report names.
        Qualified = "qualified",
        /// A true picture.
        Unqualified = "unqualified",
    }
}

vocabulary! {
    /// How a sample was drawn.
    pub enum SampleMethod("a way of sampling") {
        /// Every delivery has the same chance.
        Equal = "equal",
        /// Every minor unit of the item has the same chance.
        Money = "money",
    }
}

vocabulary! {
    /// What a volunteer did.
    pub enum Activity("an activity") {
        /// Calls and the help line.
        Calls = "calls",
        /// Bringing aid to people.
        Delivery = "delivery",
        /// Driving.
        Driving = "driving",
        /// Enrolling people.
        Intake = "intake",
        /// Care by people who learned it.
        Medical = "medical",
        /// Something else.
        Other = "other",
        /// Packing and sorting.
        Packing = "packing",
        /// Teaching.
        Teaching = "teaching",
    }
}

vocabulary! {
    /// What a volunteer is honoured for. The number is what is asked for.
    pub enum Award("an award") {
        /// 100 standing deliveries under the volunteer's key.
        Deliveries100 = "deliveries-100",
        /// 1,000 standing deliveries under the volunteer's key.
        Deliveries1000 = "deliveries-1000",
        /// 10 hours of service.
        Hours10 = "hours-10",
        /// 100 hours of service.
        Hours100 = "hours-100",
        /// 50 hours of service.
        Hours50 = "hours-50",
        /// 500 hours of service.
        Hours500 = "hours-500",
    }
}

record! {
    /// Body of `ledger.opened`: the only event whose `ledger` is 64 zeros; its id is the ledger's id.
    pub struct LedgerOpened {
        /// The Ed25519 key that signs checkpoints.
        log_key: PublicKey,
        /// The ledger's name.
        name: Names,
        /// The name of the registrar's organization, whose code is the event's `organization`.
        organization_name: Names,
        /// The checkpoint origin: a name for the log, unique in the world, like `aid.example.org/2026`.
        origin: Origin,
        /// The roles of the signing key; `registrar` must be one.
        roles: Set<Role>,
        /// The version of the rules that judge this ledger: 1.
        rules: u64,
    }
}

record! {
    /// Body of `organization.registered`.
    pub struct OrganizationRegistered { name: Names, organization: Code }
}
record! {
    /// Body of `organization.suspended`.
    pub struct OrganizationSuspended { organization: Code, reason: SuspensionReason }
}
record! {
    /// Body of `organization.reinstated`.
    pub struct OrganizationReinstated { organization: Code }
}
record! {
    /// Body of `key.granted`. Granting an active key again replaces its roles.
    pub struct KeyGranted {
        /// The public key of one device.
        key: PublicKey,
        /// What the organization calls the device, like `phone-3`; never a person's name.
        label: Option<Code>,
        organization: Code,
        roles: Set<Role>,
    }
}
record! {
    /// Body of `key.revoked`: from this entry on the key signs nothing; what it signed before stays.
    pub struct KeyRevoked { key: PublicKey, reason: RevocationReason }
}
record! {
    /// Body of `item.defined`.
    pub struct ItemDefined {
        category: Code,
        /// Digits after the point in every amount of this item, 0 to 9.
        decimals: u64,
        item: Code,
        name: Names,
        r#type as "type": ItemType,
        /// What one is: `kg`, `box`, `hour`. Absent for money.
        unit: Option<Code>,
    }
}
record! {
    /// Body of `region.defined`.
    pub struct RegionDefined {
        name: Names,
        /// The region that this one lies in.
        parent: Option<Code>,
        region: Code,
    }
}
record! {
    /// Body of `programme.opened`. Each absent member means no restriction of that sort.
    pub struct ProgrammeOpened {
        /// The first day on which aid may be assigned.
        from: Option<Date>,
        name: Names,
        /// The organizations that may enrol and assign in it, beside the one that opens it.
        organizations: Option<Set<Code>>,
        programme: Code,
        recipient_types: Option<Set<RecipientType>>,
        /// Recipients live in one of these or in a region inside them.
        regions: Option<Set<Code>>,
        /// The last day on which aid may be assigned.
        until: Option<Date>,
    }
}
record! {
    /// Body of `programme.closed`.
    pub struct ProgrammeClosed { programme: Code }
}
record! {
    /// Body of `recipient.enrolled`.
    pub struct RecipientEnrolled {
        /// A salted commitment to who it is; the opening stays in the organization's vault.
        commitment: Option<Blake3Hash>,
        /// The recipient's own key, which follows from the code on their card: it finds their record and signs their disputes.
        key: Option<PublicKey>,
        /// The public name of a community or facility; refused for households and persons.
        name: Option<Names>,
        programme: Code,
        recipient: Token,
        reference: Option<Blake3Hash>,
        region: Code,
        /// How many people.
        size: Option<u64>,
        r#type as "type": RecipientType,
        /// Keyed BLAKE3 of identity, programme and period: the same person twice gives the same tag.
        uniqueness: Option<Blake3Hash>,
    }
}
record! {
    /// Who gave.
    pub struct Donor {
        /// A salted commitment to who it is.
        commitment: Option<Blake3Hash>,
        /// The name of an organization or government; refused for others.
        name: Option<Text>,
        r#type as "type": DonorType,
    }
}
record! {
    /// One lot of a gift.
    pub struct LotLine { item: Code, quantity: Quantity }
}
record! {
    /// What a gift may be spent on. Each absent member means no restriction of that sort; present ones hold together.
    pub struct Restrictions {
        categories: Option<Set<Code>>,
        items: Option<Set<Code>>,
        programmes: Option<Set<Code>>,
        regions: Option<Set<Code>>,
        /// The last day on which it may be assigned.
        use_by: Option<Date>,
    }
}
record! {
    /// Body of `donation.received`. Line n of `lots` makes lot `<event id>.n`.
    pub struct DonationReceived {
        donor: Donor,
        lots: Vec<LotLine>,
        /// The pledge that it keeps, or part of it.
        pledge: Option<EventId>,
        /// BLAKE3 of the code on the donor's receipt.
        receipt: Option<Blake3Hash>,
        reference: Option<Blake3Hash>,
        restrictions: Option<Restrictions>,
    }
}
record! {
    /// Body of `recipient.withdrawn`: nothing more is assigned; what was assigned may still be delivered.
    pub struct RecipientWithdrawn { reason: WithdrawalReason, recipient: Token }
}
record! {
    /// Body of `need.recorded`. Deliveries serve the need that their assignment names, else the recipient's oldest that lacks the item.
    pub struct NeedRecorded {
        /// The day by which it is needed.
        due: Option<Date>,
        lines: Vec<LotLine>,
        recipient: Token,
        reference: Option<Blake3Hash>,
    }
}
record! {
    /// Body of `donation.pledged`. Nothing moves until it is received.
    pub struct DonationPledged {
        donor: Donor,
        /// The day by which it was promised.
        due: Option<Date>,
        lines: Vec<LotLine>,
        reference: Option<Blake3Hash>,
    }
}
record! {
    /// Body of `donation.returned`.
    pub struct DonationReturned {
        donation: EventId,
        /// From the lots of that donation.
        draws: Set<Draw>,
        reason: ReturnReason,
        reference: Option<Blake3Hash>,
    }
}
record! {
    /// One line of a bill.
    pub struct PurchaseLine {
        /// What it cost, in the currency of the draws.
        cost: Quantity,
        item: Code,
        quantity: Quantity,
    }
}
record! {
    /// Body of `purchase.made`. Line n of `lots` makes lot `<event id>.n`, which carries all restrictions of the money.
    pub struct PurchaseMade {
        /// The money, of one currency; the sum of the lines' costs.
        draws: Set<Draw>,
        /// A salted commitment to the bill.
        evidence: Option<Blake3Hash>,
        lots: Vec<PurchaseLine>,
        reference: Option<Blake3Hash>,
        /// A salted commitment to who sold it.
        supplier: Option<Blake3Hash>,
    }
}
record! {
    /// Body of `transfer.sent`.
    pub struct TransferSent {
        /// Who brings it, by a code of the sender's.
        carrier: Option<Code>,
        draws: Set<Draw>,
        /// The day by which it should arrive.
        due: Option<Date>,
        reference: Option<Blake3Hash>,
        /// The organization it is sent to.
        to: Code,
        /// The number of the waybill.
        waybill: Option<Text>,
    }
}
record! {
    /// Body of `transfer.accepted`. Draw n makes lot `<event id>.n` of the accepting organization.
    pub struct TransferAccepted {
        /// What arrived, by the sender's lots; absent if nothing did. The rest of the transfer is lost.
        draws: Option<Set<Draw>>,
        evidence: Option<Blake3Hash>,
        reference: Option<Blake3Hash>,
        transfer: EventId,
    }
}
record! {
    /// Body of `expense.paid`. Without a programme it is overhead.
    pub struct ExpensePaid {
        draws: Set<Draw>,
        evidence: Option<Blake3Hash>,
        programme: Option<Code>,
        purpose: Purpose,
        reference: Option<Blake3Hash>,
        region: Option<Code>,
    }
}
record! {
    /// Body of `loss.recorded`.
    pub struct LossRecorded {
        draws: Set<Draw>,
        evidence: Option<Blake3Hash>,
        reason: LossReason,
        reference: Option<Blake3Hash>,
    }
}
record! {
    /// Body of `stock.counted`: what was on the shelves. It moves nothing; a difference from the books is a question.
    pub struct StockCounted {
        /// Each item counted, once; zero is a count.
        counts: Vec<LotLine>,
        evidence: Option<Blake3Hash>,
        reference: Option<Blake3Hash>,
    }
}
record! {
    /// Body of `assignment.made`.
    pub struct AssignmentMade {
        draws: Set<Draw>,
        /// The day by which it should be delivered.
        due: Option<Date>,
        /// BLAKE3 of the one-time code on the recipient's slip.
        lock: Option<Blake3Hash>,
        /// The need that it answers.
        need: Option<EventId>,
        programme: Code,
        recipient: Token,
        reference: Option<Blake3Hash>,
    }
}
record! {
    /// Body of `assignment.cancelled`.
    pub struct AssignmentCancelled { assignment: EventId, reason: CancellationReason }
}
record! {
    /// Body of `delivery.made`.
    pub struct DeliveryMade {
        assignment: EventId,
        /// The one-time code from the recipient's slip: proves that the slip was there.
        code: Option<SlipCode>,
        /// What was handed over, from the assignment's lots; may be less than assigned.
        draws: Set<Draw>,
        /// A salted commitment to evidence kept in the organization's vault.
        evidence: Option<Blake3Hash>,
        reference: Option<Blake3Hash>,
    }
}
record! {
    /// Body of `delivery.failed`.
    pub struct DeliveryFailed { assignment: EventId, reason: FailureReason }
}
record! {
    /// Body of `delivery.confirmed`: the delivery is witnessed by a second key.
    pub struct DeliveryConfirmed { delivery: EventId, evidence: Option<Blake3Hash> }
}
record! {
    /// Body of `delivery.disputed`.
    pub struct DeliveryDisputed {
        delivery: EventId,
        reason: DisputeReason,
        /// By the recipient's own key over [`dispute_message`]: it is they who say so. Absent if somebody speaks for them.
        signature: Option<Signature>,
    }
}
record! {
    /// Body of `dispute.answered`.
    pub struct DisputeAnswered {
        answer: DisputeAnswer,
        /// The dispute; with `flag`, the own event that the flag asks about.
        event: EventId,
        evidence: Option<Blake3Hash>,
        /// The flag of an audit report that is answered.
        flag: Option<Code>,
        reason: AnswerReason,
    }
}
record! {
    /// Body of `approval.given`. One of the two is present.
    pub struct ApprovalGiven {
        /// The assignment that may be delivered.
        assignment: Option<EventId>,
        /// The [`draft_hash`] of a body that may be appended.
        draft: Option<Blake3Hash>,
    }
}
record! {
    /// From which quantity on how many approvals are asked for.
    pub struct Band { approvals: u64, from: Quantity, item: Code }
}
record! {
    /// Body of `policy.changed`: takes the place of the earlier policy of the same scope.
    pub struct PolicyChanged {
        /// Approvals by quantity.
        approvals: Option<Vec<Band>>,
        /// How many days an event's time may lie before the day on which it is recorded.
        days_back: Option<u64>,
        /// After how many days an untouched gift is called idle.
        idle_days: Option<u64>,
        /// Whose policy; the whole ledger's if absent.
        organization: Option<Code>,
        /// The declared cap of overhead, in thousandths of what was spent.
        overhead_permille: Option<u64>,
        requires: Option<Set<Requirement>>,
        /// How many approvals a reversal needs.
        reversal_approvals: Option<u64>,
        /// The version of the rules that judges from here on: 1.
        rules: u64,
        separate: Option<Set<Separation>>,
        /// The smallest number of people that a public statistic shows.
        small_cell: Option<u64>,
    }
}
record! {
    /// What an auditor took and found.
    pub struct Sample {
        /// How sure, in thousandths.
        confidence_permille: u64,
        /// How many deliveries were looked at.
        drawn: u64,
        /// How many of them were not as recorded.
        failed: u64,
        method: SampleMethod,
        /// How many deliveries there were to draw from.
        population: u64,
        /// The hash of the checkpoint that the draw follows from.
        seed: Blake3Hash,
        /// How much may be wrong, in thousandths.
        tolerable_permille: u64,
    }
}
record! {
    /// Body of `audit.attested`: an auditor's opinion on the first `size` entries.
    pub struct AuditAttested {
        conclusion: Conclusion,
        /// The programme that it is about; the whole ledger if absent.
        programme: Option<Code>,
        /// BLAKE3 of the report.
        report: Option<Blake3Hash>,
        /// The root of the tree of the first `size` entries, in hex.
        root: Blake3Hash,
        sample: Option<Sample>,
        size: u64,
    }
}
record! {
    /// Body of `volunteer.joined`.
    pub struct VolunteerJoined {
        /// A salted commitment to who it is.
        commitment: Option<Blake3Hash>,
        /// The volunteer's own device: what it delivers counts for them.
        key: Option<PublicKey>,
        volunteer: Token,
    }
}
record! {
    /// Body of `service.recorded`.
    pub struct ServiceRecorded {
        activity: Activity,
        day: Date,
        minutes: u64,
        programme: Option<Code>,
        reference: Option<Blake3Hash>,
        volunteer: Token,
    }
}
record! {
    /// Body of `recognition.awarded`.
    pub struct RecognitionAwarded { award: Award, volunteer: Token }
}
record! {
    /// Body of `event.reversed`.
    pub struct EventReversed { event: EventId, reason: ReversalReason }
}

/// What a recipient's own key signs to dispute a delivery: `aidledger/dispute/v1`, LF, the delivery's event id in hex.
pub fn dispute_message(delivery: &EventId) -> Vec<u8> {
    format!("aidledger/dispute/v1\n{delivery}").into_bytes()
}

/// The hash by which a body is approved before it is appended: `BLAKE3(kind ‖ LF ‖ canonical bytes of the body)`.
pub fn draft_hash(body: &Body) -> Blake3Hash {
    let mut bytes = format!("{}\n", body.kind()).into_bytes();
    body.write(&mut bytes);
    Blake3Hash::of(&bytes)
}

/// A checkpoint origin: 1 to 255 visible ASCII characters without `+`, `"` and `\` (C2SP signed-note key names allow no space and no plus).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub String);

impl std::str::FromStr for Origin {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let good = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'+' | b'"' | b'\\'));
        if good {
            Ok(Origin(text.to_owned()))
        } else {
            Err("an origin is 1 to 255 visible ASCII characters without `+`, `\"` and `\\`, like aid.example.org/2026".into())
        }
    }
}

/// A one-time code as printed on a slip: 16 to 64 digits and upper-case letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipCode(pub String);

impl std::str::FromStr for SlipCode {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let good = (16..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if good { Ok(SlipCode(text.to_owned())) } else { Err("a slip code is 16 to 64 digits and upper-case letters".into()) }
    }
}

macro_rules! string_newtype {
    ($type:ident, $what:literal) => {
        impl Canonical for $type {
            fn write(&self, out: &mut Vec<u8>) {
                out.push(b'"');
                out.extend_from_slice(self.0.as_bytes());
                out.push(b'"');
            }
            fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
                let at = reader.at();
                let text = reader.plain($what)?;
                text.parse().map_err(|what: String| reader.fault_at(at, what))
            }
        }
    };
}
string_newtype!(Origin, "an origin");
string_newtype!(SlipCode, "a slip code");
