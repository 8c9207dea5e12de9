//! `/proc/net/tcp` and `tcp6`: the states that people know, row by row.

use procfs::net::TcpNetEntries;
use procfs::{FromBufReadSI, current_system_info};
use std::fs::File;
use std::io::{Read, Seek};
use std::net::SocketAddr;
use std::str::SplitAsciiWhitespace;
use std::time::Duration;

use crate::error::{Operation, Result};
use finwait_model::call::Family;
use finwait_model::socket_table::{SocketRow, Timer, TimerKind, Tuple};
use finwait_model::state::State;

/// A row of the table, and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcRow {
    /// The row; there is no TCP_INFO here.
    pub row: SocketRow,
    /// The row itself, without the blanks at its ends.
    pub line: String,
}

/// A host's table of one family. Its descriptor sees the network namespace it was opened in, from whichever thread it is read.
#[derive(Debug)]
pub struct ProcTable {
    path: &'static str,
    file: File,
    text: Vec<u8>,
    unread: Vec<String>,
}

impl ProcTable {
    /// Opens the table of the calling thread's network namespace. (`/proc/net` would be the main thread's.)
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `ENOENT` without procfs, or of IPv6 without IPv6.
    pub fn open(family: Family) -> Result<ProcTable> {
        let path = match family {
            Family::Inet => "/proc/thread-self/net/tcp",
            Family::Inet6 => "/proc/thread-self/net/tcp6",
        };
        Ok(ProcTable {
            path,
            file: File::open(path).during(|| format!("open {path}"))?,
            text: Vec::new(),
            unread: Vec::new(),
        })
    }

    /// Replaces `rows` by the table as it is now.
    ///
    /// The kernel hands it out a page at a time: a socket that changes its place meanwhile may come twice or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) where the file could not be read. A line that is no row is none: see [`ProcTable::unread`].
    pub fn read(&mut self, rows: &mut Vec<ProcRow>) -> Result<()> {
        rows.clear();
        self.text.clear();
        self.unread.clear();
        self.file
            .rewind()
            .and_then(|()| self.file.read_to_end(&mut self.text))
            .during(|| format!("read {}", self.path))?;
        parse(&self.text, rows, &mut self.unread);
        Ok(())
    }

    /// The lines of the last reading that made no sense, without the blanks at their ends; usually none.
    pub fn unread(&self) -> &[String] {
        &self.unread
    }
}

/// Adds the rows of a table, the header being its first line, to `rows`, and the lines that are no rows to `unread`.
pub fn parse(table: &[u8], rows: &mut Vec<ProcRow>, unread: &mut Vec<String>) {
    for line in table.split(|byte| *byte == b'\n').skip(1) {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            continue;
        }
        let text = String::from_utf8_lossy(line).into_owned();
        match row(&text) {
            Some(row) => rows.push(ProcRow { row, line: text }),
            None => unread.push(text),
        }
    }
}

/// The row that a line says, if it does.
fn row(line: &str) -> Option<SocketRow> {
    // One line at a time: `TcpNetEntries` gives up the whole table for one line that it does not understand.
    let header = &b"\n"[..];
    let entries = TcpNetEntries::from_buf_read(header.chain(line.as_bytes()), current_system_info()).ok()?;
    let entry = entries.0.into_iter().next()?;
    let rest = UnparsedFields::of(line)?;
    Some(SocketRow {
        tuple: Tuple {
            local: plain(entry.local_address),
            peer: plain(entry.remote_address),
        },
        state: State::from_kernel(entry.state.to_u8())?,
        rx_queue: entry.rx_queue,
        tx_queue: entry.tx_queue,
        retransmits: rest.retransmits,
        timer: rest.timer,
        inode: entry.inode,
        info: None,
    })
}

/// The fields that `TcpNetEntry` passes over (`get_tcp4_sock`, `get_openreq4`, `get_timewait4_sock`).
struct UnparsedFields {
    timer: Option<Timer>,
    retransmits: u32,
}

impl UnparsedFields {
    fn of(line: &str) -> Option<UnparsedFields> {
        let mut columns: SplitAsciiWhitespace<'_> = line.split_ascii_whitespace();
        // After slot, local address, remote address, state and queues: `tr tm->when`, `retrnsmt`, `uid`, `timeout`.
        let (active, when) = columns.nth(5)?.split_once(':')?;
        let timeouts = u32::from_str_radix(columns.next()?, 16).ok()?;
        let probes = columns.nth(1)?.parse().ok()?;
        let kind = TimerKind::from_kernel(u8::from_str_radix(active, 16).ok()?);
        let ticks = u64::from_str_radix(when, 16).ok()?;
        Some(UnparsedFields {
            timer: kind.map(|kind| Timer {
                kind,
                left: left(ticks),
            }),
            // Unanswered probes stand in the column that the header calls `timeout`; sock_diag has one field for both.
            retransmits: match kind {
                Some(TimerKind::ZeroWindowProbe | TimerKind::Keepalive) => probes,
                _ => timeouts,
            },
        })
    }
}

