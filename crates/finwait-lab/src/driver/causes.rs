//! The driver at the tables: what changed on a host, and why.

use super::*;

impl<O: Outside> Core<O> {
    /// Everything but plain data and acknowledgements on a connection where they change nothing but queues, while no call is under way
    /// that may have changed that since the tables were read.
    pub(super) fn can_change_a_state(&self, from: Side, packet: &Packet) -> bool {
        #[cfg(test)]
        self.asked.set(self.asked.get() + 1);
        let Packet::Tcp(segment) = packet else { return true };
        if segment.flags.has(Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0)) {
            return true;
        }
        let tuple = Tuple {
            local: segment.source,
            peer: segment.destination,
        };
        let receiver = &self.ends[from.other()];
        let sends = self.ends[from].watch.connection(&tuple);
        let receives = receiver.watch.connection(&tuple.mirrored());
        let (Some((sends, sender)), Some((receives, inode))) = (sends, receives) else {
            return true;
        };
        // A socket of the accept queue, or one that connects, may be another by now.
        let leaves_plainly = match sends {
            State::Established => sender.is_some(),
            State::CloseWait | State::FinWait1 | State::FinWait2 => true,
            _ => false,
        };
        // `tcp_rcv_state_process`: data that a socket which nobody reads any more has no use for is answered by an RST.
        let is_unwanted = || segment.len > 0 && inode.is_none_or(|inode| receiver.reads_no_more(inode));
        let arrives_plainly = match receives {
            // Whoever is ESTABLISHED has sent no FIN that could stand beyond a gap.
            State::Established => {
                inode.is_some() && (sends == State::Established || !self.flows.owes_before_fin(segment))
            }
            State::CloseWait => segment.len == 0,
            State::FinWait1 => {
                !self.flows.acknowledges_fin(segment) && !is_unwanted() && !self.flows.owes_before_fin(segment)
            }
            State::FinWait2 => !is_unwanted() && !self.flows.owes_before_fin(segment),
            State::Closing | State::LastAck => segment.len == 0 && !self.flows.acknowledges_fin(segment),
            _ => false,
        };
        !leaves_plainly || !arrives_plainly || self.ends.iter().any(|(_, end)| end.is_changing())
    }

    /// Reads what was touched of a host's table since the last time, or the whole table where that is due.
    pub(super) fn read_touched(&mut self, side: Side) {
        let DriverEnd { watch, touched, .. } = &mut self.ends[side];
        if !self.wired {
            // No packet tells of the acknowledgement.
            watch.unacknowledged().into_iter().for_each(|tuple| touched.one(tuple));
        }
        watch.between_states().into_iter().for_each(|tuple| touched.one(tuple));
        let Some(mut touched) = touched.take() else {
            return self.changes(side, ReadTrigger::Nothing);
        };
        // What comes and goes through a listener is in its queue.
        let listeners: BTreeSet<Tuple> = touched.iter().filter_map(|tuple| watch.listener_of(tuple)).collect();
        touched.extend(listeners);
        if watch.is_whole_due(touched.len()) {
            return self.changes(side, ReadTrigger::Nothing);
        }
        for tuple in touched {
            self.changes_of(side, Some(tuple), ReadTrigger::Nothing);
        }
    }

    /// Reads a host's whole table and reports what changed.
    fn changes(&mut self, side: Side, beside: ReadTrigger) {
        let Core { ends, outside, .. } = self;
        let watch = &mut ends[side].watch;
        let changes = watch.changes(|families, rows| outside.sockets(side, families, rows));
        self.report(side, changes, beside);
    }

    /// Reads one connection of a host, or its whole table where none is named, and reports what changed.
    pub(super) fn changes_of(&mut self, side: Side, tuple: Option<Tuple>, beside: ReadTrigger) {
        let Some(tuple) = tuple else {
            return self.changes(side, beside);
        };
        let Core { ends, outside, .. } = self;
        let watch = &mut ends[side].watch;
        let changes = watch.changes_of(&tuple, |tuple| outside.socket(side, tuple));
        // Accepted meanwhile: nothing but the inode of its row tells.
        let inode = watch.connection(&tuple).and_then(|(_, inode)| inode);
        self.find_owners(side, inode.map(|inode| (inode, tuple)));
        match changes.transpose() {
            Some(changes) => self.report(side, changes, beside),
            None => self.changes(side, beside),
        }
    }

    /// Reports changes. Where no packet has just arrived, the likeliest cause is found for each.
    fn report(&mut self, side: Side, changes: Result<Vec<StateChange>>, beside: ReadTrigger) {
        let mut changes = self.complain(changes).unwrap_or_default();
        if self.programs.any_on(side) {
            // With a listener goes its queue.
            changes.sort_by_key(|change| change.from != State::Listen);
        }
        self.find_owners(side, changes.iter().map(|change| (change.inode, change.tuple)));
        for change in changes {
            self.unquiet = true;
            self.ends[side].may_have_counted = true;
            self.touch_peer(side, change.tuple);
            // What a packet does to a listener it does to a socket of its own.
            let connected = change.to != State::Listen && change.from != State::Listen;
            match beside {
                ReadTrigger::Arrived(Arrived { tuple, what }) if connected && tuple == Some(change.tuple) => {
                    self.led(side, &change, what);
                }
                ReadTrigger::Left(tuple, sent) if tuple == change.tuple => self.sent(side, &change, sent),
                _ => {
                    let cause = self.likely(side, &change);
                    self.transition(side, &change, cause, Witness::Table);
                }
            }
            self.disown(side, &change);
        }
    }

    /// Without a wire no segment tells what a connection's other end goes through: it is read when this one has changed.
    pub(super) fn touch_peer(&mut self, side: Side, tuple: Tuple) {
        if !self.wired && !tuple.is_listener() {
            self.ends[side.other()].touched.one(tuple.mirrored());
        }
    }

    /// Tells what a packet that has just arrived has led to: it may have led through several states, and have ended a call that did
    /// the rest.
    fn led(&mut self, side: Side, change: &StateChange, what: Arrival) {
        let holder = self.ends[side].holder(change).map(InFlightCall::named);
        // No program gives up as the answer comes: it has the connection, and ends it at once.
        let programs = change.from == State::SynSent && self.is_a_programs(side, change.inode);
        let held = holder.is_some() || programs || self.ends[side].outlives_a_close(change);
        let unseen = between(change.from, change.to, what, held);
        let witness = witness(!unseen.is_empty());
        let received = self.received(side);
        let mut from = change.from;
        for to in unseen.iter().chain([&change.to]) {
            let step = StateChange {
                from,
                to: *to,
                ..*change
            };
            let cause = match (maker(from, *to, what, held), holder) {
                (Actor::Packet, _) => received.clone(),
                // Whoever closed the descriptor did so before the packet came.
                (Actor::Call, Some(holder)) if !self.is_dying(side) => TransitionCause::Release(holder),
                (Actor::Call, _) => match self.likely(side, &step) {
                    // A shutdown in SYN_RECV, or of the listener before, sends its FIN when the last ACK comes.
                    TransitionCause::Unseen | TransitionCause::UnseenProcess { .. }
                        if change.from == State::SynRecv =>
                    {
                        received.clone()
                    }
                    likely => likely,
                },
            };
            self.transition(side, &step, cause, witness);
            from = *to;
        }
    }

    /// Tells what led to a change beside which a segment has left.
    fn sent(&mut self, side: Side, change: &StateChange, sent: SentSegment) {
        match sent.flags {
            flags if flags.has(Flags::RST) => self.aborted(side, change, sent),
            flags if flags.has(Flags::FIN) => self.finished(side, change, sent),
            _ => {
                let cause = self.likely_sender(side, change, sent);
                self.transition(side, change, cause, Witness::Table);
            }
        }
    }

    /// Returns what made a socket change its state when no packet came for it, and that segment has left.
    fn likely_sender(&mut self, side: Side, change: &StateChange, sent: SentSegment) -> TransitionCause {
        match self.likely(side, change) {
            TransitionCause::UnseenProcess { .. } => TransitionCause::UnseenProcess { sent: Some(sent) },
            cause => cause,
        }
    }

    /// Tells what calls have led to, a FIN having left: when it is over already, another call has ended it at once.
    fn finished(&mut self, side: Side, change: &StateChange, sent: SentSegment) {
        let unseen = after_fin(change.from, change.to);
        let witness = witness(unseen.is_some());
        let mut from = change.from;
        for to in unseen.into_iter().chain([change.to]) {
            let step = StateChange { from, to, ..*change };
            let cause = self.likely_sender(side, &step, sent);
            self.transition(side, &step, cause, witness);
            from = to;
        }
    }

    /// Tells what ended a connection whose RST has left. A retransmission timer that gives up sends none (`tcp_write_err`): one that
    /// has run out meanwhile did not do it, where a call can have.
    fn aborted(&mut self, side: Side, change: &StateChange, sent: SentSegment) {
        if let Some(cause) = self.program_cause(side, change, true) {
            return self.transition(side, change, cause, Witness::Table);
        }
        let by_a_call = StateChange {
            expired: change.expired.filter(|kind| *kind != TimerKind::Retransmit),
            ..*change
        };
        let cause = match self.likely(side, &by_a_call) {
            TransitionCause::Unseen | TransitionCause::UnseenProcess { .. } => self.likely(side, change),
            cause => cause,
        };
        // Without a packet that came and a timer that ran out, an RST of a connection that is up comes of a call.
        let cause = match cause {
            TransitionCause::Unseen | TransitionCause::UnseenProcess { .. }
                if change.to == State::Close && self.is_nobodys(side, change) =>
            {
                TransitionCause::UnseenProcess { sent: Some(sent) }
            }
            cause => cause,
        };
        self.transition(side, change, cause, Witness::Table);
    }

    pub(super) fn transition(&mut self, side: Side, change: &StateChange, cause: TransitionCause, witness: Witness) {
        let StateChange {
            tuple, inode, from, to, ..
        } = *change;
        self.tell(LabEvent::Transition(StateChanged {
            side,
            tuple,
            inode,
            from,
            to,
            cause,
            witness,
        }));
    }

    /// The last packet that the host received, as a cause.
    fn received(&self, side: Side) -> TransitionCause {
        let last = self.ends[side].received;
        last.map_or(TransitionCause::Unseen, TransitionCause::Received)
    }

    /// Returns what made a socket change its state when no packet came for it.
    pub(super) fn likely(&mut self, side: Side, change: &StateChange) -> TransitionCause {
        if let Some(cause) = self.program_cause(side, change, false) {
            return cause;
        }
        let end = &self.ends[side];
        // With a listener goes what waits in its queue.
        let goes = |(at, gone): (Side, Tuple)| {
            at == side
                && (gone == change.tuple
                    || change.inode == 0 && gone.is_listener() && change.tuple.came_through(gone.local))
        };
        if self.destroyed.is_some_and(goes) {
            return TransitionCause::Destroyed;
        }
        // The kernel closes what a dead process held; what becomes of it later is the work of packets and timers. A call that is
        // still in flight then did not come to do it.
        if self.is_dying(side) && StateEffect::Closes.made(change) {
            return TransitionCause::Death;
        }
        let calls = end.in_flight.iter().rev();
        let mut calls = calls.filter(|call| end.may_have_made(call, change)).peekable();
        let newest = calls.peek().map(|call| call.named());
        // Of several, the one that leaves nothing standing, where nothing is left.
        let abort = calls.find(|call| call.effect == StateEffect::Aborts);
        if let Some(by) = abort.map(InFlightCall::named).or(newest) {
            return TransitionCause::Call(by);
        }
        // The kernel closes a socket when nobody holds it any more: a waiting call does.
        let holder = end.holder(change).map(|call| TransitionCause::Release(call.named()));
        let expired = change.expired.filter(|_| !only_a_process_makes(change));
        match expired.map(TransitionCause::Timer) {
            Some(_) if holder.is_some() && only_sends_again(change) => {}
            Some(timer) => return timer,
            None => {}
        }
        if let Some(release) = holder {
            return release;
        }
        // Without a wire, the segment is not seen; the call that sent it is known.
        if !self.wired {
            let peer = &self.ends[side.other()];
            let on_it = |call: &&InFlightCall| peer.may_be_on(call, change.tuple.mirrored());
            let mut calls = peer.in_flight.iter().rev().filter(on_it);
            let changes = calls.clone().find(|call| call.effect != StateEffect::None);
            // Data that comes after SHUT_RD makes our own kernel reset the connection.
            let is_reset = matches!(change.from, State::FinWait1 | State::FinWait2) && change.to == State::Close;
            let writes = || calls.find(|call| is_reset && call.begun && call.name == CallKind::Write);
            if let Some(call) = changes.or_else(writes) {
                return TransitionCause::PeerCall {
                    side: side.other(),
                    by: call.named(),
                };
            }
            if self.is_dying(side.other()) {
                return TransitionCause::PeerDeath { side: side.other() };
            }
        }
        // No call was made that could do it, and only a call can.
        let by_a_call = [StateEffect::Opens, StateEffect::Listens, StateEffect::Closes]
            .iter()
            .any(|effect| effect.made(change));
        if by_a_call && end.process.is_some_and(|process| process.hides) {
            return TransitionCause::Library;
        }
        if only_a_process_makes(change) && self.is_nobodys(side, change) {
            return TransitionCause::UnseenProcess { sent: None };
        }
        TransitionCause::Unseen
    }

    /// Is the socket none of the endpoint's? One that no descriptor was seen of came through a listener.
    fn is_nobodys(&self, side: Side, change: &StateChange) -> bool {
        let end = &self.ends[side];
        let inode = match change.inode {
            0 => {
                let listener = end.watch.listener_of(&change.tuple);
                let row = listener.and_then(|listener| end.watch.row_at(&listener));
                row.map(|row| row.inode)
            }
            inode => Some(inode),
        };
        self.wired && inode.is_some_and(|inode| inode != 0 && !end.is_own(inode))
    }

    /// Has the end's process died since the last reading, or does it just now?
    fn is_dying(&self, side: Side) -> bool {
        let end = &self.ends[side];
        end.died || end.process.is_some() && self.outside.is_exiting(side)
    }
}

