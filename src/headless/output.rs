//! Text for people on standard output: its colours, and the pager that long text goes through on a terminal.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::exit::{DIFFERS, fail};
use crate::paint::Paint;
use crate::runtime::on_path;
use crate::text::width;

/// The pager of who names none; `less` ends at once where the text fits (F), passes colours (R), and leaves the text there (X).
const PAGER: &str = "less";
const LESS: &str = "FRX";

/// The way in which text is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextOutput {
    /// The colours.
    pub paint: Paint,
    /// Whether text that is longer than the terminal goes through a pager.
    pub pages: bool,
}

impl TextOutput {
    /// Returns it for a format that is read by programs where `machine` says so: no colours and no pager.
    pub const fn unless(self, machine: bool) -> TextOutput {
        TextOutput {
            paint: self.paint.unless(machine),
            pages: self.pages && !machine,
        }
    }

    /// Prints what `write` writes. A reader that has seen enough is no failure.
    pub fn print(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> ExitCode {
        let mut text = Vec::new();
        match write(&mut text).and_then(|()| self.write(&text)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => fail(DIFFERS, &format!("write to standard output: {error}")),
        }
    }

    /// Writes a text to standard output, or to the pager.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written. A pager that is not there, or that is left early, is no error.
    pub fn write(self, text: &[u8]) -> io::Result<()> {
        let painted = match std::str::from_utf8(text) {
            Ok(text) => self.paint.text(text).into_owned().into_bytes(),
            Err(_) => text.to_owned(),
        };
        let pages = self.pages && io::stdout().is_terminal() && is_longer_than_terminal(text);
        if pages
            && let Some(pager) = pager()
            && paged(&pager, &painted)
        {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        out.write_all(&painted)?;
        out.flush()
    }
}

/// The command of the pager: FINWAIT_PAGER, PAGER, or less; none where one of them says that none is wanted.
fn pager() -> Option<String> {
    let named = ["FINWAIT_PAGER", "PAGER"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    let pager = named.unwrap_or_else(|| PAGER.to_owned());
    let pager = pager.trim();
    (!pager.is_empty() && pager != "cat").then(|| pager.to_owned())
}

/// Has the text more rows than the terminal?
fn is_longer_than_terminal(text: &[u8]) -> bool {
    let Ok(size) = rustix::termios::tcgetwinsize(io::stdout()) else {
        return true;
    };
    let (rows, columns) = (usize::from(size.ws_row), usize::from(size.ws_col).max(1));
    let text = String::from_utf8_lossy(text);
    let taken = text.lines().map(|line| width(line).div_ceil(columns).max(1));
    // The prompt comes back in the last row.
    taken.sum::<usize>() >= rows.max(1)
}

/// Shows a text in the pager, and waits for its end. Returns whether it was there.
fn paged(pager: &str, text: &[u8]) -> bool {
    // What 127 says of a shell's command is said by the shell as well, on standard error; so the plainest mistake is found before.
    let first = pager.split_whitespace().next().unwrap_or_default();
    let is_plain = !first.contains(['=', '"', '\'', '$', '(', '~']);
    if is_plain && !first.contains('/') && on_path(first).is_none() {
        return false;
    }
    let mut command = Command::new("sh");
    command.args(["-c", pager]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", LESS);
    }
    // Ctrl-C is for the pager; the program it starts has the signal's own action again.
    let interrupted = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::new(AtomicBool::new(false)));
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    if let Some(mut input) = child.stdin.take() {
        // It may be left before all is written.
        let _ = input.write_all(text);
    }
    let ended = child.wait();
    if let Ok(id) = interrupted {
        signal_hook::low_level::unregister(id);
    }
    // The shell's statuses where there is no such program, or it may not be run.
    !ended.is_ok_and(|status| matches!(status.code(), Some(126 | 127)))
}
