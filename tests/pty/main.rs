//! What a person does, and sees: the real binary in a pty, clicked with real mouse reports.

mod config;
mod export;
mod failing;
mod idle;
mod jobs;
mod keys;
mod labs;
mod lessons;
mod long;
mod mouse;
mod presenter;
mod programs;
mod recording;
mod slow;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod window;

use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};

use finwait::side::Side;
use finwait::tui::theme;
use support::folder::Folder;
use terminal::{Half, Place, Terminal, untouched};

/// A terminal of 120x40 with finwait in that lab, both endpoints up.
#[track_caller]
fn started(lab: &str) -> Terminal {
    started_with(&["--lab", lab])
}

#[track_caller]
fn started_with(args: &[&str]) -> Terminal {
    let mut terminal = Terminal::start(120, 40, args);
    terminal.see("CLIENT");
    terminal.see_both_up();
    terminal
}

/// Listen, connect and accept, by mouse.
#[track_caller]
fn connected(lab: &str) -> Terminal {
    connects(started(lab))
}

/// The same in a folder, in the isolated lab.
#[track_caller]
fn connected_in(folder: &Path) -> Terminal {
    let mut terminal = Terminal::start_in(folder, 120, 40, &["--lab", "isolated"]);
    terminal.see_both_up();
    connects(terminal)
}

#[track_caller]
fn connects(mut terminal: Terminal) -> Terminal {
    terminal.press(Side::Server, "l listen");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.press(Side::Client, "c connect");
    terminal.see_state(Side::Client, "ESTABLISHED");
    terminal.press(Side::Server, "a accept");
    terminal.wait("the accepted socket", |lines| {
        // All calls have returned: none can be interrupted any more.
        let returned = |call: &str| lines.iter().any(|line| line.contains(call) && line.contains(" = "));
        returned("accept4(") && returned("connect = 0") && !lines.join("\n").contains("[interrupt]")
    });
    terminal
}

/// The guide of half-close: a connection is there, and the next step is to half-close it.
#[track_caller]
fn guided_to_the_half_close() -> Terminal {
    let mut terminal = started("isolated");
    terminal.keys("Y");
    terminal.see("type to search");
    terminal.keys("k2\r");
    terminal.see("step 1 of 10");
    for step in 2..=4 {
        terminal.keys(".");
        terminal.see(&format!("step {step} of 10"));
    }
    terminal
}

fn labs(test: impl Fn(&str)) {
    for lab in ["isolated", "loopback"] {
        test(lab);
    }
}

/// What a library takes unasked makes no segment, and no word tells of it: the screen shows it nevertheless.
#[test]
fn what_a_library_accepts_unasked_is_seen_however_late() {
    if !support::has("node") {
        return;
    }
    let mut terminal = started_with(&["--server", "node"]);
    terminal.see(" node");
    let is_node = |pid: &i32| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("node"));
    let node = terminal.processes("").into_iter().find(is_node).expect("node runs");
    let node = Pid::from_raw(node).unwrap();
    terminal.press(Side::Server, "l listen");
    terminal.see_state(Side::Server, "LISTEN");
    kill_process(node, Signal::STOP).unwrap();
    terminal.press(Side::Client, "c connect");
    // The details of the server say who holds a socket.
    terminal.keys("2zz");
    terminal.see("not accepted yet");
    kill_process(node, Signal::CONT).unwrap();
    terminal.see("accepted by the library");
}

#[test]
fn a_full_close_ends_in_time_wait() {
    labs(|lab| {
        let mut terminal = connected(lab);
        terminal.press(Side::Client, "x close");
        terminal.see_state(Side::Server, "CLOSE_WAIT");
        terminal.press(Side::Server, "x close");
        terminal.see_state(Side::Client, "TIME_WAIT");
    });
}

#[test]
fn a_half_close_leaves_the_other_direction_open() {
    labs(|lab| {
        let mut terminal = connected(lab);
        terminal.press(Side::Client, "h shut wr");
        terminal.see_state(Side::Client, "FIN_WAIT2");
        terminal.see_state(Side::Server, "CLOSE_WAIT");
        terminal.press(Side::Server, "w write");
        terminal.wait("the server's write", |lines| {
            lines.iter().any(|line| line.contains("write(") && line.contains("= 5"))
        });
        terminal.press(Side::Client, "r read");
        terminal.wait("the client's read", |lines| {
            lines
                .iter()
                .any(|line| line.contains("read(") && line.contains("hello") && line.contains("= 5"))
        });
        terminal.press(Side::Client, "w write");
        terminal.see("= -1 EPIPE");
    });
}

