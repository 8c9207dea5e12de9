//! `finwait do` through the real binary, in both labs: what TCP does, call by call.

#[path = "../support/mod.rs"]
#[macro_use]
mod support;

mod backlog;
mod close;
mod command_line;
mod connect;
mod databases;
mod host;
mod link;
mod many;
mod process;
mod programs;
mod reset;
mod runtime;
mod sockets;
mod why;
mod wire;
