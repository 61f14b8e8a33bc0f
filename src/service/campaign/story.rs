//! What happens in Qarasu, day by day.
//!
//! A day has two halves; at the end of each the log takes in what was signed. In each half every organization does a little of its usual work:
//! it enrols whoever asks, receives gifts when its shelf gets empty, assigns, and delivers what was assigned earlier. What is unusual is in
//! [`planted`](super::planted).

use std::collections::BTreeMap;

use crate::canonical::{Set, Text};
use crate::crypto::Blake3Hash;
use crate::event::kinds::*;
use crate::event::{Body, Code, Date, EventId, LotId, Time, Token};
use crate::service::campaign::qarasu::{AKIMAT, CITY, DISTRICTS, DONORS, FACILITIES, LEDGER, ORGANIZATIONS, OrganizationPlan, PROGRAMMES};
use crate::service::campaign::{SEED, device_seed, log_key, moment};
use crate::service::simulate::authors::{Authors, Device, Planned};
use crate::service::simulate::goods::{GOODS, code, item, names};
use crate::service::simulate::random::Random;
use crate::service::simulate::stock::{Limits, Lot, Person, Promise, Shelf, draws};

/// The first and the last day.
pub(super) const DAYS: (&str, &str) = ("2025-11-01T00:00:00Z", "2026-02-28T00:00:00Z");

/// The campaign as it is told.
pub(super) struct Story {
    pub authors: Authors,
    /// What was signed until each moment at which the log took it in.
    pub batches: Vec<(Time, Vec<Planned>)>,
    pub(super) random: Random,
    pub(super) desks: Vec<Desk>,
    pub(super) now: Time,
    /// The key that does everything, once it was granted.
    pub(super) tablet: Option<Device>,
    signed: Vec<Planned>,
    registrar: Device,
    undo: Vec<Undo>,
}

/// An organization at work.
pub(super) struct Desk {
    pub plan: &'static OrganizationPlan,
    pub admin: Device,
    finance: Device,
    intake: Device,
    pub assign: Device,
    pub field: Vec<Device>,
    pub shelf: Shelf,
    pub promises: Vec<Promise>,
    /// The people it enrolled, by programme.
    pub people: BTreeMap<&'static str, Vec<Person>>,
}

/// A mistake of the half-day before, with what is done instead.
enum Undo {
    Gift { desk: usize, event: EventId, again: DonationReceived },
    Enrolment { desk: usize, event: EventId },
    Assignment { desk: usize, promise: Promise },
    Delivery { desk: usize, event: EventId, promise: Promise, handed: Vec<Lot> },
}

