//! Why an outcome came about, link by link, each with its line in the transcript: the call, the state that its socket was in, what set
//! the error, the rule.

use super::transcript::{Entry, Reason, Transcript, What};
use crate::call::SocketName;
use crate::explain::RuleId;
use crate::explain::rules::{CallKind, SetBy};
use crate::lab::event::Fate;
use crate::observe::Tuple;
use crate::outcome::{Outcome, Value};
use crate::side::Side;
use crate::state::State;
use crate::wire::segment::{Flags, Packet};

/// One link of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is.
    pub kind: LinkKind,
    /// In words.
    pub text: String,
    /// Its entry in the transcript; none where nothing there stands for it.
    pub entry: Option<u64>,
}

/// What a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// The call, and what it gave back.
    Call,
    /// The state that the socket was in when it was made.
    State,
    /// The segment, the timer or the earlier call that set the error.
    SetBy,
    /// The rule.
    Rule(RuleId),
}

/// The chain behind an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its links, from the call to the rule; without a rule it ends with the state.
    pub links: Vec<Link>,
    /// The call, as the protocol has it.
    pub call: String,
    /// What it gave back.
    pub outcome: Outcome,
}

/// What is known of a call while the transcript is searched backwards from its outcome.
struct Search<'a> {
    transcript: &'a Transcript,
    side: Side,
    socket: Option<&'a SocketName>,
    /// The entry of the outcome.
    no: u64,
    /// The connection's addresses, its own end first.
    tuple: Option<Tuple>,
}

/// The chain behind the outcome in that entry; none when there is no outcome in it.
pub fn chain(transcript: &Transcript, no: u64) -> Option<Chain> {
    let entry = transcript.entry(no)?;
    let What::Outcome {
        side,
        call,
        socket,
        name,
        outcome,
        text,
        said,
        trace,
        state,
        rule,
        ..
    } = &entry.what
    else {
        return None;
    };
    let begun = before(transcript, no).find(|entry| matches!(&entry.what, What::Call { call: id, .. } if id == call));
    let mut search = Search {
        transcript,
        side: *side,
        socket: socket.as_ref(),
        no,
        tuple: None,
    };
    search.tuple = search.tuple();
    let called = match (trace.last(), text) {
        (Some(traced), _) => traced.text.clone(),
        (None, Some(text)) => format!("{text} = {}", said.clone().unwrap_or_else(|| outcome.brief())),
        (None, None) => format!("{name} = {}", outcome.brief()),
    };
    let mut links = vec![Link {
        kind: LinkKind::Call,
        text: format!("{side} {called}"),
        entry: Some(begun.map_or(no, |begun| begun.no)),
    }];
    let state = state.unwrap_or(State::Close);
    let since = begun.map_or(no, |begun| begun.no);
    if let Some(socket) = socket {
        let came = search.came_to(state, since);
        links.push(Link {
            kind: LinkKind::State,
            text: match (came, state) {
                (Some((from, cause, _)), _) => format!("{socket} was in {state}, by {}", cause.words(from)),
                (None, State::Close) => format!("{socket} was in CLOSE: it had no connection"),
                (None, _) => format!("{socket} was in {state}"),
            },
            entry: came.map(|(_, _, no)| no),
        });
    }
    if let Some(rule) = rule {
        let set_by = rule.rule().set_by;
        let found = set_by
            .iter()
            .find_map(|set_by| Some((set_by, search.find(*set_by, *rule)?)));
        let (text, entry) = match found {
            Some((set_by, entry)) => (format!("set by {}", search.told(*set_by, entry)), Some(entry.no)),
            None => {
                let words: Vec<String> = set_by.iter().map(|set_by| set_by.words()).collect();
                (format!("set by {}", words.join(", or ")), None)
            }
        };
        links.push(Link {
            kind: LinkKind::SetBy,
            text,
            entry,
        });
        links.push(Link {
            kind: LinkKind::Rule(*rule),
            text: rule.rule().because.to_owned(),
            entry: None,
        });
    }
    Some(Chain {
        links,
        call: name.clone(),
        outcome: outcome.clone(),
    })
}

/// The entries before that one, the newest first.
fn before(transcript: &Transcript, no: u64) -> impl Iterator<Item = &Entry> {
    transcript.since(0).rev().skip_while(move |entry| entry.no >= no)
}

impl<'a> Search<'a> {
    fn before(&self) -> impl Iterator<Item = &'a Entry> + use<'a> {
        before(self.transcript, self.no)
    }

    fn is_own(&self, side: Side, socket: Option<&SocketName>) -> bool {
        side == self.side && socket.is_some() && socket == self.socket
    }

    /// The addresses that the socket was last seen with.
    fn tuple(&self) -> Option<Tuple> {
        self.before().find_map(|entry| match &entry.what {
            What::State {
                side, socket, tuple, ..
            } if self.is_own(*side, socket.as_ref()) => Some(*tuple),
            _ => None,
        })
    }

    /// The change that brought the socket into `state`: what it was before, why, and its entry; none when it never changed.
    fn came_to(&self, state: State, since: u64) -> Option<(State, &'a Reason, u64)> {
        let changes = before(self.transcript, since).filter_map(|entry| match &entry.what {
            What::State {
                side,
                socket,
                tuple,
                from,
                to,
                cause,
            } => {
                // What nobody had accepted had no name yet, but these addresses.
                let own = self.is_own(*side, socket.as_ref())
                    || (*side == self.side && socket.is_none() && Some(*tuple) == self.tuple);
                own.then_some((*from, *to, cause, entry.no))
            }
            _ => None,
        });
        let (from, to, cause, no) = changes.take(1).next()?;
        (to == state).then_some((from, cause, no))
    }

