//! Socket options: what their numbers mean, and how they are printed.

use serde::{Deserialize, Serialize};

/// The meaning of a socket option's number.
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

            /// The meaning of the number.
            pub const fn kind(self) -> OptionKind {
                match self { $(SocketOption::$variant => $kind),* }
            }
        }
    };
}

options! {
    /// Treatment of unsent data by close.
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
    /// Time that sent data may stay unacknowledged.
    UserTimeout "TCP_USER_TIMEOUT" OptionKind::Number("ms");
    /// Number of times that a SYN is retransmitted.
    Syncnt "TCP_SYNCNT" OptionKind::Number("");
    /// Accept only once data has come.
    DeferAccept "TCP_DEFER_ACCEPT" OptionKind::Number("s");
    /// Receive buffer; the kernel doubles what is set.
    Rcvbuf "SO_RCVBUF" OptionKind::Number("bytes");
    /// Send buffer; the kernel doubles what is set.
    Sndbuf "SO_SNDBUF" OptionKind::Number("bytes");
    /// Time that a read may block.
    Rcvtimeo "SO_RCVTIMEO" OptionKind::Timeout;
    /// Time that a write or connect may block.
    Sndtimeo "SO_SNDTIMEO" OptionKind::Timeout;
    /// No call blocks: EAGAIN, EINPROGRESS.
    Nonblock "O_NONBLOCK" OptionKind::Switch;
    /// Time that an orphan stays in FIN_WAIT2.
    Linger2 "TCP_LINGER2" OptionKind::Number("s");
}

impl SocketOption {
    /// The C name of the level that it lives on; `O_NONBLOCK` lives on none.
    pub fn level(self) -> &'static str {
        if self.name().starts_with("TCP_") {
            "IPPROTO_TCP"
        } else {
            "SOL_SOCKET"
        }
    }

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
            (OptionKind::Number("probes"), 1) => "1 probe".into(),
            (OptionKind::Number("bytes"), 1) => "1 byte".into(),
            (OptionKind::Number(unit), n) => format!("{n} {unit}"),
        }
    }
}
