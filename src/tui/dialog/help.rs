//! The help: what has the focus first, then every command with its arguments, the keys, the signs on the screen and the states; searchable.
//!
//! Commands are read from the table and states from the table of meanings, so that it cannot say anything else than the buttons do.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::prompt::Prompt;
use super::{About, Context, Dialog, Reaction, browse, moved, plain};
use crate::command::signature::Signature;
use crate::command::table::{self, Button, CommandGroup, Spec, TABLE, Verb};
use crate::command::wire::WireVerb;
use crate::command::{Command, ScreenCommand};
use crate::explain::meaning::{Settings, of_state};
use crate::side::Side;
use crate::state::State;
use crate::text::{width, wrap};
use crate::tui::canvas::Canvas;
use crate::tui::hint::{hint, special};
use crate::tui::hit::Action;
use crate::tui::keys::Keymap;
use crate::tui::layout;

/// The subject that the help begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpTopic {
    /// A marked button.
    Command(Command),
    /// The buttons of the end that has the keys.
    End(Side),
    /// The programs of an end, which has the keys.
    Programs(Side),
    /// The log.
    Log,
    /// The time-sequence diagram.
    Diagram,
    /// A socket's state.
    State(State),
    /// The dialog that the help was opened over.
    Dialog(About),
}

/// Keys and gestures that are no commands.
const HANDS: [(&str, &str); 11] = [
    ("1 2", "give the keys to the client, to the server"),
    (
        "Tab",
        "mark the next button; Shift-Tab the one before; arrows the nearest in a direction",
    ),
    ("Enter", "press what is marked"),
    ("Esc", "close a dialog, leave the zoom, remove the mark"),
    ("click", "press a button, pick a socket, select a line of the log"),
    ("right click", "change a button's arguments before it is pressed"),
    ("wheel", "scroll what is under the pointer"),
    (
        "PgUp PgDn",
        "scroll the log, or a dialog, by what is visible; Home and End go to the ends",
    ),
    ("Ctrl-L", "redraw the screen"),
    (
        "Ctrl-Z",
        "suspend finwait and go back to the shell; fg resumes: the endpoints and their sockets live on meanwhile",
    ),
    ("Ctrl-C", "leave"),
];

/// Programs of the user's own, in a few words.
const PROGRAMS: [(&str, &str); 5] = [
    (
        "run",
        "any program runs on a host of the lab, unmodified: server run nginx -c ./nginx.conf, client run curl http://server:8080/; it finds the other host as client or server, and nothing beyond the two",
    ),
    (
        "sockets",
        "a program's are named and shown like the endpoint's, with its name and pid beside them; the wire's buttons and ss -K act on them, call buttons do not",
    ),
    (
        "out err call",
        "what it wrote to standard output and standard error; its system calls, with --syscalls",
    ),
    (
        "[why?]",
        "a line or a call that tells of an error that is known: what set it, and the rule",
    ),
    (
        "end",
        "with the lab every program ends, with all its processes, daemons too",
    ),
];

/// Signs on the screen, with what they mean.
const SIGNS: [(&str, &str); 20] = [
    (
        "▌STATE▐",
        "a socket's state, as the kernel's table has it; press it for what it means now",
    ),
    ("──▶", "a segment, from the host that sent it to the one that it is for"),
    ("◆", "a segment that is on the wire now: held, delayed, or on its way"),
    ("✗", "a segment that was dropped: it never arrived"),
    ("╳", "an RST: the connection is reset"),
    ("╌╌▶", "a segment that is sent again: a retransmission"),
    ("━━▶", "a FIN: its sender will send no more data"),
    ("again", "the same bytes, or the same SYN or FIN, sent another time"),
    ("+2 again", "two more of the same, folded into one line"),
    (
        "probe",
        "a segment without news that asks for an answer: keepalive, or a closed window",
    ),
    ("forged", "a packet that you made; no host sent it"),
    ("copy", "a duplicate that the wire made"),
    (
        "seq 1 ack 6",
        "numbers counted from each side's first: SYN is 0, the first byte 1",
    ),
    (
        "rx 5 tx 3",
        "bytes that came and are not read; bytes written and not acknowledged (procfs counts SYN and FIN with them)",
    ),
    (
        "queue 1/3",
        "a listener: connections that wait for accept, and how many may (its backlog and one more)",
    ),
    (
        "! at a state",
        "procfs, TCP_INFO and the segments do not agree on it; the line below says why",
    ),
    (
        "[k×label]",
        "what cannot be done now: a call that this end's language does not have, or on a program's socket; the hint says why",
    ),
    ("out err", "what a program wrote: to standard output, to standard error"),
    (
        "2 with itself",
        "connections of a host with itself, which programs have on it and the wire does not see",
    ),
    (
        "> at a socket",
        "the current one: calls go to it unless another is named",
    ),
];

