//! finwait holds live TCP sockets, a client's and a server's, in the real Linux kernel.
//!
//! The library exists for the program's tests and benches; see `ARCHITECTURE.md` for where things live.
#![deny(clippy::unwrap_used)]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![deny(unsafe_code)]

pub mod battery;
pub mod cli;
pub mod code;
pub mod colour;
pub mod command;
pub mod completion;
pub mod config;
pub mod diagram;
pub mod doctor;
pub mod document;
pub mod exit;
pub mod export;
pub mod headless;
pub mod json;
pub mod live;
pub mod matrix;
pub mod measured;
pub mod mistake;
pub mod paint;
pub mod progress;
pub mod recording;
pub mod roles;
pub mod run;
pub mod scenario;
pub mod screen;
pub mod session;
pub mod stderr;
pub mod text;
pub mod tui;
pub mod utc;

#[cfg(test)]
#[path = "../tests/support/folder.rs"]
#[allow(dead_code)] // it has more than the unit tests use
mod test_folder;

/// The name by which integration tests know this crate, for what they share with its unit tests.
#[cfg(test)]
extern crate self as finwait;

pub use finwait_explain as explain;
pub use finwait_lab as lab;
pub use finwait_lab::{endpoint, error, observe, os, runtime};
pub use finwait_model::{
    call, clock, counter, errno, hash, host, outcome, program, side, signal, socket_table, state, syscall, typed,
};
pub use finwait_wire as wire;
