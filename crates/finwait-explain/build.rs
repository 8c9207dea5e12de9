//! Compiles the texts and the wordings under `assets/explain/` into Rust code, and refuses those that do not fit: see the README there.

#[path = "build/file.rs"]
mod file;
#[path = "build/mentions.rs"]
mod mentions;
#[path = "build/situations.rs"]
mod situations;
#[path = "build/texts.rs"]
mod texts;
#[path = "build/wordings.rs"]
mod wordings;

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("assets/explain");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed={}", folder.display());
    let texts = texts::read(&folder).and_then(|files| texts::compile(&files));
    let wordings = wordings::compile(&folder.join("wordings"));
    let mentions = mentions::compile(&folder);
    let situations = situations::compile(&folder);
    for (name, code) in [
        ("texts.rs", texts),
        ("wordings.rs", wordings),
        ("mentions.rs", mentions),
        ("situations.rs", situations),
    ] {
        let written = code.and_then(|code| {
            let path = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(name);
            fs::write(&path, code).map_err(|error| vec![format!("{}: {error}", path.display())])
        });
        for mistake in written.err().into_iter().flatten() {
            println!("cargo::error={mistake}");
        }
    }
}
