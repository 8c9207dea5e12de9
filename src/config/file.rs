//! From the text of a configuration to its [`Config`], or every mistake in it.

use toml::de::{DeTable, DeValue};

use super::Config;
use crate::cli::LabChoice;
use crate::clock::Millis;
use crate::command::ThemeName;
use crate::command::table::SLOWEST_MS;
use crate::document::{Document, TomlValue};
use crate::mistake::{Mistake, did_you_mean, quoted};
use crate::tui::keys::Keymap;
use crate::tui::theme::Themes;
use crate::typed;

/// The keys of the file.
pub const SETTINGS: [&str; 6] = ["theme", "mouse", "lab", "ipv6", "slow-delay", "keys"];
/// The words for a lab.
pub const LABS: [(&str, LabChoice); 3] = [
    ("auto", LabChoice::Auto),
    ("isolated", LabChoice::Isolated),
    ("loopback", LabChoice::Loopback),
];
/// Reads a configuration; `path` is what messages call the file.
///
/// # Errors
///
/// All mistakes in the file, each with its place.
pub fn read(path: &str, text: &str, themes: &Themes) -> Result<Config, Vec<Mistake>> {
    let document = Document::new(path, text);
    let table = document.parse().map_err(|mistake| vec![mistake])?;
    let mut config = Config::default();
    let mut mistakes = Vec::new();
    for (key, value) in table.get_ref() {
        let name: &str = key.get_ref();
        let read = match name {
            "theme" => theme(&document, value, themes).map(|theme| config.theme = Some(theme)),
            "mouse" => document.bool(value).map(|mouse| config.mouse = mouse),
            "lab" => lab(&document, value).map(|lab| config.lab = lab),
            "ipv6" => document.bool(value).map(|ipv6| config.ipv6 = ipv6),
            "slow-delay" => delay(&document, value).map(|delay| config.slow_delay = delay),
            "keys" => match document.table(value, "[keys]").map(|table| keys(&document, table)) {
                Ok(Ok(keys)) => {
                    config.keys = keys;
                    Ok(())
                }
                Ok(Err(wrong)) => {
                    mistakes.extend(wrong);
                    Ok(())
                }
                Err(mistake) => Err(mistake),
            },
            _ => {
                let near = did_you_mean(name, &SETTINGS);
                let all = if near.is_empty() {
                    format!("; there are {}", SETTINGS.join(", "))
                } else {
                    near
                };
                Err(document.wrong(key.span(), format!("there is no setting {}{all}", quoted(name))))
            }
        };
        mistakes.extend(read.err());
    }
    if mistakes.is_empty() {
        return Ok(config);
    }
    mistakes.sort_by_key(|mistake| mistake.place);
    Err(mistakes)
}

fn theme<'a>(document: &Document<'a>, value: &TomlValue<'a>, themes: &Themes) -> Result<ThemeName, Mistake> {
    let name = document.string(value, "\"dark\"")?;
    let known = themes.all().iter().find(|choice| choice.name.as_str() == name);
    known
        .map(|choice| choice.name)
        .ok_or_else(|| document.wrong_at(value, 0, themes.unknown(name)))
}

fn lab<'a>(document: &Document<'a>, value: &TomlValue<'a>) -> Result<LabChoice, Mistake> {
    let name = document.string(value, "\"auto\"")?;
    let found = LABS.iter().find(|(lab, _)| *lab == name);
    found.map(|(_, lab)| *lab).ok_or_else(|| {
        let names = LABS.map(|(lab, _)| lab);
        let near = did_you_mean(name, &names);
        let why = format!("{} is not a lab; there are {}{near}", quoted(name), names.join(", "));
        document.wrong_at(value, 0, why)
    })
}

fn delay<'a>(document: &Document<'a>, value: &TomlValue<'a>) -> Result<Millis, Mistake> {
    let text = document.string(value, "\"400ms\"")?;
    let time = typed::time(text).and_then(|time| u32::try_from(time.as_millis()).ok());
    let time = time.filter(|time| (1..=SLOWEST_MS).contains(time));
    time.map(Millis).ok_or_else(|| {
        let longest = SLOWEST_MS / 1000;
        let why = format!(
            "a delay is a time from 1ms to {longest}s, like \"400ms\" or \"2s\", not {}",
            quoted(text)
        );
        document.wrong_at(value, 0, why)
    })
}

