//! Requests to a lab, and its events: the only words between the lab's thread and its owner.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::time::Duration;

use crate::endpoint::protocol;
use crate::runtime::Runtime;
use finwait_model::call::{CallId, CallKind, SocketName};
use finwait_model::clock::{Millis, MonoTime};
use finwait_model::counter::MovedCounters;
use finwait_model::errno::Errno;
use finwait_model::host::{Setting, SettingValue};
use finwait_model::outcome::Outcome;
use finwait_model::program::{OutputStream, ProgramNo, ProgramSpec, SocketOwner};
use finwait_model::side::{Ends, Side};
use finwait_model::signal::Signal;
use finwait_model::socket_table::{SocketRow, TimerKind, Tuple};
use finwait_model::state::State;
use finwait_model::syscall::{CallText, Syscall};
use finwait_wire::flow::{FlowInfo, PacketNo};
use finwait_wire::fold::{OnWire, Passage};
use finwait_wire::forge::Forge;
use finwait_wire::link::{LinkChange, LinkEffect, LinkReport, OptionSet};
use finwait_wire::queue::{Mode, Origin, RuleChange, Which};
use finwait_wire::rule::{Rule, RuleNo, RuleStatus};
use finwait_wire::segment::{Flags, Packet};

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
    /// Make the endpoint of a runtime ready, and start it at that end from the next [`LabRequest::Restart`] on.
    Prepare(Side, Runtime),
    /// Change a setting of a host.
    Host(Side, Setting, SettingValue),
    /// Run a program on the host, beside its endpoint.
    Run(Side, ProgramNo, ProgramSpec),
    /// Send a signal to a program's first process.
    Signal(ProgramNo, i32),
    /// End all processes of a program (SIGKILL).
    EndProgram(ProgramNo),
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
    /// Make a packet up, with those addresses.
    Forge(Forge, ForgedFor),
    /// Change the link's directions, and tell what they are then.
    Link(Ends<LinkChange>),
}

/// The addresses of a forged packet, the end first that receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForgedFor {
    /// The addresses of this connection, else of the last one seen. Without numbers of it there is nothing to forge but a SYN.
    Connection(Option<Tuple>),
    /// Two addresses, whether a connection has them or not; where none has, numbers count from 0.
    Addresses(Tuple),
}

/// Something that happened in the lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedEvent {
    /// The time at which it happened.
    pub at: MonoTime,
    /// The event.
    pub what: LabEvent,
}

/// An event of the lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabEvent {
    /// An endpoint's process came up.
    Born(ProcessBorn),
    /// An endpoint's process ended.
    Died(ProcessDied),
    /// A call is about to be made.
    Began(CallBegan),
    /// A call returned.
    Ended(CallEnded),
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
    /// A system call that an endpoint in another language made.
    Syscall(SyscallSeen),
    /// The endpoint did not understand, or said something that we do not.
    Garbled {
        /// The end.
        side: Side,
        /// The call that it was about, if known.
        id: Option<CallId>,
        /// One sentence.
        why: String,
    },
    /// A packet came to the wire, or a held one went on or was dropped.
    Packet(PacketRecord),
    /// The wire's treatment of packets was changed.
    Wire(WireChange),
    /// The rules in force, with their counts, whenever they differ from those reported last.
    Rules(Vec<RuleStatus>),
    /// A socket changed its state.
    Transition(StateChanged),
    /// A host's table, whole, whenever it differs from the last one reported.
    Table {
        /// The end.
        side: Side,
        /// The sockets.
        rows: Vec<ObservedSocket>,
    },
    /// Sockets that were read one by one, and differ from those reported last: in a large table, between two reports of the whole.
    Rows {
        /// The end.
        side: Side,
        /// The sockets, by sock_diag alone.
        rows: Vec<ObservedSocket>,
        /// The addresses of those that are in the table no longer.
        gone: Vec<Tuple>,
    },
    /// TCP_INFO of an open descriptor whose socket is in no table; none when it is in one again.
    Info {
        /// The end.
        side: Side,
        /// The socket's name.
        socket: SocketName,
        /// The state there.
        state: Option<State>,
    },
    /// A program of the user's own started, said something, or ended.
    Program(ProgramEvent),
    /// A process of a program holds the socket with that inode, or another process than before does.
    Owned {
        /// The end.
        side: Side,
        /// The socket's inode.
        inode: u64,
        /// The process.
        owner: SocketOwner,
    },
    /// A process of a program made a system call on a TCP socket, or waited for one.
    ProgramCall(ProgramCall),
    /// Counters of a host's kernel that have moved since they were last read.
    Counters {
        /// The end.
        side: Side,
        /// The counters, and how far each has moved.
        moved: MovedCounters,
    },
    /// The kernel's reason for an RST, or for a packet that it dropped, where that is traced.
    Reason(KernelReason),
    /// A host's setting was changed, or could not be.
    Host(SettingChanged),
    /// Another runtime is made ready for an end, or could not be.
    Runtime(RuntimeChanged),
    /// Something that the user should know.
    Note(String),
    /// Nothing is in the air, and no socket waits for an acknowledgement.
    Quiet,
}

