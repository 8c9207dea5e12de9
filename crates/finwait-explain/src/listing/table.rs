//! A table of sockets as it comes in, row by row: its states counted, and its findings by what their sockets share. Of a million rows as
//! much is kept as of a few thousand.

use serde::{Serialize, Serializer};
use std::cmp::Reverse;
use std::collections::HashMap;

use super::address::{ListedAddress, ListedHost, ListedPort};
use super::finding::{self, FindingId, Shared, Urgency};
use super::row::{ListForm, ListedProgram, ListedSocket};
use finwait_model::state::State;

/// The most groups of sockets that are told apart; what comes then is counted with the others of its kind.
const MOST_GROUPS: usize = 4096;
/// The most findings that are handed on.
const MOST_FINDINGS: usize = 100;
/// The rows of a finding that are kept as examples.
const EXAMPLES: usize = 3;
/// The rows of a table that are so few that each is explained by itself.
const FEW: usize = 3;

/// A row, and the number of its line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NumberedSocket {
    /// The line, from 1 on.
    pub line: u64,
    /// The socket.
    #[serde(flatten)]
    pub socket: ListedSocket,
}

/// How many sockets are in each state; in JSON an object of those that are not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCounts([u64; State::ALL.len()]);

impl StateCounts {
    /// The states in which there are any, the most frequent first.
    pub fn most_first(&self) -> Vec<(State, u64)> {
        let mut counts: Vec<(State, u64)> = State::ALL
            .into_iter()
            .zip(self.0)
            .filter(|(_, rows)| *rows > 0)
            .collect();
        counts.sort_by_key(|(_, rows)| Reverse(*rows));
        counts
    }

    /// The number of sockets in a state.
    pub fn of(&self, state: State) -> u64 {
        let mut all = State::ALL.into_iter().zip(self.0);
        all.find(|(known, _)| *known == state).map_or(0, |(_, rows)| rows)
    }

    fn add(&mut self, state: State, rows: u64) {
        for (known, count) in State::ALL.into_iter().zip(&mut self.0) {
            if known == state {
                *count = count.saturating_add(rows);
            }
        }
    }
}

impl Serialize for StateCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.most_first())
    }
}

/// What the sockets of a group share.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum GroupKey {
    /// A program.
    Program(u32, Option<Box<str>>),
    /// An address of the peers.
    Peer(ListedHost, ListedPort),
    /// A port on this host.
    Local(ListedPort),
    /// Whatever came when there were too many groups.
    Others,
}

/// Sockets of one finding that share something.
#[derive(Clone, Debug)]
struct Group {
    rows: u64,
    amount: u64,
    most: u64,
    first: u64,
    program: Option<ListedProgram>,
    local: Option<ListedAddress>,
    peer: Option<ListedAddress>,
    examples: Vec<NumberedSocket>,
    /// Can each of them be in an accept queue: shown without a process or an inode, and with a FIN that nobody has read?
    may_be_queued: bool,
}

/// A finding over the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableFinding {
    /// The kind.
    pub kind: FindingId,
    /// How urgent it is.
    pub urgency: Urgency,
    /// The number of sockets.
    pub rows: u64,
    /// The bytes in the queue that it is about, or the connections in the accept queue; 0 where it is about no queue.
    pub queued: u64,
    /// The most of one socket.
    pub most_queued: u64,
    /// The line of the first.
    pub first: u64,
    /// The program that holds them, where all are one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<ListedProgram>,
    /// The port on this host that they share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<ListedAddress>,
    /// The peer's address that they share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<ListedAddress>,
    /// The first of them.
    pub examples: Vec<NumberedSocket>,
}

impl TableFinding {
    /// A finding of which no more is known than how many sockets it has.
    pub fn of_count(kind: FindingId, rows: u64) -> TableFinding {
        TableFinding {
            kind,
            urgency: kind.urgency(rows, 0),
            rows,
            queued: 0,
            most_queued: 0,
            first: 0,
            owner: None,
            local: None,
            peer: None,
            examples: Vec::new(),
        }
    }
}

/// A table of sockets, as far as it came in.
#[derive(Clone, Debug, Default)]
pub struct SocketTable {
    forms: Vec<ListForm>,
    rows: u64,
    others: u64,
    states: StateCounts,
    /// Counts that a tool had made: `312 CLOSE_WAIT`.
    counted: StateCounts,
    groups: HashMap<(FindingId, GroupKey), Group>,
    first: Vec<NumberedSocket>,
}

impl SocketTable {
    /// Takes in a row.
    pub fn add(&mut self, line: u64, socket: ListedSocket) {
        self.rows += 1;
        self.states.add(socket.state, 1);
        if !self.forms.contains(&socket.form) {
            self.forms.push(socket.form);
        }
        for (id, amount) in finding::of(&socket) {
            self.group(id, amount, line, &socket);
        }
        if self.first.len() <= FEW {
            self.first.push(NumberedSocket { line, socket });
        }
    }

    /// Takes in a row of a socket that is not TCP's.
    pub fn add_other(&mut self) {
        self.others += 1;
    }

    /// Takes in how many sockets are in a state, as `sort | uniq -c` counts them.
    pub fn add_count(&mut self, state: State, rows: u64) {
        self.counted.add(state, rows);
    }

