//! The last event, its reason, and the present, in lines.

use std::time::Duration;

use crate::call::EndpointCall;
use crate::clock::{MonoTime, human};
use crate::errno::Errno;
use crate::explain::EntryNo;
use crate::explain::direction::Direction;
use crate::explain::meaning::MeaningId;
use crate::explain::now::{self as words, Flying, Scene, Waiting};
use crate::explain::still::Later;
use crate::explain::waiting::waits;
use crate::lab::event::{Death, Disposition, PacketRecord, ProgramNews};
use crate::outcome::{Outcome, Value};
use crate::session::transcript::{Entry, EntryKind};
use crate::session::{LastOutcome, PendingCall, Session};
use crate::side::{Ends, Side};
use crate::socket_table::{SocketRow, TimerKind};
use crate::state::State;
use crate::wire::segment::Packet;

use super::Among;

/// The event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NowEvent {
    /// The entry of the transcript.
    pub entry: EntryNo,
    /// The end that it happened at; none for the wire.
    pub side: Option<Side>,
    /// The call as `strace` prints it, or the line of the log, with its cuts for narrow places, the longest first.
    pub cuts: Vec<String>,
    /// The error, with its number, name and text.
    pub errno: Option<Errno>,
    /// Did a call fail, or a process die?
    pub failed: bool,
}

/// The reason why it happened: the sentence of the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NowReason {
    /// The sentence.
    pub sentence: String,
    /// Does what it says of the present still hold?
    pub holds: bool,
}

/// The newest event, why it happened, and what it means now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NowLines {
    /// The event; none where nothing has happened.
    pub what: Option<NowEvent>,
    /// The reason; none where there is nothing to say.
    pub why: Option<NowReason>,
    /// The present: one to three sentences, the most pressing first.
    pub so: Vec<String>,
}

impl NowReason {
    /// Returns the sentence as it is shown: introduced with "Then:" where it does not hold any more.
    pub fn text(&self) -> String {
        if self.holds {
            self.sentence.clone()
        } else {
            words::then(&self.sentence)
        }
    }
}

impl NowEvent {
    /// A call that is over.
    pub(super) fn of_call(last: &LastOutcome) -> NowEvent {
        let call = &last.call;
        let errno = match call.outcome() {
            Some(Outcome::Ok(Value::PendingError { error })) => *error,
            _ => call.errno(),
        };
        NowEvent {
            entry: last.entry,
            side: Some(call.side()),
            cuts: last.cuts(),
            errno,
            failed: match call.outcome() {
                Some(Outcome::Err(_) | Outcome::Library(_)) | None => true,
                Some(Outcome::Ok(_) | Outcome::DeadlineExceeded { .. } | Outcome::Unsupported(_)) => false,
            },
        }
    }

    /// An event that no call tells of.
    fn of_event(event: &Entry) -> NowEvent {
        let side = match &event.what {
            EntryKind::Died(died) => Some(died.side),
            EntryKind::Born(born) => Some(born.side),
            EntryKind::Host(change) => Some(change.side),
            EntryKind::State { change, .. } => Some(change.side),
            EntryKind::Program(news) => Some(news.event.side),
            EntryKind::ProgramCall(call) => Some(call.call.side),
            _ => None,
        };
        let short = event.short_packet().or_else(|| event.short_state());
        let mut cuts = event.lines();
        cuts.truncate(1);
        cuts.extend(short);
        NowEvent {
            entry: event.no,
            side,
            cuts,
            errno: match &event.what {
                EntryKind::ProgramCall(call) => call.call.made.errno,
                _ => None,
            },
            failed: match &event.what {
                EntryKind::Died(_) => true,
                // An end of file is none.
                EntryKind::ProgramCall(call) => call.call.made.errno.is_some(),
                EntryKind::Program(news) => match &news.event.what {
                    ProgramNews::Exited { how, .. } => *how != Death::Exited(0),
                    ProgramNews::NotStarted { .. } => true,
                    ProgramNews::Output { .. } => news.tells_of_failure(),
                    ProgramNews::Started { .. } | ProgramNews::Flooded { .. } | ProgramNews::Gone => false,
                },
                _ => false,
            },
        }
    }

    /// A call that has not returned.
    fn of_pending(side: Side, pending: &PendingCall) -> NowEvent {
        NowEvent {
            entry: pending.began,
            side: Some(side),
            cuts: pending.words().cuts(" has not returned"),
            errno: None,
            failed: false,
        }
    }
}

