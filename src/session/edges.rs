//! The edges of the state diagram, and which of them a run has taken.
//!
//! The table is RFC 9293's figure 5 (3.3.2) with its notes, and what Linux takes besides: the way to CLOSE that the figure leaves out
//! for legibility (note 3). A connection that came through a listener is a socket of its own on Linux, born in SYN_RECV: its way from
//! CLOSE to SYN_RECV is the figure's from LISTEN, and the listener stays where it is.

use crate::call::StateEffect;
use crate::side::{Ends, Side};
use crate::state::State;

use super::transcript::{Entry, EntryKind, Transcript};
use crate::lab::event::{ProgramCause, ProgramDeed, ReceivedPacket, StateChanged, TransitionCause};
use crate::wire::segment::Flags;

/// The reason why an edge is in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeOrigin {
    /// The RFC has it, and Linux takes it.
    Figure,
    /// The RFC has it, and Linux never takes it.
    OnlyFigure,
    /// The figure leaves it out: to CLOSE by RST, abort or timeout.
    Abort,
}

/// A way from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The state that it leads from.
    pub from: State,
    /// The state that it leads to.
    pub to: State,
    /// The event, and what is sent then: `close / snd FIN`.
    pub event: &'static str,
    /// The reason why it is in the table.
    pub source: EdgeOrigin,
}

const fn edge(from: State, to: State, event: &'static str) -> Edge {
    let source = EdgeOrigin::Figure;
    Edge {
        from,
        to,
        event,
        source,
    }
}

const fn never(from: State, to: State, event: &'static str) -> Edge {
    Edge {
        source: EdgeOrigin::OnlyFigure,
        ..edge(from, to, event)
    }
}

const fn abort(from: State, event: &'static str) -> Edge {
    Edge {
        source: EdgeOrigin::Abort,
        ..edge(from, State::Close, event)
    }
}

/// Every edge, in the order of a connection's life.
pub static EDGES: [Edge; 30] = {
    use State::*;
    [
        // 3.10.1, OPEN: passive is listen(), active is connect().
        edge(Close, Listen, "passive open"),
        edge(Close, SynSent, "active open / snd SYN"),
        // 3.10.4, CLOSE: nothing has been said yet, and nothing is.
        edge(Listen, Close, "close"),
        edge(SynSent, Close, "close"),
        // 3.10.7.2: on Linux to a new socket.
        edge(Listen, SynRecv, "rcv SYN / snd SYN,ACK"),
        // 3.10.2, SEND: on Linux, send() on a listener is EPIPE, and connect() EISCONN.
        never(Listen, SynSent, "send / snd SYN"),
        // 3.10.7.4, and the figure's note 1: on Linux the new socket goes, and the listener has never left.
        edge(SynRecv, Listen, "rcv RST"),
        // 3.5, simultaneous open.
        edge(SynSent, SynRecv, "rcv SYN / snd SYN,ACK"),
        // 3.10.7.4, the ACK field.
        edge(SynRecv, Established, "rcv ACK of SYN"),
        // 3.10.7.3.
        edge(SynSent, Established, "rcv SYN,ACK / snd ACK"),
        // 3.10.4: on Linux by a socket that has itself connected, in a simultaneous open.
        edge(SynRecv, FinWait1, "close / snd FIN"),
        edge(Established, FinWait1, "close / snd FIN"),
        // 3.10.7.4, the FIN bit.
        edge(Established, CloseWait, "rcv FIN / snd ACK"),
        // 3.6, the one that closes first.
        edge(FinWait1, FinWait2, "rcv ACK of FIN"),
        edge(FinWait2, TimeWait, "rcv FIN / snd ACK"),
        // The figure's note 2: Linux looks at the ACK first, and passes through FIN_WAIT2 (`tcp_rcv_state_process`).
        never(FinWait1, TimeWait, "rcv FIN,ACK / snd ACK"),
        // 3.6, simultaneous close.
        edge(FinWait1, Closing, "rcv FIN / snd ACK"),
        edge(Closing, TimeWait, "rcv ACK of FIN"),
        // 3.10.8.
        edge(TimeWait, Close, "timeout 2MSL"),
        // 3.6, the one that closes second.
        edge(CloseWait, LastAck, "close / snd FIN"),
        edge(LastAck, Close, "rcv ACK of FIN"),
        // 3.10.7.3, 3.10.7.4: a RST comes. 3.10.5, ABORT: one is sent. 3.10.8: the peer has not answered for too long.
        abort(SynSent, "rcv RST or timeout"),
        abort(SynRecv, "RST or timeout"),
        abort(Established, "RST or timeout"),
        abort(FinWait1, "RST or timeout"),
        // Also `tcp_fin_timeout`, when nobody holds the socket; a connect may take its place then (`tcp_twsk_unique`).
        abort(FinWait2, "RST, timeout or new SYN"),
        abort(Closing, "RST or timeout"),
        // 3.6.1: a new SYN may take its place.
        abort(TimeWait, "rcv RST or new SYN"),
        abort(CloseWait, "RST or timeout"),
        abort(LastAck, "RST or timeout"),
    ]
};

