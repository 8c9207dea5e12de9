//! Calls and requests to an endpoint: one vocabulary for buttons, prompt, transcript and the endpoint protocol.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;

use crate::clock::Millis;

mod bytes;
mod name;
mod option;
mod words;

pub use bytes::{Bytes, MOST_BYTES, SHOWN_BYTES, escape};
pub use name::{ConnectionId, SocketId, SocketName, SocketRole};
pub use option::{OptionKind, SocketOption};
pub use words::{Family, PollEvent, ReadFlag, ShutdownHow, WriteFlag};

/// The number that joins a call, its beginning and its outcome; unique in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal;)*) => {
        /// Which call it is, of those on a socket and those for the process.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum CallKind {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl CallKind {
            /// The name in the protocol, and in all that is printed.
            pub const fn name(self) -> &'static str {
                match self { $(CallKind::$variant => $name),* }
            }
        }
    };
}

kinds! {
    /// [`Call::Socket`]
    Socket "socket";
    /// [`Call::Bind`]
    Bind "bind";
    /// [`Call::Listen`]
    Listen "listen";
    /// [`Call::Accept`]
    Accept "accept";
    /// [`Call::Connect`]
    Connect "connect";
    /// [`Call::Read`]
    Read "read";
    /// [`Call::Write`]
    Write "write";
    /// [`Call::Shutdown`]
    Shutdown "shutdown";
    /// [`Call::Close`]
    Close "close";
    /// [`Call::RstClose`]
    RstClose "rst-close";
    /// [`Call::LingerClose`]
    LingerClose "linger-close";
    /// [`Call::Disconnect`]
    Disconnect "disconnect";
    /// [`Call::Dup`]
    Dup "dup";
    /// [`Call::Poll`]
    Poll "poll";
    /// [`Call::SoError`]
    SoError "so-error";
    /// [`Call::Options`]
    Options "options";
    /// [`Call::GetOption`]
    GetOption "get-option";
    /// [`Call::SetOption`]
    SetOption "set-option";
    /// [`ProcessCall::Interrupt`]
    Interrupt "interrupt";
    /// [`ProcessCall::Sigpipe`]
    Sigpipe "sigpipe";
}

impl fmt::Display for CallKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

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
        /// How many bytes at the most.
        n: usize,
        /// With flags it is `recv`, without `read`.
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
        /// How often the bytes stand in the buffer; 1 when absent.
        #[serde(default = "once", skip_serializing_if = "is_once")]
        repeat: usize,
        /// With flags it is `send`, without `write`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        flags: Vec<WriteFlag>,
        /// Give up after so long, the socket staying as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Millis>,
    },
    /// Ends one or both directions.
    Shutdown {
        /// Which.
        how: ShutdownHow,
    },
    /// Gives the descriptor back.
    Close,
    /// Linger on with 0 seconds, then close: sends RST rather than FIN.
    RstClose,
    /// Linger on with so many seconds, then close: blocks until the data is acknowledged or the time is up.
    LingerClose {
        /// How long close may block, in seconds.
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
        /// How long to wait; 0 asks and returns.
        timeout: Millis,
    },
    /// Takes the pending error out of the socket (`SO_ERROR`).
    SoError,
    /// Reads every option.
    Options,
    /// Reads one option.
    GetOption {
        /// Which.
        option: SocketOption,
    },
    /// Sets one option.
    SetOption {
        /// Which.
        option: SocketOption,
        /// The option's number, whose meaning is [`SocketOption::kind`].
        value: i64,
    },
}

impl Call {
    /// Does it end by itself after a time, whatever others do?
    pub const fn has_deadline(&self) -> bool {
        matches!(
            self,
            Call::Connect { deadline: Some(_), .. }
                | Call::Read { deadline: Some(_), .. }
                | Call::Write { deadline: Some(_), .. }
        )
    }

    /// Which call it is.
    pub const fn kind(&self) -> CallKind {
        match self {
            Call::Socket { .. } => CallKind::Socket,
            Call::Bind { .. } => CallKind::Bind,
            Call::Listen { .. } => CallKind::Listen,
            Call::Accept { .. } => CallKind::Accept,
            Call::Connect { .. } => CallKind::Connect,
            Call::Read { .. } => CallKind::Read,
            Call::Write { .. } => CallKind::Write,
            Call::Shutdown { .. } => CallKind::Shutdown,
            Call::Close => CallKind::Close,
            Call::RstClose => CallKind::RstClose,
            Call::LingerClose { .. } => CallKind::LingerClose,
            Call::Disconnect => CallKind::Disconnect,
            Call::Dup { .. } => CallKind::Dup,
            Call::Poll { .. } => CallKind::Poll,
            Call::SoError => CallKind::SoError,
            Call::Options => CallKind::Options,
            Call::GetOption { .. } => CallKind::GetOption,
            Call::SetOption { .. } => CallKind::SetOption,
        }
    }

    /// Does it give the descriptor back?
    pub const fn is_close(&self) -> bool {
        matches!(self, Call::Close | Call::RstClose | Call::LingerClose { .. })
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

impl ProcessCall {
    /// Which call it is.
    pub const fn kind(&self) -> CallKind {
        match self {
            ProcessCall::Interrupt { .. } => CallKind::Interrupt,
            ProcessCall::Sigpipe { .. } => CallKind::Sigpipe,
        }
    }
}

impl EndpointCall {
    /// Which call it is.
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

    /// What stands in the protocol's requests and what is printed is one name.
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
}
