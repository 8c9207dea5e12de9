//! What `--help` prints: every option that a verb's user may want, a line each. The man page says more of each.

use clap::{Arg, Command};

use super::examples;
use crate::command::spec::CommandGroup;
use crate::command::table::TABLE;

/// Returns the help of a verb, or of the screen.
pub(super) fn all(mut tree: Command, verb: Option<&str>) -> String {
    tree = match verb {
        None => listed(tree, "All options of the screen: finwait tour --help, man finwait"),
        Some(verb) => tree.mut_subcommand(verb, |command| {
            let more = format!("More of each option: man finwait-{verb} (finwait man DIR writes the pages)");
            listed(command, &more)
        }),
    };
    tree.build();
    let mut command = match verb.and_then(|verb| tree.find_subcommand(verb)) {
        Some(verb) => verb.clone(),
        None => tree,
    };
    let has_help = command.get_arguments().any(|arg| arg.get_id() == "help");
    if has_help {
        command = command.mut_arg("help", |arg| arg.help("Print this; -h prints what is used most"));
    }
    command.render_help().to_string()
}

/// Has the short form of a command's help tell of what the long form would, and at its end where more is said.
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
        .after_help(format!("{}\n\n{more}", end.unwrap_or_default()))
}

/// Returns the end of the help of `finwait do`: the commands that it takes, group by group, and the examples.
pub(super) fn end_of_do() -> String {
    let mut text = String::from("Commands, with client, server or wire before them (docs/keys.md says more):");
    for group in CommandGroup::ALL {
        let of = TABLE.iter().filter(|spec| spec.group == group && !spec.is_screen());
        let names: Vec<&str> = of.map(|spec| spec.name).collect();
        if !names.is_empty() {
            text.push_str(&format!("\n  {}: {}", group.title(), names.join(", ")));
        }
    }
    text.push_str("\n\n");
    text.push_str(examples::DO);
    text
}
