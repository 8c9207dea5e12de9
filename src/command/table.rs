//! The one table of commands: name, key, button, help; names are also those of the endpoint protocol.

use super::{CallRequest, EndCommand, ScreenCommand};

/// What a command's word is about.
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
    /// The wire between the hosts.
    Wire,
    /// The screen.
    Screen,
}

impl CommandGroup {
    /// All of them, in the order in which they are shown.
    pub const ALL: [CommandGroup; 7] = [
        CommandGroup::Open,
        CommandGroup::Talk,
        CommandGroup::End,
        CommandGroup::Ask,
        CommandGroup::Process,
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
            CommandGroup::Wire => "The wire",
            CommandGroup::Screen => "The screen",
        }
    }
}

/// An argument that a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// By its place.
    Plain(&'static str, ArgKind),
    /// `name=value`
    Named(&'static str, ArgKind),
    /// A bare word out of a few; may stand several times.
    Flags(&'static [&'static str]),
}

/// What an argument's text must be.
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
}

/// How a command is pressed: a button and a key, with the arguments that it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Button {
    /// The key that presses it.
    pub key: char,
    /// The text on it.
    pub label: &'static str,
    /// The arguments that it gives, as typed.
    pub preset: &'static str,
    /// Is it among the few that come first where there is no room for all?
    pub primary: bool,
}

/// One command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The word that is typed; in the endpoint protocol the same.
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

const ON: Arg = Arg::Named("on", ArgKind::Socket);
const SIDES: ArgKind = ArgKind::Word(&["client", "server"]);
// What a rule is about.
const WHICH: Arg = Arg::Plain("which", ArgKind::Segment);
const FROM: Arg = Arg::Named("from", SIDES);
const PORT: Arg = Arg::Named("port", ArgKind::Number(1, 65_535));
const SEQ: Arg = Arg::Named("seq", ArgKind::Number(0, u32::MAX as i64));
const PAYLOAD: Arg = Arg::Named("payload", ArgKind::Word(&["yes", "no"]));
const NTH: Arg = Arg::Named("nth", ArgKind::Number(1, 1_000_000));
const TIMES: Arg = Arg::Named("times", ArgKind::Number(1, 1_000_000));
const CHANCE: Arg = Arg::Named("chance", ArgKind::Number(0, 100));
const SEED: Arg = Arg::Named("seed", ArgKind::Number(0, u32::MAX as i64));
/// The longest time that a command takes.
pub const LONGEST_MS: u32 = 3_600_000;
/// [`crate::call::MOST_BYTES`], for a kind of number.
pub const MOST_BYTES: i64 = crate::call::MOST_BYTES as i64;

const fn button(key: char, label: &'static str) -> Button {
    preset(key, label, "")
}

const fn preset(key: char, label: &'static str, preset: &'static str) -> Button {
    Button {
        key,
        label,
        preset,
        primary: false,
    }
}

const fn primary(button: Button) -> Button {
    Button {
        primary: true,
        ..button
    }
}

macro_rules! table {
    ($($id:ident $name:literal $group:ident [$($button:expr),*] [$($arg:expr),*] $help:literal;)*) => {
        $(const $id: Spec = Spec { name: $name, group: CommandGroup::$group, buttons: &[$($button),*], args: &[$($arg),*], help: $help };)*
        /// Every command, in the order of its button.
        pub static TABLE: &[&Spec] = &[$(&$id),*];
    };
}

