//! `finwait explain` through the real binary: what it answers, from words and from a log, and when it does not know.

mod support;

use serde_json::Value;
use std::process::{Command, Output, Stdio};
use support::{finwait, output, output_of, text};

fn explain(words: &[&str]) -> Output {
    output(finwait().arg("explain").args(words))
}

#[track_caller]
fn answered(words: &[&str]) -> String {
    let output = explain(words);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The whole answer, for three messages of three languages.
#[test]
fn answers() {
    for (name, message) in [
        (
            "go-write-broken-pipe",
            "write tcp 10.0.0.1:41822->10.0.0.2:80: write: broken pipe",
        ),
        (
            "java-connect-timed-out",
            "java.net.SocketTimeoutException: connect timed out",
        ),
        ("errno-104", "104"),
        ("no-rule", "No space left on device"),
    ] {
        insta::assert_snapshot!(name, answered(&[message]));
    }
}

/// A state by any of its names, for people and as JSON: each of its situations, with the scenario that shows it.
#[test]
fn a_states_name_alone_is_answered_with_its_situations() {
    let told = answered(&["CLOSE_WAIT"]);
    for part in [
        "CLOSE_WAIT: a state of TCP; 2 situations",
        "The peer has closed its direction: its FIN came. This end has not.",
        "  try:        finwait run half-close",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/explain.md")).unwrap();
    let (_, rest) = page.split_once("finwait explain CLOSE_WAIT\n").unwrap();
    let (_, rest) = rest.split_once("```text\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    // The page has the beginning, and says that there is more.
    let example = example.strip_suffix("...\n").unwrap();
    assert!(told.contains(example), "the page's example is not what is said: {told}");
    for (name, state, situations) in [
        ("FIN-WAIT-2", "FIN_WAIT2", ["fin-wait2", "fin-wait2-orphan"].as_slice()),
        ("fin_wait2", "FIN_WAIT2", &["fin-wait2", "fin-wait2-orphan"]),
        ("ESTAB", "ESTABLISHED", &["established", "established-not-accepted"]),
        ("SYN_RCVD", "SYN_RECV", &["syn-recv-request", "syn-recv-crossed"]),
        ("TIME_WAIT", "TIME_WAIT", &["time-wait", "time-wait-held"]),
    ] {
        let output = explain(&["--json", name]);
        assert_eq!(output.status.code(), Some(0), "{name}");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["schema"], 1);
        let answer = &told["states"][0];
        assert_eq!(answer["state"], state, "{name}");
        let meanings = answer["meanings"].as_array().unwrap();
        let ids: Vec<_> = meanings.iter().map(|meaning| meaning["id"].as_str().unwrap()).collect();
        assert_eq!(ids, situations, "{name}");
    }
}

/// In a message a state stands beside what is asked for, in words without a message it is what is asked for; a word that is no state stays
/// unknown.
#[test]
fn a_state_in_a_message_does_not_disturb_its_answer() {
    let alone = answered(&["write: broken pipe"]);
    let beside = answered(&["write: broken pipe in CLOSE_WAIT"]);
    assert_eq!(beside.lines().next(), alone.lines().next());
    assert!(beside.starts_with("EPIPE (32)"), "{beside}");
    assert!(answered(&["socket is in CLOSE_WAIT"]).starts_with("CLOSE_WAIT: a state of TCP"));
    for unknown in [
        "FIN_WAIT3",
        "CLOSE_WAITING",
        "socket is in closed state",
        "FIN_WAIT1 or FIN_WAIT2",
    ] {
        assert_eq!(explain(&[unknown]).status.code(), Some(1), "{unknown}");
    }
}

/// The example of the page is what the program says, but for what it leaves out.
#[test]
fn the_pages_example_is_true() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/explain.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once("finwait explain \"").unwrap();
    let (message, rest) = rest.split_once("\"\n").unwrap();
    let (_, rest) = rest.split_once("```text\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let answer = answered(&[message]);
    let parts: Vec<&str> = example.split("...\n").filter(|part| !part.is_empty()).collect();
    assert!(parts.len() > 1);
    for part in parts {
        assert!(answer.contains(part), "the program does not say:\n{part}");
    }
}

/// What nginx logs, a thousand times: one answer for each thing that it says, with the first line's number.
#[test]
fn a_log_is_answered_once_for_each_thing_that_it_says() {
    let mut log = b"\xff\xfe not UTF-8, and nothing known\n".to_vec();
    for _ in 0..1000 {
        log.extend(b"*1 recv() failed (104: Connection reset by peer) while reading response header from upstream\n");
        log.extend(b"*1 upstream timed out (110: Connection timed out) while connecting to upstream\n");
    }
    // A line without an end, longer than anything that is kept.
    log.extend(vec![b'x'; 4 << 20]);
    let output = output_of(finwait().args(["explain", "--json"]), &log);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers["schema"], 1);
    let told: Vec<_> = answers["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| {
            let of = |key: &str| answer[key].clone();
            (of("name"), of("call"), of("dialects"), of("lines"), of("first"))
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "ECONNRESET".into(),
                "read".into(),
                serde_json::json!(["nginx"]),
                1000.into(),
                2.into()
            ),
            (
                "deadline exceeded".into(),
                "connect".into(),
                serde_json::json!(["nginx"]),
                1000.into(),
                3.into()
            ),
        ]
    );
    let plain = text(&output_of(finwait().arg("explain"), &log).stdout);
    assert!(plain.contains("1000 lines, the first is line 2"), "{plain}");
    let rows: Vec<Vec<&str>> = plain.lines().map(|line| line.split_whitespace().collect()).collect();
    let row = |words: &str| rows.iter().position(|row| row.join(" ") == words);
    let reset = row("1000 2 ECONNRESET read nginx keep alive race").expect(&plain);
    assert_eq!(
        row("1000 3 deadline exceeded connect nginx dropped by a firewall"),
        Some(reset + 1),
        "{plain}"
    );
}

