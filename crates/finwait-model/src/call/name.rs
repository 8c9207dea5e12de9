//! Names of an endpoint's sockets.

use serde::{Deserialize, Serialize};
use std::fmt;

use std::num::NonZeroU32;

use crate::side::Side;

/// A socket of an endpoint, by name: `listener`, `client`, `server`, then `client2`, ...
///
/// The name outlives the descriptor: a call on a closed socket is made on the number that it had.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SocketName {
    text: String,
    id: Option<SocketId>,
}

impl TryFrom<String> for SocketName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<SocketName, &'static str> {
        SocketName::new(&name).ok_or("a socket's name is a letter, then letters, digits, - and _, at most 24 in all")
    }
}

impl From<SocketName> for String {
    fn from(name: SocketName) -> String {
        name.text
    }
}

impl From<SocketRole> for SocketName {
    /// The name of the first socket of that role.
    fn from(role: SocketRole) -> SocketName {
        SocketName {
            text: role.name().to_owned(),
            id: Some(SocketId::first(role)),
        }
    }
}

impl SocketName {
    /// A name of ASCII letters, digits, `-` and `_`, at most 24 of them, the first a letter; `None` for anything else.
    pub fn new(name: &str) -> Option<SocketName> {
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        (starts && rest && name.len() <= 24).then(|| SocketName {
            text: name.to_owned(),
            id: SocketId::parse(name),
        })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The parts of a name that finwait gives; none for any other word.
    pub const fn id(&self) -> Option<SocketId> {
        self.id
    }
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The purpose that a socket was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SocketRole {
    /// A socket that listens.
    Listener,
    /// The client's end of a connection.
    Client,
    /// The server's end of a connection.
    Server,
}

impl SocketRole {
    const ALL: [SocketRole; 3] = [SocketRole::Listener, SocketRole::Client, SocketRole::Server];

    /// The name of its first socket.
    pub const fn name(self) -> &'static str {
        match self {
            SocketRole::Listener => "listener",
            SocketRole::Client => Side::Client.name(),
            SocketRole::Server => Side::Server.name(),
        }
    }
}

impl From<Side> for SocketRole {
    fn from(side: Side) -> SocketRole {
        match side {
            Side::Client => SocketRole::Client,
            Side::Server => SocketRole::Server,
        }
    }
}

impl fmt::Display for SocketRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A connection or a listener of an end, whichever of its descriptors names it: `client`, `client2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    /// The purpose that it was made for.
    pub role: SocketRole,
    /// The number among the sockets of that role, from 1 on.
    pub number: NonZeroU32,
}

/// A descriptor of one, by the name that finwait gives it: the first, `client2`, or one made by dup, `client2-dup`, `client2-dup2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId {
    /// The connection.
    pub connection: ConnectionId,
    /// The number of the dup, from 1 on; none for the first descriptor.
    pub dup: Option<NonZeroU32>,
}

impl SocketId {
    /// The first socket of that role.
    pub const fn first(role: SocketRole) -> SocketId {
        SocketId {
            connection: ConnectionId {
                role,
                number: NonZeroU32::MIN,
            },
            dup: None,
        }
    }

    /// Returns the name; none when that is longer than a name may be.
    pub fn name(self) -> Option<SocketName> {
        SocketName::new(&self.to_string())
    }

    fn parse(text: &str) -> Option<SocketId> {
        let (connection, dup) = match text.split_once("-dup") {
            Some((connection, dup)) => (connection, Some(number(dup)?)),
            None => (text, None),
        };
        let role = SocketRole::ALL
            .into_iter()
            .find(|role| connection.starts_with(role.name()))?;
        let number = number(&connection[role.name().len()..])?;
        Some(SocketId {
            connection: ConnectionId { role, number },
            dup,
        })
    }
}

/// The number at the end of a name, which the first goes without.
fn number(digits: &str) -> Option<NonZeroU32> {
    match digits {
        "" => Some(NonZeroU32::MIN),
        "1" => None,
        _ if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) => None,
        _ => digits.parse().ok(),
    }
}

/// Writes a number behind a name, unless it is the first.
fn behind(f: &mut fmt::Formatter<'_>, number: NonZeroU32) -> fmt::Result {
    if number == NonZeroU32::MIN {
        return Ok(());
    }
    write!(f, "{number}")
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.role.name())?;
        behind(f, self.number)
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.connection)?;
        match self.dup {
            Some(dup) => f.write_str("-dup").and_then(|()| behind(f, dup)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_finwait_gives_have_parts() {
        let parts = |name: &str| {
            let id = SocketName::new(name)?.id()?;
            assert_eq!(id.to_string(), name);
            let number = |number: NonZeroU32| number.get();
            Some((id.connection.role, number(id.connection.number), id.dup.map(number)))
        };
        assert_eq!(parts("client"), Some((SocketRole::Client, 1, None)));
        assert_eq!(parts("listener12"), Some((SocketRole::Listener, 12, None)));
        assert_eq!(parts("server2-dup"), Some((SocketRole::Server, 2, Some(1))));
        assert_eq!(parts("client-dup3"), Some((SocketRole::Client, 1, Some(3))));
        for other in [
            "clients",
            "client1",
            "client02",
            "client-2",
            "x-dup",
            "client-dup1",
            "client-dup-dup",
        ] {
            assert_eq!(parts(other), None, "{other}");
        }
        assert_eq!(SocketName::from(SocketRole::Server), SocketName::new("server").unwrap());
    }

    #[test]
    fn socket_names_are_plain_words() {
        assert!(SocketName::new("client2").is_some());
        for bad in ["", "2", "a b", "a\u{1b}", "ä", "a.b"] {
            assert!(SocketName::new(bad).is_none(), "{bad:?}");
            assert!(serde_json::from_value::<SocketName>(bad.into()).is_err(), "{bad:?}");
        }
    }
}
