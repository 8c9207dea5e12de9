//! Programs of the user's own on both hosts: which there are, how far each is, what it wrote, and which sockets are theirs.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::end::{Changed, SocketMaker};
use super::plan::current_target;
use super::transcript::{EntryKind, ProgramEntry};
use super::view::HeldBy;
use super::{CommandError, IssuedCommand, LabKind, Session, Socket};
use crate::call::{SocketName, SocketRole};
use crate::clock::MonoTime;
use crate::command::CallRequest;
use crate::command::programs::ProgramName;
use crate::lab::event::{Death, LabRequest, ProgramEvent, ProgramNews, StateChanged};
use crate::program::{OutputStream, ProgramNo, ProgramSpec, SocketOwner};
use crate::side::Side;
use crate::signal::Signal;
use crate::socket_table::Tuple;
use crate::state::State;

/// The most lines of a program that are kept.
pub const LINES_KEPT: usize = 1000;

/// A program of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The number.
    pub no: ProgramNo,
    /// The host that it runs on.
    pub side: Side,
    /// The name, which no other program of the run has.
    pub name: ProgramName,
    /// What was started.
    pub spec: ProgramSpec,
    /// How far it is.
    pub state: ProgramState,
    /// What it wrote, the newest last; of more than [`LINES_KEPT`] lines the last ones.
    pub lines: VecDeque<OutputLine>,
    /// The signal that was sent to it last.
    pub signalled: Option<Signal>,
    /// The lines that the lab left out, because it wrote more than is read.
    pub left_out: u64,
    /// The program that it takes the place of, and whose end it waits for.
    after: Option<ProgramNo>,
}

/// A line that a program wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// The stream.
    pub stream: OutputStream,
    /// The line, without control characters.
    pub text: String,
}

/// How far a program is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramState {
    /// The program was asked for.
    Starting,
    /// The program's first process runs.
    Running {
        /// The process number.
        pid: u32,
    },
    /// The program did not start: one sentence.
    NotStarted(String),
    /// The program's first process has ended.
    Exited {
        /// The process number; none of one whose start was not told.
        pid: Option<u32>,
        /// The way in which it ended.
        how: Death,
        /// The processes of it that go on.
        left: u32,
    },
}

impl Program {
    /// Does a process of it run, or is one about to?
    pub const fn is_alive(&self) -> bool {
        match &self.state {
            ProgramState::Starting | ProgramState::Running { .. } => true,
            ProgramState::Exited { left, .. } => *left > 0,
            ProgramState::NotStarted(_) => false,
        }
    }

    /// The end of its first process; none while it runs, and of one that did not start.
    pub const fn exited(&self) -> Option<Death> {
        match &self.state {
            ProgramState::Exited { how, .. } => Some(*how),
            _ => None,
        }
    }

    /// The number of its first process, also when that has ended.
    pub const fn pid(&self) -> Option<u32> {
        match &self.state {
            ProgramState::Running { pid } => Some(*pid),
            ProgramState::Exited { pid, .. } => *pid,
            ProgramState::Starting | ProgramState::NotStarted(_) => None,
        }
    }

    /// Has it written a line with that text in it, upper and lower case being the same?
    pub fn has_said(&self, text: &str) -> bool {
        self.lines.iter().any(|line| contains(&line.text, text))
    }

    /// Returns how far it is, in words: `runs, pid 4711`, `runs, pid 4711 (SIGTERM was sent)`, `exited with status 56`.
    pub fn words(&self) -> String {
        let sent = match (&self.state, self.signalled) {
            (_, None) => String::new(),
            // That tells of it; and no program ends on the others.
            (ProgramState::Exited { how, .. }, Some(signal))
                if *how == Death::Signal(signal.0) || [libc::SIGSTOP, libc::SIGCONT].contains(&signal.0) =>
            {
                String::new()
            }
            (_, Some(signal)) => format!(" ({signal} was sent)"),
        };
        match &self.state {
            ProgramState::Starting => format!("is starting{sent}"),
            ProgramState::Running { pid } => format!("runs, pid {pid}{sent}"),
            ProgramState::NotStarted(why) => format!("did not start: {why}"),
            ProgramState::Exited { how, left: 0, .. } => format!("{}{sent}", how.verb()),
            ProgramState::Exited { how, left: 1, .. } => format!("{}{sent}, and one process of it goes on", how.verb()),
            ProgramState::Exited { how, left, .. } => {
                format!("{}{sent}, and {left} processes of it go on", how.verb())
            }
        }
    }

