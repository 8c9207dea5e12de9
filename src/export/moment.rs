//! The moments of a run, which a reader steps through: what happened together, and both ends as the kernel had them then.

use std::sync::Arc;
use std::time::Duration;

use crate::call::CallId;
use crate::clock::{MonoTime, human};
use crate::explain::direction::Direction;
use crate::explain::role::Role;
use crate::lab::event::{LabEvent, ObservedSocket, StateChanged, TimedEvent, TransitionCause};
use crate::session::now::{FittedSentence, Pipe, Plate, TABS, Tab};
use crate::session::transcript::{Entry, EntryKind};
use crate::session::view::{HeldBy, SocketView};
use crate::session::{Session, SessionInput};
use crate::side::{Ends, Side};
use crate::socket_table::{SocketRow, Tuple};
use crate::state::State;

/// The longest time between a change of state and what it is told with.
const TOGETHER: Duration = Duration::from_millis(250);

/// What happened together: a call with its return, or a packet, with the changes of state that came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// The time since the beginning of the run.
    pub at: Duration,
    /// The first entry of the transcript that belongs to it.
    pub first: u64,
    /// The last one; less than the first where a command led to none.
    pub last: u64,
    /// The commands before it, by their place in the story.
    pub commands: Vec<usize>,
    /// The step of the scenario that it belongs to, by its place in the story.
    pub step: Option<usize>,
    /// Both ends after it; none where only the end of the run is known.
    pub present: Option<Arc<EndsSnapshot>>,
}

impl Moment {
    /// Does it belong to another step of the scenario than the one before it or, in a run made by hand, does it come of a command?
    pub fn begins_act(&self, before: Option<&Moment>) -> bool {
        before.is_none_or(|before| match (before.step, self.step) {
            (None, None) => !self.commands.is_empty(),
            (one, other) => one != other,
        })
    }
}

/// Both ends at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndsSnapshot {
    /// The ends.
    pub ends: Ends<EndSnapshot>,
    /// The two directions of the connection that is shown; none without one.
    pub directions: Option<Ends<Pipe>>,
}

/// An end at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndSnapshot {
    /// The meaning of the state of its current socket.
    pub means: FittedSentence,
    /// What the end can do.
    pub can: FittedSentence,
    /// What it waits for.
    pub waits: FittedSentence,
    /// The sockets: the first of those that are over, the first others, and the current one.
    pub sockets: Vec<Arc<SnapshotSocket>>,
    /// The number of sockets that are not among them.
    pub left_out: usize,
    /// The names of the calls that have not returned.
    pub blocked: Vec<String>,
    /// The end of its process; none while it runs.
    pub process: Option<String>,
}

/// A socket at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotSocket {
    /// The name, else the peer's port: `server`, `from :37790`.
    pub label: String,
    /// The state as the kernel's table has it, CLOSE where it has no row; by the segments in a capture.
    pub state: State,
    /// The part that it has in its connection.
    pub role: Role,
    /// The holder.
    pub held: HeldBy,
    /// The process of a program that holds it, or held it last.
    pub owner: Option<String>,
    /// The descriptor, where one is open.
    pub fd: Option<i32>,
    /// The addresses; none where they are not known.
    pub tuple: Option<Tuple>,
    /// The bytes to be read; of a listener, the connections not accepted; none where nothing tells.
    pub unread: Option<u32>,
    /// The bytes that are not acknowledged; of a listener, the backlog; none without a row.
    pub unacknowledged: Option<u32>,
    /// The timer that runs, with the time that is left.
    pub timer: Option<String>,
    /// The timeouts in a row without an answer.
    pub retransmits: u32,
    /// Why the sources of its state differ.
    pub note: Option<String>,
    /// Do calls go to it?
    pub current: bool,
    /// Is it over: has the kernel no row of it, and the process no descriptor?
    pub over: bool,
}

impl EndsSnapshot {
    /// Reads the present of a session at `now`; what is as it was `before` is shared with it.
    pub fn of(session: &Session, now: MonoTime, before: Option<&Arc<EndsSnapshot>>) -> Arc<EndsSnapshot> {
        let present = EndsSnapshot {
            ends: Ends::from_fn(|side| EndSnapshot::of(session, side, now, before.map(|before| &before.ends[side]))),
            directions: session.directions(now).map(|directions| {
                Ends::from_fn(|side| {
                    let pipe = directions.from[side].clone();
                    // The segment is told after the change of state; where no data is queued, there is nothing that the FIN could wait behind.
                    if pipe.state == Direction::FinQueued && pipe.unacknowledged == Some(0) {
                        let state = Direction::Closing;
                        return Pipe {
                            state,
                            words: state.to_string(),
                            ..pipe
                        };
                    }
                    pipe
                })
            }),
        };
        match before {
            Some(before) if **before == present => Arc::clone(before),
            _ => Arc::new(present),
        }
    }
}

