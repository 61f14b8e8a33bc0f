//! What is said in a simulated city: needs, withdrawals, confirmations, disputes and answers, approvals, policies, auditors' opinions, and the
//! service of volunteers.

use super::{APPROVED_FROM, Correction, NEEDS_MAX, Planner, SPOKEN_OF_MAX, Seen, VOLUNTEERS_MAX, Volunteer, Waiting};
use crate::canonical::Set;
use crate::crypto::{Blake3Hash, PublicKey, SecretKey};
use crate::event::kinds::*;
use crate::event::{Body, Date, EventId, Token};
use crate::service::simulate::goods::{GOODS, MONEY, code};
use crate::service::simulate::stock::Person;

impl Planner {
    // ---- people

    /// Prints a card with a code for a recipient, and returns the key that follows from it.
    pub(super) fn card(&mut self, token: Token) -> PublicKey {
        let seed = blake3::derive_key("aidledger recipient card v1", self.random.slip_code().as_bytes());
        self.cards.insert(token, seed);
        SecretKey::from_seed(&seed).public()
    }

    pub(super) fn need(&mut self, office: usize) {
        let open: Vec<usize> = (0..self.programmes.len())
            .filter(|place| self.programmes[*place].takes(office) && !self.programmes[*place].people.is_empty())
            .collect();
        if open.is_empty() {
            return self.assign(office);
        }
        let programme = *self.random.pick(&open);
        let person = *self.random.pick(&self.programmes[programme].people);
        let good = self.random.pick(&GOODS);
        let lines = vec![LotLine { item: code(good.code), quantity: good.quantity(good.share * person.size) }];
        let due = self.random.chance(600).then(|| Date(self.clock().date().0 + self.random.between(7, 45) as i32));
        let body = NeedRecorded { due, lines, recipient: person.token, reference: self.reference(100) };
        let by = self.offices[office].intake.unwrap_or(self.offices[office].assign);
        // Never an error here: a delivery may serve any need of its recipient, and what was served is not reversed.
        let event = self.write(by, Body::NeedRecorded(body));
        if self.offices[office].needs.len() < NEEDS_MAX {
            self.offices[office].needs.push_back(Waiting { event, person, programme });
        }
    }

    /// The oldest need that can still be answered.
    pub(super) fn waiting(&mut self, office: usize) -> Option<(EventId, Person)> {
        while let Some(Waiting { event, person, programme }) = self.offices[office].needs.pop_front() {
            if self.programmes[programme].takes(office) && !self.withdrawn.contains(&person.token) {
                return Some((event, person));
            }
        }
        None
    }

    /// Only who opened the programme withdraws somebody here: it may, whoever enrolled them.
    pub(super) fn withdraw(&mut self, office: usize) {
        let own = |place: &usize| self.programmes[*place].office == office && self.programmes[*place].people.len() > 20;
        let own: Vec<usize> = (0..self.programmes.len()).filter(own).collect();
        let (Some(intake), false) = (self.offices[office].intake, own.is_empty()) else { return self.deliver(office) };
        let people = &mut self.programmes[*self.random.pick(&own)].people;
        let person = people.swap_remove(self.random.below(people.len() as u64) as usize);
        self.withdrawn.insert(person.token);
        let reason = *self.random.pick(WithdrawalReason::ALL);
        self.write(intake, Body::RecipientWithdrawn(RecipientWithdrawn { reason, recipient: person.token }));
    }

    // ---- deliveries, as others saw them

    pub(super) fn find_nobody(&mut self, office: usize) {
        let waiting = self.offices[office].promises.len();
        if waiting == 0 {
            return self.assign(office);
        }
        let assignment = self.offices[office].promises[self.random.below(waiting as u64) as usize].id;
        let (field, reason) = (self.any_field(office), *self.random.pick(FailureReason::ALL));
        let wrong = self.mistake();
        let event = self.write(field, Body::DeliveryFailed(DeliveryFailed { assignment, reason }));
        if wrong {
            self.undone_later(office, event, Role::Field, Vec::new(), false);
        }
    }

    pub(super) fn saw(&mut self, office: usize, seen: Seen) {
        self.deliveries += 1;
        let spoken_of = &mut self.offices[office].spoken_of;
        spoken_of.push_back(seen);
        if spoken_of.len() > SPOKEN_OF_MAX {
            spoken_of.pop_front();
        }
    }

    fn one_seen(&mut self, office: usize) -> Option<Seen> {
        let count = self.offices[office].spoken_of.len();
        let place = (count > 0).then(|| self.random.below(count as u64) as usize)?;
        self.offices[office].spoken_of.remove(place)
    }

    pub(super) fn confirm(&mut self, office: usize) {
        let Some(Seen { delivery, field, .. }) = self.one_seen(office) else { return self.assign(office) };
        let row = &self.offices[office];
        let other = row.field.iter().copied().find(|device| *device != field).unwrap_or(row.assign);
        let by = *self.random.pick(&[row.assign, row.intake.unwrap_or(row.assign), other]);
        let evidence = self.reference(200);
        let wrong = self.mistake() && by == self.offices[office].assign;
        let event = self.write(by, Body::DeliveryConfirmed(DeliveryConfirmed { delivery, evidence }));
        if wrong {
            self.undone_later(office, event, Role::Assign, Vec::new(), false);
        }
    }

