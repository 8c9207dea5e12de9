//! The textbook's time-sequence diagram, live: calls at both edges, segments between them, states beside them.
//!
//! Rows are kept small and made once, as entries come; only the rows in sight are put into words.

use ratatui::layout::Rect;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use crate::call::CallId;
use crate::clock::human;
use crate::command::wire::{Target, WireCommand};
use crate::lab::event::{Fate, Passage};
use crate::outcome::{Outcome, Value};
use crate::session::transcript::{Entry, Transcript, What, besides, describe};
use crate::session::{LabKind, OnWire, Session};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::text::width;
use crate::tui::canvas::Canvas;
use crate::tui::hit::{Action, Zone};
use crate::tui::layout;
use crate::tui::pane::states;
use crate::tui::scroll::Scroll;
use crate::wire::flow::{Again, PacketNo};
use crate::wire::queue::Origin;
use crate::wire::segment::{Flags, Packet, Segment};

/// A pause that is worth a line.
const PAUSE: Duration = Duration::from_secs(1);
/// What a state is put beside must have happened so shortly before.
const TOGETHER: Duration = Duration::from_millis(250);

/// What a row shows between the edges. Numbers are those of transcript entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A call at its end's edge, and its return when nothing lies between.
    Call {
        side: Side,
        id: CallId,
        returned: Option<u64>,
    },
    /// A return that comes later.
    Return { side: Side },
    /// A packet; `connection` counts from 1, `again` the retransmissions of it that stand on the wire or are lost.
    Packet {
        connection: u32,
        no: PacketNo,
        again: u32,
        fate: Fate,
    },
    /// Nothing but states at the edges.
    States,
    /// The state of a socket that is not the end's main one.
    Named { side: Side },
    /// An endpoint died or was born again.
    Process { side: Side },
    /// Nothing happened for so long.
    Pause(Duration),
}

#[derive(Clone, Copy, Debug)]
struct Row {
    no: u64,
    at: Duration,
    kind: Kind,
    labels: Ends<Option<State>>,
}

/// How often the packet of the newest row of that number is told to have come again.
fn again_of(rows: &mut VecDeque<Row>, head: PacketNo) -> Option<&mut u32> {
    let is_it = |row: &Row| matches!(row.kind, Kind::Packet { no, fate, .. } if no == head && fate.is_held());
    let place = rows.iter().rposition(is_it)?;
    match &mut rows[place].kind {
        Kind::Packet { again, .. } => Some(again),
        _ => None,
    }
}

/// Retransmissions that stand on the wire behind an earlier one of the same.
#[derive(Debug)]
struct Fold {
    /// What they are retransmissions of.
    of: PacketNo,
    /// Each with its entry's number and its connection's, the oldest first.
    behind: VecDeque<(PacketNo, u64, u32)>,
}

/// The diagram's rows, and which of them are in sight.
#[derive(Debug, Default)]
pub struct Diagram {
    rows: VecDeque<Row>,
    gone: u64,
    upto: u64,
    last_at: Option<Duration>,
    connections: HashMap<(SocketAddr, SocketAddr), u32>,
    born: Ends<bool>,
    /// By the packet that they stand behind.
    folds: HashMap<PacketNo, Fold>,
    /// The lines that there were for rows when it was drawn last.
    height: u16,
    /// Which rows are in sight.
    pub scroll: Scroll,
}

fn pair(segment: &Segment) -> (SocketAddr, SocketAddr) {
    let (a, b) = (segment.source, segment.destination);
    if a <= b { (a, b) } else { (b, a) }
}

impl Diagram {
    /// Takes in what the transcript has gained, and lets go of what it has lost.
    pub fn update(&mut self, transcript: &Transcript) {
        for entry in transcript.since(self.upto) {
            self.upto = entry.no;
            self.add(entry);
        }
        let first = transcript.entries().front().map_or(0, |entry| entry.no);
        while self.rows.front().is_some_and(|row| row.no < first) {
            self.rows.pop_front();
            self.gone += 1;
        }
    }

    /// The rows that there are.
    pub fn range(&self) -> Range<u64> {
        self.gone..self.gone + self.rows.len() as u64
    }

