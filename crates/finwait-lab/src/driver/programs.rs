//! The driver and the programs of the user's own: what they say, whose sockets are theirs, and what they have done to them.

use super::*;
use crate::event::{ProgramCall, ProgramCause, ProgramDeed, ProgramEvent, ProgramNews};
use crate::program::processes::{Descriptor, Holding};
use crate::program::{ProgramWord, ProgramWords, TracedCall};
use finwait_model::program::{ProgramNo, ProgramSpec, SocketOwner};

/// The programs that have not ended, and where they run.
#[derive(Debug, Default)]
pub(super) struct RunningPrograms {
    sides: BTreeMap<ProgramNo, Side>,
    /// The programs that were killed by request.
    killed: BTreeSet<ProgramNo>,
    /// The time at which each host's table was last read because of them.
    read_at: Ends<MonoTime>,
    /// Words that were taken in while a call was waited for, and are yet to be heard.
    unheard: VecDeque<(ProgramNo, ProgramWord)>,
}

/// The sockets on a host that processes of programs hold, or held.
#[derive(Debug, Default)]
pub(super) struct ProgramSockets {
    /// By inode.
    owned: QuickMap<u64, OwnedSocket>,
    /// How often it was asked in vain who holds a socket.
    asked: QuickMap<u64, u8>,
    /// Listeners that are gone, and what a program did to them: what waited in their queues goes with them.
    gone: VecDeque<(SocketAddr, ProgramCause)>,
    /// The time at which it was last asked whether they are still held by the same processes.
    checked_at: MonoTime,
    /// The place among them up to which it was asked.
    checked: usize,
    /// The inodes of sockets that were closed before a table had shown them, the oldest first: a late reading may have them yet.
    closed_unseen: VecDeque<u64>,
}

/// A socket of a program's.
#[derive(Debug)]
struct OwnedSocket {
    /// None of a process that was started beside the lab.
    program: Option<ProgramNo>,
    held: Descriptor,
    /// The last descriptor was closed, and that was told.
    is_released: bool,
    /// The calls that strace has seen on it.
    seen: Vec<ProgramDeed>,
    /// The table's part in it.
    place: SocketPlace,
    /// Strace has seen its last close.
    is_closed: bool,
}

/// Whether a socket is in its host's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SocketPlace {
    /// Not seen in the table so far.
    Unseen,
    /// In the table.
    There,
    /// Gone from the table.
    Left,
}

/// The number of times that it is asked who holds a socket: a process that comes up just then may be missed once.
const MOST_ASKED: u8 = 5;
/// The most listeners that are remembered when they are gone.
const MOST_GONE: usize = 16;
/// The most descriptors that are looked at in one reading, whether they are still open.
const MOST_CHECKED: usize = 64;
/// The most sockets that are remembered when they are closed, and were in no table.
const MOST_CLOSED: usize = 1024;
/// The number of rows that a table may have to be read every [`Timing::program_reading`]; one of twice as many is read half as often.
const MANY_ROWS: usize = 256;

/// Has a call that argument?
fn has_argument(made: &Syscall, argument: &str) -> bool {
    made.args.iter().flatten().any(|arg| arg == argument)
}

/// Returns what a program did whose socket is in that state since its descriptor was closed: a FIN may have been sent by a `shutdown` before,
/// which strace tells.
fn closed_with(to: State, is_traced: bool) -> ProgramDeed {
    match to {
        State::FinWait1 | State::LastAck if !is_traced => ProgramDeed::CloseOrShutdown,
        _ => ProgramDeed::Close,
    }
}

/// May a line of a program be about a timeout of the kernel's?
fn tells_of_a_timeout(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["timed out", "timeout", "timedout", "time-out"]
        .iter()
        .any(|words| line.contains(words))
}

/// Does strace look on at that program? It does at nobody who was started beside the lab.
fn is_traced<O: Outside>(outside: &O, program: Option<ProgramNo>) -> bool {
    program.is_some_and(|program| outside.is_traced(program))
}

/// Has a call a socket's address of that family?
fn has_family(made: &Syscall, family: &str) -> bool {
    let names_it = |arg: &String| {
        arg.strip_prefix("{sa_family=")
            .is_some_and(|rest| rest.starts_with(family))
    };
    made.args.iter().flatten().any(names_it)
}

