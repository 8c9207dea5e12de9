//! The calls that a command leads to, and the socket of each.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use super::{CommandError, End, LabFacts};
use crate::call::{Call, CallKind, EndpointCall, Family, SocketId, SocketName, SocketRole};
use crate::command::{Address, CallRequest};
use crate::side::{Ends, Side};
use crate::state::State;

/// The orders that carry out `ask`, each to be sent when the one before it has succeeded.
///
/// A call goes to the socket that the user named, else to the one that fits it: `accept` to the newest listener, `connect` to
/// the current socket if it has not connected yet, everything else to the current one. `bind`, `listen` and `connect` make a
/// socket where there is none to use; any other call without a socket is made all the same, and returns EBADF.
pub(super) fn plan(
    lab: &LabFacts,
    ends: &mut Ends<End>,
    side: Side,
    on: Option<&SocketName>,
    request: &CallRequest,
) -> Result<VecDeque<EndpointCall>, CommandError> {
    let named = on.map(|name| ends[side].known(side, name).cloned()).transpose()?;
    let target = match named {
        Some(name) => Some(name),
        None => default_target(&ends[side], request),
    };
    let address = |address: Address, default: SocketAddr| match address {
        Address::Default => default,
        Address::Port(port) => SocketAddr::new(default.ip(), port.0),
        Address::Full(address) => address,
    };
    let own = SocketAddr::new(lab.addresses[side], lab.port.0);
    let to_peer = |given: Address| address(given, peer_address(lab, &ends[side.other()], side.other()));
    let mut before = Vec::new();
    let call = match request {
        CallRequest::Socket => Call::Socket {
            family: family(own.ip()),
        },
        CallRequest::Bind { address: given } => {
            // A client leaves the port to the kernel unless the user names one.
            let port = if side == Side::Server { own.port() } else { 0 };
            Call::Bind {
                address: address(*given, SocketAddr::new(own.ip(), port)),
            }
        }
        CallRequest::Accept => Call::Accept {
            r#as: fresh(ends[side].names.fresh(side.into()), side)?,
        },
        CallRequest::Connect { address, deadline } | CallRequest::Reconnect { address, deadline } => Call::Connect {
            address: to_peer(*address),
            deadline: *deadline,
        },
        CallRequest::Dup => {
            let end = &ends[side];
            let of = target.as_ref().and_then(|name| end.shown(name).id());
            let of = of.unwrap_or(SocketId::first(side.into())).connection;
            let name = ends[side].names.fresh_dup(of);
            Call::Dup {
                r#as: fresh(name, side)?,
            }
        }
        CallRequest::Full(call) => call.clone(),
    };
    let kind = call.kind();
    if kind == CallKind::Listen && target.is_none() {
        before.push(Call::Bind { address: own });
    }
    let makes_one = matches!(kind, CallKind::Bind | CallKind::Listen | CallKind::Connect);
    let socket = match target {
        Some(name) => name,
        None if makes_one || kind == CallKind::Socket => {
            // The server's sockets are made to listen unless they connect.
            let role = match (side, kind) {
                (_, CallKind::Listen) => SocketRole::Listener,
                (Side::Server, kind) if kind != CallKind::Connect => SocketRole::Listener,
                (side, _) => side.into(),
            };
            if makes_one {
                before.insert(
                    0,
                    Call::Socket {
                        family: family(ip_of(&call).unwrap_or(own.ip())),
                    },
                );
            }
            fresh(ends[side].names.fresh(role), side)?
        }
        // No such name was ever made: the endpoint makes the call on descriptor -1.
        None => SocketRole::from(side).into(),
    };
    Ok(before
        .into_iter()
        .chain([call])
        .map(|call| EndpointCall::On {
            socket: socket.clone(),
            call,
        })
        .collect())
}

/// The socket that a call goes to when the user names none; none when a new one is to be made, or there is none at all.
fn default_target(end: &End, request: &CallRequest) -> Option<SocketName> {
    let current = end.current();
    let own = current.filter(|socket| socket.is_endpoints());
    let unused = own.filter(|socket| {
        let open = socket.open || socket.fd.is_none();
        let sock = end.sock(socket);
        open && !sock.connected && !sock.listening && !end.is_spoken_for(&socket.name)
    });
    match (request, request.kind()) {
        (CallRequest::Reconnect { .. }, _) => current,
        (_, CallKind::Socket) => None,
        (_, CallKind::Accept) => end.listener().or(current),
        (_, CallKind::Connect) => unused,
        (_, CallKind::Listen) => unused.or_else(|| end.listener()),
        _ => current,
    }
    .map(|socket| socket.name.clone())
}

/// The current socket, where the call goes to it.
pub(super) fn current_target<'a>(end: &'a End, request: &CallRequest) -> Option<&'a SocketName> {
    let current = end.current.as_ref()?;
    (default_target(end, request).as_ref() == Some(current)).then_some(current)
}

/// Returns where `connect` goes: to the peer's listener, or where it would be.
fn peer_address(lab: &LabFacts, peer: &End, side: Side) -> SocketAddr {
    let host = lab.addresses[side];
    let listener = peer
        .reachable_listener()
        .and_then(|socket| peer.row(socket))
        .filter(|observed| observed.row.state == State::Listen)
        .map(|observed| observed.row.tuple.local);
    match listener {
        Some(address) if address.ip().is_unspecified() => SocketAddr::new(host, address.port()),
        Some(address) => address,
        None => SocketAddr::new(host, lab.port.0),
    }
}

/// A name that was given; none where there are no more.
fn fresh(name: Option<SocketName>, side: Side) -> Result<SocketName, CommandError> {
    name.ok_or_else(|| CommandError::Impossible(format!("the {side} has had too many sockets to name another")))
}

const fn family(ip: IpAddr) -> Family {
    match ip {
        IpAddr::V4(_) => Family::Inet,
        IpAddr::V6(_) => Family::Inet6,
    }
}

/// The address that a call carries.
const fn ip_of(call: &Call) -> Option<IpAddr> {
    match call {
        Call::Bind { address } | Call::Connect { address, .. } => Some(address.ip()),
        _ => None,
    }
}
