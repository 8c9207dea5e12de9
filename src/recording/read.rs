//! The reading of a recording: every line is understood, or is an error with its number and what would be right.

use serde::Deserialize;
use std::fmt;
use std::io::{self, BufRead};

use super::{Header, RecordingLine, RunEnd, SCHEMA};
use crate::scenario::report::StepReport;
use crate::text::excerpt;

/// A recorded run, or several: one after the other, each in a fresh lab.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The beginning of the first run.
    pub(super) first: Box<Header>,
    /// The lines that follow.
    pub(super) lines: Vec<RecordingLine>,
    /// The remark that the user should read: that it breaks off.
    note: Option<String>,
}

/// The reason why a file is no recording, or none that can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingError {
    /// The line, from 1 on.
    pub line: usize,
    /// One sentence.
    pub why: String,
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for RecordingError {}

/// The most characters of a parser's sentence that are repeated.
const LONGEST_WHY: usize = 300;
/// The first line's beginning.
const FIRST: &str = r#"{"recording":{"schema":1, ...}}"#;

impl Recording {
    /// Reads all of it. A last line that breaks off, as after a crash, is left out, and noted.
    ///
    /// # Errors
    /// The first line that is not understood.
    pub fn read(mut from: impl BufRead) -> Result<Recording, RecordingError> {
        let mut first = None;
        let mut lines = Vec::new();
        let mut broken = None;
        let mut bytes = Vec::new();
        for line in 1.. {
            bytes.clear();
            let at_fault = |why| RecordingError { line, why };
            let read = from.read_until(b'\n', &mut bytes);
            if read.map_err(|error: io::Error| at_fault(error.to_string()))? == 0 {
                break;
            }
            let text = bytes.trim_ascii_end();
            if text.is_empty() {
                continue;
            }
            if first.is_none() {
                first = Some(header(text).map_err(at_fault)?);
                continue;
            }
            match following(text) {
                Ok(item) => lines.push(item),
                // Only the last one has no end of its own.
                Err(_) if !bytes.ends_with(b"\n") => broken = Some(line),
                Err(why) => return Err(at_fault(why)),
            }
        }
        let Some(first) = first else {
            let why = format!("a recording begins with {FIRST}, and this is empty");
            return Err(RecordingError { line: 1, why });
        };
        let note = match (broken, lines.last()) {
            (Some(line), _) => Some(format!(
                "the recording breaks off in line {line}, which is left out: finwait was killed, or the disk was full"
            )),
            (None, Some(RecordingLine::End { .. })) => None,
            (None, _) => Some("the recording has no last line: finwait was still running, or was killed".into()),
        };
        Ok(Recording { first, lines, note })
    }

    /// Returns a recording that was not read from a file of its own.
    pub(super) fn made(header: Header, lines: Vec<RecordingLine>) -> Recording {
        Recording {
            first: Box::new(header),
            lines,
            note: None,
        }
    }

    /// Returns one of its runs, from 0 on, as a recording of its own; none where there is no such run.
    pub fn of_run(&self, run: usize) -> Option<Recording> {
        let header = self.headers().nth(run)?.clone();
        let mut runs = self.lines.split(|line| matches!(line, RecordingLine::Begin { .. }));
        Some(Recording {
            first: Box::new(header),
            lines: runs.nth(run)?.to_vec(),
            note: self.note.clone(),
        })
    }

    /// Returns a sentence that says that it breaks off; none when it is whole.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Returns the beginning of each run.
    pub fn headers(&self) -> impl Iterator<Item = &Header> {
        let more = self.lines.iter().filter_map(|line| match line {
            RecordingLine::Begin { recording } => Some(recording.as_ref()),
            RecordingLine::Input(_) | RecordingLine::Step { .. } | RecordingLine::End { .. } => None,
        });
        std::iter::once(self.first.as_ref()).chain(more)
    }
}

/// The first line, or one like it.
fn header(bytes: &[u8]) -> Result<Box<Header>, String> {
    #[derive(Deserialize)]
    struct Begin {
        recording: Header,
    }
    if key(bytes) != Some("recording") {
        return Err(format!("this is no recording of finwait's: one begins with {FIRST}"));
    }
    schema(bytes)?;
    let begin: Result<Begin, _> = serde_json::from_slice(bytes);
    begin
        .map(|begin| Box::new(begin.recording))
        .map_err(|error| sentence(&error))
}

/// A line after the first; the error is one sentence.
fn following(bytes: &[u8]) -> Result<RecordingLine, String> {
    #[derive(Deserialize)]
    struct End {
        end: RunEnd,
    }
    #[derive(Deserialize)]
    struct Step {
        step: Box<StepReport>,
    }
    match key(bytes) {
        Some("recording") => header(bytes).map(|recording| RecordingLine::Begin { recording }),
        Some("step") => {
            let step: Result<Step, _> = serde_json::from_slice(bytes);
            step.map(|Step { step }| RecordingLine::Step { step })
                .map_err(|error| sentence(&error))
        }
        Some("end") => {
            let end: Result<End, _> = serde_json::from_slice(bytes);
            end.map(|End { end }| RecordingLine::End { end })
                .map_err(|error| sentence(&error))
        }
        _ => serde_json::from_slice(bytes)
            .map(|input| RecordingLine::Input(Box::new(input)))
            .map_err(|error| sentence(&error)),
    }
}

/// The one key of a line's object; none where the line cannot be read so far.
fn key(bytes: &[u8]) -> Option<&str> {
    let inside = bytes.trim_ascii().strip_prefix(b"{")?.trim_ascii_start();
    let name = inside.strip_prefix(b"\"")?;
    let end = name.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&name[..end]).ok()
}

/// Refuses what a newer finwait wrote, before all else of the line is asked to be as this one knows it.
fn schema(bytes: &[u8]) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Begin {
        recording: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        schema: u64,
        finwait: Option<String>,
    }
    let Begin { recording } = serde_json::from_slice(bytes).map_err(|error| sentence(&error))?;
    if recording.schema == u64::from(SCHEMA) {
        return Ok(());
    }
    let by = recording
        .finwait
        .map_or_else(String::new, |version| format!(" of finwait {}", excerpt(&version, 40)));
    Err(format!(
        "this is a recording{by} with schema {}, and this finwait, {}, reads schema {SCHEMA}: open it with that finwait",
        recording.schema,
        env!("CARGO_PKG_VERSION")
    ))
}

/// A parser's error in one sentence, with its column.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let why = text.rsplit_once(" at line ").map_or(text.as_str(), |(why, _)| why);
    format!("column {}: {}", error.column(), excerpt(why, LONGEST_WHY))
}
