//! The hint: one line that says what a press would do here and now, and with which arguments.
//!
//! Pure: from the action of an area or of the mark, the session and the end that has the keys. What the action is comes from the command
//! table; what it would give now, where the state of a socket decides, from what that state means.

use crate::call::{Call, ReadFlag, ShutdownHow, SocketName};
use crate::command::table::{self, Arg, Button, Spec};
use crate::command::wire::{Target, WireCommand};
use crate::command::{Address, CallRequest, Command, EndCommand, Pick, ScreenCommand};
use crate::explain::meaning::{ReadReply, WriteReply};
use crate::session::transcript::EntryKind;
use crate::session::view::{HeldBy, SocketView};
use crate::session::{LabKind, ProcessState, Session};
use crate::side::Side;
use crate::state::State;
use crate::text::width;
use crate::tui::dialog::state::StateOf;
use crate::tui::hit::Action;
use crate::tui::keys::Keymap;
use crate::tui::shown::ShownConnection;
use crate::wire::queue::Mode;

/// The parts of a hint, of which those are left out that there is no room for.
#[derive(Clone, Debug, Default)]
struct Parts {
    /// The button, or what else is pressed.
    name: Option<Name>,
    /// The effect.
    does: String,
    /// The arguments that can be changed before it is pressed.
    takes: Option<String>,
    /// The outcome that it would have now.
    now: Option<String>,
}

/// The name of what is pressed.
#[derive(Clone, Debug)]
enum Name {
    /// A button, by its key and its label: `w write`.
    Button(&'static Button),
    /// Anything else.
    Text(String),
}

/// Returns the line for what is under the pointer, or marked: what a press does here and now, in at most `columns` columns.
///
/// What there is no room for is left out whole: first the arguments, then the details; what it would give now goes last.
pub fn hint(action: &Action, session: &Session, focus: Side, columns: u16, keys: &Keymap) -> String {
    parts(action, session, focus, keys).fit(usize::from(columns), keys)
}

impl Parts {
    fn does(text: impl Into<String>) -> Parts {
        Parts {
            does: text.into(),
            ..Parts::default()
        }
    }

    fn now(self, now: impl Into<String>) -> Parts {
        Parts {
            now: Some(now.into()),
            ..self
        }
    }

    /// The longest of its forms that fits.
    fn fit(&self, room: usize, keys: &Keymap) -> String {
        let clauses = clauses(&self.does);
        let (takes, now) = (self.takes.as_deref(), self.now.as_deref());
        let whole = self.does.as_str();
        let first = clauses.first().copied().unwrap_or(whole);
        let last = clauses.last().copied().unwrap_or(whole);
        let forms = [
            (whole, takes, now),
            (first, takes, now),
            (whole, None, now),
            (first, None, now),
            (last, None, now),
            (first, None, None),
        ];
        let mut texts = forms
            .into_iter()
            .map(|(does, takes, now)| self.line(keys, does, takes, now));
        if let Some(text) = texts.find(|text| width(text) <= room) {
            return text;
        }
        let shorter = clauses.iter().map(|does| self.line(keys, does, None, None));
        shorter
            .into_iter()
            .find(|text| width(text) <= room)
            .unwrap_or_else(|| cut(&self.line(keys, last, None, None), room))
    }

