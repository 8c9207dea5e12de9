//! Any text is a configuration and a theme, or has mistakes each of which stands at a place in it; a theme that is kept changes nothing else.
#![no_main]

use finwait::command::ThemeName;
use finwait::config::{read, with_theme};
use finwait::mistake::Mistake;
use finwait::tui::theme::{self, Themes};
use libfuzzer_sys::fuzz_target;

fn stands(mistake: &Mistake, text: &str) {
    assert!(mistake.place.line <= text.lines().count().max(1) + 1, "{mistake}");
    let line = text.lines().nth(mistake.place.line - 1).unwrap_or_default();
    assert!(mistake.place.column <= line.chars().count() + 2, "{mistake}");
    assert_eq!(mistake.to_string().lines().count(), 3, "{mistake:?}");
}

fuzz_target!(|text: &str| {
    let themes = Themes::default();
    match read("fuzzed.toml", text, &themes) {
        Ok(config) => {
            let dark = ThemeName::new("dark");
            let kept = dark.and_then(|dark| with_theme("fuzzed.toml", text, dark).ok());
            let mut after = read("fuzzed.toml", &kept.expect("a right file takes a theme"), &themes).expect("and stays right");
            assert_eq!(after.theme, dark);
            after.theme = config.theme;
            assert_eq!(after, config);
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            mistakes.iter().for_each(|mistake| stands(mistake, text));
        }
    }
    if let Err(mistake) = theme::read("fuzzed.toml", text) {
        stands(&mistake, text);
    }
});
