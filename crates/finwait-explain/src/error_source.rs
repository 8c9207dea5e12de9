//! The source of an outcome's error, found in what the record tells of the socket, and the rule's sentence in the words of this case.

use serde::Serialize;

use super::rules::{CallClass, Further, RuleId, SetBy, WaitForbidder};
use super::sock::{CallEntry, ConnectionEnd, EndCause, EntryNo};
use super::{Situation, options};
use finwait_model::call::{Call, ReadFlag, ShutdownHow, SocketOption, WriteFlag};
use finwait_model::clock::human;
use finwait_model::socket_table::TimerKind;
use finwait_model::state::State;

/// The source of an outcome's error, as far as the record has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorSource {
    /// This, and the entry in which it happened.
    Found(SetBy, EntryNo),
    /// This, of which no entry can tell: an argument, a call that was not made.
    Timeless(SetBy),
    /// One of these, which was not seen: as in the loopback lab, which has no wire.
    Unseen(&'static [SetBy]),
}

impl ErrorSource {
    /// The entry in which it happened.
    pub const fn entry(self) -> Option<EntryNo> {
        match self {
            ErrorSource::Found(_, entry) => Some(entry),
            ErrorSource::Timeless(_) | ErrorSource::Unseen(_) => None,
        }
    }

    /// In words, to go on from "set by".
    pub fn words(self) -> String {
        match self {
            ErrorSource::Found(set_by, _) | ErrorSource::Timeless(set_by) => set_by.words(),
            ErrorSource::Unseen(any) => {
                let any: Vec<String> = any.iter().map(|set_by| set_by.words()).collect();
                format!("{}, which was not seen", any.join(" or "))
            }
        }
    }

    /// Finds what set the error of a call that falls under that rule.
    pub(super) fn find(rule: RuleId, call: &Call, s: &Situation) -> ErrorSource {
        let all = rule.rule().set_by;
        // What ended a connection says nothing of a socket that has been dissolved since.
        let is_dissolved = s.sock.dissolved.is_some() || s.sock.failed.is_some();
        let is_it = |set_by: &SetBy| rule != RuleId::ReadUnconnected || !is_dissolved || !set_by.ends();
        let each = all.iter().flat_map(|set_by| one_by_one(*set_by)).filter(is_it);
        let found = each.filter_map(|set_by| Some((set_by, entry_of(set_by, call, s)?)));
        let nearest = match rule {
            // A connect that was given up dissolves, too; but what gave it up came first, and threw out whoever waited.
            RuleId::DissolvedWhileWaiting => {
                found.min_by_key(|(set_by, _)| *set_by == SetBy::OwnCall(&[CallClass::Connect]))
            }
            // The nearest that can have set it.
            _ => found.max_by_key(|(_, entry)| *entry),
        };
        let unseen = s.sock.end.filter(|end| end.by.is_unseen());
        if rule == RuleId::Reset && by_us_or_the_peer(s) {
            return ErrorSource::Unseen(&[SetBy::Rst, SetBy::Data]);
        }
        match (nearest, unseen) {
            (Some((set_by, entry)), _) => ErrorSource::Found(set_by, entry),
            // A segment that was not seen made the change, and only one kind can have.
            (None, Some(end)) => match all.iter().filter(|set_by| set_by.is_packet()).collect::<Vec<_>>()[..] {
                [only] => ErrorSource::Found(*only, end.entry),
                _ => ErrorSource::Unseen(all),
            },
            (None, None) => match all.iter().find(|set_by| !set_by.happens()) {
                Some(set_by) => ErrorSource::Timeless(*set_by),
                None => ErrorSource::Unseen(all),
            },
        }
    }
}

/// Each call that it may have been by itself, so that what was found names the one.
fn one_by_one(set_by: SetBy) -> Vec<SetBy> {
    match set_by {
        SetBy::OwnCall(classes) => classes.chunks(1).map(SetBy::OwnCall).collect(),
        set_by => vec![set_by],
    }
}

