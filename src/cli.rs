//! The command line.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::clock::Millis;
use crate::code::Language;
use crate::command::parse::parse;
use crate::command::table::{CommandGroup, LONGEST_MS, TABLE};
use crate::command::{Command, EndCommand};
use crate::export::ExportFormat;
use crate::export::wanted::ExportChoices;
use crate::export::write::{Overwrite, Target};
use crate::host::Port;
use crate::lab::event::KeptBytes;
use crate::lab::{LabMode, NamedAddress};
use crate::matrix::OwnColumn;
use crate::runtime::{Runtime, RuntimeChoice};
use crate::session::lineup::FirstProgram;
use crate::side::{Ends, Side};
use crate::typed;

/// Drive both ends of a live TCP connection, call by call, and see what the kernel really does.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    /// Where the two ends live: two network namespaces joined by a wire (isolated), or this machine's 127.0.0.1 (loopback)
    /// [default: auto]
    #[arg(long, value_enum, global = true)]
    pub lab: Option<LabChoice>,
    /// Use IPv6: fd00::1 and fd00::2, or ::1; --ipv6=false where the configuration says ipv6 = true
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", global = true)]
    pub ipv6: Option<bool>,
    /// Let the hosts leave checksums and segmentation to the wire (TSO), which makes bulk data ten times as fast: a super-segment of up
    /// to 64 KiB is one packet then, shown, stepped and dropped as a whole
    #[arg(long, global = true)]
    pub offload: bool,
    /// Drive the client with raw system calls, or with another language's sockets
    #[arg(long, value_enum, value_name = "RUNTIME", default_value_t, global = true)]
    pub client: Runtime,
    /// Drive the server with raw system calls, or with another language's sockets
    #[arg(long, value_enum, value_name = "RUNTIME", default_value_t, global = true)]
    pub server: Runtime,
    /// Drive the client with your own command, which speaks the endpoint protocol (assets/runtimes/PROTOCOL.md)
    #[arg(long, value_name = "COMMAND", conflicts_with = "client", global = true)]
    pub client_command: Option<String>,
    /// Drive the server with your own command
    #[arg(long, value_name = "COMMAND", conflicts_with = "server", global = true)]
    pub server_command: Option<String>,
    /// Start a program of your own on the server's host, unmodified, as the run command does: "nginx -c ./nginx.conf"; may be given several
    /// times
    #[arg(long, value_name = "COMMAND", global = true)]
    pub server_run: Vec<String>,
    /// Start a program of your own on the client's host, once the server's are ready: "curl -sS http://server:8080/"
    #[arg(long, value_name = "COMMAND", global = true)]
    pub client_run: Vec<String>,
    /// The port that the isolated lab's server usually listens on, and FINWAIT_PORT says to programs [default: 8080]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), global = true)]
    pub port: Option<u16>,
    /// A name that programs find an address under, beside client and server: db=server, api.example=10.0.0.9
    #[arg(long = "host", value_name = "NAME=ADDRESS", value_parser = host, global = true)]
    pub hosts: Vec<(String, NamedAddress)>,
    /// The user whom programs run as, by default the one who started finwait, under sudo the one behind it
    #[arg(long, value_name = "USER", global = true)]
    pub run_as: Option<String>,
    /// Let a scenario's file start the programs that it names; those of finwait's own catalog need no leave
    #[arg(long, global = true)]
    pub allow_run: bool,
    /// Use strace to show the system calls that another language's sockets really make
    #[arg(long, global = true)]
    pub syscalls: bool,
    /// Trace why the kernel sends an RST and why it drops a packet, and tell it in the transcript: for root, where tracefs is mounted
    #[arg(long, global = true)]
    pub trace_kernel: bool,
    /// Record the run in a new file, FILE.jsonl, for finwait open; of several scenarios, each in a file in a folder of that name
    #[arg(long, value_name = "FILE", global = true)]
    pub record: Option<PathBuf>,
    /// Write the packets in a capture as they come, FILE.pcapng, a named pipe, or - for do and run: finwait do ... --pcap - | wireshark -k -i -
    #[arg(long, value_name = "FILE", global = true)]
    pub pcap: Option<PathBuf>,
    /// The bytes of each packet that --record, --pcap and --pcapng keep, all of them for 0 [default: 256]
    #[arg(long, value_name = "BYTES", global = true)]
    pub snaplen: Option<usize>,
    /// Let exports and --pcap replace files that are there
    #[arg(long, global = true)]
    pub force: bool,
    /// The screen's colours: terminal-16, dark, light, projector, colour-blind, mono, or one of your own
    #[arg(long, value_name = "NAME", global = true)]
    pub theme: Option<String>,
    /// The screen's configuration [default: $XDG_CONFIG_HOME/finwait/config.toml, or ~/.config/finwait/config.toml]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Leave the mouse to the terminal, which selects text with it; on the screen, M takes it and lets it go
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// What to do; without a command, open the screen
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

