//! Chance that means the same in every version.
//!
//! A seed printed in a failing test, or chosen for a demo, must give the same world next year. Generators of libraries
//! may change their stream with a release, so the world is drawn with a SplitMix64 that is ours.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice of one subject: the same parts always throw the same numbers, whoever else has thrown before.
    pub(crate) fn of(parts: &[u64]) -> Self {
        Self(key(parts))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as usize) as i64
    }

    /// A number from 0 up to, not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
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

    /// How often something happens that happens `mean` times on average.
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

/// One number for a subject, to draw its dice from.
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
    fn a_seed_keeps_its_numbers_for_ever() {
        let mut dice = Dice::of(&[7, 1]);
        let thrown: Vec<usize> = (0..6).map(|_| dice.below(100)).collect();
        let mut again = Dice::of(&[7, 1]);
        assert_eq!(thrown, (0..6).map(|_| again.below(100)).collect::<Vec<_>>());
        assert_ne!(Dice::of(&[7, 1]).next(), Dice::of(&[1, 7]).next());
    }

    #[test]
    fn arrivals_average_what_was_asked() {
        let total: usize = (0..4000).map(|day| Dice::of(&[3, day]).poisson(2.5)).sum();
        assert!((9_400..10_600).contains(&total), "{total}");
    }
}
