//! Slow, before one's eyes: segments that take their time on the wire.

use super::started;

/// The screen is drawn anew while a segment travels, many times before it is there, and the call returns when its answer has come back.
#[test]
fn a_handshake_travels_before_ones_eyes() {
    let mut terminal = started("isolated");
    terminal.keys("s");
    terminal.see(" SLOW ");
    terminal.keys("2l");
    terminal.see("LISTEN");
    terminal.keys("1c");
    terminal.see("SYN_SENT");
    let (mut drawn, mut frames) = (terminal.raw.len(), 0);
    terminal.until("the client's connection", |terminal| {
        frames += u32::from(terminal.raw.len() > drawn);
        drawn = terminal.raw.len();
        terminal
            .lines()
            .iter()
            .any(|line| line.contains("connect = 0") || line.contains("= 0   <8"))
    });
    // There and back is 0.8 s; a busy machine draws less often than it may.
    assert!(frames >= 5, "{frames} frames");
    terminal.see("delivered after 4");
}
