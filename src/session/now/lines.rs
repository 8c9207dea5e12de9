//! What happened last, why, and what is so now.

use crate::call::EndpointCall;
use crate::clock::{MonoTime, human};
use crate::errno::Errno;
use crate::explain::EntryNo;
use crate::explain::direction::Direction;
use crate::explain::meaning::MeaningId;
use crate::explain::now::{self as words, Flying, Scene, Waiting};
use crate::explain::waiting::waits;
use crate::lab::event::{Disposition, PacketRecord};
use crate::outcome::{Outcome, Value};
use crate::session::transcript::Entry;
use crate::session::{LastOutcome, Session};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::wire::segment::{Flags, Packet};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct What {
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

/// Why it happened: the sentence of the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The sentence.
    pub sentence: String,
    /// Does what it says of the present still hold?
    pub holds: bool,
}

/// What happened last, why, and what it means now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NowLines {
    /// What happened; none where nothing has.
    pub what: Option<What>,
    /// Why; none where there is nothing to say.
    pub why: Option<Why>,
    /// What is so now.
    pub so: String,
}

impl What {
    /// A call that is over.
    pub(super) fn of_call(last: &LastOutcome) -> What {
        let call = &last.call;
        let errno = match call.outcome() {
            Some(Outcome::Ok(Value::PendingError { error })) => *error,
            _ => call.errno(),
        };
        What {
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
}

impl Session {
    /// Returns what happened last, why, and what is so at `now`.
    pub fn now_lines(&self, _now: MonoTime) -> NowLines {
        let last = Side::BOTH.into_iter().filter_map(|side| self.ends[side].last.as_ref());
        let last = last.max_by_key(|last| last.entry);
        let event = self.transcript.newest_event();
        let event = event.filter(|event| last.is_none_or(|last| event.no > last.entry));
        let (what, why) = match (event, last) {
            (Some(event), _) => (Some(what_of(event)), None),
            (None, Some(last)) => {
                let why = Why {
                    sentence: last.call.why.sentence.clone(),
                    holds: true,
                };
                (Some(What::of_call(last)), Some(why))
            }
            (None, None) => (None, None),
        };
        NowLines {
            what,
            why,
            so: words::so(&self.scene()),
        }
    }

    /// The present, for the table of what is so.
    fn scene(&self) -> Scene {
        let tuple = self.shown_connection();
        let listening = Ends::from_fn(|side| self.ends[side].listener().is_some());
        let waiting = Side::BOTH.into_iter().flat_map(|side| self.waiting(side)).collect();
        let Some(tuple) = tuple else {
            return Scene {
                listening,
                waiting,
                ends: Ends::from_fn(|side| {
                    let views = self.sockets(side);
                    let view = views.iter().find(|view| view.current)?;
                    Some(self.meaning(side, view)?.id)
                }),
                ..Scene::default()
            };
        };
        let reset = self.directions(MonoTime::default()).is_some_and(|directions| {
            Side::BOTH
                .into_iter()
                .any(|side| matches!(directions.from[side].state, Direction::Torn { .. }))
        });
        Scene {
            ends: Ends::from_fn(|side| self.situation_of(side, tuple)),
            connection: Side::BOTH.into_iter().any(|side| {
                let half = self.half(side, tuple);
                half.sock.is_some_and(|sock| sock.established.is_some())
            }),
            listening,
            flying: Side::BOTH
                .into_iter()
                .filter_map(|side| flying(side, self.flying(side, tuple)))
                .collect(),
            waiting,
            reset,
        }
    }

    /// The situation of that end of a connection.
    fn situation_of(&self, side: Side, tuple: crate::socket_table::Tuple) -> Option<MeaningId> {
        let seen = super::directions::seen_by(side, tuple);
        let views = self.sockets(side);
        let view = views.iter().rev().find(|view| {
            let row = view.row.map(|observed| observed.row.tuple);
            let known = view.name.and_then(|name| self.ends[side].socket(name)?.tuple);
            row.or(known) == Some(seen)
        })?;
        Some(self.meaning(side, view)?.id)
    }

    /// The calls of an end that wait.
    fn waiting(&self, by: Side) -> impl Iterator<Item = Waiting> {
        let end = &self.ends[by];
        end.pending.iter().filter_map(move |pending| {
            let EndpointCall::On { socket, call } = &pending.order else {
                return None;
            };
            pending.text.as_ref()?;
            let state = end.state_of(socket).unwrap_or(State::Close);
            let queue = end.socket(socket).and_then(|socket| end.row(socket));
            let queue = queue.map_or(0, |observed| observed.row.unread());
            Some(Waiting {
                by,
                kind: pending.order.kind(),
                awaits: waits(call, state, queue).awaits.to_owned(),
            })
        })
    }
}

fn what_of(event: &Entry) -> What {
    use crate::session::transcript::EntryKind;
    let side = match &event.what {
        EntryKind::Died(died) => Some(died.side),
        EntryKind::Born(born) => Some(born.side),
        EntryKind::Host(change) => Some(change.side),
        EntryKind::State { change, .. } => Some(change.side),
        _ => None,
    };
    let short = event.short_packet().or_else(|| event.short_state());
    let mut cuts = event.lines();
    cuts.truncate(1);
    cuts.extend(short);
    What {
        entry: event.no,
        side,
        cuts,
        errno: None,
        failed: matches!(event.what, EntryKind::Died(_)),
    }
}

/// What an end has on the wire.
fn flying<'a>(from: Side, records: impl Iterator<Item = &'a PacketRecord>) -> Option<Flying> {
    let mut flying: Option<Flying> = None;
    for record in records {
        let Packet::Tcp(segment) = &record.packet else { continue };
        let flying = flying.get_or_insert(Flying {
            from,
            bytes: 0,
            segment: None,
            held: false,
        });
        flying.bytes += segment.len;
        flying.held |= record.disposition == Disposition::Held;
        let more = Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0);
        if flying.segment.is_none() && segment.flags.has(more) {
            flying.segment = Some(segment.flags.to_string());
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
            // The language's words come first, and what it did after them.
            _ if self.call.text.is_some() => self.in_words(),
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