    /// The entry of what set the error.
    fn find(&self, set_by: SetBy, rule: RuleId) -> Option<&'a Entry> {
        match set_by {
            SetBy::Rst => self
                .segment(Flags::RST)
                .or_else(|| self.change(|_, to| to == State::Close)),
            SetBy::Fin => self.segment(Flags::FIN).or_else(|| {
                self.change(|_, to| matches!(to, State::CloseWait | State::Closing | State::TimeWait | State::LastAck))
            }),
            SetBy::Icmp => self.before().find(|entry| match &entry.what {
                What::Packet(passage) => {
                    let icmp = matches!(passage.packet, Packet::Icmp { .. });
                    icmp && passage.fate == Fate::Delivered && passage.from != self.side
                }
                _ => false,
            }),
            SetBy::Timer => self.caused(|cause| matches!(cause, Reason::Timer(_))),
            SetBy::Administrator => self.caused(|cause| matches!(cause, Reason::Destroyed)),
            SetBy::OwnCall(kinds) => self.before().find(|entry| match &entry.what {
                What::Outcome { side, socket, name, .. } => {
                    self.is_own(*side, socket.as_ref()) && kinds.iter().any(|kind| is_of(*kind, name))
                }
                _ => false,
            }),
            SetBy::Told => {
                let told = |entry: &&Entry| match &entry.what {
                    What::Outcome {
                        side,
                        socket,
                        outcome,
                        rule: by,
                        ..
                    } => {
                        let pending = matches!(outcome, Outcome::Ok(Value::PendingError { error: Some(_) }));
                        self.is_own(*side, socket.as_ref())
                            && (outcome.errno().is_some() || pending)
                            && *by != Some(rule)
                    }
                    _ => false,
                };
                self.before().find(told)
            }
            SetBy::Signal => self.before().find(|entry| match &entry.what {
                What::Call { side, socket, text, .. } => {
                    *side == self.side && socket.is_none() && text.contains("SIGUSR1")
                }
                _ => false,
            }),
            SetBy::Route | SetBy::Limit => self
                .before()
                .find(|entry| matches!(&entry.what, What::Host { side, failed: None, .. } if *side == self.side)),
            SetBy::Argument | SetBy::OtherSocket | SetBy::Nothing => None,
        }
    }

    /// The newest segment with that flag that reached this end on its connection.
    fn segment(&self, flag: Flags) -> Option<&'a Entry> {
        self.before().find(|entry| match &entry.what {
            What::Packet(passage) => match &passage.packet {
                Packet::Tcp(segment) => {
                    let own = self
                        .tuple
                        .is_none_or(|tuple| (segment.destination, segment.source) == (tuple.local, tuple.peer));
                    own && passage.from != self.side && passage.fate == Fate::Delivered && segment.flags.has(flag)
                }
                Packet::Icmp { .. } | Packet::Other { .. } => false,
            },
            _ => false,
        })
    }

    /// The newest change of its state that fits.
    fn change(&self, fits: impl Fn(State, State) -> bool) -> Option<&'a Entry> {
        self.before().find(|entry| match &entry.what {
            What::State {
                side, socket, from, to, ..
            } => self.is_own(*side, socket.as_ref()) && fits(*from, *to),
            _ => false,
        })
    }

    /// The newest change of its state with such a cause.
    fn caused(&self, fits: impl Fn(&Reason) -> bool) -> Option<&'a Entry> {
        self.before().find(|entry| match &entry.what {
            What::State {
                side, socket, cause, ..
            } => self.is_own(*side, socket.as_ref()) && fits(cause),
            _ => false,
        })
    }

    /// What set it, with what the entry says.
    fn told(&self, set_by: SetBy, entry: &Entry) -> String {
        match &entry.what {
            What::Packet(passage) => format!("{}: {}", set_by.words(), super::transcript::describe(passage)),
            What::State { from, to, cause, .. } => {
                format!("{}: {from} -> {to} by {}", set_by.words(), cause.words(*from))
            }
            What::Outcome { name, outcome, .. } => format!("{}: {name} = {}", set_by.words(), outcome.brief()),
            What::Host { setting, value, .. } => {
                format!("{}: {} = {}", set_by.words(), setting.name(), setting.show(*value))
            }
            _ => set_by.words(),
        }
    }
}

/// Is a call of that name in the protocol of that kind?
fn is_of(kind: CallKind, name: &str) -> bool {
    match kind {
        CallKind::Close => ["close", "rst-close", "linger-close"].contains(&name),
        CallKind::SoError => name == "so-error",
        CallKind::GetOption => ["options", "get-option"].contains(&name),
        CallKind::SetOption => name == "set-option",
        CallKind::Socket
        | CallKind::Bind
        | CallKind::Listen
        | CallKind::Accept
        | CallKind::Connect
        | CallKind::Read
        | CallKind::Write
        | CallKind::Shutdown
        | CallKind::Disconnect
        | CallKind::Dup
        | CallKind::Poll => name == kind.name(),
    }
}
