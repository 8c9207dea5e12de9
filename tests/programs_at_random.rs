//! Programs of the user's own, rules, forged packets and native calls beside them, at random: whatever is done, finwait's sockets are those
//! of the kernel's tables, a connection has one number at both ends, and nothing is left at the end.
//!
//! `FINWAIT_SCRIPTS=1-100 cargo test --test programs_at_random` runs at length.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use serde_json::Value;

#[path = "support/mod.rs"]
mod support;

use support::{Lab, Run, exit, has, until};

/// How many commands a script has, after those that it begins with.
const LENGTH: usize = 40;

/// How long the transcript may be behind the kernel's tables: programs go on while it is read.
const LAG: Duration = Duration::from_secs(10);

/// A server that does to each connection what the first byte on it says.
const SERVER: &str = r"import os, signal, socket, struct, threading, time
def serve(c):
    try:
        while (asked := c.recv(1)):
            if asked == b'a': c.sendall(b'x' * 5000)
            elif asked == b'c': c.sendall(b'bye'); break
            elif asked == b's': c.shutdown(socket.SHUT_WR)
            elif asked == b'r': c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); break
            elif asked == b'w': time.sleep(0.2)
    except OSError as error: print(error)
    c.close()
l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(('0.0.0.0', 8080))
l.listen(5)
while True: threading.Thread(target=serve, args=l.accept()[:1], daemon=True).start()
";

/// A client that asks for what its argument says, and ends in the way that it says.
const CLIENT: &str = r"import os, socket, struct, sys, time
how, ask = sys.argv[1:]
cs = [socket.create_connection(('server', 8080)) for _ in range(3 if how == 'many' else 1)]
c = cs[0]
c.sendall(ask.encode())
if how == 'fork' and os.fork(): os._exit(0)
if how in ('wait', 'fork'): time.sleep(60)
elif how == 'shut':
    c.shutdown(socket.SHUT_WR)
    while c.recv(65536): pass
elif how == 'rst': c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
elif how == 'unread': time.sleep(0.1)
elif how == 'read': print(len(c.recv(65536)))
";

/// A generator of random numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// A command that starts a program of one Python file.
fn python(side: &str, name: &str, source: &str, arguments: &str) -> String {
    let source = source.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{side} run file=\"{name}={source}\" python3 -S -E -u {name}{arguments}")
}

fn server() -> String {
    python("server", "server.py", SERVER, "")
}

/// The programs of an end that run, and the number of all that do.
fn running<'a>(states: &'a Value, side: &str) -> (Vec<&'a str>, usize) {
    let all = states["programs"].as_array().map_or(&[][..], Vec::as_slice);
    let run = || all.iter().filter(|program| program["runs"] == true);
    let here = run().filter(|program| program["side"] == side);
    (
        here.map(|program| program["name"].as_str().unwrap()).collect(),
        run().count(),
    )
}

/// The next command, of those that make sense as things stand; some are refused all the same.
fn command(dice: &mut Dice, states: &Value) -> String {
    let (servers, _) = running(states, "server");
    let (clients, _) = running(states, "client");
    // A lab without a server is of little use for long.
    if servers.is_empty() && dice.below(3) > 0 {
        return server();
    }
    let is_crowded = clients.len() > 4;
    match dice.below(20) {
        0..6 if !is_crowded => {
            let how = dice.one(&["read", "read", "wait", "shut", "rst", "unread", "many", "fork"]);
            let ask = dice.one(&["a", "c", "s", "r", "w", "aaa", "ac", "wa", "wwr"]);
            python("client", "client.py", CLIENT, &format!(" {how} {ask}"))
        }
        0..8 if !clients.is_empty() => {
            let who = dice.one(&clients);
            match dice.below(5) {
                0 => format!(
                    "client signal {} {who}",
                    dice.one(&["TERM", "KILL", "INT", "STOP", "CONT"])
                ),
                1 | 2 => format!("client kill-program {who}"),
                3 => format!("client restart-program {who}"),
                _ => format!("client await exit {who} within=300"),
            }
        }
        8 if !servers.is_empty() => {
            let who = dice.one(&servers);
            match dice.below(4) {
                0 => format!("server kill-program {who}"),
                1 => format!("server restart-program {who}"),
                2 => format!("server signal STOP {who}"),
                _ => format!("server signal CONT {who}"),
            }
        }
        9 => "server await LISTEN port=8080 within=2000".into(),
        10..13 => {
            let calls = [
                "connect deadline=300",
                "connect",
                "write c",
                "write a",
                "read dontwait",
                "read deadline=100",
                "shutdown write",
                "close",
                "rst-close",
                "interrupt",
            ];
            format!("client {}", dice.one(&calls))
        }
        13 => {
            let sockets = states["states"]["client"].as_array().unwrap();
            let connected = |socket: &&Value| socket["state"] != "CLOSE" && socket["socket"].is_string();
            let names: Vec<&str> = sockets
                .iter()
                .filter(connected)
                .map(|socket| socket["socket"].as_str().unwrap())
                .collect();
            let what = dice.one(&["rst", "data", "fin", "ack"]);
            let to = dice.one(&["client", "server"]);
            let on = match names.is_empty() {
                true => String::new(),
                false => format!(" on={}", dice.one(&names)),
            };
            let seq = dice.one(&["", " seq=in-window", " seq=out-of-window"]);
            format!("wire forge {what} to={to}{on}{seq}")
        }
        _ => {
            let wire = [
                "step",
                "flow",
                "flow",
                "deliver next",
                "deliver all",
                "drop next",
                "hold FIN from=server",
                "hold data from=server nth=2..",
                "drop data nth=1",
                "hold RST",
                "clear",
                "clear",
                "link delay=5ms jitter=2ms",
                "link off",
            ];
            format!("wire {}", dice.one(&wire))
        }
    }
}

