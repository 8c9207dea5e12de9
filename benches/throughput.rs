//! What the wire costs: bulk throughput and a 1-byte round trip through finwait in flow mode, decoded and recorded, beside the same
//! two hosts joined by a veth pair and by a bare relay, in one run and on one CPU; then how much memory a million packets take.
//!
//! Then the same with offload: super-segments through a bare relay and through finwait.
//!
//! `cargo bench --bench throughput`, as root, prints a table and takes less than a minute; names of rows after `--` measure these alone.
//! Absolute figures do not carry to another machine; the ratios do. Time is the CPU time of this process, in which both hosts' stacks and
//! what joins them do all of their work: what else the machine does meanwhile does not count.

use finwait::clock::MonoTime;
use finwait::lab::{LabMode, LocalLab as Lab, Options};
use finwait::live::{EventSink, Input};
use finwait::os::netlink::{Netlink, NetlinkRequest, encoded};
use finwait::os::netns::unshare_net;
use finwait::os::rtnl::Rtnl;
use finwait::os::sysctl;
use finwait::os::tun::Tun;
use finwait::session::{ProcessState, Session};
use finwait::side::{Ends, Side};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::thread::{CpuSet, LinkNameSpaceType, move_into_link_name_space, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often each is measured, in turn, so that all see the same machine.
const ROUNDS: usize = 5;
/// How long each time.
const BULK: Duration = Duration::from_millis(500);
/// Before that, so that the window is open.
const WARM: Duration = Duration::from_millis(100);
/// Round trips that are measured each time.
const TRIPS: u32 = 2_000;
/// Packets that run through the program whose memory is measured.
const MANY_PACKETS: u64 = 1_000_000;
/// How long they may take.
const PATIENCE: Duration = Duration::from_secs(15);

const DEVICE: &str = "wire0";
const MTU: u32 = 1500;
const MOST_MTU: u32 = 65_535;
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

fn main() {
    let everywhere = rustix::thread::sched_getaffinity(None).expect("the CPUs of this process");
    on_one_cpu();
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let all: [Row; 8] = [
        (LOOPBACK, loopback),
        (VETH, || veth(true)),
        (PLAIN_VETH, || veth(false)),
        (BARE, || relay(false)),
        (FINWAIT, || wire(MTU, false)),
        (WIDE, || wire(MOST_MTU, false)),
        (BARE_OFFLOAD, || relay(true)),
        (OFFLOAD, || wire(MTU, true)),
    ];
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let chosen = all.into_iter().filter(|(name, _)| is_wanted(name));
    let mut ways: Vec<Way> = chosen.map(|(name, make)| Way::new(name, make())).collect();
    for _ in 0..ROUNDS {
        for way in &mut ways {
            way.bulk.push(bulk(&way.network.hosts));
            way.trip.push(round_trip(&way.network.hosts));
        }
    }
    if std::env::args().any(|word| word == "--json") {
        println!("{}", json(&ways));
        return;
    }
    report(&ways);
    drop(ways);
    if !wanted.is_empty() {
        return;
    }
    sched_setaffinity(None, &everywhere).expect("the CPUs of this process");
    println!();
    for (name, program) in [
        ("the explorer", Program::explorer()),
        ("finwait do --json", Program::headless()),
    ] {
        memory(name, &program);
    }
}

const LOOPBACK: &str = "loopback";
const VETH: &str = "veth";
const PLAIN_VETH: &str = "veth, no offload";
const BARE: &str = "bare relay";
const FINWAIT: &str = "finwait";
const WIDE: &str = "finwait, MTU 65535";
const BARE_OFFLOAD: &str = "bare relay, offload";
const OFFLOAD: &str = "finwait --offload";

/// A row's name, and how its hosts are joined.
type Row = (&'static str, fn() -> Network);

/// A way to join two hosts, and what was measured.
struct Way {
    name: &'static str,
    network: Network,
    /// Bit/s.
    bulk: Vec<f64>,
    /// Seconds.
    trip: Vec<f64>,
}

impl Way {
    const fn new(name: &'static str, network: Network) -> Way {
        Way {
            name,
            network,
            bulk: Vec::new(),
            trip: Vec::new(),
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// A comparison: a row's throughput or round trip beside another's, and the target.
type Comparison = (
    &'static str,
    fn(&Way) -> &[f64],
    &'static str,
    &'static str,
    &'static str,
);

/// All that was measured, round by round.
fn json(ways: &[Way]) -> serde_json::Value {
    let scaled = |values: &[f64], by: f64| values.iter().map(|value| value * by).collect::<Vec<f64>>();
    let of_way = |way: &Way| {
        serde_json::json!({
            "name": way.name,
            "gbit_per_cpu_s": scaled(&way.bulk, 1e-9),
            "round_trip_us": scaled(&way.trip, 1e6),
        })
    };
    ways.iter().map(of_way).collect()
}

fn report(ways: &[Way]) {
    println!("{:<20}{:>12}{:>16}", "", "Gbit/CPU s", "round trip, us");
    for way in ways {
        let (bulk, trip) = (median(&way.bulk) / 1e9, median(&way.trip) * 1e6);
        println!("{:<20}{bulk:>12.2}{trip:>16.1}", way.name);
    }
    let bulk: fn(&Way) -> &[f64] = |way| &way.bulk;
    let trip: fn(&Way) -> &[f64] = |way| &way.trip;
    let comparisons: [Comparison; 7] = [
        ("throughput, of the bare relay", bulk, FINWAIT, BARE, ">= 0.85"),
        (
            "throughput, offload, of that relay",
            bulk,
            OFFLOAD,
            BARE_OFFLOAD,
            ">= 0.90",
        ),
        ("throughput, offload, of without", bulk, OFFLOAD, FINWAIT, ""),
        (
            "throughput, of veth without offload",
            bulk,
            FINWAIT,
            PLAIN_VETH,
            ">= 0.30",
        ),
        ("throughput, large MTU, of loopback", bulk, WIDE, LOOPBACK, ">= 0.75"),
        ("round trip, of veth", trip, FINWAIT, VETH, "<= 2.0"),
        ("    the bare relay's", trip, BARE, VETH, ""),
    ];
    println!("\n{:<42}{:>8}{:>10}", "", "ratio", "target");
    let row = |name: &str| ways.iter().find(|way| way.name == name);
    for (what, of, one, other, target) in comparisons {
        if let (Some(one), Some(other)) = (row(one), row(other)) {
            // Of each round, so that what slows the machine down for a while slows both down.
            let ratios: Vec<f64> = of(one).iter().zip(of(other)).map(|(one, other)| one / other).collect();
            println!("{what:<42}{:>8.2}{target:>10}", median(&ratios));
        }
    }
}

/// Two hosts, whoever joins them.
struct Network {
    hosts: Ends<Host>,
    _joint: Box<dyn std::any::Any>,
}

/// A network namespace, and its address.
struct Host {
    namespace: File,
    address: Ipv4Addr,
}

impl Host {
    /// Does something there, on a thread of its own.
    fn enter<T: Send + 'static>(&self, what: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let namespace = self.namespace.try_clone().expect("a descriptor");
        thread::spawn(move || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).expect("root");
            what()
        })
    }
}

/// A new host without a device.
fn host(address: Ipv4Addr) -> Host {
    let live = move || {
        unshare_net().expect("root");
        // As the lab's hosts do, which may not have the second.
        for control in ["reno", "cubic"] {
            let _ = sysctl::write("net.ipv4.tcp_congestion_control", control);
        }
        sysctl::write("net.ipv6.conf.all.disable_ipv6", "1").expect("a setting");
        File::open("/proc/thread-self/ns/net").expect("a namespace")
    };
    let namespace = thread::spawn(live).join().expect("a namespace");
    Host { namespace, address }
}

fn hosts() -> Ends<Host> {
    Ends {
        client: host(CLIENT),
        server: host(SERVER),
    }
}

/// Gives the calling thread's host its address, and its device as the way to everywhere.
fn bring_up(address: Ipv4Addr) {
    let (mut rtnl, device) = device(DEVICE);
    rtnl.add_address(device, address.into(), 32).expect("an address");
    rtnl.set_link(device, true, Some(MTU)).expect("a link");
    rtnl.add_default_route(device, false).expect("a route");
}

/// A device of the calling thread's host, and what can change it.
fn device(name: &str) -> (Rtnl, u32) {
    let rtnl = Rtnl::open().expect("rtnetlink");
    let index = rtnl.link_index(name).expect("the device");
    (rtnl, index)
}

/// One host that is both.
fn loopback() -> Network {
    let host = host(Ipv4Addr::LOCALHOST);
    let up = || {
        let (mut rtnl, lo) = device("lo");
        rtnl.set_link(lo, true, None).expect("a link");
    };
    host.enter(up).join().expect("a device");
    let hosts = Ends::from_fn(|_| Host {
        namespace: host.namespace.try_clone().expect("a descriptor"),
        ..host
    });
    Network {
        hosts,
        _joint: Box::new(()),
    }
}

/// A veth pair, with what the kernel does to spare packets, or a packet for each segment and its checksum as a TUN device has it.
fn veth(offload: bool) -> Network {
    let hosts = hosts();
    let peer = hosts.server.namespace.try_clone().expect("a descriptor");
    hosts
        .client
        .enter(move || make_veth(&peer))
        .join()
        .expect("a veth pair");
    for (_, host) in hosts.iter() {
        let address = host.address;
        let up = move || {
            if !offload {
                no_offload();
            }
            bring_up(address);
        };
        host.enter(up).join().expect("a device");
    }
    Network {
        hosts,
        _joint: Box::new(()),
    }
}

/// `ip link add wire0 type veth peer name wire0 netns peer`
fn make_veth(peer: &File) {
    use std::os::fd::AsRawFd;
    // include/uapi/linux/veth.h
    const VETH_INFO_PEER: u16 = 1;
    let name = encoded(libc::IFLA_IFNAME, b"wire0\0");
    let namespace = encoded(libc::IFLA_NET_NS_FD, &peer.as_raw_fd().to_ne_bytes());
    // The peer is described as a link of its own: struct ifinfomsg, attributes.
    let described = encoded(VETH_INFO_PEER, &[&[0; 16][..], &name, &namespace].concat());
    let kind = encoded(libc::IFLA_INFO_KIND, b"veth");
    let info = [kind, encoded(libc::IFLA_INFO_DATA, &described)].concat();
    let flags = libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_EXCL;
    let request = NetlinkRequest::new(libc::RTM_NEWLINK, flags, &[0; 16])
        .attribute(libc::IFLA_IFNAME, b"wire0\0")
        .attribute(libc::IFLA_LINKINFO, &info);
    let mut netlink = Netlink::open(None, "rtnetlink").expect("rtnetlink");
    netlink.exchange(request, |_| {}).expect("a veth pair");
}

/// `ethtool -K wire0 tso off gso off gro off tx off`
fn no_offload() {
    // include/uapi/linux/ethtool.h
    const ETHTOOL_STXCSUM: u32 = 0x17;
    const ETHTOOL_STSO: u32 = 0x1f;
    const ETHTOOL_SGSO: u32 = 0x24;
    const ETHTOOL_SGRO: u32 = 0x2c;
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    for command in [ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM] {
        // struct ethtool_value: the command, off
        let mut value = [command, 0];
        let mut ifr_name = [0; libc::IFNAMSIZ];
        for (to, from) in ifr_name.iter_mut().zip(DEVICE.bytes()) {
            *to = from as libc::c_char;
        }
        let mut request = libc::ifreq {
            ifr_name,
            ifr_ifru: libc::__c_anonymous_ifr_ifru {
                ifru_data: value.as_mut_ptr().cast(),
            },
        };
        use std::os::fd::AsRawFd;
        // SAFETY: SIOCETHTOOL reads a `struct ifreq` whose pointer leads to a `struct ethtool_value`; both outlive the call.
        let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL as libc::Ioctl, &raw mut request) };
        assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
    }
}

