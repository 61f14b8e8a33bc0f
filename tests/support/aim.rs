//! Points bodies of any content at things of the scene `season`, so that they come past the rules of existence.

use aidledger::canonical::Set;
use aidledger::crypto::{Blake3Hash, PublicKey};
use aidledger::event::kinds::*;
use aidledger::event::{Code, Draw, EventId, Kind, LotId, Quantity, Token};

use super::{SLIP_CODE, World, key};

/// The scene's lots with the decimals of their items.
const LOTS: [(&str, u16, u8); 15] = [
    ("gift", 0, 2),
    ("gift", 1, 3),
    ("gift", 2, 0),
    ("bound", 0, 3),
    ("meals", 0, 3),
    ("cash", 0, 2),
    ("cash", 1, 2),
    ("kept", 0, 2),
    ("for-food", 0, 2),
    ("for-rice", 0, 2),
    ("for-winter", 0, 2),
    ("for-north", 0, 2),
    ("by-march", 0, 2),
    ("bought", 1, 0),
    ("arrived", 0, 3),
];

struct Aim<'a> {
    world: &'a World,
    at: u64,
}

impl Aim<'_> {
    fn pick<'a>(&self, of: &[&'a str]) -> &'a str {
        of[self.at as usize % of.len()]
    }
    fn named(&self, of: &[&str]) -> EventId {
        self.world.names[self.pick(of)]
    }
    /// Any event there is; often one of those named.
    fn event(&self, of: &[&str]) -> EventId {
        if self.at.is_multiple_of(4) { self.world.state.ids.at((self.at / 4 % self.world.state.size()) as u32) } else { self.named(of) }
    }
    fn token(&self, of: &[&str]) -> Token {
        self.world.resolve(&format!("$token:{}", self.pick(of))).parse().expect("a token")
    }
    fn code(&self, of: &[&str]) -> Code {
        self.pick(of).parse().expect("a code")
    }
    fn key(&self, of: &[&str]) -> PublicKey {
        key(self.pick(of)).public()
    }
    /// An item, and mostly an amount in its decimals.
    fn line(&self, n: usize, item: &mut Code, quantity: &mut Quantity) {
        let (code, decimals) = [("KZT", 2), ("rice", 3), ("blanket", 0), ("USD", 2)][(self.at as usize + n) % 4];
        *item = code.parse().expect("a code");
        self.amount(quantity, decimals);
    }
    fn amount(&self, quantity: &mut Quantity, decimals: u8) {
        if !self.at.is_multiple_of(7) {
            quantity.decimals = decimals;
            quantity.minor %= 10_000;
        }
    }
    /// Quantities keep their size, or become small ones, and get the decimals of the item.
    fn draws(&self, old: &Set<Draw>) -> Set<Draw> {
        let aimed = old.iter().enumerate().map(|(i, draw)| {
            let (name, line, decimals) = LOTS[(self.at as usize + i) % LOTS.len()];
            let minor = if self.at.is_multiple_of(3) { draw.quantity.minor } else { draw.quantity.minor % 10_000 };
            Draw { lot: LotId { event: self.world.names[name], line }, quantity: Quantity { minor, decimals } }
        });
        let mut aimed: Vec<Draw> = aimed.collect();
        aimed.sort();
        aimed.dedup_by_key(|draw| draw.lot);
        Set::new(aimed)
    }
}

/// Which role's key signs a body; it may append the kind.
pub fn role(kind: Kind, at: u64) -> &'static str {
    let roles = aidledger::rules::check::roles_for(kind);
    roles[at as usize % roles.len()].word()
}