/// An endpoint's process that came up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessBorn {
    /// The end.
    pub side: Side,
    /// The process number.
    pub pid: u32,
    /// The runtime: `native`.
    pub runtime: String,
    /// The library accepts and reads by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_unasked: bool,
    /// Below what the numbers of its descriptors must stay ([`Setting::Nofile`]), where that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nofile: Option<u32>,
}

/// An endpoint's process that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessDied {
    /// The end.
    pub side: Side,
    /// The process number.
    pub pid: u32,
    /// The way in which the process ended.
    pub how: Death,
}

/// News of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramEvent {
    /// The host that it runs on.
    pub side: Side,
    /// The number.
    pub program: ProgramNo,
    /// The news.
    #[serde(flatten)]
    pub what: ProgramNews,
}

impl fmt::Display for ProgramEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.program;
        match &self.what {
            ProgramNews::Started { pid } => write!(f, "program {program} runs, pid {pid}"),
            ProgramNews::NotStarted { why } => write!(f, "program {program} did not start: {why}"),
            ProgramNews::Output { line, .. } => f.write_str(line),
            ProgramNews::Flooded { left_out } => {
                write!(
                    f,
                    "program {program} writes more than is read: {left_out} lines left out"
                )
            }
            ProgramNews::Exited { how, left: 0 } => write!(f, "program {program} {how}"),
            ProgramNews::Exited { how, left } => write!(f, "program {program} {how}, and left {left} processes behind"),
            ProgramNews::Gone => write!(f, "the last process of program {program} has ended"),
        }
    }
}

/// What a program did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "kebab-case")]
pub enum ProgramNews {
    /// The program's first process runs.
    Started {
        /// The process number, as finwait's own host counts.
        pid: u32,
    },
    /// The program did not start.
    NotStarted {
        /// One sentence.
        why: String,
    },
    /// The program wrote a line, whose control characters are escaped.
    Output {
        /// The stream.
        stream: OutputStream,
        /// The line.
        line: String,
    },
    /// The program wrote more than is read: so many lines in all are left out so far.
    Flooded {
        /// The lines.
        left_out: u64,
    },
    /// The program's first process has ended.
    Exited {
        /// The way in which it ended.
        how: Death,
        /// The processes of it that go on: a daemon's, or workers.
        left: u32,
    },
    /// The program's last process has ended, after the first one did.
    Gone,
}

/// A call that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallBegan {
    /// The end that made it.
    pub side: Side,
    /// The number.
    pub call: CallId,
    /// The call in the runtime's words: `read(5, ..., 1024)`.
    pub text: CallText,
}

