//! The time from a key to its drawn answer while a load generator makes connections through the lab, in a terminal of 120x40.
//!
//! `cargo bench --bench keys`, on an otherwise idle machine with nginx, ab and wrk on `PATH`, takes about two minutes. Names of loads after
//! `--` (`none`, `ab`, `wrk`) measure these alone; `FINWAIT` is another binary to measure. Two kinds of keys are pressed: one whose answer
//! comes from the lab (`S` and `x`, `socket` and `close` on the client's endpoint), and one that asks nothing of it (`1` and `2`, the ends).
//! Beside the times stand, for the busiest threads, the CPU that they had and the time for which they waited for one
//! (Documentation/scheduler/sched-stats.rst).

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often each kind of key is pressed.
const PRESSES: usize = 70;
/// The time in which the load comes up.
const WARM: Duration = Duration::from_secs(5);
/// Between two presses, and a part of it more for each, so that none keeps time with a frame.
const PAUSE: Duration = Duration::from_millis(250);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The terminal's columns and rows.
const SIZE: (u16, u16) = (120, 40);

/// The loads that make connections meanwhile: each with its command.
const LOADS: [(&str, Option<&str>); 3] = [
    ("none", None),
    ("ab", Some("ab -q -r -s 120 -n 10000000 -c 1000 http://server:8080/")),
    ("wrk", Some("wrk -t1 -c1000 -d600 http://server:8080/")),
];

/// A key, and what is on the screen when it has been answered.
struct Key {
    name: &'static str,
    /// The one of every other press, and where its answer is: the beginning of a line's part.
    pairs: [(&'static str, &'static str); 2],
}

const KEYS: [Key; 2] = [
    Key {
        name: "answered by the lab",
        pairs: [("S", "last  socket("), ("x", "last  close(")],
    },
    Key {
        name: "answered by the screen",
        pairs: [("2", "2 SERVER the keys act here"), ("1", "1 CLIENT the keys act here")],
    },
];

/// finwait in a terminal.
struct Screen {
    child: Child,
    master: OwnedFd,
    parser: vt100::Parser,
    written: usize,
}

impl Screen {
    fn start(command: &mut Command) -> Screen {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pty");
        grantpt(&master).expect("a pty");
        unlockpt(&master).expect("a pty");
        let name = ptsname(&master, Vec::new()).expect("a pty has a name");
        let slave = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().expect("a plain name"));
        let slave = slave.expect("its other side");
        let (ws_col, ws_row) = SIZE;
        let size = Winsize {
            ws_row,
            ws_col,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).expect("a pty has a size");
        let side = || Stdio::from(slave.try_clone().expect("a descriptor"));
        command
            .env("TERM", "xterm-256color")
            .env("XDG_CONFIG_HOME", "/dev/null");
        let child = command
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .expect("setsid starts finwait");
        let (rows, cols) = (ws_row.try_into().expect("not 0"), ws_col.try_into().expect("not 0"));
        Screen {
            child,
            master,
            parser: vt100::Parser::new(rows, cols, 0),
            written: 0,
        }
    }

    /// Takes in what is written until that time, or until the screen shows this; returns whether it does.
    fn until(&mut self, end: Instant, wanted: Option<&str>) -> bool {
        let mut chunk = [0; 65536];
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(timeout) = Timespec::try_from(left) else {
                return false;
            };
            let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
            if left.is_zero() || poll(&mut fds, Some(&timeout)) == Ok(0) {
                return false;
            }
            let Ok(read) = rustix::io::read(&self.master, &mut chunk) else {
                return false;
            };
            self.written += read;
            self.parser.process(&chunk[..read]);
            if wanted.is_some_and(|wanted| self.shows(wanted)) {
                return true;
            }
        }
    }

    fn shows(&self, wanted: &str) -> bool {
        let (_, cols) = self.parser.screen().size();
        self.parser
            .screen()
            .rows(0, cols.get())
            .any(|line| line.contains(wanted))
    }

    fn press(&self, key: &str) {
        let written = rustix::io::write(&self.master, key.as_bytes());
        assert_eq!(written, Ok(key.len()), "the pty takes a key");
    }

    /// Returns, for each thread, its name, the nanoseconds that it has had on a CPU, and those for which it waited for one.
    fn threads(&self) -> BTreeMap<String, (String, u64, u64)> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()))
            .into_iter()
            .flatten()
            .flatten();
        let spent = tasks.filter_map(|task| {
            let name = fs::read_to_string(task.path().join("comm")).ok()?.trim().to_owned();
            let stat = fs::read_to_string(task.path().join("schedstat")).ok()?;
            let mut numbers = stat.split_whitespace().map_while(|number| number.parse().ok());
            Some((
                task.file_name().to_string_lossy().into_owned(),
                (name, numbers.next()?, numbers.next()?),
            ))
        });
        spent.collect()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It ends its programs with it, which SIGKILL would leave to its reaper.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let end = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            self.until(Instant::now() + Duration::from_millis(20), None);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Presses a kind of key, and prints how long its answers took.
