//! The settings of a host.

use ratatui::layout::Rect;

use super::prompt::Prompt;
use super::{Context, Dialog, DialogHelp, Reaction, moved};
use crate::command::{EndCommand, ScreenCommand};
use crate::explain::settings;
use crate::host::{Setting, SettingKind, SettingValue};
use crate::session::{LabKind, Session};
use crate::side::Side;
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The settings of an end's host.
#[derive(Debug)]
pub struct HostDialog {
    /// The end.
    side: Side,
    /// The row that is selected.
    selected: usize,
}

impl HostDialog {
    /// The settings of that end's host.
    pub const fn new(side: Side) -> HostDialog {
        HostDialog { side, selected: 0 }
    }
}

fn value(session: &Session, side: Side, setting: Setting) -> Option<SettingValue> {
    let known = session.ends[side].settings.iter();
    known.into_iter().find(|(s, _)| *s == setting).map(|(_, value)| *value)
}

/// The settings that there are in the lab, in the order in which they are shown.
fn rows(session: &Session) -> impl Iterator<Item = Setting> {
    let isolated = session.lab.kind == LabKind::Isolated;
    Setting::ALL
        .into_iter()
        .filter(move |setting| isolated || !setting.is_the_hosts())
}

impl Dialog for HostDialog {
    /// A switch is turned, a number is typed.
    fn press(&mut self, item: usize, context: Context) -> Vec<Reaction> {
        self.selected = item;
        let Some(setting) = rows(context.session).nth(item) else {
            return Vec::new();
        };
        let value = value(context.session, self.side, setting);
        vec![match (setting.kind(), value) {
            (SettingKind::Switch(..), value) => {
                let on = matches!(value, Some(SettingValue::Switch(true)));
                let command = EndCommand::Host(setting, SettingValue::Switch(!on));
                Reaction::Do(Action::End(self.side, command))
            }
            (SettingKind::Number(..) | SettingKind::Seconds(_) | SettingKind::Ports, value) => {
                let shown = value.map_or(String::new(), |value| setting.show(value));
                // The old value is there to be typed over.
                let text = format!("{} host {} {shown}", self.side, setting.name());
                Reaction::Open(Box::new(Prompt::replacing_last(text)))
            }
        }]
    }

    fn scroll(&mut self, lines: i64, context: Context) {
        self.selected = moved(self.selected, lines, rows(context.session).count());
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::HostSettings)
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "The settings of a host",
            keys: &[("Enter", "change the selected setting")],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        const NONE: &str = "In the loopback lab the other settings belong to this machine, and finwait leaves them alone. The isolated lab has hosts of its own: finwait doctor says what it needs.";
        let none = matches!(context.session.lab.kind, LabKind::Loopback(_));
        let lines = rows(context.session).count() + if none { 4 } else { 0 };
        let area = layout::middle(screen, 86, lines as u16 + 2);
        let address = context.session.lab.addresses[self.side];
        let inside = canvas.frame(area, &format!("the {}'s host {address}   (Esc closes)", self.side));
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        let mut lines = inside.y..inside.bottom();
        for ((row, setting), y) in rows(context.session).enumerate().zip(&mut lines) {
            let place = Rect::new(inside.x, y, inside.width, 1);
            let action = Action::Item(row);
            canvas.put(inside.x, y, inside.right(), setting.name(), text);
            let shown = value(context.session, self.side, setting).map_or("?".to_owned(), |value| setting.show(value));
            canvas.put(inside.x + 23, y, inside.right(), &shown, strong);
            canvas.put_cut(inside.x + 36, y, inside.right(), &settings::help(setting), dim);
            canvas.hits.add(place, action.clone(), true);
            if self.selected == row || canvas.is_picked(place, &action) {
                let style = canvas.theme.picked();
                canvas.tint(place, style);
            }
        }
        if none {
            for (line, y) in wrap(NONE, usize::from(inside.width)).iter().zip(lines) {
                canvas.put(inside.x, y, inside.right(), line, dim);
            }
        }
        if inside.height > 0 {
            let hint = " Enter or click: switch it, or type a value ";
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, hint, strong);
        }
    }
}
