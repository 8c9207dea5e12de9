//! A command's arguments, from words to values, by the table's row.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::complaint::{ParseError, nearest, shown};
use super::programs::{self, AwaitRequest, PROGRAM, program_name};
use super::spec::{Arg, ArgKind, EndVerb, Spec};
use super::table;
use super::token::Token;
use super::{Address, CallRequest, Command, EndCommand, FORCE, Pick, ScreenCommand, ThemeName, WriteCommand, Written};
use crate::call::{Bytes, Call, CallId, CallKind, OptionKind, PollEvent, SocketName, SocketOption};
use crate::clock::Millis;
use crate::host::{Port, Setting};
use crate::runtime::Runtime;
use crate::signal::Signal;
use crate::typed;

/// The word that stands for a value in commands: its name in the protocol.
pub fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The value that a word stands for.
fn from_word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// An option's value as it would be typed.
pub fn option_value(option: SocketOption, value: i64) -> String {
    match (option.kind(), value) {
        (OptionKind::Switch, 0) => "off".into(),
        (OptionKind::Switch, _) => "on".into(),
        (OptionKind::Linger, n) if n < 0 => "off".into(),
        (_, n) => n.to_string(),
    }
}

/// The arguments of a command, sorted by the table's row.
pub struct ParsedArguments {
    spec: &'static Spec,
    plain: Vec<Token>,
    named: Vec<(&'static str, Token)>,
    flags: Vec<Token>,
    end_of_text: usize,
}

impl ParsedArguments {
    /// Sorts the words after the verb; the first that the command does not take is the error.
    pub fn collect(spec: &'static Spec, tokens: &[Token], end_of_text: usize) -> Result<ParsedArguments, ParseError> {
        let mut given = ParsedArguments {
            spec,
            plain: Vec::new(),
            named: Vec::new(),
            flags: Vec::new(),
            end_of_text,
        };
        let plain: Vec<(&str, ArgKind)> = spec
            .args
            .iter()
            .filter_map(|arg| match arg {
                Arg::Plain(name, kind) => Some((*name, *kind)),
                _ => None,
            })
            .collect();
        let flags: Vec<&'static str> = spec
            .args
            .iter()
            .filter_map(|arg| match arg {
                Arg::Flags(words) => Some(*words),
                _ => None,
            })
            .flatten()
            .copied()
            .collect();
        for token in tokens {
            if let Some(name) = &token.name {
                let known = spec.args.iter().find_map(|arg| match arg {
                    Arg::Named(known, _) if known == name => Some(*known),
                    _ => None,
                });
                match known {
                    Some(known) if given.named.iter().any(|(n, _)| *n == known) => {
                        return Err(ParseError {
                            column: token.column,
                            why: format!("{known}= is given twice"),
                            nearest: Vec::new(),
                        });
                    }
                    Some(known) => given.named.push((known, token.clone())),
                    // `write a=b` means the bytes "a=b".
                    None if given.plain.is_empty()
                        && plain
                            .first()
                            .is_some_and(|(_, kind)| matches!(kind, ArgKind::Bytes | ArgKind::File)) =>
                    {
                        let mut whole = token.clone();
                        whole.value = [name.as_bytes(), b"=", &token.value].concat();
                        whole.name = None;
                        whole.value_column = token.column;
                        given.plain.push(whole);
                    }
                    None => return Err(unknown(spec, token, &flags)),
                }
                continue;
            }
            let text = token.text();
            let next = plain.get(given.plain.len());
            // A flag's word is a flag; in quotes it is bytes, where those are still to come.
            let is_flag = flags.contains(&text.as_str());
            let is_bytes = token.quoted && matches!(next, Some((_, ArgKind::Bytes | ArgKind::File)));
            if is_flag && !is_bytes {
                given.flags.push(token.clone());
            } else if next.is_some() {
                given.plain.push(token.clone());
            } else {
                return Err(unknown(spec, token, &flags));
            }
        }
        Ok(given)
    }

    pub(super) const fn end_of_text(&self) -> usize {
        self.end_of_text
    }

    pub(super) fn plain(&self, place: usize) -> Option<&Token> {
        self.plain.get(place)
    }

    pub(super) fn named(&self, name: &str) -> Option<&Token> {
        self.named.iter().find(|(n, _)| *n == name).map(|(_, token)| token)
    }

