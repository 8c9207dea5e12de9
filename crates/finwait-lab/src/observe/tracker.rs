//! From tables to transitions: what differs between two readings of a host's table. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use finwait_model::clock::MonoTime;
use finwait_model::hash::QuickMap;
use finwait_model::socket_table::{SocketRow, TimerKind, Tuple};
use finwait_model::state::State;

/// A state change between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// The socket's addresses.
    pub tuple: Tuple,
    /// The inode, before the change or after it: 0 only when no descriptor held it either time.
    pub inode: u64,
    /// The state before; `CLOSE` when it was not in the table.
    pub from: State,
    /// The state after; `CLOSE` when it is gone.
    pub to: State,
    /// A timer that had run out when the table was read.
    pub expired: Option<TimerKind>,
    /// How often it had sent the same again when it was last seen.
    pub retransmits: u32,
    /// The inode of the socket that took its addresses over between the two readings, 0 for one that no descriptor holds; none
    /// when they are free, or still its own.
    pub heir: Option<u64>,
}

/// Several listeners may share an address (SO_REUSEPORT): their inode tells them apart. A connection's addresses are its own,
/// and stay when its inode goes to 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct SocketKey(Tuple, u64);

impl SocketKey {
    const fn of(row: &SocketRow) -> SocketKey {
        SocketKey(
            row.tuple,
            if matches!(row.state, State::Listen) {
                row.inode
            } else {
                0
            },
        )
    }
}

#[derive(Clone, Copy, Debug)]
struct TrackedSocket {
    state: State,
    /// The last one that it had.
    inode: u64,
    /// Does a descriptor hold it?
    held: bool,
    timer: Option<(TimerKind, MonoTime)>,
    retransmits: u32,
    reading: u64,
}

/// The tolerance for the kernel's timer wheel, whose clock ticks every 1 to 10 ms (CONFIG_HZ).
const TICK: Duration = Duration::from_millis(10);

/// A host's table at the last reading.
#[derive(Debug, Default)]
pub struct Tracker {
    seen: QuickMap<SocketKey, TrackedSocket>,
    /// The timers that run, the next to expire first.
    timers: BTreeSet<(MonoTime, SocketKey)>,
    reading: u64,
}

impl Tracker {
    /// Compares the table, as it was at `at`, with the one before, and keeps it.
    pub fn read<'a>(&mut self, at: MonoTime, rows: impl IntoIterator<Item = &'a SocketRow>) -> Vec<StateChange> {
        self.reading += 1;
        let mut changes = Vec::new();
        for row in rows {
            self.see(at, row, &mut changes);
        }
        let Tracker { seen, timers, reading } = self;
        seen.retain(|key, seen| {
            let there = seen.reading == *reading;
            if !there {
                changes.push(gone(key, seen, at));
                forget_timer(timers, key, seen);
            }
            there
        });
        changes
    }

    /// Compares the connection with these addresses, as it was at `at`, with the reading before, and keeps it; without a row it is gone.
    pub fn read_one(&mut self, at: MonoTime, tuple: &Tuple, row: Option<&SocketRow>) -> Vec<StateChange> {
        let mut changes = Vec::new();
        let key = SocketKey(*tuple, 0);
        match row {
            Some(row) => self.see(at, row, &mut changes),
            None => {
                if let Some(seen) = self.seen.remove(&key) {
                    changes.push(gone(&key, &seen, at));
                    forget_timer(&mut self.timers, &key, &seen);
                }
            }
        }
        changes
    }

    /// Compares a row with the one before, and keeps it.
    fn see(&mut self, at: MonoTime, row: &SocketRow, changes: &mut Vec<StateChange>) {
        let timer = row.timer.map(|timer| (timer.kind, at.plus(timer.left)));
        let key = SocketKey::of(row);
        let before = self.seen.get(&key).copied();
        let from = before.map_or(State::Close, |seen| seen.state);
        let reborn = is_reborn(from, row.state);
        // An orphan is still the socket that its descriptor's inode stood for, until the addresses are used again.
        let inode = match before {
            Some(seen) if row.inode == 0 && !reborn => seen.inode,
            _ => row.inode,
        };
        let seen = TrackedSocket {
            state: row.state,
            inode,
            held: row.inode != 0,
            timer,
            retransmits: row.retransmits,
            reading: self.reading,
        };
        if let Some(before) = &before {
            forget_timer(&mut self.timers, &key, before);
        }
        self.timers.extend(timer.map(|(_, at)| (at, key)));
        self.seen.insert(key, seen);
        let change = StateChange {
            tuple: row.tuple,
            inode,
            from,
            to: row.state,
            expired: before.and_then(|seen| expired(&seen, at)),
            retransmits: before.map_or(0, |seen| seen.retransmits),
            heir: None,
        };
        if reborn {
            changes.push(StateChange {
                inode: before.map_or(0, |seen| seen.inode),
                to: State::Close,
                heir: Some(row.inode),
                ..change
            });
            changes.push(StateChange {
                from: State::Close,
                expired: None,
                ..change
            });
        } else if from != row.state {
            changes.push(change);
        }
    }

    /// The connection with these addresses as it was last read: its state, and the inode of the socket while a descriptor holds it.
    pub fn connection(&self, tuple: &Tuple) -> Option<(State, Option<u64>)> {
        let seen = self.seen.get(&SocketKey(*tuple, 0))?;
        Some((seen.state, seen.held.then_some(seen.inode)))
    }

    /// The time at which the next timer of the table expires.
    pub fn next_timer(&self) -> Option<MonoTime> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The connections whose timers should have expired by `now`.
    pub fn overdue(&self, now: MonoTime) -> impl Iterator<Item = Tuple> {
        let due = self.timers.iter().take_while(move |(at, _)| *at <= now);
        due.map(|(_, key)| key.0)
    }
}

