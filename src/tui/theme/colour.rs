//! Colours: those that a terminal can show, and whether one reads on another.

use ratatui::style::{Color, Style};

use crate::colour::{NAMED, Rgb, rgb};

/// The colours that a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All of 24 bits.
    Truecolour,
    /// The 256 of xterm.
    Indexed,
    /// The sixteen.
    Sixteen,
}

impl Depth {
    /// Detects the depth: from `COLORTERM`, which says `truecolor` or `24bit`, from `TERM`, and from `XTERM_VERSION`, which xterm sets.
    pub fn detect() -> Depth {
        let says = |name| std::env::var(name).unwrap_or_default();
        Depth::of(&says("COLORTERM"), &says("TERM"), &says("XTERM_VERSION"))
    }

    /// Returns the depth of which these values of `COLORTERM`, `TERM` and `XTERM_VERSION` tell.
    pub fn of(colorterm: &str, term: &str, xterm: &str) -> Depth {
        // xterm unsets COLORTERM; it has 24 bits since patch 331.
        let patch = xterm.strip_prefix("XTerm(").and_then(|rest| rest.strip_suffix(')'));
        let patch = patch.and_then(|patch| patch.parse::<u32>().ok()).unwrap_or(0);
        match colorterm {
            "truecolor" | "24bit" => Depth::Truecolour,
            _ if term.starts_with("xterm") && patch >= 331 => Depth::Truecolour,
            _ if term.ends_with("-direct") => Depth::Truecolour,
            _ if term.contains("256color") => Depth::Indexed,
            _ => Depth::Sixteen,
        }
    }

    /// Returns whether there is a colour in this style that this depth has not.
    pub(super) fn lacks(self, style: &Style) -> bool {
        let has = |colour: Color| match self {
            Depth::Truecolour => true,
            Depth::Indexed => !matches!(colour, Color::Rgb(..)),
            Depth::Sixteen => !matches!(colour, Color::Rgb(..) | Color::Indexed(16..)),
        };
        ![style.fg, style.bg].into_iter().flatten().all(has)
    }

    /// Returns the nearest colour that this depth has, of the 256.
    fn nearest(self, colour: Color) -> Color {
        let Color::Rgb(red, green, blue) = colour else {
            return colour;
        };
        let wanted = [red, green, blue];
        let far = |colour: &Color| rgb(*colour).map_or(u32::MAX, |have| distance(have, wanted));
        match self {
            Depth::Truecolour => colour,
            // The first sixteen are whatever the user made of them.
            Depth::Indexed => (16..=255).map(Color::Indexed).min_by_key(far).unwrap_or(colour),
            Depth::Sixteen => NAMED
                .map(|(_, named)| named)
                .into_iter()
                .min_by_key(far)
                .unwrap_or(colour),
        }
    }

    /// Returns a style in colours that this depth has. Where its text would no longer read, it becomes black or white.
    pub(super) fn style(self, style: Style, ground: Style) -> Style {
        let of = |colour: Option<Color>| colour.map(|colour| self.nearest(colour));
        let (fg, bg) = (of(style.fg), of(style.bg));
        let mut new = Style { fg, bg, ..style };
        let changed = fg != style.fg || bg != style.bg;
        if let (true, Some(text), Some(under)) = (changed, fg.or(ground.fg), bg.or(ground.bg))
            && contrast(text, under).is_some_and(|contrast| contrast < READABLE)
        {
            let of = |colour| contrast(colour, under).unwrap_or_default();
            let (black, white) = (Color::Indexed(16), Color::Indexed(231));
            new.fg = Some(if of(black) > of(white) { black } else { white });
        }
        new
    }
}

/// The least contrast of text with what is under it (WCAG 2.1, 1.4.3).
pub const READABLE: f64 = 4.5;

/// Returns the square of the distance of two colours, by the weights of what the eye makes of them.
fn distance(one: Rgb, other: Rgb) -> u32 {
    let weights = [3, 6, 1];
    (0..3)
        .map(|at| u32::from(one[at].abs_diff(other[at])).pow(2) * weights[at])
        .sum()
}

/// Returns a colour's relative luminance, 0 to 1 (WCAG 2.1).
pub fn luminance(colour: Rgb) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// Returns the contrast of two colours, 1 to 21 (WCAG 2.1); none where one is the terminal's own.
pub fn contrast(one: Color, other: Color) -> Option<f64> {
    let (one, other) = (luminance(rgb(one)?), luminance(rgb(other)?));
    Some((one.max(other) + 0.05) / (one.min(other) + 0.05))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_what_wcag_says() {
        let of = |one, other| (contrast(one, other).unwrap() * 100.0).round() / 100.0;
        assert_eq!(of(Color::Black, Color::White), 21.0);
        // The grey that W3C's own examples call the lightest that reads on white.
        assert_eq!(of(Color::Rgb(0x76, 0x76, 0x76), Color::White), 4.54);
        assert_eq!(of(Color::Rgb(0x77, 0x77, 0x77), Color::White), 4.48);
    }

    #[test]
    fn a_terminal_gets_the_nearest_of_its_colours() {
        let orange = Color::Rgb(0xff, 0xaf, 0x00);
        assert_eq!(Depth::Truecolour.nearest(orange), orange);
        assert_eq!(Depth::Indexed.nearest(orange), Color::Indexed(214));
        assert_eq!(
            Depth::Indexed.nearest(Color::Rgb(0x12, 0x12, 0x12)),
            Color::Indexed(233)
        );
        assert_eq!(Depth::Indexed.nearest(Color::Red), Color::Red);
        assert_eq!(Depth::of("truecolor", "xterm", ""), Depth::Truecolour);
        assert_eq!(Depth::of("", "screen-256color", "XTerm(390)"), Depth::Indexed);
        assert_eq!(Depth::of("", "linux", ""), Depth::Sixteen);
        assert_eq!(Depth::of("", "xterm", "XTerm(390)"), Depth::Truecolour);
        assert_eq!(Depth::of("", "xterm-256color", "XTerm(300)"), Depth::Indexed);
    }
}
