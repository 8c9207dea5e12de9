//! A lab in this process: hosts, endpoints and the wire put together, behind requests and events.
//!
//! Threads: one for each host, which lives in the host's namespace (`host`), and one driver, which owns every descriptor, moves
//! the packets, speaks with the endpoints and reads the tables (`driver`). The owner of a [`LocalLab`] only sends requests; what
//! happens reaches it through the sink that it gave.

use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, OwnedFd};
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::driver;
use crate::error::{Error, Operation, Result};
use crate::event::{KeptBytes, LabRequest};
use crate::event_queue::{Batch, EventQueue};
use crate::facts::{LabFacts, LabKind};
use crate::host::{Host, HostLocation, Programs};
use crate::namespace_reaper::NamespaceReaper;
use crate::observe::trace::KernelTrace;
use crate::os::netns;
use crate::os::rtnl::Rtnl;
use crate::program::shell::LabCard;
use crate::program::surroundings::{self, NamedAddress, Surroundings};
use crate::runtime::{EndpointRuntimes, RuntimeChoice};
use crate::syn::SynPatience;
use finwait_model::errno::Errno;
use finwait_model::host::Port;
use finwait_model::side::{Ends, Side};

/// The kind of lab that is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabMode {
    /// The isolated one where it is available, else loopback.
    #[default]
    Auto,
    /// Two namespaces, or an error.
    Isolated,
    /// The machine's loopback address.
    Loopback,
}

/// The options that a lab is built with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The kind of lab.
    pub wanted: LabMode,
    /// IPv6 rather than IPv4.
    pub ipv6: bool,
    /// Do the isolated hosts leave checksums and the cutting into segments to their devices? That is many times as fast, and
    /// super-segments of up to 64 KiB are on the wire.
    pub offload: bool,
    /// Are the kernel's reasons for RSTs and drops traced, where tracefs is available?
    pub trace_kernel: bool,
    /// The isolated hosts' addresses, of that family; our own choice when absent.
    pub addresses: Option<Ends<IpAddr>>,
    /// A program that this crate is linked into: it becomes the native endpoints and the reapers (`role`).
    pub program: PathBuf,
    /// The runtimes that drive the ends.
    pub driven: EndpointRuntimes,
    /// The port that the server usually listens on in the isolated lab; 8080 when absent.
    pub port: Option<Port>,
    /// Names that programs know beside `client` and `server`.
    pub names: Vec<(String, NamedAddress)>,
    /// The user whom programs run as, by name or number; the one behind sudo, or finwait's own, when absent.
    pub run_as: Option<String>,
    /// The part of each packet's own bytes that is reported, for whoever records or exports.
    pub kept: KeptBytes,
}

impl Options {
    /// A lab whose ends are driven by raw system calls; this crate is linked into `program`.
    pub fn native(wanted: LabMode, ipv6: bool, program: PathBuf) -> Options {
        let driven = EndpointRuntimes::native(&program);
        Options {
            wanted,
            ipv6,
            offload: false,
            trace_kernel: false,
            addresses: None,
            program,
            driven,
            port: None,
            names: Vec::new(),
            run_as: None,
            kept: KeptBytes::None,
        }
    }

    /// The same with ends driven by these, made ready here.
    ///
    /// # Errors
    ///
    /// [`Error::NoTool`], [`Error::NoRuntime`] and [`Error::Os`] where an endpoint could not be made ready.
    pub fn driven_by(mut self, choices: Ends<RuntimeChoice>, syscalls: bool) -> Result<Options> {
        self.driven = EndpointRuntimes::by(choices, syscalls, &self.program)?;
        Ok(self)
    }

    /// Returns the port that the server usually listens on in the isolated lab.
    pub fn server_port(&self) -> Port {
        self.port.unwrap_or(PORT)
    }

