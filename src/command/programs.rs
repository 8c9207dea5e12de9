//! Commands about programs of the user's own: the text of `run`, whose command line goes to the end of the text, and what `await` waits for.

use std::fmt;
use std::path::PathBuf;

use super::complaint::{ParseError, nearest, shown};
use super::spec::{EndVerb, Verb};
use super::table;
use super::token::{Token, Tokens};
use crate::call::{SocketName, escape};
use crate::clock::Millis;
use crate::host::Port;
use crate::lab::CommandLine;
use crate::program::ProgramSpec;
use crate::state::State;
use crate::typed;

/// The name of a program in a run: that of its command, `curl`, and of the second one `curl2`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProgramName(String);

impl ProgramName {
    /// A name of ASCII letters, digits, `-`, `_`, `.` and `+`; none for anything else.
    pub fn new(name: &str) -> Option<ProgramName> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        (begins && name.chars().all(fits) && name.len() <= LONGEST_NAME).then(|| ProgramName(name.to_owned()))
    }

    /// The name of the program that this command line starts: its first word's, behind variables that are set for it, without its folder.
    pub fn of_command(run: &str) -> ProgramName {
        let name = command_of(run).rsplit('/').next().unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
        let name: String = name.chars().filter(|c| fits(*c)).take(LONGEST_NAME - 4).collect();
        ProgramName::new(&name).unwrap_or_else(|| ProgramName("program".into()))
    }

    /// The name of the one after that many of the same name: `curl2` after one, and `python3-2` where the name ends with a digit.
    pub fn after(&self, others: usize) -> ProgramName {
        let name = &self.0;
        ProgramName(match others {
            0 => name.clone(),
            others if name.ends_with(|c: char| c.is_ascii_digit()) => format!("{name}-{}", others + 1),
            others => format!("{name}{}", others + 1),
        })
    }

    /// Returns it as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The most characters of a program's name.
const LONGEST_NAME: usize = 24;

impl fmt::Display for ProgramName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The word of a command line that names the command: the first one that sets no variable. Quotes are taken off its ends.
pub fn command_of(run: &str) -> &str {
    let sets = |word: &&str| {
        word.split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    };
    let word = run.split_whitespace().find(|word| !sets(word)).unwrap_or_default();
    word.trim_matches(['"', '\''])
}

/// A wait for something that a host or a program on it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwaitRequest {
    /// The event.
    pub what: AwaitedEvent,
    /// The longest that is waited for it.
    pub within: Option<Millis>,
}

/// The event that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwaitedEvent {
    /// A socket of the host is in that state.
    State {
        /// The state.
        state: State,
        /// The port, of either end.
        port: Option<Port>,
        /// The socket; any one where none is named.
        on: Option<SocketName>,
    },
    /// The end of a program; of the newest where none is named.
    Exit(Option<ProgramName>),
    /// A line with that text in it, upper and lower case being the same.
    Output {
        /// The text.
        text: String,
        /// The program that writes it; any of the host's where none is named.
        by: Option<ProgramName>,
    },
}

/// The words that `await` takes beside states.
pub const EXIT: &str = "exit";
const OUTPUT: &str = "output";

impl AwaitRequest {
    /// Returns every word that can follow `await`.
    pub fn words() -> impl Iterator<Item = &'static str> {
        State::ALL.into_iter().map(State::name).chain([EXIT, OUTPUT])
    }
}

impl fmt::Display for AwaitRequest {
    /// The arguments, each after a blank.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            AwaitedEvent::State { state, port, on } => {
                write!(f, " {state}")?;
                port.map_or(Ok(()), |port| write!(f, " port={port}"))?;
                on.as_ref().map_or(Ok(()), |on| write!(f, " on={on}"))?;
            }
            AwaitedEvent::Exit(program) => {
                write!(f, " {EXIT}")?;
                program.as_ref().map_or(Ok(()), |program| write!(f, " {program}"))?;
            }
            AwaitedEvent::Output { text, by } => {
                write!(f, " {OUTPUT} {}", quoted(text))?;
                by.as_ref().map_or(Ok(()), |by| write!(f, " program={by}"))?;
            }
        }
        self.within
            .map_or(Ok(()), |within| write!(f, " within={}", within.typed()))
    }
}

