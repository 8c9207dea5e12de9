//! The hint for what is under the pointer or marked: what a press would do here and now.

use std::sync::Arc;

use finwait::call::{CallId, SocketName};
use finwait::command::parse::parse;
use finwait::command::table::TABLE;
use finwait::command::{Command, ScreenCommand};
use finwait::lab::LabMode;
use finwait::program::ProgramNo;
use finwait::scenario::branch::Branch;
use finwait::scenario::catalog;
use finwait::scenario::lesson::Course;
use finwait::session::LabKind;
use finwait::session::connections::ConnectionNo;
use finwait::side::{Ends, Side};
use finwait::state::State;
use finwait::tui::app::{App, ChosenLab};
use finwait::tui::dialog::state::SocketIdentity;
use finwait::tui::hint::hint;
use finwait::tui::hit::Action;
use finwait::tui::keys::Keymap;
use finwait::tui::shown::ShownConnection;

mod script;
use script::Script;

fn shown(action: &Action, app: &App, focus: Side, columns: u16) -> String {
    hint(action, app.session(), focus, columns, Keymap::standard())
}

fn said(script: &Script, command: &str) -> String {
    let command = parse(command, Some(Side::Client)).unwrap();
    shown(&Action::from(command), &script.app, Side::Client, 120)
}

fn scripts() -> [Script; 7] {
    [
        Script::new(LabKind::Isolated),
        Script::new(LabKind::Loopback(None)),
        Script::half_close(),
        Script::reset(),
        Script::blocked(),
        Script::stepping(),
        Script::dead(),
    ]
}

/// One action of each kind; a kind that is added is missing here, and does not compile.
fn actions(script: &Script) -> Vec<Action> {
    let name = SocketName::new("client1").unwrap();
    let scenario = Arc::new(catalog::all().unwrap().remove(0));
    let close: Command = parse("client close", None).unwrap();
    let mut actions = vec![
        Action::Focus(Side::Server),
        Action::LogLine(None),
        Action::LogLine(Some(3)),
        Action::Segment(5),
        Action::Why(CallId(1)),
        Action::Meaning(Side::Client, SocketIdentity::Named(name.clone())),
        Action::Item(0),
        Action::Back,
        Action::Means(State::CloseWait),
        Action::Details(Side::Server),
        Action::WhyNow,
        Action::ShowConnection(ShownConnection::All),
        Action::NewLab {
            lab: ChosenLab {
                mode: LabMode::Auto,
                ipv6: false,
                runtimes: Ends::default(),
            },
            record: true,
        },
        Action::Typed("client close".into(), close.clone()),
        Action::ReadOptions(Side::Client, Some(name)),
        Action::ReadOptions(Side::Server, None),
        Action::ShowEntry(1),
        Action::Guide(Arc::clone(&scenario)),
        Action::GuideInstead {
            scenario: Arc::clone(&scenario),
            record: true,
        },
        Action::GuideAllowed(Arc::clone(&scenario)),
        Action::WhyEntry(1),
        Action::Program(Side::Server, ProgramNo(1)),
        Action::MoreOfTheGuide,
        Action::Predict {
            about: "returns".into(),
            picked: "EOF".into(),
        },
        Action::Compare(Branch::new(scenario, 0, close)),
        Action::Say("a sentence".into()),
        Action::Nothing,
        Action::Means(State::TimeWait),
        Action::Details(Side::Server),
        Action::WhyNow,
        Action::ShowConnection(ShownConnection::All),
        Action::ShowConnection(ShownConnection::Newest),
        Action::ShowConnection(ShownConnection::One(ConnectionNo(2))),
    ];
    let lab = ChosenLab {
        mode: LabMode::Auto,
        ipv6: false,
        runtimes: Ends::default(),
    };
    actions.extend([true, false].map(|record| Action::NewLab { lab, record }));
    let courses = catalog::lessons().unwrap();
    let beside = courses.into_iter().find_map(|course| match course {
        Course::SideBySide(lesson) => Some(lesson),
        _ => None,
    });
    actions.push(Action::SideBySide(beside.unwrap()));
    for side in Side::BOTH {
        let views = script.app.session().sockets(side);
        let states = views.iter().filter_map(SocketIdentity::view);
        actions.extend(states.map(|of| Action::Meaning(side, of)));
        for button in TABLE.iter().flat_map(|spec| spec.buttons) {
            let action = Action::from((button.command)(side));
            if let Action::Screen(_, command) = action {
                actions.push(Action::Screen(Some(side), command));
            }
            actions.push(action);
        }
    }
    for action in &actions {
        match action {
            Action::End(..) | Action::Wire(_) | Action::Screen(..) | Action::Focus(_) | Action::LogLine(_) => {}
            Action::Segment(_) | Action::Why(_) | Action::Meaning(..) | Action::Item(_) | Action::Back => {}
            Action::Typed(..) | Action::ReadOptions(..) | Action::ShowEntry(_) | Action::Guide(_) => {}
            Action::GuideInstead { .. } | Action::MoreOfTheGuide => {}
            Action::GuideAllowed(_) | Action::WhyEntry(_) | Action::Program(..) => {}
            Action::WhyNow | Action::Means(_) | Action::Details(_) | Action::SideBySide(_) | Action::NewLab { .. } => {}
            Action::ShowConnection(_) => {}
            Action::Predict { .. } | Action::Compare(_) | Action::Write(_) | Action::Say(_) | Action::Nothing => {}
        }
    }
    actions
}

