//! Promises about provenance: each minor unit of each gift is in one place, and what a gift says of a parcel is what the parcel says of the gift.
//!
//! Over the demonstration's winter and over simulated cities, whose ledgers use every kind.

use std::collections::BTreeMap;
use std::convert::Infallible;

use aidledger::canonical::decode;
use aidledger::event::SignedEvent;
use aidledger::provenance::{Entries, Place, Tracer};
use aidledger::rules::state::LotIx;
use aidledger::rules::{State, check};
use aidledger::service::campaign::campaign;
use aidledger::service::simulate::{Batch, Simulation};

/// What moved each lot, as the view `listings` has it.
#[derive(Default)]
struct Moved(Vec<Vec<u32>>);

impl Entries for &Moved {
    type Error = Infallible;
    fn entries(&self, lot: LotIx) -> Result<Vec<u32>, Infallible> {
        Ok(self.0[lot.at()].clone())
    }
}

fn fold(batches: impl Iterator<Item = Batch>) -> (State, Moved) {
    let (mut state, mut moved) = (State::default(), Moved::default());
    for Batch { recorded, submissions } in batches {
        for bytes in submissions {
            let signed: SignedEvent = decode(&bytes).expect("canonical");
            let accepted = check(&state, &signed.event, signed.id(), recorded).expect("the planner knows the rules");
            for posting in &accepted.postings {
                if moved.0.len() <= posting.lot.at() {
                    moved.0.resize(posting.lot.at() + 1, Vec::new());
                }
                let listed = &mut moved.0[posting.lot.at()];
                if listed.last() != Some(&accepted.index) {
                    listed.push(accepted.index);
                }
            }
            state.apply(&accepted);
        }
    }
    (state, moved)
}

/// Checks every gift and every parcel; says how many parts and parcels there were, and how many of them a purchase or transfer lay between.
fn holds(state: &State, moved: &Moved) -> (usize, usize, usize) {
    let mut tracer = Tracer::new(state, moved);
    let (mut parts_count, mut indirect) = (0, 0);
    // Forwards: gift, then lot and place where it is.
    let mut forwards: BTreeMap<(LotIx, Place), BTreeMap<LotIx, u64>> = BTreeMap::new();
    for (at, lot) in state.lots.iter().enumerate() {
        let gift = LotIx(at as u32);
        if state.made[lot.entry as usize].kind != aidledger::event::Kind::DonationReceived {
            continue;
        }
        let parts = tracer.became(gift).expect("nothing is read");
        assert_eq!(parts.iter().map(|part| part.value).sum::<u64>(), lot.quantity, "gift {}", state.lot_id(gift));
        for part in parts {
            parts_count += 1;
            indirect += usize::from(part.lot != gift);
            assert!(part.value > 0 && part.units > 0, "gift {}: {part:?}", state.lot_id(gift));
            *forwards.entry((part.lot, part.place)).or_default().entry(gift).or_default() += part.value;
        }
    }
    // Backwards: every delivery that stands.
    let mut parcels = 0;
    for (at, delivery) in state.deliveries.iter().enumerate() {
        if state.made[delivery.entry as usize].reversed {
            continue;
        }
        parcels += 1;
        let place = Place::Delivered(aidledger::rules::state::DeliveryIx(at as u32));
        for (lot, quantity) in &delivery.draws {
            let gifts: BTreeMap<LotIx, u64> = tracer.gifts(*lot, place).expect("nothing is read").into_iter().collect();
            assert_eq!(gifts, forwards.get(&(*lot, place)).cloned().unwrap_or_default(), "delivery in entry {}", delivery.entry);
            // What was given as it is is worth itself.
            if state.made[state.lots[lot.at()].entry as usize].kind == aidledger::event::Kind::DonationReceived {
                assert_eq!(gifts, BTreeMap::from([(*lot, *quantity)]));
            }
        }
    }
    // Every lot: what the rules count in each account is what the units say.
    for (at, lot) in state.lots.iter().enumerate() {
        let place = LotIx(at as u32);
        let units = aidledger::provenance::LotUnits::replay(state, place, moved.0[at].iter().copied());
        let sum = |of: &dyn Fn(Place) -> bool| units.iter().filter(|(place, _)| of(*place)).map(|(_, units)| units.count()).sum::<u64>();
        assert_eq!(sum(&|place| place == Place::OnHand), lot.on_hand);
        assert_eq!(sum(&|place| matches!(place, Place::Assigned(_))), lot.assigned);
        assert_eq!(sum(&|place| matches!(place, Place::Delivered(_))), lot.delivered);
        assert_eq!(sum(&|place| matches!(place, Place::InTransit(_))), lot.in_transit);
        assert_eq!(sum(&|place| matches!(place, Place::Lost(_))), lot.lost);
        assert_eq!(sum(&|place| matches!(place, Place::Returned(_))), lot.returned);
        assert_eq!(sum(&|place| matches!(place, Place::Spent(_) | Place::Purchased(_))), lot.spent);
        assert_eq!(sum(&|place| matches!(place, Place::Accepted(_))), lot.transferred);
        assert_eq!(sum(&|place| place == Place::Reversed), if lot.reversed { lot.quantity } else { 0 });
        assert_eq!(sum(&|_| true), lot.quantity);
    }
    (parts_count, parcels, indirect)
}

#[test]
fn every_gift_of_the_winter_is_somewhere_and_every_parcel_was_paid_for() {
    let (state, moved) = fold(campaign().batches.into_iter());
    let (parts, parcels, indirect) = holds(&state, &moved);
    println!("{} lots, {parts} parts of gifts, {indirect} of them in lots bought or transferred; {parcels} parcels", state.lots.len());
    assert!(parcels > 500 && indirect > 100, "the winter buys and transfers: {indirect} of {parts} parts, {parcels} parcels");
}

#[test]
fn so_is_every_gift_of_simulated_cities() {
    for seed in [1, 2, 3] {
        let (state, moved) = fold(Simulation::new(10_000, seed));
        let (parts, parcels, indirect) = holds(&state, &moved);
        println!("seed {seed}: {} lots, {parts} parts, {indirect} indirect, {parcels} parcels", state.lots.len());
        assert!(parcels > 500 && indirect > 100, "seed {seed}: {indirect} of {parts} parts, {parcels} parcels");
    }
}
