//! Long work at a terminal: how far it is, on a line that is gone in the end; and not a byte of it elsewhere.

use super::*;
use std::process::{Command, Stdio};

const SCENARIOS: [&str; 5] = [
    "half-close",
    "full-close",
    "handshake",
    "simultaneous-close",
    "last-ack-lost",
];

/// A folder of a test's own, not there yet.
fn fresh(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("finwait-long-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[test]
fn how_many_scenarios_are_done_is_shown_and_gone_in_the_end() {
    for (cols, rows) in [(120, 40), (40, 8)] {
        let arguments: Vec<&str> = ["run"].into_iter().chain(SCENARIOS).collect();
        let mut terminal = Terminal::start(cols, rows, &arguments);
        terminal.until("the count", |terminal| terminal.written("0 of 5 scenarios") == 1);
        terminal.until("a scenario's end", |terminal| terminal.written("of 5 scenarios") > 1);
        // A narrower window breaks the line; it is taken off all the same.
        terminal.resize(cols - 15, rows);
        assert!(terminal.end().success());
        let screen = terminal.screen().contents();
        assert!(!screen.contains("of 5 scenarios") && !screen.contains("[="), "{screen}");
        let whole = screen.replace('\n', "");
        assert!(whole.contains("5 scenarios: 5 hold"), "{screen}");
        assert_eq!(terminal.screen().cursor_position().1, 0);
    }
}

/// Ctrl-C in the middle: the shell's prompt begins on a line of its own, with its cursor.
#[test]
fn control_c_leaves_the_terminal_as_it_was() {
    let before = untouched();
    // The second waits for a timer of the kernel for seconds. Who starts the tests in the background has SIGINT ignored.
    let arguments = ["run", "half-close", "read-timed-out"];
    let mut terminal = Terminal::start_by(&["env", "--default-signal=INT"], &arguments);
    terminal.until("the count", |terminal| terminal.written("of 2 scenarios") >= 1);
    terminal.keys("\x03");
    assert!(!terminal.end().success());
    let (row, _) = terminal.screen().cursor_position();
    let last = terminal.lines()[usize::from(row)].replace("^C", "");
    assert_eq!(last.trim(), "", "{:?}", terminal.lines());
    assert!(!terminal.screen().hide_cursor());
    assert_eq!(terminal.modes(), before);
}

#[test]
fn a_pipe_gets_no_byte_of_it() {
    let mut finwait = Command::new(env!("CARGO_BIN_EXE_finwait"));
    for arguments in [vec![], vec!["--json"]] {
        let output = finwait
            .arg("run")
            .args(SCENARIOS)
            .args(arguments)
            .env("TERM", "xterm")
            .output()
            .unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.contains('\x1b') && !text.contains("[="), "{text}");
        finwait = Command::new(env!("CARGO_BIN_EXE_finwait"));
    }
    // JSON on a terminal is JSON alone.
    let mut terminal = Terminal::start(120, 40, &["run", "half-close", "full-close", "--json"]);
    assert!(terminal.end().success());
    assert!(!String::from_utf8_lossy(&terminal.raw).contains('\x1b'));
}

/// A compiler is not waited for in silence, and what it was waited for is gone when the work begins.
#[test]
fn a_compiler_is_announced_once() {
    if !support::has("cc") {
        return;
    }
    let cache = fresh("cache");
    std::fs::create_dir_all(&cache).unwrap();
    let said = "compiling the c endpoint, this once";
    for (nth, times) in [1, 0].into_iter().enumerate() {
        let environment = [("XDG_CACHE_HOME", cache.to_str().unwrap())];
        let arguments = ["do", "--lab", "loopback", "--client", "c", "client socket"];
        let mut terminal = Terminal::start_with(120, 40, &arguments, &environment);
        assert!(terminal.end().success());
        assert_eq!(terminal.written(said), times, "run {nth}");
        assert!(!terminal.screen().contents().contains("compiling"));
        assert!(
            terminal.lines()[0].contains("the endpoint is up"),
            "{:?}",
            terminal.lines()
        );
    }
    std::fs::remove_dir_all(&cache).unwrap();
}

/// Without a cache that can be written a temporary one is used, and said; the next run finds what was compiled.
#[test]
fn a_cache_that_cannot_be_written_is_replaced() {
    if !support::has("cc") {
        return;
    }
    let temporary = fresh("temporary");
    std::fs::create_dir_all(&temporary).unwrap();
    let run = || {
        let mut finwait = Command::new(env!("CARGO_BIN_EXE_finwait"));
        finwait.args(["do", "--lab", "loopback", "--client", "c", "client socket"]);
        finwait
            .env("XDG_CACHE_HOME", "/dev/null/cache")
            .env("TMPDIR", &temporary);
        finwait.stdin(Stdio::null()).output().unwrap()
    };
    let made = || {
        let folder = std::fs::read_dir(&temporary).unwrap().next().unwrap().unwrap().path();
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let mut before = None;
    for _ in 0..2 {
        let output = run();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.starts_with("finwait: the cache cannot be written (/dev/null/cache/finwait: Not a directory"),
            "{said}"
        );
        assert!(said.contains(temporary.to_str().unwrap()), "{said}");
        let now = made();
        assert_eq!(*before.get_or_insert(now.clone()), now);
    }
    // One that others can write to is not started from.
    use std::os::unix::fs::PermissionsExt;
    let folder = std::fs::read_dir(&temporary).unwrap().next().unwrap().unwrap().path();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let output = run();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("somebody else's, or open to others"), "{said}");
    std::fs::remove_dir_all(&temporary).unwrap();
}
