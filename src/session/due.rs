//! Things to be looked at when the transcript has dropped an entry: whether they are to be forgotten, or when to look again.

use std::collections::BTreeSet;
use std::hash::Hash;

use crate::explain::EntryNo;
use crate::hash::QuickMap;

/// Things, each with the entry after whose loss it is to be looked at.
#[derive(Debug)]
pub(super) struct Due<K> {
    entries: QuickMap<K, EntryNo>,
    /// The next first.
    in_order: BTreeSet<(EntryNo, K)>,
}

impl<K> Default for Due<K> {
    fn default() -> Due<K> {
        Due {
            entries: QuickMap::default(),
            in_order: BTreeSet::new(),
        }
    }
}

impl<K: Copy + Ord + Hash> Due<K> {
    /// Notes that a thing is to be looked at once that entry is lost, whatever was noted before; 0 is one that always is.
    pub(super) fn add(&mut self, thing: K, entry: EntryNo) {
        self.remove(thing);
        self.entries.insert(thing, entry);
        self.in_order.insert((entry, thing));
    }

    /// Notes that a thing is gone.
    pub(super) fn remove(&mut self, thing: K) {
        if let Some(entry) = self.entries.remove(&thing) {
            self.in_order.remove(&(entry, thing));
        }
    }

    /// Takes out a thing whose entry is older than `oldest`; none where there is none.
    pub(super) fn take(&mut self, oldest: EntryNo) -> Option<K> {
        let (_, thing) = self.in_order.first().filter(|(entry, _)| *entry < oldest).copied()?;
        self.remove(thing);
        Some(thing)
    }

    /// Returns how many are to be looked at.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.in_order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_looked_at_when_its_entry_is_lost_and_not_before() {
        let mut due = Due::default();
        for (thing, entry) in [("b", 7), ("a", 9), ("gone", 2), ("new", 0), ("a", 5)] {
            due.add(thing, entry);
        }
        due.remove("gone");
        assert_eq!([due.take(5), due.take(5)], [Some("new"), None]);
        assert_eq!([due.take(6), due.take(7)], [Some("a"), None]);
        due.add("a", 9);
        assert_eq!([due.take(10), due.take(10), due.take(10)], [Some("b"), Some("a"), None]);
        assert_eq!((due.len(), due.entries.len()), (0, 0));
    }
}
