//! A scenario on the screen: a tour that the user clicks through, in a lab that is live all the while.

use std::sync::Arc;

use std::time::Duration;

use super::prediction::{Prediction, PredictionQuestion, RETURNS, questions};
use crate::call::{Call, SocketName};
use crate::clock::MonoTime;
use crate::command::spec::{Button, Verb};
use crate::command::wire::{Target, WireCommand};
use crate::command::{CallRequest, Command, EndCommand, Pick, table};
use crate::explain::EntryNo;
use crate::lab::event::LabRequest;
use crate::scenario::observation::CommandResult;
use crate::scenario::play::{Play, StepStatus};
use crate::scenario::record::Recorder;
use crate::scenario::report::StepReport;
use crate::scenario::{Scenario, Step};
use crate::session::lineup::LineupStatus;
use crate::session::transcript::{Entry, EntryKind};
use crate::session::{ProcessState, Session};
use crate::side::{Ends, Side};

/// The way in which the tour goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TourPace {
    /// The tour waits for the user.
    Stands,
    /// The tour goes on until so many steps are done.
    Until(usize),
}

/// The pause before a step from which on it may be the reason why something else came than was expected.
const LONG_PAUSE: Duration = Duration::from_secs(2);
/// The most events that are named of those that happened in a pause.
const NAMED: usize = 2;

/// A pause before a step that was not as expected: the user read, and the kernel's timers went on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The time between the step before and this one.
    pub lasted: Duration,
    /// The last of what happened meanwhile: changes of state, and calls that returned.
    pub meanwhile: Vec<String>,
}

/// The meaning that a command of the user's has for the tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TourPress {
    /// The next step: the tour does it.
    NextStep,
    /// Nothing: it does not change what the steps are about.
    Harmless,
    /// Something else: the user has left the tour's path.
    Leaves,
}

/// The state of the lab when a step was over.
#[derive(Debug)]
struct StepEnd {
    at: MonoTime,
    entry: EntryNo,
    /// The current sockets: the next step is about them, whatever the user looks at meanwhile.
    current: Ends<Option<SocketName>>,
}

/// A tour under way.
#[derive(Debug)]
pub struct Tour {
    play: Play,
    pace: TourPace,
    /// The steps that are over.
    pub done: Vec<StepReport>,
    /// The predictions, the oldest first.
    pub predictions: Vec<Prediction>,
    /// The command by which the user left the tour's path, as typed; none on the path.
    left: Option<String>,
    /// The pause that may be the reason why the last step was not as expected.
    pause: Option<Pause>,
    standing: Option<StepEnd>,
    /// The user has made other sockets current since.
    looked_elsewhere: bool,
    quiet: bool,
    /// The time at which to look again, if nothing happens before.
    look_at: Option<MonoTime>,
}

/// The time after which it is looked again whether programs are ready of which nothing is heard.
const LOOKS_AGAIN: Duration = Duration::from_secs(1);

impl Tour {
    /// Returns a tour that begins at the first step.
    pub fn new(scenario: Arc<Scenario>) -> Tour {
        Tour {
            play: Play::new(scenario),
            pace: TourPace::Stands,
            done: Vec::new(),
            predictions: Vec::new(),
            left: None,
            pause: None,
            standing: None,
            looked_elsewhere: false,
            quiet: false,
            look_at: None,
        }
    }

