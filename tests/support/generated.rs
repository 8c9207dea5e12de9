//! Parts of the documentation that a program writes, between `<!-- NAME -->` and `<!-- /NAME -->`.

use std::path::{Path, PathBuf};

/// Returns the path of a page, such as `docs/keys.md`.
pub fn page(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of)
}

/// Holds the part of a page against what it must be, or writes it where `UPDATE_DOCS` is set.
#[track_caller]
pub fn is_generated(of: &str, name: &str, must_be: &str) {
    let text = std::fs::read_to_string(page(of)).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&begin).expect("the mark where the part begins");
    let (inside, after) = rest.split_once(&end).expect("the mark where it ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(page(of), format!("{before}{begin}{must_be}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(inside, must_be, "{of}: run this test with UPDATE_DOCS=1");
}
