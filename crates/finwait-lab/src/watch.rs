//! The sockets according to a host's kernel, read when something happened: the tables, and what changed in them. Pure: who has it read
//! gives it the rows.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use super::event::ObservedSocket;
use crate::error::Result;
use crate::observe::procfs::ProcRow;
use crate::observe::tracker::{StateChange, Tracker};
use finwait_model::call::Family;
use finwait_model::clock::MonoTime;
use finwait_model::socket_table::{SocketRow, TimerKind, Tuple};
use finwait_model::state::State;

/// Watches one host's table.
#[derive(Debug)]
pub struct Watch {
    tracker: Tracker,
    families: Vec<Family>,
    ours: Option<OwnRows>,
    rows: Vec<SocketRow>,
    /// The time at which the rows were read by netlink.
    read_at: MonoTime,
    /// The rows by netlink when procfs was last read, and when that was.
    told: Option<(MonoTime, Vec<SocketRow>)>,
}

/// The rows that are ours in a table that we share with the whole machine.
#[derive(Debug, Default)]
struct OwnRows {
    /// The inodes of our endpoint's sockets.
    inodes: HashSet<u64>,
    /// Connections that were ours at the last reading: orphans and TIME_WAIT have no inode.
    known: HashSet<Tuple>,
}

impl OwnRows {
    fn pick(&mut self, rows: &mut Vec<SocketRow>) {
        let listeners: Vec<SocketAddr> = rows
            .iter()
            .filter(|row| row.state == State::Listen && self.inodes.contains(&row.inode))
            .map(|row| row.tuple.local)
            .collect();
        let queued = |tuple: &Tuple| listeners.iter().any(|listener| tuple.came_through(*listener));
        // Whatever came through our listener is ours, also when accept has given it a descriptor of which we have not heard.
        rows.retain(|row| match row.inode {
            0 => self.known.contains(&row.tuple) || queued(&row.tuple),
            inode => self.inodes.contains(&inode) || (row.state != State::Listen && queued(&row.tuple)),
        });
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
            rows: Vec::new(),
            read_at: MonoTime::default(),
            told: None,
        }
    }

    /// Expects sockets of that family from now on.
    pub fn expect(&mut self, family: Family) {
        if !self.families.contains(&family) {
            self.families.push(family);
        }
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
        let at = read(&self.families, &mut self.rows)?;
        if let Some(ours) = &mut self.ours {
            ours.pick(&mut self.rows);
        }
        self.read_at = at;
        Ok(self.tracker.read(at, &self.rows))
    }

    /// The table as procfs shows it, which `read` appends to the rows that it is given, with what the last [`Watch::changes`] found
    /// added; none when that found nothing new since the last time. What only counts down is not new.
    ///
    /// # Errors
    ///
    /// - What `read` returns.
    pub fn table(
        &mut self,
        mut read: impl FnMut(&[Family], &mut Vec<ProcRow>) -> Result<()>,
    ) -> Result<Option<Vec<ObservedSocket>>> {
        let unchanged = |(at, told): &(MonoTime, Vec<SocketRow>)| {
            let since = self.read_at.since(*at);
            told.len() == self.rows.len() && told.iter().zip(&self.rows).all(|(a, b)| same(a, b, since))
        };
        if self.told.as_ref().is_some_and(unchanged) {
            return Ok(None);
        }
        self.told = Some((self.read_at, self.rows.clone()));
        let mut table = Vec::new();
        for _ in 0..READINGS {
            let mut shown = Vec::with_capacity(self.rows.len());
            read(&self.families, &mut shown)?;
            let is_whole;
            (table, is_whole) = joined(&self.rows, shown, self.ours.is_some());
            if is_whole {
                return Ok(Some(table));
            }
        }
        // It is reported anew when it is next looked at, also when netlink finds nothing new then.
        self.told = None;
        Ok(Some(table))
    }

    /// Was the table reported although it was not whole, so that it is to be looked at again?
    pub const fn is_torn(&self) -> bool {
        self.told.is_none()
    }

    /// Does no socket wait for its first acknowledgement? One that has timed out already is stuck, and not waited for; nor is one
    /// whose segments are held on the wire (`stand`).
    pub fn quiet(&self, stand: impl Fn(&Tuple) -> bool) -> bool {
        !self.rows.iter().any(|row| {
            row.state != State::Listen
                && row.retransmits == 0
                && !stand(&row.tuple)
                && row.timer.is_some_and(|timer| timer.kind == TimerKind::Retransmit)
        })
    }

    /// Is there something that an endpoint may accept or read?
    pub fn holds_something(&self) -> bool {
        self.rows
            .iter()
            .any(|row| row.rx_queue > 0 && (row.inode != 0 || row.state == State::Listen))
    }

    /// The row of the socket with this inode, as it was last read.
    pub fn row(&self, inode: u64) -> Option<&SocketRow> {
        self.rows.iter().find(|row| row.inode == inode)
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

/// A timer that goes off so much earlier or later than it did has been set anew; the kernel counts in ticks of up to 10 ms.
const SAME_TIMER: Duration = Duration::from_millis(50);

/// Is `b` the same as `a` was `since` ago, but for how much of a timer is left?
fn same(a: &SocketRow, b: &SocketRow, since: Duration) -> bool {
    let same_timer = match (a.timer, b.timer) {
        (None, None) => true,
        (Some(a), Some(b)) => a.kind == b.kind && a.left.saturating_sub(since).abs_diff(b.left) < SAME_TIMER,
        _ => false,
    };
    same_timer
        && SocketRow {
            timer: None,
            ..a.clone()
        } == SocketRow {
            timer: None,
            ..b.clone()
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use finwait_model::socket_table::Timer;

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
