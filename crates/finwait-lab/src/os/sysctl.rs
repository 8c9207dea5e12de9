//! Kernel settings by their sysctl names. Those under `net.` are the calling thread's network namespace's.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::error::{Operation, Result};

/// Sets `name`, such as `net.ipv4.tcp_syn_retries`.
///
/// # Errors
///
/// [`Error::Os`](crate::Error::Os): `ENOENT` for an unknown name, `EACCES` or `EROFS` where it may not be written, `EINVAL` for the value.
pub fn write(name: &str, value: &str) -> Result<()> {
    // Without O_CREAT, so that a name that does not exist is ENOENT rather than procfs's EACCES.
    OpenOptions::new()
        .write(true)
        .open(path(name))
        .and_then(|mut file| file.write_all(value.as_bytes()))
        .during(|| format!("set {name} to {value}"))
}

/// The value of `name`, without the newline; numbers of a list are separated by tabs.
///
/// # Errors
///
/// [`Error::Os`](crate::Error::Os): `ENOENT` for an unknown name.
pub fn read(name: &str) -> Result<String> {
    let mut value = fs::read_to_string(path(name)).during(|| format!("read {name}"))?;
    value.truncate(value.trim_end().len());
    Ok(value)
}

fn path(name: &str) -> String {
    format!("/proc/sys/{}", name.replace('.', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::netns::unshare_net;

    #[test]
    fn a_setting_is_the_namespaces_own() {
        const NAME: &str = "net.ipv4.tcp_syn_retries";
        let outside = read(NAME).unwrap();
        std::thread::spawn(|| {
            unshare_net().unwrap();
            write(NAME, "3").unwrap();
            assert_eq!(read(NAME).unwrap(), "3");
        })
        .join()
        .unwrap();
        assert_eq!(read(NAME).unwrap(), outside);
    }

    #[test]
    fn an_error_names_the_setting() {
        let error = write("net.ipv4.no_such_setting", "1").unwrap_err().to_string();
        assert!(
            error.starts_with("set net.ipv4.no_such_setting to 1: No such file"),
            "{error}"
        );
    }
}
