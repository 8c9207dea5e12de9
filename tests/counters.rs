//! The kernel's counters: told step by step, expected by scenarios, and the page on what moves them.
//!
//! `UPDATE_COUNTERS=1 cargo test --test counters the_page` runs the whole catalog here and makes `assets/counters.json` and
//! `docs/counters.md` anew; with `UPDATE_COUNTERS=page` only the page, of what was measured last.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use finwait::explain::counters::{COUNTERS, CounterMeaning};
use finwait::explain::rules::RULES;
use finwait::measured::{MeasuredCounters, MovedIn};
use finwait::recording::{Played, Recording, Replay};
use finwait::scenario::catalog;
use finwait::scenario::report::ReportLine;
use finwait::session::chain::chain;
use serde_json::Value;

#[path = "support/mod.rs"]
mod support;

use support::folder::Folder;
use support::{Lab, finwait, output, output_within};

/// How often the catalog is run for the page.
const RUNS: usize = 3;
/// How long the whole catalog may take.
const CATALOG_BOUND: Duration = Duration::from_secs(300);

/// The lines of JSON that `finwait ARGUMENTS` prints.
fn lines(arguments: &[&str]) -> Vec<Value> {
    let ended = output(finwait().args(arguments));
    let text = String::from_utf8(ended.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A connection with an unread byte at the server, which closes.
const UNREAD: [&str; 5] = [
    "server listen",
    "client connect",
    "server accept",
    "client write hello",
    "server close",
];

/// What was counted by a host in each command, by nstat's name.
fn counted(lines: &[Value], side: &str) -> Vec<Vec<(String, u64)>> {
    let mut commands = Vec::new();
    for line in lines {
        match (line["kind"].as_str(), line["side"].as_str()) {
            (Some("command"), _) => commands.push(Vec::new()),
            (Some("counters"), Some(of)) if of == side => {
                let moved = line["moved"].as_object().unwrap().iter();
                let moved = moved.map(|(name, by)| (name.clone(), by.as_u64().unwrap()));
                commands.last_mut().expect("a command before it").extend(moved);
            }
            _ => {}
        }
    }
    commands
}

/// Of a step all that moved, and nothing that moved in another.
#[test]
fn each_step_has_what_its_kernel_counted() {
    for family in [&[][..], &["--ipv6"]] {
        let arguments: Vec<&str> = ["--lab", "isolated"]
            .iter()
            .chain(family)
            .chain(&["do", "--json"])
            .chain(&UNREAD)
            .copied()
            .collect();
        let lines = lines(&arguments);
        let (client, server) = (counted(&lines, "client"), counted(&lines, "server"));
        let by = |step: &[(String, u64)], name: &str| step.iter().find(|(moved, _)| moved == name).map(|(_, by)| *by);
        for (name, steps) in [
            ("TcpExtTCPAbortOnClose", [None, None, None, None, Some(1)]),
            ("TcpOutRsts", [None, None, None, None, Some(1)]),
            ("TcpPassiveOpens", [None, Some(1), None, None, None]),
            ("TcpInSegs", [None, Some(2), None, Some(1), None]),
        ] {
            let moved: Vec<Option<u64>> = server.iter().map(|step| by(step, name)).collect();
            assert_eq!(moved, steps, "{name} {family:?}");
        }
        let arrived: Vec<Option<u64>> = server.iter().map(|step| by(step, "Ip6InReceives")).collect();
        let expected = [None, Some(2), None, Some(1), None].map(|came| came.filter(|_| !family.is_empty()));
        assert_eq!(arrived, expected, "{family:?}");
        let resets: Vec<Option<u64>> = client.iter().map(|step| by(step, "TcpEstabResets")).collect();
        assert_eq!(resets, [None, None, None, None, Some(1)], "{family:?}");
    }
}

/// As text only what tells something, unless all are asked for; in the loopback lab nothing, since the machine's mix with others'.
#[test]
fn what_every_segment_moves_is_printed_on_request() {
    let print = |lab: Lab, more: &[&str]| {
        let ended = output(finwait().args(lab.args()).arg("do").args(more).args(UNREAD));
        let text = String::from_utf8(ended.stdout).unwrap();
        let counts = text
            .lines()
            .filter(|line| line.get(11..).is_some_and(|line| line.starts_with("counts")));
        counts.map(|line| line[19..].to_owned()).collect::<Vec<_>>()
    };
    for family in [&[][..], &["--ipv6"]] {
        let telling = print(Lab::Isolated, family);
        assert_eq!(
            telling,
            [
                "client: TcpEstabResets 1",
                "server: TCPAbortOnClose 1, TcpEstabResets 1, TcpOutRsts 1"
            ],
            "{family:?}"
        );
    }
    let all = print(Lab::Isolated, &["--all-counters"]);
    assert!(
        all.len() > 2 && all.iter().any(|line| line.contains("TcpInSegs 2")),
        "{all:?}"
    );
    assert!(print(Lab::Loopback, &["--all-counters"]).is_empty());
}

/// A scenario of those steps with an expectation of counters in the last.
fn expecting(counters: &str) -> String {
    let mut text = String::from("title = \"t\"\nsummary = \"s\"\ngroup = \"close\"\n");
    for command in UNREAD {
        let (side, command) = command.split_once(' ').unwrap();
        let _ = write!(text, "\n[[step]]\n{side} = \"{command}\"\n");
    }
    text + &format!("counters = {counters}\nwithin = \"2s\"\n")
}

/// Runs a scenario of that text; its exit status and what it prints, on standard error, too.
fn run(lab: Lab, text: &str) -> (Option<i32>, String) {
    let own = Folder::new("counters");
    let file = own.path().join("counters.toml");
    std::fs::write(&file, text).unwrap();
    let ended = output(finwait().args(lab.args()).arg("run").arg(&file));
    let text = String::from_utf8(ended.stdout).unwrap() + &String::from_utf8(ended.stderr).unwrap();
    (ended.status.code(), text)
}

#[test]
fn a_step_expects_how_far_a_counter_moves_in_it() {
    for (counters, is_so) in [
        ("{ server = { TCPAbortOnClose = 1 } }", true),
        (
            "{ server = { TcpExtTCPAbortOnClose = \">0\", TcpOutRsts = 1 }, client = { TcpEstabResets = 1 } }",
            true,
        ),
        // It moved in a step before.
        ("{ client = { TcpActiveOpens = 0 } }", true),
        ("{ server = { TCPAbortOnClose = 2 } }", false),
        ("{ client = { TCPAbortOnClose = 1 } }", false),
        ("{ client = { TcpEstabResets = 0 } }", false),
    ] {
        let (status, text) = run(Lab::Isolated, &expecting(counters));
        assert_eq!(status, Some(i32::from(!is_so)), "{counters}: {text}");
    }
    let (_, text) = run(Lab::Isolated, &expecting("{ server = { TCPAbortOnClose = 2 } }"));
    assert!(
        text.contains(":19:43: TCPAbortOnClose of server: expected 2, observed 1"),
        "{text}"
    );
    assert!(
        text.contains("counters: client TcpEstabResets 1; server TCPAbortOnClose 1"),
        "{text}"
    );
}

#[test]
fn the_loopback_lab_has_no_counters_of_its_own() {
    let (status, text) = run(Lab::Loopback, &expecting("{ server = { TCPAbortOnClose = 7 } }"));
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("1 not visible here"), "{text}");
}

#[test]
fn a_counter_or_a_host_that_is_not_known_is_named_with_what_would_be_right() {
    for (counters, why) in [
        (
            "{ server = { TCPAbortOnclose = 1 } }",
            "finwait knows no counter \"TCPAbortOnclose\"; did you mean TCPAbortOnClose?",
        ),
        (
            "{ peer = { TCPAbortOnClose = 1 } }",
            "a host is client or server, not \"peer\": { client = { TCPAbortOnClose = 1 } }",
        ),
        (
            "{ server = { TCPAbortOnClose = \"one\" } }",
            "a counter is a number, like 1 or \">0\"",
        ),
        (
            "{ server = 1 }",
            "this is a number, and must be a table like { TCPAbortOnClose = 1 }",
        ),
    ] {
        let (status, text) = run(Lab::Isolated, &expecting(counters));
        assert_eq!(status, Some(2), "{counters}: {text}");
        assert!(text.contains(why), "{counters}: {text}");
    }
}

/// The reports of scenarios that run here, whatever they expect.
fn reports(arguments: &[&str]) -> MeasuredCounters {
    let mut command = finwait();
    command
        .args(["--lab", "isolated", "run", "--keep-going", "--json"])
        .args(arguments);
    let ended = output_within(&mut command, CATALOG_BOUND);
    let text = String::from_utf8(ended.stdout).unwrap();
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut measured = MeasuredCounters {
        // Without what a distribution appends.
        kernel: release.split('-').next().unwrap_or_default().trim().to_owned(),
        ..MeasuredCounters::default()
    };
    // In the catalog's order, whichever ended first.
    let mut steps: Vec<_> = text
        .lines()
        .filter_map(|line| match serde_json::from_str(line) {
            Ok(ReportLine::Step(step)) => Some(step),
            _ => None,
        })
        .collect();
    steps.sort_by_key(|step| (step.scenario.clone(), step.no));
    steps.iter().for_each(|step| measured.add(step));
    measured
}

/// What moved alike in two runs.
fn both(one: MeasuredCounters, other: MeasuredCounters) -> MeasuredCounters {
    let mut measured = one;
    for (name, moved) in &mut measured.moved {
        for MovedIn { scenario, steps } in moved.iter_mut() {
            let others = other.moved(name).iter().find(|moved| moved.scenario == *scenario);
            steps.retain(|at| others.is_some_and(|others| others.steps.contains(at)));
        }
        moved.retain(|moved| !moved.steps.is_empty());
    }
    measured.moved.retain(|_, moved| !moved.is_empty());
    measured
}

/// The page is what was measured, in words.
#[test]
fn the_page_is_made_of_what_was_measured() {
    let folder = env!("CARGO_MANIFEST_DIR");
    let (page_file, json_file) = (
        format!("{folder}/docs/counters.md"),
        format!("{folder}/assets/counters.json"),
    );
    let update = std::env::var_os("UPDATE_COUNTERS");
    if update.as_ref().is_some_and(|what| what == "page") {
        std::fs::write(&page_file, page(MeasuredCounters::kept())).unwrap();
    } else if update.is_some() {
        // On a busy machine timers run out that otherwise do not: what stands here moved alike each time.
        let measured = [(); RUNS]
            .map(|()| reports(&["--all"]))
            .into_iter()
            .reduce(both)
            .unwrap();
        let scenarios: BTreeSet<&str> = measured
            .moved
            .values()
            .flatten()
            .map(|moved| moved.scenario.as_str())
            .collect();
        assert!(scenarios.len() > 50, "this lab ran {} scenarios", scenarios.len());
        std::fs::write(&json_file, serde_json::to_string(&measured).unwrap() + "\n").unwrap();
        std::fs::write(&page_file, page(&measured)).unwrap();
        return;
    }
    assert_eq!(
        std::fs::read_to_string(page_file).unwrap(),
        page(MeasuredCounters::kept()),
        "run UPDATE_COUNTERS=1 cargo test --test counters the_page, and build anew"
    );
}

/// Which scenarios moved a counter, and in which steps.
fn page(measured: &MeasuredCounters) -> String {
    let mut page = format!(
        "# Kernel counters and what moves them\n\n\
         What `nstat` and `netstat -s` print is counted by the kernel, host by host (`/proc/net/netstat`, `/proc/net/snmp`, with IPv6 `/proc/net/snmp6`).\n\
         finwait reads the counters of both hosts of the isolated lab when all is quiet, and tells what has moved in each step: as `counts` in `finwait do` and\n\
         in the log, as an expectation of a scenario, and behind *why?*. Here is what each means, the kernel's function that moves it, and the\n\
         scenarios and steps of the catalog that moved it, alike in {RUNS} runs on Linux {}. `finwait run NAME` shows it on yours, and\n\
         `finwait explain TCPAbortOnClose` says the same of one. `Ip6` and `Icmp6` are IPv6's, `Ip` and `Icmp` IPv4's.\n\n\
         `UPDATE_COUNTERS=1 cargo test --test counters the_page` runs the catalog and makes this page.\n\n\
         ## Moved by the catalog\n",
        measured.kernel
    );
    let is_known = |name: &str| COUNTERS.iter().any(|counter| counter.name == name);
    for counter in COUNTERS
        .iter()
        .filter(|counter| !measured.moved(counter.name).is_empty())
    {
        let _ = write!(
            page,
            "\n### {}\n\n{}\n`{}`\n\n",
            counter.shown(),
            counter.means,
            counter.place()
        );
        page.push_str(&moved_in(measured.moved(counter.name)));
    }
    for (name, moved) in measured.moved.iter().filter(|(name, _)| !is_known(name)) {
        let _ = write!(page, "\n### {name}\n\nfinwait knows nothing of it.\n\n");
        page.push_str(&moved_in(moved));
    }
    let table = |page: &mut String, title: &str, head: &str, rows: &dyn Fn(&CounterMeaning) -> Option<String>| {
        let _ = write!(
            page,
            "\n## {title}\n\n| counter | what moves it | {head} |\n| --- | --- | --- |\n"
        );
        for counter in COUNTERS {
            if let Some(last) = rows(counter) {
                let _ = writeln!(page, "| `{}` | {} | {last} |", counter.shown(), counter.means);
            }
        }
    };
    table(&mut page, "Left out unless all are asked for", "why", &|counter| {
        counter.left_out.map(str::to_owned)
    });
    table(&mut page, "Not moved by the catalog", "where", &|counter| {
        (counter.left_out.is_none() && measured.moved(counter.name).is_empty())
            .then(|| format!("`{}`", counter.place()))
    });
    page
}

fn moved_in(moved: &[MovedIn]) -> String {
    let line = |moved: &MovedIn| format!("- `{}`: {}\n", moved.scenario, moved.steps_listed());
    moved.iter().map(line).collect()
}

/// What does not hang on the machine's speed is measured again as it was.
#[test]
fn a_sample_of_what_was_measured_holds_here() {
    const SAMPLE: [&str; 6] = [
        "half-close",
        "linger-zero",
        "refused",
        "shutdown-both",
        "no-route",
        "write-after-close",
    ];
    const STEADY: [&str; 6] = [
        "TcpExtTCPAbortOnClose",
        "TcpExtTCPAbortOnData",
        "TcpAttemptFails",
        "TcpEstabResets",
        "TcpOutRsts",
        "IpOutNoRoutes",
    ];
    let here = reports(&SAMPLE);
    let mut compared = 0;
    for counter in STEADY {
        let of_sample = |measured: &MeasuredCounters| -> Vec<MovedIn> {
            let moved = measured.moved(counter).iter();
            moved
                .filter(|moved| SAMPLE.contains(&moved.scenario.as_str()))
                .cloned()
                .collect()
        };
        let (here, kept) = (of_sample(&here), of_sample(MeasuredCounters::kept()));
        assert_eq!(here, kept, "{counter}");
        compared += kept.len();
    }
    assert!(compared >= SAMPLE.len(), "{compared}");
}

/// A rule that the kernel counts: the scenario that proves it has moved one of its counters.
#[test]
fn the_proof_of_a_rule_moves_its_counter() {
    let kept = MeasuredCounters::kept();
    for rule in RULES.iter().filter(|rule| !rule.counted.is_empty()) {
        let is_counted = |name: &&str| {
            let counter = finwait::explain::counters::counter(name).unwrap();
            kept.moved(counter.name)
                .iter()
                .any(|moved| moved.scenario == rule.proof)
        };
        let missing: Vec<&&str> = rule.counted.iter().filter(|name| !is_counted(name)).collect();
        assert!(
            missing.len() < rule.counted.len(),
            "{}: {} moves none of {missing:?}",
            rule.id,
            rule.proof
        );
    }
}

/// What was measured names what there is.
#[test]
fn the_measured_scenarios_are_in_the_catalog() {
    let kept = MeasuredCounters::kept();
    for moved in kept.moved.values().flatten() {
        assert!(catalog::entry(&moved.scenario).is_some(), "{}", moved.scenario);
    }
    assert!(kept.moved.len() >= 30, "{}", kept.moved.len());
}

#[test]
fn explain_answers_with_what_moves_a_counter() {
    let explained = |arguments: &[&str]| {
        let ended = output(finwait().arg("explain").args(arguments));
        assert!(ended.status.success(), "{arguments:?}");
        String::from_utf8(ended.stdout).unwrap()
    };
    let text = explained(&["TCPAbortOnClose"]);
    for part in [
        "TCPAbortOnClose: a counter of the kernel",
        "closed with unread data",
        "moved by:   net/ipv4/tcp.c: __tcp_close()",
        "read it:    nstat -az TcpExtTCPAbortOnClose, or /proc/net/netstat",
        "try:        finwait run ",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert_eq!(explained(&["tcpexttcpabortonclose"]), text);
    assert!(explained(&["TcpInSegs"]).contains("left out:   every segment moves it"));
    // Behind an errno, the counter of each cause.
    let text = explained(&["ETIMEDOUT"]);
    assert!(
        text.contains("counted as: TCPAbortOnTimeout (net/ipv4/tcp_timer.c: tcp_write_err())"),
        "{text}"
    );
    let json: Value = serde_json::from_str(&explained(&["TCPAbortOnTimeout", "--json"])).unwrap();
    assert_eq!(json["counters"][0]["name"], "TcpExtTCPAbortOnTimeout");
    assert!(
        json["counters"][0]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .any(|rule| rule == "connect-timed-out")
    );
}

/// Behind a call stands what the kernel counted when it happened: what set its error, or the call itself; in a recording, too.
#[test]
fn why_names_what_the_kernel_counted() {
    let own = Folder::new("counters");
    let file = own.path().join("counters.jsonl");
    let mut command = finwait();
    command
        .args(Lab::Isolated.args())
        .arg("--record")
        .arg(&file)
        .arg("do")
        .args(&UNREAD[..4])
        .args(["server so-error", "server close", "client read", "client write"]);
    assert!(output(&mut command).status.success());
    let recording = std::fs::read(&file).unwrap();
    let (replay, _) = Replay::new(Recording::read(recording.as_slice()).unwrap());
    let mut counted = Vec::new();
    let played = replay.recording().play(|played| -> Result<(), String> {
        let Played::End { session, .. } = played else {
            return Ok(());
        };
        for entry in session.transcript.entries() {
            let Some(call) = entry.finished() else { continue };
            let chain = chain(session, call.call()).ok_or("no chain")?;
            let words = chain.counted.and_then(|no| session.transcript.entry(no));
            counted.push((call.name.name(), words.map(|entry| entry.lines().join(" "))));
        }
        Ok(())
    });
    played.unwrap();
    let last: Vec<(&str, Option<&str>)> = counted.iter().map(|(name, words)| (*name, words.as_deref())).collect();
    assert_eq!(
        last[last.len() - 5..],
        [
            // What every segment moves is nothing to name, nor what the next call has moved.
            ("write", None),
            ("so-error", None),
            (
                "close",
                Some("server: TCPAbortOnClose 1, TcpEstabResets 1, TcpOutRsts 1")
            ),
            // By the RST that set its error, which came before the call.
            ("read", Some("client: TcpEstabResets 1")),
            ("write", None),
        ]
    );
}
