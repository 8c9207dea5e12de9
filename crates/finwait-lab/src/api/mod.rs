//! The lab as other people's tests use it: it lives in a child process, and each of its calls is a method.

mod call;
mod host;
mod lab;
mod pending;
mod program;
mod remote;
mod segment;
mod socket;
mod transcript;
mod view;
mod wire;

pub use call::CallError;
pub use host::Host;
pub use lab::{Lab, LabBuilder};
pub use pending::Pending;
pub use program::Program;
pub use segment::Segment;
pub use socket::{Listener, MOST_READ, Socket};
pub use transcript::Transcript;
pub use view::View;
pub use wire::{HeldSegment, Hold, RuleHandle, Wire};

pub(crate) use remote::{Gone, TimedOut};
