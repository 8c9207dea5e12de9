//! Any text as what is piped into `finwait explain`: an answer that a terminal can show, or one sentence why there is none.
#![no_main]

use finwait::headless::explain::explained;
use libfuzzer_sys::fuzz_target;

/// Of one line the nearest wording is looked for where none is known, which is slow: one length of so many stays alone.
const SELDOM: usize = 37;

fuzz_target!(|bytes: &[u8]| {
    let beside = if bytes.len() % SELDOM == 0 { "" } else { "\nanother line" };
    let text = String::from_utf8_lossy(bytes) + beside;
    let json = explained(&text, true, 100);
    if !json.printed.is_empty() {
        let told: serde_json::Value = serde_json::from_str(&json.printed).expect("it is JSON");
        assert_eq!(told["schema"], 1);
    }
    let plain = explained(&text, false, 60);
    assert_eq!(plain.unknown, json.unknown);
    assert_eq!(plain.printed.is_empty(), plain.unknown.is_some());
    assert!(plain.printed.chars().chain(plain.unknown.iter().flat_map(|why| why.chars())).all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
});
