//! The look of the screen: one style a role, read from a small file; words and shapes stand beside each colour, so that no meaning is in a
//! colour alone.

mod collection;
mod colour;
mod file;
mod segment;

use std::sync::{LazyLock, Mutex};

use ratatui::style::Style;

use crate::command::ThemeName;
use crate::roles::{SegmentKind, StateRole};
use crate::state::State;

pub use collection::{ThemeChoice, Themes};
pub use colour::{Depth, contrast};
pub use file::read;
pub use segment::{HELD, LEFT, LOST, RESET, RIGHT};

/// The lines of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLines {
    /// The lines at the top and at the bottom.
    pub horizontal: &'static str,
    /// The lines at the sides.
    pub vertical: &'static str,
    /// The corners: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
}

/// Thin lines.
pub const LIGHT: FrameLines = FrameLines {
    horizontal: "─",
    vertical: "│",
    corners: ["┌", "┐", "└", "┘"],
};
/// Thick lines.
pub const HEAVY: FrameLines = FrameLines {
    horizontal: "━",
    vertical: "┃",
    corners: ["┏", "┓", "┗", "┛"],
};
/// Double lines.
pub const DOUBLE: FrameLines = FrameLines {
    horizontal: "═",
    vertical: "║",
    corners: ["╔", "╗", "╚", "╝"],
};

/// A style a role, and what holds for the whole screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Styles {
    /// One line about it.
    pub about: String,
    /// The colours of what has none of its own, and of what is empty; none where they are the terminal's own.
    pub ground: Style,
    /// Whether boxes have thick lines, and the focused one double lines.
    pub heavy: bool,
    text: Style,
    strong: Style,
    dim: Style,
    hint: Style,
    title: Style,
    key: Style,
    bad: Style,
    held: Style,
    picked: Style,
    selected: Style,
    flash: Style,
    frame: Style,
    frame_focused: Style,
    button: Style,
    button_likely: Style,
    button_key: Style,
    states: [Style; 6],
    chips: [Style; 6],
    segments: [Style; 6],
    flags: [Style; 6],
}

/// A style's table and key in a theme's file, and the style.
pub type Slot<'a> = (&'static str, &'static str, &'a mut Style);

impl Styles {
    /// Returns every style under its table and key in a file.
    pub fn slots(&mut self) -> Vec<Slot<'_>> {
        const STATES: [&str; 6] = [
            "nothing",
            "listen",
            "opening",
            "established",
            "closed-first",
            "was-told",
        ];
        let mut slots = vec![
            ("text", "plain", &mut self.text),
            ("text", "strong", &mut self.strong),
            ("text", "dim", &mut self.dim),
            ("text", "hint", &mut self.hint),
            ("text", "title", &mut self.title),
            ("text", "key", &mut self.key),
            ("text", "bad", &mut self.bad),
            ("text", "held", &mut self.held),
            ("text", "picked", &mut self.picked),
            ("text", "selected", &mut self.selected),
            ("frame", "plain", &mut self.frame),
            ("frame", "focused", &mut self.frame_focused),
            ("button", "plain", &mut self.button),
            ("button", "likely", &mut self.button_likely),
            ("button", "key", &mut self.button_key),
            ("chip", "flash", &mut self.flash),
        ];
        for (table, styles) in [("state", &mut self.states), ("chip", &mut self.chips)] {
            slots.extend(STATES.iter().zip(styles).map(|(key, style)| (table, *key, style)));
        }
        for (table, styles) in [("segment", &mut self.segments), ("flags", &mut self.flags)] {
            let kinds = SegmentKind::ALL.map(SegmentKind::name);
            slots.extend(kinds.into_iter().zip(styles).map(|(key, style)| (table, key, style)));
        }
        slots
    }

    /// Returns the styles at a terminal's depth of colours. Among sixteen, the nearest of many colours would be one and the same: there, a
    /// theme of more has those of `terminal-16`.
    fn at(&self, depth: Depth) -> Styles {
        let mut styles = self.clone();
        if depth == Depth::Sixteen && styles.slots().iter().any(|(_, _, style)| depth.lacks(style)) {
            let sixteen = builtin(DEFAULT).unwrap_or_default();
            return Styles {
                about: styles.about,
                heavy: self.heavy,
                ..sixteen
            };
        }
        let ground = depth.style(self.ground, Style::new());
        for (_, _, style) in styles.slots() {
            *style = depth.style(*style, ground);
        }
        styles.ground = ground;
        styles
    }
}

