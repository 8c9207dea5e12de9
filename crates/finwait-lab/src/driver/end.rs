//! One end of the lab: its process, the calls under way there, its sockets, and its host's table.

use super::*;

/// One end, as the driver knows it.
pub(super) struct DriverEnd {
    /// The endpoint's process; none between its death and its restart.
    pub(super) process: Option<EndpointProcess>,
    pub(super) watch: Watch,
    /// The connections that a packet or a call has touched since the table was last read for the screen.
    pub(super) touched: Touched,
    /// Calls that have not returned, the oldest first.
    pub(super) in_flight: Vec<InFlightCall>,
    /// Outcomes that were heard, and wait for the packets before them.
    pub(super) ended: VecDeque<Reply>,
    /// The endpoint's sockets.
    pub(super) sockets: EndpointSockets,
    /// The sockets of programs on its host.
    pub(super) program_sockets: ProgramSockets,
    /// The order of its system calls among its words, where strace sees them.
    pub(super) strace: Option<SyscallOrder>,
    /// The sockets of its process by inode: is the reading end open?
    reads: QuickMap<u64, bool>,
    /// Below what the numbers of its process's descriptors must stay, where that was set.
    pub(super) nofile: Option<u32>,
    /// The process has died since the last reading.
    pub(super) died: bool,
    /// The runtime that was asked for last, while it is made ready.
    pub(super) wanted: Option<Runtime>,
    /// The last packet that the host received.
    pub(super) received: Option<ReceivedPacket>,
    /// Something has happened on the host since its counters were read that the kernel may count.
    pub(super) may_have_counted: bool,
    /// The counters that have moved, and were not told yet.
    pub(super) counted: MovedCounters,
}

impl DriverEnd {
    /// The end of a process that was just started.
    pub(super) fn new(process: EndpointProcess, watch: Watch) -> DriverEnd {
        let mut end = DriverEnd {
            process: None,
            watch,
            touched: Touched::default(),
            in_flight: Vec::new(),
            ended: VecDeque::new(),
            sockets: EndpointSockets::default(),
            program_sockets: ProgramSockets::default(),
            strace: None,
            reads: QuickMap::default(),
            nofile: None,
            died: false,
            wanted: None,
            received: None,
            may_have_counted: false,
            counted: MovedCounters::default(),
        };
        end.adopt(process);
        end
    }

    /// Takes in a process that was just started, which may be of another runtime than the one before it.
    pub(super) fn adopt(&mut self, process: EndpointProcess) {
        if process.hides {
            self.watch.expect_both();
        }
        self.strace = process.is_traced.then(SyscallOrder::default);
        self.process = Some(process);
    }

    /// Forgets the process, which has ended, and all that was its own.
    pub(super) fn forget_process(&mut self) {
        self.process = None;
        self.in_flight.clear();
        self.sockets.clear();
        self.reads.clear();
        self.strace = self.strace.as_ref().map(|_| SyscallOrder::default());
        self.died = true;
        self.touched.all();
    }

    /// The call has begun, or returned: what it may have changed, or may change, is read anew. Returns the addresses of its socket.
    pub(super) fn touch_by(&mut self, call: CallId) -> Option<Tuple> {
        let DriverEnd {
            process,
            watch,
            touched,
            in_flight,
            sockets,
            may_have_counted,
            ..
        } = self;
        let call = in_flight.iter().find(|known| known.id == call)?;
        // What it sends may not come by the wire: there is no way to the peer, or the peer is the host itself.
        *may_have_counted |= call.sends();
        let inode = call.on.as_ref().and_then(|name| sockets.inode(name));
        let row = inode.and_then(|inode| watch.row(inode));
        let listens = row.is_some_and(|row| row.state == State::Listen);
        match (call.effect, row) {
            (StateEffect::None, None) => {}
            (StateEffect::Listens, _) => touched.all(),
            // With a listener goes its queue.
            (effect, Some(_)) if effect.ends() && listens => touched.all(),
            // Of a socket that connects across the wire, its SYN tells.
            (StateEffect::Opens, None) if !call.crosses => touched.all(),
            // A library may have made its socket without a word.
            (_, None) if process.is_some_and(|process| process.hides) => touched.all(),
            _ => {}
        }
        let tuple = row.map(|row| row.tuple);
        tuple.into_iter().for_each(|tuple| touched.one(tuple));
        tuple
    }

    /// May that call have had the kernel send something? One whose socket has no row in the table has not.
    pub(super) fn may_have_sent(&self, call: CallId) -> bool {
        let call = self.in_flight.iter().find(|known| known.id == call);
        call.is_none_or(|call| {
            let inode = call.on.as_ref().and_then(|name| self.sockets.inode(name));
            call.sends() && inode.is_none_or(|inode| self.watch.row(inode).is_some())
        })
    }

    /// A call on a listener has taken the connection from `peer`: it has a descriptor now.
    pub(super) fn touch_accepted(&mut self, call: CallId, peer: SocketAddr, own: IpAddr) {
        let call = self.in_flight.iter().find(|known| known.id == call);
        let listener = call.and_then(|call| self.sockets.inode(call.on.as_ref()?));
        let row = listener.and_then(|inode| self.watch.row(inode));
        let accepted = row.map(|row| row.tuple.local).map(|local| Tuple {
            local: if local.ip().is_unspecified() {
                SocketAddr::new(own, local.port())
            } else {
                local
            },
            peer,
        });
        match accepted.filter(|tuple| self.watch.has(tuple)) {
            Some(tuple) => self.touched.one(tuple),
            None => self.touched.all(),
        }
    }

    /// Notes that a socket is the process's own.
    pub(super) fn own(&mut self, inode: u64) {
        self.watch.own(inode);
        self.reads.entry(inode).or_insert(true);
    }

    /// Is that socket the process's own?
    pub(super) fn is_own(&self, inode: u64) -> bool {
        self.reads.contains_key(&inode)
    }

    /// Notes that a call shuts down the reading end of a socket.
    pub(super) fn shuts_read(&mut self, name: &SocketName) {
        let inode = self.sockets.inode(name);
        self.reads.extend(inode.map(|inode| (inode, false)));
    }

    /// Is a socket's reading end shut down, or is that not known: is it another program's, or its library's, which tells nothing?
    pub(super) fn reads_no_more(&self, inode: u64) -> bool {
        self.reads.get(&inode) != Some(&true) || self.process.is_none_or(|process| process.hides)
    }

    /// Is a call under way whose announcement has not been heard?
    pub(super) fn owes_a_word(&self) -> bool {
        self.in_flight.iter().any(|call| !call.begun)
    }

    /// Is that call under way, and its return not heard?
    pub(super) fn is_under_way(&self, id: CallId) -> bool {
        let ended = |reply: &Reply| matches!(reply, Reply::Ended { id: ended, .. } if *ended == id);
        self.in_flight.iter().any(|call| call.id == id) && !self.ended.iter().any(ended)
    }

    /// Has the descriptor of that name been closed, also by a call whose return is not reported yet?
    pub(super) fn has_closed(&self, name: &SocketName) -> bool {
        let closed_it = |reply: &Reply| match reply {
            Reply::Ended { id, trace, .. } => {
                let call = self.in_flight.iter().find(|call| call.id == *id);
                call.is_some_and(|call| call.on.as_ref() == Some(name) && call.closes(trace))
            }
            _ => false,
        };
        self.sockets.is_closed(name) || self.ended.iter().any(closed_it)
    }
}
