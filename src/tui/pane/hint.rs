//! The bottom line: what was refused, and why; else what a press would do of what is under the pointer or marked; else what the hands can do.

use ratatui::layout::Rect;

use crate::command::ScreenCommand;
use crate::text::{width, wrap_to};
use crate::tui::canvas::Canvas;
use crate::tui::keys::Keymap;

/// Returns what the hands can do, where nothing else is to be said.
fn hints(keys: &Keymap) -> [String; 5] {
    [
        "click or key: press".into(),
        "Tab, arrows, Enter: mark, press".into(),
        format!(
            "right click or {}: change arguments",
            keys.of_screen(ScreenCommand::Edit)
        ),
        "1 2: ends".into(),
        "PgUp PgDn: log".into(),
    ]
}

/// Draws what the hands can do.
pub fn draw_hands(canvas: &mut Canvas, area: Rect) {
    let style = canvas.theme.dim();
    let mut x = area.x + 1;
    for hint in hints(canvas.keys) {
        if usize::from(area.right().saturating_sub(x)) > width(&hint) {
            x = canvas.put(x, area.y, area.right(), &hint, style) + 3;
        }
    }
}

/// Draws over it what is to be said: `said` is something that the user should read, `hint` what is under the pointer or marked. What is
/// said takes more lines where it needs them, unless a dialog is there (`covered`).
pub fn draw(canvas: &mut Canvas, area: Rect, said: Option<&str>, hint: Option<&str>, covered: bool) {
    match (said, hint) {
        (Some(text), _) => {
            // All of the sentence: over the buttons' last lines, where one line is too short for it.
            let lines = wrap_to(
                text,
                usize::from(area.width.saturating_sub(2)),
                if covered { 1 } else { 3 },
            );
            let more = (lines.len() as u16).saturating_sub(1).min(area.y);
            let area = Rect::new(area.x, area.y - more, area.width, more + 1);
            canvas.clear(area);
            let style = canvas.theme.strong();
            for (line, y) in lines.iter().zip(area.y..area.bottom()) {
                canvas.put(area.x + 1, y, area.right(), line, style);
            }
        }
        (None, Some(hint)) => {
            canvas.clear(area);
            canvas.put_cut(area.x + 1, area.y, area.right(), hint, canvas.theme.text());
        }
        (None, None) => {}
    }
}
