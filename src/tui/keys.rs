//! Keys: the one that presses a button, and the text drawn for it there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_width::UnicodeWidthChar;

use crate::command::spec::{Button, Spec};
use crate::command::table::{self, TABLE};
use crate::command::{Command, ScreenCommand};
use crate::mistake::{did_you_mean, quoted};
use crate::side::Side;
use crate::text::width;

/// A key that a button can have, alone or with Ctrl or Alt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chord {
    /// A character; a capital is one with Shift.
    Char(char),
    /// A letter with Ctrl.
    Control(char),
    /// A character with Alt.
    Alt(char),
    /// F1 to F12.
    Function(u8),
    /// Insert.
    Insert,
    /// Delete.
    Delete,
    /// Backspace.
    Backspace,
}

/// Keys with a name in a file, that a button can have.
const NAMED: [(&str, Chord); 3] = [
    ("insert", Chord::Insert),
    ("delete", Chord::Delete),
    ("backspace", Chord::Backspace),
];
/// Keys that the screen keeps for itself, and what they do there.
const KEPT: [(&str, &str); 23] = [
    ("1", "gives the keys to the client"),
    ("2", "gives the keys to the server"),
    ("space", "presses what is marked"),
    ("enter", "presses what is marked"),
    ("tab", "marks the next button"),
    ("esc", "goes back"),
    ("up", "moves the mark"),
    ("down", "moves the mark"),
    ("left", "moves the mark"),
    ("right", "moves the mark"),
    ("pgup", "scrolls the log"),
    ("pgdn", "scrolls the log"),
    ("home", "scrolls the log"),
    ("end", "scrolls the log"),
    ("ctrl-c", "leaves finwait"),
    ("ctrl-z", "suspends finwait"),
    ("ctrl-l", "redraws the screen"),
    ("ctrl-i", "is Tab to a terminal"),
    ("ctrl-m", "is Enter to a terminal"),
    ("ctrl-j", "is Enter to a terminal"),
    ("ctrl-h", "is Backspace to some terminals"),
    ("alt-[", "begins other keys in a terminal"),
    ("alt-O", "begins other keys in a terminal"),
];
/// The forms of a key in a file.
const FORMS: &str = "a key is like \"w\", \"W\", \"ctrl-p\", \"alt-w\", \"f5\" or \"insert\"";

impl Chord {
    /// Reads a key as a file has it: `w`, `W`, `ctrl-p`, `alt-w`, `f5`, `insert`.
    ///
    /// # Errors
    ///
    /// It is no key, or one that the screen keeps: one sentence.
    pub fn parse(text: &str) -> Result<Chord, String> {
        let known = match text {
            " " => "space",
            "escape" => "esc",
            "return" => "enter",
            "pageup" => "pgup",
            "pagedown" => "pgdn",
            text => text,
        };
        if let Some((_, does)) = KEPT.iter().find(|(kept, _)| *kept == known) {
            return Err(format!("{} {does}: it presses no button", quoted(known)));
        }
        if let Some((_, chord)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*chord);
        }
        let one = |text: &str| {
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none())
        };
        let drawn = |c: &char| c.width() == Some(1) && !c.is_whitespace();
        let chord = if let Some(rest) = text.strip_prefix("ctrl-") {
            one(rest).filter(char::is_ascii_lowercase).map(Chord::Control)
        } else if let Some(rest) = text.strip_prefix("alt-") {
            one(rest).filter(drawn).map(Chord::Alt)
        } else if let Some(c) = one(text) {
            Some(c).filter(drawn).map(Chord::Char)
        } else {
            let number = text.strip_prefix('f').and_then(|number| number.parse().ok());
            number.filter(|number| (1..=12).contains(number)).map(Chord::Function)
        };
        chord.ok_or_else(|| {
            let known: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            format!("{} is not a key: {FORMS}{}", quoted(text), did_you_mean(text, &known))
        })
    }

    /// Returns the key that was pressed; none for one that no button can have.
    pub fn of(key: KeyEvent) -> Option<Chord> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match (key.code, control, alt) {
            (KeyCode::Char(c), false, false) => Some(Chord::Char(c)),
            (KeyCode::Char(c), true, false) => Some(Chord::Control(c.to_ascii_lowercase())),
            (KeyCode::Char(c), false, true) => Some(Chord::Alt(c)),
            (KeyCode::F(number), false, false) => Some(Chord::Function(number)),
            (KeyCode::Insert, false, false) => Some(Chord::Insert),
            (KeyCode::Delete, false, false) => Some(Chord::Delete),
            (KeyCode::Backspace, false, false) => Some(Chord::Backspace),
            _ => None,
        }
    }

    /// Returns the text for it on a button: `w`, `^P`, `M-w`, `F5`.
    pub fn label(self) -> KeyLabel {
        match self {
            Chord::Char(c) => KeyLabel::new(&[c]),
            Chord::Control(c) => KeyLabel::new(&['^', c.to_ascii_uppercase()]),
            Chord::Alt(c) => KeyLabel::new(&['M', '-', c]),
            Chord::Function(number @ 1..=9) => KeyLabel::new(&['F', char::from(b'0' + number)]),
            Chord::Function(number) => KeyLabel::new(&['F', '1', char::from(b'0' + number % 10)]),
            Chord::Insert => KeyLabel::new(&['I', 'n', 's']),
            Chord::Delete => KeyLabel::new(&['D', 'e', 'l']),
            Chord::Backspace => KeyLabel::new(&['B', 'k', 's', 'p']),
        }
    }
}

