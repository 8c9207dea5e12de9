//! Why a call gave back what it did, or waits, link by link: the call, the state in which it was made, what set the error, the rule.
//! Each link has its entry in the transcript, where there is one.

use super::transcript::{Entry, Reason, Transcript, What};
use super::{Session, socket_of};
use crate::call::{Call, CallId, CallKind, How, Order, SocketName};
use crate::explain::rules::{CallClass, SetBy};
use crate::explain::{RuleId, is_told_once};
use crate::host::Of;
use crate::lab::event::Fate;
use crate::observe::Tuple;
use crate::outcome::{Outcome, Value};
use crate::side::Side;
use crate::state::State;
use crate::wire::segment::{Flags, Packet};

/// The chain of one call; the numbers are those of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Where the call began; none when that entry was dropped.
    pub call: Option<u64>,
    /// The socket's state then; of a call that is under way, its state now.
    pub state: State,
    /// Where it came to that state; none when it was in it from its beginning.
    pub since: Option<u64>,
    /// What set the error; none without a rule.
    pub set_by: Option<Setter>,
    /// Where it returned, or where it is told that it never did; none while it is under way.
    pub ended: Option<u64>,
    /// The rule.
    pub rule: Option<RuleId>,
    /// Of what a language's library answered by itself: the last outcome on the same socket that it may know from, an error or an end of
    /// one direction or both.
    pub known_from: Option<u64>,
}

/// What set an outcome's error, as far as the transcript has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setter {
    /// This, and the entry in which it happened.
    Found(SetBy, u64),
    /// This, of which no entry can tell: an argument, a call that was not made.
    Timeless(SetBy),
    /// One of these, which nobody saw: as in the loopback lab, which has no wire.
    Unseen(&'static [SetBy]),
}

impl Setter {
    /// The entry in which it happened.
    pub const fn entry(self) -> Option<u64> {
        match self {
            Setter::Found(_, entry) => Some(entry),
            Setter::Timeless(_) | Setter::Unseen(_) => None,
        }
    }

    /// In words, to go on from "set by".
    pub fn words(self) -> String {
        match self {
            Setter::Found(set_by, _) | Setter::Timeless(set_by) => set_by.words(),
            Setter::Unseen(any) => {
                let any: Vec<String> = any.iter().map(|set_by| set_by.words()).collect();
                format!("{}, which nobody saw", any.join(" or "))
            }
        }
    }
}

/// The chain of that call; none when its entries were dropped.
pub fn chain(session: &Session, call: CallId) -> Option<Chain> {
    let transcript = &session.transcript;
    let is_it = |entry: &&Entry| matches!(&entry.what, What::Outcome { call: id, .. } | What::Lost { call: id, .. } if *id == call);
    let ended = transcript.entries().iter().rev().find(is_it);
    let Subject {
        side,
        socket,
        name,
        state,
        rule,
    } = match ended {
        Some(entry) => Subject::of_entry(entry)?,
        None => Subject::of_pending(session, call)?,
    };
    // A call that is under way is after everything.
    let end_no = ended.map_or(u64::MAX, |entry| entry.no);
    let mut began = before(transcript, end_no);
    let began = began.find(|entry| matches!(&entry.what, What::Call { call: id, .. } if *id == call));
    let began = began.map(|entry| entry.no);
    let end = Whose {
        side,
        socket,
        session,
        asks: name,
        tuple: None,
    };
    let state = state.unwrap_or(State::Close);
    // What is waited for is a matter of the state that it is in now.
    let then = began.filter(|_| ended.is_some()).unwrap_or(end_no);
    let mut changes = before(transcript, then).filter(|entry| end.changed(entry).is_some());
    let since = changes.next().filter(|entry| {
        let to = |what: &What| matches!(what, What::State { to, .. } if *to == state);
        to(&entry.what)
    });
    let tuple = before(transcript, end_no).find_map(|entry| end.changed(entry).map(|(tuple, _)| tuple));
    let end = Whose { tuple, ..end };
    let by_library = ended.is_some_and(|entry| match &entry.what {
        What::Outcome { outcome, .. } => matches!(outcome, Outcome::Library(_)),
        _ => false,
    });
    Some(Chain {
        call: began,
        state,
        since: since.map(|entry| entry.no),
        set_by: rule.map(|rule| end.setter(end_no, rule.rule().set_by)),
        ended: ended.map(|entry| entry.no),
        rule,
        known_from: by_library
            .then(|| before(transcript, end_no).find(|entry| end.has_told(entry)))
            .flatten()
            .map(|entry| entry.no),
    })
}

