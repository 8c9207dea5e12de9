//! asciicast v3, the format of asciinema: what a terminal was written, with the times of it.
//!
//! A line of JSON each: first the header, then events `[interval, code, data]`, the interval in seconds since the event before. `o` is output,
//! `r` another size, `m` a marker.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

/// The longest pause that a player keeps, in seconds: what a person waited for is shorter than it was.
const LONGEST_PAUSE: f64 = 3.0;

/// What stands in the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastHeader {
    /// The columns and rows of the terminal.
    pub size: (u16, u16),
    /// The kind of terminal (`TERM`), where there is one.
    pub term: Option<String>,
    /// When it began, in seconds since 1970; none where that is not known.
    pub timestamp: Option<u64>,
    /// The title.
    pub title: String,
}

#[derive(Serialize)]
struct TermLine<'a> {
    cols: u16,
    rows: u16,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
}

#[derive(Serialize)]
struct HeaderLine<'a> {
    version: u8,
    term: TermLine<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<u64>,
    idle_time_limit: f64,
    title: &'a str,
}

/// A cast that is being written. Times count from its beginning, and never go back.
#[derive(Debug)]
pub struct Cast<W> {
    out: W,
    /// The time of the last event, in milliseconds, as the file has it.
    last: u128,
    /// The beginning of a character whose end has not been written yet.
    begun: Vec<u8>,
}

impl<W: Write> Cast<W> {
    /// Begins a cast.
    ///
    /// # Errors
    /// The header cannot be written.
    pub fn begin(mut out: W, header: &CastHeader) -> io::Result<Cast<W>> {
        let (cols, rows) = header.size;
        let line = HeaderLine {
            version: 3,
            term: TermLine {
                cols,
                rows,
                kind: header.term.as_deref(),
            },
            timestamp: header.timestamp,
            idle_time_limit: LONGEST_PAUSE,
            title: &header.title,
        };
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        out.write_all(&line)?;
        Ok(Cast {
            out,
            last: 0,
            begun: Vec::new(),
        })
    }

    fn event(&mut self, at: Duration, code: char, data: &str) -> io::Result<()> {
        let at = at.as_millis().max(self.last);
        let since = at - self.last;
        self.last = at;
        let mut line = String::with_capacity(data.len() + 24);
        let _ = write!(line, "[{}.{:03}, \"{code}\", ", since / 1000, since % 1000);
        line.push_str(&serde_json::to_string(data)?);
        line.push_str("]\n");
        self.out.write_all(line.as_bytes())
    }

    /// Adds what the terminal was written; a character that is not whole yet waits for its rest.
    ///
    /// # Errors
    /// The event cannot be written.
    pub fn output(&mut self, at: Duration, bytes: &[u8]) -> io::Result<()> {
        let mut whole = std::mem::take(&mut self.begun);
        whole.extend_from_slice(bytes);
        if let Err(error) = std::str::from_utf8(&whole)
            && error.error_len().is_none()
        {
            self.begun = whole.split_off(error.valid_up_to());
        }
        if whole.is_empty() {
            return Ok(());
        }
        self.event(at, 'o', &String::from_utf8_lossy(&whole))
    }

    /// Adds that the terminal has another size.
    ///
    /// # Errors
    /// The event cannot be written.
    pub fn resize(&mut self, at: Duration, (cols, rows): (u16, u16)) -> io::Result<()> {
        self.event(at, 'r', &format!("{cols}x{rows}"))
    }

    /// Adds a marker, where a player can stop.
    ///
    /// # Errors
    /// The event cannot be written.
    pub fn mark(&mut self, at: Duration, label: &str) -> io::Result<()> {
        self.event(at, 'm', label)
    }

    /// Returns what it was written to.
    pub fn into_inner(self) -> W {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_count_from_the_event_before_and_add_up() {
        let header = CastHeader {
            size: (80, 24),
            term: None,
            timestamp: Some(1),
            title: "a \"b\"".into(),
        };
        let mut cast = Cast::begin(Vec::new(), &header).unwrap();
        let at = |micros| Duration::from_micros(micros);
        cast.output(at(1_500), b"a\x1b[1m").unwrap();
        cast.mark(at(2_900), "client read").unwrap();
        cast.resize(at(2_950), (100, 30)).unwrap();
        // A clock that goes back, and a character in two halves.
        cast.output(at(100), b"\xe2\x94").unwrap();
        cast.output(at(1_003_100), b"\x80").unwrap();
        let text = String::from_utf8(cast.into_inner()).unwrap();
        assert_eq!(
            text,
            "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24},\"timestamp\":1,\"idle_time_limit\":3.0,\"title\":\"a \\\"b\\\"\"}\n\
             [0.001, \"o\", \"a\\u001b[1m\"]\n[0.001, \"m\", \"client read\"]\n[0.000, \"r\", \"100x30\"]\n[1.001, \"o\", \"\u{2500}\"]\n"
        );
    }
}