impl OwnedSocket {
    fn owner(&self) -> SocketOwner {
        SocketOwner {
            program: self.program,
            pid: self.held.pid,
            name: self.held.name.clone(),
        }
    }
}

impl RunningPrograms {
    /// What a process that has ended did to its sockets: where nobody saw its calls and nobody killed it, it may have closed them before.
    fn deed_of_an_ended(&self, program: Option<ProgramNo>, is_traced: bool) -> ProgramDeed {
        if is_traced || program.is_some_and(|program| self.killed.contains(&program)) {
            ProgramDeed::Exit
        } else {
            ProgramDeed::CloseOrExit
        }
    }

    /// Does one run on that host?
    pub(super) fn any_on(&self, side: Side) -> bool {
        self.sides.values().any(|on| *on == side)
    }

    /// The time since which both hosts' tables have been read because of programs; none unless some run on both.
    pub(super) fn both_read_at(&self) -> Option<MonoTime> {
        let Ends { client, server } = self.read_at;
        let on_both = self.any_on(Side::Client) && self.any_on(Side::Server);
        on_both.then(|| client.min(server))
    }

    /// Keeps words that are yet to be heard.
    fn put(&mut self, words: Vec<ProgramWords>) {
        let each = |(no, words): ProgramWords| words.into_iter().map(move |word| (no, word));
        self.unheard.extend(words.into_iter().flat_map(each));
    }

    /// Does none run?
    pub(super) fn is_empty(&self) -> bool {
        self.sides.is_empty()
    }
}

impl<O: Outside> Core<O> {
    /// Starts a program on a host.
    pub(super) fn run_program(&mut self, side: Side, no: ProgramNo, spec: &ProgramSpec) {
        let started = if self.wired {
            self.outside.run(side, no, spec)
        } else {
            Err("programs run on the hosts of the isolated lab, and this is the loopback lab".into())
        };
        match started {
            Ok(()) => {
                self.programs.sides.insert(no, side);
                self.ends[side].watch.expect_both();
            }
            Err(why) => self.tell_program(side, no, ProgramNews::NotStarted { why }),
        }
    }

    /// Sends a signal to a program's first process.
    pub(super) fn signal_program(&mut self, no: ProgramNo, signal: i32) {
        match self.programs.sides.contains_key(&no) {
            true => {
                if signal == libc::SIGKILL {
                    self.programs.killed.insert(no);
                }
                self.outside.signal_program(no, signal);
            }
            false => self.tell(LabEvent::Note(format!("program {no} does not run"))),
        }
    }

    /// Ends all processes of a program.
    pub(super) fn end_program(&mut self, no: ProgramNo) {
        match self.programs.sides.contains_key(&no) {
            true => {
                self.programs.killed.insert(no);
                self.outside.end_program(no);
            }
            false => self.tell(LabEvent::Note(format!("program {no} does not run"))),
        }
    }

    fn tell_program(&mut self, side: Side, program: ProgramNo, what: ProgramNews) {
        self.tell(LabEvent::Program(ProgramEvent { side, program, what }));
    }

    /// Hears what programs have written and done since the last time.
    pub(super) fn hear_programs(&mut self) {
        if self.programs.is_empty() {
            return;
        }
        let words = self.outside.program_words();
        self.programs.put(words);
        while let Some((no, word)) = self.programs.unheard.pop_front() {
            self.program_says(no, word);
        }
    }

    fn program_says(&mut self, no: ProgramNo, word: ProgramWord) {
        let Some(side) = self.programs.sides.get(&no).copied() else {
            return;
        };
        let what = match word {
            ProgramWord::Here(_) => return,
            ProgramWord::Note(note) => return self.tell(LabEvent::Note(note)),
            ProgramWord::Call(call) => return self.program_calls(side, no, call),
            ProgramWord::Output(stream, line) => {
                // Whose timer ran out, the kernel's or the program's, is seen by what became of its sockets.
                if tells_of_a_timeout(&line) {
                    self.relay(EITHER);
                    self.read_whole(side);
                }
                ProgramNews::Output { stream, line }
            }
            ProgramWord::Flooded(left_out) => ProgramNews::Flooded { left_out },
            ProgramWord::Started => {
                let pid = self.outside.program_pid(no).unwrap_or(0);
                // What it has done before may be its own.
                self.ends[side].program_sockets.asked.clear();
                ProgramNews::Started { pid }
            }
            ProgramWord::NotStarted(why) => {
                self.tell_program(side, no, ProgramNews::NotStarted { why });
                return self.program_is_over(side, no);
            }
            ProgramWord::Exited(how, left) => {
                // Its sockets' last segments, and what became of them.
                self.relay(EITHER);
                self.read_whole(side);
                self.tell_program(side, no, ProgramNews::Exited { how, left });
                if left == 0 {
                    self.program_is_over(side, no);
                }
                return;
            }
            ProgramWord::Gone => {
                self.relay(EITHER);
                self.read_whole(side);
                self.tell_program(side, no, ProgramNews::Gone);
                return self.program_is_over(side, no);
            }
        };
        self.tell_program(side, no, what);
    }