    /// Returns a tour from the first step on, in a fresh lab, as far as `steps`.
    pub fn again(&self, steps: usize) -> Tour {
        let mut predictions = self.predictions.clone();
        predictions.retain(|prediction| prediction.step < steps);
        Tour {
            pace: TourPace::Until(steps),
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

    /// The end that the next step is for; none where it is for the wire, or only waits.
    pub fn next_side(&self) -> Option<Side> {
        match self.step()?.action.as_ref()?.command {
            Command::End(side, _) => Some(side),
            Command::Wire(_) | Command::Screen(_) | Command::Write(_) => None,
        }
    }

    /// The button whose press is taken for the next step, and the end that it is for; none where no button is.
    pub fn button(&self, session: &Session) -> Option<(Option<Side>, &'static Button)> {
        let command = &self.step()?.action.as_ref()?.command;
        let (side, spec) = match command {
            Command::End(side, command) => (Some(*side), table::of_end(command)),
            Command::Wire(command) => (None, table::row(Verb::Wire(command.verb()))),
            Command::Screen(_) | Command::Write(_) => return None,
        };
        let presses = |button: &&Button| is_the_same(command, &(button.command)(side.unwrap_or(Side::Client)), session);
        Some((side, spec.buttons.iter().find(presses)?))
    }

    /// The number, from 0 on.
    pub const fn at(&self) -> usize {
        self.play.next()
    }

    /// Returns whether it goes on by itself just now.
    pub fn goes_on(&self) -> bool {
        self.play.is_under_way() || self.pace != TourPace::Stands
    }

    /// One step further.
    pub fn next(&mut self) {
        self.pace = TourPace::Until(self.at() + 1);
    }

    /// Goes on until so many steps are done.
    pub fn until(&mut self, steps: usize) {
        self.pace = TourPace::Until(steps);
    }

    /// Goes on to the end.
    pub fn to_the_end(&mut self) {
        self.pace = TourPace::Until(usize::MAX);
    }

    /// The lab said so, or something has happened.
    pub const fn hear(&mut self, quiet: bool) {
        self.quiet = quiet;
    }

    /// Returns when to look again, if nothing happens before.
    pub const fn look_at(&self) -> Option<MonoTime> {
        self.look_at
    }

    /// The questions about the next step, where it stands before it.
    pub fn questions(&self, session: &Session) -> Vec<PredictionQuestion> {
        let step = self.step().filter(|_| !self.goes_on() && self.left.is_none());
        let level = self.play.scenario().lesson.map(|lesson| lesson.level);
        step.map_or_else(Vec::new, |step| questions(step, session, level))
    }

    /// The command by which the user left the path; none on it.
    pub fn left(&self) -> Option<&str> {
        self.left.as_deref()
    }

    /// The pause that may be the reason why the last step was not as expected.
    pub const fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }

    /// Takes in what the user presses: the next step is done by the tour, what else changes the lab leaves its path.
    pub fn press(&mut self, command: &Command, session: &Session) -> TourPress {
        if self.left.is_some() || is_harmless(command, session) {
            self.looked_elsewhere |= matches!(command, Command::End(_, EndCommand::Use(_)));
            return TourPress::Harmless;
        }
        let first = self.at() + usize::from(self.play.is_under_way());
        let steps = &self.play.scenario().steps;
        let ahead = steps.get(first..).unwrap_or_default();
        // A story that is told has no path any more.
        if ahead.is_empty() {
            return TourPress::Harmless;
        }
        // What only waits may be skipped by a press: it waits before the next.
        let next = ahead.iter().position(|step| step.action.is_some());
        let fits = next.filter(|&next| {
            let action = ahead[next].action.as_ref();
            action.is_some_and(|action| is_the_same(&action.command, command, session))
        });
        match fits {
            Some(next) => {
                self.pace = TourPace::Until(first + next + 1);
                TourPress::NextStep
            }
            None => {
                self.pace = TourPace::Stands;
                self.left = Some(command.to_string());
                TourPress::Leaves
            }
        }
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
            answer: None,
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
                match &prediction.answer {
                    None => what,
                    Some(answer) if answer.right => format!("{what}: right"),
                    Some(_) => format!("{what}: wrong"),
                }
            })
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// Returns whether there is a prediction that the next step will answer.
    pub fn has_prediction(&self) -> bool {
        let step = self.at();
        self.predictions.iter().any(|prediction| prediction.step == step)
    }

    /// The predictions that the last step has answered.
    pub fn answered(&self) -> impl Iterator<Item = &Prediction> {
        let last = self.at().checked_sub(1);
        let of_it = move |prediction: &&Prediction| Some(prediction.step) == last && prediction.answer.is_some();
        self.predictions.iter().filter(of_it)
    }