/// The end of a socket that was in the table and is not any more.
fn gone(key: &SocketKey, seen: &TrackedSocket, at: MonoTime) -> StateChange {
    StateChange {
        tuple: key.0,
        inode: seen.inode,
        from: seen.state,
        to: State::Close,
        expired: expired(seen, at),
        retransmits: seen.retransmits,
        heir: None,
    }
}

fn forget_timer(timers: &mut BTreeSet<(MonoTime, SocketKey)>, key: &SocketKey, seen: &TrackedSocket) {
    if let Some((_, at)) = seen.timer {
        timers.remove(&(at, *key));
    }
}

/// Do the addresses belong to a new connection, the old one having gone between two readings? RFC 9293, 3.6.1: a SYN may take the
/// place of a TIME_WAIT. SYN_SENT to SYN_RECV is a simultaneous open.
const fn is_reborn(from: State, to: State) -> bool {
    match to {
        State::SynSent => !matches!(from, State::Close | State::SynSent),
        State::SynRecv => !matches!(from, State::Close | State::SynSent | State::SynRecv),
        _ => false,
    }
}

/// A packet that has just reached a host, as far as it decides through which states it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The connection that it is of, or about, the host's own end first; none when it names none.
    pub tuple: Option<Tuple>,
    /// The kind.
    pub what: Arrival,
}

/// The packet that has reached a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// An RST.
    Reset,
    /// Any other segment.
    Segment {
        /// Whether it has ACK.
        acknowledges: bool,
        /// Whether it acknowledges the host's FIN.
        acknowledges_fin: bool,
        /// The peer's FIN has come with it, and all that was sent before that: it is a FIN, or fills the gap before one.
        completes_fin: bool,
        /// Whether it has data that begins before the peer's FIN, and goes on behind it.
        overruns_fin: bool,
    },
    /// An ICMP error, or what we cannot read.
    Other,
}

/// The party that makes a step from one state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The packet that has arrived.
    Packet,
    /// A call of the host's own, which began or ended meanwhile, or the end of its process.
    Call,
}

/// The states between two readings around a packet, in order: `tcp_rcv_state_process` looks at the ACK of a handshake or of our FIN
/// first, then at the FIN; and a call that the packet ended may have closed the socket at once, when it was the last to hold it
/// (`held`). No table has shown them: they follow from the segment, and from what the kernel does with such a one.
pub const fn between(from: State, to: State, what: Arrival, held: bool) -> &'static [State] {
    use State::{Close, CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, SynRecv, SynSent, TimeWait};
    let (acknowledges, acknowledges_fin, completes_fin) = match what {
        // Either ends at once whatever there was.
        Arrival::Reset | Arrival::Other => return &[],
        Arrival::Segment {
            acknowledges,
            acknowledges_fin,
            completes_fin,
            ..
        } => (acknowledges, acknowledges_fin, completes_fin),
    };
    match (from, to) {
        // The ACK of a SYN cookie makes the connection out of nothing, by way of SYN_RECV (`cookie_v4_check`).
        (Close, Established) => &[SynRecv],
        (Close, CloseWait) => &[SynRecv, Established],
        (SynSent | SynRecv, FinWait1 | CloseWait) => &[Established],
        (SynSent | SynRecv, LastAck) => &[Established, CloseWait],
        (Established, LastAck) => &[CloseWait],
        (FinWait1, TimeWait) => &[FinWait2],
        // Data that comes with the ACK of an orphan's FIN is answered with RST: nobody will read it.
        (FinWait1, Close) if acknowledges_fin => &[FinWait2],
        (FinWait1, Close) if held && completes_fin => &[Closing],
        (SynSent | SynRecv, Close) if held && completes_fin => &[Established, CloseWait],
        (SynSent | SynRecv, Close) if held && acknowledges => &[Established],
        (Established, Close) if completes_fin => &[CloseWait],
        _ => &[],
    }
}

