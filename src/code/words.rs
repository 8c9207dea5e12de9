//! Comments in the programs of all languages, and how bytes and lines are written.

use std::fmt::Write;

use super::program::LateReturn;
use crate::outcome::{Outcome, Reading, Value};
use crate::scenario::Kernel;
use crate::side::Side;

/// Columns of a comment.
const WIDTH: usize = 110;

/// A comment with the outcome of a call in a step that the program is without.
pub fn comment_without(late: &LateReturn) -> String {
    let given = comment(&late.outcome);
    format!("{given}, in step {}, which is not in this program", late.came)
}

/// The outcome of a call, as a comment has it.
pub fn comment(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok(Value::Done | Value::Later) => "= 0".into(),
        Outcome::Ok(Value::Descriptor { fd, .. }) => format!("= {fd}"),
        Outcome::Ok(Value::Read { n: 0, .. }) => "= 0, the end of the stream".into(),
        Outcome::Ok(Value::Read { n, data }) => format!("= {n} {}", safe(&data.quoted(*n))),
        Outcome::Ok(Value::Written { n }) => format!("= {n}"),
        Outcome::Ok(Value::Ready { events }) if events.is_empty() => "= 0, not ready".into(),
        Outcome::Ok(Value::Ready { events }) => {
            let names: Vec<_> = events.iter().map(|event| event.name()).collect();
            format!("= {}", names.join("|"))
        }
        Outcome::Ok(Value::PendingError { error: None }) => "= 0, no error".into(),
        Outcome::Ok(Value::PendingError { error: Some(errno) }) => format!("= {errno}"),
        Outcome::Ok(Value::Options { readings }) => match readings.as_slice() {
            [reading] => match reading.value {
                Reading::Value(value) => format!("= {value}"),
                Reading::Errno(errno) => format!("= -1 {errno}"),
            },
            _ => "= 0".into(),
        },
        Outcome::Err(errno) => format!("= -1 {errno}"),
        Outcome::DeadlineExceeded { .. } => "the deadline passed".into(),
        Outcome::Library(name) => format!("= -1 {}", safe(name)),
        Outcome::Unsupported(why) => format!("not made: {}", safe(why)),
    }
}

/// Text that cannot end a comment.
pub fn safe(text: &str) -> String {
    text.replace("*/", "* /").replace(['\n', '\r'], " ")
}

/// Prose in lines of at most [`WIDTH`] columns, each after `prefix`; a blank line for none.
pub fn wrapped(text: &str, prefix: &str) -> String {
    let mut out = String::new();
    for paragraph in text.lines().chain(text.is_empty().then_some("")) {
        let mut line = String::new();
        let indent: String = paragraph.chars().take_while(|c| *c == ' ').collect();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && prefix.len() + line.chars().count() + 1 + word.chars().count() > WIDTH {
                let _ = writeln!(out, "{prefix}{line}");
                line.clear();
            }
            line.push_str(if line.is_empty() { &indent } else { " " });
            line.push_str(word);
        }
        let _ = writeln!(out, "{}", format!("{prefix}{line}").trim_end());
    }
    out
}

/// Returns flags or events as C and Rust join them; 0 for none.
pub fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        "0".into()
    } else {
        names.join(" | ")
    }
}

/// Bytes in a string of Go's or Python's, without its quotes.
pub fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text
}

/// The running kernel, as a sentence goes on: ` on Linux 6.18`; nothing where it is not known.
pub fn running_on() -> String {
    Kernel::running().map_or_else(String::new, |kernel| format!(" on Linux {kernel}"))
}

/// A comment beside a limit of descriptors.
pub fn whose_limit(side: Side) -> String {
    format!("the {side}'s; here both ends are one process, and share it")
}
