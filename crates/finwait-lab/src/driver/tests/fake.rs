//! A made-up outside of the core: a clock that goes only when something is waited for, and hosts that do as they are told.

use std::collections::{BTreeMap, VecDeque};

use super::*;
use crate::event::Death;
use crate::observe::procfs::ProcRow;
use crate::observe::trace::TracedEvent;
use crate::os::tun::Sent;
use crate::process::ProcessReadiness;
use crate::program::ProgramWords;
use crate::program::processes::{Descriptor, Holding};
use crate::runtime::{Launch, Runtime};
use finwait_model::counter::MovedCounters;
use finwait_model::program::{ProgramNo, ProgramSpec};

/// Something that happens at an end.
pub(super) type Act = Box<dyn FnOnce(&mut End)>;

/// An end: its host and its endpoint.
pub(super) struct End {
    process: EndpointProcess,
    /// The kernel's table.
    pub(super) rows: Vec<SocketRow>,
    /// Words that were not heard yet.
    pub(super) replies: Vec<std::result::Result<Reply, ProtocolError>>,
    /// The system calls that strace has printed, and nobody has read.
    pub(super) printed: Vec<Printed>,
    /// Packets that nobody has taken yet.
    pub(super) packets: VecDeque<Vec<u8>>,
    /// The sockets behind the process's descriptors.
    pub(super) inodes: BTreeMap<i32, u64>,
    /// Does a thread of it run?
    pub(super) is_working: bool,
    /// Is the kernel closing its descriptors?
    pub(super) is_exiting: bool,
    /// Does procfs show each socket twice, as when its rows move between two pages?
    pub(super) is_torn: bool,
    /// Is there no reading its table?
    pub(super) is_unreadable: bool,
    /// What the host's counters have moved since they were last read.
    pub(super) counted: MovedCounters,
    /// The end of the process.
    pub(super) death: Option<Death>,
    /// The acts at the arrival of the next packets, one each; nothing when there are none.
    pub(super) at_arrival: VecDeque<Act>,
    /// The acts that happen at a time, if the core waits for it.
    pub(super) later: Vec<(MonoTime, Act)>,
}

/// The work of the kernels, as far as tables are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// The rows by sock_diag, in whole tables and alone.
    pub(super) rows: usize,
    /// The rows among those that were read alone.
    pub(super) alone: usize,
    /// The readings of procfs.
    pub(super) procfs: usize,
    /// The readings of a host's counters.
    pub(super) counters: usize,
    /// How often an endpoint was heard.
    pub(super) heard: usize,
}

/// The outside.
pub(super) struct Fake {
    pub(super) work: Work,
    /// The work when the outcome of a call was last told.
    pub(super) work_at_outcome: Work,
    pub(super) now: MonoTime,
    pub(super) told: Vec<(MonoTime, LabEvent)>,
    /// The number of packets after which somebody asks for something.
    pub(super) asks_after: Option<usize>,
    /// The number of events that the reader had when a table was last read.
    pub(super) had: usize,
    handed_over: usize,
    /// The times at which the client's tables were read.
    pub(super) readings: Vec<MonoTime>,
    /// The reasons that tracefs has, and nobody has read.
    pub(super) reasons: Vec<TracedEvent>,
    pub(super) ends: Ends<End>,
    pub(super) programs: FakePrograms,
}

/// Programs, their words, and the sockets that they hold.
#[derive(Default)]
pub(super) struct FakePrograms {
    pub(super) started: Vec<ProgramNo>,
    pub(super) words: Vec<ProgramWords>,
    /// Words that come only when they are waited for.
    pub(super) words_after_a_wait: Vec<ProgramWords>,
    /// Has its first process not been heard of?
    pub(super) is_coming: bool,
    /// Does strace look on?
    pub(super) is_traced: bool,
    /// The descriptor of each inode, and what became of it.
    pub(super) held: BTreeMap<u64, (Descriptor, Holding)>,
    /// Was the process that has them started beside the lab?
    pub(super) is_beside: bool,
    /// Do several processes hold each listener?
    pub(super) has_workers: bool,
    /// How often it was asked who holds a socket.
    pub(super) asked: usize,
    /// How often it was asked who else holds a socket.
    pub(super) others_asked: usize,
    /// How often it was asked what a process is called.
    pub(super) named: std::cell::Cell<usize>,
}

impl Fake {
    pub(super) fn new(make: impl Fn(&mut EndpointProcess)) -> Fake {
        let end = |_| {
            let mut process = EndpointProcess {
                pid: 42,
                hides: false,
                is_traced: false,
                takes_unasked: false,
            };
            make(&mut process);
            End {
                process,
                rows: Vec::new(),
                replies: Vec::new(),
                printed: Vec::new(),
                packets: VecDeque::new(),
                inodes: BTreeMap::new(),
                is_working: false,
                is_exiting: false,
                is_torn: false,
                is_unreadable: false,
                counted: MovedCounters::default(),
                death: None,
                at_arrival: VecDeque::new(),
                later: Vec::new(),
            }
        };
        Fake {
            now: MonoTime(1_000_000_000_000),
            work: Work::default(),
            work_at_outcome: Work::default(),
            told: Vec::new(),
            asks_after: None,
            had: 0,
            handed_over: 0,
            readings: Vec::new(),
            reasons: Vec::new(),
            ends: Ends::from_fn(end),
            programs: FakePrograms::default(),
        }
    }

