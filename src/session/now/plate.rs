//! The plate of an end: what its socket is, what it can do, what it waits for.

use std::time::Duration;

use crate::call::{CallId, SocketName};
use crate::clock::MonoTime;
use crate::explain::direction::Queued;
use crate::explain::meaning::MeaningId;
use crate::explain::plate::{self as words, Without};
use crate::explain::role::{self, Role};
use crate::lab::facts::CapturedConnection;
use crate::program::SocketOwner;
use crate::session::view::{HeldBy, SocketView};
use crate::session::{ProcessState, Session, socket_of};
use crate::side::Side;
use crate::socket_table::{SocketRow, Tuple};
use crate::state::State;
use crate::syscall::CallText;

use super::NowEvent;

/// A sentence that fits its place, and the whole of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FittedSentence {
    /// In 42 columns at most; of what it waits for, in 35.
    pub short: String,
    /// Sentences without a limit.
    pub long: String,
}

/// A call that has not returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The number.
    pub id: CallId,
    /// The socket; none for the process.
    pub socket: Option<SocketName>,
    /// The call in the runtime's words.
    pub call: CallText,
    /// The time for which it has been waited for.
    pub waited: Duration,
}

/// A socket of an end, as a tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// The name; none for what was not accepted, or was made by nobody here.
    pub name: Option<SocketName>,
    /// The name, else the peer's port: `server`, `from :37790`.
    pub label: String,
    /// The state; none where the kernel has no row.
    pub state: Option<State>,
    /// The part that it has in its connection.
    pub role: Role,
    /// The process of a program that holds it, or held it last; none of the endpoint's own.
    pub owner: Option<SocketOwner>,
    /// Do calls go to it?
    pub current: bool,
    /// Is it over: has the kernel no row of it, and the process no descriptor?
    pub ended: bool,
}

/// The plate of an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plate {
    /// The end.
    pub side: Side,
    /// The socket's name; none without a socket, and for one that has no name.
    pub name: Option<SocketName>,
    /// The descriptor; none without one that is open.
    pub fd: Option<i32>,
    /// The process of a program that holds it, or held it last; none of the endpoint's own.
    pub owner: Option<SocketOwner>,
    /// The addresses; none where they are not known.
    pub tuple: Option<Tuple>,
    /// The state as the kernel's table has it; none where it has no row.
    pub state: Option<State>,
    /// The part that it has in its connection.
    pub role: Role,
    /// The situation; none without a socket, and in the moment between a call and the reading of the table.
    pub id: Option<MeaningId>,
    /// The meaning of its state.
    pub means: FittedSentence,
    /// The calls that make sense at this end.
    pub can: FittedSentence,
    /// The thing that it waits for, and how long still.
    pub waits: FittedSentence,
    /// The fact that matters most, in 34 columns.
    pub brief: String,
    /// Sentences about its queues and its holder.
    pub beside: Vec<String>,
    /// The calls of this end that have not returned, the oldest first.
    pub blocked: Vec<Blocked>,
    /// The last call of this end that ended.
    pub last: Option<NowEvent>,
    /// The sockets of the end: of many the first few that are over, the first few others, and the current one.
    pub tabs: Vec<Tab>,
    /// The number of sockets that it has in all.
    pub sockets: usize,
    /// The number of them that are over: the kernel has no row of them, and the process no descriptor.
    pub over: usize,
    /// The end of its process; none while it runs.
    pub process: Option<String>,
    /// The reason why the sources of the state differ, where they always do then.
    pub note: Option<String>,
    /// The reason why the sources of the state differ, where that is out of the ordinary.
    pub alarm: Option<String>,
}

/// The most sockets of a kind that have a tab: more than any screen has room for.
pub(crate) const TABS: usize = 40;

impl Session {
    /// Returns the plate of an end at `now`, of the socket that calls go to.
    pub fn plate(&self, side: Side, now: MonoTime) -> Plate {
        self.plate_with(side, self.current_view(side).as_ref(), now)
    }

    /// Returns the same of another of that end's sockets, as [`Session::sockets`] has it.
    pub fn plate_of(&self, side: Side, view: &SocketView, now: MonoTime) -> Plate {
        self.plate_with(side, Some(view), now)
    }

