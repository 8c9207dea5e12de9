//! The hint: one line that says what a press would do here and now, and with which arguments.
//!
//! Pure: from the action of an area or of the mark, the session and the end that has the keys. What the action is comes from the command
//! table; what it would give now, where the state of a socket decides, from what that state means.

mod now;
mod parts;

use crate::call::{Call, ShutdownHow};
use crate::command::spec::{Arg, Spec, Verb};
use crate::command::table;
use crate::command::wire::{Target, WireCommand};
use crate::command::{CallRequest, Command, EndCommand, Pick, ScreenCommand};
use crate::session::transcript::EntryKind;
use crate::session::{LabKind, ProcessState, Session};
use crate::side::Side;
use crate::tui::dialog::state::SocketIdentity;
use crate::tui::hit::Action;
use crate::tui::keys::Keymap;
use crate::tui::shown::ShownConnection;
use crate::wire::queue::Mode;
use now::{of_call, view};
use parts::{Name, Parts};

/// Returns the line for what is under the pointer, or marked: what a press does here and now, in at most `columns` columns.
///
/// What there is no room for is left out whole: first the arguments, then the details; what it would give now goes last.
pub fn hint(action: &Action, session: &Session, focus: Side, columns: u16, keys: &Keymap) -> String {
    parts(action, session, focus, keys).fit(usize::from(columns), keys)
}

/// A refusal as a sentence.
fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
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

fn of_wire(command: &WireCommand, session: &Session) -> Parts {
    let parts = of_row(
        table::row(Verb::Wire(command.verb())),
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

fn of_meaning(side: Side, of: &SocketIdentity, session: &Session) -> Parts {
    let views = session.sockets(side);
    let found = views
        .iter()
        .find(|view| SocketIdentity::view(view).as_ref() == Some(of));
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
