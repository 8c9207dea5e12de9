//! The sockets behind one process's descriptors, as far as procfs has shown them (proc_pid_fd(5)).
//!
//! The kernel gives a new descriptor the lowest number that is free (socket(2), accept(2)). So a new socket is looked for at the numbers
//! that have become free, then above all that are known; all descriptors are looked at only when it is at none of those.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::ops::Bound;
use std::path::PathBuf;

use finwait_model::hash::QuickMap;

/// The descriptors of one process.
#[derive(Debug)]
pub struct Descriptors {
    /// `/proc/PID/fd`
    directory: PathBuf,
    /// The inode of the socket that was last seen behind each number.
    sockets: BTreeMap<i32, u64>,
    /// The number behind which a socket was last seen, by its inode.
    numbers: QuickMap<u64, i32>,
    /// The numbers that have become free, or are about to.
    free: BTreeSet<i32>,
    /// The number of looks that a search of all descriptors may take.
    savings: i64,
    /// The number of descriptors that were looked at.
    #[cfg(test)]
    looked_at: usize,
}

/// The file behind a number.
enum Behind {
    Socket(u64),
    /// Another file.
    Other,
    /// The number is free, or the process has ended.
    Nothing,
}

/// The most looks in vain among the free numbers, and as many above all known ones, before all descriptors are looked at.
const MOST_VAIN: usize = 4;
/// The number of looks that are saved up with each socket that is looked for: a process with many descriptors is not searched whole for each
/// of many sockets that it does not hold.
const SAVED: i64 = 8;
/// The most that are: the search of a process with as many descriptors is paid for from the start.
const MOST_SAVED: i64 = 4096;
/// The number of entries of a directory that take as long to list as it takes to look at one.
const LISTED_A_LOOK: usize = 8;

impl Descriptors {
    /// The descriptors of the process with that number.
    pub fn of(pid: u32) -> Descriptors {
        Descriptors::listed_in(PathBuf::from(format!("/proc/{pid}/fd")))
    }

    fn listed_in(directory: PathBuf) -> Descriptors {
        Descriptors {
            directory,
            sockets: BTreeMap::new(),
            numbers: QuickMap::default(),
            free: BTreeSet::new(),
            savings: MOST_SAVED,
            #[cfg(test)]
            looked_at: 0,
        }
    }

    /// Is the socket with that inode behind that number now?
    pub fn is_at(&mut self, number: i32, inode: u64) -> bool {
        matches!(self.look_at(number), Behind::Socket(found) if found == inode)
    }

    /// Notes that the socket with that inode is behind that number no more: the next descriptor may be.
    pub fn freed(&mut self, number: i32, inode: u64) {
        if self.sockets.get(&number) == Some(&inode) {
            self.see(number, &Behind::Nothing);
        }
    }

    /// Returns the number behind which the socket with that inode was seen, if it is there now.
    pub fn known(&mut self, inode: u64) -> Option<i32> {
        let number = self.numbers.get(&inode).copied()?;
        self.is_at(number, inode).then_some(number)
    }

    /// Looks where new sockets are likely to be until each of these is found: takes its inode out of them, and returns it with the number.
    pub fn find_new(&mut self, wanted: &mut HashSet<u64>) -> Vec<(u64, i32)> {
        self.savings = (self.savings + SAVED * wanted.len() as i64).min(MOST_SAVED);
        let mut found = Vec::new();
        let (mut vain, mut last) = (0, i32::MIN);
        while vain < MOST_VAIN && !wanted.is_empty() {
            let mut free = self.free.range((Bound::Excluded(last), Bound::Unbounded));
            let Some(number) = free.next().copied() else { break };
            last = number;
            match self.look_at(number) {
                Behind::Socket(inode) if wanted.remove(&inode) => found.push((inode, number)),
                Behind::Socket(_) | Behind::Other => {}
                Behind::Nothing => vain += 1,
            }
        }
        let highest = self.sockets.last_key_value().map(|(number, _)| *number);
        let mut above = highest.map_or(0..0, |highest| highest.saturating_add(1)..i32::MAX);
        vain = 0;
        while vain < MOST_VAIN && !wanted.is_empty() {
            let Some(number) = above.next() else { break };
            match self.look_at(number) {
                Behind::Socket(inode) if wanted.remove(&inode) => found.push((inode, number)),
                Behind::Socket(_) | Behind::Other => vain += 1,
                Behind::Nothing => break,
            }
        }
        found
    }