    /// The words out of a few that are given.
    pub(super) fn flag_words(&self) -> Vec<String> {
        self.flags.iter().map(Token::text).collect()
    }

    /// The argument of that name in the row, if it is given, and what it must be.
    fn given(&self, name: &str) -> Option<(&Token, ArgKind)> {
        let plain = self.spec.args.iter().filter_map(|arg| match arg {
            Arg::Plain(known, kind) => Some((*known, *kind)),
            Arg::Named(..) | Arg::Flags(_) => None,
        });
        let named = self.spec.args.iter().find_map(|arg| match arg {
            Arg::Named(known, kind) if *known == name => Some((self.named(name)?, *kind)),
            _ => None,
        });
        let mut plain = self.plain.iter().zip(plain);
        let plain = plain.find_map(|(token, (known, kind))| (known == name).then_some((token, kind)));
        plain.or(named)
    }

    pub(super) fn missing(&self, what: &str, valid: &str) -> ParseError {
        ParseError {
            column: self.end_of_text,
            why: format!("{what} is missing: {valid}"),
            nearest: Vec::new(),
        }
    }

    pub(super) fn required(&self, place: usize, what: &str, valid: &str) -> Result<&Token, ParseError> {
        self.plain.get(place).ok_or_else(|| self.missing(what, valid))
    }

    /// The number that the row has under that name; `what` is its name in a complaint.
    pub(super) fn number<T: TryFrom<i64>>(&self, name: &str, what: &str) -> Result<Option<T>, ParseError> {
        let Some((token, ArgKind::Number(low, high))) = self.given(name) else {
            return Ok(None);
        };
        token
            .text()
            .parse::<i64>()
            .ok()
            .filter(|n| (low..=high).contains(n))
            .and_then(|n| T::try_from(n).ok())
            .map(Some)
            .ok_or_else(|| {
                token.wrong(format!(
                    "{what} is a number from {low} to {high}, not {}",
                    shown(&token.text())
                ))
            })
    }

    /// A time of at least `least` milliseconds.
    pub(super) fn time(&self, name: &str, least: u32) -> Result<Option<Millis>, ParseError> {
        let read = |token: &Token| {
            let time = typed::millis(&token.text()).filter(|time| (least..=table::LONGEST_MS).contains(&time.0));
            time.ok_or_else(|| {
                token.wrong(format!(
                    "{name} is a time from {least} ms to {} s, like 500ms or 2s, not {}",
                    table::LONGEST_MS / 1000,
                    shown(&token.text())
                ))
            })
        };
        self.named(name).map(read).transpose()
    }

    fn deadline(&self) -> Result<Option<Millis>, ParseError> {
        self.time("deadline", 1)
    }

    fn flags<T: DeserializeOwned + PartialEq>(&self) -> Vec<T> {
        let mut flags = Vec::new();
        for flag in self.flags.iter().filter_map(|token| from_word(&token.text())) {
            if !flags.contains(&flag) {
                flags.push(flag);
            }
        }
        flags
    }

    fn address(&self) -> Result<Address, ParseError> {
        self.plain.first().map_or(Ok(Address::Default), address)
    }

    /// The value of which the row has the words under that name; `what` is its name in a complaint.
    pub(super) fn one_of<T: DeserializeOwned>(&self, name: &str, what: &str) -> Result<Option<T>, ParseError> {
        let Some((token, ArgKind::Word(valid))) = self.given(name) else {
            return Ok(None);
        };
        from_word(&token.text()).map(Some).ok_or_else(|| ParseError {
            column: token.value_column,
            why: format!("{what} is {}, not {}", valid.join(" or "), shown(&token.text())),
            nearest: nearest(&token.text(), valid),
        })
    }

    fn socket(token: &Token) -> Result<SocketName, ParseError> {
        SocketName::new(&token.text()).ok_or_else(|| {
            token.wrong(format!(
                "a socket's name is letters, digits, - and _, like client2, not {}",
                shown(&token.text())
            ))
        })
    }

    fn option(&self) -> Result<SocketOption, ParseError> {
        let names: Vec<&str> = SocketOption::ALL.iter().map(|option| option.name()).collect();
        let token = self.required(0, "an option", "like TCP_NODELAY or SO_LINGER")?;
        let text = token.text().to_ascii_uppercase();
        from_word(&text).ok_or_else(|| ParseError {
            column: token.value_column,
            why: format!("{} is not an option that finwait sets", shown(&token.text())),
            nearest: nearest(&text, &names),
        })
    }