/// A record of a log in JSON, its stack trace in one line; among others, and alone.
#[test]
fn a_long_line_is_read_to_its_end() {
    let frames = "\\n    at Socket.emit (node:events:518:28)".repeat(500);
    let record =
        |error: &str| format!("{{\"level\":50,\"stack\":\"Error: no answer{frames}\\nError: {error}{frames}\"}}\n");
    let log = record("read ECONNRESET") + &record("write EPIPE") + &record("write EPIPE");
    let output = output_of(finwait().args(["explain", "--json"]), log.as_bytes());
    assert_eq!(names_in(&output), ["EPIPE", "ECONNRESET"]);
    let output = output_of(
        finwait().args(["explain", "--json"]),
        record("read ECONNRESET").as_bytes(),
    );
    assert_eq!(names_in(&output), ["ECONNRESET"]);
}

/// How far a long log has been read is told on a terminal, and the line is gone in the end; nothing is told elsewhere.
#[test]
fn progress_is_told_on_a_terminal() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let terminal = std::fs::File::options()
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_finwait"))
        .arg("explain")
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(terminal)
        .spawn()
        .unwrap();
    let mut log = child.stdin.take().unwrap();
    // It writes until it is told to stop, nobody reads, or that has taken too long.
    let deadline = std::time::Instant::now() + support::BOUND;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = std::sync::Arc::clone(&stop);
    let writer = std::thread::spawn(move || {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed)
            && std::time::Instant::now() < deadline
            && std::io::Write::write_all(&mut log, b"write: broken pipe\n").is_ok()
        {}
    });
    let mut seen = String::new();
    let mut master = std::fs::File::from(master);
    let mut read = |seen: &mut String| {
        let mut bytes = [0; 1024];
        let n = std::io::Read::read(&mut master, &mut bytes).unwrap_or(0);
        seen.push_str(std::str::from_utf8(&bytes[..n]).unwrap());
        n > 0
    };
    while !seen.contains(" lines") {
        assert!(read(&mut seen), "{seen:?}");
    }
    assert!(seen.starts_with("finwait: read "), "{seen:?}");
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.join().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(text(&output.stdout).contains("EPIPE"));
    // The program's side is closed: what it wrote last is still here.
    while read(&mut seen) {}
    // One line up, and cleared from there.
    assert!(seen.ends_with("\x1b[1A\r\x1b[J"), "{seen:?}");

    let plain = output_of(
        finwait().arg("explain"),
        "write: broken pipe\n".repeat(100_000).as_bytes(),
    );
    assert!(plain.stderr.is_empty());
}

/// What is answered, as JSON, in its order.
fn names_in(output: &Output) -> Vec<String> {
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let answers = told["answers"].as_array().unwrap();
    let name = |answer: &Value| answer["name"].as_str().unwrap().to_owned();
    answers.iter().map(name).collect()
}

/// What most lines say is answered first, for people and as JSON.
#[test]
fn the_most_frequent_comes_first() {
    let log = b"write: Broken pipe\nread: Connection reset by peer\nread: Connection reset by peer\n";
    let told = output_of(finwait().args(["explain", "--json"]), log);
    assert_eq!(names_in(&told), ["ECONNRESET", "EPIPE"]);
    let plain = text(&output_of(finwait().arg("explain"), log).stdout);
    let at = |words: &str| plain.find(words).expect(words);
    assert!(
        at("2 different messages in 3 of 3 lines") < at("ECONNRESET (104)"),
        "{plain}"
    );
    assert!(at("ECONNRESET (104)") < at("EPIPE (32)"), "{plain}");
}

