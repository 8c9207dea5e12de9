//! A socket in the kernel, as the record has it: the fields of `struct sock` that decide what later calls return, each with the entry
//! of the transcript that set it.
//!
//! Pure, and no simulation: a field is set by what the kernel was seen to do. Whether it took a segment or ignored it is read from the
//! change of state that followed (`tcp_validate_incoming`, `tcp_rcv_synsent_state_process` and their like decide; we see what they
//! decided). So a FIN beyond the window, or an RST that meets a closed socket, sets nothing.

use super::rules::{CallClass, is_told_once};
use finwait_model::call::{Call, ReadFlag, ShutdownHow, SocketOption};
use finwait_model::errno::Errno;
use finwait_model::outcome::{Outcome, Value};
use finwait_model::socket_table::TimerKind;
use finwait_model::state::State;
use finwait_wire::segment::{Flags, IcmpError, Segment, SeqNo};

/// The number of an entry of the transcript.
pub type EntryNo = u64;

/// The cause of a change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// An RST that it received.
    Rst,
    /// An ICMP error that its host received.
    Icmp(IcmpError),
    /// Any other segment that it received.
    Segment,
    /// A timer of the kernel that ran out.
    Timer(TimerKind),
    /// SOCK_DESTROY, as `ss -K` does it.
    Administrator,
    /// A call of its own endpoint, or the end of one that still held it.
    Call(CallClass),
    /// The end of its process.
    Death,
    /// Something that was not seen: a segment in a lab without a wire, and the peer's call that sent it, where one was under way.
    Unseen(Option<CallClass>),
}

impl EndCause {
    /// Was it not seen?
    pub const fn is_unseen(self) -> bool {
        matches!(self, EndCause::Unseen(_))
    }
}

/// The end of a connection, or of an attempt at one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionEnd {
    /// The cause of the end.
    pub by: EndCause,
    /// The state that it ended.
    pub from: State,
    /// The state that it led to: TIME_WAIT or CLOSE.
    pub to: State,
    /// The entry of what ended it: the packet, the call, or the change of state where neither was seen.
    pub entry: EntryNo,
}

impl ConnectionEnd {
    /// Did both sides end their directions in order, so that no error is left (`tcp_done` by the last ACK, or TIME_WAIT)?
    pub const fn is_orderly(&self) -> bool {
        match self.by {
            EndCause::Segment | EndCause::Unseen(_) if self.is_by_data() => false,
            EndCause::Segment => true,
            // A closed or killed socket has no reader left; disconnect and shutdown leave ECONNRESET.
            EndCause::Call(CallClass::Close) => true,
            // Its FIN was answered while the call lasted: the loopback lab shows no state between, nor does a socket that is connected
            // to itself.
            EndCause::Call(CallClass::Shutdown) => !self.is_of_handshake(),
            EndCause::Call(_) => false,
            EndCause::Death => true,
            EndCause::Rst | EndCause::Icmp(_) | EndCause::Timer(_) | EndCause::Administrator | EndCause::Unseen(_) => {
                false
            }
        }
    }

    /// Did data end it that came after we had shut both directions down, or beyond the peer's own FIN: the kernel resets the
    /// connection itself, and tells us ECONNRESET, in CLOSE_WAIT EPIPE (`tcp_rcv_state_process`)? The peer's FIN leads to TIME_WAIT
    /// instead.
    pub const fn is_by_data(&self) -> bool {
        matches!(
            (self.by, self.from, self.to),
            (
                EndCause::Segment | EndCause::Unseen(Some(CallClass::Write)),
                State::FinWait1 | State::FinWait2,
                State::Close
            ) | (EndCause::Segment, State::CloseWait, State::Close)
        )
    }

    /// Did the peer's RST end it? Where no segment is seen, the peer's call tells: a close or a disconnect ends at once what is not
    /// waiting for the last ACK only by RST.
    pub const fn is_by_rst(&self) -> bool {
        use State::{Close, CloseWait, Established, FinWait1, FinWait2};
        matches!(self.by, EndCause::Rst)
            || matches!(
                (self.by, self.from, self.to),
                (
                    EndCause::Unseen(Some(CallClass::Close | CallClass::Disconnect)),
                    Established | FinWait1 | FinWait2 | CloseWait,
                    Close
                )
            )
    }