/// The figure's edge between two states, by its place in [`EDGES`].
pub fn between(from: State, to: State) -> Option<usize> {
    EDGES
        .iter()
        .position(|edge| edge.source != EdgeOrigin::Abort && (edge.from, edge.to) == (from, to))
}

/// The edge that leads from a state to CLOSE by RST, abort or timeout.
pub fn aborted(from: State) -> Option<usize> {
    EDGES
        .iter()
        .position(|edge| edge.source == EdgeOrigin::Abort && edge.from == from)
}

/// The edges that leave a state and can be taken.
pub fn leaving(state: State) -> impl Iterator<Item = usize> {
    (0..EDGES.len()).filter(move |&place| EDGES[place].from == state && EDGES[place].source != EdgeOrigin::OnlyFigure)
}

/// Returns the number of edges that can be taken.
pub fn possible() -> usize {
    EDGES
        .iter()
        .filter(|edge| edge.source != EdgeOrigin::OnlyFigure)
        .count()
}

/// A change of state, and the edge that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenEdge {
    /// The number of the transcript's entry.
    pub no: u64,
    /// The end whose socket took it.
    pub side: Side,
    /// The state before; for a connection through a listener, LISTEN.
    pub from: State,
    /// The state after.
    pub to: State,
    /// The place in [`EDGES`]; none when it is no single edge.
    pub edge: Option<usize>,
    /// The cause, in words.
    pub cause: String,
}

impl TakenEdge {
    /// Returns it in one line, the longest wording first: `client ESTABLISHED -> FIN_WAIT1: close / snd FIN   caused by shutdown`; at
    /// last without the event and the cause.
    pub fn words(&self) -> [String; 3] {
        let event = self
            .edge
            .map_or("not one edge, several at once", |edge| EDGES[edge].event);
        // What came, without what was sent then.
        let short = event.split(" / ").next().unwrap_or(event);
        let TakenEdge {
            side, from, to, cause, ..
        } = self;
        [
            format!("{side} {from} -> {to}: {event}   caused by {cause}"),
            format!("{side} {from} -> {to}: {short}   caused by {cause}"),
            format!("{side} {from} -> {to}"),
        ]
    }
}

/// The edges that a run has taken, by which end, how often, and which was the last.
#[derive(Debug, Default)]
pub struct Coverage {
    upto: u64,
    wired: bool,
    taken: [Ends<u32>; EDGES.len()],
    other: u32,
    last: Option<TakenEdge>,
}

impl Coverage {
    /// Takes in what the transcript has gained. What it loses stays counted.
    pub fn update(&mut self, transcript: &Transcript) {
        for entry in transcript.since(self.upto) {
            self.upto = entry.no;
            self.add(entry);
        }
    }

    fn add(&mut self, entry: &Entry) {
        self.wired |= matches!(entry.what, EntryKind::Packet { .. });
        let EntryKind::State { change, socket, .. } = &entry.what else {
            return;
        };
        let StateChanged {
            side,
            from,
            to,
            ref cause,
            ..
        } = *change;
        let edge = self.edge(from, to, socket.is_some(), cause);
        match edge {
            Some(edge) => self.taken[edge][side] += 1,
            None => self.other += 1,
        }
        self.last = Some(TakenEdge {
            no: entry.no,
            side,
            from: edge.map_or(from, |edge| EDGES[edge].from),
            to: edge.map_or(to, |edge| EDGES[edge].to),
            edge,
            cause: cause.words(from),
        });
    }

    /// The edge that a change is. A socket without a name is one that waits in a listener's queue.
    fn edge(&self, from: State, to: State, named: bool, cause: &TransitionCause) -> Option<usize> {
        use State::{Close, CloseWait, LastAck, Listen, SynRecv, SynSent, TimeWait};
        let reset = matches!(cause, TransitionCause::Received(ReceivedPacket { flags: Some(flags), .. }) if flags.has(Flags::RST));
        let received = matches!(cause, TransitionCause::Received(_));
        let timed_out = matches!(cause, TransitionCause::Timer(_));
        let called = matches!(
            cause,
            TransitionCause::Call(_)
                | TransitionCause::Release(_)
                | TransitionCause::Program(_)
                | TransitionCause::UnseenProcess { .. }
                | TransitionCause::Death
        );
        let edge = match (from, to) {
            (Close, SynRecv) => between(Listen, SynRecv),
            (SynRecv, Close) if reset && !named => between(SynRecv, Listen),
            // Two edges have the same ends: the cause decides which.
            (SynSent, Close) if received || timed_out => aborted(from),
            (LastAck, Close) if reset || timed_out || called => aborted(from),
            (TimeWait, Close) if received || called => aborted(from),
            // Where no segments are seen, a close may have led through LAST_ACK.
            (CloseWait, Close) if !self.wired && !resets(cause) => None,
            _ => between(from, to).or_else(|| aborted(from).filter(|_| to == Close)),
        };
        edge.filter(|&edge| EDGES[edge].source != EdgeOrigin::OnlyFigure)
    }