    fn push(&mut self, entry: &Entry, kind: Kind) {
        if let Some(last) = self.last_at {
            let pause = entry.at.saturating_sub(last);
            if pause >= PAUSE {
                self.rows.push_back(Row {
                    no: entry.no,
                    at: entry.at,
                    kind: Kind::Pause(pause),
                    labels: Ends::default(),
                });
            }
        }
        self.last_at = Some(entry.at);
        self.rows.push_back(Row {
            no: entry.no,
            at: entry.at,
            kind,
            labels: Ends::default(),
        });
    }

    fn add(&mut self, entry: &Entry) {
        match &entry.what {
            What::Call { side, call, .. } => self.push(
                entry,
                Kind::Call {
                    side: *side,
                    id: *call,
                    returned: None,
                },
            ),
            What::Outcome { side, call, .. } => {
                // Only states may stand between a call and its return, for both to go on one row.
                let newest = self
                    .rows
                    .iter_mut()
                    .rev()
                    .find(|row| !matches!(row.kind, Kind::States | Kind::Named { .. }));
                let begun = newest.and_then(|row| match &mut row.kind {
                    Kind::Call { id, returned, .. } if id == call => Some(returned),
                    _ => None,
                });
                match begun {
                    Some(returned) if self.last_at.is_none_or(|last| entry.at.saturating_sub(last) < PAUSE) => {
                        *returned = Some(entry.no);
                        self.last_at = Some(entry.at);
                    }
                    _ => self.push(entry, Kind::Return { side: *side }),
                }
            }
            What::Packet(passage) => {
                self.add_packet(entry, passage);
                self.unfold(entry, passage);
            }
            What::State { side, socket, to, .. } => {
                let main = socket
                    .as_ref()
                    .is_none_or(|name| name.as_str() == side.name() || name.as_str() == "listener");
                if !main {
                    self.push(entry, Kind::Named { side: *side });
                    return;
                }
                let fits = |row: &Row| {
                    row.labels[*side].is_none()
                        && entry.at.saturating_sub(row.at) < TOGETHER
                        && match row.kind {
                            Kind::Call { side: caller, .. } | Kind::Return { side: caller } => caller == *side,
                            Kind::Packet { .. } | Kind::States => true,
                            Kind::Named { .. } | Kind::Process { .. } | Kind::Pause(_) => false,
                        }
                };
                if !self.rows.back().is_some_and(fits) {
                    self.push(entry, Kind::States);
                }
                self.last_at = Some(entry.at);
                if let Some(row) = self.rows.back_mut() {
                    row.labels[*side] = Some(*to);
                }
            }
            What::Born { side, .. } => {
                // The first birth of each is the beginning, not news.
                if std::mem::replace(&mut self.born[*side], true) {
                    self.push(entry, Kind::Process { side: *side });
                }
            }
            What::Died { side, .. } => self.push(entry, Kind::Process { side: *side }),
            // The end of the process is drawn.
            What::Lost { .. }
            | What::Blocked { .. }
            | What::Syscall { .. }
            | What::Host { .. }
            | What::Note { .. }
            | What::Wire { .. } => {}
        }
    }

    fn add_packet(&mut self, entry: &Entry, passage: &Passage) {
        let connection = match &passage.packet {
            Packet::Tcp(segment) => {
                let next = self.connections.len() as u32 + 1;
                *self.connections.entry(pair(segment)).or_insert(next)
            }
            Packet::Icmp { .. } | Packet::Other { .. } => 1,
        };
        let no = passage.no;
        // What becomes of one that stands on the newest row is told on that row.
        let newest = self.rows.back_mut();
        if passage.waited.is_some()
            && let Some(row) = newest
            && let Kind::Packet {
                no: of, fate, again, ..
            } = &mut row.kind
            && *of == no
        {
            *fate = passage.fate;
            // What stood behind it gets a row of its own.
            *again = if passage.fate.is_held() { *again } else { 0 };
            row.no = entry.no;
            row.at = entry.at;
            self.last_at = Some(entry.at);
            return;
        }
        // A retransmission that stands on the wire behind the first, or is lost like it, is folded under it.
        if let (Some(Again::Retransmit { of: Some(of), .. }), None) = (passage.seen.again, passage.waited) {
            let head = self
                .folds
                .iter()
                .find(|(_, fold)| fold.of == of)
                .map_or(of, |(head, _)| *head);
            let first = self.rows.iter_mut().rev().find_map(|row| match &mut row.kind {
                Kind::Packet { no, again, fate, .. } if *no == head => Some((again, *fate)),
                _ => None,
            });
            let alike = |first: Fate| {
                (first.is_held() && passage.fate.is_held()) || (first == Fate::Dropped && passage.fate == Fate::Dropped)
            };
            if let Some((again, first)) = first
                && alike(first)
            {
                *again += 1;
                if passage.fate.is_held() {
                    let fold = self.folds.entry(head).or_insert(Fold {
                        of,
                        behind: VecDeque::new(),
                    });
                    fold.behind.push_back((no, entry.no, connection));
                }
                return;
            }
        }
        // Its own row already says that it is delayed.
        if passage.fate.is_held() && passage.waited.is_some() {
            return;
        }
        let fate = passage.fate;
        self.push(
            entry,
            Kind::Packet {
                connection,
                no,
                again: 0,
                fate,
            },
        );
    }