/// At each width a hint fits, says something, and does not end within a word.
#[test]
fn everything_that_can_be_pressed_has_a_hint_that_fits() {
    for script in scripts() {
        for action in actions(&script) {
            let whole = shown(&action, &script.app, Side::Client, 1000);
            let marks = [' ', ',', ';', ':', '.', '(', ')'];
            let words: Vec<&str> = whole.split(marks).collect();
            for columns in [120, 80, 60] {
                let line = shown(&action, &script.app, Side::Client, columns);
                let wide = finwait::text::width(&line);
                assert!(wide > 4 && wide <= usize::from(columns), "{columns}: {line:?}");
                assert!(
                    line.split(marks).all(|word| words.contains(&word)),
                    "{line:?} of {whole:?}"
                );
                assert!(!line.ends_with([',', ':', ';', '(', ' ']), "{line:?}");
                // A key may be one of them.
                let said: String = line.chars().skip(1).collect();
                assert!(said.matches('(').count() == said.matches(')').count(), "{line:?}");
            }
        }
    }
}

/// Every button's hint begins with its key and its label, at the narrowest screen too: two buttons never read alike.
#[test]
fn a_button_is_named_by_its_key_and_its_label() {
    let script = Script::half_close();
    let mut seen = std::collections::HashSet::new();
    for button in TABLE.iter().flat_map(|spec| spec.buttons) {
        for columns in [120, 60] {
            let line = shown(
                &Action::from((button.command)(Side::Client)),
                &script.app,
                Side::Client,
                columns,
            );
            let name = format!("{} {}: ", button.key, button.label);
            assert!(line.starts_with(&name), "{line}");
            assert!(line.len() > name.len() + 5, "{line}");
            assert!(seen.insert((columns, line)), "{name}");
        }
    }
}

/// The same button, in a half-close: one end may write, the other may not.
#[test]
fn what_a_write_and_a_read_would_give_depends_on_the_state() {
    let script = Script::half_close();
    let client = script.app.session().sockets(Side::Client)[0].state();
    assert_eq!(client.name(), "FIN_WAIT2");
    assert_eq!(
        said(&script, "client write"),
        "w write: write bytes, by default \"hello\"; right click: bytes, flags, repeat, deadline, socket. In FIN_WAIT2: EPIPE."
    );
    assert!(said(&script, "server write").ends_with("In CLOSE_WAIT: allowed."));
    assert!(said(&script, "server read").contains("In CLOSE_WAIT: "));
    assert!(said(&script, "client read").contains("In FIN_WAIT2: "));
    assert!(said(&script, "server close").ends_with("In CLOSE_WAIT: sends FIN."));
    assert!(said(&script, "server shutdown write").ends_with("In CLOSE_WAIT: sends FIN."));
    assert!(said(&script, "client close").ends_with("It is in FIN_WAIT2."));
    // The key of what has no button of its own is no key.
    assert!(said(&script, "client read 5").starts_with("read: "));
}

#[test]
fn before_there_is_a_socket_a_call_says_so() {
    let script = Script::new(LabKind::Isolated);
    for call in ["read", "write", "close", "shutdown write", "poll", "dup"] {
        let line = said(&script, &format!("client {call}"));
        assert!(line.ends_with("The client has no socket yet: EBADF."), "{line}");
    }
    assert!(said(&script, "client connect").ends_with("Nobody listens at the server now."));
    assert!(said(&script, "server accept").ends_with("Nothing listens at the server: an error."));
    assert!(said(&script, "wire deliver").ends_with("Nothing is held."));
}

#[test]
fn what_is_held_blocked_or_dead_is_said() {
    assert!(said(&Script::stepping(), "wire deliver").ends_with(" held."));
    assert!(said(&Script::stepping(), "wire mode").ends_with("They are held now."));
    let blocked = Script::blocked();
    let line = Side::BOTH.map(|side| said(&blocked, &format!("{side} interrupt")));
    assert!(line.iter().any(|line| line.ends_with(" is blocked.")), "{line:?}");
    let dead = Script::dead();
    let lines = Side::BOTH.map(|side| said(&dead, &format!("{side} read")));
    assert!(
        lines
            .iter()
            .any(|line| line.ends_with("process is dead: restart starts another.")),
        "{lines:?}"
    );
    let loopback = Script::new(LabKind::Loopback(None));
    assert!(said(&loopback, "wire drop").ends_with("The loopback lab has no wire."));
    let hint = shown(
        &Action::Screen(None, ScreenCommand::Why),
        &loopback.app,
        Side::Server,
        120,
    );
    assert!(hint.ends_with("The server has made no call yet."), "{hint}");
}
