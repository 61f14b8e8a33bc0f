//! Gifts, and what is drawn from lots.

use super::*;

impl Book {
    pub(super) fn new_lot(
        &self,
        event: &Event,
        line: usize,
        organization: &str,
        item: &str,
        bounds: BTreeMap<usize, Value>,
    ) -> (String, Lot) {
        let (organization, item, made_by) = (organization.to_owned(), item.to_owned(), event.id.clone());
        (format!("{}.{line}", event.id), Lot { organization, item, event: made_by, restrictions: bounds, places: BTreeMap::new() })
    }

    pub(super) fn donation_received(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let body = &event.json["body"];
        let lines = self.lines(&body["lots"])?;
        if let Some(pledge) = body["pledge"].as_str() {
            let to_us = self.standing(pledge, "donation.pledged").is_some_and(|made| made.organization == organization);
            refuse(!to_us, "pledge-unknown")?;
        }
        refuse(self.lock_seen(&body["receipt"]), "lock-used")?;
        let mut found = Found::default();
        for (line, (item, minor)) in lines.into_iter().enumerate() {
            let bound = &body["restrictions"];
            let bounds = if bound.is_null() { BTreeMap::new() } else { BTreeMap::from([(self.first_seen(bound), bound.clone())]) };
            let lot = self.new_lot(event, line, organization, &item, bounds);
            found.moves.push(Move { lot: lot.0.clone(), from: Place::Donor, to: Place::OnHand, minor });
            found.lots.push(lot);
        }
        Ok(found)
    }

    /// Which donation of the ledger, counted from 0, first had these restrictions. Of several that a lot carries the earliest seen is judged first.
    fn first_seen(&self, bound: &Value) -> usize {
        self.all_of("donation.received").take_while(|made| &made.body["restrictions"] != bound).count()
    }

    /// Whether an assignment ever had this lock or a gift this receipt; what became of them does not matter.
    pub(super) fn lock_seen(&self, lock: &Value) -> bool {
        let locks = || self.all_of("assignment.made").any(|made| &made.body["lock"] == lock);
        let receipts = || self.all_of("donation.received").any(|made| &made.body["receipt"] == lock);
        !lock.is_null() && (locks() || receipts())
    }

    pub(super) fn donation_returned(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let donation = event.body("donation");
        let ours = self.standing(donation, "donation.received").is_some_and(|made| made.organization == organization);
        refuse(!ours, "donation-unknown")?;
        self.draws(event, organization, Place::Returned, |_, lot, _| refuse(lot.event != donation, "lot-other-donation"))
    }

    /// Moves what a body draws from on hand to a place, if the lots are the organization's and have it; `asked` says what else is asked of each.
    pub(super) fn draws(
        &self,
        event: &Event,
        organization: &str,
        to: Place,
        asked: impl Fn(&Book, &Lot, usize) -> Verdict<()>,
    ) -> Verdict<Found> {
        let mut found = Found::default();
        for (line, draw) in list(&event.json["body"], "draws").enumerate() {
            let id = text(draw, "lot").to_owned();
            let lot = self.lots.get(&id).filter(|lot| self.stands(&lot.event)).ok_or("lot-unknown")?;
            refuse(lot.organization != organization, "lot-foreign")?;
            let minor = self.minor(&lot.item, text(draw, "quantity"))?;
            refuse(minor > lot.at(Place::OnHand), "lot-insufficient")?;
            asked(self, lot, line)?;
            found.moves.push(Move { lot: id, from: Place::OnHand, to, minor });
        }
        Ok(found)
    }

    /// What a body draws, by lot, in the order of lot ids; it was accepted.
    pub fn drawn(&self, body: &Value) -> Vec<(String, i128)> {
        let amount = |draw: &Value| {
            let lot = text(draw, "lot");
            (lot.to_owned(), self.minor(&self.lots[lot].item, text(draw, "quantity")).expect("it was accepted"))
        };
        list(body, "draws").map(amount).collect()
    }
}
