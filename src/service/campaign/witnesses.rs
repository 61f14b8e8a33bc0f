//! Who else speaks: second keys that confirm, recipients who dispute, organizations that answer, auditors who look, and the volunteers'
//! hours and honours.

use crate::canonical::Set;
use crate::crypto::SecretKey;
use crate::event::kinds::*;
use crate::event::{Body, Date, EventId, Token};
use crate::service::campaign::planted::day;
use crate::service::campaign::story::Story;
use crate::service::simulate::authors::Device;
use crate::service::simulate::goods::code;

/// When the auditors give an opinion on all entries so far, and how many of the deliveries in their sample were not as recorded.
const OPINIONS: [(&str, Conclusion, u64); 3] =
    [("2025-12-04", Conclusion::Unqualified, 0), ("2026-01-08", Conclusion::Unqualified, 1), ("2026-02-12", Conclusion::Qualified, 4)];

/// A delivery that somebody may speak of.
pub(super) struct Seen {
    pub desk: usize,
    pub delivery: EventId,
    pub token: Token,
    pub field: Device,
}

/// A dispute, or a flag on an own event, that waits for an answer.
pub(super) struct Open {
    pub desk: usize,
    pub event: EventId,
    pub flag: Option<&'static str>,
    pub reason: Option<AnswerReason>,
    pub day: Date,
}

/// Somebody who works without pay.
pub(super) struct Volunteer {
    token: Token,
    device: Option<Device>,
    minutes: u64,
    deliveries: u64,
    awarded: Vec<Award>,
}

