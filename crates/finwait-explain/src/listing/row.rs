//! A socket as a tool listed it: what its columns say, whichever tool printed them.

use serde::{Serialize, Serializer};
use std::fmt;
use std::time::Duration;

use super::address::ListedAddress;
use finwait_model::socket_table::TimerKind;
use finwait_model::state::State;

/// The tool or file whose form a row has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListForm {
    /// `ss` of iproute2.
    Ss,
    /// `netstat` of net-tools, or of busybox.
    NetTools,
    /// `netstat` of macOS and the BSDs: `10.0.0.1.80`.
    Bsd,
    /// `netstat` of Windows.
    Windows,
    /// `/proc/net/tcp` and `tcp6`.
    Procfs,
    /// `lsof -i`.
    Lsof,
}

impl ListForm {
    /// The tool or file.
    pub const fn name(self) -> &'static str {
        match self {
            ListForm::Ss => "ss",
            ListForm::NetTools => "netstat",
            ListForm::Bsd => "netstat of BSD or macOS",
            ListForm::Windows => "netstat of Windows",
            ListForm::Procfs => "/proc/net/tcp",
            ListForm::Lsof => "lsof",
        }
    }

    /// Is it another system's than Linux? What is said of timers, queues and settings is Linux's.
    pub const fn is_elsewhere(self) -> bool {
        matches!(self, ListForm::Bsd | ListForm::Windows)
    }
}

impl fmt::Display for ListForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A program that has a descriptor of a socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ListedProgram {
    /// The process.
    pub pid: u32,
    /// The name, as far as the tool has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// The descriptor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fd: Option<u32>,
}

impl ListedProgram {
    /// The most letters of a name that are kept: the kernel's have 15, net-tools cuts a command line off at 20.
    const LONGEST_NAME: usize = 64;

    /// A program, as far as a tool names it.
    pub(super) fn new(pid: u32, name: Option<&str>, fd: Option<u32>) -> ListedProgram {
        let name = name.filter(|name| !name.is_empty());
        ListedProgram {
            pid,
            name: name.map(|name| name.chars().take(Self::LONGEST_NAME).collect()),
            fd,
        }
    }
}

impl fmt::Display for ListedProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} (pid {})", self.pid),
            None => write!(f, "pid {}", self.pid),
        }
    }
}

/// The owner of a socket, as far as a row says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// The programs that hold it; one at least.
    Programs(Vec<ListedProgram>),
    /// A program that is not named: the socket has an inode.
    Somebody,
    /// No program: the inode is 0.
    Nobody,
    /// The row does not say it.
    #[default]
    NotShown,
}

impl Owner {
    /// Returns the first program.
    pub fn program(&self) -> Option<&ListedProgram> {
        match self {
            Owner::Programs(programs) => programs.first(),
            Owner::Somebody | Owner::Nobody | Owner::NotShown => None,
        }
    }

    /// Is it sure that a program has the socket?
    pub const fn is_held(&self) -> bool {
        matches!(self, Owner::Programs(_) | Owner::Somebody)
    }

    /// The owner of which only the inode is known.
    pub(super) const fn of_inode(inode: u64) -> Owner {
        if inode == 0 { Owner::Nobody } else { Owner::Somebody }
    }
}

impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Owner::Programs(programs) => programs.serialize(serializer),
            Owner::Somebody => "somebody".serialize(serializer),
            Owner::Nobody => "nobody".serialize(serializer),
            Owner::NotShown => "not-shown".serialize(serializer),
        }
    }
}

/// A timer that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ListedTimer {
    /// The purpose.
    pub kind: TimerKind,
    /// The time until it expires, where the row says it.
    #[serde(rename = "left_ms", serialize_with = "in_ms")]
    pub left: Option<Duration>,
    /// How often it expired in a row without an answer.
    pub expired: u32,
}

fn in_ms<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
        .serialize(serializer)
}

/// What `ss -i` and `ss -m` say below a row, as far as it says what is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListedInfo {
    /// Segments that were sent again since the connection began (`retrans:0/3`).
    pub retransmitted: u64,
    /// Times in ms that the peer's window held the sender back (`rwnd_limited`).
    pub window_limited_ms: u64,
    /// The time in ms since something came (`lastrcv`).
    pub last_received_ms: Option<u64>,
    /// Segments that were dropped for want of room in the receive buffer (`skmem`, `d`).
    pub dropped: u64,
}

/// A socket, as a row lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedSocket {
    /// The form of the row.
    pub form: ListForm,
    /// The state.
    pub state: State,
    /// The address on the host that was listed.
    pub local: ListedAddress,
    /// The other one, where the row is not cut off before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<ListedAddress>,
    /// Recv-Q: bytes not read, the peer's FIN with them; of a listener, connections not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive_queue: Option<u64>,
    /// Send-Q: bytes not acknowledged; of a listener, in `ss`, how many connections may wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_queue: Option<u64>,
    /// The timer that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timer: Option<ListedTimer>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The owner.
    pub owner: Owner,
    /// The lines of `ss -i` and `-m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<ListedInfo>,
}

impl ListedSocket {
    /// A socket of which no more than its state and its addresses are known.
    pub(super) const fn new(
        form: ListForm,
        state: State,
        local: ListedAddress,
        peer: Option<ListedAddress>,
    ) -> ListedSocket {
        ListedSocket {
            form,
            state,
            local,
            peer,
            receive_queue: None,
            send_queue: None,
            timer: None,
            uid: None,
            owner: Owner::NotShown,
            info: None,
        }
    }

    /// Returns how many connections may wait for `accept`; none where the form does not say it.
    pub fn accept_limit(&self) -> Option<u64> {
        let says = matches!(self.form, ListForm::Ss | ListForm::Bsd) && self.state == State::Listen;
        self.send_queue.filter(|_| says)
    }

    /// Is the accept queue longer than its limit (`sk_acceptq_is_full`)?
    pub fn is_queue_full(&self) -> bool {
        match (self.receive_queue, self.accept_limit()) {
            (Some(queued), Some(most)) => queued > most,
            _ => false,
        }
    }

    /// Returns the bytes that wait to be read, without the FIN that Linux counts with them (`rcv_nxt - copied_seq`); 0 of a listener.
    pub fn unread(&self) -> u64 {
        let queue = self.receive_queue.unwrap_or(0);
        match self.state {
            State::Listen => 0,
            _ if self.form.is_elsewhere() => queue,
            State::CloseWait | State::LastAck | State::Closing | State::TimeWait => queue.saturating_sub(1),
            _ => queue,
        }
    }

    /// Returns the bytes that were written and not acknowledged, without SYN and FIN; 0 of a listener.
    pub fn unacknowledged(&self) -> u64 {
        let queue = self.send_queue.unwrap_or(0);
        match self.state {
            State::Listen => 0,
            State::SynSent | State::SynRecv | State::FinWait1 | State::Closing | State::LastAck => {
                queue.saturating_sub(1)
            }
            _ => queue,
        }
    }

    /// Is that timer running?
    pub fn has_timer(&self, kind: TimerKind) -> bool {
        self.timer.is_some_and(|timer| timer.kind == kind)
    }

    /// Is it sure that no program has it: an orphan, or one that was not accepted yet?
    pub fn is_nobodys(&self) -> bool {
        self.owner == Owner::Nobody || self.state == State::FinWait2 && self.has_timer(TimerKind::TimeWait)
    }
}
