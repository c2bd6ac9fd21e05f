//! The rows that a read has seen, as 64-bit fingerprints instead of IDs, so that a million contacts take megabytes.
//!
//! The hash key is random per process, so nobody can choose IDs that collide. The odds that two of a million rows collide by
//! chance are one in forty million.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// A set of rows.
#[derive(Default)]
pub(crate) struct SeenRows {
    key: RandomState,
    fingerprints: Fingerprints,
    /// Those of records that were added more than once.
    repeated: Fingerprints,
}

type Fingerprints = HashSet<u64, BuildHasherDefault<IdentityHasher>>;

impl SeenRows {
    /// Adds a row; returns whether it is new. A row without an ID is identified by its bytes.
    pub(crate) fn insert(&mut self, id: Option<&str>, row: &[u8]) -> bool {
        let fingerprint = match id {
            Some(id) => self.key.hash_one(("id", id)),
            None => self.key.hash_one(("row", row)),
        };
        let is_new = self.fingerprints.insert(fingerprint);
        if !is_new && id.is_some() {
            self.repeated.insert(fingerprint);
        }
        is_new
    }

    /// How many records with an ID were added more than once.
    pub(crate) fn repeated(&self) -> usize {
        self.repeated.len()
    }

    /// How many distinct rows were added.
    pub(crate) fn len(&self) -> usize {
        self.fingerprints.len()
    }
}

/// Passes a fingerprint through, since it is already a hash.
#[derive(Default)]
struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
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
        let mut seen = SeenRows::default();
        let is_new = [
            seen.insert(Some("7"), b"{}"),
            seen.insert(Some("7"), b"{\"x\":1}"),
            seen.insert(Some("07"), b"{}"),
            seen.insert(None, b"{}"),
            seen.insert(None, b"{}"),
            seen.insert(None, b"7"),
        ];
        assert_eq!(is_new, [true, false, true, true, false, true]);
        assert_eq!((seen.len(), seen.repeated()), (4, 1));
    }
}
