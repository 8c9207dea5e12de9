//! One thing that a step should show, and whether it did.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

use super::bound::Bound;
use super::mistake::{Position, did_you_mean, quoted};
use super::observation::{CommandResult, Observation, SocketSnapshot};
use super::programs::ProgramRef;
use super::returns::Returns;
use super::segments::{Segments, listed};
use crate::call::{SocketName, SocketRole};
use crate::clock::human;
use crate::explain::counters::CounterMeaning;
use crate::lab::event::Death;
use crate::session::view::HeldBy;
use crate::side::Side;
use crate::state::State;

/// An expectation of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The place in the file.
    pub place: Position,
    /// The expected thing.
    pub what: Expected,
}

/// An expectation of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The result of its call.
    Returns(Returns),
    /// The result, during this step, of a call of an earlier one.
    Later(SocketRef, Returns),
    /// The state of a socket.
    State(SocketRef, SocketExpectation),
    /// The states of what nobody has accepted.
    Queued(Vec<State>),
    /// A queue of a socket.
    Queue(SocketRef, Queue, Bound),
    /// The segments on the wire.
    Segments(Segments),
    /// The distance that a counter of an end's kernel moved.
    Counter(Side, &'static CounterMeaning, Bound),
    /// The time that a connect into silence takes with this machine's settings is about so long.
    SynPatience(Duration),
    /// The end of a program.
    Exits(ProgramRef, Death),
    /// A line that a program writes in the step, or has written so far where the step waits for something: this text, or more.
    Says(ProgramRef, String),
    /// Go's words on the step's call, or on a blocked one that returned in it: these words, or more.
    Go(String),
}

/// A socket, by its name, and by its end where both have one of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketRef {
    /// The end, when the file says so.
    pub side: Option<Side>,
    /// The name.
    pub name: SocketName,
}

/// The expected condition of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketExpectation {
    /// The state; none: the kernel does not know it any more.
    pub state: Option<State>,
    /// The expected holder, when the file says so.
    pub held: Option<HeldBy>,
}

/// The queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Bytes to be read, or connections to be accepted.
    Rx,
    /// Bytes that are not acknowledged.
    Tx,
}

impl Queue {
    /// Both.
    pub const ALL: [Queue; 2] = [Queue::Rx, Queue::Tx];

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Queue::Rx => "rx",
            Queue::Tx => "tx",
        }
    }

    /// Returns the length of the queue, in bytes.
    const fn of(self, snapshot: &SocketSnapshot) -> u32 {
        match self {
            Queue::Rx => snapshot.rx,
            Queue::Tx => snapshot.tx,
        }
    }
}

/// The holders that a file can ask for.
const HOLDERS: [(&str, HeldBy); 3] = [
    ("open", HeldBy::Open),
    ("orphan", HeldBy::Orphan),
    ("shared", HeldBy::Shared),
];
const NONE: &str = "none";

impl SocketRef {
    /// Reads `client`, `server2`, `client:listener`.
    ///
    /// # Errors
    ///
    /// The text is no socket's name: one sentence.
    pub fn parse(text: &str) -> Result<SocketRef, String> {
        let (side, name) = match text.split_once(':') {
            None => (None, text),
            Some((side, name)) => {
                let known = Side::BOTH.into_iter().find(|known| known.name() == side);
                let known = known.ok_or_else(|| {
                    format!(
                        "before the colon comes client or server, not {side}",
                        side = quoted(side)
                    )
                })?;
                (Some(known), name)
            }
        };
        match SocketName::new(name).filter(|name| name.id().is_some()) {
            Some(name) => Ok(SocketRef { side, name }),
            None => Err(format!(
                "no socket is ever called {name}: they are client, server, listener, then client2, ..., and client-dup{}",
                did_you_mean(name, &["client", "server", "listener", "queued"]),
                name = quoted(name)
            )),
        }
    }

    /// The ends to look at, the likelier first.
    pub(super) fn sides(&self) -> impl Iterator<Item = Side> + use<> {
        let first = match self.side {
            Some(side) => side,
            None => match self.name.id().map(|id| id.connection.role) {
                Some(SocketRole::Client) => Side::Client,
                Some(SocketRole::Server | SocketRole::Listener) | None => Side::Server,
            },
        };
        let second = self.side.is_none().then(|| first.other());
        [first].into_iter().chain(second)
    }

