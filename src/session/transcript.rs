//! The transcript: the ordered record of all that happened. Everything that is drawn or exported comes from it.

use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::finished::{CallEnd, FinishedCall};
use crate::call::{CallId, SocketId, SocketName};
use crate::clock::{Millis, MonoTime, human};
use crate::counter::MovedCounters;
use crate::errno::Errno;
use crate::explain::counters::is_shown;
use crate::explain::rules::{RuleId, RuleOutcome};
use crate::explain::{EntryNo, Explanation};
use crate::lab::event::{
    CallBegan, CallEnded, Disposition, KernelReason, PacketRecord, ProcessBorn, ProcessDied, ProgramCall, ProgramEvent,
    ProgramNews, RuntimeChanged, SettingChanged, StateChanged, SyscallSeen, TransitionCause, WireChange, Witness,
};
use crate::outcome::{OptionReading, Outcome, Reading, Value};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::syscall::CallText;
use crate::wire::flow::{OtherConnection, Retransmission};
use crate::wire::link::{LinkEffect, LinkReport};
use crate::wire::queue::{Mode, Origin, RuleChange};
use crate::wire::segment::{Flags, Packet};

/// The most entries that are kept; older ones are dropped, and counted.
pub const KEPT: usize = 100_000;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The number, from 1 on; never used twice.
    pub no: EntryNo,
    /// The time, counted from the beginning of the run.
    #[serde(rename = "at_s", serialize_with = "seconds")]
    pub at: Duration,
    /// The event.
    #[serde(flatten)]
    pub what: EntryKind,
}

fn seconds<S: serde::Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((at.as_secs_f64() * 1e6).round() / 1e6)
}

fn micros<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(took.as_nanos() as f64 / 1e3)
}

/// An event, with the names that people use.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EntryKind {
    /// A call was begun.
    Call {
        /// The call.
        #[serde(flatten)]
        began: CallBegan,
        /// The socket; none for the process.
        socket: Option<SocketName>,
    },
    /// A system call that an endpoint in another language made.
    Syscall(SyscallSeen),
    /// A call has not returned so far (reported by the headless runner).
    Blocked {
        /// The end that made it.
        side: Side,
        /// The number.
        call: CallId,
        /// The socket; none for the process.
        socket: Option<SocketName>,
        /// The call in the runtime's words.
        text: CallText,
        /// The time for which it has been waited for, in microseconds in JSON.
        #[serde(rename = "waited_us", serialize_with = "micros")]
        waited: Duration,
    },
    /// A packet came to the wire, or a held one went on or was dropped.
    Packet(PacketRecord),
    /// The wire's treatment of packets was changed.
    Wire {
        /// The change.
        change: WireChange,
    },
    /// A socket changed its state.
    State {
        /// The change.
        #[serde(flatten)]
        change: StateChanged,
        /// The socket; none when it has no name, as in the accept queue.
        socket: Option<SocketName>,
        /// The current name, where that is another one.
        #[serde(skip_serializing_if = "Option::is_none")]
        called: Option<SocketName>,
    },
    /// Counters of a host's kernel have moved since they were last read.
    Counters {
        /// The end.
        side: Side,
        /// The counters, and how far each has moved.
        moved: MovedCounters,
    },
    /// The kernel's reason for an RST, or for a packet that it dropped.
    Reason(KernelReason),
    /// An endpoint came up.
    Born(ProcessBorn),
    /// An endpoint ended.
    Died(ProcessDied),
    /// A program of the user's own started, said something, or ended.
    Program(Box<ProgramEntry>),
    /// A program made a system call on a socket, or waited for one.
    ProgramCall(Box<ProgramCallEntry>),
    /// A setting of a host was changed, or could not be.
    Host(SettingChanged),
    /// Another runtime was made ready for an end, or could not be.
    Runtime(RuntimeChanged),
    /// Something that the user should know.
    Note {
        /// One sentence.
        text: String,
    },
    /// A call is over; it says itself whether it is an `outcome`, or was `lost`.
    #[serde(untagged)]
    Ended(Arc<FinishedCall>),
}

/// A system call of a program, with what people know it by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProgramCallEntry {
    /// The call.
    #[serde(flatten)]
    pub call: ProgramCall,
    /// The socket; none where it waits for several, and of one without a name.
    pub socket: Option<SocketName>,
    /// The name of the process, or of its program; none of one that the run did not start.
    pub process: Option<String>,
    /// Why it failed, or met the end.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub why: Option<Explanation>,
}

