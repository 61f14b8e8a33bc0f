//! What happens in Qarasu, day by day.
//!
//! A day has two halves; at the end of each the log takes in what was signed. In each half every organization does a little of its usual work:
//! it enrols whoever asks and writes down what they lack ([`helping`](super::helping)), receives, promises and buys
//! ([`giving`](super::giving)), assigns and delivers, sends on, pays and counts ([`moving`](super::moving)); others say what they saw, and
//! answer ([`witnesses`](super::witnesses)). What is unusual is in [`planted`](super::planted) and [`planted_stock`](super::planted_stock).

use std::collections::{BTreeMap, VecDeque};

use crate::canonical::Set;
use crate::event::kinds::*;
use crate::event::{Body, Date, EventId, Time, Token};
use crate::service::campaign::giving::Pledged;
use crate::service::campaign::helping::Waiting;
use crate::service::campaign::moving::Underway;
use crate::service::campaign::qarasu::{AKIMAT, AUDITORS, CITY, DISTRICTS, LEDGER, ORGANIZATIONS, OrganizationPlan, PROGRAMMES};
use crate::service::campaign::witnesses::{Open, Seen, Volunteer};
use crate::service::campaign::{SEED, device_seed, log_key, moment};
use crate::service::simulate::Batch;
use crate::service::simulate::authors::{Authors, Device, Planned};
use crate::service::simulate::book::Book;
use crate::service::simulate::goods::{GOODS, code, names};
use crate::service::simulate::random::Random;
use crate::service::simulate::stock::{Lot, Person, Promise, Shelf};

/// The first and the last day.
pub(super) const DAYS: (&str, &str) = ("2025-11-01T00:00:00Z", "2026-02-28T00:00:00Z");

/// From how much money on, in minor units, the ledger's policy asks for how many approvals.
pub(super) const BANDS: [(u64, u64); 2] = [(100_000_000, 1), (300_000_000, 2)];

/// The campaign as it is told.
pub(super) struct Story {
    pub authors: Authors,
    /// What was signed until each moment at which the log took it in.
    pub batches: Vec<Batch>,
    pub(super) random: Random,
    pub(super) desks: Vec<Desk>,
    pub(super) now: Time,
    /// The key that does everything, once it was granted.
    pub(super) tablet: Option<Device>,
    pub(super) registrar: Device,
    pub(super) auditor: Option<Device>,
    pub(super) undo: Vec<Undo>,
    pub(super) book: Book,
    /// Transfers on their way.
    pub(super) underway: Vec<Underway>,
    /// The recipients' own keys, by token.
    pub(super) cards: BTreeMap<Token, [u8; 32]>,
    /// Deliveries that somebody may still speak of.
    pub(super) seen: Vec<Seen>,
    /// Disputes and flags that wait for an answer.
    pub(super) open: Vec<Open>,
    /// What the planted things keep in mind.
    pub(super) plot: super::planted::Plot,
    pub(super) waybills: u64,
    signed: Vec<Planned>,
}

/// An organization at work.
pub(super) struct Desk {
    pub plan: &'static OrganizationPlan,
    pub admin: Device,
    pub finance: Device,
    pub intake: Device,
    pub assign: Device,
    pub field: Vec<Device>,
    pub shelf: Shelf,
    /// On hand by the books and not for use: gifts entered wrongly, until that is undone, and money for one purpose.
    pub aside: Vec<Lot>,
    pub promises: Vec<Promise>,
    /// The people it enrolled, by programme.
    pub people: BTreeMap<&'static str, Vec<Person>>,
    /// Needs that nothing was assigned for yet.
    pub needs: VecDeque<Waiting>,
    pub pledges: Vec<Pledged>,
    /// The gifts whose lots are on the shelf.
    pub gifts: Vec<EventId>,
    /// Money spent in all, and without a programme, in minor units.
    pub spent: u64,
    pub overhead: u64,
    pub volunteers: Vec<Volunteer>,
}