    /// Returns the number of predictions that were right, and of those that are decided.
    pub fn score(&self) -> (usize, usize) {
        let decided = self
            .predictions
            .iter()
            .filter_map(|prediction| Some(prediction.answer.as_ref()?.right));
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
                let (root, since) = (self.play.root(), self.play.since());
                match self.play.judge(session, self.quiet, now) {
                    StepStatus::Wait(until) => {
                        self.look_at = Some(until);
                        return requests;
                    }
                    StepStatus::Over(report) => {
                        session.step_over(now);
                        for prediction in &mut self.predictions {
                            if prediction.step + 1 == report.no {
                                prediction.answer(&report, session, root, since.unwrap_or_default());
                            }
                        }
                        self.over(*report);
                        self.standing = Some(StepEnd {
                            at: now,
                            entry: session.transcript.last(),
                            current: current(session),
                        });
                    }
                }
            }
            let starting = |session: &Session| {
                let mut ends = session.ends.iter();
                ends.any(|(_, end)| matches!(end.process, ProcessState::Starting { .. }))
            };
            match self.pace {
                TourPace::Until(steps) if self.at() < steps && self.step().is_some() => {
                    // An endpoint that is not up yet takes no calls.
                    if starting(session) {
                        return requests;
                    }
                    // The programs that the run begins with come before its steps; of one that is late, that is seen then.
                    if session.lineup(now) == LineupStatus::Starting {
                        self.look_at = Some(now.plus(LOOKS_AGAIN));
                        return requests;
                    }
                    self.pause = self
                        .standing
                        .as_ref()
                        .and_then(|standing| standing.paused(session, now));
                    self.restore(session, recorder, now);
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
                TourPace::Until(_) | TourPace::Stands => {
                    self.pace = TourPace::Stands;
                    return requests;
                }
            }
        }
    }

    /// Makes the sockets current again that were so when the last step was over.
    fn restore(&mut self, session: &mut Session, recorder: &mut Recorder, now: MonoTime) {
        if !std::mem::take(&mut self.looked_elsewhere) {
            return;
        }
        let Some(standing) = &self.standing else { return };
        let moved = current(session);
        for side in Side::BOTH {
            let Some(before) = standing.current[side]
                .as_ref()
                .filter(|_| moved[side] != standing.current[side])
            else {
                continue;
            };
            let command = EndCommand::Use(Pick::Named(before.clone()));
            recorder.settle(session);
            let entry = session.transcript.last();
            if let Ok(issued) = session.command(side, &command, now) {
                recorder.issued(session, &Command::End(side, command), issued.root, entry);
            }
        }
    }

    fn over(&mut self, report: StepReport) {
        // A tour that goes on by itself stops where something else came than was expected.
        if report.held() {
            self.pause = None;
        } else {
            self.pace = TourPace::Stands;
        }
        self.done.push(report);
    }
}

impl StepEnd {
    /// The pause since then, if it was long.
    fn paused(&self, session: &Session, now: MonoTime) -> Option<Pause> {
        let lasted = now.since(self.at);
        (lasted >= LONG_PAUSE).then(|| {
            let told = session.transcript.since(self.entry).rev().filter_map(happened);
            let mut meanwhile: Vec<String> = told.take(NAMED).collect();
            meanwhile.reverse();
            Pause { lasted, meanwhile }
        })
    }
}

/// Returns an event in a few words, if it is a change of state or the end of a call.
fn happened(entry: &Entry) -> Option<String> {
    match &entry.what {
        EntryKind::State { .. } => entry.short_state(),
        EntryKind::Ended(call) => {
            let returned = match call.outcome() {
                Some(outcome) => CommandResult::Outcome(outcome.clone()).words(),
                None => call.brief(),
            };
            Some(format!("{} {} = {returned}", call.side(), call.name))
        }
        _ => None,
    }
}

