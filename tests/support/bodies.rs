//! proptest strategies for every value that can stand in an event, valid in form only: the rules may think what they like of it.
//!
//! [`body`] takes how often an optional member is present: 0.0 never, 1.0 always. The kinds are in files by group, as in the rules.

mod control;
mod gifts;
mod governance;
mod help;
mod movement;
mod people;

use aidledger::canonical::{Names, Set};
use aidledger::crypto::{Blake3Hash, PublicKey, Signature};
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

pub fn signature() -> impl Strategy<Value = Signature> + Clone {
    (hash(), hash()).prop_map(|(r, s)| Signature([r.0, s.0].concat().try_into().expect("64 bytes")))
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

/// Any integer that can be written.
fn integer() -> impl Strategy<Value = u64> + Clone {
    0..=aidledger::canonical::INTEGER_MAX
}

/// Present with probability `share`; also 0 and 1, which proptest's own strategy refuses.
fn maybe<T: std::fmt::Debug>(share: f64, of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    (0.0..1.0f64, of).prop_map(move |(x, value)| (x < share).then_some(value))
}

/// A body of any kind.
pub fn body(share: f64) -> impl Strategy<Value = Body> {
    let groups = [
        governance::bodies(share),
        people::bodies(share),
        gifts::bodies(share),
        movement::bodies(share),
        help::bodies(share),
        control::bodies(share),
    ];
    proptest::strategy::Union::new(groups.concat())
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
