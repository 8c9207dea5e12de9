//! Texts about each errno as a whole: what it means, what to look for, what it is mistaken for. One table of those that a rule gives;
//! and one of those that a TCP socket gives, too, but no scenario can show here.

use super::wording::Subject;
use finwait_model::errno::Errno;

/// The text about an errno, the end of a stream, or a deadline.
#[derive(Debug)]
pub struct Prose {
    /// Of what.
    pub subject: Subject,
    /// One or two sentences.
    pub means: &'static str,
    /// Things to look at, and the tools.
    pub look_for: &'static [&'static str],
    /// Errors that it is mistaken for, and how to tell.
    pub mistaken_for: &'static str,
}

/// The text about a subject; none for an errno that is not known of TCP sockets.
pub fn of(subject: Subject) -> Option<&'static Prose> {
    PROSE.iter().chain(UNSHOWN).find(|prose| prose.subject == subject)
}

macro_rules! prose {
    ($($(#[$what:meta])* $table:ident { $(
        $subject:expr => $means:expr, look for [$($look:expr),* $(,)?], mistaken $mistaken:literal;
    )* })*) => {$(
        $(#[$what])*
        pub const $table: &[Prose] = &[$(Prose {
            subject: $subject,
            means: $means,
            look_for: &[$($look),*],
            mistaken_for: $mistaken,
        }),*];
    )*};
}

/// The meaning of EMFILE, on a socket and elsewhere.
pub(super) const NO_NUMBER_LEFT: &str =
    "The process has reached its limit of open descriptors. Those that are open keep working.";
/// The first thing to look at, then.
pub(super) const HOW_MANY_NUMBERS: &str =
    "how many are open, and the limit: ls /proc/PID/fd | wc -l, and Max open files in /proc/PID/limits";

const fn errno(errno: Errno) -> Subject {
    Subject::Errno(errno)
}

