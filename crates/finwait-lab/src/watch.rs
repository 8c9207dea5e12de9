//! The sockets according to a host's kernel, read when something happened: the tables, and what changed in them. Pure: who has it read
//! gives it the rows.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::event::ObservedSocket;
use crate::error::Result;
use crate::observe::procfs::ProcRow;
use crate::observe::rows::{Rows, is_between_states};
use crate::observe::tracker::{StateChange, Tracker};
use finwait_model::call::Family;
use finwait_model::clock::MonoTime;
use finwait_model::socket_table::{SocketRow, Tuple};
use finwait_model::state::State;

/// Watches one host's table.
#[derive(Debug)]
pub struct Watch {
    tracker: Tracker,
    families: Vec<Family>,
    ours: Option<OwnRows>,
    rows: Rows,
    /// The time at which the rows were read by netlink.
    read_at: MonoTime,
    /// The rows by netlink when procfs was last read, and when that was; none since the table was reported otherwise.
    told: Option<(MonoTime, Vec<SocketRow>)>,
    /// The table that was reported last was not whole.
    is_torn: bool,
    /// The connections that were read one by one since all were.
    read_singly: usize,
    /// The connections among them that differ from what was reported last.
    news: BTreeSet<Tuple>,
    /// The inodes of sockets that came into the table or left it.
    moved: Vec<u64>,
    /// Of the whole table, only what differs is told next.
    spares_procfs: bool,
    /// The whole table was read since procfs was, and only what differed was told.
    has_spared: bool,
    /// The time of the rows that were last told whole.
    told_whole_at: MonoTime,
}

/// A table with no more rows than that is read whole each time: it takes no longer than a few of them one by one.
const FEW_ROWS: usize = 32;
/// The number of rows of a larger table whose reading goes with each reading of a single one: so whole tables cost no more than a fixed
/// multiple of what happens, however many sockets there are.
const ROWS_A_READING: usize = 2;

/// A host's table, as far as it is new.
#[derive(Debug)]
pub enum TableNews {
    /// The table, as procfs shows it, with what netlink adds.
    Whole(Vec<ObservedSocket>),
    /// Sockets that were read one by one by netlink, and connections that are gone.
    Singly(Vec<ObservedSocket>, Vec<Tuple>),
}

/// The rows that are ours in a table that we share with the whole machine.
#[derive(Debug, Default)]
struct OwnRows {
    /// The inodes of our endpoint's sockets.
    inodes: HashSet<u64>,
    /// Connections that were ours at the last reading: orphans and TIME_WAIT have no inode.
    known: HashSet<Tuple>,
    /// The addresses at which our sockets listened then.
    listeners: Vec<SocketAddr>,
}

impl OwnRows {
    /// Whatever came through our listener is ours, also when accept has given it a descriptor of which we have not heard.
    fn has(&self, row: &SocketRow) -> bool {
        let queued = || self.listeners.iter().any(|listener| row.tuple.came_through(*listener));
        match row.inode {
            0 => self.known.contains(&row.tuple) || queued(),
            inode => self.inodes.contains(&inode) || (row.state != State::Listen && queued()),
        }
    }

    /// Picks the row of one connection, if it is ours.
    fn pick_one(&mut self, tuple: &Tuple, row: Option<SocketRow>) -> Option<SocketRow> {
        let row = row.filter(|row| self.has(row));
        match &row {
            Some(row) if row.state != State::Listen => self.known.insert(*tuple),
            _ => self.known.remove(tuple),
        };
        row
    }

    fn pick(&mut self, rows: &mut Vec<SocketRow>) {
        self.listeners = rows
            .iter()
            .filter(|row| row.state == State::Listen && self.inodes.contains(&row.inode))
            .map(|row| row.tuple.local)
            .collect();
        rows.retain(|row| self.has(row));
        self.known = rows
            .iter()
            .filter(|row| row.state != State::Listen)
            .map(|row| row.tuple)
            .collect();
    }
}

