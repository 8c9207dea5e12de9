//! The one table of commands: name, key, button, help; names are also those of the endpoint protocol.

use super::programs::PROGRAM;
use super::spec::{Arg, ArgKind, Button, CommandGroup, EndVerb, Spec, Verb};
use super::wire::{ModeChoice, Preset, Target, WireCommand, WireVerb};
use super::{Address, CallRequest, Command, EndCommand, FORCE, Pick, ScreenCommand};
use crate::call::{Bytes, Call, CallKind, PollEvent, ShutdownHow};
use crate::clock::Millis;
use crate::runtime::Runtime;
use crate::side::Side;
use crate::signal::Signal;
use crate::wire::forge::Forgery;
use crate::wire::link::Profile;

const ON: Arg = Arg::Named("on", ArgKind::Socket);
// The words of a type, in its order.
macro_rules! words {
    ($words:ident $all:expr, $name:path) => {
        const $words: [&str; $all.len()] = {
            let mut words = [""; $all.len()];
            let mut n = 0;
            while n < words.len() {
                words[n] = $name($all[n]);
                n += 1;
            }
            words
        };
    };
}
words!(SIDES Side::BOTH, Side::name);
words!(RUNTIMES Runtime::ALL, Runtime::name);
words!(PRESETS Preset::ALL, Preset::name);
words!(FORGERIES Forgery::ALL, Forgery::name);
words!(PROFILES Profile::ALL, Profile::name);
/// The values that a link is set to as a whole: a profile, or none.
const LINKS: [&str; PROFILES.len() + 2] = {
    let mut words = ["off"; PROFILES.len() + 2];
    let mut n = 0;
    while n < PROFILES.len() {
        words[n] = PROFILES[n];
        n += 1;
    }
    words[n + 1] = "clear";
    words
};
const SIDE: ArgKind = ArgKind::Word(&SIDES);
// What a rule is about.
const WHICH: Arg = Arg::Plain("which", ArgKind::Segment);
const FROM: Arg = Arg::Named("from", SIDE);
const PORT: Arg = Arg::Named("port", ArgKind::Number(1, 65_535));
const SEQ: Arg = Arg::Named("seq", ArgKind::Number(0, u32::MAX as i64));
const PAYLOAD: Arg = Arg::Named("payload", ArgKind::Word(&["yes", "no"]));
const COPIES: Arg = Arg::Named("copies", ArgKind::Word(&["yes", "no"]));
const ON_CONNECTION: Arg = Arg::Named("on", ArgKind::Connection);
const AFTER: Arg = Arg::Named("after", ArgKind::Number(0, u32::MAX as i64 - 1));
const SIZES: [Arg; 3] = [
    Arg::Named("size", ArgKind::Number(1, 65_535)),
    Arg::Named("size>", ArgKind::Number(1, 65_535)),
    Arg::Named("size<", ArgKind::Number(1, 65_535)),
];
const NTH: Arg = Arg::Named("nth", ArgKind::Nth);
const TIMES: Arg = Arg::Named("times", ArgKind::Number(1, 1_000_000));
const CHANCE: Arg = Arg::Named("chance", ArgKind::Number(0, 100));
const SEED: Arg = Arg::Named("seed", ArgKind::Number(0, u32::MAX as i64));
/// The longest time that a command takes.
pub const LONGEST_MS: u32 = 3_600_000;
/// The longest time that a segment takes in slow mode.
pub const SLOWEST_MS: u32 = 60_000;
/// [`crate::call::MOST_BYTES`], for a kind of number.
pub const MOST_BYTES: i64 = crate::call::MOST_BYTES as i64;

/// The backlog of a `listen` that is given none.
pub const BACKLOG: i32 = 2;
/// The number of bytes that a `read` asks for without a number.
pub const READ_BYTES: usize = 1024;
/// The bytes of a `write` that is given none.
pub const WRITTEN: &[u8] = b"hello";
/// The time for which a `linger-close` without a time lingers, in seconds.
pub const LINGER_S: u16 = 5;
/// The events of a `poll` that is given none.
pub const POLLED: [PollEvent; 3] = [PollEvent::In, PollEvent::Out, PollEvent::Rdhup];
/// The time of a delay without a time.
pub const DELAY_TIME: Millis = Millis(1000);

const fn button(key: char, label: &'static str, command: fn(Side) -> Command) -> Button {
    Button {
        key,
        label,
        command,
        primary: false,
    }
}