    /// The arguments by which another finwait has the same lab.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = self.driven.arguments();
        match self.wanted {
            LabMode::Auto => {}
            LabMode::Isolated => arguments.extend(["--lab".into(), "isolated".into()]),
            LabMode::Loopback => arguments.extend(["--lab".into(), "loopback".into()]),
        }
        if self.ipv6 {
            arguments.push("--ipv6".into());
        }
        if self.offload {
            arguments.push("--offload".into());
        }
        if let Some(port) = self.port {
            arguments.extend(["--port".into(), port.to_string()]);
        }
        for (name, address) in &self.names {
            let address = match address {
                NamedAddress::Host(side) => side.to_string(),
                NamedAddress::Ip(ip) => ip.to_string(),
            };
            arguments.extend(["--host".into(), format!("{name}={address}")]);
        }
        if let Some(user) = &self.run_as {
            arguments.extend(["--run-as".into(), user.clone()]);
        }
        if self.trace_kernel {
            arguments.push("--trace-kernel".into());
        }
        arguments
    }
}

/// The port that the server listens on in the isolated lab unless another one is given.
const PORT: Port = Port(8080);

/// A running lab of this process; it ends when this is dropped.
#[derive(Debug)]
pub struct LocalLab {
    requests: Option<Sender<LabRequest>>,
    wake: Arc<OwnedFd>,
    /// A request has been sent that the driver has not taken out.
    asked: Arc<AtomicBool>,
    driver: Option<JoinHandle<()>>,
    /// The file by which a shell on a host finds it.
    _card: Option<File>,
}

impl LocalLab {
    /// Builds a lab and starts its endpoints; what happens in it is given to `sink`, from the driver's thread. Batches that pile up
    /// unread hold the lab back until they are read or dropped: memory is bounded, and no packet goes unrecorded.
    ///
    /// Must be called before the program has a second thread: a user namespace is entered where the isolated lab needs one,
    /// and that is only allowed to a process with a single thread (`unshare(2)`).
    ///
    /// # Errors
    ///
    /// - [`Error::NoIpv6`] where IPv6 is wanted and the kernel has none.
    /// - [`Error::NoIsolatedLab`] where only the isolated lab is wanted and a step of building it failed.
    /// - [`Error::NoLoopback`] where the loopback lab is wanted, or has to do, and the address cannot be used.
    /// - [`Error::Os`] for any other operation that the kernel refused, and [`Error::NoEndpoint`] for an endpoint that did not start.
    pub fn start(options: &Options, sink: impl Fn(Batch) + Send + 'static) -> Result<(LocalLab, LabFacts)> {
        if options.ipv6 {
            has_ipv6()?;
        }
        let Built {
            facts,
            hosts,
            reaper,
            trace,
        } = match options.wanted {
            LabMode::Isolated => isolated(options)?,
            LabMode::Loopback => loopback(options, None)?,
            LabMode::Auto => match isolated(options) {
                Ok(lab) => lab,
                Err(error) => loopback(options, Some(error.to_string()))?,
            },
        };
        // Without it the lab is there all the same; a shell does not find it.
        let cards = (hosts.client.card(), hosts.server.card());
        let card = match cards {
            (Some(client), Some(server)) => LabCard::show(Ends { client, server }).ok(),
            _ => None,
        };
        let wake =
            Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).during(|| "make an eventfd".into())?);
        let asked = Arc::new(AtomicBool::new(false));
        let (requests, inbox) = channel();
        let outbox = EventQueue::new(Box::new(sink), Arc::clone(&wake));
        let makers = Ends::from_fn(|side| options.driven.maker(side, &options.program));
        let mut driver = driver::Driver::new(
            hosts,
            makers,
            &facts,
            inbox,
            Arc::clone(&wake),
            Arc::clone(&asked),
            outbox,
        )?;
        driver.keep(options.kept);
        // Without a reaper, a shell outlives the lab.
        if let Some(card) = &card {
            let _ = reaper.end_shells(card.as_fd());
        }
        let driver = std::thread::Builder::new()
            .name("lab".into())
            .spawn(move || {
                if let Some(trace) = trace {
                    driver.trace(trace);
                }
                driver.run();
            })
            .during(|| "start the lab's thread".into())?;
        let lab = LocalLab {
            requests: Some(requests),
            wake,
            asked,
            driver: Some(driver),
            _card: card,
        };
        Ok((lab, facts))
    }

    /// Asks the lab to do something.
    pub fn send(&self, request: LabRequest) {
        if let Some(requests) = &self.requests {
            // A driver that is gone has reported why through the sink.
            let _ = requests.send(request);
            self.asked.store(true, Ordering::Release);
            self.ring();
        }
    }

    fn ring(&self) {
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }
}