    fn line(&self, keys: &Keymap, does: &str, takes: Option<&str>, now: Option<&str>) -> String {
        let mut line = String::new();
        match &self.name {
            Some(Name::Text(name)) => line.push_str(&format!("{name}: ")),
            Some(Name::Button(button)) => {
                let key = keys.label(button);
                let blank = if key.is_empty() { "" } else { " " };
                line.push_str(&format!("{key}{blank}{}: ", button.label));
            }
            None => {}
        }
        line.push_str(does);
        if let Some(takes) = takes {
            line.push_str("; right click: ");
            line.push_str(takes);
        }
        if let Some(now) = now {
            if !line.ends_with(['.', '?']) {
                line.push('.');
            }
            line.push(' ');
            line.push_str(now);
        }
        line
    }
}

/// The beginnings of a text that end where a clause does, the longest first: before `; `, then `: `, ` (` or `, `.
fn clauses(text: &str) -> Vec<&str> {
    let mut ends: Vec<usize> = ["; ", ". ", ": ", " (", ", "]
        .iter()
        .flat_map(|mark| text.match_indices(mark).map(|(at, _)| at))
        .filter(|at| *at > 0)
        // A list within parentheses is one thing.
        .filter(|at| text[..*at].matches('(').count() == text[..*at].matches(')').count())
        .collect();
    ends.sort_unstable();
    ends.dedup();
    let main = text.find("; ");
    let mut begins: Vec<&str> = ends.iter().rev().map(|end| &text[..*end]).collect();
    // The first form to be tried is the main clause.
    if let Some(main) = main {
        begins.retain(|begin| begin.len() <= main);
    } else {
        begins.insert(0, text);
    }
    begins
}

/// A refusal as a sentence.
fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// The words of a text that fit, with two dots for the rest.
fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut line = String::new();
    for word in text.split(' ') {
        let blank = usize::from(!line.is_empty());
        if width(&line) + blank + width(word) + 2 > room {
            break;
        }
        if blank == 1 {
            line.push(' ');
        }
        line.push_str(word);
    }
    line + ".."
}

fn parts(action: &Action, session: &Session, focus: Side, keys: &Keymap) -> Parts {
    let copy = || keys.of_screen(ScreenCommand::CopyLine);
    match action {
        Action::End(side, command) => of_end(*side, command, session),
        Action::Wire(command) => of_wire(command, session),
        Action::Screen(side, command) => of_screen(*command, side.unwrap_or(focus), session),
        Action::Focus(side) => Parts {
            name: Some(Name::Text(format!("{} {side}", digit(*side)))),
            ..Parts::does(format!("the keys go to the {side}"))
        },
        Action::LogLine(Some(_)) => Parts::does(format!(
            "select this line; again: why the call returned that, or what is in the segment; {} copies it",
            copy()
        )),
        Action::LogLine(None) => Parts::does(format!(
            "the log: arrows select a line, Enter looks into it, {} copies it",
            copy()
        )),
        Action::Segment(entry) => of_segment(*entry, session),
        Action::Why(call) => {
            let waits = session
                .ends
                .iter()
                .any(|(_, end)| end.pending.iter().any(|pending| pending.id == *call));
            Parts::does(if waits {
                "what this call waits for, and what would end it"
            } else {
                "why the call returned that: the state, what set the error, the rule"
            })
        }
        Action::WhyEntry(_) => {
            Parts::does("why the program met that: what set the error, the rule, the scenario that proves it")
        }
        Action::Program(_, no) => match session.programs.get(*no) {
            Some(program) => Parts {
                name: Some(Name::Text(program.name.to_string())),
                ..Parts::does("show this program: its lines, and what can be done to it").now(format!(
                    "It {}: {}.",
                    program.words(),
                    program.spec.run
                ))
            },
            None => Parts::does("show this program"),
        },
        Action::WhyNow => {
            Parts::does("why the call that is shown here returned that: the state, what set the error, the rule")
        }
        Action::Meaning(side, of) => of_meaning(*side, of, session),
        Action::Means(state) => Parts::does(format!("what {state} means, in each situation that it is seen in")),
        Action::Details(side) => Parts::does(format!(
            "all sockets and calls of the {side}, with the kernel's numbers"
        )),
        Action::Item(_) => Parts::does("choose this"),
        Action::MoreOfTheGuide => Parts::does("show the rest of the guide's words; the wheel does, too"),
        Action::Back => Parts::does("close this (Esc)"),
        Action::Typed(text, command) => Parts {
            name: Some(Name::Text(text.clone())),
            ..of_command(command, session, focus)
        },
        Action::ReadOptions(side, socket) => {
            let of = socket
                .as_ref()
                .map_or_else(|| format!("the {side}'s current socket"), ToString::to_string);
            Parts::does(format!("read the options of {of}"))
        }
        Action::ShowEntry(_) => Parts::does("show this line in the log"),
        Action::Guide(scenario) => Parts::does(format!(
            "be guided through {}, in a fresh lab; the sockets of this one are closed",
            scenario.name
        )),
        Action::GuideAllowed(scenario) | Action::GuideInstead { scenario, .. } => {
            Parts::does(format!("be guided through {}", scenario.name))
        }
        Action::SideBySide(lesson) => Parts::does(format!("see {} step by step, in two labs", lesson.title)),
        Action::Predict { picked, .. } => {
            Parts::does(format!("predict {picked}; the guide's next step says whether it is so"))
        }
        Action::NewLab { record: true, .. } => {
            Parts::does("write what was done to a scenario file, then make a new lab")
        }
        Action::NewLab { record: false, .. } => Parts::does("make a new lab; the sockets of this one are closed"),
        Action::ShowConnection(ShownConnection::All) => Parts::does("show every connection in the diagram"),
        Action::ShowConnection(ShownConnection::Newest) => Parts::does("show the newest connection alone"),
        Action::ShowConnection(ShownConnection::One(no)) => Parts::does(format!(
            "show connection {no} alone; its sockets become the current ones"
        )),
        Action::Compare(branch) => Parts::does(format!(
            "run {} as it is and with its step {} changed, side by side",
            branch.trunk.name,
            branch.at + 1
        )),
        Action::Write(command) => of_screen(command.what.asks(), focus, session),
        Action::Say(text) => Parts::does(text.clone()),
        Action::Nothing => Parts::does("Esc, or a click beside it, closes this"),
    }
}