    /// Returns the same without the reason why it did not start, which stands in the transcript.
    pub fn brief(&self) -> String {
        match &self.state {
            ProgramState::NotStarted(_) => "did not start".into(),
            _ => self.words(),
        }
    }

    /// Returns it, how far it is, and its last words: `curl exited with status 56; its last line: curl: (56) ...`.
    pub fn told(&self) -> String {
        let last = self.last_words();
        let last = last.map_or_else(String::new, |line| format!("; its last line: {line}"));
        format!("{} {}{last}", self.name, self.words())
    }

    /// Returns its last line, to stand behind a sentence about it; none where it wrote nothing.
    pub fn last_words(&self) -> Option<&str> {
        let said = |line: &&OutputLine| !line.text.trim().is_empty();
        self.lines.iter().rev().find(said).map(|line| line.text.as_str())
    }
}

/// Does a line have that text in it, upper and lower case being the same?
pub fn contains(line: &str, text: &str) -> bool {
    line.to_lowercase().contains(&text.to_lowercase())
}

/// The programs of both hosts, in the order in which they were asked for.
#[derive(Debug, Default)]
pub struct Programs {
    all: Vec<Program>,
}

impl Programs {
    /// Returns those of both hosts, the oldest first.
    pub fn all(&self) -> &[Program] {
        &self.all
    }

    /// Returns those of a host, the oldest first.
    pub fn of(&self, side: Side) -> impl DoubleEndedIterator<Item = &Program> {
        self.all.iter().filter(move |program| program.side == side)
    }

    /// The program of that number.
    pub fn get(&self, no: ProgramNo) -> Option<&Program> {
        self.all.get((no.0 as usize).checked_sub(1)?)
    }

    fn get_mut(&mut self, no: ProgramNo) -> Option<&mut Program> {
        self.all.get_mut((no.0 as usize).checked_sub(1)?)
    }

    /// The program of that name.
    pub fn named(&self, name: &ProgramName) -> Option<&Program> {
        self.all.iter().find(|program| program.name == *name)
    }

    /// Names a process so that it is told from those of an earlier program of the same command: `curl2` of the second curl that was
    /// started, `curl of sh2` of a process of its.
    pub(super) fn tell_apart(&self, process: &mut SocketOwner) {
        let Some(program) = process.program.and_then(|no| self.get(no)) else {
            return;
        };
        let of_command = ProgramName::of_command(&program.spec.run);
        if program.name == of_command {
            return;
        }
        process.name = match of_command.as_str().starts_with(&process.name) {
            true => program.name.to_string(),
            false => format!("{} of {}", process.name, program.name),
        };
    }

    /// Does one run on that host, or has one?
    pub fn ran_on(&self, side: Side) -> bool {
        self.of(side).next().is_some()
    }

    /// Does one run on either host?
    pub fn run(&self) -> bool {
        self.all.iter().any(Program::is_alive)
    }

    /// The one that was asked for last.
    pub fn newest(&self) -> Option<&Program> {
        self.all.last()
    }

    /// Puts a program on record: its number.
    fn add(&mut self, side: Side, spec: ProgramSpec, after: Option<ProgramNo>) -> ProgramNo {
        let of_command = ProgramName::of_command(&spec.run);
        let names = (0..).map(|others| of_command.after(others));
        let free = |name: &ProgramName| self.named(name).is_none();
        let name = names.into_iter().find(free).unwrap_or(of_command);
        let no = ProgramNo(self.all.len() as u32 + 1);
        self.all.push(Program {
            no,
            side,
            name,
            spec,
            state: ProgramState::Starting,
            lines: VecDeque::new(),
            signalled: None,
            left_out: 0,
            after,
        });
        no
    }

