//! A scenario on the screen: a tour that the user clicks through, in a lab that is live all the while.

use std::sync::Arc;

use crate::clock::MonoTime;
use crate::command::{Command, EndCommand};
use crate::lab::event::LabRequest;
use crate::scenario::expect::Expected;
use crate::scenario::play::{Play, StepStatus};
use crate::scenario::record::Recorder;
use crate::scenario::report::StepReport;
use crate::scenario::returns::Returns;
use crate::scenario::{Scenario, Step};
use crate::session::{ProcessState, Session};

/// The way in which the tour goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// The tour waits for the user.
    Stands,
    /// The tour goes on until so many steps are done.
    Until(usize),
}

/// A prediction of what a step will return or show, and whether it was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The step, from 0 on.
    pub step: usize,
    /// The subject: [`RETURNS`], or as a check has it, `state of client`.
    pub about: String,
    /// The user's choice.
    pub picked: String,
    /// Was it so? None while the step is not over.
    pub right: Option<bool>,
}

/// The subject of the check on a call's result.
pub const RETURNS: &str = "returns";

/// A tour under way.
#[derive(Debug)]
pub struct Tour {
    play: Play,
    pace: Pace,
    /// The steps that are over.
    pub done: Vec<StepReport>,
    /// The predictions, the oldest first.
    pub predictions: Vec<Prediction>,
    quiet: bool,
    /// The time at which to look again, if nothing happens before.
    look_at: Option<MonoTime>,
}

impl Tour {
    /// Returns a tour that begins at the first step.
    pub fn new(scenario: Arc<Scenario>) -> Tour {
        Tour {
            play: Play::new(scenario),
            pace: Pace::Stands,
            done: Vec::new(),
            predictions: Vec::new(),
            quiet: false,
            look_at: None,
        }
    }

    /// Returns a tour from the first step on, in a fresh lab, as far as `steps`.
    pub fn again(&self, steps: usize) -> Tour {
        let mut predictions = self.predictions.clone();
        predictions.retain(|prediction| prediction.step < steps);
        Tour {
            pace: Pace::Until(steps),
            predictions,
            ..Tour::new(self.scenario())
        }
    }

    /// The scenario that is shown.
    pub fn scenario(&self) -> Arc<Scenario> {
        self.play.shared()
    }

    /// The step that comes next, or is under way.
    pub fn step(&self) -> Option<&Step> {
        self.play.scenario().steps.get(self.play.next())
    }

    /// The number, from 0 on.
    pub const fn at(&self) -> usize {
        self.play.next()
    }

    /// Does it go on by itself just now?
    pub fn goes_on(&self) -> bool {
        self.play.is_under_way() || self.pace != Pace::Stands
    }

    /// One step further.
    pub fn next(&mut self) {
        self.pace = Pace::Until(self.at() + 1);
    }

    /// Goes on to the end.
    pub fn to_the_end(&mut self) {
        self.pace = Pace::Until(usize::MAX);
    }

    /// The lab said so, or something has happened.
    pub const fn hear(&mut self, quiet: bool) {
        self.quiet = quiet;
    }

    /// Returns when to look again, if nothing happens before.
    pub const fn look_at(&self) -> Option<MonoTime> {
        self.look_at
    }

    /// The subjects that can be predicted of the next step, with what is expected: the outcome of its call, and the first state that it
    /// names.
    pub fn expects(&self) -> Vec<(String, String)> {
        let Some(step) = self.step() else { return Vec::new() };
        let command = step.action.as_ref().map(|action| &action.command);
        let makes_a_call = matches!(command, Some(Command::End(_, EndCommand::Call { .. })));
        let returns = step.expected.iter().find_map(|expected| match &expected.what {
            Expected::Returns(Returns::Success) => None,
            Expected::Returns(returns) => Some(returns.to_string()),
            _ => None,
        });
        let outcome = makes_a_call.then(|| (RETURNS.to_owned(), returns.unwrap_or_else(|| "ok".into())));
        let state = step.expected.iter().find_map(|expected| match &expected.what {
            Expected::State(who, stands) => Some((format!("state of {who}"), stands.state?.name().to_owned())),
            _ => None,
        });
        outcome.into_iter().chain(state).collect()
    }

    /// The user's prediction of the next step.
    pub fn predict(&mut self, about: String, picked: String) {
        let step = self.at();
        self.predictions
            .retain(|prediction| prediction.step != step || prediction.about != about);
        self.predictions.push(Prediction {
            step,
            about,
            picked,
            right: None,
        });
    }

    /// The prediction for a step, in a few words; none when nothing was.
    pub fn predicted(&self, step: usize) -> Option<String> {
        let of = self.predictions.iter().filter(|prediction| prediction.step == step);
        let words: Vec<String> = of
            .map(|prediction| {
                let what = match prediction.about.trim_start_matches("state of ") {
                    RETURNS => prediction.picked.clone(),
                    socket => format!("{socket} {}", prediction.picked),
                };
                match prediction.right {
                    None => what,
                    Some(true) => format!("{what}: right"),
                    Some(false) => format!("{what}: wrong"),
                }
            })
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// Returns the number of predictions that were right, and of those that are decided.
    pub fn score(&self) -> (usize, usize) {
        let decided = self.predictions.iter().filter_map(|prediction| prediction.right);
        decided.fold((0, 0), |(right, all), is_right| {
            (right + usize::from(is_right), all + 1)
        })
    }

    /// Goes on as far as it can at `now`; what it asks of the lab. What it does is recorded like what the user does.
    pub fn go_on(&mut self, session: &mut Session, recorder: &mut Recorder, now: MonoTime) -> Vec<LabRequest> {
        self.look_at = None;
        let mut requests = Vec::new();
        loop {
            if self.play.is_under_way() {
                match self.play.judge(session, self.quiet, now) {
                    StepStatus::Wait(until) => {
                        self.look_at = Some(until);
                        return requests;
                    }
                    StepStatus::Over(report) => {
                        session.step_over(now);
                        self.over(*report);
                    }
                }
            }
            let starting = |session: &Session| {
                let mut ends = session.ends.iter();
                ends.any(|(_, end)| matches!(end.process, ProcessState::Starting { .. }))
            };
            match self.pace {
                Pace::Until(steps) if self.at() < steps && self.step().is_some() => {
                    // An endpoint that is not up yet takes no calls.
                    if starting(session) {
                        return requests;
                    }
                    recorder.settle(session);
                    let before = session.transcript.last();
                    let command = self.step().and_then(|step| Some(step.action.as_ref()?.command.clone()));
                    let asked = self.play.begin(session, now);
                    if let Some(command) = command {
                        recorder.issued(session, &command, self.play.root(), before);
                    }
                    self.quiet = asked.is_empty();
                    requests.extend(asked);
                }
                Pace::Until(_) | Pace::Stands => {
                    self.pace = Pace::Stands;
                    return requests;
                }
            }
        }
    }

    fn over(&mut self, report: StepReport) {
        let step = report.no - 1;
        let returned = report.observation.returned.words();
        for prediction in &mut self.predictions {
            if prediction.step != step {
                continue;
            }
            let observed = match prediction.about.as_str() {
                RETURNS => Some(returned.as_str()),
                about => {
                    let check = report.checks.iter().find(|check| check.about == about);
                    check.and_then(|check| check.observed.split_whitespace().next())
                }
            };
            prediction.right = Some(observed == Some(prediction.picked.as_str()));
        }
        // A tour that goes on by itself stops where something else came than was expected.
        if !report.held() {
            self.pace = Pace::Stands;
        }
        self.done.push(report);
    }
}
