//! Exports: what people show each other of a run. All of them tell the same [`story::Story`], which is made once of a recording; none of them knows
//! another.

use std::path::Path;

pub mod book;
pub mod folder;
pub mod html;
pub mod markdown;
pub mod mermaid;
pub mod moment;
pub mod pcapng;
mod rebuilt;
pub mod sightings;
pub mod story;
pub mod svg;
pub mod text;
pub mod wanted;
pub mod write;

use story::Story;

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
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [ExportFormat; 6] = [
        ExportFormat::Html,
        ExportFormat::Pcapng,
        ExportFormat::Svg,
        ExportFormat::Text,
        ExportFormat::Mermaid,
        ExportFormat::Markdown,
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
        }
    }

    /// Returns the format that a file's name says.
    ///
    /// # Errors
    ///
    /// Its ending is none of a format's: one sentence.
    pub fn of_file(path: &Path) -> Result<ExportFormat, String> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let ending = ending.unwrap_or_default();
        let known = |format: &ExportFormat| format.endings().contains(&ending.as_str());
        ExportFormat::ALL.into_iter().find(known).ok_or_else(|| {
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

    /// Returns whether it can tell of several runs, one after the other.
    const fn has_room_for_several(self) -> bool {
        match self {
            ExportFormat::Pcapng | ExportFormat::Text | ExportFormat::Markdown => true,
            ExportFormat::Html | ExportFormat::Svg | ExportFormat::Mermaid => false,
        }
    }

    /// Returns the contents of an export of these runs.
    ///
    /// # Errors
    ///
    /// They cannot be told of in this format: one sentence.
    pub fn export(self, stories: &[Story]) -> Result<Vec<u8>, String> {
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
                    return Err("the loopback lab has no wire, so there are no packets for --pcapng: run it in the isolated lab".into());
                }
                let mut capture = Vec::new();
                let mut sections = stories.iter();
                let written = sections.try_for_each(|story| pcapng::write(&mut capture, story));
                written.map_err(|error| format!("the capture is too long: {error}"))?;
                capture
            }
            ExportFormat::Html => each(html::write),
            ExportFormat::Svg => each(svg::write),
            ExportFormat::Text => each(text::write),
            ExportFormat::Mermaid => each(mermaid::write),
            ExportFormat::Markdown => each(markdown::write),
        })
    }
}