    /// Returns how often an edge was taken, by each end.
    pub fn taken(&self, edge: usize) -> Ends<u32> {
        self.taken.get(edge).copied().unwrap_or_default()
    }

    /// Was an edge taken?
    pub fn seen(&self, edge: usize) -> bool {
        let taken = self.taken(edge);
        taken.client + taken.server > 0
    }

    /// Returns how many of the [`possible`] edges were taken.
    pub fn count(&self) -> usize {
        (0..EDGES.len()).filter(|&edge| self.seen(edge)).count()
    }

    /// Returns how many changes were no single edge, as where several happened between two looks at the table.
    pub const fn other(&self) -> u32 {
        self.other
    }

    /// The last change.
    pub const fn last(&self) -> Option<&TakenEdge> {
        self.last.as_ref()
    }

    /// Was any edge from or to that state taken?
    pub fn visited(&self, state: State) -> bool {
        (0..EDGES.len()).any(|edge| self.seen(edge) && (EDGES[edge].from == state || EDGES[edge].to == state))
    }
}

/// Does a cause say of itself that it is an abort?
fn resets(cause: &TransitionCause) -> bool {
    match cause {
        TransitionCause::Call(by) | TransitionCause::Release(by) | TransitionCause::PeerCall { by, .. } => {
            by.name.spec().effect == StateEffect::Aborts
        }
        TransitionCause::Received(_)
        | TransitionCause::Sent(_)
        | TransitionCause::Timer(_)
        | TransitionCause::Destroyed => true,
        TransitionCause::Program(ProgramCause { by, .. }) => {
            matches!(by, ProgramDeed::Abort | ProgramDeed::Disconnect)
        }
        TransitionCause::UnseenProcess { sent } => sent.is_some_and(|sent| sent.flags.has(Flags::RST)),
        TransitionCause::Death
        | TransitionCause::PeerDeath { .. }
        | TransitionCause::Library
        | TransitionCause::Unseen => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallId, CallKind, SocketName};
    use crate::clock::MonoTime;
    use crate::lab::event::{NamedCall, Witness};
    use crate::socket_table::{TimerKind, Tuple};
    use proptest::prelude::*;

    fn call(name: CallKind) -> TransitionCause {
        TransitionCause::Call(NamedCall { call: CallId(1), name })
    }

    fn received(flags: u16) -> TransitionCause {
        TransitionCause::Received(ReceivedPacket {
            packet_no: crate::wire::flow::PacketNo(1),
            flags: Some(Flags(flags)),
        })
    }

    fn change(side: Side, named: bool, from: State, to: State, cause: TransitionCause) -> EntryKind {
        EntryKind::State {
            change: StateChanged {
                side,
                tuple: Tuple {
                    local: "10.0.0.1:1000".parse().unwrap(),
                    peer: "10.0.0.2:8080".parse().unwrap(),
                },
                inode: 0,
                from,
                to,
                cause,
                witness: Witness::Table,
            },
            socket: SocketName::new("client").filter(|_| named),
            called: None,
        }
    }

    /// The edge of one change, as its event.
    fn event(named: bool, from: State, to: State, cause: TransitionCause) -> &'static str {
        let mut transcript = Transcript::new(MonoTime(0));
        transcript.push(MonoTime(0), change(Side::Client, named, from, to, cause));
        let mut coverage = Coverage::default();
        coverage.update(&transcript);
        coverage
            .last()
            .and_then(|taken| taken.edge)
            .map_or("other", |edge| EDGES[edge].event)
    }

    #[test]
    fn every_state_has_a_way_in_and_a_way_out_and_no_edge_stands_twice() {
        for state in State::ALL {
            assert!(EDGES.iter().any(|edge| edge.to == state), "{state}");
            assert!(leaving(state).next().is_some(), "{state}");
        }
        for (i, a) in EDGES.iter().enumerate() {
            assert!(a.from != a.to);
            assert!(
                EDGES[i + 1..].iter().all(|b| (a.from, a.to) != (b.from, b.to)
                    || (a.source == EdgeOrigin::Abort) != (b.source == EdgeOrigin::Abort)),
                "{a:?}"
            );
        }
        assert_eq!(possible(), 28);
    }

    #[test]
    fn the_cause_tells_two_edges_with_the_same_ends_apart() {
        use State::*;
        assert_eq!(event(true, SynSent, Close, call(CallKind::Close)), "close");
        assert_eq!(event(true, SynSent, Close, received(0x14)), "rcv RST or timeout");
        assert_eq!(
            event(true, SynSent, Close, TransitionCause::Timer(TimerKind::Retransmit)),
            "rcv RST or timeout"
        );
        assert_eq!(event(true, LastAck, Close, received(0x10)), "rcv ACK of FIN");
        assert_eq!(event(true, LastAck, Close, received(0x04)), "RST or timeout");
        assert_eq!(
            event(true, TimeWait, Close, TransitionCause::Timer(TimerKind::TimeWait)),
            "timeout 2MSL"
        );
        assert_eq!(event(true, TimeWait, Close, received(0x02)), "rcv RST or new SYN");
    }

    #[test]
    fn a_connection_through_a_listener_comes_from_listen_and_a_reset_puts_it_back() {
        use State::*;
        assert_eq!(event(false, Close, SynRecv, received(0x02)), "rcv SYN / snd SYN,ACK");
        assert_eq!(event(false, SynRecv, Close, received(0x04)), "rcv RST");
        // In a simultaneous open there is no listener to go back to.
        assert_eq!(event(true, SynRecv, Close, received(0x04)), "RST or timeout");
    }

    #[test]
    fn what_the_loopback_lab_skips_is_no_edge() {
        use State::*;
        assert_eq!(event(true, Close, Established, call(CallKind::Connect)), "other");
        assert_eq!(event(true, CloseWait, Close, call(CallKind::Close)), "other");
        assert_eq!(
            event(true, CloseWait, Close, call(CallKind::RstClose)),
            "RST or timeout"
        );
        // Linux takes them one after the other; where only the ends are seen, which way it went is not known.
        assert_eq!(event(true, FinWait1, TimeWait, TransitionCause::Unseen), "other");
    }

    #[test]
    fn the_last_edge_is_named_with_its_cause() {
        let mut transcript = Transcript::new(MonoTime(0));
        let (from, to) = (State::Established, State::FinWait1);
        transcript.push(
            MonoTime(0),
            change(Side::Client, true, from, to, call(CallKind::Shutdown)),
        );
        let mut coverage = Coverage::default();
        coverage.update(&transcript);
        let last = coverage.last().unwrap();
        assert_eq!(
            last.words(),
            [
                "client ESTABLISHED -> FIN_WAIT1: close / snd FIN   caused by shutdown",
                "client ESTABLISHED -> FIN_WAIT1: close   caused by shutdown",
                "client ESTABLISHED -> FIN_WAIT1"
            ]
        );
        assert_eq!(last.no, 1);
    }

    fn reason() -> impl Strategy<Value = TransitionCause> {
        prop_oneof![
            proptest::sample::select(vec![CallKind::Close, CallKind::RstClose, CallKind::Connect]).prop_map(call),
            (0..64_u16).prop_map(received),
            Just(TransitionCause::Timer(TimerKind::Retransmit)),
            Just(TransitionCause::Death),
            Just(TransitionCause::Unseen),
        ]
    }

    proptest! {
        #[test]
        fn no_change_is_lost_and_coverage_never_exceeds_what_is_possible(
            changes in proptest::collection::vec(
                (any::<bool>(), any::<bool>(), 0..11_usize, 0..11_usize, reason()),
                0..300,
            ),
        ) {
            let mut transcript = Transcript::new(MonoTime(0));
            let mut coverage = Coverage::default();
            for (n, (client, named, from, to, cause)) in changes.iter().enumerate() {
                let side = if *client { Side::Client } else { Side::Server };
                let (from, to) = (State::ALL[*from], State::ALL[*to]);
                transcript.push(MonoTime(0), change(side, *named, from, to, cause.clone()));
                // All at once or one by one is the same.
                if n % 3 == 0 {
                    coverage.update(&transcript);
                }
            }
            coverage.update(&transcript);
            let known: u32 = (0..EDGES.len())
                .map(|edge| coverage.taken(edge))
                .map(|taken| taken.client + taken.server)
                .sum();
            prop_assert_eq!(known + coverage.other(), changes.len() as u32);
            prop_assert!(coverage.count() <= possible());
            prop_assert_eq!(coverage.last().map(|taken| taken.no), (!changes.is_empty()).then_some(changes.len() as u64));
        }
    }
}
