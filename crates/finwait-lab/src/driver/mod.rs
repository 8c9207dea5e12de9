//! The driver: the one thread through which everything passes that the kernel and the endpoints say.
//!
//! It moves packets from host to host and reads both tables around each one that can change a state, so that no state between
//! two readings is lost and each has its cause: the call that was under way where the packet left, the packet where it arrived.
//! An endpoint announces a call before it makes it; the announcement is read before the packet that the call sends, and the
//! packets before the outcome, so that the transcript is in the order of cause and effect.
//!
//! `requests` is what it is asked, `endpoints` what it hears, `wire` what it does with packets, `causes` how it finds what changed and why,
//! `in_flight` what it knows of a call under way, `syscalls` where those that strace sees belong.

mod causes;
mod endpoints;
mod in_flight;
mod requests;
mod syscalls;
mod wire;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use self::in_flight::{InFlightCall, StateEffect, WaitCondition, releases};
use self::syscalls::SyscallOrder;
use super::event::{
    CallBegan, CallEnded, Disposition, LabEvent, LabRequest, NamedCall, PacketRecord, ProcessBorn, ProcessDied,
    ReceivedPacket, SettingChanged, StateChanged, SyscallSeen, TransitionCause, WireChange, WireRequest, Witness,
};
use super::event_queue::EventQueue;
use super::facts::{LabFacts, LabKind};
use super::host::Host;
use super::poller::{Poller, Readiness};
use super::process::{Process, ProtocolError};
use super::strace::Word;
use super::watch::Watch;
use crate::endpoint::protocol::{self, Reply, VERSION};
use crate::error::Result;
use crate::observe::tracker::{Actor, Arrival, Arrived, StateChange, after_fin, between, maker};
use finwait_model::call::{Call, CallId, CallKind, EndpointCall, Family, SocketName};
use finwait_model::clock::{Millis, MonoTime};
use finwait_model::host::{Setting, SettingValue};
use finwait_model::outcome::Outcome;
use finwait_model::side::{Ends, Side};
use finwait_model::socket_table::{SocketRow, Tuple};
use finwait_model::state::State;
use finwait_model::syscall::{CallText, Syscall};
use finwait_wire::flow::{FinProgress, FlowInfo, Flows, PacketNo};
use finwait_wire::forge::{Forge, forge};
use finwait_wire::queue::{HeldPacket, Origin, Which, Wire};
use finwait_wire::rule::{RuleStatus, Verdict};
use finwait_wire::segment::{Flags, Packet, decode};

/// The longest packet that a device may give us.
const LONGEST_PACKET: usize = 65_536;
/// How long nothing must happen before the tables are read for the screen: a call's outcome follows its packets at once.
const GRACE: Duration = Duration::from_micros(500);
/// How long after more than a batch of packets: who takes them in has a turn on the same CPU, which is no end of the stream. Longer
/// than the kernel's tick, so that poll's timeout need not program the CPU's timer for every packet (2 us in a virtual machine).
const STREAM_GRACE: Duration = Duration::from_millis(5);
/// While packets stream, the tables are read for the screen this often.
const BUSY_READING: Duration = Duration::from_millis(100);
/// While a socket waits for an acknowledgement that no packet will announce (loopback), and when a call has begun that does not
/// return (it may fill a queue and then block), the tables are read again after this, twice as long each time.
const FIRST_LOOK: Duration = Duration::from_millis(1);
/// The longest of those waits; what is not done then waits for a timer of the kernel, or is looked for so often, where no word will
/// tell of it: what a library takes unasked, and what a torn reading did not show.
const LAST_LOOK: Duration = Duration::from_millis(256);
/// The least time between two readings because of a timer; twice as long each time that one is overdue, for the kernel's timer wheel
/// lets long ones go off late (TIME_WAIT's by more than a second).
const TIMER_SLACK: Duration = Duration::from_millis(5);
/// The longest of those times.
const TIMER_PATIENCE: Duration = Duration::from_millis(640);
/// How many packets are moved before anybody else is heard.
const BATCH: usize = 64;
/// How long a call whose wait is over by the table may take to return before all counts as quiet.
const RETURN_PATIENCE: Duration = Duration::from_millis(32);
/// How long a packet waits for a call that ends something on the host that it is for; only a close that lingers takes longer.
const ENDING_PATIENCE: Duration = Duration::from_millis(20);

