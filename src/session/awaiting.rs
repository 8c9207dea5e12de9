//! Waiting for something that a host, or a program on it, does: whether it is so, and whether it can still come.

use std::cell::Cell;
use std::time::Duration;

use super::programs::{Program, ProgramState, contains};
use super::progress::CommandResult;
use super::transcript::EntryKind;
use super::{CommandError, Session};
use crate::call::SocketName;
use crate::clock::{MonoTime, human};
use crate::command::programs::{AwaitRequest, AwaitedEvent};
use crate::explain::EntryNo;
use crate::host::Port;
use crate::lab::event::{PacketRecord, ProgramNews};
use crate::program::ProgramNo;
use crate::side::Side;
use crate::socket_table::Tuple;
use crate::state::State;
use crate::wire::segment::Packet;

/// The time that is waited where nothing is said.
pub const WITHIN: Duration = Duration::from_secs(5);

/// The time after which what a call has changed has been told.
const TOLD: Duration = Duration::from_millis(300);

/// The most sockets that are named with what they are in.
const SHOWN: usize = 3;

/// A wait under way.
#[derive(Clone, Debug)]
pub struct Wait {
    side: Side,
    what: AwaitedEvent,
    /// The program that is meant; none where any of the host's may be.
    program: Option<ProgramNo>,
    began: MonoTime,
    until: MonoTime,
    /// The last entry that was looked at, and whether it has come by then: what is over again at once has been, too, also where that was
    /// before the wait began, but after the last command that did something.
    looked: Cell<EntryNo>,
    seen: Cell<bool>,
}

impl Session {
    /// Returns a wait that begins at `now`.
    ///
    /// # Errors
    ///
    /// The program is not there: one sentence.
    pub fn wait_for(&self, side: Side, request: &AwaitRequest, now: MonoTime) -> Result<Wait, CommandError> {
        let named = match &request.what {
            AwaitedEvent::State { .. } => None,
            AwaitedEvent::Exit(name) => Some(self.programs.meant(side, name.as_ref(), |_| true)?),
            AwaitedEvent::Output { by: Some(name), .. } => Some(self.programs.meant(side, Some(name), |_| true)?),
            AwaitedEvent::Output { by: None, .. } => {
                self.programs.meant(side, None, |_| true)?;
                None
            }
        };
        let within = request.within.map_or(WITHIN, Duration::from);
        Ok(Wait {
            side,
            what: request.what.clone(),
            program: named.map(|program| program.no),
            began: now,
            until: now.plus(within),
            looked: Cell::new(self.last_command),
            seen: Cell::new(false),
        })
    }
}

impl Wait {
    /// Returns since when it waits.
    pub const fn began(&self) -> MonoTime {
        self.began
    }

    /// Returns until when it waits.
    pub const fn until(&self) -> MonoTime {
        self.until
    }

    /// Has it wait until then at least.
    pub fn at_least(&mut self, until: MonoTime) {
        self.until = self.until.max(until);
    }

    /// The program whose end it waits for.
    pub const fn exit_of(&self) -> Option<ProgramNo> {
        match self.what {
            AwaitedEvent::Exit(_) => self.program,
            _ => None,
        }
    }

    /// Returns what came of it as of `now`; none while that is open.
    pub fn result(&self, session: &Session, now: MonoTime) -> Option<CommandResult> {
        if self.is_so(session) {
            return Some(CommandResult::Done);
        }
        if let Some(why) = self.is_lost(session, now) {
            return Some(CommandResult::NotDone(why));
        }
        (now >= self.until).then(|| CommandResult::NotDone(self.too_late(session)))
    }

    fn is_so(&self, session: &Session) -> bool {
        let so = self.seen.get() || self.is_so_now(session) || self.has_come(session);
        self.seen.set(so);
        so
    }

