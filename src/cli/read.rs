//! The words of the command line, as clap gets them, and what is said where it does not understand them.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use super::tree::{is_option_of, takes_next, tree};
use super::{Cli, help, version};

/// The verbs whose own words may be anything, `help` too.
const OF_ANY_WORDS: [&str; 4] = ["check", "open", "shell", "complete"];

/// What there is in place of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRead {
    /// A mistake in it, in one sentence.
    Mistaken(String),
    /// The help that was asked for; through a pager, unless that was ruled out.
    Help {
        /// The text.
        text: String,
        /// Whether it may go through a pager.
        paged: bool,
    },
    /// The version that was asked for.
    Version(String),
}

impl Cli {
    /// Reads the command line of this process.
    ///
    /// # Errors
    ///
    /// [`NotRead`]: a mistake, or the help or version that was asked for.
    pub fn read() -> Result<Cli, NotRead> {
        Cli::of_words(std::env::args_os().skip(1).collect())
    }

    /// Reads a command line without the program's name.
    ///
    /// # Errors
    ///
    /// [`NotRead`].
    pub fn of_words(words: Vec<OsString>) -> Result<Cli, NotRead> {
        let mut tree = tree();
        let ordered = in_order(&tree, words);
        let line = std::iter::once(OsString::from("finwait")).chain(ordered.words.iter().cloned());
        let read = tree
            .try_get_matches_from_mut(line)
            .and_then(|matches| Cli::of_matches(&matches));
        read.map_err(|error| match error.kind() {
            ErrorKind::DisplayVersion if ordered.words.iter().any(|word| word == "--version") => {
                NotRead::Version(version::long())
            }
            ErrorKind::DisplayVersion => NotRead::Version(error.render().to_string()),
            _ if !error.use_stderr() => NotRead::Help {
                // The first of both is the one that clap has found.
                text: match ordered.words.iter().find(|word| *word == "-h" || *word == "--help") {
                    Some(word) if word == "--help" => help::all(super::tree(), ordered.verb.as_deref()),
                    _ => error.render().to_string(),
                },
                paged: ordered.paged,
            },
            _ => NotRead::Mistaken(sentence(&tree, &error, &ordered)),
        })
    }
}

/// The words of a command line with the verb in front.
struct OrderedWords {
    words: Vec<OsString>,
    verb: Option<String>,
    /// Of help: may it go through a pager?
    paged: bool,
}

/// Puts the options that stand before the verb behind it: there they are the verb's own, if it has them. Makes `help VERB` and `VERB help` what
/// `VERB --help` is.
fn in_order(tree: &Command, words: Vec<OsString>) -> OrderedWords {
    let mut at = 0;
    let of_any =
        |word: &str| takes_next(tree, word).or_else(|| tree.get_subcommands().find_map(|verb| takes_next(verb, word)));
    while let Some(takes) = words.get(at).and_then(|word| of_any(word.to_str()?)) {
        at += if takes { 2 } else { 1 };
    }
    let is_verb = |word: &str| tree.find_subcommand(word).is_some();
    let word = |at: usize| words.get(at).and_then(|word| word.to_str());
    let not_paged = |words: &[OsString]| words.iter().any(|word| word == "--no-pager");
    let help_of = |verb: Option<&str>| OrderedWords {
        words: verb.into_iter().chain(["--help"]).map(OsString::from).collect(),
        verb: verb.map(str::to_owned),
        paged: !not_paged(&words),
    };
    match word(at) {
        Some("help") => {
            let asked: Vec<&str> = words[at + 1..]
                .iter()
                .filter_map(|word| word.to_str())
                .filter(|word| *word != "--no-pager")
                .collect();
            match asked.as_slice() {
                [] | ["help" | "-h" | "--help"] => return help_of(None),
                [verb] if is_verb(verb) => return help_of(Some(verb)),
                _ => {}
            }
        }
        Some(verb) if is_verb(verb) => {
            if words.len() == at + 2 && word(at + 1) == Some("help") && !OF_ANY_WORDS.contains(&verb) {
                return help_of(Some(verb));
            }
            let paged = !not_paged(&words[at + 1..]);
            let verb = verb.to_owned();
            let mut words = words;
            words[..=at].rotate_right(1);
            let verb = Some(verb);
            return OrderedWords { words, verb, paged };
        }
        _ => {}
    }
    let paged = !not_paged(&words);
    // Which of the screen's options this is nobody asks where help is shown.
    let is_help = words.iter().any(|word| word == "--help" || word == "-h");
    let words = words.into_iter().filter(|word| !is_help || word != "--no-pager");
    OrderedWords {
        words: words.collect(),
        verb: None,
        paged,
    }
}

