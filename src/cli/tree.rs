//! The tree of clap's commands, and what of it a sentence about a misplaced option needs.

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::Line;
use super::belonging::{SCREEN, formats, with_groups};

/// Returns the commands with their options. Of an option, `hide_short_help` says that it is not in what `-h` prints, and `hide_long_help` that
/// it is not in what `--help` prints either: it is in the man page.
pub fn tree() -> Command {
    let verbs: Vec<String> = Line::command()
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned())
        .collect();
    let tree = verbs.iter().fold(Line::command(), |tree, name| {
        tree.mut_subcommand(name, |verb| with_formats_in_one_line(with_groups(verb, name)))
    });
    // The screen's own help is about what there is.
    with_groups(tree, SCREEN).mut_args(|arg| {
        let is_rare = arg.is_hide_short_help_set();
        let is_usual = matches!(arg.get_id().as_str(), "lab" | "record");
        arg.hide_short_help(!is_usual).hide_long_help(is_rare)
    })
}

/// Hides the formats' own options from the help where --export stands for all of them.
fn with_formats_in_one_line(verb: Command) -> Command {
    if !verb.get_arguments().any(|arg| arg.get_id() == "exports") {
        return verb;
    }
    let hidden = |arg: Arg| arg.hide_short_help(true).hide_long_help(true);
    formats().fold(verb, |verb, format| verb.mut_arg(format, hidden))
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

/// Returns whether that is the argument's long name, or another of its names.
fn is_called(arg: &Arg, name: &str) -> bool {
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
