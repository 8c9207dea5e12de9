//! Requests to a lab, and its events: the only words between the lab's thread and its owner.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

use crate::endpoint::protocol::{self, TracedCall};
use finwait_model::call::{CallId, SocketName};
use finwait_model::clock::{Millis, MonoTime};
use finwait_model::errno::Errno;
use finwait_model::host::{Setting, SettingValue};
use finwait_model::outcome::Outcome;
use finwait_model::side::Side;
use finwait_model::socket_table::{SocketRow, TimerKind, Tuple};
use finwait_model::state::State;
use finwait_wire::flow::{FlowInfo, PacketNo};
use finwait_wire::forge::Forge;
use finwait_wire::queue::{Mode, Origin, RuleChange, Which};
use finwait_wire::rule::{Rule, RuleNo, RuleStatus};
use finwait_wire::segment::Packet;

/// A request to a lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabRequest {
    /// Hand this line to the endpoint.
    Call(Side, protocol::Request),
    /// `kill -9` the endpoint.
    Kill(Side),
    /// Start a new endpoint; the old one, if it lives, is killed first.
    Restart(Side),
    /// Change a setting of a host.
    Host(Side, Setting, SettingValue),
    /// Destroy that connection (SOCK_DESTROY), its local end on this host.
    Destroy(Side, Tuple),
    /// Do something on the wire.
    Wire(WireRequest),
}

/// A request to the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WireRequest {
    /// Let segments pass, or hold each.
    Mode(Mode),
    /// Deliver what is held.
    Deliver(Which),
    /// Drop what is held.
    Drop(Which),
    /// Duplicate what is held.
    Duplicate(Which),
    /// Deliver what is held after so long.
    Delay(Which, Millis),
    /// Put rules in force.
    Rules(Vec<Rule>),
    /// Change one of them.
    Rule(RuleNo, RuleChange),
    /// Take all of them away.
    ClearRules,
    /// Make a packet up; without addresses of its own it speaks of this connection, local end first, else of the last one seen.
    Forge(Forge, Option<Tuple>),
}

/// Something that happened in the lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedEvent {
    /// When.
    pub at: MonoTime,
    /// What.
    pub what: LabEvent,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabEvent {
    /// An endpoint's process came up.
    Born {
        /// The end.
        side: Side,
        /// The process number.
        pid: u32,
        /// The runtime: `native`.
        runtime: String,
        /// The library accepts and reads by itself.
        takes_unasked: bool,
        /// Below what the numbers of its descriptors must stay ([`Setting::Nofile`]), where that could be read.
        nofile: Option<u32>,
    },
    /// An endpoint's process ended.
    Died {
        /// The end.
        side: Side,
        /// The process number.
        pid: u32,
        /// How.
        how: Death,
    },
    /// A call is about to be made.
    Began {
        /// By whom.
        side: Side,
        /// Which.
        id: CallId,
        /// In the runtime's words.
        text: String,
    },
    /// A call returned.
    Ended {
        /// By whom.
        side: Side,
        /// Which.
        id: CallId,
        /// How long it took.
        took: Duration,
        /// The outcome.
        outcome: Outcome,
        /// The text that a programmer of the endpoint's language sees.
        said: Option<String>,
        /// The system calls behind it.
        trace: Vec<TracedCall>,
        /// The inode behind the new descriptor, when one was made.
        inode: Option<u64>,
    },
    /// A call that is under way, or has returned, made a descriptor.
    Made {
        /// The end.
        side: Side,
        /// The socket's name.
        socket: SocketName,
        /// The descriptor's number.
        fd: i32,
        /// The inode behind it.
        inode: Option<u64>,
    },
    /// The endpoint's library has closed a socket's descriptor by itself.
    Gone {
        /// The end.
        side: Side,
        /// The socket's name.
        socket: SocketName,
    },
    /// A system call that an endpoint in another language made, as `strace` saw it.
    Syscall {
        /// The end.
        side: Side,
        /// The call and what it returned.
        made: TracedCall,
    },
    /// The endpoint did not understand, or said something that we do not.
    Garbled {
        /// The end.
        side: Side,
        /// The call that it was about, if known.
        id: Option<CallId>,
        /// One sentence.
        why: String,
    },
    /// A packet came to the wire, or something became of one that stood there.
    Packet(PacketRecord),
    /// How the wire treats packets was changed.
    Wire(WireChange),
    /// The rules in force, with their counts, whenever they differ from the last told.
    Rules(Vec<RuleStatus>),
    /// A socket changed its state.
    Transition {
        /// On which host.
        side: Side,
        /// Which socket.
        tuple: Tuple,
        /// The inode, 0 when no descriptor holds it.
        inode: u64,
        /// Before; `CLOSE` when it was not in the table.
        from: State,
        /// After; `CLOSE` when it is no longer there.
        to: State,
        /// Why.
        cause: TransitionCause,
        /// How that is known.
        witness: Witness,
    },
    /// A host's table, whole, whenever it differs from the last one told.
    Table {
        /// The end.
        side: Side,
        /// The sockets.
        rows: Vec<ObservedSocket>,
    },
    /// TCP_INFO of an open descriptor whose socket is in no table; none when it is in one again.
    Info {
        /// The end.
        side: Side,
        /// The socket's name.
        socket: String,
        /// The state there.
        state: Option<State>,
    },
    /// A host's setting was changed, or could not be.
    Host {
        /// The end.
        side: Side,
        /// Which.
        setting: Setting,
        /// To what.
        value: SettingValue,
        /// The kernel's answer.
        result: Result<(), String>,
    },
    /// Something that the user should know.
    Note(String),
    /// Nothing is in the air, and no socket waits for an acknowledgement.
    Quiet,
}

