//! The reasons why a call has not returned: what it waits for, and what ends the wait.

use finwait_model::call::{Call, ReadFlag, WaitCondition};
use finwait_model::state::State;

use super::text::waiting;

/// A wait, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The event that the call waits for.
    pub awaits: &'static str,
    /// Events that end the wait, and what the call returns then.
    pub ended_by: &'static str,
    /// The effect of a signal on a raw call; languages' libraries go on waiting, or have ways of their own.
    pub signal: Option<&'static str>,
}

/// Explains why that call waits on a socket that is in `state` now, and has so much in its queue: bytes, or connections for a listener.
pub fn waits(call: &Call, state: State, queue: u32) -> Wait {
    use WaitCondition::{Acknowledgement, Bytes, Connection, Handshake, Nothing, Readiness, Room};
    match (call.kind().spec().waits_for, state) {
        // inet_csk_wait_for_connect
        (Connection, _) if queue == 0 => waiting::ACCEPT,
        (Connection, _) => waiting::ACCEPT_BY_LIBRARY,
        // inet_stream_connect; tcp_reset and tcp_v4_err in SYN_SENT
        (Handshake, State::SynSent) => waiting::CONNECT_SYN_SENT,
        (Handshake, _) => waiting::CONNECT,
        // sk_stream_wait_connect, tcp_recvmsg_locked
        (Bytes | Room, State::SynSent) => waiting::TRANSFER_SYN_SENT,
        (Bytes | Room, State::SynRecv) => waiting::TRANSFER_SYN_RECV,
        // sk_stream_wait_memory; do_error in tcp_sendmsg_locked
        (Room, _) => waiting::WRITE,
        // tcp_recvmsg_locked, sk_wait_data
        (Bytes, _) if matches!(call, Call::Read { flags, .. } if flags.contains(&ReadFlag::Waitall)) => {
            waiting::READ_ALL
        }
        (Bytes, _) => waiting::READ,
        // do_poll
        (Readiness, _) => waiting::POLL,
        // sk_stream_wait_close
        (Acknowledgement, _) => waiting::CLOSE,
        (Nothing, _) => waiting::NO_WAIT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use finwait_model::call::SocketName;

    fn read() -> Call {
        Call::Read {
            n: 5,
            flags: Vec::new(),
            deadline: None,
        }
    }

    fn write() -> Call {
        Call::Write {
            data: finwait_model::call::Bytes(b"x".to_vec()),
            repeat: 1,
            flags: Vec::new(),
            deadline: None,
        }
    }

    fn accept() -> Call {
        Call::Accept {
            r#as: SocketName::new("server").unwrap(),
        }
    }

    #[test]
    fn a_wait_is_told_by_the_call_the_state_and_the_queue() {
        let (read, write) = (read(), write());
        let accept = accept();
        for (call, state, queue, awaits, ended_by) in [
            (&read, State::Established, 0, "bytes or the end", "RST (ECONNRESET)"),
            (
                &read,
                State::SynSent,
                0,
                "the end of the handshake",
                "port unreachable (ECONNREFUSED)",
            ),
            (
                &write,
                State::Established,
                0,
                "room in the send buffer",
                "the next call the error",
            ),
            (
                &write,
                State::SynRecv,
                0,
                "the end of the handshake",
                "RST (ECONNRESET)",
            ),
            (
                &accept,
                State::Listen,
                0,
                "a connection whose handshake",
                "a client that connects",
            ),
            (&accept, State::Listen, 1, "its library", "a call of the library's"),
            (
                &Call::LingerClose { seconds: 5 },
                State::FinWait1,
                0,
                "the peer's acknowledgement",
                "SO_LINGER",
            ),
        ] {
            let wait = waits(call, state, queue);
            assert!(
                wait.awaits.starts_with(awaits) && wait.ended_by.contains(ended_by),
                "{wait:?}"
            );
        }
    }

    /// Each way in which a wait can end is given with its errno.
    #[test]
    fn all_that_ends_a_wait_is_told() {
        let (read, write) = (read(), write());
        let connect = Call::Connect {
            address: "10.0.0.2:80".parse().unwrap(),
            deadline: None,
        };
        let accept = accept();
        let network = [
            "ECONNREFUSED",
            "EHOSTUNREACH",
            "ENETUNREACH",
            "ETIMEDOUT",
            "ECONNABORTED",
            "EPIPE",
        ];
        let told = |call: &Call, state: State, more: &[&str]| {
            let wait = waits(call, state, 0);
            for errno in more {
                assert!(wait.ended_by.contains(errno), "{errno} is missing in {}", wait.ended_by);
            }
        };
        for state in [State::SynSent, State::SynRecv, State::Established] {
            for call in [&read, &write] {
                told(call, state, &network);
                told(
                    call,
                    state,
                    &["EAGAIN", if state == State::SynSent { "RST" } else { "ECONNRESET" }],
                );
            }
        }
        told(&connect, State::SynSent, &network);
        told(&connect, State::SynRecv, &network);
        told(&connect, State::SynSent, &["EINPROGRESS", "EACCES"]);
        told(&accept, State::Listen, &["EINVAL", "EAGAIN", "SOCK_DESTROY"]);
    }
}
