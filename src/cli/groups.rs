//! Options that several verbs have: a verb flattens the groups that mean something to it, and has no others.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::{host, runtimes};
use crate::command::parse::parse;
use crate::command::{Command, EndCommand};
use crate::lab::{LabMode, NamedAddress};
use crate::paint::PaintWhen;
use crate::runtime::{Runtime, RuntimeChoice};
use crate::session::lineup::FirstProgram;
use crate::side::{Ends, Side};

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

/// The options of verbs that start a lab.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Lab")]
pub struct LabArgs {
    /// Where the ends live: auto, isolated, loopback
    ///
    /// isolated: two network namespaces joined by a wire, or exit with status 3. loopback: this machine's 127.0.0.1, without segments.
    /// auto, the default: isolated where it is available.
    #[arg(long, value_enum, hide_possible_values = true)]
    pub lab: Option<LabChoice>,
    /// Use IPv6: fd00::1 and fd00::2, or ::1
    ///
    /// --ipv6=false where the configuration says ipv6 = true.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub ipv6: Option<bool>,
    /// The server's port [default: 8080]
    ///
    /// The isolated lab's server usually listens on it, and FINWAIT_PORT says it to programs.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), hide_short_help = true)]
    pub port: Option<u16>,
    /// Record the run in FILE, for finwait open
    ///
    /// The file is a new one. Of several scenarios, each is in a file of its own, in a folder of that name.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Tell why the kernel resets or drops (for root)
    ///
    /// Why it sends an RST, or drops a packet. It needs tracefs.
    #[arg(long, hide_short_help = true)]
    pub trace_kernel: bool,
}

/// What drives the ends.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Lab")]
pub struct EndArgs {
    /// Drive the client with go, python, java ...
    #[arg(long, value_enum, value_name = "RUNTIME", default_value_t, hide_possible_values = true, hide_default_value = true, long_help = runtimes("client"))]
    pub client: Runtime,
    /// Drive the server with go, python, java ...
    #[arg(
        long,
        value_enum,
        value_name = "RUNTIME",
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub server: Runtime,
    /// Drive the client with your own endpoint
    ///
    /// The command speaks the endpoint protocol, which docs/endpoint-protocol.md has.
    #[arg(long, value_name = "CMD", conflicts_with = "client", hide_short_help = true)]
    pub client_command: Option<String>,
    /// Drive the server with your own endpoint
    #[arg(long, value_name = "CMD", conflicts_with = "server", hide_short_help = true)]
    pub server_command: Option<String>,
    /// Show the system calls that are made (strace)
    ///
    /// Those of another language's sockets, and of programs.
    #[arg(long)]
    pub syscalls: bool,
}

impl EndArgs {
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
}

/// The option of what the hosts leave to the wire.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Lab")]
pub struct OffloadArgs {
    /// Leave checksums and segmentation to the wire (TSO)
    ///
    /// This makes bulk data ten times as fast: a super-segment of up to 64 KiB is one packet then, shown, stepped and dropped as a whole.
    #[arg(long, hide_short_help = true)]
    pub offload: bool,
}

/// Programs of the user's own that a run begins with.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Programs of your own")]
pub struct ProgramArgs {
    /// Start a program on the server's host
    ///
    /// "nginx -p . -c nginx.conf": it is started unmodified, as the run command does. May be given several times.
    #[arg(long, value_name = "CMD")]
    pub server_run: Vec<String>,
    /// Start a program on the client's host
    ///
    /// "curl -sS http://server:8080/": it starts once the server's are ready. May be given several times.
    #[arg(long, value_name = "CMD")]
    pub client_run: Vec<String>,
}

impl ProgramArgs {
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
}

/// What the hosts are to programs on them.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Programs of your own")]
pub struct HostArgs {
    /// A name for an address: db=server, api.example=10.0.0.9
    ///
    /// Programs find it beside client and server. May be given several times.
    #[arg(long = "host", value_name = "NAME=IP", value_parser = host, hide_short_help = true)]
    pub hosts: Vec<(String, NamedAddress)>,
    /// The user whom programs run as
    ///
    /// By default the one who started finwait, under sudo the one behind it.
    #[arg(long, value_name = "USER", hide_short_help = true)]
    pub run_as: Option<String>,
}

/// The leave for files to start programs.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Programs of your own")]
pub struct AllowArgs {
    /// Let a file start the programs that it names
    ///
    /// Those of finwait's own catalog need no leave.
    #[arg(long)]
    pub allow_run: bool,
}

/// The options of the screen.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Screen")]
pub struct ScreenArgs {
    /// The colours: dark, light, projector, mono, ...
    ///
    /// terminal-16, dark, light, projector, colour-blind, mono, or one of your own.
    #[arg(long, value_name = "THEME")]
    pub theme: Option<String>,
    /// The configuration [default: see finwait config --path]
    ///
    /// $XDG_CONFIG_HOME/finwait/config.toml, or ~/.config/finwait/config.toml.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub config: Option<PathBuf>,
    /// Leave the mouse to the terminal
    ///
    /// It selects text with it. On the screen, M takes the mouse and lets it go.
    #[arg(long, hide_short_help = true)]
    pub no_mouse: bool,
}

/// The way in which a transcript is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct TranscriptArgs {
    /// Print JSON lines
    #[arg(long)]
    pub json: bool,
    /// Print all sockets after each command
    ///
    /// By default, of an end that has more than eight only those that have changed are printed.
    #[arg(long)]
    pub all_sockets: bool,
    /// Print all of the kernel's counters that have moved
    ///
    /// By default, those that every segment moves are left out.
    #[arg(long)]
    pub all_counters: bool,
}

/// The colours of text.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ColourArgs {
    /// Colour the text: auto, always, never
    ///
    /// auto, the default: on a terminal, unless NO_COLOR is set; CLICOLOR_FORCE colours it elsewhere, too. JSON never has colours.
    #[arg(
        long = "color",
        alias = "colour",
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true,
        hide_short_help = true
    )]
    pub when: PaintWhen,
}

/// The pager.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct PagerArgs {
    /// Print long text without a pager
    ///
    /// On a terminal, what is longer than it goes through FINWAIT_PAGER, PAGER, or less -FRX.
    #[arg(long)]
    pub no_pager: bool,
}
