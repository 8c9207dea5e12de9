//! `finwait book` through the real binary, its pages read by readers that are not ours: Python's HTML parser, an XML parser, and Chromium.

mod support;

use finwait::os::signal::die_with_parent;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use support::folder::{Folder, names_in};
use support::{BOUND, finwait, output, output_within, text};

/// The longest that many scenarios may take.
const LONG: Duration = Duration::from_secs(240);

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Makes a book with these arguments.
fn book(dir: &str, arguments: &[&str]) -> Output {
    output_within(finwait().args(["book", dir, "--lab", "isolated"]).args(arguments), LONG)
}

fn made(dir: &str, arguments: &[&str]) -> String {
    let output = book(dir, arguments);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr)
}

/// The scenarios of a group, as finwait list has them.
fn of_group(group: &str) -> Vec<String> {
    let output = output(finwait().args(["list", "--json"]));
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = listed["scenarios"].as_array().unwrap().iter();
    let of_it = all.filter(|scenario| scenario["group"] == group);
    of_it
        .map(|scenario| scenario["name"].as_str().unwrap().to_owned())
        .collect()
}

/// A scenario of the user's own.
fn own(title: &str, more: &str) -> String {
    let title = title.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "title = \"{title}\"\nsummary = \"{title}\"\ngroup = \"my <b>group</b>\"\nlab = \"isolated\"\n{more}\n\
         [[step]]\nsay = \"{title}\"\nserver = \"listen\"\n[[step]]\nclient = \"connect\"\n"
    )
}

/// What all of HTML has, and none of it may have a meaning here.
const DANGEROUS: &str = "<script>alert(1)</script> & \"quotes\" 'n' {{main}} ]]>";

/// Python's parser over every page: the links that lead nowhere, one a line, and at last how many there are.
const LINKS: &str = r##"
import html.parser, pathlib, re, sys, urllib.parse
folder = pathlib.Path(sys.argv[1])
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.links = [], []
    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            # Those of SVG are within the page, as url(#x) is.
            if name in ("href", "src", "action", "xlink:href"):
                self.links.append(value)
pages = {}
for path in folder.iterdir():
    if path.suffix == ".html":
        pages[path.name] = page = Page()
        page.feed(path.read_text())
        page.close()
count = 0
for name, page in pages.items():
    twice = {i for i in page.ids if page.ids.count(i) > 1}
    if twice:
        print(name, "has an id twice:", twice)
    for link in page.links:
        count += 1
        to = urllib.parse.urlsplit(link)
        file = urllib.parse.unquote(to.path) or name
        if to.scheme or to.netloc or "/" in file or not (folder / file).is_file():
            print(name, "links", link)
        elif to.fragment and file in pages:
            step = re.fullmatch(r"step=(\d+)", to.fragment)
            wanted = "s" + step[1] if step else urllib.parse.unquote(to.fragment)
            if wanted not in pages[file].ids:
                print(name, "links", link, "and there is no such place")
print(len(pages), count)
"##;

/// The pages and the links of a book, every one of which leads somewhere.
fn links(dir: &str) -> (usize, usize) {
    let output = output(Command::new("python3").args(["-c", LINKS, dir]));
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    let (broken, last) = said.trim_end().rsplit_once('\n').unwrap_or(("", said.trim_end()));
    assert_eq!(broken, "");
    let (pages, links) = last.split_once(' ').unwrap();
    (pages.parse().unwrap(), links.parse().unwrap())
}

/// What a recording's transcript has, read by `finwait open --json`: the states, and the errnos that calls returned.
fn transcript(recording: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let output = output(finwait().args(["open", "--json", recording]));
    assert!(output.status.success(), "{output:?}");
    let (mut states, mut errnos) = (BTreeSet::new(), BTreeSet::new());
    for line in text(&output.stdout).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        match line["kind"].as_str() {
            Some("state") => {
                states.extend(["from", "to"].map(|which| line[which].as_str().unwrap().to_owned()));
            }
            Some("outcome") => errnos.extend(line["outcome"]["err"].as_i64().map(errno)),
            _ => {}
        }
    }
    (states, errnos)
}