/// A socket as procfs shows it, with what sock_diag adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedSocket {
    /// State and queues from procfs; timer, retransmits and TCP_INFO from sock_diag where it knows more.
    pub row: SocketRow,
    /// The line in `/proc/net/tcp`.
    pub line: String,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Death {
    /// By itself, with this status.
    Exited(i32),
    /// By a signal.
    Signal(i32),
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Death::Exited(status) => write!(f, "exited with status {status}"),
            Death::Signal(libc::SIGKILL) => f.write_str("killed by SIGKILL"),
            Death::Signal(libc::SIGPIPE) => f.write_str("killed by SIGPIPE"),
            Death::Signal(libc::SIGTERM) => f.write_str("killed by SIGTERM"),
            Death::Signal(number) => write!(f, "killed by signal {number}"),
        }
    }
}

/// A packet on the wire, and what became of it. One that stands there is told again when something does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketRecord {
    /// Its number.
    #[serde(rename = "packet_no")]
    pub no: PacketNo,
    /// The host that sent it, or in whose name it was forged.
    pub from: Side,
    /// The contents.
    pub packet: Packet,
    /// The relation to the packets before it.
    #[serde(flatten)]
    pub seen: FlowInfo,
    /// Where it comes from.
    pub origin: Origin,
    /// What became of it.
    #[serde(rename = "fate")]
    pub disposition: Disposition,
    /// The rule that decided; none for the mode or the user.
    pub rule: Option<RuleNo>,
    /// How long it was held, us; none for what passed at once.
    #[serde(rename = "held_us", with = "micros")]
    pub waited: Option<Duration>,
}

/// A time of whole nanoseconds as a number of microseconds.
mod micros {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(waited: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match waited {
            Some(waited) => serializer.serialize_some(&(waited.as_nanos() as f64 / 1e3)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let waited = Option::<f64>::deserialize(deserializer)?;
        Ok(waited.map(|us| Duration::from_nanos((us * 1e3).round() as u64)))
    }
}

/// A change of how the wire treats packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WireChange {
    /// Another mode.
    Mode(Mode),
    /// A rule in force.
    Added(RuleNo, Rule),
    /// A rule changed.
    Rule(RuleNo, RuleChange),
    /// No rules any more.
    Cleared,
}

/// What became of a packet on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// The other host has it.
    Delivered,
    /// The other host's device did not take it; `EIO` when it is down.
    Refused(Errno),
    /// It is held on the wire until the user decides.
    Held,
    /// It is held on the wire, and goes on by itself after so long.
    Delayed(Millis),
    /// The packet is dropped.
    Dropped,
}

impl Disposition {
    /// Is it held on the wire?
    pub const fn is_held(self) -> bool {
        matches!(self, Disposition::Held | Disposition::Delayed(_))
    }
}

/// How it is known that a socket has been in a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// The kernel's table has shown it.
    #[default]
    Table,
    /// No table has: it was over too soon. It follows from the segments, and from what the kernel does with such ones.
    Segments,
}

impl Witness {
    /// Has the table shown it?
    pub const fn is_table(&self) -> bool {
        matches!(self, Witness::Table)
    }
}

/// Why a socket changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransitionCause {
    /// A call of its own endpoint.
    Call(CallId),
    /// The end of a call that still held the socket when its last descriptor had been closed.
    Release(CallId),
    /// A packet that its host received.
    Received,
    /// A call of the other endpoint; in the loopback lab, where the segment between is not seen.
    PeerCall(CallId),
    /// A timer of the kernel.
    Timer(TimerKind),
    /// The process died, and the kernel closed its descriptors.
    Death,
    /// The other endpoint's process died; in the loopback lab, where the segment between is not seen.
    PeerDeath,
    /// The administrator destroyed it (SOCK_DESTROY).
    Destroyed,
    /// A call that the endpoint's library made by itself, without having been told.
    Library,
    /// Nothing that finwait saw.
    Unseen,
}