    /// A value for `option`: `on`, `off`, or a number.
    fn option_value(&self, option: SocketOption) -> Result<i64, ParseError> {
        let token = self.required(1, "a value", "like on, off or a number")?;
        let text = token.text();
        let number = text.parse::<i32>().ok().map(i64::from);
        let in_ms = || number.or_else(|| Some(i64::from(typed::millis(&text)?.0)));
        let in_s = || number.or_else(|| Some(i64::from(typed::seconds(&text)?)));
        let (value, valid) = match option.kind() {
            OptionKind::Switch => (typed::switch(&text).map(i64::from), "on or off".to_owned()),
            OptionKind::Linger => (
                if text == "off" {
                    Some(-1)
                } else {
                    in_s().filter(|n| (0..=65_535).contains(n))
                },
                "off or a number of seconds, like 5 or 5s".to_owned(),
            ),
            OptionKind::Timeout => (
                if text == "none" {
                    Some(0)
                } else {
                    in_ms().filter(|n| (0..=i64::from(i32::MAX)).contains(n))
                },
                "none or a number of milliseconds, like 500, 500ms or 2s".to_owned(),
            ),
            // The kernel judges the number itself: a bad one is an EINVAL that the user may want to see.
            OptionKind::Number("s") => (in_s(), "a number of seconds, like 5 or 5s".to_owned()),
            OptionKind::Number("ms") => (in_ms(), "a number of milliseconds, like 500, 500ms or 2s".to_owned()),
            OptionKind::Number(_) => (number, "a whole number".to_owned()),
        };
        value.ok_or_else(|| token.wrong(format!("{} is {valid}, not {}", option.name(), shown(&text))))
    }

    fn on(&self) -> Result<Option<SocketName>, ParseError> {
        self.named("on").map(ParsedArguments::socket).transpose()
    }

    /// The command of the screen that the arguments make.
    pub fn build_screen(&self, command: ScreenCommand) -> Result<Command, ParseError> {
        let writes = match command {
            ScreenCommand::Export => Some(Written::Export),
            ScreenCommand::Screenshot => Some(Written::Screenshot),
            _ => None,
        };
        if let Some(what) = writes {
            return self.build_write(what);
        }
        let command = match (command, self.plain.first()) {
            (ScreenCommand::Themes, Some(token)) => {
                let name = ThemeName::new(&token.text()).ok_or_else(|| {
                    token.wrong(format!(
                        "a theme's name has small letters, digits and hyphens, like dark, not {}",
                        shown(&token.text())
                    ))
                })?;
                ScreenCommand::UseTheme(name)
            }
            _ => command,
        };
        Ok(Command::Screen(command))
    }

    /// The command that writes a file, or without one the command that asks for it.
    fn build_write(&self, what: Written) -> Result<Command, ParseError> {
        let force = !self.flags.is_empty();
        match self.plain.first() {
            Some(file) if file.value.is_empty() => Err(file.wrong("a file has a name".into())),
            Some(file) => Ok(Command::Write(WriteCommand {
                what,
                file: PathBuf::from(OsString::from_vec(file.value.clone())),
                force,
            })),
            None if force => Err(self.missing("the file", &format!("like {} run.svg {FORCE}", self.spec.name))),
            None => Ok(Command::Screen(what.asks())),
        }
    }