    /// Looks at all descriptors, those first that no socket was seen behind, until each of these sockets is found: takes its inode out of them,
    /// and returns it with the number. Not where so many were looked at lately that it is too soon to do so again.
    pub fn search(&mut self, wanted: &mut HashSet<u64>) -> Vec<(u64, i32)> {
        let mut found = Vec::new();
        if self.savings <= 0 || wanted.is_empty() {
            return found;
        }
        let numbers = self.list();
        self.savings -= numbers.len().div_ceil(LISTED_A_LOOK) as i64;
        let (known, new): (Vec<i32>, Vec<i32>) = {
            let is_known = |number: &i32| self.sockets.contains_key(number);
            numbers.into_iter().rev().partition(is_known)
        };
        for number in new.into_iter().chain(known) {
            if wanted.is_empty() {
                break;
            }
            self.savings -= 1;
            if let Behind::Socket(inode) = self.look_at(number)
                && wanted.remove(&inode)
            {
                found.push((inode, number));
            }
        }
        found
    }

    /// Returns a number behind which the socket with that inode is.
    pub fn number_of(&mut self, inode: u64) -> Option<i32> {
        if let Some(number) = self.known(inode) {
            return Some(number);
        }
        let mut wanted = HashSet::from([inode]);
        let mut found = self.find_new(&mut wanted);
        found.extend(self.search(&mut wanted));
        found.pop().map(|(_, number)| number)
    }

    /// The numbers that are open now.
    fn list(&mut self) -> BTreeSet<i32> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let open: BTreeSet<i32> = entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        let gone: Vec<i32> = self
            .sockets
            .keys()
            .filter(|number| !open.contains(number))
            .copied()
            .collect();
        gone.into_iter().for_each(|number| self.see(number, &Behind::Nothing));
        self.free.retain(|number| !open.contains(number));
        open
    }

    fn look_at(&mut self, number: i32) -> Behind {
        #[cfg(test)]
        {
            self.looked_at += 1;
        }
        let behind = match fs::read_link(self.directory.join(number.to_string())) {
            Ok(link) => link.to_str().and_then(socket_of).map_or(Behind::Other, Behind::Socket),
            Err(_) => Behind::Nothing,
        };
        self.see(number, &behind);
        behind
    }

    fn see(&mut self, number: i32, behind: &Behind) {
        let before = match behind {
            Behind::Socket(inode) => {
                self.numbers.insert(*inode, number);
                self.sockets.insert(number, *inode)
            }
            Behind::Other | Behind::Nothing => self.sockets.remove(&number),
        };
        match behind {
            Behind::Nothing if before.is_some() => drop(self.free.insert(number)),
            Behind::Nothing => {}
            Behind::Socket(_) | Behind::Other => drop(self.free.remove(&number)),
        }
        let is_another = |inode: &u64| !matches!(behind, Behind::Socket(now) if now == inode);
        if let Some(inode) = before.filter(is_another)
            && self.numbers.get(&inode) == Some(&number)
        {
            self.numbers.remove(&inode);
        }
    }
}