impl Story {
    /// Second keys, recipients, offices and auditors have their say at the end of a half-day.
    pub(super) fn speak_up(&mut self, today: Date) {
        if (self.now.0 % 86_400) < 9 * 3600 {
            self.volunteers_join(today);
            self.audit(today);
        } else {
            self.count_stock(today);
        }
        self.confirm();
        if self.random.chance(150) {
            self.dispute(today);
        }
        let (due, open): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open).into_iter().partition(|open| open.day <= today);
        self.open = open;
        due.into_iter().for_each(|open| self.answer(open));
        if self.random.chance(90) {
            self.honour();
        }
    }

    /// A coordinator who calls, a second phone at the door, or the auditor says that it took place.
    fn confirm(&mut self) {
        for place in self.seen.len().saturating_sub(14)..self.seen.len() {
            let Seen { desk, delivery, field, .. } = self.seen[place];
            if self.claims_only(desk) || !self.random.chance(110) {
                continue;
            }
            let row = &self.desks[desk];
            let others = [row.assign, row.intake, row.assign, row.field[0], self.auditor.expect("the auditor's key was granted")];
            let by = *self.random.pick(&others);
            // Once is enough, and never by the key that delivered.
            if by != field && self.plot.confirmed.insert(delivery) {
                let evidence = self.random.chance(250).then(|| self.hash());
                self.write(by, Body::DeliveryConfirmed(DeliveryConfirmed { delivery, evidence }));
            }
        }
    }

    /// A recipient says that it was not so: by the key on their card, or through somebody who writes it down.
    fn dispute(&mut self, today: Date) {
        if self.seen.is_empty() {
            return;
        }
        let recent = self.seen.len().saturating_sub(90);
        let with_card = |seen: &&Seen| self.cards.contains_key(&seen.token);
        let own = self.random.chance(650);
        let candidates: Vec<_> = self.seen[recent..].iter().filter(|seen| !own || with_card(seen)).collect();
        if candidates.is_empty() {
            return;
        }
        let Seen { desk, delivery, token, .. } = *candidates[self.random.below(candidates.len() as u64) as usize];
        let signature = self.cards.get(&token).filter(|_| own).map(|seed| SecretKey::from_seed(seed).sign(&dispute_message(&delivery)));
        let reason = *self.random.pick(&[
            DisputeReason::LessReceived,
            DisputeReason::BadQuality,
            DisputeReason::NotReceived,
            DisputeReason::WrongGoods,
        ]);
        let by = if own || self.random.chance(500) { self.registrar } else { self.desks[desk].intake };
        let event = self.write(by, Body::DeliveryDisputed(DeliveryDisputed { delivery, reason, signature }));
        // One in eight never gets an answer.
        if self.random.chance(875) {
            let day = Date(today.0 + self.random.between(1, 8) as i32);
            self.open.push(Open { desk, event, flag: None, reason: None, day });
        }
    }

    fn answer(&mut self, open: Open) {
        let Open { desk, event, flag, reason, .. } = open;
        let (answer, reason) = match reason {
            Some(reason) => (DisputeAnswer::Explained, reason),
            None => *self.random.pick(&[
                (DisputeAnswer::Accepted, AnswerReason::Other),
                (DisputeAnswer::Explained, AnswerReason::LateEntry),
                (DisputeAnswer::Rejected, AnswerReason::Other),
                (DisputeAnswer::UnderReview, AnswerReason::Other),
            ]),
        };
        let by = if self.random.chance(500) { self.desks[desk].admin } else { self.desks[desk].assign };
        let evidence = Some(self.hash());
        self.write(by, Body::DisputeAnswered(DisputeAnswered { answer, event, evidence, flag: flag.map(code), reason }));
    }

    // ---- auditors

    /// The auditors name the root of the tree so far: whoever holds another tree of that size holds another ledger.
    fn audit(&mut self, today: Date) {
        let Some((_, conclusion, failed)) = OPINIONS.into_iter().find(|(text, ..)| day(text) == today) else { return };
        let (size, root) = self.book.head();
        let sample = Sample {
            confidence_permille: 950,
            drawn: 59,
            failed,
            method: SampleMethod::Equal,
            population: self.plot.deliveries,
            seed: self.hash(),
            tolerable_permille: 50,
        };
        let report = Some(self.hash());
        let auditor = self.auditor.expect("the auditor's key was granted");
        let body = AuditAttested { conclusion, programme: None, report, root, sample: Some(sample), size };
        self.write(auditor, Body::AuditAttested(body));
    }

    // ---- volunteers

    /// In the first days the volunteers join: those who carry a phone, and those who pack.
    fn volunteers_join(&mut self, today: Date) {
        let Some(turn) = (today.0 - day("2025-11-03").0).try_into().ok().filter(|turn| *turn < self.desks.len()) else { return };
        let desk: usize = turn;
        let phones: Vec<_> = self.desks[desk].field.iter().copied().map(Some).collect();
        for device in phones.into_iter().chain([None]) {
            let token = Token(self.random.bytes());
            let key = device.map(|device| self.authors.public(device));
            let commitment = Some(self.hash());
            let body = VolunteerJoined { commitment, key, volunteer: token };
            self.write(self.desks[desk].admin, Body::VolunteerJoined(body));
            self.desks[desk].volunteers.push(Volunteer { token, device, minutes: 0, deliveries: 0, awarded: Vec::new() });
        }
    }

    pub(super) fn count_delivery(&mut self, desk: usize, field: Device) {
        self.plot.deliveries += 1;
        if let Some(volunteer) = self.desks[desk].volunteers.iter_mut().find(|volunteer| volunteer.device == Some(field)) {
            volunteer.deliveries += 1;
        }
    }

    /// Somebody worked, yesterday or today.
    pub(super) fn serve(&mut self, desk: usize, today: Date) {
        let count = self.desks[desk].volunteers.len();
        if count == 0 {
            return;
        }
        let place = self.random.below(count as u64) as usize;
        let volunteer = &self.desks[desk].volunteers[place];
        let (token, driver) = (volunteer.token, volunteer.device.is_some());
        let minutes = self.random.between(4, 30) * 15;
        let activities: &[Activity] = if driver {
            &[Activity::Delivery, Activity::Driving]
        } else {
            &[Activity::Packing, Activity::Packing, Activity::Calls, Activity::Intake]
        };
        let body = ServiceRecorded {
            activity: *self.random.pick(activities),
            day: Date(today.0 - i32::from(self.random.chance(300))),
            minutes,
            programme: Some(code(self.random.pick(self.desks[desk].plan.work).0)),
            reference: None,
            volunteer: token,
        };
        self.write(self.desks[desk].assign, Body::ServiceRecorded(body));
        self.desks[desk].volunteers[place].minutes += minutes;
    }

    /// Whoever reached ten hours, fifty, or a hundred deliveries is named in the open.
    fn honour(&mut self) {
        for desk in 0..self.desks.len() {
            let earned = |volunteer: &Volunteer, award: Award| {
                let reached = match award {
                    Award::Hours10 => volunteer.minutes >= 600,
                    Award::Hours50 => volunteer.minutes >= 3000,
                    // A few of them may be taken back yet.
                    Award::Deliveries100 => volunteer.deliveries >= 105,
                    _ => false,
                };
                reached && !volunteer.awarded.contains(&award)
            };
            let all = self.desks[desk].volunteers.iter().enumerate();
            let due: Vec<_> = all
                .flat_map(|(place, volunteer)| {
                    Award::ALL.iter().filter(move |award| earned(volunteer, **award)).map(move |award| (place, *award))
                })
                .collect();
            for (place, award) in due {
                let volunteer = self.desks[desk].volunteers[place].token;
                self.write(self.desks[desk].admin, Body::RecognitionAwarded(RecognitionAwarded { award, volunteer }));
                self.desks[desk].volunteers[place].awarded.push(award);
            }
        }
    }

    // ---- the people around

    /// Gives a key other roles than it had.
    pub(super) fn widen(&mut self, desk: usize, device: Device, label: &str, roles: &[Role]) {
        let (key, organization) = (self.authors.public(device), code(self.desks[desk].plan.code));
        let roles = Set::new(roles.to_vec());
        self.write(self.desks[desk].admin, Body::KeyGranted(KeyGranted { key, label: Some(code(label)), organization, roles }));
    }
}
