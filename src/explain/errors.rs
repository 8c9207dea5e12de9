//! Why a call failed.

use super::{Situation, cause, options};
use crate::call::{Call, How, ReadFlag, WriteFlag};
use crate::errno::Errno;
use crate::state::State;

/// One sentence for a call that failed.
pub(super) fn why(call: &Call, errno: Errno, s: &Situation) -> String {
    match (errno, call) {
        (Errno::EINVAL, Call::SetOption { option, .. }) => options::refused(*option),
        _ => rule(call, errno, s).map_or_else(|| generic(errno), str::to_owned),
    }
}

/// What is true of any errno: its name and libc's text.
pub(super) fn generic(errno: Errno) -> String {
    format!("The kernel answered {errno}.")
}

/// The rules, the errnos that any call can meet first; none where nothing is known beyond the errno's text.
fn rule(call: &Call, errno: Errno, s: &Situation) -> Option<&'static str> {
    use Call::{Accept, Bind, Connect, Listen, Poll, Read, Shutdown, Socket, Write};
    Some(match (errno, call) {
        // The descriptor.
        (Errno::EBADF, _) if !s.known => "No socket by that name was ever made: the call went to no open descriptor.",
        (Errno::EBADF, _) if !s.open => {
            "We closed this descriptor: its number stands for nothing, whatever became of the connection."
        }
        (Errno::EBADF, _) => "The number stands for no open descriptor.",
        (Errno::ENOTSOCK, _) => "The number is an open descriptor, but not that of a socket.",
        // accept4 takes the number first (get_unused_fd_flags), so the connection stays in the queue.
        (Errno::EMFILE, Accept { .. }) => {
            "The process has no descriptor number left (RLIMIT_NOFILE); the connection stays in the queue."
        }
        (Errno::EMFILE, _) => "The process has no descriptor number left: RLIMIT_NOFILE is reached.",
        (Errno::ENFILE, _) => "The whole system has no open file left to give.",
        (Errno::ENOBUFS | Errno::ENOMEM, _) => "The kernel has no memory for it just now.",

        // A signal. signal(7): connect goes on by itself, everything else has done nothing.
        (Errno::EINTR, Connect { .. }) => {
            "A signal ended the wait, not the attempt: the kernel goes on with the handshake."
        }
        (Errno::EINTR, Accept { .. }) => "A signal ended the wait: nothing was taken from the queue.",
        (Errno::EINTR, Read { .. }) => "A signal ended the wait before a byte came: nothing is lost, read again.",
        (Errno::EINTR, Write { .. }) => {
            "A signal ended the wait before a byte was taken: nothing is lost, write again."
        }
        (Errno::EINTR, Poll { .. }) => "A signal ended the wait before anything happened.",
        // close(2): the descriptor is free when close looks at the signal, so it must not be closed again.
        (Errno::EINTR, Call::Close | Call::RstClose | Call::LingerClose { .. }) => {
            "A signal came, yet the descriptor is given back: do not close it again."
        }
        (Errno::EINTR, _) => "A signal came before the call was done.",

        // Not now.
        (Errno::EAGAIN, Accept { .. }) => {
            "No finished connection is in the queue, and O_NONBLOCK or SO_RCVTIMEO forbids to wait longer."
        }
        (Errno::EAGAIN, Read { flags, .. }) => read_again(flags, s),
        (Errno::EAGAIN, Write { flags, .. }) => write_again(flags, s),
        // __inet_stream_connect: SO_SNDTIMEO that runs out gives the same as O_NONBLOCK.
        (Errno::EINPROGRESS, Connect { .. }) => {
            "The handshake is under way, and O_NONBLOCK or SO_SNDTIMEO forbids to wait longer: poll for OUT."
        }
        (Errno::EALREADY, Connect { .. }) => {
            "The connect begun earlier is still under way: poll for OUT, then ask SO_ERROR."
        }

        // Wrong time for the call.
        (Errno::EISCONN, Connect { .. }) if s.listens() => "A listening socket cannot connect.",
        // The socket layer stays SS_CONNECTED after RST or TIME_WAIT, whatever TCP's state, and looks there first.
        (Errno::EISCONN, Connect { .. }) if matches!(s.was(), State::Close | State::TimeWait) => {
            "It was connected once, and that counts until disconnect, though the connection is over."
        }
        (Errno::EISCONN, _) => "It has a peer already, and a stream socket keeps its peer until disconnect.",
        (Errno::ENOTCONN, Read { .. } | Write { .. }) if s.listens() => {
            "A listener carries no bytes: use the socket that accept gave."
        }
        // tcp_recvmsg_locked: in CLOSE without a FIN received (SOCK_DONE).
        (Errno::ENOTCONN, Read { .. }) => "There is no connection to read from.",
        // inet_shutdown: in CLOSE it notes the direction before it returns the error.
        (Errno::ENOTCONN, Shutdown { .. }) if s.connected => {
            "The connection is over or never came about: no direction is left to end."
        }
        (Errno::ENOTCONN, Shutdown { how: How::Read }) => {
            "Not connected, and noted all the same: from now on read gives 0."
        }
        (Errno::ENOTCONN, Shutdown { how: How::Write }) => {
            "Not connected, and noted all the same: even after a connect, write gives EPIPE."
        }
        (Errno::ENOTCONN, Shutdown { how: How::Both }) => {
            "Not connected, and noted all the same: read gives 0 now, and write EPIPE even after a connect."
        }
        (Errno::ENOTCONN, _) => "The call needs a connection, and there is none.",
        (Errno::EINVAL, Bind { .. }) if s.before.is_some() || s.connected => {
            "It has an address already: listen and connect give one, and it is given once."
        }
        // inet6_bind answers an IPv4 address, which is too short for it, with EINVAL; inet_bind the reverse with EAFNOSUPPORT.
        (Errno::EINVAL, Bind { .. }) => {
            "It has an address already, or the address is of another family than the socket."
        }
        (Errno::EINVAL, Listen { .. }) => "It has or had a connection: only a socket without a peer can listen.",
        (Errno::EINVAL, Accept { .. }) => "It does not listen: only a listening socket can accept.",
        (Errno::EINVAL, Connect { .. }) => {
            "The address is of another family than the socket, or a blackhole route leads to it."
        }
        // tcp_recv_urg; a read that passes the urgent byte drops it.
        (Errno::EINVAL, Read { flags, .. }) if flags.contains(&ReadFlag::Oob) => {
            "No urgent byte is here: none came, or it was read already, or an ordinary read passed over it."
        }
        (Errno::EINVAL, _) => "The kernel does not take these arguments, or not in this state.",

        // The address.
        (Errno::EADDRINUSE, Bind { address }) if address.port() == 0 => "No port of ip_local_port_range is free.",
        // inet_csk_bind_conflict: TIME_WAIT keeps the option as it was on the socket that left it.
        (Errno::EADDRINUSE, Bind { .. }) => {
            "The address is taken: by a socket, or by a TIME_WAIT unless both sockets had SO_REUSEADDR on."
        }
        // inet_csk_listen_start asks for the port again: two binds with SO_REUSEADDR succeed, two listens do not.
        (Errno::EADDRINUSE, Listen { .. }) => "Another socket listens on this address already, or no port is free.",
        (Errno::EADDRINUSE, _) => "The address is taken by another socket.",
        (Errno::EADDRNOTAVAIL, Bind { .. }) => "No interface of this host has that address.",
        // inet_hash_connect counts four-tuples: the same port may still serve another destination.
        (Errno::EADDRNOTAVAIL, Connect { .. }) => {
            "No local address and port is left for this destination; another one may still be reached."
        }
        (Errno::EACCES, Bind { .. }) => {
            "Ports below 1024 need a privilege (CAP_NET_BIND_SERVICE) that the endpoint lacks."
        }
        (Errno::EACCES, Connect { .. }) => "A prohibit route or the system's policy forbids to go there.",
        (Errno::EACCES | Errno::EPERM, _) => "The system's policy forbids it.",
        (Errno::EAFNOSUPPORT, Socket { .. }) => "This kernel does not have that address family.",
        (Errno::EAFNOSUPPORT, _) => "The address is of another family than the socket.",
        (Errno::EDESTADDRREQ, _) => "The call needs a destination, and the socket has none.",

        // The network, while connecting. tcp_v4_connect: no route means that no SYN leaves.
        (Errno::ENETUNREACH, Connect { .. }) => {
            "This host has no route to that network, or an ICMP message said there is none."
        }
        (Errno::EHOSTUNREACH, Connect { .. }) => {
            "No way to that host: the route is unreachable, nobody answers on the link, or an ICMP message said so."
        }
        (Errno::ENETDOWN, _) => "The network device is down.",
        (Errno::ECONNREFUSED, Connect { .. }) if s.rst_received => {
            "An RST answered the SYN: as a rule nobody listens on that port."
        }
        (Errno::ECONNREFUSED, Connect { .. }) => {
            "The SYN was answered with RST or ICMP port unreachable: as a rule nobody listens on that port."
        }
        // tcp_write_timeout in SYN_SENT: TCP_SYNCNT, else tcp_syn_retries, cut short by TCP_USER_TIMEOUT.
        (Errno::ETIMEDOUT, Connect { .. }) => {
            "No answer to the SYN: tcp_syn_retries, TCP_SYNCNT or TCP_USER_TIMEOUT ran out."
        }
        (Errno::ECONNRESET, Connect { .. }) => {
            "An RST came right after the handshake, or another call gave the attempt up meanwhile."
        }
        // __inet_stream_connect, sock_error: the failed attempt's error is gone, and the socket must say something once.
        (Errno::ECONNABORTED, Connect { .. }) => {
            "The attempt is dead: its error was told already, or the socket was destroyed; connect again starts anew."
        }
        (Errno::ECONNABORTED, Accept { .. }) => "The connection ended before it was accepted.",

        // The end of a connection.
        // sk_wait_event: a call that waits while tcp_disconnect runs is thrown out with EPIPE.
        (Errno::EPIPE, Read { .. } | Connect { .. }) => {
            "Our own disconnect dissolved the connection while this call waited."
        }
        (Errno::EPIPE, Write { .. }) => broken_pipe(s),
        (Errno::ECONNRESET, Read { .. } | Write { .. }) if s.connected => {
            "An RST ended the connection; this is told once, then read gives 0 and write EPIPE."
        }
        (Errno::ECONNRESET, Read { .. } | Write { .. }) => {
            "We gave the connection up ourselves, by disconnect or shutdown in SYN_SENT; this is told once."
        }

        // The kind of socket.
        (Errno::ENOPROTOOPT, _) => "This kernel's TCP does not have that option.",
        (Errno::EDOM, _) => "The number is outside of the range that the option has.",
        (Errno::EOPNOTSUPP, _) => "This kind of socket does not have that call or flag.",
        (_, Read { .. } | Write { .. }) => return cause(errno, s),
        _ => return None,
    })
}

