//! Programs in a scenario: which it runs, what it expects of them, and whether they are here.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Scenario;
use super::observation::Observation;
use crate::command::programs::{ProgramName, command_of};
use crate::command::{Command, EndCommand};
use crate::explain::EntryNo;
use crate::lab::event::{Death, ProgramNews};
use crate::session::Session;
use crate::session::programs::contains;
use crate::session::transcript::EntryKind;
use crate::side::Side;
use crate::signal::Signal;

/// A program as it was in a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramSnapshot {
    /// The host.
    pub side: Side,
    /// The name.
    pub name: String,
    /// The stage that it has reached, in words.
    pub now: String,
    /// Does a process of it run?
    pub runs: bool,
    /// The end of its first process; none while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited: Option<Death>,
    /// The lines that it wrote in the step, at most the last 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
}

/// The most lines of a program that a step keeps.
const LINES: usize = 200;

/// The programs of a step so far.
#[derive(Clone, Debug)]
pub(super) struct ProgramWatch {
    looked: EntryNo,
}

impl ProgramWatch {
    /// Begins after that entry.
    pub(super) const fn after(looked: EntryNo) -> ProgramWatch {
        ProgramWatch { looked }
    }

    /// Takes in what is new.
    pub(super) fn look(&mut self, seen: &mut Vec<ProgramSnapshot>, session: &Session) {
        let programs = session.programs.all();
        if programs.is_empty() {
            return;
        }
        for (program, snapshot) in programs.iter().zip(seen.iter_mut()) {
            (snapshot.now, snapshot.runs) = (program.words(), program.is_alive());
            snapshot.exited = program.exited();
        }
        for program in &programs[seen.len()..] {
            seen.push(ProgramSnapshot {
                side: program.side,
                name: program.name.to_string(),
                now: program.words(),
                runs: program.is_alive(),
                exited: program.exited(),
                said: Vec::new(),
            });
        }
        for entry in session.transcript.since(self.looked) {
            self.looked = entry.no;
            let EntryKind::Program(entry) = &entry.what else {
                continue;
            };
            let ProgramNews::Output { line, .. } = &entry.event.what else {
                continue;
            };
            let place = (entry.event.program.0 as usize).checked_sub(1);
            if let Some(snapshot) = place.and_then(|place| seen.get_mut(place)) {
                if snapshot.said.len() == LINES {
                    snapshot.said.remove(0);
                }
                snapshot.said.push(line.clone());
            }
        }
    }
}

/// The program that an expectation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramRef {
    /// Any one: of the ended ones the newest.
    Any,
    /// One of a host's.
    Of(Side),
    /// The one of that name.
    Named(ProgramName),
}

impl ProgramRef {
    /// Reads `client`, `server`, or a program's name.
    ///
    /// # Errors
    ///
    /// The text is none: one sentence.
    pub fn parse(text: &str) -> Result<ProgramRef, String> {
        match Side::BOTH.into_iter().find(|side| side.name() == text) {
            Some(side) => Ok(ProgramRef::Of(side)),
            None => ProgramName::new(text).map(ProgramRef::Named).ok_or_else(|| {
                format!("a program is client, server, or called like its command, curl or curl2, not {text}")
            }),
        }
    }

    /// The programs that are meant, the newest first.
    fn all<'a>(&'a self, seen: &'a Observation) -> impl Iterator<Item = &'a ProgramSnapshot> {
        seen.programs.iter().rev().filter(move |snapshot| match self {
            ProgramRef::Any => true,
            ProgramRef::Of(side) => snapshot.side == *side,
            ProgramRef::Named(name) => snapshot.name == name.as_str(),
        })
    }

    /// The end of the newest that has ended.
    pub(super) fn exited(&self, seen: &Observation) -> Option<Death> {
        self.all(seen).find_map(|snapshot| snapshot.exited)
    }

    /// Has one said that in the step?
    pub(super) fn has_said(&self, seen: &Observation, text: &str) -> bool {
        let mut lines = self.all(seen).flat_map(|snapshot| &snapshot.said);
        lines.any(|line| contains(line, text))
    }