    fn program_is_over(&mut self, side: Side, no: ProgramNo) {
        self.outside.forget_program(no);
        self.programs.sides.remove(&no);
        let sockets = &mut self.ends[side].program_sockets;
        sockets.asked.clear();
        sockets.owned.retain(|_, owned| owned.program != Some(no));
        (self.dirty, self.unquiet) = (true, true);
    }

    fn read_whole(&mut self, side: Side) {
        self.ends[side].touched.all();
        self.settle(Some(side));
        (self.dirty, self.unquiet) = (true, true);
    }

    /// Is that socket a program's?
    pub(super) fn is_a_programs(&self, side: Side, inode: u64) -> bool {
        self.ends[side].program_sockets.owned.contains_key(&inode)
    }

    /// Tells a system call of a program's.
    fn program_calls(&mut self, side: Side, program: ProgramNo, call: TracedCall) {
        let TracedCall {
            thread,
            fd,
            inode,
            makes,
            made,
        } = call;
        let process = self.outside.process_of(thread);
        let pid = process.as_ref().map_or(thread, |(pid, _)| *pid);
        for (fd, inode) in [fd.zip(inode), makes].into_iter().flatten() {
            let is_new = !self.ends[side].program_sockets.owned.contains_key(&inode);
            if let Some((pid, name)) = process.clone().filter(|_| is_new) {
                self.owned_by(side, inode, Some(program), Descriptor { pid, name, fd });
            }
        }
        let deed = match made.name.as_str() {
            "connect" if has_family(&made, "AF_UNSPEC") => Some(ProgramDeed::Disconnect),
            "connect" => Some(ProgramDeed::Connect),
            "listen" => Some(ProgramDeed::Listen),
            // Which sends no FIN is none of the sending direction.
            "shutdown" if made.errno.is_none() && !has_argument(&made, "SHUT_RD") => Some(ProgramDeed::Shutdown),
            "close" => Some(ProgramDeed::Close),
            _ => None,
        };
        let owned = inode.and_then(|inode| self.ends[side].program_sockets.owned.get_mut(&inode));
        if let (Some(owned), Some(deed)) = (owned, deed) {
            owned.seen.push(deed);
        }
        self.unquiet = true;
        self.tell(LabEvent::ProgramCall(ProgramCall {
            side,
            program,
            pid,
            fd,
            inode,
            makes: makes.map(|(_, inode)| inode),
            made,
        }));
        if deed == Some(ProgramDeed::Close)
            && let Some(inode) = inode
        {
            self.closed_by(side, inode, pid);
        }
    }

    /// Asks who else holds a socket when its owner has closed its descriptor: a server may have left it to a child.
    fn closed_by(&mut self, side: Side, inode: u64, pid: u32) {
        let owned = self.ends[side].program_sockets.owned.get(&inode);
        let Some(owned) = owned.filter(|owned| owned.held.pid == pid) else {
            return;
        };
        if !owned.is_released {
            let mut found = self.outside.holders(side, &[inode]);
            found.retain(|(_, _, held)| held.pid != pid);
            if !found.is_empty() {
                for (inode, program, held) in found {
                    self.owned_by(side, inode, program, held);
                }
                return;
            }
        }
        self.ends[side].program_sockets.closed(inode);
    }

    /// The longest that nothing is read of the tables while programs run: a listener is to be seen when it listens. None while none runs.
    pub(super) fn program_reading(&self) -> Option<Duration> {
        let on = |(side, end): (Side, &DriverEnd)| self.programs.any_on(side).then(|| end.watch.len());
        let rows = self.ends.iter().filter_map(on).max()?;
        let times = u32::try_from(rows.div_ceil(MANY_ROWS)).unwrap_or(u32::MAX).max(1);
        Some((self.timing.program_reading * times).min(self.timing.busy_reading))
    }

