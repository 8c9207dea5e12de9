//! finwait as a job of a shell: stopped by Ctrl-Z and by signals, and brought back.

use rustix::process::{Pid, Signal, kill_process};

use super::keys::{BACK, endpoints, sockets};
use super::terminal::Terminal;
use super::{clean, connects, untouched};

/// What the shell prints when it has the terminal back.
const STOPPED: &str = "the job has stopped";

/// A shell with job control runs finwait, and takes a command each time its job has stopped.
const SHELL: &str = "set -m; modes=$(stty -g); \"$@\"; got=$?
    is_stopped() { [ $got -ge 147 ] && [ $got -le 150 ]; }
    while is_stopped; do echo the job has stopped; read command; eval \"$command\"; got=$?; done; echo over";

/// finwait in the foreground of a shell, connected, and its process.
pub(super) fn job() -> (Terminal, Pid) {
    let mut terminal = Terminal::start_by(&["sh", "-c", SHELL, "sh"], &["--lab", "isolated"]);
    terminal.see_both_up();
    let finwait = terminal.only_child();
    (connects(terminal), finwait)
}

/// Stops the job so: the shell has the terminal.
#[track_caller]
pub(super) fn stops(terminal: &mut Terminal, how: impl FnOnce(&mut Terminal)) {
    let before = terminal.written(STOPPED);
    how(terminal);
    terminal.until("the shell", |terminal| terminal.written(STOPPED) > before);
}

/// Ctrl-Z, with these keys right behind it: the shell has a terminal that is as it was before finwait.
#[track_caller]
fn control_z(terminal: &mut Terminal, behind: &str) {
    stops(terminal, |terminal| terminal.keys(&format!("\x1a{behind}")));
    clean(terminal, &untouched());
}

/// Brings the job back by what is typed into the shell, and looks at all that must be there again.
#[track_caller]
fn comes_back(terminal: &mut Terminal, typed: &str) {
    let before = terminal.written(BACK);
    terminal.keys(typed);
    terminal.until("the screen", |terminal| {
        let lines = terminal.lines().join("\n");
        terminal.written(BACK) > before && lines.contains("CLIENT") && lines.contains("ESTABLISHED")
    });
    let screen = terminal.screen();
    assert!(screen.alternate_screen(), "the alternate screen");
    assert!(screen.hide_cursor(), "the cursor is hidden");
    assert_eq!(
        screen.mouse_protocol_mode(),
        vt100::MouseProtocolMode::AnyMotion,
        "the mouse"
    );
    assert!(screen.bracketed_paste(), "bracketed paste");
    assert_ne!(terminal.modes(), untouched(), "raw mode");
}

/// The shell's end, after finwait has been left.
#[track_caller]
fn quits(mut terminal: Terminal) {
    terminal.keys("q");
    assert!(terminal.end().success());
    clean(&terminal, &untouched());
    terminal.see("over");
}

#[test]
fn control_z_gives_the_terminal_to_the_shell_and_fg_brings_all_back() {
    let (mut terminal, _) = job();
    let before = sockets(&mut terminal);
    for _ in 0..2 {
        control_z(&mut terminal, "");
        // The shell's line is echoed, and finwait reads nothing of it: x would close the socket.
        terminal.keys("xXq2");
        terminal.see("xXq2");
        comes_back(&mut terminal, "\x15fg\r");
        terminal.see("lab     stopped for ");
        assert_eq!(sockets(&mut terminal), before);
    }
    // Keys are not echoed, and do what they do.
    terminal.keys("w");
    terminal.see("write(");
    quits(terminal);
}

/// In the prompt and in a dialog, too: what was typed is still there.
#[test]
fn control_z_works_in_a_dialog() {
    for (open, seen) in [(":client write half", "client write half"), ("?", "help: keys")] {
        let (mut terminal, _) = job();
        terminal.keys(open);
        terminal.see(seen);
        control_z(&mut terminal, "");
        let before = terminal.written(BACK);
        terminal.keys("fg\r");
        terminal.until("the dialog", |terminal| {
            terminal.written(BACK) > before && terminal.lines().join("\n").contains(seen)
        });
        terminal.keys("\x1b");
        terminal.wait("the dialog to close", |lines| !lines.join("\n").contains("Esc closes"));
        quits(terminal);
    }
}

