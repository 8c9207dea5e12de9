//! What a socket's earlier calls did to it, as far as it explains what later ones give.

use super::rules::is_told_once as told;
use crate::call::{Call, How};
use crate::errno::Errno;
use crate::outcome::{Outcome, Value};
use crate::state::State;

/// What a socket's earlier calls did to it. What is false may still be true: by a call of another program's, say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Did we shut reading down?
    pub reading_shut: bool,
    /// Did we shut writing down?
    pub writing_shut: bool,
    /// Was an error of the connection handed out, by read, write or `SO_ERROR`?
    pub error_told: bool,
    /// Did we dissolve the connection, or give the attempt at one up, by disconnect or by shutdown?
    pub given_up: bool,
}

impl Past {
    /// A new socket's.
    pub const NONE: Past = Past {
        reading_shut: false,
        writing_shut: false,
        error_told: false,
        given_up: false,
    };
    /// That of one that we have given up.
    const GIVEN_UP: Past = Past {
        given_up: true,
        ..Past::NONE
    };

    /// The past with one call more; `before` is the state when it was made, `connected` whether the socket had a peer then.
    pub fn and(self, call: &Call, outcome: &Outcome, before: Option<State>, connected: bool) -> Past {
        let ok = matches!(outcome, Outcome::Ok(_));
        match (call, outcome) {
            // tcp_disconnect clears sk_shutdown, and shutdown is that for a listener and in SYN_SENT (inet_shutdown).
            (Call::Disconnect, _) if ok => Past::GIVEN_UP,
            (Call::Shutdown { how: How::Write }, _) if before == Some(State::Listen) => self,
            (Call::Shutdown { .. }, _) if ok && matches!(before, Some(State::Listen | State::SynSent)) => {
                Past::GIVEN_UP
            }
            // Without a connection it fails, and is noted all the same.
            (Call::Shutdown { how }, _) if ok || (outcome.errno() == Some(Errno::ENOTCONN) && !connected) => Past {
                reading_shut: self.reading_shut || matches!(how, How::Read | How::Both),
                writing_shut: self.writing_shut || matches!(how, How::Write | How::Both),
                ..self
            },
            // __inet_stream_connect, sock_error: a failed attempt is dissolved, too.
            (Call::Connect { .. }, Outcome::Err(errno)) if told(*errno) => Past::NONE,
            (Call::Connect { .. }, Outcome::Ok(_) | Outcome::Err(Errno::EINPROGRESS | Errno::EINTR)) => Past {
                error_told: false,
                given_up: false,
                ..self
            },
            (Call::Read { .. } | Call::Write { .. }, Outcome::Err(errno)) if told(*errno) => Past {
                error_told: true,
                ..self
            },
            (Call::SoError, Outcome::Ok(Value::PendingError { error: Some(_) })) => Past {
                error_told: true,
                ..self
            },
            _ => self,
        }
    }
}
