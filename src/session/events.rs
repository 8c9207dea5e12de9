//! Events of the driver, taken in: into the transcript, and into what is known of both ends.

use super::*;
use crate::explain::rules::CallClass;
use crate::explain::sock;
use crate::explain::{CallUnderWay, Holder, Limits, Sock};

impl Session {
    /// Takes in what happened: the requests that follow from it.
    pub(super) fn take_event(&mut self, event: TimedEvent) -> Vec<LabRequest> {
        let at = event.at;
        match event.what {
            LabEvent::Born {
                side,
                pid,
                runtime,
                takes_unasked,
                nofile,
            } => {
                self.ends[side].takes_unasked = takes_unasked;
                if let Some(most) = nofile {
                    self.ends[side].set_setting(Setting::Nofile, SettingValue::Number(most));
                }
                self.ends[side].process = ProcessState::Running {
                    pid,
                    runtime: runtime.clone(),
                };
                self.transcript.push(at, EntryKind::Born { side, pid, runtime });
            }
            LabEvent::Died { side, pid, how } => {
                let whys = self.lost(side, how);
                let lost = self.ends[side].died(pid, how);
                self.transcript.push(at, EntryKind::Died { side, pid, how });
                let explained = whys.iter().any(|why| why.rule.is_some());
                for (pending, why) in lost.into_iter().zip(whys) {
                    // The one that killed it is what the user wants to read about.
                    let shown = !pending.looking && explained == why.rule.is_some();
                    let answer = self.never_returned(at, side, pending, how, why);
                    if shown {
                        self.ends[side].last = Some(answer);
                    }
                }
            }
            LabEvent::Began { side, id, text } => {
                let pendings = &mut self.ends[side].pending;
                if let Some(pending) = pendings.iter_mut().find(|pending| pending.id == id) {
                    pending.text = Some(text.clone());
                    let socket = socket_of(&pending.order).cloned();
                    pending.began = self.transcript.push(
                        at,
                        EntryKind::Call {
                            side,
                            call: id,
                            socket,
                            text,
                        },
                    );
                    let began = pending.began;
                    if let EndpointCall::Process(ProcessCall::Interrupt { target }) = pending.order
                        && let Some(target) = pendings.iter_mut().find(|pending| pending.id == target)
                    {
                        target.interrupted = Some(began);
                    }
                }
            }
            LabEvent::Ended {
                side,
                id,
                took,
                outcome,
                said,
                trace,
                inode,
            } => return self.ended(at, side, id, took, outcome, said, trace, inode),
            LabEvent::Made {
                side,
                socket,
                fd,
                inode,
            } => self.ends[side].made(&socket, fd, inode),
            LabEvent::Gone { side, socket } => {
                self.ends[side].closed(&socket, None);
            }
            LabEvent::Syscall { side, made } => {
                self.transcript.push(at, EntryKind::Syscall { side, made });
            }
            LabEvent::Garbled { side, id, why } => {
                let end = &mut self.ends[side];
                if let Some(place) = end.pending.iter().position(|pending| Some(pending.id) == id) {
                    let pending = end.pending.remove(place);
                    self.refused.insert(pending.root);
                    let outcome = Outcome::Unsupported(why.clone());
                    let entry = self.transcript.last() + 1;
                    end.remember(&pending.order, &outcome, None, pending.state, entry);
                }
                self.transcript.push(
                    at,
                    EntryKind::Note {
                        text: format!("the {side} endpoint: {why}"),
                    },
                );
            }
            LabEvent::Packet(record) => self.packet(at, record),
            LabEvent::Wire(change) => {
                self.wire.changed(&change);
                self.transcript.push(at, EntryKind::Wire { change });
            }
            LabEvent::Rules(rules) => self.wire.rules = rules,
            LabEvent::Transition {
                side,
                tuple,
                inode,
                from,
                to,
                cause,
                witness,
            } => {
                // In one of these states a connection without a descriptor waits in a queue: it has begun anew. So has one that
                // we connect.
                let queued = inode == 0 && matches!(to, State::SynRecv | State::Established | State::CloseWait);
                if from == State::Close && (queued || to == State::SynSent) {
                    self.ends[side].forget_connection(&tuple);
                }
                let socket = self.ends[side].name_of(&tuple, inode).cloned();
                if let Some(name) = &socket {
                    self.ends[side].name_connection(tuple, name);
                    // It may be over before the table is told: a SYN that is refused leaves no row.
                    self.ends[side].set(name, |socket| {
                        if socket.open && socket.inode == Some(inode) {
                            socket.tuple = Some(tuple);
                        }
                    });
                }
                if let Some(name) = socket
                    .as_ref()
                    .filter(|_| from == State::Close && to != State::Listen && !queued)
                {
                    self.ends[side].connects(side, name);
                }
                let end = &self.ends[side];
                let called = socket
                    .as_ref()
                    .map(|name| end.shown(name))
                    .filter(|called| Some(*called) != socket.as_ref());
                let called = called.cloned();
                let cause = self.reason(side, cause);
                let (made_by, by) = self.made_by(side, &cause);
                let no = self.transcript.push(
                    at,
                    EntryKind::State {
                        side,
                        socket,
                        called,
                        tuple,
                        from,
                        to,
                        cause,
                        witness,
                    },
                );
                let socks = &mut self.ends[side].socks;
                let begins = from == State::Close && to != State::Listen;
                let sock = socks.changed(tuple, inode, begins);
                socks.get_mut(sock).changed(from, to, made_by, by.unwrap_or(no), no);
            }
            LabEvent::Info { side, socket, state } => {
                if let Some(name) = SocketName::new(&socket) {
                    self.ends[side].set(&name, |socket| socket.info = state);
                }
            }
            LabEvent::Table { side, rows } => {
                self.ends[side].observe(rows, at);
            }
            LabEvent::Host {
                side,
                setting,
                value,
                result,
            } => {
                if result.is_ok() {
                    self.ends[side].set_setting(setting, value);
                    self.ends[side].set_at.insert(setting, self.transcript.last() + 1);
                }
                let failed = result.err();
                self.transcript.push(
                    at,
                    EntryKind::Host {
                        side,
                        setting,
                        value,
                        failed,
                    },
                );
            }
            LabEvent::Note(text) => {
                self.transcript.push(at, EntryKind::Note { text });
            }
            LabEvent::Quiet => self.quiet_at = at,
        }
        Vec::new()
    }

