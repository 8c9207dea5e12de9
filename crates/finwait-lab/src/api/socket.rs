//! Sockets of the lab, and the calls on them.

use std::fmt;
use std::net::{Shutdown, SocketAddr};
use std::ops::Deref;

use super::call::CallError;
use super::host::Host;
use super::pending::{Pending, Returned, Ticket};
use super::view::View;
use crate::error::{Error, Result};
use crate::event::ObservedSocket;
use finwait_model::call::{Bytes, Call, EndpointCall, PollEvent, ReadFlag, ShutdownHow, SocketName, SocketOption};
use finwait_model::clock::Millis;
use finwait_model::errno::Errno;
use finwait_model::outcome::{Reading, Value};
use finwait_model::side::Side;
use finwait_model::state::State;

/// The result of a call on a socket.
type CallResult<T> = std::result::Result<T, CallError>;

/// The most bytes that [`Socket::read`] can return; [`Socket::discard`] reads more.
pub const MOST_READ: usize = 1024;

/// A TCP socket of an endpoint. A clone is the same socket.
///
/// Each method makes the system call of its name, in the endpoint's process, and nothing else: what is not called does not happen,
/// so dropping this closes nothing. The socket is closed by [`Socket::close`], by the end of the endpoint's process, or of the lab.
#[derive(Clone)]
pub struct Socket {
    host: Host,
    name: SocketName,
    inode: Option<u64>,
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, tuple) = self.host.remote().look(|view| (view.state(self), view.tuple(self)));
        write!(f, "{} {state}", self.name)?;
        match tuple {
            Some(tuple) if tuple.is_listener() => write!(f, " {}", tuple.local),
            Some(tuple) => write!(f, " {} - {}", tuple.local, tuple.peer),
            None => Ok(()),
        }
    }
}

impl Socket {
    pub(super) const fn new(host: Host, name: SocketName, inode: Option<u64>) -> Socket {
        Socket { host, name, inode }
    }

    pub(super) const fn inode(&self) -> Option<u64> {
        self.inode
    }

    /// The host whose endpoint has it.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The end that has it.
    pub const fn side(&self) -> Side {
        self.host.side()
    }

    /// The state now, as [`View::state`] has it.
    ///
    /// A call's consequences are in it once the call has returned, at both ends: the segments that it sent have been delivered, or held.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`] without a lab.
    pub fn state(&self) -> Result<State> {
        self.host.remote().alive()?;
        Ok(self.host.remote().look(|view| view.state(self)))
    }

    /// The row in the host's table as procfs and sock_diag show it: queues, timer, TCP_INFO. None when it has none.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`] without a lab.
    pub fn row(&self) -> Result<Option<ObservedSocket>> {
        self.host.remote().alive()?;
        Ok(self.host.remote().look(|view| view.row(self).cloned()))
    }

    /// The socket's own address, once it is connected or listens.
    pub fn local(&self) -> Option<SocketAddr> {
        self.host
            .remote()
            .look(|view| view.tuple(self))
            .map(|tuple| tuple.local)
    }

    /// The peer's address, once it is connected.
    pub fn peer(&self) -> Option<SocketAddr> {
        let tuple = self.host.remote().look(|view| view.tuple(self))?;
        (!tuple.is_listener()).then_some(tuple.peer)
    }

    /// Gives the socket a local address.
    ///
    /// # Errors
    ///
    /// The errno of `bind(2)`: `EADDRINUSE`, `EADDRNOTAVAIL`.
    pub fn bind(&self, address: SocketAddr) -> CallResult<()> {
        self.make(Call::Bind { address }).map(drop)
    }

