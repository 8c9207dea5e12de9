//! Commands: what a person asks for, by button, key, prompt or `finwait do`.
//!
//! `table` defines every command once; `parse` turns text into a [`Command`], by way of `token` and `arguments`; `complete` proposes
//! words for the prompt, and `signature` says which arguments a command takes.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::call::{Call, CallId, CallKind, Sigpipe, SocketName, escape};
use crate::clock::Millis;
use crate::host::{Port, Setting, SettingValue};
use crate::program::ProgramSpec;
use crate::runtime::Runtime;
use crate::side::Side;
use crate::signal::Signal;

mod arguments;
mod complaint;
pub mod complete;
mod on_wire;
pub mod parse;
pub mod programs;
pub mod signature;
pub mod spec;
pub mod table;
mod theme_name;
pub(crate) mod token;
pub mod wire;

pub use arguments::option_value;
pub use complaint::nearest;
pub(crate) use complaint::shown;
use programs::{AwaitRequest, AwaitedEvent, ProgramName};
use spec::{EndVerb, Verb};
pub use theme_name::ThemeName;
use wire::WireCommand;

/// The bytes of one quoted string, as a command's arguments have it.
///
/// # Errors
///
/// [`ParseError`](parse::ParseError): the text is not one quoted string.
pub fn string_value(text: &str) -> Result<Vec<u8>, parse::ParseError> {
    match token::tokens(text)?.as_slice() {
        [token] if token.name.is_none() => Ok(token.value.clone()),
        tokens => Err(parse::ParseError {
            column: tokens.get(1).map_or(1, |token| token.column),
            why: "only one quoted string is allowed here".into(),
            nearest: Vec::new(),
        }),
    }
}

/// A command of the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Something that one end does.
    End(Side, EndCommand),
    /// Something that the wire does.
    Wire(WireCommand),
    /// Something about the screen.
    Screen(ScreenCommand),
    /// A file that the screen writes.
    Write(WriteCommand),
}

impl Command {
    /// Returns the meaning of the word that it is typed with.
    pub const fn verb(&self) -> Verb {
        match self {
            Command::End(_, command) => Verb::End(command.verb()),
            Command::Wire(command) => Verb::Wire(command.verb()),
            Command::Screen(ScreenCommand::UseTheme(_)) => Verb::Screen(ScreenCommand::Themes),
            Command::Screen(command) => Verb::Screen(*command),
            Command::Write(command) => Verb::Screen(command.what.asks()),
        }
    }

    /// The part of the isolated lab that it needs, if any.
    pub const fn needs_isolated(&self) -> Option<&'static str> {
        match self {
            Command::Wire(_) => Some("the wire"),
            Command::End(_, EndCommand::Host(setting, _)) if setting.is_the_hosts() => Some("a host's settings"),
            Command::End(_, EndCommand::Run(_) | EndCommand::RestartProgram(_)) => Some("programs of your own"),
            Command::End(..) | Command::Screen(_) | Command::Write(_) => None,
        }
    }
}

/// Something that one end does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndCommand {
    /// A call on a socket.
    Call {
        /// The socket that the user named; else the call's default one.
        on: Option<SocketName>,
        /// The call.
        call: CallRequest,
    },
    /// Makes a socket the current one.
    Use(Pick),
    /// Interrupts a blocked call; without a number, the one that was begun last.
    Interrupt(Option<CallId>),
    /// The effect of SIGPIPE on the endpoint; without an argument, switch between the two.
    Sigpipe(Option<Sigpipe>),
    /// `kill -9`
    Kill,
    /// A new process in place of the old one.
    Restart,
    /// Another runtime drives it from its next start on.
    Runtime(Runtime),
    /// The administrator takes a connection away.
    Destroy(Option<SocketName>),
    /// A setting of its host.
    Host(Setting, SettingValue),
    /// Starts a program on the host, beside the endpoint.
    Run(Box<ProgramSpec>),
    /// Sends a program a signal; the newest one that runs where none is named.
    Signal(Signal, Option<ProgramName>),
    /// `kill -9` of all processes of a program.
    KillProgram(Option<ProgramName>),
    /// Starts the same program again, once the one that runs has been ended.
    RestartProgram(Option<ProgramName>),
    /// Waits for something that the host or a program on it does.
    Await(AwaitRequest),
}

/// The socket to make the current one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The next in the list, after the last the first.
    Next,
    /// The socket of that name.
    Named(SocketName),
}

