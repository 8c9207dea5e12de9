//! The lines of a script, and when each is due.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::code::words::wrapped;

/// The time within which a segment of the end's kernel is its answer to the event before: it takes no time in the script.
///
/// The shortest of TCP's timers that it must not hide is that of the delayed acknowledgement, 40 ms.
pub const AT_ONCE: Duration = Duration::from_millis(25);

/// The difference that the timers of two runs may have: a kernel's clock ticks at least a hundred times a second.
const TICK: Duration = Duration::from_millis(10);

/// The tolerance of packetdrill for the time of an event: what the script takes for at once, and a tick more. It is still less than a
/// delayed acknowledgement takes, so that one that is not delayed can be told from it.
pub const TOLERANCE: Duration = AT_ONCE.saturating_add(TICK);

/// The time that the other end's answers take, so that they are apart from what the end itself does at once.
///
/// The time is short because it adds to the kernel's estimate of the round trip and to each timer made of it, doubled with each
/// retransmission, and because between finwait's hosts there was next to none.
const RTT: Duration = Duration::from_millis(1);

/// A socket's number in the script.
pub type Fd = u32;

/// The lines of one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptEvent {
    /// A command of the shell.
    Command,
    /// A call on that socket.
    Call(Fd),
    /// A segment that the end sends.
    Leaves,
    /// A segment that comes to it, with its first byte and the one after its last; or an ICMP message.
    Comes(Option<(u32, u32)>),
}

/// A line of a script.
#[derive(Debug)]
pub enum ScriptLine {
    /// Prose.
    Comment(String),
    /// An event without a duration, at its time.
    Event {
        at: Duration,
        what: ScriptEvent,
        text: String,
    },
    /// A call that waits: what it waits for came at `until`, and at `ended` it had returned.
    Waits {
        at: Duration,
        until: Duration,
        ended: Duration,
        fd: Fd,
        text: String,
    },
}

impl ScriptLine {
    /// The time at which a call on that socket began; none for other lines.
    pub fn began_on(&self, socket: Fd) -> Option<Duration> {
        match self {
            ScriptLine::Event { at, .. } | ScriptLine::Waits { at, .. } if self.is_on(socket) => Some(*at),
            _ => None,
        }
    }

    /// Returns whether it is a call on that socket.
    pub fn is_on(&self, socket: Fd) -> bool {
        match self {
            ScriptLine::Comment(_) => false,
            ScriptLine::Event { what, .. } => *what == ScriptEvent::Call(socket),
            ScriptLine::Waits { fd, .. } => *fd == socket,
        }
    }

    /// Returns whether it is a call that had not returned then.
    pub fn is_under_way(&self, then: Duration) -> bool {
        matches!(self, ScriptLine::Waits { ended, .. } if *ended > then)
    }
}

/// A segment that came after what another one acknowledges.
pub struct LaterSegment {
    /// The line.
    pub place: usize,
    /// The first byte, and the one after its last.
    pub bytes: (u32, u32),
    /// The time at which the acknowledged segment came.
    pub answers: Duration,
}

/// The next bytes after those that `ack` acknowledges, where both came just now, one behind the other.
pub fn came_after(lines: &[ScriptLine], ack: u32) -> Option<LaterSegment> {
    let came = |line: &ScriptLine| match line {
        ScriptLine::Event {
            at,
            what: ScriptEvent::Comes(Some(bytes)),
            ..
        } if bytes.0 != bytes.1 => Some((*at, *bytes)),
        _ => None,
    };
    let mut just_now = lines
        .iter()
        .enumerate()
        .rev()
        .map_while(|(place, line)| Some((place, came(line)?)));
    let (place, (_, bytes)) = just_now.find(|(_, (_, bytes))| bytes.0 == ack)?;
    let (_, (answers, _)) = just_now.next().filter(|(_, (_, bytes))| bytes.1 == ack)?;
    Some(LaterSegment { place, bytes, answers })
}

/// The reference for a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum TimeBase {
    /// The kernel's answer to something: a segment that leaves, a call that returns.
    #[default]
    Answer,
    /// Something is asked of the kernel.
    Done,
    /// Something comes from the other end.
    Comes,
}

impl TimeBase {
    const fn of(what: ScriptEvent) -> TimeBase {
        match what {
            ScriptEvent::Leaves => TimeBase::Answer,
            ScriptEvent::Command | ScriptEvent::Call(_) => TimeBase::Done,
            ScriptEvent::Comes(_) => TimeBase::Comes,
        }
    }
}

/// The time at which something is due in the script.
struct Times(BTreeMap<Duration, Duration>);

