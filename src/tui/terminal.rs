//! The terminal: taken over in one place, restored in one place, whatever the way out.

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::{Frame, Terminal};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{LocalModes, isatty, tcdrain, tcgetattr, tcgetpgrp};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::mem::ManuallyDrop;
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use super::backend::KnownSize;
use super::cast::LiveCast;
use super::keys::Keymap;
use crate::command::ScreenCommand;
use crate::error::{Error, Operation, Result};
use crate::exit::PANICKED;
use crate::os::job::Job;
use crate::text::harmless;

/// Is the terminal ours now? Whoever turns this to false gives it back.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Has the window had a title of ours since we took the terminal?
static TITLED: AtomicBool = AtomicBool::new(false);

/// Saves the window's title on the terminal's own stack (xterm's XTWINOPS 22, 0), and brings it back (23, 0).
const SAVE_TITLE: &str = "\x1b[22;0t";
const RESTORE_TITLE: &str = "\x1b[23;0t";

/// Whose the mouse is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MouseUse {
    /// Ours: the terminal reports it.
    #[default]
    Reported,
    /// The terminal's, which selects text with it.
    Terminals,
}

impl MouseUse {
    /// Returns the use that a switch for the mouse asks for.
    pub const fn of_switch(on: bool) -> MouseUse {
        if on { MouseUse::Reported } else { MouseUse::Terminals }
    }

    /// Returns the other one.
    pub const fn other(self) -> MouseUse {
        match self {
            MouseUse::Reported => MouseUse::Terminals,
            MouseUse::Terminals => MouseUse::Reported,
        }
    }

    /// Returns what the bottom line says of it; none while it is ours.
    pub fn note(self, keys: &Keymap) -> Option<String> {
        match self {
            MouseUse::Reported => None,
            MouseUse::Terminals => {
                let mouse = keys.of_screen(ScreenCommand::Mouse);
                Some(format!("mouse: the terminal's (select text); {mouse} takes it back"))
            }
        }
    }
}

/// The terminal while it is ours: restored when this is dropped, and by the panic hook.
pub struct Guard {
    // Never dropped: ratatui's drop writes to the terminal after we have given it back, and prints, or panics, when it is dead.
    terminal: ManuallyDrop<Terminal<KnownSize<BufWriter<TerminalOutput>>>>,
    /// The film of what is drawn, where one is made.
    cast: Option<LiveCast>,
    mouse: MouseUse,
    /// The window's title that was set last.
    title: String,
}

/// Standard output, written to until the terminal has taken all: a shell's other jobs may have made it non-blocking.
#[derive(Debug, Default)]
struct TerminalOutput {
    /// The film that sees what is written, where one is made.
    cast: Option<LiveCast>,
}

