//! The signature of a command: its arguments, what each can be, which of them are needed, and what is taken without them.
//!
//! It is read from the command's row in the table, and from what the word alone means: what a person sees of a command while typing is
//! what [`parse`] takes.

use super::Command;
use super::arguments::ParsedArguments;
use super::parse::{WIRE, parse};
use super::spec::{Arg, ArgKind, Spec, Verb};
use super::table;
use super::token::{Token, tokens};
use crate::side::Side;
use crate::wire::link::OptionSet;

/// A command's arguments, in the order of its row.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The row.
    pub spec: &'static Spec,
    /// The arguments.
    pub parts: Vec<SignaturePart>,
}

/// An argument in a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignaturePart {
    /// The argument, as `[n 0.. (1024)]`: in brackets if it may be left out, with what is taken then in parentheses.
    pub text: String,
    /// Whether it is the one that is being typed.
    pub typed: bool,
}

impl Signature {
    /// Returns the signature of a row.
    pub fn of(spec: &'static Spec) -> Signature {
        let alone = Alone::of(spec);
        let parts = spec.args.iter().map(|arg| SignaturePart {
            text: alone.part(arg),
            typed: false,
        });
        Signature {
            spec,
            parts: parts.collect(),
        }
    }

    /// Returns the signature of the command that `text` begins with, with the argument at its end marked; none while there is no whole
    /// command's word.
    pub fn typed(text: &str) -> Option<Signature> {
        let begun = text.rsplit(char::is_whitespace).next().unwrap_or("");
        let before = &text[..text.len() - begun.len()];
        // Within a quote that is not closed yet, the word goes on from where the quote began.
        let (before, begun) = match tokens(before) {
            Ok(before) => (before, begun.to_owned()),
            Err(_) => {
                let mut all = tokens(&format!("{text}\"")).ok()?;
                let last = all.pop()?;
                (all, last.whole())
            }
        };
        let mut words = before.iter().peekable();
        words.next_if(|word| is_an_end(word) || is_the_wire(word));
        let Some(verb) = words.next() else {
            // The command's own word is still at the end.
            return table::named(&begun).map(Signature::of);
        };
        let spec = table::named(&verb.text()).filter(|_| verb.name.is_none())?;
        let mut signature = Signature::of(spec);
        if let Some(place) = typed_argument(spec, &words.collect::<Vec<_>>(), &begun) {
            signature.parts[place].typed = true;
        }
        Some(signature)
    }
}

fn is_an_end(word: &Token) -> bool {
    word.name.is_none() && Side::BOTH.iter().any(|side| side.name() == word.text())
}

fn is_the_wire(word: &Token) -> bool {
    word.name.is_none() && word.text() == WIRE
}

/// The place in the row of the argument that `begun` is, behind those that are given.
fn typed_argument(spec: &Spec, given: &[&Token], begun: &str) -> Option<usize> {
    let is_flag = |word: &str| {
        let mut flags = spec.args.iter();
        flags.any(|arg| matches!(arg, Arg::Flags(flags) if flags.contains(&word)))
    };
    if let Some((name, _)) = begun.split_once('=')
        && let Some(place) = place_of(spec, |arg| matches!(arg, Arg::Named(known, _) if *known == name))
    {
        return Some(place);
    }
    let plain = given
        .iter()
        .filter(|word| word.name.is_none() && (word.quoted || !is_flag(&word.text())));
    let plain = plain.count();
    let mut places = spec
        .args
        .iter()
        .enumerate()
        .filter(|(_, arg)| matches!(arg, Arg::Plain(..)));
    if let Some((place, _)) = places.nth(plain)
        && !is_flag(begun)
    {
        return Some(place);
    }
    if begun.is_empty() {
        return None;
    }
    place_of(spec, |arg| match arg {
        Arg::Plain(..) => false,
        Arg::Named(name, _) => name.starts_with(begun),
        Arg::Flags(flags) => flags.iter().any(|flag| flag.starts_with(begun)),
    })
}

