//! `finwait explain` with what tools print about sockets: the real commands, where they are installed, over sockets that the test made, row
//! for row beside procfs; and the answers to tables, counters and messages of the kernel, through the real binary.

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use support::{finwait, output};

use finwait::explain::listing::{ListForm, ListedAddress, ListedHost, ListedPort, ListedSocket, ListingScanner, Owner};
use finwait::state::State;

/// The most that a test waits for the kernel.
const BOUND: Duration = Duration::from_secs(10);

/// The right to start a process: until it is executed, it has all of this one's sockets, and a tool that looks then names it as their owner.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Explains what comes by standard input.
fn explained(text: &str, more: &[&str]) -> Output {
    let turn = turn();
    let mut child = finwait()
        .arg("explain")
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(turn);
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[track_caller]
fn told(text: &str) -> String {
    let output = explained(text, &[]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert!(error.is_empty(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn json(text: &str) -> Value {
    let output = explained(text, &["--json"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Sockets of this process in several states, and what procfs is to say of each.
struct Sockets {
    _all: Vec<TcpStream>,
    _listeners: Vec<TcpListener>,
    listened_at: Vec<SocketAddr>,
}

impl Sockets {
    fn made() -> Sockets {
        let listeners = [
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
            TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap(),
        ];
        let mut all = Vec::new();
        let mut listened_at = Vec::new();
        for listener in &listeners {
            let address = listener.local_addr().unwrap();
            listened_at.push(address);
            // CLOSE_WAIT and FIN_WAIT2, with what was not read; ESTABLISHED, with bytes that are not read; one that nobody accepted.
            let (client, server) = (TcpStream::connect(address).unwrap(), listener.accept().unwrap().0);
            (&client).write_all(b"hello").unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            all.extend([client, server]);
            let (client, server) = (TcpStream::connect(address).unwrap(), listener.accept().unwrap().0);
            (&client).write_all(b"unread").unwrap();
            all.extend([client, server]);
            let (client, mut server) = (TcpStream::connect(address).unwrap(), listener.accept().unwrap().0);
            client.shutdown(Shutdown::Write).unwrap();
            assert_eq!(server.read(&mut [0; 8]).unwrap(), 0);
            all.extend([client, server]);
            // An end that closed first, and the port that it had.
            let (client, server) = (TcpStream::connect(address).unwrap(), listener.accept().unwrap().0);
            drop(client);
            drop(server);
            all.push(TcpStream::connect(address).unwrap());
        }
        Sockets {
            _all: all,
            _listeners: listeners.into(),
            listened_at,
        }
    }

    /// Is a row one of these? A port's number alone may be another process's, of the other family.
    fn has(&self, socket: &ListedSocket) -> bool {
        let is_one = |address: &ListedAddress| {
            let same = |own: &SocketAddr| {
                address.host == ListedHost::Ip(own.ip()) && address.port == ListedPort::Number(own.port())
            };
            self.listened_at.iter().any(same)
        };
        is_one(&socket.local) || socket.peer.as_ref().is_some_and(is_one)
    }
}

/// A row without its form: what all tools say of it.
type Row = (State, Option<u64>, Option<u64>);

/// The rows of a listing that are of those sockets, by their addresses.
fn rows(text: &str, sockets: &Sockets) -> BTreeMap<(String, String), ListedSocket> {
    let mut found = BTreeMap::new();
    // One scanner for each row and what is below it, so that it hands each row on.
    for (number, line) in text.lines().enumerate() {
        let mut scanner = ListingScanner::default();
        scanner.line(line.as_bytes());
        if let Some(below) = text
            .lines()
            .nth(number + 1)
            .filter(|line| line.starts_with(['\t', ' ']))
        {
            scanner.line(below.as_bytes());
        }
        let (table, ..) = scanner.end();
        let Some(first) = table.few().first().filter(|row| row.line == 1) else {
            continue;
        };
        let socket = first.socket.clone();
        if sockets.has(&socket) {
            let peer = socket.peer.as_ref().filter(|peer| !peer.is_any_host());
            let peer = peer.map_or("*".to_owned(), ToString::to_string);
            found.insert((socket.local.to_string(), peer), socket);
        }
    }
    found
}

fn in_all(socket: &ListedSocket) -> Row {
    (socket.state, socket.receive_queue, socket.send_queue)
}

fn procfs() -> String {
    let table = |name: &str| std::fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap();
    table("tcp") + &table("tcp6")
}

/// What a tool prints; none where it is not installed.
fn printed(tool: &str, arguments: &[&str]) -> Option<String> {
    let _turn = turn();
    let output = Command::new(tool)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{tool}: {error}"),
    }
}

/// Each row of each tool says what procfs says of that socket, and whose it is.
#[test]
fn the_rows_of_the_real_tools_say_what_procfs_says() {
    let sockets = Sockets::made();
    let deadline = Instant::now() + BOUND;
    let truth = loop {
        let truth = rows(&procfs(), &sockets);
        let count = |state| truth.values().filter(|socket| socket.state == state).count();
        // The last segments may still be on their way.
        if count(State::FinWait2) == 4 && count(State::CloseWait) == 4 && count(State::TimeWait) == 2 {
            break truth;
        }
        assert!(Instant::now() < deadline, "{truth:#?}");
    };
    // Per family: a listener, two halves closed in one direction (two ends each), one open (two ends), one not accepted (two), TIME_WAIT.
    assert_eq!(truth.len(), 2 * (1 + 4 + 2 + 2 + 1), "{truth:#?}");
    let is = |state, receive| {
        truth
            .values()
            .filter(move |socket| (socket.state, socket.receive_queue) == (state, Some(receive)))
    };
    assert_eq!(
        is(State::CloseWait, 6).count(),
        2,
        "five bytes, and the FIN: {truth:#?}"
    );
    assert_eq!(is(State::CloseWait, 0).count(), 2);
    assert_eq!(is(State::Listen, 1).count(), 2);
    assert_eq!(
        truth.values().filter(|socket| socket.is_nobodys()).count(),
        4,
        "not accepted, and TIME_WAIT"
    );

    let pid = std::process::id();
    let tools: [(&str, &[&str], ListForm); 8] = [
        ("ss", &["-tanpeoim"], ListForm::Ss),
        ("ss", &["-tanpeO"], ListForm::Ss),
        ("ss", &["-tanH"], ListForm::Ss),
        ("ss", &["-anpe"], ListForm::Ss),
        ("netstat", &["-tanpeo"], ListForm::NetTools),
        ("netstat", &["-tan"], ListForm::NetTools),
        ("netstat", &["-anpe"], ListForm::NetTools),
        ("lsof", &["-nP", "-iTCP", "-Tqs"], ListForm::Lsof),
    ];
    for (tool, arguments, form) in tools {
        let Some(text) = printed(tool, arguments) else {
            eprintln!("{tool} is not installed");
            continue;
        };
        let seen = rows(&text, &sockets);
        let with_owner = arguments[0].contains('p') || form == ListForm::Lsof;
        if form != ListForm::Lsof {
            let missing: Vec<_> = truth.keys().filter(|key| !seen.contains_key(*key)).collect();
            assert!(missing.is_empty(), "{tool} {arguments:?}: {missing:?}\n{text}");
        }
        assert!(seen.len() >= 14, "{tool}: {seen:#?}\n{text}");
        for (key, socket) in &seen {
            let real = &truth[key];
            assert_eq!(socket.form, form, "{tool} {arguments:?}");
            let (mut wanted, mut got) = (in_all(real), in_all(socket));
            if socket.state == State::Listen && form == ListForm::Ss {
                // There Send-Q is the limit.
                assert!(got.2.is_some_and(|most| most > 0), "{socket:?}");
                (wanted.2, got.2) = (None, None);
            }
            assert_eq!(got, wanted, "{tool} {arguments:?} {key:?}");
            if with_owner && real.owner == Owner::Somebody {
                let program = socket
                    .owner
                    .program()
                    .unwrap_or_else(|| panic!("{tool} {arguments:?}: {socket:?}"));
                assert_eq!(program.pid, pid, "{tool}");
            }
            if with_owner && form != ListForm::Lsof {
                assert_eq!(
                    socket.is_nobodys(),
                    real.is_nobodys(),
                    "{tool} {arguments:?} {socket:?}"
                );
            }
            if socket.timer.is_some() || arguments.contains(&"-tanpeo") {
                assert_eq!(
                    socket.timer.map(|timer| timer.kind),
                    real.timer.map(|timer| timer.kind),
                    "{tool} {socket:?}"
                );
            }
        }
    }
}

/// What `/proc/net/netstat`, `nstat` and net-tools' sentences say of a counter is the same figure.
#[test]
fn counters_are_the_same_by_each_tool() {
    let read = |text: &str| {
        let mut scanner = ListingScanner::default();
        for line in text.lines() {
            scanner.line(line.as_bytes());
        }
        scanner.end().1
    };
    let file = |name: &str| std::fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap();
    let kernels = || read(&(file("snmp") + &file("netstat")));
    let tools: [(&str, &[&str]); 2] = [("nstat", &["-asz"]), ("netstat", &["-s"])];
    for (tool, arguments) in tools {
        let before = kernels();
        let Some(text) = printed(tool, arguments) else {
            eprintln!("{tool} is not installed");
            continue;
        };
        let (seen, after) = (read(&text), kernels());
        let mut compared = 0;
        for value in after.worst_first() {
            let name = value.counter.name;
            // Others move them meanwhile.
            if let (Some(low), Some(got)) = (before.value(name), seen.value(name)) {
                assert!(
                    (low..=value.value).contains(&got),
                    "{tool}: {name} is {got}, not {low}..={}",
                    value.value
                );
                compared += 1;
            }
        }
        assert!(compared >= 5, "{tool}: {compared} of {after:?}\n{text}");
    }
}

/// A whole table: the text for people, and the same as JSON.
#[test]
fn a_table_is_answered_with_its_findings() {
    let mut text = "State      Recv-Q Send-Q Local Address:Port  Peer Address:Port Process\n".to_owned();
    text += "LISTEN     129    128          0.0.0.0:8080       0.0.0.0:*     users:((\"shop\",pid=1464,fd=4))\n";
    for number in 0..12 {
        let port = 41000 + number;
        text += &format!(
            "CLOSE-WAIT 1      0           10.0.0.1:8080      10.0.0.2:{port} users:((\"shop\",pid=1464,fd={}))\n",
            number + 7
        );
    }
    text += "ESTAB      0      2896        10.0.0.1:8080      10.0.0.7:42000 users:((\"shop\",pid=1464,fd=30)) timer:(persist,12sec,2)\n";
    text += "TIME-WAIT  0      0           10.0.0.1:51000     10.0.0.9:5432  timer:(timewait,12sec,0)\n";
    text += "udp UNCONN 0      0          127.0.0.1:323       0.0.0.0:*\n";
    insta::assert_snapshot!("table", told(&text));
    let told = json(&text);
    assert_eq!(told["schema"], 1);
    assert!(told.get("answers").is_none());
    let listing = &told["listing"];
    assert_eq!(
        (&listing["rows"], &listing["others"], &listing["forms"][0]),
        (&15.into(), &1.into(), &"ss".into())
    );
    assert_eq!(listing["states"]["CLOSE_WAIT"], 12);
    let findings = listing["findings"].as_array().unwrap();
    let kinds: Vec<&str> = findings
        .iter()
        .map(|finding| finding["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["accept-queue-full", "close-wait", "zero-window", "time-wait-to-peer"]
    );
    let leak = &findings[1];
    assert_eq!(
        (&leak["rows"], &leak["first"], &leak["urgency"]),
        (&12.into(), &3.into(), &"failing".into())
    );
    assert_eq!(
        (&leak["owner"]["name"], &leak["owner"]["pid"]),
        (&"shop".into(), &1464.into())
    );
    assert_eq!(leak["scenario"], "close-wait-leak");
}

/// One row, counters, and messages of the kernel, for people.
#[test]
fn a_row_counters_and_messages_of_the_kernel_are_answered() {
    insta::assert_snapshot!(
        "row",
        told("tcp        1      0 10.0.0.1:80     10.0.0.2:29824    CLOSE_WAIT  1464/shop\n")
    );
    insta::assert_snapshot!(
        "counters",
        told(
            "TcpOutSegs 2000 0.0\nTcpRetransSegs 50 0.0\nTcpExtListenOverflows 7 0.0\nTcpExtTCPAbortOnClose 3 0.0\nTcpExtTW 9 0.0\n"
        )
    );
    insta::assert_snapshot!(
        "kernel",
        told(
            "[   12.5] TCP: request_sock_TCP: Possible SYN flooding on port 80. Sending cookies.\n[   13.0] nf_conntrack: nf_conntrack: table full, dropping packet\n"
        )
    );
}

/// A log may have rows, counters and messages of programs in it: each is answered as what it is.
#[test]
fn a_log_may_mix_messages_and_tables() {
    let log = "\
10:00:01 app[7]: read tcp 10.0.0.1:4000->10.0.0.2:80: read: connection reset by peer
10:00:02 app[7]: read tcp 10.0.0.1:4001->10.0.0.3:80: read: connection reset by peer
10:00:03 watch: CLOSE-WAIT 1 0 10.0.0.1:80 10.0.0.2:4002 users:((\"app\",pid=7,fd=9))
10:00:04 kernel: TCP: out of memory -- consider tuning tcp_mem
10:00:05 app[7]: all is well
";
    let told = json(log);
    assert_eq!(told["answers"][0]["lines"], 2);
    assert_eq!(told["answers"].as_array().unwrap().len(), 1);
    assert_eq!(told["listing"]["rows"], 1);
    assert_eq!(told["listing"]["sockets"][0]["line"], 3);
    assert_eq!(
        (&told["kernel"][0]["id"], &told["kernel"][0]["first"]),
        (&"out-of-memory".into(), &4.into())
    );
}

/// A state among a few words, and counts by state.
#[test]
fn a_states_name_among_other_words_and_counts_are_answered() {
    for words in ["state CLOSE-WAIT", "connections stuck in CLOSE_WAIT", "CLOSE_WAIT"] {
        let turn = turn();
        let output = output(finwait().args(["explain", "--json", words]));
        drop(turn);
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["states"][0]["state"], "CLOSE_WAIT", "{words}");
    }
    let told = json("    312 CLOSE_WAIT\n     40 ESTABLISHED\n");
    assert_eq!(told["listing"]["counted"]["CLOSE_WAIT"], 312);
    assert_eq!(told["listing"]["findings"][0]["kind"], "close-wait");
    assert_eq!(told["listing"]["findings"][0]["urgency"], "failing");
}

/// Lines that have addresses, states or figures in them, and are no rows, are answered with nothing.
#[test]
fn what_is_no_table_is_none() {
    for line in [
        "INFO connection 10.0.0.1:80 -> 10.0.0.2:4000 CLOSED after 12 s",
        "12 connections established with upstream",
        "worker 3 LISTEN 0 128",
        "Tcp: connection to the broker was lost",
    ] {
        let output = explained(&format!("x\n{line}\n"), &[]);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{line}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

/// The listed addresses of this test are numbers.
#[test]
fn addresses_of_procfs_are_the_sockets_own() {
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let SocketAddr::V6(address) = listener.local_addr().unwrap() else {
        panic!()
    };
    let mut scanner = ListingScanner::default();
    let port = format!(":{:04X} ", address.port());
    for line in procfs().lines().filter(|line| line.contains(&port)) {
        scanner.line(line.as_bytes());
    }
    let (table, ..) = scanner.end();
    let is_it = |socket: &ListedSocket| {
        socket.local.host == ListedHost::Ip((*address.ip()).into())
            && socket.local.port == ListedPort::Number(address.port())
    };
    assert!(table.few().iter().any(|row| is_it(&row.socket)), "{table:?}");
}

/// macOS and the BSDs say it in other words, and in the singular of one.
#[test]
fn counters_of_macos_are_told_as_those_of_linux() {
    let text = "tcp:\n\t108293 packets sent\n\t\t52424 data packets (24364545 bytes)\n\t\t262 data packets (171892 bytes) retransmitted\n\
        \t147889 packets received\n\t\t23 packets received after close\n\t4113 connection requests\n\t1 listen queue overflow\n\
        \t310 retransmit timeouts\n\t\t11 connections dropped by rexmit timeout\nudp:\n\t100 datagrams received\n";
    let told = told(text);
    for part in [
        "1  TcpExtListenOverflows",
        "11  TcpExtTCPAbortOnTimeout",
        "262  TcpRetransSegs",
        "those of macOS or a BSD",
    ] {
        assert!(
            told.contains(part) || told.contains(&part.replace("TcpExt", "")),
            "{part}: {told}"
        );
    }
    assert_eq!(
        explained("tcp:\n  timeout: 30\n  port: 80\n", &[]).status.code(),
        Some(1)
    );
}

/// A narrow column cuts off the state, and of FIN_WAIT what is left can be two.
#[test]
fn rows_whose_state_was_cut_off_are_rows() {
    let text = "Proto Recv-Q Send-Q Local Address    Foreign Address  State\n\
        tcp        1      0 10.0.0.1:8080    10.0.0.2:50001   CLOSE_W\n\
        tcp        1      0 10.0.0.1:8080    10.0.0.2:50002   CLOSE_W\n\
        tcp        0      0 10.0.0.1:8080    10.0.0.2:50003   ESTABLISHE\n";
    let told = json(text);
    let states = &told["listing"]["states"];
    assert_eq!(states.to_string().matches("CLOSE_WAIT").count(), 1, "{told:#}");
    assert!(states.to_string().contains("ESTABLISHED"), "{told:#}");
}

/// Of connections that may still wait in a full accept queue, it is not said that the program leaks them; of those that it has, it is.
#[test]
fn close_wait_at_a_full_listener_may_never_have_been_accepted() {
    let row = |port: u16, read: u64, more: &str| {
        format!("CLOSE-WAIT {read}      0      10.0.0.1:8080     10.0.0.9:{port}{more}\n")
    };
    let listing = |read, more| {
        let rows = (41_000..41_060).map(|port| row(port, read, more));
        "State      Recv-Q Send-Q Local Address:Port Peer Address:Port Process\nLISTEN     129    128    0.0.0.0:8080      0.0.0.0:*\n"
            .to_owned()
            + &rows.collect::<String>()
    };
    let kinds = |text: &str| -> Vec<String> {
        let findings = json(text)["listing"]["findings"].clone();
        let kinds = findings
            .as_array()
            .unwrap()
            .iter()
            .map(|of| of["kind"].as_str().unwrap().to_owned());
        kinds.filter(|kind| kind.starts_with("close-wait")).collect()
    };
    assert_eq!(kinds(&listing(1, "")), ["close-wait-likely-not-accepted"]);
    let told = told(&listing(1, ""));
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("they may never have been accepted (close-wait-not-accepted)"),
        "{words}"
    );
    assert!(words.contains("The kernel drops new SYNs without an answer"), "{words}");
    assert!(!words.contains("they see an RST"), "{words}");
    // The program has read the FIN; it is shown to have them; more of them than wait.
    assert_eq!(kinds(&listing(0, "")), ["close-wait"]);
    assert_eq!(kinds(&listing(1, " users:((\"app\",pid=7,fd=8))")), ["close-wait"]);
    assert_eq!(
        kinds(&listing(1, "").replace("129    128", "9      128")),
        ["close-wait"]
    );
}

/// A figure since boot says nothing of now.
#[test]
fn counters_say_since_when_they_count() {
    let once = "#kernel\nTcpExtListenOverflows           2238               0.0\nTcpExtListenDrops               2238               0.0\n";
    let words = |text: &str| told(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let first = words(once);
    assert!(
        first.starts_with("counters of the kernel, counted since boot (by nstat without -a: since it was last called)"),
        "{first}"
    );
    assert!(
        first.contains("Two listings in one text, some seconds apart, show what moves now"),
        "{first}"
    );
    let twice = words(&format!("{once}{}", once.replace("2238", "2240")));
    assert!(
        twice.contains("(+2 since its first reading)") && !twice.contains("Two listings"),
        "{twice}"
    );
}
