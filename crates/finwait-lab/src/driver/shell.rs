//! The shell around the core: it owns every descriptor, sleeps until one of them has something to say or a time has come, and calls the
//! core then. It decides nothing.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::time::Duration;

use super::Core;
use super::outside::{EndpointProcess, Heard, Outside, Preparation, Ready};
use super::timing::Timing;
use crate::endpoint::protocol::Request;
use crate::error::{Operation, Result};
use crate::event::{Death, KeptBytes, LabEvent, LabRequest};
use crate::event_queue::EventQueue;
use crate::facts::LabFacts;
use crate::host::Host;
use crate::observe::counters::Counters;
use crate::observe::procfs::ProcRow;
use crate::observe::trace::{KernelTrace, TracedEvent};
use crate::os::tun::Sent;
use crate::poller::Poller;
use crate::process::Process;
use crate::program::keeper::KeeperOrder;
use crate::program::processes::{self, Descriptor, Holding, ProgramProcesses};
use crate::program::{MOST_WAITING, Program, ProgramWord, ProgramWords};
use crate::runtime::{Launch, LaunchMaker, Runtime};
use crate::watch::READINGS;
use finwait_model::call::Family;
use finwait_model::clock::MonoTime;
use finwait_model::counter::MovedCounters;
use finwait_model::errno::Errno;
use finwait_model::host::{Setting, SettingValue};
use finwait_model::program::{ProgramNo, ProgramSpec};
use finwait_model::side::{Ends, Side};
use finwait_model::socket_table::{SocketRow, Tuple};
use finwait_model::state::State;
use finwait_wire::offload::Offload;

/// The driver's thread: the core in its shell.
pub(crate) struct Driver {
    core: Core<Shell>,
    inbox: Receiver<LabRequest>,
    /// The runtimes that are made ready meanwhile.
    preparations: Receiver<Preparation>,
}

/// The end of the driver.
struct DriverExit;

impl Driver {
    /// Starts the endpoints of both hosts.
    pub(crate) fn new(
        mut hosts: Ends<Host>,
        makers: Ends<LaunchMaker>,
        facts: &LabFacts,
        inbox: Receiver<LabRequest>,
        wake: Arc<OwnedFd>,
        asked: Arc<AtomicBool>,
        queue: EventQueue,
    ) -> Result<Driver> {
        // Both start at the same time; the core waits for one after the other.
        for side in Side::BOTH {
            hosts[side].begin_spawn(side)?;
        }
        let (prepared, preparations) = channel();
        let (to_words, words) = sync_channel(MOST_WAITING);
        let shell = Shell {
            processes: Ends::default(),
            words,
            to_words,
            programs: BTreeMap::new(),
            first_processes: BTreeMap::new(),
            others: Ends::default(),
            hosts,
            poller: Poller::new(Arc::clone(&wake))?,
            makers,
            prepared,
            wake,
            asked,
            queue,
            scratch: Vec::new(),
            trace: None,
        };
        let core = Core::new(shell, facts, Timing::LIVE)?;
        Ok(Driver {
            core,
            inbox,
            preparations,
        })
    }

    /// Has so much of each packet's bytes reported from here on.
    pub(crate) fn keep(&mut self, kept: KeptBytes) {
        self.core.kept = kept;
    }

    /// Has the kernel's reasons traced from here on; where they are not available, a note says why. To be called on the driver's thread, which
    /// is the one that hands packets to hosts.
    pub(crate) fn trace(&mut self, trace: std::result::Result<KernelTrace, String>) {
        let thread = rustix::thread::gettid().as_raw_nonzero().get();
        let followed = trace.and_then(|trace| trace.follow(thread).map(|()| trace).map_err(|error| error.to_string()));
        let shell = &mut self.core.outside;
        match followed {
            Ok(trace) => {
                let path = trace.path().display();
                shell.tell(LabEvent::Note(format!(
                    "the kernel's reasons for RSTs and drops are traced, in {path}"
                )));
                shell.trace = Some(trace);
            }
            Err(why) => shell.tell(LabEvent::Note(format!("the kernel's reasons are not available: {why}"))),
        }
    }

    /// Runs until nobody can send requests any more. Endpoints end with it, before their hosts' keepers clear away.
    pub(crate) fn run(mut self) {
        while self.turn().is_ok() {}
        // Dropping one kills it and waits for its end: both end at the same time.
        let processes = &mut self.core.outside.processes;
        for side in Side::BOTH {
            processes[side].as_mut().map(Process::kill).unwrap_or_default();
        }
        *processes = Ends::default();
    }