/// What comes in one piece with Ctrl-Z was typed for the shell: it presses no button afterwards.
#[test]
fn what_is_typed_behind_control_z_presses_nothing() {
    let (mut terminal, _) = job();
    let before = sockets(&mut terminal);
    control_z(&mut terminal, "xX2x");
    comes_back(&mut terminal, "\x15fg\r");
    terminal.keys("y");
    terminal.see("copied");
    assert_eq!(sockets(&mut terminal), before);
    quits(terminal);
}

#[test]
fn sigtstp_from_outside_stops_like_control_z() {
    let (mut terminal, finwait) = job();
    let before = sockets(&mut terminal);
    stops(&mut terminal, |_| kill_process(finwait, Signal::TSTP).unwrap());
    clean(&terminal, &untouched());
    comes_back(&mut terminal, "fg\r");
    assert_eq!(sockets(&mut terminal), before);
    quits(terminal);
}

/// SIGSTOP gives nobody the time to tidy up; the shell's modes, and what else it has left on the screen, are gone with `fg`.
#[test]
fn after_sigstop_all_is_taken_again() {
    let (mut terminal, finwait) = job();
    let before = sockets(&mut terminal);
    stops(&mut terminal, |_| kill_process(finwait, Signal::STOP).unwrap());
    // As a full-screen program does in between, and the shell. Raw mode is left as it was: a line ends with a line feed.
    let between = "stty $modes; printf '\\033[?1049l\\033[?1003l\\033[?25hlitter'";
    comes_back(&mut terminal, &format!("{between}; fg\n"));
    assert!(!terminal.lines().join("\n").contains("litter"));
    assert_eq!(sockets(&mut terminal), before);
    quits(terminal);
}

#[test]
fn a_size_that_changed_meanwhile_is_seen() {
    let (mut terminal, _) = job();
    control_z(&mut terminal, "");
    terminal.resize(80, 24);
    comes_back(&mut terminal, "fg\r");
    terminal.wait("a screen of 24 lines", |lines| {
        lines.len() == 24 && lines[19].contains("2 SERVER the keys act here") && lines[22].contains("x close")
    });
    quits(terminal);
}

/// The endpoints are not stopped with finwait: their sockets live on, and their calls wait.
#[test]
fn the_endpoints_go_on_meanwhile() {
    let (mut terminal, finwait) = job();
    let endpoints = endpoints(&terminal);
    terminal.keys("1r");
    terminal.see("[interrupt]");
    control_z(&mut terminal, "");
    assert_eq!(state(finwait.as_raw_nonzero().get()), Some('T'));
    assert!(
        endpoints
            .iter()
            .all(|pid| state(*pid).is_some_and(|state| state != 'T')),
        "{endpoints:?}"
    );
    comes_back(&mut terminal, "fg\r");
    terminal.see("[interrupt]");
    terminal.keys("2w");
    terminal.wait("what the read waited for", |lines| {
        lines
            .iter()
            .any(|line| line.contains("read(") && line.contains("hello"))
    });
    quits(terminal);
}

/// In the background there is no terminal to draw on: it waits, stopped, for `fg`.
#[test]
fn bg_leaves_the_terminal_to_the_shell() {
    let (mut terminal, _) = job();
    control_z(&mut terminal, "");
    let before = terminal.written(BACK);
    // Its shell tells by what the job is stopped now: SIGTTOU.
    terminal.keys("bg; wait %1; echo it gave $?; (exit 148)\r");
    terminal.see("it gave 150");
    assert_eq!(terminal.written(BACK), before);
    clean(&terminal, &untouched());
    comes_back(&mut terminal, "fg\r");
    quits(terminal);
}

/// `kill %1` ends a stopped job as ever, and leaves the shell its terminal.
#[test]
fn a_stopped_job_can_be_killed() {
    for stop in [Signal::TSTP, Signal::STOP] {
        let (mut terminal, finwait) = job();
        stops(&mut terminal, |_| kill_process(finwait, stop).unwrap());
        // Raw mode is left as it was by SIGSTOP: a line ends with a line feed.
        terminal.keys("stty $modes; kill %1; kill -CONT %1; (exit 148)\n");
        terminal.until("its end, and the main screen", |terminal| {
            let has_ended = matches!(state(finwait.as_raw_nonzero().get()), None | Some('Z'));
            has_ended && !terminal.screen().alternate_screen() && !terminal.screen().hide_cursor()
        });
        clean(&terminal, &untouched());
        terminal.keys("exit\r");
        assert!(terminal.end().success());
    }
}

/// A process's state, as procfs has it; none when it is gone.
fn state(pid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}
