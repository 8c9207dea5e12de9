//! What follows a move: what its call returns, and the situations that both ends are in when all is quiet again.
//!
//! One table: [`follows`] for the calls on a connection, [`connects`], [`listens`] and [`accepts`] for those that begin one, [`arrives`] for a
//! held segment that is delivered. Each is a match over the situations of [`MeaningId`]. Where the present does not decide what follows,
//! there is none. The words stand in `assets/explain/moves.toml`. A test presses what is offered in the lab and holds what follows against this.

use serde::Serialize;
use std::fmt;

use finwait_model::call::escape;
use finwait_model::errno::Errno;
use finwait_model::side::Side;
use finwait_model::state::State;
use finwait_wire::segment::Flags;

use super::meaning::{ENTRIES, Entry, MeaningId, ReadReply, WriteReply};
use super::rules::CallClass;
use super::sock::Sock;
use super::text::moves::MoveWords;

/// The effect of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// `listen`, by default
    Listen,
    /// `connect`, by default
    Connect,
    /// `accept`
    Accept,
    /// `read` of so many bytes at the most
    Read(usize),
    /// `write` of so many bytes
    Write(usize),
    /// `shutdown` of writing
    ShutdownWrite,
    /// `close`
    Close,
    /// `close` after SO_LINGER with 0 seconds
    Reset,
    /// The end of a blocked call by a signal.
    Interrupt,
    /// A new process in place of one that is dead.
    Restart,
    /// The delivery of the oldest held segment.
    Deliver,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// Success, with no more to say.
    Done,
    /// A descriptor.
    Descriptor,
    /// A number of bytes.
    Bytes(usize),
    /// The end of the stream.
    Eof,
    /// The kernel takes a number of bytes.
    Taken(usize),
    /// That error.
    Errno(Errno),
    /// Nothing yet: it waits.
    Waits,
}

/// Where an end's connection comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Way {
    /// A state that it passes through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<State>,
    /// The situation in which it is then.
    pub to: MeaningId,
}

impl Way {
    /// To there, by whatever way.
    const fn to(to: MeaningId) -> Way {
        Way { through: None, to }
    }

    /// By LAST_ACK to there.
    const fn last_ack(to: MeaningId) -> Way {
        Way {
            through: Some(State::LastAck),
            to,
        }
    }

    /// The state that tells it best: the one that it passes through, for what ends is in none.
    fn told(&self) -> State {
        let entry = ENTRIES.iter().find(|entry| entry.id == self.to);
        self.through.or_else(|| entry?.state).unwrap_or(State::Close)
    }
}

/// What follows a move, when all is quiet again. What is none is not promised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Follows {
    /// The outcome of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returns: Option<Reply>,
    /// The call that has waited and ends by it: whose, which, and what it returns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wakes: Option<(Side, CallClass, Reply)>,
    /// Where the connection of the end that acts comes to; of a segment, that of the end which it reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub this: Option<Way>,
    /// Where the other end's comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<Way>,
    /// A flag of a segment that this end sends; none for no promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sends: Option<Sends>,
    /// The bytes that a read returns, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<u8>>,
    /// Is what it sends held on the wire?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// The segment that an end sends at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Sends {
    /// One with SYN.
    Syn,
    /// One with FIN.
    Fin,
    /// One with RST.
    Rst,
}

impl Sends {
    /// Its flag.
    pub const fn flag(self) -> Flags {
        match self {
            Sends::Syn => Flags(Flags::SYN.0),
            Sends::Fin => Flags(Flags::FIN.0),
            Sends::Rst => Flags(Flags::RST.0),
        }
    }
}

/// The fate of a segment that is sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It reaches the other host.
    Passes,
    /// It is held, and waits for the user.
    Stops,
    /// That is not known.
    Unsure,
}

/// A call that waits on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// One alone, of that class, which ends as soon as what it waits for is there.
    For(CallClass),
    /// Several, or one with wishes of its own.
    Other,
}

/// The other end, as the words name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherEnd {
    /// One of the two.
    Side(Side),
    /// Whichever it is.
    Peer,
}

impl fmt::Display for OtherEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OtherEnd::Side(side) => side.fmt(f),
            OtherEnd::Peer => f.write_str("peer"),
        }
    }
}

