//! The meaning of a state: the situation that a socket is in, what it is, what this end can do, what it waits for and for how long, what
//! ends it.
//!
//! [`of`] is the table: one match from what is so of a socket now to an entry of [`ENTRIES`]. The words stand in
//! `assets/explain/meanings.toml`, and those of what is beside it in `beside.toml`. Each entry names a scenario in which a socket is in that
//! situation; a test plays it, and holds what [`ReadReply`] and [`WriteReply`] promise against what the calls in it returned.

use serde::{Deserialize, Serialize};
use std::fmt;

use finwait_model::state::State;

use super::role::{self, Role};
use super::sock::Sock;
use super::text::{beside::Beside, meanings, plates::OnPlate};

/// The present of a socket, as far as it decides what its state means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present<'a> {
    /// The state, as the kernel's table has it; CLOSE for one in no table.
    pub state: State,
    /// The holder.
    pub holder: Holder,
    /// The record of the socket; none of one that was never seen to begin.
    pub sock: Option<&'a Sock>,
    /// The bytes that it has to be read; for a listener, the connections not accepted; none where nothing tells.
    pub unread: Option<u32>,
    /// The bytes written and not acknowledged, SYN and FIN counted with them, as procfs does.
    pub unacknowledged: u32,
    /// Has a listener answered a SYN, and not had the last ACK?
    pub answered: bool,
    /// A listener's backlog; none where only procfs is there to say it, which does not.
    pub backlog: Option<u32>,
}

/// The holder of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The descriptor by which it is known.
    Descriptor,
    /// Another descriptor, or a call that waits: the one by which it is known is closed.
    Other,
    /// A descriptor that the endpoint's library has not reported.
    Library,
    /// A listener: its accept queue, or its requests.
    Listener,
    /// The kernel alone: an orphan, or a time-wait socket.
    Kernel,
    /// The kernel, by a time-wait socket; the descriptor of the socket before it is open.
    KernelBesideDescriptor,
    /// Nobody.
    Nobody,
}

impl Holder {
    /// Is a descriptor open, or a call under way, by which the socket is reached?
    const fn is_program(self) -> bool {
        matches!(self, Holder::Descriptor | Holder::Other | Holder::Library)
    }
}

/// The reply of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadReply {
    /// Gives what has come, and waits while nothing has.
    Works,
    /// Gives what is queued, then 0.
    Eof,
    /// Waits for the handshake.
    Waits,
    /// ENOTCONN.
    NotConnected,
    /// Gives what is queued, then the error that waits.
    Error,
    /// No descriptor is open.
    None,
}

/// The reply of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WriteReply {
    /// Takes the bytes, while there is room.
    Works,
    /// Waits for the handshake.
    Waits,
    /// EPIPE.
    BrokenPipe,
    /// The error that waits.
    Error,
    /// No descriptor is open.
    None,
}

/// The settings of a socket's host that say how long it waits; none where the host is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `tcp_fin_timeout`, s.
    pub fin_timeout: Option<u32>,
    /// `tcp_syn_retries`.
    pub syn_retries: Option<u32>,
    /// `tcp_retries2`.
    pub retries2: Option<u32>,
}

impl Settings {
    /// `60 s (tcp_fin_timeout)`
    pub(crate) fn fin_timeout(&self) -> String {
        match self.fin_timeout {
            Some(seconds) => format!("{seconds} s (tcp_fin_timeout)"),
            None => "tcp_fin_timeout (60 s by default)".into(),
        }
    }

    /// `6 times (tcp_syn_retries)`
    pub(crate) fn syn_retries(&self) -> String {
        times("tcp_syn_retries", self.syn_retries, "6 by default, about two minutes")
    }

    /// `15 times (tcp_retries2)`
    pub(crate) fn retries2(&self) -> String {
        times(
            "tcp_retries2",
            self.retries2,
            "15 by default, a quarter of an hour and more",
        )
    }
}

fn times(name: &str, value: Option<u32>, default: &str) -> String {
    match value {
        Some(1) => format!("once ({name})"),
        Some(count) => format!("{count} times ({name})"),
        None => format!("{name} times ({default})"),
    }
}

