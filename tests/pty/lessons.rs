//! Lessons by clicks: one is found and begun, its path is left and found again, a wrong prediction is answered, two labs go on step for
//! step.

use super::support::folder::Folder;
use std::time::Duration;

use finwait::side::Side;

use super::terminal::{Half, Place, Terminal};
use super::{started, started_with};

/// The lessons are open, and this is searched for.
#[track_caller]
fn searched(mut terminal: Terminal, words: &str) -> Terminal {
    terminal.press(Place::Screen, "Y lessons");
    terminal.see("Start here");
    terminal.keys(words);
    terminal.see(&format!("search: {words}_"));
    terminal
}

/// The guide of half-close, its connection made.
#[track_caller]
fn before_the_half_close() -> Terminal {
    let mut terminal = searched(started("isolated"), "half-close fin_wait2");
    terminal.click("Half-close: one direction ends", Half::Left);
    terminal.see("step 1 of 10");
    for step in 2..=4 {
        terminal.press(Place::Screen, ". Next");
        terminal.see(&format!("step {step} of 10"));
    }
    terminal
}

#[test]
fn a_tour_without_a_name_opens_the_lessons() {
    let mut terminal = Terminal::start(120, 40, &["--lab", "loopback", "tour"]);
    terminal.see("Start here");
    terminal.see("type to search");
}

#[test]
fn a_lesson_is_found_by_an_errno_and_begun_by_mouse() {
    let mut terminal = searched(started("isolated"), "epipe beginner");
    // Under its question, with level and length; no code before its title.
    terminal.see("Why did my write fail?");
    terminal.wait("the lesson's line", |lines| {
        lines.iter().any(|line| {
            line.contains("  Writing to a peer that has closed") && line.contains("beginner") && line.contains(" min")
        })
    });
    terminal.click("Writing to a peer that has closed", Half::Left);
    terminal.see("step 1 of 7");
    terminal.see("next:  2 l listen backlog=2 ");
}

/// What the guide would do next, pressed by hand, is its step: it is checked, and the guide goes on.
#[test]
fn a_press_that_is_the_next_step_is_taken_as_that_step() {
    let mut terminal = before_the_half_close();
    terminal.press(Side::Client, "h shut wr");
    terminal.see("step 5 of 10");
    terminal.wait("the step's result", |lines| {
        lines
            .iter()
            .any(|line| line.contains("4: client shutdown write = ok; client FIN_WAIT2, server CLOSE_WAIT"))
    });
    // The plain button stands for the step's write, whose bytes are its own.
    terminal.press(Side::Client, "w write");
    terminal.see("step 6 of 10");
    terminal.see("5: client write \"too late\" = EPIPE");
}

/// The guide stops its story when its path is left, and comes back to it in a fresh lab.
#[test]
fn the_guides_path_is_left_and_found_again() {
    let mut terminal = before_the_half_close();
    terminal.press(Side::Client, "X reset");
    terminal.see("You have left the guide's path: you pressed client rst-close");
    terminal.wait("no story any more", |lines| {
        !lines
            .iter()
            .any(|line| line.contains("The client has nothing more to send"))
    });
    // The pointer alone has it said, and so has a press.
    terminal.point_at(". Next", Half::Both);
    terminal.see(". needs the guide's path, which you have left: I goes back to it");
    terminal.press(Place::Screen, ". Next");
    terminal.see(". needs the guide's path, which you have left: I goes back to it");
    terminal.see("rejoin (I) runs the steps so far again");
    terminal.press(Place::Screen, "I rejoin");
    terminal.see("step 4 of 10");
    terminal.see("next:  1 h shutdown write ");
    terminal.wait("a connection as before", |lines| {
        lines.iter().filter(|line| line.contains("ESTABLISHED")).count() > 0
            && !lines.join("\n").contains("You have left")
    });
    terminal.press(Place::Screen, ". Next");
    terminal.see("step 5 of 10");
    terminal.see("client FIN_WAIT2, server CLOSE_WAIT");
    // And left once more, for good.
    terminal.press(Side::Server, "x close");
    terminal.see("you pressed server close");
    // In the title and among the ways back.
    terminal.click(" ; Leave ", Half::Left);
    terminal.see("on your own now");
}

