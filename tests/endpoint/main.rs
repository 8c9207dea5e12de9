//! The real `finwait endpoint` process, asked over its control socket, on 127.0.0.1.

mod behaviour;
mod driver;
mod protocol;
mod strace;
#[path = "../support/strace_log.rs"]
mod strace_log;
#[path = "../support/turns.rs"]
mod turns;
