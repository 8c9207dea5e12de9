//! The rules: every reason that finwait knows for an errno, for the end of a stream and for a deadline that passed. One table.
//!
//! `errors`, `successes` and `lib.rs` decide which of them an outcome falls under; what holds of it is here, and its words are in
//! `assets/explain/rules.toml`. Each rule is
//! bound to the scenario that proves it: `tests/scenarios.rs` runs it, and wants the rule's id among what it returned. What no
//! scenario can show here (`ENFILE`, `ENOMEM`, ...) is no rule.
//!
//! Rules that give the same stand together. How often each is met in the field is a column of `rules.toml`; `ranking` orders by it, and
//! keeps this table's order among those that are as likely.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

use super::error_source::Cause;
use super::ranking::Likelihood;
use super::text::outcomes::Sentence;
use super::text::rules::{rule_doc, rule_words};
use super::text::sources::SourceWords;

use finwait_model::call::SocketOption;
use finwait_model::errno::Errno;
use finwait_model::state::State;

pub use finwait_model::call::CallClass;

use Authority::{Kernel, KernelByFamily, Rfc};
use CallClass::{Accept, Bind, Close, Connect, Listen, Poll, Read, SetOption, Shutdown, SoError, Write};
use Further::NoWaiting;
use State::{
    CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen as Listening, SynRecv, SynSent, TimeWait,
};

/// The outcome of a call when a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleOutcome {
    /// The call fails with this errno; `SO_ERROR` returns it.
    Errno(Errno),
    /// A read of 0 bytes, though more were asked for.
    Eof,
    /// The program's own deadline passed.
    Deadline,
}

/// The setter of an error, or of an end: the event to look for in a transcript, before the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetBy {
    /// An RST that this end received.
    Rst,
    /// The peer's FIN, received and taken.
    Fin,
    /// Data that this end received after it had shut both directions down.
    Data,
    /// An ICMP error that this end received.
    Icmp,
    /// A timer of the kernel ran out.
    Timer,
    /// An earlier call of ours on the same socket, one of these kinds.
    OwnCall(&'static [CallClass]),
    /// Another call of ours that waits on the same socket, and has not returned.
    WaitingCall,
    /// The error had been handed out before, by an earlier call on the same socket.
    Told,
    /// A signal came while the call waited.
    Signal,
    /// The administrator destroyed the socket (SOCK_DESTROY).
    Administrator,
    /// The routing table, before anything was sent.
    Route,
    /// The address or the value that the call itself was given.
    Argument,
    /// Another socket that holds the address.
    OtherSocket,
    /// The host's range of local ports (`ip_local_port_range`).
    Limit,
    /// A limit of the process.
    ProcessLimit,
    /// Nothing came that the call could have returned, and it may not wait (longer).
    Nothing,
    /// A call that must come before it was not made, or failed: there is no connection, say.
    Missing,
}

impl SetBy {
    /// Is it a packet that came, which only a lab with a wire sees?
    pub const fn is_packet(self) -> bool {
        matches!(self, SetBy::Rst | SetBy::Fin | SetBy::Data | SetBy::Icmp)
    }

    /// Does it end a connection by itself, and not a call of ours?
    pub const fn ends(self) -> bool {
        matches!(
            self,
            SetBy::Rst | SetBy::Data | SetBy::Icmp | SetBy::Timer | SetBy::Administrator
        )
    }

    /// Is it something that happened, and so stands in a transcript?
    pub const fn happens(self) -> bool {
        !matches!(
            self,
            SetBy::Argument | SetBy::OtherSocket | SetBy::Nothing | SetBy::Missing
        )
    }

    /// Returns it in words, to go on from "set by".
    pub fn words(self) -> String {
        self.source().to_string()
    }

    pub(crate) const fn source(self) -> SourceWords {
        match self {
            SetBy::Rst => SourceWords::Rst,
            SetBy::Fin => SourceWords::Fin,
            SetBy::Data => SourceWords::Data,
            SetBy::Icmp => SourceWords::Icmp,
            SetBy::Timer => SourceWords::Timer,
            SetBy::OwnCall([]) => SourceWords::Unused,
            SetBy::OwnCall([call]) => SourceWords::OwnCall { call: *call },
            SetBy::OwnCall([calls @ .., call]) => SourceWords::OwnCalls {
                calls: CallList(calls),
                call: *call,
            },
            SetBy::WaitingCall => SourceWords::WaitingCall,
            SetBy::Told => SourceWords::Told,
            SetBy::Signal => SourceWords::Signal,
            SetBy::Administrator => SourceWords::Administrator,
            SetBy::Route => SourceWords::Route,
            SetBy::Argument => SourceWords::Argument,
            SetBy::OtherSocket => SourceWords::OtherSocket,
            SetBy::Limit => SourceWords::PortRange,
            SetBy::ProcessLimit => SourceWords::ProcessLimit,
            SetBy::Nothing => SourceWords::Nothing,
            SetBy::Missing => SourceWords::Missing,
        }
    }
}

/// Calls by name, joined with commas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallList(&'static [CallClass]);

impl fmt::Display for CallList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, call) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{call}")?;
        }
        Ok(())
    }
}

/// The functions or RFCs that decide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authority {
    /// A function of the Linux kernel.
    Kernel(&'static str),
    /// A function of the Linux kernel, of IPv4 and of IPv6.
    KernelByFamily(&'static str, &'static str),
    /// A section of an RFC.
    Rfc(u16, &'static str),
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kernel(function) => write!(f, "{function}()"),
            KernelByFamily(four, six) => write!(f, "{four}(), of IPv6 {six}()"),
            Rfc(number, section) => write!(f, "RFC {number}, {section}"),
        }
    }
}

/// The words of a rule, as `rules.toml` has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleWords {
    /// The cause; no period ends it.
    pub cause: &'static str,
    /// The cause in a few words.
    pub brief: &'static str,
    /// The likelihood in the field.
    pub met: Likelihood,
    /// The source of that.
    pub source: &'static str,
}

/// The words of a rule: the cause, in one clause, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleText {
    /// The cause; no period ends it.
    pub cause: &'static str,
    /// The consequence.
    pub further: Further,
}

/// The consequence of a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Further {
    /// Nothing.
    Nothing,
    /// An error that `sock_error` returns only once.
    ReportedOnce,
    /// The same, and what later calls return.
    ReportedOnceThenEnd,
    /// The call may not wait (longer).
    NoWaiting {
        /// May MSG_DONTWAIT forbid it, for this call only?
        dontwait: bool,
        /// The socket's own limit; O_NONBLOCK is another.
        timeout: SocketOption,
    },
    /// The call may not wait (longer), and what it began goes on: poll reports when it is done.
    GoesOn {
        /// The socket's own limit; O_NONBLOCK is another.
        timeout: SocketOption,
    },
}

