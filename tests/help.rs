//! The help, the palette and the prompt: what is found in them, and how one moves there.

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use finwait::command::table::TABLE;
use finwait::session::LabKind;
use finwait::state::State;
use finwait::tui::hit::Action;

mod script;
use script::Script;

/// The lines of the dialog on top.
fn lines(script: &mut Script, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| script.app.draw(frame, script.now)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let is = |x, y, corner: &str| buffer[(x, y)].symbol() == corner;
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let (left, top) = places.rev().find(|(x, y)| is(*x, *y, "\u{250c}")).expect("a dialog");
    let right = (left..width)
        .find(|x| is(*x, top, "\u{2510}"))
        .expect("its other corner");
    let bottom = (top..height).find(|y| is(left, *y, "\u{2514}")).expect("its end");
    let row = |y| (left + 1..right).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (top + 1..bottom).map(|y| row(y).trim_end().to_owned()).collect()
}

fn text(script: &mut Script) -> String {
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    terminal.draw(|frame| script.app.draw(frame, script.now)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let row = |y| (0..120).map(|x| buffer[(x, y)].symbol()).collect::<String>() + "\n";
    (0..40).map(row).collect()
}

fn press(script: &mut Script, code: KeyCode) {
    pressed_with(script, code, KeyModifiers::NONE);
}

fn pressed_with(script: &mut Script, code: KeyCode, with: KeyModifiers) {
    let effects = script.app.input(&Input::Key(KeyEvent::new(code, with)), script.now);
    script.take(effects);
}

fn control(script: &mut Script, key: char) {
    pressed_with(script, KeyCode::Char(key), KeyModifiers::CONTROL);
}

/// All the lines of the help, gone through line by line.
fn all_lines(script: &mut Script, width: u16, height: u16) -> Vec<String> {
    press(script, KeyCode::Home);
    let mut all = lines(script, width, height);
    loop {
        press(script, KeyCode::Down);
        let next = lines(script, width, height);
        if next.last() == all.last() && next == all[all.len() - next.len()..] {
            return all;
        }
        all.push(next.last().unwrap().clone());
    }
}

/// A page is what is visible: the line behind the last comes first then, whatever the height; and back.
#[test]
fn a_page_of_the_help_is_what_is_visible() {
    for (width, height) in [(120, 40), (80, 24), (60, 15)] {
        let mut script = Script::new(LabKind::Isolated);
        script.keys("?");
        let all = all_lines(&mut script, width, height);
        press(&mut script, KeyCode::Home);
        let first = lines(&mut script, width, height);
        let page = first.len();
        assert_eq!(first[..], all[..page], "{width}x{height}");
        press(&mut script, KeyCode::PageDown);
        assert_eq!(
            lines(&mut script, width, height),
            all[page..2 * page],
            "{width}x{height}"
        );
        press(&mut script, KeyCode::PageDown);
        press(&mut script, KeyCode::PageUp);
        assert_eq!(
            lines(&mut script, width, height),
            all[page..2 * page],
            "{width}x{height}"
        );
        press(&mut script, KeyCode::PageUp);
        assert_eq!(lines(&mut script, width, height), first);
        press(&mut script, KeyCode::End);
        assert_eq!(lines(&mut script, width, height), all[all.len() - page..]);
        // The wheel moves by three lines, wherever the pointer is.
        let (kind, column, row) = (MouseEventKind::ScrollUp, width / 2, height / 2);
        let wheel = MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        };
        script.app.input(&Input::Mouse(wheel), script.now);
        assert_eq!(
            lines(&mut script, width, height),
            all[all.len() - page - 3..all.len() - 3]
        );
        press(&mut script, KeyCode::Home);
        assert_eq!(lines(&mut script, width, height), first);
    }
}

/// Other dialogs move by their own pages: a list of choices to the one behind the last that was in sight.
#[test]
fn a_page_of_a_list_is_what_is_visible() {
    let mut script = Script::options();
    let lists = |script: &mut Script| lines(script, 80, 15);
    let first = lists(&mut script);
    press(&mut script, KeyCode::PageDown);
    let second = lists(&mut script);
    let rows = |lines: &[String]| -> Vec<String> {
        lines
            .iter()
            .filter(|line| line.starts_with(" SO_") || line.starts_with(" TCP_"))
            .cloned()
            .collect()
    };
    let (first, second) = (rows(&first), rows(&second));
    // From the first choice it goes to the one behind the last that was in sight, and no further.
    assert!(first.len() > 3, "{first:#?}");
    assert_eq!(second[..second.len() - 1], first[1..], "{second:#?}");
    assert!(!first.contains(second.last().unwrap()));
}

