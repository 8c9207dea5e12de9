//! Every script of the catalog keeps to packetdrill's grammar: by a strict reading of our own, and by the tool's where it is.

use super::support::{finwait, output};
use finwait::scenario::catalog;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

/// What may be called, and how many arguments it takes: the rows of packetdrill's table that a script of ours uses.
const CALLS: [(&str, usize); 15] = [
    ("socket", 3),
    ("bind", 3),
    ("listen", 2),
    ("accept", 3),
    ("connect", 3),
    ("read", 3),
    ("recv", 4),
    ("write", 3),
    ("send", 4),
    ("shutdown", 2),
    ("close", 1),
    ("poll", 3),
    ("fcntl", 3),
    ("getsockopt", 5),
    ("setsockopt", 5),
];

/// Takes words off a line, one after the other.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn eats(&mut self, word: &str) -> bool {
        let rest = self.0.strip_prefix(word);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn needs(&mut self, word: &str) -> Result<(), String> {
        if self.eats(word) {
            Ok(())
        } else {
            Err(format!("{word:?} should stand before {:?}", self.0))
        }
    }

    fn while_in(&mut self, allowed: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !allowed(c)).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        word
    }

    fn number(&mut self) -> Result<u64, String> {
        let digits = self.while_in(|c| c.is_ascii_digit());
        digits
            .parse()
            .map_err(|_| format!("a number should stand before {:?}", self.0))
    }

    /// `0`, `0.250`
    fn time(&mut self) -> Result<(), String> {
        self.number()?;
        if self.0.starts_with('.') && !self.0.starts_with("..") {
            self.needs(".")?;
            self.number()?;
        }
        Ok(())
    }

    /// `1:11(10)`, whose numbers must agree.
    fn range(&mut self) -> Result<(), String> {
        let from = self.number()?;
        self.needs(":")?;
        let to = self.number()?;
        self.needs("(")?;
        let len = self.number()?;
        self.needs(")")?;
        let fits = from < 1 << 32 && to < 1 << 32 && len < 1 << 16 && (from + len) % (1 << 32) == to;
        if fits {
            Ok(())
        } else {
            Err(format!("{from}:{to}({len}) does not fit"))
        }
    }

    fn end(&self) -> Result<(), String> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(format!("nothing should follow: {:?}", self.0))
        }
    }
}

/// One line of a script.
fn line(text: &str) -> Result<(), String> {
    let mut at = Reader(text.trim_start());
    at.needs("+")?;
    at.time()?;
    let waits = at.eats("...");
    if waits {
        at.time()?;
    }
    at.needs(" ")?;
    if at.eats("`true`") {
        return at.end();
    }
    if at.eats("`sysctl -q -w ") {
        at.while_in(|c| c.is_ascii_alphanumeric() || "'._= -".contains(c));
        at.needs("`")?;
        return at.end();
    }
    if at.eats("< icmp unreachable ") {
        at.while_in(|c| c.is_ascii_lowercase() || c == '_');
        at.needs(" [")?;
        at.range()?;
        at.needs("]")?;
        return at.end();
    }
    let outbound = at.eats("> ");
    if outbound || at.eats("< ") {
        if waits {
            return Err("a segment does not wait".into());
        }
        return segment(&mut at, outbound);
    }
    call(&mut at)
}

fn segment(at: &mut Reader<'_>, outbound: bool) -> Result<(), String> {
    let flags = at.while_in(|c| "FSRPUEW.-".contains(c));
    if flags.is_empty() {
        return Err("a segment has flags".into());
    }
    at.needs(" ")?;
    at.range()?;
    if at.eats(" ack ") {
        at.number()?;
        if !flags.contains('.') {
            return Err("ack without the flag".into());
        }
    } else if flags.contains('.') {
        return Err("the flag without ack".into());
    }
    if at.eats(" win ") {
        at.number()?;
    } else if !outbound {
        return Err("a segment that comes has a window".into());
    }
    if outbound {
        at.needs(" <...>")?;
    } else if at.eats(" <") {
        loop {
            let word = at.while_in(|c| c.is_ascii_alphabetic());
            match word {
                "nop" | "sackOK" => {}
                "mss" | "wscale" => {
                    at.needs(" ")?;
                    at.number()?;
                }
                word => return Err(format!("no option: {word:?}")),
            }
            if !at.eats(",") {
                break;
            }
        }
        at.needs(">")?;
    }
    at.end()
}

