//! `--trace-kernel`: the kernel's own reasons for an RST and for a dropped packet, and that nothing of it stays behind.
//!
//! Each run has a mount namespace of its own, in which tracefs is mounted where it usually is, or is not.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount};
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{UnshareFlags, unshare_unsafe};

#[path = "support/mod.rs"]
mod support;

use support::{BOUND, finwait, output};

/// Where tracefs stands when the machine has mounted it.
const USUAL: &str = "/sys/kernel/tracing";

/// finwait where tracefs, or an empty tmpfs, is mounted at the usual place.
fn finwait_with(kind: &'static str) -> Command {
    let mut command = finwait();
    let prepare = move || {
        // SAFETY: the child has one thread, and shares no file system attributes with another.
        unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
        match mount("none", USUAL, kind, MountFlags::empty(), None) {
            // The machine has mounted the same one there.
            Err(Errno::BUSY) if kind == "tracefs" => Ok(()),
            mounted => Ok(mounted?),
        }
    };
    // SAFETY: what runs before exec only makes system calls.
    unsafe { command.pre_exec(prepare) };
    command.args(["--trace-kernel", "--lab", "isolated", "do"]);
    command
}

/// tracefs, mounted for the test to look into.
struct Tracefs(PathBuf);

impl Tracefs {
    /// None where it is not available, which is said: only root may mount it, and older kernels tell no reasons.
    fn here() -> Option<Tracefs> {
        static NO: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let no = NO.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("finwait-trace-{}-{no}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        if let Err(why) = mount("none", &folder, "tracefs", MountFlags::empty(), None) {
            fs::remove_dir(&folder).unwrap();
            println!("skipped: tracefs cannot be mounted: {why}");
            return None;
        }
        let here = Tracefs(folder);
        let format = fs::read_to_string(here.0.join("events/tcp/tcp_send_reset/format"));
        if !format.is_ok_and(|format| format.contains(" reason;")) {
            println!("skipped: this kernel's tcp_send_reset tells no reason");
            return None;
        }
        Some(here)
    }

    /// The instances of that process.
    fn of(&self, pid: u32) -> Vec<String> {
        let name = format!("finwait-{pid}");
        let all = fs::read_dir(self.0.join("instances")).unwrap();
        let all = all.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        all.filter(|instance| *instance == name || instance.starts_with(&format!("{name}-")))
            .collect()
    }
}

impl Drop for Tracefs {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
        let _ = fs::remove_dir(&self.0);
    }
}

/// What finwait says as `kernel`, and as `lab`.
fn told(kind: &'static str, commands: &[&str]) -> Vec<String> {
    let ended = output(finwait_with(kind).args(commands));
    let text = String::from_utf8(ended.stdout).unwrap();
    let said = text.lines().filter_map(|line| line.get(11..));
    let said = said.filter_map(|line| line.strip_prefix("kernel  ").or(line.strip_prefix("lab     ")));
    let said: Vec<String> = said.map(str::to_owned).collect();
    assert!(!said.is_empty(), "{text}{}", String::from_utf8_lossy(&ended.stderr));
    said
}

#[test]
fn an_rst_and_a_dropped_packet_have_the_kernels_reason() {
    let Some(_here) = Tracefs::here() else { return };
    let said = told(
        "tracefs",
        &[
            "server listen",
            "client connect",
            "server accept",
            "client write",
            "server close",
            "client connect :9",
        ],
    );
    assert!(
        said[0].starts_with(
            "the kernel's reasons for RSTs and drops are traced, in /sys/kernel/tracing/instances/finwait-"
        ),
        "{said:?}"
    );
    assert_eq!(said[1], "server sends RST in CLOSE: TCP_ABORT_ON_CLOSE");
    assert!(
        said[2].starts_with("server sends RST to 10.0.0.1:") && said[2].contains(": NO_SOCKET, upon #"),
        "{said:?}"
    );
    assert!(
        said[3].starts_with("server drops a packet: NO_SOCKET, in tcp_v4_rcv(), upon #"),
        "{said:?}"
    );
    assert_eq!(said.len(), 4, "{said:?}");
    // What comes twice is dropped, and nothing is of a call that lets all pass.
    let twice = told(
        "tracefs",
        &[
            "wire duplicate data times=1",
            "server listen",
            "client connect",
            "server accept",
            "client write",
            "server read",
        ],
    );
    assert_eq!(twice.len(), 2, "{twice:?}");
    // The function is the one that the kernel's compiler has left of those that call each other here.
    let is_said =
        |function: &str| twice[1].starts_with(&format!("server drops a packet: TCP_OLD_DATA, in {function}(), upon #"));
    assert!(is_said("tcp_rcv_established") || is_said("tcp_data_queue"), "{twice:?}");
}

#[test]
fn where_it_is_not_available_one_sentence_says_so() {
    if let Err(why) = unshare_mounts() {
        println!("skipped: {why}");
        return;
    }
    let said = told("tmpfs", &["server listen"]);
    assert_eq!(
        said,
        ["the kernel's reasons are not available: tracefs is not mounted: mount -t tracefs none /sys/kernel/tracing"]
    );
}

/// May this process have a mount namespace of its own?
fn unshare_mounts() -> Result<(), String> {
    let ended = Command::new("unshare")
        .args(["--mount", "true"])
        .output()
        .map_err(|error| error.to_string())?;
    let why = "no mount namespace of its own: only root has one here";
    ended.status.success().then_some(()).ok_or(why.into())
}

/// A run that goes on, once it has said that it traces.
fn running() -> (Child, String) {
    let mut command = finwait_with("tracefs");
    command.arg("-").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines
        .find(|line| line.as_ref().unwrap().contains("are traced"))
        .unwrap()
        .unwrap();
    (child, line)
}

/// After kill -9, too: the lab's reaper takes it away.
#[test]
fn the_instance_is_gone_when_the_program_is_however_it_ends() {
    let Some(here) = Tracefs::here() else { return };
    for how in ["its input ends", "SIGTERM", "SIGKILL"] {
        let (mut child, line) = running();
        let pid = child.id();
        assert_eq!(here.of(pid).len(), 1, "{line}");
        let id = Pid::from_child(&child);
        match how {
            "SIGTERM" => kill_process(id, Signal::TERM).unwrap(),
            "SIGKILL" => kill_process(id, Signal::KILL).unwrap(),
            _ => drop(child.stdin.take()),
        }
        child.wait().unwrap();
        let deadline = Instant::now() + BOUND;
        while !here.of(pid).is_empty() {
            assert!(Instant::now() < deadline, "{how}: {:?} stays", here.of(pid));
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}