impl Drop for LocalLab {
    fn drop(&mut self) {
        self.requests = None;
        self.ring();
        if let Some(driver) = self.driver.take() {
            let _ = driver.join();
        }
    }
}

/// Builds the isolated lab's hosts and lets them go again: the surest way to find out whether they are available. See [`LocalLab::start`].
///
/// # Errors
///
/// [`Error::NoIsolatedLab`] with the step that failed.
pub fn try_isolated(options: &Options) -> Result<()> {
    isolated(options).map(drop)
}

/// A lab that is built.
struct Built {
    /// What is known of it.
    facts: LabFacts,
    hosts: Ends<Host>,
    /// What clears them away.
    reaper: Arc<NamespaceReaper>,
    /// The kernel's reasons where they are to be traced.
    trace: Option<std::result::Result<KernelTrace, String>>,
}

/// Two hosts in namespaces of their own.
fn isolated(options: &Options) -> Result<Built> {
    let why = |error: Error| Error::NoIsolatedLab { why: error.to_string() };
    // Asked first, so that a process which falls back to loopback does not stand in a user namespace for nothing.
    crate::os::tun::available().map_err(why)?;
    // Who finwait is is not to be seen from within.
    let user = surroundings::user(options.run_as.as_deref())?;
    if !netns::capable() {
        netns::enter_user_namespace().map_err(|error| match &error {
            Error::Os { source, .. } if Errno::of(source) == Errno::EINVAL => Error::NoIsolatedLab {
                why: "only a process with a single thread can enter a user namespace (unshare(2)), and this one has several: \
                      the isolated lab must be its first"
                    .into(),
            },
            _ => why(error),
        })?;
    }
    let ours: Ends<IpAddr> = if options.ipv6 {
        Ends {
            client: Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1).into(),
            server: Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2).into(),
        }
    } else {
        Ends {
            client: Ipv4Addr::new(10, 0, 0, 1).into(),
            server: Ipv4Addr::new(10, 0, 0, 2).into(),
        }
    };
    let addresses = options.addresses.unwrap_or(ours);
    let place = |side| HostLocation::Namespace {
        address: addresses[side],
        offload: options.offload,
    };
    let port = options.server_port();
    let surroundings = |side| {
        let (own, strace) = (options.program.clone(), options.driven.strace());
        Surroundings::of(side, own, &addresses, port, &options.names, user.clone(), strace)
    };
    let (hosts, reaper) = hosts(options, place, |side| Some(surroundings(side))).map_err(why)?;
    let trace = options.trace_kernel.then(|| {
        let trace = KernelTrace::open()?;
        // Without a reaper, it stays where the program is killed.
        let _ = reaper.take_away(trace.path());
        Ok(trace)
    });
    let facts = LabFacts {
        kind: LabKind::Isolated,
        addresses,
        offload: options.offload,
        port,
        settings: Ends::from_fn(|side| hosts[side].settings.clone()),
        syn_patience: SynPatience::here(),
        no_sock_diag: hosts.client.diag.as_ref().err().cloned(),
        capture: None,
    };
    Ok(Built {
        facts,
        hosts,
        reaper,
        trace,
    })
}

/// Makes both hosts, at the same time; and what clears them away.
fn hosts(
    options: &Options,
    place: impl Fn(Side) -> HostLocation,
    surroundings: impl Fn(Side) -> Option<Surroundings>,
) -> Result<(Ends<Host>, Arc<NamespaceReaper>)> {
    let reaper = Arc::new(NamespaceReaper::new(options.program.clone()));
    let begin = |side| {
        Host::begin(
            side,
            place(side),
            Programs::of(options, side, &reaper, surroundings(side)),
        )
    };
    let (client, server) = (begin(Side::Client)?, begin(Side::Server)?);
    let hosts = Ends {
        client: client.finish()?,
        server: server.finish()?,
    };
    Ok((hosts, reaper))
}

