//! The driver and the endpoints: what they say, and what of that is the truth yet.

use super::*;

impl<O: Outside> Core<O> {
    /// Hears an endpoint: announcements are reported at once, outcomes wait for the packets that came before them.
    pub(super) fn hear(&mut self, side: Side) {
        let Some(EndpointProcess { pid, .. }) = self.ends[side].process else {
            return;
        };
        let Heard { replies, printed } = self.outside.hear(side);
        if !printed.is_empty() {
            (self.dirty, self.unquiet) = (true, true);
            if let Some(strace) = &mut self.ends[side].strace {
                strace.printed(printed);
            }
        }
        for reply in replies {
            (self.dirty, self.unquiet) = (true, true);
            match reply {
                Ok(Reply::Hello {
                    protocol,
                    runtime,
                    takes_unasked,
                }) => {
                    if let Some(process) = &mut self.ends[side].process {
                        process.takes_unasked = takes_unasked;
                    }
                    if protocol == VERSION {
                        let runtime: String = plain(&runtime).chars().take(40).collect();
                        let nofile = self.limited(side);
                        self.tell(LabEvent::Born(ProcessBorn {
                            side,
                            pid,
                            runtime,
                            takes_unasked,
                            nofile,
                        }));
                    } else {
                        let why = format!("killed: it speaks protocol {protocol}, and finwait {VERSION}");
                        self.tell(LabEvent::Garbled { side, id: None, why });
                        self.outside.kill(side);
                    }
                }
                Ok(Reply::Began { id, text, .. }) => {
                    self.look_in = Some(self.timing.first_look);
                    if let Some(tuple) = self.ends[side].touch_by(id) {
                        self.touch_peer(side, tuple);
                    }
                    let mut calls = self.ends[side].in_flight.iter_mut();
                    if let Some(call) = calls.find(|call| call.id == id) {
                        call.begun = true;
                    }
                    let text = CallText::parse(&plain(&text));
                    self.tell_calls(side, |strace| strace.heard(Word::Began, id));
                    self.tell(LabEvent::Began(CallBegan { side, call: id, text }));
                }
                Ok(Reply::Made { id, fd }) => self.made(side, id, fd),
                Ok(Reply::Ended { id, .. }) if !self.ends[side].is_under_way(id) => {
                    let why = format!("it ended call {}, which is not under way", id.0);
                    self.tell(LabEvent::Garbled { side, id: None, why });
                }
                Ok(ended @ Reply::Ended { id, .. }) => {
                    self.tell_calls(side, |strace| strace.heard(Word::Ended, id));
                    self.ends[side].ended.push_back(ended);
                }
                Ok(Reply::Refused { id, why }) => {
                    self.ends[side].in_flight.retain(|call| Some(call.id) != id);
                    let why = plain(&why);
                    self.tell(LabEvent::Garbled { side, id, why });
                }
                Err(ProtocolError { about, why }) => {
                    self.ends[side].in_flight.retain(|call| Some(call.id) != about);
                    self.tell(LabEvent::Garbled { side, id: about, why });
                }
            }
        }
        self.tell_calls(side, SyscallOrder::so_far);
    }

    /// Hears an endpoint that may have something to say of a call: one that says nothing unasked has nothing to say where none is under way.
    pub(super) fn hear_of_calls(&mut self, side: Side) {
        let end = &self.ends[side];
        if !end.in_flight.is_empty() || end.strace.is_some() || end.process.is_some_and(|process| process.hides) {
            self.hear(side);
        }
    }

    /// Limits the descriptors of a process that has come up as its host's setting says: its limit.
    fn limited(&mut self, side: Side) -> Option<u32> {
        let most = self.ends[side].nofile;
        let limited = most.map(|most| self.outside.limit_descriptors(side, most));
        let is_now = self.outside.descriptor_limit(side);
        if let Some(limited) = limited {
            self.complain(limited);
        }
        is_now
    }

    /// Tells system calls that strace has seen, where it looks.
    fn tell_calls(&mut self, side: Side, which: impl FnOnce(&mut SyscallOrder) -> Vec<Syscall>) {
        let calls = self.ends[side].strace.as_mut().map(which);
        for made in calls.into_iter().flatten() {
            self.tell(LabEvent::Syscall(SyscallSeen { side, made }));
        }
    }

    /// Tells what an endpoint has written to its standard error.
    pub(super) fn heed(&mut self, side: Side) {
        let lines = self.outside.complaints(side);
        self.complained(side, lines);
    }

    fn complained(&mut self, side: Side, lines: Vec<String>) {
        for line in lines {
            self.tell(LabEvent::Note(format!("the {side} endpoint says: {line}")));
        }
    }

    /// Waits for calls that end something there: a packet that came between such a call and the reading after it would hide a state.
    pub(super) fn let_return(&mut self, side: Side) {
        let deadline = self.outside.now().plus(self.timing.ending_patience);
        loop {
            let DriverEnd {
                process: Some(_),
                in_flight,
                ended,
                ..
            } = &mut self.ends[side]
            else {
                return;
            };
            let returned = |call: &InFlightCall| {
                let is_it = |reply: &Reply| matches!(reply, Reply::Ended { id, .. } if *id == call.id);
                ended.iter().any(is_it)
            };
            let under_way = |call: &&mut InFlightCall| call.effect.ends() && !call.lingers && !returned(call);
            let mut waited_for = in_flight.iter_mut().filter(under_way).peekable();
            if waited_for.peek().is_none() {
                return;
            }
            let left = deadline.since(self.outside.now());
            if left.is_zero() {
                waited_for.for_each(|call| call.lingers = true);
                return;
            }
            self.outside.flush();
            self.outside.await_word(side, left);
            self.hear(side);
        }
    }

