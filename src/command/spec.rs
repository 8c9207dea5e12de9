//! The parts of a row of the command table: the meaning of a word, its arguments, its buttons.

use super::wire::WireVerb;
use super::{Command, ScreenCommand};
use crate::call::CallKind;
use crate::side::Side;

/// The subject of a command's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandGroup {
    /// Opening a connection.
    Open,
    /// Moving bytes.
    Talk,
    /// Ending it.
    End,
    /// Asking the socket.
    Ask,
    /// The process and its host.
    Process,
    /// Programs of the user's own.
    Program,
    /// The wire between the hosts.
    Wire,
    /// The screen.
    Screen,
}

impl CommandGroup {
    /// All of them, in the order in which they are shown.
    pub const ALL: [CommandGroup; 8] = [
        CommandGroup::Open,
        CommandGroup::Talk,
        CommandGroup::End,
        CommandGroup::Ask,
        CommandGroup::Process,
        CommandGroup::Program,
        CommandGroup::Wire,
        CommandGroup::Screen,
    ];

    /// The heading in the help.
    pub const fn title(self) -> &'static str {
        match self {
            CommandGroup::Open => "Open a connection",
            CommandGroup::Talk => "Talk",
            CommandGroup::End => "End it",
            CommandGroup::Ask => "Ask the socket",
            CommandGroup::Process => "The process and its host",
            CommandGroup::Program => "Programs of your own",
            CommandGroup::Wire => "The wire",
            CommandGroup::Screen => "The screen",
        }
    }
}

/// An argument that a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// An argument by its place.
    Plain(&'static str, ArgKind),
    /// `name=value`
    Named(&'static str, ArgKind),
    /// A bare word out of a few; may stand several times.
    Flags(&'static [&'static str]),
}

/// The form that an argument's text must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// `10.0.0.2:8080`, `[fd00::2]:8080`, `:8080`
    Address,
    /// `"hello\n"`, or a word without blanks.
    Bytes,
    /// A number, both ends included.
    Number(i64, i64),
    /// A time: `500ms`, `2s`, or a number in the argument's own unit.
    Time,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A socket's name.
    Socket,
    /// An option's name.
    Option,
    /// An option's value.
    OptionValue,
    /// A host setting's name.
    Setting,
    /// A host setting's value.
    SettingValue,
    /// Held segments, `next`, `all` or a number; or a kind of segment, for a rule.
    Segment,
    /// A theme's name.
    Theme,
    /// A folder.
    Path,
    /// A file.
    File,
    /// `NAME=VALUE`
    Pair,
    /// All that follows, as it stands there.
    CommandLine,
    /// A program's name.
    Program,
    /// A signal's name or number.
    Signal,
    /// The thing that `await` waits for: a state, `exit` or `output`.
    Awaited,
    /// Of `await exit` the program, of `await output` the text.
    AwaitedOf,
    /// A connection: the name of a socket of it, or its number.
    Connection,
    /// A count, `3`, or all from there on, `3..`.
    Nth,
    /// A share of packets, in percent: `1%`, `0.1%`.
    Share,
    /// A rate, as tc(8) has it: `2mbit`, `384kbit`.
    Rate,
    /// TCP options, with commas between: `wscale,sack`.
    TcpOptions,
}

/// A button and its key, and the command that a press of either is.
#[derive(Clone, Copy, Debug)]
pub struct Button {
    /// The key that presses it.
    pub key: char,
    /// The text on it.
    pub label: &'static str,
    /// Makes the command, with its arguments, for the end that is pressed; what is about no end takes no notice of it.
    pub command: fn(Side) -> Command,
    /// Whether it is among the few that come first where there is no room for all.
    pub primary: bool,
}

/// The meaning of a command's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Something that one end does.
    End(EndVerb),
    /// Something that the wire does.
    Wire(WireVerb),
    /// Something about the screen.
    Screen(ScreenCommand),
}

/// The meaning of a word that is about one end: an [`EndCommand`](super::EndCommand) without its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndVerb {
    /// A call, on a socket or for the process.
    Call(CallKind),
    /// [`CallRequest::Reconnect`](super::CallRequest::Reconnect)
    Reconnect,
    /// [`EndCommand::Use`](super::EndCommand::Use)
    Use,
    /// [`EndCommand::Kill`](super::EndCommand::Kill)
    Kill,
    /// [`EndCommand::Restart`](super::EndCommand::Restart)
    Restart,
    /// [`EndCommand::Runtime`](super::EndCommand::Runtime)
    Runtime,
    /// [`EndCommand::Destroy`](super::EndCommand::Destroy)
    Destroy,
    /// [`EndCommand::Host`](super::EndCommand::Host)
    Host,
    /// [`EndCommand::Run`](super::EndCommand::Run)
    Run,
    /// [`EndCommand::Signal`](super::EndCommand::Signal)
    Signal,
    /// [`EndCommand::KillProgram`](super::EndCommand::KillProgram)
    KillProgram,
    /// [`EndCommand::RestartProgram`](super::EndCommand::RestartProgram)
    RestartProgram,
    /// [`EndCommand::Await`](super::EndCommand::Await)
    Await,
}

impl EndVerb {
    /// The call that is made in the end; none where none is.
    pub const fn kind(self) -> Option<CallKind> {
        match self {
            EndVerb::Call(kind) => Some(kind),
            EndVerb::Reconnect => Some(CallKind::Connect),
            EndVerb::Use
            | EndVerb::Kill
            | EndVerb::Restart
            | EndVerb::Runtime
            | EndVerb::Destroy
            | EndVerb::Host
            | EndVerb::Run
            | EndVerb::Signal
            | EndVerb::KillProgram
            | EndVerb::RestartProgram
            | EndVerb::Await => None,
        }
    }
}

/// One command.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The meaning of its word.
    pub verb: Verb,
    /// The word that is typed; of a call the name in the endpoint protocol.
    pub name: &'static str,
    /// The subject.
    pub group: CommandGroup,
    /// The buttons; none for a command that needs an argument which only the user knows.
    pub buttons: &'static [Button],
    /// The arguments, all of them optional unless the help says otherwise.
    pub args: &'static [Arg],
    /// One line for people.
    pub help: &'static str,
}