fn errno(number: i64) -> String {
    finwait::errno::Errno(i32::try_from(number).unwrap()).name()
}

/// A page as XML.
fn xml(page: &str) -> roxmltree::Document<'_> {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    roxmltree::Document::parse_with_options(page, options).unwrap()
}

/// The words of an element and of all in it.
fn words(node: roxmltree::Node<'_, '_>) -> String {
    node.descendants()
        .filter(roxmltree::Node::is_text)
        .filter_map(|node| node.text())
        .collect()
}

fn with_attribute<'a>(document: &'a roxmltree::Document<'_>, name: &str, value: &str) -> roxmltree::Node<'a, 'a> {
    let mut all = document
        .descendants()
        .filter(|node| node.attribute(name) == Some(value));
    // The document outlives its nodes.
    let found = all.next().unwrap_or_else(|| panic!("nothing has {name}=\"{value}\""));
    document.get_node(found.id()).unwrap()
}

/// The entry of the index that leads to that file.
fn entry<'a>(index: &'a roxmltree::Document<'_>, file: &str) -> roxmltree::Node<'a, 'a> {
    let mut entries = index.descendants().filter(|node| node.attribute("data-find").is_some());
    let leads = |node: &roxmltree::Node<'_, '_>| {
        let mut links = node.descendants().filter(|inner| inner.has_tag_name("a"));
        links.next().and_then(|link| link.attribute("href")) == Some(file)
    };
    let found = entries.find(leads).unwrap_or_else(|| panic!("the index has no {file}"));
    index.get_node(found.id()).unwrap()
}

