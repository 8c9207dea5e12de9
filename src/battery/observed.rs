//! What a run of a case has shown, step by step.

use crate::call::{CallKind, PollEvent, SocketRole};
use crate::errno::Errno;
use crate::lab::event::Disposition;
use crate::outcome::{Outcome, Value};
use crate::scenario::observation::{CommandResult, Observation, ObservedPacket, PacketContent, SocketSnapshot};
use crate::scenario::report::{ReportLine, StepReport, Summary};
use crate::side::Side;
use crate::wire::segment::Flags;

/// The report of a case's run.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    steps: Vec<&'a StepReport>,
    end: Option<&'a Summary>,
}

/// The result of a step's command, as far as verdicts tell results apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepResult<'a> {
    /// The end of the stream.
    Eof,
    /// So many bytes, and the first of them.
    Data(usize, &'a [u8]),
    /// An error.
    Error(Errno),
    /// The call's deadline passed; a write had written so much.
    Late(usize),
    /// So much was written.
    Wrote(usize),
    /// The events of a poll.
    Ready(&'a [PollEvent]),
    /// The call was done, and has no more to say.
    Done,
    /// The call was not done, did not return, or has no such step.
    Nothing,
}

/// What is between the client and the program, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Queues {
    /// Not acknowledged, in the client's send queue.
    pub unsent: usize,
    /// Not read, in the receive queue of the program's socket.
    pub unread: usize,
}

impl Queues {
    /// Returns how much of what was written has left both, and so was read.
    pub(super) const fn read_of(self, written: usize) -> usize {
        written.saturating_sub(self.unsent + self.unread)
    }

    fn of(seen: &Observation) -> Queues {
        let longest = |side: Side, is_a_programs: bool, queue: fn(&SocketSnapshot) -> u32| {
            let sockets = seen.sockets[side].iter();
            let sockets = sockets.filter(|socket| socket.owner.is_some() == is_a_programs);
            sockets.map(queue).max().unwrap_or(0) as usize
        };
        Queues {
            unsent: longest(Side::Client, false, |socket| socket.tx),
            unread: longest(Side::Server, true, |socket| socket.rx),
        }
    }
}

impl<'a> Observed<'a> {
    /// The run with those lines.
    pub fn of(lines: &'a [ReportLine]) -> Observed<'a> {
        let steps = lines.iter().filter_map(|line| match line {
            ReportLine::Step(step) => Some(step.as_ref()),
            ReportLine::Scenario(_) | ReportLine::End(_) => None,
        });
        let end = lines.iter().find_map(|line| match line {
            ReportLine::End(end) => Some(end),
            ReportLine::Scenario(_) | ReportLine::Step(_) => None,
        });
        Observed {
            steps: steps.collect(),
            end,
        }
    }

    /// The step of that name.
    pub(super) fn step(&self, name: &str) -> Option<&'a StepReport> {
        self.steps
            .iter()
            .find(|step| step.name.as_deref() == Some(name))
            .copied()
    }

