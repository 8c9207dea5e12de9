//! A program's command line, and what it writes, cut anywhere: no panic, and the cut makes no difference.
#![no_main]

use finwait::lab::fuzz::{command_line, lines};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = command_line(text);
    }
    let whole = lines([bytes]);
    let at = bytes.first().map_or(0, |first| usize::from(*first) % (bytes.len() + 1));
    let (first, second) = bytes.split_at(at);
    assert_eq!(lines([first, second]), whole);
});
