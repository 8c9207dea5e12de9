//! The roles of a process that a lab starts. Each is the program that uses the lab, started once more (`/proc/self/exe`) under the
//! role's name: before `main` runs, the process takes up its role, and ends with it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::endpoint::native;
use crate::error::{Error, Result};
use crate::os::constructor::{self, Linked};
use crate::os::signal;
use crate::program::keeper;
use crate::{namespace_reaper, owner};
use finwait_model::call::Sigpipe;

/// The program that runs here.
pub const THIS_PROGRAM: &str = "/proc/self/exe";

/// The role of a process that is not the program itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The owner of a lab's namespaces, which speaks with an API in another process.
    Owner,
    /// A native endpoint.
    Endpoint,
    /// The reaper of a lab's namespaces.
    Reaper,
    /// The keeper of a program of the user's own.
    Program,
}

impl Role {
    const ALL: [Role; 4] = [Role::Owner, Role::Endpoint, Role::Reaper, Role::Program];

    /// The name under which the program is started (`argv[0]`).
    pub const fn name(self) -> &'static str {
        match self {
            Role::Owner => "finwait-lab",
            Role::Endpoint => "finwait-endpoint",
            Role::Reaper => "finwait-reaper",
            Role::Program => "finwait-program",
        }
    }

    /// The command that starts `program` in this role.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] when the constructor is not in this process's program: that would then start itself, not the role.
    pub fn command(self, program: &Path) -> Result<Command> {
        let fault = match constructor::linked() {
            Linked::InProgram => None,
            Linked::InLibrary => Some(
                "finwait-lab is in a shared library: it starts the program that uses it once more, which has to be linked with it",
            ),
            Linked::Nowhere => {
                Some("finwait-lab's constructor is not in this program's .init_array: the linker has left it out")
            }
        };
        if let Some(fault) = fault {
            return Err(Error::Os {
                operation: "start a process of the lab".into(),
                source: std::io::Error::other(fault),
            });
        }
        let mut command = Command::new(program);
        command.arg0(self.name());
        Ok(command)
    }

    fn run(self, arguments: &[String]) -> ExitCode {
        // What std does before `main`: a write to a closed pipe is EPIPE.
        let _ = signal::set_sigpipe(Sigpipe::Ignore);
        let _ = signal::reset_inherited();
        match self {
            Role::Owner => owner::run(),
            Role::Endpoint => {
                // Where the parent has died already, the end of standard input says so.
                signal::die_with_parent_thread();
                native::run()
            }
            Role::Reaper => namespace_reaper::run(arguments),
            Role::Program => keeper::run(),
        }
    }
}

/// Becomes what the process was started as, and ends with it; returns in any other process.
pub fn take_up() {
    let arguments = arguments();
    let Some((name, rest)) = arguments.split_first() else {
        return;
    };
    let Some(role) = Role::ALL.into_iter().find(|role| role.name() == name) else {
        return;
    };
    let ended = role.run(rest);
    std::process::exit(i32::from(ended != ExitCode::SUCCESS));
}

/// The process's arguments. Not `std::env::args`: before `main` it has them with glibc only.
fn arguments() -> Vec<String> {
    let line = std::fs::read("/proc/self/cmdline").unwrap_or_default();
    let words = line
        .split(|byte| *byte == 0)
        .map(|word| OsString::from_vec(word.to_vec()));
    let mut words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    // Each argument ends with a zero.
    words.pop();
    words
}
