//! Reports of runs, as lines of JSON and for people.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::catalog;
use super::claim_status::ClaimStatus;
use super::expect::Check;
use super::lesson::Lesson;
use super::observation::Observation;
use super::{Group, Scenario};
use crate::call::CallKind;
use crate::clock::human;
use crate::command::parse::parse;
use crate::command::{Command, EndCommand};
use crate::explain::RuleId;
use crate::session::lineup::ProgramFailed;
use crate::side::Side;
use crate::state::State;

/// A line of a run's report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ReportLine {
    /// A scenario begins.
    Scenario(Heading),
    /// A step is over.
    Step(Box<StepReport>),
    /// The scenario is over.
    End(Summary),
}

/// The scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// The name.
    pub name: String,
    /// The file.
    #[serde(with = "catalog::path")]
    pub path: String,
    /// The title.
    pub title: String,
    /// The group.
    pub group: Group,
    /// The id.
    pub id: Option<String>,
    /// The place among the lessons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson: Option<Lesson>,
    /// The isolated lab is needed.
    pub isolated: bool,
    /// The family that it is for: IPv6 alone, or IPv4 alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<bool>,
    /// The command lines of programs that it runs, each with the end of its host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<(Side, String)>,
    /// The number of steps.
    pub steps: usize,
    /// The number of expectations.
    pub expectations: usize,
    /// The article's claim.
    pub claim: Option<String>,
    /// The article's expectation.
    pub expects: Option<String>,
}

impl Heading {
    /// Returns the heading of a scenario.
    pub fn of(scenario: &Scenario) -> Heading {
        Heading {
            name: scenario.name.clone(),
            path: scenario.path.clone(),
            title: scenario.title.clone(),
            group: scenario.group,
            id: scenario.id.clone(),
            lesson: scenario.lesson,
            isolated: scenario.isolated,
            ipv6: scenario.ipv6,
            runs: scenario
                .commands()
                .into_iter()
                .map(|(side, run)| (side, run.to_owned()))
                .collect(),
            steps: scenario.steps.len(),
            expectations: scenario.expectations(),
            claim: scenario.claim.clone(),
            expects: scenario.expects.clone(),
        }
    }
}

/// The report of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// The scenario's name.
    pub scenario: String,
    /// The file.
    #[serde(with = "catalog::path")]
    pub path: String,
    /// The number of the step, from 1 on.
    pub no: usize,
    /// The line at which it begins in the file.
    pub line: usize,
    /// The name, where its file gives it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The prose before it.
    pub say: Option<String>,
    /// The prose after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<String>,
    /// The command.
    pub command: Option<String>,
    /// The end that the command is for; none for the wire's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// The call that its command makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallKind>,
    /// The expectations, and whether they held.
    pub checks: Vec<Check>,
    /// The article's claims, and whether they held.
    pub claims: Vec<Check>,
    /// The part of the claim that it tries, where the claim has parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// The file's reason for what it expects, when something else was observed.
    pub because: Option<String>,
    /// The time that it took, in ms.
    pub took_ms: f64,
    /// The observation.
    pub observation: Observation,
    /// The rules that the outcomes of this step fall under, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuledOutcome>,
    /// The lines of the transcript, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<String>,
}

/// An outcome that falls under a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuledOutcome {
    /// The call.
    pub call: CallKind,
    /// The socket's state when it was made.
    pub state: State,
    /// The rule.
    pub rule: RuleId,
    /// Does the transcript have what set it, as the rule says?
    pub set_by_seen: bool,
}

impl StepReport {
    /// Returns the report of the step `place`, from 0 on.
    pub fn new(
        scenario: &Scenario,
        place: usize,
        checks: Vec<Check>,
        claims: Vec<Check>,
        observation: Observation,
        rules: Vec<RuledOutcome>,
        took: Duration,
    ) -> StepReport {
        let step = scenario.steps.get(place);
        let (side, call) = match step.and_then(|step| Some(&step.action.as_ref()?.command)) {
            Some(Command::End(side, command)) => (Some(*side), command.kind()),
            Some(Command::Wire(_) | Command::Screen(_) | Command::Write(_)) | None => (None, None),
        };
        let held = checks.iter().all(|check| check.held != Some(false));
        StepReport {
            scenario: scenario.name.clone(),
            path: scenario.path.clone(),
            no: place + 1,
            line: step.map_or(0, |step| step.place.line),
            name: step.and_then(|step| step.name.clone()),
            say: step.and_then(|step| step.say.clone()),
            look: step.and_then(|step| step.look.clone()),
            command: step.and_then(|step| Some(step.action.as_ref()?.text.clone())),
            side,
            call,
            because: step.and_then(|step| step.because.clone()).filter(|_| !held),
            checks,
            claims,
            part: step.and_then(|step| step.part.clone()),
            took_ms: millis(took),
            observation,
            rules,
            transcript: Vec::new(),
        }
    }

    /// Returns whether all was as expected, as far as it can be seen.
    pub fn held(&self) -> bool {
        self.differences().next().is_none()
    }

    /// The expectations that did not hold.
    pub fn differences(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.held == Some(false))
    }
}

/// A duration as JSON has it.
pub(crate) fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

