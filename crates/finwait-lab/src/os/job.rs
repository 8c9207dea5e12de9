//! A process's group and session.

use std::fs;

use super::stat;

/// A process's place in job control, as proc_pid_stat(5) reports it. 0 stands for a process outside our PID namespace, so it is read
/// here rather than asked of getsid(2), whose wrapper takes a 0 for a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    parent: i32,
    /// The id of its process group.
    pub group: i32,
    /// The id of its session.
    pub session: i32,
}

impl Job {
    /// Our own.
    pub fn own() -> Option<Job> {
        Job::of("self")
    }

    /// Returns the job of its parent; none for the first process of a PID namespace.
    pub fn parent(self) -> Option<Job> {
        Job::of(&self.parent.to_string())
    }

    fn of(process: &str) -> Option<Job> {
        Job::parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    /// The state comes first, then the parent, the group and the session.
    fn parse(line: &str) -> Option<Job> {
        let mut fields = stat::after_name(line)?.skip(1).map_while(|field| field.parse().ok());
        Some(Job {
            parent: fields.next()?,
            group: fields.next()?,
            session: fields.next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Job;

    #[test]
    fn a_name_with_blanks_and_a_session_of_another_namespace() {
        let stat = "17 (a b) c) S 1 17 0 34816 17 4194304 95";
        assert_eq!(
            Job::parse(stat),
            Some(Job {
                parent: 1,
                group: 17,
                session: 0
            })
        );
        assert_eq!(Job::parse("17 (cut) S 1"), None);
    }
}
