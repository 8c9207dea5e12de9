//! What `--help` prints: every option that a verb's user may want, a line each. The man page says more of each.

use clap::{Arg, Command};

use super::examples;
use crate::command::spec::CommandGroup;
use crate::command::table::TABLE;
use crate::text::wrap;

/// Returns the help of a verb, or of the screen.
pub(super) fn all(mut tree: Command, verb: Option<&str>) -> String {
    tree = match verb {
        None => listed(tree, "\n\nAll options of the screen: finwait tour --help, man finwait"),
        Some(verb) => tree.mut_subcommand(verb, |command| listed(command, "")),
    };
    tree.build();
    let mut command = match verb.and_then(|verb| tree.find_subcommand(verb)) {
        Some(verb) => verb.clone(),
        None => tree,
    };
    let has_help = command.get_arguments().any(|arg| arg.get_id() == "help");
    if has_help {
        let about = match verb {
            None => "Print this; -h prints what is used most".to_owned(),
            Some(verb) => format!("Print this; -h prints less, man finwait-{verb} more"),
        };
        command = command.mut_arg("help", |arg| arg.help(about));
    }
    if verb == Some("do") {
        // The end of the help says it, with the commands that there are.
        command = command.mut_arg("commands", |arg| arg.hide(true));
    }
    dense(&command.render_help().to_string())
}

/// Takes out the blank lines between groups of options: their headings stand out without.
fn dense(help: &str) -> String {
    let mut text = String::new();
    let mut lines = help.lines().peekable();
    let mut is_option = false;
    while let Some(line) = lines.next() {
        let is_heading = |line: &&str| line.ends_with(':') && !line.starts_with(' ');
        if line.is_empty()
            && is_option
            && lines
                .peek()
                .is_some_and(|next| is_heading(next) && *next != "Examples:")
        {
            continue;
        }
        is_option = line.starts_with("      ") || line.starts_with("  -");
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// Has the short form of a command's help tell of what the long form would, and at its end `more`.
fn listed(command: Command, more: &str) -> Command {
    let text = |styled: Option<&clap::builder::StyledStr>| styled.map(ToString::to_string);
    let about = text(command.get_long_about()).or_else(|| text(command.get_about()));
    let end = text(command.get_after_long_help()).or_else(|| text(command.get_after_help()));
    let shown = |arg: Arg| {
        let is_hidden = arg.is_hide_long_help_set();
        arg.hide_short_help(is_hidden)
    };
    command
        .mut_args(shown)
        .about(about.unwrap_or_default())
        .after_help(format!("{}{more}", end.unwrap_or_default()))
}

/// Returns the end of the help of `finwait do`: the commands that it takes, and the examples.
pub(super) fn end_of_do() -> String {
    let names = |is_of_wire: bool| {
        let of = TABLE.iter().filter(|spec| !spec.is_screen());
        let of = of.filter(|spec| (spec.group == CommandGroup::Wire) == is_of_wire);
        of.map(|spec| spec.name).collect::<Vec<_>>().join(", ")
    };
    format!(
        "Commands of client and server, like \"client write hello\"; - reads them:\n{}\nCommands of the wire, like \"wire step\" (docs/keys.md says more of all):\n{}\n\n{}",
        filled(&names(false)),
        filled(&names(true)),
        examples::DO
    )
}

/// Returns a list of words as indented lines.
fn filled(words: &str) -> String {
    let lines = wrap(words, WIDTH - 2).into_iter().map(|line| format!("  {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The columns of the help.
const WIDTH: usize = 80;
