//! Any bytes are a recording, which can be gone through in both directions, or are refused in one sentence with a line.
#![no_main]

use finwait::recording::{Move, Recording, Replay};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match Recording::read(bytes) {
    Ok(recording) => {
        let (mut replay, mut session) = Replay::new(recording);
        for to in [Move::Start, Move::CommandNext, Move::Next, Move::Back, Move::End, Move::CommandBack, Move::Entry(2)] {
            replay.go(to, &mut session);
            let (at, last) = replay.place();
            assert!(at <= last);
            assert!(session.transcript.since(0).all(|entry| !entry.lines().is_empty()));
        }
    }
    Err(error) => {
        assert!(error.line <= bytes.iter().filter(|byte| **byte == b'\n').count() + 1);
        assert_eq!(error.to_string().lines().count(), 1, "{error:?}");
    }
});
