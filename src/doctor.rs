//! `finwait doctor`: what this machine lets finwait do, and what to do about the rest.

use ratatui::layout::Size;
use serde::Serialize;
use std::env;
use std::fs;
use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;
use std::time::Instant;

use crate::call::Family;
use crate::error::Error;
use crate::json::Versioned;
use crate::lab::{self, LabMode, Options, advice};
use crate::observe::diag::Diag;
use crate::observe::procfs::ProcTable;
use crate::os::{netns, tun};
use crate::runtime::{self, Runtime, on_path};
use crate::stderr::complain;
use crate::tui::backend::known;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Level {
    /// The check passes.
    Ok,
    /// Not so, but nothing is lost by it here.
    Note,
    /// Something is not available.
    Missing,
}

/// A line of the report.
#[derive(Clone, Debug, Serialize)]
struct DoctorCheck {
    /// The subject of the check.
    name: &'static str,
    /// The result.
    level: Level,
    /// The finding.
    found: String,
    /// Advice on how to fix it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl DoctorCheck {
    fn ok(name: &'static str, found: impl Into<String>) -> DoctorCheck {
        DoctorCheck {
            name,
            level: Level::Ok,
            found: found.into(),
            advice: None,
        }
    }

    fn bad(name: &'static str, level: Level, found: impl Into<String>, advice: &str) -> DoctorCheck {
        DoctorCheck {
            name,
            level,
            found: found.into(),
            advice: Some(advice.into()),
        }
    }

    /// Something that a lab cannot do without.
    fn needed(name: &'static str, tried: crate::error::Result<()>, found: &str, advice: &str) -> DoctorCheck {
        match tried {
            Ok(()) => DoctorCheck::ok(name, found),
            Err(error) => DoctorCheck::bad(name, Level::Missing, error.to_string(), advice),
        }
    }
}

/// The labs that are available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Labs {
    /// Both.
    Isolated,
    /// Only the machine's own loopback address.
    Loopback,
    /// Neither.
    None,
}

#[derive(Serialize)]
struct Report {
    lab: Labs,
    checks: Vec<DoctorCheck>,
}

/// Checks everything, prints a line each. Exit status 0 when the isolated lab is available, 1 when only loopback, 2 when neither.
pub fn run(options: &Options, json: bool) -> ExitCode {
    let report = examine(options);
    let said = if json { say_json(&report) } else { say_lines(&report) };
    if let Err(error) = said
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        complain(&format!("finwait: write to standard output: {error}"));
        return ExitCode::from(2);
    }
    ExitCode::from(match report.lab {
        Labs::Isolated => 0,
        Labs::Loopback => 1,
        Labs::None => 2,
    })
}

fn say_json(report: &Report) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(&Versioned::new(report))?;
    writeln!(stdout(), "{text}")
}

fn say_lines(report: &Report) -> std::io::Result<()> {
    for check in &report.checks {
        let mark = match check.level {
            Level::Ok => "ok  ",
            Level::Note => "note",
            Level::Missing => "MISS",
        };
        let advice = check
            .advice
            .as_ref()
            .map_or(String::new(), |advice| format!(" -> {advice}"));
        writeln!(stdout(), "{mark}  {:<16}  {}{advice}", check.name, check.found)?;
    }
    Ok(())
}

