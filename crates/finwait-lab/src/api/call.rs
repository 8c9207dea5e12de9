//! The reasons why a call gave no value.

use std::fmt;

use crate::error::Error;
use finwait_model::errno::Errno;

/// The reason why a call gave no value: the kernel's answer, or a failure of the lab.
///
/// Prints the same with `Debug` as with `Display`, so that a test that ends with it reads as `connect(5, 10.0.0.2:8080) = -1 ECONNREFUSED
/// (Connection refused)`.
#[non_exhaustive]
#[derive(thiserror::Error)]
pub enum CallError {
    /// The kernel failed the call.
    #[error("{call} = -1 {errno}")]
    Errno {
        /// The call as `strace` prints it, without its result.
        call: String,
        /// The error number.
        errno: Errno,
    },
    /// The lab could not make the call, or the call did not return in time.
    #[error("{0}")]
    Lab(Box<Error>),
}

impl CallError {
    /// The error number, where the kernel failed the call; none where the lab did.
    pub const fn errno(&self) -> Option<Errno> {
        match self {
            CallError::Errno { errno, .. } => Some(*errno),
            CallError::Lab(_) => None,
        }
    }

    /// Does a call that blocks in the kernel still wait there?
    pub fn is_timeout(&self) -> bool {
        matches!(self, CallError::Lab(error) if matches!(**error, Error::TimedOut(_)))
    }
}

impl fmt::Debug for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> CallError {
        match error {
            Error::Call(call) => call,
            error => CallError::Lab(Box::new(error)),
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Error {
        match error {
            CallError::Lab(error) => *error,
            call @ CallError::Errno { .. } => Error::Call(call),
        }
    }
}
