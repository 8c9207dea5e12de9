//! The dialog Why?: the chain behind an outcome, or behind a call that waits, each link with its line in the transcript, and what other
//! languages say of the same.

use ratatui::layout::Rect;
use ratatui::style::Style;
use std::sync::Arc;

use super::{Context, Dialog, DialogHelp, Reaction, scrolled};
use crate::call::{CallId, CallKind, EndpointCall};
use crate::command::ScreenCommand;
use crate::counter::MovedCounters;
use crate::explain::counters::{counter, is_shown};
use crate::explain::rules::{CallClass, RuleOutcome};
use crate::explain::waiting::waits;
use crate::explain::{EntryNo, ErrorSource, Explanation, RuleId};
use crate::lab::event::{SettingChanged, StateChanged};
use crate::matrix::Matrix;
use crate::outcome::{Outcome, Value};
use crate::scenario::{catalog, file};
use crate::session::chain::{Chain, chain};
use crate::session::finished::{CallEnd, FinishedCall};
use crate::session::transcript::{Entry, EntryKind, describe};
use crate::session::{Session, socket_of};
use crate::state::State;
use crate::text::{width, wrap};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// A dialog that explains why an outcome came about.
#[derive(Debug)]
pub struct WhyDialog {
    about: WhyAbout,
    /// The link that is selected.
    selected: usize,
    /// The first line that is shown.
    skip: usize,
}

/// The thing that is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhyAbout {
    /// A call of an endpoint.
    Call(CallId),
    /// A line that a program wrote, or its system call, by the entry.
    Entry(EntryNo),
}

/// The place that a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinkTarget {
    /// A line of the log.
    Entry(u64),
    /// Into a scenario.
    Scenario(&'static str),
}

/// The row of the scenario that proves the rule.
const PROOF: usize = usize::MAX;
/// The text where no errno is behind an answer.
const BY_ITSELF: &str =
    "The language's library answered by itself: the kernel was not asked, or its answer is not reported.";

/// One link of the chain in words, and the entry that it points to.
struct Link {
    name: &'static str,
    words: String,
    entry: Option<u64>,
}

/// The dialog's width where there is room, in columns.
const WIDE: u16 = 96;
/// The column in which links say what they are.
const NAMES: u16 = 9;

/// A line of the dialog: a name, words, how they look, and the link that a press goes to.
struct WhyLine {
    name: String,
    words: String,
    style: Style,
    link: Option<usize>,
}

impl WhyDialog {
    /// Returns a dialog on that call's outcome.
    pub const fn new(call: CallId) -> WhyDialog {
        WhyDialog {
            about: WhyAbout::Call(call),
            selected: 0,
            skip: 0,
        }
    }

    /// Returns a dialog on what a program's line tells of, or what its system call returned: an entry of the transcript.
    pub const fn of_entry(entry: EntryNo) -> WhyDialog {
        WhyDialog {
            about: WhyAbout::Entry(entry),
            selected: 0,
            skip: 0,
        }
    }

    fn links(&self, session: &Session) -> Vec<Link> {
        match self.about {
            WhyAbout::Call(call) => chain(session, call).map_or_else(Vec::new, |chain| links(session, call, &chain)),
            WhyAbout::Entry(entry) => session
                .transcript
                .entry(entry)
                .map_or_else(Vec::new, |entry| links_of_entry(session, entry)),
        }
    }

    fn rule(&self, session: &Session) -> Option<RuleId> {
        match self.about {
            WhyAbout::Call(call) => chain(session, call)?.rule,
            WhyAbout::Entry(entry) => explanation(session.transcript.entry(entry)?)?.rule,
        }
    }

    /// Returns where a link leads; none where it leads nowhere.
    fn leads_to(&self, session: &Session, link: usize) -> Option<LinkTarget> {
        if link == PROOF {
            let rule = self.rule(session)?;
            return Some(LinkTarget::Scenario(rule.rule().proof));
        }
        Some(LinkTarget::Entry(self.links(session).get(link)?.entry?))
    }

    fn step(&mut self, session: &Session, down: bool) {
        let links = self.links(session).into_iter().enumerate();
        let mut rows: Vec<usize> = links
            .filter(|(_, link)| link.entry.is_some())
            .map(|(nth, _)| nth)
            .collect();
        if self.leads_to(session, PROOF).is_some() {
            rows.push(PROOF);
        }
        let next = if down {
            rows.into_iter().find(|row| *row > self.selected)
        } else {
            rows.into_iter().rev().find(|row| *row < self.selected)
        };
        self.selected = next.unwrap_or(self.selected);
    }

