//! proptest strategies for every value that can stand in an event, valid in form only: the rules may think what they like of it.
//!
//! [`body`] takes how often an optional member is present: 0.0 never, 1.0 always.

use aidledger::canonical::{Names, Set, Text};
use aidledger::crypto::{Blake3Hash, PublicKey};
use aidledger::event::kinds::*;
use aidledger::event::values::{DECIMALS_MAX, MINOR_END, TIME_MAX};
use aidledger::event::{Code, Date, Draw, Event, EventId, LotId, Quantity, Time, Token};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

/// Codes that the scenes know, and others.
pub fn code() -> impl Strategy<Value = Code> + Clone {
    let known =
        select(vec!["fund", "kitchen", "hall", "winter", "everyone", "over", "north", "city", "rice", "KZT", "blanket", "food", "kg"]);
    prop_oneof![3 => known.prop_map(str::to_owned), 2 => "[a-z0-9][a-z0-9-]{0,30}", 1 => "[A-Z]{3}"]
        .prop_map(|text| text.parse().expect("a code"))
}

pub fn hash() -> impl Strategy<Value = Blake3Hash> + Clone {
    any::<[u8; 32]>().prop_map(Blake3Hash)
}

pub fn event_id() -> impl Strategy<Value = EventId> + Clone {
    hash().prop_map(EventId)
}

pub fn public_key() -> impl Strategy<Value = PublicKey> + Clone {
    any::<[u8; 32]>().prop_map(PublicKey)
}

pub fn token() -> impl Strategy<Value = Token> + Clone {
    any::<[u8; 16]>().prop_map(Token)
}

/// Text with what is hard to write: quotes, backslashes, slashes, letters beyond the basic plane, separators that only JavaScript minds.
pub fn text() -> impl Strategy<Value = String> + Clone {
    let odd = select(vec![
        "\"",
        "\\",
        "/",
        "\\u0041",
        "{",
        "}",
        "<",
        "ә",
        "Ұ",
        "é",
        "e\u{301}",
        "\u{2028}",
        "\u{feff}",
        "😀",
        "\u{e000}",
        "\u{10ffff}",
    ]);
    vec(prop_oneof![odd.prop_map(str::to_owned), "[^\\p{C}]{1,8}"], 1..8).prop_map(|parts| format!("x{}", parts.concat()))
}

pub fn names() -> impl Strategy<Value = Names> + Clone {
    let map = btree_map("[a-z]{2,3}", text(), 1..4);
    map.prop_map(|map| Names::new(map.iter().map(|(language, text)| (language.as_str(), text.as_str()))))
}

pub fn time() -> impl Strategy<Value = Time> + Clone {
    prop_oneof![Just(0), Just(TIME_MAX), 0..=TIME_MAX, 1_769_900_000..1_770_000_000i64].prop_map(Time)
}

pub fn date() -> impl Strategy<Value = Date> + Clone {
    time().prop_map(Time::date)
}

pub fn quantity() -> impl Strategy<Value = Quantity> + Clone {
    let minor = prop_oneof![Just(0), Just(1), Just(MINOR_END - 1), 0..MINOR_END];
    (minor, 0..=DECIMALS_MAX).prop_map(|(minor, decimals)| Quantity { minor, decimals })
}

pub fn draws() -> impl Strategy<Value = Set<Draw>> + Clone {
    let draw = (event_id(), 0u16..256, quantity()).prop_map(|(event, line, quantity)| Draw { lot: LotId { event, line }, quantity });
    vec(draw, 1..5).prop_map(Set::new)
}

fn set<T: Ord + Clone + std::fmt::Debug + 'static>(
    of: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Set<T>> + Clone {
    vec(of, 1..6).prop_map(Set::new)
}

fn word<T: Clone + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> + Clone {
    select(all)
}

/// Present with probability `share`; also 0 and 1, which proptest's own strategy refuses.
fn maybe<T: std::fmt::Debug>(share: f64, of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    (0.0..1.0f64, of).prop_map(move |(x, value)| (x < share).then_some(value))
}