/// The reason why a call may not wait, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitForbidder {
    /// Any that can.
    Any,
    /// MSG_DONTWAIT, of this call only.
    ThisCall,
    /// O_NONBLOCK, set on the socket.
    Nonblock,
    /// The socket's own limit, which ran out after so long.
    Timeout(SocketOption, Duration),
    /// An option of the socket, which one is not known.
    Socket,
}

impl RuleText {
    /// One plain sentence, where it is known who forbids waiting.
    pub fn where_forbidden_by(self, whom: &WaitForbidder) -> String {
        self.sentence(Cause::OfRule(self.cause), whom).to_string()
    }

    /// The sentence around a cause of the rule's.
    pub(crate) fn sentence(self, cause: Cause, whom: &WaitForbidder) -> Sentence {
        match (self.further, whom) {
            (Further::Nothing, _) => Sentence::RuleCause { cause },
            (Further::ReportedOnce, _) => Sentence::RuleReportedOnce { cause },
            (Further::ReportedOnceThenEnd, _) => Sentence::RuleReportedOnceThenEnd { cause },
            (
                NoWaiting {
                    dontwait: true,
                    timeout,
                },
                WaitForbidder::Any,
            ) => Sentence::NoWaitingByAny { cause, option: timeout },
            (NoWaiting { dontwait: true, .. }, WaitForbidder::ThisCall) => Sentence::NoWaitingDontwait { cause },
            (NoWaiting { .. }, WaitForbidder::Nonblock) => Sentence::NoWaitingNonblock { cause },
            (NoWaiting { .. }, WaitForbidder::Timeout(option, after)) => Sentence::NoWaitingTimeout {
                cause,
                option: *option,
                after: *after,
            },
            (NoWaiting { timeout, .. }, WaitForbidder::Any | WaitForbidder::ThisCall | WaitForbidder::Socket) => {
                Sentence::NoWaitingBySocket { cause, option: timeout }
            }
            (Further::GoesOn { .. }, WaitForbidder::Nonblock) => Sentence::GoesOnNonblock { cause },
            (Further::GoesOn { .. }, WaitForbidder::Timeout(option, after)) => Sentence::GoesOnTimeout {
                cause,
                option: *option,
                after: *after,
            },
            (Further::GoesOn { timeout }, WaitForbidder::Any | WaitForbidder::ThisCall | WaitForbidder::Socket) => {
                Sentence::GoesOnBySocket { cause, option: timeout }
            }
        }
    }
}

impl fmt::Display for RuleText {
    /// One plain sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.where_forbidden_by(&WaitForbidder::Any))
    }
}

impl Serialize for RuleText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One reason for what a call returned.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// The rule's name, for the program.
    pub id: RuleId,
    /// The calls that it is about.
    pub calls: &'static [CallClass],
    /// The outcome of these calls.
    pub gives: RuleOutcome,
    /// The socket's states at the call in which it happens. CLOSE is a socket in no table.
    pub states: &'static [State],
    /// The setters; more than one where either may have.
    pub set_by: &'static [SetBy],
    /// One plain sentence.
    pub because: RuleText,
    /// The cause in a few words.
    pub brief: &'static str,
    /// The likelihood that such a message is about it, in the field.
    pub met: Likelihood,
    /// The source of that.
    pub source: &'static str,
    /// The functions or RFCs that decide it.
    pub decided_by: &'static [Authority],
    /// The counters by which the kernel of this end counts it, as they are shown; any of them where there are several.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub counted: &'static [&'static str],
    /// The scenario that shows it.
    pub proof: &'static str,
}

macro_rules! further {
    () => {
        Further::Nothing
    };
    ($further:expr) => {
        $further
    };
}

macro_rules! counted {
    () => {
        &[]
    };
    ($counted:expr) => {
        $counted
    };
}

macro_rules! rules {
    ($(
        $variant:ident $name:tt {
            calls: $calls:expr,
            gives: $gives:expr,
            states: $states:expr,
            set_by: $set_by:expr,
            $(further: $further:expr,)?
            decided_by: $decided_by:expr,
            $(counted: $counted:expr,)?
            proof: $proof:literal $(,)?
        }
    )*) => {
        /// The name of a rule; the names stand in JSON and do not change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum RuleId {
            $(
                #[doc = rule_doc!($name)]
                #[serde(rename = $name)]
                $variant,
            )*
        }

        impl RuleId {
            /// The name: `reset`.
            pub const fn name(self) -> &'static str {
                match self { $(RuleId::$variant => $name),* }
            }
        }

        /// All rules, in the order of their ids: those that give the same stand together, the likeliest first.
        pub const RULES: &[Rule] = &[$(Rule {
            id: RuleId::$variant,
            calls: $calls,
            gives: $gives,
            states: $states,
            set_by: $set_by,
            because: RuleText {
                cause: rule_words!($name).cause,
                further: further!($($further)?),
            },
            brief: rule_words!($name).brief,
            met: rule_words!($name).met,
            source: rule_words!($name).source,
            decided_by: $decided_by,
            counted: counted!($($counted)?),
            proof: $proof,
        }),*];
    };
}

impl Rule {
    /// Does the error wait in the socket (`sk_err`) until it is reported: to SO_ERROR, or to a call that moves bytes? One that was only
    /// noted (`sk_err_soft`) does not, and EBADF is of the descriptor, not of the socket.
    pub fn waits(&self) -> bool {
        self.calls.contains(&SoError) && self.calls.contains(&Write) && self.gives != RuleOutcome::Errno(Errno::EBADF)
    }
}

/// Is it an error that ends a connection, and that only the first call of read, write and SO_ERROR returns (`sock_error`)?
pub fn is_told_once(errno: Errno) -> bool {
    let mut rules = RULES.iter();
    rules.any(|rule| rule.gives == RuleOutcome::Errno(errno) && rule.waits() && rule.calls.contains(&Read))
}

/// Returns the rule of that id.
pub fn rule_named(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id.name() == id)
}

