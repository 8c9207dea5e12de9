//! The output of `--json`. The object, or the first line, names the version of its schema; keys may be added within a version, and none
//! is renamed or taken away.

use serde::Serialize;
use std::io::{self, Write};

/// The version of the schema.
pub const SCHEMA: u32 = 1;

/// An object, with the version of the schema as its first key.
#[derive(Clone, Debug, Serialize)]
pub struct Versioned<T> {
    schema: u32,
    #[serde(flatten)]
    value: T,
}

impl<T: Serialize> Versioned<T> {
    /// Returns `value`, a struct or a map, with the version of the schema.
    pub const fn new(value: T) -> Versioned<T> {
        Versioned { schema: SCHEMA, value }
    }

    /// Prints it on one line.
    ///
    /// # Errors
    ///
    /// The error of `out`.
    pub fn print(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, self)?;
        writeln!(out)
    }
}

/// An output of an object a line.
#[derive(Debug, Default)]
pub struct Lines {
    begun: bool,
}

impl Lines {
    /// Prints the next one.
    ///
    /// # Errors
    ///
    /// The error of `out`.
    pub fn print(&mut self, mut out: impl Write, value: &impl Serialize) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            return Versioned::new(value).print(out);
        }
        serde_json::to_writer(&mut out, value)?;
        writeln!(out)
    }
}
