//! The options of verbs that write what happens, or what has happened, in files.

use std::path::PathBuf;

use clap::Args;

use super::values::{builtin_theme, screen_size};
use crate::command::ThemeName;
use crate::export::write::Target;
use crate::export::{AskedLook, ExportFormat};

/// The capture that grows meanwhile, and what is kept of each packet.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Files")]
pub struct CaptureArgs {
    /// Write the packets as they come; - is standard output
    ///
    /// FILE may be a named pipe: finwait do ... --pcap - | wireshark -k -i -
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// Bytes kept of each packet, 0 for all [default: 256]
    ///
    /// By --record, --pcap and --pcapng.
    #[arg(long, value_name = "BYTES", hide_short_help = true)]
    pub snaplen: Option<usize>,
}

/// The option of the screen's film.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Files")]
pub struct FilmArgs {
    /// Film the screen for asciinema, in FILE.cast
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub asciicast: Option<PathBuf>,
}

/// The option of verbs that write files.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Files")]
pub struct ReplaceArgs {
    /// Replace files that are there
    #[arg(long, hide_short_help = true)]
    pub force: bool,
}

/// The option of what a run is exported in, by the endings of the files.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Files")]
pub struct ExportArgs {
    /// Export the run: FILE ends in .html, .pcapng, .svg, .txt, .md, .mmd, .cast, .graphs.svg or .screen.svg
    ///
    /// The ending says the format: .html a page that replays the run in a browser, .pcapng a capture for Wireshark, .svg and .txt the
    /// time-sequence diagram, .mmd the same for Mermaid, .md a report, .cast a film of the screen for asciinema, .graphs.svg graphs of queues,
    /// congestion window and round-trip time, .screen.svg and .screen.txt the screen at the end. May be given several times.
    #[arg(long = "export", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub exports: Vec<PathBuf>,
}

/// The files of a verb that only writes files.
#[derive(Clone, Debug, Default, Args)]
pub struct OutputArgs {
    /// Files to write, whose endings say the formats: run.html run.pcapng run.svg run.txt run.md run.mmd run.cast run.graphs.svg run.screen.svg
    #[arg(value_name = "OUTPUT", value_hint = clap::ValueHint::FilePath)]
    pub outputs: Vec<PathBuf>,
}

/// The option of each format, which takes a file of any name, - for standard output, and of several scenarios a folder.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "One format (- is standard output)")]
pub struct FormatArgs {
    /// A page that replays the run in a browser
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The packets as a capture, for Wireshark
    ///
    /// Each packet is there twice, on the interface of the host that sent it and on that of the host that was handed it: Wireshark marks the
    /// second as a retransmission. One host's alone: tshark -r run.pcapng -Y 'frame.interface_id == 0' -w client.pcapng
    #[arg(long, value_name = "FILE")]
    pub pcapng: Option<PathBuf>,
    /// The time-sequence diagram as a picture
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// The time-sequence diagram as text
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// The time-sequence diagram in Mermaid's language
    #[arg(long, value_name = "FILE")]
    pub mermaid: Option<PathBuf>,
    /// A report in Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// A film of the screen, for asciinema
    #[arg(long, value_name = "FILE")]
    pub asciicast: Option<PathBuf>,
    /// Graphs of queues, congestion window, round trips
    #[arg(long, value_name = "FILE")]
    pub graphs: Option<PathBuf>,
    /// The screen at the end: FILE.svg or FILE.txt
    #[arg(long, value_name = "FILE")]
    pub screen: Option<PathBuf>,
}

/// The look of the screen in films and pictures of it.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "One format (- is standard output)")]
pub struct LookArgs {
    /// Columns and rows of the screen [default: 120x40]
    ///
    /// Of --screen and --asciicast, and of files that end in .screen.svg, .screen.txt and .cast.
    #[arg(long, value_name = "SIZE", value_parser = screen_size)]
    pub screen_size: Option<(u16, u16)>,
    /// The screen's theme: dark, light, projector ...
    ///
    /// terminal-16, dark, light, projector, colour-blind or mono; by default terminal-16.
    #[arg(long, value_name = "THEME", value_parser = builtin_theme)]
    pub screen_theme: Option<ThemeName>,
}

impl LookArgs {
    /// Returns the parts of the look that are asked for.
    pub(super) const fn asked(&self) -> AskedLook {
        AskedLook {
            size: self.screen_size,
            theme: self.screen_theme,
        }
    }
}

/// Returns the format of a picture of the screen: text where the name says so.
fn is_of_screen(file: &Option<PathBuf>) -> Option<ExportFormat> {
    let is_text = file
        .as_ref()?
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("txt"));
    Some(if is_text {
        ExportFormat::ScreenText
    } else {
        ExportFormat::ScreenSvg
    })
}

impl FormatArgs {
    /// Returns each format that is wanted with its place.
    pub(super) fn files(&self) -> Vec<(ExportFormat, Target)> {
        let path = |format| match format {
            ExportFormat::Html => &self.html,
            ExportFormat::Pcapng => &self.pcapng,
            ExportFormat::Svg => &self.svg,
            ExportFormat::Text => &self.text,
            ExportFormat::Mermaid => &self.mermaid,
            ExportFormat::Markdown => &self.markdown,
            ExportFormat::Asciicast => &self.asciicast,
            ExportFormat::Graphs => &self.graphs,
            ExportFormat::ScreenSvg | ExportFormat::ScreenText if is_of_screen(&self.screen) != Some(format) => &None,
            ExportFormat::ScreenSvg | ExportFormat::ScreenText => &self.screen,
        };
        let all = ExportFormat::ALL.into_iter();
        all.filter_map(|format| Some((format, Target::of(path(format).as_deref()?))))
            .collect()
    }
}

/// Returns each file with the format that its ending says.
///
/// # Errors
///
/// An ending says none: one sentence.
pub(super) fn by_ending<'a>(files: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<(ExportFormat, Target)>, String> {
    files
        .map(|path| {
            let target = Target::of(path);
            match &target {
                Target::Stdout => Err("- has no ending that says the format: standard output is for the option of one format, like --svg -".into()),
                Target::File(_) => match ExportFormat::of_file(path) {
                    Ok(format) => Ok((format, target)),
                    Err(why) => Err(format!("{}: {why}", target.shown())),
                },
            }
        })
        .collect()
}