const fn digit(side: Side) -> char {
    match side {
        Side::Client => '1',
        Side::Server => '2',
    }
}

fn of_command(command: &Command, session: &Session, focus: Side) -> Parts {
    match command {
        Command::End(side, command) => of_end(*side, command, session),
        Command::Wire(command) => of_wire(command, session),
        Command::Screen(command) => of_screen(*command, focus, session),
        Command::Write(command) => of_screen(command.what.asks(), focus, session),
    }
}

/// The name and the help of a command's row; of its button where there is one for just this command.
fn of_row(spec: &'static Spec, command: &Command, side: Side) -> Parts {
    // A button that acts on the program that is shown is the button all the same.
    let command = &unnamed(command);
    let button = spec.buttons.iter().find(|button| (button.command)(side) == *command);
    let name = match button {
        Some(button) => Name::Button(button),
        None => Name::Text(spec.name.to_owned()),
    };
    let arguments: Vec<&str> = spec.args.iter().map(argument).collect();
    Parts {
        name: Some(name),
        does: special(command).unwrap_or(spec.help).to_owned(),
        takes: (!arguments.is_empty()).then(|| arguments.join(", ")),
        now: None,
    }
}

/// A command about a program, without the name of it.
fn unnamed(command: &Command) -> Command {
    match command {
        Command::End(side, EndCommand::Signal(signal, Some(_))) => {
            Command::End(*side, EndCommand::Signal(*signal, None))
        }
        Command::End(side, EndCommand::KillProgram(Some(_))) => Command::End(*side, EndCommand::KillProgram(None)),
        Command::End(side, EndCommand::RestartProgram(Some(_))) => {
            Command::End(*side, EndCommand::RestartProgram(None))
        }
        other => other.clone(),
    }
}

/// The name of an argument in a hint.
fn argument(arg: &Arg) -> &'static str {
    match arg {
        Arg::Named("on", _) => "socket",
        Arg::Plain(name, _) | Arg::Named(name, _) => name,
        Arg::Flags(_) => "flags",
    }
}

