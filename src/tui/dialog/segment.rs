//! One packet of the transcript: its header, decoded, and its bytes.

use ratatui::layout::Rect;

use super::{Context, Dialog, DialogHelp, scrolled};
use crate::call::escape;
use crate::session::transcript::{EntryKind, became, besides};
use crate::text::width;
use crate::tui::canvas::Canvas;
use crate::tui::layout;
use crate::wire::segment::{Flags, Packet, TcpOption};

/// A packet looked into.
#[derive(Debug)]
pub struct SegmentDialog {
    /// The number of its entry in the transcript.
    entry: u64,
    /// Lines above the window.
    skip: usize,
}

impl SegmentDialog {
    /// The packet of that entry in the transcript.
    pub const fn new(entry: u64) -> SegmentDialog {
        SegmentDialog { entry, skip: 0 }
    }
}

impl Dialog for SegmentDialog {
    fn scroll(&mut self, lines: i64, _context: Context) {
        self.skip = scrolled(self.skip, lines);
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "One packet",
            keys: &[],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let lines = match context.session.transcript.entry(self.entry).map(|entry| &entry.what) {
            Some(EntryKind::Packet(record)) => lines(record),
            _ => vec![("".into(), "the transcript has dropped it".into())],
        };
        let widest = lines.iter().map(|(_, said)| width(said)).max().unwrap_or(0);
        let area = layout::middle(screen, (widest as u16 + 19).max(50), lines.len() as u16 + 2);
        let inside = canvas.frame(area, "one packet   (Esc closes)");
        let height = usize::from(inside.height);
        let most = lines.len().saturating_sub(height);
        self.skip = self.skip.min(most);
        let (strong, text) = (canvas.theme.strong(), canvas.theme.text());
        for ((name, said), y) in lines.iter().skip(self.skip).take(height).zip(inside.y..) {
            canvas.put(inside.x, y, inside.right(), name, strong);
            canvas.put_cut(inside.x + 15, y, inside.right(), said, text);
        }
        if most > self.skip {
            let hint = format!(" {} more lines: wheel, arrows ", most - self.skip);
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
        }
    }
}

fn lines(record: &crate::lab::event::PacketRecord) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut line = |name: &str, said: String| lines.push((name.to_owned(), said));
    line(
        "packet",
        format!("{} {} -> {}", record.no, record.from, record.from.other()),
    );
    line("fate", became(record));
    if let Some(besides) = besides(record) {
        line("it is", besides);
    }
    match &record.packet {
        Packet::Tcp(segment) => {
            line("from", segment.source.to_string());
            line("to", segment.destination.to_string());
            line("flags", segment.flags.to_string());
            let counted = |relative: Option<u32>, raw: u32| match relative {
                Some(relative) => format!("{relative}   ({raw} on the wire)"),
                None => format!("{raw}"),
            };
            line("sequence", counted(record.seen.seq, segment.seq.0));
            line(
                "acknowledges",
                if segment.flags.has(Flags::ACK) {
                    counted(record.seen.ack, segment.ack.0)
                } else {
                    "nothing".into()
                },
            );
            line(
                "window",
                match record.seen.window {
                    Some(window) if window != u32::from(segment.window) => {
                        format!("{window} bytes   ({} on the wire, scaled)", segment.window)
                    }
                    _ => format!("{} bytes", segment.window),
                },
            );
            if segment.flags.has(Flags::URG) {
                line("urgent", segment.urgent.to_string());
            }
            for (nth, option) in segment.options.iter().enumerate() {
                line(if nth == 0 { "options" } else { "" }, option_words(option));
            }
            let cut = record
                .cut()
                .map_or(String::new(), |cut| format!(", for the device to cut into {cut}"));
            line("payload", format!("{} bytes{cut}", segment.len));
            for (nth, row) in segment.payload.0.chunks(16).enumerate() {
                let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
                let shown: String = row
                    .iter()
                    .map(|byte| {
                        if (b' '..=b'~').contains(byte) {
                            *byte as char
                        } else {
                            '.'
                        }
                    })
                    .collect();
                line(
                    &format!("  {:04x}", nth * 16),
                    format!("{:<47}  {shown}", hex.join(" ")),
                );
            }
            let kept = segment.payload.0.len();
            if segment.len > kept {
                line(
                    "",
                    format!("and {} bytes that the transcript does not keep", segment.len - kept),
                );
            }
        }
        Packet::Udp {
            source,
            destination,
            len,
            dns,
        } => {
            line("from", source.to_string());
            line("to", destination.to_string());
            line("UDP", format!("{len} bytes of payload"));
            if let Some(dns) = dns {
                line("", dns.clone());
            }
        }
        Packet::Icmp {
            source,
            destination,
            message,
            ..
        } => {
            line("from", source.to_string());
            line("to", destination.to_string());
            line("ICMP", message.clone());
        }
        Packet::Other { what, len } => {
            line("it is", escape(what.as_bytes()));
            line("length", format!("{len} bytes"));
        }
    }
    lines
}

fn option_words(option: &TcpOption) -> String {
    match option {
        TcpOption::Mss(mss) => format!("maximum segment size {mss}"),
        TcpOption::WindowScale(shift) => format!("window scale {shift} (windows times {})", 1u64 << shift.min(&14)),
        TcpOption::SackPermitted => "selective acknowledgements permitted".into(),
        TcpOption::Sack(blocks) => {
            let blocks: Vec<String> = blocks.iter().map(|(from, to)| format!("{from}-{to}")).collect();
            format!("received beyond a gap: {}", blocks.join(", "))
        }
        TcpOption::Timestamps(value, echo) => format!("timestamp {value}, echo {echo}"),
        TcpOption::Other(kind) => format!("option of kind {kind}"),
    }
}
