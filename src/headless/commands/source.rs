//! The source of commands, and whether each is understood.

use std::io::{self, BufRead};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use crate::command::{Command, parse};
use crate::headless::refused::{LONGEST_ECHO, RefusedCommand, RunStatus};
use crate::live::{Input, InputLine};
use crate::text::excerpt;

/// The source of commands.
pub(super) enum CommandSource {
    /// The command line.
    Given(std::vec::IntoIter<InputLine>),
    /// Standard input, whose thread reads a line whenever it is asked and answers with [`Input::Line`].
    Stdin(Sender<()>),
}

impl CommandSource {
    /// The commands of the command line.
    pub(super) fn given(texts: &[String]) -> CommandSource {
        let lines: Vec<InputLine> = given(texts).collect();
        CommandSource::Given(lines.into_iter())
    }

    /// A reader: one command a line; blank lines and those that begin with `#` are skipped.
    ///
    /// # Errors
    ///
    /// No thread could be started.
    pub(super) fn reader(mut from: impl BufRead + Send + 'static, inputs: Sender<Input>) -> io::Result<CommandSource> {
        let (ask, asked) = channel();
        thread::Builder::new().name("input".into()).spawn(move || {
            let mut count = 0;
            for () in asked {
                if inputs.send(Input::Line(next_line(&mut from, &mut count))).is_err() {
                    return;
                }
            }
        })?;
        Ok(CommandSource::Stdin(ask))
    }
}

fn next_line(from: &mut impl BufRead, count: &mut usize) -> io::Result<Option<InputLine>> {
    loop {
        let mut bytes = Vec::new();
        if from.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        *count += 1;
        let text = bytes.trim_ascii_end();
        let command = text.trim_ascii_start();
        if !command.is_empty() && !command.starts_with(b"#") {
            return Ok(Some(InputLine {
                bytes: text.to_vec(),
                place: format!("line {count}"),
            }));
        }
    }
}

/// The commands of a command line, each with its place.
fn given(texts: &[String]) -> impl Iterator<Item = InputLine> {
    texts.iter().enumerate().map(|(n, text)| InputLine {
        bytes: text.clone().into_bytes(),
        place: format!("command {}", n + 1),
    })
}

/// Reads the commands of a command line.
///
/// # Errors
///
/// [`RefusedCommand`]: the first command that is not understood.
pub(super) fn check(texts: &[String]) -> Result<(), RefusedCommand> {
    given(texts).zip(texts).try_for_each(|(line, text)| {
        let understood = understand(text).map(drop);
        understood.map_err(|why| RefusedCommand::new(RunStatus::NotUnderstood, &line, why))
    })
}

/// Parses a command: any but those of the screen.
pub(super) fn understand(text: &str) -> Result<Command, String> {
    match parse::parse(text, None) {
        Ok(command @ (Command::End(..) | Command::Wire(_))) => Ok(command),
        Ok(Command::Screen(_) | Command::Write(_)) => Err(format!(
            "column 1: {} is a command of the screen, and there is none here",
            excerpt(text.trim(), LONGEST_ECHO)
        )),
        Err(error) => Err(error.to_string()),
    }
}