/// One end, as the driver holds it.
struct DriverEnd {
    // Field order is drop order: the process goes before the host, whose thread bore it.
    process: Option<Process>,
    host: Host,
    watch: Watch,
    /// Calls that have not returned, the oldest first.
    in_flight: Vec<InFlightCall>,
    /// Outcomes that were heard, and wait for the packets before them.
    ended: VecDeque<Reply>,
    /// The inodes of sockets by name.
    inodes: HashMap<String, u64>,
    /// The numbers of their descriptors.
    numbers: HashMap<String, i32>,
    /// TCP_INFO's states of sockets in no table, as reported.
    infos: HashMap<String, State>,
    /// The names of sockets whose descriptors were closed.
    closed: HashSet<String>,
    /// The names of sockets that were told to listen.
    listeners: HashSet<String>,
    /// The order of its system calls among its words, where strace sees them.
    strace: Option<SyscallOrder>,
    /// Below what the numbers of its process's descriptors must stay, where that was set.
    nofile: Option<u32>,
    /// The process has died since the last reading.
    died: bool,
    /// The last packet that the host received.
    received: Option<ReceivedPacket>,
}

impl DriverEnd {
    /// Is a call under way that can change a state by itself?
    fn is_changing(&self) -> bool {
        self.in_flight.iter().any(|call| call.effect != StateEffect::None)
    }

    /// Is a call under way whose announcement has not been heard?
    fn owes_a_word(&self) -> bool {
        self.in_flight.iter().any(|call| !call.begun)
    }

    /// Is that call under way, and its return not heard?
    fn is_under_way(&self, id: CallId) -> bool {
        let ended = |reply: &Reply| matches!(reply, Reply::Ended { id: ended, .. } if *ended == id);
        self.in_flight.iter().any(|call| call.id == id) && !self.ended.iter().any(ended)
    }

    /// Has the descriptor of that name been closed, also by a call whose return is not told yet?
    fn has_closed(&self, name: &String) -> bool {
        let closed_it = |reply: &Reply| match reply {
            Reply::Ended { id, trace, .. } => {
                let call = self.in_flight.iter().find(|call| call.id == *id);
                call.is_some_and(|call| call.on.as_ref() == Some(name) && call.closes(trace))
            }
            _ => false,
        };
        self.closed.contains(name) || self.ended.iter().any(closed_it)
    }

    /// Is what the call waits for there?
    fn is_returning(&self, call: &InFlightCall) -> bool {
        let inode = call.on.as_ref().and_then(|name| self.inodes.get(name));
        inode.is_some_and(|inode| call.awaits.is_there(self.watch.row(*inode)))
    }

    /// Is the library about to take something that nobody has asked it for? No word and no packet will tell that it has.
    fn is_taking(&self) -> bool {
        self.process.as_ref().is_some_and(|process| process.takes_unasked) && self.watch.holds_something()
    }
}

/// The connection that a segment is of, its sender's end first.
fn tuple_of(packet: &Packet) -> Option<Tuple> {
    match packet {
        Packet::Tcp(segment) => Some(Tuple {
            local: segment.source,
            peer: segment.destination,
        }),
        Packet::Icmp { .. } | Packet::Other { .. } => None,
    }
}