/// Says in one sentence what is wrong, and where more is said.
fn sentence(tree: &Command, error: &Error, line: &OrderedWords) -> String {
    let verb = line.verb.as_deref();
    let whose = verb.map_or_else(|| "finwait".to_owned(), |verb| format!("finwait {verb}"));
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg)
        && let Some(others) = is_option_of(tree, option)
    {
        let what = verb.unwrap_or("the screen");
        return format!("{option} is not an option of {what}, but of {others}; see {whose} --help");
    }
    // clap explains at length; its first paragraph is the sentence.
    let text = error.render().to_string();
    let paragraph: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let sentence = paragraph.join(" ");
    let sentence = sentence.trim_start_matches("error: ").trim_end_matches(':');
    let sentence = as_typed(tree, line, sentence);
    let tips = text.lines().filter_map(|line| line.trim().strip_prefix("tip: "));
    let tip = tips
        .filter(|tip| tip.contains("similar"))
        .map(|tip| format!("; {tip}"))
        .collect::<String>();
    format!("{sentence}{tip}; see {whose} --help")
}

/// Returns a sentence of clap's, which calls an option by its first name, with the name that was typed.
fn as_typed(tree: &Command, line: &OrderedWords, sentence: &str) -> String {
    let command = line
        .verb
        .as_deref()
        .and_then(|verb| tree.find_subcommand(verb))
        .unwrap_or(tree);
    let is_typed = |name: &str| {
        let mut words = line.words.iter().filter_map(|word| word.to_str()?.strip_prefix("--"));
        words.any(|word| word.split('=').next() == Some(name))
    };
    let mut sentence = sentence.to_owned();
    for arg in command.get_arguments() {
        let (Some(first), Some(others)) = (arg.get_long(), arg.get_all_aliases()) else {
            continue;
        };
        if let Some(other) = others.into_iter().find(|other| is_typed(other) && !is_typed(first)) {
            let value = |name: &str| format!("'--{name} <");
            sentence = sentence.replace(&value(first), &value(other));
        }
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{LabChoice, Verb};

    fn read(line: &str) -> Result<Cli, NotRead> {
        Cli::of_words(line.split(' ').map(OsString::from).collect())
    }

    fn mistake(line: &str) -> String {
        match read(line) {
            Err(NotRead::Mistaken(why)) => why,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn options_of_the_verb_may_stand_before_it() {
        for line in [
            "--lab loopback --ipv6 do --json x",
            "--lab=loopback --ipv6 do --json x",
            "do --lab loopback --ipv6=true x --json",
        ] {
            let cli = read(line).unwrap();
            let groups = cli.groups();
            assert_eq!(groups.lab(), Some(LabChoice::Loopback), "{line}");
            assert_eq!(groups.ipv6(), Some(true), "{line}");
            assert!(
                matches!(&cli.verb, Some(Verb::Do { commands, transcript, .. }) if commands == &["x"] && transcript.json),
                "{line}"
            );
        }
        // So may those that the screen does not have.
        let cli = read("--color always --json do x").unwrap();
        assert!(
            matches!(&cli.verb, Some(Verb::Do { commands, transcript, .. }) if commands == &["x"] && transcript.json)
        );
        // An option's value is no verb, and a verb's argument no option.
        let cli = read("--server-run list --lab isolated run half-close").unwrap();
        assert!(matches!(cli.verb, Some(Verb::Run { .. })));
        let cli = read("shell client --lab x").unwrap();
        assert!(matches!(&cli.verb, Some(Verb::Shell { command, .. }) if command == &["--lab", "x"]));
        assert_eq!(
            read("--lab loopback").unwrap().groups().lab(),
            Some(LabChoice::Loopback)
        );
    }

    #[test]
    fn a_misplaced_option_is_told_with_the_verbs_that_have_it() {
        assert_eq!(
            mistake("explain EPIPE --server go"),
            "--server is not an option of explain, but of the screen, tour, do and run; see finwait explain --help"
        );
        assert_eq!(
            mistake("--theme dark do x"),
            "--theme is not an option of do, but of the screen, tour and open; see finwait do --help"
        );
        assert_eq!(
            mistake("--tap"),
            "--tap is not an option of the screen, but of run; see finwait --help"
        );
        assert_eq!(
            mistake("list --languages=go"),
            "--languages is not an option of list, but of matrix; see finwait list --help"
        );
        assert!(mistake("do --servre x").contains("'--server'"));
    }

    #[test]
    fn an_option_is_called_what_was_typed() {
        for name in ["--languages", "--runtimes"] {
            for line in [format!("matrix x {name} kotlin"), format!("matrix x {name}=kotlin")] {
                let why = mistake(&line);
                assert!(why.contains(&format!("'kotlin' for '{name} <RUNTIMES>'")), "{why}");
            }
        }
        assert!(mistake("do x --colour sometimes").contains("'--colour <WHEN>'"));
    }

    #[test]
    fn help_is_asked_for_in_every_usual_way() {
        let text = |line: &str| match read(line) {
            Err(NotRead::Help { text, paged }) => (text, paged),
            other => panic!("{line}: {other:?}"),
        };
        let (of_do, paged) = text("do --help");
        assert!(paged && of_do.contains("Usage: finwait do"), "{of_do}");
        for line in ["help do", "do help", "--lab loopback do --help"] {
            assert_eq!(text(line), (of_do.clone(), true), "{line}");
        }
        for line in ["help do --no-pager", "do --help --no-pager"] {
            assert_eq!(text(line), (of_do.clone(), false), "{line}");
        }
        assert_eq!(text("help"), text("--help"));
        assert_eq!(text("--help --no-pager"), (text("help").0, false));
        // A file may have any name.
        assert!(matches!(read("check help").unwrap().verb, Some(Verb::Check { .. })));
        assert!(mistake("help dance").contains("dance"));
    }

    /// Every verb's short help is a screen, in 80 columns; the long one has all that the short one has.
    #[test]
    fn the_short_help_of_each_verb_is_a_screen() {
        let mut verbs: Vec<String> = tree()
            .get_subcommands()
            .filter(|verb| !verb.is_hide_set())
            .map(|verb| verb.get_name().to_owned())
            .collect();
        assert!(verbs.len() > 15);
        verbs.push(String::new());
        let help = |verb: &str, how: &str| match read(format!("{verb} {how}").trim()) {
            Err(NotRead::Help { text, .. }) => text,
            other => panic!("{verb} {how}: {other:?}"),
        };
        let options = |text: &str| -> Vec<String> {
            text.lines()
                .filter(|line| line.trim_start().starts_with('-'))
                .flat_map(|line| {
                    // What it is stands behind two blanks.
                    let names = line.trim_start().split("  ").next().unwrap_or_default();
                    names.split([' ', '=', '[', ',']).filter(|word| word.starts_with("--"))
                })
                .map(str::to_owned)
                .collect()
        };
        for verb in &verbs {
            let (short, long) = (help(verb, "-h"), help(verb, "--help"));
            assert!(
                short.lines().count() <= 40,
                "{verb}: {} lines\n{short}",
                short.lines().count()
            );
            assert!(
                long.lines().count() <= if verb == "do" { 48 } else { 60 },
                "{verb}: {} lines\n{long}",
                long.lines().count()
            );
            for line in short.lines().chain(long.lines()) {
                assert!(line.chars().count() <= 80, "{verb}: {line}");
            }
            let all = options(&long);
            assert!(!all.is_empty());
            // What an option is stands beside it.
            let is_indented = |line: &&str| line.starts_with("  ") && !line.starts_with("        ");
            let mut options_alone = long.lines().filter(is_indented).map(str::trim);
            let alone = options_alone.find(|line| line.starts_with('-') && !line.contains("  "));
            assert_eq!(alone, None, "{verb}\n{long}");
            for option in options(&short) {
                assert!(all.contains(&option), "{verb}: {option}\n{long}");
            }
            assert!(short.contains("Examples:\n"), "{verb} has no example");
            assert!(long.contains("Examples:\n"), "{verb} has no example");
        }
    }

    /// Each example is a command line that finwait understands.
    #[test]
    fn the_examples_are_command_lines() {
        use crate::cli::examples::*;
        let mut seen = 0;
        for text in [
            SCREEN,
            TOUR,
            DO,
            SHELL,
            LIST,
            SHOW,
            RUN,
            CHECK,
            CLAIMS,
            MATRIX,
            PROXY,
            HTTP_CLIENT,
            OPEN,
            EXPLAIN,
            CODE,
            DOCTOR,
            CONFIG,
            MAN,
            COMPLETIONS,
            EXPORT,
            BOOK,
        ] {
            for line in text.lines().skip(1) {
                let mut parts = line.trim().split(" | ");
                let line = parts.find(|part| part.starts_with("finwait")).unwrap_or_default();
                let line = line.split(['>', '<']).next().unwrap_or_default();
                // What stands beside it begins after two blanks.
                let line = line.split("  ").next().unwrap_or_default();
                let words = crate::command::token::tokens(line).unwrap();
                let words: Vec<OsString> = words
                    .iter()
                    .map(|token| String::from_utf8_lossy(&token.value).into_owned().into())
                    .collect();
                assert_eq!(words[0], "finwait", "{line}");
                let read = Cli::of_words(words[1..].to_vec());
                assert!(read.is_ok(), "{line}: {read:?}");
                if let Ok(Cli {
                    verb: Some(Verb::Do { commands, .. }),
                    ..
                }) = &read
                {
                    for command in commands.iter().filter(|command| *command != "-") {
                        let parsed = crate::command::parse::parse(command, None);
                        assert!(parsed.is_ok(), "{line}: {parsed:?}");
                    }
                }
                seen += 1;
            }
        }
        assert!(seen > 30, "{seen}");
    }
}
