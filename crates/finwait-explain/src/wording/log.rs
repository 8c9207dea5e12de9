//! A log, line by line: what a line says may hang on those above it.

use super::line::LineScanner;
use super::{LineMeaning, WordingMatch};

/// The lines that came so far, as far as they matter.
#[derive(Clone, Debug, Default)]
pub struct LogScanner {
    /// The one that comes in.
    line: LineScanner,
    /// Are the next lines the rest of an error that was found?
    goes_on: bool,
}

impl LogScanner {
    /// Takes in the next bytes of a line.
    pub fn push(&mut self, bytes: &[u8]) {
        self.line.push(bytes);
    }

    /// The line is over: what it is about. A bare number is no errno here; and what Node.js prints below an error, its `code` and its
    /// `syscall`, says nothing beside the error.
    pub fn end_line(&mut self) -> Option<LineMeaning> {
        const PROPERTIES: [&str; 4] = ["code: '", "errno: ", "errorno: '", "syscall: '"];
        let mut below = false;
        if self.goes_on {
            let text = String::from_utf8_lossy(self.line.beginning());
            let inner = text.trim_start();
            if PROPERTIES.iter().any(|name| inner.starts_with(name)) {
                self.line.pass_over();
                return None;
            }
            below = inner.len() < text.len() || text.starts_with("Emitted '");
        }
        let found = self.line.end();
        self.goes_on = found.is_some() || below;
        found
    }

    /// Recognizes the message of the next line.
    pub fn line(&mut self, text: &str) -> Option<WordingMatch> {
        self.push(text.as_bytes());
        self.end_line().and_then(LineMeaning::message)
    }
}
