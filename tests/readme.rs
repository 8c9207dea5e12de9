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
