//! What an auditor should ask about, in money, goods and evidence; and what only looks like it. See the table in [`campaign`](super).

use std::collections::BTreeMap;

use crate::crypto::Blake3Hash;
use crate::event::kinds::*;
use crate::event::{Body, Date, LotId, Quantity};
use crate::service::campaign::giving::{BillLine, gift, named};
use crate::service::campaign::helping::Wish;
use crate::service::campaign::moment;
use crate::service::campaign::planted::day;
use crate::service::campaign::qarasu::SHELTERS;
use crate::service::campaign::story::{BANDS, Story};
use crate::service::campaign::witnesses::Open;
use crate::service::simulate::goods::{GOODS, MONEY, code, item, names, price};
use crate::service::simulate::stock::{Limits, Person};

/// What the losing carrier brings, to whom, in whole units.
const LOADS: [(&str, &str, u64); 10] = [
    ("flour", "korshi", 400),
    ("food-parcel", "meyirim", 90),
    ("rice", "besik", 240),
    ("food-parcel", "tirek", 80),
    ("oil", "aq-bata", 120),
    ("flour", "bereke", 500),
    ("rice", "jas-qanat", 200),
    ("food-parcel", "asar", 70),
    ("oil", "korshi", 110),
    ("food-parcel", "aq-bata", 85),
];

/// Homes and schools get money to mend their boilers, on which others must agree: day, which, how much in minor units.
const GRANTS: [(&str, usize, u64); 4] =
    [("2025-12-02", 0, 120_000_000), ("2025-12-16", 1, 185_000_000), ("2026-01-13", 2, 340_000_000), ("2026-02-10", 3, 155_000_000)];

/// What is bought by plan, for money that has come for it: day, who, what, how many whole units, in hundredths of the usual price.
const PURCHASES: [(&str, &str, &str, u64, u64); 11] = [
    ("2025-11-26", "jyly-uy", "heater", 180, 100),
    ("2025-12-05", "meyirim", "blanket", 160, 102),
    ("2025-12-11", "nan-bank", "flour", 4_200, 97),
    ("2025-12-17", "shipa", "medicine-kit", 95, 104),
    ("2025-12-23", "besik", "baby-formula", 60, 103),
    ("2026-01-06", "besik", "baby-formula", 290, 99),
    ("2026-01-15", "jyly-uy", "coal", 8_000, 210),
    ("2026-01-20", "sapar", "coal", 34_000, 101),
    ("2026-01-22", "korshi", "sugar", 150, 320),
    ("2026-02-04", "ardager", "heater", 64, 98),
    ("2026-02-09", "besik", "baby-formula", 45, 107),
];

impl Story {
    /// Whether an organization never has anything to show for a delivery.
    pub(super) fn claims_only(&self, desk: usize) -> bool {
        self.desks[desk].plan.code == "tirek"
    }

    /// What is kept in the vault to show that a delivery took place: a photograph, now and then; or the one that served before.
    pub(super) fn evidence(&mut self, desk: usize) -> Option<Blake3Hash> {
        let photo = self.random.chance(200).then(|| self.hash());
        let again = (day("2025-12-10")..=day("2026-02-15")).contains(&self.now.date()) && self.random.chance(220);
        match self.desks[desk].plan.code {
            "tirek" => None,
            "shipa" if again => Some(*self.plot.photo.get_or_insert_with(|| Blake3Hash(self.random.bytes()))),
            _ => photo,
        }
    }

