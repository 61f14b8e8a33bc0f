//! The demo campaign: deterministic, admitted by the rules, and with exactly the irregularities that its documentation names.

use std::collections::{BTreeMap, BTreeSet};

use aidledger::canonical::decode;
use aidledger::crypto::PublicKey;
use aidledger::event::{Body, Event, EventId, Kind, SignedEvent, Time};
use aidledger::rules::{State, check};
use aidledger::service::campaign::{PLANTED, campaign, log_key};
use aidledger::service::simulate::write_ledger;

#[path = "demo/stock.rs"]
mod stock;

const DAY: i64 = 86_400;

/// The events with their ids and recorded times, and the state after the last.
struct Told {
    events: Vec<(EventId, Event, Time)>,
    state: State,
}

fn told() -> Told {
    let mut state = State::default();
    let mut events = Vec::new();
    for batch in campaign().batches {
        for bytes in batch.submissions {
            let signed: SignedEvent = decode(&bytes).expect("canonical");
            let id = signed.id();
            match check(&state, &signed.event, id, batch.recorded) {
                Ok(accepted) => state.apply(&accepted),
                Err(rejection) => panic!("event {}: {rejection}\n{}", events.len(), String::from_utf8_lossy(&bytes)),
            }
            events.push((id, signed.event, batch.recorded));
        }
    }
    Told { events, state }
}

impl Told {
    /// The organization and label of a key.
    fn device(&self, key: &PublicKey) -> (String, String) {
        let row = &self.state.keys[key];
        (self.state.organizations.code(row.organization.0).to_string(), row.label.map(|label| label.to_string()).unwrap_or_default())
    }

    fn count(&self, kind: Kind) -> usize {
        self.events.iter().filter(|(_, event, _)| event.kind() == kind).count()
    }
}

fn pair(organization: &str, label: &str) -> (String, String) {
    (organization.to_owned(), label.to_owned())
}

#[test]
fn the_campaign_is_the_same_every_time_and_whole() {
    let (first, second) = (campaign(), campaign());
    assert_eq!(first.id, second.id);
    assert!(first.batches == second.batches, "the same bytes");
    assert!(first.batches.iter().map(|batch| batch.recorded).is_sorted());
    let Told { events, state } = told();
    assert!((5_000..=6_000).contains(&events.len()), "{} events", events.len());
    let count = format!("{},{:03} events", events.len() / 1000, events.len() % 1000);
    assert!(include_str!("../README.md").contains(&count), "the README names another number than {count}");
    assert!(include_str!("../README.md").contains("eighteen of them") && PLANTED.len() == 18);
    assert!(state.organizations.len() >= 11 && state.programmes.len() == 3);
    assert!(state.regions.iter().filter(|(_, region)| region.parent.is_some()).count() >= 5);
    let (start, end) = ("2025-11-01T00:00:00Z".parse().expect("a time"), "2026-02-28T23:59:59Z".parse().expect("a time"));
    assert!(events.iter().all(|(_, event, recorded)| event.time >= start && event.time <= *recorded && *recorded <= end));
    for (code, organization) in state.organizations.iter() {
        for language in ["kk", "ru", "en"] {
            assert!(organization.name.iter().any(|(found, _)| found == language), "{code} in {language}");
        }
    }
    for key in &first.keys {
        let row = &state.keys[&key.key.public()];
        assert!(!row.revoked && row.roles.has(key.role), "{}", key.name);
        assert_eq!(state.organizations.code(row.organization.0).as_str(), key.organization);
    }
    assert_eq!(state.opening.expect("an opening").log_key, log_key().public());
}

#[test]
fn the_campaign_has_what_a_campaign_has() {
    let told = told();
    let mut reversed = BTreeSet::new();
    let mut codes = 0;
    for (_, event, _) in &told.events {
        match &event.body {
            Body::EventReversed(body) => {
                let place = told.state.ids.find(&body.event).expect("a subject") as usize;
                reversed.insert(told.events[place].1.kind().word());
            }
            Body::DeliveryMade(body) => codes += usize::from(body.code.is_some()),
            _ => {}
        }
    }
    for kind in ["assignment.made", "delivery.made", "donation.received", "recipient.enrolled"] {
        assert!(reversed.contains(kind), "{kind} is never reversed");
    }
    assert!(told.count(Kind::AssignmentCancelled) >= 15 && told.count(Kind::KeyRevoked) >= 3 && codes >= 100);
    assert!(told.count(Kind::DonationReceived) >= 100 && told.count(Kind::RecipientEnrolled) >= 300);
    assert!(told.state.lots.iter().any(|lot| lot.restrictions.is_some() && lot.delivered > 0), "restricted gifts reach people");
    let delivered: BTreeSet<_> = told.state.lots.iter().filter(|lot| lot.delivered > 0).map(|lot| lot.item).collect();
    assert!(delivered.len() >= 12, "{} items", delivered.len());
}

#[test]
fn one_key_does_everything() {
    let told = told();
    let (mut enrolled, mut assigned, mut found) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (id, event, _) in &told.events {
        match &event.body {
            Body::RecipientEnrolled(body) => drop(enrolled.insert(body.recipient, event.signer)),
            Body::AssignmentMade(body) => drop(assigned.insert(*id, (event.signer, body.recipient))),
            Body::DeliveryMade(body) => {
                let (signer, recipient) = assigned[&body.assignment];
                if signer == event.signer && enrolled[&recipient] == signer {
                    *found.entry(told.device(&signer)).or_insert(0) += 1;
                }
            }
            _ => {}
        }
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), [&pair("aq-bata", "tablet-7")]);
    assert!(found.values().all(|count| *count >= 20), "{found:?}");
}