    /// Waits until something happens, and has it taken in.
    fn turn(&mut self) -> std::result::Result<(), DriverExit> {
        if self.core.outside.queue.is_behind() {
            return self.await_reader();
        }
        let until = self.core.wakes_at();
        let ready = self.core.outside.poll(until);
        self.core.handle(&ready);
        let linger = self.core.linger();
        self.core.outside.queue.flush_due(linger);
        if ready.requests {
            self.core.outside.poller.drain();
            self.requests()?;
            let linger = self.core.linger();
            self.core.outside.queue.flush_due(linger);
        }
        Ok(())
    }

    /// Lets the reader of events catch up, and does nothing meanwhile that makes events: packets stay with their hosts. Only
    /// requests are heard, for their sender does not wait for us, and the last of them may be that nobody wants the lab any more.
    fn await_reader(&mut self) -> std::result::Result<(), DriverExit> {
        let Shell { queue, poller, .. } = &mut self.core.outside;
        queue.flush();
        let mut fds = [PollFd::from_borrowed_fd(poller.wake(), PollFlags::IN)];
        let _ = poll(&mut fds, None);
        poller.drain();
        self.requests()
    }

    fn requests(&mut self) -> std::result::Result<(), DriverExit> {
        while let Ok(preparation) = self.preparations.try_recv() {
            self.core.prepared(preparation);
        }
        // Before they are taken out: one that comes meanwhile is heard of again.
        self.core.outside.asked.store(false, Ordering::Release);
        loop {
            match self.inbox.try_recv() {
                Ok(request) => self.core.request(request),
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(DriverExit),
            }
        }
    }
}

/// The descriptors of both hosts and endpoints, and the way to the reader of events.
pub(super) struct Shell {
    // Field order is drop order: a process goes before its host, whose thread spawned it.
    processes: Ends<Option<Process>>,
    /// What the programs' attendants say. It goes before the programs: who waits to be heard by it would wait for ever.
    words: Receiver<ProgramWords>,
    to_words: SyncSender<ProgramWords>,
    programs: BTreeMap<ProgramNo, (Side, Program)>,
    first_processes: BTreeMap<ProgramNo, u32>,
    /// The processes on each host that were started beside the lab, as from `finwait shell`; none until a socket of such is looked for.
    others: Ends<Option<ProgramProcesses>>,
    hosts: Ends<Host>,
    poller: Poller,
    makers: Ends<LaunchMaker>,
    /// The way back for the threads that make runtimes ready; each rings after it has said something.
    prepared: Sender<Preparation>,
    wake: Arc<OwnedFd>,
    /// A request has come since they were last carried out.
    asked: Arc<AtomicBool>,
    queue: EventQueue,
    scratch: Vec<SocketRow>,
    trace: Option<KernelTrace>,
}

impl Shell {
    /// Sleeps until a descriptor is ready or the time has come.
    fn poll(&self, until: Option<MonoTime>) -> Ready {
        let mut fds = Vec::with_capacity(3);
        let devices = Ends::from_fn(|side| {
            let tun = self.hosts[side].tun.as_ref();
            fds.extend(tun.map(|tun| PollFd::from_borrowed_fd(tun.as_fd(), PollFlags::IN)));
            tun.map(|_| fds.len() - 1)
        });
        fds.push(PollFd::from_borrowed_fd(self.poller.as_fd(), PollFlags::IN));
        let timeout = until.and_then(|until| Timespec::try_from(until.since(MonoTime::now())).ok());
        let polled = poll(&mut fds, timeout.as_ref());
        // EINTR and the like: look at everything, which costs nothing but time.
        let is_ready = |place: usize| polled.is_err() || !fds[place].revents().is_empty();
        let others = is_ready(fds.len() - 1).then(|| self.poller.poll());
        Ready {
            packets: Ends::from_fn(|side| devices[side].is_some_and(is_ready)),
            processes: others.map(|others| others.processes).unwrap_or_default(),
            requests: others.is_some_and(|others| others.requests),
        }
    }

