//! Quiet: nothing is in the air, no socket has an answer to come, and no call is about to wait or to return.

use super::*;

impl<O: Outside> Core<O> {
    /// Is a library about to take something unasked, at either end?
    pub(super) fn is_taking(&self) -> bool {
        self.ends.iter().any(|(_, end)| end.is_taking())
    }

    /// Was a table reported that was not whole?
    pub(super) fn is_torn(&self) -> bool {
        self.ends.iter().any(|(_, end)| end.watch.is_torn())
    }

    /// Is something to be looked for that nothing else will show?
    pub(super) fn owes_a_look(&self) -> bool {
        self.is_taking() || self.is_torn()
    }

    /// Tells when all is quiet: nothing is in the air, no socket has an answer to come, and no call is about to wait or to return.
    pub(super) fn quieten(&mut self) {
        // A socket whose segments are held on the wire waits for the user; what goes on by itself is waited for.
        let held: HashSet<Tuple> = self.wire.held().filter_map(|held| tuple_of(&held.packet)).collect();
        let is_held = |tuple: &Tuple| !held.is_empty() && (held.contains(tuple) || held.contains(&tuple.mirrored()));
        let is_stuck = |side: Side, row: &SocketRow| is_held(&row.tuple) || self.is_stuck(side, row);
        let calm = self.wire.next_due().is_none()
            && self
                .ends
                .iter()
                .all(|(side, end)| end.watch.quiet(|row| is_stuck(side, row)) && end.ended.is_empty());
        let is_working = |side: Side| {
            let end = &self.ends[side];
            end.owes_a_word() || !end.in_flight.is_empty() && self.outside.is_working(side)
        };
        let calm = calm && !Side::BOTH.into_iter().any(is_working);
        // What was said and sent before the threads slept may not have been taken in.
        if calm {
            for side in Side::BOTH {
                if !self.ends[side].in_flight.is_empty() {
                    self.hear(side);
                }
            }
            if self.wired {
                self.relay(EITHER);
            }
            if self.dirty {
                return;
            }
        }
        let is_returning = |end: &DriverEnd| end.in_flight.iter().any(|call| end.is_returning(call));
        let returning = self.is_taking() || self.ends.iter().any(|(_, end)| is_returning(end));
        let patient = self.look_in.is_none_or(|wait| wait < self.timing.return_patience);
        if calm && !(returning && patient) {
            if !self.owes_a_look() && self.ends.iter().all(|(_, end)| end.in_flight.is_empty()) {
                self.look_in = None;
            }
            if std::mem::take(&mut self.unquiet) {
                self.count();
                // The last of its batch, so that who reads it finds that nothing has happened since.
                self.tell(LabEvent::Quiet);
            }
        } else if self.unquiet && self.look_in.is_none() {
            self.look_in = Some(self.timing.first_look);
        }
        self.outside.flush();
    }

    /// Tells which counters have moved since they were told last: as a rule when all is quiet, so that they are those of one step.
    pub(super) fn count(&mut self) {
        self.counted_at = self.outside.now();
        let reasons = self.outside.reasons();
        self.reasons(reasons, None);
        self.read_counters();
        for side in Side::BOTH {
            let moved = std::mem::take(&mut self.ends[side].counted);
            if !moved.is_empty() {
                self.tell(LabEvent::Counters { side, moved });
            }
        }
    }

    /// Tells the kernel's reasons: those of RSTs of the lab's own connections, for all of the machine's are traced, and of what was dropped when
    /// a host was handed a packet.
    pub(super) fn reasons(&mut self, events: Vec<TracedEvent>, upon: Option<(Side, PacketNo)>) {
        for event in events {
            let (side, did, reason) = match event {
                TracedEvent::Reset {
                    from,
                    to,
                    state,
                    reason,
                } => {
                    let is_known = |a, b| self.flows.owes_acknowledgement(a, b).is_some();
                    let sender = Side::BOTH.into_iter().find(|side| self.addresses[*side] == from.ip());
                    match sender.filter(|_| is_known(from, to) || is_known(to, from)) {
                        Some(side) => (side, KernelAction::Reset { state, to }, reason),
                        None => continue,
                    }
                }
                TracedEvent::Drop { function, reason } => match upon {
                    Some((side, _)) => (side, KernelAction::Drop { function }, reason),
                    None => continue,
                },
            };
            let packet_no = upon.filter(|(to, _)| *to == side).map(|(_, no)| no);
            self.tell(LabEvent::Reason(KernelReason {
                side,
                did,
                reason,
                packet_no,
            }));
        }
    }

    /// Reads the counters before it is known that all is quiet, where no call is under way: that costs nobody time while a moment is
    /// waited for whether more comes. Once between two readings of the tables, however many packets pass.
    pub(super) fn count_ahead(&mut self) {
        // Where an acknowledgement is waited for, more comes.
        let is_over = |end: &DriverEnd| end.in_flight.is_empty() && end.watch.quiet(|_| false);
        if !self.has_counted_ahead && self.ends.iter().all(|(_, end)| is_over(end)) {
            self.has_counted_ahead = true;
            self.read_counters();
        }
    }

    /// Reads the counters of each host where something has happened since that the kernel may count. Both ends of the loopback lab have the
    /// machine's, which other programs move.
    fn read_counters(&mut self) {
        for side in Side::BOTH {
            if std::mem::take(&mut self.ends[side].may_have_counted) && self.wired {
                let moved = self.outside.counters(side);
                let moved = self.complain(moved).unwrap_or_default();
                self.ends[side].counted.extend(moved);
            }
        }
    }

    /// Does a socket wait for an acknowledgement in vain, so that only a timer of its own goes on with it? On the wire, because what it
    /// has sent is lost: the other host owes no acknowledgement of what has not arrived, nor a second one; it answers a SYN at once or not
    /// at all, and acknowledges data within a moment where it has the connection (`tcp_send_delayed_ack`). Where nothing was seen of the
    /// connection, because its timer has run out already.
    fn is_stuck(&self, side: Side, row: &SocketRow) -> bool {
        let owed = self
            .flows
            .owes_acknowledgement(row.tuple.peer, row.tuple.local)
            .filter(|_| self.wired);
        match owed {
            None => row.retransmits > 0,
            Some(false) => true,
            Some(true) => {
                let other = self.ends[side.other()].watch.connection(&row.tuple.mirrored());
                !other.is_some_and(|(state, _)| acknowledges_late(state))
            }
        }
    }
}

/// May a socket in that state acknowledge what has arrived a while after it has?
const fn acknowledges_late(state: State) -> bool {
    match state {
        State::Established | State::FinWait1 | State::FinWait2 | State::CloseWait | State::Closing | State::LastAck => {
            true
        }
        State::Close | State::Listen | State::SynSent | State::SynRecv | State::TimeWait => false,
    }
}

impl DriverEnd {
    /// Is what the call waits for there?
    fn is_returning(&self, call: &InFlightCall) -> bool {
        let inode = call.on.as_ref().and_then(|name| self.sockets.inode(name));
        inode.is_some_and(|inode| call.awaits.is_there(self.watch.row(inode)))
    }

    /// Is the library about to take something that nobody has asked it for? No word and no packet will show that it has.
    fn is_taking(&self) -> bool {
        self.process.is_some_and(|process| process.takes_unasked) && self.watch.holds_something()
    }
}