#[test]
fn deliveries_in_a_night() {
    let told = told();
    let mut nights: BTreeMap<PublicKey, Vec<i64>> = BTreeMap::new();
    for (_, event, _) in told.events.iter().filter(|(_, event, _)| event.kind() == Kind::DeliveryMade) {
        if event.time.0 % DAY >= 18 * 3600 {
            nights.entry(event.signer).or_default().push(event.time.0);
        }
    }
    let burst = |times: &[i64]| times.iter().map(|from| times.iter().filter(|time| (0..=1800).contains(&(*time - from))).count()).max();
    let found: Vec<_> = nights.iter().filter(|(_, times)| burst(times) >= Some(25)).map(|(signer, _)| told.device(signer)).collect();
    assert_eq!(found, [pair("asar", "phone-2")], "{:?}", nights.values().map(Vec::len).collect::<Vec<_>>());
}

#[test]
fn the_same_quantity_for_all() {
    let told = told();
    let mut sizes = BTreeMap::new();
    // By organization and item: how many assignments, the quantities, the sizes of the households.
    type Seen = (usize, BTreeSet<u64>, BTreeSet<u64>);
    let mut quantities: BTreeMap<(String, u32), Seen> = BTreeMap::new();
    for (_, event, _) in &told.events {
        match &event.body {
            Body::RecipientEnrolled(body) if body.r#type == aidledger::event::kinds::RecipientType::Household => {
                sizes.insert(body.recipient, body.size.expect("households have a size"));
            }
            Body::AssignmentMade(body) => {
                let Some(size) = sizes.get(&body.recipient) else { continue };
                let lot = told.state.lot(&body.draws.iter().next().expect("a draw").lot).expect("a lot");
                let whole = body.draws.iter().map(|draw| draw.quantity.minor).sum();
                let (count, seen, of) = quantities.entry((event.organization.to_string(), told.state.lots[lot.at()].item.0)).or_default();
                *count += 1;
                seen.insert(whole);
                of.insert(*size);
            }
            _ => {}
        }
    }
    let suspicious = quantities.iter().filter(|(_, (count, seen, of))| *count >= 40 && of.len() >= 4 && seen.len() == 1);
    let found: Vec<_> = suspicious.map(|((organization, _), _)| organization.as_str()).collect();
    assert_eq!(found, ["bereke"]);
}

#[test]
fn entered_weeks_later() {
    let told = told();
    let mut late: BTreeMap<(PublicKey, Time), usize> = BTreeMap::new();
    for (_, event, recorded) in &told.events {
        if recorded.0 - event.time.0 > 7 * DAY {
            *late.entry((event.signer, *recorded)).or_default() += 1;
        }
    }
    let found: Vec<_> = late.iter().filter(|(_, count)| **count >= 20).map(|((signer, _), _)| told.device(signer)).collect();
    assert_eq!(found, [pair("sapar", "phone-1")], "{:?}", late.values());
    assert_eq!(late.len(), 1, "everybody else enters within a week");
}

#[test]
fn a_restricted_gift_lies_idle() {
    let told = told();
    let end = told.events.last().expect("events").2;
    let kzt = told.state.items.find(&"KZT".parse().expect("a code")).expect("money");
    let idle = told.state.lots.iter().filter(|lot| {
        let received = told.events[lot.entry as usize].2;
        let untouched = !lot.reversed && lot.on_hand == lot.quantity;
        lot.item.0 == kzt && lot.restrictions.is_some() && untouched && lot.quantity >= 1_000_000_000 && end.0 - received.0 > 60 * DAY
    });
    let found: Vec<_> = idle.map(|lot| told.state.organizations.code(lot.organization.0).to_string()).collect();
    assert_eq!(found, ["jyly-uy"]);
}

#[test]
fn one_signer_reverses_much() {
    let told = told();
    let mut reversals: BTreeMap<PublicKey, usize> = BTreeMap::new();
    for (_, event, _) in told.events.iter().filter(|(_, event, _)| event.kind() == Kind::EventReversed) {
        *reversals.entry(event.signer).or_default() += 1;
    }
    let mut ranks: Vec<_> = reversals.into_iter().map(|(signer, count)| (count, told.device(&signer))).collect();
    ranks.sort_unstable_by(|a, b| b.cmp(a));
    assert!(ranks.len() >= 8, "honest people correct their mistakes too: {ranks:?}");
    assert_eq!(ranks[0].1, pair("meyirim", "coordinator"), "{ranks:?}");
    assert!(ranks[0].0 >= 20 && ranks[0].0 >= 3 * ranks[1].0, "{ranks:?}");
}

#[test]
fn every_planted_thing_is_documented() {
    let page = include_str!("../src/service/campaign/mod.rs");
    for (what, organization, flag) in PLANTED {
        let row = format!("//! | `{flag}` | `{organization}`");
        assert!(page.lines().any(|line| line.starts_with(&row)), "{what}");
    }
}

#[test]
fn the_campaign_is_written_as_a_ledger() {
    let folder = tempfile::tempdir().expect("a folder");
    let campaign = campaign();
    let size: usize = campaign.batches.iter().map(|batch| batch.submissions.len()).sum();
    let written = write_ledger(folder.path(), log_key(), campaign.batches.into_iter(), |_| ()).expect("a ledger");
    assert_eq!((written.id, written.size), (campaign.id, size as u64));
    let reader = aidledger::service::Reader::open(folder.path()).expect("it opens");
    assert_eq!(reader.checkpoint.size(), size as u64);
}
