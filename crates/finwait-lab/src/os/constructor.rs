//! The function that the C library calls before `main` in every program that this crate is linked into.
//!
//! A lab needs processes of its own: one with a single thread that may enter a user namespace, endpoints, reapers. It starts the
//! program that uses it once more, under another name, and that start must never reach `main`: in a test program `main` would run
//! the tests. At this moment the process has one thread.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

static RAN: AtomicBool = AtomicBool::new(false);

/// Whether a second start of this process's program would come to the constructor before `main`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// It would.
    InProgram,
    /// The constructor is in a shared library, which another program has loaded: that one's `main` would run.
    InLibrary,
    /// The linker has left the constructor out.
    Nowhere,
}

/// Returns where the constructor is.
pub fn linked() -> Linked {
    if !RAN.load(Ordering::Relaxed) {
        return Linked::Nowhere;
    }
    let program = std::fs::read_link("/proc/self/exe").unwrap_or_default();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    match file_at(&maps, before_main as *const () as usize) {
        Some(file) if Path::new(file) != program => Linked::InLibrary,
        _ => Linked::InProgram,
    }
}

/// Returns the file that is mapped at an address, by the lines of proc_pid_maps(5); none where no file is.
fn file_at(maps: &str, address: usize) -> Option<&str> {
    let holds = |line: &&str| {
        let range = line.split_once(' ').and_then(|(range, _)| range.split_once('-'));
        let read = |text| usize::from_str_radix(text, 16).ok();
        range.is_some_and(|(from, to)| read(from) <= Some(address) && Some(address) < read(to))
    };
    let line = maps.lines().find(holds)?;
    line.find('/').map(|at| &line[at..])
}

/// Takes no arguments: glibc gives a constructor those of `main`, musl does not. A panic in it aborts the process.
extern "C" fn before_main() {
    RAN.store(true, Ordering::Relaxed);
    crate::role::take_up();
}

// SAFETY: `.init_array` holds pointers to functions of the C ABI that return nothing, which this is; arguments that the caller passes
// and the function does not take are ignored in the C ABI. Nothing in it needs what std sets up before `main` (arguments, the SIGPIPE
// disposition); everything else of std works from the first instruction on. `used` keeps the static in the program, as one that
// nothing refers to. 101 is the first priority that is not the C library's: before constructors that might start threads.
#[used]
#[unsafe(link_section = ".init_array.00101")]
static BEFORE_MAIN: extern "C" fn() = before_main;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_program_has_the_constructor_in_itself() {
        assert_eq!(linked(), Linked::InProgram);
    }

    #[test]
    fn the_file_at_an_address() {
        let maps = "55d0-55e0 r-xp 00001000 fe:00 12   /usr/bin/python3\n7f00-7f10 r-xp 0 fe:00 13 /tmp/a b.so\n7fff-8000 rw-p 0 0:0 0";
        assert_eq!(file_at(maps, 0x55d5), Some("/usr/bin/python3"));
        assert_eq!(file_at(maps, 0x7f00), Some("/tmp/a b.so"));
        assert_eq!(file_at(maps, 0x7f10), None);
        assert_eq!(file_at(maps, 0x7fff), None);
    }
}
