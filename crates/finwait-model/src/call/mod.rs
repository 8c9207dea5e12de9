//! Calls and requests to an endpoint: one vocabulary for buttons, prompt, transcript and the endpoint protocol.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

use crate::clock::Millis;

mod bytes;
mod class;
mod effect;
mod name;
mod option;
mod spec;
mod words;

pub use bytes::{Bytes, MOST_BYTES, SHOWN_BYTES, escape};
pub use class::CallClass;
pub use effect::{StateEffect, WaitCondition};
pub use name::{ConnectionId, SocketId, SocketName, SocketRole};
pub use option::{OptionKind, SocketOption};
pub use spec::{CallKind, CallSpec};
pub use words::{Family, PollEvent, ReadFlag, ShutdownHow, WriteFlag};

/// The number that joins a call, its beginning and its outcome; unique in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

/// One call on a socket, with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum Call {
    /// Makes a stream socket under the request's socket name.
    Socket {
        /// The address family.
        family: Family,
    },
    /// Gives the socket a local address.
    Bind {
        /// The local address.
        address: SocketAddr,
    },
    /// Waits for connections.
    Listen {
        /// The queue holds backlog + 1.
        backlog: i32,
    },
    /// Takes a connection from the queue, under the name `as`.
    Accept {
        /// The new socket's name.
        r#as: SocketName,
    },
    /// Connects.
    Connect {
        /// The peer's address.
        address: SocketAddr,
        /// Give up after so long, the socket staying as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Millis>,
    },
    /// Reads at most `n` bytes.
    Read {
        /// The most bytes to read.
        n: usize,
        /// The flags: with them it is `recv`, without `read`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        flags: Vec<ReadFlag>,
        /// Give up after so long, the socket staying as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Millis>,
    },
    /// Writes `data`, `repeat` times over, in one call.
    Write {
        /// The bytes.
        data: Bytes,
        /// The number of times that the bytes are in the buffer; 1 when absent.
        #[serde(default = "once", skip_serializing_if = "is_once")]
        repeat: usize,
        /// The flags: with them it is `send`, without `write`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        flags: Vec<WriteFlag>,
        /// Give up after so long, the socket staying as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Millis>,
    },
    /// Ends one or both directions.
    Shutdown {
        /// The direction.
        how: ShutdownHow,
    },
    /// Gives the descriptor back.
    Close,
    /// Linger on with 0 seconds, then close: sends RST rather than FIN.
    RstClose,
    /// Linger on with so many seconds, then close: blocks until the data is acknowledged or the time is up.
    LingerClose {
        /// The time that close may block, in seconds.
        seconds: u16,
    },
    /// `connect` with `AF_UNSPEC`: dissolves the connection, the socket can be used again.
    Disconnect,
    /// A second descriptor of the same socket, under the name `as`.
    Dup {
        /// The new descriptor's name.
        r#as: SocketName,
    },
    /// Asks what the socket is ready for.
    Poll {
        /// The events asked for; HUP, ERR and NVAL come unasked.
        events: Vec<PollEvent>,
        /// The time to wait; 0 asks and returns.
        timeout: Millis,
    },
    /// Takes the pending error out of the socket (`SO_ERROR`).
    SoError,
    /// Reads every option.
    Options,
    /// Reads one option.
    GetOption {
        /// The option.
        option: SocketOption,
    },
    /// Sets one option.
    SetOption {
        /// The option.
        option: SocketOption,
        /// The option's number, whose meaning is [`SocketOption::kind`].
        value: i64,
    },
}

impl Call {
    /// Returns whether it ends by itself after a time, whatever others do.
    pub const fn has_deadline(&self) -> bool {
        matches!(
            self,
            Call::Connect { deadline: Some(_), .. }
                | Call::Read { deadline: Some(_), .. }
                | Call::Write { deadline: Some(_), .. }
        )
    }

    /// Returns whether it can block, whatever its socket's options say of that (O_NONBLOCK, SO_LINGER).
    pub const fn may_block(&self) -> bool {
        match self.kind().spec().waits_for {
            WaitCondition::Nothing => false,
            WaitCondition::Readiness => !matches!(self, Call::Poll { timeout: Millis(0), .. }),
            // Without SO_LINGER close leaves the waiting to the kernel.
            WaitCondition::Acknowledgement => matches!(self, Call::LingerClose { .. }),
            WaitCondition::Connection | WaitCondition::Handshake | WaitCondition::Bytes | WaitCondition::Room => true,
        }
    }