    /// Returns the error that it left in the socket, where the cause and the state decide it (`tcp_reset`, `tcp_write_err`, `tcp_abort`).
    pub const fn leaves(&self) -> Option<Errno> {
        match (self.by, self.from) {
            (EndCause::Rst, State::SynSent) => Some(Errno::ECONNREFUSED),
            (EndCause::Rst, State::CloseWait) => Some(Errno::EPIPE),
            (EndCause::Rst, _) => Some(Errno::ECONNRESET),
            (EndCause::Timer(_), _) => Some(Errno::ETIMEDOUT),
            (EndCause::Administrator, _) => Some(Errno::ECONNABORTED),
            _ => None,
        }
    }

    /// Did it end an attempt, before the handshake was done?
    pub const fn is_of_handshake(&self) -> bool {
        matches!(self.from, State::SynSent | State::SynRecv)
    }
}

/// A call of ours, and the entry of its outcome; of its beginning while it is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallEntry {
    /// The class of the call.
    pub class: CallClass,
    /// The entry of the call.
    pub entry: EntryNo,
}

/// Where the kernel took the urgent byte from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UrgentFrom {
    /// From the data: it is the one that was announced.
    Payload,
    /// From the header of a segment that begins right after it, because that came first.
    Header,
}

/// The newest segments of each kind that left the host, whatever became of them on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentSegments {
    /// The entry of the newest with FIN.
    pub fin: Option<EntryNo>,
    /// The entry of the newest with RST.
    pub rst: Option<EntryNo>,
    /// SYNs, the first one and each that was sent again.
    pub syns: u32,
}

/// Options that were set on the socket, as far as they decide how long calls wait and what close does. None is the kernel's default, or
/// what a language's library chose without reporting it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SockOptions {
    /// O_NONBLOCK: of the open file, which `dup` shares and `accept` does not inherit.
    pub nonblock: bool,
    /// SO_RCVTIMEO, ms.
    pub rcvtimeo: i64,
    /// SO_SNDTIMEO, ms.
    pub sndtimeo: i64,
    /// SO_LINGER, seconds; none while it is off.
    pub linger: Option<i64>,
    /// TCP_LINGER2, seconds.
    pub linger2: Option<i64>,
    /// TCP_SYNCNT.
    pub syncnt: Option<i64>,
    /// TCP_USER_TIMEOUT, ms.
    pub user_timeout: Option<i64>,
}

/// A socket in the kernel, as far as the record has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sock {
    /// Has `connect` or `accept` given it a peer, or is it about to?
    pub connected: bool,
    /// Does it listen?
    pub listening: bool,
    /// The call that gave it a local address.
    pub named: Option<CallEntry>,
    /// The call that gave it a peer.
    pub peer: Option<CallEntry>,
    /// The call that made it listen.
    pub listened: Option<CallEntry>,
    /// The end of its listening: by a call of ours, or by the administrator.
    pub stopped: Option<(EndCause, EntryNo)>,
    /// The entry of the change of state with which its handshake was done.
    pub established: Option<EntryNo>,
    /// The peer's FIN, as the kernel took it (`SOCK_DONE`): the entry of the segment, or of the change of state where it was not seen.
    pub fin: Option<EntryNo>,
    /// Our own shutdown of reading (`RCV_SHUTDOWN`).
    pub receiving_shut: Option<EntryNo>,
    /// Our own shutdown of writing (`SEND_SHUTDOWN`).
    pub sending_shut: Option<EntryNo>,
    /// The end of the connection.
    pub end: Option<ConnectionEnd>,
    /// The call that got the error that the end had left (`sock_error` clears `sk_err`).
    pub reported: Option<EntryNo>,
    /// An ICMP error that was only noted (`sk_err_soft`), for the connection went on.
    pub noted: Option<(IcmpError, EntryNo)>,
    /// Did the peer's SYN cross ours: was it a simultaneous open?
    pub crossed: bool,
    /// Does the ICMP error that ended an attempt stand in the error queue, too (`tcp_v4_err`, `ip_icmp_error`)? There it stays until
    /// MSG_ERRQUEUE takes it, and no call here does. Over IPv6 it is put there for IPV6_RECVERR only.
    pub queued_icmp: bool,
    /// The connect that reported that its attempt had failed, and dissolved it (`__inet_stream_connect`).
    pub failed: Option<CallEntry>,
    /// The call that took the peer away: `disconnect`, or `shutdown` where it does the same (`inet_shutdown`).
    pub dissolved: Option<CallEntry>,
    /// The newest segments that left its host.
    pub left: SentSegments,
    /// The newest segment with FIN that reached its host before its end, taken or not.
    fin_arrived: Option<EntryNo>,
    /// The newest urgent byte that reached its host.
    pub urgent: Option<EntryNo>,
    /// Was an urgent byte read since?
    pub urgent_read: bool,
    /// The place of the newest urgent byte that was announced (`urg_seq`).
    urgent_seq: Option<SeqNo>,
    /// Where the kernel took that byte from; none while it waits for it (`TCP_URG_NOTYET`).
    urgent_from: Option<UrgentFrom>,
    /// The options that were set on it.
    pub options: SockOptions,
    /// The stream that came to be read.
    inbound: Inbound,
}

