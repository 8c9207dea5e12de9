//! A host of the lab, and its endpoint.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::call::CallError;
use super::pending::{Pending, Returned, Ticket};
use super::program::Program;
use super::remote::Remote;
use super::socket::{Listener, Socket};
use super::view::View;
use crate::error::{Error, Result};
use crate::event::{LabRequest, ObservedSocket};
use finwait_model::call::{Call, EndpointCall, Family, ProcessCall, Sigpipe, SocketName};
use finwait_model::host::{Setting, SettingValue};
use finwait_model::program::ProgramSpec;
use finwait_model::side::Side;

/// The number of connections that wait for `accept` in a listener's queue, unless another one is given.
const BACKLOG: i32 = 128;

/// A host of the lab: a network namespace with one address (in the loopback lab the machine itself), and a process that makes the
/// calls, its endpoint.
#[derive(Clone)]
pub struct Host {
    remote: Arc<Remote>,
    side: Side,
    address: IpAddr,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.side, self.address)
    }
}

impl From<&Host> for Side {
    fn from(host: &Host) -> Side {
        host.side
    }
}

impl Host {
    pub(super) const fn new(remote: Arc<Remote>, side: Side, address: IpAddr) -> Host {
        Host { remote, side, address }
    }

    pub(super) fn remote(&self) -> &Remote {
        &self.remote
    }

    /// Returns which of the two ends it is.
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Returns its address.
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// All sockets in its table, as procfs and sock_diag show them.
    pub fn sockets(&self) -> Vec<ObservedSocket> {
        self.remote.look(|view| view.sockets(self.side).to_vec())
    }

    /// Makes a TCP socket, which is neither bound nor connected.
    ///
    /// # Errors
    ///
    /// The errno of `socket(2)`: `EMFILE` below [`Setting::Nofile`].
    pub fn socket(&self) -> std::result::Result<Socket, CallError> {
        let family = match self.address {
            IpAddr::V4(_) => Family::Inet,
            IpAddr::V6(_) => Family::Inet6,
        };
        let name = self.name();
        let Returned { inode, .. } = self.call(EndpointCall::On {
            socket: name.clone(),
            call: Call::Socket { family },
        })?;
        Ok(Socket::new(self.clone(), name, inode))
    }

    /// Makes a socket that is bound to this port of the host; 0 lets the kernel choose one.
    ///
    /// # Errors
    ///
    /// The errno of `socket(2)` or `bind(2)`: `EADDRINUSE`.
    pub fn bind(&self, port: u16) -> std::result::Result<Socket, CallError> {
        let socket = self.socket()?;
        socket.bind(SocketAddr::new(self.address, port))?;
        Ok(socket)
    }

    /// Listens on this port of the host, with room for 128 connections that wait for `accept`; 0 lets the kernel choose a port.
    ///
    /// # Errors
    ///
    /// The errno of `socket(2)`, `bind(2)` or `listen(2)`: `EADDRINUSE`.
    pub fn listen(&self, port: u16) -> std::result::Result<Listener, CallError> {
        self.bind(port)?.listen(BACKLOG)
    }

    /// Connects to that address, from a port that the kernel chooses.
    ///
    /// # Errors
    ///
    /// The errno of `socket(2)` or `connect(2)`: `ECONNREFUSED`, `ETIMEDOUT`. [`Error::TimedOut`] when the handshake takes longer
    /// than the lab's patience, as while the SYN is held.
    pub fn connect(&self, to: SocketAddr) -> std::result::Result<Socket, CallError> {
        self.connect_begin(to)?.wait()
    }

    /// Begins to connect to that address. The socket that connects is [`Pending::socket`].
    ///
    /// # Errors
    ///
    /// The errno of `socket(2)`.
    pub fn connect_begin(&self, to: SocketAddr) -> std::result::Result<Pending<Socket>, CallError> {
        let socket = self.socket()?;
        socket.begin_with(
            Call::Connect {
                address: to,
                deadline: None,
            },
            |socket, _| socket.clone(),
        )
    }

    /// Connects without blocking: the socket is in non-blocking mode, and its handshake under way. [`Socket::so_error`] has the
    /// outcome.
    ///
    /// # Errors
    ///
    /// The errno of `socket(2)` or `connect(2)`, but `EINPROGRESS`.
    pub fn connect_nonblocking(&self, to: SocketAddr) -> std::result::Result<Socket, CallError> {
        let socket = self.socket()?;
        socket.connect_nonblocking(to)?;
        Ok(socket)
    }

