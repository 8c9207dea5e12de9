//! From the text of a theme's file to its [`Styles`], or the first mistake in it.

use std::collections::BTreeMap;
use std::ops::Range;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::colour::NAMED;
use super::{BUILTIN, Styles, builtin};
use crate::scenario::mistake::{Mistake, did_you_mean, in_string, quoted};

/// The words for a style's modifiers.
const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];
/// The keys of the file itself.
const TOP: [&str; 4] = ["based-on", "ground", "heavy-frames", "colours"];
/// The form of a style.
const STYLES: &str = "a style is like \"bold #ffaf00 on black\"";

/// Reads a theme; `path` is what messages call the file.
///
/// # Errors
///
/// The first mistake in the file, with its place.
pub fn read(path: &str, text: &str) -> Result<Styles, Mistake> {
    let document = DeTable::parse(text).map_err(|error| {
        let why = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        Mistake::new(path, text, error.span().unwrap_or(0..0), why)
    })?;
    let mut reader = Reader {
        path,
        text,
        colours: BTreeMap::new(),
    };
    reader.styles(document.get_ref())
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    /// The colours that the file names.
    colours: BTreeMap<String, Color>,
}

type TomlValue<'a> = Spanned<DeValue<'a>>;

impl<'a> Reader<'a> {
    fn styles(&mut self, table: &DeTable<'a>) -> Result<Styles, Mistake> {
        let mut styles = match table.get("based-on") {
            Some(value) => {
                let name = self.string(value)?;
                let names = BUILTIN.map(|(name, _)| name);
                builtin(name).ok_or_else(|| self.word(value, 0, name, "a theme that comes with finwait", &names))?
            }
            // What the file does not say is plain.
            None => Styles::default(),
        };
        if let Some(value) = table.get("colours") {
            for (key, value) in self.table(value)? {
                let text = self.string(value)?;
                let colour = self.colour(text).ok_or_else(|| {
                    self.wrong(
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
                return Err(self.wrong(
                    value.span(),
                    "the ground has both colours: ground = \"#e6e6e6 on #101418\"".into(),
                ));
            }
        }
        if let Some(value) = table.get("heavy-frames") {
            styles.heavy = match value.get_ref() {
                DeValue::Boolean(heavy) => *heavy,
                _ => return Err(self.wrong(value.span(), "heavy-frames is true or false".into())),
            };
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
                return Err(self.word_at(key.span(), name, "a key of a theme", &known));
            }
            for (key, value) in self.table(value)? {
                let role: &str = key.get_ref();
                let slot = slots.iter_mut().find(|(table, key, _)| *table == name && *key == role);
                let Some((_, _, style)) = slot else {
                    let known = slots.iter().filter(|(table, ..)| *table == name);
                    let known: Vec<&str> = known.map(|(_, key, _)| *key).collect();
                    return Err(self.word_at(key.span(), role, &format!("a style of [{name}]"), &known));
                };
                **style = self.style(value)?;
            }
        }
        Ok(styles)
    }

    fn style(&self, value: &TomlValue<'a>) -> Result<Style, Mistake> {
        let text = self.string(value)?;
        let mut style = Style::new();
        let (mut under, mut seen) = (false, 0);
        for word in text.split_whitespace() {
            let at = seen + text[seen..].find(word).unwrap_or_default();
            seen = at + word.len();
            let wrong = |why: String| self.wrong_at(value, text[..at].chars().count(), why);
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
                    return Err(wrong(format!("a second colour, {}: {STYLES}", quoted(word))));
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
                    "{} is neither a colour nor bold, dim, italic, underlined or reversed: {STYLES}{near}",
                    quoted(word)
                )));
            }
        }
        if under {
            return Err(self.wrong(value.span(), format!("a colour is missing after on: {STYLES}")));
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

    fn table<'b>(&self, value: &'b TomlValue<'a>) -> Result<&'b DeTable<'a>, Mistake> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.wrong(value.span(), "this must be a table, after a line like [state]".into())),
        }
    }

    fn string<'b>(&self, value: &'b TomlValue<'a>) -> Result<&'b str, Mistake> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.wrong(value.span(), format!("this must be a string: {STYLES}"))),
        }
    }

    fn word(&self, value: &TomlValue<'a>, n: usize, word: &str, what: &str, known: &[&str]) -> Mistake {
        self.wrong_at(value, n, unknown(word, what, known))
    }

    fn word_at(&self, span: Range<usize>, word: &str, what: &str, known: &[&str]) -> Mistake {
        self.wrong(span, unknown(word, what, known))
    }

    fn wrong(&self, span: Range<usize>, why: String) -> Mistake {
        Mistake::new(self.path, self.text, span, why)
    }

    fn wrong_at(&self, value: &TomlValue<'a>, n: usize, why: String) -> Mistake {
        let span = value.span();
        let at = span.start + in_string(self.text.get(span.clone()).unwrap_or_default(), n);
        self.wrong(at..span.end, why)
    }
}

fn unknown(word: &str, what: &str, known: &[&str]) -> String {
    let near = did_you_mean(word, known);
    format!("{} is not {what}; there are {}{near}", quoted(word), known.join(", "))
}