/// The keys of the log.
fn log_keys(keys: &Keymap) -> Vec<Item> {
    let of = |command| keys.of_screen(command);
    vec![
        Item::plain(
            "click",
            "select a line; once more: why a call returned what it did, or what is in a segment",
        ),
        Item::plain("Up Down", "select another line, while the log is marked"),
        Item::plain("PgUp PgDn", "scroll by what is visible; End follows what comes"),
        Item::plain(&of(ScreenCommand::LogFollow), "follow new lines, or stay"),
        Item::plain(&of(ScreenCommand::LogFilter), "choose which lines are shown"),
        Item::plain(
            &of(ScreenCommand::CopyLine),
            "copy the selected line to the terminal's clipboard",
        ),
    ]
}

/// The keys of the diagram.
fn diagram_keys(keys: &Keymap) -> Vec<Item> {
    let of = |command| keys.of_screen(command);
    let wire = |verb| {
        let first = table::row(Verb::Wire(verb)).buttons.first();
        first.map_or_else(String::new, |button| keys.label(button).to_string())
    };
    vec![
        Item::plain(
            "click",
            "select a held segment; any other is looked into: header, bytes, what became of it",
        ),
        Item::plain(
            &format!("{} {}", of(ScreenCommand::HeldBefore), of(ScreenCommand::HeldAfter)),
            "select the held segment before, or after",
        ),
        Item::plain(
            &format!("{} {}", wire(WireVerb::Deliver), wire(WireVerb::Drop)),
            "deliver the selected segment, or drop it",
        ),
        Item::plain(&of(ScreenCommand::States), "the state diagram in its place, and back"),
        Item::plain(&of(ScreenCommand::Zoom), "give it the whole screen"),
    ]
}

/// The keys of a button, parted by blanks; a colon, as the prompt has it, for a button without one.
fn keys_of(button: &Button, keys: &Keymap) -> String {
    let keys: Vec<String> = keys.keys(button).iter().map(|key| key.label().to_string()).collect();
    if keys.is_empty() { ":".into() } else { keys.join(" ") }
}

/// The effect of Enter, or of a click, on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Press {
    /// The command is typed in the prompt.
    Type(String),
    /// The state is explained in place, or no longer.
    Unfold(State),
}