fn call(at: &mut Reader<'_>) -> Result<(), String> {
    let name = at.while_in(|c| c.is_ascii_lowercase());
    at.needs("(")?;
    let (arguments, rest) = at.0.split_once(") = ").ok_or("a call has a result")?;
    // Commas within braces do not part arguments.
    let mut depth = 0;
    let mut count = 1;
    for c in arguments.chars() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            ',' if depth == 0 => count += 1,
            _ => {}
        }
    }
    if !CALLS.contains(&(name, count)) {
        return Err(format!("no call {name} with {count} arguments"));
    }
    let word = |c: char| c.is_ascii_alphanumeric() || " _.,|[]{}=-".contains(c);
    if !arguments.chars().all(word) {
        return Err(format!("no arguments: {arguments:?}"));
    }
    let mut at = Reader(rest);
    if at.eats("-1 ") {
        let errno = at.while_in(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if !errno.starts_with('E') {
            return Err(format!("no errno: {errno:?}"));
        }
        at.needs(" (")?;
        at.while_in(|c| c != ')' && c != '(');
        at.needs(")")?;
    } else {
        at.number()?;
    }
    at.end()
}

/// A whole script: comments, then options, then events, of which there is at least one.
fn script(text: &str) -> Result<(), String> {
    let mut events = 0;
    for (n, text) in text.lines().enumerate() {
        let told = |why: String| format!("line {}: {why}: {text}", n + 1);
        match text {
            "" | "--tolerance_usecs=10000" | "--ip_version=ipv6" if events == 0 => {}
            "" => {}
            comment if comment.starts_with("//") => {}
            event => {
                line(event).map_err(told)?;
                events += 1;
            }
        }
    }
    if events == 0 { Err("no event".into()) } else { Ok(()) }
}

#[test]
fn the_grammar_is_strict() {
    for good in [
        "    +0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3",
        "+0.250...1.003 read(3, ..., 1024) = -1 ETIMEDOUT (Connection timed out)",
        "+0 > S 0:0(0) <...>",
        "+0 < S. 0:0(0) ack 1 win 65160 <mss 1460,nop,nop,sackOK,nop,wscale 10>",
        "+0 poll([{fd=3, events=POLLIN|POLLOUT, revents=0}], 1, 0) = 0",
        "+0 < icmp unreachable host_unreachable [0:0(0)]",
        "+0 `sysctl -q -w net.ipv4.tcp_retries2=1`",
    ] {
        assert_eq!(line(good), Ok(()), "{good}");
    }
    for bad in [
        "0 close(3) = 0",
        "+0 close(3)",
        "+0 close(3, 4) = 0",
        "+0 klose(3) = 0",
        "+0 close(3) = -1 (Broken pipe)",
        "+0 < S. 0:0(0) ack 1",
        "+0 < S. 0:0(0) ack 1 win 1 <...>",
        "+0 > P. 1:11(9) ack 1 <...>",
        "+0 > P 1:11(10) ack 1 <...>",
        "+0 > X. 1:11(10) ack 1 <...>",
        "+0...1 > S 0:0(0) <...>",
        "+0 `reboot`",
    ] {
        assert!(line(bad).is_err(), "{bad}");
    }
    assert!(script("// nothing\n").is_err());
}

#[test]
fn every_script_of_the_catalog_keeps_to_the_grammar() {
    let real = Command::new("packetdrill")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !real {
        super::skipped("there is no packetdrill on the PATH, and so its own parser has not read the scripts");
    }
    let scenarios = catalog::all().unwrap();
    let ends = scenarios
        .iter()
        .flat_map(|scenario| ["client", "server"].map(|end| (scenario, end)));
    let queue = Mutex::new(ends);
    let (scripts, wrong) = (Mutex::new(0), Mutex::new(Vec::new()));
    // They sleep most of their time.
    let workers = thread::available_parallelism().map_or(2, usize::from) * 4;
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some((scenario, end)) = next else { return };
                    let name = &scenario.name;
                    let mut command = finwait();
                    command.args([
                        "--lab",
                        "isolated",
                        "code",
                        name,
                        "--language",
                        "packetdrill",
                        "--end",
                        end,
                    ]);
                    let out = output(&mut command);
                    let text = String::from_utf8_lossy(&out.stdout);
                    let err = String::from_utf8_lossy(&out.stderr);
                    let idle = format!("the {end} does nothing in it");
                    if out.status.code() == Some(3) && (err.contains(&idle) || err.contains("it needs Linux")) {
                        continue;
                    }
                    let mut read = if out.status.success() {
                        script(&text)
                    } else {
                        Err(err.into_owned())
                    };
                    if real && read.is_ok() {
                        read = dry_run(name, end, &text);
                    }
                    *scripts.lock().unwrap() += 1;
                    if let Err(why) = read {
                        wrong.lock().unwrap().push(format!("{name}, {end}: {why}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(scripts.into_inner().unwrap() > scenarios.len());
}

/// What packetdrill's own parser says.
fn dry_run(name: &str, end: &str, text: &str) -> Result<(), String> {
    let path = std::env::temp_dir().join(format!("finwait-{}-{name}-{end}.pkt", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let out = output(Command::new("packetdrill").arg("--dry_run").arg(&path));
    let _ = std::fs::remove_file(&path);
    if out.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&out.stderr).into_owned())
    }
}
