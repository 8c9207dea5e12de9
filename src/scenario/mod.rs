//! Scenarios: steps in the words of the commands, each with what it should return and show.
//!
//! `file` reads one from its TOML; `play` carries one out over a [`Session`](crate::session::Session) without a clock, a lab or a
//! screen of its own, so that a screen and `run` can both drive it; `expect` compares what was observed with what was expected.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::command::wire::{ModeChoice, WireCommand};
use crate::command::{Command, EndCommand};
use crate::mistake::Position;
use crate::runtime::Runtime;
use crate::session::lineup::FirstProgram;
use crate::side::{Ends, Side};

pub mod bound;
pub mod branch;
pub mod catalog;
pub mod claim_status;
pub mod expect;
pub mod file;
pub mod keys;
pub mod lesson;
pub mod needs;
pub mod observation;
pub mod play;
pub mod programs;
pub mod record;
pub mod report;
pub mod returns;
pub mod segments;

pub use crate::mistake;

use expect::{Check, Expectation, Expected};
use lesson::Lesson;
use needs::Needs;
use observation::{CommandResult, Observation};
use returns::Returns;

/// A scenario, as its file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The file's name without `.toml`.
    pub name: String,
    /// The file, as messages name it.
    pub path: String,
    /// A title of one line.
    pub title: String,
    /// A summary of one or two sentences.
    pub summary: String,
    /// The part of the catalog that it belongs to.
    pub group: Group,
    /// The id in the catalog or in the list of claims.
    pub id: Option<String>,
    /// The place among the lessons; none of a file that is none.
    pub lesson: Option<Lesson>,
    /// The isolated lab is needed: for the wire, or for host settings.
    pub isolated: bool,
    /// The family that it is for: IPv6 alone, or IPv4 alone; none where it is for both.
    pub ipv6: Option<bool>,
    /// The wire that it is for: with super-segments, or with segments as a cable carries them; none where it is for both.
    pub offload: Option<bool>,
    /// The runtimes that drive the ends, where the user does not say.
    pub driven: Ends<Runtime>,
    /// The programs that its run begins with.
    pub programs: Ends<Vec<FirstProgram>>,
    /// The needs: what the kernel must be like for it to be true.
    pub needs: Option<Needs>,
    /// The programs that must be installed, beside those that it runs itself.
    pub needed: Vec<String>,
    /// The article's claim, in a sentence.
    pub claim: Option<String>,
    /// The result in Go according to the article.
    pub expects: Option<String>,
    /// The steps, in order; never empty.
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The line at which it begins in the file.
    pub place: Position,
    /// The name by which others find it: a battery, which judges what it returned.
    pub name: Option<String>,
    /// Prose for people before it is run: what is about to happen, and why.
    pub say: Option<String>,
    /// Prose for people once it is over: where to look, and what that means.
    pub look: Option<String>,
    /// The command; none in a step that only says something, or waits.
    pub action: Option<StepAction>,
    /// The expectations.
    pub expected: Vec<Expectation>,
    /// The article's claims about this step, where it has any.
    pub claimed: Vec<Expectation>,
    /// The part of the claim that it tries, where the claim has parts.
    pub part: Option<String>,
    /// The time that the expectations get to come true.
    pub within: Duration,
    /// The time for which they must stay true then.
    pub stands: Duration,
    /// Shown when something else is observed.
    pub because: Option<String>,
}

/// The time that a step's expectations get unless it says otherwise.
pub const WITHIN: Duration = Duration::from_secs(5);

/// The command of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepAction {
    /// The whole command, as typed for `finwait do`: `client write "hello"`.
    pub text: String,
    /// The text, parsed.
    pub command: Command,
    /// The span of its text in the file.
    pub place: Position,
}

impl Step {
    /// Returns whether it waits for something that a host or a program does, which may be so already.
    pub fn awaits(&self) -> bool {
        let command = self.action.as_ref().map(|action| &action.command);
        matches!(command, Some(Command::End(_, EndCommand::Await(_))))
    }

    /// Checks what it expects.
    ///
    /// A wait whose time ran out is one failure, not two: the expectation that names what was awaited fails, and the command that waited is
    /// not reported as well.
    pub(crate) fn checks(&self, seen: &Observation) -> Vec<Check> {
        let checks = self.expected.iter().map(|expected| expected.check(seen));
        let mut checks: Vec<Check> = checks.collect();
        let CommandResult::NotDone(why) = &seen.returned else {
            return checks;
        };
        let places = || self.expected.iter().zip(0..);
        let differs = |place: usize| checks[place].held == Some(false);
        let awaited = places().find(|(expected, place)| {
            let is_awaited = match &expected.what {
                Expected::Exits(who, _) => who.begins(why, seen),
                Expected::Says(..) | Expected::State(..) => true,
                _ => false,
            };
            is_awaited && differs(*place)
        });
        // That the file does not say, a step with a command has it at the command's place.
        let own = self.action.as_ref().map(|action| action.place);
        let returns = places()
            .find(|(expected, _)| Some(expected.place) == own && expected.what == Expected::Returns(Returns::Success));
        if let (true, Some((awaited, told)), Some((_, again))) = (self.awaits(), awaited, returns) {
            if let Expected::Exits(..) = awaited.what {
                checks[told].observed.clone_from(why);
            }
            checks.remove(again);
        }
        checks
    }

