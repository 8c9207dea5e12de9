//! What a press does: every button that is drawn, every line of the menu, the keys of every dialog; and that no button moves.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use finwait::call::CallKind;
use finwait::command::table;
use finwait::command::wire::{ModeChoice, Target, WireCommand};
use finwait::command::{Command, EndCommand, Pick, ScreenCommand};
use finwait::lab::event::{LabEvent, LabRequest, WireRequest};
use finwait::program::ProgramNo;
use finwait::scenario::observation::{CommandResult, Observation};
use finwait::scenario::report::StepReport;
use finwait::session::LabKind;
use finwait::session::transcript::{EntryKind, Filter};
use finwait::side::{Ends, Side};
use finwait::state::State;
use finwait::tui::app::{Effect, LabSpec};
use finwait::tui::dialog::menu;
use finwait::tui::hit::{Action, Hit};
use finwait::tui::layout;
use finwait::tui::pane::buttons;
use finwait::tui::shown::ShownConnection;
use finwait::tui::{Exit, MouseUse};
use finwait::wire::flow::PacketNo;
use finwait::wire::queue::{Mode, SLOW, Which};

mod script;
use script::{Script, fallback, fd};

const SIZES: [(u16, u16); 4] = [(60, 15), (80, 24), (120, 40), (200, 60)];

fn buffer(script: &mut Script, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| script.app.draw(frame, script.now)).unwrap();
    terminal.backend().buffer().clone()
}

/// The text of the screen at a size, by lines.
fn text(script: &mut Script, size: (u16, u16)) -> String {
    words(&buffer(script, size))
}

fn words(buffer: &Buffer) -> String {
    let rows = buffer.content().chunks(buffer.area.width.into());
    rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n")
        .collect()
}

fn mouse(script: &mut Script, kind: MouseEventKind, (column, row): (u16, u16)) -> Vec<Effect> {
    let event = MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    };
    script.app.input(&Input::Mouse(event), script.now)
}

fn key(script: &mut Script, code: KeyCode) -> Vec<Effect> {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    script.app.input(&Input::Key(key), script.now)
}

fn middle(area: Rect) -> (u16, u16) {
    (area.x + area.width / 2, area.y + area.height / 2)
}

/// The end that has the keys: `K` would kill it.
fn focus(script: &mut Script) -> Side {
    match key(script, KeyCode::Char('K')).as_slice() {
        [Effect::Lab(LabRequest::Kill(side))] => *side,
        other => panic!("{other:?}"),
    }
}

/// The segment that the keys act on.
fn chosen(script: &mut Script) -> Option<PacketNo> {
    match key(script, KeyCode::Char('n')).as_slice() {
        [Effect::Lab(LabRequest::Wire(WireRequest::Deliver(Which::One(no))))] => Some(*no),
        [] => None,
        other => panic!("{other:?}"),
    }
}

/// The log line that would be copied.
fn copied(script: &mut Script) -> String {
    match key(script, KeyCode::Char('y')).as_slice() {
        [Effect::Copy(line)] => line.clone(),
        other => panic!("{other:?}"),
    }
}

/// A situation in which buttons are pressed.
struct Scene {
    name: &'static str,
    make: fn() -> Script,
    /// Each of its buttons is pressed, also those that an earlier scene has shown.
    all: bool,
}

const fn scene(name: &'static str, make: fn() -> Script) -> Scene {
    Scene { name, make, all: false }
}

const fn whole(name: &'static str, make: fn() -> Script) -> Scene {
    Scene { name, make, all: true }
}

fn with_keys(mut script: Script, keys: &str) -> Script {
    script.keys(keys);
    script
}

/// A client with a socket that is closed and gone, and two connections.
fn ended() -> Script {
    let mut script = Script::reset();
    script.run("client close");
    script.call("close(5)", script::done(), None);
    script.run("client socket");
    script.call("socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)", fd(5), Some(900));
    script
}

fn scenes() -> Vec<Scene> {
    vec![
        // Two segments are held.
        whole("step", Script::stepping),
        // The client's read is blocked.
        whole("blocked", Script::blocked),
        whole("ended", ended),
        // curl's SYN to nginx is held.
        whole("programs", Script::nginx_and_curl),
        scene("a program over", Script::curl_reset),
        scene("several programs", Script::several_programs),
        scene("guide", Script::tour),
        scene("presenter", || with_keys(Script::tour(), "P")),
        whole("recording", || with_keys(Script::half_close().opened(), ",,")),
        scene("half-close", Script::half_close),
        scene("reset", Script::reset),
        scene("dead", Script::dead),
        scene("many", Script::many),
        scene("loopback", || Script::connected(fallback())),
        scene("states", || with_keys(Script::half_close(), "v")),
        scene("zoomed wire", || with_keys(Script::stepping(), "z")),
        scene("zoomed end", || with_keys(Script::blocked(), "zz")),
        scene("zoomed log", || with_keys(Script::half_close(), "zzz")),
        scene("server", || with_keys(Script::blocked(), "2")),
    ]
}

/// A press, on the screen or in the menu.
struct Press<'a> {
    scene: &'a Scene,
    size: (u16, u16),
    /// Where; in the menu the line of an end's.
    at: Result<Position, (Side, usize)>,
    action: Action,
}

