//! The scene of a season's work, in which every kind of event has something to be about.

use serde_json::{Value, json};

use super::World;

/// The code on the receipt of the scene's gift `kept`.
pub const RECEIPT_CODE: &str = "R9QX4T8WZ3RFA7K2";

impl World {
    /// The city after a season; see [`World::city`] for what was there before.
    ///
    /// * keys of the fund: `fund-finance-2`, `fund-assign-2`, `fund-field-2`, `fund-phone` (field; the volunteer vera's), `fund-both` (assign, field, intake);
    /// * items USD (cash, 2 decimals), repair (a service, category work, hours, 1);
    /// * recipients eve and dan (households, winter, north), eve with the key `eve-card`; gus (facility, winter, south), withdrawn;
    /// * needs `lack` of ann (rice 5.000, blankets 3) and `lack-bob` (rice 1.000);
    /// * pledge `promise` (KZT 500.00) and gift `kept` of it (KZT 100.00, with [`RECEIPT_CODE`]), pledge `word` (rice 9.000), not kept;
    /// * money of the fund: `cash` (KZT 2000.00, USD 100.00), and KZT 100.00 each `for-food`, `for-rice`, `for-winter`, `for-north`, `by-march`; of the kitchen:
    ///   `till` (KZT 50.00);
    /// * purchase `bought` from `cash`: rice 10.000 for 150.00 and 5 blankets for 50.00;
    /// * transfers of the fund to the kitchen: `cart` (rice 20.000 and 10 blankets of `gift`), under way; `van` (rice 5.000), accepted as `arrived` with 4.000;
    /// * assignments `basket` (rice 5.000 of `gift` to eve), `visit` delivers 2.000 of it; `meal` (kitchen's `meals`, rice 5.000 to ann), `served` delivers 1.000;
    ///   `done` (1 blanket to dan), `handed` delivers it; `dropped` (1 blanket to dan), cancelled;
    /// * dispute `complaint` about `visit`;
    /// * volunteers of the fund: vera, with `fund-phone`; max, who served 600 minutes (`shift`); of the kitchen: kim.
    pub fn season() -> World {
        let mut world = World::city();
        let name = json!({"en": "A name"});
        let hall = "hall-registrar";
        for (key, roles) in [
            ("fund-finance-2", json!(["finance"])),
            ("fund-assign-2", json!(["assign"])),
            ("fund-field-2", json!(["field"])),
            ("fund-phone", json!(["field"])),
            ("fund-both", json!(["assign", "field", "intake"])),
        ] {
            world.add("", "fund-admin", "key.granted", json!({"key": format!("$key:{key}"), "organization": "fund", "roles": roles}));
        }
        world.add("", hall, "item.defined", json!({"category": "cash", "decimals": 2, "item": "USD", "name": name, "type": "money"}));
        let repair = json!({"category": "work", "decimals": 1, "item": "repair", "name": name, "type": "service", "unit": "hour"});
        world.add("", hall, "item.defined", repair);
        let household =
            |who: &str| json!({"programme": "winter", "recipient": format!("$token:{who}"), "region": "north", "type": "household"});
        let mut eve = household("eve");
        eve["key"] = json!("$key:eve-card");
        world.add("eve", "fund-intake", "recipient.enrolled", eve);
        world.add("dan", "fund-intake", "recipient.enrolled", household("dan"));
        let gus = json!({"programme": "winter", "recipient": "$token:gus", "region": "south", "type": "facility"});
        world.add("gus", "fund-intake", "recipient.enrolled", gus);
        world.add("gone", "fund-intake", "recipient.withdrawn", json!({"reason": "moved", "recipient": "$token:gus"}));
        let lines = json!([{"item": "rice", "quantity": "5.000"}, {"item": "blanket", "quantity": "3"}]);
        world.add("lack", "fund-intake", "need.recorded", json!({"lines": lines, "recipient": "$token:ann"}));
        let lines = json!([{"item": "rice", "quantity": "1.000"}]);
        world.add("lack-bob", "fund-intake", "need.recorded", json!({"lines": lines, "recipient": "$token:bob"}));
        world.gifts();
        let lots = json!([{"cost": "150.00", "item": "rice", "quantity": "10.000"}, {"cost": "50.00", "item": "blanket", "quantity": "5"}]);
        let draws = json!([{"lot": "$cash.0", "quantity": "200.00"}]);
        world.add("bought", "fund-finance", "purchase.made", json!({"draws": draws, "lots": lots}));
        let draws = json!([{"lot": "$gift.1", "quantity": "20.000"}, {"lot": "$gift.2", "quantity": "10"}]);
        world.add("cart", "fund-assign", "transfer.sent", json!({"draws": draws, "to": "kitchen"}));
        let draws = json!([{"lot": "$gift.1", "quantity": "5.000"}]);
        world.add("van", "fund-finance", "transfer.sent", json!({"draws": draws, "to": "kitchen"}));
        let draws = json!([{"lot": "$gift.1", "quantity": "4.000"}]);
        world.add("arrived", "kitchen-assign", "transfer.accepted", json!({"draws": draws, "transfer": "$van"}));
        world.help();
        for (volunteer, signer, key) in
            [("vera", "fund-admin", Some("$key:fund-phone")), ("max", "fund-intake", None), ("kim", "kitchen-admin", None)]
        {
            let mut body = json!({"volunteer": format!("$token:{volunteer}")});
            if let Some(key) = key {
                body["key"] = json!(key);
            }
            world.add(volunteer, signer, "volunteer.joined", body);
        }
        let shift = json!({"activity": "packing", "day": "2026-01-30", "minutes": 600, "volunteer": "$token:max"});
        world.add("shift", "fund-assign", "service.recorded", shift);
        world
    }