    /// The socket as it was; none when there is none of that name.
    pub fn find<'a>(&self, seen: &'a Observation) -> Option<&'a SocketSnapshot> {
        let named = |side: Side| {
            let mut snapshot = seen.sockets[side].iter();
            snapshot.find(|snapshot| snapshot.name.as_ref() == Some(&self.name))
        };
        self.sides().find_map(named)
    }

    /// The fate of the oldest call of an earlier step on that socket; none when there is none.
    fn later<'a>(&self, seen: &'a Observation) -> Option<&'a CommandResult> {
        let of = |side: Side| {
            let mut calls = seen.later.iter().filter(move |call| call.side == side);
            calls.find(|call| call.socket == self.name).map(|call| &call.returned)
        };
        self.sides().find_map(of)
    }
}

impl fmt::Display for SocketRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.side.map_or(Ok(()), |side| write!(f, "{side}:"))?;
        write!(f, "{}", self.name)
    }
}

/// Reads a state's name; the error is one sentence.
fn state(name: &str) -> Result<State, String> {
    let named = State::ALL.into_iter().find(|state| state.name() == name);
    named.ok_or_else(|| {
        let mut names = State::ALL.map(State::name).to_vec();
        names.push(NONE);
        let near = did_you_mean(&name.to_uppercase().replace('-', "_"), &names);
        let all = if near.is_empty() {
            format!("; there are {}", names.join(", "))
        } else {
            near
        };
        format!("{name} is not a state{all}", name = quoted(name))
    })
}

/// Reads states of a queue, in any order: `ESTABLISHED SYN_RECV`, or `none`.
///
/// # Errors
///
/// The character where it is wrong, from 0 on, and one sentence.
pub fn queued(text: &str) -> Result<Vec<State>, (usize, String)> {
    if text.trim() == NONE {
        return Ok(Vec::new());
    }
    let mut states = Vec::new();
    for word in text.split_whitespace() {
        let at = text[..text.find(word).unwrap_or(0)].chars().count();
        states.push(state(word).map_err(|why| (at, why))?);
    }
    if states.is_empty() {
        return Err((0, "queued is none, or states like ESTABLISHED SYN_RECV".into()));
    }
    states.sort();
    Ok(states)
}

impl SocketExpectation {
    /// Reads `FIN_WAIT2`, `FIN_WAIT2 orphan`, `none`.
    ///
    /// # Errors
    ///
    /// The character where it is wrong, from 0 on, and one sentence.
    pub fn parse(text: &str) -> Result<SocketExpectation, (usize, String)> {
        let mut words = text.split_whitespace();
        let first = words.next().unwrap_or("");
        let state = match first {
            NONE => None,
            name => Some(state(name).map_err(|why| (0, why))?),
        };
        let at = |word: &str| text[..text.rfind(word).unwrap_or(0)].chars().count();
        let held = match words.next() {
            None => None,
            Some(word) => {
                let known = HOLDERS.into_iter().find(|(name, _)| *name == word && state.is_some());
                let names = HOLDERS.map(|(name, _)| name);
                let (_, held) = known.ok_or_else(|| {
                    let near = did_you_mean(word, &names);
                    (
                        at(word),
                        format!(
                            "after a state can come {}, not {word}{near}",
                            names.join(", "),
                            word = quoted(word)
                        ),
                    )
                })?;
                Some(held)
            }
        };
        match words.next() {
            None => Ok(SocketExpectation { state, held }),
            Some(word) => Err((
                at(word),
                format!(
                    "{word} is one word too many: a state, and who holds the socket",
                    word = quoted(word)
                ),
            )),
        }
    }

    fn of(snapshot: Option<&SocketSnapshot>) -> SocketExpectation {
        SocketExpectation {
            state: snapshot.and_then(|snapshot| snapshot.state),
            held: snapshot.and_then(|snapshot| Some(snapshot.held).filter(|_| snapshot.state.is_some())),
        }
    }

    fn holds(self, got: SocketExpectation) -> bool {
        got.state == self.state && (self.held.is_none() || got.held == self.held)
    }

    fn opposite(self) -> SocketExpectation {
        let state = match self.state {
            Some(State::Closing) => State::LastAck,
            _ => State::Closing,
        };
        SocketExpectation {
            state: Some(state),
            held: None,
        }
    }
}

