//! The outcome that a call of an end would have now, as far as the state of its socket decides it.

use crate::call::{Call, ReadFlag, ShutdownHow, SocketName};
use crate::command::{Address, CallRequest};
use crate::explain::meaning::{ReadReply, WriteReply};
use crate::session::Session;
use crate::session::view::{HeldBy, SocketView};
use crate::side::Side;
use crate::state::State;

/// The socket that a call goes to: the one that is named, or the current one.
pub(super) fn view<'a>(side: Side, on: Option<&SocketName>, session: &'a Session) -> Option<SocketView<'a>> {
    let end = &session.ends[side];
    let name = on
        .map(|name| end.shown(name))
        .or_else(|| end.current().map(|socket| end.shown(&socket.name)))?;
    session.view_named(side, name)
}

/// The outcome that a call would have now, as far as the state decides it.
pub(super) fn of_call(side: Side, on: Option<&SocketName>, call: &CallRequest, session: &Session) -> Option<String> {
    let end = &session.ends[side];
    if end.refuses(call) {
        return Some("The language of this end has no such call.".to_owned());
    }
    if let Some(socket) = session.refused_target(side, call).filter(|_| on.is_none()) {
        let shown = socket.shown();
        return Some(match socket.owner() {
            Some(owner) => format!("{shown} is {}'s: finwait makes no calls on it.", owner.name),
            None => match session
                .view_named(side, shown)
                .is_some_and(|view| view.held == HeldBy::Queued)
            {
                true => format!("{shown} waits for a program to accept it."),
                false => format!("{shown} was a program's, which has closed it."),
            },
        });
    }
    match call {
        CallRequest::Socket => return None,
        CallRequest::Connect {
            address: Address::Default,
            ..
        } => return Some(peer(side, session)),
        CallRequest::Accept => return Some(queue(side, on, session)),
        CallRequest::Connect { .. } | CallRequest::Bind { .. } | CallRequest::Full(Call::Listen { .. }) => return None,
        CallRequest::Reconnect { .. } | CallRequest::Dup | CallRequest::Full(_) => {}
    }
    let Some(view) = view(side, on, session) else {
        return Some(format!("The {side} has no socket yet: EBADF."));
    };
    let CallRequest::Full(call) = call else { return None };
    // A call that waits on the socket holds it: what the next one does is another story.
    let meaning = session.meaning(side, &view)?;
    let state = view.state();
    let within = |text: &str| Some(format!("In {state}: {text}."));
    match call {
        _ if !view.open => Some(format!("{} is closed: EBADF.", view.name?)),
        Call::Read { flags, .. } => {
            let unread = view.unread.unwrap_or(0);
            let at_once = flags.contains(&ReadFlag::Dontwait) || view.sock.is_some_and(|sock| sock.options.nonblock);
            match (meaning.read, unread) {
                (ReadReply::Works | ReadReply::Eof | ReadReply::Error, 1..) => within(&format!("{unread} B are there")),
                (ReadReply::Works, 0) if at_once => within("EAGAIN, nothing has come"),
                (ReadReply::Works, 0) => within("waits, nothing has come"),
                (ReadReply::Eof, 0) => within("EOF"),
                (ReadReply::Error, 0) => within("the error that is pending"),
                (ReadReply::Waits, _) if at_once => within("EAGAIN"),
                (ReadReply::Waits, _) => within("waits for the handshake"),
                (ReadReply::NotConnected, _) => within("ENOTCONN"),
                (ReadReply::None, _) => None,
            }
        }
        Call::Write { .. } => match meaning.write {
            WriteReply::Works => within("allowed"),
            WriteReply::Waits => within("waits for the handshake"),
            WriteReply::BrokenPipe => within("EPIPE"),
            WriteReply::Error => within("the error that is pending"),
            WriteReply::None => None,
        },
        Call::Close
        | Call::Shutdown {
            how: ShutdownHow::Write | ShutdownHow::Both,
        } => match fin(side, &view, call, session) {
            Some(sends) => within(sends),
            None => Some(format!("It is in {state}.")),
        },
        _ => Some(format!("It is in {state}.")),
    }
}

/// What closing a socket, or its direction, sends now; none where that is not decided by what is known: a library may do more than it is
/// asked for, and another descriptor, or a call that waits, keeps a socket open (`tcp_close`, `inet_shutdown`).
fn fin(side: Side, view: &SocketView, call: &Call, session: &Session) -> Option<&'static str> {
    let end = &session.ends[side];
    let sock = view.sock?;
    let holders = end
        .sockets
        .iter()
        .filter(|socket| socket.open && std::ptr::eq(end.sock(socket), sock));
    let alone = holders.count() == 1 && end.pending.is_empty() && end.process.makes_raw_calls();
    let closes = *call == Call::Close;
    let is_open = matches!(view.state(), State::Established | State::CloseWait) && sock.sending_shut.is_none();
    if !is_open || (closes && (!alone || sock.options.linger.is_some_and(|seconds| seconds >= 0))) {
        return None;
    }
    let unread = view.unread.unwrap_or(0);
    Some(if closes && unread > 0 {
        "sends RST, for bytes are unread"
    } else {
        "sends FIN"
    })
}

/// The socket that waits for a connection at the other end.
fn peer(side: Side, session: &Session) -> String {
    let peer = side.other();
    let listens = session.sockets(peer).iter().any(|view| view.state() == State::Listen);
    if listens {
        format!("The {peer} listens.")
    } else {
        format!("Nobody listens at the {peer} now.")
    }
}

/// The connections in the listener's queue.
fn queue(side: Side, on: Option<&SocketName>, session: &Session) -> String {
    let end = &session.ends[side];
    let listener = on.or_else(|| end.listener().map(|socket| &socket.name));
    let view = listener.and_then(|name| view(side, Some(name), session));
    match view
        .filter(|view| view.state() == State::Listen)
        .and_then(|view| view.row)
    {
        None => format!("Nothing listens at the {side}: an error."),
        Some(observed) => match observed.row.unread() {
            0 => "The queue is empty: it waits.".to_owned(),
            1 => "A connection is in the queue.".to_owned(),
            n => format!("{n} connections are in the queue."),
        },
    }
}