impl Press<'_> {
    fn name(&self) -> String {
        let (width, height) = self.size;
        format!("{} {width}x{height}: {:?}", self.scene.name, self.action)
    }

    /// The scene before the press, with the areas of its frame; `keys` come first.
    fn before(&self, keys: &str) -> Script {
        let mut script = (self.scene.make)();
        script.keys(keys);
        if let Err((side, no)) = self.at {
            script.keys(if side == Side::Client { "1m" } else { "2m" });
            for _ in 0..no {
                key(&mut script, KeyCode::Down);
            }
        }
        script.asked.clear();
        buffer(&mut script, self.size);
        script
    }

    /// Presses, and hands on what comes of it.
    fn press(&self, script: &mut Script) -> Vec<Effect> {
        match self.at {
            Ok(at) => mouse(script, MouseEventKind::Down(MouseButton::Left), (at.x, at.y)),
            Err(_) => key(script, KeyCode::Enter),
        }
    }

    /// The same after the press, and what it wanted; what it asks of the lab is still to be answered.
    fn after(&self, keys: &str) -> (Script, Vec<Effect>) {
        let mut script = self.before(keys);
        let effects = self.press(&mut script);
        script.take(effects.clone());
        (script, effects)
    }

    /// Requires that the screen says this after the press, and did not before.
    #[track_caller]
    fn shows(&self, part: &str) {
        assert!(
            !text(&mut self.before(""), (120, 40)).contains(part),
            "{}: {part} was there before",
            self.name()
        );
        let said = text(&mut self.after("").0, (120, 40));
        assert!(said.contains(part), "{}: no {part} in\n{said}", self.name());
    }

    #[track_caller]
    fn is_refused(&self, why: &str) {
        let (mut script, effects) = self.after("");
        assert_eq!(effects, [], "{}", self.name());
        let said = text(&mut script, (120, 40));
        assert!(said.contains(why), "{}: no {why} in\n{said}", self.name());
    }

    /// Requires that one thing was asked of the lab.
    #[track_caller]
    fn asks(&self, request: &LabRequest) {
        let (_, effects) = self.after("");
        assert_eq!(effects, [Effect::Lab(request.clone())], "{}", self.name());
    }

    fn is_recording(&self) -> bool {
        self.scene.name == "recording"
    }

    /// The effect of a press of an end's button.
    fn end(&self, side: Side, command: &EndCommand) {
        if self.is_recording() {
            return self.is_refused("it shows what happened, and takes no commands");
        }
        let name = self.name();
        let before = self.before("");
        let (mut script, effects) = self.after("");
        match command {
            EndCommand::Use(pick) => {
                let names = |script: &Script| {
                    let sockets = script.app.session().sockets(side);
                    let named = sockets.iter().filter_map(|view| view.name.cloned());
                    named.collect::<Vec<_>>()
                };
                let was = before.app.session().ends[side].current.clone();
                let is = script.app.session().ends[side].current.clone();
                match pick {
                    Pick::Named(name) => assert_eq!(is.as_ref(), Some(name)),
                    Pick::Next if names(&before).len() > 1 => assert_ne!(is, was, "{name}"),
                    Pick::Next => assert_eq!(is, was, "{name}"),
                }
            }
            EndCommand::Interrupt(call) => {
                let blocked = before.app.session().ends[side].pending.last().map(|call| call.id);
                match call.or(blocked) {
                    None => self.is_refused(&format!("no call of the {side} is blocked")),
                    Some(_) => assert_eq!(self.called(side, &effects), CallKind::Interrupt, "{name}"),
                }
            }
            EndCommand::Kill => self.asks(&LabRequest::Kill(side)),
            EndCommand::Restart => self.asks(&LabRequest::Restart(side)),
            EndCommand::Destroy(_) => match effects.as_slice() {
                [Effect::Lab(LabRequest::Destroy(of, _))] => assert_eq!(*of, side, "{name}"),
                [] => {
                    let said = text(&mut script, (120, 40));
                    assert!(said.contains("no connection"), "{name}: {said}");
                }
                other => panic!("{name}: {other:?}"),
            },
            EndCommand::Sigpipe(_) | EndCommand::Call { .. } => {
                let wanted = command.kind().expect("it makes a call");
                let mut called = self.called(side, &effects);
                // What needs a socket, or a listener a port, makes it first.
                for (first, ends) in [
                    (
                        CallKind::Socket,
                        vec![CallKind::Connect, CallKind::Bind, CallKind::Listen],
                    ),
                    (CallKind::Bind, vec![CallKind::Listen]),
                ] {
                    if called == first && ends.contains(&wanted) {
                        let outcome = if first == CallKind::Socket {
                            fd(77)
                        } else {
                            script::done()
                        };
                        script.call("a call(77)", outcome, (first == CallKind::Socket).then_some(777));
                        called = match script.asked.as_slice() {
                            [LabRequest::Call(_, request)] => request.order.kind(),
                            other => panic!("{name}: {other:?}"),
                        };
                    }
                }
                assert_eq!(called, wanted, "{name}");
            }
            EndCommand::Signal(..) | EndCommand::KillProgram(_) | EndCommand::RestartProgram(_) => {
                let newest = before.app.session().programs.of(side).next_back();
                let again = matches!(command, EndCommand::RestartProgram(_));
                match newest {
                    None => self.is_refused(&format!("no program was started on the {side}'s host")),
                    Some(program) if again && !program.is_alive() => {
                        let next = ProgramNo(before.app.session().programs.all().len() as u32 + 1);
                        self.asks(&LabRequest::Run(side, next, program.spec.clone()));
                    }
                    Some(program) if !program.is_alive() => self.is_refused("runs no more"),
                    Some(program) => self.asks(&match command {
                        EndCommand::Signal(signal, _) => LabRequest::Signal(program.no, signal.0),
                        _ => LabRequest::EndProgram(program.no),
                    }),
                }
            }
            EndCommand::Runtime(_) | EndCommand::Host(..) | EndCommand::Run(_) | EndCommand::Await(_) => {
                panic!("{name}: it has no button")
            }
        }
    }

    /// The call that was asked of that end.
    #[track_caller]
    fn called(&self, side: Side, effects: &[Effect]) -> CallKind {
        match effects {
            [Effect::Lab(LabRequest::Call(of, request))] if *of == side => request.order.kind(),
            other => panic!("{}: {other:?}", self.name()),
        }
    }

    /// The effect of a press of the wire's button.
    fn wire(&self, command: &WireCommand) {
        if self.is_recording() {
            return self.is_refused("it shows what happened, and takes no commands");
        }
        let mut before = self.before("");
        let next = |target: &Target, script: &mut Script| match target {
            Target::All => Some(Which::All),
            Target::One(no) => Some(Which::One(*no)),
            Target::Next => chosen(script).map(Which::One),
            Target::AllCopies => panic!("it has no button"),
        };
        let target = match command {
            WireCommand::Mode(choice) => {
                let mode = match choice {
                    ModeChoice::Flow => Mode::Flow,
                    ModeChoice::Slow(_) => Mode::Slow(SLOW),
                    ModeChoice::Step => Mode::Step,
                    ModeChoice::StepAll => Mode::StepAll,
                    ModeChoice::Next => match before.app.session().wire.mode {
                        Mode::Flow => Mode::Slow(SLOW),
                        Mode::Slow(_) => Mode::Step,
                        Mode::Step | Mode::StepAll => Mode::Flow,
                    },
                };
                return self.asks(&LabRequest::Wire(WireRequest::Mode(mode)));
            }
            WireCommand::Deliver(target)
            | WireCommand::Drop(target)
            | WireCommand::Duplicate(target)
            | WireCommand::Delay(target, _) => target,
            other => panic!("{}: {other:?} has no button", self.name()),
        };
        if self.at.is_err() {
            // The keys behind the menu.
            before = (self.scene.make)();
        }
        if before.app.session().wire.held.is_empty() {
            return self.is_refused("no segment is held");
        }
        let which = next(target, &mut before).expect("one is held");
        self.asks(&LabRequest::Wire(match command {
            WireCommand::Deliver(_) => WireRequest::Deliver(which),
            WireCommand::Drop(_) => WireRequest::Drop(which),
            WireCommand::Duplicate(_) => WireRequest::Duplicate(which),
            WireCommand::Delay(_, time) => WireRequest::Delay(which, *time),
            _ => unreachable!(),
        }));
    }

    /// Requires that the guide's fresh lab is asked for.
    fn begins_anew(&self) {
        match self.after("").1.as_slice() {
            [Effect::Fresh(LabSpec { chosen: None, .. })] => {}
            other => panic!("{}: {other:?}", self.name()),
        }
    }

    /// The effect of a press of a button about the screen.
    fn screen(&self, side: Option<Side>, command: ScreenCommand) {
        let name = self.name();
        let (recording, guided) = (self.is_recording(), ["guide", "presenter"].contains(&self.scene.name));
        let (mut script, effects) = self.after("");
        // The end that is meant gets the keys.
        let of = side.unwrap_or_else(|| match recording {
            true => Side::Client,
            false => focus(&mut (self.scene.make)()),
        });
        let place = |script: &mut Script| {
            let said = text(script, (120, 40));
            let (_, rest) = said.split_once("recording: ").expect("its place");
            let (at, _) = rest.split_once('/').expect("of how many");
            at.parse::<usize>().unwrap()
        };
        match command {
            ScreenCommand::Quit => assert_eq!(effects, [Effect::Leave(Exit::Quit)], "{name}"),
            ScreenCommand::Help => self.shows("help: "),
            ScreenCommand::Prompt => self.shows("Enter runs it"),
            ScreenCommand::OtherEnd => {
                if !recording {
                    assert_eq!(focus(&mut script), of.other(), "{name}");
                }
            }
            ScreenCommand::HostSettings => self.shows(&format!("the {of}'s host")),
            ScreenCommand::OptionsDialog if recording => self.shows("only options that were read by then are known"),
            ScreenCommand::OptionsDialog => {
                self.shows("options of ");
                if script.app.session().ends[of].current.is_some() {
                    assert_eq!(self.called(of, &effects), CallKind::Options, "{name}");
                }
            }
            ScreenCommand::RawRows => self.shows(&format!(" of the {of}   (Esc closes)")),
            ScreenCommand::Why => match script.app.session().ends[of].newest() {
                Some(_) => self.shows("why?   (Esc closes)"),
                None => self.is_refused(&format!("the {of} has made no call yet")),
            },
            ScreenCommand::Edit => {
                self.shows("Enter runs it");
                let said = text(&mut script, (120, 40));
                assert!(said.contains(&format!("\u{2502} : {of} ")), "{name}: {said}");
            }
            ScreenCommand::More => self.shows(&format!("everything the {of} can do")),
            ScreenCommand::Scenarios | ScreenCommand::Runtimes if recording => {
                self.is_refused("it shows what happened, and takes no commands");
            }
            ScreenCommand::Scenarios => self.shows("type to search"),
            ScreenCommand::Runtimes => self.shows(&format!("what drives the {of}   (Esc closes)")),
            ScreenCommand::NewLab if recording => self.is_refused("no lab stands behind it"),
            ScreenCommand::NewLab => self.shows("a new lab?"),
            ScreenCommand::Record if recording => self.is_refused("its file has the commands"),
            ScreenCommand::Record => match effects.as_slice() {
                [Effect::Save(file, text)] => {
                    assert_eq!(file, "recorded");
                    let begins = ["server = \"listen", "server = \"run nginx"];
                    assert!(begins.iter().any(|begin| text.contains(begin)), "{name}: {text}");
                }
                [] => self.is_refused("there is nothing to record yet"),
                other => panic!("{name}: {other:?}"),
            },
            ScreenCommand::TourNext if recording => assert_eq!(place(&mut script), place(&mut self.before("")) + 1),
            ScreenCommand::TourBack if recording => assert_eq!(place(&mut script) + 1, place(&mut self.before(""))),
            ScreenCommand::ToTheStart if recording => assert_eq!(place(&mut script), 0, "{name}"),
            ScreenCommand::TourEnd if recording => {
                assert_eq!(place(&mut script), place(&mut self.before("=")), "{name}");
                assert!(place(&mut script) > place(&mut self.before("")), "{name}");
            }
            ScreenCommand::CommandBefore if recording => {
                let (at, was) = (place(&mut script), place(&mut self.before("")));
                assert!(0 < at && at < was, "{name}: {at} of {was}");
            }
            ScreenCommand::NextCommand if recording => {
                let (mut script, _) = self.after("-");
                let at = place(&mut script);
                assert!(0 < at && at < place(&mut self.before("=")), "{name}: {at}");
            }
            ScreenCommand::ToTheLine if recording => {
                self.is_refused("no log line is selected");
                // From the line of the last command, back to when it was given.
                let mut script = self.before("");
                key(&mut script, KeyCode::Tab);
                let hits = script.app.hits().all().to_vec();
                if let Some(line) = hits.iter().find(|hit| matches!(hit.action, Action::LogLine(Some(_)))) {
                    let was = place(&mut script);
                    buffer(&mut script, self.size);
                    mouse(&mut script, MouseEventKind::Down(MouseButton::Left), middle(line.area));
                    self.press(&mut script);
                    assert!(place(&mut script) < was, "{name}");
                }
            }
            ScreenCommand::NextCommand | ScreenCommand::CommandBefore | ScreenCommand::ToTheLine => {
                self.is_refused("this is no recording: finwait open shows one");
            }
            ScreenCommand::TourNext
            | ScreenCommand::TourEnd
            | ScreenCommand::TourBack
            | ScreenCommand::ToTheStart
            | ScreenCommand::TourRejoin
            | ScreenCommand::Predict
            | ScreenCommand::Branch
            | ScreenCommand::TourLeave
                if !guided =>
            {
                self.is_refused("there is no guide");
            }
            // Its first step is the server's listen.
            ScreenCommand::TourNext | ScreenCommand::TourEnd => {
                assert_eq!(self.called(Side::Server, &effects), CallKind::Socket, "{name}");
            }
            ScreenCommand::TourBack | ScreenCommand::ToTheStart | ScreenCommand::TourRejoin => self.begins_anew(),
            ScreenCommand::Predict => self.shows("what will it return?"),
            ScreenCommand::Branch => self.shows("what instead?"),
            ScreenCommand::TourLeave => {
                self.shows("on your own now");
                assert!(!text(&mut script, (120, 40)).contains("step 1 of"), "{name}");
            }
            ScreenCommand::NextConnection => {
                let before = (self.scene.make)();
                let next = before.app.shown().after(before.app.session());
                assert_eq!(script.app.shown().connection, next, "{name}");
                assert!(text(&mut script, (120, 40)).contains("connection"), "{name}");
            }
            ScreenCommand::AllConnections => {
                let wanted = match self.before("").app.shown().connection {
                    ShownConnection::All => ShownConnection::Newest,
                    ShownConnection::One(_) | ShownConnection::Newest => ShownConnection::All,
                };
                assert_eq!(script.app.shown().connection, wanted, "{name}");
            }
            ScreenCommand::EndedSockets => {
                let session = script.app.session();
                if session.folded(of).ended.is_empty() {
                    self.is_refused(&format!("the {of} has no ended socket"));
                } else {
                    let was = self.before("").app.shown().unfolded[of];
                    assert_eq!(script.app.shown().unfolded[of], !was, "{name}");
                }
            }
            ScreenCommand::Programs => {
                let shown = |script: &mut Script| {
                    let said = text(script, (120, 40));
                    let title = said
                        .lines()
                        .find(|line| line.contains("1 CLIENT") && line.contains("m more"));
                    let title = title.unwrap_or_default().to_owned();
                    let (client, server) = title.split_at(title.find("2 SERVER").unwrap_or(0));
                    if of == Side::Client { client } else { server }.contains("$ buttons")
                };
                assert_eq!(shown(&mut script), !shown(&mut self.before("")), "{name}");
            }
            ScreenCommand::RunPrompt if recording => self.is_refused("it shows what happened, and takes no commands"),
            ScreenCommand::RunPrompt => {
                self.shows("Enter runs it");
                let said = text(&mut script, (120, 40));
                assert!(said.contains(&format!("\u{2502} : {of} run ")), "{name}: {said}");
            }
            ScreenCommand::NextProgram => match script.app.session().programs.of(of).count() {
                0 => self.is_refused(&format!("no program was started on the {of}'s host")),
                1 => self.is_refused(&format!("the {of}'s host has no other program")),
                _ => assert_ne!(
                    text(&mut script, (120, 40)),
                    text(&mut self.before(""), (120, 40)),
                    "{name}"
                ),
            },
            ScreenCommand::ProgramOutput => match script.app.session().programs.of(of).next_back() {
                None => self.is_refused(&format!("no program was started on the {of}'s host")),
                Some(program) => self.shows(&format!("{}   (Esc closes)", program.spec.run)),
            },
            ScreenCommand::Palette => self.shows("type to search"),
            ScreenCommand::Themes => self.shows("the screen shows the marked one"),
            ScreenCommand::UseTheme(_) => panic!("{name}: it has no button"),
            ScreenCommand::Export => self.shows("export the run"),
            ScreenCommand::Screenshot => assert_eq!(effects, [Effect::Screenshot], "{name}"),
            ScreenCommand::WireRules => self.shows("the wire's rules"),
            ScreenCommand::ForgeDialog => self.shows(&format!("forge a packet to the {of}")),
            ScreenCommand::HeldBefore | ScreenCommand::HeldAfter => {
                let held: Vec<PacketNo> = (self.scene.make)().app.session().wire.held.keys().copied().collect();
                match held[..] {
                    [] => self.is_refused("no segment is held"),
                    [_, second, ..] if command == ScreenCommand::HeldAfter => {
                        assert_eq!(chosen(&mut self.after("").0), Some(second), "{name}");
                    }
                    [first, _, ..] => {
                        assert_ne!(chosen(&mut self.before(">")), Some(first), "{name}");
                        assert_eq!(chosen(&mut self.after(">").0), Some(first), "{name}");
                    }
                    [only] => assert_eq!(chosen(&mut self.after("").0), Some(only), "{name}"),
                }
            }
            ScreenCommand::States => {
                let shown = |script: &mut Script| text(script, (120, 40)).contains("the states");
                assert_eq!(shown(&mut script), !shown(&mut self.before("")), "{name}");
            }
            ScreenCommand::Zoom => self.zooms(),
            ScreenCommand::Present => {
                let whole = |script: &mut Script| text(script, (120, 40)).contains("the keys act here");
                assert_eq!(whole(&mut script), !whole(&mut (self.scene.make)()), "{name}");
            }
            ScreenCommand::LogFilter => {
                // From all lines to those of calls.
                let speaks = |line: &str| {
                    line.split_whitespace()
                        .nth(1)
                        .is_some_and(|who| ["client", "server", "curl", "nginx"].contains(&who))
                };
                let lines = log(&mut script);
                let transcript = &script.app.session().transcript;
                let calls = transcript
                    .entries()
                    .iter()
                    .filter(|entry| Filter::Calls.passes(&entry.what));
                let shown = lines.lines().filter(|line| !line.is_empty()).count();
                assert_eq!(shown > 2, calls.count() > 2, "{name}: {lines}");
                assert!(
                    lines.lines().all(|line| line.is_empty() || speaks(line)),
                    "{name}: {lines}"
                );
                assert!(text(&mut script, (120, 40)).contains("filter: calls "), "{name}");
            }
            // What stands still shows what it showed, whatever comes.
            ScreenCommand::LogFollow => {
                for (mut script, moves) in [((self.scene.make)(), true), (script, false)] {
                    if recording {
                        return;
                    }
                    let was = log(&mut script);
                    script.tell(LabEvent::Note("something new".into()));
                    let is = log(&mut script);
                    assert_eq!(is.contains("something new"), moves, "{name}: {was}{is}");
                }
            }
            ScreenCommand::CopyLine => match effects.as_slice() {
                [Effect::Copy(line)] => assert!(line.len() > 10, "{name}: {line}"),
                other => panic!("{name}: {other:?}"),
            },
            ScreenCommand::Mouse => {
                assert_eq!(effects, [Effect::Mouse(MouseUse::Terminals)], "{name}");
                assert_eq!(script.app.mouse_use(), MouseUse::Terminals, "{name}");
            }
        }
    }
}

