//! Promises about quantities, kept by random histories: nothing is made or lost on the way, and what the rules say of an event is what a
//! naive book-keeper says who shares no code with them ([`model`]).
//!
//! A history is some 3,000 events of all kinds, more than half of them wrong in some way. Each seed gives the same one; a failure prints its seed, and
//! `AIDLEDGER_SEED=n cargo test --test conservation` runs that one alone.

mod model;
mod support;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aidledger::event::{Body, SignedEvent};
use aidledger::rules::{Account, Posting, State, check};
use model::{Book, Event, Place};
use serde_json::{Value, json};
use support::{World, key, organization_of};

const EVENTS: usize = 3_000;

/// SplitMix64: enough to choose with.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// From 0 to `end` - 1.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
    fn chance(&mut self, in_hundred: u64) -> bool {
        self.below(100) < in_hundred
    }
    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
    /// From 1 to `most`: often all of it or little of it.
    fn part(&mut self, most: i128) -> i128 {
        match self.below(4) {
            0 => most.max(1),
            1 => (most / 7).max(1),
            _ => i128::from(self.next()) % most.max(1) + 1,
        }
    }
}

/// Writes minor units with a point; not the formatter under test.
fn amount(minor: i128, decimals: u32) -> String {
    let minor = minor.min(999_999_999_999_999_999); // the largest amount that can be written
    let one = 10i128.pow(decimals);
    match decimals {
        0 => minor.to_string(),
        _ => format!("{}.{:0width$}", minor / one, minor % one, width = decimals as usize),
    }
}

fn decimals(item: &str) -> u32 {
    match item {
        "KZT" => 2,
        "blanket" => 0,
        _ => 3,
    }
}

/// The code on the slip that is printed at a step.
fn slip_code(step: usize) -> String {
    format!("SLIP{step:012}")
}

/// Codes by lock.
static CODES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let codes = (0..EVENTS).map(slip_code).chain([support::SLIP_CODE.to_owned()]);
    codes.map(|code| (blake3::hash(code.as_bytes()).to_hex().to_string(), code)).collect()
});

