//! A namespace's reaper: a process that outlives the program by a moment, to clear the namespace, and what its endpoints started.
//!
//! Connections that a dead endpoint leaves to the kernel send their FIN again and again to a wire that is gone, and keep their
//! namespace alive for minutes. The program cannot take them away itself when it was killed with -9: the reaper, which waits
//! for the end of the pipe between them, can.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ExitCode, Stdio};

use super::tree::{self, HostMark};
use crate::error::{Operation, Result};
use crate::observe::diag::Diag;
use crate::role::Role;
use finwait_model::call::Family;
use finwait_model::state::State;

/// The argument that has the namespace cleared.
const CLEAR: &str = "--clear";
/// The most readings of the table: a socket may come up while the others are destroyed.
const ROUNDS: usize = 100;

/// A reaper process that waits for our end.
#[derive(Debug)]
pub struct NamespaceReaper {
    child: Child,
}

impl NamespaceReaper {
    /// Starts one in the calling thread's network namespace, for the processes of that host; `owns` says that the namespace is the
    /// host's own, and to be cleared.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) where the process did not start.
    pub fn spawn(program: &Path, host: &HostMark, owns: bool) -> Result<NamespaceReaper> {
        let child = Role::Reaper
            .command(program)?
            .arg(host.word())
            .args(owns.then_some(CLEAR))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal is not for it: it ends when we do.
            .process_group(0)
            .spawn()
            .during(|| "start the reaper of a host".into())?;
        Ok(NamespaceReaper { child })
    }
}

impl Drop for NamespaceReaper {
    fn drop(&mut self) {
        // Its standard input ends: it clears away, and is done.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Waits for the end of standard input, then ends the processes of the host that the arguments name, and with `--clear` destroys what
/// connections are left in this network namespace.
pub fn run(arguments: &[String]) -> ExitCode {
    let Some(host) = arguments.first() else {
        return ExitCode::FAILURE;
    };
    let clears = arguments.iter().skip(1).any(|word| word == CLEAR);
    let namespace = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    let own = namespace("self").filter(|_| clears);
    // Whoever asks us by mistake is not to lose the machine's own connections.
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if clears && (own.is_none() || own == parent.and_then(|parent| namespace(&parent))) {
        return ExitCode::FAILURE;
    }
    let Ok(mut diag) = Diag::open() else {
        return ExitCode::FAILURE;
    };
    let mut buffer = [0; 64];
    loop {
        match io::stdin().read(&mut buffer) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    tree::end_host(host, own);
    if !clears {
        return ExitCode::SUCCESS;
    }
    for _ in 0..ROUNDS {
        let mut left = 0;
        for family in [Family::Inet, Family::Inet6] {
            let mut rows = Vec::new();
            if diag.dump_without_info(family, &mut rows).is_err() {
                continue;
            }
            // What waits out its 60 s holds no namespace (`inet_twsk_purge`), nor does an orphan in FIN_WAIT2, which is one too.
            let holding = rows
                .iter()
                .filter(|row| !matches!(row.state, State::TimeWait | State::FinWait2) || row.inode != 0);
            for row in holding {
                left += 1;
                // Best effort: a kernel without SOCK_DESTROY lets them time out.
                let _ = diag.destroy(&row.tuple);
            }
        }
        if left == 0 {
            break;
        }
    }
    ExitCode::SUCCESS
}