/// The most bytes that are shown of what a read returns.
const SHOWN: usize = 24;

/// One end of a connection, as far as it decides what follows.
#[derive(Clone, Copy, Debug)]
pub struct Party<'a> {
    /// The situation.
    pub id: MeaningId,
    /// The reply of a read.
    pub read: ReadReply,
    /// The reply of a write.
    pub write: WriteReply,
    /// The record of the socket; none of one that was never seen to begin.
    pub sock: Option<&'a Sock>,
    /// The bytes that it has to be read; none where nothing tells.
    pub unread: Option<usize>,
    /// The bytes, or the SYN or FIN, that are not acknowledged.
    pub unacknowledged: bool,
    /// The call that waits on it.
    pub waits: Option<Waiting>,
    /// Does another descriptor hold it, too?
    pub shared: bool,
}

impl Party<'_> {
    fn options(&self) -> super::sock::SockOptions {
        self.sock.map(|sock| sock.options).unwrap_or_default()
    }

    /// Do its calls wait as long as there is reason to?
    fn waits_without_limit(&self) -> bool {
        let options = self.options();
        !options.nonblock && options.rcvtimeo == 0 && options.sndtimeo == 0
    }

    /// The error that the next call is given; none where that is not sure.
    fn waiting_error(&self) -> Option<Errno> {
        let sock = self.sock?;
        let end = sock.end?;
        if !sock.has_error() || end.is_of_handshake() {
            return None;
        }
        match end.from {
            _ if !end.is_by_rst() => None,
            State::CloseWait => Some(Errno::EPIPE),
            State::Established | State::FinWait1 | State::FinWait2 => Some(Errno::ECONNRESET),
            _ => None,
        }
    }
}

/// Returns what follows a call on `this` end's socket. The `peer` is the other end of its connection; none where there is none, or none
/// is known.
pub fn follows(act: Act, side: Side, this: &Party, peer: Option<&Party>, wire: Passage) -> Option<Follows> {
    // One call waits on it: another would wait behind it, or end it.
    if this.waits.is_some() {
        return None;
    }
    match act {
        Act::Read(most) => read(most, this, peer, wire),
        Act::Write(bytes) => write(bytes, side, this, peer, wire),
        Act::ShutdownWrite if this.write == WriteReply::Works => ends(false, side, this, peer?, wire),
        Act::Close => close(side, this, peer, wire),
        Act::Reset if matches!(this.id, MeaningId::Established | MeaningId::CloseWait) && !this.shared => {
            resets(side, this, peer?, wire)
        }
        _ => None,
    }
}

fn read(most: usize, this: &Party, peer: Option<&Party>, wire: Passage) -> Option<Follows> {
    // What was lost is sent again, and may come at any time.
    let may_come = wire != Passage::Stops && peer.is_some_and(|peer| peer.unacknowledged);
    // The kernel hands out nothing beyond an urgent byte.
    if this.sock.is_some_and(|sock| sock.urgent.is_some()) {
        return None;
    }
    let returns = match (this.read, this.unread?) {
        (ReadReply::Works | ReadReply::Eof | ReadReply::Error, unread @ 1..) => Reply::Bytes(unread.min(most)),
        (ReadReply::Works, 0) if may_come => return None,
        (ReadReply::Works, 0) if this.waits_without_limit() => Reply::Waits,
        (ReadReply::Works, 0) if this.options().nonblock => Reply::Errno(Errno::EAGAIN),
        (ReadReply::Eof, 0) => Reply::Eof,
        (ReadReply::Error, 0) => Reply::Errno(this.waiting_error()?),
        _ => return None,
    };
    let this = match this.id {
        MeaningId::CloseError if returns == Reply::Eof => None,
        // The error is taken out of the socket.
        MeaningId::CloseError if matches!(returns, Reply::Errno(_)) => Some(Way::to(MeaningId::CloseEnded)),
        id => Some(Way::to(id)),
    };
    Some(Follows {
        returns: Some(returns),
        this,
        ..Follows::default()
    })
}