// What a press is: a call, one with all its arguments, something else that an end does, something about the wire or the screen.
macro_rules! call {
    ($($call:tt)*) => { |side| Command::End(side, EndCommand::Call { on: None, call: CallRequest::$($call)* }) };
}
macro_rules! full {
    ($($call:tt)*) => { call!(Full(Call::$($call)*)) };
}
macro_rules! end {
    ($($command:tt)*) => { |side| Command::End(side, EndCommand::$($command)*) };
}
macro_rules! wire {
    ($($command:tt)*) => { |_| Command::Wire(WireCommand::$($command)*) };
}
macro_rules! screen {
    ($($command:tt)*) => { |_| Command::Screen(ScreenCommand::$($command)*) };
}

const fn primary(button: Button) -> Button {
    Button {
        primary: true,
        ..button
    }
}

macro_rules! verb {
    (Call($kind:ident)) => {
        Verb::End(EndVerb::Call(CallKind::$kind))
    };
    (End($verb:ident)) => {
        Verb::End(EndVerb::$verb)
    };
    (Wire($verb:ident)) => {
        Verb::Wire(WireVerb::$verb)
    };
    (Screen($command:ident)) => {
        Verb::Screen(ScreenCommand::$command)
    };
}

// A call has the protocol's name, any other row its own.
macro_rules! name {
    (Call($kind:ident)) => {
        CallKind::$kind.name()
    };
    ($of:ident($verb:ident) $name:literal) => {
        $name
    };
}

macro_rules! table {
    ($($of:ident($verb:ident) $($name:literal)? $group:ident [$($button:expr),*] [$($arg:expr),*] $help:literal;)*) => {
        /// Returns the row of a command's word.
        pub const fn row(verb: Verb) -> &'static Spec {
            match verb {
                $(verb!($of($verb)) => const {
                    &Spec {
                        verb: verb!($of($verb)),
                        name: name!($of($verb) $($name)?),
                        group: CommandGroup::$group,
                        buttons: &[$($button),*],
                        args: &[$($arg),*],
                        help: $help,
                    }
                },)*
                // A word with an argument is the word.
                Verb::Screen(ScreenCommand::UseTheme(_)) => row(Verb::Screen(ScreenCommand::Themes)),
            }
        }

        /// Every command, in the order of its button.
        pub static TABLE: &[&Spec] = &[$(row(verb!($of($verb)))),*];
    };
}

