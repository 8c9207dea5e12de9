//! Exports through the real binary, each read by a reader that is not ours: tshark, an XML parser, a Markdown parser, a terminal's parser,
//! asciinema's player in a browser.

mod support;

use finwait::lab::event::{Disposition, LabEvent, PacketRecord};
use finwait::recording::{Played, Recording};
use finwait::session::SessionInput;
use finwait::side::Side;
use finwait::wire::segment::{Flags, Packet};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::folder::Folder;
use support::{BOUND, Lab, finwait, has, output, output_of, output_within, text};

/// A run with what is dangerous in every format, a segment that is held, one that is dropped, and calls that fail.
const COMMANDS: [&str; 15] = [
    "server listen",
    "client connect",
    "server accept",
    "wire mode step",
    "client write \"<script>'`|`'</script>;#&]]>\"",
    "wire deliver",
    "wire deliver",
    "server write \"lost\"",
    "wire drop",
    "wire mode flow",
    "client shutdown write",
    "server rst-close",
    "client read",
    "client write x",
    "client close",
];

/// Runs the commands with these options.
fn run(lab: Lab, options: &[&str]) -> Output {
    let output = output(finwait().args(lab.args()).arg("do").args(COMMANDS).args(options));
    assert!(output.status.success(), "{output:?}");
    output
}

/// Runs them once with every export, in the folder.
fn exported(lab: Lab, folder: &Folder, more: &[&str]) -> Output {
    let formats = [
        ("--record", "run.jsonl"),
        ("--pcapng", "run.pcapng"),
        ("--pcap", "live.pcapng"),
        ("--svg", "run.svg"),
        ("--text", "run.txt"),
        ("--mermaid", "run.mmd"),
        ("--markdown", "run.md"),
    ];
    let options: Vec<String> = formats
        .iter()
        .map(|(option, file)| format!("{option}={}", folder.file(file)))
        .collect();
    let options: Vec<&str> = options.iter().map(String::as_str).chain(more.iter().copied()).collect();
    run(lab, &options)
}

/// The packets as a recording has them, with the time of each report.
fn records(recording: &Recording) -> Vec<(u64, PacketRecord)> {
    let mut records = Vec::new();
    let played: Result<(), ()> = recording.play(|played| {
        if let Played::Input {
            input: SessionInput::Event(event),
            ..
        } = played
            && let LabEvent::Packet(record) = &event.what
        {
            records.push((event.at.0, record.clone()));
        }
        Ok(())
    });
    played.unwrap();
    records
}

fn read(folder: &Folder, name: &str) -> Recording {
    Recording::read(folder.text(name).as_bytes()).unwrap()
}

/// What tshark says of a capture: for each packet these fields; it complains of nothing.
fn tshark(capture: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]);
    command.args([
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "occurrence=f",
        "-r",
        capture,
    ]);
    command.args(fields.iter().flat_map(|field| ["-e", field]));
    let output = output(&mut command);
    assert!(output.status.success(), "tshark is needed: {output:?}");
    let said = text(&output.stderr);
    let said: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("Running as user"))
        .collect();
    assert!(said.is_empty(), "{said:?}");
    let lines = text(&output.stdout);
    let rows = lines.lines().map(|line| line.split('\t').map(str::to_owned).collect());
    rows.collect()
}

/// The packets of which tshark says that something is wrong.
fn faults(capture: &str) -> String {
    // 0x600000 is a warning.
    let filter = "_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0 || (_ws.expert.severity >= 0x600000 && tcp.flags.reset == 0)";
    let output = output(Command::new("tshark").args([
        "-n",
        "-o",
        "tcp.check_checksum:TRUE",
        "-o",
        "ip.check_checksum:TRUE",
        "-r",
        capture,
        "-Y",
        filter,
    ]));
    assert!(output.status.success(), "{output:?}");
    text(&output.stdout)
}

const FIELDS: [&str; 11] = [
    "frame.interface_name",
    "frame.packet_flags_direction",
    "ip.src",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.flags",
    "tcp.window_size_value",
    "tcp.len",
    "frame.time_epoch",
];

/// The rows that tshark must have of these records: each packet where it left, and where it arrived.
fn expected(records: &[(u64, PacketRecord)], began: u64, wall: u64) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (at, record) in records {
        let Packet::Tcp(segment) = &record.packet else { continue };
        let mut row = |side: Side, direction: &str| {
            let ns = wall + (at - began);
            let ack = if segment.flags.has(Flags::ACK) {
                segment.ack.0
            } else {
                0
            };
            rows.push(vec![
                side.name().to_owned(),
                direction.to_owned(),
                segment.source.ip().to_string(),
                segment.source.port().to_string(),
                segment.destination.port().to_string(),
                segment.seq.0.to_string(),
                ack.to_string(),
                format!("0x{:04x}", segment.flags.0),
                segment.window.to_string(),
                segment.len.to_string(),
                format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000),
            ]);
        };
        if record.waited.is_none() && record.origin.is_of_host() {
            row(record.from, "0x00000002");
        }
        if record.disposition == Disposition::Delivered {
            row(record.from.other(), "0x00000001");
        }
    }
    rows
}