/// Every button is in it: its key, its label, what it does, and which arguments it takes.
#[test]
fn the_help_has_every_button_with_its_key_label_and_arguments() {
    let mut script = Script::new(LabKind::Isolated);
    script.keys("?");
    let all = all_lines(&mut script, 120, 40);
    for spec in TABLE {
        for button in spec.buttons {
            // Beside it stand the other keys that press it, if it has some.
            let is_it = |line: &str| {
                let mut words = line.trim_start().splitn(2, "  ");
                let keys = words.next().unwrap_or_default();
                keys.split(' ').next() == Some(button.key.to_string().as_str())
                    && words
                        .next()
                        .is_some_and(|rest| rest.trim_start().starts_with(button.label))
            };
            assert!(all.iter().any(|line| is_it(line)), "{} {}", button.key, button.label);
        }
        if !spec.args.is_empty() {
            let takes = format!("{} ", spec.name);
            assert!(
                all.iter().any(|line| line.contains("takes") && line.contains(&takes)),
                "{}",
                spec.name
            );
        }
    }
    for sign in [
        "\u{25c6}",
        "\u{2717}",
        "\u{2573}",
        "\u{254c}",
        "\u{2501}",
        "again",
        "+2",
        "rx 5 tx 3",
        "queue 1/3",
    ] {
        assert!(all.iter().any(|line| line.contains(sign)), "{sign}");
    }
    for state in State::ALL {
        assert!(
            all.iter().any(|line| line.trim_start().starts_with(state.name())),
            "{state}"
        );
    }
}

/// What is typed is searched for at once; Esc ends the search, and then the help.
#[test]
fn the_help_is_searched_by_typing() {
    let mut script = Script::new(LabKind::Isolated);
    script.keys("?");
    script.keys("half-close");
    let found = lines(&mut script, 120, 40);
    assert!(found[0].contains("/ half-close_"), "{found:#?}");
    assert!(found.iter().any(|line| line.contains("shut wr")), "{found:#?}");
    assert!(!found.iter().any(|line| line.contains("kill -9")), "{found:#?}");
    assert!(found.iter().filter(|line| !line.is_empty()).count() < 12, "{found:#?}");
    // q and ? are letters now.
    for _ in 0.."half-close".len() {
        press(&mut script, KeyCode::Backspace);
    }
    script.keys("/queue?");
    assert!(lines(&mut script, 120, 40)[0].contains("/ queue?_"));
    press(&mut script, KeyCode::Backspace);
    assert!(
        lines(&mut script, 120, 40)
            .iter()
            .any(|line| line.contains("queue 1/3"))
    );
    script.keys(" zzz");
    assert!(
        lines(&mut script, 120, 40)
            .iter()
            .any(|line| line.contains("the help has no such word"))
    );
    press(&mut script, KeyCode::Esc);
    assert!(text(&mut script).contains("help: keys"));
    assert!(!lines(&mut script, 120, 40)[0].contains("/ "));
    press(&mut script, KeyCode::Esc);
    assert!(!text(&mut script).contains("help: keys"));
}

/// One letter finds its key before all that has the letter.
#[test]
fn a_key_is_looked_up() {
    let mut script = Script::new(LabKind::Isolated);
    script.keys("?");
    script.keys("w");
    let found = lines(&mut script, 120, 40);
    assert_eq!(found[1].trim(), "The key w", "{found:#?}");
    assert!(found[2].contains("write bytes, by default"), "{found:#?}");
}