table! {
    Call(Socket) Open [button('S', "socket", call!(Socket))] []
        "make a new socket and make it the current one";
    Call(Bind) Open [button('b', "bind", call!(Bind { address: Address::Default }))] [Arg::Plain("address", ArgKind::Address), ON]
        "give the socket a local address; without one, the lab's";
    Call(Listen) Open [primary(button('l', "listen", full!(Listen { backlog: BACKLOG })))]
        [Arg::Named("backlog", ArgKind::Number(-1, 65_535)), ON]
        "wait for connections, by default backlog=2; makes and binds a socket if there is none to use";
    Call(Accept) Open [primary(button('a', "accept", call!(Accept)))] [ON]
        "take a connection from the listener's queue; blocks while there is none";
    Call(Connect) Open [primary(button('c', "connect", call!(Connect { address: Address::Default, deadline: None })))]
        [Arg::Plain("address", ArgKind::Address), Arg::Named("deadline", ArgKind::Time), ON]
        "connect to the server: the current socket if it has not connected yet, else a new one";
    End(Reconnect) "reconnect" Open [button('C', "reconnect", call!(Reconnect { address: Address::Default, deadline: None }))]
        [Arg::Plain("address", ArgKind::Address), Arg::Named("deadline", ArgKind::Time), ON]
        "call connect on the current socket as it is: EISCONN, EALREADY, EBADF, ...";
    Call(Read) Talk [primary(button('r', "read", full!(Read { n: READ_BYTES, flags: Vec::new(), deadline: None })))]
        [Arg::Plain("n", ArgKind::Number(0, MOST_BYTES)), Arg::Flags(&["peek", "waitall", "dontwait", "oob"]), Arg::Named("deadline", ArgKind::Time), ON]
        "read at most n bytes, by default 1024; blocks while there is nothing";
    Call(Write) Talk [primary(button('w', "write", full!(Write { data: Bytes(WRITTEN.to_vec()), repeat: 1, flags: Vec::new(), deadline: None })))]
        [Arg::Plain("bytes", ArgKind::Bytes), Arg::Flags(&["nosignal", "oob", "dontwait"]), Arg::Named("repeat", ArgKind::Number(1, MOST_BYTES)), Arg::Named("deadline", ArgKind::Time), ON]
        "write bytes, by default \"hello\"; repeat=n writes them n times in one call";
    Call(Shutdown) End [
        primary(button('h', "shut wr", full!(Shutdown { how: ShutdownHow::Write }))),
        button('H', "shut rd", full!(Shutdown { how: ShutdownHow::Read })),
        button('B', "shut both", full!(Shutdown { how: ShutdownHow::Both }))
    ]
        [Arg::Plain("how", ArgKind::Word(&["write", "read", "both"])), ON]
        "end a direction: write sends FIN (half-close), read sends nothing, both does both";
    Call(Close) End [primary(button('x', "close", full!(Close)))] [ON]
        "close the descriptor; closing the last one of a connection sends FIN";
    Call(RstClose) End [primary(button('X', "reset", full!(RstClose)))] [ON]
        "set SO_LINGER to 0 seconds, then close: sends RST instead of FIN";
    Call(LingerClose) End [button('L', "linger-close", full!(LingerClose { seconds: LINGER_S }))]
        [Arg::Plain("seconds", ArgKind::Time), ON]
        "set SO_LINGER to n seconds, by default 5, then close: blocks until all is acknowledged or time is up";
    Call(Disconnect) End [button('D', "disconnect", full!(Disconnect))] [ON]
        "connect(AF_UNSPEC): dissolve the connection with RST and keep the socket";
    Call(Dup) Ask [button('U', "dup", call!(Dup))] [ON]
        "a second descriptor for the same socket; only closing the last one ends the connection";
    Call(Poll) Ask [button('p', "poll", full!(Poll { events: POLLED.to_vec(), timeout: Millis(0) }))]
        [Arg::Flags(&["in", "out", "rdhup", "hup", "err", "pri"]), Arg::Named("timeout", ArgKind::Time), ON]
        "what the socket is ready for, by default in out rdhup, timeout=0";
    Call(SoError) Ask [button('e', "SO_ERROR", full!(SoError))] [ON]
        "read the socket's pending error, which clears it";
    Call(Options) Ask [] [ON]
        "read every option of the socket";
    Call(GetOption) Ask [] [Arg::Plain("option", ArgKind::Option), ON]
        "read one option: get-option TCP_NODELAY";
    Call(SetOption) Ask [] [Arg::Plain("option", ArgKind::Option), Arg::Plain("value", ArgKind::OptionValue), ON]
        "set one option: set-option TCP_NODELAY on, set-option SO_LINGER 0";
    End(Use) "use" Process [primary(button('u', "next socket", end!(Use(Pick::Next))))] [Arg::Plain("socket", ArgKind::Socket)]
        "make a socket the current one; next is the next in the list";
    Call(Interrupt) Process [primary(button('i', "interrupt", end!(Interrupt(None))))]
        [Arg::Plain("call", ArgKind::Number(1, i64::MAX))]
        "send a signal to the blocked call: it returns EINTR";
    Call(Sigpipe) Process [button('g', "SIGPIPE", end!(Sigpipe(None)))] [Arg::Plain("what", ArgKind::Word(&["ignore", "default"]))]
        "what SIGPIPE does: ignored, write returns EPIPE; at its default, the process dies";
    End(Kill) "kill" Process [button('K', "kill -9", end!(Kill))] []
        "kill -9 the endpoint; the kernel closes its sockets";
    End(Restart) "restart" Process [button('R', "restart", end!(Restart))] []
        "start a new endpoint process on the same host, driven by the runtime that was chosen for it";
    End(Runtime) "runtime" Process [] [Arg::Plain("runtime", ArgKind::Word(&RUNTIMES))]
        "choose the language that drives this end from its next start on: runtime go, then restart";
    Screen(Runtimes) "runtimes" Process [button('G', "runtime", screen!(Runtimes))] []
        "choose the language that drives this end from its next start on: what is installed, what is missing";
    End(Destroy) "destroy" Process [button('J', "ss -K", end!(Destroy(None)))] [ON]
        "destroy the connection as an administrator does (SOCK_DESTROY): the endpoint gets ECONNABORTED, the peer gets RST";
    End(Host) "host" Process [] [Arg::Plain("setting", ArgKind::Setting), Arg::Plain("value", ArgKind::SettingValue)]
        "change a setting of the host: host tcp_syn_retries 2, host default_route off, host nofile 0 (of its process)";
    Screen(RunPrompt) "run-prompt" Program [primary(button('"', "run ...", screen!(RunPrompt)))] []
        "type the command line of a program of your own, to be started on this end's host: nginx -p . -c nginx.conf";
    End(Run) "run" Program []
        [Arg::Named("cwd", ArgKind::Path), Arg::Named("env", ArgKind::Pair), Arg::Named("file", ArgKind::Pair),
         Arg::Named("stdin", ArgKind::Bytes), Arg::Named("terminal", ArgKind::Word(&["yes", "no"])), Arg::Plain("command", ArgKind::CommandLine)]
        "start a program of your own on this host, unmodified: run curl -sS http://server:8080/; the command line goes to the end, cwd=DIR env=A=1 stdin=\"PING\\r\\n\" come before it";
    End(Signal) "signal" Program [
        primary(button('\'', "SIGTERM", end!(Signal(Signal(libc::SIGTERM), None)))),
        button('~', "SIGHUP", end!(Signal(Signal(libc::SIGHUP), None)))
    ]
        [Arg::Plain("signal", ArgKind::Signal), Arg::Plain("program", ArgKind::Program)]
        "send a program a signal: signal TERM, signal HUP nginx; by default the newest that runs";
    End(KillProgram) "kill-program" Program [primary(button('9', "kill -9", end!(KillProgram(None))))] [Arg::Plain("program", ArgKind::Program)]
        "kill -9 a program with all its processes, workers and daemons too; by default the newest that runs";
    End(RestartProgram) "restart-program" Program [primary(button('_', "again", end!(RestartProgram(None))))] [Arg::Plain("program", ArgKind::Program)]
        "start the same program again; one that still runs is killed first";
    End(Await) "await" Program []
        [Arg::Plain("what", ArgKind::Awaited), Arg::Plain("of", ArgKind::AwaitedOf), PORT, ON,
         Arg::Named(PROGRAM, ArgKind::Program), Arg::Named("within", ArgKind::Time)]
        "wait, by default within=5s: await LISTEN port=8080, await exit curl, await output \"ready\"; what can come no more is not waited for";
    Screen(NextProgram) "next-program" Program [button('Q', "next", screen!(NextProgram))] []
        "show the next program of this end";
    Screen(ProgramOutput) "output" Program [button('0', "output", screen!(ProgramOutput))] []
        "show all that the program wrote, and its system calls (with --syscalls)";
    Screen(Programs) "programs" Program [button('$', "programs", screen!(Programs))] []
        "show the programs of this end in place of its buttons, and back";
    Wire(Mode) "mode" Wire [primary(button('s', "mode", wire!(Mode(ModeChoice::Next))))] [Arg::Plain("mode", ArgKind::Word(&["flow", "slow", "step"]))]
        "let segments pass at once (flow), let each take its time (slow), or hold each until you say so (step); without an argument, the next of the three";
    Wire(Step) "step" Wire [] [Arg::Plain("which", ArgKind::Word(&["all"]))]
        "hold every segment until you say so; what its host sends again is folded behind it; UDP and the like pass, unless it is step all";
    Wire(Flow) "flow" Wire [] []
        "let segments pass, including those that step has held and those that are under way";
    Wire(Slow) "slow" Wire [] [Arg::Plain("time", ArgKind::Time)]
        "let segments pass, but each takes its time on the wire: slow 0.4s; from 500ms on, a SYN is sent again before its answer is there";
    Wire(Deliver) "deliver" Wire [
        primary(button('n', "deliver", wire!(Deliver(Target::Next)))),
        button('N', "deliver all", wire!(Deliver(Target::All)))
    ]
        [WHICH, COPIES, FROM, ON_CONNECTION, PORT, SEQ, PAYLOAD, AFTER, SIZES[0], SIZES[1], SIZES[2], NTH, TIMES, CHANCE, SEED]
        "deliver held segments: the selected or oldest, all, or #7; its copies are discarded (all copies=yes delivers them); with a kind (deliver SYN), add a rule";
    Wire(Drop) "drop" Wire [
        primary(button('d', "drop", wire!(Drop(Target::Next)))),
        button('A', "drop all", wire!(Drop(Target::All)))
    ]
        [WHICH, FROM, ON_CONNECTION, PORT, SEQ, PAYLOAD, AFTER, SIZES[0], SIZES[1], SIZES[2], NTH, TIMES, CHANCE, SEED]
        "drop held segments and their copies; with a kind, add a rule: drop SYN from=client nth=2 times=1, drop data on=client2 after=65536, drop any size>=1400";
    Wire(Duplicate) "duplicate" Wire [button('j', "duplicate", wire!(Duplicate(Target::Next)))]
        [WHICH, FROM, ON_CONNECTION, PORT, SEQ, PAYLOAD, AFTER, SIZES[0], SIZES[1], SIZES[2], NTH, TIMES, CHANCE, SEED]
        "duplicate held segments; with a kind, add a rule";
    Wire(Delay) "delay" Wire [button('k', "delay", wire!(Delay(Target::Next, DELAY_TIME)))]
        [WHICH, Arg::Named("ms", ArgKind::Time), FROM, ON_CONNECTION, PORT, SEQ, PAYLOAD, AFTER, SIZES[0], SIZES[1], SIZES[2], NTH, TIMES, CHANCE, SEED]
        "deliver held segments later, by default after ms=1000; with a kind, add a rule";
    Wire(Hold) "hold" Wire []
        [WHICH, FROM, ON_CONNECTION, PORT, SEQ, PAYLOAD, AFTER, SIZES[0], SIZES[1], SIZES[2], NTH, TIMES, CHANCE, SEED]
        "add a rule that holds such segments: hold FIN from=server, hold any seq=1 payload=yes";
    Wire(Preset) "preset" Wire []
        [Arg::Plain("preset", ArgKind::Word(&PRESETS))]
        "add one of the common rules";
    Wire(Rule) "rule" Wire []
        [Arg::Plain("rule", ArgKind::Number(1, u32::MAX as i64)), Arg::Plain("change", ArgKind::Word(&["on", "off", "remove"]))]
        "switch a rule on or off, or remove it";
    Wire(Clear) "clear" Wire [] []
        "remove all rules";
    Wire(Forge) "forge" Wire []
        [Arg::Plain("what", ArgKind::Word(&FORGERIES)),
         Arg::Named("to", SIDE), Arg::Named("seq", ArgKind::Word(&["exact", "in-window", "out-of-window"])), ON_CONNECTION, PORT,
         Arg::Named("source", ArgKind::Address), Arg::Named("destination", ArgKind::Address), Arg::Named("bytes", ArgKind::Bytes)]
        "send a packet in the other end's name: forge rst to=client seq=in-window, forge rst to=client on=client2; with source=:9999, of no connection";
    Wire(Link) "link" Wire []
        [Arg::Plain("profile", ArgKind::Word(&LINKS)), FROM,
         Arg::Named("delay", ArgKind::Time), Arg::Named("jitter", ArgKind::Time), Arg::Named("rate", ArgKind::Rate),
         Arg::Named("limit", ArgKind::Number(1, 1_000_000)), Arg::Named("loss", ArgKind::Share),
         Arg::Named("duplicate", ArgKind::Share), Arg::Named("corrupt", ArgKind::Share), Arg::Named("reorder", ArgKind::Share),
         Arg::Named("strip", ArgKind::TcpOptions), Arg::Named("mtu", ArgKind::Number(576, 65_535)),
         Arg::Named("blackhole", ArgKind::Number(68, 65_535)), SEED]
        "have what passes cross a link, in the terms of netem: link delay=40ms rate=2mbit loss=1%, link 3g, link blackhole=1400 from=server; link shows it, link off takes it away";
    Screen(ForgeDialog) "forge-dialog" Screen [primary(button('f', "forge", screen!(ForgeDialog)))] []
        "choose a packet to forge: RST, SYN, FIN, data, ICMP; sent to the end that has the keys";
    Screen(WireRules) "wire-rules" Screen [primary(button('W', "rules", screen!(WireRules)))] []
        "show the wire's rules: switch them on and off, add common ones";
    Screen(HeldBefore) "held-before" Screen [button('<', "older", screen!(HeldBefore))] []
        "select the held segment before this one";
    Screen(HeldAfter) "held-after" Screen [button('>', "newer", screen!(HeldAfter))] []
        "select the held segment after this one: deliver it, and it overtakes the older ones";
    Screen(Scenarios) "lessons" Screen [button('Y', "lessons", screen!(Scenarios))] []
        "choose a lesson to be guided through: the first ones, or one that answers a question";
    Screen(TourNext) "next" Screen [button('.', "Next", screen!(TourNext))] []
        "run the guide's next step; in a recording (finwait open), show what happened next";
    Screen(TourEnd) "to-the-end" Screen [button('=', "to the end", screen!(TourEnd))] []
        "run all of the guide's remaining steps; in a recording, go to its end";
    Screen(TourBack) "back" Screen [button(',', "Back", screen!(TourBack))] []
        "go one step back: the steps before it run again, in a fresh lab; in a recording, go back in time";
    Screen(ToTheStart) "to-the-start" Screen [button('-', "to the start", screen!(ToTheStart))] []
        "begin the guide again, in a fresh lab; in a recording, go to its start";
    Screen(TourRejoin) "rejoin" Screen [button('I', "rejoin", screen!(TourRejoin))] []
        "run the guide's steps so far again, in a fresh lab: back on its path, where you have left it or time has run out";
    Screen(NextCommand) "next-command" Screen [button(']', "next command", screen!(NextCommand))] []
        "in a recording, go to before the next command";
    Screen(CommandBefore) "command-before" Screen [button('[', "command before", screen!(CommandBefore))] []
        "in a recording, go back to before the last command";
    Screen(ToTheLine) "to-the-line" Screen [button('@', "to the line", screen!(ToTheLine))] []
        "in a recording, go to when the selected log line was written";
    Screen(Predict) "predict" Screen [button('#', "predict", screen!(Predict))] []
        "guess what the guide's next step will return, before it runs";
    Screen(Branch) "branch" Screen [button('&', "branch", screen!(Branch))] []
        "change the guide's next step: both versions run, and are shown side by side";
    Screen(TourLeave) "leave" Screen [button(';', "Leave", screen!(TourLeave))] []
        "leave the guide, and explore from here: the sockets stay as they are";
    Screen(NewLab) "new-lab" Screen [button('+', "new lab", screen!(NewLab))] []
        "begin anew in a fresh lab, of a kind that you choose; asks first, and offers to record what was done";
    Screen(NextConnection) "next-connection" Screen [button('V', "next connection", screen!(NextConnection))] []
        "show one connection alone, the next each time, then all again; its sockets become the current ones";
    Screen(AllConnections) "all-connections" Screen [button('*', "all connections", screen!(AllConnections))] []
        "show all connections, or the newest one alone";
    Screen(EndedSockets) "ended-sockets" Screen [button('Z', "ended", screen!(EndedSockets))] []
        "show or hide the sockets of this end that are closed and gone";
    Screen(Record) "record" Screen [button('O', "record", screen!(Record))] []
        "write what you have done so far to a scenario file (.toml) that runs again, with the results; finwait --record writes a recording (.jsonl)";
    Screen(Export) "export" Screen [button(')', "export", screen!(Export))]
        [Arg::Plain("file", ArgKind::File), Arg::Flags(&[FORCE])]
        "write the run so far to a file that others read; asks for its name, whose ending says the format: .svg .html .md .txt .mmd .pcapng .cast";
    Screen(Screenshot) "screenshot" Screen [button('(', "screenshot", screen!(Screenshot))]
        [Arg::Plain("file", ArgKind::File), Arg::Flags(&[FORCE])]
        "write the screen as it is to a new file, finwait-1.svg (also Ctrl-S, over a dialog, too); screenshot FILE chooses the name: .svg or .txt";
    Screen(OptionsDialog) "options-dialog" Screen [primary(button('o', "options", screen!(OptionsDialog)))] []
        "show and set the options of the current socket";
    Screen(HostSettings) "host-settings" Screen [button('t', "host", screen!(HostSettings))] []
        "show and change the settings of this end's host";
    Screen(RawRows) "raw" Screen [button('T', "raw rows", screen!(RawRows))] []
        "show the sockets as /proc/net/tcp prints them";
    Screen(Why) "why" Screen [button('!', "why?", screen!(Why))] []
        "why the last call returned what it did: its state, what set the error, the rule, what other languages say; or what it waits for";
    Screen(Edit) "edit" Screen [button('E', "edit", screen!(Edit))] []
        "change the marked button's arguments before it is pressed (or right-click a button)";
    Screen(More) "more" Screen [button('m', "more", screen!(More))] []
        "show all buttons of this end and of the wire, with what each does";
    Screen(OtherEnd) "other-end" Screen [button('`', "other end", screen!(OtherEnd))] []
        "move the keys to the other end (1 the client, 2 the server)";
    Screen(States) "states" Screen [button('v', "states", screen!(States))] []
        "show the state diagram (RFC 9293, figure 5) in place of the time-sequence diagram, and back";
    Screen(Zoom) "zoom" Screen [button('z', "zoom", screen!(Zoom))] []
        "give the whole screen to the diagram, then to the end that has the keys, then to the log; Esc goes back";
    Screen(Themes) "theme" Screen [button('%', "themes", screen!(Themes))] [Arg::Plain("name", ArgKind::Theme)]
        "choose the screen's colours, and see them at once; theme dark chooses those";
    Screen(Present) "present" Screen [button('P', "present", screen!(Present))] []
        "show the states in large letters, with the last few segments and a sentence, for the last row; again: the whole screen";
    Screen(LogFilter) "log-filter" Screen [button('/', "filter", screen!(LogFilter))] []
        "choose which log lines are shown: all, calls, segments, states, processes, programs";
    Screen(LogFollow) "log-follow" Screen [button('F', "follow", screen!(LogFollow))] []
        "let the log follow new lines, or stay where it is";
    Screen(CopyLine) "copy-line" Screen [button('y', "copy", screen!(CopyLine))] []
        "copy the selected log line to the terminal's clipboard";
    Screen(Mouse) "mouse" Screen [button('M', "mouse", screen!(Mouse))] []
        "let the mouse go, so that the terminal selects text with it; press the key again to take it back";
    Screen(Prompt) "prompt" Screen [button(':', "command", screen!(Prompt))] []
        "type a command with arguments; Tab completes";
    Screen(Palette) "palette" Screen [button('^', "find", screen!(Palette))] []
        "find anything that can be done by a word of it (also Ctrl-P): half finds shutdown write";
    Screen(Help) "help" Screen [button('?', "help", screen!(Help))] []
        "explain what has the focus, then each key, sign and state; type to search (also F1)";
    Screen(Quit) "quit" Screen [button('q', "quit", screen!(Quit))] []
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
    row(Verb::End(command.verb()))
}