impl EndSnapshot {
    fn of(session: &Session, side: Side, now: MonoTime, before: Option<&EndSnapshot>) -> EndSnapshot {
        let plate = session.plate(side, now);
        let read = session.ends[side].table.read_at();
        let shared = |socket: SnapshotSocket| {
            let known = before.iter().flat_map(|before| &before.sockets);
            let same = known.into_iter().find(|known| ***known == socket);
            same.map_or_else(|| Arc::new(socket), Arc::clone)
        };
        let sockets = if session.lab.capture.is_some() {
            vec![shared(SnapshotSocket::of_capture(&plate))]
        } else {
            // The tabs of the plate are these sockets.
            let few = session.few_sockets(side, TABS);
            let views = few.views.iter().zip(&plate.tabs);
            let views = views.map(|(view, tab)| shared(SnapshotSocket::of(view, tab, read, now)));
            views.collect()
        };
        EndSnapshot {
            left_out: plate.sockets.saturating_sub(sockets.len()),
            means: plate.means,
            can: plate.can,
            waits: plate.waits,
            sockets,
            blocked: plate.blocked.into_iter().map(|blocked| blocked.call.name).collect(),
            process: plate.process,
        }
    }
}

impl SnapshotSocket {
    fn of(view: &SocketView, tab: &Tab, read: MonoTime, now: MonoTime) -> SnapshotSocket {
        let row = view.row.map(|observed| &observed.row);
        let timer = view
            .timer(read, now)
            .map(|(kind, left)| format!("{} {}", kind.name(view.state()), human(left)));
        SnapshotSocket {
            label: tab.label.clone(),
            state: view.state(),
            role: tab.role,
            held: view.held,
            owner: view.owner.map(ToString::to_string),
            fd: view.fd.filter(|_| view.open),
            tuple: row.map(|row| row.tuple),
            unread: view.unread,
            unacknowledged: row.map(|row| row.tx_queue),
            timer,
            retransmits: row.map_or(0, |row| row.retransmits),
            note: view.disagreement(),
            current: view.current,
            over: tab.ended,
        }
    }

    /// An end of a captured connection, of which only the segments tell.
    fn of_capture(plate: &Plate) -> SnapshotSocket {
        SnapshotSocket {
            label: plate.side.name().to_owned(),
            state: plate.state.unwrap_or(State::Close),
            role: plate.role,
            held: HeldBy::Open,
            owner: None,
            fd: None,
            tuple: plate.tuple,
            unread: None,
            unacknowledged: None,
            timer: None,
            retransmits: 0,
            note: None,
            current: true,
            over: false,
        }
    }
}

/// The moments of a run that is being played.
#[derive(Debug, Default)]
pub(super) struct Moments {
    moments: Vec<Moment>,
    /// What the newest is about.
    head: Head,
    /// The sockets that have changed their state in it.
    changed: Vec<(Side, Tuple)>,
    /// The commands that have led to nothing so far.
    commands: Vec<usize>,
    /// Both ends before the input that is being taken.
    before: Option<Arc<EndsSnapshot>>,
    /// The session whose tables follow each change of state.
    current: Option<Session>,
}

/// What a moment is about, which decides what belongs to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Head {
    /// Processes came up.
    Births,
    /// A call that has not returned yet.
    Call(CallId),
    /// Something with consequences.
    Deed,
    /// Nothing that a change of state comes of.
    #[default]
    Fact,
}

impl Moments {
    /// Looks at both ends before the session takes an input, and takes it in.
    ///
    /// A run's session has the tables as they were reported: once for a call, after all that came of it. Each change of state is the kernel's, too, and
    /// is reported when it was read; so a session of our own has it in its table at once.
    pub(super) fn before(&mut self, session: &Session, input: &SessionInput, now: MonoTime) {
        let begin = || Session::new(session.lab.clone(), session.transcript.began());
        let current = self.current.get_or_insert_with(begin);
        if !tells_nothing(input) {
            let known = self.before.take();
            let newest = || self.moments.last().and_then(|moment| moment.present.as_ref());
            self.before = Some(EndsSnapshot::of(current, now, known.as_ref().or_else(newest)));
        }
        // What was refused then is refused here; what is asked of the lab was asked then.
        let _ = current.take(input.clone());
        if let SessionInput::Event(TimedEvent {
            at,
            what: LabEvent::Transition(change),
        }) = input
            && current.lab.capture.is_none()
        {
            let what = row_of(current, change);
            let _ = current.take(SessionInput::Event(TimedEvent { at: *at, what }));
        }
    }

    /// Takes in a command, by its place in the story.
    pub(super) fn command(&mut self, place: usize) {
        // What it makes of the ends is not the moment's before it.
        self.closes();
        self.commands.push(place);
        self.head = Head::Fact;
    }

    /// Takes in that the newest command was refused: that is a moment of its own.
    pub(super) fn refused(&mut self, at: Duration, last: u64) {
        self.open(at, last + 1, last, Head::Fact);
    }