fn examine(options: &Options) -> Report {
    let privileged = netns::capable();
    let mut checks = vec![
        capabilities(privileged),
        user_namespaces(privileged),
        apparmor(privileged),
        tun_device(),
        procfs(read_table()),
        sock_diag(),
        ipv6(),
        terminal(),
        colours(),
        mouse(),
        strace(),
    ];
    checks.push(cache());
    // One line for each tool: two ways of using a language need the same.
    let mut tools = Vec::new();
    for of_it in Runtime::ALL {
        if let Some((tool, _)) = of_it.needs().filter(|(tool, _)| !tools.contains(tool)) {
            tools.push(tool);
            checks.push(language(of_it));
        }
    }
    let tables = !checks
        .iter()
        .any(|check| check.name == "procfs" && check.level == Level::Missing);
    let address = lab::try_loopback(false);
    let loopback_works = tables && address.is_ok();
    // Last, because it may move this process into a user namespace.
    let began = Instant::now();
    let isolated = lab::try_isolated(&Options {
        wanted: LabMode::Isolated,
        ..options.clone()
    });
    let took = began.elapsed();
    let lab = match (&isolated, loopback_works) {
        (Ok(()), _) => Labs::Isolated,
        (Err(_), true) => Labs::Loopback,
        (Err(_), false) => Labs::None,
    };
    checks.push(match isolated {
        Ok(()) => {
            let supers = if options.offload {
                " with --offload: super-segments of up to 64 KiB are on its wire"
            } else {
                ""
            };
            let built = format!("built in {:.1} ms{supers}", took.as_secs_f64() * 1e3);
            DoctorCheck::ok("isolated lab", built)
        }
        Err(error) => DoctorCheck::bad(
            "isolated lab",
            Level::Missing,
            error.to_string(),
            if privileged {
                "see the lines above; the loopback lab shows no segments and no host settings"
            } else {
                "see the lines above, or run finwait with sudo; the loopback lab shows no segments and no host settings"
            },
        ),
    });
    checks.push(if loopback_works {
        DoctorCheck::ok("loopback lab", "127.0.0.1 can be used")
    } else if let Err(error) = address {
        DoctorCheck::bad(
            "loopback lab",
            Level::Missing,
            error.to_string(),
            "the isolated lab does not need it",
        )
    } else {
        DoctorCheck::bad(
            "loopback lab",
            Level::Missing,
            "the kernel's socket tables cannot be read",
            "see procfs above",
        )
    });
    Report { lab, checks }
}

/// Returns what can be said at once of what this machine lets finwait do, as `--version` prints it: no lab is started, no tool asked.
pub(crate) fn at_a_glance() -> Vec<(&'static str, String)> {
    let privileged = netns::capable();
    let lab = [
        user_namespaces(privileged),
        apparmor(privileged),
        tun_device(),
        procfs(ProcTable::open(Family::Inet).map(drop)),
    ];
    let missing = lab.iter().find(|check| check.level == Level::Missing);
    let lab = match missing {
        Some(check) => format!("not available: {}: {}", check.name, check.found),
        None if privileged => "available, with CAP_SYS_ADMIN and CAP_NET_ADMIN".into(),
        None => "available, in a user namespace".into(),
    };
    let strace = on_path("strace").map_or("not on PATH", |_| "available");
    let here = Runtime::ALL
        .into_iter()
        .filter(|runtime| runtime.needs().is_none_or(|(tool, _)| on_path(tool).is_some()));
    let runtimes: Vec<String> = here.map(|runtime| runtime.to_string()).collect();
    vec![
        ("isolated lab", lab),
        ("system calls (strace)", strace.into()),
        ("ends in", runtimes.join(", ")),
    ]
}

/// Checks for strace, which shows the system calls of runtimes.
fn strace() -> DoctorCheck {
    match on_path("strace") {
        Some(path) => DoctorCheck::ok("strace", path.display().to_string()),
        None => DoctorCheck::bad(
            "strace",
            Level::Note,
            "not on PATH: --syscalls cannot show what other languages' sockets really do",
            "install the package strace",
        ),
    }
}

/// The folder where endpoints in other languages are put, and compiled.
fn cache() -> DoctorCheck {
    const NAME: &str = "cache directory";
    let advice = "set XDG_CACHE_HOME to a writable directory; without one only raw calls can drive an end";
    let made = runtime::cache::directory().and_then(|directory| {
        let made = fs::create_dir_all(&directory).and_then(|()| {
            let probe = directory.join(format!("probe-{}", std::process::id()));
            fs::write(&probe, "").and_then(|()| fs::remove_file(&probe))
        });
        made.map(|()| directory.display().to_string())
            .map_err(|error| format!("{} cannot be written: {error}", directory.display()))
    });
    match made {
        Ok(directory) => DoctorCheck::ok(NAME, directory),
        Err(why) => DoctorCheck::bad(NAME, Level::Note, why, advice),
    }
}