/// What one button of several in a row does.
pub(crate) const fn special(command: &Command) -> Option<&'static str> {
    use CallRequest::Full;
    Some(match command {
        Command::End(
            _,
            EndCommand::Call {
                call: Full(Call::Shutdown { how }),
                ..
            },
        ) => match how {
            ShutdownHow::Write => {
                "end this end's direction (half-close): sends FIN behind what is written; reads go on"
            }
            ShutdownHow::Read => "read no more: reads give what is queued, then EOF; sends nothing",
            ShutdownHow::Both => "end both directions, keep the descriptor: sends FIN; reads give EOF",
        },
        Command::End(_, EndCommand::Call { call: Full(call), .. }) => match call {
            Call::RstClose => "close with RST instead of FIN: SO_LINGER set to 0 seconds, then close",
            Call::LingerClose { .. } => {
                "close, and wait until all is acknowledged, by default 5 s at most: SO_LINGER set, then close"
            }
            Call::Disconnect => "dissolve the connection with RST, keep the socket: connect(AF_UNSPEC)",
            _ => return None,
        },
        Command::Screen(ScreenCommand::NextCommand) => "go to before the next command of the recording",
        Command::Screen(ScreenCommand::CommandBefore) => "go back to before the last command of the recording",
        Command::Screen(ScreenCommand::ToTheLine) => "go to when the selected log line was written, in a recording",
        Command::Wire(WireCommand::Deliver(Target::All)) => "deliver every held segment, the oldest first",
        Command::Wire(WireCommand::Drop(Target::All)) => "drop every held segment",
        _ => return None,
    })
}

fn of_end(side: Side, command: &EndCommand, session: &Session) -> Parts {
    let spec = table::of_end(command);
    let parts = of_row(spec, &Command::End(side, command.clone()), side);
    let end = &session.ends[side];
    let dead = matches!(end.process, ProcessState::Dead { .. });
    let now = match command {
        EndCommand::Restart if dead => Some("The process is dead.".to_owned()),
        EndCommand::Restart => Some("The process that runs is killed first.".to_owned()),
        EndCommand::Runtime(_) => Some(format!("At the next restart of the {side}.")),
        EndCommand::Host(..) => Some(format!("Of the {side}'s host.")),
        EndCommand::Run(_) | EndCommand::RestartProgram(_) if session.lab.kind != LabKind::Isolated => {
            Some("Not in the loopback lab.".to_owned())
        }
        EndCommand::Run(_) => Some(format!("On the {side}'s host, beside its endpoint.")),
        EndCommand::Signal(_, program) | EndCommand::KillProgram(program) | EndCommand::RestartProgram(program) => {
            let meant = session.programs.meant(side, program.as_ref(), |_| true);
            Some(meant.map_or_else(
                |why| sentence(&why.to_string()),
                |program| format!("{} {}.", program.name, program.words()),
            ))
        }
        EndCommand::Await(_) => None,
        _ if dead => {
            let restart = table::of_end(&EndCommand::Restart).name;
            Some(format!("The {side}'s process is dead: {restart} starts another."))
        }
        EndCommand::Call { on, call } => of_call(side, on.as_ref(), call, session),
        EndCommand::Interrupt(id) => {
            let blocked = match id {
                Some(id) => end.pending.iter().find(|pending| pending.id == *id),
                None => end.pending.last(),
            };
            Some(blocked.map_or_else(
                || format!("No call of the {side} is blocked."),
                |pending| format!("{} is blocked.", pending.words().name),
            ))
        }
        EndCommand::Use(Pick::Next) if end.sockets.len() < 2 => Some(format!("The {side} has no other socket.")),
        EndCommand::Use(Pick::Named(name)) => Some(format!("It is {}.", end.shown(name))),
        EndCommand::Use(Pick::Next) | EndCommand::Sigpipe(_) | EndCommand::Kill => None,
        EndCommand::Destroy(_) if session.lab.kind != LabKind::Isolated => Some("Not in the loopback lab.".to_owned()),
        EndCommand::Destroy(_) if session.lab.no_sock_diag.is_some() => Some("Not available here.".to_owned()),
        EndCommand::Destroy(on) => view(side, on.as_ref(), session).map(|view| format!("It is in {}.", view.state())),
    };
    Parts { now, ..parts }
}

