//! Any bytes are read as tables, counters and messages of the kernel, or are none of these; what is found is no more than what came.
#![no_main]

use finwait_explain::listing::{ListingScanner, meanings, notes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut scanner = ListingScanner::default();
    let mut taken = 0;
    for line in text.split(|byte| *byte == b'\n') {
        taken += u64::from(scanner.line(line));
    }
    let (table, counters, kernel) = scanner.end();
    assert!(table.rows() + table.others() <= taken);
    for finding in table.findings() {
        assert!(finding.rows <= table.rows() && finding.examples.len() <= 3);
    }
    for row in table.few() {
        assert!(!meanings(&row.socket, table.may_be_queued(&row.socket)).is_empty());
        notes(&row.socket);
    }
    for value in counters.worst_first() {
        assert!(value.value > 0);
    }
    assert!(kernel.most_first().iter().all(|(_, tallied)| tallied.lines <= taken));
});