/// The stream that comes to a socket, counted from the peer's SYN, which has the number 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Inbound {
    /// The number after the last byte that came without a gap; 0 before one did.
    next: u32,
    /// The number of the FIN; none before it came.
    fin: Option<u32>,
    /// The bytes that reads have returned.
    read: u64,
    /// Has a read been told that there is nothing more?
    is_empty: bool,
}

/// Has the peer's FIN been taken in that state?
const fn has_fin(state: State) -> bool {
    matches!(
        state,
        State::CloseWait | State::LastAck | State::Closing | State::TimeWait
    )
}

impl Sock {
    /// Returns what a connection that came through this listener begins with: its options and what was shut down are inherited
    /// (`sk_clone_lock`), but not the options of the open file.
    pub fn accepted_from(listener: &Sock) -> Sock {
        Sock {
            options: SockOptions {
                nonblock: false,
                ..listener.options
            },
            receiving_shut: listener.receiving_shut,
            sending_shut: listener.sending_shut,
            ..Sock::default()
        }
    }

    /// Takes in that `accept`, whose entry is `entry`, gave it a descriptor.
    pub fn inherit(&mut self, begins_with: &Sock, entry: EntryNo) {
        let accept = CallEntry {
            class: CallClass::Accept,
            entry,
        };
        self.options = begins_with.options;
        self.receiving_shut = self.receiving_shut.or(begins_with.receiving_shut);
        self.sending_shut = self.sending_shut.or(begins_with.sending_shut);
        self.connected = true;
        (self.named, self.peer) = (Some(accept), Some(accept));
    }

    /// Did a connect fail, after the end of its listening if it ever listened?
    pub fn failed_after_listening(&self) -> bool {
        let after = |entry: EntryNo| self.stopped.is_none_or(|(_, stopped)| entry > stopped);
        self.failed.is_some_and(|made| after(made.entry))
    }

    /// Did a FIN end it that came beyond a gap, where data was expected: to `tcp_rcv_state_process` that is new data, too?
    pub fn ended_by_fin_beyond_a_gap(&self) -> bool {
        let by_data = self.end.filter(ConnectionEnd::is_by_data);
        by_data.is_some_and(|end| self.fin_arrived == Some(end.entry))
    }

    /// Is it a connection that has not been accepted, and can be? Those in a listener's queue go with it.
    pub const fn is_in_a_queue(&self) -> bool {
        let is_gone = matches!(
            self.end,
            Some(ConnectionEnd {
                by: EndCause::Call(_) | EndCause::Administrator | EndCause::Death,
                ..
            })
        );
        self.established.is_some() && self.peer.is_none() && !is_gone
    }