/// Nothing to read, and no leave to wait. tcp_recvmsg_locked has then seen no data, no FIN and no error, in this order.
fn read_again(flags: &[ReadFlag], s: &Situation) -> &'static str {
    let dontwait = flags.contains(&ReadFlag::Dontwait);
    if flags.contains(&ReadFlag::Oob) {
        return "The peer announced an urgent byte that has not come yet.";
    }
    match (s.was(), dontwait) {
        (State::SynSent | State::SynRecv, true) => {
            "The handshake is not done, and MSG_DONTWAIT forbids to wait for it."
        }
        (State::SynSent | State::SynRecv, false) => {
            "The handshake is not done, and O_NONBLOCK or SO_RCVTIMEO forbids to wait longer."
        }
        (_, true) => "Nothing to hand out: no byte, no FIN, no error; and MSG_DONTWAIT forbids to wait.",
        (_, false) => {
            "Nothing to hand out: no byte, no FIN, no error; and O_NONBLOCK or SO_RCVTIMEO forbids to wait longer."
        }
    }
}

/// No room to write, and no leave to wait (sk_stream_wait_connect, sk_stream_wait_memory).
fn write_again(flags: &[WriteFlag], s: &Situation) -> &'static str {
    let dontwait = flags.contains(&WriteFlag::Dontwait);
    match (s.was(), dontwait) {
        (State::SynSent | State::SynRecv, true) => {
            "The handshake is not done, and MSG_DONTWAIT forbids to wait for it."
        }
        (State::SynSent | State::SynRecv, false) => {
            "The handshake is not done, and O_NONBLOCK or SO_SNDTIMEO forbids to wait longer."
        }
        (_, true) => "The send buffer is full, as when the peer does not read, and MSG_DONTWAIT forbids to wait.",
        (_, false) => {
            "The send buffer is full, as when the peer does not read, and O_NONBLOCK or SO_SNDTIMEO forbids to wait longer."
        }
    }
}