/// The lines of the log, whatever is shown.
fn log(script: &mut Script) -> String {
    let said = text(script, (120, 40));
    let lines = said.lines().skip_while(|line| !line.contains(" log ")).skip(1);
    lines
        .take_while(|line| !line.contains("1 CLIENT"))
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// Has an end made a call, or a program said what it met?
fn has_called(script: &Script) -> bool {
    let session = script.app.session();
    let called = session.ends.iter().any(|(_, end)| end.newest().is_some());
    called || session.transcript.entries().iter().any(|entry| entry.why().is_some())
}

impl Press<'_> {
    /// The zoom goes through the panes, and back to all of them; the buttons stay.
    fn zooms(&self) {
        let shown = |script: &mut Script| {
            let said = text(script, (120, 40));
            assert!(
                said.contains("1 CLIENT") && (said.contains("c connect") || said.contains("\" run ...")),
                "{}: {said}",
                self.name()
            );
            [" the wire ", " pid ", " log ", " now ", ". Next "].map(|part| said.contains(part))
        };
        let (mut before, mut after) = ((self.scene.make)(), self.after("").0);
        assert_ne!(shown(&mut before), shown(&mut after), "{}", self.name());
    }

    /// Presses, and looks at what it did.
    fn check(&self) {
        match &self.action {
            Action::End(side, command) => self.end(*side, command),
            Action::Wire(command) => self.wire(command),
            Action::Screen(side, command) => self.screen(*side, *command),
            Action::Focus(side) => {
                let (mut script, effects) = self.after("");
                assert_eq!(effects, [], "{}", self.name());
                if !self.is_recording() {
                    assert_eq!(focus(&mut script), *side, "{}", self.name());
                }
            }
            Action::LogLine(_) => {
                let (mut script, effects) = self.after("");
                assert_eq!(effects, [], "{}", self.name());
                // The line under the pointer is the one that is copied.
                let said = text(&mut self.before(""), self.size);
                let Ok(at) = self.at else { panic!("{}", self.name()) };
                let line = said.lines().nth(at.y.into()).unwrap().to_owned();
                let time = line.split_whitespace().next().unwrap().to_owned();
                assert!(copied(&mut script).starts_with(&time), "{}: {line}", self.name());
            }
            Action::Segment(entry) => {
                let mut before = (self.scene.make)();
                let held = match before.app.session().transcript.entry(*entry).map(|entry| &entry.what) {
                    Some(EntryKind::Packet(record)) if before.app.session().wire.held.contains_key(&record.no) => {
                        Some(record.no)
                    }
                    _ => None,
                };
                // One that is held is chosen first, and looked into by the next press.
                if held.is_some() && chosen(&mut before) != held {
                    assert_eq!(chosen(&mut self.after("").0), held, "{}", self.name());
                } else {
                    self.shows("one packet");
                }
            }
            Action::WhyNow if !has_called(&self.before("")) => self.is_refused("has made no call yet"),
            Action::Why(_) | Action::WhyNow | Action::WhyEntry(_) => self.shows("why?   (Esc"),
            Action::Program(side, _) => {
                let (mut script, effects) = self.after("");
                assert_eq!(effects, [], "{}", self.name());
                assert_eq!(focus(&mut script), *side, "{}", self.name());
            }
            Action::Meaning(side, _) => self.shows(&format!("of the {side}   (Esc closes)")),
            Action::Means(state) => self.shows(&format!("what {state} means")),
            Action::Details(side) => self.shows(match side {
                Side::Client => "pid 4711",
                Side::Server => "pid 4712",
            }),
            Action::ShowEntry(entry) => {
                let mut script = self.after("").0;
                let entry = script.app.session().transcript.entry(*entry).unwrap().clone();
                let line = copied(&mut script);
                assert!(line.starts_with(entry.time().trim_start()), "{}: {line}", self.name());
            }
            Action::ShowConnection(shown) => {
                let mut script = self.after("").0;
                assert_eq!(script.app.shown().connection, *shown, "{}", self.name());
                text(&mut script, self.size);
            }
            Action::MoreOfTheGuide => {
                let mut script = self.after("").0;
                let (before, after) = (text(&mut self.before(""), self.size), text(&mut script, self.size));
                assert!(
                    after.contains('\u{25b4}') && !before.contains('\u{25b4}'),
                    "{}: {after}",
                    self.name()
                );
            }
            other @ (Action::Item(_)
            | Action::Back
            | Action::Typed(..)
            | Action::ReadOptions(..)
            | Action::Guide(_)
            | Action::GuideAllowed(_)
            | Action::GuideInstead { .. }
            | Action::SideBySide(_)
            | Action::Predict { .. }
            | Action::NewLab { .. }
            | Action::Compare(_)
            | Action::Write(_)
            | Action::Say(_)
            | Action::Nothing) => panic!("{}: {other:?} is a dialog's", self.name()),
        }
    }
}