/// What `--json` says of a cause is what the table has.
#[test]
fn json_has_the_rules() {
    let output = explain(&["--json", "EPIPE"]);
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    let answer = &answers["answers"][0];
    assert_eq!(answer["number"], 32);
    let causes = answer["causes"].as_array().unwrap();
    let fin_sent = causes.iter().find(|cause| cause["id"] == "fin-sent").unwrap();
    assert_eq!(fin_sent["calls"], serde_json::json!(["write"]));
    assert_eq!(fin_sent["gives"], serde_json::json!({"errno": 32}));
    assert_eq!(fin_sent["set_by"], serde_json::json!([{"own-call": ["shutdown"]}]));
    assert_eq!(
        fin_sent["decided_by"][0],
        serde_json::json!({"kernel": "tcp_sendmsg_locked"})
    );
    assert_eq!(fin_sent["proof"], "half-close");
    // The proofs first, then where else it occurs.
    let proves: Vec<bool> = answer["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scenario| scenario["proves"].as_bool().unwrap())
        .collect();
    assert!(proves[0] && proves.is_sorted_by(|a, b| a >= b), "{proves:?}");
}

/// What Node.js prints below an error belongs to it; what is of UDP gets nothing of TCP's.
#[test]
fn what_belongs_together_and_what_does_not() {
    let stack =
        b"Error: socket hang up\n    at connResetException (node:internal/errors:720:14) {\n  code: 'ECONNRESET'\n}\n";
    let output = output_of(finwait().args(["explain", "--json"]), stack);
    assert_eq!(names_in(&output), ["EOF"]);
    let udp = answered(&["write udp 10.0.0.1:5->10.0.0.2:53: write: connection refused"]);
    assert!(udp.contains("This is UDP") && udp.contains("ICMP"), "{udp}");
    let unix = answered(&["connect() to unix:/run/php-fpm.sock failed (11: Resource temporarily unavailable)"]);
    assert!(
        unix.contains("This is a Unix socket") && unix.contains("queue is full"),
        "{unix}"
    );
    let pipe = answered(&["sort: write failed: 'standard output': Broken pipe"]);
    assert!(
        pipe.contains("This is a pipe") && pipe.contains("Nobody reads"),
        "{pipe}"
    );
    let file = answered(&["ls: cannot access '/mnt/sshfs': Transport endpoint is not connected"]);
    assert!(file.contains("This is a file") && file.contains("FUSE"), "{file}");
    for answer in [&udp, &unix, &pipe, &file] {
        for of_tcp in ["answered the SYN", "why", "in other languages"] {
            assert!(!answer.contains(of_tcp), "{answer}");
        }
    }
    // What SIGPIPE does is shown on a socket; of the others the lab shows nothing.
    for answer in [udp, unix, file] {
        assert!(!answer.contains("finwait run"), "{answer}");
    }
}

/// A log has lines that are about no socket: they are counted by what they are about, beside the answers.
#[test]
fn what_is_about_no_socket_is_said_and_counted() {
    let log = b"dial tcp: lookup db on 10.0.0.10:53: no such host\n\
        write: broken pipe\n\
        getaddrinfo ENOTFOUND db.test\n\
        x509: certificate signed by unknown authority\n\
        systemd[1]: Started Daily Cleanup.\n";
    let told = text(&output_of(finwait().arg("explain"), log).stdout);
    assert!(told.starts_with("EPIPE"), "{told}");
    for part in [
        "Not a socket: 2 lines (the first is line 1) are about resolving a name: no connection was tried.",
        "Not a socket: line 4 is about TLS",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let output = output_of(finwait().args(["explain", "--json"]), log);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let kinds = told["something_else"].as_array().unwrap();
    let kinds: Vec<_> = kinds
        .iter()
        .map(|of| (of["kind"].as_str().unwrap(), of["lines"].as_u64().unwrap()))
        .collect();
    assert_eq!(kinds, [("name", 2), ("tls", 1)]);
    // Alone it is no answer, in JSON neither; but what it is about is said.
    let output = explain(&["--json", "reset reason: overflow"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(told["something_else"][0]["kind"], "limit");
    assert_eq!(told.get("answers"), None);
}

/// What a library says by itself is not taken for the kernel's word, nor for a close of the program's.
#[test]
fn what_a_library_says_by_itself() {
    for (message, name, words) in [
        (
            "Error: This socket has been ended by the other party",
            "ended by the peer",
            "The peer's FIN came",
        ),
        (
            "Error [ERR_STREAM_WRITE_AFTER_END]: write after end",
            "ended by ourselves",
            "This end has sent FIN",
        ),
        (
            "Error [ERR_STREAM_DESTROYED]: Cannot call write after a stream was destroyed",
            "destroyed",
            "its error was already reported",
        ),
        (
            "Error [ERR_SOCKET_CLOSED]: Socket is closed",
            "not connected",
            "none was ever made",
        ),
    ] {
        let answer = answered(&[message]);
        let flat = answer.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(answer.starts_with(&format!("{name}\n")), "{answer}");
        assert!(flat.contains(words), "{words}: {answer}");
        assert!(answer.contains("why the kernel would refuse it"), "{answer}");
        assert!(!answer.contains("closed by ourselves"), "{answer}");
    }
}

/// Several words are one text; a number below zero is no option.
#[test]
fn words_and_numbers() {
    assert_eq!(answered(&["Broken", "pipe"]), answered(&["Broken pipe"]));
    for number in ["104", "-104", "errno=104", "ECONNRESET", "econnreset"] {
        assert!(
            answered(&[number]).starts_with("ECONNRESET (104): Connection reset by peer\n"),
            "{number}"
        );
    }
    // The call that the text tells decides which causes are told.
    let read = answered(&["read: connection reset by peer"]);
    assert!(
        read.contains("why read returns it") && !read.contains("when:       connect"),
        "{read}"
    );
}

#[test]
fn what_is_not_known_is_said_to_be() {
    for (words, stdin, said) in [
        (&["EPIPEE"][..], &b""[..], "the nearest it knows is \"EPIPE\""),
        (&["write: brken pipe"], b"", "the nearest it knows is \"broken pipe\""),
        (&["wholly unlike anything"], b"", "try an errno's name, number or text"),
        // What it is about instead.
        (
            &["dial tcp: lookup db on 10.0.0.10:53: no such host"],
            b"",
            "it is about resolving a name: no connection was tried",
        ),
        (
            &["curl: (92) HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)"],
            b"",
            "it is about one stream of HTTP/2",
        ),
        (&["\u{1b}[2J"], b"", "\\u{1b}[2J"),
        (&[""], b"", "the text is empty"),
        (&[], b"", "the text is empty"),
        (&[], b"\n \n", "the text is empty"),
        (
            &[],
            b"one\ntwo\n",
            "none of the 2 lines has a wording that finwait knows",
        ),
        // Numbers alone are no errnos in a log.
        (&[], b"1\n2\n", "none of the 2 lines has a wording that finwait knows"),
    ] {
        let output = output_of(finwait().arg("explain").args(words), stdin);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(output.stdout.is_empty());
        assert!(stderr.contains(said), "{words:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr:?}");
        assert!(!stderr.contains('\u{1b}'));
    }
}

/// A reader that has seen enough is no failure.
#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_finwait"))
        .args(["explain", "EPIPE"])
        .stdin(Stdio::null())
        .stdout(Stdio::from(closed_pipe()))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = support::exit(&mut child);
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

/// The writing end of a pipe that nobody reads.
fn closed_pipe() -> std::os::fd::OwnedFd {
    let (_, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    write
}

/// A name that a column has cut off is each state that it can be.
#[test]
fn a_states_name_that_was_cut_off_is_answered() {
    for (name, states) in [
        ("CLOSE_W", &["CLOSE_WAIT"][..]),
        ("FIN-WAI", &["FIN_WAIT1", "FIN_WAIT2"]),
        ("ESTABLISHE", &["ESTABLISHED"]),
    ] {
        let told = answered(&[name]);
        for state in states {
            assert!(told.contains(&format!("{state}: a state of TCP")), "{name}: {told}");
        }
        assert_eq!(told.matches(": a state of TCP").count(), states.len(), "{told}");
    }
}

#[test]
fn control_bits_alone_are_told_with_what_is_missing() {
    for (words, bits) in [(&["Flags [S]"][..], "SYN"), (&["Flags", "[R.],"], "RST,ACK")] {
        let output = explain(words);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(&format!("is a segment with {bits}, in tcpdump's letters")),
            "{said}"
        );
        assert!(said.contains("give the whole line"), "{said}");
    }
}

/// What is pasted may be a line of tcpdump's: a capture of one packet.
#[test]
fn a_line_of_tcpdump_is_a_capture() {
    let line = "12:30:01.5 IP 192.0.2.7.443 > 192.0.2.9.51000: Flags [R.], seq 1, ack 9, win 0, length 0";
    let told = text(&explain(&[line]).stdout);
    assert!(told.contains("RST"), "{told}");
    let apart: Vec<&str> = line.split(' ').collect();
    assert_eq!(text(&explain(&apart).stdout), told);
}

/// The same mistake has the same exit status as elsewhere: 2 for a file that is not there, 1 for a text of which nothing is known.
#[test]
fn a_file_that_is_not_there_is_a_mistake_of_the_command_line() {
    for words in [&["none.pcap"][..], &["/none/at/all"], &["--connection", "1", "EPIPE"]] {
        assert_eq!(explain(words).status.code(), Some(2), "{words:?}");
    }
    assert_eq!(explain(&["nothing that is known"]).status.code(), Some(1));
}

/// A program that SIGPIPE ended wrote to a pipe, as far as a shell says: the answer begins with that.
#[test]
fn a_shells_status_of_sigpipe_is_about_a_pipe() {
    for text in [
        "exit status 141",
        "SIGPIPE",
        "signal 13",
        "PIPESTATUS: 141 0",
        "make: *** [Makefile:4: list] Error 141",
    ] {
        let told = answered(&[text]);
        let flat = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("Nobody reads the pipe any more"), "{text}: {told}");
        assert!(!flat.contains("this socket"), "{text}: {told}");
        assert!(told.contains("finwait run sigpipe-kills"), "{text}: {told}");
    }
}

/// The likeliest causes are told in full, the others in a line each, and with `--all` all of them.
#[test]
fn a_bare_errno_is_told_in_short_and_in_full_where_that_is_asked_for() {
    let short = answered(&["ECONNRESET"]);
    let full = answered(&["--all", "ECONNRESET"]);
    let causes = |told: &str| told.matches("     fix:       ").count();
    let rules = |told: &str| told.matches("    set by:     ").count();
    assert_eq!((causes(&short), rules(&short)), (3, 1), "{short}");
    assert!(causes(&full) > 5 && rules(&full) > 3, "{full}");
    assert!(
        short.contains("--all tells the other") && !full.contains("--all tells"),
        "{short}"
    );
    assert!(short.lines().count() < 110, "{} lines", short.lines().count());
    assert!(!short.contains("mend:"), "{short}");
}

/// A firewall's line says who sent the packet to whom, a call's line which port it was about.
#[test]
fn fields_and_ports_are_read_as_addresses() {
    let fields = answered(&["connect failed errno=111 src=10.3.0.1 sport=40444 dst=10.3.0.2 dport=8080"]);
    assert!(fields.contains("10.3.0.1:40444 -> 10.3.0.2:8080"), "{fields}");
    let bound = answered(&["bind: Permission denied (port 8443)"]);
    assert!(
        bound.contains("port 8443") && !bound.contains("needs a privilege"),
        "{bound}"
    );
    let logged = answered(&[
        "[UFW BLOCK] IN=eth0 OUT= MAC=00 SRC=203.0.113.7 DST=10.0.0.1 LEN=40 PROTO=TCP SPT=4444 DPT=22 SYN",
    ]);
    assert!(logged.contains("203.0.113.7 -> 10.0.0.1:22"), "{logged}");
}

#[test]
fn a_name_is_found_in_other_letters() {
    for (words, head) in [
        ("accept queue full", "accept-queue-full: a situation"),
        ("Accept_Queue_Full", "accept-queue-full: a situation"),
        ("tcpext listen-overflows", "ListenOverflows: a counter"),
        ("listen overflows", "ListenOverflows: a counter"),
        ("close wait not accepted", "close-wait-not-accepted: a finding"),
        ("close-wait-not-accepted", "close-wait-not-accepted: a finding"),
    ] {
        let told = answered(&[words]);
        assert!(told.lines().next().unwrap().contains(head), "{words}: {told}");
    }
    // What is a message stays one.
    assert!(answered(&["connection refused"]).contains("ECONNREFUSED"));
}

#[test]
fn a_program_is_binary_and_no_log() {
    let output = explain(&["/bin/sh"]);
    assert_eq!(output.status.code(), Some(1));
    let why = text(&output.stderr);
    assert!(
        why.contains("/bin/sh is binary, and neither a capture (pcap, pcapng) nor text"),
        "{why}"
    );
    let zeros = output_of(finwait().arg("explain"), b"\0\x01\x02\n\x03\0\n");
    let why = text(&zeros.stderr);
    assert!(why.contains("standard input is binary"), "{why}");
}
