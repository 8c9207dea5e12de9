//! Moves: the presses that lead on from here, each with what will follow.
//!
//! What follows is said by [`explain::moves`](crate::explain::moves), from the present alone; what the present does not decide is not
//! offered. Here stand which presses are looked at, and which come first.

use serde::Serialize;

use super::connections::ConnectionNo;
use super::now::Among;
use super::{ProcessState, Session};
use crate::call::{Call, EndpointCall, ShutdownHow, Sigpipe, SocketName};
use crate::clock::MonoTime;
use crate::command::spec::Button;
use crate::command::table::{BACKLOG, READ_BYTES, TABLE, WRITTEN};
use crate::command::wire::{Target as HeldTarget, WireCommand};
use crate::command::{CallRequest, Command, EndCommand};
use crate::explain::meaning::MeaningId;
use crate::explain::moves::{self, Act, Follows, OtherEnd, Reply, Way};
use crate::explain::now::segment_name;
use crate::explain::rules::CallClass;
use crate::side::Side;
use crate::socket_table::Tuple;
use crate::wire::segment::{Flags, Packet, Segment};

mod present;

use present::KnownEnd;

/// The most moves that are offered at once.
pub const MOST: usize = 3;

/// A press that leads on, and what will follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The effect.
    pub act: Act,
    /// The end that acts; of a held segment, the one that it reaches.
    pub side: Side,
    /// The command, as typed.
    #[serde(serialize_with = "as_typed")]
    pub command: Command,
    /// The situations when all is quiet again.
    pub follows: Follows,
    /// The effect in words, 34 columns at the most.
    pub text: String,
    /// The connection that it is about, as `side` names it; none for one that it begins.
    pub about: Option<Tuple>,
    /// The place among the others, from 0 on.
    #[serde(skip)]
    rank: u8,
    /// Whether it is one of those that lead on from a half-close, at whichever end.
    #[serde(skip)]
    ends_a_half_close: bool,
}

fn as_typed<S: serde::Serializer>(command: &Command, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(command)
}

impl Move {
    /// The button that is this press, with its key and label.
    pub fn button(&self) -> Option<&'static Button> {
        button(self.side, &self.command)
    }
}

/// The button that gives that command.
fn button(side: Side, command: &Command) -> Option<&'static Button> {
    let mut buttons = TABLE.iter().flat_map(|spec| spec.buttons);
    buttons.find(|button| (button.command)(side) == *command)
}

/// The label of the button that an act is.
pub fn label(act: Act) -> Option<&'static str> {
    button(Side::Client, &press(act, Side::Client)).map(|button| button.label)
}

/// The press that an act of that end is.
fn press(act: Act, side: Side) -> Command {
    let full = |call| CallRequest::Full(call);
    let request = match act {
        Act::Interrupt => return Command::End(side, EndCommand::Interrupt(None)),
        Act::Restart => return Command::End(side, EndCommand::Restart),
        Act::Deliver => return Command::Wire(WireCommand::Deliver(HeldTarget::Next)),
        Act::Accept => CallRequest::Accept,
        Act::Connect => CallRequest::Connect {
            address: crate::command::Address::Default,
            deadline: None,
        },
        Act::Listen => full(Call::Listen { backlog: BACKLOG }),
        Act::Read(n) => full(Call::Read {
            n,
            flags: Vec::new(),
            deadline: None,
        }),
        Act::Write(_) => full(Call::Write {
            data: crate::call::Bytes(WRITTEN.to_vec()),
            repeat: 1,
            flags: Vec::new(),
            deadline: None,
        }),
        Act::ShutdownWrite => full(Call::Shutdown {
            how: ShutdownHow::Write,
        }),
        Act::Close => full(Call::Close),
        Act::Reset => full(Call::RstClose),
    };
    Command::End(
        side,
        EndCommand::Call {
            on: None,
            call: request,
        },
    )
}

/// The acts on a connection.
pub const ON_A_CONNECTION: [Act; 5] = [
    Act::Read(READ_BYTES),
    Act::Write(WRITTEN.len()),
    Act::ShutdownWrite,
    Act::Close,
    Act::Reset,
];

