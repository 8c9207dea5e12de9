//! Our own failures. What the kernel answers to a socket call is an [`Outcome`](finwait_model::outcome::Outcome), not one of these.

use std::io;

use crate::api::{CallError, Gone, MOST_READ, TimedOut};
use crate::event::Death;
use finwait_model::host::Setting;
use finwait_model::side::Side;
use finwait_wire::flow::PacketNo;

/// A failure of the program itself: one sentence that says what, where, and what would be right.
#[non_exhaustive]
#[derive(thiserror::Error)]
pub enum Error {
    /// An operation on the operating system failed.
    #[error("{operation}: {source}")]
    Os {
        /// The attempt, with its object: `open /dev/net/tun`.
        operation: String,
        /// The reason.
        source: io::Error,
    },
    /// The isolated lab is not available here.
    #[error("the isolated lab is not available: {why}")]
    NoIsolatedLab {
        /// The step that failed, and what to do about it.
        why: String,
    },
    /// IPv6 was asked for, and is not here.
    #[error("IPv6 is not available here: {why}; without --ipv6, IPv4 is used")]
    NoIpv6 {
        /// The reason, and what to do about it.
        why: String,
    },
    /// The machine's loopback address cannot be used.
    #[error("{address} is not available: {errno}{advice}")]
    NoLoopback {
        /// The address.
        address: std::net::IpAddr,
        /// The kernel's answer.
        errno: finwait_model::errno::Errno,
        /// Advice, with the punctuation that joins it to the rest.
        advice: &'static str,
    },
    /// A program that is needed for something is not here.
    #[error("{what} needs {tool}, which is not on PATH; Debian's and Ubuntu's package is {package}")]
    NoTool {
        /// The purpose: `go`, `--syscalls`.
        what: String,
        /// The name.
        tool: &'static str,
        /// The package that has it.
        package: &'static str,
    },
    /// A language's endpoint could not be made ready.
    #[error("{name} cannot drive an end here: {why}")]
    NoRuntime {
        /// The runtime's name: `go`.
        name: String,
        /// The reason.
        why: String,
    },
    /// Something that another program said could not be read.
    #[error("{what}: {why}")]
    Garbled {
        /// The speaker: `the client endpoint`, `/proc/net/tcp`.
        what: String,
        /// The reason.
        why: String,
    },
    /// An endpoint did not come up.
    #[error("the {side} endpoint did not start: {why}")]
    NoEndpoint {
        /// The end.
        side: Side,
        /// The reason, as a clause.
        why: String,
    },
    /// The lab did not start.
    #[error("the lab did not start: {why}")]
    NotStarted {
        /// The reason, as a clause.
        why: String,
    },
    /// A program did not start on a host.
    #[error("the program on the {side} did not start: {why}")]
    NoProgram {
        /// The host.
        side: Side,
        /// The reason, as a sentence.
        why: String,
    },
    /// There is no shell on a host of a lab.
    #[error("{why}")]
    NoShell {
        /// The reason, as a sentence.
        why: String,
    },
    /// Two hosts cannot have these addresses.
    #[error("the hosts' addresses: {why}")]
    Addresses {
        /// The reason, as a clause.
        why: String,
    },
    /// A call gave no value: `?` takes a [`CallError`] for an [`Error`].
    #[error("{0}")]
    Call(CallError),
    /// A wait was over before the event that it was for; it says what happened instead.
    #[error("{0}")]
    TimedOut(Box<TimedOut>),
    /// The lab has ended, or its process has.
    #[error("{0}")]
    Gone(Box<Gone>),
    /// The endpoint's process has ended, and its sockets with it.
    #[error("the {side} endpoint is dead{}", .how.map_or(String::new(), |how| format!(": {how}")))]
    EndpointDied {
        /// The end whose process ended.
        side: Side,
        /// The end of the process; none where that is not known.
        how: Option<Death>,
    },
    /// The endpoint did not make a call.
    #[error("the {side} endpoint refused: {why}")]
    Refused {
        /// The end.
        side: Side,
        /// The reason, as a clause.
        why: String,
    },
    /// A setting of a host was not changed.
    #[error("{} of the {side} stays as it is: {why}", .setting.name())]
    Setting {
        /// The host.
        side: Side,
        /// The setting.
        setting: Setting,
        /// The reason, as a clause.
        why: String,
    },
    /// A read of more bytes than come back.
    #[error("a read of {asked} bytes cannot be returned, {MOST_READ} is the most; discard reads more and counts them")]
    TooLong {
        /// The number of bytes that were asked for.
        asked: usize,
    },
    /// The loopback lab has no wire.
    #[error("the loopback lab has no wire; Lab::isolated has")]
    NoWire,
    /// A packet was not delivered.
    #[error("{packet} was not delivered: {why}")]
    NotDelivered {
        /// The packet.
        packet: PacketNo,
        /// The reason, as a clause.
        why: String,
    },
}

/// The sentence of its `Display`: so a test that returns an error prints it.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// The errno, where the operating system gave one.
    pub fn errno(&self) -> Option<rustix::io::Errno> {
        match self {
            Error::Os { source, .. } => rustix::io::Errno::from_io_error(source),
            _ => None,
        }
    }
}

/// A result of ours.
pub type Result<T> = std::result::Result<T, Error>;

/// Names the operation that failed.
#[doc(hidden)]
pub trait Operation<T> {
    /// `open("/dev/net/tun").during(|| "open /dev/net/tun".into())`
    fn during(self, operation: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<io::Error>> Operation<T> for std::result::Result<T, E> {
    fn during(self, operation: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Os {
            operation: operation(),
            source: source.into(),
        })
    }
}