    /// The command that the arguments make.
    pub fn build(&self, verb: EndVerb) -> Result<EndCommand, ParseError> {
        Ok(match verb {
            EndVerb::Call(kind) => self.call(kind)?,
            EndVerb::Reconnect => EndCommand::Call {
                on: self.on()?,
                call: CallRequest::Reconnect {
                    address: self.address()?,
                    deadline: self.deadline()?,
                },
            },
            EndVerb::Use => {
                let token = self.required(0, "a socket's name", "like client2, or next")?;
                match token.text().as_str() {
                    "next" => EndCommand::Use(Pick::Next),
                    _ => EndCommand::Use(Pick::Named(ParsedArguments::socket(token)?)),
                }
            }
            EndVerb::Kill => EndCommand::Kill,
            EndVerb::Restart => EndCommand::Restart,
            EndVerb::Runtime => {
                let names = Runtime::ALL.map(Runtime::name);
                let token = self.required(0, "a runtime", &format!("one of {}", names.join(", ")))?;
                let runtime = Runtime::named(&token.text()).ok_or_else(|| ParseError {
                    column: token.value_column,
                    why: format!(
                        "{} is not a runtime: it is one of {}",
                        shown(&token.text()),
                        names.join(", ")
                    ),
                    nearest: nearest(&token.text(), &names),
                })?;
                EndCommand::Runtime(runtime)
            }
            EndVerb::Destroy => EndCommand::Destroy(self.on()?),
            EndVerb::Host => {
                let names = Setting::ALL.map(Setting::name);
                let token = self.required(0, "a setting", &names.join(", "))?;
                let setting: Setting = from_word(&token.text()).ok_or_else(|| ParseError {
                    column: token.value_column,
                    why: format!("{} is not a setting of a host", shown(&token.text())),
                    nearest: nearest(&token.text(), &names),
                })?;
                let token = self.required(1, "a value", "a number, a range of ports, on, off, up or down")?;
                let value = setting.parse(&token.text()).map_err(|why| token.wrong(why))?;
                EndCommand::Host(setting, value)
            }
            // Its command line is no list of arguments.
            EndVerb::Run => return Err(self.missing("the command line", "like run curl -sS http://server:8080/")),
            EndVerb::Signal => {
                let token = self.required(0, "a signal", "like TERM, HUP or KILL")?;
                let names: Vec<&str> = Signal::names().collect();
                let signal = Signal::named(&token.text()).ok_or_else(|| ParseError {
                    column: token.value_column,
                    why: format!(
                        "{} is no signal: it is a name like TERM, HUP or KILL, or a number from 1 to 64",
                        shown(&token.text())
                    ),
                    nearest: nearest(&token.text().to_uppercase(), &names),
                })?;
                EndCommand::Signal(signal, self.plain.get(1).map(program_name).transpose()?)
            }
            EndVerb::KillProgram => EndCommand::KillProgram(self.plain.first().map(program_name).transpose()?),
            EndVerb::RestartProgram => EndCommand::RestartProgram(self.plain.first().map(program_name).transpose()?),
            EndVerb::Await => EndCommand::Await(self.awaited()?),
        })
    }

    fn awaited(&self) -> Result<AwaitRequest, ParseError> {
        let what = self.required(0, "what to wait for", "a state like LISTEN, exit, or output \"text\"")?;
        let port = match self.number("port", "port")? {
            Some(port) => self.named("port").map(|token| (token, port)),
            None => None,
        };
        let on = match self.on()? {
            Some(on) => self.named("on").map(|token| (token, on)),
            None => None,
        };
        let by = match self.named(PROGRAM) {
            Some(token) => Some((token, program_name(token)?)),
            None => None,
        };
        Ok(AwaitRequest {
            what: programs::awaited(what, self.plain.get(1), port, on, by, self.end_of_text)?,
            within: self.time("within", 1)?,
        })
    }

    fn call(&self, kind: CallKind) -> Result<EndCommand, ParseError> {
        use CallRequest::Full;
        let on = self.on()?;
        let first = self.plain.first();
        let call = match kind {
            CallKind::Socket => CallRequest::Socket,
            CallKind::Bind => CallRequest::Bind {
                address: self.address()?,
            },
            CallKind::Listen => Full(Call::Listen {
                backlog: self.number("backlog", "backlog")?.unwrap_or(table::BACKLOG),
            }),
            CallKind::Accept => CallRequest::Accept,
            CallKind::Connect => CallRequest::Connect {
                address: self.address()?,
                deadline: self.deadline()?,
            },
            CallKind::Read => Full(Call::Read {
                n: self.number("n", "n")?.unwrap_or(table::READ_BYTES),
                flags: self.flags(),
                deadline: self.deadline()?,
            }),
            CallKind::Write => Full(self.write()?),
            CallKind::Shutdown => {
                const WHAT: &str = "what to shut down";
                let how = self.one_of("how", WHAT)?;
                Full(Call::Shutdown {
                    how: how.ok_or_else(|| self.missing(WHAT, "write, read or both"))?,
                })
            }
            CallKind::Close => Full(Call::Close),
            CallKind::RstClose => Full(Call::RstClose),
            CallKind::LingerClose => Full(Call::LingerClose {
                seconds: first.map_or(Ok(table::LINGER_S), linger)?,
            }),
            CallKind::Disconnect => Full(Call::Disconnect),
            CallKind::Dup => CallRequest::Dup,
            CallKind::Poll => {
                let mut events: Vec<PollEvent> = self.flags();
                if events.is_empty() {
                    events = table::POLLED.to_vec();
                }
                Full(Call::Poll {
                    events,
                    timeout: self.time("timeout", 0)?.unwrap_or_default(),
                })
            }
            CallKind::SoError => Full(Call::SoError),
            CallKind::Options => Full(Call::Options),
            CallKind::GetOption => Full(Call::GetOption { option: self.option()? }),
            CallKind::SetOption => {
                let option = self.option()?;
                Full(Call::SetOption {
                    option,
                    value: self.option_value(option)?,
                })
            }
            CallKind::Interrupt => {
                let id = self.number("call", "a call's number")?;
                return Ok(EndCommand::Interrupt(id.map(CallId)));
            }
            CallKind::Sigpipe => {
                return Ok(EndCommand::Sigpipe(self.one_of("what", "what SIGPIPE does")?));
            }
        };
        Ok(EndCommand::Call { on, call })
    }

