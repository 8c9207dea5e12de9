//! What a person exports from the screen: a run, the screen itself, and a film of it.

use super::*;
use std::fs;
use std::num::NonZeroU16;

/// The lines without the last, which has what is said of a key.
fn above_the_notice(lines: &[String]) -> Vec<&str> {
    lines[..lines.len() - 1].iter().map(|line| line.trim_end()).collect()
}

#[test]
fn a_run_is_exported_with_a_key_and_no_file_is_replaced_without_a_question() {
    let folder = Folder::new("key");
    let mut terminal = connected_in(folder.path());
    terminal.keys(")");
    terminal.see("export the run");
    terminal.see("file run.svg");
    terminal.see("the time-sequence diagram as a picture");
    // Each format gives the name its ending.
    terminal.keys("\t");
    terminal.see("file run.html");
    terminal.keys("\t\t");
    terminal.see("file run.txt");
    terminal.keys("\r");
    terminal.see("wrote run.txt (the time-sequence diagram as text, and the errors with their reasons)");
    let first = folder.text("run.txt");
    assert!(first.contains("SYN seq 0") && first.contains("ESTABLISHED"), "{first}");
    terminal.keys("1r");
    terminal.see("blocked read(");
    terminal.keys(":export run.txt\r");
    terminal.see("run.txt is there already.");
    terminal.keys("\r");
    terminal.until("the question to be gone", |terminal| {
        !terminal.lines().join("\n").contains("is there already")
    });
    assert_eq!(folder.text("run.txt"), first);
    terminal.keys(":export run.txt\r");
    terminal.see("run.txt is there already.");
    terminal.click_the("replace it");
    terminal.see("wrote run.txt");
    let second = folder.text("run.txt");
    assert!(
        second.contains("read(3, ...") && !first.contains("read(3, ..."),
        "{second}"
    );
    terminal.keys(":export run.txt force\r");
    terminal.see("wrote run.txt");
    // What was said of the one before may still be there while this one is written.
    terminal.until("one file", |_| folder.names() == ["run.txt"]);
    // The commands are in the report, and packets in the capture, though nothing was recorded.
    terminal.keys(":export run.md\r");
    terminal.see("wrote run.md");
    let report = folder.text("run.md");
    assert!(
        report.contains("server listen backlog=2") && report.contains("client connect"),
        "{report}"
    );
    terminal.keys(":export run.pcapng\r");
    terminal.see("wrote run.pcapng");
    let tshark = std::process::Command::new("tshark")
        .args(["-n", "-r"])
        .arg(folder.file("run.pcapng"))
        .output()
        .expect("this test needs tshark");
    let packets = String::from_utf8_lossy(&tshark.stdout).into_owned();
    assert!(packets.contains("[SYN, ACK]"), "{packets}");
    // What cannot be is one sentence.
    for (typed, said) in [
        (
            "export run.doc",
            "the ending of the name says the format: it must be one of .html, ",
        ),
        ("export no/run.svg", "no/run.svg: there is no folder no"),
        ("screenshot s.png", "a picture of the screen is .svg, or .txt as text"),
    ] {
        terminal.keys(&format!(":{typed}\r"));
        terminal.see(said);
    }
    terminal.keys(":export force\r");
    terminal.see("the file is missing: like export run.svg force");
    terminal.keys("\x1b");
    terminal.until("the prompt to be gone", |terminal| {
        !terminal.lines().join("\n").contains("the file is missing")
    });
    terminal.keys("q");
    assert!(terminal.end().success());
    assert_eq!(folder.names(), ["run.md", "run.pcapng", "run.txt"]);
}

#[test]
fn the_screen_is_written_as_it_is_under_a_dialog_and_with_one() {
    let folder = Folder::new("screen");
    let mut terminal = connected_in(folder.path());
    terminal.keys("(");
    terminal.see("wrote finwait-1.svg");
    let picture = folder.text("finwait-1.svg");
    assert!(
        picture.contains("ESTABLISHED") && picture.contains("</svg>"),
        "{picture}"
    );
    // The key of the help opens a dialog, and Ctrl-S takes its picture.
    terminal.keys("?");
    terminal.see("Esc closes");
    terminal.keys("\x13");
    terminal.until("the picture", |_| folder.path().join("finwait-2.svg").exists());
    terminal.keys("\x1b");
    let with_help = folder.text("finwait-2.svg");
    assert!(with_help.contains("Esc closes") && !picture.contains("Esc closes"));
    terminal.until("the help to be gone", |terminal| {
        !terminal.lines().join("\n").contains("Esc closes")
    });
    terminal.keys(":screenshot now.txt\r");
    terminal.see("wrote now.txt (the screen as text)");
    let (text, shown) = (folder.text("now.txt"), terminal.lines());
    let written: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(written.len(), 40);
    assert_eq!(above_the_notice(&written), above_the_notice(&shown));
    terminal.keys("q");
    assert!(terminal.end().success());
}

