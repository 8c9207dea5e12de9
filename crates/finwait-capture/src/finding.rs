//! Findings about a connection, with the words for them, the worst first.

use serde::{Serialize, Serializer};
use std::time::Duration;

use finwait_explain::rules::RuleId;
use finwait_model::clock::{MonoTime, human};
use finwait_model::side::{Ends, Side};
use finwait_model::state::State;

use crate::flow::{Connection, ConnectionNo, Start};
use crate::reset::{Answered, Reset, ResetReason};

/// A time or duration; in JSON in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

impl Seconds {
    /// `1.234567 s`
    fn at(self) -> String {
        format!("{:.6} s", self.0.as_secs_f64())
    }
}

/// Something worth telling of a connection; times are since the capture's beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
pub enum Finding {
    /// The SYN was answered with RST.
    Refused {
        /// How long after the SYN.
        after: Seconds,
        /// The reasons that it can have.
        reasons: Vec<ResetReason>,
        /// The reasons in words.
        because: Vec<String>,
        /// The scenarios that show the reasons, in their order.
        shown_by: Vec<&'static str>,
        /// The rule by which connect fails.
        rule: RuleId,
    },
    /// The SYN had no answer.
    NoAnswer {
        /// How often it was sent.
        syns: u32,
        /// From the first to the last.
        waited: Seconds,
    },
    /// The SYN was answered, and the handshake's last ACK is missing.
    HalfOpen {
        /// How often the SYN,ACK was sent.
        answers: u32,
    },
    /// The connection was reset.
    Reset {
        /// The end that sent the RST, or in whose name it was sent.
        by: Side,
        /// When.
        at: Seconds,
        /// Does the RST have ACK?
        ack: bool,
        /// The segment that the other end had sent last.
        answered: Answered,
        /// The sender's state, and the receiver's.
        states: Ends<Option<State>>,
        /// The reasons that it can have, the likeliest first.
        reasons: Vec<ResetReason>,
        /// The reasons in words.
        because: Vec<String>,
        /// The scenarios that show the reasons, in their order.
        shown_by: Vec<&'static str>,
        /// The rule by which the receiver's calls fail; none where none does.
        rule: Option<RuleId>,
        /// Did the receiver go on as if nothing had been?
        ignored: bool,
        /// Was it forged on finwait's wire?
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        forged: bool,
        /// The RSTs of both ends.
        count: u32,
    },
    /// An ICMP error was sent about it.
    Icmp {
        /// Whom it tells.
        to: Side,
        /// The end that sent it.
        from: std::net::IpAddr,
        /// When.
        at: Seconds,
        /// The message.
        message: String,
        /// The errors in all.
        count: u32,
    },
    /// Segments were sent again.
    Retransmissions {
        /// The end that sent them.
        by: Side,
        /// How many.
        count: u32,
        /// The most times that one of them was sent again.
        most: u32,
        /// How long that took.
        took: Seconds,
        /// How many in a row had no answer by the end; nothing came from the other end after them.
        unanswered: u32,
    },
    /// One end had no room.
    ZeroWindow {
        /// The end that had none.
        by: Side,
        /// The longest time: since when.
        from: Seconds,
        /// Until when; none where it had none by the end.
        to: Option<Seconds>,
        /// The segments that said so.
        count: u32,
        /// The probes of the other end.
        probes: u32,
    },
    /// One end has closed, and the other has not by the end.
    Unclosed {
        /// The end that has not.
        side: Side,
        /// The end's state.
        state: State,
        /// The time at which it came to that state.
        since: Seconds,
        /// How long the capture went on.
        lasted: Seconds,
    },
    /// One end sent FIN, and the other went on with data.
    HalfClose {
        /// Who sent FIN.
        by: Side,
        /// When.
        at: Seconds,
        /// How long the other went on.
        lasted: Seconds,
        /// The bytes of data.
        bytes: u64,
    },
    /// The SYN took the addresses of an earlier connection.
    Reuse {
        /// The connection that had the addresses before.
        of: ConnectionNo,
        /// The states that its ends stood in.
        states: Ends<Option<State>>,
    },
    /// Acknowledgements repeat the one before.
    DuplicateAcks {
        /// The end that sent them.
        by: Side,
        /// How many.
        count: u32,
    },
    /// Segments came behind a later one.
    OutOfOrder {
        /// The end that sent them.
        by: Side,
        /// How many.
        count: u32,
    },
    /// Segments filled the other end's window to the last byte.
    WindowFull {
        /// The end that sent them.
        by: Side,
        /// How many.
        count: u32,
    },
    /// Probes asked whether the other end is still there.
    KeepAlives {
        /// The end that sent them.
        by: Side,
        /// How many.
        count: u32,
    },
    /// A SYN or an RST was answered with an acknowledgement (RFC 5961).
    ChallengeAcks {
        /// The end that sent them.
        by: Side,
        /// How many.
        count: u32,
    },
    /// Bytes were acknowledged that are not in the capture.
    Missed {
        /// The end that sent them.
        by: Side,
        /// How many.
        bytes: u64,
    },
    /// Packets are in the capture twice.
    Duplicates {
        /// How many.
        count: u32,
    },
    /// Packets were made up on finwait's wire.
    Forged {
        /// How many.
        count: u32,
    },
    /// There were too many connections at a time to follow it to its end.
    LetGo,
    /// The connection begins before the capture.
    Middle {
        /// Is even the answer to its SYN missing?
        guessed: bool,
    },
    /// The connection is open at the end.
    Open,
}