    /// The one of a host that a command means: the one that is named, or the newest that `fits`.
    ///
    /// # Errors
    ///
    /// There is none: one sentence.
    pub fn meant(
        &self,
        side: Side,
        name: Option<&ProgramName>,
        fits: fn(&Program) -> bool,
    ) -> Result<&Program, CommandError> {
        let Some(name) = name else {
            let newest = self.of(side).rev().find(|program| fits(program));
            return newest.ok_or_else(|| {
                let why = match self.of(side).next_back() {
                    None => format!("no program was started on the {side}'s host: {side} run COMMAND starts one"),
                    Some(last) => format!("no program runs on the {side}'s host: {} {}", last.name, last.words()),
                };
                CommandError::Impossible(why)
            });
        };
        match self.named(name) {
            Some(program) if program.side == side => Ok(program),
            Some(program) => Err(CommandError::Impossible(format!(
                "{name} is on the {}'s host, not on the {side}'s",
                program.side
            ))),
            None => {
                let names: Vec<&str> = self.of(side).map(|program| program.name.as_str()).collect();
                let has = match names.as_slice() {
                    [] => "no program was started there".into(),
                    names => format!("it has {}", names.join(", ")),
                };
                Err(CommandError::Unknown(
                    name.to_string(),
                    format!("the {side}'s host has no program {name}: {has}"),
                ))
            }
        }
    }
}

impl Session {
    /// Has a program started on that host.
    pub(super) fn run_program(&mut self, side: Side, spec: &ProgramSpec) -> Result<IssuedCommand, CommandError> {
        if let LabKind::Loopback(_) = self.lab.kind {
            return Err(CommandError::Impossible(
                "programs of your own run on a host of the isolated lab: the loopback lab has none, and no wire".into(),
            ));
        }
        let no = self.programs.add(side, spec.clone(), None);
        Ok(requests([LabRequest::Run(side, no, spec.clone())]))
    }

    pub(super) fn signal_program(
        &mut self,
        side: Side,
        signal: Signal,
        name: Option<&ProgramName>,
    ) -> Result<IssuedCommand, CommandError> {
        let no = self.living(side, name)?.no;
        if let Some(program) = self.programs.get_mut(no) {
            program.signalled = Some(signal);
        }
        Ok(requests([LabRequest::Signal(no, signal.0)]))
    }

    pub(super) fn kill_program(&self, side: Side, name: Option<&ProgramName>) -> Result<IssuedCommand, CommandError> {
        let program = self.living(side, name)?;
        Ok(requests([LabRequest::EndProgram(program.no)]))
    }

    /// The program that is named, or the newest, if it runs.
    fn living(&self, side: Side, name: Option<&ProgramName>) -> Result<&Program, CommandError> {
        let program = self.programs.meant(side, name, Program::is_alive)?;
        if program.is_alive() {
            return Ok(program);
        }
        let (name, words) = (&program.name, program.words());
        Err(CommandError::Impossible(format!("{name} runs no more: it {words}")))
    }

    pub(super) fn restart_program(
        &mut self,
        side: Side,
        name: Option<&ProgramName>,
    ) -> Result<IssuedCommand, CommandError> {
        let program = self.programs.meant(side, name, |_| true)?;
        let (no, spec, runs) = (program.no, program.spec.clone(), program.is_alive());
        let again = self.programs.add(side, spec.clone(), runs.then_some(no));
        // What runs still has its port: the new one waits for its end.
        Ok(requests([match runs {
            true => LabRequest::EndProgram(no),
            false => LabRequest::Run(side, again, spec),
        }]))
    }

