//! The source of an outcome's error, found in the record of the socket, and the rule's sentence in the words of this case.

use serde::Serialize;

use std::fmt;

use super::rules::{CallClass, Further, RuleId, SetBy, WaitForbidder};
use super::sock::{CallEntry, ConnectionEnd, EndCause, EntryNo};
use super::text::causes::{Case, HowEnded, RanOut};
use super::text::sources::SourceWords;
use super::{Situation, options};
use finwait_model::call::{Call, ReadFlag, ShutdownHow, SocketOption, WriteFlag};
use finwait_model::socket_table::TimerKind;
use finwait_model::state::State;

/// The source of an outcome's error, as far as the record has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorSource {
    /// A setter, and the entry in which it set the error.
    Found(SetBy, EntryNo),
    /// A setter that has no entry: an argument, a call that was not made.
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

    /// Returns it in words, to go on from "set by".
    pub fn words(self) -> String {
        match self {
            ErrorSource::Found(set_by, _) | ErrorSource::Timeless(set_by) => set_by.words(),
            ErrorSource::Unseen(any) => SourceWords::Unseen { sources: AnyOf(any) }.to_string(),
        }
    }

    /// Finds what set the error of a call that falls under that rule.
    pub(super) fn find(rule: RuleId, call: &Call, s: &Situation) -> ErrorSource {
        let all = rule.rule().set_by;
        // What ended a connection says nothing of a socket that has been dissolved since.
        let is_dissolved = s.sock.dissolved.is_some() || s.sock.failed.is_some();
        let is_it = |set_by: &SetBy| rule != RuleId::ReadUnconnected || !is_dissolved || !set_by.ends();
        let each = all.iter().flat_map(|set_by| one_by_one(*set_by)).filter(is_it);
        let found = each.filter_map(|set_by| Some((set_by, entry_of(set_by, rule, call, s)?)));
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
            // The change that took the route away stands in the transcript; without one there never was a route, as of a host that has
            // no address of that family. An ICMP error would have ended the attempt.
            (None, None) if matches!(call, Call::Connect { .. }) && all.contains(&SetBy::Route) => {
                ErrorSource::Timeless(SetBy::Route)
            }
            (None, None) => match all.iter().find(|set_by| !set_by.happens()) {
                Some(set_by) => ErrorSource::Timeless(*set_by),
                None => ErrorSource::Unseen(all),
            },
        }
    }
}

/// One of several sources, which is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AnyOf(&'static [SetBy]);

impl fmt::Display for AnyOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, set_by) in self.0.iter().enumerate() {
            let or = if place == 0 { "" } else { " or " };
            write!(f, "{or}{}", set_by.source())?;
        }
        Ok(())
    }
}

