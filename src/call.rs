//! What can be asked of an endpoint: one vocabulary for buttons, prompt, transcript and the endpoint protocol.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;

use crate::clock::Millis;

/// A socket of an endpoint, by name: `listener`, `client`, `server`, then `client2`, ...
///
/// The name outlives the descriptor: a call on a closed socket is made on the number that it had.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SocketName(String);

impl TryFrom<String> for SocketName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<SocketName, &'static str> {
        SocketName::new(&name)
            .ok_or("a socket's name is a letter, then letters, digits, - and _, 24 in all at the most")
    }
}

impl SocketName {
    /// A name of ASCII letters, digits, `-` and `_`, at most 24 of them, the first a letter; `None` for anything else.
    pub fn new(name: &str) -> Option<SocketName> {
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        (starts && rest && name.len() <= 24).then(|| SocketName(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The number that joins a call, its beginning and its outcome; unique in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

/// The address family of a new socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// `AF_INET`
    Inet,
    /// `AF_INET6`
    Inet6,
}

impl Family {
    /// The family of an address.
    pub const fn of(address: &SocketAddr) -> Family {
        match address {
            SocketAddr::V4(_) => Family::Inet,
            SocketAddr::V6(_) => Family::Inet6,
        }
    }
}

/// Bytes on their way into or out of a socket; hexadecimal in the protocol, always escaped on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hex = String::with_capacity(self.0.len() * 2);
        for byte in &self.0 {
            hex.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            hex.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        }
        serializer.serialize_str(&hex)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let digits: Option<Vec<u32>> = hex.chars().map(|c| c.to_digit(16)).collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => Ok(Bytes(
                digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect(),
            )),
            _ => Err(serde::de::Error::custom(
                "bytes are an even number of hexadecimal digits",
            )),
        }
    }
}

/// What one read or write may ask for, bytes: 64 MiB.
pub const MOST_BYTES: usize = 64 << 20;

/// How many bytes of a string the transcript shows, `strace`'s default.
pub const SHOWN_BYTES: usize = 32;

impl Bytes {
    /// The bytes as `strace` shows them: quoted, escaped, cut after [`SHOWN_BYTES`]; `total` is the length that stands for.
    pub fn quoted(&self, total: usize) -> String {
        let shown = &self.0[..self.0.len().min(SHOWN_BYTES)];
        let more = if total > shown.len() { "..." } else { "" };
        format!("\"{}\"{more}", escape(shown))
    }
}

/// Bytes as C would write them in a string, so that none of them reaches a terminal raw.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for (i, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            0x0b => text.push_str("\\v"),
            0x0c => text.push_str("\\f"),
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(byte as char),
            // strace writes octal, and pads it only where an octal digit follows.
            _ if matches!(bytes.get(i + 1), Some(b'0'..=b'7')) => text.push_str(&format!("\\{byte:03o}")),
            _ => text.push_str(&format!("\\{byte:o}")),
        }
    }
    text
}

/// Flags of a read (`recv(2)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadFlag {
    /// `MSG_PEEK`: look, do not take.
    Peek,
    /// `MSG_WAITALL`: block until all n bytes are there.
    Waitall,
    /// `MSG_DONTWAIT`: `EAGAIN` rather than block.
    Dontwait,
    /// `MSG_OOB`: the urgent byte.
    Oob,
}

/// Flags of a write (`send(2)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WriteFlag {
    /// `MSG_NOSIGNAL`: no SIGPIPE, whatever its disposition.
    Nosignal,
    /// `MSG_OOB`: the last byte is urgent.
    Oob,
    /// `MSG_DONTWAIT`: `EAGAIN` rather than block.
    Dontwait,
}

/// Which direction `shutdown` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// `SHUT_RD`
    Read,
    /// `SHUT_WR`: sends FIN, the half-close.
    Write,
    /// `SHUT_RDWR`
    Both,
}

/// Events that `poll(2)` can be asked for or tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PollEvent {
    /// `POLLIN`
    In,
    /// `POLLOUT`
    Out,
    /// `POLLRDHUP`: the peer will send no more.
    Rdhup,
    /// `POLLHUP`: both directions have ended; told without being asked.
    Hup,
    /// `POLLERR`: an error waits; told without being asked.
    Err,
    /// `POLLNVAL`: not an open descriptor; told without being asked.
    Nval,
    /// `POLLPRI`: an urgent byte is there.
    Pri,
}

impl PollEvent {
    /// All of them, in the order in which they are shown.
    pub const ALL: [PollEvent; 7] = [
        PollEvent::In,
        PollEvent::Pri,
        PollEvent::Out,
        PollEvent::Rdhup,
        PollEvent::Err,
        PollEvent::Hup,
        PollEvent::Nval,
    ];

    /// The C name.
    pub const fn name(self) -> &'static str {
        match self {
            PollEvent::In => "POLLIN",
            PollEvent::Out => "POLLOUT",
            PollEvent::Rdhup => "POLLRDHUP",
            PollEvent::Hup => "POLLHUP",
            PollEvent::Err => "POLLERR",
            PollEvent::Nval => "POLLNVAL",
            PollEvent::Pri => "POLLPRI",
        }
    }
}

/// What a socket option's number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// 1 is on, 0 is off.
    Switch,
    /// A plain number; the text is its unit ("bytes", "s", "ms", "probes", "" for none).
    Number(&'static str),
    /// Seconds; -1 is off.
    Linger,
    /// A `timeval`, carried in milliseconds; 0 is no limit.
    Timeout,
}

