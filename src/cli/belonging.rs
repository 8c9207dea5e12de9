//! Which verb has which groups of options, and what they say.

use std::path::Path;

use clap::builder::{Resettable, StyledStr};
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use super::files::{CaptureArgs, ExportArgs, FilmArgs, FormatArgs, LookArgs, OutputArgs, ReplaceArgs, by_ending};
use super::groups::{
    AllowArgs, ColourArgs, EndArgs, HostArgs, LabArgs, LabChoice, OffloadArgs, PagerArgs, ProgramArgs, ScreenArgs,
};
use crate::export::wanted::ExportChoices;
use crate::export::write::{Overwrite, Target};
use crate::host::Port;
use crate::lab::NamedAddress;
use crate::lab::event::KeptBytes;
use crate::paint::PaintWhen;
use crate::runtime::RuntimeChoice;
use crate::session::lineup::FirstProgram;
use crate::side::Ends;

/// The name under which the table has the screen, which is no verb.
pub(super) const SCREEN: &str = "";

/// A group of options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Lab,
    Ends,
    Offload,
    Programs,
    Hosts,
    Allow,
    Capture,
    Film,
    Replace,
    Exports,
    Outputs,
    Formats,
    Look,
    Screen,
    Colour,
    Pager,
}

use Group::{
    Allow, Capture, Colour, Ends as Drivers, Exports, Film, Formats, Hosts, Lab, Look, Offload, Outputs, Pager,
    Programs, Replace, Screen,
};

/// The groups of the screen and of each verb, in the order of the help. A verb that is not here has none.
const OF: &[(&str, &[Group])] = &[
    (SCREEN, OF_SCREEN),
    ("tour", OF_SCREEN),
    (
        "do",
        &[
            Colour, Lab, Drivers, Offload, Programs, Hosts, Exports, Capture, Replace, Formats, Look,
        ],
    ),
    (
        "run",
        &[
            Colour, Lab, Drivers, Offload, Programs, Allow, Hosts, Exports, Capture, Replace, Formats, Look,
        ],
    ),
    ("list", &[Pager]),
    ("show", &[Pager]),
    ("claims", &[Colour, Pager, Lab]),
    ("matrix", &[Colour, Pager, Lab]),
    ("proxy", &[Lab, Allow, Hosts]),
    ("http-client", &[Lab, Allow, Hosts]),
    ("open", &[Colour, Screen]),
    ("export", &[Outputs, Replace, Formats, Look]),
    ("book", &[Lab, Allow]),
    ("explain", &[Colour, Pager]),
    ("code", &[Lab]),
    ("doctor", &[Offload]),
];

const OF_SCREEN: &[Group] = &[
    Lab, Drivers, Offload, Programs, Allow, Hosts, Capture, Film, Replace, Screen,
];

impl Group {
    fn add_to(self, command: Command) -> Command {
        match self {
            Group::Lab => LabArgs::augment_args(command),
            Group::Ends => EndArgs::augment_args(command),
            Group::Offload => OffloadArgs::augment_args(command),
            Group::Programs => ProgramArgs::augment_args(command),
            Group::Hosts => HostArgs::augment_args(command),
            Group::Allow => AllowArgs::augment_args(command),
            Group::Capture => CaptureArgs::augment_args(command),
            Group::Film => FilmArgs::augment_args(command),
            Group::Replace => ReplaceArgs::augment_args(command),
            Group::Exports => ExportArgs::augment_args(command),
            Group::Outputs => OutputArgs::augment_args(command),
            Group::Formats => FormatArgs::augment_args(command),
            Group::Look => LookArgs::augment_args(command),
            Group::Screen => ScreenArgs::augment_args(command),
            Group::Colour => ColourArgs::augment_args(command),
            Group::Pager => PagerArgs::augment_args(command),
        }
    }
}

fn of(verb: &str) -> &'static [Group] {
    OF.iter()
        .find(|(name, _)| *name == verb)
        .map_or(&[], |(_, groups)| groups)
}

