//! Any bytes as a capture: read to the end, each connection told of, and one of them made a recording.
#![no_main]

use finwait::recording::capture::Kept;
use finwait_capture::flow::{ConnectionNo, Limits, Table};
use finwait_capture::reader::Reader;
use finwait_capture::view::ConnectionView;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = Reader::new(bytes) else { return };
    let mut table = Table::new(Limits { open: 8, told: 8 });
    let mut kept = Kept::new(20);
    while let Ok(Some(packet)) = reader.packet() {
        if let Some(connection) = table.packet(&packet)
            && connection.no == ConnectionNo(1)
        {
            kept.add(packet, connection);
        }
    }
    let (began, last) = (table.began(), table.last());
    for connection in table.end().0 {
        let view = ConnectionView::of(&connection, began, last);
        assert!(serde_json::to_string(&view).is_ok());
    }
    if let Some(recording) = kept.recording("fuzzed", 1) {
        finwait::recording::Replay::new(recording);
    }
});
