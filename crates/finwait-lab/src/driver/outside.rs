//! The outside of the driver's core: the clock, the kernels of both hosts, the endpoints' processes, and the reader of events.

use std::time::Duration;

use crate::endpoint::protocol::{Reply, Request};
use crate::error::Result;
use crate::event::{Death, LabEvent};
use crate::observe::procfs::ProcRow;
use crate::observe::trace::TracedEvent;
use crate::os::tun::Sent;
use crate::process::{ProcessReadiness, ProtocolError};
use crate::program::ProgramWords;
use crate::program::processes::{Descriptor, Holding};
use crate::runtime::{Launch, Runtime};
use crate::strace::Printed;
use finwait_model::call::Family;
use finwait_model::clock::MonoTime;
use finwait_model::counter::MovedCounters;
use finwait_model::errno::Errno;
use finwait_model::host::{Setting, SettingValue};
use finwait_model::program::{ProgramNo, ProgramSpec};
use finwait_model::side::{Ends, Side};
use finwait_model::socket_table::{SocketRow, Tuple};
use finwait_model::state::State;
use finwait_wire::offload::Offload;

/// Both hosts, their endpoints, the reader of events and the clock, as the core asks and tells them.
///
/// [`Shell`](super::shell::Shell) is the real one; the tests have one that is made up. An endpoint whose process is gone answers as one
/// that says nothing, holds nothing and does nothing.
pub(super) trait Outside {
    /// Returns the time now.
    fn now(&self) -> MonoTime;

    /// Has a request come that waits for the end of the turn?
    fn is_asked(&self) -> bool;

    /// Hands an event to the reader, at the end of the turn at the latest.
    fn tell(&mut self, what: LabEvent);
    /// Hands over an event that is one of many alike, and may wait for more of its kind.
    fn tell_idly(&mut self, what: LabEvent);
    /// Hands over all events that still wait.
    fn flush(&mut self);

    /// Reads a host's sockets of these families in place of what is in `rows` (sock_diag, or procfs without it); returns when that was.
    fn sockets(&mut self, side: Side, families: &[Family], rows: &mut Vec<SocketRow>) -> Result<MonoTime>;
    /// Reads one of them by its addresses: its row, if it has one, and when that was.
    fn socket(&mut self, side: Side, tuple: &Tuple) -> Result<(MonoTime, Option<SocketRow>)>;
    /// Appends a host's sockets of these families to `rows` as procfs shows them.
    fn procfs(&mut self, side: Side, families: &[Family], rows: &mut Vec<ProcRow>) -> Result<()>;
    /// Reads the counters of a host of its own (`/proc/net/netstat`, `/proc/net/snmp`, `/proc/net/snmp6`): those that have moved since the last time.
    fn counters(&mut self, side: Side) -> Result<MovedCounters>;
    /// Returns the kernel's reasons since the last time, where they are traced.
    fn reasons(&mut self) -> Vec<TracedEvent>;
    /// Destroys a connection (SOCK_DESTROY).
    fn destroy(&mut self, side: Side, tuple: &Tuple) -> Result<()>;
    /// Changes a host's setting.
    fn set(&mut self, side: Side, setting: Setting, value: SettingValue) -> Result<()>;

    /// Takes a packet that a host sends, or `None` where there is none.
    fn take_packet(&mut self, side: Side, buffer: &mut [u8]) -> Option<Sent>;
    /// Hands a packet to a host. Its sockets have their new states when this returns, unless a call owns the receiving one.
    fn deliver(&mut self, side: Side, bytes: &[u8], offload: &Offload) -> std::result::Result<(), Errno>;

    /// Begins to make a runtime ready for a host; [`Core::prepared`](super::Core::prepared) hears of it.
    fn prepare(&mut self, side: Side, runtime: Runtime);
    /// Has a host's endpoints be started like this from here on.
    fn start_with(&mut self, side: Side, launch: Launch) -> Result<()>;
    /// Starts a host's endpoint.
    fn spawn(&mut self, side: Side) -> Result<EndpointProcess>;
    /// Sends a request to an endpoint.
    fn send(&mut self, side: Side, request: &Request) -> Result<()>;
    /// Takes in an endpoint's words since the last time, and what strace has printed of it; does not block.
    fn hear(&mut self, side: Side) -> Heard;
    /// Waits for a word of an endpoint or its end, for that long at most.
    fn await_word(&mut self, side: Side, most: Duration);
    /// Takes in the lines that an endpoint has written to its standard error since the last time.
    fn complaints(&mut self, side: Side) -> Vec<String>;
    /// Takes in all that is left of them after its end.
    fn last_complaints(&mut self, side: Side) -> Vec<String>;
    /// Limits the numbers of an endpoint's descriptors (`RLIMIT_NOFILE`).
    fn limit_descriptors(&mut self, side: Side, most: u32) -> Result<()>;
    /// Returns that limit; `None` where it cannot be read.
    fn descriptor_limit(&self, side: Side) -> Option<u32>;
    /// Returns the inode behind an endpoint's descriptor; `None` where no socket is.
    fn inode(&self, side: Side, fd: i32) -> Option<u64>;
    /// Returns the state in TCP_INFO of the socket with that inode, behind that descriptor; `None` where it is not available.
    fn info_state(&self, side: Side, fd: i32, inode: u64) -> Option<State>;
    /// Does a thread of an endpoint run, or is it about to? One that waits in its system call sleeps.
    fn is_working(&self, side: Side) -> bool;
    /// Is an endpoint on its way out, so that the kernel is closing its descriptors (`PF_EXITING`)?
    fn is_exiting(&self, side: Side) -> bool;
    /// Sends SIGKILL to an endpoint.
    fn kill(&mut self, side: Side);
    /// Waits for an endpoint's end.
    fn await_end(&mut self, side: Side);
    /// Reaps an endpoint (`waitid(2)`); returns how it ended, or `None` while it lives.
    fn reap(&mut self, side: Side) -> Option<Death>;
    /// Lets go of the descriptors of an endpoint that has ended.
    fn let_go(&mut self, side: Side);