/// Everything that the mouse can press on the main screen, in each situation and at each size, does what it says.
#[test]
fn every_button_does_what_it_says() {
    let mut pressed: Vec<Action> = Vec::new();
    // All that is wrong is told at once.
    let mut wrong = 0;
    let scenes = scenes();
    for scene in &scenes {
        let mut here: Vec<Action> = Vec::new();
        for size in SIZES {
            let mut script = (scene.make)();
            buffer(&mut script, size);
            let hits = script.app.hits();
            for Hit { area, action, .. } in hits.all() {
                let at = Position::from(middle(*area));
                // What is under another area is pressed beside it, if anywhere.
                if hits.at(at) != Some(action) {
                    let free = area.positions().find(|at| hits.at(*at) == Some(action));
                    let is_ground = matches!(action, Action::Focus(_) | Action::LogLine(None));
                    assert!(
                        free.is_some() || is_ground,
                        "{} {size:?}: {action:?} is covered",
                        scene.name
                    );
                    continue;
                }
                // One line of the log is as good as another, and so is one segment.
                let kind = std::mem::discriminant(action);
                let alike = |other: &Action| {
                    other == action
                        || !matches!(action, Action::End(..) | Action::Wire(_) | Action::Screen(..))
                            && std::mem::discriminant(other) == kind
                            && !matches!(action, Action::Focus(_) | Action::Details(_) | Action::Segment(_))
                };
                if here.iter().any(alike) || !scene.all && pressed.iter().any(alike) {
                    continue;
                }
                here.push(action.clone());
                let press = Press {
                    scene,
                    size,
                    at: Ok(at),
                    action: action.clone(),
                };
                wrong += usize::from(catch_unwind(AssertUnwindSafe(|| press.check())).is_err());
            }
        }
        pressed.extend(here);
    }
    // What has no place of its own is pressed in the menu.
    for scene in &scenes[..3] {
        for (no, button) in menu::buttons(Side::Client).into_iter().enumerate() {
            let action = buttons::action(button, Side::Client);
            let command = (button.command)(Side::Client);
            let drawn = |known: &Action| *known == action || *known == Action::from(command.clone());
            if pressed.iter().any(drawn) {
                continue;
            }
            let press = Press {
                scene,
                size: (120, 40),
                at: Err((Side::Client, no)),
                action,
            };
            wrong += usize::from(catch_unwind(AssertUnwindSafe(|| press.check())).is_err());
        }
    }
    assert_eq!(wrong, 0, "buttons do something else");
}