/// The driver's thread.
pub(super) struct Driver {
    ends: Ends<DriverEnd>,
    wired: bool,
    /// What the administrator destroys just now.
    destroyed: Option<(Side, Tuple)>,
    addresses: Ends<IpAddr>,
    wire: Wire,
    flows: Flows,
    /// The rules as they were last told.
    told_rules: Vec<RuleStatus>,
    inbox: Receiver<LabRequest>,
    poller: Poller,
    queue: EventQueue,
    buffer: Vec<u8>,
    /// Something happened since the tables were last read for the screen.
    dirty: bool,
    /// Packets that hosts have sent since then.
    streamed: usize,
    /// ... and since it was last told that all is quiet.
    unquiet: bool,
    /// When the tables were last read for the screen.
    read_at: MonoTime,
    /// How long to wait before looking again; none when nothing is waited for.
    look_in: Option<Duration>,
    /// How long to wait before reading the tables for a timer that is overdue.
    slack: Duration,
    /// A failure that was told already, so that it is told once.
    told: Option<String>,
}

/// The occasion on which a table is read.
#[derive(Clone, Copy)]
enum ReadTrigger {
    /// No packet of which it is known what it does.
    Nothing,
    /// A packet that the host has just been handed.
    Arrived(Arrived),
    /// A FIN that the host has sent, of that connection.
    FinLeft(Tuple),
}

/// The end of the driver.
struct DriverExit;

/// Packets may have come from either host.
const EITHER: Ends<bool> = Ends {
    client: true,
    server: true,
};

/// Descriptors that are ready after a wait.
struct Wakeup {
    /// Anything at all.
    any: bool,
    /// Hosts that have a packet.
    packets: Ends<bool>,
    /// Everything else.
    readiness: Option<Readiness>,
}

impl Driver {
    /// Starts the endpoints of both hosts.
    pub fn new(
        hosts: Ends<Host>,
        facts: &LabFacts,
        inbox: Receiver<LabRequest>,
        wake: Arc<OwnedFd>,
        queue: EventQueue,
    ) -> Result<Driver> {
        let poller = Poller::new(wake)?;
        let wired = facts.kind == LabKind::Isolated;
        let Ends { client, server } = hosts;
        let end = |side: Side, host: Host| -> Result<DriverEnd> {
            let family = if facts.addresses[side].is_ipv6() {
                Family::Inet6
            } else {
                Family::Inet
            };
            let process = Process::adopt(host.spawn(side)?);
            poller.watch(side, &process)?;
            let strace = process.syscalls().map(|_| SyscallOrder::default());
            let mut watch = Watch::new(family, !wired);
            if process.hides() {
                watch.expect(Family::Inet);
                watch.expect(Family::Inet6);
            }
            Ok(DriverEnd {
                process: Some(process),
                host,
                watch,
                in_flight: Vec::new(),
                ended: VecDeque::new(),
                strace,
                inodes: HashMap::new(),
                numbers: HashMap::new(),
                infos: HashMap::new(),
                closed: HashSet::new(),
                listeners: HashSet::new(),
                nofile: None,
                died: false,
                received: None,
            })
        };
        Ok(Driver {
            ends: Ends {
                client: end(Side::Client, client)?,
                server: end(Side::Server, server)?,
            },
            wired,
            destroyed: None,
            addresses: facts.addresses,
            wire: Wire::default(),
            flows: Flows::default(),
            told_rules: Vec::new(),
            inbox,
            poller,
            queue,
            buffer: vec![0; LONGEST_PACKET],
            dirty: true,
            streamed: 0,
            unquiet: true,
            read_at: MonoTime::now(),
            look_in: None,
            slack: TIMER_SLACK,
            told: None,
        })
    }

    /// Runs until nobody can send requests any more. Endpoints end with it, before their hosts' keepers clear away.
    pub fn run(mut self) {
        while self.turn().is_ok() {}
        for side in Side::BOTH {
            // Dropping it kills it and waits for its end.
            self.ends[side].process = None;
        }
    }

    fn tell(&mut self, what: LabEvent) {
        self.queue.push(what);
    }

    /// A failure of ours on the way: told once, and the work goes on.
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

