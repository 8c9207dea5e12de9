//! Results of calls, in the words of a scenario.

use std::fmt;

use super::bound::Bound;
use super::mistake::{did_you_mean, quoted};
use super::observation::CommandResult;
use crate::call::{Bytes, PollEvent, escape};
use crate::command::string_value;
use crate::errno::Errno;
use crate::lab::event::Death;
use crate::outcome::{Outcome, Reading, Value};

/// The result that a call should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Anything but an error: what is meant where nothing is said.
    Success,
    /// `any`: whatever it returns, as long as it does.
    Any,
    /// `ok`: success, and nothing that a word of its own is for.
    Ok,
    /// `EPIPE`: that error; of `so-error`, that it was pending.
    Errno(Errno),
    /// `blocked`: it has not returned.
    Blocked,
    /// `EOF`
    Eof,
    /// `read "hello"`: those bytes, no more and no fewer.
    Bytes(Bytes),
    /// `read 5`: so many bytes, whatever they are.
    Read(Bound),
    /// `wrote 5`
    Wrote(Bound),
    /// `deadline exceeded`
    DeadlineExceeded,
    /// `in out rdhup`: of `poll`, exactly these events; in the order in which they are shown.
    Ready(Vec<PollEvent>),
    /// `no error`: of `so-error`, that none was pending.
    NoError,
    /// `value 1`: of `get-option`.
    Value(Bound),
    /// `library`: a language's library answered by itself, without an errno of the kernel.
    Library,
    /// `unsupported`: the language has no such call.
    Unsupported,
    /// `killed by SIGPIPE`: the process is gone, and the call never returned.
    Killed(Death),
}

/// The valid words, for complaints.
const VALID: &str = "ok, any, an errno like EPIPE, blocked, EOF, read \"hello\", read 5, wrote 5, deadline exceeded, the events of poll \
                     like in out rdhup, not ready, no error, value 1, killed by SIGPIPE, library, unsupported";
const NOT_READY: &str = "not ready";
const NO_ERROR: &str = "no error";
const DEADLINE: &str = "deadline exceeded";
const DEATHS: [Death; 3] = [
    Death::Signal(libc::SIGPIPE),
    Death::Signal(libc::SIGKILL),
    Death::Signal(libc::SIGTERM),
];

/// The most bytes that are shown one by one.
const LONGEST_WORDS: usize = 64;

impl Returns {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// The character where it is wrong, from 0 on, and one sentence.
    pub fn parse(text: &str) -> Result<Returns, (usize, String)> {
        let trimmed = text.trim();
        let (verb, rest) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
        let at_rest = text.chars().count() - text.trim_start().chars().count() + verb.chars().count() + 1;
        let bound = |what: &str| {
            Bound::parse(rest).ok_or_else(|| (at_rest, format!("{what} takes a number, like {what} 5 or {what} >0")))
        };
        let events: Option<Vec<PollEvent>> = trimmed.split_whitespace().map(event).collect();
        Ok(match (trimmed, verb) {
            ("ok", _) => Returns::Ok,
            ("any", _) => Returns::Any,
            ("blocked", _) => Returns::Blocked,
            ("library", _) => Returns::Library,
            ("unsupported", _) => Returns::Unsupported,
            ("EOF", _) => Returns::Eof,
            (DEADLINE, _) => Returns::DeadlineExceeded,
            (NOT_READY, _) => Returns::Ready(Vec::new()),
            (NO_ERROR, _) => Returns::NoError,
            (_, "read") if rest.trim_start().starts_with('"') => {
                let bytes = string_value(rest.trim()).map_err(|error| (at_rest + error.column - 1, error.why))?;
                match bytes.len() {
                    0 => return Err((at_rest, "zero bytes are the end of the stream: EOF".into())),
                    _ => Returns::Bytes(Bytes(bytes)),
                }
            }
            (_, "read") => Returns::Read(bound("read")?),
            (_, "wrote") => Returns::Wrote(bound("wrote")?),
            (_, "value") => match rest.trim() {
                "on" => Returns::Value(Bound::exactly(1)),
                "off" => Returns::Value(Bound::exactly(0)),
                _ => Returns::Value(bound("value")?),
            },
            (_, "killed") => {
                let death = DEATHS.into_iter().find(|death| death.to_string() == trimmed);
                let valid = DEATHS.map(|death| death.to_string()).join(", ");
                Returns::Killed(death.ok_or_else(|| (0, format!("a process is {valid}, not {trimmed}")))?)
            }
            _ => match (errno(trimmed), events) {
                (Some(errno), _) => Returns::Errno(errno),
                (None, Some(mut events)) if !events.is_empty() => {
                    events.sort_by_key(|event| place(*event));
                    events.dedup();
                    Returns::Ready(events)
                }
                _ => {
                    let mut words = vec![
                        "ok",
                        "any",
                        "blocked",
                        "EOF",
                        "read",
                        "wrote",
                        DEADLINE,
                        NOT_READY,
                        NO_ERROR,
                        "value",
                        "library",
                        "unsupported",
                    ];
                    words.extend(Errno::NAMED.iter().map(|(_, name)| *name));
                    return Err((
                        0,
                        match did_you_mean(trimmed, &words) {
                            near if near.is_empty() => format!(
                                "no call returns {trimmed}; there are {VALID}",
                                trimmed = quoted(trimmed)
                            ),
                            near => format!("no call returns {trimmed}{near}", trimmed = quoted(trimmed)),
                        },
                    ));
                }
            },
        })
    }