/// The words of an entry.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// The same in a sentence of 42 columns at most.
    pub short: &'static str,
    /// The same in 34 columns; none where what read and write do says it.
    pub brief: Option<&'static str>,
    /// The event that it waits for, in 30 columns.
    pub awaits: &'static str,
    /// The sentence that describes the situation.
    pub meaning: &'static str,
    /// The calls, besides read and write, that lead on.
    pub calls: Option<&'static str>,
    /// The event that it waits for.
    pub waits_for: fn(&Settings) -> String,
    /// The events that end it.
    pub ends_by: fn(&Settings) -> String,
}

/// An entry of the table: a situation.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name.
    pub id: MeaningId,
    /// The state; none for what the kernel does not know any more.
    pub state: Option<State>,
    /// The reply of a read, where nothing that is special to the socket says otherwise.
    pub read: ReadReply,
    /// The reply of a write, likewise.
    pub write: WriteReply,
    /// A scenario in which a socket is in it.
    pub scenario: &'static str,
    text: Text,
}

/// The enum, its names, and the table.
macro_rules! entries {
    ($($id:ident $name:literal: $state:expr, $read:ident, $write:ident, $scenario:literal, $text:ident;)*) => {
        /// A situation that a socket can be in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum MeaningId {
            $(
                #[doc = concat!("`", $name, "`")]
                #[serde(rename = $name)]
                $id,
            )*
        }

        impl MeaningId {
            /// Returns the name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(MeaningId::$id => $name,)*
                }
            }
        }

        /// All situations, in the order of a connection's life.
        pub const ENTRIES: &[Entry] = &[
            $(Entry {
                id: MeaningId::$id,
                state: $state,
                read: ReadReply::$read,
                write: WriteReply::$write,
                scenario: $scenario,
                text: meanings::$text,
            },)*
        ];
    };
}

entries! {
    CloseNew "close-new": Some(State::Close), NotConnected, BrokenPipe, "not-connected", CLOSE_NEW;
    Listen "listen": Some(State::Listen), NotConnected, BrokenPipe, "handshake", LISTEN;
    ListenQueued "listen-queued": Some(State::Listen), NotConnected, BrokenPipe, "reset-before-accept", LISTEN_QUEUED;
    ListenFull "listen-full": Some(State::Listen), NotConnected, BrokenPipe, "listen-backlog-full", LISTEN_FULL;
    SynSent "syn-sent": Some(State::SynSent), Waits, Waits, "write-waits-for-lost-syn", SYN_SENT;
    SynRecvRequest "syn-recv-request": Some(State::SynRecv), None, None, "final-ack-held", SYN_RECV_REQUEST;
    SynRecvCrossed "syn-recv-crossed": Some(State::SynRecv), Waits, Waits, "simultaneous-open", SYN_RECV_CROSSED;
    Established "established": Some(State::Established), Works, Works, "half-close", ESTABLISHED;
    EstablishedNotAccepted "established-not-accepted": Some(State::Established), None, None, "reset-before-accept", ESTABLISHED_NOT_ACCEPTED;
    FinWait1 "fin-wait1": Some(State::FinWait1), Works, BrokenPipe, "simultaneous-close", FIN_WAIT1;
    FinWait1Orphan "fin-wait1-orphan": Some(State::FinWait1), None, None, "fin-not-acknowledged", FIN_WAIT1_ORPHAN;
    FinWait2 "fin-wait2": Some(State::FinWait2), Works, BrokenPipe, "half-close", FIN_WAIT2;
    FinWait2Orphan "fin-wait2-orphan": Some(State::FinWait2), None, None, "fin-wait2-orphan", FIN_WAIT2_ORPHAN;
    Closing "closing": Some(State::Closing), Eof, BrokenPipe, "simultaneous-close", CLOSING;
    ClosingOrphan "closing-orphan": Some(State::Closing), None, None, "simultaneous-close-orphans", CLOSING_ORPHAN;
    TimeWait "time-wait": Some(State::TimeWait), None, None, "full-close", TIME_WAIT;
    TimeWaitHeld "time-wait-held": Some(State::TimeWait), Eof, BrokenPipe, "half-close", TIME_WAIT_HELD;
    CloseWait "close-wait": Some(State::CloseWait), Eof, Works, "half-close", CLOSE_WAIT;
    CloseWaitNotAccepted "close-wait-not-accepted": Some(State::CloseWait), None, None, "close-under-connect", CLOSE_WAIT_NOT_ACCEPTED;
    LastAck "last-ack": Some(State::LastAck), Eof, BrokenPipe, "last-ack-held", LAST_ACK;
    LastAckOrphan "last-ack-orphan": Some(State::LastAck), None, None, "last-ack-lost", LAST_ACK_ORPHAN;
    CloseEnded "close-ended": Some(State::Close), Eof, BrokenPipe, "write-first-after-rst", CLOSE_ENDED;
    CloseError "close-error": Some(State::Close), Error, Error, "error-handed-out-once", CLOSE_ERROR;
    Gone "gone": None, None, None, "full-close", GONE;
}

