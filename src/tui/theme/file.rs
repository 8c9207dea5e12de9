//! From the text of a theme's file to its [`Styles`], or the first mistake in it.

use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;
use toml::de::DeTable;

use super::{Styles, builtin};
use crate::colour::NAMED;
use crate::command::ThemeName;
use crate::document::{Document, TomlValue};
use crate::mistake::{Mistake, did_you_mean, quoted};

/// The words for a style's modifiers.
const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];
/// The keys of the file itself.
const TOP: [&str; 5] = ["about", "based-on", "ground", "heavy-frames", "colours"];
/// A style.
const STYLE: &str = "\"bold #ffaf00 on black\"";

/// Reads a theme; `path` is what messages call the file.
///
/// # Errors
///
/// The first mistake in the file, with its place.
pub fn read(path: &str, text: &str) -> Result<Styles, Mistake> {
    let document = Document::new(path, text);
    let table = document.parse()?;
    let mut reader = Reader {
        document,
        colours: BTreeMap::new(),
    };
    reader.styles(table.get_ref())
}

struct Reader<'a> {
    document: Document<'a>,
    /// The colours that the file names.
    colours: BTreeMap<String, Color>,
}

impl<'a> Reader<'a> {
    fn styles(&mut self, table: &DeTable<'a>) -> Result<Styles, Mistake> {
        let mut styles = match table.get("based-on") {
            Some(value) => {
                let name = self.document.string(value, "\"dark\"")?;
                let unknown = || unknown(name, "a theme that comes with finwait", &ThemeName::BUILTIN);
                builtin(name).ok_or_else(|| self.document.wrong_at(value, 0, unknown()))?
            }
            // What the file does not say is plain.
            None => Styles::default(),
        };
        if let Some(value) = table.get("about") {
            styles.about = self
                .document
                .string(value, "\"light text on a dark ground\"")?
                .to_owned();
        }
        if let Some(value) = table.get("colours") {
            for (key, value) in self.document.table(value, "[colours]")? {
                let text = self.document.string(value, "\"#ffaf00\"")?;
                let colour = self.colour(text).ok_or_else(|| {
                    self.document.wrong(
                        value.span(),
                        format!("{} is no colour: #ffaf00 and red are", quoted(text)),
                    )
                })?;
                self.colours.insert(key.get_ref().to_string(), colour);
            }
        }
        if let Some(value) = table.get("ground") {
            styles.ground = self.style(value)?;
            if styles.ground.fg.is_none() || styles.ground.bg.is_none() {
                return Err(self.document.wrong(
                    value.span(),
                    "the ground has both colours: ground = \"#e6e6e6 on #101418\"".into(),
                ));
            }
        }
        if let Some(value) = table.get("heavy-frames") {
            styles.heavy = self.document.bool(value)?;
        }
        let mut slots = styles.slots();
        let mut tables: Vec<&str> = slots.iter().map(|(table, ..)| *table).collect();
        tables.dedup();
        for (key, value) in table {
            let name: &str = key.get_ref();
            if TOP.contains(&name) {
                continue;
            }
            if !tables.contains(&name) {
                let known: Vec<&str> = tables.iter().copied().chain(TOP).collect();
                return Err(self
                    .document
                    .wrong(key.span(), unknown(name, "a key of a theme", &known)));
            }
            for (key, value) in self.document.table(value, &format!("[{name}]"))? {
                let role: &str = key.get_ref();
                let slot = slots.iter_mut().find(|(table, key, _)| *table == name && *key == role);
                let Some((_, _, style)) = slot else {
                    let known = slots.iter().filter(|(table, ..)| *table == name);
                    let known: Vec<&str> = known.map(|(_, key, _)| *key).collect();
                    let why = unknown(role, &format!("a style of [{name}]"), &known);
                    return Err(self.document.wrong(key.span(), why));
                };
                **style = self.style(value)?;
            }
        }
        Ok(styles)
    }

