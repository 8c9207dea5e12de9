//! The lines of the log: an entry in words.

use super::packet::{became, describe};
use super::{Entry, EntryKind, Filter, ProgramEntry};
use crate::call::{SocketId, SocketName};
use crate::clock::{Millis, human};
use crate::counter::MovedCounters;
use crate::explain::counters::is_shown;
use crate::lab::event::{
    CallEnded, ProcessBorn, ProcessDied, ProgramNews, SettingChanged, StateChanged, SyscallSeen, WireChange, Witness,
};
use crate::outcome::{OptionReading, Outcome, Reading, Value};
use crate::session::{CallEnd, FinishedCall};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::wire::link::LinkReport;
use crate::wire::queue::{Mode, RuleChange};
use std::time::Duration;

impl Entry {
    /// The speaker in the log's second column: `client`, `wire`, `state`.
    pub fn speaker(&self) -> &'static str {
        match &self.what {
            EntryKind::Call { began, .. } => began.side.name(),
            EntryKind::Ended(call) => call.side().name(),
            EntryKind::Syscall(seen) => seen.side.name(),
            EntryKind::ProgramCall(entry) => entry.call.side.name(),
            EntryKind::Blocked { side, .. } => side.name(),
            EntryKind::Born(born) => born.side.name(),
            EntryKind::Died(died) => died.side.name(),
            EntryKind::Host(change) => change.side.name(),
            EntryKind::Runtime(change) => change.side.name(),
            EntryKind::Program(entry) => entry.event.side.name(),
            EntryKind::Packet(_) | EntryKind::Wire { .. } => "wire",
            EntryKind::State { .. } => "state",
            EntryKind::Counters { .. } => "counts",
            EntryKind::Reason(_) => "kernel",
            EntryKind::Note { .. } => "lab",
        }
    }

    /// The time as it is shown: seconds and milliseconds since the beginning.
    pub fn time(&self) -> String {
        format!("{:>9.3}", self.at.as_secs_f64())
    }

    /// The lines of the log for this entry, one for each system call of an outcome; never empty, never a control character.
    pub fn lines(&self) -> Vec<String> {
        self.lines_cut(|cuts| cuts.first().cloned().unwrap_or_default())
    }

    /// The lines for this entry in a log of that kind: among counters alone, all that have moved.
    pub fn lines_of(&self, filter: Filter) -> Vec<String> {
        match (&self.what, filter) {
            (EntryKind::Counters { side, moved }, Filter::Counters) => {
                vec![format!("{side}: {}", moved.listed(|_| true))]
            }
            _ => self.lines(),
        }
    }

    /// Returns the lines where not all of each fits: a call is cut in its arguments rather than in what it returned, by `cut`, which
    /// chooses among its cuts, the longest first.
    pub fn lines_cut(&self, cut: impl Fn(&[String]) -> String) -> Vec<String> {
        let cut = |cuts: Vec<String>| cut(&cuts);
        match &self.what {
            EntryKind::Call { began, .. } => vec![cut(began.text.cuts(" ..."))],
            EntryKind::Ended(call) => match &call.end {
                CallEnd::Returned(ended) => call_returned(call, ended).into_iter().map(cut).collect(),
                CallEnd::Lost(lost) => vec![format!("{} never returned: {}", call.words(), lost.how)],
            },
            EntryKind::Syscall(SyscallSeen { made, .. }) => {
                vec![format!("| {made}   <{}>", human(made.duration))]
            }
            EntryKind::ProgramCall(entry) => {
                let (made, pid) = (&entry.call.made, entry.call.pid);
                let who = entry.process.as_deref().unwrap_or("pid");
                let cuts = made.cuts(&format!("   <{}>", human(made.duration)));
                vec![cut(cuts
                    .into_iter()
                    .map(|made| format!("{who} {pid} {made}"))
                    .collect())]
            }
            EntryKind::Blocked { text, waited, .. } => {
                vec![cut(text.cuts(&format!(" blocked for {}", human(*waited))))]
            }
            EntryKind::Packet(record) => {
                let way = format!("{} -> {}", record.from, record.from.other());
                vec![format!("{way}  {}   {}", describe(record), became(record))]
            }
            EntryKind::Wire { change } => wire_changed(change),
            EntryKind::State { change, socket, called } => {
                vec![state_changed(change, called.as_ref().or(socket.as_ref()))]
            }
            EntryKind::Counters { side, moved } => vec![counters_moved(*side, moved)],
            EntryKind::Reason(reason) => vec![reason.to_string()],
            EntryKind::Born(ProcessBorn { pid, runtime, .. }) => {
                vec![format!("the endpoint is up: pid {pid}, {runtime}")]
            }
            EntryKind::Died(ProcessDied { pid, how, .. }) => vec![format!("the endpoint is dead: pid {pid} {how}")],
            EntryKind::Host(SettingChanged {
                setting, value, failed, ..
            }) => {
                let said = format!("{} = {}", setting.name(), setting.show(*value));
                vec![match failed {
                    None => said,
                    Some(why) => format!("{said} failed: {why}"),
                }]
            }
            EntryKind::Runtime(change) => vec![change.to_string()],
            EntryKind::Program(entry) => vec![entry.line()],
            EntryKind::Note { text } => vec![text.clone()],
        }
    }

    /// A packet in fewer words than its line has, for narrow places: without its receiver, who is the other end.
    pub fn short_packet(&self) -> Option<String> {
        match &self.what {
            EntryKind::Packet(record) => Some(format!("{} {}: {}", record.from, describe(record), became(record))),
            _ => None,
        }
    }

    /// A state change in fewer words than its line has, for narrow places: by its peer's port, without what it was before.
    pub fn short_state(&self) -> Option<String> {
        let EntryKind::State { change, socket, called } = &self.what else {
            return None;
        };
        let StateChanged {
            side, from, to, cause, ..
        } = change;
        let who = whose(*side, called.as_ref().or(socket.as_ref()), || {
            format!("from :{}", change.tuple.peer.port())
        });
        Some(format!("{who} {from} -> {to} by {}", cause.words(*from)))
    }
}