    /// Takes in news of a program; what follows from it.
    pub(super) fn program_news(&mut self, at: MonoTime, event: ProgramEvent) -> Vec<LabRequest> {
        let why = match &event.what {
            ProgramNews::Output { line, .. } => self.why_of_line(event.side, event.program, line),
            _ => None,
        };
        if let Some(program) = self.programs.get_mut(event.program) {
            match &event.what {
                ProgramNews::Started { pid } => program.state = ProgramState::Running { pid: *pid },
                ProgramNews::NotStarted { why } => program.state = ProgramState::NotStarted(why.clone()),
                ProgramNews::Output { stream, line } => {
                    if program.lines.len() == LINES_KEPT {
                        program.lines.pop_front();
                    }
                    program.lines.push_back(OutputLine {
                        stream: *stream,
                        text: line.clone(),
                    });
                }
                ProgramNews::Flooded { left_out } => program.left_out = *left_out,
                ProgramNews::Exited { how, left } => {
                    program.state = ProgramState::Exited {
                        pid: program.pid(),
                        how: *how,
                        left: *left,
                    };
                }
                ProgramNews::Gone => {
                    if let ProgramState::Exited { left, .. } = &mut program.state {
                        *left = 0;
                    }
                }
            }
        }
        let program = self.programs.get(event.program);
        let entry = ProgramEntry {
            name: program.map(|program| program.name.to_string()),
            pid: program
                .and_then(Program::pid)
                .filter(|_| !matches!(event.what, ProgramNews::Started { .. })),
            command: matches!(event.what, ProgramNews::Started { .. })
                .then(|| program.map(|program| program.spec.run.clone()))
                .flatten(),
            why,
            event,
        };
        let over = program.filter(|program| !program.is_alive()).map(|program| program.no);
        self.transcript.push(at, EntryKind::Program(Box::new(entry)));
        let waits = |program: &&mut Program| program.after.is_some() && program.after == over;
        let next = self.programs.all.iter_mut().find(waits);
        next.map(|program| {
            program.after = None;
            LabRequest::Run(program.side, program.no, program.spec.clone())
        })
        .into_iter()
        .collect()
    }

    /// Takes in which process holds the socket of that inode.
    pub(super) fn owned(&mut self, side: Side, inode: u64, owner: SocketOwner) {
        let end = &mut self.ends[side];
        end.has_others |= owner.program.is_none();
        let known = end.sockets.of_inode(inode).first().copied();
        match known {
            Some(place) => {
                if let SocketMaker::Program(_) = end.sockets[place].maker {
                    end.changed.note(Changed::Socket(place));
                    end.sockets
                        .change(place, |socket| socket.maker = SocketMaker::Program(Some(owner)));
                }
            }
            None => {
                end.owners.insert(inode, owner);
                let row = end.table.of_inode(inode).map(|place| &end.table.rows()[place].row);
                if let Some((tuple, state)) = row.map(|row| (row.tuple, row.state)) {
                    self.adopt(side, inode, tuple, state);
                }
            }
        }
    }

    /// Gives names to the sockets of programs that stand in the host's table by now.
    pub(super) fn adopt_rows(&mut self, side: Side) {
        let end = &self.ends[side];
        if end.owners.is_empty() {
            return;
        }
        let row_of = |inode: u64| Some(&end.table.rows()[end.table.of_inode(inode)?].row);
        let inodes = end.owners.keys().copied();
        let mut found: Vec<(u64, Tuple, State)> = inodes
            .filter_map(|inode| row_of(inode).map(|row| (inode, row.tuple, row.state)))
            .collect();
        found.sort_unstable_by_key(|(inode, ..)| *inode);
        for (inode, tuple, state) in found {
            self.adopt(side, inode, tuple, state);
        }
    }

    /// Gives a name to the socket of a program with that inode, which is seen with these addresses and in that state; to no other.
    fn adopt(&mut self, side: Side, inode: u64, tuple: Tuple, state: State) {
        let Some(owner) = self.ends[side].owners.remove(&inode) else {
            return;
        };
        if self.is_inside(side, &tuple) {
            return;
        }
        let end = &mut self.ends[side];
        // It waited in the queue of a program's listener, and had a name there.
        let queued = end.named.get(&tuple).and_then(|name| end.sockets.place(name));
        let queued = queued.filter(|place| {
            let socket = &end.sockets[*place];
            socket.inode.is_none() && socket.maker == SocketMaker::Program(None)
        });
        if let Some(place) = queued {
            end.changed.note(Changed::Socket(place));
            end.sockets.change(place, |socket| {
                (socket.inode, socket.open) = (Some(inode), true);
                socket.maker = SocketMaker::Program(Some(owner));
            });
            let sock = end.sockets[place].sock;
            end.socks.holds(inode, sock);
            return;
        }
        self.name_a_programs(side, tuple, state, Some((inode, owner)));
    }

