//! The state of a lab as its events have shown it. The one place of the API that reads [`LabEvent`]s, but for the transcript.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use super::socket::Socket;
use super::transcript::Transcript;
use crate::event::{
    CallEnded, Death, Disposition, LabEvent, ObservedSocket, PacketRecord, ProcessDied, ProgramNews, StateChanged,
    TimedEvent, WireChange,
};
use crate::quiet::Quiet;
use finwait_model::call::CallId;
use finwait_model::host::Setting;
use finwait_model::outcome::Outcome;
use finwait_model::program::ProgramNo;
use finwait_model::side::{Ends, Side};
use finwait_model::socket_table::Tuple;
use finwait_model::state::State;
use finwait_wire::flow::PacketNo;
use finwait_wire::rule::{RuleNo, RuleStatus};

/// The number of events that are kept.
const KEPT: usize = 4096;

/// A lab as its events have shown it so far: both hosts' sockets, the wire, and the last events.
///
/// [`Lab::until`](crate::Lab::until) shows one after every event, so that no state is too short to be seen.
#[derive(Clone, Debug, Default)]
pub struct View {
    hosts: Ends<HostView>,
    calls: HashMap<CallId, Call>,
    held: BTreeMap<PacketNo, PacketRecord>,
    let_go: HashMap<PacketNo, Disposition>,
    copies: HashMap<PacketNo, Vec<PacketNo>>,
    rules_added: Vec<RuleNo>,
    rules: Vec<RuleStatus>,
    modes: u64,
    programs: BTreeMap<ProgramNo, ProgramView>,
    quiet: Quiet,
    events: VecDeque<Arc<TimedEvent>>,
    seen: u64,
}

/// The state of one host.
#[derive(Clone, Debug, Default)]
struct HostView {
    table: Vec<ObservedSocket>,
    states: HashMap<Tuple, SocketState>,
    /// The addresses of the sockets that a descriptor holds or held, by inode.
    tuples: HashMap<u64, Tuple>,
    process: ProcessView,
    settings: Vec<(Setting, Result<(), String>)>,
}

#[derive(Clone, Copy, Debug)]
struct SocketState {
    state: State,
    inode: u64,
}

/// An endpoint's process.
#[derive(Clone, Debug, Default)]
pub(super) struct ProcessView {
    /// The number of processes that have come up.
    pub born: u32,
    /// The number that have ended, and how the last one did.
    pub died: u32,
    pub death: Option<Death>,
    /// The endpoint's last complaint about a line.
    pub refused: Option<String>,
}

impl ProcessView {
    /// Does one live?
    pub const fn is_up(&self) -> bool {
        self.born > self.died
    }
}

/// A program of the test's own.
#[derive(Clone, Debug, Default)]
pub(super) struct ProgramView {
    /// The number of its first process, or why it did not start; none before either is known.
    pub started: Option<Result<u32, String>>,
    /// The lines that it has written.
    pub lines: VecDeque<Arc<str>>,
    /// The way in which its first process has ended.
    pub ended: Option<Death>,
}

impl ProgramView {
    fn absorb(&mut self, news: &ProgramNews) {
        match news {
            ProgramNews::Started { pid } => self.started = Some(Ok(*pid)),
            ProgramNews::NotStarted { why } => self.started = Some(Err(why.clone())),
            ProgramNews::Output { line, .. } => {
                if self.lines.len() == KEPT {
                    self.lines.pop_front();
                }
                self.lines.push_back(line.as_str().into());
            }
            ProgramNews::Exited { how, .. } => self.ended = Some(*how),
            ProgramNews::Flooded { .. } | ProgramNews::Gone => {}
        }
    }
}

/// A call that was begun.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    /// The call in `strace`'s words, without its result; none before it was announced.
    pub text: Option<String>,
    /// The end of it.
    pub end: Option<CallEnd>,
}

/// The end of a call.
#[derive(Clone, Debug)]
pub(super) enum CallEnd {
    /// The call returned; with the inode behind the descriptor that it made.
    Returned(Outcome, Option<u64>),
    /// The endpoint would not make it.
    Refused(String),
}