#[test]
fn an_rst_close_gives_the_peer_econnreset() {
    labs(|lab| {
        let mut terminal = connected(lab);
        terminal.press(Side::Client, "X reset");
        terminal.see("close(3) = 0");
        terminal.press(Side::Server, "r read");
        terminal.see("= -1 ECONNRESET");
    });
}

/// Step by step, from a SYN that hangs in the air to ESTABLISHED: what is held on the wire is seen, with the states beside it, and
/// delivered by a click, on the wire's button or on the segment's own.
#[test]
fn a_handshake_is_stepped_through_by_clicks() {
    for (cols, rows) in [(120, 40), (200, 60)] {
        let mut terminal = Terminal::start(cols, rows, &["--lab", "isolated"]);
        terminal.see_both_up();
        let labels = |side: Side, state: &str| {
            let label = match side {
                Side::Client => format!("{state}  \u{2502}"),
                Side::Server => format!("\u{2502}  {state}"),
            };
            move |lines: &[String]| {
                lines.iter().map(|line| line.trim()).any(|line| match side {
                    Side::Client => line.starts_with(&label),
                    Side::Server => line.ends_with(&label),
                })
            }
        };
        terminal.press(Place::Screen, "step");
        terminal.see(" STEP ");
        terminal.press(Side::Server, "l listen");
        terminal.wait("the listener", labels(Side::Server, "LISTEN"));
        terminal.press(Side::Client, "c connect");
        // A row of the diagram with both on it.
        let on_the_wire = |segment: &str| {
            let segment = format!(" {segment} ");
            move |lines: &[String]| {
                lines
                    .iter()
                    .any(|line| line.contains(&segment) && line.contains(theme::HELD))
            }
        };
        terminal.wait("the SYN on the wire", on_the_wire("SYN seq 0"));
        terminal.wait("the client's state", labels(Side::Client, "SYN_SENT"));
        let of_the_client = format!("client \u{254c}\u{254c}\u{254c}\u{254c}{}", theme::HELD);
        if cols == 120 {
            terminal.see(&of_the_client);
        }
        // A segment's own button stands on the other side of the middle.
        terminal.click("[deliver]", Half::Right);
        terminal.wait("the SYN,ACK on the wire", on_the_wire("SYN,ACK seq 0 ack 1"));
        terminal.wait("the server's state", labels(Side::Server, "SYN_RECV"));
        terminal.press(Place::Wire, "n deliver");
        terminal.wait("the ACK on the wire", on_the_wire("ACK seq 1 ack 1"));
        terminal.wait("the client's state", labels(Side::Client, "ESTABLISHED"));
        terminal.press(Place::Screen, "flow");
        terminal.see(" FLOW ");
        terminal.press(Side::Server, "a accept");
        terminal.wait("the server's state", labels(Side::Server, "ESTABLISHED"));
        // It looks at one of them, and at the states.
        terminal.click(" SYN seq 0 ", Half::Left);
        terminal.see("one packet");
        terminal.keys("\u{1b}");
        terminal.wait("the diagram again", |lines| !lines.join("\n").contains("one packet"));
        terminal.keys("v");
        terminal.see("edges seen");
    }
}

