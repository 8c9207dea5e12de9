//! The scenarios to choose from, group by group, with a search.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Context, Dialog, Reaction, browse, moved, plain};
use crate::scenario::expect::Expected;
use crate::scenario::returns::Returns;
use crate::scenario::{Group, Scenario, catalog};
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The list, and what is searched for.
#[derive(Debug)]
pub struct Picker {
    all: Vec<Arc<Scenario>>,
    /// The text that was typed.
    search: String,
    /// The row that is selected, of those found.
    selected: usize,
}

impl Picker {
    /// Returns a picker with all scenarios of the catalog.
    ///
    /// # Errors
    ///
    /// The catalog cannot be read: its first mistake, in one sentence.
    pub fn open() -> Result<Picker, String> {
        let all = catalog::all().map_err(|mistakes| {
            let first = mistakes.first().map(ToString::to_string);
            first.unwrap_or_else(|| "the catalog cannot be read".into())
        })?;
        Ok(Picker {
            all: all.into_iter().map(Arc::new).collect(),
            search: String::new(),
            selected: 0,
        })
    }

    /// The scenarios that match the search: every word of it stands in the name, title, summary, id, or what is shown.
    fn found(&self) -> Vec<&Arc<Scenario>> {
        let wanted = self.search.to_lowercase();
        let words: Vec<&str> = wanted.split_whitespace().collect();
        let fits = |scenario: &&Arc<Scenario>| {
            let text = format!(
                "{} {} {} {} {} {}",
                scenario.name,
                scenario.title,
                scenario.summary,
                scenario.group,
                scenario.id.as_deref().unwrap_or_default(),
                shows(scenario)
            )
            .to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        self.all.iter().filter(fits).collect()
    }
}

impl Dialog for Picker {
    /// Searches for what is typed.
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        match plain(key) {
            Some(KeyCode::Char(c)) => self.search.push(c),
            Some(KeyCode::Backspace) => drop(self.search.pop()),
            _ => return browse(self, key, context),
        }
        Vec::new()
    }

    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        match self.found().get(item) {
            Some(scenario) => vec![Reaction::Close, Reaction::Do(Action::Guide(Arc::clone(scenario)))],
            None => Vec::new(),
        }
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.selected = moved(self.selected, lines, self.found().len());
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        let area = layout::middle(screen, 110, screen.height);
        let inside = canvas.frame(area, "scenarios   (type to search, Enter begins, Esc closes)");
        if inside.height < 4 {
            return;
        }
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        let x = canvas.put(inside.x, inside.y, inside.right(), "search: ", dim);
        let end = canvas.put_cut(x, inside.y, inside.right(), &self.search, strong);
        canvas.put(end, inside.y, inside.right(), "_", strong);
        let found: Vec<Arc<Scenario>> = self.found().into_iter().cloned().collect();
        self.selected = self.selected.min(found.len().saturating_sub(1));
        // Below: more about the selected one.
        let about = found.get(self.selected).map_or(Vec::new(), |scenario| {
            let mut lines = wrap(&scenario.summary, usize::from(inside.width));
            lines.truncate(2);
            lines.push(format!("shows {}", shows(scenario)));
            lines
        });
        let (list, foot) = layout::bottom(
            Rect {
                y: inside.y + 1,
                height: inside.height - 1,
                ..inside
            },
            3,
        );
        // Headings stand between the groups.
        let mut lines: Vec<Result<usize, Group>> = Vec::new();
        for (row, scenario) in found.iter().enumerate() {
            if row == 0 || found[row - 1].group != scenario.group {
                lines.push(Err(scenario.group));
            }
            lines.push(Ok(row));
        }
        canvas.page = list.height;
        let height = usize::from(list.height);
        let at = lines.iter().position(|line| *line == Ok(self.selected)).unwrap_or(0);
        let skip = (at + 2).saturating_sub(height).min(lines.len().saturating_sub(height));
        for (line, y) in lines.into_iter().skip(skip).take(height).zip(list.y..) {
            match line {
                Err(group) => {
                    canvas.put(list.x, y, list.right(), group.name(), strong);
                }
                Ok(row) => {
                    let scenario = &found[row];
                    let id = scenario.id.as_deref().filter(|id| id.len() <= 4).unwrap_or("");
                    canvas.put(list.x + 1, y, list.right(), id, dim);
                    canvas.put_cut(list.x + 6, y, list.right(), &scenario.title, text);
                    let place = Rect::new(list.x, y, list.width, 1);
                    let action = Action::Item(row);
                    canvas.hits.add(place, action.clone(), true);
                    if row == self.selected || canvas.is_picked(place, &action) {
                        let style = canvas.theme.picked();
                        canvas.tint(place, style);
                    }
                }
            }
        }
        if found.is_empty() {
            canvas.put(list.x, list.y, list.right(), "no scenario has all these words", text);
        }
        for (line, y) in about.iter().zip(foot.y..foot.bottom()) {
            canvas.put_cut(foot.x, y, foot.right(), line, dim);
        }
        let hint = format!(" {} of {} ", found.len(), self.all.len());
        canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
    }
}

/// The states that a scenario visits and the errors that it shows, in one line.
pub fn shows(scenario: &Scenario) -> String {
    let (mut states, mut errors) = (BTreeSet::new(), BTreeSet::new());
    for expected in scenario.steps.iter().flat_map(|step| &step.expected) {
        match &expected.what {
            Expected::State(_, stands) => states.extend(stands.state.map(|state| state.name())),
            Expected::Queued(queued) => states.extend(queued.iter().map(|state| state.name())),
            Expected::Returns(returns) | Expected::Later(_, returns) => {
                let is_an_error = matches!(
                    returns,
                    Returns::Errno(_) | Returns::Eof | Returns::DeadlineExceeded | Returns::Killed(_)
                );
                errors.extend(is_an_error.then(|| returns.to_string()));
            }
            Expected::Queue(..) | Expected::Segments(_) | Expected::SynPatience(_) | Expected::Go(_) => {}
        }
    }
    let errors: Vec<&str> = errors.iter().map(String::as_str).collect();
    let states: Vec<&str> = states.into_iter().collect();
    [errors.join(" "), states.join(" ")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}