impl fmt::Display for SocketExpectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.state.map_or(NONE, State::name))?;
        let holder = HOLDERS.iter().find(|(_, held)| Some(*held) == self.held);
        holder.map_or(Ok(()), |(name, _)| write!(f, " {name}"))
    }
}

/// The result of one expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The place of the expectation in the file.
    #[serde(flatten)]
    pub place: Position,
    /// The subject: `returns`, `state of client`.
    pub about: String,
    /// The expectation, in the file's words.
    pub expected: String,
    /// The observation, in the same.
    pub observed: String,
    /// Whether it was so. None where it cannot be seen: the loopback lab has no wire.
    pub held: Option<bool>,
}

impl Expectation {
    /// Returns whether it is so. None where that cannot be seen: the loopback lab has no wire, raw calls have no words.
    pub fn holds(&self, seen: &Observation) -> Option<bool> {
        match &self.what {
            Expected::Returns(returns) => Some(returns.holds(&seen.returned)),
            Expected::Later(who, returns) => Some(who.later(seen).is_some_and(|got| returns.holds(got))),
            Expected::State(who, stands) => Some(stands.holds(SocketExpectation::of(who.find(seen)))),
            Expected::Queued(states) => Some(queued_in(seen) == *states),
            Expected::Queue(who, way, bound) => {
                let snapshot = who.find(seen);
                Some(snapshot.is_some_and(|snapshot| bound.holds(i64::from(way.of(snapshot)))))
            }
            Expected::Segments(segments) => seen.segments.as_deref().map(|got| segments.holds(got)),
            Expected::Counter(side, counter, bound) => seen.counted(*side, counter).map(|by| bound.holds(by)),
            Expected::SynPatience(wanted) => seen.syn_patience.map(|patience| patience.is_about(*wanted)),
            Expected::Exits(who, how) => Some(who.exited(seen) == Some(*how)),
            Expected::Says(who, text) => Some(who.has_said(seen, text)),
            Expected::Go(words) => {
                let mut said = seen.words().peekable();
                said.peek().is_some().then(|| said.any(|said| said.contains(words)))
            }
        }
    }

    /// Holds it against what was observed.
    pub fn check(&self, seen: &Observation) -> Check {
        let (about, expected, observed) = match &self.what {
            Expected::Returns(returns) => ("returns".into(), returns.to_string(), seen.returned.words()),
            Expected::Later(who, returns) => (
                format!("later, {who}"),
                returns.to_string(),
                who.later(seen)
                    .map_or_else(|| "no call of an earlier step was blocked".into(), CommandResult::words),
            ),
            Expected::State(who, stands) => {
                let got = SocketExpectation::of(who.find(seen));
                let shown = SocketExpectation {
                    // Its holder is reported where it is asked for, or no surprise.
                    held: got.held.filter(|held| stands.held.is_some() || *held == HeldBy::Orphan),
                    ..got
                };
                (format!("state of {who}"), stands.to_string(), shown.to_string())
            }
            Expected::Queued(states) => ("queued".into(), states_of(states), states_of(&queued_in(seen))),
            Expected::Queue(who, way, bound) => (
                format!("{} of {who}", way.name()),
                bound.to_string(),
                who.find(seen)
                    .map_or_else(|| "no such socket".into(), |snapshot| way.of(snapshot).to_string()),
            ),
            Expected::Segments(segments) => (
                "segments".into(),
                segments.to_string(),
                seen.segments.as_deref().map_or_else(
                    || "not seen: there is no wire".into(),
                    |got| listed(&segments.counted(got).map(ToString::to_string).collect::<Vec<_>>()),
                ),
            ),
            Expected::Counter(side, counter, bound) => (
                format!("{} of {side}", counter.shown()),
                bound.to_string(),
                seen.counted(*side, counter).map_or_else(
                    || "not seen: the loopback lab has the machine's counters, which other programs move, too".into(),
                    |by| by.to_string(),
                ),
            ),
            Expected::SynPatience(wanted) => (
                "gives up after".into(),
                format!("about {}", human(*wanted)),
                seen.syn_patience
                    .map_or_else(|| "procfs does not say".into(), |patience| patience.to_string()),
            ),
            Expected::Exits(who, how) => (format!("exit of {who}"), how.to_string(), who.words(seen)),
            Expected::Says(who, text) => (format!("line of {who}"), text.clone(), who.lines(seen)),
            Expected::Go(words) => ("go".into(), words.clone(), seen.words().collect::<Vec<_>>().join("; ")),
        };
        Check {
            place: self.place,
            about,
            expected,
            observed,
            held: self.holds(seen),
        }
    }