    /// Why each call under way never returned, its process having ended so.
    fn lost(&self, side: Side, how: Death) -> Vec<Explanation> {
        let pending = &self.ends[side].pending;
        // Where several could have raised the signal, nobody knows which did.
        let raisers = pending
            .iter()
            .filter(|pending| explain::may_raise_sigpipe(&pending.order));
        let only = raisers.count() == 1;
        let why = |pending: &PendingCall| match how {
            Death::Signal(libc::SIGPIPE) if only && explain::may_raise_sigpipe(&pending.order) => {
                explain::killed_by_sigpipe(&pending.order, &self.situation(side, pending))
            }
            Death::Signal(_) | Death::Exited(_) => explain::lost(),
        };
        pending.iter().map(why).collect()
    }

    /// Writes down that a call never returned.
    fn never_returned(
        &mut self,
        at: MonoTime,
        side: Side,
        pending: PendingCall,
        how: Death,
        why: Explanation,
    ) -> LastOutcome {
        let name = pending.order.kind();
        let socket = socket_of(&pending.order).cloned();
        let text = pending.text.unwrap_or_else(|| name.to_string());
        self.transcript.push(
            at,
            EntryKind::Lost {
                side,
                call: pending.id,
                socket: socket.clone(),
                name,
                text: text.clone(),
                how,
                state: pending.state,
                rule: why.rule,
                set_by: why.set_by,
                why: why.sentence.clone(),
            },
        );
        LastOutcome {
            id: pending.id,
            socket,
            name,
            text: Some(text),
            ending: CallEnd::Lost(how),
            said: None,
            trace: self.syscalls_since(side, pending.id),
            took: at.since(pending.since),
            state: pending.state,
            why: why.sentence,
            rule: why.rule,
            set_by: why.set_by,
        }
    }

