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

/// A stretch of the units of a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    lot: LotIx,
    start: u64,
    end: u64,
}

impl Stretch {
    fn len(&self) -> u64 {
        self.end - self.start
    }
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
    /// Which units of donated and bought lots these units are: its own, or the sender's if it was transferred.
    ruler: Vec<Stretch>,
    /// Of a bought lot: the money that it stands for, in units of donated lots, and its length, which is the cost.
    money: Option<(Vec<Stretch>, u64)>,
    quantity: u64,
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
            out.push(Stretch { lot: stretch.lot, start: within(low), end: within(high) });
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
                    let stretches = self.gifts_of(lot, start, end);
                    let all: u64 = stretches.iter().map(Stretch::len).sum();
                    let own: u64 = stretches.iter().filter(|stretch| stretch.lot == gift).map(Stretch::len).sum();
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
        let mut sums: BTreeMap<LotIx, u64> = BTreeMap::new();
        for (start, end) in self.traced[&lot].units.at(place).into_iter().flat_map(Units::iter) {
            for stretch in self.gifts_of(lot, start, end) {
                *sums.entry(stretch.lot).or_default() += stretch.len();
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
        for stretch in self.gifts_of(lot, 0, self.traced[&lot].quantity) {
            *sums.entry(stretch.lot).or_default() += stretch.len();
        }
        Ok(sums.into_iter().collect())
    }

    /// The units of donated lots that units of a lot stand for, in order. A unit keeps what it stands for when its lot is handed on.
    fn gifts_of(&self, lot: LotIx, start: u64, end: u64) -> Vec<Stretch> {
        let mut found = Vec::new();
        let mut roots = Vec::new();
        cut(&self.traced[&lot].ruler, u128::from(start), u128::from(end), &mut roots);
        for root in roots {
            let traced = &self.traced[&root.lot];
            match &traced.money {
                None => found.push(root),
                Some((money, cost)) => {
                    let value = |units: u64| u128::from(units) * u128::from(*cost) / u128::from(traced.quantity);
                    cut(money, value(root.start), value(root.end), &mut found);
                }
            }
        }
        found
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
            let quantity = self.state.lots[lot.at()].quantity;
            let (ruler, money) = (self.ruler(lot), self.money(lot));
            self.traced.insert(lot, Traced { units, ruler, money, quantity });
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
        match self.maker(lot) {
            (Kind::TransferAccepted, _, _) if row.reversed => Vec::new(),
            (Kind::TransferAccepted, movement, line) => {
                let (sent, _) = self.state.movements[movement.at()].draws[line];
                self.part(sent, Place::Accepted(movement))
            }
            _ => vec![Stretch { lot, start: 0, end: row.quantity }],
        }
    }

    /// The money that a bought lot stands for: that of the whole purchase, lots ascending by id as in the event, cut by the costs of the
    /// lines before. Money is never bought, so what it is made of are donated lots.
    fn money(&self, lot: LotIx) -> Option<(Vec<Stretch>, u64)> {
        let (Kind::PurchaseMade, movement, line) = self.maker(lot) else { return None };
        let made = &self.state.movements[movement.at()];
        if self.state.lots[lot.at()].reversed {
            return Some((Vec::new(), 0));
        }
        let money: Vec<Stretch> = made.draws.iter().flat_map(|(drawn, _)| self.part(*drawn, Place::Purchased(movement))).collect();
        let from: u128 = made.costs[..line].iter().map(|cost| u128::from(*cost)).sum();
        let mut found = Vec::new();
        cut(&money, from, from + u128::from(made.costs[line]), &mut found);
        Some((found, made.costs[line]))
    }

    /// What the units of a lot in a place are on its ruler, in order.
    fn part(&self, lot: LotIx, place: Place) -> Vec<Stretch> {
        let traced = &self.traced[&lot];
        let mut found = Vec::new();
        for (start, end) in traced.units.at(place).into_iter().flat_map(Units::iter) {
            cut(&traced.ruler, u128::from(start), u128::from(end), &mut found);
        }
        found
    }
}
