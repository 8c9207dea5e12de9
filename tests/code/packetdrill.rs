//! Every script of the catalog keeps to packetdrill's grammar, by a strict reading of our own and by the tool's where it is; and the tool
//! passes those whose outcome hangs on no timer.

use super::support::{finwait, output};
use super::{AT_ONCE, TURNS};
use finwait::scenario::catalog;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
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

    /// `0`, `0.250`, as milliseconds.
    fn time(&mut self) -> Result<u64, String> {
        let seconds = self.number()?;
        if !self.0.starts_with('.') || self.0.starts_with("..") {
            return Ok(seconds * 1000);
        }
        self.needs(".")?;
        let digits = self.while_in(|c| c.is_ascii_digit());
        let millis: u64 = digits.parse().map_err(|_| "no time".to_owned())?;
        match digits.len() {
            3 => Ok(seconds * 1000 + millis),
            _ => Err(format!("{digits} are no milliseconds")),
        }
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

/// When an event is due, milliseconds after the one before.
#[derive(Debug, PartialEq, Eq)]
struct Due {
    starts: u64,
    /// When it returns, where it is a call that waits.
    returns: Option<u64>,
    is_call: bool,
}

/// One line of a script.
fn line(text: &str) -> Result<Due, String> {
    let mut at = Reader(text.trim_start());
    at.needs("+")?;
    let starts = at.time()?;
    let returns = if at.eats("...") { Some(at.time()?) } else { None };
    at.needs(" ")?;
    let is_call = at.0.starts_with(|c: char| c.is_ascii_lowercase());
    event(&mut at, returns.is_some())?;
    Ok(Due {
        starts,
        returns,
        is_call,
    })
}

fn event(at: &mut Reader<'_>, waits: bool) -> Result<(), String> {
    if at.eats("`true`") || at.eats("`ip link set dev tun0 gso_max_segs 1`") {
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
        return segment(at, outbound);
    }
    call(at)
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
    if flags.contains('U') {
        at.needs(" urg ")?;
        at.number()?;
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
                "sack" => {
                    while at.eats(" ") {
                        at.number()?;
                        at.needs(":")?;
                        at.number()?;
                    }
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

/// What a script says where it ends before the run does.
const ENDS: &str = "// This script ends here: ";

/// A whole script: comments, then options, then events, of which there is at least one. One call is made at a time, and nothing
/// comes after the end but what waits for a call.
fn script(text: &str) -> Result<(), String> {
    let mut events = 0;
    let mut now = 0;
    let mut returns = 0;
    let mut ended = false;
    for (n, text) in text.lines().enumerate() {
        let told = |why: String| format!("line {}: {why}: {text}", n + 1);
        match text {
            "" | "--tolerance_usecs=35000" | "--ip_version=ipv6" if events == 0 => {}
            "" => {}
            comment if comment.starts_with("//") => ended |= comment.starts_with(ENDS),
            event => {
                let due = line(event).map_err(told)?;
                if ended && !event.ends_with(" `true`") {
                    return Err(told("it comes after the end".into()));
                }
                if due.is_call && now + due.starts < returns {
                    return Err(told("another call still waits".into()));
                }
                returns = returns.max(now + due.returns.unwrap_or_default());
                now += due.starts;
                events += 1;
            }
        }
    }
    if now < returns {
        return Err("it ends while a call waits".into());
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
        "+0 > U. 1:1449(1448) ack 1 urg 2000 <...>",
        "+0 < . 1:1(0) ack 1 win 63 <nop,nop,sack 11:12 14:15>",
        "+0 connect(3, AF_UNSPEC, ...) = 0",
    ] {
        assert_eq!(line(good).map(|_| ()), Ok(()), "{good}");
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
        "+0 > U. 1:1449(1448) ack 1 <...>",
        "+0 < . 1:1(0) ack 1 win 63 <nop,nop,sack 11>",
        "+0.25 close(3) = 0",
    ] {
        assert!(line(bad).is_err(), "{bad}");
    }
    assert!(script("// nothing\n").is_err());
    let waits = "+0...0.100 read(3, ..., 1) = 1\n";
    for (follows, good) in [
        ("+0.100 close(3) = 0\n", true),
        ("+0.099 close(3) = 0\n+1 `true`\n", false),
        ("+0.050 `true`\n", false),
        ("// This script ends here: so.\n+0.100 `true`\n", true),
        ("// This script ends here: so.\n+0.100 close(3) = 0\n", false),
    ] {
        assert_eq!(script(&format!("{waits}{follows}")).is_ok(), good, "{follows}");
    }
}

fn generate(name: &str, end: &str) -> Output {
    let mut command = finwait();
    let language = ["--language", "packetdrill", "--end", end];
    command.args(["--lab", "isolated", "code", name]).args(language);
    output(&mut command)
}

fn generated(name: &str, end: &str) -> String {
    let out = generate(name, end);
    let err = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{name}, {end}: {err}");
    String::from_utf8(out.stdout).unwrap()
}

/// Why a script ends before the run does, on one line; nothing where it does not.
fn reason(text: &str) -> Option<String> {
    let (_, why) = text.rsplit_once(ENDS)?;
    Some(why.replace("\n// ", " "))
}

/// What packetdrill cannot do ends a script, with the reason: what comes after would go on wrongly.
#[test]
fn a_script_ends_where_packetdrill_cannot_go_on() {
    for (name, end, why) in [
        ("close-under-connect", "client", "close is called while connect waits"),
        ("interrupted-connect", "client", "a signal interrupts connect"),
        ("dup-and-close", "client", "no call for dup"),
        ("self-connect", "client", "the end connects to itself"),
        ("would-block", "client", "a timeout of the socket's ends read"),
        ("zero-window", "client", "write never returned by itself"),
        ("no-port-to-bind", "client", "does not belong to the newest socket"),
        ("peer-gone-idle", "server", "a step that is not in the script"),
        ("no-route", "client", "a step that is not in the script"),
        ("early-reply", "client", "another connection begins"),
        ("old-duplicate-syn", "server", "another connection begins"),
    ] {
        let text = generated(name, end);
        assert_eq!(script(&text), Ok(()), "{name}, {end}");
        let told = reason(&text).is_some_and(|reason| reason.contains(why));
        assert!(told, "{name}, {end}: {text}");
    }
}

/// What a kernel does hangs on more than numbers and flags.
#[test]
fn a_segment_says_all_that_its_receiver_goes_by() {
    let text = generated("fin-overtakes-data", "server");
    assert!(text.contains("<nop,nop,sack 11:12>"), "{text}");
    let text = generated("urgent-byte", "client");
    assert!(text.contains("> U. 1:1449(1448) ack 1 urg 2000 <...>"), "{text}");
    let text = generated("urgent-byte", "server");
    let urgent = text.lines().find(|line| line.contains("< U. 1:1449(1448) ack 1 win "));
    assert!(urgent.is_some_and(|line| line.ends_with(" urg 2000")), "{text}");
    // An ICMP error quotes what is not acknowledged yet: the kernel believes no other.
    let text = generated("host-unreachable-established", "client");
    assert!(text.contains("< icmp unreachable host_unreachable [1:1(0)]"), "{text}");
    assert!(text.contains("< icmp unreachable host_unreachable [6:6(0)]"), "{text}");
    let text = generated("prohibited-ipv6", "client");
    assert!(text.contains("< icmp unreachable admin_prohibited [0:0(0)]"), "{text}");
    // packetdrill counts from the first SYN, forged or not.
    let text = generated("old-duplicate-syn", "server");
    assert!(
        text.contains("< S 0:0(0) win 65535\n    +0 > S. 0:0(0) ack 1 <...>"),
        "{text}"
    );
}

/// packetdrill itself would go wrong by a call that changes nothing in the kernel.
#[test]
fn a_call_that_packetdrill_misunderstands_is_left_out() {
    let text = generated("already-connected", "client");
    assert!(text.contains("// Not in this script: listen = -1 EINVAL"), "{text}");
    assert!(!text.contains(" listen("), "{text}");
    assert!(text.contains(" shutdown(3, SHUT_WR) = -1 ENOTCONN"), "{text}");
}

/// The device of packetdrill would take segments joined. It is told after the connection was made, and before what needs it.
#[test]
fn joined_segments_are_parted_before_a_long_write() {
    let text = generated("early-reply", "client");
    let place = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word}: {text}"));
    assert!(place(" connect(3") < place("gso_max_segs 1") && place("gso_max_segs 1") < place(" write(3, ..., 6000)"));
    assert!(!generated("half-close", "client").contains("gso_max_segs"));
}

/// Where two things are at work at a time, another run may differ, and the script says so.
#[test]
fn a_race_is_told() {
    let told = |text: &str| text.contains("// Segments arrive during this call.");
    assert!(told(&generated("both-only-write", "server")));
    assert!(!told(&generated("half-close", "server")));
}

/// Scripts whose outcome hangs on no timer. Each goes wrong by something that no parser sees.
const STEADY: [(&str, &str); 8] = [
    ("half-close", "client"),
    ("half-close", "server"),
    ("already-connected", "client"),
    ("disconnect", "client"),
    ("early-reply", "client"),
    ("host-unreachable-established", "client"),
    ("simultaneous-open", "client"),
    ("old-duplicate-syn", "server"),
];

#[test]
fn packetdrill_passes_scripts() {
    // It needs a network of its own and a TUN device on it.
    let probe = run(Path::new("--help"));
    let why = match &probe {
        Ok(probe) if !String::from_utf8_lossy(&probe.stderr).contains("unshare") => None,
        _ => Some("there is no packetdrill on the PATH, or no network to run it in"),
    };
    let tun = OpenOptions::new().read(true).write(true).open("/dev/net/tun");
    if let Some(why) = why.or(tun.is_err().then_some("the TUN device may not be opened")) {
        return super::skipped(&format!("{why}, and so it has passed no script"));
    }
    for (name, end) in STEADY {
        let mut told = String::new();
        // A machine that is busy elsewhere may be late: in this run of the scenario, or in that of the script.
        let passes = (0..4).any(|_| {
            let script = Script::new(name, end, &generated(name, end));
            let out = run(&script.0).unwrap();
            told = String::from_utf8_lossy(&out.stderr).into_owned();
            out.status.success()
        });
        assert!(passes, "{name}, {end}: {told}");
    }
}

/// packetdrill in a network of its own.
fn run(script: &Path) -> std::io::Result<Output> {
    let mut command = Command::new("timeout");
    command
        .args(["20", "unshare", "--net", "packetdrill"])
        .arg(script)
        .output()
}

/// A script in a file, for as long as it is needed.
struct Script(PathBuf);

impl Script {
    fn new(name: &str, end: &str, text: &str) -> Script {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = format!("finwait-{}-{number}-{name}-{end}.pkt", std::process::id());
        let path = std::env::temp_dir().join(file);
        std::fs::write(&path, text).unwrap();
        Script(path)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
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
        // No script runs a program.
        .filter(|scenario| scenario.commands().is_empty())
        .flat_map(|scenario| ["client", "server"].map(|end| (scenario, end)));
    let queue = Mutex::new(ends);
    let (scripts, wrong) = (Mutex::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let _turn = TURNS.take();
                    let next = queue.lock().unwrap().next();
                    let Some((scenario, end)) = next else { return };
                    let name = &scenario.name;
                    let out = generate(name, end);
                    let text = String::from_utf8_lossy(&out.stdout);
                    let err = String::from_utf8_lossy(&out.stderr);
                    let idle = format!("the {end} does nothing in it");
                    if out.status.code() == Some(3)
                        && (err.contains(&idle) || err.contains("it needs a kernel that returns "))
                    {
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
    let script = Script::new(name, end, text);
    let out = output(Command::new("packetdrill").arg("--dry_run").arg(&script.0));
    if out.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&out.stderr).into_owned())
    }
}
