//! The configuration: the user's wishes for the screen, in a file of TOML.
//!
//! `file` reads it, `template` writes one with every setting, `save` changes one value in it. A command line comes before the
//! environment, the environment before the file, the file before the defaults.

mod file;
mod save;
mod template;

use std::fs;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::cli::LabChoice;
use crate::clock::Millis;
use crate::command::ThemeName;
use crate::tui::keys::Keymap;
use crate::tui::setup::Setup;
use crate::tui::theme::{DEFAULT, Depth, MONO, Themes, no_colour};
use crate::wire::queue::SLOW;

pub use file::read;
pub use save::{keep_theme, with_theme};
pub use template::template;

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The theme; none where the file does not say.
    pub theme: Option<ThemeName>,
    /// Whether the terminal reports the mouse.
    pub mouse: bool,
    /// Where the two ends live.
    pub lab: LabChoice,
    /// Whether the lab is one of IPv6.
    pub ipv6: bool,
    /// The time for which the wire's slow mode delays a segment.
    pub slow_delay: Millis,
    /// The keys of the buttons.
    pub keys: Keymap,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            theme: None,
            mouse: true,
            lab: LabChoice::default(),
            ipv6: false,
            slow_delay: SLOW,
            keys: Keymap::standard().clone(),
        }
    }
}

/// The configuration and where it is from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The file, whether it is there or not; none where there is no place for one.
    pub path: Option<PathBuf>,
    /// Whether it is there.
    pub found: bool,
    /// The settings.
    pub config: Config,
    /// The themes that can be chosen.
    pub themes: Themes,
}

/// Returns the folder of the configuration: `$XDG_CONFIG_HOME/finwait`, or else `~/.config/finwait`.
///
/// # Errors
///
/// There is none: one sentence that says what to set.
pub fn folder() -> Result<PathBuf, String> {
    let strategy = etcetera::choose_base_strategy()
        .map_err(|error| format!("there is no configuration folder: {error}; set HOME or XDG_CONFIG_HOME"))?;
    Ok(strategy.config_dir().join("finwait"))
}

/// Returns the configuration file: the one that was named, or else `config.toml` in the folder.
///
/// # Errors
///
/// [`folder`]
pub fn path(named: Option<&Path>) -> Result<PathBuf, String> {
    match named {
        Some(path) => Ok(path.to_owned()),
        None => Ok(folder()?.join("config.toml")),
    }
}

/// Reads the configuration; one that is not there says nothing, unless it was named.
///
/// # Errors
///
/// It cannot be read, or has mistakes: each in one sentence, with its place.
pub fn load(named: Option<&Path>) -> Result<Loaded, String> {
    let themes = folder().map_or_else(|_| Themes::default(), |folder| Themes::with(&folder.join("themes")));
    let Ok(path) = path(named) else {
        return Ok(Loaded {
            path: None,
            found: false,
            config: Config::default(),
            themes,
        });
    };
    let shown = path.to_string_lossy();
    let text = match fs::read(&path) {
        Ok(text) => Some(text),
        Err(error) if named.is_none() && is_missing(&error) => None,
        Err(error) => return Err(format!("finwait: {shown}: {error}")),
    };
    let found = text.is_some();
    let text =
        String::from_utf8(text.unwrap_or_default()).map_err(|_| format!("finwait: {shown}: this is not UTF-8"))?;
    let config = read(&shown, &text, &themes).map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        mistakes.join("\n")
    })?;
    Ok(Loaded {
        path: Some(path),
        found,
        config,
        themes,
    })
}

/// Returns whether there is no such file, nor a folder where it would be.
fn is_missing(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}

impl Loaded {
    /// Returns the wishes for the screen; a theme of the command line comes first, then `NO_COLOR`, then the file.
    ///
    /// # Errors
    ///
    /// There is no such theme, or its file has a mistake.
    pub fn setup(self, asked: Option<&str>) -> Result<Setup, String> {
        let of_the_file = self.config.theme.as_ref().map(ThemeName::as_str);
        let name = match asked {
            Some(asked) => asked,
            None if no_colour() => MONO,
            None => of_the_file.unwrap_or(DEFAULT),
        };
        let name = ThemeName::new(name).ok_or_else(|| self.themes.unknown(name))?;
        let mut setup = Setup {
            themes: self.themes,
            depth: Depth::detect(),
            keys: self.config.keys,
            slow_delay: self.config.slow_delay,
            config: self.path,
            keep_theme,
            ..Setup::default()
        };
        setup.use_theme(name)?;
        Ok(setup)
    }
}
