//! The colours of text for people: the one place that decides whether there are some, and that writes them.
//!
//! A painted text is the text, with escape sequences around words: states in the colours that the screen has for them, errnos, and whether
//! something was as expected. What a run prints knows nothing of it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;

use clap::ValueEnum;
use ratatui::style::{Color, Modifier, Style};

use crate::errno::Errno;
use crate::explain::rules::RULES;
use crate::roles::StateRole;
use crate::state::State;
use crate::tui::theme::Theme;

/// When text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PaintWhen {
    /// On a terminal, unless the environment says otherwise
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// The text alone.
    Plain,
    /// With the colours of the theme `terminal-16`, which reads on dark and on light.
    Coloured,
}

impl Paint {
    /// Returns whether text on standard output is coloured: by the option, else by `NO_COLOR` and `CLICOLOR_FORCE` (no-color.org,
    /// bixense.com/clicolors), else on a terminal that is not dumb.
    pub fn of(when: PaintWhen) -> Paint {
        Paint::decided(when, |name| std::env::var_os(name), io::stdout().is_terminal())
    }

    fn decided(when: PaintWhen, variable: impl Fn(&str) -> Option<OsString>, terminal: bool) -> Paint {
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        let coloured = match when {
            PaintWhen::Always => true,
            PaintWhen::Never => false,
            PaintWhen::Auto if is_set("NO_COLOR") => false,
            PaintWhen::Auto if is_set("CLICOLOR_FORCE") && variable("CLICOLOR_FORCE") != Some("0".into()) => true,
            PaintWhen::Auto => terminal && variable("TERM").is_some_and(|term| !term.is_empty() && term != "dumb"),
        };
        if coloured { Paint::Coloured } else { Paint::Plain }
    }

    /// Returns it for a format that is read by programs, which have no use for colours, where `machine` says so.
    pub const fn unless(self, machine: bool) -> Paint {
        if machine { Paint::Plain } else { self }
    }

    /// Returns a text with its colours, line by line.
    pub fn text(self, text: &str) -> Cow<'_, str> {
        match self {
            Paint::Plain => Cow::Borrowed(text),
            Paint::Coloured => {
                let mut painted = String::with_capacity(text.len() * 2);
                text.split_inclusive('\n')
                    .for_each(|line| paint_line(line, &mut painted));
                Cow::Owned(painted)
            }
        }
    }
}

/// A writer that gives lines their colours.
pub struct PaintingWriter<W: Write> {
    out: W,
    paint: Paint,
    /// The beginning of a line that has not ended.
    begun: Vec<u8>,
}

impl<W: Write> PaintingWriter<W> {
    /// Returns a writer onto `out`. What is not flushed is lost.
    pub const fn new(out: W, paint: Paint) -> PaintingWriter<W> {
        PaintingWriter {
            out,
            paint,
            begun: Vec::new(),
        }
    }

    fn painted(&mut self, end: usize) -> io::Result<()> {
        let lines: Vec<u8> = self.begun.drain(..end).collect();
        match std::str::from_utf8(&lines) {
            Ok(text) => self.out.write_all(self.paint.text(text).as_bytes()),
            Err(_) => self.out.write_all(&lines),
        }
    }
}

impl<W: Write> Write for PaintingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.paint == Paint::Plain {
            return self.out.write(bytes);
        }
        self.begun.extend_from_slice(bytes);
        if let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') {
            self.painted(end + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.painted(self.begun.len())?;
        self.out.flush()
    }
}

/// The escape sequences before the words that have a colour, by the word.
static WORDS: LazyLock<HashMap<Cow<'static, str>, String>> = LazyLock::new(|| {
    let theme = Theme::COLOURED;
    let states = State::ALL.map(|state| (Cow::Borrowed(state.name()), sgr(theme.chip(state))));
    let bad = || sgr(theme.bad());
    let errnos = Errno::NAMED.iter().map(|(_, name)| (Cow::Borrowed(*name), bad()));
    let others = ["RST", "DIFFERS", "MISS"].map(|word| (Cow::Borrowed(word), bad()));
    states.into_iter().chain(errnos).chain(others).collect()
});

/// The escape sequences of what is known by its place in a line.
struct Places {
    good: String,
    bad: String,
    strong: String,
    dim: String,
    rules: HashMap<&'static str, ()>,
}

static PLACES: LazyLock<Places> = LazyLock::new(|| {
    let theme = Theme::COLOURED;
    Places {
        good: sgr(theme.role_chip(StateRole::Established)),
        bad: sgr(theme.bad()),
        strong: sgr(theme.strong()),
        dim: sgr(theme.dim()),
        rules: RULES.iter().map(|rule| (rule.id.name(), ())).collect(),
    }
});

const END: &str = "\x1b[0m";