impl DriverEnd {
    /// The call that waits on a socket whose descriptor is closed, and so is the last to hold it. A handshake at a listener outlives
    /// that one, until its last ACK comes.
    fn holder(&self, change: &StateChange) -> Option<&InFlightCall> {
        if change.inode == 0 && change.from == State::SynRecv {
            return None;
        }
        let is_closed = |call: &InFlightCall| call.on.as_ref().is_some_and(|name| self.has_closed(name));
        let holds = |call: &&InFlightCall| !call.effect.ends() && is_closed(call) && self.is_about(call, change.inode);
        self.in_flight.iter().rev().find(holds)
    }

    /// Is a `connect` under way on that socket beside a call that closes its descriptor? Whichever of the two comes last lets the socket
    /// go; until the handshake is over it is not the close, for `connect` holds the socket while it waits.
    fn outlives_a_close(&self, change: &StateChange) -> bool {
        let about = || {
            self.in_flight
                .iter()
                .filter(|call| call.begun && self.is_about(call, change.inode))
        };
        change.from == State::SynSent
            && about().any(|call| call.releases)
            && about().any(|call| call.awaits == WaitCondition::Handshake)
    }

    /// Is that call on the connection with these addresses, or can it be: is its socket a listener, or in no table (any more)?
    fn may_be_on(&self, call: &InFlightCall, tuple: Tuple) -> bool {
        let inode = call.on.as_ref().and_then(|name| self.sockets.inode(name));
        let row = inode.and_then(|inode| self.watch.row(inode));
        row.is_none_or(|row| row.tuple == tuple || row.tuple.is_listener())
    }

