//! The simulated city, event by event.
//!
//! A day has twelve working hours. At each step the planner makes a due correction, or lets an organization do one of its usual things:
//!
//! ```text
//! donation 8 %   enrolment 10 %   need 6 %   assignment 25 %   delivery 31 %   cancellation 2 %   confirmation 3 %
//! purchase, transfer, expense 2 to 3 % each   service of volunteers 3 %   all else less   governance: now and then
//! ```
//!
//! What cannot be done (nothing on the shelf, nobody enrolled) is replaced by what would help. One in sixty of these is a mistake: it is
//! kept out of the planner's stock and undone some steps later, so nothing ever depends on it and its reversal is always admitted.

mod govern;
mod moves;
mod voices;
mod work;

use std::collections::{HashMap, HashSet, VecDeque};

use crate::canonical::Set;
use crate::crypto::Blake3Hash;
use crate::event::kinds::*;
use crate::event::{Body, Code, EventId, Time, Token};
use crate::service::simulate::authors::{Authors, Device, Planned};
use crate::service::simulate::city::{CITY, DISTRICTS, organization};
use crate::service::simulate::goods::{GOODS, code, names};
use crate::service::simulate::random::Random;
use crate::service::simulate::stock::{Limits, Lot, Person, Promise, Shelf};

/// 2025-01-06, a Monday, 03:00 UTC: eight in the morning in Kazakhstan.
const FIRST_MORNING: i64 = 1_736_132_400;
const WORKING_SECONDS: i64 = 12 * 3600;
const DAY_SECONDS: i64 = 86_400;
const SHELF_LOTS_MAX: usize = 96;
const PROMISES_MAX: usize = 192;
const PEOPLE_MAX: usize = 1024;
const PROGRAMMES_MAX: usize = 8;
const NEEDS_MAX: usize = 48;
const SPOKEN_OF_MAX: usize = 32;
const VOLUNTEERS_MAX: usize = 6;
const GIFTS_MAX: usize = 64;
/// From how much money on, in minor units, another key must agree.
const APPROVED_FROM: u64 = 6_000_000;
const ORGANIZATIONS_AT_FIRST: usize = 12;
const ORGANIZATIONS_MAX: u64 = 60;
/// Of a thousand donations, enrolments, assignments and deliveries, so many are mistakes.
const MISTAKES_PER_MILLE: u64 = 16;

/// Plans the events of a city.
#[derive(Debug)]
pub struct Planner {
    random: Random,
    authors: Authors,
    queue: VecDeque<Planned>,
    clock_micros: i64,
    step_micros: i64,
    count: u64,
    registrar: Device,
    offices: Vec<Office>,
    programmes: Vec<Programme>,
    corrections: VecDeque<Due>,
    grow_at: u64,
    grow_every: u64,
    govern_at: u64,
    govern_every: u64,
    govern_turn: u64,
    /// The key that agreed to a large assignment; large ones that nobody agreed to yet have none.
    approved: HashMap<EventId, Option<Device>>,
    /// The recipients' own keys, and those who were withdrawn.
    cards: HashMap<Token, [u8; 32]>,
    withdrawn: HashSet<Token>,
    auditor: Option<Device>,
    /// The size and root of the tree after the last batch, and when it was recorded how many deliveries there were.
    head: Option<(u64, Blake3Hash)>,
    deliveries: u64,
}

/// One organization at work.
#[derive(Debug)]
struct Office {
    code: Code,
    admin: Option<Device>,
    finance: Device,
    intake: Option<Device>,
    assign: Device,
    field: Vec<Device>,
    shelf: Shelf,
    promises: VecDeque<Promise>,
    suspended: bool,
    needs: VecDeque<Waiting>,
    /// The last deliveries, of which somebody may yet speak.
    spoken_of: VecDeque<Seen>,
    volunteers: Vec<Volunteer>,
    /// The last gifts, from which something may go back.
    gifts: VecDeque<EventId>,
    /// Lots entered in error and not reversed yet: the books hold more than the shelf.
    wrong_lots: u32,
    /// How much it does, beside others.
    weight: u64,
}

/// A need that no assignment has named yet.
#[derive(Debug)]
struct Waiting {
    event: EventId,
    person: Person,
    programme: usize,
}

