//! The connections of a host that something has touched since its tables were last read for the screen: a packet, or a call.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use finwait_model::hash::QuickHasher;
use finwait_model::socket_table::Tuple;

/// The part of a host's table that is to be read anew.
#[derive(Debug, Default)]
pub(super) struct Touched {
    connections: HashSet<Tuple, BuildHasherDefault<QuickHasher>>,
    /// The one that was touched last: a stream's packets touch the same one over and over.
    last: Option<Tuple>,
    whole: bool,
}

impl Touched {
    /// Notes that a connection, or a listener, is to be read.
    pub(super) fn one(&mut self, tuple: Tuple) {
        if self.last != Some(tuple) {
            self.last = Some(tuple);
            self.connections.insert(tuple);
        }
    }

    /// The whole table is to be read: nobody knows what has changed.
    pub(super) const fn all(&mut self) {
        self.whole = true;
    }

    /// Is nothing to be read anew?
    pub(super) fn is_empty(&self) -> bool {
        self.connections.is_empty() && !self.whole
    }

    /// Returns the connections that are to be read; none where the whole table is.
    pub(super) fn connections(&self) -> Option<Vec<Tuple>> {
        (!self.whole).then(|| self.connections.iter().copied().collect())
    }

    /// Notes all that is noted there, too.
    pub(super) fn and(&mut self, other: Touched) {
        self.connections.extend(other.connections);
        self.whole |= other.whole;
    }

    /// Returns the connections in order and begins anew; none where the whole table is to be read.
    pub(super) fn take(&mut self) -> Option<Vec<Tuple>> {
        let Touched { connections, whole, .. } = std::mem::take(self);
        let mut connections: Vec<Tuple> = connections.into_iter().collect();
        connections.sort_unstable();
        (!whole).then_some(connections)
    }
}
