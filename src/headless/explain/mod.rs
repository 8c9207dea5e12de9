//! `finwait explain`: what an error message means, why the kernel says it, and the scenarios that show it.

use std::io::{self, BufReader};
use std::process::ExitCode;

use super::output::TextOutput;
use crate::exit;
use crate::json::Versioned;
use crate::text::harmless;
use capture::CaptureOptions;
use finwait_capture::reader::format_of;
use gather::{Gathered, gather};
use progress::Progress;
use source::Source;
use told::ExplainOutput;

mod answer;
pub mod capture;
mod counters;
mod gather;
mod kernel;
mod listing;
mod overview;
mod paper;
mod progress;
mod rules;
mod situations;
pub mod source;
mod states;
mod told;

/// Nothing in it is known, or there is nothing.
const UNKNOWN: u8 = 1;
/// The number of bytes of a log that are asked for at once.
const BUFFER: usize = 1 << 16;
/// Columns where standard output is no terminal.
const COLUMNS: usize = 100;

/// `finwait explain`: words, or the lines or the capture of a file; without words, those of standard input.
pub fn explain(words: &[String], of_capture: CaptureOptions, json: bool, output: TextOutput) -> ExitCode {
    let output = output.unless(json);
    let source = match Source::of(words) {
        Ok(source) => source,
        Err(why) => return exit::fail(exit::BAD, &why),
    };
    let all = of_capture.all;
    let explained = match source {
        Source::Bytes(bytes) if format_of(&bytes.head).is_some() => {
            return capture::explain(bytes, of_capture, json, output);
        }
        _ if of_capture.connection.is_some() => {
            let why = "--connection is about a capture: a pcap or pcapng file, or tcpdump's text";
            return exit::fail(exit::BAD, why);
        }
        Source::Words => explain_text(&words.join(" "), json, columns(), all),
        Source::Bytes(bytes) if bytes.head.starts_with(ELF) => return fail(&binary(&bytes.name)),
        Source::Bytes(bytes) => {
            let is_binary = bytes.head.contains(&0) && !UTF16.iter().any(|mark| bytes.head.starts_with(mark));
            let mut progress = Progress::of(bytes.file.as_ref());
            let log = BufReader::with_capacity(BUFFER, bytes.from);
            match gather(log, |bytes, lines| progress.show(bytes, lines)) {
                Ok(gathered) => {
                    let explained = ExplainResult::of_lines(gathered, json, columns(), all);
                    ExplainResult {
                        unknown: explained
                            .unknown
                            .map(|why| if is_binary { binary(&bytes.name) } else { why }),
                        ..explained
                    }
                }
                Err(error) => return exit::fail(exit::BAD, &format!("{}: {error}", bytes.name)),
            }
        }
    };
    let printed = output.write(explained.printed.as_bytes());
    match (printed, explained.unknown) {
        (Ok(()), Some(why)) => fail(&why),
        (printed, _) => ended(printed),
    }
}

/// The first bytes of a program or a library.
const ELF: &[u8] = b"\x7fELF";
/// The marks at the beginning of a text of UTF-16, which has bytes that are 0.
const UTF16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

fn binary(name: &str) -> String {
    format!("{name} is binary, and neither a capture (pcap, pcapng) nor text")
}

/// The exit code, when all is printed as far as it could be.
fn ended(printed: io::Result<()>) -> ExitCode {
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&format!("write to standard output: {error}")),
    }
}

/// What `finwait explain` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExplainResult {
    /// The answer, for standard output.
    pub printed: String,
    /// The reason why there is no answer, in one sentence.
    pub unknown: Option<String>,
}

impl ExplainResult {
    fn of(told: &ExplainOutput, json: bool, columns: usize, all: bool) -> ExplainResult {
        let mut out = Vec::new();
        let printed = match json {
            true if told.is_silent() => Ok(()),
            true => Versioned::new(told).print(&mut out),
            false => told.print(&mut out, columns, all),
        };
        let text = String::from_utf8_lossy(&out);
        ExplainResult {
            // A process names itself.
            printed: if json { text.into_owned() } else { harmless(&text) },
            unknown: printed.err().map(|error| error.to_string()),
        }
    }