/// A socket of a table: its addresses and its state.
type Row = (SocketAddr, SocketAddr, String);

/// The states as procfs numbers them, from 1 on.
const STATES: [&str; 12] = [
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
    "SYN_RECV",
];

/// The IPv4 sockets of the network namespace of a process, as the kernel prints them.
fn kernel(pid: u32) -> BTreeSet<Row> {
    let address = |text: &str| {
        let (ip, port) = text.split_once(':').unwrap();
        let ip = u32::from_str_radix(ip, 16).unwrap().swap_bytes();
        SocketAddr::new(IpAddr::V4(Ipv4Addr::from(ip)), u16::from_str_radix(port, 16).unwrap())
    };
    let table = std::fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
    let rows = table.lines().skip(1).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let state = usize::from_str_radix(words[3], 16).unwrap();
        (address(words[1]), address(words[2]), STATES[state - 1].to_owned())
    });
    rows.filter(|(.., state)| state != "CLOSE").collect()
}

/// The same as finwait tells it.
fn told(states: &Value, side: &str) -> BTreeSet<Row> {
    let sockets = states["states"][side].as_array().unwrap().iter();
    let rows = sockets.filter(|socket| socket["state"] != "CLOSE").map(|socket| {
        let address = |name: &str| {
            socket[name]
                .as_str()
                .unwrap_or_else(|| panic!("{socket}"))
                .parse()
                .unwrap()
        };
        let state = socket["state"].as_str().unwrap().to_owned();
        (address("local"), address("peer"), state)
    });
    rows.collect()
}

/// A run, and what its script has done.
struct Script {
    run: Run,
    done: Vec<String>,
    /// Which number each connection, by the client's address, has at which end.
    numbers: BTreeMap<String, BTreeMap<String, String>>,
    /// The connection that each of the client's sockets had first, by the socket's name.
    first: BTreeMap<String, String>,
    /// Connections of sockets that had one before.
    again: BTreeSet<String>,
    /// How many lines of the transcript were looked at.
    read: usize,
}

impl Script {
    fn states(&self) -> &Value {
        self.run.said.iter().rfind(|line| line["kind"] == "states").unwrap()
    }

    /// Gives a command, and holds what it has led to against the kernel.
    fn does(&mut self, command: String) {
        self.run.gives(&command);
        self.done.push(command);
        let end = self.run.settles();
        let line = self.run.line(end);
        assert_ne!(line["verdict"], "not-understood", "{line}\n{}", self.log());
        self.agrees();
        self.is_numbered_alike();
    }

    fn log(&self) -> String {
        self.done
            .iter()
            .map(|command| format!("{}\n", &command[command.len().saturating_sub(90)..]))
            .collect()
    }

