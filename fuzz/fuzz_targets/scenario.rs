//! Any text is a scenario, or has mistakes each of which stands at a place in it.
#![no_main]

use finwait::scenario::file::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match read("fuzzed.toml", text) {
        Ok(scenario) => {
            assert!(!scenario.steps.is_empty());
            for expected in scenario.steps.iter().flat_map(|step| &step.expected) {
                assert!(!expected.opposites().is_empty());
            }
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            for mistake in mistakes {
                assert!(mistake.place.line <= text.lines().count().max(1) + 1, "{mistake}");
                let line = text.lines().nth(mistake.place.line - 1).unwrap_or_default();
                assert!(mistake.place.column <= line.chars().count() + 2, "{mistake}");
                assert_eq!(mistake.to_string().lines().count(), 3, "{mistake:?}");
            }
        }
    }
});