/// The cause of an error, in one clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The rule's own words.
    OfRule(&'static str),
    /// The words for this very case.
    OfCase(Case),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::OfRule(words) => f.write_str(words),
            Cause::OfCase(case) => case.fmt(f),
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
fn entry_of(set_by: SetBy, rule: RuleId, call: &Call, s: &Situation) -> Option<EntryNo> {
    let sock = &s.sock;
    let ended = |is_it: fn(EndCause) -> bool| sock.end.filter(|end| is_it(end.by)).map(|end| end.entry);
    match set_by {
        SetBy::Rst => sock.end.filter(ConnectionEnd::is_by_rst).map(|end| end.entry),
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
        SetBy::OwnCall(classes) => classes.iter().filter_map(|class| own_call(*class, rule, call, s)).max(),
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
    let may_be = |end: &ConnectionEnd| {
        end.by.is_unseen() && !end.is_by_rst() && matches!(end.from, State::FinWait1 | State::FinWait2)
    };
    s.sock.end.as_ref().is_some_and(may_be) && s.sock.receiving_shut.is_some()
}

/// Did bind give it its port?
fn is_bound(s: &Situation) -> bool {
    s.sock.named.is_some_and(|made| made.class == CallClass::Bind)
}

/// Another call, still under way, that can have got the error: it returns after the one that it left EPIPE to.
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

/// Is it a rule of an error that a direction which we shut down gives? What dissolved a connection, or an attempt, is another matter:
/// without a peer the kernel does not look at the directions (`sk_stream_wait_connect`, `sock_error`).
const fn is_of_a_direction(rule: RuleId) -> bool {
    !matches!(
        rule,
        RuleId::WriteUnconnected | RuleId::ReadUnconnected | RuleId::GivenUpByUs
    )
}

/// Our own call of that class that decides what `call` returns, by that rule.
fn own_call(class: CallClass, rule: RuleId, call: &Call, s: &Situation) -> Option<EntryNo> {
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
                _ if !is_of_a_direction(rule) => None,
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
        (RuleId::OptionValue, Call::SetOption { option, .. }) => options::refused(*option).to_string(),
        _ => match because.further {
            Further::NoWaiting { .. } | Further::GoesOn { .. } => because.where_forbidden_by(&forbids(call, s)),
            Further::Nothing | Further::ReportedOnce | Further::ReportedOnceThenEnd => {
                because.sentence(cause(rule, s), &WaitForbidder::Any).to_string()
            }
        },
    }
}

/// The cause in one clause: of this case, else the rule's own.
pub(super) fn cause(rule: RuleId, s: &Situation) -> Cause {
    // With no segments seen, the rule's own words say all that is known.
    let is_seen = !s.sock.ended_by().is_some_and(EndCause::is_unseen);
    let own = match rule {
        RuleId::Reset if by_us_or_the_peer(s) => Some(Case::ResetUnseen),
        // No state in between is seen of an attempt, either.
        RuleId::ErrorTold | RuleId::EofErrorTold if was_attempt(s) => case(rule, s),
        // The states tell, or the peer's call does; else it is none.
        RuleId::ShutdownOver => case(rule, s),
        _ => is_seen.then(|| case(rule, s)).flatten(),
    };
    own.map_or(Cause::OfRule(rule.rule().because.cause), Cause::OfCase)
}

/// The cause in the words of this case; none where the rule's own are as good.
fn case(rule: RuleId, s: &Situation) -> Option<Case> {
    let sock = &s.sock;
    let by_icmp = match (sock.ended_by(), sock.noted) {
        (Some(EndCause::Icmp(icmp)), _) => Some(icmp),
        (_, Some((icmp, _))) => Some(icmp),
        _ => None,
    };
    let dissolved = sock.dissolved.map(|made| made.class);
    Some(match rule {
        RuleId::PeerGivenUp => Case::PeerGivenUpLimit { ran_out: ran_out(s)? },
        RuleId::ConnectTimedOut => Case::ConnectTimedOutLimit { ran_out: ran_out(s)? },
        RuleId::SynGivenUp => {
            let ran_out = ran_out(s)?;
            match sock.left.syns {
                // Not seen, in the loopback lab.
                0 => Case::SynGivenUpLimit { ran_out },
                1 => Case::SynGivenUpSentOnce { ran_out },
                syns => Case::SynGivenUpSentAgain { syns, ran_out },
            }
        }
        RuleId::HandshakeGivenUp => Case::HandshakeGivenUpLimit { ran_out: ran_out(s)? },
        RuleId::EofFin if s.to_itself => Case::EofFinToItself,
        RuleId::ResetInCloseWait if sock.end?.is_by_data() => Case::ResetInCloseWaitData,
        RuleId::DataAfterShutdown if sock.ended_by_fin_beyond_a_gap() => Case::DataAfterShutdownFin,
        RuleId::ConnectReset => match sock.end?.by {
            EndCause::Rst if sock.end?.is_of_handshake() => Case::ConnectResetInHandshake,
            EndCause::Rst => Case::ConnectResetAfterHandshake,
            EndCause::Call(call) => Case::ConnectResetCall { call },
            _ => return None,
        },
        RuleId::GivenUpByUs => {
            let call = dissolved.or_else(|| match sock.end?.by {
                EndCause::Call(class) => Some(class),
                _ => None,
            })?;
            if sock.end?.is_of_handshake() {
                Case::GivenUpByUsAttempt { call }
            } else {
                Case::GivenUpByUsConnection { call }
            }
        }
        RuleId::RefusedEarlier => match sock.end?.by {
            EndCause::Icmp(_) if sock.end?.from == State::SynRecv => {
                Case::RefusedEarlierIcmpInHandshake { icmp: by_icmp? }
            }
            EndCause::Icmp(_) => Case::RefusedEarlierIcmp { icmp: by_icmp? },
            EndCause::Rst => Case::RefusedEarlierRst,
            _ => return None,
        },
        RuleId::HostUnreachableEarlier | RuleId::NetworkUnreachableEarlier | RuleId::ProhibitedEarlier => {
            Case::AttemptIcmp { icmp: by_icmp? }
        }
        RuleId::HostUnreachable | RuleId::NetworkUnreachable | RuleId::Prohibited | RuleId::RefusedByIcmp
            if by_icmp.is_some() =>
        {
            let icmp = by_icmp?;
            match (rule, sock.end?.from) {
                (RuleId::HostUnreachable, State::SynRecv) => Case::HostUnreachableInHandshake { icmp },
                (RuleId::HostUnreachable, _) => Case::HostUnreachableSyn { icmp },
                (RuleId::NetworkUnreachable, State::SynRecv) => Case::NetworkUnreachableInHandshake { icmp },
                (RuleId::NetworkUnreachable, _) => Case::NetworkUnreachableSyn { icmp },
                (RuleId::Prohibited, State::SynRecv) => Case::ProhibitedInHandshake { icmp },
                (RuleId::Prohibited, _) => Case::ProhibitedSyn { icmp },
                (_, State::SynRecv) => Case::RefusedByIcmpInHandshake { icmp },
                _ => Case::RefusedByIcmpSyn { icmp },
            }
        }
        RuleId::Refused => Case::RefusedElsewhere {
            shown: s.listened_at?.to_string(),
        },
        RuleId::NetworkUnreachable => Case::NetworkUnreachableRoute,
        RuleId::HostUnreachable => Case::HostUnreachableRoute,
        RuleId::Prohibited => Case::ProhibitedRoute,
        RuleId::HostUnreachableAtEnd
        | RuleId::NetworkUnreachableAtEnd
        | RuleId::RefusedAtEnd
        | RuleId::ProhibitedAtEnd => Case::GivenUpIcmp {
            ran_out: ran_out(s)?,
            icmp: by_icmp?,
        },
        RuleId::ErrorTold if was_attempt(s) => Case::ErrorToldAttempt,
        RuleId::EofErrorTold if was_attempt(s) => Case::EofErrorToldAttempt,
        RuleId::ErrorTold if sock.end?.from == State::Listen => Case::ErrorToldListener,
        RuleId::EofErrorTold if sock.end?.from == State::Listen => Case::EofErrorToldListener,
        RuleId::AttemptDead if sock.reported.or_else(|| taker(s)).is_some() => Case::AttemptDeadReported,
        RuleId::AttemptDead if sock.ended_by() == Some(EndCause::Administrator) => Case::AttemptDeadDestroyed,
        RuleId::ShutdownOver => {
            let how_ended = how_it_ended(s)?;
            if sock.end?.is_of_handshake() {
                Case::ShutdownOverAttempt { how_ended }
            } else {
                Case::ShutdownOverConnection { how_ended }
            }
        }
        RuleId::WriteUnconnected => Case::WriteUnconnectedCall { call: dissolved? },
        RuleId::ReadUnconnected if dissolved.is_some() => Case::ReadUnconnectedCall { call: dissolved? },
        // Only MSG_OOB asks for the state before it asks for the error (tcp_recv_urg).
        RuleId::ReadUnconnected if sock.failed.is_none() && sock.established.is_some() => Case::ReadUnconnectedUrgent {
            how_ended: how_it_ended(s)?,
        },
        RuleId::DissolvedWhileWaiting => {
            let waits = |class: CallClass| s.under_way(class).map(|_| class);
            match dissolved
                .or(waits(CallClass::Shutdown))
                .or(waits(CallClass::Disconnect))
            {
                Some(call) => Case::DissolvedWhileWaitingCall { call },
                None => Case::DissolvedWhileWaitingConnectFailed,
            }
        }
        RuleId::AcceptWithoutListen => match sock.stopped?.0 {
            EndCause::Administrator => Case::AcceptWithoutListenDestroyed,
            EndCause::Call(call) => Case::AcceptWithoutListenCall { call },
            _ => return None,
        },
        RuleId::BindTwice => Case::BindTwiceCall {
            call: sock.named?.class,
        },
        RuleId::ListenConnected => Case::ListenConnectedCall { call: sock.peer?.class },
        RuleId::AlreadyConnected => Case::AlreadyConnectedCall { call: sock.peer?.class },
        RuleId::ConnectedOnce => Case::ConnectedOnceCall { call: sock.peer?.class },
        RuleId::NoSuchAddress if s.lacks_family => Case::NoSuchAddressConnect,
        RuleId::NoSuchAddress => Case::NoSuchAddressBind,
        RuleId::NoPortLeft if is_bound(s) => Case::NoPortLeftBound,
        RuleId::ReadUnconnected if sock.failed_after_listening() => Case::ReadUnconnectedConnectFailed,
        RuleId::ListenTaken => match s.port_taken_by? {
            State::Listen => Case::ListenTakenListener,
            state => Case::AddressTakenSocket { state },
        },
        RuleId::AddressTaken => match s.port_taken_by? {
            State::TimeWait => Case::AddressTakenTimeWait,
            state => Case::AddressTakenSocket { state },
        },
        RuleId::NoUrgentByte => match (sock.urgent, sock.urgent_read) {
            (None, _) if s.segments_seen => Case::NoUrgentByteNoneCame,
            (Some(_), true) => Case::NoUrgentByteWasRead,
            (Some(_), false) => Case::NoUrgentBytePassedOver,
            (None, _) => return None,
        },
        RuleId::NoUrgentByteAnyMore => {
            if sock.fin.is_some() {
                Case::NoUrgentByteAnyMoreFin
            } else if s.shut(ShutdownHow::Read).is_some() {
                Case::NoUrgentByteAnyMoreReadingShut
            } else {
                Case::NoUrgentByteAnyMoreOver
            }
        }
        _ => return None,
    })
}

/// Was it an attempt at a connection that failed, and no connection?
fn was_attempt(s: &Situation) -> bool {
    let sock = &s.sock;
    sock.end.map_or(sock.established.is_none(), |end| end.is_of_handshake())
}

/// Returns how a connection ended, or an attempt at one, as a clause; none while it has not.
fn how_it_ended(s: &Situation) -> Option<HowEnded> {
    let end = s.sock.end?;
    Some(match end.by {
        _ if end.is_by_rst() => HowEnded::Rst,
        EndCause::Rst => HowEnded::Rst,
        EndCause::Unseen(_) if end.is_by_data() => HowEnded::DataAfterShutdown,
        // Through TIME_WAIT or by the last ACK.
        EndCause::Unseen(_) if end.to == State::TimeWait || matches!(end.from, State::Closing | State::LastAck) => {
            HowEnded::Fins
        }
        EndCause::Icmp(icmp) => HowEnded::Icmp { icmp },
        EndCause::Segment if end.is_by_data() => {
            if end.from == State::CloseWait {
                HowEnded::DataBeyondFin
            } else {
                HowEnded::DataAfterShutdown
            }
        }
        EndCause::Segment => HowEnded::Fins,
        EndCause::Call(CallClass::Shutdown) if !end.is_of_handshake() => HowEnded::Fins,
        EndCause::Timer(_) => HowEnded::Timer { ran_out: ran_out(s)? },
        EndCause::Administrator => HowEnded::Administrator,
        EndCause::Call(call) => HowEnded::Call { call },
        EndCause::Death | EndCause::Unseen(_) => return None,
    })
}

/// Returns which limit ran out, of a connection or an attempt that a timer ended.
fn ran_out(s: &Situation) -> Option<RanOut> {
    let end = s.sock.end?;
    let EndCause::Timer(kind) = end.by else { return None };
    let options = &s.sock.options;
    let by_sysctl = |sysctl, limit: Option<u32>| match limit {
        Some(limit) => RanOut::SysctlOf { sysctl, limit },
        None => RanOut::Sysctl { sysctl },
    };
    let user_timeout = options.user_timeout.map(|ms| RanOut::UserTimeout { ms });
    Some(match (end.from, kind) {
        // tcp_write_timeout: by count, else by time.
        (State::SynSent | State::SynRecv, _) => {
            let retries = options.syncnt.and_then(|n| u32::try_from(n).ok());
            let by_count = match retries {
                Some(tries) => RanOut::Syncnt { tries },
                None => by_sysctl("tcp_syn_retries", s.limits.syn_retries),
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
        (_, TimerKind::Keepalive) => user_timeout.unwrap_or(RanOut::Keepalive),
        // tcp_probe_timer, tcp_write_timeout
        (_, TimerKind::Retransmit | TimerKind::ZeroWindowProbe | TimerKind::TimeWait) => {
            user_timeout.unwrap_or_else(|| by_sysctl("tcp_retries2", s.limits.retries2))
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
        WaitForbidder::Timeout(option, s.took)
    } else {
        WaitForbidder::Socket
    }
}
