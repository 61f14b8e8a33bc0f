//! Approvals, policies, opinions, reversals, volunteers.

use super::*;

type Next = (String, &'static str, Value);

impl Story {
    pub(super) fn approval(&mut self, book: &Book, organization: &str) -> Next {
        let role = *self.dice.pick(&["admin", "finance", "assign"]);
        if let Some(waiting) = self.waiting.front().filter(|_| self.dice.chance(70)).cloned() {
            let organization = support::organization_of(&waiting.signer);
            // What happens twice is approved twice: by one key after the other.
            let roles = ["admin", "assign", "finance"];
            let role = roles[self.step % 3];
            let body = json!({"draft": {"$draft": {"kind": waiting.kind, "body": waiting.body}}});
            return (format!("{organization}-{role}"), "approval.given", body);
        }
        let id = self.event(book, "assignment.made", Some(organization)).map_or("$zero", |made| &made.id);
        let mut body = json!({"assignment": id});
        if self.dice.chance(2) {
            body["draft"] = json!("$hash:draft");
        }
        let organization = if self.dice.chance(96) { organization } else { "stranger" };
        (format!("{organization}-{role}"), "approval.given", body)
    }

    /// Policies that ask for something now and then, and mostly for little.
    pub(super) fn policy(&mut self) -> Next {
        let organization = *self.dice.pick(&[None, Some("fund"), Some("kitchen")]);
        let mut body = json!({"rules": 1});
        if let Some(code) = organization {
            body["organization"] = json!(code);
        }
        if self.dice.chance(60) {
            let from = ["100.00", "10000.00", "900000000000000.00"];
            let rice = ["1.000", "500.000"];
            let bands = json!([{"approvals": 1 + self.dice.below(2), "from": *self.dice.pick(&from), "item": "KZT"},
                {"approvals": 1, "from": *self.dice.pick(&rice), "item": "rice"}]);
            body["approvals"] = bands;
        }
        if self.dice.chance(30) {
            body["days_back"] = json!(self.dice.below(10));
        }
        let words = ["commitment", "evidence", "lock", "reference", "size", "uniqueness"];
        let duties = ["assign-deliver", "enrol-assign", "enrol-deliver"];
        for (member, all) in [("requires", &words[..]), ("separate", &duties[..])] {
            let chosen: Vec<_> = all.iter().filter(|_| self.dice.chance(25)).collect();
            if !chosen.is_empty() {
                body[member] = json!(chosen);
            }
        }
        if self.dice.chance(15) {
            body["reversal_approvals"] = json!(self.dice.below(3));
        }
        if self.dice.chance(5) {
            body["overhead_permille"] = json!(self.dice.below(1_500));
        }
        let signer = match organization {
            _ if self.dice.chance(5) => "hall-admin".to_owned(),
            None => "hall-registrar".to_owned(),
            Some(code) => format!("{code}-admin"),
        };
        (signer, "policy.changed", body)
    }

    pub(super) fn opinion(&mut self, book: &Book, organization: &str) -> Next {
        let all = book.order.len() as u64;
        let size = if self.dice.chance(20) { *self.dice.pick(&[0, all + 1]) } else { self.dice.below(all + 1) };
        let mut body = json!({"conclusion": "qualified", "root": "$hash:root", "size": size});
        if self.dice.chance(50) {
            let drawn = self.dice.below(60);
            body["sample"] = json!({"confidence_permille": 950, "drawn": drawn, "failed": self.dice.below(drawn + 3), "method": "equal",
                "population": drawn + self.dice.below(900), "seed": "$hash:seed", "tolerable_permille": 50});
        }
        (format!("{organization}-audit"), "audit.attested", body)
    }

    pub(super) fn reversal(&mut self, book: &Book, organization: &str) -> Next {
        // The later an event, the more likely nothing depends on it; and rare kinds are as worthy as others.
        let kinds: Vec<_> = book.of_kind.iter().filter(|(kind, _)| !kind.starts_with("event") || self.dice.chance(5)).collect();
        let (_, of_kind) = *self.dice.pick(&kinds);
        let from = if self.dice.chance(50) { of_kind } else { &book.order };
        let last = if self.dice.chance(70) { 30 } else { 10_000 };
        let mut id = from[from.len() - 1 - self.dice.below(last.min(from.len() as u64)) as usize].clone();
        let made = &book.events[&id];
        // A cancellation and its recipient's enrolment pin each other down, but meet too seldom by themselves.
        if made.kind == "assignment.cancelled" && self.dice.chance(40) {
            let assignment = &book.events[made.body["assignment"].as_str().expect("an id")];
            id = book.recipients[assignment.body["recipient"].as_str().expect("a token")].clone();
        }
        let made = &book.events[&id];
        let role = *self.dice.pick(crate::model::roles(&made.kind));
        let role = if role == "registrar" || self.dice.chance(2) { "finance" } else { role };
        let organization = if self.dice.chance(96) { made.organization.as_str() } else { organization };
        (format!("{organization}-{role}"), "event.reversed", json!({"event": id, "reason": "other"}))
    }

    pub(super) fn volunteer(&mut self, book: &Book, organization: &str) -> Next {
        let known: Vec<_> = book.volunteers.keys().collect();
        let mut token = format!("$token:volunteer {}", self.step);
        let what = self.dice.below(10);
        if what >= 2 && !known.is_empty() || self.dice.chance(10) && !known.is_empty() {
            token = (*self.dice.pick(&known)).clone();
        }
        let owner = book.volunteers.get(&token).map(|id| book.events[id].organization.as_str());
        let organization = owner.filter(|_| self.dice.chance(95)).unwrap_or(organization);
        match what {
            0 | 1 => {
                let mut body = json!({"volunteer": token});
                if self.dice.chance(50) {
                    let key = *self.dice.pick(&["phone", "phone3", "field", "phone5", "both"]);
                    body["key"] = json!(format!("$key:{organization}-{key}"));
                }
                (format!("{organization}-admin"), "volunteer.joined", body)
            }
            2..7 => {
                let mut body = json!({"activity": "driving", "day": format!("2026-0{}-0{}", 1 + self.dice.below(2), 1 + self.dice.below(9)),
                    "minutes": self.dice.below(1_460), "volunteer": token});
                if self.dice.chance(20) {
                    body["programme"] = json!(*self.dice.pick(&["winter", "over", "missing"]));
                }
                (format!("{organization}-{}", self.dice.pick(&["assign", "admin", "both"])), "service.recorded", body)
            }
            _ => {
                let award = *self.dice.pick(&["hours-10", "hours-10", "hours-50", "hours-100", "deliveries-100"]);
                (format!("{organization}-admin"), "recognition.awarded", json!({"award": award, "volunteer": token}))
            }
        }
    }
}
