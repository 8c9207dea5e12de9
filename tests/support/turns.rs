//! A bound on what is done at the same time.

use std::sync::{Condvar, Mutex, PoisonError};

/// So many may work at the same time, whatever the number of threads: more would be slower than a test's patience.
pub struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Turns {
    pub const fn new(many: usize) -> Turns {
        Turns {
            free: Mutex::new(many),
            freed: Condvar::new(),
        }
    }

    /// Waits for a turn, which ends when what is returned is dropped.
    pub fn take(&self) -> Turn<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.freed.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn(self)
    }
}

/// A turn, until it is dropped.
pub struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