    fn lines(&self, canvas: &Canvas, session: &Session, room: usize) -> Vec<WhyLine> {
        let text = canvas.theme.text();
        let mut lines = Vec::new();
        let mut say = |name: &str, words: &str, style: Style, link: Option<usize>| {
            for (nth, words) in wrap(words, room).into_iter().enumerate() {
                let name = if nth == 0 { name.to_owned() } else { String::new() };
                lines.push(WhyLine {
                    name,
                    words,
                    style,
                    link,
                });
            }
        };
        let transcript = &session.transcript;
        let links = self.links(session);
        if links.is_empty() {
            say("", "the transcript has dropped it", text, None);
            return lines;
        }
        for (nth, link) in links.into_iter().enumerate() {
            let words = match link.entry.and_then(|no| transcript.entry(no)) {
                Some(entry) => format!("{} (at {})", link.words, entry.time().trim_start()),
                None => link.words,
            };
            say(link.name, &words, text, link.entry.map(|_| nth));
        }
        let rule = self.rule(session).map(|id| id.rule());
        if let WhyAbout::Entry(entry) = self.about
            && let Some(why) = transcript.entry(entry).and_then(explanation)
            && rule.is_none_or(|rule| rule.because.to_string() != why.sentence)
        {
            say("why", &why.sentence, text, None);
        }
        if let Some(rule) = rule {
            say("rule", &rule.because.to_string(), text, None);
            let sources: Vec<String> = rule.decided_by.iter().map(ToString::to_string).collect();
            say("decided", &sources.join(", "), text, None);
            say(
                "proof",
                &format!(
                    "scenario {}, for the rule {}: it starts in a fresh lab",
                    rule.proof, rule.id
                ),
                text,
                Some(PROOF),
            );
        }
        // What a program met is told by now.
        let WhyAbout::Call(call) = self.about else { return lines };
        let Some(chain) = chain(session, call) else {
            return lines;
        };
        if let (None, Some((side, pending))) = (chain.ended, session.pending(call))
            && let EndpointCall::On { socket, call } = &pending.order
        {
            let end = &session.ends[side];
            let row = end.socket(socket).and_then(|socket| end.row(socket));
            let wait = waits(call, chain.state, row.map_or(0, |observed| observed.row.rx_queue));
            let signal = wait.signal.filter(|_| end.process.makes_raw_calls());
            let ends: Vec<&str> = std::iter::once(wait.ended_by).chain(signal).collect();
            say("awaits", wait.awaits, text, None);
            say("ended by", &ends.join("; "), text, None);
            if call.has_deadline() {
                say("", "or by its own deadline, and the socket stays as it is", text, None);
            }
        }
        let ended = chain
            .ended
            .and_then(|no| transcript.entry(no))
            .and_then(Entry::finished);
        if let (None, Some(outcome)) = (rule, ended.and_then(FinishedCall::outcome)) {
            match outcome {
                Outcome::Library(_) => say("rule", BY_ITSELF, text, None),
                Outcome::Unsupported(why) => say("rule", &format!("The language has no such call: {why}."), text, None),
                Outcome::Ok(_) | Outcome::Err(_) | Outcome::DeadlineExceeded { .. } => {}
            }
        }
        let gave = ended.and_then(|call| match call.outcome() {
            Some(outcome @ (Outcome::Err(_) | Outcome::Ok(Value::Read { n: 0, .. }))) => {
                Some((call.name, outcome.brief()))
            }
            Some(_) => None,
            // Of the errno that came with the signal.
            None => match rule.map(|rule| rule.gives) {
                Some(RuleOutcome::Errno(errno)) => Some((call.name, errno.name())),
                Some(RuleOutcome::Eof | RuleOutcome::Deadline) | None => None,
            },
        });
        if let Some((name, gave)) = gave {
            let of_class = CallClass::of(name);
            let words = of_class.map(|call| Matrix::kept().words(call, &gave, chain.rule));
            let words = words.unwrap_or_default();
            for (nth, (runtime, said)) in words.iter().enumerate() {
                if nth == 0 {
                    say("", "", text, None);
                }
                // A blank that no line is broken in, and none of which is swallowed.
                let pad = "\u{a0}".repeat(22_usize.saturating_sub(width(runtime)));
                let name = if nth == 0 { "others" } else { "" };
                say(name, &format!("{runtime}{pad}{said}"), text, None);
            }
        }
        lines
    }
}

