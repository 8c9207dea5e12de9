//! A hash for keys that are looked up several times for every packet: addresses.
//!
//! std's resists keys chosen to collide, at ten times the price. What is hashed here are the addresses of a lab's own hosts.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map with that hash.
pub type QuickMap<K, V> = HashMap<K, V, BuildHasherDefault<QuickHasher>>;

/// Multiplies and rotates, a word at a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct QuickHasher(u64);

/// 2^64 divided by the golden ratio: odd, and without a pattern in its bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl QuickHasher {
    const fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(SPREAD);
    }
}

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_ne_bytes(word));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.mix(number.into());
    }

    fn write_u16(&mut self, number: u16) {
        self.mix(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.mix(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.mix(number as u64);
    }

    fn finish(&self) -> u64 {
        // A product's low bits know nothing of the factor's high ones, and tables are indexed by the low bits.
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::BuildHasher;
    use std::net::SocketAddr;

    #[test]
    fn neighbouring_ports_are_spread_over_a_table() {
        let hash = BuildHasherDefault::<QuickHasher>::default();
        let server: SocketAddr = "10.0.0.2:8080".parse().unwrap();
        let slots: HashSet<u64> = (32_768..33_792_u16)
            .map(|port| hash.hash_one((SocketAddr::new([10, 0, 0, 1].into(), port), server)) & 1023)
            .collect();
        // Of 1024 balls thrown into 1024 boxes at random, 63 % of the boxes get one.
        assert!(slots.len() > 550, "{}", slots.len());
    }
}
