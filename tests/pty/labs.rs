//! A new lab, another runtime for an end, one connection among several: by mouse where there is a place to click, else by key.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

/// The processes below that one.
fn below(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let children = threads.flat_map(|thread| {
        let children = fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default();
        let pids: Vec<i32> = children.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
        pids
    });
    children.collect()
}

fn lives(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start());
        !state.is_some_and(|state| state.starts_with(['Z', 'X']))
    })
}

/// Asked, and stayed: all is as it was. Asked, and begun: the old lab's processes are gone, and the new one works.
#[test]
fn a_new_lab_takes_the_place_of_the_old_one() {
    labs(|lab| {
        let mut terminal = connected(lab);
        let old = below(terminal.pid());
        assert!(old.len() >= 2, "{old:?}");
        terminal.keys("+");
        terminal.see("The 3 commands of this lab are lost with it.");
        terminal.click_the("[stay]");
        terminal.wait("the dialog to be gone", |lines| {
            !lines.join("\n").contains("record first")
        });
        terminal.see_state(Side::Client, "ESTABLISHED");
        assert!(old.iter().all(|pid| lives(*pid)));
        terminal.keys("+");
        terminal.click_the("[new lab]");
        terminal.see("this is a new lab");
        terminal.see_state(Side::Client, "no");
        terminal.see_both_up();
        terminal.until("the old lab's processes to be gone", |_| {
            !old.iter().any(|pid| lives(*pid))
        });
        let mut terminal = connects(terminal);
        terminal.keys("q");
        assert!(terminal.end().success());
    });
}

/// Before anything is done there is nothing to lose and nothing to record; the kind of lab is chosen all the same.
#[test]
fn a_new_lab_of_another_kind() {
    let mut terminal = started("isolated");
    terminal.keys("+");
    terminal.see("Nothing was done in this lab yet.");
    assert!(!terminal.lines().join("\n").contains("record first"));
    terminal.click_the("( ) loopback");
    terminal.click_the("( ) IPv6");
    terminal.see("(x) IPv6");
    terminal.click_the("[new lab]");
    terminal.see("this is a new lab");
    terminal.see_both_up();
    terminal.see("loopback");
    let mut terminal = connects(terminal);
    terminal.see("[::1]");
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// What was done is in a file that runs before the lab goes; where it cannot be written, the lab stays.
#[test]
fn a_new_lab_is_recorded_first() {
    let folder = Folder::new("recorded");
    let mut terminal = connected_in(folder.path());
    terminal.keys("+");
    terminal.click_the("[record first]");
    terminal.see("this is a new lab; what was done before is in recorded-1.toml");
    assert_eq!(folder.names(), ["recorded-1.toml"]);
    let written = folder.text("recorded-1.toml");
    assert!(written.contains("server = \"accept\""), "{written}");
    terminal.keys("q");
    assert!(terminal.end().success());
    let folder = Folder::new("no-room");
    let mut terminal = Terminal::start_without_room(folder.path(), 120, 40, &["--lab", "isolated"]);
    terminal.see_both_up();
    let mut terminal = connects(terminal);
    terminal.keys("+");
    terminal.click_the("[record first]");
    terminal.see("the lab stays as it is");
    terminal.see_state(Side::Client, "ESTABLISHED");
    assert!(folder.names().is_empty());
}

/// A recording goes on with the new lab as its next run, and the question says where it is.
#[test]
fn a_new_lab_is_the_next_run_of_a_recording() {
    let folder = Folder::new("runs");
    let file = folder.path().join("two.jsonl");
    let name = file.to_str().unwrap();
    let mut terminal = connects(started_with(&["--lab", "isolated", "--record", name]));
    terminal.keys("+");
    terminal.wait("where the recording is", |lines| {
        // In a dialog, whose lines are broken by the length of the name.
        let inside = lines
            .iter()
            .filter_map(|line| line.split('│').find(|part| part.len() > 60));
        let words: Vec<&str> = inside.flat_map(str::split_whitespace).collect();
        let words = words.join(" ");
        words.contains("--record keeps it in") && words.contains("the new lab is the next run there.")
    });
    terminal.click_the("[new lab]");
    terminal.see("this is a new lab");
    terminal.see_both_up();
    terminal.keys("2l");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.keys("q");
    assert!(terminal.end().success());
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("{\"recording\":").count(), 2);
    assert_eq!(text.matches("{\"end\":").count(), 2);
}