/// Returns a verb's command with the options of its groups.
pub(super) fn with_groups(command: Command, verb: &str) -> Command {
    let about = (command.get_about().cloned(), command.get_long_about().cloned());
    let command = of(verb).iter().fold(command, |command, group| group.add_to(command));
    // What is said of a group is not what is said of the verb.
    let again = |text: Option<StyledStr>| text.map_or(Resettable::Reset, Resettable::Value);
    command.about(again(about.0)).long_about(again(about.1))
}

/// Returns the names of the options that stand for formats, which --export does in one line.
pub(super) fn formats() -> impl Iterator<Item = String> {
    let all = Look.add_to(Formats.add_to(Command::new("formats")));
    let names: Vec<String> = all.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    names.into_iter()
}

/// The groups of options that the command line's verb has; none of those that mean nothing to it.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    lab: Option<LabArgs>,
    ends: Option<EndArgs>,
    offload: Option<OffloadArgs>,
    programs: Option<ProgramArgs>,
    hosts: Option<HostArgs>,
    allow: Option<AllowArgs>,
    capture: Option<CaptureArgs>,
    film: Option<FilmArgs>,
    replace: Option<ReplaceArgs>,
    exports: Option<ExportArgs>,
    outputs: Option<OutputArgs>,
    formats: Option<FormatArgs>,
    look: Option<LookArgs>,
    screen: Option<ScreenArgs>,
    colour: Option<ColourArgs>,
    pager: Option<PagerArgs>,
}

impl Groups {
    /// Reads the groups of a verb.
    pub(super) fn of(verb: &str, matches: &ArgMatches) -> Result<Groups, Error> {
        fn read<G: FromArgMatches>(there: &[Group], group: Group, matches: &ArgMatches) -> Result<Option<G>, Error> {
            let is_there = there.contains(&group);
            is_there.then(|| G::from_arg_matches(matches)).transpose()
        }
        let there = of(verb);
        Ok(Groups {
            lab: read(there, Lab, matches)?,
            ends: read(there, Drivers, matches)?,
            offload: read(there, Offload, matches)?,
            programs: read(there, Programs, matches)?,
            hosts: read(there, Hosts, matches)?,
            allow: read(there, Allow, matches)?,
            capture: read(there, Capture, matches)?,
            film: read(there, Film, matches)?,
            replace: read(there, Replace, matches)?,
            exports: read(there, Exports, matches)?,
            outputs: read(there, Outputs, matches)?,
            formats: read(there, Formats, matches)?,
            look: read(there, Look, matches)?,
            screen: read(there, Screen, matches)?,
            colour: read(there, Colour, matches)?,
            pager: read(there, Pager, matches)?,
        })
    }

    /// Returns whether the verb has a lab of the user's choice.
    pub const fn has_a_lab(&self) -> bool {
        self.lab.is_some()
    }

    /// Returns the lab that is wanted; none where nothing is said of it.
    pub fn lab(&self) -> Option<LabChoice> {
        self.lab.as_ref()?.lab
    }

    /// Returns whether IPv6 is wanted; none where nothing is said of it.
    pub fn ipv6(&self) -> Option<bool> {
        self.lab.as_ref()?.ipv6
    }

    /// Returns the server's port, where one is given.
    pub fn port(&self) -> Option<Port> {
        self.lab.as_ref()?.port.map(Port)
    }

    /// Returns the file to record in.
    pub fn record(&self) -> Option<&Path> {
        self.lab.as_ref()?.record.as_deref()
    }

    /// Returns whether the kernel is to be traced.
    pub fn trace_kernel(&self) -> bool {
        self.lab.as_ref().is_some_and(|lab| lab.trace_kernel)
    }

    /// Returns whether the hosts leave segmentation to the wire.
    pub fn offload(&self) -> bool {
        self.offload.is_some_and(|offload| offload.offload)
    }

    /// Returns what each end is driven by; none where that is not the user's to choose.
    pub fn choices(&self) -> Option<Ends<RuntimeChoice>> {
        self.ends.as_ref().map(EndArgs::choices)
    }

    /// Returns whether system calls are to be shown.
    pub fn syscalls(&self) -> bool {
        self.ends.as_ref().is_some_and(|ends| ends.syscalls)
    }

