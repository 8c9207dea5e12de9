//! Packets that can be made up, to be chosen from.

use ratatui::layout::Rect;

use crate::call::Bytes;
use crate::command::wire::WireCommand;
use crate::session::{LabKind, Session};
use crate::side::Side;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;
use crate::wire::forge::{Forge, Forgery, SequencePlace};

/// What can be chosen, with what it shows.
const CHOICES: [(Forgery, SequencePlace, &str); 14] = [
    (Forgery::Rst, SequencePlace::Exact, "at the number expected: the end"),
    (
        Forgery::Rst,
        SequencePlace::InWindow,
        "in the window: a challenge ACK (RFC 5961)",
    ),
    (Forgery::Rst, SequencePlace::OutOfWindow, "beyond the window: ignored"),
    (Forgery::Syn, SequencePlace::Exact, "this connection's SYN again"),
    (Forgery::OldSyn, SequencePlace::Exact, "a SYN of an earlier connection"),
    (Forgery::Fin, SequencePlace::Exact, "the peer seems to close"),
    (Forgery::Data, SequencePlace::Exact, "bytes that the peer never wrote"),
    (Forgery::Ack, SequencePlace::Exact, "the same acknowledgement again"),
    (Forgery::Ack, SequencePlace::OutOfWindow, "a stray acknowledgement"),
    (
        Forgery::NetUnreachable,
        SequencePlace::Exact,
        "ICMP: no route to the network",
    ),
    (
        Forgery::HostUnreachable,
        SequencePlace::Exact,
        "ICMP: no route to the host",
    ),
    (
        Forgery::PortUnreachable,
        SequencePlace::Exact,
        "ICMP: nobody at that port",
    ),
    (Forgery::Prohibited, SequencePlace::Exact, "ICMP: a firewall forbids it"),
    (
        Forgery::FragNeeded,
        SequencePlace::Exact,
        "ICMP: too large for the path",
    ),
];

/// How many rows there are to select.
pub const ROWS: usize = CHOICES.len();

/// The packet that a row forges, for an end's host.
pub fn choice(row: usize, to: Side) -> Option<WireCommand> {
    let (what, place, _) = *CHOICES.get(row)?;
    Some(WireCommand::Forge(Forge {
        what,
        to,
        place,
        port: None,
        data: Bytes(b"forged".to_vec()),
    }))
}

/// Draws them.
pub fn draw(canvas: &mut Canvas, screen: Rect, session: &Session, to: Side, selected: usize) {
    let area = layout::middle(screen, 76, ROWS as u16 + 2);
    let title = format!("forge a packet to the {to}   (1 2: which end)");
    let inside = canvas.frame(area, &title);
    let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
    if let LabKind::Loopback(_) = session.lab.kind {
        let said = "The loopback lab has no wire: use the isolated lab.";
        canvas.put_cut(inside.x, inside.y, inside.right(), said, text);
        return;
    }
    let height = usize::from(inside.height);
    let skip = (selected + 1).saturating_sub(height);
    for ((row, (what, place, help)), y) in CHOICES.iter().enumerate().skip(skip).take(height).zip(inside.y..) {
        let name = match place {
            SequencePlace::InWindow => format!("{} in-window", what.name()),
            SequencePlace::OutOfWindow => format!("{} out-of-window", what.name()),
            SequencePlace::Exact | SequencePlace::At(_) => what.name().to_owned(),
        };
        canvas.put(inside.x, y, inside.right(), &name, text);
        canvas.put_cut(inside.x + 19, y, inside.right(), help, dim);
        let line = Rect::new(inside.x, y, inside.width, 1);
        let action = Action::Row(row);
        canvas.hits.add(line, action.clone(), true);
        if selected == row || canvas.is_picked(line, &action) {
            let style = canvas.theme.picked();
            canvas.tint(line, style);
        }
    }
    if inside.height > 0 {
        let more = ROWS.saturating_sub(skip + height);
        let hint = if more > 0 {
            format!(" {more} more below   Enter: send it ")
        } else {
            " Enter or click: send it   Esc closes ".into()
        };
        canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
    }
}