    /// Returns whether that is what was returned.
    pub fn holds(&self, returned: &CommandResult) -> bool {
        let outcome = match (self, returned) {
            (Returns::Blocked, returned) => return matches!(returned, CommandResult::Blocked),
            (Returns::Killed(death), returned) => return *returned == CommandResult::Died(*death),
            (Returns::Success | Returns::Any | Returns::Ok, CommandResult::Done) => return true,
            (_, CommandResult::Outcome(outcome)) => outcome,
            (_, CommandResult::Done | CommandResult::Blocked | CommandResult::Died(_) | CommandResult::NotDone(_)) => {
                return false;
            }
        };
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        match (self, outcome) {
            (Returns::Success, Outcome::Ok(_)) | (Returns::Any, _) => true,
            (
                Returns::Ok,
                Outcome::Ok(
                    Value::Done
                    | Value::Later
                    | Value::Descriptor { .. }
                    | Value::Options { .. }
                    | Value::Written { .. },
                ),
            ) => true,
            (Returns::Errno(errno), Outcome::Err(got)) => got == errno,
            (Returns::Errno(errno), Outcome::Ok(Value::PendingError { error })) => *error == Some(*errno),
            (Returns::Eof, Outcome::Ok(Value::Read { n, .. })) => *n == 0,
            (Returns::Bytes(bytes), Outcome::Ok(Value::Read { n, data })) => *n == bytes.0.len() && data == bytes,
            (Returns::Read(bound), Outcome::Ok(Value::Read { n, .. })) => *n > 0 && bound.holds(count(*n)),
            (Returns::Wrote(bound), Outcome::Ok(Value::Written { n })) => bound.holds(count(*n)),
            (Returns::DeadlineExceeded, Outcome::DeadlineExceeded { .. })
            | (Returns::Library, Outcome::Library(_))
            | (Returns::Unsupported, Outcome::Unsupported(_)) => true,
            (Returns::Ready(wanted), Outcome::Ok(Value::Ready { events })) => {
                let mut events = events.clone();
                events.sort_by_key(|event| place(*event));
                events == *wanted
            }
            (Returns::NoError, Outcome::Ok(Value::PendingError { error })) => error.is_none(),
            (Returns::Value(bound), Outcome::Ok(Value::Options { readings })) => match readings.as_slice() {
                [reading] => matches!(reading.value, Reading::Value(value) if bound.holds(value)),
                _ => false,
            },
            _ => false,
        }
    }

    /// The words that fit that outcome and few others; none where there are none.
    pub fn of(returned: &CommandResult) -> Option<Returns> {
        let count = |n: usize| Bound::exactly(i64::try_from(n).unwrap_or(i64::MAX));
        Some(match returned {
            CommandResult::Done => Returns::Ok,
            CommandResult::Blocked => Returns::Blocked,
            CommandResult::Died(death) => Returns::Killed(*death),
            CommandResult::NotDone(_) => return None,
            CommandResult::Outcome(Outcome::Library(_)) => Returns::Library,
            CommandResult::Outcome(Outcome::Unsupported(_)) => Returns::Unsupported,
            CommandResult::Outcome(Outcome::Err(errno)) => Returns::Errno(*errno),
            CommandResult::Outcome(Outcome::DeadlineExceeded { .. }) => Returns::DeadlineExceeded,
            CommandResult::Outcome(Outcome::Ok(value)) => match value {
                Value::Done | Value::Later | Value::Descriptor { .. } => Returns::Ok,
                Value::Read { n: 0, .. } => Returns::Eof,
                // Long ones are shown by their length: nobody reads a kilobyte of zeros.
                Value::Read { n, data } if *n == data.0.len() && *n <= LONGEST_WORDS => Returns::Bytes(data.clone()),
                Value::Read { n, .. } => Returns::Read(count(*n)),
                Value::Written { n } => Returns::Wrote(count(*n)),
                Value::Ready { events } => {
                    let mut events = events.clone();
                    events.sort_by_key(|event| place(*event));
                    Returns::Ready(events)
                }
                Value::PendingError { error: None } => Returns::NoError,
                Value::PendingError { error: Some(errno) } => Returns::Errno(*errno),
                Value::Options { readings } => match readings.as_slice() {
                    [reading] => match reading.value {
                        Reading::Value(value) => Returns::Value(Bound::exactly(value)),
                        Reading::Errno(errno) => Returns::Errno(errno),
                    },
                    _ => Returns::Ok,
                },
            },
        })
    }