    /// Did accept make it, of a connection that is not known yet?
    pub fn is_just_accepted(&self) -> bool {
        self.established.is_none() && self.peer.is_some_and(|made| made.class == CallClass::Accept)
    }

    /// Does an error wait in it (`sk_err`), as far as is known?
    pub fn has_error(&self) -> bool {
        self.reported.is_none() && self.end.is_some_and(|end| !end.is_orderly())
    }

    /// Returns what ended the connection.
    pub fn ended_by(&self) -> Option<EndCause> {
        self.end.map(|end| end.by)
    }

    /// Takes in a change of its state. `cause` has the entry `by`: that of the packet or call, where there is one; `no` is the entry of
    /// the change itself.
    pub fn changed(&mut self, from: State, to: State, cause: EndCause, by: EntryNo, no: EntryNo) {
        use State::{Close, Established, Listen, SynRecv, SynSent, TimeWait};
        match (from, to) {
            // tcp_connect_init; sk_shutdown stays as it was.
            (Close, SynSent) => self.begin_attempt(),
            // SYN_SENT came and went unseen.
            (Close, to) if !matches!(to, Close | Listen | TimeWait) && self.has_a_past() => self.begin_attempt(),
            (Listen, Close) => {
                (self.listening, self.stopped) = (false, Some((cause, by)));
                // tcp_abort: ECONNABORTED waits in it.
                if cause == EndCause::Administrator {
                    self.end = Some(ConnectionEnd {
                        by: cause,
                        from,
                        to,
                        entry: by,
                    });
                }
                return;
            }
            _ => {}
        }
        let was_in_handshake = matches!(from, Close | SynSent | SynRecv);
        if to == Established || (was_in_handshake && !matches!(to, Close | SynSent | SynRecv | Listen)) {
            self.established.get_or_insert(no);
        }
        if !has_fin(from) && has_fin(to) {
            self.fin = Some(match cause {
                // It may have come before the data that it had to wait for.
                EndCause::Segment => self.fin_arrived.unwrap_or(by),
                _ => no,
            });
        }
        if to == Close {
            self.named = self.bound();
        }
        self.crossed |= (from, to) == (SynSent, SynRecv);
        if matches!(from, SynSent | SynRecv) && matches!(cause, EndCause::Icmp(_)) {
            self.queued_icmp = true;
        }
        if matches!(to, Close | TimeWait) && !matches!(from, Close | TimeWait) && self.end.is_none() {
            self.end = Some(ConnectionEnd {
                by: cause,
                from,
                to,
                entry: by,
            });
        }
    }

    /// Did a connect fail before it began an attempt, for want of a route? The socket is as it was then.
    fn found_no_way(&self, errno: Errno) -> bool {
        self.end.is_none() && matches!(errno, Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::EACCES)
    }

    /// The bind that gave it its port, which it keeps when the connection ends; one that the kernel chose is given up
    /// (`tcp_set_state`).
    fn bound(&self) -> Option<CallEntry> {
        self.named.filter(|made| made.class == CallClass::Bind)
    }

    /// Did a connection or an attempt at one end before?
    fn has_a_past(&self) -> bool {
        self.end.is_some() || self.reported.is_some() || self.dissolved.is_some()
    }

    /// A new attempt at a connection: nothing is left of the one before but what we set on the socket.
    fn begin_attempt(&mut self) {
        *self = Sock {
            connected: true,
            named: self.named,
            peer: self.peer,
            receiving_shut: self.receiving_shut,
            sending_shut: self.sending_shut,
            options: self.options,
            queued_icmp: self.queued_icmp,
            ..Sock::default()
        };
    }

    /// Takes in a segment that left its host.
    pub fn sent(&mut self, flags: Flags, entry: EntryNo) {
        if flags.has(Flags::SYN) {
            self.left.syns += 1;
        }
        if flags.has(Flags::FIN) {
            self.left.fin = Some(entry);
        }
        if flags.has(Flags::RST) {
            self.left.rst = Some(entry);
        }
    }

