//! The present in words: what each end's plate says, what became of the two directions, and what *now* says of what happened last.
//!
//! Pure functions of the session and a time. Nothing is stored, so that nothing can go stale: whoever draws asks again. The words are
//! in `assets/explain/`, and `finwait_explain` has the tables that choose them.

mod directions;
mod lines;
mod plate;

pub(in crate::session) use directions::Among;
pub use directions::{Directions, Pipe};
pub use lines::{NowEvent, NowLines, NowReason};
pub(crate) use plate::TABS;
pub use plate::{Blocked, FittedSentence, Plate, Tab};
