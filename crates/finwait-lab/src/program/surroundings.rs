//! The surroundings of programs on a host: names, variables, and the user whom they run as.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::path::PathBuf;

use super::keeper::{Credentials, own_ids};
use crate::error::{Error, Result};
use crate::os::user::User;
use finwait_model::host::Port;
use finwait_model::side::{Ends, Side};

/// The surroundings that all programs on a host have.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// finwait itself, which becomes the keepers.
    pub own: PathBuf,
    /// The names and the addresses.
    pub lab: LabNames,
    /// The user whom they run as; who finwait is when absent.
    pub user: Option<User>,
    /// `strace`, where their system calls are to be seen.
    pub strace: Option<PathBuf>,
}

/// The names and addresses of a lab, as a program on one of its hosts knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabNames {
    /// The text of `/etc/hosts`.
    pub hosts: String,
    /// The other host's address.
    peer: IpAddr,
    /// The port that the server usually listens on.
    port: Port,
}

/// The address that a name of the user's own stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedAddress {
    /// A host of the lab.
    Host(Side),
    /// An address.
    Ip(IpAddr),
}

impl Surroundings {
    /// Returns those of programs on a host of a lab with these addresses, whose server's port is usually `port`.
    pub fn of(
        side: Side,
        own: PathBuf,
        addresses: &Ends<IpAddr>,
        port: Port,
        names: &[(String, NamedAddress)],
        user: Option<User>,
        strace: Option<PathBuf>,
    ) -> Surroundings {
        let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Surroundings {
            own,
            lab: LabNames {
                hosts: hosts(side, addresses, machine.trim(), names),
                peer: addresses[side.other()],
                port,
            },
            user,
            strace,
        }
    }

    /// The numbers of the user whom they run as.
    pub fn credentials(&self) -> Option<Credentials> {
        self.user.as_ref().map(Credentials::of)
    }

    /// The environment of a program, with what is given.
    pub fn environment(&self, given: &[(String, String)]) -> Vec<(String, String)> {
        self.lab.environment(self.user.as_ref(), given)
    }
}

impl Credentials {
    /// The credentials of a user.
    pub fn of(user: &User) -> Credentials {
        Credentials {
            uid: user.uid,
            gid: user.gid,
            groups: user.groups(),
        }
    }
}

impl LabNames {
    /// The environment of a program: finwait's own, its user's, the lab's, and what is given.
    pub fn environment(&self, user: Option<&User>, given: &[(String, String)]) -> Vec<(String, String)> {
        let own =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut all: Vec<(String, String)> = own.collect();
        let mut set = |name: &str, value: String| {
            all.retain(|(known, _)| known != name);
            all.push((name.to_owned(), value));
        };
        if let Some(user) = user {
            set("HOME", user.home.to_string_lossy().into_owned());
            set("USER", user.name.clone());
            set("LOGNAME", user.name.clone());
            if !user.shell.as_os_str().is_empty() {
                set("SHELL", user.shell.to_string_lossy().into_owned());
            }
        }
        set("FINWAIT_PEER", self.peer.to_string());
        set("FINWAIT_PORT", self.port.to_string());
        for (name, value) in given {
            set(name, value.clone());
        }
        all
    }
}

/// The lines of `/etc/hosts` on a host, which the machine's own name stands for, too.
fn hosts(side: Side, addresses: &Ends<IpAddr>, machine: &str, names: &[(String, NamedAddress)]) -> String {
    let mut text = String::from("127.0.0.1 localhost\n");
    if addresses[side].is_ipv6() {
        text.push_str("::1 localhost ip6-localhost ip6-loopback\n");
    }
    for of in Side::BOTH {
        let known = ["", "localhost", "client", "server"];
        let machine = if of == side && !known.contains(&machine) {
            format!(" {machine}")
        } else {
            String::new()
        };
        text.push_str(&format!("{} {of}{machine}\n", addresses[of]));
    }
    for (name, address) in names {
        let address = match address {
            NamedAddress::Host(side) => addresses[*side],
            NamedAddress::Ip(ip) => *ip,
        };
        text.push_str(&format!("{address} {name}\n"));
    }
    text
}