impl fmt::Display for MeaningId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The meaning of a state, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// The situation.
    pub id: MeaningId,
    /// The state; none for what the kernel does not know any more.
    pub state: Option<State>,
    /// The part that the socket has in its connection.
    pub role: Role,
    /// The situation in a sentence of 42 columns at most.
    pub short: String,
    /// The same in 34 columns at most.
    pub brief: String,
    /// The sentence that describes the situation.
    pub meaning: String,
    /// The reply of a read.
    pub read: ReadReply,
    /// The reply of a write.
    pub write: WriteReply,
    /// The calls that this end can make, in 42 columns at most.
    pub can_short: String,
    /// The calls that this end can make, and their results.
    pub can: String,
    /// The event that it waits for, in 30 columns at most.
    pub awaits: &'static str,
    /// The event that it waits for, and for how long.
    pub waits_for: String,
    /// The events that end it.
    pub ends_by: String,
    /// Sentences about the rest of the socket: its queues, its holder, what was shut down.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
    /// A scenario in which a socket is in it.
    pub scenario: &'static str,
}

impl Meaning {
    /// Returns what a plate says of it, in one line: `was told: The peer sent FIN; this end has not. Can still WRITE. ...`.
    pub fn in_short(&self) -> String {
        format!(
            "{}: {} {} Waits for {}.",
            self.role, self.short, self.can_short, self.awaits
        )
    }
}

impl Entry {
    /// Returns the entry in words, with nothing special to a socket.
    pub fn words(&self, settings: &Settings) -> Meaning {
        let role = role::of(self.id, None);
        self.with((self.read, self.write), role, (Some(0), None), settings, Vec::new())
    }

    fn with(
        &self,
        (read, write): (ReadReply, WriteReply),
        role: Role,
        queue: (Option<u32>, Option<u32>),
        settings: &Settings,
        beside: Vec<String>,
    ) -> Meaning {
        let brief = self.text.brief.map(str::to_owned);
        Meaning {
            id: self.id,
            state: self.state,
            role,
            short: self.text.short.to_owned(),
            brief: brief.unwrap_or_else(|| brief_replies(read, write).to_string()),
            meaning: self.text.meaning.to_owned(),
            read,
            write,
            can_short: self.can_short(read, write, queue).to_string(),
            can: can(read, write, self.text.calls),
            awaits: self.text.awaits,
            waits_for: (self.text.waits_for)(settings),
            ends_by: (self.text.ends_by)(settings),
            beside,
            scenario: self.scenario,
        }
    }

