//! Things in the order in which each changed last.

use std::collections::BTreeMap;
use std::hash::Hash;

use crate::hash::QuickMap;

/// The changed things, each once.
#[derive(Debug)]
pub(super) struct LastChanges<K> {
    number: QuickMap<K, u64>,
    in_order: BTreeMap<u64, K>,
    next: u64,
}

impl<K> Default for LastChanges<K> {
    fn default() -> LastChanges<K> {
        LastChanges {
            number: QuickMap::default(),
            in_order: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<K: Copy + Eq + Hash> LastChanges<K> {
    /// Notes that a thing has changed.
    pub(super) fn note(&mut self, key: K) {
        self.forget(&key);
        self.number.insert(key, self.next);
        self.in_order.insert(self.next, key);
        self.next += 1;
    }

    /// Forgets a thing that is no more.
    pub(super) fn forget(&mut self, key: &K) {
        if let Some(number) = self.number.remove(key) {
            self.in_order.remove(&number);
        }
    }

    /// Forgets all; the marks keep their meaning.
    pub(super) fn clear(&mut self) {
        self.number.clear();
        self.in_order.clear();
    }

    /// The mark of the present, for [`LastChanges::since`].
    pub(super) const fn mark(&self) -> u64 {
        self.next
    }

    /// Returns the things that have changed since that mark, in the order of their last change.
    pub(super) fn since(&self, mark: u64) -> impl Iterator<Item = K> {
        self.in_order.range(mark..).map(|(_, key)| *key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_twice_is_named_once_at_its_last_change() {
        let mut changes = LastChanges::default();
        ["a", "b"].into_iter().for_each(|key| changes.note(key));
        let mark = changes.mark();
        ["c", "a", "d", "c"].into_iter().for_each(|key| changes.note(key));
        changes.forget(&"d");
        assert_eq!(changes.since(mark).collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(changes.since(0).collect::<Vec<_>>(), ["b", "a", "c"]);
        assert!(changes.since(changes.mark()).next().is_none());
    }
}