macro_rules! options {
    ($($(#[$doc:meta])* $variant:ident $name:literal $kind:expr;)*) => {
        /// A socket option that can be read and set; `O_NONBLOCK` is a descriptor flag, and counts as one here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum SocketOption {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl SocketOption {
            /// All of them, in the order in which they are shown.
            pub const ALL: &'static [SocketOption] = &[$(SocketOption::$variant),*];

            /// The C name.
            pub const fn name(self) -> &'static str {
                match self { $(SocketOption::$variant => $name),* }
            }

            /// What its number means.
            pub const fn kind(self) -> OptionKind {
                match self { $(SocketOption::$variant => $kind),* }
            }
        }
    };
}

options! {
    /// What close does with unsent data.
    Linger "SO_LINGER" OptionKind::Linger;
    /// Bind over TIME_WAIT.
    Reuseaddr "SO_REUSEADDR" OptionKind::Switch;
    /// Several listeners on one port.
    Reuseport "SO_REUSEPORT" OptionKind::Switch;
    /// Nagle's algorithm off.
    Nodelay "TCP_NODELAY" OptionKind::Switch;
    /// Send full segments only.
    Cork "TCP_CORK" OptionKind::Switch;
    /// Probe an idle peer.
    Keepalive "SO_KEEPALIVE" OptionKind::Switch;
    /// Idle time before the first probe.
    Keepidle "TCP_KEEPIDLE" OptionKind::Number("s");
    /// Time between probes.
    Keepintvl "TCP_KEEPINTVL" OptionKind::Number("s");
    /// Probes before giving up.
    Keepcnt "TCP_KEEPCNT" OptionKind::Number("probes");
    /// How long sent data may stay unacknowledged.
    UserTimeout "TCP_USER_TIMEOUT" OptionKind::Number("ms");
    /// How often a SYN is retransmitted.
    Syncnt "TCP_SYNCNT" OptionKind::Number("");
    /// Accept only once data has come.
    DeferAccept "TCP_DEFER_ACCEPT" OptionKind::Number("s");
    /// Receive buffer; the kernel doubles what is set.
    Rcvbuf "SO_RCVBUF" OptionKind::Number("bytes");
    /// Send buffer; the kernel doubles what is set.
    Sndbuf "SO_SNDBUF" OptionKind::Number("bytes");
    /// How long a read may block.
    Rcvtimeo "SO_RCVTIMEO" OptionKind::Timeout;
    /// How long a write or connect may block.
    Sndtimeo "SO_SNDTIMEO" OptionKind::Timeout;
    /// No call blocks: EAGAIN, EINPROGRESS.
    Nonblock "O_NONBLOCK" OptionKind::Switch;
    /// How long an orphan stays in FIN_WAIT2.
    Linger2 "TCP_LINGER2" OptionKind::Number("s");
}

impl SocketOption {
    /// A value of this option for people: `on`, `off`, `2 s`, `131072 bytes`.
    pub fn show(self, value: i64) -> String {
        match (self.kind(), value) {
            (OptionKind::Switch, 0) => "off".into(),
            (OptionKind::Switch, _) => "on".into(),
            (OptionKind::Linger, n) if n < 0 => "off".into(),
            (OptionKind::Linger, n) => format!("on, {n} s"),
            (OptionKind::Timeout, 0) => "none".into(),
            (OptionKind::Timeout, n) => format!("{n} ms"),
            (OptionKind::Number(""), n) => n.to_string(),
            (OptionKind::Number(unit), n) => format!("{n} {unit}"),
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal;)*) => {
        /// Which call it is, of those on a socket and those for the process.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum CallKind {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl CallKind {
            /// Its name in the protocol, and in all that is printed.
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
        how: How,
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
    /// What the socket is ready for.
    Poll {
        /// What is asked for; HUP, ERR and NVAL come unasked.
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
        /// What the number means: [`SocketOption::kind`].
        value: i64,
    },
}

impl Call {
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

/// What happens to an endpoint that writes into a reset connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sigpipe {
    /// The write returns `EPIPE`.
    #[default]
    Ignore,
    /// The process dies.
    Default,
}

/// What is asked of the endpoint's process rather than of one of its sockets.
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
pub enum Order {
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

impl Order {
    /// Which call it is.
    pub const fn kind(&self) -> CallKind {
        match self {
            Order::On { call, .. } => call.kind(),
            Order::Process(call) => call.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_never_reach_the_screen_raw() {
        assert_eq!(escape(b"\x1b[2J\0a\x001\x019\xff\"\\"), r#"\33[2J\0a\0001\19\377\"\\"#);
    }

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
            let order: Order = serde_json::from_str(text).unwrap();
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(order.kind().name(), value["call"]);
            assert_eq!(serde_json::to_value(order.kind()).unwrap(), value["call"]);
        }
    }

    #[test]
    fn long_strings_are_cut_as_strace_cuts_them() {
        let bytes = Bytes(vec![b'x'; 40]);
        assert_eq!(bytes.quoted(40), format!("\"{}\"...", "x".repeat(32)));
        assert_eq!(Bytes(b"hi".to_vec()).quoted(2), "\"hi\"");
    }

    #[test]
    fn socket_names_are_plain_words() {
        assert!(SocketName::new("client2").is_some());
        for bad in ["", "2", "a b", "a\u{1b}", "ä", "a.b"] {
            assert!(SocketName::new(bad).is_none(), "{bad:?}");
            assert!(serde_json::from_value::<SocketName>(bad.into()).is_err(), "{bad:?}");
        }
    }
}
