//! What people expect of a tool: completions in each shell, man pages, colours, a pager, the version, folders of scenarios.

use finwait::cli;
use finwait::completion::candidates;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

mod support;
use support::folder::Folder;
use support::{finwait, output, text};

/// Is that program here? CI has it.
fn is_here(program: &str) -> bool {
    let here = Command::new(program).arg("--version").output().is_ok();
    assert!(here || std::env::var_os("CI").is_none(), "{program} is not here");
    here
}

/// A shell that finds the binary under its name.
fn shell(name: &str, arguments: &[&str], script: &str) -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_finwait")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(name);
    command
        .args(arguments)
        .arg(script)
        .env("PATH", path)
        .env("HOME", "/nowhere");
    let output = output(&mut command);
    assert_eq!(text(&output.stderr), "", "{name}");
    text(&output.stdout)
}

/// What each shell offers, for command lines up to the cursor.
const COMPLETED: [(&[&str], &str); 6] = [
    (&["expl"], "explain"),
    (&["run", "half-cl"], "half-close"),
    (&["tour", "half-close-b"], "half-close-beside-full-close"),
    (&["--lab", "iso"], "isolated"),
    (&["--theme", "proj"], "projector"),
    (&["do", "--cl"], "--client-run"),
];

#[test]
fn bash_completes() {
    for (words, wanted) in COMPLETED {
        let line = words.join(" ");
        let script = format!(
            "source <(finwait completions bash); COMP_WORDS=(finwait {line}); COMP_CWORD={}; _finwait; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.len()
        );
        let offered = shell("bash", &["--norc", "-c"], &script);
        assert!(offered.lines().any(|word| word == wanted), "{line}: {offered}");
    }
    // Bash breaks a word at =, and what has a blank is quoted, unless it is already.
    let script = "source <(finwait completions bash); COMP_WORDS=(finwait do --lab = iso); COMP_CWORD=4; _finwait; echo \"${COMPREPLY[@]}\"";
    assert_eq!(shell("bash", &["--norc", "-c"], script), "isolated\n");
    for (word, wanted) in [
        ("client\\ conn", "client\\ connect"),
        ("'\"client conn'", "client connect"),
    ] {
        let script = format!(
            "source <(finwait completions bash); COMP_WORDS=(finwait do {word}); COMP_CWORD=2; _finwait; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        assert_eq!(
            shell("bash", &["--norc", "-c"], &script),
            format!("{wanted}\n"),
            "{word}"
        );
    }
}

#[test]
fn zsh_completes() {
    if !is_here("zsh") {
        return;
    }
    // What zsh's own functions are given.
    let stubs = "compdef() { :; }; _describe() { print -rl -- \"${(@P)4}\"; }; _files() { print files; }";
    for (words, wanted) in COMPLETED {
        let line = words.join(" ");
        let script = format!(
            "{stubs}; eval \"$(finwait completions zsh)\"; words=(finwait {line}); CURRENT={}; _finwait",
            words.len() + 1
        );
        let offered = shell("zsh", &["-f", "-c"], &script);
        let offers = |line: &str| line.split(':').next() == Some(wanted);
        assert!(offered.lines().any(offers), "{line}: {offered}");
    }
    let script = format!("{stubs}; eval \"$(finwait completions zsh)\"; words=(finwait open ''); CURRENT=3; _finwait");
    assert_eq!(shell("zsh", &["-f", "-c"], &script), "files\n");
}

#[test]
fn fish_completes() {
    if !is_here("fish") {
        return;
    }
    for (words, wanted) in COMPLETED {
        let line = words.join(" ");
        let script = format!("finwait completions fish | source; complete -C 'finwait {line}'");
        let offered = shell("fish", &["--no-config", "-c"], &script);
        let offers = |line: &str| line.split('\t').next() == Some(wanted);
        assert!(offered.lines().any(offers), "{line}: {offered}");
    }
}

