//! The options of the current socket: shown, turned, set.

use ratatui::layout::Rect;

use super::prompt::Prompt;
use super::{Context, Dialog, DialogHelp, News, Reaction, moved};
use crate::call::{Call, CallId, OptionKind, SocketName, SocketOption};
use crate::command::{CallRequest, EndCommand, ScreenCommand, option_value};
use crate::outcome::{Outcome, Reading};
use crate::session::Session;
use crate::side::Side;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The options of an end's socket, and what is to be read again.
#[derive(Debug)]
pub struct OptionsDialog {
    /// The end.
    side: Side,
    /// The socket whose options are shown; none when the end has none.
    socket: Option<SocketName>,
    /// The row that is selected.
    selected: usize,
    /// A command under way: when it is over, the options are read again.
    setting: Option<CallId>,
}

impl OptionsDialog {
    /// The options of that socket, as they were read last.
    pub const fn new(side: Side, socket: Option<SocketName>) -> OptionsDialog {
        OptionsDialog {
            side,
            socket,
            selected: 0,
            setting: None,
        }
    }

    fn reading(&self, session: &Session, option: SocketOption) -> Option<Reading> {
        let (name, readings) = session.ends[self.side].options.as_ref()?;
        if self.socket.as_ref().is_some_and(|socket| socket != name) {
            return None;
        }
        match readings {
            // A descriptor that is closed has no options: every one of them is EBADF.
            Err(outcome) => outcome.errno().map(Reading::Errno),
            Ok(readings) => readings
                .iter()
                .find(|reading| reading.option == option)
                .map(|reading| reading.value),
        }
    }

    /// Returns why there is nothing to show: what came instead of the options, where that is no errno.
    fn instead<'a>(&self, session: &'a Session) -> Option<&'a Outcome> {
        match session.ends[self.side].options.as_ref()? {
            (name, Err(outcome)) if self.socket.as_ref() == Some(name) && outcome.errno().is_none() => Some(outcome),
            _ => None,
        }
    }
}

impl Dialog for OptionsDialog {
    /// A switch is turned, a number is typed.
    fn press(&mut self, item: usize, context: Context) -> Vec<Reaction> {
        self.selected = item;
        let Some(option) = SocketOption::ALL.get(item).copied() else {
            return Vec::new();
        };
        let on = self.socket.clone();
        vec![match (option.kind(), self.reading(context.session, option)) {
            (OptionKind::Switch, reading) => {
                let value = i64::from(reading == Some(Reading::Value(0)));
                let call = CallRequest::Full(Call::SetOption { option, value });
                Reaction::Do(Action::End(self.side, EndCommand::Call { on, call }))
            }
            (OptionKind::Number(_) | OptionKind::Linger | OptionKind::Timeout, reading) => {
                let value = match reading {
                    Some(Reading::Value(value)) => value,
                    Some(Reading::Errno(_)) | None => 0,
                };
                let value = option_value(option, value);
                let on = on.map_or(String::new(), |name| format!(" on={name}"));
                // The value last, to be typed over.
                let text = format!("{} set-option{on} {} {value}", self.side, option.name());
                Reaction::Open(Box::new(Prompt::replacing_last(text)))
            }
        }]
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.selected = moved(self.selected, lines, SocketOption::ALL.len());
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::OptionsDialog)
    }

    /// Options that were set are read again.
    fn hear(&mut self, news: News, context: Context) -> Option<Action> {
        match news {
            News::Begun(side, call) if side == self.side => self.setting = Some(call),
            News::Lab => {
                let over = |call: &mut CallId| !context.session.busy(self.side, *call);
                self.setting.take_if(over)?;
                return Some(Action::ReadOptions(self.side, self.socket.clone()));
            }
            News::Begun(..) | News::Compared(..) => {}
        }
        None
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "The options of a socket",
            keys: &[("Enter", "change the selected option")],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let session = context.session;
        let end = &session.ends[self.side];
        let area = layout::middle(screen, 72, SocketOption::ALL.len() as u16 + 4);
        let title = match &self.socket {
            Some(name) => format!("options of the {}'s {name}   (Esc closes)", self.side),
            None => format!("the {} has no socket   (Esc closes)", self.side),
        };
        let inside = canvas.frame(area, &title);
        let (text, strong) = (canvas.theme.text(), canvas.theme.strong());
        // The last line shows what the last call returned.
        let (list, foot) = layout::bottom(inside, 1);
        canvas.page = list.height;
        let height = usize::from(list.height);
        let more = SocketOption::ALL.len().saturating_sub(height);
        let skip = (self.selected + 1).saturating_sub(height);
        let rows = SocketOption::ALL.iter().enumerate().skip(skip).take(height);
        for ((row, option), y) in rows.zip(list.y..) {
            let place = Rect::new(list.x, y, list.width, 1);
            let action = Action::Item(row);
            canvas.put(list.x, y, list.right(), option.name(), text);
            let (shown, style) = match self.reading(session, *option) {
                Some(Reading::Value(value)) => (option.show(value), strong),
                Some(Reading::Errno(errno)) => (errno.name(), canvas.theme.bad()),
                None => (
                    self.instead(session).map_or_else(|| "...".to_owned(), Outcome::brief),
                    text,
                ),
            };
            canvas.put_cut(list.x + 20, y, list.right(), &shown, style);
            canvas.hits.add(place, action.clone(), true);
            if self.selected == row || canvas.is_picked(place, &action) {
                let style = canvas.theme.picked();
                canvas.tint(place, style);
            }
        }
        if let Some(Outcome::Unsupported(why)) = self.instead(session) {
            canvas.put_cut(foot.x, foot.y, foot.right(), why, canvas.theme.bad());
        } else if let Some(answer) = &end.last {
            let said = answer.trace().last().map_or_else(
                || format!("{}: {}", answer.call.name, answer.call.brief()),
                |made| made.to_string(),
            );
            let style = if answer.call.errno().is_some() {
                canvas.theme.bad()
            } else {
                text
            };
            canvas.put_cut(foot.x, foot.y, foot.right(), &said, style);
        }
        if inside.height > 0 {
            let hint = match more.saturating_sub(skip) {
                0 => " Enter or click: switch it, or type a value ".to_owned(),
                n => format!(" {n} more below   Enter or click: change it "),
            };
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
        }
    }
}
