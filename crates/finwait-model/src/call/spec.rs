//! The table of calls: what is to be known of each, whatever its arguments.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::{Call, CallClass, ProcessCall, StateEffect, WaitCondition};
use crate::outcome::ValueKind;

/// One row of the table of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallSpec {
    /// The name in the protocol, in commands, and in all that is printed.
    pub name: &'static str,
    /// The class of system calls that it is of; none for a call of the process.
    pub class: Option<CallClass>,
    /// The event that it waits for when it blocks.
    pub waits_for: WaitCondition,
    /// The change that it can make to a socket's state by itself.
    pub effect: StateEffect,
    /// The value of its success.
    pub returns: ValueKind,
}

impl CallSpec {
    /// Does it give back the descriptor that it is made on?
    pub const fn releases(&self) -> bool {
        matches!(self.class, Some(CallClass::Close))
    }
}

macro_rules! calls {
    ($($of:ident { $($call:ident $name:literal $class:expr, $waits_for:ident, $effect:ident, $returns:ident;)* })*) => {
        /// Which call it is, of those on a socket and those for the process.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum CallKind {
            $($(
                #[doc = concat!("[`", stringify!($of), "::", stringify!($call), "`]")]
                #[serde(rename = $name)]
                $call,
            )*)*
        }

        impl CallKind {
            /// All of them, in the table's order.
            pub const ALL: &[CallKind] = &[$($(CallKind::$call),*),*];

            /// The call's row in the table.
            pub const fn spec(self) -> &'static CallSpec {
                match self {
                    $($(CallKind::$call => const {
                        &CallSpec {
                            name: $name,
                            class: $class,
                            waits_for: WaitCondition::$waits_for,
                            effect: StateEffect::$effect,
                            returns: ValueKind::$returns,
                        }
                    },)*)*
                }
            }
        }

        $(impl $of {
            /// Which call it is.
            pub const fn kind(&self) -> CallKind {
                match self {
                    $($of::$call { .. } => CallKind::$call,)*
                }
            }
        })*
    };
}

use CallClass as C;

// call, name, class, what it waits for, what it can do to a state, what it returns
calls! {
    Call {
        Socket      "socket"       Some(C::Socket),     Nothing,         None,    Descriptor;
        Bind        "bind"         Some(C::Bind),       Nothing,         None,    Done;
        Listen      "listen"       Some(C::Listen),     Nothing,         Listens, Done;
        Accept      "accept"       Some(C::Accept),     Connection,      None,    Descriptor;
        Connect     "connect"      Some(C::Connect),    Handshake,       Opens,   Done;
        Read        "read"         Some(C::Read),       Bytes,           None,    Read;
        Write       "write"        Some(C::Write),      Room,            None,    Written;
        Shutdown    "shutdown"     Some(C::Shutdown),   Nothing,         Closes,  Done;
        Close       "close"        Some(C::Close),      Acknowledgement, Closes,  Done;
        RstClose    "rst-close"    Some(C::Close),      Nothing,         Aborts,  Done;
        LingerClose "linger-close" Some(C::Close),      Acknowledgement, Closes,  Done;
        Disconnect  "disconnect"   Some(C::Disconnect), Nothing,         Aborts,  Done;
        Dup         "dup"          Some(C::Dup),        Nothing,         None,    Descriptor;
        Poll        "poll"         Some(C::Poll),       Readiness,       None,    Ready;
        SoError     "so-error"     Some(C::SoError),    Nothing,         None,    PendingError;
        Options     "options"      Some(C::GetOption),  Nothing,         None,    Options;
        GetOption   "get-option"   Some(C::GetOption),  Nothing,         None,    Options;
        SetOption   "set-option"   Some(C::SetOption),  Nothing,         None,    Done;
    }
    ProcessCall {
        Interrupt   "interrupt"    None,                Nothing,         None,    Done;
        Sigpipe     "sigpipe"      None,                Nothing,         None,    Done;
    }
}

impl CallKind {
    /// The name in the protocol, and in all that is printed.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }
}

impl fmt::Display for CallKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
