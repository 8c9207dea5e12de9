//! Namespaces: where the hosts of the isolated lab live.

use rustix::process::{getgid, getuid};
use rustix::thread::{
    CapabilitySet, LinkNameSpaceType, UnshareFlags, capabilities, move_into_link_name_space, unshare_unsafe,
};
use std::fs::{self, File};
use std::os::fd::AsFd;

use super::sysctl;
use crate::error::{Operation, Result};

/// Moves the process into a user namespace of its own, where it is root and may make network namespaces.
///
/// # Errors
///
/// [`Error::Os`](crate::Error::Os): `EINVAL` where the process has more than one thread; `EPERM` or `ENOSPC` where unprivileged user
/// namespaces are switched off. Where AppArmor restricts them, writing `uid_map` fails, or what comes later.
pub fn enter_user_namespace() -> Result<()> {
    // Afterwards both are the overflow ids until the maps are written.
    let (uid, gid) = (getuid().as_raw(), getgid().as_raw());
    unshare(UnshareFlags::NEWUSER).during(|| "unshare the user namespace".into())?;
    // Without CAP_SETGID outside, gid_map may be written only once setgroups is denied (user_namespaces(7)).
    for (path, text) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("0 {uid} 1")),
        ("/proc/self/gid_map", format!("0 {gid} 1")),
    ] {
        fs::write(path, &text).during(|| format!("write \"{text}\" to {path}"))?;
    }
    Ok(())
}

/// Moves the calling thread, and it alone, into a new network namespace; needs [`capable`].
///
/// The descriptors that the thread opens and the processes that it spawns from then on belong there; a descriptor keeps its namespace
/// whichever thread uses it.
///
/// # Errors
///
/// [`Error::Os`](crate::Error::Os): `EPERM` without CAP_SYS_ADMIN, `ENOSPC` beyond `user.max_net_namespaces`.
pub fn unshare_net() -> Result<()> {
    unshare(UnshareFlags::NEWNET).during(|| "unshare the network namespace".into())
}

/// [`unshare_net`], and the new namespace has a TCP hash table of its own with so many buckets (rounded up to a power of two).
///
/// By default all namespaces share the host's table, which has a bucket for every few KiB of memory, and a dump walks all of
/// them. The size is set in a parent namespace (`net.ipv4.tcp_child_ehash_entries`), so there is one: a [`ParentNamespace`].
///
/// # Errors
///
/// The errors of [`unshare_net`]. A size that cannot be set is none: then the namespace shares the host's table.
pub fn unshare_net_with_own_table(buckets: u32) -> Result<()> {
    ParentNamespace::enter(buckets)?.unshare()
}

/// A network namespace whose children have TCP hash tables of their own.
///
/// The namespace ends with the value: one that is left at once is taken down while its children come up, and both wait for the kernel's
/// one lock of all network devices (`rtnl_mutex`), which is held for RCU grace periods (`cleanup_net`).
#[derive(Debug)]
pub struct ParentNamespace {
    /// None where the size of a child's table cannot be set.
    namespace: Option<File>,
    /// The limits that its children are given.
    limits: Vec<(&'static str, String)>,
}

/// The limits that the kernel takes from the size of a namespace's table (`tcp_sk_init`), each with the most that a host is given of it. With a
/// small table, it would keep 128 TIME_WAITs; with the 131,072 of a large one, a load generator would leave tables that take long to read.
const OF_TABLE_SIZE: [(&str, u64); 2] = [
    ("net.ipv4.tcp_max_tw_buckets", 1024),
    ("net.ipv4.tcp_max_syn_backlog", u64::MAX),
];

impl ParentNamespace {
    /// Makes one for tables of so many buckets, and moves the calling thread into it.
    ///
    /// # Errors
    ///
    /// The errors of [`unshare_net`].
    pub fn enter(buckets: u32) -> Result<ParentNamespace> {
        unshare_net()?;
        let limit = |(name, most)| {
            let kernels: u64 = sysctl::read(name).ok()?.trim().parse().ok()?;
            Some((name, kernels.min(most).to_string()))
        };
        let limits = OF_TABLE_SIZE.into_iter().filter_map(limit).collect();
        // Where /proc/sys cannot be written (many containers), or the kernel is older than 6.1, the shared table must do.
        let set = sysctl::write("net.ipv4.tcp_child_ehash_entries", &buckets.to_string());
        let own = || File::open(OWN).during(|| format!("open {OWN}"));
        Ok(ParentNamespace {
            namespace: set.and_then(|()| own()).ok(),
            limits,
        })
    }