    /// Tells outcomes, each after the packets and the changes that came before it.
    pub(super) fn outcomes(&mut self) {
        for side in Side::BOTH {
            while let Some(reply) = self.ends[side].ended.pop_front() {
                let Reply::Ended {
                    id,
                    ns,
                    outcome,
                    said,
                    trace,
                    ..
                } = reply
                else {
                    continue;
                };
                // Beside busy programs, what others send meanwhile is waited for only where some of it may be the call's own.
                if !self.has_busy_programs() || self.ends[side].may_have_sent(id) {
                    self.relay(EITHER);
                }
                let before = Ends::from_fn(|side| std::mem::take(&mut self.ends[side].touched));
                let end = &mut self.ends[side];
                let made = outcome.descriptor();
                let made = made.and_then(|fd| Some((fd, self.outside.inode(side, fd)?)));
                if let Some((fd, inode)) = made {
                    end.own(inode);
                    let call = end.in_flight.iter().find(|call| call.id == id);
                    if let Some(name) = call.and_then(|call| call.makes.clone()) {
                        end.sockets.open(name, fd, Some(inode));
                    }
                }
                let tuple = end.touch_by(id);
                if let Outcome::Ok(Value::Descriptor { peer: Some(peer), .. }) = outcome {
                    end.touch_accepted(id, peer, self.addresses[side]);
                }
                if let Some(tuple) = tuple {
                    self.touch_peer(side, tuple);
                }
                // Both tables, so that whoever hears of the outcome sees its consequences.
                self.settle_outcome(side, before);
                let end = &mut self.ends[side];
                if let Some(place) = end.in_flight.iter().position(|call| call.id == id) {
                    let call = end.in_flight.remove(place);
                    if let Some(name) = call.on.clone().filter(|_| call.closes(&trace)) {
                        end.sockets.close(name);
                    }
                }
                self.tell(LabEvent::Ended(CallEnded {
                    side,
                    call: id,
                    took: Duration::from_nanos(ns),
                    outcome: match outcome {
                        Outcome::Library(name) => Outcome::Library(plain(&name)),
                        Outcome::Unsupported(why) => Outcome::Unsupported(plain(&why)),
                        Outcome::Ok(_) | Outcome::Err(_) | Outcome::DeadlineExceeded { .. } => outcome,
                    },
                    said: said.map(|said| plain(&said)),
                    trace: trace
                        .into_iter()
                        .map(|made| Syscall::parse(&plain(&made.to_string()), made.errno, made.duration))
                        .collect(),
                    inode: made.map(|(_, inode)| inode),
                }));
                (self.dirty, self.unquiet) = (true, true);
            }
        }
    }

    /// A call that is under way has made a descriptor.
    pub(super) fn made(&mut self, side: Side, id: CallId, fd: i32) {
        let end = &mut self.ends[side];
        let call = end.in_flight.iter().find(|call| call.id == id);
        let Some(name) = call.and_then(|call| call.on.clone()) else {
            return;
        };
        let inode = self.outside.inode(side, fd);
        end.sockets.open(name.clone(), fd, inode);
        if let Some(inode) = inode {
            end.own(inode);
        }
        self.tell(LabEvent::Made {
            side,
            socket: name,
            fd,
            inode,
        });
    }

    /// Tells which sockets a language's library has closed by itself, as after an error: the number stands for another file, or none.
    pub(super) fn missing(&mut self, side: Side) {
        let end = &mut self.ends[side];
        if !end.process.is_some_and(|process| process.hides) {
            return;
        }
        let mut gone = Vec::new();
        for (name, socket) in end.sockets.iter_mut() {
            let Some(fd) = socket.fd.filter(|_| !socket.is_closed) else {
                continue;
            };
            let inode = self.outside.inode(side, fd);
            // A call that failed at once may have closed it before we looked: then there never was an inode.
            if inode.is_none() || inode != socket.inode {
                socket.is_closed = true;
                gone.push(name.clone());
            }
        }
        for socket in gone {
            self.tell(LabEvent::Gone { side, socket });
        }
    }

    /// Reaps an endpoint's process, if it has ended (`waitid(2)`).
    pub(super) fn reap(&mut self, side: Side) {
        let Some(EndpointProcess { pid, .. }) = self.ends[side].process else {
            return;
        };
        let Some(how) = self.outside.reap(side) else { return };
        // Its last words, and its sockets' last segments.
        self.hear(side);
        let lines = self.outside.last_complaints(side);
        self.complained(side, lines);
        self.relay(EITHER);
        self.outcomes();
        self.outside.let_go(side);
        self.ends[side].forget_process();
        self.tell(LabEvent::Died(ProcessDied { side, pid, how }));
        self.settle(Some(side));
        (self.dirty, self.unquiet) = (true, true);
    }
}

/// Another program's words, without anything that a terminal would act on: control characters, and those that turn the direction of
/// writing.
fn plain(words: &str) -> String {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut plain = String::with_capacity(words.len());
    for c in words.chars() {
        if acts(c) {
            plain.extend(c.escape_unicode());
        } else {
            plain.push(c);
        }
    }
    plain
}
