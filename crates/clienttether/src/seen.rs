//! Which rows a read has met: 64-bit fingerprints instead of ids, so that a million contacts take megabytes.
//!
//! The hash is keyed afresh in each process, so nobody can choose ids that collide; that two of a million collide by
//! chance has odds of one to forty million.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

#[derive(Default)]
pub(crate) struct Seen {
    key: RandomState,
    fingerprints: HashSet<u64, BuildHasherDefault<AsItIs>>,
}

impl Seen {
    /// Whether the row is new. One without an id is known by its bytes: the same nameless row again is nothing new.
    pub(crate) fn is_new(&mut self, id: Option<&str>, row: &[u8]) -> bool {
        let fingerprint = match id {
            Some(id) => self.key.hash_one(("id", id)),
            None => self.key.hash_one(("row", row)),
        };
        self.fingerprints.insert(fingerprint)
    }

    pub(crate) fn len(&self) -> usize {
        self.fingerprints.len()
    }
}

/// A fingerprint is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_new_once() {
        let mut seen = Seen::default();
        let answers = [
            seen.is_new(Some("7"), b"{}"),
            seen.is_new(Some("7"), b"{\"x\":1}"),
            seen.is_new(Some("07"), b"{}"),
            seen.is_new(None, b"{}"),
            seen.is_new(None, b"{}"),
            seen.is_new(None, b"7"),
        ];
        assert_eq!(answers, [true, false, true, true, false, true]);
        assert_eq!(seen.len(), 4);
    }
}