    /// Takes in a segment that reached its host; what the kernel made of it comes by [`Sock::changed`].
    pub fn received(&mut self, flags: Flags, entry: EntryNo) {
        // One that is sent again after the end did not cause it.
        if flags.has(Flags::FIN) && self.end.is_none() {
            self.fin_arrived = Some(entry);
        }
        if flags.has(Flags::URG) {
            (self.urgent, self.urgent_read) = (Some(entry), false);
        }
    }

    /// Takes in data, or a FIN, that reached its host: so many bytes, of which the first has the number `seq`.
    pub fn came(&mut self, seq: u32, bytes: usize, fin: bool) {
        // What comes later is answered with RST.
        if self.end.is_some() {
            return;
        }
        let end = seq.wrapping_add(bytes as u32);
        let next = self.inbound.next.max(1);
        if seq <= next && end > next {
            self.inbound.next = end;
        }
        if fin {
            self.inbound.fin = Some(end);
        }
    }

    /// Takes in that its host has acknowledged all before that number: what filled a gap, too.
    pub fn acknowledges(&mut self, next: u32) {
        self.inbound.next = self.inbound.next.max(next);
    }

    /// Returns the bytes that it still has to be read when its connection is over, and no table tells; none where that is not known.
    ///
    /// The receive queue stays with the descriptor, whatever ended the connection: neither `tcp_time_wait` nor `tcp_reset` empties it.
    /// `segments_seen` says whether its segments pass over a wire.
    pub fn left_unread(&self, segments_seen: bool) -> Option<u32> {
        let is_of_handshake = self.end.is_some_and(|end| end.is_of_handshake());
        // Nobody holds it any more, or tcp_disconnect has emptied its queue, and the call has not returned.
        let is_let_go = matches!(
            self.ended_by(),
            Some(EndCause::Call(CallClass::Close | CallClass::Disconnect) | EndCause::Death)
        );
        if self.inbound.is_empty || is_of_handshake || is_let_go {
            return Some(0);
        }
        // The data that ended it was not queued.
        let is_by_data = self.end.is_some_and(|end| end.is_by_data());
        // A read skips an urgent byte.
        if is_by_data || !segments_seen || self.urgent.is_some() {
            return None;
        }
        let next = self
            .inbound
            .fin
            .map_or(self.inbound.next, |fin| fin.min(self.inbound.next));
        let came = u64::from(next.saturating_sub(1));
        u32::try_from(came.checked_sub(self.inbound.read)?).ok()
    }

    /// Looks for the urgent byte in a segment that reached its host, as `tcp_urg` does: counted from the beginning of the header, with no
    /// look at whether the byte lies before the data. One that was lost is found in the header of a segment that follows it closely,
    /// an ACK without data, say.
    pub fn looks_for_urgent(&mut self, segment: &Segment) {
        if segment.flags.has(Flags(Flags::SYN.0 | Flags::RST.0)) {
            return;
        }
        if segment.flags.has(Flags::URG) {
            // tcp_check_urg: the pointer is to the byte after it (sysctl tcp_stdurg is off); only a later one counts.
            let to = u32::from(segment.urgent.saturating_sub(1));
            let seq = SeqNo(segment.seq.0.wrapping_add(to));
            let is_later = |known: SeqNo| seq.relative_to(known).wrapping_sub(1) < u32::MAX / 2;
            if self.urgent_seq.is_none_or(is_later) {
                (self.urgent_seq, self.urgent_from) = (Some(seq), None);
            }
        }
        let (Some(seq), None) = (self.urgent_seq, self.urgent_from) else {
            return;
        };
        let ahead = seq.relative_to(segment.seq);
        let behind = segment.seq.relative_to(seq);
        if (ahead as usize) < segment.len {
            self.urgent_from = Some(UrgentFrom::Payload);
        } else if (1..=segment.header_len()).contains(&(behind as usize)) {
            self.urgent_from = Some(UrgentFrom::Header);
        }
    }

    /// Is what the kernel hands out for the urgent byte a byte of a TCP header?
    pub fn is_urgent_of_a_header(&self) -> bool {
        self.urgent_from == Some(UrgentFrom::Header)
    }

