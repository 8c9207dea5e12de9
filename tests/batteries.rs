//! Batteries: what they say of programs whose ways are known, what they say of mistakes, and whether the measured pages are so here.

use finwait::battery::{Battery, page};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

mod support;
use support::folder::Folder;
use support::turns::{Turn, Turns};
use support::{finwait, text};

/// The folder of the programs of a page.
fn programs(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/measured").join(of)
}

/// A battery's programs are work, and are asked what they do within a time: one at a time.
fn turn() -> Turn<'static> {
    static TURNS: Turns = Turns::new(1);
    TURNS.take()
}

fn run(folder: &Path, args: &[&str]) -> Output {
    support::output_within(finwait().current_dir(folder).args(args), Duration::from_secs(600))
}

/// The verdict of each case that was run, in JSON's words.
fn verdicts(output: &Output) -> BTreeMap<String, String> {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(report["schema"], 1);
    let word = |case: &Value, key: &str| case[key].as_str().unwrap().to_owned();
    let cases = report["cases"].as_array().unwrap().iter();
    cases.map(|case| (word(case, "case"), word(case, "verdict"))).collect()
}

const PYTHON: &str = "/usr/bin/python3";

#[test]
fn a_naive_proxy_loses_the_answer_and_one_that_ends_each_direction_passes_it_on() {
    let _turn = turn();
    let folder = programs("proxies");
    let args = [
        "proxy",
        "--json",
        "--case",
        "half-close-client,half-close-backend",
        "--",
        PYTHON,
    ];
    for (program, verdict) in [("naive.py", "rest-lost"), ("half-close.py", "passed-on")] {
        let output = run(&folder, &[args.as_slice(), &[program]].concat());
        assert!(output.status.success(), "{output:?}");
        let seen = verdicts(&output);
        assert_eq!(seen["half-close-client"], verdict, "{program}: {output:?}");
        assert_eq!(seen["half-close-backend"], verdict, "{program}: {output:?}");
    }
}

#[test]
fn a_client_without_retries_fails_where_one_with_them_asks_again() {
    let _turn = turn();
    let folder = programs("http-clients");
    let asks_again = ["curl", "-sS", "--fail-early", "{url}1", "{url}2"];
    let fails = [PYTHON, "client.py", "http_client", "GET", "{url}"];
    for (command, verdict) in [(fails, "fails"), (asks_again, "asks-again")] {
        let args = ["http-client", "--json", "--case", "race-rst,race-fin", "--"];
        let output = run(&folder, &[args.as_slice(), &command].concat());
        assert!(output.status.success(), "{output:?}");
        let seen = verdicts(&output);
        assert_eq!(seen["race-rst"], verdict, "{command:?}: {output:?}");
        assert_eq!(seen["race-fin"], verdict, "{command:?}: {output:?}");
    }
}

#[test]
fn the_verdict_comes_with_states_and_segments_in_eighty_columns() {
    let _turn = turn();
    let folder = programs("proxies");
    let own = Folder::new("junit");
    let report = own.path().join("junit.xml");
    let junit = report.to_str().unwrap();
    let args = [
        "proxy",
        "--case",
        "rst-client",
        "--expect",
        "rst-client=passed-on",
        "--junit",
        junit,
        "--",
        PYTHON,
        "naive.py",
    ];
    let output = run(&folder, &args);
    let printed = text(&output.stdout);
    // It turns the client's RST into a FIN, and that is not what was expected.
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(
        text(&output.stderr),
        "finwait: rst-client: as FIN, and passed on was expected\n",
        "{output:?}"
    );
    assert!(
        printed.contains("as FIN") && printed.contains("backend read: EOF, in CLOSE_WAIT"),
        "{printed}"
    );
    assert!(printed.lines().all(|line| line.chars().count() <= 80), "{printed}");
    let junit = std::fs::read_to_string(&report).unwrap();
    assert!(
        junit.contains("tests=\"1\" failures=\"1\"") && junit.contains("name=\"rst-client\""),
        "{junit}"
    );
}

#[test]
fn a_cell_is_a_scenario_that_anyone_can_run() {
    let _turn = turn();
    let folder = programs("proxies");
    for (program, status) in [("naive.py", 1), ("half-close.py", 0)] {
        let cell = run(
            &folder,
            &["proxy", "--scenario", "half-close-client", "--", PYTHON, program],
        );
        assert!(cell.status.success(), "{cell:?}");
        let own = Folder::new(program);
        let file = own.path().join(format!("{program}.toml"));
        std::fs::write(&file, &cell.stdout).unwrap();
        let path = file.to_str().unwrap();
        assert!(run(&folder, &["check", path]).status.success());
        let output = run(&folder, &["run", "--allow-run", path]);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{program}: {}",
            text(&output.stdout)
        );
    }
}

