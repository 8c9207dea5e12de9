//! Which calls a command leads to, and on which socket.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use super::end::LISTENER;
use super::{End, LabFacts, Refusal};
use crate::call::{Call, Family, Order, SocketName};
use crate::command::{Address, Ask};
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
    ask: &Ask,
) -> Result<VecDeque<Order>, Refusal> {
    let named = on.map(|name| ends[side].known(side, name).cloned()).transpose()?;
    let target = match named {
        Some(name) => Some(name),
        None => default_target(&ends[side], ask),
    };
    let address = |address: Address, default: SocketAddr| match address {
        Address::Default => default,
        Address::Port(port) => SocketAddr::new(default.ip(), port.0),
        Address::Full(address) => address,
    };
    let own = SocketAddr::new(lab.addresses[side], lab.port.0);
    let to_peer = |given: Address| address(given, peer_address(lab, &ends[side.other()], side.other()));
    let mut before = Vec::new();
    let call = match ask {
        Ask::Socket => Call::Socket {
            family: family(own.ip()),
        },
        Ask::Bind { address: given } => {
            // A client leaves the port to the kernel unless the user names one.
            let port = if side == Side::Server { own.port() } else { 0 };
            Call::Bind {
                address: address(*given, SocketAddr::new(own.ip(), port)),
            }
        }
        Ask::Listen { backlog } => {
            if target.is_none() {
                before.push(Call::Bind { address: own });
            }
            Call::Listen { backlog: *backlog }
        }
        Ask::Accept => Call::Accept {
            r#as: fresh(&mut ends[side], side.name())?,
        },
        Ask::Connect { address, deadline } | Ask::Reconnect { address, deadline } => Call::Connect {
            address: to_peer(*address),
            deadline: *deadline,
        },
        Ask::Read { n, flags, deadline } => Call::Read {
            n: *n,
            flags: flags.clone(),
            deadline: *deadline,
        },
        Ask::Write {
            data,
            repeat,
            flags,
            deadline,
        } => Call::Write {
            data: data.clone(),
            repeat: *repeat,
            flags: flags.clone(),
            deadline: *deadline,
        },
        Ask::Shutdown { how } => Call::Shutdown { how: *how },
        Ask::Close => Call::Close,
        Ask::RstClose => Call::RstClose,
        Ask::LingerClose { seconds } => Call::LingerClose { seconds: *seconds },
        Ask::Disconnect => Call::Disconnect,
        Ask::Dup => {
            let end = &ends[side];
            let base = target.as_ref().map_or(side.name(), |name| end.shown(name).as_str());
            let base = format!("{}-dup", &base[..base.len().min(16)]);
            Call::Dup {
                r#as: fresh(&mut ends[side], &base)?,
            }
        }
        Ask::Poll { events, timeout } => Call::Poll {
            events: events.clone(),
            timeout: *timeout,
        },
        Ask::SoError => Call::SoError,
        Ask::Options => Call::Options,
        Ask::Get { option } => Call::GetOption { option: *option },
        Ask::Set { option, value } => Call::SetOption {
            option: *option,
            value: *value,
        },
    };
    let makes_one = matches!(
        ask,
        Ask::Bind { .. } | Ask::Listen { .. } | Ask::Connect { .. } | Ask::Reconnect { .. }
    );
    let socket = match target {
        Some(name) => name,
        None if makes_one || *ask == Ask::Socket => {
            // The server's sockets are made to listen unless they connect.
            let connects = matches!(ask, Ask::Connect { .. } | Ask::Reconnect { .. });
            let base = match (side, ask) {
                (_, Ask::Listen { .. }) => LISTENER,
                (Side::Server, _) if !connects => LISTENER,
                (side, _) => side.name(),
            };
            if *ask != Ask::Socket {
                before.insert(
                    0,
                    Call::Socket {
                        family: family(ip_of(&call).unwrap_or(own.ip())),
                    },
                );
            }
            fresh(&mut ends[side], base)?
        }
        // No such name was ever made: the endpoint makes the call on descriptor -1.
        None => SocketName::new(side.name()).ok_or_else(|| Refusal::Impossible(format!("the {side} has no socket")))?,
    };
    Ok(before
        .into_iter()
        .chain([call])
        .map(|call| Order::On {
            socket: socket.clone(),
            call,
        })
        .collect())
}

/// The socket that a call goes to when the user names none; none when a new one is to be made, or there is none at all.
fn default_target(end: &End, ask: &Ask) -> Option<SocketName> {
    let current = end.current();
    let unused = current.filter(|socket| {
        let open = socket.open || socket.fd.is_none();
        let sock = end.sock(socket);
        open && !sock.connected && !sock.listening && !end.is_spoken_for(&socket.name)
    });
    match ask {
        Ask::Socket => None,
        Ask::Accept => end.listener().or(current),
        Ask::Connect { .. } => unused,
        Ask::Listen { .. } => unused.or_else(|| end.listener()),
        _ => current,
    }
    .map(|socket| socket.name.clone())
}

/// Where `connect` goes: to the peer's listener, or where it would be.
fn peer_address(lab: &LabFacts, peer: &End, side: Side) -> SocketAddr {
    let host = lab.addresses[side];
    let listener = peer
        .listener()
        .and_then(|socket| peer.row(socket))
        .filter(|observed| observed.row.state == State::Listen)
        .map(|observed| observed.row.tuple.local);
    match listener {
        Some(address) if address.ip().is_unspecified() => SocketAddr::new(host, address.port()),
        Some(address) => address,
        None => SocketAddr::new(host, lab.port.0),
    }
}

fn fresh(end: &mut End, base: &str) -> Result<SocketName, Refusal> {
    end.fresh_name(base)
        .ok_or_else(|| Refusal::Impossible(format!("there are too many sockets called {base}")))
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
