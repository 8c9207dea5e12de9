//! `finwait code` through the real binary: the programs are built and run, and return what the scenario's run returned.

#[path = "../support/mod.rs"]
mod support;

mod expected;
mod packetdrill;
mod programs;
mod words;
