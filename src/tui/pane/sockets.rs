//! The state pane: an end's process, its sockets, and what the kernel says of them.

use ratatui::layout::Rect;
use std::net::SocketAddr;
use std::time::Duration;

use crate::clock::{MonoTime, human};
use crate::command::{EndCommand, Pick, table};
use crate::session::view::{HeldBy, SocketView};
use crate::session::{ProcessState, Session};
use crate::side::Side;
use crate::state::State;
use crate::text::{width, wrap};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::state::SocketIdentity;
use crate::tui::hit::{Action, Zone};
use crate::tui::layout;

/// Returns the number of lines that an end's title takes.
pub fn title_lines(session: &Session, side: Side) -> u16 {
    match session.ends[side].process {
        ProcessState::Dead { .. } => 2,
        ProcessState::Running { .. } | ProcessState::Starting { .. } => 1,
    }
}

fn restart_button() -> (char, &'static str) {
    let button = table::of_end(&EndCommand::Restart).buttons.first();
    button.map_or(('R', "restart"), |button| (button.key, button.label))
}

/// Draws whose column this is, and how its process is.
pub fn title(canvas: &mut Canvas, area: Rect, session: &Session, side: Side, focused: bool) {
    let end = &session.ends[side];
    let address = session.lab.addresses[side];
    canvas.hits.add(area, Action::Focus(side), false);
    let style = if focused {
        canvas.theme.picked().patch(canvas.theme.strong())
    } else {
        canvas.theme.strong()
    };
    if focused {
        canvas.tint(Rect { height: 1, ..area }, style);
    }
    let name = side.name().to_uppercase();
    let right = area.right().saturating_sub(1);
    let mut x = canvas.put(area.x + 1, area.y, right, &name, style);
    let mut words = vec![address.to_string()];
    match &end.process {
        _ if session.lab.capture.is_some() => {}
        ProcessState::Starting { .. } => words.push("starting".into()),
        ProcessState::Running { pid, runtime } => {
            let pid_and_runtime = format!("pid {pid} {runtime}");
            let room = usize::from(right.saturating_sub(x)) >= width(&words[0]) + width(&pid_and_runtime) + 4;
            words.push(if room { pid_and_runtime } else { format!("pid {pid}") });
        }
        ProcessState::Dead { .. } => {}
    }
    match session.inside(side) {
        0 => {}
        1 => words.push("and a connection of the host with itself".into()),
        n => words.push(format!("and {n} connections of the host with itself")),
    }
    for word in words {
        if usize::from(right.saturating_sub(x)) >= width(&word) + 2 {
            x = canvas.put(x + 2, area.y, right, &word, style);
        }
    }
    if let ProcessState::Dead { how, .. } = &end.process
        && area.height > 1
    {
        let (key, label) = restart_button();
        let bad = canvas.theme.bad();
        let room = area.right().saturating_sub(canvas.button_width(Some(key), label) + 1);
        let x = canvas.put_cut(area.x + 1, area.y + 1, room, &format!("dead: {how}"), bad);
        canvas.button(
            x + 1,
            area.y + 1,
            area.right(),
            Some(key),
            label,
            Action::End(side, EndCommand::Restart),
        );
    }
}

/// The holder, when it is not the endpoint by an open descriptor.
fn held(view: &SocketView) -> String {
    match (view.held, view.owner) {
        (HeldBy::Open, None) => String::new(),
        (HeldBy::Open, Some(owner)) => owner.to_string(),
        (held, None) => held.words().to_owned(),
        (held, Some(owner)) => format!("{}, of {owner}", held.words()),
    }
}

/// `rx 0 tx 5`, `queue 1/3`; nothing when the kernel has no row. The row of TIME_WAIT has no queue: the old socket's is said.
fn queues(view: &SocketView) -> String {
    match view.row {
        None => String::new(),
        Some(observed) if observed.row.state == State::Listen => {
            // A backlog of n holds n + 1 (sk_acceptq_is_full).
            format!(
                "queue {}/{}",
                observed.row.rx_queue,
                observed.row.tx_queue.saturating_add(1)
            )
        }
        Some(observed) if observed.row.state == State::TimeWait => {
            let unread = view.unread.map_or("?".to_owned(), |unread| unread.to_string());
            format!("rx {unread} tx {}", observed.row.tx_queue)
        }
        Some(observed) => format!("rx {} tx {}", observed.row.rx_queue, observed.row.tx_queue),
    }
}

fn timer(view: &SocketView, read: MonoTime, now: MonoTime) -> String {
    match view.timer(read, now) {
        Some((kind, left)) => format!("{} {}", kind.name(view.state()), human(left)),
        None => String::new(),
    }
}

/// An address on one line, or only its port, where the whole one has no room.
fn fitting(address: SocketAddr, room: usize) -> String {
    let whole = address.to_string();
    if width(&whole) <= room {
        whole
    } else {
        format!(":{}", address.port())
    }
}

