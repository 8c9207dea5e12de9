//! A host: one network namespace with one address, and the thread that lives in it.
//!
//! Namespaces belong to threads, and an endpoint dies with the thread that bore it (PR_SET_PDEATHSIG), so the thread stays for
//! as long as the lab does: it bears endpoints and changes settings when asked. The descriptors that it opened point into its
//! namespace whichever thread uses them, and are handed to the driver.

use rustix::fd::AsFd;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::namespace_reaper::NamespaceReaper;
use super::process::{SpawnedProcess, spawn};
use crate::error::{Error, Operation, Result};
use crate::local::Options;
use crate::observe::counters::Counters;
use crate::observe::diag::Diag;
use crate::observe::procfs::ProcTable;
use crate::os::netns::{ParentNamespace, unshare_net};
use crate::os::rtnl::{LO, Rtnl};
use crate::os::sysctl;
use crate::os::tun::Tun;
use crate::program::shell::HostCard;
use crate::program::surroundings::Surroundings;
use crate::program::{self, SpawnedProgram};
use crate::runtime::Launch;
use finwait_model::call::Family;
use finwait_model::host::{Setting, SettingScope, SettingValue};
use finwait_model::program::ProgramSpec;
use finwait_model::side::Side;

/// The name of the device that leads to the wire.
const DEVICE: &str = "wire0";
/// Slots of an isolated host's own connection table: dumps walk all of them, so a small one is quick to read.
const TABLE_SLOTS: u32 = 256;

/// A host as the driver holds it.
#[derive(Debug)]
pub struct Host {
    /// The end of the wire; none in the loopback lab.
    pub tun: Option<Tun>,
    /// The sockets by netlink; or why netlink is not available.
    pub diag: std::result::Result<Diag, String>,
    /// The sockets by procfs, for each family.
    pub tables: Vec<(Family, ProcTable)>,
    /// The kernel's counters, of a host of its own; the machine's mix with what other programs do.
    pub counters: Option<Counters>,
    /// The settings as they were found.
    pub settings: Vec<(Setting, SettingValue)>,
    /// What programs find here; none in the loopback lab, which runs none.
    surroundings: Option<Arc<Surroundings>>,
    /// The number of the thread that lives in its namespace.
    pub thread: u32,
    jobs: Sender<Job>,
    /// The endpoint that is being started.
    starting: Option<Receiver<Result<SpawnedProcess>>>,
    _thread: JoinHandle<()>,
}

/// A host whose thread is building it.
pub struct HostUnderConstruction {
    side: Side,
    surroundings: Option<Arc<Surroundings>>,
    jobs: Sender<Job>,
    built: Receiver<Result<HostHandles>>,
    thread: JoinHandle<()>,
}

enum Job {
    Spawn(Sender<Result<SpawnedProcess>>),
    Set(Setting, SettingValue, Sender<Result<()>>),
    /// The endpoints that are started from here on.
    Use(Launch),
    Run(
        Arc<Surroundings>,
        Box<ProgramSpec>,
        Sender<std::result::Result<SpawnedProgram, String>>,
    ),
}

/// The place of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostLocation {
    /// A namespace of its own, with this address, and a device that offloads or does not.
    Namespace {
        /// The address.
        address: IpAddr,
        /// Does the host leave checksums and the cutting into segments to the device?
        offload: bool,
    },
    /// The machine itself.
    Machine,
}

/// The programs that a host runs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// finwait itself.
    own: PathBuf,
    endpoint: Launch,
    reaper: Arc<NamespaceReaper>,
    surroundings: Option<Arc<Surroundings>>,
}

impl Programs {
    /// The programs of one end of a lab, which has one reaper.
    pub fn of(
        options: &Options,
        side: Side,
        reaper: &Arc<NamespaceReaper>,
        surroundings: Option<Surroundings>,
    ) -> Programs {
        Programs {
            own: options.program.clone(),
            endpoint: options.driven.launch(side).clone(),
            reaper: Arc::clone(reaper),
            surroundings: surroundings.map(Arc::new),
        }
    }

    /// Can the endpoint start processes of its own?
    fn may_fork(&self) -> bool {
        self.endpoint.program != self.own
    }
}

impl Host {
    /// Begins to make a host, on a thread of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] where the thread did not start.
    pub fn begin(side: Side, place: HostLocation, programs: Programs) -> Result<HostUnderConstruction> {
        let (jobs, inbox) = channel();
        let (ready, built) = channel();
        let surroundings = programs.surroundings.clone();
        let thread = std::thread::Builder::new()
            .name(format!("{side} host"))
            .spawn(move || live(side, place, programs, &ready, &inbox))
            .map_err(|source| Error::Os {
                operation: format!("start the {side} host's thread"),
                source,
            })?;
        Ok(HostUnderConstruction {
            side,
            surroundings,
            jobs,
            built,
            thread,
        })
    }

