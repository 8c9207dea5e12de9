//! The connections that are not followed any more, remembered in bounded memory: what comes of one afterwards is no new connection.
//!
//! Two Bloom filters, of which the newer is added to; when that is full, the older is forgotten. Of what was added one is always known, until
//! it is forgotten; of what was not, one in a thousand is taken for one that was.

use std::hash::{BuildHasher, BuildHasherDefault};
use std::net::SocketAddr;

use finwait_model::hash::QuickHasher;

/// The bits of a filter: 4 MiB.
const BITS: usize = 1 << 25;
/// The bits that stand for one entry.
const EACH: u64 = 6;
/// The most entries of a filter: with these, three bits of ten are set.
const MOST: u32 = 1 << 21;

/// The memory of a connection that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Trace {
    /// Only that there was one.
    Was,
    /// The number of the SYN that began it.
    Syn(u32),
    /// Also that its SYN had had no answer.
    Unanswered,
}

/// The traces of connections that are gone.
#[derive(Debug, Default)]
pub(super) struct Gone {
    newer: Filter,
    older: Filter,
}

impl Gone {
    /// Remembers a trace of the connection between two addresses.
    pub(super) fn add(&mut self, key: (SocketAddr, SocketAddr), trace: Trace) {
        if self.newer.has(bits(key, trace)) {
            return;
        }
        if self.newer.entries == MOST {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.add(bits(key, trace));
    }

    /// Returns whether the connection between two addresses has left that trace.
    pub(super) fn has(&self, key: (SocketAddr, SocketAddr), trace: Trace) -> bool {
        self.newer.has(bits(key, trace)) || self.older.has(bits(key, trace))
    }
}

/// A Bloom filter; without any memory while nothing was added.
#[derive(Debug, Default)]
struct Filter {
    words: Box<[u64]>,
    entries: u32,
}

impl Filter {
    fn add(&mut self, bits: impl Iterator<Item = usize>) {
        if self.words.is_empty() {
            self.words = vec![0; BITS / 64].into();
        }
        self.entries += 1;
        for bit in bits {
            self.words[bit / 64] |= 1 << (bit % 64);
        }
    }

    fn has(&self, mut bits: impl Iterator<Item = usize>) -> bool {
        !self.words.is_empty() && bits.all(|bit| self.words[bit / 64] & (1 << (bit % 64)) != 0)
    }
}

/// The bits that stand for a trace.
fn bits(key: (SocketAddr, SocketAddr), trace: Trace) -> impl Iterator<Item = usize> {
    let hash = BuildHasherDefault::<QuickHasher>::default().hash_one((key, trace));
    // The finish of SplitMix64: all bits of the hash count in each of its bits.
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let (first, step) = (mixed ^ (mixed >> 31), (hash ^ mixed.rotate_left(32)) | 1);
    (0..EACH).map(move |n| (first.wrapping_add(n.wrapping_mul(step)) >> 16) as usize % BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(no: u32) -> (SocketAddr, SocketAddr) {
        let [a, b, c, d] = no.to_be_bytes();
        let client = SocketAddr::new([10, a, b, c].into(), 1024 + u16::from(d));
        (client, SocketAddr::new([10, 255, 0, 1].into(), 443))
    }

    #[test]
    fn what_was_added_is_known_and_hardly_anything_else() {
        let mut gone = Gone::default();
        assert!(!gone.has(key(0), Trace::Was));
        for no in 0..MOST {
            gone.add(key(no), Trace::Was);
        }
        assert!((0..MOST).all(|no| gone.has(key(no), Trace::Was)));
        let wrong = |trace| (0..100_000).filter(|no| gone.has(key(MOST + no), trace)).count();
        assert!(wrong(Trace::Was) < 200, "{}", wrong(Trace::Was));
        assert!((0..100_000).filter(|no| gone.has(key(*no), Trace::Syn(*no))).count() < 200);
    }

    #[test]
    fn the_oldest_are_forgotten_when_there_are_too_many() {
        let mut gone = Gone::default();
        for no in 0..2 * MOST + 20_000 {
            gone.add(key(no), Trace::Was);
        }
        assert!((2 * MOST..2 * MOST + 20_000).all(|no| gone.has(key(no), Trace::Was)));
        assert!((0..1000).filter(|no| gone.has(key(*no), Trace::Was)).count() < 10);
    }
}
