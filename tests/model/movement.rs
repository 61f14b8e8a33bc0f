//! Purchases, transfers, expenses, counts.

use super::*;

impl Book {
    /// Money of the currency of the first draw.
    fn is_money(&self, event: &Event, lot: &Lot) -> Verdict<()> {
        let first = text(&event.json["body"]["draws"][0], "lot");
        let currency = self.lots.get(first).map(|lot| &lot.item);
        refuse(!self.items[&lot.item].money || currency != Some(&lot.item), "draw-not-money")
    }

    pub(super) fn purchase_made(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let body = &event.json["body"];
        let mut found = self.draws(event, organization, Place::Spent, |book, lot, _| book.is_money(event, lot))?;
        let money: Vec<&Lot> = found.moves.iter().map(|moved| &self.lots[&moved.lot]).collect();
        let paid: i128 = found.moves.iter().map(|moved| moved.minor).sum();
        let bounds: BTreeMap<usize, Value> = money.iter().flat_map(|lot| lot.restrictions.clone()).collect();
        let (mut cost, mut lots, mut moves) = (0, Vec::new(), Vec::new());
        for (line, bought) in list(body, "lots").enumerate() {
            let item = text(bought, "item");
            refuse(self.items.get(item).ok_or("item-unknown")?.money, "purchase-of-money")?;
            let minor = self.minor(item, text(bought, "quantity"))?;
            cost += self.minor(&money[0].item, text(bought, "cost"))?;
            for lot in &money {
                self.unbound(lot, item, event.day(), None)?;
            }
            let lot = self.new_lot(event, line, organization, item, bounds.clone());
            moves.push(Move { lot: lot.0.clone(), from: Place::Supplier, to: Place::OnHand, minor });
            lots.push(lot);
        }
        refuse(cost != paid, "cost-mismatch")?;
        found.moves.extend(moves);
        found.lots = lots;
        Ok(found)
    }

    pub(super) fn transfer_sent(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let to = event.body("to");
        refuse(!self.organizations.contains_key(to), "organization-not-found")?;
        refuse(to == organization, "transfer-to-self")?;
        self.draws(event, organization, Place::InTransit, |_, _, _| Ok(()))
    }

    pub(super) fn transfer_accepted(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let id = event.body("transfer");
        let sent = self.standing(id, "transfer.sent").ok_or("transfer-unknown")?;
        refuse(sent.body["to"] != organization, "transfer-foreign")?;
        refuse(self.standing_naming(id, "transfer.accepted").next().is_some(), "transfer-settled")?;
        let sent: BTreeMap<String, i128> = self.drawn(&sent.body).into_iter().collect();
        let (mut found, mut arrived) = (Found::default(), BTreeMap::new());
        for (line, draw) in list(&event.json["body"], "draws").enumerate() {
            let from = text(draw, "lot");
            let most = *sent.get(from).ok_or("draw-not-sent")?;
            let old = &self.lots[from];
            let minor = self.minor(&old.item, text(draw, "quantity"))?;
            refuse(minor > most, "accepted-exceeds-sent")?;
            arrived.insert(from, minor);
            let lot = self.new_lot(event, line, organization, &old.item, old.restrictions.clone());
            found.moves.push(Move { lot: lot.0.clone(), from: Place::OtherLots, to: Place::OnHand, minor });
            found.lots.push(lot);
        }
        for (lot, minor) in &sent {
            let here = arrived.get(lot.as_str()).copied().unwrap_or(0);
            for (to, minor) in [(Place::NewLots, here), (Place::Lost, minor - here)] {
                if minor > 0 {
                    found.moves.push(Move { lot: lot.clone(), from: Place::InTransit, to, minor });
                }
            }
        }
        Ok(found)
    }

    pub(super) fn expense_paid(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let body = &event.json["body"];
        self.opened(&body["programme"])?;
        if let Some(programme) = body["programme"].as_str() {
            self.takes_part(programme, organization)?;
        }
        let region = body["region"].as_str();
        refuse(region.is_some_and(|region| !self.regions.contains_key(region)), "region-unknown")?;
        self.draws(event, organization, Place::Spent, |book, lot, _| {
            book.is_money(event, lot)?;
            book.unbound(lot, &lot.item, event.day(), Some((body["programme"].as_str(), region)))
        })
    }

    pub(super) fn stock_counted(&self, event: &Event) -> Verdict<Found> {
        let mut seen = BTreeSet::new();
        for count in list(&event.json["body"], "counts") {
            let item = text(count, "item");
            refuse(!self.items.contains_key(item), "item-unknown")?;
            self.decimals(item, text(count, "quantity"))?;
            refuse(!seen.insert(item), "count-twice")?;
        }
        Ok(Found::default())
    }
}
