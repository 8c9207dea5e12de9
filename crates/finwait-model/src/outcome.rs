//! The outcome of a call. An outcome is data: an errno is what the user came to see, never our program's error.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

use crate::call::{Bytes, PollEvent, SocketOption};
use crate::errno::Errno;

/// The outcome of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Success.
    Ok(Value),
    /// Failure; the kernel says why.
    Err(Errno),
    /// Our deadline passed first; the socket stays as it is. `written` bytes of a write were taken before.
    DeadlineExceeded {
        /// Bytes written before the deadline; 0 for any other call.
        written: usize,
    },
    /// The language's library failed the call by itself, without an errno behind it; its name for the error: `net.ErrClosed`,
    /// `ERR_STREAM_DESTROYED`.
    Library(String),
    /// The runtime cannot express the call; the reason.
    Unsupported(String),
}

/// The value that a successful call returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Nothing but success.
    Done,
    /// Noted: the library has no such call, and does it as a part of a later one (`socket` and `bind` in Go's `Dial`).
    Later,
    /// A new descriptor, and for `accept` the peer's address.
    Descriptor {
        /// The number.
        fd: i32,
        /// The peer's address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer: Option<SocketAddr>,
    },
    /// Bytes read; `n` = 0 is the end of the stream.
    Read {
        /// The number of bytes.
        n: usize,
        /// The first 1,024 of them at the most.
        data: Bytes,
    },
    /// Bytes taken by the kernel.
    Written {
        /// The number of bytes.
        n: usize,
    },
    /// The events that `poll` reported; empty when its time ran out.
    Ready {
        /// The events.
        events: Vec<PollEvent>,
    },
    /// The error that `SO_ERROR` held; `None` when no error was pending.
    PendingError {
        /// The error, taken out of the socket by this call.
        error: Option<Errno>,
    },
    /// The options' values.
    Options {
        /// Options, each with its value or the reason why it could not be read.
        readings: Vec<OptionReading>,
    },
}

/// A kind of value, whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// [`Value::Done`]
    Done,
    /// [`Value::Later`]
    Later,
    /// [`Value::Descriptor`]
    Descriptor,
    /// [`Value::Read`]
    Read,
    /// [`Value::Written`]
    Written,
    /// [`Value::Ready`]
    Ready,
    /// [`Value::PendingError`]
    PendingError,
    /// [`Value::Options`]
    Options,
}

impl Value {
    /// Returns its kind.
    pub const fn kind(&self) -> ValueKind {
        match self {
            Value::Done => ValueKind::Done,
            Value::Later => ValueKind::Later,
            Value::Descriptor { .. } => ValueKind::Descriptor,
            Value::Read { .. } => ValueKind::Read,
            Value::Written { .. } => ValueKind::Written,
            Value::Ready { .. } => ValueKind::Ready,
            Value::PendingError { .. } => ValueKind::PendingError,
            Value::Options { .. } => ValueKind::Options,
        }
    }
}

/// One option's value as the kernel returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionReading {
    /// The option.
    pub option: SocketOption,
    /// The value, or the errno of the attempt.
    #[serde(flatten)]
    pub value: Reading,
}

/// A value, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// The value; its meaning is the option's kind.
    Value(i64),
    /// `getsockopt` failed.
    Errno(Errno),
}

impl Outcome {
    /// The errno, when the call failed.
    pub const fn errno(&self) -> Option<Errno> {
        match self {
            Outcome::Err(errno) => Some(*errno),
            Outcome::Ok(_) | Outcome::DeadlineExceeded { .. } | Outcome::Library(_) | Outcome::Unsupported(_) => None,
        }
    }

    /// The descriptor that the call made.
    pub const fn descriptor(&self) -> Option<i32> {
        match self {
            Outcome::Ok(Value::Descriptor { fd, .. }) => Some(*fd),
            _ => None,
        }
    }

    /// One or two words for narrow places: `ok`, `ECONNRESET`, `5 bytes`, `EOF`.
    pub fn brief(&self) -> String {
        match self {
            Outcome::Ok(Value::Done) => "ok".into(),
            Outcome::Ok(Value::Later) => "later".into(),
            Outcome::Ok(Value::Descriptor { fd, .. }) => format!("fd {fd}"),
            Outcome::Ok(Value::Read { n: 0, .. }) => "EOF".into(),
            Outcome::Ok(Value::Read { n, .. } | Value::Written { n }) => format!("{n} B"),
            Outcome::Ok(Value::Ready { events }) if events.is_empty() => "none".into(),
            Outcome::Ok(Value::Ready { events }) => {
                let names: Vec<_> = events.iter().map(|e| e.name().trim_start_matches("POLL")).collect();
                names.join("|")
            }
            Outcome::Ok(Value::PendingError { error: None }) => "no error".into(),
            Outcome::Ok(Value::PendingError { error: Some(errno) }) => errno.name(),
            Outcome::Ok(Value::Options { .. }) => "ok".into(),
            Outcome::Err(errno) => errno.name(),
            Outcome::DeadlineExceeded { .. } => "deadline".into(),
            Outcome::Library(name) => name.clone(),
            Outcome::Unsupported(_) => "unsupported".into(),
        }
    }
}
