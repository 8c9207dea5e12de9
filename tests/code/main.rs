//! `finwait code` through the real binary: the programs are built and run, and return what the scenario's run returned.

#[path = "../support/mod.rs"]
mod support;

mod expected;
mod packetdrill;
mod programs;
mod words;

/// How many scenarios are played at the same time, by all tests. They sleep half of their time.
const AT_ONCE: usize = 6;
static TURNS: support::turns::Turns = support::turns::Turns::new(AT_ONCE);

/// Said past the harness, which keeps what a test that succeeds prints to itself.
fn skipped(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}
