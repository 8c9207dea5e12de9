//! Many sockets: connections that are made and accepted one after the other through `finwait do -`, then closed, and connects whose SYNs are
//! held. The cost is the CPU's time, of the program and its endpoints.

use procfs::process::Process;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;

use super::Growth;

const SIZES: &[u64] = &[100, 200, 400, 800, 1_600];
const UNIT: &str = "connections";

pub const CONNECT: Growth = Growth {
    name: "sockets: connect and accept",
    unit: UNIT,
    sizes: SIZES,
    cost: |count| run(&[], &connect(count)),
};
pub const JSON: Growth = Growth {
    name: "sockets: connect and accept, --json",
    unit: UNIT,
    sizes: SIZES,
    cost: |count| run(&["--json"], &connect(count)),
};
pub const CLOSE: Growth = Growth {
    name: "sockets: connect, accept, close both ends",
    unit: UNIT,
    sizes: SIZES,
    cost: |count| run(&[], &close(count)),
};
pub const HOLD: Growth = Growth {
    name: "sockets: connects that block, their SYNs held",
    unit: UNIT,
    sizes: SIZES,
    cost: |count| run(&["--patience", "5ms"], &hold(count)),
};

/// The name of the nth socket of that role.
fn name(role: &str, n: u64) -> String {
    if n == 1 { role.to_owned() } else { format!("{role}{n}") }
}

fn connect(count: u64) -> Vec<String> {
    let mut commands = vec!["server listen backlog=4096".to_owned()];
    for _ in 0..count {
        commands.extend(["client connect".to_owned(), "server accept".to_owned()]);
    }
    commands
}

fn close(count: u64) -> Vec<String> {
    let mut commands = connect(count);
    for n in 1..=count {
        commands.push(format!("client close on={}", name("client", n)));
        commands.push(format!("server close on={}", name("server", n)));
    }
    commands
}

fn hold(count: u64) -> Vec<String> {
    let mut commands = vec!["server listen backlog=4096".to_owned(), "wire step".to_owned()];
    commands.resize(count as usize + 2, "client connect".to_owned());
    commands
}

/// Returns the seconds of the CPU that the children took that have ended.
fn cpu_of_children() -> f64 {
    let stat = Process::myself().and_then(|process| process.stat()).expect("procfs");
    (stat.cutime + stat.cstime) as f64 / procfs::ticks_per_second() as f64
}

/// Runs the commands; the seconds of the CPU that they take.
fn run(options: &[&str], commands: &[String]) -> f64 {
    let before = cpu_of_children();
    let mut child = Command::new(env!("CARGO_BIN_EXE_finwait"))
        .args(["--lab", "isolated", "do", "-"])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("finwait");
    let (to, from) = (child.stdin.take(), child.stdout.take());
    let script = commands.join("\n");
    // Who does not read what is printed would have it wait.
    let writer = thread::spawn(move || to.map(|mut to| to.write_all(script.as_bytes())));
    from.map(|mut from| io::copy(&mut from, &mut io::sink()));
    assert!(child.wait().expect("finwait").success());
    writer.join().expect("no panic");
    cpu_of_children() - before
}
