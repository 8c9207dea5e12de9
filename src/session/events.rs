//! Events of the driver, taken in: into the transcript, and into what is known of both ends.

use std::sync::Arc;

use super::end::Returned;
use super::finished::CallLost;
use super::*;
use crate::explain::Sock;
use crate::explain::rules::CallClass;
use crate::explain::sock;
use crate::lab::event::{
    CallBegan, CallEnded, ProcessBorn, ProcessDied, ProgramCause, ProgramDeed, RuntimeChanged, SettingChanged,
    StateChanged, TransitionCause, WireChange,
};
use crate::outcome::Value;
use crate::syscall::{CallText, Syscall};

impl Session {
    /// Takes in what happened: the requests that follow from it.
    pub(super) fn take_event(&mut self, event: TimedEvent) -> Vec<LabRequest> {
        let at = event.at;
        match event.what {
            LabEvent::Born(born) => self.born(at, born),
            LabEvent::Died(died) => self.died(at, died),
            LabEvent::Began(began) => self.began(at, began),
            LabEvent::Ended(ended) => return self.ended(at, ended),
            LabEvent::Made {
                side,
                socket,
                fd,
                inode,
            } => self.ends[side].made(&socket, fd, inode),
            LabEvent::Gone { side, socket } => self.ends[side].closed(&socket, None),
            LabEvent::Syscall(seen) => self.tell(at, EntryKind::Syscall(seen)),
            LabEvent::Garbled { side, id, why } => self.garbled(at, side, id, why),
            LabEvent::Packet(record) => self.packet(at, record),
            LabEvent::Wire(change) => {
                self.wire.changed(&change);
                let stay = self.stay_held(&change);
                self.tell(at, EntryKind::Wire { change });
                if let Some(text) = stay {
                    self.tell(at, EntryKind::Note { text });
                }
            }
            LabEvent::Rules(rules) => self.wire.rules = rules,
            LabEvent::Transition(mut change) => {
                if let TransitionCause::Program(cause) = &mut change.cause {
                    self.programs.tell_apart(&mut cause.process);
                }
                self.changed(at, change);
            }
            LabEvent::Info { side, socket, state } => {
                self.ends[side].set(&socket, |socket| socket.info = state);
            }
            LabEvent::Table { side, rows } => {
                self.ends[side].observe(rows, at);
                self.adopt_rows(side, None);
            }
            LabEvent::Rows { side, rows, gone } => {
                let inodes = rows.iter().map(|observed| observed.row.inode).collect();
                self.ends[side].observe_singly(rows, &gone);
                self.adopt_rows(side, Some(inodes));
            }
            LabEvent::Program(event) => return self.program_news(at, event),
            LabEvent::Owned { side, inode, mut owner } => {
                self.programs.tell_apart(&mut owner);
                self.owned(side, inode, owner);
            }
            LabEvent::ProgramCall(call) => self.program_calls(at, call),
            LabEvent::Reason(reason) => self.tell(at, EntryKind::Reason(reason)),
            LabEvent::Counters { side, moved } => self.tell(at, EntryKind::Counters { side, moved }),
            LabEvent::Host(change) => self.host_changed(at, change),
            LabEvent::Runtime(change) => return self.runtime_changed(at, change),
            LabEvent::Note(text) => self.tell(at, EntryKind::Note { text }),
            LabEvent::Quiet => {
                self.quiet_at = at;
                self.report_forged(at);
            }
        }
        Vec::new()
    }

    /// Returns how many segments stay held, where a change has removed all rules.
    fn stay_held(&self, change: &WireChange) -> Option<String> {
        let held = self.wire.held.values();
        let held = held
            .filter(|waiting| waiting.record.disposition == Disposition::Held)
            .count();
        match held {
            _ if *change != WireChange::Cleared => None,
            0 => None,
            1 => Some("1 segment stays held".into()),
            many => Some(format!("{many} segments stay held")),
        }
    }

    /// Puts on record what needs nothing else.
    fn tell(&mut self, at: MonoTime, what: EntryKind) {
        self.transcript.push(at, what);
    }

    fn born(&mut self, at: MonoTime, born: ProcessBorn) {
        let end = &mut self.ends[born.side];
        end.takes_unasked = born.takes_unasked;
        if let Some(most) = born.nofile {
            end.set_setting(Setting::Nofile, SettingValue::Number(most));
        }
        end.process = ProcessState::Running {
            pid: born.pid,
            runtime: born.runtime.clone(),
        };
        end.born(born.runtime.clone());
        self.tell(at, EntryKind::Born(born));
    }

