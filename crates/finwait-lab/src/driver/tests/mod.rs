//! The core's rules, played with a clock, tables, packets and endpoints that are made up.

mod causes;
mod counters;
mod fake;
mod link;
mod many;
mod order;
mod patience;
mod plain;
mod programs;
mod quiet;
mod slow;

use std::time::Duration;

use super::outside::{EndpointProcess, Ready};
use super::timing::Timing;
use super::*;
use crate::strace::Printed;
use fake::{Act, Fake};
use finwait_model::call::Bytes;
use finwait_model::host::Port;
use finwait_model::outcome::Value;
use finwait_model::side::Side::{Client, Server};
use finwait_model::socket_table::{SocketRow, Timer};

const MS: Duration = Duration::from_millis(1);
const SEC: Duration = Duration::from_secs(1);

/// The connection that most tests are about, as the client's host names it.
fn connection() -> Tuple {
    Tuple {
        local: "10.0.0.1:41822".parse().unwrap(),
        peer: "10.0.0.2:8080".parse().unwrap(),
    }
}

fn listening() -> Tuple {
    Tuple {
        local: "10.0.0.2:8080".parse().unwrap(),
        peer: "0.0.0.0:0".parse().unwrap(),
    }
}

/// A row of that side's table about [`connection`], or about its listener.
fn row(side: Side, state: State, inode: u64) -> SocketRow {
    let tuple = match (side, state) {
        (_, State::Listen) => listening(),
        (Client, _) => connection(),
        (Server, _) => connection().mirrored(),
    };
    SocketRow {
        tuple,
        state,
        rx_queue: 0,
        tx_queue: 0,
        timer: None,
        retransmits: 0,
        inode,
        info: None,
    }
}

fn with_timer(row: SocketRow, kind: TimerKind, left: Duration) -> SocketRow {
    SocketRow {
        timer: Some(Timer { kind, left }),
        ..row
    }
}

/// A segment of [`connection`] that a side sends: its flags as [`Flags`] prints them, its number, and what it acknowledges.
fn segment(from: Side, flags: Flags, seq: u32, ack: u32) -> Vec<u8> {
    with_payload(from, flags, seq, ack, 0)
}

