//! Sets of unit numbers, as intervals.

use std::collections::BTreeMap;

/// A set of unit numbers: disjoint intervals, none touching the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units {
    /// End by start.
    intervals: BTreeMap<u64, u64>,
}

impl Units {
    /// The numbers from `start` up to, not including, `end`.
    pub fn interval(start: u64, end: u64) -> Units {
        let intervals = if start < end { BTreeMap::from([(start, end)]) } else { BTreeMap::new() };
        Units { intervals }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.intervals.iter().map(|(start, end)| end - start).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    /// The intervals, ascending, as start and end.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.intervals.iter().map(|(start, end)| (*start, *end))
    }

    /// Takes the lowest `count` out; fewer if there are fewer.
    pub fn take_lowest(&mut self, count: u64) -> Units {
        let mut taken = Units::default();
        let mut missing = count;
        while missing > 0
            && let Some((start, end)) = self.intervals.pop_first()
        {
            let cut = end.min(start.saturating_add(missing));
            taken.intervals.insert(start, cut);
            missing -= cut - start;
            if cut < end {
                self.intervals.insert(cut, end);
            }
        }
        taken
    }

    /// Puts numbers in that are not in it.
    pub fn put(&mut self, others: &Units) {
        for (mut start, mut end) in others.iter() {
            if let Some((before, until)) = self.intervals.range(..start).next_back().map(|(before, until)| (*before, *until)) {
                assert!(until <= start, "units are in one place only");
                if until == start {
                    self.intervals.remove(&before);
                    start = before;
                }
            }
            if let Some(until) = self.intervals.remove(&end) {
                end = until;
            }
            self.intervals.insert(start, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_go_out_and_come_back_in_their_places() {
        let mut free = Units::interval(0, 100);
        let first = free.take_lowest(30);
        let second = free.take_lowest(30);
        assert_eq!(first.iter().collect::<Vec<_>>(), [(0, 30)]);
        assert_eq!(second.iter().collect::<Vec<_>>(), [(30, 60)]);
        free.put(&first);
        assert_eq!(free.iter().collect::<Vec<_>>(), [(0, 30), (60, 100)]);
        let third = free.take_lowest(40);
        assert_eq!(third.iter().collect::<Vec<_>>(), [(0, 30), (60, 70)]);
        free.put(&second);
        free.put(&third);
        assert_eq!(free, Units::interval(0, 100));
        assert_eq!(free.take_lowest(200).count(), 100);
        assert!(free.is_empty());
    }
}
