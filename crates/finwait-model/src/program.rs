//! A program of the user's own that runs on a host: what is started, what it says, and how it ends.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// The number of a program in a run, from 1 on, at both ends together. A program that is started again is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProgramNo(pub u32);

impl fmt::Display for ProgramNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A program to run, and its surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramSpec {
    /// The command line, as it was typed. A word of it that only a shell understands (`|`, `>`, `$HOME`, `*`) has `sh` run it.
    pub run: String,
    /// Variables, beside or in place of those of finwait's own environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
    /// The working directory; finwait's own where none is given, the directory of `files` where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<PathBuf>,
    /// Files that stand in its working directory before it starts, and go with it: name and contents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<(String, String)>,
    /// Text that it reads as its standard input, whose end follows at once; none where it has nothing to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Whether it has a terminal as standard input, output and error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub terminal: bool,
}

/// The most bytes of [`ProgramSpec::stdin`]: what a pipe holds that nobody reads yet.
pub const LONGEST_STDIN: usize = 64 << 10;

impl ProgramSpec {
    /// Says whether the program can have that text as its input, and its files where it begins.
    ///
    /// # Errors
    ///
    /// One sentence: see [`ProgramSpec::check_stdin`] and [`ProgramSpec::check_cwd`].
    pub fn check(&self) -> Result<(), String> {
        self.check_stdin()?;
        self.check_cwd()
    }

    /// Says whether the program has its files where it begins.
    ///
    /// # Errors
    ///
    /// One sentence: its working directory is given as an absolute path, and the files are in a directory of their own, whose name nobody knows.
    pub fn check_cwd(&self) -> Result<(), String> {
        match &self.cwd {
            Some(cwd) if cwd.is_absolute() && !self.files.is_empty() => Err(format!(
                "its files are in a directory of their own, and {} is another: without cwd it begins beside them, or in a directory there with a relative one",
                cwd.display()
            )),
            _ => Ok(()),
        }
    }

    /// Says whether the program can have that text as its input.
    ///
    /// # Errors
    ///
    /// One sentence: it is too long, or its input is a terminal.
    pub fn check_stdin(&self) -> Result<(), String> {
        match &self.stdin {
            Some(_) if self.terminal => {
                Err("stdin is for a program without a terminal: with terminal=yes its input is the terminal".into())
            }
            Some(text) if text.len() > LONGEST_STDIN => Err(format!(
                "stdin has at most {LONGEST_STDIN} bytes: of a file, any number is read with COMMAND < FILE"
            )),
            _ => Ok(()),
        }
    }
}

/// The stream that a line of a program came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputStream {
    /// Standard output, or its terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// The process that holds a socket, where that is none of finwait's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SocketOwner {
    /// The program that it belongs to; none of one that was started beside the lab, as from `finwait shell`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramNo>,
    /// The process number, as finwait's own host counts.
    pub pid: u32,
    /// The name of the process (`/proc/PID/comm`): `nginx`.
    pub name: String,
}

impl fmt::Display for SocketOwner {
    /// Prints it as it stands beside a socket: `curl 4711`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.pid)
    }
}
