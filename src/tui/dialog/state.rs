//! The meaning of a socket's state now: read from the session at every drawing, so that it stays true while the dialog is open.

use ratatui::layout::Rect;

use super::{Context, Dialog, DialogHelp, scrolled};
use crate::call::SocketName;
use crate::explain::meaning::{self, Meaning, Settings};
use crate::session::view::SocketView;
use crate::side::Side;
use crate::socket_table::Tuple;
use crate::state::State;
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::layout;

/// The socket that a state is looked up of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketIdentity {
    /// The one of that name.
    Named(SocketName),
    /// The one of these addresses, which has no name: nobody has accepted it.
    Unnamed(Tuple),
}

impl SocketIdentity {
    /// The socket that is shown; none for what has neither name nor row.
    pub fn view(view: &SocketView) -> Option<SocketIdentity> {
        let tuple = || view.row.map(|observed| SocketIdentity::Unnamed(observed.row.tuple));
        view.name.cloned().map(SocketIdentity::Named).or_else(tuple)
    }
}

/// The subject of the dialog.
#[derive(Debug)]
enum Subject {
    /// A socket of an end, in whatever state it is.
    Socket(Side, SocketIdentity),
    /// A state, in all the situations that it is seen in.
    State(State),
}

/// The meaning of a socket's state.
#[derive(Debug)]
pub struct StateDialog {
    subject: Subject,
    /// The first line that is shown.
    skip: usize,
}

/// The width of the dialog where there is room.
const WIDE: u16 = 84;
/// The column in which the words begin.
const NAMES: u16 = 11;

impl StateDialog {
    /// The state of that socket.
    pub const fn new(side: Side, of: SocketIdentity) -> StateDialog {
        StateDialog {
            subject: Subject::Socket(side, of),
            skip: 0,
        }
    }

    /// A state in all its situations.
    pub const fn table(state: State) -> StateDialog {
        StateDialog {
            subject: Subject::State(state),
            skip: 0,
        }
    }

    /// Names and sentences, and the title above them.
    fn words(&self, context: Context) -> (String, Vec<(&'static str, String)>) {
        let (side, of) = match &self.subject {
            Subject::Socket(side, of) => (*side, of),
            Subject::State(state) => return (format!("what {state} means"), situations(*state)),
        };
        let session = context.session;
        let views = session.sockets(side);
        let found = views
            .iter()
            .find(|view| SocketIdentity::view(view).as_ref() == Some(of));
        let name = match of {
            SocketIdentity::Named(name) => name.to_string(),
            SocketIdentity::Unnamed(tuple) => format!("from :{}", tuple.peer.port()),
        };
        let Some(view) = found else {
            let gone = "It is in no table of the kernel's any more.".to_owned();
            return (format!("{name} of the {side}"), vec![("", gone)]);
        };
        let title = format!("{name} {} of the {side}", view.state());
        let Some(meaning) = session.meaning(side, view) else {
            // The state changes now.
            return (title, Vec::new());
        };
        let mut words = sentences(meaning);
        // Where the sources of the state differ: as they always do then, or out of the ordinary.
        words.extend(view.note().map(|why| ("note", why)));
        words.extend(view.alarm().map(|why| ("!", why)));
        (title, words)
    }
}

/// The sentences of a meaning, each with what it is about.
fn sentences(meaning: Meaning) -> Vec<(&'static str, String)> {
    let mut words = vec![
        ("means", meaning.meaning),
        ("can", meaning.can),
        ("waits for", meaning.waits_for),
        ("ended by", meaning.ends_by),
    ];
    words.extend(meaning.beside.into_iter().map(|note| ("also", note)));
    words.push(("see it", format!("scenario {}", meaning.scenario)));
    words
}

/// The situations in which a socket is in a state, one under the other.
fn situations(state: State) -> Vec<(&'static str, String)> {
    let settings = Settings::default();
    let mut words = Vec::new();
    for entry in meaning::of_state(state) {
        if !words.is_empty() {
            words.push(("or", " ".to_owned()));
        }
        words.extend(sentences(entry.words(&settings)));
    }
    words
}

impl Dialog for StateDialog {
    fn scroll(&mut self, lines: i64, _context: Context) {
        self.skip = scrolled(self.skip, lines);
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "What a state means",
            keys: &[],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let (title, words) = self.words(context);
        let wide = WIDE.min(screen.width);
        let room = usize::from(wide.saturating_sub(NAMES + 4));
        let mut lines: Vec<(&str, String)> = Vec::new();
        for (name, sentence) in words {
            for (nth, line) in wrap(&sentence, room).into_iter().enumerate() {
                lines.push((if nth == 0 { name } else { "" }, line));
            }
        }
        let area = layout::middle(screen, wide, (lines.len() as u16).saturating_add(2).max(4));
        let inside = canvas.frame(area, &format!("{title}   (Esc closes)"));
        let height = usize::from(inside.height);
        let most = lines.len().saturating_sub(height);
        self.skip = self.skip.min(most);
        let (strong, text) = (canvas.theme.strong(), canvas.theme.text());
        for ((name, line), y) in lines.iter().skip(self.skip).take(height).zip(inside.y..) {
            canvas.put(inside.x, y, inside.x + NAMES, name, strong);
            canvas.put_cut(inside.x + NAMES, y, inside.right(), line, text);
        }
        if most > self.skip {
            let hint = format!(" {} more lines: wheel ", most - self.skip);
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
        }
    }
}