impl Cli {
    /// Reads the command line. The help of a command that has no lab does not list the options of one.
    ///
    /// # Errors
    ///
    /// What clap makes of the arguments: a mistake, or the help or version that was asked for.
    pub fn read() -> Result<Cli, clap::Error> {
        let mut command = Cli::command();
        let options: Vec<clap::Arg> = command
            .get_arguments()
            .filter(|arg| arg.is_global_set())
            .cloned()
            .collect();
        let of_a_lab = |arg: &&clap::Arg| !matches!(arg.get_id().as_str(), "help" | "version");
        let hidden: Vec<clap::Arg> = options
            .iter()
            .filter(of_a_lab)
            .map(|arg| arg.clone().hide(true))
            .collect();
        for name in ["list", "show", "check", "explain", "open", "export", "doctor"] {
            // The mouse is for what has a screen, and what writes files may replace them.
            let shown = |arg: &&clap::Arg| match arg.get_id().as_str() {
                "no_mouse" => name != "open",
                "force" => name != "export",
                _ => true,
            };
            let hidden: Vec<clap::Arg> = hidden.iter().filter(shown).cloned().collect();
            command = command.mut_subcommand(name, |verb| verb.args(hidden));
        }
        command = command.mut_subcommand("do", |verb| verb.after_long_help(commands_in_do()));
        Cli::from_arg_matches(&command.try_get_matches()?)
    }

    /// Returns the command whose help is about what the command line asks for: `finwait do`; `finwait` where it names none.
    pub fn asked_for() -> String {
        let command = Cli::command();
        let names = command.get_subcommands().map(clap::Command::get_name);
        let names: Vec<&str> = names.collect();
        let verb = std::env::args().skip(1).find(|word| names.contains(&word.as_str()));
        verb.map_or_else(|| "finwait".into(), |verb| format!("finwait {verb}"))
    }

    /// Returns what each end is driven by.
    pub fn choices(&self) -> Ends<RuntimeChoice> {
        let choice = |command: &Option<String>, runtime| match command {
            Some(command) => RuntimeChoice::Command(command.clone()),
            None => RuntimeChoice::Runtime(runtime),
        };
        Ends {
            client: choice(&self.client_command, self.client),
            server: choice(&self.server_command, self.server),
        }
    }

    /// Reads the programs that a run begins with.
    ///
    /// # Errors
    ///
    /// One is not to be understood: one sentence.
    pub fn programs(&self) -> Result<Ends<Vec<FirstProgram>>, String> {
        let of = |side: Side, commands: &[String]| {
            let read = |text: &String| match parse(&format!("run {text}"), Some(side)) {
                Ok(Command::End(_, EndCommand::Run(spec))) => Ok(FirstProgram {
                    spec: *spec,
                    ready: None,
                }),
                Ok(_) => Err(format!("--{side}-run \"{text}\" is no program")),
                Err(error) => Err(format!("--{side}-run \"{text}\": {}", error.why)),
            };
            commands.iter().map(read).collect::<Result<Vec<_>, _>>()
        };
        Ok(Ends {
            client: of(Side::Client, &self.client_run)?,
            server: of(Side::Server, &self.server_run)?,
        })
    }