impl View {
    /// The state of a socket; `CLOSE` of one that is in no table of the kernel, as before `connect` and after a reset.
    ///
    /// A closed socket keeps its connection's state until that is over: `FIN_WAIT2`, `TIME_WAIT`.
    pub fn state(&self, socket: &Socket) -> State {
        let host = &self.hosts[socket.side()];
        let Some(inode) = socket.inode() else {
            return State::Close;
        };
        let tuple = host.tuples.get(&inode);
        let found = tuple.and_then(|tuple| host.states.get(tuple));
        // Another socket may have the same addresses by now; an orphan and TIME_WAIT have no inode.
        found
            .filter(|found| found.inode == inode || found.inode == 0)
            .map_or(State::Close, |found| found.state)
    }

    /// The socket's row in its host's table as procfs and sock_diag show it: queues, timer, TCP_INFO. None when it has none.
    ///
    /// The table is read when a call has returned and when nothing more happens; [`View::state`] is newer in between.
    pub fn row(&self, socket: &Socket) -> Option<&ObservedSocket> {
        let host = &self.hosts[socket.side()];
        let tuple = host.tuples.get(&socket.inode()?)?;
        host.table.iter().find(|row| row.row.tuple == *tuple)
    }

    /// All sockets in a host's table, when it was last read as a whole: see [`View::row`].
    pub fn sockets(&self, host: impl Into<Side>) -> &[ObservedSocket] {
        &self.hosts[host.into()].table
    }

    /// The segments on the wire, held or under way, the oldest first.
    pub fn held(&self) -> impl Iterator<Item = &PacketRecord> {
        self.held.values()
    }

    /// Packets among the last events, in order: each when it came to the wire, and once more when something became of one that was held.
    pub fn packets(&self) -> impl Iterator<Item = &PacketRecord> {
        self.events.iter().filter_map(|event| match &event.what {
            LabEvent::Packet(record) => Some(record),
            _ => None,
        })
    }

    /// Is nothing in the air, and does no socket wait for an acknowledgement?
    pub const fn is_quiet(&self) -> bool {
        self.quiet.is_quiet()
    }

    /// The last events, 4,096 at the most.
    pub fn events(&self) -> impl Iterator<Item = &TimedEvent> {
        self.events.iter().map(|event| &**event)
    }

    /// The last events as lines.
    pub fn transcript(&self) -> Transcript {
        Transcript::of(self.events.iter().map(|event| &**event))
    }

    /// The socket's own address and its peer's; none before it has any.
    pub(super) fn tuple(&self, socket: &Socket) -> Option<Tuple> {
        self.hosts[socket.side()].tuples.get(&socket.inode()?).copied()
    }

    /// The address that a descriptor's socket is bound to, as far as a table has shown it.
    pub(super) fn local(&self, side: Side, inode: u64) -> Option<SocketAddr> {
        self.hosts[side].tuples.get(&inode).map(|tuple| tuple.local)
    }

    pub(super) fn process(&self, side: Side) -> &ProcessView {
        &self.hosts[side].process
    }

    pub(super) fn program(&self, no: ProgramNo) -> Option<&ProgramView> {
        self.programs.get(&no)
    }

    pub(super) fn call(&self, id: CallId) -> Option<&Call> {
        self.calls.get(&id)
    }

    /// The results of a host's changed settings, in order.
    pub(super) fn settings(&self, side: Side) -> &[(Setting, Result<(), String>)] {
        &self.hosts[side].settings
    }

    /// The number of the rule that was put in force as the nth, from 0 on.
    pub(super) fn rule(&self, nth: usize) -> Option<RuleNo> {
        self.rules_added.get(nth).copied()
    }

    pub(super) fn rules(&self) -> &[RuleStatus] {
        &self.rules
    }

    /// Returns how often the mode was set.
    pub(super) const fn modes(&self) -> u64 {
        self.modes
    }

    /// The segment, while it is held.
    pub(super) fn held_one(&self, no: PacketNo) -> Option<&PacketRecord> {
        self.held.get(&no)
    }

    /// Returns the disposition of a packet that has left the wire after it was held; none of any other.
    pub(super) fn let_go(&self, no: PacketNo) -> Option<Disposition> {
        self.let_go.get(&no).copied()
    }

    /// The copies that the wire made of a segment.
    pub(super) fn copies(&self, no: PacketNo) -> &[PacketNo] {
        self.copies.get(&no).map_or(&[], Vec::as_slice)
    }