#[test]
fn a_recording_that_is_shown_is_exported_too() {
    let folder = Folder::new("replay");
    let file = folder.file("r.jsonl");
    let mut terminal = connects(started_with(&["--lab", "isolated", "--record", &file]));
    terminal.keys("q");
    assert!(terminal.end().success());
    let mut terminal = Terminal::start_in(folder.path(), 120, 40, &["open", &file]);
    terminal.see("recorded by finwait ");
    terminal.keys("):");
    terminal.see("file run.svg:");
    terminal.keys("\x1b");
    terminal.until("the dialog to be gone", |terminal| {
        !terminal.lines().join("\n").contains("export the run")
    });
    terminal.keys(":export run.mmd\r");
    terminal.see("wrote run.mmd");
    assert!(folder.text("run.mmd").starts_with("sequenceDiagram\n"));
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// A film, played: what the terminal shows at its end, and the labels of its markers.
fn played(cast: &str) -> (Vec<String>, Vec<String>) {
    let mut lines = cast
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!(header["version"], 3);
    let of = |name: &str| NonZeroU16::new(header["term"][name].as_u64().unwrap() as u16).unwrap();
    let mut terminal = vt100::Parser::new(of("rows"), of("cols"), 0);
    let mut markers = Vec::new();
    for event in lines {
        assert!(event[0].as_f64().unwrap() >= 0.0, "{event}");
        let data = event[2].as_str().unwrap();
        match event[1].as_str().unwrap() {
            "o" => terminal.process(data.as_bytes()),
            "m" => markers.push(data.to_owned()),
            "r" => {
                let (cols, rows) = data.split_once('x').unwrap();
                terminal
                    .screen_mut()
                    .set_size(rows.parse().unwrap(), cols.parse().unwrap());
            }
            other => panic!("{other}"),
        }
    }
    let (_, columns) = terminal.screen().size();
    (terminal.screen().rows(0, columns.get()).collect(), markers)
}

#[test]
fn a_film_of_the_screen_ends_as_the_screen_did_and_has_a_marker_at_each_command() {
    let folder = Folder::new("film");
    let file = folder.file("f.cast");
    let mut terminal = connects(started_with(&["--lab", "isolated", "--asciicast", &file]));
    terminal.resize(100, 30);
    terminal.wait("the size", |lines| {
        lines.len() == 30 && lines[29].contains("click or key")
    });
    terminal.keys("1w");
    terminal.see("write(3, \"hello\", 5) = 5");
    terminal.keys("?");
    terminal.see("Esc closes");
    let shown = terminal.lines();
    // What is asked of the terminal itself is no part of the film.
    let cast = fs::read_to_string(&file).unwrap();
    for mode in ["[?1049", "[?1000", "[?2004", "]52;", "[?2026"] {
        assert!(!cast.contains(&format!("\\u001b{mode}")), "{mode}");
    }
    terminal.keys("\x1b");
    terminal.until("the help to be gone", |terminal| {
        !terminal.lines().join("\n").contains("Esc closes")
    });
    terminal.keys("q");
    assert!(terminal.end().success());
    let (film, markers) = played(&cast);
    let trimmed = |lines: &[String]| -> Vec<String> { lines.iter().map(|line| line.trim_end().to_owned()).collect() };
    assert_eq!(trimmed(&film), trimmed(&shown));
    assert_eq!(
        markers,
        [
            "server listen backlog=2",
            "client connect",
            "server accept",
            "client write \"hello\""
        ]
    );
    assert_eq!(cast.matches("\"r\", \"100x30\"").count(), 1);
    // Nothing is filmed over another film.
    let mut again = Terminal::start(120, 40, &["--asciicast", &file]);
    again.see("f.cast is there already: --force replaces it");
    assert_eq!(again.end().code(), Some(2));
}
