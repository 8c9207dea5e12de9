//! Any text is a command or one sentence about what is wrong with it, and a command is written as it was read.
#![no_main]

use finwait::command::parse::parse;
use finwait::side::Side;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match parse(text, Some(Side::Client)) {
        Ok(command) => assert_eq!(parse(&command.to_string(), None).as_ref(), Ok(&command), "{command}"),
        Err(error) => {
            assert!(error.column >= 1 && error.column <= text.chars().count() + 1, "{error}");
            assert_eq!(error.to_string().lines().count(), 1, "{error:?}");
        }
    }
});