/// A thing that the help explains.
#[derive(Clone, Debug)]
struct Item {
    /// The key or the sign.
    key: String,
    /// The label of its button; empty where it has none.
    label: String,
    /// Its effect or meaning.
    text: String,
    /// Further lines: the arguments, or what a state means.
    more: Vec<(&'static str, String)>,
    press: Option<Press>,
}

/// A part of the help.
#[derive(Clone, Debug)]
struct Section {
    title: String,
    items: Vec<Item>,
}

/// A line as it is drawn.
struct Line {
    key: String,
    label: String,
    text: String,
    style: Style,
    /// The place among the items that can be pressed.
    item: Option<usize>,
}

/// The help.
#[derive(Debug)]
pub struct HelpDialog {
    topic: HelpTopic,
    search: String,
    /// `/` was pressed: each letter is searched for.
    searching: bool,
    /// The state that is explained in place.
    unfolded: Option<State>,
    /// Lines above the window.
    skip: usize,
    /// The item that Enter presses, once one was gone to.
    selected: Option<usize>,
    /// The items to press, from top to bottom, each with its line: as drawn last.
    presses: Vec<(Press, usize)>,
    /// The window's height.
    height: usize,
}

impl HelpDialog {
    /// Returns the help that begins with this.
    pub fn new(topic: HelpTopic) -> HelpDialog {
        let unfolded = match topic {
            HelpTopic::State(state) => Some(state),
            _ => None,
        };
        HelpDialog {
            topic,
            search: String::new(),
            searching: false,
            unfolded,
            skip: 0,
            selected: None,
            presses: Vec::new(),
            height: 1,
        }
    }

    /// The part of the screen that has the focus.
    fn focused(&self, context: Context) -> Section {
        match &self.topic {
            HelpTopic::Command(command) => {
                let spec = table::row(command.verb());
                let side = match command {
                    Command::End(side, _) => *side,
                    Command::Wire(_) | Command::Screen(_) | Command::Write(_) => context.focus,
                };
                let mut items = buttons(spec, side, context.keys);
                // The marked one alone, and what it would do now.
                let marked = spec
                    .buttons
                    .iter()
                    .position(|button| (button.command)(side) == *command);
                let mut item = items.swap_remove(marked.unwrap_or(0));
                let now = hint(
                    &Action::from(command.clone()),
                    context.session,
                    context.focus,
                    u16::MAX,
                    context.keys,
                );
                item.more.push(("now", now));
                Section {
                    title: format!("Marked: {}", spec.name),
                    items: vec![item],
                }
            }
            HelpTopic::End(side) => Section {
                title: format!("The keys are the {side}'s: a few of its calls"),
                items: TABLE
                    .iter()
                    .filter(|spec| matches!(spec.verb, Verb::End(_)))
                    .flat_map(|spec| {
                        let primary = spec.buttons.iter().zip(buttons(spec, *side, context.keys));
                        primary.filter(|(button, _)| button.primary).map(|(_, item)| item)
                    })
                    .collect(),
            },
            HelpTopic::Programs(side) => Section {
                title: format!("The {side} shows programs of your own"),
                items: TABLE
                    .iter()
                    .filter(|spec| spec.group == CommandGroup::Program)
                    .flat_map(|spec| {
                        let primary = spec.buttons.iter().zip(buttons(spec, *side, context.keys));
                        primary.filter(|(button, _)| button.primary).map(|(_, item)| item)
                    })
                    .chain(PROGRAMS.map(|(key, text)| Item::plain(key, text)))
                    .collect(),
            },
            HelpTopic::Log => Section {
                title: "Marked: the log".into(),
                items: log_keys(context.keys),
            },
            HelpTopic::Diagram => Section {
                title: "Marked: the diagram".into(),
                items: diagram_keys(context.keys),
            },
            HelpTopic::State(state) => Section {
                title: format!("Marked: the state {state}"),
                items: vec![self.state(*state)],
            },
            HelpTopic::Dialog(about) => Section {
                title: about.title.into(),
                items: about
                    .keys
                    .iter()
                    .map(|(key, text)| Item::plain(key, text))
                    .chain([
                        Item::plain(
                            "arrows",
                            "move; PgUp and PgDn by what is visible, Home and End to the ends",
                        ),
                        Item::plain("Enter", "press what is selected, as a click does"),
                        Item::plain("Esc", "close it"),
                    ])
                    .collect(),
            },
        }
    }

