//! What the kernel's tables said of each connection in the course of a run: queues, congestion window, round-trip time.

use std::collections::BTreeMap;

use crate::clock::MonoTime;
use crate::lab::event::LabEvent;
use crate::session::SessionInput;
use crate::side::{Ends, Side};
use crate::socket_table::{SocketRow, Tuple};

/// What a host's table said of an end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The time at which the table was read.
    pub at: MonoTime,
    /// The bytes written and not acknowledged.
    pub unacknowledged: u32,
    /// The bytes received and not read.
    pub unread: u32,
    /// The congestion window in segments; none where the table does not tell.
    pub cwnd: Option<u32>,
    /// The smoothed round-trip time in microseconds; none where the table does not tell, or nothing was measured yet.
    pub rtt_us: Option<u32>,
}

impl Sample {
    fn of(at: MonoTime, row: &SocketRow) -> Sample {
        Sample {
            at,
            unacknowledged: row.tx_queue,
            unread: row.unread(),
            cwnd: row.info.map(|info| info.cwnd),
            rtt_us: row.info.map(|info| info.rtt_us).filter(|rtt| *rtt > 0),
        }
    }

    fn says_the_same(&self, other: &Sample) -> bool {
        *self == Sample { at: self.at, ..*other }
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
        let (LabEvent::Table { side, rows } | LabEvent::Rows { side, rows, .. }) = &event.what else {
            return;
        };
        for observed in rows.iter().filter(|observed| !observed.row.tuple.is_listener()) {
            let tuple = match side {
                Side::Client => observed.row.tuple,
                Side::Server => observed.row.tuple.mirrored(),
            };
            let samples = &mut self.connections.entry(tuple).or_default()[*side];
            let sample = Sample::of(event.at, &observed.row);
            if samples.last().is_none_or(|last| !last.says_the_same(&sample)) {
                samples.push(sample);
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