    /// Reads the programs that a run begins with.
    ///
    /// # Errors
    ///
    /// One is not to be understood: one sentence.
    pub fn programs(&self) -> Result<Ends<Vec<FirstProgram>>, String> {
        let programs = self.programs.as_ref();
        programs.map_or_else(|| Ok(Ends::default()), ProgramArgs::programs)
    }

    /// Returns the names that programs find addresses under.
    pub fn hosts(&self) -> &[(String, NamedAddress)] {
        self.hosts.as_ref().map_or(&[], |hosts| &hosts.hosts)
    }

    /// Returns the user whom programs run as, where one is given.
    pub fn run_as(&self) -> Option<&str> {
        self.hosts.as_ref()?.run_as.as_deref()
    }

    /// Returns whether files may start programs.
    pub fn allow_run(&self) -> bool {
        self.allow.as_ref().is_some_and(|allow| allow.allow_run)
    }

    /// Returns the exports that are wanted of the run, and the capture that is written meanwhile.
    ///
    /// # Errors
    ///
    /// The name of a file does not say its format: one sentence.
    pub fn exports(&self) -> Result<ExportChoices, String> {
        let exports = self.exports.iter().flat_map(|exports| &exports.exports);
        let outputs = self.outputs.iter().flat_map(|outputs| &outputs.outputs);
        let mut files = by_ending(exports.chain(outputs))?;
        files.extend(self.formats.iter().flat_map(FormatArgs::files));
        let pcap = self.capture.as_ref().and_then(|capture| capture.pcap.as_deref());
        Ok(ExportChoices {
            files,
            pcap: pcap.map(Target::of),
            overwrite: Overwrite::of_switch(self.force()),
            look: self.look.as_ref().map(LookArgs::asked).unwrap_or_default(),
        })
    }

    /// Returns the file of the screen's film, where one is wanted.
    pub fn film(&self) -> Option<&Path> {
        self.film.as_ref()?.asciicast.as_deref()
    }

    /// Returns whether files that are there may be replaced.
    pub fn force(&self) -> bool {
        self.replace.is_some_and(|replace| replace.force)
    }

    /// Returns the number of bytes of each packet that is to be kept, where one is given.
    pub fn snaplen(&self) -> Option<usize> {
        self.capture.as_ref()?.snaplen
    }

    /// Returns the part of each packet's bytes that is kept where there is a use for it.
    pub fn kept(&self) -> KeptBytes {
        match self.snaplen() {
            None => KeptBytes::USUAL,
            Some(0) => KeptBytes::All,
            Some(most) => KeptBytes::First(most),
        }
    }

    /// Returns the name of the screen's theme, where one is given.
    pub fn theme(&self) -> Option<&str> {
        self.screen.as_ref()?.theme.as_deref()
    }

    /// Returns the file of the screen's configuration, where one is given.
    pub fn config(&self) -> Option<&Path> {
        self.screen.as_ref()?.config.as_deref()
    }

    /// Returns whether the mouse is left to the terminal.
    pub fn no_mouse(&self) -> bool {
        self.screen.as_ref().is_some_and(|screen| screen.no_mouse)
    }

    /// Returns when text is coloured: never that of a verb without the option.
    pub fn paint(&self) -> PaintWhen {
        self.colour.map_or(PaintWhen::Never, |colour| colour.when)
    }

    /// Returns whether long text goes through a pager on a terminal.
    pub fn pages(&self) -> bool {
        self.pager.is_some_and(|pager| !pager.no_pager)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tree;

    #[test]
    fn the_table_has_verbs_that_there_are_each_once() {
        let tree = tree();
        for (place, (verb, groups)) in OF.iter().enumerate() {
            assert!(*verb == SCREEN || tree.find_subcommand(verb).is_some(), "{verb}");
            assert!(!OF[..place].iter().any(|(other, _)| other == verb), "{verb}");
            for (nth, group) in groups.iter().enumerate() {
                assert!(!groups[..nth].contains(group), "{verb}: {group:?}");
            }
        }
    }

    #[test]
    fn what_is_said_of_a_group_is_not_said_of_the_verb() {
        let about = |verb: &str| tree().find_subcommand(verb).and_then(|verb| verb.get_about().cloned());
        assert_eq!(
            about("do").map(|about| about.to_string()).as_deref(),
            Some("Make calls without a screen, and print what comes of them")
        );
    }
}
