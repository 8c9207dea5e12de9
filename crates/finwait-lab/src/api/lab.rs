//! A lab, and how it is started.

use std::fmt;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::host::Host;
use super::remote::{Remote, SHOWN};
use super::transcript::Transcript;
use super::view::View;
use super::wire::Wire;
use crate::advice;
use crate::error::{Error, Operation, Result};
use crate::facts::{LabFacts, LabKind};
use crate::local::LabMode;
use crate::owner::{Greeting, LabSpec};
use crate::role::{Role, THIS_PROGRAM};
use finwait_model::side::{Ends, Side};

/// The time that building a lab gets: many at once wait for the kernel's one lock over network devices (`rtnl_mutex`).
const START_PATIENCE: Duration = Duration::from_secs(60);
/// The time after which a wait is over, unless another one is set.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time that the lab's process gets to clear away.
const END_PATIENCE: Duration = Duration::from_secs(10);

/// The options that a lab is started with.
///
/// ```
/// # fn main() -> finwait_lab::Result<()> {
/// use std::time::Duration;
/// let lab = finwait_lab::Lab::builder().ipv6().patience(Duration::from_secs(2)).isolated()?;
/// assert!(lab.server().address().is_ipv6());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "isolated and loopback start the lab"]
pub struct LabBuilder {
    ipv6: bool,
    offload: bool,
    addresses: Option<Ends<IpAddr>>,
    patience: Duration,
}

impl LabBuilder {
    /// IPv6 rather than IPv4.
    pub const fn ipv6(mut self) -> LabBuilder {
        self.ipv6 = true;
        self
    }

    /// Segmentation and checksum offload, which is many times as fast for bulk data: the hosts leave both to the wire, and a super-segment of
    /// up to 64 KiB is one packet there, which is held, dropped or delivered as a whole. [`PacketRecord::segment_size`] tells it. For the
    /// isolated lab; loopback has no wire.
    ///
    /// [`PacketRecord::segment_size`]: crate::event::PacketRecord::segment_size
    pub const fn offload(mut self) -> LabBuilder {
        self.offload = true;
        self
    }

    /// The addresses of the isolated hosts: any two of one family, as nobody else sees them. 10.0.0.1 and 10.0.0.2 unless told
    /// otherwise, fd00::1 and fd00::2 in IPv6.
    pub fn addresses(mut self, client: impl Into<IpAddr>, server: impl Into<IpAddr>) -> LabBuilder {
        let (client, server) = (client.into(), server.into());
        self.ipv6 = client.is_ipv6();
        self.addresses = Some(Ends { client, server });
        self
    }

    /// Sets how long a wait may last before it is an error; 10 s unless it is set. A call that blocks is waited for, too.
    pub const fn patience(mut self, time: Duration) -> LabBuilder {
        self.patience = time;
        self
    }

    /// Starts an isolated lab.
    ///
    /// # Errors
    ///
    /// The errors of [`Lab::isolated`]; [`Error::Addresses`] for addresses that two hosts cannot have; [`Error::NotStarted`] without IPv6
    /// where it was asked for.
    pub fn isolated(self) -> Result<Lab> {
        self.start(LabMode::Isolated)
    }

    /// Starts a loopback lab.
    ///
    /// # Errors
    ///
    /// The errors of [`Lab::loopback`].
    pub fn loopback(self) -> Result<Lab> {
        self.start(LabMode::Loopback)
    }

    fn start(self, mode: LabMode) -> Result<Lab> {
        self.addresses.as_ref().map_or(Ok(()), fit)?;
        let spec = LabSpec {
            mode,
            ipv6: self.ipv6,
            offload: self.offload,
            addresses: self.addresses,
        };
        let starting = Starting::new(&spec, self.patience)?;
        let facts = starting.facts()?;
        starting.endpoints_are_up()?;
        Ok(Lab::of(starting, &facts))
    }
}

/// Can two hosts that are joined by a wire have these addresses?
fn fit(addresses: &Ends<IpAddr>) -> Result<()> {
    let Ends { client, server } = addresses;
    let no = |why: String| Err(Error::Addresses { why });
    for address in [client, server] {
        if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
            return no(format!("{address} is no address of a host on a network"));
        }
    }
    if client == server {
        return no(format!("{client} cannot be both"));
    }
    if client.is_ipv4() != server.is_ipv4() {
        return no(format!("{client} and {server} are of two families"));
    }
    Ok(())
}

/// Two hosts with live TCP sockets in the kernel, and the wire between them. It ends when this is dropped: its processes, and in the
/// isolated lab its network namespaces, with all that is in them.
///
/// Many threads can use a lab, and many labs can run at once.
///
/// A lab that is dropped by a panic, as that of a failed assertion, prints the last events to standard error.
pub struct Lab {
    remote: Arc<Remote>,
    _process: OwnerProcess,
    hosts: Ends<Host>,
    wire: Wire,
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lab")
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

impl Lab {
    /// Starts a lab of two network namespaces that are joined by a [`Wire`], on which every segment can be held.
    ///
    /// An ordinary user can, with access to `/dev/net/tun` (0666, as distributions ship it) and unprivileged user namespaces. The
    /// namespaces belong to a child process, so the caller may have many threads.
    ///
    /// # Errors
    ///
    /// [`Error::NoIsolatedLab`] where the machine does not allow it, with what to do about it.
    pub fn isolated() -> Result<Lab> {
        Lab::builder().isolated()
    }

