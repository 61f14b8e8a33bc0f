//! Approvals, members that a policy asks for, opinions, reversals.

use super::*;

/// The hash by which a draft is approved, made by other libraries.
pub fn draft(kind: &str, body: &Value) -> String {
    let canonical = serde_json_canonicalizer::to_string(body).expect("JSON");
    blake3::hash(format!("{kind}\n{canonical}").as_bytes()).to_hex().to_string()
}

impl Book {
    pub(super) fn members_there(&self, event: &Event, kind: &str, organization: &str) -> Verdict<()> {
        let body = &event.json["body"];
        let private = |r#type: &str| matches!(r#type, "household" | "person");
        let asked: Vec<(&str, &str)> = match kind {
            "recipient.enrolled" => {
                let mut asked = Vec::new();
                if private(event.body("type")) {
                    asked.extend([("commitment", "commitment"), ("uniqueness", "uniqueness")]);
                }
                if event.body("type") == "household" {
                    asked.push(("size", "size"));
                }
                asked
            }
            "assignment.made" => {
                let enrolment = &self.events[&self.recipients[event.body("recipient")]];
                if private(text(&enrolment.body, "type")) { vec![("lock", "lock")] } else { Vec::new() }
            }
            "delivery.made" => vec![("evidence", "evidence")],
            "donation.received" | "purchase.made" | "expense.paid" => vec![("reference", "reference")],
            _ => Vec::new(),
        };
        let missing = |(word, member): &(&str, &str)| body[*member].is_null() && self.asks(organization, "requires", word);
        refuse(asked.iter().any(missing), "policy-member-missing")
    }

    /// How many approvals sums of items need.
    fn needed(&self, organization: &str, draws: &[(String, i128)]) -> u64 {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for (lot, minor) in draws {
            *sums.entry(self.lots[lot].item.as_str()).or_default() += minor;
        }
        let bands = self.policies(organization).flat_map(|policy| list(policy, "approvals"));
        let reached = bands.filter(|band| {
            let item = text(band, "item");
            let from = self.decimals(item, text(band, "from")).expect("it was accepted");
            sums.get(item).is_some_and(|sum| *sum >= from)
        });
        reached.map(|band| band["approvals"].as_u64().expect("a number")).max().unwrap_or(0)
    }

    /// How many approvals an assignment needs before it is delivered.
    pub fn needs_approvals(&self, assignment: &str) -> u64 {
        let made = &self.events[assignment];
        self.needed(&made.organization, &self.drawn(&made.body))
    }

    /// The keys that approved an assignment.
    pub fn approvers(&self, assignment: &str) -> Vec<&str> {
        self.standing_naming(assignment, "approval.given").map(|made| made.signer.as_str()).collect()
    }

    /// The same, whether the assignment stands or not.
    pub fn approvers_of(&self, assignment: &str) -> Vec<&str> {
        self.all_naming(assignment, "approval.given").map(|made| made.signer.as_str()).collect()
    }

    /// The keys that approved a draft since it was last used.
    pub fn draft_approvers(&self, organization: &str, draft: &str) -> Vec<&str> {
        let used = |made: &&Made| made.organization == organization && made.used.as_deref() == Some(draft);
        let since = self.events.values().filter(used).map(|made| made.number).max().map_or(0, |number| number + 1);
        let given = |made: &&Made| made.organization == organization && made.body["draft"] == draft && made.number >= since;
        self.all_of("approval.given").filter(given).map(|made| made.signer.as_str()).collect()
    }

    /// Whether an event has the approvals that it needs; answers with the draft that it uses up.
    pub(super) fn approved(&self, event: &Event, kind: &str, organization: &str, found: &Found) -> Verdict<Option<String>> {
        let counts = |key: &&str| *key != event.text("signer") && !self.keys[*key].revoked;
        if kind == "delivery.made" {
            let assignment = &self.events[event.body("assignment")];
            let approvers = self.approvers(&assignment.id).into_iter().filter(|key| counts(key) && *key != assignment.signer).count();
            refuse((approvers as u64) < self.needs_approvals(&assignment.id), "approvals-missing")?;
            return Ok(None);
        }
        let needed = match kind {
            "event.reversed" => self.policies(organization).filter_map(|policy| policy["reversal_approvals"].as_u64()).max().unwrap_or(0),
            "purchase.made" | "transfer.sent" | "donation.returned" | "expense.paid" | "loss.recorded" | "transfer.accepted" => {
                // Of what was sent, only what got lost.
                let counts =
                    |moved: &&Move| if kind == "transfer.accepted" { moved.to == Place::Lost } else { moved.from == Place::OnHand };
                let taken = found.moves.iter().filter(counts);
                self.needed(organization, &taken.map(|moved| (moved.lot.clone(), moved.minor)).collect::<Vec<_>>())
            }
            _ => return Ok(None),
        };
        let draft = draft(kind, &event.json["body"]);
        let approvers = self.draft_approvers(organization, &draft).into_iter().filter(counts).count();
        refuse((approvers as u64) < needed, "approvals-missing")?;
        Ok(Some(draft))
    }

