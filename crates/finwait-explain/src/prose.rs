//! Texts about each errno as a whole: what it means, what to look for, what it is mistaken for. One table of those that a rule gives;
//! and one of those that a TCP socket gives, too, but no scenario can show here.

use super::text::errnos;
use super::wording::Subject;
use finwait_model::errno::Errno;

/// The text about an errno, the end of a stream, or a deadline.
#[derive(Debug)]
pub struct Prose {
    /// The subject.
    pub subject: Subject,
    /// One or two sentences.
    pub means: &'static str,
    /// Things to look at, and the tools.
    pub look_for: &'static [&'static str],
    /// Errors that it is mistaken for, and how to tell.
    pub mistaken_for: &'static str,
}

/// The same as `errnos.toml` has it: under the name of its subject.
pub(crate) struct Text {
    pub means: &'static str,
    pub look_for: &'static [&'static str],
    pub mistaken_for: &'static str,
}

/// The text about a subject; none for an errno that is not known of TCP sockets.
pub fn of(subject: Subject) -> Option<&'static Prose> {
    PROSE.iter().chain(UNSHOWN).find(|prose| prose.subject == subject)
}

const fn of_text(subject: Subject, text: &Text) -> Prose {
    Prose {
        subject,
        means: text.means,
        look_for: text.look_for,
        mistaken_for: text.mistaken_for,
    }
}

const fn errno(errno: Errno) -> Subject {
    Subject::Errno(errno)
}

/// Texts about the errnos that rules give.
pub const PROSE: &[Prose] = &[
    of_text(errno(Errno::EPIPE), &errnos::EPIPE),
    of_text(errno(Errno::ECONNRESET), &errnos::ECONNRESET),
    of_text(errno(Errno::ECONNREFUSED), &errnos::ECONNREFUSED),
    of_text(errno(Errno::ETIMEDOUT), &errnos::ETIMEDOUT),
    of_text(errno(Errno::EHOSTUNREACH), &errnos::EHOSTUNREACH),
    of_text(errno(Errno::ENETUNREACH), &errnos::ENETUNREACH),
    of_text(errno(Errno::ECONNABORTED), &errnos::ECONNABORTED),
    of_text(errno(Errno::ENOTCONN), &errnos::ENOTCONN),
    of_text(errno(Errno::EISCONN), &errnos::EISCONN),
    of_text(errno(Errno::EINPROGRESS), &errnos::EINPROGRESS),
    of_text(errno(Errno::EALREADY), &errnos::EALREADY),
    of_text(errno(Errno::EBUSY), &errnos::EBUSY),
    of_text(errno(Errno::EAGAIN), &errnos::EAGAIN),
    of_text(errno(Errno::EINTR), &errnos::EINTR),
    of_text(errno(Errno::EBADF), &errnos::EBADF),
    of_text(errno(Errno::EINVAL), &errnos::EINVAL),
    of_text(errno(Errno::EADDRINUSE), &errnos::EADDRINUSE),
    of_text(errno(Errno::EADDRNOTAVAIL), &errnos::EADDRNOTAVAIL),
    of_text(errno(Errno::EAFNOSUPPORT), &errnos::EAFNOSUPPORT),
    of_text(Subject::Eof, &errnos::EOF),
    of_text(Subject::Deadline, &errnos::DEADLINE),
    of_text(Subject::Closed, &errnos::CLOSED),
    of_text(Subject::EndedByPeer, &errnos::ENDED_BY_PEER),
    of_text(Subject::EndedByUs, &errnos::ENDED_BY_US),
    of_text(Subject::Destroyed, &errnos::DESTROYED),
    of_text(Subject::Unconnected, &errnos::UNCONNECTED),
    // __inet_bind: ip_unprivileged_port_start; fib_props: RTN_PROHIBIT.
    of_text(errno(Errno::EACCES), &errnos::EACCES),
    of_text(errno(Errno::EMFILE), &errnos::EMFILE),
];

/// Texts about the rest: TCP sockets give them, and no scenario can show it here.
const UNSHOWN: &[Prose] = &[
    // capable, seccomp's SECCOMP_RET_ERRNO, __cgroup_bpf_run_filter_sock_addr.
    of_text(errno(Errno::EPERM), &errnos::EPERM),
    // alloc_empty_file: files_stat.max_files.
    of_text(errno(Errno::ENFILE), &errnos::ENFILE),
    // tcp_connect, where tcp_stream_alloc_skb finds no memory; net_xmit_errno.
    of_text(errno(Errno::ENOBUFS), &errnos::ENOBUFS),
    of_text(errno(Errno::ENOMEM), &errnos::ENOMEM),
];

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