    /// Returns the name for the descriptor that it makes beside the one that it is made on: `as` of `accept` and `dup`.
    pub const fn new_name(&self) -> Option<&SocketName> {
        match self {
            Call::Accept { r#as } | Call::Dup { r#as } => Some(r#as),
            _ => None,
        }
    }

    /// Returns the name of the descriptor that it makes when it is made on `socket`; none where it makes none.
    pub const fn makes<'a>(&'a self, socket: &'a SocketName) -> Option<&'a SocketName> {
        match self {
            Call::Socket { .. } => Some(socket),
            _ => self.new_name(),
        }
    }

    /// Returns whether it gives the descriptor back.
    pub const fn is_close(&self) -> bool {
        self.kind().spec().releases()
    }
}

const fn once() -> usize {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
const fn is_once(n: &usize) -> bool {
    *n == 1
}

/// The disposition of SIGPIPE in an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sigpipe {
    /// The write returns `EPIPE`.
    #[default]
    Ignore,
    /// The process dies.
    Default,
}

/// Requests to the endpoint's process rather than to one of its sockets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum ProcessCall {
    /// Sends a signal without `SA_RESTART` to the thread that makes the call `target`: it returns `EINTR` if it is blocked.
    Interrupt {
        /// The blocked call.
        target: CallId,
    },
    /// Sets what SIGPIPE does.
    Sigpipe {
        /// The new disposition.
        disposition: Sigpipe,
    },
}

/// A request's content: a call on a named socket, or one for the process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EndpointCall {
    /// A call on a socket.
    On {
        /// The socket's name.
        socket: SocketName,
        /// The call.
        #[serde(flatten)]
        call: Call,
    },
    /// A call for the process.
    Process(ProcessCall),
}

impl EndpointCall {
    /// Returns the kind of the call.
    pub const fn kind(&self) -> CallKind {
        match self {
            EndpointCall::On { call, .. } => call.kind(),
            EndpointCall::Process(call) => call.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name in the protocol's requests is the one that is printed.
    #[test]
    fn a_kind_has_the_protocols_name() {
        let orders = [
            r#"{"socket": "client", "call": "so-error"}"#,
            r#"{"socket": "client", "call": "rst-close"}"#,
            r#"{"socket": "client", "call": "linger-close", "seconds": 1}"#,
            r#"{"socket": "client", "call": "get-option", "option": "SO_LINGER"}"#,
            r#"{"socket": "client", "call": "shutdown", "how": "read"}"#,
            r#"{"call": "interrupt", "target": 1}"#,
            r#"{"call": "sigpipe", "disposition": "ignore"}"#,
        ];
        for text in orders {
            let order: EndpointCall = serde_json::from_str(text).unwrap();
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(order.kind().name(), value["call"]);
            assert_eq!(serde_json::to_value(order.kind()).unwrap(), value["call"]);
        }
    }

    /// A descriptor comes of the calls that have a name for it, and of no others.
    #[test]
    fn the_table_agrees_with_what_the_arguments_say() {
        use crate::outcome::ValueKind;
        let socket = SocketName::new("client").unwrap();
        let calls = [
            r#"{"call": "socket", "family": "inet"}"#,
            r#"{"call": "accept", "as": "server"}"#,
            r#"{"call": "dup", "as": "copy"}"#,
            r#"{"call": "read", "n": 1}"#,
            r#"{"call": "close"}"#,
            r#"{"call": "linger-close", "seconds": 1}"#,
        ];
        for text in calls {
            let call: Call = serde_json::from_str(text).unwrap();
            let makes = call.makes(&socket).is_some();
            assert_eq!(makes, call.kind().spec().returns == ValueKind::Descriptor, "{text}");
        }
    }

    #[test]
    fn a_call_blocks_for_what_it_waits_for() {
        let blocks = |text: &str| serde_json::from_str::<Call>(text).unwrap().may_block();
        assert!(blocks(r#"{"call": "read", "n": 1}"#));
        assert!(blocks(r#"{"call": "linger-close", "seconds": 1}"#));
        assert!(blocks(r#"{"call": "poll", "events": ["in"], "timeout": 1}"#));
        assert!(!blocks(r#"{"call": "poll", "events": ["in"], "timeout": 0}"#));
        assert!(!blocks(r#"{"call": "close"}"#));
        assert!(!blocks(r#"{"call": "so-error"}"#));
    }

    #[test]
    fn no_name_stands_twice() {
        let names: std::collections::HashSet<&str> = CallKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), CallKind::ALL.len());
    }
}
