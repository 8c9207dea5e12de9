//! The textbook's time-sequence diagram, live: calls at both edges, segments between them, states beside them.
//!
//! The rows (`crate::diagram`) are made once, as entries come; only those in sight are put into words, and drawn on the `lane`.

mod lane;
pub mod text;

use ratatui::layout::Rect;
use ratatui::style::Style;
use std::collections::HashMap;
use std::ops::Range;

use self::lane::{Arrow, Lane};
use crate::clock::human;
use crate::diagram::rows::{Row, RowKind, Rows};
use crate::diagram::span::{span, still_on_wire};
use crate::diagram::words::{
    call_texts, held_words, packet_texts, program_call_texts, program_texts, spoken, state_texts, word_of,
};
use crate::lab::event::{Disposition, PacketRecord, ProcessBorn, ProcessDied};
use crate::roles::SegmentKind;
use crate::session::connections::ConnectionNo;
use crate::session::transcript::{Entry, EntryKind};
use crate::session::{LabKind, Session, WaitingPacket};
use crate::text::width;
use crate::tui::canvas::Canvas;
use crate::tui::hit::{Action, Zone};
use crate::tui::scroll::Scroll;
use crate::tui::shown::Shown;
use crate::wire::flow::PacketNo;

/// The kind of a packet, whether it was lost, and the style of its arrow.
fn kind_and_style(canvas: &Canvas, record: &PacketRecord, held: Option<&WaitingPacket>) -> (SegmentKind, bool, Style) {
    let kind = SegmentKind::of(&record.packet);
    let lost = matches!(
        record.disposition,
        Disposition::Dropped | Disposition::Refused(_) | Disposition::Corrupted
    );
    let style = match held {
        Some(held) if !held.is_in_flight() => canvas.theme.held(),
        _ if lost => canvas.theme.bad(),
        _ => canvas.theme.segment(kind),
    };
    (kind, lost, style)
}

/// Who the rows are drawn for.
#[derive(Clone, Copy, Debug)]
enum Audience {
    /// A user at the screen: beside a packet that is held are its buttons, and one may be selected.
    User {
        /// The selected packet.
        selected: Option<PacketNo>,
    },
    /// A reader of text: nothing can be pressed.
    Reader,
}

/// The diagram's rows, and which of them are in sight.
#[derive(Debug, Default)]
pub struct Diagram {
    rows: Rows,
    /// The lines that there were for rows when it was drawn last.
    height: u16,
    /// The rows that are in sight.
    pub scroll: Scroll,
    /// The connection whose rows these are; none for all of them.
    alone: Option<ConnectionNo>,
    /// The rows above and below those in sight, when it was drawn last.
    out_of_sight: (u64, u64),
}

impl Diagram {
    /// Takes in what the transcript has gained, and lets go of what it has lost.
    pub fn update(&mut self, session: &Session, shown: &Shown) {
        let alone = shown.alone(session);
        if self.alone != alone {
            (self.rows, self.alone) = (Rows::default(), alone);
            self.scroll = Scroll::default();
        }
        let is_shown = |entry: &Entry| alone.is_none_or(|no| session.belongs(entry, no));
        self.rows.update(&session.transcript, alone.is_some(), is_shown);
    }

    /// The rows that there are.
    pub fn range(&self) -> Range<u64> {
        self.rows.range()
    }

    /// The number of rows above and below those in sight.
    pub const fn out_of_sight(&self) -> (u64, u64) {
        self.out_of_sight
    }

    /// Scrolls just as far as it takes to show a packet.
    pub fn show(&mut self, no: PacketNo) {
        if let Some(row) = self.rows.row_of(no) {
            let range = self.range();
            if !self.scroll.window(range.clone(), self.height).contains(&row) {
                self.scroll.show(range, row);
            }
        }
    }

