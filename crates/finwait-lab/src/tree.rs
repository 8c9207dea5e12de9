//! All processes that an endpoint of another program has started, wherever they have gone: sessions and parents are changed with one
//! call, but what stands in the environment is handed on by every fork, and by exec unless it is taken out.

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use finwait_model::clock::MonoTime;

/// The variable that marks them.
pub const VARIABLE: &str = "FINWAIT_ENDPOINT";
/// The most passes over all processes: one may fork while it is looked for.
const ROUNDS: usize = 200;
/// The time that killed processes get to go before the next pass.
const PAUSE: Duration = Duration::from_millis(2);

/// The mark in the environment of one lab's processes, and nobody else's.
#[derive(Clone, Debug)]
pub struct LabMark(String);

/// The mark of the processes of one endpoint.
#[derive(Clone, Debug)]
pub struct Mark(String);

impl LabMark {
    /// Returns a mark that nobody had before.
    pub fn new() -> LabMark {
        LabMark(format!("{}-{}-{}", std::process::id(), MonoTime::now().0, count()))
    }

    /// The mark of the lab's next endpoint.
    pub fn endpoint(&self) -> Mark {
        Mark(format!("{}.{}", self.0, count()))
    }

    /// Returns it in one word.
    pub fn word(&self) -> &str {
        &self.0
    }
}

impl Mark {
    /// Returns it in one word: the variable's value.
    pub fn word(&self) -> &str {
        &self.0
    }

    /// Ends all processes that have it, but those of that name.
    pub fn end_all(&self, but: Option<&str>) {
        let name = |pid: Pid| fs::read_to_string(of(pid, "comm")).unwrap_or_default();
        end(|pid| {
            let is_other = || but.is_none_or(|but| name(pid).trim_end() != but);
            value(pid).is_some_and(|value| value == self.0) && is_other()
        });
    }
}

/// Ends all processes of a lab's endpoints, and all others that keep a network namespace of these names.
pub fn end_lab<'a>(word: &str, namespaces: impl Iterator<Item = &'a Path>) {
    let begins = format!("{word}.");
    let namespaces: Vec<&Path> = namespaces.collect();
    let own = Pid::from_raw(std::process::id() as i32);
    end(|pid| {
        let is_marked = value(pid).is_some_and(|value| value.starts_with(&begins));
        let is_inside = || fs::read_link(of(pid, "ns/net")).is_ok_and(|own| namespaces.contains(&own.as_path()));
        Some(pid) != own && (is_marked || !namespaces.is_empty() && is_inside())
    });
}

fn count() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

fn of(pid: Pid, file: &str) -> String {
    format!("/proc/{}/{file}", pid.as_raw_nonzero())
}

/// The mark in a process's environment; none of one that has ended, or is another user's.
fn value(pid: Pid) -> Option<String> {
    let environment = fs::read(of(pid, "environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"="))?;
    String::from_utf8(value.to_vec()).ok()
}

/// Kills processes until none is left of which `is_one` holds.
fn end(is_one: impl Fn(Pid) -> bool) {
    for _ in 0..ROUNDS {
        let Ok(all) = fs::read_dir("/proc") else { return };
        let pids = all
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut found = false;
        for pid in pids.filter_map(Pid::from_raw).filter(|pid| is_one(*pid)) {
            // The number may stand for another process by now, but not once it is held.
            let Ok(held) = pidfd_open(pid, PidfdFlags::empty()) else {
                continue;
            };
            if is_one(pid) {
                found = true;
                let _ = pidfd_send_signal(&held, Signal::KILL);
            }
        }
        if !found {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}
