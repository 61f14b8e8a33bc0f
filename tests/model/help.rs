//! Assignments and deliveries, and what others say of them.

use super::*;

impl Book {
    pub(super) fn assignment_made(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let body = &event.json["body"];
        let (code, token) = (event.body("programme"), event.body("recipient"));
        let open = self.programme(code, organization)?;
        let enrolment = self.recipient(token)?;
        refuse(text(&enrolment.body, "programme") != code, "recipient-other-programme")?;
        refuse(self.is_withdrawn(token), "recipient-withdrawn")?;
        let (from, until) = (open.body["from"].as_str(), open.body["until"].as_str());
        let outside = from.is_some_and(|from| event.day() < from) || until.is_some_and(|until| event.day() > until);
        refuse(outside, "programme-period")?;
        if let Some(need) = body["need"].as_str() {
            let need = self.standing(need, "need.recorded").ok_or("need-unknown")?;
            refuse(need.body["recipient"] != token, "need-other-recipient")?;
        }
        refuse(self.lock_seen(&body["lock"]), "lock-used")?;
        let region = enrolment.body["region"].as_str();
        let found = self.draws(event, organization, Place::Assigned, |book, lot, _| {
            book.unbound(lot, &lot.item, event.day(), Some((Some(code), region)))
        })?;
        self.separate(event, organization, "enrol-assign", enrolment)?;
        Ok(found)
    }

    /// Where the policy keeps two duties apart, the signer did not do the other one.
    fn separate(&self, event: &Event, organization: &str, duties: &str, other: &Made) -> Verdict<()> {
        refuse(self.asks(organization, "separate", duties) && other.signer == event.text("signer"), "duties-not-separate")
    }

    pub fn is_cancelled(&self, assignment: &str) -> bool {
        self.standing_naming(assignment, "assignment.cancelled").next().is_some()
    }

    /// What of an assignment was not delivered, by lot; whether it is cancelled does not matter.
    pub fn rest(&self, assignment: &str) -> BTreeMap<String, i128> {
        let mut rest: BTreeMap<String, i128> = self.drawn(&self.events[assignment].body).into_iter().collect();
        for delivery in self.standing_naming(assignment, "delivery.made") {
            for (lot, minor) in self.drawn(&delivery.body) {
                *rest.get_mut(&lot).expect("a lot of the assignment") -= minor;
            }
        }
        rest
    }

    fn open_assignment(&self, id: &str, organization: &str) -> Verdict<&Made> {
        let assignment = self.standing(id, "assignment.made").ok_or("assignment-unknown")?;
        refuse(assignment.organization != organization, "assignment-foreign")?;
        refuse(self.is_cancelled(id), "assignment-cancelled")?;
        Ok(assignment)
    }

    pub(super) fn assignment_cancelled(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let id = event.body("assignment");
        self.open_assignment(id, organization)?;
        let rest = self.rest(id).into_iter().filter(|(_, minor)| *minor > 0);
        let moves: Vec<_> = rest.map(|(lot, minor)| Move { lot, from: Place::Assigned, to: Place::OnHand, minor }).collect();
        refuse(moves.is_empty(), "assignment-settled")?;
        Ok(Found { moves, ..Found::default() })
    }

    pub(super) fn delivery_made(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let body = &event.json["body"];
        let id = event.body("assignment");
        let assignment = self.open_assignment(id, organization)?;
        let rest = self.rest(id);
        let mut moves = Vec::new();
        for draw in list(body, "draws") {
            let lot = text(draw, "lot").to_owned();
            let left = *rest.get(&lot).ok_or("draw-not-assigned")?;
            let minor = self.minor(&self.lots[&lot].item, text(draw, "quantity"))?;
            refuse(minor > left, "delivery-exceeds-assigned")?;
            moves.push(Move { lot, from: Place::Assigned, to: Place::Delivered, minor });
        }
        if let Some(code) = body["code"].as_str() {
            let lock = assignment.body["lock"].as_str().ok_or("code-without-lock")?;
            refuse(blake3::hash(code.as_bytes()).to_hex().as_str() != lock, "code-mismatch")?;
            // A reversal takes goods back, not what people have seen.
            let shown = self.all_naming(id, "delivery.made").any(|made| made.body["code"].is_string());
            refuse(shown, "code-used")?;
        }
        let enrolment = &self.events[&self.recipients[text(&assignment.body, "recipient")]];
        self.separate(event, organization, "enrol-deliver", enrolment)?;
        self.separate(event, organization, "assign-deliver", assignment)?;
        let served = self.serving(assignment, &moves);
        Ok(Found { moves, served, ..Found::default() })
    }