/// The same with that many bytes of payload.
fn with_payload(from: Side, flags: Flags, seq: u32, ack: u32, len: u16) -> Vec<u8> {
    let (addresses, ports): ([u8; 8], [u16; 2]) = match from {
        Client => ([10, 0, 0, 1, 10, 0, 0, 2], [41822, 8080]),
        Server => ([10, 0, 0, 2, 10, 0, 0, 1], [8080, 41822]),
    };
    let mut packet = vec![0x45, 0];
    packet.extend((40 + len).to_be_bytes());
    // No fragment, TTL 64, TCP; nobody here looks at checksums.
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    packet.extend(addresses);
    packet.extend(ports.into_iter().flat_map(u16::to_be_bytes));
    packet.extend(seq.to_be_bytes());
    packet.extend(ack.to_be_bytes());
    packet.extend([0x50, flags.0 as u8, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(vec![b'x'; len.into()]);
    packet
}

const SYN: Flags = Flags::SYN;
const ACK: Flags = Flags::ACK;
const SYN_ACK: Flags = Flags(SYN.0 | ACK.0);
const FIN_ACK: Flags = Flags(Flags::FIN.0 | ACK.0);
const RST_ACK: Flags = Flags(Flags::RST.0 | ACK.0);

fn connect() -> Call {
    Call::Connect {
        address: connection().peer,
        deadline: None,
    }
}

fn read() -> Call {
    Call::Read {
        n: 1024,
        flags: Vec::new(),
        deadline: None,
    }
}

fn write() -> Call {
    Call::Write {
        data: Bytes(b"x".to_vec()),
        repeat: 1,
        flags: Vec::new(),
        deadline: None,
    }
}

fn poll() -> Call {
    Call::Poll {
        events: Vec::new(),
        timeout: Millis(20_000),
    }
}

fn name(text: &str) -> SocketName {
    SocketName::new(text).unwrap()
}

fn began(id: u64) -> Reply {
    Reply::Began {
        id: CallId(id),
        at: MonoTime(0),
        text: "a call".into(),
    }
}

fn ended(id: u64) -> Reply {
    ended_with(id, Value::Done, &[])
}

/// The end of a call that has closed its descriptor.
fn closed(id: u64) -> Reply {
    ended_with(id, Value::Done, &["close(5) = 0"])
}

fn ended_with(id: u64, value: Value, trace: &[&str]) -> Reply {
    Reply::Ended {
        id: CallId(id),
        at: MonoTime(0),
        ns: 0,
        outcome: Outcome::Ok(value),
        said: None,
        trace: trace.iter().map(|text| system_call(text)).collect(),
    }
}

fn system_call(text: &str) -> Syscall {
    Syscall::parse(text, None, Duration::ZERO)
}

/// A core with all that is outside of it made up.
struct Play {
    core: Core<Fake>,
}

impl Play {
    /// A lab whose ends are driven by raw calls, with nothing in it yet, and quiet.
    fn new(kind: LabKind) -> Play {
        Play::driven(kind, |_| {})
    }

    /// The same with endpoints that are made otherwise.
    fn driven(kind: LabKind, make: impl Fn(&mut EndpointProcess)) -> Play {
        let facts = LabFacts {
            kind,
            addresses: Ends {
                client: connection().local.ip(),
                server: connection().peer.ip(),
            },
            offload: false,
            port: Port(8080),
            settings: Ends::default(),
            syn_patience: None,
            no_sock_diag: None,
            capture: None,
        };
        let mut play = Play {
            core: Core::new(Fake::new(make), &facts, Timing::LIVE).unwrap(),
        };
        play.rest();
        play.told();
        play
    }

    /// Two hosts with a wire between them.
    fn wired() -> Play {
        Play::new(LabKind::Isolated)
    }

    /// Both ends on one host, without a wire.
    fn loopback() -> Play {
        Play::new(LabKind::Loopback(None))
    }

    /// A wire between two ESTABLISHED sockets: `client` with inode 7, `server` with inode 9.
    fn connected() -> Play {
        let mut play = Play::wired();
        play.connect_both();
        play
    }

    fn connect_both(&mut self) {
        for (side, inode) in [(Client, 7), (Server, 9)] {
            self.socket(side, side.name(), inode);
            self.table(side, [row(side, State::Established, inode)]);
        }
        self.rest();
        self.told();
    }

    fn now(&self) -> MonoTime {
        self.core.outside.now
    }

    /// An endpoint makes a socket of that name, with that inode, and a descriptor of the same number.
    fn socket(&mut self, side: Side, on: &str, inode: u64) {
        let family = Family::Inet;
        self.core.outside.ends[side].inodes.insert(inode as i32, inode);
        self.call(side, 100 + inode, on, Call::Socket { family });
        let fd = inode as i32;
        self.says(side, ended_with(100 + inode, Value::Descriptor { fd, peer: None }, &[]));
        self.turn();
        self.told();
    }

    /// An endpoint is asked for a call, and has not said a word about it.
    fn ask(&mut self, side: Side, id: u64, on: &str, call: Call) {
        let order = EndpointCall::On { socket: name(on), call };
        let request = protocol::Request { id: CallId(id), order };
        self.core.request(LabRequest::Call(side, request));
    }

    /// An endpoint makes a call, which has not returned.
    fn call(&mut self, side: Side, id: u64, on: &str, call: Call) {
        self.ask(side, id, on, call);
        self.says(side, began(id));
        self.turn();
    }

    /// An endpoint says something that is not heard yet.
    fn says(&mut self, side: Side, reply: Reply) {
        self.core.outside.ends[side].replies.push(Ok(reply));
    }

    /// A host's table is that from now on.
    fn table<const N: usize>(&mut self, side: Side, rows: [SocketRow; N]) {
        self.core.outside.ends[side].rows = rows.into();
    }

    /// A host has a packet to send.
    fn sends(&mut self, side: Side, packet: Vec<u8>) {
        self.core.outside.ends[side].packets.push_back(packet);
    }

    /// The next packet that reaches a host does that there.
    fn next_arrival(&mut self, side: Side, act: impl FnOnce(&mut fake::End) + 'static) {
        self.core.outside.ends[side].at_arrival.push_back(Box::new(act));
    }

    /// Has `act` happen at an end after so long, while the core waits there.
    fn later(&mut self, side: Side, after: Duration, act: impl FnOnce(&mut fake::End) + 'static) {
        let act: Act = Box::new(act);
        let at = self.now().plus(after);
        self.core.outside.ends[side].later.push((at, act));
    }

    /// The core is woken, with all that is ready now.
    fn turn(&mut self) {
        let ready = self.core.outside.ready();
        self.turn_with(&ready);
    }

    /// The core is woken, with that ready and no more.
    fn turn_with(&mut self, ready: &Ready) {
        self.core.wakes_at();
        self.core.handle(ready);
    }

    /// Packets are what wakes the core, whatever else there is.
    fn turn_with_packets(&mut self) {
        self.turn_with(&Ready {
            packets: EITHER,
            ..Ready::default()
        });
    }

    /// Has the tables read, and waits until all is quiet: as after any request.
    fn settle(&mut self) {
        self.core.request(LabRequest::Wire(WireRequest::ClearRules));
        self.rest();
        self.told();
    }

    /// Nothing happens until the core wants to be woken; false when it does not.
    fn sleep(&mut self) -> bool {
        let Some(at) = self.core.wakes_at() else { return false };
        let now = &mut self.core.outside.now;
        *now = at.max(*now);
        self.core.handle(&Ready::default());
        true
    }

    /// Nothing happens for so long; the core is woken as often as it wants.
    fn pass(&mut self, time: Duration) {
        let until = self.now().plus(time);
        while self.core.wakes_at().is_some_and(|at| at <= until) {
            self.sleep();
        }
        self.core.outside.now = until;
    }

    /// Nothing happens until the core says that all is quiet; false when it has not said so within a minute.
    fn rest(&mut self) -> bool {
        let told = self.core.outside.told.len();
        let until = self.now().plus(60 * SEC);
        let is_quiet = |play: &Play| {
            let events = &play.core.outside.told[told..];
            events.iter().any(|(_, what)| *what == LabEvent::Quiet)
        };
        while !is_quiet(self) && self.now() < until {
            if !self.sleep() {
                break;
            }
        }
        is_quiet(self)
    }

    /// Returns how long it takes until the core says that all is quiet, when nothing happens; none when it does not within a minute.
    fn quiet_after(&mut self) -> Option<Duration> {
        let began = self.now();
        self.rest().then(|| self.now().since(began))
    }

    /// Returns the events since the last time, a line each; tables and quiet are left out.
    fn told(&mut self) -> Vec<String> {
        let told = std::mem::take(&mut self.core.outside.told);
        told.iter().filter_map(|(_, what)| line(what)).collect()
    }

    /// The transitions among it.
    fn transitions(&mut self) -> Vec<String> {
        let mut told = self.told();
        told.retain(|line| line.contains('>'));
        told
    }
}

/// An event in a line: `client SYN_SENT>ESTABLISHED received`.
fn line(what: &LabEvent) -> Option<String> {
    Some(match what {
        LabEvent::Began(began) => format!("{} began {}", began.side, began.call.0),
        LabEvent::Ended(ended) => format!("{} ended {}", ended.side, ended.call.0),
        LabEvent::Syscall(seen) => format!("{} made {}", seen.side, seen.made),
        LabEvent::Gone { side, socket } => format!("{side} lost {socket}"),
        LabEvent::Counters { side, moved } => format!("{side} counted {}", moved.listed(|_| true)),
        LabEvent::Died(died) => format!("{} died", died.side),
        LabEvent::Runtime(change) => format!("{} runtime {change}", change.side),
        LabEvent::Program(event) => format!("{} {event}", event.side),
        LabEvent::Owned { side, inode, owner } => format!("{side} {inode} is {owner}'s"),
        LabEvent::ProgramCall(call) => format!("{} called {}", call.side, call.made.name),
        LabEvent::Note(text) => text.clone(),
        LabEvent::Garbled { side, why, .. } => format!("{side} garbled: {why}"),
        LabEvent::Packet(record) => {
            let Packet::Tcp(segment) = &record.packet else {
                return None;
            };
            format!("{} {} {:?}", record.from, segment.flags, record.disposition)
        }
        LabEvent::Transition(StateChanged {
            side,
            from,
            to,
            cause,
            witness,
            ..
        }) => {
            let cause = match cause {
                TransitionCause::Call(by) => format!("call {}", by.call.0),
                TransitionCause::Release(by) => format!("release {}", by.call.0),
                TransitionCause::PeerCall { by, .. } => format!("peer call {}", by.call.0),
                TransitionCause::Received(_) => "received".into(),
                TransitionCause::PeerDeath { .. } => "peerdeath".into(),
                TransitionCause::Timer(kind) => format!("timer {kind:?}"),
                TransitionCause::Program(cause) => {
                    format!("{} by {}", format!("{:?}", cause.by).to_lowercase(), cause.process)
                }
                TransitionCause::UnseenProcess { .. } => cause.words(*from),
                other => format!("{other:?}").to_lowercase(),
            };
            let inferred = if witness.is_table() { "" } else { ", from segments" };
            format!("{side} {from}>{to} {cause}{inferred}")
        }
        _ => return None,
    })
}
