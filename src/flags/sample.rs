//! Audit samples: which deliveries are looked at, by a seed that nobody can choose and everybody can recompute.
//!
//! ```text
//! seed       = BLAKE3("aidledger/sample/v1" ‖ LF ‖ origin ‖ LF ‖ size ‖ LF ‖ root ‖ LF)      the three lines of a later checkpoint's text
//! population = the deliveries of a programme that stand when the first `upto` entries are folded, in log order; size > upto
//! equal      : the first n of the population, ascending by BLAKE3(seed ‖ event id), then by event id         (32 bytes each)
//! money      : total = sum of the deliveries' minor units of one item; draw k = 0, 1, 2, …:
//!              x = the first 16 bytes of BLAKE3(seed ‖ k), k as 8 bytes, x read as a number, both big-endian;
//!              skipped if x >= 2^128 - (2^128 mod total), else it hits the minor unit x mod total, counted through the population in log order;
//!              until n draws have hit. A delivery hit twice is looked at once.
//! n          = the least number with (1 - tolerable)^n <= 1 - confidence, and at most the population (equal)
//! ```
//!
//! The order matters: first everybody knows what is drawn from (`upto`), then the checkpoint appears that draws. Whoever signs the log could still try many last
//! entries until their root draws what they like. So an auditor names `upto` and the time of the checkpoint beforehand, or appends an event of their own in
//! between, which the log cannot foresee; and takes a checkpoint that witnesses cosigned.
//!
//! The size is the textbook's for *discovery* (zero failures expected): if `tolerable` or more of the deliveries were wrong, a sample of n would have shown at least
//! one with the confidence named. It is computed with whole numbers of any length, so that no two auditors differ by a rounding. For a small population
//! [`size_finite`] is the exact number of the same question without replacement; it is never larger.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::crypto::Blake3Hash;
use crate::event::EventId;
use crate::log::checkpoint::Checkpoint;
use crate::rules::State;
use crate::rules::state::{ItemIx, ProgrammeIx};

/// What the seed's hash begins with.
const SEED_DOMAIN: &[u8] = b"aidledger/sample/v1\n";

/// The most that a sample size may be: a tolerable share of 0.1 % at 99.9 % confidence asks for 6,905.
pub const SIZE_MAX: u64 = 6_905;

/// Why no sample can be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// A share of nothing or of all.
    #[error("{what} must lie between 0.1 % and 99.9 %, found {found} thousandths")]
    Share {
        /// `tolerable` or `confidence`.
        what: &'static str,
        /// What was given.
        found: u64,
    },
    /// The checkpoint was there before what is drawn from.
    #[error("the checkpoint is of {size} entries: to draw from the first {upto} it must be of more")]
    CheckpointTooEarly {
        /// The checkpoint's size.
        size: u64,
        /// What is drawn from.
        upto: u64,
    },
    /// There is nothing to draw from.
    #[error("no delivery of the programme stands among the first {upto} entries")]
    Empty {
        /// What is drawn from.
        upto: u64,
    },
}

/// How sure of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aim {
    /// How much may be wrong, in thousandths.
    pub tolerable_permille: u64,
    /// How sure, in thousandths.
    pub confidence_permille: u64,
}

impl Aim {
    /// Checks both shares.
    pub fn new(tolerable_permille: u64, confidence_permille: u64) -> Result<Aim, SampleError> {
        for (what, found) in [("tolerable", tolerable_permille), ("confidence", confidence_permille)] {
            if !(1..1000).contains(&found) {
                return Err(SampleError::Share { what, found });
            }
        }
        Ok(Aim { tolerable_permille, confidence_permille })
    }
}

/// How the deliveries are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Every delivery has the same chance.
    Equal,
    /// Every minor unit of the item has the same chance.
    Money(ItemIx),
}

/// A delivery that can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// Its entry.
    pub index: u64,
    /// Its event.
    pub event: EventId,
    /// Its minor units of the item, 1 for equal chances.
    pub weight: u64,
}

/// A delivery that was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// Its entry.
    pub index: u64,
    /// Its event.
    pub event: EventId,
    /// How many draws hit it.
    pub hits: u64,
}

/// The seed that follows from a checkpoint.
pub fn seed(checkpoint: &Checkpoint) -> Blake3Hash {
    let lines = format!("{}\n{}\n{}\n", checkpoint.origin(), checkpoint.size(), checkpoint.root().to_base64());
    Blake3Hash::of(&[SEED_DOMAIN, lines.as_bytes()].concat())
}