    /// Unit after unit goes to the first line that still lacks it: of the need that is named, else of the recipient's needs as they came.
    fn serving(&self, assignment: &Made, moves: &[Move]) -> Vec<(String, usize, i128)> {
        let needs: Vec<&Made> = match assignment.body["need"].as_str() {
            Some(need) => vec![&self.events[need]],
            None => self.standing_naming(text(&assignment.body, "recipient"), "need.recorded").collect(),
        };
        let mut lacking = Vec::new();
        for need in needs {
            let served = self.served(&need.id);
            for (line, row) in list(&need.body, "lines").enumerate() {
                let item = text(row, "item");
                let needed = self.minor(item, text(row, "quantity")).expect("it was accepted");
                lacking.push((need.id.clone(), line, item, needed - served[line]));
            }
        }
        let mut found: BTreeMap<usize, i128> = BTreeMap::new();
        for moved in moves {
            let mut rest = moved.minor;
            for (place, (_, _, item, lacks)) in lacking.iter_mut().enumerate() {
                let taken = rest.min(*lacks);
                if *item == self.lots[&moved.lot].item && taken > 0 {
                    *lacks -= taken;
                    rest -= taken;
                    *found.entry(place).or_default() += taken;
                }
            }
        }
        found.into_iter().map(|(place, minor)| (lacking[place].0.clone(), lacking[place].1, minor)).collect()
    }

    pub(super) fn delivery_failed(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let id = event.body("assignment");
        self.open_assignment(id, organization)?;
        refuse(self.rest(id).values().all(|minor| *minor == 0), "assignment-settled")?;
        Ok(Found::default())
    }

    pub(super) fn delivery_confirmed(&self, event: &Event) -> Verdict<Found> {
        let delivery = self.standing(event.body("delivery"), "delivery.made").ok_or("delivery-unknown")?;
        let signer = event.text("signer");
        refuse(delivery.signer == signer, "confirmer-is-maker")?;
        let before = self.standing_naming(&delivery.id, "delivery.confirmed").any(|made| made.signer == signer);
        refuse(before, "confirmed-already")?;
        Ok(Found::default())
    }

    /// The enrolment behind a delivery.
    fn enrolment_of(&self, delivery: &Made) -> &Made {
        let assignment = &self.events[text(&delivery.body, "assignment")];
        &self.events[&self.recipients[text(&assignment.body, "recipient")]]
    }

    pub(super) fn delivery_disputed(&self, event: &Event) -> Verdict<Found> {
        let delivery = self.standing(event.body("delivery"), "delivery.made").ok_or("delivery-unknown")?;
        if let Some(signature) = event.json["body"]["signature"].as_str() {
            let key = self.enrolment_of(delivery).body["key"].as_str().ok_or("dispute-key-missing")?;
            let bytes = |hex: &str| data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex");
            let key = ed25519_dalek::VerifyingKey::try_from(bytes(key).as_slice()).expect("a key");
            let signature = ed25519_dalek::Signature::from_slice(&bytes(signature)).expect("a signature");
            let message = format!("aidledger/dispute/v1\n{}", delivery.id);
            refuse(key.verify_strict(message.as_bytes(), &signature).is_err(), "dispute-signature")?;
        }
        Ok(Found::default())
    }

    pub(super) fn dispute_answered(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let subject = self.events.get(event.body("event")).ok_or("dispute-unknown")?;
        let flag = event.json["body"]["flag"].is_string();
        refuse(!flag && subject.kind != "delivery.disputed", "dispute-unknown")?;
        let about = if flag { subject } else { &self.events[text(&subject.body, "delivery")] };
        refuse(about.organization != organization, "dispute-foreign")?;
        Ok(Found::default())
    }
}
