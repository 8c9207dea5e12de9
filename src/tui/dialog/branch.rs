//! Two runs of the same steps side by side, with one step changed.

use ratatui::layout::Rect;

use super::{Context, Dialog, DialogHelp, News, scrolled};
use crate::scenario::branch::{Branch, BranchResult, lines};
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The comparison.
#[derive(Debug)]
pub struct CompareDialog {
    /// The two scenarios.
    branch: Branch,
    /// The reports; none while they run.
    result: Option<BranchResult>,
    /// Lines above the window; none until the first drawing of the result, which begins at the first difference.
    skip: Option<usize>,
}

impl CompareDialog {
    /// A comparison of two scenarios that are still to run.
    pub const fn new(branch: Branch) -> CompareDialog {
        CompareDialog {
            branch,
            result: None,
            skip: None,
        }
    }
}

impl Dialog for CompareDialog {
    fn scroll(&mut self, lines: i64, _context: Context) {
        self.skip = Some(scrolled(self.skip.unwrap_or(0), lines));
    }

    fn hear(&mut self, news: News, _context: Context) -> Option<Action> {
        if let News::Compared(branch, result) = news
            && *branch == self.branch
        {
            self.result = Some(result.clone());
        }
        None
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "Both ways",
            keys: &[],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        let area = layout::middle(screen, screen.width, screen.height);
        let title = format!("step {} changed   (Esc closes)", self.branch.at + 1);
        let inside = canvas.frame(area, &title);
        let (text, strong, dim, bad) = (
            canvas.theme.text(),
            canvas.theme.strong(),
            canvas.theme.dim(),
            canvas.theme.bad(),
        );
        let [trunk, branch] = match &self.result {
            None => {
                canvas.put(inside.x, inside.y, inside.right(), "running both ...", text);
                return;
            }
            Some(Err(why)) => {
                for (line, y) in wrap(why, usize::from(inside.width))
                    .iter()
                    .zip(inside.y..inside.bottom())
                {
                    canvas.put(inside.x, y, inside.right(), line, bad);
                }
                return;
            }
            Some(Ok(both)) => both,
        };
        let half = inside.width / 2;
        let middle = inside.x + half;
        let room = usize::from(half.saturating_sub(2));
        // Step beside step: each as high as the higher of the two. And whether they are alike, but for the time.
        let mut rows: Vec<(String, String, bool)> = Vec::new();
        for nth in 0..trunk.len().max(branch.len()) {
            let of = |reports: &[crate::scenario::report::StepReport]| -> Vec<String> {
                let lines = reports.get(nth).map(lines).unwrap_or_default();
                lines.iter().flat_map(|line| fold(line, room)).collect()
            };
            let (left, right) = (of(trunk), of(branch));
            for line in 0..left.len().max(right.len()) {
                let at = |lines: &[String]| lines.get(line).cloned().unwrap_or_default();
                let (left, right) = (at(&left), at(&right));
                let alike = left == right;
                rows.push((left, right, alike));
            }
        }
        let height = usize::from(inside.height).saturating_sub(1);
        canvas.page = height as u16;
        // What both have in common up to there is known: a line of it is left for orientation.
        let differs = rows.iter().position(|(_, _, alike)| !alike).unwrap_or(0);
        let skip = self.skip.unwrap_or(differs.saturating_sub(1));
        let skip = skip.min(rows.len().saturating_sub(height));
        self.skip = Some(skip);
        canvas.put(inside.x, inside.y, middle, "as it is", strong);
        canvas.put(middle + 1, inside.y, inside.right(), "changed", strong);
        canvas.bar(middle.saturating_sub(1), inside.y, inside.bottom());
        let more = rows.len().saturating_sub(skip + height);
        for ((left, right, alike), y) in rows.into_iter().skip(skip).take(height).zip(inside.y + 1..) {
            let style = if alike { dim } else { strong };
            canvas.put_cut(inside.x, y, middle.saturating_sub(1), &left, style);
            canvas.put_cut(middle + 1, y, inside.right(), &right, style);
            // Not by looks alone.
            if !alike {
                canvas.put(middle, y, middle + 1, "\u{2260}", strong);
            }
        }
        if skip > 0 || more > 0 {
            let hint = format!(" {skip} lines above, {more} below: wheel, arrows, PgUp, PgDn ");
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
        }
    }
}

/// Breaks a line, what follows indented as it is.
fn fold(line: &str, room: usize) -> Vec<String> {
    let indent = if line.starts_with("  ") { "  " } else { "" };
    let folded = wrap(line.trim_start(), room.saturating_sub(indent.len()));
    folded.into_iter().map(|line| format!("{indent}{line}")).collect()
}