    /// What stood folded behind a packet comes into sight when that has left the wire; one that has left from behind is forgotten.
    fn unfold(&mut self, entry: &Entry, passage: &Passage) {
        if passage.fate.is_held() {
            return;
        }
        for (head, fold) in &mut self.folds {
            let before = fold.behind.len();
            fold.behind.retain(|(no, ..)| *no != passage.no);
            let gone = (before - fold.behind.len()) as u32;
            if gone > 0
                && let Some(again) = again_of(&mut self.rows, *head)
            {
                *again = again.saturating_sub(gone);
            }
        }
        let Some(mut fold) = self.folds.remove(&passage.no) else {
            return;
        };
        // Where it left its host, it stands alone again.
        if let Some(again) = again_of(&mut self.rows, passage.no) {
            *again = 0;
        }
        if let Some((no, at, connection)) = fold.behind.pop_front() {
            let again = fold.behind.len() as u32;
            self.rows.push_back(Row {
                no: at,
                at: entry.at,
                kind: Kind::Packet {
                    connection,
                    no,
                    again,
                    fate: Fate::Held,
                },
                labels: Ends::default(),
            });
            self.folds.insert(no, fold);
        }
    }

    /// Does the packet of `row` have an earlier row, where it left its host?
    fn left_above(&self, row: &Row, no: PacketNo) -> bool {
        let same = |other: &&Row| matches!(other.kind, Kind::Packet { no: of, .. } if of == no) && other.no < row.no;
        self.rows.iter().rev().any(|other| same(&other))
    }

    /// The row where a packet left, or what became of it; none when it is on none.
    fn row_of(&self, no: PacketNo) -> Option<u64> {
        let place = self
            .rows
            .iter()
            .rposition(|row| matches!(row.kind, Kind::Packet { no: of, .. } if of == no))?;
        Some(self.gone + place as u64)
    }

