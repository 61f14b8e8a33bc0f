//! Gifts and movement.

use super::*;

type Next = (String, &'static str, Value);

impl Story {
    fn lines(&mut self, most: u64) -> Vec<Value> {
        (0..1 + self.dice.below(most))
            .map(|_| {
                let (item, decimals) =
                    *self.dice.pick(&[("KZT", 2), ("KZT", 2), ("USD", 2), ("rice", 3), ("flour", 3), ("blanket", 0), ("repair", 1)]);
                let item = if self.dice.chance(1) { "missing" } else { item };
                // Sums of the largest amounts soon pass 64 bits.
                let most = *self.dice.pick(&[1_000, 1_000_000, 1_000_000, 999_999_999_999_999_999]);
                let minor = if self.dice.chance(1) { 0 } else { self.dice.part(most) };
                json!({"item": item, "quantity": amount(minor, decimals + usize::from(self.dice.chance(1)))})
            })
            .collect()
    }

    pub(super) fn donation(&mut self, book: &Book, organization: &str) -> Next {
        let mut body = json!({"donor": {"type": "anonymous"}, "lots": self.lines(3)});
        if self.dice.chance(35) {
            let all = [
                ("programmes", json!([*self.dice.pick(&["winter", "everyone"])])),
                ("regions", json!([*self.dice.pick(&["city", "north", "village"])])),
                ("categories", json!(["cash", "food"])),
                ("items", json!(["KZT", "blanket", "rice"])),
                ("use_by", json!(format!("2026-0{}-15", 2 + self.dice.below(5)))),
            ];
            let mut bounds = json!({});
            for _ in 0..1 + self.dice.below(2) {
                let (member, value) = self.dice.pick(&all);
                bounds[*member] = value.clone();
            }
            body["restrictions"] = bounds;
        }
        if self.dice.chance(30)
            && let Some(pledge) = self.event(book, "donation.pledged", Some(organization))
        {
            body["pledge"] = json!(pledge.id);
        }
        if self.dice.chance(30) {
            let code = self.code();
            body["receipt"] = if self.dice.chance(3) { self.some_lock(book) } else { json!(format!("$hash:{code}")) };
        }
        (format!("{organization}-finance"), "donation.received", body)
    }

    pub(super) fn pledge(&mut self, organization: &str) -> Next {
        let body = json!({"donor": {"type": "individual"}, "due": "2026-03-01", "lines": self.lines(4)});
        (format!("{organization}-finance"), "donation.pledged", body)
    }

    pub(super) fn giving_back(&mut self, book: &Book, organization: &str) -> Next {
        let donation = self.event(book, "donation.received", Some(organization)).map_or("none", |made| made.id.as_str());
        let draws = self.draws(book, organization, 2, |lot| lot.event == donation);
        let donation = if donation == "none" { "$zero" } else { donation };
        (format!("{organization}-finance"), "donation.returned", json!({"donation": donation, "draws": draws, "reason": "surplus"}))
    }

    pub(super) fn purchase(&mut self, book: &Book, organization: &str) -> Next {
        let currency = if self.dice.chance(80) { "KZT" } else { "USD" };
        let draws = self.draws(book, organization, 3, |lot| lot.item == currency);
        let paid: i128 = draws.as_array().expect("draws").iter().map(|draw| minor_of(&draw["quantity"])).sum();
        let mut left = paid.max(1);
        let mut lots = Vec::new();
        let lines = 1 + self.dice.below(3);
        for line in 0..lines {
            let (item, decimals) = *self.dice.pick(&[("rice", 3), ("rice", 3), ("flour", 3), ("blanket", 0), ("repair", 1), ("KZT", 2)]);
            let (item, decimals) = if item == "KZT" && self.dice.chance(90) { ("rice", 3) } else { (item, decimals) };
            let cost = if line + 1 == lines { left } else { self.dice.part(left).min(left - 1) };
            if cost == 0 {
                continue;
            }
            left -= cost;
            let quantity = self.dice.part(1_000_000);
            lots.push(json!({"cost": amount(cost, 2), "item": item, "quantity": amount(quantity, decimals)}));
            if left == 0 {
                break;
            }
        }
        if self.dice.chance(2) {
            lots.push(json!({"cost": "0.01", "item": "rice", "quantity": "1.000"}));
        }
        (format!("{organization}-finance"), "purchase.made", json!({"draws": draws, "lots": lots}))
    }

    pub(super) fn transfer(&mut self, book: &Book, organization: &str) -> Next {
        let draws = self.draws(book, organization, 3, |_| true);
        let to = *self.dice.pick(&["fund", "kitchen", "stranger"]);
        let to = if to == organization && self.dice.chance(90) { if to == "fund" { "kitchen" } else { "fund" } } else { to };
        let role = *self.dice.pick(&["assign", "finance"]);
        (format!("{organization}-{role}"), "transfer.sent", json!({"draws": draws, "to": to}))
    }

    pub(super) fn acceptance(&mut self, book: &Book, organization: &str) -> Next {
        let Some(sent) = self.event(book, "transfer.sent", None).filter(|made| made.kind == "transfer.sent") else {
            return (format!("{organization}-assign"), "transfer.accepted", json!({"transfer": "$zero"}));
        };
        let mut draws = BTreeMap::new();
        for (lot, minor) in book.drawn(&sent.body) {
            let minor = match self.dice.below(100) {
                0..15 => 0,
                15..17 => minor + 1,
                17..60 => minor,
                _ => self.dice.part(minor),
            };
            if minor > 0 {
                draws.insert(lot.clone(), amount(minor, book.items[&book.lots[&lot].item].decimals));
            }
        }
        let mut body = json!({"transfer": sent.id});
        if !draws.is_empty() {
            body["draws"] = list_of(draws);
        }
        let to = sent.body["to"].as_str().expect("a code");
        let organization = if self.dice.chance(95) { to } else { organization };
        (format!("{organization}-assign"), "transfer.accepted", body)
    }

    pub(super) fn expense(&mut self, book: &Book, organization: &str) -> Next {
        let currency = if self.dice.chance(80) { "KZT" } else { "USD" };
        let draws = self.draws(book, organization, 2, |lot| lot.item == currency);
        let mut body = json!({"draws": draws, "purpose": "transport"});
        if self.dice.chance(70) {
            body["programme"] = json!(*self.dice.pick(&["winter", "winter", "everyone", "over", "missing"]));
        }
        if self.dice.chance(70) {
            body["region"] = json!(*self.dice.pick(&["north", "north", "north", "village", "missing"]));
        }
        (format!("{organization}-finance"), "expense.paid", body)
    }

    pub(super) fn loss(&mut self, book: &Book, organization: &str) -> Next {
        let draws = self.draws(book, organization, 2, |_| true);
        let role = *self.dice.pick(&["assign", "finance"]);
        (format!("{organization}-{role}"), "loss.recorded", json!({"draws": draws, "reason": "damaged"}))
    }

    pub(super) fn count(&mut self, organization: &str) -> Next {
        let role = *self.dice.pick(&["assign", "finance", "field"]);
        (format!("{organization}-{role}"), "stock.counted", json!({"counts": self.lines(3)}))
    }

    /// A lock or a receipt that was there already.
    pub(super) fn some_lock(&mut self, book: &Book) -> Value {
        let seen: Vec<_> =
            book.events.values().flat_map(|made| [&made.body["lock"], &made.body["receipt"]]).filter(|lock| lock.is_string()).collect();
        (*self.dice.pick(&seen)).clone()
    }
}

fn minor_of(quantity: &Value) -> i128 {
    quantity.as_str().expect("an amount").replace('.', "").parse().expect("digits")
}