impl fmt::Display for Chord {
    /// Prints it as a file has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Chord::Char(c) => write!(f, "{c}"),
            Chord::Control(c) => write!(f, "ctrl-{c}"),
            Chord::Alt(c) => write!(f, "alt-{c}"),
            Chord::Function(number) => write!(f, "f{number}"),
            Chord::Insert | Chord::Delete | Chord::Backspace => {
                let name = NAMED.iter().find(|(_, chord)| chord == self);
                f.write_str(name.map_or("", |(name, _)| name))
            }
        }
    }
}

/// The text drawn for a key on its button; empty for a button without one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyLabel {
    chars: [char; 4],
    len: u8,
}

impl KeyLabel {
    fn new(text: &[char]) -> KeyLabel {
        let mut label = KeyLabel::default();
        for c in text.iter().take(label.chars.len()) {
            label.chars[usize::from(label.len)] = *c;
            label.len += 1;
        }
        label
    }

    /// Returns the characters, one column each.
    pub fn chars(&self) -> &[char] {
        &self.chars[..usize::from(self.len)]
    }

    /// Returns whether the button has no key.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the width, in columns.
    pub const fn width(&self) -> u16 {
        self.len as u16
    }
}

/// Returns the width of a button, in columns: filled and with its key, or in brackets; without a label, the key alone.
pub fn button_width(key: KeyLabel, label: &str) -> u16 {
    match (key.width(), label) {
        (0, "") => 3,
        (0, label) => width(label) as u16 + 2,
        (key, "") => key + 2,
        (key, label) => width(label) as u16 + key + 3,
    }
}

impl From<char> for KeyLabel {
    fn from(key: char) -> KeyLabel {
        Chord::Char(key).label()
    }
}

impl fmt::Display for KeyLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().iter().try_for_each(|c| write!(f, "{c}"))
    }
}

/// Every button of the table, with its row.
pub fn buttons() -> impl Iterator<Item = (&'static Spec, &'static Button)> {
    TABLE
        .iter()
        .flat_map(|spec| spec.buttons.iter().map(move |button| (*spec, button)))
}

/// Returns a button's name in a file: its command as it is typed, without an end or the wire before it; of a row's only button, the word.
pub fn name(spec: &Spec, button: &Button) -> String {
    match (spec.buttons, (button.command)(Side::Client)) {
        ([_], _) => spec.name.to_owned(),
        (_, Command::End(_, command)) => command.to_string(),
        (_, Command::Wire(command)) => command.to_string(),
        (_, command @ (Command::Screen(_) | Command::Write(_))) => command.to_string(),
    }
}

/// Returns the button of that name, or of any command that is typed the same.
fn named(text: &str) -> Option<&'static Button> {
    let typed = crate::command::parse::parse(text, Some(Side::Client)).ok();
    let mut all = buttons();
    let found = all.find(|(spec, button)| name(spec, button) == text || typed == Some((button.command)(Side::Client)));
    found.map(|(_, button)| button)
}

/// Returns the keys of a button that no file speaks of, the one that is drawn first.
pub fn standard(button: &Button) -> Vec<Chord> {
    let also = match (button.command)(Side::Client) {
        Command::Screen(ScreenCommand::Palette) => Some(Chord::Control('p')),
        Command::Screen(ScreenCommand::Help) => Some(Chord::Function(1)),
        Command::Screen(ScreenCommand::Screenshot) => Some(Chord::Control('s')),
        _ => None,
    };
    [Chord::Char(button.key)].into_iter().chain(also).collect()
}

/// The keys of all buttons. A button is known by its key in the table, which no other has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    keys: BTreeMap<char, Vec<Chord>>,
    pressed: BTreeMap<Chord, char>,
}