    /// A state in a line, with what it means where it is unfolded, or wanted.
    fn state(&self, state: State) -> Item {
        let entries: Vec<_> = of_state(state).map(|entry| entry.words(&Settings::default())).collect();
        let first = entries.first().map_or_else(String::new, |entry| entry.meaning.clone());
        let mut more = Vec::new();
        if self.unfolded == Some(state) {
            for entry in entries {
                more.extend([
                    ("means", entry.meaning),
                    ("can", entry.can),
                    ("waits for", entry.waits_for),
                    ("ended by", entry.ends_by),
                    ("see it", format!("scenario {}", entry.scenario)),
                    ("", String::new()),
                ]);
            }
            more.pop();
        }
        Item {
            key: state.name().into(),
            label: String::new(),
            text: first,
            more,
            press: Some(Press::Unfold(state)),
        }
    }

    /// All of it, or what fits the search.
    fn sections(&self, context: Context) -> Vec<Section> {
        let plain = |keys: &[(&str, &str)]| keys.iter().map(|(key, text)| Item::plain(key, text)).collect();
        let mut sections = vec![self.focused(context)];
        for group in CommandGroup::ALL {
            let rows = TABLE.iter().filter(|spec| spec.group == group);
            sections.push(Section {
                title: group.title().into(),
                items: rows
                    .flat_map(|spec| buttons(spec, context.focus, context.keys))
                    .chain(
                        (group == CommandGroup::Program)
                            .then_some(PROGRAMS)
                            .into_iter()
                            .flat_map(|of| of.map(|(key, text)| Item::plain(key, text))),
                    )
                    .collect(),
            });
        }
        sections.push(Section {
            title: "Mouse and keys".into(),
            items: plain(&HANDS),
        });
        sections.push(Section {
            title: "Signs on the screen".into(),
            items: plain(&SIGNS),
        });
        sections.push(Section {
            title: "States (Enter or a click: all that one means)".into(),
            items: State::ALL.into_iter().map(|state| self.state(state)).collect(),
        });
        let search = self.search.to_lowercase();
        let words: Vec<&str> = search.split_whitespace().collect();
        if words.is_empty() {
            return sections;
        }
        // What has the focus stands in its group, too.
        sections.remove(0);
        let all: Vec<Item> = sections.iter().flat_map(|section| section.items.clone()).collect();
        for section in &mut sections {
            section.items.retain(|item| item.fits(&words));
        }
        sections.retain(|section| !section.items.is_empty());
        // A key that is looked for stands before all that has its letter.
        let mut letters = self.search.trim().chars();
        if let (Some(letter), None) = (letters.next(), letters.next()) {
            let is_it = |item: &&Item| item.key.split(' ').any(|key| key == letter.to_string());
            let keys: Vec<Item> = all.iter().filter(is_it).cloned().collect();
            if !keys.is_empty() {
                let title = format!("The key {letter}");
                sections.insert(0, Section { title, items: keys });
            }
        }
        sections
    }

    /// The lines for a window so wide; what can be pressed is noted, each with its line.
    fn lines(&mut self, room: usize, canvas: &Canvas, context: Context) -> Vec<Line> {
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        let columns = Columns::of(room);
        let mut lines = Vec::new();
        self.presses.clear();
        for section in self.sections(context) {
            if !lines.is_empty() {
                lines.push(Line::blank(text));
            }
            lines.push(Line {
                key: section.title,
                ..Line::blank(strong)
            });
            for item in section.items {
                let place = item.press.map(|press| {
                    self.presses.push((press, lines.len()));
                    self.presses.len() - 1
                });
                let (key, label) = columns.named(&item.key, &item.label);
                for (nth, part) in wrap(&item.text, columns.room).into_iter().enumerate() {
                    let first = nth == 0;
                    lines.push(Line {
                        key: if first { key.clone() } else { String::new() },
                        label: if first { label.clone() } else { String::new() },
                        text: part,
                        style: text,
                        item: place,
                    });
                }
                for (name, more) in item.more {
                    for (nth, part) in wrap(&more, columns.room).into_iter().enumerate() {
                        lines.push(Line {
                            label: if nth == 0 { name.into() } else { String::new() },
                            text: part,
                            item: place,
                            ..Line::blank(dim)
                        });
                    }
                }
            }
        }
        lines
    }