    /// finwait's sockets come to be those of both hosts' kernels.
    fn agrees(&mut self) {
        let deadline = Instant::now() + LAG;
        let pids = ["client", "server"].map(|side| (side, self.run.endpoint(side)));
        loop {
            let before = pids.map(|(_, pid)| kernel(pid));
            // It changes nothing, and tells how the sockets stand.
            self.run.gives("wire link off from=client");
            self.run.settles();
            let told = pids.map(|(side, _)| told(self.states(), side));
            if told == before {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "the kernel: {before:#?}\nfinwait: {told:#?}\n{}",
                self.log()
            );
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// A connection has one number, the same at both ends, for ever.
    fn is_numbered_alike(&mut self) {
        for line in &self.run.said[self.read..] {
            let changes = (line["kind"] == "state").then(|| (line["side"].as_str().unwrap(), line, &line["tuple"]));
            let stands = ["client", "server"].into_iter().flat_map(|side| {
                let sockets = line["states"][side].as_array().into_iter().flatten();
                sockets.map(move |socket| (side, socket, socket))
            });
            for (side, socket, tuple) in changes.into_iter().chain(stands) {
                let (here, there) = match side {
                    "client" => ("local", "peer"),
                    _ => ("peer", "local"),
                };
                let (Some(client), Some(server)) = (tuple[here].as_str(), tuple[there].as_str()) else {
                    continue;
                };
                // A listener is no connection, nor is what is only bound.
                if client.ends_with(":0") || server.ends_with(":0") {
                    continue;
                }
                let name = socket["socket"].as_str();
                let name = name
                    .unwrap_or_else(|| panic!("it has no name: {socket}\n{}\n{}", self.log(), self.run.transcript()));
                // A call connected this socket again: it keeps its name, and the other end's is new.
                if side == "client" && self.first.entry(name.to_owned()).or_insert(client.to_owned()) != client {
                    assert!(
                        socket["owner"].is_null() && socket["cause"]["program"].is_null(),
                        "{socket}"
                    );
                    self.again.insert(client.to_owned());
                }
                if self.again.contains(client) {
                    continue;
                }
                let number = name.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned();
                let numbers = self.numbers.entry(client.to_owned()).or_default();
                numbers.insert(side.to_owned(), number);
                let alike: BTreeSet<&String> = numbers.values().collect();
                assert_eq!(
                    alike.len(),
                    1,
                    "{client}: {numbers:?}\n{line}\n{}\n{}",
                    self.done.join("\n"),
                    self.run.transcript()
                );
            }
        }
        self.read = self.run.said.len();
    }
}

/// The processes in that network namespace.
fn inside(namespace: &std::path::Path) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let inside =
        processes.filter(|process| std::fs::read_link(process.path().join("ns/net")).is_ok_and(|its| its == namespace));
    inside.count()
}

fn script(seed: u64) {
    eprintln!("FINWAIT_SCRIPTS={seed}-{seed}");
    let mut dice = Dice(seed);
    let mut script = Script {
        run: Lab::Isolated.open_with(&["--patience", "300"]),
        done: Vec::new(),
        numbers: BTreeMap::new(),
        first: BTreeMap::new(),
        again: BTreeSet::new(),
        read: 0,
    };
    script.does(server());
    script.does("server await LISTEN port=8080 within=10s".into());
    for _ in 0..LENGTH {
        let next = command(&mut dice, script.states());
        script.does(next);
    }
    assert!(script.numbers.len() > 3, "hardly anything was done:\n{}", script.log());
    let namespaces = ["client", "server"].map(|side| {
        let pid = script.run.endpoint(side);
        std::fs::read_link(format!("/proc/{pid}/ns/net")).unwrap()
    });
    let (_, programs) = running(script.states(), "client");
    let there: usize = namespaces.iter().map(|namespace| inside(namespace)).sum();
    assert!(
        there >= 2 + programs,
        "{there}: an endpoint each, and {programs} programs\n{}",
        script.log()
    );
    let (done, mut run) = (script.log(), script.run);
    if seed.is_multiple_of(2) {
        run.child().kill().unwrap();
        assert_eq!(exit(run.child()).signal(), Some(9));
    } else {
        let (status, complaints) = run.ends();
        // Commands that had no effect make it 1.
        assert!(matches!(status, Some(0 | 1)), "{status:?}: {complaints}\n{done}");
        assert!(!complaints.contains("panicked"), "{complaints}\n{done}");
    }
    until("the hosts to be empty", || {
        namespaces.iter().all(|namespace| inside(namespace) == 0)
    });
}

#[test]
fn at_random() {
    if !has("python3") {
        return;
    }
    let seeds = std::env::var("FINWAIT_SCRIPTS").unwrap_or_else(|_| "1-6".into());
    let (first, last) = seeds.split_once('-').unwrap();
    for seed in first.parse().unwrap()..=last.parse().unwrap() {
        script(seed);
    }
}