table! {
    SOCKET "socket" Open [button('S', "socket")] []
        "make a new socket and make it the current one";
    BIND "bind" Open [button('b', "bind")] [Arg::Plain("address", ArgKind::Address), ON]
        "give the socket a local address; without one, the lab's";
    LISTEN "listen" Open [primary(button('l', "listen"))] [Arg::Named("backlog", ArgKind::Number(-1, 65_535)), ON]
        "wait for connections, by default backlog=2; makes and binds a socket if there is none to use";
    ACCEPT "accept" Open [primary(button('a', "accept"))] [ON]
        "take a connection from the listener's queue; blocks while there is none";
    CONNECT "connect" Open [primary(button('c', "connect"))] [Arg::Plain("address", ArgKind::Address), Arg::Named("deadline", ArgKind::Time), ON]
        "connect to the server: the current socket if it has not connected yet, else a new one";
    RECONNECT "reconnect" Open [button('C', "reconnect")] [Arg::Plain("address", ArgKind::Address), Arg::Named("deadline", ArgKind::Time), ON]
        "call connect on the current socket as it is: EISCONN, EALREADY, EBADF, ...";
    READ "read" Talk [primary(button('r', "read"))]
        [Arg::Plain("n", ArgKind::Number(0, MOST_BYTES)), Arg::Flags(&["peek", "waitall", "dontwait", "oob"]), Arg::Named("deadline", ArgKind::Time), ON]
        "read at most n bytes, by default 1024; blocks while there is nothing";
    WRITE "write" Talk [primary(button('w', "write"))]
        [Arg::Plain("bytes", ArgKind::Bytes), Arg::Flags(&["nosignal", "oob", "dontwait"]), Arg::Named("repeat", ArgKind::Number(1, MOST_BYTES)), Arg::Named("deadline", ArgKind::Time), ON]
        "write bytes, by default \"hello\"; repeat=n writes them n times in one call";
    SHUTDOWN "shutdown" End [primary(preset('h', "shut wr", "write")), preset('H', "shut rd", "read"), preset('B', "shut both", "both")]
        [Arg::Plain("how", ArgKind::Word(&["write", "read", "both"])), ON]
        "end a direction: write sends FIN (half-close), read sends nothing, both does both";
    CLOSE "close" End [primary(button('x', "close"))] [ON]
        "close the descriptor; closing the last one of a connection sends FIN";
    RST_CLOSE "rst-close" End [primary(button('X', "RST-close"))] [ON]
        "set SO_LINGER to 0 seconds, then close: sends RST instead of FIN";
    LINGER_CLOSE "linger-close" End [preset('L', "linger-close", "5")] [Arg::Plain("seconds", ArgKind::Time), ON]
        "set SO_LINGER to n seconds, by default 5, then close: blocks until all is acknowledged or time is up";
    DISCONNECT "disconnect" End [button('D', "disconnect")] [ON]
        "connect(AF_UNSPEC): dissolve the connection with RST and keep the socket";
    DUP "dup" Ask [button('U', "dup")] [ON]
        "a second descriptor for the same socket; only closing the last one ends the connection";
    POLL "poll" Ask [button('p', "poll")]
        [Arg::Flags(&["in", "out", "rdhup", "hup", "err", "pri"]), Arg::Named("timeout", ArgKind::Time), ON]
        "what the socket is ready for, by default in out rdhup, timeout=0";
    SO_ERROR "so-error" Ask [button('e', "SO_ERROR")] [ON]
        "read the socket's pending error, which clears it";
    OPTIONS "options" Ask [] [ON]
        "read every option of the socket";
    GET "get-option" Ask [] [Arg::Plain("option", ArgKind::Option), ON]
        "read one option: get-option TCP_NODELAY";
    SET "set-option" Ask [] [Arg::Plain("option", ArgKind::Option), Arg::Plain("value", ArgKind::OptionValue), ON]
        "set one option: set-option TCP_NODELAY on, set-option SO_LINGER 0";
    USE "use" Process [primary(preset('u', "next socket", "next"))] [Arg::Plain("socket", ArgKind::Socket)]
        "make a socket the current one; next is the next in the list";
    INTERRUPT "interrupt" Process [primary(button('i', "interrupt"))] [Arg::Plain("call", ArgKind::Number(1, i64::MAX))]
        "send a signal to the blocked call: it returns EINTR";
    SIGPIPE "sigpipe" Process [button('g', "SIGPIPE")] [Arg::Plain("what", ArgKind::Word(&["ignore", "default"]))]
        "what SIGPIPE does: ignored, write returns EPIPE; at its default, the process dies";
    KILL "kill" Process [button('K', "kill -9")] []
        "kill -9 the endpoint; the kernel closes its sockets";
    RESTART "restart" Process [button('R', "restart")] []
        "start a new endpoint process on the same host";
    DESTROY "destroy" Process [button('J', "ss -K")] [ON]
        "destroy the connection as an administrator does (SOCK_DESTROY): the endpoint gets ECONNABORTED, the peer gets RST";
    HOST "host" Process [] [Arg::Plain("setting", ArgKind::Setting), Arg::Plain("value", ArgKind::SettingValue)]
        "change a setting of the host: host tcp_syn_retries 2, host default_route off, host nofile 0 (of its process)";
    MODE "mode" Wire [primary(button('s', "step"))] [Arg::Plain("mode", ArgKind::Word(&["flow", "step"]))]
        "hold every segment until you say so (step), or let them pass (flow); without an argument, switch between the two";
    STEP "step" Wire [] []
        "hold every segment until you say so";
    FLOW "flow" Wire [] []
        "let segments pass, including those that step has held";
    DELIVER "deliver" Wire [primary(button('n', "deliver")), preset('N', "deliver all", "all")]
        [WHICH, FROM, PORT, SEQ, PAYLOAD, NTH, TIMES, CHANCE, SEED]
        "deliver held segments: the selected or oldest, all, or #7; with a kind (deliver SYN), add a rule";
    DROP "drop" Wire [primary(button('d', "drop")), preset('A', "drop all", "all")]
        [WHICH, FROM, PORT, SEQ, PAYLOAD, NTH, TIMES, CHANCE, SEED]
        "drop held segments; with a kind, add a rule: drop SYN from=client nth=2 times=1, drop any chance=10 seed=7";
    DUPLICATE "duplicate" Wire [button('j', "duplicate")]
        [WHICH, FROM, PORT, SEQ, PAYLOAD, NTH, TIMES, CHANCE, SEED]
        "duplicate held segments; with a kind, add a rule";
    DELAY "delay" Wire [button('k', "delay")]
        [WHICH, Arg::Named("ms", ArgKind::Time), FROM, PORT, SEQ, PAYLOAD, NTH, TIMES, CHANCE, SEED]
        "deliver held segments later, by default after ms=1000; with a kind, add a rule";
    HOLD "hold" Wire []
        [WHICH, FROM, PORT, SEQ, PAYLOAD, NTH, TIMES, CHANCE, SEED]
        "add a rule that holds such segments: hold FIN from=server, hold any seq=1 payload=yes";
    PRESET "preset" Wire []
        [Arg::Plain("preset", ArgKind::Word(&["lose-syn", "lose-final-ack", "hold-fin", "black-hole-client", "black-hole-server", "cut-cable", "lose-10-percent"]))]
        "add one of the common rules";
    RULE "rule" Wire [] [Arg::Plain("rule", ArgKind::Number(1, u32::MAX as i64)), Arg::Plain("change", ArgKind::Word(&["on", "off", "remove"]))]
        "switch a rule on or off, or remove it";
    CLEAR "clear" Wire [] []
        "remove all rules";
    FORGE "forge" Wire []
        [Arg::Plain("what", ArgKind::Word(&["rst", "ack", "syn", "old-syn", "fin", "data", "net-unreachable", "host-unreachable", "port-unreachable", "prohibited", "frag-needed"])),
         Arg::Named("to", SIDES), Arg::Named("seq", ArgKind::Word(&["exact", "in-window", "out-of-window"])), PORT, Arg::Named("bytes", ArgKind::Bytes)]
        "send a packet in the other end's name: forge rst to=client seq=in-window";
    FORGE_DIALOG "forge-dialog" Screen [primary(button('f', "forge"))] []
        "choose a packet to forge: RST, SYN, FIN, data, ICMP; sent to the end that has the keys";
    WIRE_RULES "wire-rules" Screen [primary(button('W', "rules"))] []
        "show the wire's rules: switch them on and off, add common ones";
    HELD_BEFORE "held-before" Screen [button('<', "older")] []
        "select the held segment before this one";
    HELD_AFTER "held-after" Screen [button('>', "newer")] []
        "select the held segment after this one: deliver it, and it overtakes the older ones";
    SCENARIOS "scenarios" Screen [button('Y', "scenarios")] []
        "choose a scenario to be guided through";
    TOUR_NEXT "next" Screen [button('.', "Next")] []
        "run the guide's next step; in a recording (finwait open), show what happened next";
    TOUR_END "to-the-end" Screen [button('=', "to the end")] []
        "run all of the guide's remaining steps; in a recording, go to its end";
    TOUR_BACK "back" Screen [button(',', "Back")] []
        "go one step back: the steps before it run again, in a fresh lab; in a recording, go back in time";
    TO_THE_START "to-the-start" Screen [button('-', "to the start")] []
        "begin the guide again, in a fresh lab; in a recording, go to its start";
    NEXT_COMMAND "next-command" Screen [button(']', "next command")] []
        "in a recording, go to before the next command";
    COMMAND_BEFORE "command-before" Screen [button('[', "command before")] []
        "in a recording, go back to before the last command";
    TO_THE_LINE "to-the-line" Screen [button('@', "to the line")] []
        "in a recording, go to when the selected log line was written";
    PREDICT "predict" Screen [button('#', "predict")] []
        "guess what the guide's next step will return, before it runs";
    BRANCH "branch" Screen [button('&', "branch")] []
        "change the guide's next step: both versions run, and are shown side by side";
    TOUR_LEAVE "leave" Screen [button(';', "Leave")] []
        "leave the guide, and explore from here: the sockets stay as they are";
    RECORD "record" Screen [button('O', "record")] []
        "write what you have done so far to a scenario file (.toml) that runs again, with the results; finwait --record writes a recording (.jsonl)";
    OPTIONS_DIALOG "options-dialog" Screen [primary(button('o', "options"))] []
        "show and set the options of the current socket";
    HOST_SETTINGS "host-settings" Screen [button('t', "host")] []
        "show and change the settings of this end's host";
    RAW_ROWS "raw" Screen [button('T', "raw rows")] []
        "show the sockets as /proc/net/tcp prints them";
    WHY "why" Screen [button('!', "why?")] []
        "why the last call returned what it did: its state, what set the error, the rule, what other languages say; or what it waits for";
    EDIT "edit" Screen [button('E', "edit")] []
        "change the marked button's arguments before it is pressed (or right-click a button)";
    MORE "more" Screen [button('m', "more")] []
        "show the other buttons, where not all of them fit";
    OTHER_END "other-end" Screen [button('`', "other end")] []
        "move the keys to the other end (1 the client, 2 the server)";
    STATES "states" Screen [button('v', "states")] []
        "show the state diagram (RFC 9293, figure 5) in place of the time-sequence diagram, and back";
    ZOOM "zoom" Screen [button('z', "zoom")] []
        "give the whole screen to the diagram, then to the end that has the keys, then to the log; Esc goes back";
    LOG_FILTER "log-filter" Screen [button('/', "filter")] []
        "choose which log lines are shown: all, calls, segments, states, processes";
    LOG_FOLLOW "log-follow" Screen [button('F', "follow")] []
        "let the log follow new lines, or stay where it is";
    COPY_LINE "copy-line" Screen [button('y', "copy")] []
        "copy the selected log line to the terminal's clipboard";
    PROMPT "prompt" Screen [button(':', "command")] []
        "type a command with arguments; Tab completes";
    HELP "help" Screen [button('?', "help")] []
        "this page";
    QUIT "quit" Screen [button('q', "quit")] []
        "leave finwait; its endpoints, namespaces and devices go with it";
}