/// A delivery that stands and will.
#[derive(Debug)]
struct Seen {
    delivery: EventId,
    token: Token,
    field: Device,
}

#[derive(Debug)]
struct Volunteer {
    token: Token,
    minutes: u64,
    awarded: usize,
}

#[derive(Debug)]
struct Programme {
    code: Code,
    sort: usize,
    /// Who opened it.
    office: usize,
    /// Who else may work in it; none means all.
    offices: Option<Vec<usize>>,
    /// The districts it helps in; none means all.
    districts: Option<Vec<usize>>,
    people: Vec<Person>,
    closed: bool,
}

impl Programme {
    fn takes(&self, office: usize) -> bool {
        !self.closed && (self.office == office || self.offices.as_ref().is_none_or(|offices| offices.contains(&office)))
    }
}

/// A correction that an organization makes when so many events have been planned.
#[derive(Debug)]
struct Due {
    at: u64,
    office: usize,
    correction: Correction,
}

/// Something entered in error, to be undone, and what is done instead.
#[derive(Debug)]
enum Correction {
    Enrolment {
        event: EventId,
        programme: usize,
        again: Box<RecipientEnrolled>,
        person: Person,
    },
    Donation {
        event: EventId,
        again: Box<DonationReceived>,
        limits: Limits,
    },
    Assignment {
        promise: Promise,
    },
    Cancellation {
        event: EventId,
        promise: Promise,
    },
    Delivery {
        event: EventId,
        promise: Promise,
        handed: Vec<Lot>,
    },
    /// Nothing depends on it: it is reversed, and what it took goes back on the shelf.
    Plain {
        event: EventId,
        role: Role,
        back: Vec<Lot>,
        made_lots: bool,
    },
    /// Not an error: a pledge that is kept, a transfer that arrives, a dispute that is answered.
    Pledge {
        event: EventId,
        donor: Donor,
        lots: Vec<LotLine>,
    },
    Arrival {
        event: EventId,
        part: Lot,
    },
    Answer {
        event: EventId,
        flag: Option<&'static str>,
    },
    Suspension,
}

impl Planner {
    /// The city of a seed, in whose year about `events` events will be planned.
    pub fn new(events: u64, seed: u64) -> Planner {
        let mut random = Random::new("city", seed);
        let mut authors = Authors::new();
        let registrar = authors.add(organization(0).0, &random.bytes());
        let days = (events / 50).clamp(30, 365) as i64;
        let step_micros = i128::from(days * WORKING_SECONDS) * 1_000_000 / i128::from(events.max(1));
        let growth = (events / 50_000).min(ORGANIZATIONS_MAX - ORGANIZATIONS_AT_FIRST as u64);
        let mut planner = Planner {
            random,
            authors,
            queue: VecDeque::new(),
            clock_micros: FIRST_MORNING * 1_000_000,
            step_micros: 20_000_000,
            count: 0,
            registrar,
            offices: Vec::new(),
            programmes: Vec::new(),
            corrections: VecDeque::new(),
            grow_at: events / (growth + 1) + 1,
            grow_every: events / (growth + 1) + 1,
            govern_at: 0,
            govern_every: (events / 24).max(200),
            govern_turn: 0,
            approved: HashMap::new(),
            cards: HashMap::new(),
            withdrawn: HashSet::new(),
            auditor: None,
            head: None,
            deliveries: 0,
        };
        planner.begin(seed);
        planner.step_micros = step_micros as i64;
        planner.govern_at = planner.count + planner.govern_every / 2;
        planner
    }

    /// The next event. There is always one.
    pub fn next_event(&mut self) -> Planned {
        while self.queue.is_empty() {
            self.act();
        }
        self.queue.pop_front().expect("it was just filled")
    }

    /// The devices, which sign what was planned.
    pub fn authors(&self) -> &Authors {
        &self.authors
    }

    /// The simulated time: no event planned so far claims a later one.
    pub fn clock(&self) -> Time {
        Time(self.clock_micros / 1_000_000)
    }