/// The entry in which that happened to the socket, before the call returned.
fn entry_of(set_by: SetBy, call: &Call, s: &Situation) -> Option<EntryNo> {
    let sock = &s.sock;
    let ended = |is_it: fn(EndCause) -> bool| sock.end.filter(|end| is_it(end.by)).map(|end| end.entry);
    match set_by {
        SetBy::Rst => ended(|by| by == EndCause::Rst),
        SetBy::Data => sock.end.filter(|end| end.is_by_data()).map(|end| end.entry),
        SetBy::Fin => sock.fin,
        SetBy::Icmp => {
            let noted = sock.noted.map(|(_, entry)| entry);
            ended(|by| matches!(by, EndCause::Icmp(_))).or(noted)
        }
        SetBy::Timer => ended(|by| matches!(by, EndCause::Timer(_))),
        SetBy::Administrator => {
            let stopped = sock.stopped.filter(|(by, _)| *by == EndCause::Administrator);
            stopped
                .map(|(_, entry)| entry)
                .or_else(|| ended(|by| by == EndCause::Administrator))
        }
        SetBy::Told => sock.reported.or_else(|| taker(s)),
        SetBy::OwnCall(classes) => classes.iter().filter_map(|class| own_call(*class, call, s)).max(),
        SetBy::WaitingCall => s.under_way.iter().map(|call| call.began).max(),
        SetBy::Signal => s.interrupted,
        SetBy::Route => s.limits.no_route,
        // With a port of its own it needs none of the range.
        SetBy::Limit => s.limits.port_range.filter(|_| !is_bound(s)),
        SetBy::ProcessLimit => s.limits.nofile,
        SetBy::Argument | SetBy::OtherSocket | SetBy::Nothing | SetBy::Missing => None,
    }
}

/// Can data that came after our own shutdown have ended it, as well as an RST of the peer's: was neither seen?
fn by_us_or_the_peer(s: &Situation) -> bool {
    let may_be = |end: &ConnectionEnd| end.by.is_unseen() && matches!(end.from, State::FinWait1 | State::FinWait2);
    s.sock.end.as_ref().is_some_and(may_be) && s.sock.receiving_shut.is_some()
}

/// Did bind give it its port?
fn is_bound(s: &Situation) -> bool {
    s.sock.named.is_some_and(|made| made.class == CallClass::Bind)
}

/// Another call, still under way, that can have been told the error: it returns after the one that it left EPIPE to.
fn taker(s: &Situation) -> Option<EntryNo> {
    let takes = |class| {
        matches!(
            class,
            CallClass::Read | CallClass::Write | CallClass::SoError | CallClass::Connect
        )
    };
    let mut others = s.under_way.iter();
    others.find(|other| takes(other.class)).map(|other| other.began)
}

/// Our own call of that class that decides what `call` returns.
fn own_call(class: CallClass, call: &Call, s: &Situation) -> Option<EntryNo> {
    let sock = &s.sock;
    let is_it = |made: Option<CallEntry>| made.filter(|made| made.class == class).map(|made| made.entry);
    let stopped = sock
        .stopped
        .filter(|(by, _)| *by == EndCause::Call(class))
        .map(|(_, entry)| entry);
    let under_way = || s.under_way(class).map(|call| call.began);
    // For bind only what gave the socket its address counts; a connect that waits has given it a port already.
    if matches!(call, Call::Bind { .. }) && class != CallClass::Close {
        let connecting = || (class == CallClass::Connect).then(under_way).flatten();
        return is_it(sock.named).or_else(connecting);
    }
    match class {
        CallClass::Shutdown => {
            let direction = match call {
                Call::Read { .. } => s.shut(ShutdownHow::Read),
                Call::Write { .. } => s.shut(ShutdownHow::Write),
                _ => None,
            };
            direction
                .or_else(|| is_it(sock.dissolved))
                .or(stopped)
                .or_else(under_way)
        }
        CallClass::Disconnect => is_it(sock.dissolved).or(stopped).or_else(under_way),
        CallClass::Listen => is_it(sock.named).or_else(|| is_it(sock.listened)),
        CallClass::Bind => is_it(sock.named),
        CallClass::Connect => is_it(sock.peer)
            .or_else(|| is_it(sock.named))
            .or_else(|| is_it(sock.failed))
            .or_else(under_way),
        CallClass::Accept => is_it(sock.peer),
        // A close that lingers has given its descriptor back already.
        CallClass::Close => s.closed.or_else(under_way),
        CallClass::Socket
        | CallClass::Read
        | CallClass::Write
        | CallClass::Dup
        | CallClass::Poll
        | CallClass::SoError
        | CallClass::GetOption
        | CallClass::SetOption => None,
    }
}

