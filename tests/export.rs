//! Exports through the real binary, each read by a reader that is not ours: tshark, an XML parser, a Markdown parser.

mod support;

use finwait::lab::event::{Disposition, LabEvent, PacketRecord};
use finwait::recording::{Played, Recording};
use finwait::session::SessionInput;
use finwait::side::Side;
use finwait::wire::segment::{Flags, Packet};
use std::path::PathBuf;
use std::process::{Command, Output};
use support::{Lab, finwait, output, output_of};

/// A folder of a test's own, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("finwait-{}-export-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

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
    let bytes = text(&std::fs::read(&again).unwrap());
    assert!(bytes.contains("headers are made again"), "the section says so");
    assert!(!text(&std::fs::read(&there).unwrap()).contains("headers are made again"));
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
        text(&refused.stderr).contains("want the name of a folder, like pictures/"),
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
    refused(&["export", &missing, "--svg", "-"], "No such file");
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
    refused(
        &["do", "server listen", "--force"],
        "--force is about the files that exports and --pcap write",
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