    /// Takes in how far a chosen runtime is; a restart that waits for it follows.
    fn runtime_changed(&mut self, at: MonoTime, change: RuntimeChanged) -> Vec<LabRequest> {
        let RuntimeChanged {
            side,
            runtime,
            progress,
        } = &change;
        let side = *side;
        let end = &mut self.ends[side];
        let mut restarts = end.prepared(*runtime, progress);
        restarts &= !matches!(end.process, ProcessState::Starting { .. });
        if restarts {
            end.restart();
        }
        self.tell(at, EntryKind::Runtime(change));
        restarts.then_some(LabRequest::Restart(side)).into_iter().collect()
    }

    fn died(&mut self, at: MonoTime, died: ProcessDied) {
        let ProcessDied { side, pid, how } = died;
        let whys = self.whys_of_lost(side, how);
        let lost = self.ends[side].died(pid, how);
        self.tell(at, EntryKind::Died(died));
        let explained = whys.iter().any(|why| why.rule.is_some());
        for (pending, why) in lost.into_iter().zip(whys) {
            // The one that killed it is what the user wants to read about.
            let shown = !pending.looking && explained == why.rule.is_some();
            let text = pending.words();
            let end = CallEnd::Lost(CallLost {
                side,
                call: pending.id,
                how,
                waited: at.since(pending.since),
            });
            self.finish(at, pending, end, Some(text), why, shown);
        }
    }

    fn began(&mut self, at: MonoTime, began: CallBegan) {
        let pendings = &mut self.ends[began.side].pending;
        let Ok(place) = pendings.binary_search_by_key(&began.call, |pending| pending.id) else {
            return;
        };
        let pending = &mut pendings[place];
        pending.text = Some(began.text.clone());
        let socket = socket_of(&pending.order).cloned();
        let entry = self.transcript.push(at, EntryKind::Call { began, socket });
        pending.began = entry;
        if let EndpointCall::Process(ProcessCall::Interrupt { target }) = pending.order
            && let Some(target) = pendings.iter_mut().find(|pending| pending.id == target)
        {
            target.interrupted = Some(entry);
        }
    }

    /// Takes in that the endpoint did not understand a request, or said something that is no reply.
    fn garbled(&mut self, at: MonoTime, side: Side, id: Option<CallId>, why: String) {
        let text = format!("the {side} endpoint: {why}");
        let end = &mut self.ends[side];
        if let Some(place) = id.and_then(|id| end.place_of_call(id)) {
            let pending = end.pending.remove(place);
            self.calls.refuse(pending.root);
            self.calls.over(pending.id);
            let entry = self.transcript.last() + 1;
            end.call_returned(&Returned {
                order: &pending.order,
                outcome: &Outcome::Unsupported(why),
                inode: None,
                before: pending.state,
                entry,
            });
        }
        self.tell(at, EntryKind::Note { text });
    }