fn place_of(spec: &Spec, is_it: impl Fn(&Arg) -> bool) -> Option<usize> {
    spec.args.iter().position(is_it)
}

/// The meaning of a command's word without arguments.
struct Alone {
    spec: &'static Spec,
    /// The arguments that are taken then; none where some are needed.
    taken: Option<ParsedArguments>,
}

impl Alone {
    fn of(spec: &'static Spec) -> Alone {
        let command = parse(spec.name, Some(Side::Client)).ok();
        let taken = command.and_then(|command| {
            let text = match &command {
                Command::End(_, command) => command.to_string(),
                Command::Wire(command) => command.to_string(),
                Command::Screen(_) | Command::Write(_) => return None,
            };
            let words = tokens(&text).ok()?;
            ParsedArguments::collect(spec, words.get(1..)?, text.len() + 1).ok()
        });
        Alone { spec, taken }
    }

    fn part(&self, arg: &Arg) -> String {
        let text = match arg {
            Arg::Plain(name, kind) => format!("{name} {}", form(*kind)),
            Arg::Named(name, kind) => format!("{name}={}", form(*kind)),
            Arg::Flags(words) => words.join("|"),
        };
        let default = self
            .default(arg)
            .map_or_else(String::new, |default| format!(" ({default})"));
        if self.is_needed(arg) {
            text
        } else {
            format!("[{text}{default}]")
        }
    }

    fn is_needed(&self, arg: &Arg) -> bool {
        self.taken.is_none() && !matches!(self.spec.verb, Verb::Screen(_)) && is_always_needed(self.spec, arg)
    }

    fn default(&self, arg: &Arg) -> Option<String> {
        let taken = self.taken.as_ref()?;
        let word = |token: &Token| match token.quoted {
            true => format!("\"{}\"", token.text()),
            false => token.text(),
        };
        match arg {
            Arg::Plain(..) => {
                let mut plain = self.spec.args.iter().filter(|arg| matches!(arg, Arg::Plain(..)));
                let place = plain.position(|other| other == arg)?;
                taken.plain(place).map(word)
            }
            Arg::Named(name, _) => taken.named(name).map(word),
            Arg::Flags(_) => {
                let words = taken.flag_words();
                (!words.is_empty()).then(|| words.join(" "))
            }
        }
    }
}

/// Of a row whose word alone is no command: is this one of those that are missing?
const fn is_always_needed(spec: &Spec, arg: &Arg) -> bool {
    match arg {
        // A forged packet has a receiver.
        Arg::Named(name, _) => matches!(name.as_bytes(), b"to") && matches!(spec.verb, Verb::Wire(_)),
        // The newest program is meant where none is named.
        Arg::Plain(_, ArgKind::Program | ArgKind::AwaitedOf) => false,
        Arg::Plain(..) => true,
        Arg::Flags(_) => false,
    }
}

