//! Advice for a machine that does not allow the isolated lab.

use std::fs;

use crate::os::{netns, tun};

/// No TUN device.
pub const NO_TUN: &str = "sudo modprobe tun; in a container, add the device: --device /dev/net/tun";
/// A TUN device that may not be opened.
pub const TUN_FORBIDDEN: &str = "sudo chmod 0666 /dev/net/tun, as distributions ship it";
/// Debian's switch is off.
pub const NO_UNPRIVILEGED_NAMESPACES: &str = "sudo sysctl kernel.unprivileged_userns_clone=1";
/// The limit of user namespaces is 0.
pub const NO_USER_NAMESPACES: &str = "sudo sysctl user.max_user_namespaces=1000";
/// AppArmor restricts them (Ubuntu 23.10 and later).
const APPARMOR: &str = "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0";

/// The advice for this machine; none where nothing known is in the way.
pub fn isolated() -> Option<&'static str> {
    if fs::metadata("/dev/net/tun").is_err() {
        return Some(NO_TUN);
    }
    if tun::available().is_err() {
        return Some(TUN_FORBIDDEN);
    }
    if netns::capable() {
        return None;
    }
    let is = |switch: &str, value: &str| fs::read_to_string(switch).is_ok_and(|text| text.trim() == value);
    [
        (
            "/proc/sys/kernel/unprivileged_userns_clone",
            "0",
            NO_UNPRIVILEGED_NAMESPACES,
        ),
        ("/proc/sys/user/max_user_namespaces", "0", NO_USER_NAMESPACES),
        ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", APPARMOR),
    ]
    .into_iter()
    .find_map(|(switch, value, advice)| is(switch, value).then_some(advice))
}