/// One event that may be right or wrong: who signs, what kind, what body.
fn next_event(dice: &mut Dice, book: &Book, step: usize) -> (String, &'static str, Value) {
    let organization = *dice.pick(&["fund", "fund", "kitchen", "stranger"]);
    let programme = *dice.pick(&["winter", "winter", "everyone", "everyone", "over", "missing"]);
    let reference = |dice: &mut Dice, mut body: Value| {
        if dice.chance(20) {
            body["reference"] = json!(format!("$hash:reference {}", dice.below(400)));
        }
        body
    };
    match dice.below(100) {
        0..12 => {
            // Sums of the largest amounts soon pass 64 bits.
            let lots: Vec<_> = (0..1 + dice.below(4))
                .map(|_| {
                    let item = *dice.pick(&["KZT", "KZT", "rice", "rice", "flour", "blanket", "missing"]);
                    let most = *dice.pick(&[1_000, 1_000_000, 999_999_999_999_999_999]);
                    let mut minor = dice.part(most);
                    if dice.chance(3) {
                        minor = 0;
                    }
                    let wrong = u32::from(dice.chance(2));
                    json!({"item": item, "quantity": amount(minor, decimals(item) + wrong)})
                })
                .collect();
            let mut body = json!({"donor": {"type": "anonymous"}, "lots": lots});
            if dice.chance(25) {
                let programme = *dice.pick(&["winter", "everyone"]);
                body["restrictions"] = json!({"programmes": [programme]});
            }
            (format!("{organization}-finance"), "donation.received", reference(dice, body))
        }
        12..22 => {
            let token = if dice.chance(10) { "ann".to_owned() } else { format!("token {step}") };
            let body = json!({"programme": programme, "recipient": format!("$token:{token}"), "region": "north", "type": "household",
                "uniqueness": format!("$hash:tag {}", dice.below(600))});
            (format!("{organization}-intake"), "recipient.enrolled", reference(dice, body))
        }
        22..44 => {
            // Mostly of the organization's own lots that have something on hand, mostly no more than that.
            let own: Vec<_> = book.lots.iter().filter(|(_, lot)| lot.organization == organization && lot.at(Place::OnHand) > 0).collect();
            let mut draws = BTreeMap::new();
            for _ in 0..1 + dice.below(3) {
                if !own.is_empty() && dice.chance(95) {
                    let (id, lot) = dice.pick(&own);
                    let more = if dice.chance(4) { 1 } else { 0 };
                    let minor = if more == 1 { lot.at(Place::OnHand) + 1 } else { dice.part(lot.at(Place::OnHand)) };
                    draws.insert((*id).clone(), amount(minor, decimals(&lot.item)));
                } else {
                    let ids: Vec<_> = book.lots.keys().collect();
                    let id = *dice.pick(&ids);
                    draws.insert(id.clone(), amount(1, decimals(&book.lots[id].item)));
                }
            }
            let recipients: Vec<_> = book.recipients.iter().collect();
            let (token, recipient) = *dice.pick(&recipients);
            let programme = if dice.chance(90) { recipient.programme.as_str() } else { programme };
            let draws: Vec<_> = draws.iter().map(|(lot, quantity)| json!({"lot": lot, "quantity": quantity})).collect();
            let mut body = json!({"draws": draws, "programme": programme, "recipient": token});
            if dice.chance(60) {
                let slip = if dice.chance(90) { step } else { dice.below(step as u64 + 1) as usize };
                body["lock"] = json!(format!("$hash:{}", slip_code(slip)));
            }
            (format!("{organization}-assign"), "assignment.made", reference(dice, body))
        }
        44..52 => {
            let (id, assignment) = pick_assignment(dice, book);
            let organization = if dice.chance(95) { assignment } else { organization.to_owned() };
            (format!("{organization}-assign"), "assignment.cancelled", json!({"assignment": id, "reason": "other"}))
        }
        52..72 => {
            let (id, owner) = pick_assignment(dice, book);
            let mut draws = BTreeMap::new();
            for (lot, draw) in book.assignments.get(&id).map(|assignment| &assignment.draws).into_iter().flatten() {
                if dice.chance(75) {
                    let rest = draw.assigned - draw.delivered;
                    let minor = if dice.chance(4) { rest + 1 } else { dice.part(rest) };
                    draws.insert(lot.clone(), amount(minor, decimals(&book.lots[lot].item)));
                }
            }
            if draws.is_empty() {
                let ids: Vec<_> = book.lots.keys().collect();
                let lot = *dice.pick(&ids);
                draws.insert(lot.clone(), amount(1, decimals(&book.lots[lot].item)));
            }
            let draws: Vec<_> = draws.iter().map(|(lot, quantity)| json!({"lot": lot, "quantity": quantity})).collect();
            let mut body = json!({"assignment": id, "draws": draws});
            let lock = book.assignments.get(&id).and_then(|assignment| assignment.lock.as_ref());
            if dice.chance(if lock.is_some() { 60 } else { 3 }) {
                let right = lock.filter(|_| dice.chance(90)).and_then(|lock| CODES.get(lock));
                body["code"] = json!(right.map_or(support::SLIP_CODE, String::as_str));
            }
            let organization = if dice.chance(95) { owner } else { organization.to_owned() };
            (format!("{organization}-field"), "delivery.made", reference(dice, body))
        }
        72..92 => {
            // The later an event, the more likely nothing depends on it.
            let ids: Vec<_> = book.order.iter().rev().take(if dice.chance(70) { 40 } else { 4_000 }).collect();
            let mut id = *dice.pick(&ids);
            if dice.chance(5) {
                // Enrolments and cancellations pin each other down; they meet too seldom by themselves.
                let meet = ["recipient.enrolled", "assignment.cancelled"];
                let some: Vec<_> = book.order.iter().filter(|id| meet.contains(&book.events[*id].kind.as_str())).collect();
                id = *dice.pick(&some);
            }
            let made = &book.events[id];
            let role = match made.kind.as_str() {
                "recipient.enrolled" => "intake",
                "donation.received" => "finance",
                "delivery.made" => "field",
                _ => "assign",
            };
            let organization = if dice.chance(95) { made.organization.as_str() } else { organization };
            let role = if dice.chance(97) { role } else { "finance" };
            (format!("{organization}-{role}"), "event.reversed", json!({"event": id, "reason": "other"}))
        }
        92 => {
            let kind = *dice.pick(&["organization.suspended", "organization.reinstated", "organization.reinstated"]);
            let mut body = json!({"organization": "stranger"});
            if kind == "organization.suspended" {
                body["reason"] = json!("inactive");
            }
            ("hall-registrar".to_owned(), kind, body)
        }
        93 => {
            let body = json!({"name": {"en": "A"}, "organization": format!("organization-{}", dice.below(40))});
            ("hall-registrar".to_owned(), "organization.registered", body)
        }
        94 => {
            let key = match dice.below(10) {
                0 => "$key:log".to_owned(),
                1 => "$key:kitchen-field".to_owned(),
                _ => format!("$key:fund-phone{}", dice.below(20)),
            };
            ("fund-admin".to_owned(), "key.granted", json!({"key": key, "organization": "fund", "roles": ["field"]}))
        }
        95 => {
            let key = format!("$key:fund-phone{}", dice.below(20));
            ("fund-admin".to_owned(), "key.revoked", json!({"key": key, "reason": "lost"}))
        }
        96 => {
            let body = json!({"category": "other", "decimals": 3, "item": format!("item-{}", dice.below(40)), "name": {"en": "A"}, "type": "goods", "unit": "kg"});
            (vocabulary(dice), "item.defined", body)
        }
        97 => (vocabulary(dice), "region.defined", json!({"name": {"en": "A"}, "region": format!("region-{}", dice.below(40))})),
        98 => (
            "fund-admin".to_owned(),
            "programme.opened",
            json!({"name": {"en": "A"}, "programme": format!("programme-{}", dice.below(40))}),
        ),
        _ => ("fund-admin".to_owned(), "programme.closed", json!({"programme": format!("programme-{}", dice.below(40))})),
    }
}