/// A call that returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEnded {
    /// The end that made it.
    pub side: Side,
    /// The number.
    pub call: CallId,
    /// The time that it took, in microseconds in JSON.
    #[serde(rename = "took_us", with = "micros")]
    pub took: Duration,
    /// The outcome.
    pub outcome: Outcome,
    /// The text that a programmer of the endpoint's language sees, where there is more than success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The system calls behind it, in order; empty where the runtime cannot report them.
    pub trace: Vec<Syscall>,
    /// The inode behind the new descriptor, when one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inode: Option<u64>,
}

/// A system call that an endpoint in another language made, as `strace` saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyscallSeen {
    /// The end that made it.
    pub side: Side,
    /// The call and what it returned.
    #[serde(flatten)]
    pub made: Syscall,
}

/// A system call of a program's process, as `strace` saw it: one on a TCP socket, or one that waits for such.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramCall {
    /// The host that it runs on.
    pub side: Side,
    /// The program.
    pub program: ProgramNo,
    /// The process.
    pub pid: u32,
    /// The descriptor that it is about; none where it waits for several (`epoll_wait`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<i32>,
    /// The inode of the socket behind that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inode: Option<u64>,
    /// The inode of the socket that it has made (`socket`, `accept`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub makes: Option<u64>,
    /// The call and what it returned.
    #[serde(flatten)]
    pub made: Syscall,
}

/// A socket's change of state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChanged {
    /// The host's side.
    pub side: Side,
    /// The addresses.
    pub tuple: Tuple,
    /// The inode, 0 when no descriptor holds it.
    pub inode: u64,
    /// The state before; `CLOSE` when it was not in the table.
    pub from: State,
    /// The state after; `CLOSE` when it is no longer there.
    pub to: State,
    /// The cause of the change.
    pub cause: TransitionCause,
    /// The witness of the change.
    #[serde(default, skip_serializing_if = "Witness::is_table")]
    pub witness: Witness,
}

/// The kernel's own reason for what it did, as a tracepoint has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelReason {
    /// The host.
    pub side: Side,
    /// The action.
    #[serde(flatten)]
    pub did: KernelAction,
    /// The name of the reason: `TCP_ABORT_ON_CLOSE`.
    pub reason: String,
    /// The packet that the host was handed then; none where a call or a timer was the occasion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet_no: Option<PacketNo>,
}

/// An action of the kernel's that has a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "kebab-case")]
pub enum KernelAction {
    /// The kernel sent an RST (`tcp:tcp_send_reset`).
    Reset {
        /// The socket's state; none without a socket.
        state: Option<State>,
        /// The address to which it went.
        to: SocketAddr,
    },
    /// The kernel dropped the packet (`skb:kfree_skb`).
    Drop {
        /// The function of the kernel.
        function: String,
    },
}

impl fmt::Display for KernelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KernelReason {
            side,
            did,
            reason,
            packet_no,
        } = self;
        match did {
            KernelAction::Reset { state: Some(state), .. } => write!(f, "{side} sends RST in {state}: {reason}")?,
            KernelAction::Reset { state: None, to } => write!(f, "{side} sends RST to {to}: {reason}")?,
            KernelAction::Drop { function } => write!(f, "{side} drops a packet: {reason}, in {function}()")?,
        }
        packet_no.map_or(Ok(()), |no| write!(f, ", upon {no}"))
    }
}

/// A host's setting that was changed, or could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChanged {
    /// The end.
    pub side: Side,
    /// The setting.
    pub setting: Setting,
    /// The new value.
    pub value: SettingValue,
    /// The kernel's answer, if it could not be; none when it was.
    pub failed: Option<String>,
}

/// A runtime that is to drive an end from its next start on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeChanged {
    /// The end.
    pub side: Side,
    /// The runtime.
    pub runtime: Runtime,
    /// How far it is.
    pub progress: RuntimeProgress,
}

impl fmt::Display for RuntimeChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RuntimeChanged { side, runtime, .. } = self;
        match &self.progress {
            RuntimeProgress::Compiling => write!(f, "compiling the {runtime} endpoint, this once ..."),
            RuntimeProgress::Ready => write!(f, "{runtime} is ready: it drives the {side} from its next start on"),
            RuntimeProgress::Failed(why) => write!(f, "the {side} stays as it is: {why}"),
        }
    }
}