#[test]
fn each_command_has_a_man_page() {
    let folder = Folder::new("man");
    let made = output(finwait().arg("man").arg(folder.path()));
    assert!(made.status.success(), "{}", text(&made.stderr));
    let page = |name: &str| folder.text(name);
    assert!(page("finwait.1").contains(".TH"));
    assert!(page("finwait-do.1").contains("patience"));
    // What --help leaves out is here.
    for option in ["mermaid", "screen\\-theme"] {
        assert!(page("finwait-do.1").contains(&format!("\\-\\-{option}")), "{option}");
    }
    assert!(page("finwait.1").contains("\\-\\-client\\-command"));
    assert!(page("finwait-do.1").contains("The time\\-sequence diagram in Mermaid"));
    assert!(page("finwait.1").contains("Drive the client with your own endpoint"));
    let pages = folder.names().len();
    assert!(pages > 15, "{pages}");
    for hidden in ["finwait-endpoint.1", "finwait-complete.1"] {
        assert!(!folder.path().join(hidden).exists());
    }
    if is_here("man") {
        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let shown = output(
                Command::new("man")
                    .args(["--warnings", "-l"])
                    .arg(&path)
                    .env("MANWIDTH", "80"),
            );
            assert_eq!(text(&shown.stderr), "", "{}", path.display());
            assert!(text(&shown.stdout).contains("SYNOPSIS"), "{}", path.display());
        }
    }
}

#[test]
fn the_version_says_what_was_built_and_what_it_has_here() {
    let short = text(&output(finwait().arg("-V")).stdout);
    let version = concat!("finwait ", env!("CARGO_PKG_VERSION"));
    assert!(short.starts_with(version) && short.lines().count() == 1, "{short}");
    let long = text(&output(finwait().arg("--version")).stdout);
    assert!(long.starts_with(short.trim_end()), "{long}");
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    assert!(long.contains(&format!("kernel: Linux {kernel}")), "{long}");
    assert!(
        long.contains("\nisolated lab: ") && long.contains("\nends in: native"),
        "{long}"
    );
}

const RESET: [&str; 7] = [
    "do",
    "server listen",
    "client connect",
    "server accept",
    "client rst-close",
    "server read",
    "server read",
];

/// Standard output without escape sequences.
fn stripped(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + part.split_once('m').map_or("", |(_, after)| after)
    })
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let run = |arguments: &[&str], variable: Option<&str>| {
        let mut command = finwait();
        command
            .args(arguments)
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE");
        if let Some(variable) = variable {
            command.env(variable, "1");
        }
        text(&output(&mut command).stdout)
    };
    let explained = ["explain", "ECONNRESET"];
    let plain = run(&explained, None);
    assert!(!plain.contains('\x1b') && plain.contains("ECONNRESET"));
    for (arguments, variable) in [
        (["--color", "always"], None),
        (["--color", "auto"], Some("CLICOLOR_FORCE")),
    ] {
        let coloured = run(&[&explained[..], &arguments[..]].concat(), variable);
        assert!(coloured.contains("\x1b["), "{arguments:?}");
        assert_eq!(stripped(&coloured), plain);
    }
    assert_eq!(
        run(
            &[&explained[..], &["--color", "never"]].concat(),
            Some("CLICOLOR_FORCE")
        ),
        plain
    );
    // JSON never has any.
    let json = run(&[&explained[..], &["--json", "--color", "always"]].concat(), None);
    assert!(!json.contains('\x1b') && json.starts_with('{'));
    // A run is as plain, and as coloured; the states are the screen's.
    let coloured = run(
        &[&["--lab", "loopback", "--color", "always"], &RESET[..]].concat(),
        None,
    );
    assert!(coloured.contains("\x1b[30;42mESTABLISHED\x1b[0m"), "{coloured}");
    assert!(!run(&[&["--lab", "loopback"], &RESET[..]].concat(), None).contains('\x1b'));
    let json = run(
        &[&["--lab", "loopback", "--color", "always"], &RESET[..], &["--json"]].concat(),
        None,
    );
    assert!(!json.contains('\x1b'));
}

/// The id behind a why is one that finwait explain knows.
#[test]
fn the_rule_behind_an_errno_is_printed_and_found() {
    let said = text(&output(finwait().args(["--lab", "loopback"]).args(RESET)).stdout);
    let why = said
        .lines()
        .find(|line| line.contains("  why ") && line.ends_with(']'))
        .expect(&said);
    let id = why.rsplit_once('[').unwrap().1.trim_end_matches(']');
    assert_eq!(id, "reset", "{said}");
    for word in [id, "[reset]"] {
        let told = output(finwait().args(["explain", word]));
        assert!(told.status.success(), "{word}");
        assert!(
            text(&told.stdout).starts_with("reset: a rule for ECONNRESET\n"),
            "{}",
            text(&told.stdout)
        );
    }
}

