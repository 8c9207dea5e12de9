//! The fate of a forged segment that should have changed a state: where no change followed, that is told, with what the kernel counted.

use super::Session;
use super::transcript::EntryKind;
use crate::clock::MonoTime;
use crate::explain::EntryNo;
use crate::explain::now::segment_name;
use crate::lab::event::{Disposition, PacketRecord};
use crate::socket_table::Tuple;
use crate::wire::queue::Origin;
use crate::wire::segment::{Flags, Packet};

/// The counters that tell what the kernel made of a segment that does not fit.
const TELLING: [&str; 4] = ["TCPChallengeACK", "TCPSYNChallenge", "PAWSEstab", "TCPACKSkippedSeq"];

impl Session {
    /// Notes a segment that was forged and has arrived, so that it is told when it changed nothing.
    pub(super) fn note_forged(&mut self, record: &PacketRecord, entry: EntryNo) {
        let tells = |flags: Flags| flags.has(Flags::RST) || flags.has(Flags::SYN) || flags.has(Flags::FIN);
        if let (Origin::Forged, Disposition::Delivered, Packet::Tcp(segment)) =
            (&record.origin, &record.disposition, &record.packet)
            && tells(segment.flags)
        {
            self.forged = Some(entry);
        }
    }

    /// Tells of the newest forged segment, now that all is quiet, where no change of state followed it.
    pub(super) fn report_forged(&mut self, at: MonoTime) {
        let text = self.forged.take().and_then(|entry| self.ignored(entry));
        if let Some(text) = text {
            self.transcript.push(at, EntryKind::Note { text });
        }
    }

    /// Returns what is seen of a forged segment that changed no state: `the forged RST changed no state: client is in ESTABLISHED`.
    fn ignored(&self, entry: EntryNo) -> Option<String> {
        let EntryKind::Packet(record) = &self.transcript.entry(entry)?.what else {
            return None;
        };
        let Packet::Tcp(segment) = &record.packet else {
            return None;
        };
        let side = record.from.other();
        let tuple = Tuple {
            local: segment.destination,
            peer: segment.source,
        };
        let end = &self.ends[side];
        let view = self.view_in_table(side, &tuple)?;
        let mut counted: Vec<String> = Vec::new();
        for after in self.transcript.since(entry) {
            match &after.what {
                EntryKind::State { change, .. } if change.side == side && change.tuple == tuple => return None,
                EntryKind::Counters { side: of, moved } if *of == side => counted.extend(
                    TELLING
                        .into_iter()
                        .filter(|name| moved.by(name) > 0)
                        .map(|name| format!("{name} {}", moved.by(name))),
                ),
                _ => {}
            }
        }
        let name = view
            .name
            .map_or_else(|| side.to_string(), |name| end.shown(name).to_string());
        let what = segment_name(segment.flags);
        let counted = match counted.is_empty() {
            true => String::new(),
            false => format!("; the {side}'s kernel counted {}", counted.join(", ")),
        };
        let why = match (what, counted.is_empty()) {
            ("RST", true) => {
                ": an RST whose number is not in the window is ignored, and what is sent meanwhile moves the window; \
                 wire hold lets nothing pass before it"
            }
            ("RST", false) => {
                ": an RST in the window whose number is not exactly the next one is answered with an ACK (RFC 5961); \
                 what is sent meanwhile moves the number, and wire hold lets nothing pass before it"
            }
            _ => "",
        };
        Some(format!(
            "the forged {what} changed no state: {name} is in {}{counted}{why}",
            view.state()
        ))
    }
}
