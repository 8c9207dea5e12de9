//! What the kernel's tables said of each connection in the course of a run: queues, congestion window, round-trip time.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::MonoTime;
use crate::lab::event::LabEvent;
use crate::session::SessionInput;
use crate::side::{Ends, Side};
use crate::socket_table::{SocketRow, Tuple};

/// What a host's table said of an end of a connection, at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The time at which the table was read.
    pub at: MonoTime,
    /// What it said; none where the socket was in it no longer.
    pub said: Option<SocketNumbers>,
}

/// The numbers of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketNumbers {
    /// The bytes of the send queue, written and not acknowledged; the kernel counts 1 for a SYN or FIN that is not acknowledged (`write_seq - snd_una`).
    pub unacknowledged: u32,
    /// The bytes received and not read.
    pub unread: u32,
    /// The congestion window in segments; none where the table does not tell.
    pub cwnd: Option<u32>,
    /// The smoothed round-trip time in microseconds; none where the table does not tell, or nothing was measured yet.
    pub rtt_us: Option<u32>,
}

impl SocketNumbers {
    fn of(row: &SocketRow) -> SocketNumbers {
        SocketNumbers {
            unacknowledged: row.tx_queue,
            unread: row.unread(),
            cwnd: row.info.map(|info| info.cwnd),
            rtt_us: row.info.map(|info| info.rtt_us).filter(|rtt| *rtt > 0),
        }
    }
}

/// Adds what was said, where it is news.
fn add(samples: &mut Vec<Sample>, at: MonoTime, said: Option<SocketNumbers>) {
    if samples.last().map_or(said.is_some(), |last| last.said != said) {
        samples.push(Sample { at, said });
    }
}

/// A connection's samples, of each end: only those that differ from the one before.
pub type ConnectionSeries = Ends<Vec<Sample>>;

/// The samples of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// By the addresses of the connection, as the client's host has them.
    pub connections: BTreeMap<Tuple, ConnectionSeries>,
}

impl Series {
    /// Takes in what happened.
    pub fn takes(&mut self, input: &SessionInput) {
        let SessionInput::Event(event) = input else { return };
        let (side, rows, gone): (_, _, &[Tuple]) = match &event.what {
            LabEvent::Table { side, rows } => (*side, rows, &[]),
            LabEvent::Rows { side, rows, gone } => (*side, rows, gone),
            _ => return,
        };
        let as_the_client_has_it = |tuple: Tuple| match side {
            Side::Client => tuple,
            Side::Server => tuple.mirrored(),
        };
        let connections = rows.iter().filter(|observed| !observed.row.tuple.is_listener());
        let mut there = BTreeSet::new();
        for observed in connections {
            let tuple = as_the_client_has_it(observed.row.tuple);
            there.insert(tuple);
            let samples = &mut self.connections.entry(tuple).or_default()[side];
            add(samples, event.at, Some(SocketNumbers::of(&observed.row)));
        }
        // A whole table has all that there is.
        let is_whole = matches!(event.what, LabEvent::Table { .. });
        let gone: BTreeSet<Tuple> = gone.iter().copied().map(as_the_client_has_it).collect();
        for (tuple, series) in &mut self.connections {
            if gone.contains(tuple) || (is_whole && !there.contains(tuple)) {
                add(&mut series[side], event.at, None);
            }
        }
    }

    /// Returns the connection of which there is most to tell, and how many others there are; none without any.
    pub fn busiest(&self) -> Option<(&Tuple, &ConnectionSeries, usize)> {
        let count = |series: &ConnectionSeries| series.iter().map(|(_, samples)| samples.len()).sum::<usize>();
        // Of several, the first by its addresses.
        let (tuple, series) = self.connections.iter().rev().max_by_key(|(_, series)| count(series))?;
        Some((tuple, series, self.connections.len() - 1))
    }
}
