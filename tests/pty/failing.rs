//! A terminal that does not take what is written to it: a hang-up is one thing, everything else another.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::support::folder::Folder;
use super::terminal::Terminal;
use super::{clean, support, untouched};

/// A shell's other jobs may leave the terminal non-blocking; finwait waits until it takes more.
#[test]
fn a_terminal_that_takes_no_more_for_a_moment_is_waited_for() {
    let mut terminal = Terminal::start_nonblocking(200, 60);
    terminal.see_both_up();
    for _ in 0..50 {
        terminal.keys("v\x0c?\x0c?");
    }
    terminal.keys(":client connect\r");
    terminal.see("= -1 ECONNREFUSED");
    terminal.keys("q");
    assert!(terminal.end().success());
    clean(&terminal, &untouched());
}

/// strace answers finwait's writes to the terminal in the kernel's place.
#[test]
fn what_is_no_hang_up_is_said() {
    if !support::has("strace") {
        return;
    }
    let own = Folder::new("complaints");
    let complaints = own.path().join("complaints");
    let shell = format!("exec \"$@\" 2> {}", complaints.display());
    let mut terminal = Terminal::start_by(&["sh", "-c", &shell, "sh"], &[]);
    terminal.see_both_up();
    let pid = terminal.pid().to_string();
    let tty = std::fs::read_link(format!("/proc/{pid}/fd/1")).expect("it has a terminal");
    let mut strace = Command::new("strace")
        .args(["-f", "-p", &pid, "-e", "inject=write:error=ENOSPC", "-P"])
        .arg(tty)
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace starts");
    let mut said = BufReader::new(strace.stderr.take().expect("a pipe")).lines();
    let attached = said
        .by_ref()
        .map_while(Result::ok)
        .find(|line| line.contains("attached"));
    assert!(attached.is_some());
    let rest = std::thread::spawn(move || said.count());
    terminal.keys("?");
    let status = terminal.end();
    strace.wait().expect("strace ends with it");
    rest.join().expect("its output ends");
    let text = std::fs::read_to_string(&complaints).expect("its complaints");
    assert_eq!(
        text,
        "finwait: draw the screen: No space left on device (os error 28)\n"
    );
    assert_eq!(status.code(), Some(1));
    assert_eq!(terminal.modes(), untouched());
}