/// The tour of the half-close, clicked from the picker to its last step: with a prediction that is wrong, and a step back.
#[test]
fn a_tour_is_clicked_from_the_picker_to_its_last_step() {
    let mut terminal = started("isolated");
    terminal.press(Place::Screen, "Y lessons");
    terminal.see("type to search");
    terminal.keys("half-close fin_wait2");
    terminal.wait("one that is found", |lines| {
        lines.iter().any(|line| line.contains("search: half-close fin_wait2_"))
    });
    terminal.click("Half-close: one direction ends", Half::Left);
    terminal.see("step 1 of 10");
    for step in 2..=5 {
        terminal.press(Place::Screen, ". Next");
        terminal.see(&format!("step {step} of 10"));
    }
    // The client writes after its FIN.
    terminal.press(Place::Screen, "# predict");
    terminal.see("what will it return?");
    terminal.click("ECONNRESET", Half::Left);
    terminal.see("you predict ECONNRESET");
    terminal.press(Place::Screen, ". Next");
    terminal.see("you predicted ECONNRESET: wrong");
    terminal.see("= EPIPE");
    // Back: the steps before are done again, in a fresh lab.
    terminal.press(Place::Screen, ", Back");
    terminal.see("step 5 of 10");
    terminal.see_state(Side::Client, "FIN_WAIT2");
    for step in 6..=10 {
        terminal.press(Place::Screen, ". Next");
        terminal.see(&format!("step {step} of 10"));
    }
    terminal.press(Place::Screen, ". Next");
    terminal.see("The end: all was as expected.");
}

/// Go at the client's end, asked why by a click: each link leads to its line in the log.
#[test]
fn why_go_was_reset_is_answered_by_clicks() {
    if !support::has("go") {
        return;
    }
    let mut terminal = started_with(&["--lab", "isolated", "--client", "go"]);
    terminal.press(Side::Server, "l listen");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.press(Side::Client, "c connect");
    terminal.see("net.Dial(");
    terminal.see("connect = 0");
    terminal.press(Side::Server, "a accept");
    terminal.wait("the accepted socket", |lines| {
        let returned = |line: &String| line.contains("accept") && line.contains(" = 4");
        lines.iter().any(returned)
    });
    // What the language has no call for: its button is crossed from then on.
    terminal.press(Side::Client, "D");
    terminal.see(" D\u{d7}");
    terminal.press(Side::Server, "X reset");
    terminal.see("RST,ACK");
    terminal.press(Side::Client, "r read");
    terminal.see("connection reset by peer");
    terminal.press(Place::Now, "! why?");
    terminal.see("set by   an RST received: RST,ACK");
    terminal.see("decided  tcp_reset()");
    terminal.click("set by   an RST", Half::Left);
    terminal.wait("the dialog to go", |lines| {
        !lines.iter().any(|line| line.contains("decided  tcp_reset()"))
    });
    terminal.keys("y");
    terminal.see("wire server -> client RST,ACK");
}

/// A step of a tour is changed, and both ways are seen side by side: FIN, or RST.
#[test]
fn a_tour_branches() {
    let mut terminal = guided_to_the_half_close();
    terminal.press(Place::Screen, "& branch");
    terminal.see(": client shutdown write");
    terminal.keys(&"\u{7f}".repeat("shutdown write".len()));
    terminal.keys("rst-close\r");
    terminal.wait("both ways", |lines| {
        let both = |left: &str, right: &str| {
            lines
                .iter()
                .any(|line| line.split_once(left).is_some_and(|(_, rest)| rest.contains(right)))
        };
        both("4 client shutdown write = ok", "4 client rst-close = ok")
            && both("client FIN,ACK seq 1 ack 1", "client RST,ACK seq 1 ack 1")
    });
}

/// In the middle of a tour the user takes over: the sockets are live, and stay.
#[test]
fn a_tour_is_left_in_the_middle() {
    let folder = Folder::new("take-over");
    let mut terminal = Terminal::start_in(folder.path(), 120, 40, &["--lab", "isolated"]);
    terminal.see("CLIENT");
    terminal.keys("Y");
    terminal.see("type to search");
    terminal.keys("k2");
    terminal.see("search: k2_");
    terminal.keys("\r");
    terminal.see("step 1 of 10");
    for step in 2..=5 {
        terminal.keys(".");
        terminal.see(&format!("step {step} of 10"));
    }
    terminal.see_state(Side::Client, "FIN_WAIT2");
    terminal.keys(";");
    terminal.see("on your own now");
    terminal.press(Side::Client, "X reset");
    terminal.wait("the reset", |lines| {
        lines.iter().any(|line| line.contains("close(3) = 0"))
    });
    terminal.press(Side::Server, "r read");
    terminal.wait("the server's read", |lines| {
        lines.iter().any(|line| line.contains("= 0 (EOF)"))
    });
    // Of the record the guide's steps are part.
    terminal.press(Place::Screen, "O record");
    terminal.see("written: recorded-1.toml");
    let text = folder.text("recorded-1.toml");
    let commands: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("client = ") || line.starts_with("server = "))
        .collect();
    assert_eq!(
        commands,
        [
            "server = \"listen backlog=2\"",
            "client = \"connect\"",
            "server = \"accept\"",
            "client = \"shutdown write\"",
            "client = \"rst-close\"",
            "server = \"read 1024\""
        ],
        "{text}"
    );
}