    /// Says who decides what drives the ends.
    pub const fn driving(&self) -> Driving {
        match &self.verb {
            None | Some(Verb::Tour { .. } | Verb::Do { .. } | Verb::Run { .. }) => Driving::Chosen,
            Some(
                Verb::Claims { .. }
                | Verb::Matrix { .. }
                | Verb::Code { .. }
                | Verb::Proxy { .. }
                | Verb::HttpClient { .. },
            ) => Driving::Fixed,
            Some(
                Verb::List { .. }
                | Verb::Show { .. }
                | Verb::Check { .. }
                | Verb::Explain { .. }
                | Verb::Open { .. }
                | Verb::Export { .. }
                | Verb::Doctor { .. }
                | Verb::Shell { .. }
                | Verb::Config { .. }
                | Verb::Endpoint { .. },
            ) => Driving::None,
        }
    }

    /// Returns the exports that are wanted of the run, and the capture that is written meanwhile.
    pub fn exports(&self) -> ExportChoices {
        let files = match &self.verb {
            Some(Verb::Do { exports, .. } | Verb::Run { exports, .. } | Verb::Export { exports, .. }) => {
                exports.files()
            }
            _ => Vec::new(),
        };
        ExportChoices {
            files,
            pcap: self.pcap.as_deref().map(Target::of),
            overwrite: Overwrite::of_switch(self.force),
        }
    }

