//! The command line.

#[cfg(test)]
mod commit;
mod examples;
mod groups;
mod read;
mod tree;
mod values;
mod version;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueHint};

use crate::clock::Millis;
use crate::code::Language;
use crate::completion::Shell;
use crate::export::wanted::ExportChoices;
use crate::export::write::{Overwrite, Target};
use crate::host::Port;
use crate::lab::NamedAddress;
use crate::lab::event::KeptBytes;
use crate::matrix::OwnColumn;
use crate::paint::PaintWhen;
use crate::runtime::{Runtime, RuntimeChoice};
use crate::session::lineup::FirstProgram;
use crate::side::{Ends, Side};
pub use groups::{
    AllowArgs, CaptureArgs, ColourArgs, EndArgs, ExportArgs, FilmArgs, HostArgs, LabArgs, LabChoice, PagerArgs,
    ProgramArgs, ReplaceArgs, ScreenArgs,
};
pub use read::NotRead;
pub use tree::{is_option_of, tree};
use values::{patience, port};

/// Drive both ends of a live TCP connection, and see what the kernel really does
///
/// Without a command, the screen opens: sockets of a client and a server, every call a button, every segment in your hands.
#[derive(Debug, Parser)]
#[command(name = "finwait", version = version::SHORT, max_term_width = 80, subcommand_value_name = "COMMAND", after_help = examples::SCREEN)]
pub struct Cli {
    /// The lab of the screen
    #[command(flatten)]
    lab: LabArgs,
    /// What drives its ends
    #[command(flatten)]
    ends: EndArgs,
    /// The programs that it begins with
    #[command(flatten)]
    programs: ProgramArgs,
    /// What its hosts are to them
    #[command(flatten)]
    hosts: HostArgs,
    /// Whether lessons may start programs
    #[command(flatten)]
    allow: AllowArgs,
    /// What is captured of it
    #[command(flatten)]
    capture: CaptureArgs,
    /// Whether it is filmed
    #[command(flatten)]
    film: FilmArgs,
    /// Whether files may be replaced
    #[command(flatten)]
    replace: ReplaceArgs,
    /// The look of the screen
    #[command(flatten)]
    screen: ScreenArgs,
    /// What to do; without a command, open the screen
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// The groups of options that the command line's verb has; none of those that mean nothing to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Groups<'a> {
    lab: Option<&'a LabArgs>,
    ends: Option<&'a EndArgs>,
    programs: Option<&'a ProgramArgs>,
    hosts: Option<&'a HostArgs>,
    allow: Option<&'a AllowArgs>,
    capture: Option<&'a CaptureArgs>,
    film: Option<&'a FilmArgs>,
    replace: Option<&'a ReplaceArgs>,
    exports: Option<&'a ExportArgs>,
    screen: Option<&'a ScreenArgs>,
    colour: Option<&'a ColourArgs>,
    pager: Option<&'a PagerArgs>,
    /// `--offload` of a verb whose ends are not driven.
    offload: bool,
}

impl<'a> Groups<'a> {
    /// Returns whether the verb has a lab of the user's choice.
    pub const fn has_a_lab(&self) -> bool {
        self.lab.is_some()
    }

    /// Returns the lab that is wanted; none where nothing is said of it.
    pub fn lab(&self) -> Option<LabChoice> {
        self.lab?.lab
    }

    /// Returns whether IPv6 is wanted; none where nothing is said of it.
    pub fn ipv6(&self) -> Option<bool> {
        self.lab?.ipv6
    }

    /// Returns the server's port, where one is given.
    pub fn port(&self) -> Option<Port> {
        self.lab?.port.map(Port)
    }