/// Who defines items and regions: mostly the registrar, to whom it belongs.
fn vocabulary(dice: &mut Dice) -> String {
    if dice.chance(80) { "hall-registrar".to_owned() } else { "fund-admin".to_owned() }
}

fn pick_assignment(dice: &mut Dice, book: &Book) -> (String, String) {
    if dice.chance(3) || book.assignments.is_empty() {
        let ids: Vec<_> = book.order.iter().collect();
        return ((*dice.pick(&ids)).clone(), "fund".to_owned());
    }
    let skip = if dice.chance(80) { book.assignments.len().saturating_sub(60) } else { 0 };
    let recent: Vec<_> = book.order.iter().filter(|id| book.assignments.contains_key(*id)).skip(skip).collect();
    let id = *dice.pick(&recent);
    (id.clone(), book.assignments[id].organization.clone())
}

/// Sums of postings, and nothing else.
#[derive(Default)]
struct Ledger {
    by_item: BTreeMap<(u32, Account), i128>,
    by_lot: BTreeMap<(u32, Account), i128>,
}

impl Ledger {
    fn post(&mut self, posting: &Posting) {
        for (account, quantity) in [(posting.source, -i128::from(posting.quantity)), (posting.target, i128::from(posting.quantity))] {
            *self.by_item.entry((posting.item.0, account)).or_default() += quantity;
            *self.by_lot.entry((posting.lot.0, account)).or_default() += quantity;
        }
    }