impl RuleId {
    /// The rule's entry in the table.
    pub const fn rule(self) -> &'static Rule {
        &RULES[self as usize]
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// All states.
const ANY: &[State] = &State::ALL;
/// No connection, and no attempt at one.
const CLOSE: &[State] = &[State::Close];
/// While the handshake goes on.
const HANDSHAKE: &[State] = &[SynSent, SynRecv];
/// The states of a socket that has a peer, or had one.
const WITH_PEER: &[State] = &[
    Established,
    SynSent,
    SynRecv,
    FinWait1,
    FinWait2,
    TimeWait,
    State::Close,
    CloseWait,
    LastAck,
    Closing,
];
/// Ours to send in.
const WRITABLE: &[State] = &[Established, CloseWait];
/// The states in which the peer's FIN has not come.
const READABLE: &[State] = &[Established, FinWait1, FinWait2];
/// The states in which our own FIN was sent.
const FIN_SENT: &[State] = &[FinWait1, FinWait2, Closing, LastAck, TimeWait, State::Close];

/// Takes in an ICMP error.
const ICMP_ERROR: Authority = KernelByFamily("tcp_v4_err", "tcp_v6_err");
/// Begins a connection.
const BEGINS: Authority = KernelByFamily("tcp_v4_connect", "tcp_v6_connect");

const fn errno(errno: Errno) -> RuleOutcome {
    RuleOutcome::Errno(errno)
}

rules! {
    // EPIPE. As a rule the peer closed, or an earlier call returned the error; our own shutdown is met less often.

    // tcp_reset in CLOSE_WAIT. No RFC speaks of EPIPE: that is Linux's own.
    ResetInCloseWait "reset-in-close-wait" {
        calls: &[Write, SoError],
        gives: errno(Errno::EPIPE),
        states: &[CloseWait, State::Close],
        set_by: &[SetBy::Rst, SetBy::Data],
        decided_by: &[Kernel("tcp_reset"), Kernel("sk_stream_wait_connect"), Kernel("sk_stream_error")],
        counted: &["TcpEstabResets"],
        proof: "write-after-close",
    }
    ErrorTold "error-told" {
        calls: &[Write],
        gives: errno(Errno::EPIPE),
        states: &[State::Close, Established, CloseWait, SynSent],
        set_by: &[SetBy::Told],
        decided_by: &[Kernel("sk_stream_wait_connect"), Kernel("sk_stream_error")],
        proof: "error-handed-out-once",
    }
    FinSent "fin-sent" {
        calls: &[Write],
        gives: errno(Errno::EPIPE),
        states: FIN_SENT,
        set_by: &[SetBy::OwnCall(&[Shutdown])],
        decided_by: &[Kernel("tcp_sendmsg_locked"), Kernel("sk_stream_wait_connect"), Rfc(9293, "3.10.2")],
        proof: "half-close",
    }
    WritingShut "writing-shut" {
        calls: &[Write],
        gives: errno(Errno::EPIPE),
        states: WITH_PEER,
        set_by: &[SetBy::OwnCall(&[Shutdown])],
        decided_by: &[Kernel("tcp_sendmsg_locked")],
        proof: "failed-shutdown-of-both",
    }
    ShutWhileWriting "shut-while-writing" {
        calls: &[Write],
        gives: errno(Errno::EPIPE),
        states: &[Established, CloseWait, SynSent, SynRecv],
        set_by: &[SetBy::OwnCall(&[Shutdown])],
        decided_by: &[Kernel("inet_shutdown"), Kernel("sk_stream_wait_memory"), Kernel("sk_stream_wait_connect")],
        proof: "shutdown-under-write",
    }
    // Not ENOTCONN: sk_stream_wait_connect.
    WriteUnconnected "write-unconnected" {
        calls: &[Write],
        gives: errno(Errno::EPIPE),
        states: CLOSE,
        set_by: &[SetBy::Missing, SetBy::OwnCall(&[CallClass::Disconnect, Shutdown])],
        decided_by: &[Kernel("sk_stream_wait_connect")],
        proof: "not-connected",
    }
    WriteOnListener "write-on-listener" {
        calls: &[Write],
        gives: errno(Errno::EPIPE),
        states: &[Listening],
        set_by: &[SetBy::OwnCall(&[Listen])],
        decided_by: &[Kernel("sk_stream_wait_connect")],
        proof: "listener-misuse",
    }
    // sk_wait_event: a call that waits while tcp_disconnect runs is thrown out with EPIPE.
    DissolvedWhileWaiting "dissolved-while-waiting" {
        calls: &[Read, Write, Connect],
        gives: errno(Errno::EPIPE),
        states: WITH_PEER,
        set_by: &[SetBy::OwnCall(&[CallClass::Disconnect, Shutdown, Connect])],
        decided_by: &[Kernel("sk_wait_data"), Kernel("__inet_stream_connect"), Kernel("tcp_disconnect")],
        proof: "disconnect-under-read",
    }

    // EBUSY. tcp_disconnect looked at sk_wait_pending in kernels of the middle of 2023, and does in 5.10 since then; the others count
    // sk_disconnects, and throw out the call that waits.
    WaitedOn "waited-on" {
        calls: &[Shutdown, CallClass::Disconnect],
        gives: errno(Errno::EBUSY),
        states: &[SynSent, SynRecv, Established, FinWait1, FinWait2, CloseWait, Closing, LastAck],
        set_by: &[SetBy::WaitingCall],
        decided_by: &[Kernel("tcp_disconnect"), Kernel("inet_shutdown")],
        proof: "disconnect-under-read-busy",
    }

    // ECONNRESET. An asynchronous error is kept in sk_err and handed out once, to whichever of read, write and SO_ERROR asks first
    // (sock_error). shutdown and, on a socket that was connected, connect leave it where it is.
    Reset "reset" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::ECONNRESET),
        states: WITH_PEER,
        set_by: &[SetBy::Rst],
        further: Further::ReportedOnceThenEnd,
        decided_by: &[Kernel("tcp_reset"), Kernel("sock_error"), Rfc(9293, "3.10.7.4")],
        counted: &["TcpEstabResets"],
        proof: "linger-zero",
    }
    // tcp_rcv_state_process in FIN_WAIT1 and FIN_WAIT2 with RCV_SHUTDOWN: tcp_reset tells us, and an RST tells the peer.
    DataAfterShutdown "data-after-shutdown" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::ECONNRESET),
        states: &[State::Close, FinWait1, FinWait2],
        set_by: &[SetBy::Data],
        further: Further::ReportedOnce,
        decided_by: &[Kernel("tcp_rcv_state_process"), Kernel("tcp_reset"), Rfc(9293, "3.6.1")],
        counted: &["TCPAbortOnData"],
        proof: "shutdown-both",
    }
    ConnectReset "connect-reset" {
        calls: &[Connect],
        gives: errno(Errno::ECONNRESET),
        states: &[State::Close, SynSent, SynRecv],
        set_by: &[SetBy::Rst, SetBy::OwnCall(&[Shutdown, CallClass::Disconnect])],
        decided_by: &[Kernel("tcp_reset"), Kernel("tcp_disconnect")],
        counted: &["TcpAttemptFails"],
        proof: "shutdown-in-syn-sent",
    }
    // tcp_disconnect leaves ECONNRESET in our own socket, both for connect(AF_UNSPEC) and for shutdown in SYN_SENT.
    GivenUpByUs "given-up-by-us" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::ECONNRESET),
        states: WITH_PEER,
        set_by: &[SetBy::OwnCall(&[CallClass::Disconnect, Shutdown])],
        further: Further::ReportedOnce,
        decided_by: &[Kernel("tcp_disconnect"), Kernel("inet_shutdown")],
        proof: "disconnect",
    }

    // ECONNREFUSED.

    // tcp_reset: SYN_SENT makes it ECONNREFUSED, CLOSE_WAIT EPIPE, everything else ECONNRESET.
    Refused "refused" {
        calls: &[Connect],
        gives: errno(Errno::ECONNREFUSED),
        states: &[State::Close, SynSent],
        set_by: &[SetBy::Rst],
        decided_by: &[Kernel("tcp_reset"), Rfc(9293, "3.10.7.3")],
        counted: &["TcpAttemptFails"],
        proof: "refused",
    }
    RefusedByIcmp "refused-by-icmp" {
        calls: &[Connect],
        gives: errno(Errno::ECONNREFUSED),
        states: &[State::Close, SynSent, SynRecv],
        set_by: &[SetBy::Icmp],
        decided_by: &[ICMP_ERROR, Rfc(9293, "3.9.2.2")],
        counted: &["IcmpInDestUnreachs", "TcpAttemptFails"],
        proof: "refused-by-icmp",
    }
    RefusedEarlier "refused-earlier" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::ECONNREFUSED),
        states: &[State::Close, SynSent, SynRecv],
        set_by: &[SetBy::Rst, SetBy::Icmp],
        decided_by: &[Kernel("tcp_reset"), ICMP_ERROR, Kernel("sock_error"), Rfc(9293, "3.10.7.3")],
        counted: &["TcpAttemptFails"],
        proof: "nonblocking-refused",
    }
    // tcp_v4_err on a connection: noted in sk_err_soft, which SO_ERROR hands out and tcp_write_err reports at the end.
    RefusedNoted "refused-noted" {
        calls: &[SoError],
        gives: errno(Errno::ECONNREFUSED),
        states: WITH_PEER,
        set_by: &[SetBy::Icmp],
        decided_by: &[ICMP_ERROR, Kernel("sk_getsockopt"), Rfc(9293, "3.9.2.2")],
        counted: &["IcmpInDestUnreachs"],
        proof: "port-unreachable-established",
    }
    RefusedAtEnd "refused-at-the-end" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::ECONNREFUSED),
        states: WITH_PEER,
        set_by: &[SetBy::Icmp, SetBy::Timer],
        decided_by: &[ICMP_ERROR, Kernel("tcp_write_err"), Rfc(9293, "3.9.2.2")],
        counted: &["TCPAbortOnTimeout"],
        proof: "port-unreachable-at-the-end",
    }

    // ETIMEDOUT. Connect meets it far more often than a connection that stands.

    // tcp_write_timeout in SYN_SENT: TCP_SYNCNT, else tcp_syn_retries, cut short by TCP_USER_TIMEOUT.
    ConnectTimedOut "connect-timed-out" {
        calls: &[Connect],
        gives: errno(Errno::ETIMEDOUT),
        states: &[State::Close, SynSent],
        set_by: &[SetBy::Timer],
        decided_by: &[Kernel("tcp_write_timeout"), Rfc(9293, "3.8.3")],
        counted: &["TCPAbortOnTimeout"],
        proof: "syn-lost-timeout",
    }
    // tcp_write_err, from tcp_retransmit_timer, tcp_probe_timer and tcp_keepalive_timer.
    PeerGivenUp "peer-given-up" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::ETIMEDOUT),
        states: &[Established, CloseWait, FinWait1, FinWait2, State::Close],
        set_by: &[SetBy::Timer],
        decided_by: &[
            Kernel("tcp_write_timeout"),
            Kernel("tcp_probe_timer"),
            Kernel("tcp_keepalive_timer"),
            Rfc(9293, "3.8.3"),
            Rfc(9293, "3.8.4"),
        ],
        counted: &["TCPAbortOnTimeout"],
        proof: "peer-gone-write",
    }
    // tcp_write_err.
    SynGivenUp "syn-given-up" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::ETIMEDOUT),
        states: &[State::Close, SynSent],
        set_by: &[SetBy::Timer],
        decided_by: &[Kernel("tcp_write_timeout"), Rfc(9293, "3.8.3")],
        counted: &["TCPAbortOnTimeout"],
        proof: "write-waits-for-lost-syn",
    }
    // tcp_write_timeout in SYN_RECV, of a simultaneous open.
    HandshakeGivenUp "handshake-given-up" {
        calls: &[Connect, Read, Write, SoError],
        gives: errno(Errno::ETIMEDOUT),
        states: &[State::Close, SynSent, SynRecv],
        set_by: &[SetBy::Timer],
        decided_by: &[Kernel("tcp_write_timeout"), Rfc(9293, "3.8.3")],
        counted: &["TCPAbortOnTimeout"],
        proof: "simultaneous-open-timeout",
    }

    // The network. No route means that no SYN leaves. That an ICMP message is a soft error, which must not end an attempt (RFC 9293,
    // 3.9.2.2), holds not for Linux in SYN_SENT: RFC 5461 says why.
    HostUnreachable "host-unreachable" {
        calls: &[Connect],
        gives: errno(Errno::EHOSTUNREACH),
        states: &[State::Close, SynSent, SynRecv],
        set_by: &[SetBy::Icmp, SetBy::Route],
        decided_by: &[ICMP_ERROR, Rfc(5461, "4.1")],
        counted: &["IcmpInDestUnreachs"],
        proof: "host-unreachable",
    }
    // tcp_v4_err in SYN_SENT and SYN_RECV: it ends the attempt at once.
    HostUnreachableEarlier "host-unreachable-earlier" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::EHOSTUNREACH),
        states: &[State::Close, SynSent, SynRecv],
        set_by: &[SetBy::Icmp],
        decided_by: &[ICMP_ERROR, Kernel("sock_error"), Rfc(5461, "4.1")],
        counted: &["IcmpInDestUnreachs"],
        proof: "nonblocking-host-unreachable",
    }
    // tcp_v4_err: fatal in SYN_SENT; later only noted (sk_err_soft), and reported in place of ETIMEDOUT at the end.
    // SO_ERROR hands out the note too (sk_getsockopt), while the connection lives on.
    HostUnreachableAtEnd "host-unreachable-at-the-end" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::EHOSTUNREACH),
        states: WITH_PEER,
        set_by: &[SetBy::Icmp, SetBy::Timer],
        decided_by: &[ICMP_ERROR, Kernel("tcp_write_err"), Rfc(9293, "3.9.2.2")],
        counted: &["TCPAbortOnTimeout"],
        proof: "unreachable-at-the-end",
    }
    HostUnreachableNoted "host-unreachable-noted" {
        calls: &[SoError],
        gives: errno(Errno::EHOSTUNREACH),
        states: WITH_PEER,
        set_by: &[SetBy::Icmp],
        decided_by: &[ICMP_ERROR, Kernel("sk_getsockopt"), Rfc(9293, "3.9.2.2")],
        counted: &["IcmpInDestUnreachs"],
        proof: "host-unreachable-established",
    }
    NetworkUnreachable "network-unreachable" {
        calls: &[Connect],
        gives: errno(Errno::ENETUNREACH),
        states: &[State::Close, SynSent, SynRecv],
        set_by: &[SetBy::Route, SetBy::Icmp],
        decided_by: &[BEGINS, ICMP_ERROR, Rfc(5461, "4.1")],
        counted: &["IpOutNoRoutes", "IcmpInDestUnreachs"],
        proof: "no-route",
    }
    // tcp_v4_err in SYN_SENT and SYN_RECV: it ends the attempt at once.
    NetworkUnreachableEarlier "network-unreachable-earlier" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::ENETUNREACH),
        states: &[State::Close, SynSent, SynRecv],
        set_by: &[SetBy::Icmp],
        decided_by: &[ICMP_ERROR, Kernel("sock_error"), Rfc(5461, "4.1")],
        counted: &["IcmpInDestUnreachs"],
        proof: "nonblocking-network-unreachable",
    }
    NetworkUnreachableAtEnd "network-unreachable-at-the-end" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::ENETUNREACH),
        states: WITH_PEER,
        set_by: &[SetBy::Icmp, SetBy::Timer],
        decided_by: &[ICMP_ERROR, Kernel("tcp_write_err"), Rfc(9293, "3.9.2.2")],
        counted: &["TCPAbortOnTimeout"],
        proof: "network-unreachable-established",
    }
    NetworkUnreachableNoted "network-unreachable-noted" {
        calls: &[SoError],
        gives: errno(Errno::ENETUNREACH),
        states: WITH_PEER,
        set_by: &[SetBy::Icmp],
        decided_by: &[ICMP_ERROR, Kernel("sk_getsockopt"), Rfc(9293, "3.9.2.2")],
        counted: &["IcmpInDestUnreachs"],
        proof: "network-unreachable-established",
    }

    // ECONNABORTED.

    // ECONNABORTED is what tcp_diag_destroy hands to tcp_abort, which resets the peer only where there is something to be reset
    // (tcp_need_reset): not in SYN_SENT.
    Destroyed "destroyed" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::ECONNABORTED),
        states: ANY,
        set_by: &[SetBy::Administrator],
        decided_by: &[Kernel("tcp_diag_destroy"), Kernel("tcp_abort")],
        counted: &["TcpOutRsts"],
        proof: "destroyed-by-the-administrator",
    }
    // sock_error: the failed attempt's error is gone, and the socket must say something once.
    AttemptDead "attempt-dead" {
        calls: &[Connect],
        gives: errno(Errno::ECONNABORTED),
        states: &[State::Close, SynSent],
        set_by: &[SetBy::Told, SetBy::Administrator],
        decided_by: &[Kernel("__inet_stream_connect")],
        proof: "attempt-dead",
    }

    // The end of the stream: the peer's FIN was received (SOCK_DONE), or reading is shut down, or the error was reported before.
    EofFin "eof-fin" {
        calls: &[Read],
        gives: RuleOutcome::Eof,
        states: WITH_PEER,
        set_by: &[SetBy::Fin],
        decided_by: &[Kernel("tcp_fin"), Kernel("tcp_recvmsg_locked"), Rfc(9293, "3.6")],
        proof: "read-eof",
    }
    // tcp_reset in CLOSE_WAIT leaves EPIPE, which read never looks at.
    EofFinBeforeRst "eof-fin-before-rst" {
        calls: &[Read],
        gives: RuleOutcome::Eof,
        states: &[State::Close, CloseWait, Established],
        set_by: &[SetBy::Fin],
        decided_by: &[Kernel("tcp_recvmsg_locked")],
        proof: "write-after-close",
    }
    EofErrorTold "eof-error-told" {
        calls: &[Read],
        gives: RuleOutcome::Eof,
        states: &[State::Close, Established, FinWait1, FinWait2, SynSent],
        set_by: &[SetBy::Told],
        decided_by: &[Kernel("tcp_done"), Kernel("tcp_recvmsg_locked")],
        proof: "linger-zero",
    }
    EofReadingShut "eof-reading-shut" {
        calls: &[Read],
        gives: RuleOutcome::Eof,
        states: &[Established, SynSent, SynRecv, FinWait1, FinWait2, State::Close],
        set_by: &[SetBy::OwnCall(&[Shutdown])],
        decided_by: &[Kernel("tcp_recvmsg_locked")],
        proof: "shutdown-read",
    }
    // inet_shutdown notes SHUT_RD even where it returns ENOTCONN.
    EofUnconnected "eof-unconnected" {
        calls: &[Read],
        gives: RuleOutcome::Eof,
        states: CLOSE,
        set_by: &[SetBy::OwnCall(&[Shutdown])],
        decided_by: &[Kernel("inet_shutdown"), Kernel("tcp_recvmsg_locked")],
        proof: "failed-shutdown-takes-effect",
    }
    NoUrgentByteAnyMore "no-urgent-byte-any-more" {
        calls: &[Read],
        gives: RuleOutcome::Eof,
        states: WITH_PEER,
        set_by: &[SetBy::OwnCall(&[Shutdown]), SetBy::Fin, SetBy::Told],
        decided_by: &[Kernel("tcp_recv_urg"), Rfc(9293, "3.8.5")],
        proof: "urgent-byte",
    }

    // The program's own deadline: nothing was taken back, the socket stays as it is. Most wait for an answer, fewer for a handshake.
    ReadDeadline "read-deadline" {
        calls: &[Read],
        gives: RuleOutcome::Deadline,
        states: &[Established, FinWait1, FinWait2, SynSent, SynRecv],
        set_by: &[SetBy::Nothing],
        decided_by: &[],
        proof: "read-deadline",
    }
    ConnectDeadline "connect-deadline" {
        calls: &[Connect],
        gives: RuleOutcome::Deadline,
        states: &[State::Close, SynSent],
        set_by: &[SetBy::Nothing],
        decided_by: &[],
        proof: "syn-lost-deadline",
    }
    WriteDeadlineHalf "write-deadline-half" {
        calls: &[Write],
        gives: RuleOutcome::Deadline,
        states: WRITABLE,
        set_by: &[SetBy::Nothing],
        decided_by: &[],
        proof: "zero-window",
    }
    WriteDeadline "write-deadline" {
        calls: &[Write],
        gives: RuleOutcome::Deadline,
        states: WRITABLE,
        set_by: &[SetBy::Nothing],
        decided_by: &[],
        proof: "zero-window",
    }
    WriteDeadlineHandshake "write-deadline-handshake" {
        calls: &[Write],
        gives: RuleOutcome::Deadline,
        states: HANDSHAKE,
        set_by: &[SetBy::Nothing],
        decided_by: &[],
        proof: "calls-before-the-handshake",
    }

    // EBADF.
    DescriptorClosed "descriptor-closed" {
        calls: CallClass::ON_DESCRIPTOR,
        gives: errno(Errno::EBADF),
        states: ANY,
        set_by: &[SetBy::OwnCall(&[Close])],
        decided_by: &[Kernel("fdget"), Kernel("file_close_fd")],
        proof: "closed-descriptor",
    }
    DescriptorNeverWas "descriptor-never-was" {
        calls: CallClass::ON_DESCRIPTOR,
        gives: errno(Errno::EBADF),
        states: CLOSE,
        set_by: &[SetBy::Argument],
        decided_by: &[Kernel("fdget")],
        proof: "no-descriptor",
    }

    // EACCES. icmpv6_err_convert: administratively prohibited, and refused by policy. Of IPv4 the same message is EHOSTUNREACH
    // (icmp_err_convert).
    Prohibited "prohibited" {
        calls: &[Connect],
        gives: errno(Errno::EACCES),
        states: &[State::Close, SynSent, SynRecv],
        set_by: &[SetBy::Icmp, SetBy::Route],
        decided_by: &[Kernel("icmpv6_err_convert"), Kernel("tcp_v6_err"), Rfc(4443, "3.1")],
        proof: "prohibited-ipv6",
    }
    ProhibitedEarlier "prohibited-earlier" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::EACCES),
        states: &[State::Close, SynSent, SynRecv],
        set_by: &[SetBy::Icmp],
        decided_by: &[Kernel("icmpv6_err_convert"), Kernel("tcp_v6_err"), Rfc(5461, "4.1")],
        proof: "nonblocking-prohibited-ipv6",
    }
    ProhibitedAtEnd "prohibited-at-the-end" {
        calls: &[Read, Write, SoError],
        gives: errno(Errno::EACCES),
        states: WITH_PEER,
        set_by: &[SetBy::Icmp, SetBy::Timer],
        decided_by: &[Kernel("icmpv6_err_convert"), Kernel("tcp_v6_err"), Kernel("tcp_write_err")],
        proof: "prohibited-at-the-end-ipv6",
    }
    ProhibitedNoted "prohibited-noted" {
        calls: &[SoError],
        gives: errno(Errno::EACCES),
        states: WITH_PEER,
        set_by: &[SetBy::Icmp],
        decided_by: &[Kernel("icmpv6_err_convert"), Kernel("tcp_v6_err"), Kernel("sk_getsockopt")],
        proof: "prohibited-at-the-end-ipv6",
    }

    // EMFILE. A number is looked for before anything else is done (__sys_accept4_file, sock_map_fd): so nothing is lost by it.
    AcceptNoNumber "accept-no-number" {
        calls: &[Accept],
        gives: errno(Errno::EMFILE),
        states: &[Listening],
        set_by: &[SetBy::ProcessLimit],
        decided_by: &[Kernel("alloc_fd")],
        proof: "too-many-open-files",
    }
    // connect and listen: languages' libraries make the socket in them.
    NoNumber "no-number" {
        calls: &[CallClass::Socket, CallClass::Dup, Connect, Listen],
        gives: errno(Errno::EMFILE),
        states: ANY,
        set_by: &[SetBy::ProcessLimit],
        decided_by: &[Kernel("alloc_fd")],
        proof: "too-many-open-files",
    }

    // EINTR. signal(7): connect goes on by itself, everything else has done nothing. SA_RESTART never restarts poll, so it goes first.
    PollInterrupted "poll-interrupted" {
        calls: &[Poll],
        gives: errno(Errno::EINTR),
        states: ANY,
        set_by: &[SetBy::Signal],
        decided_by: &[Kernel("do_poll")],
        proof: "interrupted",
    }
    ReadInterrupted "read-interrupted" {
        calls: &[Read],
        gives: errno(Errno::EINTR),
        states: &[Established, FinWait1, FinWait2, SynSent, SynRecv],
        set_by: &[SetBy::Signal],
        decided_by: &[Kernel("tcp_recvmsg_locked"), Kernel("sock_intr_errno")],
        proof: "interrupted",
    }
    AcceptInterrupted "accept-interrupted" {
        calls: &[Accept],
        gives: errno(Errno::EINTR),
        states: &[Listening],
        set_by: &[SetBy::Signal],
        decided_by: &[Kernel("inet_csk_accept"), Kernel("sock_intr_errno")],
        proof: "interrupted",
    }
    ConnectInterrupted "connect-interrupted" {
        calls: &[Connect],
        gives: errno(Errno::EINTR),
        states: &[State::Close, SynSent, SynRecv],
        set_by: &[SetBy::Signal],
        decided_by: &[Kernel("__inet_stream_connect"), Kernel("sock_intr_errno")],
        proof: "interrupted-connect",
    }
    WriteInterrupted "write-interrupted" {
        calls: &[Write],
        gives: errno(Errno::EINTR),
        states: &[Established, CloseWait, SynSent, SynRecv],
        set_by: &[SetBy::Signal],
        decided_by: &[Kernel("sk_stream_wait_memory"), Kernel("sk_stream_wait_connect"), Kernel("sock_intr_errno")],
        proof: "interrupted",
    }

    // EAGAIN: not now.

    // tcp_recvmsg_locked has then seen no data, no FIN and no error, in this order.
    ReadNothing "read-nothing" {
        calls: &[Read],
        gives: errno(Errno::EAGAIN),
        states: READABLE,
        set_by: &[SetBy::Nothing],
        further: NoWaiting { dontwait: true, timeout: SocketOption::Rcvtimeo },
        decided_by: &[Kernel("tcp_recvmsg_locked")],
        proof: "would-block",
    }
    WriteNoRoom "write-no-room" {
        calls: &[Write],
        gives: errno(Errno::EAGAIN),
        states: WRITABLE,
        set_by: &[SetBy::Nothing],
        further: NoWaiting { dontwait: true, timeout: SocketOption::Sndtimeo },
        decided_by: &[Kernel("sk_stream_wait_memory")],
        proof: "zero-window",
    }
    AcceptNothing "accept-nothing" {
        calls: &[Accept],
        gives: errno(Errno::EAGAIN),
        states: &[Listening],
        set_by: &[SetBy::Nothing],
        further: NoWaiting { dontwait: false, timeout: SocketOption::Rcvtimeo },
        decided_by: &[Kernel("inet_csk_accept")],
        proof: "would-block",
    }
    ReadBeforeHandshake "read-before-handshake" {
        calls: &[Read],
        gives: errno(Errno::EAGAIN),
        states: HANDSHAKE,
        set_by: &[SetBy::Nothing],
        further: NoWaiting { dontwait: true, timeout: SocketOption::Rcvtimeo },
        decided_by: &[Kernel("tcp_recvmsg_locked"), Rfc(9293, "3.10.3")],
        proof: "calls-before-the-handshake",
    }
    WriteBeforeHandshake "write-before-handshake" {
        calls: &[Write],
        gives: errno(Errno::EAGAIN),
        states: HANDSHAKE,
        set_by: &[SetBy::Nothing],
        further: NoWaiting { dontwait: true, timeout: SocketOption::Sndtimeo },
        decided_by: &[Kernel("sk_stream_wait_connect")],
        proof: "calls-before-the-handshake",
    }
    UrgentNotYet "urgent-not-yet" {
        calls: &[Read],
        gives: errno(Errno::EAGAIN),
        states: READABLE,
        set_by: &[SetBy::Nothing],
        decided_by: &[Kernel("tcp_recv_urg"), Rfc(9293, "3.8.5")],
        proof: "urgent-byte",
    }

    // EINPROGRESS, EALREADY.

    // SO_SNDTIMEO that runs out gives the same as O_NONBLOCK.
    ConnectUnderWay "connect-under-way" {
        calls: &[Connect],
        gives: errno(Errno::EINPROGRESS),
        states: CLOSE,
        set_by: &[SetBy::Nothing],
        further: Further::GoesOn { timeout: SocketOption::Sndtimeo },
        decided_by: &[Kernel("__inet_stream_connect")],
        proof: "nonblocking",
    }
    ConnectStillUnderWay "connect-still-under-way" {
        calls: &[Connect],
        gives: errno(Errno::EALREADY),
        states: HANDSHAKE,
        set_by: &[SetBy::OwnCall(&[Connect])],
        decided_by: &[Kernel("__inet_stream_connect")],
        proof: "nonblocking",
    }

    // EISCONN.
    AlreadyConnected "already-connected" {
        calls: &[Connect],
        gives: errno(Errno::EISCONN),
        states: &[Established, SynRecv, FinWait1, FinWait2, CloseWait, LastAck, Closing],
        set_by: &[SetBy::OwnCall(&[Connect, Accept])],
        decided_by: &[Kernel("__inet_stream_connect"), Rfc(9293, "3.10.1")],
        proof: "already-connected",
    }
    // The socket layer stays SS_CONNECTED after RST or TIME_WAIT, whatever TCP's state, and looks there first.
    ConnectedOnce "connected-once" {
        calls: &[Connect],
        gives: errno(Errno::EISCONN),
        states: &[State::Close, TimeWait],
        set_by: &[SetBy::OwnCall(&[Connect, Accept])],
        decided_by: &[Kernel("__inet_stream_connect")],
        proof: "connected-once",
    }
    ConnectOnListener "connect-on-listener" {
        calls: &[Connect],
        gives: errno(Errno::EISCONN),
        states: &[Listening],
        set_by: &[SetBy::OwnCall(&[Listen])],
        decided_by: &[Kernel("__inet_stream_connect")],
        proof: "listener-misuse",
    }

    // ENOTCONN. Most often it is a shutdown of what an RST had ended already.
    ShutdownOver "shutdown-over" {
        calls: &[Shutdown],
        gives: errno(Errno::ENOTCONN),
        states: &[State::Close, TimeWait],
        set_by: &[SetBy::Rst, SetBy::Fin, SetBy::Timer, SetBy::Icmp, SetBy::Data, SetBy::Administrator, SetBy::OwnCall(&[CallClass::Disconnect])],
        decided_by: &[Kernel("inet_shutdown")],
        proof: "shutdown-unconnected",
    }
    // tcp_recvmsg_locked: in CLOSE without a FIN received (SOCK_DONE).
    ReadUnconnected "read-unconnected" {
        calls: &[Read],
        gives: errno(Errno::ENOTCONN),
        states: &[State::Close, SynSent, SynRecv, Established],
        set_by: &[SetBy::Missing, SetBy::OwnCall(&[CallClass::Disconnect, Shutdown, Connect]), SetBy::Rst, SetBy::Data, SetBy::Timer, SetBy::Administrator],
        decided_by: &[Kernel("tcp_recvmsg_locked"), Rfc(9293, "3.10.3")],
        proof: "not-connected",
    }
    ShutdownBothUnconnected "shutdown-both-unconnected" {
        calls: &[Shutdown],
        gives: errno(Errno::ENOTCONN),
        states: CLOSE,
        set_by: &[SetBy::Missing, SetBy::OwnCall(&[CallClass::Disconnect])],
        decided_by: &[Kernel("inet_shutdown")],
        proof: "failed-shutdown-of-both",
    }
    ShutdownWriteUnconnected "shutdown-write-unconnected" {
        calls: &[Shutdown],
        gives: errno(Errno::ENOTCONN),
        states: CLOSE,
        set_by: &[SetBy::Missing, SetBy::OwnCall(&[CallClass::Disconnect])],
        decided_by: &[Kernel("inet_shutdown")],
        proof: "not-connected",
    }
    // inet_shutdown: in CLOSE it notes the direction before it returns the error.
    ShutdownReadUnconnected "shutdown-read-unconnected" {
        calls: &[Shutdown],
        gives: errno(Errno::ENOTCONN),
        states: CLOSE,
        set_by: &[SetBy::Missing, SetBy::OwnCall(&[CallClass::Disconnect])],
        decided_by: &[Kernel("inet_shutdown")],
        proof: "failed-shutdown-takes-effect",
    }
    ReadOnListener "read-on-listener" {
        calls: &[Read],
        gives: errno(Errno::ENOTCONN),
        states: &[Listening],
        set_by: &[SetBy::OwnCall(&[Listen])],
        decided_by: &[Kernel("tcp_recvmsg_locked")],
        proof: "listener-misuse",
    }

    // EINVAL.

    BindTwice "bind-twice" {
        calls: &[Bind],
        gives: errno(Errno::EINVAL),
        states: ANY,
        set_by: &[SetBy::OwnCall(&[Bind, Listen, Connect, Accept])],
        decided_by: &[Kernel("__inet_bind")],
        proof: "listener-misuse",
    }
    // inet6_bind answers an IPv4 address, which is too short for it, with EINVAL; inet_bind the reverse with EAFNOSUPPORT.
    BindOtherFamily6 "bind-ipv4-address-on-ipv6-socket" {
        calls: &[Bind],
        gives: errno(Errno::EINVAL),
        states: CLOSE,
        set_by: &[SetBy::Argument],
        decided_by: &[Kernel("inet6_bind_sk")],
        proof: "address-family-ipv6",
    }
    // __inet6_bind, tcp_v6_connect: "link-local address requires an interface".
    LinkLocalWithoutZone "link-local-without-zone" {
        calls: &[Bind, Connect],
        gives: errno(Errno::EINVAL),
        states: CLOSE,
        set_by: &[SetBy::Argument],
        decided_by: &[Kernel("__inet6_bind"), Kernel("tcp_v6_connect"), Rfc(4007, "11")],
        proof: "link-local-without-zone",
    }
    OptionValue "option-value" {
        calls: &[SetOption],
        gives: errno(Errno::EINVAL),
        states: ANY,
        set_by: &[SetBy::Argument],
        decided_by: &[Kernel("do_tcp_setsockopt")],
        proof: "option-values",
    }
    AcceptWithoutListen "accept-without-listen" {
        calls: &[Accept],
        gives: errno(Errno::EINVAL),
        states: ANY,
        set_by: &[SetBy::Missing, SetBy::OwnCall(&[Shutdown, CallClass::Disconnect]), SetBy::Administrator],
        decided_by: &[Kernel("inet_csk_accept")],
        proof: "already-connected",
    }
    ListenConnected "listen-connected" {
        calls: &[Listen],
        gives: errno(Errno::EINVAL),
        states: WITH_PEER,
        set_by: &[SetBy::OwnCall(&[Connect, Accept])],
        decided_by: &[Kernel("inet_listen")],
        proof: "already-connected",
    }
    ConnectOtherFamily6 "connect-ipv4-address-on-ipv6-socket" {
        calls: &[Connect],
        gives: errno(Errno::EINVAL),
        states: CLOSE,
        set_by: &[SetBy::Argument],
        decided_by: &[Kernel("tcp_v6_connect")],
        proof: "address-family-ipv6",
    }
    // A read that passes the urgent byte drops it.
    NoUrgentByte "no-urgent-byte" {
        calls: &[Read],
        gives: errno(Errno::EINVAL),
        states: WITH_PEER,
        set_by: &[SetBy::Nothing],
        decided_by: &[Kernel("tcp_recv_urg"), Rfc(9293, "3.8.5")],
        proof: "urgent-byte",
    }

    // do_sys_poll: as many as the process may have, whatever their numbers are.
    PollAboveLimit "poll-above-limit" {
        calls: &[Poll],
        gives: errno(Errno::EINVAL),
        states: ANY,
        set_by: &[SetBy::ProcessLimit],
        decided_by: &[Kernel("do_sys_poll")],
        proof: "poll-above-the-limit",
    }

    // EADDRINUSE.

    // TIME_WAIT keeps the option as it was on the socket that left it.
    AddressTaken "address-taken" {
        calls: &[Bind],
        gives: errno(Errno::EADDRINUSE),
        states: CLOSE,
        set_by: &[SetBy::OtherSocket],
        decided_by: &[Kernel("inet_csk_get_port"), Kernel("inet_csk_bind_conflict")],
        proof: "bind-over-time-wait",
    }
    // inet_csk_listen_start asks for the port again: two binds with SO_REUSEADDR succeed, two listens do not.
    ListenTaken "listen-taken" {
        calls: &[Listen],
        gives: errno(Errno::EADDRINUSE),
        states: CLOSE,
        set_by: &[SetBy::OtherSocket],
        decided_by: &[Kernel("inet_csk_listen_start"), Kernel("inet_csk_bind_conflict")],
        proof: "two-listeners",
    }
    NoPortToBind "no-port-to-bind" {
        calls: &[Bind],
        gives: errno(Errno::EADDRINUSE),
        states: CLOSE,
        set_by: &[SetBy::Limit, SetBy::OtherSocket],
        decided_by: &[Kernel("inet_csk_find_open_port")],
        proof: "no-port-to-bind",
    }

    // EADDRNOTAVAIL.

    // It counts four-tuples: the same port may still serve another destination.
    NoPortLeft "no-port-left" {
        calls: &[Connect],
        gives: errno(Errno::EADDRNOTAVAIL),
        states: CLOSE,
        set_by: &[SetBy::Limit, SetBy::OtherSocket],
        decided_by: &[Kernel("__inet_hash_connect")],
        proof: "no-local-port",
    }
    // ip6_dst_lookup_tail wants an address to connect from; of IPv4 there would be no route.
    NoSuchAddress "no-such-address" {
        calls: &[Bind, Connect],
        gives: errno(Errno::EADDRNOTAVAIL),
        states: CLOSE,
        set_by: &[SetBy::Argument],
        decided_by: &[Kernel("__inet_bind"), Kernel("ipv6_dev_get_saddr")],
        proof: "foreign-address",
    }

    // EAFNOSUPPORT.
    OtherFamily "other-family" {
        calls: &[Bind, Connect],
        gives: errno(Errno::EAFNOSUPPORT),
        states: CLOSE,
        set_by: &[SetBy::Argument],
        decided_by: &[Kernel("__inet_bind"), Kernel("tcp_v4_connect")],
        proof: "address-family",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps rules with the same outcome together, so that their order can be read off the table.
    #[test]
    fn rules_that_give_the_same_stand_together() {
        let mut groups: Vec<RuleOutcome> = RULES.iter().map(|rule| rule.gives).collect();
        groups.dedup();
        let all: std::collections::HashSet<RuleOutcome> = groups.iter().copied().collect();
        assert_eq!(groups.len(), all.len(), "{groups:?}");
    }

    #[test]
    fn a_cause_in_a_few_words_is_a_few_words() {
        for rule in RULES {
            assert!((5..=30).contains(&rule.brief.len()), "{}", rule.brief);
            assert!(!rule.brief.ends_with('.'), "{}", rule.brief);
        }
    }
}
