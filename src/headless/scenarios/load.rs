//! A scenario by its name in the catalog, or from a file.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::exit::BAD;
use crate::headless::not_read;
use crate::mistake::Mistake;
use crate::scenario::catalog;
use crate::scenario::{Scenario, file};
use crate::stderr::complain;
use crate::text::excerpt;

/// The most characters of a name that are repeated.
pub(super) const LONGEST_NAME: usize = 200;

/// The leave for a file that is not finwait's own to start the programs that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowRun {
    /// Yes: `--allow-run`.
    Yes,
    /// No.
    No,
}

impl AllowRun {
    /// Returns what the switch says.
    pub const fn of_switch(given: bool) -> AllowRun {
        if given { AllowRun::Yes } else { AllowRun::No }
    }
}

/// The scenario of that name, or of that file.
///
/// # Errors
///
/// No scenario has that name, or its file has mistakes: what to print about it.
pub fn load(name: &str) -> Result<Scenario, String> {
    if is_path(name) {
        return read(name);
    }
    match catalog::find(name) {
        Some((path, text)) => file::read(path, text).map_err(|mistakes| all_of(&mistakes)),
        None => Err(format!("finwait: {}", unknown(name))),
    }
}

/// The same, to be run: a file that starts programs must be allowed to, as nobody would expect it of a scenario.
///
/// # Errors
///
/// The mistakes of [`load`], or the commands that are not allowed.
pub fn load_to_run(name: &str, allow: AllowRun) -> Result<Scenario, String> {
    let scenario = load(name)?;
    let is_ours = catalog::find(name).is_some();
    let commands = scenario.commands();
    if is_ours || allow == AllowRun::Yes || commands.is_empty() {
        return Ok(scenario);
    }
    let commands: Vec<String> = commands
        .iter()
        .map(|(side, run)| format!("on the {side}'s host {}", excerpt(run, LONGEST_NAME)))
        .collect();
    Err(format!(
        "finwait: {} starts programs, which --allow-run allows: {}",
        excerpt(name, LONGEST_NAME),
        commands.join("; ")
    ))
}

/// Returns whether it is a file's path, and no scenario's name.
pub(super) fn is_path(name: &str) -> bool {
    name.contains('/') || name.ends_with(file::SUFFIX)
}

/// Returns the text of a scenario's file.
pub(super) fn text_of(path: &str) -> Result<String, String> {
    let shown = excerpt(path, LONGEST_NAME);
    let text = std::fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if catalog::find(path).is_some() => format!(
            "finwait: there is no file {shown} here: that is a scenario of the catalog, which finwait show {shown} prints"
        ),
        _ => format!("finwait: {}", not_read(&shown, &error)),
    })?;
    String::from_utf8(text).map_err(|error| {
        let before = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{shown}:{line}:{column}: this is not UTF-8")
    })
}

/// Reads a scenario's file.
///
/// # Errors
///
/// It cannot be read, or has mistakes: what to print about it.
pub(super) fn read(path: &str) -> Result<Scenario, String> {
    let text = text_of(path)?;
    // The same path may be that of a scenario within the binary, which is not meant.
    let own = catalog::built_in(path).map(|_| format!("./{path}"));
    file::read(own.as_deref().unwrap_or(path), &text).map_err(|mistakes| all_of(&mistakes))
}

pub(in crate::headless) fn all_of(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

pub(super) fn unknown(name: &str) -> String {
    // No scenario's name ends like a file's.
    if name.ends_with(".jsonl") || Path::new(name).is_file() {
        return match Path::new(name).exists() {
            true => format!(
                "{0} is a file, and scenarios are names: a file is ./{0}",
                excerpt(name, LONGEST_NAME)
            ),
            false => format!("there is no file {}", excerpt(name, LONGEST_NAME)),
        };
    }
    let near = match catalog::nearest(name).as_slice() {
        [] => String::new(),
        [only] => format!("did you mean {only}? "),
        [most @ .., last] => format!("did you mean {} or {last}? ", most.join(", ")),
    };
    let name = excerpt(name, LONGEST_NAME);
    format!("there is no scenario \"{name}\"; {near}finwait list lists them, and a file has a / or ends with .toml")
}

pub(in crate::headless) fn mistaken(mistakes: &[Mistake]) -> ExitCode {
    complain(&all_of(mistakes));
    ExitCode::from(BAD)
}
