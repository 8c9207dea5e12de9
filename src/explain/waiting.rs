//! Why a call has not returned: what it waits for, and what ends the wait.

use crate::call::{Call, ReadFlag};
use crate::state::State;

/// A wait, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What the call waits for.
    pub awaits: &'static str,
    /// What ends the wait, and what the call gives then.
    pub ended_by: &'static str,
}

/// Why that call waits on a socket that is in `state` now.
pub fn waits(call: &Call, state: State) -> Wait {
    let (awaits, ended_by) = match (call, state) {
        // inet_csk_wait_for_connect
        (Call::Accept { .. }, _) => (
            "a connection whose handshake is done: the listener's queue is empty",
            "a client that connects; a signal (EINTR); shutdown of the listener (EINVAL)",
        ),
        // inet_stream_connect
        (Call::Connect { .. }, State::SynSent) => (
            "the answer to its SYN, which the kernel sends again and again",
            "SYN,ACK; RST or ICMP port unreachable (ECONNREFUSED); the last retry (ETIMEDOUT); a signal, and the handshake goes on",
        ),
        (Call::Connect { .. }, _) => (
            "the end of the handshake",
            "the last ACK; RST (ECONNREFUSED); the last retry (ETIMEDOUT); a signal, and the handshake goes on",
        ),
        // sk_stream_wait_connect
        (Call::Write { .. }, State::SynSent | State::SynRecv) => (
            "the end of the handshake: nothing can be sent before",
            "the handshake's end, and it is written; RST (ECONNREFUSED); the last retry (ETIMEDOUT); a signal (EINTR)",
        ),
        // sk_stream_wait_memory
        (Call::Write { .. }, _) => (
            "room in the send buffer: what is in it has not been acknowledged, or the peer's window is closed",
            "an ACK; RST (ECONNRESET); retransmissions or probes without an answer (ETIMEDOUT); a signal",
        ),
        // tcp_recvmsg_locked, sk_wait_data
        (Call::Read { flags, .. }, _) if flags.contains(&ReadFlag::Waitall) => (
            "all the bytes that it asks for (MSG_WAITALL)",
            "enough data; the peer's FIN, or RST, or a signal: then it gives what has come, if anything has",
        ),
        (Call::Read { .. }, _) => (
            "bytes or the end of the stream: nothing is there to be read",
            "data; the peer's FIN, or our own shutdown of reading (0 bytes); RST (ECONNRESET); a signal (EINTR)",
        ),
        // do_poll
        (Call::Poll { .. }, _) => (
            "one of its events, and none is there",
            "an event; its timeout (no events); a signal (EINTR)",
        ),
        // sk_stream_wait_close
        (Call::LingerClose { .. }, _) => (
            "the peer's acknowledgement of all that was sent, its FIN too (SO_LINGER)",
            "the ACK; the seconds of SO_LINGER, and the kernel goes on alone",
        ),
        (Call::Close, _) => (
            "nothing, as a rule: with SO_LINGER on, the acknowledgement of all that was sent",
            "the ACK; the seconds of SO_LINGER, and the kernel goes on alone",
        ),
        (
            Call::Socket { .. }
            | Call::Bind { .. }
            | Call::Listen { .. }
            | Call::Shutdown { .. }
            | Call::RstClose
            | Call::Disconnect
            | Call::Dup { .. }
            | Call::SoError
            | Call::Options
            | Call::GetOption { .. }
            | Call::SetOption { .. },
            _,
        ) => (
            "nothing of the kernel's: the call does not wait, and its endpoint has not told of its return",
            "its return",
        ),
    };
    Wait { awaits, ended_by }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_by_the_call_and_the_state() {
        let read = Call::Read {
            n: 5,
            flags: Vec::new(),
            deadline: None,
        };
        let write = Call::Write {
            data: crate::call::Bytes(b"x".to_vec()),
            repeat: 1,
            flags: Vec::new(),
            deadline: None,
        };
        assert!(waits(&read, State::Established).awaits.starts_with("bytes"));
        assert!(
            waits(&write, State::Established)
                .awaits
                .starts_with("room in the send buffer")
        );
        assert!(
            waits(&write, State::SynSent)
                .awaits
                .starts_with("the end of the handshake")
        );
        let wait = waits(&Call::LingerClose { seconds: 5 }, State::FinWait1);
        assert!(wait.ended_by.contains("SO_LINGER"), "{wait:?}");
    }
}