#[test]
fn tshark_reads_the_capture_and_agrees_with_the_recording() {
    let folder = Folder::new("tshark");
    exported(Lab::Isolated, &folder, &["--snaplen=0"]);
    let recording = read(&folder, "run.jsonl");
    let header = recording.headers().next().unwrap().clone();
    let records = records(&recording);
    let expected = expected(&records, header.began.0, header.wall.unwrap());
    assert!(expected.len() > 20, "{expected:?}");
    let capture = folder.file("run.pcapng");
    assert_eq!(tshark(&capture, &FIELDS), expected);
    assert_eq!(faults(&capture), "");
    // The bytes are the kernel's: each checksum is right, and IP ids and TTLs are there.
    let rows = tshark(&capture, &["tcp.checksum.status", "ip.checksum.status", "ip.ttl"]);
    assert!(rows.iter().all(|row| *row == ["1", "1", "64"]), "{rows:?}");
    let ids = tshark(&capture, &["ip.id"]);
    assert!(ids.iter().any(|id| id[0] != "0x0000"), "{ids:?}");
    // A capture that was read meanwhile has the same.
    assert_eq!(tshark(&folder.file("live.pcapng"), &FIELDS), expected);
}

#[test]
fn tcpdump_and_explain_read_the_capture_of_either_family() {
    for (name, options) in [("ipv4", &[][..]), ("ipv6", &["--ipv6"])] {
        let folder = Folder::new(name);
        exported(Lab::Isolated, &folder, options);
        let capture = folder.file("run.pcapng");
        let output = output(Command::new("tcpdump").args(["-n", "-r", &capture]));
        assert!(output.status.success(), "tcpdump is needed: {output:?}");
        let packets = tshark(&capture, &["frame.number"]).len();
        assert!(packets > 20, "{packets}");
        assert_eq!(text(&output.stdout).lines().count(), packets, "{output:?}");
        let explained = finwait().args(["explain", &capture]).output().unwrap();
        assert!(explained.status.success(), "{explained:?}");
        assert!(text(&explained.stdout).contains("RST"), "{explained:?}");
    }
}

#[test]
fn a_packet_s_comment_has_its_verdict_its_states_and_their_cause() {
    let folder = Folder::new("comments");
    exported(Lab::Isolated, &folder, &[]);
    let output = output(Command::new("tshark").args(["-n", "-T", "json", "-r", &folder.file("run.pcapng")]));
    let packets: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = packets.to_string();
    for comment in [
        "SYN seq 0   delivered",
        "client CLOSE -> SYN_SENT, caused by connect(3,",
        "server CLOSE -> SYN_RECV, caused by the SYN received",
        "held as #4",
        "the last write of its socket before it: write(3,",
        "later: dropped after",
        "client ESTABLISHED -> FIN_WAIT1, caused by shutdown(3, SHUT_WR)",
        "server ESTABLISHED -> CLOSE_WAIT, caused by the FIN,ACK received",
        "CLOSE, caused by the RST received",
    ] {
        let shown = comment.replace('"', "\\\"");
        assert!(all.contains(&shown), "{comment}: {all}");
    }
}

#[test]
fn packets_are_cut_unless_all_of_them_are_wanted_and_their_length_stays() {
    let folder = Folder::new("cut");
    let capture = folder.file("cut.pcapng");
    run(Lab::Isolated6, &["--snaplen=72", &format!("--pcapng={capture}")]);
    let rows = tshark(&capture, &["frame.len", "frame.cap_len", "ipv6.src", "tcp.len"]);
    let bytes = |text: &String| text.parse::<usize>().unwrap();
    assert!(
        rows.iter().all(|row| bytes(&row[1]) == bytes(&row[0]).min(72)),
        "{rows:?}"
    );
    let data = rows.iter().find(|row| row[3] == "28").unwrap();
    assert_eq!(data[0], "100");
}

#[test]
fn a_recording_without_bytes_is_exported_with_headers_made_again_and_says_so() {
    let folder = Folder::new("rebuilt");
    exported(Lab::Isolated, &folder, &[]);
    let old: String = folder
        .text("run.jsonl")
        .lines()
        .map(|line| {
            let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
            if let Some(packet) = line.pointer_mut("/event/what/packet") {
                packet.as_object_mut().unwrap().remove("raw").unwrap_or_default();
            }
            if let Some(header) = line.pointer_mut("/recording") {
                header.as_object_mut().unwrap().remove("wall");
            }
            format!("{line}\n")
        })
        .collect();
    assert!(!old.contains("\"raw\""));
    let again = folder.file("again.pcapng");
    let output = output_of(finwait().args(["export", "-", "--pcapng", &again]), old.as_bytes());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(faults(&again), "");
    let (here, there) = (&FIELDS[..10], folder.file("run.pcapng"));
    assert_eq!(tshark(&again, here), tshark(&there, here));
    let says_so = |file: &str| {
        let bytes = std::fs::read(file).unwrap();
        String::from_utf8_lossy(&bytes).contains("headers are made again")
    };
    assert!(says_so(&again), "the section says so");
    assert!(!says_so(&there));
}

