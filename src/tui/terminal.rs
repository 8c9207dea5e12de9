//! The terminal: taken over in one place, given back in one place, whatever the way out.

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use std::io::{self, BufWriter, IsTerminal, Stdout};
use std::mem::ManuallyDrop;
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::backend::Sized;
use crate::error::{Error, Operation, Result};

/// Is the terminal ours now? Whoever turns this to false gives it back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours: given back when this is dropped, and by the panic hook.
pub struct Guard {
    // Never dropped: ratatui's drop writes to the terminal after we have given it back, and prints, or panics, when it is dead.
    terminal: ManuallyDrop<Terminal<Sized<BufWriter<Stdout>>>>,
}

/// Is there a terminal that a screen can be drawn on? The error says why not.
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
        Ok("dumb") => no("this terminal moves no cursor (TERM is dumb)"),
        Ok("") | Err(_) => no("what this terminal can do is not known (TERM is not set)"),
        Ok(_) => Ok(()),
    }
}

impl Guard {
    /// Takes the terminal over.
    pub fn enter() -> Result<Guard> {
        can_draw()?;
        hook();
        enable_raw_mode().during(|| "take over the terminal".into())?;
        TAKEN.store(true, Ordering::SeqCst);
        let out = BufWriter::with_capacity(64 << 10, io::stdout());
        // From here on, an early return gives the terminal back.
        let guard = Terminal::new(Sized::new(out)).map(|terminal| Guard {
            terminal: ManuallyDrop::new(terminal),
        });
        let entered = execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableMouseCapture,
            EnableBracketedPaste,
            Hide
        );
        let guard = entered.and(guard).during(|| "take over the terminal".into());
        if guard.is_err() {
            restore();
        }
        guard
    }

    /// What is drawn with.
    pub fn terminal(&mut self) -> &mut Terminal<Sized<BufWriter<Stdout>>> {
        &mut self.terminal
    }

    /// Hands text to the terminal's clipboard (OSC 52).
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        self.terminal
            .backend_mut()
            .execute(CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, if it is ours. A dead terminal is no reason to fail.
fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(
            io::stdout(),
            DisableBracketedPaste,
            DisableMouseCapture,
            LeaveAlternateScreen,
            Show
        );
        let _ = disable_raw_mode();
    }
}

/// A panic first gives the terminal back, and then speaks. One on another thread ends the program: the screen cannot go on
/// without its lab, nor draw on a terminal that was given back.
fn hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let screen = thread::current().id();
        let speak = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let taken = TAKEN.load(Ordering::SeqCst);
            restore();
            speak(info);
            if taken && thread::current().id() != screen {
                std::process::exit(101);
            }
        }));
    });
}
