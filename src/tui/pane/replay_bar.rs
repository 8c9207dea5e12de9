//! The line of a recording: which place of it is shown, and the buttons that go through its time.

use ratatui::layout::Rect;

use crate::command::{ScreenCommand, table};
use crate::recording::Replay;
use crate::text::{harmless, width};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::keys::Keymap;

/// The buttons, the one that is needed most first.
const BUTTONS: [ScreenCommand; 7] = [
    ScreenCommand::TourNext,
    ScreenCommand::TourBack,
    ScreenCommand::ToTheStart,
    ScreenCommand::TourEnd,
    ScreenCommand::CommandBefore,
    ScreenCommand::NextCommand,
    ScreenCommand::ToTheLine,
];

/// The keys and what they do, where nothing else is to be said.
pub fn keys(keys: &Keymap) -> String {
    let of = |command| keys.of_screen(command);
    format!(
        "{} {} by command; {} start, {} end; {} the selected log line",
        of(ScreenCommand::NextCommand),
        of(ScreenCommand::CommandBefore),
        of(ScreenCommand::ToTheStart),
        of(ScreenCommand::TourEnd),
        of(ScreenCommand::ToTheLine)
    )
}

/// Draws the line.
pub fn draw(canvas: &mut Canvas, area: Rect, replay: &Replay) {
    let (at, last) = replay.place();
    let runs = replay.recording().headers().count();
    let run = match runs {
        1 => String::new(),
        _ => format!("run {} of {runs}, ", replay.run() + 1),
    };
    let place = format!("recording: {run}{at}/{last}, {:.3} s", replay.elapsed().as_secs_f64());
    let strong = canvas.theme.strong();
    let mut x = canvas.put(area.x + 1, area.y, area.right(), &place, strong) + 2;
    for command in BUTTONS {
        for button in table::of_screen(command).buttons {
            // Whole buttons or none.
            if x + canvas.button_width(Some(button.key), button.label) > area.right() {
                continue;
            }
            let action = Action::Screen(None, command);
            x = canvas.button(x, area.y, area.right(), Some(button.key), button.label, action) + 1;
        }
    }
    if let Some(command) = replay.command() {
        let last = format!("last command: {}", harmless(&command));
        if usize::from(area.right().saturating_sub(x)) > width(&last) {
            canvas.put(x + 1, area.y, area.right(), &last, canvas.theme.text());
        }
    }
}