/// The files of the themes that come with the program, in the order of [`ThemeName::BUILTIN`].
const TEXTS: [&str; 6] = [
    include_str!("../../../assets/themes/terminal-16.toml"),
    include_str!("../../../assets/themes/dark.toml"),
    include_str!("../../../assets/themes/light.toml"),
    include_str!("../../../assets/themes/projector.toml"),
    include_str!("../../../assets/themes/colour-blind.toml"),
    include_str!("../../../assets/themes/mono.toml"),
];
/// The theme of who says nothing.
pub const DEFAULT: &str = ThemeName::BUILTIN[0];
/// The theme without colours.
pub const MONO: &str = ThemeName::BUILTIN[5];

/// Does the user want no colours? `NO_COLOR`, set and not empty, says so (no-color.org).
pub fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Returns the styles of a theme that comes with the program.
pub fn builtin(name: &str) -> Option<Styles> {
    let at = ThemeName::BUILTIN.iter().position(|builtin| *builtin == name)?;
    // A test reads them all.
    Some(read(name, TEXTS[at]).unwrap_or_default())
}

/// The look of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme(Source);

/// The place of a theme's styles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Mono,
    Terminal,
    Kept(&'static Styles),
}

impl Theme {
    /// The theme `mono`: bold, dim, underlined and reversed only.
    pub const PLAIN: Theme = Theme(Source::Mono);
    /// The theme `terminal-16`: colours that read on a light and on a dark ground.
    pub const COLOURED: Theme = Theme(Source::Terminal);

    /// Returns the theme of these styles; equal ones are kept once, for as long as the program runs.
    pub fn new(styles: &Styles, depth: Depth) -> Theme {
        static KEPT: Mutex<Vec<&'static Styles>> = Mutex::new(Vec::new());
        let styles = styles.at(depth);
        let mut kept = KEPT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(same) = kept.iter().find(|same| ***same == styles) {
            return Theme(Source::Kept(same));
        }
        let new: &'static Styles = Box::leak(Box::new(styles));
        kept.push(new);
        Theme(Source::Kept(new))
    }

