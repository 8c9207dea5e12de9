//! The wire between the hosts: what a packet says (`segment`, `icmp`, `dns`), what it is beside those before it (`flow`), what becomes of
//! it (`rule`, `queue`), what states it implies (`inferred`), what the link does to what passes (`link`), which copies of it stand behind it (`fold`), what its host leaves to
//! the device to do with it (`offload`), and packets of our own (`forge`). Pure: no clock, no descriptor.
#![deny(clippy::unwrap_used)]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![deny(unsafe_code)]

mod dns;
pub mod flow;
pub mod fold;
pub mod forge;
mod icmp;
pub mod inferred;
pub mod link;
pub mod offload;
pub mod queue;
pub mod rule;
pub mod segment;