fn write(bytes: usize, side: Side, this: &Party, peer: Option<&Party>, wire: Passage) -> Option<Follows> {
    use MeaningId::{CloseError, CloseWait, Established, EstablishedNotAccepted, FinWait2, FinWait2Orphan, Gone};
    let fails = |errno, to| {
        Some(Follows {
            returns: Some(Reply::Errno(errno)),
            this: Some(Way::to(to)),
            ..Follows::default()
        })
    };
    match this.write {
        WriteReply::BrokenPipe if this.id != MeaningId::CloseNew => return fails(Errno::EPIPE, this.id),
        WriteReply::Error => return fails(this.waiting_error()?, MeaningId::CloseEnded),
        WriteReply::Works => {}
        _ => return None,
    }
    if this.unacknowledged {
        return None;
    }
    let taken = Follows {
        returns: Some(Reply::Taken(bytes)),
        this: Some(Way::to(this.id)),
        ..Follows::default()
    };
    let peer_is_full = peer.is_some_and(|peer| peer.unread.is_none_or(|unread| unread > MUCH));
    let peer_shut = peer.is_some_and(|peer| peer.sock.is_some_and(|sock| sock.receiving_shut.is_some()));
    match (wire, this.id, peer.map(|peer| peer.id)) {
        (Passage::Unsure, ..) => None,
        _ if peer_shut => None,
        (Passage::Stops, Established | CloseWait, _) => Some(Follows { held: true, ..taken }),
        (Passage::Passes, Established, Some(Established | EstablishedNotAccepted))
        | (Passage::Passes, CloseWait, Some(FinWait2)) => {
            let peer = peer.filter(|_| !peer_is_full)?;
            let wakes = match peer.waits {
                None => None,
                Some(Waiting::For(CallClass::Read)) => Some((side.other(), CallClass::Read, Reply::Bytes(bytes))),
                Some(_) => return None,
            };
            Some(Follows {
                wakes,
                peer: Some(Way::to(peer.id)),
                ..taken
            })
        }
        // Nobody there could read it: tcp_rcv_state_process answers with RST.
        (Passage::Passes, CloseWait, Some(FinWait2Orphan)) => Some(Follows {
            this: Some(Way::to(CloseError)),
            peer: Some(Way::to(Gone)),
            ..taken
        }),
        _ => None,
    }
}

/// More than so many unread bytes may leave no room for others.
const MUCH: usize = 16 * 1024;

/// The exchange of a FIN: by shutdown of writing, or by the last close, which makes an orphan.
fn ends(is_close: bool, side: Side, this: &Party, peer: &Party, wire: Passage) -> Option<Follows> {
    use MeaningId::{
        CloseEnded, CloseWait, CloseWaitNotAccepted, Established, EstablishedNotAccepted, FinWait1, FinWait1Orphan,
        FinWait2, FinWait2Orphan, Gone, LastAck, LastAckOrphan, TimeWait, TimeWaitHeld,
    };
    if this.unacknowledged || peer.unacknowledged || this.options().linger2.is_some() {
        return None;
    }
    let or_orphan = |held, orphan| if is_close { orphan } else { held };
    let (here, there) = match (wire, this.id, peer.id) {
        (Passage::Passes, Established, Established) => (Way::to(or_orphan(FinWait2, FinWait2Orphan)), CloseWait),
        (Passage::Passes, Established, EstablishedNotAccepted) => {
            (Way::to(or_orphan(FinWait2, FinWait2Orphan)), CloseWaitNotAccepted)
        }
        (Passage::Passes, CloseWait, FinWait2) => (Way::last_ack(or_orphan(CloseEnded, Gone)), TimeWaitHeld),
        (Passage::Passes, CloseWait, FinWait2Orphan) => (Way::last_ack(or_orphan(CloseEnded, Gone)), TimeWait),
        (Passage::Stops, Established, Established | EstablishedNotAccepted) => {
            (Way::to(or_orphan(FinWait1, FinWait1Orphan)), peer.id)
        }
        (Passage::Stops, CloseWait, FinWait2 | FinWait2Orphan) => (Way::to(or_orphan(LastAck, LastAckOrphan)), peer.id),
        _ => return None,
    };
    let wakes = match (wire, peer.waits) {
        (_, None) | (Passage::Stops, _) => None,
        (_, Some(Waiting::For(CallClass::Read))) => Some((side.other(), CallClass::Read, Reply::Eof)),
        (_, Some(_)) => return None,
    };
    Some(Follows {
        returns: Some(Reply::Done),
        wakes,
        this: Some(here),
        peer: Some(Way::to(there)),
        sends: Some(Sends::Fin),
        held: wire == Passage::Stops,
        ..Follows::default()
    })
}