    /// Waits until something happens, and takes it in.
    fn turn(&mut self) -> std::result::Result<(), DriverExit> {
        if self.queue.is_behind() {
            return self.await_reader();
        }
        let ready = self.wait();
        let processes = ready.readiness.map(|readiness| readiness.processes).unwrap_or_default();
        for side in Side::BOTH {
            if processes[side].words || processes[side].syscalls {
                self.hear(side);
            }
            if processes[side].complaints {
                self.heed(side);
            }
        }
        self.relay(ready.packets);
        self.release();
        self.outcomes();
        for side in Side::BOTH {
            if processes[side].end {
                self.reap(side);
            }
        }
        self.queue.flush_due(self.grace());
        if ready.readiness.is_some_and(|readiness| readiness.requests) {
            self.poller.drain();
            self.requests()?;
            self.queue.flush_due(self.grace());
        }
        Ok(())
    }

    /// Lets the reader of what is told catch up, and does nothing meanwhile that could be told: packets stay with their hosts. Only
    /// requests are heard, for their sender does not wait for us, and the last of them may be that nobody wants the lab any more.
    fn await_reader(&mut self) -> std::result::Result<(), DriverExit> {
        self.queue.flush();
        let mut fds = [PollFd::from_borrowed_fd(self.poller.wake(), PollFlags::IN)];
        let _ = poll(&mut fds, None);
        self.poller.drain();
        self.requests()
    }

    /// How long nothing must happen now before the tables are read, and how long plain data may wait to be told.
    const fn grace(&self) -> Duration {
        if self.streamed > BATCH { STREAM_GRACE } else { GRACE }
    }

    /// Sleeps until a descriptor has something to say or a time has come; reads the tables when nothing more is under way.
    fn wait(&mut self) -> Wakeup {
        let now = MonoTime::now();
        let timeout = if self.dirty {
            Some(self.grace())
        } else {
            let timer = Side::BOTH
                .into_iter()
                .filter_map(|side| self.ends[side].watch.next_timer())
                .min()
                .map(|at| at.since(now).max(self.slack));
            [timer, self.look_in].into_iter().flatten().min()
        };
        // What is due on the wire is seen to at once, and is no reason to read tables.
        let (look, due) = (timeout.map(|timeout| now.plus(timeout)), self.wire.next_due());
        let until = [look, due].into_iter().flatten().min();
        let ready = self.poll(until.map(|until| until.since(now)));
        let woke = MonoTime::now();
        let timed_out = !ready.any && look.is_some_and(|look| look <= woke) && due.is_none_or(|due| due > woke);
        if self.dirty && (timed_out || woke.since(self.read_at) > BUSY_READING) {
            self.slack = TIMER_SLACK;
            self.settle(None);
            self.quieten();
        } else if timed_out {
            // A timer went off, or it is time to look again: either may have changed something.
            let longer = self.look_in.map(|wait| wait * 2);
            self.look_in = match longer {
                Some(wait) if wait > LAST_LOOK => self.owes_a_look().then_some(LAST_LOOK),
                shorter => shorter,
            };
            self.slack = (self.slack * 2).min(TIMER_PATIENCE);
            self.settle(None);
            self.quieten();
        }
        ready
    }

    fn poll(&self, timeout: Option<Duration>) -> Wakeup {
        let mut fds = Vec::with_capacity(3);
        let devices = Ends::from_fn(|side| {
            let tun = self.ends[side].host.tun.as_ref();
            fds.extend(tun.map(|tun| PollFd::from_borrowed_fd(tun.as_fd(), PollFlags::IN)));
            tun.map(|_| fds.len() - 1)
        });
        fds.push(PollFd::from_borrowed_fd(self.poller.as_fd(), PollFlags::IN));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let polled = poll(&mut fds, timeout.as_ref());
        // EINTR and the like: look at everything, which costs nothing but time.
        let is_ready = |place: usize| polled.is_err() || !fds[place].revents().is_empty();
        Wakeup {
            any: polled != Ok(0),
            packets: Ends::from_fn(|side| devices[side].is_some_and(is_ready)),
            readiness: is_ready(fds.len() - 1).then(|| self.poller.poll()),
        }
    }

