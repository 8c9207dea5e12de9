//! The progress of long work: one line on a terminal, gone before anything else is printed; nothing elsewhere.

use std::io::{self, IsTerminal};
use std::sync::Once;
use std::time::{Duration, Instant};

use crate::clock::human;
use crate::runtime::{Runtime, RuntimeChoice, cache, to_be_compiled};
use crate::side::Ends;
use crate::stderr::{columns, complain, hide, is_shown, show, width_of};
use crate::text::width;

/// The time between two changes of the line.
const AGAIN: Duration = Duration::from_millis(100);

/// Returns the width of the terminal that standard output is; none where it is none.
pub fn printed_on() -> Option<usize> {
    width_of(io::stdout())
}

/// The progress through things that are counted, or read.
#[derive(Debug)]
pub struct Progress(Option<ProgressLine>);

#[derive(Debug)]
struct ProgressLine {
    began: Instant,
    next: Instant,
}

impl Progress {
    /// Returns the progress of work that prints people's text, or that prints where the line does not disturb.
    pub fn new(json: bool) -> Progress {
        // JSON on a terminal stays JSON alone.
        if json && io::stdout().is_terminal() {
            return Progress(None);
        }
        Progress::after(Duration::ZERO)
    }

    /// Returns the progress of work that is only shown when it takes so long.
    pub fn after(first: Duration) -> Progress {
        let began = Instant::now();
        let next = began + first;
        Progress(is_shown().then_some(ProgressLine { began, next }))
    }

    /// Shows how many are done: `finwait: 12 of 136 scenarios, 3 s`, and a bar where there is room.
    pub fn count(&mut self, done: usize, all: usize, what: &str) {
        self.say(|took| {
            let filled = (done * 20).checked_div(all).unwrap_or(20);
            let bar: String = (0..20).map(|n| if n < filled { '=' } else { ' ' }).collect();
            let took = match took.as_secs() {
                0 => String::new(),
                _ => format!(", {}", human(took)),
            };
            let count = format!("finwait: {done} of {all} {what}{took}");
            let bar = format!("{count:<38}  [{bar}]");
            if width(&bar) < columns() { bar } else { count }
        });
    }

    /// Shows this, unless the line has just changed.
    pub fn say(&mut self, text: impl FnOnce(Duration) -> String) {
        let Some(shown) = &mut self.0 else { return };
        let now = Instant::now();
        if now >= shown.next {
            shown.next = now + AGAIN;
            show(&text(Duration::from_secs((now - shown.began).as_secs())));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        hide();
    }
}

/// Returns what is said while the endpoints of these runtimes are compiled; none where a compiler has made all of them already.
pub fn compiling(choices: &Ends<RuntimeChoice>) -> Option<String> {
    let runtimes: Vec<String> = to_be_compiled(choices).iter().map(ToString::to_string).collect();
    match runtimes.as_slice() {
        [] => None,
        [one] => Some(format!("compiling the {one} endpoint, this once")),
        several => Some(format!("compiling the {} endpoints, this once", several.join(" and "))),
    }
}

/// Does what may have to compile these runtimes' endpoints, and says so meanwhile: nobody should take a compiler's silence for ours.
pub fn while_compiling<T>(choices: &Ends<RuntimeChoice>, work: impl FnOnce() -> T) -> T {
    static SAID: Once = Once::new();
    let needs_cache =
        |choice: &RuntimeChoice| matches!(choice, RuntimeChoice::Runtime(runtime) if *runtime != Runtime::Native);
    if choices.iter().any(|(_, choice)| needs_cache(choice)) {
        SAID.call_once(|| {
            if let Some(why) = cache::substitute() {
                complain(&format!("finwait: {why}"));
            }
        });
    }
    if is_shown()
        && let Some(text) = compiling(choices)
    {
        show(&format!("finwait: {text}"));
    }
    let done = work();
    hide();
    done
}