/// The end by RST.
fn resets(side: Side, this: &Party, peer: &Party, wire: Passage) -> Option<Follows> {
    use MeaningId::{CloseError, CloseWait, Established, FinWait2, FinWait2Orphan, Gone};
    if this.unacknowledged || peer.unacknowledged {
        return None;
    }
    let (there, error) = match (wire, peer.id) {
        (Passage::Passes, Established | FinWait2) => (CloseError, Errno::ECONNRESET),
        (Passage::Passes, CloseWait) => (CloseError, Errno::EPIPE),
        (Passage::Passes, FinWait2Orphan) => (Gone, Errno::ECONNRESET),
        (Passage::Stops, id) => (id, Errno::ECONNRESET),
        _ => return None,
    };
    let (there, wakes) = match (wire, peer.waits) {
        (_, None) | (Passage::Stops, _) => (there, None),
        (_, Some(Waiting::For(CallClass::Read))) if peer.id != CloseWait => (
            MeaningId::CloseEnded,
            Some((side.other(), CallClass::Read, Reply::Errno(error))),
        ),
        (_, Some(_)) => return None,
    };
    Some(Follows {
        returns: Some(Reply::Done),
        wakes,
        this: Some(Way::to(Gone)),
        peer: Some(Way::to(there)),
        sends: Some(Sends::Rst),
        held: wire == Passage::Stops,
        ..Follows::default()
    })
}

fn close(side: Side, this: &Party, peer: Option<&Party>, wire: Passage) -> Option<Follows> {
    use MeaningId::{
        CloseEnded, CloseError, CloseNew, CloseWait, Established, FinWait2, FinWait2Orphan, Gone, Listen, TimeWait,
        TimeWaitHeld,
    };
    if this.shared {
        return None;
    }
    // SO_LINGER: RST, or a wait.
    let linger = this.options().linger;
    let quietly = |to| {
        Some(Follows {
            returns: Some(Reply::Done),
            this: Some(Way::to(to)),
            ..Follows::default()
        })
    };
    match this.id {
        CloseEnded | CloseError | CloseNew | Listen => quietly(Gone),
        TimeWaitHeld => quietly(TimeWait),
        _ if linger.is_some_and(|seconds| seconds > 0) => None,
        Established | CloseWait | FinWait2 if linger == Some(0) || this.unread.is_some_and(|unread| unread > 0) => {
            resets(side, this, peer?, wire)
        }
        Established | CloseWait => ends(true, side, this, peer?, wire),
        FinWait2 if this.options().linger2.is_none() => quietly(FinWait2Orphan),
        _ => None,
    }
}

/// The answer that a connect meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A listener with room; does an accept wait there?
    Listener {
        /// An accept waits.
        accepts: bool,
    },
    /// A listener whose queue is full.
    Full,
    /// Nobody.
    Nobody,
}

/// Returns what follows a connect by default of a socket that is new, or as good as new.
pub fn connects(side: Side, target: Target, wire: Passage) -> Option<Follows> {
    use MeaningId::{CloseNew, Established, EstablishedNotAccepted, SynSent};
    let (returns, here) = match (wire, target) {
        (Passage::Unsure, _) => return None,
        (Passage::Stops, _) | (_, Target::Full) => (Reply::Waits, SynSent),
        (_, Target::Listener { .. }) => (Reply::Done, Established),
        (_, Target::Nobody) => (Reply::Errno(Errno::ECONNREFUSED), CloseNew),
    };
    let accepts = target == Target::Listener { accepts: true } && wire == Passage::Passes;
    let there = match target {
        _ if here != Established => None,
        _ if accepts => Some(Way::to(Established)),
        _ => Some(Way::to(EstablishedNotAccepted)),
    };
    Some(Follows {
        returns: Some(returns),
        wakes: accepts.then_some((side.other(), CallClass::Accept, Reply::Descriptor)),
        this: Some(Way::to(here)),
        peer: there,
        sends: Some(Sends::Syn),
        held: wire == Passage::Stops,
        ..Follows::default()
    })
}