/// A mistake about keys: which entry, which of its keys (none: its name), and one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMistake {
    /// The entry's number, from 0 on.
    pub entry: usize,
    /// The key's number, from 0 on.
    pub key: Option<usize>,
    /// One sentence.
    pub why: String,
}

impl Keymap {
    /// Returns the keys of the table.
    pub fn standard() -> &'static Keymap {
        static STANDARD: LazyLock<Keymap> = LazyLock::new(|| Keymap::of(BTreeMap::new()));
        &STANDARD
    }

    /// Returns the keys of the table, and in place of them those of the buttons that `keys` speaks of.
    fn of(mut keys: BTreeMap<char, Vec<Chord>>) -> Keymap {
        let mut pressed = BTreeMap::new();
        for (_, button) in buttons() {
            let chords = keys.entry(button.key).or_insert_with(|| standard(button));
            pressed.extend(chords.iter().map(|chord| (*chord, button.key)));
        }
        Keymap { keys, pressed }
    }

    /// Reads the entries of a file: buttons by name, and the keys of each.
    ///
    /// # Errors
    ///
    /// Every mistake: no such button, no such key, a key that the screen keeps, a key of two buttons.
    pub fn read(entries: &[(&str, Vec<&str>)]) -> Result<Keymap, Vec<KeyMistake>> {
        let mut mistakes = Vec::new();
        let mut wrong = |entry, key, why| mistakes.push(KeyMistake { entry, key, why });
        let mut given: BTreeMap<char, Vec<Chord>> = BTreeMap::new();
        let mut places: Vec<(Chord, usize, usize, &'static Button)> = Vec::new();
        for (entry, (text, keys)) in entries.iter().enumerate() {
            let Some(button) = named(text) else {
                let names: Vec<String> = buttons().map(|(spec, button)| name(spec, button)).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let near = did_you_mean(text, &names);
                let near = if near.is_empty() {
                    "; finwait config --print lists them".to_owned()
                } else {
                    near
                };
                wrong(entry, None, format!("no button does {}{near}", quoted(text)));
                continue;
            };
            let mut chords = Vec::new();
            for (key, text) in keys.iter().enumerate() {
                match Chord::parse(text) {
                    Ok(chord) => {
                        chords.push(chord);
                        places.push((chord, entry, key, button));
                    }
                    Err(why) => wrong(entry, Some(key), why),
                }
            }
            if given.insert(button.key, chords).is_some() {
                wrong(entry, None, format!("{} stands here twice", quoted(text)));
            }
        }
        let label = |button: &Button| {
            let found = buttons().find(|(_, other)| other.key == button.key);
            quoted(&found.map_or_else(String::new, |(spec, button)| name(spec, button)))
        };
        for (at, (chord, entry, key, button)) in places.iter().enumerate() {
            let chord_text = quoted(&chord.to_string());
            if let Some((.., other)) = places[..at].iter().find(|(other, ..)| other == chord) {
                let why = format!(
                    "{chord_text} presses {} already: a key presses one button",
                    label(other)
                );
                wrong(*entry, Some(*key), why);
                continue;
            }
            let other = buttons().find(|(_, other)| {
                other.key != button.key && !given.contains_key(&other.key) && standard(other).contains(chord)
            });
            if let Some((_, other)) = other {
                let other = label(other);
                let why = format!("{chord_text} presses {other}: give that another key, or none: {other} = []");
                wrong(*entry, Some(*key), why);
            }
        }
        if mistakes.is_empty() {
            Ok(Keymap::of(given))
        } else {
            Err(mistakes)
        }
    }

    /// Returns a button's keys, the one that is drawn first.
    pub fn keys(&self, button: &Button) -> &[Chord] {
        self.keys.get(&button.key).map_or(&[], Vec::as_slice)
    }

    /// Returns the text for a button's key.
    pub fn label(&self, button: &Button) -> KeyLabel {
        let first = self.keys(button).first();
        first.map_or_else(KeyLabel::default, |chord| chord.label())
    }

    /// Returns the text for the key of the button that has this one in the table; the key itself where none has.
    pub fn label_of(&self, key: char) -> KeyLabel {
        match self.keys.get(&key) {
            Some(chords) => chords.first().map_or_else(KeyLabel::default, |chord| chord.label()),
            None => KeyLabel::from(key),
        }
    }

    /// Returns the width of a button with that key in the table, or without any, in columns.
    pub fn button_width(&self, key: Option<char>, label: &str) -> u16 {
        button_width(key.map(|key| self.label_of(key)).unwrap_or_default(), label)
    }

    /// Returns the key of a command of the screen as a sentence has it; one that has none is typed, as in `: help`.
    pub fn of_screen(&self, command: ScreenCommand) -> String {
        let spec = table::of_screen(command);
        let mut keys = spec.buttons.iter().flat_map(|button| self.keys(button));
        keys.next()
            .map_or_else(|| format!(": {}", spec.name), |chord| chord.label().to_string())
    }

    /// Returns the button that a key presses.
    pub fn pressed(&self, key: KeyEvent) -> Option<&'static Button> {
        let key = self.pressed.get(&Chord::of(key)?)?;
        table::pressed(*key).map(|(_, button)| button)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn press(keys: &Keymap, code: KeyCode, modifiers: KeyModifiers) -> Option<&'static str> {
        keys.pressed(KeyEvent::new(code, modifiers)).map(|button| button.label)
    }

    #[test]
    fn every_button_has_a_name_of_its_own_and_is_found_by_it() {
        let mut seen = BTreeSet::new();
        for (spec, button) in buttons() {
            let name = name(spec, button);
            assert!(seen.insert(name.clone()), "{name}");
            assert_eq!(named(&name).map(|found| found.key), Some(button.key), "{name}");
        }
        assert_eq!(named("listen backlog=2").map(|button| button.key), Some('l'));
    }

    #[test]
    fn keys_read_as_they_are_written() {
        for text in [
            "w",
            "W",
            "?",
            "\u{e9}",
            "-",
            "ctrl-p",
            "alt-w",
            "alt--",
            "f1",
            "f12",
            "insert",
            "backspace",
        ] {
            assert_eq!(Chord::parse(text).unwrap().to_string(), text);
        }
        for bad in [
            "",
            "ww",
            "ctrl-",
            "ctrl-P",
            "ctrl-\u{e9}",
            "f0",
            "f13",
            "f99999",
            "\u{4e2d}",
            "\u{7}",
            "shift-w",
            "\t",
        ] {
            let why = Chord::parse(bad).unwrap_err();
            assert!(why.contains("is not a key"), "{bad}: {why}");
        }
        for (kept, does) in KEPT {
            assert!(Chord::parse(kept).unwrap_err().contains(does), "{kept}");
        }
        assert!(
            Chord::parse(" ")
                .unwrap_err()
                .contains("\"space\" presses what is marked")
        );
        let labels = ["w", "ctrl-p", "alt-w", "f5", "f12", "delete"];
        let labels = labels.map(|text| Chord::parse(text).unwrap().label().to_string());
        assert_eq!(labels, ["w", "^P", "M-w", "F5", "F12", "Del"]);
    }

    #[test]
    fn a_key_of_the_file_takes_the_place_of_the_tables() {
        let keys = Keymap::read(&[("write", vec!["f5", "alt-w"]), ("quit", vec![])]).unwrap();
        let none = KeyModifiers::NONE;
        assert_eq!(press(&keys, KeyCode::F(5), none), Some("write"));
        assert_eq!(press(&keys, KeyCode::Char('w'), KeyModifiers::ALT), Some("write"));
        assert_eq!(press(&keys, KeyCode::Char('w'), none), None);
        assert_eq!(press(&keys, KeyCode::Char('q'), none), None);
        assert_eq!(press(&keys, KeyCode::Char('r'), none), Some("read"));
        assert_eq!(keys.of_screen(ScreenCommand::Quit), ": quit");
        let (_, write) = table::pressed('w').unwrap();
        assert_eq!(keys.label(write).to_string(), "F5");
        let standard = Keymap::standard();
        assert_eq!(press(standard, KeyCode::Char('p'), KeyModifiers::CONTROL), Some("find"));
        assert_eq!(press(standard, KeyCode::F(1), none), Some("help"));
    }

    #[test]
    fn keys_can_be_swapped_and_none_presses_two() {
        let swapped = Keymap::read(&[("write", vec!["r"]), ("read", vec!["w"])]).unwrap();
        assert_eq!(press(&swapped, KeyCode::Char('r'), KeyModifiers::NONE), Some("write"));
        let why = |entries: &[(&str, Vec<&str>)]| Keymap::read(entries).unwrap_err()[0].why.clone();
        assert_eq!(
            why(&[("write", vec!["r"])]),
            "\"r\" presses \"read\": give that another key, or none: \"read\" = []"
        );
        assert_eq!(
            why(&[("write", vec!["f5"]), ("read", vec!["f5"])]),
            "\"f5\" presses \"write\" already: a key presses one button"
        );
        assert_eq!(
            why(&[("shutdwn write", vec![])]),
            "no button does \"shutdwn write\"; did you mean shutdown write?"
        );
        assert!(why(&[("listen", vec![]), ("listen backlog=2", vec![])]).contains("twice"));
        assert!(why(&[("host", vec![])]).starts_with("no button does \"host\""));
    }
}
