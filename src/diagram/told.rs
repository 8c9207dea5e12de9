//! The diagram's rows as plain data, each with its words, for pictures that are not made of a terminal's cells.

use std::time::Duration;

use super::rows::{Row, RowKind, Rows};
use super::span::{ArrowSpan, Point, span, still_on_wire};
use super::words::{call_texts, packet_texts, program_call_texts, program_texts, state_texts};
use crate::clock::MonoTime;
use crate::lab::event::{Disposition, ProcessBorn, ProcessDied};
use crate::roles::SegmentKind;
use crate::session::Session;
use crate::session::transcript::EntryKind;
use crate::side::{Ends, Side};
use crate::state::State;
use crate::wire::flow::PacketNo;

/// A row of the diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldRow {
    /// The number of its entry in the transcript.
    pub entry: u64,
    /// The time since the beginning of the run.
    pub at: Duration,
    /// The contents.
    pub what: RowContents,
    /// The states that the ends' main sockets have from here on, where they change.
    pub states: Ends<Option<State>>,
}

/// The contents of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowContents {
    /// Words at an end's edge: a call and what it returned, or what became of a process.
    Words {
        /// The end.
        side: Side,
        /// The words, the longest first, for whoever draws takes what fits.
        texts: Vec<String>,
        /// Whether it tells of a failure.
        failed: bool,
        /// The sentence why, of what did not simply succeed.
        why: Option<String>,
    },
    /// A packet between the ends.
    Arrow(ToldArrow),
    /// Nothing happened for so long.
    Pause(Duration),
    /// Nothing but states.
    States,
}

/// The arrow of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldArrow {
    /// The packet.
    pub no: PacketNo,
    /// The end that it comes from.
    pub from: Side,
    /// The kind of packet.
    pub kind: SegmentKind,
    /// Whether it was sent before.
    pub is_again: bool,
    /// The words, the longest first.
    pub texts: Vec<String>,
    /// The part of its way that this row shows.
    pub part: ArrowPart,
    /// Its end on this row.
    pub end: ArrowEnd,
    /// The time that it was on the wire, where it did not pass at once and this is known by now.
    pub waited: Option<Duration>,
}

/// The part of a packet's way that a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrowPart {
    /// All of it.
    Whole,
    /// The beginning: it leaves its host. What becomes of it is on a row further down, if anything does.
    Leaves,
    /// The end: it left on a row further up.
    Arrives,
}

/// The end of an arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrowEnd {
    /// It arrived.
    Arrived,
    /// It is held on the wire, until it is handed on or dropped.
    Held,
    /// It is under way, and arrives by itself.
    UnderWay,
    /// It did not arrive: it was dropped, or not taken.
    Lost,
    /// It was of no use any more, and was taken off the wire.
    Discarded,
}

/// Returns all rows of a session.
pub fn rows(session: &Session) -> Vec<ToldRow> {
    rows_of(session, false)
}

/// Returns all rows of a session, where a packet that waits on the wire has two, one for each entry about it.
pub fn rows_apart(session: &Session) -> Vec<ToldRow> {
    rows_of(session, true)
}

fn rows_of(session: &Session, apart: bool) -> Vec<ToldRow> {
    let rows = Rows::of(&session.transcript, apart);
    let each = rows.range().filter_map(|at| rows.get(at));
    each.filter_map(|row| {
        Some(ToldRow {
            entry: row.no,
            at: row.at,
            what: contents(&rows, row, session)?,
            states: row.labels,
        })
    })
    .collect()
}

/// The contents of a row; none where its entry is gone.
fn contents(rows: &Rows, row: &Row, session: &Session) -> Option<RowContents> {
    let transcript = &session.transcript;
    let entry = transcript.entry(row.no);
    let what = entry.map(|entry| &entry.what);
    let words = |side, texts: Vec<String>, failed| RowContents::Words {
        side,
        texts,
        failed,
        why: None,
    };
    Some(match row.kind {
        RowKind::Call { side, returned, .. } => {
            let returned = returned.and_then(|no| transcript.entry(no));
            let (texts, failed) = call_texts(what, returned.map(|entry| &entry.what));
            let why = returned.and_then(|entry| entry.why()).map(str::to_owned);
            RowContents::Words {
                side,
                texts,
                failed,
                why,
            }
        }
        RowKind::Return { side } => {
            let (texts, failed) = call_texts(None, what);
            let why = entry.and_then(|entry| entry.why()).map(str::to_owned);
            RowContents::Words {
                side,
                texts,
                failed,
                why,
            }
        }
        RowKind::Packet {
            connection, no, again, ..
        } => {
            let EntryKind::Packet(record) = what? else { return None };
            let held = still_on_wire(session, no, record);
            let (part, end) = part_and_end(span(rows, row, no, record, held, MonoTime(u64::MAX)));
            let end = match (end, record.disposition) {
                (ArrowEnd::Held, Disposition::Delayed(_) | Disposition::InFlight(_)) => ArrowEnd::UnderWay,
                (end, _) => end,
            };
            RowContents::Arrow(ToldArrow {
                no,
                from: record.from,
                kind: SegmentKind::of(&record.packet),
                is_again: record.seen.again.is_some(),
                texts: packet_texts(record, connection, again, None, session),
                part,
                end,
                waited: record.waited,
            })
        }
        RowKind::States => RowContents::States,
        RowKind::Named { side } => match what? {
            EntryKind::State {
                socket: Some(name),
                change,
                ..
            } => words(side, state_texts(name, change).into(), false),
            _ => return None,
        },
        RowKind::Process { side } => match what? {
            EntryKind::Died(ProcessDied { how, .. }) => words(side, vec![format!("{side} {how}")], true),
            EntryKind::Born(ProcessBorn { pid, .. }) => {
                words(side, vec![format!("{side} restarted, pid {pid}")], false)
            }
            _ => return None,
        },
        RowKind::Program { side } => match what? {
            EntryKind::Program(news) => {
                let (texts, failed) = program_texts(news);
                words(side, texts, failed)
            }
            _ => return None,
        },
        RowKind::ProgramCall { side } => match what? {
            EntryKind::ProgramCall(call) => RowContents::Words {
                side,
                texts: program_call_texts(call),
                failed: call.has_failed(),
                why: entry.and_then(|entry| entry.why()).map(str::to_owned),
            },
            _ => return None,
        },
        RowKind::Pause(pause) => RowContents::Pause(pause),
    })
}

fn part_and_end(span: ArrowSpan) -> (ArrowPart, ArrowEnd) {
    let end = |point| match point {
        Point::Head | Point::Reset => ArrowEnd::Arrived,
        Point::Held => ArrowEnd::Held,
        Point::Lost => ArrowEnd::Lost,
        Point::Discarded => ArrowEnd::Discarded,
    };
    match span {
        ArrowSpan::Whole(point) => (ArrowPart::Whole, end(point)),
        ArrowSpan::Leaves(point) => (ArrowPart::Leaves, end(point)),
        ArrowSpan::Arrives(point) => (ArrowPart::Arrives, end(point)),
        ArrowSpan::Travels(_) => (ArrowPart::Leaves, ArrowEnd::UnderWay),
    }
}