/// Returns what follows a listen by default of a socket that is new.
pub fn listens() -> Follows {
    Follows {
        returns: Some(Reply::Done),
        this: Some(Way::to(MeaningId::Listen)),
        ..Follows::default()
    }
}

/// Returns what follows an accept on `listener`; `oldest` is the situation of the connection that it takes out, where that is known.
/// `may_come` says whether a handshake is under way.
pub fn accepts(listener: &Party, oldest: Option<MeaningId>, may_come: bool) -> Option<Follows> {
    use MeaningId::{
        CloseWait, CloseWaitNotAccepted, Established, EstablishedNotAccepted, Listen, ListenFull, ListenQueued,
    };
    if listener.waits.is_some() {
        return None;
    }
    let returns = match listener.id {
        Listen if may_come => return None,
        Listen if listener.waits_without_limit() => Reply::Waits,
        Listen if listener.options().nonblock => Reply::Errno(Errno::EAGAIN),
        ListenQueued | ListenFull => Reply::Descriptor,
        _ => return None,
    };
    let this = match oldest {
        Some(EstablishedNotAccepted) => Some(Way::to(Established)),
        Some(CloseWaitNotAccepted) => Some(Way::to(CloseWait)),
        _ => None,
    };
    Some(Follows {
        returns: Some(returns),
        this: this.filter(|_| returns == Reply::Descriptor),
        ..Follows::default()
    })
}

/// Returns what follows the interruption of a blocked call of `side`.
pub fn interrupts(side: Side, call: CallClass) -> Option<Follows> {
    let returns = match call {
        CallClass::Read | CallClass::Accept | CallClass::Connect | CallClass::Poll => Reply::Errno(Errno::EINTR),
        _ => return None,
    };
    Some(Follows {
        wakes: Some((side, call, returns)),
        ..Follows::default()
    })
}

/// A segment that is held, the oldest, as far as it decides what its delivery leads to. It is in order, and comes for the first time.
#[derive(Clone, Copy, Debug)]
pub struct HeldSegment {
    /// Its flags.
    pub flags: Flags,
    /// The bytes that it carries.
    pub bytes: usize,
    /// Does it acknowledge the FIN of the end that it goes to?
    pub acknowledges_fin: bool,
}