/// A mistake of the half-day before, with what is done instead.
pub(super) enum Undo {
    Gift {
        desk: usize,
        event: EventId,
        again: DonationReceived,
    },
    Enrolment {
        desk: usize,
        event: EventId,
    },
    Assignment {
        desk: usize,
        promise: Promise,
    },
    Delivery {
        desk: usize,
        event: EventId,
        promise: Promise,
        handed: Vec<Lot>,
    },
    /// Nobody wants it there: the assignment is cancelled.
    Unwanted {
        desk: usize,
        assignment: EventId,
        reason: CancellationReason,
    },
    /// Entered twice, and nothing depends on it.
    Twice {
        device: Device,
        event: EventId,
    },
}

impl Story {
    /// Tells it from the first day to the last.
    pub fn tell() -> Story {
        let (first, last) = (moment(DAYS.0), moment(DAYS.1));
        let mut authors = Authors::new();
        let registrar = authors.add(code(AKIMAT.0), &device_seed(AKIMAT.0, "registrar"));
        let random = Random::new("campaign", SEED);
        let (batches, signed, desks, undo, underway) = Default::default();
        let (cards, seen, open, plot) = Default::default();
        let (now, book) = (Time(first.0 + 3 * 3600), Book::new());
        let (tablet, auditor, waybills) = (None, None, 0);
        let mut story = Story {
            authors,
            batches,
            random,
            desks,
            now,
            tablet,
            registrar,
            auditor,
            undo,
            book,
            underway,
            cards,
            seen,
            open,
            plot,
            waybills,
            signed,
        };
        story.found();
        for day in first.date().0..=last.date().0 {
            for (opens, closes) in [(4 * 3600, 8 * 3600), (9 * 3600, 14 * 3600)] {
                let start = Date(day).start();
                // The founding took some of the first morning.
                story.now = Time(start.0 + opens).max(story.now);
                story.half_day(start.date());
                story.take_in(Time(start.0 + closes));
            }
            story.unusual_evening(Date(day));
        }
        story
    }

    /// Signs in the name of a device, a little later than what came before.
    pub(super) fn write(&mut self, device: Device, body: Body) -> EventId {
        self.now.0 += self.random.between(15, 170) as i64;
        self.write_at(device, self.now, body)
    }

    /// Signs, saying that it happened at another time.
    pub(super) fn write_at(&mut self, device: Device, time: Time, body: Body) -> EventId {
        let planned = self.authors.plan(device, time, body);
        let id = planned.id;
        self.signed.push(planned);
        id
    }

    /// The log takes in what was signed.
    pub(super) fn take_in(&mut self, recorded: Time) {
        let recorded = recorded.max(self.now);
        let signed = std::mem::take(&mut self.signed);
        if !signed.is_empty() {
            let submissions = self.authors.sign(&signed);
            self.book.take_in(recorded, &submissions);
            self.batches.push(Batch { recorded, submissions });
        }
    }

    // ---- the founding