/// Records what was done, and leaves: the file, and what it says.
#[track_caller]
fn recorded(mut terminal: Terminal, folder: &Path) -> (PathBuf, String) {
    terminal.press(Place::Screen, "O record");
    terminal.see("written: recorded-1.toml");
    terminal.keys("q");
    assert!(terminal.end().success());
    let file = folder.join("recorded-1.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    (file, text)
}

/// Requires that all is as that file expects.
#[track_caller]
fn runs(file: &Path, lab: &str) {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_finwait"))
        .args(["run", "--lab", lab])
        .arg(file)
        .output()
        .unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stdout));
}

/// Where there is no room for a record none is left behind, and the reason is said.
#[test]
fn no_room_for_a_record() {
    let folder = Folder::new("no-room");
    let mut terminal = Terminal::start_without_room(folder.path(), 120, 40, &["--lab", "loopback"]);
    terminal.see_both_up();
    terminal.press(Side::Server, "l listen");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.press(Place::Screen, "O record");
    terminal.see("write recorded-1.toml: File too large");
    terminal.keys("q");
    assert!(terminal.end().success());
    assert_eq!(folder.names(), [""; 0]);
}

/// What was clicked becomes a scenario file, and that runs.
#[test]
fn what_was_clicked_is_recorded_and_runs() {
    let folder = Folder::new("record");
    let mut terminal = Terminal::start_in(folder.path(), 120, 40, &["--lab", "isolated"]);
    terminal.see_both_up();
    terminal.press(Side::Server, "l listen");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.press(Side::Client, "c connect");
    terminal.see("connect = 0");
    terminal.press(Side::Server, "a accept");
    terminal.wait("accept", |lines| {
        lines
            .iter()
            .any(|line| line.contains("accept4(") && line.contains(" = 4"))
    });
    terminal.press(Side::Server, "r read");
    terminal.see_at(Side::Server, "blocked read(");
    terminal.press(Side::Client, "X reset");
    terminal.see("= -1 ECONNRESET");
    let (file, text) = recorded(terminal, folder.path());
    assert!(
        text.contains("returns = \"blocked\"") && text.contains("later = { server = \"ECONNRESET\" }"),
        "{text}"
    );
    runs(&file, "isolated");
    let mut terminal = Terminal::start(120, 40, &["tour", file.to_str().unwrap()]);
    terminal.see("step 1 of");
    terminal.see("next:  2 l listen");
    terminal.keys("=");
    terminal.see("The end: all was as expected.");
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// A record says what drove the ends, and runs with that.
#[test]
fn a_record_says_what_drove_the_ends() {
    if !support::has("python3") {
        return;
    }
    let folder = Folder::new("driven");
    let mut terminal = Terminal::start_in(folder.path(), 120, 40, &["--lab", "loopback", "--client", "python"]);
    terminal.see_both_up();
    terminal.press(Side::Client, "c connect");
    terminal.see("ConnectionRefusedError");
    let (file, text) = recorded(terminal, folder.path());
    assert!(text.contains("driven  = { client = \"python\" }\n"), "{text}");
    runs(&file, "loopback");
}

/// An endpoint that never says hello can be got rid of.
#[test]
fn what_never_comes_up_can_be_killed() {
    let mut terminal = Terminal::start(120, 40, &["--lab", "loopback", "--client-command", "sleep 100"]);
    terminal.see("the endpoint is up");
    terminal.keys("K");
    terminal.see("killed by SIGKILL");
    terminal.keys("q");
    assert!(terminal.end().success());
}

#[test]
fn a_blocked_read_is_interrupted() {
    let mut terminal = connected("isolated");
    terminal.press(Side::Client, "r read");
    terminal.see("[interrupt]");
    terminal.click("[interrupt]", Half::Left);
    terminal.see("= -1 EINTR");
}

#[test]
fn a_killed_endpoint_is_shown_and_its_socket_lives_on_as_an_orphan() {
    let mut terminal = connected("isolated");
    let before = terminal.endpoint(Side::Client).expect("it runs");
    terminal.press(Side::Client, "K");
    terminal.see_at(Side::Client, "its process is dead: killed by");
    terminal.see("SIGKILL");
    terminal.see_state(Side::Client, "FIN_WAIT2");
    terminal.see_at(Side::Client, "No call reaches it: no descriptor is open.");
    assert_eq!(terminal.endpoint(Side::Client), None);
    // On the plate; it is proposed to try, too.
    terminal.click("R restart", Half::Left);
    terminal.until("a new endpoint", |terminal| {
        terminal.endpoint(Side::Client).is_some_and(|pid| pid != before)
    });
}

/// The terminal is as it was before finwait.
#[track_caller]
fn clean(terminal: &Terminal, before: &str) {
    let screen = terminal.screen();
    assert!(!screen.alternate_screen(), "the alternate screen is left");
    assert!(!screen.hide_cursor(), "the cursor is shown");
    assert_eq!(
        screen.mouse_protocol_mode(),
        vt100::MouseProtocolMode::None,
        "the mouse is released"
    );
    assert!(!screen.bracketed_paste(), "bracketed paste is off");
    assert_eq!(terminal.modes(), before, "cooked mode is back");
}

/// Starts finwait, and tells what the terminal was like before.
fn watched(env: &[(&str, &str)]) -> (Terminal, String) {
    // Of another pty that nobody touches, so that there is no race with the start of the program.
    let before = untouched();
    let mut terminal = Terminal::start_with(80, 24, &[], env);
    terminal.wait("both endpoints", |lines| lines.join("\n").contains("native"));
    assert!(terminal.screen().alternate_screen());
    assert_ne!(terminal.modes(), before);
    (terminal, before)
}

#[test]
fn quitting_leaves_the_terminal_clean() {
    let (mut terminal, before) = watched(&[]);
    terminal.keys("q");
    assert!(terminal.end().success());
    clean(&terminal, &before);
}

#[test]
fn control_c_leaves_the_terminal_clean() {
    let (mut terminal, before) = watched(&[]);
    terminal.keys("\x03");
    terminal.end();
    clean(&terminal, &before);
}

#[test]
fn signals_leave_the_terminal_clean() {
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT, libc::SIGUSR1, libc::SIGALRM] {
        let (mut terminal, before) = watched(&[]);
        let pid = rustix::process::Pid::from_raw(terminal.pid()).expect("a pid");
        let signal = rustix::process::Signal::from_named_raw(signal).expect("a signal");
        rustix::process::kill_process(pid, signal).expect("it is ours");
        assert!(!terminal.end().success());
        clean(&terminal, &before);
    }
}

