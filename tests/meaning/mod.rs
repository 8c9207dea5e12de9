//! No meaning in a colour alone: whatever a colour says, the text or its modifiers say, too.
//!
//! A scene is drawn in a theme in which each role has a colour that no other has, so that every cell tells its role, and in mono. The
//! letters are the same in both. In mono, what a phrase says (its letters with their modifiers) must say the roles of its cells: where the
//! same phrase has one role here and another there, in this scene or in any other, a colour says what nothing else says.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::collections::HashMap;
use std::sync::Mutex;

use finwait::tui::theme::{Depth, Styles, Theme, builtin};

use crate::script::Script;

/// The tables of a theme whose colours mean something, and the keys that do in another.
const MEANT: [&str; 4] = ["state", "chip", "segment", "flags"];
const MEANT_TEXT: [&str; 2] = ["bad", "held"];

/// The role of each colour.
type Roles = HashMap<Color, String>;

/// A theme with the modifiers of mono and a colour for each role, and what the colours mean.
fn telling() -> (Theme, Roles) {
    let mut styles: Styles = builtin("mono").unwrap();
    let mut roles = Roles::new();
    for (nth, (table, key, style)) in styles.slots().into_iter().enumerate() {
        if MEANT.contains(&table) || (table == "text" && MEANT_TEXT.contains(&key)) {
            let colour = Color::Rgb(0, 1 + nth as u8, 255);
            *style = style.fg(colour);
            roles.insert(colour, format!("{table}.{key}"));
        }
    }
    (Theme::new(&styles, Depth::Truecolour), roles)
}

fn drawn(script: &mut Script, theme: Theme, width: u16, height: u16) -> Buffer {
    script.app.setup().theme = theme;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| script.app.draw(frame, script.now)).unwrap();
    terminal.backend().buffer().clone()
}

/// Is there nothing to see in this cell of mono? A piece of a large letter says nothing by itself: all rows of a word have its shape.
fn is_blank(cell: &Cell) -> bool {
    let piece = cell.symbol().chars().all(|c| ('\u{2580}'..='\u{259f}').contains(&c));
    piece || cell.symbol() == " " && !cell.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED)
}

/// Is this a piece of a large letter? Those are one phrase of several rows, which spells the same in both.
fn is_of_a_large_letter(symbol: &str) -> bool {
    symbol.chars().all(|c| ('\u{2580}'..='\u{259f}').contains(&c))
}

/// The letters of a phrase with their modifiers.
type Phrase = Vec<(String, Modifier)>;
/// The roles of its cells, and the scene where they were first seen.
type Said = (Vec<Option<String>>, String);

/// What phrases were found to say, in all scenes of this process.
static SEEN: Mutex<Option<HashMap<Phrase, Said>>> = Mutex::new(None);

/// Compares a scene with itself in mono, and its phrases with those of the scenes before.
#[track_caller]
pub fn says_the_same_without_colour(scene: &str, script: &mut Script, width: u16, height: u16) {
    let before = script.app.setup().theme;
    let (theme, roles) = telling();
    // The hint is about what was under the pointer in the frame before.
    drawn(script, theme, width, height);
    let coloured = drawn(script, theme, width, height);
    let mono = drawn(script, Theme::PLAIN, width, height);
    script.app.setup().theme = before;
    let mut seen = SEEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let seen = seen.get_or_insert_default();
    for y in 0..height {
        for (phrase, said) in phrases(&coloured, &mono, &roles, y, scene) {
            let text: String = phrase.iter().map(|(symbol, _)| symbol.as_str()).collect();
            match seen.get(&phrase) {
                None => drop(seen.insert(phrase, (said, scene.to_owned()))),
                Some((other, place)) => assert_eq!(
                    *other, said,
                    "\"{text}\" is the same without colours in {place} and in {scene}, and means another thing"
                ),
            }
        }
    }
}

/// The phrases of a row, which two blanks part, and the roles of their cells.
fn phrases(coloured: &Buffer, mono: &Buffer, roles: &Roles, y: u16, scene: &str) -> Vec<(Phrase, Vec<Option<String>>)> {
    let mut phrases = Vec::new();
    let (mut phrase, mut said) = (Phrase::new(), Vec::new());
    let mut blanks = 0;
    for x in 0..=mono.area.width {
        let cell = (x < mono.area.width).then(|| &mono[(x, y)]);
        if let Some(cell) = cell {
            assert_eq!(coloured[(x, y)].symbol(), cell.symbol(), "{scene} at {x},{y}");
        }
        blanks = match cell {
            Some(cell) if !is_blank(cell) => 0,
            _ => blanks + 1,
        };
        if let Some(cell) = cell.filter(|_| blanks < 2) {
            phrase.push((cell.symbol().to_owned(), cell.modifier));
            let role = roles.get(&coloured[(x, y)].fg).cloned();
            said.push(role.filter(|_| !is_blank(cell) && !is_of_a_large_letter(cell.symbol())));
        }
        if (blanks == 2 || cell.is_none()) && phrase.iter().any(|(symbol, _)| symbol != " ") {
            // A row of large letters, with what is filled around them, is a slice of a word: the whole of it says the same in both.
            if phrase.iter().any(|(symbol, _)| is_of_a_large_letter(symbol)) {
                phrase.clear();
                said.clear();
            } else {
                phrases.push((std::mem::take(&mut phrase), std::mem::take(&mut said)));
            }
        }
        if blanks >= 2 {
            phrase.clear();
            said.clear();
        }
    }
    phrases
}
