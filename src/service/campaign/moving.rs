//! What moves without reaching anybody yet: transfers between organizations, what is paid and lost, and what is counted on the shelves.

use std::collections::BTreeMap;

use crate::canonical::Text;
use crate::event::kinds::*;
use crate::event::{Body, Date, EventId, LotId};
use crate::service::campaign::planted::day;
use crate::service::campaign::qarasu::CARRIERS;
use crate::service::campaign::story::{Story, Undo};
use crate::service::simulate::goods::{GOODS, MONEY, code, item};
use crate::service::simulate::stock::{Lot, draws};

/// The days on which everybody counts.
const COUNTS: [&str; 4] = ["2025-11-29", "2025-12-30", "2026-01-30", "2026-02-27"];

/// A transfer on its way.
pub(super) struct Underway {
    event: EventId,
    to: usize,
    part: Lot,
    /// How much of it will be missing, in minor units.
    short: u64,
    arrives: Date,
}

impl Story {
    // ---- transfers

    /// Sends some of what there is much of to another organization that gives the same.
    pub(super) fn send(&mut self, desk: usize) {
        let work = self.desks[desk].plan.work;
        let goods: Vec<_> = work.iter().flat_map(|(_, goods)| goods.iter().copied()).filter(|good| *good != "KZT").collect();
        if goods.is_empty() {
            return;
        }
        let good = *self.random.pick(&goods);
        let gives = |place: &usize| self.desks[*place].plan.work.iter().any(|(_, goods)| goods.contains(&good));
        let others: Vec<_> = (0..self.desks.len()).filter(|place| *place != desk).filter(gives).collect();
        let free = self.desks[desk].shelf.largest(item(good), |limits| limits.programme.is_none());
        let (Some(lot), false) = (free, others.is_empty()) else { return };
        let quantity = lot.quantity / 4 / GOODS[lot.item].unit_minor() * GOODS[lot.item].unit_minor();
        if quantity == 0 {
            return;
        }
        let (to, carrier) = (*self.random.pick(&others), *self.random.pick(&CARRIERS));
        // One in eight arrives with a torn bag or a broken box.
        let short = if self.random.chance(120) { quantity / self.random.between(60, 150) } else { 0 };
        self.send_with(desk, to, lot, quantity, carrier, short);
    }

    pub(super) fn send_with(&mut self, desk: usize, to: usize, lot: Lot, quantity: u64, carrier: &str, short: u64) {
        let part = self.desks[desk].shelf.take_from(lot.id, quantity);
        self.waybills += 1;
        let arrives = Date(self.now.date().0 + self.random.between(1, 3) as i32);
        let body = TransferSent {
            carrier: Some(code(carrier)),
            draws: draws(&[part]),
            due: Some(Date(arrives.0 + 2)),
            reference: None,
            to: code(self.desks[to].plan.code),
            waybill: Some(Text(format!("TTN {}", self.waybills))),
        };
        let event = self.write(self.desks[desk].assign, Body::TransferSent(body));
        self.underway.push(Underway { event, to, part, short, arrives });
    }

    /// What was sent for today arrives.
    pub(super) fn receive_transfers(&mut self, today: Date) {
        let (here, underway): (Vec<_>, Vec<_>) = std::mem::take(&mut self.underway).into_iter().partition(|sent| sent.arrives <= today);
        self.underway = underway;
        for Underway { event: transfer, to, part, short, .. } in here {
            let arrived = Lot { quantity: part.quantity - short, ..part };
            let evidence = (short > 0).then(|| self.hash());
            let body = TransferAccepted { draws: Some(draws(&[arrived])), evidence, reference: None, transfer };
            let event = self.write(self.desks[to].assign, Body::TransferAccepted(body));
            self.desks[to].shelf.put(Lot { id: LotId { event, line: 0 }, ..arrived });
        }
    }

    // ---- money spent, goods lost

    /// Pays for what aid costs beside the goods; now and then for what the office costs, well below what was agreed.
    pub(super) fn pay(&mut self, desk: usize) {
        let Some(money) = self.desks[desk].shelf.largest(MONEY, |_| true) else { return };
        let amount = self.random.between(30, 240) * 50_000;
        if money.quantity < amount {
            return;
        }
        let row = &self.desks[desk];
        let small = (row.overhead + amount / 4) * 1000 <= row.spent * 70;
        if small && money.limits.programme.is_none() && money.limits.district.is_none() {
            let purpose = *self.random.pick(&[Purpose::BankFees, Purpose::Communication, Purpose::Office, Purpose::Rent]);
            self.pay_from(desk, money, amount / 4, None, purpose);
        } else {
            let programme = money.limits.programme.map_or(row.plan.work[0].0.to_owned(), |programme| programme.to_string());
            let purpose = *self.random.pick(&[Purpose::Fuel, Purpose::Storage, Purpose::Transport, Purpose::Transport]);
            self.pay_from(desk, money, amount, Some(&programme), purpose);
        }
    }

