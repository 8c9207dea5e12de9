//! Programs that a run begins with: the server's first, the client's once those are ready.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

use super::programs::{Program, ProgramState};
use super::{CommandError, IssuedCommand, Session, SessionInput};
use crate::clock::{MonoTime, human};
use crate::host::Port;
use crate::lab::event::{Death, LabRequest};
use crate::program::{ProgramNo, ProgramSpec};
use crate::side::{Ends, Side};
use crate::state::State;

/// The time that a program gets to be ready.
pub const READY_PATIENCE: Duration = Duration::from_secs(10);

/// A program that a run begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstProgram {
    /// The command that is started.
    #[serde(flatten)]
    pub spec: ProgramSpec,
    /// The sign that it is ready; where nothing is said, of a server's that it listens, or has ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Readiness>,
}

/// The sign that a program is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    /// The host listens, at that port where one is named.
    Listens(Option<Port>),
    /// The program writes a line with that text in it.
    Says(String),
    /// The program ends well.
    Exits,
}

impl Readiness {
    /// Reads `LISTEN`, `LISTEN 8080`, `output ready`, `exit`.
    ///
    /// # Errors
    ///
    /// One sentence.
    pub fn parse(text: &str) -> Result<Readiness, String> {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim().trim_start_matches("port=").trim_matches('"');
        match (word.to_ascii_uppercase().as_str(), rest) {
            ("LISTEN", "") => Ok(Readiness::Listens(None)),
            ("LISTEN", port) => match port.parse() {
                Ok(port) if port > 0 => Ok(Readiness::Listens(Some(Port(port)))),
                _ => Err(format!("after LISTEN comes a port from 1 to 65535, not {port}")),
            },
            ("OUTPUT", text) if !text.is_empty() => Ok(Readiness::Says(text.to_owned())),
            ("EXIT", "") => Ok(Readiness::Exits),
            _ => Err("what tells that a program is ready is like \"LISTEN 8080\", \"output ready\" or \"exit\"".into()),
        }
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Readiness::Listens(None) => f.write_str("LISTEN"),
            Readiness::Listens(Some(port)) => write!(f, "LISTEN {port}"),
            Readiness::Says(text) => write!(f, "output {text}"),
            Readiness::Exits => f.write_str("exit"),
        }
    }
}

/// The kinds of failure of a program that a run needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramFailure {
    /// The program is not there, or could not be started.
    #[serde(rename = "program-missing")]
    Missing,
    /// The program was not ready in time.
    NotReady,
    /// The program ended before it was ready.
    Died,
}

impl ProgramFailure {
    /// The name in JSON and JUnit.
    pub const fn name(self) -> &'static str {
        match self {
            ProgramFailure::Missing => "program-missing",
            ProgramFailure::NotReady => "not-ready",
            ProgramFailure::Died => "died",
        }
    }

    /// The failure in words.
    pub const fn words(self) -> &'static str {
        match self {
            ProgramFailure::Missing => "program missing",
            ProgramFailure::NotReady => "not ready",
            ProgramFailure::Died => "died",
        }
    }
}

/// A program that a run needs and does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramFailed {
    /// The kind of failure, which has an exit status of its own.
    pub kind: ProgramFailure,
    /// One sentence.
    pub why: String,
}

impl fmt::Display for ProgramFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.words(), self.why)
    }
}

/// The stage of the programs that a run begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineupStatus {
    /// All are started, and ready.
    Ready,
    /// Some are yet to be ready.
    Starting,
    /// The client's wait until something listens on the server's host.
    NobodyListens,
    /// One has failed, and those that wait for it are not started.
    Failed(ProgramFailed),
}

/// The programs that a run begins with.
#[derive(Debug, Default)]
pub(super) struct Lineup {
    /// The programs of the client's host that are not started yet.
    waiting: Vec<FirstProgram>,
    /// The programs that are started and not known to be ready.
    started: Vec<(ProgramNo, Option<Readiness>, MonoTime)>,
    /// All of them, as they were given.
    first: Ends<Vec<FirstProgram>>,
    failed: Option<ProgramFailed>,
}

impl Lineup {
    /// Is one still to be started, or to be ready?
    pub(super) const fn is_open(&self) -> bool {
        self.failed.is_none() && !(self.waiting.is_empty() && self.started.is_empty())
    }
}

impl Session {
    /// Begins with these programs at `now`: the server's at once, the client's as soon as those are ready; where the server's host has none,
    /// as soon as something listens there.
    ///
    /// # Errors
    ///
    /// Programs do not run in this lab.
    pub fn line_up(&mut self, programs: Ends<Vec<FirstProgram>>, now: MonoTime) -> Result<IssuedCommand, CommandError> {
        if programs.iter().all(|(_, programs)| programs.is_empty()) {
            return Ok(IssuedCommand::default());
        }
        self.take(SessionInput::Programs { at: now, programs })
    }

    pub(super) fn take_lineup(
        &mut self,
        programs: Ends<Vec<FirstProgram>>,
        now: MonoTime,
    ) -> Result<IssuedCommand, CommandError> {
        self.lineup.first = programs.clone();
        let Ends { client, server } = programs;
        self.lineup.waiting = client;
        let mut requests = Vec::new();
        for program in server {
            requests.extend(self.start_first(Side::Server, program, now)?);
        }
        requests.extend(self.start_due(now));
        Ok(IssuedCommand { requests, root: None })
    }