/// The deliveries of a programme that stand in `state`, which is that of exactly the entries that are drawn from, in log order.
pub fn population(state: &State, programme: ProgrammeIx, weight: Weight) -> Vec<Unit> {
    let mut units = Vec::new();
    for delivery in state.deliveries.iter().filter(|delivery| !state.made[delivery.entry as usize].reversed) {
        let recipient = state.assignments[delivery.assignment.at()].recipient;
        if state.recipients[recipient.at()].programme != programme {
            continue;
        }
        let weight = match weight {
            Weight::Equal => 1,
            // The draws of one delivery and item are of what was given: below 10^18 each, 256 at the most; no sum of them overflows in practice, and none wraps.
            Weight::Money(item) => {
                let of_item = delivery.draws.iter().filter(|(lot, _)| state.lots[lot.at()].item == item);
                of_item.fold(0u64, |sum, (_, quantity)| sum.saturating_add(*quantity))
            }
        };
        if weight > 0 {
            units.push(Unit { index: u64::from(delivery.entry), event: state.ids.at(delivery.entry), weight });
        }
    }
    units
}

/// The `size` deliveries with the smallest hashes; all of a smaller population.
pub fn draw_equal(seed: &Blake3Hash, population: &[Unit], size: u64) -> Vec<Drawn> {
    let rank = |unit: &Unit| Blake3Hash::of(&[seed.0, unit.event.0.0].concat());
    let mut ranked: Vec<_> = population.iter().map(|unit| (rank(unit), unit.event, unit.index)).collect();
    ranked.sort_unstable();
    ranked.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    ranked.into_iter().map(|(_, event, index)| Drawn { index, event, hits: 1 }).collect()
}

/// `draws` draws of single minor units; the deliveries that were hit, by the draw that hit them first.
pub fn draw_money(seed: &Blake3Hash, population: &[Unit], draws: u64) -> Vec<Drawn> {
    let mut ends = Vec::with_capacity(population.len());
    let mut total = 0u128;
    for unit in population {
        total += u128::from(unit.weight);
        ends.push(total);
    }
    let mut drawn: Vec<Drawn> = Vec::new();
    let mut place_of: BTreeMap<usize, usize> = BTreeMap::new();
    if total == 0 {
        return drawn;
    }
    // 2^128 mod total, without 2^128.
    let rest = (u128::MAX % total + 1) % total;
    let (mut counter, mut hit) = (0u64, 0);
    while hit < draws {
        let hash = blake3::hash(&[&seed.0[..], &counter.to_be_bytes()].concat());
        counter += 1;
        let x = u128::from_be_bytes(hash.as_bytes()[..16].try_into().expect("sixteen bytes"));
        // As many numbers as do not fill a last whole round are skipped, so that no unit has a better chance.
        if rest > 0 && x > u128::MAX - rest {
            continue;
        }
        hit += 1;
        let unit = x % total;
        let place = ends.partition_point(|end| *end <= unit);
        match place_of.get(&place) {
            Some(at) => drawn[*at].hits += 1,
            None => {
                place_of.insert(place, drawn.len());
                drawn.push(Drawn { index: population[place].index, event: population[place].event, hits: 1 });
            }
        }
    }
    drawn
}

/// The least n with `(1 - tolerable)^n <= 1 - confidence`: the size for a population without end.
pub fn size_textbook(aim: Aim) -> u64 {
    // (1000 - t)^n * 1000 <= (1000 - c) * 1000^n
    let (mut left, mut right) = (Whole::from(1000), Whole::from(1000 - aim.confidence_permille as u32));
    let mut n = 0;
    while left.cmp(&right) == Ordering::Greater {
        left.multiply(1000 - aim.tolerable_permille as u32);
        right.multiply(1000);
        n += 1;
    }
    n
}

/// The same for a population of which no delivery is drawn twice: the least n with which a sample misses all `ceil(tolerable * population)` wrong ones with a
/// chance of `1 - confidence` at the most. All of it, if it takes all.
pub fn size_finite(aim: Aim, population: u32) -> u64 {
    let wrong = (u64::from(population) * aim.tolerable_permille).div_ceil(1000) as u32;
    // The chance is the product of (population - wrong - i) / (population - i) for i below n.
    let (mut left, mut right) = (Whole::from(1000), Whole::from(1000 - aim.confidence_permille as u32));
    let mut n = 0;
    while n < population && left.cmp(&right) == Ordering::Greater {
        left.multiply(population.saturating_sub(wrong).saturating_sub(n));
        right.multiply(population - n);
        n += 1;
    }
    u64::from(n)
}

