//! `/proc/net/tcp` and `tcp6`: the states that people know, row by row.

use std::fs::File;
use std::io::{Read, Seek};
use std::net::{IpAddr, SocketAddr};
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
        // Much faster than the lossy way, which is for a line that is none.
        let text = str::from_utf8(line).map_or_else(|_| String::from_utf8_lossy(line).into_owned(), str::to_owned);
        match row(line) {
            Some(row) => rows.push(ProcRow { row, line: text }),
            None => unread.push(text),
        }
    }
}

/// The row that a line says, if it does (`get_tcp4_sock`, `get_openreq4`, `get_timewait4_sock` and those of tcp6).
fn row(line: &[u8]) -> Option<SocketRow> {
    // Slot, local address, remote address, state, `tx_queue:rx_queue`, `tr:tm->when`, `retrnsmt`, `uid`, `timeout`, `inode`.
    let mut columns = line.split(|byte| *byte == b' ').filter(|column| !column.is_empty());
    columns.next()?.strip_suffix(b":")?;
    let tuple = Tuple {
        local: address(columns.next()?)?,
        peer: address(columns.next()?)?,
    };
    let state = State::from_kernel(u8::try_from(hex(columns.next()?)?).ok()?)?;
    let (tx_queue, rx_queue) = pair(columns.next()?)?;
    let (active, when) = pair(columns.next()?)?;
    let timeouts = hex(columns.next()?)?;
    let _uid = decimal(columns.next()?)?;
    let probes = decimal(columns.next()?)?;
    let inode = decimal(columns.next()?)?;
    let kind = TimerKind::from_kernel(u8::try_from(active).ok()?);
    Some(SocketRow {
        tuple,
        state,
        rx_queue: u32::try_from(rx_queue).ok()?,
        tx_queue: u32::try_from(tx_queue).ok()?,
        timer: kind.map(|kind| Timer { kind, left: left(when) }),
        // Unanswered probes stand in the column that the header calls `timeout`; sock_diag has one field for both.
        retransmits: match kind {
            Some(TimerKind::ZeroWindowProbe | TimerKind::Keepalive) => u32::try_from(probes).ok()?,
            _ => u32::try_from(timeouts).ok()?,
        },
        inode,
        info: None,
    })
}

/// Two hexadecimal numbers with a colon between them.
fn pair(column: &[u8]) -> Option<(u64, u64)> {
    let colon = column.iter().position(|byte| *byte == b':')?;
    Some((hex(&column[..colon])?, hex(&column[colon + 1..])?))
}

/// An address and a port: the address's words in the order of the machine, each of whose bytes are in that of the network. Where an
/// IPv6 socket carries an IPv4 connection and shows its addresses mapped, they are the connection's own.
fn address(column: &[u8]) -> Option<SocketAddr> {
    let (ip, port) = column.split_last_chunk::<5>()?;
    let port = u16::try_from(hex(port.strip_prefix(b":")?)?).ok()?;
    let word = |digits: &[u8]| Some(u32::try_from(hex(digits)?).ok()?.to_ne_bytes());
    let ip = match ip.len() {
        8 => IpAddr::from(word(ip)?),
        32 => {
            let mut octets = [0; 16];
            for (octets, digits) in octets.chunks_mut(4).zip(ip.chunks(8)) {
                octets.copy_from_slice(&word(digits)?);
            }
            IpAddr::from(octets).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// A hexadecimal number of at most 16 digits.
fn hex(digits: &[u8]) -> Option<u64> {
    let one = |number: u64, digit: &u8| Some(number << 4 | u64::from((*digit as char).to_digit(16)?));
    (1..=16)
        .contains(&digits.len())
        .then(|| digits.iter().try_fold(0, one))?
}

/// A decimal number; 64 bits, where the kernel prints a negative one as `unsigned long`.
fn decimal(digits: &[u8]) -> Option<u64> {
    let one = |number: u64, digit: &u8| {
        let digit = (*digit as char).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    };
    (!digits.is_empty()).then(|| digits.iter().try_fold(0, one))?
}

/// A time in clock ticks of 1/100 s (USER_HZ, the same on all architectures but Alpha). The kernel clamps it at nought.
fn left(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(10))
}

#[cfg(test)]
mod tests {
    use super::*;
    use procfs::net::TcpNetEntries;
    use procfs::{FromBufReadSI, current_system_info};
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

    /// A crate of other people's reads the same in the same line.
    #[test]
    fn the_procfs_crate_agrees() {
        let v6 = "   3: 0000000000000000FFFF00000200000A:1F90 0000000000000000FFFF00000100000A:A35E 08 00000000:00000001 00:00000000 \
                  00000000     0        0 7 1 0000000000000000 20 4 1 10 -1";
        let own = "   4: 000000FD000000000000000002000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 \
                   00000000     0        0 18446744073709551615 1 0000000000000000 100 0 0 10 0";
        for line in [SYN_SENT, TIME_WAIT, PROBED, v6, own] {
            let text = format!("{HEADER}{line}\n");
            let theirs = TcpNetEntries::from_buf_read(text.as_bytes(), current_system_info()).unwrap();
            let theirs = &theirs.0[0];
            let (rows, _) = table(&[line]);
            let ours = &rows[0].row;
            let plain = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
            assert_eq!(ours.tuple.local, plain(theirs.local_address));
            assert_eq!(ours.tuple.peer, plain(theirs.remote_address));
            assert_eq!(Some(ours.state), State::from_kernel(theirs.state.to_u8()));
            let fields = (theirs.rx_queue, theirs.tx_queue, theirs.inode);
            assert_eq!((ours.rx_queue, ours.tx_queue, ours.inode), fields);
        }
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
