//! The terminal's own part: whose the mouse is, frames that show all at once, the window's title.

use super::*;

/// Mouse reports are asked for, and not any more, by these (xterm's any-event mode).
const REPORT: &str = "\x1b[?1003h";
const KEEP: &str = "\x1b[?1003l";

#[test]
fn the_mouse_is_let_go_and_taken_back_by_a_key() {
    let mut terminal = started("loopback");
    assert_eq!((terminal.written(REPORT), terminal.written(KEEP)), (1, 0));
    terminal.keys("M");
    terminal.see("mouse: the terminal's (select text); M takes it back");
    assert_eq!((terminal.written(REPORT), terminal.written(KEEP)), (1, 1));
    // It goes on being said, whatever else is pressed.
    terminal.keys("2");
    terminal.see("2 SERVER the keys act here");
    terminal.see("mouse: the terminal's (select text); M takes it back");
    terminal.keys("M");
    terminal.wait("the mouse to be ours again", |lines| {
        !lines.join("\n").contains("mouse: the terminal's")
    });
    assert_eq!((terminal.written(REPORT), terminal.written(KEEP)), (2, 1));
    terminal.press(Side::Server, "l listen");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.keys("q");
    assert!(terminal.end().success());
    assert_eq!(terminal.written(KEEP), 2);
}

/// A mouse that was let go stays so when the screen comes back from elsewhere.
#[test]
fn the_mouse_can_stay_the_terminals_from_the_start() {
    let mut terminal = started_with(&["--lab", "loopback", "--no-mouse"]);
    terminal.see("mouse: the terminal's (select text); M takes it back");
    assert_eq!(terminal.written(REPORT), 0);
    let drawn = terminal.written(keys::BACK);
    terminal.keys("\x0c");
    terminal.until("the screen again", |terminal| terminal.written(keys::BACK) > drawn);
    assert_eq!(terminal.written(REPORT), 0);
    terminal.keys("M");
    terminal.until("mouse reports", |terminal| terminal.written(REPORT) == 1);
}

/// Each frame is between the marks of synchronized output, and the window's own title comes back in the end.
#[test]
fn frames_are_whole_and_the_window_has_a_title() {
    let mut terminal = guided_to_the_half_close();
    for text in ["\x1b[22;0t", "\x1b]0;finwait\x07", "\x1b]0;finwait: half-close\x07"] {
        assert_eq!(terminal.written(text), 1, "{text:?}");
    }
    assert_eq!(terminal.written("\x1b[23;0t"), 0);
    assert_eq!(terminal.screen().contents().matches("finwait: half-close").count(), 0);
    terminal.keys("q");
    assert!(terminal.end().success());
    let raw = String::from_utf8_lossy(&terminal.raw).into_owned();
    let (begins, ends) = (raw.matches("\x1b[?2026h").count(), raw.matches("\x1b[?2026l").count());
    // One more is written when the terminal is given back, whatever was under way.
    assert_eq!(begins + 1, ends);
    assert!(begins > 4, "{begins}");
    assert!(raw.find("\x1b[22;0t") < raw.find("\x1b]0;"), "saved first");
    assert!(raw.rfind("\x1b[23;0t") > raw.rfind("\x1b]0;"), "restored last");
    assert_eq!(raw.matches("\x1b[23;0t").count(), 1);
}

/// While it is suspended the window has the title that it had before; then ours again.
#[test]
fn a_title_is_given_back_to_the_shell() {
    let (mut terminal, _) = jobs::job();
    jobs::stops(&mut terminal, |terminal| terminal.keys("\x1a"));
    assert_eq!((terminal.written("\x1b[22;0t"), terminal.written("\x1b[23;0t")), (1, 1));
    terminal.keys("fg\r");
    terminal.until("the title again", |terminal| {
        terminal.written("\x1b]0;finwait\x07") == 2
    });
    assert_eq!((terminal.written("\x1b[22;0t"), terminal.written("\x1b[23;0t")), (2, 1));
    terminal.keys("q");
    terminal.see("over");
    assert_eq!(terminal.written("\x1b[23;0t"), 2);
}

/// What is typed in one run is there in the next; not what a recording, which takes no commands, is asked for.
#[test]
fn what_was_typed_is_remembered_by_the_next_run() {
    for _ in 0..2 {
        let mut terminal = started("loopback");
        terminal.keys(":client write remembered\r");
        terminal.see("\"remembered\"");
        terminal.keys("q");
        assert!(terminal.end().success());
    }
    let mut terminal = started("loopback");
    terminal.keys(":\x1b[A");
    terminal.see(": client write remembered");
    terminal.keys("\x1b[27u:\x12remem");
    terminal.see("in the history: remem_");
    terminal.see(": client write remembered");
}

/// A place that is none is said, and changes nothing else.
#[test]
fn a_history_that_cannot_be_kept_is_said() {
    let mut terminal = Terminal::start_with(120, 40, &["--lab", "loopback"], &[("XDG_STATE_HOME", "/dev/null")]);
    terminal
        .see("the commands that you type are not kept for the next time: /dev/null/finwait/history: Not a directory");
    terminal.see_both_up();
    terminal.keys(":client write once\r");
    terminal.see("\"once\"");
    terminal.keys(":\x1b[A");
    terminal.see(": client write once");
}