    /// The calls that this end can make, in a sentence.
    fn can_short(&self, read: ReadReply, write: WriteReply, (queued, backlog): (Option<u32>, Option<u32>)) -> Beside {
        let unread = queued.unwrap_or(0);
        let bytes = unread as usize;
        let is_empty = queued == Some(0);
        match (self.id, read, write) {
            (MeaningId::CloseNew, ..) => Beside::CanConnect,
            (MeaningId::Listen, ..) => Beside::CanAccept,
            (MeaningId::ListenQueued | MeaningId::ListenFull, ..) if is_empty => Beside::CanAccept,
            (MeaningId::ListenQueued | MeaningId::ListenFull, ..) => {
                let held = i32::try_from(unread).unwrap_or(i32::MAX);
                // A backlog of n holds n + 1 (sk_acceptq_is_full).
                match backlog.and_then(|backlog| backlog.checked_add(1)) {
                    Some(limit) => Beside::CanAcceptOfPlaces { held, limit },
                    None => Beside::CanAcceptAtOnce { held },
                }
            }
            (MeaningId::SynRecvRequest | MeaningId::EstablishedNotAccepted | MeaningId::CloseWaitNotAccepted, ..) => {
                Beside::CanNotAccepted
            }
            (_, ReadReply::None, _) | (_, _, WriteReply::None) => Beside::CanNone,
            (_, ReadReply::Works, WriteReply::Works) if is_empty => Beside::CanReadAndWrite,
            (_, ReadReply::Works, WriteReply::Works) => Beside::CanReadBytesAndWrite { bytes },
            (_, ReadReply::Works, _) if is_empty => Beside::CanRead,
            (_, ReadReply::Works, _) => Beside::CanReadBytes { bytes },
            (_, _, WriteReply::Works) if is_empty => Beside::CanWrite,
            (_, _, WriteReply::Works) => Beside::CanWriteThenBytes { bytes },
            (_, _, WriteReply::Waits) => Beside::CanHandshake,
            (_, ReadReply::Error, _) if is_empty => Beside::CanError,
            (_, ReadReply::Error, _) if bytes > 0 => Beside::CanReadBytesThenError { bytes },
            (_, ReadReply::Error, _) => Beside::CanReadQueuedThenError,
            (_, _, WriteReply::Error) if is_empty => Beside::CanEofAndError,
            (_, _, WriteReply::Error) if bytes > 0 => Beside::CanReadBytesAndError { bytes },
            _ if is_empty => Beside::CanNeither,
            _ if bytes > 0 => Beside::CanReadBytesThenEof { bytes },
            _ => Beside::CanReadQueuedThenEof,
        }
    }
}

/// Returns, in words, what this end can do.
fn can(read: ReadReply, write: WriteReply, calls: Option<&str>) -> String {
    let is_open = write == WriteReply::Works;
    let read = match read {
        ReadReply::Works => Some(Beside::ReadWorks),
        ReadReply::Eof => Some(Beside::ReadEof),
        ReadReply::Waits => Some(Beside::ReadWaits),
        ReadReply::NotConnected => Some(Beside::ReadNotConnected),
        ReadReply::Error => Some(Beside::ReadError),
        ReadReply::None => None,
    };
    let write = match write {
        WriteReply::Works => Some(Beside::WriteWorks),
        WriteReply::Waits => Some(Beside::WriteWaits),
        WriteReply::BrokenPipe => Some(Beside::WriteBrokenPipe),
        WriteReply::Error => Some(Beside::WriteError),
        WriteReply::None => None,
    };
    if read.is_none() && write.is_none() {
        return Beside::CallNone.to_string();
    }
    let said = |reply: Option<Beside>| reply.map(|reply| reply.to_string());
    // What can be done comes first.
    let replies = if is_open {
        [said(write), said(read)]
    } else {
        [said(read), said(write)]
    };
    let calls = calls.map(str::to_owned);
    let sentences: Vec<String> = replies.into_iter().flatten().chain(calls).collect();
    sentences.join(" ")
}

/// The effect of read and write, for a small screen.
const fn brief_replies(read: ReadReply, write: WriteReply) -> OnPlate {
    match (read, write) {
        (ReadReply::Works, WriteReply::Works) => OnPlate::BriefBoth,
        (ReadReply::Works, _) => OnPlate::BriefRead,
        (_, WriteReply::Works) => OnPlate::BriefWrite,
        _ => OnPlate::BriefNeither,
    }
}

/// Returns the situation of a socket, in words; none for what the kernel never shows together, as an orphan in ESTABLISHED: the table was
/// read before the call, and is read again.
pub fn of(present: &Present, settings: &Settings) -> Option<Meaning> {
    let entry = entry(present)?;
    let role = role::of(entry.id, present.sock);
    let beside = beside(entry, present);
    let queue = (present.unread, present.backlog);
    let mut meaning = entry.with(replies(entry, present), role, queue, settings, beside);
    if entry.id == MeaningId::Listen && present.answered {
        meaning.short = Beside::ListenAnswered.to_string();
        meaning.brief = OnPlate::BriefAnswered.to_string();
        meaning.awaits = meanings::SYN_RECV_REQUEST.awaits;
    }
    // What holds it is another descriptor, or a call that was made before the close.
    if present.holder == Holder::Other {
        meaning.can_short = Beside::CanClosed.to_string();
        meaning.can = Beside::CallClosed.to_string();
        meaning.brief = Beside::CanClosedBrief.to_string();
    }
    Some(meaning)
}