    /// Do programs run, and has a host of theirs many sockets?
    pub(super) fn has_busy_programs(&self) -> bool {
        let mut hosts = self.ends.iter().filter(|(side, _)| self.programs.any_on(*side));
        hosts.any(|(_, end)| end.watch.len() > MANY_ROWS)
    }

    /// Returns when they are to be read next because of programs; none while none runs.
    pub(super) fn programs_wake_at(&self) -> Option<MonoTime> {
        self.next_look_at_programs().map(|(at, _)| at)
    }

    /// The host whose table is to be read next because of programs, and when.
    fn next_look_at_programs(&self) -> Option<(MonoTime, Side)> {
        let reading = self.program_reading()?;
        let hosts = Side::BOTH.into_iter().filter(|side| self.programs.any_on(*side));
        hosts
            .map(|side| (self.programs.read_at[side].plus(reading), side))
            .min_by_key(|(at, _)| *at)
    }

    /// Reads the table of a host with programs, where it is time to: one host's a turn, for a thousand sockets take a while to read, and
    /// who waits for the outcome of a call waits for that, too. It has what came before.
    pub(super) fn look_at_programs(&mut self) {
        let now = self.outside.now();
        let Some((_, side)) = self.next_look_at_programs().filter(|(at, _)| *at <= now) else {
            return;
        };
        self.outside.flush();
        self.programs.read_at[side] = now;
        self.ends[side].touched.all();
        self.check_owners(side);
        // Of many sockets whose states change all the time, procfs would be read, and each told, for the few that did.
        let told_whole_at = self.ends[side].watch.told_whole_at();
        let spares = self.ends[side].watch.len() > MANY_ROWS && now.since(told_whole_at) < self.timing.whole_telling;
        self.ends[side].watch.spare_procfs(spares);
        self.settle_host(side);
        self.ends[side].watch.spare_procfs(false);
        self.quieten();
        self.count_at_times(now);
    }

    /// Finds out who holds sockets that nobody is known to hold, and tells it.
    ///
    /// Without a program on the host, it is a process that was started beside the lab, and nobody is asked for while a call is under way
    /// that may make the socket, or an endpoint is there that makes some without a word.
    pub(super) fn find_owners(&mut self, side: Side, sockets: impl IntoIterator<Item = (u64, Tuple)>) {
        let end = &mut self.ends[side];
        let may_be_own = || !end.in_flight.is_empty() || end.process.is_none_or(|process| process.hides);
        if !self.programs.any_on(side) && (!self.wired || may_be_own()) {
            return;
        }
        let mut unknown: Vec<(u64, Tuple)> = sockets.into_iter().collect();
        unknown.retain(|(inode, _)| {
            if *inode == 0 || end.is_own(*inode) || end.program_sockets.owned.contains_key(inode) {
                return false;
            }
            let asked = end.program_sockets.asked.entry(*inode).or_default();
            *asked = asked.saturating_add(1);
            *asked <= MOST_ASKED
        });
        if unknown.is_empty() {
            return;
        }
        end.watch.expect_both();
        self.hear_starts(side);
        let inodes: Vec<u64> = unknown.iter().map(|(inode, _)| *inode).collect();
        for (inode, program, held) in self.outside.holders(side, &inodes) {
            self.owned_by(side, inode, program, held);
        }
        for (inode, tuple) in unknown {
            if !self.ends[side].program_sockets.owned.contains_key(&inode)
                && let Some((program, held)) = self.acceptor(side, &tuple)
            {
                self.owned_by(side, inode, program, held);
            }
        }
    }

    /// Waits a moment for a program that is about to run there, and tells that it does: what it does at once may come among many packets,
    /// and be read before its start is heard.
    fn hear_starts(&mut self, side: Side) {
        let is_coming = |(no, on): (&ProgramNo, &Side)| *on == side && self.outside.program_pid(*no).is_none();
        if !self.programs.sides.iter().any(is_coming) {
            return;
        }
        let words = self.outside.await_program_words(self.timing.strace_patience);
        self.programs.put(words);
        let is_start = |(_, word): &(ProgramNo, ProgramWord)| matches!(word, ProgramWord::Started);
        while let Some(at) = self.programs.unheard.iter().position(is_start) {
            if let Some((no, word)) = self.programs.unheard.remove(at) {
                self.program_says(no, word);
            }
        }
    }