prose! {
    /// Texts about the errnos that rules give.
    PROSE {
        errno(Errno::EPIPE) =>
            "Nothing can be written on this socket any more: our own direction is shut down, or the connection's error was already reported to an earlier call.",
        look for [
            "an earlier error on the same connection: EPIPE is usually the second one",
            "who closed first: ss -tan state close-wait (the peer did), fin-wait-2 (we did)",
            "an RST: tcpdump 'tcp[tcpflags] & tcp-rst != 0'",
            "the peer's log: it closed, or died, before it had read all that we wrote",
        ],
        mistaken "ECONNRESET. What counts is the state in which the RST arrives: in ESTABLISHED it is ECONNRESET, in CLOSE_WAIT EPIPE; and once either has been reported, every write gets EPIPE.";

        errno(Errno::ECONNRESET) =>
            "The connection was ended by an RST. It is reported once, to the first call that asks; after that read returns 0 and write gets EPIPE.",
        look for [
            "who sent the RST, and after what: tcpdump 'tcp[tcpflags] & (tcp-rst|tcp-fin) != 0'",
            "a peer that closes with unread bytes, or with SO_LINGER 0, or whose process died in the middle of a request",
            "a middlebox: an RST whose TTL differs from that of the peer's other segments (tcpdump -v)",
            "a keep-alive connection that the server had closed just before the request",
        ],
        mistaken "EPIPE (the second error, or an RST after the peer's FIN) and EOF (an end in order). A listener's full queue does not cause it, unless tcp_abort_on_overflow is on.";

        errno(Errno::ECONNREFUSED) =>
            "The peer's host answered the SYN, and said no: usually nobody listens on that address and port.",
        look for [
            "the listener: ss -tln on the peer, its address and not only its port (127.0.0.1 is not 0.0.0.0)",
            "which host is meant: in a container localhost is the container itself, and may be ::1, where the server has only 127.0.0.1",
            "the answer to the SYN: tcpdump 'tcp[tcpflags] & tcp-rst != 0 or icmp'",
            "a firewall that rejects rather than drops",
        ],
        mistaken "ETIMEDOUT. A refused connect got an answer, from a host that is up; a full accept queue or a firewall that drops gives no answer at all.";

        errno(Errno::ETIMEDOUT) =>
            "The kernel gave up: it had retransmitted again and again, or probed, and the peer never answered.",
        look for [
            "retransmissions: ss -tino shows retrans and backoff, nstat -az TcpExtTCPTimeouts",
            "whether anything comes back: tcpdump host PEER",
            "tcp_syn_retries for connect, tcp_retries2 for data, TCP_USER_TIMEOUT and keepalive for both",
        ],
        mistaken "The program's own timeout (i/o timeout, Read timed out, timed out), which comes earlier, is not an errno, and leaves the connection unchanged.";

        errno(Errno::EHOSTUNREACH) =>
            "That host cannot be reached: a router or our own host said so.",
        look for [
            "ICMP: tcpdump icmp, and who sends it",
            "ip route get ADDRESS, and ip neigh: FAILED means that nobody on the link answers",
        ],
        mistaken "ENETUNREACH (no route at all, nothing was sent) and ETIMEDOUT. On an established connection it is only noted, and the kernel retries.";

        errno(Errno::ENETUNREACH) =>
            "There is no route to that network: usually our own host knows none, and nothing was sent.",
        look for [
            "ip route get ADDRESS, and ip -6 route for an IPv6 address: a name may have one without there being a route",
            "whether the interface is up: ip link",
        ],
        mistaken "EHOSTUNREACH, which needs somebody who says so, and ETIMEDOUT, which needs a SYN that was sent.";

        errno(Errno::ECONNABORTED) =>
            "The connection was taken away on this host: by the administrator, or it is a failed attempt whose error was already reported.",
        look for [
            "ss -K, or whatever destroys sockets on this host (SOCK_DESTROY)",
            "the error that the call before it got",
        ],
        mistaken "ECONNRESET: that needs an RST from outside.";

        errno(Errno::ENOTCONN) =>
            "The socket has no connection: it never had one, or it is over.",
        look for [
            "the order of the calls: is it the listener, or a socket whose connect failed?",
            "a second shutdown, or a shutdown after the peer's RST",
        ],
        mistaken "EPIPE: write says that where read and shutdown say ENOTCONN. Shutdown takes effect all the same.";

        errno(Errno::EISCONN) =>
            "The socket has, or had, a connection, and keeps it until disconnect; a listener counts as well.",
        look for ["a connect that is made again: after EINTR or EINPROGRESS, EISCONN means that it succeeded meanwhile"],
        mistaken "A failure. After a connect that did not wait it is the good news.";

        errno(Errno::EINPROGRESS) =>
            "The SYN is sent, and the call may not wait for the answer. The kernel goes on.",
        look for ["poll for POLLOUT, then SO_ERROR: POLLOUT alone does not say that it succeeded"],
        mistaken "An error: nothing has failed yet. A write before the handshake gives EAGAIN, not ENOTCONN.";

        errno(Errno::EALREADY) =>
            "A connect begun earlier is still under way.",
        look for ["poll for POLLOUT instead of calling connect again"],
        mistaken "EISCONN, which the next connect gives once the handshake is done.";

        errno(Errno::EBUSY) =>
            "For a device, a file system or a file: it is in use. For a TCP socket: another thread waits in a call on it, and this kernel does not let the connection be dissolved meanwhile; nothing has happened to it.",
        look for [
            "the kernel (uname -r): those from the middle of 2023, and 5.10 since then, give this error; others end the call that waits",
            "the thread that waits: a read without a time limit, a connect under way, a write to a full buffer",
        ],
        mistaken "EALREADY: a second connect while the first is under way. And what mount, umount and device drivers mean by it, which has nothing to do with sockets.";

        errno(Errno::EAGAIN) =>
            "The call would have had to wait, and was not allowed to: nothing failed, try again later. EWOULDBLOCK is the same number.",
        look for [
            "what forbids waiting: O_NONBLOCK, MSG_DONTWAIT, or SO_RCVTIMEO and SO_SNDTIMEO that ran out",
            "for write: a peer that does not read, ss -tnm shows Send-Q, and rwnd_limited in ss -ti",
        ],
        mistaken "A timeout of the kernel's (ETIMEDOUT). With SO_RCVTIMEO it is the socket's own timeout that ran out, and the connection is still there.";

        errno(Errno::EINTR) =>
            "A signal came while the call waited, before it had done anything.",
        look for ["the handler, and SA_RESTART: without it every waiting call is ended", "profilers, timers and SIGCHLD in the program"],
        mistaken "A failure: call read, write or accept again. Not so connect, which goes on by itself, and close, which is done.";

        errno(Errno::EBADF) =>
            "The number is not an open descriptor: usually this program has closed it.",
        look for [
            "two owners of one descriptor, and a close in each",
            "strace -f -e trace=close,read,write: who closed it before",
        ],
        mistaken "An end of the connection: the kernel did not get as far as TCP. If the number has been reused, the call hits another socket, without any error.";

        errno(Errno::EINVAL) =>
            "The call does not fit the socket's state, or its arguments do not fit the call.",
        look for ["the order of the calls: accept without listen, listen on a connected socket, bind twice", "strace: the arguments as they really are"],
        mistaken "A wrong address: that has errnos of its own (EADDRNOTAVAIL, EAFNOSUPPORT).";

        errno(Errno::EADDRINUSE) =>
            "Another socket has that address and port, and does not share it.",
        look for [
            "ss -tlnp, and ss -tan sport = :PORT for TIME_WAIT and for old connections of the server's",
            "SO_REUSEADDR: it must have been on at the socket that left the TIME_WAIT, too",
        ],
        mistaken "A TIME_WAIT. Servers written in Go, Java or Node.js, and nginx, set SO_REUSEADDR, and then it is not in the way: what is, is a live socket, another process that listens, or a child that inherited the descriptor.";

        errno(Errno::EADDRNOTAVAIL) =>
            "The local address is not available: no interface has it, or for this destination no local port is left.",
        look for [
            "for bind: ip addr",
            "for connect: ss -tan state time-wait dst PEER | wc -l, and ip_local_port_range",
            "for connect to an IPv6 address, ::1 too: ip -6 addr; without an address of its own the host has none to connect from",
        ],
        mistaken "EADDRINUSE. Connect says EADDRNOTAVAIL when ports run out, for this destination only; others may still be reached.";

        errno(Errno::EAFNOSUPPORT) =>
            "The address is of another family than the socket: IPv6 for an IPv4 socket, say.",
        look for ["strace: AF_INET or AF_INET6 in socket, and in the call that failed"],
        mistaken "A kernel without IPv6: there socket itself fails.";

        Subject::Eof =>
            "The stream is at its end. It is not an error to the kernel: read returns 0, usually after the peer's FIN.",
        look for [
            "who sent the FIN, and after what: tcpdump 'tcp[tcpflags] & tcp-fin != 0'",
            "the peer's log: it closed, or exited, or timed out an idle connection",
            "whether an error was reported on this connection before: after that read returns 0, too",
        ],
        mistaken "An end of both directions. The peer may only have ended its own (a half-close), and still read; whether it does, only an RST tells.";

        Subject::Deadline =>
            "The program's own time ran out. The kernel was not asked, and goes on: the connection is unchanged.",
        look for [
            "who set it: SetDeadline, settimeout, setSoTimeout, a client's or a proxy's configuration",
            "what the connection was doing: ss -tino shows the queues, retrans and timers",
            "for connect: SYN_SENT in ss -tan state syn-sent means that no answer came",
        ],
        mistaken "ETIMEDOUT (\"Connection timed out\"), which the kernel says after its own retransmissions, and after which the connection is gone.";

        Subject::Closed =>
            "The program used a connection that it had closed itself. The library noticed; the kernel's word for it would be EBADF.",
        look for [
            "the other goroutine, thread or callback that closed it: a deferred close, a pool, a cancelled request",
        ],
        mistaken "Something that the peer did. It may have ended as well, but this message does not say so.";

        Subject::EndedByPeer =>
            "The peer's FIN came, and Node.js ended our direction as well, by itself (allowHalfOpen is off); then the program wrote. No call was made. The kernel would have taken the bytes, and said EPIPE only after an RST.",
        look for [
            "why the peer ended: its log, an idle timeout of the server's (keepAliveTimeout, say), a pool that kept the connection too long",
            "the 'end' event before the write: tcpdump 'tcp[tcpflags] & tcp-fin != 0'",
            "whether the peer still reads: with allowHalfOpen: true our direction stays, and the program ends it",
        ],
        mistaken "An RST, because of the code EPIPE. Nor has the program closed anything: it was Node.js that answered the FIN.";

        Subject::EndedByUs =>
            "The program had ended its own direction (end(), shutdownOutput), and then used it again. The library noticed; the kernel would say EPIPE to a write, and nothing or ENOTCONN to another shutdown.",
        look for [
            "the first end: a handler that ends the answer twice, or that goes on writing after it, as a callback or a pipe may",
            "our FIN, and whether the peer goes on sending: ss -tan state fin-wait-2",
        ],
        mistaken "Something that the peer did, and a socket that is closed: what the peer sends can still be read.";

        Subject::Destroyed =>
            "The library had given the connection up before this call: the program closed it, as with destroy(), or an earlier error did, such as an RST. This message does not say which.",
        look for [
            "an error that was reported before on the same connection: in Node.js the 'error' event with ECONNRESET or EPIPE",
            "the program's own destroy(), abort() or close(): a timeout, a cancelled request, a pool",
        ],
        mistaken "The first error. This one is a later call's: what ended the connection was reported before, or was done here.";

        Subject::Unconnected =>
            "The library knows of no connection on this socket: none was ever made, it is not established yet, or it is over. The kernel would say ENOTCONN, and EPIPE to a write.",
        look for [
            "the order of the calls: was connect called, and has it succeeded ('connect' event, finishConnect)?",
            "a connect that failed before, or a close",
        ],
        mistaken "The peer's end of a connection: there need not have been one.";

        // __inet_bind: ip_unprivileged_port_start; fib_props: RTN_PROHIBIT.
        errno(Errno::EACCES) =>
            "It is forbidden, to this process or on this path. For bind: the port is below 1024, and the process has no right to it. For connect: a firewall that rejects IPv6, a route that prohibits, or a security module.",
        look for [
            "for bind: sysctl net.ipv4.ip_unprivileged_port_start; CAP_NET_BIND_SERVICE, by setcap or AmbientCapabilities=",
            "for connect: tcpdump icmp6, for an answer such as administratively prohibited; ip route get ADDRESS, where prohibit says so",
            "SELinux, AppArmor, Landlock: ausearch -m avc, dmesg",
        ],
        mistaken "A file's permissions. For connect it is seen with IPv6: over IPv4 the same firewall's answer is EHOSTUNREACH (\"No route to host\"), and one that drops says nothing.";

        errno(Errno::EMFILE) =>
            NO_NUMBER_LEFT,
        look for [
            HOW_MANY_NUMBERS,
            "what they are: lsof -p PID; many in CLOSE_WAIT (ss -tanp state close-wait) are connections that nobody closes",
            "who sets the limit: ulimit -n, LimitNOFILE= of the unit, the container's --ulimit",
        ],
        mistaken "ENFILE, the limit of the whole host. Clients see nothing of it: the kernel makes their connections, and they wait in the listener's queue until that is full.";
    }

    /// Texts about the rest: TCP sockets give them, and no scenario can show it here.
    UNSHOWN {
        // capable, seccomp's SECCOMP_RET_ERRNO, __cgroup_bpf_run_filter_sock_addr.
        errno(Errno::EPERM) =>
            "The process lacks a capability that the call needs, or a filter on our own host forbids it: seccomp, or a BPF program of the control group.",
        look for [
            "what it asks for: a raw socket (CAP_NET_RAW), IP_TRANSPARENT, SO_MARK or a device (CAP_NET_ADMIN), a higher limit (CAP_SYS_RESOURCE)",
            "what it has: grep Cap /proc/PID/status; capsh --decode",
            "the service's sandbox: CapabilityBoundingSet=, SystemCallFilter=, SocketBindDeny= in systemctl cat UNIT; a container's seccomp profile",
            "for datagrams: nft list ruleset, iptables -nvL OUTPUT; one that the output chain drops fails with EPERM",
        ],
        mistaken "A missing file permission, or a port below 1024: that is EACCES. A TCP connect that the local firewall drops waits, and times out.";

        // alloc_empty_file: files_stat.max_files.
        errno(Errno::ENFILE) =>
            "The whole host has reached its limit of open files; root may still open some.",
        look for ["cat /proc/sys/fs/file-nr: open, free, and the maximum; sysctl fs.file-max", "who has them: lsof, counted by process"],
        mistaken "EMFILE (\"Too many open files\", without \"in system\"), the limit of one process, which is met far more often.";

        // tcp_connect, where tcp_stream_alloc_skb finds no memory; net_xmit_errno.
        errno(Errno::ENOBUFS) =>
            "The kernel found no memory for a segment, or no room in a queue of its own: for a connect or a large setting, seldom for data.",
        look for [
            "TCP's memory: mem in /proc/net/sockstat against net.ipv4.tcp_mem, both in pages; nstat -az TcpExtTCPMemoryPressures",
            "for datagrams: drops in tc -s qdisc and ip -s link",
        ],
        mistaken "A full send buffer: there write waits, or says EAGAIN.";

        errno(Errno::ENOMEM) =>
            "The kernel found no memory for the socket or its structures.",
        look for ["dmesg, free, and the control group's limit: memory.max and memory.events", "slabtop: sockets are TCP, request_sock_TCP, sock_inode_cache"],
        mistaken "A leak in the connection. It is the host's, or the container's, memory that is out.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{RULES, RuleOutcome};
    use std::collections::HashSet;

    #[test]
    fn all_that_a_rule_gives_has_its_prose_and_what_none_gives_stands_apart() {
        let given: HashSet<RuleOutcome> = RULES.iter().map(|rule| rule.gives).collect();
        for prose in PROSE {
            assert!(
                given.contains(&prose.subject.gives()),
                "no rule gives {:?}",
                prose.subject
            );
        }
        for rule in RULES {
            let known = PROSE.iter().any(|prose| prose.subject.gives() == rule.gives);
            assert!(known, "nothing is said of what {} gives", rule.id);
        }
        for prose in UNSHOWN {
            assert!(
                !given.contains(&prose.subject.gives()),
                "a rule gives {:?}",
                prose.subject
            );
        }
        let all = || PROSE.iter().chain(UNSHOWN);
        let subjects: HashSet<Subject> = all().map(|prose| prose.subject).collect();
        assert_eq!(subjects.len(), all().count(), "one of them stands twice");
        for prose in all() {
            assert!(!prose.look_for.is_empty());
            for text in [prose.means, prose.mistaken_for] {
                assert!(text.ends_with('.') && !text.contains("  "), "{text:?}");
            }
        }
    }
}