/// Returns the situation of a socket, without its words; none as [`of`] does.
pub fn situation(present: &Present) -> Option<MeaningId> {
    id(present)
}

/// The entry of a socket's situation.
fn entry(present: &Present) -> Option<&'static Entry> {
    let id = id(present)?;
    ENTRIES.iter().find(|entry| entry.id == id)
}

fn id(present: &Present) -> Option<MeaningId> {
    use Holder::{Kernel, KernelBesideDescriptor, Listener, Nobody};
    let is_program = present.holder.is_program();
    Some(match (present.state, present.holder) {
        (State::Close, Nobody) => MeaningId::Gone,
        (State::Close, _) if is_program => without_connection(present.sock),
        // sk_acceptq_is_full: more than the backlog.
        (State::Listen, _) if is_program => match present.unread.unwrap_or(0) {
            0 => MeaningId::Listen,
            queued if present.backlog.is_some_and(|backlog| queued > backlog) => MeaningId::ListenFull,
            _ => MeaningId::ListenQueued,
        },
        (State::SynSent, _) if is_program => MeaningId::SynSent,
        (State::SynRecv, _) if is_program => MeaningId::SynRecvCrossed,
        // A request of a closed listener stands in the table until its timer finds that out (reqsk_timer_handler).
        (State::SynRecv, Listener | Kernel) => MeaningId::SynRecvRequest,
        (State::Established, Listener) => MeaningId::EstablishedNotAccepted,
        (State::Established, _) if is_program => MeaningId::Established,
        (State::FinWait1, Kernel) => MeaningId::FinWait1Orphan,
        (State::FinWait1, _) if is_program => MeaningId::FinWait1,
        (State::FinWait2, Kernel) => MeaningId::FinWait2Orphan,
        (State::FinWait2, _) if is_program => MeaningId::FinWait2,
        (State::Closing, Kernel) => MeaningId::ClosingOrphan,
        (State::Closing, _) if is_program => MeaningId::Closing,
        (State::TimeWait, Kernel) => MeaningId::TimeWait,
        (State::TimeWait, KernelBesideDescriptor) => MeaningId::TimeWaitHeld,
        (State::CloseWait, Listener) => MeaningId::CloseWaitNotAccepted,
        (State::CloseWait, _) if is_program => MeaningId::CloseWait,
        (State::LastAck, Kernel) => MeaningId::LastAckOrphan,
        (State::LastAck, _) if is_program => MeaningId::LastAck,
        _ => return None,
    })
}

/// A socket in CLOSE that a program holds.
fn without_connection(sock: Option<&Sock>) -> MeaningId {
    let Some(sock) = sock else { return MeaningId::CloseNew };
    match sock.end {
        // Where no segment is seen: the ACK of the last FIN leaves no error, and nothing else is likely there.
        Some(end) if end.by.is_unseen() && matches!(end.from, State::LastAck | State::Closing) => MeaningId::CloseEnded,
        Some(end) if end.by.is_unseen() && end.to == State::TimeWait => MeaningId::CloseEnded,
        // tcp_disconnect leaves ECONNRESET, too.
        Some(_) if sock.has_error() => MeaningId::CloseError,
        Some(_) if sock.dissolved.is_none() && sock.failed.is_none() => MeaningId::CloseEnded,
        // Its end was too short to be seen, as that of a refused connect in the loopback lab.
        None if sock.connected && sock.reported.is_none() => MeaningId::CloseError,
        None if sock.connected => MeaningId::CloseEnded,
        _ => MeaningId::CloseNew,
    }
}

/// Returns the replies of read and write of that very socket: its entry does not know what was shut down before.
fn replies(entry: &Entry, present: &Present) -> (ReadReply, WriteReply) {
    let (mut read, mut write) = (entry.read, entry.write);
    if let Some(sock) = present.sock {
        // tcp_recvmsg_locked looks at RCV_SHUTDOWN before the state, tcp_sendmsg_locked at SEND_SHUTDOWN after it.
        if sock.receiving_shut.is_some() && matches!(read, ReadReply::Works | ReadReply::Waits) {
            read = ReadReply::Eof;
        }
        if sock.receiving_shut.is_some() && entry.id == MeaningId::CloseNew {
            read = ReadReply::Eof;
        }
        // SOCK_DONE goes before sk_err: after the peer's FIN a read is told no error.
        if sock.fin.is_some() && read == ReadReply::Error {
            read = ReadReply::Eof;
        }
        if sock.sending_shut.is_some() && write == WriteReply::Works {
            write = WriteReply::BrokenPipe;
        }
    }
    (read, write)
}

