//! Wordings that do not fit do not compile, and the message says where and what.

#[path = "../build/file.rs"]
#[allow(dead_code)]
mod file;
#[path = "../build/texts.rs"]
#[allow(dead_code)]
mod texts;
#[path = "../build/wordings.rs"]
mod wordings;

use std::path::Path;
use std::{env, fs};

/// The code for a folder with `others.toml` alone, or what is wrong with it.
fn others(case: &str, text: &str) -> Result<String, Vec<String>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("others-{case}"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("others.toml"), text).unwrap();
    wordings::compile(&folder)
}

#[test]
fn each_text_of_a_row_of_others_is_found() {
    let code = others(
        "also",
        "[lock]\nabout = \"it is about a lock\"\ntexts = [\n{ text = \"timed out for lock\", also = [\"lock wait timed out\"], unless = [\"tcp\"] },\n]\n",
    )
    .unwrap();
    for text in ["timed out for lock", "lock wait timed out"] {
        let row = format!("Other {{ text: \"{text}\", unless: &[\"tcp\"], what: SomethingElse::Lock,");
        assert!(code.contains(&row), "{row} is not in {code}");
    }
}

#[test]
fn what_others_cannot_have_is_refused_with_its_place() {
    let about = "[lock]\nabout = \"it is about a lock\"\n";
    for (case, rest, mistake) in [
        (
            "row",
            "texts = [{ text = \"a\", besides = \"b\" }]",
            "others.toml:3: a row has no `besides`; it may have `text`, `also`, `unless`",
        ),
        (
            "table",
            "text = [{ text = \"a\" }]",
            "others.toml:3: `lock` has no `text`; it may have `about`, `is-error`, `texts`",
        ),
        (
            "capitals",
            "texts = [{ text = \"a\", also = [\"B\"] }]",
            "others.toml:3: `text` is to be in small letters",
        ),
        (
            "none",
            "texts = [{ unless = [\"a\"] }]",
            "others.toml:3: a row needs `text`",
        ),
    ] {
        let mistakes = others(case, &format!("{about}{rest}\n")).unwrap_err();
        assert!(
            mistakes.len() == 1 && mistakes[0].contains(mistake),
            "{mistake:?} is not what {mistakes:?} say"
        );
    }
}
