//! The lines of a script, and when each is due.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::wrapped;

/// What the end's kernel sends within so short a time after something else is its answer to that: it takes no time in the script.
///
/// The shortest of TCP's timers that it must not hide is that of the delayed acknowledgement, 40 ms.
pub const AT_ONCE: Duration = Duration::from_millis(25);

/// By how much the timers of two runs may differ: a kernel's clock ticks at least a hundred times a second.
const TICK: Duration = Duration::from_millis(10);

/// How far packetdrill may find something from its time: what the script takes for at once, and a tick more. It is still less than
/// a delayed acknowledgement takes, so that one that is not delayed can be told from it.
pub const TOLERANCE: Duration = AT_ONCE.saturating_add(TICK);

/// What the other end answers takes so long to come, so that it is no part of what the end itself does at once.
///
/// It adds to the kernel's estimate of the round trip and to each timer made of it, doubled with each retransmission, and between finwait's
/// hosts there was next to nothing: so it is short.
const RTT: Duration = Duration::from_millis(1);

/// A socket's number in the script.
pub type Fd = u32;

/// What happens at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A command of the shell.
    Command,
    /// A call on that socket.
    Call(Fd),
    /// A segment that the end sends.
    Leaves,
    /// A segment, or an ICMP message, that comes to it.
    Comes,
}

/// A line of a script.
#[derive(Debug)]
pub enum Line {
    /// Prose.
    Comment(String),
    /// An event without a duration, at its time.
    Event { at: Duration, what: What, text: String },
    /// A call that waits: what it waits for came at `until`, and at `ended` it had returned.
    Waits {
        at: Duration,
        until: Duration,
        ended: Duration,
        fd: Fd,
        text: String,
    },
}

impl Line {
    /// Where it is a call on that socket, when it began.
    pub fn began_on(&self, socket: Fd) -> Option<Duration> {
        match self {
            Line::Event { at, .. } | Line::Waits { at, .. } if self.is_on(socket) => Some(*at),
            _ => None,
        }
    }

    /// Is it a call on that socket?
    pub fn is_on(&self, socket: Fd) -> bool {
        match self {
            Line::Comment(_) => false,
            Line::Event { what, .. } => *what == What::Call(socket),
            Line::Waits { fd, .. } => *fd == socket,
        }
    }

    /// Is it a call that had not returned then?
    pub fn is_under_way(&self, then: Duration) -> bool {
        matches!(self, Line::Waits { ended, .. } if *ended > then)
    }
}

/// How the time of something is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The kernel's answer to something: a segment that leaves, a call that returns.
    #[default]
    Answer,
    /// Something is asked of the kernel.
    Done,
    /// Something comes from the other end.
    Comes,
}

impl Kind {
    const fn of(what: What) -> Kind {
        match what {
            What::Leaves => Kind::Answer,
            What::Command | What::Call(_) => Kind::Done,
            What::Comes => Kind::Comes,
        }
    }
}

/// When something is due in the script.
struct Times(BTreeMap<Duration, Duration>);

impl Times {
    /// What is done to the kernel has its time, as its timers go on meanwhile; what it answers at once has none.
    fn of(lines: &[Line]) -> Times {
        let mut seen: BTreeMap<Duration, Kind> = BTreeMap::new();
        for line in lines {
            match line {
                Line::Comment(_) => {}
                Line::Event { at, what, .. } => {
                    let kind = seen.entry(*at).or_default();
                    *kind = Kind::of(*what).max(*kind);
                }
                Line::Waits { at, until, .. } => {
                    for (at, kind) in [(at, Kind::Done), (until, Kind::Answer)] {
                        let before = seen.entry(*at).or_default();
                        *before = kind.max(*before);
                    }
                }
            }
        }
        let mut times = BTreeMap::new();
        let mut time = Duration::ZERO;
        let mut before: Option<(Duration, Kind)> = None;
        for (at, kind) in seen {
            let (last, was) = before.unwrap_or((at, kind));
            let gap = Duration::from_millis(at.saturating_sub(last).as_millis() as u64);
            time += match kind {
                Kind::Answer if gap < AT_ONCE => Duration::ZERO,
                Kind::Comes if was != Kind::Comes => gap.max(RTT),
                Kind::Answer | Kind::Done | Kind::Comes => gap,
            };
            times.insert(at, time);
            before = Some((at, kind));
        }
        Times(times)
    }

    fn due(&self, at: Duration) -> Duration {
        self.0.get(&at).copied().unwrap_or_default()
    }
}

/// The lines as text, each so long after the one before.
pub fn text(lines: &[Line]) -> String {
    let times = Times::of(lines);
    let mut out = String::new();
    let mut last = Duration::ZERO;
    let mut open = Duration::ZERO;
    for line in lines {
        match line {
            Line::Comment(text) => {
                let _ = write!(out, "\n{}", wrapped(text, "// ", 110));
            }
            Line::Event { at, text, .. } => {
                let now = times.due(*at).max(last);
                let _ = writeln!(out, "{:>6} {text}", plus(now - last));
                last = now;
            }
            Line::Waits { at, until, text, .. } => {
                let now = times.due(*at).max(last);
                // Both are counted from the event before.
                let until = times.due(*until);
                let _ = writeln!(
                    out,
                    "{:>6}...{} {text}",
                    plus(now - last),
                    seconds(until.saturating_sub(last))
                );
                last = now;
                open = open.max(until);
            }
        }
    }
    if open > last {
        // A script must not end while a call waits.
        let _ = writeln!(out, "{:>6} `true`", plus(open - last + AT_ONCE));
    }
    out
}

fn plus(gap: Duration) -> String {
    format!("+{}", seconds(gap))
}

/// `0`, `0.250`
fn seconds(time: Duration) -> String {
    if time.is_zero() {
        "0".into()
    } else {
        format!("{:.3}", time.as_secs_f64())
    }
}
