//! Tables of sockets and of counters, as tools print them, and what they show.
//!
//! A [`ListingScanner`] gets a text line by line. Each row of `ss`, `netstat`, `/proc/net/tcp{,6}` or `lsof -i` becomes a [`ListedSocket`];
//! all rows together a [`SocketTable`] with its findings: who leaks what, which queue is full, whose it is. Rows of `nstat`, `netstat -s`,
//! `/proc/net/netstat` and `snmp` become [`ReadCounters`], lines of the kernel's log a [`KernelTally`](crate::kernel_log::KernelTally). What
//! is none of these is left to `wording`. Words are in `assets/explain/listing.toml` and `rows.toml`.
//!
//! Pure; memory is bounded whatever comes.

mod address;
mod counters;
mod finding;
mod look;
mod lsof;
mod netstat;
mod note;
mod procfs;
mod row;
mod scanner;
mod ss;
mod table;
mod words;

#[cfg(test)]
mod tests;

pub use address::{ListedAddress, ListedHost, ListedPort};
pub use counters::{Concern, CounterValue, ReadCounters};
pub use finding::{FindingId, Urgency};
pub use note::{meanings, notes, situations};
pub use row::{ListForm, ListedInfo, ListedProgram, ListedSocket, ListedTimer, Owner};
pub use scanner::{ListingScanner, state_told_of, state_within};
pub use table::{NumberedSocket, SocketTable, StateCounts, TableFinding};

/// The words of a finding, as `listing.toml` has them.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// The sentence that says what it is.
    pub says: &'static str,
    /// What to measure next.
    pub measure: &'static [&'static str],
    /// What mends it.
    pub mends: &'static str,
}