/// The socket that a call goes to: the one that is named, or the current one.
fn view<'a>(side: Side, on: Option<&SocketName>, session: &'a Session) -> Option<SocketView<'a>> {
    let end = &session.ends[side];
    let name = on
        .map(|name| end.shown(name))
        .or_else(|| end.current().map(|socket| end.shown(&socket.name)))?;
    session.view_named(side, name)
}

/// The outcome that a call would have now, as far as the state decides it.
fn of_call(side: Side, on: Option<&SocketName>, call: &CallRequest, session: &Session) -> Option<String> {
    let end = &session.ends[side];
    if end.refuses(call) {
        return Some("The language of this end has no such call.".to_owned());
    }
    if let Some(socket) = session.not_ours(side, call).filter(|_| on.is_none()) {
        let shown = socket.shown();
        return Some(match socket.owner() {
            Some(owner) => format!("{shown} is {}'s: finwait makes no calls on it.", owner.name),
            None => match session
                .view_named(side, shown)
                .is_some_and(|view| view.held == HeldBy::Queued)
            {
                true => format!("{shown} waits for a program to accept it."),
                false => format!("{shown} was a program's, which has closed it."),
            },
        });
    }
    match call {
        CallRequest::Socket => return None,
        CallRequest::Connect {
            address: Address::Default,
            ..
        } => return Some(peer(side, session)),
        CallRequest::Accept => return Some(queue(side, on, session)),
        CallRequest::Connect { .. } | CallRequest::Bind { .. } | CallRequest::Full(Call::Listen { .. }) => return None,
        CallRequest::Reconnect { .. } | CallRequest::Dup | CallRequest::Full(_) => {}
    }
    let Some(view) = view(side, on, session) else {
        return Some(format!("The {side} has no socket yet: EBADF."));
    };
    let CallRequest::Full(call) = call else { return None };
    // A call that waits on the socket holds it: what the next one does is another story.
    let meaning = session.meaning(side, &view)?;
    let state = view.state();
    let within = |text: &str| Some(format!("In {state}: {text}."));
    match call {
        _ if !view.open => Some(format!("{} is closed: EBADF.", view.name?)),
        Call::Read { flags, .. } => {
            let unread = view.unread.unwrap_or(0);
            let at_once = flags.contains(&ReadFlag::Dontwait) || view.sock.is_some_and(|sock| sock.options.nonblock);
            match (meaning.read, unread) {
                (ReadReply::Works | ReadReply::Eof | ReadReply::Error, 1..) => within(&format!("{unread} B are there")),
                (ReadReply::Works, 0) if at_once => within("EAGAIN, nothing has come"),
                (ReadReply::Works, 0) => within("waits, nothing has come"),
                (ReadReply::Eof, 0) => within("EOF"),
                (ReadReply::Error, 0) => within("the error that is pending"),
                (ReadReply::Waits, _) if at_once => within("EAGAIN"),
                (ReadReply::Waits, _) => within("waits for the handshake"),
                (ReadReply::NotConnected, _) => within("ENOTCONN"),
                (ReadReply::None, _) => None,
            }
        }
        Call::Write { .. } => match meaning.write {
            WriteReply::Works => within("allowed"),
            WriteReply::Waits => within("waits for the handshake"),
            WriteReply::BrokenPipe => within("EPIPE"),
            WriteReply::Error => within("the error that is pending"),
            WriteReply::None => None,
        },
        Call::Close
        | Call::Shutdown {
            how: ShutdownHow::Write | ShutdownHow::Both,
        } => match fin(side, &view, call, session) {
            Some(sends) => within(sends),
            None => Some(format!("It is in {state}.")),
        },
        _ => Some(format!("It is in {state}.")),
    }
}