/// A thread that only reads from one TUN device and writes to the other.
fn relay(offload: bool) -> Network {
    let hosts = hosts();
    let tun = |host: &Host| {
        let address = host.address;
        let make = move || {
            let tun = Tun::create(DEVICE, offload).expect("a TUN device");
            bring_up(address);
            tun
        };
        host.enter(make).join().expect("a TUN device")
    };
    let tuns = [tun(&hosts.client), tun(&hosts.server)];
    let joint = Stop::start(move |over| {
        let mut buffer = vec![0; 65_536];
        let tick = Timespec::try_from(Duration::from_millis(20)).expect("a short time");
        while !over.load(Ordering::Relaxed) {
            let mut fds = [
                PollFd::new(&tuns[0], PollFlags::IN),
                PollFd::new(&tuns[1], PollFlags::IN),
            ];
            poll(&mut fds, Some(&tick)).expect("poll");
            let mut move_one = |from: &Tun, to: &Tun| match from.read(&mut buffer) {
                Ok(sent) => to.write(&buffer[..sent.len], &sent.offload).is_ok(),
                Err(_) => false,
            };
            while move_one(&tuns[0], &tuns[1]) | move_one(&tuns[1], &tuns[0]) {}
        }
    });
    Network {
        hosts,
        _joint: Box::new(joint),
    }
}