    /// Begins at the top again.
    fn search(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.search);
        self.skip = 0;
        self.selected = None;
    }
}

/// The columns of keys, labels and words.
struct Columns {
    label: usize,
    text: usize,
    room: usize,
}

impl Columns {
    const fn of(room: usize) -> Columns {
        // Where it is narrow, key and label share a column.
        let (label, text) = if room >= 70 { (12, 27) } else { (0, 15) };
        let left = room.saturating_sub(text);
        Columns {
            label,
            text,
            room: if left < 12 { 12 } else { left },
        }
    }

    fn named(&self, key: &str, label: &str) -> (String, String) {
        if self.label > 0 || label.is_empty() {
            (key.to_owned(), label.to_owned())
        } else {
            (format!("{key} {label}"), String::new())
        }
    }
}

impl Line {
    const fn blank(style: Style) -> Line {
        Line {
            key: String::new(),
            label: String::new(),
            text: String::new(),
            style,
            item: None,
        }
    }
}

impl Item {
    fn plain(key: &str, text: &str) -> Item {
        Item {
            key: key.into(),
            label: String::new(),
            text: text.into(),
            more: Vec::new(),
            press: None,
        }
    }

    /// Has it each of these words, in lower case, somewhere?
    fn fits(&self, words: &[&str]) -> bool {
        let typed = match &self.press {
            Some(Press::Type(typed)) => typed.as_str(),
            _ => "",
        };
        let more: Vec<&str> = self.more.iter().map(|(_, text)| text.as_str()).collect();
        let text = format!("{} {} {} {typed} {}", self.key, self.label, self.text, more.join(" ")).to_lowercase();
        words.iter().all(|word| text.contains(word))
    }
}

/// The buttons of a row, or the row itself where it has none, each with its arguments.
fn buttons(spec: &'static Spec, side: Side, keys: &Keymap) -> Vec<Item> {
    let signature = Signature::of(spec);
    let parts: Vec<&str> = signature.parts.iter().map(|part| part.text.as_str()).collect();
    let takes = (!parts.is_empty()).then(|| ("takes", format!("{} {}", spec.name, parts.join(" "))));
    let typed = |words: &str| {
        let before = match spec.verb {
            Verb::End(_) => format!("{side} "),
            Verb::Wire(_) => "wire ".into(),
            Verb::Screen(_) => String::new(),
        };
        Some(Press::Type(format!("{before}{words} ")))
    };
    if spec.buttons.is_empty() {
        return vec![Item {
            key: ":".into(),
            label: spec.name.into(),
            text: spec.help.into(),
            more: takes.into_iter().collect(),
            press: typed(spec.name),
        }];
    }
    let mut items: Vec<Item> = spec
        .buttons
        .iter()
        .map(|button| {
            let command = (button.command)(side);
            Item {
                key: keys_of(button, keys),
                label: button.label.into(),
                text: special(&command).unwrap_or(spec.help).into(),
                more: Vec::new(),
                press: typed(spec.name),
            }
        })
        .collect();
    // Once for all of them.
    if let Some(item) = items.last_mut() {
        item.more.extend(takes);
    }
    items
}

