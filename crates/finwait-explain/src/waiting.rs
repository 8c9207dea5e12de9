//! Why a call has not returned: what it waits for, and what ends the wait.

use finwait_model::call::{Call, ReadFlag};
use finwait_model::state::State;

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

const EINTR: Option<&str> = Some("a signal (EINTR)");
/// `connect` does not begin again: it is under way.
const GOES_ON: Option<&str> = Some("a signal (EINTR), and the handshake goes on");

/// Why that call waits on a socket that is in `state` now, and has so much in its queue: bytes, or connections for a listener.
pub fn waits(call: &Call, state: State, queue: u32) -> Wait {
    use State::{SynRecv, SynSent};
    let (awaits, ended_by, signal) = match (call, state) {
        // inet_csk_wait_for_connect
        (Call::Accept { .. }, _) if queue == 0 => (
            "a connection whose handshake is done: the listener's queue is empty",
            "a client that connects; shutdown, disconnect or SOCK_DESTROY of the listener (EINVAL); SO_RCVTIMEO (EAGAIN)",
            EINTR,
        ),
        (Call::Accept { .. }, _) => (
            "its library: a connection waits in the queue, and is not taken; --syscalls shows what accept4 gives",
            "a call of the library's that succeeds",
            None,
        ),
        // inet_stream_connect; tcp_reset and tcp_v4_err in SYN_SENT
        (Call::Connect { .. }, SynSent) => (
            "the answer to its SYN, which the kernel keeps sending",
            "SYN,ACK; RST or ICMP port unreachable (ECONNREFUSED); another ICMP error (EHOSTUNREACH, ENETUNREACH, over IPv6 EACCES); the last \
             retry (ETIMEDOUT); shutdown or disconnect of it (ECONNRESET or EPIPE, by kernel); SOCK_DESTROY (ECONNABORTED); SO_SNDTIMEO \
             (EINPROGRESS)",
            GOES_ON,
        ),
        (Call::Connect { .. }, _) => (
            "the end of the handshake",
            "the last ACK; RST (ECONNRESET); an ICMP error (ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, over IPv6 EACCES); the last retry \
             (ETIMEDOUT); disconnect of it (EPIPE); SOCK_DESTROY (ECONNABORTED); SO_SNDTIMEO (EINPROGRESS)",
            GOES_ON,
        ),
        // sk_stream_wait_connect, tcp_recvmsg_locked
        (Call::Read { .. } | Call::Write { .. }, SynSent) => (
            "the end of the handshake: there is no connection before",
            "the handshake's end, and then it reads or writes; RST or ICMP port unreachable (ECONNREFUSED); another ICMP error (EHOSTUNREACH, \
             ENETUNREACH, over IPv6 EACCES); the last retry (ETIMEDOUT); shutdown or disconnect of it (ECONNRESET or EPIPE); SOCK_DESTROY \
             (ECONNABORTED); SO_RCVTIMEO or SO_SNDTIMEO (EAGAIN)",
            EINTR,
        ),
        (Call::Read { .. } | Call::Write { .. }, SynRecv) => (
            "the end of the handshake: there is no connection before",
            "the handshake's end, and then it reads or writes; RST (ECONNRESET); an ICMP error (ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, over \
             IPv6 EACCES); the last retry (ETIMEDOUT); disconnect of it (ECONNRESET or EPIPE); SOCK_DESTROY (ECONNABORTED); SO_RCVTIMEO or \
             SO_SNDTIMEO (EAGAIN)",
            EINTR,
        ),
        // sk_stream_wait_memory; do_error in tcp_sendmsg_locked
        (Call::Write { .. }, _) => (
            "room in the send buffer: what is in it has not been acknowledged, or the peer's window is closed",
            "an ACK; RST (ECONNRESET, after the peer's FIN EPIPE); no answer for too long (ETIMEDOUT, or what ICMP said last: EHOSTUNREACH, \
             ENETUNREACH, ECONNREFUSED); our own shutdown of writing or disconnect (EPIPE); SOCK_DESTROY (ECONNABORTED); SO_SNDTIMEO (EAGAIN): \
             if it has taken bytes already it gives their number, and the next call the error",
            Some("a signal (EINTR, or the number of bytes taken)"),
        ),
        // tcp_recvmsg_locked, sk_wait_data
        (Call::Read { flags, .. }, _) if flags.contains(&ReadFlag::Waitall) => (
            "all the bytes that it asks for (MSG_WAITALL)",
            "enough data; the peer's FIN, our own shutdown of reading, RST, no answer for too long, disconnect, SOCK_DESTROY, SO_RCVTIMEO: then \
             it gives what has come, if anything has",
            Some("a signal (EINTR, or what has come)"),
        ),
        (Call::Read { .. }, _) => (
            "bytes or the end of the stream: there is nothing to read",
            "data; the peer's FIN, or our own shutdown of reading (0 bytes); RST (ECONNRESET); no answer for too long (ETIMEDOUT, or what ICMP \
             said last: EHOSTUNREACH, ENETUNREACH, ECONNREFUSED); our own disconnect (EPIPE); SOCK_DESTROY (ECONNABORTED); SO_RCVTIMEO (EAGAIN)",
            EINTR,
        ),
        // do_poll
        (Call::Poll { .. }, _) => (
            "one of its events: none is there yet",
            "an event, or the end of both directions or an error, which come unasked; its timeout (no events)",
            EINTR,
        ),
        // sk_stream_wait_close
        (Call::LingerClose { .. } | Call::Close, _) => (
            "the peer's acknowledgement of all that was sent, our FIN too (SO_LINGER)",
            "the ACK; RST, no answer for too long or SOCK_DESTROY, which end the connection; the seconds of SO_LINGER, and the kernel goes on \
             alone: close returns 0 in any case",
            Some("a signal, and the kernel goes on alone"),
        ),
        _ => (
            "nothing in the kernel: the call does not wait, and its endpoint has not reported its return",
            "its return",
            None,
        ),
    };
    Wait {
        awaits,
        ended_by,
        signal,
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

    /// Each way in which a wait can end is told with its errno.
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