/// Returns the sentences about the rest of the socket.
fn beside(entry: &Entry, present: &Present) -> Vec<String> {
    use MeaningId::{
        CloseEnded, CloseError, CloseWait, CloseWaitNotAccepted, Closing, ClosingOrphan, Established,
        EstablishedNotAccepted, FinWait1, FinWait1Orphan, FinWait2, LastAck, LastAckOrphan, TimeWaitHeld,
    };
    let id = entry.id;
    let mut notes = Vec::new();
    let unread = present.unread.unwrap_or(0) as usize;
    if unread > 0 {
        match id {
            Established | FinWait1 | FinWait2 | Closing | CloseWait | LastAck => {
                notes.push(Beside::NoteUnread { bytes: unread });
            }
            TimeWaitHeld | CloseEnded | CloseError => notes.push(Beside::NoteUnreadLeft { bytes: unread }),
            EstablishedNotAccepted | CloseWaitNotAccepted => {
                notes.push(Beside::NoteUnreadInQueue { bytes: unread });
            }
            _ => {}
        }
    }
    // Our FIN has a number, too.
    let fin = match id {
        Established | EstablishedNotAccepted | CloseWait | CloseWaitNotAccepted => Some(0),
        FinWait1 | FinWait1Orphan | Closing | ClosingOrphan | LastAck | LastAckOrphan => Some(1),
        _ => None,
    };
    if let Some(bytes) = fin.and_then(|fin| (present.unacknowledged as usize).checked_sub(fin))
        && bytes > 0
    {
        notes.push(Beside::NoteUnsent { bytes });
    }
    if let Some(sock) = present.sock {
        if sock.receiving_shut.is_some() {
            match id {
                Established => notes.push(Beside::NoteReadingShut),
                FinWait1 | FinWait2 => notes.push(Beside::NoteBothShut),
                _ => {}
            }
        }
        if sock.sending_shut.is_some() && matches!(id, Established | CloseWait) {
            notes.push(Beside::NoteWritingShutBefore);
        }
        if let Some((icmp, _)) = sock.noted
            && present.state != State::Close
            && present.state != State::TimeWait
        {
            notes.push(Beside::NoteIcmp { icmp });
        }
    }
    match present.holder {
        Holder::Other => notes.push(Beside::NoteShared),
        Holder::Library => notes.push(Beside::NoteLibrary),
        _ => {}
    }
    notes.iter().map(ToString::to_string).collect()
}

/// Returns the state of which a text is the name alone, as procfs, ss, netstat, macOS or RFC 9293 write it; none for anything else.
pub fn state_named(text: &str) -> Option<State> {
    let plain: String = text
        .trim()
        .chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .collect::<String>()
        .to_ascii_uppercase();
    Some(match plain.as_str() {
        // ss says ESTAB.
        "ESTABLISHED" | "ESTAB" => State::Established,
        "SYNSENT" => State::SynSent,
        // RFC 9293 and macOS say SYN-RECEIVED, SYN_RCVD.
        "SYNRECV" | "SYNRCVD" | "SYNRECEIVED" => State::SynRecv,
        "FINWAIT1" => State::FinWait1,
        "FINWAIT2" => State::FinWait2,
        "TIMEWAIT" => State::TimeWait,
        // ss says UNCONN of it.
        "CLOSE" | "CLOSED" | "UNCONN" => State::Close,
        "CLOSEWAIT" => State::CloseWait,
        "LASTACK" => State::LastAck,
        // Windows says LISTENING.
        "LISTEN" | "LISTENING" => State::Listen,
        "CLOSING" => State::Closing,
        _ => return None,
    })
}