impl ProgramCallEntry {
    /// Has it only found that it would have had to wait, which programs that wait for events often do?
    fn is_usual(&self) -> bool {
        matches!(self.call.made.errno, Some(Errno::EAGAIN | Errno::EINPROGRESS))
    }

    /// Has it failed, with an error that is known?
    pub fn has_failed(&self) -> bool {
        self.call.made.errno.is_some() && self.why.is_some() && !self.is_usual()
    }
}

/// News of a program, with what people know it by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProgramEntry {
    /// The news.
    #[serde(flatten)]
    pub event: ProgramEvent,
    /// The program's name; none of one that the run did not start.
    pub name: Option<String>,
    /// The number of its first process; none before it started, of one that did not, and where the news has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The command line, where it has just been started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Why the call failed that its line tells of.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub why: Option<Explanation>,
}

impl ProgramEntry {
    /// Returns the program as it is called: `curl 4711`, `curl` where it has no process yet.
    pub fn who(&self) -> String {
        let name = self.name.as_deref().unwrap_or("a program");
        let pid = match self.event.what {
            ProgramNews::Started { pid } => Some(pid),
            _ => self.pid,
        };
        pid.map_or_else(|| name.to_owned(), |pid| format!("{name} {pid}"))
    }

    /// Does its line tell of an error that is known? The end of a stream is none.
    pub fn tells_of_failure(&self) -> bool {
        let rule = self.why.as_ref().and_then(|why| why.rule);
        rule.is_some_and(|rule| matches!(rule.rule().gives, RuleOutcome::Errno(_)))
    }

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

/// The kinds of line that the log can be filtered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Everything.
    #[default]
    All,
    /// Calls and their outcomes.
    Calls,
    /// Packets.
    Segments,
    /// State changes.
    States,
    /// The kernel's counters, also those that always move, and its reasons.
    Counters,
    /// Endpoints, hosts, notes.
    Processes,
    /// Programs of the user's own: what they write and call, their beginnings and ends.
    Programs,
}

impl Filter {
    /// All of them, in the order in which the key goes through them.
    pub const ALL: [Filter; 7] = [
        Filter::All,
        Filter::Calls,
        Filter::Segments,
        Filter::States,
        Filter::Counters,
        Filter::Processes,
        Filter::Programs,
    ];

    /// The name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Filter::All => "all",
            Filter::Calls => "calls",
            Filter::Segments => "segments",
            Filter::States => "states",
            Filter::Counters => "counters",
            Filter::Processes => "processes",
            Filter::Programs => "programs",
        }
    }

    /// Does an entry pass?
    pub fn passes(self, what: &EntryKind) -> bool {
        if let (Filter::All, EntryKind::Counters { moved, .. }) = (self, what) {
            return moved.iter().any(|(name, _)| is_shown(name));
        }
        matches!(
            (self, what),
            (Filter::All, _)
                | (
                    Filter::Calls,
                    EntryKind::Call { .. }
                        | EntryKind::Ended(_)
                        | EntryKind::Blocked { .. }
                        | EntryKind::Syscall(_)
                        | EntryKind::ProgramCall(_)
                )
                | (Filter::Segments, EntryKind::Packet(_) | EntryKind::Wire { .. })
                | (Filter::States, EntryKind::State { .. })
                | (Filter::Counters, EntryKind::Counters { .. } | EntryKind::Reason(_))
                | (
                    Filter::Processes,
                    EntryKind::Born(_)
                        | EntryKind::Died(_)
                        | EntryKind::Host(_)
                        | EntryKind::Runtime(_)
                        | EntryKind::Note { .. }
                )
                | (Filter::Programs, EntryKind::Program(_) | EntryKind::ProgramCall(_))
        )
    }
}