    /// Returns whether it cannot come true any more, whatever is still to happen in this step.
    pub fn is_lost(&self, seen: &Observation) -> bool {
        match &self.what {
            Expected::Returns(returns) => {
                let waits = seen.returned == CommandResult::Blocked && *returns != Returns::Blocked;
                !waits && !returns.holds(&seen.returned)
            }
            Expected::Later(who, returns) => who
                .later(seen)
                .is_none_or(|got| *got != CommandResult::Blocked && !returns.holds(got)),
            // A name stays with its socket, also when that was closed and is gone; but a blocked call is waited for.
            Expected::State(who, stands) => {
                let gone = |snapshot: &SocketSnapshot| snapshot.held == HeldBy::Closed && snapshot.state.is_none();
                stands.state.is_some() && !seen.is_blocked() && who.find(seen).is_some_and(gone)
            }
            Expected::Segments(segments) => seen.segments.as_deref().is_some_and(|got| segments.is_lost(got)),
            // It only grows.
            Expected::Counter(side, counter, bound) => {
                seen.counted(*side, counter).is_some_and(|by| bound.is_passed(by))
            }
            // The machine's settings are what they are.
            Expected::SynPatience(_) => self.holds(seen) == Some(false),
            Expected::Exits(who, how) => match who.exited(seen) {
                Some(got) => got != *how && who.are_over(seen),
                None => who.are_over(seen),
            },
            Expected::Says(who, _) => who.are_over(seen) && self.holds(seen) == Some(false),
            // Words come with the end of a call.
            Expected::Go(_) => !seen.is_blocked() && self.holds(seen) == Some(false),
            Expected::Queued(_) | Expected::Queue(..) => false,
        }
    }

    /// Expectations of which none holds of anything that this one holds of: what a test of the runner asks for.
    pub fn opposites(&self) -> Vec<Expectation> {
        let what = match &self.what {
            Expected::Returns(returns) => vec![Expected::Returns(returns.opposite())],
            Expected::Later(who, returns) => vec![Expected::Later(who.clone(), returns.opposite())],
            Expected::State(who, stands) => vec![Expected::State(who.clone(), stands.opposite())],
            Expected::Queued(states) => {
                let mut more = states.clone();
                more.push(State::Closing);
                vec![Expected::Queued(more)]
            }
            Expected::Queue(who, way, bound) => vec![Expected::Queue(who.clone(), *way, bound.opposite())],
            Expected::Segments(segments) => segments.opposites().into_iter().map(Expected::Segments).collect(),
            Expected::Counter(side, counter, bound) => vec![Expected::Counter(*side, counter, bound.opposite())],
            Expected::SynPatience(wanted) => vec![Expected::SynPatience(*wanted * 2)],
            Expected::Exits(who, Death::Exited(status)) => {
                vec![Expected::Exits(who.clone(), Death::Exited((status + 1) % 256))]
            }
            Expected::Exits(who, Death::Signal(_)) => vec![Expected::Exits(who.clone(), Death::Exited(0))],
            Expected::Says(who, text) => vec![Expected::Says(who.clone(), format!("not {text}"))],
            Expected::Go(words) => vec![Expected::Go(format!("not {words}"))],
        };
        let place = self.place;
        what.into_iter().map(|what| Expectation { place, what }).collect()
    }
}

/// The states of what nobody has accepted, at either end.
fn queued_in(seen: &Observation) -> Vec<State> {
    let all = seen.sockets.iter().flat_map(|(_, snapshot)| snapshot);
    let queued = all.filter(|snapshot| snapshot.held == HeldBy::Queued);
    let mut states: Vec<State> = queued.filter_map(|snapshot| snapshot.state).collect();
    states.sort();
    states
}

fn states_of(states: &[State]) -> String {
    match states {
        [] => NONE.into(),
        states => states.iter().map(|state| state.name()).collect::<Vec<_>>().join(" "),
    }
}