    /// Is any of what it expects, or the article claims, about how long a connect into silence takes?
    pub fn asks_for_syn_patience(&self) -> bool {
        let mut all = self.expected.iter().chain(&self.claimed);
        all.any(|expectation| matches!(expectation.what, Expected::SynPatience(_)))
    }
}

impl Scenario {
    /// The number of expectations.
    pub fn expectations(&self) -> usize {
        self.steps.iter().map(|step| step.expected.len()).sum()
    }
}

impl Scenario {
    /// The time that its steps say they may take: their expectations `within` and as they stand, their calls with a deadline, and each
    /// step on a slow wire. It tells the long ones, which wait for a timer, from the others, and is no promise.
    pub fn patience(&self) -> Duration {
        let mut slow = Duration::ZERO;
        let of_step = |step: &Step| {
            let command = step.action.as_ref().map(|action| &action.command);
            if let Some(Command::Wire(WireCommand::Mode(mode))) = command {
                slow = match mode {
                    ModeChoice::Slow(Some(time)) => 2 * Duration::from(*time),
                    ModeChoice::Slow(None)
                    | ModeChoice::Next
                    | ModeChoice::Flow
                    | ModeChoice::Step
                    | ModeChoice::StepAll => Duration::ZERO,
                };
            }
            let within = Some(step.within).filter(|within| *within != WITHIN).unwrap_or_default();
            let call = match command {
                Some(Command::End(_, EndCommand::Call { call, .. })) => call.longest(),
                Some(Command::End(_, EndCommand::Await(request))) => request.within,
                _ => None,
            };
            within + step.stands + slow + call.map(Duration::from).unwrap_or_default()
        };
        self.steps.iter().map(of_step).sum()
    }

    /// The ends whose calls the article's claim is about: of its programs in Go.
    pub fn claimants(&self) -> Vec<Side> {
        let of_step = |step: &Step| {
            let own = match step.action.as_ref().map(|action| &action.command) {
                Some(Command::End(side, _)) => Some(*side),
                Some(Command::Wire(_) | Command::Screen(_) | Command::Write(_)) | None => None,
            };
            let later = step.expected.iter().find_map(|expected| match &expected.what {
                Expected::Later(who, _) => who.sides().next(),
                _ => None,
            });
            own.into_iter().chain(later)
        };
        let claimed = self.steps.iter().filter(|step| !step.claimed.is_empty());
        let all: Vec<Side> = claimed.flat_map(of_step).collect();
        Side::BOTH.into_iter().filter(|side| all.contains(side)).collect()
    }
}

impl Scenario {
    /// Does a step take a connection away as an administrator does?
    pub fn destroys(&self) -> bool {
        let mut actions = self.steps.iter().filter_map(|step| step.action.as_ref());
        actions.any(|action| matches!(action.command, Command::End(_, EndCommand::Destroy(_))))
    }

    /// The runtimes that its steps change an end to.
    pub fn runtimes(&self) -> Vec<(Side, Runtime)> {
        let actions = self.steps.iter().filter_map(|step| step.action.as_ref());
        let runtimes = actions.filter_map(|action| match action.command {
            Command::End(side, EndCommand::Runtime(runtime)) => Some((side, runtime)),
            _ => None,
        });
        runtimes.collect()
    }
}

/// A part of the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Opening a connection.
    Connect,
    /// Orderly ends.
    Close,
    /// RST.
    Reset,
    /// Nothing comes.
    Silence,
    /// Limits, and the API.
    Limits,
    /// Programs of the user's own.
    Programs,
    /// The claims of the article.
    Article,
    /// A group of the user's own scenarios.
    Own(OwnGroup),
}

/// The name of a group that a file gave itself; equal ones are kept once, for as long as the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnGroup(&'static str);

impl Group {
    /// Returns the group of that name: one of the catalog's, else one of the user's own.
    pub fn named(name: &str) -> Group {
        static KEPT: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
        if let Some(known) = Group::ALL.into_iter().find(|group| group.name() == name) {
            return known;
        }
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = kept.iter().find(|kept| **kept == name) {
            return Group::Own(OwnGroup(same));
        }
        let new: &'static str = Box::leak(name.into());
        kept.push(new);
        Group::Own(OwnGroup(new))
    }

    /// All of the catalog's, in the order in which they are shown.
    pub const ALL: [Group; 7] = [
        Group::Connect,
        Group::Close,
        Group::Reset,
        Group::Silence,
        Group::Limits,
        Group::Programs,
        Group::Article,
    ];

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Connect => "connect",
            Group::Close => "close",
            Group::Reset => "reset",
            Group::Silence => "silence",
            Group::Limits => "limits",
            Group::Programs => "programs",
            Group::Article => "article",
            Group::Own(OwnGroup(name)) => name,
        }
    }
}

impl serde::Serialize for Group {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Group {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Group, D::Error> {
        Ok(Group::named(&String::deserialize(deserializer)?))
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A kernel's version, as far as scenarios tell kernels apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kernel {
    /// 6 of 6.18
    pub major: u32,
    /// 18 of 6.18
    pub minor: u32,
}

impl Kernel {
    /// Reads `6.18`, and what follows as in `6.18.0-rc1`.
    pub fn parse(release: &str) -> Option<Kernel> {
        let (major, rest) = release.split_once('.')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some(Kernel {
            major: major.parse().ok()?,
            minor: rest[..digits].parse().ok()?,
        })
    }

    /// The one that runs here.
    pub fn running() -> Option<Kernel> {
        Kernel::parse(&rustix::system::uname().release().to_string_lossy())
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
