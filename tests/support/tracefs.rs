//! The kernel's tracepoint `sock:inet_sock_set_state`, in a private instance of tracefs: what happened to the states of the sockets
//! of one port, whoever looked.

use finwait::state::State;
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use super::support::BOUND;

/// Where tracefs stands when the machine has mounted it.
const USUAL: &str = "/sys/kernel/tracing";

/// Servers' ports: below those from which `connect` and other tests choose.
const PORTS: std::ops::Range<u16> = 2_000..8_000;

/// An instance that records the states of one port's sockets until it is dropped.
#[derive(Debug)]
pub struct Instance {
    // Field order is drop order: the instance goes before the mount that it stands in.
    buffer: Buffer,
    _mount: Option<Mount>,
    port: u16,
}

impl Instance {
    /// Begins to record. The error says why this machine has no such oracle.
    pub fn record() -> Result<Instance, String> {
        let (tracefs, mount) = if Path::new(USUAL).join("instances").is_dir() {
            (PathBuf::from(USUAL), None)
        } else {
            let mount = Mount::new().map_err(|errno| format!("tracefs cannot be mounted: {errno}"))?;
            (mount.0.clone(), Some(mount))
        };
        // The name is the lock on the port: there is no namespace among the tracepoint's fields, and tests run beside each other.
        // finwait's own instances are named after its process.
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let span = PORTS.end - PORTS.start;
        let spread = (std::process::id() % u32::from(span)) as u16;
        for _ in 0..span {
            let nth = NEXT
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_mul(97)
                .wrapping_add(spread);
            let port = PORTS.start + nth % span;
            let path = tracefs.join(format!("instances/finwait-port-{port}"));
            match fs::create_dir(&path) {
                Ok(()) => {
                    let instance = Instance {
                        buffer: Buffer { path, held: None },
                        _mount: mount,
                        port,
                    };
                    return instance
                        .set_up()
                        .map_err(|why| format!("tracefs cannot be used: {why}"));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("tracefs gives no instance: {error}")),
            }
        }
        Err("every port has an instance already".to_owned())
    }

    fn set_up(mut self) -> io::Result<Instance> {
        self.buffer.held = Some(File::open(self.buffer.path.join("tracing_on"))?);
        let filter = format!("protocol==6 && (sport=={0} || dport=={0})", self.port);
        for (file, value) in [
            ("trace_clock", "mono"),
            // The fields by name, and with them the socket's address in the kernel.
            ("options/fields", "1"),
            ("events/sock/inet_sock_set_state/filter", &filter),
            ("events/sock/inet_sock_set_state/enable", "1"),
        ] {
            self.buffer.write(file, value)?;
        }
        Ok(self)
    }

    /// The port whose sockets are recorded: no other instance has it.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What was recorded until now.
    pub fn events(&self) -> Vec<Event> {
        for cpu in fs::read_dir(self.buffer.path.join("per_cpu")).unwrap() {
            let stats = fs::read_to_string(cpu.unwrap().path().join("stats")).unwrap();
            let lost = |line: &str| {
                let number = ["overrun: ", "commit overrun: ", "dropped events: "]
                    .iter()
                    .find_map(|name| line.strip_prefix(name));
                number.is_some_and(|number| number != "0")
            };
            assert!(!stats.lines().any(lost), "the oracle has forgotten something:\n{stats}");
        }
        let text = fs::read_to_string(self.buffer.path.join("trace")).unwrap();
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| Event::parse(line).unwrap_or_else(|| panic!("not understood: {line}")))
            .collect()
    }
}

/// An instance's directory.
#[derive(Debug)]
struct Buffer {
    path: PathBuf,
    /// An open file of it: nobody who tidies up can take it away meanwhile.
    held: Option<File>,
}

impl Buffer {
    fn write(&self, file: &str, value: &str) -> io::Result<()> {
        let path = self.path.join(file);
        fs::write(&path, value).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.held = None;
        gone(&self.path, || fs::remove_dir(&self.path));
    }
}

/// Takes something away; a process that another test has just forked may have a descriptor in it until it is another program.
fn gone(path: &Path, mut take_away: impl FnMut() -> io::Result<()>) {
    let deadline = Instant::now() + BOUND;
    while let Err(error) = take_away() {
        if error.kind() != io::ErrorKind::ResourceBusy || Instant::now() > deadline {
            let why = format!("{} stays behind: {error}", path.display());
            assert!(std::thread::panicking(), "{why}");
            eprintln!("{why}");
            return;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// tracefs on a directory of our own.
#[derive(Debug)]
struct Mount(PathBuf);

impl Mount {
    fn new() -> rustix::io::Result<Mount> {
        static COUNT: AtomicU16 = AtomicU16::new(0);
        let nth = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("finwait-tracefs-{}-{nth}", std::process::id()));
        fs::create_dir(&path).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        match mount("none", &path, "tracefs", MountFlags::empty(), None) {
            Ok(()) => Ok(Mount(path)),
            Err(errno) => {
                let _ = fs::remove_dir(&path);
                Err(errno)
            }
        }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        gone(&self.0, || Ok(unmount(&self.0, UnmountFlags::empty())?));
        gone(&self.0, || fs::remove_dir(&self.0));
    }
}

/// One line of the tracepoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, us.
    pub at: u64,
    /// The thread in whose context it happened.
    pub thread: u32,
    /// It happened in a soft interrupt, whichever thread that came upon.
    pub interrupt: bool,
    /// The socket's address in the kernel.
    pub socket: u64,
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// This host's port; 0 while it has none.
    pub sport: u16,
    /// The other one; 0 for a listener.
    pub dport: u16,
}

impl Event {
    /// `lab-16637 [001] b.s1. 1479.022886: inet_sock_set_state: skaddr=0xffff88817c201280 (-1313...) oldstate=0x2 (2) ...`
    pub fn parse(line: &str) -> Option<Event> {
        let (head, fields) = line.split_once(": inet_sock_set_state: ")?;
        // A thread's name may have blanks and brackets.
        let (task, rest) = head.rsplit_once('[')?;
        let (_, thread) = task.trim_end().rsplit_once('-')?;
        let mut words = rest.split_whitespace().skip(1);
        let (flags, at) = (words.next()?, words.next()?);
        let (seconds, micros) = at.split_once('.')?;
        let field = |name: &str| {
            let (_, text) = fields.split_once(&format!("{name}=0x"))?;
            u64::from_str_radix(text.split_whitespace().next()?, 16).ok()
        };
        let state = |name| State::from_kernel(field(name)?.try_into().ok()?);
        let port = |name| u16::try_from(field(name)?).ok();
        Some(Event {
            at: seconds.parse::<u64>().ok()? * 1_000_000 + micros.parse::<u64>().ok()?,
            thread: thread.parse().ok()?,
            interrupt: matches!(flags.as_bytes().get(2)?, b's' | b'h' | b'H'),
            socket: field("skaddr")?,
            from: state("oldstate")?,
            to: state("newstate")?,
            sport: port("sport")?,
            dport: port("dport")?,
        })
    }
}