/// Two versions of a late step are compared from the first difference on: what both have in common is above.
#[test]
fn a_comparison_opens_at_the_first_difference() {
    let mut terminal = Terminal::start(80, 24, &["--lab", "isolated", "tour", "half-close"]);
    terminal.see("1/10");
    for step in 2..=7 {
        terminal.keys(".");
        terminal.see(&format!(" {step}/10"));
    }
    terminal.press(Place::Screen, "& branch");
    terminal.see(": server write");
    terminal.keys(&"\u{7f}".repeat("write \"still here\"".len()));
    terminal.keys("close\r");
    terminal.wait("both ways at the changed step", |lines| {
        let below = lines.iter().skip_while(|line| !line.contains("changed  ")).nth(1);
        let text = lines.join("\n");
        below.is_some()
            && text.contains("7 server write")
            && text.contains("7 server close = ok")
            && text.contains("lines above")
    });
    let text = terminal.lines().join("\n");
    assert!(!text.contains("1 server listen"), "{text}");
    terminal.keys(&"\u{1b}[5~".repeat(5));
    terminal.see("1 server listen");
}

/// A wrong prediction gets the rule, its why, and its place in the log.
#[test]
fn a_wrong_prediction_is_answered_with_the_rule() {
    let mut terminal = before_the_half_close();
    terminal.press(Place::Screen, ". Next");
    terminal.see("step 5 of 10");
    terminal.press(Place::Screen, "# predict");
    terminal.see("what will it return?");
    // What the rules allow for a write: no end of the stream.
    terminal.wait("plausible choices", |lines| {
        let text = lines.join("\n");
        text.contains("EPIPE") && text.contains("ECONNRESET") && !text.contains("  EOF")
    });
    terminal.click("( ) ok", Half::Left);
    terminal.see("you predict ok");
    terminal.press(Place::Screen, ". Next");
    terminal.see("you predicted ok: wrong, it is EPIPE");
    terminal.see("This end has sent FIN, which says that nothing follows");
    terminal.click("[why?]", Half::Left);
    terminal.see("decided");
    terminal.keys("\u{1b}");
    terminal.wait("the dialog to go", |lines| {
        !lines.iter().any(|line| line.contains("decided"))
    });
    terminal.click("[in the log]", Half::Left);
    terminal.see("Esc goes back to the guide");
    terminal.keys("y");
    terminal.see("copied: ");
    terminal.see("EPIPE (Broken pipe)");
    terminal.keys("\u{1b}");
    terminal.see("you predicted ok: wrong");
}

/// A step is announced without what comes of it; where to look is said once it is done.
#[test]
fn a_step_is_announced_before_it_and_explained_after_it() {
    let mut terminal = before_the_half_close();
    let lines = terminal.lines();
    let guide = lines.iter().skip_while(|line| !line.contains(". Next ─")).take(7);
    let text = guide.cloned().collect::<Vec<_>>().join("\n");
    assert!(
        text.contains("The client has nothing more to send, and says so"),
        "{text}"
    );
    assert!(!text.contains("FIN_WAIT2") && !text.contains("CLOSE_WAIT"), "{text}");
    terminal.press(Place::Screen, ". Next");
    terminal.see("step 5 of 10");
    terminal.see("Look at both states: the client is in FIN_WAIT2");
    terminal.see("May the client still write? We try.");
}

/// The next step is a button with its end and key, and the keys go to its end.
#[test]
fn the_next_step_can_be_pressed_where_the_guide_names_it() {
    let mut terminal = Terminal::start(80, 24, &["--lab", "isolated", "tour", "half-close"]);
    terminal.see("1/10");
    terminal.click(" 2 l listen backlog=2 ", Half::Left);
    terminal.see(" 2/10");
    terminal.see("next:  1 c connect ");
    terminal.see("1 CLIENT the keys act here");
    terminal.keys("c");
    terminal.see(" 3/10");
    terminal.see("2 SERVER the keys act here");
    terminal.keys("a");
    terminal.see(" 4/10");
    terminal.see("next:  1 h shutdown write ");
}

