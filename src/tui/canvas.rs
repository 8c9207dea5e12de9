//! The canvas that panes draw on: text that cannot leave its place, buttons that register themselves, and nothing raw.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthChar;

use super::hit::{Action, Hits};
use super::keys::{self, KeyLabel, Keymap};
use super::large;
use super::theme::Theme;
use crate::clock::MonoTime;
use crate::command::spec::Button;
use crate::text::{safe, width};

/// A frame in the making.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    /// Areas that the pointer and the keyboard can reach.
    pub hits: &'a mut Hits,
    /// The colours and styles.
    pub theme: Theme,
    /// The keys of the buttons.
    pub keys: &'a Keymap,
    /// The time that clocks and countdowns show.
    pub now: MonoTime,
    pointer: Option<Position>,
    mark: Option<Action>,
    /// The place of the terminal's cursor, when it is shown.
    pub cursor: Option<Position>,
    /// The lines that can be scrolled in the frame that was drawn last: its page.
    pub page: u16,
}

impl<'a> Canvas<'a> {
    /// A canvas over a buffer.
    pub fn new(
        buffer: &'a mut Buffer,
        hits: &'a mut Hits,
        theme: Theme,
        now: MonoTime,
        pointer: Option<Position>,
        mark: Option<Action>,
    ) -> Self {
        hits.clear();
        Canvas {
            buffer,
            hits,
            theme,
            keys: Keymap::standard(),
            now,
            pointer,
            mark,
            cursor: None,
            page: 0,
        }
    }

    /// Returns the width of a button, by its key in the table, in columns.
    pub fn button_width(&self, key: Option<char>, label: &str) -> u16 {
        self.keys.button_width(key, label)
    }

    /// Returns the text for a button's key.
    pub fn key_of(&self, button: &Button) -> KeyLabel {
        self.keys.label(button)
    }