/// The call that a chain is of, and what is known of how it ended.
struct Subject<'a> {
    side: Side,
    socket: Option<&'a SocketName>,
    name: CallKind,
    /// The socket's state when it was made; of one that is under way, its state now.
    state: Option<State>,
    rule: Option<RuleId>,
}

impl<'a> Subject<'a> {
    fn of_entry(entry: &'a Entry) -> Option<Subject<'a>> {
        match &entry.what {
            What::Outcome {
                side,
                socket,
                name,
                state,
                rule,
                ..
            }
            | What::Lost {
                side,
                socket,
                name,
                state,
                rule,
                ..
            } => Some(Subject {
                side: *side,
                socket: socket.as_ref(),
                name: *name,
                state: *state,
                rule: *rule,
            }),
            _ => None,
        }
    }

    fn of_pending(session: &'a Session, call: CallId) -> Option<Subject<'a>> {
        let (side, pending) = session.pending(call)?;
        let socket = socket_of(&pending.order);
        Some(Subject {
            side,
            socket,
            name: pending.order.kind(),
            state: socket.and_then(|name| session.ends[side].state_of(name)),
            rule: None,
        })
    }
}

/// The entries before `no`, the newest first.
fn before(transcript: &Transcript, no: u64) -> impl Iterator<Item = &Entry> {
    transcript
        .entries()
        .iter()
        .rev()
        .skip_while(move |entry| entry.no >= no)
}

/// The socket that a chain is about.
#[derive(Clone, Copy)]
struct Whose<'a> {
    side: Side,
    socket: Option<&'a SocketName>,
    /// What the calls were asked is known to it.
    session: &'a Session,
    /// The call whose outcome it is.
    asks: CallKind,
    /// Its addresses, as far as a change of state told them.
    tuple: Option<Tuple>,
}

impl Whose<'_> {
    /// A change of its state: its addresses then, and the cause.
    fn changed<'e>(&self, entry: &'e Entry) -> Option<(Tuple, &'e Reason)> {
        match &entry.what {
            What::State {
                side,
                socket,
                tuple,
                cause,
                ..
            } if *side == self.side && connection(socket.as_ref()) == connection(self.socket) => Some((*tuple, cause)),
            _ => None,
        }
    }

    /// Which of them set the error of the outcome `no`.
    fn setter(&self, no: u64, all: &'static [SetBy]) -> Setter {
        let found = all
            .iter()
            .filter_map(|set_by| Some((*set_by, self.place(no, *set_by)?)));
        // A change of state that a packet made tells which only where but one can have.
        let is_packet =
            |no: u64| matches!(self.session.transcript.entry(no), Some(entry) if matches!(entry.what, What::Packet(_)));
        let either = all.iter().filter(|set_by| set_by.is_packet()).count() > 1;
        // Where either may have, it was the last that happened.
        match found.max_by_key(|(_, no)| *no) {
            Some((set_by, no)) if either && set_by.is_packet() && !is_packet(no) => Setter::Unseen(all),
            Some((set_by, no)) => Setter::Found(set_by, no),
            None => match all.iter().find(|set_by| !set_by.happens()) {
                Some(set_by) => Setter::Timeless(*set_by),
                None => Setter::Unseen(all),
            },
        }
    }

    /// The newest entry before `no` in which that happened.
    fn place(&self, no: u64, set_by: SetBy) -> Option<u64> {
        let transcript = &self.session.transcript;
        let newest = |happened: &dyn Fn(&Entry) -> bool| {
            before(transcript, no)
                .find(|entry| happened(entry))
                .map(|entry| entry.no)
        };
        let by =
            |cause: &dyn Fn(&Reason) -> bool| newest(&|entry| self.changed(entry).is_some_and(|(_, why)| cause(why)));
        let setting = |is_it: &dyn Fn(Of) -> bool| {
            newest(&|entry| match &entry.what {
                What::Host {
                    side,
                    setting,
                    failed: None,
                    ..
                } => *side == self.side && is_it(setting.of()),
                _ => false,
            })
        };
        match set_by {
            SetBy::Rst => newest(&|entry| self.received(entry, Flags::RST)).or_else(|| by(&unseen)),
            SetBy::Fin => newest(&|entry| self.received(entry, Flags::FIN)).or_else(|| by(&unseen)),
            SetBy::Icmp => newest(&|entry| match &entry.what {
                What::Packet(passage) => {
                    let arrived = passage.fate == Fate::Delivered && passage.from != self.side;
                    let ours = |about| self.tuple.is_none_or(|tuple| about == (tuple.local, tuple.peer));
                    arrived && matches!(passage.packet, Packet::Icmp { about: Some(about), .. } if ours(about))
                }
                _ => false,
            }),
            SetBy::Timer => by(&|cause| matches!(cause, Reason::Timer(_))),
            SetBy::Administrator => by(&|cause| matches!(cause, Reason::Destroyed)),
            SetBy::OwnCall(kinds) => {
                let is_one = |name: CallKind, call: CallId| CallClass::any_is(kinds, name) && self.can_end(kinds, call);
                // The one that changed the state, rather than one after it that changed nothing.
                let mut changes = before(transcript, no).filter_map(|entry| self.changed(entry));
                let maker = changes.find_map(|(_, cause)| match cause {
                    Reason::Call { call, name } if is_one(*name, *call) => Some(*call),
                    _ => None,
                });
                let made = |entry: &Entry, same: &dyn Fn(Option<&SocketName>) -> bool| match &entry.what {
                    What::Outcome {
                        side,
                        socket,
                        name,
                        call,
                        outcome,
                        ..
                    } if *side == self.side && is_one(*name, *call) => {
                        // A shutdown that fails is noted all the same; a connect that does not wait goes on.
                        let taken = matches!(
                            outcome,
                            Outcome::Ok(_) | Outcome::Err(_) | Outcome::DeadlineExceeded { .. }
                        );
                        taken && maker.map_or_else(|| same(socket.as_ref()), |maker| maker == *call)
                    }
                    _ => false,
                };
                // It may be under way still when the call that it ends returns.
                let newest = |same: &dyn Fn(Option<&SocketName>) -> bool| {
                    let mut entries = transcript.entries().iter().rev();
                    entries.find_map(|entry| match &entry.what {
                        What::Outcome { .. } if entry.no < no => made(entry, same).then_some(entry.no),
                        // Begun before, and still under way when the call that it ended returned.
                        What::Outcome { call, .. } if made(entry, same) => {
                            let is_begin =
                                |entry: &&Entry| matches!(&entry.what, What::Call { call: id, .. } if id == call);
                            before(transcript, no).find(is_begin).map(|entry| entry.no)
                        }
                        _ => None,
                    })
                };
                // On this descriptor rather than on another one of the same socket.
                let own = newest(&|socket| socket == self.socket);
                own.or_else(|| newest(&|socket| connection(socket) == connection(self.socket)))
            }
            SetBy::WaitingCall => {
                let returned = |id: CallId, by: u64| {
                    let mut entries = transcript.entries().iter();
                    entries
                        .any(|entry| entry.no <= by && matches!(&entry.what, What::Outcome { call, .. } if *call == id))
                };
                newest(&|entry| match &entry.what {
                    What::Call { side, call, socket, .. } => {
                        *side == self.side
                            && connection(socket.as_ref()) == connection(self.socket)
                            && !returned(*call, no)
                    }
                    _ => false,
                })
            }
            SetBy::Told => newest(&|entry| match &entry.what {
                What::Outcome {
                    side,
                    socket,
                    name,
                    outcome: Outcome::Err(errno) | Outcome::Ok(Value::PendingError { error: Some(errno) }),
                    ..
                } => {
                    let asks = matches!(name, CallKind::Read | CallKind::Write | CallKind::SoError);
                    // It waits in the socket, whichever descriptor asks.
                    let same = connection(socket.as_ref()) == connection(self.socket);
                    *side == self.side && same && asks && is_told_once(*errno)
                }
                _ => false,
            }),
            // The call that it ends may return before the one that sends it.
            SetBy::Signal => {
                let sends = |id: CallId| {
                    let mut entries = transcript.entries().iter();
                    entries.any(|entry| {
                        matches!(&entry.what, What::Outcome { call, name, .. } if *call == id && *name == CallKind::Interrupt)
                    })
                };
                newest(&|entry| match &entry.what {
                    What::Call {
                        side,
                        socket: None,
                        call,
                        ..
                    } => *side == self.side && sends(*call),
                    _ => false,
                })
            }
            SetBy::Limit => setting(&|of| matches!(of, Of::Kernel(_))),
            SetBy::Route => setting(&|of| of == Of::Network),
            SetBy::ProcessLimit => setting(&|of| of == Of::Process),
            SetBy::Argument | SetBy::OtherSocket | SetBy::Nothing | SetBy::Missing => None,
        }
    }

    /// Is that an outcome on the same socket that failed, met the end, or ended something?
    fn has_told(&self, entry: &Entry) -> bool {
        match &entry.what {
            What::Outcome {
                side,
                socket,
                name,
                outcome,
                ..
            } if *side == self.side && connection(socket.as_ref()) == connection(self.socket) => match outcome {
                Outcome::Err(_) | Outcome::Ok(Value::Read { n: 0, .. }) => true,
                Outcome::Ok(_) => matches!(
                    name,
                    CallKind::Close | CallKind::RstClose | CallKind::LingerClose | CallKind::Shutdown
                ),
                Outcome::DeadlineExceeded { .. } | Outcome::Library(_) | Outcome::Unsupported(_) => false,
            },
            _ => false,
        }
    }

    /// Where only a shutdown can be meant: does that one end the direction in which the call wanted to go?
    fn can_end(&self, kinds: &[CallClass], call: CallId) -> bool {
        let direction = match self.asks {
            CallKind::Read => How::Read,
            CallKind::Write => How::Write,
            _ => return true,
        };
        match self.session.order_of(call) {
            Some(Order::On {
                call: Call::Shutdown { how },
                ..
            }) if kinds == [CallClass::Shutdown] => *how == direction || *how == How::Both,
            _ => true,
        }
    }

    /// A segment with that flag, which arrived on this connection.
    fn received(&self, entry: &Entry, flag: Flags) -> bool {
        let What::Packet(passage) = &entry.what else {
            return false;
        };
        let Packet::Tcp(segment) = &passage.packet else {
            return false;
        };
        let ours = self
            .tuple
            .is_none_or(|tuple| (segment.destination, segment.source) == (tuple.local, tuple.peer));
        passage.fate == Fate::Delivered && passage.from != self.side && ours && segment.flags.has(flag)
    }
}

/// The name of the connection that a descriptor is of: that of its first descriptor, from which the others were made by dup.
fn connection(socket: Option<&SocketName>) -> Option<&str> {
    socket.and_then(|name| name.as_str().split("-dup").next())
}

/// A change of state that a segment made which nobody saw: in the loopback lab.
const fn unseen(cause: &Reason) -> bool {
    matches!(
        cause,
        Reason::PeerCall { .. } | Reason::PeerDeath { .. } | Reason::Unseen
    )
}
