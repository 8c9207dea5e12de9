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
use crate::lab::event::Fate;
use crate::outcome::{Outcome, Value};
use crate::session::transcript::{Entry, Transcript, What, describe};
use crate::session::{LabKind, Session};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::tui::canvas::{Canvas, width};
use crate::tui::hit::Zone;
use crate::tui::pane::states;
use crate::tui::scroll::Scroll;
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
    /// A packet; `connection` counts from 1.
    Packet { connection: u32 },
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

/// The diagram's rows, and which of them are in sight.
#[derive(Debug, Default)]
pub struct Diagram {
    rows: VecDeque<Row>,
    gone: u64,
    upto: u64,
    last_at: Option<Duration>,
    connections: HashMap<(SocketAddr, SocketAddr), u32>,
    born: Ends<bool>,
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
            What::Packet { packet, .. } => {
                let connection = match packet {
                    Packet::Tcp(segment) => {
                        let next = self.connections.len() as u32 + 1;
                        *self.connections.entry(pair(segment)).or_insert(next)
                    }
                    Packet::Icmp { .. } | Packet::Other { .. } => 1,
                };
                self.push(entry, Kind::Packet { connection });
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
            What::Blocked { .. } | What::Host { .. } | What::Note { .. } => {}
        }
    }

    /// Draws the rows in sight.
    pub fn draw(&mut self, canvas: &mut Canvas, area: Rect, session: &Session, focus: Side) {
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
                self.row(canvas, &lane, y, row, session, at == newest);
            }
        }
        if window.end < range.end {
            let text = format!(" {} more v ", range.end - window.end);
            canvas.put_right(lane.left + 1, body.bottom() - 1, lane.right, &text, strong);
        }
    }

    fn row(&self, canvas: &mut Canvas, lane: &Lane, y: u16, row: &Row, session: &Session, newest: bool) {
        let transcript = &session.transcript;
        let what = transcript.entry(row.no).map(|entry| &entry.what);
        let plain = if newest {
            canvas.theme.strong()
        } else {
            canvas.theme.text()
        };
        match row.kind {
            Kind::Call { side, returned, .. } => {
                let returned = returned.and_then(|no| transcript.entry(no)).map(|entry| &entry.what);
                let (texts, failed) = call_texts(what, returned);
                let style = if failed { canvas.theme.bad() } else { plain };
                lane.at_edge(canvas, y, side, &texts, style);
            }
            Kind::Return { side } => {
                let (texts, failed) = call_texts(None, what);
                let style = if failed { canvas.theme.bad() } else { plain };
                lane.at_edge(canvas, y, side, &texts, style);
            }
            Kind::Packet { connection } => {
                if let Some(What::Packet {
                    from,
                    packet,
                    seq,
                    ack,
                    fate,
                    ..
                }) = what
                {
                    let texts = packet_texts(packet, *seq, *ack, connection, session);
                    let delivered = *fate == Fate::Delivered;
                    let reset = matches!(packet, Packet::Tcp(segment) if segment.flags.has(Flags::RST));
                    let style = if reset || !delivered { canvas.theme.bad() } else { plain };
                    lane.arrow(canvas, y, *from, &texts, delivered, style);
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

    /// An arrow from one lifeline to the other, or halfway, with the longest text that fits.
    fn arrow(
        &self,
        canvas: &mut Canvas,
        y: u16,
        from: Side,
        texts: &[String],
        delivered: bool,
        style: ratatui::style::Style,
    ) {
        let (left, right) = (self.left + 1, self.right);
        let room = usize::from(right.saturating_sub(left));
        let Some(text) = texts.iter().find(|text| width(text) + 5 <= room).or(texts.last()) else {
            return;
        };
        for x in left..right {
            canvas.put(x, y, right, "-", style);
        }
        let text = format!(" {text} ");
        let wide = width(&text) as u16;
        let spare = (right - left).saturating_sub(wide + 1);
        match from {
            Side::Client => {
                canvas.put(
                    left + 1 + spare.saturating_sub(2).min(1),
                    y,
                    right.saturating_sub(1),
                    &text,
                    style,
                );
                canvas.put(right - 1, y, right, if delivered { ">" } else { "x" }, style);
            }
            Side::Server => {
                let end = right.saturating_sub(1 + spare.saturating_sub(2).min(1));
                canvas.put_right(left + 1, y, end, &text, style);
                canvas.put(left, y, right, if delivered { "<" } else { "x" }, style);
            }
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
        Outcome::Ok(Value::Descriptor { fd, .. }) => fd.to_string(),
        Outcome::Ok(Value::Read { n: 0, .. }) => "0 (EOF)".into(),
        Outcome::Ok(Value::Read { n, .. } | Value::Written { n }) => n.to_string(),
        Outcome::Ok(Value::Ready { .. } | Value::PendingError { .. })
        | Outcome::Err(_)
        | Outcome::DeadlineExceeded { .. }
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
            (vec![format!("{text} ..."), format!("{name} ...")], false)
        }
        (None, _) => (Vec::new(), false),
    }
}

/// A packet in words, the longest first.
fn packet_texts(
    packet: &Packet,
    seq: Option<u32>,
    ack: Option<u32>,
    connection: u32,
    session: &Session,
) -> Vec<String> {
    let Packet::Tcp(segment) = packet else {
        let short = match packet {
            Packet::Icmp { .. } => "ICMP",
            Packet::Tcp(_) | Packet::Other { .. } => "other",
        };
        return vec![describe(packet, seq, ack), short.into()];
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
    let seq_text = format!(" seq {}", seq.unwrap_or(segment.seq.0));
    let ack_text = if flags.has(Flags::ACK) {
        format!(" ack {}", ack.unwrap_or(segment.ack.0))
    } else {
        String::new()
    };
    let len = if segment.len > 0 {
        format!(" len {}", segment.len)
    } else {
        String::new()
    };
    vec![
        format!("{which}{}", describe(packet, seq, ack)),
        format!("{which}{flags}{seq_text}{ack_text}{len}"),
        if segment.len > 0 {
            format!("{which}{flags}{seq_text}{len}")
        } else {
            format!("{which}{flags}{ack_text}")
        },
        format!("{which}{flags}{len}"),
        format!("{which}{flags}"),
        flags.to_string(),
    ]
}