/// A call as a person asks for it: its socket, and in some calls an argument, is found when the call is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallRequest {
    /// `socket`, of the family of the lab's addresses.
    Socket,
    /// `bind`
    Bind {
        /// The local address.
        address: Address,
    },
    /// `accept`, under a name that nobody has.
    Accept,
    /// `connect` on the current socket if it has not connected yet, else on a new one.
    Connect {
        /// The peer's address.
        address: Address,
        /// The deadline, as in [`Call::Connect`].
        deadline: Option<Millis>,
    },
    /// `connect` on the current socket, whatever its state.
    Reconnect {
        /// The peer's address.
        address: Address,
        /// The deadline, as in [`Call::Connect`].
        deadline: Option<Millis>,
    },
    /// `dup`, under a name that nobody has.
    Dup,
    /// A call with all its arguments: only its socket is still to be found.
    Full(Call),
}

impl CallRequest {
    /// The longest that the call waits, where it says so: its deadline.
    pub const fn longest(&self) -> Option<Millis> {
        match self {
            CallRequest::Connect { deadline, .. }
            | CallRequest::Reconnect { deadline, .. }
            | CallRequest::Full(
                Call::Connect { deadline, .. } | Call::Read { deadline, .. } | Call::Write { deadline, .. },
            ) => *deadline,
            CallRequest::Full(Call::Poll { timeout, .. }) => Some(*timeout),
            _ => None,
        }
    }
}

/// An address as a person gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// The lab's: the server's listener for connect, the server port for the server's bind.
    Default,
    /// A port on the lab's address.
    Port(Port),
    /// All of it.
    Full(SocketAddr),
}

/// Something about the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenCommand {
    /// Leaves the program.
    Quit,
    /// Opens the help.
    Help,
    /// Opens the prompt.
    Prompt,
    /// Opens the list of everything that can be pressed, to be searched.
    Palette,
    /// Moves the keys to the other end.
    OtherEnd,
    /// Opens the host settings of the focused end.
    HostSettings,
    /// Opens the options of the current socket.
    OptionsDialog,
    /// Shows or hides the raw procfs rows.
    RawRows,
    /// Explains why the last call of the end that has the keys returned what it did.
    Why,
    /// Opens the prompt with the marked button's command.
    Edit,
    /// Shows more or other buttons where there is no room for all.
    More,
    /// Shows the state diagram in place of the time-sequence diagram, and back.
    States,
    /// Gives one pane all of the screen's body, then the next, then none.
    Zoom,
    /// Shows the presenter, or the whole screen again.
    Present,
    /// Goes to the next kind of log line.
    LogFilter,
    /// The log follows what happens, or stops.
    LogFollow,
    /// Copies the selected log line to the clipboard.
    CopyLine,
    /// Opens the list of scenarios.
    Scenarios,
    /// The tour's next step.
    TourNext,
    /// The tour's steps that are left.
    TourEnd,
    /// The tour's step before.
    TourBack,
    /// The tour's first step, or a recording's start.
    ToTheStart,
    /// A recording's next command.
    NextCommand,
    /// A recording's command before.
    CommandBefore,
    /// The place in a recording where the selected log line was written.
    ToTheLine,
    /// The tour's steps so far again, in a fresh lab: back on its path.
    TourRejoin,
    /// Predicts the tour's next step.
    Predict,
    /// Runs the tour with its next step changed, beside the tour as it is.
    Branch,
    /// Leaves the tour.
    TourLeave,
    /// Asks for a new lab in place of this one.
    NewLab,
    /// Opens the runtimes that can drive the end that has the keys.
    Runtimes,
    /// Shows the next connection alone, after the last one all of them.
    NextConnection,
    /// Shows all connections, or the newest one alone.
    AllConnections,
    /// Shows or hides the ended sockets of the end that has the keys.
    EndedSockets,
    /// Shows the programs of the end that has the keys in place of its buttons, and back.
    Programs,
    /// Opens the prompt, to start a program.
    RunPrompt,
    /// Shows the next program of the end that has the keys.
    NextProgram,
    /// Opens what a program wrote and did.
    ProgramOutput,
    /// Writes what was done into a scenario file.
    Record,
    /// Opens the wire's rules and presets.
    WireRules,
    /// Opens the list of packets that can be forged.
    ForgeDialog,
    /// Selects the segment on the wire before the selected one.
    HeldBefore,
    /// Selects the segment on the wire after the selected one.
    HeldAfter,
    /// Opens the list of themes.
    Themes,
    /// Has the screen look like that.
    UseTheme(ThemeName),
    /// Lets the mouse go, so that the terminal selects text with it; and takes it back.
    Mouse,
    /// Asks for a file to export the run to.
    Export,
    /// Writes the screen to a new file, as a picture.
    Screenshot,
}

