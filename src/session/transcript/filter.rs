//! The kinds of entry that a log shows.

use super::EntryKind;
use crate::explain::counters::is_shown;

/// The kinds of line that the log can be filtered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Everything.
    #[default]
    All,
    /// Calls and their outcomes.
    Calls,
    /// Packets.
    Segments,
    /// State changes.
    States,
    /// The kernel's counters, also those that always move, and its reasons.
    Counters,
    /// Endpoints, hosts, notes.
    Processes,
    /// Programs of the user's own: what they write and call, their beginnings and ends.
    Programs,
}

impl Filter {
    /// All of them, in the order in which the key goes through them.
    pub const ALL: [Filter; 7] = [
        Filter::All,
        Filter::Calls,
        Filter::Segments,
        Filter::States,
        Filter::Counters,
        Filter::Processes,
        Filter::Programs,
    ];

    /// The name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Filter::All => "all",
            Filter::Calls => "calls",
            Filter::Segments => "segments",
            Filter::States => "states",
            Filter::Counters => "counters",
            Filter::Processes => "processes",
            Filter::Programs => "programs",
        }
    }

    /// Does an entry pass?
    pub fn passes(self, what: &EntryKind) -> bool {
        if let (Filter::All, EntryKind::Counters { moved, .. }) = (self, what) {
            return moved.iter().any(|(name, _)| is_shown(name));
        }
        matches!(
            (self, what),
            (Filter::All, _)
                | (
                    Filter::Calls,
                    EntryKind::Call { .. }
                        | EntryKind::Ended(_)
                        | EntryKind::Blocked { .. }
                        | EntryKind::Syscall(_)
                        | EntryKind::ProgramCall(_)
                )
                | (Filter::Segments, EntryKind::Packet(_) | EntryKind::Wire { .. })
                | (Filter::States, EntryKind::State { .. })
                | (Filter::Counters, EntryKind::Counters { .. } | EntryKind::Reason(_))
                | (
                    Filter::Processes,
                    EntryKind::Born(_)
                        | EntryKind::Died(_)
                        | EntryKind::Host(_)
                        | EntryKind::Runtime(_)
                        | EntryKind::Note { .. }
                )
                | (Filter::Programs, EntryKind::Program(_) | EntryKind::ProgramCall(_))
        )
    }
}
