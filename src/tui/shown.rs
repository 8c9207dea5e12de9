//! The part of the session that is in sight: which connection, and whether the ended sockets are unfolded.

use crate::session::Session;
use crate::session::connections::{ConnectionNo, ConnectionView};
use crate::session::transcript::Entry;
use crate::side::Ends;

/// The connections that the diagram shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShownConnection {
    /// Every one. Nothing goes out of sight by itself.
    #[default]
    All,
    /// That one alone.
    One(ConnectionNo),
    /// The newest alone, and the next one as soon as it comes.
    Newest,
}

/// The part in sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The connections.
    pub connection: ShownConnection,
    /// The ends whose ended sockets are unfolded.
    pub unfolded: Ends<bool>,
}

impl Shown {
    /// Returns the connection that is shown alone; none where every one is, and where the one that was chosen is not there, as in a
    /// recording before it comes, or any more.
    pub fn alone(&self, session: &Session) -> Option<ConnectionNo> {
        let count = session.connection_count();
        let no = match self.connection {
            ShownConnection::All => return None,
            ShownConnection::One(no) => no,
            ShownConnection::Newest => ConnectionNo(count),
        };
        session.connection(no).map(|_| no)
    }

    /// Returns whether an entry of the transcript is in sight: of a connection that is shown alone, what belongs to it.
    pub fn shows(&self, session: &Session, entry: &Entry) -> bool {
        self.alone(session).is_none_or(|no| session.belongs(entry, no))
    }

    /// Returns what the next press shows: from all of them the first, then the one after, after the last all of them.
    pub fn after(&self, session: &Session) -> ShownConnection {
        let next = session.connections_after(self.alone(session)).next();
        next.map_or(ShownConnection::All, ShownConnection::One)
    }
}

/// A connection in a few words: `connection 2 of 3, client2 and server3`.
pub fn describe(view: &ConnectionView, count: u32) -> String {
    let [client, server] =
        [view.names.client, view.names.server].map(|name| name.map_or("nobody", |name| name.as_str()));
    let over = if view.is_over { ", over" } else { "" };
    format!("connection {} of {count}: {client} and {server}{over}", view.no)
}
