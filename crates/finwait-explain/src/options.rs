//! Socket options: their effects, and which values the kernel takes.

use finwait_model::call::SocketOption;
use finwait_model::outcome::{OptionReading, Reading};

/// One sentence for an option that was set.
pub(super) fn set(option: SocketOption, value: i64) -> String {
    let (name, shown) = (option.name(), option.show(value));
    format!("{name} is now {shown}: {}.", effect(option, value))
}

/// One sentence for an option that was read.
pub(super) fn read(reading: &OptionReading) -> String {
    let name = reading.option.name();
    match reading.value {
        Reading::Value(value) => {
            let shown = reading.option.show(value);
            format!("{name} is {shown}: {}.", effect(reading.option, value))
        }
        Reading::Errno(errno) => format!("{name} could not be read: {errno}."),
    }
}

/// One sentence for a value that the kernel refused with EINVAL (do_tcp_setsockopt).
pub(super) fn refused(option: SocketOption) -> String {
    let name = option.name();
    let allowed = match option {
        SocketOption::Syncnt | SocketOption::Keepcnt => "from 1 to 127",
        SocketOption::Keepidle | SocketOption::Keepintvl => "from 1 to 32767",
        SocketOption::UserTimeout => "from 0 up",
        _ => return format!("The kernel does not take that value for {name}, or not in this state."),
    };
    format!("The kernel takes values {allowed} for {name}.")
}

/// The effect of the option's value on later calls.
const fn effect(option: SocketOption, value: i64) -> &'static str {
    let on = value != 0;
    match option {
        SocketOption::Linger if value < 0 => {
            "close returns at once, and the kernel sends what is left in the background"
        }
        SocketOption::Linger if value == 0 => "close sends RST instead of FIN, and discards unsent bytes",
        SocketOption::Linger => "close waits at most this long for everything to be acknowledged",
        SocketOption::Reuseaddr if on => {
            "bind may take an address in TIME_WAIT, if the socket that left it had this on too"
        }
        SocketOption::Reuseaddr => "bind treats an address in TIME_WAIT as taken",
        SocketOption::Reuseport if on => "several sockets may listen on one port, if each had this on before bind",
        SocketOption::Reuseport => "it does not share its port with another listener",
        SocketOption::Nodelay if on => "small writes are sent at once",
        SocketOption::Nodelay => "a small write may wait until those before it are acknowledged (Nagle)",
        SocketOption::Cork if on => "only full segments are sent, the rest waits for more",
        SocketOption::Cork => "nothing is held back for a full segment",
        SocketOption::Keepalive if on => "a silent peer is probed, and given up on if it does not answer",
        SocketOption::Keepalive => "a peer that is gone goes unnoticed while we send nothing",
        SocketOption::Keepidle => "how long the connection must be idle before the first keepalive probe",
        SocketOption::Keepintvl => "the time between keepalive probes",
        SocketOption::Keepcnt => "how many unanswered keepalive probes it takes to give up on the peer",
        SocketOption::UserTimeout if on => "how long sent data may stay unacknowledged",
        SocketOption::UserTimeout => "the system's own limits decide when to give up on a silent peer",
        SocketOption::Syncnt => "how many times an unanswered SYN is sent again",
        SocketOption::DeferAccept if on => {
            "about how long a connection waits for its first bytes before accept returns it"
        }
        SocketOption::DeferAccept => "accept returns a connection as soon as its handshake is done",
        // sk_setsockopt doubles the number to pay for its own bookkeeping, within rmem_max and wmem_max.
        SocketOption::Rcvbuf => "the receive buffer; the kernel doubles what is set, within its limits",
        SocketOption::Sndbuf => "the send buffer; the kernel doubles what is set, within its limits",
        SocketOption::Rcvtimeo if on => "a read or accept that waits longer gives EAGAIN",
        SocketOption::Rcvtimeo => "a read or accept waits as long as it takes",
        SocketOption::Sndtimeo if on => "a write that waits longer gives EAGAIN, a connect EINPROGRESS",
        SocketOption::Sndtimeo => "a write or connect waits as long as it takes",
        SocketOption::Nonblock if on => "read, write and accept give EAGAIN and connect EINPROGRESS rather than wait",
        SocketOption::Nonblock => "read, write, accept and connect wait",
        SocketOption::Linger2 if value < 0 => "after close nothing waits in FIN_WAIT2, and the peer gets RST",
        SocketOption::Linger2 => "how long the connection may stay in FIN_WAIT2 after close",
    }
}
