//! `finwait explain` on logs of growing size: how many MB it reads in a second of CPU time, with 1 % of error lines and with nothing else, beside
//! `rg -c` with four of the wordings where ripgrep is installed; and the exponent with which its time grows.
//!
//! `cargo bench --bench growth_log` takes a minute and 100 MB in the temporary directory. Figures do not carry to another machine; the
//! ratio to ripgrep does, and an exponent of 1 is linear.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The sizes, in MB.
const SIZES: [u32; 2] = [10, 100];
/// How many of 100 lines are errors.
const SHARES: [u32; 2] = [1, 100];
/// How often each is measured, in turn with ripgrep; the quickest counts.
const ROUNDS: usize = 3;

/// The unit of `cutime`: USER_HZ is 100.
const TICK: Duration = Duration::from_millis(10);

/// Lines of errors; `#` is a number.
const ERRORS: [&str; 10] = [
    "recv() failed (104: Connection reset by peer) while reading response header from upstream, client: 10.0.0.7, server: a.test, request: \"GET /a HTTP/1.1\", upstream: \"http://10.0.0.2:8080/a\"",
    "read tcp 10.0.0.1:4#->10.0.0.2:80: read: connection reset by peer",
    "dial tcp 10.0.0.2:80: connect: connection refused",
    "java.net.SocketTimeoutException: Read timed out",
    "Error: write EPIPE at WriteWrap.onWriteComplete 10.0.0.#",
    "ConnectionResetError: [Errno 104] Connection reset by peer",
    "curl: (52) Empty reply from server",
    "Os { code: 110, kind: TimedOut, message: \"Connection timed out\" }",
    "psql: error: connection to server at \"10.0.0.2\", port 5432 failed: Connection refused",
    "stream # ended: unexpected EOF",
];
/// Other lines.
const OTHERS: [&str; 5] = [
    "GET /static/js/app.#.js HTTP/1.1 200 # \"https://a.test/\" \"Mozilla/5.0 (X11; Linux x86_64)\" upstream_time=0.0#",
    "worker # processed job id=# in #ms queue=default",
    "INFO  [main] o.s.b.w.embedded.tomcat.TomcatWebServer : Tomcat started on port(s): 8080 (http) with context path ''",
    "user # logged in from 10.0.#.4 session=abc#",
    "cache refresh finished: # entries, # evicted, hit ratio 0.#",
];

fn main() -> io::Result<()> {
    let folder = env::temp_dir().join(format!("finwait-growth-log-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let measured = measure(&folder);
    fs::remove_dir_all(&folder)?;
    measured
}

fn measure(folder: &Path) -> io::Result<()> {
    let ripgrep = Command::new("rg").arg("--version").output().is_ok();
    println!("errors   size       explain          rg -c     explain / rg");
    for share in SHARES {
        let mut took = Vec::new();
        for size in SIZES {
            let log = write(folder, size, share)?;
            let (mut explain, mut grep) = (Duration::MAX, None);
            for _ in 0..ROUNDS {
                explain = explain.min(time(&log, env!("CARGO_BIN_EXE_finwait"), &["explain"])?);
                if ripgrep {
                    let words = "connection reset|refused|timed out|epipe";
                    let once = time(&log, "rg", &["-c", "-i", words, "-"])?;
                    grep = Some(grep.map_or(once, |best: Duration| best.min(once)));
                }
            }
            let speed = |took: Duration| f64::from(size) / took.as_secs_f64();
            let beside = grep.map_or_else(
                || "not installed".into(),
                |grep| format!("{:8.0} MB/s   {:10.2}", speed(grep), speed(explain) / speed(grep)),
            );
            println!("{share:4} %  {size:4} MB {:8.0} MB/s  {beside}", speed(explain));
            took.push(explain.as_secs_f64());
            fs::remove_file(log)?;
        }
        if let ([first, .., last], [small, .., large]) = (&took[..], &SIZES[..]) {
            let exponent = (last / first).ln() / (f64::from(*large) / f64::from(*small)).ln();
            println!("{share:4} %  time grows with size to the power of {exponent:.2}");
        }
    }
    Ok(())
}

/// Writes a log of so many MB, of which so many of 100 lines are errors.
fn write(folder: &Path, size: u32, share: u32) -> io::Result<PathBuf> {
    let path = folder.join(format!("{size}-{share}.log"));
    let mut out = BufWriter::new(File::create(&path)?);
    let mut state = 0x9e37_79b9_u32;
    let mut any = |below: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state % below
    };
    let mut left = i64::from(size) * 1_000_000;
    while left > 0 {
        let lines = if any(100) < share { &ERRORS[..] } else { &OTHERS[..] };
        let line = lines[any(lines.len() as u32) as usize];
        let (second, number) = (any(60), 100 + any(900));
        let begin = format!("2026-11-30T06:00:{second:02}.{number}Z host-{} app[{number}]: ", any(8));
        let line = begin + &line.replace('#', &number.to_string()) + "\n";
        left -= line.len() as i64;
        out.write_all(line.as_bytes())?;
    }
    out.flush()?;
    Ok(path)
}

/// Runs a program with the log as its standard input; the CPU time that it takes, which others on the machine change little.
fn time(log: &Path, program: &str, arguments: &[&str]) -> io::Result<Duration> {
    let before = of_children()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(File::open(log)?).stdout(Stdio::null());
    let status = command.status()?;
    let took = of_children()?.saturating_sub(before);
    if status.success() {
        Ok(took.max(TICK))
    } else {
        Err(io::Error::other(format!("{program} ended with {status}")))
    }
}

/// The CPU time of all children that have ended: `cutime` and `cstime` of proc(5).
fn of_children() -> io::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let ticks = fields
        .split_whitespace()
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok());
    Ok(TICK * ticks.sum())
}