impl Write for TerminalOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::io::write(stdout(), bytes) {
                Ok(n) => {
                    if let Some(cast) = &self.cast {
                        cast.sees(&bytes[..n]);
                    }
                    return Ok(n);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let mut fds = [PollFd::from_borrowed_fd(stdout(), PollFlags::OUT)];
                    // What is wrong with it, the next write says.
                    let _ = poll(&mut fds, None);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns whether there is a terminal that a screen can be drawn on.
///
/// # Errors
///
/// [`Error::Os`] that says why not.
pub fn can_draw() -> Result<()> {
    let no = |why: &str| {
        Err(Error::Os {
            operation: "draw the screen".into(),
            source: io::Error::other(format!("{why}; finwait do runs commands without one")),
        })
    };
    if !io::stdout().is_terminal() {
        return no("standard output is not a terminal");
    }
    match std::env::var("TERM").as_deref() {
        Ok("dumb") => no("this terminal cannot move the cursor (TERM is dumb)"),
        Ok("") | Err(_) => no("what this terminal can do is unknown (TERM is not set)"),
        Ok(_) => Ok(()),
    }
}

/// Has the terminal gone away? `error` is what it answered.
pub fn is_gone(error: &io::Error) -> bool {
    let dead = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    let mut fds = [PollFd::from_borrowed_fd(stdout(), PollFlags::empty())];
    let at_once = rustix::event::Timespec::default();
    let hung_up = poll(&mut fds, Some(&at_once)).is_ok() && fds[0].revents().intersects(dead);
    hung_up || Errno::from_io_error(error) == Some(Errno::IO)
}

/// Returns whether we are in the terminal's foreground. A terminal that is not our controlling one has no background.
pub fn in_front() -> bool {
    tcgetpgrp(stdout()).map_or(true, |front| {
        Job::own().is_none_or(|own| front.as_raw_nonzero().get() == own.group)
    })
}

impl Guard {
    /// Takes the terminal over, and the mouse if it is to be ours.
    pub fn enter(mouse: MouseUse, cast: Option<LiveCast>) -> Result<Guard> {
        can_draw()?;
        hook();
        let out = BufWriter::with_capacity(64 << 10, TerminalOutput { cast: cast.clone() });
        let terminal = Terminal::new(KnownSize::new(out)).during(taking)?;
        // From here on, an early return gives the terminal back.
        let mut guard = Guard {
            terminal: ManuallyDrop::new(terminal),
            cast,
            mouse,
            title: String::new(),
        };
        guard.take().during(taking)?;
        Ok(guard)
    }

    /// Takes the terminal over, also where it is ours but somebody else has changed it or written on it, and has all of it drawn anew.
    /// In the background it waits, stopped as any program is that sets a terminal's modes there, until we are in front.
    ///
    /// The terminal gets commands, and is never asked: its answer would come by the thread that reads keys.
    pub fn take(&mut self) -> io::Result<()> {
        // This, too, is a thing of the foreground, but it changes nothing: the modes read next are those that we were given.
        while let Err(error) = tcdrain(stdout()) {
            if error != Errno::INTR {
                return Err(error.into());
            }
        }
        TAKEN.store(true, Ordering::SeqCst);
        if !is_raw() {
            // crossterm may believe that it still is.
            disable_raw_mode()?;
            enable_raw_mode()?;
        }
        execute!(
            self.terminal.backend_mut(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            Hide
        )?;
        self.report_mouse(self.mouse)?;
        if !TITLED.load(Ordering::SeqCst) {
            // Somebody else may have set it meanwhile.
            self.title.clear();
        }
        // Not `clear`, which asks where the cursor is.
        let size = self.terminal.size()?;
        self.filmed((size.width, size.height), |terminal| terminal.resize(size.into()))
    }

    /// Returns the columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let size = self.terminal.size().unwrap_or_default();
        (size.width, size.height)
    }

    /// Writes to the terminal what its film is to have as well: what is drawn, and none of the terminal's modes.
    fn filmed<R>(
        &mut self,
        size: (u16, u16),
        write: impl FnOnce(&mut Terminal<KnownSize<BufWriter<TerminalOutput>>>) -> io::Result<R>,
    ) -> io::Result<R> {
        let Some(cast) = &self.cast else {
            return write(&mut self.terminal);
        };
        cast.begins(size);
        let written = write(&mut self.terminal);
        let flushed = Write::flush(self.terminal.backend_mut());
        cast.ends();
        flushed.and(written)
    }

    /// Gives the terminal back until [`take`](Guard::take).
    pub fn give_back(&mut self) {
        restore();
    }

    /// Draws a frame, which a terminal that has synchronized output (mode 2026) shows all at once; another ignores that.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        match self.cast.is_some() {
            true => {
                // What came before is no part of the picture.
                Write::flush(self.terminal.backend_mut())?;
                let size = self.size();
                self.filmed(size, |terminal| terminal.draw(draw).map(drop))?;
            }
            false => {
                self.terminal.draw(draw)?;
            }
        }
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Has the terminal report the mouse, or keep it for itself.
    pub fn report_mouse(&mut self, mouse: MouseUse) -> io::Result<()> {
        self.mouse = mouse;
        match mouse {
            MouseUse::Reported => execute!(self.terminal.backend_mut(), EnableMouseCapture),
            MouseUse::Terminals => execute!(self.terminal.backend_mut(), DisableMouseCapture),
        }
    }

    /// Gives the terminal's window a title; the one that it had comes back with the terminal. The console of Linux has no window.
    pub fn entitle(&mut self, title: &str) -> io::Result<()> {
        if self.title == title || std::env::var_os("TERM").is_some_and(|term| term == "linux") {
            return Ok(());
        }
        if !TITLED.swap(true, Ordering::SeqCst) {
            queue!(self.terminal.backend_mut(), Print(SAVE_TITLE))?;
        }
        self.title = title.to_owned();
        execute!(self.terminal.backend_mut(), SetTitle(harmless(title)))
    }

    /// Hands text to the terminal's clipboard (OSC 52).
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }
}

fn taking() -> String {
    "take over the terminal".into()
}

/// Does the terminal hand over each key, and none of them as a signal or an echo?
fn is_raw() -> bool {
    let keys = if isatty(stdin()) { stdin() } else { stdout() };
    let cooked = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
    tcgetattr(keys).is_ok_and(|modes| !modes.local_modes.intersects(cooked))
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, if it is ours. A dead terminal is no reason to fail.
fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = BufWriter::new(TerminalOutput::default());
        if TITLED.swap(false, Ordering::SeqCst) {
            let _ = queue!(out, Print(RESTORE_TITLE));
        }
        let _ = execute!(
            out,
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            DisableMouseCapture,
            LeaveAlternateScreen,
            Show
        );
        // Whoever is in front has modes of his own; to change them would stop us.
        if in_front() {
            let _ = disable_raw_mode();
        }
    }
}

/// A panic first gives the terminal back, then speaks, and then ends the program, on whatever thread it was: the screen cannot go on
/// without its lab, nor draw on a terminal that was restored. Nothing of that is left to unwinding, which a release does not do.
fn hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let speak = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let taken = TAKEN.load(Ordering::SeqCst);
            restore();
            speak(info);
            if taken {
                std::process::exit(PANICKED);
            }
        }));
    });
}
