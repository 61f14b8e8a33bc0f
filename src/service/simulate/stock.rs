//! What a planned organization believes it holds: lots, promises, and what may be drawn from where.
//!
//! It is the planner's own small model, so that it need not ask the rules; the rules then judge every event as they judge anybody's, and
//! would refuse one that this model got wrong. A lot is forgotten when nothing of it is left, so the memory does not grow with the log.

use crate::canonical::Set;
use crate::event::{Code, Date, Draw, EventId, LotId, Quantity, Time, Token};

/// Who is helped, as far as drawing lots goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The token.
    pub token: Token,
    /// The programme it is enrolled in.
    pub programme: Code,
    /// Its district, or the region without districts.
    pub district: Code,
    /// How many people.
    pub size: u64,
}

/// What a lot may be spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// This programme only.
    pub programme: Option<Code>,
    /// This district only.
    pub district: Option<Code>,
    /// Until this day only.
    pub use_by: Option<Date>,
}

impl Limits {
    /// Whether a lot with these limits may go to this person at this time.
    pub fn fit(&self, person: &Person, time: Time) -> bool {
        self.programme.is_none_or(|programme| programme == person.programme)
            && self.district.is_none_or(|district| district == person.district)
            && self.use_by.is_none_or(|day| time.date() <= day)
    }
}

/// A lot, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// Its id.
    pub id: LotId,
    /// The place of its item in the planner's table.
    pub item: usize,
    /// The item's decimals.
    pub decimals: u8,
    /// How much, in minor units.
    pub quantity: u64,
    /// What it may be spent on.
    pub limits: Limits,
}

impl Lot {
    fn draw(&self) -> Draw {
        Draw { lot: self.id, quantity: Quantity { minor: self.quantity, decimals: self.decimals } }
    }
}

/// Returns the draws of parts, as events name them.
pub fn draws(parts: &[Lot]) -> Set<Draw> {
    Set::new(parts.iter().map(Lot::draw).collect())
}

/// The lots of one organization, first in first.
#[derive(Debug, Default)]
pub struct Shelf {
    lots: Vec<Lot>,
}

impl Shelf {
    /// How many lots there are.
    pub fn len(&self) -> usize {
        self.lots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lots.is_empty()
    }

    /// Puts a lot on the shelf, or a part of one back to it.
    pub fn put(&mut self, part: Lot) {
        match self.lots.iter_mut().find(|lot| lot.id == part.id) {
            Some(lot) => lot.quantity += part.quantity,
            None => self.lots.push(part),
        }
    }

    /// How much of an item there is for a person.
    pub fn free(&self, item: usize, person: &Person, time: Time) -> u64 {
        self.lots.iter().filter(|lot| lot.item == item && lot.limits.fit(person, time)).map(|lot| lot.quantity).sum()
    }

    /// The items of which there is something for a person, oldest lot first.
    pub fn items_for(&self, person: &Person, time: Time) -> Vec<usize> {
        let mut items = Vec::new();
        for lot in self.lots.iter().filter(|lot| lot.limits.fit(person, time)) {
            if !items.contains(&lot.item) {
                items.push(lot.item);
            }
        }
        items
    }

    /// Takes up to `quantity` of an item for a person, from the oldest lots that fit; the parts may hold less, or be none.
    pub fn take(&mut self, item: usize, mut quantity: u64, person: &Person, time: Time) -> Vec<Lot> {
        let mut parts = Vec::new();
        for lot in self.lots.iter_mut().filter(|lot| lot.item == item && lot.limits.fit(person, time)) {
            let taken = lot.quantity.min(quantity);
            if taken > 0 {
                lot.quantity -= taken;
                quantity -= taken;
                parts.push(Lot { quantity: taken, ..*lot });
            }
        }
        self.lots.retain(|lot| lot.quantity > 0);
        parts
    }

    /// The lots, first in first.
    pub fn lots(&self) -> &[Lot] {
        &self.lots
    }

    /// How much of an item there is for anybody.
    pub fn held(&self, item: usize) -> u64 {
        self.lots.iter().filter(|lot| lot.item == item).map(|lot| lot.quantity).sum()
    }

    /// The largest lot of an item, among those that `fit`.
    pub fn largest(&self, item: usize, fit: impl Fn(&Limits) -> bool) -> Option<Lot> {
        self.lots.iter().filter(|lot| lot.item == item && fit(&lot.limits)).max_by_key(|lot| lot.quantity).copied()
    }

    /// Takes a part of one lot, which must hold as much.
    pub fn take_from(&mut self, id: LotId, quantity: u64) -> Lot {
        let lot = self.lots.iter_mut().find(|lot| lot.id == id).expect("a planner takes from lots it has just seen");
        lot.quantity = lot.quantity.checked_sub(quantity).expect("a planner takes no more than it has just seen");
        let part = Lot { quantity, ..*lot };
        self.lots.retain(|lot| lot.quantity > 0);
        part
    }

    /// A lot that may not be assigned any more.
    pub fn expired(&self, day: Date) -> Option<Lot> {
        self.lots.iter().find(|lot| lot.limits.use_by.is_some_and(|use_by| day > use_by)).copied()
    }
}

/// An assignment of which something is left to deliver.
#[derive(Debug, Clone)]
pub struct Promise {
    /// Its event.
    pub id: EventId,
    /// For whom.
    pub person: Person,
    /// What is left.
    pub rest: Vec<Lot>,
    /// The code that opens its lock, until it was shown.
    pub code: Option<String>,
    /// Whether something was ever delivered.
    pub begun: bool,
    /// When it was made, by its author's word.
    pub time: Time,
}

impl Promise {
    /// Takes what is handed over: all, or about `per_mille` of a thousand of it, at least one unit of each lot named.
    pub fn hand_over(&mut self, per_mille: Option<u64>) -> Vec<Lot> {
        self.begun = true;
        let Some(per_mille) = per_mille else {
            return std::mem::take(&mut self.rest);
        };
        let mut handed = Vec::new();
        for lot in &mut self.rest {
            // Goods are handed over in whole units where there are some.
            let unit = 10u64.pow(u32::from(lot.decimals)).min(lot.quantity);
            let part = (lot.quantity / unit * per_mille / 1000 * unit).clamp(unit, lot.quantity);
            lot.quantity -= part;
            handed.push(Lot { quantity: part, ..*lot });
        }
        self.rest.retain(|lot| lot.quantity > 0);
        handed
    }

    /// Puts back what was handed over, after the delivery was reversed.
    pub fn take_back(&mut self, handed: Vec<Lot>) {
        for part in handed {
            match self.rest.iter_mut().find(|lot| lot.id == part.id) {
                Some(lot) => lot.quantity += part.quantity,
                None => self.rest.push(part),
            }
        }
    }
}