/// However small the screen, a wrong prediction's verdict and its reason stand first; the rest is a press or a turn of the wheel away.
#[test]
fn a_wrong_predictions_verdict_stands_first_at_every_size() {
    for (width, height) in [(120, 40), (80, 24), (60, 15)] {
        let mut terminal = Terminal::start(width, height, &["--lab", "isolated", "tour", "half-close"]);
        for step in 1..=5 {
            terminal.wait("the step", |lines| {
                let counters = [format!("step {step} of 10"), format!(" {step}/10")];
                lines
                    .iter()
                    .any(|line| counters.iter().any(|counter| line.contains(counter)))
            });
            terminal.keys(if step < 5 { "." } else { "" });
        }
        terminal.keys("#");
        terminal.click("( ) ok", Half::Left);
        terminal.see("you predict ok");
        terminal.keys(".");
        terminal.wait("the verdict", |lines| {
            let at = lines.iter().position(|line| line.contains(". Next"));
            at.is_some_and(|at| {
                let below = &lines[at + 1..];
                let verdict = below
                    .iter()
                    .position(|line| line.contains("you predicted ok: wrong, it is EPIPE"));
                verdict.is_some_and(|verdict| below[verdict + 1].contains("This end has sent FIN"))
            })
        });
        terminal.see("next:  2 r read ");
        if height < 24 {
            terminal.click("[more", Half::Both);
            terminal.see("EPIPE: its own direction is over");
            terminal.wait("the mark of what is above", |lines| {
                lines.iter().any(|line| line.starts_with('\u{25b4}')) && lines.iter().any(|line| line.contains("next:"))
            });
        }
    }
}

/// A lab in which something was done does not go for a lesson without a question; a guide's own does.
#[test]
fn a_lab_with_something_done_in_it_is_not_left_without_a_question() {
    let mut terminal = searched(started("isolated"), "half-close fin_wait2");
    terminal.keys("\r");
    terminal.see("step 1 of 10");
    // Nothing but the guide's own.
    terminal.keys(".");
    terminal.see("step 2 of 10");
    terminal.keys("Yhandshake\r");
    terminal.see("step 1 of 7");
    terminal.keys(";");
    terminal.see("on your own now");
    terminal.see_both_up();
    terminal.press(Side::Server, "l listen");
    terminal.see_state(Side::Server, "LISTEN");
    for answer in ["\u{1b}", "\r"] {
        terminal.keys("Yfull close\r");
        terminal.see("leave this lab?");
        terminal.see("1 command");
        terminal.keys(answer);
        terminal.wait("the lab to stay", |lines| {
            let text = lines.join("\n");
            !text.contains("leave this lab?") && text.contains("LISTEN")
        });
    }
    terminal.keys("Yfull close\r");
    terminal.see("leave this lab?");
    terminal.click("leave it", Half::Left);
    terminal.see("step 1 of 11");
}

