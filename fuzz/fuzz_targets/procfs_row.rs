//! Whatever a row of `/proc/net/tcp` says, reading it does not panic, and no line gets lost.
#![no_main]

use finwait::observe::procfs::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|lines: &[u8]| {
    let (mut rows, mut unread) = (Vec::new(), Vec::new());
    parse(&[&b"header\n"[..], lines].concat(), &mut rows, &mut unread);
    let written = lines.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    assert_eq!(rows.len() + unread.len(), written.count());
});