/// A line of the menu does what its key does.
#[test]
fn every_line_of_the_menu_does_what_its_key_does() {
    for side in Side::BOTH {
        let number = if side == Side::Client { "1" } else { "2" };
        for (no, button) in menu::buttons(side).into_iter().enumerate() {
            let (mut by_menu, mut by_key) = (Script::stepping(), Script::stepping());
            by_menu.keys(number);
            by_menu.keys("m");
            for _ in 0..no {
                key(&mut by_menu, KeyCode::Down);
            }
            let here = key(&mut by_menu, KeyCode::Enter);
            by_key.keys(number);
            let there = match (button.command)(side) {
                Command::Screen(ScreenCommand::Palette) => {
                    let control_p = KeyEvent::new(KeyCode::Char('p'), KeyModifiers::CONTROL);
                    by_key.app.input(&Input::Key(control_p), by_key.now)
                }
                _ => key(&mut by_key, KeyCode::Char(button.key)),
            };
            assert_eq!(here, there, "{side} {}", button.label);
            let (here, there) = (text(&mut by_menu, (120, 40)), text(&mut by_key, (120, 40)));
            assert_eq!(here, there, "{side} {}", button.label);
        }
    }
}

/// Nothing needs the keyboard: what has no place on the screen stands in the menu, which every size has.
#[test]
fn every_button_of_the_table_is_within_reach_of_the_mouse() {
    for size in SIZES {
        for side in Side::BOTH {
            let mut script = Script::blocked();
            script.keys(if side == Side::Client { "1" } else { "2" });
            buffer(&mut script, size);
            let mut hits = script.app.hits().all().iter();
            let more = hits.find(|hit| hit.action == Action::Screen(Some(side), ScreenCommand::More));
            assert!(more.is_some(), "{size:?} {side}");
            let listed = menu::buttons(side);
            for button in table::TABLE.iter().flat_map(|spec| spec.buttons) {
                assert!(listed.iter().any(|other| other.key == button.key), "{}", button.label);
            }
        }
    }
}