/// Checks for the tools that a language's endpoint needs.
fn language(runtime: Runtime) -> DoctorCheck {
    let bad = |found: String, advice: &str| DoctorCheck::bad(runtime.name(), Level::Note, found, advice);
    match runtime.version() {
        Ok(version) => DoctorCheck::ok(runtime.name(), version),
        Err(Error::NoTool { tool, package, .. }) => bad(
            format!("{tool} is not on PATH: it cannot drive an end"),
            &package.advice(),
        ),
        Err(error) => bad(error.to_string(), "fix it, or drive the ends with something else"),
    }
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn capabilities(privileged: bool) -> DoctorCheck {
    const NAME: &str = "capabilities";
    if privileged {
        DoctorCheck::ok(NAME, "CAP_SYS_ADMIN and CAP_NET_ADMIN: no user namespace is needed")
    } else {
        DoctorCheck::ok(NAME, "none: an ordinary user needs a user namespace")
    }
}

fn user_namespaces(privileged: bool) -> DoctorCheck {
    const NAME: &str = "user namespaces";
    let level = if privileged { Level::Note } else { Level::Missing };
    if fs::metadata("/proc/self").is_err() {
        return DoctorCheck::bad(
            NAME,
            Level::Note,
            "unknown without procfs",
            "mount it: mount -t proc proc /proc",
        );
    }
    if fs::metadata("/proc/self/ns/user").is_err() {
        return DoctorCheck::bad(
            NAME,
            level,
            "this kernel has none (CONFIG_USER_NS)",
            "run finwait with sudo",
        );
    }
    // Debian's switch; absent elsewhere.
    if read("/proc/sys/kernel/unprivileged_userns_clone").as_deref() == Some("0") {
        return DoctorCheck::bad(
            NAME,
            level,
            "switched off for ordinary users",
            &or_sudo(advice::NO_UNPRIVILEGED_NAMESPACES),
        );
    }
    match read("/proc/sys/user/max_user_namespaces").and_then(|text| text.parse::<u64>().ok()) {
        Some(0) => DoctorCheck::bad(
            NAME,
            level,
            "switched off (user.max_user_namespaces is 0)",
            &or_sudo(advice::NO_USER_NAMESPACES),
        ),
        Some(most) => DoctorCheck::ok(NAME, format!("allowed, at most {most}")),
        None => DoctorCheck::ok(NAME, "allowed"),
    }
}

fn apparmor(privileged: bool) -> DoctorCheck {
    const NAME: &str = "AppArmor";
    match read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").as_deref() {
        Some("1") if has_own_profile() => DoctorCheck::ok(NAME, "its profile for finwait allows user namespaces"),
        Some("1") => DoctorCheck::bad(
            NAME,
            if privileged { Level::Note } else { Level::Missing },
            "restricts what an ordinary user's namespaces may do (Ubuntu 23.10 and later)",
            &or_sudo(&profile_advice()),
        ),
        _ => DoctorCheck::ok(NAME, "does not restrict user namespaces"),
    }
}

/// Whether this process runs under the profile of finwait's own, as `/etc/apparmor.d/finwait` names it.
fn has_own_profile() -> bool {
    ["/proc/self/attr/apparmor/current", "/proc/self/attr/current"]
        .into_iter()
        .find_map(read)
        .is_some_and(|label| is_own_profile(&label))
}

/// Whether `label` is that profile's, in whatever mode: `finwait (unconfined)`.
fn is_own_profile(label: &str) -> bool {
    label.split(' ').next() == Some("finwait")
}

/// Returns how the profile is installed here: by what a package has brought, else from the sources.
fn profile_advice() -> String {
    const APPLY: &str = "/usr/share/finwait/apparmor/apply";
    if fs::metadata(APPLY).is_ok() {
        format!("sudo {APPLY} install")
    } else {
        "install finwait's package, or assets/apparmor/finwait of its sources".into()
    }
}

fn tun_device() -> DoctorCheck {
    const NAME: &str = "/dev/net/tun";
    let advice = if fs::metadata(NAME).is_err() {
        advice::NO_TUN.into()
    } else {
        or_sudo(advice::TUN_FORBIDDEN)
    };
    DoctorCheck::needed(NAME, tun::available(), "can be opened", &advice)
}

/// Returns the advice, with a hint that root need not follow it.
fn or_sudo(advice: &str) -> String {
    format!("{advice}, or run finwait with sudo")
}

/// Reads the table of sockets, which takes the kernel milliseconds: it goes through all places that a connection could have.
fn read_table() -> crate::error::Result<()> {
    let mut rows = Vec::new();
    ProcTable::open(Family::Inet).and_then(|mut table| table.read(&mut rows))
}

