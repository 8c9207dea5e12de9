//! The driver and the endpoints: what they say, and what of that is the truth yet.

use super::*;

impl Driver {
    /// Hears an endpoint: announcements are told at once, outcomes wait for the packets that came before them.
    pub(super) fn hear(&mut self, side: Side) {
        let Some(process) = &mut self.ends[side].process else {
            return;
        };
        process.flush();
        let pid = process.pid();
        // Heard before what strace prints is read, so that the calls before a word have been printed.
        let replies = process.hear();
        let printed = process.syscalls_seen();
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
                        if let Some(process) = &mut self.ends[side].process {
                            process.kill();
                        }
                    }
                }
                Ok(Reply::Began { id, text, .. }) => {
                    self.look_in = Some(FIRST_LOOK);
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

    /// Limits the descriptors of a process that has come up as its host's setting says: its limit.
    fn limited(&mut self, side: Side) -> Option<u32> {
        let DriverEnd { process, nofile, .. } = &self.ends[side];
        let process = process.as_ref()?;
        let limited = nofile.map(|most| process.limit_descriptors(most));
        let is_now = process.descriptor_limit();
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
        let process = self.ends[side].process.as_mut();
        let lines = process.map(Process::complaints).unwrap_or_default();
        self.complained(side, lines);
    }

    fn complained(&mut self, side: Side, lines: Vec<String>) {
        for line in lines {
            self.tell(LabEvent::Note(format!("the {side} endpoint says: {line}")));
        }
    }

    /// Waits for calls that end something there: a packet that came between such a call and the reading after it would hide a state.
    pub(super) fn let_return(&mut self, side: Side) {
        let deadline = MonoTime::now().plus(ENDING_PATIENCE);
        loop {
            let DriverEnd {
                process: Some(process),
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
            let left = deadline.since(MonoTime::now());
            if left.is_zero() {
                waited_for.for_each(|call| call.lingers = true);
                return;
            }
            self.queue.flush();
            process.wait(left);
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
                self.relay(EITHER);
                let end = &mut self.ends[side];
                let inode = match (&outcome.descriptor(), &end.process) {
                    (Some(fd), Some(process)) => process.inode(*fd),
                    _ => None,
                };
                let call = end.in_flight.iter().position(|call| call.id == id);
                if let Some(inode) = inode {
                    end.watch.own(inode);
                    let name = call.and_then(|place| end.in_flight[place].makes.clone());
                    let number = outcome.descriptor();
                    end.numbers.extend(name.clone().zip(number));
                    end.inodes.extend(name.map(|name| (name, inode)));
                }
                // Both tables, so that whoever hears of the outcome sees its consequences.
                self.settle(Some(side));
                let end = &mut self.ends[side];
                if let Some(place) = end.in_flight.iter().position(|call| call.id == id) {
                    let call = end.in_flight.remove(place);
                    if call.closes(&trace) {
                        end.closed.extend(call.on);
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
                    inode,
                }));
                (self.dirty, self.unquiet) = (true, true);
            }
        }
    }

    /// A call that is under way has made a descriptor.
    pub(super) fn made(&mut self, side: Side, id: CallId, fd: i32) {
        let end = &mut self.ends[side];
        let call = end.in_flight.iter().find(|call| call.id == id);
        let (Some(name), Some(process)) = (call.and_then(|call| call.on.clone()), &end.process) else {
            return;
        };
        let inode = process.inode(fd);
        end.closed.remove(&name);
        end.numbers.insert(name.clone(), fd);
        end.inodes.remove(&name);
        if let Some(inode) = inode {
            end.watch.own(inode);
            end.inodes.insert(name.clone(), inode);
        }
        if let Some(socket) = SocketName::new(&name) {
            self.tell(LabEvent::Made {
                side,
                socket,
                fd,
                inode,
            });
        }
    }

    /// Tells which sockets a language's library has closed by itself, as after an error: the number stands for another file, or none.
    pub(super) fn missing(&mut self, side: Side) {
        let end = &mut self.ends[side];
        let Some(process) = end.process.as_ref().filter(|process| process.hides()) else {
            return;
        };
        // A call that failed at once may have closed it before we looked: then there never was an inode.
        let is_gone = |name: &&String| {
            let inode = end.numbers.get(*name).and_then(|fd| process.inode(*fd));
            !end.closed.contains(*name) && (inode.is_none() || inode != end.inodes.get(*name).copied())
        };
        let gone: Vec<String> = end.numbers.keys().filter(is_gone).cloned().collect();
        end.closed.extend(gone.iter().cloned());
        for socket in gone.iter().filter_map(|name| SocketName::new(name)) {
            self.tell(LabEvent::Gone { side, socket });
        }
    }

    /// Reaps an endpoint's process, if it has ended (`waitid(2)`).
    pub(super) fn reap(&mut self, side: Side) {
        let Some(how) = self.ends[side].process.as_mut().and_then(Process::reap) else {
            return;
        };
        // Its last words, and its sockets' last segments.
        self.hear(side);
        let process = self.ends[side].process.as_mut();
        let lines = process.map(Process::last_complaints).unwrap_or_default();
        self.complained(side, lines);
        self.relay(EITHER);
        self.outcomes();
        let end = &mut self.ends[side];
        let Some(process) = end.process.take() else { return };
        end.in_flight.clear();
        end.inodes.clear();
        end.numbers.clear();
        end.infos.clear();
        end.closed.clear();
        end.strace = end.strace.as_ref().map(|_| SyscallOrder::default());
        end.listeners.clear();
        end.died = true;
        self.tell(LabEvent::Died(ProcessDied {
            side,
            pid: process.pid(),
            how,
        }));
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