    fn tick(&mut self) {
        self.clock_micros += self.random.below(2 * self.step_micros as u64 + 1) as i64;
        let day = FIRST_MORNING + (self.clock().0 - FIRST_MORNING) / DAY_SECONDS * DAY_SECONDS;
        if self.clock().0 - day >= WORKING_SECONDS {
            self.clock_micros = (day + DAY_SECONDS) * 1_000_000 + self.clock_micros % 1_000_000;
        }
    }

    fn write(&mut self, device: Device, body: Body) -> EventId {
        self.write_at(device, self.clock(), body)
    }

    fn write_at(&mut self, device: Device, time: Time, body: Body) -> EventId {
        let planned = self.authors.plan(device, time, body);
        let id = planned.id;
        self.queue.push_back(planned);
        self.count += 1;
        id
    }

    // ---- the beginning

    fn begin(&mut self, seed: u64) {
        let opening = LedgerOpened {
            log_key: super::log_key(seed).public(),
            name: names(["Сынақ қаласы", "Тестовый город", "Test city"]),
            organization_name: organization(0).1,
            origin: Origin(format!("simulation.invalid/{seed}")),
            roles: Set::new(vec![Role::Admin, Role::Registrar]),
            rules: 1,
        };
        let registrar = self.registrar;
        self.write(registrar, Body::LedgerOpened(opening));
        for good in &GOODS {
            self.tick();
            self.write(registrar, Body::ItemDefined(good.definition()));
        }
        let region = |planner: &mut Planner, region: &str, texts, parent: Option<&str>| {
            planner.tick();
            planner.write(
                registrar,
                Body::RegionDefined(RegionDefined { name: names(texts), parent: parent.map(code), region: code(region) }),
            );
        };
        region(self, CITY.0, CITY.1, None);
        for (district, texts, quarters) in DISTRICTS {
            region(self, district, texts, Some(CITY.0));
            for (quarter, texts) in quarters {
                region(self, quarter, texts, Some(district));
            }
        }
        self.auditor = Some(self.device(registrar, organization(0).0, Role::Audit, "auditor"));
        self.agree_on_policy();
        for _ in 1..ORGANIZATIONS_AT_FIRST {
            self.register(true);
        }
        for _ in 0..3 {
            self.open_programme();
        }
    }

    // ---- a step

    fn act(&mut self) {
        self.tick();
        if let Some(due) = self.corrections.pop_front_if(|due| due.at <= self.count) {
            return self.correct(due);
        }
        if self.count >= self.grow_at {
            self.grow_at += self.grow_every;
            return self.register(false);
        }
        if self.count >= self.govern_at {
            self.govern_at += self.govern_every;
            self.govern_turn += 1;
            return self.govern(self.govern_turn - 1);
        }
        let weights: Vec<u64> = self.offices.iter().map(|office| if office.suspended { 0 } else { office.weight }).collect();
        let office = self.random.weighted(&weights);
        let room = self.offices[office].promises.len() < PROMISES_MAX;
        match self.random.weighted(&[75, 95, 245, 330, 22, 60, 36, 22, 26, 5, 9, 9, 4, 12, 16, 32, 6, 28, 6]) {
            0 if self.offices[office].shelf.len() < SHELF_LOTS_MAX => self.donate(office),
            1 if self.offices[office].intake.is_some() => self.enrol(office),
            3 => self.deliver(office),
            4 => self.cancel(office),
            5 => self.need(office),
            6 if self.offices[office].shelf.len() < SHELF_LOTS_MAX => self.buy(office),
            7 => self.send(office),
            8 => self.pay(office),
            9 => self.lose(office),
            10 => self.count(office),
            11 => self.pledge(office),
            12 => self.give_back(office),
            13 => self.withdraw(office),
            14 => self.find_nobody(office),
            15 => self.confirm(office),
            16 => self.dispute(office),
            17 => self.serve(office),
            18 => self.join(office),
            _ if room => self.assign(office),
            _ => self.deliver(office),
        }
    }

    fn later(&mut self, office: usize, correction: Correction, first: u64, last: u64) {
        let at = self.count + self.random.between(first, last);
        // What is due in the same step keeps its order.
        let place = self.corrections.partition_point(|due| due.at <= at);
        self.corrections.insert(place, Due { at, office, correction });
    }
}