/// How far a runtime is on its way to drive an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeProgress {
    /// Its endpoint is being compiled, which is done once.
    Compiling,
    /// It drives the end from the next start on.
    Ready,
    /// It is not available, and the end stays as it is: one sentence.
    Failed(String),
}

/// A socket as procfs shows it, with what sock_diag adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedSocket {
    /// State and queues from procfs; timer, retransmits and TCP_INFO from sock_diag where it knows more.
    pub row: SocketRow,
    /// The line in `/proc/net/tcp`; empty of a socket that was read alone, until the whole table is read next.
    pub line: String,
}

/// The way in which a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Death {
    /// The process exited by itself, with this status.
    Exited(i32),
    /// A signal ended the process.
    Signal(i32),
}

impl Death {
    /// Returns it as what a process did, to stand after its name: `exited with status 56`, `was killed by SIGTERM`.
    pub fn verb(self) -> String {
        match self {
            Death::Exited(_) => self.to_string(),
            Death::Signal(_) => format!("was {self}"),
        }
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Death::Exited(status) => write!(f, "exited with status {status}"),
            Death::Signal(number) => write!(f, "killed by {}", Signal(*number)),
        }
    }
}

/// A packet on the wire, and what became of it. A held packet is reported again when it goes on or is dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketRecord {
    /// The packet's number.
    #[serde(rename = "packet_no")]
    pub no: PacketNo,
    /// The host that sent it, or in whose name it was forged.
    pub from: Side,
    /// The contents.
    pub packet: Packet,
    /// The most bytes of payload in each of the segments that a super-segment stands for; none for a segment that is one by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment_size: Option<NonZeroU16>,
    /// The relation to the packets before it.
    #[serde(flatten)]
    pub seen: FlowInfo,
    /// The origin: sent by its host, made up by the user, or copied by the wire.
    pub origin: Origin,
    /// The disposition of the packet.
    #[serde(rename = "fate")]
    pub disposition: Disposition,
    /// The rule that decided; none for the mode or the user.
    pub rule: Option<RuleNo>,
    /// What the link did to it, or does; none without a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkEffect>,
    /// The options that the link has taken out of it; they are not among those of `packet`.
    #[serde(default, skip_serializing_if = "OptionSet::is_empty")]
    pub stripped: OptionSet,
    /// The time for which it was held, in microseconds in JSON; none for what passed at once.
    #[serde(rename = "held_us", with = "micros::option")]
    pub waited: Option<Duration>,
    /// The packet's own bytes, where the lab keeps them ([`KeptBytes`]): with the first report of it, and with one of a change to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Box<RawPacket>>,
}

/// The bytes of a packet, from its IP header on, as far as they were kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawPacket {
    /// The length of the packet, bytes: more than were kept where it was cut.
    pub len: usize,
    /// The bytes as the packet came to the wire; in JSON in hexadecimal, as all of these.
    #[serde(with = "hex")]
    pub bytes: Vec<u8>,
    /// The bytes as they arrived, where the link has changed one on the way.
    #[serde(default, with = "hex::option", skip_serializing_if = "Option::is_none")]
    pub arrived: Option<Vec<u8>>,
}

/// The part of each packet's own bytes that a lab keeps for whoever records or exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeptBytes {
    /// Nothing but what is decoded.
    #[default]
    None,
    /// The first bytes, so many at the most.
    First(usize),
    /// All of them.
    All,
}

impl KeptBytes {
    /// What is kept unless another length is asked for: all headers, and 136 bytes of payload at least.
    pub const USUAL: KeptBytes = KeptBytes::First(256);

    /// Returns the part of `bytes` that is kept; none where nothing is.
    pub fn of(self, bytes: &[u8]) -> Option<&[u8]> {
        match self {
            KeptBytes::None => None,
            KeptBytes::First(most) => Some(&bytes[..bytes.len().min(most)]),
            KeptBytes::All => Some(bytes),
        }
    }
}

