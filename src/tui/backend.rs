//! The backend that is drawn on: crossterm's, with a size also where the terminal does not know its own.

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use std::env;
use std::io::{self, Write};

/// The size of a terminal that neither says its own nor has it in the environment: the VT100's.
const USUAL: Size = Size { width: 80, height: 24 };

/// The size to draw in, where the terminal says this one. A serial console and a bare pty say 0x0, which means that they do not know:
/// then COLUMNS and LINES count, as elsewhere (environ(7)).
pub fn known(said: Option<Size>) -> Size {
    let said = said.unwrap_or_default();
    let or = |said: u16, name: &str, usual: u16| match said {
        0 => env::var(name)
            .ok()
            .and_then(|value| value.parse().ok())
            .filter(|number| *number > 0)
            .unwrap_or(usual),
        said => said,
    };
    Size {
        width: or(said.width, "COLUMNS", USUAL.width),
        height: or(said.height, "LINES", USUAL.height),
    }
}

/// crossterm's backend with a size in any case.
#[derive(Debug)]
pub struct KnownSize<W: Write>(CrosstermBackend<W>);

impl<W: Write> KnownSize<W> {
    /// Draws on this.
    pub const fn new(out: W) -> KnownSize<W> {
        KnownSize(CrosstermBackend::new(out))
    }
}

/// Passes all other output to the terminal as it is.
impl<W: Write> Write for KnownSize<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.0)
    }
}

impl<W: Write> Backend for KnownSize<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.0.draw(content)
    }

    fn append_lines(&mut self, n: u16) -> io::Result<()> {
        self.0.append_lines(n)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.0.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.0.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.0.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.0.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(known(self.0.size().ok()))
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let said = self.0.window_size()?;
        let columns_rows = known(Some(said.columns_rows));
        Ok(WindowSize { columns_rows, ..said })
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.0)
    }
}