/// A lab that is not available leaves the old one running, and says why. The program is in a network where lo is down.
#[test]
fn a_new_lab_that_is_not_available() {
    let mut terminal = Terminal::start_by(
        &["unshare", "--user", "--map-root-user", "--net"],
        &["--lab", "isolated"],
    );
    terminal.see_both_up();
    let mut terminal = connects(terminal);
    let old = below(terminal.pid());
    terminal.keys(":new-lab\r");
    terminal.click_the("( ) loopback");
    terminal.click_the("[new lab]");
    terminal.see("127.0.0.1 is not available: ENETUNREACH");
    terminal.wait("what becomes of the lab", |lines| {
        let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
        words.join(" ").contains("the lab stays as it is")
    });
    assert!(old.iter().all(|pid| lives(*pid)));
    terminal.keys("1w2r");
    terminal.see("read(4, \"hello\", 1024) = 5");
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// Chosen by mouse, in force from the restart on: a failing call has that language's words then.
#[test]
fn another_runtime_by_mouse() {
    for (runtime, tool, says) in [
        ("Python", "python3", "BrokenPipeError: [Errno 32] Broken pipe"),
        ("Go", "go", "write: broken pipe"),
    ] {
        if !support::has(tool) {
            continue;
        }
        let mut terminal = connected("isolated");
        terminal.press(Side::Client, "G");
        terminal.see("what drives the client");
        terminal.click_the(&format!(" {runtime} "));
        terminal.see(&format!("{runtime} is next, from the next start on."));
        // Until then all is as it was.
        terminal.see_state(Side::Client, "ESTABLISHED");
        terminal.click_the("[restart now]");
        terminal.wait("the other runtime's process", |lines| {
            lines.join("\n").contains(&format!(", {}", runtime.to_lowercase()))
        });
        terminal.keys("1c");
        terminal.see_state(Side::Client, "ESTABLISHED");
        terminal.keys("1h");
        terminal.see_state(Side::Client, "FIN_WAIT2");
        terminal.keys("1w");
        terminal.see(says);
        terminal.keys("q");
        assert!(terminal.end().success());
    }
}

/// While a compiler works all goes on, and says so; a restart that is asked for meanwhile comes when it is done.
#[test]
fn a_compiler_does_not_stop_the_screen() {
    if !support::has("cc") {
        return;
    }
    let folder = Folder::new("compiler");
    let gate = folder.path().join("gate");
    let path = std::env::var("PATH").unwrap();
    let (bin, caches) = (folder.path().join("bin"), folder.path().join("caches"));
    fs::create_dir_all(&bin).unwrap();
    // It says its version at once, and compiles when it may.
    let script = format!(
        "#!/bin/sh\nPATH='{path}'\ncase $1 in --version) ;; *) until [ -e '{}' ]; do sleep 0.05; done ;; esac\nexec cc \"$@\"\n",
        gate.display()
    );
    fs::write(bin.join("cc"), script).unwrap();
    fs::set_permissions(bin.join("cc"), fs::Permissions::from_mode(0o755)).unwrap();
    let paths = format!("{}:{path}", bin.display());
    let env = [("PATH", paths.as_str()), ("XDG_CACHE_HOME", caches.to_str().unwrap())];
    let mut terminal = Terminal::start_with(120, 40, &["--lab", "isolated"], &env);
    terminal.see_both_up();
    terminal.keys("2G");
    terminal.click_the("POSIX calls");
    terminal.see("compiling the C endpoint, this once ...");
    terminal.click_the("[restart now]");
    terminal.wait("the dialog to be gone", |lines| {
        !lines.join("\n").contains("what drives")
    });
    terminal.see("compiling the c endpoint, this once ...");
    // The lab lives meanwhile.
    let mut terminal = connects(terminal);
    assert!(!terminal.lines().join("\n").contains("killed"));
    fs::write(&gate, "").unwrap();
    terminal.wait("the C process", |lines| lines.join("\n").contains(", c"));
    terminal.see("killed by SIGKILL");
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// A runtime that is missing says which package has it, and changes nothing.
#[test]
fn a_missing_runtime_names_its_package() {
    let mut terminal = Terminal::start_by(&["env", "PATH=/nonexistent"], &["--lab", "isolated"]);
    terminal.see_both_up();
    terminal.keys("G");
    terminal.see("missing: go, in the package golang-go");
    terminal.click_the(" Go ");
    terminal.see("Go needs go, which is not on PATH; Debian's and Ubuntu's package is");
    assert!(!terminal.lines().join("\n").contains("is next"));
    terminal.keys("G");
    terminal.wait("the dialog to be gone", |lines| {
        !lines.join("\n").contains("what drives")
    });
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// The runtimes are more than the smallest screen has lines: the list goes along with the selection, the button stays.
#[test]
fn every_runtime_is_reached_on_the_smallest_screen() {
    let mut terminal = Terminal::start(60, 15, &["--lab", "loopback"]);
    terminal.see_both_up();
    terminal.keys("G");
    terminal.see("what drives the client");
    for runtime in finwait::runtime::Runtime::ALL {
        terminal.see(&format!(" {} ", runtime.title()));
        terminal.see("[restart now]");
        terminal.keys("\x1b[B");
    }
    terminal.keys("G");
    terminal.wait("the dialog to be gone", |lines| {
        !lines.join("\n").contains("what drives")
    });
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// Two connections: one alone, the other, all; the buttons act on what is shown.
#[test]
fn the_buttons_act_on_the_connection_that_is_shown() {
    let mut terminal = connected("isolated");
    terminal.keys("1c");
    terminal.wait("a second connection", |lines| lines.join("\n").contains("client2"));
    terminal.keys("2a");
    terminal.see("server2");
    terminal.keys("V");
    terminal.see("connection 1 of 2: client and server");
    terminal.keys("1w");
    terminal.see("write(3, \"hello\", 5) = 5");
    terminal.keys("V");
    terminal.see("connection 2 of 2: client2 and server2");
    terminal.keys("V");
    terminal.see("all 2 connections are shown");
    terminal.keys("*");
    terminal.see("connection 2 of 2: client2 and server2");
    terminal.keys("q");
    assert!(terminal.end().success());
}