/// What closing a socket, or its direction, sends now; none where that is not decided by what is known: a library may do more than it is
/// asked for, and another descriptor, or a call that waits, keeps a socket open (`tcp_close`, `inet_shutdown`).
fn fin(side: Side, view: &SocketView, call: &Call, session: &Session) -> Option<&'static str> {
    let end = &session.ends[side];
    let sock = view.sock?;
    let holders = end
        .sockets
        .iter()
        .filter(|socket| socket.open && std::ptr::eq(end.sock(socket), sock));
    let alone = holders.count() == 1 && end.pending.is_empty() && end.process.makes_raw_calls();
    let closes = *call == Call::Close;
    let is_open = matches!(view.state(), State::Established | State::CloseWait) && sock.sending_shut.is_none();
    if !is_open || (closes && (!alone || sock.options.linger.is_some_and(|seconds| seconds >= 0))) {
        return None;
    }
    let unread = view.unread.unwrap_or(0);
    Some(if closes && unread > 0 {
        "sends RST, for bytes are unread"
    } else {
        "sends FIN"
    })
}

/// The socket that waits for a connection at the other end.
fn peer(side: Side, session: &Session) -> String {
    let peer = side.other();
    let listens = session.sockets(peer).iter().any(|view| view.state() == State::Listen);
    if listens {
        format!("The {peer} listens.")
    } else {
        format!("Nobody listens at the {peer} now.")
    }
}

/// The connections in the listener's queue.
fn queue(side: Side, on: Option<&SocketName>, session: &Session) -> String {
    let end = &session.ends[side];
    let listener = on.or_else(|| end.listener().map(|socket| &socket.name));
    let view = listener.and_then(|name| view(side, Some(name), session));
    match view
        .filter(|view| view.state() == State::Listen)
        .and_then(|view| view.row)
    {
        None => format!("Nothing listens at the {side}: an error."),
        Some(observed) => match observed.row.unread() {
            0 => "The queue is empty: it waits.".to_owned(),
            1 => "A connection is in the queue.".to_owned(),
            n => format!("{n} connections are in the queue."),
        },
    }
}

fn of_wire(command: &WireCommand, session: &Session) -> Parts {
    let parts = of_row(
        table::row(table::Verb::Wire(command.verb())),
        &Command::Wire(command.clone()),
        Side::Client,
    );
    if session.lab.kind != LabKind::Isolated {
        return parts.now("The loopback lab has no wire.");
    }
    let held = session.wire.held.len();
    let of_held = match held {
        0 => "Nothing is held.".to_owned(),
        n => format!("{n} held."),
    };
    match command {
        WireCommand::Mode(_) => parts.now(match session.wire.mode {
            Mode::Flow => "They pass now.",
            Mode::Slow(_) => "They take their time now.",
            Mode::Step => "They are held now.",
            Mode::StepAll => "All are held now.",
        }),
        WireCommand::Deliver(Target::Next | Target::All | Target::One(_))
        | WireCommand::Drop(Target::Next | Target::All | Target::One(_))
        | WireCommand::Duplicate(Target::Next | Target::All | Target::One(_))
        | WireCommand::Delay(Target::Next | Target::All | Target::One(_), _) => parts.now(of_held),
        _ => parts,
    }
}

