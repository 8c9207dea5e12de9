//! A connection as it is told.

use serde::Serialize;
use std::net::SocketAddr;

use finwait_model::clock::MonoTime;
use finwait_model::side::{Ends, Side};
use finwait_model::state::State;

use crate::finding::{Finding, Seconds, findings};
use crate::flow::{Connection, ConnectionNo, Start};
use crate::seen::{Seen, seen};

/// A finding, with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldFinding {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// One sentence or two.
    pub text: String,
}

/// Who sent the first FIN, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FirstFin {
    /// Who.
    pub by: Side,
    /// When, since the capture's beginning.
    pub at: Seconds,
    /// Did the other end send its own before this one came?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub crossed: bool,
}

/// A connection as it is told; times are since the capture's beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionView {
    /// The number.
    pub connection: ConnectionNo,
    /// The addresses.
    #[serde(flatten)]
    pub addresses: Ends<SocketAddr>,
    /// Whether it is a guess which end is the client.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub guessed: bool,
    /// Where it begins.
    pub begins: Start,
    /// When.
    pub at: Seconds,
    /// From the first packet to the last.
    pub lasted: Seconds,
    /// The time that the handshake took; none where it is not there, or not over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handshake: Option<Seconds>,
    /// The packets of each end.
    pub packets: Ends<u64>,
    /// The bytes of payload that each end sent, each counted once.
    pub bytes: Ends<u64>,
    /// The states at the end, as the segments imply them.
    pub states: Ends<Option<State>>,
    /// Who closed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_fin: Option<FirstFin>,
    /// What is worth telling, the worst first.
    pub findings: Vec<ToldFinding>,
    /// What the calls of the programs at both ends returned, as the segments imply it.
    pub saw: Ends<Vec<Seen>>,
}

impl ConnectionView {
    /// Returns a connection of a capture from `began` to `ended` as it is told.
    pub fn of(connection: &Connection, began: MonoTime, ended: MonoTime) -> ConnectionView {
        let at = |time: MonoTime| Seconds(time.since(began));
        let told = |finding: Finding| ToldFinding {
            text: finding.words(),
            finding,
        };
        ConnectionView {
            connection: connection.no,
            addresses: connection.addresses,
            guessed: connection.guessed,
            begins: connection.start,
            at: at(connection.began),
            lasted: Seconds(connection.last.since(connection.began)),
            handshake: connection
                .established
                .map(|established| Seconds(established.since(connection.began))),
            packets: Ends::from_fn(|side| connection.ends[side].packets),
            bytes: Ends::from_fn(|side| connection.ends[side].bytes),
            states: connection.states(),
            first_fin: connection.first_fin.map(|(by, time)| FirstFin {
                by,
                at: at(time),
                crossed: connection.fins_crossed,
            }),
            findings: findings(connection, began, ended).into_iter().map(told).collect(),
            saw: Ends::from_fn(|side| seen(connection, side)),
        }
    }
}