    /// Begins to start a new endpoint on this host, which [`spawn`](Self::spawn) returns.
    ///
    /// # Errors
    ///
    /// [`Error::NoEndpoint`] without the host's thread.
    pub fn begin_spawn(&mut self, side: Side) -> Result<()> {
        let (reply, answer) = channel();
        self.jobs.send(Job::Spawn(reply)).map_err(|_| gone(side))?;
        self.starting = Some(answer);
        Ok(())
    }

    /// Starts a new endpoint on this host, unless one is being started.
    ///
    /// # Errors
    ///
    /// [`Error::NoEndpoint`] and [`Error::Os`] where it did not start.
    pub fn spawn(&mut self, side: Side) -> Result<SpawnedProcess> {
        if self.starting.is_none() {
            self.begin_spawn(side)?;
        }
        let answer = self.starting.take().ok_or_else(|| gone(side))?;
        answer.recv().map_err(|_| gone(side))?
    }

    /// Has the endpoints that are started from here on be started like this.
    ///
    /// # Errors
    ///
    /// [`Error::NoEndpoint`] without the host's thread.
    pub fn start_with(&self, side: Side, launch: Launch) -> Result<()> {
        self.jobs.send(Job::Use(launch)).map_err(|_| gone(side))
    }

    /// Tells where it is, and what programs know there; none in the loopback lab.
    pub fn card(&self) -> Option<HostCard> {
        let names = self.surroundings.as_ref()?.lab.clone();
        let thread = self.thread;
        Some(HostCard { thread, names })
    }

    /// Begins to start a program on this host; also what it finds here.
    ///
    /// # Errors
    ///
    /// One sentence, where it cannot be.
    pub fn run(&self, spec: &ProgramSpec) -> std::result::Result<(SpawnedProgram, Arc<Surroundings>), String> {
        let surroundings = self.surroundings.as_ref().ok_or("this lab runs no programs")?;
        let (reply, answer) = channel();
        let job = Job::Run(Arc::clone(surroundings), Box::new(spec.clone()), reply);
        let no_thread = "its host's thread is gone";
        self.jobs.send(job).map_err(|_| no_thread)?;
        let spawned = answer.recv().map_err(|_| no_thread)??;
        Ok((spawned, Arc::clone(surroundings)))
    }

    /// Changes a setting.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] where the kernel refused; [`Error::NoEndpoint`] without the host's thread.
    pub fn set(&self, side: Side, setting: Setting, value: SettingValue) -> Result<()> {
        let (reply, answer) = channel();
        self.jobs
            .send(Job::Set(setting, value, reply))
            .map_err(|_| gone(side))?;
        answer.recv().map_err(|_| gone(side))?
    }
}

impl HostUnderConstruction {
    /// Returns the host when it is made.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] with the step that failed: namespace, device, addresses, tables.
    pub fn finish(self) -> Result<Host> {
        let HostHandles {
            tun,
            thread,
            diag,
            tables,
            counters,
            settings,
        } = self.built.recv().map_err(|_| gone(self.side))??;
        Ok(Host {
            tun,
            diag,
            tables,
            counters,
            settings,
            surroundings: self.surroundings,
            thread,
            jobs: self.jobs,
            starting: None,
            _thread: self.thread,
        })
    }
}

fn gone(side: Side) -> Error {
    Error::NoEndpoint {
        side,
        why: "its host's thread is gone".into(),
    }
}

/// The descriptors that the thread opened in its namespace.
struct HostHandles {
    thread: u32,
    tun: Option<Tun>,
    diag: std::result::Result<Diag, String>,
    tables: Vec<(Family, ProcTable)>,
    counters: Option<Counters>,
    settings: Vec<(Setting, SettingValue)>,
}