/// Both ends on the machine's own loopback address.
fn loopback(options: &Options, why: Option<String>) -> Result<Built> {
    let address = loopback_address(options.ipv6);
    reach(address)?;
    let (hosts, reaper) = hosts(options, |_| HostLocation::Machine, |_| None)?;
    let trace = options.trace_kernel.then(|| {
        let why = "the loopback lab's packets are handed over by the kernel itself, and no wire sees them";
        Err(why.to_owned())
    });
    let facts = LabFacts {
        kind: LabKind::Loopback(why),
        addresses: Ends {
            client: address,
            server: address,
        },
        offload: false,
        port: free_port(address)?,
        settings: Ends::default(),
        syn_patience: SynPatience::here(),
        no_sock_diag: hosts.client.diag.as_ref().err().cloned(),
        capture: None,
    };
    Ok(Built {
        facts,
        hosts,
        reaper,
        trace,
    })
}

/// May the machine's loopback address be used: can something listen there, and be connected to? An address of a device that is down can
/// still be bound.
///
/// # Errors
///
/// [`Error::NoLoopback`] where it cannot, with the errno.
pub fn try_loopback(ipv6: bool) -> Result<()> {
    reach(loopback_address(ipv6))
}

fn loopback_address(ipv6: bool) -> IpAddr {
    if ipv6 {
        Ipv6Addr::LOCALHOST.into()
    } else {
        Ipv4Addr::LOCALHOST.into()
    }
}

fn reach(address: IpAddr) -> Result<()> {
    let tried = TcpListener::bind((address, 0)).and_then(|listener| {
        let listens_on = listener.local_addr()?;
        TcpStream::connect_timeout(&listens_on, REACH_PATIENCE).map(drop)
    });
    tried.map_err(|error| {
        let errno = Errno::of(&error);
        let advice = match errno {
            Errno::ENETUNREACH | Errno::ENETDOWN | Errno::EADDRNOTAVAIL if is_down("lo") => {
                "; the device lo is down: ip link set lo up"
            }
            Errno::EADDRNOTAVAIL if address.is_ipv6() => {
                "; IPv6 is switched off on the device lo: sysctl net.ipv6.conf.lo.disable_ipv6=0"
            }
            _ => "",
        };
        Error::NoLoopback { address, errno, advice }
    })
}

/// Is that device of the calling thread's network namespace down?
fn is_down(device: &str) -> bool {
    Rtnl::open().and_then(|mut rtnl| rtnl.is_up(device)).is_ok_and(|up| !up)
}

/// The time that the kernel gets to answer itself.
const REACH_PATIENCE: Duration = Duration::from_secs(2);

/// Has the kernel IPv6?
///
/// # Errors
///
/// [`Error::NoIpv6`] where it has none; [`Error::Os`] where `socket(2)` failed for another reason.
pub fn has_ipv6() -> Result<()> {
    match Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP)) {
        Ok(_) => Ok(()),
        Err(source) if Errno::of(&source) == Errno::EAFNOSUPPORT => Err(Error::NoIpv6 {
            why: "this kernel has none (ipv6.disable=1 on its command line, or no module ipv6)".into(),
        }),
        Err(source) => Err(source).during(|| "make an IPv6 socket".into()),
    }
}

/// A port that nobody uses now, outside the range from which connect takes its own: another program's service is never met by
/// accident, and no connection of ours can take the port before the server binds it.
fn free_port(address: IpAddr) -> Result<Port> {
    // Spread by process number, so that programs started together do not race for one port; and by a stride without a
    // common factor, so that one that is taken does not send us to our neighbour's.
    let start = std::process::id() % 10_000;
    // A port of its own for each lab of this process: of two that stand side by side, neither may have bound its port yet.
    static LABS: AtomicU32 = AtomicU32::new(0);
    let first = LABS.fetch_add(1, Ordering::Relaxed) % 10_000;
    (first..first + 10_000)
        .map(|n| 20_000 + ((start + n * 3_571) % 10_000) as u16)
        .find_map(|port| match is_free(SocketAddr::new(address, port)) {
            Ok(()) => Some(Ok(Port(port))),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => None,
            // The next one would be no better.
            Err(error) => Some(Err(error)),
        })
        .unwrap_or_else(|| Err(std::io::ErrorKind::AddrInUse.into()))
        .during(|| format!("find a free port on {address} from 20000 to 29999"))
}

/// Could an endpoint bind that address now? As it will: without SO_REUSEADDR, which std's listener sets, and which would find
/// an address free that TIME_WAIT still keeps.
fn is_free(address: SocketAddr) -> std::io::Result<()> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&address.into())
}
