//! The runtimes that can drive an end: which one does, which one is next, what is missing.

use ratatui::layout::Rect;

use super::{Context, Dialog, Reaction, moved};
use crate::command::{EndCommand, ScreenCommand};
use crate::runtime::{Package, Runtime};
use crate::session::{End, NextRuntime, ProcessState};
use crate::side::Side;
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The item behind the runtimes.
const RESTART: usize = Runtime::ALL.len();

/// The runtimes of an end.
#[derive(Debug)]
pub struct RuntimeDialog {
    /// The end.
    side: Side,
    /// The item that is selected.
    selected: usize,
    /// The part of each of [`Runtime::ALL`] that is missing, when the dialog was opened: its tool and the package that has it.
    missing: Vec<Option<(&'static str, Package)>>,
    /// The reason why the one that was pressed last is not available, where it is not.
    refused: Option<String>,
}

impl RuntimeDialog {
    /// The runtimes of that end; the one that drives it, or is to, is selected.
    pub fn new(side: Side, end: &End) -> RuntimeDialog {
        let chosen = end.next.chosen().or_else(|| now(end));
        let place = chosen.and_then(|chosen| Runtime::ALL.iter().position(|runtime| *runtime == chosen));
        RuntimeDialog {
            side,
            selected: place.unwrap_or(0),
            missing: Runtime::ALL
                .map(|runtime| runtime.needs().filter(|_| !runtime.is_here()))
                .to_vec(),
            refused: None,
        }
    }

    /// The lines under the list: what comes next, and when.
    fn status(&self, end: &End) -> String {
        if let Some(why) = &self.refused {
            return why.clone();
        }
        if let Some((_, why)) = &end.missing {
            return format!("The {} stays as it is: {why}.", self.side);
        }
        match end.next {
            NextRuntime::Same => "Choose one: it drives this end from its next start on.".into(),
            NextRuntime::Preparing {
                runtime,
                compiles,
                restarts,
                ..
            } => {
                let doing = if compiles {
                    format!("compiling the {} endpoint, this once ...", runtime.title())
                } else {
                    format!("making the {} endpoint ready ...", runtime.title())
                };
                let then = if restarts {
                    " The restart follows."
                } else {
                    " All goes on meanwhile."
                };
                doing + then
            }
            NextRuntime::Ready(runtime) => {
                let dies = match end.process {
                    ProcessState::Dead { .. } => "",
                    ProcessState::Starting { .. } | ProcessState::Running { .. } => {
                        " A restart kills this process and its sockets."
                    }
                };
                format!("{} is next, from the next start on.{dies}", runtime.title())
            }
        }
    }
}

/// The runtime that drives the end, or did last; none for a command of the user's own.
fn now(end: &End) -> Option<Runtime> {
    end.runtime.as_deref().and_then(Runtime::named)
}

impl Dialog for RuntimeDialog {
    /// A runtime is chosen for the next start, or that start is now.
    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        self.selected = item;
        if item == RESTART {
            return vec![
                Reaction::Close,
                Reaction::Do(Action::End(self.side, EndCommand::Restart)),
            ];
        }
        let Some(runtime) = Runtime::ALL.get(item) else {
            return Vec::new();
        };
        if let Some((tool, package)) = self.missing[item] {
            self.refused = Some(format!(
                "{} needs {tool}, which is not on PATH; {package}.",
                runtime.title()
            ));
            return Vec::new();
        }
        self.refused = None;
        vec![Reaction::Do(Action::End(self.side, EndCommand::Runtime(*runtime)))]
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.selected = moved(self.selected, lines, RESTART + 1);
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::Runtimes)
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let end = &context.session.ends[self.side];
        // The list, a gap, two or three lines of status, the button.
        let area = layout::middle(screen, 78, RESTART as u16 + 7);
        let inside = canvas.frame(area, &format!("what drives the {}   (Esc closes)", self.side));
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        let status = wrap(&self.status(end), usize::from(inside.width));
        let gap = u16::from(usize::from(inside.height) > RESTART + status.len() + 1);
        // Where the screen is low, the list is what scrolls: the status and the button stay.
        let (list, foot) = layout::bottom(inside, gap + status.len().min(3) as u16 + 1);
        canvas.page = list.height;
        let height = usize::from(list.height);
        let skip = (self.selected + 1)
            .saturating_sub(height)
            .min(RESTART.saturating_sub(height));
        let items = Runtime::ALL.into_iter().enumerate().skip(skip);
        for ((item, runtime), y) in items.zip(list.y..list.bottom()) {
            let place = Rect::new(inside.x, y, inside.width, 1);
            let action = Action::Item(item);
            let mark = match (now(end) == Some(runtime), end.next.chosen() == Some(runtime)) {
                (_, true) => "next",
                (true, false) => "now",
                (false, false) => "",
            };
            canvas.put(inside.x + 1, y, inside.right(), mark, strong);
            canvas.put(inside.x + 6, y, inside.right(), runtime.title(), text);
            let about = match self.missing[item] {
                None => runtime.about().to_owned(),
                Some((tool, package)) => format!("missing: {tool}, {}", package.place()),
            };
            canvas.put_cut(inside.x + 23, y, inside.right(), &about, dim);
            canvas.hits.add(place, action.clone(), true);
            if self.selected == item || canvas.is_picked(place, &action) {
                let style = canvas.theme.picked();
                canvas.tint(place, style);
            }
        }
        let button = foot.bottom().saturating_sub(1);
        for (line, y) in status.iter().zip(foot.y + gap..button) {
            canvas.put(foot.x, y, foot.right(), line, text);
        }
        if button > inside.y {
            let at = canvas.button(
                inside.x,
                button,
                inside.right(),
                None,
                "restart now",
                Action::Item(RESTART),
            );
            if self.selected == RESTART {
                let style = canvas.theme.picked();
                canvas.tint(Rect::new(inside.x, button, at - inside.x, 1), style);
            }
        }
    }
}