    /// The result of the step of that name.
    pub(super) fn got(&self, name: &str) -> StepResult<'a> {
        self.step(name)
            .map_or(StepResult::Nothing, |step| match &step.observation.returned {
                CommandResult::Outcome(outcome) => match outcome {
                    Outcome::Ok(Value::Read { n: 0, .. }) => StepResult::Eof,
                    Outcome::Ok(Value::Read { n, data }) => StepResult::Data(*n, &data.0),
                    Outcome::Ok(Value::Written { n }) => StepResult::Wrote(*n),
                    Outcome::Ok(Value::Ready { events }) => StepResult::Ready(events),
                    Outcome::Ok(_) => StepResult::Done,
                    Outcome::Err(errno) => StepResult::Error(*errno),
                    Outcome::DeadlineExceeded { written } => StepResult::Late(*written),
                    Outcome::Library(_) | Outcome::Unsupported(_) => StepResult::Nothing,
                },
                CommandResult::Done => StepResult::Done,
                CommandResult::Blocked | CommandResult::Died(_) | CommandResult::NotDone(_) => StepResult::Nothing,
            })
    }

    /// Does the accept of that name still wait for a connection?
    pub(super) fn waits_for_a_connection(&self, name: &str) -> bool {
        self.step(name).is_some_and(|step| {
            step.observation.returned == CommandResult::Blocked && step.call == Some(CallKind::Accept)
        })
    }

    /// The queues between the client and the program at the end of the step of that name.
    pub(super) fn queues(&self, name: &str) -> Queues {
        self.step(name)
            .map_or_else(Queues::default, |step| Queues::of(&step.observation))
    }

    /// Returns whether all was as expected in the step of that name.
    pub(super) fn held(&self, name: &str) -> bool {
        self.step(name).is_some_and(StepReport::held)
    }

    /// Returns `after 3.0 s`: how long the step of that name took; below half a second the program did not wait.
    pub(super) fn after(&self, name: &str) -> String {
        match self.step(name).map_or(0.0, |step| step.took_ms) {
            ..500.0 => "at once".into(),
            took => format!("after {:.1} s", took / 1e3),
        }
    }

    /// Why the case did not come to its question; none where it did. What comes before the first named step is what the question needs.
    /// `unaccepted` is why no connection comes to the server's end.
    pub(super) fn not_measured(&self, unaccepted: &str) -> Option<String> {
        if let Some(why) = self.end.and_then(|end| end.skipped.as_ref()) {
            return Some(why.clone());
        }
        let before = self.steps.iter().take_while(|step| step.name.is_none());
        let failed = before.into_iter().find(|step| !step.held());
        let failed = failed.map(|step| match &step.observation.returned {
            // Its sentence says enough.
            CommandResult::NotDone(why) => why.clone(),
            CommandResult::Blocked if step.call == Some(CallKind::Accept) => unaccepted.to_owned(),
            returned => format!("{}: {}", step.command.as_deref().unwrap_or("wait"), returned.words()),
        });
        let begun = self.steps.iter().any(|step| step.name.is_some());
        failed.or_else(|| (!begun).then(|| "it did not come to its first question".into()))
    }

    /// The last line that the program wrote, if it wrote any.
    pub(super) fn last_words(&self) -> Option<String> {
        let programs = self
            .steps
            .iter()
            .rev()
            .flat_map(|step| step.observation.programs.iter().rev());
        let mut lines = programs.flat_map(|program| program.said.iter().rev());
        lines.find(|line| !line.trim().is_empty()).cloned()
    }

    /// The evidence for a verdict: what each named step returned, the state of its socket afterwards, and the FINs and RSTs of the wire,
    /// where the server's end is called `server`.
    pub fn evidence(&self, server: &str) -> Vec<String> {
        let mut ends = Vec::new();
        let mut evidence = Vec::new();
        for step in &self.steps {
            let packets = step.observation.segments.iter().flatten();
            ends.extend(
                packets
                    .filter(|packet| is_an_end(packet))
                    .map(|packet| told(packet, server)),
            );
            // What comes before a named step is seen in it.
            if step.name.is_some() {
                evidence.extend(of_step(step, server, &std::mem::take(&mut ends)));
            }
        }
        evidence
    }
}