impl PacketRecord {
    /// Returns whether it is plain data, or an acknowledgement, as its host sent it, that passed at once.
    pub fn is_plain(&self) -> bool {
        const TELLING: [Flags; 3] = [Flags::SYN, Flags::FIN, Flags::RST];
        let is_data = match &self.packet {
            Packet::Tcp(segment) => !TELLING.iter().any(|flag| segment.flags.has(*flag)),
            _ => false,
        };
        let has_passed = self.disposition == Disposition::Delivered && self.waited.is_none() && self.rule.is_none();
        is_data && has_passed && self.origin == Origin::Host && self.seen.again.is_none()
    }

    /// The number of segments that it stands for on a cable: 1, unless it is a super-segment.
    pub fn segments(&self) -> usize {
        match (&self.packet, self.segment_size) {
            (Packet::Tcp(segment), Some(size)) => segment.len.div_ceil(size.get().into()).max(1),
            _ => 1,
        }
    }

    /// Says how a super-segment is cut: `31 segments of 1448`, or `of up to 1448` where the last is shorter; none for any other packet.
    pub fn cut(&self) -> Option<String> {
        let Packet::Tcp(segment) = &self.packet else {
            return None;
        };
        let size = self.segment_size.filter(|_| self.segments() > 1)?;
        let at_most = if segment.len % usize::from(size.get()) == 0 {
            ""
        } else {
            "up to "
        };
        Some(format!("{} segments of {at_most}{size}", self.segments()))
    }

    /// The packet as folding sees it, when it is no longer on the wire.
    pub const fn on_wire(&self) -> OnWire<'_> {
        OnWire {
            no: self.no,
            from: self.from,
            packet: &self.packet,
            seen: &self.seen,
            origin: self.origin,
            rule: self.rule,
            passage: Passage::Held,
            had: self.seen.had,
        }
    }
}