    fn styles(self) -> &'static Styles {
        static MONO_STYLES: LazyLock<Styles> = LazyLock::new(|| builtin(MONO).unwrap_or_default());
        static TERMINAL: LazyLock<Styles> = LazyLock::new(|| builtin(DEFAULT).unwrap_or_default());
        match self.0 {
            Source::Mono => &MONO_STYLES,
            Source::Terminal => &TERMINAL,
            Source::Kept(styles) => styles,
        }
    }

    /// Returns the colours of what has none of its own; empty where they are the terminal's own.
    pub fn ground(self) -> Style {
        self.styles().ground
    }

    /// Plain text.
    pub fn text(self) -> Style {
        self.styles().text
    }

    /// The style for what matters.
    pub fn strong(self) -> Style {
        self.styles().strong
    }

    /// The style for what only holds other things together.
    pub fn dim(self) -> Style {
        self.styles().dim
    }

    /// The hint line.
    pub fn hint(self) -> Style {
        self.styles().hint
    }

    /// The title of a box.
    pub fn title(self) -> Style {
        self.styles().title
    }

    /// The style of what is under the pointer or marked.
    pub fn picked(self) -> Style {
        self.styles().picked
    }

    /// The style of what was chosen and stays so: a row, a tab, a held segment.
    pub fn selected(self) -> Style {
        self.styles().selected
    }

    /// A key in a text.
    pub fn key(self) -> Style {
        self.styles().key
    }

    /// RST, an errno, a death, a segment that was not delivered.
    pub fn bad(self) -> Style {
        self.styles().bad
    }

    /// A segment that is held on the wire.
    pub fn held(self) -> Style {
        self.styles().held
    }

    /// The lines of a box, of one that has not the focus.
    pub fn frame(self) -> Style {
        self.styles().frame
    }

    /// The lines of the box that has the focus.
    pub fn frame_focused(self) -> Style {
        self.styles().frame_focused
    }

    /// Returns the characters of a box, which say too whether it has the focus.
    pub fn frame_lines(self, focused: bool) -> FrameLines {
        match (self.styles().heavy, focused) {
            (false, false) => LIGHT,
            (false, true) | (true, false) => HEAVY,
            (true, true) => DOUBLE,
        }
    }

    /// A button.
    pub fn button(self) -> Style {
        self.styles().button
    }

    /// A button that is likely to be wanted now.
    pub fn button_likely(self) -> Style {
        self.styles().button_likely
    }

    /// The key on a button.
    pub fn button_key(self) -> Style {
        self.styles().button_key
    }

    /// The text of a state on the ground.
    pub fn state(self, state: State) -> Style {
        self.role(StateRole::of(state))
    }

    /// Text about states of this role.
    pub fn role(self, role: StateRole) -> Style {
        self.styles().states[role as usize]
    }

    /// The filled chip of a state; the state's name stands in it.
    pub fn chip(self, state: State) -> Style {
        self.role_chip(StateRole::of(state))
    }

    /// A filled chip about states of this role.
    pub fn role_chip(self, role: StateRole) -> Style {
        self.styles().chips[role as usize]
    }

    /// The chip of a state that has just changed.
    pub fn flash(self, state: State) -> Style {
        self.chip(state).patch(self.styles().flash)
    }

    /// The arrow of a segment, and the words on it.
    pub fn segment(self, kind: SegmentKind) -> Style {
        self.styles().segments[kind as usize]
    }

    /// The word that says what a segment is (`SYN`, `data`, `FIN`), on its arrow.
    pub fn flags(self, kind: SegmentKind) -> Style {
        self.styles().flags[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::{NAMED, rgb};
    use colour::READABLE;
    use ratatui::style::{Color, Modifier};
    use unicode_width::UnicodeWidthStr;

    /// The sixteen colours of a PC's text mode, which the Linux console has (`drivers/tty/vt/vt.c`, `default_red` and its kin).
    const VGA: [[u8; 3]; 16] = [
        [0, 0, 0],
        [170, 0, 0],
        [0, 170, 0],
        [170, 85, 0],
        [0, 0, 170],
        [170, 0, 170],
        [0, 170, 170],
        [170, 170, 170],
        [85, 85, 85],
        [255, 85, 85],
        [85, 255, 85],
        [255, 255, 85],
        [85, 85, 255],
        [255, 85, 255],
        [85, 255, 255],
        [255, 255, 255],
    ];

    fn as_vga(colour: Color) -> Color {
        let at = NAMED.iter().position(|(_, named)| *named == colour);
        at.map_or(colour, |at| {
            let [red, green, blue] = VGA[at];
            Color::Rgb(red, green, blue)
        })
    }

    /// What a terminal makes of faint text: two thirds of the way from the ground to the text, as xterm, VTE and Alacritty do.
    fn faint(text: Color, under: Color) -> Color {
        let (text, under) = (rgb(text).unwrap(), rgb(under).unwrap());
        let [red, green, blue] = [0, 1, 2].map(|at| ((u16::from(text[at]) * 2 + u16::from(under[at])) / 3) as u8);
        Color::Rgb(red, green, blue)
    }

    fn illegible(what: &str, style: Style, ground: (Color, Color), vga: bool) -> Option<String> {
        let see = |colour| if vga { as_vga(colour) } else { colour };
        let (mut text, mut under) = (see(style.fg.unwrap_or(ground.0)), see(style.bg.unwrap_or(ground.1)));
        if style.add_modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut text, &mut under);
        }
        if style.add_modifier.contains(Modifier::DIM) {
            text = faint(text, under);
        }
        let contrast = contrast(text, under).unwrap();
        (contrast < READABLE).then(|| format!("{what}: {text:?} on {under:?} is {contrast:.2}\n"))
    }

    #[test]
    fn every_text_of_every_theme_reads_on_its_ground() {
        let mut wrong = String::new();
        for (name, text) in ThemeName::BUILTIN.into_iter().zip(TEXTS) {
            let whole = read(name, text).unwrap_or_else(|mistake| panic!("{mistake}"));
            for depth in [Depth::Truecolour, Depth::Indexed, Depth::Sixteen] {
                let mut styles = whole.at(depth);
                let grounds = match (styles.ground.fg, styles.ground.bg) {
                    (Some(fg), Some(bg)) => vec![(fg, bg)],
                    _ => vec![(Color::White, Color::Black), (Color::Black, Color::White)],
                };
                let (picked, flash) = (styles.picked, styles.flash);
                for (table, key, style) in styles.slots() {
                    for ground in &grounds {
                        for vga in [false, true] {
                            let what = format!("{name} at {depth:?}, [{table}] {key}");
                            let picked = (format!("{what}, picked"), style.patch(picked));
                            let flashes = (format!("{what}, changed"), style.patch(flash));
                            for (what, style) in [(what, *style), picked, flashes] {
                                wrong.extend(illegible(&what, style, *ground, vga));
                            }
                        }
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    }

    #[test]
    fn shapes_are_one_cell_wide() {
        let frames = [LIGHT, HEAVY, DOUBLE].into_iter();
        let frames = frames.flat_map(|lines| [lines.horizontal, lines.vertical].into_iter().chain(lines.corners));
        let lines = SegmentKind::ALL
            .into_iter()
            .flat_map(|kind| [kind.line(false), kind.line(true)]);
        for shape in frames.chain(lines).chain([RIGHT, LEFT, RESET, LOST, HELD]) {
            assert_eq!(shape.width(), 1, "{shape}");
        }
    }

    #[test]
    fn mono_has_no_colour() {
        for (table, key, style) in builtin(MONO).unwrap().slots() {
            assert_eq!((style.fg, style.bg), (None, None), "[{table}] {key}");
        }
    }
}
