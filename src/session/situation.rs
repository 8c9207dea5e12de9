//! The facts that decide why a call returned what it did, as they were when it returned.

use std::net::SocketAddr;

use super::*;
use crate::explain::rules::CallClass;
use crate::explain::{CallUnderWay, Holder, Limits};
use crate::socket_table::SocketRow;

impl Session {
    /// The facts that decide why.
    pub(super) fn situation(&self, side: Side, pending: &PendingCall) -> Situation {
        let end = &self.ends[side];
        let name = socket_of(&pending.order);
        let socket = name.and_then(|name| end.socket(name));
        let of_it = |socket: &Socket, order: &EndpointCall| {
            let other = socket_of(order).and_then(|name| end.socket(name));
            other.is_some_and(|other| other.sock == socket.sock)
        };
        let others = |socket: &Socket| {
            let calls = end
                .pending
                .iter()
                .filter(|other| other.id != pending.id && other.text.is_some());
            let calls: Vec<&PendingCall> = calls.filter(|other| of_it(socket, &other.order)).collect();
            calls
        };
        let others = socket.map_or_else(Vec::new, others);
        let holds = |other: &&Socket| other.open;
        let held_by = socket
            .and_then(|socket| end.sockets.of_sock(socket.sock).find(holds))
            .map(|other| Holder::Descriptor(other.name.clone()));
        let wired = self.lab.kind == LabKind::Isolated;
        let accepted = match &pending.order {
            EndpointCall::On {
                call: Call::Accept { r#as },
                ..
            } => end.socket(r#as).map(|socket| *end.sock(socket)),
            _ => None,
        };
        Situation {
            side,
            open: socket.is_some_and(|socket| socket.open),
            known: socket.is_some_and(|socket| socket.fd.is_some()),
            closed: socket.and_then(|socket| socket.closed),
            before: pending.state,
            now: socket.and_then(|socket| end.state_of(&socket.name)),
            unread: pending.unread,
            sock: socket.map(|socket| *end.sock(socket)).unwrap_or_default(),
            to_itself: socket
                .and_then(|socket| socket.tuple)
                .is_some_and(|tuple| tuple.local == tuple.peer),
            // What a socket connected to its own host sends does not come to the wire.
            segments_seen: wired
                && socket
                    .and_then(|socket| socket.tuple)
                    .is_none_or(|tuple| tuple.local.ip() != tuple.peer.ip()),
            began: pending.began,
            took: Duration::ZERO,
            interrupted: pending.interrupted,
            under_way: others.iter().filter_map(|other| under_way(other)).collect(),
            held_by: held_by.or_else(|| others.first().map(|other| Holder::Call(other.order.kind()))),
            accepted,
            port_taken_by: self.port_taken_by(side, &pending.order),
            listened_at: match &pending.order {
                EndpointCall::On {
                    call: Call::Connect { address, .. },
                    ..
                } => self.listened_at(side.other(), *address),
                _ => None,
            },
            limits: self.limits(side),
            lacks_family: self.lacks_family(side, &pending.order),
            takes_unasked: end.takes_unasked,
        }
    }

    /// The host's and the process's limits, and what set them.
    pub(super) fn limits(&self, side: Side) -> Limits {
        let end = &self.ends[side];
        let value = |setting: Setting| {
            end.settings
                .iter()
                .find(|(known, _)| *known == setting)
                .map(|(_, value)| *value)
        };
        let number = |setting| match value(setting) {
            Some(SettingValue::Number(number)) => Some(number),
            _ => None,
        };
        let set_at = |setting: Setting| end.set_at.get(&setting).copied();
        let off = |setting: Setting| set_at(setting).filter(|_| value(setting) == Some(SettingValue::Switch(false)));
        Limits {
            no_route: off(Setting::DefaultRoute).max(off(Setting::Device)),
            port_range: set_at(Setting::IpLocalPortRange),
            nofile: set_at(Setting::Nofile),
            syn_linear: self.lab.syn_patience.map_or(0, |patience| patience.linear),
            syn_retries: number(Setting::TcpSynRetries),
            retries2: number(Setting::TcpRetries2),
        }
    }

    /// Does the call connect to an address of a family of which the host has none? The isolated lab gives a host addresses of one family;
    /// loopback has its own of both.
    fn lacks_family(&self, side: Side, order: &EndpointCall) -> bool {
        let EndpointCall::On {
            call: Call::Connect { address, .. },
            ..
        } = order
        else {
            return false;
        };
        let ip = address.ip().to_canonical();
        let own = self.lab.addresses[side];
        self.lab.kind == LabKind::Isolated && !ip.is_loopback() && ip.is_ipv6() != own.is_ipv6()
    }

    /// The address that is listened at on that port of a host, where `address` is the host's and nobody listens there.
    pub(super) fn listened_at(&self, side: Side, address: SocketAddr) -> Option<SocketAddr> {
        let is_asked = |listener: &&SocketRow| listener.tuple.local.port() == address.port();
        let takes = |listener: &SocketRow| {
            let at = listener.tuple.local.ip();
            at == address.ip() || (at.is_unspecified() && (at.is_ipv6() || address.is_ipv4()))
        };
        let all = || self.ends[side].table.listening().filter(is_asked);
        let is_elsewhere = address.ip() == self.lab.addresses[side] && !all().any(takes);
        let at = all().next()?.tuple.local;
        is_elsewhere.then_some(at)
    }

    /// The state of a socket at that end that has the local port that the call asks for: LISTEN, if one listens there.
    pub(super) fn port_taken_by(&self, side: Side, order: &EndpointCall) -> Option<State> {
        let end = &self.ends[side];
        let port = match order {
            EndpointCall::On {
                call: Call::Bind { address },
                ..
            } => address.port(),
            // Of one that has listened before, or was connected.
            EndpointCall::On {
                socket,
                call: Call::Listen { .. },
            } => end.socket(socket)?.tuple?.local.port(),
            _ => return None,
        };
        let rows = end.table.rows().iter().map(|observed| &observed.row);
        let taken = rows.filter(|row| row.tuple.local.port() == port).map(|row| row.state);
        taken.max_by_key(|state| *state == State::Listen)
    }
}

/// The facts about a call that has not returned; none for one that is of no socket.
fn under_way(pending: &PendingCall) -> Option<CallUnderWay> {
    let how = match &pending.order {
        EndpointCall::On {
            call: Call::Shutdown { how },
            ..
        } => Some(*how),
        _ => None,
    };
    Some(CallUnderWay {
        class: CallClass::of(pending.order.kind())?,
        how,
        began: pending.began,
    })
}
