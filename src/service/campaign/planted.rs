//! What an auditor should ask about, among people: see the table in [`campaign`](super). Each obeys every rule.

use std::collections::BTreeSet;

use crate::crypto::Blake3Hash;
use crate::event::kinds::*;
use crate::event::{Body, Date, EventId, LotId, Quantity, Time};
use crate::service::campaign::giving::{gift, named};
use crate::service::campaign::helping::Wish;
use crate::service::campaign::moment;
use crate::service::campaign::qarasu::DISTRICTS;
use crate::service::campaign::story::Story;
use crate::service::simulate::goods::{GOODS, code, item};
use crate::service::simulate::stock::{Limits, Lot, Person, Promise};

/// What the planted things keep in mind.
#[derive(Default)]
pub(super) struct Plot {
    /// Deliveries that another key has confirmed.
    pub confirmed: BTreeSet<EventId>,
    /// How many deliveries there were.
    pub deliveries: u64,
    /// The photograph that is shown again and again.
    pub photo: Option<Blake3Hash>,
    /// Money set aside for many bills of one sort.
    pub funds: Vec<(&'static str, LotId)>,
    /// The households that one phone sees, and what it brings them today.
    own: Vec<Person>,
    visits: Vec<Promise>,
    visit: usize,
    /// What is handed out on the day of the distribution.
    pub distribution: Vec<Promise>,
}

pub(super) fn day(text: &str) -> Date {
    text.parse().expect("the story's days are written as days are")
}

/// When the drivers' phone enters nothing, to enter it all on the last evening.
const SILENCE: (&str, &str) = ("2025-12-15", "2026-01-19");
/// When the volunteers promise and do not deliver, until the last night.
const BACKLOG: (&str, &str) = ("2026-01-13", "2026-01-27");

impl Story {
    pub(super) fn silent(&self, desk: usize, today: Date) -> bool {
        self.desks[desk].plan.code == "sapar" && (day(SILENCE.0)..=day(SILENCE.1)).contains(&today)
    }

    /// Whether an organization promises more than usual.
    pub(super) fn piling_up(&self, desk: usize, today: Date) -> bool {
        self.desks[desk].plan.code == "asar" && (day(BACKLOG.0)..=day(BACKLOG.1)).contains(&today)
    }

    /// Whether an organization enters no deliveries.
    pub(super) fn holds_back(&self, desk: usize, today: Date) -> bool {
        self.piling_up(desk, today) || self.silent(desk, today)
    }

    /// What a person gets of a good: by its size, except where everybody gets the same.
    pub(super) fn usual_quantity(&self, desk: usize, place: usize, person: &Person) -> u64 {
        if self.desks[desk].plan.code == "bereke" { 10 * GOODS[place].unit_minor() } else { GOODS[place].share * person.size }
    }

    /// What is out of the ordinary in a half-day.
    pub(super) fn unusual_half_day(&mut self, today: Date) {
        let morning = (self.now.0 % 86_400) < 9 * 3600;
        if morning {
            self.hardware(today);
        }
        if morning && today == day("2025-11-20") {
            self.leave_a_gift_idle();
        }
        // One key does everything, on two of five afternoons.
        if !morning && (day("2025-12-05")..=day("2026-02-20")).contains(&today) && today.0 % 5 < 2 {
            self.enrol_assign_and_deliver();
        }
        // One phone enrols ten households, and nobody else ever sees them.
        if today == day("2025-12-01") && morning {
            let desk = self.desk("jas-qanat");
            self.widen(desk, self.desks[desk].field[1], "phone-2", &[Role::Field, Role::Intake]);
        }
        self.see_to_own(today, morning);
        // The needs of one district are written down, and that is all.
        if morning && (day("2025-12-01")..=day("2025-12-11")).contains(&today) {
            self.need_in_vain();
        }
        if !morning && (day("2025-12-03")..=day("2025-12-26")).contains(&today) {
            self.give_a_tenth();
        }
        // One coordinator takes an assignment back on every other morning.
        if morning && (day("2025-11-24")..=day("2026-02-14")).contains(&today) && today.0 % 2 == 0 {
            self.take_one_back();
        }
    }

    /// Phones are lost and people leave: nothing to ask about.
    fn hardware(&mut self, today: Date) {
        if today == day("2025-12-01") {
            let place = self.desk("aq-bata");
            let roles = [Role::Assign, Role::Field, Role::Intake];
            self.tablet = Some(self.grant(self.desks[place].admin, "aq-bata", "tablet-7", &roles));
        }
        if today == day("2025-12-09") {
            self.replace_phone("korshi", "phone-2", RevocationReason::Lost);
        }
        if today == day("2026-01-12") {
            self.replace_phone("shipa", "phone-2", RevocationReason::Replaced);
        }
        if today == day("2026-02-03") {
            self.replace_phone("jyly-uy", "phone-3", RevocationReason::Left);
        }
    }

    fn leave_a_gift_idle(&mut self) {
        let donor = named("Steppe Relief Trust", DonorType::Organization);
        let limits = Limits { programme: Some(code("warm-winter")), district: Some(code("railway")), use_by: None };
        let reference = Some(self.hash());
        let body = gift(donor, code("KZT"), Quantity { minor: 2_500_000_000, decimals: 2 }, &limits, reference);
        self.receive_aside(self.desk("jyly-uy"), body, limits);
    }

    /// A gift without conditions that comes when the story needs it; the lot that it makes.
    pub(super) fn stock_up(&mut self, desk: usize, good: &str, minor: u64) -> Lot {
        let (place, donor) = (item(good), named("ЖШС «Дала құс»", DonorType::Organization));
        let body = gift(donor, code(good), GOODS[place].quantity(minor), &Limits::default(), None);
        let id = LotId { event: self.receive(desk, body), line: 0 };
        Lot { id, item: place, decimals: GOODS[place].decimals, quantity: minor, limits: Limits::default() }
    }

