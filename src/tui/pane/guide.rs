//! The guide of a tour: what the next step is about, what is expected, and what came of the one before.

use ratatui::layout::Rect;

use crate::command::{ScreenCommand, table};
use crate::scenario::report::StepReport;
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::tour::Tour;

/// The tour's buttons.
const BUTTONS: [ScreenCommand; 6] = [
    ScreenCommand::TourNext,
    ScreenCommand::TourEnd,
    ScreenCommand::TourBack,
    ScreenCommand::Predict,
    ScreenCommand::Branch,
    ScreenCommand::TourLeave,
];

/// Draws the guide.
pub fn draw(canvas: &mut Canvas, area: Rect, tour: &Tour) {
    let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
    canvas.clear(area);
    canvas.rule(area.x, area.y, area.right());
    let mut x = area.x + 2;
    for command in BUTTONS {
        for button in table::of_screen(command).buttons {
            x = canvas.button(
                x,
                area.y,
                area.right(),
                Some(button.key),
                button.label,
                Action::Screen(None, command),
            ) + 1;
        }
    }
    let scenario = tour.scenario();
    let steps = scenario.steps.len();
    let at = (tour.at() + 1).min(steps);
    let mut place = format!(" step {at} of {steps} ");
    if usize::from(area.right().saturating_sub(x)) < place.len() + 1 {
        place = format!(" {at}/{steps} ");
    }
    canvas.put_right(x, area.y, area.right().saturating_sub(1), &place, strong);
    let room = usize::from(area.width.saturating_sub(2));
    let mut lines: Vec<(String, ratatui::style::Style)> = Vec::new();
    // What came of the last step.
    match tour.done.last() {
        Some(report) => {
            let bad = canvas.theme.bad();
            lines.extend(
                came(report)
                    .into_iter()
                    .flat_map(|(said, held)| wrap(&said, room).into_iter().map(move |line| (line, held)))
                    .map(|(line, held)| (line, if held { text } else { bad })),
            );
        }
        None => lines.extend(wrap(&scenario.summary, room).into_iter().map(|line| (line, text))),
    }
    if let Some(predicted) = tour.at().checked_sub(1).and_then(|step| tour.predicted(step)) {
        lines.push((format!("you predicted {predicted}"), strong));
    }
    // What comes next.
    match tour.step() {
        Some(step) => {
            let say = step.say.as_deref().unwrap_or_default();
            lines.extend(wrap(say, room).into_iter().map(|line| (line, strong)));
            let action = step.action.as_ref().map_or("wait", |action| action.text.as_str());
            let going = if tour.goes_on() { "under way" } else { "next" };
            let mut said = format!("{going}: {action}");
            if let Some(predicted) = tour.predicted(tour.at()) {
                said.push_str(&format!("   you predict {predicted}"));
            }
            lines.extend(wrap(&said, room).into_iter().map(|line| (line, text)));
        }
        None => {
            let differ = tour.done.iter().filter(|report| !report.held()).count();
            let mut said = match differ {
                0 => "The end: all was as expected.".to_owned(),
                n => format!("The end: {n} of {steps} steps were not as expected."),
            };
            if let (right, all @ 1..) = tour.score() {
                said.push_str(&format!(" {right} of {all} predictions were right."));
            }
            said.push_str(" The sockets are live: go on with the buttons.");
            lines.extend(wrap(&said, room).into_iter().map(|line| (line, strong)));
        }
    }
    // The end of it matters most.
    let height = usize::from(area.height.saturating_sub(1));
    let skip = lines.len().saturating_sub(height);
    for ((line, style), y) in lines.into_iter().skip(skip).zip(area.y + 1..) {
        canvas.put_cut(area.x + 1, y, area.right(), &line, style);
    }
    if skip > 0 {
        canvas.put_right(x, area.y + 1, area.right(), " .. ", dim);
    }
}

/// The result of a step, expected beside observed: each line, and whether it was so.
fn came(report: &StepReport) -> Vec<(String, bool)> {
    let mut lines = Vec::new();
    let mark = |held| if held { "\u{2713}" } else { "\u{2717}" };
    let command = report.command.as_deref().unwrap_or("wait");
    let returned = report.observation.returned.words();
    let others: Vec<String> = report
        .checks
        .iter()
        .filter(|check| check.held == Some(true) && check.about != "returns")
        .map(|check| format!("{} {}", check.about.trim_start_matches("state of "), check.observed))
        .collect();
    let others = if others.is_empty() {
        String::new()
    } else {
        format!("; {}", others.join(", "))
    };
    lines.push((
        format!("{} {}: {command} = {returned}{others}", mark(report.held()), report.no),
        report.held(),
    ));
    for check in report.differences() {
        lines.push((
            format!(
                "{} {}: expected {}, observed {}",
                mark(false),
                check.about,
                check.expected,
                check.observed
            ),
            false,
        ));
    }
    for claim in &report.claims {
        let held = match claim.held {
            Some(true) => "so it is",
            Some(false) => "it is not so",
            None => "not visible here",
        };
        lines.push((
            format!("the article expects {} {}: {held}", claim.about, claim.expected),
            true,
        ));
    }
    if let Some(because) = &report.because {
        lines.push((because.clone(), false));
    }
    lines
}
