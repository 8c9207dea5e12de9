//! Tables and examples in the documentation that are made of the program.

use clap::Command;
use finwait::cli::tree;
use finwait::command::spec::{Arg, CommandGroup, Spec};
use finwait::command::table::TABLE;
use finwait::scenario::catalog;
use serde_json::Value;

use crate::generated::{is_generated, page};
use crate::support::{finwait, has, output};

/// The tables of commands as the page must have them: one for each thing to do.
fn table() -> String {
    let groups = CommandGroup::ALL.map(|group| {
        let rows: String = TABLE
            .iter()
            .filter(|spec| spec.group == group)
            .map(|spec| row(spec))
            .collect();
        format!(
            "## {}\n\n| key | button | command | what it does |\n| --- | --- | --- | --- |\n{rows}",
            group.title()
        )
    });
    groups.join("\n")
}

/// The row of a command.
fn row(spec: &Spec) -> String {
    let args: Vec<String> = spec
        .args
        .iter()
        .map(|arg| match arg {
            Arg::Plain(name, _) => (*name).to_owned(),
            Arg::Named(name, _) => format!("{name}="),
            Arg::Flags(words) => words.join(" "),
        })
        .filter(|arg| arg != "on=")
        .collect();
    let command = [&[spec.name.to_owned()], args.as_slice()].concat().join(" ");
    let cells = |key: String, button: &str| format!("| {key} | {button} | `{command}` | {} |\n", spec.help);
    match spec.buttons {
        [] => cells(String::new(), ""),
        buttons => {
            let keys: Vec<String> = buttons
                .iter()
                .map(|b| {
                    if b.key == '`' {
                        "`` ` ``".into()
                    } else {
                        format!("`{}`", b.key)
                    }
                })
                .collect();
            let labels: Vec<&str> = buttons.iter().map(|b| b.label).collect();
            cells(keys.join(" "), &labels.join(", "))
        }
    }
}

