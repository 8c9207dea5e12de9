//! The kernel's own reasons: why it sent an RST (`tcp:tcp_send_reset`) and why it dropped a packet (`skb:kfree_skb`), from tracefs.
//!
//! The tracepoints stand in an instance of our own, whose buffer and switches are nobody else's. It is taken away at the end: by its drop, or
//! by the lab's reaper where the program was killed.

use rustix::fs::{Mode, OFlags, open};
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use finwait_model::state::State;

/// The places where tracefs is mounted, the usual one first.
const MOUNTED: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
/// The tracepoints, and the kernel from which on each tells a reason.
const TRACEPOINTS: [(&str, &str); 2] = [("tcp/tcp_send_reset", "6.10"), ("skb/kfree_skb", "5.17")];
/// The most instances that one process may have.
const MOST: usize = 8;

/// An instance of tracefs that follows the lab's packets.
#[derive(Debug)]
pub struct KernelTrace {
    /// The pipe of what happens; none once it is over.
    pipe: Option<File>,
    path: PathBuf,
    /// The beginning of a line whose end was not read yet.
    rest: String,
}

/// An event of the kernel with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TracedEvent {
    /// An RST is sent from one address to another.
    Reset {
        from: SocketAddr,
        to: SocketAddr,
        /// The socket's state; none without a socket.
        state: Option<State>,
        reason: String,
    },
    /// A packet is dropped by a function of the kernel.
    Drop { function: String, reason: String },
}