    /// The process that has accepted a connection and closed it before anybody looked: who alone holds the listener.
    fn acceptor(&mut self, side: Side, tuple: &Tuple) -> Option<(Option<ProgramNo>, Descriptor)> {
        let watch = &self.ends[side].watch;
        let listener = watch.row_at(&watch.listener_of(tuple)?)?.inode;
        let (program, held) = self.outside.sole_holder(side, listener)?;
        // Which number the descriptor had is not known.
        Some((program, Descriptor { fd: -1, ..held }))
    }

    fn owned_by(&mut self, side: Side, inode: u64, program: Option<ProgramNo>, held: Descriptor) {
        let owned = OwnedSocket {
            program,
            held,
            is_released: false,
            seen: Vec::new(),
            place: SocketPlace::Unseen,
            is_closed: false,
        };
        let owner = owned.owner();
        let sockets = &mut self.ends[side].program_sockets;
        sockets.asked.remove(&inode);
        // Its place is the same, whoever has it.
        let place = sockets.owned.get(&inode).map_or(owned.place, |before| before.place);
        sockets.owned.insert(inode, OwnedSocket { place, ..owned });
        self.tell(LabEvent::Owned { side, inode, owner });
    }

    /// Asks of each socket of a program's, from time to time, whether the same process still holds it: a server's master may have handed
    /// it to a worker.
    fn check_owners(&mut self, side: Side) {
        let now = self.outside.now();
        let sockets = &mut self.ends[side].program_sockets;
        if now.since(sockets.checked_at) < self.timing.busy_reading {
            return;
        }
        sockets.checked_at = now;
        let first = sockets.checked % sockets.owned.len().max(1);
        sockets.checked = first + MOST_CHECKED;
        let some = sockets.owned.iter().skip(first).take(MOST_CHECKED);
        let mut names: QuickMap<u32, Option<String>> = QuickMap::default();
        let mut is_same = |inode: u64, owned: &OwnedSocket| {
            let held = &owned.held;
            if self.outside.holding(side, owned.program, held, inode) != Holding::Open {
                return false;
            }
            let name = names.entry(held.pid);
            name.or_insert_with(|| self.outside.name_of(side, owned.program, held.pid))
                .as_ref()
                == Some(&held.name)
        };
        let lost: Vec<u64> = some
            .filter(|(inode, owned)| !owned.is_released && !is_same(**inode, owned))
            .map(|(inode, _)| *inode)
            .collect();
        // What is in nobody's hands any more: the table tells what comes of it.
        for (inode, program, held) in self.outside.holders(side, &lost) {
            self.owned_by(side, inode, program, held);
        }
    }

    /// Returns what a program did to make a socket change its state, when no packet came for it; none where it did not.
    pub(super) fn program_cause(&mut self, side: Side, change: &StateChange, resets: bool) -> Option<TransitionCause> {
        self.program_deed(side, change, resets).map(TransitionCause::Program)
    }