    fn found(&mut self) {
        let registrar = self.registrar;
        let opening = LedgerOpened {
            log_key: log_key().public(),
            name: names(LEDGER),
            organization_name: names(AKIMAT.1),
            origin: Origin("demo.invalid/qarasu-2025".to_owned()),
            roles: Set::new(vec![Role::Admin, Role::Registrar]),
            rules: 1,
        };
        self.write(registrar, Body::LedgerOpened(opening));
        self.take_in(self.now);
        for good in &GOODS {
            self.write(registrar, Body::ItemDefined(good.definition()));
        }
        self.write(registrar, Body::RegionDefined(RegionDefined { name: names(CITY.1), parent: None, region: code(CITY.0) }));
        for (district, texts) in DISTRICTS {
            let parent = Some(code(CITY.0));
            self.write(registrar, Body::RegionDefined(RegionDefined { name: names(texts), parent, region: code(district) }));
        }
        for plan in &ORGANIZATIONS {
            let body = OrganizationRegistered { name: names(plan.names), organization: code(plan.code) };
            self.write(registrar, Body::OrganizationRegistered(body));
            let admin = self.grant(registrar, plan.code, "office", &[Role::Admin]);
            let finance = self.grant(admin, plan.code, "cash-desk", &[Role::Finance]);
            let intake = self.grant(admin, plan.code, "reception", &[Role::Intake]);
            let assign = self.grant(admin, plan.code, "coordinator", &[Role::Assign]);
            let field = (1..=plan.phones).map(|n| self.grant(admin, plan.code, &format!("phone-{n}"), &[Role::Field])).collect();
            let (shelf, aside, promises, people, needs) = Default::default();
            let (pledges, gifts, volunteers) = Default::default();
            self.desks.push(Desk {
                plan,
                admin,
                finance,
                intake,
                assign,
                field,
                shelf,
                aside,
                promises,
                people,
                needs,
                pledges,
                gifts,
                spent: 0,
                overhead: 0,
                volunteers,
            });
        }
        let body = OrganizationRegistered { name: names(AUDITORS.1), organization: code(AUDITORS.0) };
        self.write(registrar, Body::OrganizationRegistered(body));
        self.auditor = Some(self.grant(registrar, AUDITORS.0, "auditor", &[Role::Audit]));
        self.agree_on_policies();
        for plan in &PROGRAMMES {
            let taking_part = |organization: &&OrganizationPlan| organization.work.iter().any(|(programme, _)| *programme == plan.code);
            let organizations = ORGANIZATIONS.iter().filter(taking_part).map(|organization| code(organization.code)).collect();
            let admin = self.desks[self.desk(plan.opened_by)].admin;
            let body = ProgrammeOpened {
                from: Some(moment(DAYS.0).date()),
                name: names(plan.names),
                organizations: Some(Set::new(organizations)),
                programme: code(plan.code),
                recipient_types: Some(Set::new(plan.types.to_vec())),
                regions: Some(Set::new(vec![code(CITY.0)])),
                until: plan.until.map(|day| day.parse().expect("a day")),
            };
            self.write(admin, Body::ProgrammeOpened(body));
        }
    }

    /// What all agree on, and what one asks of itself beyond that.
    fn agree_on_policies(&mut self) {
        let money = GOODS[crate::service::simulate::goods::MONEY].code;
        let band = |(from, approvals): (u64, u64)| Band { approvals, from: GOODS[0].quantity(from), item: code(money) };
        let policy = PolicyChanged {
            approvals: Some(BANDS.map(band).to_vec()),
            days_back: Some(60),
            idle_days: Some(30),
            organization: None,
            overhead_permille: Some(100),
            requires: None,
            reversal_approvals: None,
            rules: 1,
            separate: None,
            small_cell: Some(5),
        };
        self.write(self.registrar, Body::PolicyChanged(policy));
        let strict = &self.desks[self.desk("jyly-uy")];
        let own = PolicyChanged {
            approvals: None,
            days_back: Some(14),
            idle_days: None,
            organization: Some(code(strict.plan.code)),
            overhead_permille: None,
            requires: Some(Set::new(vec![Requirement::Size])),
            reversal_approvals: None,
            rules: 1,
            separate: Some(Set::new(Separation::ALL.to_vec())),
            small_cell: None,
        };
        self.write(strict.admin, Body::PolicyChanged(own));
    }

    /// The place of an organization's desk.
    pub(super) fn desk(&self, organization: &str) -> usize {
        self.desks.iter().position(|desk| desk.plan.code == organization).expect("the story names organizations of the city")
    }

    pub(super) fn grant(&mut self, by: Device, organization: &str, label: &str, roles: &[Role]) -> Device {
        let device = self.authors.add(code(organization), &device_seed(organization, label));
        let key = self.authors.public(device);
        let roles = Set::new(roles.to_vec());
        self.write(by, Body::KeyGranted(KeyGranted { key, label: Some(code(label)), organization: code(organization), roles }));
        device
    }