fn procfs(tried: crate::error::Result<()>) -> DoctorCheck {
    DoctorCheck::needed(
        "procfs",
        tried,
        "/proc/net/tcp can be read",
        "mount it: mount -t proc proc /proc; every state on the screen comes from there",
    )
}

fn sock_diag() -> DoctorCheck {
    const NAME: &str = "sock_diag";
    match Diag::answering() {
        Ok(_) => DoctorCheck::ok(NAME, "answers"),
        Err(error) => DoctorCheck::bad(
            NAME,
            Level::Note,
            format!(
                "{error}: what is known of sockets comes from procfs alone, without TCP_INFO, and destroy is not available"
            ),
            "sudo modprobe tcp_diag",
        ),
    }
}

fn ipv6() -> DoctorCheck {
    const NAME: &str = "IPv6";
    let bad = |error: Error, advice: &str| DoctorCheck::bad(NAME, Level::Note, error.to_string(), advice);
    if let Err(error) = lab::has_ipv6() {
        return bad(error, "--ipv6 is refused");
    }
    match lab::try_loopback(true) {
        Ok(()) => DoctorCheck::ok(NAME, "::1 can be used"),
        Err(error) => bad(error, "--ipv6 works in the isolated lab only"),
    }
}

fn terminal() -> DoctorCheck {
    const NAME: &str = "terminal";
    if !stdout().is_terminal() {
        return DoctorCheck::bad(
            NAME,
            Level::Note,
            "standard output is not one",
            "run finwait in a terminal, or finwait do without one",
        );
    }
    match rustix::termios::tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col == 0 || size.ws_row == 0 => {
            let Size { width, height } = known(None);
            DoctorCheck::bad(
                NAME,
                Level::Note,
                format!("its size is not known: {width}x{height} is assumed"),
                "stty cols 120 rows 40, or set COLUMNS and LINES",
            )
        }
        Ok(size) if size.ws_col >= 120 && size.ws_row >= 40 => {
            DoctorCheck::ok(NAME, format!("{}x{}: comfortable", size.ws_col, size.ws_row))
        }
        Ok(size) if size.ws_col >= 60 && size.ws_row >= 15 => DoctorCheck::bad(
            NAME,
            Level::Note,
            format!("{}x{}: enough", size.ws_col, size.ws_row),
            "120x40 is comfortable",
        ),
        Ok(size) => DoctorCheck::bad(
            NAME,
            Level::Missing,
            format!("{}x{}: too small", size.ws_col, size.ws_row),
            "make the window 60x15 or larger",
        ),
        Err(error) => DoctorCheck::bad(
            NAME,
            Level::Note,
            format!("its size is not known: {error}"),
            "set COLUMNS and LINES",
        ),
    }
}

fn colours() -> DoctorCheck {
    const NAME: &str = "colours";
    let term = env::var("TERM").unwrap_or_default();
    if env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return DoctorCheck::ok(NAME, "off, as NO_COLOR asks; nothing is shown by colour alone");
    }
    match term.as_str() {
        "" | "dumb" => DoctorCheck::bad(
            NAME,
            Level::Note,
            format!("TERM is \"{}\"", term.escape_debug()),
            "set TERM to the terminal's type, like xterm-256color",
        ),
        _ => DoctorCheck::ok(NAME, format!("TERM is {}", term.escape_debug())),
    }
}

fn mouse() -> DoctorCheck {
    const NAME: &str = "mouse";
    match env::var("TERM").as_deref() {
        // The kernel's own console knows no mouse reports.
        Ok("linux") => DoctorCheck::bad(
            NAME,
            Level::Note,
            "this terminal reports none",
            "every button has a key",
        ),
        Ok("" | "dumb") | Err(_) => DoctorCheck::bad(NAME, Level::Note, "not known", "every button has a key"),
        Ok(_) if env::var_os("TMUX").is_some() => DoctorCheck::bad(
            NAME,
            Level::Note,
            "tmux passes clicks on only with its option mouse on",
            "tmux set -g mouse on",
        ),
        Ok(_) => DoctorCheck::ok(NAME, "reported in SGR form"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_told_from_others_and_from_none() {
        assert!(is_own_profile("finwait (unconfined)"));
        assert!(is_own_profile("finwait (enforce)"));
        assert!(!is_own_profile("unconfined"));
        assert!(!is_own_profile("finwait-other (enforce)"));
        assert!(!is_own_profile(""));
    }
}
