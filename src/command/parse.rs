//! From text to a [`Command`], or one sentence about what is wrong, where, and what would be right.

use super::arguments::ParsedArguments;
use super::complaint::nearest;
use super::spec::{Spec, Verb};
use super::table;
use super::token::{Tokens, tokens};
use super::{Command, EndCommand, programs};
use crate::side::Side;

pub use super::complaint::ParseError;

/// The word before the wire's commands.
pub const WIRE: &str = "wire";

/// Reads a command. `side` is the end that is meant when the text names none; without it an end must be named.
///
/// # Errors
///
/// [`ParseError`]: the text is no command; where it is wrong, and what would be right.
pub fn parse(text: &str, side: Option<Side>) -> Result<Command, ParseError> {
    if let Some(run) = run(text, side) {
        return run;
    }
    let tokens = tokens(text)?;
    let mut rest = tokens.as_slice();
    let end_of_text = text.chars().count() + 1;
    let mut end = side;
    let mut named_side = false;
    let mut named_wire = false;
    if let Some((first, after)) = rest.split_first()
        && first.name.is_none()
    {
        if let Some(named) = Side::BOTH.into_iter().find(|side| side.name() == first.text()) {
            (end, rest, named_side) = (Some(named), after, true);
        } else if first.text() == WIRE {
            (rest, named_wire) = (after, true);
        }
    }
    let Some((verb, args)) = rest.split_first() else {
        return Err(ParseError {
            column: end_of_text,
            why: if named_side {
                "a command is missing, like listen, connect, read or close".into()
            } else if named_wire {
                "a command is missing, like step, deliver, drop or hold".into()
            } else {
                "a command is missing, like client connect or server listen".into()
            },
            nearest: Vec::new(),
        });
    };
    let fits = |spec: &Spec| match spec.verb {
        Verb::Screen(_) => !named_side && !named_wire,
        Verb::Wire(_) => !named_side,
        Verb::End(_) => !named_wire,
    };
    let spec = if verb.name.is_none() {
        table::named(&verb.text()).filter(|spec| !named_wire || fits(spec))
    } else {
        None
    };
    let Some(spec) = spec else {
        if named_side && verb.whole() == WIRE {
            return Err(verb.wrong("wire takes no end before it, as in wire drop".into()));
        }
        let mut valid: Vec<&str> = table::TABLE
            .iter()
            .filter(|spec| fits(spec))
            .map(|spec| spec.name)
            .collect();
        if !named_side && !named_wire {
            valid.extend(Side::BOTH.map(Side::name));
            valid.push(WIRE);
        }
        let near = nearest(&verb.text(), &valid);
        return Err(ParseError {
            column: verb.column,
            why: if named_wire {
                format!("\"{}\" is not a command of the wire", verb.whole())
            } else if near.is_empty() && !named_side {
                format!(
                    "\"{}\" is not a command; one is client connect, server listen or wire step",
                    verb.whole()
                )
            } else if near.is_empty() {
                format!(
                    "\"{}\" is not a command; one is listen, connect, read or close",
                    verb.whole()
                )
            } else {
                format!("\"{}\" is not a command", verb.whole())
            },
            nearest: near,
        });
    };
    let given = ParsedArguments::collect(spec, args, end_of_text)?;
    match spec.verb {
        Verb::Screen(command) if !named_side => given.build_screen(command),
        Verb::Screen(_) => Err(verb.wrong(format!(
            "{} is a command of the screen, and takes no end before it",
            spec.name
        ))),
        Verb::Wire(_) if named_side || (!named_wire && side.is_none()) => {
            Err(verb.wrong(format!("{} is a command of the wire: wire {0}", spec.name)))
        }
        Verb::Wire(does) => Ok(Command::Wire(given.build_wire(does)?)),
        Verb::End(does) => match end {
            Some(end) => Ok(Command::End(end, given.build(does)?)),
            None => Err(ParseError {
                column: verb.column,
                why: format!("{} needs an end before it: client {0} or server {0}", spec.name),
                nearest: Vec::new(),
            }),
        },
    }
}

/// Reads a command that starts a program, whose command line is the rest of the text and need not be words of ours; none for any other.
fn run(text: &str, side: Option<Side>) -> Option<Result<Command, ParseError>> {
    let mut words = Tokens::of(text);
    let mut verb = words.next_token().ok()??;
    let named = Side::BOTH
        .into_iter()
        .find(|side| verb.name.is_none() && side.name() == verb.text());
    if named.is_some() {
        verb = words.next_token().ok()??;
    }
    if !programs::takes_the_rest(&verb) {
        return None;
    }
    // Without an end it is wrong like any other.
    let side = named.or(side)?;
    let spec = programs::spec(text, words);
    Some(spec.map(|spec| Command::End(side, EndCommand::Run(Box::new(spec)))))
}

impl Spec {
    /// Returns whether it is about the screen rather than an end.
    pub const fn is_screen(&self) -> bool {
        matches!(self.verb, Verb::Screen(_))
    }
}

#[cfg(test)]
mod tests;