/// A whole number of any length, in 32-bit digits, the smallest first, without zeros at the end.
struct Whole(Vec<u32>);

impl From<u32> for Whole {
    fn from(value: u32) -> Whole {
        Whole(if value == 0 { Vec::new() } else { vec![value] })
    }
}

impl Whole {
    fn multiply(&mut self, by: u32) {
        let mut carry = 0u64;
        for digit in &mut self.0 {
            let product = u64::from(*digit) * u64::from(by) + carry;
            *digit = product as u32;
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
    fn cmp(&self, other: &Whole) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aim(tolerable: u64, confidence: u64) -> Aim {
        Aim::new(tolerable, confidence).expect("shares")
    }

    #[test]
    fn sizes_are_the_textbooks() {
        for (tolerable, confidence, size) in [
            (50, 950, 59),
            (10, 990, 459),
            (100, 900, 22),
            (10, 950, 299),
            (50, 900, 45),
            (20, 950, 149),
            (100, 950, 29),
            (500, 500, 1),
            (1, 999, SIZE_MAX),
        ] {
            assert_eq!(size_textbook(aim(tolerable, confidence)), size, "{tolerable} {confidence}");
        }
        assert!(Aim::new(0, 950).is_err() && Aim::new(50, 1000).is_err());
    }

    #[test]
    fn a_finite_population_needs_no_more() {
        let five = aim(50, 950);
        // 100 deliveries, 5 wrong: C(95, n) / C(100, n) <= 0.05 from n = 45 on.
        assert_eq!(size_finite(five, 100), 45);
        assert_eq!(size_finite(five, 1), 1);
        assert_eq!(size_finite(five, 0), 0);
        assert_eq!(size_finite(five, 10), 10);
        let mut last = 0;
        for population in [20, 50, 100, 500, 1_000, 10_000, 1_000_000] {
            let size = size_finite(five, population);
            assert!(size <= 59 && size <= u64::from(population) && size >= last, "{population}: {size}");
            last = size;
        }
        assert_eq!(last, 59);
    }

    fn units(weights: &[u64]) -> Vec<Unit> {
        let unit = |(index, weight): (usize, &u64)| Unit {
            index: index as u64,
            event: EventId(Blake3Hash::of(&index.to_be_bytes())),
            weight: *weight,
        };
        weights.iter().enumerate().map(unit).collect()
    }

    #[test]
    fn equal_draws_are_distinct_and_follow_the_seed() {
        let population = units(&[1; 200]);
        let one = draw_equal(&Blake3Hash::of(b"1"), &population, 59);
        let distinct: std::collections::BTreeSet<_> = one.iter().map(|drawn| drawn.index).collect();
        assert_eq!((one.len(), distinct.len()), (59, 59));
        assert_eq!(one, draw_equal(&Blake3Hash::of(b"1"), &population, 59));
        assert_ne!(one, draw_equal(&Blake3Hash::of(b"2"), &population, 59));
        // A larger sample continues a smaller one, and the order of the population does not matter.
        let mut turned = population.clone();
        turned.reverse();
        assert_eq!(one, draw_equal(&Blake3Hash::of(b"1"), &turned, 80)[..59]);
        assert_eq!(draw_equal(&Blake3Hash::of(b"1"), &population, 1_000).len(), 200);
    }

    #[test]
    fn money_draws_hit_in_proportion() {
        let population = units(&[1, 0, 99, 900]);
        let drawn = draw_money(&Blake3Hash::of(b"seed"), &population, 10_000);
        assert_eq!(drawn.iter().map(|drawn| drawn.hits).sum::<u64>(), 10_000);
        let hits = |index: u64| drawn.iter().find(|drawn| drawn.index == index).map_or(0, |drawn| drawn.hits);
        assert_eq!(hits(1), 0);
        // Six standard deviations: 6 * sqrt(10_000 * 0.9 * 0.1) = 180.
        assert!(hits(3).abs_diff(9_000) < 180 && hits(2).abs_diff(990) < 180 && hits(0) < 40, "{drawn:?}");
        assert!(draw_money(&Blake3Hash::of(b"seed"), &[], 5).is_empty());
    }
}
