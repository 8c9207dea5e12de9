//! Texts about an errno outside of TCP: on a UDP socket, a Unix socket, a pipe, a file. There an errno of the same name has
//! other causes, of which no scenario shows any: so nothing here is a rule, and nothing of TCP is said.

use super::prose::{self, Prose};
use super::wording::{Carrier, Subject};
use finwait_model::errno::Errno;

/// The text about a subject, on whatever carries the bytes; none where nothing is known.
pub fn of(subject: Subject, carrier: Carrier) -> Option<&'static Prose> {
    match carrier {
        Carrier::Tcp => prose::of(subject),
        Carrier::Udp | Carrier::Unix | Carrier::Pipe | Carrier::File => Some(&row(subject, carrier)?.0),
    }
}

/// The likeliest cause in a few words, where it is not TCP's.
pub fn brief(subject: Subject, carrier: Carrier) -> Option<&'static str> {
    Some(row(subject, carrier)?.1)
}

fn row(subject: Subject, carrier: Carrier) -> Option<&'static (Prose, &'static str)> {
    let table = match carrier {
        Carrier::Tcp => return None,
        Carrier::Udp => UDP,
        Carrier::Unix => UNIX,
        Carrier::Pipe => PIPE,
        Carrier::File => FILE,
    };
    table.iter().chain(ANY).find(|(prose, _)| prose.subject == subject)
}

const fn errno(errno: Errno) -> Subject {
    Subject::Errno(errno)
}

/// For a datagram's answer.
const DATAGRAM: &[&str] = &[
    "the server: ss -uln on its host, and for a name server dig @ADDRESS",
    "what comes back: tcpdump 'udp port PORT or icmp'",
];
/// For a socket's file and who listens on it.
const PATH: &[&str] = &[
    "who listens: ss -xlp, and whether its path is the one that is asked for (ls -l PATH, on the same mount)",
    "the server's log: did it start, and does it still run?",
];

const UDP: &[(Prose, &str)] = &[
    (
        Prose {
            subject: errno(Errno::ECONNREFUSED),
            means: "An earlier datagram was answered with ICMP port unreachable: nobody has that port open. The next call on the socket reports it.",
            look_for: DATAGRAM,
            mistaken_for: "TCP's refusal, an RST in answer to a SYN. Here no connection was attempted, and the call that fails need not be the one that was answered.",
        },
        "UDP: nobody has that port open",
    ),
    (
        Prose {
            subject: Subject::Deadline,
            means: "No datagram came back before the program's own time ran out. The kernel does not resend: the program must ask again.",
            look_for: DATAGRAM,
            mistaken_for: "A connection that could not be made: what got no answer is the query before it, usually for the address of a name.",
        },
        "UDP: no answer came",
    ),
];

const UNIX: &[(Prose, &str)] = &[
    // unix_find_bsd, and unix_stream_connect, where it is not in TCP_LISTEN.
    (
        Prose {
            subject: errno(Errno::ECONNREFUSED),
            means: "The socket's file is there, and nobody listens on it: usually its server has ended and left it behind.",
            look_for: PATH,
            mistaken_for: "A refused TCP connection: no packet, port or firewall is in play. Without the file it would be ENOENT.",
        },
        "Unix socket: nobody listens",
    ),
    // unix_stream_connect: unix_recvq_full, and the caller may not wait.
    (
        Prose {
            subject: errno(Errno::EAGAIN),
            means: "For connect: the listener's queue is full, and the caller may not wait. For read and write: nothing to read, no room to write.",
            look_for: &[
                "the queue: ss -xlp, Recv-Q against Send-Q, which is the backlog",
                "the server's workers: are all of them busy? And net.core.somaxconn, which caps the backlog",
            ],
            mistaken_for: "A temporary condition, as it is on TCP, where a full queue makes the SYN wait. Here the request has failed.",
        },
        "Unix socket: full, or empty",
    ),
    (
        Prose {
            subject: errno(Errno::ENOENT),
            means: "There is no file by that name: the server has not made its socket, or made it elsewhere.",
            look_for: PATH,
            mistaken_for: "ECONNREFUSED, where the file is there and nobody listens.",
        },
        "Unix socket: no such file",
    ),
    // unix_find_bsd: path_permission(MAY_WRITE).
    (
        Prose {
            subject: errno(Errno::EACCES),
            means: "This process may not write to the socket's file, or may not search one of the directories above it.",
            look_for: &["who it is and who may: namei -l PATH, id; and SELinux or AppArmor: ausearch -m avc, dmesg"],
            mistaken_for: "A firewall. Connecting to a Unix socket needs write permission on its file.",
        },
        "Unix socket: no permission",
    ),
    // unix_stream_sendmsg.
    (
        Prose {
            subject: errno(Errno::EPIPE),
            means: "The peer has closed its socket, or shut its reading down: nothing can be written any more.",
            look_for: &[
                "the peer's log: it closed, or died, or timed out",
                "ss -xp: who has the other end",
            ],
            mistaken_for: "TCP's EPIPE, which needs an RST or an earlier error: here the first write after the peer's close fails.",
        },
        "Unix socket: the peer closed",
    ),
    // unix_release_sock.
    (
        Prose {
            subject: errno(Errno::ECONNRESET),
            means: "The peer closed without having read all that we wrote, or the listener closed before it had accepted.",
            look_for: &["the peer's log: it closed, or died, or restarted, in the middle of the request"],
            mistaken_for: "Something the network did: no segment was sent.",
        },
        "Unix socket: the peer closed",
    ),
    (
        Prose {
            subject: Subject::Eof,
            means: "The peer has closed its socket, or ended its direction, in order.",
            look_for: &["the peer's log: it closed, or exited, or timed out an idle connection"],
            mistaken_for: "An error of the kernel's: read returned 0.",
        },
        "Unix socket: the peer closed",
    ),
    (
        Prose {
            subject: Subject::Deadline,
            means: "The program's own time ran out: the peer has not answered, and the connection is unchanged.",
            look_for: &[
                "what the peer is doing: its log, its workers, strace -p",
                "ss -xp: bytes that wait in a Recv-Q mean that nobody reads them",
            ],
            mistaken_for: "A network that loses packets: there is none between the two.",
        },
        "Unix socket: no answer came",
    ),
];