/// `EPIPE`: tcp_sendmsg_locked looks at our own shutdown and at the waiting error, and an error other than EPIPE goes first
/// (sk_stream_error). So EPIPE means our own FIN, an error told before, an RST in CLOSE_WAIT, or no peer at all.
fn broken_pipe(s: &Situation) -> &'static str {
    use State::{
        Close, CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
    };
    match (s.was(), s.is()) {
        (Listen, _) => "A listener carries no bytes: use the socket that accept gave.",
        _ if s.listening => "A listener carries no bytes: use the socket that accept gave.",
        (FinWait1 | FinWait2 | Closing | LastAck | TimeWait, _) => {
            "We have sent FIN, which says that nothing follows: the error is our own doing."
        }
        _ if s.connected && s.past.writing_shut => {
            "We shut our sending direction down ourselves: nothing can be written after that."
        }
        // The call waited for room or for the handshake.
        (Established | CloseWait | SynSent | SynRecv, FinWait1 | FinWait2 | Closing | LastAck | TimeWait) => {
            "Our own shutdown ended the sending direction while this call waited."
        }
        (CloseWait, _) => "After the peer's FIN an RST came: in CLOSE_WAIT that is EPIPE, never ECONNRESET.",
        // Not ENOTCONN: a stream socket without a peer counts as a broken pipe (sk_stream_wait_connect).
        (Close, _) if !s.connected => {
            "There is no connection: a stream socket without a peer gives EPIPE, not ENOTCONN."
        }
        (Close, _) if s.past.error_told => {
            "The connection has failed and the error was told already; from then on it is EPIPE."
        }
        // What else shuts sending down (tcp_done) leaves an error behind, and that would have gone first.
        (Close, _) => "The peer's FIN and then an RST came: from CLOSE_WAIT that is EPIPE, not ECONNRESET.",
        _ => "Sending is over: by our own FIN, an RST after the peer's FIN, or an error that was told already.",
    }
}