    /// Draws the rows in sight; `selected` is the packet on the wire that the keys act on.
    pub fn draw(&mut self, canvas: &mut Canvas, area: Rect, session: &Session, selected: Option<PacketNo>) {
        canvas.hits.zone(area, Zone::Diagram);
        if area.width < 12 || area.height < 2 {
            return;
        }
        let lane = Lane::of(area);
        let dim = canvas.theme.dim();
        let centre = lane.left + (lane.right - lane.left) / 2;
        let mut body = area;
        if session.lab.kind != LabKind::Isolated {
            let text = if usize::from(area.width) > 44 {
                "loopback lab: there is no wire to see"
            } else {
                "loopback: no wire to see"
            };
            canvas.put_cut(area.x + 1, body.y, area.right(), text, dim);
            body.y += 1;
            body.height -= 1;
        }
        canvas.bar(lane.left, body.y, body.bottom());
        canvas.bar(lane.right, body.y, body.bottom());
        let range = self.range();
        self.height = body.height;
        let window = self.scroll.window(range.clone(), body.height);
        self.out_of_sight = (window.start - range.start, range.end - window.end);
        if range.is_empty() {
            let text = "nothing yet";
            canvas.put(
                centre.saturating_sub(5).max(lane.left + 1),
                body.y + body.height / 2,
                lane.right,
                text,
                dim,
            );
        }
        self.rows_in(canvas, &lane, body, session, window, Audience::User { selected });
    }

    /// Draws the rows of a window of the range.
    fn rows_in(
        &self,
        canvas: &mut Canvas,
        lane: &Lane,
        body: Rect,
        session: &Session,
        window: Range<u64>,
        audience: Audience,
    ) {
        let newest = self.range().end.saturating_sub(1);
        let held = session.held_segments();
        let folds = held
            .iter()
            .filter_map(|held| Some((held.no, session.fold_words(held, canvas.now)?)));
        let folds: HashMap<PacketNo, String> = folds.collect();
        for (y, at) in (body.y..).zip(window) {
            if let Some(row) = self.rows.get(at) {
                self.row(canvas, lane, y, row, session, &folds, at == newest, audience);
            }
        }
    }

    /// Draws the last arrows with two lines each, in words without numbers: as many as there is room for, at most five.
    /// A press on one looks into it where `pressable` says so.
    pub fn arrows(&self, canvas: &mut Canvas, area: Rect, session: &Session, pressable: bool) {
        let lane = Lane::wide(area);
        canvas.bar(lane.left, area.y, area.bottom());
        canvas.bar(lane.right, area.y, area.bottom());
        let most = usize::from(area.height.div_ceil(2)).min(5);
        // Over the whole height.
        let apart = (usize::from(area.height) / most.max(1)).clamp(2, 6);
        let packets = self.rows.newest().filter_map(|row| match row.kind {
            RowKind::Packet { no, .. } => Some((row, no)),
            _ => None,
        });
        let mut last: Vec<_> = packets.take(most).collect();
        last.reverse();
        for ((row, no), y) in last
            .into_iter()
            .zip((area.y + (apart as u16 - 1) / 2..area.bottom()).step_by(apart))
        {
            let entry = session.transcript.entry(row.no);
            let Some(EntryKind::Packet(record)) = entry.map(|entry| &entry.what) else {
                continue;
            };
            let held = still_on_wire(session, no, record);
            let (kind, lost, style) = kind_and_style(canvas, record, held);
            let span = span(&self.rows, row, no, record, held, canvas.now);
            let line = kind.line(record.seen.again.is_some());
            if pressable {
                let place = Rect::new(lane.left + 1, y, lane.right.saturating_sub(lane.left + 1), 1);
                canvas.hits.add(place, Action::Segment(row.no), false);
            }
            let texts = [spoken(record)];
            let arrow = Arrow {
                from: record.from,
                texts: &texts,
                word: texts[0].split(',').next().unwrap_or_default(),
                span,
                line,
                style,
                word_style: if lost { style } else { canvas.theme.flags(kind) },
            };
            lane.arrow(canvas, y, &arrow);
        }
    }