impl Dialog for WhyDialog {
    /// A link is followed: to its line of the log, or into the scenario that proves the rule.
    fn press(&mut self, item: usize, context: Context) -> Vec<Reaction> {
        self.selected = item;
        match self.leads_to(context.session, item) {
            Some(LinkTarget::Entry(entry)) => vec![Reaction::Close, Reaction::Do(Action::ShowEntry(entry))],
            Some(LinkTarget::Scenario(name)) => {
                let read = catalog::find(name).and_then(|(path, text)| file::read(path, text).ok());
                let action = match read {
                    Some(scenario) => Action::Guide(Arc::new(scenario)),
                    None => Action::Say(format!("there is no scenario {name}")),
                };
                vec![Reaction::Do(action)]
            }
            None => Vec::new(),
        }
    }

    /// Selects the next link that points somewhere, or the one before, for one line; else scrolls.
    fn scroll(&mut self, lines: i64, context: Context) {
        let at = self.selected;
        match lines {
            1 | -1 => self.step(context.session, lines > 0),
            _ => {}
        }
        if self.selected == at {
            self.skip = scrolled(self.skip, lines);
        }
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::Why)
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "Why?",
            keys: &[
                ("Enter", "go to the selected link's line in the log"),
                (
                    "arrows",
                    "select a link: the call, its state, the segment that set the error",
                ),
            ],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let wide = WIDE.min(screen.width.saturating_sub(2));
        let room = usize::from(wide.saturating_sub(4 + NAMES));
        let lines = self.lines(canvas, context.session, room);
        let area = layout::middle(screen, wide, lines.len() as u16 + 2);
        let inside = canvas.frame(area, "why?   (Esc closes)");
        let height = usize::from(inside.height);
        let most = lines.len().saturating_sub(height);
        self.skip = self.skip.min(most);
        let strong = canvas.theme.strong();
        for (line, y) in lines.iter().skip(self.skip).take(height).zip(inside.y..) {
            let style = if line.link.is_some() {
                canvas.theme.key()
            } else {
                strong
            };
            canvas.put(inside.x, y, inside.x + NAMES, &line.name, style);
            canvas.put_cut(inside.x + NAMES, y, inside.right(), &line.words, line.style);
            let Some(link) = line.link else { continue };
            let place = Rect::new(inside.x, y, inside.width, 1);
            let action = Action::Item(link);
            canvas.hits.add(place, action.clone(), false);
            if self.selected == link || canvas.is_picked(place, &action) {
                let style = canvas.theme.picked();
                canvas.tint(place, style);
            }
        }
        let hint = match most - self.skip {
            0 => " Enter or click: follow what is underlined ".into(),
            below => format!(" {below} more lines: wheel   Enter: follow "),
        };
        canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
    }
}

/// The reason for what a program wrote, or for what its system call returned; none where none is known.
fn explanation(entry: &Entry) -> Option<&Explanation> {
    match &entry.what {
        EntryKind::Program(news) => news.why.as_ref(),
        EntryKind::ProgramCall(call) => call.why.as_ref(),
        _ => None,
    }
}

/// The links of what a program wrote, or of its system call, up to the rule.
fn links_of_entry(session: &Session, entry: &Entry) -> Vec<Link> {
    let (side, program, name) = match &entry.what {
        EntryKind::Program(news) => (news.event.side, news.event.program, "line"),
        EntryKind::ProgramCall(call) => (call.call.side, call.call.program, "call"),
        _ => return Vec::new(),
    };
    let mut links = vec![Link {
        name,
        words: format!("{side} {}", entry.lines().join(" ")),
        entry: Some(entry.no),
    }];
    if let Some(program) = session.programs.get(program) {
        links.push(Link {
            name: "program",
            words: format!("{} {}: {}", program.name, program.words(), program.spec.run),
            entry: None,
        });
    }
    if let EntryKind::ProgramCall(call) = &entry.what
        && let Some(socket) = &call.socket
    {
        let state = session.ends[side].state_of(socket).unwrap_or(State::Close);
        links.push(Link {
            name: "socket",
            words: format!("{socket}, which is in {state} now"),
            entry: None,
        });
    }
    if let Some(source) = explanation(entry).and_then(|why| why.set_by) {
        links.push(Link {
            name: "set by",
            words: told(source, session.transcript.entry(source.entry().unwrap_or_default())),
            entry: source.entry(),
        });
    }
    links
}

