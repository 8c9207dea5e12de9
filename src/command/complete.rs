//! Words that would fit where the cursor is in the prompt.

use super::ThemeName;
use super::parse::WIRE;
use super::programs::AwaitRequest;
use super::spec::{Arg, ArgKind, Spec, Verb};
use super::table;
use super::token::tokens;
use crate::call::{SocketName, SocketOption};
use crate::host::{Setting, SettingKind};
use crate::side::Side;
use crate::signal::Signal;
use crate::wire::link::OptionSet;

/// Makes the names of the sockets that there are, which are thousands beside a load generator: only where one can stand.
type SocketNames<'a> = &'a dyn Fn() -> Vec<&'a SocketName>;

/// The words that could stand in place of the last word of `text`, in the order of the table; where none begins with it, those that have
/// its letters, the nearest first.
///
/// `side` is the end that is meant when the text names none; `sockets` makes the names in use.
pub fn complete(text: &str, side: Option<Side>, sockets: SocketNames) -> Vec<String> {
    let begun = text.rsplit(char::is_whitespace).next().unwrap_or("");
    let before = &text[..text.len() - begun.len()];
    let Ok(before) = tokens(before) else { return Vec::new() };
    let mut words: Vec<String> = before
        .iter()
        .map(|token| String::from_utf8_lossy(&token.value).into_owned())
        .collect();
    let named_side = words
        .first()
        .is_some_and(|first| Side::BOTH.iter().any(|side| side.name() == first));
    let named_wire = words.first().is_some_and(|first| first == WIRE);
    if named_side || named_wire {
        words.remove(0);
    }
    let candidates: Vec<String> = match words.split_first() {
        None => {
            let alone = !named_side && !named_wire;
            let sides = Side::BOTH.map(Side::name).into_iter().chain([WIRE]).filter(|_| alone);
            let verbs = table::TABLE
                .iter()
                .filter(|spec| match spec.verb {
                    Verb::Screen(_) => alone,
                    Verb::Wire(_) => named_wire || (alone && side.is_some()),
                    Verb::End(_) => named_side || (alone && side.is_some()),
                })
                .map(|spec| spec.name);
            sides.chain(verbs).map(str::to_owned).collect()
        }
        Some((verb, args)) => match table::named(verb) {
            Some(spec) => arguments(spec, args, begun, sockets),
            None => Vec::new(),
        },
    };
    let mut fits: Vec<String> = candidates
        .iter()
        .filter(|word| word.starts_with(begun) && *word != begun)
        .cloned()
        .collect();
    // What is a word already stays one: others that begin with it come after it.
    if !fits.is_empty() && candidates.iter().any(|word| word == begun) {
        fits.insert(0, begun.to_owned());
    }
    if !fits.is_empty() || begun.len() < 2 || candidates.iter().any(|word| word == begun) {
        return fits;
    }
    // Bytes are what they are.
    let mut args = words
        .first()
        .and_then(|verb| table::named(verb))
        .into_iter()
        .flat_map(|spec| spec.args);
    if args.any(|arg| matches!(arg, Arg::Plain(_, ArgKind::Bytes))) {
        return fits;
    }
    // Nothing begins so: what has these letters, or has them in its help.
    let mut near: Vec<(usize, String)> = candidates
        .into_iter()
        .filter_map(|word| {
            let help = match words.is_empty() {
                true => table::named(&word).map_or("", |spec| spec.help),
                false => "",
            };
            Some((closeness(begun, &[&word], help)?, word))
        })
        .collect();
    near.sort_by_key(|(near, _)| *near);
    near.into_iter().map(|(_, word)| word).collect()
}

/// Returns how near each word of a search is to what it looks for, the worst of them: 0 where a name begins with it, then where a word of a
/// name does, where a name has it, where a word of the help begins with it, where a name has its letters in their order. None where one is
/// not found at all.
pub fn closeness(search: &str, names: &[&str], help: &str) -> Option<usize> {
    let search = search.to_lowercase();
    let words = search.split_whitespace();
    words
        .map(|word| of_word(word, names, &help.to_lowercase()))
        .try_fold(0, |worst, near| Some(worst.max(near?)))
}

fn of_word(word: &str, names: &[&str], help: &str) -> Option<usize> {
    let begins = |text: &str| {
        text.split(|c: char| !c.is_alphanumeric())
            .any(|part| part.starts_with(word))
    };
    let names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let any = |is_it: &dyn Fn(&str) -> bool| names.iter().any(|name| is_it(name));
    if any(&|name| name.starts_with(word)) {
        Some(0)
    } else if any(&begins) {
        Some(1)
    } else if any(&|name| name.contains(word)) {
        Some(2)
    } else if begins(help) || help.split_whitespace().any(|part| part.starts_with(word)) {
        Some(3)
    } else if word.len() > 1 && any(&|name| has_letters(name, word)) {
        Some(4)
    } else {
        None
    }
}

/// Does a name have these letters, in their order?
fn has_letters(name: &str, letters: &str) -> bool {
    let mut chars = name.chars();
    letters.chars().all(|letter| chars.any(|c| c == letter))
}