/// The evidence of one step: `backend read: EOF, in CLOSE_WAIT`, and the `ends` that were on the wire. None of a call that was made on the
/// socket of a step that had none to give.
fn of_step(step: &StepReport, server: &str, ends: &[String]) -> Option<String> {
    let command = step.command.as_deref().unwrap_or_default();
    let (who, what) = command.split_once(' ').unwrap_or((command, ""));
    let verb = what.split(' ').next().unwrap_or_default();
    let who = if who == Side::Server.name() { server } else { who };
    let mut parts = Vec::new();
    match (step.side, &step.observation.returned) {
        (None, _) | (_, CommandResult::Outcome(Outcome::Err(Errno::EBADF)) | CommandResult::NotDone(_)) => {}
        (Some(side), CommandResult::Done) => {
            let mut programs = step.observation.programs.iter().rev();
            let newest = programs.find(|program| program.side == side);
            parts.extend(newest.map(|program| format!("{} {}", program.name, program.now)));
        }
        (Some(side), _) => {
            let state = state(&step.observation.sockets[side], side);
            let state = state.map_or_else(String::new, |state| format!(", in {state}"));
            parts.push(format!("{who} {verb}: {}{state}", brief(step)));
            parts.extend(parts_of_write(step));
        }
    }
    if !ends.is_empty() {
        parts.push(format!("on the wire {}", ends.join(", ")));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Where the bytes of a write are that the program did not read to the end; none of another step. Together they are what was written.
fn parts_of_write(step: &StepReport) -> Option<String> {
    let written = match &step.observation.returned {
        CommandResult::Outcome(Outcome::Ok(Value::Written { n })) => *n,
        CommandResult::Outcome(Outcome::DeadlineExceeded { written }) => *written,
        _ => return None,
    };
    let queues = Queues::of(&step.observation);
    let Queues { unsent, unread } = queues;
    let of_it = [
        (queues.read_of(written), "read by the program"),
        (unread, "unread in the program's socket"),
        (unsent, "in the client's send queue"),
    ];
    let parts = of_it.iter().filter(|(bytes, _)| *bytes > 0);
    let parts: Vec<_> = parts
        .map(|(bytes, place)| format!("{} {place}", megabytes(*bytes)))
        .collect();
    (unread > 0).then(|| format!("of that {}", parts.join(", ")))
}

/// The result of a step's command in few words.
fn brief(step: &StepReport) -> String {
    match &step.observation.returned {
        CommandResult::Outcome(Outcome::Ok(Value::Read { n, data })) if *n > 0 => {
            let first = String::from_utf8_lossy(&data.0);
            let line = first.lines().next().unwrap_or_default();
            format!("\"{line}\"")
        }
        CommandResult::Outcome(Outcome::DeadlineExceeded { written }) if *written > 0 => {
            format!("wrote {}, then no more", megabytes(*written))
        }
        CommandResult::Outcome(Outcome::DeadlineExceeded { .. }) => "nothing comes".into(),
        CommandResult::Blocked if step.call == Some(CallKind::Accept) => "no connection comes".into(),
        CommandResult::Outcome(Outcome::Ok(Value::Descriptor { .. })) => "a connection".into(),
        CommandResult::Outcome(Outcome::Ok(Value::Written { n })) => format!("wrote {}", megabytes(*n)),
        CommandResult::Outcome(Outcome::Ok(Value::Ready { events })) if events.is_empty() => "nothing happens".into(),
        returned => returned.words(),
    }
}

/// A number of bytes, for people.
pub(super) fn megabytes(bytes: usize) -> String {
    match bytes {
        ..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// The state of the endpoint's newest connection at that end.
fn state(sockets: &[SocketSnapshot], side: Side) -> Option<&'static str> {
    let role = SocketRole::from(side);
    let is_its = |socket: &&SocketSnapshot| {
        socket.owner.is_none()
            && socket
                .name
                .as_ref()
                .and_then(|name| name.id())
                .is_some_and(|id| id.connection.role == role)
    };
    let newest = sockets.iter().rev().find(is_its)?;
    newest.state.map(crate::state::State::name)
}

/// Returns whether it ends a direction, or the connection.
fn is_an_end(packet: &ObservedPacket) -> bool {
    match &packet.said {
        PacketContent::Tcp { flags, .. } => packet.again.is_none() && (flags.has(Flags::FIN) || flags.has(Flags::RST)),
        PacketContent::Udp(_) | PacketContent::Icmp(_) | PacketContent::Other(_) => false,
    }
}

/// `client FIN`, `proxy RST`: what comes from the server's host is not the backend's, but the program's, where there is one between.
fn told(packet: &ObservedPacket, server: &str) -> String {
    let from = match (packet.from, server) {
        (Side::Server, "backend") => "proxy",
        (Side::Server, server) => server,
        (Side::Client, _) => "client",
    };
    let what = match &packet.said {
        PacketContent::Tcp { flags, .. } if flags.has(Flags::RST) => "RST",
        _ => "FIN",
    };
    match packet.disposition {
        Disposition::Held => format!("{from} {what} held"),
        _ => format!("{from} {what}"),
    }
}
