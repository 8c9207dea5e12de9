//! Rest: how long nothing can happen in a lab by itself, as far as the kernel shows what runs there.

use std::time::Duration;

use super::{NextRuntime, PendingCall, ProcessState, Session, socket_of};
use crate::call::{Call, EndpointCall};
use crate::clock::MonoTime;
use crate::side::Side;

/// The longest that the kernel waits without a timer in any table: an acknowledgement may be delayed for so long (`TCP_DELACK_MAX`).
const UNSEEN: Duration = Duration::from_millis(200);
/// The time by which a timer may go off before its table says: one that was set anew to about the same is not reported again.
const EARLY: Duration = Duration::from_millis(100);

impl Session {
    /// Returns from when on the tables show all that can still happen: a while after the last that did.
    pub fn shows_all_from(&self) -> MonoTime {
        let last = self.transcript.entries().back();
        let last = last.map_or(Duration::ZERO, |entry| entry.at);
        self.transcript.began().plus(last + UNSEEN)
    }

    /// Returns until when nothing can happen by itself in a lab that is quiet at `now`; none where something may at any time. What ends a
    /// rest is a command, or a time that comes: of a socket's timer, as the tables have them, or of a packet that is delayed.
    pub fn rests_until(&self, now: MonoTime) -> Option<MonoTime> {
        let is_active = |side: Side| {
            let end = &self.ends[side];
            matches!(end.process, ProcessState::Starting { .. })
                || matches!(end.next, NextRuntime::Preparing { .. })
                || end.pending.iter().any(|pending| self.ends_by_itself(side, pending))
        };
        // A program does what it likes when it likes.
        if now < self.shows_all_from() || self.programs.run() || Side::BOTH.into_iter().any(is_active) {
            return None;
        }
        let timers = self.ends.iter().flat_map(|(_, end)| {
            let timers = end.table.rows().iter().filter_map(|observed| observed.row.timer);
            timers.map(|timer| end.table.read_at().plus(timer.left.saturating_sub(EARLY)))
        });
        let due = self.wire.held.values().filter_map(|held| held.due);
        Some(timers.chain(due).min().unwrap_or(MonoTime(u64::MAX)))
    }

    /// May a call return, or do something, although nothing happens to its socket?
    fn ends_by_itself(&self, side: Side, pending: &PendingCall) -> bool {
        let EndpointCall::On { call, .. } = &pending.order else {
            return true;
        };
        let end = &self.ends[side];
        let socket = socket_of(&pending.order).and_then(|name| end.socket(name));
        let times_out = socket.is_none_or(|socket| {
            let options = end.sock(socket).options;
            options.rcvtimeo > 0 || options.sndtimeo > 0
        });
        let is_bounded = call.has_deadline() || call.is_close() || matches!(call, Call::Poll { .. });
        pending.text.is_none() || is_bounded || times_out
    }
}
