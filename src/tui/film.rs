//! A recording shown on a screen that is nobody's terminal: its last frame as cells, or all of it as a film for asciinema.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Duration;

use ratatui::backend::{CrosstermBackend, TestBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::app::App;
use super::pane::diagram::text;
use super::theme::{Depth, Theme, Themes};
use crate::clock::MonoTime;
use crate::command::ScreenCommand;
use crate::export::asciicast::{Cast, CastHeader};
use crate::export::{Renderer, ScreenLook};
use crate::recording::Recording;

/// The screen as what exports have it draw.
pub const RENDERER: Renderer = Renderer {
    diagram: text::rows,
    last_frame,
    asciicast,
    look: ScreenLook::USUAL,
};

/// What happens within so much is one frame, as on a terminal.
const FRAME: Duration = Duration::from_millis(33);

/// The least time for which a film shows what came of a command: a script gives them faster than anybody reads.
const READ: Duration = Duration::from_millis(1500);

/// Draws the screen as it would be at a terminal of that size, and returns its cells.
pub fn cells(app: &mut App, (columns, rows): (u16, u16), now: MonoTime) -> Buffer {
    let mut terminal = match Terminal::new(TestBackend::new(columns, rows)) {
        Ok(terminal) => terminal,
        Err(never) => match never {},
    };
    match terminal.draw(|frame| app.draw(frame, now)) {
        Ok(_) => terminal.backend().buffer().clone(),
        Err(never) => match never {},
    }
}

/// Returns the theme of a look. One that there is none of is the theme of who says nothing.
fn theme(look: ScreenLook) -> Theme {
    let themes = Themes::default();
    let styles = look.theme.and_then(|name| themes.find(name.as_str()).ok());
    styles.map_or(Theme::COLOURED, |styles| Theme::new(styles, Depth::Truecolour))
}

/// Returns the cells of the screen at the end of a recording.
pub fn last_frame(recording: &Recording, look: ScreenLook) -> Buffer {
    let mut app = App::open(recording.clone(), theme(look));
    app.go_through(ScreenCommand::TourEnd);
    cells(&mut app, look.size, MonoTime::default())
}

/// What a terminal is written: the drawing side writes, and the film takes it frame by frame.
#[derive(Clone, Debug, Default)]
struct FilmedBytes(Rc<RefCell<Vec<u8>>>);

impl Write for FilmedBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns a recording as an asciicast: the screen from its start to its end, with a marker at each command. It lasts as long as the run did,
/// and longer where commands came so fast that nobody could read what came of them.
///
/// # Errors
/// A frame cannot be drawn.
pub fn asciicast(recording: &Recording, title: &str, look: ScreenLook) -> io::Result<Vec<u8>> {
    let wall = recording.headers().next().and_then(|header| header.wall);
    let header = CastHeader {
        size: look.size,
        term: None,
        timestamp: wall.map(|nanos| nanos / 1_000_000_000),
        title: title.to_owned(),
    };
    let mut cast = Cast::begin(Vec::new(), &header)?;
    // The file is for whoever has colours.
    crossterm::style::force_color_output(true);
    let written = FilmedBytes::default();
    let options = TerminalOptions {
        viewport: Viewport::Fixed(Rect::new(0, 0, look.size.0, look.size.1)),
    };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(written.clone()), options)?;
    let mut app = App::open(recording.clone(), theme(look));
    app.go_through(ScreenCommand::ToTheStart);
    let began = recording
        .headers()
        .next()
        .map(|header| header.began)
        .unwrap_or_default();
    // What the film is behind the run.
    let mut behind = Duration::ZERO;
    let mut draw = |app: &mut App, cast: &mut Cast<Vec<u8>>, at: MonoTime, behind: Duration| -> io::Result<()> {
        terminal.draw(|frame| app.draw(frame, at))?;
        let bytes = std::mem::take(&mut *written.0.borrow_mut());
        cast.output(at.since(began) + behind, &bytes)
    };
    draw(&mut app, &mut cast, began, behind)?;
    let mut drawn = began;
    // What has happened and is not drawn yet: since when.
    let mut waits: Option<MonoTime> = None;
    while let Some(replay) = app.replay() {
        let (now, next, command) = (replay.now(), replay.next_time(), replay.next_command());
        if let Some(since) = waits
            && (command.is_some() || next.is_none_or(|next| next.since(since) >= FRAME))
        {
            draw(&mut app, &mut cast, now, behind)?;
            (waits, drawn) = (None, now);
        }
        let Some(next) = next else { break };
        if let Some(command) = command {
            behind += READ.saturating_sub(next.since(drawn));
            cast.mark(next.since(began) + behind, &command)?;
        }
        app.go_through(ScreenCommand::TourNext);
        waits = waits.or(Some(next));
    }
    // The end is there to be read, too.
    cast.output(drawn.since(began) + behind + READ, b"\x1b[?25l")?;
    Ok(cast.into_inner())
}