    /// Returns the file to record in.
    pub fn record(&self) -> Option<&'a Path> {
        self.lab?.record.as_deref()
    }

    /// Returns whether the kernel is to be traced.
    pub fn trace_kernel(&self) -> bool {
        self.lab.is_some_and(|lab| lab.trace_kernel)
    }

    /// Returns whether the hosts leave segmentation to the wire.
    pub fn offload(&self) -> bool {
        self.offload || self.ends.is_some_and(|ends| ends.offload)
    }

    /// Returns what each end is driven by; none where that is not the user's to choose.
    pub fn choices(&self) -> Option<Ends<RuntimeChoice>> {
        self.ends.map(EndArgs::choices)
    }

    /// Returns whether system calls are to be shown.
    pub fn syscalls(&self) -> bool {
        self.ends.is_some_and(|ends| ends.syscalls)
    }

    /// Reads the programs that a run begins with.
    ///
    /// # Errors
    ///
    /// One is not to be understood: one sentence.
    pub fn programs(&self) -> Result<Ends<Vec<FirstProgram>>, String> {
        self.programs.map_or_else(|| Ok(Ends::default()), ProgramArgs::programs)
    }

    /// Returns the names that programs find addresses under.
    pub fn hosts(&self) -> &'a [(String, NamedAddress)] {
        self.hosts.map_or(&[], |hosts| &hosts.hosts)
    }

    /// Returns the user whom programs run as, where one is given.
    pub fn run_as(&self) -> Option<&'a str> {
        self.hosts?.run_as.as_deref()
    }

    /// Returns whether files may start programs.
    pub fn allow_run(&self) -> bool {
        self.allow.is_some_and(|allow| allow.allow_run)
    }

    /// Returns the exports that are wanted of the run, and the capture that is written meanwhile.
    pub fn exports(&self) -> ExportChoices {
        ExportChoices {
            files: self.exports.map(ExportArgs::files).unwrap_or_default(),
            pcap: self.capture.and_then(|capture| capture.pcap.as_deref()).map(Target::of),
            overwrite: Overwrite::of_switch(self.force()),
        }
    }

    /// Returns the file of the screen's film, where one is wanted.
    pub fn film(&self) -> Option<&'a Path> {
        self.film?.asciicast.as_deref()
    }

    /// Returns whether files that are there may be replaced.
    pub fn force(&self) -> bool {
        self.replace.is_some_and(|replace| replace.force)
    }

    /// Returns the number of bytes of each packet that is to be kept, where one is given.
    pub fn snaplen(&self) -> Option<usize> {
        self.capture?.snaplen
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
    pub fn theme(&self) -> Option<&'a str> {
        self.screen?.theme.as_deref()
    }

    /// Returns the file of the screen's configuration, where one is given.
    pub fn config(&self) -> Option<&'a Path> {
        self.screen?.config.as_deref()
    }

    /// Returns whether the mouse is left to the terminal.
    pub fn no_mouse(&self) -> bool {
        self.screen.is_some_and(|screen| screen.no_mouse)
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

impl Cli {
    /// Returns the groups of options that the verb has.
    pub fn groups(&self) -> Groups<'_> {
        match &self.verb {
            None => Groups {
                lab: Some(&self.lab),
                ends: Some(&self.ends),
                programs: Some(&self.programs),
                hosts: Some(&self.hosts),
                allow: Some(&self.allow),
                capture: Some(&self.capture),
                film: Some(&self.film),
                replace: Some(&self.replace),
                screen: Some(&self.screen),
                ..Groups::default()
            },
            Some(verb) => verb.groups(),
        }
    }

    /// Returns whether the verb may open the screen, which has a configuration.
    pub fn has_a_screen(&self) -> bool {
        match &self.verb {
            None | Some(Verb::Tour { .. }) => true,
            Some(Verb::Open { plain, json, .. }) => !plain && !json && std::io::stdout().is_terminal(),
            Some(_) => false,
        }
    }
}

