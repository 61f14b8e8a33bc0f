//! What an auditor should ask about: see the table in [`campaign`](super). Each obeys every rule.

use crate::canonical::Text;
use crate::event::kinds::*;
use crate::event::{Body, Date, Quantity, Time};
use crate::service::campaign::moment;
use crate::service::campaign::qarasu::DISTRICTS;
use crate::service::campaign::story::{Story, gift};
use crate::service::simulate::goods::{GOODS, code};
use crate::service::simulate::stock::{Limits, Person};

fn day(text: &str) -> Date {
    text.parse().expect("the story's days are written as days are")
}

/// When the drivers' phone enters nothing, to enter it all on the last evening.
const SILENCE: (&str, &str) = ("2025-12-15", "2026-01-19");
/// When the volunteers promise and do not deliver, until the last night.
const BACKLOG: (&str, &str) = ("2026-01-13", "2026-01-27");

impl Story {
    fn silent(&self, desk: usize, today: Date) -> bool {
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
        let donor = Donor { commitment: None, name: Some(Text("Steppe Relief Trust".to_owned())), r#type: DonorType::Organization };
        let limits = Limits { programme: Some(code("warm-winter")), district: Some(code("railway")), use_by: None };
        let reference = Some(self.hash());
        let body = gift(donor, code("KZT"), Quantity { minor: 2_500_000_000, decimals: 2 }, &limits, reference);
        self.receive_and_leave(self.desk("jyly-uy"), body);
    }

    fn enrol_assign_and_deliver(&mut self) {
        let desk = self.desk("aq-bata");
        let tablet = self.tablet.expect("it was granted on the first of December");
        let district = self.random.pick(&DISTRICTS).0;
        let size = self.random.between(5, 8);
        let goods = ["food-parcel", "oil"];
        let (body, person) = self.enrolment("food-parcels", district, RecipientType::Household, size);
        let free = |good: &str| self.desks[desk].shelf.free(crate::service::simulate::goods::item(good), &person, self.now);
        if goods.iter().all(|good| free(good) < 100) {
            self.donate(desk, &goods);
        }
        // Nobody vouches for who it is, and nothing would show it enrolled twice.
        self.write(tablet, Body::RecipientEnrolled(RecipientEnrolled { commitment: None, uniqueness: None, ..body }));
        if let Some(promise) = self.promise(desk, &goods, &person, tablet) {
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