/// The names of states that a column may cut off, with `_` where a tool may write `-`.
const NAMES: [(&str, State); 15] = [
    ("ESTABLISHED", State::Established),
    ("SYN_SENT", State::SynSent),
    ("SYN_RECV", State::SynRecv),
    ("SYN_RCVD", State::SynRecv),
    ("SYN_RECEIVED", State::SynRecv),
    ("FIN_WAIT1", State::FinWait1),
    ("FIN_WAIT_1", State::FinWait1),
    ("FIN_WAIT2", State::FinWait2),
    ("FIN_WAIT_2", State::FinWait2),
    ("TIME_WAIT", State::TimeWait),
    ("CLOSE_WAIT", State::CloseWait),
    ("LAST_ACK", State::LastAck),
    ("LISTEN", State::Listen),
    ("LISTENING", State::Listen),
    ("CLOSING", State::Closing),
];

/// Returns the states of which a text, in capitals, can be the name that a narrow column has cut off: one of `CLOSE_W`, two of `FIN_WAI`.
pub fn states_cut_off(text: &str) -> impl Iterator<Item = State> + '_ {
    const SHORTEST: usize = 5;
    let same = |(a, b): (u8, u8)| a == b || a == b'-' && b == b'_';
    let is_cut = move |name: &str| text.len() < name.len() && text.bytes().zip(name.bytes()).all(same);
    let of = move |state: &State| NAMES.iter().any(|(name, of)| of == state && is_cut(name));
    State::ALL
        .into_iter()
        .filter(move |_| text.len() >= SHORTEST)
        .filter(move |state| of(state))
}

