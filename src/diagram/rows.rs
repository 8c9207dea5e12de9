//! The diagram's rows: made once, as the transcript gains entries, and kept small.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use crate::call::{CallId, SocketId, SocketName, SocketRole};
use crate::hash::QuickMap;
use crate::lab::event::{
    Disposition, PacketRecord, ProcessBorn, ProcessDied, ProgramNews, StateChanged, TransitionCause,
};
use crate::session::transcript::{Entry, EntryKind, Transcript};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::wire::flow::{PacketNo, Retransmission};
use crate::wire::segment::{Flags, Packet, Segment};

/// A pause that is worth a line.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest time between a state and the event that it is put beside.
const TOGETHER: Duration = Duration::from_millis(250);

/// The contents of a row between the edges. Numbers are those of transcript entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowKind {
    /// A call at its end's edge, and its return when nothing lies between.
    Call {
        side: Side,
        id: CallId,
        returned: Option<u64>,
    },
    /// A return that comes later.
    Return { side: Side },
    /// A packet; `connection` counts from 1, `again` the retransmissions of it that are held on the wire or are lost.
    Packet {
        connection: u32,
        no: PacketNo,
        again: u32,
        disposition: Disposition,
    },
    /// Nothing but states at the edges.
    States,
    /// The state of another socket than the one whose states stand beside the edge.
    Named { side: Side },
    /// An endpoint died or was born again.
    Process { side: Side },
    /// A program of the user's own began or ended.
    Program { side: Side },
    /// A system call of a program.
    ProgramCall { side: Side },
    /// Nothing happened for so long.
    Pause(Duration),
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The number of its entry.
    pub no: u64,
    pub at: Duration,
    pub kind: RowKind,
    /// The states beside it.
    pub labels: Ends<Option<State>>,
}

/// Returns the count of repeats of the packet in the newest row of that number; none without such a row.
fn again_of(rows: &mut VecDeque<Row>, head: PacketNo) -> Option<&mut u32> {
    let is_it =
        |row: &Row| matches!(row.kind, RowKind::Packet { no, disposition, .. } if no == head && disposition.is_held());
    let place = rows.iter().rposition(is_it)?;
    match &mut rows[place].kind {
        RowKind::Packet { again, .. } => Some(again),
        _ => None,
    }
}

/// Retransmissions that are held on the wire behind an earlier one of the same.
#[derive(Debug)]
struct Fold {
    /// The packet that they retransmit.
    of: PacketNo,
    /// Each with its entry's number and its connection's, the oldest first.
    behind: VecDeque<(PacketNo, u64, u32)>,
}

/// All rows that there are.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    rows: VecDeque<Row>,
    gone: u64,
    upto: u64,
    last_at: Option<Duration>,
    connections: QuickMap<(SocketAddr, SocketAddr), u32>,
    born: Ends<bool>,
    /// Whether a state of a connection stands beside the edge: a listener's is told from it by its name.
    connected: Ends<bool>,
    /// The folded retransmissions, by the packet that they are behind.
    folds: HashMap<PacketNo, Fold>,
    /// Whether what becomes of a packet has a row of its own, also right below the one where it left.
    apart: bool,
}

/// Did a new SYN take the place of a TIME_WAIT? What follows at that end is of a connection with the same addresses, and not of the old one.
pub(crate) fn replaced_by_syn(change: &StateChanged) -> bool {
    let by_syn = match &change.cause {
        TransitionCause::Received(packet) => packet.flags.is_some_and(|flags| flags.has(Flags::SYN)),
        _ => false,
    };
    by_syn && (change.from, change.to) == (State::TimeWait, State::Close)
}

fn pair(segment: &Segment) -> (SocketAddr, SocketAddr) {
    let (a, b) = (segment.source, segment.destination);
    if a <= b { (a, b) } else { (b, a) }
}

impl Rows {
    /// Returns the rows of a whole transcript; where `apart`, what becomes of a packet always has a row of its own.
    pub fn of(transcript: &Transcript, apart: bool) -> Rows {
        let mut rows = Rows {
            apart,
            ..Rows::default()
        };
        rows.update(transcript, false, |_| true);
        rows
    }

    /// Takes in what the transcript has gained and is shown, and lets go of what it has lost.
    ///
    /// Where `alone` one connection is shown, the states of its sockets stand beside the edges, whatever their numbers.
    pub fn update(&mut self, transcript: &Transcript, alone: bool, is_shown: impl Fn(&Entry) -> bool) {
        for entry in transcript.since(self.upto) {
            self.upto = entry.no;
            if is_shown(entry) {
                self.add(entry, alone);
            }
        }
        let first = transcript.entries().front().map_or(0, |entry| entry.no);
        while self.rows.front().is_some_and(|row| row.no < first) {
            self.rows.pop_front();
            self.gone += 1;
        }
    }

    /// The rows that there are.
    pub fn range(&self) -> Range<u64> {
        self.gone..self.gone + self.rows.len() as u64
    }

