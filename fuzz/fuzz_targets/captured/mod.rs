//! What `finwait explain` and `finwait open` do with a capture.

use finwait_capture::flow::{ConnectionNo, Limits, Table};
use finwait_capture::reader::Reader;
use finwait_capture::view::ConnectionView;

/// So few that a short capture has more.
const FEW: usize = 8;

/// Reads a capture to its end, tells of each connection, and, with the feature `program`, goes through the first as a recording and draws it.
pub fn explain(bytes: &[u8]) {
    let Ok(mut reader) = Reader::new(bytes) else { return };
    let mut table = Table::new(Limits { open: FEW, told: FEW });
    #[cfg(feature = "program")]
    let mut kept = finwait::recording::capture::Kept::new(20);
    while let Ok(Some(packet)) = reader.packet() {
        let connection = table.packet(&packet);
        #[cfg(feature = "program")]
        if let Some(connection) = connection.filter(|connection| connection.no == ConnectionNo(1)) {
            kept.add(packet, connection);
        }
        #[cfg(not(feature = "program"))]
        assert!(connection.is_none_or(|connection| connection.no > ConnectionNo(0)));
    }
    let (began, last) = (table.began(), table.last());
    let (connections, totals) = table.end();
    assert!(connections.len() <= FEW);
    assert_eq!(connections.len() as u64 + totals.counted_only, totals.connections);
    for connection in connections {
        let view = ConnectionView::of(&connection, began, last);
        assert!(serde_json::to_string(&view).is_ok());
    }
    #[cfg(feature = "program")]
    if let Some(recording) = kept.recording("fuzzed", 1) {
        draw(recording);
    }
}

/// Goes through a recording as the screen does, and draws its diagram.
#[cfg(feature = "program")]
fn draw(recording: finwait::recording::Recording) {
    use finwait::clock::MonoTime;
    use finwait::recording::{Move, Replay};
    use finwait::tui::pane::diagram::text;
    let (mut replay, mut session) = Replay::new(recording);
    assert!(text::rows(&session, 80, MonoTime(u64::MAX)).iter().all(|row| !row.text.contains('\n')));
    for to in [Move::Start, Move::Next, Move::End, Move::Back] {
        replay.go(to, &mut session);
        assert!(session.transcript.since(0).all(|entry| !entry.lines().is_empty()));
    }
}