/// Changes what a body names; `at` chooses.
pub fn aim(world: &World, body: &mut Body, at: u64) {
    let aim = Aim { world, at };
    match body {
        Body::RecipientEnrolled(body) => {
            body.programme = aim.code(&["winter", "everyone"]);
            body.region = aim.code(&["north", "village", "south"]);
            body.name = None;
            body.key = body.key.map(|_| aim.key(&["new-card", "eve-card", "fund-field", "log"]));
        }
        Body::RecipientWithdrawn(body) => body.recipient = aim.token(&["ann", "dan", "gus", "bob", "ghost"]),
        Body::NeedRecorded(body) => {
            body.recipient = aim.token(&["ann", "dan", "gus", "bob", "ghost"]);
            body.lines.iter_mut().enumerate().for_each(|(n, line)| aim.line(n, &mut line.item, &mut line.quantity));
        }
        Body::DonationPledged(body) => {
            body.donor.name = None;
            body.lines.iter_mut().enumerate().for_each(|(n, line)| aim.line(n, &mut line.item, &mut line.quantity));
        }
        Body::DonationReceived(body) => {
            body.donor.name = None;
            body.lots.iter_mut().enumerate().for_each(|(n, line)| aim.line(n, &mut line.item, &mut line.quantity));
            body.pledge = body.pledge.map(|_| aim.event(&["promise", "word"]));
            if at.is_multiple_of(2) {
                body.restrictions = None;
            }
        }
        Body::DonationReturned(body) => {
            body.donation = aim.event(&["gift", "cash", "kept", "for-rice"]);
            body.draws = aim.draws(&body.draws);
        }
        Body::PurchaseMade(body) => {
            body.draws = aim.draws(&body.draws);
            for (n, line) in body.lots.iter_mut().enumerate() {
                aim.line(n, &mut line.item, &mut line.quantity);
                aim.amount(&mut line.cost, 2);
            }
            // Often the sum is right.
            let drawn: u64 = body.draws.iter().map(|draw| draw.quantity.minor % 10_000).sum();
            if at % 3 == 1 && body.lots.len() == 1 {
                body.lots[0].cost = Quantity { minor: drawn, decimals: 2 };
            }
        }
        Body::TransferSent(body) => {
            body.to = aim.code(&["kitchen", "kitchen", "fund", "stranger"]);
            body.draws = aim.draws(&body.draws);
        }
        Body::TransferAccepted(body) => {
            body.transfer = aim.event(&["cart", "van", "cart"]);
            body.draws = body.draws.as_ref().map(|draws| aim.draws(draws));
        }
        Body::ExpensePaid(body) => {
            body.draws = aim.draws(&body.draws);
            body.programme = body.programme.map(|_| aim.code(&["winter", "everyone"]));
            body.region = body.region.map(|_| aim.code(&["north", "south"]));
        }
        Body::LossRecorded(body) => body.draws = aim.draws(&body.draws),
        Body::StockCounted(body) => {
            body.counts.iter_mut().enumerate().for_each(|(n, line)| aim.line(n, &mut line.item, &mut line.quantity));
        }
        Body::AssignmentMade(body) => {
            body.draws = aim.draws(&body.draws);
            body.recipient = aim.token(&["ann", "ann", "dan", "gus", "bob"]);
            body.programme = aim.code(&["winter", "winter", "winter", "everyone"]);
            body.need = body.need.map(|_| aim.event(&["lack", "lack-bob"]));
            if at.is_multiple_of(5) {
                body.lock = Some(Blake3Hash::of(SLIP_CODE.as_bytes()));
            }
        }
        Body::AssignmentCancelled(body) => body.assignment = aim.event(&["parcel", "basket", "done", "dropped", "meal"]),
        Body::DeliveryFailed(body) => body.assignment = aim.event(&["parcel", "basket", "done", "dropped", "meal"]),
        Body::DeliveryMade(body) => {
            body.draws = aim.draws(&body.draws);
            body.assignment = aim.event(&["parcel", "basket", "meal"]);
            body.code = body.code.as_ref().map(|_| SlipCode(SLIP_CODE.to_owned()));
        }
        Body::DeliveryConfirmed(body) => body.delivery = aim.event(&["visit", "served", "handed"]),
        Body::DeliveryDisputed(body) => body.delivery = aim.event(&["visit", "served", "handed"]),
        Body::DisputeAnswered(body) => body.event = aim.event(&["complaint", "complaint", "visit"]),
        Body::ApprovalGiven(body) => body.assignment = body.assignment.map(|_| aim.event(&["parcel", "basket", "meal"])),
        Body::AuditAttested(body) => {
            body.size = 1 + at % 200;
            body.programme = body.programme.map(|_| aim.code(&["winter", "everyone"]));
        }
        Body::PolicyChanged(body) => {
            body.rules = 1;
            body.organization = body.organization.map(|_| aim.code(&["hall", "fund"]));
            for (n, band) in body.approvals.iter_mut().flatten().enumerate() {
                aim.line(n, &mut band.item, &mut band.from);
                band.approvals %= 18;
            }
            body.overhead_permille = body.overhead_permille.map(|share| share % 1_100);
            body.reversal_approvals = body.reversal_approvals.map(|approvals| approvals % 3);
            body.days_back = body.days_back.map(|days| days % 40);
        }
        Body::EventReversed(body) => {
            body.event =
                aim.event(&["bought", "visit", "van", "arrived", "cart", "gone", "lack", "promise", "kept", "shift", "drop", "dan"]);
        }
        Body::VolunteerJoined(body) => {
            body.key = body.key.map(|_| aim.key(&["fund-field-2", "fund-phone", "kitchen-field", "fund-admin"]));
        }
        Body::ServiceRecorded(body) => {
            body.volunteer = aim.token(&["max", "vera", "kim"]);
            body.minutes %= 1_500;
            body.programme = body.programme.map(|_| aim.code(&["winter", "everyone"]));
        }
        Body::RecognitionAwarded(body) => body.volunteer = aim.token(&["max", "vera", "kim"]),
        Body::KeyGranted(body) if at.is_multiple_of(2) => {
            body.key = aim.key(&["log", "hall-registrar", "eve-card"]);
            body.organization = aim.code(&["hall"]);
        }
        Body::KeyRevoked(body) => body.key = aim.key(&["hall-registrar", "fund-field", "hall-second"]),
        _ => {}
    }
}