    /// Takes in which programs have a process by now.
    fn know_processes(&mut self, heard: &[ProgramWords]) {
        for (no, words) in heard {
            let pid = words.iter().find_map(|word| match word {
                ProgramWord::Here(pid) => Some(*pid),
                _ => None,
            });
            if let (Some(pid), Some((_, program))) = (pid, self.programs.get_mut(no)) {
                program.processes = Some(ProgramProcesses::of(program.keeper(), pid));
                self.first_processes.insert(*no, pid);
            }
        }
    }

    /// The processes on a host that were started beside the lab.
    fn others_on(&mut self, side: Side) -> &mut ProgramProcesses {
        let thread = self.hosts[side].thread;
        self.others[side].get_or_insert_with(|| ProgramProcesses::beside(thread))
    }

    /// The processes of each program on a host.
    fn processes_on(&mut self, side: Side) -> impl Iterator<Item = (ProgramNo, &mut ProgramProcesses)> {
        let here = self.programs.iter_mut().filter(move |(_, (on, _))| *on == side);
        here.filter_map(|(no, (_, program))| Some((*no, program.processes.as_mut()?)))
    }

    /// The processes of a program, or without one those on that host that were started beside the lab.
    fn processes_of(&mut self, side: Side, no: Option<ProgramNo>) -> Option<&mut ProgramProcesses> {
        match no {
            Some(no) => self.programs.get_mut(&no)?.1.processes.as_mut(),
            None => self.others[side].as_mut(),
        }
    }

    /// Reads procfs in place of sock_diag: what two readings one after the other agree on, or the last of a few.
    fn sockets_by_procfs(&mut self, side: Side, families: &[Family], rows: &mut Vec<SocketRow>) -> Result<()> {
        let mut before = None;
        for _ in 0..READINGS {
            let mut shown = Vec::new();
            self.procfs(side, families, &mut shown)?;
            let mut seen = HashSet::new();
            rows.clear();
            rows.extend(shown.into_iter().map(|shown| shown.row));
            rows.retain(|row| seen.insert((row.tuple, row.inode)));
            if before.as_ref() == Some(&seen) {
                break;
            }
            before = Some(seen);
        }
        Ok(())
    }
}

impl Outside for Shell {
    fn now(&self) -> MonoTime {
        MonoTime::now()
    }

    fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    fn tell(&mut self, what: LabEvent) {
        self.queue.push(what);
    }

    fn tell_idly(&mut self, what: LabEvent) {
        self.queue.push_idly(what);
    }

    fn flush(&mut self) {
        self.queue.flush();
    }

    fn sockets(&mut self, side: Side, families: &[Family], rows: &mut Vec<SocketRow>) -> Result<MonoTime> {
        rows.clear();
        match &mut self.hosts[side].diag {
            Ok(diag) => {
                for family in families {
                    diag.dump(*family, &mut self.scratch)?;
                    rows.append(&mut self.scratch);
                }
            }
            Err(_) => self.sockets_by_procfs(side, families, rows)?,
        }
        Ok(MonoTime::now())
    }

    fn socket(&mut self, side: Side, tuple: &Tuple) -> Result<(MonoTime, Option<SocketRow>)> {
        let row = match &mut self.hosts[side].diag {
            Ok(diag) => diag.query(tuple)?,
            Err(_) => {
                let mut rows = Vec::new();
                self.sockets_by_procfs(side, &[Family::Inet, Family::Inet6], &mut rows)?;
                rows.into_iter().find(|row| row.tuple == *tuple)
            }
        };
        Ok((MonoTime::now(), row))
    }

    fn procfs(&mut self, side: Side, families: &[Family], rows: &mut Vec<ProcRow>) -> Result<()> {
        let mut shown = Vec::new();
        let tables = self.hosts[side].tables.iter_mut();
        for (_, file) in tables.filter(|(family, _)| families.contains(family)) {
            file.read(&mut shown)?;
            rows.append(&mut shown);
        }
        Ok(())
    }

    fn counters(&mut self, side: Side) -> Result<MovedCounters> {
        let counters = self.hosts[side].counters.as_mut();
        counters.map_or_else(|| Ok(MovedCounters::default()), Counters::moved)
    }

    fn reasons(&mut self) -> Vec<TracedEvent> {
        self.trace.as_mut().map(KernelTrace::events).unwrap_or_default()
    }

    fn destroy(&mut self, side: Side, tuple: &Tuple) -> Result<()> {
        // The session asks for nothing that cannot be.
        self.hosts[side]
            .diag
            .as_mut()
            .map_or(Ok(()), |diag| diag.destroy(tuple))
    }