impl Session {
    /// Returns what happened last, why, and what is so at `now`.
    pub fn now_lines(&self, now: MonoTime) -> NowLines {
        let last = Side::BOTH.into_iter().filter_map(|side| self.ends[side].last.as_ref());
        let last = last.max_by_key(|last| last.entry);
        let event = self.transcript.newest_event();
        let begun = self.ends.iter().flat_map(|(side, end)| {
            let begun = end.pending.iter().filter(|pending| is_waiting(pending, now));
            begun.map(move |pending| (side, pending))
        });
        let begun = begun.max_by_key(|(_, pending)| pending.began);
        let newest = [
            last.map(|last| last.entry),
            event.map(|event| event.no),
            begun.map(|(_, pending)| pending.began),
        ];
        let newest = newest.into_iter().flatten().max();
        let event = event.filter(|event| Some(event.no) == newest);
        let begun = begun.filter(|(_, pending)| Some(pending.began) == newest);
        let (what, why) = match (event, begun, last) {
            (Some(event), ..) => (Some(NowEvent::of_event(event)), self.why_of_event(event)),
            (None, Some((side, pending)), _) => (Some(NowEvent::of_pending(side, pending)), None),
            (None, None, Some(last)) => (Some(NowEvent::of_call(last)), self.last_why(last.call.side())),
            (None, None, None) => (None, None),
        };
        NowLines {
            what,
            why,
            so: words::so(&self.scene(now)),
        }
    }

    /// Returns the reason of a failure that a program's line or call tells of; of its end, what it told of before, else its last line.
    fn why_of_event(&self, event: &Entry) -> Option<NowReason> {
        if let Some(sentence) = event.why() {
            return Some(NowReason {
                sentence: sentence.to_owned(),
                holds: true,
            });
        }
        let EntryKind::Program(news) = &event.what else {
            return None;
        };
        let program = news.event.program;
        let ProgramNews::Exited { how, .. } = &news.event.what else {
            return None;
        };
        match how {
            Death::Exited(0) => return None,
            // Whoever sent the signal ended it, not what it told of before; with SIGABRT it ends itself.
            Death::Signal(signal) if *signal != libc::SIGABRT => return None,
            Death::Exited(_) | Death::Signal(_) => {}
        }
        let before = self.transcript.entries().iter().rev();
        let mut before = before.skip_while(|entry| entry.no > event.no).take(LOOKED_BACK);
        let told = before.find_map(|entry| match &entry.what {
            EntryKind::Program(other) if other.event.program == program && other.tells_of_failure() => {
                entry.why().map(str::to_owned)
            }
            _ => None,
        });
        let last = || {
            // Of what a signal ended it has no words.
            let Death::Exited(_) = how else { return None };
            let line = self.programs.get(program)?.last_line()?;
            Some(format!("Its last line: {line}"))
        };
        let sentence = told.or_else(last)?;
        Some(NowReason { sentence, holds: true })
    }

    /// Returns why the last call of an end that ended did so; none where none has.
    pub fn last_why(&self, side: Side) -> Option<NowReason> {
        let last = self.ends[side].last.as_ref()?;
        Some(NowReason {
            sentence: last.call.why.sentence.clone(),
            holds: self.still_holds(last),
        })
    }

    /// Does what the sentence of a call says of the present still hold?
    fn still_holds(&self, last: &LastOutcome) -> bool {
        let Some(claim) = last.call.why.claim else { return true };
        let side = last.call.side();
        let end = &self.ends[side];
        let socket = last.call.socket.as_ref().and_then(|name| end.socket(name));
        let row = socket.and_then(|socket| end.row(socket)).map(|observed| &observed.row);
        let tuple = row.map(|row| row.tuple).or(socket.and_then(|socket| socket.tuple));
        let peer = tuple.filter(|tuple| !tuple.is_listener()).map(|tuple| tuple.mirrored());
        let other = &self.ends[side.other()];
        let peer_row = peer.and_then(|tuple| other.table.of_tuple(&tuple));
        claim.holds(&Later {
            sock: socket.map(|socket| end.sock(socket)),
            state: row.map(|row| row.state),
            unread: row.map_or(0, SocketRow::unread),
            unacknowledged: row.map_or(0, |row| row.tx_queue),
            peer: peer.and_then(|tuple| Some(other.socks.get(other.socks.of_tuple(&tuple)?))),
            peer_unread: peer_row.map_or(0, |place| other.table.rows()[place].row.unread()),
            sigpipe: end.sigpipe,
            is_newest: self.transcript.last() == last.entry,
        })
    }

