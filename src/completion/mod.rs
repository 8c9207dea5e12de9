//! Completion in shells: the script of each, which asks `finwait complete` what fits, and the answer.
//!
//! The answer is a line for each word that fits: the word, a tab, and what it is. A line without a word asks the shell for its own files
//! (`\tfiles`) or folders (`\tdirs`).

use clap::{Arg, ArgAction, Command, ValueEnum, ValueHint};

use crate::battery::Battery;
use crate::command::ThemeName;
use crate::command::complete::complete;
use crate::command::spec::Verb;
use crate::command::table::named;
use crate::explain::rules::RULES;
use crate::scenario::file::name_of;
use crate::scenario::{Group, catalog};
use crate::side::Side;
use crate::state::State;

/// A shell that has a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
}

impl Shell {
    /// Returns the script that the shell reads.
    pub const fn script(self) -> &'static str {
        match self {
            Shell::Bash => include_str!("../../assets/completions/finwait.bash"),
            Shell::Zsh => include_str!("../../assets/completions/finwait.zsh"),
            Shell::Fish => include_str!("../../assets/completions/finwait.fish"),
        }
    }
}

/// What may stand in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// A word, and what it is.
    Word(String, String),
    /// Any file.
    Files,
    /// Any folder.
    Folders,
}

impl std::fmt::Display for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Candidate::Word(word, what) => write!(f, "{word}\t{what}"),
            Candidate::Files => f.write_str("\tfiles"),
            Candidate::Folders => f.write_str("\tdirs"),
        }
    }
}

fn word(word: &str, what: &str) -> Candidate {
    Candidate::Word(word.to_owned(), what.to_owned())
}

/// Returns what fits in place of the last of `words`, which are the command line's without the program's name, up to the cursor; `tree` has
/// the verbs with their options.
pub fn candidates(tree: &Command, words: &[String]) -> Vec<Candidate> {
    // Bash breaks at =, and replaces only what is behind it.
    let (words, is_broken) = joined(words);
    let Some((begun, before)) = words.split_last() else {
        return Vec::new();
    };
    let mut verb = tree;
    let mut places = 0;
    let mut option: Option<&Arg> = None;
    let mut only_places = false;
    for word in before {
        if option.take().is_some() {
            continue;
        }
        match word.strip_prefix("--") {
            Some("") => only_places = true,
            Some(name) if !only_places => {
                option = named_option(verb, name).filter(|arg| takes_value(arg));
            }
            _ if word.starts_with('-') && word.len() > 1 && !only_places => {}
            _ => match verb.find_subcommand(word).filter(|_| std::ptr::eq(verb, tree)) {
                Some(found) => verb = found,
                None => places += 1,
            },
        }
    }
    if let Some(option) = option {
        return fitting(values(verb, option), begun, "");
    }
    if let (Some((name, value)), false) = (
        begun.strip_prefix("--").and_then(|text| text.split_once('=')),
        only_places,
    ) {
        let prefix = if is_broken { String::new() } else { format!("--{name}=") };
        return match named_option(verb, name) {
            Some(option) => fitting(values(verb, option), value, &prefix),
            None => Vec::new(),
        };
    }
    if begun.starts_with('-') && !only_places {
        return fitting(options(verb), begun, "");
    }
    if std::ptr::eq(verb, tree) {
        let verbs = tree.get_subcommands().filter(|verb| !verb.is_hide_set());
        let verbs = verbs.map(|verb| word(verb.get_name(), &about(verb.get_about())));
        return fitting(verbs.chain([word("help", "Print help")]).collect(), begun, "");
    }
    let positionals: Vec<&Arg> = verb.get_positionals().collect();
    let place = match positionals.get(places) {
        Some(place) => Some(*place),
        // The last takes all that follows.
        None => positionals.last().copied().filter(|last| takes_many(last)),
    };
    place.map_or_else(Vec::new, |place| fitting(values(verb, place), begun, ""))
}

/// Puts together what bash has broken at =, and takes the quote off with which the last word begins. Says whether the last was broken.
fn joined(words: &[String]) -> (Vec<String>, bool) {
    let mut all: Vec<String> = Vec::new();
    let mut is_broken = false;
    let mut after_equals = false;
    for word in words {
        is_broken = false;
        match all.last_mut() {
            Some(before) if word == "=" && before.starts_with("--") => {
                before.push('=');
                (after_equals, is_broken) = (true, true);
                continue;
            }
            Some(before) if after_equals => {
                before.push_str(word);
                is_broken = true;
            }
            _ => all.push(word.clone()),
        }
        after_equals = false;
    }
    if let Some(last) = all.last_mut()
        && last.starts_with(['"', '\''])
    {
        last.remove(0);
    }
    (all, is_broken)
}

