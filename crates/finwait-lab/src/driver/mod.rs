//! The driver: the one thread through which everything passes that the kernel and the endpoints say.
//!
//! The driver moves packets from host to host and reads the connection of each one that can change a state around it, so that no state between
//! two readings is lost and each has its cause: the call that was under way where the packet left, the packet where it arrived.
//! An endpoint announces a call before it makes it; the announcement is read before the packet that the call sends, and the
//! packets before the outcome, so that the transcript is in the order of cause and effect.
//!
//! # A core without I/O
//!
//! [`Core`] decides all of this and owns no descriptor and no clock. It is given what is ready ([`Core::handle`]), requests
//! ([`Core::request`]), and says when it wants to be woken ([`Core::wakes_at`]). All that it asks and does goes through
//! one trait, [`Outside`]: `shell` implements it with descriptors and polls, `tests` with tables, packets, replies and a time that are
//! made up.
//!
//! It is a trait and not a list of actions to be carried out later, as in quinn-proto or smoltcp, because the order is the point: what
//! the table shows right before and right after a packet is written decides what is reported and what is done next, in one breath, up
//! to four readings deep. With actions, each such place would be the end of one function and the beginning of another, and what
//! stands between them a state to keep, which another input could come into; with the trait the order is that of the lines.
//!
//! `programs` is what programs of the user's own do, `requests` what it is asked, `endpoints` what it hears, `wire` what it does with packets, `causes` how it finds what changed and why,
//! `quiet` when nothing more is to come, `end` what it knows of one end, `sockets` of its sockets, `in_flight` of a call under way,
//! `touched` what of a table is to be read anew, `syscalls` where those that strace sees belong, `timing` how long it waits for what.

mod causes;
mod end;
mod endpoints;
mod in_flight;
mod outside;
mod programs;
mod quiet;
mod requests;
mod shell;
mod sockets;
mod syscalls;
#[cfg(test)]
mod tests;
mod timing;
mod touched;
mod wire;

pub(super) use shell::Driver;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use self::end::DriverEnd;
use self::in_flight::{ChangesState, InFlightCall};
use self::outside::{EndpointProcess, Heard, Outside, Preparation, Ready};
use self::programs::{ProgramSockets, RunningPrograms};
use self::sockets::EndpointSockets;
use self::syscalls::SyscallOrder;
use self::timing::Timing;
use self::touched::Touched;
use super::event::{
    CallBegan, CallEnded, Disposition, ForgedFor, KeptBytes, KernelAction, KernelReason, LabEvent, LabRequest,
    NamedCall, PacketRecord, ProcessBorn, ProcessDied, RawPacket, ReceivedPacket, RuntimeChanged, RuntimeProgress,
    SentSegment, SettingChanged, StateChanged, SyscallSeen, TransitionCause, WireChange, WireRequest, Witness,
};
use super::facts::{LabFacts, LabKind};
use super::process::ProtocolError;
use super::strace::Word;
use super::watch::{TableNews, Watch};
use crate::endpoint::protocol::{self, Reply, VERSION};
use crate::error::Result;
use crate::observe::trace::TracedEvent;
use crate::observe::tracker::{Actor, Arrival, Arrived, StateChange, after_fin, between, maker};
use crate::os::tun::Sent;
use crate::runtime::Runtime;
use finwait_model::call::{
    Call, CallId, CallKind, EndpointCall, Family, ShutdownHow, SocketName, StateEffect, WaitCondition,
};
use finwait_model::clock::{Millis, MonoTime};
use finwait_model::counter::MovedCounters;
use finwait_model::hash::QuickMap;
use finwait_model::host::{Setting, SettingValue};
use finwait_model::outcome::{Outcome, Value};
use finwait_model::side::{Ends, Side};
use finwait_model::socket_table::{SocketRow, TimerKind, Tuple};
use finwait_model::state::State;
use finwait_model::syscall::{CallText, Syscall};
use finwait_wire::flow::{FinProgress, FlowInfo, Flows, PacketNo};
use finwait_wire::fold::Passage;
use finwait_wire::forge::{Forge, Forgery, forge, too_big};
use finwait_wire::link::{self, Crossing, LinkEffect, Load, Loss, OptionSet};
use finwait_wire::offload::Offload;
use finwait_wire::queue::{HeldPacket, Origin, Which, Wire};
use finwait_wire::rule::{Candidate, RuleStatus, Verdict};
use finwait_wire::segment::{Flags, Packet, decode};