impl Watch {
    /// Watches a host of `family`; a `shared` table also holds sockets that are none of ours.
    pub fn new(family: Family, shared: bool) -> Watch {
        Watch {
            tracker: Tracker::default(),
            families: vec![family],
            ours: shared.then(OwnRows::default),
            rows: Rows::default(),
            read_at: MonoTime::default(),
            told: None,
            is_torn: true,
            read_singly: 0,
            news: BTreeSet::new(),
            moved: Vec::new(),
            spares_procfs: false,
            has_spared: false,
            told_whole_at: MonoTime::default(),
        }
    }

    /// Expects sockets of that family from now on.
    pub fn expect(&mut self, family: Family) {
        if !self.families.contains(&family) {
            self.families.push(family);
        }
    }

    /// Expects sockets of either family from now on: those of a program that nobody has announced may be any.
    pub fn expect_both(&mut self) {
        self.expect(Family::Inet);
        self.expect(Family::Inet6);
    }

    /// Notes that the socket belongs to our endpoint.
    pub fn own(&mut self, inode: u64) {
        if let Some(ours) = &mut self.ours {
            ours.inodes.insert(inode);
        }
    }

    /// Has the sockets of its families read in place of the rows that it is given, and returns what changed since the last time. `read`
    /// returns when that was.
    ///
    /// # Errors
    ///
    /// - What `read` returns; the next reading is compared with the last that succeeded.
    pub fn changes(
        &mut self,
        read: impl FnOnce(&[Family], &mut Vec<SocketRow>) -> Result<MonoTime>,
    ) -> Result<Vec<StateChange>> {
        let Watch {
            families, ours, rows, ..
        } = self;
        let read = |rows: &mut Vec<SocketRow>| -> Result<MonoTime> {
            let at = read(families, rows)?;
            if let Some(ours) = ours {
                ours.pick(rows);
            }
            Ok(at)
        };
        self.has_spared = false;
        let at = if self.spares_procfs {
            let (at, before) = rows.exchange(read)?;
            if let Some(different) = before.compared(rows, is_alike) {
                self.has_spared = true;
                for (before, now) in different {
                    self.news.extend(now.or(before).map(|row| row.tuple));
                    note_moved(&mut self.moved, before, now);
                }
            }
            at
        } else {
            rows.replace(read)?
        };
        self.read_at = at;
        self.read_singly = 0;
        Ok(self.tracker.read(at, self.rows.all()))
    }

    /// Has one connection read, or one listener, and returns what changed since the last time; none where only the whole table tells:
    /// with a listener that is gone goes its queue, and of several at one address the kernel names one. `read` returns its row, if it has
    /// one, and when that was.
    ///
    /// # Errors
    ///
    /// - What `read` returns; the next reading is compared with the last that succeeded.
    pub fn changes_of(
        &mut self,
        tuple: &Tuple,
        read: impl FnOnce(&Tuple) -> Result<(MonoTime, Option<SocketRow>)>,
    ) -> Result<Option<Vec<StateChange>>> {
        let (at, row) = read(tuple)?;
        let row = match &mut self.ours {
            Some(ours) => ours.pick_one(tuple, row),
            None => row,
        };
        self.read_singly += 1;
        let is_born = !self.has(tuple) && row.as_ref().is_some_and(|row| row.state == State::SynRecv);
        if is_born && self.ours.is_none() && self.listener_of(tuple).is_none() {
            // Its listener is none of ours, and may be of both families: then it is in the table of the other one.
            self.expect_both();
        }
        let before = self.rows.of_tuple(tuple);
        if tuple.is_listener() && before.map(|row| row.inode) != row.as_ref().map(|row| row.inode) {
            return Ok(None);
        }
        let is_new = match (before, &row) {
            (Some(before), Some(row)) => !is_alike(before, row),
            (before, row) => before.is_some() || row.is_some(),
        };
        if is_new {
            note_moved(&mut self.moved, before, row.as_ref());
            self.news.insert(*tuple);
        }
        let changes = match (&row, tuple.is_listener()) {
            (_, true) => Vec::new(),
            (row, false) => self.tracker.read_one(at, tuple, row.as_ref()),
        };
        match row {
            // What is left of a timer counts from the reading of the whole.
            Some(row) => self.rows.put(since(row, at.since(self.read_at))),
            None => self.rows.remove(tuple),
        }
        Ok(Some(changes))
    }

