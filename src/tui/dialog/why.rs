//! Why?: the chain behind an outcome, each link with its line in the transcript, and what other languages say of the same.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::matrix::Matrix;
use crate::session::Session;
use crate::session::chain::{Chain, Link, LinkKind, chain};
use crate::tui::canvas::{Canvas, width, wrap};
use crate::tui::hit::Action;
use crate::tui::layout;

/// Why an outcome came about.
#[derive(Debug)]
pub struct Why {
    /// The outcome's entry in the transcript.
    entry: u64,
    /// Which link is selected.
    pub selected: usize,
    /// The first line that is shown.
    pub skip: usize,
}

/// How wide the dialog is where there is room.
const WIDE: u16 = 96;
/// The column in which links say what they are.
const NAMES: u16 = 9;

/// A line of the dialog: a name, words, how they look, and the link that a press goes to.
struct Line {
    name: String,
    words: String,
    style: Style,
    link: Option<usize>,
}

impl Why {
    /// Of the outcome in that entry.
    pub fn new(entry: u64) -> Why {
        Why {
            entry,
            selected: 0,
            skip: 0,
        }
    }

    fn links(&self, session: &Session) -> Vec<Link> {
        chain(&session.transcript, self.entry).map_or_else(Vec::new, |chain| chain.links)
    }

    /// The entry that a link points to.
    pub fn points_to(&self, session: &Session, link: usize) -> Option<u64> {
        self.links(session).get(link)?.entry
    }

    /// Turned by so many lines: by one, the next link that points somewhere is selected, or the one before; else it is scrolled.
    pub fn turn(&mut self, session: &Session, lines: i64) {
        let at = self.selected;
        match lines {
            1 | -1 => self.step(session, lines > 0),
            _ => {}
        }
        if self.selected == at {
            self.skip = self.skip.saturating_add_signed(lines as isize);
        }
    }

    fn step(&mut self, session: &Session, down: bool) {
        let links = self.links(session);
        let points = |nth: &usize| links[*nth].entry.is_some();
        let next = if down {
            (self.selected + 1..links.len()).find(points)
        } else {
            (0..self.selected.min(links.len())).rev().find(points)
        };
        self.selected = next.unwrap_or(self.selected);
    }

    /// Draws it.
    pub fn draw(&mut self, canvas: &mut Canvas, screen: Rect, session: &Session) {
        let wide = WIDE.min(screen.width.saturating_sub(2));
        let room = usize::from(wide.saturating_sub(4 + NAMES));
        let lines = match chain(&session.transcript, self.entry) {
            Some(chain) => Self::lines(canvas, &chain, session, room),
            None => vec![Line {
                name: String::new(),
                words: "the transcript has dropped it".into(),
                style: canvas.theme.text(),
                link: None,
            }],
        };
        let area = layout::middle(screen, wide, lines.len() as u16 + 2);
        let inside = canvas.frame(area, "why?   (Esc closes)");
        let height = usize::from(inside.height);
        let most = lines.len().saturating_sub(height);
        self.skip = self.skip.min(most);
        let strong = canvas.theme.strong();
        for (line, y) in lines.iter().skip(self.skip).take(height).zip(inside.y..) {
            canvas.put(inside.x, y, inside.x + NAMES, &line.name, strong);
            canvas.put_cut(inside.x + NAMES, y, inside.right(), &line.words, line.style);
            let Some(link) = line.link else { continue };
            let place = Rect::new(inside.x, y, inside.width, 1);
            let action = Action::Row(link);
            canvas.hits.add(place, action.clone(), false);
            if self.selected == link || canvas.is_picked(place, &action) {
                let style = canvas.theme.picked();
                canvas.tint(place, style);
            }
        }
        let hint = match most - self.skip {
            0 => " Enter or click: to its line in the log ".into(),
            below => format!(" {below} more lines: wheel   Enter or click: to its line in the log "),
        };
        canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
    }

    fn lines(canvas: &Canvas, chain: &Chain, session: &Session, room: usize) -> Vec<Line> {
        let (text, dim) = (canvas.theme.text(), canvas.theme.dim());
        let mut lines = Vec::new();
        let mut say = |name: &str, words: &str, style: Style, link: Option<usize>| {
            for (nth, words) in wrap(words, room).into_iter().enumerate() {
                let name = if nth == 0 { name.to_owned() } else { String::new() };
                lines.push(Line {
                    name,
                    words,
                    style,
                    link,
                });
            }
        };
        let mut rule = None;
        for (nth, link) in chain.links.iter().enumerate() {
            let name = match link.kind {
                LinkKind::Call => "call",
                LinkKind::State => "state",
                LinkKind::SetBy => "set by",
                LinkKind::Rule(id) => {
                    rule = Some(id);
                    "rule"
                }
            };
            let words = link.text.strip_prefix("set by ").unwrap_or(&link.text);
            let at = link.entry.and_then(|no| session.transcript.entry(no));
            let words = match at {
                Some(entry) => format!("{words}   at {}", entry.time().trim_start()),
                None => words.to_owned(),
            };
            say(name, &words, text, link.entry.map(|_| nth));
        }
        if let Some(rule) = rule.map(|id| id.rule()) {
            let sources: Vec<String> = rule.decided_by.iter().map(ToString::to_string).collect();
            say("decided", &sources.join(", "), text, None);
            say("", &format!("{}: finwait run {}", rule.id, rule.proof), dim, None);
        }
        let words = chain.outcome.errno().map_or_else(Vec::new, |errno| {
            let rule = rule.map(|id| id.name());
            Matrix::kept().words(&chain.call, errno, rule)
        });
        for (nth, (runtime, said)) in words.iter().enumerate() {
            if nth == 0 {
                say("", "", text, None);
            }
            let pad = " ".repeat(15_usize.saturating_sub(width(runtime)));
            let name = if nth == 0 { "others" } else { "" };
            say(name, &format!("{runtime}{pad}{said}"), text, None);
        }
        lines
    }
}
