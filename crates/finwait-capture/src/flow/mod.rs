//! The connections of a capture, in bounded memory.
//!
//! `table` finds the connection of a packet, `connection` follows one, `end` has what one of its ends has sent. Each costs the same for every
//! packet, and a connection is of bounded size.

mod connection;
mod end;
mod gone;
mod sightings;
mod table;

pub use connection::{Connection, ConnectionNo, HalfClose, IcmpSeen, Note, Start};
pub use end::{End, ZeroWindow};
pub use table::{Limits, Table, Totals};