    /// Returns all that poll would report.
    pub(super) fn ready(&self) -> Ready {
        Ready {
            packets: Ends::from_fn(|side| !self.ends[side].packets.is_empty()),
            processes: Ends::from_fn(|side| ProcessReadiness {
                words: !self.ends[side].replies.is_empty(),
                end: self.ends[side].death.is_some(),
                complaints: false,
                syscalls: !self.ends[side].printed.is_empty(),
            }),
            requests: false,
        }
    }
}

impl Outside for Fake {
    fn now(&self) -> MonoTime {
        self.now
    }

    fn is_asked(&self) -> bool {
        let packets = self.told.iter().filter(|(_, what)| matches!(what, LabEvent::Packet(_)));
        self.asks_after.is_some_and(|after| packets.count() >= after)
    }

    fn tell(&mut self, what: LabEvent) {
        if matches!(what, LabEvent::Ended(_)) {
            self.work_at_outcome = self.work;
        }
        self.told.push((self.now, what));
    }

    fn tell_idly(&mut self, what: LabEvent) {
        self.tell(what);
    }

    fn flush(&mut self) {
        self.handed_over = self.told.len();
    }

    fn sockets(&mut self, side: Side, _: &[Family], rows: &mut Vec<SocketRow>) -> Result<MonoTime> {
        if side == Client {
            self.readings.push(self.now);
        }
        self.had = self.handed_over;
        if self.ends[side].is_unreadable {
            return Err(crate::error::Error::Garbled {
                what: "sock_diag".into(),
                why: "it is not itself".into(),
            });
        }
        rows.clone_from(&self.ends[side].rows);
        self.work.rows += rows.len();
        Ok(self.now)
    }

    fn socket(&mut self, side: Side, tuple: &Tuple) -> Result<(MonoTime, Option<SocketRow>)> {
        let Work { rows, .. } = self.work;
        let mut all = Vec::new();
        let at = self.sockets(side, &[], &mut all)?;
        self.work.rows = rows + 1;
        self.work.alone += 1;
        Ok((at, all.into_iter().find(|row| row.tuple == *tuple)))
    }

    fn procfs(&mut self, side: Side, _: &[Family], rows: &mut Vec<ProcRow>) -> Result<()> {
        self.work.procfs += 1;
        let End {
            rows: table, is_torn, ..
        } = &self.ends[side];
        let shown = table.iter().map(|row| ProcRow {
            row: row.clone(),
            line: String::new(),
        });
        rows.extend(shown.clone());
        rows.extend(shown.filter(|_| *is_torn));
        Ok(())
    }

    fn counters(&mut self, side: Side) -> Result<MovedCounters> {
        self.work.counters += 1;
        Ok(std::mem::take(&mut self.ends[side].counted))
    }

    fn reasons(&mut self) -> Vec<TracedEvent> {
        std::mem::take(&mut self.reasons)
    }

    fn destroy(&mut self, side: Side, tuple: &Tuple) -> Result<()> {
        // With a listener goes its queue.
        let goes = |row: &SocketRow| {
            row.tuple == *tuple || tuple.is_listener() && row.inode == 0 && row.tuple.came_through(tuple.local)
        };
        self.ends[side].rows.retain(|row| !goes(row));
        Ok(())
    }

    fn set(&mut self, _: Side, _: Setting, _: SettingValue) -> Result<()> {
        Ok(())
    }

    fn take_packet(&mut self, side: Side, buffer: &mut [u8]) -> Option<Sent> {
        let packet = self.ends[side].packets.pop_front()?;
        buffer[..packet.len()].copy_from_slice(&packet);
        Some(Sent {
            len: packet.len(),
            offload: Offload::NONE,
        })
    }

    fn deliver(&mut self, side: Side, _: &[u8], _: &Offload) -> std::result::Result<(), finwait_model::errno::Errno> {
        let end = &mut self.ends[side];
        if let Some(act) = end.at_arrival.pop_front() {
            act(end);
        }
        Ok(())
    }

    fn prepare(&mut self, _: Side, _: Runtime) {}

    /// Its next process is as its launch says.
    fn start_with(&mut self, side: Side, launch: Launch) -> Result<()> {
        let process = &mut self.ends[side].process;
        (process.hides, process.is_traced) = (launch.hides, launch.strace.is_some());
        Ok(())
    }

    fn spawn(&mut self, side: Side) -> Result<EndpointProcess> {
        let end = &mut self.ends[side];
        (end.is_exiting, end.death) = (false, None);
        Ok(end.process)
    }

