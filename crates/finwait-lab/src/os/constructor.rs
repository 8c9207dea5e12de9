//! The function that the C library calls before `main` in every program that this crate is linked into.
//!
//! A lab needs processes of its own: one with a single thread that may enter a user namespace, endpoints, reapers. It starts the
//! program that uses it once more, under another name, and that start must never reach `main`: in a test program `main` would run
//! the tests. At this moment the process has one thread.

use std::sync::atomic::{AtomicBool, Ordering};

static RAN: AtomicBool = AtomicBool::new(false);

/// Did it run in this process? Where it was not linked in, a second start of the program would be the program itself.
pub fn ran() -> bool {
    RAN.load(Ordering::Relaxed)
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