/// What runs on a terminal of its own.
fn on_a_terminal(line: &str, variables: &[(&str, &str)]) -> Output {
    let path = env!("CARGO_BIN_EXE_finwait");
    let mut command = Command::new("script");
    command.args(["-qec", &line.replace("finwait", path), "/dev/null"]);
    command
        .env("TERM", "xterm")
        .env_remove("LESS")
        .env_remove("NO_COLOR")
        .env_remove("PAGER")
        .env_remove("FINWAIT_PAGER");
    command.envs(variables.iter().copied());
    output(&mut command)
}

#[test]
fn long_text_goes_through_a_pager_on_a_terminal() {
    if !is_here("script") {
        return;
    }
    let plain = text(&output(finwait().arg("list")).stdout);
    let shown = |line: &str, variables: &[(&str, &str)]| {
        let output = on_a_terminal(line, variables);
        assert!(output.status.success(), "{line}: {}", text(&output.stdout));
        text(&output.stdout).replace('\r', "")
    };
    let marked = "sed s/^/P:/";
    for line in [
        "finwait list",
        "finwait run --help",
        "finwait show half-close",
        "finwait explain CLOSE_WAIT",
    ] {
        let paged = shown(line, &[("PAGER", marked)]);
        assert!(paged.lines().all(|line| line.starts_with("P:")), "{line}: {paged}");
    }
    assert!(shown("finwait list", &[("PAGER", "false"), ("FINWAIT_PAGER", marked)]).starts_with("P:"));
    // None is wanted, it is not there, or it is left early: no error, and of the first two all of the text.
    assert_eq!(shown("finwait list --no-pager", &[("PAGER", marked)]), plain);
    for pager in ["cat", "", "/no/such/pager", "no-such-pager -x"] {
        let all = shown("finwait list", &[("PAGER", pager)]);
        assert!(all.ends_with(&plain), "{pager}: {all}");
    }
    let little = shown("finwait list", &[("PAGER", "head -1")]);
    assert_eq!(little.lines().count(), 1, "{little}");
    // In a pipe there is none.
    assert_eq!(shown("finwait list | cat", &[("PAGER", marked)]), plain);
}

#[test]
fn lines_are_broken_between_words_on_a_terminal() {
    if !is_here("script") {
        return;
    }
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for list in ["list", "list --lessons"] {
        let plain = text(&output(finwait().args(list.split(' '))).stdout);
        let output = on_a_terminal(&format!("stty cols 80; finwait {list} --no-pager"), &[]);
        let shown = text(&output.stdout).replace('\r', "");
        assert!(plain.lines().any(|line| line.chars().count() > 80), "{list}");
        for line in shown.lines() {
            assert!(line.chars().count() <= 80, "{list}: {line}");
        }
        assert_eq!(words(&shown), words(&plain), "{list}");
    }
    let calls = "\"server listen\" \"client connect\" \"server accept\" \"client write hello\"";
    let output = on_a_terminal(
        &format!("stty cols 80; finwait do --color never --lab loopback {calls}"),
        &[],
    );
    let shown = text(&output.stdout).replace('\r', "");
    assert!(shown.contains("sin_addr=inet_addr"), "{shown}");
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "{line}\n{shown}");
        // A line that goes on begins where its text began.
        let blanks = line.chars().take_while(|c| *c == ' ').count();
        assert!([0, 4, 11, 19].contains(&blanks), "{line}\n{shown}");
    }
}

