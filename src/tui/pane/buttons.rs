//! The buttons of an end: every call, never greyed out, crossed once the endpoint's language has said that it cannot make it; where there
//! is no room for all, on pages that `more` turns.

use ratatui::layout::Rect;

use crate::command::table::{self, CommandGroup};
use crate::command::{Command, EndCommand, ScreenCommand, table::Button};
use crate::session::End;
use crate::side::Side;
use crate::tui::canvas::{Canvas, button_width};
use crate::tui::hit::Action;

/// Screen commands that are about an end, and stand with its buttons.
const OF_AN_END: [ScreenCommand; 4] = [
    ScreenCommand::OptionsDialog,
    ScreenCommand::HostSettings,
    ScreenCommand::RawRows,
    ScreenCommand::Edit,
];

/// A button.
#[derive(Clone, Debug)]
struct Item {
    button: &'static Button,
    group: CommandGroup,
}

/// Every button of an end, in the table's order; with `why` where the last call's line has no place for it.
fn items(why: bool) -> Vec<Item> {
    let calls = table::TABLE
        .iter()
        .filter(|spec| !matches!(spec.group, CommandGroup::Screen | CommandGroup::Wire))
        .flat_map(|spec| {
            spec.buttons.iter().map(|button| Item {
                button,
                group: spec.group,
            })
        });
    let why = why.then_some(ScreenCommand::Why);
    let screens = OF_AN_END.into_iter().chain(why).flat_map(|command| {
        let spec = table::of_screen(command);
        spec.buttons.iter().map(move |button| Item {
            button,
            group: spec.group,
        })
    });
    calls.chain(screens).collect()
}

fn wide(item: &Item) -> u16 {
    button_width(Some(item.button.key), item.button.label)
}

/// The place of a button: its index, and its column and line from the area's corner.
type Placed = (usize, u16, u16);

/// Places all of them from left to right; with `grouped`, each group on lines of its own. And the number of lines.
fn flow(items: &[Item], width: u16, grouped: bool) -> (Vec<Placed>, u16) {
    let (mut x, mut y) = (0, 0);
    let mut group = None;
    let mut placed = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let breaks = grouped && group.is_some_and(|group| group != item.group);
        if x > 0 && (breaks || x + wide(item) > width) {
            (x, y) = (0, y + 1);
        }
        group = Some(item.group);
        placed.push((i, x, y));
        x += wide(item) + 1;
    }
    (placed, y + 1)
}

/// Returns the number of lines that all the buttons would like to have: each group on its own, or one after the other.
pub fn rows_wanted(width: u16) -> [u16; 2] {
    [true, false].map(|grouped| flow(&items(false), width.saturating_sub(1), grouped).1)
}

/// The pages on which the buttons stand, with room for `more` at the end of each when there are several.
fn pages(items: &[Item], width: u16, rows: u16, more: u16) -> Vec<Vec<Placed>> {
    for grouped in [true, false] {
        let (placed, needed) = flow(items, width, grouped);
        if needed <= rows {
            return vec![placed];
        }
    }
    let first = items.iter().enumerate().filter(|(_, item)| item.button.primary);
    let rest = items.iter().enumerate().filter(|(_, item)| !item.button.primary);
    let mut pages = vec![Vec::new()];
    let (mut x, mut y) = (0, 0);
    for (i, item) in first.chain(rest) {
        let room = |y: u16| {
            if y + 1 == rows {
                width.saturating_sub(more + 1)
            } else {
                width
            }
        };
        if x > 0 && x + wide(item) > room(y) {
            (x, y) = (0, y + 1);
        }
        // Where even an empty last line has no room beside `more`, the page ends a line sooner.
        if y >= rows || (y > 0 && x + wide(item) > room(y)) {
            pages.push(Vec::new());
            (x, y) = (0, 0);
        }
        if let Some(page) = pages.last_mut() {
            page.push((i, x, y));
        }
        x += wide(item) + 1;
    }
    pages
}

/// The buttons on page `page`, counted round; `why` says whether that one has to be among them.
pub fn draw(canvas: &mut Canvas, area: Rect, end: &End, side: Side, page: usize, why: bool) {
    let items = items(why);
    let more = table::of_screen(ScreenCommand::More).buttons.first();
    let label = |page: usize, pages: usize| match more {
        Some(button) => format!("{} {page}/{pages}", button.label),
        None => String::new(),
    };
    let more_width = more.map_or(0, |button| button_width(Some(button.key), &label(1, 9)));
    let inside = area.width.saturating_sub(1);
    let pages = pages(&items, inside, area.height, more_width);
    let number = page % pages.len().max(1);
    let right = area.right();
    for &(i, x, y) in pages.get(number).into_iter().flatten() {
        let item = &items[i];
        let (x, y, Button { key, label, .. }) = (area.x + 1 + x, area.y + y, item.button);
        let action = match (item.button.command)(side) {
            // That end's, whichever has the keys.
            Command::Screen(command) => Action::Screen(Some(side), command),
            command => command.into(),
        };
        let refused = match &action {
            Action::End(_, EndCommand::Call { call, .. }) => end.refuses(call),
            _ => false,
        };
        if refused {
            canvas.refused_button(x, y, right, *key, label, action);
        } else {
            canvas.button(x, y, right, Some(*key), label, action);
        }
    }
    if let Some(button) = more
        && pages.len() > 1
    {
        let label = label(number + 1, pages.len());
        let wide = button_width(Some(button.key), &label);
        let x = right.saturating_sub(wide);
        let y = area.bottom().saturating_sub(1);
        canvas.button(
            x,
            y,
            right,
            Some(button.key),
            &label,
            Action::Screen(Some(side), ScreenCommand::More),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_button_stands_on_some_page_and_none_is_cut() {
        let items = items(true);
        for width in 30..=200 {
            for rows in 2..=20 {
                let pages = pages(&items, width, rows, 12);
                let mut seen: Vec<usize> = Vec::new();
                for page in &pages {
                    for &(i, x, y) in page {
                        assert!(x + wide(&items[i]) <= width && y < rows, "{width}x{rows}");
                        if pages.len() > 1 && y + 1 == rows {
                            assert!(x + wide(&items[i]) < width - 12, "{width}x{rows}: under more");
                        }
                        seen.push(i);
                    }
                }
                seen.sort_unstable();
                assert_eq!(seen, (0..items.len()).collect::<Vec<_>>(), "{width}x{rows}");
            }
        }
    }
}
