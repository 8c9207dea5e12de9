//! The end of what runs without a screen: its exit statuses, one sentence where it failed, and what is printed.

use std::io::{self, Write};
use std::panic;
use std::process::ExitCode;

use crate::stderr::complain;

/// Something was not as expected, or failed on the way.
pub const DIFFERS: u8 = 1;
/// A name, a file or an argument is wrong.
pub const BAD: u8 = 2;
/// The exit status where it cannot be done here.
pub const CANNOT: u8 = 3;
/// A program that was to be run is not there.
pub const PROGRAM_MISSING: u8 = 4;
/// A program that was run did not become ready in time.
pub const NOT_READY: u8 = 5;
/// A program ended although the run was not over.
pub const DIED: u8 = 6;

/// The exit status after a panic, as Rust has it.
pub const PANICKED: i32 = 101;

/// An early end: the exit status, and one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitError(pub u8, pub String);

impl ExitError {
    /// Says so, and ends.
    pub fn end(self) -> ExitCode {
        fail(self.0, &self.1)
    }
}

/// One sentence on standard error, and the status.
pub fn fail(code: u8, why: &str) -> ExitCode {
    complain(&format!("finwait: {why}"));
    ExitCode::from(code)
}

/// Makes a panic, on whatever thread, end the program once it is said on standard error: no thread is to wait for one that is gone, and a
/// release, which does not unwind, ends as a debug build does.
pub fn end_at_a_panic() {
    let speak = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        speak(info);
        std::process::exit(PANICKED);
    }));
}

/// Prints on standard output; a reader that has seen enough is no failure.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> ExitCode {
    let mut out = io::stdout().lock();
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(DIFFERS, &format!("write to standard output: {error}")),
    }
}
