//! What a run starts, asks the kernel for and waits for: work counted, under strace, and no time.

use std::fs;
use std::process::Command;

#[path = "support/mod.rs"]
mod support;

use support::folder::Folder;
use support::output;

/// What strace saw of a run of `half-close`, a system call a line, whole.
struct Seen {
    /// Each with the number of its thread.
    calls: Vec<(u32, String)>,
}

impl Seen {
    /// Runs it with these options more.
    fn of_half_close(name: &str, options: &[&str]) -> Seen {
        let own = Folder::new(&format!("start-{name}"));
        let log = own.path().join(format!("start-{name}"));
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-yy", "-a", "1", "-e", "signal=none", "-e"])
            .arg("trace=process,unshare,socket,openat,write,sendto,close,sendmsg")
            .arg("-o")
            .arg(&log)
            .arg(env!("CARGO_BIN_EXE_finwait"))
            .args(["--lab", "isolated"])
            .args(options)
            .args(["run", "half-close"]);
        let run = output(&mut strace);
        assert!(
            run.status.success(),
            "this test needs strace, and the isolated lab: {run:?}"
        );
        let text = fs::read_to_string(&log).unwrap();
        let mut calls: Vec<(u32, String)> = Vec::new();
        for line in text.lines() {
            let (thread, call) = line.split_once(' ').unwrap();
            let thread = thread.parse().unwrap();
            // A call that another thread's line interrupted is taken up again.
            match call.trim_start().strip_prefix("<... ") {
                Some(rest) => {
                    let begun = calls.iter_mut().rfind(|(by, _)| *by == thread);
                    let (_, end) = rest.split_once(" resumed>").unwrap();
                    begun.unwrap().1.push_str(end);
                }
                None => calls.push((thread, call.trim_start().replace(" <unfinished ...>", ""))),
            }
        }
        Seen { calls }
    }

    /// The calls that begin so.
    fn that_begin<'a>(&'a self, begin: &'a str) -> impl Iterator<Item = &'a str> {
        let calls = self.calls.iter().map(|(_, call)| call.as_str());
        calls.filter(move |call| call.starts_with(begin))
    }

    fn count(&self, begin: &str) -> usize {
        self.that_begin(begin).count()
    }
}

/// finwait itself, two endpoints and one reaper; three namespaces: two hosts and the parent of their tables. No process is a copy of
/// finwait's memory: each shares it until it is another program (`vfork(2)`).
#[test]
fn a_run_starts_three_processes_and_makes_three_namespaces() {
    let seen = Seen::of_half_close("processes", &[]);
    assert_eq!(seen.count("execve("), 4);
    assert_eq!(seen.count("unshare(CLONE_NEWNET"), 3);
    let born: Vec<&str> = seen.that_begin("clone").chain(seen.that_begin("fork(")).collect();
    let copies: Vec<&&str> = born.iter().filter(|call| !call.contains("CLONE_VM")).collect();
    assert!(copies.is_empty(), "{copies:#?}");
    // Two hosts and the driver; an endpoint has a thread for each call.
    let threads = born.iter().filter(|call| call.contains("CLONE_THREAD")).count();
    let calls = seen
        .that_begin("write(1<")
        .filter(|call| call.contains(r#"{\"began\""#));
    assert_eq!(threads, 3 + calls.count());
}

/// rtnetlink: `lo` up, the device's address, up, and route; and no IPv6 address in an IPv4 lab, no link-local one in an IPv6 lab.
#[test]
fn a_host_is_set_up_with_five_messages() {
    for options in [&[][..], &["--ipv6"]] {
        let seen = Seen::of_half_close("messages", options);
        // The socket's name among descriptors: `<NETLINK:[4711]>`.
        let name = |call: &str| {
            let at = call.find("NETLINK_ROUTE) = ")?;
            Some(call[at..].split_once('<')?.1.to_owned())
        };
        let route: Vec<String> = seen.that_begin("socket(").filter_map(name).collect();
        assert_eq!(route.len(), 2, "one for each host");
        let is_route = |call: &&str| route.iter().any(|name| call.contains(name));
        let sent: Vec<&str> = seen.that_begin("sendto(").filter(is_route).collect();
        assert_eq!(sent.len(), 2 * 5, "{options:?}: {sent:#?}");
    }
}

/// A write to a setting of all devices at once does not wait for the kernel's lock of them: it spins (`restart_syscall`).
#[test]
fn no_setting_is_written_that_spins() {
    for options in [&[][..], &["--ipv6"]] {
        let seen = Seen::of_half_close("settings", options);
        let written: Vec<&str> = seen
            .that_begin("openat(")
            .filter(|call| call.contains("O_WRONLY"))
            .collect();
        assert!(!written.is_empty());
        let spins = |call: &&&str| call.contains("/conf/all/") || call.contains("addr_gen_mode");
        assert_eq!(written.iter().filter(spins).count(), 0, "{written:#?}");
    }
}

/// The last descriptor of each device, whose end the kernel is slow at, is the reaper's to close; and that looks at no other process where
/// no endpoint can have started one.
#[test]
fn what_the_kernel_is_slow_at_is_left_to_the_reaper() {
    let seen = Seen::of_half_close("reaper", &[]);
    let device = "/dev/net/tun";
    let handed = seen.that_begin("sendmsg(").filter(|call| call.contains(device));
    assert_eq!(handed.count(), 2, "one message for each host");
    let starts = |(_, call): &&(u32, String)| call.starts_with("execve(") && call.contains("finwait-reaper");
    let (reaper, _) = seen.calls.iter().find(starts).expect("a reaper");
    let closes = |(_, call): &&(u32, String)| call.starts_with("close(") && call.contains(device);
    let last: Vec<u32> = seen.calls.iter().filter(closes).map(|(by, _)| *by).collect();
    assert_eq!(last[last.len() - 2..], [*reaper; 2], "{last:?}");
    let looked = seen.that_begin("openat(").filter(|call| call.contains("/environ"));
    assert_eq!(looked.count(), 0);
}
