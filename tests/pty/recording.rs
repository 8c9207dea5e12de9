//! A recording at a terminal: made by hand, opened again, gone through with keys and mouse; nothing runs meanwhile.

use super::*;

/// The line that tells the place: `recording: 12/87, 0.123 s`.
fn place(lines: &[String]) -> Option<(usize, usize)> {
    let line = lines.iter().find(|line| line.contains("recording: "))?;
    let (_, rest) = line.split_once("recording: ")?;
    let (at, rest) = rest.split_once('/')?;
    let (last, _) = rest.split_once(',')?;
    Some((at.trim().parse().ok()?, last.parse().ok()?))
}

#[track_caller]
fn stands(terminal: &mut Terminal, wanted: impl Fn(usize, usize) -> bool) -> (usize, usize) {
    terminal.wait("the place in the recording", |lines| {
        place(lines).is_some_and(|(at, last)| wanted(at, last))
    });
    place(&terminal.lines()).unwrap()
}

/// A recording made by hand: listen, connect, accept.
fn made(folder: &Folder) -> String {
    let file = folder.file("by-hand.jsonl");
    let mut terminal = connects(started_with(&["--lab", "isolated", "--record", &file]));
    terminal.keys("q");
    assert!(terminal.end().success());
    file
}

#[test]
fn what_was_done_by_hand_opens_again() {
    let folder = Folder::new("open");
    let file = made(&folder);
    for (cols, rows) in [(120, 40), (80, 30)] {
        let mut terminal = Terminal::start(cols, rows, &["open", &file]);
        terminal.see("recorded by finwait ");
        let (_, last) = stands(&mut terminal, |at, last| at == last);
        assert!(last > 15, "{last}");
        let end = terminal.lines();
        assert_eq!(terminal.state(Side::Client).as_deref(), Some("ESTABLISHED"));
        // Back and Next, by mouse and by key.
        terminal.press(Place::Screen, ", Back");
        stands(&mut terminal, |at, last| at + 1 == last);
        terminal.keys(",");
        stands(&mut terminal, |at, last| at + 2 == last);
        terminal.press(Place::Screen, ". Next");
        terminal.keys(".");
        stands(&mut terminal, |at, last| at == last);
        terminal.keys(".");
        terminal.see("this is the end of the recording");
        // To the start, before either endpoint was up; then to the first command, before it was given.
        terminal.keys("-");
        stands(&mut terminal, |at, _| at == 0);
        assert!(
            !terminal.lines().join("\n").contains("native"),
            "{}",
            terminal.lines().join("\n")
        );
        terminal.keys("]");
        terminal.see_both_up();
        let no_socket = |side| move |terminal: &Terminal| terminal.state(side).as_deref() == Some("no");
        assert!(no_socket(Side::Server)(&terminal), "{}", terminal.lines().join("\n"));
        terminal.keys("]");
        terminal.see_state(Side::Server, "LISTEN");
        assert!(no_socket(Side::Client)(&terminal), "{}", terminal.lines().join("\n"));
        terminal.keys("[");
        terminal.until("the listener to be gone", no_socket(Side::Server));
        terminal.press(Place::Screen, "= to the end");
        stands(&mut terminal, |at, last| at == last);
        terminal.wait("the end as it was", |lines| body(lines) == body(&end));
        // It takes no command, by button, key or prompt, and has started nothing.
        for press in ["r", "n", "K", ":client write hello\r", "Y"] {
            terminal.keys(press);
            terminal.see("this is a recording: it shows what happened, and takes no commands");
            terminal.keys("2");
            terminal.point_at(" recording: ", Half::Left);
            terminal.see("] [ by command; - start");
        }
        assert_eq!(children_of(terminal.pid()), 0);
        // What was recorded can be looked into.
        terminal.keys("!");
        terminal.see("why?   (Esc closes)");
        terminal.keys("!");
        terminal.keys("v");
        terminal.see("LAST_ACK");
        terminal.keys("q");
        assert!(terminal.end().success());
    }
}

/// The screen without its bottom line.
fn body(lines: &[String]) -> Vec<&str> {
    let body = lines.iter().take(lines.len() - 1);
    body.map(|line| line.trim_end()).collect()
}

/// How many children a process has.
fn children_of(pid: i32) -> usize {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.split_whitespace().count()
}