/// Returns what follows the delivery of a segment to `this`, an end of `side`, by the time that all is quiet: its answer is held, too,
/// where `wire` says so.
pub fn arrives(segment: &HeldSegment, side: Side, this: &Party, wire: Passage) -> Option<Follows> {
    use MeaningId::{
        CloseEnded, CloseError, CloseWait, CloseWaitNotAccepted, Closing, ClosingOrphan, Established,
        EstablishedNotAccepted, FinWait1, FinWait1Orphan, FinWait2, FinWait2Orphan, Gone, LastAck, LastAckOrphan,
        Listen, SynRecvRequest, SynSent, TimeWait, TimeWaitHeld,
    };
    if wire != Passage::Stops {
        return None;
    }
    let has = |flag: Flags| segment.flags.has(flag);
    let acked = segment.acknowledges_fin;
    let read = |reply| (CallClass::Read, reply);
    let (to, ends) = if has(Flags::RST) {
        match this.id {
            Established | FinWait1 | FinWait2 => (CloseError, Some(read(Reply::Errno(Errno::ECONNRESET)))),
            FinWait1Orphan | FinWait2Orphan | LastAckOrphan => (Gone, None),
            CloseWait => (CloseError, None),
            SynSent => (
                CloseError,
                Some((CallClass::Connect, Reply::Errno(Errno::ECONNREFUSED))),
            ),
            _ => return None,
        }
    } else if has(Flags::SYN) {
        match this.id {
            Listen if !has(Flags::ACK) => (SynRecvRequest, None),
            SynSent if has(Flags::ACK) => (Established, Some((CallClass::Connect, Reply::Done))),
            _ => return None,
        }
    } else if has(Flags::FIN) && segment.bytes == 0 {
        match this.id {
            Established => (CloseWait, Some(read(Reply::Eof))),
            EstablishedNotAccepted => (CloseWaitNotAccepted, None),
            FinWait1 if acked => (TimeWaitHeld, Some(read(Reply::Eof))),
            FinWait1Orphan if acked => (TimeWait, None),
            FinWait1 => (Closing, Some(read(Reply::Eof))),
            FinWait1Orphan => (ClosingOrphan, None),
            FinWait2 => (TimeWaitHeld, Some(read(Reply::Eof))),
            FinWait2Orphan => (TimeWait, None),
            _ => return None,
        }
    } else if segment.bytes > 0 && !has(Flags::FIN) && !has(Flags::URG) {
        match this.id {
            Established | EstablishedNotAccepted | FinWait2 => (this.id, Some(read(Reply::Bytes(segment.bytes)))),
            _ => return None,
        }
    } else if segment.bytes == 0 && acked && !has(Flags::FIN) {
        match this.id {
            FinWait1 => (FinWait2, None),
            FinWait1Orphan => (FinWait2Orphan, None),
            LastAck => (CloseEnded, None),
            LastAckOrphan => (Gone, None),
            Closing => (TimeWaitHeld, None),
            ClosingOrphan => (TimeWait, None),
            _ => return None,
        }
    } else if segment.bytes == 0 && !has(Flags::FIN) && this.id == SynRecvRequest {
        match this.waits {
            None => (EstablishedNotAccepted, None),
            Some(_) => (Established, Some((CallClass::Accept, Reply::Descriptor))),
        }
    } else {
        return None;
    };
    let wakes = match (this.waits, ends) {
        (None, _) => None,
        (Some(Waiting::For(waits)), Some((class, reply))) if waits == class => Some((side, class, reply)),
        (Some(_), _) => return None,
    };
    // The error is given to the call that waited, and an attempt dissolved.
    let to = match (to, wakes) {
        (CloseError, Some((_, CallClass::Connect, _))) => MeaningId::CloseNew,
        (CloseError, Some(_)) => CloseEnded,
        (to, _) => to,
    };
    let unread = matches!(to, Established | FinWait2) && segment.bytes > 0;
    if unread && this.sock.is_some_and(|sock| sock.receiving_shut.is_some()) {
        return None;
    }
    Some(Follows {
        wakes,
        this: Some(Way::to(to)),
        ..Follows::default()
    })
}

/// A move that a situation allows, where the other end is as usual and segments pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsualMove {
    /// The call.
    pub act: Act,
    /// The situation of the other end.
    pub peer: MeaningId,
    /// What follows.
    pub follows: Follows,
    /// The same in words.
    pub text: String,
}

/// Returns the moves on a connection in that situation, where the other end is in the one that usually goes with it; none where no call
/// reaches it.
pub fn usual(entry: &Entry, acts: &[Act]) -> Vec<UsualMove> {
    use MeaningId::{CloseWait, Established, FinWait2, TimeWaitHeld};
    let peer = match entry.id {
        Established => Established,
        FinWait2 => CloseWait,
        CloseWait => FinWait2,
        TimeWaitHeld => MeaningId::Gone,
        _ => return Vec::new(),
    };
    let party = |entry: &Entry| Party {
        id: entry.id,
        read: entry.read,
        write: entry.write,
        sock: None,
        unread: Some(0),
        unacknowledged: false,
        waits: None,
        shared: false,
    };
    let peers = ENTRIES.iter().find(|known| known.id == peer).map(party);
    let moves = acts.iter().filter_map(|act| {
        // Nothing in it is about one of the two.
        let follows = follows(*act, Side::Client, &party(entry), peers.as_ref(), Passage::Passes)?;
        Some(UsualMove {
            act: *act,
            peer,
            text: follows.words(*act, OtherEnd::Peer, 0),
            follows,
        })
    });
    moves.collect()
}