    /// Returns the part of each packet's bytes that is kept where there is a use for it.
    pub const fn kept(&self) -> KeptBytes {
        match self.snaplen {
            None => KeptBytes::USUAL,
            Some(0) => KeptBytes::All,
            Some(most) => KeptBytes::First(most),
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

/// The options of what a run is exported in.
#[derive(Clone, Debug, Default, Args)]
pub struct ExportArgs {
    /// Write the packets as a capture, for Wireshark
    #[arg(long, value_name = "FILE", help_heading = "Exports (- is standard output)")]
    pub pcapng: Option<PathBuf>,
    /// Write the time-sequence diagram as a picture
    #[arg(long, value_name = "FILE", help_heading = "Exports (- is standard output)")]
    pub svg: Option<PathBuf>,
    /// Write the time-sequence diagram as text
    #[arg(long, value_name = "FILE", help_heading = "Exports (- is standard output)")]
    pub text: Option<PathBuf>,
    /// Write the time-sequence diagram in Mermaid's language
    #[arg(long, value_name = "FILE", help_heading = "Exports (- is standard output)")]
    pub mermaid: Option<PathBuf>,
    /// Write a report in Markdown
    #[arg(long, value_name = "FILE", help_heading = "Exports (- is standard output)")]
    pub markdown: Option<PathBuf>,
}

impl ExportArgs {
    /// Returns each format that is wanted with its place.
    fn files(&self) -> Vec<(ExportFormat, Target)> {
        let path = |format| match format {
            ExportFormat::Pcapng => &self.pcapng,
            ExportFormat::Svg => &self.svg,
            ExportFormat::Text => &self.text,
            ExportFormat::Mermaid => &self.mermaid,
            ExportFormat::Markdown => &self.markdown,
        };
        let all = ExportFormat::ALL.into_iter();
        all.filter_map(|format| Some((format, Target::of(path(format).as_deref()?))))
            .collect()
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
    /// Print a case as a scenario file, in place of running it: finwait run --allow-run runs it
    #[arg(long, value_name = "CASE", conflicts_with_all = ["cases", "json", "markdown", "junit", "expect"])]
    pub scenario: Option<String>,
    /// End with status 1 unless the verdict is this one: --expect half-close-client=passed-on,idle=fin
    #[arg(long, value_name = "CASE=VERDICT", value_delimiter = ',')]
    pub expect: Vec<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print a table in Markdown
    #[arg(long)]
    pub markdown: bool,
    /// Write a JUnit report to FILE as well: a verdict that --expect did not name fails
    #[arg(long, value_name = "FILE", conflicts_with = "page")]
    pub junit: Option<PathBuf>,
    /// Measure all programs of a file that are installed, and print a page in Markdown; --allow-run allows the file's commands
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenario", "markdown", "expect"])]
    pub page: Option<PathBuf>,
    /// Of the page, only this program; may be given several times
    #[arg(long = "row", value_name = "NAME", requires = "page")]
    pub rows: Vec<String>,
}

/// The commands that `finwait do` takes, group by group.
fn commands_in_do() -> String {
    let mut text = String::from("Commands, with client, server or wire before them (the README's table says more):");
    for group in CommandGroup::ALL {
        let of = TABLE.iter().filter(|spec| spec.group == group && !spec.is_screen());
        let names: Vec<&str> = of.map(|spec| spec.name).collect();
        if !names.is_empty() {
            text.push_str(&format!("\n  {}: {}", group.title(), names.join(", ")));
        }
    }
    text
}

/// Reads a port.
fn port(text: &str) -> Result<Port, String> {
    let port = text.parse().ok().filter(|port| *port > 0).map(Port);
    port.ok_or_else(|| "a port is a number from 1 to 65535".into())
}

/// Reads a name and the address that it stands for.
fn host(text: &str) -> Result<(String, NamedAddress), String> {
    let like = "it must be like db=server or api.example=10.0.0.9";
    let (name, address) = text.split_once('=').ok_or(like)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(fits) {
        return Err(format!("a name has letters, digits, dots and hyphens; {like}"));
    }
    let side = Side::BOTH.into_iter().find(|side| side.name() == address);
    let address = side
        .map(NamedAddress::Host)
        .or_else(|| address.parse().ok().map(NamedAddress::Ip));
    Ok((name.to_owned(), address.ok_or(like)?))
}

/// Reads how long to wait.
fn patience(text: &str) -> Result<Millis, String> {
    let time = typed::millis(text).filter(|time| (1..=LONGEST_MS).contains(&time.0));
    time.ok_or_else(|| {
        format!(
            "it must be a time from 1 ms to {} s, like 500ms or 2s",
            LONGEST_MS / 1000
        )
    })
}

/// Says who decides what drives the ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driving {
    /// The user.
    Chosen,
    /// The verb itself.
    Fixed,
    /// No end is driven.
    None,
}

/// Where the ends live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LabChoice {
    /// Isolated where available, else loopback
    #[default]
    Auto,
    /// Two network namespaces, or exit with status 3
    Isolated,
    /// The machine's own loopback address; no segments
    Loopback,
}

impl From<LabChoice> for LabMode {
    fn from(choice: LabChoice) -> LabMode {
        match choice {
            LabChoice::Auto => LabMode::Auto,
            LabChoice::Isolated => LabMode::Isolated,
            LabChoice::Loopback => LabMode::Loopback,
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Open the screen with the guide through a scenario: finwait tour half-close
    Tour {
        /// A name from finwait list, or a file (its path has a / or ends in .toml), such as a recording
        #[arg(value_name = "NAME|PATH")]
        scenario: String,
    },
    /// Run commands without a screen and print the transcript: finwait do "server listen" "client connect"
    Do {
        /// Commands, one argument each, like "client write hello"; or - to read them from standard input, one per line
        #[arg(required = true, value_name = "COMMAND")]
        commands: Vec<String>,
        /// Print JSON lines
        #[arg(long)]
        json: bool,
        /// Print all sockets after each command, also where an end has more than eight: by default, of those only what has changed
        #[arg(long)]
        all_sockets: bool,
        /// Print all of the kernel's counters that have moved, also those that every segment moves
        #[arg(long)]
        all_counters: bool,
        /// Leave out segments of plain data and their acknowledgements, and say how many there were
        #[arg(long)]
        no_data: bool,
        /// How long a call may take before it is reported as blocked and the next command runs: 500ms, 2s, or milliseconds
        #[arg(long, value_name = "TIME", default_value = "300ms", value_parser = patience)]
        patience: Millis,
        /// What the run is exported in
        #[command(flatten)]
        exports: ExportArgs,
    },
    /// Open a shell on a host of a lab that runs in another terminal, or run a command there: finwait shell client ss -t
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
    List {
        /// List them as the lessons on the screen: "Start here", then by question, with level and minutes
        #[arg(long, conflicts_with = "json")]
        lessons: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a scenario's file
    Show {
        /// A name from finwait list, or a file (its path has a / or ends in .toml)
        #[arg(value_name = "NAME|PATH")]
        name: String,
    },
    /// Run scenarios and compare what they expect with what the kernel does
    Run {
        /// Names from finwait list, or files (their paths have a / or end in .toml)
        #[arg(value_name = "NAME|PATH", required_unless_present = "all", conflicts_with = "all")]
        scenarios: Vec<String>,
        /// Run every scenario that finwait list shows
        #[arg(long)]
        all: bool,
        /// Print JSON lines
        #[arg(long)]
        json: bool,
        /// Continue after a failed expectation, with the next step and the next scenario
        #[arg(long)]
        keep_going: bool,
        /// With --json, put the transcript of each step into its object
        #[arg(long, requires = "json")]
        transcript: bool,
        /// Write the results to a file as JUnit XML, with the transcripts
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
        /// Print TAP (version 14) in place of the text
        #[arg(long, conflicts_with = "json")]
        tap: bool,
        /// Annotate what was not as expected for GitHub Actions, on standard error
        #[arg(long)]
        github: bool,
        /// What the run is exported in; of several scenarios, each in a file in a folder of that name
        #[command(flatten)]
        exports: ExportArgs,
    },
    /// Check scenario files without running them
    Check {
        /// Files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<String>,
    },
    /// Run the scenarios of the article's claims, and say which of them hold, hold in part, for Go only, or not at all
    ///
    /// Exit status: 0 if this kernel behaves as the catalog expects, whether or not the claims hold; 1 if it does not, or finwait
    /// failed; 3 if none of the claims can run here.
    Claims {
        /// One line per claim: its name, the verdict, the article's words, and today's where it does not hold
        #[arg(long)]
        brief: bool,
        /// Print JSON; with --brief, the verdicts and their total
        #[arg(long)]
        json: bool,
    },
    /// Run scenarios with other languages' sockets, and print what each language reports
    Matrix {
        /// Names from finwait list, or files; by default, those in the README's table
        #[arg(value_name = "NAME|PATH")]
        scenarios: Vec<String>,
        /// Only these, separated by commas; by default, all that are installed
        #[arg(
            long,
            visible_alias = "languages",
            value_name = "RUNTIMES",
            value_enum,
            value_delimiter = ','
        )]
        runtimes: Vec<Runtime>,
        /// A column more, for an endpoint of your own: --column "mine=./my-endpoint", several times if you like
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
    /// Find out what a proxy of your own does with half-closes, resets, slow readers ...: finwait proxy -- haproxy -f h.cfg
    ///
    /// The proxy runs on the server's host as it is. finwait's client connects to it through the wire, and its backend is finwait's
    /// server on the same host. So the proxy's configuration has it listen at port 8080 (--port) of any address, with the backend at
    /// port 9000 (--backend) of 127.0.0.1 or of the name server. It stays in the foreground, or not; it is ended after each case, with all
    /// its processes. What it has time-outs for is waited for 8 s at the most.
    ///
    /// Exit status: 0 if all cases were measured and --expect, where given, is right about them; 1 if not; 3 if it cannot be done here.
    Proxy {
        /// The port at which the proxy looks for its backend
        #[arg(long, value_name = "PORT", default_value = "9000", value_parser = port)]
        backend: Port,
        /// What both batteries take
        #[command(flatten)]
        how: BatteryArgs,
    },
    /// Find out what an HTTP client of your own does when its connection ends at the wrong moment: finwait http-client -- curl -sS --fail-early {url}1 {url}2
    ///
    /// The client runs on the client's host as it is, once for each case. It asks for http://server:8080/1, and when that is answered for
    /// http://server:8080/2, on the same connection if it keeps connections; {url} in the command stands for http://server:8080/. It ends
    /// at the first request that fails, with a status that is not 0. For no-continue it sends a body with Expect: 100-continue. The server
    /// is finwait's, and writes each answer byte by byte as a step of a scenario.
    ///
    /// Exit status: 0 if all cases were measured and --expect, where given, is right about them; 1 if not; 3 if it cannot be done here.
    HttpClient {
        /// What both batteries take
        #[command(flatten)]
        how: BatteryArgs,
    },
    /// Show a recorded run again, on the screen or as text: finwait open run.jsonl
    ///
    /// The screen is that of the explorer, with Next and Back through time. It takes no commands, starts nothing, and needs neither
    /// privileges nor the kernel that was recorded. --record writes such a file.
    Open {
        /// The recording; - reads standard input; or a capture (pcap, pcapng, tcpdump's text)
        #[arg(value_name = "FILE")]
        file: String,
        /// Of a capture, the connection with that number in finwait explain FILE; by default, the first one there
        #[arg(long, value_name = "NUMBER")]
        connection: Option<u64>,
        /// Print the transcript as finwait do does, which is also done where there is no terminal
        #[arg(long, conflicts_with = "json")]
        plain: bool,
        /// Print JSON lines, as finwait do --json does
        #[arg(long)]
        json: bool,
        /// Print all sockets after each command, as finwait do --all-sockets does
        #[arg(long)]
        all_sockets: bool,
        /// Print all counters that have moved, as finwait do --all-counters does
        #[arg(long)]
        all_counters: bool,
    },
    /// Export a recorded run, in one format or several: finwait export run.jsonl --svg run.svg --markdown run.md
    ///
    /// --record writes recordings; do and run take the same options for what they have just done. A file that is there is replaced only
    /// with --force.
    Export {
        /// The recording; - reads standard input; or a capture (pcap, pcapng, tcpdump's text)
        #[arg(value_name = "FILE")]
        file: String,
        /// Of a recording with several runs, that one, from 1 on
        #[arg(long, value_name = "NUMBER")]
        run: Option<usize>,
        /// Of a capture, the connection with that number in finwait explain FILE; by default, the first one there
        #[arg(long, value_name = "NUMBER")]
        connection: Option<u64>,
        /// The formats
        #[command(flatten)]
        exports: ExportArgs,
    },
    /// Explain an error message, a state or a capture: finwait explain "write: broken pipe", finwait explain CLOSE_WAIT, finwait explain a.pcap
    Explain {
        /// The message, an errno's name or number, a state's name alone, or a file (a log, a pcap or pcapng capture, tcpdump's text); by
        /// default, or with -, standard input
        #[arg(value_name = "TEXT|FILE", allow_negative_numbers = true)]
        text: Vec<String>,
        /// Of a capture, that connection alone, with its time-sequence diagram
        #[arg(long, value_name = "NUMBER")]
        connection: Option<u64>,
        /// Of a capture, all connections, or all packets of the one
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run a scenario and print a program that makes the same calls, each with what it returned
    Code {
        /// A name from finwait list, or a file (its path has a / or ends in .toml), such as a recording
        #[arg(value_name = "NAME|PATH")]
        scenario: String,
        /// The program's language
        #[arg(long, value_enum)]
        language: Language,
        /// The end that a packetdrill script is about, as packetdrill knows only one [default: client]
        #[arg(long, value_enum, value_name = "END")]
        end: Option<Side>,
    },
    /// Check what this machine lets finwait do, and what to do about the rest
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say whether the screen's configuration is right: its theme, keys, mouse and lab
    ///
    /// The command line comes before the environment (NO_COLOR), the environment before the file, the file before the defaults.
    Config {
        /// Print a configuration with every setting and every key, as they are by default
        #[arg(long, conflicts_with = "path")]
        print: bool,
        /// Print where the file is
        #[arg(long)]
        path: bool,
    },
    /// Be an endpoint: make socket calls as told on standard input
    #[command(hide = true)]
    Endpoint {
        /// Which end this is, for people who list processes
        #[arg(long)]
        side: Option<String>,
    },
}