    /// The present, for the table of what is so.
    fn scene(&self, now: MonoTime) -> Scene {
        let listeners = Ends::from_fn(|side| {
            let listening = || self.ends[side].table.listening();
            let own = || {
                let listener = self.ends[side].listener()?;
                let row = &self.ends[side].row(listener)?.row;
                (row.state == State::Listen && self.is_reached(side, &row.tuple)).then_some(row)
            };
            let of_programs = || listening().find(|row| self.is_reached(side, &row.tuple));
            let row = own().or_else(of_programs)?;
            self.meaning_id(&self.view_in_table(side, &row.tuple)?)
        });
        let scene = Scene {
            unreached: Ends::from_fn(|side| self.ends[side].table.listening().next().is_some()),
            listeners,
            others: self.has_connections(),
            waiting: Side::BOTH
                .into_iter()
                .flat_map(|side| self.waiting(side, now))
                .collect(),
            ..Scene::default()
        };
        let Some(shown) = self.shown() else {
            return Scene {
                ends: Ends::from_fn(|side| self.meaning_id(&self.current_view(side)?)),
                ..scene
            };
        };
        let directions = Side::BOTH.map(|side| self.direction(side, shown));
        let is_broken = |direction: &Direction| matches!(direction, Direction::Torn { .. } | Direction::GivenUp { .. });
        let established = |side| {
            self.half(side, shown)
                .sock
                .is_some_and(|sock| sock.established.is_some())
        };
        let flying = |side| flying(side, self.flying(side, shown));
        Scene {
            ends: Ends::from_fn(|side| self.situation_of(side, shown)),
            connection: Side::BOTH.into_iter().any(established),
            flying: Side::BOTH.into_iter().filter_map(flying).collect(),
            gone: Ends::from_fn(|side| self.has_ended(side, shown)),
            number: self
                .shown_connection_no()
                .filter(|_| self.connection_count() > 1)
                .map(|no| no.0),
            probes: Ends::from_fn(|side| {
                let row = self.row_of(side, shown);
                row.and_then(|row| row.timer)
                    .is_some_and(|timer| timer.kind == TimerKind::ZeroWindowProbe)
            }),
            unread: Ends::from_fn(|side| {
                let view = self.view_of(side, shown);
                view.and_then(|view| view.unread).unwrap_or(0)
            }),
            closed_before: directions.iter().find_map(|direction| match direction {
                Direction::Closed { by } => Some(*by),
                _ => None,
            }),
            broken: directions.into_iter().find(is_broken),
            ..scene
        }
    }

    /// Has either host a connection, or an attempt at one, that can come to the wire?
    fn has_connections(&self) -> bool {
        Side::BOTH.into_iter().any(|side| {
            let mut rows = self.ends[side].table.rows().iter().map(|observed| &observed.row);
            rows.any(|row| row.state != State::Listen && !self.is_inside(side, &row.tuple))
        })
    }

    /// The situation of that end of a connection.
    fn situation_of(&self, side: Side, of: Among) -> Option<MeaningId> {
        self.meaning_id(&self.view_of(side, of)?)
    }

    /// The calls of an end that wait.
    fn waiting(&self, by: Side, now: MonoTime) -> impl Iterator<Item = Waiting> {
        let end = &self.ends[by];
        end.pending.iter().rev().filter_map(move |pending| {
            let EndpointCall::On { socket, call } = &pending.order else {
                return None;
            };
            is_waiting(pending, now).then_some(())?;
            let state = end.state_of(socket).unwrap_or(State::Close);
            let queue = end.socket(socket).and_then(|socket| end.row(socket));
            let queue = queue.map_or(0, |observed| observed.row.unread());
            Some(Waiting {
                by,
                kind: pending.order.kind(),
                awaits: waits(call, state, queue).awaits,
            })
        })
    }
}

/// The entries before a program's end that are searched for what it told of.
const LOOKED_BACK: usize = 200;

/// The time after which a call that has not returned is taken to wait: what returns at once takes far less.
const WAITS: Duration = Duration::from_millis(100);

/// Does a call wait, which the user can see?
fn is_waiting(pending: &PendingCall, now: MonoTime) -> bool {
    pending.is_blocked() && now.since(pending.since) >= WAITS
}

/// The segments that an end has on the wire; none where it has nothing there.
fn flying<'a>(from: Side, records: impl Iterator<Item = &'a PacketRecord>) -> Option<Flying> {
    let records: Vec<&PacketRecord> = records.collect();
    let crossing = super::directions::crossing(records.iter().copied());
    let mut flying: Option<Flying> = None;
    for record in records {
        let Packet::Tcp(segment) = &record.packet else { continue };
        let name = words::segment_name(segment.flags);
        let flying = flying.get_or_insert(Flying {
            from,
            crossing,
            segment: name,
            held: false,
        });
        flying.held |= record.disposition == Disposition::Held;
        if flying.segment == "ACK" {
            flying.segment = name;
        }
    }
    flying
}

impl LastOutcome {
    /// The call as `strace` prints it, or in its language's words, with its cuts: the system call that it is about, of those behind it.
    pub fn cuts(&self) -> Vec<String> {
        let trace = self.trace();
        let took = |time| format!(" <{}>", human(time).replace(' ', "\u{a0}"));
        match (self.call.outcome(), trace) {
            // The language's words come first, and what it did after them; so does what no system call says.
            _ if self.call.text.is_some() => self.in_words(),
            (Some(Outcome::DeadlineExceeded { .. }), _) => self.in_words(),
            // What makes a descriptor comes first, and may be followed by what moves it to a number of its own.
            (Some(Outcome::Ok(Value::Descriptor { .. })), [made, _, ..]) => made.cuts(&took(made.duration)),
            (_, [.., last]) => last.cuts(&took(last.duration)),
            (_, []) => self.in_words(),
        }
    }

    fn in_words(&self) -> Vec<String> {
        let call = self.call.words();
        let brief = self.call.brief();
        let result = match (self.call.outcome(), self.call.said()) {
            (None, _) => return call.cuts(&format!(": {brief}")),
            (Some(Outcome::Ok(_)), Some(said)) if said != brief => format!("{brief} ({said})"),
            (Some(_), Some(said)) => said.to_owned(),
            (Some(_), None) => brief.clone(),
        };
        call.cuts_returned(&result, &brief, "")
    }
}