/// The addresses, on as many lines as they need.
fn addresses(view: &SocketView, room: usize) -> Vec<String> {
    let Some(observed) = view.row else {
        return vec![match view.held {
            HeldBy::Closed => "the kernel has forgotten it".into(),
            _ => "not in the kernel's table".into(),
        }];
    };
    let tuple = observed.row.tuple;
    let local = fitting(tuple.local, room);
    if tuple.peer.port() == 0 {
        return vec![local];
    }
    let both = format!("{local} -> {}", tuple.peer);
    if width(&both) <= room {
        vec![both]
    } else {
        vec![local, format!("-> {}", fitting(tuple.peer, room.saturating_sub(3)))]
    }
}

/// Joins words with two blanks, and begins a new line where the next has no room.
fn flow(words: Vec<String>, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.into_iter().filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if width(line) + 2 + width(&word) <= room => {
                line.push_str("  ");
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// Returns what each source of a state says, and why they differ, where that is out of the ordinary; what always differs so is said in the
/// dialog of the state.
fn differing(view: &SocketView, room: usize) -> Vec<String> {
    let said = view.alarm().map(|said| format!("! {said}"));
    said.map_or(Vec::new(), |said| wrap(&said, room))
}

/// The kernel's numbers for a socket: queues, timer, TCP_INFO.
pub fn numbers(view: &SocketView, read: MonoTime, now: MonoTime) -> Vec<String> {
    let Some(observed) = view.row else {
        return Vec::new();
    };
    let row = &observed.row;
    let timer = match timer(view, read, now) {
        none if none.is_empty() => "no timer".to_owned(),
        timer => timer,
    };
    let mut words = vec![queues(view), timer];
    if row.retransmits > 0 {
        words.push(format!("retransmits {}", row.retransmits));
    }
    if let Some(info) = &row.info
        && row.state != State::Listen
    {
        let us = |us: u32| human(Duration::from_micros(u64::from(us)));
        words.push(format!("rtt {}", us(info.rtt_us)));
        words.push(format!("rto {}", us(info.rto_us)));
        words.push(format!("unacked {}", info.unacked));
        words.push(format!("cwnd {}", info.cwnd));
        words.push(format!("backoff {}", info.backoff));
    }
    words.push(format!("inode {}", row.inode));
    words
}

/// The lines under a socket's first one: addresses, who holds it, then the numbers.
fn details(view: &SocketView, room: usize, read: MonoTime, now: MonoTime) -> Vec<String> {
    let mut lines = addresses(view, room);
    if view.row.is_some() {
        let words = std::iter::once(held(view)).chain(numbers(view, read, now));
        lines.extend(flow(words.collect(), room));
    }
    lines.extend(differing(view, room));
    lines
}

/// Returns the number of lines that the sockets of an end would like to have.
pub fn lines_wanted(session: &Session, side: Side, width: u16, now: MonoTime) -> u16 {
    let views = session.sockets(side);
    // Beyond a screenful they do not all fit anyway.
    if views.len() > 100 {
        return u16::MAX;
    }
    let room = usize::from(width.saturating_sub(4));
    let read = session.ends[side].table.read_at();
    let lines: usize = views.iter().map(|view| 1 + details(view, room, read, now).len()).sum();
    lines.max(1) as u16
}

/// Returns the number of lines that each socket gets: the current one, and the others.
fn shares(views: &[SocketView], full: impl Fn(&SocketView) -> usize, height: usize) -> (usize, usize) {
    // Beyond a screenful they do not all fit anyway: one line each.
    let many = views.len() > 100;
    let sum = |current: usize, other: usize| -> usize {
        views
            .iter()
            .map(|view| full(view).min(if view.current { current } else { other }))
            .sum()
    };
    const ALL: usize = 99;
    let tries = [(ALL, ALL), (ALL, 3), (ALL, 2), (ALL, 1), (4, 1), (3, 1), (2, 1)];
    tries
        .into_iter()
        .find(|(current, other)| !many && sum(*current, *other) <= height)
        .unwrap_or((3.min(height), 1))
}

/// The sockets, from the `skip`th line on, or with `find` from where the current one is seen: the line it began with.
#[allow(clippy::too_many_arguments)] // which of them, and where
pub fn draw(
    canvas: &mut Canvas,
    area: Rect,
    session: &Session,
    side: Side,
    unfolded: bool,
    skip: usize,
    find: bool,
) -> usize {
    canvas.hits.zone(area, Zone::Sockets(side));
    let views = if unfolded {
        session.sockets(side)
    } else {
        session.folded(side).live
    };
    let read = session.ends[side].table.read_at();
    if views.is_empty() {
        let style = canvas.theme.dim();
        let hint = match side {
            Side::Client => "no sockets yet: connect makes one",
            Side::Server => "no sockets yet: listen makes one",
        };
        canvas.put_cut(area.x + 1, area.y, area.right(), hint, style);
        return 0;
    }
    let room = usize::from(area.width.saturating_sub(4));
    let now = canvas.now;
    let full = |view: &SocketView| 1 + details(view, room, read, now).len();
    let (current, other) = shares(&views, full, usize::from(area.height));
    let lines_of = |view: &SocketView| {
        let share = if view.current { current } else { other };
        if share == 1 { 1 } else { full(view).min(share) }
    };
    let mut heights: Vec<usize> = views.iter().map(lines_of).collect();
    let total: usize = heights.iter().sum();
    // What is left over goes to the first that can use it.
    let mut spare = usize::from(area.height).saturating_sub(total);
    if spare > 0 {
        for (height, view) in heights.iter_mut().zip(&views) {
            let more = (full(view) - *height).min(spare);
            *height += more;
            spare -= more;
        }
    }
    // Where there is more than fits, the last line says so.
    let overflows = total > usize::from(area.height);
    let (area, foot) = layout::bottom(area, u16::from(overflows));
    let most = total.saturating_sub(usize::from(area.height));
    let mut skip = skip.min(most);
    if find && let Some(place) = views.iter().position(|view| view.current) {
        let first: usize = heights.iter().take(place).sum();
        let last = first + heights[place];
        skip = skip
            .max(last.saturating_sub(usize::from(area.height)))
            .min(first)
            .min(most);
    }
    let mut line = 0;
    for (view, height) in views.iter().zip(heights) {
        let first = line;
        line += height;
        if line <= skip {
            continue;
        }
        if first >= skip + usize::from(area.height) {
            break;
        }
        let y = |nth: usize| {
            let at = (first + nth).checked_sub(skip)?;
            (at < usize::from(area.height)).then(|| area.y + at as u16)
        };
        let top = first.max(skip);
        let bottom = line.min(skip + usize::from(area.height));
        let place = Rect::new(area.x, area.y + (top - skip) as u16, area.width, (bottom - top) as u16);
        // Only a socket with a name that calls can go to is one to pick.
        let pick = view.name.filter(|name| session.ends[side].socket(name).is_some());
        let action = pick.map(|name| Action::End(side, EndCommand::Use(Pick::Named(name.clone()))));
        if let Some(action) = &action {
            canvas.hits.add(place, action.clone(), !view.current);
        }
        if let Some(y) = y(0) {
            head(canvas, Rect { y, height: 1, ..area }, side, view, height == 1, read);
        }
        if height > 1 {
            for (nth, text) in details(view, room, read, now).into_iter().take(height - 1).enumerate() {
                if let Some(y) = y(nth + 1) {
                    let style = canvas.theme.text();
                    canvas.put_cut(area.x + 3, y, area.right(), &text, style);
                }
            }
        }
        if action.is_some_and(|action| canvas.is_picked(place, &action)) {
            let style = canvas.theme.picked();
            canvas.tint(Rect { height: 1, ..place }, style);
        }
    }
    if overflows {
        let text = format!("{} of {total} lines, {skip} above: wheel", area.height);
        let style = canvas.theme.dim();
        canvas.put_cut(foot.x + 3, foot.y, foot.right(), &text, style);
    }
    skip
}

/// A socket's first line: marker, name, descriptor, state, who holds it.
fn head(canvas: &mut Canvas, area: Rect, side: Side, view: &SocketView, alone: bool, read: MonoTime) {
    let (text, strong) = (canvas.theme.text(), canvas.theme.strong());
    let right = area.right();
    let name_style = if view.current { strong } else { text };
    if view.current {
        canvas.put(area.x + 1, area.y, right, ">", strong);
    }
    let state = view.state();
    let name = match (view.name, view.row) {
        (Some(name), _) => name.to_string(),
        // Without a name, the port tells connections apart.
        (None, Some(observed)) => format!("from :{}", observed.row.tuple.peer.port()),
        (None, None) => String::new(),
    };
    let mut x = canvas.put_cut(
        area.x + 3,
        area.y,
        right.saturating_sub(13),
        &format!("{name:<9}"),
        name_style,
    );
    if let Some(fd) = view.fd {
        x = canvas.put(x + 1, area.y, right.saturating_sub(12), &format!("fd {fd:<2}"), text);
    }
    let begins = x + 1;
    x = canvas.put(begins, area.y, right, state.name(), canvas.theme.state(state));
    if let Some(of) = SocketIdentity::view(view) {
        let word = Rect::new(begins, area.y, x.saturating_sub(begins), 1);
        let action = Action::Meaning(side, of);
        canvas.hits.add(word, action.clone(), true);
        if canvas.is_picked(word, &action) {
            let style = canvas.theme.picked();
            canvas.tint(word, style);
        }
    }
    if view.alarm().is_some() {
        x = canvas.put(x, area.y, right, "!", canvas.theme.bad());
    }
    // Below, there is more room for these.
    let words = if alone || view.row.is_none() {
        vec![held(view), timer(view, read, canvas.now), queues(view)]
    } else {
        Vec::new()
    };
    for word in words.iter().filter(|word| !word.is_empty()) {
        if usize::from(right.saturating_sub(x)) >= width(word) + 2 {
            x = canvas.put(x + 2, area.y, right, word, text);
        }
    }
}