#[test]
fn a_proxy_whose_backend_is_elsewhere_is_told_so_with_its_own_words() {
    let _turn = turn();
    let socat = ["TCP-LISTEN:8080,fork,reuseaddr", "TCP:elsewhere:9000"];
    let args = [
        "proxy",
        "--case",
        "fin-with-data,idle",
        "--",
        "socat",
        socat[0],
        socat[1],
    ];
    let output = run(&programs("proxies"), &args);
    let flowing = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "data lost with no connection to the backend",
        "not measured: the proxy connects to no backend: finwait's server waits at the port of --backend, as 127.0.0.1 and as the name server",
        "it says: ",
        "getaddrinfo(\"elsewhere\"",
    ] {
        assert!(flowing.contains(said), "{said}: {flowing}");
    }
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_program_that_is_no_proxy_is_not_measured_and_a_mistake_is_one_sentence() {
    let _turn = turn();
    let folder = programs("proxies");
    for (args, status, said) in [
        (
            &["proxy", "--case", "idle", "--", "no-such-proxy"][..],
            3,
            "finwait: no case was measured: it needs no-such-proxy, which is not installed",
        ),
        (
            &["proxy", "--case", "idle,rst-client", "--", "true"],
            3,
            "finwait: no case was measured: nothing on the server's host listens at port 8080 any more: true exited with status 0",
        ),
        (
            &["proxy", "--case", "idlee", "--", "true"],
            2,
            "proxy has no case idlee; did you mean idle?",
        ),
        (
            &["proxy", "--expect", "idle", "--", "true"],
            2,
            "--expect idle is no CASE=VERDICT",
        ),
        (
            &["proxy", "--expect", "idle=wait", "--", "true"],
            2,
            "wait is no verdict; did you mean waits?",
        ),
        (&["proxy"], 2, "COMMAND"),
        (&["proxy", "--page", "../proxies.toml"], 2, "--allow-run"),
        (
            &["http-client", "--allow-run", "--page", "../proxies.toml"],
            2,
            "is a page of finwait proxy",
        ),
        (
            &["proxy", "--allow-run", "--page", "../proxies.toml", "--row", "socta"],
            2,
            "no row socta; did you mean socat?",
        ),
        (
            &["proxy", "--lab", "loopback", "--", "true"],
            3,
            "it needs the isolated lab",
        ),
    ] {
        let output = run(&folder, args);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {output:?}");
        assert!(error.contains(said) && error.lines().count() == 1, "{args:?}: {error}");
    }
}

/// Measures the programs of a page that are installed here, and holds the verdicts against the page's.
fn compared(battery: Battery, name: &str, cases: &str, left_out: &[&str]) {
    let _turn = turn();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let file = format!("measured/{name}.toml");
    let source = std::fs::read_to_string(docs.join(&file)).unwrap();
    let rows = page::Page::read(&file, &source).unwrap().rows;
    let rows: Vec<&str> = rows
        .iter()
        .map(|row| row.name.as_str())
        .filter(|row| !left_out.contains(row))
        .collect();
    let shown = page::cells(
        &std::fs::read_to_string(docs.join(format!("{name}.md"))).unwrap(),
        battery,
    );
    let mut args = vec![
        battery.name(),
        "--allow-run",
        "--page",
        &file,
        "--json",
        "--case",
        cases,
    ];
    // A row's name may have a comma in it.
    for row in &rows {
        args.extend(["--row", row]);
    }
    let output = run(&docs, &args);
    assert!(output.status.success(), "{output:?}");
    let measured: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for row in measured["rows"].as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        if let Some(why) = row["missing"].as_str() {
            println!("skipped: {name} is not installed: {why}");
            continue;
        }
        for case in row["cases"].as_array().unwrap() {
            let words = finwait::battery::Verdict::named(case["verdict"].as_str().unwrap())
                .unwrap()
                .words();
            let of_it = |cell: &&(String, &str, String)| cell.0 == name && cell.1 == case["case"];
            match shown.iter().find(of_it) {
                None => wrong.push(format!("{name} has no row in the page")),
                Some((_, _, cell)) if cell == page::NOT_INSTALLED => {
                    println!("skipped: {name}: the page has no verdict")
                }
                Some((_, case_name, cell)) => {
                    compared += 1;
                    if cell != words {
                        wrong.push(format!(
                            "{name}, {case_name}: the page says {cell}, and here it is {words}: {case}"
                        ));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "make the page again, or find out why:\n{}",
        wrong.join("\n")
    );
    assert!(compared > 0, "nothing of the page is installed here");
}

#[test]
fn the_page_of_proxies_says_what_is_so_here() {
    let cases = "half-close-client,half-close-backend,fin-with-data,rst-client,rst-backend,slow-reader,backend-refused";
    compared(Battery::Proxy, "proxies", cases, &[]);
}

#[test]
fn the_page_of_http_clients_says_what_is_so_here() {
    // These would be compiled with all that they depend on.
    let compiled = ["reqwest, GET", "reqwest, POST", "ureq, GET", "ureq, POST"];
    compared(
        Battery::HttpClient,
        "http-clients",
        "race-rst,race-fin,fin-within",
        &compiled,
    );
}