    /// What is out of the ordinary with money and goods in a half-day.
    pub(super) fn unusual_stock(&mut self, today: Date) {
        if (self.now.0 % 86_400) >= 9 * 3600 {
            if today == day("2025-12-20") {
                self.distribute();
            }
            return;
        }
        self.shelters(today);
        match today {
            today if today == day("2025-11-18") => self.promise_much(),
            today if today == day("2025-12-01") => self.fund("senim", 260_000_000),
            today if today == day("2025-12-03") => self.fund("ardager", 1_300_000_000),
            today if today == day("2025-12-19") => self.prepare_distribution(),
            today if [day("2026-01-29"), day("2026-02-26")].contains(&today) => {
                let desk = self.desk("shipa");
                self.stock_up(desk, "medicine-kit", 90);
                self.stock_up(desk, "mask-box", 140);
            }
            _ => {}
        }
        for (_, organization, good, units, percent) in PURCHASES.into_iter().filter(|(text, ..)| day(text) == today) {
            self.buy_much(organization, good, units, percent);
        }
        if (day("2025-12-04")..=day("2026-02-20")).contains(&today) && (today.0 - day("2025-12-04").0) % 8 == 0 {
            self.send_by_the_losing_carrier((today.0 - day("2025-12-04").0) as usize / 8);
        }
        // Mondays; 1970-01-01 was a Thursday.
        if (today.0 + 3) % 7 == 0 && (day("2025-12-02")..=day("2026-02-22")).contains(&today) {
            let amount = self.random.between(110, 190) * 100_000;
            let purpose = if self.random.chance(500) { Purpose::Salaries } else { Purpose::Rent };
            self.pay_from_fund("senim", amount, None, purpose);
        }
        // Tuesdays.
        if (today.0 + 2) % 7 == 0 && (day("2025-12-04")..=day("2026-02-24")).contains(&today) {
            let amount = self.random.between(972, 998) * 100_000;
            self.pay_from_fund("ardager", amount, Some("warm-winter"), Purpose::Transport);
        }
    }

    // ---- money

    /// Money for one purpose, kept apart from what is used day by day.
    fn fund(&mut self, organization: &'static str, minor: u64) {
        let desk = self.desk(organization);
        let donor = named("Қарасу кәсіпкерлер қауымдастығы", DonorType::Organization);
        let body = gift(donor, code("KZT"), Quantity { minor, decimals: 2 }, &Limits::default(), None);
        self.receive_aside(desk, body, Limits::default());
        let lot = self.desks[desk].aside.last().expect("it was just put there").id;
        self.plot.funds.push((organization, lot));
    }

    fn pay_from_fund(&mut self, organization: &str, amount: u64, programme: Option<&str>, purpose: Purpose) {
        let desk = self.desk(organization);
        let of: LotId = self.plot.funds.iter().find(|(of, _)| *of == organization).expect("it has a fund").1;
        let lot = self.desks[desk].aside.iter_mut().find(|lot| lot.id == of).expect("the fund is aside");
        lot.quantity = lot.quantity.checked_sub(amount).expect("the fund is large enough for the winter");
        let part = crate::service::simulate::stock::Lot { quantity: amount, ..*lot };
        self.write_expense(desk, part, programme, purpose);
    }

    /// Buys a known quantity in whole units, at so many hundredths of the usual price, for money that has come for it.
    fn buy_much(&mut self, organization: &str, good: &str, units: u64, percent: u64) {
        let (desk, place) = (self.desk(organization), item(good));
        let cost = units * (price(place).expect("it is for sale") * percent / 100);
        let money = self.stock_up(desk, "KZT", cost);
        let event = self.buy(desk, money, &[BillLine { place, quantity: units * GOODS[place].unit_minor(), cost }]);
        if organization == "jyly-uy" && good == "coal" {
            // The mine stood still for a week, and everybody knows.
            let day = Date(self.now.date().0 + 2);
            self.open.push(Open { desk, event, flag: Some("price-outlier"), reason: Some(AnswerReason::PriceChange), day });
        }
    }

    fn promise_much(&mut self) {
        let desk = self.desk("besik");
        let lines = vec![LotLine { item: code("KZT"), quantity: Quantity { minor: 800_000_000, decimals: 2 } }];
        let donor = named("Steppe Relief Trust", DonorType::Organization);
        let body = DonationPledged { donor, due: Some(day("2025-12-15")), lines, reference: None };
        self.write(self.desks[desk].finance, Body::DonationPledged(body));
    }

