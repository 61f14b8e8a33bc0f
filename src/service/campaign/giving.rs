//! What comes in: gifts, promised and not, those that go back, and what is bought for money.

use crate::canonical::{Set, Text};
use crate::crypto::Blake3Hash;
use crate::event::kinds::*;
use crate::event::{Body, Code, Date, EventId, LotId, Quantity};
use crate::service::campaign::qarasu::{AKIMAT, DISTRICTS, DONORS};
use crate::service::campaign::story::{BANDS, Story, Undo};
use crate::service::simulate::goods::{GOODS, MONEY, code, item, price};
use crate::service::simulate::stock::{Limits, Lot, draws};

/// A pledge that will be kept.
pub(super) struct Pledged {
    event: EventId,
    donor: Donor,
    lines: Vec<LotLine>,
    /// When it is kept.
    day: Date,
}

/// A bill: what is bought of what, in minor units, and what it costs.
pub(super) struct BillLine {
    pub place: usize,
    pub quantity: u64,
    pub cost: u64,
}

impl Story {
    /// A gift of one of the goods, or of money to buy them for.
    pub(super) fn donate(&mut self, desk: usize, goods: &[&str]) {
        let for_purchases = !goods.contains(&"KZT") && self.random.chance(550);
        let good = if for_purchases { &GOODS[MONEY] } else { &GOODS[item(goods[self.random.below(goods.len() as u64) as usize])] };
        let limits = Limits {
            programme: self.random.chance(160).then(|| code(self.desks[desk].plan.work[0].0)),
            district: self.random.chance(110).then(|| code(self.random.pick(&DISTRICTS).0)),
            use_by: None,
        };
        let limits = if good.category == "food" && self.random.chance(80) {
            Limits { use_by: Some(Date(self.now.date().0 + 90)), ..limits }
        } else {
            limits
        };
        // Many give a little and a few give much.
        let share = if self.random.chance(120) { 1 } else { 8 };
        let minor = self.random.between(good.gift.0, good.gift.1) / if for_purchases { share.min(2) } else { share };
        let unit = good.unit_minor().max(good.gift.0 / 100);
        let mut body = gift(self.donor(), code(good.code), good.quantity(minor.max(unit) / unit * unit), &limits, None);
        self.with_receipt(&mut body);
        if self.random.chance(35) {
            let mut wrong = body.clone();
            wrong.lots[0].quantity.minor *= 10;
            let event = self.write(self.desks[desk].finance, Body::DonationReceived(wrong.clone()));
            self.put_aside(desk, event, &wrong, Limits::default());
            // A receipt is used once: the right entry gets another.
            self.with_receipt(&mut body);
            self.undo.push(Undo::Gift { desk, event, again: body });
        } else {
            self.receive(desk, body);
        }
    }

