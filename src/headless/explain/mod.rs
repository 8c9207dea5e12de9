//! `finwait explain`: what an error message means, why the kernel says it, and the scenarios that show it.

use memchr::memchr;
use serde::Serialize;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;

use super::exit;
use crate::explain::counters::{CounterMeaning, counter_named};
use crate::explain::meaning::state_named;
use crate::explain::wording::{LONGEST, LineScanner, LogScanner, nearest, something_else};
use crate::json::Versioned;
use crate::state::State;
use answer::{Answer, GroupedLines, MeasuredAnswer, answer};
use capture::CaptureOptions;
use counters::CounterAnswer;
use finwait_capture::reader::format_of;
use overview::overview;
use paper::{Paper, print};
use progress::Progress;
use source::Source;
use states::StateAnswer;

mod answer;
pub mod capture;
mod counters;
mod overview;
mod paper;
mod progress;
pub mod source;
mod states;

/// Nothing in it is known, or there is nothing.
const UNKNOWN: u8 = 1;
/// The number of bytes of a log that are asked for at once.
const BUFFER: usize = 1 << 16;
/// Columns where standard output is no terminal.
const COLUMNS: usize = 100;

/// `finwait explain`; without words, the lines of standard input.
pub fn explain(words: &[String], of_capture: CaptureOptions, json: bool) -> ExitCode {
    let text = words.join(" ");
    // Only a state's name alone: in a message it is what stands beside an error.
    if let Some(state) = state_named(&text) {
        return explain_state(state, json);
    }
    if let Some(counter) = counter_named(text.trim()) {
        return explain_counter(counter, json);
    }
    let source = match Source::of(words) {
        Ok(source) => source,
        Err(why) => return fail(&why),
    };
    let (name, gathered) = match source {
        Source::Bytes(bytes) if format_of(&bytes.head).is_some() => return capture::explain(bytes, of_capture, json),
        _ if of_capture != CaptureOptions::default() => {
            return fail("--connection and --all are about a capture: a pcap or pcapng file, or tcpdump's text");
        }
        Source::Words => ("the text".into(), gather(text.as_bytes(), |_, _| {})),
        Source::Bytes(bytes) => {
            let mut progress = Progress::of(bytes.file.as_ref());
            let log = BufReader::with_capacity(BUFFER, bytes.from);
            (bytes.name, gather(log, |bytes, lines| progress.show(bytes, lines)))
        }
    };
    let (gathered, first) = match gathered {
        Ok(gathered) => gathered,
        Err(error) => return fail(&format!("{name}: {error}")),
    };
    let said = gathered.most_first();
    if said.is_empty() {
        return fail(&unknown(&gathered, first.as_deref()));
    }
    let answers: Vec<Answer> = said.into_iter().map(answer).collect();
    let mut out = io::stdout().lock();
    let printed = if json {
        let answers = answers.iter().map(MeasuredAnswer::of).collect();
        Versioned::new(Told { answers }).print(&mut out)
    } else {
        let paper = Paper {
            columns: columns(),
            lines: gathered.lines(),
        };
        let overview = if answers.len() > 1 {
            overview(&mut out, &answers, gathered.saying(), &paper)
        } else {
            Ok(())
        };
        overview.and_then(|()| print(&mut out, &answers, &paper))
    };
    ended(printed.and_then(|()| out.flush()))
}

/// The meaning of a state.
fn explain_state(state: State, json: bool) -> ExitCode {
    let answer = states::answer(state);
    let mut out = io::stdout().lock();
    let printed = if json {
        Versioned::new(ToldState { states: [&answer] }).print(&mut out)
    } else {
        let columns = columns();
        answer.print(&mut out, &Paper { columns, lines: 1 })
    };
    ended(printed.and_then(|()| out.flush()))
}

/// The meaning of a counter.
fn explain_counter(counter: &'static CounterMeaning, json: bool) -> ExitCode {
    let answer = counters::answer(counter);
    let mut out = io::stdout().lock();
    let printed = if json {
        Versioned::new(ToldCounter { counters: [&answer] }).print(&mut out)
    } else {
        let columns = columns();
        answer.print(&mut out, &Paper { columns, lines: 1 })
    };
    ended(printed.and_then(|()| out.flush()))
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

/// One sentence on standard error.
fn fail(why: &str) -> ExitCode {
    exit::fail(UNKNOWN, why)
}

/// The output of `finwait explain --json`: for each thing that the lines say an answer, the most frequent first.
#[derive(Serialize)]
struct Told<'a> {
    answers: Vec<MeasuredAnswer<'a>>,
}

/// The same for the name of a state.
#[derive(Serialize)]
struct ToldState<'a> {
    states: [&'a StateAnswer; 1],
}