    /// Takes in an ICMP error about it, that did not end an attempt: the kernel notes it while the connection stands (`tcp_v4_err`).
    pub fn hears(&mut self, icmp: IcmpError, entry: EntryNo) {
        if self.established.is_some() && self.end.is_none() {
            self.noted = Some((icmp, entry));
        }
    }

    /// Takes in the outcome of a call on it, whose entry is `entry`; `before` is the state when the call was made.
    pub fn called(&mut self, call: &Call, outcome: &Outcome, before: Option<State>, entry: EntryNo) {
        let ok = matches!(outcome, Outcome::Ok(_));
        if let Call::Read { n, flags, .. } = call {
            self.reads(*n, flags, outcome);
        }
        let made = |class| Some(CallEntry { class, entry });
        match (call, outcome) {
            (Call::Bind { .. }, _) if ok => self.named = self.named.or(made(CallClass::Bind)),
            (Call::Listen { .. }, _) if ok => {
                self.listening = true;
                self.named = self.named.or(made(CallClass::Listen));
                (self.listened, self.stopped) = (self.listened.or(made(CallClass::Listen)), None);
            }
            (Call::Connect { .. }, outcome) => self.connect_ended(outcome, entry),
            // inet_shutdown, tcp_disconnect: a listener and an attempt are dissolved.
            (Call::Disconnect, _) if ok => self.dissolve(CallClass::Disconnect, before, entry),
            (
                Call::Shutdown {
                    how: ShutdownHow::Write,
                },
                _,
            ) if before == Some(State::Listen) => {}
            (Call::Shutdown { .. }, _) if ok && matches!(before, Some(State::Listen | State::SynSent)) => {
                self.dissolve(CallClass::Shutdown, before, entry);
            }
            // Without a connection it fails, and is noted all the same.
            (Call::Shutdown { how }, _) if ok || outcome.errno() == Some(Errno::ENOTCONN) => {
                if matches!(how, ShutdownHow::Read | ShutdownHow::Both) {
                    self.receiving_shut = self.receiving_shut.or(Some(entry));
                }
                if matches!(how, ShutdownHow::Write | ShutdownHow::Both) {
                    self.sending_shut = self.sending_shut.or(Some(entry));
                }
            }
            // A read gets it once a disconnect has taken the end of the stream away, which comes first.
            (Call::Read { .. } | Call::Write { .. }, Outcome::Err(Errno::EPIPE)) if self.epipe_waits() => {
                self.reported = Some(entry);
            }
            (Call::Read { .. } | Call::Write { .. }, Outcome::Err(errno)) if is_told_once(*errno) => {
                self.reported = Some(entry);
            }
            (Call::SoError, Outcome::Ok(Value::PendingError { error: Some(_) })) => {
                // With the connection still there it took what was only noted; of an attempt nothing is.
                match self.end {
                    None if self.established.is_some() => self.noted = None,
                    _ => self.reported = Some(entry),
                }
            }
            (Call::Read { flags, .. }, Outcome::Ok(Value::Read { n, .. }))
                if *n > 0 && flags.contains(&ReadFlag::Oob) && !flags.contains(&ReadFlag::Peek) =>
            {
                self.urgent_read = true;
            }
            (Call::SetOption { option, value }, _) if ok => self.set(*option, *value),
            (Call::RstClose, _) if ok => self.options.linger = Some(0),
            (Call::LingerClose { seconds }, _) if ok => self.options.linger = Some(i64::from(*seconds)),
            _ => {}
        }
    }

    /// Takes in what a read of at most `n` bytes took out of the receive queue.
    fn reads(&mut self, n: usize, flags: &[ReadFlag], outcome: &Outcome) {
        // They take nothing.
        if flags.contains(&ReadFlag::Peek) || flags.contains(&ReadFlag::Oob) {
            return;
        }
        match outcome {
            Outcome::Ok(Value::Read { n: 0, .. }) => {
                // The end of the stream comes after all that is queued.
                self.inbound.is_empty |= n > 0 && (self.fin.is_some() || self.end.is_some());
            }
            Outcome::Ok(Value::Read { n, .. }) => self.inbound.read += *n as u64,
            Outcome::Err(errno) if is_told_once(*errno) => self.inbound.is_empty |= self.end.is_some(),
            _ => {}
        }
    }

