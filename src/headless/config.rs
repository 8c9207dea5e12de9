//! `finwait config`: where the configuration is, whether it is right, and one to begin with.

use std::path::Path;
use std::process::ExitCode;

use crate::config::{load, path, template};
use crate::exit::{BAD, fail, print};
use crate::stderr::complain;

/// The part of the configuration to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigView {
    /// A configuration with every setting and every key.
    Template,
    /// The file's path.
    Path,
    /// Whether the file is right.
    Check,
}

/// Prints it; `named` is the file that the command line names.
pub fn config(view: ConfigView, named: Option<&Path>) -> ExitCode {
    match view {
        ConfigView::Template => print(|out| out.write_all(template().as_bytes())),
        ConfigView::Path => match path(named) {
            Ok(path) => print(|out| writeln!(out, "{}", path.display())),
            Err(why) => fail(BAD, &why),
        },
        ConfigView::Check => match load(named) {
            Ok(loaded) if loaded.themes.mistakes().next().is_some() => {
                loaded.themes.mistakes().for_each(complain);
                ExitCode::from(BAD)
            }
            Ok(loaded) => match (loaded.path, loaded.found) {
                (Some(path), true) => print(|out| writeln!(out, "{}: this is right", path.display())),
                (Some(path), false) => print(|out| {
                    let path = path.display();
                    writeln!(
                        out,
                        "{path} is not there: the defaults hold; finwait config --print writes them out"
                    )
                }),
                (None, _) => print(|out| {
                    writeln!(
                        out,
                        "there is no place for a configuration: set HOME or XDG_CONFIG_HOME"
                    )
                }),
            },
            Err(why) => {
                complain(&why);
                ExitCode::from(BAD)
            }
        },
    }
}