    #[allow(clippy::too_many_arguments)] // they are the fields of one event
    fn ended(
        &mut self,
        at: MonoTime,
        side: Side,
        id: CallId,
        took: Duration,
        outcome: Outcome,
        said: Option<String>,
        mut trace: Vec<TracedCall>,
        inode: Option<u64>,
    ) -> Vec<LabRequest> {
        let end = &mut self.ends[side];
        let Some(place) = end.pending.iter().position(|pending| pending.id == id) else {
            return Vec::new();
        };
        let pending = end.pending.remove(place);
        let name = pending.order.kind();
        let socket = socket_of(&pending.order).cloned();
        // As the socket was before this call's own effect on it, but for its descriptor.
        let sock = socket
            .as_ref()
            .and_then(|name| end.socket(name))
            .map(|socket| *end.sock(socket));
        let entry = self.transcript.last() + 1;
        end.remember(&pending.order, &outcome, inode, pending.state, entry);
        let situation = Situation {
            sock: sock.unwrap_or_default(),
            took,
            ..self.situation(side, &pending)
        };
        let Explanation { sentence, rule, set_by } = explain::explain(&pending.order, &outcome, &situation);
        // Raw calls have their words in their own lines.
        let text = pending.text.filter(|_| trace.is_empty());
        self.transcript.push(
            at,
            EntryKind::Outcome {
                side,
                call: id,
                socket: socket.clone(),
                name,
                text: text.clone(),
                outcome: outcome.clone(),
                said: said.clone(),
                took,
                trace: trace.clone(),
                state: pending.state,
                rule,
                set_by,
                why: sentence.clone(),
            },
        );
        if trace.is_empty() {
            trace = self.syscalls_since(side, id);
        }
        let succeeded = matches!(outcome, Outcome::Ok(_));
        // The signal that did its work is not what the user wants to read about: the call that it interrupted is.
        let interrupted = matches!(pending.order, EndpointCall::Process(ProcessCall::Interrupt { .. }));
        // Nor is a call that the command only begins with: what it leads to is.
        let shown = !(pending.looking || (interrupted || !pending.then.is_empty()) && succeeded);
        if shown {
            self.ends[side].last = Some(LastOutcome {
                id,
                socket,
                name,
                text,
                ending: CallEnd::Returned(outcome),
                said,
                trace,
                took,
                state: pending.state,
                why: sentence,
                rule,
                set_by,
            });
        }
        if succeeded {
            self.begin(side, pending.then, Some(pending.root), at).requests
        } else {
            Vec::new()
        }
    }

    /// The system calls that an endpoint in another language made since that call of its began, where they are seen.
    fn syscalls_since(&self, side: Side, id: CallId) -> Vec<TracedCall> {
        let mut made = Vec::new();
        for entry in self.transcript.since(0).rev() {
            match &entry.what {
                EntryKind::Call { call, .. } if *call == id => break,
                EntryKind::Syscall { side: whose, made: one } if *whose == side => made.push(one.clone()),
                _ => {}
            }
        }
        made.reverse();
        made
    }

