//! A small generator for tests: SplitMix64, from a seed that is printed so that a failure can be repeated.
#![allow(dead_code, reason = "each test uses its part")]

/// Enough to choose with.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// From 0 to `end` - 1.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
    pub fn chance(&mut self, in_hundred: u64) -> bool {
        self.below(100) < in_hundred
    }
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
    /// From 1 to `most`: often all of it or little of it.
    pub fn part(&mut self, most: i128) -> i128 {
        match self.below(4) {
            0 => most.max(1),
            1 => (most / 7).max(1),
            _ => i128::from(self.next()) % most.max(1) + 1,
        }
    }
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}
