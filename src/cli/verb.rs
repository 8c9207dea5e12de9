//! The verbs, each with what is its own on the command line. The groups of options that it shares with others are in [`super::belonging`].

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::groups::TranscriptArgs;
use super::values::{self, patience, port};
use super::{examples, help};
use crate::clock::Millis;
use crate::code::Language;
use crate::completion::Shell;
use crate::host::Port;
use crate::matrix::OwnColumn;
use crate::runtime::Runtime;
use crate::side::Side;

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
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Open the screen with the guide through a scenario
    #[command(after_help = examples::TOUR)]
    Tour {
        /// A name from finwait list, or a file (its path has a / or ends in .toml), such as a recording; by default, the screen lists the lessons
        #[arg(value_name = "NAME|PATH")]
        scenario: Option<String>,
    },
    /// Make calls without a screen, and print what comes of them
    #[command(after_help = examples::DO, after_long_help = help::end_of_do())]
    Do {
        /// Commands, like "client write hello"; - reads them, one a line
        #[arg(required = true, value_name = "COMMAND")]
        commands: Vec<String>,
        /// How the transcript is printed
        #[command(flatten)]
        transcript: TranscriptArgs,
        /// Leave out segments of plain data
        ///
        /// Their acknowledgements, too; how many there were is said.
        #[arg(long)]
        no_data: bool,
        /// Time that a call has before the next
        ///
        /// 500ms, 2s, or milliseconds. The call is reported as blocked then.
        #[arg(long, value_name = "TIME", default_value = "300ms", value_parser = patience)]
        patience: Millis,
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
    },
    /// Print a scenario's file
    #[command(after_help = examples::SHOW)]
    Show {
        /// A name from finwait list, or a file (its path has a / or ends in .toml)
        #[arg(value_name = "NAME|PATH")]
        name: String,
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
    },
    /// Run scenarios in other languages, and print what each reports
    #[command(after_help = examples::MATRIX)]
    Matrix {
        /// Names from finwait list, or files; by default, all scenarios in the documentation's table
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
        /// How the transcript is printed
        #[command(flatten)]
        transcript: TranscriptArgs,
    },
    /// Export a recorded run, in one format or several
    ///
    /// Recordings come from --record; do and run export what they have just done with --export. A file that is there is replaced only with
    /// --force.
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
    },
    /// Check what this machine lets finwait do
    #[command(after_help = examples::DOCTOR)]
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say whether the screen's configuration is right
    ///
    /// It has the theme, the keys, the mouse and the lab. The command line comes before the environment (NO_COLOR), the environment before the file, the file before the defaults.
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
