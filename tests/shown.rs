//! The dialogs of labs and runtimes, and what of a session is in sight, on a screen without a lab.

mod script;

use finwait::lab::LabMode;
use finwait::lab::event::{LabEvent, LabRequest, StateChanged, TransitionCause, Witness};
use finwait::runtime::Runtime;
use finwait::session::connections::ConnectionNo;
use finwait::side::{Ends, Side};
use finwait::socket_table::Tuple;
use finwait::state::State;
use finwait::tui::app::{ChosenLab, Effect, LabSpec};
use finwait::tui::shown::ShownConnection;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use script::Script;

fn lines(script: &mut Script, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let now = script.now;
    terminal.draw(|frame| script.app.draw(frame, now)).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>() + "\n");
    rows.collect()
}

/// What the screen wants done after these keys.
fn effects(script: &mut Script, keys: &str) -> Vec<Effect> {
    use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
    let keys = keys.chars().map(|c| match c {
        '\n' => KeyCode::Enter,
        '\t' => KeyCode::Tab,
        '>' => KeyCode::Right,
        '^' => KeyCode::Up,
        c => KeyCode::Char(c),
    });
    let now = script.now;
    let events = keys.map(|key| Input::Key(KeyEvent::new(key, KeyModifiers::NONE)));
    events.flat_map(|key| script.app.input(&key, now)).collect()
}

/// At every size all buttons of the question are there, however long the name of a recording is.
#[test]
fn the_buttons_of_the_question_are_never_cut() {
    for (width, height) in [(60, 15), (80, 24), (120, 40), (200, 60)] {
        let mut script = Script::connected(finwait::session::LabKind::Isolated);
        script.app = script.app.recorded_in("a-very-long-name/".repeat(20));
        script.run("client read");
        script.keys("+");
        let shown = lines(&mut script, width, height);
        for button in ["[new lab]", "[record first]", "[stay]", "[(x) isolated]", "[( ) IPv6]"] {
            assert!(shown.contains(button), "{width}x{height}: no {button}\n{shown}");
        }
        script.keys("+G");
        let shown = lines(&mut script, width, height);
        assert!(shown.contains("[restart now]"), "{width}x{height}\n{shown}");
        for runtime in Runtime::ALL {
            assert!(
                shown.contains(runtime.title()),
                "{width}x{height}: no {runtime}\n{shown}"
            );
        }
    }
}

/// Enter alone takes a lab like this one; what is chosen before goes along, and what is recorded is written first.
#[test]
fn the_question_by_keys() {
    let mut script = Script::connected(finwait::session::LabKind::Isolated);
    let like_this = ChosenLab {
        mode: LabMode::Isolated,
        ipv6: false,
        runtimes: Ends {
            client: Some(Runtime::Native),
            server: Some(Runtime::Native),
        },
    };
    let fresh = |chosen| LabSpec {
        chosen: Some(chosen),
        ..LabSpec::default()
    };
    let wants = effects(&mut script, "+\n");
    assert_eq!(wants, [Effect::Fresh(fresh(like_this))]);
    // Up from the buttons to the addresses, and there IPv6.
    let wants = effects(&mut script, "+^^^\n\t\t\t\n");
    assert_eq!(
        wants,
        [Effect::Fresh(fresh(ChosenLab {
            ipv6: true,
            ..like_this
        }))]
    );
    script.run("client read");
    match &effects(&mut script, "+>\n")[..] {
        [Effect::SaveAndRenew(name, text, lab)] => {
            assert_eq!((name.as_str(), lab.clone()), ("recorded", fresh(like_this)));
            assert!(text.contains("client = \"read 1024\""), "{text}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(effects(&mut script, "+>>\n"), []);
}

/// A connection begins: a socket of the client's sends its SYN.
fn connects(script: &mut Script, port: u32) {
    script.tell(LabEvent::Transition(StateChanged {
        side: Side::Client,
        tuple: Tuple {
            local: format!("10.0.0.1:{port}").parse().unwrap(),
            peer: "10.0.0.2:8080".parse().unwrap(),
        },
        inode: 0,
        from: State::Close,
        to: State::SynSent,
        cause: TransitionCause::Unseen,
        witness: Witness::Table,
    }));
}

/// Of more connections than have room, the one that is shown has its tab, and the first keep their places.
#[test]
fn the_connection_that_is_shown_has_a_tab_among_many() {
    let mut script = Script::new(finwait::session::LabKind::Isolated);
    (1..=200).for_each(|port| connects(&mut script, port));
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let title = |script: &mut Script| {
            let shown = lines(script, width, height);
            shown.lines().find(|line| line.contains("the wire")).unwrap().to_owned()
        };
        let all = title(&mut script);
        assert!(all.contains(" all  1  2 ") && !all.contains(" 200 "), "{all}");
        script.keys("*");
        let newest = title(&mut script);
        assert!(newest.contains(" all  1  2 ") && newest.contains(" 200 "), "{newest}");
        assert_eq!(all.find(" 2 "), newest.find(" 2 "));
        script.keys("*");
    }
}

/// One after the other, after the last all again; when another comes, it is shown in place of one that is shown alone.
#[test]
fn connections_are_gone_through_by_key() {
    let mut script = Script::new(finwait::session::LabKind::Isolated);
    let count = 3;
    (1..=count).for_each(|port| connects(&mut script, port));
    assert_eq!(script.app.session().connection_count(), count);
    for no in (1..=count).chain([0, 1]) {
        script.keys("V");
        let shown = script.app.shown();
        let wanted = if no == 0 {
            ShownConnection::All
        } else {
            ShownConnection::One(ConnectionNo(no))
        };
        assert_eq!(shown.connection, wanted);
        let session = script.app.session();
        let in_sight = session
            .transcript
            .entries()
            .iter()
            .filter(|entry| shown.shows(session, entry));
        let all = session.transcript.entries().len();
        assert_eq!(in_sight.count() == all, no == 0);
    }
    connects(&mut script, count + 1);
    let count = count + 1;
    assert_eq!(script.app.shown().connection, ShownConnection::One(ConnectionNo(count)));
    assert!(lines(&mut script, 120, 40).contains("connection 4 is new, and shown; * shows all"));
    script.keys("**");
    assert_eq!(script.app.shown().connection, ShownConnection::Newest);
    assert_eq!(
        script.app.shown().alone(script.app.session()),
        Some(ConnectionNo(count))
    );
}

/// The mouse chooses a runtime as the word does.
#[test]
fn a_runtime_is_chosen_in_its_dialog() {
    let mut script = Script::connected(finwait::session::LabKind::Isolated);
    script.keys("2");
    // Native is selected; up from it nothing is, so C is one down.
    let wants = effects(&mut script, "G\t\n");
    if Runtime::C.is_here() {
        assert_eq!(wants, [Effect::Lab(LabRequest::Prepare(Side::Server, Runtime::C))]);
    } else {
        assert_eq!(wants, []);
    }
}