#[test]
fn the_picture_is_xml_without_anything_from_outside_and_shows_what_is_dangerous_as_text() {
    let folder = Folder::new("svg");
    exported(Lab::Isolated, &folder, &[]);
    let svg = folder.text("run.svg");
    let document = roxmltree::Document::parse(&svg).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    let child = |name: &str| {
        root.children()
            .find(|node| node.has_tag_name((root.tag_name().namespace().unwrap(), name)))
    };
    assert_eq!(child("title").unwrap().text(), Some("A run of finwait"));
    let description = child("desc").unwrap().text().unwrap();
    assert!(
        description.contains("from the client: SYN seq 0, arrived; the server is in SYN_RECV."),
        "{description}"
    );
    assert!(
        document
            .descendants()
            .all(|node| !node.has_tag_name("script") && node.tag_name().name() != "script")
    );
    let links = document.descendants().flat_map(|node| node.attributes());
    assert!(
        links
            .into_iter()
            .all(|attribute| !attribute.name().contains("href") && !attribute.name().starts_with("on"))
    );
    assert!(!svg.replace("http://www.w3.org/2000/svg", "").contains("http"));
    let words: Vec<&str> = document
        .descendants()
        .filter(|node| node.tag_name().name() == "text")
        .filter_map(|node| node.text())
        .collect();
    let all = words.join(" ");
    for shown in [
        "<script>'`|`'</script>;#&]]>",
        "FIN_WAIT1",
        "CLOSE_WAIT",
        "read(3, ..., 1024) = ECONNRESET",
        "PSH,ACK",
    ] {
        assert!(all.contains(shown), "{shown}: {all}");
    }
}

#[test]
fn the_report_is_markdown_and_shows_what_is_dangerous_as_text() {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let folder = Folder::new("markdown");
    exported(Lab::Isolated, &folder, &[]);
    let report = folder.text("run.md");
    let parser = Parser::new_ext(&report, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let (mut cells, mut code, mut headings) = (vec![String::new()], String::new(), Vec::new());
    let (mut in_code, mut in_heading) = (false, false);
    for event in parser {
        match event {
            // The only HTML is what separates lines in a cell.
            Event::Html(html) | Event::InlineHtml(html) => assert_eq!(html.as_ref(), "<br>"),
            Event::Start(Tag::TableCell) => cells.push(String::new()),
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Heading { .. }) => in_heading = true,
            Event::End(pulldown_cmark::TagEnd::Heading(_)) => in_heading = false,
            Event::Start(Tag::Link { dest_url, .. }) => panic!("a link to {dest_url}"),
            Event::Start(Tag::Image { .. } | Tag::Emphasis | Tag::Strikethrough) | Event::Code(_) => {
                panic!("text became {event:?}")
            }
            Event::Text(text) if in_code => code.push_str(&text),
            Event::Text(text) if in_heading => headings.push(text.to_string()),
            Event::Text(text) => cells.last_mut().unwrap().push_str(&text),
            _ => {}
        }
    }
    assert_eq!(
        headings,
        [
            "A run of finwait",
            "Commands",
            "Diagram",
            "Errors explained",
            "Counters"
        ]
    );
    assert!(
        cells.contains(&"client write \"<script>'`|`'</script>;#&]]>\"".to_owned()),
        "{cells:?}"
    );
    assert!(code.contains("<script>'`|`'</script>"), "{code}");
    let all = cells.join(" ");
    for shown in ["ECONNRESET", "Set by: #", "The rule ", "decided by tcp_reset()"] {
        assert!(all.contains(shown), "{shown}: {all}");
    }
}

#[test]
fn the_diagrams_as_text_and_for_mermaid_have_every_state_and_what_became_of_each_segment() {
    let folder = Folder::new("text");
    exported(Lab::Isolated, &folder, &[]);
    let (diagram, mermaid) = (folder.text("run.txt"), folder.text("run.mmd"));
    for state in ["SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT1", "CLOSE_WAIT"] {
        assert!(diagram.contains(state), "{state}: {diagram}");
        assert!(mermaid.contains(&format!(": {state}\n")), "{state}: {mermaid}");
    }
    assert!(diagram.contains("<script>") && diagram.contains('✗'), "{diagram}");
    assert!(
        mermaid.starts_with("sequenceDiagram\n    participant C as client 10.0.0.1\n"),
        "{mermaid}"
    );
    assert!(
        mermaid.contains("C--)S: PSH,ACK") && mermaid.contains("S-xC: PSH,ACK"),
        "{mermaid}"
    );
    for line in mermaid.lines().skip(1) {
        let line = line.strip_prefix("    ").unwrap();
        let known = ["participant ", "Note over ", "Note left of C: ", "Note right of S: "];
        let is_arrow = (line.starts_with("C-") || line.starts_with("S-")) && line.contains(": ");
        assert!(is_arrow || known.iter().any(|known| line.starts_with(known)), "{line}");
        // Each # begins a character's number, and nothing else of Mermaid's is left.
        let words = line.split_once(": ").map_or("", |(_, words)| words);
        for part in words.split('#').skip(1) {
            let (number, _) = part.split_once(';').unwrap();
            assert!(number.chars().all(|c| c.is_ascii_digit()), "{line}");
        }
        assert!(!words.contains(['<', '>', '"', '`', '%', '|']), "{line}");
    }
}

