//! Packets that can be made up, to be chosen from.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::{Context, Dialog, DialogHelp, Reaction, browse, moved, plain};
use crate::call::Bytes;
use crate::command::ScreenCommand;
use crate::command::wire::{ForgeAim, WireCommand};
use crate::session::LabKind;
use crate::side::Side;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;
use crate::wire::forge::{Forge, Forgery, SequencePlace};

/// The forgeries that can be chosen, each with what it shows.
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

/// The packets that can be forged.
#[derive(Debug)]
pub struct ForgeDialog {
    /// The end that the packet goes to.
    to: Side,
    /// The row that is selected.
    selected: usize,
}

impl ForgeDialog {
    /// Packets for an end's host.
    pub const fn new(to: Side) -> ForgeDialog {
        ForgeDialog { to, selected: 0 }
    }
}

impl Dialog for ForgeDialog {
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        match plain(key) {
            Some(KeyCode::Char('1')) => self.to = Side::Client,
            Some(KeyCode::Char('2')) => self.to = Side::Server,
            _ => return browse(self, key, context),
        }
        Vec::new()
    }

    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        let choice = CHOICES.get(item).map(|(what, place, _)| {
            let forge = Forge {
                what: *what,
                to: self.to,
                place: *place,
                data: Bytes(b"forged".to_vec()),
            };
            WireCommand::Forge(forge, ForgeAim::Current)
        });
        let send = choice.map(|command| Reaction::Do(Action::Wire(command)));
        [Reaction::Close].into_iter().chain(send).collect()
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.selected = moved(self.selected, lines, CHOICES.len());
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::ForgeDialog)
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "Forge a packet",
            keys: &[
                ("Enter", "send the selected packet in the other end's name"),
                ("1 2", "to the client, to the server"),
            ],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let area = layout::middle(screen, 76, CHOICES.len() as u16 + 2);
        let title = format!("forge a packet to the {}   (1 2: which end)", self.to);
        let inside = canvas.frame(area, &title);
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        if let LabKind::Loopback(_) = context.session.lab.kind {
            let said = "The loopback lab has no wire: use the isolated lab.";
            canvas.put_cut(inside.x, inside.y, inside.right(), said, text);
            return;
        }
        let height = usize::from(inside.height);
        let skip = (self.selected + 1).saturating_sub(height);
        for ((row, (what, place, help)), y) in CHOICES.iter().enumerate().skip(skip).take(height).zip(inside.y..) {
            let name = match place {
                SequencePlace::InWindow => format!("{} in-window", what.name()),
                SequencePlace::OutOfWindow => format!("{} out-of-window", what.name()),
                SequencePlace::Exact | SequencePlace::At(_) => what.name().to_owned(),
            };
            canvas.put(inside.x, y, inside.right(), &name, text);
            canvas.put_cut(inside.x + 19, y, inside.right(), help, dim);
            let line = Rect::new(inside.x, y, inside.width, 1);
            let action = Action::Item(row);
            canvas.hits.add(line, action.clone(), true);
            if self.selected == row || canvas.is_picked(line, &action) {
                let style = canvas.theme.picked();
                canvas.tint(line, style);
            }
        }
        if inside.height > 0 {
            let more = CHOICES.len().saturating_sub(skip + height);
            let hint = if more > 0 {
                format!(" {more} more below   Enter: send it ")
            } else {
                " Enter or click: send it   Esc closes ".into()
            };
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
        }
    }
}
