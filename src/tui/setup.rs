//! The user's wishes for the screen: colours and keys.

use std::path::{Path, PathBuf};

use crate::clock::Millis;
use crate::command::ThemeName;
use crate::tui::MouseUse;
use crate::tui::keys::Keymap;
use crate::tui::theme::{DEFAULT, Depth, Theme, Themes};
use crate::wire::queue::SLOW;

/// The user's wishes for the screen.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The look.
    pub theme: Theme,
    /// The name of it; none for one without.
    pub name: Option<ThemeName>,
    /// The looks that can be chosen.
    pub themes: Themes,
    /// The colours that the terminal has.
    pub depth: Depth,
    /// The keys of the buttons.
    pub keys: Keymap,
    /// The time that a segment takes where the wire is slow and no other is said.
    pub slow_delay: Millis,
    /// Whose the mouse is from the start.
    pub mouse: MouseUse,
    /// Whether lessons may run programs without a question.
    pub allow_run: bool,
    /// The user whom programs are to run as; none for who started finwait.
    pub run_as: Option<String>,
    /// Tells that user's name, where it is known.
    pub user_name: fn(Option<&str>) -> Option<String>,
    /// The file that keeps the choice of a theme; none where there is no place for one.
    pub config: Option<PathBuf>,
    /// Writes the choice of a theme into that file; fails with one sentence.
    pub keep_theme: fn(&Path, ThemeName) -> Result<(), String>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            name: ThemeName::new(DEFAULT),
            ..Setup::of(Theme::COLOURED)
        }
    }
}

impl Setup {
    /// Returns a setup with that look, and all else as who says nothing has it.
    pub fn of(theme: Theme) -> Setup {
        Setup {
            theme,
            name: None,
            themes: Themes::default(),
            depth: Depth::Truecolour,
            keys: Keymap::standard().clone(),
            slow_delay: SLOW,
            mouse: MouseUse::default(),
            allow_run: false,
            run_as: None,
            user_name: crate::lab::user_name,
            config: None,
            keep_theme: |file, _| Err(format!("nothing writes {}", file.display())),
        }
    }

    /// Takes the theme of that name.
    ///
    /// # Errors
    ///
    /// There is none, or its file has a mistake.
    pub fn use_theme(&mut self, name: ThemeName) -> Result<(), String> {
        let styles = self.themes.find(name.as_str())?;
        self.theme = Theme::new(styles, self.depth);
        self.name = Some(name);
        Ok(())
    }
}