impl Story {
    /// Tells it from the first day to the last.
    pub fn tell() -> Story {
        let (first, last) = (moment(DAYS.0), moment(DAYS.1));
        let mut authors = Authors::new();
        let registrar = authors.add(code(AKIMAT.0), &device_seed(AKIMAT.0, "registrar"));
        let random = Random::new("campaign", SEED);
        let (batches, signed, desks, undo) = Default::default();
        let now = Time(first.0 + 3 * 3600);
        let mut story = Story { authors, batches, random, desks, now, tablet: None, signed, registrar, undo };
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
            self.batches.push((recorded, signed));
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
            let (shelf, promises, people) = Default::default();
            self.desks.push(Desk { plan, admin, finance, intake, assign, field, shelf, promises, people });
        }
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
        self.unusual_half_day(day);
        // Sundays are quiet; 1970-01-01 was a Thursday.
        let quiet = (day.0 + 4) % 7 == 0;
        let opened = self.now;
        let shift = self.random.below(self.desks.len() as u64) as usize;
        for turn in 0..self.desks.len() {
            let desk = (turn + shift) % self.desks.len();
            if quiet && !self.random.chance(150) {
                continue;
            }
            let first_weeks = day.0 < moment("2025-11-20T00:00:00Z").date().0;
            if self.random.chance(if first_weeks { 420 } else { 110 }) {
                self.enrol(desk);
            }
            let rounds = if self.piling_up(desk, day) { 2 } else { u64::from(self.random.chance(560)) };
            for _ in 0..rounds {
                self.assign(desk);
            }
            if self.random.chance(14) {
                self.cancel(desk);
            }
            if !self.holds_back(desk, day) {
                self.deliver(desk, opened);
            }
        }
    }

    // ---- gifts

    pub(super) fn donate(&mut self, desk: usize, goods: &[&str]) {
        let good = &GOODS[item(goods[self.random.below(goods.len() as u64) as usize])];
        let limits = Limits {
            programme: self.random.chance(160).then(|| code(self.desks[desk].plan.work[0].0)),
            district: self.random.chance(110).then(|| code(self.random.pick(&DISTRICTS).0)),
            use_by: None,
        };
        let limits = if good.category == "food" && self.random.chance(80) {
            Limits { use_by: Some(Date(self.now.date().0 + 90)), ..limits }
        } else {
            limits
        };
        // Many give a little and a few give much.
        let minor = self.random.between(good.gift.0, good.gift.1) / if self.random.chance(120) { 1 } else { 8 };
        let unit = good.unit_minor().max(good.gift.0 / 100);
        let body = gift(self.donor(), code(good.code), good.quantity(minor.max(unit) / unit * unit), &limits, None);
        if self.random.chance(35) {
            let mut wrong = body.clone();
            wrong.lots[0].quantity.minor *= 10;
            let event = self.write(self.desks[desk].finance, Body::DonationReceived(wrong));
            self.undo.push(Undo::Gift { desk, event, again: body });
        } else {
            self.receive(desk, body);
        }
    }

    /// Enters a gift and puts it on the shelf.
    pub(super) fn receive(&mut self, desk: usize, body: DonationReceived) -> EventId {
        let limits = body.restrictions.as_ref().map_or(Limits::default(), |restrictions| Limits {
            programme: restrictions.programmes.as_ref().and_then(|set| set.iter().next().copied()),
            district: restrictions.regions.as_ref().and_then(|set| set.iter().next().copied()),
            use_by: restrictions.use_by,
        });
        let lots = body.lots.clone();
        let event = self.write(self.desks[desk].finance, Body::DonationReceived(body));
        for (line, lot) in lots.iter().enumerate() {
            let id = LotId { event, line: line as u16 };
            let lot = Lot { id, item: item(lot.item.as_str()), decimals: lot.quantity.decimals, quantity: lot.quantity.minor, limits };
            self.desks[desk].shelf.put(lot);
        }
        event
    }

    /// Enters a gift that nobody touches.
    pub(super) fn receive_and_leave(&mut self, desk: usize, body: DonationReceived) {
        self.write(self.desks[desk].finance, Body::DonationReceived(body));
    }

    fn donor(&mut self) -> Donor {
        match self.random.below(10) {
            0..4 => Donor { commitment: Some(self.hash()), name: None, r#type: DonorType::Individual },
            4..8 => {
                let name = Some(Text((*self.random.pick(&DONORS)).to_owned()));
                Donor { commitment: None, name, r#type: DonorType::Organization }
            }
            8 => Donor { commitment: None, name: Some(Text(AKIMAT.1[0].to_owned())), r#type: DonorType::Government },
            _ => Donor { commitment: None, name: None, r#type: DonorType::Anonymous },
        }
    }

    pub(super) fn hash(&mut self) -> Blake3Hash {
        Blake3Hash(self.random.bytes())
    }

    // ---- people

    fn enrol(&mut self, desk: usize) {
        let (programme, _) = *self.random.pick(self.desks[desk].plan.work);
        let facilities = self.desks[desk].plan.code == "shipa";
        let known = self.desks[desk].people.get(programme).map_or(0, Vec::len);
        let (body, person) = match FACILITIES.get(known) {
            Some((texts, district)) if facilities => {
                let mut enrolled = self.enrolment(programme, district, RecipientType::Facility, 40);
                enrolled.0.name = Some(names(*texts));
                enrolled
            }
            _ => {
                let district = self.random.pick(&DISTRICTS).0;
                let r#type =
                    if programme != "warm-winter" && self.random.chance(200) { RecipientType::Person } else { RecipientType::Household };
                let size = if r#type == RecipientType::Person { 1 } else { 1 + self.random.below(4) + self.random.below(4) };
                self.enrolment(programme, district, r#type, size)
            }
        };
        let intake = self.desks[desk].intake;
        let twice = self.random.chance(20);
        self.write(intake, Body::RecipientEnrolled(body.clone()));
        self.desks[desk].people.entry(programme).or_default().push(person);
        if twice {
            // The same people under a second token, by a slip of the hand: without the tag, which would have been refused.
            let again = RecipientEnrolled { recipient: Token(self.random.bytes()), uniqueness: None, ..body };
            let event = self.write(intake, Body::RecipientEnrolled(again));
            self.undo.push(Undo::Enrolment { desk, event });
        }
    }

    /// An enrolment as it should be: with a commitment to who it is and a tag against enrolling twice.
    pub(super) fn enrolment(&mut self, programme: &str, district: &str, r#type: RecipientType, size: u64) -> (RecipientEnrolled, Person) {
        let in_private = r#type != RecipientType::Facility;
        let body = RecipientEnrolled {
            commitment: in_private.then(|| self.hash()),
            key: None,
            name: None,
            programme: code(programme),
            recipient: Token(self.random.bytes()),
            reference: None,
            region: code(district),
            size: Some(size),
            r#type,
            uniqueness: in_private.then(|| self.hash()),
        };
        let person = Person { token: body.recipient, programme: body.programme, district: body.region, size };
        (body, person)
    }

    // ---- help

    fn assign(&mut self, desk: usize) {
        let (programme, goods) = *self.random.pick(self.desks[desk].plan.work);
        let Some(person) =
            self.desks[desk].people.get(programme).filter(|people| !people.is_empty()).map(|people| *self.random.pick(people))
        else {
            return self.enrol(desk);
        };
        let Some(promise) = self.promise(desk, goods, &person, self.desks[desk].assign) else {
            return self.donate(desk, goods);
        };
        let twice = self.random.chance(8);
        self.desks[desk].promises.push(promise);
        if twice && let Some(again) = self.promise(desk, goods, &person, self.desks[desk].assign) {
            self.undo.push(Undo::Assignment { desk, promise: again });
        }
    }

    /// Assigns one good to a person by its size; nothing if the shelf has too little of all.
    pub(super) fn promise(&mut self, desk: usize, goods: &[&str], person: &Person, by: Device) -> Option<Promise> {
        let first = self.random.below(goods.len() as u64) as usize;
        let (place, quantity) = (0..goods.len()).find_map(|turn| {
            let place = item(goods[(first + turn) % goods.len()]);
            let quantity = self.usual_quantity(desk, place, person);
            (self.desks[desk].shelf.free(place, person, self.now) >= quantity).then_some((place, quantity))
        })?;
        let rest = self.desks[desk].shelf.take(place, quantity, person, self.now);
        let secret = self.random.chance(300).then(|| self.random.slip_code());
        let body = AssignmentMade {
            draws: draws(&rest),
            due: self.random.chance(400).then(|| Date(self.now.date().0 + 21)),
            lock: secret.as_ref().map(|code| Blake3Hash::of(code.as_bytes())),
            need: None,
            programme: person.programme,
            recipient: person.token,
            reference: None,
        };
        let id = self.write(by, Body::AssignmentMade(body));
        Some(Promise { id, person: *person, rest, code: secret, begun: false, time: self.now })
    }

    fn deliver(&mut self, desk: usize, opened: Time) {
        // What was promised in this half-day goes out in another.
        let waiting = self.desks[desk].promises.iter().take_while(|promise| promise.time < opened).count();
        if waiting == 0 || !self.random.chance(680) {
            return;
        }
        let place = self.random.below(waiting.min(5) as u64) as usize;
        let promise = self.desks[desk].promises.remove(place);
        let field = *self.random.pick(&self.desks[desk].field);
        let part = self.random.chance(110).then(|| self.random.between(300, 700));
        // Some phones are in a village without a net for a day.
        let late = if self.random.chance(60) { 24 * 3600 } else { 0 };
        let time = Time(self.now.0 - late).max(promise.time);
        let wrong = self.random.chance(12);
        self.hand_over(desk, promise, field, time, part, wrong);
    }

    /// Delivers a promise, or a part of it; what is left waits on.
    pub(super) fn hand_over(&mut self, desk: usize, mut promise: Promise, field: Device, time: Time, part: Option<u64>, wrong: bool) {
        let handed = promise.hand_over(part);
        let shown = if self.random.chance(900) { promise.code.take() } else { None };
        let evidence = self.random.chance(200).then(|| self.hash());
        let body = DeliveryMade { assignment: promise.id, code: shown.map(SlipCode), draws: draws(&handed), evidence, reference: None };
        self.now.0 += self.random.between(15, 60) as i64;
        let event = self.write_at(field, time, Body::DeliveryMade(body));
        if wrong {
            self.undo.push(Undo::Delivery { desk, event, promise, handed });
        } else if !promise.rest.is_empty() {
            self.desks[desk].promises.push(promise);
        }
    }

    fn cancel(&mut self, desk: usize) {
        let waiting = self.desks[desk].promises.len();
        if waiting == 0 {
            return;
        }
        let promise = self.desks[desk].promises.remove(self.random.below(waiting as u64) as usize);
        let reason = *self.random.pick(&[CancellationReason::NotFound, CancellationReason::NotNeeded, CancellationReason::StockProblem]);
        let body = AssignmentCancelled { assignment: promise.id, reason };
        self.write(self.desks[desk].assign, Body::AssignmentCancelled(body));
        promise.rest.into_iter().for_each(|part| self.desks[desk].shelf.put(part));
    }

    // ---- corrections

    fn put_right(&mut self, undo: Undo) {
        match undo {
            Undo::Gift { desk, event, again } => {
                self.write(self.desks[desk].finance, reversal(event, ReversalReason::WrongQuantity));
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
        }
    }

    /// Reverses an assignment and puts what it held back on the shelf.
    pub(super) fn take_back(&mut self, desk: usize, promise: Promise, reason: ReversalReason) {
        self.write(self.desks[desk].assign, reversal(promise.id, reason));
        promise.rest.into_iter().for_each(|part| self.desks[desk].shelf.put(part));
    }
}

fn reversal(event: EventId, reason: ReversalReason) -> Body {
    Body::EventReversed(EventReversed { event, reason })
}

/// The body of a gift of one lot.
pub(super) fn gift(
    donor: Donor,
    item: Code,
    quantity: crate::event::Quantity,
    limits: &Limits,
    reference: Option<Blake3Hash>,
) -> DonationReceived {
    let restrictions = Restrictions {
        categories: None,
        items: None,
        programmes: limits.programme.map(|programme| Set::new(vec![programme])),
        regions: limits.district.map(|district| Set::new(vec![district])),
        use_by: limits.use_by,
    };
    let restrictions = (*limits != Limits::default()).then_some(restrictions);
    DonationReceived { donor, lots: vec![LotLine { item, quantity }], pledge: None, receipt: None, reference, restrictions }
}
