//! The wire between the hosts: what a packet says.

mod icmp;
pub mod segment;
