//! The planted things in money, goods, needs and evidence, each found by its definition in `campaign/mod.rs`, and nobody else.

use std::collections::{BTreeMap, BTreeSet};

use aidledger::crypto::PublicKey;
use aidledger::event::kinds::{DonorType, ItemType};
use aidledger::event::{Body, EventId, Kind, Time};
use aidledger::rules::state::Lot;

use super::{DAY, Told, pair, told};

const KZT: &str = "KZT";

impl Told {
    fn stands(&self, entry: usize) -> bool {
        !self.state.made[entry].reversed
    }

    fn lot(&self, id: &aidledger::event::LotId) -> &Lot {
        &self.state.lots[self.state.lot(id).expect("a lot of the ledger").at()]
    }

    /// The standing events with their places.
    fn standing(&self) -> impl Iterator<Item = (usize, &(EventId, aidledger::event::Event, Time))> {
        self.events.iter().enumerate().filter(|(entry, _)| self.stands(*entry))
    }
}

#[test]
fn only_one_visitor() {
    let told = told();
    // By recipient: the keys that saw it, and the days of its deliveries.
    let mut seen: BTreeMap<_, (BTreeSet<PublicKey>, BTreeSet<i64>)> = BTreeMap::new();
    let (mut recipient_of, mut assignment_of) = (BTreeMap::new(), BTreeMap::new());
    let mut visitors: BTreeMap<String, BTreeSet<PublicKey>> = BTreeMap::new();
    for (_, (id, event, _)) in told.standing() {
        let (token, delivered) = match &event.body {
            Body::AssignmentMade(body) => {
                recipient_of.insert(*id, body.recipient);
                continue;
            }
            Body::RecipientEnrolled(body) => (body.recipient, false),
            Body::DeliveryMade(body) => {
                assignment_of.insert(*id, body.assignment);
                visitors.entry(event.organization.to_string()).or_default().insert(event.signer);
                (recipient_of[&body.assignment], true)
            }
            Body::DeliveryFailed(body) if recipient_of.contains_key(&body.assignment) => (recipient_of[&body.assignment], false),
            Body::DeliveryConfirmed(body) => (recipient_of[&assignment_of[&body.delivery]], false),
            _ => continue,
        };
        let row = seen.entry(token).or_default();
        row.0.insert(event.signer);
        if delivered {
            row.1.insert(event.time.0 / DAY);
        }
    }
    let mut found: BTreeMap<PublicKey, usize> = BTreeMap::new();
    for (keys, days) in seen.values() {
        let only = keys.first().expect("somebody enrolled it");
        let organization = told.device(only).0;
        if keys.len() == 1 && days.len() >= 2 && visitors[&organization].len() > 1 {
            *found.entry(*only).or_default() += 1;
        }
    }
    let found: Vec<_> = found.iter().filter(|(_, count)| **count >= 5).map(|(key, count)| (told.device(key), *count)).collect();
    assert_eq!(found, [(pair("jas-qanat", "phone-2"), 10)]);
}