    /// A phone is lost, or a person leaves: another key takes the place.
    pub(super) fn replace_phone(&mut self, organization: &str, label: &str, reason: RevocationReason) {
        let place = self.desk(organization);
        let (admin, old) = (self.desks[place].admin, self.desks[place].field[0]);
        let key = self.authors.public(old);
        self.write(admin, Body::KeyRevoked(KeyRevoked { key, reason }));
        self.desks[place].field[0] = self.grant(admin, organization, label, &[Role::Field]);
    }

    // ---- half a day

    fn half_day(&mut self, day: Date) {
        for undo in std::mem::take(&mut self.undo) {
            self.put_right(undo);
        }
        self.receive_transfers(day);
        self.unusual_half_day(day);
        self.unusual_stock(day);
        // Sundays are quiet; 1970-01-01 was a Thursday.
        let quiet = (day.0 + 4) % 7 == 0;
        let opened = self.now;
        let shift = self.random.below(self.desks.len() as u64) as usize;
        for turn in 0..self.desks.len() {
            let desk = (turn + shift) % self.desks.len();
            if quiet && !self.random.chance(150) {
                continue;
            }
            self.at_work(desk, day, opened);
        }
        if !quiet {
            self.speak_up(day);
        }
    }

    fn at_work(&mut self, desk: usize, day: Date, opened: Time) {
        let first_weeks = day.0 < moment("2025-11-20T00:00:00Z").date().0;
        if self.random.chance(if first_weeks { 420 } else { 110 }) {
            self.enrol(desk);
        }
        self.keep_pledges(desk, day);
        if self.random.chance(140) {
            self.record_need(desk);
        }
        let usual = u64::from(self.random.chance(490));
        let rounds = if self.piling_up(desk, day) { 2 } else { usual.max(u64::from(self.silent(desk, day))) };
        for _ in 0..rounds {
            self.assign(desk);
        }
        if self.random.chance(14) {
            self.cancel(desk);
        }
        if !self.holds_back(desk, day) {
            self.deliver(desk, opened);
        }
        match self.random.below(1000) {
            0..16 => self.pledge(desk),
            16..20 => self.give_back(desk),
            20..75 => self.pay(desk),
            75..80 => self.lose(desk),
            80..105 => self.send(desk),
            105..112 => self.withdraw(desk),
            112..190 => self.serve(desk, day),
            _ => {}
        }
    }

    // ---- corrections

    fn put_right(&mut self, undo: Undo) {
        match undo {
            Undo::Gift { desk, event, again } => {
                self.write(self.desks[desk].finance, reversal(event, ReversalReason::WrongQuantity));
                self.desks[desk].aside.retain(|lot| lot.id.event != event);
                self.receive(desk, again);
            }
            Undo::Enrolment { desk, event } => {
                self.write(self.desks[desk].intake, reversal(event, ReversalReason::EnteredTwice));
            }
            Undo::Assignment { desk, promise } => self.take_back(desk, promise, ReversalReason::EnteredTwice),
            Undo::Delivery { desk, event, mut promise, handed } => {
                // Whoever entered it may not be at hand; any phone of the organization can take it back.
                let field = *self.random.pick(&self.desks[desk].field);
                self.write(field, reversal(event, ReversalReason::WrongQuantity));
                promise.take_back(handed);
                self.hand_over(desk, promise, field, self.now, None, false);
            }
            Undo::Unwanted { desk, assignment, reason } => {
                let waiting = self.desks[desk].promises.iter().position(|promise| promise.id == assignment);
                if let Some(place) = waiting {
                    self.call_off(desk, place, reason);
                }
            }
            Undo::Twice { device, event } => {
                self.write(device, reversal(event, ReversalReason::EnteredTwice));
            }
        }
    }

    /// Reverses an assignment and puts what it held back on the shelf.
    pub(super) fn take_back(&mut self, desk: usize, promise: Promise, reason: ReversalReason) {
        self.write(self.desks[desk].assign, reversal(promise.id, reason));
        promise.rest.into_iter().for_each(|part| self.desks[desk].shelf.put(part));
    }
}

pub(super) fn reversal(event: EventId, reason: ReversalReason) -> Body {
    Body::EventReversed(EventReversed { event, reason })
}