/// The rule's sentence: of this very case where the record knows more than the rule says of all.
pub(super) fn sentence(rule: RuleId, call: &Call, s: &Situation) -> String {
    let because = rule.rule().because;
    match (rule, call) {
        (RuleId::OptionValue, Call::SetOption { option, .. }) => options::refused(*option),
        _ => match because.further {
            Further::NoWaiting { .. } => because.where_forbidden_by(&forbids(call, s)),
            Further::ToldOnce(then) => format!("{}; this error is reported once{then}.", cause(rule, s)),
            Further::Nothing => format!("{}.", cause(rule, s)),
        },
    }
}

/// The cause in one clause: of this case, else the rule's own.
pub(super) fn cause(rule: RuleId, s: &Situation) -> String {
    // With no segments seen, the rule's own words say all that is known.
    let is_seen = !s.sock.ended_by().is_some_and(EndCause::is_unseen);
    let own = match rule {
        RuleId::Reset if by_us_or_the_peer(s) => {
            Some("The peer's RST ended the connection, or data that came after we had shut both directions down".into())
        }
        // No state in between is seen of an attempt, either.
        RuleId::ErrorTold | RuleId::EofErrorTold if was_attempt(s) => cause_here(rule, s),
        _ => is_seen.then(|| cause_here(rule, s)).flatten(),
    };
    own.unwrap_or_else(|| rule.rule().because.cause.into())
}