/// A dialog that is open, and whether a blank is typed into it.
struct Opened {
    name: &'static str,
    make: fn() -> Script,
    types: bool,
}

/// Presses the first area of that kind.
fn on(mut script: Script, is_it: impl Fn(&Action) -> bool) -> Script {
    buffer(&mut script, (120, 40));
    let mut hits = script.app.hits().all().iter();
    let place = middle(hits.find(|hit| is_it(&hit.action)).expect("it is drawn").area);
    mouse(&mut script, MouseEventKind::Down(MouseButton::Left), place);
    script
}

fn opened() -> Vec<Opened> {
    let of = |name: &'static str, make: fn() -> Script| Opened {
        name,
        make,
        types: false,
    };
    let typed = |name: &'static str, make: fn() -> Script| Opened {
        name,
        make,
        types: true,
    };
    vec![
        typed("help", || with_keys(Script::new(LabKind::Isolated), "?")),
        typed("palette", || {
            let mut script = Script::new(LabKind::Isolated);
            let control_p = KeyEvent::new(KeyCode::Char('p'), KeyModifiers::CONTROL);
            script.app.input(&Input::Key(control_p), script.now);
            script
        }),
        typed("lessons", || with_keys(Script::new(LabKind::Isolated), "Y")),
        of("menu", || with_keys(Script::new(LabKind::Isolated), "m")),
        of("host", || with_keys(Script::half_close(), "t")),
        of("options", Script::options),
        of("raw", || with_keys(Script::many(), "1T")),
        of("why", || with_keys(Script::reset(), "!")),
        of("rules", || with_keys(Script::stepping(), "W")),
        of("forge", || with_keys(Script::stepping(), "f")),
        of("new lab", || with_keys(Script::half_close(), "+")),
        of("runtimes", || with_keys(Script::half_close(), "G")),
        of("themes", || with_keys(Script::half_close(), "%")),
        of("predict", || with_keys(Script::tour(), "#")),
        of("segment", || {
            let mut script = Script::connected(LabKind::Isolated);
            script.packet(Side::Server, 24, 1, 1, &"many words ".repeat(60));
            let entry = script.app.session().transcript.last();
            on(script, |action| *action == Action::Segment(entry))
        }),
        of("state", || {
            on(Script::half_close(), |action| matches!(action, Action::Means(_)))
        }),
        of("state of a socket", || {
            on(Script::half_close(), |action| matches!(action, Action::Meaning(..)))
        }),
        of("comparison", comparison),
    ]
}

