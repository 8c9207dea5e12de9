//! The table of calls: the facts about each that do not depend on its arguments.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::{Call, CallClass, ProcessCall, StateEffect, WaitCondition};
use crate::outcome::ValueKind;

/// One row of the table of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallSpec {
    /// The name in the protocol, in commands, and in all that is printed.
    pub name: &'static str,
    /// The class of system calls; none for a call of the process.
    pub class: Option<CallClass>,
    /// The event that a blocked one waits for.
    pub waits_for: WaitCondition,
    /// The change to a socket's state that it can make by itself.
    pub effect: StateEffect,
    /// The value of its success.
    pub returns: ValueKind,
}

impl CallSpec {
    /// Returns whether it closes the descriptor that it is made on (`close(2)`).
    pub const fn releases(&self) -> bool {
        matches!(self.class, Some(CallClass::Close))
    }
}

macro_rules! calls {
    ($($of:ident { $($call:ident $name:literal $class:expr, $waits_for:ident, $effect:ident, $returns:ident;)* })*) => {
        /// The kind of a call, of those on a socket and those for the process.
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

            /// Returns its row in the table.
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
            /// Returns the kind of the call.
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