/// The cause in the words of this case; none where the rule's own are as good.
fn cause_here(rule: RuleId, s: &Situation) -> Option<String> {
    let sock = &s.sock;
    let by_icmp = match (sock.ended_by(), sock.noted) {
        (Some(EndCause::Icmp(icmp)), _) => Some(icmp.name()),
        (_, Some((icmp, _))) => Some(icmp.name()),
        _ => None,
    };
    let dissolved = sock.dissolved.map(|made| made.class.name());
    Some(match rule {
        RuleId::PeerGivenUp => format!("The kernel gave up on the peer: {}", ran_out(s)?),
        RuleId::ConnectTimedOut => format!("No answer to the SYN: {}", ran_out(s)?),
        RuleId::SynGivenUp => {
            let sent = match sock.left.syns {
                // Not seen, in the loopback lab.
                0 => String::new(),
                1 => ", sent once".into(),
                n => format!(", sent {n} times"),
            };
            format!("No answer to the SYN{sent}: {}", ran_out(s)?)
        }
        RuleId::HandshakeGivenUp => format!(
            "The peer's SYN came, but nothing acknowledged our SYN,ACK: {}",
            ran_out(s)?
        ),
        RuleId::ResetInCloseWait if sock.end?.is_by_data() => {
            "Data came beyond the peer's FIN: our own kernel reset the connection, and in CLOSE_WAIT that is EPIPE".into()
        }
        RuleId::DataAfterShutdown if sock.ended_by_fin_beyond_a_gap() => {
            "A FIN came before the data that it follows, after we had shut both directions down: our own kernel reset the \
             connection, and sent the RST"
                .into()
        }
        RuleId::ConnectReset => match sock.end?.by {
            EndCause::Rst if sock.end?.is_of_handshake() => {
                "An RST came during the handshake: the peer's SYN had come, so that it is not ECONNREFUSED".into()
            }
            EndCause::Rst => "An RST came right after the handshake, before connect returned".into(),
            EndCause::Call(class) => format!("Our own {} gave the attempt up while connect waited", class.name()),
            _ => return None,
        },
        RuleId::GivenUpByUs => {
            let class = dissolved.or_else(|| match sock.end?.by {
                EndCause::Call(class) => Some(class.name()),
                _ => None,
            })?;
            let what = if sock.end?.is_of_handshake() {
                "gave the attempt to connect up"
            } else {
                "dissolved the connection"
            };
            format!("Our own {class} {what}")
        }
        RuleId::RefusedEarlier => match sock.end?.by {
            EndCause::Icmp(_) if sock.end?.from == State::SynRecv => format!(
                "ICMP {} came in the middle of the handshake of the connect begun earlier",
                by_icmp?
            ),
            EndCause::Icmp(_) => format!("ICMP {} answered the SYN of the connect begun earlier", by_icmp?),
            EndCause::Rst => "An RST answered the SYN of the connect begun earlier".into(),
            _ => return None,
        },
        RuleId::HostUnreachableEarlier | RuleId::NetworkUnreachableEarlier | RuleId::ProhibitedEarlier => {
            format!("ICMP {} ended the attempt to connect at once", by_icmp?)
        }
        RuleId::HostUnreachable | RuleId::NetworkUnreachable | RuleId::Prohibited | RuleId::RefusedByIcmp
            if by_icmp.is_some() =>
        {
            let aside = match rule {
                RuleId::HostUnreachable => "no way to that host",
                RuleId::NetworkUnreachable => "no route to that network, as somebody on the way says",
                RuleId::Prohibited => "a firewall on the way forbids it",
                _ => "usually a firewall rejects it, or nobody listens there",
            };
            let what = match sock.end?.from {
                State::SynRecv => "came in the middle of the handshake",
                _ => "answered the SYN",
            };
            format!("ICMP {} {what}: {aside}", by_icmp?)
        }
        RuleId::NetworkUnreachable => "This host has no route to that network: no SYN left".into(),
        RuleId::HostUnreachable => "This host's route to that host is unreachable: no SYN left".into(),
        RuleId::Prohibited => "A route of this host's own prohibits it: no SYN left".into(),
        RuleId::HostUnreachableAtEnd
        | RuleId::NetworkUnreachableAtEnd
        | RuleId::RefusedAtEnd
        | RuleId::ProhibitedAtEnd => format!(
            "The kernel gave up on the peer ({}), and the last that it had heard was ICMP {}",
            ran_out(s)?,
            by_icmp?
        ),
        RuleId::ErrorTold if was_attempt(s) => {
            "The attempt to connect has failed and its error was already reported; every write gets EPIPE until the next connect"
                .into()
        }
        RuleId::EofErrorTold if was_attempt(s) => {
            "The attempt to connect failed, and its error was already reported; every later read gives 0".into()
        }
        RuleId::ErrorTold if sock.end?.from == State::Listen => {
            "The listener was destroyed, and the error was already reported; every later write gets EPIPE".into()
        }
        RuleId::EofErrorTold if sock.end?.from == State::Listen => {
            "The listener was destroyed, and the error was already reported; every later read gives 0".into()
        }
        RuleId::AttemptDead if sock.reported.or_else(|| taker(s)).is_some() => {
            "The attempt is dead, and an earlier call reported its error; connecting again starts a new attempt".into()
        }
        RuleId::AttemptDead if sock.ended_by() == Some(EndCause::Administrator) => {
            "The attempt was destroyed on this host, as ss -K does; connecting again starts a new attempt".into()
        }
        RuleId::AttemptDead if taker(s).is_some() => {
            "The attempt is dead, and another call that waited takes its error; connecting again starts a new attempt".into()
        }
        RuleId::ShutdownOver => shutdown_over(s)?,
        RuleId::WriteUnconnected if dissolved.is_some() => format!(
            "Our own {} took the peer away: a stream socket without a peer gives EPIPE, not ENOTCONN",
            dissolved?
        ),
        RuleId::ReadUnconnected if dissolved.is_some() => {
            format!(
                "Our own {} took the peer away: there is no connection to read from",
                dissolved?
            )
        }
        // Only MSG_OOB asks for the state before it asks for the error (tcp_recv_urg).
        RuleId::ReadUnconnected if sock.failed.is_none() && sock.established.is_some() => {
            format!("The connection is over, and no urgent byte can come: {}", how_it_ended(s)?)
        }
        RuleId::DissolvedWhileWaiting => {
            let waits = |class: CallClass| s.under_way(class).map(|_| class.name());
            match dissolved
                .or(waits(CallClass::Shutdown))
                .or(waits(CallClass::Disconnect))
            {
                Some(class) => format!("Our own {class} dissolved the connection while this call waited"),
                None => "Our own connect was told that the attempt had failed, and dissolved it while this call waited"
                    .into(),
            }
        }
        RuleId::AcceptWithoutListen => match sock.stopped?.0 {
            EndCause::Administrator => "It does not listen any more: it was destroyed in LISTEN, as ss -K does".into(),
            EndCause::Call(class) => format!("It does not listen any more: our own {} ended that", class.name()),
            _ => return None,
        },
        RuleId::BindTwice => format!(
            "It has an address already: {} gave it one, and it is given once",
            sock.named?.class.name()
        ),
        RuleId::ListenConnected | RuleId::AlreadyConnected | RuleId::ConnectedOnce => {
            let class = sock.peer?.class.name();
            match rule {
                RuleId::ListenConnected => {
                    format!("Our own {class} gave it a peer, and only a socket without one can listen")
                }
                RuleId::AlreadyConnected => {
                    format!(
                        "Our own {class} gave it a peer already, and a stream socket keeps its peer until disconnect"
                    )
                }
                _ => format!(
                    "Our own {class} gave it a peer once, and that counts until disconnect, though the connection is over"
                ),
            }
        }
        RuleId::NoPortLeft if is_bound(s) => {
            "Another connection has this local address and port and this destination already".into()
        }
        RuleId::ReadUnconnected if sock.failed_after_listening() => {
            "Our own connect has failed: there is no connection to read from".into()
        }
        RuleId::ListenTaken => match s.port_taken_by? {
            State::Listen => "Another socket listens on this address already".into(),
            state => format!("Another socket, in {state}, has the address"),
        },
        RuleId::AddressTaken => match s.port_taken_by? {
            State::TimeWait => {
                "A connection in TIME_WAIT has the address; SO_REUSEADDR on both sockets would allow it".into()
            }
            state => format!("Another socket, in {state}, has the address"),
        },
        RuleId::NoUrgentByte => match (sock.urgent, sock.urgent_read) {
            (None, _) if s.segments_seen => "There is no urgent byte: none has come".into(),
            (Some(_), true) => "There is no urgent byte: it was read already".into(),
            (Some(_), false) => "There is no urgent byte: an ordinary read passed over it".into(),
            (None, _) => return None,
        },
        RuleId::NoUrgentByteAnyMore => {
            let how = if sock.fin.is_some() {
                "the peer's FIN has come"
            } else if s.shut(ShutdownHow::Read).is_some() {
                "we shut reading down"
            } else {
                "the connection is over"
            };
            format!("An urgent byte was announced, and cannot come any more: {how}")
        }
        _ => return None,
    })
}

