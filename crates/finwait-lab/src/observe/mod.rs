//! The sockets according to the kernel: procfs for the state on the screen, sock_diag for timers and TCP_INFO.
//!
//! Both are read through descriptors opened in the host's network namespace, which keep pointing there from any thread.

pub mod counters;
pub mod diag;
pub mod procfs;
pub mod rows;
pub mod trace;
pub mod tracker;
