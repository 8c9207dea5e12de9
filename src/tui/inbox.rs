//! The screen's inbox: a channel out of which what the user does, and what they wait for, comes before what streams out of a lab.
//!
//! A lab tells thousands of events before it waits for their reader. A key that is pressed behind them would wait until all of them were
//! taken in.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Makes an inbox, and the first of its senders.
pub fn channel<M>() -> (Sender<M>, Inbox<M>) {
    let shared = Arc::new(Shared {
        queues: Mutex::new(Queues {
            sent: VecDeque::new(),
            streamed: VecDeque::new(),
            is_closed: false,
        }),
        came: Condvar::new(),
    });
    let sender = Sender {
        shared: Arc::clone(&shared),
    };
    (sender, Inbox { shared })
}

#[derive(Debug)]
struct Shared<M> {
    queues: Mutex<Queues<M>>,
    came: Condvar,
}

#[derive(Debug)]
struct Queues<M> {
    /// The messages that go first, in their order.
    sent: VecDeque<M>,
    /// What streams, in its order.
    streamed: VecDeque<M>,
    /// Nobody reads any more.
    is_closed: bool,
}

impl<M> Queues<M> {
    fn take(&mut self) -> Option<M> {
        self.sent.pop_front().or_else(|| self.streamed.pop_front())
    }
}

impl<M> Shared<M> {
    /// The queues are whole at any moment, also where a thread that had them has panicked.
    fn queues(&self) -> MutexGuard<'_, Queues<M>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands messages to the owner of an [`Inbox`].
#[derive(Debug)]
pub struct Sender<M> {
    shared: Arc<Shared<M>>,
}

impl<M> Clone for Sender<M> {
    fn clone(&self) -> Sender<M> {
        Sender {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<M> Sender<M> {
    /// Hands over a message, before all that streams; returns whether anybody may read it.
    pub fn send(&self, message: M) -> bool {
        self.push(message, |queues| &mut queues.sent)
    }

    /// Hands over one that streams, behind all that were sent; returns whether anybody may read it.
    pub fn stream(&self, message: M) -> bool {
        self.push(message, |queues| &mut queues.streamed)
    }

    fn push(&self, message: M, to: impl FnOnce(&mut Queues<M>) -> &mut VecDeque<M>) -> bool {
        let mut queues = self.shared.queues();
        if queues.is_closed {
            // Out of the lock: the message may wake somebody when it is dropped.
            drop(queues);
            return false;
        }
        to(&mut queues).push_back(message);
        drop(queues);
        self.shared.came.notify_one();
        true
    }
}

/// The end at which messages are taken out: one thread's.
#[derive(Debug)]
pub struct Inbox<M> {
    shared: Arc<Shared<M>>,
}

impl<M> Inbox<M> {
    /// Waits for the next message, for that time at most; without one, however long it takes. Returns none when the time is up.
    pub fn take(&self, most: Option<Duration>) -> Option<M> {
        let until = most.map(|most| Instant::now() + most);
        let mut queues = self.shared.queues();
        loop {
            if let Some(message) = queues.take() {
                return Some(message);
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            queues = match left {
                None => self.shared.came.wait(queues).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return None,
                Some(left) => {
                    let waited = self.shared.came.wait_timeout(queues, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Returns the next message, if there is one.
    pub fn try_take(&self) -> Option<M> {
        self.shared.queues().take()
    }

    /// Returns the next message that does not stream, if there is one.
    pub fn try_take_sent(&self) -> Option<M> {
        self.shared.queues().sent.pop_front()
    }

    /// Returns the next message that streams, if there is one.
    pub fn try_take_streamed(&self) -> Option<M> {
        self.shared.queues().streamed.pop_front()
    }

    /// Does a message wait that goes before what streams?
    pub fn has_sent(&self) -> bool {
        !self.shared.queues().sent.is_empty()
    }

    /// Puts back what is left of one that streams, before all that has streamed in since.
    pub fn put_back(&self, rest: M) {
        self.shared.queues().streamed.push_front(rest);
    }
}

impl<M> Drop for Inbox<M> {
    fn drop(&mut self) {
        let mut queues = self.shared.queues();
        queues.is_closed = true;
        let unread = (std::mem::take(&mut queues.sent), std::mem::take(&mut queues.streamed));
        drop(queues);
        drop(unread);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_goes_before_what_streams_and_each_keeps_its_order() {
        let (sender, inbox) = channel();
        sender.stream("packet 1");
        sender.stream("packet 2");
        sender.send("key 1");
        sender.send("key 2");
        assert!(inbox.has_sent());
        let taken: Vec<&str> = std::iter::from_fn(|| inbox.try_take()).collect();
        assert_eq!(taken, ["key 1", "key 2", "packet 1", "packet 2"]);
        assert!(!inbox.has_sent());
    }

    #[test]
    fn the_rest_of_a_batch_is_taken_in_before_the_next() {
        let (sender, inbox) = channel();
        sender.stream("batch 1");
        sender.stream("batch 2");
        assert_eq!(inbox.try_take_sent(), None);
        assert_eq!(inbox.try_take(), Some("batch 1"));
        sender.send("key");
        inbox.put_back("rest of batch 1");
        assert_eq!(inbox.try_take_streamed(), Some("rest of batch 1"));
        assert_eq!(inbox.try_take_sent(), Some("key"));
        assert_eq!(inbox.try_take(), Some("batch 2"));
    }

    #[test]
    fn its_owner_is_woken_by_either_and_sleeps_no_longer_than_it_wants() {
        let (sender, inbox) = channel();
        assert_eq!(inbox.take(Some(Duration::from_millis(1))), None);
        for streams in [false, true] {
            let to = sender.clone();
            let other = std::thread::spawn(move || if streams { to.stream(1) } else { to.send(1) });
            assert_eq!(inbox.take(None), Some(1));
            assert!(other.join().unwrap());
        }
        drop(inbox);
        assert!(!sender.send(2) && !sender.stream(2));
    }
}
