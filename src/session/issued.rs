//! The calls that were made: the command of each, and what those were asked to do that somebody may still ask about.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::transcript;
use crate::call::{CallId, EndpointCall};

/// The calls that were made, as many as the transcript has entries at most.
#[derive(Debug)]
pub(super) struct IssuedCalls {
    /// The first call of each one's command, the oldest call first; the last one is the newest.
    roots: VecDeque<CallId>,
    /// The number of the next call; they follow one another.
    next: u64,
    /// The orders of the calls, with their payloads; each is kept until the next command, or until the call is over, whichever is later.
    orders: BTreeMap<CallId, EndpointCall>,
    /// The calls of the newest command.
    newest: Vec<CallId>,
    /// Calls that an endpoint did not take: the first of the command's.
    refused: HashSet<CallId>,
}

impl Default for IssuedCalls {
    fn default() -> IssuedCalls {
        IssuedCalls {
            roots: VecDeque::new(),
            next: 1,
            orders: BTreeMap::new(),
            newest: Vec::new(),
            refused: HashSet::new(),
        }
    }
}

impl IssuedCalls {
    /// Takes in a call that is made now, of the command that began with `root`, or the first of a new one; returns its number. With a
    /// new command, what calls of the one before were asked to do is forgotten, but of those that are `pending`.
    pub(super) fn issue(
        &mut self,
        root: Option<CallId>,
        order: EndpointCall,
        pending: impl Fn(CallId) -> bool,
    ) -> CallId {
        let id = CallId(self.next);
        self.next += 1;
        if root.is_none() {
            for over in self.newest.drain(..).filter(|id| !pending(*id)) {
                self.orders.remove(&over);
            }
        }
        if self.roots.len() == transcript::KEPT
            && let Some(oldest) = self.roots.pop_front()
        {
            self.refused.remove(&oldest);
        }
        self.roots.push_back(root.unwrap_or(id));
        self.orders.insert(id, order);
        self.newest.push(id);
        id
    }

    /// Takes in that a call is over.
    pub(super) fn over(&mut self, id: CallId) {
        if !self.newest.contains(&id) {
            self.orders.remove(&id);
        }
    }

    /// Takes in that the endpoint did not take a call of the command that began with `root`.
    pub(super) fn refuse(&mut self, root: CallId) {
        self.refused.insert(root);
    }

    /// The first call of the command that `call` was made for; none when it was made too long ago.
    pub(super) fn root_of(&self, call: CallId) -> Option<CallId> {
        let newer = usize::try_from(self.next.checked_sub(call.0)?).ok()?;
        self.roots.get(self.roots.len().checked_sub(newer)?).copied()
    }

    /// Returns what `call` was asked to do, while that is kept.
    pub(super) fn order_of(&self, call: CallId) -> Option<&EndpointCall> {
        self.orders.get(&call)
    }

    /// Did the endpoint not take a call of the command that began with `root`?
    pub(super) fn was_refused(&self, root: CallId) -> bool {
        self.refused.contains(&root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Call, SocketName};
    use crate::side::Side;

    fn order() -> EndpointCall {
        EndpointCall::On {
            socket: SocketName::from(crate::call::SocketRole::from(Side::Client)),
            call: Call::Close,
        }
    }

    #[test]
    fn what_is_kept_of_calls_does_not_grow_with_them() {
        let mut calls = IssuedCalls::default();
        let blocked = calls.issue(None, order(), |_| true);
        for n in 0..transcript::KEPT {
            let root = calls.issue(None, order(), |id| id == blocked);
            let second = calls.issue(Some(root), order(), |id| id == blocked);
            calls.refuse(root);
            assert_eq!([root, second].map(|id| calls.root_of(id)), [Some(root); 2], "{n}");
            assert!(calls.order_of(root).is_some() && calls.order_of(second).is_some());
        }
        assert_eq!(calls.roots.len(), transcript::KEPT);
        assert_eq!((calls.orders.len(), calls.newest.len()), (3, 2));
        assert!(calls.refused.len() <= transcript::KEPT);
        assert_eq!(calls.root_of(blocked), None);
        assert!(calls.order_of(blocked).is_some());
        calls.over(blocked);
        assert!(calls.order_of(blocked).is_none());
    }
}
