//! The tree of clap's commands, and what of it a sentence about a misplaced option needs.

use clap::{ArgAction, Command, CommandFactory};

use super::{Cli, examples};
use crate::command::table::{CommandGroup, TABLE};

/// Returns the commands with their options.
pub fn tree() -> Command {
    // The screen's own short help is about what there is; its options are in the long one.
    Cli::command().mut_args(|arg| match arg.get_id().as_str() {
        "lab" | "record" | "help" | "version" => arg,
        _ => arg.hide_short_help(true),
    })
}

/// Returns the end of the long help of `finwait do`: the commands that it takes, group by group, and the examples.
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

/// Returns the verbs that have that option (`--lab`), as a sentence lists them; none where no command has it.
pub fn is_option_of(tree: &Command, option: &str) -> Option<String> {
    let name = option.strip_prefix("--")?;
    let has = |command: &Command| command.get_arguments().any(|arg| is_called(arg, name));
    let screen = has(tree).then_some("the screen");
    let verbs = tree.get_subcommands().filter(|verb| !verb.is_hide_set() && has(verb));
    let all: Vec<&str> = screen.into_iter().chain(verbs.map(Command::get_name)).collect();
    match all.as_slice() {
        [] => None,
        [one] => Some((*one).to_owned()),
        [most @ .., last] => Some(format!("{} and {last}", most.join(", "))),
    }
}

/// Is that the argument's long name, or another of its names?
fn is_called(arg: &clap::Arg, name: &str) -> bool {
    arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|others| others.contains(&name))
}

/// Returns whether a word is an option of the command that has its value in the next word; none where it is none of its options.
pub(super) fn takes_next(command: &Command, word: &str) -> Option<bool> {
    let (name, has_value) = match word.strip_prefix("--")?.split_once('=') {
        Some((name, _)) => (name, true),
        None => (word.strip_prefix("--")?, false),
    };
    let arg = command.get_arguments().find(|arg| is_called(arg, name))?;
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) && !arg.is_require_equals_set();
    Some(takes && !has_value)
}
