//! `finwait explain` on a log: by its size, with few errors and with nothing else.

use std::env;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Growth, seconds};

pub const FEW_ERRORS: Growth = Growth {
    name: "log: explain, 1 % of errors",
    unit: "MB",
    sizes: &[1, 10, 100],
    cost: |megabytes| explain(megabytes, 1),
};
pub const ALL_ERRORS: Growth = Growth {
    name: "log: explain, errors alone",
    unit: "MB",
    sizes: &[1, 10, 100],
    cost: |megabytes| explain(megabytes, 100),
};

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

/// Explains a log of so many MB, of which so many of 100 lines are errors; the seconds that it takes.
fn explain(megabytes: u64, share: u32) -> f64 {
    let path = write(&env::temp_dir(), megabytes, share);
    let log = File::open(&path).expect("a file");
    fs::remove_file(path).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_finwait"));
    command.arg("explain").stdin(log).stdout(Stdio::null());
    seconds(|| assert!(command.status().expect("finwait").success()))
}

/// Writes a log of so many MB, of which so many of 100 lines are errors.
fn write(folder: &Path, megabytes: u64, share: u32) -> PathBuf {
    let path = folder.join(format!("finwait-growth-{}.log", std::process::id()));
    let mut out = BufWriter::new(File::create(&path).expect("a file"));
    let mut state = 0x9e37_79b9_u32;
    let mut any = |below: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state % below
    };
    let mut left = megabytes as i64 * 1_000_000;
    while left > 0 {
        let lines = if any(100) < share { &ERRORS[..] } else { &OTHERS[..] };
        let line = lines[any(lines.len() as u32) as usize];
        let (second, number) = (any(60), 100 + any(900));
        let begin = format!("2026-11-30T06:00:{second:02}.{number}Z host-{} app[{number}]: ", any(8));
        let line = begin + &line.replace('#', &number.to_string()) + "\n";
        left -= line.len() as i64;
        out.write_all(line.as_bytes()).expect("room for a log");
    }
    out.flush().expect("room for a log");
    path
}