fn of_screen(command: ScreenCommand, side: Side, session: &Session) -> Parts {
    let parts = of_row(table::of_screen(command), &Command::Screen(command), side);
    let isolated = session.lab.kind == LabKind::Isolated;
    match command {
        ScreenCommand::OptionsDialog => match &session.ends[side].current {
            Some(name) => parts.now(format!("Of {}.", session.ends[side].shown(name))),
            None => parts.now(format!("The {side} has no socket yet.")),
        },
        ScreenCommand::HostSettings if !isolated => parts.now("In the loopback lab, only those of its process."),
        ScreenCommand::HostSettings | ScreenCommand::RawRows => parts.now(format!("Of the {side}.")),
        ScreenCommand::Why if session.ends[side].newest().is_none() => {
            parts.now(format!("The {side} has made no call yet."))
        }
        ScreenCommand::Why => parts.now(format!("Of the {side}'s last call.")),
        ScreenCommand::RunPrompt if !isolated => parts.now("Not in the loopback lab."),
        ScreenCommand::RunPrompt => parts.now(format!("On the {side}'s host, beside its endpoint.")),
        ScreenCommand::NextProgram | ScreenCommand::ProgramOutput if !session.programs.ran_on(side) => {
            parts.now(format!("None was started on the {side}'s host."))
        }
        ScreenCommand::Programs => parts.now(format!("Of the {side}.")),
        ScreenCommand::ForgeDialog | ScreenCommand::WireRules if !isolated => {
            parts.now("The loopback lab has no wire.")
        }
        ScreenCommand::ForgeDialog => parts.now(format!("To the {side} now.")),
        ScreenCommand::HeldBefore | ScreenCommand::HeldAfter if session.wire.held.is_empty() => {
            parts.now("Nothing is held.")
        }
        _ => parts,
    }
}

fn of_segment(entry: u64, session: &Session) -> Parts {
    let no = match session.transcript.entry(entry).map(|entry| &entry.what) {
        Some(EntryKind::Packet(record)) => Some(record.no),
        _ => None,
    };
    if no.is_some_and(|no| session.wire.held.contains_key(&no)) {
        Parts::does("select this held segment: deliver, drop and the others act on it; again: what is in it")
    } else {
        Parts::does("look into this segment: its header, its bytes, what became of it")
    }
}

fn of_meaning(side: Side, of: &StateOf, session: &Session) -> Parts {
    let views = session.sockets(side);
    let found = views.iter().find(|view| StateOf::view(view).as_ref() == Some(of));
    match found {
        Some(view) => {
            let parts = Parts::does(format!(
                "what {} means here: what can be done, what it waits for",
                view.state()
            ));
            match session.meaning(side, view) {
                Some(meaning) => parts.now(meaning.meaning),
                None => parts,
            }
        }
        None => Parts::does("this socket is in no table of the kernel's any more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_a_clause_ends() {
        let parts = Parts {
            name: Some(Name::Text("w write".into())),
            does: "write bytes, by default \"hello\"; repeat=n writes them n times in one call".into(),
            takes: Some("bytes, flags".into()),
            now: Some("In CLOSE_WAIT: allowed.".into()),
        };
        for (room, line) in [
            (
                140,
                "w write: write bytes, by default \"hello\"; repeat=n writes them n times in one call; right click: bytes, flags. In CLOSE_WAIT: allowed.",
            ),
            (
                120,
                "w write: write bytes, by default \"hello\"; right click: bytes, flags. In CLOSE_WAIT: allowed.",
            ),
            (
                80,
                "w write: write bytes, by default \"hello\". In CLOSE_WAIT: allowed.",
            ),
            (60, "w write: write bytes. In CLOSE_WAIT: allowed."),
            (40, "w write: write bytes, by default \"hello\""),
            (22, "w write: write bytes"),
            (14, "w write:.."),
        ] {
            assert_eq!(parts.fit(room, Keymap::standard()), line);
        }
    }

    #[test]
    fn what_stands_in_parentheses_is_not_cut() {
        assert_eq!(clauses("a (b, c) d, e"), ["a (b, c) d, e", "a (b, c) d", "a"]);
        assert_eq!(clauses("a: b; c, d"), ["a: b", "a"]);
        assert_eq!(clauses("alone"), ["alone"]);
    }
}