    fn group(&mut self, id: FindingId, amount: u64, line: u64, socket: &ListedSocket) {
        let mut key = (id, key(id, socket));
        if self.groups.len() >= MOST_GROUPS && !self.groups.contains_key(&key) {
            key.1 = GroupKey::Others;
        }
        let is_others = key.1 == GroupKey::Others;
        let group = self.groups.entry(key).or_insert_with(|| Group {
            rows: 0,
            amount: 0,
            most: 0,
            first: line,
            program: socket.owner.program().filter(|_| !is_others).cloned(),
            local: Some(socket.local.clone()).filter(|_| !is_others),
            peer: socket.peer.clone().filter(|_| !is_others),
            examples: Vec::new(),
            may_be_queued: true,
        });
        group.may_be_queued &= !socket.owner.is_held() && socket.receive_queue != Some(0);
        group.rows += 1;
        group.amount = group.amount.saturating_add(amount);
        group.most = group.most.max(amount);
        if group.program.as_ref().map(|program| program.pid) != socket.owner.program().map(|program| program.pid) {
            group.program = None;
        }
        if group
            .local
            .as_ref()
            .is_some_and(|local| local.port != socket.local.port)
        {
            group.local = None;
        } else if let Some(local) = &mut group.local
            && local.host != socket.local.host
        {
            (local.host, local.zone) = (ListedHost::Any, None);
        }
        let is_same_host = match (&mut group.peer, &socket.peer) {
            (Some(shared), Some(peer)) if shared.host == peer.host => {
                if shared.port != peer.port {
                    shared.port = ListedPort::Any;
                }
                true
            }
            _ => false,
        };
        if !is_same_host {
            group.peer = None;
        }
        if group.examples.len() < EXAMPLES {
            let socket = socket.clone();
            group.examples.push(NumberedSocket { line, socket });
        }
    }

    /// Has nothing come in?
    pub const fn is_empty(&self) -> bool {
        self.rows == 0 && !self.has_counts()
    }

    /// Were there counts of states?
    pub const fn has_counts(&self) -> bool {
        let mut place = 0;
        while place < self.counted.0.len() {
            if self.counted.0[place] > 0 {
                return true;
            }
            place += 1;
        }
        false
    }

    /// The number of groups of sockets that are told apart.
    #[cfg(test)]
    pub(super) fn groups_kept(&self) -> usize {
        self.groups.len()
    }

    /// The number of rows.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The number of rows of sockets that are not TCP's.
    pub const fn others(&self) -> u64 {
        self.others
    }

    /// The forms of the rows, in the order in which they came.
    pub fn forms(&self) -> &[ListForm] {
        &self.forms
    }

    /// How many sockets are in each state.
    pub const fn states(&self) -> &StateCounts {
        &self.states
    }

    /// The counts of states that a tool had made.
    pub const fn counted(&self) -> &StateCounts {
        &self.counted
    }

    /// The rows, where they are so few that each is explained by itself; else none.
    pub fn few(&self) -> &[NumberedSocket] {
        if self.first.len() > FEW { &[] } else { &self.first }
    }

    /// Returns whether a socket in CLOSE_WAIT may wait in an accept queue that another row shows.
    pub fn may_be_queued(&self, socket: &ListedSocket) -> bool {
        let group = self
            .groups
            .get(&(FindingId::CloseWait, key(FindingId::CloseWait, socket)));
        socket.state == State::CloseWait && group.is_some_and(|group| self.may_all_be_queued(group))
    }

    /// Can all sockets of a group wait in the accept queue of their port?
    fn may_all_be_queued(&self, group: &Group) -> bool {
        let Some(local) = group.local.as_ref().filter(|_| group.may_be_queued) else {
            return false;
        };
        let waiting = [FindingId::AcceptQueueFull, FindingId::AcceptQueueFilling].into_iter();
        let waiting = waiting.filter_map(|id| self.groups.get(&(id, GroupKey::Local(local.port.clone()))));
        waiting.map(|listener| listener.amount).sum::<u64>() >= group.rows
    }

    /// The findings, the most urgent first; of those as urgent the worse kind, then the one with the most rows.
    pub fn findings(&self) -> Vec<TableFinding> {
        let of_group = |((id, _), group): (&(FindingId, GroupKey), &Group)| match id {
            FindingId::CloseWait if self.may_all_be_queued(group) => {
                finding(FindingId::CloseWaitLikelyNotAccepted, group)
            }
            _ => finding(*id, group),
        };
        let mut findings: Vec<TableFinding> = self.groups.iter().map(of_group).collect();
        findings.sort_by_key(|finding| (finding.urgency, finding.kind, Reverse(finding.rows), finding.first));
        findings.truncate(MOST_FINDINGS);
        findings
    }
}

fn key(id: FindingId, socket: &ListedSocket) -> GroupKey {
    let local = || GroupKey::Local(socket.local.port.clone());
    let peer = || match &socket.peer {
        Some(peer) => GroupKey::Peer(peer.host.clone(), peer.port.clone()),
        None => local(),
    };
    match id.shared() {
        Shared::Local => local(),
        Shared::Peer => peer(),
        Shared::Program => match socket.owner.program() {
            Some(program) => GroupKey::Program(program.pid, program.name.clone()),
            None if finding::is_client(socket) => peer(),
            None => local(),
        },
    }
}

fn finding(kind: FindingId, group: &Group) -> TableFinding {
    TableFinding {
        kind,
        urgency: kind.urgency(group.rows, group.most),
        rows: group.rows,
        queued: group.amount,
        most_queued: group.most,
        first: group.first,
        owner: group.program.clone(),
        local: group.local.clone(),
        peer: group.peer.clone(),
        examples: group.examples.clone(),
    }
}
