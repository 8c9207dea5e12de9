//! The threads that listen for the screen: to signals, to the terminal, and for its end.

use crossterm::event::Event as Input;
use signal_hook::consts::{
    SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
};
use signal_hook::iterator::Signals;
use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use super::away::JobControl;
use super::{Message, Sender, app};
use crate::error::{Operation, Result};

/// The signals that end the program, all of those that would without giving the terminal back.
const LAST: [i32; 11] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU, SIGIO,
];

/// Catches the signals that end, stop and resume the program.
///
/// # Errors
///
/// [`Error::Os`](crate::lab::Error::Os) where the kernel refuses.
pub fn catch(stops: JobControl) -> Result<Signals> {
    let caught = LAST
        .into_iter()
        .chain([SIGCONT])
        .chain(stops.caught().then_some(SIGTSTP));
    Signals::new(caught).during(|| "catch signals".into())
}

/// Starts the threads. `is_ours` says when the terminal is ours again after a stop.
///
/// # Errors
///
/// [`Error::Os`](crate::lab::Error::Os) where a thread could not be started.
pub fn start(signals: Signals, sender: Sender, is_ours: Receiver<()>) -> Result<()> {
    let (to_signals, to_input) = (sender.clone(), sender.clone());
    spawn("signals", move || forward_signals(signals, &to_signals))?;
    spawn("input", move || {
        if let Err(error) = read_input(&to_input, &is_ours) {
            to_input.send(Message::Deaf(error));
        }
    })?;
    spawn("watcher", move || {
        if hangs_up() {
            sender.send(Message::HangUp);
        }
    })
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .map(drop)
        .during(|| format!("start the {name} thread"))
}

/// Sends the signals that come, until the screen is gone.
fn forward_signals(mut signals: Signals, to: &Sender) {
    for number in signals.forever() {
        if !to.send(Message::Signal(number)) {
            return;
        }
    }
}

/// Sends what is typed and clicked, until the screen is gone.
///
/// # Errors
///
/// Nothing can be read from the terminal any more.
fn read_input(to: &Sender, is_ours: &Receiver<()>) -> io::Result<()> {
    loop {
        // `poll(Duration::ZERO)` never returns an event with `use-dev-tty`; a blocking read does.
        let input = crossterm::event::read()?;
        let suspends = matches!(&input, Input::Key(key) if app::suspends(key));
        if suspends {
            // What was typed behind it has come along, and is not for us.
            while crossterm::event::poll(Duration::from_millis(1)).is_ok_and(|more| more) {
                crossterm::event::read()?;
            }
            while is_ours.try_recv().is_ok() {}
        }
        if !to.send(Message::Input(input)) || (suspends && is_ours.recv().is_err()) {
            return Ok(());
        }
    }
}

/// Waits until the terminal hangs up; returns false where that cannot be waited for. A terminal that is gone without SIGHUP would leave
/// crossterm spinning.
fn hangs_up() -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    let out = io::stdout();
    loop {
        let mut fds = [PollFd::from_borrowed_fd(out.as_fd(), PollFlags::empty())];
        match poll(&mut fds, None) {
            Ok(_) if fds[0].revents().intersects(gone) => return true,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}