/// Was the SYN answered with RST?
pub fn is_refused(connection: &Connection) -> bool {
    let reset = connection.reset.filter(|reset| reset.by == Side::Server);
    reset.is_some_and(|reset| reset.receiver == Some(State::SynSent))
}

/// Has the SYN had no answer?
pub fn is_unanswered(connection: &Connection) -> bool {
    let server = &connection.ends.server;
    connection.start == Start::Syn && server.packets == 0 && connection.icmps == 0 && connection.reset.is_none()
}

/// Returns how bad the worst finding is: 0 where there is none, or only that it is open or begins in the middle.
pub fn severity(connection: &Connection) -> u32 {
    let findings = findings(connection, MonoTime(0), connection.last);
    findings.first().map_or(0, Finding::severity)
}

/// Returns what is worth telling of a connection, the worst first, of a capture from `began` to `ended`.
pub fn findings(connection: &Connection, began: MonoTime, ended: MonoTime) -> Vec<Finding> {
    let at = |time: MonoTime| Seconds(time.since(began));
    let between = |from: MonoTime, to: MonoTime| Seconds(to.since(from));
    let ends = &connection.ends;
    let mut found = Vec::new();
    if let Some(reset) = &connection.reset {
        found.push(of_reset(connection, reset, at));
    } else if is_unanswered(connection) {
        found.push(Finding::NoAnswer {
            syns: ends.client.syns,
            waited: between(connection.began, connection.last),
        });
    } else if connection.state(Side::Server) == Some(State::SynRecv) && ends.server.syns > 0 && !connection.let_go {
        found.push(Finding::HalfOpen {
            answers: ends.server.syns,
        });
    }
    if let Some(icmp) = &connection.icmp {
        found.push(Finding::Icmp {
            to: icmp.to,
            from: icmp.from,
            at: at(icmp.at),
            message: icmp.message.clone(),
            count: connection.icmps,
        });
    }
    for side in Side::BOTH {
        let (by, end) = (side, &ends[side]);
        if end.retransmissions > 0 && !is_unanswered(connection) {
            found.push(Finding::Retransmissions {
                by,
                count: end.retransmissions,
                most: end.longest_chain.0,
                took: Seconds(end.longest_chain.1),
                unanswered: match connection.reset {
                    None => end.unanswered,
                    Some(_) => 0,
                },
            });
        }
        if let Some(zero) = end.longest_zero {
            found.push(Finding::ZeroWindow {
                by,
                from: at(zero.from),
                to: zero.to.map(at),
                count: end.zero_windows,
                probes: ends[side.other()].window_probes,
            });
        }
        let state = connection.state(side);
        if let (Some(state @ State::CloseWait), Some((_, since)), false) =
            (state, ends[side.other()].fin(), connection.let_go)
        {
            found.push(Finding::Unclosed {
                side,
                state,
                since: at(since),
                lasted: between(since, ended),
            });
        }
        for (count, finding) in [
            (
                end.duplicate_acks,
                Finding::DuplicateAcks {
                    by,
                    count: end.duplicate_acks,
                },
            ),
            (
                end.out_of_order,
                Finding::OutOfOrder {
                    by,
                    count: end.out_of_order,
                },
            ),
            (
                end.window_full,
                Finding::WindowFull {
                    by,
                    count: end.window_full,
                },
            ),
            (
                end.keep_alives,
                Finding::KeepAlives {
                    by,
                    count: end.keep_alives,
                },
            ),
            (
                end.challenge_acks,
                Finding::ChallengeAcks {
                    by,
                    count: end.challenge_acks,
                },
            ),
        ] {
            if count > 0 {
                found.push(finding);
            }
        }
        if end.missed > 0 {
            found.push(Finding::Missed { by, bytes: end.missed });
        }
    }
    // Whose data is answered with RST had closed both directions.
    let is_refused_data = |by: Side| {
        connection
            .reset
            .is_some_and(|reset| reset.by == by && reset.answered == Answered::Data)
    };
    if let Some(half) = connection.half_close.filter(|half| !is_refused_data(half.by)) {
        found.push(Finding::HalfClose {
            by: half.by,
            at: at(half.from),
            lasted: between(half.from, half.to),
            bytes: half.bytes,
        });
    }
    if let Some((of, states)) = connection.reuses {
        found.push(Finding::Reuse { of, states });
    }
    if connection.duplicates > 0 {
        found.push(Finding::Duplicates {
            count: connection.duplicates,
        });
    }
    if connection.forged > 0 {
        found.push(Finding::Forged {
            count: connection.forged,
        });
    }
    if connection.let_go {
        found.push(Finding::LetGo);
    }
    if connection.start != Start::Syn {
        found.push(Finding::Middle {
            guessed: connection.guessed,
        });
    }
    let is_open = |side: Side| connection.state(side) == Some(State::Established);
    if is_open(Side::Client) && is_open(Side::Server) && !connection.let_go {
        found.push(Finding::Open);
    }
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
    found
}

