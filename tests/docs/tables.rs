//! Tables and examples in the documentation that are made of the program.

use finwait::command::table::{Arg, TABLE};
use finwait::scenario::catalog;
use serde_json::Value;

use crate::generated::{is_generated, page};
use crate::support::{finwait, has, output};

/// The table of commands as the page must have it.
fn table() -> String {
    let mut text = String::from("| key | button | command | what it does |\n| --- | --- | --- | --- |\n");
    for spec in TABLE {
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
        let row = |key: String, button: &str| format!("| {key} | {button} | `{command}` | {} |\n", spec.help);
        match spec.buttons {
            [] => text.push_str(&row(String::new(), "")),
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
                text.push_str(&row(keys.join(" "), &labels.join(", ")));
            }
        }
    }
    text
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