/// The lines of entries as `finwait do` prints them: time, speaker and words, each sentence why below; a call that returned at once is one.
pub fn plain_lines<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut entries = entries.filter(|entry| Filter::All.passes(&entry.what)).peekable();
    while let Some(entry) = entries.next() {
        let ended = |next: &&Entry| match (&entry.what, &next.what) {
            (EntryKind::Call { began, .. }, EntryKind::Ended(call)) => {
                call.outcome().is_some() && began.call == call.call()
            }
            _ => false,
        };
        if entries.peek().is_some_and(ended) {
            continue;
        }
        let (time, speaker) = (entry.time(), entry.speaker());
        lines.extend(entry.lines().iter().map(|line| format!("{time}  {speaker:<6}  {line}")));
        lines.extend(entry.ruled_why().map(|why| format!("{:>9}  {:<6}  {why}", "", "why")));
    }
    lines
}

/// The lines of a call that returned, each with its cuts.
fn call_returned(call: &FinishedCall, ended: &CallEnded) -> Vec<Vec<String>> {
    let CallEnded {
        took,
        outcome,
        said,
        trace,
        ..
    } = ended;
    // A raw call's own line has its name, its arguments and what it returned; another language's has its words.
    let short = call.name.name();
    let name = call.words();
    let words = said.as_ref().map_or(String::new(), |said| format!("   {said}"));
    let time = format!("   <{}>", human(*took));
    let mut lines: Vec<Vec<String>> = trace
        .iter()
        .map(|made| made.cuts(&format!("   <{}>", human(made.duration))))
        .collect();
    match outcome {
        Outcome::DeadlineExceeded { written } => {
            let written = if *written > 0 {
                format!(" after {written} bytes")
            } else {
                String::new()
            };
            lines.push(name.cuts(&format!(": deadline exceeded{written}{words}{time}")));
        }
        Outcome::Unsupported(why) => lines.push(vec![format!("{short}: unsupported: {why}")]),
        // Nothing was done yet: there is no result, and no time that it took.
        Outcome::Ok(Value::Later) => lines.push(name.cuts("")),
        Outcome::Ok(Value::Read { n, data }) if *n > 0 && lines.is_empty() => {
            let read = format!("{n} B {}", data.quoted(*n));
            lines.push(name.cuts_returned(&read, &read, &time));
        }
        Outcome::Ok(Value::Options { readings }) if lines.is_empty() => {
            let read = options_read(readings);
            lines.push(name.cuts_returned(&read, &read, &time));
        }
        Outcome::Library(error) if said.is_none() => lines.push(name.cuts_returned(error, error, "")),
        Outcome::Library(error) => lines.push(name.cuts_returned(&format!("{error}{words}"), error, &time)),
        Outcome::Ok(_) | Outcome::Err(_) if lines.is_empty() => {
            let brief = outcome.brief();
            let words = if said.as_ref() == Some(&brief) { "" } else { &words };
            lines.push(name.cuts_returned(&format!("{brief}{words}"), &brief, &time));
        }
        Outcome::Ok(_) | Outcome::Err(_) => {}
    }
    lines
}

/// The options that were read: of one its value, of several each with its name.
fn options_read(readings: &[OptionReading]) -> String {
    let value = |reading: &OptionReading| match reading.value {
        Reading::Value(value) => reading.option.show(value),
        Reading::Errno(errno) => errno.name(),
    };
    match readings {
        [one] => value(one),
        all => {
            let all = all
                .iter()
                .map(|reading| format!("{} {}", reading.option.name(), value(reading)));
            all.collect::<Vec<_>>().join(", ")
        }
    }
}

