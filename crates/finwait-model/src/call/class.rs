//! Classes of calls: the system calls that the rules are about.

use serde::Serialize;
use std::fmt;

use super::CallKind;

macro_rules! classes {
    ($($(#[$doc:meta])* $class:ident $name:literal;)*) => {
        /// A class of calls: what the rules are about. `close` stands for its variants, too.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum CallClass {
            $($(#[$doc])* $class,)*
        }

        impl CallClass {
            /// The name for people.
            pub const fn name(self) -> &'static str {
                match self { $(CallClass::$class => $name),* }
            }
        }
    };
}

classes! {
    /// `socket`
    Socket "socket";
    /// `bind`
    Bind "bind";
    /// `listen`
    Listen "listen";
    /// `accept`
    Accept "accept";
    /// `connect`
    Connect "connect";
    /// `read`, `recv` and their like
    Read "read";
    /// `write`, `send` and their like
    Write "write";
    /// `shutdown`
    Shutdown "shutdown";
    /// `close`, with SO_LINGER or without
    Close "close";
    /// `connect(AF_UNSPEC)`
    Disconnect "disconnect";
    /// `dup`
    Dup "dup";
    /// `poll`
    Poll "poll";
    /// `getsockopt(SO_ERROR)`: what it gives is the error that it takes out of the socket
    SoError "SO_ERROR";
    /// `getsockopt`
    GetOption "getsockopt";
    /// `setsockopt`, and `fcntl` for O_NONBLOCK
    SetOption "setsockopt";
}

impl CallClass {
    /// Calls that take a descriptor and fail where it is closed; poll says so with POLLNVAL instead.
    pub const ON_DESCRIPTOR: &'static [CallClass] = &[
        CallClass::Bind,
        CallClass::Listen,
        CallClass::Accept,
        CallClass::Connect,
        CallClass::Read,
        CallClass::Write,
        CallClass::Shutdown,
        CallClass::Close,
        CallClass::Disconnect,
        CallClass::Dup,
        CallClass::SoError,
        CallClass::GetOption,
        CallClass::SetOption,
    ];

    /// The class of a call; none for a call that is the process's.
    pub const fn of(kind: CallKind) -> Option<CallClass> {
        kind.spec().class
    }

    /// Is that call one of them?
    pub fn any_is(classes: &[CallClass], kind: CallKind) -> bool {
        CallClass::of(kind).is_some_and(|class| classes.contains(&class))
    }
}

impl fmt::Display for CallClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