/// What has the focus comes first: a marked button, the log, a state, the end that has the keys, the dialog under it.
#[test]
fn the_help_begins_with_what_has_the_focus() {
    let mut script = Script::half_close();
    let begins = |script: &mut Script| {
        script.keys("?");
        let first: Vec<String> = lines(script, 120, 40)
            .into_iter()
            .map(|line| line.trim().to_owned())
            .collect();
        press(script, KeyCode::Esc);
        first
    };
    script.keys("2");
    assert_eq!(begins(&mut script)[0], "The keys are the server's: a few of its calls");
    let found = begins(&mut script);
    assert!(found[1].starts_with("l           listen"), "{found:#?}");
    // The first button of the end: what it is to try.
    text(&mut script);
    press(&mut script, KeyCode::Tab);
    let found = begins(&mut script);
    assert_eq!(found[0], "Marked: write", "{found:#?}");
    assert!(found[1].contains("write bytes, by default"), "{found:#?}");
    // What it would do now, whatever lines that takes.
    assert!(found.join(" ").contains("In CLOSE_WAIT: allowed."), "{found:#?}");
    text(&mut script);
    // The log: a click on one of its lines marks it.
    let hit = script
        .app
        .hits()
        .all()
        .iter()
        .find(|hit| matches!(hit.action, Action::LogLine(Some(_))))
        .unwrap()
        .area;
    let click = MouseEvent {
        kind: MouseEventKind::Down(crossterm::event::MouseButton::Left),
        column: hit.x + 2,
        row: hit.y,
        modifiers: KeyModifiers::NONE,
    };
    script.app.input(&Input::Mouse(click), script.now);
    assert_eq!(begins(&mut script)[0], "Marked: the log");
    // Over a dialog: its own keys, and it is there again behind it.
    for (open, title) in [("W", "The wire's rules"), ("!", "Why?")] {
        script.keys(open);
        assert_eq!(begins(&mut script)[0], title);
        press(&mut script, KeyCode::Esc);
    }
    script.keys(":");
    press(&mut script, KeyCode::F(1));
    assert!(text(&mut script).contains("  The prompt ") || text(&mut script).contains(" The prompt "));
    press(&mut script, KeyCode::F(1));
    assert!(text(&mut script).contains("Enter runs it"));
}

/// Each state is a press away from all that it means: Tab and Enter, or a click.
#[test]
fn a_state_is_a_press_away_from_its_meaning() {
    let mut script = Script::new(LabKind::Isolated);
    script.keys("?");
    script.keys("close_wait");
    let before = lines(&mut script, 120, 40);
    assert!(!before.iter().any(|line| line.contains("ended by")), "{before:#?}");
    let place = before
        .iter()
        .position(|line| line.trim_start().starts_with("CLOSE_WAIT"))
        .unwrap();
    // The last that can be pressed: the states come last.
    press(&mut script, KeyCode::End);
    for _ in 0..20 {
        press(&mut script, KeyCode::Tab);
    }
    press(&mut script, KeyCode::Enter);
    let after = lines(&mut script, 120, 40);
    for word in ["can", "waits for", "ended by", "scenario half-close"] {
        assert!(
            after[place..].iter().any(|line| line.contains(word)),
            "{word}: {after:#?}"
        );
    }
    press(&mut script, KeyCode::Enter);
    assert_eq!(lines(&mut script, 120, 40), before);
}

/// Enter on a command of the help types it.
#[test]
fn a_command_of_the_help_is_typed_by_a_press() {
    let mut script = Script::new(LabKind::Isolated);
    script.keys("?");
    script.keys("nofile");
    lines(&mut script, 120, 40);
    press(&mut script, KeyCode::Tab);
    press(&mut script, KeyCode::Enter);
    let text = text(&mut script);
    assert!(
        !text.contains("help: keys") && text.contains(": client host "),
        "{text}"
    );
}

/// The palette finds what can be done by a word of its help, and does it.
#[test]
fn the_palette_finds_and_does_what_a_few_letters_say() {
    let mut script = Script::half_close();
    control(&mut script, 'p');
    assert!(lines(&mut script, 120, 40).len() > 10);
    script.keys("half");
    let found = lines(&mut script, 120, 40);
    assert!(
        found[1].contains("shutdown write") && found[1].contains("half-close"),
        "{found:#?}"
    );
    script.keys("\u{1b}");
    // A state diagram, by its name.
    control(&mut script, 'p');
    script.keys("state diag");
    press(&mut script, KeyCode::Enter);
    assert!(text(&mut script).contains("edges seen"));
    // What needs an argument is typed.
    control(&mut script, 'p');
    script.keys("nofile");
    press(&mut script, KeyCode::Enter);
    assert!(text(&mut script).contains(": client host "));
    press(&mut script, KeyCode::Esc);
    // What needs none can be.
    control(&mut script, 'p');
    script.keys("backlog");
    press(&mut script, KeyCode::Tab);
    let text = text(&mut script);
    assert!(
        text.contains(": client listen ") && text.contains("[backlog=-1..65535 (2)]"),
        "{text}"
    );
}

/// Each row of the palette does what its button does: no other command than the table's is in it.
#[test]
fn a_press_in_the_palette_is_a_press_on_the_button() {
    let mut script = Script::new(LabKind::Isolated);
    script.asked.clear();
    script.keys("2");
    control(&mut script, 'p');
    script.keys("listen");
    press(&mut script, KeyCode::Enter);
    let by_palette = std::mem::take(&mut script.asked);
    let mut script = Script::new(LabKind::Isolated);
    script.asked.clear();
    script.keys("2l");
    assert!(!by_palette.is_empty());
    assert_eq!(by_palette, script.asked);
}

