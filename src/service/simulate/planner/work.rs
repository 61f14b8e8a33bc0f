//! A simulated organization's daily work: gifts in, people enrolled, help promised and delivered, mistakes undone.

use super::{APPROVED_FROM, Correction, Due, GIFTS_MAX, MISTAKES_PER_MILLE, PEOPLE_MAX, Planner, Seen};
use crate::canonical::{Set, Text};
use crate::crypto::Blake3Hash;
use crate::event::kinds::*;
use crate::event::{Body, Date, EventId, LotId, Quantity, Time, Token};
use crate::service::simulate::city::{DISTRICTS, DONORS, PLACES, PROGRAMMES, numbered};
use crate::service::simulate::goods::{GOODS, MONEY, code};
use crate::service::simulate::stock::{Limits, Lot, Person, Promise, draws};

impl Planner {
    pub(super) fn hash(&mut self) -> Blake3Hash {
        Blake3Hash(self.random.bytes())
    }

    pub(super) fn mistake(&mut self) -> bool {
        self.random.chance(MISTAKES_PER_MILLE)
    }

    // ---- gifts

    pub(super) fn donate(&mut self, office: usize) {
        let today = self.clock().date();
        if let Some(expired) = self.offices[office].shelf.expired(today) {
            return self.write_off(office, expired, expired.quantity, LossReason::Expired);
        }
        let limits = Limits {
            programme: self.random.chance(150).then(|| self.programmes[self.random.below(3) as usize].code),
            district: self.random.chance(100).then(|| code(self.random.pick(&DISTRICTS).0)),
            use_by: self.random.chance(60).then(|| Date(today.0 + self.random.between(60, 240) as i32)),
        };
        let lots = (0..self.random.between(1, 3)).map(|_| self.lot_line()).collect();
        let (reference, restrictions) = (self.reference(300), self.restrictions(&limits));
        let donor = self.donor();
        let receipt = (donor.r#type == DonorType::Individual).then(|| self.hash());
        let body = DonationReceived { donor, lots, pledge: None, receipt, reference, restrictions };
        let finance = self.offices[office].finance;
        if self.mistake() {
            let mut wrong = body.clone();
            let quantity = &mut wrong.lots[0].quantity;
            quantity.minor = quantity.minor * 10 % crate::event::values::MINOR_END;
            let event = self.write(finance, Body::DonationReceived(wrong));
            self.offices[office].wrong_lots += 1;
            // A receipt is used once: the right entry gets another.
            let again = Box::new(DonationReceived { receipt: receipt.map(|_| self.hash()), ..body });
            self.later(office, Correction::Donation { event, again, limits }, 5, 60);
        } else {
            let event = self.write(finance, Body::DonationReceived(body.clone()));
            self.shelve(office, event, &body, limits);
        }
    }

    pub(super) fn lot_line(&mut self) -> LotLine {
        // More money than any one good: much of what is given is bought.
        let good = if self.random.chance(140) { &GOODS[MONEY] } else { self.random.pick(&GOODS) };
        let unit = good.unit_minor();
        // Most gifts are small: two or three assignments use one up, so that donations are an eighth of all events.
        let minor = (self.random.between(good.gift.0, good.gift.1) / 16).max(unit) / unit * unit;
        LotLine { item: code(good.code), quantity: good.quantity(minor) }
    }

    pub(super) fn donor(&mut self) -> Donor {
        match self.random.below(10) {
            0..5 => Donor { commitment: Some(self.hash()), name: None, r#type: DonorType::Individual },
            5..8 => {
                let name = Some(Text((*self.random.pick(&DONORS)).to_owned()));
                Donor { commitment: None, name, r#type: DonorType::Organization }
            }
            8 => Donor { commitment: None, name: Some(Text("Қала әкімдігі".to_owned())), r#type: DonorType::Government },
            _ => Donor { commitment: None, name: None, r#type: DonorType::Anonymous },
        }
    }

    pub(super) fn reference(&mut self, per_mille: u64) -> Option<Blake3Hash> {
        self.random.chance(per_mille).then(|| self.hash())
    }

    fn restrictions(&mut self, limits: &Limits) -> Option<Restrictions> {
        let programmes = limits.programme.map(|programme| Set::new(vec![programme]));
        let regions = limits.district.map(|district| Set::new(vec![district]));
        let restrictions = Restrictions { categories: None, items: None, programmes, regions, use_by: limits.use_by };
        (*limits != Limits::default()).then_some(restrictions)
    }

    pub(super) fn shelve(&mut self, office: usize, event: EventId, body: &DonationReceived, limits: Limits) {
        let gifts = &mut self.offices[office].gifts;
        gifts.push_back(event);
        if gifts.len() > GIFTS_MAX {
            gifts.pop_front();
        }
        for (line, lot) in body.lots.iter().enumerate() {
            let item = crate::service::simulate::goods::item(lot.item.as_str());
            let id = LotId { event, line: line as u16 };
            let Quantity { minor: quantity, decimals } = lot.quantity;
            self.offices[office].shelf.put(Lot { id, item, decimals, quantity, limits });
        }
    }

    // ---- people

    pub(super) fn enrol(&mut self, office: usize) {
        let open: Vec<usize> = (0..self.programmes.len()).filter(|place| self.programmes[*place].takes(office)).collect();
        let place = *self.random.pick(&open);
        let intake = self.offices[office].intake.expect("only an office with a reception enrols");
        let (body, person) = self.recipient(place);
        let wrong = self.mistake();
        let private = matches!(body.r#type, RecipientType::Household | RecipientType::Person);
        let key = (private && !wrong && self.random.chance(60)).then(|| self.card(person.token));
        let event = self.write(intake, Body::RecipientEnrolled(RecipientEnrolled { key, ..body.clone() }));
        if wrong {
            let correction = Correction::Enrolment { event, programme: place, again: Box::new(body), person };
            self.later(office, correction, 5, 60);
        } else {
            self.remember(place, person);
        }
    }

    fn recipient(&mut self, programme: usize) -> (RecipientEnrolled, Person) {
        let districts = self.programmes[programme].districts.clone();
        let district = match districts {
            Some(places) => *self.random.pick(&places),
            None => self.random.below(DISTRICTS.len() as u64) as usize,
        };
        let (district, _, quarters) = &DISTRICTS[district];
        let region = *self.random.pick(&[district, quarters[0].0, quarters[1].0]);
        let types = PROGRAMMES[self.programmes[programme].sort].2;
        // Households are most of them, whatever else a programme admits.
        let r#type = if self.random.chance(850) { types[0] } else { *self.random.pick(types) };
        let in_private = matches!(r#type, RecipientType::Household | RecipientType::Person);
        let size = match r#type {
            RecipientType::Person => 1,
            RecipientType::Household => 1 + self.random.below(4) + self.random.below(4),
            RecipientType::Facility | RecipientType::Community => self.random.between(20, 180),
        };
        let name = (!in_private).then(|| {
            let fitting: Vec<_> = PLACES.iter().filter(|(of, _)| *of == r#type).collect();
            numbered(self.random.pick(&fitting).1, self.random.between(1, 99))
        });
        let token = Token(self.random.bytes());
        let body = RecipientEnrolled {
            commitment: in_private.then(|| self.hash()),
            key: None,
            name,
            programme: self.programmes[programme].code,
            recipient: token,
            reference: None,
            region: code(region),
            size: Some(size),
            r#type,
            uniqueness: in_private.then(|| self.hash()),
        };
        let person = Person { token, programme: self.programmes[programme].code, district: code(district), size };
        (body, person)
    }

    /// Keeps a person in mind for help; in a long campaign a new one takes the place of an old one.
    fn remember(&mut self, programme: usize, person: Person) {
        let place = self.random.below(PEOPLE_MAX as u64) as usize;
        let people = &mut self.programmes[programme].people;
        if people.len() < PEOPLE_MAX { people.push(person) } else { people[place] = person }
    }

    // ---- help

    pub(super) fn assign(&mut self, office: usize) {
        let open: Vec<usize> = (0..self.programmes.len())
            .filter(|place| self.programmes[*place].takes(office) && !self.programmes[*place].people.is_empty())
            .collect();
        if open.is_empty() {
            return if self.offices[office].intake.is_some() { self.enrol(office) } else { self.donate(office) };
        }
        let waiting = if self.random.chance(220) { self.waiting(office) } else { None };
        let (need, person) = match waiting {
            Some((need, person)) => (Some(need), person),
            None => {
                let place = *self.random.pick(&open);
                (None, *self.random.pick(&self.programmes[place].people))
            }
        };
        let now = self.clock();
        let items = self.offices[office].shelf.items_for(&person, now);
        if items.is_empty() {
            return self.donate(office);
        }
        let first = self.random.below(items.len() as u64) as usize;
        let count = self.random.between(1, 3).min(items.len() as u64) as usize;
        let mut rest = Vec::new();
        for item in items.iter().cycle().skip(first).take(count) {
            rest.extend(self.offices[office].shelf.take(*item, GOODS[*item].share * person.size, &person, now));
        }
        let secret = self.random.chance(250).then(|| self.random.slip_code());
        let body = AssignmentMade {
            draws: draws(&rest),
            due: self.random.chance(500).then(|| Date(now.date().0 + 14)),
            lock: secret.as_ref().map(|code| Blake3Hash::of(code.as_bytes())),
            need,
            programme: person.programme,
            recipient: person.token,
            reference: self.reference(100),
        };
        let wrong = self.mistake();
        let id = self.write(self.offices[office].assign, Body::AssignmentMade(body));
        if rest.iter().filter(|lot| lot.item == MONEY).map(|lot| lot.quantity).sum::<u64>() >= APPROVED_FROM {
            self.approved.insert(id, None);
        }
        let promise = Promise { id, person, rest, code: secret, begun: false, time: now };
        if wrong {
            self.later(office, Correction::Assignment { promise }, 3, 40);
        } else {
            self.offices[office].promises.push_back(promise);
        }
    }

    pub(super) fn deliver(&mut self, office: usize) {
        let waiting = self.offices[office].promises.len();
        if waiting == 0 {
            return self.assign(office);
        }
        // The oldest first, about: routes have their own order.
        let place = self.random.below(waiting.min(8) as u64) as usize;
        let mut promise = self.offices[office].promises.remove(place).expect("the place is among those that wait");
        self.approve(office, promise.id);
        let part = self.random.chance(180).then(|| self.random.between(250, 750));
        let handed = promise.hand_over(part);
        let shown = if self.random.chance(850) { promise.code.take() } else { None };
        let body = DeliveryMade {
            assignment: promise.id,
            code: shown.map(SlipCode),
            draws: draws(&handed),
            evidence: self.reference(150),
            reference: self.reference(50),
        };
        // A phone without a net brings its deliveries hours later; never from before the promise.
        let late = if self.random.chance(120) { self.random.below(6 * 3600) } else { self.random.below(120) };
        let time = Time(self.clock().0 - late as i64).max(promise.time);
        let field = self.any_field(office);
        let wrong = self.mistake();
        let event = self.write_at(field, time, Body::DeliveryMade(body));
        if wrong {
            return self.later(office, Correction::Delivery { event, promise, handed }, 3, 60);
        }
        self.saw(office, Seen { delivery: event, token: promise.person.token, field });
        if !promise.rest.is_empty() {
            self.offices[office].promises.push_back(promise);
        }
    }

    pub(super) fn any_field(&mut self, office: usize) -> crate::service::simulate::authors::Device {
        *self.random.pick(&self.offices[office].field)
    }

    pub(super) fn cancel(&mut self, office: usize) {
        let waiting = self.offices[office].promises.len();
        if waiting == 0 {
            return self.assign(office);
        }
        let place = self.random.below(waiting as u64) as usize;
        let promise = self.offices[office].promises.remove(place).expect("the place is among those that wait");
        let reason = *self.random.pick(CancellationReason::ALL);
        let body = AssignmentCancelled { assignment: promise.id, reason };
        let event = self.write(self.offices[office].assign, Body::AssignmentCancelled(body));
        if self.random.chance(120) {
            self.later(office, Correction::Cancellation { event, promise }, 3, 40);
        } else {
            promise.rest.into_iter().for_each(|part| self.offices[office].shelf.put(part));
        }
    }

    // ---- corrections

    pub(super) fn correct(&mut self, due: Due) {
        let Due { office, correction, .. } = due;
        if matches!(correction, Correction::Suspension) {
            self.offices[office].suspended = false;
            let body = OrganizationReinstated { organization: self.offices[office].code };
            self.write(self.registrar, Body::OrganizationReinstated(body));
            return;
        }
        if self.offices[office].suspended {
            // It may not append; later, then.
            return self.later(office, correction, 20, 80);
        }
        let desk = &self.offices[office];
        let (finance, assign, intake) = (desk.finance, desk.assign, desk.intake);
        match correction {
            Correction::Suspension => unreachable!("it was handled above"),
            Correction::Enrolment { event, programme, mut again, mut person } => {
                let intake = intake.expect("an office that enrolled has a reception");
                self.write(intake, reversal(event, ReversalReason::WrongRecipient));
                if self.programmes[programme].takes(office) {
                    // The same people once more, so the same uniqueness tag: it is free again.
                    person.token = Token(self.random.bytes());
                    again.recipient = person.token;
                    self.write(intake, Body::RecipientEnrolled(*again));
                    self.remember(programme, person);
                }
            }
            Correction::Donation { event, again, limits } => {
                self.write(finance, reversal(event, ReversalReason::WrongQuantity));
                self.offices[office].wrong_lots -= 1;
                let event = self.write(finance, Body::DonationReceived((*again).clone()));
                self.shelve(office, event, &again, limits);
            }
            Correction::Assignment { promise } => {
                let reason = *self.random.pick(&[ReversalReason::EnteredTwice, ReversalReason::WrongItem]);
                self.write(assign, reversal(promise.id, reason));
                promise.rest.into_iter().for_each(|part| self.offices[office].shelf.put(part));
            }
            Correction::Cancellation { event, promise } => {
                self.write(assign, reversal(event, ReversalReason::Other));
                self.offices[office].promises.push_back(promise);
            }
            Correction::Delivery { event, mut promise, handed } => {
                let field = self.any_field(office);
                let reason = *self.random.pick(&[ReversalReason::DidNotHappen, ReversalReason::WrongQuantity]);
                self.write(field, reversal(event, reason));
                promise.take_back(handed);
                self.offices[office].promises.push_front(promise);
            }
            Correction::Plain { event, role, back, made_lots } => self.undo(office, event, role, back, made_lots),
            Correction::Pledge { event, donor, lots } => self.keep(office, event, donor, lots),
            Correction::Arrival { event, part } => self.accept(office, event, part),
            Correction::Answer { event, flag } => self.answer(office, event, flag),
        }
    }
}

pub(super) fn reversal(event: EventId, reason: ReversalReason) -> Body {
    Body::EventReversed(EventReversed { event, reason })
}