/// Those that begin with what was typed, each behind `prefix`.
fn fitting(all: Vec<Candidate>, begun: &str, prefix: &str) -> Vec<Candidate> {
    let fits = |candidate: Candidate| match candidate {
        Candidate::Word(word, what) if word.starts_with(begun) => {
            Some(Candidate::Word(format!("{prefix}{word}"), what))
        }
        Candidate::Word(..) => None,
        files => Some(files),
    };
    all.into_iter().filter_map(fits).collect()
}

fn named_option<'a>(verb: &'a Command, name: &str) -> Option<&'a Arg> {
    let name = name.split('=').next()?;
    verb.get_arguments().find(|arg| arg.get_long() == Some(name))
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) && !arg.is_require_equals_set()
}

fn takes_many(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

fn about(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(|text| text.to_string().lines().next().unwrap_or_default().to_owned())
        .unwrap_or_default()
}

fn options(verb: &Command) -> Vec<Candidate> {
    let named = verb.get_arguments().filter(|arg| !arg.is_hide_set());
    let named = named.filter_map(|arg| Some(word(&format!("--{}", arg.get_long()?), &about(arg.get_help()))));
    named.chain([word("--help", "Print help")]).collect()
}

/// What an option's value may be, or a word in a verb's place.
fn values(verb: &Command, arg: &Arg) -> Vec<Candidate> {
    let possible: Vec<Candidate> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| word(value.get_name(), &about(value.get_help())))
        .collect();
    if !possible.is_empty() {
        return possible;
    }
    match (verb.get_name(), arg.get_id().as_str()) {
        ("do", "commands") => commands(),
        ("tour", "scenario") => scenarios()
            .into_iter()
            .chain(lessons())
            .chain([Candidate::Files])
            .collect(),
        ("show", "name") => scenarios()
            .into_iter()
            .chain(lessons())
            .chain([Candidate::Files])
            .collect(),
        ("run" | "matrix" | "code", "scenarios" | "scenario") => {
            scenarios().into_iter().chain([Candidate::Files]).collect()
        }
        ("book", "scenarios") => groups()
            .into_iter()
            .chain(scenarios())
            .chain([Candidate::Files])
            .collect(),
        ("list", "folder") => groups().into_iter().chain([Candidate::Folders]).collect(),
        ("explain", "text") => explained().into_iter().chain([Candidate::Files]).collect(),
        ("proxy", "cases" | "scenario") => cases(Battery::Proxy),
        ("http-client", "cases" | "scenario") => cases(Battery::HttpClient),
        (_, "theme") => ThemeName::BUILTIN.iter().map(|name| word(name, "a theme")).collect(),
        (_, "host") if verb.get_name() == "shell" => Side::BOTH.map(|side| word(side.name(), "a host")).into(),
        _ => match arg.get_value_hint() {
            ValueHint::DirPath => vec![Candidate::Folders],
            ValueHint::FilePath | ValueHint::AnyPath => vec![Candidate::Files],
            _ => Vec::new(),
        },
    }
}

fn scenarios() -> Vec<Candidate> {
    let all = catalog::ENTRIES.iter();
    all.map(|entry| word(entry.name, entry.title)).collect()
}

fn lessons() -> Vec<Candidate> {
    let all = catalog::SIDE_BY_SIDE.iter();
    all.map(|(path, _)| word(name_of(path), "a lesson of two labs"))
        .collect()
}

fn groups() -> Vec<Candidate> {
    Group::ALL
        .iter()
        .map(|group| word(group.name(), &group.to_string()))
        .collect()
}

fn explained() -> Vec<Candidate> {
    let states = State::ALL.iter().map(|state| word(state.name(), "a state"));
    let errnos = crate::errno::Errno::NAMED
        .iter()
        .map(|(_, name)| word(name, "an errno"));
    let rules = RULES.iter().map(|rule| word(rule.id.name(), "a rule"));
    states.chain(errnos).chain(rules).collect()
}

fn cases(battery: Battery) -> Vec<Candidate> {
    let all = battery.cases().iter();
    all.map(|case| word(case.name, case.title())).collect()
}

/// The commands of `do`: of an end or of the wire, with what each does.
fn commands() -> Vec<Candidate> {
    let whose = ["client", "server", "wire"];
    let of = |whose: &str| {
        let begun = format!("{whose} ");
        let words = complete(&begun, None, &Vec::new).into_iter();
        let words = words.filter_map(|name| {
            let spec = named(&name)?;
            (!matches!(spec.verb, Verb::Screen(_))).then(|| word(&format!("{begun}{name}"), spec.help))
        });
        words.collect::<Vec<_>>()
    };
    whose.into_iter().flat_map(of).collect()
}
