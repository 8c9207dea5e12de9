//! The guide of a tour: what the next step is about, what is expected, and what came of the one before.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::clock::human;
use crate::command::{ScreenCommand, table};
use crate::scenario::report::StepReport;
use crate::text::wrap;
use crate::tui::canvas::{Canvas, keyless_width};
use crate::tui::hit::Action;
use crate::tui::prediction::Prediction;
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

/// The width from which on all of them have room for their words, in columns.
const NAMED: u16 = 80;

/// Draws the guide.
pub fn draw(canvas: &mut Canvas, area: Rect, tour: &Tour) {
    let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
    canvas.clear(area);
    canvas.rule(area.x, area.y, area.right());
    let mut x = area.x + 2;
    for command in BUTTONS {
        // Where not all have room for their words, those have that a guide cannot do without.
        let needed = matches!(
            command,
            ScreenCommand::TourNext | ScreenCommand::TourBack | ScreenCommand::TourLeave
        );
        for button in table::of_screen(command).buttons {
            let label = if needed || area.width >= NAMED {
                button.label
            } else {
                ""
            };
            let action = Action::Screen(None, command);
            x = canvas.button(x, area.y, area.right(), Some(button.key), label, action) + 1;
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
    let below = Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(1),
        height: area.height.saturating_sub(1),
    };
    if let Some(left) = tour.left() {
        off_the_path(canvas, below, tour, left);
        return;
    }
    let room = usize::from(area.width.saturating_sub(2));
    let mut lines: Vec<Line> = Vec::new();
    let say = |lines: &mut Vec<Line>, said: &str, style: Style| {
        lines.extend(wrap(said, room).into_iter().map(|line| Line::text(line, style)));
    };
    // What came of the last step.
    match tour.done.last() {
        Some(report) => {
            let bad = canvas.theme.bad();
            for (said, held) in came(report) {
                say(&mut lines, &said, if held { text } else { bad });
            }
        }
        None => say(&mut lines, &scenario.summary, text),
    }
    for prediction in tour.answered() {
        answered(canvas, &mut lines, prediction, room);
    }
    if let Some(pause) = tour
        .pause()
        .filter(|_| tour.done.last().is_some_and(|report| !report.held()))
    {
        let meanwhile = match pause.meanwhile.as_slice() {
            [] => "and time has run out".to_owned(),
            all => format!("meanwhile: {}", all.join("; ")),
        };
        let said = format!(
            "You waited {} before this step; {meanwhile}. This step is about a shorter pause: run it again.",
            human(pause.lasted)
        );
        say(&mut lines, &said, strong);
        lines.push(Line::buttons([ScreenCommand::TourRejoin]));
    }
    // What comes next.
    match tour.step() {
        Some(step) => {
            let words = step.say.as_deref().unwrap_or_default();
            say(&mut lines, words, strong);
            let action = step.action.as_ref().map_or("wait", |action| action.text.as_str());
            let going = if tour.goes_on() { "under way" } else { "next" };
            let mut said = format!("{going}: {action}");
            if let Some(predicted) = tour.predicted(tour.at()) {
                said.push_str(&format!("   you predict {predicted}"));
            }
            say(&mut lines, &said, text);
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
            say(&mut lines, &said, strong);
        }
    }
    // The end of it matters most.
    let height = usize::from(below.height);
    let skip = lines.len().saturating_sub(height);
    for (line, y) in lines.into_iter().skip(skip).zip(below.y..) {
        line.draw(canvas, below, y);
    }
    if skip > 0 {
        canvas.put_right(x, area.y + 1, area.right(), " .. ", dim);
    }
}

/// The ways to go on when the user has left the guide's path: it tells no story that is not so.
fn off_the_path(canvas: &mut Canvas, area: Rect, tour: &Tour, left: &str) {
    let (text, strong) = (canvas.theme.text(), canvas.theme.strong());
    let room = usize::from(area.width.saturating_sub(1));
    let next = tour.step().and_then(|step| step.action.as_ref());
    let instead = match next {
        Some(action) => format!("the guide's next step was {}", action.text),
        None => "the guide was at its end".to_owned(),
    };
    let said = format!("You have left the guide's path: you pressed {left}, and {instead}.");
    let mut lines: Vec<Line> = wrap(&said, room)
        .into_iter()
        .map(|line| Line::text(line, strong))
        .collect();
    lines.push(Line::buttons([
        ScreenCommand::TourRejoin,
        ScreenCommand::ToTheStart,
        ScreenCommand::TourLeave,
    ]));
    let about = "Back on the path runs the steps so far again, in a fresh lab.";
    lines.extend(wrap(about, room).into_iter().map(|line| Line::text(line, text)));
    // The buttons stay in sight.
    let height = usize::from(area.height);
    if lines.len() > height {
        lines.retain(|line| line.is_buttons() || line.style == strong);
    }
    let skip = lines.len().saturating_sub(height);
    for (line, y) in lines.into_iter().skip(skip).zip(area.y..) {
        line.draw(canvas, area, y);
    }
}

/// Tells what came of a prediction: the rule at length where it was wrong, in a line where it was right.
fn answered(canvas: &Canvas, lines: &mut Vec<Line>, prediction: &Prediction, room: usize) {
    let Some(answer) = &prediction.answer else { return };
    let who = match prediction.about.strip_prefix("state of ") {
        Some(socket) => format!("{socket} "),
        None => String::new(),
    };
    let links: Vec<(&'static str, Action)> = [
        answer.call.map(|call| ("why?", Action::Why(call))),
        answer.entry.map(|entry| ("in the log", Action::ShowEntry(entry))),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (strong, text) = (canvas.theme.strong(), canvas.theme.text());
    let head = |said: String, links| Line {
        said,
        style: strong,
        links,
        buttons: Vec::new(),
    };
    if answer.right {
        lines.push(head(
            format!("\u{2713} you predicted {who}{}: right", prediction.picked),
            links,
        ));
        lines.extend(
            wrap(&answer.why, room)
                .into_iter()
                .take(1)
                .map(|line| Line::text(line, text)),
        );
    } else {
        let said = format!(
            "\u{2717} you predicted {who}{}: wrong, it is {}",
            prediction.picked, answer.observed
        );
        lines.push(head(said, links));
        lines.extend(wrap(&answer.why, room).into_iter().map(|line| Line::text(line, text)));
    }
}

/// A line of the guide.
struct Line {
    said: String,
    style: Style,
    /// Links behind the text.
    links: Vec<(&'static str, Action)>,
    /// Buttons behind the text.
    buttons: Vec<ScreenCommand>,
}

impl Line {
    const fn text(said: String, style: Style) -> Line {
        Line {
            said,
            style,
            links: Vec::new(),
            buttons: Vec::new(),
        }
    }

    fn buttons(buttons: impl Into<Vec<ScreenCommand>>) -> Line {
        Line {
            said: String::new(),
            style: Style::new(),
            links: Vec::new(),
            buttons: buttons.into(),
        }
    }

    const fn is_buttons(&self) -> bool {
        !self.buttons.is_empty()
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect, y: u16) {
        let links: u16 = self.links.iter().map(|(label, _)| keyless_width(label) + 1).sum();
        let mut x = canvas.put_cut(area.x, y, area.right().saturating_sub(links), &self.said, self.style);
        for (label, action) in &self.links {
            x = canvas.button(x + 1, y, area.right(), None, label, action.clone());
        }
        for command in &self.buttons {
            for button in table::of_screen(*command).buttons {
                let action = Action::Screen(None, *command);
                x = canvas.button(x, y, area.right(), Some(button.key), button.label, action) + 1;
            }
        }
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
