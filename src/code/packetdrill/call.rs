//! Calls in packetdrill's words.

use super::lines::Fd;
use super::{CallRecord, given};
use crate::call::{Call, OptionKind, PollEvent, SocketOption};
use crate::errno::Errno;
use crate::outcome::{Outcome, Reading, Value};

/// The lines of a script for a call.
pub enum CallText {
    /// System calls; only the last may wait.
    Calls(Vec<String>),
    /// No line, and the script goes on: the reason.
    Nothing(String),
    /// No line, and the script ends: the reason.
    Over(StopReason),
}

/// The reason why a script ends before the run does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// Another connection begins.
    AnotherConnection,
    /// A segment is that of a socket that is not the last made.
    OtherSocket,
    /// A call is made while another waits.
    TwoCalls { waits: String, made: String },
    /// A call never returned, or was given up, and what it did meanwhile is not known.
    Unfinished(String),
    /// A signal ended a call.
    Interrupted(String),
    /// Any later event may be the work of a step that the script is without.
    Absent,
    /// No such call exists.
    NoCall(&'static str),
    /// The call is on a socket that no call of the script has made.
    NoNumber(String),
    /// The call was ended by a time that packetdrill cannot set.
    Timeval(String),
    /// The end connected to itself.
    Itself,
}

impl StopReason {
    /// Returns the reason as a sentence.
    pub fn sentence(&self) -> String {
        match self {
            StopReason::AnotherConnection => "another connection begins, and packetdrill follows only one".into(),
            StopReason::OtherSocket => {
                "the next segment does not belong to the newest socket, the one that packetdrill follows".into()
            }
            StopReason::TwoCalls { waits, made } => {
                format!("{made} is called while {waits} waits, and packetdrill makes one call at a time")
            }
            StopReason::Unfinished(call) => {
                format!("{call} never returned by itself, and packetdrill waits for every call that it makes")
            }
            StopReason::Interrupted(call) => format!("a signal interrupts {call}, and packetdrill sends no signals"),
            StopReason::Absent => "what follows may result from a step that is not in the script".into(),
            StopReason::NoCall(call) => format!("packetdrill has no call for {call}"),
            StopReason::NoNumber(call) => format!("{call} uses a socket that no call in the script has made"),
            StopReason::Timeval(call) => {
                format!("a timeout of the socket's ends {call}, and packetdrill cannot set it: it has no timeval")
            }
            StopReason::Itself => "the end connects to itself, and packetdrill always connects to the other end".into(),
        }
    }
}

/// Returns the script's text of a call on `fd`, which makes the socket `new` if it makes one.
pub fn said(made: &CallRecord, outcome: &Outcome, fd: Fd, new: Fd) -> CallText {
    match outcome {
        Outcome::DeadlineExceeded { .. } => return given_up(made, fd),
        Outcome::Library(_) | Outcome::Unsupported(_) => {
            let given = given(outcome);
            return CallText::Nothing(format!("{} {given}: no call was made", made.name));
        }
        Outcome::Err(Errno::EINTR) => return CallText::Over(StopReason::Interrupted(made.name.clone())),
        Outcome::Ok(_) | Outcome::Err(_) => {}
    }
    let result = result(outcome);
    let made_or_not = match outcome {
        Outcome::Ok(_) => new.to_string(),
        _ => result.clone(),
    };
    let text = match &made.call {
        Call::Socket { .. } => format!("socket(..., SOCK_STREAM, IPPROTO_TCP) = {made_or_not}"),
        Call::Accept { .. } => format!("accept({fd}, ..., ...) = {made_or_not}"),
        Call::Bind { .. } => format!("bind({fd}, ..., ...) = {result}"),
        Call::Listen { backlog } => format!("listen({fd}, {backlog}) = {result}"),
        Call::Connect { .. } => format!("connect({fd}, ..., ...) = {result}"),
        Call::Disconnect => format!("connect({fd}, AF_UNSPEC, ...) = {result}"),
        Call::Read { n, flags, .. } if flags.is_empty() => format!("read({fd}, ..., {n}) = {result}"),
        Call::Read { n, flags, .. } => {
            let flags = joined(flags.iter().map(|flag| flag.name().to_owned()));
            format!("recv({fd}, ..., {n}, {flags}) = {result}")
        }
        Call::Write { flags, .. } => {
            let n = written(&made.call);
            if flags.is_empty() {
                format!("write({fd}, ..., {n}) = {result}")
            } else {
                let flags = joined(flags.iter().map(|flag| flag.name().to_owned()));
                format!("send({fd}, ..., {n}, {flags}) = {result}")
            }
        }
        Call::Shutdown { how } => format!("shutdown({fd}, {}) = {result}", how.name()),
        Call::Close => format!("close({fd}) = {result}"),
        Call::RstClose => return CallText::Calls(vec![linger(fd, 0), format!("close({fd}) = {result}")]),
        Call::LingerClose { seconds } => {
            return CallText::Calls(vec![linger(fd, i64::from(*seconds)), format!("close({fd}) = {result}")]);
        }
        Call::Poll { events, timeout } => return poll(fd, events, timeout.0, outcome),
        Call::SoError => return pending_error(fd, outcome),
        Call::GetOption { option } if is_number(*option) => return get_option(fd, *option, outcome),
        Call::SetOption { option, value } => return set_option(fd, *option, *value, &result),
        Call::Dup { .. } => return CallText::Over(StopReason::NoCall("dup")),
        Call::Options | Call::GetOption { .. } => return CallText::Nothing("options are read".into()),
    };
    CallText::Calls(vec![text])
}