impl Verb {
    fn groups(&self) -> Groups<'_> {
        let none = Groups::default();
        match self {
            Verb::Tour {
                lab,
                ends,
                programs,
                hosts,
                allow,
                capture,
                film,
                replace,
                screen,
                ..
            } => Groups {
                lab: Some(lab),
                ends: Some(ends),
                programs: Some(programs),
                hosts: Some(hosts),
                allow: Some(allow),
                capture: Some(capture),
                film: Some(film),
                replace: Some(replace),
                screen: Some(screen),
                ..none
            },
            Verb::Do {
                lab,
                ends,
                programs,
                hosts,
                capture,
                replace,
                exports,
                colour,
                ..
            } => Groups {
                lab: Some(lab),
                ends: Some(ends),
                programs: Some(programs),
                hosts: Some(hosts),
                capture: Some(capture),
                replace: Some(replace),
                exports: Some(exports),
                colour: Some(colour),
                ..none
            },
            Verb::Run {
                lab,
                ends,
                programs,
                hosts,
                allow,
                capture,
                replace,
                exports,
                colour,
                ..
            } => Groups {
                lab: Some(lab),
                ends: Some(ends),
                programs: Some(programs),
                hosts: Some(hosts),
                allow: Some(allow),
                capture: Some(capture),
                replace: Some(replace),
                exports: Some(exports),
                colour: Some(colour),
                ..none
            },
            Verb::Proxy { how, .. } | Verb::HttpClient { how } => Groups {
                lab: Some(&how.lab),
                hosts: Some(&how.hosts),
                allow: Some(&how.allow),
                ..none
            },
            Verb::Claims { lab, colour, pager, .. } | Verb::Matrix { lab, colour, pager, .. } => Groups {
                lab: Some(lab),
                colour: Some(colour),
                pager: Some(pager),
                ..none
            },
            Verb::Explain { colour, pager, .. } => Groups {
                colour: Some(colour),
                pager: Some(pager),
                ..none
            },
            Verb::Open { screen, colour, .. } => Groups {
                screen: Some(screen),
                colour: Some(colour),
                ..none
            },
            Verb::Export { exports, replace, .. } => Groups {
                replace: Some(replace),
                exports: Some(exports),
                ..none
            },
            Verb::Book { lab, allow, .. } => Groups {
                lab: Some(lab),
                allow: Some(allow),
                ..none
            },
            Verb::Code { lab, .. } => Groups { lab: Some(lab), ..none },
            Verb::List { pager, .. } | Verb::Show { pager, .. } => Groups {
                pager: Some(pager),
                ..none
            },
            Verb::Doctor { offload, .. } => Groups {
                offload: *offload,
                ..none
            },
            Verb::Check { .. }
            | Verb::Shell { .. }
            | Verb::Config { .. }
            | Verb::Man { .. }
            | Verb::Completions { .. }
            | Verb::Complete { .. }
            | Verb::Endpoint { .. } => none,
        }
    }
}