/// The longest packet that a device may give us.
const LONGEST_PACKET: usize = 65_536;
/// The most packets that are moved before anybody else is heard.
const BATCH: usize = 64;

/// The connection that a segment is of, its sender's end first.
fn tuple_of(packet: &Packet) -> Option<Tuple> {
    match packet {
        Packet::Tcp(segment) => Some(Tuple {
            local: segment.source,
            peer: segment.destination,
        }),
        Packet::Udp { .. } | Packet::Icmp { .. } | Packet::Other { .. } => None,
    }
}

/// Packets may have come from either host.
const EITHER: Ends<bool> = Ends {
    client: true,
    server: true,
};

/// The occasion on which a table is read.
#[derive(Clone, Copy)]
enum ReadTrigger {
    /// No packet of which it is known what it does.
    Nothing,
    /// A packet that the host has just been handed.
    Arrived(Arrived),
    /// A segment that the host has sent, of that connection, and that comes of a call as a rule: a SYN or FIN for the first time, or an RST.
    Left(Tuple, SentSegment),
}

/// The driver's decisions, without a descriptor or a clock.
struct Core<O> {
    outside: O,
    timing: Timing,
    ends: Ends<DriverEnd>,
    programs: RunningPrograms,
    /// Whether a wire joins the hosts, on which segments are seen; the loopback lab has none.
    wired: bool,
    /// The connection that the administrator destroys just now.
    destroyed: Option<(Side, Tuple)>,
    addresses: Ends<IpAddr>,
    wire: Wire,
    flows: Flows,
    /// The number of times that it was asked whether a packet can change a state.
    #[cfg(test)]
    asked: std::cell::Cell<usize>,
    /// The rules as they were last reported.
    told_rules: Vec<RuleStatus>,
    buffer: Vec<u8>,
    /// The part of each packet's bytes that is reported.
    kept: KeptBytes,
    /// Something happened since the tables were last read for the screen.
    dirty: bool,
    /// Packets that hosts have sent since then.
    streamed: usize,
    /// Something happened since quiet was last reported.
    unquiet: bool,
    /// The time at which the tables were last read for the screen.
    read_at: MonoTime,
    /// The time at which it was last told what counters have moved.
    counted_at: MonoTime,
    /// Counters have been read since the tables were last read for the screen.
    has_counted_ahead: bool,
    /// The time at which they are read next if nothing happens before; none when nothing is waited for.
    look_at: Option<MonoTime>,
    /// The time to wait before looking again; none when nothing is waited for.
    look_in: Option<Duration>,
    /// The time to wait before reading the tables for a timer that is overdue.
    slack: Duration,
    /// A failure that was reported already, so that it is not reported again.
    told: Option<String>,
}

impl<O: Outside> Core<O> {
    /// Starts the endpoints of both hosts.
    ///
    /// # Errors
    ///
    /// - What [`Outside::spawn`] returns, where one does not start.
    fn new(mut outside: O, facts: &LabFacts, timing: Timing) -> Result<Core<O>> {
        let wired = facts.kind == LabKind::Isolated;
        let mut end = |side: Side| -> Result<DriverEnd> {
            let family = if facts.addresses[side].is_ipv6() {
                Family::Inet6
            } else {
                Family::Inet
            };
            Ok(DriverEnd::new(outside.spawn(side)?, Watch::new(family, !wired)))
        };
        Ok(Core {
            ends: Ends {
                client: end(Side::Client)?,
                server: end(Side::Server)?,
            },
            programs: RunningPrograms::default(),
            wired,
            destroyed: None,
            addresses: facts.addresses,
            wire: Wire::default(),
            flows: Flows::default(),
            #[cfg(test)]
            asked: std::cell::Cell::default(),
            told_rules: Vec::new(),
            buffer: vec![0; LONGEST_PACKET],
            kept: KeptBytes::None,
            dirty: true,
            streamed: 0,
            unquiet: true,
            read_at: outside.now(),
            counted_at: outside.now(),
            has_counted_ahead: false,
            look_at: None,
            look_in: None,
            slack: timing.timer_slack,
            told: None,
            outside,
            timing,
        })
    }

    fn tell(&mut self, what: LabEvent) {
        self.outside.tell(what);
    }

