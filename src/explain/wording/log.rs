//! A log, line by line: what a line says may hang on those above it.

use super::{Found, said};

/// The lines that came so far, as far as they matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log {
    /// Are the next lines the rest of an error that was found?
    goes_on: bool,
}

impl Log {
    /// What the next line says. A bare number is no errno here; and what Node.js prints below an error, its `code` and its `syscall`,
    /// says nothing beside the error.
    pub fn line(&mut self, text: &str) -> Option<Found> {
        const PROPERTIES: [&str; 4] = ["code: '", "errno: ", "errorno: '", "syscall: '"];
        let inner = text.trim_start();
        let is_property = PROPERTIES.iter().any(|name| inner.starts_with(name));
        if self.goes_on && is_property {
            return None;
        }
        let found = said(text, false);
        let below = inner.len() < text.len() || text.starts_with("Emitted '");
        self.goes_on = found.is_some() || self.goes_on && below;
        found
    }
}