/// Was it an attempt at a connection that failed, and no connection?
fn was_attempt(s: &Situation) -> bool {
    let sock = &s.sock;
    sock.end.map_or(sock.established.is_none(), |end| end.is_of_handshake())
}

/// Why nothing is left to be shut down.
fn shutdown_over(s: &Situation) -> Option<String> {
    let how = how_it_ended(s)?;
    let what = if s.sock.end?.is_of_handshake() {
        "The attempt at a connection failed"
    } else {
        "The connection is over"
    };
    Some(format!("{what}, and no direction is left to end: {how}"))
}

/// How a connection ended, or an attempt at one, as a clause.
fn how_it_ended(s: &Situation) -> Option<String> {
    let end = s.sock.end?;
    Some(match end.by {
        EndCause::Rst => "an RST ended it".to_owned(),
        EndCause::Icmp(icmp) => format!("ICMP {} ended it", icmp.name()),
        EndCause::Segment if end.is_by_data() => {
            if end.from == State::CloseWait {
                "our own kernel reset it, for data came beyond the peer's FIN".into()
            } else {
                "our own kernel reset it, for data came after we had shut it down".into()
            }
        }
        EndCause::Segment => "both FINs are done".into(),
        EndCause::Timer(_) => format!("the kernel gave up on the peer: {}", ran_out(s)?),
        EndCause::Administrator => "it was destroyed on this host, as ss -K does".into(),
        EndCause::Call(class) => format!("our own {} ended it", class.name()),
        EndCause::Death | EndCause::Unseen(_) => return None,
    })
}