/// A thing that the screen writes to a file of the user's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The run, in the format that the file's ending says.
    Export,
    /// The screen as it is, as a picture or as text.
    Screenshot,
}

impl Written {
    /// Returns the command of the screen that is the same word without a file.
    pub const fn asks(self) -> ScreenCommand {
        match self {
            Written::Export => ScreenCommand::Export,
            Written::Screenshot => ScreenCommand::Screenshot,
        }
    }
}

/// The word of a [`WriteCommand`] that may replace a file.
pub const FORCE: &str = "force";

/// A file that the screen writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteCommand {
    /// The contents.
    pub what: Written,
    /// The file.
    pub file: PathBuf,
    /// A file that is there is replaced.
    pub force: bool,
}

impl EndCommand {
    /// Returns the meaning of the word that it is typed with.
    pub const fn verb(&self) -> EndVerb {
        match self {
            EndCommand::Call {
                call: CallRequest::Reconnect { .. },
                ..
            } => EndVerb::Reconnect,
            EndCommand::Call { call, .. } => EndVerb::Call(call.kind()),
            EndCommand::Interrupt(_) => EndVerb::Call(CallKind::Interrupt),
            EndCommand::Sigpipe(_) => EndVerb::Call(CallKind::Sigpipe),
            EndCommand::Use(_) => EndVerb::Use,
            EndCommand::Kill => EndVerb::Kill,
            EndCommand::Restart => EndVerb::Restart,
            EndCommand::Runtime(_) => EndVerb::Runtime,
            EndCommand::Destroy(_) => EndVerb::Destroy,
            EndCommand::Host(..) => EndVerb::Host,
            EndCommand::Run(_) => EndVerb::Run,
            EndCommand::Signal(..) => EndVerb::Signal,
            EndCommand::KillProgram(_) => EndVerb::KillProgram,
            EndCommand::RestartProgram(_) => EndVerb::RestartProgram,
            EndCommand::Await(_) => EndVerb::Await,
        }
    }

    /// The call that it makes in the end; none where it makes none.
    pub const fn kind(&self) -> Option<CallKind> {
        self.verb().kind()
    }
}

impl CallRequest {
    /// The call that it is about. To reconnect is to call connect on the socket as it is.
    pub const fn kind(&self) -> CallKind {
        match self {
            CallRequest::Socket => CallKind::Socket,
            CallRequest::Bind { .. } => CallKind::Bind,
            CallRequest::Accept => CallKind::Accept,
            CallRequest::Connect { .. } | CallRequest::Reconnect { .. } => CallKind::Connect,
            CallRequest::Dup => CallKind::Dup,
            CallRequest::Full(call) => call.kind(),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::End(side, command) => write!(f, "{side} {command}"),
            Command::Wire(command) => write!(f, "wire {command}"),
            Command::Screen(command) => {
                f.write_str(table::of_screen(*command).name)?;
                match command {
                    ScreenCommand::UseTheme(name) => write!(f, " {name}"),
                    _ => Ok(()),
                }
            }
            Command::Write(command) => {
                let file = command.file.as_os_str().as_encoded_bytes();
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"./-_~+@".contains(byte);
                f.write_str(table::of_screen(command.what.asks()).name)?;
                // What is a word of the command's stands in quotes where it is a file.
                match file.iter().all(plain) && !file.is_empty() && file != FORCE.as_bytes() {
                    true => write!(f, " {}", command.file.display())?,
                    false => write!(f, " \"{}\"", escape(file))?,
                }
                if command.force { write!(f, " {FORCE}") } else { Ok(()) }
            }
        }
    }
}

