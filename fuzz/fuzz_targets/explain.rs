//! Any text says something that is known, or does not; what is found in it stands in it again when it is one message of many.
#![no_main]

use finwait_explain::wording::{nearest, recognize};
use libfuzzer_sys::fuzz_target;

/// The search for the nearest wording goes through all of them, which is slow beside all else: one length of so many is tried.
const SELDOM: usize = 37;

fuzz_target!(|text: &str| {
    let found = recognize(text);
    assert_eq!(recognize(text.trim()), found);
    if let Some(found) = found {
        assert!(found.addresses.len() <= 2);
        for address in found.addresses {
            assert!(text.contains(&address.port().to_string()) || text.contains(":0"), "{address}");
        }
    } else if text.len() % SELDOM == 0 {
        assert!(nearest(text).is_none_or(|near| !near.is_empty()));
    }
});