    pub(super) fn approval_given(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let body = &event.json["body"];
        let signer = event.text("signer");
        let before = match (body["assignment"].as_str(), body["draft"].as_str()) {
            (Some(id), None) => {
                let assignment = self.standing(id, "assignment.made").ok_or("assignment-unknown")?;
                refuse(assignment.organization != organization, "assignment-foreign")?;
                refuse(assignment.signer == signer, "approver-is-maker")?;
                self.approvers(id)
            }
            (None, Some(draft)) => self.draft_approvers(organization, draft),
            _ => return Err("approval-subject"),
        };
        refuse(before.contains(&signer), "approved-already")?;
        Ok(Found::default())
    }

    pub(super) fn audit_attested(&self, event: &Event) -> Verdict<Found> {
        let body = &event.json["body"];
        self.opened(&body["programme"])?;
        let size = body["size"].as_u64().expect("a number") as usize;
        refuse(size == 0 || size > self.order.len(), "attested-size")?;
        if let Some(sample) = body["sample"].as_object() {
            let number = |member: &str| sample[member].as_u64().expect("a number");
            let sound = number("failed") <= number("drawn")
                && number("drawn") <= number("population")
                && number("confidence_permille") < 1000
                && number("tolerable_permille") < 1000;
            refuse(!sound, "sample-figures")?;
        }
        Ok(Found::default())
    }

    pub(super) fn event_reversed(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let made = self.events.get(event.body("event")).ok_or("event-unknown")?;
        let reversible = matches!(
            made.kind.split('.').next().expect("a word"),
            "recipient"
                | "need"
                | "donation"
                | "purchase"
                | "transfer"
                | "expense"
                | "loss"
                | "stock"
                | "assignment"
                | "delivery"
                | "service"
                | "recognition"
        ) && made.kind != "delivery.disputed";
        refuse(!reversible, "event-not-reversible")?;
        refuse(made.organization != organization, "event-foreign")?;
        let own = &self.keys[event.text("signer")].roles;
        refuse(!roles(&made.kind).iter().any(|role| allows(own, role)), "role-missing")?;
        refuse(made.reversed, "event-already-reversed")?;
        // Nothing can go back from where it no longer is.
        let gone = made.moves.iter().any(|moved| self.lots[&moved.lot].at(moved.to) < moved.minor);
        refuse(gone || self.is_needed(made), "event-has-consequences")?;
        let moves = made.moves.iter().map(|moved| Move { from: moved.to, to: moved.from, ..moved.clone() }).collect();
        Ok(Found { moves, ..Found::default() })
    }

    /// Whether something that stands rests on an event.
    pub fn is_needed(&self, made: &Made) -> bool {
        let named = |kind: &str| self.standing_naming(&made.id, kind).next().is_some();
        match made.kind.as_str() {
            "recipient.enrolled" => {
                let token = text(&made.body, "recipient");
                // By any assignment that can still reach the recipient or has.
                let reached = |assignment: &str| self.standing_naming(assignment, "delivery.made").next().is_some();
                let mut assignments = self.standing_naming(token, "assignment.made");
                assignments.any(|one| reached(&one.id) || !self.is_cancelled(&one.id))
                    || self.standing_naming(token, "need.recorded").next().is_some()
                    || self.is_withdrawn(token)
            }
            "need.recorded" => named("assignment.made") || self.served(&made.id).iter().any(|minor| *minor > 0),
            "donation.pledged" => named("donation.received"),
            "transfer.sent" => named("transfer.accepted"),
            "assignment.made" => self.is_cancelled(&made.id) || named("delivery.made"),
            "assignment.cancelled" => {
                let assignment = &self.events[text(&made.body, "assignment")];
                !self.stands(&self.recipients[text(&assignment.body, "recipient")])
            }
            "delivery.made" => self.is_cancelled(text(&made.body, "assignment")),
            _ => false,
        }
    }
}
