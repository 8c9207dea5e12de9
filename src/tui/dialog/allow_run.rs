//! A lesson that runs programs on this machine: run them, or leave it? It shows what would run, where, as whom, and with which files.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use std::sync::Arc;

use super::question::draw_answers;
use super::{Context, Dialog, DialogHelp, Reaction, browse, moved, scrolled};
use crate::command::{Command, EndCommand};
use crate::program::ProgramSpec;
use crate::scenario::Scenario;
use crate::side::Side;
use crate::text::{safe, wrap};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The answers, in the order of the keys.
const ITEMS: [&str; 2] = ["run them", "leave it"];
const RUN: usize = 0;
const LEAVE: usize = 1;

/// The question.
#[derive(Debug)]
pub struct AllowRunDialog {
    scenario: Arc<Scenario>,
    /// The user whom programs run as, where that is known.
    user: Option<String>,
    /// The programs that are not installed, in one sentence.
    missing: Option<String>,
    selected: usize,
    /// The first line of the programs that is shown.
    skip: usize,
}

impl AllowRunDialog {
    /// Asks whether the lesson may run its programs as that user; Enter alone leaves it.
    pub fn new(scenario: Arc<Scenario>, user: Option<String>) -> AllowRunDialog {
        AllowRunDialog {
            missing: scenario.missing_program(),
            scenario,
            user,
            selected: LEAVE,
            skip: 0,
        }
    }

    /// The programs that it runs, in the order in which they come.
    fn programs(&self) -> impl Iterator<Item = (Side, &ProgramSpec)> {
        let first = [Side::Server, Side::Client].into_iter();
        let first = first.flat_map(|side| {
            self.scenario.programs[side]
                .iter()
                .map(move |program| (side, &program.spec))
        });
        let steps = self.scenario.steps.iter();
        let steps = steps.filter_map(|step| match &step.action.as_ref()?.command {
            Command::End(side, EndCommand::Run(spec)) => Some((*side, &**spec)),
            _ => None,
        });
        first.chain(steps)
    }

    /// Returns the programs that would run, a line or more for each; commands are marked, to stand out.
    fn lines(&self, room: usize) -> Vec<(String, bool)> {
        let mut lines = Vec::new();
        for (side, spec) in self.programs() {
            let run: String = spec.run.chars().map(safe).collect();
            lines.push((format!("on the {side}'s host"), false));
            lines.extend(
                wrap(&run, room.saturating_sub(2))
                    .into_iter()
                    .map(|line| (format!("  {line}"), true)),
            );
            let mut more = Vec::new();
            if let Some(cwd) = &spec.cwd {
                more.push(format!("in {}", cwd.display()));
            }
            if !spec.env.is_empty() {
                let names: Vec<&str> = spec.env.iter().map(|(name, _)| name.as_str()).collect();
                more.push(format!("with the variables {}", names.join(", ")));
            }
            if !spec.files.is_empty() {
                let names: Vec<&str> = spec.files.iter().map(|(name, _)| name.as_str()).collect();
                more.push(format!("with the files {}", names.join(", ")));
            }
            let more = more.join(", ");
            lines.extend(
                wrap(&more, room.saturating_sub(2))
                    .into_iter()
                    .map(|line| (format!("  {line}"), false)),
            );
        }
        lines
    }
}

impl Dialog for AllowRunDialog {
    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        match item {
            RUN => vec![
                Reaction::Close,
                Reaction::Do(Action::GuideAllowed(Arc::clone(&self.scenario))),
            ],
            LEAVE => vec![Reaction::Close],
            _ => Vec::new(),
        }
    }

    /// Left and right go through the answers.
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        match key.code {
            KeyCode::Left | KeyCode::BackTab => self.selected = moved(self.selected, -1, ITEMS.len()),
            KeyCode::Right | KeyCode::Tab => self.selected = moved(self.selected, 1, ITEMS.len()),
            _ => return browse(self, key, context),
        }
        Vec::new()
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.skip = scrolled(self.skip, lines);
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn hint(&self, item: usize) -> Option<String> {
        let does = match item {
            RUN => "run these programs on this machine, in the lab's network, and begin the lesson",
            LEAVE => "run nothing, and stay where you are",
            _ => return None,
        };
        Some(does.to_owned())
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "A lesson that runs programs",
            keys: &[
                (
                    "left right",
                    "choose between running the programs and leaving the lesson",
                ),
                ("up down", "more of the programs, where there is no room for all"),
            ],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        const WIDTH: u16 = 76;
        let room = usize::from(WIDTH.min(screen.width.saturating_sub(2)).saturating_sub(4));
        let user = self
            .user
            .as_deref()
            .map_or_else(String::new, |user| format!(", as {user}"));
        let question = format!(
            "\"{}\" runs these programs on this machine{user}. They reach the lab's two hosts, and no other.",
            self.scenario.title
        );
        let question = wrap(&question, room);
        let missing = self
            .missing
            .as_ref()
            .map(|missing| wrap(&format!("Not all are here: {missing}."), room));
        let missing = missing.unwrap_or_default();
        let lines = self.lines(room);
        let wanted = question.len() + missing.len() + lines.len() + 5;
        let area = layout::middle(screen, WIDTH, wanted as u16);
        let inside = canvas.frame(area, "run programs?   (Esc leaves them)");
        let (text, strong, bad, dim) = {
            let theme = canvas.theme;
            (theme.text(), theme.strong(), theme.bad(), theme.dim())
        };
        let (body, foot) = layout::bottom(inside, 1);
        let mut y = body.y;
        for (line, style) in question
            .iter()
            .map(|line| (line, text))
            .chain(missing.iter().map(|line| (line, bad)))
        {
            if y < body.bottom() {
                canvas.put(body.x, y, body.right(), line, style);
                y += 1;
            }
        }
        y += 1;
        let height = usize::from(body.bottom().saturating_sub(y + 1)).max(1);
        self.skip = self.skip.min(lines.len().saturating_sub(height));
        canvas.page = height as u16;
        for ((line, is_command), y) in lines.iter().skip(self.skip).take(height).zip(y..body.bottom()) {
            canvas.put(body.x, y, body.right(), line, if *is_command { strong } else { dim });
        }
        let below = lines.len().saturating_sub(self.skip + height);
        if below > 0 {
            canvas.put_right(
                body.x,
                area.bottom() - 1,
                body.right(),
                &format!(" {below} more lines: wheel "),
                strong,
            );
        }
        draw_answers(canvas, foot, ITEMS, self.selected);
    }
}