const PIPE: &[(Prose, &str)] = &[
    // pipe_write: no readers are left.
    (
        Prose {
            subject: errno(Errno::EPIPE),
            means: "Nobody reads the pipe any more: the program that it leads to has ended.",
            look_for: &[
                "what comes after it in the shell pipeline: head, grep -q and less end as soon as they have seen enough",
                "for a service: whoever reads its standard output, such as a log collector that died",
            ],
            mistaken_for: "A broken connection. Without a handler SIGPIPE ends the writer silently, as it should.",
        },
        "pipe: its reader has ended",
    ),
    (
        Prose {
            subject: Subject::Eof,
            means: "Nobody has the pipe's writing end open any more, and it is empty.",
            look_for: &["the writer: did it end, or close its output?"],
            mistaken_for: "An error of the kernel's: read returned 0.",
        },
        "pipe: its writer has ended",
    ),
];

/// For a file on what is mounted there.
const MOUNT: &[&str] = &[
    "what is mounted there: findmnt -T PATH",
    "what the kernel says of it: dmesg, and for NFS nfsstat -m",
];

const FILE: &[(Prose, &str)] = &[
    // inode_permission
    (
        Prose {
            subject: errno(Errno::EACCES),
            means: "This process may not do that with the file, or may not search one of the directories above it.",
            look_for: &["who it is and who may: namei -l PATH, id; and SELinux or AppArmor: ausearch -m avc, dmesg"],
            mistaken_for: "A port that only root may use, or a firewall: those concern sockets.",
        },
        "file: no permission",
    ),
    // fuse_get_req, where the connection is no longer fc->connected.
    (
        Prose {
            subject: errno(Errno::ENOTCONN),
            means: "The program that serves this mount (FUSE: sshfs, s3fs, rclone) has ended, and the mount is left behind.",
            look_for: &[
                "what is mounted there: findmnt -T PATH, and whether its program still runs",
                "its log; then fusermount -u PATH, and mount it again",
            ],
            mistaken_for: "A socket without a connection: only the text is the same.",
        },
        "FUSE: its program has ended",
    ),
    (
        Prose {
            subject: errno(Errno::ETIMEDOUT),
            means: "What serves the file did not answer: the server of a network file system, such as NFS with a soft mount, or a device.",
            look_for: MOUNT,
            mistaken_for: "A TCP connection of this program's: it has none here, though the file system's own may be at fault.",
        },
        "file: what serves it is silent",
    ),
    (
        Prose {
            subject: errno(Errno::EAGAIN),
            means: "The call may not wait (O_NONBLOCK), and there is nothing to read or no room: a terminal, a serial line, a FIFO, a lock.",
            look_for: &["who set O_NONBLOCK on it: strace -e trace=openat,fcntl, and who else has it open: fuser PATH"],
            mistaken_for: "A failure: nothing has failed yet.",
        },
        "file: nothing to read yet",
    ),
];

/// Of whatever is no TCP socket.
const ANY: &[(Prose, &str)] = &[
    // alloc_fd
    (
        Prose {
            subject: errno(Errno::EMFILE),
            means: prose::NO_NUMBER_LEFT,
            look_for: &[
                prose::HOW_MANY_NUMBERS,
                "what they are: lsof -p PID; sockets in CLOSE_WAIT that nobody closes are a leak that ends here, too",
            ],
            mistaken_for: "A problem with this file: it was only the one that was opened when no descriptors were left.",
        },
        "too many open descriptors",
    ),
    (
        Prose {
            subject: errno(Errno::ENOMEM),
            means: "The kernel found no memory for what was asked.",
            look_for: &["dmesg, free, and the control group's limit: memory.max and memory.events"],
            mistaken_for: "A leak here: whoever asks when memory has run out gets this error.",
        },
        "no memory is left",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_subject_is_spoken_of_once_and_in_whole_sentences() {
        for table in [UDP, UNIX, PIPE, FILE, ANY] {
            for (place, (prose, brief)) in table.iter().enumerate() {
                assert!((5..=30).contains(&brief.len()), "{brief}");
                assert!(!prose.look_for.is_empty());
                for text in [prose.means, prose.mistaken_for] {
                    assert!(text.ends_with('.') && !text.contains("  "), "{text:?}");
                }
                assert!(table[..place].iter().all(|(before, _)| before.subject != prose.subject));
            }
        }
    }
}