/// Bytes as text in hexadecimal.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::fmt::Write;

    fn text(bytes: &[u8]) -> String {
        let mut text = String::with_capacity(2 * bytes.len());
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    fn bytes<E: serde::de::Error>(text: &str) -> Result<Vec<u8>, E> {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let pair = |pair: &[u8]| match pair {
            [high, low] => Some((digit(*high)? << 4 | digit(*low)?) as u8),
            _ => None,
        };
        let all: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
        all.ok_or_else(|| E::custom("bytes are two hexadecimal digits each, like \"4500\""))
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        bytes(&String::deserialize(deserializer)?)
    }

    /// The same of bytes that there may not be.
    pub(super) mod option {
        use super::{Deserialize, Deserializer, Serializer, bytes, text};

        pub(in super::super) fn serialize<S: Serializer>(
            bytes: &Option<Vec<u8>>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match bytes {
                Some(bytes) => serializer.serialize_str(&text(bytes)),
                None => serializer.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Vec<u8>>, D::Error> {
            let text = Option::<String>::deserialize(deserializer)?;
            text.map(|text| bytes(&text)).transpose()
        }
    }
}

/// A time of whole nanoseconds as a number of microseconds.
mod micros {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    fn us(time: Duration) -> f64 {
        time.as_nanos() as f64 / 1e3
    }

    fn time(us: f64) -> Duration {
        Duration::from_nanos((us * 1e3).round() as u64)
    }

    pub(super) fn serialize<S: Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(us(*took))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        f64::deserialize(deserializer).map(time)
    }

    /// The same of a time that there may not be.
    pub(super) mod option {
        use super::{Deserialize, Deserializer, Duration, Serializer, time, us};

        pub(in super::super) fn serialize<S: Serializer>(
            waited: &Option<Duration>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match waited {
                Some(waited) => serializer.serialize_some(&us(*waited)),
                None => serializer.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Duration>, D::Error> {
            Ok(Option::<f64>::deserialize(deserializer)?.map(time))
        }
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
    /// The link's directions, and what they have done; none where there is no link.
    Link(Ends<Option<LinkReport>>),
}

/// The outcome of a packet on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// The other host has it.
    Delivered,
    /// The other host's device did not take it; `EIO` when it is down.
    Refused(Errno),
    /// The other host has it with one bit changed, and drops it for its checksum.
    Corrupted,
    /// The packet is held on the wire until the user decides.
    Held,
    /// The packet is held on the wire, and goes on by itself after so long.
    Delayed(Millis),
    /// The packet is under way, in slow mode or on the link, and arrives after so long.
    InFlight(Millis),
    /// The packet is dropped.
    Dropped,
    /// The packet is taken off the wire unasked: a copy of it has reached the receiver.
    Discarded,
}

impl Disposition {
    /// Returns whether it is on the wire: held, delayed, or under way.
    pub const fn is_held(self) -> bool {
        matches!(
            self,
            Disposition::Held | Disposition::Delayed(_) | Disposition::InFlight(_)
        )
    }
}

/// The evidence that a socket has been in a state.
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

/// The reason for a change of a socket's state, with what a reader needs to find it in the transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransitionCause {
    /// A call of its own endpoint.
    Call(NamedCall),
    /// The end of a call that still held the socket when its last descriptor had been closed.
    Release(NamedCall),
    /// A packet that its host received.
    Received(ReceivedPacket),
    /// A packet that its host sent: in a capture, where what was behind that is not seen.
    Sent(ReceivedPacket),
    /// A call of the other endpoint; in the loopback lab, where the segment between is not seen.
    PeerCall {
        /// The other end.
        side: Side,
        /// The call.
        #[serde(flatten)]
        by: NamedCall,
    },
    /// A timer of the kernel.
    Timer(TimerKind),
    /// The process died, and the kernel closed its descriptors.
    Death,
    /// The other endpoint's process died; in the loopback lab, where the segment between is not seen.
    PeerDeath {
        /// The other end.
        side: Side,
    },
    /// The administrator destroyed it (SOCK_DESTROY).
    Destroyed,
    /// A call that the endpoint's library made by itself, without a request.
    Library,
    /// A call of a program, or the end of its process.
    Program(ProgramCause),
    /// A call, or the end of a process, that nobody saw: nothing else makes such a change, and the socket is none of the endpoint's. A program
    /// may have accepted the connection and closed it between two looks.
    UnseenProcess {
        /// The segment that left its host for it, where that was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent: Option<SentSegment>,
    },
    /// Nothing that finwait saw.
    Unseen,
}

/// A segment that a host has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentSegment {
    /// The packet's number.
    pub packet_no: PacketNo,
    /// The flags.
    pub flags: Flags,
}

/// A process of a program as a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramCause {
    /// The process.
    #[serde(flatten)]
    pub process: SocketOwner,
    /// What it did.
    pub by: ProgramDeed,
}

/// What a program's process did to a socket, as far as the change of state and the socket's descriptors tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramDeed {
    /// `connect`
    Connect,
    /// `listen`
    Listen,
    /// `shutdown` of the sending direction: the descriptor is still open.
    Shutdown,
    /// `connect(AF_UNSPEC)`, which resets the connection and leaves the descriptor open.
    Disconnect,
    /// `close` of the last descriptor.
    Close,
    /// `close` of the last descriptor, after a FIN that it or a `shutdown` just before it has sent: it was closed before anybody looked, and
    /// only strace could tell.
    CloseOrShutdown,
    /// `close` that reset the connection: unread data, or `SO_LINGER` with no time.
    Abort,
    /// The process ended, and the kernel closed its descriptors.
    Exit,
    /// `close`, or the end of the process: it had ended before anybody looked, and may have closed the socket before.
    CloseOrExit,
}