    /// Returns whether every one has ended.
    pub(super) fn are_over(&self, seen: &Observation) -> bool {
        let mut all = self.all(seen).peekable();
        all.peek().is_some() && all.all(|snapshot| !snapshot.runs)
    }

    /// Is the sentence about one of them, whose name it begins with?
    pub(super) fn begins(&self, sentence: &str, seen: &Observation) -> bool {
        let mut all = self.all(seen);
        all.any(|snapshot| sentence.split(' ').next() == Some(&snapshot.name))
    }

    /// Returns how far they are, in words.
    pub(super) fn words(&self, seen: &Observation) -> String {
        let all = self
            .all(seen)
            .map(|snapshot| format!("{} {}", snapshot.name, snapshot.now));
        let all: Vec<String> = all.collect();
        match all.is_empty() {
            true => "no such program".into(),
            false => all.join("; "),
        }
    }

    /// Returns what they have said in the step, the last few lines.
    pub(super) fn lines(&self, seen: &Observation) -> String {
        let lines: Vec<&str> = self
            .all(seen)
            .flat_map(|snapshot| snapshot.said.iter().rev().take(3))
            .map(String::as_str)
            .collect();
        match lines.is_empty() {
            true => format!("nothing: {}", self.words(seen)),
            false => lines.into_iter().rev().collect::<Vec<_>>().join(" / "),
        }
    }
}

impl fmt::Display for ProgramRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProgramRef::Any => f.write_str("a program"),
            ProgramRef::Of(side) => write!(f, "the {side}'s program"),
            ProgramRef::Named(name) => write!(f, "{name}"),
        }
    }
}

/// Reads how a program ends, where that is no number: `killed by SIGTERM`, `SIGTERM`.
///
/// # Errors
///
/// The text is no end: one sentence.
pub fn death(text: &str) -> Result<Death, String> {
    let name = text.trim().trim_start_matches("killed by ").trim();
    let signal = Signal::named(name).filter(|_| name.parse::<i32>().is_err());
    signal
        .map(|signal| Death::Signal(signal.0))
        .ok_or_else(|| format!("a program exits with a number from 0 to 255, or is \"killed by SIGTERM\", not {text}"))
}

impl Scenario {
    /// Returns the command lines that it runs, each with the end of its host, in the order in which they come: what to show before it is
    /// allowed to.
    pub fn commands(&self) -> Vec<(Side, &str)> {
        let first = Side::BOTH.into_iter().rev();
        let first = first.flat_map(|side| {
            self.programs[side]
                .iter()
                .map(move |program| (side, program.spec.run.as_str()))
        });
        let steps = self
            .steps
            .iter()
            .filter_map(|step| match &step.action.as_ref()?.command {
                Command::End(side, EndCommand::Run(spec)) => Some((*side, spec.run.as_str())),
                _ => None,
            });
        first.chain(steps).collect()
    }

    /// Returns, in one sentence, which of the programs that it runs are not here; none where all are.
    pub fn missing_program(&self) -> Option<String> {
        let commands = self.commands();
        let ran = commands.iter().map(|(_, run)| command_of(run));
        let needed: BTreeSet<&str> = ran.chain(self.needed.iter().map(String::as_str)).collect();
        let missing: Vec<&str> = needed.into_iter().filter(|name| !is_here(name)).collect();
        match missing.as_slice() {
            [] => None,
            [one] => Some(format!("it needs {one}, which is not installed")),
            [most @ .., last] => Some(format!(
                "it needs {} and {last}, which are not installed",
                most.join(", ")
            )),
        }
    }
}

/// Returns whether there is a program of that name. Of one that is no plain name, the lab finds out.
pub fn is_here(name: &str) -> bool {
    let is_executable = |path: &Path| {
        let file = path.metadata().ok().filter(|file| file.is_file());
        file.is_some_and(|file| file.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') || ProgramName::new(name).is_none() {
        return true;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_executable(&folder.join(name)))
}