/// The state between two readings, a FIN having left meanwhile: the call that sent it led there, and another ended it at once.
pub const fn after_fin(from: State, to: State) -> Option<State> {
    match (from, to) {
        (State::Established | State::SynRecv, State::Close) => Some(State::FinWait1),
        (State::CloseWait, State::Close) => Some(State::LastAck),
        _ => None,
    }
}

/// The party that makes that single step, a packet having just arrived. `held` says that a waiting call is the last to hold the socket.
pub const fn maker(from: State, to: State, what: Arrival, held: bool) -> Actor {
    use State::{
        Close, CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
    };
    let by_packet = match (from, to) {
        (_, FinWait1 | SynSent | Listen) | (Listen, _) | (CloseWait, LastAck) => false,
        (from, Close) => match (what, from) {
            (Arrival::Reset | Arrival::Other, _) => true,
            // No segment but RST ends these. Those may be ended by data that nobody will read, and by a queue that is full.
            (Arrival::Segment { .. }, SynSent | Established) => false,
            (Arrival::Segment { acknowledges_fin, .. }, LastAck) => acknowledges_fin || !held,
            (Arrival::Segment { overruns_fin, .. }, CloseWait | Closing) => overruns_fin || !held,
            (Arrival::Segment { .. }, SynRecv | FinWait1 | FinWait2) => !held,
            (Arrival::Segment { .. }, TimeWait | Close | Listen) => true,
        },
        _ => true,
    };
    if by_packet { Actor::Packet } else { Actor::Call }
}