    fn program_deed(&mut self, side: Side, change: &StateChange, resets: bool) -> Option<ProgramCause> {
        let sockets = &self.ends[side].program_sockets;
        if sockets.owned.is_empty() && sockets.gone.is_empty() {
            return None;
        }
        let closes = StateEffect::Closes.made(change);
        let opens = StateEffect::Opens.made(change) && change.to != State::Listen;
        if opens && change.to != State::SynSent && self.ends[side].watch.listener_of(&change.tuple).is_some() {
            return self.connector(side, &change.tuple);
        }
        match () {
            () if change.inode == 0 => return closes.then(|| self.closed_unseen(side, change, resets)).flatten(),
            () if change.heir.is_some() => return None,
            () if change.to == State::Listen => self.await_call(side, change.inode, &[ProgramDeed::Listen]),
            () if opens => self.await_call(side, change.inode, &[ProgramDeed::Connect]),
            () if closes => {
                let deeds = [ProgramDeed::Shutdown, ProgramDeed::Disconnect, ProgramDeed::Close];
                self.await_call(side, change.inode, &deeds);
            }
            () => {}
        }
        let Core {
            ends,
            outside,
            programs,
            ..
        } = self;
        let end = &mut ends[side];
        let is_orphan = matches!(end.watch.connection(&change.tuple), Some((_, None)));
        let owned = end.program_sockets.owned.get_mut(&change.inode)?;
        // A child is its parent until it executes another program.
        let renamed = outside
            .name_of(side, owned.program, owned.held.pid)
            .filter(|name| *name != owned.held.name);
        if let Some(name) = renamed {
            owned.held.name = name;
            let (inode, owner) = (change.inode, owned.owner());
            outside.tell(LabEvent::Owned { side, inode, owner });
        }
        let process = owned.owner();
        let by = match () {
            () if change.to == State::Listen => ProgramDeed::Listen,
            () if opens => ProgramDeed::Connect,
            () if !closes || owned.is_released => return None,
            () => {
                let holding = match outside.holding(side, owned.program, &owned.held, change.inode) {
                    Holding::Open => Holding::Open,
                    // A row without an inode is of a socket that nobody holds (`sock_orphan`).
                    other if is_orphan => other,
                    // Another process may have it, too: then it is no close.
                    _ if outside.has_another_holder(side, owned.program, &owned.held, change.inode) => Holding::Open,
                    other => other,
                };
                let last = owned.seen.last();
                match holding {
                    _ if last == Some(&ProgramDeed::Disconnect) && change.to == State::Close => ProgramDeed::Disconnect,
                    Holding::Open if change.from == State::Listen => ProgramDeed::Shutdown,
                    Holding::Open if matches!(change.to, State::FinWait1 | State::LastAck) => ProgramDeed::Shutdown,
                    // It is over, and its process has not let go of it.
                    Holding::Open => return None,
                    // A timer that gives up closes nobody's descriptor, and the process may have closed it since; it sends no FIN.
                    _ if change.to == State::Close && change.expired.is_some() && change.retransmits > 0 && !resets => {
                        return None;
                    }
                    // Strace may have printed the close that followed, too.
                    _ if owned.seen.contains(&ProgramDeed::Shutdown) && change.to != State::Close => {
                        ProgramDeed::Shutdown
                    }
                    Holding::Ended if !owned.seen.contains(&ProgramDeed::Close) => {
                        programs.deed_of_an_ended(owned.program, is_traced(outside, owned.program))
                    }
                    _ if resets && change.to == State::Close => ProgramDeed::Abort,
                    Holding::Closed | Holding::Ended => closed_with(change.to, is_traced(outside, owned.program)),
                }
            }
        };
        owned.is_released = by.lets_go();
        let cause = ProgramCause { process, by };
        if change.from == State::Listen {
            let gone = &mut end.program_sockets.gone;
            gone.push_back((change.tuple.local, cause.clone()));
            if gone.len() > MOST_GONE {
                gone.pop_front();
            }
        }
        Some(cause)
    }

    /// Who has connected to a socket of the same host: on its loopback device no segment tells of the handshake.
    fn connector(&self, side: Side, accepted: &Tuple) -> Option<ProgramCause> {
        let end = &self.ends[side];
        let (_, inode) = end.watch.connection(&accepted.mirrored())?;
        let process = end.program_sockets.owned.get(&inode?)?.owner();
        let by = ProgramDeed::Connect;
        Some(ProgramCause { process, by })
    }

    /// What ended a connection whose descriptor no reading has shown.
    fn closed_unseen(&mut self, side: Side, change: &StateChange, resets: bool) -> Option<ProgramCause> {
        // What waits in a listener's queue goes with it.
        let gone = self.ends[side].program_sockets.gone.iter().rev();
        let mut through = gone.filter(|(listener, _)| change.tuple.came_through(*listener));
        let queued = through.next().map(|(_, cause)| cause.clone());
        let queued = queued.or_else(|| self.closed_listener(side, &change.tuple));
        // While the listener is there, only what was accepted ends by itself: it was, and closed, before anybody looked.
        queued.or_else(|| {
            let sends_fin = matches!(change.to, State::FinWait1 | State::LastAck);
            let is_reset =
                resets && change.to == State::Close && matches!(change.from, State::Established | State::CloseWait);
            if !sends_fin && !is_reset {
                return None;
            }
            let (program, held) = self.acceptor(side, &change.tuple)?;
            let by = match is_reset {
                true => ProgramDeed::Abort,
                false => closed_with(change.to, is_traced(&self.outside, program)),
            };
            let Descriptor { pid, name, .. } = held;
            let process = SocketOwner { program, pid, name };
            Some(ProgramCause { process, by })
        })
    }

