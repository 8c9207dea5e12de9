use super::*;
use crate::kernel_log::KERNEL_MESSAGES;
use finwait_model::socket_table::TimerKind;
use finwait_model::state::State;
use proptest::prelude::*;

fn read(text: &str) -> (SocketTable, ReadCounters, crate::kernel_log::KernelTally) {
    let mut scanner = ListingScanner::default();
    for line in text.lines() {
        scanner.line(line.as_bytes());
    }
    scanner.end()
}

fn only(text: &str) -> ListedSocket {
    let (table, ..) = read(text);
    let [one] = table.few() else {
        panic!("{text}: {table:?}")
    };
    one.socket.clone()
}

/// The samples of the field: `tests/field/rows/tables.tsv`, whose lines' ends are written `\n`, and tabs `\t`.
#[test]
fn samples_of_the_field() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/field/rows/tables.tsv");
    let samples = std::fs::read_to_string(path).unwrap();
    let mut wrong = Vec::new();
    let mut all = 0;
    for (number, line) in samples.lines().enumerate().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [input, what, _call, _carrier, system, _language, cause, scenario, other] = columns[..] else {
            panic!("line {}: {line}", number + 1);
        };
        all += 1;
        let input = input.replace("\\n", "\n").replace("\\t", "\t");
        let said = answered(&input);
        // Deep in a log only a first look decides whether a line is read: a command and a lone row of UNCONN are not seen there.
        let is_seen = !input.starts_with('$') && !input.starts_with("UNCONN");
        if is_seen && answered(&format!("{}{input}", "10:00:00 INFO all is well\n".repeat(100))) != said {
            wrong.push(format!("line {}: it is passed over in a log: {input}", number + 1));
        }
        let wanted = [
            ("what", what),
            ("system", system),
            ("cause", cause),
            ("scenario", scenario),
        ];
        let facts = other.split("  ").flat_map(|other| split_facts(other));
        for (key, value) in wanted.into_iter().chain(facts) {
            let is = said
                .iter()
                .find(|(name, _)| *name == key)
                .map_or("-", |(_, value)| value.as_str());
            if !value.is_empty() && is != value {
                wrong.push(format!("line {}: {key} is {is:?}, not {value:?}: {input}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {all}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(all >= 60);
}

/// `owner=sshd: /usr/sbin/702 timer=keepalive`: a value ends before the next key.
fn split_facts(text: &str) -> Vec<(&str, &str)> {
    const KEYS: [&str; 7] = [
        "owner=",
        "receive=",
        "send=",
        "timer=",
        "local=",
        "about=",
        "retransmitted=",
    ];
    let mut places: Vec<usize> = KEYS.iter().filter_map(|key| text.find(key)).collect();
    places.sort_unstable();
    let ends = places.iter().skip(1).copied().chain([text.len()]);
    let parts = places.iter().zip(ends).map(|(from, to)| text[*from..to].trim());
    parts.filter_map(|part| part.split_once('=')).collect()
}

fn answered(text: &str) -> Vec<(&'static str, String)> {
    let (table, counters, kernel) = read(text);
    let mut said = Vec::new();
    if let Some((message, tallied)) = kernel.most_first().first() {
        said.push(("what", "kernel".to_owned()));
        said.push(("cause", message.id.to_string()));
        said.extend(message.scenario.map(|name| ("scenario", name.to_owned())));
        said.extend(tallied.about.first().map(|about| ("about", about.clone())));
    } else if let Some(worst) = counters.worst_first().first() {
        said.push(("what", "counter".to_owned()));
        said.push(("cause", worst.counter.name.to_owned()));
    } else if let [one] = table.few() {
        let socket = &one.socket;
        let finding = table.findings().first().map(|finding| finding.kind);
        said.push(("what", socket.state.to_string()));
        let system = match socket.form {
            ListForm::Bsd => "bsd",
            ListForm::Windows => "windows",
            _ => "linux",
        };
        said.push(("system", system.to_owned()));
        said.extend(finding.map(|id| ("cause", id.to_string())));
        let scenario = finding.map_or_else(|| meanings(socket, false)[0].scenario, FindingId::scenario);
        said.push(("scenario", scenario.to_owned()));
        if let Some(program) = socket.owner.program() {
            let pid = program.pid;
            let owner = program
                .name
                .as_ref()
                .map_or(pid.to_string(), |name| format!("{name}/{pid}"));
            said.push(("owner", owner));
        }
        said.extend(socket.receive_queue.map(|queue| ("receive", queue.to_string())));
        said.extend(socket.send_queue.map(|queue| ("send", queue.to_string())));
        said.push(("local", socket.local.to_string()));
        said.extend(socket.timer.map(|timer| {
            let name = match timer.kind {
                TimerKind::Retransmit => "retransmit",
                TimerKind::Keepalive => "keepalive",
                TimerKind::TimeWait => "time-wait",
                TimerKind::ZeroWindowProbe => "zero-window-probe",
            };
            ("timer", name.to_owned())
        }));
        said.extend(
            socket
                .info
                .map(|info| ("retransmitted", info.retransmitted.to_string())),
        );
    }
    said
}

/// Of a whole table: who leaks, which queue is full, whose it is; the most urgent first.
#[test]
fn a_table_is_answered_with_who_leaks_and_which_queue_is_full() {
    let mut text = "State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n".to_owned();
    text += "LISTEN 129 128 0.0.0.0:8080 0.0.0.0:* users:((\"app\",pid=1464,fd=4))\n";
    for port in 0..40 {
        text += &format!(
            "CLOSE-WAIT 1 0 10.0.0.1:8080 10.0.0.{}:{} users:((\"app\",pid=1464,fd={}))\n",
            port % 3 + 2,
            40000 + port,
            port + 7
        );
        text += &format!("ESTAB 0 0 10.0.0.1:22 10.0.0.9:{}\n", 50000 + port);
    }
    for port in 0..1200 {
        text += &format!("TIME-WAIT 0 0 10.0.0.1:{} 10.0.0.5:5432\n", 33000 + port);
    }
    let (table, ..) = read(&text);
    let findings = table.findings();
    let seen: Vec<_> = findings
        .iter()
        .map(|finding| (finding.kind, finding.urgency, finding.rows))
        .collect();
    assert_eq!(
        seen,
        [
            (FindingId::AcceptQueueFull, Urgency::Failing, 1),
            (FindingId::CloseWait, Urgency::Failing, 40),
            (FindingId::TimeWaitToPeer, Urgency::Suspect, 1200),
        ]
    );
    let leak = &findings[1];
    assert_eq!(
        leak.owner.as_ref().map(ToString::to_string).as_deref(),
        Some("app (pid 1464)")
    );
    assert_eq!(
        leak.local.as_ref().map(ToString::to_string).as_deref(),
        Some("10.0.0.1:8080")
    );
    // They come from several hosts.
    assert_eq!((leak.peer.as_ref(), leak.first, leak.examples.len()), (None, 3, 3));
    let ports = &findings[2];
    assert_eq!(
        ports.peer.as_ref().map(ToString::to_string).as_deref(),
        Some("10.0.0.5:5432")
    );
    assert_eq!(table.rows(), 1281);
    assert!(table.few().is_empty());
    assert_eq!(table.states().most_first()[0], (State::TimeWait, 1200));
}

/// A million rows, each with a peer and a process of its own, leave no more behind than a few thousand do.
#[test]
fn a_table_is_kept_in_bounded_memory() {
    let mut table = SocketTable::default();
    let row = only("SYN-SENT 0 1 10.0.0.1:40000 10.0.0.2:80 users:((\"app\",pid=1464,fd=4))");
    for line in 0..100_000u32 {
        let mut row = row.clone();
        row.peer = Some(ListedAddress::numeric(std::net::Ipv4Addr::from(line).into(), 80));
        table.add(u64::from(line), row);
    }
    assert!(table.groups_kept() <= 4096 + FindingId::ALL.len());
    let findings = table.findings();
    assert_eq!(findings[0].rows, 100_000 - 4096);
    assert_eq!((findings[0].peer.as_ref(), findings[0].owner.as_ref()), (None, None));
    assert_eq!(findings.len(), 100);
}

#[test]
fn counts_of_states_are_added_up() {
    let (table, ..) = read("    312 CLOSE_WAIT\n     40 ESTABLISHED\n      1 established)\n      1 Foreign\n");
    assert_eq!(
        table.counted().most_first(),
        [(State::CloseWait, 312), (State::Established, 40)]
    );
    assert_eq!((table.counted().of(State::CloseWait), table.rows()), (312, 0));
    let (table, ..) = read("CLOSE_WAIT: 5\nTIME-WAIT 7\n");
    assert_eq!(
        table.counted().most_first(),
        [(State::TimeWait, 7), (State::CloseWait, 5)]
    );
}

/// `ss -s`, and `/proc/net/sockstat`.
#[test]
fn summaries_count_states() {
    let (table, ..) = read("Total: 400\nTCP:   312 (estab 5, closed 300, orphaned 2, timewait 290)\n");
    assert_eq!(
        table.counted().most_first(),
        [(State::TimeWait, 290), (State::Established, 5)]
    );
    let (table, ..) = read("sockets: used 90\nTCP: inuse 27 orphan 1 tw 9 alloc 30 mem 3\nUDP: inuse 1 mem 0\n");
    assert_eq!(table.counted().most_first(), [(State::TimeWait, 9)]);
    assert!(read("TCP: lost 3 estab 4\n").0.is_empty());
}

/// macOS' netstat -anv has the process in a column that only the header names.
#[test]
fn the_process_of_a_row_of_macos_is_where_its_header_says() {
    let header = "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)     rhiwat shiwat    pid   epid  state    options\n";
    let row = "tcp4       0      0  192.168.1.2.50000      192.168.1.3.443        CLOSE_WAIT  131072 131376   1464      0  00102    00000000\n";
    let socket = only(&format!(
        "Active Internet connections (including servers)\n{header}{row}"
    ));
    assert_eq!(socket.owner.program().map(|program| program.pid), Some(1464));
    assert_eq!(only(row).owner, Owner::NotShown);
}

/// With few rows each is told by itself: it may wait in the queue that another one shows.
#[test]
fn a_row_behind_an_accept_queue_may_not_be_accepted() {
    use crate::meaning::MeaningId;
    let of_last = |queued: u32, unread: u32, users: &str| {
        let (table, ..) = read(&format!(
            "LISTEN {queued} 128 0.0.0.0:8080 0.0.0.0:*\nCLOSE-WAIT {unread} 0 10.0.0.2:8080 10.0.0.9:41000 {users}\n"
        ));
        let last = &table.few()[1].socket;
        let ids = meanings(last, table.may_be_queued(last))
            .into_iter()
            .map(|meaning| meaning.id);
        ids.collect::<Vec<_>>()
    };
    let either = [MeaningId::CloseWaitNotAccepted, MeaningId::CloseWait];
    assert_eq!(of_last(129, 1, ""), either);
    // Nobody waits there; the end was read; a program holds it.
    assert_eq!(of_last(0, 1, ""), [MeaningId::CloseWait]);
    assert_eq!(of_last(129, 0, ""), [MeaningId::CloseWait]);
    assert_eq!(of_last(129, 1, "users:((\"app\",pid=7,fd=8))"), [MeaningId::CloseWait]);
}

/// Names, however long, take a bounded place.
#[test]
fn a_programs_name_is_cut_off() {
    let name = "n".repeat(3000);
    let socket = only(&format!(
        "ESTAB 0 0 10.0.0.1:80 10.0.0.2:4000 users:((\"{name}\",pid=1,fd=2))"
    ));
    assert_eq!(socket.owner.program().unwrap().name.as_ref().unwrap().len(), 64);
}

#[test]
fn a_states_name_is_found_among_few_words() {
    for (text, state) in [
        ("state CLOSE-WAIT", Some(State::CloseWait)),
        ("connections stuck in CLOSE_WAIT", Some(State::CloseWait)),
        ("many sockets in time-wait?", Some(State::TimeWait)),
        ("why FIN_WAIT_2.", Some(State::FinWait2)),
        ("netstat -an | grep -c CLOSE_WAIT", Some(State::CloseWait)),
        ("it is closed", None),
        ("sockets in CLOSED", Some(State::Close)),
        ("Ticket CLOSED: fixed", None),
        ("TCP is listed CLOSED on the form", None),
        ("TCP state CLOSED", Some(State::Close)),
        ("the socket is CLOSED", Some(State::Close)),
        ("no listening server, established in 1990", None),
        ("from FIN_WAIT1 to FIN_WAIT2", None),
        ("our gateway has many sockets in CLOSE_WAIT", Some(State::CloseWait)),
        (
            "why so many sockets in TIME_WAIT since the update?",
            Some(State::TimeWait),
        ),
        ("", None),
    ] {
        assert_eq!(state_within(text), state, "{text}");
        assert_eq!(state_told_of(text), None, "{text}");
    }
    for text in [
        "we saw many TIME_WAIT sockets last week",
        "TIME_WAIT lasts for a minute",
        "The kernel keeps it in TIME_WAIT.",
    ] {
        assert_eq!(
            (state_within(text), state_told_of(text)),
            (None, Some(State::TimeWait)),
            "{text}"
        );
    }
}

/// Two listings one after the other say how far each counter moved.
#[test]
fn counters_are_ranked_by_what_they_tell() {
    let (_, counters, _) = read(
        "#kernel\nTcpInSegs 500 0.0\nTcpRetransSegs 9 0.0\nTcpExtTCPTimeouts 3 0.0\nTcpExtListenDrops 2 0.0\nTcpExtTCPAbortOnData 1 0.0\nTcpExtTW 7 0.0\nTcpExtTCPSYNChallenge 0 0.0\nTcpExtTCPFullUndo 8 0.0\nTcpExtTCPMD5Failure 4 0.0\nTcpExtListenOverflows 0 0.0\n",
    );
    let names: Vec<_> = counters
        .worst_first()
        .iter()
        .map(|value| value.counter.shown())
        .collect();
    assert_eq!(
        names,
        [
            "ListenDrops",
            "TCPAbortOnData",
            "TCPTimeouts",
            "TcpRetransSegs",
            "TCPFullUndo"
        ]
    );
    assert_eq!((counters.read(), counters.value("TcpInSegs")), (10, Some(500)));
    assert_eq!(counters.unknown(), [("TcpExtTCPMD5Failure".into(), 4)]);
    let (_, counters, _) = read("TcpExtListenDrops 2 0.0\nTcpExtListenDrops 14 0.0\n");
    assert_eq!(counters.worst_first()[0].moved, Some(12));
}

#[test]
fn counters_are_read_from_json() {
    let (_, counters, _) =
        read("{\"kernel\":{\"TcpExtListenOverflows\":12,\"TcpRetransSegs\":3,\"TcpExtPAWSEstab\":0}}\n");
    assert_eq!(counters.value("TcpExtListenOverflows"), Some(12));
    assert_eq!(counters.value("TcpRetransSegs"), Some(3));
    assert_eq!(counters.read(), 3);
    assert!(read("{\"kernel\":{\"version\":6}}\n").1.is_empty());
}

#[test]
fn a_windows_that_speaks_german_is_read_and_process_0_is_none() {
    let (table, ..) = read(
        "\
  Proto  Lokale Adresse         Remoteadresse          Status           PID
  TCP    0.0.0.0:135            0.0.0.0:0              ABH\u{fffd}REN         1016
  TCP    192.168.1.5:50001      192.0.2.3:443          HERGESTELLT     4242
  TCP    192.168.1.5:50002      192.0.2.3:443          SCHLIESSEN_WARTEN     4242
  TCP    192.168.1.5:50003      192.0.2.3:443          WARTEND         0
",
    );
    assert_eq!(table.rows(), 4);
    let waits = only("  TCP    192.168.1.5:50003      192.0.2.3:443          WARTEND         0\n");
    assert_eq!((waits.state, waits.owner.program().is_some()), (State::TimeWait, false));
    assert!(read("HERGESTELLT 10.0.0.1:1 10.0.0.2:2\n").0.is_empty());
}

#[test]
fn messages_of_the_kernel_are_counted_and_say_what_they_are_about() {
    let (_, _, kernel) = read(
        "[1.0] TCP: request_sock_TCP: Possible SYN flooding on port 80. Sending cookies.\nnothing\n[2.0] net_ratelimit: 5 callbacks suppressed\n[2.1] net_ratelimit: 5 callbacks suppressed\n[3.0] TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.\n",
    );
    let all = kernel.most_first();
    assert_eq!(
        (all[0].1.lines, all[0].1.first, &all[0].1.about[..]),
        (2, 1, &["80".to_owned(), "443".to_owned()][..])
    );
    assert_eq!(all[1].1.lines, 2);
    for message in KERNEL_MESSAGES {
        for name in message.counters {
            assert!(crate::counters::counter(name).is_some(), "{}: {name}", message.id);
        }
    }
}

/// What a row is answered with names what its queues and its timer say.
#[test]
fn the_queues_and_the_timer_of_a_row_are_said() {
    let said = |text: &str| notes(&only(text)).join(" ");
    let full = said("LISTEN 129 128 *:8080 *:*");
    assert!(full.contains("129 is more than 128"), "{full}");
    let unread = said("CLOSE-WAIT 6 0 10.0.0.1:80 10.0.0.2:4000");
    assert!(
        unread.contains("5 B have come") && unread.contains("has not read the end"),
        "{unread}"
    );
    let read = said("CLOSE-WAIT 0 0 10.0.0.1:80 10.0.0.2:4000");
    assert!(read.contains("did not close"), "{read}");
    let persist = said("ESTAB 0 100 10.0.0.1:80 10.0.0.2:4000 timer:(persist,1.5sec,3)");
    assert!(
        persist.contains("the next probe is in 1.5 s") && persist.contains("probed 3 times"),
        "{persist}"
    );
    let orphan = only("FIN-WAIT-2 0 0 10.0.0.1:80 10.0.0.2:4000 timer:(timewait,41sec,0) ino:0 sk:1");
    assert_eq!(situations(&orphan), [crate::meaning::MeaningId::FinWait2Orphan]);
    let unknown = only("FIN-WAIT-2 0 0 10.0.0.1:80 10.0.0.2:4000");
    assert_eq!(situations(&unknown).len(), 2);
}

proptest! {
    /// Any bytes are read, and what is found in them is counted.
    #[test]
    fn any_bytes_are_read(text in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut scanner = ListingScanner::default();
        for line in text.split(|byte| *byte == b'\n') {
            scanner.line(line);
        }
        let (table, counters, kernel) = scanner.end();
        prop_assert!(table.findings().iter().all(|finding| finding.rows <= table.rows()));
        for one in table.few() {
            prop_assert!(!meanings(&one.socket, false).is_empty());
            notes(&one.socket);
        }
        counters.worst_first();
        kernel.most_first();
    }

    /// Words of tables in any order, with any cuts.
    #[test]
    fn any_words_of_tables_are_read(words in prop::collection::vec(prop::sample::select(WORDS), 0..30), cut in 0usize..40) {
        let text = words.concat();
        let text: String = text.chars().skip(cut).collect();
        let (table, counters, _) = read(&text);
        for one in table.few() {
            meanings(&one.socket, false);
            notes(&one.socket);
        }
        table.findings();
        counters.worst_first();
    }
}

const WORDS: &[&str] = &[
    "tcp ",
    "tcp6 ",
    "tcp4 ",
    "TCP ",
    "LISTEN ",
    "ESTAB ",
    "CLOSE_WAIT ",
    "FIN-WAIT-2 ",
    "(CLOSE_WAIT)",
    "(LISTEN QR=1 QS=0)",
    "0 ",
    "129 ",
    "-1 ",
    "10.0.0.1:80 ",
    "[::1]:80 ",
    "*:* ",
    "10.0.0.1.80 ",
    ":::* ",
    "a->b:1 ",
    "127.0.0.1:1->127.0.0.1:2 ",
    "users:((\"a\",pid=1,fd=2)) ",
    "users:((",
    "timer:(on,1sec,2) ",
    "timer:(",
    "skmem:(d1) ",
    "retrans:1/2 ",
    "\n",
    "\n\t",
    "1464/app ",
    "off (0.00/0/0) ",
    "on (1/2/3)",
    "0: ",
    "0100007F:0050 ",
    "0A ",
    "00000000:00000000 ",
    "TcpExt: ",
    "Tcp:\n",
    "TcpExtTW ",
    "A B C D E ",
    "5/0/128 ",
    "\u{e9}",
    "state ",
    "ss ",
    "Recv-Q Send-Q ",
    "(state) pid ",
    "Proto Recv-Q ",
    "ino:0 ",
    "% ",
    "SYN flooding on port ",
    "Possible ",
];

/// A damaged row may say anything: of each state, with and without an inode, there is something to say.
#[test]
fn each_state_has_a_meaning_whatever_the_inode() {
    for (number, inode) in (1..=12).flat_map(|number| [(number, 0), (number, 1150)]) {
        let row = format!(
            "   0: 00000000:07E8 00000000:0000 {number:02X} 00000000:00000000 00:00000000 00000000  0  0 {inode} 1 0 100 0 0 10 0"
        );
        assert!(!meanings(&only(&row), false).is_empty(), "{row}");
    }
}

/// The BSDs' sentences about connections that were given up are told without their heading, too.
#[test]
fn what_a_bsd_gave_up_is_counted_where_linux_counts_it() {
    for text in [
        "    44 connections dropped by keepalive\n",
        "    1 connection dropped by rexmit timeout\n",
        "    3 connections dropped by persist timeout\n",
    ] {
        let (_, counters, _) = read(text);
        assert!(counters.value("TcpExtTCPAbortOnTimeout").is_some(), "{text}");
        assert!(counters.is_of_bsd(), "{text}");
    }
}
