//! The roles of states and segments in the life of a connection: what a screen, a picture or a page has a colour or a shape for.

use crate::state::State;
use crate::wire::segment::{Flags, Packet};

/// The states in the order in which a connection has them: the opening, the end that closes first, the end that is told.
pub const LIFE: [State; 11] = [
    State::Close,
    State::Listen,
    State::SynSent,
    State::SynRecv,
    State::Established,
    State::FinWait1,
    State::FinWait2,
    State::Closing,
    State::TimeWait,
    State::CloseWait,
    State::LastAck,
];

/// The role of a state in the life of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateRole {
    /// No connection: CLOSE.
    Nothing,
    /// Waits for connections: LISTEN.
    Listen,
    /// The handshake is under way: SYN_SENT, SYN_RECV.
    Opening,
    /// Both directions are open.
    Established,
    /// This end has sent FIN, and had not got one by then: FIN_WAIT1, FIN_WAIT2, CLOSING, TIME_WAIT.
    ClosedFirst,
    /// This end has got FIN before it sent its own: CLOSE_WAIT, LAST_ACK.
    WasTold,
}

impl StateRole {
    /// All of them, in the order in which a connection has them.
    pub const ALL: [StateRole; 6] = [
        StateRole::Nothing,
        StateRole::Listen,
        StateRole::Opening,
        StateRole::Established,
        StateRole::ClosedFirst,
        StateRole::WasTold,
    ];

    /// Returns the role of a state.
    pub const fn of(state: State) -> StateRole {
        match state {
            State::Close => StateRole::Nothing,
            State::Listen => StateRole::Listen,
            State::SynSent | State::SynRecv => StateRole::Opening,
            State::Established => StateRole::Established,
            State::FinWait1 | State::FinWait2 | State::Closing | State::TimeWait => StateRole::ClosedFirst,
            State::CloseWait | State::LastAck => StateRole::WasTold,
        }
    }
}

/// The kind of a segment: what it is for in the life of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SegmentKind {
    /// SYN, with or without ACK.
    Syn,
    /// Payload.
    Data,
    /// An acknowledgement and nothing else.
    Ack,
    /// FIN, with or without payload.
    Fin,
    /// RST.
    Reset,
    /// An ICMP message, or what is no TCP segment.
    Other,
}

impl SegmentKind {
    /// All of them.
    pub const ALL: [SegmentKind; 6] = [
        SegmentKind::Syn,
        SegmentKind::Data,
        SegmentKind::Ack,
        SegmentKind::Fin,
        SegmentKind::Reset,
        SegmentKind::Other,
    ];

    /// Returns the kind of a packet.
    pub const fn of(packet: &Packet) -> SegmentKind {
        match packet {
            Packet::Tcp(segment) if segment.flags.has(Flags::RST) => SegmentKind::Reset,
            Packet::Tcp(segment) if segment.flags.has(Flags::SYN) => SegmentKind::Syn,
            Packet::Tcp(segment) if segment.flags.has(Flags::FIN) => SegmentKind::Fin,
            Packet::Tcp(segment) if segment.len > 0 => SegmentKind::Data,
            Packet::Tcp(_) => SegmentKind::Ack,
            _ => SegmentKind::Other,
        }
    }
}