impl Session {
    /// The moves that lead on from here, at most [`MOST`], the best first; of equal ones, that of the end `focus`.
    pub fn moves(&self, focus: Side, now: MonoTime) -> Vec<Move> {
        let mut all: Vec<Move> = self.delivery(now).into_iter().collect();
        for side in [focus, focus.other()] {
            all.extend(self.sure_moves(side, now));
            all.extend(self.connect_to_a_program(side, now));
        }
        all.sort_by_key(|offered| {
            // What waits to be taken is as near at either end.
            let is_behind = offered.side != focus && offered.rank > 1 && !offered.ends_a_half_close;
            (
                offered.rank + if is_behind { OTHER_END } else { 0 },
                !offered.ends_a_half_close,
                offered.side != focus,
            )
        });
        all.truncate(MOST);
        // Of these, one that goes on comes before one that waits: where there is room for one, it is that.
        all.sort_by_key(|offered| offered.follows.returns == Some(Reply::Waits));
        all
    }

    /// The buttons of an end that lead on now, whatever becomes of segments: the others are there, too, and show what does not work, or
    /// change nothing.
    pub fn likely(&self, side: Side, now: MonoTime) -> Vec<&'static Button> {
        let known = KnownEnd::of(self, side, now);
        let end = &self.ends[side];
        let mut acts = Vec::new();
        match &end.process {
            ProcessState::Starting { .. } => {}
            ProcessState::Dead { .. } => acts.push(Act::Restart),
            ProcessState::Running { .. } => {
                if self.interrupted(side, None).is_some() {
                    acts.push(Act::Interrupt);
                }
                if let Some(this) = &known.this {
                    acts.extend(
                        ON_A_CONNECTION
                            .into_iter()
                            .filter(|act| moves::leads(*act, &this.party)),
                    );
                }
                if known.can_listen() {
                    acts.push(Act::Listen);
                }
                if known.expects_a_connection() {
                    acts.push(Act::Accept);
                }
                if known.may_connect() {
                    acts.push(Act::Connect);
                }
            }
        }
        let commands = acts.into_iter().map(|act| press(act, side));
        let taken = commands.filter(|command| match command {
            Command::End(_, EndCommand::Call { call, .. }) => !end.refuses(call),
            _ => true,
        });
        taken.filter_map(|command| button(side, &command)).collect()
    }

    /// All presses at an end whose outcome is sure, in no order: [`Session::moves`] takes the best of them.
    pub fn sure_moves(&self, side: Side, now: MonoTime) -> Vec<Move> {
        let known = KnownEnd::of(self, side, now);
        let mut acts: Vec<(Act, Follows, Option<Tuple>, usize)> = Vec::new();
        match &self.ends[side].process {
            ProcessState::Running { .. } => {}
            ProcessState::Starting { .. } => return Vec::new(),
            ProcessState::Dead { .. } => {
                acts.push((Act::Restart, moves::restarts(), None, 0));
                return self.offered(side, &known, acts);
            }
        }
        if let Some((class, about)) = known.blocked() {
            acts.extend(moves::interrupts(side, class).map(|follows| (Act::Interrupt, follows, about, 0)));
        }
        if let Some(this) = &known.this {
            for act in ON_A_CONNECTION {
                let mut follows = moves::follows(act, side, &this.party, known.peer_party(), known.wire);
                if let Some(follows) = &mut follows
                    && let Some(Reply::Bytes(n)) = follows.returns
                {
                    follows.data = known.unread(n);
                }
                let unread = this.party.unread.unwrap_or(0);
                acts.extend(follows.map(|follows| (act, follows, this.tuple, unread)));
            }
        }
        if let Some(target) = known.target() {
            let follows = moves::connects(side, target, known.wire);
            acts.extend(follows.map(|follows| (Act::Connect, follows, None, 0)));
        }
        if let Some(listener) = &known.listener {
            let oldest = known.oldest();
            let follows = moves::accepts(&listener.party, oldest.map(|(id, _)| id), known.shakes_hands());
            let about = oldest.map(|(_, tuple)| tuple);
            acts.extend(follows.map(|follows| (Act::Accept, follows, about, 0)));
        }
        if known.can_listen() {
            acts.push((Act::Listen, moves::listens(), None, 0));
        }
        self.offered(side, &known, acts)
    }

    /// The situation of the end `side` of a connection, as that end names it; [`MeaningId::Gone`] where nothing is left of it.
    pub fn meaning_of(&self, side: Side, tuple: &Tuple) -> Option<MeaningId> {
        present::situation(self, side, tuple)
    }

    fn offered(&self, side: Side, known: &KnownEnd, acts: Vec<(Act, Follows, Option<Tuple>, usize)>) -> Vec<Move> {
        let end = &self.ends[side];
        let takes = |command: &Command| match command {
            Command::End(_, EndCommand::Call { call, .. }) => !end.refuses(call),
            _ => true,
        };
        // A library answers in words of its own, and may read and close otherwise than it is asked to; a program is asked nothing.
        let are_raw = self.ends.iter().all(|(_, end)| end.process.makes_raw_calls()) && !self.programs.run();
        let is_sure = |act: Act, follows: &Follows| {
            are_raw
                || act == Act::Restart
                || !(known.is_taken_unasked()
                    || follows.fails()
                    || follows.wakes.is_some()
                    || matches!(act, Act::Read(_)))
        };
        let kills = |follows: &Follows| {
            end.sigpipe == Sigpipe::Default && follows.returns == Some(Reply::Errno(crate::errno::Errno::EPIPE))
        };
        let offered = acts.into_iter().filter_map(|(act, mut follows, about, bytes)| {
            let command = press(act, side);
            let text = follows.words(act, OtherEnd::Side(side.other()), bytes);
            let is_offered = takes(&command) && !kills(&follows) && is_sure(act, &follows);
            if !are_raw {
                (follows.returns, follows.wakes) = (None, None);
                // It may ask for the error by itself.
                let is_sure = |way: &Way| way.to != MeaningId::CloseError;
                (follows.this, follows.peer) = (follows.this.filter(is_sure), follows.peer.filter(is_sure));
            }
            is_offered.then(|| Move {
                rank: rank(act, &follows, known),
                ends_a_half_close: ends_a_half_close(act, &follows, known),
                text,
                act,
                side,
                command,
                follows,
                about,
            })
        });
        offered.collect()
    }

    /// The delivery of the segment that is meant next; where it is not sure what follows, no more is promised than that it arrives.
    pub fn delivery(&self, now: MonoTime) -> Option<Move> {
        let mut delivery = self.sure_delivery(now).or_else(|| self.unsure_delivery())?;
        if let Some((connection, segment)) = self.elsewhere() {
            delivery.text = Follows::elsewhere(connection.0, carries(segment));
        }
        Some(delivery)
    }

    /// The segment that is meant next, and the number of its connection, where that is not the one that is shown.
    fn elsewhere(&self) -> Option<(ConnectionNo, &Segment)> {
        let waiting = self.wire.held.get(&self.next_held()?)?;
        let Packet::Tcp(segment) = &waiting.record.packet else {
            return None;
        };
        let no = self.connection_of_waiting(waiting)?;
        let is_shown = self.shown_connection_no() == Some(no);
        (self.connection_count() > 1 && !is_shown).then_some((no, segment))
    }

    fn sure_delivery(&self, now: MonoTime) -> Option<Move> {
        let (side, segment, follows, about) = present::delivery(self, now)?;
        let command = press(Act::Deliver, side);
        Some(Move {
            rank: 0,
            ends_a_half_close: false,
            text: follows.words(Act::Deliver, OtherEnd::Side(side), segment.bytes),
            act: Act::Deliver,
            side,
            command,
            follows,
            about: Some(about),
        })
    }
}