/// In the column of a connection's states, another socket's would be taken for the connection's.
#[test]
fn a_state_of_another_socket_than_the_connection_s_has_that_socket_s_name() {
    let column = |diagram: &str| -> Vec<String> {
        let rows = diagram.lines().filter_map(|row| row.rsplit_once('│'));
        rows.map(|(_, state)| state.trim().to_owned())
            .filter(|state| !state.is_empty())
            .collect()
    };
    let folder = Folder::new("other");
    let (closed, replaced) = (folder.file("closed.txt"), folder.file("replaced.txt"));
    let commands = [
        "server listen",
        "client connect",
        "server accept",
        "server close",
        "server close on=listener",
    ];
    let made = output(finwait().arg("do").args(commands).args(["--text", &closed]));
    assert!(made.status.success(), "{made:?}");
    let made = output(finwait().args(["run", "new-syn-into-time-wait", "--text", &replaced]));
    assert!(made.status.success(), "{made:?}");

    let diagram = folder.text("closed.txt");
    let states = ["LISTEN", "SYN_RECV", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2"];
    assert_eq!(column(&diagram), states, "{diagram}");
    assert!(diagram.contains(" listener: CLOSE │"), "{diagram}");

    let diagram = folder.text("replaced.txt");
    let states = [
        "LISTEN",
        "SYN_RECV",
        "ESTABLISHED",
        "FIN_WAIT1",
        "FIN_WAIT2",
        "TIME_WAIT",
    ];
    assert_eq!(
        column(&diagram),
        [&states[..], &["SYN_RECV", "ESTABLISHED"]].concat(),
        "{diagram}"
    );
    assert!(diagram.contains(" server: TIME_WAIT -> CLOSE │"), "{diagram}");
}

#[test]
fn a_recording_is_exported_as_the_run_itself_was() {
    let folder = Folder::new("again");
    exported(Lab::Isolated, &folder, &[]);
    for (option, name) in [
        ("--pcapng", "run.pcapng"),
        ("--svg", "run.svg"),
        ("--text", "run.txt"),
        ("--mermaid", "run.mmd"),
        ("--markdown", "run.md"),
    ] {
        let output = output(finwait().args(["export", &folder.file("run.jsonl"), option, "-"]));
        assert!(output.status.success(), "{output:?}");
        assert!(output.stdout == std::fs::read(folder.file(name)).unwrap(), "{name}");
    }
}

#[test]
fn a_scenario_s_report_has_what_was_expected_of_each_step_also_from_its_recording() {
    let folder = Folder::new("steps");
    let (record, report) = (folder.file("a.jsonl"), folder.file("a.md"));
    let mut command = finwait();
    command.args(["run", "half-close", "--record", &record, "--markdown", &report]);
    let done = output(command.args(Lab::Isolated.args()));
    assert!(done.status.success(), "{done:?}");
    let text = folder.text("a.md");
    assert!(text.starts_with("# half-close, a scenario run by finwait\n"), "{text}");
    assert!(text.contains("| step | about | expected | observed |"), "{text}");
    assert!(
        text.contains("| state of client | FIN\\_WAIT2 | FIN\\_WAIT2 |"),
        "{text}"
    );
    let again = output(finwait().args(["export", &record, "--markdown", "-"]));
    assert_eq!(self::text(&again.stdout), text);
    let opened = output(finwait().args(["open", "--plain", &record]));
    assert!(opened.status.success() && opened.stderr.is_empty(), "{opened:?}");
}

#[test]
fn several_scenarios_are_exported_in_a_file_each() {
    let folder = Folder::new("several");
    let pictures = folder.file("pictures");
    let mut command = finwait();
    command.args(["run", "half-close", "read-eof", "--svg", &pictures]);
    let done = output(command.args(Lab::Isolated.args()));
    assert!(done.status.success(), "{done:?}");
    assert!(text(&done.stderr).contains("wrote 2 files in "), "{done:?}");
    for name in ["half-close", "read-eof"] {
        roxmltree::Document::parse(&folder.text(&format!("pictures/{name}.svg"))).unwrap();
    }
    let refused = output(finwait().args(["run", "half-close", "read-eof", "--svg", "-"]));
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("give the name of a folder, like pictures/"),
        "{refused:?}"
    );
}

