//! One drawn frame at 200x60 with a full transcript, beside an empty frame of the same size; and a key press to its drawn result.
//!
//! `cargo bench --bench frame`; the target is a full frame in at most five times an empty one, whatever the transcript's length.

use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::hint::black_box;

use finwait::session::transcript::KEPT;
use finwait::side::Side;

#[path = "../tests/script/mod.rs"]
mod script;
use script::Script;

const SIZE: (u16, u16) = (200, 60);

/// A session with so many entries more.
fn filled(entries: usize) -> Script {
    let mut script = Script::half_close();
    for n in 0..entries as u32 {
        script.packet(if n % 2 == 0 { Side::Client } else { Side::Server }, 16, n, n, "hello");
    }
    script
}

fn frame(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame 200x60");
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a buffer");
    group.bench_function("empty", |b| {
        b.iter(|| terminal.draw(|frame| _ = black_box(frame.area())).map(|_| ()));
    });
    for entries in [10, 1_000, KEPT] {
        let mut script = filled(entries);
        let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a buffer");
        let now = script.now;
        group.bench_function(format!("full, {entries} entries"), |b| {
            b.iter(|| terminal.draw(|frame| script.app.draw(frame, now)).map(|_| ()));
        });
    }
    let mut script = filled(KEPT);
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a buffer");
    let now = script.now;
    group.bench_function("key press to drawn result", |b| {
        b.iter(|| {
            // The filter's key changes what the log shows.
            script.keys("/");
            terminal.draw(|frame| script.app.draw(frame, now)).map(|_| ())
        });
    });
    for connections in [1_000, 10_000] {
        let mut script = Script::load(connections);
        let (mut terminal, now) = (
            Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a buffer"),
            script.now,
        );
        let mut n = 0;
        group.bench_function(
            format!("a program's {connections} connections, an event and a frame"),
            |b| {
                b.iter(|| {
                    n += 1;
                    // Something happens between any two frames.
                    script.packet(Side::Client, 16, n, n, "");
                    terminal.draw(|frame| script.app.draw(frame, now)).map(|_| ())
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, frame);
criterion_main!(benches);