    /// Nothing to ask about: large sums, with the approvals that the policy asks for.
    fn shelters(&mut self, today: Date) {
        let Some((_, which, minor)) = GRANTS.into_iter().find(|(text, ..)| day(text) == today) else { return };
        let desk = self.desk("jyly-uy");
        let (texts, district) = SHELTERS[which];
        let size = self.random.between(30, 140);
        let (mut body, person): (_, Person) = self.enrolment("warm-winter", district, RecipientType::Facility, size);
        body.name = Some(names(texts));
        let (intake, assign) = (self.desks[desk].intake, self.desks[desk].assign);
        self.write(intake, Body::RecipientEnrolled(body));
        self.stock_up(desk, "KZT", minor);
        let wish = Wish { goods: &["KZT"], quantity: Some(minor), need: None };
        let promise = self.promise(desk, &wish, &person, assign).expect("the money has just come");
        let needed = BANDS.iter().filter(|(from, _)| minor >= *from).count();
        for by in [self.desks[desk].admin, self.desks[desk].finance].into_iter().take(needed) {
            self.write(by, Body::ApprovalGiven(ApprovalGiven { assignment: Some(promise.id), draft: None }));
        }
        self.desks[desk].promises.push(promise);
    }

    // ---- goods

    fn send_by_the_losing_carrier(&mut self, turn: usize) {
        let (good, to, units) = LOADS[turn];
        let (desk, to, place) = (self.desk("nan-bank"), self.desk(to), item(good));
        let quantity = units * GOODS[place].unit_minor();
        let there = self.desks[desk].shelf.largest(place, |limits| *limits == Limits::default()).filter(|lot| lot.quantity >= quantity);
        let lot = there.unwrap_or_else(|| self.stock_up(desk, good, quantity));
        let short = quantity / 100 * self.random.between(13, 24);
        let short = if short == 0 { quantity * self.random.between(13, 24) / 100 } else { short };
        self.send_with(desk, to, lot, quantity, "jel-express", short);
    }

    /// A count that does not agree with the books.
    pub(super) fn miscount(&self, desk: usize, today: Date, counts: &mut BTreeMap<usize, u64>) {
        if self.desks[desk].plan.code == "shipa" && today >= day("2026-01-30") {
            for (good, missing) in [("medicine-kit", 17), ("mask-box", 40)] {
                counts.entry(item(good)).and_modify(|minor| *minor -= (*minor / 2).min(missing));
            }
        }
    }

    // ---- the day of the distribution

    /// On Friday the slips are written for all who will come on Saturday.
    fn prepare_distribution(&mut self) {
        let desk = self.desk("nan-bank");
        self.stock_up(desk, "food-parcel", 300);
        let (intake, by) = (self.desks[desk].intake, self.desks[desk].assign);
        let mut people = self.desks[desk].people["food-parcels"].clone();
        while people.len() < 34 {
            // Word goes round, and more families come to the reception.
            let person = self.household(desk, intake, "food-parcels", "shanyraq");
            people.push(person);
            self.desks[desk].people.entry("food-parcels").or_default().push(person);
        }
        for person in people.iter().rev().take(34) {
            let promise = self.promise(desk, &Wish::usual(&["food-parcel"]), person, by);
            self.plot.distribution.extend(promise);
        }
    }

    /// They come, by daylight, one after the other: it looks like a burst, and the food bank says why.
    fn distribute(&mut self) {
        let desk = self.desk("nan-bank");
        let phone = self.desks[desk].field[0];
        self.now = self.now.max(moment("2025-12-20T10:05:00Z"));
        let mut first = None;
        for promise in std::mem::take(&mut self.plot.distribution) {
            let event = self.hand_over(desk, promise, phone, self.now, None, false);
            first.get_or_insert(event);
        }
        let event = first.expect("the slips were written on Friday");
        self.open.push(Open { desk, event, flag: Some("burst"), reason: Some(AnswerReason::BulkDistribution), day: day("2025-12-22") });
    }
}

const _: () = assert!(MONEY == 0, "the bands and funds above are of money");