    fn plate_with(&self, side: Side, view: Option<&SocketView>, now: MonoTime) -> Plate {
        let end = &self.ends[side];
        let few = self.few_sockets(side, TABS);
        let tabs = few.views.iter().map(|view| self.tab(side, view)).collect();
        let blocked = end.pending.iter().filter(|pending| !pending.looking);
        let mut plate = Plate {
            side,
            name: None,
            fd: None,
            owner: None,
            tuple: None,
            state: None,
            role: Role::Nothing,
            id: None,
            means: FittedSentence::none(),
            can: FittedSentence::none(),
            waits: FittedSentence::none(),
            brief: String::new(),
            beside: Vec::new(),
            blocked: blocked
                .map(|pending| Blocked {
                    id: pending.id,
                    socket: socket_of(&pending.order).cloned(),
                    call: pending.words(),
                    waited: now.since(pending.since),
                })
                .collect(),
            last: end.last.as_ref().map(NowEvent::of_call),
            tabs,
            sockets: few.count,
            over: few.over,
            process: match &end.process {
                ProcessState::Running { .. } => None,
                ProcessState::Starting { .. } => Some(words::process(None)),
                ProcessState::Dead { how, .. } => Some(words::process(Some(how))),
            },
            note: None,
            alarm: None,
        };
        match (&self.lab.capture, view) {
            (Some(capture), _) => self.of_capture(&mut plate, side, capture),
            (None, Some(view)) => self.fill(&mut plate, side, view, now),
            (None, None) => plate.without_socket(&end.process),
        }
        plate
    }

    /// The end of a captured connection: its state by the segments, and nothing of a socket or a process.
    fn of_capture(&self, plate: &mut Plate, side: Side, capture: &CapturedConnection) {
        let tuple = Tuple {
            local: capture.addresses[side],
            peer: capture.addresses[side.other()],
        };
        (plate.tuple, plate.process) = (Some(tuple), None);
        plate.state = self.inferred.state(side, &tuple, self.quiet_at);
        plate.means = FittedSentence::both("By the segments; no kernel was asked.".into());
        plate.tabs.clear();
        (plate.sockets, plate.over) = (0, 0);
    }

    fn fill(&self, plate: &mut Plate, side: Side, view: &SocketView, now: MonoTime) {
        plate.name = view.name.cloned();
        plate.fd = view.fd.filter(|_| view.open);
        plate.owner = view.owner.cloned();
        plate.state = view.row.map(|observed| observed.row.state);
        let known = view.name.and_then(|name| self.ends[side].socket(name)?.tuple);
        plate.tuple = view.row.map(|observed| observed.row.tuple).or(known);
        (plate.note, plate.alarm) = (view.note(), view.alarm());
        let Some(meaning) = self.meaning(side, view) else {
            plate.means = FittedSentence::both(words::changing());
            return;
        };
        plate.role = self.role(side, view, meaning.id);
        plate.id = Some(meaning.id);
        let timer = view.timer(self.ends[side].table.read_at(), now);
        let unacknowledged = view.row.map_or(0, |observed| observed.row.tx_queue);
        let has_queue = |row: &&SocketRow| row.state != State::Listen;
        let queued = view.row.map(|observed| &observed.row).filter(has_queue).map(Queued::of);
        let queued = queued.unwrap_or_default();
        plate.waits = FittedSentence {
            short: words::waits(&meaning, timer, queued, unacknowledged),
            long: meaning.waits_for,
        };
        plate.means = FittedSentence {
            short: meaning.short,
            long: meaning.meaning,
        };
        plate.can = FittedSentence {
            short: meaning.can_short,
            long: meaning.can,
        };
        plate.brief = meaning.brief;
        // A plate has room for the first.
        plate.beside = words::unsent(queued).into_iter().chain(meaning.beside).collect();
    }

    /// The role of a socket, in the light of its peer's state.
    fn role(&self, side: Side, view: &SocketView, id: MeaningId) -> Role {
        let row = view.row.map(|observed| &observed.row);
        let peer = row.and_then(|row| self.row_of_seen(side.other(), row.tuple.mirrored()));
        role::of(id, view.sock).beside(row.map(|row| row.state), peer.map(|row| row.state))
    }

    fn tab(&self, side: Side, view: &SocketView) -> Tab {
        let label = match (view.name, view.row) {
            (Some(name), _) => name.to_string(),
            (None, Some(observed)) => format!("from :{}", observed.row.tuple.peer.port()),
            (None, None) => String::new(),
        };
        Tab {
            name: view.name.cloned(),
            label,
            state: view.row.map(|observed| observed.row.state),
            role: self
                .meaning_id(view)
                .map_or(Role::Nothing, |id| self.role(side, view, id)),
            owner: view.owner.cloned(),
            current: view.current,
            ended: view.held == HeldBy::Closed,
        }
    }
}

impl Plate {
    fn without_socket(&mut self, process: &ProcessState) {
        let without = match process {
            ProcessState::Running { .. } => Without::NotMade,
            ProcessState::Starting { .. } => Without::Starting,
            ProcessState::Dead { .. } => Without::Dead,
        };
        let said = words::without_socket(without);
        self.means = FittedSentence::both(said.short);
        self.waits = FittedSentence::both(said.awaits);
        self.brief = said.brief;
    }
}

impl FittedSentence {
    const fn none() -> FittedSentence {
        FittedSentence {
            short: String::new(),
            long: String::new(),
        }
    }

    fn both(said: String) -> FittedSentence {
        FittedSentence {
            short: said.clone(),
            long: said,
        }
    }
}
