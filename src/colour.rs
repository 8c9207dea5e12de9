//! Colours of a terminal in numbers: what xterm shows for each.

use ratatui::style::Color;

/// Red, green and blue, 0 to 255 each.
pub type Rgb = [u8; 3];

/// The sixteen colours as xterm has them (`XTerm-col.ad`), in the order of their numbers.
const XTERM: [Rgb; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];
/// The sixteen colours, in the order of their numbers, and their names in a theme's file.
pub const NAMED: [(&str, Color); 16] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// The steps of a component in the 6x6x6 cube, colours 16 to 231.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Returns a colour as xterm shows it; none for a colour that is the terminal's own.
pub fn rgb(colour: Color) -> Option<Rgb> {
    if let Some(at) = NAMED.iter().position(|(_, named)| *named == colour) {
        return Some(XTERM[at]);
    }
    match colour {
        Color::Rgb(red, green, blue) => Some([red, green, blue]),
        Color::Indexed(at @ 0..=15) => Some(XTERM[usize::from(at)]),
        Color::Indexed(at @ 16..=231) => {
            let at = usize::from(at - 16);
            Some([CUBE[at / 36], CUBE[at / 6 % 6], CUBE[at % 6]])
        }
        Color::Indexed(at) => Some([8 + 10 * (at - 232); 3]),
        _ => None,
    }
}
