//! Programs of the user's own on the screen: what comes into sight, what the keys act on, what is asked before one runs.

mod script;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use finwait::clock::MonoTime;
use finwait::lab::event::{
    LabEvent, LabRequest, ProcessBorn, ProgramNews, StateChanged, TransitionCause, WireChange, Witness,
};
use finwait::program::{OutputStream, ProgramNo, ProgramSpec};
use finwait::session::lineup::FirstProgram;
use finwait::session::{LabKind, Session};
use finwait::side::{Ends, Side};
use finwait::state::State;
use finwait::tui::app::Effect;
use finwait::tui::hit::{Action, Hit};
use finwait::tui::layout;
use finwait::wire::link::{LinkReport, Profile};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use script::Script;
use std::time::Duration;

use Side::{Client, Server};

const SIZES: [(u16, u16); 5] = [(60, 15), (80, 24), (120, 40), (200, 60), (250, 120)];

fn text(script: &mut Script, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let now = script.now;
    terminal.draw(|frame| script.app.draw(frame, now)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>() + "\n";
    (0..height).map(row).collect()
}

fn shown(script: &mut Script) -> String {
    text(script, (120, 40))
}

fn press(script: &mut Script, key: KeyCode) -> Vec<Effect> {
    let key = KeyEvent::new(key, KeyModifiers::NONE);
    script.app.input(&Input::Key(key), script.now)
}

fn keys(script: &mut Script, keys: &str) -> Vec<Effect> {
    keys.chars().flat_map(|c| press(script, KeyCode::Char(c))).collect()
}

/// The buttons of an end give way to its programs when one is started there, come back by the key, and give way to the next one.
#[test]
fn a_program_that_is_started_comes_into_sight() {
    let mut script = Script::new(LabKind::Isolated);
    assert!(shown(&mut script).contains("c connect"));
    keys(&mut script, "1$");
    assert!(shown(&mut script).contains("no program of your own was started here"));
    keys(&mut script, "$");
    script.starts("client run sleep 9", 1, 70);
    assert!(shown(&mut script).contains(" sleep  runs, pid 70 "));
    keys(&mut script, "$");
    assert!(!shown(&mut script).contains("runs, pid 70 "));
    script.starts("client run sleep 8", 2, 71);
    let said = shown(&mut script);
    assert!(said.contains(" sleep  sleep2  runs, pid 71 "), "{said}");
    // The other end is as it was.
    assert!(said.contains("a accept"), "{said}");
}

/// The keys act on the program that is shown, also where another one was started later.
#[test]
fn the_keys_act_on_the_program_that_is_shown() {
    let mut script = Script::new(LabKind::Isolated);
    script.starts("server run sleep 9", 1, 70);
    script.starts("server run sleep 8", 2, 71);
    let term = |no| [Effect::Lab(LabRequest::Signal(ProgramNo(no), libc::SIGTERM))];
    shown(&mut script);
    assert_eq!(keys(&mut script, "2'"), term(2));
    assert_eq!(keys(&mut script, "Q'"), term(1));
    assert_eq!(
        keys(&mut script, "9"),
        [Effect::Lab(LabRequest::EndProgram(ProgramNo(1)))]
    );
    assert!(!shown(&mut script).contains("'\u{d7}"));
    script.exits(Server, 1, 0);
    // What has ended takes no signal: its buttons are crossed.
    let said = shown(&mut script);
    assert!(said.contains("'\u{d7}") && said.contains("9\u{d7}"), "{said}");
    assert_eq!(keys(&mut script, "'"), []);
    assert!(shown(&mut script).contains("sleep runs no more: it exited with status 0"));
    assert_eq!(keys(&mut script, "Q'"), term(2));
}

/// A call on a program's socket is refused in a sentence, and its button crossed and explained before.
#[test]
fn a_call_button_does_not_act_on_a_programs_socket() {
    let mut script = Script::curl_downloads();
    shown(&mut script);
    keys(&mut script, "1$");
    let said = shown(&mut script);
    assert!(said.contains("r\u{d7}read"), "{said}");
    // What makes a socket of its own goes on.
    assert!(said.contains("c connect"), "{said}");
    assert_eq!(keys(&mut script, "r"), []);
    let said = shown(&mut script);
    assert!(
        said.contains("client is curl's (pid 5044): finwait makes no calls on it"),
        "{said}"
    );
}

/// Each connection's title has the process and the port; of several owners each tab has its own.
#[test]
fn the_plates_say_whose_a_socket_is() {
    let mut script = Script::curl_downloads();
    let said = shown(&mut script);
    assert!(said.contains("curl 5044 \u{b7} :41822"), "{said}");
    assert!(said.contains("nginx 5012 \u{b7} :8080"), "{said}");
}

/// The buttons of the programs stay on their cells while programs write, call, are reset and end, at every size.
#[test]
fn nothing_moves_while_programs_run() {
    for size in SIZES {
        let mut script = Script::nginx_and_curl();
        let places = |script: &mut Script| -> Vec<(Rect, String)> {
            text(script, size);
            let map = layout::map(Rect::new(0, 0, size.0, size.1), false, false).unwrap();
            let hits = script.app.hits().all().iter();
            // Tabs come with programs, and a reason with the line that has one.
            let fixed = hits.filter(|hit: &&Hit| {
                hit.stop
                    && map.buttons.intersection(hit.area) == hit.area
                    && !matches!(hit.action, Action::Program(..) | Action::WhyEntry(_))
            });
            // The button of a signal says whose it is only where several run.
            let named = |action: &Action| format!("{:?}", std::mem::discriminant(action));
            fixed.map(|hit| (hit.area, named(&hit.action))).collect()
        };
        let was = places(&mut script);
        assert!(was.len() > 5, "{size:?}: {was:?}");
        script.curl_is_answered();
        assert_eq!(places(&mut script), was, "{size:?}: answered");
        script.curl_is_reset();
        assert_eq!(places(&mut script), was, "{size:?}: reset");
        for line in 0..50 {
            script.writes(
                Server,
                1,
                OutputStream::Stderr,
                &format!("line {line} {}", "x".repeat(300)),
            );
        }
        script.program(Server, 1, ProgramNews::Flooded { left_out: 1_000_000 });
        assert_eq!(places(&mut script), was, "{size:?}: flooded");
    }
}

/// A client's program that the run begins with waits until something listens: the screen says so, and for what.
#[test]
fn a_program_that_waits_to_be_started_is_told_of() {
    let mut session = Session::new(script::facts(LabKind::Isolated), MonoTime(1));
    let first = FirstProgram {
        spec: ProgramSpec {
            run: "curl http://server:8080/".into(),
            ..ProgramSpec::default()
        },
        ready: None,
    };
    let programs = Ends {
        client: vec![first],
        server: Vec::new(),
    };
    session.line_up(programs, MonoTime(2)).unwrap();
    let mut script = Script::new(LabKind::Isolated);
    script.app.restart(session);
    for size in SIZES {
        let said = text(&mut script, size);
        assert!(said.contains("waits to be started: curl http"), "{size:?}: {said}");
        assert!(said.contains("until something listens"), "{size:?}: {said}");
    }
}

/// While a program listens, nothing says that nobody does.
#[test]
fn a_programs_listener_is_one() {
    let script = Script::nginx();
    let lines = script.app.session().now_lines(script.now);
    let so = lines.so.concat();
    assert!(so.starts_with("The server listens: when the client connects"), "{so}");
}

/// A guide's first step waits for the programs that its run begins with.
#[test]
fn a_step_waits_for_the_programs_before_it() {
    let scenario = script::with_programs();
    let mut script = Script::new(LabKind::Isolated);
    let mut session = Session::new(script::facts(LabKind::Isolated), script.now);
    session.line_up(scenario.programs.clone(), script.now).unwrap();
    script.app.begin(scenario);
    script.app.restart(session);
    for (side, pid) in [(Client, 4713), (Server, 4714)] {
        script.tell(LabEvent::Born(ProcessBorn {
            side,
            pid,
            runtime: "native".into(),
            takes_unasked: false,
            nofile: None,
        }));
    }
    script.asked.clear();
    script.keys(".");
    assert_eq!(script.asked, []);
    script.program(Server, 1, ProgramNews::Started { pid: 70 });
    assert_eq!(script.asked, []);
    script.owns(Server, 100, &script::process(1, 70, "python3"));
    script.table(Server, vec![script::listener(0)]);
    script.state(Server, State::Close, State::Listen, 100, TransitionCause::Unseen);
    let runs = |request: &LabRequest| matches!(request, LabRequest::Run(Client, ProgramNo(2), _));
    assert!(script.asked.iter().any(runs), "{:?}", script.asked);
}

/// What a program wrote to standard error is told apart from its standard output by a word, not by a colour.
#[test]
fn the_streams_are_told_apart_in_words() {
    let mut script = Script::nginx();
    script.writes(Server, 1, OutputStream::Stdout, "to one");
    script.writes(Server, 1, OutputStream::Stderr, "to the other");
    for size in SIZES {
        keys(&mut script, "2");
        let said = text(&mut script, size);
        assert!(said.contains("err  to the other"), "{size:?}: {said}");
    }
    let said = shown(&mut script);
    assert!(said.contains("out  to one"), "{said}");
    assert!(said.contains("nginx   out  to one"), "the log: {said}");
}

/// Of a flood the last lines are kept; what the lab left out is counted in the title.
#[test]
fn a_flood_is_bounded_and_counted() {
    let mut script = Script::nginx();
    for line in 0..3_000 {
        script.writes(Server, 1, OutputStream::Stdout, &format!("line {line}"));
    }
    script.program(Server, 1, ProgramNews::Flooded { left_out: 77 });
    let said = shown(&mut script);
    assert!(said.contains("runs, pid 5011, 77 lines left out"), "{said}");
    assert!(said.contains("out  line 2999"), "{said}");
    keys(&mut script, "20");
    press(&mut script, KeyCode::Home);
    let said = shown(&mut script);
    assert!(said.contains("line 2000") && !said.contains("line 1999"), "{said}");
}

/// A lesson that runs programs runs none before the user says so; Enter alone leaves it, and `--allow-run` asks nothing.
#[test]
fn programs_are_run_only_where_that_is_allowed() {
    let ask = |script: &mut Script| script.app.ask_to_run(script::with_programs(), script.now);
    let mut script = Script::new(LabKind::Isolated);
    assert_eq!(ask(&mut script), []);
    let said = shown(&mut script);
    for part in [
        "on the server's host",
        "python3 -u answer.py",
        "with the files answer.py",
        "no-such-client-here --url http://server:8080/",
        "it needs no-such-client-here, which is not installed",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(press(&mut script, KeyCode::Enter), []);
    assert!(!shown(&mut script).contains("run programs?"));
    assert_eq!(ask(&mut script), []);
    shown(&mut script);
    press(&mut script, KeyCode::Left);
    let effects = press(&mut script, KeyCode::Enter);
    let began = |effects: &[Effect]| match effects {
        [Effect::Fresh(lab)] => lab.programs[Server].len() == 1,
        _ => false,
    };
    assert!(began(&effects), "{effects:?}");
    let mut script = Script::new(LabKind::Isolated);
    script.app.setup().allow_run = true;
    let effects = ask(&mut script);
    assert!(began(&effects), "{effects:?}");
}

/// *Now* says how a program ended, and why, by what it wrote about its connection.
#[test]
fn now_says_why_a_program_failed() {
    let script = Script::curl_reset();
    let lines = script.app.session().now_lines(script.now);
    let what = lines.what.unwrap();
    assert_eq!(what.cuts[0], "curl 5044 exited with status 56");
    assert_eq!((what.side, what.failed), (Some(Client), true));
    let why = lines.why.unwrap().text();
    assert!(why.contains("RST"), "{why}");
}

/// While the prompt's `await` waits, the bottom line says for what, since when and how long at most; its end is told of there and in the
/// log.
#[test]
fn a_wait_is_shown_while_it_lasts() {
    let mut script = Script::nginx_and_curl();
    script.run("client await exit").wait(1_200);
    for size in SIZES {
        let said = text(&mut script, size);
        let said = said.split_whitespace().collect::<Vec<&str>>().join(" ");
        let wait = "client await exit: has waited 1.2 s of at most 5.0 s; Esc ends the wait";
        assert!(said.contains(wait), "{size:?}: {said}");
    }
    script.exits(Client, 2, 0);
    let said = shown(&mut script);
    let over = "client await exit: done after 1.2 s";
    assert_eq!(said.matches(over).count(), 2, "{said}");
    assert!(!said.contains("has waited"), "{said}");
    // What is so already is not waited for.
    let said = shown(script.run("client await exit"));
    assert!(said.contains("client await exit: it is so already"), "{said}");
}

/// A wait is over when its time is up, and at Esc; the screen asks to be looked at then.
#[test]
fn a_wait_ends_in_time_and_at_esc() {
    let mut script = Script::nginx_and_curl();
    script.run("server await output hello").wait(4_000);
    assert_eq!(script.app.look_at(), Some(script.now.plus(Duration::from_secs(1))));
    script.wait(1_000);
    let now = script.now;
    script.app.go_on(now);
    let said = shown(&mut script);
    assert!(said.contains("no line has \"hello\" in it after 5.0 s"), "{said}");
    script.run("server await output hello").wait(500);
    press(&mut script, KeyCode::Esc);
    let said = shown(&mut script);
    assert!(said.contains("you ended the wait after 500 ms"), "{said}");
    assert_eq!(script.app.look_at(), None);
}

/// The lessons that run programs stand in the list, say which, and ask before one begins.
#[test]
fn a_lesson_that_runs_programs_is_chosen_and_asks() {
    let mut script = Script::new(LabKind::Isolated);
    keys(&mut script, "Ycurl handshake");
    for size in SIZES {
        let said = text(&mut script, size);
        assert!(said.contains("runs curl, python3"), "{size:?}: {said}");
    }
    assert_eq!(press(&mut script, KeyCode::Enter), []);
    let said = shown(&mut script);
    assert!(said.contains("http.server 8080") && said.contains("leave it"), "{said}");
    press(&mut script, KeyCode::Left);
    assert!(matches!(press(&mut script, KeyCode::Enter)[..], [Effect::Fresh(_)]));
}

/// A connection in the queue of a program's listener is not what drives the buttons: its plate names the program that it waits for.
#[test]
fn the_plate_of_what_is_not_accepted_names_the_program() {
    let mut script = Script::nginx();
    let change = StateChanged {
        side: Server,
        tuple: script::tuple(Server),
        inode: 0,
        from: State::Close,
        to: State::SynRecv,
        cause: script.received(Server),
        witness: Witness::Table,
    };
    script.tell(LabEvent::Transition(change));
    let row = script::row(Server, State::SynRecv, 0);
    script.table(Server, vec![script::listener(0), row]);
    script.keys("2").run("server use server");
    for (width, _) in [(120, 40), (200, 60)] {
        let said = text(&mut script, (width, 40));
        assert!(said.contains("queued for nginx 5011"), "{said}");
    }
}

/// What failed before the client's programs were started says so: they do not wait any more.
#[test]
fn a_program_that_is_not_started_is_told_of_with_the_reason() {
    let first = |run: &str| FirstProgram {
        spec: ProgramSpec {
            run: run.into(),
            ..ProgramSpec::default()
        },
        ready: None,
    };
    let mut session = Session::new(script::facts(LabKind::Isolated), MonoTime(1));
    let programs = Ends {
        client: vec![first("curl http://server:8080/")],
        server: vec![first("nosuch")],
    };
    session.line_up(programs, MonoTime(2)).unwrap();
    let mut script = Script::new(LabKind::Isolated);
    script.app.restart(session);
    let why = "there is no program nosuch on PATH".to_owned();
    script.program(Server, 1, ProgramNews::NotStarted { why });
    for size in SIZES {
        let said = text(&mut script, size);
        assert!(said.contains("not started: curl http"), "{size:?}: {said}");
        assert!(!said.contains("waits to be started"), "{size:?}: {said}");
    }
}

/// The header names the link's profile, at any width.
#[test]
fn the_header_names_the_link() {
    let mut script = Script::new(LabKind::Isolated);
    let links = Profile::ThreeG.link();
    let report = |side| {
        Some(LinkReport {
            link: links[side],
            counts: Default::default(),
        })
    };
    script.tell(LabEvent::Wire(WireChange::Link(Ends::from_fn(report))));
    for size in SIZES {
        let said = text(&mut script, size);
        let header = said.lines().next().unwrap();
        assert!(header.contains(" 3g "), "{size:?}: {header}");
    }
}
