//! Predictions of a tour's next step: the questions, answers that are plausible, and what came of them.

use crate::call::{CallId, CallKind};
use crate::command::{Command, EndCommand};
use crate::explain::EntryNo;
use crate::explain::rules::{CallClass, RULES, Rule, RuleOutcome};
use crate::scenario::Step;
use crate::scenario::expect::{Expected, SocketRef};
use crate::scenario::lesson::Level;
use crate::scenario::observation::CommandResult;
use crate::scenario::report::StepReport;
use crate::scenario::returns::Returns;
use crate::session::Session;
use crate::session::edges::{EDGES, leaving};
use crate::session::transcript::{Entry, EntryKind};
use crate::side::Side;
use crate::state::State;

/// The subject of the check on a call's result.
pub const RETURNS: &str = "returns";
/// The number of answers to choose from.
const CHOICES: usize = 5;

/// A prediction of what a step will return or show, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The step, from 0 on.
    pub step: usize,
    /// The subject: [`RETURNS`], or as a check has it, `state of client`.
    pub about: String,
    /// The user's choice.
    pub picked: String,
    /// The answer to it; none while the step is not over.
    pub answer: Option<PredictionAnswer>,
}

/// The answer to a prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredictionAnswer {
    /// Whether it was so.
    pub right: bool,
    /// What was observed, in the words of the choices.
    pub observed: String,
    /// The reason, in a sentence.
    pub why: String,
    /// The call that it is about, whose rule there is more to say of.
    pub call: Option<CallId>,
    /// Its place in the log.
    pub entry: Option<EntryNo>,
}

/// A question about the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredictionQuestion {
    /// The subject: [`RETURNS`], or as a check has it, `state of client`.
    pub about: String,
    /// The answers to choose from, in an order that tells nothing.
    pub choices: Vec<String>,
}

/// The questions about a step that comes next: the result of its call, and the first state that it names. The answers to choose from
/// are what the rules allow for that call, in its socket's state now, and where the state diagram leads from there; for a beginner only
/// results that tell of the connection.
pub fn questions(step: &Step, session: &Session, level: Option<Level>) -> Vec<PredictionQuestion> {
    let mut questions = Vec::new();
    if let Some(Command::End(side, command @ EndCommand::Call { on, .. })) =
        step.action.as_ref().map(|action| &action.command)
        && let Some(kind) = command.kind()
    {
        let returns = step.expected.iter().find_map(|expected| match &expected.what {
            Expected::Returns(returns) => Some(returns),
            _ => None,
        });
        let right = outcome_label(kind, returns.unwrap_or(&Returns::Success));
        let end = &session.ends[*side];
        let socket = match on {
            Some(name) => Some(name),
            None => end.current().map(|socket| &socket.name),
        };
        let state = socket.and_then(|name| end.state_of(name)).unwrap_or(State::Close);
        let choices = outcomes(kind, state, &right, level);
        if choices.len() > 1 && returns != Some(&Returns::Any) {
            questions.push(PredictionQuestion {
                about: RETURNS.to_owned(),
                choices,
            });
        }
    }
    let named = step.expected.iter().find_map(|expected| match &expected.what {
        Expected::State(who, stands) => Some((who, stands.state?)),
        _ => None,
    });
    if let Some((who, right)) = named {
        questions.push(PredictionQuestion {
            about: format!("state of {who}"),
            choices: states(state_now(session, who), right),
        });
    }
    questions
}

/// The state of a socket as the session has it.
fn state_now(session: &Session, who: &SocketRef) -> State {
    let mut sides = Side::BOTH
        .into_iter()
        .filter(|side| who.side.is_none_or(|only| only == *side));
    let state = sides.find_map(|side| session.ends[side].state_of(&who.name));
    state.unwrap_or(State::Close)
}

/// The word of the choices for a result of that call.
fn outcome_label(kind: CallKind, returns: &Returns) -> String {
    match returns {
        Returns::Success | Returns::Ok | Returns::Bytes(_) | Returns::Read(_) | Returns::Wrote(_) => {
            success(kind).to_owned()
        }
        Returns::Any
        | Returns::Errno(_)
        | Returns::Blocked
        | Returns::Eof
        | Returns::DeadlineExceeded
        | Returns::Ready(_)
        | Returns::NoError
        | Returns::Value(_)
        | Returns::Library
        | Returns::Unsupported
        | Returns::Killed(_) => returns.to_string(),
    }
}

/// The word for a success of that call: a read of 0 bytes succeeds, too, and has a word of its own.
const fn success(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Read => "bytes",
        CallKind::SoError => "no error",
        _ => "ok",
    }
}

/// The events that `poll` may report.
const POLLED: [&str; 5] = ["not ready", "out", "in out", "in out rdhup", "in out rdhup err hup"];

/// The errors that tell of the connection; others tell of a descriptor, an argument, a limit, which a beginner has not heard of.
const FOR_BEGINNERS: [&str; 6] = [
    "EPIPE",
    "ECONNRESET",
    "ECONNREFUSED",
    "ETIMEDOUT",
    "ENOTCONN",
    "EADDRINUSE",
];

