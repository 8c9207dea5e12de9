//! Words that would fit where the cursor is in the prompt.

use super::ThemeName;
use super::parse::WIRE;
use super::table::{self, Arg, ArgKind, Verb};
use super::token::tokens;
use crate::call::{SocketName, SocketOption};
use crate::host::{Setting, SettingKind};
use crate::side::Side;

/// The words that could stand in place of the last word of `text`, in the order of the table.
///
/// `side` is the end that is meant when the text names none; `sockets` are the names in use.
pub fn complete(text: &str, side: Option<Side>, sockets: &[&SocketName]) -> Vec<String> {
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
    candidates
        .into_iter()
        .filter(|word| word.starts_with(begun) && word != begun)
        .collect()
}

fn arguments(spec: &table::Spec, given: &[String], begun: &str, sockets: &[&SocketName]) -> Vec<String> {
    let names = || sockets.iter().map(|name| name.as_str().to_owned());
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
            Arg::Named(arg, ArgKind::Socket) if begun.starts_with(&format!("{arg}=")) => {
                words.extend(names().map(|name| format!("{arg}={name}")));
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

/// The words that an argument can be, where they are few.
fn values(kind: ArgKind, given: &[String], sockets: &[&SocketName]) -> Vec<String> {
    let owned = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
    match kind {
        ArgKind::Word(words) => owned(words),
        ArgKind::Socket => {
            let mut names: Vec<String> = sockets.iter().map(|name| name.as_str().to_owned()).collect();
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
        ArgKind::Address | ArgKind::Bytes | ArgKind::Number(..) | ArgKind::Time => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_completes_word_by_word() {
        let name = SocketName::new("client2").unwrap();
        let of = |text: &str| complete(text, Some(Side::Client), &[&name]);
        assert_eq!(of("ser"), ["server"]);
        assert_eq!(of("server li"), ["listen", "linger-close"]);
        assert_eq!(of("shutdown "), ["write", "read", "both", "on="]);
        assert_eq!(of("client read on="), ["on=client2"]);
        assert_eq!(of("client host default_route "), ["on", "off"]);
        assert_eq!(of("client set-option TCP_NO"), ["TCP_NODELAY"]);
        assert_eq!(of("wire du"), ["duplicate"]);
        assert_eq!(of("wire hold F"), ["FIN"]);
        assert_eq!(of("wire hold FIN from="), ["from=client", "from=server"]);
        assert!(of("client nonsense ").is_empty());
        assert!(of("client write \"unclosed ").is_empty());
    }
}