/// Returns the number of bytes that a call writes.
pub fn written(call: &Call) -> usize {
    match call {
        Call::Write { data, repeat, .. } => data.0.len().saturating_mul(*repeat),
        _ => 0,
    }
}

/// Has a call that never came to an end done something meanwhile that is seen on the wire, or later?
pub const fn leaves_traces(call: &Call) -> bool {
    matches!(
        call,
        Call::Connect { .. } | Call::Write { .. } | Call::LingerClose { .. }
    )
}

/// A call that finwait's own deadline has ended.
fn given_up(made: &CallRecord, fd: Fd) -> CallText {
    match &made.call {
        // It is a connect that does not wait.
        Call::Connect { .. } => CallText::Calls(vec![
            format!("fcntl({fd}, F_SETFL, O_RDWR|O_NONBLOCK) = 0"),
            format!("connect({fd}, ..., ...) = -1 {}", Errno::EINPROGRESS),
            format!("fcntl({fd}, F_SETFL, O_RDWR) = 0"),
        ]),
        call if leaves_traces(call) => CallText::Over(StopReason::Unfinished(made.name.clone())),
        _ => CallText::Nothing(format!("{}, which finwait gave up at its deadline", made.name)),
    }
}

/// The text behind the `=`.
fn result(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok(Value::Read { n, .. } | Value::Written { n }) => n.to_string(),
        Outcome::Ok(Value::Ready { events }) => usize::from(!events.is_empty()).to_string(),
        Outcome::Err(errno) => format!("-1 {errno}"),
        _ => "0".into(),
    }
}

/// `MSG_OOB|MSG_DONTWAIT`
fn joined(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join("|")
}

fn linger(fd: Fd, seconds: i64) -> String {
    let (on, seconds) = (u8::from(seconds >= 0), seconds.max(0));
    let linger = format!("{{onoff={on}, linger={seconds}}}");
    format!("setsockopt({fd}, SOL_SOCKET, SO_LINGER, {linger}, 8) = 0")
}

fn poll(fd: Fd, events: &[PollEvent], timeout: u32, outcome: &Outcome) -> CallText {
    let Outcome::Ok(Value::Ready { events: ready }) = outcome else {
        return CallText::Nothing("poll, which failed".into());
    };
    let names = |events: &[PollEvent]| match events {
        [] => "0".into(),
        events => joined(events.iter().map(|event| event.name().to_owned())),
    };
    let (events, revents, result) = (names(events), names(ready), result(outcome));
    let poll = format!("poll([{{fd={fd}, events={events}, revents={revents}}}], 1, {timeout}) = {result}");
    CallText::Calls(vec![poll])
}

fn pending_error(fd: Fd, outcome: &Outcome) -> CallText {
    let Outcome::Ok(Value::PendingError { error }) = outcome else {
        return CallText::Nothing("SO_ERROR, which could not be read".into());
    };
    let error = error.map_or_else(|| "0".into(), |error| error.name());
    CallText::Calls(vec![format!(
        "getsockopt({fd}, SOL_SOCKET, SO_ERROR, [{error}], [4]) = 0"
    )])
}

fn get_option(fd: Fd, option: SocketOption, outcome: &Outcome) -> CallText {
    let value = match outcome {
        Outcome::Ok(Value::Options { readings }) => readings.first().map(|reading| &reading.value),
        _ => None,
    };
    let Some(Reading::Value(value)) = value else {
        return CallText::Nothing("an option that could not be read".into());
    };
    let (level, name) = (option.level(), option.name());
    CallText::Calls(vec![format!("getsockopt({fd}, {level}, {name}, [{value}], [4]) = 0")])
}

fn set_option(fd: Fd, option: SocketOption, value: i64, result: &str) -> CallText {
    let (level, name) = (option.level(), option.name());
    let text = match option.kind() {
        OptionKind::Switch if option == SocketOption::Nonblock => {
            let flags = if value == 0 { "O_RDWR" } else { "O_RDWR|O_NONBLOCK" };
            format!("fcntl({fd}, F_SETFL, {flags}) = {result}")
        }
        OptionKind::Linger => linger(fd, value),
        OptionKind::Timeout => return CallText::Nothing(format!("{name} is set, a timeval")),
        OptionKind::Switch | OptionKind::Number(_) => {
            format!("setsockopt({fd}, {level}, {name}, [{value}], 4) = {result}")
        }
    };
    CallText::Calls(vec![text])
}

/// Returns whether that is an option whose value is a plain number.
const fn is_number(option: SocketOption) -> bool {
    matches!(option.kind(), OptionKind::Switch | OptionKind::Number(_)) && !matches!(option, SocketOption::Nonblock)
}