    /// Is the whole table to be read, rather than `asked` connections one by one?
    pub fn is_whole_due(&self, asked: usize) -> bool {
        let paid = FEW_ROWS + (self.read_singly + asked) * ROWS_A_READING;
        self.is_torn || self.rows.all().len() <= paid
    }

    /// Has that connection a row, as it was last read?
    pub fn has(&self, tuple: &Tuple) -> bool {
        self.rows.of_tuple(tuple).is_some()
    }

    /// The number of rows, as they were last read.
    pub fn len(&self) -> usize {
        self.rows.all().len()
    }

    /// Were connections read one by one since all were, or was only what differed told of all?
    pub const fn owes_whole(&self) -> bool {
        self.read_singly > 0 || self.has_spared
    }

    /// Has, or does not have, only what differs told of the whole table: procfs is read, and each socket told, when that is over.
    pub const fn spare_procfs(&mut self, spares: bool) {
        self.spares_procfs = spares;
    }

    /// The time of the table that was last told whole.
    pub const fn told_whole_at(&self) -> MonoTime {
        self.told_whole_at
    }

    /// The listener through which that connection comes, if there is one.
    pub fn listener_of(&self, tuple: &Tuple) -> Option<Tuple> {
        let unspecified: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        let own = [tuple.local.ip()].into_iter().chain(unspecified);
        let mut listening = own.flat_map(|ip| {
            unspecified.map(|peer| Tuple {
                local: SocketAddr::new(ip, tuple.local.port()),
                peer: SocketAddr::new(peer, 0),
            })
        });
        listening.find(|listener| self.rows.of_tuple(listener).is_some())
    }

    /// The table, as far as it is new, once it was read whole: as procfs shows it, which `read` appends to the rows that it is given, with
    /// what the last [`Watch::changes`] found added; none when that found nothing new since the last time. What only counts down is
    /// not new.
    ///
    /// # Errors
    ///
    /// - What `read` returns.
    pub fn table(
        &mut self,
        mut read: impl FnMut(&[Family], &mut Vec<ProcRow>) -> Result<()>,
    ) -> Result<Option<TableNews>> {
        if self.owes_whole() {
            return Ok(self.singly());
        }
        self.told_whole_at = self.read_at;
        let rows = self.rows.all();
        let unchanged = |(at, told): &(MonoTime, Vec<SocketRow>)| {
            let since = self.read_at.since(*at);
            told.len() == rows.len() && told.iter().zip(rows).all(|(a, b)| same(a, b, since))
        };
        if self.told.as_ref().is_some_and(unchanged) {
            return Ok(None);
        }
        self.news.clear();
        let mut table = Vec::new();
        for _ in 0..READINGS {
            let mut shown = Vec::with_capacity(rows.len());
            read(&self.families, &mut shown)?;
            let is_whole;
            (table, is_whole) = joined(rows, shown, self.ours.is_some());
            self.is_torn = !is_whole;
            if is_whole {
                self.told = Some((self.read_at, rows.to_vec()));
                return Ok(Some(TableNews::Whole(table)));
            }
        }
        // It is reported anew when it is next looked at, also when netlink finds nothing new then.
        self.told = None;
        Ok(Some(TableNews::Whole(table)))
    }

    /// Returns what is new of the connections that were read one by one; procfs shows them when the whole table is read next.
    pub fn singly(&mut self) -> Option<TableNews> {
        if self.news.is_empty() {
            return None;
        }
        self.told = None;
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        for tuple in std::mem::take(&mut self.news) {
            match self.rows.of_tuple(&tuple) {
                Some(row) => rows.push(ObservedSocket {
                    row: row.clone(),
                    line: String::new(),
                }),
                None => gone.push(tuple),
            }
        }
        Some(TableNews::Singly(rows, gone))
    }