    #[allow(clippy::too_many_arguments)] // where, what, and how
    fn row(
        &self,
        canvas: &mut Canvas,
        lane: &Lane,
        y: u16,
        row: &Row,
        session: &Session,
        folds: &HashMap<PacketNo, String>,
        newest: bool,
        audience: Audience,
    ) {
        let transcript = &session.transcript;
        let what = transcript.entry(row.no).map(|entry| &entry.what);
        let plain = if newest {
            canvas.theme.strong()
        } else {
            canvas.theme.text()
        };
        match row.kind {
            RowKind::Call {
                side,
                id,
                returned: returned_no,
            } => {
                let returned = returned_no.and_then(|no| transcript.entry(no)).map(|entry| &entry.what);
                let (texts, failed) = call_texts(what, returned);
                let style = if failed { canvas.theme.bad() } else { plain };
                lane.at_edge(canvas, y, side, &texts, style);
                if returned_no.is_some() {
                    lane.asks_why(canvas, y, Action::Why(id));
                }
            }
            RowKind::Return { side } => {
                let (texts, failed) = call_texts(None, what);
                let style = if failed { canvas.theme.bad() } else { plain };
                lane.at_edge(canvas, y, side, &texts, style);
                if let Some(EntryKind::Ended(call)) = what {
                    lane.asks_why(canvas, y, Action::Why(call.call()));
                }
            }
            RowKind::Packet {
                connection, no, again, ..
            } => {
                if let Some(EntryKind::Packet(record)) = what {
                    let held = still_on_wire(session, no, record);
                    let fold = held.and_then(|_| folds.get(&no)).map(String::as_str);
                    let texts = packet_texts(record, connection, again, fold, session);
                    let (kind, lost, style) = kind_and_style(canvas, record, held);
                    let span = span(&self.rows, row, no, record, held, canvas.now);
                    let line = kind.line(record.seen.again.is_some());
                    let action = Action::Segment(row.no);
                    let place = Rect::new(lane.left + 1, y, lane.right.saturating_sub(lane.left + 1), 1);
                    canvas.hits.add(place, action.clone(), false);
                    let word = word_of(&record.packet);
                    let arrow = Arrow {
                        from: record.from,
                        texts: &texts,
                        word: &word,
                        span,
                        line,
                        style,
                        word_style: if lost || held.is_some_and(|held| !held.is_in_flight()) {
                            style
                        } else {
                            canvas.theme.flags(kind)
                        },
                    };
                    let free = lane.arrow(canvas, y, &arrow);
                    if canvas.is_picked(place, &action) {
                        let picked = canvas.theme.picked();
                        canvas.tint(place, picked);
                    }
                    match (held, audience) {
                        (Some(held), Audience::User { selected }) => {
                            let mut stand_here = std::iter::once(no).chain(self.rows.behind(no));
                            let chosen = selected.is_some_and(|selected| stand_here.any(|no| no == selected));
                            if chosen && !held.is_in_flight() {
                                let picked = canvas.theme.picked();
                                canvas.tint(lane.rest(y, free), picked);
                            }
                            lane.on_wire(canvas, y, free, held_words(held, canvas.now), no, chosen);
                        }
                        (Some(held), Audience::Reader) if held.due.is_none() => {
                            let words = format!("held for {}", held_words(held, canvas.now));
                            canvas.put(free.0 + 1, y, free.1, &words, canvas.theme.dim());
                        }
                        (Some(_), Audience::Reader) | (None, _) => {}
                    }
                }
            }
            RowKind::States => {}
            RowKind::Named { side } => {
                if let Some(EntryKind::State {
                    socket: Some(name),
                    change,
                    ..
                }) = what
                {
                    let texts = state_texts(name, change);
                    lane.at_edge(canvas, y, side, &texts, canvas.theme.state(change.to));
                }
            }
            RowKind::Process { side } => {
                let texts = match what {
                    Some(EntryKind::Died(ProcessDied { how, .. })) => [format!("{side} {how}"), how.to_string()],
                    Some(EntryKind::Born(ProcessBorn { pid, .. })) => {
                        [format!("{side} restarted, pid {pid}"), format!("pid {pid}")]
                    }
                    _ => return,
                };
                lane.at_edge(canvas, y, side, &texts, canvas.theme.bad());
            }
            RowKind::Program { side } => {
                let Some(EntryKind::Program(news)) = what else { return };
                let (texts, failed) = program_texts(news);
                let style = if failed {
                    canvas.theme.bad()
                } else {
                    canvas.theme.strong()
                };
                lane.at_edge(canvas, y, side, &texts, style);
            }
            RowKind::ProgramCall { side } => {
                let Some(EntryKind::ProgramCall(call)) = what else {
                    return;
                };
                let failed = call.call.made.errno.is_some() && call.why.is_some();
                let style = if failed { canvas.theme.bad() } else { plain };
                lane.at_edge(canvas, y, side, &program_call_texts(call), style);
                if call.why.is_some() {
                    lane.asks_why(canvas, y, Action::WhyEntry(row.no));
                }
            }
            RowKind::Pause(pause) => {
                let text = format!("\u{b7} \u{b7} \u{b7} {} \u{b7} \u{b7} \u{b7}", human(pause));
                let x = lane.left + (lane.right - lane.left).saturating_sub(width(&text) as u16) / 2;
                canvas.put(x.max(lane.left + 1), y, lane.right, &text, canvas.theme.dim());
            }
        }
        for (side, state) in row.labels.iter() {
            if let Some(state) = state {
                lane.label(canvas, y, side, *state);
            }
        }
    }
}