/// Is this choice the name of an error? `EOF` is none.
fn is_an_errno(choice: &str) -> bool {
    choice.starts_with('E') && choice != Returns::Eof.to_string()
}

/// The results that a call on a socket in that state may plausibly have, the right one among them.
fn outcomes(kind: CallKind, state: State, right: &str, level: Option<Level>) -> Vec<String> {
    if kind == CallKind::Poll {
        return choose(POLLED.map(str::to_owned).into_iter(), right);
    }
    if kind == CallKind::GetOption {
        return Vec::new();
    }
    let waits = matches!(
        kind,
        CallKind::Read | CallKind::Write | CallKind::Accept | CallKind::Connect
    );
    let of = |here: bool| {
        let mine = move |rule: &&Rule| CallClass::any_is(rule.calls, kind) && rule.states.contains(&state) == here;
        RULES.iter().filter(mine).map(|rule| match rule.gives {
            RuleOutcome::Errno(errno) => errno.name(),
            RuleOutcome::Eof => Returns::Eof.to_string(),
            RuleOutcome::Deadline => Returns::DeadlineExceeded.to_string(),
        })
    };
    let usual = [success(kind).to_owned()]
        .into_iter()
        .chain(waits.then(|| Returns::Blocked.to_string()));
    let known = |choice: &String| {
        level != Some(Level::Beginner) || !is_an_errno(choice) || FOR_BEGINNERS.contains(&choice.as_str())
    };
    choose(usual.chain(of(true)).chain(of(false)).filter(known), right)
}

/// The states that a socket may plausibly be in after a step, the right one among them: where it is, and where the diagram leads.
fn states(now: State, right: State) -> Vec<String> {
    let next = |from: State| leaving(from).map(|edge| EDGES[edge].to);
    let two_away = next(now).flat_map(next);
    let all = [now].into_iter().chain(next(now)).chain(two_away).chain(State::ALL);
    choose(all.map(|state| state.name().to_owned()), right.name())
}

/// The first of these and the right one, each once, by name: where the right one stands says nothing about it.
fn choose(plausible: impl Iterator<Item = String>, right: &str) -> Vec<String> {
    let mut choices = vec![right.to_owned()];
    for choice in plausible {
        if choices.len() == CHOICES {
            break;
        }
        if !choices.contains(&choice) {
            choices.push(choice);
        }
    }
    choices.sort();
    choices
}

/// The result of a step's command in the words of the choices.
fn observed_outcome(report: &StepReport) -> String {
    let result: &CommandResult = &report.observation.returned;
    match (Returns::of(result), report.call) {
        (Some(returns), Some(kind)) => outcome_label(kind, &returns),
        _ => result.words(),
    }
}

impl Prediction {
    /// Answers it by the report of its step, whose first call was `root` and whose first entry came after `since`.
    pub fn answer(&mut self, report: &StepReport, session: &Session, root: Option<CallId>, since: EntryNo) {
        self.answer = Some(match self.about.strip_prefix("state of ") {
            None => self.of_the_call(report, session, root, since),
            Some(who) => self.of_the_state(who, report, session, since),
        });
    }

    fn of_the_call(
        &self,
        report: &StepReport,
        session: &Session,
        root: Option<CallId>,
        since: EntryNo,
    ) -> PredictionAnswer {
        let observed = observed_outcome(report);
        let of_it = |entry: &&Entry| match &entry.what {
            EntryKind::Ended(call) => root.is_some() && session.root_of(call.call()) == root,
            EntryKind::Call { began, .. } => root.is_some() && session.root_of(began.call) == root,
            _ => false,
        };
        let last = session.transcript.since(since).rev().find(of_it);
        let ended = last.and_then(Entry::finished).map(crate::session::FinishedCall::call);
        let call = ended.or_else(|| Some(session.pending(root?)?.1.id)).or(root);
        let why = match &report.observation.why {
            Some(why) => why.clone(),
            None => match &report.observation.returned {
                CommandResult::Blocked => "It has not returned: why? says what it waits for.".into(),
                _ => "Nothing of it is known.".into(),
            },
        };
        PredictionAnswer {
            right: observed == self.picked,
            observed,
            why,
            call,
            entry: last.map(|entry| entry.no),
        }
    }

    fn of_the_state(&self, who: &str, report: &StepReport, session: &Session, since: EntryNo) -> PredictionAnswer {
        let check = report.checks.iter().find(|check| check.about == self.about);
        let observed = check.and_then(|check| check.observed.split_whitespace().next());
        let observed = observed.unwrap_or("none").to_owned();
        let name = who.rsplit(':').next().unwrap_or(who);
        let changed = session.transcript.since(since).rev().find(|entry| match &entry.what {
            EntryKind::State { socket, called, .. } => {
                let names = socket.iter().chain(called);
                names.into_iter().any(|known| known.to_string() == name)
            }
            _ => false,
        });
        let why = match changed.and_then(Entry::short_state) {
            Some(change) => format!("{change}."),
            None => format!("Nothing in this step changed the state of {who}."),
        };
        PredictionAnswer {
            right: observed == self.picked,
            observed,
            why,
            call: None,
            entry: changed.map(|entry| entry.no),
        }
    }
}
