//! The page of a run in headless Chromium: what a reader sees at each step is what the transcript says, which is taken from the recording and from
//! `do --json`, and never from the page.

mod support;

use finwait::recording::{Played, Recording};
use finwait::session::transcript::{Entry, EntryKind, Filter};
use finwait::side::Side;
use finwait::state::State;
use finwait::wire::segment::Packet;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use support::folder::Folder;
use support::{BOUND, Lab, finwait, output, output_within};

/// The most bytes of a page without what it tells of the run: its list, its diagram and its data.
const MOST: usize = 40_000;
/// The most bytes of the page of a scenario of ten steps.
const MOST_OF_A_SCENARIO: usize = 200_000;

/// A run, and what a reader has seen of its page.
struct Seen {
    page: String,
    entries: Vec<Entry>,
    seen: Value,
    /// What the run printed.
    printed: String,
    _folder: Folder,
}

/// Runs finwait with these arguments, and reads its page in Chromium.
fn seen(name: &str, lab: Lab, arguments: &[&str]) -> Seen {
    let folder = Folder::new(name);
    let (page, record) = (folder.file("run.html"), folder.file("run.jsonl"));
    let run = output(
        finwait()
            .args(lab.args())
            .args(arguments)
            .args(["--html", &page, "--record", &record]),
    );
    assert!(run.status.success(), "{run:?}");
    let recording = Recording::read(std::fs::read(&record).unwrap().as_slice()).unwrap();
    let mut entries = Vec::new();
    let played: Result<(), ()> = recording.play(|played| {
        if let Played::End { session, .. } = played {
            entries = session.transcript.entries().iter().cloned().collect();
        }
        Ok(())
    });
    played.unwrap();
    Seen {
        seen: driven(&page),
        page: std::fs::read_to_string(&page).unwrap(),
        entries,
        printed: String::from_utf8(run.stdout).unwrap(),
        _folder: folder,
    }
}

/// The name of Chromium.
fn chromium() -> &'static str {
    let known = ["chromium-headless-shell", "chromium"];
    let is_there =
        |name: &str| std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|folder| folder.join(name).exists());
    known
        .into_iter()
        .find(|name| is_there(name))
        .expect("Chromium is needed")
}

/// Reads a page in Chromium, as `tests/page/drive.mjs` does.
fn driven(page: &str) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page/drive.mjs");
    let run = output_within(Command::new("node").args([script, chromium(), page]), 2 * BOUND);
    assert!(run.status.success(), "node and Chromium are needed: {run:?}");
    serde_json::from_slice(&run.stdout).unwrap()
}