/// A guide's Back begins in a fresh lab: the recording has both runs, and goes through them as one time.
#[test]
fn a_guide_that_went_back_is_recorded_as_runs() {
    let folder = Folder::new("open-tour");
    let file = folder.file("tour.jsonl");
    let mut terminal = Terminal::start(120, 40, &["--record", &file, "tour", "half-close"]);
    terminal.see("step 1 of");
    terminal.keys(".");
    terminal.see("step 2 of");
    terminal.keys(".");
    terminal.see("step 3 of");
    terminal.keys(",");
    terminal.see("step 2 of");
    terminal.keys("q");
    assert!(terminal.end().success());
    let mut terminal = Terminal::start(120, 40, &["open", &file]);
    terminal.see("recorded by finwait ");
    terminal.see("run 2 of 2, ");
    terminal.keys("-");
    terminal.see("run 1 of 2, 0/");
    terminal.keys("]]");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.keys("=");
    terminal.see("run 2 of 2, ");
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// A selected log line is a place to go to.
#[test]
fn a_log_line_is_gone_to() {
    let folder = Folder::new("open-line");
    let file = made(&folder);
    let mut terminal = Terminal::start(120, 50, &["open", &file]);
    stands(&mut terminal, |at, last| at == last);
    terminal.keys("@");
    terminal.see("no log line is selected");
    terminal.click("SYN,ACK seq 0 ack 1   delivered", Half::Left);
    terminal.keys("@");
    let (at, last) = stands(&mut terminal, |at, last| at < last);
    assert!(at > 0 && at + 3 < last, "{at} of {last}");
    // The log stands above the buttons, whatever line the header has below it.
    let last = usize::from(terminal.map().log.bottom() - 1);
    terminal.wait("the SYN,ACK to be the last line", |lines| {
        lines[last].contains("SYN,ACK seq 0 ack 1")
    });
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// A full disk ends the recording; the screen says so, and goes on.
#[test]
fn a_full_disk_is_told_on_the_screen() {
    let mut terminal = Terminal::start(120, 40, &["--lab", "isolated", "--record", "/dev/full"]);
    terminal.see("the recording /dev/full ends here, and the run goes on: No space left on device");
    terminal.see_both_up();
    terminal.press(Side::Server, "l listen");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// A connection of a capture has the same screen: its diagram and its states, and says that no kernel was asked.
#[test]
fn a_capture_opens_read_only_and_says_what_it_is() {
    let text = "\
1700000000.000000 IP 10.0.0.1.41000 > 10.0.0.2.80: Flags [S], seq 100, win 500, length 0
1700000000.001000 IP 10.0.0.2.80 > 10.0.0.1.41000: Flags [S.], seq 900, ack 101, win 500, length 0
1700000000.002000 IP 10.0.0.1.41000 > 10.0.0.2.80: Flags [.], ack 1, win 500, length 0
1700000000.003000 IP 10.0.0.2.80 > 10.0.0.1.41000: Flags [F.], seq 1, ack 1, win 500, length 0
1700000000.004000 IP 10.0.0.1.41000 > 10.0.0.2.80: Flags [.], ack 2, win 500, length 0
";
    let folder = Folder::new("open-text");
    let path = folder.write("tcpdump.txt", text);
    let mut terminal = Terminal::start(140, 40, &["open", &path]);
    terminal.see("capture, no kernel asked");
    let (_, last) = stands(&mut terminal, |at, last| at == last);
    assert_eq!(terminal.state(Side::Client).as_deref(), Some("CLOSE_WAIT"));
    assert_eq!(terminal.state(Side::Server).as_deref(), Some("FIN_WAIT2"));
    for what in [
        "FIN,ACK seq 1 ack 1",
        "10.0.0.1:41000",
        "By the segments; no kernel was asked.",
    ] {
        terminal.see(what);
    }
    let lines = terminal.lines().join("\n");
    for what in [
        "isolated lab",
        "delivered",
        "starting",
        "no socket",
        "no connection",
        "Nothing has happened",
    ] {
        assert!(!lines.contains(what), "{what}:\n{lines}");
    }
    terminal.keys("-");
    stands(&mut terminal, |at, _| at == 0);
    terminal.keys(".");
    terminal.see_state(Side::Client, "SYN_SENT");
    terminal.keys("r");
    terminal.see("it shows what happened, and takes no commands");
    assert!(last >= 5, "{last}");
    terminal.keys("q");
    assert!(terminal.end().success());
}
