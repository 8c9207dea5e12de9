//! The last events of a lab as lines.

use std::fmt;
use std::net::SocketAddr;

use crate::event::{
    CallBegan, CallEnded, Disposition, LabEvent, PacketRecord, ProcessBorn, ProcessDied, ProgramCall, SettingChanged,
    StateChanged, TimedEvent, WireChange,
};
use finwait_model::clock::MonoTime;
use finwait_model::errno::Errno;
use finwait_wire::segment::Packet;

/// Events of a lab, one a line: calls and what they returned, segments and what became of them, changes of state. The times are
/// counted from the first of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Transcript {
    lines: Vec<String>,
}

impl Transcript {
    pub(super) fn of<'a>(events: impl IntoIterator<Item = &'a TimedEvent>) -> Transcript {
        let mut first: Option<MonoTime> = None;
        let lines = events.into_iter().filter_map(|event| {
            let text = line(&event.what)?;
            let began = *first.get_or_insert(event.at);
            let ms = event.at.since(began).as_secs_f64() * 1e3;
            Some(format!("{ms:>10.3} ms  {text}"))
        });
        Transcript { lines: lines.collect() }
    }

    /// The last `n` lines.
    #[must_use]
    pub fn last(mut self, n: usize) -> Transcript {
        self.lines.drain(..self.lines.len().saturating_sub(n));
        self
    }

    /// The lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An event in a line; none for those that say what others have said.
fn line(what: &LabEvent) -> Option<String> {
    Some(match what {
        LabEvent::Born(ProcessBorn { side, pid, .. }) => format!("{side}: the endpoint is up, process {pid}"),
        LabEvent::Died(ProcessDied { side, pid, how }) => format!("{side}: the endpoint is gone, process {pid}: {how}"),
        LabEvent::Began(CallBegan { side, text, .. }) => format!("{side}: {text} ..."),
        LabEvent::Ended(CallEnded {
            side, trace, outcome, ..
        }) => match trace.as_slice() {
            [] => format!("{side}: {}", outcome.brief()),
            calls => {
                let calls: Vec<String> = calls.iter().map(ToString::to_string).collect();
                format!("{side}: {}", calls.join(", "))
            }
        },
        LabEvent::Garbled { side, why, .. } => format!("{side}: the endpoint refused: {why}"),
        LabEvent::Packet(record) => packet(record),
        LabEvent::Wire(WireChange::Added(no, rule)) => format!("wire: {no}: {rule}"),
        LabEvent::Transition(StateChanged {
            side, tuple, from, to, ..
        }) => {
            let peer = if tuple.is_listener() {
                String::new()
            } else {
                format!(" - {}", tuple.peer)
            };
            format!("{side}: {from} -> {to}  {}{peer}", tuple.local)
        }
        LabEvent::Host(SettingChanged {
            side,
            setting,
            value,
            failed,
        }) => match failed {
            None => format!("{side}: {} is {}", setting.name(), setting.show(*value)),
            Some(why) => format!("{side}: {} stays: {why}", setting.name()),
        },
        LabEvent::Program(event) => format!("{}: {event}", event.side),
        LabEvent::ProgramCall(ProgramCall { side, pid, made, .. }) => format!("{side}: {made}, process {pid}"),
        LabEvent::Runtime(change) => format!("{}: {change}", change.side),
        LabEvent::Note(text) => text.clone(),
        LabEvent::Quiet => "quiet".into(),
        _ => return None,
    })
}

/// A packet in a line: `#3 client FIN,ACK 10.0.0.1:41000 > 10.0.0.2:8080 seq 1 ack 1: held`.
pub(super) fn packet(record: &PacketRecord) -> String {
    let became = match record.disposition {
        Disposition::Delivered => String::new(),
        Disposition::Refused(errno) => format!(": refused, {}", Errno::name(errno)),
        Disposition::Held => ": held".into(),
        Disposition::Delayed(time) => format!(": delayed by {time}"),
        Disposition::InFlight(time) => format!(": under way for {time}"),
        Disposition::Dropped => ": dropped".into(),
        Disposition::Discarded => ": discarded, its receiver has a copy".into(),
    };
    let what = match &record.packet {
        Packet::Tcp(segment) => {
            let place = |name: &str, n: Option<u32>| n.map_or(String::new(), |n| format!(" {name} {n}"));
            let len = match segment.len {
                0 => String::new(),
                len => format!(" len {len}"),
            };
            let cut = record.cut().map_or(String::new(), |cut| format!(" ({cut})"));
            let again = if record.seen.again.is_some() { " again" } else { "" };
            format!(
                "{}{} {}{}{len}{cut}{again}",
                segment.flags,
                between(segment.source, segment.destination),
                place("seq", record.seen.seq),
                place("ack", record.seen.ack)
            )
        }
        Packet::Icmp { message, .. } => format!("ICMP {message}"),
        Packet::Other { what, .. } => what.clone(),
    };
    format!("wire: {} from {}: {what}{became}", record.no, record.from)
}

fn between(source: SocketAddr, destination: SocketAddr) -> String {
    format!(" {source} > {destination}")
}