impl Dialog for HelpDialog {
    /// A letter is searched for; before the first, `q` and the help's own key close it.
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        let begun = self.searching || !self.search.is_empty();
        let closes = context.screen_command(key) == Some(ScreenCommand::Help);
        match plain(key) {
            Some(KeyCode::Char('/')) if !begun => self.searching = true,
            Some(KeyCode::Char(c)) if begun || !(closes || matches!(c, 'q' | ' ')) => {
                self.search(|search| search.push(c))
            }
            Some(KeyCode::Backspace) if begun => {
                self.search.pop();
                self.search(|_| {});
                self.searching = !self.search.is_empty();
            }
            Some(KeyCode::Esc) if begun => {
                self.search(String::clear);
                self.searching = false;
            }
            Some(KeyCode::Tab | KeyCode::BackTab) => {
                let forth = key.code == KeyCode::Tab;
                let at = match self.selected {
                    // From nowhere, to the first that is in sight.
                    None => self
                        .presses
                        .iter()
                        .position(|(_, line)| *line >= self.skip)
                        .unwrap_or(0),
                    Some(at) => moved(at, if forth { 1 } else { -1 }, self.presses.len()),
                };
                self.selected = (!self.presses.is_empty()).then_some(at);
                if let Some((_, line)) = self.presses.get(at) {
                    let last = (line + 1).saturating_sub(self.height);
                    self.skip = self.skip.clamp(last, *line);
                }
            }
            _ => return browse(self, key, context),
        }
        Vec::new()
    }

    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        let Some((press, _)) = self.presses.get(item) else {
            return Vec::new();
        };
        match press {
            Press::Type(text) => vec![Reaction::Close, Reaction::Open(Box::new(Prompt::new(text.clone())))],
            Press::Unfold(state) => {
                self.unfolded = (self.unfolded != Some(*state)).then_some(*state);
                self.selected = Some(item);
                Vec::new()
            }
        }
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.skip = super::scrolled(self.skip, lines);
    }

    fn selected(&self) -> Option<usize> {
        self.selected
    }

    fn paste(&mut self, text: &str) {
        self.search(|search| search.extend(text.chars().filter(|c| !c.is_control())));
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::Help)
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let area = layout::middle(screen, 100, screen.height);
        let inside = canvas.frame(area, "help: keys, signs, states   (type to search, Esc closes)");
        if inside.height < 2 {
            return;
        }
        let (strong, dim, text) = (canvas.theme.strong(), canvas.theme.dim(), canvas.theme.text());
        let mut list = inside;
        if self.searching || !self.search.is_empty() {
            let x = canvas.put(inside.x, inside.y, inside.right(), "/ ", dim);
            let end = canvas.put_cut(x, inside.y, inside.right(), &self.search, strong);
            canvas.put(end, inside.y, inside.right(), "_", strong);
            (list.y, list.height) = (inside.y + 1, inside.height - 1);
        }
        canvas.page = list.height;
        let room = usize::from(inside.width);
        let lines = self.lines(room, canvas, context);
        let columns = Columns::of(room);
        self.height = usize::from(list.height);
        let most = lines.len().saturating_sub(self.height);
        self.skip = self.skip.min(most);
        self.selected = self.selected.filter(|at| *at < self.presses.len());
        for (line, y) in lines.iter().skip(self.skip).take(self.height).zip(list.y..) {
            let key_style = if line.text.is_empty() { line.style } else { strong };
            let words = list.x + columns.text as u16;
            let right = if line.text.is_empty() { list.right() } else { words - 1 };
            let x = canvas.put_cut(list.x, y, right, &line.key, key_style);
            let label = (list.x + columns.label as u16).max(if width(&line.key) > 0 { x + 1 } else { 0 });
            if !line.label.is_empty() {
                canvas.put(label, y, words, &line.label, text);
            }
            canvas.put_cut(words, y, list.right(), &line.text, line.style);
            if let Some(item) = line.item {
                let place = Rect::new(list.x, y, list.width, 1);
                let action = Action::Item(item);
                canvas.hits.add(place, action.clone(), false);
                if self.selected == Some(item) || canvas.is_picked(place, &action) {
                    let style = canvas.theme.picked();
                    canvas.tint(place, style);
                }
            }
        }
        if lines.is_empty() {
            canvas.put_cut(list.x, list.y, list.right(), "the help has no such word", text);
        }
        if most > 0 {
            let text = match most - self.skip {
                0 => " the end ".to_owned(),
                n => format!(" {n} more lines: wheel, arrows, PgDn "),
            };
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &text, strong);
        }
    }
}
