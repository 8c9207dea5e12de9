//! finwait holds live TCP sockets, a client's and a server's, in the real Linux kernel.
//!
//! The library exists for the program's tests and benches; see `ARCHITECTURE.md` for where things live.
#![deny(clippy::unwrap_used)]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![deny(unsafe_code)]

pub mod call;
pub mod cli;
pub mod clock;
pub mod code;
pub mod command;
pub mod doctor;
pub mod endpoint;
pub mod errno;
pub mod error;
pub mod explain;
pub mod hash;
pub mod headless;
pub mod host;
pub mod lab;
pub mod live;
pub mod matrix;
pub mod observe;
#[allow(unsafe_code)]
pub mod os;
pub mod outcome;
pub mod runtime;
pub mod scenario;
pub mod session;
pub mod side;
pub mod state;
pub mod text;
pub mod tui;
pub mod typed;
pub mod wire;
