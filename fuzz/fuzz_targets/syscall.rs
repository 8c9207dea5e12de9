//! What is read of a call's line gives the same line back.
#![no_main]

use finwait::syscall::{CallText, Syscall};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    assert_eq!(CallText::parse(line).to_string(), line);
    assert_eq!(
        Syscall::parse(line, None, std::time::Duration::ZERO).to_string(),
        line
    );
});
