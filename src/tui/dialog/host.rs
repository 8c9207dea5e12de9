//! The settings of a host.

use ratatui::layout::Rect;

use crate::command::EndCommand;
use crate::explain::settings;
use crate::host::{Setting, SettingKind, SettingValue};
use crate::session::{LabKind, Session};
use crate::side::Side;
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The effect of pressing a row.
pub enum HostChange {
    /// At once.
    Now(EndCommand),
    /// After typing: the prompt opens with this.
    Typed(String),
}

fn value(session: &Session, side: Side, setting: Setting) -> Option<SettingValue> {
    let known = session.ends[side].settings.iter();
    known.into_iter().find(|(s, _)| *s == setting).map(|(_, value)| *value)
}

/// The settings that there are in the lab, in the order in which they are shown.
pub fn rows(session: &Session) -> impl Iterator<Item = Setting> {
    let isolated = session.lab.kind == LabKind::Isolated;
    Setting::ALL
        .into_iter()
        .filter(move |setting| isolated || !setting.is_the_hosts())
}

/// The effect of pressing a row: a switch is turned, a number is typed.
pub fn change(session: &Session, side: Side, row: usize) -> Option<HostChange> {
    let setting = rows(session).nth(row)?;
    let value = value(session, side, setting);
    Some(match (setting.kind(), value) {
        (SettingKind::Switch(..), value) => {
            let on = matches!(value, Some(SettingValue::Switch(true)));
            HostChange::Now(EndCommand::Host(setting, SettingValue::Switch(!on)))
        }
        (SettingKind::Number(..) | SettingKind::Seconds(_) | SettingKind::Ports, value) => {
            let shown = value.map_or(String::new(), |value| setting.show(value));
            HostChange::Typed(format!("{side} host {} {shown}", setting.name()))
        }
    })
}

/// Draws the settings.
pub fn draw(canvas: &mut Canvas, screen: Rect, session: &Session, side: Side, selected: usize) {
    const NONE: &str = "In the loopback lab the other settings belong to this machine, and finwait leaves them alone. The isolated lab has hosts of its own: finwait doctor says what it needs.";
    let none = matches!(session.lab.kind, LabKind::Loopback(_));
    let lines = rows(session).count() + if none { 4 } else { 0 };
    let area = layout::middle(screen, 86, lines as u16 + 2);
    let address = session.lab.addresses[side];
    let inside = canvas.frame(area, &format!("the {side}'s host {address}   (Esc closes)"));
    let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
    let mut lines = inside.y..inside.bottom();
    for ((row, setting), y) in rows(session).enumerate().zip(&mut lines) {
        let place = Rect::new(inside.x, y, inside.width, 1);
        let action = Action::Row(row);
        canvas.put(inside.x, y, inside.right(), setting.name(), text);
        let shown = value(session, side, setting).map_or("?".to_owned(), |value| setting.show(value));
        canvas.put(inside.x + 23, y, inside.right(), &shown, strong);
        canvas.put_cut(inside.x + 36, y, inside.right(), &settings::help(setting), dim);
        canvas.hits.add(place, action.clone(), true);
        if selected == row || canvas.is_picked(place, &action) {
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