    pub(super) fn dispute(&mut self, office: usize) {
        let Some(Seen { delivery, token, .. }) = self.one_seen(office) else { return self.assign(office) };
        let signature = self.cards.get(&token).map(|seed| SecretKey::from_seed(seed).sign(&dispute_message(&delivery)));
        let reason = *self.random.pick(DisputeReason::ALL);
        let event = self.write(self.registrar, Body::DeliveryDisputed(DeliveryDisputed { delivery, reason, signature }));
        if self.random.chance(850) {
            self.later(office, Correction::Answer { event, flag: None }, 20, 200);
        } else if self.random.chance(300) {
            self.later(office, Correction::Answer { event: delivery, flag: Some("night-work") }, 20, 200);
        }
    }

    pub(super) fn answer(&mut self, office: usize, event: EventId, flag: Option<&'static str>) {
        let (answer, reason) = (*self.random.pick(DisputeAnswer::ALL), *self.random.pick(AnswerReason::ALL));
        let body = DisputeAnswered { answer, event, evidence: self.reference(300), flag: flag.map(code), reason };
        self.write(self.offices[office].assign, Body::DisputeAnswered(body));
    }

    // ---- control

    /// Another key agrees to a large assignment before anything of it is delivered; the next one, if the first was revoked since.
    pub(super) fn approve(&mut self, office: usize, assignment: EventId) {
        let by = self.offices[office].finance;
        let Some(agreed) = self.approved.get_mut(&assignment).filter(|agreed| **agreed != Some(by)) else { return };
        *agreed = Some(by);
        self.write(by, Body::ApprovalGiven(ApprovalGiven { assignment: Some(assignment), draft: None }));
    }

    pub(super) fn agree_on_policy(&mut self) {
        let band = Band { approvals: 1, from: GOODS[MONEY].quantity(APPROVED_FROM), item: code(GOODS[MONEY].code) };
        let body = PolicyChanged {
            approvals: Some(vec![band]),
            days_back: Some(90),
            idle_days: Some(60),
            overhead_permille: Some(150),
            small_cell: Some(5),
            ..no_policy()
        };
        self.write(self.registrar, Body::PolicyChanged(body));
    }

    /// An organization asks for what it does anyhow: different keys for different duties.
    pub(super) fn own_policy(&mut self) {
        let place = self.random.below(self.offices.len() as u64) as usize;
        let office = &self.offices[place];
        let (Some(admin), false) = (office.admin, office.suspended) else { return };
        let separate = Some(Set::new(vec![*self.random.pick(Separation::ALL)]));
        let body = PolicyChanged { organization: Some(office.code), separate, ..no_policy() };
        self.write(admin, Body::PolicyChanged(body));
    }

    /// What the tree was after a batch.
    pub(crate) fn hear(&mut self, head: (u64, Blake3Hash)) {
        self.head = Some(head);
    }

    pub(super) fn attest(&mut self) {
        let (Some((size, root)), Some(auditor)) = (self.head, self.auditor) else { return };
        let sample = (self.deliveries >= 59).then_some(Sample {
            confidence_permille: 950,
            drawn: 59,
            failed: 0,
            method: SampleMethod::Equal,
            population: self.deliveries,
            seed: root,
            tolerable_permille: 50,
        });
        let conclusion = *self.random.pick(&[Conclusion::Unqualified, Conclusion::Unqualified, Conclusion::Qualified]);
        let report = self.reference(500);
        self.write(auditor, Body::AuditAttested(AuditAttested { conclusion, programme: None, report, root, sample, size }));
    }

    // ---- volunteers

    pub(super) fn join(&mut self, office: usize) {
        let (Some(admin), true) = (self.offices[office].admin, self.offices[office].volunteers.len() < VOLUNTEERS_MAX) else {
            return self.serve(office);
        };
        let token = Token(self.random.bytes());
        let body = VolunteerJoined { commitment: self.reference(800), key: None, volunteer: token };
        self.write(admin, Body::VolunteerJoined(body));
        self.offices[office].volunteers.push(Volunteer { token, minutes: 0, awarded: 0 });
    }

    pub(super) fn serve(&mut self, office: usize) {
        let count = self.offices[office].volunteers.len();
        if count == 0 {
            let admin = self.offices[office].admin.is_some();
            return if admin { self.join(office) } else { self.assign(office) };
        }
        let place = self.random.below(count as u64) as usize;
        let volunteer = &self.offices[office].volunteers[place];
        let earned = volunteer.minutes >= AWARDS.get(volunteer.awarded).map_or(u64::MAX, |(minutes, _)| *minutes);
        if let (true, Some(admin)) = (earned, self.offices[office].admin) {
            let (award, volunteer) = (AWARDS[volunteer.awarded].1, volunteer.token);
            self.offices[office].volunteers[place].awarded += 1;
            self.write(admin, Body::RecognitionAwarded(RecognitionAwarded { award, volunteer }));
            return;
        }
        let token = volunteer.token;
        let minutes = self.random.between(4, 32) * 15;
        let body = ServiceRecorded {
            activity: *self.random.pick(Activity::ALL),
            day: self.clock().date(),
            minutes,
            programme: None,
            reference: self.reference(50),
            volunteer: token,
        };
        let wrong = self.mistake();
        let event = self.write(self.offices[office].assign, Body::ServiceRecorded(body));
        if wrong {
            self.undone_later(office, event, Role::Assign, Vec::new(), false);
        } else {
            self.offices[office].volunteers[place].minutes += minutes;
        }
    }
}

/// Minutes of service, and what they earn.
const AWARDS: [(u64, Award); 4] = [(600, Award::Hours10), (3_000, Award::Hours50), (6_000, Award::Hours100), (30_000, Award::Hours500)];

fn no_policy() -> PolicyChanged {
    PolicyChanged {
        approvals: None,
        days_back: None,
        idle_days: None,
        organization: None,
        overhead_permille: None,
        requires: None,
        reversal_approvals: None,
        rules: 1,
        separate: None,
        small_cell: None,
    }
}