#[test]
fn bursts_by_night_and_by_day() {
    let told = told();
    let mut times: BTreeMap<PublicKey, Vec<i64>> = BTreeMap::new();
    for (_, event, _) in told.events.iter().filter(|(_, event, _)| event.kind() == Kind::DeliveryMade) {
        times.entry(event.signer).or_default().push(event.time.0);
    }
    let most = |times: &[i64]| times.iter().map(|from| times.iter().filter(|time| (0..1800).contains(&(*time - from))).count()).max();
    let found: BTreeSet<_> = times.iter().filter(|(_, times)| most(times) >= Some(25)).map(|(key, _)| told.device(key)).collect();
    // The food bank's is by daylight, and answered.
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        [pair("asar", "phone-2"), pair("nan-bank", "phone-1")],
        "{:?}",
        times.iter().map(|(key, times)| (told.device(key), most(times))).collect::<Vec<_>>()
    );
    let answered: Vec<_> = told
        .events
        .iter()
        .filter_map(|(_, event, _)| match &event.body {
            Body::DisputeAnswered(body) => body.flag.map(|flag| (event.organization.to_string(), flag.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(answered, [pair("nan-bank", "burst"), pair("jyly-uy", "price-outlier")]);
}

#[test]
fn one_photograph_for_many_deliveries() {
    let told = told();
    let mut shown: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (_, (_, event, _)) in told.standing() {
        if let Body::DeliveryMade(body) = &event.body
            && let Some(evidence) = body.evidence
        {
            shown.entry(evidence.to_string()).or_default().push(told.device(&event.signer));
        }
    }
    let twice: Vec<_> = shown.values().filter(|by| by.len() > 1).collect();
    assert_eq!(twice.len(), 1, "{twice:?}");
    assert!(twice[0].len() >= 5 && twice[0].iter().all(|by| by.0 == "shipa"), "{twice:?}");
}

#[test]
fn nobody_else_says_that_it_was_delivered() {
    let told = told();
    // By organization: deliveries, and those with a code, a confirmation or evidence.
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let confirmed: BTreeSet<EventId> = told
        .events
        .iter()
        .filter_map(|(_, event, _)| match &event.body {
            Body::DeliveryConfirmed(body) => Some(body.delivery),
            _ => None,
        })
        .collect();
    for (_, (id, event, _)) in told.standing() {
        if let Body::DeliveryMade(body) = &event.body {
            let row = counts.entry(event.organization.to_string()).or_default();
            row.0 += 1;
            row.1 += usize::from(body.code.is_some() || body.evidence.is_some() || confirmed.contains(id));
        }
    }
    let found: Vec<_> = counts.iter().filter(|(_, (all, shown))| *all >= 30 && *shown == 0).map(|(code, _)| code.as_str()).collect();
    assert_eq!(found, ["tirek"], "{counts:?}");
    let others = counts.iter().filter(|(code, _)| *code != "tirek");
    assert!(others.clone().all(|(_, (all, shown))| shown * 100 >= all * 15), "{counts:?}");
}

type Needed = (String, (String, String), String, bool, f64);

/// Per need: organization, programme and district, item, whether it was due 30 days before the end, and the share that was delivered.
fn needs(told: &Told) -> Vec<Needed> {
    let end = told.events.last().expect("events").2;
    let stands = told.state.needs.iter().filter(|need| !need.reversed);
    let row = |need: &aidledger::rules::state::Need| {
        let (_, event, recorded) = &told.events[need.entry as usize];
        let recipient = &told.state.recipients[need.recipient.at()];
        let programme = told.state.programmes.code(recipient.programme.0).to_string();
        let region = told.state.regions.code(recipient.region.0).to_string();
        let line = &need.lines[0];
        let due = need.due.map_or(recorded.0 + 21 * DAY, |due| due.start().0);
        let item = told.state.items.code(line.item.0).to_string();
        let share = line.served as f64 / line.quantity as f64;
        (event.organization.to_string(), (programme, region), item, end.0 - due >= 30 * DAY, share)
    };
    stands.map(row).collect()
}

#[test]
fn the_needs_of_one_district_are_not_met() {
    let told = told();
    let mut unserved: BTreeMap<_, usize> = BTreeMap::new();
    for (organization, (_, district), item, long_due, share) in needs(&told) {
        if long_due && share == 0.0 {
            *unserved.entry((organization, district, item)).or_default() += 1;
        }
    }
    let found: Vec<_> = unserved.iter().filter(|(_, count)| **count >= 10).collect();
    let planted = ("besik".to_owned(), "shanyraq".to_owned(), "baby-formula".to_owned());
    assert_eq!(found.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [&planted], "{unserved:?}");
    let next = unserved.iter().filter(|(key, _)| **key != planted).map(|(_, count)| *count).max();
    assert!(next < Some(6), "{unserved:?}");
}

#[test]
fn much_is_needed_in_one_district_and_little_comes() {
    let told = told();
    let mut shares: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for (_, place, _, long_due, share) in needs(&told) {
        if long_due {
            shares.entry(place).or_default().push(share);
        }
    }
    let mean = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64;
    let means: BTreeMap<_, _> = shares.iter().map(|(place, shares)| (place, (mean(shares), shares.len()))).collect();
    let found: Vec<_> = means.iter().filter(|(_, (mean, count))| *mean < 0.6 && *count >= 10).map(|(place, _)| *place).collect();
    assert_eq!(found, [&pair("warm-winter", "koktobe")], "{means:?}");
    assert!(means.iter().all(|(place, (mean, _))| *place == found[0] || *mean > 0.65), "{means:?}");
}

/// What an event draws of money, in minor units.
fn money_drawn(told: &Told, body: &Body) -> u64 {
    let draws = match body {
        Body::ExpensePaid(body) => &body.draws,
        Body::PurchaseMade(body) => &body.draws,
        _ => return 0,
    };
    let kzt = told.state.items.find(&KZT.parse().expect("a code")).expect("money");
    draws.iter().filter(|draw| told.lot(&draw.lot).item.0 == kzt).map(|draw| draw.quantity.minor).sum()
}

#[test]
fn bills_just_below_what_needs_an_approval() {
    let told = told();
    let mut below: BTreeMap<String, usize> = BTreeMap::new();
    for (_, (_, event, _)) in told.standing() {
        let minor = money_drawn(&told, &event.body);
        if [100_000_000u64, 300_000_000].iter().any(|band| (band / 100 * 95..*band).contains(&minor)) {
            *below.entry(event.organization.to_string()).or_default() += 1;
        }
    }
    let found: Vec<_> = below.iter().filter(|(_, count)| **count >= 8).map(|(code, _)| code.as_str()).collect();
    assert_eq!(found, ["ardager"], "{below:?}");
    assert!(below.iter().all(|(code, count)| code == "ardager" || *count == 0), "{below:?}");
    assert!(told.count(Kind::ApprovalGiven) >= 12, "{}", told.count(Kind::ApprovalGiven));
}

#[test]
fn more_overhead_than_was_declared() {
    let told = told();
    let mut spent: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (_, (_, event, _)) in told.standing() {
        let minor = money_drawn(&told, &event.body);
        let row = spent.entry(event.organization.to_string()).or_default();
        row.1 += minor;
        if matches!(&event.body, Body::ExpensePaid(body) if body.programme.is_none()) {
            row.0 += minor;
        }
    }
    let share: BTreeMap<_, _> =
        spent.iter().filter(|(_, (_, all))| *all > 0).map(|(code, (part, all))| (code, part * 1000 / all)).collect();
    let found: Vec<_> = share.iter().filter(|(_, permille)| **permille > 100).map(|(code, _)| code.as_str()).collect();
    assert_eq!(found, ["senim"], "{share:?}");
    assert!(share[&"senim".to_owned()] > 180, "{share:?}");
}

#[test]
fn sugar_at_three_times_its_price() {
    let told = told();
    let mut prices: BTreeMap<String, Vec<(f64, String)>> = BTreeMap::new();
    for (_, (_, event, _)) in told.standing() {
        if let Body::PurchaseMade(body) = &event.body {
            for line in &body.lots {
                let each = line.cost.minor as f64 / line.quantity.minor as f64;
                prices.entry(line.item.to_string()).or_default().push((each, event.organization.to_string()));
            }
        }
    }
    let mut found = Vec::new();
    let counts: BTreeMap<_, _> = prices.iter().map(|(item, lines)| (item.clone(), lines.len())).collect();
    assert!(
        counts.len() >= 13 && counts.values().all(|count| *count >= 2) && counts["sugar"] >= 5,
        "too few to know the price: {counts:?}"
    );
    for (item, lines) in &mut prices {
        lines.sort_by(|a, b| a.0.total_cmp(&b.0));
        let median = lines[lines.len() / 2].0;
        let more = lines.iter().filter(|(each, _)| *each >= 1.5 * median);
        found.extend(more.map(|(each, by)| (item.clone(), by.clone(), *each >= 2.5 * median)));
    }
    let answered = ("coal".to_owned(), "jyly-uy".to_owned(), false);
    assert_eq!(found, [answered, ("sugar".to_owned(), "korshi".to_owned(), true)]);
}

#[test]
fn one_carrier_loses_much() {
    let told = told();
    let mut sent = BTreeMap::new();
    // By organization and carrier: transfers, and the shares that were lost.
    let mut lost: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for (_, (id, event, _)) in told.standing() {
        match &event.body {
            Body::TransferSent(body) => {
                let carrier = body.carrier.expect("a carrier").to_string();
                let quantity: u64 = body.draws.iter().map(|draw| draw.quantity.minor).sum();
                sent.insert(*id, ((event.organization.to_string(), carrier), quantity));
            }
            Body::TransferAccepted(body) => {
                let (by, quantity) = sent.remove(&body.transfer).expect("it was sent");
                let arrived: u64 = body.draws.iter().flat_map(|draws| draws.iter()).map(|draw| draw.quantity.minor).sum();
                lost.entry(by).or_default().push(1.0 - arrived as f64 / quantity as f64);
            }
            _ => {}
        }
    }
    let mean = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64;
    let found: Vec<_> = lost.iter().filter(|(_, shares)| shares.len() >= 5 && mean(shares) > 0.05).map(|(by, _)| by).collect();
    assert_eq!(found, [&pair("nan-bank", "jel-express")], "{lost:?}");
    let mut carriers: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    lost.iter().for_each(|((_, carrier), shares)| carriers.entry(carrier).or_default().extend(shares));
    assert!(carriers.iter().all(|(carrier, shares)| *carrier == "jel-express" || mean(shares) < 0.01), "{carriers:?}");
    assert!(lost.values().flatten().any(|share| (0.0001..0.02).contains(share)), "honest shortages too");
}

#[test]
fn counts_far_below_the_books() {
    use aidledger::rules::{State, check};
    let told = told();
    let mut state = State::default();
    let mut found = BTreeSet::new();
    let (mut small, mut counts) = (Vec::new(), 0);
    for (entry, (id, event, recorded)) in told.events.iter().enumerate() {
        if let Body::StockCounted(body) = &event.body
            && told.stands(entry)
        {
            counts += 1;
            let organization = state.organizations.find(&event.organization).expect("an organization");
            for line in &body.counts {
                let item = state.items.find(&line.item).expect("an item");
                let lots = state.lots.iter().filter(|lot| lot.organization.0 == organization && lot.item.0 == item && !lot.reversed);
                let books: u64 = lots.map(|lot| lot.on_hand).sum();
                let differs = books.abs_diff(line.quantity.minor);
                if differs * 100 >= books * 5 && differs > 0 {
                    found.insert((event.organization.to_string(), line.item.to_string(), recorded.date().to_string()));
                } else if differs > 0 {
                    small.push((event.organization.to_string(), line.item.to_string(), differs));
                }
            }
        }
        let accepted = check(&state, event, *id, *recorded).expect("it was accepted before");
        state.apply(&accepted);
    }
    let found: Vec<_> = found.iter().map(|(by, item, day)| [by.as_str(), item, day]).collect();
    let planted = ["mask-box", "medicine-kit"].map(|item| ["2026-01-30", "2026-02-27"].map(|day| ["shipa", item, day]));
    assert_eq!(found, planted.concat());
    assert_eq!(small, [("nan-bank".to_owned(), "flour".to_owned(), 2_000)], "a torn bag, written off on the same day");
    assert!(counts >= 14 * 4 - 2, "{counts}");
}

#[test]
fn a_large_pledge_is_not_kept() {
    let told = told();
    let end = told.events.last().expect("events").2;
    let kzt = told.state.items.find(&KZT.parse().expect("a code")).expect("money");
    let pledges = || told.state.pledges.iter().filter(|pledge| !pledge.reversed);
    let unkept = pledges().filter(|pledge| {
        let late = pledge.due.is_some_and(|due| end.0 - due.start().0 >= 30 * DAY);
        late && pledge
            .lines
            .iter()
            .any(|line| line.item.0 == kzt && line.quantity >= 100_000_000 && line.received * 2 < line.quantity.into())
    });
    let found: Vec<_> = unkept.map(|pledge| told.state.organizations.code(pledge.organization.0).to_string()).collect();
    assert_eq!(found, ["besik"]);
    let late = |pledge: &&aidledger::rules::state::Pledge| pledge.due.is_some_and(|due| end.0 - due.start().0 >= 20 * DAY);
    let kept = pledges().filter(late).filter(|pledge| pledge.lines.iter().all(|line| line.received >= line.quantity.into())).count();
    assert_eq!(kept + 1, pledges().filter(late).count(), "all others were kept");
    assert!(kept >= 20, "{kept}");
}

#[test]
fn what_is_said_of_the_log_in_it_is_true() {
    use aidledger::log::entry::{ChainHead, Entry, EntryHash};
    use aidledger::log::tree::{Frontier, leaf_hash};
    let (mut edge, mut chain) = (Frontier::new(), ChainHead::EMPTY);
    let mut roots = vec![edge.root().to_string()];
    let mut opinions = Vec::new();
    for batch in aidledger::service::campaign::campaign().batches {
        for bytes in batch.submissions {
            let signed: aidledger::event::SignedEvent = aidledger::canonical::decode(&bytes).expect("canonical");
            let event = aidledger::canonical::encode(&signed.event);
            let mut entry = Vec::new();
            Entry::write_around(&event, chain.size, chain.hash, batch.recorded, &signed.signature, &mut entry);
            chain = ChainHead { size: chain.size + 1, hash: EntryHash::of(&entry), recorded: batch.recorded };
            edge.push(leaf_hash(&entry));
            roots.push(edge.root().to_string());
            if let Body::AuditAttested(body) = signed.event.body {
                assert!(body.size < chain.size);
                assert_eq!(body.root.to_string(), roots[body.size as usize]);
                opinions.push(body.conclusion.word());
            }
        }
    }
    assert_eq!(opinions, ["unqualified", "unqualified", "qualified"]);
}

#[test]
fn every_kind_occurs_and_receipts_and_cards_are_in_use() {
    let told = told();
    for kind in Kind::ALL {
        let expected = !matches!(kind, Kind::OrganizationSuspended | Kind::OrganizationReinstated | Kind::ProgrammeClosed);
        assert_eq!(told.count(*kind) > 0, expected, "{kind}");
    }
    let (mut receipts, mut cards, mut signed, mut spoken) = (0, 0, 0, 0);
    for (_, event, _) in &told.events {
        match &event.body {
            Body::DonationReceived(body) => {
                assert_eq!(body.receipt.is_some(), body.donor.r#type == DonorType::Individual);
                receipts += usize::from(body.receipt.is_some());
            }
            Body::RecipientEnrolled(body) => cards += usize::from(body.key.is_some()),
            Body::DeliveryDisputed(body) => *if body.signature.is_some() { &mut signed } else { &mut spoken } += 1,
            _ => {}
        }
    }
    assert!(receipts >= 30 && cards >= 80 && signed >= 8 && spoken >= 4, "{receipts} {cards} {signed} {spoken}");
    let money = told.state.items.iter().filter(|(_, item)| item.r#type == ItemType::Money).count();
    assert_eq!(money, 1);
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| format!("{kind} {}", told.count(*kind))).collect();
    println!("{} events: {}", told.events.len(), kinds.join(", "));
}
