//! A random number generator that gives the same numbers in every release.
//!
//! A seed printed by a failing test, or chosen for a demo, must give the same data next year. Random number libraries
//! may change their output between versions, so this module implements SplitMix64 itself.

/// The increment of SplitMix64.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A seeded stream of random numbers.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The stream for one subject. The same parts always give the same numbers, independent of every other stream.
    pub(crate) fn of(parts: &[u64]) -> Self {
        Self(key(parts))
    }

    /// The next 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number from 0 up to, but not including, `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// A number from `low` through `high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as usize) as i64
    }

    /// A number from 0 up to, but not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the choices, each with the same probability.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// An index, drawn in proportion to its weight.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            last = index;
            if left < weight {
                break;
            }
            left -= weight;
        }
        last
    }

    /// A Poisson-distributed count with the given mean.
    pub(crate) fn poisson(&mut self, mean: f64) -> usize {
        let limit = (-mean).exp();
        let mut product = self.unit();
        let mut count = 0;
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

/// Hashes the parts that identify a subject into one number.
pub(crate) fn key(parts: &[u64]) -> u64 {
    parts.iter().fold(GOLDEN, |state, part| mix(state.rotate_left(17) ^ mix(part.wrapping_add(GOLDEN))))
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let mut dice = Dice::of(&[7, 1]);
        let rolls: Vec<usize> = (0..6).map(|_| dice.below(100)).collect();
        let mut again = Dice::of(&[7, 1]);
        assert_eq!(rolls, (0..6).map(|_| again.below(100)).collect::<Vec<_>>());
        assert_ne!(Dice::of(&[7, 1]).next(), Dice::of(&[1, 7]).next());
    }

    #[test]
    fn poisson_counts_average_to_the_mean() {
        let total: usize = (0..4000).map(|day| Dice::of(&[3, day]).poisson(2.5)).sum();
        assert!((9_400..10_600).contains(&total), "{total}");
    }
}