    /// Takes in an entry.
    pub(super) fn tells(&mut self, entry: &Entry) {
        let joins = self.joins(entry);
        if let EntryKind::State { change, .. } = &entry.what {
            if !joins {
                self.open(entry.at, entry.no, entry.no, Head::Deed);
            }
            self.changed.push((change.side, change.tuple));
        } else if !joins {
            let head = match &entry.what {
                EntryKind::Born(_) => Head::Births,
                EntryKind::Call { began, .. } => Head::Call(began.call),
                EntryKind::Ended(_)
                | EntryKind::Packet(_)
                | EntryKind::Died(_)
                | EntryKind::Program(_)
                | EntryKind::ProgramCall(_) => Head::Deed,
                _ => Head::Fact,
            };
            self.open(entry.at, entry.no, entry.no, head);
        }
        if let (EntryKind::Ended(_), true) = (&entry.what, joins) {
            self.head = Head::Deed;
        }
        if let Some(moment) = self.moments.last_mut() {
            moment.last = entry.no;
        }
    }

    /// Takes in that a step of the scenario is over, by its place in the story.
    pub(super) fn step(&mut self, place: usize) {
        let its = self.moments.iter_mut().rev().take_while(|moment| moment.step.is_none());
        its.for_each(|moment| moment.step = Some(place));
        // What comes later is another step's.
        self.head = Head::Fact;
    }

    /// The moments, at the end of the run.
    pub(super) fn ends(mut self, session: &Session, now: MonoTime) -> Vec<Moment> {
        let session = self.current.as_ref().unwrap_or(session);
        let present = EndsSnapshot::of(session, now, self.before.as_ref());
        if let Some(last) = self.moments.last_mut() {
            last.present = Some(present);
        }
        self.moments
    }

    /// Notes both ends as they were before the input for the newest moment, which is over.
    fn closes(&mut self) {
        if let (Some(newest), Some(before)) = (self.moments.last_mut(), &self.before) {
            newest.present.get_or_insert_with(|| Arc::clone(before));
        }
    }

    fn open(&mut self, at: Duration, first: u64, last: u64, head: Head) {
        self.closes();
        self.moments.push(Moment {
            at,
            first,
            last,
            commands: std::mem::take(&mut self.commands),
            step: None,
            present: None,
        });
        self.head = head;
        self.changed.clear();
    }

    /// Is an entry told with the newest moment?
    fn joins(&self, entry: &Entry) -> bool {
        let Some(newest) = self.moments.last() else {
            return false;
        };
        if !self.commands.is_empty() {
            return false;
        }
        match &entry.what {
            EntryKind::Counters { .. } | EntryKind::Reason(_) | EntryKind::Syscall(_) => true,
            EntryKind::Born(_) => self.head == Head::Births,
            EntryKind::Ended(call) => self.head == Head::Call(call.call()),
            EntryKind::State { change, .. } => {
                matches!(self.head, Head::Call(_) | Head::Deed)
                    && entry.at.saturating_sub(newest.at) < TOGETHER
                    && !matches!(change.cause, TransitionCause::Timer(_))
                    // Each state is shown.
                    && !self.changed.contains(&(change.side, change.tuple))
            }
            _ => false,
        }
    }
}

/// Returns the report of a table that has a change of state, and is as it was otherwise.
fn row_of(session: &Session, change: &StateChanged) -> LabEvent {
    let StateChanged {
        side, tuple, inode, to, ..
    } = change;
    let table = &session.ends[*side].table;
    let known = table.of_tuple(tuple).map(|place| table.rows()[place].clone());
    let begins = || ObservedSocket {
        row: SocketRow {
            tuple: *tuple,
            state: *to,
            rx_queue: 0,
            tx_queue: 0,
            timer: None,
            retransmits: 0,
            inode: *inode,
            info: None,
        },
        line: String::new(),
    };
    let mut rows = Vec::new();
    let mut gone = Vec::new();
    if *to == State::Close {
        gone.push(*tuple);
    } else {
        let mut observed = known.unwrap_or_else(begins);
        (observed.row.state, observed.row.inode) = (*to, *inode);
        rows.push(observed);
    }
    LabEvent::Rows {
        side: *side,
        rows,
        gone,
    }
}

/// Returns whether it is an input that no entry comes of.
const fn tells_nothing(input: &SessionInput) -> bool {
    match input {
        SessionInput::Look { .. } | SessionInput::Over { .. } => true,
        SessionInput::Event(event) => matches!(
            event.what,
            LabEvent::Table { .. }
                | LabEvent::Rows { .. }
                | LabEvent::Info { .. }
                | LabEvent::Made { .. }
                | LabEvent::Rules(_)
        ),
        SessionInput::Command { .. }
        | SessionInput::Wire { .. }
        | SessionInput::Blocked { .. }
        | SessionInput::Programs { .. } => false,
    }
}