/// The user whom programs run as: the one that is named; under sudo the one behind it; else who finwait is, which is none here. To be asked
/// before the process enters a user namespace of its own.
///
/// # Errors
///
/// [`Error::NotStarted`] where there is no such user, or finwait may not run anything as them.
pub fn user(named: Option<&str>) -> Result<Option<User>> {
    let no = |why: String| Error::NotStarted { why };
    let own = rustix::process::geteuid().as_raw();
    let is_root = own == 0 && own_ids().is_none();
    if let Some(name) = named {
        let by_number = || User::of_id(name.parse().ok()?);
        let user = User::named(name).or_else(by_number);
        let user = user.ok_or_else(|| no(format!("there is no user {name} whom programs could run as")))?;
        let real = own_ids().map_or(own, |(uid, _)| uid);
        return match is_root {
            true if user.uid == 0 => Ok(None),
            true => Ok(Some(user)),
            false if user.uid == real => Ok(None),
            false => Err(no(format!("programs run as {name} only where finwait runs as root"))),
        };
    }
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let behind = number("SUDO_UID").filter(|uid| is_root && *uid != 0);
    Ok(behind.map(|uid| {
        User::of_id(uid).unwrap_or_else(|| User {
            name: std::env::var("SUDO_USER").unwrap_or_else(|_| uid.to_string()),
            uid,
            gid: number("SUDO_GID").unwrap_or(uid),
            home: "/".into(),
            shell: PathBuf::new(),
        })
    }))
}

/// Says whether programs can run as the user of that name.
///
/// # Errors
///
/// One sentence: there is no such user, or finwait may not run anything as them.
pub fn check_user(named: &str) -> std::result::Result<(), String> {
    match user(Some(named)) {
        Ok(_) => Ok(()),
        Err(Error::NotStarted { why }) => Err(why),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns the name of the user whom programs run as where that one is named, or none is; none where there is no such user, or it has no name.
pub fn user_name(named: Option<&str>) -> Option<String> {
    let own = || User::of_id(own_ids().map_or_else(|| rustix::process::geteuid().as_raw(), |(uid, _)| uid));
    let user = user(named).ok()?;
    Some(user.or_else(own)?.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: Ends<IpAddr> = Ends {
        client: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
        server: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)),
    };

    #[test]
    fn hosts_are_known_by_their_names_and_by_those_that_are_given() {
        let names = [
            ("api.example".into(), NamedAddress::Host(Side::Server)),
            ("db".into(), NamedAddress::Ip("10.0.0.9".parse().unwrap())),
        ];
        assert_eq!(
            hosts(Side::Server, &ADDRESSES, "box", &names),
            "127.0.0.1 localhost\n10.0.0.1 client\n10.0.0.2 server box\n10.0.0.2 api.example\n10.0.0.9 db\n"
        );
    }

    #[test]
    fn what_is_given_takes_the_place_of_finwaits_own() {
        let user = User {
            name: "ann".into(),
            uid: 1000,
            gid: 1000,
            home: "/home/ann".into(),
            shell: PathBuf::new(),
        };
        let surroundings = Surroundings::of(Side::Client, "x".into(), &ADDRESSES, Port(8080), &[], Some(user), None);
        let env = surroundings.environment(&[("PATH".into(), "/here".into())]);
        let of = |name: &str| {
            let mut found = env
                .iter()
                .filter(|(known, _)| known == name)
                .map(|(_, value)| value.as_str());
            (found.next(), found.next())
        };
        let expected = [
            ("HOME", "/home/ann"),
            ("USER", "ann"),
            ("FINWAIT_PEER", "10.0.0.2"),
            ("FINWAIT_PORT", "8080"),
            ("PATH", "/here"),
        ];
        for (name, value) in expected {
            assert_eq!(of(name), (Some(value), None), "{name}");
        }
    }

    #[test]
    fn nobody_runs_as_a_user_who_is_not_there() {
        let error = user(Some("no-such-user-here")).unwrap_err().to_string();
        assert_eq!(
            error,
            "the lab did not start: there is no user no-such-user-here whom programs could run as"
        );
    }
}