impl EndCommand {
    /// The program that it names, where it is about one.
    pub const fn program_named(&self) -> Option<&ProgramName> {
        match self {
            EndCommand::Signal(_, name) | EndCommand::KillProgram(name) | EndCommand::RestartProgram(name) => {
                name.as_ref()
            }
            EndCommand::Await(AwaitRequest {
                what: AwaitedEvent::Exit(name) | AwaitedEvent::Output { by: name, .. },
                ..
            }) => name.as_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for EndCommand {
    /// Prints it as it would be typed, defaults left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(table::row(Verb::End(self.verb())).name)?;
        match self {
            EndCommand::Call { on, call } => {
                write!(f, "{call}")?;
                on.as_ref().map_or(Ok(()), |on| write!(f, " on={on}"))
            }
            EndCommand::Use(Pick::Next) => f.write_str(" next"),
            EndCommand::Use(Pick::Named(name)) => write!(f, " {name}"),
            EndCommand::Interrupt(id) => id.map_or(Ok(()), |id| write!(f, " {}", id.0)),
            EndCommand::Destroy(on) => on.as_ref().map_or(Ok(()), |on| write!(f, " on={on}")),
            EndCommand::Runtime(runtime) => write!(f, " {runtime}"),
            EndCommand::Sigpipe(None) | EndCommand::Kill | EndCommand::Restart => Ok(()),
            EndCommand::Sigpipe(Some(Sigpipe::Ignore)) => f.write_str(" ignore"),
            EndCommand::Sigpipe(Some(Sigpipe::Default)) => f.write_str(" default"),
            EndCommand::Host(setting, value) => write!(f, " {} {}", setting.name(), setting.show(*value)),
            EndCommand::Run(spec) => programs::write_spec(f, spec),
            EndCommand::Signal(signal, program) => {
                match signal.name() {
                    Some(name) => write!(f, " {name}")?,
                    None => write!(f, " {}", signal.0)?,
                }
                program.as_ref().map_or(Ok(()), |program| write!(f, " {program}"))
            }
            EndCommand::KillProgram(program) | EndCommand::RestartProgram(program) => {
                program.as_ref().map_or(Ok(()), |program| write!(f, " {program}"))
            }
            EndCommand::Await(request) => write!(f, "{request}"),
        }
    }
}

impl fmt::Display for CallRequest {
    /// The arguments, each after a blank, defaults left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallRequest::Socket | CallRequest::Accept | CallRequest::Dup => Ok(()),
            CallRequest::Bind { address } => write!(f, "{address}"),
            CallRequest::Connect { address, deadline } | CallRequest::Reconnect { address, deadline } => {
                write!(f, "{address}")?;
                write_deadline(f, *deadline)
            }
            CallRequest::Full(call) => write_arguments(f, call),
        }
    }
}

fn write_deadline(f: &mut fmt::Formatter<'_>, deadline: Option<Millis>) -> fmt::Result {
    deadline.map_or(Ok(()), |ms| write!(f, " deadline={}", ms.0))
}

fn write_words<T: serde::Serialize>(f: &mut fmt::Formatter<'_>, words: &[T]) -> fmt::Result {
    words
        .iter()
        .try_for_each(|word| write!(f, " {}", arguments::word(word)))
}

/// Writes the arguments that a person gives; the others are found when the call is made.
fn write_arguments(f: &mut fmt::Formatter<'_>, call: &Call) -> fmt::Result {
    match call {
        Call::Bind { address } => write!(f, " {address}"),
        Call::Listen { backlog } => write!(f, " backlog={backlog}"),
        Call::Connect { address, deadline } => {
            write!(f, " {address}")?;
            write_deadline(f, *deadline)
        }
        Call::Read { n, flags, deadline } => {
            write!(f, " {n}")?;
            write_words(f, flags)?;
            write_deadline(f, *deadline)
        }
        Call::Write {
            data,
            repeat,
            flags,
            deadline,
        } => {
            write!(f, " \"{}\"", escape(&data.0))?;
            if *repeat != 1 {
                write!(f, " repeat={repeat}")?;
            }
            write_words(f, flags)?;
            write_deadline(f, *deadline)
        }
        Call::Shutdown { how } => write!(f, " {}", arguments::word(how)),
        Call::LingerClose { seconds } => write!(f, " {seconds}"),
        Call::Poll { events, timeout } => {
            write_words(f, events)?;
            if timeout.0 != 0 {
                write!(f, " timeout={}", timeout.0)?;
            }
            Ok(())
        }
        Call::GetOption { option } => write!(f, " {}", option.name()),
        Call::SetOption { option, value } => {
            write!(f, " {} {}", option.name(), arguments::option_value(*option, *value))
        }
        Call::Socket { .. }
        | Call::Accept { .. }
        | Call::Close
        | Call::RstClose
        | Call::Disconnect
        | Call::Dup { .. }
        | Call::SoError
        | Call::Options => Ok(()),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Default => Ok(()),
            Address::Port(port) => write!(f, " :{port}"),
            Address::Full(address) => write!(f, " {address}"),
        }
    }
}
