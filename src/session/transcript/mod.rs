//! The transcript: the ordered record of all that happened. Everything that is drawn or exported comes from it.

use std::collections::VecDeque;

use crate::clock::MonoTime;
use crate::explain::EntryNo;

mod entry;
mod filter;
mod lines;
mod packet;

pub use entry::{Entry, EntryKind, ProgramCallEntry, ProgramEntry};
pub use filter::Filter;
pub use lines::plain_lines;
pub use packet::{became, besides, describe};

/// The most entries that are kept; older ones are dropped, and counted.
pub const KEPT: usize = 100_000;

/// The entries of one run, the oldest dropped when there are too many.
#[derive(Debug)]
pub struct Transcript {
    began: MonoTime,
    /// The most entries that are kept.
    most: usize,
    entries: VecDeque<Entry>,
    next: u64,
    /// The newest entry of what happened without a call of its end: 0 while there is none.
    newest_event: EntryNo,
    /// The newest event, once its entry has been dropped: a program may send more segments than are kept, and nothing else has happened
    /// since it began.
    dropped_event: Option<Entry>,
}

impl Transcript {
    /// An empty one; times count from `began`.
    pub const fn new(began: MonoTime) -> Transcript {
        Transcript::keeping(KEPT, began)
    }

    /// An empty one that keeps so many entries; times count from `began`.
    pub const fn keeping(most: usize, began: MonoTime) -> Transcript {
        Transcript {
            began,
            most,
            entries: VecDeque::new(),
            next: 1,
            newest_event: 0,
            dropped_event: None,
        }
    }

    /// Adds what happened at `at`.
    pub(in crate::session) fn push(&mut self, at: MonoTime, what: EntryKind) -> u64 {
        if self.entries.len() >= self.most {
            let newest_event = self.newest_event;
            let dropped = self.entries.pop_front().filter(|entry| entry.no == newest_event);
            self.dropped_event = dropped.or(self.dropped_event.take());
        }
        let no = self.next;
        self.next += 1;
        if what.is_event() {
            self.newest_event = no;
        }
        self.entries.push_back(Entry {
            no,
            at: at.since(self.began),
            what,
        });
        no
    }

    /// Returns when the run began.
    pub const fn began(&self) -> MonoTime {
        self.began
    }

    /// The entries that are kept, the oldest first.
    pub const fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// Returns how many entries have been dropped.
    pub fn dropped(&self) -> u64 {
        self.next - 1 - self.entries.len() as u64
    }

    /// The number of the oldest entry that is kept, or of the next one where none is.
    pub fn oldest(&self) -> EntryNo {
        self.dropped() + 1
    }

    /// The number of the last entry; 0 when there was none.
    pub const fn last(&self) -> u64 {
        self.next - 1
    }

    /// The entry of that number, if it is still kept.
    pub fn entry(&self, no: u64) -> Option<&Entry> {
        let first = self.entries.front()?.no;
        self.entries.get(no.checked_sub(first)? as usize)
    }

    /// The newest entry of what happened without a call that says it, also where it is not kept among the entries any more: see
    /// [`EntryKind::is_event`].
    pub fn newest_event(&self) -> Option<&Entry> {
        let is_it = |entry: &&Entry| entry.no == self.newest_event;
        self.entry(self.newest_event)
            .or(self.dropped_event.as_ref().filter(is_it))
    }

    /// The entries after `no`, the oldest first; all of them for 0.
    pub fn since(&self, no: u64) -> impl DoubleEndedIterator<Item = &Entry> {
        let skip = self
            .entries
            .front()
            .map_or(0, |first| (no + 1).saturating_sub(first.no));
        self.entries.iter().skip(skip as usize)
    }
}