/// The result of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The name.
    pub scenario: String,
    /// The reason why it could not be run here; none when it was.
    pub skipped: Option<String>,
    /// Steps that were made.
    pub steps: usize,
    /// Expectations that were held against what was observed.
    pub expectations: usize,
    /// The number of those that did not hold.
    pub differ: usize,
    /// The number of those that cannot be seen in this lab.
    pub unseen: usize,
    /// Steps that were not made, since one before them was not as expected.
    pub left: usize,
    /// The time that it took, in ms.
    pub took_ms: f64,
    /// The verdict on the article's claim; none when it claims nothing, or that could not be seen.
    pub verdict: Option<ClaimStatus>,
    /// The reason why its recording is not whole, in one sentence; none when it is, or none was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<String>,
    /// The program for which the run could not come to its end; none where nothing but an expectation failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<ProgramFailed>,
}

impl Summary {
    /// Returns whether all was as expected.
    pub const fn held(&self) -> bool {
        self.skipped.is_none() && self.failed.is_none() && self.differ == 0 && self.left == 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.skipped {
            return write!(f, "{:<28} skipped: {why}", self.scenario);
        }
        let held = if self.held() { "holds" } else { "DIFFERS" };
        let took = human(Duration::from_secs_f64(self.took_ms / 1e3));
        write!(
            f,
            "{:<28} {held}: {}, {}",
            self.scenario,
            count(self.steps, "step"),
            count(self.expectations, "expectation")
        )?;
        for (n, what) in [(self.differ, "differ"), (self.unseen, "not visible here")] {
            if n > 0 {
                write!(f, ", {n} {what}")?;
            }
        }
        if self.left > 0 {
            write!(f, ", {} left", count(self.left, "step"))?;
        }
        write!(f, ", {took}")?;
        if let Some(failed) = &self.failed {
            write!(f, "; {failed}")?;
        }
        self.verdict
            .map_or(Ok(()), |verdict| write!(f, "; the claim {verdict}"))
    }
}

/// `1 step`, `5 steps`.
pub fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The most characters of a file's contents, or of a program's input, that a step's line has.
const LONGEST_TEXT: usize = 24;

/// Returns a command with the files that it gives a program, and its input, in short: they stand in the scenario.
fn in_short(command: &str) -> Cow<'_, str> {
    let Ok(Command::End(side, EndCommand::Run(mut spec))) = parse(command, None) else {
        return Cow::Borrowed(command);
    };
    let shorten = |text: &mut String| {
        if text.chars().count() > LONGEST_TEXT {
            *text = text.chars().take(LONGEST_TEXT).chain("...".chars()).collect();
        }
    };
    spec.files.iter_mut().for_each(|(_, contents)| shorten(contents));
    spec.stdin.iter_mut().for_each(shorten);
    Cow::Owned(Command::End(side, EndCommand::Run(spec)).to_string())
}

impl fmt::Display for StepReport {
    /// The step's command and outcome, then each expectation that is more than that; differences with their place in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.held() { "ok" } else { "NO" };
        write!(f, "{mark} {:>3}  ", self.no)?;
        match (&self.command, &self.say) {
            (Some(command), _) => {
                write!(f, "{} = {}", in_short(command), self.observation.returned.words())?;
                // Another language's own words.
                if let Some(said) = &self.observation.said {
                    write!(f, "   {said}")?;
                }
            }
            (None, Some(say)) => write!(f, "\"{}\"", say.lines().next().unwrap_or_default())?,
            (None, None) => f.write_str("wait")?,
        }
        let others = self
            .checks
            .iter()
            .filter(|check| check.about != "returns" && check.held == Some(true));
        let others: Vec<String> = others
            .map(|check| format!("{}: {}", check.about, check.observed))
            .collect();
        if !others.is_empty() {
            write!(f, "\n        {}", others.join(", "))?;
        }
        let counters = self.observation.counters_shown();
        if !counters.is_empty() {
            write!(f, "\n        counters: {counters}")?;
        }
        for check in self.differences() {
            let (line, column) = (check.place.line, check.place.column);
            f.write_str("\n        ")?;
            // A path within the binary is no file's.
            match catalog::built_in(&self.path) {
                Some(name) => write!(
                    f,
                    "scenario {name} (built in), step {}, line {line} of finwait show {name}",
                    self.no
                )?,
                None => write!(f, "{}:{line}:{column}", self.path)?,
            }
            write!(
                f,
                ": {}: expected {}, observed {}",
                check.about, check.expected, check.observed
            )?;
        }
        if !self.held() {
            let seen = &self.observation;
            let own = seen.why.iter().map(|why| format!("\n        why: {why}"));
            let later = seen.later.iter().filter_map(|later| {
                let why = later.why.as_ref()?;
                Some(format!("\n        why {}'s {}: {why}", later.socket, later.call))
            });
            own.chain(later).try_for_each(|why| f.write_str(&why))?;
        }
        for claim in &self.claims {
            let held = match claim.held {
                Some(true) => "so it is",
                Some(false) => "it is not so",
                None => "not visible here",
            };
            write!(
                f,
                "\n        the article: {}: {}; observed {}: {held}",
                claim.about, claim.expected, claim.observed
            )?;
        }
        self.because
            .as_ref()
            .map_or(Ok(()), |because| write!(f, "\n        {because}"))
    }
}
