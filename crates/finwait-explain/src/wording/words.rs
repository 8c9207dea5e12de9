//! The wordings, compiled from `assets/explain/wordings/*.toml` by the build script: what stands for what, in whose language.

use super::codes::CodeMeaning;
use super::table::Cue;
use super::{Subject, System};
use crate::rules::CallClass;
use crate::situation::SituationId;
use finwait_model::errno::Errno;

/// Words that stand for something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wording {
    /// The text in small letters, as whole words; in `KINDS` as it is.
    pub(super) text: &'static str,
    /// The subject.
    pub(super) subject: Subject,
    /// The language or program whose they are.
    pub(super) dialect: Option<Dialect>,
    /// The call, where that is certain.
    pub(super) call: Option<CallClass>,
    /// The system whose they are, where it is not Linux.
    pub(super) system: Option<System>,
    /// A remark on them.
    pub(super) remark: Option<&'static str>,
    /// Text that must be elsewhere in the line.
    pub(super) with: Option<&'static str>,
    /// Text that must not be in the line.
    pub(super) unless: Option<&'static str>,
    /// Do they count only where a clause ends? (`unexpected EOF at line 3` is a parser's.)
    pub(super) ends: bool,
    /// The situations that they are printed in, the likeliest first.
    pub(super) hints: &'static [SituationId],
}

/// Words of something else than a socket.
#[derive(Debug)]
pub(super) struct Other {
    /// The text in small letters, as whole words.
    pub(super) text: &'static str,
    /// Words that make the line one about a socket again.
    pub(super) unless: &'static [&'static str],
    /// What it is about.
    pub(super) what: SomethingElse,
    /// Is it an error by itself?
    pub(super) is_error: bool,
}

/// A code in the log of a proxy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    /// The code, whose capitals count.
    pub(super) text: &'static str,
    pub(super) means: CodeMeaning,
}

include!(concat!(env!("OUT_DIR"), "/wordings.rs"));