    fn set(&mut self, side: Side, setting: Setting, value: SettingValue) -> Result<()> {
        self.hosts[side].set(side, setting, value)
    }

    fn take_packet(&mut self, side: Side, buffer: &mut [u8]) -> Option<Sent> {
        let sent = self.hosts[side].tun.as_ref()?.read(buffer).ok()?;
        (sent.len > 0).then_some(sent)
    }

    fn deliver(&mut self, side: Side, bytes: &[u8], offload: &Offload) -> std::result::Result<(), Errno> {
        let tun = self.hosts[side].tun.as_ref();
        tun.map_or(Ok(()), |tun| tun.write(bytes, offload).map_err(Errno::from))
    }

    /// A thread of its own looks for the runtime and compiles its endpoint: packets go on meanwhile. It ends by itself; nobody waits for
    /// it when the lab ends before.
    fn prepare(&mut self, side: Side, runtime: Runtime) {
        let (maker, to, wake) = (self.makers[side].clone(), self.prepared.clone(), Arc::clone(&self.wake));
        let tell = move |launch| {
            // A driver that is gone wants to hear nothing.
            let _ = to.send(Preparation { side, runtime, launch });
            let _ = rustix::io::write(&wake, &1u64.to_ne_bytes());
        };
        let told = tell.clone();
        let make = move || {
            if runtime.is_to_be_compiled() {
                tell(None);
            }
            tell(Some(maker.make(runtime)));
        };
        let started = std::thread::Builder::new().name("runtime".into()).spawn(make);
        if let Err(error) = started {
            told(Some(Err(error).during(|| {
                format!("start a thread that makes the runtime {runtime} ready")
            })));
        }
    }

    fn start_with(&mut self, side: Side, launch: Launch) -> Result<()> {
        self.hosts[side].start_with(side, launch)
    }

    fn spawn(&mut self, side: Side) -> Result<EndpointProcess> {
        let process = Process::adopt(self.hosts[side].spawn(side)?);
        self.poller.watch(side, &process)?;
        let spawned = EndpointProcess {
            pid: process.pid(),
            hides: process.hides(),
            is_traced: process.syscalls().is_some(),
            takes_unasked: false,
        };
        self.processes[side] = Some(process);
        Ok(spawned)
    }

    fn send(&mut self, side: Side, request: &Request) -> Result<()> {
        self.processes[side]
            .as_mut()
            .map_or(Ok(()), |process| process.send(request))
    }

    fn hear(&mut self, side: Side) -> Heard {
        let Some(process) = &mut self.processes[side] else {
            return Heard::default();
        };
        process.flush();
        Heard {
            replies: process.hear(),
            printed: process.syscalls_seen(),
        }
    }

    fn await_word(&mut self, side: Side, most: Duration) {
        if let Some(process) = &self.processes[side] {
            process.wait(most);
        }
    }

    fn complaints(&mut self, side: Side) -> Vec<String> {
        self.processes[side]
            .as_mut()
            .map(Process::complaints)
            .unwrap_or_default()
    }

    fn last_complaints(&mut self, side: Side) -> Vec<String> {
        self.processes[side]
            .as_mut()
            .map(Process::last_complaints)
            .unwrap_or_default()
    }

    fn limit_descriptors(&mut self, side: Side, most: u32) -> Result<()> {
        let process = self.processes[side].as_ref();
        process.map_or(Ok(()), |process| process.limit_descriptors(most))
    }

    fn descriptor_limit(&self, side: Side) -> Option<u32> {
        self.processes[side].as_ref()?.descriptor_limit()
    }

    fn inode(&self, side: Side, fd: i32) -> Option<u64> {
        self.processes[side].as_ref()?.inode(fd)
    }

    fn info_state(&self, side: Side, fd: i32, inode: u64) -> Option<State> {
        self.processes[side].as_ref()?.info_state(fd, inode)
    }

    fn is_working(&self, side: Side) -> bool {
        self.processes[side].as_ref().is_some_and(Process::is_working)
    }

    fn is_exiting(&self, side: Side) -> bool {
        self.processes[side].as_ref().is_some_and(Process::is_exiting)
    }

    fn kill(&mut self, side: Side) {
        if let Some(process) = &mut self.processes[side] {
            process.kill();
        }
    }