    /// The facts that decide why.
    fn situation(&self, side: Side, pending: &PendingCall) -> Situation {
        let end = &self.ends[side];
        let name = socket_of(&pending.order);
        let socket = name.and_then(|name| end.socket(name));
        let of_it = |socket: &Socket, order: &EndpointCall| {
            let other = socket_of(order).and_then(|name| end.socket(name));
            other.is_some_and(|other| other.sock == socket.sock)
        };
        let others = |socket: &Socket| {
            let calls = end
                .pending
                .iter()
                .filter(|other| other.id != pending.id && other.text.is_some());
            let calls: Vec<&PendingCall> = calls.filter(|other| of_it(socket, &other.order)).collect();
            calls
        };
        let others = socket.map_or_else(Vec::new, others);
        let holds = |other: &&Socket| other.open && socket.is_some_and(|socket| other.sock == socket.sock);
        let held_by = end
            .sockets
            .iter()
            .find(holds)
            .map(|other| Holder::Descriptor(other.name.clone()));
        let wired = self.lab.kind == LabKind::Isolated;
        let accepted = match &pending.order {
            EndpointCall::On {
                call: Call::Accept { r#as },
                ..
            } => end.socket(r#as).map(|socket| *end.sock(socket)),
            _ => None,
        };
        Situation {
            side,
            open: socket.is_some_and(|socket| socket.open),
            known: socket.is_some_and(|socket| socket.fd.is_some()),
            closed: socket.and_then(|socket| socket.closed),
            before: pending.state,
            now: socket.and_then(|socket| end.state_of(&socket.name)),
            unread: pending.unread,
            sock: socket.map(|socket| *end.sock(socket)).unwrap_or_default(),
            to_itself: socket
                .and_then(|socket| socket.tuple)
                .is_some_and(|tuple| tuple.local == tuple.peer),
            // What a socket connected to its own host sends does not come to the wire.
            segments_seen: wired
                && socket
                    .and_then(|socket| socket.tuple)
                    .is_none_or(|tuple| tuple.local.ip() != tuple.peer.ip()),
            began: pending.began,
            took: Duration::ZERO,
            interrupted: pending.interrupted,
            under_way: others.iter().filter_map(|other| under_way(other)).collect(),
            held_by: held_by.or_else(|| others.first().map(|other| Holder::Call(other.order.kind()))),
            accepted,
            port_taken_by: self.port_taken_by(side, &pending.order),
            limits: self.limits(side),
            takes_unasked: end.takes_unasked,
        }
    }

    /// The host's and the process's limits, and what set them.
    fn limits(&self, side: Side) -> Limits {
        let end = &self.ends[side];
        let value = |setting: Setting| {
            end.settings
                .iter()
                .find(|(known, _)| *known == setting)
                .map(|(_, value)| *value)
        };
        let number = |setting| match value(setting) {
            Some(SettingValue::Number(number)) => Some(number),
            _ => None,
        };
        let set_at = |setting: Setting| end.set_at.get(&setting).copied();
        let off = |setting: Setting| set_at(setting).filter(|_| value(setting) == Some(SettingValue::Switch(false)));
        Limits {
            no_route: off(Setting::DefaultRoute).max(off(Setting::Device)),
            port_range: set_at(Setting::IpLocalPortRange),
            nofile: set_at(Setting::Nofile),
            syn_linear: self.lab.syn_patience.map_or(0, |patience| patience.linear),
            syn_retries: number(Setting::TcpSynRetries),
            retries2: number(Setting::TcpRetries2),
        }
    }

    /// The state of a socket at that end which has the local port that the call asks for: LISTEN, if one listens there.
    fn port_taken_by(&self, side: Side, order: &EndpointCall) -> Option<State> {
        let end = &self.ends[side];
        let port = match order {
            EndpointCall::On {
                call: Call::Bind { address },
                ..
            } => address.port(),
            // Of one that has listened before, or was connected.
            EndpointCall::On {
                socket,
                call: Call::Listen { .. },
            } => end.socket(socket)?.tuple?.local.port(),
            _ => return None,
        };
        let rows = end.table.rows().iter().map(|observed| &observed.row);
        let taken = rows.filter(|row| row.tuple.local.port() == port).map(|row| row.state);
        taken.max_by_key(|state| *state == State::Listen)
    }

    fn packet(&mut self, at: MonoTime, record: PacketRecord) {
        self.wire.passed(at, &record);
        self.inferred.passed(at, &record);
        let entry = self.transcript.last() + 1;
        let arrived = record.disposition == Disposition::Delivered;
        // It leaves once, whatever becomes of it; what was forged or copied on the wire never left.
        let left = record.origin == Origin::Host && record.waited.is_none();
        let to = record.from.other();
        match &record.packet {
            Packet::Tcp(segment) => {
                let tuple = Tuple {
                    local: segment.destination,
                    peer: segment.source,
                };
                if segment.flags.has(TOLD) {
                    if left {
                        self.on_sock(record.from, &tuple.mirrored(), |sock| sock.sent(segment.flags, entry));
                    }
                    if arrived {
                        self.on_sock(to, &tuple, |sock| sock.received(segment.flags, entry));
                    }
                }
                if arrived {
                    self.received[to] = Some(ReceivedPacket {
                        no: record.no,
                        flags: Some(segment.flags),
                        icmp: None,
                        entry,
                    });
                }
            }
            Packet::Icmp { about, error, .. } => {
                if arrived {
                    if let (Some((local, peer)), Some(error)) = (about, error) {
                        let tuple = Tuple {
                            local: *local,
                            peer: *peer,
                        };
                        self.on_sock(to, &tuple, |sock| sock.hears(*error, entry));
                    }
                    self.received[to] = Some(ReceivedPacket {
                        no: record.no,
                        flags: None,
                        icmp: *error,
                        entry,
                    });
                }
            }
            Packet::Other { .. } => {}
        }
        self.transcript.push(at, EntryKind::Packet(record));
    }

    /// Does something to the newest connection with these addresses.
    fn on_sock(&mut self, side: Side, tuple: &Tuple, change: impl FnOnce(&mut Sock)) {
        let socks = &mut self.ends[side].socks;
        if let Some(id) = socks.of_tuple(tuple) {
            change(socks.get_mut(id));
        }
    }

    /// What made a change of state, and its entry where that is another one: a packet's, or the beginning of a call.
    fn made_by(&self, side: Side, reason: &Reason) -> (sock::EndCause, Option<EntryNo>) {
        let call = |side: Side, id: CallId, name: CallKind| {
            let pending = self.ends[side].pending.iter().find(|pending| pending.id == id);
            let class = CallClass::of(name).unwrap_or(CallClass::Close);
            (sock::EndCause::Call(class), pending.map(|pending| pending.began))
        };
        match reason {
            Reason::Call { call: id, name } => call(side, *id, *name),
            Reason::Release { .. } => (sock::EndCause::Call(CallClass::Close), None),
            Reason::Received { .. } => match self.received[side] {
                Some(ReceivedPacket { flags, icmp, entry, .. }) => {
                    let cause = match (flags, icmp) {
                        (Some(flags), _) if flags.has(Flags::RST) => sock::EndCause::Rst,
                        (None, Some(error)) => sock::EndCause::Icmp(error),
                        _ => sock::EndCause::Segment,
                    };
                    (cause, Some(entry))
                }
                None => (sock::EndCause::Unseen(None), None),
            },
            Reason::Timer(kind) => (sock::EndCause::Timer(*kind), None),
            Reason::Death => (sock::EndCause::Death, None),
            Reason::Destroyed => (sock::EndCause::Administrator, None),
            Reason::Library => (sock::EndCause::Call(CallClass::Close), None),
            Reason::PeerCall { name, .. } => (sock::EndCause::Unseen(CallClass::of(*name)), None),
            Reason::PeerDeath { .. } | Reason::Unseen => (sock::EndCause::Unseen(None), None),
        }
    }

    fn reason(&self, side: Side, cause: TransitionCause) -> Reason {
        let named = |call: CallId| Some((call, self.order_of(call)?.kind()));
        match cause {
            TransitionCause::Call(call) => {
                named(call).map_or(Reason::Unseen, |(call, name)| Reason::Call { call, name })
            }
            TransitionCause::Release(call) => {
                named(call).map_or(Reason::Unseen, |(call, name)| Reason::Release { call, name })
            }
            TransitionCause::Received => match self.received[side] {
                Some(received) => Reason::Received {
                    packet_no: received.no,
                    flags: received.flags,
                },
                None => Reason::Unseen,
            },
            TransitionCause::PeerCall(call) => named(call).map_or(Reason::Unseen, |(call, name)| Reason::PeerCall {
                side: side.other(),
                call,
                name,
            }),
            TransitionCause::Timer(kind) => Reason::Timer(kind),
            TransitionCause::Death => Reason::Death,
            TransitionCause::PeerDeath => Reason::PeerDeath { side: side.other() },
            TransitionCause::Destroyed => Reason::Destroyed,
            TransitionCause::Library => Reason::Library,
            TransitionCause::Unseen => Reason::Unseen,
        }
    }
}

/// The flags that a socket's record keeps.
const TOLD: Flags = Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0 | Flags::URG.0);

/// The facts about a call that has not returned; none for one that is of no socket.
fn under_way(pending: &PendingCall) -> Option<CallUnderWay> {
    let how = match &pending.order {
        EndpointCall::On {
            call: Call::Shutdown { how },
            ..
        } => Some(*how),
        _ => None,
    };
    Some(CallUnderWay {
        class: CallClass::of(pending.order.kind())?,
        how,
        began: pending.began,
    })
}