/// The thread's life: build, hand over, then do jobs until nobody can ask any more.
fn live(
    side: Side,
    place: HostLocation,
    mut programs: Programs,
    ready: &Sender<Result<HostHandles>>,
    inbox: &Receiver<Job>,
) {
    let mut network = match place {
        HostLocation::Machine => None,
        HostLocation::Namespace { address, offload } => match Network::build(address, offload) {
            Ok(network) => Some(network),
            Err(error) => {
                let _ = ready.send(Err(error));
                return;
            }
        },
    };
    // Another descriptor of the device, for the reaper.
    let mut device = network
        .as_ref()
        .and_then(|network| network.tun.as_ref()?.as_fd().try_clone_to_owned().ok());
    let opened = open(network.as_mut());
    if ready.send(opened).is_err() {
        return;
    }
    let mut told_of_processes = false;
    for job in inbox {
        // A reply that nobody waits for any more is no failure.
        match job {
            Job::Spawn(reply) => {
                let mark = programs.may_fork().then(|| programs.reaper.endpoint());
                drop(reply.send(spawn(&programs.endpoint, side, mark)));
                // After the endpoint, whose start is waited for. Without a reaper, orphans stay until they time out.
                if let Some(device) = device.take() {
                    let _ = programs.reaper.take_over(device.as_fd());
                }
                if programs.may_fork() && !told_of_processes {
                    told_of_processes = programs.reaper.end_processes().is_ok();
                }
            }
            Job::Use(launch) => programs.endpoint = launch,
            Job::Run(surroundings, spec, reply) => {
                // Port 80 is everybody's here: nobody else is on the host. Where /proc/sys cannot be written, it is root's.
                let _ = sysctl::write("net.ipv4.ip_unprivileged_port_start", "0");
                drop(reply.send(program::spawn(&surroundings, &spec)));
            }
            Job::Set(setting, value, reply) => drop(reply.send(match &mut network {
                Some(network) => network.set(setting, value),
                None => Err(Error::NoIsolatedLab {
                    why: "this is the loopback lab, whose settings are the machine's own".into(),
                }),
            })),
        }
    }
}

fn open(network: Option<&mut Network>) -> Result<HostHandles> {
    let mut tables = vec![(Family::Inet, ProcTable::open(Family::Inet)?)];
    // A kernel without IPv6 has no tcp6: there is nothing to see then.
    tables.extend(ProcTable::open(Family::Inet6).map(|table| (Family::Inet6, table)));
    let (tun, counters, settings) = match network {
        None => (None, None, Vec::new()),
        Some(network) => {
            let family = if network.address.is_ipv6() {
                Family::Inet6
            } else {
                Family::Inet
            };
            let counters = Counters::open(family)?;
            (network.tun.take(), Some(counters), network.settings())
        }
    };
    Ok(HostHandles {
        thread: rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs(),
        tun,
        diag: Diag::answering().map_err(|error| error.to_string()),
        tables,
        counters,
        settings,
    })
}

/// The longest time that the kernel may take to make an IPv6 address usable.
const ADDRESS_PATIENCE: Duration = Duration::from_secs(5);

/// Waits until packets to the host's own address are its own.
///
/// An IPv6 address gets its local route from a work queue (`addrconf_dad_work`), some time after netlink has said that all is
/// done: a SYN that comes before is dropped silently.
fn await_local_route(address: Ipv6Addr) -> Result<()> {
    const ROUTES: &str = "/proc/thread-self/net/ipv6_route";
    let began = Instant::now();
    while !has_local_route(
        &std::fs::read_to_string(ROUTES).during(|| format!("read {ROUTES}"))?,
        address,
    ) {
        if began.elapsed() > ADDRESS_PATIENCE {
            return Err(Error::Os {
                operation: format!("wait for the address {address}"),
                source: std::io::ErrorKind::TimedOut.into(),
            });
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}

/// Is there a route to that address, and does it end here? The columns: destination, its length, source, its length, next
/// hop, metric, two counts, flags, device (`rt6_info_route`).
fn has_local_route(table: &str, address: Ipv6Addr) -> bool {
    const RTF_LOCAL: u32 = 0x8000_0000;
    let hex: String = address.octets().iter().map(|byte| format!("{byte:02x}")).collect();
    table.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        matches!(words.as_slice(), [to, "80", _, _, _, _, _, _, flags, ..]
            if *to == hex && u32::from_str_radix(flags, 16).is_ok_and(|flags| flags & RTF_LOCAL != 0))
    })
}

/// The parent of all hosts' namespaces of this process: what was to be set up in it stays as it is.
static PARENT: OnceLock<Option<ParentNamespace>> = OnceLock::new();

/// Moves the calling thread into a namespace of its own.
fn unshare() -> Result<()> {
    match PARENT.get_or_init(|| ParentNamespace::enter(TABLE_SLOTS).ok()) {
        Some(parent) => parent.unshare(),
        None => unshare_net(),
    }
}

/// The inside of an isolated host's namespace.
struct Network {
    address: IpAddr,
    tun: Option<Tun>,
    rtnl: Rtnl,
    device: u32,
    device_up: bool,
    route: bool,
}

