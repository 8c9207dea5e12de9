//! Exports: what people show each other of a run. All of them tell the same [`story::Story`], which is made once of a recording; none of them knows
//! another.

use std::io;
use std::path::Path;

pub mod asciicast;
pub mod book;
mod colours;
pub mod folder;
pub mod graphs;
pub mod html;
pub mod markdown;
pub mod mermaid;
pub mod moment;
pub mod pcapng;
mod rebuilt;
pub mod screen;
pub mod series;
pub mod sightings;
pub mod story;
pub mod svg;
pub mod text;
pub mod wanted;
pub mod write;

use ratatui::buffer::Buffer;
use story::Story;

use crate::clock::MonoTime;
use crate::command::ThemeName;
use crate::diagram::TextRow;
use crate::recording::Recording;
use crate::session::Session;

/// The functions that draw the screen for exports, which stand below it.
#[derive(Clone, Copy, Debug)]
pub struct Renderer {
    /// The time-sequence diagram of a session in so many columns, as text.
    pub diagram: fn(&Session, u16, MonoTime) -> Vec<TextRow>,
    /// The cells of the screen at the end of a recording.
    pub last_frame: fn(&Recording, ScreenLook) -> Buffer,
    /// A recording as an asciicast of that title; an error where a frame cannot be drawn.
    pub asciicast: fn(&Recording, &str, ScreenLook) -> io::Result<Vec<u8>>,
    /// The look of the screen that is drawn.
    pub look: ScreenLook,
}

/// The look of the screen in a film or a picture of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenLook {
    /// The columns and rows.
    pub size: (u16, u16),
    /// The theme, one of those that come with the program; none is the first of them.
    pub theme: Option<ThemeName>,
}

/// The parts of a [`ScreenLook`] that are asked for; the others are as usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AskedLook {
    /// The columns and rows.
    pub size: Option<(u16, u16)>,
    /// The theme.
    pub theme: Option<ThemeName>,
}

impl AskedLook {
    /// Returns the look, whose other parts are those of `usual`.
    pub fn or(self, usual: ScreenLook) -> ScreenLook {
        ScreenLook {
            size: self.size.unwrap_or(usual.size),
            theme: self.theme.or(usual.theme),
        }
    }
}

impl ScreenLook {
    /// A screen that both ends, the wire and the log have room on.
    pub const USUAL: ScreenLook = ScreenLook {
        size: (120, 40),
        theme: None,
    };
}