#[test]
fn a_book_has_what_was_measured_and_every_link_leads_somewhere() {
    let folder = Folder::new("whole");
    let (dir, recordings) = (folder.file("tcp book"), folder.file("recordings"));
    fs::create_dir(folder.file("mine")).unwrap();
    fs::write(folder.file("mine/index.toml"), own(DANGEROUS, "")).unwrap();
    fs::write(folder.file("mine/not here.toml"), own("Never", "needs = \"99.0\"")).unwrap();
    let said = made(
        &dir,
        &[
            "reset",
            "half-close",
            "linger-zero",
            &folder.file("mine"),
            "--record",
            &recordings,
        ],
    );
    assert!(
        said.contains(" scenarios measured): open ") && said.lines().count() == 1,
        "{said}"
    );
    assert_eq!(folder.names(), ["mine", "recordings", "tcp book"]);

    let group = of_group("reset");
    assert!(group.len() > 15);
    let (pages, count) = links(&dir);
    // The group, half-close, two of our own, and three about all.
    assert_eq!(pages, group.len() + 1 + 2 + 3);
    assert!(count > 1000, "{count}");

    let page = |name: &str| fs::read_to_string(Path::new(&dir).join(name)).unwrap();
    let (index, errors, states) = (page("index.html"), page("errors.html"), page("states.html"));
    let (index, errors, states) = (xml(&index), xml(&errors), xml(&states));
    let recorded = names_in(Path::new(&recordings));
    let mut measured = 0;
    for name in group.iter().map(String::as_str).chain(["half-close", "index-2"]) {
        let file = format!("{name}.html");
        let entry = entry(&index, &file);
        if !recorded.contains(&format!("{name}.jsonl")) {
            assert!(words(entry).contains("Not measured: "), "{name}");
            continue;
        }
        measured += 1;
        let find = entry.attribute("data-find").unwrap();
        let (passed, errnos) = transcript(&format!("{recordings}/{name}.jsonl"));
        assert!(passed.len() > 2, "{name}");
        for state in &passed {
            assert!(find.contains(&state.to_lowercase()), "{name} is not found by {state}");
            let of_it = with_attribute(&states, "id", state);
            assert!(
                of_it.descendants().any(|node| node.attribute("href") == Some(&file)),
                "{name}: {state}"
            );
        }
        for errno in &errnos {
            assert!(find.contains(&errno.to_lowercase()), "{name} is not found by {errno}");
            let of_it = with_attribute(&errors, "id", errno);
            assert!(
                of_it.descendants().any(|node| node.attribute("href") == Some(&file)),
                "{name}: {errno}"
            );
        }
        // What the entry shows, it is found by.
        for link in entry.descendants().filter(|node| node.has_tag_name("a")) {
            assert!(find.contains(&words(link).to_lowercase()), "{name}: {}", words(link));
        }
    }
    assert!(measured >= group.len() - 1, "{measured}");
    // Rules and calls.
    let find = entry(&index, "half-close.html").attribute("data-find").unwrap();
    assert!(
        ["fin-sent", "shutdown", "broken pipe"]
            .iter()
            .all(|word| find.contains(word)),
        "{find}"
    );
    let rule = words(with_attribute(&errors, "id", "rule-fin-sent"));
    assert!(
        rule.contains("half-close") && rule.contains("write") && rule.contains("tcp_sendmsg_locked"),
        "{rule}"
    );
    assert!(words(with_attribute(&states, "id", "CLOSE_WAIT")).contains("LAST_ACK"));

    // Once, though the group and its own name have it.
    let entries = index.descendants().filter(|node| node.attribute("data-find").is_some());
    assert_eq!(entries.count(), pages - 3);
    // Text is text.
    assert!(words(entry(&index, "index-2.html")).contains(DANGEROUS));
    assert_eq!(
        index.descendants().filter(|node| node.has_tag_name("script")).count(),
        1
    );
    let mut chapters = index.descendants().filter(|node| node.has_tag_name("h2")).map(words);
    assert_eq!(chapters.next_back().unwrap(), "my <b>group</b>");
    // What could not run says so, in its place, in the index, and above it.
    let page_of_it = page("not-here.html");
    let why = "it needs Linux 99.0";
    assert!(words(xml(&page_of_it).root()).contains(why));
    assert!(words(entry(&index, "not-here.html")).contains(why));
    let above = index.descendants().find(|node| node.has_tag_name("details")).unwrap();
    assert!(
        words(above).contains(why) && words(above).contains("could not run here"),
        "{}",
        words(above)
    );
    // Where and when.
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    for page in [&index, &errors, &states] {
        let by = format!(": Linux {kernel}, finwait {}.", env!("CARGO_PKG_VERSION"));
        assert!(words(page.root()).contains(&by), "{by}");
    }
    // Previous and next, in the order of the index.
    let files: Vec<String> = index
        .descendants()
        .filter(|node| node.attribute("data-find").is_some())
        .filter_map(|node| {
            node.descendants()
                .find(|inner| inner.has_tag_name("a"))?
                .attribute("href")
        })
        .map(str::to_owned)
        .collect();
    for (place, file) in files.iter().enumerate() {
        let html = page(file);
        let has = |rel: &str, to: &str| {
            let mut links = html
                .split("<a ")
                .filter(|link| link.contains(&format!("rel=\"{rel}\"")));
            links.any(|link| link.split('>').next().unwrap().contains(&format!("href=\"{to}\"")))
        };
        assert!(place == 0 || has("prev", &files[place - 1]), "{file}");
        assert!(place + 1 == files.len() || has("next", &files[place + 1]), "{file}");
        assert!(html.contains("href=\"index.html\""), "{file}");
        // Nothing of the machine that it was made on.
        let here = std::env::current_dir().unwrap();
        for path in [folder.path(), &here] {
            assert!(!html.contains(path.to_str().unwrap()), "{file} has {}", path.display());
        }
    }
    for name in ["index.html", "errors.html", "states.html"] {
        assert!(!page(name).contains(folder.path().to_str().unwrap()), "{name}");
    }
}

