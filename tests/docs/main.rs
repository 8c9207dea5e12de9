//! The documentation is true: its commands run, its links lead somewhere, its tables are the program's, and the book builds.

mod book;
mod clicks;
mod commands;
mod excerpts;
#[path = "../support/generated.rs"]
mod generated;
mod links;
mod markdown;
mod shell;
#[path = "../support/mod.rs"]
mod support;
mod tables;
#[allow(dead_code, reason = "a few of its keys are enough here")]
#[path = "../pty/terminal.rs"]
mod terminal;