impl ProgramDeed {
    /// Returns whether it lets go of the last descriptor.
    pub const fn lets_go(self) -> bool {
        match self {
            ProgramDeed::Connect | ProgramDeed::Listen | ProgramDeed::Shutdown | ProgramDeed::Disconnect => false,
            ProgramDeed::Close
            | ProgramDeed::CloseOrShutdown
            | ProgramDeed::Abort
            | ProgramDeed::Exit
            | ProgramDeed::CloseOrExit => true,
        }
    }

    /// Returns it in a word: the call, or `exit`.
    pub const fn name(self) -> &'static str {
        match self {
            ProgramDeed::Connect => "connect",
            ProgramDeed::Listen => "listen",
            ProgramDeed::Shutdown => "shutdown",
            ProgramDeed::Disconnect => "connect(AF_UNSPEC)",
            ProgramDeed::Close | ProgramDeed::Abort => "close",
            ProgramDeed::CloseOrShutdown => "close or shutdown",
            ProgramDeed::Exit => "exit",
            ProgramDeed::CloseOrExit => "close or exit",
        }
    }
}

/// A call, by its number and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedCall {
    /// The number.
    pub call: CallId,
    /// The kind of the call.
    pub name: CallKind,
}

/// A packet that a host received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedPacket {
    /// The packet's number.
    pub packet_no: PacketNo,
    /// The flags, when it was a segment.
    pub flags: Option<Flags>,
}

impl ReceivedPacket {
    /// The packet of a record, if the host that it is for took it, and it can change a socket's state.
    pub const fn of(record: &PacketRecord) -> Option<ReceivedPacket> {
        let flags = match (record.disposition, &record.packet) {
            (Disposition::Delivered, Packet::Tcp(segment)) => Some(segment.flags),
            (Disposition::Delivered, Packet::Icmp { .. }) => None,
            _ => return None,
        };
        Some(ReceivedPacket {
            packet_no: record.no,
            flags,
        })
    }
}

impl TransitionCause {
    /// Returns it in words, after "caused by": `shutdown`, `the FIN,ACK received`; `from` is the state that it ended.
    pub fn words(&self, from: State) -> String {
        match self {
            TransitionCause::Call(NamedCall {
                name: CallKind::Connect,
                ..
            }) if matches!(from, State::TimeWait | State::FinWait2) => "connect, which takes its addresses over".into(),
            TransitionCause::Call(by) => by.name.to_string(),
            TransitionCause::Release(by) => format!("the end of {}, the last to hold the closed socket", by.name),
            TransitionCause::Received(ReceivedPacket { flags: Some(flags), .. }) => format!("the {flags} received"),
            TransitionCause::Received(ReceivedPacket { flags: None, .. }) => "a packet received".into(),
            TransitionCause::Sent(ReceivedPacket { flags: Some(flags), .. }) => format!("the {flags} sent"),
            TransitionCause::Sent(ReceivedPacket { flags: None, .. }) => "a packet sent".into(),
            TransitionCause::PeerCall { side, by } => format!("the {side}'s {}", by.name),
            TransitionCause::Timer(kind) => format!("the {} timer", kind.name(from)),
            TransitionCause::Death => "the end of its process".into(),
            TransitionCause::PeerDeath { side } => format!("the end of the {side}'s process"),
            TransitionCause::Destroyed => "the administrator (SOCK_DESTROY)".into(),
            TransitionCause::Library => "a call that its library made by itself".into(),
            TransitionCause::Program(ProgramCause { process, by }) => match by {
                ProgramDeed::Exit => format!("the end of {}, pid {}", process.name, process.pid),
                ProgramDeed::CloseOrExit => format!("close by {}, pid {}, or its end", process.name, process.pid),
                by => format!("{} by {}, pid {}", by.name(), process.name, process.pid),
            },
            TransitionCause::UnseenProcess { sent: Some(sent) } => {
                format!("a process not seen here, which sent the {}", sent.flags)
            }
            TransitionCause::UnseenProcess { sent: None } => "a process not seen here".into(),
            TransitionCause::Unseen => "a call, segment or timer not seen here".into(),
        }
    }
}
