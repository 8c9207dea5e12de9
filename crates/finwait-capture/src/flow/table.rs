//! Finds the connection of a packet, and keeps those that say most when there are too many.

use serde::Serialize;
use std::collections::VecDeque;
use std::net::SocketAddr;

use finwait_model::clock::MonoTime;
use finwait_model::hash::QuickMap;
use finwait_model::side::Side;
use finwait_wire::segment::{Flags, Packet, Segment};

use super::connection::{Connection, ConnectionNo, IcmpSeen, Start};
use super::gone::{Gone, Trace};
use crate::finding::{is_unanswered, severity};
use crate::reader::CapturedPacket;

/// The attempts that are searched for one that an ICMP error is about where the text does not name its port.
const ATTEMPTS: usize = 64;

/// How many connections are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most connections that are followed at a time.
    pub open: usize,
    /// The most connections that are over, or not followed any more, and are told of one by one.
    pub told: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            open: 1 << 16,
            told: 1 << 12,
        }
    }
}

/// What is counted of all connections, also of those that are not told of one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// The connections.
    pub connections: u64,
    /// The parts of connections that came after those were let go: each has a number of its own, and is no connection more.
    pub parts: u64,
    /// The TCP segments.
    pub segments: u64,
    /// The packets of another protocol.
    pub other: u64,
    /// The connections, and parts of them, in which something is worth telling.
    pub with_findings: u64,
    /// The connections that were reset.
    pub reset: u64,
    /// The attempts that were refused.
    pub refused: u64,
    /// The attempts that had no answer.
    pub unanswered: u64,
    /// The segments that were sent again.
    pub retransmissions: u64,
    /// The RSTs.
    pub resets: u64,
    /// The segments that came behind a later one.
    pub out_of_order: u64,
    /// The segments that said that there is no room.
    pub zero_windows: u64,
    /// The connections that were not followed to their end, because there were too many at a time.
    pub let_go: u64,
    /// The connections that are counted here only.
    pub counted_only: u64,
}

/// All connections of a capture.
#[derive(Debug, Default)]
pub struct Table {
    limits: Limits,
    open: QuickMap<(SocketAddr, SocketAddr), Box<Connection>>,
    told: Vec<Connection>,
    totals: Totals,
    attempts: VecDeque<(SocketAddr, SocketAddr)>,
    gone: Gone,
    began: Option<MonoTime>,
    last: MonoTime,
}

fn pair(a: SocketAddr, b: SocketAddr) -> (SocketAddr, SocketAddr) {
    if a <= b { (a, b) } else { (b, a) }
}

impl Table {
    /// An empty one.
    pub fn new(limits: Limits) -> Table {
        Table {
            limits,
            ..Table::default()
        }
    }

    /// Takes in a packet; returns the connection that it is of, or about.
    pub fn packet(&mut self, packet: &CapturedPacket) -> Option<&Connection> {
        let at = packet.at;
        self.began.get_or_insert(at);
        self.last = self.last.max(at);
        match &packet.ip.packet {
            Packet::Tcp(segment) => Some(self.segment(packet, segment)),
            Packet::Icmp {
                source,
                about,
                error,
                message,
                ..
            } => {
                self.totals.other += 1;
                let (sender, peer) = (*about)?;
                let key = self.about(sender, peer)?;
                let connection = self.open.get_mut(&key)?;
                let to = if sender.port() == 0 {
                    connection.side_of(peer).other()
                } else {
                    connection.side_of(sender)
                };
                let state = connection.state(to);
                connection.hears(IcmpSeen {
                    to,
                    from: *source,
                    at,
                    message: message.clone(),
                    error: *error,
                    state,
                });
                Some(connection)
            }
            Packet::Udp { .. } | Packet::Other { .. } => {
                self.totals.other += 1;
                None
            }
        }
    }

    /// The connection that an ICMP error quotes; the newest attempt that it can be about, where a text does not name the ports.
    fn about(&self, sender: SocketAddr, peer: SocketAddr) -> Option<(SocketAddr, SocketAddr)> {
        if sender.port() != 0 {
            return Some(pair(sender, peer));
        }
        let is_it = |(from, to): &&(SocketAddr, SocketAddr)| {
            from.ip() == sender.ip() && to.ip() == peer.ip() && (peer.port() == 0 || peer.port() == to.port())
        };
        let (from, to) = self.attempts.iter().rev().find(is_it)?;
        Some(pair(*from, *to))
    }