#[test]
fn the_same_scenarios_have_the_same_index() {
    let folder = Folder::new("again");
    let names = ["half-close", "handshake", "full-close"];
    made(&folder.file("one"), &names);
    let reversed: Vec<&str> = names.iter().rev().copied().collect();
    made(&folder.file("two"), &reversed);
    // The day is measured, too.
    let page = |dir: &str, name: &str| {
        let text = fs::read_to_string(folder.file(&format!("{dir}/{name}"))).unwrap();
        let lines = text.lines().filter(|line| !line.contains("class=\"provenance\""));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for name in ["index.html", "errors.html", "states.html"] {
        assert_eq!(page("one", name), page("two", name), "{name}");
    }
}

#[test]
fn a_folder_with_something_in_it_is_replaced_only_with_force() {
    let folder = Folder::new("force");
    let dir = folder.file("book");
    fs::create_dir(&dir).unwrap();
    fs::write(folder.file("book/mine.txt"), "mine").unwrap();
    let refused = book(&dir, &["half-close"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let why = text(&refused.stderr);
    assert!(
        why.contains("has mine.txt in it: --force replaces the folder") && why.lines().count() == 1,
        "{why}"
    );
    assert_eq!(fs::read_to_string(folder.file("book/mine.txt")).unwrap(), "mine");
    assert_eq!(folder.names(), ["book"]);
    made(&dir, &["half-close", "--force"]);
    assert_eq!(folder.names(), ["book"]);
    let whole = [
        "book.css",
        "errors.html",
        "half-close.html",
        "index.html",
        "search.js",
        "states.html",
    ];
    assert_eq!(BTreeSet::from_iter(names_in(Path::new(&dir))), set(&whole));
    // So is a book.
    let refused = book(&dir, &["half-close"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    made(&dir, &["handshake", "--force"]);
    assert!(!Path::new(&folder.file("book/half-close.html")).exists());
}

#[test]
fn nothing_is_left_of_a_book_that_fails() {
    let folder = Folder::new("fails");
    let dir = folder.file("book");
    let cases: [(&[&str], i32, &str); 2] = [
        (
            &["half-closed"],
            2,
            "there is no scenario \"half-closed\"; did you mean half-close",
        ),
        (&["handshake", "./no.toml"], 2, "there is no file ./no.toml"),
    ];
    for (names, status, why) in cases {
        let failed = book(&dir, names);
        assert_eq!(failed.status.code(), Some(status), "{failed:?}");
        assert!(text(&failed.stderr).contains(why), "{failed:?}");
        assert_eq!(folder.names(), [""; 0]);
    }
    fs::write(folder.file("never.toml"), own("Never", "needs = \"99.0\"")).unwrap();
    let failed = book(&dir, &[&folder.file("never.toml")]);
    assert_eq!(failed.status.code(), Some(3), "{failed:?}");
    let why = text(&failed.stderr);
    assert!(why.contains("none of it can run here: it needs Linux 99.0"), "{why}");
    assert_eq!(folder.names(), ["never.toml"]);
    // No room beside it.
    let failed = book(&folder.file("no/book"), &["handshake"]);
    assert_eq!(failed.status.code(), Some(2), "{failed:?}");
    assert!(text(&failed.stderr).contains("there is no folder "), "{failed:?}");
    assert_eq!(folder.names(), ["never.toml"]);
}

/// What differs is in the book, which says so, and so does the exit status.
#[test]
fn a_book_says_what_was_not_as_expected() {
    let folder = Folder::new("differs");
    let wrong = own("Wrong", "").replace("client = \"connect\"", "client = \"connect\"\nreturns = \"EPIPE\"");
    fs::write(folder.file("wrong.toml"), wrong).unwrap();
    let output = book(&folder.file("book"), &[&folder.file("wrong.toml")]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        text(&output.stderr).contains("1 of 1 scenarios measured, 1 not as expected"),
        "{output:?}"
    );
    let index = fs::read_to_string(folder.file("book/index.html")).unwrap();
    assert!(words(entry(&xml(&index), "wrong.html")).contains("Not all was as expected here"));
    // The page of a file of one's own has its title, too.
    let page = folder.text("book/wrong.html");
    assert!(page.contains("<p class=\"about\">Wrong</p>"), "{page}");
}

/// Without a wire a book says so, and leaves out what it has not seen.
#[test]
fn a_book_of_the_loopback_lab_says_that_it_has_no_segments() {
    let folder = Folder::new("loopback");
    let dir = folder.file("book");
    let output = output_within(
        finwait().args(["book", &dir, "--lab", "loopback", "half-close", "handshake"]),
        LONG,
    );
    assert!(output.status.success(), "{output:?}");
    assert_eq!(links(&dir).0, 5);
    let index = fs::read_to_string(folder.file("book/index.html")).unwrap();
    let index = xml(&index);
    let all = words(index.root());
    assert!(
        all.contains("no segments were seen") && !all.contains("every segment"),
        "{all}"
    );
    // It needs the wire.
    assert!(words(entry(&index, "handshake.html")).contains("Not measured: "));
}

/// Ends it with that signal once scenarios are under way.
fn interrupted_by(signal: i32) {
    let folder = Folder::new(&format!("signal-{signal}"));
    let long = own("Long", "").replace("client = \"connect\"", "client = \"connect\"\nstands = \"60s\"");
    fs::write(folder.file("long.toml"), long).unwrap();
    let mut command = finwait();
    command.args(["book", &folder.file("book"), &folder.file("long.toml"), "handshake"]);
    die_with_parent(&mut command);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    let is_under_way = || {
        let mut hidden = folder.names().into_iter().filter(|name| name.starts_with(".book."));
        hidden.any(|name| folder.path().join(name).join("recordings/long.jsonl").exists())
    };
    while !is_under_way() {
        assert!(began.elapsed() < BOUND, "no scenario began");
        thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    let signal_to_send = rustix::process::Signal::from_named_raw(signal).unwrap();
    rustix::process::kill_process(pid, signal_to_send).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(signal));
    assert!(began.elapsed() < BOUND);
    assert_eq!(folder.names(), ["long.toml"]);
}

#[test]
fn nothing_is_left_of_a_book_that_is_interrupted() {
    interrupted_by(libc::SIGINT);
    interrupted_by(libc::SIGTERM);
}

/// Serves the files of a folder, and `/drive` with that script around the index, on this machine's own address.
fn served(folder: PathBuf, script: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            thread::spawn(move || serve(&stream, &folder, script));
        }
    });
    address
}

fn serve(mut stream: &TcpStream, folder: &Path, script: &str) {
    let mut line = String::new();
    let mut reader = BufReader::new(stream);
    let _ = reader.read_line(&mut line);
    let mut header = String::new();
    while reader.read_line(&mut header).is_ok_and(|read| read > 2) {
        header.clear();
    }
    let path = line.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or("/");
    let name = path.trim_start_matches('/');
    let (status, kind, contents) = match (name, fs::read(folder.join(name))) {
        ("drive", _) => {
            let page = format!(
                "<!DOCTYPE html><title>drive</title><iframe src=\"index.html?q=epipe\"></iframe><pre id=\"said\"></pre><script>{script}</script>"
            );
            ("200 OK", "text/html", page.into_bytes())
        }
        (_, Ok(contents)) => {
            let kind = match name.rsplit('.').next() {
                Some("css") => "text/css",
                Some("js") => "text/javascript",
                _ => "text/html; charset=utf-8",
            };
            ("200 OK", kind, contents)
        }
        (_, Err(_)) => ("404 Not Found", "text/plain", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        contents.len()
    );
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&contents));
}

/// Types into the index's field as a browser hands typing over, and writes down what is in sight.
const DRIVE: &str = r#"
const said = document.getElementById("said");
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {
  if (said.textContent) return;
  const page = frame.contentDocument;
  const field = page.getElementById("q");
  const errors = [];
  frame.contentWindow.addEventListener("error", (event) => errors.push(event.message));
  const look = (what) => {
    const links = [...page.querySelectorAll(".entry")].filter((entry) => !entry.hidden && entry.offsetParent)
      .map((entry) => entry.querySelector("a").getAttribute("href"));
    const chapters = [...page.querySelectorAll("section.chapter")].filter((chapter) => chapter.offsetParent).length;
    const at = page.activeElement;
    said.textContent += JSON.stringify({ what, links, chapters, found: page.getElementById("found").textContent,
      q: frame.contentWindow.location.search, at: at.id || at.getAttribute("href") || at.tagName, field: field.value }) + "\n";
  };
  const type = (text) => { field.value = text; field.dispatchEvent(new InputEvent("input", { bubbles: true })); };
  const key = (name) => page.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  look("address");
  type("fin-wait-2 broken pipe");
  look("several");
  type("RESET-IN-CLOSE-WAIT");
  look("rule");
  type("nothing has this");
  look("nothing");
  type("");
  look("empty");
  page.body.focus(); field.blur();
  key("/");
  look("slash");
  type("time_wait");
  key("ArrowDown");
  look("down");
  key("ArrowDown"); key("ArrowDown"); key("ArrowDown");
  look("at the end");
  key("ArrowUp"); key("ArrowUp"); key("ArrowUp");
  look("up");
  key("Escape");
  look("escape");
  said.textContent += JSON.stringify({ what: "errors", errors }) + "\n";
});
"#;