    /// Adds a socket of a program, under a name of its own.
    fn name_a_programs(
        &mut self,
        side: Side,
        tuple: Tuple,
        state: State,
        held: Option<(u64, SocketOwner)>,
    ) -> Option<SocketName> {
        let name = match state {
            State::Listen => self.ends[side].fresh_name(SocketRole::Listener)?,
            _ => self.name_of_pair(side, tuple)?,
        };
        let end = &mut self.ends[side];
        let (inode, owner) = held.unzip();
        let begins = matches!(state, State::SynSent | State::SynRecv) && inode.is_none();
        let sock = end.socks.of_a_program(tuple, inode, begins);
        let record = end.socks.get_mut(sock);
        match state {
            State::Listen => record.listening = true,
            _ => record.connected = true,
        }
        let mut socket = Socket::unborn(name.clone(), sock);
        socket.maker = SocketMaker::Program(owner);
        (socket.inode, socket.open, socket.tuple) = (inode, inode.is_some(), Some(tuple));
        end.named.insert(tuple, name.clone());
        end.add_a_programs(socket);
        Some(name)
    }

    /// A name for a connection at this end: with the number that it has at the other end, where that is free here, else with the next that
    /// is free at both.
    fn name_of_pair(&mut self, side: Side, tuple: Tuple) -> Option<SocketName> {
        let there = self.ends[side.other()].named.get(&tuple.mirrored());
        let there = there.and_then(|name| Some(name.id()?.connection.number.get()));
        let given = self.ends.iter().map(|(side, end)| end.given(side.into())).max();
        let next = given.unwrap_or(0).checked_add(1)?;
        let end = &mut self.ends[side];
        end.take_number(
            side.into(),
            there.filter(|no| end.is_free(side.into(), *no)).unwrap_or(next),
        )
    }

    /// Takes in a change of state of a socket that is not the endpoint's; is it one that nobody needs to hear of: of a connection of the
    /// host with itself?
    pub(super) fn meets_a_programs(&mut self, at: MonoTime, change: &StateChanged) -> bool {
        let StateChanged {
            side,
            tuple,
            inode,
            from,
            to,
            ..
        } = *change;
        if !self.programs.ran_on(side) && !self.ends[side].has_others {
            return false;
        }
        let end = &self.ends[side];
        let is_known = !end.sockets.of_inode(inode).is_empty() || end.is_connecting_to(tuple.peer);
        if self.is_inside(side, &tuple) && (inode == 0 || !is_known) && !end.named.contains_key(&tuple) {
            self.tells_of_inside(at, side);
            return true;
        }
        if inode != 0 {
            self.adopt(side, inode, tuple, to);
        } else if from == State::Close && matches!(to, State::SynRecv | State::Established | State::CloseWait) {
            // In the queue of a program's listener; in that of the endpoint's it has no name before accept gives it one.
            // A listener that is not known yet is no endpoint's: a program's, which has listened since the last look.
            let listener = self.listener_of(side, &tuple);
            if listener.is_none_or(|listener| listener.owner().is_some()) {
                self.name_a_programs(side, tuple, to, None);
            }
        }
        false
    }

    /// Returns the process that a connection of that host waits for, to be accepted; none where the listener is not a program's.
    pub fn acceptor(&self, side: Side, tuple: &Tuple) -> Option<&SocketOwner> {
        self.listener_of(side, tuple)?.owner()
    }

