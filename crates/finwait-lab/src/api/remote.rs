//! The conversation with the owner of a lab's namespaces, and the waiting for its events.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::{SendFlags, send};

use super::transcript::Transcript;
use super::view::View;
use crate::error::{Error, Operation, Result};
use crate::event::{LabRequest, TimedEvent, WireRequest};
use crate::owner::{Greeting, LabSpec};
use finwait_model::call::CallId;
use finwait_model::clock::human;
use finwait_model::program::ProgramNo;
use finwait_wire::queue::Mode;

/// The number of last events that an error shows.
pub(super) const SHOWN: usize = 40;

/// A lab in another process.
pub(super) struct Remote {
    control: Mutex<UnixStream>,
    told: Mutex<Told>,
    changed: Condvar,
    /// The time after which a wait is over.
    pub patience: Duration,
    calls: AtomicU64,
    sockets: AtomicU64,
    programs: AtomicU32,
    /// The number of rules that were sent.
    rules: Mutex<usize>,
    /// The requests that set the wire's mode.
    marks: Mutex<Marks>,
    /// Held by whoever changes a setting of a host.
    setting: Mutex<()>,
}

/// The knowledge that the owner's lines have brought.
#[derive(Default)]
struct Told {
    greeting: Option<Greeting>,
    view: View,
    /// The reason why no more will come; none while the owner lives.
    gone: Option<String>,
}

/// A wait that was over before what was waited for came; its `Debug` is its `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct TimedOut {
    waited_for: String,
    time: Duration,
    transcript: Transcript,
}

impl TimedOut {
    /// Returns what was waited for.
    pub fn waited_for(&self) -> &str {
        &self.waited_for
    }

    /// Returns what happened instead: the last events.
    pub const fn transcript(&self) -> &Transcript {
        &self.transcript
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TimedOut {
            waited_for,
            time,
            transcript,
        } = self;
        write!(
            f,
            "waited {} for {waited_for}; the last events:\n{transcript}",
            human(*time)
        )
    }
}

impl fmt::Debug for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The lab's process has ended; its `Debug` is its `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Gone {
    why: String,
    transcript: Transcript,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the lab is gone: {}; its last events:\n{}",
            self.why, self.transcript
        )
    }
}

impl fmt::Debug for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The requests that set the wire's mode, also to what it is: whoever waits for the answer knows that all before is done.
#[derive(Debug, Default)]
struct Marks {
    /// The number that were sent.
    sent: u64,
    /// The last one.
    mode: Mode,
}

impl Remote {
    /// Speaks over `control`, in which it asks for a lab first.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`] where nobody reads the request.
    pub fn new(control: UnixStream, spec: &LabSpec, patience: Duration) -> Result<Remote> {
        let remote = Remote {
            control: Mutex::new(control),
            told: Mutex::default(),
            changed: Condvar::new(),
            patience,
            calls: AtomicU64::new(1),
            sockets: AtomicU64::new(1),
            programs: AtomicU32::new(1),
            rules: Mutex::new(0),
            marks: Mutex::default(),
            setting: Mutex::new(()),
        };
        remote.write(&serde_json::to_vec(spec).during(|| "write what the lab is to be".into())?)?;
        Ok(remote)
    }

    /// Takes in what the owner writes, until it is gone.
    pub fn listen(&self, control: UnixStream) {
        let mut lines = BufReader::new(control);
        let mut line = Vec::new();
        let mut why = "its process has ended".to_owned();
        // Killed in the middle of a line, or with requests unread (ECONNRESET), it has ended, too.
        while lines.read_until(b'\n', &mut line).is_ok() && line.ends_with(b"\n") {
            if let Err(error) = self.hear(&line) {
                why = format!("a line of its process cannot be read: {error}");
                break;
            }
            line.clear();
        }
        self.told().gone.get_or_insert(why);
        self.changed.notify_all();
    }

    fn hear(&self, line: &[u8]) -> serde_json::Result<()> {
        let greeted = self.told().greeting.is_some();
        if greeted {
            let event: TimedEvent = serde_json::from_slice(line)?;
            self.told().view.absorb(Arc::new(event));
        } else {
            let greeting = serde_json::from_slice(line)?;
            self.told().greeting = Some(greeting);
        }
        self.changed.notify_all();
        Ok(())
    }

    /// Ends the conversation, and with it the lab.
    pub fn hang_up(&self) {
        self.told().gone.get_or_insert("it was dropped".into());
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = control.shutdown(std::net::Shutdown::Both);
    }

    /// The number of the next call.
    pub fn next_call(&self) -> CallId {
        CallId(self.calls.fetch_add(1, Ordering::Relaxed))
    }

    /// The number of the next socket.
    pub fn next_socket(&self) -> u64 {
        self.sockets.fetch_add(1, Ordering::Relaxed)
    }