/// finwait's own lab, and a session that records what it tells, as behind the screen.
fn wire(mtu: u32, offload: bool) -> Network {
    let options = Options {
        offload,
        ..Options::native(LabMode::Isolated, false, env!("CARGO_BIN_EXE_finwait").into())
    };
    let (sender, inbox) = channel();
    let events = EventSink::new(sender.clone());
    let (lab, facts) = Lab::start(&options, move |batch| events.send(batch)).expect("root");
    let mut session = Session::new(facts, MonoTime::now());
    let (born, pids) = channel();
    let joint = Stop::start(move |over| {
        let mut told = false;
        while !over.load(Ordering::Relaxed) {
            let Ok(Input::Events(batch)) = inbox.recv_timeout(Duration::from_millis(20)) else {
                continue;
            };
            for event in batch {
                for request in session.absorb(event) {
                    lab.send(request);
                }
            }
            if !told && let [Some(client), Some(server)] = Side::BOTH.map(|side| pid(&session, side)) {
                told = true;
                born.send(Ends { client, server }).expect("who waits for it");
            }
        }
    });
    let pids = pids.recv_timeout(PATIENCE).expect("both endpoints");
    let hosts = hosts_of(pids);
    for (_, host) in hosts.iter() {
        let widen = move || {
            let (mut rtnl, wire) = device(DEVICE);
            rtnl.set_link(wire, true, Some(mtu)).expect("a link");
        };
        host.enter(widen).join().expect("a device");
    }
    Network {
        hosts,
        _joint: Box::new(joint),
    }
}

