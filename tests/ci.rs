//! The reports for CI: JUnit, TAP, GitHub's annotations, and the files under `assets/ci/` that use them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

#[path = "support/mod.rs"]
mod support;

use support::folder::Folder;
use support::{finwait, output, text};

/// The name of a scenario of which the second step is not as expected, and its text.
const WRONG: &str = r#"title = "A <wrong> expectation & more"
summary = "s"
group = "close"

[[step]]
server = "listen"

[[step]]
client  = 'connect'
returns = "ECONNREFUSED"
states  = { client = "LISTEN" }

[[step]]
client = "close"
"#;

/// Runs scenarios in that folder.
fn run(folder: &Folder, arguments: &[&str]) -> Output {
    output(
        finwait()
            .current_dir(folder.path())
            .args(["--lab", "isolated", "run"])
            .args(arguments),
    )
}

/// Runs a program of Python that says what is wrong by failing.
fn python(program: &str, arguments: &[&str]) {
    let ended = output(Command::new("python3").arg("-c").arg(program).args(arguments));
    assert!(ended.status.success(), "{}", text(&ended.stderr));
}

/// The rules of the schema of JUnit that Ant and Jenkins share (JUnit.xsd): which elements stand where, in which order, with which attributes;
/// and that the counts are those of the cases.
const JUNIT_SCHEMA: &str = r#"
import re, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
number, time = re.compile(r"\d+$"), re.compile(r"\d+\.\d{3}$")
def attributes(element, **kinds):
    assert set(element.attrib) == set(kinds), (element.tag, element.attrib)
    for name, kind in kinds.items():
        assert re.match(kind, element.get(name)), (element.tag, name, element.get(name))