/// The command of that name.
pub fn named(name: &str) -> Option<&'static Spec> {
    TABLE.iter().copied().find(|spec| spec.name == name)
}

/// An end's command that `key` presses, with its button.
pub fn pressed(key: char) -> Option<(&'static Spec, &'static Button)> {
    TABLE
        .iter()
        .flat_map(|spec| spec.buttons.iter().map(move |button| (*spec, button)))
        .find(|(_, button)| button.key == key)
}

/// The row of an end's command.
pub const fn of_end(command: &EndCommand) -> &'static Spec {
    match command {
        EndCommand::Call { call, .. } => match call {
            CallRequest::Socket => &SOCKET,
            CallRequest::Bind { .. } => &BIND,
            CallRequest::Listen { .. } => &LISTEN,
            CallRequest::Accept => &ACCEPT,
            CallRequest::Connect { .. } => &CONNECT,
            CallRequest::Reconnect { .. } => &RECONNECT,
            CallRequest::Read { .. } => &READ,
            CallRequest::Write { .. } => &WRITE,
            CallRequest::Shutdown { .. } => &SHUTDOWN,
            CallRequest::Close => &CLOSE,
            CallRequest::RstClose => &RST_CLOSE,
            CallRequest::LingerClose { .. } => &LINGER_CLOSE,
            CallRequest::Disconnect => &DISCONNECT,
            CallRequest::Dup => &DUP,
            CallRequest::Poll { .. } => &POLL,
            CallRequest::SoError => &SO_ERROR,
            CallRequest::Options => &OPTIONS,
            CallRequest::Get { .. } => &GET,
            CallRequest::Set { .. } => &SET,
        },
        EndCommand::Use(_) => &USE,
        EndCommand::Interrupt(_) => &INTERRUPT,
        EndCommand::Sigpipe(_) => &SIGPIPE,
        EndCommand::Kill => &KILL,
        EndCommand::Restart => &RESTART,
        EndCommand::Destroy(_) => &DESTROY,
        EndCommand::Host(..) => &HOST,
    }
}