    fn is_so_now(&self, session: &Session) -> bool {
        let end = &session.ends[self.side];
        match &self.what {
            AwaitedEvent::State {
                state: State::Close,
                on: Some(on),
                ..
            } => match end.socket(on) {
                Some(_) => end.state_of(on).is_none(),
                None => end.names.has_forgotten(on),
            },
            AwaitedEvent::State { state, port, on } => {
                let named = on
                    .as_ref()
                    .map(|on| end.socket(on).and_then(|socket| end.place(socket)));
                let rows = end.table.rows().iter().enumerate();
                let mut rows = rows.filter(|(place, _)| named.is_none_or(|named| named == Some(*place)));
                rows.any(|(_, observed)| {
                    let row = &observed.row;
                    row.state == *state && is_at(&row.tuple, *port) && is_reached(&row.tuple)
                })
            }
            AwaitedEvent::Exit(_) => self.candidates(session).any(|program| program.exited().is_some()),
            AwaitedEvent::Output { text, .. } => self.candidates(session).any(|program| program.has_said(text)),
        }
    }

    /// Returns whether it is among what has happened since it was looked for last.
    fn has_come(&self, session: &Session) -> bool {
        let mut since = session.transcript.since(self.looked.get());
        let come = since.any(|entry| match (&self.what, &entry.what) {
            (AwaitedEvent::State { state, port, on }, EntryKind::State { change, socket, called }) => {
                let is_named = |on| socket.as_ref() == Some(on) || called.as_ref() == Some(on);
                change.side == self.side
                    && change.to == *state
                    && is_at(&change.tuple, *port)
                    && is_reached(&change.tuple)
                    && on.as_ref().is_none_or(is_named)
            }
            (AwaitedEvent::Output { text, .. }, EntryKind::Program(entry)) => match &entry.event.what {
                ProgramNews::Output { line, .. } => {
                    entry.event.side == self.side
                        && self.program.is_none_or(|program| program == entry.event.program)
                        && contains(line, text)
                }
                _ => false,
            },
            _ => false,
        });
        drop(since);
        self.looked.set(session.transcript.last());
        come
    }