/// axe-core finds nothing that stands in the way of people with a keyboard or a screen reader: in the page of a run, and in a book's.
#[test]
fn nothing_stands_in_the_way_of_a_keyboard_or_a_screen_reader() {
    let modules = PathBuf::from("/usr/local/lib/node_modules");
    let global = Command::new("npm").args(["root", "--global"]).output().ok();
    let global = global.map(|said| PathBuf::from(String::from_utf8_lossy(&said.stdout).trim()));
    let all = [modules].into_iter().chain(global);
    let axe = all
        .map(|modules| modules.join("axe-core/axe.min.js"))
        .find(|axe| axe.exists());
    assert!(
        axe.is_some() || std::env::var_os("CI").is_none(),
        "axe-core is not installed"
    );
    let Some(axe) = axe else { return };
    let folder = Folder::new("axe");
    let book = folder.file("book");
    let made = output(finwait().args(["book", &book, "half-close", "read-reset-blocked"]));
    assert!(made.status.success(), "{made:?}");
    let pages =
        ["half-close", "read-reset-blocked", "index", "errors", "states"].map(|name| format!("{book}/{name}.html"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page/axe.mjs");
    let run = output_within(
        Command::new("node").args([script, chromium()]).arg(axe).args(&pages),
        3 * BOUND,
    );
    assert!(run.status.success(), "{run:?}");
    let found: Vec<Value> = run
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    // In light and in dark.
    assert_eq!(found.len(), 2 * pages.len());
    for page in found {
        assert!(number(&page["passes"]) > 20, "{page}");
        assert_eq!(page["violations"], Value::Array(Vec::new()), "{page}");
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn words(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// A socket's ports and state, as the page shows them: `:8080 → :40000 ESTABLISHED`; none in CLOSE, where the kernel has no row.
fn shown(socket: &Value) -> Option<String> {
    let state = words(&socket["state"]);
    let ports = words(&socket["facts"])
        .split(" \u{b7} ")
        .find(|fact| fact.starts_with(':'));
    match (state, ports) {
        ("CLOSE", None) => None,
        _ => Some(format!("{} {state}", ports.unwrap_or("without ports"))),
    }
}

impl Seen {
    fn steps(&self) -> &[Value] {
        self.seen["steps"].as_array().unwrap()
    }

    /// What holds for each page.
    fn is_sound(&self) {
        let Seen { seen, page, .. } = self;
        assert_eq!(seen["console"], Value::Array(vec![]), "the console is silent");
        let address = words(&seen["address"]);
        for request in seen["requests"].as_array().unwrap() {
            let request = words(request);
            let known = request == "about:blank" || request.split('#').next() == Some(address);
            assert!(known, "the page asks for {request}");
        }
        assert_eq!(seen["nameless"], Value::Array(vec![]), "each control has a name");
        for (width, widest) in seen["wide"].as_object().unwrap() {
            assert!(
                number(widest) <= width.parse().unwrap(),
                "at {width} px something is {widest} wide"
            );
        }
        assert_eq!(seen["elements"]["scripts"], 2, "the data, and the page's own script");
        assert_eq!(seen["elements"]["images"], 0);
        let data = page
            .split("id=\"data\">")
            .nth(1)
            .unwrap()
            .split("</script>")
            .next()
            .unwrap();
        assert!(serde_json::from_str::<Value>(data).is_ok());
        let (before, rest) = page.split_once("<section id=\"drawing\"").unwrap();
        let (_, after) = rest.split_once("<footer>").unwrap();
        let bare = before.len() + after.len() - data.len();
        assert!(bare < MOST, "{bare} bytes without data");
    }

    /// Each state at each step, and each line, is the transcript's.
    fn is_true(&self) {
        let (mut told, mut drawn) = (0, 0);
        for (step, no) in self.steps().iter().zip(1..) {
            assert_eq!(number(&step["no"]), no, "a key is a step");
            let (first, last) = (number(&step["first"]), number(&step["last"]));
            assert!(first == told + 1, "entries from {} on belong to no step", told + 1);
            told = told.max(last);
            for (side, name) in [(Side::Client, "client"), (Side::Server, "server")] {
                let seen: BTreeSet<String> = step[name].as_array().unwrap().iter().filter_map(shown).collect();
                assert_eq!(seen, self.states(side, last), "step {no}, {name}: {}", step["said"]);
            }
            let listed = words(&step["listed"]);
            for entry in self.entries.iter().filter(|entry| (first..=last).contains(&entry.no)) {
                let is_told = matches!(
                    entry.what,
                    EntryKind::State { .. } | EntryKind::Ended(_) | EntryKind::Packet(_) | EntryKind::Program(_)
                ) && Filter::All.passes(&entry.what);
                let lines = entry.lines().into_iter().filter(|_| is_told);
                for line in lines.chain(entry.why().map(str::to_owned)) {
                    assert!(listed.contains(&line), "step {no} has not {line}: {listed}");
                }
            }
            assert_eq!(step["said"], step["listed"], "what is read out is what is listed");
            assert_eq!(step["here"], 1, "one step is marked");
            assert_eq!(step["slider"], no);
            assert!(words(&step["spoken"]).starts_with(&format!("step {no} of {}", self.steps().len())));
            let (band, veil) = (&step["band"], &step["veil"]);
            let height = band[1].as_i64().unwrap();
            let end = band[0].as_i64().unwrap() + height;
            assert!(
                (end - veil[0].as_i64().unwrap()).abs() <= 2,
                "what comes later is dimmed from the moment's end on"
            );
            for entry in self.entries.iter().filter(|entry| (first..=last).contains(&entry.no)) {
                // What is held behind the first of the same has no row of its own.
                if let EntryKind::Packet(record) = &entry.what
                    && let Packet::Tcp(segment) = &record.packet
                    && height > 2
                {
                    drawn += 1;
                    let (flags, band) = (segment.flags.to_string(), words(&step["inBand"]));
                    assert!(band.contains(&flags), "step {no}: {flags} is not in the band: {band}");
                }
            }
        }
        let is_packet = |entry: &Entry| matches!(entry.what, EntryKind::Packet(_));
        assert!(drawn > 2 || !self.entries.iter().any(is_packet));
        assert_eq!(
            Some(told),
            self.entries.last().map(|entry| entry.no),
            "all of the run is there"
        );
    }

    /// The states of an end after an entry, by the changes that the transcript has.
    fn states(&self, side: Side, last: u64) -> BTreeSet<String> {
        let mut states = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.no <= last) {
            if let EntryKind::State { change, .. } = &entry.what
                && change.side == side
            {
                states.insert((change.tuple.local, change.tuple.peer), change.to);
            }
        }
        let row = |((local, peer), state): (&(std::net::SocketAddr, std::net::SocketAddr), &State)| match peer.port() {
            0 => format!(":{} {state}", local.port()),
            peer => format!(":{} \u{2192} :{peer} {state}", local.port()),
        };
        states
            .iter()
            .filter(|(_, state)| **state != State::Close)
            .map(row)
            .collect()
    }

    /// The queues after each command are those that `do --json` prints.
    fn has_the_queues(&self) {
        let (mut last, mut compared) = (0, 0);
        for line in self.printed.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            last = line["no"].as_u64().unwrap_or(last);
            if line["kind"] != "states" {
                continue;
            }
            let step = self
                .steps()
                .iter()
                .rev()
                .find(|step| number(&step["last"]) <= last)
                .unwrap();
            for name in ["client", "server"] {
                for socket in line["states"][name].as_array().unwrap() {
                    let is_it = |seen: &&Value| seen["label"] == socket["socket"];
                    let Some(seen) = step[name].as_array().unwrap().iter().find(is_it) else {
                        continue;
                    };
                    assert_eq!(seen["state"], socket["state"], "{step}");
                    let (Some(rx), Some(tx)) = (socket["rx_queue"].as_u64(), socket["tx_queue"].as_u64()) else {
                        continue;
                    };
                    let facts: Vec<&str> = words(&seen["facts"]).split(" \u{b7} ").collect();
                    let queued = |word: &str| {
                        facts
                            .iter()
                            .find(|fact| fact.ends_with(word))
                            .map_or("", |fact| fact.split(' ').next().unwrap())
                    };
                    let (unread, unacknowledged) = match words(&socket["state"]) {
                        "LISTEN" => {
                            assert!(
                                facts.contains(&format!("{rx} of {} not accepted", tx + 1).as_str()),
                                "{facts:?}"
                            );
                            continue;
                        }
                        "TIME_WAIT" => continue,
                        "CLOSE_WAIT" => (rx - 1, tx.to_string()),
                        "FIN_WAIT1" => (
                            rx,
                            if tx == 1 {
                                "FIN".into()
                            } else {
                                (tx.max(1) - 1).to_string()
                            },
                        ),
                        _ => (rx, tx.to_string()),
                    };
                    let zero = |queued: String| if queued == "0" { String::new() } else { queued };
                    assert_eq!(queued(" unread"), zero(unread.to_string()), "{seen} {socket}");
                    assert_eq!(queued(" unacknowledged"), zero(unacknowledged), "{seen} {socket}");
                    compared += usize::from(rx > 0) + usize::from(tx > 0);
                }
            }
        }
        assert!(compared > 2, "some queues were not empty");
    }

    fn step_saying(&self, words: &str) -> &Value {
        let says = |step: &&Value| step["said"].as_str().unwrap().contains(words);
        self.steps()
            .iter()
            .find(says)
            .unwrap_or_else(|| panic!("no step says {words}"))
    }
}

/// A run with a segment that is held and one that is dropped, bytes that are not read, and an RST.
const COMMANDS: [&str; 14] = [
    "server listen",
    "client connect",
    "server accept",
    "wire mode step",
    "client write hello",
    "wire deliver",
    "wire deliver",
    "server write \"lost\"",
    "wire drop",
    "wire mode flow",
    "client shutdown write",
    "server rst-close",
    "client read",
    "client close",
];

#[test]
fn each_step_shows_what_the_kernel_said_and_keys_slider_and_links_move() {
    let mut arguments = vec!["do"];
    arguments.extend(COMMANDS);
    arguments.extend(["--json", "--all-sockets"]);
    let run = seen("steps", Lab::Isolated, &arguments);
    run.is_sound();
    run.is_true();
    run.has_the_queues();
    let last = run.steps().len() as u64;
    assert!(last > 20);
    let keys = &run.seen["keys"];
    for (key, no) in [
        ("past", last),
        ("left", last - 1),
        ("home", 1),
        ("before", 1),
        ("end", last),
        ("sliderHome", 1),
        ("sliderRight", 2),
        ("sliderEnd", last),
        ("button", 2),
    ] {
        assert_eq!(keys[key], no, "{key}");
    }
    assert_eq!(keys["address"], format!("#step={last}"), "the address follows");
    let links = &run.seen["links"];
    assert_eq!(links["changed"]["no"], 3);
    assert_eq!(links["changed"]["said"], run.steps()[2]["said"]);
    assert_eq!(links["opened"]["no"], 2);
    assert_eq!(links["opened"]["client"], run.steps()[1]["client"]);
    assert_eq!(links["beyond"], last);
    assert_eq!(links["nonsense"], last);
    assert_eq!(run.seen["opened"], last, "it opens with all of the run in sight");
    for (width, most) in [("1200", 260), ("360", 260)] {
        let gap = &run.seen["gaps"][width];
        assert!(
            number(&gap["gap"]) <= 24 && number(&gap["box"]) <= most,
            "{width}: {gap}"
        );
    }
    assert!(
        number(&run.seen["gaps"]["1200"]["inSight"]) >= 350,
        "{}",
        run.seen["gaps"]
    );
    // By Tab alone one comes to each control, and sees where one is.
    let reached = run.seen["reached"].as_array().unwrap();
    for id in ["on", "last", "slider", "link", "drawing"] {
        let control = reached.iter().find(|control| control["id"] == id);
        let control = control.unwrap_or_else(|| panic!("{id} is not reached: {reached:?}"));
        assert_ne!(control["outline"], "none", "{id}");
    }
    // A directions' words are those of the session, which the screen has, too.
    assert_eq!(
        run.step_saying("SHUT_WR) = 0")["pipes"],
        serde_json::json!(["FIN sent, not acked", "open"])
    );
    assert_eq!(run.steps()[last as usize - 1]["pipes"][1], "reset by server");
    assert_ne!(run.seen["ground"]["light"], run.seen["ground"]["dark"]);
    let paper = &run.seen["paper"];
    assert_eq!(
        (&paper["player"], &paper["veil"], &paper["picture"]),
        (&0.into(), &0.into(), &1.into())
    );
    assert_eq!(paper["items"], last, "the whole run is a list");
    assert!(number(&paper["states"]) > last);
    assert_eq!(paper["isWhole"], true);
}

#[test]
fn scenarios_of_the_catalog_are_shown_as_they_were_measured() {
    for (scenario, state) in [
        ("half-close", "TIME_WAIT"),
        ("linger-zero", "ECONNRESET"),
        ("simultaneous-close", "CLOSING"),
        // A program of one's own.
        ("curl-handshake", "curl"),
        // Connections that nobody has accepted.
        ("listen-backlog-full", "SYN_RECV"),
        // Segments that are held, and sent again.
        ("held-fin-sent-again", "held as"),
    ] {
        let run = seen(scenario, Lab::Isolated, &["run", scenario]);
        run.is_sound();
        run.is_true();
        run.step_saying(state);
        assert!(
            run.page.len() < MOST_OF_A_SCENARIO,
            "{scenario}: {} bytes",
            run.page.len()
        );
        assert!(
            words(&run.seen["elements"]["text"]).contains("as expected"),
            "{scenario}"
        );
    }
}

#[test]
fn a_run_without_a_wire_has_a_page() {
    let arguments = [
        "do",
        "server listen",
        "client connect",
        "server accept",
        "client write hello",
        "server read",
        "client close",
        "server read",
    ];
    let run = seen("loopback", Lab::Loopback, &arguments);
    run.is_sound();
    run.is_true();
    assert!(words(&run.seen["elements"]["text"]).contains("The loopback lab has no wire"));
}

#[test]
fn each_of_many_sockets_is_there() {
    let mut arguments = vec!["do", "server listen backlog=20"];
    arguments.extend(["client connect"; 12]);
    arguments.extend(["server accept"; 4]);
    arguments.extend(["client close", "server close"]);
    let run = seen("many", Lab::Isolated, &arguments);
    run.is_sound();
    run.is_true();
    let most = run.steps().iter().map(|step| step["server"].as_array().unwrap().len());
    assert!(most.max() > Some(12), "a listener and its connections");
}

#[test]
fn a_capture_has_the_states_that_its_segments_imply() {
    let folder = Folder::new("capture");
    let (capture, page) = (folder.file("a.pcapng"), folder.file("a.html"));
    let run =
        output(
            finwait()
                .arg("do")
                .args(&COMMANDS[..3])
                .args(["client close", "server close", "--pcapng", &capture]),
        );
    assert!(run.status.success(), "{run:?}");
    let run = output(finwait().args(["export", &capture, "--connection", "1", "--html", &page]));
    assert!(run.status.success(), "{run:?}");
    let seen = driven(&page);
    assert_eq!(seen["console"], Value::Array(vec![]));
    let mut changes = 0;
    for step in seen["steps"].as_array().unwrap() {
        for name in ["client", "server"] {
            let change = words(&step["said"]).split(&format!("state {name} ")).nth(1);
            let is_state = |word: &&str| {
                word.bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
            };
            let Some(to) = change.and_then(|change| {
                let mut after = change.split(" -> ").skip(1).filter_map(|after| after.split(' ').next());
                after.find(is_state)
            }) else {
                continue;
            };
            assert_eq!(step[name][0]["state"], to, "{step}");
            changes += 1;
        }
    }
    assert!(changes > 4, "{changes} changes of states");
    assert!(words(&seen["elements"]["text"]).contains("This is a capture"));
}

#[test]
fn programs_and_what_they_write_are_text() {
    let folder = Folder::new("hostile");
    // The name of a process is cut at 15 bytes; this one would begin a script in a script.
    let program = folder.file("<!--<script>");
    let output = "<script>document.title=1</script><img src=x onerror=alert(1)>\\\"'&amp;";
    let script = format!(
        "import socket, time\nprint(\"{output}\", flush=True)\ns = socket.create_connection((\"server\", 8080))\ns.sendall(b\"</script><script>alert(1)</script>\")\ntime.sleep(0.3)\n"
    );
    let file = folder.file("talks.py");
    std::fs::write(&file, script).unwrap();
    std::fs::copy(
        std::fs::canonicalize("/usr/bin/python3").expect("python3 is needed"),
        &program,
    )
    .unwrap();
    let run = format!("client run \"{program}\" {file}");
    let payload = "client write \"</script><script>x</script>'&\\\"\"";
    let long = format!("client write \"{}\"", "x".repeat(300));
    let arguments = [
        "do",
        "server listen",
        &run,
        "server accept",
        "client await exit",
        "client connect",
        payload,
        &long,
    ];
    let run = seen("programs", Lab::Isolated, &arguments);
    run.is_sound();
    run.is_true();
    let text = words(&run.seen["elements"]["text"]);
    assert!(
        text.contains("<script>document.title=1</script><img src=x onerror=alert(1)>\"'&amp;"),
        "{text}"
    );
    assert!(text.contains("\"</script><script>x</script>'&\\\"\""), "{text}");
    // In the data, which the script shows.
    let owns = |step: &&Value| {
        step["client"]
            .as_array()
            .unwrap()
            .iter()
            .any(|socket| words(&socket["facts"]).contains("<!--<script>"))
    };
    assert!(run.steps().iter().any(|step| owns(&step)), "the process has its name");
    assert!(!run.page.contains("<!--"), "nothing but tags of the page's own");
}
