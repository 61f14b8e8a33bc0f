//! A simulated ledger: the same seed gives the same bytes, the rules accept every event, and the books balance.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aidledger::canonical::decode;
use aidledger::event::{Body, Kind, SignedEvent};
use aidledger::rules::{State, check};
use aidledger::service::reader::Reader;
use aidledger::service::simulate::{Batch, Simulation, WriteError, simulate};
use aidledger::views::ViewName;
use aidledger::views::balances::Balance;

/// Folds batches by the rules alone and calls `each` with every event.
fn fold(batches: impl Iterator<Item = Batch>, mut each: impl FnMut(&SignedEvent)) -> State {
    let mut state = State::default();
    for Batch { recorded, submissions } in batches {
        for bytes in submissions {
            let signed: SignedEvent = decode(&bytes).expect("canonical");
            let id = signed.id();
            match check(&state, &signed.event, id, recorded) {
                Ok(accepted) => state.apply(&accepted),
                Err(rejection) => panic!("event {}: {rejection}\n{}", state.size(), String::from_utf8_lossy(&bytes)),
            }
            each(&signed);
        }
    }
    state
}

/// All files below a folder that are truth, with their bytes.
fn truth(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder.join("log")).expect("a log") {
        let entry = entry.expect("an entry");
        files.insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).expect("a file"));
    }
    files.insert("checkpoint".into(), std::fs::read(folder.join("checkpoint")).expect("a checkpoint"));
    files
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let make = |seed| {
        let folder = tempfile::tempdir().expect("a folder");
        let written = simulate(folder.path(), 1500, seed, |_| ()).expect("a ledger");
        assert_eq!(written.size, 1500);
        let truth = truth(folder.path());
        assert_eq!(written.checkpoint.as_bytes(), truth["checkpoint"]);
        truth
    };
    let first = make(7);
    assert!(first.len() >= 2 && first.values().all(|bytes| !bytes.is_empty()));
    assert_eq!(first, make(7));
    let other = make(8);
    assert!(first.iter().all(|(name, bytes)| other[name] != *bytes));
}

#[test]
fn five_thousand_events_are_accepted_and_every_kind_occurs() {
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut reversed, mut times, mut locks, mut codes) = (BTreeSet::new(), Vec::new(), 0, 0);
    let mut kind_of = BTreeMap::new();
    let state = fold(Simulation::new(5000, 1), |signed| {
        let kind = signed.event.kind();
        *kinds.entry(kind.word()).or_default() += 1;
        kind_of.insert(signed.id(), kind);
        times.push(signed.event.time);
        match &signed.event.body {
            Body::EventReversed(body) => drop(reversed.insert(kind_of[&body.event].word())),
            Body::AssignmentMade(body) => locks += u64::from(body.lock.is_some()),
            Body::DeliveryMade(body) => codes += u64::from(body.code.is_some()),
            _ => {}
        }
        if kinds.len() == 1 {
            assert!(signed.signature_holds());
        }
    });
    assert_eq!(state.size(), 5000);
    for kind in Kind::ALL {
        assert!(kinds.contains_key(kind.word()), "{kind} does not occur: {kinds:?}");
    }
    let expected = ["assignment.cancelled", "assignment.made", "delivery.made", "donation.received", "recipient.enrolled", "purchase.made"];
    assert!(expected.iter().all(|kind| reversed.contains(kind)), "{reversed:?}");
    let share = |kind: &str| kinds[kind] as f64 / 5000.0;
    assert!((0.06..0.14).contains(&share("donation.received")), "{kinds:?}");
    assert!((0.06..0.14).contains(&share("recipient.enrolled")), "{kinds:?}");
    assert!((0.19..0.32).contains(&share("assignment.made")), "{kinds:?}");
    assert!((0.22..0.38).contains(&share("delivery.made")), "{kinds:?}");
    for kind in ["need.recorded", "purchase.made", "transfer.sent", "transfer.accepted", "expense.paid", "service.recorded"] {
        assert!((0.012..0.1).contains(&share(kind)), "{kind}: {kinds:?}");
    }
    assert!(locks > 100 && codes > 100 && codes < locks * 2, "{locks} locks, {codes} codes");
    assert!((12..=60).contains(&state.organizations.len()));
    assert!((60..=150).contains(&state.keys.len()), "{} keys", state.keys.len());
    assert!((4..=8).contains(&state.programmes.len()));
    assert!(state.programmes.iter().any(|(_, programme)| programme.closed));
    assert!(state.keys.values().any(|key| key.revoked));
    let partial = state.assignments.iter().any(|assignment| assignment.delivered_any() && assignment.remaining().count() > 0);
    assert!(partial, "some assignment is delivered in part");
    assert!(times.last() > times.first());
}

#[test]
fn more_seeds_are_accepted_too() {
    for (seed, events) in [(0, 1), (1, 2), (2, 130), (3, 4000), (u64::MAX, 9000)] {
        assert_eq!(fold(Simulation::new(events, seed), |_| ()).size(), events, "seed {seed}");
    }
}

#[test]
fn a_ledger_has_exactly_as_many_entries_as_asked_and_at_least_one() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(matches!(simulate(folder.path(), 0, 1, |_| ()), Err(WriteError::NoEvents)));
    let mut heard = Vec::new();
    simulate(folder.path(), 300, 1, |size| heard.push(size)).expect("a ledger");
    assert_eq!((heard.first(), heard.last()), (Some(&1), Some(&300)));
    assert!(heard.is_sorted());
}

#[test]
fn the_books_of_a_simulated_ledger_balance() {
    let folder = tempfile::tempdir().expect("a folder");
    simulate(folder.path(), 3000, 5, |_| ()).expect("a ledger");
    let reader = Reader::open_with_views(folder.path()).expect("it opens");
    let mut items: BTreeMap<String, Balance> = BTreeMap::new();
    for row in reader.rows(ViewName::Balances, "").expect("rows") {
        let balance: Balance = decode(&row.value).expect("a balance");
        let item = row.key.split('/').next().expect("an item").to_owned();
        items.entry(item).or_insert_with(|| Balance::zero(balance.donated.decimals)).merge(&balance);
    }
    assert!(items.len() >= 15, "{:?}", items.keys());
    for (item, balance) in &items {
        let Balance {
            assigned,
            delivered,
            donated,
            in_transit,
            lost,
            on_hand,
            purchased,
            returned,
            spent,
            transferred_in,
            transferred_out,
        } = balance;
        let inside = [assigned, delivered, in_transit, lost, on_hand, returned, spent, transferred_out];
        assert!(inside.iter().all(|amount| amount.minor >= 0), "{item}: {balance:?}");
        let came = donated.minor + purchased.minor + transferred_in.minor;
        assert_eq!(came, inside.iter().map(|amount| amount.minor).sum(), "{item}");
        assert_eq!(transferred_in, transferred_out, "{item}");
    }
    assert!(items["KZT"].delivered.minor > 0 && items["rice"].delivered.minor > 0);
    assert!(items["KZT"].spent.minor > 0 && items.values().any(|balance| balance.lost.minor > 0 && balance.purchased.minor > 0));
}
