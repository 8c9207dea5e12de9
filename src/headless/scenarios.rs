//! The scenarios on the command line: `finwait list`, `show`, `check` and `run`.

use std::process::ExitCode;

use super::output::TextOutput;
use crate::exit::{BAD, fail};
use crate::scenario::report::count;
use crate::scenario::{catalog, file};
use crate::stderr::complain;
use crate::text::{excerpt, harmless};
use list::alone;
use load::{LONGEST_NAME, is_path, read, text_of, unknown};

pub(super) mod folder;
mod list;
mod load;
mod run;
mod totals;

pub use list::{lessons, list};
pub use load::{AllowRun, load, load_to_run};
pub(super) use load::{all_of, mistaken};
pub(super) use run::recordings;
pub use run::{RunOptions, recording_of, run};

/// `finwait show`
pub fn show(name: &str, output: TextOutput) -> ExitCode {
    if is_path(name) {
        return match text_of(name) {
            Ok(text) => output.print(|out| out.write_all(harmless(&text).as_bytes())),
            Err(why) => {
                complain(&why);
                ExitCode::from(BAD)
            }
        };
    }
    let beside = || {
        catalog::SIDE_BY_SIDE
            .iter()
            .find(|(path, _)| file::name_of(path) == name)
            .copied()
    };
    match catalog::find(name).or_else(beside) {
        Some((_, text)) => output.print(|out| out.write_all(text.as_bytes())),
        None => fail(BAD, &unknown(name)),
    }
}

/// `finwait check`
pub fn check(files: &[String]) -> ExitCode {
    let mut bad = false;
    let files = match folder::expanded(files) {
        Ok(files) => files,
        Err(why) => return fail(BAD, &why),
    };
    for path in &files {
        match read(path) {
            Ok(scenario) => {
                let steps = count(scenario.steps.len(), "step");
                let path = excerpt(path, LONGEST_NAME);
                println!(
                    "{path}: {steps}, {}{}",
                    count(scenario.expectations(), "expectation"),
                    alone(scenario.ipv6)
                );
            }
            Err(why) => {
                bad = true;
                complain(&why);
            }
        }
    }
    if bad { ExitCode::from(BAD) } else { ExitCode::SUCCESS }
}