    /// Listens, with room for `backlog` + 1 connections that wait for `accept`.
    ///
    /// # Errors
    ///
    /// The errno of `listen(2)`: `EADDRINUSE`.
    pub fn listen(self, backlog: i32) -> CallResult<Listener> {
        self.make(Call::Listen { backlog })?;
        let remote = self.host.remote();
        let address = |view: &View| view.local(self.side(), self.inode?);
        let waited_for = || "the listener to be in the kernel's table".to_owned();
        let address = remote.wait(remote.patience, waited_for, address)?;
        Ok(Listener { socket: self, address })
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// The errno of `connect(2)`: `ECONNREFUSED`, `ETIMEDOUT`, `EISCONN`. [`Error::TimedOut`] when it still blocks after the lab's
    /// patience.
    pub fn connect(&self, to: SocketAddr) -> CallResult<()> {
        self.connect_begin(to)?.wait()
    }

    /// Begins to connect.
    ///
    /// # Errors
    ///
    /// The errors of the lab only: the errno of `connect(2)` is the [`Pending`]'s.
    pub fn connect_begin(&self, to: SocketAddr) -> CallResult<Pending<()>> {
        self.begin_with(
            Call::Connect {
                address: to,
                deadline: None,
            },
            |_, _| (),
        )
    }

    /// Puts the socket into non-blocking mode and connects: the handshake is under way then.
    ///
    /// # Errors
    ///
    /// The errno of `connect(2)`, but `EINPROGRESS`.
    pub fn connect_nonblocking(&self, to: SocketAddr) -> CallResult<()> {
        self.set_option(SocketOption::Nonblock, 1)?;
        match self.connect(to) {
            Err(error) if error.errno() == Some(Errno::EINPROGRESS) => Ok(()),
            other => other,
        }
    }

    /// Reads at most `most` bytes, up to [`MOST_READ`]; waits for one at least. Empty at the end of the stream.
    ///
    /// # Errors
    ///
    /// The errno of `read(2)`: `ECONNRESET`, `EAGAIN`. [`Error::TimedOut`] when it still blocks after the lab's patience: the call
    /// then goes on, and takes what comes.
    pub fn read(&self, most: usize) -> CallResult<Vec<u8>> {
        self.read_begin(most)?.wait()
    }

    /// Begins to read at most `most` bytes, up to [`MOST_READ`].
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] for more; what `read(2)` returned is the [`Pending`]'s.
    pub fn read_begin(&self, most: usize) -> CallResult<Pending<Vec<u8>>> {
        if most > MOST_READ {
            return Err(Error::TooLong { asked: most }.into());
        }
        self.begin_with(read(most, Vec::new()), |_, returned| match returned.value {
            Value::Read { data, .. } => data.0,
            _ => Vec::new(),
        })
    }

    /// Looks at up to [`MOST_READ`] bytes that wait to be read, and takes none (`MSG_PEEK`).
    ///
    /// # Errors
    ///
    /// The errno of `recv(2)`: `EAGAIN` when no bytes wait.
    pub fn peek(&self) -> CallResult<Vec<u8>> {
        let flags = vec![ReadFlag::Peek, ReadFlag::Dontwait];
        match self.make(read(MOST_READ, flags))?.value {
            Value::Read { data, .. } => Ok(data.0),
            _ => Ok(Vec::new()),
        }
    }

    /// Reads at most `most` bytes in one call, up to 64 MiB, and says how many there were; 0 is the end of the stream.
    ///
    /// # Errors
    ///
    /// The errors of [`Socket::read`].
    pub fn discard(&self, most: usize) -> CallResult<usize> {
        match self.make(read(most, Vec::new()))?.value {
            Value::Read { n, .. } => Ok(n),
            _ => Ok(0),
        }
    }

    /// Writes bytes in one call, and says how many the kernel took.
    ///
    /// # Errors
    ///
    /// The errno of `write(2)`: `EPIPE`, `ECONNRESET`, `EAGAIN`. [`Error::TimedOut`] when it still blocks after the lab's patience, as
    /// with a peer that does not read.
    pub fn write(&self, data: impl AsRef<[u8]>) -> CallResult<usize> {
        self.write_begin(data)?.wait()
    }

    /// Begins to write bytes.
    ///
    /// # Errors
    ///
    /// The errors of the lab only: the errno of `write(2)` is the [`Pending`]'s.
    pub fn write_begin(&self, data: impl AsRef<[u8]>) -> CallResult<Pending<usize>> {
        let call = Call::Write {
            data: Bytes(data.as_ref().to_vec()),
            repeat: 1,
            flags: Vec::new(),
            deadline: None,
        };
        self.begin_with(call, |_, returned| match returned.value {
            Value::Written { n } => n,
            _ => 0,
        })
    }

    /// Ends one or both directions. `Shutdown::Write` sends FIN: the half-close.
    ///
    /// # Errors
    ///
    /// The errno of `shutdown(2)`: `ENOTCONN`.
    pub fn shutdown(&self, how: Shutdown) -> CallResult<()> {
        let how = match how {
            Shutdown::Read => ShutdownHow::Read,
            Shutdown::Write => ShutdownHow::Write,
            Shutdown::Both => ShutdownHow::Both,
        };
        self.make(Call::Shutdown { how }).map(drop)
    }

    /// Gives the descriptor back. Later calls are made on its number, and are `EBADF` while no other socket has it.
    ///
    /// # Errors
    ///
    /// The errno of `close(2)`: `EBADF`.
    pub fn close(&self) -> CallResult<()> {
        self.make(Call::Close).map(drop)
    }

    /// Sets SO_LINGER to 0 seconds and closes: sends RST rather than FIN.
    ///
    /// # Errors
    ///
    /// The errno of `setsockopt(2)` or `close(2)`: `EBADF`.
    pub fn rst_close(&self) -> CallResult<()> {
        self.make(Call::RstClose).map(drop)
    }

    /// Connects to nothing (`AF_UNSPEC`): dissolves the connection with a RST, and the socket can be used again.
    ///
    /// # Errors
    ///
    /// The errno of `connect(2)`.
    pub fn disconnect(&self) -> CallResult<()> {
        self.make(Call::Disconnect).map(drop)
    }

