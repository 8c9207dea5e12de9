//! What the driver tells of the lab, taken in: into the transcript, and into what is known of both ends.

use super::*;

impl Session {
    /// Takes in what happened: the requests that follow from it.
    pub fn absorb(&mut self, event: Event) -> Vec<Request> {
        let at = event.at;
        match event.what {
            Happening::Born {
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
                self.ends[side].process = Process::Running {
                    pid,
                    runtime: runtime.clone(),
                };
                self.transcript.push(at, What::Born { side, pid, runtime });
            }
            Happening::Died { side, pid, how } => {
                let whys = self.lost(side, how);
                let lost = self.ends[side].died(pid, how);
                self.transcript.push(at, What::Died { side, pid, how });
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
            Happening::Began { side, id, text } => {
                if let Some(pending) = self.ends[side].pending.iter_mut().find(|pending| pending.id == id) {
                    pending.text = Some(text.clone());
                    let socket = socket_of(&pending.order).cloned();
                    self.transcript.push(
                        at,
                        What::Call {
                            side,
                            call: id,
                            socket,
                            text,
                        },
                    );
                }
            }
            Happening::Ended {
                side,
                id,
                took,
                outcome,
                said,
                trace,
                inode,
            } => return self.ended(at, side, id, took, outcome, said, trace, inode),
            Happening::Made {
                side,
                socket,
                fd,
                inode,
            } => self.ends[side].made(&socket, fd, inode),
            Happening::Gone { side, socket } => {
                self.ends[side].set(&socket, |socket| (socket.open, socket.listening) = (false, false));
            }
            Happening::Syscall { side, made } => {
                self.transcript.push(at, What::Syscall { side, made });
            }
            Happening::Garbled { side, id, why } => {
                let end = &mut self.ends[side];
                if let Some(place) = end.pending.iter().position(|pending| Some(pending.id) == id) {
                    let pending = end.pending.remove(place);
                    self.refused.insert(pending.root);
                    let outcome = Outcome::Unsupported(why.clone());
                    end.remember(&pending.order, &outcome, None, pending.state);
                }
                self.transcript.push(
                    at,
                    What::Note {
                        text: format!("the {side} endpoint: {why}"),
                    },
                );
            }
            Happening::Packet(passage) => self.packet(at, passage),
            Happening::Wire(change) => {
                self.wire.changed(&change);
                self.transcript.push(at, What::Wire { change });
            }
            Happening::Rules(rules) => self.wire.rules = rules,
            Happening::Transition {
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
                self.transcript.push(
                    at,
                    What::State {
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
            }
            Happening::Info { side, socket, state } => {
                if let Some(name) = SocketName::new(&socket) {
                    self.ends[side].set(&name, |socket| socket.info = state);
                }
            }
            Happening::Table { side, rows } => {
                self.ends[side].observe(rows, at);
            }
            Happening::Host {
                side,
                setting,
                value,
                result,
            } => {
                if result.is_ok() {
                    self.ends[side].set_setting(setting, value);
                }
                let failed = result.err();
                self.transcript.push(
                    at,
                    What::Host {
                        side,
                        setting,
                        value,
                        failed,
                    },
                );
            }
            Happening::Note(text) => {
                self.transcript.push(at, What::Note { text });
            }
            Happening::Quiet => self.quiet_at = at,
        }
        Vec::new()
    }

    /// Why each call under way never returned, its process having ended so.
    fn lost(&self, side: Side, how: Death) -> Vec<Why> {
        let pending = &self.ends[side].pending;
        // Where several could have raised the signal, nobody knows which did.
        let raisers = pending
            .iter()
            .filter(|pending| explain::may_raise_sigpipe(&pending.order));
        let only = raisers.count() == 1;
        let why = |pending: &Pending| match how {
            Death::Signal(libc::SIGPIPE) if only && explain::may_raise_sigpipe(&pending.order) => {
                explain::killed_by_sigpipe(&pending.order, &self.situation(side, pending))
            }
            Death::Signal(_) | Death::Exited(_) => explain::lost(),
        };
        pending.iter().map(why).collect()
    }

    /// Writes down that a call never returned.
    fn never_returned(&mut self, at: Stamp, side: Side, pending: Pending, how: Death, why: Why) -> Answer {
        let name = pending.order.kind();
        let socket = socket_of(&pending.order).cloned();
        let text = pending.text.unwrap_or_else(|| name.to_string());
        self.transcript.push(
            at,
            What::Lost {
                side,
                call: pending.id,
                socket: socket.clone(),
                name,
                text: text.clone(),
                how,
                state: pending.state,
                rule: why.rule,
            },
        );
        Answer {
            id: pending.id,
            socket,
            name,
            text: Some(text),
            ending: Ending::Lost(how),
            said: None,
            trace: self.syscalls_since(side, pending.id),
            took: at.since(pending.since),
            state: pending.state,
            why: why.sentence,
            rule: why.rule,
        }
    }

    #[allow(clippy::too_many_arguments)] // they are the fields of one event
    fn ended(
        &mut self,
        at: Stamp,
        side: Side,
        id: CallId,
        took: Duration,
        outcome: Outcome,
        said: Option<String>,
        mut trace: Vec<Traced>,
        inode: Option<u64>,
    ) -> Vec<Request> {
        let end = &mut self.ends[side];
        let Some(place) = end.pending.iter().position(|pending| pending.id == id) else {
            return Vec::new();
        };
        let pending = end.pending.remove(place);
        let name = pending.order.kind();
        let socket = socket_of(&pending.order).cloned();
        end.remember(&pending.order, &outcome, inode, pending.state);
        let Why { sentence, rule } = explain::why(&pending.order, &outcome, &self.situation(side, &pending));
        // Raw calls have their words in their own lines.
        let text = pending.text.filter(|_| trace.is_empty());
        self.transcript.push(
            at,
            What::Outcome {
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
            },
        );
        if trace.is_empty() {
            trace = self.syscalls_since(side, id);
        }
        let succeeded = matches!(outcome, Outcome::Ok(_));
        // The signal that did its work is not what the user wants to read about: the call that it interrupted is.
        let interrupted = matches!(pending.order, Order::Process(ProcessCall::Interrupt { .. }));
        // Nor is a call that the command only begins with: what it leads to is.
        let shown = !(pending.looking || (interrupted || !pending.then.is_empty()) && succeeded);
        if shown {
            self.ends[side].last = Some(Answer {
                id,
                socket,
                name,
                text,
                ending: Ending::Returned(outcome),
                said,
                trace,
                took,
                state: pending.state,
                why: sentence,
                rule,
            });
        }
        if succeeded {
            self.begin(side, pending.then, Some(pending.root), at).requests
        } else {
            Vec::new()
        }
    }

    /// The system calls that an endpoint in another language made since that call of its began, where they are seen.
    fn syscalls_since(&self, side: Side, id: CallId) -> Vec<Traced> {
        let mut made = Vec::new();
        for entry in self.transcript.since(0).rev() {
            match &entry.what {
                What::Call { call, .. } if *call == id => break,
                What::Syscall { side: whose, made: one } if *whose == side => made.push(one.clone()),
                _ => {}
            }
        }
        made.reverse();
        made
    }

    /// What matters for the question why.
    fn situation(&self, side: Side, pending: &Pending) -> Situation {
        let end = &self.ends[side];
        let socket = socket_of(&pending.order).and_then(|name| end.socket(name));
        let heard = socket
            .and_then(|socket| socket.tuple)
            .and_then(|tuple| self.heard.get(&tuple));
        Situation {
            side,
            open: socket.is_some_and(|socket| socket.open),
            known: socket.is_some_and(|socket| socket.fd.is_some()),
            connected: socket.is_some_and(|socket| socket.connected),
            listening: socket.is_some_and(|socket| socket.listening),
            before: pending.state,
            now: socket.and_then(|socket| end.state_of(&socket.name)),
            fin_received: heard.is_some_and(|heard| heard.fin),
            rst_received: heard.is_some_and(|heard| heard.rst),
            icmp_received: heard.is_some_and(|heard| heard.icmp),
            unread: pending.unread,
            rst_sent: match self.lab.kind {
                LabKind::Isolated => Some(heard.is_some_and(|heard| heard.rst_sent)),
                LabKind::Loopback(_) => None,
            },
            past: socket.map_or(Past::NONE, |socket| socket.past),
            takes_unasked: end.takes_unasked,
        }
    }

    fn packet(&mut self, at: Stamp, passage: Passage) {
        self.wire.passed(at, &passage);
        self.inferred.passed(at, &passage);
        let mut flags = None;
        if let Packet::Tcp(segment) = &passage.packet {
            let tuple = Tuple {
                local: segment.destination,
                peer: segment.source,
            };
            // A SYN begins a connection: what was heard before belongs to an earlier one.
            if segment.flags.has(Flags::SYN) && passage.seen.again.is_none() {
                self.heard.remove(&tuple);
            }
            if segment.flags.has(Flags::RST) && passage.origin == Origin::Host {
                self.heard.entry(tuple.mirrored()).or_default().rst_sent = true;
            }
            flags = Some(segment.flags);
            if passage.fate == Fate::Delivered {
                let heard = self.heard.entry(tuple).or_default();
                heard.fin |= segment.flags.has(Flags::FIN);
                heard.rst |= segment.flags.has(Flags::RST);
            }
        }
        if let (Some(tuple), Fate::Delivered) = (quoted_by(&passage), passage.fate) {
            self.heard.entry(tuple).or_default().icmp = true;
        }
        if passage.fate == Fate::Delivered {
            self.received[passage.from.other()] = Some((passage.no, flags));
        }
        self.transcript.push(at, What::Packet(passage));
    }

    fn reason(&self, side: Side, cause: Cause) -> Reason {
        let named = |call: CallId| Some((call, self.order_of(call)?.kind()));
        match cause {
            Cause::Call(call) => named(call).map_or(Reason::Unseen, |(call, name)| Reason::Call { call, name }),
            Cause::Release(call) => named(call).map_or(Reason::Unseen, |(call, name)| Reason::Release { call, name }),
            Cause::Received => match self.received[side] {
                Some((packet_no, flags)) => Reason::Received { packet_no, flags },
                None => Reason::Unseen,
            },
            Cause::PeerCall(call) => named(call).map_or(Reason::Unseen, |(call, name)| Reason::PeerCall {
                side: side.other(),
                call,
                name,
            }),
            Cause::Timer(kind) => Reason::Timer(kind),
            Cause::Death => Reason::Death,
            Cause::PeerDeath => Reason::PeerDeath { side: side.other() },
            Cause::Destroyed => Reason::Destroyed,
            Cause::Library => Reason::Library,
            Cause::Unseen => Reason::Unseen,
        }
    }
}

/// The connection that an ICMP error is about, seen from the host that receives it: that of the segment which it quotes.
fn quoted_by(passage: &Passage) -> Option<Tuple> {
    match &passage.packet {
        Packet::Icmp { about, .. } => about.map(|(local, peer)| Tuple { local, peer }),
        Packet::Tcp(_) | Packet::Other { .. } => None,
    }
}
