//! All buttons: of an end, of the wire, of the screen, each with its key and what it does.

use ratatui::layout::Rect;

use super::{Context, Dialog, Reaction, moved};
use crate::command::ScreenCommand;
use crate::command::spec::{Button, Spec};
use crate::command::table;
use crate::session::Session;
use crate::side::Side;
use crate::text::width;
use crate::tui::canvas::Canvas;
use crate::tui::hint::special;
use crate::tui::hit::Action;
use crate::tui::layout;
use crate::tui::pane::buttons::{self, Row};
use crate::tui::pane::wire_buttons;

/// A line of the menu.
enum MenuLine {
    Heading(&'static str),
    /// A button, counted from 0.
    Button(usize, &'static Button),
}

/// The menu of an end.
#[derive(Debug)]
pub struct MenuDialog {
    side: Side,
    /// Is a capture shown, so that nothing can be done but to the screen?
    is_capture: bool,
    selected: usize,
    /// The first line that is shown.
    skip: usize,
}

/// The width of the dialog where there is room.
const WIDE: u16 = 112;

impl MenuDialog {
    /// The menu of that end's buttons and the wire's; of a capture, which has neither sockets nor a wire, the screen's alone.
    pub const fn new(side: Side, session: &Session) -> MenuDialog {
        MenuDialog {
            side,
            is_capture: session.lab.capture.is_some(),
            selected: 0,
            skip: 0,
        }
    }

    fn lines(&self) -> Vec<MenuLine> {
        let lines = all(self.side);
        if !self.is_capture {
            return lines;
        }
        let of_screen = lines
            .into_iter()
            .skip_while(|line| !matches!(line, MenuLine::Heading(OF_SCREEN)));
        let numbered = of_screen.enumerate().map(|(no, line)| match line {
            // Behind the heading.
            MenuLine::Button(_, button) => MenuLine::Button(no - 1, button),
            heading => heading,
        });
        numbered.collect()
    }

    fn button(&self, no: usize) -> Option<&'static Button> {
        self.lines().into_iter().find_map(|line| match line {
            MenuLine::Button(at, button) if at == no => Some(button),
            _ => None,
        })
    }
}

/// The heading of what is about neither an end nor the wire, which stands last.
const OF_SCREEN: &str = "screen";

fn all(side: Side) -> Vec<MenuLine> {
    let of_ends = Row::ALL
        .into_iter()
        .map(|row| (row.name(), row.buttons(side).collect::<Vec<_>>()));
    let mut groups: Vec<(&str, Vec<&Button>)> = of_ends.collect();
    groups.push(("wire", wire_buttons::all().collect()));
    // And what is about neither: some of it has no other place for the mouse.
    let listed = |button: &Button| {
        groups
            .iter()
            .any(|(_, known)| known.iter().any(|other| other.key == button.key))
    };
    let rest = table::TABLE.iter().flat_map(|spec| spec.buttons);
    let rest: Vec<&Button> = rest.filter(|button| !listed(button)).collect();
    groups.push((OF_SCREEN, rest));
    let mut lines = Vec::new();
    let mut no = 0;
    for (name, buttons) in groups {
        lines.push(MenuLine::Heading(name));
        for button in buttons {
            lines.push(MenuLine::Button(no, button));
            no += 1;
        }
    }
    lines
}

/// Returns the buttons of an end's menu, in the order of its lines.
pub fn buttons(side: Side) -> Vec<&'static Button> {
    let lines = all(side).into_iter();
    lines
        .filter_map(|line| match line {
            MenuLine::Button(_, button) => Some(button),
            MenuLine::Heading(_) => None,
        })
        .collect()
}

fn spec(button: &Button) -> Option<&'static Spec> {
    table::pressed(button.key).map(|(spec, _)| spec)
}

impl Dialog for MenuDialog {
    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        let action = self.button(item).map(|button| buttons::action(button, self.side));
        let close = action.is_some().then_some(Reaction::Close);
        close.into_iter().chain(action.map(Reaction::Do)).collect()
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        let count = self
            .lines()
            .iter()
            .filter(|line| matches!(line, MenuLine::Button(..)))
            .count();
        self.selected = moved(self.selected, lines, count);
    }

    fn hint(&self, item: usize) -> Option<String> {
        let button = self.button(item)?;
        let does = special(&(button.command)(self.side)).or_else(|| Some(spec(button)?.help))?;
        Some(format!("{}: {does}", button.label))
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::More)
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        let lines = self.lines();
        let area = layout::middle(screen, WIDE, (lines.len() as u16).saturating_add(2));
        let title = match self.is_capture {
            true => "what can be done with a capture   (Enter presses, Esc closes)".to_owned(),
            false => format!("everything the {} can do   (Enter presses, Esc closes)", self.side),
        };
        let inside = canvas.frame(area, &title);
        let height = usize::from(inside.height);
        let at = lines
            .iter()
            .position(|line| matches!(line, MenuLine::Button(no, _) if *no == self.selected))
            .unwrap_or(0);
        // The heading above the selected one stays in sight.
        self.skip = self.skip.min(at.saturating_sub(1)).max((at + 1).saturating_sub(height));
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        for (line, y) in lines.iter().skip(self.skip).take(height).zip(inside.y..) {
            match line {
                MenuLine::Heading(name) => {
                    canvas.put(inside.x, y, inside.right(), name, strong);
                }
                MenuLine::Button(no, button) => {
                    let place = Rect::new(inside.x, y, inside.width, 1);
                    let x = canvas.put(
                        inside.x + 2,
                        y,
                        inside.right(),
                        &canvas.key_of(button).to_string(),
                        canvas.theme.key(),
                    );
                    canvas.put(x + 2, y, inside.right(), button.label, strong);
                    if let Some(spec) = spec(button) {
                        canvas.put_cut(inside.x + 19, y, inside.right(), spec.help, text);
                    }
                    let action = Action::Item(*no);
                    canvas.hits.add(place, action.clone(), false);
                    if *no == self.selected || canvas.is_picked(place, &action) {
                        let picked = canvas.theme.picked();
                        canvas.tint(place, picked);
                    }
                }
            }
        }
        let left = lines.len().saturating_sub(self.skip + height);
        if left > 0 {
            let said = format!(" {left} more lines: wheel, arrows ");
            debug_assert!(width(&said) < 60);
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &said, dim);
        }
    }
}
