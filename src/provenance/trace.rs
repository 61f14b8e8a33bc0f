//! From gifts forwards and from parcels backwards, across purchases and transfers.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::kinds::Kind;
use crate::provenance::lot::{LotUnits, Place};
use crate::provenance::units::Units;
use crate::rules::State;
use crate::rules::state::{LotIx, MovementIx};

/// The entries that moved a lot: the listing `lot/<id>`.
pub trait Entries {
    /// Why a listing could not be had.
    type Error;
    /// The entries that moved a lot, ascending, the one that made it first.
    fn entries(&self, lot: LotIx) -> Result<Vec<u32>, Self::Error>;
}

/// A stretch of a gift on a ruler of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    gift: LotIx,
    start: u64,
    end: u64,
}

/// A part of a gift that is in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The lot that it is in now: the gift's own, or one that was bought or transferred.
    pub lot: LotIx,
    /// Where in that lot.
    pub place: Place,
    /// How much of the gift, in the gift's minor units.
    pub value: u64,
    /// How much of that lot stands for it, in the lot's minor units. Of a bought lot, units at the seam of two gifts count for both.
    pub units: u64,
}

/// A lot as a trace sees it.
struct Traced {
    units: LotUnits,
    /// The ruler of value, laid end to end; its length is V.
    ruler: Vec<Stretch>,
    value: u64,
    quantity: u64,
}

impl Traced {
    /// The value that a number of units from the beginning stand for: `floor(units · V / Q)`.
    fn value_of(&self, units: u64) -> u128 {
        u128::from(units) * u128::from(self.value) / u128::from(self.quantity)
    }

    /// The stretches of the ruler that units stand for, in order.
    fn stretches(&self, units: &Units) -> Vec<Stretch> {
        let mut found = Vec::new();
        for (start, end) in units.iter() {
            cut(&self.ruler, self.value_of(start), self.value_of(end), &mut found);
        }
        found
    }
}

/// Appends the part of a ruler between two places.
fn cut(ruler: &[Stretch], from: u128, to: u128, out: &mut Vec<Stretch>) {
    // 256 draws of nearly 10^18 do not fit 64 bits.
    let mut at = 0u128;
    for stretch in ruler {
        let len = u128::from(stretch.end - stretch.start);
        let (low, high) = (from.max(at), to.min(at + len));
        if low < high {
            let within = |place: u128| stretch.start + u64::try_from(place - at).expect("it lies within the stretch");
            out.push(Stretch { gift: stretch.gift, start: within(low), end: within(high) });
        }
        at += len;
        if at >= to {
            return;
        }
    }
}

/// Traces lots of one state. Lots once looked at are kept, so many questions cost little more than one.
pub struct Tracer<'s, E> {
    state: &'s State,
    entries: E,
    traced: BTreeMap<LotIx, Traced>,
}

impl<'s, E: Entries> Tracer<'s, E> {
    /// A tracer that has looked at nothing yet.
    pub fn new(state: &'s State, entries: E) -> Self {
        Tracer { state, entries, traced: BTreeMap::new() }
    }

    /// What became of a donated lot: parts that sum to its quantity, by lot and place.
    ///
    /// # Errors
    /// What `entries` says.
    pub fn became(&mut self, gift: LotIx) -> Result<Vec<Part>, E::Error> {
        let lots = self.descendants(gift)?;
        let mut parts = Vec::new();
        for lot in lots {
            self.look(lot)?;
            let traced = &self.traced[&lot];
            for (place, units) in traced.units.iter() {
                if matches!(place, Place::Purchased(_) | Place::Accepted(_)) || (place == Place::Reversed && lot != gift) {
                    // Goes on in the lots that were made of it; or never did, and is back where it was.
                    continue;
                }
                let (mut value, mut standing) = (0, 0);
                for (start, end) in units.iter() {
                    let mut stretches = Vec::new();
                    cut(&traced.ruler, traced.value_of(start), traced.value_of(end), &mut stretches);
                    let all: u64 = stretches.iter().map(|stretch| stretch.end - stretch.start).sum();
                    let own: u64 = stretches.iter().filter(|stretch| stretch.gift == gift).map(|stretch| stretch.end - stretch.start).sum();
                    value += own;
                    standing += match own {
                        0 => 0,
                        _ if own == all => end - start,
                        _ => u64::try_from((u128::from(end - start) * u128::from(own)).div_ceil(u128::from(all))).expect("it is a part"),
                    };
                }
                if value > 0 {
                    parts.push(Part { lot, place, value, units: standing });
                }
            }
        }
        Ok(parts)
    }