    /// Does EPIPE itself wait in it: an RST came after the peer's FIN (`tcp_reset` in CLOSE_WAIT)?
    pub fn epipe_waits(&self) -> bool {
        self.has_error()
            && self
                .end
                .is_some_and(|end| end.from == State::CloseWait && (end.by == EndCause::Rst || end.is_by_data()))
    }

    fn connect_ended(&mut self, outcome: &Outcome, entry: EntryNo) {
        match outcome {
            // __inet_stream_connect, at its label sock_error: the attempt is dissolved, and its error returned by this very call.
            Outcome::Err(errno) if is_told_once(*errno) && !self.listening && !self.found_no_way(*errno) => {
                *self = Sock {
                    named: self.bound(),
                    options: self.options,
                    left: self.left,
                    end: self.end,
                    queued_icmp: self.queued_icmp,
                    reported: Some(entry),
                    failed: Some(CallEntry {
                        class: CallClass::Connect,
                        entry,
                    }),
                    ..Sock::default()
                };
            }
            Outcome::Ok(_) | Outcome::DeadlineExceeded { .. } | Outcome::Err(Errno::EINPROGRESS | Errno::EINTR) => {
                let connect = CallEntry {
                    class: CallClass::Connect,
                    entry,
                };
                self.connected = true;
                self.named = self.named.or(Some(connect));
                self.peer = self.peer.or(Some(connect));
            }
            Outcome::Err(Errno::EALREADY | Errno::EISCONN) => self.connected = !self.listening,
            Outcome::Err(_) => self.connected = false,
            // No call of the kernel's was made.
            Outcome::Library(_) | Outcome::Unsupported(_) => {}
        }
    }

    /// `tcp_disconnect`: the socket has no peer any more, and both directions are open again.
    /// `before` is the state when it was made.
    fn dissolve(&mut self, class: CallClass, before: Option<State>, entry: EntryNo) {
        // A connect that it threw out may have returned before it.
        let was_attempt = matches!(before, Some(State::SynSent | State::SynRecv));
        let had_peer = self.connected || was_attempt;
        (self.connected, self.listening) = (false, false);
        (self.peer, self.fin, self.noted) = (None, None, None);
        (self.receiving_shut, self.sending_shut) = (None, None);
        // tcp_disconnect empties the receive queue.
        self.inbound = Inbound::default();
        if had_peer {
            self.dissolved = Some(CallEntry { class, entry });
        }
        // What had ended already was ended by another call.
        if matches!(before, None | Some(State::Close)) {
            return;
        }
        if let Some(end) = &mut self.end
            && end.by == EndCause::Call(class)
        {
            end.entry = entry;
        }
        if let Some((EndCause::Call(stopped), at)) = &mut self.stopped
            && *stopped == class
        {
            *at = entry;
        }
    }

    fn set(&mut self, option: SocketOption, value: i64) {
        let options = &mut self.options;
        let unless_off = (value >= 0).then_some(value);
        let unless_zero = (value != 0).then_some(value);
        match option {
            SocketOption::Nonblock => options.nonblock = value != 0,
            SocketOption::Rcvtimeo => options.rcvtimeo = value,
            SocketOption::Sndtimeo => options.sndtimeo = value,
            SocketOption::Linger => options.linger = unless_off,
            SocketOption::Linger2 => options.linger2 = Some(value),
            SocketOption::Syncnt => options.syncnt = unless_zero,
            SocketOption::UserTimeout => options.user_timeout = unless_zero,
            SocketOption::Reuseaddr
            | SocketOption::Reuseport
            | SocketOption::Nodelay
            | SocketOption::Cork
            | SocketOption::Keepalive
            | SocketOption::Keepidle
            | SocketOption::Keepintvl
            | SocketOption::Keepcnt
            | SocketOption::DeferAccept
            | SocketOption::Rcvbuf
            | SocketOption::Sndbuf => {}
        }
    }
}

#[cfg(test)]
mod tests;