/// While a command is typed its arguments are there: what each can be, what is taken without it, and what it does.
#[test]
fn the_prompt_shows_the_signature() {
    let mut script = Script::new(LabKind::Isolated);
    script.keys(":client write ");
    let shown = lines(&mut script, 120, 40).join("\n");
    assert!(
        shown.contains(
            "write [bytes TEXT (\"hello\")] [nosignal|oob|dontwait] [repeat=1..] [deadline=TIME] [on=SOCKET]"
        ),
        "{shown}"
    );
    assert!(shown.contains("write bytes, by default \"hello\""), "{shown}");
    // At each width the one that is being typed is in sight.
    for (width, height) in [(120, 40), (80, 24), (60, 15)] {
        let mut script = Script::new(LabKind::Isolated);
        script.keys(":wire drop SYN chance=");
        let shown = lines(&mut script, width, height).join("\n");
        assert!(shown.contains("[chance=0..100]"), "{shown}");
    }
    // A mistake takes its place, and points.
    let mut script = Script::new(LabKind::Isolated);
    script.keys(":client shutdown wr");
    press(&mut script, KeyCode::Enter);
    let shown = lines(&mut script, 120, 40).join("\n");
    assert!(shown.contains('^') && shown.contains("did you mean write?"), "{shown}");
}

/// A right click on a button asks for its arguments, and shows which there are.
#[test]
fn a_right_click_shows_what_a_button_takes() {
    let mut script = Script::new(LabKind::Isolated);
    text(&mut script);
    let connect = Action::from((finwait::command::table::pressed('c').unwrap().1.command)(
        finwait::side::Side::Client,
    ));
    let area = script
        .app
        .hits()
        .all()
        .iter()
        .find(|hit| hit.action == connect)
        .unwrap()
        .area;
    let click = MouseEvent {
        kind: MouseEventKind::Down(crossterm::event::MouseButton::Right),
        column: area.x + 1,
        row: area.y,
        modifiers: KeyModifiers::NONE,
    };
    script.app.input(&Input::Mouse(click), script.now);
    let shown = lines(&mut script, 120, 40).join("\n");
    assert!(
        shown.contains(": client connect") && shown.contains("[address ADDRESS:PORT]"),
        "{shown}"
    );
    script.keys(":9");
    press(&mut script, KeyCode::Enter);
    assert!(!script.asked.is_empty());
    script.keys(":");
    press(&mut script, KeyCode::Up);
    assert!(lines(&mut script, 120, 40).join("\n").contains(": client connect :9"));
}

/// What the hint promises of a right click is what it does: each command that takes something is typed.
#[test]
fn a_right_click_asks_for_arguments_wherever_there_are_any() {
    for spec in TABLE.iter().filter(|spec| !spec.args.is_empty()) {
        for button in spec.buttons {
            let action = Action::from((button.command)(finwait::side::Side::Client));
            assert!(action.typed().is_some(), "{}", spec.name);
        }
    }
}

/// A few letters of a command's word, or a word of its help, are completed.
#[test]
fn the_prompt_completes_from_a_few_letters() {
    let mut script = Script::new(LabKind::Isolated);
    script.keys(":client half");
    press(&mut script, KeyCode::Tab);
    assert!(lines(&mut script, 120, 40).join("\n").contains(": client shutdown"));
}

/// What was typed comes back: by arrows, and by a search that Esc leaves as it was.
#[test]
fn what_was_typed_is_searched() {
    let mut script = Script::new(LabKind::Isolated);
    for command in [
        "client read 1",
        "server write first",
        "server write second",
        "client read 2",
    ] {
        script.keys(&format!(":{command}"));
        press(&mut script, KeyCode::Enter);
    }
    script.keys(":begun");
    let line = |script: &mut Script| {
        let lines = lines(script, 120, 40);
        let line = lines
            .iter()
            .find_map(|line| Some(line.trim_start().strip_prefix(": ")?.trim_end().to_owned()));
        line.unwrap()
    };
    control(&mut script, 'r');
    script.keys("wri");
    assert_eq!(line(&mut script), "server write second");
    control(&mut script, 'r');
    assert_eq!(line(&mut script), "server write first");
    control(&mut script, 'r');
    assert_eq!(line(&mut script), "server write first");
    press(&mut script, KeyCode::Esc);
    assert_eq!(line(&mut script), "begun");
    control(&mut script, 'r');
    script.keys("read");
    press(&mut script, KeyCode::Enter);
    assert_eq!(line(&mut script), "client read 2");
    press(&mut script, KeyCode::Esc);
    assert!(!text(&mut script).contains("Enter runs it"));
}
