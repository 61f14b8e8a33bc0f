//! People: who they are, what they lack, what is assigned to them and brought to them.

use crate::crypto::{Blake3Hash, SecretKey};
use crate::event::kinds::*;
use crate::event::{Body, Date, EventId, Time, Token};
use crate::service::campaign::qarasu::{DISTRICTS, FACILITIES};
use crate::service::campaign::story::{Story, Undo};
use crate::service::campaign::witnesses::Seen;
use crate::service::simulate::authors::Device;
use crate::service::simulate::goods::{GOODS, MONEY, code, item, names};
use crate::service::simulate::stock::{Person, Promise, draws};

/// A need that nothing was assigned for yet.
pub(super) struct Waiting {
    event: EventId,
    person: Person,
    good: &'static str,
    quantity: u64,
}

/// What is promised: as much as is usual, or what a need asks for.
pub(super) struct Wish<'g> {
    pub goods: &'g [&'g str],
    pub quantity: Option<u64>,
    pub need: Option<EventId>,
}

impl<'g> Wish<'g> {
    /// One of the goods, as much as is usual.
    pub fn usual(goods: &'g [&'g str]) -> Wish<'g> {
        Wish { goods, quantity: None, need: None }
    }
}

impl Story {
    pub(super) fn enrol(&mut self, desk: usize) {
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
                // The food bank's store is in one of the districts, and its neighbours come first.
                let near = self.desks[desk].plan.code == "nan-bank" && self.random.chance(400);
                let district = if near { "shanyraq" } else { self.random.pick(&DISTRICTS).0 };
                let r#type =
                    if programme != "warm-winter" && self.random.chance(200) { RecipientType::Person } else { RecipientType::Household };
                let size = if r#type == RecipientType::Person { 1 } else { 1 + self.random.below(4) + self.random.below(4) };
                self.enrolment(programme, district, r#type, size)
            }
        };
        let intake = self.desks[desk].intake;
        let twice = self.random.chance(20);
        let key = (body.name.is_none() && self.random.chance(300)).then(|| self.card(person.token));
        self.write(intake, Body::RecipientEnrolled(RecipientEnrolled { key, ..body.clone() }));
        self.desks[desk].people.entry(programme).or_default().push(person);
        if twice {
            // The same people under a second token, by a slip of the hand: without the tag, which would have been refused.
            let again = RecipientEnrolled { recipient: Token(self.random.bytes()), uniqueness: None, ..body };
            let event = self.write(intake, Body::RecipientEnrolled(again));
            self.undo.push(Undo::Enrolment { desk, event });
        } else if self.random.chance(450) {
            self.record_need_of(desk, person);
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

    /// Prints a card with a code for a recipient, and returns the key that follows from it.
    fn card(&mut self, token: Token) -> crate::crypto::PublicKey {
        let seed = blake3::derive_key("aidledger recipient card v1", self.random.slip_code().as_bytes());
        self.cards.insert(token, seed);
        SecretKey::from_seed(&seed).public()
    }

    // ---- needs

    pub(super) fn record_need(&mut self, desk: usize) {
        let (programme, _) = *self.random.pick(self.desks[desk].plan.work);
        let Some(people) = self.desks[desk].people.get(programme).filter(|people| !people.is_empty()) else { return };
        let person = *self.random.pick(people);
        self.record_need_of(desk, person);
    }

    fn record_need_of(&mut self, desk: usize, person: Person) {
        let work = self.desks[desk].plan.work;
        let (_, goods) = work.iter().find(|(programme, _)| *programme == person.programme.as_str()).expect("it enrols where it works");
        let good = *self.random.pick(goods);
        // Where everybody gets the same, nobody is asked how much; and nobody waits for two things at once.
        if self.desks[desk].plan.code == "bereke" || self.desks[desk].needs.iter().any(|waiting| waiting.person.token == person.token) {
            return;
        }
        let quantity = GOODS[item(good)].share * person.size;
        let due = self.random.chance(600).then(|| Date(self.now.date().0 + 21));
        let (by, twice) = (self.desks[desk].intake, self.random.chance(12));
        let event = self.write_need(by, &person, good, quantity, due);
        self.desks[desk].needs.push_back(Waiting { event, person, good, quantity });
        if twice {
            let event = self.write_need(by, &person, good, quantity, due);
            self.undo.push(Undo::Twice { device: by, event });
        }
    }

    pub(super) fn write_need(&mut self, by: Device, person: &Person, good: &str, minor: u64, due: Option<Date>) -> EventId {
        let lines = vec![LotLine { item: code(good), quantity: GOODS[item(good)].quantity(minor) }];
        self.write(by, Body::NeedRecorded(NeedRecorded { due, lines, recipient: person.token, reference: None }))
    }

    /// A recipient moves away or asks to be left out.
    pub(super) fn withdraw(&mut self, desk: usize) {
        let (programme, _) = *self.random.pick(self.desks[desk].plan.work);
        let count = self.desks[desk].people.get(programme).map_or(0, Vec::len);
        // The first are facilities and do not move.
        if count <= FACILITIES.len() {
            return;
        }
        let place = self.random.between(FACILITIES.len() as u64, count as u64 - 1) as usize;
        let person = self.desks[desk].people.get_mut(programme).expect("it was just counted").remove(place);
        self.desks[desk].needs.retain(|waiting| waiting.person.token != person.token);
        let reasons = [WithdrawalReason::Moved, WithdrawalReason::Requested, WithdrawalReason::NotEligible, WithdrawalReason::Deceased];
        let body = RecipientWithdrawn { reason: *self.random.pick(&reasons), recipient: person.token };
        self.write(self.desks[desk].intake, Body::RecipientWithdrawn(body));
    }

    // ---- help

    pub(super) fn assign(&mut self, desk: usize) {
        let by = self.desks[desk].assign;
        if let Some(waiting) = self.desks[desk].needs.pop_front() {
            let need = self.random.chance(700).then_some(waiting.event);
            let wish = Wish { goods: &[waiting.good], quantity: Some(waiting.quantity), need };
            match self.promise(desk, &wish, &waiting.person, by) {
                Some(promise) => self.desks[desk].promises.push(promise),
                None => {
                    self.get(desk, &[waiting.good]);
                    self.desks[desk].needs.push_front(waiting);
                }
            }
            return;
        }
        let (programme, goods) = *self.random.pick(self.desks[desk].plan.work);
        let Some(person) =
            self.desks[desk].people.get(programme).filter(|people| !people.is_empty()).map(|people| *self.random.pick(people))
        else {
            return self.enrol(desk);
        };
        let Some(promise) = self.promise(desk, &Wish::usual(goods), &person, by) else {
            return self.get(desk, goods);
        };
        let twice = self.random.chance(8);
        self.desks[desk].promises.push(promise);
        if twice && let Some(again) = self.promise(desk, &Wish::usual(goods), &person, by) {
            self.undo.push(Undo::Assignment { desk, promise: again });
        }
    }

    /// Fills the shelf: buys if there is money, waits for a gift if not.
    fn get(&mut self, desk: usize, goods: &[&str]) {
        if !(self.random.chance(700) && self.buy_some(desk, goods)) {
            self.donate(desk, goods);
        }
    }

    /// Assigns one good to a person by its size; nothing if the shelf has too little of all.
    pub(super) fn promise(&mut self, desk: usize, wish: &Wish<'_>, person: &Person, by: Device) -> Option<Promise> {
        let goods = wish.goods;
        let first = self.random.below(goods.len() as u64) as usize;
        let (place, quantity) = (0..goods.len()).find_map(|turn| {
            let place = item(goods[(first + turn) % goods.len()]);
            let quantity = wish.quantity.unwrap_or_else(|| self.usual_quantity(desk, place, person));
            (self.desks[desk].shelf.free(place, person, self.now) >= quantity).then_some((place, quantity))
        })?;
        let rest = self.desks[desk].shelf.take(place, quantity, person, self.now);
        let secret = (!self.claims_only(desk) && self.random.chance(300)).then(|| self.random.slip_code());
        let body = AssignmentMade {
            draws: draws(&rest),
            due: self.random.chance(400).then(|| Date(self.now.date().0 + 21)),
            lock: secret.as_ref().map(|code| Blake3Hash::of(code.as_bytes())),
            need: wish.need,
            programme: person.programme,
            recipient: person.token,
            reference: None,
        };
        let id = self.write(by, Body::AssignmentMade(body));
        let spent = if place == MONEY { quantity } else { 0 };
        self.desks[desk].spent += spent;
        Some(Promise { id, person: *person, rest, code: secret, begun: false, time: self.now })
    }

    pub(super) fn deliver(&mut self, desk: usize, opened: Time) {
        // What was promised in this half-day goes out in another.
        let waiting = self.desks[desk].promises.iter().take_while(|promise| promise.time < opened).count();
        if waiting == 0 || !self.random.chance(700) {
            return;
        }
        let place = self.random.below(waiting.min(5) as u64) as usize;
        let field = *self.random.pick(&self.desks[desk].field);
        if self.random.chance(40) {
            return self.find_nobody(desk, place, field);
        }
        let promise = self.desks[desk].promises.remove(place);
        let part = self.random.chance(110).then(|| self.random.between(300, 700));
        // Some phones are in a village without a net for a day.
        let late = if self.random.chance(60) { 24 * 3600 } else { 0 };
        let time = Time(self.now.0 - late).max(promise.time);
        let wrong = self.random.chance(12);
        let token = promise.person.token;
        let delivery = self.hand_over(desk, promise, field, time, part, wrong);
        if !wrong {
            self.seen.push(Seen { desk, delivery, token, field });
        }
    }

    /// Nobody opens, or nobody wants it.
    fn find_nobody(&mut self, desk: usize, place: usize, field: Device) {
        let assignment = self.desks[desk].promises[place].id;
        let reasons =
            [FailureReason::NotHome, FailureReason::NotHome, FailureReason::AddressUnknown, FailureReason::Refused, FailureReason::Moved];
        let reason = *self.random.pick(&reasons);
        self.write(field, Body::DeliveryFailed(DeliveryFailed { assignment, reason }));
        let reason = match reason {
            FailureReason::Refused => CancellationReason::NotNeeded,
            FailureReason::Moved => CancellationReason::NotFound,
            _ => return,
        };
        self.undo.push(Undo::Unwanted { desk, assignment, reason });
    }

    /// Delivers a promise, or a part of it; what is left waits on.
    pub(super) fn hand_over(
        &mut self,
        desk: usize,
        mut promise: Promise,
        field: Device,
        time: Time,
        part: Option<u64>,
        wrong: bool,
    ) -> EventId {
        let handed = promise.hand_over(part);
        let shown = if self.random.chance(900) { promise.code.take() } else { None };
        let evidence = self.evidence(desk);
        let body = DeliveryMade { assignment: promise.id, code: shown.map(SlipCode), draws: draws(&handed), evidence, reference: None };
        self.now.0 += self.random.between(15, 60) as i64;
        let event = self.write_at(field, time, Body::DeliveryMade(body));
        if wrong {
            self.undo.push(Undo::Delivery { desk, event, promise, handed });
        } else {
            self.count_delivery(desk, field);
            if !promise.rest.is_empty() {
                self.desks[desk].promises.push(promise);
            }
        }
        event
    }

    pub(super) fn cancel(&mut self, desk: usize) {
        let waiting = self.desks[desk].promises.len();
        if waiting == 0 {
            return;
        }
        let place = self.random.below(waiting as u64) as usize;
        let reason = *self.random.pick(&[CancellationReason::NotFound, CancellationReason::NotNeeded, CancellationReason::StockProblem]);
        self.call_off(desk, place, reason);
    }

    pub(super) fn call_off(&mut self, desk: usize, place: usize, reason: CancellationReason) {
        let promise = self.desks[desk].promises.remove(place);
        let body = AssignmentCancelled { assignment: promise.id, reason };
        self.write(self.desks[desk].assign, Body::AssignmentCancelled(body));
        promise.rest.into_iter().for_each(|part| self.desks[desk].shelf.put(part));
    }
}
