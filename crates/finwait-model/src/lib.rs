//! The vocabulary that everything of finwait shares: socket calls, what they return, the states of RFC 9293, and a host's settings.
#![deny(clippy::unwrap_used)]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![deny(unsafe_code)]

pub mod call;
pub mod clock;
pub mod errno;
pub mod hash;
pub mod host;
pub mod outcome;
pub mod program;
pub mod side;
pub mod signal;
pub mod socket_table;
pub mod state;
pub mod syscall;
pub mod text;
pub mod typed;