    /// Reports a failure of ours on the way, once; the work goes on.
    fn complain<T>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let text = error.to_string();
                if self.told.as_ref() != Some(&text) {
                    self.tell(LabEvent::Note(text.clone()));
                    self.told = Some(text);
                }
                None
            }
        }
    }

    /// Returns when the core is to be woken although nothing is ready: by a call of [`handle`](Self::handle) then, with nothing.
    fn wakes_at(&mut self) -> Option<MonoTime> {
        let now = self.outside.now();
        let timeout = if self.dirty {
            self.count_ahead();
            Some(self.linger().max(self.rest_of_reading(now)))
        } else {
            let timer = Side::BOTH
                .into_iter()
                .filter_map(|side| self.ends[side].watch.next_timer())
                .min()
                .map(|at| at.since(now).max(self.slack));
            let whole = self.ends.iter().any(|(_, end)| end.watch.owes_whole());
            let whole = whole.then_some(self.timing.busy_reading);
            [timer, self.look_in, whole].into_iter().flatten().min()
        };
        self.look_at = timeout.map(|timeout| now.plus(timeout));
        // What is due on the wire is seen to at once, and is no reason to read tables.
        let programs = self.programs_wake_at();
        [self.look_at, self.wire.next_due(), programs]
            .into_iter()
            .flatten()
            .min()
    }

    /// Returns how long nothing is read for the screen in a pause of busy programs: each of the many connections that they have touched would be
    /// read by itself, between two bursts of packets. Nothing without such.
    fn rest_of_reading(&self, now: MonoTime) -> Duration {
        if self.has_busy_programs() {
            self.timing.busy_reading.saturating_sub(now.since(self.read_at))
        } else {
            Duration::ZERO
        }
    }

    /// Returns how long nothing must happen now before the tables are read, and how long plain data may wait to be reported.
    const fn linger(&self) -> Duration {
        if self.streamed > BATCH {
            self.timing.stream_grace
        } else {
            self.timing.grace
        }
    }

    /// Takes in what is ready, after a wait until [`wakes_at`](Self::wakes_at) or until something was: announcements first, then
    /// packets, then outcomes, then deaths.
    fn handle(&mut self, ready: &Ready) {
        self.hear_programs();
        // Whoever asks, or has an outcome to tell, does not wait for a reading that has no haste.
        let is_asked = ready.requests || ready.processes.iter().any(|(_, process)| process.words);
        if !is_asked {
            self.look(ready);
        }
        for side in Side::BOTH {
            if ready.processes[side].words || ready.processes[side].syscalls {
                self.hear(side);
            }
            if ready.processes[side].complaints {
                self.heed(side);
            }
        }
        self.relay_unless_asked(ready.packets);
        self.release();
        self.outcomes();
        for side in Side::BOTH {
            if ready.processes[side].end {
                self.reap(side);
            }
        }
        // What is asked for goes to its endpoint before a long reading, and not after it; the next turn reads.
        if !ready.requests && !self.outside.is_asked() {
            if is_asked {
                self.outside.flush();
                self.look(ready);
            }
            self.look_at_programs();
        }
    }

    /// Reads the tables when nothing more is under way, or has been for long.
    fn look(&mut self, ready: &Ready) {
        let now = self.outside.now();
        let is_due = self.wire.next_due().is_some_and(|due| due <= now);
        let timed_out = *ready == Ready::default() && !is_due && self.look_at.is_some_and(|look| look <= now);
        // What is read because of programs is not read once more for the screen.
        let read_at = self.read_at.max(self.programs.both_read_at().unwrap_or_default());
        if self.dirty && (timed_out || now.since(read_at) > self.timing.busy_reading) {
            self.slack = self.timing.timer_slack;
        } else if timed_out {
            // A timer went off, or it is time to look again: either may have changed something.
            let last = self.timing.last_look;
            self.look_in = match self.look_in.map(|wait| wait * 2) {
                Some(wait) if wait > last => self.owes_a_look().then_some(last),
                shorter => shorter,
            };
            self.slack = (self.slack * 2).min(self.timing.timer_patience);
            let is_idle = now.since(self.read_at) >= self.timing.busy_reading;
            for side in Side::BOTH {
                let DriverEnd {
                    watch,
                    touched,
                    may_have_counted,
                    ..
                } = &mut self.ends[side];
                for tuple in watch.overdue(now) {
                    touched.one(tuple);
                    *may_have_counted = true;
                }
                if is_idle && watch.owes_whole() {
                    touched.all();
                }
            }
        } else {
            return;
        }
        self.settle(None);
        self.quieten();
        self.count_at_times(now);
    }

    /// Tells what counters have moved, also where quiet is far: a timer goes off again and again on a host that reaches nobody, or packets come
    /// without a pause.
    fn count_at_times(&mut self, now: MonoTime) {
        if now.since(self.counted_at) > self.timing.busy_reading {
            self.count();
            self.outside.flush();
        }
    }

    /// Reads in both tables what was touched, `first`'s first, or all of them, and reports what changed.
    fn settle(&mut self, first: Option<Side>) {
        (self.dirty, self.streamed, self.has_counted_ahead) = (false, 0, false);
        self.read_at = self.outside.now();
        let first = first.unwrap_or(Side::Client);
        for side in [first, first.other()] {
            self.settle_host(side);
        }
        // A change at the end that was read last may have to do with the other one.
        self.dirty = self.ends.iter().any(|(_, end)| !end.touched.is_empty());
        if self.is_torn() {
            self.look_in.get_or_insert(self.timing.first_look);
        }
        for side in Side::BOTH {
            self.ends[side].died = false;
            self.missing(side);
            self.look_closer(side);
        }
        self.tell_rules();
    }

    /// Reads what the outcome of a call there may have changed, before it is told; `before` it, the hosts' tables were touched there.
    ///
    /// All that was touched, as a rule. Beside programs with many sockets that is hundreds of connections, or a whole table, which are read
    /// within a moment anyway: who has made a call waits for that of its own socket, at both ends.
    fn settle_outcome(&mut self, side: Side, before: Ends<Touched>) {
        let own = Ends::from_fn(|side| self.ends[side].touched.connections());
        self.ends.client.touched.and(before.client);
        self.ends.server.touched.and(before.server);
        let [Some(of_call), Some(of_peer)] = [side, side.other()].map(|side| own[side].clone()) else {
            return self.settle(Some(side));
        };
        if !self.has_busy_programs() {
            return self.settle(Some(side));
        }
        let mirrored = of_call.iter().filter(|_| self.wired).map(|tuple| tuple.mirrored());
        let of_peer = of_peer.into_iter().chain(mirrored).collect();
        for (side, tuples) in [(side, of_call), (side.other(), of_peer)] {
            self.read_each(side, tuples);
            if let Some(news) = self.ends[side].watch.singly() {
                self.tell_table(side, news);
            }
            self.missing(side);
            self.look_closer(side);
        }
        self.tell_rules();
    }

    /// Reads in one host's table what was touched, or all of it, and reports what changed.
    fn settle_host(&mut self, side: Side) {
        self.read_touched(side);
        let Core { ends, outside, .. } = self;
        let table = ends[side]
            .watch
            .table(|families, rows| outside.procfs(side, families, rows));
        if let Some(news) = self.complain(table).flatten() {
            self.tell_table(side, news);
        }
    }

    fn tell_table(&mut self, side: Side, news: TableNews) {
        let (TableNews::Whole(rows) | TableNews::Singly(rows, _)) = &news;
        self.find_owners(side, rows.iter().map(|seen| (seen.row.inode, seen.row.tuple)));
        self.tell(match news {
            TableNews::Whole(rows) => LabEvent::Table { side, rows },
            TableNews::Singly(rows, gone) => LabEvent::Rows { side, rows, gone },
        });
    }

    /// Asks TCP_INFO about open descriptors whose sockets are in no table: it is what a program sees that asks for itself.
    fn look_closer(&mut self, side: Side) {
        let Core { ends, outside, .. } = self;
        let DriverEnd {
            process: Some(_),
            sockets,
            watch,
            ..
        } = &mut ends[side]
        else {
            return;
        };
        let mut news = Vec::new();
        // A socket comes into a table or leaves it, or its descriptor comes or goes.
        sockets.suspect(watch.moved());
        let suspects = if watch.owes_whole() {
            sockets.suspects()
        } else {
            sockets.names()
        };
        for name in suspects {
            let Some(socket) = sockets.get_mut(&name) else { continue };
            let Some(inode) = socket.inode else { continue };
            let is_apart = !socket.is_closed && watch.row(inode).is_none();
            let state = match socket.fd {
                Some(fd) if is_apart => outside.info_state(side, fd, inode),
                _ => None,
            };
            if std::mem::replace(&mut socket.info, state) != state {
                news.push((name, state));
            }
        }
        for (socket, state) in news {
            self.tell(LabEvent::Info { side, socket, state });
        }
    }
}