    /// Scrolls just as far as it takes to show a packet.
    pub fn show(&mut self, no: PacketNo) {
        if let Some(row) = self.row_of(no) {
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
        // What does not fit is told on a line of its own.
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
            if let Some(row) = self.rows.get((at - self.gone) as usize) {
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
            Kind::Call {
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
            Kind::Return { side } => {
                let (texts, failed) = call_texts(None, what);
                let style = if failed { canvas.theme.bad() } else { plain };
                lane.at_edge(canvas, y, side, &texts, style);
                if let Some(What::Outcome { call, .. }) = what {
                    lane.asks_why(canvas, y, *call);
                }
            }
            Kind::Packet {
                connection, no, again, ..
            } => {
                if let Some(What::Packet(passage)) = what {
                    let held = session.wire.held.get(&no).filter(|_| passage.waited.is_none());
                    let texts = packet_texts(passage, connection, again, session);
                    let reset = matches!(&passage.packet, Packet::Tcp(segment) if segment.flags.has(Flags::RST));
                    let lost = matches!(passage.fate, Fate::Dropped | Fate::Refused(_));
                    let style = match held {
                        Some(_) => canvas.theme.held(),
                        None if reset || lost => canvas.theme.bad(),
                        None => plain,
                    };
                    let way = match (passage.fate, passage.waited) {
                        (Fate::Held | Fate::Delayed(_), _) => Stretch::Leaves('*'),
                        (Fate::Dropped, None) => Stretch::Leaves('x'),
                        // It left on a row of its own, further up.
                        (Fate::Dropped, Some(_)) if self.left_above(row, no) => Stretch::Arrives('x'),
                        (Fate::Dropped, Some(_)) => Stretch::Leaves('x'),
                        (_, Some(_)) if self.left_above(row, no) => Stretch::Arrives('>'),
                        (Fate::Refused(_), _) => Stretch::Whole('x'),
                        (Fate::Delivered, _) => Stretch::Whole('>'),
                    };
                    let action = Action::Segment(row.no);
                    let place = Rect::new(lane.left + 1, y, lane.right.saturating_sub(lane.left + 1), 1);
                    canvas.hits.add(place, action.clone(), false);
                    let free = lane.arrow(canvas, y, passage.from, &texts, way, style);
                    if canvas.is_picked(place, &action) {
                        let picked = canvas.theme.picked();
                        canvas.tint(place, picked);
                    }
                    if let Some(held) = held {
                        let behind = self.folds.get(&no).map(|fold| &fold.behind);
                        let chosen = selected.is_some_and(|selected| {
                            selected == no || behind.is_some_and(|behind| behind.iter().any(|(no, ..)| *no == selected))
                        });
                        if chosen {
                            let picked = canvas.theme.picked();
                            canvas.tint(lane.rest(y, free), picked);
                        }
                        lane.on_wire(canvas, y, free, held_words(held, canvas), no, chosen);
                    }
                }
            }
            Kind::States => {}
            Kind::Named { side } => {
                if let Some(What::State {
                    socket: Some(name), to, ..
                }) = what
                {
                    let texts = [format!("{name}: {to}"), format!("{name}: {}", to.short())];
                    lane.at_edge(canvas, y, side, &texts, canvas.theme.state(*to));
                }
            }
            Kind::Process { side } => {
                let texts = match what {
                    Some(What::Died { how, .. }) => [format!("{side} {how}"), how.to_string()],
                    Some(What::Born { pid, .. }) => [format!("{side} restarted, pid {pid}"), format!("pid {pid}")],
                    _ => return,
                };
                lane.at_edge(canvas, y, side, &texts, canvas.theme.bad());
            }
            Kind::Pause(pause) => {
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

/// How long a packet has stood on the wire, or how long until it goes on.
fn held_words(held: &OnWire, canvas: &Canvas) -> String {
    match held.due {
        Some(due) => format!("in {}", human(due.since(canvas.now))),
        None => human(canvas.now.since(held.since)),
    }
}

/// How far an arrow goes, and what stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stretch {
    /// From one lifeline to the other.
    Whole(char),
    /// From its sender's to somewhere on the wire.
    Leaves(char),
    /// From somewhere on the wire to the other.
    Arrives(char),
}

/// The two lifelines, and the columns for states outside them.
struct Lane {
    area: Rect,
    left: u16,
    right: u16,
    labels: Ends<bool>,
}

impl Lane {
    fn of(area: Rect, focus: Side) -> Lane {
        // The widest state is 11 columns, most are 9 at the most, and the others have a short name; where two such columns leave no room, only the focused end has one.
        let outside = match area.width {
            56.. => 12,
            _ => 10,
        };
        let labels = Ends::from_fn(|side| area.width >= 38 || side == focus);
        let left = area.x + if labels.client { outside } else { 1 };
        let right = area.right() - 1 - if labels.server { outside } else { 1 };
        Lane {
            area,
            left,
            right,
            labels,
        }
    }

    /// A press on a call that has returned asks why.
    fn asks_why(&self, canvas: &mut Canvas, y: u16, call: CallId) {
        let place = Rect::new(self.left + 1, y, self.right.saturating_sub(self.left + 1), 1);
        let action = Action::Why(call);
        canvas.hits.add(place, action.clone(), false);
        if canvas.is_picked(place, &action) {
            let picked = canvas.theme.picked();
            canvas.tint(place, picked);
        }
    }

    /// The longest text that fits, at an end's edge.
    fn at_edge(&self, canvas: &mut Canvas, y: u16, side: Side, texts: &[String], style: ratatui::style::Style) {
        let (left, right) = (self.left + 2, self.right.saturating_sub(1));
        let room = usize::from(right.saturating_sub(left));
        let Some(text) = texts.iter().find(|text| width(text) <= room).or(texts.last()) else {
            return;
        };
        match side {
            Side::Client => {
                canvas.put_cut(left, y, right, text, style);
            }
            Side::Server => {
                let x = right.saturating_sub(width(text) as u16).max(left);
                canvas.put_cut(x, y, right, text, style);
            }
        }
    }

    /// An arrow with the longest text that fits: the columns of the lane that it leaves free.
    fn arrow(
        &self,
        canvas: &mut Canvas,
        y: u16,
        from: Side,
        texts: &[String],
        stretch: Stretch,
        style: ratatui::style::Style,
    ) -> (u16, u16) {
        let (left, right) = (self.left + 1, self.right);
        let room = usize::from(right.saturating_sub(left));
        let Some(text) = texts.iter().find(|text| width(text) + 5 <= room).or(texts.last()) else {
            return (left, right);
        };
        let text = format!(" {text} ");
        let wide = width(&text) as u16;
        // One that goes halfway takes what its text needs, and no less than half of the lane.
        let all = right.saturating_sub(left);
        let long = match stretch {
            Stretch::Whole(_) => all,
            Stretch::Leaves(_) | Stretch::Arrives(_) => (wide + 3).max(all / 2).min(all),
        };
        let at_left = matches!(
            (from, stretch),
            (Side::Client, Stretch::Whole(_) | Stretch::Leaves(_)) | (Side::Server, Stretch::Arrives(_))
        );
        let (start, end) = match stretch {
            Stretch::Whole(_) => (left, right),
            Stretch::Leaves(_) | Stretch::Arrives(_) if at_left => (left, left + long),
            Stretch::Leaves(_) | Stretch::Arrives(_) => (right - long, right),
        };
        for x in start..end {
            canvas.put(x, y, end, "-", style);
        }
        let spare = (end - start).saturating_sub(wide + 1);
        let inset = 1 + spare.saturating_sub(2).min(1);
        let (Stretch::Whole(point) | Stretch::Leaves(point) | Stretch::Arrives(point)) = stretch;
        let point = match (point, from) {
            ('>', Side::Server) => '<',
            (point, _) => point,
        };
        match from {
            Side::Client => {
                canvas.put(start + inset, y, end.saturating_sub(1), &text, style);
                canvas.put(end - 1, y, end, point.encode_utf8(&mut [0; 4]), style);
            }
            Side::Server => {
                canvas.put_right(start + 1, y, end.saturating_sub(inset), &text, style);
                canvas.put(start, y, end, point.encode_utf8(&mut [0; 4]), style);
            }
        }
        if let Stretch::Arrives(_) = stretch {
            // Where it stood on the wire.
            let stood = if from == Side::Client { start } else { end - 1 };
            canvas.put(stood, y, stood + 1, "*", style);
        }
        if start > left { (left, start) } else { (end, right) }
    }

    /// What an arrow takes up of the lane, beside what it leaves free.
    const fn rest(&self, y: u16, (start, end): (u16, u16)) -> Rect {
        let left = self.left + 1;
        let (from, to) = if start == left {
            (end, self.right)
        } else {
            (left, start)
        };
        Rect::new(from, y, to.saturating_sub(from), 1)
    }

    /// Beside a packet on the wire: how long it has stood there, and what can be done with it.
    fn on_wire(&self, canvas: &mut Canvas, y: u16, free: (u16, u16), since: String, no: PacketNo, selected: bool) {
        let (mut x, right) = (free.0 + 1, free.1);
        let strong = canvas.theme.strong();
        if selected && x < right {
            x = canvas.put(x, y, right, "<", strong) + 1;
        }
        let target = Target::One(no);
        for (label, command) in [
            ("deliver", WireCommand::Deliver(target)),
            ("drop", WireCommand::Drop(target)),
        ] {
            let end = canvas.button(x, y, right, None, label, Action::Wire(command));
            x = if end > x { end + 1 } else { x };
        }
        if usize::from(right.saturating_sub(x)) >= width(&since) {
            let dim = canvas.theme.dim();
            canvas.put(x, y, right, &since, dim);
        }
    }

    /// A state outside the lifeline.
    fn label(&self, canvas: &mut Canvas, y: u16, side: Side, state: State) {
        if !self.labels[side] {
            return;
        }
        let (left, right) = match side {
            Side::Client => (self.area.x, self.left.saturating_sub(1)),
            Side::Server => (self.right + 2, self.area.right()),
        };
        let room = usize::from(right.saturating_sub(left));
        let name = if state.name().len() <= room {
            state.name()
        } else {
            state.short()
        };
        let style = canvas.theme.state(state);
        match side {
            Side::Client => canvas.put_right(left, y, right, name, style),
            Side::Server => {
                canvas.put(left, y, right, name, style);
            }
        }
    }
}

/// What a call returned, as `strace` has it after the `=`.
fn result(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok(Value::Done | Value::Options { .. }) => "0".into(),
        Outcome::Ok(Value::Later) => outcome.brief(),
        Outcome::Ok(Value::Descriptor { fd, .. }) => fd.to_string(),
        Outcome::Ok(Value::Read { n: 0, .. }) => "0 (EOF)".into(),
        Outcome::Ok(Value::Read { n, .. } | Value::Written { n }) => n.to_string(),
        Outcome::Ok(Value::Ready { .. } | Value::PendingError { .. })
        | Outcome::Err(_)
        | Outcome::DeadlineExceeded { .. }
        | Outcome::Library(_)
        | Outcome::Unsupported(_) => outcome.brief(),
    }
}

/// A call and its return in words, the longest first; and whether it failed.
fn call_texts(call: Option<&What>, returned: Option<&What>) -> (Vec<String>, bool) {
    let called = match call {
        Some(What::Call { text, .. }) => Some(text.as_str()),
        _ => None,
    };
    match (called, returned) {
        (called, Some(What::Outcome { name, outcome, .. })) => {
            let result = result(outcome);
            let mut texts = Vec::new();
            if let Some(text) = called {
                texts.push(format!("{text} = {result}"));
            }
            texts.push(format!("{name} = {result}"));
            texts.push(format!("= {result}"));
            (texts, outcome.errno().is_some())
        }
        (Some(text), _) => {
            let name = text.split('(').next().unwrap_or(text);
            // A lingering close is two calls.
            let more = if text.contains("), close(") { ", close" } else { "" };
            (vec![format!("{text} ..."), format!("{name}{more} ...")], false)
        }
        (None, _) => (Vec::new(), false),
    }
}

/// A packet in words, the longest first.
fn packet_texts(passage: &Passage, connection: u32, again: u32, session: &Session) -> Vec<String> {
    let more = match (again, besides(passage)) {
        (0, None) => String::new(),
        (0, Some(besides)) => format!("  {besides}"),
        (n, _) => format!("  +{n} again"),
    };
    // The least that tells it from an ordinary one.
    let mark = match (passage.origin, passage.seen.again) {
        (Origin::Forged, _) => "forged ",
        (Origin::Copy(_), _) => "copy ",
        (Origin::Host, Some(Again::Retransmit { .. })) => "again ",
        (Origin::Host, Some(Again::Probe)) => "probe ",
        (Origin::Host, None) => "",
    };
    let Packet::Tcp(segment) = &passage.packet else {
        let short = match &passage.packet {
            Packet::Icmp { message, .. } => vec![message.clone(), "ICMP".into()],
            Packet::Tcp(_) | Packet::Other { .. } => vec!["other".into()],
        };
        let mut texts = vec![
            format!("{}{more}", describe(passage)),
            format!("{mark}{}", describe(passage)),
        ];
        texts.extend(short.into_iter().map(|text| format!("{mark}{text}")));
        return texts;
    };
    // Beside the first connection, the port that is not the listener's tells them apart.
    let which = if connection > 1 {
        let port = if segment.source.port() == session.lab.port.0 {
            segment.destination.port()
        } else {
            segment.source.port()
        };
        format!(":{port} ")
    } else {
        String::new()
    };
    let flags = segment.flags;
    let seq = format!(" seq {}", passage.seen.seq.unwrap_or(segment.seq.0));
    let ack = if flags.has(Flags::ACK) {
        format!(" ack {}", passage.seen.ack.unwrap_or(segment.ack.0))
    } else {
        String::new()
    };
    let len = if segment.len > 0 {
        format!(" len {}", segment.len)
    } else {
        String::new()
    };
    // Where data has no room for its length, it is still told from an acknowledgement.
    let data = if segment.len > 0 { " data" } else { "" };
    let plus = if again > 0 { format!(" +{again}") } else { String::new() };
    vec![
        format!("{which}{}{more}", describe(passage)),
        format!("{which}{flags}{seq}{ack}{len}{more}"),
        format!("{which}{mark}{flags}{seq}{ack}{len}{plus}"),
        if segment.len > 0 {
            format!("{which}{mark}{flags}{seq}{len}{plus}")
        } else {
            format!("{which}{mark}{flags}{ack}{plus}")
        },
        format!("{which}{mark}{flags}{len}{plus}"),
        format!("{mark}{flags}{len}{plus}"),
        format!("{mark}{flags}{plus}"),
        format!("{flags}{data}"),
        flags.to_string(),
    ]
}