/// Which limit ran out, of a connection or an attempt that a timer ended.
fn ran_out(s: &Situation) -> Option<String> {
    let end = s.sock.end?;
    let EndCause::Timer(kind) = end.by else { return None };
    let options = &s.sock.options;
    let sysctl = |name: &str, value: Option<u32>| {
        value.map_or_else(
            || format!("{name} ran out"),
            |value| format!("{name} ({value}) ran out"),
        )
    };
    let user_timeout = options
        .user_timeout
        .map(|ms| format!("TCP_USER_TIMEOUT ({ms} ms) ran out"));
    Some(match (end.from, kind) {
        // tcp_write_timeout: by count, else by time.
        (State::SynSent | State::SynRecv, _) => {
            let retries = options.syncnt.and_then(|n| u32::try_from(n).ok());
            let by_count = match retries {
                Some(n) => format!("TCP_SYNCNT ({n}) ran out"),
                None => sysctl("tcp_syn_retries", s.limits.syn_retries),
            };
            let most = retries.or(s.limits.syn_retries);
            let linear = if end.from == State::SynSent {
                s.limits.syn_linear
            } else {
                0
            };
            match user_timeout {
                // A timeout ends it before it was sent again that often; a SYN,ACK is not sent more often at first.
                Some(by_time) if !s.segments_seen || most.is_some_and(|most| s.sock.left.syns <= most + linear) => {
                    by_time
                }
                _ => by_count,
            }
        }
        // tcp_keepalive_timer
        (_, TimerKind::Keepalive) => user_timeout.unwrap_or_else(|| "its keepalive probes were not answered".into()),
        // tcp_probe_timer, tcp_write_timeout
        (_, TimerKind::Retransmit | TimerKind::ZeroWindowProbe | TimerKind::TimeWait) => {
            user_timeout.unwrap_or_else(|| sysctl("tcp_retries2", s.limits.retries2))
        }
    })
}

/// Returns what forbids the call to wait: its own MSG_DONTWAIT, or an option of the socket.
pub(super) fn forbids(call: &Call, s: &Situation) -> WaitForbidder {
    let options = &s.sock.options;
    let (dontwait, timeout, option) = match call {
        Call::Read { flags, .. } => (
            flags.contains(&ReadFlag::Dontwait),
            options.rcvtimeo,
            SocketOption::Rcvtimeo,
        ),
        Call::Accept { .. } => (false, options.rcvtimeo, SocketOption::Rcvtimeo),
        Call::Write { flags, .. } => (
            flags.contains(&WriteFlag::Dontwait),
            options.sndtimeo,
            SocketOption::Sndtimeo,
        ),
        _ => (false, options.sndtimeo, SocketOption::Sndtimeo),
    };
    if dontwait {
        WaitForbidder::ThisCall
    } else if options.nonblock {
        WaitForbidder::Nonblock
    } else if timeout > 0 {
        WaitForbidder::Timeout(option, human(s.took))
    } else {
        WaitForbidder::Socket
    }
}
