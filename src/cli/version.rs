//! The version, the commit that it is of, and what the machine gives it.

use crate::doctor;

/// The version, with the commit and its date where they are known: `0.1.0 (abc1234 2026-11-30)`.
pub(super) const SHORT: &str = env!("FINWAIT_VERSION");

/// Returns what `--version` prints: what was built, and what it has here. No lab is started for it.
pub(super) fn long() -> String {
    let uname = rustix::system::uname();
    let kernel = uname.release().to_string_lossy();
    let machine = uname.machine().to_string_lossy();
    let mut text = format!("finwait {SHORT}\nkernel: Linux {kernel}, {machine}\n");
    for (what, found) in doctor::at_a_glance() {
        text.push_str(&format!("{what}: {found}\n"));
    }
    text
}
