//! What a socket's state means now: read from the session at every drawing, so that it stays true while the dialog is open.

use ratatui::layout::Rect;

use super::{Context, Dialog, scrolled};
use crate::call::SocketName;
use crate::session::view::SocketView;
use crate::side::Side;
use crate::socket_table::Tuple;
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::layout;

/// The socket that a state is looked up of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateOf {
    /// The one of that name.
    Named(SocketName),
    /// The one of these addresses, which has no name: nobody has accepted it.
    Unnamed(Tuple),
}

impl StateOf {
    /// The socket that is shown; none for what has neither name nor row.
    pub fn view(view: &SocketView) -> Option<StateOf> {
        let tuple = || view.row.map(|observed| StateOf::Unnamed(observed.row.tuple));
        view.name.cloned().map(StateOf::Named).or_else(tuple)
    }
}

/// What the state of a socket means.
#[derive(Debug)]
pub struct StateDialog {
    side: Side,
    of: StateOf,
    /// The first line that is shown.
    skip: usize,
}

/// How wide the dialog is where there is room.
const WIDE: u16 = 84;
/// The column in which the words begin.
const NAMES: u16 = 11;

impl StateDialog {
    /// The state of that socket.
    pub const fn new(side: Side, of: StateOf) -> StateDialog {
        StateDialog { side, of, skip: 0 }
    }

    /// Names and sentences, and the title above them.
    fn words(&self, context: Context) -> (String, Vec<(&'static str, String)>) {
        let session = context.session;
        let views = session.sockets(self.side);
        let found = views.iter().find(|view| StateOf::view(view).as_ref() == Some(&self.of));
        let name = match &self.of {
            StateOf::Named(name) => name.to_string(),
            StateOf::Unnamed(tuple) => format!("from :{}", tuple.peer.port()),
        };
        let Some(view) = found else {
            let gone = "It is in no table of the kernel's any more.".to_owned();
            return (name, vec![("", gone)]);
        };
        let title = format!("{name} {}", view.state());
        let Some(meaning) = session.meaning(self.side, view) else {
            // The state changes now.
            return (title, Vec::new());
        };
        let mut words = vec![
            ("means", meaning.meaning),
            ("can", meaning.can),
            ("waits for", meaning.waits_for),
            ("ended by", meaning.ends_by),
        ];
        words.extend(meaning.beside.into_iter().map(|note| ("also", note)));
        // Where the sources of the state differ: as they always do then, or out of the ordinary.
        words.extend(view.note().map(|why| ("note", why)));
        words.extend(view.alarm().map(|why| ("!", why)));
        words.push(("see it", format!("scenario {}", meaning.scenario)));
        (title, words)
    }
}

impl Dialog for StateDialog {
    fn scroll(&mut self, lines: i64, _context: Context) {
        self.skip = scrolled(self.skip, lines);
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
        let inside = canvas.frame(area, &format!("{title} of the {}   (Esc closes)", self.side));
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
