//! The guide of a tour: what came of the last step and where to look, what the next one is about, and that one as a button.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::clock::human;
use crate::command::{ScreenCommand, table};
use crate::scenario::report::StepReport;
use crate::session::Session;
use crate::side::Side;
use crate::text::wrap;
use crate::tui::canvas::{Canvas, keyless_width};
use crate::tui::hit::{Action, Zone};
use crate::tui::layout;
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

/// The guide, with how far its words are scrolled.
#[derive(Debug, Default)]
pub struct Guide {
    /// The first line that is shown.
    skip: usize,
    /// The step whose words these are, and whether it is under way: other words begin at their beginning.
    of: Option<(usize, bool)>,
    /// The lines that there were room for when it was drawn last.
    page: usize,
    /// The lines that it had then.
    lines: usize,
}

impl Guide {
    /// Scrolls by so many lines.
    pub fn scroll(&mut self, lines: i64) {
        self.skip = self.skip.saturating_add_signed(lines as isize).min(self.last());
    }

    /// Shows the next words; after the last the first.
    pub fn more(&mut self) {
        if self.skip >= self.last() {
            self.skip = 0;
        } else {
            // A line of what was shown stays in sight.
            self.scroll(self.page.saturating_sub(1).max(1) as i64);
        }
    }

    /// The first line that is shown where the last one is.
    const fn last(&self) -> usize {
        self.lines.saturating_sub(self.page)
    }

    /// Draws the guide.
    pub fn draw(&mut self, canvas: &mut Canvas, area: Rect, tour: &Tour, session: &Session) {
        canvas.clear(area);
        canvas.hits.zone(area, Zone::Guide);
        title(canvas, area, tour);
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
        let of = Some((tour.at(), tour.goes_on()));
        if self.of != of {
            (self.of, self.skip) = (of, 0);
        }
        // The next step stays in sight.
        let (body, next) = layout::bottom(below, u16::from(below.height > 0));
        let room = usize::from(body.width.saturating_sub(1));
        let height = usize::from(body.height);
        let mut lines = words(canvas, tour, room, true);
        if lines.len() > height {
            lines = words(canvas, tour, room, false);
        }
        (self.page, self.lines) = (height, lines.len());
        self.skip = self.skip.min(self.last());
        for (line, y) in lines.iter().skip(self.skip).zip(body.y..body.bottom()) {
            line.draw(canvas, body, y);
        }
        let dim = canvas.theme.dim();
        if self.skip > 0 {
            canvas.put(area.x, body.y, body.x, "\u{25b4}", dim);
        }
        let mut right = next.right();
        if self.last() > 0 && !next.is_empty() {
            let label = if self.skip < self.last() {
                canvas.put(area.x, body.bottom().saturating_sub(1), body.x, "\u{25be}", dim);
                "more \u{25be}"
            } else {
                "top \u{25b4}"
            };
            right = right.saturating_sub(keyless_width(label) + 1);
            canvas.button(right, next.y, next.right(), None, label, Action::MoreOfTheGuide);
        }
        let next = Rect {
            width: right.saturating_sub(next.x),
            ..next
        };
        next_step(canvas, next, tour, session);
    }
}

/// The title: the buttons, and the number of the step.
fn title(canvas: &mut Canvas, area: Rect, tour: &Tour) {
    canvas.rule(area.x, area.y, area.right());
    let steps = tour.scenario().steps.len();
    let at = (tour.at() + 1).min(steps);
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
    let mut place = format!(" step {at} of {steps} ");
    if usize::from(area.right().saturating_sub(x)) < place.len() + 1 {
        place = format!(" {at}/{steps} ");
    }
    let strong = canvas.theme.strong();
    canvas.put_right(x, area.y, area.right().saturating_sub(1), &place, strong);
}

/// The words of the guide: what came of the last step, what came of a prediction, where to look, what the next step is about. Where there
/// is no room for `all` of it, a result that is as expected is left out, and the summary comes last.
fn words(canvas: &Canvas, tour: &Tour, room: usize, all: bool) -> Vec<GuideLine> {
    let (text, strong, bad) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.bad());
    let scenario = tour.scenario();
    let mut lines: Vec<GuideLine> = Vec::new();
    let say = |lines: &mut Vec<GuideLine>, said: &str, style: Style| {
        lines.extend(wrap(said, room).into_iter().map(|line| GuideLine::text(line, style)));
    };
    let last = tour.done.last();
    if let Some(report) = last.filter(|report| all || !report.held()) {
        for (said, held) in came(report) {
            say(&mut lines, &said, if held { text } else { bad });
        }
    }
    for prediction in tour.answered() {
        answered(canvas, &mut lines, prediction, room);
    }
    match last {
        // The file's words are about what it expects.
        Some(report) if report.held() => say(&mut lines, report.look.as_deref().unwrap_or_default(), text),
        Some(_) => {}
        None if all => say(&mut lines, &scenario.summary, text),
        None => {}
    }
    if let Some(pause) = tour.pause().filter(|_| last.is_some_and(|report| !report.held())) {
        let meanwhile = match pause.meanwhile.as_slice() {
            [] => "and time has run out".to_owned(),
            events => format!("meanwhile: {}", events.join("; ")),
        };
        let said = format!(
            "You waited {} before this step; {meanwhile}. This step is about a shorter pause: run it again.",
            human(pause.lasted)
        );
        say(&mut lines, &said, strong);
        lines.push(GuideLine::buttons([ScreenCommand::TourRejoin]));
    }
    match tour.step() {
        Some(step) => say(&mut lines, step.say.as_deref().unwrap_or_default(), strong),
        None => {
            let differ = tour.done.iter().filter(|report| !report.held()).count();
            let mut said = match differ {
                0 => "The end: all was as expected.".to_owned(),
                n => format!("The end: {n} of {} steps were not as expected.", scenario.steps.len()),
            };
            if let (right, decided @ 1..) = tour.score() {
                said.push_str(&format!(" {right} of {decided} predictions were right."));
            }
            said.push_str(" The sockets are live: go on with the buttons.");
            say(&mut lines, &said, strong);
        }
    }
    if last.is_none() && !all {
        say(&mut lines, &scenario.summary, text);
    }
    lines
}