fn measure(screen: &mut Screen, load: &str, key: &Key) {
    let (began, before, written) = (Instant::now(), screen.threads(), screen.written);
    let mut took = Vec::new();
    for press in 0..PRESSES {
        let part = Duration::from_millis(press as u64 * 37 % 100);
        screen.until(Instant::now() + PAUSE + part, None);
        let (pressed, answer) = key.pairs[press % 2];
        let at = Instant::now();
        screen.press(pressed);
        if screen.until(at + PATIENCE, Some(answer)) {
            took.push(at.elapsed().as_secs_f64() * 1e3);
        }
    }
    let all = began.elapsed();
    took.sort_by(f64::total_cmp);
    let of = |part: usize| {
        took.get((took.len() * part / 100).min(took.len().saturating_sub(1)))
            .copied()
            .unwrap_or(f64::NAN)
    };
    println!(
        "{load:<5} {:<24} {:3.0} ms in the middle, {:3.0} at the 95th percentile, {:3.0} at most, {} of {PRESSES} answered, {} kB/s written",
        key.name,
        of(50),
        of(95),
        of(100),
        took.len(),
        (screen.written - written) as u128 / all.as_millis().max(1),
    );
    for (task, (name, ran, waited)) in screen.threads() {
        let (_, ran_before, waited_before) = before.get(&task).cloned().unwrap_or_default();
        let part = |after: u64, before: u64| (after - before) as f64 / all.as_nanos() as f64 * 100.0;
        if part(ran, ran_before) > 1.0 {
            println!(
                "      thread {name:<12} {:3.0} % of the time on a CPU, {:3.0} % waiting for one",
                part(ran, ran_before),
                part(waited, waited_before)
            );
        }
    }
}

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let finwait = std::env::var("FINWAIT").unwrap_or_else(|_| env!("CARGO_BIN_EXE_finwait").to_owned());
    let folder = std::env::temp_dir().join(format!("finwait-keys-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let at = folder.display();
    let config = format!(
        "daemon off; error_log stderr error; pid {at}/pid;\nevents {{ worker_connections 4096; }}\nhttp {{\naccess_log off; \
         keepalive_requests 1000000000; client_body_temp_path {at}/1; proxy_temp_path {at}/2; fastcgi_temp_path {at}/3; \
         uwsgi_temp_path {at}/4; scgi_temp_path {at}/5;\nserver {{ listen 8080 backlog=4096; location / {{ return 200 hello; }} }}\n}}\n"
    );
    let config_file = folder.join("nginx.conf");
    fs::write(&config_file, config).expect("a file");
    for (load, run) in LOADS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == load) {
            continue;
        }
        let mut command = Command::new("setsid");
        command.args(["--ctty", &finwait, "--lab", "isolated", "--server-run"]);
        command.arg(format!("nginx -c {}", config_file.display()));
        command.args(run.map(|run| ["--client-run", run]).into_iter().flatten());
        let mut screen = Screen::start(&mut command);
        screen.until(Instant::now() + WARM, None);
        for key in &KEYS {
            measure(&mut screen, load, key);
        }
    }
    let _ = fs::remove_dir_all(&folder);
}