impl ProgramEntry {
    /// The line of the log.
    fn line(&self) -> String {
        let who = self.who();
        match &self.event.what {
            ProgramNews::Started { .. } => match &self.command {
                Some(command) => format!("{who} runs: {command}"),
                None => format!("{who} runs"),
            },
            ProgramNews::NotStarted { why } => format!("{who} did not start: {why}"),
            ProgramNews::Output { line, .. } => format!("{who}: {line}"),
            ProgramNews::Flooded { left_out } => {
                format!("{who} writes more than is read: {left_out} lines are left out so far")
            }
            ProgramNews::Exited { how, left: 0 } => format!("{who} {}", how.verb()),
            ProgramNews::Exited { how, left: 1 } => format!("{who} {}; one process of it goes on", how.verb()),
            ProgramNews::Exited { how, left } => format!("{who} {}; {left} processes of it go on", how.verb()),
            ProgramNews::Gone => format!("the last process of {who} has ended"),
        }
    }
}

/// A state change with its cause, of the socket of that name.
fn state_changed(change: &StateChanged, socket: Option<&SocketName>) -> String {
    let StateChanged {
        side,
        tuple,
        from,
        to,
        cause,
        witness,
        ..
    } = change;
    // Who is on the way to the other, as far as the state shows it.
    let way = if [*from, *to].contains(&State::SynSent) {
        "->"
    } else {
        "<-"
    };
    let who = whose(*side, socket, || format!("{} {way} {}", tuple.local, tuple.peer));
    let how = match witness {
        Witness::Table => "",
        Witness::Segments => " (inferred from the segments)",
    };
    format!("{who} {from} -> {to}   caused by {}{how}", cause.words(*from))
}

/// The counters that moved, those that always do left out where there are others.
fn counters_moved(side: Side, moved: &MovedCounters) -> String {
    match moved.listed(is_shown) {
        shown if shown.is_empty() => format!("{side}: {}", moved.listed(|_| true)),
        shown => format!("{side}: {shown}"),
    }
}

/// A connection as its end and its name, the end's name alone where both are one; without a name, by its addresses.
fn whose(side: Side, socket: Option<&SocketName>, addresses: impl FnOnce() -> String) -> String {
    match socket {
        Some(name) if name.id() == Some(SocketId::first(side.into())) => name.to_string(),
        Some(name) => format!("{side} {name}"),
        None => format!("{side} {}", addresses()),
    }
}

/// A change of how the wire treats packets, in a line; of the link, one for each direction.
fn wire_changed(change: &WireChange) -> Vec<String> {
    let line = match change {
        WireChange::Mode(Mode::Step) => "step: every segment is held until it is delivered or dropped".into(),
        WireChange::Mode(Mode::StepAll) => "step all: every packet is held until it is delivered or dropped".into(),
        WireChange::Mode(Mode::Slow(time)) => slowly(*time),
        WireChange::Mode(Mode::Flow) => "flow: segments pass as they come".into(),
        WireChange::Added(no, rule) => format!("{no}: {rule}"),
        WireChange::Rule(no, RuleChange::On) => format!("{no} is on"),
        WireChange::Rule(no, RuleChange::Off) => format!("{no} is off"),
        WireChange::Rule(no, RuleChange::Remove) => format!("{no} is removed"),
        WireChange::Cleared => "all rules are removed".into(),
        WireChange::Link(reports) => return links(reports),
    };
    vec![line]
}

/// The link in force, one line for each direction, with what it has done.
fn links(reports: &Ends<Option<LinkReport>>) -> Vec<String> {
    let of = |(side, report): (Side, &Option<LinkReport>)| match report {
        Some(LinkReport { link, counts }) if counts.packets == 0 => format!("link from the {side}: {link}"),
        Some(LinkReport { link, counts }) => format!("link from the {side}: {link}   ({counts})"),
        None => format!("no link from the {side}"),
    };
    if reports.iter().all(|(_, report)| report.is_none()) {
        return vec!["no link: what passes arrives at once".into()];
    }
    reports.iter().map(of).collect()
}

/// Slow mode in a sentence; one more where a SYN is sent again before its answer can be there (`TCP_TIMEOUT_INIT`).
fn slowly(time: Millis) -> String {
    let trip = human(time.into());
    let again = if 2 * Duration::from(time) >= Duration::from_secs(1) {
        "; there and back is a second or more, so a SYN is sent again before its answer is there"
    } else {
        ""
    };
    format!("slow: each segment takes {trip} on the wire{again}")
}
