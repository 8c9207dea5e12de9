//! Calls of an endpoint that have returned, and what each did to the sockets of its end.

use super::*;
use crate::errno::Errno;
use crate::outcome::Value;

/// A call that has returned.
pub(in crate::session) struct Returned<'a> {
    /// The call that was asked for.
    pub(in crate::session) order: &'a EndpointCall,
    /// The outcome.
    pub(in crate::session) outcome: &'a Outcome,
    /// The inode of the socket that it made or opened.
    pub(in crate::session) inode: Option<u64>,
    /// The state of its socket when it was made.
    pub(in crate::session) before: Option<State>,
    /// The entry of its outcome.
    pub(in crate::session) entry: EntryNo,
}

impl End {
    /// Takes in what a call did to the sockets and to the process.
    pub(in crate::session) fn call_returned(&mut self, returned: &Returned) {
        match returned.order {
            EndpointCall::On { socket, call } => self.call_on_returned(socket, call, returned),
            EndpointCall::Process(ProcessCall::Sigpipe { disposition }) => {
                if matches!(returned.outcome, Outcome::Ok(_)) {
                    self.sigpipe = *disposition;
                }
            }
            EndpointCall::Process(ProcessCall::Interrupt { .. }) => {}
        }
        self.join_inode(returned.inode);
    }

    fn call_on_returned(&mut self, name: &SocketName, call: &Call, returned: &Returned) {
        let Returned {
            outcome,
            inode,
            before,
            entry,
            ..
        } = *returned;
        self.support.note(call, outcome);
        self.change_sock(name, |sock| sock.called(call, outcome, before, entry));
        match call {
            Call::Socket { .. } => self.socket_returned(name, outcome, inode),
            Call::Accept { r#as } => match outcome {
                Outcome::Ok(Value::Descriptor { fd, peer }) => {
                    let sock = self.accepted(name, *peer, entry);
                    self.add(Socket::unborn(r#as.clone(), sock));
                    self.opened(r#as, *fd, inode);
                }
                _ => self.names.give_back(r#as),
            },
            Call::Dup { r#as } => match outcome.descriptor() {
                Some(fd) => self.duplicated(name, r#as, fd, inode),
                None => self.names.give_back(r#as),
            },
            // No call of the kernel's was made: what begin() took for granted was not so.
            Call::Connect { .. } if matches!(outcome, Outcome::Library(_) | Outcome::Unsupported(_)) => {
                let had_addresses = self.socket(name).is_some_and(|socket| socket.tuple.is_some());
                self.change_sock(name, |sock| sock.connected &= had_addresses);
            }
            // On Linux close gives the descriptor back whatever it returns, EINTR included (close(2)).
            _ if call.is_close() && outcome.errno() != Some(Errno::EBADF) => {
                self.closed(name, Some(entry));
            }
            Call::Options => {
                let read = match outcome {
                    Outcome::Ok(Value::Options { readings }) => Ok(readings.clone()),
                    refused => Err(refused.clone()),
                };
                self.options = Some((name.clone(), read));
            }
            _ => {}
        }
    }

    fn socket_returned(&mut self, name: &SocketName, outcome: &Outcome, inode: Option<u64>) {
        match outcome.descriptor() {
            Some(fd) => self.opened(name, fd, inode),
            // The library makes it later; until then it has a name, and no descriptor.
            None if *outcome == Outcome::Ok(Value::Later) => {}
            None => {
                self.sockets.retain(|socket| socket.name != *name);
                let newest = self.sockets.own().last().and_then(|no| self.sockets.get(*no));
                self.current = newest.or(self.sockets.last()).map(|socket| socket.name.clone());
            }
        }
    }

    /// Adds another descriptor of the socket of that name. The first one stays the current one: closing it is what shows that nothing is
    /// sent.
    fn duplicated(&mut self, name: &SocketName, dup: &SocketName, fd: i32, inode: Option<u64>) {
        let Some(twin) = self.socket(name).cloned() else {
            self.names.give_back(dup);
            return;
        };
        let mut socket = Socket::unborn(dup.clone(), twin.sock);
        socket.tuple = twin.tuple;
        self.put(socket);
        if self.listened.contains(&twin.name) {
            self.listened.push(dup.clone());
        }
        self.opened(dup, fd, inode);
    }

    /// The kernel's socket that accept took from a listener's queue: the connection from `peer`.
    fn accepted(&mut self, listener: &SocketName, peer: Option<SocketAddr>, entry: EntryNo) -> SockId {
        let listener = self.socket(listener);
        let inherited = listener.map_or_else(Sock::default, |socket| Sock::accepted_from(self.sock(socket)));
        let local = listener.and_then(|socket| socket.tuple).map(|tuple| tuple.local);
        let known = match (local, peer) {
            (Some(local), Some(peer)) if !local.ip().is_unspecified() => self.socks.take(&Tuple { local, peer }),
            // The listener takes connections at every address.
            (_, Some(peer)) => self.socks.connection_from(peer, local.map(|local| local.port())),
            (_, None) => None,
        };
        let id = known.unwrap_or_else(|| self.socks.add(Sock::default()));
        self.socks.change(id, |sock| sock.inherit(&inherited, entry));
        id
    }

    /// A call on that socket has made a descriptor, and may still be under way.
    pub(in crate::session) fn made(&mut self, name: &SocketName, fd: i32, inode: Option<u64>) {
        self.opened(name, fd, inode);
        self.join_inode(inode);
    }

    /// The descriptor is open, and the inode stands for its socket. None, where the library has closed it again already, takes away
    /// nothing that is known.
    fn opened(&mut self, name: &SocketName, fd: i32, inode: Option<u64>) {
        self.set(name, |socket| {
            (socket.fd, socket.open, socket.inode) = (Some(fd), true, inode.or(socket.inode));
        });
        if let (Some(inode), Some(sock)) = (inode, self.socket(name).map(|socket| socket.sock)) {
            self.socks.holds(inode, sock);
        }
    }

    /// Takes in that the socket of that inode begins a connection. A library that makes its socket in connect may tell of it only when
    /// it has closed it again, as Node does after a refusal: then the connect under way to that address tells whose it is, where only
    /// one can be meant.
    pub(in crate::session) fn connects_unseen(&mut self, tuple: Tuple, inode: u64) {
        if inode == 0 || self.socks.has(inode) {
            return;
        }
        let connecting = self.pending.iter().filter_map(|pending| match &pending.order {
            EndpointCall::On {
                socket,
                call: Call::Connect { address, .. },
            } if *address == tuple.peer => self.socket(socket).filter(|socket| socket.inode.is_none()),
            _ => None,
        });
        let mut connecting = connecting.map(|socket| (socket.name.clone(), socket.sock));
        let (Some((name, sock)), None) = (connecting.next(), connecting.next()) else {
            return;
        };
        self.set(&name, |socket| {
            (socket.inode, socket.tuple) = (Some(inode), Some(tuple))
        });
        self.socks.holds(inode, sock);
        self.named.insert(tuple, name);
    }

    /// The descriptor is closed, by the call of that entry; none where the library closed it by itself.
    pub(in crate::session) fn closed(&mut self, name: &SocketName, by: Option<EntryNo>) {
        self.set(name, |socket| (socket.open, socket.closed) = (false, by));
    }
}