    /// Was the table reported although it was not whole, so that it is to be looked at again?
    pub const fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// The inodes of sockets that came into the table or left it since this was asked last, when they were read one by one.
    pub fn moved(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.moved)
    }

    /// Does no socket wait for an acknowledgement that may be on its way, and was none read while it changed? Of those that wait,
    /// `is_stuck` tells which wait in vain.
    pub fn quiet(&self, is_stuck: impl Fn(&SocketRow) -> bool) -> bool {
        self.rows
            .unacknowledged()
            .all(|row| !is_between_states(row) && is_stuck(row))
    }

    /// Returns whether there is something that an endpoint may accept or read.
    pub fn holds_something(&self) -> bool {
        let mut rows = self.rows.all().iter();
        rows.any(|row| row.rx_queue > 0 && (row.inode != 0 || row.state == State::Listen))
    }

    /// The row of the socket with this inode, as it was last read.
    pub fn row(&self, inode: u64) -> Option<&SocketRow> {
        self.rows.of_inode(inode)
    }

    /// The row of the socket with these addresses, as it was last read.
    pub fn row_at(&self, tuple: &Tuple) -> Option<&SocketRow> {
        self.rows.of_tuple(tuple)
    }

    /// The connections that wait for a first acknowledgement.
    pub fn unacknowledged(&self) -> Vec<Tuple> {
        let rows = self.rows.unacknowledged().filter(|row| row.retransmits == 0);
        rows.map(|row| row.tuple).collect()
    }

    /// The connections that were read while they went from one state to the next.
    pub fn between_states(&self) -> Vec<Tuple> {
        let rows = self.rows.unacknowledged().filter(|row| is_between_states(row));
        rows.map(|row| row.tuple).collect()
    }

    /// The connections whose timers should have expired by `now`.
    pub fn overdue(&self, now: MonoTime) -> Vec<Tuple> {
        self.tracker.overdue(now).collect()
    }

    /// Returns when the next timer of the table goes off; none without a timer.
    pub fn next_timer(&self) -> Option<MonoTime> {
        self.tracker.next_timer()
    }

    /// The connection with these addresses as it was last read: its state, and the inode of the socket while a descriptor holds it.
    pub fn connection(&self, tuple: &Tuple) -> Option<(State, Option<u64>)> {
        self.tracker.connection(tuple)
    }
}

/// The number of times that procfs is read before its table is reported although it is not whole. The kernel prints it page by page, and
/// what comes and goes in between moves its rows: one is shown twice, or not at all (`tcp_seek_last_pos`).
pub const READINGS: usize = 3;

/// The rows that procfs has shown, with what netlink's `rows` add to them; and whether it has shown each socket once, and all of `rows`.
/// In a `shared` table those say which sockets are ours.
fn joined(rows: &[SocketRow], shown: Vec<ProcRow>, shared: bool) -> (Vec<ObservedSocket>, bool) {
    let key = |row: &SocketRow| (row.tuple, row.inode);
    let twins: HashMap<(Tuple, u64), &SocketRow> = rows.iter().map(|row| (key(row), row)).collect();
    let mut seen = HashSet::with_capacity(twins.len());
    let mut found = 0;
    let mut is_whole = true;
    let mut table = Vec::with_capacity(rows.len());
    for ProcRow { row, line } in shown {
        let twin = twins.get(&key(&row)).copied();
        if twin.is_none() && shared {
            continue;
        }
        if !seen.insert(key(&row)) {
            is_whole = false;
            continue;
        }
        found += usize::from(twin.is_some());
        let row = merged(row, twin);
        table.push(ObservedSocket { row, line });
    }
    (table, is_whole && found == twins.len())
}

/// procfs has the last word on the state and the queues; netlink counts timers in milliseconds and has TCP_INFO.
fn merged(row: SocketRow, twin: Option<&SocketRow>) -> SocketRow {
    match twin {
        None => row,
        Some(twin) => SocketRow {
            timer: twin.timer,
            retransmits: twin.retransmits,
            info: twin.info,
            // Only netlink knows a listener's backlog.
            tx_queue: if row.state == State::Listen {
                twin.tx_queue
            } else {
                row.tx_queue
            },
            ..row
        },
    }
}

/// Notes the inodes of a socket whose descriptor came or went.
fn note_moved(moved: &mut Vec<u64>, before: Option<&SocketRow>, now: Option<&SocketRow>) {
    let inodes = [before, now].map(|row| row.map_or(0, |row| row.inode));
    if inodes[0] != inodes[1] {
        moved.extend(inodes.into_iter().filter(|inode| *inode != 0));
    }
}