    /// Whose gifts units of a lot in a place stand for: donated lots, each with its minor units, ascending by lot.
    ///
    /// # Errors
    /// What `entries` says.
    pub fn gifts(&mut self, lot: LotIx, place: Place) -> Result<Vec<(LotIx, u64)>, E::Error> {
        self.look(lot)?;
        let traced = &self.traced[&lot];
        let mut sums: BTreeMap<LotIx, u64> = BTreeMap::new();
        if let Some(units) = traced.units.at(place) {
            for stretch in traced.stretches(units) {
                *sums.entry(stretch.gift).or_default() += stretch.end - stretch.start;
            }
        }
        Ok(sums.into_iter().collect())
    }

    /// Whose gifts a whole lot stands for, wherever its units are: donated lots, each with its minor units, ascending by lot.
    ///
    /// # Errors
    /// What `entries` says.
    pub fn made_of(&mut self, lot: LotIx) -> Result<Vec<(LotIx, u64)>, E::Error> {
        self.look(lot)?;
        let mut sums: BTreeMap<LotIx, u64> = BTreeMap::new();
        for stretch in &self.traced[&lot].ruler {
            *sums.entry(stretch.gift).or_default() += stretch.end - stretch.start;
        }
        Ok(sums.into_iter().collect())
    }

    /// The lots made of a lot, of those and so on, itself first; ascending.
    fn descendants(&mut self, gift: LotIx) -> Result<BTreeSet<LotIx>, E::Error> {
        let mut found = BTreeSet::from([gift]);
        let mut waiting = vec![gift];
        while let Some(lot) = waiting.pop() {
            let units = LotUnits::replay(self.state, lot, self.entries.entries(lot)?);
            for (place, _) in units.iter() {
                let (Place::Purchased(movement) | Place::Accepted(movement)) = place else { continue };
                let made = &self.state.movements[movement.at()];
                for child in made.first_lot.0..made.first_lot.0 + u32::from(made.lots) {
                    if found.insert(LotIx(child)) {
                        waiting.push(LotIx(child));
                    }
                }
            }
        }
        Ok(found)
    }

    /// Makes the rulers of a lot and of all that it came from. A lot is younger than what it came from, so going up ends, and
    /// ascending order has parents first: no recursion, however long the chain.
    fn look(&mut self, lot: LotIx) -> Result<(), E::Error> {
        let mut wanted = BTreeSet::new();
        let mut waiting = vec![lot];
        while let Some(lot) = waiting.pop() {
            if !self.traced.contains_key(&lot) && wanted.insert(lot) {
                waiting.extend(self.parents(lot));
            }
        }
        for lot in wanted {
            let units = LotUnits::replay(self.state, lot, self.entries.entries(lot)?);
            let ruler = self.ruler(lot);
            let value = ruler.iter().map(|stretch| stretch.end - stretch.start).sum();
            self.traced.insert(lot, Traced { units, ruler, value, quantity: self.state.lots[lot.at()].quantity });
        }
        Ok(())
    }

    /// The movement that made a lot, and the lot's number among its lots.
    fn maker(&self, lot: LotIx) -> (Kind, MovementIx, usize) {
        let row = &self.state.lots[lot.at()];
        let made = self.state.made[row.entry as usize];
        (made.kind, MovementIx(made.place), usize::from(row.line))
    }

    fn parents(&self, lot: LotIx) -> Vec<LotIx> {
        // A reversed lot holds nothing, so it has no value to trace.
        if self.state.lots[lot.at()].reversed {
            return Vec::new();
        }
        let (kind, movement, line) = self.maker(lot);
        let draws = || &self.state.movements[movement.at()].draws;
        match kind {
            Kind::PurchaseMade => draws().iter().map(|(drawn, _)| *drawn).collect(),
            Kind::TransferAccepted => vec![draws()[line].0],
            _ => Vec::new(),
        }
    }

    /// Lays the ruler of a lot whose parents were looked at.
    fn ruler(&self, lot: LotIx) -> Vec<Stretch> {
        let row = &self.state.lots[lot.at()];
        let (kind, movement, line) = self.maker(lot);
        if row.reversed && kind != Kind::DonationReceived {
            return Vec::new();
        }
        let made = || &self.state.movements[movement.at()];
        let part = |parent: LotIx, place: Place| {
            let parent = &self.traced[&parent];
            parent.units.at(place).map_or_else(Vec::new, |units| parent.stretches(units))
        };
        match kind {
            Kind::TransferAccepted => part(made().draws[line].0, Place::Accepted(movement)),
            Kind::PurchaseMade => {
                // The money of the whole purchase, lots ascending by id as in the event, cut by the costs of the lines before.
                let money: Vec<Stretch> = made().draws.iter().flat_map(|(drawn, _)| part(*drawn, Place::Purchased(movement))).collect();
                let costs = &made().costs;
                let from: u128 = costs[..line].iter().map(|cost| u128::from(*cost)).sum();
                let mut ruler = Vec::new();
                cut(&money, from, from + u128::from(costs[line]), &mut ruler);
                ruler
            }
            _ => vec![Stretch { gift: lot, start: 0, end: row.quantity }],
        }
    }
}