fn current(session: &Session) -> Ends<Option<SocketName>> {
    Ends::from_fn(|side| session.ends[side].current().map(|socket| socket.name.clone()))
}

/// Does a command leave what the steps are about as it is? To choose another socket, which the next step undoes; and to let pass what
/// passes anyway.
fn is_harmless(command: &Command, session: &Session) -> bool {
    match command {
        Command::End(_, EndCommand::Use(_)) | Command::Screen(_) | Command::Write(_) => true,
        Command::End(..) => false,
        Command::Wire(WireCommand::Mode(choice)) => {
            let to = choice.meant(session.wire.mode, session.wire.slow);
            to == session.wire.mode || !to.is_step() && !session.wire.mode.is_step()
        }
        Command::Wire(_) => false,
    }
}

/// Is what was pressed the step's command? A plain button without arguments stands for the step's, whatever bytes that writes, reads or
/// connects to.
fn is_the_same(step: &Command, pressed: &Command, session: &Session) -> bool {
    match (step, pressed) {
        (Command::Wire(step), Command::Wire(pressed)) => {
            step == pressed || on_the_same_packet(step, pressed, session) || switches(step, pressed, session)
        }
        (Command::End(of, step), Command::End(side, pressed)) if of == side => match (step, pressed) {
            (EndCommand::Call { on, call }, EndCommand::Call { on: to, call: made }) => {
                let current = session.ends[*side].current().map(|socket| &socket.name);
                let same_socket =
                    on == to || to.is_none() && on.as_ref() == current || on.is_none() && to.as_ref() == current;
                same_socket && (call == made || stands_for(*side, pressed, made, call))
            }
            (EndCommand::Interrupt(id), EndCommand::Interrupt(other)) => {
                session.interrupted(*side, *id) == session.interrupted(*side, *other)
            }
            _ => step == pressed,
        },
        _ => false,
    }
}

/// Returns whether that is the plain button of the step's call, whose arguments are only how much, or what.
fn stands_for(side: Side, pressed: &EndCommand, made: &CallRequest, step: &CallRequest) -> bool {
    let plain = |call: &CallRequest| match call {
        CallRequest::Full(Call::Read { flags, .. }) => flags.is_empty(),
        CallRequest::Full(Call::Write { flags, .. }) => flags.is_empty(),
        CallRequest::Full(Call::Listen { .. }) | CallRequest::Connect { .. } => true,
        _ => false,
    };
    let button = table::of_end(pressed).buttons.first();
    let is_a_button = button.is_some_and(|button| (button.command)(side) == Command::End(side, pressed.clone()));
    is_a_button && made.kind() == step.kind() && plain(made) && plain(step)
}

/// Are both about the packet that is the oldest on the wire, and do the same with it?
fn on_the_same_packet(step: &WireCommand, pressed: &WireCommand, session: &Session) -> bool {
    let held = &session.wire.held;
    let one = |target: &Target| match target {
        Target::Next => session.next_held(),
        Target::One(no) => Some(*no),
        Target::All | Target::AllCopies if held.len() == 1 => held.keys().next().copied(),
        Target::All | Target::AllCopies => None,
    };
    let same = |a: &Target, b: &Target| one(a).is_some() && one(a) == one(b);
    match (step, pressed) {
        (WireCommand::Deliver(a), WireCommand::Deliver(b))
        | (WireCommand::Drop(a), WireCommand::Drop(b))
        | (WireCommand::Duplicate(a), WireCommand::Duplicate(b)) => same(a, b),
        _ => false,
    }
}

/// Do both end in the same mode, of which one names it and the other switches to the other one?
fn switches(step: &WireCommand, pressed: &WireCommand, session: &Session) -> bool {
    let to = |command: &WireCommand| match command {
        WireCommand::Mode(choice) => Some(choice.meant(session.wire.mode, session.wire.slow)),
        _ => None,
    };
    to(step).is_some() && to(step) == to(pressed)
}
