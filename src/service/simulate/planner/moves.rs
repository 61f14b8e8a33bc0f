//! A simulated organization's goods and money beside gifts and help: pledges, returns, purchases, transfers, expenses, losses, counts.

use super::work::reversal;
use super::{APPROVED_FROM, Correction, Planner};
use crate::canonical::Text;
use crate::event::kinds::*;
use crate::event::{Body, Date, EventId, LotId};
use crate::service::simulate::goods::{GOODS, MONEY, code, price};
use crate::service::simulate::stock::{Limits, Lot, draws};

impl Planner {
    // ---- pledges and returns

    pub(super) fn pledge(&mut self, office: usize) {
        let (donor, lines) = (self.donor(), vec![self.lot_line()]);
        let due = self.random.chance(700).then(|| Date(self.clock().date().0 + self.random.between(5, 40) as i32));
        let body = DonationPledged { donor: donor.clone(), due, lines: lines.clone(), reference: self.reference(100) };
        let wrong = self.mistake();
        let event = self.write(self.offices[office].finance, Body::DonationPledged(body));
        if wrong {
            self.undone_later(office, event, Role::Finance, Vec::new(), false);
        } else if self.random.chance(850) {
            // The rest is not kept.
            self.later(office, Correction::Pledge { event, donor, lots: lines }, 60, 400);
        }
    }