    /// What a program has just done to the listener that a connection has come through, if that has not been read anew since.
    fn closed_listener(&mut self, side: Side, tuple: &Tuple) -> Option<ProgramCause> {
        let end = &self.ends[side];
        let listener = end.watch.row_at(&end.watch.listener_of(tuple)?)?.inode;
        let owned = end.program_sockets.owned.get(&listener)?;
        let by = match self.outside.holding(side, owned.program, &owned.held, listener) {
            Holding::Open => return None,
            Holding::Closed => ProgramDeed::Close,
            Holding::Ended => self
                .programs
                .deed_of_an_ended(owned.program, is_traced(&self.outside, owned.program)),
        };
        let process = owned.owner();
        Some(ProgramCause { process, by })
    }

    /// Waits, where strace looks on, until it has printed a call on that socket which is one of these: it is told before what it has led to.
    fn await_call(&mut self, side: Side, inode: u64, deeds: &[ProgramDeed]) {
        let until = self.outside.now().plus(self.timing.strace_patience);
        let is_call = |(_, word): &(ProgramNo, ProgramWord)| matches!(word, ProgramWord::Call(_));
        while let Some(at) = self.programs.unheard.iter().position(is_call) {
            if let Some((no, word)) = self.programs.unheard.remove(at) {
                self.program_says(no, word);
            }
        }
        loop {
            let Some(owned) = self.ends[side].program_sockets.owned.get(&inode) else {
                return;
            };
            let is_seen = owned.is_released || owned.seen.iter().any(|seen| deeds.contains(seen));
            let left = until.since(self.outside.now());
            if is_seen || left.is_zero() || !is_traced(&self.outside, owned.program) {
                return;
            }
            for (no, words) in self.outside.await_program_words(left) {
                for word in words {
                    match word {
                        ProgramWord::Call(call) => {
                            if let Some(on) = self.programs.sides.get(&no).copied() {
                                self.program_calls(on, no, call);
                            }
                        }
                        word => self.programs.unheard.push_back((no, word)),
                    }
                }
            }
        }
    }

    /// Forgets the owner of a socket that has left the table, unless strace may yet print a call on it.
    pub(super) fn disown(&mut self, side: Side, change: &StateChange) {
        if change.to == State::Listen {
            // Another listener there has a queue of its own.
            let gone = &mut self.ends[side].program_sockets.gone;
            gone.retain(|(listener, _)| *listener != change.tuple.local);
        }
        if change.inode == 0 {
            return;
        }
        let ProgramSockets { owned, asked, .. } = &mut self.ends[side].program_sockets;
        if change.to != State::Close {
            if let Some(owned) = owned.get_mut(&change.inode) {
                owned.place = SocketPlace::There;
            }
            return;
        }
        asked.remove(&change.inode);
        let Some(gone) = owned.get_mut(&change.inode) else {
            return;
        };
        gone.place = SocketPlace::Left;
        self.outside.has_let_go(side, gone.program, &gone.held, change.inode);
        // Of a process that has ended, none is to come.
        let prints = is_traced(&self.outside, gone.program)
            && !gone.is_closed
            && self.outside.holding(side, gone.program, &gone.held, change.inode) != Holding::Ended;
        if !prints {
            owned.remove(&change.inode);
        }
    }
}

impl ProgramSockets {
    /// Returns how many are known.
    #[cfg(test)]
    pub(super) fn owned_count(&self) -> usize {
        self.owned.len()
    }

    /// Notes that strace has seen the last close of a socket. It is forgotten when it has left the table; where it was not seen there, when many
    /// such have followed.
    fn closed(&mut self, inode: u64) {
        let Some(owned) = self.owned.get_mut(&inode) else {
            return;
        };
        owned.is_closed = true;
        match owned.place {
            SocketPlace::Left => drop(self.owned.remove(&inode)),
            SocketPlace::There => {}
            SocketPlace::Unseen => self.closed_unseen.push_back(inode),
        }
        if self.closed_unseen.len() > MOST_CLOSED
            && let Some(oldest) = self.closed_unseen.pop_front()
        {
            let is_unseen = |owned: &OwnedSocket| owned.is_closed && owned.place == SocketPlace::Unseen;
            if self.owned.get(&oldest).is_some_and(is_unseen) {
                self.owned.remove(&oldest);
            }
        }
    }
}