    fn start_first(
        &mut self,
        side: Side,
        program: FirstProgram,
        now: MonoTime,
    ) -> Result<Vec<LabRequest>, CommandError> {
        let issued = self.run_program(side, &program.spec)?;
        if let Some(no) = self.programs.newest().map(|program| program.no) {
            self.lineup.started.push((no, program.ready, now));
        }
        Ok(issued.requests)
    }

    /// Starts what is due by now.
    pub(super) fn start_due(&mut self, now: MonoTime) -> Vec<LabRequest> {
        let mut requests = Vec::new();
        if self.lineup.failed.is_some() {
            return requests;
        }
        let started = std::mem::take(&mut self.lineup.started);
        for (no, ready, at) in started {
            match self.is_ready(no, ready.as_ref()) {
                Ok(true) => {}
                Ok(false) => self.lineup.started.push((no, ready, at)),
                Err(failed) => self.lineup.failed = Some(failed),
            }
        }
        let is_server_ready =
            self.lineup.started.is_empty() && (!self.lineup.first.server.is_empty() || self.listens(None, None));
        if is_server_ready && self.lineup.failed.is_none() {
            for program in std::mem::take(&mut self.lineup.waiting) {
                requests.extend(self.start_first(Side::Client, program, now).unwrap_or_default());
            }
        }
        requests
    }

    /// Returns how far the programs are at `now` that the run begins with.
    pub fn lineup(&self, now: MonoTime) -> LineupStatus {
        let lineup = &self.lineup;
        if let Some(failed) = &lineup.failed {
            return LineupStatus::Failed(failed.clone());
        }
        let late = lineup.started.iter().find(|(_, _, at)| now >= at.plus(READY_PATIENCE));
        let late = late.and_then(|(no, ready, _)| Some((self.programs.get(*no)?, ready)));
        if let Some((program, ready)) = late {
            let patience = human(READY_PATIENCE);
            let wanted = match ready {
                None | Some(Readiness::Listens(None)) => format!("{} does not listen", program.name),
                Some(Readiness::Listens(Some(port))) => format!("{} does not listen at port {port}", program.name),
                Some(Readiness::Says(text)) => format!("{} has not written \"{text}\"", program.name),
                Some(Readiness::Exits) => format!("{} has not ended", program.name),
            };
            return LineupStatus::Failed(ProgramFailed {
                kind: ProgramFailure::NotReady,
                why: format!("{wanted} after {patience}: {}", program.summary()),
            });
        }
        match (lineup.started.is_empty(), lineup.waiting.is_empty()) {
            (true, true) => LineupStatus::Ready,
            (true, false) => LineupStatus::NobodyListens,
            (false, _) => LineupStatus::Starting,
        }
    }

    /// The programs that the run began with.
    pub const fn first_programs(&self) -> &Ends<Vec<FirstProgram>> {
        &self.lineup.first
    }

    /// The programs of the client's host that wait to be started, in words.
    pub fn not_started(&self) -> Vec<&str> {
        self.lineup
            .waiting
            .iter()
            .map(|program| program.spec.run.as_str())
            .collect()
    }

    fn is_ready(&self, no: ProgramNo, ready: Option<&Readiness>) -> Result<bool, ProgramFailed> {
        let Some(program) = self.programs.get(no) else {
            return Ok(true);
        };
        let fail = |failure| {
            let why = program.summary();
            Err(ProgramFailed { kind: failure, why })
        };
        let ended_well = program.exited() == Some(Death::Exited(0));
        let is_so = match ready {
            None if program.side == Side::Client => program.pid().is_some() || program.exited().is_some(),
            None => self.listens(Some(program), None) || (ended_well && !program.is_alive()),
            Some(Readiness::Listens(port)) => self.listens(port.is_none().then_some(program), *port),
            Some(Readiness::Says(text)) => program.has_said(text),
            Some(Readiness::Exits) => ended_well,
        };
        match &program.state {
            _ if is_so => Ok(true),
            ProgramState::NotStarted(_) => fail(ProgramFailure::Missing),
            ProgramState::Exited { .. } if !program.is_alive() => fail(ProgramFailure::Died),
            _ => Ok(false),
        }
    }

    /// Does the host of that program, the server's where none is named, listen where the other reaches it: the program itself, at that port?
    fn listens(&self, by: Option<&Program>, port: Option<Port>) -> bool {
        let side = by.map_or(Side::Server, |program| program.side);
        let end = &self.ends[side];
        let is_its = |inode: u64| {
            let sockets = end.sockets.of_inode(inode).iter().filter_map(|no| end.sockets.get(*no));
            let mut owners = sockets.filter_map(|socket| socket.owner());
            by.is_none_or(|program| owners.any(|owner| owner.program == Some(program.no)))
        };
        end.table.rows().iter().map(|observed| &observed.row).any(|row| {
            row.state == State::Listen
                && !row.tuple.local.ip().is_loopback()
                && port.is_none_or(|port| row.tuple.local.port() == port.0)
                && is_its(row.inode)
        })
    }
}