    /// Returns an expectation that holds of nothing of which this one does; of `any`, which holds of everything, any other.
    pub fn opposite(&self) -> Returns {
        match self {
            Returns::Errno(Errno::EINVAL) => Returns::Errno(Errno::EPIPE),
            Returns::Read(bound) => Returns::Read(bound.opposite()),
            Returns::Wrote(bound) => Returns::Wrote(bound.opposite()),
            Returns::Value(bound) => Returns::Value(bound.opposite()),
            Returns::Bytes(Bytes(bytes)) => Returns::Bytes(Bytes(bytes.iter().map(|byte| byte ^ 1).collect())),
            Returns::Success
            | Returns::Any
            | Returns::Ok
            | Returns::Errno(_)
            | Returns::Blocked
            | Returns::Eof
            | Returns::DeadlineExceeded
            | Returns::Ready(_)
            | Returns::NoError
            | Returns::Library
            | Returns::Unsupported
            | Returns::Killed(_) => Returns::Errno(Errno::EINVAL),
        }
    }
}

impl fmt::Display for Returns {
    /// Returns it as it would be written in a file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Returns::Success => f.write_str("success"),
            Returns::Any => f.write_str("any"),
            Returns::Ok => f.write_str("ok"),
            Returns::Errno(errno) => f.write_str(&errno.name()),
            Returns::Blocked => f.write_str("blocked"),
            Returns::Eof => f.write_str("EOF"),
            Returns::Bytes(bytes) => write!(f, "read \"{}\"", escape(&bytes.0)),
            Returns::Read(bound) => write!(f, "read {bound}"),
            Returns::Wrote(bound) => write!(f, "wrote {bound}"),
            Returns::DeadlineExceeded => f.write_str(DEADLINE),
            Returns::Library => f.write_str("library"),
            Returns::Unsupported => f.write_str("unsupported"),
            Returns::Ready(events) if events.is_empty() => f.write_str(NOT_READY),
            Returns::Ready(events) => {
                let words: Vec<String> = events.iter().map(|event| word(*event)).collect();
                f.write_str(&words.join(" "))
            }
            Returns::NoError => f.write_str(NO_ERROR),
            Returns::Value(bound) => write!(f, "value {bound}"),
            Returns::Killed(death) => write!(f, "{death}"),
        }
    }
}

fn errno(name: &str) -> Option<Errno> {
    let named = Errno::NAMED.iter().find(|(_, known)| *known == name);
    named.map(|(errno, _)| *errno)
}

fn word(event: PollEvent) -> String {
    event.name().trim_start_matches("POLL").to_ascii_lowercase()
}

fn event(text: &str) -> Option<PollEvent> {
    PollEvent::ALL.into_iter().find(|event| word(*event) == text)
}

fn place(event: PollEvent) -> usize {
    PollEvent::ALL.iter().position(|known| *known == event).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_alike() {
        for text in [
            "ok",
            "any",
            "EPIPE",
            "blocked",
            "EOF",
            r#"read "a\"b\n""#,
            "read >=5",
            "wrote 5",
            "deadline exceeded",
            "in out rdhup",
            "not ready",
            "no error",
            "value >4096",
            "library",
            "unsupported",
            "killed by SIGPIPE",
        ] {
            assert_eq!(Returns::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, at, why) in [
            ("EPIPPE", 0, r#"no call returns "EPIPPE"; did you mean EPIPE?"#),
            ("wrote many", 6, "wrote takes a number, like wrote 5 or wrote >0"),
            (r#"read "open"#, 5, "this quote is not closed"),
            (r#"read """#, 5, "zero bytes are the end of the stream: EOF"),
        ] {
            assert_eq!(Returns::parse(text), Err((at, why.to_owned())), "{text}");
        }
    }
}