    /// Begins to start a program on a host; its words tell whether it runs. Returns why it cannot be, in a sentence.
    fn run(&mut self, side: Side, no: ProgramNo, spec: &ProgramSpec) -> std::result::Result<(), String>;
    /// Takes in the words of all programs since the last time; does not block.
    fn program_words(&mut self) -> Vec<ProgramWords>;
    /// Returns the number of a program's first process.
    fn program_pid(&self, no: ProgramNo) -> Option<u32>;
    /// Sends a signal to a program's first process.
    fn signal_program(&mut self, no: ProgramNo, signal: i32);
    /// Ends all processes of a program.
    fn end_program(&mut self, no: ProgramNo);
    /// Lets go of a program that has ended.
    fn forget_program(&mut self, no: ProgramNo);
    /// Returns the descriptor of a process on a host behind which each of the sockets with these inodes is, and its program; none of one
    /// that was started beside the lab. Those that are behind no descriptor are left out.
    fn holders(&mut self, side: Side, inodes: &[u64]) -> Vec<(u64, Option<ProgramNo>, Descriptor)>;
    /// Has another process of that program a descriptor of the socket, or without a program another that was started beside the lab?
    fn has_another_holder(&mut self, side: Side, no: Option<ProgramNo>, held: &Descriptor, inode: u64) -> bool;
    /// Returns the name of a process of that program now, or without one of a process that was started beside the lab; none of one that has
    /// ended.
    fn name_of(&mut self, side: Side, no: Option<ProgramNo>, pid: u32) -> Option<String>;
    /// Returns the descriptor of the socket with that inode where one process alone has such, and its program.
    fn sole_holder(&mut self, side: Side, inode: u64) -> Option<(Option<ProgramNo>, Descriptor)>;
    /// Is that descriptor of a process of that program still open, with the socket with that inode behind it; without a program, of one that
    /// was started beside the lab?
    fn holding(&mut self, side: Side, no: Option<ProgramNo>, held: &Descriptor, inode: u64) -> Holding;
    /// Notes that the socket with that inode, which was behind that descriptor, has gone: its number is free for another.
    fn has_let_go(&mut self, side: Side, no: Option<ProgramNo>, held: &Descriptor, inode: u64);
    /// Returns the process that a thread is one of, and its name; `None` of one that has ended.
    fn process_of(&mut self, thread: u32) -> Option<(u32, String)>;
    /// Does strace look on at that program?
    fn is_traced(&self, no: ProgramNo) -> bool;
    /// Waits for words of programs, for that long at most, and takes them in.
    fn await_program_words(&mut self, most: Duration) -> Vec<ProgramWords>;
}

/// An endpoint's process, as far as the core needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EndpointProcess {
    /// The process number.
    pub(super) pid: u32,
    /// Whether its library may make and close descriptors without a word ([`Launch::hides`](crate::runtime::Launch::hides)).
    pub(super) hides: bool,
    /// Whether strace looks on.
    pub(super) is_traced: bool,
    /// Whether its library accepts and reads by itself, as it has said in its hello.
    pub(super) takes_unasked: bool,
}

/// The way of a runtime that is made ready for an end.
#[derive(Debug)]
pub(super) struct Preparation {
    /// The end.
    pub(super) side: Side,
    /// The runtime.
    pub(super) runtime: Runtime,
    /// How its endpoint is started, or why it is not available; none while a compiler makes it.
    pub(super) launch: Option<Result<Launch>>,
}

/// Words of an endpoint, and of strace about it.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The endpoint's own words, in order, and lines that are none.
    pub(super) replies: Vec<std::result::Result<Reply, ProtocolError>>,
    /// The lines of strace, read after the words: so those of the calls before a word are among them.
    pub(super) printed: Vec<Printed>,
}

/// The sources that are ready after a wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ready {
    /// Hosts that may have a packet.
    pub(super) packets: Ends<bool>,
    /// Words, complaints, system calls and ends of the endpoints.
    pub(super) processes: Ends<ProcessReadiness>,
    /// Requests, each of which comes by [`request`](super::Core::request).
    pub(super) requests: bool,
}
