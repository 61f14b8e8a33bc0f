//! People, what they get, and what is said of it.

use super::*;

type Next = (String, &'static str, Value);

impl Story {
    pub(super) fn enrolment(&mut self, book: &Book, organization: &str) -> Next {
        let programme = *self.dice.pick(&["winter", "winter", "winter", "everyone", "everyone", "over", "missing"]);
        let token = if self.dice.chance(4) { "ann".to_owned() } else { format!("token {}", self.step) };
        let region = *self.dice.pick(&["north", "north", "south", "village"]);
        let kind = *self.dice.pick(&["household", "household", "household", "facility", "person"]);
        let mut body = json!({"programme": programme, "recipient": format!("$token:{token}"), "region": region, "type": kind});
        if self.dice.chance(50) {
            body["uniqueness"] = json!(format!("$hash:tag {}", self.dice.below(4_000)));
        }
        if self.dice.chance(30) {
            let name = format!("card-{}", if self.dice.chance(95) { self.step } else { self.step.saturating_sub(40) });
            self.cards.insert(support::key(&name).public().to_string(), name.clone());
            body["key"] = json!(format!("$key:{}", if self.dice.chance(2) { "fund-field" } else { &name }));
        }
        for (word, value) in [
            ("commitment", json!("$hash:who")),
            ("size", json!(1 + self.dice.below(9))),
            ("uniqueness", json!(format!("$hash:tag of step {}", self.step))),
        ] {
            if body[word].is_null() && book.asks(organization, "requires", word) && self.dice.chance(95) {
                body[word] = value;
            }
        }
        (format!("{organization}-intake"), "recipient.enrolled", body)
    }

    /// The token of a recipient, mostly of one that can be helped.
    fn token(&mut self, book: &Book) -> String {
        for _ in 0..5 {
            if let Some(made) = self.event(book, "recipient.enrolled", None).filter(|made| made.kind == "recipient.enrolled") {
                let token = made.body["recipient"].as_str().expect("a token");
                if !book.is_withdrawn(token) || self.dice.chance(5) {
                    return token.to_owned();
                }
            }
        }
        "$token:nobody".to_owned()
    }

    pub(super) fn withdrawal(&mut self, book: &Book, organization: &str) -> Next {
        let token = self.token(book);
        let owner = book.recipients.get(&token).map(|id| book.events[id].organization.as_str());
        let organization = owner.filter(|_| self.dice.chance(80)).unwrap_or(organization);
        (format!("{organization}-intake"), "recipient.withdrawn", json!({"reason": "moved", "recipient": token}))
    }

    pub(super) fn need(&mut self, book: &Book, organization: &str) -> Next {
        let token = self.token(book);
        let lines: Vec<_> = (0..1 + self.dice.below(3))
            .map(|_| {
                let (item, decimals) = *self.dice.pick(&[("rice", 3), ("rice", 3), ("blanket", 0), ("KZT", 2)]);
                json!({"item": item, "quantity": amount(self.dice.part(1_000_000), decimals)})
            })
            .collect();
        let role = *self.dice.pick(&["assign", "intake"]);
        (format!("{organization}-{role}"), "need.recorded", json!({"lines": lines, "recipient": token}))
    }

    pub(super) fn assignment(&mut self, book: &Book, organization: &str) -> Next {
        let token = self.token(book);
        let enrolment = book.recipients.get(&token).map(|id| &book.events[id]);
        let wrong = *self.dice.pick(&["winter", "everyone", "over", "missing"]);
        let own = enrolment.and_then(|made| made.body["programme"].as_str());
        let programme = own.filter(|_| self.dice.chance(97)).unwrap_or(wrong);
        // Lots that may be spent in the programme, mostly: the histories meet the other restrictions often enough.
        // Several lots of one item meet in one line of a need.
        let item = self.dice.chance(50).then(|| *self.dice.pick(&["rice", "rice", "KZT", "blanket"]));
        let fits = |lot: &crate::model::Lot| {
            item.is_none_or(|item| lot.item == item)
                && lot
                    .restrictions
                    .values()
                    .all(|bound| bound["programmes"].as_array().is_none_or(|list| list.iter().any(|code| code == programme)))
        };
        let most = if item.is_some() { 4 } else { 2 };
        let draws = self.draws(book, organization, most, fits);
        let mut body = json!({"draws": draws, "programme": programme, "recipient": token});
        let asked = book.asks(organization, "requires", "lock") && self.dice.chance(95);
        if asked || self.dice.chance(50) {
            let code = self.code();
            body["lock"] = if self.dice.chance(3) { self.some_lock(book) } else { json!(format!("$hash:{code}")) };
        }
        if self.dice.chance(40) {
            let own: Vec<_> = book.standing_naming(&token, "need.recorded").collect();
            let other = self.event(book, "need.recorded", None);
            let need =
                if self.dice.chance(93) && !own.is_empty() { Some(*self.dice.pick(&own)) } else { other.filter(|_| self.dice.chance(20)) };
            if let Some(need) = need {
                body["need"] = json!(need.id);
            }
        }
        let signer = if self.dice.chance(10) { "both" } else { "assign" };
        (format!("{organization}-{signer}"), "assignment.made", body)
    }

    fn open_assignment<'b>(&mut self, book: &'b Book, organization: &str) -> Option<&'b Made> {
        for _ in 0..6 {
            let made = self.event(book, "assignment.made", Some(organization))?;
            let open =
                made.kind == "assignment.made" && !book.is_cancelled(&made.id) && book.rest(&made.id).values().any(|minor| *minor > 0);
            if open || self.dice.chance(10) {
                return Some(made);
            }
        }
        None
    }

    pub(super) fn cancellation(&mut self, book: &Book, organization: &str) -> Next {
        let id = self.open_assignment(book, organization).map_or("$zero", |made| &made.id);
        let organization = if self.dice.chance(96) { organization } else { "stranger" };
        (format!("{organization}-assign"), "assignment.cancelled", json!({"assignment": id, "reason": "other"}))
    }

    pub(super) fn failure(&mut self, book: &Book, organization: &str) -> Next {
        let id = self.open_assignment(book, organization).map_or("$zero", |made| &made.id);
        let organization = if self.dice.chance(96) { organization } else { "stranger" };
        (format!("{organization}-field"), "delivery.failed", json!({"assignment": id, "reason": "not-home"}))
    }

    pub(super) fn delivery(&mut self, book: &Book, organization: &str) -> Next {
        let made = self.open_assignment(book, organization);
        let mut draws = BTreeMap::new();
        let assigned = made.filter(|made| made.kind == "assignment.made");
        for (lot, rest) in assigned.map(|made| book.rest(&made.id)).into_iter().flatten() {
            if self.dice.chance(80) && (rest > 0 || self.dice.chance(5)) {
                let minor = if self.dice.chance(2) { rest + 1 } else { self.dice.part(rest) };
                draws.insert(lot.clone(), amount(minor, book.items[&book.lots[&lot].item].decimals));
            }
        }
        if draws.is_empty() {
            let ids: Vec<_> = book.lots.keys().collect();
            let lot = *self.dice.pick(&ids);
            draws.insert(lot.clone(), amount(1, book.items[&book.lots[lot].item].decimals));
        }
        let mut body = json!({"assignment": made.map_or("$zero", |made| &made.id), "draws": list_of(draws)});
        let lock = made.and_then(|made| made.body["lock"].as_str());
        if self.dice.chance(if lock.is_some() { 50 } else { 3 }) {
            let right = lock.filter(|_| self.dice.chance(95)).and_then(|lock| self.codes.get(lock));
            body["code"] = json!(right.map_or(support::SLIP_CODE, String::as_str));
        }
        if book.asks(organization, "requires", "evidence") && self.dice.chance(95) {
            body["evidence"] = json!("$hash:photo");
        }
        let organization = if self.dice.chance(96) { organization } else { "stranger" };
        let phone = *self.dice.pick(&["field", "field", "phone", "both", "phone3"]);
        (format!("{organization}-{phone}"), "delivery.made", body)
    }

    pub(super) fn confirmation(&mut self, book: &Book, organization: &str) -> Next {
        let id = self.event(book, "delivery.made", None).map_or("$zero", |made| &made.id);
        let role = *self.dice.pick(&["field", "intake", "assign", "admin", "audit"]);
        (format!("{organization}-{role}"), "delivery.confirmed", json!({"delivery": id}))
    }

    pub(super) fn dispute(&mut self, book: &Book) -> Next {
        let made = self.event(book, "delivery.made", None);
        let mut body = json!({"delivery": made.map_or("$zero", |made| &made.id), "reason": "not-received"});
        let assignment = made.and_then(|made| made.body["assignment"].as_str()).and_then(|id| book.events.get(id));
        let token = assignment.and_then(|made| made.body["recipient"].as_str());
        let key = token.and_then(|token| book.events[&book.recipients[token]].body["key"].as_str());
        if let Some(made) = made
            && self.dice.chance(70)
        {
            let own = key.and_then(|key| self.cards.get(key)).cloned().filter(|_| self.dice.chance(90));
            let signer = own.unwrap_or("fund-field".to_owned());
            let message = format!("aidledger/dispute/v1\n{}", made.id);
            if key.is_some() || self.dice.chance(10) {
                body["signature"] = json!(support::key(&signer).sign(message.as_bytes()).to_string());
            }
        }
        let signer = *self.dice.pick(&["hall-registrar", "fund-intake", "kitchen-field", "stranger-audit"]);
        (signer.to_owned(), "delivery.disputed", body)
    }

    pub(super) fn answer(&mut self, book: &Book, organization: &str) -> Next {
        let mut body = json!({"answer": "rejected", "reason": "other"});
        let flag = self.dice.chance(30);
        let about = if flag { Some(&book.events[self.dice.pick(&book.order)]) } else { self.event(book, "delivery.disputed", None) };
        if flag {
            body["flag"] = json!("many-at-once");
        }
        body["event"] = json!(about.map_or("$zero", |made| &made.id));
        let delivery = about.and_then(|made| made.body["delivery"].as_str()).and_then(|id| book.events.get(id));
        let owner = if flag { about } else { delivery }.map(|made| made.organization.as_str());
        let organization = owner.filter(|_| self.dice.chance(85)).unwrap_or(organization);
        (format!("{organization}-admin"), "dispute.answered", body)
    }
}