/// The words at the beginning of a line, and of what follows a name, that say whether something was as expected.
const GOOD: [&str; 2] = ["ok ", "holds"];
const BAD: [&str; 2] = ["NO ", "does not hold"];
/// The words of what stands beside a transcript.
const BESIDE: [&str; 4] = ["why", "now", "wire", "counters:"];

fn paint_line(line: &str, out: &mut String) {
    let places = &*PLACES;
    let put = |out: &mut String, escape: &str, text: &str| {
        if escape.is_empty() {
            return out.push_str(text);
        }
        out.push_str(escape);
        out.push_str(text);
        out.push_str(END);
    };
    let body = line.trim_end_matches('\n');
    let end = &line[body.len()..];
    // A command that was given.
    if body.starts_with("> ") {
        put(out, &places.strong, body);
        return out.push_str(end);
    }
    let mut rest = body;
    for (words, escape) in [(&GOOD, &places.good), (&BAD, &places.bad)] {
        if let Some(word) = words.iter().find(|word| rest.starts_with(**word)) {
            let word = word.trim_end();
            put(out, escape, word);
            rest = &rest[word.len()..];
        }
    }
    let indent = rest.len() - rest.trim_start_matches(' ').len();
    if indent >= 8 && rest.len() < body.len() + 1 {
        let beside = BESIDE.iter().find(|word| {
            let after = rest[indent..].strip_prefix(**word);
            after.is_some_and(|after| after.starts_with([' ', ':']))
        });
        if let Some(word) = beside {
            out.push_str(&rest[..indent]);
            put(out, &places.dim, word);
            rest = &rest[indent + word.len()..];
        }
    }
    // A name in a column, and the verdict behind it.
    if let Some((name, after)) = rest.split_once(' ')
        && !name.is_empty()
        && rest.len() == body.len()
    {
        let verdict = after.trim_start_matches(' ');
        let found = GOOD
            .iter()
            .map(|word| (word, &places.good))
            .chain(BAD.iter().map(|word| (word, &places.bad)));
        let mut found = found.filter(|(word, _)| {
            let after = verdict.strip_prefix(word.trim_end());
            after.is_some_and(|after| after.is_empty() || after.starts_with([':', ' ']))
        });
        if let Some((word, escape)) = found.find(|(word, _)| word.len() > 3) {
            out.push_str(&rest[..rest.len() - verdict.len()]);
            put(out, escape, word);
            rest = &verdict[word.len()..];
        }
    }
    // Words.
    while !rest.is_empty() {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let start = rest.find(is_of_word).unwrap_or(rest.len());
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_of_word(c)).unwrap_or(from.len()));
        let is_rule = before.ends_with('[') && after.starts_with(']') && places.rules.contains_key(word);
        out.push_str(before);
        match WORDS.get(word) {
            Some(escape) => put(out, escape, word),
            None if is_rule => put(out, &places.dim, word),
            None => out.push_str(word),
        }
        rest = after;
    }
    out.push_str(end);
}

/// Returns the escape sequence (SGR, ECMA-48) that begins a style; nothing where it is the terminal's own.
fn sgr(style: Style) -> String {
    let mut codes: Vec<String> = Vec::new();
    for (modifier, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::ITALIC, 3),
        (Modifier::UNDERLINED, 4),
        (Modifier::REVERSED, 7),
    ] {
        if style.add_modifier.contains(modifier) {
            codes.push(code.to_string());
        }
    }
    codes.extend(style.fg.and_then(|colour| colour_code(colour, 30)));
    codes.extend(style.bg.and_then(|colour| colour_code(colour, 40)));
    match codes.is_empty() {
        true => String::new(),
        false => format!("\x1b[{}m", codes.join(";")),
    }
}