    /// Runs a program on the host, beside its endpoint, and waits until it runs. The command line is split into words as in a shell; one
    /// that only a shell understands (`|`, `>`, `$HOME`) has `sh` run it.
    ///
    /// ```
    /// # fn main() -> finwait_lab::Result<()> {
    /// # let lab = finwait_lab::Lab::isolated()?;
    /// let listener = lab.server().listen(8080)?;
    /// let program = lab.client().run("sh -c 'getent hosts server'")?;
    /// program.wait()?;
    /// assert!(program.output()[0].starts_with("10.0.0.2"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoProgram`] where it does not start: there is none of that name, or this is the loopback lab, which runs none.
    pub fn run(&self, command: &str) -> Result<Program> {
        self.run_with(ProgramSpec {
            run: command.to_owned(),
            ..ProgramSpec::default()
        })
    }

    /// Runs a program on the host with variables, a working directory, files or a terminal of its own.
    ///
    /// # Errors
    ///
    /// The errors of [`Host::run`].
    pub fn run_with(&self, spec: ProgramSpec) -> Result<Program> {
        Program::start(self, spec)
    }

    /// Changes a setting of the host: a sysctl, its route, its device, or its endpoint's limit of descriptors.
    ///
    /// ```
    /// # fn main() -> finwait_lab::Result<()> {
    /// # let lab = finwait_lab::Lab::isolated()?;
    /// use finwait_lab::Setting;
    /// lab.client().set(Setting::TcpFinTimeout, 5)?;
    /// lab.server().set(Setting::DefaultRoute, false)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when the kernel refuses it; in the loopback lab, whose settings are the machine's own, for all but
    /// [`Setting::Nofile`].
    pub fn set(&self, setting: Setting, value: impl Into<SettingValue>) -> Result<()> {
        let (value, side) = (value.into(), self.side);
        // Only one thread of the lab's user changes settings of a host at a time: the results come in order.
        let _turn = self.remote.turn();
        let before = self.remote.look(|view| view.settings(side).len());
        self.remote.send(&LabRequest::Host(side, setting, value))?;
        let told = |view: &View| view.settings(side).get(before).map(|(_, result)| result.clone());
        let name = setting.name();
        let result = self
            .remote
            .wait(self.remote.patience, || format!("{name} of the {side} to change"), told)?;
        result.map_err(|why| Error::Setting { side, setting, why })
    }

    /// Takes the host's network device down: what it sends and receives is lost.
    ///
    /// # Errors
    ///
    /// The errors of [`Host::set`].
    pub fn device_down(&self) -> Result<()> {
        self.set(Setting::Device, false)
    }

    /// Takes the host's network device up again.
    ///
    /// # Errors
    ///
    /// The errors of [`Host::set`].
    pub fn device_up(&self) -> Result<()> {
        self.set(Setting::Device, true)
    }

    /// Has SIGPIPE end the endpoint's process, or be ignored, as it is at first.
    ///
    /// # Errors
    ///
    /// The errno of `sigaction(2)`, which has no reason to fail.
    pub fn sigpipe(&self, disposition: Sigpipe) -> std::result::Result<(), CallError> {
        self.call(EndpointCall::Process(ProcessCall::Sigpipe { disposition }))
            .map(drop)
    }

    /// Kills the endpoint's process (SIGKILL): the kernel closes its sockets. Calls on them are [`Error::EndpointDied`] from then on.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when it does not end, [`Error::Gone`] without a lab.
    pub fn kill(&self) -> Result<()> {
        let side = self.side;
        self.remote.send(&LabRequest::Kill(side))?;
        let is_dead = |view: &View| (!view.process(side).is_up()).then_some(());
        self.remote
            .wait(self.remote.patience, || format!("the {side} endpoint to end"), is_dead)
    }

    /// Starts a new endpoint; one that lives is killed first.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when it does not come up, [`Error::Gone`] without a lab.
    pub fn restart(&self) -> Result<()> {
        let side = self.side;
        let born = self.remote.look(|view| view.process(side).born);
        self.remote.send(&LabRequest::Restart(side))?;
        let is_up = |view: &View| (view.process(side).born > born && view.process(side).is_up()).then_some(());
        self.remote.wait(
            self.remote.patience,
            || format!("a new {side} endpoint to come up"),
            is_up,
        )
    }

    /// A name that no socket of the lab has had.
    pub(super) fn name(&self) -> SocketName {
        let name = format!("{}-{}", self.side, self.remote.next_socket());
        SocketName::new(&name).unwrap_or_else(|| unreachable!("{name} is a letter, then letters, digits and -"))
    }

    /// Has the endpoint make a call, and waits for it.
    pub(super) fn call(&self, order: EndpointCall) -> std::result::Result<Returned, CallError> {
        Ticket::begin(self, order)?.wait_for(self.remote.patience)
    }
}