    /// Writes text from `x` on, never at or beyond `right`: where it ended.
    pub fn put(&mut self, x: u16, y: u16, right: u16, text: &str, style: Style) -> u16 {
        let right = right.min(self.buffer.area.right());
        if y < self.buffer.area.y || y >= self.buffer.area.bottom() {
            return x;
        }
        let mut x = x.max(self.buffer.area.x);
        for c in text.chars().map(safe) {
            let width = if c.is_ascii() { 1 } else { c.width().unwrap_or(0) as u16 };
            if width == 0 {
                continue;
            }
            if x.saturating_add(width) > right {
                break;
            }
            if let Some(cell) = self.buffer.cell_mut((x, y)) {
                // Nothing of what stood there before shines through.
                cell.reset();
                cell.set_char(c).set_style(style);
            }
            for under in x + 1..x + width {
                if let Some(cell) = self.buffer.cell_mut((under, y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
            x += width;
        }
        x
    }

    /// Writes text; what does not fit is cut, with two dots for it.
    pub fn put_cut(&mut self, x: u16, y: u16, right: u16, text: &str, style: Style) -> u16 {
        let room = usize::from(right.saturating_sub(x));
        if width(text) <= room {
            return self.put(x, y, right, text, style);
        }
        let end = self.put(x, y, right.saturating_sub(2), text, style);
        self.put(end, y, right, "..", style)
    }

    /// Writes text so that it ends at `right`.
    pub fn put_right(&mut self, left: u16, y: u16, right: u16, text: &str, style: Style) {
        let x = right.saturating_sub(width(text) as u16).max(left);
        self.put(x, y, right, text, style);
    }

    /// Changes the style of an area.
    pub fn tint(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Gives what has no colour of its own those of the theme's ground, where it has one.
    pub fn lay_ground(&mut self) {
        let ground = self.theme.ground();
        let (Some(text), Some(under)) = (ground.fg, ground.bg) else {
            return;
        };
        for cell in &mut self.buffer.content {
            if cell.fg == Color::Reset {
                cell.fg = text;
            }
            if cell.bg == Color::Reset {
                cell.bg = under;
            }
        }
    }

    /// Clears an area, and shuts it for what lies below.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.y..area.bottom() {
            for x in area.x..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// A horizontal line.
    pub fn rule(&mut self, x: u16, y: u16, right: u16) {
        for x in x..right.min(self.buffer.area.right()) {
            self.put(x, y, right, "─", self.theme.dim());
        }
    }

    /// A vertical line.
    pub fn bar(&mut self, x: u16, top: u16, bottom: u16) {
        for y in top..bottom {
            self.put(x, y, x.saturating_add(1), "│", self.theme.dim());
        }
    }

    /// A box, cleared inside, whose lines say whether it has the focus; returns the area within.
    pub fn boxed(&mut self, area: Rect, focused: bool) -> Rect {
        if area.width < 4 || area.height < 3 {
            return Rect { height: 0, ..area };
        }
        let lines = self.theme.frame_lines(focused);
        let style = if focused {
            self.theme.frame_focused()
        } else {
            self.theme.frame()
        };
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.x + 1..right {
            self.put(x, area.y, right, lines.horizontal, style);
            self.put(x, bottom, right, lines.horizontal, style);
        }
        for y in area.y + 1..bottom {
            self.put(area.x, y, right, lines.vertical, style);
            self.put(right, y, right + 1, lines.vertical, style);
        }
        let [top_left, top_right, bottom_left, bottom_right] = lines.corners;
        for (x, y, corner) in [
            (area.x, area.y, top_left),
            (right, area.y, top_right),
            (area.x, bottom, bottom_left),
            (right, bottom, bottom_right),
        ] {
            self.put(x, y, x + 1, corner, style);
        }
        Rect::new(
            area.x + 2,
            area.y + 1,
            area.width.saturating_sub(3),
            area.height.saturating_sub(2),
        )
    }

    /// A box with a title, cleared inside: the area within.
    pub fn frame(&mut self, area: Rect, title: &str) -> Rect {
        self.clear(area);
        self.hits.add(area, Action::Nothing, false);
        if area.width < 4 || area.height < 3 {
            return Rect { height: 0, ..area };
        }
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        self.rule(area.x + 1, area.y, right);
        self.rule(area.x + 1, bottom, right);
        self.bar(area.x, area.y + 1, bottom);
        self.bar(right, area.y + 1, bottom);
        for (x, y, corner) in [
            (area.x, area.y, "┌"),
            (right, area.y, "┐"),
            (area.x, bottom, "└"),
            (right, bottom, "┘"),
        ] {
            self.put(x, y, x + 1, corner, self.theme.dim());
        }
        let end = self.put(area.x + 2, area.y, right, " ", self.theme.text());
        let end = self.put_cut(end, area.y, right.saturating_sub(1), title, self.theme.strong());
        self.put(end, area.y, right, " ", self.theme.text());
        self.page = area.height.saturating_sub(2);
        Rect::new(
            area.x + 2,
            area.y + 1,
            area.width.saturating_sub(4),
            area.height.saturating_sub(2),
        )
    }

    /// Is this area to stand out: under the pointer, or marked by the keyboard?
    pub fn is_picked(&self, area: Rect, action: &Action) -> bool {
        self.pointer.is_some_and(|point| area.contains(point)) || self.mark.as_ref() == Some(action)
    }

    /// Returns what is under the pointer of all that is drawn by now, else what the keyboard has marked; none for a mere ground.
    pub fn pointed(&self) -> Option<&Action> {
        let under = self.pointer.and_then(|point| self.hits.at(point));
        let ground = |action: &&Action| {
            matches!(
                action,
                Action::Focus(_) | Action::LogLine(_) | Action::Back | Action::Nothing
            )
        };
        under.filter(|action| !ground(action)).or(self.mark.as_ref())
    }

    /// The pointer and the mark no longer reach what is drawn from here on. What they were, for [`Canvas::reach`].
    pub fn out_of_reach(&mut self) -> (Option<Position>, Option<Action>) {
        (self.pointer.take(), self.mark.take())
    }

    /// Undoes [`Canvas::out_of_reach`].
    pub fn reach(&mut self, (pointer, mark): (Option<Position>, Option<Action>)) {
        (self.pointer, self.mark) = (pointer, mark);
    }

    /// A button: a filled field with a key and a label, if there is room for all of it; returns where it ended.
    pub fn button(&mut self, x: u16, y: u16, right: u16, key: Option<char>, label: &str, action: Action) -> u16 {
        self.button_that(x, y, right, key, label, action, Weight::Plain)
    }

    /// A button, as bright as it is likely to be wanted.
    #[allow(clippy::too_many_arguments)] // a button's place, its words, what it does and how it looks
    pub fn button_that(
        &mut self,
        x: u16,
        y: u16,
        right: u16,
        key: Option<char>,
        label: &str,
        action: Action,
        weight: Weight,
    ) -> u16 {
        let width = self.button_width(key, label);
        let key = key.map(|key| self.keys.label_of(key)).unwrap_or_default();
        if x.saturating_add(width) > right.min(self.buffer.area.right()) || y >= self.buffer.area.bottom() {
            return x;
        }
        let (theme, area) = (self.theme, Rect::new(x, y, width, 1));
        let picked = self.is_picked(area, &action);
        let style = match weight {
            Weight::Likely => theme.button_likely(),
            Weight::Plain | Weight::Refused => theme.button(),
        };
        let at = match (key.is_empty(), label) {
            (false, _) => {
                let crossed = if weight == Weight::Refused { "\u{d7}" } else { " " };
                let mut at = self.put(x, y, right, " ", style);
                let letter = match weight {
                    Weight::Likely => style.add_modifier(Modifier::UNDERLINED),
                    Weight::Plain | Weight::Refused => style.patch(theme.button_key()),
                };
                for key in key.chars() {
                    at = self.put(at, y, right, key.encode_utf8(&mut [0; 4]), letter);
                }
                // A call that the endpoint's language cannot make is crossed, and pressed all the same.
                at = self.put(at, y, right, crossed, style);
                if label.is_empty() {
                    at
                } else {
                    at = self.put(at, y, right, label, style);
                    self.put(at, y, right, " ", style)
                }
            }
            // Without a key's mark, brackets say that it can be pressed.
            (true, "") => self.put(x, y, right, "[\u{b7}]", style),
            (true, label) => self.put(x, y, right, &format!("[{label}]"), style),
        };
        if picked {
            self.tint(area, theme.picked().remove_modifier(Modifier::DIM));
        }
        self.hits.add(area, action, true);
        at
    }

    /// A state's chip: a filled field with the name; returns where it ended.
    pub fn chip(&mut self, x: u16, y: u16, right: u16, text: &str, style: Style) -> u16 {
        self.put(x, y, right, &format!(" {text} "), style)
    }

    /// A state's chip in large letters; returns where it ended.
    pub fn large_chip(&mut self, x: u16, y: u16, right: u16, text: &str, style: Style) -> u16 {
        let end = (x + large::width(text) + 2).min(right);
        for y in y..y + large::HIGH {
            for x in x..end {
                self.put(x, y, end, " ", style);
            }
        }
        self.large(x + 1, y, end, text, style);
        end
    }

    /// Writes text in large letters, whole ones; returns where it ended.
    fn large(&mut self, mut x: u16, y: u16, right: u16, text: &str, style: Style) -> u16 {
        for c in text.chars() {
            if x + large::WIDE > right {
                break;
            }
            for (line, y) in large::cells(c).iter().zip(y..) {
                for (cell, x) in line.iter().zip(x..) {
                    self.put(x, y, right, cell, style);
                }
            }
            x += large::WIDE;
        }
        x
    }

    /// A pane's title: a line over the whole width with a name in it; returns where the name ended.
    pub fn title(&mut self, area: Rect, name: &str, strong: bool) -> u16 {
        self.rule(area.x, area.y, area.right());
        let style = if strong { self.theme.strong() } else { self.theme.text() };
        self.put(area.x + 2, area.y, area.right(), &format!(" {name} "), style)
    }
}

/// The look of a button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// One that is likely to be wanted now.
    Likely,
    /// Any other.
    #[default]
    Plain,
    /// One whose call the endpoint's language cannot express.
    Refused,
}

/// Returns the width of a button that has no key, in columns.
pub fn keyless_width(label: &str) -> u16 {
    keys::button_width(KeyLabel::default(), label)
}

/// The first of a line's cuts, the longest first, that fits in the room; else the shortest that has a call's name: a result of many words
/// is cut by whoever puts it there, rather than the name.
pub fn longest(cuts: &[String], room: usize) -> String {
    let fits = cuts.iter().find(|cut| width(cut) <= room);
    let shortest = || cuts.iter().rfind(|cut| !cut.starts_with("= "));
    fits.or_else(shortest).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syscall::{CallText, Syscall};

    #[test]
    fn a_long_call_keeps_what_it_gave_back() {
        let call = "connect(3, {sa_family=AF_INET, sin_port=htons(8080)}, 16) = -1 ECONNREFUSED (Connection refused)";
        let cuts = Syscall::parse(call, None, std::time::Duration::ZERO).cuts("   <34 us>");
        assert_eq!(longest(&cuts, 200), format!("{call}   <34 us>"));
        assert_eq!(
            longest(&cuts, 70),
            "connect(3, ..) = -1 ECONNREFUSED (Connection refused)   <34 us>"
        );
        assert_eq!(longest(&cuts, 40), "connect(3, ..) = -1 ECONNREFUSED");
        assert_eq!(longest(&cuts, 30), "connect(..) = -1 ECONNREFUSED");
        assert_eq!(longest(&cuts, 20), "= -1 ECONNREFUSED");
        assert_eq!(longest(&cuts, 3), "connect = -1 ECONNREFUSED");
        let waits = CallText::parse("connect(3, {sa_family=AF_INET}, 16)").cuts(" ...");
        assert_eq!(longest(&waits, 20), "connect(..) ...");
    }

    #[test]
    fn nothing_raw_reaches_the_buffer() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        let mut hits = Hits::default();
        let mut canvas = Canvas::new(&mut buffer, &mut hits, Theme::PLAIN, MonoTime(0), None, None);
        canvas.put(0, 0, 12, "a\x1b[2Jb\u{202e}\nc", Style::new());
        assert_eq!(buffer, Buffer::with_lines(["a?[2Jb??c   "]));
    }
}
