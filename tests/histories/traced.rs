//! Compares what the program says of provenance with what the book finds by numbering every unit.

use std::collections::BTreeMap;
use std::convert::Infallible;

use aidledger::event::Kind;
use aidledger::provenance::{Entries, Place, Tracer};
use aidledger::rules::state::{DeliveryIx, LotIx, MovementIx};
use aidledger::rules::{Accepted, State};

use crate::model::provenance::Provenance;

/// Which entries moved each lot, as the view `listings` has it.
#[derive(Default)]
pub struct Moved(Vec<Vec<u32>>);

impl Moved {
    /// Takes an accepted event in.
    pub fn note(&mut self, accepted: &Accepted<'_>) {
        for posting in &accepted.postings {
            if self.0.len() <= posting.lot.at() {
                self.0.resize(posting.lot.at() + 1, Vec::new());
            }
            let listed = &mut self.0[posting.lot.at()];
            if listed.last() != Some(&accepted.index) {
                listed.push(accepted.index);
            }
        }
    }
}

impl Entries for &Moved {
    type Error = Infallible;
    fn entries(&self, lot: LotIx) -> Result<Vec<u32>, Infallible> {
        Ok(self.0[lot.at()].clone())
    }
}

/// A place as the book calls it.
fn called(state: &State, lot: LotIx, place: Place) -> String {
    let moved = |word: &str, movement: MovementIx| format!("{word} {}", state.ids.at(state.movements[movement.at()].entry));
    match place {
        Place::OnHand => format!("on hand {}", state.lot_id(lot)),
        Place::Assigned(assignment) => format!("assigned {}", state.ids.at(state.assignments[assignment.at()].entry)),
        Place::Delivered(delivery) => format!("delivered {}", state.ids.at(state.deliveries[delivery.at()].entry)),
        Place::InTransit(movement) => moved("in transit", movement),
        Place::Lost(movement) => moved("lost", movement),
        Place::Returned(movement) => moved("returned", movement),
        Place::Spent(movement) => moved("spent", movement),
        Place::Purchased(movement) => moved("bought", movement),
        Place::Accepted(movement) => moved("passed on", movement),
        Place::Reversed => "nowhere".to_owned(),
    }
}

/// Every gift is where the book says, and every parcel was paid for by whom the book says. Answers how many parts of gifts were in other lots than the gift's own.
pub fn compare_provenance(state: &State, moved: &Moved, book: &Provenance) -> usize {
    let mut tracer = Tracer::new(state, moved);
    let mut indirect = 0;
    for (at, lot) in state.lots.iter().enumerate() {
        let gift = LotIx(at as u32);
        if state.made[lot.entry as usize].kind != Kind::DonationReceived || lot.reversed {
            continue;
        }
        let mut found: BTreeMap<String, i128> = BTreeMap::new();
        for part in tracer.became(gift).expect("nothing is read") {
            indirect += usize::from(part.lot != gift);
            *found.entry(called(state, part.lot, part.place)).or_default() += i128::from(part.value);
        }
        let expected: BTreeMap<String, i128> = book.where_is(&state.lot_id(gift).to_string()).into_iter().collect();
        assert_eq!(found, expected, "gift {}", state.lot_id(gift));
    }
    for (at, delivery) in state.deliveries.iter().enumerate() {
        if state.made[delivery.entry as usize].reversed {
            continue;
        }
        let mut found: BTreeMap<String, i128> = BTreeMap::new();
        for (lot, _) in &delivery.draws {
            for (gift, minor) in tracer.gifts(*lot, Place::Delivered(DeliveryIx(at as u32))).expect("nothing is read") {
                *found.entry(state.lot_id(gift).to_string()).or_default() += i128::from(minor);
            }
        }
        let id = state.ids.at(delivery.entry).to_string();
        let expected: BTreeMap<String, i128> = book.who_paid(&id).into_iter().collect();
        assert_eq!(found, expected, "delivery {id}");
    }
    indirect
}