/// Reads what `await` waits for out of its arguments: the first two, those with a name, and the time.
pub(super) fn awaited(
    what: &Token,
    which: Option<&Token>,
    port: Option<(&Token, u16)>,
    on: Option<(&Token, SocketName)>,
    by: Option<(&Token, ProgramName)>,
    end_of_text: usize,
) -> Result<AwaitedEvent, ParseError> {
    let word = what.text();
    let only = |token: Option<&Token>, for_what: &str| match token {
        Some(token) => Err(ParseError {
            column: token.column,
            why: format!("{} is only for {for_what}", token.whole()),
            nearest: Vec::new(),
        }),
        None => Ok(()),
    };
    let of_states = || {
        only(
            port.as_ref().map(|(token, _)| *token),
            "await with a state, like await LISTEN port=8080",
        )?;
        only(
            on.as_ref().map(|(token, _)| *token),
            "await with a state, like await ESTABLISHED on=client2",
        )
    };
    match word.as_str() {
        EXIT => {
            of_states()?;
            only(
                by.as_ref().map(|(token, _)| *token),
                "await output; of exit the program follows: await exit curl",
            )?;
            Ok(AwaitedEvent::Exit(which.map(program_name).transpose()?))
        }
        OUTPUT => {
            of_states()?;
            let text = which.map(Token::text).filter(|text| !text.trim().is_empty());
            let Some(text) = text else {
                return Err(ParseError {
                    column: which.map_or(end_of_text, |token| token.column),
                    why: "the text is missing: await output \"ready\"".into(),
                    nearest: Vec::new(),
                });
            };
            let by = by.map(|(_, name)| name);
            Ok(AwaitedEvent::Output { text, by })
        }
        _ => {
            let upper = word.to_ascii_uppercase().replace('-', "_");
            let Some(state) = State::ALL.into_iter().find(|state| state.name() == upper) else {
                let valid: Vec<&str> = AwaitRequest::words().collect();
                return Err(ParseError {
                    column: what.column,
                    why: format!(
                        "await takes a state like LISTEN or ESTABLISHED, exit, or output, not {}",
                        shown(&word)
                    ),
                    nearest: nearest(&word, &valid),
                });
            };
            only(which, "exit and output: a state takes port= and on=")?;
            only(by.as_ref().map(|(token, _)| *token), "await output")?;
            let on = on.map(|(_, name)| name);
            if state == State::Close && on.is_none() {
                return Err(ParseError {
                    column: end_of_text,
                    why: "the socket is missing: await CLOSE on=client2".into(),
                    nearest: Vec::new(),
                });
            }
            let port = port.map(|(_, port)| Port(port));
            Ok(AwaitedEvent::State { state, port, on })
        }
    }
}

/// Reads a program's name.
pub(super) fn program_name(token: &Token) -> Result<ProgramName, ParseError> {
    let name =
        ProgramName::new(&token.text()).filter(|_| token.name.is_none() || token.name.as_deref() == Some(PROGRAM));
    name.ok_or_else(|| {
        token.wrong(format!(
            "a program's name is that of its command, like curl, and of the second curl2, not {}",
            token.whole()
        ))
    })
}

/// The argument that names a program.
pub(super) const PROGRAM: &str = "program";

/// The arguments that come before the command line of `run`.
const CWD: &str = "cwd";
const ENV: &str = "env";
const FILE: &str = "file";
const STDIN: &str = "stdin";
const TERMINAL: &str = "terminal";
const ARGUMENTS: [&str; 5] = [CWD, ENV, FILE, STDIN, TERMINAL];
/// The word after which the command line begins.
const BEGINS: &str = "--";