/// Does the call lead on in that situation, whatever becomes of segments? Others show what does not work, or change nothing.
pub fn leads(act: Act, this: &Party) -> bool {
    use MeaningId::{CloseEnded, CloseError, CloseWait, Established, FinWait2, TimeWaitHeld};
    match act {
        Act::Read(_) => {
            this.id == FinWait2
                || this.unread.is_some_and(|unread| unread > 0)
                || matches!(this.read, ReadReply::Eof | ReadReply::Error)
        }
        Act::Write(_) => this.write == WriteReply::Works,
        Act::ShutdownWrite => this.write == WriteReply::Works && matches!(this.id, Established | CloseWait),
        Act::Close => matches!(
            this.id,
            Established | CloseWait | CloseEnded | CloseError | TimeWaitHeld
        ),
        Act::Listen | Act::Connect | Act::Accept | Act::Reset | Act::Interrupt | Act::Restart | Act::Deliver => false,
    }
}

/// Returns what follows the restart of a dead endpoint.
pub fn restarts() -> Follows {
    Follows::default()
}

impl Follows {
    /// Returns, in words, that a segment reaches an end, where no more is sure.
    pub fn reaches(segment: &'static str, end: OtherEnd) -> String {
        MoveWords::WireReaches {
            segment: segment.to_owned(),
            end,
        }
        .to_string()
    }

    /// Returns, in words, that the end that a segment reaches has no socket of its connection any more.
    pub fn answered() -> String {
        MoveWords::WireAnswered.to_string()
    }

    /// Returns, in words, that a segment of another connection arrives than the one in sight.
    pub fn elsewhere(connection: u32, segment: &'static str) -> String {
        MoveWords::WireElsewhere {
            connection,
            segment: segment.to_owned(),
        }
        .to_string()
    }

    /// Returns, in words, the fate of the SYN of a connect to `end`, where no more is sure.
    pub fn sends_a_syn(wire: Passage, end: OtherEnd) -> String {
        match wire {
            Passage::Stops => MoveWords::OpenSynHeld.to_string(),
            Passage::Passes => Follows::reaches("SYN", end),
            Passage::Unsure => MoveWords::OpenSynSent { end }.to_string(),
        }
    }

    /// Does it show what does not work, or what waits, rather than lead on?
    pub fn fails(&self) -> bool {
        matches!(self.returns, Some(Reply::Errno(_) | Reply::Waits))
    }

    /// Returns it in words. `end` is the one that does not act; of a segment, the one that it reaches. `bytes` are those of the segment,
    /// or those that are not read.
    pub fn words(&self, act: Act, end: OtherEnd, bytes: usize) -> String {
        let held = self.held;
        let state = self.this.map_or(State::Close, |way| way.told());
        let peers = self.peer.map(|way| way.told());
        let words = match (act, self.returns) {
            (Act::Connect, Some(Reply::Errno(error))) => MoveWords::FailsRefused { error },
            (_, Some(Reply::Errno(error))) => MoveWords::FailsError { error },
            (Act::Read(_), Some(Reply::Bytes(bytes))) => {
                match self.data.as_deref().filter(|data| data.len() <= SHOWN) {
                    Some(data) => MoveWords::ReadData { data: escape(data) },
                    None => MoveWords::ReadBytes { bytes },
                }
            }
            (Act::Read(_), Some(Reply::Eof)) => MoveWords::ReadEof,
            (Act::Read(_), _) => MoveWords::ReadWaits,
            (Act::Write(bytes), _) if held => MoveWords::WriteHeld { bytes },
            (Act::Write(bytes), _) if self.wakes.is_some() => MoveWords::WriteWoken { bytes, end },
            (Act::Write(bytes), _) if state == State::Close => MoveWords::WriteReset { bytes },
            (Act::Write(bytes), _) => MoveWords::WriteTaken { bytes, end },
            (Act::Listen, _) => MoveWords::OpenListens,
            (Act::Connect, _) if held => MoveWords::OpenSynHeld,
            (Act::Connect, Some(Reply::Waits)) => MoveWords::OpenConnectWaits,
            (Act::Connect, _) if self.wakes.is_some() => MoveWords::OpenAcceptedAtOnce,
            (Act::Connect, _) => MoveWords::OpenConnected,
            (Act::Accept, Some(Reply::Waits)) => MoveWords::OpenAcceptWaits,
            (Act::Accept, _) if self.this.is_some() => MoveWords::OpenAccepted { state },
            (Act::Accept, _) => MoveWords::OpenAcceptedAny,
            (Act::ShutdownWrite | Act::Close | Act::Reset, _) => match (self.sends, peers) {
                (Some(Sends::Rst), _) if held => MoveWords::EndResetHeld,
                (Some(Sends::Rst), _) if bytes > 0 => MoveWords::EndResetUnread { bytes },
                (Some(Sends::Rst), _) => MoveWords::EndReset { end },
                (Some(_), _) if held => MoveWords::EndFinHeld { state },
                (_, Some(peers)) => MoveWords::EndBoth { state, end, peers },
                (_, None) if state == State::Close => MoveWords::EndGivenBack,
                (_, None) => MoveWords::EndOne { state },
            },
            (Act::Deliver, _) => match self.wakes {
                Some((_, call, _)) => MoveWords::WireEndsACall { peers: state, call },
                None if bytes > 0 => MoveWords::WireArrivesData { bytes, end },
                None => MoveWords::WireArrives { end, peers: state },
            },
            (Act::Interrupt | Act::Restart, _) => match self.wakes {
                Some((_, call, Reply::Errno(error))) => MoveWords::ProcessInterrupted { call, error },
                _ => MoveWords::ProcessRestarted,
            },
        };
        words.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDEST: usize = 34;
    const ACTS: [Act; 5] = [
        Act::Read(1024),
        Act::Write(5),
        Act::ShutdownWrite,
        Act::Close,
        Act::Reset,
    ];

    fn party(entry: &Entry, unread: usize, waits: Option<Waiting>) -> Party<'static> {
        Party {
            id: entry.id,
            read: entry.read,
            write: entry.write,
            sock: None,
            unread: Some(unread),
            unacknowledged: false,
            waits,
            shared: false,
        }
    }