    /// The number of the next program.
    pub fn next_program(&self) -> ProgramNo {
        ProgramNo(self.programs.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns the number of rules that were sent: for whoever sends the next one, and nobody else meanwhile.
    pub fn rules_sent(&self) -> MutexGuard<'_, usize> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the turn to change a setting of a host; whoever holds it is the only one.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.setting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the lab has done all that it was asked before, and has reported what that did at once.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after the lab's patience, and [`Error::Gone`] without a lab.
    pub fn settled(&self) -> Result<()> {
        // The mode that is in force already: a request whose only effect is its event, in its turn.
        self.mode(None)
    }

    /// Changes the wire's mode, or not, and waits until it is in force.
    ///
    /// # Errors
    ///
    /// The errors of [`Remote::settled`].
    pub fn mode(&self, mode: Option<Mode>) -> Result<()> {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let mode = mode.unwrap_or(marks.mode);
        self.send(&LabRequest::Wire(WireRequest::Mode(mode)))?;
        *marks = Marks {
            sent: marks.sent + 1,
            mode,
        };
        let mark = marks.sent;
        drop(marks);
        let told = |view: &View| (view.modes() >= mark).then_some(());
        self.wait(self.patience, || "the lab to do what it was asked".into(), told)
    }

    /// Asks the lab to do something.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`] without a lab.
    pub fn send(&self, request: &LabRequest) -> Result<()> {
        let line = serde_json::to_vec(request).during(|| "write a request to the lab".into())?;
        self.told().view.asked();
        self.write(&line)
    }

    fn write(&self, line: &[u8]) -> Result<()> {
        let line = [line, b"\n"].concat();
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = line.as_slice();
        while !left.is_empty() {
            // A program may let SIGPIPE end it; ours is not the write that does.
            match send(&*control, left, SendFlags::NOSIGNAL) {
                Ok(n) => left = &left[n..],
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => {
                    drop(control);
                    return Err(self.gone(&errno.to_string()));
                }
            }
        }
        Ok(())
    }

    fn gone(&self, why: &str) -> Error {
        let told = self.told();
        Error::Gone(Box::new(Gone {
            why: told.gone.clone().unwrap_or_else(|| why.into()),
            transcript: told.view.transcript().last(SHOWN),
        }))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what is known now.
    pub fn look<T>(&self, at: impl FnOnce(&View) -> T) -> T {
        at(&self.told().view)
    }

    /// Returns whether there is still a lab.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`] without one.
    pub fn alive(&self) -> Result<()> {
        let is_gone = self.told().gone.is_some();
        if is_gone { Err(self.gone("")) } else { Ok(()) }
    }

    /// Waits for the first line.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after `time`, and [`Error::Gone`] where the process has ended.
    pub fn greeting(&self, time: Duration) -> Result<Greeting> {
        self.wait_on(
            time,
            || "the lab's process to build it".into(),
            |told| told.greeting.clone(),
        )
    }

    /// Waits until `found` finds something in what is known.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after `time`, and [`Error::Gone`] without a lab.
    pub fn wait<T>(
        &self,
        time: Duration,
        waited_for: impl FnOnce() -> String,
        mut found: impl FnMut(&View) -> Option<T>,
    ) -> Result<T> {
        self.wait_on(time, waited_for, |told| found(&told.view))
    }

    fn wait_on<T>(
        &self,
        time: Duration,
        waited_for: impl FnOnce() -> String,
        mut found: impl FnMut(&Told) -> Option<T>,
    ) -> Result<T> {
        let deadline = Deadline::after(time);
        let mut told = self.told();
        loop {
            if let Some(found) = found(&told) {
                return Ok(found);
            }
            told = match self.wait_for_news(told, &deadline)? {
                Some(told) => told,
                None => return Err(self.timed_out(waited_for(), time)),
            };
        }
    }

    /// Waits until `holds` is true of the view as it is now, or as it was after one of the events that follow. `holds` runs on a copy,
    /// without a lock, so that it may ask the lab itself.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after the lab's patience, and [`Error::Gone`] without a lab.
    pub fn until(&self, waited_for: impl FnOnce() -> String, mut holds: impl FnMut(&View) -> bool) -> Result<()> {
        let deadline = Deadline::after(self.patience);
        let mut view = self.look(View::clone);
        loop {
            if holds(&view) {
                return Ok(());
            }
            let mut told = self.told();
            while told.view.seen() == view.seen() {
                told = match self.wait_for_news(told, &deadline)? {
                    Some(told) => told,
                    None => return Err(self.timed_out(waited_for(), self.patience)),
                };
            }
            let news = told.view.since(view.seen());
            if news.is_none() {
                view = told.view.clone();
            }
            drop(told);
            // All but the last, at which the loop looks.
            let mut news = news.unwrap_or_default().into_iter().peekable();
            while let Some(event) = news.next() {
                view.absorb(event);
                if news.peek().is_some() && holds(&view) {
                    return Ok(());
                }
            }
        }
    }

    /// Waits for a change; none when the time is up.
    fn wait_for_news<'a>(
        &'a self,
        told: MutexGuard<'a, Told>,
        deadline: &Deadline,
    ) -> Result<Option<MutexGuard<'a, Told>>> {
        if told.gone.is_some() {
            drop(told);
            return Err(self.gone(""));
        }
        let Some(left) = deadline.left() else {
            return Ok(None);
        };
        let woken = self.changed.wait_timeout(told, left);
        Ok(Some(woken.unwrap_or_else(PoisonError::into_inner).0))
    }

    fn timed_out(&self, waited_for: String, time: Duration) -> Error {
        Error::TimedOut(Box::new(TimedOut {
            waited_for,
            time,
            transcript: self.look(View::transcript).last(SHOWN),
        }))
    }
}

/// The time at which a wait is over; none for one that is too far away for the clock.
struct Deadline(Option<Instant>);

impl Deadline {
    fn after(time: Duration) -> Deadline {
        Deadline(Instant::now().checked_add(time))
    }

    /// The time that is left; none when there is none.
    fn left(&self) -> Option<Duration> {
        // A time beyond what the clock counts is for ever.
        let left = self.0.map_or(Duration::from_secs(3600), |end| {
            end.saturating_duration_since(Instant::now())
        });
        (!left.is_zero()).then_some(left)
    }
}
