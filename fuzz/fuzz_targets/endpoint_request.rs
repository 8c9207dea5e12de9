//! Any bytes on an endpoint's standard input are a request or a refusal, never a panic; a request is written as it was read.
#![no_main]

use finwait::endpoint::protocol::{Reply, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    match parse(line) {
        Ok(request) => {
            let written = serde_json::to_vec(&request).expect("a request can be written");
            assert_eq!(parse(&written), Ok(request));
        }
        Err(Reply::Refused { why, .. }) => assert!(!why.is_empty()),
        Err(other) => panic!("{other:?} is no refusal"),
    }
});
