//! Any bytes as a capture: pcap, pcapng or tcpdump's text.
#![no_main]

use libfuzzer_sys::fuzz_target;

mod captured;

fuzz_target!(|bytes: &[u8]| captured::explain(bytes));