/// A format that a run is exported in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A page that replays the run in a browser.
    Html,
    /// A capture, for Wireshark.
    Pcapng,
    /// The time-sequence diagram as a picture.
    Svg,
    /// The same as text.
    Text,
    /// The same in Mermaid's language.
    Mermaid,
    /// A report.
    Markdown,
    /// The screen in the course of the run, for asciinema.
    Asciicast,
    /// Graphs of queues, congestion window and round-trip time.
    Graphs,
    /// The screen at the end of the run as a picture.
    ScreenSvg,
    /// The same as text.
    ScreenText,
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [ExportFormat; 10] = [
        ExportFormat::Html,
        ExportFormat::Pcapng,
        ExportFormat::Svg,
        ExportFormat::Text,
        ExportFormat::Mermaid,
        ExportFormat::Markdown,
        ExportFormat::Asciicast,
        ExportFormat::Graphs,
        ExportFormat::ScreenSvg,
        ExportFormat::ScreenText,
    ];

    /// Returns the option's name: `svg`.
    pub const fn name(self) -> &'static str {
        match self {
            ExportFormat::Html => "html",
            ExportFormat::Pcapng => "pcapng",
            ExportFormat::Svg => "svg",
            ExportFormat::Text => "text",
            ExportFormat::Mermaid => "mermaid",
            ExportFormat::Markdown => "markdown",
            ExportFormat::Asciicast => "asciicast",
            ExportFormat::Graphs => "graphs",
            ExportFormat::ScreenSvg | ExportFormat::ScreenText => "screen",
        }
    }

    /// Returns the endings of its files, the usual one first.
    pub const fn endings(self) -> &'static [&'static str] {
        match self {
            ExportFormat::Html => &["html", "htm"],
            ExportFormat::Pcapng => &["pcapng"],
            ExportFormat::Svg => &["svg"],
            ExportFormat::Text => &["txt"],
            ExportFormat::Mermaid => &["mmd", "mermaid"],
            ExportFormat::Markdown => &["md", "markdown"],
            ExportFormat::Asciicast => &["cast"],
            ExportFormat::Graphs => &["graphs.svg"],
            ExportFormat::ScreenSvg => &["screen.svg"],
            ExportFormat::ScreenText => &["screen.txt"],
        }
    }

    /// Returns what it is, in one line.
    pub const fn about(self) -> &'static str {
        match self {
            ExportFormat::Html => "a page that replays the run in a browser",
            ExportFormat::Pcapng => "the packets as a capture, for Wireshark",
            ExportFormat::Svg => "the time-sequence diagram as a picture",
            ExportFormat::Text => "the time-sequence diagram as text, and the errors with their reasons",
            ExportFormat::Mermaid => "the time-sequence diagram in Mermaid's language",
            ExportFormat::Markdown => "a report in Markdown: commands, diagram, errors explained",
            ExportFormat::Asciicast => "the screen in the course of the run, for asciinema",
            ExportFormat::Graphs => "graphs of queues, congestion window and round-trip time as a picture",
            ExportFormat::ScreenSvg => "the screen as a picture",
            ExportFormat::ScreenText => "the screen as text",
        }
    }

    /// Returns the format that a file's name says.
    ///
    /// # Errors
    ///
    /// Its ending is none of a format's: one sentence.
    pub fn of_file(path: &Path) -> Result<ExportFormat, String> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        // A name is more than its ending.
        let has = |ending: &&&str| {
            name.strip_suffix(**ending)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        };
        let known = ExportFormat::ALL.into_iter().filter_map(|format| {
            let longest = format.endings().iter().filter(has).map(|ending| ending.len()).max()?;
            Some((longest, format))
        });
        let known = known.max_by_key(|(longest, _)| *longest).map(|(_, format)| format);
        known.ok_or_else(|| {
            let known: Vec<String> = ExportFormat::ALL
                .iter()
                .map(|format| format!(".{}", format.endings()[0]))
                .collect();
            format!(
                "the ending of the name says the format: it must be one of {}",
                known.join(", ")
            )
        })
    }

    /// Returns whether it shows the screen.
    pub const fn is_of_the_screen(self) -> bool {
        matches!(
            self,
            ExportFormat::Asciicast | ExportFormat::ScreenSvg | ExportFormat::ScreenText
        )
    }

    /// Returns whether it can tell of several runs, one after the other.
    const fn has_room_for_several(self) -> bool {
        match self {
            ExportFormat::Pcapng | ExportFormat::Text | ExportFormat::Markdown | ExportFormat::Asciicast => true,
            ExportFormat::Html
            | ExportFormat::Svg
            | ExportFormat::Mermaid
            | ExportFormat::Graphs
            | ExportFormat::ScreenSvg
            | ExportFormat::ScreenText => false,
        }
    }

    /// Returns the contents of an export of a recording.
    ///
    /// # Errors
    ///
    /// It cannot be told of in this format: one sentence.
    pub fn of_recording(self, recording: &Recording, renderer: &Renderer) -> Result<Vec<u8>, String> {
        self.export(recording, &Story::all_of(recording, renderer), renderer)
    }

    /// Returns the contents of an export of a session whose recording is not at hand: without the commands, which only that has. None in a
    /// format that is made of what only a recording has.
    pub fn of_session(self, session: &Session, renderer: &Renderer) -> Option<Vec<u8>> {
        let write: fn(&Story) -> String = match self {
            ExportFormat::Svg => svg::write,
            ExportFormat::Text => text::write,
            ExportFormat::Mermaid => mermaid::write,
            ExportFormat::Markdown => markdown::write,
            ExportFormat::Html
            | ExportFormat::Pcapng
            | ExportFormat::Asciicast
            | ExportFormat::Graphs
            | ExportFormat::ScreenSvg
            | ExportFormat::ScreenText => return None,
        };
        Some(write(&Story::of_session(session, renderer)).into_bytes())
    }

    /// Returns the contents of an export of the runs of a recording, whose stories are these.
    ///
    /// # Errors
    ///
    /// They cannot be told of in this format: one sentence.
    pub fn export(self, recording: &Recording, stories: &[Story], renderer: &Renderer) -> Result<Vec<u8>, String> {
        if stories.len() > 1 && !self.has_room_for_several() {
            return Err(format!(
                "the recording has {} runs, and --{} shows one: --run 1 is the first, --run {} the last",
                stories.len(),
                self.name(),
                stories.len()
            ));
        }
        let each = |tell: fn(&Story) -> String| stories.iter().map(tell).collect::<Vec<_>>().join("\n").into_bytes();
        Ok(match self {
            ExportFormat::Pcapng => {
                if !stories.iter().any(Story::has_wire) {
                    return Err("the loopback lab has no wire, so there are no packets for a capture: run it in the isolated lab".into());
                }
                let mut capture = Vec::new();
                let mut sections = stories.iter();
                let written = sections.try_for_each(|story| pcapng::write(&mut capture, story));
                written.map_err(|error| format!("the capture is too long: {error}"))?;
                capture
            }
            ExportFormat::Asciicast => {
                let title = stories.first().map_or_else(String::new, Story::title);
                (renderer.asciicast)(recording, &title, renderer.look)
                    .map_err(|error| format!("draw the screen: {error}"))?
            }
            ExportFormat::Graphs => {
                let graphs = stories.iter().map(graphs::write);
                graphs.collect::<Result<String, String>>()?.into_bytes()
            }
            ExportFormat::ScreenSvg => {
                let title = stories.first().map_or_else(String::new, Story::title);
                screen::svg(&(renderer.last_frame)(recording, renderer.look), &title).into_bytes()
            }
            ExportFormat::ScreenText => screen::text(&(renderer.last_frame)(recording, renderer.look)).into_bytes(),
            ExportFormat::Html => each(html::write),
            ExportFormat::Svg => each(svg::write),
            ExportFormat::Text => each(text::write),
            ExportFormat::Mermaid => each(mermaid::write),
            ExportFormat::Markdown => each(markdown::write),
        })
    }
}
