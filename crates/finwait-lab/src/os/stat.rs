//! A process's or a thread's line in procfs (proc_pid_stat(5)).

/// Returns the fields that follow the command's name, which may hold blanks and brackets; the first is the state. None of a text that is no
/// such line.
pub fn after_name(stat: &str) -> Option<impl Iterator<Item = &str>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace())
}