    fn gifts(&mut self) {
        let donor = json!({"type": "anonymous"});
        let kzt = |quantity: &str| json!([{"item": "KZT", "quantity": quantity}]);
        self.add("promise", "fund-finance", "donation.pledged", json!({"donor": donor, "lines": kzt("500.00")}));
        let word = json!([{"item": "rice", "quantity": "9.000"}]);
        self.add("word", "fund-finance", "donation.pledged", json!({"donor": donor, "lines": word}));
        let kept = json!({"donor": donor, "lots": kzt("100.00"), "pledge": "$promise", "receipt": format!("$hash:{RECEIPT_CODE}")});
        self.add("kept", "fund-finance", "donation.received", kept);
        let cash = json!([{"item": "KZT", "quantity": "2000.00"}, {"item": "USD", "quantity": "100.00"}]);
        self.add("cash", "fund-finance", "donation.received", json!({"donor": donor, "lots": cash}));
        self.add("till", "kitchen-finance", "donation.received", json!({"donor": donor, "lots": kzt("50.00")}));
        for (gift, restrictions) in [
            ("for-food", json!({"categories": ["food"]})),
            ("for-rice", json!({"items": ["rice"]})),
            ("for-winter", json!({"programmes": ["winter"]})),
            ("for-north", json!({"regions": ["north"]})),
            ("by-march", json!({"use_by": "2026-03-31"})),
        ] {
            let body = json!({"donor": donor, "lots": kzt("100.00"), "restrictions": restrictions});
            self.add(gift, "fund-finance", "donation.received", body);
        }
    }

    fn help(&mut self) {
        let draws = |lot: &str, quantity: &str| json!([{"lot": lot, "quantity": quantity}]);
        let parcel = |who: &str, draws: Value| json!({"draws": draws, "programme": "winter", "recipient": format!("$token:{who}")});
        self.add("basket", "fund-assign", "assignment.made", parcel("eve", draws("$gift.1", "5.000")));
        self.add("visit", "fund-field", "delivery.made", json!({"assignment": "$basket", "draws": draws("$gift.1", "2.000")}));
        self.add("meal", "kitchen-assign", "assignment.made", parcel("ann", draws("$meals.0", "5.000")));
        self.add("served", "kitchen-field", "delivery.made", json!({"assignment": "$meal", "draws": draws("$meals.0", "1.000")}));
        self.add("done", "fund-assign", "assignment.made", parcel("dan", draws("$gift.2", "1")));
        self.add("handed", "fund-field", "delivery.made", json!({"assignment": "$done", "draws": draws("$gift.2", "1")}));
        self.add("dropped", "fund-assign", "assignment.made", parcel("dan", draws("$gift.2", "1")));
        self.add("drop", "fund-assign", "assignment.cancelled", json!({"assignment": "$dropped", "reason": "not-needed"}));
        self.add("complaint", "fund-intake", "delivery.disputed", json!({"delivery": "$visit", "reason": "less-received"}));
    }
}
