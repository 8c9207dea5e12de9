//! What a lab is asked, and what it tells: the only words between the lab's thread and its owner.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

use crate::call::CallId;
use crate::clock::Stamp;
use crate::endpoint::protocol::{self, Traced};
use crate::errno::Errno;
use crate::host::{Setting, SettingValue};
use crate::observe::{Row, TimerKind, Tuple};
use crate::outcome::Outcome;
use crate::side::Side;
use crate::state::State;
use crate::wire::segment::Packet;

/// What a lab can be asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Hand this line to the endpoint.
    Order(Side, protocol::Request),
    /// `kill -9` the endpoint.
    Kill(Side),
    /// Start a new endpoint; the old one, if it lives, is killed first.
    Restart(Side),
    /// Change a setting of a host.
    Host(Side, Setting, SettingValue),
}

/// Something that happened in the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Stamp,
    /// What.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// An endpoint's process came up.
    Born {
        /// Whose.
        side: Side,
        /// Its process number.
        pid: u32,
        /// What it is: `native`.
        runtime: String,
    },
    /// An endpoint's process ended.
    Died {
        /// Whose.
        side: Side,
        /// Its process number.
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
        /// What it gave back.
        outcome: Outcome,
        /// The system calls behind it.
        trace: Vec<Traced>,
        /// The inode behind the new descriptor, when one was made.
        inode: Option<u64>,
    },
    /// The endpoint did not understand, or said something that we do not.
    Garbled {
        /// Whose.
        side: Side,
        /// The call that it was about, if known.
        id: Option<CallId>,
        /// One sentence.
        why: String,
    },
    /// A packet passed the wire.
    Packet {
        /// The host that sent it.
        from: Side,
        /// What it says.
        packet: Packet,
        /// What became of it.
        fate: Fate,
    },
    /// A socket changed its state.
    Transition {
        /// On which host.
        side: Side,
        /// Which socket.
        tuple: Tuple,
        /// Its inode, 0 when no descriptor holds it.
        inode: u64,
        /// Before; `CLOSE` when it was not in the table.
        from: State,
        /// After; `CLOSE` when it is no longer there.
        to: State,
        /// Why.
        cause: Cause,
    },
    /// A host's table, whole, whenever it differs from the last one told.
    Table {
        /// Whose.
        side: Side,
        /// Its sockets.
        rows: Vec<Observed>,
    },
    /// A host's setting was changed, or could not be.
    Host {
        /// Whose.
        side: Side,
        /// Which.
        setting: Setting,
        /// To what.
        value: SettingValue,
        /// What the kernel said.
        result: Result<(), String>,
    },
    /// Something that the user should know.
    Note(String),
    /// Nothing is in the air, and no socket waits for an acknowledgement.
    Quiet,
}

/// A socket as procfs shows it, with what sock_diag adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// State and queues from procfs; timer, retransmits and TCP_INFO from sock_diag where it knows more.
    pub row: Row,
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

/// What became of a packet on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The other host has it.
    Delivered,
    /// The other host's device did not take it; `EIO` when it is down.
    Refused(Errno),
}

/// Why a socket changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
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
    /// Its process died, and the kernel closed its descriptors.
    Death,
    /// Nothing that finwait saw.
    Unseen,
}