/// The inode of the socket that a link of procfs names; none where it names another file.
fn socket_of(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A directory that looks like `/proc/PID/fd` of a process that opens sockets, each at the lowest number that is free.
    struct Process {
        directory: PathBuf,
        open: BTreeMap<i32, u64>,
    }

    impl Process {
        fn with(sockets: u64) -> (Process, Descriptors) {
            static MADE: AtomicUsize = AtomicUsize::new(0);
            let name = format!(
                "finwait-descriptors-{}-{}",
                std::process::id(),
                MADE.fetch_add(1, Ordering::Relaxed)
            );
            let directory = std::env::temp_dir().join(name);
            fs::create_dir(&directory).unwrap();
            let descriptors = Descriptors::listed_in(directory.clone());
            let mut process = Process {
                directory,
                open: BTreeMap::new(),
            };
            for number in 0..3 {
                process.put(number, "/dev/pts/0");
            }
            for inode in 1..=sockets {
                process.opens(inode);
            }
            (process, descriptors)
        }

        fn put(&mut self, number: i32, link: &str) {
            let _ = fs::remove_file(self.path(number));
            symlink(link, self.path(number)).unwrap();
            self.open.insert(number, socket_of(link).unwrap_or(0));
        }

        fn opens(&mut self, inode: u64) -> i32 {
            let number = (0..).find(|number| !self.open.contains_key(number)).unwrap();
            self.put(number, &format!("socket:[{inode}]"));
            number
        }

        fn closes(&mut self, inode: u64) -> i32 {
            let number = self
                .open
                .iter()
                .find(|(_, open)| **open == inode)
                .map(|(number, _)| *number);
            let number = number.unwrap();
            self.open.remove(&number);
            fs::remove_file(self.path(number)).unwrap();
            number
        }

        fn path(&self, number: i32) -> PathBuf {
            self.directory.join(number.to_string())
        }
    }

    impl Drop for Process {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }

    /// Looks for a socket as when its SYN leaves.
    fn found(descriptors: &mut Descriptors, inode: u64) -> Option<i32> {
        descriptors.number_of(inode)
    }

    /// The sockets of a load generator's, of which so many are open at any time.
    const OPEN: u64 = 1_000;

    /// The descriptors that are looked at for each of so many sockets, ten of which end and begin at a time: what ends is seen, or is not.
    fn looks_a_socket(ends_are_seen: bool) -> usize {
        let (mut process, mut descriptors) = Process::with(OPEN);
        for inode in 1..=OPEN {
            found(&mut descriptors, inode);
        }
        let at_first = std::mem::take(&mut descriptors.looked_at) / OPEN as usize;
        assert!(at_first <= 4, "{at_first} for each of those that are there at first");
        let mut open: Vec<u64> = (1..=OPEN).collect();
        for round in 0..OPEN / 10 {
            let new: Vec<(u64, i32)> = (0..10)
                .map(|n| {
                    let old = open.swap_remove((round * 617 + n * 101) as usize % open.len());
                    let number = process.closes(old);
                    if ends_are_seen {
                        descriptors.freed(number, old);
                    }
                    let inode = OPEN + round * 10 + n + 1;
                    (inode, process.opens(inode))
                })
                .collect();
            open.extend(new.iter().map(|(inode, _)| *inode));
            for (inode, number) in new {
                let found = found(&mut descriptors, inode);
                assert!(
                    !ends_are_seen || found == Some(number),
                    "{inode}: {found:?}, not {number}"
                );
                assert!(found.is_none_or(|found| found == number));
            }
        }
        descriptors.looked_at / OPEN as usize
    }

    #[test]
    fn a_new_socket_among_a_thousand_is_found_with_a_few_looks() {
        let looks = looks_a_socket(true);
        assert!(looks <= 3, "{looks}");
    }

    /// As with files that a server closes, of which no segment tells.
    #[test]
    fn where_no_end_is_seen_the_looks_for_a_socket_do_not_grow_with_the_others() {
        let looks = looks_a_socket(false);
        assert!(looks <= 40, "{looks}");
    }

    #[test]
    fn a_process_is_not_searched_whole_for_each_socket_that_it_does_not_hold() {
        let (_process, mut descriptors) = Process::with(OPEN);
        let count = 4 * OPEN;
        (0..count).for_each(|n| assert_eq!(found(&mut descriptors, 1_000_000 + n), None));
        let looks = descriptors.looked_at / count as usize;
        assert!(looks <= 20, "{looks}");
    }

    /// Many at once, as when a table is read whole.
    #[test]
    fn a_search_for_many_looks_at_each_descriptor_once() {
        let (_process, mut descriptors) = Process::with(OPEN);
        let mut wanted: HashSet<u64> = (1..=OPEN).collect();
        assert_eq!(descriptors.search(&mut wanted).len(), OPEN as usize);
        assert!(wanted.is_empty());
        assert_eq!(descriptors.looked_at, OPEN as usize);
    }

    #[test]
    fn a_socket_is_found_wherever_it_is() {
        let (mut process, mut descriptors) = Process::with(20);
        assert_eq!(found(&mut descriptors, 7), Some(9));
        // Above all others, with files between.
        process.put(30, "pipe:[5]");
        process.put(900, "socket:[100]");
        assert_eq!(found(&mut descriptors, 100), Some(900));
        // In the place of another, of whose end nobody knows.
        process.put(9, "socket:[101]");
        assert_eq!(found(&mut descriptors, 7), None);
        assert_eq!(found(&mut descriptors, 101), Some(9));
        // Closed, and nothing in its place.
        process.closes(101);
        assert!(!descriptors.is_at(9, 101));
        assert_eq!(found(&mut descriptors, 101), None);
        // The same socket at two numbers, one of which is closed (dup(2)).
        process.put(40, "socket:[100]");
        assert!(descriptors.is_at(40, 100));
        process.closes(100);
        assert!(found(&mut descriptors, 100).is_some());
        // A process that has ended has none.
        fs::remove_dir_all(&process.directory).unwrap();
        assert_eq!(found(&mut descriptors, 5), None);
    }
}