impl Network {
    /// Makes a namespace for the calling thread, and everything in it.
    fn build(address: IpAddr, offload: bool) -> Result<Network> {
        unshare()?;
        let v6 = address.is_ipv6();
        // What follows only quietens or evens out the host; where /proc/sys cannot be written, it still works.
        let wish = |name: &str, value: &str| drop(sysctl::write(name, value));
        // The machine's default may be bbr, whose pacing makes a wire without a rate look odd.
        for control in ["reno", "cubic"] {
            wish("net.ipv4.tcp_congestion_control", control);
        }
        // The device is made with what is the default then. A write for all devices that there are already spins while the kernel's lock
        // of them is taken (`restart_syscall`), so it is for machines that need it alone.
        wish("net.ipv6.conf.default.disable_ipv6", if v6 { "0" } else { "1" });
        if v6 {
            wish("net.ipv6.conf.default.accept_ra", "0");
            wish("net.ipv6.conf.default.router_solicitations", "0");
            wish("net.ipv6.conf.default.keep_addr_on_down", "1");
            // The machine may have switched it off for new namespaces.
            if sysctl::read("net.ipv6.conf.all.disable_ipv6").is_ok_and(|off| off != "0") {
                wish("net.ipv6.conf.all.disable_ipv6", "0");
            }
        }
        let tun = Tun::create(DEVICE, offload)?;
        let mut rtnl = Rtnl::open()?;
        rtnl.set_link(LO, true, None)?;
        let device = rtnl.link_index(DEVICE)?;
        if v6 {
            // No link-local address, so that nothing but what the user does is on the wire.
            let _ = rtnl.set_no_address_generation(device);
        } else {
            // An IPv4 lab has no IPv6 address, also not on `lo`; it has none either where the kernel has no IPv6.
            let _ = rtnl.del_address(LO, Ipv6Addr::LOCALHOST.into(), 128);
        }
        let mut network = Network {
            address,
            tun: Some(tun),
            rtnl,
            device,
            device_up: false,
            route: true,
        };
        network.up()?;
        Ok(network)
    }

    /// Brings the device up with its address, and the default route where it is wanted: taking a device down loses them.
    fn up(&mut self) -> Result<()> {
        let v6 = self.address.is_ipv6();
        self.rtnl
            .add_address(self.device, self.address, if v6 { 128 } else { 32 })?;
        self.rtnl.set_link(self.device, true, None)?;
        self.device_up = true;
        if self.route {
            self.rtnl.add_default_route(self.device, v6)?;
        }
        match self.address {
            IpAddr::V4(_) => Ok(()),
            IpAddr::V6(address) => await_local_route(address),
        }
    }

    fn settings(&mut self) -> Vec<(Setting, SettingValue)> {
        Setting::ALL
            .into_iter()
            .filter_map(|setting| {
                let value = match setting.scope() {
                    SettingScope::Kernel(name) => setting.from_sysctl(&sysctl::read(name).ok()?)?,
                    SettingScope::Network if setting == Setting::Mtu => {
                        SettingValue::Number(self.rtnl.mtu(DEVICE).ok()?)
                    }
                    SettingScope::Network => SettingValue::Switch(true),
                    SettingScope::Process => return None,
                };
                Some((setting, value))
            })
            .collect()
    }

    fn set(&mut self, setting: Setting, value: SettingValue) -> Result<()> {
        if let Some(name) = setting.sysctl() {
            return sysctl::write(name, &value.to_sysctl());
        }
        let on = value == SettingValue::Switch(true);
        match setting {
            Setting::Mtu => match value {
                SettingValue::Number(mtu) => self.rtnl.set_mtu(self.device, mtu),
                SettingValue::Switch(_) | SettingValue::Ports(..) => Ok(()),
            },
            Setting::Device if on => self.up(),
            Setting::Device => {
                self.device_up = false;
                self.rtnl.set_link(self.device, false, None)
            }
            _ => {
                let changes = on != self.route;
                self.route = on;
                // Without a device there is no route; `up` brings it back if it is wanted then.
                match (changes && self.device_up, on) {
                    (false, _) => Ok(()),
                    (true, true) => self.rtnl.add_default_route(self.device, self.address.is_ipv6()),
                    (true, false) => self.rtnl.del_default_route(self.device, self.address.is_ipv6()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_route_is_one_that_ends_here() {
        let address = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1);
        let none = "00000000000000000000000000000000";
        let line = |to: &str, length: &str, flags: &str| {
            format!("{to} {length} {none} 00 {none} 00000000 00000002 00000000 {flags} lo\n")
        };
        let own = "fd000000000000000000000000000001";
        assert!(has_local_route(
            &(line(none, "00", "00200200") + &line(own, "80", "80200001")),
            address
        ));
        assert!(!has_local_route(&line(own, "80", "00000001"), address));
        assert!(!has_local_route(
            &line("fd000000000000000000000000000002", "80", "80200001"),
            address
        ));
        assert!(!has_local_route("", address));
    }
}