/// A body of any kind.
pub fn body(share: f64) -> impl Strategy<Value = Body> {
    let origin = "[!#-*,-\\[\\]-~]{1,255}".prop_map(Origin);
    let slip = "[0-9A-Z]{16,64}".prop_map(SlipCode);
    let opened = (public_key(), names(), names(), origin, set(word(Role::ALL)), 0..=aidledger::canonical::INTEGER_MAX).prop_map(
        |(log_key, name, organization_name, origin, roles, rules)| LedgerOpened { log_key, name, organization_name, origin, roles, rules },
    );
    let registered = (names(), code()).prop_map(|(name, organization)| OrganizationRegistered { name, organization });
    let suspended = (code(), word(SuspensionReason::ALL)).prop_map(|(organization, reason)| OrganizationSuspended { organization, reason });
    let reinstated = code().prop_map(|organization| OrganizationReinstated { organization });
    let granted = (public_key(), maybe(share, code()), code(), set(word(Role::ALL)))
        .prop_map(|(key, label, organization, roles)| KeyGranted { key, label, organization, roles });
    let revoked = (public_key(), word(RevocationReason::ALL)).prop_map(|(key, reason)| KeyRevoked { key, reason });
    let item = (code(), 0..=aidledger::canonical::INTEGER_MAX, code(), names(), word(ItemType::ALL), maybe(share, code()))
        .prop_map(|(category, decimals, item, name, r#type, unit)| ItemDefined { category, decimals, item, name, r#type, unit });
    let region = (names(), maybe(share, code()), code()).prop_map(|(name, parent, region)| RegionDefined { name, parent, region });
    let programme = (
        maybe(share, date()),
        names(),
        maybe(share, set(code())),
        code(),
        maybe(share, set(word(RecipientType::ALL))),
        maybe(share, set(code())),
        maybe(share, date()),
    )
        .prop_map(|(from, name, organizations, programme, recipient_types, regions, until)| ProgrammeOpened {
            from,
            name,
            organizations,
            programme,
            recipient_types,
            regions,
            until,
        });
    let closed = code().prop_map(|programme| ProgrammeClosed { programme });
    let size = 0..=aidledger::canonical::INTEGER_MAX;
    let enrolled =
        (
            maybe(share, hash()),
            maybe(share, public_key()),
            maybe(share, names()),
            code(),
            token(),
            maybe(share, hash()),
            code(),
            maybe(share, size),
            word(RecipientType::ALL),
            maybe(share, hash()),
        )
            .prop_map(|(commitment, key, name, programme, recipient, reference, region, size, r#type, uniqueness)| {
                RecipientEnrolled { commitment, key, name, programme, recipient, reference, region, size, r#type, uniqueness }
            });
    let donor = (maybe(share, hash()), maybe(share, text().prop_map(Text)), word(DonorType::ALL))
        .prop_map(|(commitment, name, r#type)| Donor { commitment, name, r#type });
    let lots = vec((code(), quantity()).prop_map(|(item, quantity)| LotLine { item, quantity }), 1..6);
    let codes = || maybe(share, set(code()));
    let limits = (codes(), codes(), codes(), codes(), maybe(share, date()), date()).prop_map(
        |(categories, items, programmes, regions, use_by, some_day)| {
            // An object without members has no place in a document: restrictions that restrict nothing are left out.
            let none = categories.is_none() && items.is_none() && programmes.is_none() && regions.is_none();
            let use_by = use_by.or(none.then_some(some_day));
            Restrictions { categories, items, programmes, regions, use_by }
        },
    );
    let donation = (donor, lots, maybe(share, event_id()), maybe(share, hash()), maybe(share, hash()), maybe(share, limits)).prop_map(
        |(donor, lots, pledge, receipt, reference, restrictions)| DonationReceived {
            donor,
            lots,
            pledge,
            receipt,
            reference,
            restrictions,
        },
    );
    let assignment = (draws(), maybe(share, date()), maybe(share, hash()), maybe(share, event_id()), code(), token(), maybe(share, hash()))
        .prop_map(|(draws, due, lock, need, programme, recipient, reference)| AssignmentMade {
            draws,
            due,
            lock,
            need,
            programme,
            recipient,
            reference,
        });
    let cancelled = (event_id(), word(CancellationReason::ALL)).prop_map(|(assignment, reason)| AssignmentCancelled { assignment, reason });
    let delivery = (event_id(), maybe(share, slip), draws(), maybe(share, hash()), maybe(share, hash()))
        .prop_map(|(assignment, code, draws, evidence, reference)| DeliveryMade { assignment, code, draws, evidence, reference });
    let reversed = (event_id(), word(ReversalReason::ALL)).prop_map(|(event, reason)| EventReversed { event, reason });
    prop_oneof![
        opened.prop_map(Body::LedgerOpened),
        registered.prop_map(Body::OrganizationRegistered),
        suspended.prop_map(Body::OrganizationSuspended),
        reinstated.prop_map(Body::OrganizationReinstated),
        granted.prop_map(Body::KeyGranted),
        revoked.prop_map(Body::KeyRevoked),
        item.prop_map(Body::ItemDefined),
        region.prop_map(Body::RegionDefined),
        programme.prop_map(Body::ProgrammeOpened),
        closed.prop_map(Body::ProgrammeClosed),
        enrolled.prop_map(Body::RecipientEnrolled),
        donation.prop_map(Body::DonationReceived),
        assignment.prop_map(Body::AssignmentMade),
        cancelled.prop_map(Body::AssignmentCancelled),
        delivery.prop_map(Body::DeliveryMade),
        reversed.prop_map(Body::EventReversed),
    ]
}

/// An event of any kind in any place.
pub fn event(share: f64) -> impl Strategy<Value = Event> {
    let sequence = prop_oneof![Just(0), 0..=aidledger::canonical::INTEGER_MAX];
    (body(share), event_id(), code(), event_id(), sequence, public_key(), time()).prop_map(
        |(body, ledger, organization, previous, sequence, signer, time)| Event {
            body,
            ledger,
            organization,
            previous,
            sequence,
            signer,
            time,
        },
    )
}