    fn send(&mut self, _: Side, _: &protocol::Request) -> Result<()> {
        Ok(())
    }

    fn hear(&mut self, side: Side) -> Heard {
        self.work.heard += 1;
        let end = &mut self.ends[side];
        Heard {
            replies: std::mem::take(&mut end.replies),
            printed: std::mem::take(&mut end.printed),
        }
    }

    fn await_word(&mut self, side: Side, most: Duration) {
        let until = self.now.plus(most);
        let end = &mut self.ends[side];
        end.later.sort_by_key(|(at, _)| *at);
        match end.later.first() {
            Some((at, _)) if *at <= until => {
                let (at, act) = end.later.remove(0);
                act(end);
                self.now = at.max(self.now);
            }
            _ => self.now = until,
        }
    }

    fn complaints(&mut self, _: Side) -> Vec<String> {
        Vec::new()
    }

    fn last_complaints(&mut self, _: Side) -> Vec<String> {
        Vec::new()
    }

    fn limit_descriptors(&mut self, _: Side, _: u32) -> Result<()> {
        Ok(())
    }

    fn descriptor_limit(&self, _: Side) -> Option<u32> {
        None
    }

    fn inode(&self, side: Side, fd: i32) -> Option<u64> {
        self.ends[side].inodes.get(&fd).copied()
    }

    fn info_state(&self, _: Side, _: i32, _: u64) -> Option<State> {
        None
    }

    fn is_working(&self, side: Side) -> bool {
        self.ends[side].is_working
    }

    fn is_exiting(&self, side: Side) -> bool {
        self.ends[side].is_exiting
    }

    fn kill(&mut self, side: Side) {
        let end = &mut self.ends[side];
        (end.is_exiting, end.death) = (true, Some(Death::Signal(libc::SIGKILL)));
    }

    fn await_end(&mut self, _: Side) {}

    fn reap(&mut self, side: Side) -> Option<Death> {
        self.ends[side].death.take()
    }

    fn let_go(&mut self, side: Side) {
        self.ends[side].inodes.clear();
    }

    fn run(&mut self, _: Side, no: ProgramNo, _: &ProgramSpec) -> std::result::Result<(), String> {
        self.programs.started.push(no);
        Ok(())
    }

    fn program_words(&mut self) -> Vec<ProgramWords> {
        std::mem::take(&mut self.programs.words)
    }

    fn program_pid(&self, _: ProgramNo) -> Option<u32> {
        (!self.programs.is_coming).then_some(4711)
    }

    fn signal_program(&mut self, _: ProgramNo, _: i32) {}

    fn end_program(&mut self, _: ProgramNo) {}

    fn forget_program(&mut self, _: ProgramNo) {}

    fn holders(&mut self, _: Side, inodes: &[u64]) -> Vec<(u64, Option<ProgramNo>, Descriptor)> {
        self.programs.asked += inodes.len();
        let held = |inode: &u64| {
            let held = self.programs.held.get(inode)?;
            (held.1 == Holding::Open).then(|| {
                (
                    *inode,
                    (!self.programs.is_beside).then_some(ProgramNo(1)),
                    held.0.clone(),
                )
            })
        };
        inodes.iter().filter_map(held).collect()
    }

    fn has_another_holder(&mut self, _: Side, _: Option<ProgramNo>, held: &Descriptor, inode: u64) -> bool {
        self.programs.others_asked += 1;
        let now = self.programs.held.get(&inode);
        now.is_some_and(|(now, holding)| now.pid != held.pid && *holding == Holding::Open)
    }

    fn sole_holder(&mut self, side: Side, inode: u64) -> Option<(Option<ProgramNo>, Descriptor)> {
        if self.programs.has_workers {
            return None;
        }
        let found = self.holders(side, &[inode]).pop();
        found.map(|(_, no, held)| (no, held))
    }

    fn name_of(&mut self, _: Side, _: Option<ProgramNo>, pid: u32) -> Option<String> {
        self.programs.named.set(self.programs.named.get() + 1);
        let mut all = self.programs.held.values();
        all.find(|(held, _)| held.pid == pid).map(|(held, _)| held.name.clone())
    }

    fn has_let_go(&mut self, _: Side, _: Option<ProgramNo>, _: &Descriptor, _: u64) {}

    fn holding(&mut self, _: Side, _: Option<ProgramNo>, held: &Descriptor, inode: u64) -> Holding {
        let now = self.programs.held.get(&inode);
        now.filter(|(now, _)| now == held)
            .map_or(Holding::Closed, |(_, holding)| *holding)
    }

    fn process_of(&mut self, thread: u32) -> Option<(u32, String)> {
        Some((thread, "program".into()))
    }

    fn is_traced(&self, _: ProgramNo) -> bool {
        self.programs.is_traced
    }

    fn await_program_words(&mut self, most: Duration) -> Vec<ProgramWords> {
        self.now = self.now.plus(most);
        self.programs.is_coming = false;
        std::mem::take(&mut self.programs.words_after_a_wait)
    }
}