    pub(super) fn keep(&mut self, office: usize, pledge: EventId, donor: Donor, lots: Vec<LotLine>) {
        let receipt = (donor.r#type == DonorType::Individual).then(|| self.hash());
        let body = DonationReceived { donor, lots, pledge: Some(pledge), receipt, reference: self.reference(300), restrictions: None };
        let event = self.write(self.offices[office].finance, Body::DonationReceived(body.clone()));
        self.shelve(office, event, &body, Limits::default());
    }

    pub(super) fn give_back(&mut self, office: usize) {
        let row = &self.offices[office];
        let given = row.shelf.lots().iter().filter(|lot| row.gifts.contains(&lot.id.event) && lot.item != MONEY);
        let Some(lot) = given.max_by_key(|lot| lot.quantity).copied() else { return self.donate(office) };
        let part = self.offices[office].shelf.take_from(lot.id, lot.quantity.div_ceil(5));
        let reason = *self.random.pick(ReturnReason::ALL);
        let body = DonationReturned { donation: lot.id.event, draws: draws(&[part]), reason, reference: None };
        let wrong = self.mistake();
        let event = self.write(self.offices[office].finance, Body::DonationReturned(body));
        if wrong {
            self.undone_later(office, event, Role::Finance, vec![part], false);
        }
    }

    // ---- purchases and expenses

    /// The largest lot of money that may be spent today.
    fn money(&self, office: usize) -> Option<Lot> {
        let today = self.clock().date();
        self.offices[office].shelf.largest(MONEY, |limits| limits.use_by.is_none_or(|day| today <= day))
    }

    pub(super) fn buy(&mut self, office: usize) {
        let (Some(money), place) = (self.money(office), self.random.between(1, GOODS.len() as u64 - 1) as usize) else {
            return self.donate(office);
        };
        let (good, Some(usual)) = (&GOODS[place], price(place)) else { return self.assign(office) };
        let each = usual * self.random.between(86, 116) / 100;
        let units = (self.random.between(good.gift.0, good.gift.1) / 12 / good.unit_minor()).min(money.quantity / each);
        if units == 0 {
            return self.donate(office);
        }
        let (cost, quantity) = (units * each, units * good.unit_minor());
        let paid = self.offices[office].shelf.take_from(money.id, cost);
        let line = PurchaseLine { cost: GOODS[MONEY].quantity(cost), item: code(good.code), quantity: good.quantity(quantity) };
        let body = Body::PurchaseMade(PurchaseMade {
            draws: draws(&[paid]),
            evidence: self.reference(700),
            lots: vec![line],
            reference: self.reference(500),
            supplier: self.reference(800),
        });
        if cost >= APPROVED_FROM {
            let draft = Some(draft_hash(&body));
            self.write(self.offices[office].assign, Body::ApprovalGiven(ApprovalGiven { assignment: None, draft }));
        }
        let wrong = self.mistake();
        let event = self.write(self.offices[office].finance, body);
        if wrong {
            self.undone_later(office, event, Role::Finance, vec![paid], true);
        } else {
            let id = LotId { event, line: 0 };
            self.offices[office].shelf.put(Lot { id, item: place, decimals: good.decimals, quantity, limits: money.limits });
        }
    }

    pub(super) fn pay(&mut self, office: usize) {
        let Some(money) = self.money(office) else { return self.donate(office) };
        let amount = (self.random.between(2, 40) * 10_000).min(money.quantity);
        let part = self.offices[office].shelf.take_from(money.id, amount);
        // One in eight is overhead, if the money may be spent on anything.
        let free = part.limits.programme.is_none() && part.limits.district.is_none();
        let programme = if free && self.random.chance(125) {
            None
        } else {
            let mut open = self.programmes.iter().filter(|programme| programme.takes(office)).map(|programme| programme.code);
            part.limits.programme.or_else(|| open.next_back())
        };
        let body = ExpensePaid {
            draws: draws(&[part]),
            evidence: self.reference(600),
            programme,
            purpose: *self.random.pick(Purpose::ALL),
            reference: self.reference(500),
            region: part.limits.district,
        };
        let wrong = self.mistake();
        let event = self.write(self.offices[office].finance, Body::ExpensePaid(body));
        if wrong {
            self.undone_later(office, event, Role::Finance, vec![part], false);
        }
    }

    // ---- transfers

    pub(super) fn send(&mut self, office: usize) {
        let others: Vec<usize> = (0..self.offices.len()).filter(|place| *place != office).collect();
        let to = *self.random.pick(&others);
        let goods = self.offices[office].shelf.lots().iter().filter(|lot| lot.item != MONEY && lot.limits == Limits::default());
        let Some(lot) = goods.max_by_key(|lot| lot.quantity / GOODS[lot.item].unit_minor()).copied() else { return self.donate(office) };
        let part = self.offices[office].shelf.take_from(lot.id, lot.quantity.div_ceil(3));
        let carrier = self.random.chance(700).then(|| code(self.random.pick::<&str>(&["city-cargo", "own-van", "steppe-trans"])));
        let waybill = self.random.chance(700).then(|| Text(format!("TTN {}", self.random.below(100_000))));
        let due = self.random.chance(600).then(|| Date(self.clock().date().0 + 5));
        let body = TransferSent { carrier, draws: draws(&[part]), due, reference: self.reference(100), to: self.offices[to].code, waybill };
        let wrong = self.mistake();
        let event = self.write(self.offices[office].assign, Body::TransferSent(body));
        if wrong {
            self.undone_later(office, event, Role::Assign, vec![part], false);
        } else {
            self.later(to, Correction::Arrival { event, part }, 30, 250);
        }
    }

    pub(super) fn accept(&mut self, office: usize, transfer: EventId, part: Lot) {
        // One in ten is short by a little; one in three hundred never arrives.
        let short = if self.random.chance(100) { part.quantity.div_ceil(80).min(part.quantity - 1) } else { 0 };
        let arrived = (!self.random.chance(3)).then_some(Lot { quantity: part.quantity - short, ..part });
        let body = TransferAccepted {
            draws: arrived.map(|arrived| draws(&[arrived])),
            evidence: self.reference(200),
            reference: self.reference(100),
            transfer,
        };
        let event = self.write(self.offices[office].assign, Body::TransferAccepted(body));
        if let Some(arrived) = arrived {
            self.offices[office].shelf.put(Lot { id: LotId { event, line: 0 }, ..arrived });
        }
    }

    // ---- losses and counts

    pub(super) fn lose(&mut self, office: usize) {
        let goods = self.offices[office].shelf.lots().iter().filter(|lot| lot.item != MONEY);
        let Some(lot) = goods.max_by_key(|lot| lot.quantity).copied() else { return self.donate(office) };
        let reason = *self.random.pick(&[LossReason::Damaged, LossReason::Spoiled, LossReason::Missing, LossReason::Stolen]);
        self.write_off(office, lot, lot.quantity.div_ceil(50), reason);
    }

    pub(super) fn write_off(&mut self, office: usize, lot: Lot, quantity: u64, reason: LossReason) {
        let part = self.offices[office].shelf.take_from(lot.id, quantity);
        let body = LossRecorded { draws: draws(&[part]), evidence: self.reference(400), reason, reference: None };
        let wrong = self.mistake();
        let event = self.write(self.offices[office].assign, Body::LossRecorded(body));
        if wrong {
            self.undone_later(office, event, Role::Assign, vec![part], false);
        }
    }

    /// Counts what is there of a few goods, when the books hold nothing that was entered in error.
    pub(super) fn count(&mut self, office: usize) {
        if self.offices[office].wrong_lots > 0 {
            return self.assign(office);
        }
        let first = self.random.below(GOODS.len() as u64) as usize;
        let places = (0..4).map(|turn| (first + turn) % GOODS.len());
        let row = &self.offices[office];
        let line = |place: usize| LotLine { item: code(GOODS[place].code), quantity: GOODS[place].quantity(row.shelf.held(place)) };
        let mut counts: Vec<_> = places.map(line).collect();
        if self.random.chance(40) {
            // Nobody counts without a slip.
            let slip = GOODS[first].unit_minor();
            counts[0].quantity.minor = counts[0].quantity.minor.saturating_sub(slip);
        }
        let body = StockCounted { counts, evidence: self.reference(100), reference: None };
        let wrong = self.mistake();
        let event = self.write(self.offices[office].assign, Body::StockCounted(body));
        if wrong {
            self.undone_later(office, event, Role::Assign, Vec::new(), false);
        }
    }

    // ---- errors on which nothing depends

    pub(super) fn undone_later(&mut self, office: usize, event: EventId, role: Role, back: Vec<Lot>, made_lots: bool) {
        self.offices[office].wrong_lots += u32::from(made_lots);
        self.later(office, Correction::Plain { event, role, back, made_lots }, 5, 60);
    }

    pub(super) fn undo(&mut self, office: usize, event: EventId, role: Role, back: Vec<Lot>, made_lots: bool) {
        let by = match role {
            Role::Finance => self.offices[office].finance,
            Role::Field => self.any_field(office),
            _ => self.offices[office].assign,
        };
        let reason = *self.random.pick(&[ReversalReason::EnteredTwice, ReversalReason::DidNotHappen, ReversalReason::Other]);
        self.write(by, reversal(event, reason));
        self.offices[office].wrong_lots -= u32::from(made_lots);
        back.into_iter().for_each(|part| self.offices[office].shelf.put(part));
    }
}
