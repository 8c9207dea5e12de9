//! A frame of the screen, by the length of the transcript.

use finwait::side::Side;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{Growth, seconds};
#[path = "../../tests/script/mod.rs"]
mod script;
use script::Script;

/// A frame is drawn so often, since one is short.
const FRAMES: usize = 20;

pub const FRAME: Growth = Growth {
    name: "transcript: 20 frames, 200x60",
    unit: "entries",
    sizes: &[100, 1_000, 10_000],
    cost: |entries| {
        let mut script = Script::half_close();
        for n in 0..entries as u32 {
            script.packet(if n % 2 == 0 { Side::Client } else { Side::Server }, 16, n, n, "hello");
        }
        let mut terminal = Terminal::new(TestBackend::new(200, 60)).expect("a buffer");
        let now = script.now;
        seconds(|| {
            for _ in 0..FRAMES {
                terminal.draw(|frame| script.app.draw(frame, now)).expect("a buffer");
            }
        })
    },
};
