//! Programs of the user's own, real ones: begun on the command line, met on the wire, ended with the mouse.

use finwait::side::Side::{Client, Server};

use super::*;

/// Are both installed?
fn are_here(programs: &[&str]) -> bool {
    programs.iter().all(|program| support::has(program))
}

/// http.server and curl, unmodified: the server's FIN is held by a rule, its client does not know of it; SIGTERM ends the server, and with
/// the screen everything ends.
#[test]
fn the_fin_of_a_real_server_is_held() {
    if !are_here(&["python3", "curl"]) {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("held-fin");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("page"), "a page of its own\n").unwrap();
    let server = "python3 -u -m http.server 8080";
    let client = "curl -sS http://server:8080/page";
    let args = ["--lab", "isolated", "--server-run", server, "--client-run", client];
    let mut terminal = Terminal::start_in(&folder, 120, 40, &args);
    terminal.see(" python3  runs, pid ");
    terminal.see(" curl  exited with status 0");
    terminal.see("out  a page of its own");
    terminal.keys(":wire hold FIN from=server\r");
    terminal.see("rule 1: hold FIN from=server");
    terminal.press(Client, "_ again");
    terminal.see(" curl2  runs, pid ");
    terminal.see_state(Server, "FIN_WAIT1");
    terminal.see_state(Client, "ESTABLISHED");
    terminal.see_at(Client, "curl2 ");
    terminal.see_at(Server, "python3 ");
    terminal.press(Place::Wire, "n deliver");
    terminal.see(" curl2  exited with status 0");
    terminal.press(Server, "' SIGTERM");
    terminal.see(" python3  was killed by SIGTERM");
    let left = |terminal: &Terminal| terminal.processes("http.server");
    terminal.until("the end of all of the server", |terminal| left(terminal).is_empty());
    terminal.press(Server, "_ again");
    terminal.see("  python3-2  runs, pid ");
    let running = left(&terminal);
    assert!(!running.is_empty());
    terminal.keys("q");
    assert_eq!(terminal.end().code(), Some(0));
    support::until("nothing left of what ran", || {
        running.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists())
    });
}

/// A scenario's file that runs programs is shown and asked about first: left, nothing of it runs; allowed, its server does.
#[test]
fn a_file_that_runs_programs_asks_on_the_screen() {
    if !are_here(&["python3"]) {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("asks");
    std::fs::create_dir_all(&folder).unwrap();
    let file = "title = \"A server of its own\"\nsummary = \"It listens.\"\ngroup = \"programs\"\nlab = \"isolated\"\n\n[driven.server]\nrun = \"python3 -u -m http.server 8080\"\nready = \"LISTEN 8080\"\n\n[[step]]\nclient = \"connect\"\n";
    std::fs::write(folder.join("own.toml"), file).unwrap();
    let mut terminal = Terminal::start_in(&folder, 120, 40, &["--lab", "isolated", "tour", "own.toml"]);
    terminal.see("run programs?");
    terminal.see("python3 -u -m http.server 8080");
    terminal.click_the("[leave it]");
    terminal.wait("the explorer", |lines| !lines.join("\n").contains("run programs?"));
    assert_eq!(terminal.processes("http.server"), [0; 0]);
    terminal.keys("q");
    assert_eq!(terminal.end().code(), Some(0));
    let mut terminal = Terminal::start_in(&folder, 120, 40, &["--lab", "isolated", "tour", "own.toml"]);
    terminal.click_the("[run them]");
    terminal.see("step 1 of 1");
    terminal.see_state(Server, "LISTEN");
    terminal.see_at(Server, "python3 ");
}
