//! A scenario that was run, as a program that makes the same calls.
//!
//! [`Program`] is gathered from a session, step by step (`gather`); `c`, `python`, `go`, `rust` and `packetdrill` only find the words.

use crate::side::Side;

mod c;
mod gather;
mod go;
mod helpers;
mod packetdrill;
mod program;
mod python;
mod rust;
mod words;

pub use program::{CallRecord, CallResult, LateReturn, Program, ProgramPort, Statement, Sysctl};

/// Languages that a program can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// C11 and POSIX sockets
    C,
    /// Python 3 and its socket module
    Python,
    /// Go and its net package
    Go,
    /// Rust and its std::net
    Rust,
    /// A packetdrill script for one end
    Packetdrill,
}

/// The program's text. Of packetdrill the calls of `end`, and the segments as they come to it.
pub fn write(program: &Program, language: Language, end: Side) -> String {
    match language {
        Language::C => c::write(program),
        Language::Python => python::write(program),
        Language::Go => go::write(program),
        Language::Rust => rust::write(program),
        Language::Packetdrill => packetdrill::write(program, end),
    }
}

/// Returns whether there is anything for a packetdrill script: anything that this end did, or that came to it.
pub fn is_seen_by(program: &Program, end: Side) -> bool {
    packetdrill::has_events(program, end)
}