impl Session {
    /// A connect to a program that listens on the other host, where no more is sure than what becomes of its SYN.
    pub fn connect_to_a_program(&self, side: Side, now: MonoTime) -> Option<Move> {
        let known = KnownEnd::of(self, side, now);
        let is_running = matches!(self.ends[side].process, ProcessState::Running { .. });
        let command = press(Act::Connect, side);
        let is_taken = |call: &CallRequest| !self.ends[side].refuses(call);
        let is_offered = is_running
            && known.meets_a_program()
            && matches!(&command, Command::End(_, EndCommand::Call { call, .. }) if is_taken(call));
        is_offered.then(|| Move {
            rank: CONNECT,
            ends_a_half_close: false,
            text: Follows::sends_a_syn(known.wire, OtherEnd::Side(side.other())),
            act: Act::Connect,
            side,
            command,
            follows: Follows::default(),
            about: None,
        })
    }

    /// The delivery of the segment that is meant next, where it is of use and no more is sure than that it arrives.
    fn unsure_delivery(&self) -> Option<Move> {
        let held = self.wire.held.get(&self.next_held()?).filter(|held| !held.had)?;
        let Packet::Tcp(segment) = &held.record.packet else {
            return None;
        };
        let side = held.record.from.other();
        let sent = Tuple {
            local: segment.source,
            peer: segment.destination,
        };
        let client = if side == Side::Client { sent.mirrored() } else { sent };
        let opens = segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK);
        let text = if self.has_ended(side, Among::newest(client)) && !opens && !segment.flags.has(Flags::RST) {
            Follows::answered()
        } else {
            Follows::reaches(carries(segment), OtherEnd::Side(side))
        };
        Some(Move {
            rank: 0,
            ends_a_half_close: false,
            text,
            act: Act::Deliver,
            side,
            command: press(Act::Deliver, side),
            follows: Follows::default(),
            about: None,
        })
    }
}