    /// Moves the calling thread, and it alone, into a new child of it, whose limits are those of a namespace without a table of its own, up to the
    /// most that a host is given.
    ///
    /// # Errors
    ///
    /// The errors of [`unshare_net`], and those of `setns(2)`.
    pub fn unshare(&self) -> Result<()> {
        if let Some(namespace) = &self.namespace {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                .during(|| "enter the parent of a host's network namespace".into())?;
        }
        unshare_net()?;
        for (name, limit) in &self.limits {
            // Where it can set the table's size, it can set these.
            let _ = sysctl::write(name, limit);
        }
        Ok(())
    }
}

/// The calling thread's network namespace.
const OWN: &str = "/proc/thread-self/ns/net";

/// Returns the name of the calling thread's network namespace, which tells it from all others: `net:[4026531840]`.
///
/// # Errors
///
/// [`Error::Os`](crate::Error::Os) where procfs is not mounted.
pub fn own_name() -> Result<String> {
    let link = fs::read_link(OWN).during(|| format!("read {OWN}"))?;
    Ok(link.to_string_lossy().into_owned())
}

/// May this thread make network namespaces and set them up: are CAP_NET_ADMIN and CAP_SYS_ADMIN effective?
pub fn capable() -> bool {
    capabilities(None).is_ok_and(|sets| {
        sets.effective
            .contains(CapabilitySet::NET_ADMIN | CapabilitySet::SYS_ADMIN)
    })
}

/// Moves the calling thread into new namespaces of these kinds (`unshare(2)`).
///
/// # Errors
///
/// The errno of `unshare(2)`.
pub(crate) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: the one danger is CLONE_FILES, which gives the thread another descriptor table; it is never asked for here.
    unsafe { unshare_unsafe(flags) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    fn own_namespace() -> std::path::PathBuf {
        fs::read_link("/proc/thread-self/ns/net").unwrap()
    }

    #[test]
    fn only_the_calling_thread_moves() {
        let before = own_namespace();
        let inside = thread::spawn(|| {
            assert!(capable(), "this test needs CAP_NET_ADMIN and CAP_SYS_ADMIN");
            unshare_net().unwrap();
            own_namespace()
        })
        .join()
        .unwrap();
        assert_ne!(before, inside);
        assert_eq!(before, own_namespace());
    }

    #[test]
    fn a_namespace_can_have_a_tcp_table_of_its_own() {
        thread::spawn(|| {
            unshare_net_with_own_table(200).unwrap();
            // The kernel says the size of an own table, and minus the size of a shared one (proc_tcp_ehash_entries).
            assert_eq!(sysctl::read("net.ipv4.tcp_ehash_entries").unwrap(), "256");
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_small_table_makes_no_small_limits() {
        let read = || OF_TABLE_SIZE.map(|(name, _)| sysctl::read(name).unwrap().trim().parse::<u64>().unwrap());
        let plain = thread::spawn(move || {
            unshare_net().unwrap();
            read()
        });
        let own = thread::spawn(move || {
            unshare_net_with_own_table(256).unwrap();
            read()
        });
        let ([time_waits, syns], own) = (plain.join().unwrap(), own.join().unwrap());
        // Half of a table's size: of 128 the test could not tell the one from the other.
        assert_ne!(time_waits, 128);
        assert_eq!(own, [time_waits.min(1024), syns]);
    }

    #[test]
    fn a_process_with_threads_cannot_enter_a_user_namespace() {
        let (release, wait) = mpsc::channel::<()>();
        let other = thread::spawn(move || wait.recv());
        let error = enter_user_namespace().unwrap_err().to_string();
        assert!(error.starts_with("unshare the user namespace: "), "{error}");
        drop(release);
        assert!(other.join().unwrap().is_err());
    }
}