    /// Returns the listener that a connection of that host came through.
    fn listener_of(&self, side: Side, tuple: &Tuple) -> Option<&Socket> {
        let through = |listener: &Tuple| listener.is_listener() && came_through(tuple, listener);
        let mut sockets = self.ends[side].sockets.iter();
        sockets.find(|socket| socket.open && socket.tuple.as_ref().is_some_and(through))
    }

    /// Tells once that connections of that host with itself are not seen on the wire.
    fn tells_of_inside(&mut self, at: MonoTime, side: Side) {
        if std::mem::replace(&mut self.ends[side].has_inside, true) {
            return;
        }
        let text = format!(
            "a connection of the {side}'s host with itself: it goes over the host's own loopback device, not over the wire, \
             and is not shown"
        );
        self.transcript.push(at, EntryKind::Note { text });
    }

    /// Are these the addresses of a connection of the host with itself, which does not come to the wire?
    pub(super) fn is_inside(&self, side: Side, tuple: &Tuple) -> bool {
        let own = self.lab.addresses[side];
        let is_own = |ip: IpAddr| ip.is_loopback() || ip == own;
        self.lab.kind == LabKind::Isolated
            && !tuple.is_listener()
            && is_own(tuple.local.ip())
            && is_own(tuple.peer.ip())
    }

    /// Does a SYN from the other host to the lab's address reach that listener? One at `[::]` takes IPv4, too.
    pub(super) fn is_reached(&self, side: Side, listener: &Tuple) -> bool {
        let (at, own) = (listener.local.ip(), self.lab.addresses[side]);
        match at.is_unspecified() {
            true => at.is_ipv6() || own.is_ipv4(),
            false => at == own || (at.is_loopback() && own.is_loopback()),
        }
    }

    /// The number of the connections of a host with itself that programs on it have.
    pub fn inside(&self, side: Side) -> usize {
        if !self.programs.ran_on(side) {
            return 0;
        }
        let end = &self.ends[side];
        let rows = end.table.rows().iter().map(|observed| &observed.row);
        let inside = rows.filter(|row| self.is_inside(side, &row.tuple) && !end.is_named(row));
        // Each stands there with both of its ends.
        inside.count().div_ceil(2)
    }

    /// The process that holds a socket of a program; none of the endpoint's, and of one that nobody has accepted.
    pub fn owner_of(&self, side: Side, name: &SocketName) -> Option<&SocketOwner> {
        self.ends[side].socket(name)?.owner()
    }

    /// The current socket of an end, where a call without a socket's name would go to it and it is a program's, so that the call is refused.
    pub fn not_ours(&self, side: Side, request: &CallRequest) -> Option<&Socket> {
        let end = &self.ends[side];
        let target = end.socket(current_target(end, request)?)?;
        (!target.is_endpoints()).then_some(target)
    }

    /// Refuses a call on a socket of a program's.
    pub(super) fn require_own(&self, side: Side, name: &SocketName) -> Result<(), CommandError> {
        let Some(socket) = self.ends[side].socket(name) else {
            return Ok(());
        };
        let shown = socket.shown().clone();
        let whose = match &socket.maker {
            SocketMaker::Endpoint => return Ok(()),
            SocketMaker::Program(Some(owner)) => {
                format!("{shown} is {}'s (pid {})", owner.name, owner.pid)
            }
            SocketMaker::Program(None) => {
                let view = self.view_named(side, &shown);
                match view.is_some_and(|view| view.held == HeldBy::Queued) {
                    true => format!("{shown} waits for a program to accept it"),
                    false => format!("{shown} was a program's, which has closed it"),
                }
            }
        };
        Err(CommandError::Impossible(format!(
            "{whose}: finwait makes no calls on it; act on its segments with wire, on its program with {side} signal, or end it with {side} destroy on={shown}"
        )))
    }
}

/// Can this connection have come through that listener? One at `[::]` takes IPv4, too.
fn came_through(tuple: &Tuple, listener: &Tuple) -> bool {
    tuple.came_through(listener.local)
}

fn requests<const N: usize>(requests: [LabRequest; N]) -> IssuedCommand {
    IssuedCommand {
        requests: requests.into(),
        root: None,
    }
}