/// Reads the keys: a key or a list of keys for each button.
fn keys<'a>(document: &Document<'a>, table: &DeTable<'a>) -> Result<Keymap, Vec<Mistake>> {
    const LIKE: &str = "a key like \"w\", or a list of keys like [\"w\", \"f5\"]";
    let mut mistakes = Vec::new();
    let mut entries: Vec<(&str, Vec<&str>)> = Vec::new();
    // The places of the same: of the name, and of each key.
    let mut places = Vec::new();
    // A table's keys come in the order of their names: back to the file's.
    let mut rows: Vec<_> = table.iter().collect();
    rows.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in rows {
        let given: Vec<&TomlValue> = match value.get_ref() {
            DeValue::String(_) => vec![value],
            DeValue::Array(array) => array.iter().collect(),
            _ => {
                mistakes.push(document.kind(value, LIKE));
                continue;
            }
        };
        let mut texts = Vec::new();
        for value in &given {
            match value.get_ref() {
                DeValue::String(text) => texts.push(text.as_ref()),
                _ => mistakes.push(document.kind(value, LIKE)),
            }
        }
        if texts.len() == given.len() {
            entries.push((key.get_ref().as_ref(), texts));
            places.push((key.span(), given));
        }
    }
    let read = Keymap::read(&entries);
    if let Err(wrong) = &read {
        mistakes.extend(wrong.iter().filter_map(|mistake| {
            let (name, keys) = places.get(mistake.entry)?;
            let why = mistake.why.clone();
            Some(match mistake.key {
                None => document.wrong(name.clone(), why),
                Some(key) => document.wrong_at(keys.get(key)?, 0, why),
            })
        }));
    }
    match read {
        Ok(keys) if mistakes.is_empty() => Ok(keys),
        _ => Err(mistakes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        let mistakes = read("c.toml", text, &Themes::default()).unwrap_err();
        let sentences: Vec<String> = mistakes
            .iter()
            .map(|mistake| mistake.to_string().lines().next().unwrap_or_default().to_owned())
            .collect();
        sentences.join("\n")
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert_eq!(read("c.toml", "", &Themes::default()).unwrap(), Config::default());
    }

    #[test]
    fn what_is_set_is_set() {
        let text = "theme = \"dark\"\nmouse = false\nlab = \"loopback\"\nipv6 = true\nslow-delay = \"2s\"\n\n[keys]\nwrite = \"f5\"\n\"shutdown read\" = [\"alt-h\", \"ctrl-r\"]\nquit = []\n";
        let config = read("c.toml", text, &Themes::default()).unwrap();
        let keys = Keymap::read(&[
            ("quit", vec![]),
            ("shutdown read", vec!["alt-h", "ctrl-r"]),
            ("write", vec!["f5"]),
        ]);
        let wanted = Config {
            theme: ThemeName::new("dark"),
            mouse: false,
            lab: LabChoice::Loopback,
            ipv6: true,
            slow_delay: Millis(2000),
            keys: keys.unwrap(),
        };
        assert_eq!(config, wanted);
    }

    #[test]
    fn every_mistake_is_told_where_it_is_and_what_would_be_right() {
        for (text, sentence) in [
            (
                "them = \"dark\"",
                "c.toml:1:1: there is no setting \"them\"; did you mean theme?",
            ),
            (
                "\nwindow = 1",
                "c.toml:2:1: there is no setting \"window\"; there are theme, mouse, lab, ipv6, slow-delay, keys",
            ),
            (
                "theme = \"drak\"",
                "c.toml:1:10: there is no theme \"drak\"; did you mean dark? there are terminal-16, dark, light, projector, colour-blind, mono",
            ),
            (
                "theme = 3",
                "c.toml:1:9: this is a number, and must be a string like \"dark\"",
            ),
            (
                "mouse = \"off\"",
                "c.toml:1:9: this is a string, and must be true or false",
            ),
            (
                "lab = \"isolate\"",
                "c.toml:1:8: \"isolate\" is not a lab; there are auto, isolated, loopback; did you mean isolated?",
            ),
            (
                "slow-delay = \"0ms\"",
                "c.toml:1:15: a delay is a time from 1ms to 60s, like \"400ms\" or \"2s\", not \"0ms\"",
            ),
            (
                "slow-delay = 400",
                "c.toml:1:14: this is a number, and must be a string like \"400ms\"",
            ),
            (
                "keys = 1",
                "c.toml:1:8: this is a number, and must be a table, after a line [keys]",
            ),
            (
                "[keys]\nwrte = \"w\"",
                "c.toml:2:1: no button does \"wrte\"; did you mean write?",
            ),
            (
                "[keys]\nwrite = \"f5\"\nread = \"f5\"",
                "c.toml:3:9: \"f5\" presses \"write\" already: a key presses one button",
            ),
            (
                "[keys]\nwrite = [\"w\", \"r\"]",
                "c.toml:2:16: \"r\" presses \"read\": give that another key, or none: \"read\" = []",
            ),
            (
                "[keys]\nwrite = \"ctrl-c\"",
                "c.toml:2:10: \"ctrl-c\" leaves finwait: it presses no button",
            ),
            (
                "[keys]\nwrite = 5",
                "c.toml:2:9: this is a number, and must be a key like \"w\", or a list of keys like [\"w\", \"f5\"]",
            ),
            (
                "mouse = maybe\n",
                "c.toml:1:9: string values must be quoted, expected literal string",
            ),
        ] {
            assert_eq!(why(text), sentence, "{text}");
        }
        assert_eq!(why("mouse = 1\nthem = 2\n[keys]\nquit = \"1\"\n").lines().count(), 3);
    }
}