impl Times {
    /// Gives a time of the script to all that is done to the kernel, as its timers go on meanwhile; what it answers at once has none.
    fn of(lines: &[ScriptLine]) -> Times {
        let mut seen: BTreeMap<Duration, TimeBase> = BTreeMap::new();
        for line in lines {
            match line {
                ScriptLine::Comment(_) => {}
                ScriptLine::Event { at, what, .. } => {
                    let kind = seen.entry(*at).or_default();
                    *kind = TimeBase::of(*what).max(*kind);
                }
                ScriptLine::Waits { at, until, .. } => {
                    for (at, kind) in [(at, TimeBase::Done), (until, TimeBase::Answer)] {
                        let before = seen.entry(*at).or_default();
                        *before = kind.max(*before);
                    }
                }
            }
        }
        let mut times = BTreeMap::new();
        let mut time = Duration::ZERO;
        let mut before: Option<(Duration, TimeBase)> = None;
        // When something last had a time of its own: in the run, and in the script.
        let mut timed = (seen.keys().next().copied().unwrap_or_default(), Duration::ZERO);
        for (at, kind) in seen {
            let (last, was) = before.unwrap_or((at, kind));
            let own = timed.1 + Duration::from_millis(at.saturating_sub(timed.0).as_millis() as u64);
            let answers = kind == TimeBase::Answer && at.saturating_sub(last) < AT_ONCE;
            if !answers {
                let soonest = if kind == TimeBase::Comes && was != TimeBase::Comes {
                    time + RTT
                } else {
                    time
                };
                time = own.max(soonest);
                timed = (at, time);
            }
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
pub fn text(lines: &[ScriptLine]) -> String {
    let times = Times::of(lines);
    let mut out = String::new();
    let mut last = Duration::ZERO;
    let mut open = Duration::ZERO;
    for line in lines {
        match line {
            ScriptLine::Comment(text) => {
                let _ = write!(out, "\n{}", wrapped(text, "// "));
            }
            ScriptLine::Event { at, text, .. } => {
                let now = times.due(*at).max(last);
                let _ = writeln!(out, "{:>6} {text}", plus(now - last));
                last = now;
            }
            ScriptLine::Waits { at, until, text, .. } => {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn event(ms: u64, what: ScriptEvent, text: &str) -> ScriptLine {
        let at = Duration::from_millis(ms);
        let text = text.into();
        ScriptLine::Event { at, what, text }
    }

    #[test]
    fn what_is_done_has_its_time_and_what_is_answered_has_none() {
        let lines = [
            event(100, ScriptEvent::Call(3), "call"),
            event(102, ScriptEvent::Leaves, "answer"),
            event(103, ScriptEvent::Comes(None), "comes"),
            event(110, ScriptEvent::Comes(None), "comes"),
            event(110 + AT_ONCE.as_millis() as u64, ScriptEvent::Leaves, "timer"),
            event(150, ScriptEvent::Call(3), "call"),
        ];
        assert_eq!(
            text(&lines[..4]),
            "    +0 call\n    +0 answer\n+0.003 comes\n+0.007 comes\n"
        );
        assert_eq!(
            text(&lines[2..]),
            "    +0 comes\n+0.007 comes\n+0.025 timer\n+0.015 call\n",
            "counted from what has a time of its own"
        );
    }

    #[test]
    fn a_script_goes_on_until_its_last_call_has_returned() {
        let [at, until, ended] = [0, 40, 41].map(Duration::from_millis);
        let (fd, call) = (3, "call".into());
        let waits = ScriptLine::Waits {
            at,
            until,
            ended,
            fd,
            text: call,
        };
        assert_eq!(text(&[waits]), "    +0...0.040 call\n+0.065 `true`\n");
    }

    #[test]
    fn the_bytes_behind_those_that_are_acknowledged_came_after() {
        let comes = |ms, from, to| event(ms, ScriptEvent::Comes(Some((from, to))), "");
        let lines = [comes(1, 1, 11), comes(2, 11, 21), comes(3, 21, 31)];
        let after = came_after(&lines, 11).unwrap();
        assert_eq!((after.place, after.bytes, after.answers.as_millis()), (1, (11, 21), 1));
        assert_eq!(came_after(&lines, 21).map(|after| after.place), Some(2));
        // Nothing came behind, or not the bytes before it, or something was between.
        assert!(came_after(&lines, 31).is_none());
        assert!(came_after(&lines, 1).is_none());
        let [first, second, _] = lines;
        let lines = [first, event(1, ScriptEvent::Leaves, ""), second];
        assert!(came_after(&lines, 11).is_none());
    }
}
