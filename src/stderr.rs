//! Standard error: what is wrong, and one line of progress on a terminal, which is gone before anything else is printed.
//!
//! The line is written with the cursor below it. So whatever ends the program, Ctrl-C too, leaves the terminal as a program that prints
//! lines does; no signal is caught and no thread runs for it: a lab begins in a process with a single thread.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

use crate::text::{excerpt, harmless, width};

/// Does a line stand on the terminal?
static LINE: Mutex<bool> = Mutex::new(false);

/// Takes the line off the terminal, where there is one: what is printed next stands in its place.
pub fn hide() {
    if let Ok(mut line) = LINE.lock() {
        write(&mut line, None);
    }
}

/// Shows a line in place of the one before, where standard error is a terminal that can take it off again.
pub fn show(text: &str) {
    if let Ok(mut line) = LINE.lock() {
        write(&mut line, Some(text));
    }
}

fn write(line: &mut bool, text: Option<&str>) {
    let columns = columns();
    let mut bytes = String::new();
    // One row, also where a window that was made narrower has broken it: rather a rest of it stays than that a row above goes.
    if std::mem::take(line) {
        bytes.push_str("\x1b[1A\r\x1b[J");
    }
    if let Some(text) = text {
        let mut text = harmless(text);
        while width(&text) >= columns.max(2) {
            text.pop();
        }
        *line = true;
        bytes.push_str(&text);
        bytes.push('\n');
    }
    // A terminal that is gone is no reason not to go on.
    let _ = io::stderr().write_all(bytes.as_bytes());
}

/// Returns the width of the terminal that standard error is, in columns; 80 where it does not say.
pub fn columns() -> usize {
    width_of(io::stderr()).unwrap_or(80)
}

/// Returns the width of a terminal, in columns; none where it is none.
pub fn width_of(terminal: impl rustix::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// Returns whether a line is shown: standard error is a terminal that moves its cursor.
pub fn is_shown() -> bool {
    let moves = std::env::var("TERM").is_ok_and(|term| !term.is_empty() && term != "dumb");
    moves && io::stderr().is_terminal()
}

/// Says on standard error what is wrong: nothing that a terminal would act on, and no line longer than anyone would read, whatever it
/// quotes of what was typed or read. That nobody hears it changes nothing.
pub fn complain(text: &str) {
    const LONGEST: usize = 2000;
    hide();
    let lines: Vec<String> = text.lines().map(|line| excerpt(line, LONGEST)).collect();
    let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
}
