//! The sentences, compiled from `assets/explain/*.toml` by the build script: an enum for each file whose texts have placeholders, with a
//! variant for each text and a field for each placeholder, else a constant for each table.
//!
//! `[listen] room` in successes.toml is `successes::Success::ListenRoom`. A text that nothing uses does not compile.
#![deny(dead_code)]

include!(concat!(env!("OUT_DIR"), "/texts.rs"));