fn arguments(spec: &Spec, given: &[String], begun: &str, sockets: SocketNames) -> Vec<String> {
    let names = || sockets().into_iter().map(|name| name.as_str().to_owned());
    let mut words = Vec::new();
    let mut place = 0;
    for arg in spec.args {
        match arg {
            Arg::Plain(_, kind) => {
                if place == given.len() {
                    words.extend(values(*kind, given, sockets));
                }
                place += 1;
            }
            Arg::Named(arg, ArgKind::Socket | ArgKind::Connection) if begun.starts_with(&format!("{arg}=")) => {
                words.extend(names().map(|name| format!("{arg}={name}")));
            }
            Arg::Named(arg, ArgKind::TcpOptions) if begun.starts_with(&format!("{arg}=")) => {
                words.extend(one_more(begun, &OptionSet::NAMES));
            }
            Arg::Named(name, ArgKind::Word(values)) if begun.starts_with(&format!("{name}=")) => {
                words.extend(values.iter().map(|value| format!("{name}={value}")));
            }
            Arg::Named(name, _) => words.push(format!("{name}=")),
            Arg::Flags(flags) => words.extend(
                flags
                    .iter()
                    .filter(|flag| !given.iter().any(|g| g == *flag))
                    .map(|flag| (*flag).to_owned()),
            ),
        }
    }
    words
}

/// A list that is begun, with each of the words at its end that is not in it.
fn one_more(begun: &str, words: &[&str]) -> Vec<String> {
    let last = begun.rfind([',', '=']).map_or(0, |at| at + 1);
    let (list, given) = (&begun[..last], begun.split([',', '=']).collect::<Vec<_>>());
    let mut others = Vec::new();
    for word in words.iter().filter(|word| !given.contains(word)) {
        others.push(format!("{list}{word}"));
    }
    others
}

/// The words that an argument can be, where they are few.
fn values(kind: ArgKind, given: &[String], sockets: SocketNames) -> Vec<String> {
    let owned = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
    match kind {
        ArgKind::Word(words) => owned(words),
        ArgKind::Socket => {
            let mut names: Vec<String> = sockets().into_iter().map(|name| name.as_str().to_owned()).collect();
            names.push("next".into());
            names
        }
        ArgKind::Option => SocketOption::ALL
            .iter()
            .map(|option| option.name().to_owned())
            .collect(),
        ArgKind::OptionValue => owned(&["on", "off"]),
        ArgKind::Segment => {
            let kinds = crate::wire::rule::PacketKind::ALL.map(crate::wire::rule::PacketKind::name);
            owned(&["next", "all"]).into_iter().chain(owned(&kinds)).collect()
        }
        ArgKind::Theme => owned(&ThemeName::BUILTIN),
        ArgKind::Setting => owned(&Setting::ALL.map(Setting::name)),
        ArgKind::SettingValue => {
            let setting = Setting::ALL
                .into_iter()
                .find(|s| given.first().is_some_and(|name| name == s.name()));
            match setting.map(Setting::kind) {
                Some(SettingKind::Switch(on, off)) => owned(&[on, off]),
                _ => Vec::new(),
            }
        }
        ArgKind::Signal => Signal::names().map(str::to_owned).collect(),
        ArgKind::Awaited => AwaitRequest::words().map(str::to_owned).collect(),
        ArgKind::Connection => sockets().into_iter().map(|name| name.as_str().to_owned()).collect(),
        ArgKind::TcpOptions => owned(&OptionSet::NAMES),
        ArgKind::Address
        | ArgKind::Bytes
        | ArgKind::Number(..)
        | ArgKind::Time
        | ArgKind::Path
        | ArgKind::File
        | ArgKind::Pair
        | ArgKind::CommandLine
        | ArgKind::Program
        | ArgKind::AwaitedOf
        | ArgKind::Nth
        | ArgKind::Share
        | ArgKind::Rate => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_completes_word_by_word() {
        let name = SocketName::new("client2").unwrap();
        let of = |text: &str| complete(text, Some(Side::Client), &|| vec![&name]);
        assert_eq!(of("ser"), ["server"]);
        assert_eq!(of("server li"), ["listen", "linger-close"]);
        // A word that is one is not made into another.
        assert_eq!(of("client run")[..2], ["run", "runtime"]);
        assert_eq!(of("client listen"), [""; 0]);
        assert_eq!(of("shutdown "), ["write", "read", "both", "on="]);
        assert_eq!(of("client read on="), ["on=client2"]);
        assert_eq!(of("client host default_route "), ["on", "off"]);
        assert_eq!(of("client set-option TCP_NO"), ["TCP_NODELAY"]);
        assert_eq!(of("wire du"), ["duplicate"]);
        assert_eq!(of("wire hold F"), ["FIN"]);
        assert_eq!(of("wire hold FIN from="), ["from=client", "from=server"]);
        assert_eq!(of("wire drop data on=c"), ["on=client2"]);
        assert_eq!(of("wire drop any size"), ["size=", "size>=", "size<="]);
        assert_eq!(
            of("wire link "),
            ["3g", "dsl", "satellite", "lossy-wifi", "off", "clear"]
                .map(str::to_owned)
                .into_iter()
                .chain(of("wire link 3g "))
                .collect::<Vec<_>>()
        );
        assert_eq!(of("wire link strip=mss,w"), ["strip=mss,wscale"]);
        assert_eq!(of("wire step "), ["all"]);
        // What begins so comes alone; what only has the letters, or has them in its help, where nothing begins so.
        assert_eq!(of("client half"), ["shutdown"]);
        assert_eq!(of("client err"), ["so-error", "interrupt", "restart-program"]);
        assert_eq!(of("client cnct")[0], "connect");
        assert_eq!(of("client set-option NODELAY"), ["TCP_NODELAY"]);
        assert_eq!(of("server signal US"), ["USR1", "USR2"]);
        assert_eq!(of("server await LI"), ["LISTEN"]);
        assert_eq!(of("server run cw"), ["cwd="]);
        assert_eq!(of("client close"), [""; 0]);
        assert!(of("client write lin").is_empty());
        assert!(of("client zzz").is_empty());
        assert!(of("client nonsense ").is_empty());
        assert!(of("client write \"unclosed ").is_empty());
    }
}