/// Returns the entries of a state, in the table's order. Of CLOSE, what the kernel does not know any more is one.
pub fn of_state(state: State) -> impl Iterator<Item = &'static Entry> {
    ENTRIES
        .iter()
        .filter(move |entry| entry.state.unwrap_or(State::Close) == state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sock::EndCause;

    const HOLDERS: [Holder; 7] = [
        Holder::Descriptor,
        Holder::Other,
        Holder::Library,
        Holder::Listener,
        Holder::Kernel,
        Holder::KernelBesideDescriptor,
        Holder::Nobody,
    ];

    fn present(state: State, holder: Holder, sock: Option<&Sock>) -> Present<'_> {
        Present {
            state,
            holder,
            sock,
            unread: Some(0),
            unacknowledged: 0,
            answered: false,
            backlog: None,
        }
    }

    #[test]
    fn each_entry_has_its_state_and_is_found_by_some_situation() {
        let ended = |by, from| {
            let mut sock = Sock::default();
            sock.changed(from, State::Close, by, 1, 1);
            sock
        };
        let socks = [
            Sock::default(),
            ended(EndCause::Rst, State::Established),
            ended(EndCause::Segment, State::LastAck),
        ];
        let mut found = Vec::new();
        for state in State::ALL {
            for holder in HOLDERS {
                for sock in &socks {
                    for unread in [0, 1, 2] {
                        let present = Present {
                            unread: Some(unread),
                            backlog: Some(1),
                            ..present(state, holder, Some(sock))
                        };
                        let Some(meaning) = of(&present, &Settings::default()) else {
                            continue;
                        };
                        assert_eq!(meaning.state.unwrap_or(State::Close), state, "{meaning:?}");
                        found.push(meaning.id);
                    }
                }
            }
        }
        for entry in ENTRIES {
            assert!(found.contains(&entry.id), "nothing is {}", entry.id);
        }
    }

    /// The sentence about the calls of an end fits a plate, however much waits to be read.
    #[test]
    fn what_an_end_can_do_fits_a_plate() {
        assert!(Beside::ListenAnswered.to_string().len() <= 42);
        let most = [0, 1, 6_291_456].map(Some).into_iter().chain([None]);
        for (entry, queued) in ENTRIES
            .iter()
            .flat_map(|entry| most.clone().map(move |queued| (entry, queued)))
        {
            for read in [entry.read, ReadReply::Eof] {
                let is_listener = entry.state == Some(State::Listen);
                let queued = queued.map(|queued| if is_listener { queued.min(4096) } else { queued });
                let can = entry.can_short(read, entry.write, (queued, Some(4096))).to_string();
                assert!(can.chars().count() <= 42, "{can}");
            }
        }
    }

    /// Who holds a connection by a descriptor finds an entry in each state: whatever a program can look at has a meaning.
    #[test]
    fn each_state_that_a_program_can_hold_has_a_meaning() {
        for state in State::ALL {
            let holders = match state {
                State::TimeWait => [Holder::Kernel, Holder::KernelBesideDescriptor].as_slice(),
                _ => &[Holder::Descriptor, Holder::Other, Holder::Library],
            };
            for holder in holders {
                assert!(
                    of(&present(state, *holder, None), &Settings::default()).is_some(),
                    "{state} {holder:?}"
                );
            }
        }
        assert_eq!(
            of(&present(State::Established, Holder::Kernel, None), &Settings::default()),
            None
        );
    }

    #[test]
    fn the_settings_of_the_host_are_said_where_they_are_known() {
        let told = |settings: Settings| {
            of(&present(State::FinWait2, Holder::Kernel, None), &settings)
                .unwrap()
                .waits_for
        };
        assert_eq!(
            told(Settings::default()),
            "The peer's FIN, for tcp_fin_timeout (60 s by default), or 3.5 retransmission timeouts where they are longer."
        );
        let fin_timeout = Some(1);
        assert_eq!(
            told(Settings {
                fin_timeout,
                ..Settings::default()
            }),
            "The peer's FIN, for 1 s (tcp_fin_timeout), or 3.5 retransmission timeouts where they are longer."
        );
    }

    #[test]
    fn the_fin_is_no_byte_of_the_queue() {
        let queued = |state, unacknowledged| {
            let present = Present {
                unacknowledged,
                ..present(state, Holder::Descriptor, None)
            };
            of(&present, &Settings::default()).unwrap().beside
        };
        assert!(queued(State::FinWait1, 1).is_empty());
        assert!(queued(State::FinWait1, 6)[0].starts_with("5 B are written"));
        assert!(queued(State::CloseWait, 6)[0].starts_with("6 B are written"));
        assert!(queued(State::FinWait2, 0).is_empty());
    }

    #[test]
    fn what_was_shut_down_before_changes_what_calls_do() {
        let mut sock = Sock::default();
        (sock.connected, sock.receiving_shut, sock.sending_shut) = (true, Some(1), Some(1));
        let meaning = of(
            &present(State::Established, Holder::Descriptor, Some(&sock)),
            &Settings::default(),
        )
        .unwrap();
        assert_eq!((meaning.read, meaning.write), (ReadReply::Eof, WriteReply::BrokenPipe));
        assert_eq!(meaning.beside.len(), 2, "{meaning:?}");
        assert!(!meaning.can.contains("A write is taken"), "{meaning:?}");
    }

    #[test]
    fn a_state_is_known_by_the_names_that_tools_give_it() {
        for state in State::ALL {
            assert_eq!(state_named(state.name()), Some(state));
            assert_eq!(state_named(&state.name().to_lowercase().replace('_', "-")), Some(state));
        }
        for (name, state) in [
            ("ESTAB", State::Established),
            ("FIN_WAIT_2", State::FinWait2),
            ("FIN-WAIT-1", State::FinWait1),
            ("SYN_RCVD", State::SynRecv),
            ("SYN-RECEIVED", State::SynRecv),
            ("closed", State::Close),
            ("CLOSE WAIT", State::CloseWait),
            ("LISTENING", State::Listen),
        ] {
            assert_eq!(state_named(name), Some(state), "{name}");
        }
        let cut = |text: &str| states_cut_off(text).collect::<Vec<_>>();
        for (text, states) in [
            ("CLOSE_W", &[State::CloseWait][..]),
            ("CLOSE-WA", &[State::CloseWait]),
            ("ESTABLISHE", &[State::Established]),
            ("SYN-R", &[State::SynRecv]),
            ("LISTE", &[State::Listen]),
            ("FIN_WAI", &[State::FinWait1, State::FinWait2]),
            ("FIN-WAIT-", &[State::FinWait1, State::FinWait2]),
            ("SYN", &[]),
            ("Liste", &[]),
            ("CLOSE_WAIT", &[]),
            ("CLOSE_WX", &[]),
        ] {
            assert_eq!(cut(text), states, "{text}");
        }
        for other in [
            "",
            "WAIT",
            "FIN_WAIT3",
            "ECONNRESET",
            "CLOSE_WAIT: broken pipe",
            "in CLOSE_WAIT",
        ] {
            assert_eq!(state_named(other), None, "{other}");
        }
    }
}