/// Without a terminal to choose on, and what to type.
#[test]
fn a_tour_of_nothing_lists_the_lessons() {
    let listed = output(finwait().args(["list", "--lessons"]));
    let output = output(finwait().arg("tour"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stdout), text(&listed.stdout));
    let said = text(&output.stderr);
    assert!(
        said.lines().count() == 1 && said.contains("finwait tour handshake"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_not_there_is_told_in_plain_words_by_every_verb() {
    for arguments in [
        ["open", "nosuch.jsonl"].as_slice(),
        &["export", "nosuch.jsonl", "a.html"],
        &["run", "nosuch.jsonl"],
        &["run", "./nosuch.toml"],
        &["tour", "./nosuch.toml"],
        &["check", "nosuch.toml"],
        &["show", "./nosuch.toml"],
        &["code", "./nosuch.toml", "--language", "python"],
        &["matrix", "./nosuch.toml"],
        &["proxy", "--allow-run", "--page", "nosuch.toml"],
    ] {
        let output = output(finwait().args(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        let said = text(&output.stderr);
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
        assert!(
            said.contains("there is no file ") && !said.contains("os error"),
            "{arguments:?}: {said}"
        );
    }
}

#[test]
fn a_terminal_has_colours() {
    if !is_here("script") {
        return;
    }
    let said = |line: &str, variables: &[(&str, &str)]| text(&on_a_terminal(line, variables).stdout);
    let line = "finwait explain --no-pager ECONNRESET";
    assert!(said(line, &[]).contains("\x1b["));
    assert!(!said(line, &[("NO_COLOR", "1")]).contains('\x1b'));
    assert!(!said(line, &[("TERM", "dumb")]).contains('\x1b'));
    assert!(!said(&format!("{line} --color never"), &[]).contains('\x1b'));
}

fn scenario(group: &str, returns: &str) -> String {
    format!(
        "title = \"A socket\"\nsummary = \"One.\"\ngroup = \"{group}\"\nlab = \"any\"\n\n[[step]]\nclient = \"socket\"\nreturns = \"{returns}\"\n"
    )
}

#[test]
fn a_folder_of_scenarios_is_run_and_listed_with_its_own_groups() {
    let folder = Folder::new("folder");
    folder.write("b.toml", scenario("our proxies", "ok"));
    folder.write("deeper/a.toml", scenario("close", "ok"));
    folder.write(".hidden/x.toml", "not a scenario");
    folder.write("notes.txt", "not a scenario");
    let at = folder.path().display().to_string();
    let run = |arguments: &[&str]| {
        let output = output(finwait().args(arguments));
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, said, complaint) = run(&["--lab", "loopback", "run", &at]);
    assert_eq!(code, Some(0), "{said}{complaint}");
    assert!(said.contains("2 scenarios: 2 hold"), "{said}");
    let (code, said, _) = run(&["list", &at]);
    assert_eq!(code, Some(0));
    assert_eq!(
        said,
        format!("close\n  {at}/deeper/a.toml A socket\nour proxies\n  {at}/b.toml        A socket\n")
    );
    assert_eq!(run(&["check", &at]).1.lines().count(), 2);
    let (code, said, _) = run(&["list", "--json", &at]);
    assert_eq!(code, Some(0));
    assert!(said.contains("\"our proxies\""), "{said}");
    // A group of the catalog.
    let of_group = run(&["list", "close"]).1;
    assert!(of_group.starts_with("close\n") && of_group.contains("half-close ") && !of_group.contains("handshake"));
    let empty = Folder::new("empty");
    let (code, _, complaint) = run(&["run", empty.path().to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("is a folder without a scenario"), "{complaint}");
}

/// An installed finwait's user has no file of the catalog: a difference says how it is seen. In a file of the user's own it is that file's place.
#[test]
fn a_difference_in_a_scenario_within_the_binary_names_no_file() {
    use finwait::scenario::catalog;
    use finwait::scenario::expect::Check;
    use finwait::scenario::report::StepReport;
    let folder = Folder::new("place");
    let file = folder.write("wrong.toml", scenario("close", "EPIPE"));
    let output = output(finwait().args(["--lab", "loopback", "run"]).arg(&file));
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.contains(&format!("{file}:8:")), "{said}");
    let json = crate::support::output(finwait().args(["--lab", "loopback", "run", "--json"]).arg(&file));
    let step = text(&json.stdout)
        .lines()
        .find(|line| line.contains("\"kind\":\"step\""))
        .unwrap()
        .to_owned();
    let mut step: StepReport = serde_json::from_str(&step).unwrap();
    let differs: Vec<&Check> = step.differences().collect();
    assert_eq!(differs.len(), 1);
    step.path = catalog::entry("half-close").unwrap().path.to_owned();
    let shown = step.to_string();
    assert!(
        shown.contains(
            "scenario half-close (built in), step 1, line 8 of finwait show half-close: returns: expected EPIPE"
        ),
        "{shown}"
    );
    assert!(!shown.contains("assets/"), "{shown}");
}

/// The lines of the answer to a shell.
fn words_for(line: &[&str]) -> Vec<String> {
    let line: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
    candidates(&cli::tree(), &line)
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Is that word among those that fit?
fn completes(line: &[&str], wanted: &str) -> bool {
    let lines = words_for(line);
    lines.iter().any(|line| line.split('\t').next() == Some(wanted))
}

#[test]
fn completion_offers_what_may_stand_there() {
    assert!(completes(&[""], "explain") && completes(&["ex"], "explain") && !completes(&["ex"], "run"));
    assert!(!completes(&[""], "endpoint") && !completes(&[""], "complete"));
    assert!(completes(&["run", "half"], "half-close") && !completes(&["run", "half"], "handshake"));
    assert!(completes(&["tour", "half"], "half-close-beside-full-close"));
    assert!(!completes(&["run", "half"], "half-close-beside-full-close"));
    assert!(completes(&["--lab", "isolated", "run", "--"], "--junit") && !completes(&["list", "--"], "--junit"));
    assert!(completes(&["do", "--lab", "is"], "isolated"));
    assert!(completes(&["do", "--lab=is"], "--lab=isolated"));
    assert!(completes(&["do", "--lab", "=", "is"], "isolated"), "as bash breaks it");
    assert!(completes(&["do", "client sh"], "client shutdown") || completes(&["do", "client sh"], "client shut"));
    assert!(completes(&["do", "\"wire sl"], "wire slow"));
    assert!(completes(&["--theme", "pro"], "projector"));
    assert!(completes(&["do", "--client", "ru"], "rust-tokio"));
    assert!(completes(&["list", ""], "close"));
    assert!(completes(&["book", "out", ""], "close") && completes(&["book", "out", "half"], "half-close"));
    assert_eq!(words_for(&["book", ""]), ["\tdirs"]);
    assert!(completes(&["explain", "CLOSE_W"], "CLOSE_WAIT") && completes(&["explain", "EPI"], "EPIPE"));
    assert!(completes(&["explain", "res"], "reset"));
    assert!(completes(&["proxy", "--case", "half"], "half-close-client"));
    assert!(completes(&["completions", ""], "fish"));
    assert!(completes(&["shell", "cl"], "client"));
    assert_eq!(words_for(&["open", ""]), ["\tfiles"]);
    assert_eq!(words_for(&["man", ""]), ["\tdirs"]);
    assert_eq!(words_for(&["do", "--patience", ""]), Vec::<String>::new());
    assert!(words_for(&[]).is_empty());
}

/// The JSON of a run, too, says of a scenario within the binary that it is there, and is read back as what it was.
#[test]
fn json_says_of_a_scenario_within_the_binary_that_there_is_no_file() {
    use finwait::scenario::catalog;
    use finwait::scenario::report::StepReport;
    let run = output(finwait().args(["run", "--json", "half-close"]));
    let listed = output(finwait().args(["list", "--json"]));
    let all = text(&run.stdout) + &text(&listed.stdout);
    assert!(
        all.contains("\"path\":\"half-close (built in; finwait show half-close)\""),
        "{all}"
    );
    assert!(!all.contains("\"path\":\"assets/"), "{all}");
    let step = text(&run.stdout)
        .lines()
        .find(|line| line.contains("\"kind\":\"step\""))
        .unwrap()
        .to_owned();
    let step: StepReport = serde_json::from_str(&step).unwrap();
    assert_eq!(step.path, catalog::entry("half-close").unwrap().path);
}

/// A word that is no command, and like none, is answered with what one is like, on the command line and on standard input.
#[test]
fn an_unknown_word_is_answered_with_commands() {
    for (word, like) in [("foo", "client connect"), ("client foo", "listen, connect")] {
        let said = text(&output(finwait().args(["do", word])).stderr);
        assert!(said.contains(like) && said.lines().count() == 1, "{said}");
        let read = crate::support::output_of(finwait().args(["--lab", "loopback", "do", "-"]), word.as_bytes());
        assert!(text(&read.stderr).contains(like), "{}", text(&read.stderr));
    }
}

/// A connection that nobody has accepted has no name: the transcript tells it by its peer.
#[test]
fn a_connection_that_is_not_accepted_is_told_by_its_peer() {
    let run = output(finwait().args(["--lab", "loopback", "do", "server listen", "client connect"]));
    let said = text(&run.stdout);
    let now = said.lines().rfind(|line| line.contains("  now ")).unwrap();
    assert!(
        now.contains("from 127.0.0.1:") && now.contains("ESTABLISHED (not accepted yet)"),
        "{now}"
    );
}