#[test]
fn a_panic_leaves_the_terminal_clean_and_says_what_happened() {
    // Debug builds panic at the first key when this is set: there is no other way to make finwait panic.
    let (mut terminal, before) = watched(&[("FINWAIT_PANIC", "1")]);
    terminal.keys("x");
    assert_eq!(terminal.end().code(), Some(101));
    clean(&terminal, &before);
    assert!(String::from_utf8_lossy(&terminal.raw).contains("panicked"));
}

#[test]
fn a_terminal_that_hangs_up_ends_the_program() {
    let mut terminal = started("loopback");
    terminal.hang_up();
    assert!(!terminal.end().success());
}

#[test]
fn the_screen_survives_any_size() {
    let mut terminal = connected("isolated");
    for (cols, rows) in [(80, 24), (60, 15), (59, 14), (10, 3), (1, 1), (200, 60), (120, 40)] {
        terminal.resize(cols, rows);
        if (cols, rows) == (59, 14) {
            terminal.see("60x15");
        }
    }
    terminal.see("SERVER");
    terminal.see_state(Side::Client, "ESTABLISHED");
}

#[test]
fn bytes_from_a_socket_reach_the_terminal_escaped() {
    let mut terminal = connected("isolated");
    terminal.keys(":");
    terminal.keys("client write \"\\x1b[2J\\x07EVIL\"\r");
    terminal.wait("the write", |lines| {
        lines.iter().any(|line| line.contains("\\33[2J\\7EVIL"))
    });
    terminal.press(Side::Server, "r read");
    terminal.wait("the read", |lines| {
        lines.iter().any(|line| line.contains("read(4, \"\\33[2J\\7EVIL\""))
    });
    assert!(
        !terminal
            .raw
            .windows(7)
            .any(|bytes| bytes == b"\x07EVIL".as_slice() || bytes.starts_with(b"\x07EVIL"))
    );
}

