//! Captures of TCP: read in a stream (`reader`: pcap, pcapng, tcpdump's text), put into connections (`flow`) whose states are those that the
//! segments imply, with what went wrong in them (`finding`), who reset them and why that can be (`reset`), and what the programs at both ends
//! saw of it (`seen`). Pure: its only input is an `impl Read`.
//!
//! A packet in a capture was sent; whether it was received is another matter, and depends on where the capture was taken.
#![deny(clippy::unwrap_used)]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![deny(unsafe_code)]

pub mod finding;
pub mod flow;
pub mod reader;
pub mod reset;
pub mod seen;
pub mod view;

#[cfg(test)]
mod tests;