/// A timer that goes off so much earlier or later than it did has been set anew; the kernel counts in ticks of up to 10 ms.
const SAME_TIMER: Duration = Duration::from_millis(50);

/// A row whose timer has so much more to go.
fn since(mut row: SocketRow, later: Duration) -> SocketRow {
    if let Some(timer) = &mut row.timer {
        timer.left += later;
    }
    row
}

/// Returns whether they are the same but for how much of a timer is left.
fn is_alike(a: &SocketRow, b: &SocketRow) -> bool {
    let kind = |row: &SocketRow| row.timer.map(|timer| timer.kind);
    kind(a) == kind(b) && is_same_without_timer(a, b)
}

/// Is `b` the same as `a` was `since` ago, but for how much of a timer is left?
fn same(a: &SocketRow, b: &SocketRow, since: Duration) -> bool {
    let same_timer = match (a.timer, b.timer) {
        (None, None) => true,
        (Some(a), Some(b)) => a.kind == b.kind && a.left.saturating_sub(since).abs_diff(b.left) < SAME_TIMER,
        _ => false,
    };
    same_timer && is_same_without_timer(a, b)
}

fn is_same_without_timer(a: &SocketRow, b: &SocketRow) -> bool {
    let fields = |row: &SocketRow| {
        (
            row.tuple,
            row.state,
            row.inode,
            row.rx_queue,
            row.tx_queue,
            row.retransmits,
            row.info,
        )
    };
    fields(a) == fields(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use finwait_model::socket_table::{Timer, TimerKind};

    fn row(kind: TimerKind, left_ms: u64) -> SocketRow {
        SocketRow {
            tuple: Tuple {
                local: "10.0.0.1:1000".parse().unwrap(),
                peer: "10.0.0.2:8080".parse().unwrap(),
            },
            state: State::Established,
            rx_queue: 0,
            tx_queue: 0,
            timer: Some(Timer {
                kind,
                left: Duration::from_millis(left_ms),
            }),
            retransmits: 0,
            inode: 7,
            info: None,
        }
    }

    fn shown(row: &SocketRow) -> ProcRow {
        let line = format!("{} {}", row.tuple.local, row.inode);
        ProcRow { row: row.clone(), line }
    }

    /// As when a socket came or went between two pages of procfs.
    #[test]
    fn a_table_that_shows_a_socket_twice_or_not_at_all_is_not_whole() {
        let ours = row(TimerKind::Keepalive, 2_000);
        let queued = SocketRow {
            inode: 0,
            tuple: ours.tuple.mirrored(),
            ..ours.clone()
        };
        let foreign = SocketRow {
            inode: 9,
            ..queued.clone()
        };
        let rows = [ours.clone(), queued.clone()];
        let told = |shared: bool, rows_shown: &[&SocketRow]| {
            let (table, is_whole) = joined(&rows, rows_shown.iter().map(|row| shown(row)).collect(), shared);
            (table.iter().map(|seen| seen.row.inode).collect::<Vec<_>>(), is_whole)
        };
        assert_eq!(told(true, &[&ours, &queued]), (vec![7, 0], true));
        assert_eq!(told(true, &[&ours, &foreign, &queued, &queued]), (vec![7, 0], false));
        assert_eq!(told(true, &[&queued]), (vec![0], false));
        // Where all sockets are ours, one that netlink did not know yet is reported, too: once.
        assert_eq!(told(false, &[&ours, &foreign, &queued]), (vec![7, 9, 0], true));
        assert_eq!(
            told(false, &[&foreign, &ours, &foreign, &queued]),
            (vec![9, 7, 0], false)
        );
    }

    #[test]
    fn a_timer_that_counts_down_is_the_same_and_one_that_is_set_anew_is_not() {
        let at_first = row(TimerKind::Keepalive, 2_000);
        let after = Duration::from_millis(1_500);
        assert!(same(&at_first, &row(TimerKind::Keepalive, 504), after));
        assert!(!same(&at_first, &row(TimerKind::Keepalive, 2_000), after));
        assert!(!same(&at_first, &row(TimerKind::Retransmit, 500), after));
        let long_after = Duration::from_millis(2_500);
        assert!(same(&at_first, &row(TimerKind::Keepalive, 0), long_after));
    }
}