    /// Makes a second descriptor of the same socket: the kernel closes the socket with the last of them.
    ///
    /// # Errors
    ///
    /// The errno of `dup(2)`: `EBADF`, `EMFILE`.
    pub fn dup(&self) -> CallResult<Socket> {
        let name = self.host.name();
        let Returned { inode, .. } = self.make(Call::Dup { r#as: name.clone() })?;
        Ok(Socket::new(self.host.clone(), name, inode))
    }

    /// Makes any call of the vocabulary on the socket, as one with flags or a deadline; what has a method of its own is better made by
    /// it.
    ///
    /// # Errors
    ///
    /// The errno of the call.
    pub fn call(&self, call: Call) -> CallResult<Value> {
        self.make(call).map(|returned| returned.value)
    }

    /// Begins to close with SO_LINGER on: close blocks until what was written is acknowledged, or so many seconds are over.
    ///
    /// # Errors
    ///
    /// The errors of the lab only: the errno of `close(2)` is the [`Pending`]'s.
    pub fn linger_close_begin(&self, seconds: u16) -> CallResult<Pending<()>> {
        self.begin_with(Call::LingerClose { seconds }, |_, _| ())
    }

    /// Takes the pending error out of the socket (`SO_ERROR`); none when there is none.
    ///
    /// # Errors
    ///
    /// The errno of `getsockopt(2)`: `EBADF`.
    pub fn so_error(&self) -> CallResult<Option<Errno>> {
        match self.make(Call::SoError)?.value {
            Value::PendingError { error } => Ok(error),
            _ => Ok(None),
        }
    }

    /// Asks what the socket is ready for, without waiting: those of `events`, and HUP, ERR and NVAL unasked.
    ///
    /// # Errors
    ///
    /// The errno of `poll(2)`, which has no reason to fail.
    pub fn poll(&self, events: &[PollEvent]) -> CallResult<Vec<PollEvent>> {
        let call = Call::Poll {
            events: events.to_vec(),
            timeout: Millis(0),
        };
        match self.make(call)?.value {
            Value::Ready { events } => Ok(events),
            _ => Ok(Vec::new()),
        }
    }

    /// The value of an option; [`SocketOption::kind`] says what the number means.
    ///
    /// # Errors
    ///
    /// The errno of `getsockopt(2)`.
    pub fn option(&self, option: SocketOption) -> CallResult<i64> {
        let value = self.make(Call::GetOption { option })?.value;
        match value {
            Value::Options { readings } => match readings.first().map(|reading| reading.value) {
                Some(Reading::Value(value)) => Ok(value),
                _ => Ok(0),
            },
            _ => Ok(0),
        }
    }

    /// Sets an option; [`SocketOption::kind`] says what the number means.
    ///
    /// # Errors
    ///
    /// The errno of `setsockopt(2)`.
    pub fn set_option(&self, option: SocketOption, value: i64) -> CallResult<()> {
        self.make(Call::SetOption { option, value }).map(drop)
    }

    fn order(&self, call: Call) -> EndpointCall {
        EndpointCall::On {
            socket: self.name.clone(),
            call,
        }
    }

    fn make(&self, call: Call) -> CallResult<Returned> {
        self.host.call(self.order(call))
    }

    /// Begins a call; `made` makes of what it returned what its caller wants.
    pub(super) fn begin_with<T: 'static>(
        &self,
        call: Call,
        made: impl Fn(&Socket, Returned) -> T + Send + Sync + 'static,
    ) -> CallResult<Pending<T>> {
        let ticket = Ticket::begin(&self.host, self.order(call))?;
        let socket = self.clone();
        Ok(Pending::new(ticket, self.clone(), move |returned| {
            made(&socket, returned)
        }))
    }
}

const fn read(n: usize, flags: Vec<ReadFlag>) -> Call {
    Call::Read {
        n,
        flags,
        deadline: None,
    }
}

/// A socket that listens. It is a [`Socket`], too: it can be closed, and has options.
#[derive(Clone)]
pub struct Listener {
    socket: Socket,
    address: SocketAddr,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.socket, f)
    }
}

impl Deref for Listener {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        &self.socket
    }
}

impl Listener {
    /// The address to connect to.
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Takes a connection from the queue; waits for one.
    ///
    /// # Errors
    ///
    /// The errno of `accept(2)`: `EMFILE`, `EAGAIN`, `EINVAL` of a socket that no longer listens. [`Error::TimedOut`] when none has
    /// come within the lab's patience: the call then goes on, and takes the next one.
    pub fn accept(&self) -> CallResult<Socket> {
        self.accept_begin()?.wait()
    }

    /// Begins to take a connection from the queue.
    ///
    /// # Errors
    ///
    /// The errors of the lab only: the errno of `accept(2)` is the [`Pending`]'s.
    pub fn accept_begin(&self) -> CallResult<Pending<Socket>> {
        let name = self.host.name();
        let call = Call::Accept { r#as: name.clone() };
        self.begin_with(call, move |listener, returned| {
            Socket::new(listener.host.clone(), name.clone(), returned.inode)
        })
    }
}