    /// Every account but the donors' is at zero or above, and together with those all sum to zero; so delivered <= ever assigned <= donated.
    fn holds(&self) {
        for accounts in [&self.by_item, &self.by_lot] {
            let mut sums: BTreeMap<u32, i128> = BTreeMap::new();
            for (&(of, account), &quantity) in accounts {
                *sums.entry(of).or_default() += quantity;
                assert!(if account == Account::Donor { quantity <= 0 } else { quantity >= 0 }, "{account:?} of {of}: {quantity}");
            }
            assert!(sums.values().all(|&sum| sum == 0), "{sums:?}");
            for &of in sums.keys() {
                let at = |account| accounts.get(&(of, account)).copied().unwrap_or(0);
                let (delivered, assigned) = (at(Account::Delivered), at(Account::Assigned) + at(Account::Delivered));
                assert!(delivered <= assigned && assigned <= -at(Account::Donor), "lot or item {of}");
            }
        }
    }
}

/// The state holds for each lot and each (organization, item) what the book and the sums of postings hold.
fn same_balances(state: &State, book: &Book, ledger: &Ledger) {
    let mut balances: BTreeMap<(String, String), [i128; 3]> = BTreeMap::new();
    for (place, lot) in state.lots.iter().enumerate() {
        let (organization, item) = (state.organizations.code(lot.organization.0).to_string(), state.items.code(lot.item.0).to_string());
        let id = format!("{}.{}", state.ids.at(lot.entry), lot.line);
        let kept = &book.lots[&id];
        assert_eq!((&kept.organization, &kept.item), (&organization, &item), "lot {id}");
        let held = [lot.on_hand, lot.assigned, lot.delivered].map(i128::from);
        assert_eq!(held, [Place::OnHand, Place::Assigned, Place::Delivered].map(|place| kept.at(place)), "lot {id}");
        let posted = [Account::OnHand, Account::Assigned, Account::Delivered];
        let posted = posted.map(|account| ledger.by_lot.get(&(place as u32, account)).copied().unwrap_or(0));
        assert_eq!(held, posted, "lot {id}");
        let sums = balances.entry((organization, item)).or_default();
        (0..3).for_each(|i| sums[i] += held[i]);
    }
    assert_eq!(state.lots.len(), book.lots.len());
    assert_eq!(balances, book.balances());
}

/// The city with its events entered in all three books.
fn start() -> (World, Book, Ledger) {
    // The scene's events are replayed so that the sums of postings begin at nothing.
    let (mut world, mut book, mut ledger) = (World::empty(), Book::default(), Ledger::default());
    for signed in World::city().log {
        let id = signed.id();
        let accepted = check(&world.state, &signed.event, id, world.recorded).expect("the scene keeps the rules");
        accepted.postings.iter().for_each(|posting| ledger.post(posting));
        world.state.apply(&accepted);
        world.recorded.0 += 1;
        assert_eq!(book.enter(&Event::read(&signed)), Ok(()));
    }
    same_balances(&world.state, &book, &ledger);
    (world, book, ledger)
}