#[test]
fn the_search_filters_while_one_types() {
    let folder = Folder::new("search");
    made(
        &folder.file("book"),
        &["handshake", "full-close", "half-close", "write-after-close"],
    );
    let address = served(folder.path().join("book"), DRIVE);
    let output = output_within(
        Command::new("chromium-headless-shell").args([
            "--no-sandbox",
            "--disable-gpu",
            "--no-proxy-server",
            "--virtual-time-budget=20000",
            "--dump-dom",
            &format!("{address}/drive"),
        ]),
        LONG,
    );
    assert!(output.status.success(), "chromium-headless-shell is needed: {output:?}");
    let dom = text(&output.stdout);
    let said = dom
        .split("<pre id=\"said\">")
        .nth(1)
        .unwrap()
        .split("</pre>")
        .next()
        .unwrap();
    let said: Vec<Value> = said
        .replace("&amp;", "&")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let look = |what: &str| {
        said.iter()
            .find(|look| look["what"] == what)
            .unwrap_or_else(|| panic!("{dom}"))
    };
    let sees = |what: &str, links: &[&str], found: &str| {
        assert_eq!(look(what)["links"], serde_json::json!(links), "{what}");
        assert_eq!(look(what)["found"], found, "{what}");
    };
    let all = [
        "handshake.html",
        "full-close.html",
        "half-close.html",
        "write-after-close.html",
    ];
    sees(
        "address",
        &["half-close.html", "write-after-close.html"],
        "2 of 4 scenarios",
    );
    assert_eq!(
        (&look("address")["field"], &look("address")["chapters"]),
        (&"epipe".into(), &2.into())
    );
    sees(
        "several",
        &["half-close.html", "write-after-close.html"],
        "2 of 4 scenarios",
    );
    assert_eq!(look("several")["q"], "?q=fin-wait-2+broken+pipe");
    sees("rule", &["write-after-close.html"], "1 of 4 scenarios");
    assert_eq!(look("rule")["chapters"], 1);
    sees("nothing", &[], "nothing found");
    assert_eq!(look("nothing")["chapters"], 0);
    sees("empty", &all, "4 scenarios");
    assert_eq!(look("empty")["q"], "");
    assert_eq!(look("slash")["at"], "q");
    assert_eq!(look("down")["at"], "full-close.html");
    assert_eq!(look("at the end")["at"], "half-close.html");
    assert_eq!(look("up")["at"], "q");
    sees("escape", &all, "4 scenarios");
    assert_eq!(look("errors")["errors"], serde_json::json!([]));
}
