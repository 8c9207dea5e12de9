//! A new lab in place of this one: of which kind, and what becomes of what was done.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::{Context, Dialog, Reaction, browse, moved};
use crate::command::ScreenCommand;
use crate::lab::LabMode;
use crate::runtime::Runtime;
use crate::session::{LabKind, Session};
use crate::side::{Ends, Side};
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::lab_spec::ChosenLab;
use crate::tui::layout;

/// A thing in the dialog that can be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NewLabItem {
    Mode(LabMode),
    Ipv6(bool),
    Runtime(Side),
    /// The new lab; what was done is recorded first, or not.
    Begin {
        record: bool,
    },
    Stay,
}

/// The question, and the kind of lab.
#[derive(Debug)]
pub struct NewLabDialog {
    /// The kind that is chosen; at first it is that of this lab.
    chosen: ChosenLab,
    /// The number of commands that were given in this lab.
    done: usize,
    /// The file into which all of it is recorded anyway.
    recording: Option<String>,
    /// The item that is selected.
    selected: NewLabItem,
}

impl NewLabDialog {
    /// Asks for a lab in place of that session's, in which so many commands were given.
    pub fn new(session: &Session, done: usize, recording: Option<String>) -> NewLabDialog {
        let mode = match session.lab.kind {
            LabKind::Isolated => LabMode::Isolated,
            LabKind::Loopback(_) => LabMode::Loopback,
        };
        let runtime = |side: Side| session.ends[side].runtime.as_deref().and_then(Runtime::named);
        NewLabDialog {
            chosen: ChosenLab {
                mode,
                ipv6: session.lab.addresses[Side::Client].is_ipv6(),
                runtimes: Ends::from_fn(runtime),
            },
            done,
            recording,
            selected: NewLabItem::Begin { record: false },
        }
    }

    /// The items to press, in the order of the keys.
    fn items(&self) -> Vec<NewLabItem> {
        let mut items = vec![
            NewLabItem::Mode(LabMode::Isolated),
            NewLabItem::Mode(LabMode::Loopback),
            NewLabItem::Ipv6(false),
            NewLabItem::Ipv6(true),
            NewLabItem::Runtime(Side::Client),
            NewLabItem::Runtime(Side::Server),
            NewLabItem::Begin { record: false },
        ];
        if self.done > 0 {
            items.push(NewLabItem::Begin { record: true });
        }
        items.push(NewLabItem::Stay);
        items
    }

    fn place(&self, item: NewLabItem) -> Option<usize> {
        self.items().iter().position(|known| *known == item)
    }

    /// Goes to the next or the last runtime that is installed.
    fn turn(&mut self, side: Side, step: usize) {
        let all = Runtime::ALL.len();
        let now = self.chosen.runtimes[side];
        let at = Runtime::ALL
            .iter()
            .position(|runtime| Some(*runtime) == now)
            .unwrap_or(0);
        let round = (1..=all).map(|n| Runtime::ALL[(at + n * step) % all]);
        self.chosen.runtimes[side] = round.into_iter().find(|runtime| runtime.is_here()).or(now);
    }

    /// The sentences above the choices.
    fn question(&self) -> String {
        let mut words = match self.done {
            0 => "Nothing was done in this lab yet.".to_owned(),
            1 => "The one command of this lab is lost with it.".to_owned(),
            n => format!("The {n} commands of this lab are lost with it."),
        };
        if let Some(file) = &self.recording {
            words.push_str(&format!(
                " --record keeps it in {file}: the new lab is the next run there."
            ));
        }
        words
    }
}

