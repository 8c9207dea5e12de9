//! The textbook's time-sequence diagram, live: calls at both edges, segments between them, states beside them.
//!
//! `rows` are made once, as entries come; only those in sight are put into `words`, and drawn on the `lane`.

mod lane;
mod rows;
mod words;

use ratatui::layout::Rect;
use std::ops::Range;

use self::lane::{ArrowSpan, Lane};
use self::rows::{Row, RowKind, Rows};
use self::words::{call_texts, held_words, packet_texts};
use crate::clock::human;
use crate::lab::event::{Disposition, ProcessBorn, ProcessDied, StateChanged};
use crate::session::transcript::{EntryKind, Transcript};
use crate::session::{LabKind, Session};
use crate::side::Side;
use crate::text::width;
use crate::tui::canvas::Canvas;
use crate::tui::hit::{Action, Zone};
use crate::tui::layout;
use crate::tui::pane::states;
use crate::tui::scroll::Scroll;
use crate::wire::flow::PacketNo;
use crate::wire::segment::{Flags, Packet};

/// The diagram's rows, and which of them are in sight.
#[derive(Debug, Default)]
pub struct Diagram {
    rows: Rows,
    /// The lines that there were for rows when it was drawn last.
    height: u16,
    /// The rows that are in sight.
    pub scroll: Scroll,
}

impl Diagram {
    /// Takes in what the transcript has gained, and lets go of what it has lost.
    pub fn update(&mut self, transcript: &Transcript) {
        self.rows.update(transcript);
    }

    /// The rows that there are.
    pub fn range(&self) -> Range<u64> {
        self.rows.range()
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
    pub fn draw(
        &mut self,
        canvas: &mut Canvas,
        area: Rect,
        session: &Session,
        focus: Side,
        selected: Option<PacketNo>,
    ) {
        canvas.hits.zone(area, Zone::Diagram);
        if area.width < 12 || area.height < 3 {
            return;
        }
        let lane = Lane::of(area, focus);
        let dim = canvas.theme.dim();
        let strong = canvas.theme.strong();
        // The title: whose lifelines these are, and between them the buttons.
        let isolated = session.lab.kind == LabKind::Isolated;
        let taken = states::buttons(canvas, area);
        let name = |name: &'static str, room: u16| if room > 6 { name } else { &name[..1] };
        let client = name("CLIENT", taken.start - area.x);
        let x = lane.left.saturating_sub(if lane.labels.client { 6 } else { 0 });
        let most = taken.start.saturating_sub(client.len() as u16 + 1);
        canvas.put(x.min(most).max(area.x), area.y, area.right(), client, strong);
        let server = name("SERVER", area.right().saturating_sub(taken.end));
        let right = lane.right + if lane.labels.server { 6 } else { 1 };
        let least = taken.end + 1 + server.len() as u16;
        canvas.put_right(taken.end, area.y, right.max(least).min(area.right()), server, strong);
        let centre = lane.left + (lane.right - lane.left) / 2;
        let mut body = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        if !isolated {
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
        // What does not fit gets a line of its own.
        let whole = self.scroll.window(range.clone(), body.height);
        let (body, foot) = layout::bottom(body, u16::from(whole.end < range.end));
        self.height = body.height;
        let window = self.scroll.window(range.clone(), body.height);
        let newest = range.end.saturating_sub(1);
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
        for (y, at) in (body.y..).zip(window.clone()) {
            if let Some(row) = self.rows.get(at) {
                self.row(canvas, &lane, y, row, session, at == newest, selected);
            }
        }
        if window.end < range.end {
            let text = format!(" {} more v ", range.end - window.end);
            canvas.put_right(lane.left + 1, foot.y, lane.right, &text, strong);
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
        newest: bool,
        selected: Option<PacketNo>,
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
                    lane.asks_why(canvas, y, id);
                }
            }
            RowKind::Return { side } => {
                let (texts, failed) = call_texts(None, what);
                let style = if failed { canvas.theme.bad() } else { plain };
                lane.at_edge(canvas, y, side, &texts, style);
                if let Some(EntryKind::Ended(call)) = what {
                    lane.asks_why(canvas, y, call.call());
                }
            }
            RowKind::Packet {
                connection, no, again, ..
            } => {
                if let Some(EntryKind::Packet(record)) = what {
                    let held = session.wire.held.get(&no).filter(|_| record.waited.is_none());
                    let texts = packet_texts(record, connection, again, session);
                    let reset = matches!(&record.packet, Packet::Tcp(segment) if segment.flags.has(Flags::RST));
                    let lost = matches!(record.disposition, Disposition::Dropped | Disposition::Refused(_));
                    let style = match held {
                        Some(_) => canvas.theme.held(),
                        None if reset || lost => canvas.theme.bad(),
                        None => plain,
                    };
                    let way = match (record.disposition, record.waited) {
                        (Disposition::Held | Disposition::Delayed(_) | Disposition::InFlight(_), _) => {
                            ArrowSpan::Leaves('*')
                        }
                        // Its copy has the arrow.
                        (Disposition::Discarded, _) => ArrowSpan::Leaves('.'),
                        (Disposition::Dropped, None) => ArrowSpan::Leaves('x'),
                        // It left on a row of its own, further up.
                        (Disposition::Dropped, Some(_)) if self.rows.left_above(row, no) => ArrowSpan::Arrives('x'),
                        (Disposition::Dropped, Some(_)) => ArrowSpan::Leaves('x'),
                        (_, Some(_)) if self.rows.left_above(row, no) => ArrowSpan::Arrives('>'),
                        (Disposition::Refused(_), _) => ArrowSpan::Whole('x'),
                        (Disposition::Delivered, _) => ArrowSpan::Whole('>'),
                    };
                    let action = Action::Segment(row.no);
                    let place = Rect::new(lane.left + 1, y, lane.right.saturating_sub(lane.left + 1), 1);
                    canvas.hits.add(place, action.clone(), false);
                    let free = lane.arrow(canvas, y, record.from, &texts, way, style);
                    if canvas.is_picked(place, &action) {
                        let picked = canvas.theme.picked();
                        canvas.tint(place, picked);
                    }
                    if let Some(held) = held {
                        let mut stand_here = std::iter::once(no).chain(self.rows.behind(no));
                        let chosen = selected.is_some_and(|selected| stand_here.any(|no| no == selected));
                        if chosen {
                            let picked = canvas.theme.picked();
                            canvas.tint(lane.rest(y, free), picked);
                        }
                        lane.on_wire(canvas, y, free, held_words(held, canvas), no, chosen);
                    }
                }
            }
            RowKind::States => {}
            RowKind::Named { side } => {
                if let Some(EntryKind::State {
                    socket: Some(name),
                    change: StateChanged { to, .. },
                    ..
                }) = what
                {
                    let texts = [format!("{name}: {to}"), format!("{name}: {}", to.short())];
                    lane.at_edge(canvas, y, side, &texts, canvas.theme.state(*to));
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
            RowKind::Pause(pause) => {
                let text = format!("~ {} ~", human(pause));
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
