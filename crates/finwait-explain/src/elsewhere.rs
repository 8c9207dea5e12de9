//! Texts about an errno outside of TCP: on a UDP socket, a Unix socket, a pipe, a file. There an errno of the same name has
//! other causes, of which no scenario shows any: so nothing here is a rule, and nothing of TCP is said.

use super::prose::{self, Prose};
use super::text::elsewhere;
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

/// The text of `elsewhere.toml` on an errno: under the names of its carrier and its subject.
pub(crate) struct Text {
    pub means: &'static str,
    pub look_for: &'static [&'static str],
    pub mistaken_for: &'static str,
    pub brief: &'static str,
}

const fn of_text(subject: Subject, text: &Text) -> (Prose, &'static str) {
    let prose = Prose {
        subject,
        means: text.means,
        look_for: text.look_for,
        mistaken_for: text.mistaken_for,
    };
    (prose, text.brief)
}

const UDP: &[(Prose, &str)] = &[
    of_text(errno(Errno::ECONNREFUSED), &elsewhere::UDP_ECONNREFUSED),
    of_text(Subject::Deadline, &elsewhere::UDP_DEADLINE),
];

const UNIX: &[(Prose, &str)] = &[
    // unix_find_bsd, and unix_stream_connect, where it is not in TCP_LISTEN.
    of_text(errno(Errno::ECONNREFUSED), &elsewhere::UNIX_ECONNREFUSED),
    // unix_stream_connect: unix_recvq_full, and the caller may not wait.
    of_text(errno(Errno::EAGAIN), &elsewhere::UNIX_EAGAIN),
    of_text(errno(Errno::ENOENT), &elsewhere::UNIX_ENOENT),
    // unix_find_bsd: path_permission(MAY_WRITE).
    of_text(errno(Errno::EACCES), &elsewhere::UNIX_EACCES),
    // unix_stream_sendmsg.
    of_text(errno(Errno::EPIPE), &elsewhere::UNIX_EPIPE),
    // unix_release_sock.
    of_text(errno(Errno::ECONNRESET), &elsewhere::UNIX_ECONNRESET),
    of_text(Subject::Eof, &elsewhere::UNIX_EOF),
    of_text(Subject::Deadline, &elsewhere::UNIX_DEADLINE),
];

const PIPE: &[(Prose, &str)] = &[
    // pipe_write: no readers are left.
    of_text(errno(Errno::EPIPE), &elsewhere::PIPE_EPIPE),
    of_text(Subject::Eof, &elsewhere::PIPE_EOF),
];

const FILE: &[(Prose, &str)] = &[
    // inode_permission
    of_text(errno(Errno::EACCES), &elsewhere::FILE_EACCES),
    // fuse_get_req, where the connection is no longer fc->connected.
    of_text(errno(Errno::ENOTCONN), &elsewhere::FILE_ENOTCONN),
    of_text(errno(Errno::ETIMEDOUT), &elsewhere::FILE_ETIMEDOUT),
    of_text(errno(Errno::EAGAIN), &elsewhere::FILE_EAGAIN),
];

/// The texts on whatever is no TCP socket.
const ANY: &[(Prose, &str)] = &[
    // alloc_fd
    of_text(errno(Errno::EMFILE), &elsewhere::ANY_EMFILE),
    of_text(errno(Errno::ENOMEM), &elsewhere::ANY_ENOMEM),
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