    /// The programs that may do it.
    fn candidates<'a>(&self, session: &'a Session) -> impl DoubleEndedIterator<Item = &'a Program> + use<'a> {
        let (side, program) = (self.side, self.program);
        session
            .programs
            .of(side)
            .filter(move |candidate| program.is_none_or(|program| program == candidate.no))
    }

    /// Returns whether it can come no more. Why, in one sentence.
    fn is_lost(&self, session: &Session, now: MonoTime) -> Option<String> {
        let last = self.candidates(session).next_back();
        match &self.what {
            AwaitedEvent::Exit(_) => {
                let program = last.filter(|program| matches!(program.state, ProgramState::NotStarted(_)))?;
                Some(program.summary())
            }
            AwaitedEvent::Output { text, .. } => {
                let gone = self.candidates(session).all(|program| !program.is_alive());
                let last = last.filter(|_| gone)?;
                Some(format!("no program writes \"{text}\" any more: {}", last.summary()))
            }
            AwaitedEvent::State {
                state: State::Listen, ..
            } => {
                let gone = self.candidates(session).all(|program| !program.is_alive());
                let last = last.filter(|_| gone && session.ends[self.side].pending.is_empty())?;
                Some(format!("{} any more: {}", self.nothing(), last.summary()))
            }
            AwaitedEvent::State { state: awaited, .. } => {
                // What neither a program nor a call nor a segment can lead to.
                let rests = now.since(self.began) >= TOLD
                    && !session.programs.run()
                    && session.wire.held.is_empty()
                    && session.ends.iter().all(|(_, end)| {
                        let mut rows = end.table.rows().iter().map(|observed| observed.row.state);
                        let stays = |state| match state {
                            State::Listen => true,
                            State::TimeWait => *awaited != State::Close,
                            _ => false,
                        };
                        end.pending.is_empty() && rows.all(stays)
                    });
                let last = session.programs.newest();
                let beside = last.map_or_else(String::new, |program| format!("; {}", program.summary()));
                rests.then(|| format!("{} any more{}{beside}", self.nothing(), self.beside(session)))
            }
        }
    }

    /// `nothing on the server's host is in LISTEN at port 8080`
    fn nothing(&self) -> String {
        let AwaitedEvent::State { state, port, on } = &self.what else {
            return String::new();
        };
        let who = match on {
            Some(on) => format!("{on} is not in {state}"),
            None => match state {
                State::Listen => format!("nothing on the {}'s host listens", self.side),
                state => format!("no socket of the {}'s host is in {state}", self.side),
            },
        };
        port.map_or(who.clone(), |port| format!("{who} at port {port}"))
    }

    /// The sentence after the time is up.
    fn too_late(&self, session: &Session) -> String {
        let waited = human(self.until.since(self.began));
        let last = self.candidates(session).next_back();
        let beside = last.map_or_else(String::new, |program| format!("; {}", program.summary()));
        match &self.what {
            AwaitedEvent::State { state, port, .. } => {
                let inside = (*state == State::Listen)
                    .then(|| self.listens_inside(session, *port))
                    .flatten();
                let inside = inside.map_or_else(String::new, |at| {
                    format!("; what listens at {at} is not reached from the other host")
                });
                format!(
                    "{} after {waited}{inside}{}{beside}",
                    self.nothing(),
                    self.beside(session)
                )
            }
            AwaitedEvent::Exit(_) => match last {
                Some(program) => {
                    let (name, words) = (&program.name, program.words());
                    format!(
                        "{name} has not ended after {waited}: it {words}{}",
                        held_by_a_rule(session)
                    )
                }
                None => format!("no program has ended after {waited}"),
            },
            AwaitedEvent::Output { text, .. } => format!("no line has \"{text}\" in it after {waited}{beside}"),
        }
    }

    /// Returns the states that there are instead: `; server2 is in CLOSING; one was in FIN_WAIT1 2.1 s after the start`.
    fn beside(&self, session: &Session) -> String {
        let AwaitedEvent::State { state, port, on } = &self.what else {
            return String::new();
        };
        let end = &session.ends[self.side];
        let is_meant = |name: Option<&SocketName>| on.as_ref().is_none_or(|on| name == Some(on));
        let views = session.sockets(self.side);
        let there = views.iter().filter(|view| {
            let row = view.row.map(|observed| &observed.row);
            // A listener is in no other state.
            let is_one = row.is_some_and(|row| row.state != State::Listen && is_at(&row.tuple, *port));
            is_one && is_meant(view.name)
        });
        let mut said: Vec<String> = there
            .map(|view| {
                format!(
                    "; {} is in {}",
                    view.name.map_or("one", |name| end.shown(name).as_str()),
                    view.state()
                )
            })
            .collect();
        if said.len() > SHOWN {
            let more = said.len() - SHOWN;
            said.truncate(SHOWN);
            said.push(format!("; and {more} more"));
        }
        let before = session
            .transcript
            .entries()
            .iter()
            .rev()
            .find_map(|entry| match &entry.what {
                EntryKind::State { change, socket, called }
                    if change.side == self.side
                        && change.to == *state
                        && is_at(&change.tuple, *port)
                        && (is_meant(socket.as_ref()) || is_meant(called.as_ref())) =>
                {
                    let name = called.as_ref().or(socket.as_ref());
                    let name = name.map_or("one", SocketName::as_str);
                    Some(format!(
                        "; {name} came to {state} {} after the start, before the last command",
                        human(entry.at)
                    ))
                }
                _ => None,
            });
        said.extend(before);
        said.concat()
    }

    /// A listener at that port of the loopback address.
    fn listens_inside(&self, session: &Session, port: Option<Port>) -> Option<std::net::SocketAddr> {
        let rows = session.ends[self.side]
            .table
            .rows()
            .iter()
            .map(|observed| &observed.row);
        let mut inside = rows.filter(|row| row.state == State::Listen && is_at(&row.tuple, port));
        inside.find(|row| !is_reached(&row.tuple)).map(|row| row.tuple.local)
    }
}

/// Has either end that port?
fn is_at(tuple: &Tuple, port: Option<Port>) -> bool {
    port.is_none_or(|port| tuple.local.port() == port.0 || tuple.peer.port() == port.0)
}

/// Does the other host reach it?
fn is_reached(tuple: &Tuple) -> bool {
    !tuple.local.ip().is_loopback()
}

/// Says which segment a rule holds that was not let go: the wait may be for that. Empty where there is none.
fn held_by_a_rule(session: &Session) -> String {
    let mut held = session.wire.held.values().filter(|waiting| waiting.due.is_none());
    let first = held.find_map(|waiting| {
        let PacketRecord { packet, rule, from, .. } = &waiting.record;
        match packet {
            Packet::Tcp(segment) => Some((segment.flags, from, (*rule)?)),
            _ => None,
        }
    });
    first.map_or_else(String::new, |(flags, from, rule)| {
        format!("; the {from}'s {flags} is held by {rule}")
    })
}