    /// Starts a lab on the machine's own loopback address: both hosts are the machine, there is no wire, and the machine's settings
    /// are in force. Needs no privilege and no device.
    ///
    /// # Errors
    ///
    /// [`Error::NotStarted`] where the loopback address cannot be used.
    pub fn loopback() -> Result<Lab> {
        Lab::builder().loopback()
    }

    /// Options for a lab.
    pub const fn builder() -> LabBuilder {
        LabBuilder {
            ipv6: false,
            offload: false,
            addresses: None,
            patience: PATIENCE,
        }
    }

    fn of(starting: Starting, facts: &LabFacts) -> Lab {
        let Starting { remote, process } = starting;
        let host = |side: Side| Host::new(Arc::clone(&remote), side, facts.addresses[side]);
        Lab {
            hosts: Ends::from_fn(host),
            wire: Wire::new(Arc::clone(&remote), facts.kind == LabKind::Isolated),
            _process: process,
            remote,
        }
    }

    /// The client's host: the end that usually connects. Either end can do either.
    pub const fn client(&self) -> &Host {
        &self.hosts.client
    }

    /// The server's host: the end that usually listens.
    pub const fn server(&self) -> &Host {
        &self.hosts.server
    }

    /// The wire between them.
    pub const fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Waits until `holds` is true. It is asked at once, and again after each event: a state that lasts for a moment is seen, too.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when it does not become true within the lab's patience: the error says where it was waited for, and what
    /// happened instead.
    #[track_caller]
    pub fn until(&self, holds: impl FnMut(&View) -> bool) -> Result<()> {
        let place = std::panic::Location::caller();
        self.remote.until(|| format!("the condition at {place}"), holds)
    }

    /// Waits until all that happens by itself has happened: nothing is in the air, no socket waits for an acknowledgement, and no call
    /// is about to return. What is held on the wire is not waited for, nor is a call that blocks.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when it does not become quiet within the lab's patience, as while a segment that was dropped is sent again.
    pub fn quiet(&self) -> Result<()> {
        self.remote.settled()?;
        let quiet = |view: &View| view.is_quiet().then_some(());
        self.remote
            .wait(self.remote.patience, || "the lab to be quiet".into(), quiet)
    }

    /// Returns what is known of the lab now.
    pub fn view(&self) -> View {
        self.remote.look(View::clone)
    }

    /// The last events as lines: calls, segments, changes of state.
    pub fn transcript(&self) -> Transcript {
        self.remote.look(View::transcript)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the lab's last events:\n{}", self.transcript().last(SHOWN));
        }
    }
}

/// A lab that is being built: dropped before it is one, it ends.
struct Starting {
    remote: Arc<Remote>,
    process: OwnerProcess,
}

impl Starting {
    fn new(spec: &LabSpec, patience: Duration) -> Result<Starting> {
        let (ours, theirs) = UnixStream::pair().during(|| "make a socketpair".into())?;
        let theirs = OwnedFd::from(theirs);
        let out = theirs.try_clone().during(|| "duplicate a socket".into())?;
        let child = Role::Owner
            .command(Path::new(THIS_PROGRAM))?
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::from(out))
            // A Ctrl-C at the terminal is for the test program, with which this ends.
            .process_group(0)
            .spawn()
            .during(|| "start the lab's process".into())?;
        let mut process = OwnerProcess {
            child,
            remote: None,
            listener: None,
        };
        let control = ours.try_clone().during(|| "duplicate a socket".into())?;
        let remote = Arc::new(Remote::new(control, spec, patience)?);
        let listening = Arc::clone(&remote);
        process.listener = Some(
            std::thread::Builder::new()
                .name("finwait-lab".into())
                .spawn(move || listening.listen(ours))
                .during(|| "start a thread".into())?,
        );
        process.remote = Some(Arc::clone(&remote));
        Ok(Starting { remote, process })
    }

    /// Returns what the lab is, or why there is none.
    fn facts(&self) -> Result<LabFacts> {
        match self.remote.greeting(START_PATIENCE)? {
            Greeting::Started(facts) => Ok(*facts),
            Greeting::NoIsolatedLab(why) => Err(Error::NoIsolatedLab {
                why: match advice::isolated() {
                    Some(advice) => format!("{why} -> {advice}"),
                    None => why,
                },
            }),
            Greeting::Failed(why) => Err(Error::NotStarted { why }),
        }
    }

    fn endpoints_are_up(&self) -> Result<()> {
        for side in Side::BOTH {
            let up = |view: &View| {
                let process = view.process(side);
                let failed = || {
                    let death = process.death.map(|how| how.to_string());
                    process.refused.clone().or(death)
                };
                if process.is_up() {
                    Some(Ok(()))
                } else {
                    failed().map(|why| Err(Error::NoEndpoint { side, why }))
                }
            };
            self.remote
                .wait(START_PATIENCE, || format!("the {side} endpoint to come up"), up)??;
        }
        Ok(())
    }
}

/// The process that owns the lab, and the thread that listens to it. Dropping it ends both.
struct OwnerProcess {
    child: Child,
    remote: Option<Arc<Remote>>,
    listener: Option<JoinHandle<()>>,
}

impl Drop for OwnerProcess {
    fn drop(&mut self) {
        if let Some(remote) = &self.remote {
            remote.hang_up();
        }
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        // It ends by itself when nobody speaks with it any more, after it has cleared away.
        let ended = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty()).is_ok_and(|pidfd| {
            let time = Timespec::try_from(END_PATIENCE).ok();
            poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], time.as_ref()) == Ok(1)
        });
        if !ended {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