/// Goes through the history of a seed. Returns how often each answer was given, and the largest sum that stood in an account at the end.
fn run(seed: u64) -> (BTreeMap<String, usize>, u128) {
    println!("AIDLEDGER_SEED={seed}");
    let (mut world, mut book, mut ledger) = start();
    let mut dice = Dice(seed);
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    // A second state that was stored and read back in the middle of the history, three times.
    let mut restored: Option<State> = None;
    for step in 0..EVENTS {
        if step % 800 == 500 {
            let stored = postcard::to_stdvec(restored.as_ref().unwrap_or(&world.state)).expect("a state is stored");
            restored = Some(postcard::from_bytes(&stored).expect("what was stored"));
        }
        let (signer, kind, body) = next_event(&mut dice, &book, step);
        let signed: SignedEvent = world.sign(&signer, world.draft(organization_of(&signer), kind, body));
        assert_eq!(signed.event.signer, key(&signer).public());
        let id = signed.id();
        let answer = check(&world.state, &signed.event, id, world.recorded);
        let expected = book.enter(&Event::read(&signed));
        let found = answer.as_ref().map(|_| ()).map_err(|rejection| rejection.rule.name());
        assert_eq!(found, expected, "seed {seed}, step {step}: {kind} by {signer}: {:?}", answer.as_ref().err());
        if let Some(restored) = &mut restored {
            let again = check(restored, &signed.event, id, world.recorded);
            assert_eq!(format!("{again:?}"), format!("{answer:?}"), "seed {seed}, step {step}: a stored state answers otherwise");
            again.iter().for_each(|accepted| restored.apply(accepted));
        }
        let remark = |rule: &str| format!("{rule}{}", book.remark(&Event::read(&signed), rule));
        let mut word = found.map_or_else(remark, |()| format!("accepted {kind}"));
        if let (Ok(()), Body::EventReversed(body)) = (found, &signed.event.body) {
            let subject = &book.events[&body.event.to_string()];
            word = format!("{word} of {}", subject.kind);
            if subject.kind == "recipient.enrolled" && book.was_cancelled_for(subject.recipient()) {
                word.push_str(", the assignment cancelled");
            }
        }
        *answers.entry(word).or_default() += 1;
        let Ok(accepted) = answer else { continue };
        accepted.postings.iter().for_each(|posting| ledger.post(posting));
        world.state.apply(&accepted);
        world.recorded.0 += 1;
        ledger.holds();
        same_balances(&world.state, &book, &ledger);
    }
    let restored = restored.expect("the history is long enough");
    assert_eq!(restored.ids.len(), world.state.ids.len());
    assert_eq!(format!("{:?}", restored.lots), format!("{:?}", world.state.lots));
    assert_eq!(format!("{:?}", restored.assignments), format!("{:?}", world.state.assignments));
    let largest = ledger.by_item.values().map(|sum| sum.unsigned_abs()).max().unwrap_or(0);
    (answers, largest)
}

#[test]
fn random_histories_keep_every_balance() {
    let seeds = match std::env::var("AIDLEDGER_SEED") {
        Ok(seed) => vec![seed.parse().expect("a seed is a number")],
        Err(_) => vec![1, 2, 3],
    };
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    let mut largest = 0;
    for seed in &seeds {
        let (given, sum) = run(*seed);
        given.into_iter().for_each(|(answer, count)| *answers.entry(answer).or_default() += count);
        largest = largest.max(sum);
    }
    println!("{answers:#?}");
    // The histories are worth nothing if they do not come to the places where quantities could go wrong.
    let musts = [
        "accepted donation.received",
        "accepted recipient.enrolled",
        "accepted assignment.made",
        "accepted assignment.cancelled",
        "accepted delivery.made",
        "accepted event.reversed of donation.received",
        "accepted event.reversed of recipient.enrolled",
        "accepted event.reversed of assignment.made",
        "accepted event.reversed of assignment.cancelled",
        "accepted event.reversed of delivery.made",
        "lot-insufficient",
        "lot-foreign",
        "lot-unknown",
        "quantity-zero",
        "quantity-decimals",
        "restriction-programme",
        "delivery-exceeds-assigned",
        "draw-not-assigned",
        "assignment-cancelled",
        "assignment-settled",
        "assignment-foreign",
        "assignment-unknown",
        "event-has-consequences",
        "event-already-reversed",
        "accepted event.reversed of recipient.enrolled, the assignment cancelled",
        "event-has-consequences, the enrolment reversed",
        "code-mismatch",
        "code-used",
        "code-used, by a delivery that was reversed",
        "lock-used",
        "lock-used, by an assignment that was reversed",
        "key-taken",
        "role-missing",
        "code-without-lock",
        "reference-used",
        "uniqueness-tag-seen",
        "recipient-unknown",
        "organization-suspended",
    ];
    let missed: Vec<_> = musts.iter().filter(|must| !answers.contains_key(**must)).collect();
    if seeds.len() > 1 {
        assert!(missed.is_empty(), "no history came to {missed:?}");
        assert!(largest > u128::from(u64::MAX), "no sum passes 64 bits: {largest}");
    }
}