    fn write(&self) -> Result<Call, ParseError> {
        let first = self.plain.first();
        let data = first.map_or_else(|| table::WRITTEN.to_vec(), |token| token.value.clone());
        let repeat: usize = self.number("repeat", "repeat")?.unwrap_or(1);
        if data.len().saturating_mul(repeat) > table::MOST_BYTES as usize {
            let at = self
                .named("repeat")
                .or(first)
                .map_or(self.end_of_text, |token| token.column);
            return Err(ParseError {
                column: at,
                why: format!("one write takes {} bytes at most", table::MOST_BYTES),
                nearest: Vec::new(),
            });
        }
        Ok(Call::Write {
            data: Bytes(data),
            repeat,
            flags: self.flags(),
            deadline: self.deadline()?,
        })
    }
}

/// The complaint about an argument that the command does not take.
fn unknown(spec: &Spec, token: &Token, flags: &[&'static str]) -> ParseError {
    let named = spec.args.iter().filter_map(|arg| match arg {
        Arg::Named(name, _) => Some(format!("{name}=")),
        _ => None,
    });
    let valid: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).chain(named).collect();
    let takes = if valid.is_empty() {
        "takes no more arguments".to_owned()
    } else {
        format!("takes {}", valid.join(", "))
    };
    let valid: Vec<&str> = valid.iter().map(String::as_str).collect();
    let word = token
        .name
        .as_ref()
        .map_or_else(|| token.text(), |name| format!("{name}="));
    ParseError {
        column: token.column,
        why: format!("{} does not know {}; it {takes}", spec.name, token.whole()),
        nearest: nearest(&word, &valid),
    }
}

/// Reads how many seconds to linger on.
fn linger(token: &Token) -> Result<u16, ParseError> {
    let seconds = typed::seconds(&token.text()).and_then(|seconds| u16::try_from(seconds).ok());
    seconds.ok_or_else(|| {
        token.wrong(format!(
            "seconds is a number from 0 to 65535, like 5 or 5s, not {}",
            shown(&token.text())
        ))
    })
}

/// Reads an address: `10.0.0.2:8080`, `[fd00::2]:8080`, `:8080` or `8080`.
pub(super) fn address(token: &Token) -> Result<Address, ParseError> {
    let text = token.text();
    let digits = text.strip_prefix(':').unwrap_or(&text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return digits
            .parse()
            .map(|port| Address::Port(Port(port)))
            .map_err(|_| token.wrong(format!("a port is a number from 0 to 65535, not {}", shown(digits))));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(Address::Full(address));
    }
    // A good host with a bad port deserves to be told about the port.
    let bad_port = text.rsplit_once(':').and_then(|(host, port)| {
        let host_is_good = host.parse::<std::net::Ipv4Addr>().is_ok()
            || host
                .strip_prefix('[')
                .and_then(|host| host.strip_suffix(']'))
                .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
        host_is_good.then_some(port)
    });
    Err(token.wrong(match bad_port {
        Some(port) => format!("a port is a number from 0 to 65535, not {}", shown(port)),
        None if text.parse::<std::net::IpAddr>().is_ok() => format!("{} needs a port, like {}", shown(&text), {
            if text.contains(':') {
                format!("[{text}]:8080")
            } else {
                format!("{text}:8080")
            }
        }),
        None => format!(
            "{} is not an address: write it like 10.0.0.2:8080, [fd00::2]:8080 or :8080",
            shown(&text)
        ),
    }))
}
