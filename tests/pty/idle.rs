//! What the screen costs while nothing happens but time: work counted.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use finwait::side::Side;

use super::connected;
use super::terminal::Terminal;

/// What begins a frame.
const FRAME: &str = "\x1b[?2026h";

/// How often each thread of finwait and of its endpoints has waited for something and gone on, by process, number and name.
fn wake_ups(terminal: &Terminal) -> BTreeMap<(i32, String, String), u64> {
    let mut all = BTreeMap::new();
    for process in terminal.processes("").into_iter().chain([terminal.pid()]) {
        for thread in fs::read_dir(format!("/proc/{process}/task"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let number = thread.file_name().to_string_lossy().into_owned();
            let name = fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
            let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            let waits = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            let waits = waits.and_then(|waits| waits.trim().parse().ok()).unwrap_or_default();
            all.insert((process, number, name.trim_end().to_owned()), waits);
        }
    }
    all
}

/// While TIME_WAIT counts down, there is one frame a second, which writes the cells that have changed, and nobody but the screen's thread
/// wakes up for it, once.
#[test]
fn a_countdown_is_one_small_frame_a_second() {
    const FRAMES: usize = 5;
    let mut terminal = connected("isolated");
    terminal.press(Side::Client, "x close");
    terminal.see_state(Side::Server, "CLOSE_WAIT");
    terminal.press(Side::Server, "x close");
    terminal.see_state(Side::Client, "TIME_WAIT");
    let frames_more = |terminal: &mut Terminal, more: usize| {
        let before = terminal.written(FRAME);
        terminal.until("the countdown", |terminal| terminal.written(FRAME) >= before + more);
        terminal.written(FRAME) - before
    };
    // What the calls have begun is drawn.
    frames_more(&mut terminal, 2);
    let (began, written, before) = (Instant::now(), terminal.raw.len(), wake_ups(&terminal));
    let frames = frames_more(&mut terminal, FRAMES);
    let (took, bytes, after) = (began.elapsed(), terminal.raw.len() - written, wake_ups(&terminal));
    assert!(
        took > Duration::from_secs(FRAMES as u64 - 1),
        "{frames} frames in {took:?}"
    );
    // Two numbers on the screen count: their cells, and what a frame is made of.
    assert!(bytes < 100 * frames, "{bytes} bytes in {frames} frames");
    let screen = terminal.pid().to_string();
    for (thread, waits) in &after {
        let waited = waits - before.get(thread).unwrap_or(waits);
        // It may wait for a lock, or be asked for a page.
        let most = if thread.1 == screen { frames as u64 + 2 } else { 0 };
        assert!(waited <= most, "{thread:?} woke up {waited} times in {frames} frames");
    }
}

/// A connection on which nothing happens wakes nobody up, and draws nothing: until a key is pressed.
#[test]
fn nothing_that_happens_is_no_work() {
    let mut terminal = connected("isolated");
    let (mut settled, mut agree) = (wake_ups(&terminal), 0);
    // The driver looks at the tables again a few times, the last time after 256 ms: samples are 20 ms apart.
    terminal.until("all threads to wait", |terminal| {
        let now = wake_ups(terminal);
        agree = if std::mem::replace(&mut settled, now.clone()) == now {
            agree + 1
        } else {
            0
        };
        agree == 30
    });
    let frames = terminal.written(FRAME);
    // A second of the clock, told by another terminal program's whole run, in which nothing is to be seen here.
    let mut other = connected("isolated");
    other.press(Side::Client, "x close");
    other.see_state(Side::Server, "CLOSE_WAIT");
    assert_eq!(wake_ups(&terminal), settled);
    assert_eq!(terminal.written(FRAME), frames);
    terminal.keys("2");
    terminal.until("a frame", |terminal| terminal.written(FRAME) > frames);
}