/// The row of a screen command.
pub const fn of_screen(command: ScreenCommand) -> &'static Spec {
    row(Verb::Screen(command))
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

    /// A value that an argument of that kind can have.
    fn sample(kind: ArgKind) -> String {
        match kind {
            ArgKind::Address => ":8080".into(),
            ArgKind::Bytes => "x".into(),
            ArgKind::Number(low, _) => low.to_string(),
            ArgKind::Time => "1s".into(),
            ArgKind::Word(words) => words[0].into(),
            ArgKind::Socket => "client2".into(),
            ArgKind::Option => "SO_LINGER".into(),
            ArgKind::OptionValue => "5".into(),
            ArgKind::Setting => "nofile".into(),
            ArgKind::SettingValue => "5".into(),
            ArgKind::Segment => "any".into(),
            ArgKind::Theme => "dark".into(),
            ArgKind::Path => "/tmp".into(),
            ArgKind::File => "run.svg".into(),
            ArgKind::Pair => "A=1".into(),
            ArgKind::CommandLine => "curl -sS http://server:8080/".into(),
            ArgKind::Program | ArgKind::AwaitedOf => "nginx".into(),
            ArgKind::Signal => "TERM".into(),
            ArgKind::Awaited => "exit".into(),
            ArgKind::Connection => "client2".into(),
            ArgKind::Nth => "3..".into(),
            ArgKind::Share => "0.1%".into(),
            ArgKind::Rate => "2mbit".into(),
            ArgKind::TcpOptions => "wscale,sack".into(),
        }
    }

    /// A row's command with one argument as given and with those before it that it needs.
    fn typed(spec: &Spec, arg: &Arg, value: &str) -> String {
        let of = match spec.verb {
            Verb::Wire(_) => "wire ",
            Verb::End(_) => "client ",
            Verb::Screen(_) => "",
        };
        let mut text = format!("{of}{}", spec.name);
        for other in spec.args {
            let word = match other {
                _ if other == arg => match arg {
                    Arg::Named(name, _) => format!("{name}={value}"),
                    Arg::Plain(..) | Arg::Flags(_) => value.to_owned(),
                },
                // A kind of segment makes a rule, which has no copies.
                Arg::Plain(..) if matches!(arg, Arg::Named("copies", _)) => "all".to_owned(),
                // A state has a port and a socket, and the output a program.
                Arg::Plain(_, ArgKind::Awaited) if matches!(arg, Arg::Named("port" | "on", _)) => "LISTEN".to_owned(),
                Arg::Plain(_, ArgKind::AwaitedOf) if matches!(arg, Arg::Named("port" | "on", _)) => continue,
                Arg::Plain(_, ArgKind::Awaited) if matches!(arg, Arg::Named(PROGRAM, _)) => "output".to_owned(),
                // Only data has bytes.
                Arg::Plain(..) if matches!(arg, Arg::Named("bytes", _)) => Forgery::Data.name().to_owned(),
                Arg::Plain("profile" | "which", _)
                    if matches!(spec.verb, Verb::Wire(WireVerb::Link | WireVerb::Step)) =>
                {
                    continue;
                }
                Arg::Plain(_, kind) => sample(*kind),
                // Without them there is no forgery, and no chance; without a rule there is none of the latter.
                Arg::Named("chance", _) if matches!(arg, Arg::Named("copies", _)) => continue,
                // A part of a link, and what it needs beside it.
                Arg::Named("rate", _) if matches!(arg, Arg::Named("limit", _)) => "rate=1mbit".to_owned(),
                Arg::Named("delay", _) if matches!(arg, Arg::Named("reorder" | "from" | "seed", _)) => {
                    "delay=1s".to_owned()
                }
                // The receiver's address goes with the sender's.
                Arg::Named("source", _) if matches!(arg, Arg::Named("destination", _)) => "source=:9999".to_owned(),
                Arg::Named(name @ ("to" | "chance"), kind) => format!("{name}={}", sample(*kind)),
                Arg::Named(..) | Arg::Flags(_) => continue,
            };
            text.push(' ');
            text.push_str(&word);
        }
        text
    }

    /// Each argument is taken as its row says: each of its words, and numbers up to both bounds and not beyond.
    #[test]
    fn arguments_are_what_their_rows_say() {
        use crate::command::parse::parse;
        let takes = |text: &str| {
            let command = parse(text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(parse(&command.to_string(), None).as_ref(), Ok(&command), "{text}");
            command
        };
        for spec in TABLE {
            for arg in spec.args {
                match arg {
                    Arg::Plain(_, ArgKind::Word(words)) | Arg::Named(_, ArgKind::Word(words)) => {
                        for word in *words {
                            takes(&typed(spec, arg, word));
                        }
                    }
                    Arg::Flags(words) => {
                        for word in *words {
                            let command = takes(&typed(spec, arg, word)).to_string();
                            assert!(command.split(' ').any(|part| part == *word), "{command} without {word}");
                        }
                    }
                    Arg::Plain(_, ArgKind::Number(low, high)) | Arg::Named(_, ArgKind::Number(low, high)) => {
                        for good in [low, high] {
                            takes(&typed(spec, arg, &good.to_string()));
                        }
                        for bad in [i128::from(*low) - 1, i128::from(*high) + 1] {
                            let text = typed(spec, arg, &bad.to_string());
                            let error = parse(&text, None).expect_err(&text).to_string();
                            assert!(
                                error.contains(&format!("a number from {low} to {high}")),
                                "{text}: {error}"
                            );
                        }
                    }
                    Arg::Plain(_, kind) | Arg::Named(_, kind) => {
                        takes(&typed(spec, arg, &sample(*kind)));
                    }
                }
            }
        }
    }

    #[test]
    fn the_help_names_the_defaults() {
        let help = |kind| row(Verb::End(EndVerb::Call(kind))).help;
        assert!(help(CallKind::Listen).contains(&format!("backlog={BACKLOG}")));
        assert!(help(CallKind::Read).contains(&format!("by default {READ_BYTES}")));
        assert!(help(CallKind::Write).contains(&format!("\"{}\"", WRITTEN.escape_ascii())));
        assert!(help(CallKind::LingerClose).contains(&format!("by default {LINGER_S}")));
        let delay = row(Verb::Wire(WireVerb::Delay)).help;
        assert!(delay.contains(&format!("ms={}", DELAY_TIME.0)));
    }

    /// Each press is in the row of its word, is the same when typed, and no other press is.
    #[test]
    fn every_button_is_a_command_of_its_row() {
        use crate::command::parse::parse;
        let mut seen = HashSet::new();
        for spec in TABLE {
            for button in spec.buttons {
                let client = (button.command)(Side::Client).to_string();
                assert!(seen.insert(client.clone()), "{client}");
                for side in Side::BOTH {
                    let command = (button.command)(side);
                    if let Command::End(of, _) = &command {
                        assert_eq!(*of, side, "{}", spec.name);
                    }
                    assert_eq!(command.verb(), spec.verb, "{}", spec.name);
                    assert_eq!(
                        parse(&command.to_string(), None).as_ref(),
                        Ok(&command),
                        "{}",
                        spec.name
                    );
                }
            }
        }
    }

    /// A button without arguments of its own is the word typed alone.
    #[test]
    fn a_word_alone_is_the_command_of_its_only_button() {
        use crate::command::parse::parse;
        for spec in TABLE.iter().filter(|spec| spec.verb != Verb::End(EndVerb::Use)) {
            let [button] = spec.buttons else { continue };
            let typed = parse(spec.name, Some(Side::Client));
            assert_eq!(typed, Ok((button.command)(Side::Client)), "{}", spec.name);
        }
    }
}