impl Dialog for NewLabDialog {
    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        let Some(item) = self.items().get(item).copied() else {
            return Vec::new();
        };
        self.selected = item;
        match item {
            NewLabItem::Mode(mode) => self.chosen.mode = mode,
            NewLabItem::Ipv6(ipv6) => self.chosen.ipv6 = ipv6,
            NewLabItem::Runtime(side) => self.turn(side, 1),
            NewLabItem::Begin { record } => {
                let begin = Action::NewLab {
                    lab: self.chosen,
                    record,
                };
                return vec![Reaction::Close, Reaction::Do(begin)];
            }
            NewLabItem::Stay => return vec![Reaction::Close],
        }
        Vec::new()
    }

    /// Left and right go through what a row offers.
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        let step = match key.code {
            KeyCode::Left => -1,
            KeyCode::Right => 1,
            _ => return browse(self, key, context),
        };
        match self.selected {
            NewLabItem::Runtime(side) if step < 0 => self.turn(side, Runtime::ALL.len() - 1),
            NewLabItem::Runtime(side) => self.turn(side, 1),
            _ => self.scroll(step, context),
        }
        Vec::new()
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        let items = self.items();
        let at = self.place(self.selected).unwrap_or(0);
        if let Some(item) = items.get(moved(at, lines, items.len())) {
            self.selected = *item;
        }
    }

    fn selected(&self) -> Option<usize> {
        self.place(self.selected)
    }

    fn hint(&self, item: usize) -> Option<String> {
        let does = match self.items().get(item)? {
            NewLabItem::Mode(LabMode::Isolated) => {
                "network namespaces with a wire between them: every segment is seen, and can be held"
            }
            NewLabItem::Mode(LabMode::Loopback | LabMode::Auto) => {
                "the loopback interface of this host: no wire to see"
            }
            NewLabItem::Ipv6(false) => "IPv4 addresses",
            NewLabItem::Ipv6(true) => "IPv6 addresses",
            NewLabItem::Runtime(side) => return Some(format!("the next language that drives the {side}'s sockets")),
            NewLabItem::Begin { record: false } => "make the new lab; the sockets of this one are closed",
            NewLabItem::Begin { record: true } => "write what was done to a scenario file, then make the new lab",
            NewLabItem::Stay => "stay in this lab",
        };
        Some(does.to_owned())
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::NewLab)
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        const WIDTH: u16 = 72;
        // The frame, two gaps, four rows of choices, the buttons.
        const REST: u16 = 9;
        let mut question = wrap(
            &self.question(),
            usize::from(WIDTH.min(screen.width.saturating_sub(2)).saturating_sub(4)),
        );
        // The buttons are never out of sight, however long the name of a recording.
        question.truncate(usize::from(screen.height.saturating_sub(2 + REST)));
        let area = layout::middle(screen, WIDTH, question.len() as u16 + REST);
        let inside = canvas.frame(area, "a new lab?   (Esc stays)");
        let (text, dim) = (canvas.theme.text(), canvas.theme.dim());
        let mut y = inside.y;
        for line in &question {
            if y < inside.bottom() {
                canvas.put(inside.x, y, inside.right(), line, text);
            }
            y += 1;
        }
        y += 1;
        let radio = |chosen: bool, word: &str| format!("{} {word}", if chosen { "(x)" } else { "( )" });
        let runtime = |side: Side| {
            let known = self.chosen.runtimes[side];
            let name = known.map_or("as finwait was started", Runtime::title);
            // As wide as the longest, so that a second press meets it.
            format!("{name:<24}< >")
        };
        let rows: [(&str, Vec<(NewLabItem, String)>); 5] = [
            (
                "lab",
                [LabMode::Isolated, LabMode::Loopback]
                    .map(|mode| {
                        let word = if mode == LabMode::Isolated {
                            "isolated"
                        } else {
                            "loopback"
                        };
                        (NewLabItem::Mode(mode), radio(self.chosen.mode == mode, word))
                    })
                    .to_vec(),
            ),
            (
                "addresses",
                [false, true]
                    .map(|ipv6| {
                        let word = if ipv6 { "IPv6" } else { "IPv4" };
                        (NewLabItem::Ipv6(ipv6), radio(self.chosen.ipv6 == ipv6, word))
                    })
                    .to_vec(),
            ),
            (
                "client",
                vec![(NewLabItem::Runtime(Side::Client), runtime(Side::Client))],
            ),
            (
                "server",
                vec![(NewLabItem::Runtime(Side::Server), runtime(Side::Server))],
            ),
            (
                "",
                self.items()
                    .into_iter()
                    .filter_map(|item| {
                        let word = match item {
                            NewLabItem::Begin { record: false } => "new lab",
                            NewLabItem::Begin { record: true } => "record first",
                            NewLabItem::Stay => "stay",
                            _ => return None,
                        };
                        Some((item, word.to_owned()))
                    })
                    .collect(),
            ),
        ];
        for (title, items) in rows {
            let is_last = title.is_empty();
            if is_last {
                y += 1;
            }
            if y >= inside.bottom() {
                return;
            }
            canvas.put(inside.x, y, inside.right(), title, dim);
            let mut x = if is_last { inside.x } else { inside.x + 12 };
            for (item, word) in items {
                let Some(place) = self.place(item) else { continue };
                let end = canvas.button(x, y, inside.right(), None, &word, Action::Item(place));
                if self.selected == item {
                    let style = canvas.theme.picked();
                    canvas.tint(Rect::new(x, y, end.saturating_sub(x), 1), style);
                }
                x = end + 2;
            }
            y += 1;
        }
    }
}