    fn pay_from(&mut self, desk: usize, money: Lot, amount: u64, programme: Option<&str>, purpose: Purpose) {
        let part = self.desks[desk].shelf.take_from(money.id, amount);
        self.write_expense(desk, part, programme, purpose);
    }

    pub(super) fn write_expense(&mut self, desk: usize, part: Lot, programme: Option<&str>, purpose: Purpose) -> EventId {
        let body = Body::ExpensePaid(ExpensePaid {
            draws: draws(&[part]),
            evidence: self.random.chance(800).then(|| self.hash()),
            programme: programme.map(code),
            purpose,
            reference: Some(self.hash()),
            region: part.limits.district,
        });
        self.approve_draft(desk, &body, part.quantity);
        let event = self.write(self.desks[desk].finance, body);
        let row = &mut self.desks[desk];
        row.spent += part.quantity;
        row.overhead += if programme.is_none() { part.quantity } else { 0 };
        event
    }

    /// Something is broken or spoiled.
    pub(super) fn lose(&mut self, desk: usize) {
        let goods = self.desks[desk].shelf.lots().iter().filter(|lot| lot.item != MONEY && GOODS[lot.item].category != "service");
        let Some(lot) = goods.max_by_key(|lot| lot.quantity).copied() else { return };
        let unit = GOODS[lot.item].unit_minor();
        let quantity = (lot.quantity / 40 / unit).max(1) * unit;
        if quantity > lot.quantity {
            return;
        }
        let food = GOODS[lot.item].category == "food";
        let reason = if food && self.random.chance(500) { LossReason::Spoiled } else { LossReason::Damaged };
        self.write_off(desk, lot, quantity, reason);
    }

    fn write_off(&mut self, desk: usize, lot: Lot, quantity: u64, reason: LossReason) {
        let part = self.desks[desk].shelf.take_from(lot.id, quantity);
        let body = LossRecorded { draws: draws(&[part]), evidence: Some(self.hash()), reason, reference: None };
        self.write(self.desks[desk].assign, Body::LossRecorded(body));
    }

    // ---- counts

    /// Once a month everybody counts what is there.
    pub(super) fn count_stock(&mut self, today: Date) {
        if !COUNTS.iter().any(|text| day(text) == today) {
            return;
        }
        for desk in 0..self.desks.len() {
            let mut counts = self.on_hand(desk);
            self.miscount(desk, today, &mut counts);
            // Who keeps the shelf found a torn bag: two kilograms less than the books say, and writes them off.
            let torn = GOODS[item("flour")].unit_minor() * 2;
            let short = (today == day(COUNTS[1]) && self.desks[desk].plan.code == "nan-bank").then(|| item("flour"));
            if let Some(place) = short {
                counts.entry(place).and_modify(|minor| *minor -= torn);
            }
            let typo = today == day(COUNTS[2]) && self.desks[desk].plan.code == "besik";
            if typo {
                let wrong = counts.iter().map(|(place, minor)| (*place, minor / 10)).collect();
                let event = self.write_count(desk, &wrong);
                self.undo.push(Undo::Twice { device: self.desks[desk].assign, event });
            }
            self.write_count(desk, &counts);
            if let Some(lot) = short.and_then(|place| self.desks[desk].shelf.largest(place, |_| true)) {
                self.write_off(desk, lot, torn, LossReason::Missing);
            }
        }
    }

    fn write_count(&mut self, desk: usize, counts: &BTreeMap<usize, u64>) -> EventId {
        let line = |(place, minor): (&usize, &u64)| LotLine { item: code(GOODS[*place].code), quantity: GOODS[*place].quantity(*minor) };
        let body = StockCounted { counts: counts.iter().map(line).collect(), evidence: None, reference: None };
        self.write(self.desks[desk].assign, Body::StockCounted(body))
    }

    /// What the books say is on hand of all that the organization gives, and of money.
    fn on_hand(&self, desk: usize) -> BTreeMap<usize, u64> {
        let row = &self.desks[desk];
        let goods = row.plan.work.iter().flat_map(|(_, goods)| goods.iter().map(|good| item(good)));
        // Nobody counts hours on a shelf.
        let places = goods.chain([MONEY]).filter(|place| GOODS[*place].category != "service");
        let aside = |place| row.aside.iter().filter(|lot| lot.item == place).map(|lot| lot.quantity).sum::<u64>();
        places.map(|place| (place, row.shelf.held(place) + aside(place))).collect()
    }
}
