//! The driver at the tables: what changed on a host, and why.

use super::*;

impl Driver {
    /// Everything but plain data and acknowledgements between two sockets that are ESTABLISHED and open, while no call is under way
    /// that may have changed that since the tables were read.
    pub(super) fn can_change_a_state(&self, from: Side, packet: &Packet) -> bool {
        match packet {
            Packet::Tcp(segment) => {
                let tuple = Tuple {
                    local: segment.source,
                    peer: segment.destination,
                };
                segment.flags.has(Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0))
                    || !self.ends[from].watch.settled(&tuple)
                    || !self.ends[from.other()].watch.settled(&tuple.mirrored())
                    || self.ends.iter().any(|(_, end)| end.is_changing())
            }
            Packet::Icmp { .. } | Packet::Other { .. } => true,
        }
    }

    /// Reads a host's table and tells what changed. Where no packet has just arrived, the likeliest cause is found for each change.
    pub(super) fn changes(&mut self, side: Side, arrived: Option<Arrived>) {
        let end = &mut self.ends[side];
        let changes = end.watch.changes(&mut end.host);
        for change in self.complain(changes).unwrap_or_default() {
            self.unquiet = true;
            let Some(arrived) = arrived.filter(|_| change.to != State::Listen && change.from != State::Listen) else {
                self.transition(side, &change, self.likely(side, &change));
                continue;
            };
            // A packet may lead through several states at once.
            let mut from = change.from;
            let steps = through(change.from, change.to, arrived);
            for to in steps.iter().chain([&change.to]) {
                let step = Change {
                    from,
                    to: *to,
                    ..change
                };
                let cause = if is_made_by_calls(&step) {
                    self.likely(side, &step)
                } else {
                    Cause::Received
                };
                self.transition(side, &step, cause);
                from = *to;
            }
        }
    }

    pub(super) fn transition(&mut self, side: Side, change: &Change, cause: Cause) {
        let Change {
            tuple, inode, from, to, ..
        } = *change;
        self.tell(Happening::Transition {
            side,
            tuple,
            inode,
            from,
            to,
            cause,
        });
    }

    /// What made a socket change its state when no packet came for it.
    pub(super) fn likely(&self, side: Side, change: &Change) -> Cause {
        let end = &self.ends[side];
        if self.destroyed == Some((side, change.tuple)) {
            return Cause::Destroyed;
        }
        // The kernel closes what a dead process held; what becomes of it later is the work of packets and timers. A call that is
        // still in flight then did not come to do it.
        let dying = end.died || end.process.as_ref().is_some_and(Process::is_exiting);
        if dying && Power::Ends.made(change) {
            return Cause::Death;
        }
        // A connection that never had a descriptor can only go with its listener. A call on another socket did not do it; one
        // whose socket is not known may have.
        let about = |flight: &&Flight| match (&flight.on, change.inode) {
            (None, _) => false,
            (Some(name), 0) => end.listeners.contains(name),
            (Some(name), inode) => end.inodes.get(name).is_none_or(|known| *known == inode),
        };
        let mut flights = end.in_flight.iter().rev();
        if let Some(flight) = flights.find(|flight| flight.power.made(change) && about(flight)) {
            return Cause::Call(flight.id);
        }
        if let Some(kind) = change.expired {
            return Cause::Timer(kind);
        }
        // The kernel closes a socket when nobody holds it any more: a waiting call does.
        let holds = |flight: &&Flight| {
            flight.on.as_ref().is_some_and(|name| end.closed.contains(name)) && change.inode != 0 && about(flight)
        };
        if let Some(flight) = end.in_flight.iter().rev().find(holds) {
            return Cause::Release(flight.id);
        }
        // Without a wire, the segment is not seen; the call that sent it is known.
        if !self.wired {
            let peer = &self.ends[side.other()];
            if let Some(flight) = peer.in_flight.iter().rev().find(|flight| flight.power != Power::None) {
                return Cause::PeerCall(flight.id);
            }
            if peer.died || peer.process.as_ref().is_some_and(Process::is_exiting) {
                return Cause::PeerDeath;
            }
        }
        // What only a call can do, none was told to do.
        let by_a_call = [Power::Opens, Power::Listens, Power::Ends]
            .iter()
            .any(|power| power.made(change));
        if by_a_call && end.process.as_ref().is_some_and(Process::hides) {
            return Cause::Library;
        }
        Cause::Unseen
    }
}

/// Can only a call, or a death, make this change?
const fn is_made_by_calls(change: &Change) -> bool {
    matches!(
        (change.from, change.to),
        (_, State::FinWait1 | State::SynSent) | (State::CloseWait, State::LastAck)
    )
}