fn pid(session: &Session, side: Side) -> Option<u32> {
    match session.ends[side].process {
        ProcessState::Running { pid, .. } => Some(pid),
        _ => None,
    }
}

/// The hosts that two processes live on.
fn hosts_of(pids: Ends<u32>) -> Ends<Host> {
    Ends::from_fn(|side| Host {
        namespace: File::open(format!("/proc/{}/ns/net", pids[side])).expect("a living process"),
        address: [CLIENT, SERVER][side as usize],
    })
}

/// A thread that is told when to stop.
struct Stop {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stop {
    fn start(run: impl FnOnce(&AtomicBool) + Send + 'static) -> Stop {
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let over = Arc::clone(&over);
            move || run(&over)
        });
        Stop {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A connection from one host to the other: the client's socket, and the server's.
fn connection(hosts: &Ends<Host>) -> (TcpStream, TcpStream) {
    let address = SocketAddr::from((hosts.server.address, 9));
    let bind = move || TcpListener::bind(address).expect("a port");
    let listener = hosts.server.enter(bind).join().expect("a listener");
    let connect = move || TcpStream::connect_timeout(&address, PATIENCE).expect("a connection");
    let client = hosts.client.enter(connect).join().expect("a connection");
    let (server, _) = listener.accept().expect("a connection");
    (client, server)
}

/// Sends as much as goes through; the receiver counts.
struct Bulk {
    client: TcpStream,
    sender: Option<JoinHandle<()>>,
    receiver: Option<JoinHandle<()>>,
    received: Arc<AtomicU64>,
}

impl Bulk {
    fn start(hosts: &Ends<Host>) -> Bulk {
        let (client, mut server) = connection(hosts);
        let received = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&received);
        let receiver = thread::spawn(move || {
            let mut buffer = vec![0; 256 << 10];
            while let Ok(n) = server.read(&mut buffer)
                && n > 0
            {
                count.fetch_add(n as u64, Ordering::Relaxed);
            }
        });
        let mut end = client.try_clone().expect("a descriptor");
        // Until the connection is shut down.
        let sender = thread::spawn(move || while end.write_all(&[0; 128 << 10]).is_ok() {});
        Bulk {
            client,
            sender: Some(sender),
            receiver: Some(receiver),
            received,
        }
    }
}

impl Drop for Bulk {
    fn drop(&mut self) {
        let _ = self.client.shutdown(std::net::Shutdown::Both);
        for thread in [self.sender.take(), self.receiver.take()].into_iter().flatten() {
            let _ = thread.join();
        }
    }
}

/// The CPU time of all threads of this process so far, in seconds.
fn worked() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Bits that the receiver gets in a second of CPU time.
fn bulk(hosts: &Ends<Host>) -> f64 {
    let bulk = Bulk::start(hosts);
    thread::sleep(WARM);
    let (began, before) = (worked(), bulk.received.load(Ordering::Relaxed));
    thread::sleep(BULK);
    let bytes = bulk.received.load(Ordering::Relaxed) - before;
    bytes as f64 * 8.0 / (worked() - began)
}

/// Seconds for a byte to go there and another to come back.
fn round_trip(hosts: &Ends<Host>) -> f64 {
    let (mut client, mut server) = connection(hosts);
    for end in [&client, &server] {
        end.set_nodelay(true).expect("an option");
    }
    let echo = thread::spawn(move || {
        let mut byte = [0];
        while server
            .read_exact(&mut byte)
            .and_then(|()| server.write_all(&byte))
            .is_ok()
        {}
    });
    let mut trips = |count: u32| {
        let began = worked();
        for _ in 0..count {
            client
                .write_all(&[1])
                .and_then(|()| client.read_exact(&mut [0]))
                .expect("an echo");
        }
        (worked() - began) / f64::from(count)
    };
    trips(TRIPS / 10);
    let took = trips(TRIPS);
    drop(client);
    let _ = echo.join();
    took
}

/// The released program, run as people do.
struct Program {
    child: Child,
    // A terminal that somebody looks at; or standard input, which must not end.
    _held: Box<dyn std::any::Any>,
}

impl Program {
    /// In a terminal of 120x40.
    fn explorer() -> Program {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pty");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("a pty");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let slave = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().expect("a plain name"));
        let slave = slave.expect("a pty");
        let size = rustix::termios::Winsize {
            ws_row: 40,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&master, size).expect("a size");
        let end = || Stdio::from(slave.try_clone().expect("a descriptor"));
        let child = Command::new("setsid")
            .args(["--ctty", env!("CARGO_BIN_EXE_finwait"), "--lab", "isolated"])
            .env("TERM", "xterm-256color")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("setsid (util-linux)");
        let mut screen = File::from(master.try_clone().expect("a descriptor"));
        thread::spawn(move || while screen.read(&mut [0; 65_536]).is_ok_and(|n| n > 0) {});
        Program {
            child,
            _held: Box::new(master),
        }
    }