/// A time in clock ticks of 1/100 s (USER_HZ, the same on all architectures but Alpha). The kernel clamps it at nought.
fn left(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(10))
}

/// An IPv4 connection's own addresses, where an IPv6 socket carries it and shows them mapped.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    const SYN_SENT: &str = "   0: 0100000A:A35E 0200000A:1F90 02 00000001:00000000 01:00000064 00000002  1000        0 4711 2 \
                            0000000000000000 400 0 0 1 7";
    const TIME_WAIT: &str = "   1: 0100007F:1F90 0100007F:C350 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0000000000000000";
    const PROBED: &str = "   2: 0100007F:1F90 0100007F:C350 01 00000005:00000007 04:00000014 00000001     0        6 12 1 \
                          0000000000000000 20 4 30 10 -1";

    fn table(lines: &[&str]) -> (Vec<ProcRow>, Vec<String>) {
        let (mut rows, mut unread) = (Vec::new(), Vec::new());
        let text = format!("{HEADER}{}\n", lines.join("\n"));
        parse(text.as_bytes(), &mut rows, &mut unread);
        (rows, unread)
    }

    #[test]
    fn a_row_has_every_column() {
        let (rows, unread) = table(&[SYN_SENT]);
        let ProcRow { row, line } = &rows[0];
        assert_eq!((rows.len(), unread.len()), (1, 0));
        assert_eq!(row.tuple.local, "10.0.0.1:41822".parse().unwrap());
        assert_eq!(row.tuple.peer, "10.0.0.2:8080".parse().unwrap());
        assert_eq!(row.state, State::SynSent);
        assert_eq!(
            (row.tx_queue, row.rx_queue, row.retransmits, row.inode),
            (1, 0, 2, 4711)
        );
        let timer = row.timer.unwrap();
        assert_eq!(
            (timer.kind, timer.left),
            (TimerKind::Retransmit, Duration::from_secs(1))
        );
        assert_eq!(line, SYN_SENT.trim_end());
    }

    #[test]
    fn a_time_wait_row_ends_early_and_has_a_timer_of_its_own() {
        let (rows, _) = table(&[TIME_WAIT]);
        let row = &rows[0].row;
        assert_eq!((row.state, row.inode), (State::TimeWait, 0));
        let timer = row.timer.unwrap();
        assert_eq!((timer.kind, timer.left), (TimerKind::TimeWait, Duration::from_secs(60)));
    }

    #[test]
    fn window_probes_count_as_retransmits() {
        let (rows, _) = table(&[PROBED]);
        let row = &rows[0].row;
        assert_eq!(row.timer.map(|timer| timer.kind), Some(TimerKind::ZeroWindowProbe));
        assert_eq!(row.retransmits, 6);
    }

    #[test]
    fn a_bad_line_is_told_and_costs_no_other() {
        let unknown_state = TIME_WAIT.replace(" 06 ", " 0F ");
        let (rows, unread) = table(&[SYN_SENT, "what is this", &unknown_state, "", TIME_WAIT]);
        assert_eq!(rows.len(), 2);
        assert_eq!(unread, ["what is this", unknown_state.trim_end()]);
    }

    #[test]
    fn new_syn_recv_is_syn_recv() {
        let (rows, _) = table(&[&SYN_SENT.replace(" 02 ", " 0C ")]);
        assert_eq!(rows[0].row.state, State::SynRecv);
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_panic(line in "[ -~\n\u{0}-\u{fff}]{0,200}") {
            table(&[&line]);
        }

        #[test]
        fn no_damage_to_a_row_makes_the_parser_panic(at in 0..SYN_SENT.len(), with in any::<u8>(), cut in 0..SYN_SENT.len()) {
            let mut line = SYN_SENT.as_bytes().to_vec();
            line[at] = with;
            line.truncate(cut);
            let (mut rows, mut unread) = (Vec::new(), Vec::new());
            parse(&[HEADER.as_bytes(), &line].concat(), &mut rows, &mut unread);
            prop_assert!(rows.len() + unread.len() <= 2);
        }
    }
}