    /// Is a library about to take something unasked, at either end?
    fn is_taking(&self) -> bool {
        self.ends.iter().any(|(_, end)| end.is_taking())
    }

    /// Was a table told that was not whole?
    fn is_torn(&self) -> bool {
        self.ends.iter().any(|(_, end)| end.watch.is_torn())
    }

    /// Is something to be looked for of which nothing else will tell?
    fn owes_a_look(&self) -> bool {
        self.is_taking() || self.is_torn()
    }

    /// Reads both tables, `first`'s first, and tells what changed.
    fn settle(&mut self, first: Option<Side>) {
        (self.dirty, self.streamed) = (false, 0);
        self.read_at = MonoTime::now();
        let first = first.unwrap_or(Side::Client);
        for side in [first, first.other()] {
            self.changes(side, ReadTrigger::Nothing);
            let end = &mut self.ends[side];
            let table = end.watch.table(&mut end.host);
            if let Some(Some(rows)) = self.complain(table) {
                self.tell(LabEvent::Table { side, rows });
            }
        }
        if self.is_torn() {
            self.look_in.get_or_insert(FIRST_LOOK);
        }
        for side in Side::BOTH {
            self.ends[side].died = false;
            self.missing(side);
            self.look_closer(side);
        }
        self.tell_rules();
    }

    /// Asks TCP_INFO about open descriptors whose sockets are in no table: it is what a program sees that asks for itself.
    fn look_closer(&mut self, side: Side) {
        let end = &self.ends[side];
        let Some(process) = &end.process else { return };
        let mut said = Vec::new();
        for (name, inode) in &end.inodes {
            let apart = !end.closed.contains(name) && end.watch.row(*inode).is_none();
            let state = match end.numbers.get(name) {
                Some(fd) if apart => process.info_state(*fd, *inode),
                _ => None,
            };
            if end.infos.get(name).copied() != state {
                said.push((name.clone(), state));
            }
        }
        for (socket, state) in said {
            let infos = &mut self.ends[side].infos;
            match state {
                Some(state) => infos.insert(socket.clone(), state),
                None => infos.remove(&socket),
            };
            if let Some(socket) = SocketName::new(&socket) {
                self.tell(LabEvent::Info { side, socket, state });
            }
        }
    }

    /// Tells when all is quiet: nothing is in the air, no socket waits for an acknowledgement, and no call is about to return.
    fn quieten(&mut self) {
        // A socket whose segments are held on the wire waits for the user; what goes on by itself is waited for.
        let held: HashSet<Tuple> = self.wire.held().filter_map(|held| tuple_of(&held.packet)).collect();
        let stands = |tuple: &Tuple| !held.is_empty() && (held.contains(tuple) || held.contains(&tuple.mirrored()));
        let calm = self.wire.next_due().is_none()
            && self
                .ends
                .iter()
                .all(|(_, end)| end.watch.quiet(stands) && end.ended.is_empty());
        let is_returning = |end: &DriverEnd| end.in_flight.iter().any(|call| end.is_returning(call));
        let returning = self.is_taking() || self.ends.iter().any(|(_, end)| is_returning(end));
        let patient = self.look_in.is_none_or(|wait| wait < RETURN_PATIENCE);
        if calm && !(returning && patient) {
            if !self.owes_a_look() && self.ends.iter().all(|(_, end)| end.in_flight.is_empty()) {
                self.look_in = None;
            }
            if std::mem::take(&mut self.unquiet) {
                // The last of its batch, so that who reads it finds that nothing has happened since.
                self.tell(LabEvent::Quiet);
            }
        } else if self.unquiet && self.look_in.is_none() {
            self.look_in = Some(FIRST_LOOK);
        }
        self.queue.flush();
    }
}