/// What a segment brings: `data`, else its name.
fn carries(segment: &Segment) -> &'static str {
    match segment_name(segment.flags) {
        "ACK" if segment.len > 0 => "data",
        name => name,
    }
}

/// The place of a move among the others: what is likely to teach most comes first.
fn rank(act: Act, follows: &Follows, known: &KnownEnd) -> u8 {
    use MeaningId::{CloseEnded, CloseError, CloseNew, CloseWait, Established, FinWait2, TimeWaitHeld};
    let id = known.this.as_ref().map(|this| this.party.id);
    let rank = match (act, follows.returns, id) {
        (Act::Deliver | Act::Restart, ..) => 0,
        (Act::Read(_), Some(Reply::Bytes(_)), _) | (Act::Accept, Some(Reply::Descriptor), _) => 1,
        (Act::Listen, ..) => 2,
        (Act::Connect, Some(Reply::Done), _) if id.is_none() => CONNECT,
        // In a half-close one end may write, the other waits for that; then the first closes, too.
        (Act::Write(_), Some(Reply::Taken(_)), Some(CloseWait)) => 3,
        (Act::Read(_), Some(Reply::Waits), Some(FinWait2)) => 4,
        (Act::Write(_), Some(Reply::Taken(_)), Some(Established)) => 4,
        (Act::Close, _, Some(CloseWait)) => 5,
        (Act::Interrupt | Act::ShutdownWrite, ..) => 5,
        (Act::Write(_), Some(Reply::Taken(_)), _) => 5,
        (Act::Read(_), Some(Reply::Eof | Reply::Errno(_)), _) => 5,
        (Act::Close, _, Some(FinWait2)) => 8,
        (Act::Close, ..) => 6,
        (Act::Write(_), Some(Reply::Errno(_)), _) => 6,
        (Act::Connect, Some(Reply::Done), Some(TimeWaitHeld | CloseEnded | CloseError | CloseNew)) => 6,
        (Act::Connect, Some(Reply::Done), _) => 9,
        (Act::Read(_) | Act::Connect | Act::Accept, ..) => 8,
        (Act::Reset | Act::Write(_), ..) => 9,
    };
    // What has just returned the same teaches nothing new.
    let call = match press(act, Side::Client) {
        Command::End(_, command) => command.kind(),
        Command::Wire(_) | Command::Screen(_) | Command::Write(_) => None,
    };
    let is_old = known
        .last
        .is_some_and(|(kind, reply)| call == Some(kind) && follows.returns == Some(reply));
    if is_old { rank + AGAIN } else { rank }
}

/// Returns whether it is what a half-close is for: the write of the end that may still write, the read of the other, the close that ends it.
fn ends_a_half_close(act: Act, follows: &Follows, known: &KnownEnd) -> bool {
    use MeaningId::{CloseWait, FinWait2};
    let id = known.this.as_ref().map(|this| this.party.id);
    match (act, follows.returns) {
        (Act::Write(_), Some(Reply::Taken(_))) | (Act::Close, _) => id == Some(CloseWait),
        (Act::Read(_), Some(Reply::Waits)) => id == Some(FinWait2),
        _ => false,
    }
}

/// The place of a connect where there is no connection yet.
const CONNECT: u8 = 3;
/// The places that a move falls behind when the last call has returned just that.
const AGAIN: u8 = 5;
/// The places that a move of the end without the keys falls behind.
const OTHER_END: u8 = 2;

/// The class of the call that an order makes.
fn class_of(order: &EndpointCall) -> Option<CallClass> {
    CallClass::of(order.kind())
}

/// Does the call wait for whatever may come, so that what ends it is sure?
fn is_plain(order: &EndpointCall) -> bool {
    match order {
        EndpointCall::On { call, .. } => match call {
            Call::Read { n, flags, deadline } => *n > 0 && flags.is_empty() && deadline.is_none(),
            Call::Accept { .. } => true,
            Call::Connect { deadline, .. } => deadline.is_none(),
            _ => false,
        },
        EndpointCall::Process(_) => false,
    }
}

/// Returns the socket that an order is for; none for one of the process.
fn name_of(order: &EndpointCall) -> Option<&SocketName> {
    super::socket_of(order)
}