/// The processes below that one, and below those.
fn descendants(of: i32) -> Vec<i32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let parent = |pid: i32| -> Option<i32> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        let mut rest = rest.split_whitespace();
        (rest.next()? != "Z").then(|| rest.next()?.parse().ok())?
    };
    let pairs: Vec<(i32, i32)> = pids.filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = vec![of];
    let mut next = 0;
    while let Some(above) = found.get(next).copied() {
        found.extend(pairs.iter().filter(|(_, parent)| *parent == above).map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

/// Two labs more for the lesson, and none of their processes once it is left, or the screen is.
#[test]
fn the_two_labs_end_with_their_lesson() {
    let mut terminal = started("isolated");
    let pid = terminal.pid();
    let before = descendants(pid);
    let begins = |terminal: &mut Terminal| {
        terminal.keys("Ybeside\r");
        terminal.see("step 0 of 8");
        terminal.press(Place::Screen, ". Next");
        terminal.see("step 1 of 8");
    };
    begins(&mut terminal);
    let with = descendants(pid);
    assert_eq!(with.len(), 3 * before.len(), "{before:?} {with:?}");
    terminal.press(Place::Screen, "; Leave");
    terminal.wait("its labs to end", |_| descendants(pid) == before);
    terminal.see("CLIENT");
    begins(&mut terminal);
    let with = descendants(pid);
    assert_eq!(with.len(), 3 * before.len(), "{before:?} {with:?}");
    terminal.keys("q");
    assert!(terminal.end().success());
    // Endpoints go when their socket does, which need not be at once.
    let lives = |pid: &i32| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok();
    super::support::until("the endpoints to end", || !with.iter().any(lives));
}

/// The same from the command line.
#[test]
fn a_lesson_of_two_labs_is_opened_by_its_name() {
    let mut terminal = Terminal::start(120, 40, &["--lab", "isolated", "tour", "half-close-beside-full-close"]);
    terminal.see("step 0 of 8");
    terminal.keys("=");
    terminal.see("step 8 of 8");
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// Half-close beside full close, by mouse from "Start here" to its end: both columns are as the kernel has them.
#[test]
fn half_close_stands_beside_full_close() {
    for (lab, size) in [
        ("isolated", (120, 40)),
        ("loopback", (120, 40)),
        ("isolated", (80, 24)),
        ("isolated", (60, 15)),
    ] {
        let mut terminal = Terminal::start(size.0, size.1, &["--lab", lab]);
        terminal.see_both_up();
        terminal.keys("Y");
        terminal.see("Start here");
        terminal.keys("beside");
        terminal.see("search: beside_");
        terminal.click("Half-close beside full close", Half::Left);
        terminal.see("step 0 of 8");
        for step in 1..=8 {
            terminal.press(Place::Screen, ". Next");
            terminal.see(&format!("step {step} of 8"));
            if step == 4 {
                terminal.see("no program");
                terminal.see("The wire sees no difference");
                terminal.see("Can the servers tell? Both read.");
                // What differs is marked.
                terminal.wait("the clients' signs", |lines| {
                    lines.iter().any(|line| line.matches("\u{2260} client").count() == 2)
                        || lines.iter().filter(|line| line.contains("\u{2260} client")).count() >= 2
                });
                assert!(!terminal.lines().join("\n").contains("\u{2260} server"));
            }
            if (lab, size, step) == ("isolated", (120, 40), 6) {
                terminal.wait("the segments as in the main diagram", |lines| {
                    let has = |words: &str| lines.iter().any(|line| line.contains(words));
                    has("\u{2501}\u{2501} FIN \u{2501}")
                        && lines
                            .iter()
                            .any(|line| line.contains("RST") && line.contains('\u{2573}'))
                });
                terminal.see("A program that never closes leaks the descriptor");
            }
        }
        terminal.see("The end: both labs are live");
        assert!(!terminal.lines().join("\n").contains("Something else came"));
        // The half-close: the answer was read, and the server may go on. The full close: it has learnt that nobody is there.
        terminal.wait("the states of the ends", |lines| {
            let text = lines.join("\n");
            let chips = ["client  FIN_WAIT2", "server  CLOSE_WAIT", "client gone"];
            let closed = lines.iter().any(|line| line.trim_end().ends_with("server  CLOSE"));
            closed && chips.iter().all(|chip| text.contains(chip))
        });
        terminal.see("-1 EPIPE");
        terminal.see("write(4, \"more\", 4) = 4");
        if (lab, size) == ("isolated", (120, 40)) {
            terminal.see("RST");
            // Back: both labs anew, as far as the step before.
            terminal.press(Place::Screen, ", Back");
            terminal.see("step 7 of 8");
            terminal.see("read(3, \"answer\", 1024) = 6");
            terminal.keys("r");
            terminal.see("this lesson presses the buttons itself");
        }
        terminal.press(Place::Screen, "; Leave");
        terminal.see("your own lab again, as you left it");
        terminal.keys("q");
        assert!(terminal.end().success());
    }
}

/// A guide begun from there ends both labs.
#[test]
fn another_lesson_takes_the_place_of_two_labs() {
    let mut terminal = started_with(&["--lab", "isolated"]);
    terminal.keys("Y");
    terminal.see("Start here");
    terminal.keys("beside\r");
    terminal.see("step 0 of 8");
    terminal.keys("=");
    terminal.see("step 8 of 8");
    terminal.press(Place::Screen, "Y lessons");
    terminal.see("Start here");
    terminal.keys("k2\r");
    terminal.see("step 1 of 10");
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// A connection, a read that waits until its deadline, and `last`.
fn waiting_read(name: &str, deadline: u32, last: &str) -> (Folder, Terminal) {
    let folder = Folder::new(name);
    let steps = [
        "server = \"listen backlog=2\"",
        "client = \"connect\"",
        "server = \"accept\"",
        &format!("client = \"read deadline={deadline}\"\nreturns = \"blocked\""),
        last,
    ];
    let steps: Vec<String> = steps.iter().map(|step| format!("[[step]]\n{step}\n")).collect();
    let text = format!("title = \"t\"\nsummary = \"s\"\ngroup = \"close\"\n{}", steps.concat());
    folder.write("waits.toml", text);
    let mut terminal = Terminal::start_in(folder.path(), 120, 40, &["--lab", "isolated", "tour", "waits.toml"]);
    terminal.see("step 1 of 5");
    for step in 2..=5 {
        terminal.press(Place::Screen, ". Next");
        terminal.see(&format!("step {step} of 5"));
    }
    // The user reads on, and the deadline passes.
    terminal.see(" = deadline ");
    (folder, terminal)
}

/// A call that returned while the user read belongs to the step that waits for it.
#[test]
fn a_call_that_returned_while_the_user_read_is_the_next_steps() {
    let (_folder, mut terminal) = waiting_read("read-slowly", 400, "later = { client = \"deadline exceeded\" }");
    terminal.press(Place::Screen, ". Next");
    terminal.see("The end: all was as expected.");
    // From there on the user is free, and leaves no path.
    terminal.press(Side::Client, "x close");
    terminal.see("close(3) = 0");
    terminal.see("The end: all was as expected.");
}

/// What is only so without a long pause is not so after one: the guide says what happened meanwhile, and runs it again in time.
#[test]
fn a_pause_that_was_too_long_is_told_and_mended() {
    let last = "server = 'write \"x\"'\nreturns = \"wrote 1\"\nlater = { client = 'read \"x\"' }\nwithin = \"500ms\"";
    let (_folder, mut terminal) = waiting_read("too-slowly", 2_500, last);
    terminal.press(Place::Screen, ". Next");
    terminal.see("You waited ");
    terminal.see("meanwhile: client read = deadline exceeded");
    terminal.press(Place::Screen, "I rejoin");
    terminal.see("The end: all was as expected.");
}

/// Every lesson, read at 3.5 s a step: each step holds, or the guide says that the pause was too long for it. Takes minutes: it reads.
#[test]
#[ignore = "reads every lesson, which takes ten minutes: cargo test --test pty reading_speed -- --ignored --nocapture"]
fn lessons_hold_at_reading_speed_or_say_why_not() {
    use std::sync::Mutex;
    let only = std::env::var("LESSONS").unwrap_or_default();
    let lessons = finwait::scenario::catalog::all().unwrap();
    // What only other kernels show cannot be read here.
    let lessons = lessons.into_iter().filter(|lesson| lesson.needs.is_none());
    let lessons: Vec<_> = lessons.filter(|lesson| lesson.name.contains(&only)).collect();
    let (queue, results) = (Mutex::new(lessons.iter()), Mutex::new(Vec::new()));
    let read = |name: &str, withins: &[Duration]| -> String {
        let steps = withins.len();
        let mut terminal = Terminal::start(120, 40, &["tour", name]);
        terminal.see(&format!("step 1 of {steps}"));
        for (step, within) in (1..).zip(withins) {
            std::thread::sleep(Duration::from_millis(3_500));
            terminal.keys(".");
            // Longer than anything on the screen is waited for.
            std::thread::sleep(within.saturating_sub(Duration::from_secs(10)));
            let next = format!("step {} of", step + 1);
            terminal.wait("the step to be over", |lines| {
                let text = lines.join("\n");
                text.contains(&next) || text.contains("The end: ") || text.contains(&format!("\u{2717} {step}: "))
            });
            let text = terminal.lines().join("\n");
            if text.contains(&format!("\u{2717} {step}: ")) {
                let told = if text.contains("You waited ") { "told" } else { "UNTOLD" };
                return format!("{told} at step {step}");
            }
        }
        "holds".into()
    };
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                loop {
                    let Some(lesson) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let (name, withins) = (
                        lesson.name.clone(),
                        lesson.steps.iter().map(|step| step.within).collect::<Vec<_>>(),
                    );
                    let came = std::thread::spawn({
                        let name = name.clone();
                        move || read(&name, &withins)
                    });
                    let came = came.join().unwrap_or_else(|_| "did not end".into());
                    eprintln!("{name}: {came}");
                    results.lock().unwrap().push((name, came));
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    let count = |what: &str| results.iter().filter(|(_, came)| came.starts_with(what)).count();
    eprintln!(
        "{} hold, {} are told, of {}",
        count("holds"),
        count("told"),
        results.len()
    );
    let untold: Vec<_> = results
        .iter()
        .filter(|(_, came)| !came.starts_with("holds") && !came.starts_with("told"))
        .collect();
    assert!(untold.is_empty(), "{untold:?}");
}
