//! Reproducible chance: a stream of numbers that follows from a label and a seed.
//!
//! ```text
//! stream = BLAKE3 derive_key(context = "aidledger 2026 simulation v1", material = label ‖ 0x00 ‖ seed as 8 bytes, little-endian), extended
//! ```
//!
//! It is the same on every machine and in every build, which no library's generator promises. It must never make a key that guards anything:
//! whoever knows the seed knows all that follows from it.

/// A stream of chance.
pub struct Random {
    stream: blake3::OutputReader,
    buffer: [u8; 1024],
    used: usize,
}

impl Random {
    /// The stream of a label and a seed; streams of different labels have nothing in common.
    pub fn new(label: &str, seed: u64) -> Random {
        let mut hasher = blake3::Hasher::new_derive_key("aidledger 2026 simulation v1");
        hasher.update(label.as_bytes());
        hasher.update(&[0]);
        hasher.update(&seed.to_le_bytes());
        Random { stream: hasher.finalize_xof(), buffer: [0; 1024], used: 1024 }
    }

    /// The next `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        const { assert!(N <= 64, "a draw is small against the buffer") };
        if self.used + N > self.buffer.len() {
            self.stream.fill(&mut self.buffer);
            self.used = 0;
        }
        let bytes = self.buffer[self.used..self.used + N].try_into().expect("N bytes were asked for");
        self.used += N;
        bytes
    }

    /// A number below `end`, which is not zero. No value's chance differs from 1/`end` by more than 2^-64.
    pub fn below(&mut self, end: u64) -> u64 {
        assert!(end > 0, "there is no number below zero");
        ((u128::from(u64::from_le_bytes(self.bytes())) * u128::from(end)) >> 64) as u64
    }

    /// A number from `first` to `last`, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// True in so many of a thousand cases.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of the things, each as likely as the others.
    pub fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len() as u64) as usize]
    }

    /// The place of one of the weights, each as likely as it is heavy.
    pub fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (place, weight) in weights.iter().enumerate() {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return place,
            }
        }
        unreachable!("the number is below the sum of the weights")
    }

    /// A code as a slip has it: 20 characters from 32, without those that are easily confused; 100 bits.
    pub fn slip_code(&mut self) -> String {
        const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        self.bytes::<20>().iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_follows_from_label_and_seed() {
        let draw = |label, seed| {
            let mut random = Random::new(label, seed);
            [random.below(1 << 40), random.between(5, 9), random.below(1 << 40)]
        };
        assert_eq!(draw("a", 1), draw("a", 1));
        assert_ne!(draw("a", 1), draw("a", 2));
        assert_ne!(draw("a", 1), draw("b", 1));
    }

    #[test]
    fn draws_stay_in_bounds_and_meet_every_value() {
        let mut random = Random::new("bounds", 0);
        let mut seen = [0; 5];
        for _ in 0..1000 {
            seen[random.between(3, 7) as usize - 3] += 1;
        }
        assert!(seen.iter().all(|count| (120..280).contains(count)), "{seen:?}");
        let heavy = (0..1000).filter(|_| random.weighted(&[0, 1, 9]) == 2).count();
        assert!((850..950).contains(&heavy), "{heavy}");
        assert!(random.slip_code().parse::<String>().is_ok_and(|code| code.len() == 20));
    }
}
