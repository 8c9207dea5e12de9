//! What the script shows of each step, as JSON: both ends and the directions, each written once where it stays as it is.

use serde_json::{Value, json};
use std::collections::HashMap;

use crate::export::colours::class_of;
use crate::export::moment::{EndSnapshot, EndsSnapshot, Moment, SnapshotSocket};
use crate::export::story::Story;
use crate::export::svg::Drawing;
use crate::session::now::Pipe;
use crate::session::view::HeldBy;
use crate::side::Side;
use crate::socket_table::Tuple;
use crate::state::State;

/// Values, each once.
#[derive(Default)]
struct Pool {
    values: Vec<Value>,
    places: HashMap<String, usize>,
}

impl Pool {
    /// Returns the place of a value.
    fn place(&mut self, value: Value) -> usize {
        let next = self.values.len();
        let place = *self.places.entry(value.to_string()).or_insert(next);
        if place == next {
            self.values.push(value);
        }
        place
    }
}

/// Returns the data of a story; `<` is escaped, so that no text of the run ends its element.
pub(super) fn json(story: &Story, wide: &Drawing, narrow: &Drawing) -> String {
    let (mut sockets, mut ends, mut presents) = (Pool::default(), Pool::default(), Pool::default());
    let mut steps = Vec::new();
    let mut act = 1;
    let (wide, narrow) = (Places::new(wide), Places::new(narrow));
    for (moment, no) in story.moments.iter().zip(1_usize..) {
        let before = story.moments[..no - 1].last();
        if moment.begins_act(before) {
            act = no;
        }
        let present = moment.present.as_ref();
        let present = present.map(|present| of_present(present, &mut sockets, &mut ends));
        steps.push(json!({
            "present": present.map(|present| presents.place(present)),
            "act": act,
            "wide": wide.span(moment),
            "narrow": narrow.span(moment),
        }));
    }
    let all = json!({
        "steps": steps,
        "presents": presents.values,
        "ends": ends.values,
        "sockets": sockets.values,
    });
    all.to_string().replace('<', "\\u003c")
}

/// The places of entries in a drawing.
struct Places {
    /// Entries in order, each with the height at which the first row of what comes from it on begins.
    starts: Vec<(u64, i32)>,
    bottom: i32,
}

impl Places {
    fn new(drawing: &Drawing) -> Places {
        let mut starts = drawing.rows.clone();
        // A row is of the newest entry about its packet, which may be younger than the row below it.
        starts.sort_unstable();
        let mut first = drawing.bottom;
        for (_, y) in starts.iter_mut().rev() {
            first = first.min(*y);
            *y = first;
        }
        Places {
            starts,
            bottom: drawing.bottom,
        }
    }

    fn start(&self, entry: u64) -> i32 {
        let place = self.starts.partition_point(|(of, _)| *of < entry);
        self.starts.get(place).map_or(self.bottom, |(_, y)| *y)
    }

    /// Returns where the rows of a moment begin and end; of one without rows, where they would.
    fn span(&self, moment: &Moment) -> [i32; 2] {
        [self.start(moment.first), self.start(moment.last + 1)]
    }
}

fn of_present(present: &EndsSnapshot, sockets: &mut Pool, ends: &mut Pool) -> Value {
    let mut end = |side: Side| {
        let end = of_end(&present.ends[side], sockets);
        ends.place(end)
    };
    let (client, server) = (end(Side::Client), end(Side::Server));
    let pipes = present.directions.as_ref();
    json!({
        "client": client,
        "server": server,
        "pipes": pipes.map(|pipes| Side::BOTH.map(|from| of_pipe(&pipes[from]))),
    })
}

fn of_pipe(pipe: &Pipe) -> Value {
    json!({
        "from": pipe.from.name(),
        "state": pipe.state,
        "words": pipe.words,
        "load": pipe.load,
    })
}

fn of_end(end: &EndSnapshot, sockets: &mut Pool) -> Value {
    let places: Vec<usize> = end
        .sockets
        .iter()
        .map(|socket| sockets.place(of_socket(socket)))
        .collect();
    json!({
        "means": end.means.long,
        "can": end.can.short,
        "waits": end.waits.short,
        "calling": end.blocked.join(", "),
        "process": end.process,
        "sockets": places,
        "more": end.left_out,
    })
}

fn of_socket(socket: &SnapshotSocket) -> Value {
    json!({
        "label": socket.label,
        "state": socket.state.name(),
        "class": class_of(socket.state),
        "role": socket.role.to_string(),
        "facts": facts(socket),
        "note": socket.note,
        "current": socket.current,
        "over": socket.over,
    })
}

/// Returns the facts of a socket, each in a few words: its descriptor and holder, addresses, queues and timer.
fn facts(socket: &SnapshotSocket) -> Vec<String> {
    let mut facts = Vec::new();
    facts.extend(socket.fd.map(|fd| format!("fd {fd}")));
    facts.extend(socket.owner.clone());
    if socket.held != HeldBy::Open {
        facts.push(socket.held.words().to_owned());
    }
    facts.extend(socket.tuple.map(addresses));
    if socket.tuple.is_some() && socket.state == State::Listen {
        let waiting = socket.unread.unwrap_or(0);
        // A backlog of n holds n + 1 (sk_acceptq_is_full).
        let most = socket
            .unacknowledged
            .map_or(String::new(), |backlog| format!(" of {}", backlog.saturating_add(1)));
        facts.push(format!("{waiting}{most} not accepted"));
    } else {
        let unread = socket.unread.filter(|bytes| *bytes > 0);
        facts.extend(unread.map(|bytes| format!("{bytes} B unread")));
        facts.extend(unacknowledged(socket));
    }
    facts.extend(socket.timer.as_ref().map(|timer| format!("timer {timer}")));
    if socket.retransmits > 0 {
        facts.push(format!("{} retransmissions", socket.retransmits));
    }
    facts
}

/// Returns what the peer has not acknowledged: SYN and FIN have a number each, and are counted among the bytes of the queue.
fn unacknowledged(socket: &SnapshotSocket) -> Option<String> {
    let control = match socket.state {
        State::SynSent | State::SynRecv => Some("SYN"),
        State::FinWait1 | State::Closing | State::LastAck => Some("FIN"),
        State::Close | State::Listen | State::Established | State::FinWait2 | State::TimeWait | State::CloseWait => {
            None
        }
    };
    let count = socket.unacknowledged.filter(|count| *count > 0)?;
    Some(match (control, count) {
        (None, count) => format!("{count} B unacknowledged"),
        (Some(name), 1) => format!("{name} unacknowledged"),
        (Some(name), count) => format!("{} B and {name} unacknowledged", count - 1),
    })
}

fn addresses(tuple: Tuple) -> String {
    if tuple.is_listener() {
        format!(":{}", tuple.local.port())
    } else {
        format!(":{} \u{2192} :{}", tuple.local.port(), tuple.peer.port())
    }
}
