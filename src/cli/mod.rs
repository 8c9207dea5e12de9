//! The command line.

mod belonging;
#[cfg(test)]
mod commit;
mod examples;
mod files;
mod groups;
mod help;
mod read;
mod tree;
mod values;
mod verb;
mod version;

use std::io::IsTerminal;

use clap::{ArgMatches, Error, FromArgMatches, Parser};

pub use belonging::Groups;
pub use groups::{LabChoice, TranscriptArgs};
pub use read::NotRead;
pub use tree::{is_option_of, tree};
pub use verb::{BatteryArgs, Verb};

/// Drive both ends of a live TCP connection, and see what the kernel really does
///
/// Without a command, the screen opens: sockets of a client and a server, every call a button, every segment in your hands.
#[derive(Debug, Parser)]
#[command(name = "finwait", version = version::SHORT, max_term_width = 80, subcommand_value_name = "COMMAND", after_help = examples::SCREEN)]
struct Line {
    /// What to do; without a command, open the screen
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// A command line: a verb, and the groups of options that it has.
#[derive(Debug)]
pub struct Cli {
    /// What to do; none opens the screen.
    pub verb: Option<Verb>,
    groups: Groups,
}

impl Cli {
    /// Returns the command line of what clap has found.
    fn of_matches(matches: &ArgMatches) -> Result<Cli, Error> {
        let verb = Line::from_arg_matches(matches)?.verb;
        let groups = match matches.subcommand() {
            Some((name, own)) => Groups::of(name, own)?,
            None => Groups::of(belonging::SCREEN, matches)?,
        };
        Ok(Cli { verb, groups })
    }

    /// Returns the groups of options that the verb has.
    pub const fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Returns whether the verb may open the screen, which has a configuration.
    pub fn has_a_screen(&self) -> bool {
        match &self.verb {
            None | Some(Verb::Tour { .. }) => true,
            Some(Verb::Open { plain, transcript, .. }) => !plain && !transcript.json && std::io::stdout().is_terminal(),
            Some(_) => false,
        }
    }
}