    /// Is that call on the socket with this inode? A connection that never had a descriptor can only go with its listener. A call on
    /// another socket did not do it; one whose socket is not known may have.
    fn is_about(&self, call: &InFlightCall, inode: u64) -> bool {
        match (&call.on, inode) {
            (None, _) => false,
            (Some(name), 0) => self.sockets.is_listener(name),
            (Some(name), inode) => self.sockets.inode(name).is_none_or(|known| known == inode),
        }
    }

    /// Can that call have made the change, by itself?
    fn may_have_made(&self, call: &InFlightCall, change: &StateChange) -> bool {
        match change.heir {
            // Its addresses went to the socket that connects.
            Some(heir) => call.effect == StateEffect::Opens && heir != 0 && self.is_about(call, heir),
            None => call.effect.made(change) && self.is_about(call, change.inode),
        }
    }
}

/// Is it a change that no packet and no timer makes? A SYN and a FIN are sent by a call, or by the end of a process.
const fn only_a_process_makes(change: &StateChange) -> bool {
    matches!(
        (change.from, change.to),
        (_, State::Listen)
            | (State::Listen, State::Close)
            | (State::Close, State::SynSent)
            | (State::SynRecv | State::Established, State::FinWait1)
            | (State::CloseWait, State::LastAck)
    )
}

/// Has a timer run out that ends no connection yet, but sends something for the second time (`retransmits_timed_out`)?
fn only_sends_again(change: &StateChange) -> bool {
    change.expired == Some(TimerKind::Retransmit)
        && change.retransmits == 0
        && !matches!(change.from, State::SynSent | State::SynRecv)
}

/// Returns the witness of a change: the segments where it has steps that no table has shown, else the table.
const fn witness(unseen: bool) -> Witness {
    if unseen { Witness::Segments } else { Witness::Table }
}