/// The values that an argument of that kind can have.
fn form(kind: ArgKind) -> String {
    match kind {
        ArgKind::Address => "ADDRESS:PORT".into(),
        ArgKind::Bytes => "TEXT".into(),
        ArgKind::Number(low, high) if high >= table::MOST_BYTES => format!("{low}.."),
        ArgKind::Number(low, high) => format!("{low}..{high}"),
        ArgKind::Time => "TIME".into(),
        ArgKind::Word(words) => words.join("|"),
        ArgKind::Socket => "SOCKET".into(),
        ArgKind::Option => "OPTION".into(),
        ArgKind::OptionValue | ArgKind::SettingValue => "VALUE".into(),
        ArgKind::Setting => "SETTING".into(),
        ArgKind::Segment => "SEGMENT".into(),
        ArgKind::Theme => "THEME".into(),
        ArgKind::Path => "DIR".into(),
        ArgKind::File => "FILE".into(),
        ArgKind::Pair => "NAME=VALUE".into(),
        ArgKind::CommandLine => "COMMAND ...".into(),
        ArgKind::Program => "PROGRAM".into(),
        ArgKind::Signal => "SIGNAL".into(),
        ArgKind::Awaited => "STATE|exit|output".into(),
        ArgKind::AwaitedOf => "PROGRAM|TEXT".into(),
        ArgKind::Connection => "SOCKET|NUMBER".into(),
        ArgKind::Nth => "N|N..".into(),
        ArgKind::Share => "PERCENT".into(),
        ArgKind::Rate => "RATE".into(),
        ArgKind::TcpOptions => OptionSet::NAMES.join(","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> String {
        let signature = Signature::of(table::named(name).unwrap());
        let parts: Vec<&str> = signature.parts.iter().map(|part| part.text.as_str()).collect();
        parts.join(" ")
    }

    #[test]
    fn a_signature_has_kinds_choices_and_defaults() {
        for (name, text) in [
            (
                "write",
                "[bytes TEXT (\"hello\")] [nosignal|oob|dontwait] [repeat=1..] [deadline=TIME] [on=SOCKET]",
            ),
            (
                "read",
                "[n 0.. (1024)] [peek|waitall|dontwait|oob] [deadline=TIME] [on=SOCKET]",
            ),
            ("listen", "[backlog=-1..65535 (2)] [on=SOCKET]"),
            ("shutdown", "how write|read|both [on=SOCKET]"),
            ("connect", "[address ADDRESS:PORT] [deadline=TIME] [on=SOCKET]"),
            (
                "poll",
                "[in|out|rdhup|hup|err|pri (in out rdhup)] [timeout=TIME] [on=SOCKET]",
            ),
            ("linger-close", "[seconds TIME (5)] [on=SOCKET]"),
            ("set-option", "option OPTION value VALUE [on=SOCKET]"),
            ("rule", "rule 1.. change on|off|remove"),
            ("quit", ""),
        ] {
            assert_eq!(shown(name), text, "{name}");
        }
    }

    /// What is shown without brackets is needed, and nothing else is: each row, tried.
    #[test]
    fn what_has_no_brackets_is_needed() {
        for spec in table::TABLE {
            let signature = Signature::of(spec);
            let needs = signature.parts.iter().any(|part| !part.text.starts_with('['));
            let alone = parse(spec.name, Some(Side::Client));
            assert_eq!(needs, alone.is_err(), "{}: {alone:?}", spec.name);
        }
        assert!(parse("wire forge rst", None).is_err());
        assert!(parse("wire forge rst to=client", None).is_ok());
    }

    /// The argument at the end of the text, where there is one.
    fn marked(text: &str) -> Option<String> {
        let signature = Signature::typed(text)?;
        let marked: Vec<SignaturePart> = signature.parts.into_iter().filter(|part| part.typed).collect();
        assert!(marked.len() < 2, "{marked:?}");
        marked.into_iter().next().map(|part| part.text)
    }

    #[test]
    fn the_argument_that_is_being_typed_is_marked() {
        for (text, argument) in [
            ("client write ", "[bytes TEXT (\"hello\")]"),
            ("write hel", "[bytes TEXT (\"hello\")]"),
            ("client write \"two wor", "[bytes TEXT (\"hello\")]"),
            ("client write x nos", "[nosignal|oob|dontwait]"),
            ("client write x nosignal rep", "[repeat=1..]"),
            ("client write repeat=3", "[repeat=1..]"),
            ("client write x on=cl", "[on=SOCKET]"),
            ("server shutdown ", "how write|read|both"),
            ("client set-option SO_LINGER ", "value VALUE"),
            ("wire rule 2 o", "change on|off|remove"),
            ("client read peek", "[peek|waitall|dontwait|oob]"),
            ("client read peek 1", "[n 0.. (1024)]"),
        ] {
            assert_eq!(marked(text).as_deref(), Some(argument), "{text}");
        }
        for text in ["client close ", "client write", "client write x ", "quit "] {
            assert!(Signature::typed(text).is_some(), "{text}");
            assert_eq!(marked(text), None, "{text}");
        }
        for text in ["", "client ", "client wri", "nonsense x", "wire "] {
            assert!(Signature::typed(text).is_none(), "{text}");
        }
    }
}