/// `1 segment`, `2 segments`
pub fn times(count: impl Into<u64>, what: &str) -> String {
    match count.into() {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

fn because(reset: &Reset) -> Vec<String> {
    reset.reasons().into_iter().map(|reason| reason.words(reset)).collect()
}

fn of_reset(connection: &Connection, reset: &Reset, at: impl Fn(MonoTime) -> Seconds) -> Finding {
    if is_refused(connection) {
        return Finding::Refused {
            after: Seconds(reset.at.since(connection.began)),
            because: because(reset),
            reasons: reset.reasons(),
            shown_by: reset.shown_by(),
            rule: RuleId::Refused,
        };
    }
    let (client, server) = match reset.by {
        Side::Client => (reset.sender, reset.receiver),
        Side::Server => (reset.receiver, reset.sender),
    };
    Finding::Reset {
        by: reset.by,
        at: at(reset.at),
        ack: reset.ack,
        answered: reset.answered,
        states: Ends { client, server },
        because: because(reset),
        reasons: reset.reasons(),
        shown_by: reset.shown_by(),
        rule: reset.rule(),
        ignored: connection.reset_ignored,
        forged: reset.forged,
        count: Side::BOTH.iter().map(|side| connection.ends[*side].resets).sum(),
    }
}

impl Finding {
    /// Returns how bad it is; 0 for what is no fault.
    pub fn severity(&self) -> u32 {
        match self {
            Finding::NoAnswer { .. } => 95,
            Finding::Refused { .. } => 90,
            Finding::Reset { rule: Some(_), .. } => 100,
            Finding::Reset { .. } => 30,
            Finding::Icmp { .. } => 85,
            Finding::Retransmissions { most, unanswered, .. } if *most >= 3 || *unanswered >= 3 => 70,
            Finding::ZeroWindow { to: None, .. } => 65,
            Finding::HalfOpen { .. } => 60,
            Finding::Unclosed { .. } => 55,
            Finding::ZeroWindow { .. } => 50,
            Finding::Retransmissions { .. } => 40,
            Finding::ChallengeAcks { .. } => 25,
            Finding::Reuse { .. } => 22,
            Finding::HalfClose { .. } => 20,
            Finding::OutOfOrder { .. } => 15,
            Finding::DuplicateAcks { .. } => 12,
            Finding::WindowFull { .. } => 11,
            Finding::KeepAlives { .. } => 10,
            Finding::Forged { .. } => 28,
            Finding::Missed { .. } | Finding::Duplicates { .. } => 8,
            Finding::LetGo | Finding::Middle { .. } | Finding::Open => 0,
        }
    }

    /// Returns it in a few words, for a line of the overview.
    pub fn brief(&self) -> String {
        match self {
            Finding::Refused { .. } => "refused".into(),
            Finding::NoAnswer { syns: 1, .. } => "no answer to the SYN".into(),
            Finding::NoAnswer { syns, .. } => format!("no answer to {syns} SYNs"),
            Finding::HalfOpen { .. } => "the handshake's last ACK is missing".into(),
            Finding::Reset {
                by,
                forged: true,
                ignored: false,
                ..
            } => format!("reset by an RST forged in the {by}'s name"),
            Finding::Reset { by, ignored: false, .. } => format!("reset by the {by}"),
            Finding::Reset { by, .. } => format!("RST in the {by}'s name, not taken"),
            Finding::Icmp { message, .. } => format!("ICMP: {message}"),
            Finding::Retransmissions { by, count, .. } => format!("{count} retransmitted by the {by}"),
            Finding::ZeroWindow { by, .. } => format!("zero window of the {by}"),
            Finding::Unclosed { side, state, .. } => format!("the {side} stays in {state}"),
            Finding::HalfClose { by, .. } => format!("half-closed by the {by}"),
            Finding::Reuse { of, .. } => format!("addresses of connection {of}"),
            Finding::DuplicateAcks { count, .. } => times(*count, "duplicate ACK"),
            Finding::OutOfOrder { count, .. } => format!("{count} out of order"),
            Finding::WindowFull { .. } => "window full".into(),
            Finding::KeepAlives { count, .. } => times(*count, "keep-alive probe"),
            Finding::ChallengeAcks { .. } => "challenge ACK".into(),
            Finding::Missed { .. } => "not all captured".into(),
            Finding::Duplicates { .. } => "captured twice".into(),
            Finding::Forged { count } => format!("{count} forged"),
            Finding::LetGo => "not followed to its end".into(),
            Finding::Middle { .. } => "begins before the capture".into(),
            Finding::Open => "open at the end".into(),
        }
    }

    /// Returns it in a sentence or two.
    pub fn words(&self) -> String {
        match self {
            Finding::Refused { after, .. } => format!("The server answered the SYN with RST after {}.", human(after.0)),
            Finding::NoAnswer { syns: 1, .. } => "The SYN had no answer in the capture.".into(),
            Finding::NoAnswer { syns, waited } => format!(
                "The SYN was sent {} in {}, and had no answer: the host is not there, a firewall drops it or its answer, or the listener's queue is full.",
                if *syns == 2 { "twice".into() } else { format!("{syns} times") },
                human(waited.0)
            ),
            Finding::HalfOpen { answers } => format!(
                "The server sent {}, and the handshake's last ACK is missing: the SYN,ACK does not arrive, or the accept queue is full.",
                times(*answers, "SYN,ACK")
            ),
            Finding::Reset {
                by,
                at,
                ack,
                answered,
                states,
                ignored,
                forged,
                count,
                ..
            } => {
                let from = if *forged { "forged in the name of" } else { "from" };
                let state = |side: Side| states[side].map_or("a state that is not known", State::name);
                let alone = states.client.is_none() && states.server.is_none() && *answered == Answered::Nothing;
                if alone {
                    let kind = if *ack { "RST,ACK" } else { "RST without ACK" };
                    let more = if *count > 1 { format!(", {count} in all") } else { String::new() };
                    return format!(
                        "{kind} {from} the {by} at {}{more}. What came before it is not in the capture, and so its reason is not either: here are the possible ones, the likeliest first.",
                        at.at()
                    );
                }
                let kind = if *ack { "RST,ACK" } else { "RST without ACK" };
                let upon = match answered {
                    Answered::Nothing => String::new(),
                    Answered::Syn => format!(" after a SYN of the {}'s", by.other()),
                    Answered::SynAck => format!(" after a SYN,ACK of the {}'s", by.other()),
                    Answered::Data => format!(" after data of the {}'s", by.other()),
                    Answered::Fin => format!(" after the {}'s FIN", by.other()),
                    Answered::Ack => format!(" after an ACK of the {}'s", by.other()),
                };
                let more = if *count > 1 { format!("; {count} RSTs in all") } else { String::new() };
                let taken = match ignored {
                    true => format!(" The {} sent data after it: it has not taken it.", by.other()),
                    false => String::new(),
                };
                format!(
                    "{kind} {from} the {by} at {}{upon}; the {by} was in {}, the {} in {}{more}.{taken}",
                    at.at(),
                    state(*by),
                    by.other(),
                    state(by.other())
                )
            }
            Finding::Icmp {
                to,
                from,
                at,
                message,
                count,
            } => {
                let more = if *count > 1 { format!(", {count} times in all") } else { String::new() };
                format!("ICMP from {from} to the {to} at {}: {message}{more}.", at.at())
            }
            Finding::Retransmissions {
                by,
                count,
                most,
                took,
                unanswered,
            } => {
                let longest = match most {
                    0 | 1 => String::new(),
                    most => format!("; the same one up to {most} times, for {}", human(took.0)),
                };
                let silence = match unanswered {
                    0 => String::new(),
                    1 => " The last had no answer in the capture.".into(),
                    count => format!(
                        " The last {count} had no answer in the capture: they, or what the {} answers, do not arrive. When the {by}'s kernel gives up (ETIMEDOUT), it may do so without a segment.",
                        by.other()
                    ),
                };
                format!("The {by} sent {} again{longest}.{silence}", times(*count, "segment"))
            }
            Finding::ZeroWindow {
                by,
                from,
                to,
                count,
                probes,
            } => {
                let span = match to {
                    Some(to) => format!("from {} to {}, {}", from.at(), to.at(), human(to.0.saturating_sub(from.0))),
                    None => format!("from {} on, to the end", from.at()),
                };
                let probed = if *probes > 0 {
                    format!("; the {} probed it {}", by.other(), times(*probes, "time"))
                } else {
                    String::new()
                };
                format!(
                    "The {by} had no room {span}: its program does not read ({} with window 0{probed}).",
                    times(*count, "segment")
                )
            }
            Finding::Unclosed {
                side,
                state,
                since,
                lasted,
            } => format!(
                "The {} closed at {}, and the {side} has not by the end, {} later: it stays in {state} until its program closes.",
                side.other(),
                since.at(),
                human(lasted.0)
            ),
            Finding::HalfClose { by, at, lasted, bytes } => format!(
                "The {by} sent FIN at {}, and the {} went on for {} with {}: a half-close.",
                at.at(),
                by.other(),
                human(lasted.0),
                times(*bytes, "byte")
            ),
            Finding::Reuse { of, states } => {
                let state = |side: Side| states[side].map_or("no state that is known", State::name);
                format!(
                    "The SYN took the addresses of connection {of}, whose client stood in {} and whose server in {}.",
                    state(Side::Client),
                    state(Side::Server)
                )
            }
            Finding::DuplicateAcks { by, count } => {
                format!("The {by} sent {}: something before did not arrive.", times(*count, "duplicate ACK"))
            }
            Finding::OutOfOrder { by, count } => {
                format!("{} of the {by}'s came behind a later one.", times(*count, "segment"))
            }
            Finding::WindowFull { by, count } => format!(
                "The {by} filled the {}'s window to the last byte {}.",
                by.other(),
                times(*count, "time")
            ),
            Finding::KeepAlives { by, count } => format!("The {by} sent {}.", times(*count, "keep-alive probe")),
            Finding::ChallengeAcks { by, count } => {
                format!("The {by} answered a SYN or an RST with an ACK (RFC 5961), {}.", times(*count, "time"))
            }
            Finding::Missed { by, bytes } => format!(
                "Of what the {by} sent, {} that the {} acknowledged {} not in the capture: it missed packets.",
                times(*bytes, "byte"),
                by.other(),
                if *bytes == 1 { "is" } else { "are" }
            ),
            Finding::Duplicates { count } => format!(
                "{} twice in the capture: captured on several interfaces, or doubled on the way. Counted once.",
                match count {
                    1 => "1 packet is".into(),
                    count => format!("{count} packets are"),
                }
            ),
            Finding::Forged { count } => match count {
                1 => "1 packet was forged on finwait's wire: neither host sent it.".into(),
                count => format!("{count} packets were forged on finwait's wire: neither host sent them."),
            },
            Finding::LetGo => {
                "Too many connections were open at a time to follow it to its end: what is said of it is what was so until then.".into()
            }
            Finding::Middle { guessed: true } => {
                "It begins before the capture: its handshake is not there, and which end is the client is a guess by the ports.".into()
            }
            Finding::Middle { guessed: false } => "Its SYN is before the capture, which begins with the answer.".into(),
            Finding::Open => "It is open at the end of the capture, as far as the segments say.".into(),
        }
    }
}