impl EntryKind {
    /// Did it happen without a call that says it: by the user's hand on the wire, a timer of the kernel's, the end of a process?
    pub fn is_event(&self) -> bool {
        match self {
            EntryKind::Packet(record) => {
                let is_handed_on = record.waited.is_some() && !record.disposition.is_held();
                is_handed_on || matches!(record.origin, Origin::Forged)
            }
            EntryKind::State { change, .. } => {
                matches!(change.cause, TransitionCause::Timer(_) | TransitionCause::Destroyed)
            }
            // A line is one where it tells of a failure that is known.
            EntryKind::Program(entry) => match &entry.event.what {
                ProgramNews::Output { .. } => entry.tells_of_failure(),
                ProgramNews::Flooded { .. } => false,
                ProgramNews::Started { .. }
                | ProgramNews::NotStarted { .. }
                | ProgramNews::Exited { .. }
                | ProgramNews::Gone => true,
            },
            EntryKind::ProgramCall(entry) => entry.has_failed(),
            EntryKind::Born(_) | EntryKind::Died(_) | EntryKind::Host(_) | EntryKind::Runtime(_) => true,
            EntryKind::Call { .. }
            | EntryKind::Syscall(_)
            | EntryKind::Blocked { .. }
            | EntryKind::Wire { .. }
            | EntryKind::Counters { .. }
            | EntryKind::Reason(_)
            | EntryKind::Note { .. }
            | EntryKind::Ended(_) => false,
        }
    }
}

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

    /// The call that is over by this entry.
    pub fn finished(&self) -> Option<&FinishedCall> {
        match &self.what {
            EntryKind::Ended(call) => Some(call),
            _ => None,
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

    /// The time as it is shown: seconds and milliseconds since the beginning.
    pub fn time(&self) -> String {
        format!("{:>9.3}", self.at.as_secs_f64())
    }

    /// The sentence why, of a call that did not simply succeed: one that failed, waited in vain or never returned, and of a success
    /// only where a rule is behind it, as with the end of the stream.
    pub fn why(&self) -> Option<&str> {
        match &self.what {
            EntryKind::Ended(call) => {
                let plain = matches!(call.outcome(), Some(Outcome::Ok(_))) && call.why.rule.is_none();
                (!plain).then_some(&call.why.sentence)
            }
            EntryKind::Program(entry) => entry.why.as_ref().map(|why| why.sentence.as_str()),
            EntryKind::ProgramCall(entry) if !entry.is_usual() => entry.why.as_ref().map(|why| why.sentence.as_str()),
            _ => None,
        }
    }

    /// The rule behind [`Entry::why`], where one is: [`rules`](crate::explain::rules) has it.
    pub fn rule(&self) -> Option<RuleId> {
        self.why()?;
        match &self.what {
            EntryKind::Ended(call) => call.why.rule,
            EntryKind::Program(entry) => entry.why.as_ref()?.rule,
            EntryKind::ProgramCall(entry) => entry.why.as_ref()?.rule,
            _ => None,
        }
    }

    /// The sentence why, with the id of the rule behind it, by which finwait explain finds it: `the peer ... [reset]`.
    pub fn ruled_why(&self) -> Option<String> {
        let why = self.why()?;
        Some(
            self.rule()
                .map_or_else(|| why.to_owned(), |rule| format!("{why} [{rule}]")),
        )
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

    /// The same where not all lines fit: a call is cut in its arguments rather than in what it returned, by `cut`, which chooses among
    /// its cuts, the longest first.
    pub fn lines_cut(&self, cut: impl Fn(&[String]) -> String) -> Vec<String> {
        let cut = |cuts: Vec<String>| cut(&cuts);
        match &self.what {
            EntryKind::Call { began, .. } => vec![cut(began.text.cuts(" ..."))],
            EntryKind::Ended(call) => match &call.end {
                CallEnd::Returned(ended) => returned(call, ended).into_iter().map(cut).collect(),
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
            EntryKind::Wire { change } => changed(change),
            EntryKind::State { change, socket, called } => {
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
                let who = whose(*side, called.as_ref().or(socket.as_ref()), || {
                    format!("{} {way} {}", tuple.local, tuple.peer)
                });
                let how = match witness {
                    Witness::Table => "",
                    Witness::Segments => " (inferred from the segments)",
                };
                vec![format!("{who} {from} -> {to}   caused by {}{how}", cause.words(*from))]
            }
            EntryKind::Counters { side, moved } => vec![counted(*side, moved)],
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
}

/// The counters that moved, those that always do left out where there are others.
fn counted(side: Side, moved: &MovedCounters) -> String {
    match moved.listed(is_shown) {
        shown if shown.is_empty() => format!("{side}: {}", moved.listed(|_| true)),
        shown => format!("{side}: {shown}"),
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
fn returned(call: &FinishedCall, ended: &CallEnded) -> Vec<Vec<String>> {
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
            let read = told(readings);
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

/// A connection as its end and its name, the end's name alone where both are one; without a name, by its addresses.
fn whose(side: Side, socket: Option<&SocketName>, addresses: impl FnOnce() -> String) -> String {
    match socket {
        Some(name) if name.id() == Some(SocketId::first(side.into())) => name.to_string(),
        Some(name) => format!("{side} {name}"),
        None => format!("{side} {}", addresses()),
    }
}

/// A packet in a few words: `SYN seq 0`, `PSH,ACK seq 1 ack 1 len 5 "hello"`, `ACK seq 1 ack 1 len 44888 (31 segments of 1448) "aa"...`.
pub fn describe(record: &PacketRecord) -> String {
    match &record.packet {
        Packet::Tcp(segment) => {
            let mut text = segment.flags.to_string();
            text.push_str(&format!(" seq {}", record.seen.seq.unwrap_or(segment.seq.0)));
            if segment.flags.has(Flags::ACK) {
                text.push_str(&format!(" ack {}", record.seen.ack.unwrap_or(segment.ack.0)));
            }
            if segment.len > 0 {
                let cut = record.cut().map_or(String::new(), |cut| format!(" ({cut})"));
                text.push_str(&format!(" len {}{cut}", segment.len));
                // A capture may have none of it.
                if !segment.payload.0.is_empty() {
                    text.push_str(&format!(" {}", segment.payload.quoted(segment.len)));
                }
            }
            text
        }
        Packet::Udp {
            source,
            destination,
            len,
            dns,
        } => {
            let dns = dns.as_ref().map_or(String::new(), |dns| format!(", {dns}"));
            format!("UDP :{} > :{} len {len}{dns}", source.port(), destination.port())
        }
        Packet::Icmp { message, .. } => format!("ICMP {message}"),
        Packet::Other { what, len } => format!("{what}, {len} bytes"),
    }
}

/// Returns what a packet is besides, if anything: `retransmit 2 of #7`, `forged`, `copy of #3`, `ack of another connection`.
pub fn besides(record: &PacketRecord) -> Option<String> {
    let which = match record.seen.elsewhere {
        OtherConnection { seq: false, ack: false } => None,
        OtherConnection { seq: true, ack: true } => Some("numbers of another connection"),
        OtherConnection { seq: true, ack: false } => Some("seq of another connection"),
        OtherConnection { seq: false, ack: true } => Some("ack of another connection"),
    };
    let which = which.map(str::to_owned);
    let stripped = (!record.stripped.is_empty()).then(|| format!("{} stripped by the link", record.stripped));
    let all: Vec<String> = [sort(record), which, stripped].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// Returns where a packet comes from, unless its host sends it for the first time.
fn sort(record: &PacketRecord) -> Option<String> {
    match (record.origin, record.seen.again) {
        (Origin::Forged, _) => Some("forged".into()),
        (Origin::Copy(no), _) => Some(match record.link {
            Some(LinkEffect::Duplicated(share)) => format!("copy of {no} by the link (duplicate {share})"),
            _ => format!("copy of {no}"),
        }),
        (Origin::Link, _) => Some("from the link's router".into()),
        (Origin::Host | Origin::Captured, Some(Retransmission::Retransmit { nth, of: Some(no) })) => {
            Some(format!("retransmit {nth} of {no}"))
        }
        (Origin::Host | Origin::Captured, Some(Retransmission::Retransmit { of: None, .. })) => {
            Some("retransmit".into())
        }
        (Origin::Host | Origin::Captured, Some(Retransmission::Probe)) => Some("probe".into()),
        (Origin::Host | Origin::Captured, None) => None,
    }
}

/// Returns what became of a packet, in words: `delivered`, `held as #7 by rule 1`, `dropped after 2.1 s on the wire`.
pub fn became(record: &PacketRecord) -> String {
    let mut text = besides(record).map_or(String::new(), |besides| format!("{besides}, "));
    text.push_str(&match record.disposition {
        Disposition::Delivered if record.origin == Origin::Captured => "captured".to_owned(),
        Disposition::Delivered => match record.link {
            Some(LinkEffect::Reordered(share)) => format!("delivered before its turn by the link (reorder {share})"),
            _ => "delivered".to_owned(),
        },
        Disposition::Refused(errno) => format!("not taken: {errno}"),
        Disposition::Corrupted => corrupted(record),
        Disposition::Held => format!("held as {}", record.no),
        Disposition::Delayed(time) => format!("delayed by {time} as {}", record.no),
        Disposition::InFlight(time) => {
            let on_link = match record.link {
                Some(LinkEffect::Reordered(share)) => format!(" on the link, before its turn (reorder {share})"),
                Some(_) => " on the link".into(),
                None => String::new(),
            };
            format!("under way for {time}{on_link} as {}", record.no)
        }
        Disposition::Dropped => match record.link {
            Some(LinkEffect::Lost(loss)) => format!("lost by the link ({loss})"),
            _ => "dropped".to_owned(),
        },
        Disposition::Discarded => "discarded".to_owned(),
    });
    match record.waited {
        Some(waited) if !record.disposition.is_held() => {
            text.push_str(&format!(" after {} on the wire", human(waited)))
        }
        // By the user's own hand: no rule did it.
        Some(_) => {}
        None => text.push_str(&record.rule.map_or(String::new(), |rule| format!(" by {rule}"))),
    }
    if record.disposition == Disposition::Discarded {
        text.push_str(&format!(": the {} has a copy", record.from.other()));
    }
    text
}

/// Says what the link did to a packet of which it changed a bit.
fn corrupted(record: &PacketRecord) -> String {
    let share = match record.link {
        Some(LinkEffect::Corrupted(share)) => format!(" (corrupt {share})"),
        _ => String::new(),
    };
    format!("corrupted by the link{share}, its checksum is wrong")
}

/// A change of how the wire treats packets, in a line; of the link, one for each direction.
fn changed(change: &WireChange) -> Vec<String> {
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

/// The entries of one run, the oldest dropped when there are too many.
#[derive(Debug, Default)]
pub struct Transcript {
    began: MonoTime,
    entries: VecDeque<Entry>,
    next: u64,
    /// The newest entry of what happened without a call of its end: 0 while there is none.
    newest_event: EntryNo,
    /// That entry, once it has been dropped: a program may send more segments than are kept, and nothing else has happened since it began.
    dropped_event: Option<Entry>,
}

impl Transcript {
    /// An empty one; times count from `began`.
    pub const fn new(began: MonoTime) -> Transcript {
        Transcript {
            began,
            entries: VecDeque::new(),
            next: 1,
            newest_event: 0,
            dropped_event: None,
        }
    }

    /// Adds what happened at `at`.
    pub(super) fn push(&mut self, at: MonoTime, what: EntryKind) -> u64 {
        if self.entries.len() == KEPT {
            let newest_event = self.newest_event;
            let dropped = self.entries.pop_front().filter(|entry| entry.no == newest_event);
            self.dropped_event = dropped.or(self.dropped_event.take());
        }
        let no = self.next;
        self.next += 1;
        if what.is_event() {
            self.newest_event = no;
        }
        self.entries.push_back(Entry {
            no,
            at: at.since(self.began),
            what,
        });
        no
    }

    /// Returns when the run began.
    pub const fn began(&self) -> MonoTime {
        self.began
    }

    /// The entries that are kept, the oldest first.
    pub const fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// Returns how many entries have been dropped.
    pub fn dropped(&self) -> u64 {
        self.next - 1 - self.entries.len() as u64
    }

    /// The number of the last entry; 0 when there was none.
    pub const fn last(&self) -> u64 {
        self.next - 1
    }

    /// The entry of that number, if it is still kept.
    pub fn entry(&self, no: u64) -> Option<&Entry> {
        let first = self.entries.front()?.no;
        self.entries.get(no.checked_sub(first)? as usize)
    }

    /// The newest entry of what happened without a call that says it, also where it is not kept among the entries any more: see
    /// [`EntryKind::is_event`].
    pub fn newest_event(&self) -> Option<&Entry> {
        let is_it = |entry: &&Entry| entry.no == self.newest_event;
        self.entry(self.newest_event)
            .or(self.dropped_event.as_ref().filter(is_it))
    }

    /// The entries after `no`, the oldest first; all of them for 0.
    pub fn since(&self, no: u64) -> impl DoubleEndedIterator<Item = &Entry> {
        let skip = self
            .entries
            .front()
            .map_or(0, |first| (no + 1).saturating_sub(first.no));
        self.entries.iter().skip(skip as usize)
    }
}

/// Options that were read: of one its value, of several each with its name.
fn told(readings: &[OptionReading]) -> String {
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