fn expired(seen: &TrackedSocket, at: MonoTime) -> Option<TimerKind> {
    seen.timer
        .filter(|(_, due)| *due <= at.plus(TICK))
        .map(|(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use finwait_model::socket_table::Timer;

    fn row(state: State, inode: u64, timer: Option<(TimerKind, u64)>) -> SocketRow {
        SocketRow {
            tuple: Tuple {
                local: "10.0.0.1:1000".parse().unwrap(),
                peer: "10.0.0.2:8080".parse().unwrap(),
            },
            state,
            rx_queue: 0,
            tx_queue: 0,
            timer: timer.map(|(kind, ms)| Timer {
                kind,
                left: Duration::from_millis(ms),
            }),
            retransmits: 0,
            inode,
            info: None,
        }
    }

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_socket_that_appears_came_from_close_and_one_that_goes_went_there() {
        let mut tracker = Tracker::default();
        let changes = tracker.read(MonoTime(S), &[row(State::SynSent, 7, None)]);
        assert_eq!(
            (changes[0].from, changes[0].to, changes[0].inode),
            (State::Close, State::SynSent, 7)
        );
        assert!(
            tracker
                .read(MonoTime(2 * S), &[row(State::SynSent, 7, None)])
                .is_empty()
        );
        let changes = tracker.read(MonoTime(3 * S), &[]);
        assert_eq!(
            (changes[0].from, changes[0].to, changes[0].inode),
            (State::SynSent, State::Close, 7)
        );
    }

    #[test]
    fn an_orphan_keeps_the_inode_that_it_had() {
        let mut tracker = Tracker::default();
        tracker.read(MonoTime(S), &[row(State::Established, 7, None)]);
        let changes = tracker.read(MonoTime(2 * S), &[row(State::FinWait1, 0, None)]);
        assert_eq!(changes[0].inode, 7);
    }

    #[test]
    fn a_syn_that_takes_the_place_of_a_time_wait_begins_another_connection() {
        let mut tracker = Tracker::default();
        tracker.read(MonoTime(S), &[row(State::Established, 7, None)]);
        tracker.read(MonoTime(2 * S), &[row(State::TimeWait, 0, None)]);
        let changes = tracker.read(MonoTime(3 * S), &[row(State::SynRecv, 0, None)]);
        let steps: Vec<_> = changes
            .iter()
            .map(|change| (change.inode, change.from, change.to))
            .collect();
        assert_eq!(
            steps,
            [(7, State::TimeWait, State::Close), (0, State::Close, State::SynRecv)]
        );
        assert_eq!([changes[0].heir, changes[1].heir], [Some(0), None]);
    }

    #[test]
    fn a_connect_that_takes_addresses_over_is_the_heir() {
        let mut tracker = Tracker::default();
        tracker.read(MonoTime(S), &[row(State::Established, 7, None)]);
        tracker.read(MonoTime(2 * S), &[row(State::FinWait2, 0, None)]);
        let changes = tracker.read(MonoTime(3 * S), &[row(State::SynSent, 8, None)]);
        assert_eq!((changes[0].inode, changes[0].heir), (7, Some(8)));
        assert_eq!((changes[1].inode, changes[1].heir), (8, None));
    }

    const PLAIN: Arrival = Arrival::Segment {
        acknowledges: true,
        acknowledges_fin: false,
        completes_fin: false,
        overruns_fin: false,
    };
    const FIN: Arrival = Arrival::Segment {
        acknowledges: true,
        acknowledges_fin: false,
        completes_fin: true,
        overruns_fin: false,
    };
    const ACK_OF_FIN: Arrival = Arrival::Segment {
        acknowledges: true,
        acknowledges_fin: true,
        completes_fin: false,
        overruns_fin: false,
    };

    /// Each step with its maker.
    fn steps(from: State, to: State, what: Arrival, held: bool) -> Vec<(State, Actor)> {
        let states = between(from, to, what, held).iter().chain([&to]);
        let mut from = from;
        states
            .map(|to| (*to, maker(std::mem::replace(&mut from, *to), *to, what, held)))
            .collect()
    }

    #[test]
    fn a_call_that_the_packet_ends_closes_what_it_was_the_last_to_hold() {
        use Actor::{Call, Packet};
        use State::*;
        assert_eq!(
            steps(Established, Close, FIN, true),
            [(CloseWait, Packet), (Close, Call)]
        );
        assert_eq!(steps(Established, Close, PLAIN, true), [(Close, Call)]);
        assert_eq!(steps(Established, Close, Arrival::Reset, true), [(Close, Packet)]);
        assert_eq!(
            steps(SynSent, Close, PLAIN, true),
            [(Established, Packet), (Close, Call)]
        );
        assert_eq!(steps(SynSent, Close, Arrival::Other, true), [(Close, Packet)]);
        assert_eq!(steps(FinWait1, Close, FIN, true), [(Closing, Packet), (Close, Call)]);
        assert_eq!(
            steps(FinWait1, Close, ACK_OF_FIN, true),
            [(FinWait2, Packet), (Close, Call)]
        );
        assert_eq!(
            steps(SynSent, FinWait1, PLAIN, true),
            [(Established, Packet), (FinWait1, Call)]
        );
    }

    #[test]
    fn who_has_sent_a_fin_was_in_the_state_that_it_leads_to() {
        use State::*;
        assert_eq!(after_fin(Established, Close), Some(FinWait1));
        assert_eq!(after_fin(CloseWait, Close), Some(LastAck));
        assert_eq!(after_fin(Established, FinWait1), None);
    }

    #[test]
    fn what_nobody_holds_is_ended_by_packets() {
        use Actor::Packet;
        use State::*;
        assert_eq!(
            steps(FinWait1, Close, ACK_OF_FIN, false),
            [(FinWait2, Packet), (Close, Packet)]
        );
        assert_eq!(steps(FinWait1, Close, PLAIN, false), [(Close, Packet)]);
        assert_eq!(steps(LastAck, Close, ACK_OF_FIN, true), [(Close, Packet)]);
        assert_eq!(steps(SynRecv, Close, PLAIN, false), [(Close, Packet)]);
        let over = Arrival::Segment {
            acknowledges: true,
            acknowledges_fin: false,
            completes_fin: false,
            overruns_fin: true,
        };
        assert_eq!(steps(CloseWait, Close, over, true), [(Close, Packet)]);
        assert_eq!(steps(CloseWait, Close, PLAIN, true), [(Close, Actor::Call)]);
    }

    #[test]
    fn a_timer_that_has_run_out_is_named() {
        let mut tracker = Tracker::default();
        tracker.read(
            MonoTime(S),
            &[row(State::TimeWait, 0, Some((TimerKind::TimeWait, 60_000)))],
        );
        assert_eq!(tracker.next_timer(), Some(MonoTime(61 * S)));
        let changes = tracker.read(MonoTime(61 * S), &[]);
        assert_eq!(changes[0].expired, Some(TimerKind::TimeWait));

        tracker.read(
            MonoTime(70 * S),
            &[row(State::TimeWait, 0, Some((TimerKind::TimeWait, 60_000)))],
        );
        let early = tracker.read(MonoTime(71 * S), &[]);
        assert_eq!(early[0].expired, None, "60 s had not passed");
    }
}
