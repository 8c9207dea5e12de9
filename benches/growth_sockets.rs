//! What many sockets cost: connections that are made and accepted one after the other through `finwait do -`, then closed, and connects
//! whose SYNs are held; for each number of them the seconds of the CPU and by the clock, and what was printed. The exponent
//! says how the CPU's seconds grow: 1 is linear, 2 quadratic.
//!
//! `cargo bench --bench growth_sockets` goes from 100 to 1,600, `-- 10000` as far as that. Needs the isolated lab; the limit of open
//! descriptors must be higher than the number (`ulimit -n`).

use procfs::process::Process;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

/// The first number of connections; each is twice the one before.
const FIRST: usize = 100;
/// The last, where none is given.
const LAST: usize = 1_600;

/// What is done with so many connections.
struct Scene {
    title: &'static str,
    options: &'static [&'static str],
    commands: fn(usize) -> Vec<String>,
}

const SCENES: [Scene; 4] = [
    Scene {
        title: "connect and accept",
        options: &[],
        commands: connect,
    },
    Scene {
        title: "connect and accept, --json",
        options: &["--json"],
        commands: connect,
    },
    Scene {
        title: "connect, accept, close both ends",
        options: &[],
        commands: close,
    },
    Scene {
        title: "connects that block, their SYNs held",
        options: &["--patience", "5ms"],
        commands: hold,
    },
];

/// The name of the nth socket of that role.
fn name(role: &str, n: usize) -> String {
    if n == 1 { role.to_owned() } else { format!("{role}{n}") }
}

fn connect(count: usize) -> Vec<String> {
    let mut commands = vec!["server listen backlog=4096".to_owned()];
    for _ in 0..count {
        commands.extend(["client connect".to_owned(), "server accept".to_owned()]);
    }
    commands
}

fn close(count: usize) -> Vec<String> {
    let mut commands = connect(count);
    for n in 1..=count {
        commands.push(format!("client close on={}", name("client", n)));
        commands.push(format!("server close on={}", name("server", n)));
    }
    commands
}

fn hold(count: usize) -> Vec<String> {
    let mut commands = vec!["server listen backlog=4096".to_owned(), "wire step".to_owned()];
    commands.resize(count + 2, "client connect".to_owned());
    commands
}

/// What a run took.
struct Cost {
    /// Seconds by the clock.
    wall: f64,
    /// Seconds of the CPU, of the program and its endpoints.
    cpu: f64,
    /// Bytes that were printed.
    printed: u64,
}

/// Returns the seconds of the CPU that the children took that have ended.
fn cpu_of_children() -> io::Result<f64> {
    let stat = Process::myself()
        .and_then(|process| process.stat())
        .map_err(io::Error::other)?;
    Ok((stat.cutime + stat.cstime) as f64 / procfs::ticks_per_second() as f64)
}

fn run(scene: &Scene, count: usize) -> io::Result<Cost> {
    let before = cpu_of_children()?;
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_finwait"))
        .args(["--lab", "isolated", "do", "-"])
        .args(scene.options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (to, from) = (child.stdin.take(), child.stdout.take());
    let script = (scene.commands)(count).join("\n");
    // Who does not read what is printed would have it wait.
    let writer = thread::spawn(move || to.map_or(Ok(()), |mut to| to.write_all(script.as_bytes())));
    let printed = from.map_or(Ok(0), |mut from| io::copy(&mut from, &mut io::sink()))?;
    let status = child.wait()?;
    let written = writer.join().map_err(|_| io::Error::other("the writer has panicked"))?;
    written?;
    if !status.success() {
        return Err(io::Error::other(format!("{}: {status}", scene.title)));
    }
    Ok(Cost {
        wall: began.elapsed().as_secs_f64(),
        cpu: cpu_of_children()? - before,
        printed,
    })
}

/// The slope of the line through the points, by least squares: the exponent, where both coordinates are logarithms.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    covariance / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

fn main() -> io::Result<()> {
    let last = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let last: usize = last.unwrap_or(LAST);
    for scene in &SCENES {
        println!("{}\n  sockets   CPU s   wall s  printed MB", scene.title);
        let mut points = Vec::new();
        let mut count = FIRST;
        while count <= last {
            let Cost { wall, cpu, printed } = run(scene, count)?;
            println!("{count:>9} {cpu:>7.2} {wall:>8.2} {:>11.2}", printed as f64 / 1e6);
            points.push(((count as f64).ln(), cpu.ln()));
            // The number that was asked for is the last one.
            count = if count < last { (2 * count).min(last) } else { last + 1 };
        }
        println!("  exponent {:.2}\n", slope(&points));
    }
    Ok(())
}