    fn style(&self, value: &TomlValue<'a>) -> Result<Style, Mistake> {
        let text = self.document.string(value, STYLE)?;
        let mut style = Style::new();
        let (mut under, mut seen) = (false, 0);
        for word in text.split_whitespace() {
            let at = seen + text[seen..].find(word).unwrap_or_default();
            seen = at + word.len();
            let wrong = |why: String| self.document.wrong_at(value, text[..at].chars().count(), why);
            if word == "on" && style.bg.is_none() && !under {
                under = true;
            } else if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| *name == word && !under) {
                style = style.add_modifier(*modifier);
            } else if let Some(colour) = self.colour(word) {
                let place = if std::mem::take(&mut under) {
                    &mut style.bg
                } else {
                    &mut style.fg
                };
                if place.replace(colour).is_some() {
                    return Err(wrong(format!(
                        "a second colour, {}: a style is like {STYLE}",
                        quoted(word)
                    )));
                }
            } else {
                let known: Vec<&str> = MODIFIERS
                    .iter()
                    .map(|(name, _)| *name)
                    .chain(NAMED.iter().map(|(name, _)| *name))
                    .chain(self.colours.keys().map(String::as_str))
                    .collect();
                let near = did_you_mean(word, &known);
                return Err(wrong(format!(
                    "{} is neither a colour nor bold, dim, italic, underlined or reversed: a style is like {STYLE}{near}",
                    quoted(word)
                )));
            }
        }
        if under {
            return Err(self.document.wrong(
                value.span(),
                format!("a colour is missing after on: a style is like {STYLE}"),
            ));
        }
        Ok(style)
    }

    /// A colour: `#rrggbb`, one of the sixteen, a number of the 256, or one that the file names.
    fn colour(&self, word: &str) -> Option<Color> {
        if let Some(colour) = self.colours.get(word) {
            return Some(*colour);
        }
        if let Some((_, colour)) = NAMED.iter().find(|(name, _)| *name == word) {
            return Some(*colour);
        }
        let digits = word.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        Some(Color::from_u32(u32::from_str_radix(digits, 16).ok()?))
    }
}

fn unknown(word: &str, what: &str, known: &[&str]) -> String {
    let near = did_you_mean(word, known);
    format!("{} is not {what}; there are {}{near}", quoted(word), known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_where_it_is_and_what_would_be_right() {
        for (text, sentence) in [
            ("[stat]\n", "t.toml:1:2: \"stat\" is not a key of a theme; there are"),
            (
                "[state]\nopenin = \"bold\"",
                "t.toml:2:1: \"openin\" is not a style of [state]; there are nothing",
            ),
            (
                "[state]\nopening = \"bolt red\"",
                "t.toml:2:12: \"bolt\" is neither a colour nor",
            ),
            (
                "[state]\nopening = \"bold read\"",
                "t.toml:2:17: \"read\" is neither a colour nor",
            ),
            (
                "[state]\nopening = \"red blue\"",
                "t.toml:2:16: a second colour, \"blue\"",
            ),
            (
                "[state]\nopening = \"red on\"",
                "t.toml:2:11: a colour is missing after on",
            ),
            (
                "[state]\nopening = 3",
                "t.toml:2:11: this is a number, and must be a string like",
            ),
            (
                "[state]\nopening = \"#12345\"",
                "t.toml:2:12: \"#12345\" is neither a colour nor",
            ),
            (
                "state = \"red\"",
                "t.toml:1:9: this is a string, and must be a table, after a line [state]",
            ),
            ("ground = \"red\"", "t.toml:1:10: the ground has both colours"),
            (
                "heavy-frames = 1",
                "t.toml:1:16: this is a number, and must be true or false",
            ),
            (
                "based-on = \"drak\"",
                "t.toml:1:13: \"drak\" is not a theme that comes with finwait",
            ),
            ("[colours]\nsky = \"blu\"", "t.toml:2:7: \"blu\" is no colour"),
        ] {
            let why = read("t.toml", text).unwrap_err().to_string();
            assert!(why.starts_with(sentence), "{text}: {why}");
        }
        let why = read("t.toml", "[state]\nopening = \"bold yelow\"")
            .unwrap_err()
            .to_string();
        assert!(why.contains("did you mean yellow?"), "{why}");
    }

    #[test]
    fn a_theme_says_what_it_changes() {
        let text = "based-on = \"dark\"\n[colours]\nsky = \"#87ceeb\"\n[state]\nlisten = \"sky on black underlined\"\n";
        let (mut mine, mut dark) = (read("t.toml", text).unwrap(), builtin("dark").unwrap());
        let slots = mine.slots().into_iter().zip(dark.slots());
        let differ: Vec<_> = slots.filter(|((.., mine), (.., dark))| mine != dark).collect();
        let [((table, key, style), _)] = differ.as_slice() else {
            panic!("{differ:?}");
        };
        let sky = Style::new().fg(Color::Rgb(0x87, 0xce, 0xeb)).bg(Color::Black);
        assert_eq!(
            (*table, *key, **style),
            ("state", "listen", sky.add_modifier(Modifier::UNDERLINED))
        );
    }
}
