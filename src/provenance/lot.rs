//! Where each unit of a lot is, replayed from the entries that moved the lot.

use std::collections::BTreeMap;

use crate::event::kinds::Kind;
use crate::provenance::units::Units;
use crate::rules::State;
use crate::rules::state::{AssignmentIx, DeliveryIx, LotIx, MovementIx};

/// Where units of a lot are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// With the organization, free.
    OnHand,
    /// Set aside by an assignment.
    Assigned(AssignmentIx),
    /// Handed over by a delivery.
    Delivered(DeliveryIx),
    /// Sent by a transfer and not accepted yet.
    InTransit(MovementIx),
    /// Lost: by a loss, or missing when this transfer was accepted.
    Lost(MovementIx),
    /// Given back to the donor by a return.
    Returned(MovementIx),
    /// Paid away by an expense.
    Spent(MovementIx),
    /// Paid away by a purchase: its lots go on from here.
    Purchased(MovementIx),
    /// Accepted by another organization: the lots of the acceptance go on from here.
    Accepted(MovementIx),
    /// The gift, purchase or acceptance that made the lot was reversed.
    Reversed,
}

/// The units of a lot by place. Every unit is in one place; no place is empty.
#[derive(Debug, Clone, Default)]
pub struct LotUnits {
    places: BTreeMap<Place, Units>,
}

impl LotUnits {
    /// Replays the entries that moved a lot, in the order of the log, the one that made it among them. Entries that did not move it do no harm.
    pub fn replay(state: &State, lot: LotIx, entries: impl IntoIterator<Item = u32>) -> LotUnits {
        let mut units = LotUnits::default();
        for entry in entries {
            units.step(state, lot, entry);
        }
        units
    }

    /// The units in a place.
    pub fn at(&self, place: Place) -> Option<&Units> {
        self.places.get(&place)
    }

    /// All places with their units.
    pub fn iter(&self) -> impl Iterator<Item = (Place, &Units)> {
        self.places.iter().map(|(place, units)| (*place, units))
    }

    fn step(&mut self, state: &State, lot: LotIx, entry: u32) {
        let made = state.made[entry as usize];
        let movement = MovementIx(made.place);
        if state.lots[lot.at()].entry == entry {
            self.put(Place::OnHand, &Units::interval(0, state.lots[lot.at()].quantity));
            return;
        }
        match made.kind {
            Kind::AssignmentMade => {
                let place = AssignmentIx(made.place);
                let drawn = state.assignments[place.at()].draws.iter().find(|draw| draw.lot == lot).map_or(0, |draw| draw.quantity);
                self.go(Place::OnHand, Place::Assigned(place), drawn);
            }
            Kind::AssignmentCancelled => self.go_all(Place::Assigned(AssignmentIx(made.place)), Place::OnHand),
            Kind::DeliveryMade => {
                let delivery = &state.deliveries[made.place as usize];
                let handed = quantity_of(&delivery.draws, lot);
                self.go(Place::Assigned(delivery.assignment), Place::Delivered(DeliveryIx(made.place)), handed);
            }
            Kind::DonationReturned => self.go(Place::OnHand, Place::Returned(movement), drawn(state, movement, lot)),
            Kind::PurchaseMade => self.go(Place::OnHand, Place::Purchased(movement), drawn(state, movement, lot)),
            Kind::ExpensePaid => self.go(Place::OnHand, Place::Spent(movement), drawn(state, movement, lot)),
            Kind::LossRecorded => self.go(Place::OnHand, Place::Lost(movement), drawn(state, movement, lot)),
            Kind::TransferSent => self.go(Place::OnHand, Place::InTransit(movement), drawn(state, movement, lot)),
            Kind::TransferAccepted => {
                let sent = Place::InTransit(transfer_of(state, movement));
                self.go(sent, Place::Accepted(movement), drawn(state, movement, lot));
                self.go_all(sent, Place::Lost(movement));
            }
            Kind::EventReversed => self.undo(state, lot, made.place),
            _ => {}
        }
    }

    fn undo(&mut self, state: &State, lot: LotIx, subject: u32) {
        let made = state.made[subject as usize];
        let movement = MovementIx(made.place);
        if state.lots[lot.at()].entry == subject {
            return self.go_all(Place::OnHand, Place::Reversed);
        }
        match made.kind {
            Kind::AssignmentMade => self.go_all(Place::Assigned(AssignmentIx(made.place)), Place::OnHand),
            Kind::AssignmentCancelled => {
                // What was delivered stayed delivered, so the rest is the draw without it.
                let place = AssignmentIx(made.place);
                let draws = &state.assignments[place.at()].draws;
                let quantity = draws.iter().find(|draw| draw.lot == lot).map_or(0, |draw| draw.quantity);
                let delivered: u64 = self.iter().filter(|(at, _)| is_delivery_of(state, *at, place)).map(|(_, units)| units.count()).sum();
                self.go(Place::OnHand, Place::Assigned(place), quantity - delivered);
            }
            Kind::DeliveryMade => {
                let delivery = DeliveryIx(made.place);
                self.go_all(Place::Delivered(delivery), Place::Assigned(state.deliveries[delivery.at()].assignment));
            }
            Kind::DonationReturned => self.go_all(Place::Returned(movement), Place::OnHand),
            Kind::PurchaseMade => self.go_all(Place::Purchased(movement), Place::OnHand),
            Kind::ExpensePaid => self.go_all(Place::Spent(movement), Place::OnHand),
            Kind::LossRecorded => self.go_all(Place::Lost(movement), Place::OnHand),
            Kind::TransferSent => self.go_all(Place::InTransit(movement), Place::OnHand),
            Kind::TransferAccepted => {
                let sent = Place::InTransit(transfer_of(state, movement));
                self.go_all(Place::Accepted(movement), sent);
                self.go_all(Place::Lost(movement), sent);
            }
            _ => {}
        }
    }

    /// Moves the lowest units of a place to another.
    fn go(&mut self, source: Place, target: Place, count: u64) {
        if count == 0 {
            return;
        }
        let held = self.places.get_mut(&source).expect("the rules let nothing be taken that is not there");
        let taken = held.take_lowest(count);
        assert_eq!(taken.count(), count, "the rules let nothing be taken that is not there");
        if held.is_empty() {
            self.places.remove(&source);
        }
        self.put(target, &taken);
    }

    fn go_all(&mut self, source: Place, target: Place) {
        if let Some(units) = self.places.remove(&source) {
            self.put(target, &units);
        }
    }

    fn put(&mut self, place: Place, units: &Units) {
        if !units.is_empty() {
            self.places.entry(place).or_default().put(units);
        }
    }
}

fn is_delivery_of(state: &State, place: Place, assignment: AssignmentIx) -> bool {
    matches!(place, Place::Delivered(delivery) if state.deliveries[delivery.at()].assignment == assignment)
}

fn quantity_of(draws: &[(LotIx, u64)], lot: LotIx) -> u64 {
    draws.iter().find(|(drawn, _)| *drawn == lot).map_or(0, |(_, quantity)| *quantity)
}

fn drawn(state: &State, movement: MovementIx, lot: LotIx) -> u64 {
    quantity_of(&state.movements[movement.at()].draws, lot)
}

fn transfer_of(state: &State, acceptance: MovementIx) -> MovementIx {
    state.movements[acceptance.at()].other.expect("an acceptance has a transfer")
}