const fn digit(side: Side) -> &'static str {
    match side {
        Side::Client => "1",
        Side::Server => "2",
    }
}

/// The next step as a button, with the key that does the same.
fn next_step(canvas: &mut Canvas, area: Rect, tour: &Tour, session: &Session) {
    let Some(step) = tour.step().filter(|_| !area.is_empty()) else {
        return;
    };
    let text = canvas.theme.text();
    let right = area.right();
    let command = step.action.as_ref().map_or("wait", |action| action.text.as_str());
    let mut x = if tour.goes_on() {
        canvas.put_cut(area.x, area.y, right, &format!("under way: {command}"), text)
    } else {
        let x = canvas.put(area.x, area.y, right, "next: ", text);
        let label = match tour.button(session) {
            Some((side, button)) => {
                let (end, command) = match side {
                    Some(side) => (
                        format!("{} ", digit(side)),
                        command.trim_start_matches(side.name()).trim_start(),
                    ),
                    None => (String::new(), command.trim_start_matches("wire ")),
                };
                format!(" {end}{} {command} ", canvas.key_of(button))
            }
            None => format!(" {} {command} ", canvas.keys.of_screen(ScreenCommand::TourNext)),
        };
        let end = canvas.put_cut(x, area.y, right, &label, canvas.theme.button_likely());
        let place = Rect::new(x, area.y, end.saturating_sub(x), 1);
        let action = Action::Screen(None, ScreenCommand::TourNext);
        canvas.hits.add(place, action.clone(), true);
        if canvas.is_picked(place, &action) {
            let picked = canvas.theme.picked();
            canvas.tint(place, picked);
        }
        end
    };
    if let Some(predicted) = tour.predicted(tour.at()) {
        x += 3;
        canvas.put_cut(x, area.y, right, &format!("you predict {predicted}"), text);
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
    let mut lines: Vec<GuideLine> = wrap(&said, room)
        .into_iter()
        .map(|line| GuideLine::text(line, strong))
        .collect();
    lines.push(GuideLine::buttons([
        ScreenCommand::TourRejoin,
        ScreenCommand::ToTheStart,
        ScreenCommand::TourLeave,
    ]));
    let key = canvas.keys.of_screen(ScreenCommand::TourRejoin);
    let about = format!("rejoin ({key}) runs the steps so far again, in a fresh lab.");
    lines.extend(wrap(&about, room).into_iter().map(|line| GuideLine::text(line, text)));
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

/// Tells what came of a prediction, and the reason in a sentence.
fn answered(canvas: &Canvas, lines: &mut Vec<GuideLine>, prediction: &Prediction, room: usize) {
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
    let head = |said: String, links| GuideLine {
        said,
        style: strong,
        links,
        buttons: Vec::new(),
    };
    let said = if answer.right {
        format!("\u{2713} you predicted {who}{}: right", prediction.picked)
    } else {
        format!(
            "\u{2717} you predicted {who}{}: wrong, it is {}",
            prediction.picked, answer.observed
        )
    };
    lines.push(head(said, links));
    // Its why? has the rest.
    let reason = answer
        .why
        .find(". ")
        .map_or(answer.why.as_str(), |end| &answer.why[..=end]);
    lines.extend(wrap(reason, room).into_iter().map(|line| GuideLine::text(line, text)));
}

/// A line of the guide.
struct GuideLine {
    said: String,
    style: Style,
    /// Links behind the text.
    links: Vec<(&'static str, Action)>,
    /// Buttons behind the text.
    buttons: Vec<ScreenCommand>,
}

impl GuideLine {
    const fn text(said: String, style: Style) -> GuideLine {
        GuideLine {
            said,
            style,
            links: Vec::new(),
            buttons: Vec::new(),
        }
    }

    fn buttons(buttons: impl Into<Vec<ScreenCommand>>) -> GuideLine {
        GuideLine {
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
