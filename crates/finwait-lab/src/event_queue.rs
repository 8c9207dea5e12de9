//! Events of the driver, on their way to the lab's owner: in batches, and never much more than the owner keeps up with.

use rustix::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::event::{LabEvent, TimedEvent};
use finwait_model::clock::MonoTime;

/// The most events that wait for their reader before the driver waits for it: the outcome of a call waits behind them, for events keep
/// their order.
const MOST_UNREAD: usize = 256;
/// The number of unread events at which the driver goes on: to wait for each batch anew would cost a wake-up a batch.
const FEW_UNREAD: usize = MOST_UNREAD / 2;
/// The most events that are handed over at once.
const BATCH: usize = 128;

/// Events in the order in which they happened: a message and a wake-up for each packet would cost more than the packet.
#[derive(Debug)]
pub struct Batch {
    events: Vec<TimedEvent>,
    receipt: Receipt,
}

impl IntoIterator for Batch {
    type Item = TimedEvent;
    type IntoIter = BatchEvents;

    fn into_iter(self) -> BatchEvents {
        BatchEvents {
            events: self.events.into_iter(),
            _receipt: self.receipt,
        }
    }
}

/// The events of a batch, one by one.
#[derive(Debug)]
pub struct BatchEvents {
    events: std::vec::IntoIter<TimedEvent>,
    _receipt: Receipt,
}

impl Iterator for BatchEvents {
    type Item = TimedEvent;

    fn next(&mut self) -> Option<TimedEvent> {
        self.events.next()
    }
}

/// The number of events on their way, and what wakes a driver that waits for them to become fewer.
#[derive(Debug)]
struct Unread {
    events: AtomicUsize,
    wake: Arc<OwnedFd>,
}

/// Goes with a batch; it is dropped when the batch was read, or when nobody will read it.
#[derive(Debug)]
struct Receipt {
    events: usize,
    unread: Arc<Unread>,
}

impl Drop for Receipt {
    fn drop(&mut self) {
        let before = self.unread.events.fetch_sub(self.events, Ordering::AcqRel);
        if before > FEW_UNREAD && before - self.events <= FEW_UNREAD {
            let _ = rustix::io::write(&self.unread.wake, &1u64.to_ne_bytes());
        }
    }
}

/// The driver's end of the queue.
pub(super) struct EventQueue {
    sink: Box<dyn Fn(Batch) + Send>,
    events: Vec<TimedEvent>,
    unread: Arc<Unread>,
    /// Somebody may wait for one of the events.
    urgent: bool,
    /// The reader was too far behind, and has not caught up yet.
    behind: bool,
}

impl EventQueue {
    /// Hands over to `sink`; `wake` is written to when a reader that was behind has caught up.
    pub fn new(sink: Box<dyn Fn(Batch) + Send>, wake: Arc<OwnedFd>) -> EventQueue {
        let events = AtomicUsize::new(0);
        EventQueue {
            sink,
            events: Vec::new(),
            unread: Arc::new(Unread { events, wake }),
            urgent: false,
            behind: false,
        }
    }

    /// Something happened; it is handed over at the end of the driver's turn.
    pub fn push(&mut self, what: LabEvent) {
        self.urgent = true;
        self.push_idly(what);
    }

    /// Something happened that is one of many alike, as the packets of a stream are: it may wait for a few of them.
    pub fn push_idly(&mut self, what: LabEvent) {
        self.events.push(TimedEvent {
            at: MonoTime::now(),
            what,
        });
        if self.events.len() >= BATCH {
            self.flush();
        }
    }

    /// Hands over, at the end of a turn, what cannot wait, or has waited long enough.
    pub fn flush_due(&mut self, linger: Duration) {
        if let Some(first) = self.events.first()
            && (self.urgent || MonoTime::now().since(first.at) >= linger)
        {
            self.flush();
        }
    }

    /// Hands over what there is.
    pub fn flush(&mut self) {
        self.urgent = false;
        if self.events.is_empty() {
            return;
        }
        let next = Vec::with_capacity(self.events.len());
        let events = std::mem::replace(&mut self.events, next);
        self.unread.events.fetch_add(events.len(), Ordering::AcqRel);
        let receipt = Receipt {
            events: events.len(),
            unread: Arc::clone(&self.unread),
        };
        (self.sink)(Batch { events, receipt });
    }

    /// Is the reader so far behind that it has to catch up first? When it has, it wakes the driver.
    pub fn is_behind(&mut self) -> bool {
        let most = if self.behind { FEW_UNREAD } else { MOST_UNREAD };
        self.behind = self.unread.events.load(Ordering::Acquire) > most;
        self.behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{EventfdFlags, eventfd};
    use std::sync::mpsc::{Receiver, channel};

    fn queue() -> (EventQueue, Receiver<Batch>, Arc<OwnedFd>) {
        let (sender, inbox) = channel();
        let wake = Arc::new(eventfd(0, EventfdFlags::NONBLOCK).unwrap());
        let sink = move |batch| drop(sender.send(batch));
        (EventQueue::new(Box::new(sink), Arc::clone(&wake)), inbox, wake)
    }

    fn note(n: usize) -> LabEvent {
        LabEvent::Note(n.to_string())
    }

    #[test]
    fn events_keep_their_order_across_batches() {
        let (mut queue, inbox, _wake) = queue();
        (0..3 * BATCH).for_each(|n| match n % 2 {
            0 => queue.push(note(n)),
            _ => queue.push_idly(note(n)),
        });
        queue.push(note(3 * BATCH));
        queue.flush_due(Duration::MAX);
        let told: Vec<LabEvent> = inbox.try_iter().flatten().map(|event| event.what).collect();
        assert_eq!(told, (0..=3 * BATCH).map(note).collect::<Vec<_>>());
    }

    #[test]
    fn what_may_wait_goes_with_what_may_not_or_when_it_has_waited_enough() {
        let (mut queue, inbox, _wake) = queue();
        queue.push_idly(note(1));
        queue.push(note(2));
        queue.flush_due(Duration::MAX);
        assert_eq!(inbox.try_iter().flatten().count(), 2);

        queue.push_idly(note(3));
        queue.flush_due(Duration::MAX);
        assert_eq!(inbox.try_iter().flatten().count(), 0);
        queue.flush_due(Duration::ZERO);
        assert_eq!(inbox.try_iter().flatten().count(), 1);
    }

    #[test]
    fn a_reader_that_is_behind_is_waited_for_and_wakes_the_driver_when_it_has_caught_up() {
        let (mut queue, inbox, wake) = queue();
        let mut told = 0;
        while !queue.is_behind() {
            queue.push(note(told));
            queue.flush();
            told += 1;
        }
        assert_eq!(told, MOST_UNREAD + 1);
        assert!(told < 300, "an outcome would have {told} events before it");
        let woken = || rustix::io::read(&wake, &mut [0; 8]).is_ok();
        assert!(inbox.try_iter().take(100).count() == 100 && queue.is_behind() && !woken());
        assert!(inbox.try_iter().take(FEW_UNREAD).count() == FEW_UNREAD && !queue.is_behind() && woken());
        // Nobody reads any more: nothing is unread, and nothing is waited for.
        drop(inbox);
        (0..2 * MOST_UNREAD).for_each(|n| queue.push(note(n)));
        assert!(!queue.is_behind());
    }
}