    fn of_lines(gathered: Gathered, json: bool, columns: usize, all: bool) -> ExplainResult {
        let Gathered { said, listed } = gathered;
        let told = ExplainOutput::of_lines(&said, listed);
        let explained = ExplainResult::of(&told, json, columns, all);
        ExplainResult {
            unknown: explained
                .unknown
                .or_else(|| told.is_empty().then(|| said.why_unknown())),
            ..explained
        }
    }
}

/// Explains a text: the name of a state, a counter or a situation, or lines, of which one may be all there is.
pub fn explained(text: &str, json: bool, columns: usize) -> ExplainResult {
    explain_text(text, json, columns, false)
}

/// The same; with `all`, each cause in full.
fn explain_text(text: &str, json: bool, columns: usize, all: bool) -> ExplainResult {
    if let Some(told) = ExplainOutput::of_name(text) {
        return ExplainResult::of(&told, json, columns, all);
    }
    match gather(text.as_bytes(), |_, _| {}) {
        Ok(gathered) => {
            let explained = ExplainResult::of_lines(gathered, json, columns, all);
            match explained
                .unknown
                .is_some()
                .then(|| ExplainOutput::of_similar_name(text))
                .flatten()
            {
                Some(told) => ExplainResult::of(&told, json, columns, all),
                None => explained,
            }
        }
        Err(error) => ExplainResult {
            unknown: Some(error.to_string()),
            ..ExplainResult::default()
        },
    }
}

/// One sentence on standard error.
fn fail(why: &str) -> ExitCode {
    exit::fail(UNKNOWN, why)
}

/// The terminal's width.
fn columns() -> usize {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col).max(40),
        _ => COLUMNS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The search for the nearest wording goes through all of them.
    #[test]
    fn the_reason_why_nothing_is_known_is_looked_for_where_nothing_is() {
        let looked_for = |text| {
            gather::reasons_looked_for_by(|| {
                explained(text, true, 60);
            })
        };
        assert_eq!(looked_for("read: connection reset by peer"), 0);
        assert_eq!(looked_for("CLOSE-WAIT 1 0 10.0.0.1:8080 10.0.0.9:41000"), 0);
        assert_eq!(looked_for("no such thing"), 1);
    }

    #[test]
    fn what_is_not_known_is_said_without_a_contradiction() {
        let unknown = |text| explained(text, false, 60).unknown.unwrap_or_default();
        let name = unknown("getaddrinfo ENOTFOUND db");
        assert!(
            name.contains("is no error of a socket; it is about resolving a name"),
            "{name}"
        );
        for text in ["errno 0", "errno=0", "Errno: 0"] {
            assert!(
                unknown(text).starts_with("errno 0 is no error"),
                "{text}: {}",
                unknown(text)
            );
        }
        assert!(unknown("errno 0123").contains("no wording that finwait knows"));
    }

    #[test]
    fn a_text_that_is_the_beginning_of_two_states_says_so() {
        let told = |text| explained(text, false, 100).printed;
        let says = "FIN_WAIT is no state by itself: it is FIN_WAIT1 or FIN_WAIT2";
        assert!(told("FIN_WAIT").starts_with(says), "{}", told("FIN_WAIT"));
        assert!(told("FIN_WAIT1").starts_with("FIN_WAIT1: a state"));
        assert!(told("CLOSE_W").starts_with("CLOSE_WAIT: a state"));
    }

    #[test]
    fn nothing_that_a_terminal_would_act_on_is_printed() {
        let line = "write tcp 10.0.0.1:1->10.0.0.2:2: \u{1b}[2J\u{202e}\u{7}write: broken pipe";
        let told = explained(line, false, 60);
        assert_eq!(told.unknown, None);
        let is_plain = |text: &str| text.chars().all(|c| c == '\n' || (' '..='~').contains(&c));
        assert!(is_plain(&told.printed), "{}", told.printed);
        assert!(told.printed.lines().all(|line| line.len() <= 60), "{}", told.printed);
        let row = "LISTEN 129 128 *:9000 *:* users:((\"app\u{1b}[2J\u{7}\u{202e}\",pid=7,fd=8))";
        let listed = explained(row, false, 200).printed;
        assert!(listed.contains("app\\u{1b}[2J") && is_plain(&listed), "{listed}");
        let unknown = explained("\u{1b}[2J\u{202e}no such thing", false, 60).unknown;
        assert!(unknown.is_some_and(|why| is_plain(&why)));
    }
}
