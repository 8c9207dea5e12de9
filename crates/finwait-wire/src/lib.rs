//! The wire between the hosts: what a packet says (`segment`, `icmp`), what it is beside those before it (`flow`), what becomes of
//! it (`rule`, `queue`), and packets of our own (`forge`). Pure: no clock, no descriptor.
#![deny(clippy::unwrap_used)]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![deny(unsafe_code)]

pub mod flow;
pub mod forge;
mod icmp;
pub mod queue;
pub mod rule;
pub mod segment;
