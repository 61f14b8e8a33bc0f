//! The kinds of event and their bodies (spec section 4), in groups. A kind is named `noun.past-participle`.
//!
//! To add a kind: declare its body with `record!`, add a line to `kinds!`, give it a rule in `rules/` and a section in the spec.

use crate::canonical::{Canonical, Fault, Names, Reader, Set, Text};
use crate::crypto::hash::Blake3Hash;
use crate::crypto::key::PublicKey;
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
    // people in need
    /// A household, person, community or facility enters a programme.
    RecipientEnrolled = "recipient.enrolled",
    // gifts
    /// An organization received a gift; makes lots.
    DonationReceived = "donation.received",
    // help
    /// Parts of lots are set aside for a recipient.
    AssignmentMade = "assignment.made",
    /// What is left of an assignment goes back on hand.
    AssignmentCancelled = "assignment.cancelled",
    /// A recipient got what was assigned, or part of it.
    DeliveryMade = "delivery.made",
    // control
    /// An event entered in error is undone, in the open.
    EventReversed = "event.reversed",
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
        reference: Option<Blake3Hash>,
        restrictions: Option<Restrictions>,
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
    /// Body of `event.reversed`.
    pub struct EventReversed { event: EventId, reason: ReversalReason }
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