#[test]
fn the_keyboard_does_all_that_the_mouse_does() {
    let mut terminal = started("isolated");
    // The keys of the other end, and back.
    terminal.keys("2l");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.keys("1c");
    terminal.see_state(Side::Client, "ESTABLISHED");
    terminal.keys("2a");
    terminal.see("accept4(");
    // Tab marks the first button of the focused end or the screen; Enter presses what is marked.
    terminal.keys("1:read dontwait\r");
    terminal.see("= -1 EAGAIN");
}

#[test]
fn the_prompt_completes_and_points_at_a_mistake() {
    let mut terminal = started("isolated");
    terminal.keys(":client set-option TCP_NO\t");
    terminal.see("client set-option TCP_NODELAY");
    terminal.keys(" maybe\r");
    terminal.see("TCP_NODELAY is on or off, not maybe");
    // Esc by itself: with a key right behind it, it would be that key with Alt.
    terminal.keys("\x1b");
    terminal.wait("the prompt to close", |lines| {
        !lines.iter().any(|line| line.contains("Esc closes"))
    });
    terminal.keys(":client conect\r");
    terminal.see("did you mean");
}

#[test]
fn a_log_line_is_copied_to_the_terminals_clipboard() {
    let mut terminal = started("isolated");
    terminal.click("the endpoint is up", Half::Left);
    terminal.keys("y");
    terminal.see("copied");
    assert!(
        terminal.raw.windows(5).any(|bytes| bytes == b"\x1b]52;"),
        "OSC 52 was sent"
    );
}

#[test]
fn no_color_is_obeyed() {
    let mut terminal = Terminal::start_with(120, 40, &["--lab", "isolated"], &[("NO_COLOR", "1")]);
    terminal.see_both_up();
    terminal.keys("1c");
    terminal.see("= -1 ECONNREFUSED");
    let text = String::from_utf8_lossy(&terminal.raw).into_owned();
    for sequence in text.split("\x1b[").skip(1) {
        let Some((codes, _)) = sequence.split_once('m') else {
            continue;
        };
        if !codes.bytes().all(|byte| byte.is_ascii_digit() || byte == b';') {
            continue;
        }
        for code in codes.split(';').filter_map(|code| code.parse::<u8>().ok()) {
            assert!(
                !(30..=38).contains(&code) && !(40..=48).contains(&code) && code < 90,
                "SGR {codes}"
            );
        }
    }
}

#[test]
fn without_a_terminal_it_says_so_in_one_sentence() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_finwait"))
        .stdin(std::process::Stdio::null())
        .output()
        .expect("finwait starts");
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("not a terminal"), "{text}");
}

#[test]
fn ipv6_shows_its_addresses() {
    let mut terminal = started_with(&["--lab", "isolated", "--ipv6"]);
    terminal.see("fd00::1 \u{21c4} fd00::2");
    terminal.press(Side::Server, "l listen");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.press(Side::Client, "c connect");
    terminal.see("[fd00::2]:8080");
    terminal.see_state(Side::Client, "ESTABLISHED");
}

/// A serial console says 0x0, which means that its size is not known: it is drawn on as 80x24, and followed when it says more.
#[test]
fn a_terminal_that_does_not_know_its_size() {
    let mut terminal = Terminal::start(0, 0, &["--lab", "loopback"]);
    terminal.see_both_up();
    terminal.resize(120, 40);
    terminal.wait("the whole width", |lines| {
        lines.iter().any(|line| line.trim_end().chars().count() > 100)
    });
    terminal.keys("q");
    assert!(terminal.end().success());
}