    /// All rows, the newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().rev()
    }

    /// The row of that place in the range.
    pub fn get(&self, at: u64) -> Option<&Row> {
        self.rows.get(at.checked_sub(self.gone)? as usize)
    }

    /// The packets that are held on the wire behind that one, as retransmissions of the same.
    pub fn behind(&self, no: PacketNo) -> impl Iterator<Item = PacketNo> {
        let fold = self.folds.get(&no);
        fold.into_iter().flat_map(|fold| fold.behind.iter().map(|(no, ..)| *no))
    }

    /// Does the packet of `row` have an earlier row, where it left its host?
    pub fn left_above(&self, row: &Row, no: PacketNo) -> bool {
        let same = |other: &&Row| matches!(other.kind, RowKind::Packet { no: of, .. } if of == no) && other.no < row.no;
        self.rows.iter().rev().any(|other| same(&other))
    }

    /// The row where a packet left, or what became of it; none when it is on none.
    pub fn row_of(&self, no: PacketNo) -> Option<u64> {
        let place = self
            .rows
            .iter()
            .rposition(|row| matches!(row.kind, RowKind::Packet { no: of, .. } if of == no))?;
        Some(self.gone + place as u64)
    }

    fn push(&mut self, entry: &Entry, kind: RowKind) {
        if let Some(last) = self.last_at {
            let pause = entry.at.saturating_sub(last);
            if pause >= PAUSE {
                self.rows.push_back(Row {
                    no: entry.no,
                    at: entry.at,
                    kind: RowKind::Pause(pause),
                    labels: Ends::default(),
                });
            }
        }
        self.last_at = Some(entry.at);
        self.rows.push_back(Row {
            no: entry.no,
            at: entry.at,
            kind,
            labels: Ends::default(),
        });
    }

    fn add(&mut self, entry: &Entry, alone: bool) {
        match &entry.what {
            EntryKind::Call { began, .. } => self.push(
                entry,
                RowKind::Call {
                    side: began.side,
                    id: began.call,
                    returned: None,
                },
            ),
            EntryKind::Ended(call) if call.outcome().is_some() => {
                // Only states may stand between a call and its return, for both to go on one row.
                let newest = self
                    .rows
                    .iter_mut()
                    .rev()
                    .find(|row| !matches!(row.kind, RowKind::States | RowKind::Named { .. }));
                let begun = newest.and_then(|row| match &mut row.kind {
                    RowKind::Call { id, returned, .. } if *id == call.call() => Some(returned),
                    _ => None,
                });
                match begun {
                    Some(returned) if self.last_at.is_none_or(|last| entry.at.saturating_sub(last) < PAUSE) => {
                        *returned = Some(entry.no);
                        self.last_at = Some(entry.at);
                    }
                    _ => self.push(entry, RowKind::Return { side: call.side() }),
                }
            }
            EntryKind::Packet(record) => {
                self.add_packet(entry, record);
                self.unfold(entry, record);
            }
            EntryKind::State { change, socket, .. } => {
                let StateChanged { side, to, tuple, .. } = change;
                let firsts = [(*side).into(), SocketRole::Listener].map(SocketId::first);
                let main = socket
                    .as_ref()
                    .and_then(SocketName::id)
                    .is_none_or(|id| firsts.contains(&id));
                let is_other = if tuple.is_listener() {
                    self.connected[*side] || !main && !alone
                } else {
                    replaced_by_syn(change) || !main && !alone
                };
                if is_other && socket.is_some() {
                    self.push(entry, RowKind::Named { side: *side });
                    return;
                }
                self.connected[*side] |= !tuple.is_listener();
                let fits = |row: &Row| {
                    row.labels[*side].is_none()
                        && entry.at.saturating_sub(row.at) < TOGETHER
                        && match row.kind {
                            RowKind::Call { side: caller, .. } | RowKind::Return { side: caller } => caller == *side,
                            RowKind::ProgramCall { side: caller } => caller == *side,
                            RowKind::Packet { .. } | RowKind::States => true,
                            RowKind::Named { .. }
                            | RowKind::Process { .. }
                            | RowKind::Program { .. }
                            | RowKind::Pause(_) => false,
                        }
                };
                if !self.rows.back().is_some_and(fits) {
                    self.push(entry, RowKind::States);
                }
                self.last_at = Some(entry.at);
                if let Some(row) = self.rows.back_mut() {
                    row.labels[*side] = Some(*to);
                }
            }
            EntryKind::Born(ProcessBorn { side, .. }) => {
                // The first birth of each is the beginning, not news.
                if std::mem::replace(&mut self.born[*side], true) {
                    self.push(entry, RowKind::Process { side: *side });
                }
            }
            EntryKind::Died(ProcessDied { side, .. }) => self.push(entry, RowKind::Process { side: *side }),
            EntryKind::Program(news) => {
                let side = news.event.side;
                match news.event.what {
                    ProgramNews::Started { .. } | ProgramNews::NotStarted { .. } | ProgramNews::Exited { .. } => {
                        self.push(entry, RowKind::Program { side });
                    }
                    ProgramNews::Output { .. } | ProgramNews::Flooded { .. } | ProgramNews::Gone => {}
                }
            }
            // What it waits in for several sockets is about no connection.
            EntryKind::ProgramCall(call) if call.call.fd.is_some() => {
                self.push(entry, RowKind::ProgramCall { side: call.call.side });
            }
            // The end of the process is drawn.
            EntryKind::Ended(_)
            | EntryKind::Blocked { .. }
            | EntryKind::Syscall(_)
            | EntryKind::ProgramCall(_)
            | EntryKind::Host(_)
            | EntryKind::Runtime(_)
            | EntryKind::Counters { .. }
            | EntryKind::Reason(_)
            | EntryKind::Note { .. }
            | EntryKind::Wire { .. } => {}
        }
    }

    fn add_packet(&mut self, entry: &Entry, record: &PacketRecord) {
        let connection = match &record.packet {
            Packet::Tcp(segment) => {
                let next = self.connections.len() as u32 + 1;
                *self.connections.entry(pair(segment)).or_insert(next)
            }
            Packet::Udp { .. } | Packet::Icmp { .. } | Packet::Other { .. } => 1,
        };
        let no = record.no;
        // What becomes of one on the newest row is shown on that row.
        let newest = self.rows.back_mut();
        if record.waited.is_some()
            && !self.apart
            && let Some(row) = newest
            && let RowKind::Packet {
                no: of,
                disposition,
                again,
                ..
            } = &mut row.kind
            && *of == no
        {
            *disposition = record.disposition;
            // What was behind it gets a row of its own.
            *again = if record.disposition.is_held() { *again } else { 0 };
            row.no = entry.no;
            row.at = entry.at;
            self.last_at = Some(entry.at);
            return;
        }
        // What is discarded has no row of its own: it is folded, or its row says so.
        if record.disposition == Disposition::Discarded {
            if let Some(place) = self.row_of(no).and_then(|at| usize::try_from(at - self.gone).ok())
                && let Some(row) = self.rows.get_mut(place)
                && let RowKind::Packet { disposition, .. } = &mut row.kind
            {
                (*disposition, row.no) = (record.disposition, entry.no);
            }
            return;
        }
        // A retransmission that is held on the wire behind the first, or is lost like it, is folded under it.
        if let (Some(Retransmission::Retransmit { of: Some(of), .. }), None) = (record.seen.again, record.waited) {
            let head = self
                .folds
                .iter()
                .find(|(_, fold)| fold.of == of)
                .map_or(of, |(head, _)| *head);
            let first = self.rows.iter_mut().rev().find_map(|row| match &mut row.kind {
                RowKind::Packet {
                    no, again, disposition, ..
                } if *no == head => Some((again, *disposition)),
                _ => None,
            });
            let waits = |it: Disposition| matches!(it, Disposition::Held | Disposition::Delayed(_));
            let alike = |first: Disposition| {
                (waits(first) && waits(record.disposition))
                    || (first == Disposition::Dropped && record.disposition == Disposition::Dropped)
            };
            if let Some((again, first)) = first
                && alike(first)
            {
                *again += 1;
                if record.disposition.is_held() {
                    let fold = self.folds.entry(head).or_insert(Fold {
                        of,
                        behind: VecDeque::new(),
                    });
                    fold.behind.push_back((no, entry.no, connection));
                }
                return;
            }
        }
        // Its own row already says that it is delayed.
        if record.disposition.is_held() && record.waited.is_some() {
            return;
        }
        let disposition = record.disposition;
        self.push(
            entry,
            RowKind::Packet {
                connection,
                no,
                again: 0,
                disposition,
            },
        );
    }

    /// Brings into sight what was folded behind a packet that has left the wire; forgets one that has left from behind.
    fn unfold(&mut self, entry: &Entry, record: &PacketRecord) {
        if record.disposition.is_held() {
            return;
        }
        for (head, fold) in &mut self.folds {
            let before = fold.behind.len();
            fold.behind.retain(|(no, ..)| *no != record.no);
            let gone = (before - fold.behind.len()) as u32;
            if gone > 0
                && let Some(again) = again_of(&mut self.rows, *head)
            {
                *again = again.saturating_sub(gone);
            }
        }
        let Some(mut fold) = self.folds.remove(&record.no) else {
            return;
        };
        // Where it left its host, it stands alone again.
        if let Some(again) = again_of(&mut self.rows, record.no) {
            *again = 0;
        }
        if let Some((no, at, connection)) = fold.behind.pop_front() {
            let again = fold.behind.len() as u32;
            self.rows.push_back(Row {
                no: at,
                at: entry.at,
                kind: RowKind::Packet {
                    connection,
                    no,
                    again,
                    disposition: Disposition::Held,
                },
                labels: Ends::default(),
            });
            self.folds.insert(no, fold);
        }
    }
}