/// The row of a screen command.
pub const fn of_screen(command: ScreenCommand) -> &'static Spec {
    match command {
        ScreenCommand::Quit => &QUIT,
        ScreenCommand::Help => &HELP,
        ScreenCommand::Prompt => &PROMPT,
        ScreenCommand::OtherEnd => &OTHER_END,
        ScreenCommand::HostSettings => &HOST_SETTINGS,
        ScreenCommand::OptionsDialog => &OPTIONS_DIALOG,
        ScreenCommand::RawRows => &RAW_ROWS,
        ScreenCommand::Why => &WHY,
        ScreenCommand::Edit => &EDIT,
        ScreenCommand::More => &MORE,
        ScreenCommand::States => &STATES,
        ScreenCommand::Zoom => &ZOOM,
        ScreenCommand::LogFilter => &LOG_FILTER,
        ScreenCommand::LogFollow => &LOG_FOLLOW,
        ScreenCommand::CopyLine => &COPY_LINE,
        ScreenCommand::Scenarios => &SCENARIOS,
        ScreenCommand::TourNext => &TOUR_NEXT,
        ScreenCommand::TourEnd => &TOUR_END,
        ScreenCommand::TourBack => &TOUR_BACK,
        ScreenCommand::ToTheStart => &TO_THE_START,
        ScreenCommand::NextCommand => &NEXT_COMMAND,
        ScreenCommand::CommandBefore => &COMMAND_BEFORE,
        ScreenCommand::ToTheLine => &TO_THE_LINE,
        ScreenCommand::Predict => &PREDICT,
        ScreenCommand::Branch => &BRANCH,
        ScreenCommand::TourLeave => &TOUR_LEAVE,
        ScreenCommand::Record => &RECORD,
        ScreenCommand::WireRules => &WIRE_RULES,
        ScreenCommand::ForgeDialog => &FORGE_DIALOG,
        ScreenCommand::HeldBefore => &HELD_BEFORE,
        ScreenCommand::HeldAfter => &HELD_AFTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_name_and_no_key_stands_twice() {
        let mut names = HashSet::new();
        let mut keys = HashSet::new();
        for spec in TABLE {
            assert!(names.insert(spec.name), "{}", spec.name);
            for button in spec.buttons {
                assert!(keys.insert(button.key), "{}", button.key);
                assert!(!"12".contains(button.key), "{} is kept for the ends", button.key);
            }
        }
    }

    #[test]
    fn words_that_arguments_take_are_those_of_their_kind() {
        use crate::command::wire::Preset;
        use crate::wire::forge::Forgery;
        let words = |spec: &Spec| match spec.args[0] {
            Arg::Plain(_, ArgKind::Word(words)) => words,
            _ => &[],
        };
        assert_eq!(words(&PRESET), Preset::ALL.map(Preset::name));
        assert_eq!(words(&FORGE), Forgery::ALL.map(Forgery::name));
    }

    #[test]
    fn every_button_is_a_command_that_parses() {
        use crate::command::parse::parse;
        for spec in TABLE {
            for button in spec.buttons {
                let side = match spec.group {
                    CommandGroup::Screen => "",
                    CommandGroup::Wire => "wire ",
                    _ => "client ",
                };
                let text = format!("{side}{} {}", spec.name, button.preset);
                parse(&text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
            }
        }
    }
}
