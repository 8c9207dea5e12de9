//! The mounts of a program's own mount namespace: the lab's names in place of the machine's, and a directory for its files.

use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Has nothing that is mounted here be seen outside, and nothing of outside here.
///
/// # Errors
///
/// The errno of `mount(2)`.
pub fn make_private() -> Result<(), Errno> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
}

/// Mounts the procfs of the calling process's pid namespace.
///
/// # Errors
///
/// The errno of `mount(2)`: `EPERM` in a user namespace where parts of the machine's are hidden (`mount_too_revealing`).
pub fn proc() -> Result<(), Errno> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/proc", "proc", flags, None)
}

/// Directories that a file system of the program's own may stand over.
const PLACES: [&str; 4] = ["/mnt", "/media", "/srv", "/opt"];

/// A directory of the machine that nobody needs just now: an empty one, and none that the working directory is in.
pub fn free_place(cwd: Option<&Path>) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let is_free = |place: &Path| !here.starts_with(place) && !cwd.is_some_and(|cwd| cwd.starts_with(place));
    let is_empty = |place: &Path| fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none());
    let places = || {
        PLACES
            .iter()
            .map(Path::new)
            .filter(|place| place.is_dir() && is_free(place))
    };
    let place = places().find(|place| is_empty(place)).or_else(|| places().next());
    place.unwrap_or(Path::new(PLACES[0])).to_owned()
}

/// Mounts a file system in memory at a directory.
///
/// # Errors
///
/// The errno of `mount(2)`.
pub fn tmpfs(place: &Path) -> Result<(), Errno> {
    mount(
        "tmpfs",
        place,
        "tmpfs",
        MountFlags::NOSUID | MountFlags::NODEV,
        Some(c"mode=0755"),
    )
}

/// Directories with the sockets of services that answer for the machine's names, beside its files: they would lead out, and do not know
/// the lab's.
const SERVICES: [&str; 3] = ["/run/systemd/resolve", "/run/nscd", "/run/avahi-daemon"];

/// No name server is reached: without a line for one, the C library asks 127.0.0.1, where nobody answers. musl waits for an answer even so,
/// for a second and once.
const NO_SERVER: &str = "options timeout:1 attempts:1\n";

/// Puts the lab's names in place of the machine's, by files of a file system that stands at `place` meanwhile.
///
/// # Errors
///
/// The errno of `mount(2)`, or of the files' writing; `ENOENT` on a machine without `/etc/hosts`.
pub fn names(place: &Path, hosts: &str) -> io::Result<()> {
    let resolv = fs::canonicalize("/etc/resolv.conf").ok();
    tmpfs(place)?;
    let (own_hosts, own_resolv, none) = (place.join("hosts"), place.join("resolv.conf"), place.join("none"));
    fs::write(&own_hosts, hosts)?;
    fs::write(&own_resolv, NO_SERVER)?;
    for (n, service) in SERVICES
        .iter()
        .enumerate()
        .filter(|(_, service)| Path::new(service).is_dir())
    {
        let none = none.join(n.to_string());
        fs::create_dir_all(&none)?;
        mount_bind(&none, *service)?;
    }
    mount_bind(&own_hosts, "/etc/hosts")?;
    match resolv {
        Some(resolv) if resolv.exists() => mount_bind(&own_resolv, &resolv)?,
        Some(resolv) => fs::write(resolv, NO_SERVER)?,
        None => {}
    }
    // What is bound stays.
    unmount(place, UnmountFlags::DETACH)?;
    Ok(())
}