impl KernelTrace {
    /// Makes an instance, in which nothing is recorded so far.
    ///
    /// # Errors
    ///
    /// There is no tracefs, this process may not use it, or the kernel tells no reasons: one sentence.
    pub fn open() -> Result<KernelTrace, String> {
        let instances = MOUNTED.iter().map(|place| Path::new(place).join("instances"));
        let mut found = None;
        for folder in instances {
            match fs::metadata(&folder) {
                Ok(_) => found = found.or(Some(folder)),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    return Err("only root may read tracefs: sudo".into());
                }
                Err(_) => {}
            }
        }
        let instances = found.ok_or("tracefs is not mounted: mount -t tracefs none /sys/kernel/tracing")?;
        let trace = KernelTrace::make(&instances).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => "only root may use tracefs: sudo".to_owned(),
            _ => format!("tracefs gives no instance: {error}"),
        })?;
        for (tracepoint, since) in TRACEPOINTS {
            let format = fs::read_to_string(trace.path.join("events").join(tracepoint).join("format"));
            if !format.is_ok_and(|format| format.contains(" reason;")) {
                return Err(format!(
                    "this kernel's tracepoint {tracepoint} tells no reason: Linux {since} does"
                ));
            }
        }
        Ok(trace)
    }

    fn make(instances: &Path) -> io::Result<KernelTrace> {
        let pid = std::process::id();
        for no in 0..MOST {
            // A second lab of this process; and other programs may have taken a name like ours.
            let name = if no == 0 {
                format!("finwait-{pid}")
            } else {
                format!("finwait-{pid}-{no}")
            };
            let path = instances.join(name);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => {
                    made?;
                    let mut trace = KernelTrace {
                        pipe: None,
                        path,
                        rest: String::new(),
                    };
                    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
                    trace.pipe = Some(open(trace.path.join("trace_pipe"), flags, Mode::empty())?.into());
                    return Ok(trace);
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// The instance's folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins to record: every RST, and the packets that are dropped while `thread` hands them to a host.
    ///
    /// # Errors
    ///
    /// A file of the instance could not be written.
    pub fn follow(&self, thread: i32) -> io::Result<()> {
        let ours = format!("common_pid=={thread} && (protocol==0x0800 || protocol==0x86dd)");
        for (file, value) in [
            ("events/skb/kfree_skb/filter", ours.as_str()),
            ("events/skb/kfree_skb/enable", "1"),
            ("events/tcp/tcp_send_reset/enable", "1"),
        ] {
            fs::write(self.path.join(file), value)?;
        }
        Ok(())
    }

    /// Returns what has happened since the last time.
    pub fn events(&mut self) -> Vec<TracedEvent> {
        let mut buffer = [0; 4096];
        let mut events = Vec::new();
        while let Some(len) = self.pipe.as_mut().and_then(|pipe| pipe.read(&mut buffer).ok()) {
            if len == 0 {
                break;
            }
            self.rest.push_str(&String::from_utf8_lossy(&buffer[..len]));
            while let Some(end) = self.rest.find('\n') {
                let line: String = self.rest.drain(..=end).collect();
                events.extend(parse(&line));
            }
        }
        events
    }
}

impl Drop for KernelTrace {
    fn drop(&mut self) {
        self.pipe = None;
        remove(&self.path);
    }
}

/// Takes an instance away, once whoever read from it has closed its files.
pub fn remove(path: &Path) {
    const TRIES: usize = 200;
    for _ in 0..TRIES {
        match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(()) | Err(_) => return,
        }
    }
}

/// The event that a line of the pipe tells: `TASK-PID [CPU] FLAGS TIME: NAME: FIELDS`; none for any other, and where the kernel names no reason.
fn parse(line: &str) -> Option<TracedEvent> {
    let line = line.trim();
    let field = |fields: &str, name: &str| {
        let begin = fields.find(name)? + name.len();
        fields[begin..].split_whitespace().next().map(str::to_owned)
    };
    if let Some((_, fields)) = line.split_once(": tcp_send_reset: ") {
        let state = field(fields, "state=TCP_").filter(|_| !fields.contains("skaddr=0000000000000000 "));
        return Some(TracedEvent::Reset {
            from: address(&field(fields, "src=")?)?,
            to: address(&field(fields, "dest=")?)?,
            state: state.and_then(|name| {
                State::ALL
                    .into_iter()
                    .find(|state| state.name() == name.replace("NEW_", ""))
            }),
            reason: field(fields, "reason=")?,
        });
    }
    let (_, fields) = line.split_once(": kfree_skb: ")?;
    let reason = field(fields, "reason: ").filter(|reason| reason != "NOT_SPECIFIED")?;
    let location = field(fields, "location=")?;
    let function = location.split('+').next().unwrap_or_default().to_owned();
    Some(TracedEvent::Drop { function, reason })
}

/// An address as `%pISpc` prints it; that of IPv4 in IPv6 is IPv4's.
fn address(text: &str) -> Option<SocketAddr> {
    let address: SocketAddr = text.parse().ok()?;
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_pipe_has_the_reason() {
        let reset = "     lab-4711    [001] ..s2.  1234.567890: tcp_send_reset: skbaddr=00000000c0ffee00 skaddr=00000000deadbeef \
                     src=10.0.0.2:8080 dest=10.0.0.1:41822 state=TCP_CLOSE_WAIT reason=TCP_ABORT_ON_CLOSE\n";
        let event = |state, reason: &str| TracedEvent::Reset {
            from: "10.0.0.2:8080".parse().unwrap(),
            to: "10.0.0.1:41822".parse().unwrap(),
            state,
            reason: reason.into(),
        };
        assert_eq!(parse(reset), Some(event(Some(State::CloseWait), "TCP_ABORT_ON_CLOSE")));
        let unknown = reset.replace(
            "state=TCP_CLOSE_WAIT reason=TCP_ABORT_ON_CLOSE",
            "state=UNKNOWN reason=NO_SOCKET",
        );
        assert_eq!(parse(&unknown), Some(event(None, "NO_SOCKET")));
        let drop = "     lab-4711    [001] ..s2.  1234.567890: kfree_skb: skbaddr=00000000c0ffee00 rx_sk=0000000000000000 protocol=2048 \
                    location=tcp_v4_rcv+0x123/0xe00 reason: TCP_OLD_DATA\n";
        let event = TracedEvent::Drop {
            function: "tcp_v4_rcv".into(),
            reason: "TCP_OLD_DATA".into(),
        };
        assert_eq!(parse(drop), Some(event));
        assert_eq!(parse(&drop.replace("TCP_OLD_DATA", "NOT_SPECIFIED")), None);
        assert_eq!(parse("CPU:1 [LOST 7 EVENTS]"), None);
    }
}