/// The code of a colour; `base` is 30 in front, 40 behind.
fn colour_code(colour: Color, base: u8) -> Option<String> {
    let (nth, bright) = match colour {
        Color::Reset => return None,
        Color::Black => (0, false),
        Color::Red => (1, false),
        Color::Green => (2, false),
        Color::Yellow => (3, false),
        Color::Blue => (4, false),
        Color::Magenta => (5, false),
        Color::Cyan => (6, false),
        Color::Gray => (7, false),
        Color::DarkGray => (0, true),
        Color::LightRed => (1, true),
        Color::LightGreen => (2, true),
        Color::LightYellow => (3, true),
        Color::LightBlue => (4, true),
        Color::LightMagenta => (5, true),
        Color::LightCyan => (6, true),
        Color::White => (7, true),
        Color::Indexed(index) => return Some(format!("{};5;{index}", base + 8)),
        Color::Rgb(red, green, blue) => return Some(format!("{};2;{red};{green};{blue}", base + 8)),
    };
    let code = base + nth + if bright { 60 } else { 0 };
    Some(code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text without escape sequences.
    fn stripped(text: &str) -> String {
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("\x1b[") {
            plain.push_str(before);
            rest = after.split_once('m').map_or("", |(_, after)| after);
        }
        plain + rest
    }

    /// Lines of words that have colours, in the places where they have them, and of any other text.
    fn texts() -> impl Strategy<Value = String> {
        let words = prop_oneof![
            Just("ok  ".to_owned()),
            Just("NO   1  ".to_owned()),
            Just("> client close".to_owned()),
            Just("           why     ".to_owned()),
            Just("half-close    holds: ".to_owned()),
            Just("DIFFERS".to_owned()),
            Just("FIN_WAIT2".to_owned()),
            Just("ECONNRESET".to_owned()),
            Just("[reset]".to_owned()),
            Just("\n".to_owned()),
            Just(" ".to_owned()),
            "[^\x1b]{0,12}",
        ];
        prop::collection::vec(words, 0..20).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn a_painted_text_is_the_text_but_for_the_escapes(text in texts(), cut in 0_usize..200) {
            prop_assert_eq!(Paint::Plain.text(&text), text.as_str());
            prop_assert_eq!(stripped(&Paint::Coloured.text(&text)), text.clone());
            // However it is cut, what is written is the same.
            let mut out = PaintingWriter::new(Vec::new(), Paint::Coloured);
            for piece in text.as_bytes().chunks(cut.max(1)) {
                out.write_all(piece).unwrap();
            }
            out.flush().unwrap();
            let whole = Paint::Coloured.text(&text).into_owned();
            prop_assert_eq!(String::from_utf8(out.out).unwrap(), whole);
        }
    }

    #[test]
    fn states_errnos_and_verdicts_have_the_screens_colours() {
        let chip = sgr(Theme::COLOURED.chip(State::FinWait2));
        assert_eq!(chip, "\x1b[30;103m");
        let bad = sgr(Theme::COLOURED.bad());
        assert_eq!(
            Paint::Coloured.text("client FIN_WAIT2, not XFIN_WAIT2\n"),
            format!("client {chip}FIN_WAIT2{END}, not XFIN_WAIT2\n")
        );
        assert!(
            Paint::Coloured
                .text("-1 ECONNRESET (x)")
                .contains(&format!("{bad}ECONNRESET{END}"))
        );
        for (line, begins) in [("NO   3  close", "NO"), ("a-name      DIFFERS: 3 steps", "DIFFERS")] {
            assert!(
                Paint::Coloured.text(line).contains(&format!("{bad}{begins}{END}")),
                "{line}"
            );
        }
        let good = &PLACES.good;
        for line in [
            "ok   3  close",
            "half-close      holds: 3 steps",
            "read-eof   holds          EOF",
        ] {
            assert!(Paint::Coloured.text(line).contains(good.as_str()), "{line}");
        }
        // In prose it is a word.
        assert!(!Paint::Coloured.text("what it holds: nothing").contains(good.as_str()));
        let beside = Paint::Coloured
            .text("           why     the peer reset it  [reset]\n")
            .into_owned();
        assert!(
            beside.contains("\x1b[2mwhy\x1b[0m") && beside.contains("[\x1b[2mreset\x1b[0m]"),
            "{beside:?}"
        );
    }

    #[test]
    fn the_option_comes_before_the_environment_and_that_before_the_terminal() {
        let decided = |when, variables: &[(&str, &str)], terminal| {
            let variable = |name: &str| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| OsString::from(value))
            };
            Paint::decided(when, variable, terminal) == Paint::Coloured
        };
        let term = ("TERM", "xterm");
        assert!(decided(PaintWhen::Auto, &[term], true));
        assert!(!decided(PaintWhen::Auto, &[term], false));
        assert!(!decided(PaintWhen::Auto, &[("TERM", "dumb")], true));
        assert!(!decided(PaintWhen::Auto, &[], true));
        assert!(!decided(PaintWhen::Auto, &[term, ("NO_COLOR", "1")], true));
        assert!(decided(PaintWhen::Auto, &[term, ("NO_COLOR", "")], true));
        assert!(decided(PaintWhen::Auto, &[("CLICOLOR_FORCE", "1")], false));
        assert!(!decided(PaintWhen::Auto, &[("CLICOLOR_FORCE", "0")], false));
        assert!(!decided(
            PaintWhen::Auto,
            &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
            true
        ));
        assert!(decided(PaintWhen::Always, &[("NO_COLOR", "1")], false));
        assert!(!decided(PaintWhen::Never, &[term, ("CLICOLOR_FORCE", "1")], true));
        assert_eq!(Paint::Coloured.unless(true), Paint::Plain);
    }
}