/// The options and arguments of the command line as the page must have them: those that several verbs share, then each verb's own.
fn command_line() -> String {
    let mut tree = tree();
    tree.build();
    let is_told = |verb: &&Command| !verb.is_hide_set() && verb.get_name() != "help";
    let verbs: Vec<&Command> = tree.get_subcommands().filter(is_told).collect();
    let mut text = String::new();
    let mut headings: Vec<&str> = Vec::new();
    for arg in [&tree].iter().chain(&verbs).flat_map(|command| command.get_arguments()) {
        headings.extend(shared(arg).filter(|heading| !headings.contains(heading)));
    }
    for heading in headings {
        text.push_str(&format!(
            "## {heading}\n\n| option | of | what it does |\n| --- | --- | --- |\n"
        ));
        let mut told: Vec<(String, String)> = Vec::new();
        for arg in [&tree].iter().chain(&verbs).flat_map(|command| command.get_arguments()) {
            let row = (arg.to_string(), said(arg));
            if shared(arg) != Some(heading) || told.contains(&row) {
                continue;
            }
            let has = |command: &Command| {
                command
                    .get_arguments()
                    .any(|other| (other.to_string(), said(other)) == row)
            };
            let screen = has(&tree).then_some("the screen");
            let of: Vec<&str> = screen
                .into_iter()
                .chain(verbs.iter().filter(|verb| has(verb)).map(|verb| verb.get_name()))
                .collect();
            text.push_str(&format!("| `{}` | {} | {} |\n", row.0, of.join(", "), row.1));
            told.push(row);
        }
        text.push('\n');
    }
    for verb in verbs {
        let own = || {
            verb.get_arguments()
                .filter(|arg| shared(arg).is_none() && arg.get_id() != "help")
        };
        text.push_str(&format!(
            "## finwait {}\n\n{}.\n",
            verb.get_name(),
            verb.get_about().map(ToString::to_string).unwrap_or_default()
        ));
        if own().next().is_some() {
            text.push_str("\n| argument or option | what it is |\n| --- | --- |\n");
            let (options, places): (Vec<_>, Vec<_>) = own().partition(|arg| arg.get_long().is_some());
            for arg in places.into_iter().chain(options) {
                text.push_str(&format!(
                    "| `{}` | {} |\n",
                    arg.to_string().replace('|', "\\|"),
                    said(arg)
                ));
            }
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}

/// The heading of an option that several verbs share; none for what is a verb's own.
fn shared(arg: &clap::Arg) -> Option<&str> {
    let is_of_text = ["when", "no_pager"].contains(&arg.get_id().as_str());
    arg.get_help_heading().or(is_of_text.then_some("Text"))
}

/// What is said of an option, all of it, in a cell of a table.
fn said(arg: &clap::Arg) -> String {
    let text = arg.get_long_help().or(arg.get_help());
    let mut text = text.map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<_> = arg
        .get_default_values()
        .iter()
        .filter_map(|value| value.to_str())
        .collect();
    if !defaults.is_empty() && !arg.is_hide_default_value_set() && arg.get_action().takes_values() {
        text.push_str(&format!("\n\nBy default {}", defaults.join(", ")));
    }
    let paragraphs: Vec<String> = text
        .split("\n\n")
        .map(|paragraph| {
            let paragraph = paragraph.replace('\n', " ");
            let ends = paragraph.ends_with(['.', '?', '!']);
            if ends { paragraph } else { paragraph + "." }
        })
        .collect();
    paragraphs.join(" ").replace('|', "\\|")
}

#[test]
fn the_page_of_the_command_line_has_every_option_as_the_program_has_it() {
    let text = command_line();
    // Hidden from --help, where --export stands for it.
    assert!(text.contains("`--mermaid <FILE>` | do, run, export |"), "{text}");
    is_generated("docs/command-line.md", "options", &text);
}

#[test]
fn the_page_of_keys_lists_every_command_as_the_table_has_it() {
    is_generated("docs/keys.md", "commands", &table());
}

/// Verdicts are of this kernel and of Go; without Go there are none to hold the table against.
#[test]
fn the_page_of_claims_has_every_claim_and_its_verdict() {
    if !has("go") {
        return;
    }
    let told = output(finwait().args(["claims", "--brief", "--json"]));
    assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let mut text =
        String::from("| claim | what the article says | measured | what happens today |\n| --- | --- | --- | --- |\n");
    let cell = |text: &str| text.replace('|', "\\|");
    let scenarios = catalog::all().unwrap_or_else(|_| panic!("the catalog is read"));
    let claims = told["claims"].as_array().unwrap();
    for claim in claims {
        let id = claim["id"].as_str().unwrap();
        let scenario = scenarios.iter().find(|scenario| scenario.name == id);
        let said = scenario.and_then(|scenario| scenario.claim.as_ref());
        let said = said.unwrap_or_else(|| panic!("no scenario is the claim {id}"));
        let today: Vec<&str> = claim["today"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let verdict = claim["verdict"].as_str().unwrap().replace('-', " ");
        let verdict = verdict.replace("holds for go only", "for Go only");
        text.push_str(&format!(
            "| `{id}` | {} | {verdict} | {} |\n",
            cell(said),
            cell(&today.join("; "))
        ));
    }
    assert!(claims.len() > 20);
    is_generated("docs/claims.md", "claims", &text);
}

/// The example of finwait-lab is the crate's own, which `cargo test --doc` runs.
#[test]
fn the_pages_example_of_the_library_is_the_one_that_is_tested() {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = std::fs::read_to_string(page("docs/library.md")).unwrap();
    let source = std::fs::read_to_string(format!("{root}/crates/finwait-lab/src/lib.rs")).unwrap();
    let (_, after) = text.split_once("```rust\n").unwrap();
    let (shown, _) = after.split_once("```").unwrap();
    let doc: Vec<&str> = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .skip_while(|line| *line != "```")
        .skip(1)
        .take_while(|line| *line != "```")
        .filter(|line| !line.starts_with("# "))
        .collect();
    assert_eq!(shown.trim_end(), doc.join("\n"));
}