    /// All that can follow a call on a connection.
    fn all() -> Vec<(Act, Follows, usize)> {
        let mut all = Vec::new();
        for (this, peer) in ENTRIES
            .iter()
            .flat_map(|this| ENTRIES.iter().map(move |peer| (this, peer)))
        {
            for wire in [Passage::Passes, Passage::Stops, Passage::Unsure] {
                for unread in [0, 5, 100_000] {
                    for waits in [None, Some(Waiting::For(CallClass::Read)), Some(Waiting::Other)] {
                        let this = party(this, unread, None);
                        let peer = party(peer, 0, waits);
                        let told = ACTS.into_iter().filter_map(|act| {
                            let follows = follows(act, Side::Client, &this, Some(&peer), wire)?;
                            Some((act, follows, unread))
                        });
                        all.extend(told);
                    }
                }
            }
        }
        all
    }

    #[test]
    fn what_follows_is_said_in_few_columns() {
        for (act, follows, unread) in all() {
            let words = follows.words(act, OtherEnd::Side(Side::Server), unread);
            assert!((1..=WIDEST).contains(&words.chars().count()), "{words}: {follows:?}");
        }
    }

    #[test]
    fn something_is_promised_of_each_call() {
        let all = all();
        assert!(
            all.iter()
                .all(|(_, follows, _)| follows.returns.is_some() && follows.this.is_some()
                    || follows.returns == Some(Reply::Eof))
        );
        for act in ACTS {
            assert!(all.iter().any(|(known, ..)| *known == act), "{act:?}");
        }
    }

    /// A call that waits at the other end has its end in the promise, or nothing is promised of what reaches it.
    #[test]
    fn a_call_that_waits_at_the_other_end_is_not_forgotten() {
        let entry = |id| ENTRIES.iter().find(|entry| entry.id == id).unwrap();
        let this = party(entry(MeaningId::Established), 0, None);
        let peer = |waits| party(entry(MeaningId::Established), 0, waits);
        for act in [Act::Write(5), Act::ShutdownWrite, Act::Close, Act::Reset] {
            let told = |waits| follows(act, Side::Client, &this, Some(&peer(waits)), Passage::Passes);
            assert_eq!(told(None).unwrap().wakes, None, "{act:?}");
            let read = told(Some(Waiting::For(CallClass::Read))).unwrap();
            assert!(
                read.wakes
                    .is_some_and(|(side, call, _)| (side, call) == (Side::Server, CallClass::Read))
            );
            assert_eq!(told(Some(Waiting::Other)), None, "{act:?}");
        }
    }
}