    pub(super) fn household(
        &mut self,
        desk: usize,
        by: crate::service::simulate::authors::Device,
        programme: &str,
        district: &str,
    ) -> Person {
        let size = self.random.between(2, 7);
        let (body, person) = self.enrolment(programme, district, RecipientType::Household, size);
        debug_assert!(self.desks[desk].plan.work.iter().any(|(of, _)| *of == programme));
        self.write(by, Body::RecipientEnrolled(body));
        person
    }

    // ---- only one visitor

    fn see_to_own(&mut self, today: Date, morning: bool) {
        let desk = self.desk("jas-qanat");
        let phone = self.desks[desk].field[1];
        if morning && (day("2025-12-02")..=day("2025-12-11")).contains(&today) {
            let district = self.random.pick(&DISTRICTS).0;
            let person = self.household(desk, phone, "food-parcels", district);
            self.plot.own.push(person);
        }
        if !(day("2025-12-12")..=day("2026-02-22")).contains(&today) || ![0, 2, 5].contains(&(today.0 % 7)) {
            return;
        }
        if morning {
            let person = self.plot.own[self.plot.visit % self.plot.own.len()];
            self.plot.visit += 1;
            let by = self.desks[desk].assign;
            let wish = Wish::usual(&["rice"]);
            let promise = self.promise(desk, &wish, &person, by).or_else(|| {
                self.stock_up(desk, "rice", 150_000);
                self.promise(desk, &wish, &person, by)
            });
            self.plot.visits.extend(promise);
        } else {
            for promise in std::mem::take(&mut self.plot.visits) {
                self.hand_over(desk, promise, phone, self.now, None, false);
            }
        }
    }

    // ---- needs that are not met

    fn need_in_vain(&mut self) {
        let desk = self.desk("besik");
        let by = self.desks[desk].intake;
        let person = self.household(desk, by, "food-parcels", "shanyraq");
        let due = Some(Date(self.now.date().0 + 21));
        self.write_need(by, &person, "baby-formula", person.size, due);
    }

    fn give_a_tenth(&mut self) {
        let desk = self.desk("korshi");
        let (intake, assign) = (self.desks[desk].intake, self.desks[desk].assign);
        let person = self.household(desk, intake, "warm-winter", "koktobe");
        let needed = GOODS[item("coal")].share * person.size;
        let need = self.write_need(intake, &person, "coal", needed, Some(Date(self.now.date().0 + 14)));
        let wish = Wish { goods: &["coal"], quantity: Some(needed / 10), need: Some(need) };
        let promise = self.promise(desk, &wish, &person, assign).or_else(|| {
            self.stock_up(desk, "coal", 2_000_000);
            self.promise(desk, &wish, &person, assign)
        });
        self.desks[desk].promises.extend(promise);
    }

    // ---- one key

    fn enrol_assign_and_deliver(&mut self) {
        let desk = self.desk("aq-bata");
        let tablet = self.tablet.expect("it was granted on the first of December");
        let district = self.random.pick(&DISTRICTS).0;
        let size = self.random.between(5, 8);
        let goods = ["food-parcel", "oil"];
        let (body, person) = self.enrolment("food-parcels", district, RecipientType::Household, size);
        let free = |good: &str| self.desks[desk].shelf.free(item(good), &person, self.now);
        if goods.iter().all(|good| free(good) < 40) {
            self.stock_up(desk, "food-parcel", 60);
        }
        // Nobody vouches for who it is, and nothing would show it enrolled twice.
        self.write(tablet, Body::RecipientEnrolled(RecipientEnrolled { commitment: None, uniqueness: None, ..body }));
        if let Some(promise) = self.promise(desk, &Wish::usual(&goods), &person, tablet) {
            self.hand_over(desk, promise, tablet, Time(self.now.0 + 30), None, false);
        }
    }

    fn take_one_back(&mut self) {
        let desk = self.desk("meyirim");
        let untouched = self.desks[desk].promises.iter().position(|promise| !promise.begun);
        if let Some(place) = untouched {
            let promise = self.desks[desk].promises.remove(place);
            self.take_back(desk, promise, ReversalReason::Other);
        }
    }

    /// What is entered when everybody else has gone home.
    pub(super) fn unusual_evening(&mut self, today: Date) {
        if today == day(SILENCE.1) {
            let desk = self.desk("sapar");
            self.now = moment("2026-01-19T16:20:00Z");
            for promise in std::mem::take(&mut self.desks[desk].promises) {
                // As if it had been brought the next working morning.
                let brought = Time(promise.time.date().start().0 + 86_400 + self.random.between(5, 12) as i64 * 3600);
                let time = brought.min(self.now);
                self.hand_over(desk, promise, self.desks[desk].field[0], time, None, false);
            }
            self.take_in(moment("2026-01-19T18:00:00Z"));
        }
        if today == day(BACKLOG.1) {
            let desk = self.desk("asar");
            // 20:40 UTC is 01:40 in Qarasu.
            self.now = moment("2026-01-27T20:40:00Z");
            let promises = std::mem::take(&mut self.desks[desk].promises);
            for (turn, promise) in promises.into_iter().enumerate() {
                let time = Time(moment("2026-01-27T20:40:00Z").0 + 29 * turn as i64);
                self.hand_over(desk, promise, self.desks[desk].field[1], time, None, false);
            }
            self.take_in(moment("2026-01-27T21:30:00Z"));
        }
    }
}