/// The options that both batteries have.
#[derive(Clone, Debug, Args)]
pub struct BatteryArgs {
    /// The program and its arguments, after --
    #[arg(value_name = "COMMAND", last = true, required_unless_present_any = ["page", "list"], conflicts_with_all = ["page", "list"])]
    pub command: Vec<String>,
    /// Only these cases, separated by commas
    #[arg(long = "case", value_name = "CASES", value_delimiter = ',')]
    pub cases: Vec<String>,
    /// List the cases
    #[arg(long, conflicts_with_all = ["cases", "scenario", "page"])]
    pub list: bool,
    /// Print a case as a scenario file, in place of running it
    ///
    /// finwait run --allow-run runs it.
    #[arg(long, value_name = "CASE", conflicts_with_all = ["cases", "json", "markdown", "junit", "expect"])]
    pub scenario: Option<String>,
    /// End with status 1 unless the verdict is this one
    ///
    /// --expect half-close-client=passed-on,idle=fin
    #[arg(long, value_name = "CASE=VERDICT", value_delimiter = ',')]
    pub expect: Vec<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print a table in Markdown
    #[arg(long)]
    pub markdown: bool,
    /// Write a JUnit report to FILE as well
    ///
    /// A verdict that --expect did not name fails.
    #[arg(long, value_name = "FILE", conflicts_with = "page")]
    pub junit: Option<PathBuf>,
    /// Measure the programs of a file, and print a page in Markdown
    ///
    /// Those that are installed are measured; --allow-run allows the file's commands.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenario", "markdown", "expect"])]
    pub page: Option<PathBuf>,
    /// Of the page, only this program
    #[arg(long = "row", value_name = "NAME", requires = "page")]
    pub rows: Vec<String>,
    /// The lab
    #[command(flatten)]
    pub lab: LabArgs,
    /// Whether files may start programs
    #[command(flatten)]
    pub allow: AllowArgs,
    /// What the hosts are to programs
    #[command(flatten)]
    pub hosts: HostArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Open the screen with the guide through a scenario
    #[command(after_help = examples::TOUR)]
    Tour {
        /// A name from finwait list, or a file (its path has a / or ends in .toml), such as a recording
        #[arg(value_name = "NAME|PATH")]
        scenario: String,
        /// The lab
        #[command(flatten)]
        lab: LabArgs,
        /// What drives the ends
        #[command(flatten)]
        ends: EndArgs,
        /// The programs that the run begins with
        #[command(flatten)]
        programs: ProgramArgs,
        /// What the hosts are to programs
        #[command(flatten)]
        hosts: HostArgs,
        /// Whether files may start programs
        #[command(flatten)]
        allow: AllowArgs,
        /// The look of the screen
        #[command(flatten)]
        screen: ScreenArgs,
        /// What is captured of the run
        #[command(flatten)]
        capture: CaptureArgs,
        /// Whether the screen is filmed
        #[command(flatten)]
        film: FilmArgs,
        /// Whether files may be replaced
        #[command(flatten)]
        replace: ReplaceArgs,
    },
    /// Make calls without a screen, and print what comes of them
    #[command(after_help = examples::DO, after_long_help = tree::end_of_do())]
    Do {
        /// Commands, one argument each: "client write hello"; - reads them from standard input, one a line
        #[arg(required = true, value_name = "COMMAND")]
        commands: Vec<String>,
        /// Print JSON lines
        #[arg(long)]
        json: bool,
        /// Print all sockets after each command
        ///
        /// By default, of an end that has more than eight only those that have changed are printed.
        #[arg(long)]
        all_sockets: bool,
        /// Print all of the kernel's counters that have moved
        ///
        /// By default, those that every segment moves are left out.
        #[arg(long)]
        all_counters: bool,
        /// Leave out segments of plain data
        ///
        /// Their acknowledgements, too; how many there were is said.
        #[arg(long)]
        no_data: bool,
        /// Time that a call has before the next command runs
        ///
        /// 500ms, 2s, or milliseconds. The call is reported as blocked then.
        #[arg(long, value_name = "TIME", default_value = "300ms", value_parser = patience)]
        patience: Millis,
        /// The colours of the text
        #[command(flatten)]
        colour: ColourArgs,
        /// The lab
        #[command(flatten)]
        lab: LabArgs,
        /// What drives the ends
        #[command(flatten)]
        ends: EndArgs,
        /// The programs that the run begins with
        #[command(flatten)]
        programs: ProgramArgs,
        /// What the hosts are to programs
        #[command(flatten)]
        hosts: HostArgs,
        /// What is captured of the run
        #[command(flatten)]
        capture: CaptureArgs,
        /// Whether files may be replaced
        #[command(flatten)]
        replace: ReplaceArgs,
        /// What the run is exported in
        #[command(flatten)]
        exports: ExportArgs,
    },
    /// Open a shell on a host of a lab that runs in another terminal
    ///
    /// With a command, that is run there in place of the shell.
    #[command(after_help = examples::SHELL)]
    Shell {
        /// The host: client or server
        #[arg(value_name = "HOST")]
        host: Side,
        /// The process of the lab, where several run
        #[arg(long, value_name = "PID")]
        pid: Option<u32>,
        /// The command and its arguments [default: $SHELL]
        #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// List the scenarios
    #[command(after_help = examples::LIST)]
    List {
        /// A folder: list the scenario files in it and in the folders below it, rather than those that finwait brings along
        #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath, conflicts_with = "lessons")]
        folder: Option<PathBuf>,
        /// List them as lessons: "Start here", then by question
        ///
        /// Each has its level and the minutes that it takes.
        #[arg(long, conflicts_with = "json")]
        lessons: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The pager of long text
        #[command(flatten)]
        pager: PagerArgs,
    },
    /// Print a scenario's file
    #[command(after_help = examples::SHOW)]
    Show {
        /// A name from finwait list, or a file (its path has a / or ends in .toml)
        #[arg(value_name = "NAME|PATH")]
        name: String,
        /// The pager of long text
        #[command(flatten)]
        pager: PagerArgs,
    },
    /// Run scenarios, and compare what they expect with the kernel
    #[command(after_help = examples::RUN)]
    Run {
        /// Names from finwait list; files (their paths have a / or end in .toml); folders, for the files in them and below
        #[arg(value_name = "NAME|PATH", required_unless_present = "all", conflicts_with = "all")]
        scenarios: Vec<String>,
        /// Run every scenario that finwait list shows
        #[arg(long)]
        all: bool,
        /// Print JSON lines
        #[arg(long)]
        json: bool,
        /// Go on after a failed expectation
        ///
        /// With the next step, and the next scenario.
        #[arg(long)]
        keep_going: bool,
        /// With --json, put the transcript of each step into its object
        #[arg(long, requires = "json", hide_short_help = true)]
        transcript: bool,
        /// Write the results to a file as JUnit XML
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
        /// Print TAP (version 14) in place of the text
        #[arg(long, conflicts_with = "json")]
        tap: bool,
        /// Annotate differences for GitHub Actions, on standard error
        #[arg(long, hide_short_help = true)]
        github: bool,
        /// The colours of the text
        #[command(flatten)]
        colour: ColourArgs,
        /// The lab
        #[command(flatten)]
        lab: LabArgs,
        /// What drives the ends
        #[command(flatten)]
        ends: EndArgs,
        /// The programs that the run begins with
        #[command(flatten)]
        programs: ProgramArgs,
        /// Whether files may start programs
        #[command(flatten)]
        allow: AllowArgs,
        /// What the hosts are to programs
        #[command(flatten)]
        hosts: HostArgs,
        /// What is captured of the run
        #[command(flatten)]
        capture: CaptureArgs,
        /// Whether files may be replaced
        #[command(flatten)]
        replace: ReplaceArgs,
        /// What the run is exported in
        #[command(flatten)]
        exports: ExportArgs,
    },
    /// Check scenario files without running them
    #[command(after_help = examples::CHECK)]
    Check {
        /// Files
        #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
        files: Vec<String>,
    },
    /// Try the article's claims, and say which of them hold
    ///
    /// Each holds, holds in part, for Go only, or not at all.
    ///
    /// Exit status: 0 if this kernel behaves as the catalog expects, whether or not the claims hold; 1 if it does not, or finwait
    /// failed; 3 if none of the claims can run here.
    #[command(after_help = examples::CLAIMS)]
    Claims {
        /// One line per claim
        ///
        /// Its name, the verdict, the article's words, and today's where it does not hold.
        #[arg(long)]
        brief: bool,
        /// Print JSON; with --brief, the verdicts and their total
        #[arg(long)]
        json: bool,
        /// The colours of the text
        #[command(flatten)]
        colour: ColourArgs,
        /// The pager of long text
        #[command(flatten)]
        pager: PagerArgs,
        /// The lab
        #[command(flatten)]
        lab: LabArgs,
    },
    /// Run scenarios in other languages, and print what each reports
    #[command(after_help = examples::MATRIX)]
    Matrix {
        /// Names from finwait list, or files; by default, all that the documentation's table is of
        #[arg(value_name = "NAME|PATH")]
        scenarios: Vec<String>,
        /// Only these, separated by commas; by default, all that are installed
        #[arg(
            long,
            visible_alias = "languages",
            value_name = "RUNTIMES",
            value_enum,
            value_delimiter = ',',
            hide_possible_values = true
        )]
        runtimes: Vec<Runtime>,
        /// A column for an endpoint of your own: --column "mine=./endpoint"
        ///
        /// The command speaks the endpoint protocol, which docs/own-endpoint.md shows in fifty lines of Python.
        #[arg(long = "column", value_name = "NAME=COMMAND")]
        columns: Vec<OwnColumn>,
        /// Print JSON
        #[arg(long, conflicts_with = "markdown")]
        json: bool,
        /// Print a table in Markdown
        #[arg(long)]
        markdown: bool,
        /// The colours of the text
        #[command(flatten)]
        colour: ColourArgs,
        /// The pager of long text
        #[command(flatten)]
        pager: PagerArgs,
        /// The lab
        #[command(flatten)]
        lab: LabArgs,
    },
    /// Find out what a proxy does with half-closes, resets, slow readers
    ///
    /// The proxy runs on the server's host as it is. finwait's client connects to it through the wire, and its backend is finwait's
    /// server on the same host. So the proxy's configuration has it listen at port 8080 (--port) of any address, with the backend at
    /// port 9000 (--backend) of 127.0.0.1 or of the name server. It stays in the foreground, or not; it is ended after each case, with all
    /// its processes. What it has time-outs for is waited for 8 s at the most.
    ///
    /// Exit status: 0 if all cases were measured and --expect, where given, is right about them; 1 if not; 3 if it cannot be done here.
    #[command(after_help = examples::PROXY)]
    Proxy {
        /// The port at which the proxy looks for its backend
        #[arg(long, value_name = "PORT", default_value = "9000", value_parser = port)]
        backend: Port,
        /// What both batteries take
        #[command(flatten)]
        how: BatteryArgs,
    },
    /// Find out what an HTTP client does when its connection ends
    ///
    /// The client runs on the client's host as it is, once for each case. It asks for http://server:8080/1, and when that is answered for
    /// http://server:8080/2, on the same connection if it keeps connections; {url} in the command stands for http://server:8080/. It ends
    /// at the first request that fails, with a status that is not 0. For no-continue it sends a body with Expect: 100-continue. The server
    /// is finwait's, and writes each answer byte by byte as a step of a scenario.
    ///
    /// Exit status: 0 if all cases were measured and --expect, where given, is right about them; 1 if not; 3 if it cannot be done here.
    #[command(after_help = examples::HTTP_CLIENT)]
    HttpClient {
        /// What both batteries take
        #[command(flatten)]
        how: BatteryArgs,
    },
    /// Show a recorded run or a capture, on the screen or as text
    ///
    /// The screen is that of the explorer, with Next and Back through time. It takes no commands, starts nothing, and needs neither
    /// privileges nor the kernel that was recorded. --record writes such a file.
    #[command(after_help = examples::OPEN)]
    Open {
        /// The recording, - for standard input; or a capture (pcap, pcapng, tcpdump's text)
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: String,
        /// Of a capture, the connection with that number
        ///
        /// finwait explain FILE has the numbers; by default, it is the first one there.
        #[arg(long, value_name = "NUMBER")]
        connection: Option<u64>,
        /// Print the transcript, which is also done where there is no terminal
        #[arg(long, conflicts_with = "json")]
        plain: bool,
        /// Print JSON lines, as finwait do --json does
        #[arg(long)]
        json: bool,
        /// Print all sockets after each command
        #[arg(long)]
        all_sockets: bool,
        /// Print all counters that have moved
        #[arg(long)]
        all_counters: bool,
        /// The look of the screen
        #[command(flatten)]
        screen: ScreenArgs,
        /// The colours of the text
        #[command(flatten)]
        colour: ColourArgs,
    },
    /// Export a recorded run, in one format or several
    ///
    /// --record writes recordings; do and run take the same options for what they have just done. A file that is there is replaced only
    /// with --force.
    #[command(after_help = examples::EXPORT)]
    Export {
        /// The recording; - is standard input; or a capture (pcap, pcapng, tcpdump's text)
        #[arg(value_name = "FILE")]
        file: String,
        /// Of a recording with several runs, that one, from 1 on
        #[arg(long, value_name = "NUMBER")]
        run: Option<usize>,
        /// Of a capture, the connection with that number in finwait explain FILE
        ///
        /// By default, the first one there.
        #[arg(long, value_name = "NUMBER")]
        connection: Option<u64>,
        /// The formats
        #[command(flatten)]
        exports: ExportArgs,
        /// Whether files may be replaced
        #[command(flatten)]
        replace: ReplaceArgs,
    },
    /// Run scenarios, and write a book of pages for a browser
    ///
    /// Each scenario is run here, in a lab of its own, and is a page that replays it. The index has all of them by chapter, with a search;
    /// two more pages have each error and each state, with the scenarios that were measured to show it.
    ///
    /// Exit status: 0 if the book was written, also where some scenarios could not run here, which their pages say; 1 if something was
    /// not as expected, which the book says, or finwait failed; 2 if a name is wrong or the folder cannot be written; 3 if nothing of it
    /// can run here.
    #[command(after_help = examples::BOOK)]
    Book {
        /// The folder, which is made; with --force it replaces one that is there
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: PathBuf,
        /// Groups or names from finwait list; files and folders, whose paths have a /; by default, the whole catalog
        #[arg(value_name = "GROUP|SCENARIO")]
        scenarios: Vec<String>,
        /// Replace the folder, and all files in it
        #[arg(long)]
        force: bool,
        /// The lab
        #[command(flatten)]
        lab: LabArgs,
        /// Whether files may start programs
        #[command(flatten)]
        allow: AllowArgs,
    },
    /// Explain an error message, a state, a log or a capture
    #[command(after_help = examples::EXPLAIN)]
    Explain {
        /// An error message, an errno, a state, a counter, a rule's id, or a file: a log, a capture; - is standard input
        ///
        /// A capture is a pcap or pcapng file, or what tcpdump prints. By default, standard input is read.
        #[arg(value_name = "TEXT|FILE", allow_negative_numbers = true)]
        text: Vec<String>,
        /// Of a capture, that connection alone, as a diagram
        #[arg(long, value_name = "NUMBER")]
        connection: Option<u64>,
        /// All causes in full; of a capture, all connections, or all packets of the one
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The colours of the text
        #[command(flatten)]
        colour: ColourArgs,
        /// The pager of long text
        #[command(flatten)]
        pager: PagerArgs,
    },
    /// Run a scenario, and print a program that makes the same calls
    #[command(after_help = examples::CODE)]
    Code {
        /// A name from finwait list, or a file (its path has a / or ends in .toml), such as a recording
        #[arg(value_name = "NAME|PATH")]
        scenario: String,
        /// The program's language
        #[arg(long, value_enum, hide_possible_values = true, help = language_help())]
        language: Language,
        /// The end that a packetdrill script is about [default: client]
        #[arg(long, value_enum, value_name = "END", hide_possible_values = true)]
        end: Option<Side>,
        /// The lab
        #[command(flatten)]
        lab: LabArgs,
    },
    /// Check what this machine lets finwait do
    #[command(after_help = examples::DOCTOR)]
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Have super-segments on the wire of the isolated lab that is tried
        #[arg(long)]
        offload: bool,
    },
    /// Say whether the screen's configuration is right
    ///
    /// It has the theme, the keys, the mouse and the lab.     /// The command line comes before the environment (NO_COLOR), the environment before the file, the file before the defaults.
    #[command(after_help = examples::CONFIG)]
    Config {
        /// Print a configuration with every setting and every key, as they are by default
        #[arg(long, conflicts_with = "path")]
        print: bool,
        /// Print where the file is
        #[arg(long)]
        path: bool,
        /// The file [default: $XDG_CONFIG_HOME/finwait/config.toml, or ~/.config/finwait/config.toml]
        #[arg(long = "config", value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Write the man pages into a folder
    #[command(after_help = examples::MAN)]
    Man {
        /// The folder, which is made where there is none; finwait.1, finwait-do.1 ... are written into it
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: PathBuf,
    },
    /// Print the completions of a shell: bash, zsh or fish
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print what may stand in the place of the last word
    #[command(hide = true, disable_help_flag = true)]
    Complete {
        /// The words of the command line up to the cursor, without finwait
        #[arg(value_name = "WORD", trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Be an endpoint: make socket calls as told on standard input
    #[command(hide = true)]
    Endpoint {
        /// Which end this is, for people who list processes
        #[arg(long)]
        side: Option<String>,
    },
}

/// Returns the help of `--language`.
fn language_help() -> String {
    format!("The program's language: {}", values::names::<Language>())
}