    fn segment(&mut self, packet: &CapturedPacket, segment: &Segment) -> &Connection {
        self.totals.segments += 1;
        let key = pair(segment.source, segment.destination);
        if segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK) {
            if self.attempts.len() == ATTEMPTS {
                self.attempts.pop_front();
            }
            self.attempts.push_back(segment.way());
        }
        let is_over = self
            .open
            .get(&key)
            .is_some_and(|connection| connection.is_followed_by(segment));
        let before = if is_over { self.open.remove(&key) } else { None };
        if before.is_some() || !self.open.contains_key(&key) {
            if self.open.len() >= self.limits.open {
                self.make_room();
            }
            let goes_on = before.is_none() && self.goes_on(key, segment);
            self.totals.parts += u64::from(goes_on);
            self.totals.connections += u64::from(!goes_on);
            let no = ConnectionNo(self.totals.numbers());
            let mut connection = Connection::new(no, segment, packet.at);
            connection.goes_on = goes_on;
            if let Some(before) = before {
                connection.follows(&before);
                self.finish(before);
            }
            self.open.insert(key, Box::new(connection));
        }
        let connection = self
            .open
            .entry(key)
            .or_insert_with(|| Box::new(Connection::new(ConnectionNo(0), segment, packet.at)));
        connection.passed(packet, segment);
        connection
    }

    /// Is a segment of a connection that was let go? Counts no attempt as without an answer that has one now.
    fn goes_on(&mut self, key: (SocketAddr, SocketAddr), segment: &Segment) -> bool {
        let (syn, ack) = (segment.flags.has(Flags::SYN), segment.flags.has(Flags::ACK));
        let goes_on = match syn && !ack {
            // With another number it begins another one.
            true => self.gone.has(key, Trace::Syn(segment.seq.0)),
            false => self.gone.has(key, Trace::Was),
        };
        if goes_on && syn && ack && self.gone.has(key, Trace::Unanswered) {
            self.totals.unanswered = self.totals.unanswered.saturating_sub(1);
            self.totals.with_findings = self.totals.with_findings.saturating_sub(1);
        }
        goes_on
    }

    /// Lets go of half of the connections: first those that are over, then those that have been quiet longest.
    fn make_room(&mut self) {
        let mut all: Vec<(bool, MonoTime, (SocketAddr, SocketAddr))> = self
            .open
            .iter()
            .map(|(key, connection)| (!connection.is_over(), connection.last, *key))
            .collect();
        all.sort_unstable();
        all.truncate(self.limits.open.div_ceil(2).max(1));
        for (is_open, _, key) in all {
            self.totals.let_go += u64::from(is_open);
            let Some(mut connection) = self.open.remove(&key) else {
                continue;
            };
            connection.let_go = is_open;
            // Of one that is over nothing is to come.
            if is_open {
                self.gone.add(key, Trace::Was);
                if connection.start == Start::Syn
                    && let Some(first) = connection.ends.client.first
                {
                    self.gone.add(key, Trace::Syn(first.0));
                }
                if is_unanswered(&connection) {
                    self.gone.add(key, Trace::Unanswered);
                }
            }
            self.finish(connection);
        }
    }

    /// Counts a connection that is not followed any more, and keeps it while it is among the worst.
    fn finish(&mut self, mut connection: Box<Connection>) {
        connection.finish();
        self.totals.count(&connection);
        self.told.push(*connection);
        if self.told.len() >= 2 * self.limits.told.max(1) {
            self.keep_worst();
        }
    }

    fn keep_worst(&mut self) {
        self.told
            .sort_by_key(|connection| (std::cmp::Reverse(severity(connection)), connection.no));
        let most = self.limits.told.max(1);
        if self.told.len() > most {
            self.totals.counted_only += (self.told.len() - most) as u64;
            self.told.truncate(most);
        }
    }

    /// Returns when the first packet was captured.
    pub fn began(&self) -> MonoTime {
        self.began.unwrap_or_default()
    }

    /// Returns when the last packet was captured.
    pub const fn last(&self) -> MonoTime {
        self.last
    }

    /// The capture is over: returns the connections, the worst first, and what is counted of all.
    pub fn end(mut self) -> (Vec<Connection>, Totals) {
        for (_, connection) in std::mem::take(&mut self.open) {
            self.finish(connection);
        }
        self.keep_worst();
        (self.told, self.totals)
    }
}

impl Totals {
    /// Returns the highest number of a connection, or of what came of one afterwards.
    pub const fn numbers(&self) -> u64 {
        self.connections + self.parts
    }

    fn count(&mut self, connection: &Connection) {
        use crate::finding::is_refused;
        // A SYN that is sent again is of an attempt that was counted.
        let is_unanswered = is_unanswered(connection);
        let is_counted = is_unanswered && connection.goes_on;
        self.with_findings += u64::from(severity(connection) > 0 && !is_counted);
        self.refused += u64::from(is_refused(connection));
        self.reset += u64::from(connection.reset.is_some() && !is_refused(connection));
        self.unanswered += u64::from(is_unanswered && !is_counted);
        for side in Side::BOTH {
            let end = &connection.ends[side];
            self.retransmissions += u64::from(end.retransmissions);
            self.resets += u64::from(end.resets);
            self.out_of_order += u64::from(end.out_of_order);
            self.zero_windows += u64::from(end.zero_windows);
        }
    }
}
