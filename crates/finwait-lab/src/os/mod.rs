//! The operating system where the libraries end: the only unsafe code of the program.

pub mod constructor;
pub mod fork;
pub mod job;
pub mod netlink;
pub mod netns;
pub mod rtnl;
pub mod signal;
pub mod sock;
pub mod stat;
pub mod sysctl;
pub mod tun;
pub mod user;
