//! The driver's durations: each pause and each patience, with its reason.

use std::time::Duration;

/// The driver's durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    /// The pause after which the tables are read for the screen, and the longest that plain data waits to be reported. Short, for a call's
    /// outcome follows its packets at once.
    pub(super) grace: Duration,
    /// The same after more than a batch of packets: who takes them in has a turn on the same CPU, which is no end of the stream. Longer
    /// than the kernel's tick, so that poll's timeout need not program the CPU's timer for every packet (2 us in a virtual machine).
    pub(super) stream_grace: Duration,
    /// The time between two readings for the screen while packets stream without a pause: ten a second look live, and each costs as much
    /// as many packets.
    pub(super) busy_reading: Duration,
    /// The longest time between two readings of a host's table while a program runs there: what it does silently, as to listen, is seen
    /// then.
    pub(super) program_reading: Duration,
    /// The time between two readings of procfs beside a program with many sockets, while packets come without a pause: what changed meanwhile is
    /// told by sock_diag alone.
    pub(super) whole_telling: Duration,
    /// The longest that a change of state waits for the call that strace is about to print: that is printed when it has returned.
    pub(super) strace_patience: Duration,
    /// The first wait before the tables are read again while a socket waits for an acknowledgement that no packet will announce
    /// (loopback), and when a call has begun that does not return (it may fill a queue and then block); twice as long each time.
    pub(super) first_look: Duration,
    /// The longest of those waits. What is not done then waits for a timer of the kernel, or is looked for so often, where no word will
    /// tell of it: what a library takes unasked, and what a torn reading did not show.
    pub(super) last_look: Duration,
    /// The least time between two readings because of a timer; twice as long each time that one is overdue, for the kernel's timer wheel
    /// lets long ones go off late (TIME_WAIT's by more than a second).
    pub(super) timer_slack: Duration,
    /// The longest of those times.
    pub(super) timer_patience: Duration,
    /// The longest wait between two looks for the return of a call whose wait is over by the table; then all counts as quiet without it.
    /// A few turns of the scheduler on a busy machine, and not for ever: another thread may have taken what the call waits for.
    pub(super) return_patience: Duration,
    /// The longest that a packet waits for a call that ends something on the host that it is for; only a close that lingers takes longer.
    pub(super) ending_patience: Duration,
}

impl Timing {
    /// The durations for live hosts.
    pub(super) const LIVE: Timing = Timing {
        grace: Duration::from_micros(100),
        stream_grace: Duration::from_millis(5),
        busy_reading: Duration::from_millis(100),
        program_reading: Duration::from_millis(20),
        whole_telling: Duration::from_secs(1),
        strace_patience: Duration::from_millis(5),
        first_look: Duration::from_millis(1),
        last_look: Duration::from_millis(256),
        timer_slack: Duration::from_millis(5),
        timer_patience: Duration::from_millis(640),
        return_patience: Duration::from_millis(32),
        ending_patience: Duration::from_millis(20),
    };
}