/// The same for the name of a counter.
#[derive(Serialize)]
struct ToldCounter<'a> {
    counters: [&'a CounterAnswer; 1],
}

/// Gathers what the lines say, and how the first that is not empty begins; `progress` gets the number of bytes and lines so far.
fn gather(mut from: impl BufRead, mut progress: impl FnMut(u64, u64)) -> io::Result<(GroupedLines, Option<String>)> {
    let mut gathered = GroupedLines::default();
    let mut log = LogScanner::default();
    // What is all there is says more than a line among others.
    let mut only = LineScanner::alone();
    let mut first = First::default();
    let mut bytes = 0;
    let mut open = false;
    loop {
        let buffer = match from.fill_buf() {
            Ok([]) => break,
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut rest = buffer;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest);
            let part = &rest[..end.unwrap_or(rest.len())];
            log.push(part);
            if gathered.lines() == 0 {
                only.push(part);
            }
            first.push(part);
            open = end.is_none();
            if !open {
                gathered.add(log.end_line());
                first.end_line();
            }
            rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
        }
        let taken = buffer.len();
        from.consume(taken);
        bytes += taken as u64;
        progress(bytes, gathered.lines());
    }
    if open {
        gathered.add(log.end_line());
        first.end_line();
    }
    if gathered.lines() == 1 {
        gathered = GroupedLines::default();
        gathered.add(only.end());
    }
    Ok((gathered, first.text))
}

/// The beginning of the first line that is not empty.
#[derive(Default)]
struct First {
    line: Vec<u8>,
    text: Option<String>,
}

impl First {
    fn push(&mut self, bytes: &[u8]) {
        if self.text.is_none() {
            let room = LONGEST - self.line.len();
            self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    fn end_line(&mut self) {
        if self.text.is_none() {
            let text = String::from_utf8_lossy(&self.line);
            self.text = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            self.line.clear();
        }
    }
}

/// The reason why there is no answer, in one sentence.
fn unknown(gathered: &GroupedLines, first: Option<&str>) -> String {
    const SHOWN: usize = 60;
    let Some(first) = first else {
        return "there is nothing to explain: the text is empty".into();
    };
    if gathered.lines() > 1 {
        let lines = gathered.lines();
        return format!("none of the {lines} lines has a wording that finwait knows");
    }
    let shown: String = first.chars().take(SHOWN).collect();
    let dots = if shown.len() < first.len() { "..." } else { "" };
    let instead = match (something_else(first), nearest(first)) {
        (Some(what), _) => what.into(),
        (None, Some(near)) => format!("the nearest it knows is {near:?}"),
        (None, None) => "try an errno's name, number or text".into(),
    };
    format!("knows no wording in {shown:?}{dots}; {instead}")
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

    /// However long a line is, and whatever bytes are in it.
    #[test]
    fn a_log_is_read_line_by_line_with_bounded_memory() {
        let mut log = b"\xff\xfe\x1b[31mread: connection reset by peer\x00\r\n".to_vec();
        log.extend(vec![b'x'; 3 * LONGEST]);
        log.extend(b" write: broken pipe\n\nread: connection reset by peer");
        // A small buffer, so that lines come in pieces.
        let (gathered, first) = gather(BufReader::with_capacity(7, log.as_slice()), |_, _| {}).unwrap();
        assert_eq!(gathered.lines(), 4);
        let [reset, pipe] = gathered.most_first()[..] else {
            panic!("{gathered:?}")
        };
        assert_eq!((reset.lines, reset.first), (2, 1));
        assert_eq!((pipe.lines, pipe.first), (1, 2));
        assert!(first.unwrap().contains("reset"));
        assert_eq!(gather(b"".as_slice(), |_, _| {}).unwrap().0.lines(), 0);
    }

    #[test]
    fn nothing_that_a_terminal_would_act_on_is_printed() {
        let line = "write tcp 10.0.0.1:1->10.0.0.2:2: \u{1b}[2J\u{202e}\u{7}write: broken pipe";
        let (gathered, _) = gather(line.as_bytes(), |_, _| {}).unwrap();
        let answers: Vec<Answer> = gathered.most_first().into_iter().map(answer).collect();
        assert_eq!(answers.len(), 1);
        let mut out = Vec::new();
        let paper = Paper { columns: 60, lines: 1 };
        print(&mut out, &answers, &paper).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{text}");
        assert!(text.lines().all(|line| line.len() <= 60), "{text}");
        let (gathered, first) = gather("\u{1b}[2J\u{202e}no such thing".as_bytes(), |_, _| {}).unwrap();
        assert!(
            unknown(&gathered, first.as_deref())
                .chars()
                .all(|c| (' '..='~').contains(&c))
        );
    }
}
