//! The README's table of commands is the program's own.

use finwait::command::table::{Arg, TABLE};

/// The table as the README must have it.
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
fn the_readme_lists_every_command_as_the_table_has_it() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme
        .split_once("<!-- commands -->\n")
        .expect("the marker where the table begins");
    let (inside, after) = rest.split_once("<!-- /commands -->").expect("the marker where it ends");
    if std::env::var_os("UPDATE_README").is_some() {
        let text = format!("{before}<!-- commands -->\n{}<!-- /commands -->{after}", table());
        std::fs::write(path, text).unwrap();
        return;
    }
    assert_eq!(inside, table(), "run UPDATE_README=1 cargo test --test readme");
}

/// The example of finwait-lab is the crate's own, which `cargo test --doc` runs.
#[test]
fn the_readmes_example_of_the_library_is_the_one_that_is_tested() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
    let source = std::fs::read_to_string(format!("{root}/crates/finwait-lab/src/lib.rs")).unwrap();
    let (_, after) = readme.split_once("```rust\n").unwrap();
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