    fn changed(&mut self, at: MonoTime, change: StateChanged) {
        let StateChanged {
            side,
            tuple,
            inode,
            from,
            to,
            ..
        } = change;
        // In one of these states a connection without a descriptor waits in a queue: it has begun anew. So has one that we
        // connect.
        let queued = inode == 0 && matches!(to, State::SynRecv | State::Established | State::CloseWait);
        if from == State::Close && (queued || to == State::SynSent) {
            self.ends[side].forget_connection(&tuple);
        }
        if self.meet_program_socket(at, &change) {
            return;
        }
        if from == State::Close && !queued && to != State::Listen {
            self.ends[side].connects_unseen(tuple, inode);
        }
        let socket = self.ends[side].name_of(&tuple, inode).cloned();
        if let Some(name) = &socket {
            self.ends[side].name_connection(tuple, name);
            // It may be over before the table is reported: a SYN that is refused leaves no row.
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
            .filter(|called| Some(*called) != socket.as_ref())
            .cloned();
        let (made_by, by) = self.made_by(side, &change.cause);
        let entry = self.transcript.last() + 1;
        let since_began = at.since(self.transcript.began());
        self.connections
            .changed(&change, socket.as_ref(), by, entry, since_began);
        if let Some(name) = &socket {
            self.ends[side].is_told(name, entry);
        }
        let no = self.transcript.push(at, EntryKind::State { change, socket, called });
        let socks = &mut self.ends[side].socks;
        let begins = from == State::Close && to != State::Listen;
        let sock = socks.changed(tuple, inode, begins);
        socks.change(sock, |sock| sock.changed(from, to, made_by, by.unwrap_or(no), no));
        // It may be over before a table was reported that had it.
        if to == State::Close || inode == 0 {
            self.ends[side].note_holder(&tuple, 0);
        }
    }

    fn host_changed(&mut self, at: MonoTime, change: SettingChanged) {
        if change.failed.is_none() {
            let entry = self.transcript.last() + 1;
            self.ends[change.side].set_setting(change.setting, change.value);
            self.ends[change.side].set_at.insert(change.setting, entry);
        }
        self.tell(at, EntryKind::Host(change));
    }

    /// Explains why each call under way never returned, its process having ended so.
    fn whys_of_lost(&self, side: Side, how: Death) -> Vec<Explanation> {
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

    fn ended(&mut self, at: MonoTime, ended: CallEnded) -> Vec<LabRequest> {
        let side = ended.side;
        let end = &mut self.ends[side];
        let Some(place) = end.place_of_call(ended.call) else {
            return Vec::new();
        };
        let mut pending = end.pending.remove(place);
        // As the socket was before this call's own effect on it, but for its descriptor.
        let sock = socket_of(&pending.order)
            .and_then(|name| end.socket(name))
            .map(|socket| *end.sock(socket));
        let entry = self.transcript.last() + 1;
        end.call_returned(&Returned {
            order: &pending.order,
            outcome: &ended.outcome,
            inode: ended.inode,
            before: pending.state,
            entry,
        });
        self.accepts(&pending, &ended, entry);
        let situation = Situation {
            sock: sock.unwrap_or_default(),
            took: ended.took,
            ..self.situation(side, &pending)
        };
        let why = explain::explain(&pending.order, &ended.outcome, &situation);
        // Raw calls have their words in their own lines.
        let text = pending.text.take().filter(|_| ended.trace.is_empty());
        let succeeded = matches!(ended.outcome, Outcome::Ok(_));
        // The signal that did its work is not what the user wants to read about: the call that it interrupted is.
        let interrupted = matches!(pending.order, EndpointCall::Process(ProcessCall::Interrupt { .. }));
        // Nor is a call that the command only begins with: what it leads to is.
        let shown = !(pending.looking || (interrupted || !pending.then.is_empty()) && succeeded);
        let (root, then) = (pending.root, std::mem::take(&mut pending.then));
        self.finish(at, pending, CallEnd::Returned(ended), text, why, shown);
        if succeeded {
            self.begin(side, then, Some(root), at).requests
        } else {
            Vec::new()
        }
    }

    /// Notes whose connection accept took.
    fn accepts(&mut self, pending: &PendingCall, ended: &CallEnded, entry: EntryNo) {
        let (
            EndpointCall::On {
                socket,
                call: Call::Accept { r#as },
            },
            Outcome::Ok(Value::Descriptor { peer: Some(peer), .. }),
        ) = (&pending.order, &ended.outcome)
        else {
            return;
        };
        let end = &self.ends[ended.side];
        let seen = end.socket(r#as).and_then(|socket| socket.tuple);
        let listens = end.socket(socket).and_then(|listener| listener.tuple);
        let tuple = seen.or_else(|| {
            let local = listens?.local;
            let at_each = local.ip().is_unspecified();
            let tuple = Tuple { local, peer: *peer };
            if at_each {
                self.connections.from(ended.side, local.port(), *peer)
            } else {
                Some(tuple)
            }
        });
        if let Some(tuple) = tuple {
            self.connections.accepted(ended.side, ended.call, tuple, r#as, entry);
        }
    }

    /// Puts on record that a call is over; when it is to be `shown`, it is its end's last one.
    fn finish(
        &mut self,
        at: MonoTime,
        pending: PendingCall,
        end: CallEnd,
        text: Option<CallText>,
        why: Explanation,
        shown: bool,
    ) {
        self.calls.over(pending.id);
        let call = Arc::new(FinishedCall {
            end,
            socket: socket_of(&pending.order).cloned(),
            name: pending.order.kind(),
            text,
            state: pending.state,
            why,
        });
        let entry = self.transcript.push(at, EntryKind::Ended(Arc::clone(&call)));
        if shown {
            let side = call.side();
            let seen = match call.trace() {
                [] => self.syscalls_since(side, call.call()),
                _ => Vec::new(),
            };
            self.ends[side].last = Some(LastOutcome { call, entry, seen });
        }
    }

    /// The system calls that an endpoint in another language made since that call of its began, where they are seen.
    fn syscalls_since(&self, side: Side, id: CallId) -> Vec<Syscall> {
        let mut made = Vec::new();
        for entry in self.transcript.since(0).rev() {
            match &entry.what {
                EntryKind::Call { began, .. } if began.call == id => break,
                EntryKind::Syscall(seen) if seen.side == side => made.push(seen.made.clone()),
                _ => {}
            }
        }
        made.reverse();
        made
    }

    fn packet(&mut self, at: MonoTime, record: PacketRecord) {
        // The bytes are for whoever records: what is told of a packet is decoded.
        let record = PacketRecord { raw: None, ..record };
        self.wire.passed(at, &record);
        self.inferred.passed(at, &record);
        let entry = self.transcript.last() + 1;
        self.connections
            .passed(&record, entry, at.since(self.transcript.began()));
        let arrived = record.disposition == Disposition::Delivered;
        // It leaves once, whatever becomes of it; what was forged or copied on the wire never left.
        let left = record.origin.is_of_host() && record.waited.is_none();
        let to = record.from.other();
        match &record.packet {
            Packet::Tcp(segment) => {
                let tuple = Tuple {
                    local: segment.destination,
                    peer: segment.source,
                };
                if arrived {
                    self.on_sock(to, &tuple, |sock| sock.looks_for_urgent(segment));
                }
                if record.seen.elsewhere.is_nowhere() {
                    if arrived && let Some(seq) = record.seen.seq {
                        let fin = segment.flags.has(Flags::FIN);
                        if segment.len > 0 || fin {
                            self.on_sock(to, &tuple, |sock| sock.came(seq, segment.len, fin));
                        }
                    }
                    if left && let Some(ack) = record.seen.ack {
                        self.on_sock(record.from, &tuple.mirrored(), |sock| sock.acknowledges(ack));
                    }
                }
                if segment.flags.has(KEPT_FLAGS) {
                    if left {
                        self.on_sock(record.from, &tuple.mirrored(), |sock| sock.sent(segment.flags, entry));
                    }
                    if arrived {
                        self.on_sock(to, &tuple, |sock| sock.received(segment.flags, entry));
                    }
                }
                if arrived {
                    self.received[to] = Some(PacketArrival {
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
                    self.received[to] = Some(PacketArrival {
                        flags: None,
                        icmp: *error,
                        entry,
                    });
                }
            }
            Packet::Udp { .. } | Packet::Other { .. } => {}
        }
        self.note_forged(&record, entry);
        self.transcript.push(at, EntryKind::Packet(record));
    }

    /// Does something to the newest connection with these addresses.
    fn on_sock(&mut self, side: Side, tuple: &Tuple, change: impl FnOnce(&mut Sock)) {
        let socks = &mut self.ends[side].socks;
        if let Some(id) = socks.of_tuple(tuple) {
            socks.change(id, change);
        }
    }

    /// Returns what made a change of state, and its entry where that is another one: a packet's, or the beginning of a call.
    fn made_by(&self, side: Side, cause: &TransitionCause) -> (sock::EndCause, Option<EntryNo>) {
        match cause {
            TransitionCause::Call(by) => {
                let pending = self.ends[side].pending.iter().find(|pending| pending.id == by.call);
                let class = CallClass::of(by.name).unwrap_or(CallClass::Close);
                (sock::EndCause::Call(class), pending.map(|pending| pending.began))
            }
            TransitionCause::Release(_) => (sock::EndCause::Call(CallClass::Close), None),
            TransitionCause::Received(_) => match self.received[side] {
                Some(PacketArrival { flags, icmp, entry }) => {
                    let cause = match (flags, icmp) {
                        (Some(flags), _) if flags.has(Flags::RST) => sock::EndCause::Rst,
                        (None, Some(error)) => sock::EndCause::Icmp(error),
                        _ => sock::EndCause::Segment,
                    };
                    (cause, Some(entry))
                }
                None => (sock::EndCause::Unseen(None), None),
            },
            TransitionCause::Timer(kind) => (sock::EndCause::Timer(*kind), None),
            TransitionCause::Program(ProgramCause { by, .. }) => {
                let cause = match by {
                    ProgramDeed::Connect => sock::EndCause::Call(CallClass::Connect),
                    ProgramDeed::Listen => sock::EndCause::Call(CallClass::Listen),
                    ProgramDeed::Shutdown => sock::EndCause::Call(CallClass::Shutdown),
                    ProgramDeed::Disconnect => sock::EndCause::Call(CallClass::Disconnect),
                    ProgramDeed::Close
                    | ProgramDeed::CloseOrShutdown
                    | ProgramDeed::CloseOrExit
                    | ProgramDeed::Abort => sock::EndCause::Call(CallClass::Close),
                    ProgramDeed::Exit => sock::EndCause::Death,
                };
                (cause, None)
            }
            TransitionCause::Death => (sock::EndCause::Death, None),
            TransitionCause::Destroyed => (sock::EndCause::Administrator, None),
            TransitionCause::Library => (sock::EndCause::Call(CallClass::Close), None),
            TransitionCause::PeerCall { by, .. } => (sock::EndCause::Unseen(CallClass::of(by.name)), None),
            TransitionCause::Sent(_)
            | TransitionCause::PeerDeath { .. }
            | TransitionCause::UnseenProcess { .. }
            | TransitionCause::Unseen => (sock::EndCause::Unseen(None), None),
        }
    }
}

/// The flags that a socket's record keeps.
const KEPT_FLAGS: Flags = Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0 | Flags::URG.0);