counts = dict(tests=number.pattern, failures=number.pattern, errors=number.pattern, time=time.pattern)
assert root.tag == "testsuites"
attributes(root, name=".", **counts)
totals = [0, 0, 0]
for place, suite in enumerate(root):
    assert suite.tag == "testsuite"
    attributes(suite, id=f"{place}$", name=".", package=".", hostname=".", timestamp=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$", skipped=number.pattern, **counts)
    tags = [child.tag for child in suite]
    cases = tags.count("testcase")
    assert tags == ["properties"] + ["testcase"] * cases + ["system-out", "system-err"], tags
    found = dict(failure=0, error=0, skipped=0)
    for case in suite.iter("testcase"):
        attributes(case, name=".", classname=r"finwait", time=time.pattern)
        assert len(case) <= 1
        for what in case:
            found[what.tag] += 1
            assert what.get("message")
            if what.tag != "skipped":
                assert what.get("type")
    got = [int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")]
    assert got == [cases, found["failure"], found["error"], found["skipped"]], (got, found)
    totals = [total + one for total, one in zip(totals, got)]
assert totals == [int(root.get(name)) for name in ("tests", "failures", "errors")]
"#;

#[test]
fn junit_is_valid_and_has_what_was_expected_and_the_transcript() {
    let folder = Folder::new("ci");
    let wrong = folder.write("wrong.toml", WRONG);
    let report = folder.path().join("report.xml");
    let file = report.to_str().unwrap();
    for (arguments, status, parts) in [
        (
            vec!["half-close"],
            0,
            vec![
                "tests=\"10\" failures=\"0\"",
                "name=\"4 client shutdown write\" classname=\"finwait.close.half-close\"",
                "shutdown(3, SHUT_WR) = 0",
                "wire    client -&gt; server  FIN,ACK",
            ],
        ),
        (
            vec![wrong.as_str()],
            1,
            vec![
                "<failure type=\"expectation\" message=\"returns: expected ECONNREFUSED, observed ok; state of client: expected LISTEN, observed ESTABLISHED\">",
                "A &lt;wrong&gt; expectation &amp; more",
                "<skipped message=\"a step before it was not as expected\"/>",
            ],
        ),
        (
            vec!["half-close", wrong.as_str(), "refused", "--keep-going"],
            1,
            vec![
                "name=\"half-close\"",
                "name=\"wrong\"",
                "name=\"refused\"",
                "connect(3, ",
            ],
        ),
        // One that is for IPv6 alone.
        (
            vec!["half-close", "prohibited-ipv6", "--offload", "--ipv6=false"],
            0,
            vec!["name=\"prohibited-ipv6\""],
        ),
    ] {
        let mut all = arguments.clone();
        all.extend(["--junit", file]);
        let ended = run(&folder, &all);
        assert_eq!(
            ended.status.code(),
            Some(status),
            "{arguments:?}: {}",
            text(&ended.stderr)
        );
        let xml = fs::read_to_string(&report).unwrap();
        for part in parts {
            assert!(xml.contains(part), "{arguments:?}: {part}\n{xml}");
        }
        python(JUNIT_SCHEMA, &[file]);
    }
    let ended = run(&folder, &["half-close", "--junit", "/no/such/folder/x.xml"]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(
        text(&ended.stderr).contains("--junit /no/such/folder/x.xml: No such file"),
        "{}",
        text(&ended.stderr)
    );
}

/// What did not run is in the report, too.
#[test]
fn what_was_not_begun_is_skipped_in_every_report() {
    let folder = Folder::new("ci");
    let wrong = folder.write("wrong.toml", WRONG);
    // One at a time, so that the others are not begun.
    let names: Vec<String> = (0..60)
        .map(|no| {
            folder.write(
                &format!("later{no}.toml"),
                WRONG.replace("ECONNREFUSED", "ok").replace("LISTEN", "ESTABLISHED"),
            )
        })
        .collect();
    let mut arguments: Vec<&str> = vec![&wrong];
    arguments.extend(names.iter().map(String::as_str));
    arguments.extend(["--tap", "--junit", "report.xml"]);
    let ended = run(&folder, &arguments);
    assert_eq!(ended.status.code(), Some(1));
    let tap = text(&ended.stdout);
    let points = tap
        .lines()
        .filter(|line| line.starts_with("ok ") || line.starts_with("not ok "));
    assert_eq!(points.count(), 61, "{tap}");
    assert!(tap.starts_with("TAP version 14\n1..61\n"), "{tap}");
    python(JUNIT_SCHEMA, &[&folder.file("report.xml")]);
}

/// A scenario whose program is not installed is one case, which was skipped; alone, it has the status of a missing program.
#[test]
fn a_scenario_whose_program_is_missing_is_one_skipped_case() {
    let folder = Folder::new("ci");
    let missing = folder.write(
        "missing.toml",
        r#"title = "It needs what nobody has"
summary = "It cannot run."
group = "programs"
lab = "isolated"
driven = { server = { run = "no-such-program-here" } }

[[step]]
client = "socket"
"#,
    );
    let ended = run(&folder, &["--allow-run", &missing, "--tap", "--junit", "report.xml"]);
    assert_eq!(ended.status.code(), Some(4));
    let tap = text(&ended.stdout);
    assert!(
        tap.contains("ok 1 - missing # SKIP it needs no-such-program-here"),
        "{tap}"
    );
    let report = folder.path().join("report.xml");
    python(JUNIT_SCHEMA, &[report.to_str().unwrap()]);
    let report = std::fs::read_to_string(report).unwrap();
    assert_eq!(report.matches("<testcase ").count(), 1, "{report}");
    assert!(report.contains("skipped=\"1\""), "{report}");
}

#[test]
fn tap_has_a_point_for_each_scenario_and_a_subtest_of_its_steps() {
    let folder = Folder::new("ci");
    let wrong = folder.write("wrong.toml", WRONG);
    let ended = run(&folder, &["refused", &wrong, "--keep-going", "--tap"]);
    assert_eq!(ended.status.code(), Some(1));
    let tap = text(&ended.stdout);
    for part in [
        "TAP version 14\n1..2\n",
        "# Subtest: refused\n    1..",
        "    ok 1 - client connect\n",
        "    not ok 2 - client connect\n      ---\n      differences:\n        - message: \"returns\"\n",
        "          expected: \"ECONNREFUSED\"\n          got: \"ok\"\n",
        "wrong.toml:10:11\"",
        "      ...\n    ok 3 - client close\n",
        " - wrong # time=",
        " - refused # time=",
    ] {
        assert!(tap.contains(part), "{part}\n{tap}");
    }
    // Nothing but TAP: test points, their blocks, comments.
    for line in tap.lines() {
        let is_tap = ["TAP version", "1..", "ok ", "not ok ", "#", "    "]
            .iter()
            .any(|begin| line.starts_with(begin));
        assert!(is_tap, "{line}");
    }
}

/// A program that does not end in time is one failure, however many ways there are to see it.
#[test]
fn an_awaited_end_that_does_not_come_is_one_failure() {
    let folder = Folder::new("ci");
    let text = "title = \"t\"\nsummary = \"s\"\ngroup = \"programs\"\nlab = \"isolated\"\n\
                [[step]]\nclient = \"run sleep 20\"\n\
                [[step]]\nclient = \"await exit within=300\"\nexits = { sleep = 0 }\nwithin = \"300ms\"\n";
    let late = folder.write("late.toml", text);
    let report = folder.path().join("report.xml");
    let ran = run(&folder, &["--allow-run", "--junit", report.to_str().unwrap(), &late]);
    let said = self::text(&ran.stdout);
    assert!(said.contains(", 1 differ,"), "{said}");
    let wanted =
        "exit of sleep: expected exited with status 0, observed sleep has not ended after 300 ms: it runs, pid";
    assert_eq!(said.matches(wanted).count(), 1, "{said}");
    assert!(!said.contains("returns: expected"), "{said}");
    let junit = fs::read_to_string(report).unwrap();
    assert!(
        junit.contains(&format!("<failure type=\"expectation\" message=\"{wanted}")),
        "{junit}"
    );
    assert!(junit.contains("failures=\"1\""), "{junit}");
}

/// The points and the suites come in the order that was asked for, whichever scenario ends first.
#[test]
fn reports_keep_the_order_that_was_asked_for() {
    let folder = Folder::new("ci");
    let report = folder.path().join("report.xml");
    let asked = ["half-close", "keepalive", "handshake", "full-close"];
    let mut arguments = vec!["--tap", "--junit", report.to_str().unwrap()];
    arguments.extend(asked);
    let said = text(&run(&folder, &arguments).stdout);
    let points: Vec<&str> = said.lines().filter(|line| line.starts_with("ok ")).collect();
    let junit = fs::read_to_string(&report).unwrap();
    let suites: Vec<&str> = junit.lines().filter(|line| line.contains("<testsuite ")).collect();
    assert_eq!((points.len(), suites.len()), (asked.len(), asked.len()), "{said}");
    for (place, name) in asked.iter().enumerate() {
        let point = format!("ok {} - {name}", place + 1);
        assert!(points[place].starts_with(&point), "{points:?}");
        let suite = format!("<testsuite id=\"{place}\" name=\"{name}\"");
        assert!(suites[place].contains(&suite), "{suites:?}");
    }
}

#[test]
fn github_is_told_where_the_file_differs() {
    let folder = Folder::new("ci");
    folder.write("wrong,1.toml", WRONG);
    let ended = run(&folder, &["./wrong,1.toml", "--github", "--tap"]);
    let annotations = text(&ended.stderr);
    assert_eq!(
        annotations.lines().collect::<Vec<_>>(),
        [
            "::error file=./wrong%2C1.toml,line=10,col=11,title=wrong%2C1%2C step 2 client connect::returns: expected ECONNREFUSED, observed ok%0Awhy: The connection is up.",
            "::error file=./wrong%2C1.toml,line=11,col=22,title=wrong%2C1%2C step 2 client connect::state of client: expected LISTEN, observed ESTABLISHED%0Awhy: The connection is up.",
        ]
        .map(|line| line.replace("The connection is up.", &why(&annotations)))
    );
    assert!(text(&ended.stdout).starts_with("TAP version 14\n"));
    // A file with a mistake in it.
    folder.write("bad.toml", WRONG.replace("group = \"close\"", "group = \"\""));
    let ended = run(&folder, &["./bad.toml", "--github"]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(
        text(&ended.stderr).contains("::error file=./bad.toml,line=3,col=10::"),
        "{}",
        text(&ended.stderr)
    );
    // A path within what was checked out is told from there on.
    let whole = folder.path().join("wrong,1.toml");
    let mut command = finwait();
    command
        .args(["--lab", "isolated", "run", "--github"])
        .arg(whole)
        .env("GITHUB_WORKSPACE", folder.path());
    assert!(text(&output(&mut command).stderr).starts_with("::error file=wrong%2C1.toml,line=10,"));
}

/// An installed finwait has its scenarios within: no report names a file that is not there.
#[test]
fn a_built_in_scenario_is_shown_and_is_no_file() {
    let folder = Folder::new("ci");
    let listens = "python3 -c \"import socket, time; s = socket.create_server(('', 8080)); print('up', flush=True); time.sleep(60)\"";
    let arguments = [
        "refused",
        "--server-run",
        listens,
        "--tap",
        "--github",
        "--junit",
        "report.xml",
    ];
    let ended = run(&folder, &arguments);
    assert_eq!(ended.status.code(), Some(1), "{}", text(&ended.stderr));
    let shown = text(&output(finwait().args(["show", "refused"])).stdout);
    let at = shown
        .lines()
        .position(|line| line.starts_with("returns") && line.contains("ECONNREFUSED"))
        .unwrap()
        + 1;
    let place = format!("refused (built in, line {at}; finwait show refused)");
    let tap = text(&ended.stdout);
    assert!(tap.contains(&format!("          at: \"{place}\"\n")), "{place}\n{tap}");
    let annotations = text(&ended.stderr);
    let first = annotations.lines().find(|line| line.starts_with("::error ")).unwrap();
    assert!(
        first
            .starts_with("::error title=refused%2C step 1 client connect::returns: expected ECONNREFUSED, observed ok"),
        "{first}"
    );
    assert!(first.ends_with(&format!("%0Aat {place}")), "{first}");
    let junit = folder.text("report.xml");
    assert!(
        junit.contains("<system-out>refused (built in; finwait show refused): "),
        "{junit}"
    );
    for report in [&tap, &annotations, &junit] {
        assert!(!report.contains("assets/"), "{report}");
    }
}

/// The sentence that says why, as the first annotation has it.
fn why(annotations: &str) -> String {
    let line = annotations.lines().next().unwrap_or_default();
    line.split("why: ").nth(1).unwrap_or_default().to_owned()
}

/// The steps of a composite action, as GitHub reads them: the value of each key, and the lines of `run`. Knows as much YAML as that file has.
fn steps(action: &str) -> Vec<BTreeMap<String, String>> {
    let mut steps: Vec<BTreeMap<String, String>> = Vec::new();
    let mut is_in_run = false;
    let after = action.split_once("  steps:\n").expect("a composite action has steps").1;
    for line in after.lines() {
        let depth = line.len() - line.trim_start().len();
        if is_in_run && (depth >= 8 || line.is_empty()) {
            let run = steps.last_mut().unwrap().get_mut("run").unwrap();
            run.push_str(line.get(8..).unwrap_or_default());
            run.push('\n');
            continue;
        }
        if line.starts_with("    - ") {
            steps.push(BTreeMap::new());
        }
        let (key, value) = line
            .trim_start_matches([' ', '-'])
            .split_once(':')
            .unwrap_or_else(|| panic!("{line}"));
        is_in_run = key == "run" && value.trim() == "|";
        let key = if depth >= 8 {
            format!("env.{key}")
        } else {
            key.to_owned()
        };
        let value = if is_in_run { "" } else { value.trim() };
        steps.last_mut().unwrap().insert(key, value.to_owned());
    }
    steps
}

/// The action's steps run under bash as GitHub runs them, with finwait on the PATH.
#[test]
fn the_action_runs_scenarios_and_leaves_a_report() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let action = fs::read_to_string(root.join("assets/ci/action.yml")).unwrap();
    let steps = steps(&action);
    assert_eq!(steps.len(), 2, "{steps:?}");
    let folder = Folder::new("ci");
    folder.write("wrong.toml", WRONG);
    let programs = Path::new(env!("CARGO_BIN_EXE_finwait")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    for (scenarios, status, told) in [
        ("half-close refused", 0, ""),
        ("half-close ./wrong.toml", 1, "::error file=./wrong.toml,line=10,"),
    ] {
        let outputs = folder.write("outputs", "");
        let inputs = [
            ("inputs.scenarios", scenarios),
            ("inputs.junit", "out.xml"),
            ("inputs.arguments", "--keep-going"),
            ("github.action_path", root.join("assets/ci").to_str().unwrap()),
        ]
        .map(|(name, value)| (format!("${{{{ {name} }}}}"), value.to_owned()));
        for (place, step) in steps.iter().enumerate() {
            assert_eq!(step["shell"], "bash");
            let script = folder.write("step.sh", &step["run"]);
            let mut command = Command::new("bash");
            // As GitHub does: `bash --noprofile --norc -eo pipefail {0}`.
            command.args(["--noprofile", "--norc", "-eo", "pipefail", &script]);
            command
                .current_dir(folder.path())
                .env("PATH", &path)
                .env("GITHUB_OUTPUT", &outputs);
            for (name, value) in step {
                let Some(name) = name.strip_prefix("env.") else {
                    continue;
                };
                let value = inputs
                    .iter()
                    .fold(value.clone(), |value, (of, input)| value.replace(of, input));
                assert!(!value.contains("${{"), "{value}");
                command.env(name, value);
            }
            let ended = output(&mut command);
            let wanted = if place == 1 { status } else { 0 };
            assert_eq!(ended.status.code(), Some(wanted), "{}", text(&ended.stderr));
            if place == 1 {
                assert!(text(&ended.stderr).contains(told), "{}", text(&ended.stderr));
            }
        }
        assert_eq!(fs::read_to_string(&outputs).unwrap(), "junit=out.xml\n");
        python(JUNIT_SCHEMA, &[&folder.file("out.xml")]);
    }
}

/// A way to run pytest; none where it is not installed.
fn pytest() -> Option<Command> {
    let ways: [&[&str]; 3] = [
        &["pytest"],
        &["python3", "-m", "pytest"],
        &["/usr/bin/python3", "-m", "pytest"],
    ];
    let found = ways.into_iter().find(|way| {
        let mut command = Command::new(way[0]);
        command.args(&way[1..]).arg("--version");
        command.output().is_ok_and(|ended| ended.status.success())
    })?;
    let mut command = Command::new(found[0]);
    command.args(&found[1..]);
    Some(command)
}

const PYTEST: &str = r#"
import pytest
from pytest_finwait import Refused

def test_a_half_close(finwait):
    finwait("server listen", "client connect", "server accept")
    step = finwait("client shutdown write")
    assert step.states["client"] == "FIN_WAIT2" and step.states["server"] == "CLOSE_WAIT"
    assert finwait("server read").outcome == {"ok": {"read": {"n": 0, "data": ""}}}
    assert "end of stream" in finwait("server read").why

def test_what_the_kernel_counts(finwait):
    step = finwait("server listen", "client connect", "server accept", "client write hello", "server close")
    assert step.counters("server")["TcpExtTCPAbortOnClose"] == 1
    assert "TcpExtTCPAbortOnClose" not in step.counters("client")
    assert finwait("client read").outcome == {"err": 104}

def test_a_refused_command(finwait):
    with pytest.raises(Refused, match="nonsense"):
        finwait("client nonsense")

def test_that_fails(finwait):
    assert finwait("client connect").outcome == {"ok": "done"}
"#;

#[test]
fn the_pytest_fixture_makes_a_lab_for_each_test() {
    let Some(mut command) = pytest() else {
        assert!(std::env::var_os("CI").is_none(), "pytest is not installed");
        println!("skipped: pytest is not installed");
        return;
    };
    let folder = Folder::new("ci");
    let tests = folder.write("test_tcp.py", PYTEST);
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/ci");
    command.args(["-p", "pytest_finwait", "-p", "no:cacheprovider", "-q", &tests]);
    command.env("PYTHONPATH", plugin).env("PYTHONDONTWRITEBYTECODE", "1");
    command
        .current_dir(folder.path())
        .env("FINWAIT", env!("CARGO_BIN_EXE_finwait"));
    let told = text(&output(&mut command).stdout);
    assert!(told.contains("1 failed, 3 passed"), "{told}");
    assert!(
        told.contains("test_that_fails") && told.contains("{'err': 111}"),
        "{told}"
    );
    let told = text(&output(command.env("FINWAIT", "/no/such/finwait")).stdout);
    assert!(
        told.contains("finwait is not there: /no/such/finwait") && told.contains("4 errors"),
        "{told}"
    );
}