    /// Individual donors get a receipt with a code, by which they find what became of their gift.
    fn with_receipt(&mut self, body: &mut DonationReceived) {
        if body.donor.r#type == DonorType::Individual {
            body.receipt = Some(Blake3Hash::of(self.random.slip_code().as_bytes()));
        }
    }

    /// Enters a gift and puts it on the shelf.
    pub(super) fn receive(&mut self, desk: usize, body: DonationReceived) -> EventId {
        let limits = body.restrictions.as_ref().map_or(Limits::default(), |restrictions| Limits {
            programme: restrictions.programmes.as_ref().and_then(|set| set.iter().next().copied()),
            district: restrictions.regions.as_ref().and_then(|set| set.iter().next().copied()),
            use_by: restrictions.use_by,
        });
        let event = self.write(self.desks[desk].finance, Body::DonationReceived(body.clone()));
        lots_of(event, &body, limits).for_each(|lot| self.desks[desk].shelf.put(lot));
        self.desks[desk].gifts.push(event);
        event
    }

    /// Enters a gift that nobody uses as others are used.
    pub(super) fn receive_aside(&mut self, desk: usize, body: DonationReceived, limits: Limits) {
        let event = self.write(self.desks[desk].finance, Body::DonationReceived(body.clone()));
        self.put_aside(desk, event, &body, limits);
    }

    fn put_aside(&mut self, desk: usize, event: EventId, body: &DonationReceived, limits: Limits) {
        self.desks[desk].aside.extend(lots_of(event, body, limits));
    }

    fn donor(&mut self) -> Donor {
        match self.random.below(10) {
            0..4 => Donor { commitment: Some(self.hash()), name: None, r#type: DonorType::Individual },
            4..8 => named(self.random.pick::<&str>(&DONORS), DonorType::Organization),
            8 => named(AKIMAT.1[0], DonorType::Government),
            _ => Donor { commitment: None, name: None, r#type: DonorType::Anonymous },
        }
    }

    pub(super) fn hash(&mut self) -> Blake3Hash {
        Blake3Hash(self.random.bytes())
    }

    // ---- pledges

    /// Somebody promises money or goods; all but few bring it about when they said.
    pub(super) fn pledge(&mut self, desk: usize) {
        let (_, goods) = *self.random.pick(self.desks[desk].plan.work);
        let good = if self.random.chance(500) { &GOODS[MONEY] } else { &GOODS[item(self.random.pick::<&str>(goods))] };
        let unit = good.unit_minor().max(good.gift.0 / 20);
        let minor = (self.random.between(good.gift.0, good.gift.1) / 4).max(unit) / unit * unit;
        let donor = named(self.random.pick::<&str>(&DONORS), DonorType::Organization);
        let lines = vec![LotLine { item: code(good.code), quantity: good.quantity(minor) }];
        let due = Date(self.now.date().0 + self.random.between(6, 24) as i32);
        let body = DonationPledged { donor: donor.clone(), due: Some(due), lines: lines.clone(), reference: None };
        let event = self.write(self.desks[desk].finance, Body::DonationPledged(body));
        // Some come early, some a week late.
        let day = Date(due.0 - 4 + self.random.between(0, 10) as i32);
        self.desks[desk].pledges.push(Pledged { event, donor, lines, day });
    }

    /// What was promised for today comes, in one piece or in two.
    pub(super) fn keep_pledges(&mut self, desk: usize, today: Date) {
        let pledges = std::mem::take(&mut self.desks[desk].pledges);
        let (due, later): (Vec<_>, Vec<_>) = pledges.into_iter().partition(|pledge| pledge.day <= today);
        self.desks[desk].pledges = later;
        for pledge in due {
            let mut lots = pledge.lines.clone();
            let half = lots[0].quantity.minor / 2;
            if self.random.chance(200) && half > 0 {
                lots[0].quantity.minor -= half;
                let mut rest = pledge.lines.clone();
                rest[0].quantity.minor = half;
                let donor = pledge.donor.clone();
                self.desks[desk].pledges.push(Pledged { event: pledge.event, donor, lines: rest, day: Date(today.0 + 5) });
            }
            let LotLine { item, quantity } = lots.remove(0);
            let body = DonationReceived { pledge: Some(pledge.event), ..gift(pledge.donor, item, quantity, &Limits::default(), None) };
            self.receive(desk, body);
        }
    }

    /// A part of a gift goes back to who gave it.
    pub(super) fn give_back(&mut self, desk: usize) {
        let row = &self.desks[desk];
        let given = row.shelf.lots().iter().filter(|lot| row.gifts.contains(&lot.id.event) && lot.item != MONEY);
        let (finance, Some(lot)) = (row.finance, given.max_by_key(|lot| lot.quantity).copied()) else { return };
        let unit = GOODS[lot.item].unit_minor();
        let quantity = lot.quantity / 4 / unit * unit;
        if quantity == 0 {
            return;
        }
        let part = self.desks[desk].shelf.take_from(lot.id, quantity);
        let reason = *self.random.pick(&[ReturnReason::Surplus, ReturnReason::NotUsable, ReturnReason::DonorRequest]);
        let body = DonationReturned { donation: lot.id.event, draws: draws(&[part]), reason, reference: None };
        self.write(finance, Body::DonationReturned(body));
    }

    // ---- purchases

    /// Buys some of the goods for money on the shelf, at about their usual price. Whether there was money enough.
    pub(super) fn buy_some(&mut self, desk: usize, goods: &[&str]) -> bool {
        let for_sale: Vec<_> = goods.iter().map(|good| item(good)).filter(|place| price(*place).is_some()).collect();
        if for_sale.is_empty() {
            return false;
        }
        let Some(money) = self.desks[desk].shelf.largest(MONEY, |_| true) else { return false };
        let mut bill = Vec::new();
        let mut left = money.quantity;
        for _ in 0..if for_sale.len() > 1 && self.random.chance(200) { 2 } else { 1 } {
            let place = *self.random.pick(&for_sale);
            let good = &GOODS[place];
            // Prices differ from shop to shop and from day to day.
            let per_unit = price(place).expect("it is for sale") * self.random.between(90, 112) / 100;
            let wanted = self.random.between(good.gift.0, good.gift.1) / self.random.between(3, 9) / good.unit_minor();
            let mut units = wanted.min(left / per_unit);
            if BANDS.iter().any(|(from, _)| (from / 100 * 92..*from).contains(&(units * per_unit))) {
                // Nobody wants to be asked why it is just below what needs an approval.
                units = units * 9 / 10;
            }
            if units < good.gift.0 / good.unit_minor() / 12 + 1 || bill.iter().any(|line: &BillLine| line.place == place) {
                break;
            }
            left -= units * per_unit;
            bill.push(BillLine { place, quantity: units * good.unit_minor(), cost: units * per_unit });
        }
        if bill.is_empty() {
            return false;
        }
        self.buy(desk, money, &bill);
        true
    }

    /// Buys what a bill says for money of one lot on the shelf, and puts it there.
    pub(super) fn buy(&mut self, desk: usize, money: Lot, bill: &[BillLine]) -> EventId {
        let cost = bill.iter().map(|line| line.cost).sum();
        let paid = self.desks[desk].shelf.take_from(money.id, cost);
        let line = |line: &BillLine| {
            let good = &GOODS[line.place];
            PurchaseLine { cost: GOODS[MONEY].quantity(line.cost), item: code(good.code), quantity: good.quantity(line.quantity) }
        };
        let body = Body::PurchaseMade(PurchaseMade {
            draws: draws(&[paid]),
            evidence: self.random.chance(700).then(|| self.hash()),
            lots: bill.iter().map(line).collect(),
            reference: Some(self.hash()),
            supplier: Some(self.hash()),
        });
        self.approve_draft(desk, &body, cost);
        let event = self.write(self.desks[desk].finance, body);
        self.desks[desk].spent += cost;
        for (line, bought) in bill.iter().enumerate() {
            let id = LotId { event, line: line as u16 };
            let BillLine { place, quantity, .. } = *bought;
            self.desks[desk].shelf.put(Lot { id, item: place, decimals: GOODS[place].decimals, quantity, limits: money.limits });
        }
        event
    }

    /// Other keys of the organization agree to what is about to be paid, as many as the policy asks for.
    pub(super) fn approve_draft(&mut self, desk: usize, body: &Body, minor: u64) {
        let needed = BANDS.iter().filter(|(from, _)| minor >= *from).map(|(_, approvals)| *approvals).max().unwrap_or(0);
        let desk = &self.desks[desk];
        for device in [desk.admin, desk.assign].into_iter().take(needed as usize) {
            let body = ApprovalGiven { assignment: None, draft: Some(draft_hash(body)) };
            self.write(device, Body::ApprovalGiven(body));
        }
    }
}

/// A donor with a name.
pub(super) fn named(name: &str, r#type: DonorType) -> Donor {
    Donor { commitment: None, name: Some(Text(name.to_owned())), r#type }
}

fn lots_of(event: EventId, body: &DonationReceived, limits: Limits) -> impl Iterator<Item = Lot> {
    body.lots.iter().enumerate().map(move |(line, lot)| {
        let Quantity { minor: quantity, decimals } = lot.quantity;
        Lot { id: LotId { event, line: line as u16 }, item: item(lot.item.as_str()), decimals, quantity, limits }
    })
}

/// The body of a gift of one lot.
pub(super) fn gift(donor: Donor, item: Code, quantity: Quantity, limits: &Limits, reference: Option<Blake3Hash>) -> DonationReceived {
    let restrictions = Restrictions {
        categories: None,
        items: None,
        programmes: limits.programme.map(|programme| Set::new(vec![programme])),
        regions: limits.district.map(|district| Set::new(vec![district])),
        use_by: limits.use_by,
    };
    let restrictions = (*limits != Limits::default()).then_some(restrictions);
    DonationReceived { donor, lots: vec![LotLine { item, quantity }], pledge: None, receipt: None, reference, restrictions }
}