    fn await_end(&mut self, side: Side) {
        if let Some(process) = &self.processes[side] {
            let mut fds = [PollFd::from_borrowed_fd(process.pidfd(), PollFlags::IN)];
            let _ = poll(&mut fds, None);
        }
    }

    fn reap(&mut self, side: Side) -> Option<Death> {
        self.processes[side].as_mut().and_then(Process::reap)
    }

    fn let_go(&mut self, side: Side) {
        self.processes[side] = None;
    }

    fn run(&mut self, side: Side, no: ProgramNo, spec: &ProgramSpec) -> std::result::Result<(), String> {
        let (spawned, surroundings) = self.hosts[side].run(spec)?;
        let wake = Arc::clone(&self.wake);
        let program = Program::adopt(spawned, no, &surroundings, self.to_words.clone(), wake)?;
        self.programs.insert(no, (side, program));
        Ok(())
    }

    fn program_words(&mut self) -> Vec<ProgramWords> {
        let heard: Vec<ProgramWords> = self.words.try_iter().take(MOST_WAITING).collect();
        self.know_processes(&heard);
        heard
    }

    fn program_pid(&self, no: ProgramNo) -> Option<u32> {
        self.first_processes.get(&no).copied()
    }

    fn signal_program(&mut self, no: ProgramNo, signal: i32) {
        if let Some((_, program)) = self.programs.get(&no) {
            program.order(KeeperOrder::Signal(signal));
        }
    }

    fn end_program(&mut self, no: ProgramNo) {
        if let Some((_, program)) = self.programs.get(&no) {
            program.order(KeeperOrder::End);
        }
    }

    fn forget_program(&mut self, no: ProgramNo) {
        self.programs.remove(&no);
        self.first_processes.remove(&no);
    }

    fn holders(&mut self, side: Side, inodes: &[u64]) -> Vec<(u64, Option<ProgramNo>, Descriptor)> {
        let mut found = Vec::new();
        let mut missing = inodes.to_vec();
        for (no, processes) in self.processes_on(side) {
            let its = processes.holders(&missing);
            missing.retain(|inode| its.iter().all(|(known, _)| known != inode));
            found.extend(its.into_iter().map(|(inode, held)| (inode, Some(no), held)));
            if missing.is_empty() {
                return found;
            }
        }
        let its = self.others_on(side).holders(&missing);
        found.extend(its.into_iter().map(|(inode, held)| (inode, None, held)));
        found
    }

    fn has_another_holder(&mut self, side: Side, no: Option<ProgramNo>, held: &Descriptor, inode: u64) -> bool {
        let processes = self.processes_of(side, no);
        processes.is_some_and(|processes| processes.other_holder(inode, held.pid).is_some())
    }

    fn sole_holder(&mut self, side: Side, inode: u64) -> Option<(Option<ProgramNo>, Descriptor)> {
        let mut of_programs = self.processes_on(side);
        let found = of_programs.find_map(|(no, processes)| Some((Some(no), processes.sole_holder(inode)?)));
        drop(of_programs);
        found.or_else(|| Some((None, self.others[side].as_mut()?.sole_holder(inode)?)))
    }

    fn name_of(&mut self, side: Side, no: Option<ProgramNo>, pid: u32) -> Option<String> {
        let processes = self.processes_of(side, no);
        processes.map_or_else(|| processes::name(pid), |processes| processes.name_of(pid))
    }

    fn holding(&mut self, side: Side, no: Option<ProgramNo>, held: &Descriptor, inode: u64) -> Holding {
        let processes = self.processes_of(side, no);
        processes.map_or_else(|| held.holding(inode), |processes| processes.holding(held, inode))
    }

    fn has_let_go(&mut self, side: Side, no: Option<ProgramNo>, held: &Descriptor, inode: u64) {
        if let Some(processes) = self.processes_of(side, no) {
            processes.let_go(held, inode);
        }
    }

    fn process_of(&mut self, thread: u32) -> Option<(u32, String)> {
        processes::process_of(thread)
    }

    fn is_traced(&self, no: ProgramNo) -> bool {
        self.programs.get(&no).is_some_and(|(_, program)| program.is_traced)
    }

    fn await_program_words(&mut self, most: Duration) -> Vec<ProgramWords> {
        let first = self.words.recv_timeout(most).ok();
        let mut words: Vec<ProgramWords> = first.into_iter().collect();
        self.know_processes(&words);
        words.extend(self.program_words());
        words
    }
}
