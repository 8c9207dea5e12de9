//! The wire's rules, to be switched on and off, and rules that are wanted often.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::{Context, Dialog, DialogHelp, Reaction, browse, moved, plain};
use crate::command::ScreenCommand;
use crate::command::wire::{Preset, WireCommand};
use crate::session::{LabKind, Session};
use crate::tui::canvas::{Canvas, keyless_width};
use crate::tui::hit::Action;
use crate::tui::layout;
use crate::wire::queue::RuleChange;

/// The wire's rules.
#[derive(Debug, Default)]
pub struct RulesDialog {
    /// The row that is selected.
    selected: usize,
}

/// Returns the number of rows that can be selected: the rules, then the presets.
fn rows(session: &Session) -> usize {
    session.wire.rules.len() + Preset::ALL.len()
}

/// The command that removes the rule in that row; none where there is no rule.
fn remove(session: &Session, row: usize) -> Option<WireCommand> {
    let rule = session.wire.rules.get(row)?;
    Some(WireCommand::Change(rule.no, RuleChange::Remove))
}

/// The command that a press of that row is: a rule is switched, a preset put in force.
fn switch(session: &Session, row: usize) -> Option<WireCommand> {
    let rules = &session.wire.rules;
    match rules.get(row) {
        Some(rule) => {
            let change = if rule.on { RuleChange::Off } else { RuleChange::On };
            Some(WireCommand::Change(rule.no, change))
        }
        None => {
            let preset = Preset::ALL.get(row - rules.len())?;
            Some(WireCommand::Preset(*preset))
        }
    }
}

fn wire(command: Option<WireCommand>) -> Vec<Reaction> {
    let action = command.map(|command| Reaction::Do(Action::Wire(command)));
    action.into_iter().collect()
}

impl Dialog for RulesDialog {
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        match plain(key) {
            Some(KeyCode::Delete | KeyCode::Backspace) => wire(remove(context.session, self.selected)),
            _ => browse(self, key, context),
        }
    }

    fn press(&mut self, item: usize, context: Context) -> Vec<Reaction> {
        self.selected = item;
        wire(switch(context.session, item))
    }

    fn scroll(&mut self, lines: i64, context: Context) {
        self.selected = moved(self.selected, lines, rows(context.session));
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::WireRules)
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "The wire's rules",
            keys: &[
                ("Enter", "switch the selected rule on or off, or add the preset"),
                ("Delete", "remove the selected rule"),
            ],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let session = context.session;
        self.selected = self.selected.min(rows(session).saturating_sub(1));
        let rules = &session.wire.rules;
        let lines = rules.len().max(1) + Preset::ALL.len() + 2;
        let area = layout::middle(screen, 76, lines as u16 + 2);
        let inside = canvas.frame(area, "the wire's rules   (Esc closes)");
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        if let LabKind::Loopback(_) = session.lab.kind {
            let said = "The loopback lab has no wire: use the isolated lab.";
            canvas.put_cut(inside.x, inside.y, inside.right(), said, text);
            return;
        }
        // Each line: what is drawn, and the row that it is, if it can be pressed.
        enum RuleLine<'a> {
            Heading(&'a str),
            Rule(usize),
            Preset(usize, Preset),
        }
        let mut all = vec![RuleLine::Heading(if rules.is_empty() {
            "no rules: the mode decides (:wire hold FIN from=server adds a rule)"
        } else {
            "in force, the first that matches decides"
        })];
        all.extend((0..rules.len()).map(RuleLine::Rule));
        all.push(RuleLine::Heading("put in force"));
        all.extend(
            Preset::ALL
                .into_iter()
                .enumerate()
                .map(|(nth, preset)| RuleLine::Preset(rules.len() + nth, preset)),
        );
        let height = usize::from(inside.height);
        let at = all
            .iter()
            .position(|line| matches!(line, RuleLine::Rule(row) | RuleLine::Preset(row, _) if *row == self.selected))
            .unwrap_or(0);
        let skip = (at + 1).saturating_sub(height);
        let hidden = all.len().saturating_sub(skip + height);
        for (line, y) in all.into_iter().skip(skip).take(height).zip(inside.y..) {
            let (row, right) = match line {
                RuleLine::Heading(said) => {
                    canvas.put_cut(inside.x, y, inside.right(), said, dim);
                    continue;
                }
                RuleLine::Rule(row) => {
                    let rule = &rules[row];
                    let wide = keyless_width("remove");
                    let right = inside.right().saturating_sub(wide + 1);
                    let mut x = canvas.put(inside.x, y, right, if rule.on { "[on]  " } else { "[off] " }, strong);
                    let fired = format!("decided on {} of {}", rule.fired, rule.fitted);
                    let room = right.saturating_sub(fired.len() as u16 + 2);
                    x = canvas.put_cut(x, y, room, &format!("{}: {}", rule.no, rule.rule), text);
                    canvas.put_right(x, y, right, &fired, dim);
                    (row, right)
                }
                RuleLine::Preset(row, preset) => {
                    let x = canvas.put(
                        inside.x,
                        y,
                        inside.right(),
                        &format!("[add] {:<18}", preset.name()),
                        text,
                    );
                    let x = canvas.put_cut(x + 1, y, inside.right(), preset.help(), dim);
                    let said: Vec<String> = preset.rules().iter().map(ToString::to_string).collect();
                    let said = said.join("; ");
                    if usize::from(inside.right().saturating_sub(x)) > said.len() + 2 {
                        canvas.put_right(x, y, inside.right(), &said, dim);
                    }
                    (row, inside.right())
                }
            };
            let place = Rect::new(inside.x, y, right - inside.x, 1);
            let action = Action::Item(row);
            canvas.hits.add(place, action.clone(), true);
            if self.selected == row || canvas.is_picked(place, &action) {
                let style = canvas.theme.picked();
                canvas.tint(place, style);
            }
            if let Some(remove) = remove(session, row) {
                canvas.button(right + 1, y, inside.right(), None, "remove", Action::Wire(remove));
            }
        }
        let hint = if hidden > 0 {
            format!(" {hidden} more below   Enter: switch, add ")
        } else {
            " Enter or click: switch, add   Del: remove ".into()
        };
        if inside.height > 0 {
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
        }
    }
}