/// Reads what `run` starts, from the text behind its word on: arguments with a name, then the command line, as it stands there.
pub(super) fn spec(text: &str, words: Tokens<'_>) -> Result<ProgramSpec, ParseError> {
    let mut words = words.with_single_quotes();
    let mut spec = ProgramSpec::default();
    loop {
        let begins = words.place();
        // What only a shell understands is not for us to read: a quote that we do not know begins the command line, but for one of our own arguments.
        let token = match words.next_token() {
            Err(error) if is_ours(text.chars().skip(begins)) => return Err(error),
            token => token.ok().flatten(),
        };
        let Some(Token { name: Some(name), .. }) = &token else {
            let is_mark = token
                .as_ref()
                .is_some_and(|token| token.whole() == BEGINS && !token.quoted);
            let from = if is_mark { words.place() } else { begins };
            spec.run = text.chars().skip(from).collect::<String>().trim().to_owned();
            break;
        };
        let Some(token) = &token else { break };
        match name.as_str() {
            CWD => spec.cwd = Some(PathBuf::from(token.text())),
            ENV => spec.env.push(pair(token, "env=NAME=VALUE")?),
            FILE => spec.files.push(pair(token, "file=NAME=CONTENTS")?),
            STDIN => spec.stdin = Some(token.text()),
            TERMINAL => {
                let yes = typed::switch(&token.text());
                spec.terminal =
                    yes.ok_or_else(|| token.wrong(format!("terminal is yes or no, not {}", shown(&token.text()))))?;
            }
            _ => {
                spec.run = text.chars().skip(begins).collect::<String>().trim().to_owned();
                break;
            }
        }
    }
    if spec.run.is_empty() {
        return Err(ParseError {
            column: text.chars().count() + 1,
            why: "the command line is missing, like run curl -sS http://server:8080/".into(),
            nearest: Vec::new(),
        });
    }
    if let Some(at) = spec.run.chars().position(char::is_control) {
        return Err(ParseError {
            column: text.chars().count() - spec.run.chars().count() + at + 1,
            why: "a command line is one line without control characters".into(),
            nearest: Vec::new(),
        });
    }
    if let Err(why) = CommandLine::parse(&spec.run).and_then(|_| spec.check()) {
        return Err(ParseError {
            column: text.chars().count() - spec.run.chars().count() + 1,
            why,
            nearest: Vec::new(),
        });
    }
    Ok(spec)
}

/// Does the text begin as an argument that comes before the command line does?
fn is_ours(text: impl Iterator<Item = char>) -> bool {
    let name: String = text
        .skip_while(|c| c.is_whitespace())
        .take_while(|c| *c != '=')
        .collect();
    ARGUMENTS.contains(&name.as_str())
}

/// Reads `NAME=VALUE`.
fn pair(token: &Token, like: &str) -> Result<(String, String), ParseError> {
    let text = token.text();
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| token.wrong(format!("{} is not like {like}", token.whole())))
}

/// Writes what `run` starts as it would be typed, behind a blank.
pub(super) fn write_spec(f: &mut fmt::Formatter<'_>, spec: &ProgramSpec) -> fmt::Result {
    if let Some(cwd) = &spec.cwd {
        write!(f, " {CWD}={}", word(&cwd.to_string_lossy()))?;
    }
    for (name, value) in &spec.env {
        write!(f, " {ENV}={}", word(&format!("{name}={value}")))?;
    }
    for (name, contents) in &spec.files {
        write!(f, " {FILE}={}", word(&format!("{name}={contents}")))?;
    }
    if let Some(text) = &spec.stdin {
        write!(f, " {STDIN}={}", quoted(text))?;
    }
    if spec.terminal {
        write!(f, " {TERMINAL}=yes")?;
    }
    // A command line may begin as one of these arguments does.
    let first = Tokens::of(&spec.run).with_single_quotes().next_token().ok().flatten();
    let is_ours = first.is_some_and(|first| match &first.name {
        Some(name) => ARGUMENTS.contains(&name.as_str()),
        None => first.whole() == BEGINS,
    });
    let mark = if is_ours { " --" } else { "" };
    write!(f, "{mark} {}", spec.run)
}

/// Returns a value as one word, in quotes where it must have them.
fn word(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        value.to_owned()
    } else {
        quoted(value)
    }
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", escape(value.as_bytes()))
}

/// Is that word of a command the one whose arguments go to the end of the text as they stand?
pub(super) fn takes_the_rest(word: &Token) -> bool {
    word.name.is_none() && word.text() == table::row(Verb::End(EndVerb::Run)).name
}
