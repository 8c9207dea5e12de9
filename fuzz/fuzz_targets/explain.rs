//! Any text says something that is known, or does not; what is found in it stands in it again when it is one message of many.
#![no_main]

use finwait::explain::wording::{nearest, recognize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let found = recognize(text);
    assert_eq!(recognize(text.trim()), found);
    if let Some(found) = found {
        assert!(found.addresses.len() <= 2);
        for address in found.addresses {
            assert!(text.contains(&address.port().to_string()) || text.contains(":0"), "{address}");
        }
    } else if let Some(near) = nearest(text) {
        assert!(near.is_ascii());
    }
});
