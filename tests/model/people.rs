//! Recipients, their needs, and volunteers.

use super::*;

impl Book {
    pub(super) fn recipient_enrolled(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let body = &event.json["body"];
        let (code, token, region) = (event.body("programme"), event.body("recipient"), event.body("region"));
        let open = self.programme(code, organization)?;
        refuse(!self.regions.contains_key(region), "region-unknown")?;
        refuse(self.recipients.contains_key(token), "recipient-exists")?;
        refuse(!allows(&open.body["recipient_types"], event.body("type")), "recipient-type-not-eligible")?;
        refuse(!self.lies_in(Some(region), &open.body["regions"]), "recipient-region-not-eligible")?;
        let tag = &body["uniqueness"];
        let same = |other: &Made| !other.reversed && other.body["programme"] == code && &other.body["uniqueness"] == tag;
        refuse(!tag.is_null() && self.all_of("recipient.enrolled").any(same), "uniqueness-tag-seen")?;
        if let Some(key) = body["key"].as_str() {
            let recipients = self.all_of("recipient.enrolled").any(|made| made.body["key"] == key);
            refuse(recipients || self.keys.contains_key(key) || self.log_key == key, "recipient-key-taken")?;
        }
        Ok(Found::default())
    }

    /// The enrolment of a recipient, if it stands.
    pub(super) fn recipient(&self, token: &str) -> Verdict<&Made> {
        self.recipients.get(token).map(|id| &self.events[id]).filter(|made| !made.reversed).ok_or("recipient-unknown")
    }

    pub fn is_withdrawn(&self, token: &str) -> bool {
        self.standing_naming(token, "recipient.withdrawn").next().is_some()
    }

    pub(super) fn recipient_withdrawn(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let token = event.body("recipient");
        let enrolment = self.recipient(token)?;
        let opener = &self.programmes[text(&enrolment.body, "programme")].organization;
        refuse(enrolment.organization != organization && opener != organization, "recipient-foreign")?;
        refuse(self.is_withdrawn(token), "recipient-withdrawn")?;
        Ok(Found::default())
    }

    pub(super) fn need_recorded(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let token = event.body("recipient");
        let enrolment = self.recipient(token)?;
        self.programme(text(&enrolment.body, "programme"), organization)?;
        refuse(self.is_withdrawn(token), "recipient-withdrawn")?;
        self.lines(&event.json["body"]["lines"])?;
        Ok(Found::default())
    }

    /// How much of each line of a need standing deliveries served.
    pub fn served(&self, need: &str) -> Vec<i128> {
        let mut served = vec![0; list(&self.events[need].body, "lines").count()];
        for delivery in self.standing_naming(need, "delivery.made") {
            for (_, line, minor) in delivery.served.iter().filter(|(served, ..)| served == need) {
                served[*line] += minor;
            }
        }
        served
    }

    /// What standing donations brought of each line of a pledge; of several lines of one item the first has all.
    pub fn received(&self, pledge: &str) -> Vec<i128> {
        let items: Vec<&str> = list(&self.events[pledge].body, "lines").map(|line| text(line, "item")).collect();
        let mut received = vec![0; items.len()];
        for donation in self.standing_naming(pledge, "donation.received") {
            for lot in list(&donation.body, "lots") {
                let item = text(lot, "item");
                if let Some(line) = items.iter().position(|other| *other == item) {
                    received[line] += self.minor(item, text(lot, "quantity")).expect("it was accepted");
                }
            }
        }
        received
    }

    pub(super) fn volunteer_joined(&self, event: &Event, organization: &str) -> Verdict<Found> {
        refuse(self.volunteers.contains_key(event.body("volunteer")), "volunteer-exists")?;
        if let Some(named) = event.json["body"]["key"].as_str() {
            let own = self.keys.get(named).is_some_and(|key| key.organization == organization && !key.revoked);
            let taken = self.all_of("volunteer.joined").any(|made| made.body["key"] == named);
            refuse(!own || taken, "volunteer-key")?;
        }
        Ok(Found::default())
    }

    fn volunteer(&self, event: &Event, organization: &str) -> Verdict<&Made> {
        let joined = self.volunteers.get(event.body("volunteer")).map(|id| &self.events[id]);
        let joined = joined.filter(|made| made.organization == organization).ok_or("volunteer-unknown")?;
        refuse(joined.body["key"] == event.text("signer"), "service-own")?;
        Ok(joined)
    }

    pub(super) fn service_recorded(&self, event: &Event, organization: &str) -> Verdict<Found> {
        self.volunteer(event, organization)?;
        let body = &event.json["body"];
        self.opened(&body["programme"])?;
        refuse(!(1..=24 * 60).contains(&body["minutes"].as_u64().expect("a number")), "service-minutes")?;
        refuse(event.body("day") > event.day(), "service-day")?;
        Ok(Found::default())
    }

    /// Minutes of standing service.
    pub fn minutes(&self, token: &str) -> u64 {
        self.standing_naming(token, "service.recorded").map(|made| made.body["minutes"].as_u64().expect("a number")).sum()
    }

    /// Standing deliveries under the volunteer's own key, since it was theirs.
    pub fn deliveries(&self, token: &str) -> u64 {
        let joined = &self.events[&self.volunteers[token]];
        let own = |made: &&Made| !made.reversed && joined.body["key"] == made.signer && made.number > joined.number;
        self.all_of("delivery.made").filter(own).count() as u64
    }

    pub(super) fn recognition_awarded(&self, event: &Event, organization: &str) -> Verdict<Found> {
        self.volunteer(event, organization)?;
        let (token, award) = (event.body("volunteer"), event.body("award"));
        let (what, number) = award.split_once('-').expect("what and how much");
        let number: u64 = number.parse().expect("a number");
        let earned = if what == "hours" { self.minutes(token) >= number * 60 } else { self.deliveries(token) >= number };
        refuse(!earned, "recognition-not-earned")?;
        let given = self.standing_naming(token, "recognition.awarded").any(|made| made.body["award"] == award);
        refuse(given, "recognition-awarded")?;
        Ok(Found::default())
    }
}