/// Each way to move in a dialog shows something else, and the way back the same again.
#[test]
fn every_dialog_moves_by_pages_by_lines_to_its_ends_and_by_the_wheel() {
    let size = (60, 15);
    let mut wrong = Vec::new();
    for opened in opened() {
        let mut script = (opened.make)();
        // The pointer is away, and nothing is explained.
        mouse(&mut script, MouseEventKind::Moved, (0, 0));
        buffer(&mut script, size);
        key(&mut script, KeyCode::Home);
        let first = buffer(&mut script, size);
        let keys = [
            [KeyCode::PageDown, KeyCode::PageUp],
            [KeyCode::End, KeyCode::Home],
            [KeyCode::Down, KeyCode::Up],
            [KeyCode::Tab, KeyCode::BackTab],
            [KeyCode::Char(' '), KeyCode::PageUp],
        ];
        for [forth, back] in keys {
            if opened.types && matches!(forth, KeyCode::Char(_) | KeyCode::Tab) {
                continue;
            }
            key(&mut script, forth);
            let there = buffer(&mut script, size);
            key(&mut script, back);
            let here = buffer(&mut script, size);
            if there == first {
                wrong.push(format!("{}: {forth} moves nothing", opened.name));
            }
            if here != first {
                wrong.push(format!("{}: {back} does not go back", opened.name));
                key(&mut script, KeyCode::Home);
                buffer(&mut script, size);
            }
        }
        // What is under the pointer is known one frame later.
        let mut at = |kind| {
            mouse(&mut script, kind, (30, 7));
            buffer(&mut script, size);
            buffer(&mut script, size)
        };
        let [first, there, here] = [
            MouseEventKind::Moved,
            MouseEventKind::ScrollDown,
            MouseEventKind::ScrollUp,
        ]
        .map(&mut at);
        if there == first || here != first {
            wrong.push(format!("{}: the wheel", opened.name));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Both ways of a branch, ten steps each.
fn comparison() -> Script {
    let mut script = Script::tour();
    script.keys("&");
    let branch = match key(&mut script, KeyCode::Enter).as_slice() {
        [Effect::RunBoth(branch)] => branch.clone(),
        other => panic!("{other:?}"),
    };
    let report = |no: usize| StepReport {
        scenario: "half-close".into(),
        path: "half-close.toml".into(),
        no,
        line: no,
        name: None,
        say: None,
        look: None,
        command: Some(format!("client read {no}")),
        side: Some(Side::Client),
        call: Some(CallKind::Read),
        checks: Vec::new(),
        claims: Vec::new(),
        part: None,
        because: None,
        took_ms: 1.0,
        observation: Observation {
            returned: CommandResult::Done,
            said: None,
            why: None,
            later: Vec::new(),
            sockets: Ends::default(),
            segments: None,
            counters: None,
            syn_patience: None,
            programs: Vec::new(),
        },
        rules: Vec::new(),
        transcript: Vec::new(),
    };
    let reports: Vec<StepReport> = (1..=40).map(report).collect();
    let effects = script
        .app
        .compared(&branch, &Ok([reports.clone(), reports]), script.now);
    script.take(effects);
    script
}

/// The buttons of the fixed places: of the header, the titles, the ends and the wire, each with its area; tabs come and go.
fn fixed(script: &Script, (width, height): (u16, u16), under_the_header: bool) -> Vec<(Rect, Action)> {
    let map = layout::map(Rect::new(0, 0, width, height), under_the_header, false).unwrap();
    let title = |area: Rect| Rect {
        height: area.height.min(1),
        ..area
    };
    let places = [
        map.header,
        title(map.wire),
        // Without a title it has its moves there.
        if map.now.height > 3 {
            title(map.now)
        } else {
            Rect::default()
        },
        title(map.log),
        map.buttons,
    ];
    let is_fixed = |hit: &&Hit| {
        hit.stop
            && !matches!(hit.action, Action::ShowConnection(_))
            && places
                .iter()
                .any(|place| !place.is_empty() && place.intersection(hit.area) == hit.area)
    };
    let fixed = script.app.hits().all().iter().filter(is_fixed);
    fixed.map(|hit| (hit.area, hit.action.clone())).collect()
}

/// The text of the buttons' rows; a call that the language cannot make is crossed.
fn labels(buffer: &Buffer, (width, height): (u16, u16)) -> String {
    let map = layout::map(Rect::new(0, 0, width, height), false, false).unwrap();
    let rows = words(buffer);
    let rows = rows.lines().skip(map.buttons.y.into()).take(map.buttons.height.into());
    rows.map(|row| row.replace('\u{d7}', " ") + "\n").collect()
}

/// Whatever happens, each button stays on the cell where it was: in every moment of every situation that is played, at every size. Only
/// what is proposed to try, and what stands on the rows of the diagram, the tabs and the log, comes and goes.
#[test]
fn nothing_moves_as_things_happen() {
    for size in SIZES {
        let made: [fn() -> Script; 8] = [
            Script::half_closed_to_the_end,
            Script::stepping,
            Script::blocked,
            Script::dead,
            Script::reset,
            ended,
            Script::many,
            // A guide that begins, with the first step's calls.
            || {
                let mut script = with_keys(Script::tour(), ".");
                script.call("socket()", fd(4), Some(100));
                script
            },
        ];
        let (moments, first) = (
            Rc::new(Cell::new(0)),
            Rc::new(RefCell::new(None::<(Vec<(Rect, Action)>, String)>)),
        );
        let look = {
            let (moments, first) = (Rc::clone(&moments), Rc::clone(&first));
            let with_guide = Rc::new(Cell::new(false));
            move |script: &mut Script| {
                // A prompt that is open hides what is below it.
                let drawn = buffer(script, size);
                if script.app.hits().all().iter().any(|hit| hit.action == Action::Back) {
                    return;
                }
                let guided = words(&drawn).contains(". Next ");
                let now = (fixed(script, size, false), labels(&drawn, size));
                let mut first = first.borrow_mut();
                // A guide that begins hands the keys to the end of its first step: the title of the buttons says so, and a narrow screen has
                // that end's buttons.
                if guided && !with_guide.replace(guided) {
                    match first.as_mut() {
                        Some((_, labels)) if layout::has_both_ends(size.0) => labels.clone_from(&now.1),
                        _ => *first = None,
                    }
                }
                let was = first.get_or_insert_with(|| now.clone());
                moments.set(moments.get() + 1);
                for (area, action) in &was.0 {
                    // The guide takes the place of the log, and where it lacks room of *now*.
                    let map = layout::map(Rect::new(0, 0, size.0, size.1), false, true).unwrap();
                    if guided && map.guide.is_some_and(|guide| guide.intersects(*area)) {
                        continue;
                    }
                    assert!(
                        now.0.contains(&(*area, action.clone())),
                        "{size:?}: {action:?} was at {area}\n{}",
                        words(&drawn)
                    );
                }
                for (area, action) in &now.0 {
                    let known = was.0.contains(&(*area, action.clone()));
                    assert!(
                        known || guided,
                        "{size:?}: {action:?} is new at {area}\n{}",
                        words(&drawn)
                    );
                }
                assert_eq!(now.1, was.1, "{size:?}");
            }
        };
        for make in made {
            let mut script = script::watched(look.clone(), make);
            // Each place under the pointer, and the log's switches.
            let hits = script.app.hits().all().to_vec();
            for hit in hits.iter().step_by(5) {
                mouse(&mut script, MouseEventKind::Moved, middle(hit.area));
                look(&mut script);
            }
            for switch in ['F', '/', 'F', '/'] {
                key(&mut script, KeyCode::Char(switch));
                look(&mut script);
            }
        }
        assert!(moments.get() > 400, "{size:?}: {}", moments.get());
    }
}

/// Each of the eleven states in the diagram of states says what it means, however small it is drawn.
#[test]
fn every_state_in_the_diagram_says_what_it_means() {
    for (size, keys) in SIZES.into_iter().flat_map(|size| [(size, "v"), (size, "vz")]) {
        for state in State::ALL {
            let mut script = with_keys(Script::half_close(), keys);
            buffer(&mut script, size);
            let mut hits = script.app.hits().all().iter();
            let place = hits.find(|hit| hit.action == Action::Means(state));
            let place = middle(place.unwrap_or_else(|| panic!("{size:?} {keys}: {state}")).area);
            mouse(&mut script, MouseEventKind::Down(MouseButton::Left), place);
            let said = text(&mut script, size);
            assert!(said.contains(&format!("what {state} means")), "{size:?} {keys}: {said}");
        }
    }
}