    /// A request was sent: the lab is not quiet until it says so again.
    pub(super) const fn asked(&mut self) {
        self.quiet.sent(1);
    }

    /// Returns the number of events that it has taken in.
    pub(super) const fn seen(&self) -> u64 {
        self.seen
    }

    /// The events after the first `seen`; none when some of them are no longer kept.
    pub(super) fn since(&self, seen: u64) -> Option<Vec<Arc<TimedEvent>>> {
        let missed = usize::try_from(self.seen - seen).ok()?;
        let skip = self.events.len().checked_sub(missed)?;
        Some(self.events.iter().skip(skip).cloned().collect())
    }

    /// Takes in what happened.
    pub(super) fn absorb(&mut self, event: Arc<TimedEvent>) {
        self.quiet.saw(&event.what);
        match &event.what {
            LabEvent::Born(born) => self.hosts[born.side].process.born += 1,
            LabEvent::Died(ProcessDied { side, how, .. }) => {
                let process = &mut self.hosts[*side].process;
                (process.died, process.death) = (process.died + 1, Some(*how));
            }
            LabEvent::Began(began) => self.calls.entry(began.call).or_default().text = Some(began.text.to_string()),
            LabEvent::Ended(CallEnded {
                call, outcome, inode, ..
            }) => {
                self.calls.entry(*call).or_default().end = Some(CallEnd::Returned(outcome.clone(), *inode));
            }
            LabEvent::Garbled { side, id, why } => match id {
                Some(id) => self.calls.entry(*id).or_default().end = Some(CallEnd::Refused(why.clone())),
                None => self.hosts[*side].process.refused = Some(why.clone()),
            },
            LabEvent::Packet(record) => self.packet(record),
            LabEvent::Wire(WireChange::Added(no, _)) => self.rules_added.push(*no),
            LabEvent::Wire(WireChange::Mode(_)) => self.modes += 1,
            LabEvent::Rules(rules) => self.rules.clone_from(rules),
            LabEvent::Transition(StateChanged {
                side, tuple, inode, to, ..
            }) => self.hosts[*side].change(*tuple, *inode, *to),
            LabEvent::Table { side, rows } => self.hosts[*side].read(rows),
            LabEvent::Rows { side, rows, gone } => self.hosts[*side].read_singly(rows, gone),
            LabEvent::Host(change) => {
                let result = change.failed.clone().map_or(Ok(()), Err);
                self.hosts[change.side].settings.push((change.setting, result));
            }
            LabEvent::Program(event) => self.programs.entry(event.program).or_default().absorb(&event.what),
            _ => {}
        }
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        self.events.push_back(event);
        self.seen += 1;
    }

    fn packet(&mut self, record: &PacketRecord) {
        if record.disposition.is_held() {
            if let finwait_wire::queue::Origin::Copy(of) = record.origin
                && !self.held.contains_key(&record.no)
            {
                self.copies.entry(of).or_default().push(record.no);
            }
            self.held.insert(record.no, record.clone());
        } else if self.held.remove(&record.no).is_some() {
            self.let_go.insert(record.no, record.disposition);
        }
    }
}

impl HostView {
    fn change(&mut self, tuple: Tuple, inode: u64, to: State) {
        if inode != 0 {
            self.tuples.insert(inode, tuple);
        }
        if to == State::Close {
            self.states.remove(&tuple);
        } else {
            self.states.insert(tuple, SocketState { state: to, inode });
        }
    }

    fn read(&mut self, rows: &[ObservedSocket]) {
        self.states.clear();
        for ObservedSocket { row, .. } in rows {
            self.change(row.tuple, row.inode, row.state);
        }
        self.table = rows.to_vec();
    }

    fn read_singly(&mut self, rows: &[ObservedSocket], gone: &[Tuple]) {
        let is_old = |tuple: &Tuple| gone.contains(tuple) || rows.iter().any(|new| new.row.tuple == *tuple);
        self.table.retain(|observed| !is_old(&observed.row.tuple));
        for tuple in gone {
            self.states.remove(tuple);
        }
        for ObservedSocket { row, .. } in rows {
            self.change(row.tuple, row.inode, row.state);
        }
        self.table.extend_from_slice(rows);
    }
}
