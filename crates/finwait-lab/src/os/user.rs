//! The users of the machine, as the C library knows them.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::path::PathBuf;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The number of the primary group.
    pub gid: u32,
    /// The home directory.
    pub home: PathBuf,
    /// The login shell; empty where none is given.
    pub shell: PathBuf,
}

impl User {
    /// Returns the user with that number (`getpwuid_r(3)`); none where nobody has it.
    pub fn of_id(uid: u32) -> Option<User> {
        read(|entry, buffer, length, found| {
            // SAFETY: a live entry, a live buffer with its length, and a place for the pointer.
            unsafe { libc::getpwuid_r(uid, entry, buffer, length, found) }
        })
    }

    /// Returns the user of that name (`getpwnam_r(3)`); none where nobody has it.
    pub fn named(name: &str) -> Option<User> {
        let name = CString::new(name).ok()?;
        read(|entry, buffer, length, found| {
            // SAFETY: a live string, a live entry, a live buffer with its length, and a place for the pointer.
            unsafe { libc::getpwnam_r(name.as_ptr(), entry, buffer, length, found) }
        })
    }

    /// Returns the numbers of the groups that the user is in (`getgrouplist(3)`), the primary one among them.
    pub fn groups(&self) -> Vec<u32> {
        let Ok(name) = CString::new(self.name.clone()) else {
            return vec![self.gid];
        };
        let mut groups: Vec<libc::gid_t> = vec![0; 64];
        loop {
            let mut count = groups.len() as libc::c_int;
            // SAFETY: a live string, and room for `count` groups.
            let fits = unsafe { libc::getgrouplist(name.as_ptr(), self.gid, groups.as_mut_ptr(), &raw mut count) };
            let count = usize::try_from(count).unwrap_or(0);
            if fits >= 0 {
                groups.truncate(count);
                return groups;
            }
            // A library that does not say how many there are leaves the count as it was.
            if groups.len() > 1 << 16 {
                return vec![self.gid];
            }
            groups.resize(count.max(2 * groups.len()), 0);
        }
    }
}

type PasswdEntry = libc::passwd;

fn read(
    ask: impl Fn(*mut PasswdEntry, *mut libc::c_char, usize, *mut *mut PasswdEntry) -> libc::c_int,
) -> Option<User> {
    let mut buffer: Vec<libc::c_char> = vec![0; 4096];
    loop {
        let mut entry = MaybeUninit::<PasswdEntry>::uninit();
        let mut found = std::ptr::null_mut();
        match ask(entry.as_mut_ptr(), buffer.as_mut_ptr(), buffer.len(), &raw mut found) {
            libc::ERANGE if buffer.len() < 1 << 20 => buffer.resize(2 * buffer.len(), 0),
            0 if !found.is_null() => {
                // SAFETY: the call has filled the entry, whose texts stand in the buffer, which lives here.
                let (entry, text) = unsafe {
                    let entry = entry.assume_init();
                    let text = |pointer: *const libc::c_char| {
                        if pointer.is_null() {
                            String::new()
                        } else {
                            CStr::from_ptr(pointer).to_string_lossy().into_owned()
                        }
                    };
                    (
                        entry,
                        [entry.pw_name, entry.pw_dir, entry.pw_shell].map(|pointer| text(pointer)),
                    )
                };
                let [name, home, shell] = text;
                return Some(User {
                    name,
                    uid: entry.pw_uid,
                    gid: entry.pw_gid,
                    home: home.into(),
                    shell: shell.into(),
                });
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_by_number_and_by_name() {
        let root = User::of_id(0).unwrap();
        assert_eq!((root.name.as_str(), root.gid), ("root", 0));
        assert_eq!(User::named("root"), Some(root.clone()));
        assert!(root.groups().contains(&0));
        assert_eq!(User::named("no-such-user-here"), None);
    }
}