/// The chain's links up to the rule.
fn links(session: &Session, call: CallId, chain: &Chain) -> Vec<Link> {
    let transcript = &session.transcript;
    let entry = |no: Option<u64>| no.and_then(|no| transcript.entry(no));
    let mut links = Vec::new();
    let (side, name, socket, called) = match entry(chain.ended).and_then(Entry::finished) {
        Some(call) => (call.side(), call.name, call.socket.as_ref(), called(call)),
        None => match session.pending(call) {
            Some((side, pending)) => {
                let name = pending.order.kind();
                let text = pending.words();
                (
                    side,
                    name,
                    socket_of(&pending.order),
                    format!("{text} has not returned"),
                )
            }
            None => return links,
        },
    };
    links.push(Link {
        name: "call",
        words: format!("{side} {called}"),
        entry: chain.call.or(chain.ended),
    });
    // A socket that is yet to be made has no state.
    if let Some(socket) = socket.filter(|_| name != CallKind::Socket) {
        let by = entry(chain.since).map_or_else(String::new, |entry| match &entry.what {
            EntryKind::State { change, .. } => format!(", by {}", change.cause.words(change.from)),
            _ => String::new(),
        });
        links.push(Link {
            name: "state",
            words: format!(
                "{socket} {} in {}{by}",
                if chain.ended.is_some() { "was" } else { "is" },
                chain.state
            ),
            entry: chain.since,
        });
    }
    if let Some(earlier) = entry(chain.known_from) {
        links.push(Link {
            name: "after",
            words: earlier.lines().join(" "),
            entry: chain.known_from,
        });
    }
    if let Some(source) = chain.set_by {
        links.push(Link {
            name: "set by",
            words: told(source, entry(source.entry())),
            entry: source.entry(),
        });
    }
    if let Some(EntryKind::Counters { moved, .. }) = entry(chain.counted).map(|entry| &entry.what) {
        links.push(Link {
            name: "counted",
            words: format!("the kernel counted {}", placed(moved)),
            entry: chain.counted,
        });
    }
    links
}

/// The counters that moved, with the kernel's functions that move them: `TCPAbortOnClose 1 (net/ipv4/tcp.c: __tcp_close())`.
fn placed(moved: &MovedCounters) -> String {
    let shown = moved.iter().filter(|(name, _)| is_shown(name));
    let placed = shown.map(|(name, by)| match counter(name.nstat()) {
        Some(counter) => format!("{name} {by} ({})", counter.place()),
        None => format!("{name} {by}"),
    });
    placed.collect::<Vec<_>>().join(", ")
}

/// A call that is over, with what it returned.
fn called(call: &FinishedCall) -> String {
    let ended = match &call.end {
        CallEnd::Returned(ended) => ended,
        CallEnd::Lost(lost) => {
            return format!("{} never returned: {}", call.words(), lost.how);
        }
    };
    match (ended.trace.last(), &call.text, &ended.said) {
        (Some(made), ..) => made.to_string(),
        (None, Some(text), Some(said)) => format!("{text} = {said}"),
        (None, Some(text), None) => format!("{text} = {}", ended.outcome.brief()),
        (None, None, _) => format!("{} = {}", call.name, ended.outcome.brief()),
    }
}

/// The setter of the error, with the words of its entry.
fn told(source: ErrorSource, entry: Option<&Entry>) -> String {
    let more = entry.and_then(|entry| match &entry.what {
        EntryKind::Packet(record) => Some(describe(record)),
        EntryKind::State { change, .. } => {
            let StateChanged { from, to, cause, .. } = change;
            Some(format!("{from} -> {to} by {}", cause.words(*from)))
        }
        EntryKind::Ended(call) => call
            .outcome()
            .map(|outcome| format!("{} = {}", call.name, outcome.brief())),
        EntryKind::Host(SettingChanged { setting, value, .. }) => {
            Some(format!("{} = {}", setting.name(), setting.show(*value)))
        }
        _ => None,
    });
    more.map_or_else(|| source.words(), |more| format!("{}: {more}", source.words()))
}