    /// Without a screen, and with a reader that is fast.
    fn headless() -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_finwait"))
            .args(["--lab", "isolated", "do", "-", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("finwait");
        let stdin = child.stdin.take();
        Program {
            child,
            _held: Box::new(stdin),
        }
    }

    /// The hosts of its endpoints, once these are up.
    fn hosts(&self) -> Ends<Host> {
        let began = Instant::now();
        loop {
            let side = |side: Side| {
                self.children().into_iter().find(|pid| {
                    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                    line.ends_with(format!("\0{side}\0").as_bytes())
                })
            };
            if let [Some(client), Some(server)] = Side::BOTH.map(side) {
                return hosts_of(Ends { client, server });
            }
            assert!(began.elapsed() < PATIENCE, "no endpoints");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn children(&self) -> Vec<u32> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let lists = tasks.into_iter().flatten().flatten();
        let text: String = lists
            .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
            .collect();
        text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
    }

    /// The most memory that it has used so far, MiB.
    fn peak(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a living process");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.trim().strip_suffix(" kB")).expect("VmHWM");
        kib.trim().parse::<f64>().expect("a number") / 1024.0
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Packets that a host has sent to its device.
fn sent(host: &Host) -> u64 {
    let read = || {
        let path = "/proc/thread-self/net/dev";
        let table = fs::read_to_string(path).expect("the devices");
        let line = table
            .lines()
            .find_map(|line| line.trim().strip_prefix("wire0:").map(str::to_owned));
        // Eight columns for what was received, of which the second counts packets, then the same for what was sent.
        let column = line.expect("the device").split_whitespace().nth(9).map(str::to_owned);
        column.and_then(|column| column.parse().ok()).expect("a number")
    };
    host.enter(read).join().expect("a number")
}

/// Lets many packets run through a program, and tells its memory on the way.
fn memory(name: &str, program: &Program) {
    let hosts = program.hosts();
    let before = program.peak();
    let bulk = Bulk::start(&hosts);
    let count = || sent(&hosts.client) + sent(&hosts.server);
    let began = Instant::now();
    let mut half = None;
    while count() < MANY_PACKETS && began.elapsed() < PATIENCE {
        if half.is_none() && count() > MANY_PACKETS / 2 {
            half = Some(program.peak());
        }
        thread::sleep(Duration::from_millis(20));
    }
    let (packets, took) = (count(), began.elapsed().as_secs_f64());
    drop(bulk);
    let half = half.map_or("?".to_owned(), |half| format!("{half:.1}"));
    println!(
        "{name}: peak memory {before:.1} MiB at first, {half} after half, {:.1} after {packets} packets ({took:.1} s)",
        program.peak()
    );
}

/// Two stacks and what joins them take turns: on two CPUs the time that a wake-up takes would hide the work.
fn on_one_cpu() {
    let allowed = rustix::thread::sched_getaffinity(None).expect("the CPUs of this process");
    let first = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu)).expect("a CPU");
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one).expect("a CPU of ours");
}