#[test]
fn standard_output_has_the_export_alone() {
    let output = run(Lab::Isolated, &["--pcap", "-"]);
    assert_eq!(output.stdout[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    assert!(
        text(&output.stderr).contains("client connect"),
        "the transcript is elsewhere: {output:?}"
    );
}

/// What is wrong is said in one sentence, before anything has run.
#[test]
fn what_cannot_be_exported_is_said_in_a_sentence() {
    let folder = Folder::new("bad");
    let there = folder.file("there.svg");
    std::fs::write(&there, "mine").unwrap();
    let refused = |args: &[&str], why: &str| {
        let output = output(finwait().args(args));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        assert!(said.contains(why), "{args:?}: {said}");
    };
    let missing = folder.file("no.jsonl");
    refused(&["export", &missing], "export makes nothing unless it is told what");
    refused(&["export", &missing, "--svg", "-"], "there is no file ");
    refused(&["export", &there, "--svg", "-"], "this is no recording of finwait's");
    refused(
        &["export", &missing, "--svg", "-", "--text", "-"],
        "cannot both go to standard output",
    );
    refused(
        &["do", "server listen", "--svg", &there],
        "is there already: --force replaces it",
    );
    refused(
        &["do", "server listen", "--svg", &folder.file("no/a.svg")],
        "there is no folder",
    );
    // No option is named that nobody typed.
    for path in [there.clone(), folder.file("no/a.svg")] {
        for option in ["--export", "--svg"] {
            let said = output(finwait().args(["do", "server listen", option, &path])).stderr;
            let said = text(&said);
            assert!(!said.replace("--force", "").contains("--"), "{said}");
        }
    }
    let twice = folder.file("twice.svg");
    refused(
        &["do", "server listen", "--export", &twice, "--export", &twice],
        "are for the same file",
    );
    refused(
        &["do", "server listen", "--force"],
        "--force is about the files that exports, --pcap and --asciicast write",
    );
    refused(&["do", "server listen", "--snaplen", "9"], "none of them is asked for");
    refused(
        &["claims", "--pcap", "-"],
        "--pcap is not an option of claims, but of the screen, tour, do and run",
    );
    assert_eq!(folder.text("there.svg"), "mine");
    let done = output(
        finwait()
            .args(Lab::Loopback.args())
            .args(["do", "server listen", "--force", "--svg", &there]),
    );
    assert!(done.status.success(), "{done:?}");
    assert!(folder.text("there.svg").contains("The loopback lab has no wire"));
}

#[test]
fn nothing_is_kept_of_packets_where_nobody_records() {
    let output = run(Lab::Isolated, &["--json"]);
    assert!(!text(&output.stdout).contains("\"raw\""));
    // What is printed is the same where somebody does.
    let folder = Folder::new("kept");
    let record = folder.file("a.jsonl");
    let output = run(Lab::Isolated, &["--json", "--record", &record]);
    assert!(!text(&output.stdout).contains("\"raw\""));
    assert!(folder.text("a.jsonl").contains("\"raw\":{\"len\":60,\"bytes\":\"45"));
}

/// A film, played: what the terminal shows at its end, the labels of its markers, how long it lasts.
fn played(cast: &str) -> (Vec<String>, Vec<String>, f64) {
    let mut lines = cast
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!(
        (&header["version"], &header["term"]["cols"], &header["term"]["rows"]),
        (&3.into(), &120.into(), &40.into()),
        "{header}"
    );
    let mut terminal = vt100::Parser::new(NonZeroU16::new(40).unwrap(), NonZeroU16::new(120).unwrap(), 0);
    let (mut markers, mut lasts) = (Vec::new(), 0.0);
    for event in lines {
        let interval = event[0].as_f64().unwrap();
        assert!(interval >= 0.0, "{event}");
        lasts += interval;
        let data = event[2].as_str().unwrap();
        match event[1].as_str().unwrap() {
            "o" => terminal.process(data.as_bytes()),
            "m" => markers.push(data.to_owned()),
            other => panic!("{other}"),
        }
    }
    let rows = terminal.screen().rows(0, 120);
    (rows.map(|row| row.trim_end().to_owned()).collect(), markers, lasts)
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_film_of_a_run_ends_with_the_screen_as_it_was_and_leaves_time_to_read() {
    let folder = Folder::new("film");
    let (cast, screen) = (folder.file("run.cast"), folder.file("end.txt"));
    run(
        Lab::Isolated,
        &[
            "--record",
            &folder.file("run.jsonl"),
            "--asciicast",
            &cast,
            "--screen",
            &screen,
        ],
    );
    let (film, markers, lasts) = played(&folder.text("run.cast"));
    assert_eq!(film, lines(&folder.text("end.txt")));
    assert!(film.iter().any(|line| line.contains("CLIENT")), "{film:#?}");
    let recording = read(&folder, "run.jsonl");
    let mut typed = Vec::new();
    let played: Result<(), ()> = recording.play(|played| {
        if let Played::Input { input, .. } = played {
            typed.extend(input.typed());
        }
        Ok(())
    });
    played.unwrap();
    assert_eq!(markers, typed);
    // The script gave its commands at once.
    assert!(
        lasts >= 1.5 * markers.len() as f64,
        "{lasts} s, {} commands",
        markers.len()
    );
    // A recording makes the same film, and says when it was.
    let again = folder.file("again.cast");
    let made = output(finwait().args(["export", &folder.file("run.jsonl"), "--asciicast", &again]));
    assert!(made.status.success(), "{made:?}");
    assert_eq!(folder.text("again.cast"), folder.text("run.cast"));
    let wall = recording.headers().next().unwrap().wall.unwrap() / 1_000_000_000;
    assert!(folder.text("run.cast").contains(&format!("\"timestamp\":{wall},")));
}

/// A file of a package of npm's; none where it is not installed.
fn of_npm(file: &str) -> Option<PathBuf> {
    let global = Command::new("npm").args(["root", "--global"]).output().ok();
    let global = global.map(|said| PathBuf::from(text(&said.stdout).trim()));
    let all = [PathBuf::from("/usr/local/lib/node_modules")].into_iter().chain(global);
    let found = all.map(|modules| modules.join(file)).find(|path| path.exists());
    assert!(
        found.is_some() || std::env::var_os("CI").is_none(),
        "npm's {file} is not installed"
    );
    found
}

/// Mermaid's own parser reads the diagram of a run with what is dangerous, and those of scenarios with each kind of arrow and note.
/// `tests/mermaid/catalog` has it read all of the catalog.
#[test]
fn mermaids_own_parser_reads_the_diagrams() {
    let Some(module) = of_npm("mermaid/dist/mermaid.core.mjs") else {
        return;
    };
    let folder = Folder::new("mermaid");
    let dangerous = folder.file("dangerous.mmd");
    run(Lab::Isolated, &["--mermaid", &dangerous]);
    let names = ["half-close", "read-reset-blocked", "final-ack-held", "fin-wait2-orphan"];
    let made = output(
        finwait()
            .arg("run")
            .args(names)
            .args(["--mermaid", &folder.file("diagrams")]),
    );
    assert!(made.status.success(), "{made:?}");
    let files: Vec<String> = names
        .iter()
        .map(|name| folder.file(&format!("diagrams/{name}.mmd")))
        .chain([dangerous])
        .collect();
    let package = module.parent().and_then(Path::parent).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mermaid/parse.mjs");
    // It loads for seconds.
    let parse = |files: &[String]| output_within(Command::new("node").arg(script).arg(package).args(files), 3 * BOUND);
    let parsed = parse(&files);
    assert!(parsed.status.success(), "{}", text(&parsed.stderr));
    assert_eq!(text(&parsed.stdout).trim(), files.len().to_string());
    // It is no parser that takes anything.
    let broken = folder.text("dangerous.mmd") + "    C->>\n";
    let file = folder.file("broken.mmd");
    std::fs::write(&file, broken).unwrap();
    assert!(!parse(&[file]).status.success());
}

/// The screen in pictures and films has the size and the theme that were asked for; nonsense is told in a sentence.
#[test]
fn the_screen_of_an_export_has_the_size_and_the_theme_that_were_asked_for() {
    let folder = Folder::new("look");
    let (usual, wide, light) = (
        folder.file("a.txt"),
        folder.file("b.screen.txt"),
        folder.file("c.screen.svg"),
    );
    run(
        Lab::Isolated,
        &["--record", &folder.file("run.jsonl"), "--screen", &usual],
    );
    let export = |arguments: &[&str]| output(finwait().args(["export", &folder.file("run.jsonl")]).args(arguments));
    let size = |name: &str| {
        let text = folder.text(name);
        (
            text.lines().map(|line| line.chars().count()).max(),
            text.lines().count(),
        )
    };
    assert_eq!(size("a.txt"), (Some(120), 40));
    let made = export(&[&wide, "--screen-size", "90x30"]);
    assert!(made.status.success(), "{made:?}");
    assert_eq!(size("b.screen.txt"), (Some(90), 30));
    let dark = folder.file("d.screen.svg");
    for (file, theme) in [(&light, "light"), (&dark, "dark")] {
        let made = export(&[file, "--screen-theme", theme]);
        assert!(made.status.success(), "{made:?}");
    }
    assert_ne!(folder.text("c.screen.svg"), folder.text("d.screen.svg"));
    for (arguments, why) in [
        (
            &["x.screen.svg", "--screen-size", "9"][..],
            "columns and rows like 120x40",
        ),
        (
            &["x.screen.svg", "--screen-theme", "pink"],
            "it must be one of terminal-16, dark, light",
        ),
        (
            &["x.svg", "--screen-theme", "dark"],
            ": --screen-theme is about --screen and --asciicast, and neither is asked for",
        ),
        (
            &["x.svg", "--screen-size", "100x30"],
            ": --screen-size is about --screen and --asciicast, and neither is asked for",
        ),
        (
            &["x.svg", "--screen-size", "100x30", "--screen-theme", "dark"],
            ": --screen-size and --screen-theme are about --screen and --asciicast",
        ),
        (&["x.png"], "the ending of the name says the format"),
        (&["-"], "- has no ending that says the format"),
    ] {
        let refused = export(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        let said = text(&refused.stderr);
        assert!(said.contains(why) && said.lines().count() == 1, "{said}");
    }
}

/// --export tells the format by the ending, as often as it is given, and writes what the format's own option does.
#[test]
fn the_ending_of_a_file_says_its_format() {
    let folder = Folder::new("ending");
    let (one, two, own) = (folder.file("one.md"), folder.file("two.svg"), folder.file("own"));
    let record = folder.file("run.jsonl");
    run(
        Lab::Isolated,
        &[
            "--export",
            &one,
            "--export",
            &two,
            "--markdown",
            &own,
            "--record",
            &record,
        ],
    );
    assert_eq!(folder.text("one.md"), folder.text("own"));
    assert!(folder.text("two.svg").starts_with("<svg") || folder.text("two.svg").contains("<svg"));
    let again = folder.file("again.md");
    let made = output(finwait().args(["export", &record, &again]));
    assert!(made.status.success(), "{made:?}");
    assert_eq!(folder.text("again.md"), folder.text("one.md"));
}

#[test]
fn asciinemas_own_player_shows_what_the_screen_showed() {
    if !has("chromium-headless-shell") {
        return;
    }
    let Some(player) = of_npm("asciinema-player/dist/bundle/asciinema-player.min.js") else {
        return;
    };
    let folder = Folder::new("player");
    let (cast, screen) = (folder.file("run.cast"), folder.file("end.txt"));
    run(Lab::Isolated, &["--asciicast", &cast, "--screen", &screen]);
    let data = serde_json::Value::from(folder.text("run.cast"))
        .to_string()
        .replace("</", "<\\/");
    let page = format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><div id=\"film\"></div><script src=\"file://{}\"></script><script>\n\
         const markers = [];\n\
         const player = AsciinemaPlayer.create({{data: {data}}}, document.getElementById('film'), {{preload: true}});\n\
         player.addEventListener('ready', async () => {{\n\
           await player.seek('100%');\n\
           document.title = `ends after ${{await player.getDuration()}} s`;\n\
         }});</script>",
        player.display()
    );
    std::fs::write(folder.file("film.html"), page).unwrap();
    let dumped = output(Command::new("chromium-headless-shell").args([
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        &format!("--user-data-dir={}", folder.file("profile")),
        "--virtual-time-budget=20000",
        "--dump-dom",
        &format!("file://{}", folder.file("film.html")),
    ]));
    let dom = text(&dumped.stdout);
    assert!(dom.contains("<title>ends after "), "{dom}\n{}", text(&dumped.stderr));
    let (_, shown) = dom.split_once("<pre class=\"ap-term-text").expect("the player's text");
    let (shown, _) = shown.split_once("</pre>").unwrap();
    let rows = shown.split("<span class=\"ap-line\"").skip(1).map(|row| {
        let words = row
            .split('<')
            .filter_map(|part| part.split_once('>'))
            .map(|(_, words)| words);
        let words: String = words.collect();
        let words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        words.trim_end().to_owned()
    });
    // The player draws heavy uprights and blocks on its canvas.
    let drawn = |c: char| c == '\u{2503}' || ('\u{2580}'..='\u{259f}').contains(&c);
    let written = lines(&folder.text("end.txt"));
    let written = written
        .iter()
        .map(|line| line.replace(drawn, " ").trim_end().to_owned());
    assert_eq!(rows.collect::<Vec<_>>(), written.collect::<Vec<_>>());
}

/// A picture of the screen has each character in the column that it has in the text; what is no text is drawn.
#[test]
fn the_screen_as_a_picture_has_each_character_in_its_column() {
    let folder = Folder::new("screen");
    let (svg, txt, recording) = (folder.file("end.svg"), folder.file("end.txt"), folder.file("run.jsonl"));
    run(Lab::Isolated, &["--record", &recording, "--screen", &svg]);
    let made = output(finwait().args(["export", &recording, "--screen", &txt]));
    assert!(made.status.success(), "{made:?}");
    let picture = folder.text("end.svg");
    let document = roxmltree::Document::parse(&picture).unwrap();
    let (cell, line) = (9, 18);
    let mut rows = vec![vec![' '; 120]; 40];
    for node in document.descendants().filter(|node| node.tag_name().name() == "text") {
        let number = |name: &str| node.attribute(name).unwrap().parse::<usize>().unwrap();
        let words: Vec<char> = node.text().unwrap().chars().collect();
        // Nothing here is wider than a cell.
        assert_eq!(number("textLength"), words.len() * cell, "{words:?}");
        assert_eq!(number("x") % cell, 0);
        let (x, y) = (number("x") / cell, number("y") / line);
        rows[y][x..x + words.len()].copy_from_slice(&words);
    }
    let rows: Vec<String> = rows
        .iter()
        .map(|row| row.iter().collect::<String>().trim_end().to_owned())
        .collect();
    let is_drawn = |c: char| ('\u{2500}'..='\u{259f}').contains(&c) && c != '\u{2573}';
    let written = lines(&folder.text("end.txt"));
    let written: Vec<String> = written
        .iter()
        .map(|line| line.replace(is_drawn, " ").trim_end().to_owned())
        .collect();
    assert_eq!(rows, written);
    assert!(picture.contains("<path "), "{picture}");
    // Nothing from outside.
    assert!(!picture.replace("http://www.w3.org/2000/svg", "").contains("http"));
}

#[test]
fn the_graphs_have_what_the_tables_said() {
    let folder = Folder::new("graphs");
    let (graphs, recording) = (folder.file("run.svg"), folder.file("run.jsonl"));
    run(Lab::Isolated, &["--record", &recording, "--graphs", &graphs]);
    let mut most = [0, 0];
    let recording = read(&folder, "run.jsonl");
    let played: Result<(), ()> = recording.play(|played| {
        if let Played::Input {
            input: SessionInput::Event(event),
            ..
        } = played
            && let LabEvent::Table { side, rows } = &event.what
        {
            let rows = rows.iter().filter(|observed| !observed.row.tuple.is_listener());
            let place = usize::from(*side == Side::Server);
            most[place] = rows.map(|observed| observed.row.tx_queue).fold(most[place], u32::max);
        }
        Ok(())
    });
    played.unwrap();
    assert_eq!(most[0], 28, "the bytes that the client wrote while they were held");
    let picture = folder.text("run.svg");
    let document = roxmltree::Document::parse(&picture).unwrap();
    let description = document
        .descendants()
        .find(|node| node.tag_name().name() == "desc")
        .unwrap();
    let description = description.text().unwrap();
    for (place, side) in Side::BOTH.into_iter().enumerate() {
        let said = format!(
            "send queue (a SYN or FIN not acknowledged counts 1) at the {side}: from 0 to {} bytes.",
            most[place]
        );
        assert!(description.contains(&said), "{said}: {description}");
    }
    assert!(
        description.contains("congestion window at the client: from 10 to 10 segments."),
        "{description}"
    );
    // One without a connection has none.
    let none = output(
        finwait()
            .args(Lab::Isolated.args())
            .args(["do", "server listen", "--graphs", "-"]),
    );
    assert!(!none.status.success());
    assert!(
        text(&none.stderr).contains("no connection was made, so there is nothing to draw graphs of"),
        "{none:?}"
    );
}

#[test]
fn a_packet_that_is_held_at_the_end_has_no_buttons_in_text() {
    let mut command = finwait();
    command.args(Lab::Isolated.args());
    command.args(["do", "wire step", "server listen", "client connect", "--text", "-"]);
    let done = output(&mut command);
    let diagram = text(&done.stdout);
    let held = diagram.lines().find(|line| line.contains("SYN seq 0"));
    let held = held.unwrap_or_else(|| panic!("{done:?}"));
    assert!(held.contains("held for ") && held.contains(" ms"), "{held}");
    assert!(!held.contains("[deliver]") && !held.contains("in 0 us"), "{held}");
}

#[test]
fn one_export_that_cannot_be_made_of_a_run_takes_no_other_with_it() {
    let folder = Folder::new("others");
    let [graphs, page, markdown] = ["a.graphs.svg", "a.html", "a.md"].map(|name| folder.file(name));
    let run = output(
        finwait()
            .args(Lab::Loopback.args())
            .args([
                "do",
                "server listen",
                "--graphs",
                &graphs,
                "--html",
                &page,
                "--markdown",
                &markdown,
            ])
            .args(["--pcapng", &folder.file("a.pcapng")]),
    );
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    for why in [
        "no connection was made, so there is nothing to draw graphs of",
        "there are no packets for a capture",
    ] {
        assert!(text(&run.stderr).contains(why), "{run:?}");
    }
    assert!(folder.text("a.html").starts_with("<!DOCTYPE html>"));
    assert!(folder.text("a.md").contains("server listen"));
    assert_eq!(folder.names().len(), 2);
}

#[test]
fn a_capture_of_both_interfaces_is_drawn_with_each_packet_once() {
    let folder = Folder::new("once");
    let capture = folder.file("a.pcapng");
    let run = output(
        finwait()
            .args(Lab::Isolated6.args())
            .args([
                "do",
                "server listen",
                "client connect",
                "server accept",
                "wire hold FIN",
            ])
            .args([
                "client shutdown write",
                "server write late",
                "wire deliver all",
                "--pcapng",
                &capture,
            ]),
    );
    assert!(run.status.success(), "{run:?}");
    let drawn = output(finwait().args(["export", &capture, "--text", "-"]));
    let drawn = text(&drawn.stdout);
    let rows = |what: &str| drawn.lines().filter(|line| line.contains(what)).count();
    assert_eq!(
        (
            rows("SYN seq 0"),
            rows("SYN,ACK"),
            rows("FIN,ACK seq 1"),
            rows("\"late\""),
            rows("retransmit")
        ),
        (1, 1, 1, 1, 0),
        "{drawn}"
    );
}
